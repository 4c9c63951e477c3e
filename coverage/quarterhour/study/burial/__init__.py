"""Burial places of a study: what is needed, what stands, what the plan builds."""
