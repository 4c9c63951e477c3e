"""How places enter the searched graph and leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.network import Network

Ints = NDArray[Any]
FAR = 2**31 - 1
"""Centiseconds beyond every cutoff."""


@dataclass(frozen=True, eq=False)
class Entries:
    """How each place joins the network: up to two junctions and the centiseconds between.

    ``road``, ``share``: where it stands (-1: nowhere). ``along``, ``against``: the road's time in each direction;
    ``along_cs``, ``against_cs``: the place's position on it, from the tail. ``extra``: gap and turnout.
    ``allowed``, ``junction``, ``cs``: by place and end of the road (tail, head).
    """

    road: Ints
    share: Ints
    along: Ints
    against: Ints
    along_cs: Ints
    against_cs: Ints
    extra: Ints
    allowed: Ints
    junction: Ints
    cs: Ints

    def rows(self, span: slice) -> tuple[Ints, Ints, Ints]:
        """Start, junctions and centiseconds of the entries of some places."""
        allowed = self.allowed[span]
        start = np.r_[0, np.cumsum(allowed.sum(axis=1))].astype(np.int64)
        return start, self.junction[span][allowed], self.cs[span][allowed].astype(np.int32)


def entries_of(network: Network, snapped: pd.DataFrame, *, leaves: bool, extra: int) -> Entries:
    """Where snapped places join the network; ``leaves``: there trips begin (else they end).

    The leg to the tail is round(share x time), to the head the rest, so that pieces add up. ``extra`` centiseconds
    come on top, as does the gap between place and road.
    """
    road = snapped["road"].to_numpy()
    on = road >= 0
    at = np.where(on, road, 0)
    share = np.where(on, snapped["share"].to_numpy(dtype=float), 0.0)
    gap = np.where(on, snapped["gap_m"].to_numpy(dtype=float), 0.0)
    along, against = network.forward_cs[at], network.backward_cs[at]
    along_cs, against_cs = np.rint(share * along).astype(np.int64), np.rint(share * against).astype(np.int64)
    rest, rest_against = along - along_cs, against - against_cs
    to_tail, to_head = (against_cs, rest) if leaves else (along_cs, rest_against)
    ok_tail, ok_head = (against > 0, along > 0) if leaves else (along > 0, against > 0)
    # At the very end of a road one stands on the junction, whatever way the road runs: then it does not
    # matter which of the roads that meet there the place was snapped to.
    at_tail = ((along == 0) | (along_cs == 0)) & ((against == 0) | (against_cs == 0))
    at_head = ((along == 0) | (rest == 0)) & ((against == 0) | (rest_against == 0))
    legs = np.column_stack([np.where(at_tail, 0, to_tail), np.where(at_head, 0, to_head)])
    off = np.rint(gap * 360.0 / network.mode.gap_kmh).astype(np.int64) + extra
    return Entries(
        road=road,
        share=share,
        along=along,
        against=against,
        along_cs=along_cs,
        against_cs=against_cs,
        extra=off,
        allowed=np.column_stack([(ok_tail | at_tail) & on, (ok_head | at_head) & on]),
        junction=np.column_stack([network.tail[at], network.head[at]]).astype(np.uint32),
        cs=np.minimum(legs + off[:, None], FAR),
    )


def by_junction(entries: Entries, junctions: int) -> tuple[Ints, Ints, Ints]:
    """Start of each junction's places, the places, the centiseconds between."""
    place, side = np.nonzero(entries.allowed)
    node = entries.junction[place, side]
    order = np.argsort(node, kind="stable")
    start = np.r_[0, np.cumsum(np.bincount(node, minlength=junctions))].astype(np.int64)
    return start, place[order].astype(np.int32), entries.cs[place, side][order].astype(np.int32)


def direct_legs(source: Entries, target: Entries, span: slice, *, leaving: bool) -> tuple[Ints, Ints, Ints]:
    """Places on the same road, and the time between in the directions that the road allows.

    For the sources of ``span``: start of each one's targets, the targets, the whole time. ``leaving``: trips begin
    at the sources.
    """
    roads = source.road[span]
    order = np.argsort(target.road, kind="stable")
    held = target.road[order]
    low, high = np.searchsorted(held, roads, "left"), np.searchsorted(held, roads, "right")
    count = np.where(roads >= 0, high - low, 0)
    s = np.repeat(np.arange(len(roads)), count)
    t = order[np.repeat(low, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)]
    a, b = (source, target) if leaving else (target, source)
    s = s + span.start
    i, j = (s, t) if leaving else (t, s)
    along = b.along_cs[j] - a.along_cs[i]
    against = a.against_cs[i] - b.against_cs[j]
    leg = np.minimum(
        np.where((a.along[i] > 0) & (along >= 0), along, FAR),
        np.where((a.against[i] > 0) & (against >= 0), against, FAR),
    )
    whole = np.minimum(leg + a.extra[i] + b.extra[j], FAR)
    return np.r_[0, np.cumsum(count)].astype(np.int64), t.astype(np.int32), whole.astype(np.int32)
