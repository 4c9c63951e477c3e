"""Side-by-side measurements: this engine against what a user would pick instead."""
