"""Which turns a vehicle may not make, and what the others cost.

A table of restrictions has a row for each: ``kind`` ("no" or "only"), ``from_road``, ``via_node`` (as in ``from_node``
and ``to_node`` of the roads; "" where the way leads over roads), ``via_roads`` (their ids in order), ``to_road``,
``except_`` (OSM words of vehicles that are free of it) and ``source_id``. Inside, a restriction is a sequence of arcs
that nobody may drive one after the other: arc 2r runs along road r, arc 2r + 1 against it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import findings_from
from quarterhour.network.network import Mode, Turns

COLUMNS = ("kind", "from_road", "via_node", "via_roads", "to_road")
STRAIGHT_DEGREES = 45.0
"""A turn by less is straight on."""


def turns_of(
    sequences: Iterable[tuple[int, ...]], *, elsewhere: Iterable[str] = (), unmet: Iterable[str] = ()
) -> Turns:
    """Sequences of arcs as arrays; each once, in order."""
    each = sorted(set(sequences))
    start = np.r_[0, np.cumsum([len(s) for s in each], dtype=np.int64)].astype(np.int64)
    arcs = np.fromiter(itertools.chain.from_iterable(each), np.int32, int(start[-1]))
    return Turns(start, arcs, tuple(elsewhere), tuple(unmet))


def forbidden_turns(
    table: pd.DataFrame, *, road_ids: pd.Index, ends: tuple[Any, Any], open_: BoolArray, mode: Mode,
    names: pd.Index | None = None,
) -> Turns:  # fmt: skip
    """What a table of restrictions forbids a mode on its roads.

    Parameters
    ----------
    table : a row a restriction, see above.
    road_ids : of the roads of the network.
    ends : ids of the nodes where each road begins and where it ends; their numbers where ``names`` has the ids.
    open_ : by arc, whether one may go there.
    mode : its ``counts_as`` is held against ``except_``.

    "no": not from there over the way to there. "only": who has come from there over the way goes on to there and
    nowhere else, not even back; several such rows of one beginning leave several ways. A restriction of one road
    and itself is about turning round. DataError for missing columns and an unknown ``kind``.
    """
    _check(table)
    columns = [table[c] for c in COLUMNS]
    asked = {str(road) for _, begin, _, over, to in zip(*columns, strict=True) for road in (begin, *over, to)}
    roads = _Roads(rows_of(road_ids, asked), ends, names)
    forbidden: set[tuple[int, ...]] = set()
    allowed: dict[tuple[int, ...], set[int]] = {}
    lost: dict[str, list[str]] = {"elsewhere": [], "unmet": []}
    exceptions = table["except_"] if "except_" in table else [()] * len(table)
    sources = table.get("source_id", table.index)
    for name, free, kind, from_, via, over, to in zip(sources, exceptions, *columns, strict=True):
        if set(free) & set(mode.counts_as):
            continue
        ways = roads.ways([from_, *over, to], str(via))
        if ways is None or not ways:
            lost["elsewhere" if ways is None else "unmet"].append(str(name))
            continue
        begun = {way[:-1] for way in ways if all(open_[a] for a in way[:-1])}
        driven = {way for way in ways if all(open_[a] for a in way)}
        if kind == "no":
            forbidden |= driven
        elif begun and not driven:
            lost["unmet"].append(str(name))
        else:
            for way in driven:
                allowed.setdefault(way[:-1], set()).add(way[-1])
    for way, last in allowed.items():
        forbidden |= {(*way, arc) for arc in roads.following(way[-1]) if open_[arc] and arc not in last}
    return turns_of(forbidden, **{why: sorted(set(ids)) for why, ids in lost.items()})


def _check(table: pd.DataFrame) -> None:
    missing = [c for c in COLUMNS if c not in table]
    if missing:
        raise DataError("turns.no_column", missing=", ".join(missing), found=first_ids(table.columns))
    odd = ~table["kind"].isin(["no", "only"])
    if odd.any():
        raise DataError("turns.bad_kind", kinds=first_ids(table["kind"][odd].unique()))


def rows_of(ids: pd.Index, asked: Collection[str]) -> dict[str, int]:
    """The rows of the ids that are asked for; a table of millions of roads is gone through once and not kept."""
    named = ids if isinstance(ids.dtype, pd.StringDtype) else ids.map(str)
    rows = np.flatnonzero(named.isin(list(asked)))
    return {str(named[row]): row for row in rows.tolist()}


class _Roads:
    """Roads by their ids, and which arcs follow an arc."""

    def __init__(self, row: dict[str, int], ends: tuple[Any, Any], names: pd.Index | None) -> None:
        self.row, self.names = row, names
        self.node = np.column_stack(ends).ravel()
        self.out: tuple[IntArray, IntArray, IntArray] | None = None

    def end_of(self, arc: int) -> Any:
        return self.node[arc ^ 1]

    def ends_at(self, arc: int, via: str) -> bool:
        node = self.end_of(arc)
        return str(node if self.names is None else self.names[node]) == via

    def following(self, arc: int) -> list[int]:
        if self.out is None:
            codes = pd.factorize(self.node)[0]
            self.out = codes, np.argsort(codes, kind="stable"), np.r_[0, np.cumsum(np.bincount(codes))]
        codes, order, first = self.out
        node = codes[arc ^ 1]
        found: list[int] = order[first[node] : first[node + 1]].tolist()
        return found

    def ways(self, roads: list[Any], via: str) -> set[tuple[int, ...]] | None:
        """Every way to drive these roads one after the other; None where one of them is not here."""
        if any(str(road) not in self.row for road in roads):
            return None
        rows = [self.row[str(road)] for road in roads]
        first = [2 * rows[0] + side for side in (0, 1)]
        ways: list[tuple[int, ...]] = [(arc,) for arc in first if not via or self.ends_at(arc, via)]
        for row in rows[1:]:
            ways = [
                (*way, 2 * row + side)
                for way in ways
                for side in (0, 1)
                if self.node[2 * row + side] == self.end_of(way[-1])
            ]
        if len(rows) == 2 and rows[0] == rows[1]:
            ways = [way for way in ways if way[0] ^ 1 == way[1]]
        return set(ways)


def lost_turns(turns: Turns, mode: Mode, *, table: str = "roads") -> pd.DataFrame:
    """A finding for restrictions that a mode's network could not take: their roads are missing, or do not meet."""
    lost = {"elsewhere": turns.elsewhere, "unmet": turns.unmet}
    return findings_from(
        [
            {
                "severity": "note",
                "rule": f"turns.{why}",
                "table": table,
                "id": mode.id,
                "value": str(len(ids)),
                "detail": first_ids(ids),
            }
            for why, ids in lost.items()
            if ids
        ]
    )


