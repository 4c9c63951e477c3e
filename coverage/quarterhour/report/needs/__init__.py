"""Tables of what is needed by form and year: burial places, money and staff."""
