"""The searched graph laid out on the ground, and how far from where it began a trip can be.

The bound. An arc of the searched graph leads from one junction to another in whole centiseconds, costs of turns and
waiting for ferries included. Let ``v`` be the greatest quotient of the straight line between its two junctions and its
centiseconds, over *all* arcs: a road whose length was set down too short, one whose time was rounded down and a ferry
count like every other, since the quotient is taken of the arcs themselves and not of what a mode allows. An arc over
some distance in no time makes ``v`` infinite; so does a junction without coordinates.

Claim: a trip that leaves junction ``a`` and has been on the way for ``t`` centiseconds stands at a junction no farther
than ``v x t`` from ``a``. Proof: the straight line from ``a`` is no longer than the sum of the straight lines of the
arcs (triangle), each of those is at most ``v`` times its arc's centiseconds, and these come to ``t``. So every junction
of a trip of at most ``t`` lies within ``v x t`` of ``a``, and inside any box that holds ``a`` when the box is widened
by as much on each side. Restrictions and costs of turns, and roads for ends only, are states and arcs of the graph:
leaving out states farther off takes no arc from such a trip, and what is left allows none that the whole did not.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import AnyArray, Csr, FloatArray, IntArray, ragged
from quarterhour.network.network import Network, once
from quarterhour.network.search_graph import search_graph

_ARCS_AT_ONCE = 1 << 20
_JUNCTIONS_A_BOX = 1 << 10
_SHARE, _SLACK_M = 1e-9, 0.001
"""What sums of floating point can come to over any trip, and more: a share of the margin, and a millimetre."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Where the states of a searched graph lie, and the arcs between them.

    ``x, y``: junctions, in metres. ``states[j]:states[j + 1]`` are those of junction j. ``arcs``: CSR over states, as a
    search runs along them. ``metres_a_cs``: ``v`` of the bound; infinite where there is none.
    """

    x: FloatArray
    y: FloatArray
    states: AnyArray
    arcs: Csr
    metres_a_cs: float

    @functools.cached_property
    def _boxes(self) -> tuple[AnyArray, ...]:
        """Junctions that follow each other lie together: where each run of so many begins, and the box around it."""
        first = np.arange(0, len(self.x), _JUNCTIONS_A_BOX)
        low, high = np.minimum.reduceat, np.maximum.reduceat
        boxes = low(self.x, first), high(self.x, first), low(self.y, first), high(self.y, first)
        return np.r_[first, len(self.x)], *boxes

    def junctions(self, states: AnyArray) -> IntArray:
        """The junction of each of some states."""
        found: IntArray = np.searchsorted(self.states, states, side="right") - 1
        return found

    def states_around(self, states: AnyArray, cs: int) -> IntArray:
        """States (rising) that hold every trip of so many centiseconds at most from, or to, any of ``states``.

        Those in the box around their junctions, widened by as far as a trip can come.
        """
        if np.isinf(self.metres_a_cs):
            return np.arange(self.states[-1], dtype=np.int64)
        margin = self.metres_a_cs * cs * (1 + _SHARE) + _SLACK_M
        at = np.unique(self.junctions(states))
        x, y = self.x[at], self.y[at]
        west, east, south, north = x.min() - margin, x.max() + margin, y.min() - margin, y.max() + margin
        begin, low_x, high_x, low_y, high_y = self._boxes
        near = np.flatnonzero((high_x >= west) & (low_x <= east) & (high_y >= south) & (low_y <= north))
        _, maybe = ragged(begin[near], begin[near + 1] - begin[near])
        x, y = self.x[maybe], self.y[maybe]
        kept = maybe[(x >= west) & (x <= east) & (y >= south) & (y <= north)]
        first = self.states[kept].astype(np.int64)
        return ragged(first, self.states[kept + 1] - first)[1]

    def arcs_among(self, states: AnyArray) -> Csr:
        """The arcs from and to some states (rising, not none), which are numbered as they stand there."""
        start, head, cs = self.arcs
        if len(states) == len(start) - 1:
            return self.arcs
        first = start[states].astype(np.int64)
        row, at = ragged(first, start[states + 1] - first)
        low, end = int(states[0]), head[at].astype(np.int64)
        place = np.full(int(states[-1]) - low + 1, -1, np.int64)
        place[states - low] = np.arange(len(states))
        within = (end >= low) & (end <= states[-1])
        row, at, end = row[within], at[within], place[end[within] - low]
        kept = end >= 0
        count = np.bincount(row[kept], minlength=len(states))
        return np.r_[0, np.cumsum(count)], end[kept], cs[at[kept]]


def ground_of(network: Network, arcs: Csr) -> Ground:
    """The ground of a network whose search graph is searched along ``arcs``: its own, or these reversed."""
    graph = search_graph(network)
    speed = once(network.kept, "metres_a_cs", lambda: metres_a_cs(network.x, network.y, graph.states, arcs))
    return Ground(network.x, network.y, graph.states, arcs, speed)


def metres_a_cs(x: FloatArray, y: FloatArray, states: AnyArray, arcs: Csr) -> float:
    """The greatest quotient of straight line and time over all arcs; infinite where there is no bound."""
    start, head, cs = arcs
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.inf
    junction = np.repeat(np.arange(len(states) - 1), np.diff(states))
    greatest = 0.0
    for first in range(0, len(head), _ARCS_AT_ONCE):
        some = slice(first, first + _ARCS_AT_ONCE)
        to = junction[head[some]]
        at = junction[np.searchsorted(start, np.arange(first, first + len(to)), side="right") - 1]
        metres, time = np.hypot(x[to] - x[at], y[to] - y[at]), cs[some]
        moved = metres > 0
        if (time[moved] == 0).any():
            return np.inf
        greatest = max(greatest, float((metres[moved] / time[moved]).max(initial=0.0)))
    return greatest
