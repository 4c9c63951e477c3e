"""How much of the searched graph a tile must know: the states that a trip of its can come to, and the arcs among them.

A state counts if the quickest way there from any entry of the tile takes no longer than the cutoff; one search from all
of them at once tells which these are. No trip within the cutoff leaves them: whatever it has come through it reached
sooner than its end, and the quickest way there is no slower. So it runs along arcs among them; and an arc among them is
one of the whole, with the same time, so that a trip of the tile is one of the whole. Ferries, odd times of roads and
places without coordinates need no case of their own.
"""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import AnyArray, Csr, IntArray, StopFlag, ragged
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.search_arrays import search_arrays


def reached(arcs: Csr, states: AnyArray, cs: AnyArray, *, cut: int, stop: StopFlag | None = None) -> IntArray:
    """States (rising) within the cutoff of any of some states, each of which is left after ``cs`` centiseconds.

    These are among them, whenever they are left, and however soon the search is stopped.
    """
    together = np.array([0, len(states)]), states, cs
    within = np.zeros(len(arcs[0]) - 1, bool)
    within[cutoff_table(search_arrays(arcs, together, stop=stop), cut=cut)[1]] = True
    within[states] = True
    return np.flatnonzero(within)  # a hundredth of the time that sorting takes


def arcs_among(arcs: Csr, states: AnyArray) -> Csr:
    """The arcs from and to some states (rising, not none), which are numbered as they stand there."""
    start, head, cs = arcs
    first = start[states].astype(np.int64)
    row, at = ragged(first, start[states + 1] - first)
    low, end = int(states[0]), head[at].astype(np.int64)
    place = np.full(int(states[-1]) - low + 1, -1, np.int32)
    place[states - low] = np.arange(len(states), dtype=np.int32)
    within = (end >= low) & (end <= states[-1])
    row, at, end = row[within], at[within], place[end[within] - low]
    kept = end >= 0
    count = np.bincount(row[kept], minlength=len(states))
    return np.r_[0, np.cumsum(count)], end[kept], cs[at[kept]]
