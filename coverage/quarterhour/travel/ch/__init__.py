"""Contraction hierarchies: times within a cutoff for many scenarios, from a network prepared once.

Junctions are taken out of the network one by one, the least important first; where the quickest way between two
of its neighbours led through a junction, a shortcut takes its place. A search then only climbs. Every target
leaves its time at the junctions it climbs down from, in buckets; a source climbs and looks into the buckets on its
way. Whole centiseconds throughout, so the answers are those of ``search.cutoff_table``, pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass

from quarterhour.base import i18n
from quarterhour.base.jit import COMPILED
from quarterhour.travel.ch.buckets import Buckets, fill_buckets, table_by_buckets
from quarterhour.travel.ch.build import (
    Hierarchy,
    build_hierarchy,
    hierarchy_path,
    kept_hierarchy,
    read_hierarchy,
    write_hierarchy,
)

__all__ = [
    "Buckets",
    "Choice",
    "Hierarchy",
    "build_hierarchy",
    "choose_method",
    "fill_buckets",
    "hierarchy_path",
    "kept_hierarchy",
    "read_hierarchy",
    "table_by_buckets",
    "write_hierarchy",
]

USUAL_REACH = 12_000
"""Junctions within 15 minutes by car in a prefecture, where the caller does not know better."""
SETTLE_S, BUILD_S, CLIMB_S, PAIR_S = 30e-9, 16e-6, 8e-6, 15e-9
"""Seconds a junction searched, a junction prepared, a place climbed from, a pair found. Measured side by side on
made networks of 214,000 and 2.1 million junctions; only their ratios matter."""


@dataclass(frozen=True)
class Choice:
    """How to search, what either way would cost, and why, as a sentence."""

    method: str
    search_seconds: float
    hierarchy_seconds: float
    build_seconds: float
    compiled: bool = True

    def told(self, lang: str) -> str:
        """The reason in a language."""
        seconds = {"search": self.search_seconds, "hierarchy": self.hierarchy_seconds}
        name = self.method if self.compiled else "uncompiled"
        return i18n.say(f"ch.choose_{name}", lang, **{k: f"{s:.2g}" for k, s in seconds.items()})

    @property
    def reason(self) -> str:
        """The reason, for the log."""
        return self.told("en")

    def __str__(self) -> str:
        return self.reason


def choose_method(
    *,
    junctions: int,
    sources: int,
    targets: int,
    scenarios: int = 1,
    reached: int | None = None,
    ready: bool = False,
) -> Choice:
    """``search`` each scenario afresh, or prepare a ``hierarchy`` once: whichever costs less.

    ``reached``: junctions that one search settles within the cutoff. ``ready``: the hierarchy is built already.
    Without numba a hierarchy is never worth building. Both give the same answer, so a wrong guess costs time alone.
    """
    near = min(junctions, USUAL_REACH if reached is None else reached)
    pairs = sources * targets * near / max(junctions, 1)
    search = scenarios * (sources * near * SETTLE_S + pairs * PAIR_S)
    build = 0.0 if ready else junctions * BUILD_S
    hierarchy = build + scenarios * ((sources + targets) * CLIMB_S + pairs * PAIR_S)
    worth_it = COMPILED and hierarchy < search
    return Choice("hierarchy" if worth_it else "search", search, hierarchy, build, COMPILED)
