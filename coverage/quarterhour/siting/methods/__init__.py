"""How a question is solved, by the family of its goals."""
