"""The atlas of a layout plan: A3 sheets of the whole and of each town."""
