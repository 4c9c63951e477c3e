"""What the cards of results are made of beside the results themselves: areas by name."""
