"""Results that answer in a notebook: frames, pictures and pages of a run, its circles and its siting questions."""
