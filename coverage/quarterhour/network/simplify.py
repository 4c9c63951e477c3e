"""Roads that merely go on, joined to links: what a search may skip, with every time along them kept exact.

Road r is two arcs: 2r along it, 2r + 1 against; arc a begins at road end a (2r the tail, 2r + 1 the head) and ends at
road end ``a ^ 1``. Links are numbered in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.base.arrays import AnyArray, BoolArray


@dataclass(frozen=True, eq=False)
class Links:
    """Roads joined where nothing is chosen.

    ``arc``: the link arc that each road arc is part of; ``before``: centiseconds along it until the road arc begins.
    ``end``: the road end where each link arc begins; ``cs``: its whole time, 0 where one may not go.
    ``inner``: junctions that stand within a link.
    """

    arc: AnyArray
    before: AnyArray
    end: AnyArray
    cs: AnyArray
    inner: BoolArray


def continuations(at: AnyArray, cs: AnyArray, junctions: int) -> tuple[AnyArray, AnyArray]:
    """The two road ends of every junction where a road merely goes on.

    Nothing else meets there, and whoever may come by one may leave by the other. ``at``: the junction of each road
    end; ``cs``: time of each road arc, 0 where one may not go.
    """
    two = np.bincount(at, minlength=junctions) == 2
    ends = np.flatnonzero(two[at])
    first, second = ends[np.argsort(at[ends], kind="stable")].reshape(-1, 2).T
    through = (cs[first ^ 1] > 0) == (cs[second] > 0)
    back = (cs[second ^ 1] > 0) == (cs[first] > 0)
    return first[through & back], second[through & back]


def link_roads(at: AnyArray, cs: AnyArray, junctions: int, *, stay: BoolArray | None = None) -> Links:
    """Links of roads joined at their continuations, but not where ``stay`` says so.

    A ring that no other road meets keeps one junction. Without continuations every road is a link of its own.
    """
    first, second = continuations(at, cs, junctions)
    # a ring of one road keeps its junction, and one may stand on a junction of closed roads
    joined = (first ^ 1 != second) & ((cs[first] > 0) | (cs[second] > 0))
    if stay is not None:
        joined &= ~stay[at[first]]
    first, second = first[joined], second[joined]
    first, second = _without_rings(first, second, len(cs) // 2)
    inner = np.zeros(junctions, bool)
    inner[at[first]] = True
    if not len(first):
        own = np.arange(len(cs), dtype=np.int32)
        return Links(own, np.broadcast_to(np.int64(0), len(cs)), own, cs, inner)
    root, before = _from_the_beginning(first, second, cs)
    begins, link = np.unique(np.minimum(root[::2], root[1::2]), return_inverse=True)
    turned = root[::2] > root[1::2]
    arc = np.column_stack([2 * link + turned, 2 * link + ~turned]).ravel().astype(np.int32)
    other = np.arange(len(cs)) ^ 1
    last = root[other] == other
    whole, end = np.zeros(2 * len(begins), np.int64), np.zeros(2 * len(begins), np.int32)
    whole[arc[last]] = np.where(cs[last] > 0, before[last] + cs[last], 0)
    end[arc[root]] = root
    return Links(arc, before, end, whole, inner)


def _without_rings(first: AnyArray, second: AnyArray, roads: int) -> tuple[AnyArray, AnyArray]:
    """As many joints as roads: the joints run round in a ring, and one of them must be a junction."""
    if not len(first):
        return first, second
    joined = sparse.coo_array((np.ones(len(first), np.int8), (first >> 1, second >> 1)), shape=(roads, roads))
    part = csgraph.connected_components(joined, directed=False)[1]
    mine = part[first >> 1]
    ring = np.bincount(mine, minlength=roads) == np.bincount(part, minlength=roads)
    once = np.zeros(len(first), bool)
    once[np.unique(mine, return_index=True)[1]] = True
    kept = ~(ring[mine] & once)
    return first[kept], second[kept]


def _from_the_beginning(first: AnyArray, second: AnyArray, cs: AnyArray) -> tuple[AnyArray, AnyArray]:
    """For each road arc the arc with which its link begins, and the centiseconds between the two beginnings.

    Each step looks twice as far back as the one before.
    """
    back = np.full(len(cs), -1)
    back[first], back[second] = second ^ 1, first ^ 1
    root = np.arange(len(cs))
    before = np.where(back >= 0, cs[back], 0).astype(np.int64)
    waiting = np.flatnonzero(back >= 0)
    while len(waiting):
        to = back[waiting]
        more, further, root_there = before[to], back[to], root[to]
        before[waiting] += more
        back[waiting], root[waiting] = further, root_there
        waiting = waiting[further >= 0]
    return root, before
