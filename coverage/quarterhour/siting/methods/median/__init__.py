"""Least time: p-median and p-center."""
