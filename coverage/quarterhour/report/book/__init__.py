"""The workbook's parts: which sheets there are, how they look, what they print."""
