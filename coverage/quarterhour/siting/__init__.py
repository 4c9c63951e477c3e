"""Where new sites should go: the question, good plans, proven plans, and why none exists."""
