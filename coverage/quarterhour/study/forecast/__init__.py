"""A study's forecast: its question out of tables, and what is asked for a year of it."""
