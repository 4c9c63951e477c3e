"""A siting question divided by region: each region's own questions, the division of sites among them, and its bound."""
