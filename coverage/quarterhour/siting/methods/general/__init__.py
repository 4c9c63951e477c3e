"""The general integer program, for what no family solves alone."""