# --- how far a forbidden sequence has been driven


@dataclass(frozen=True, eq=False)
class Contexts:
    """How much of which forbidden sequences a driver has just driven: one context for each beginning of one.

    ``arc``: the last arc of each context; ``short``: contexts of a single arc, all that a trip can begin with.
    ``stops`` (context, arc): may not follow. ``moves`` (context, arc, context): where an arc leads into a longer
    beginning; any other arc leads into its own short context, or none.
    """

    arc: AnyArray
    short: BoolArray
    stops: AnyArray
    moves: AnyArray


def contexts_of(sequences: Iterable[tuple[int, ...]]) -> Contexts:
    """The automaton of Aho and Corasick (1975) over forbidden sequences."""
    stop: dict[tuple[int, ...], set[int]] = {}
    go: dict[tuple[int, ...], dict[int, tuple[int, ...]]] = {}
    for sequence in sequences:
        stop.setdefault(sequence[:-1], set()).add(sequence[-1])
        for k in range(1, len(sequence)):
            stop.setdefault(sequence[:k], set())
            if k > 1:
                go.setdefault(sequence[: k - 1], {})[sequence[k - 1]] = sequence[:k]
    number = {beginning: i for i, beginning in enumerate(sorted(stop))}
    stops, moves = [], []
    for beginning, i in number.items():
        # the whole of it first: a longer beginning wins
        ends = [beginning[k:] for k in range(len(beginning)) if beginning[k:] in number]
        stops += [(i, arc) for arc in sorted(set().union(*(stop[e] for e in ends)))]
        further: dict[int, tuple[int, ...]] = {}
        for e in ends:
            further = go.get(e, {}) | further
        moves += [(i, arc, number[longer]) for arc, longer in sorted(further.items())]
    return Contexts(
        np.array([b[-1] for b in number], np.int64),
        np.array([len(b) == 1 for b in number], bool),
        np.array(stops, np.int64).reshape(-1, 2),
        np.array(moves, np.int64).reshape(-1, 3),
    )


# --- what a turn costs


def turn_centiseconds(mode: Mode, arriving: FloatArray, leaving: FloatArray, back: BoolArray) -> IntArray:
    """What turns cost a mode: by the angle between two directions (vectors, n x 2); ``back``: on the same road.

    ``turn_seconds`` are those of right-hand traffic; where a mode drives on the left, left and right change places.
    """
    seconds: Mapping[str, float] = mode.turn_seconds
    left, right = ("left", "right") if mode.drives_on == "right" else ("right", "left")
    cross = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    dot = (arriving * leaving).sum(axis=1)
    degrees = np.degrees(np.arctan2(cross, dot))
    kinds = [back, degrees > STRAIGHT_DEGREES, degrees < -STRAIGHT_DEGREES]
    costs = [round(seconds.get(kind, 0.0) * 100) for kind in ("u_turn", left, right, "straight")]
    return np.select(kinds, costs[:3], costs[3]).astype(np.int64)
