"""A study with changes: other settings, facilities added or closed, other roads; it shares what they leave alone."""
