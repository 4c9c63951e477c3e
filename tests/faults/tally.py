"""Counts of faults: tried, survived, lost."""

from __future__ import annotations

from collections import Counter, defaultdict

_SHOWN = 5


class Tally:
    """What was tried by kind of fault, and of what was lost the first few, in words."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.lost: defaultdict[str, list[str]] = defaultdict(list)

    def count(self, kind: str, *, lost: str = "") -> None:
        """One trial; ``lost``: what went wrong and with what, "" where the program survived it."""
        self.tried[kind] += 1
        if lost:
            self.lost[kind].append(lost)

    def said(self) -> str:
        """What was lost, kind by kind."""
        return "\n".join(
            f"{kind}: {len(lost)} of {self.tried[kind]} lost\n  " + "\n  ".join(lost[:_SHOWN])
            for kind, lost in self.lost.items()
        )
