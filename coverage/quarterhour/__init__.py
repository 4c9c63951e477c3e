"""Quarterhour: who is reached in a quarter of an hour, and where to build so that more are."""
