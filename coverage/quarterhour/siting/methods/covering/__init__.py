"""Covering: max-cover (MCLP) and min-sites (LSCP)."""
