"""Random examples that are the same each time in the default run."""

from __future__ import annotations

from hypothesis import settings


def examples(some: int, many: int | None = None) -> settings:
    """So many examples in the default run, always the same, and ``many`` (five times as many) drawn in the slow one."""
    return settings(max_examples=some if settings.default.derandomize else many or 5 * some)
