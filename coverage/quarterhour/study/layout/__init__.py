"""What a layout plan lists, out of the results: facilities and what becomes of each, need and balance, indicators."""
