"""What a table of communities, facilities, candidates or areas must hold."""

from __future__ import annotations

QUALITIES = ("fact", "estimated", "synthetic")
"""How well a row is known. Without a word from the user, a row of a user's file counts as fact."""
