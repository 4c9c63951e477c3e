"""Turn restrictions out of an OSM extract, told in the pieces of a table of roads.

A relation ``type=restriction`` names ways; a way is several pieces in the table of roads, so each member becomes the
piece that touches the via::

    way 1:  a ---w1.1--- b ---w1.2--- c       no_left_turn, from way 1 via c to way 2:
                                      |       from_road w1.2, via_node c, to_road w2.1
                                 way 2: w2.1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import finding, join_findings
from quarterhour.io.osm.open import as_data_errors, existing

TURN_COLUMNS = ("kind", "from_road", "via_node", "via_roads", "to_road", "except_", "restriction", "source_id")
_WAYS_ON = ("left_turn", "right_turn", "straight_on", "u_turn")
_VALUES = frozenset([f"{kind}_{way}" for kind in ("no", "only") for way in _WAYS_ON] + ["no_entry", "no_exit"])
_FOR: Mapping[str, tuple[str, ...]] = {
    "vehicle": (),
    "motor_vehicle": ("bicycle",),
    "motorcar": ("bicycle",),
    "bicycle": ("motor_vehicle",),
}
"""Whom a ``restriction:VEHICLE`` leaves free; those of other vehicles (hgv, bus) concern no mode here."""
_HOURS = ("day_on", "day_off", "hour_on", "hour_off")
_NOBODY = ("", "no", "none")
_NO_FAULT = ("osm.turns_oneway", "osm.turns_others", "osm.turns_outside")


@dataclass(frozen=True)
class _Relation:
    id: int
    tags: Mapping[str, str]
    members: tuple[tuple[str, str, int], ...]  # role; n, w or r; OSM id

    def refs(self, role: str, sort: str) -> list[int]:
        """The members of a role that are nodes (n) or ways (w)."""
        return [ref for said, kind, ref in self.members if (said, kind) == (role, sort)]

    def by_the_hour(self) -> bool:
        """It holds at some hours only, or has other rules for them."""
        return any(key.endswith(":conditional") or key in _HOURS for key in self.tags)


@dataclass(frozen=True)
class _Piece:
    road: str
    tail: str
    head: str
    oneway: int

    def touches(self, node: str) -> bool:
        return node in (self.tail, self.head)

    def leads_to(self, node: str) -> bool:
        return (self.head == node and self.oneway >= 0) or (self.tail == node and self.oneway <= 0)

    def leads_from(self, node: str) -> bool:
        return (self.tail == node and self.oneway >= 0) or (self.head == node and self.oneway <= 0)

    def onward(self, node: str) -> str:
        """The other end."""
        return self.head if node == self.tail else self.tail


_Pieces = Mapping[int, Sequence[_Piece]]


class _UnusedError(Exception):
    """A restriction cannot be told in the table's roads; the argument is the rule of the finding."""


def read_osm_turns(
    path: str | Path, roads: gpd.GeoDataFrame, *, cut: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn restrictions of an OSM extract, and why some of them are not used.

    Parameters
    ----------
    path : the extract that the roads came from.
    roads : as `read_osm_roads` makes them (before or after ``as_roads``): ids ``w<way>.<piece>``, ``from_node``,
        ``to_node``, ``oneway``.
    cut : the roads are those of a part of the extract; restrictions on ways that are not among them are no fault.

    Returns
    -------
    turns : one row a forbidden (or sole permitted) way on: ``kind`` ("no" or "only"), ``from_road``, ``via_node``
        (node id as text; "" where the via is ways), ``via_roads`` (ids in order, () where the via is a node),
        ``to_road`` (ids in ``roads``), ``except_`` (OSM words of the vehicles that it leaves free), ``restriction``
        (OSM value), ``source_id`` (relation). ``no_entry`` and ``no_exit`` may make several rows.
    findings : one row a reason, with the number of relations and the first ids. Those that hold at some hours only
        are told, not obeyed; with a plain ``restriction`` beside it, that one is obeyed.

    Where a member goes on beyond the via, the piece that its one-way rule fits counts; where that leaves two, the
    restriction is unclear and told. MissingError, DataError: no such file, not an OSM file.
    """
    file = existing(path)
    relations = as_data_errors(file, lambda: list(_read_relations(file)))
    pieces = _pieces(roads, {ref for r in relations for _, sort, ref in r.members if sort == "w"})
    rows: list[dict[str, Any]] = []
    unused: dict[str, list[int]] = {}
    for relation in relations:
        try:
            rows += _rows(relation, pieces)
        except _UnusedError as why:
            beyond = cut and any(ref not in pieces for _, sort, ref in relation.members if sort == "w")
            unused.setdefault("osm.turns_outside" if beyond else str(why), []).append(relation.id)
        else:
            if relation.by_the_hour():
                unused.setdefault("osm.turns_hours", []).append(relation.id)
    return pd.DataFrame(rows, columns=list(TURN_COLUMNS)), _told(unused, file.name)


def no_turns() -> pd.DataFrame:
    """A table without turn restrictions."""
    return pd.DataFrame(columns=list(TURN_COLUMNS))


def _read_relations(file: Path) -> Iterator[_Relation]:
    typed: Any = osmium.FileProcessor(str(file), osmium.osm.RELATION).with_filter(osmium.filter.KeyFilter("type"))
    for one in typed:
        if one.tags["type"].split(":")[0] == "restriction":
            yield _Relation(one.id, dict(one.tags), tuple((m.role, m.type, m.ref) for m in one.members))


def _pieces(roads: gpd.GeoDataFrame, wanted: set[int]) -> dict[int, list[_Piece]]:
    """The pieces of each way that a restriction names."""
    if "from_node" not in roads:
        return {}
    way = roads.index.astype("str").to_series().str.extract(r"^w(\d+)\.\d+$", expand=False).fillna("-1").astype("int64")
    kept = way.isin(wanted).to_numpy()
    ends = [texts(roads.loc[kept, end]) for end in ("from_node", "to_node")]
    found: dict[int, list[_Piece]] = {}
    for number, road, tail, head, oneway in zip(
        way[kept], roads.index[kept], *ends, roads.loc[kept, "oneway"], strict=True
    ):
        found.setdefault(number, []).append(_Piece(road, tail, head, int(oneway)))
    return found


def _rows(relation: _Relation, pieces: _Pieces) -> list[dict[str, Any]]:
    """A relation's rows; _UnusedError when there is none."""
    value, free = _meaning(relation)
    kind = value.partition("_")[0]
    froms, tos = relation.refs("from", "w"), relation.refs("to", "w")
    nodes, ways = relation.refs("via", "n"), relation.refs("via", "w")
    if not froms or not tos or len(nodes) + bool(ways) != 1 or (kind == "only" and len(tos) > 1):
        raise _UnusedError("osm.turns_malformed")
    same = {"kind": kind, "except_": free, "restriction": value, "source_id": relation.id}
    rows: list[dict[str, Any]] = []
    reasons: list[_UnusedError] = []
    for start, end in ((f, t) for f in froms for t in tos):
        try:
            if nodes:
                turns = _over_node(start, str(nodes[0]), end, pieces, u_turn=value.endswith("u_turn"))
                rows += [{**same, "via_node": str(nodes[0]), "via_roads": (), **turn} for turn in turns]
            else:
                rows.append({**same, "via_node": "", **_over_ways(start, ways, end, pieces)})
        except _UnusedError as why:
            reasons.append(why)
    if not rows:
        raise reasons[0]
    return rows


def _meaning(relation: _Relation) -> tuple[str, tuple[str, ...]]:
    """The restriction's value, and the vehicles that it leaves free."""
    tags = relation.tags
    free = tuple(w for w in (one.strip() for one in tags.get("except", "").split(";")) if w not in _NOBODY)
    value = tags.get("restriction")
    if value is None:
        own = [key for key in tags if key.startswith("restriction:") and key.count(":") == 1]
        named = [v for v in _FOR if f"restriction:{v}" in own]
        if not named:
            others = [key for key in own if key != "restriction:conditional"]
            by_the_hour = "osm.turns_conditional" if relation.by_the_hour() else "osm.turns_malformed"
            raise _UnusedError("osm.turns_others" if others else by_the_hour)
        value, free = tags[f"restriction:{named[0]}"], (*free, *_FOR[named[0]])
    elif relation.by_the_hour() and "restriction:conditional" not in tags:
        raise _UnusedError("osm.turns_conditional")
    if value not in _VALUES:
        raise _UnusedError("osm.turns_malformed")
    return value, free


def _of_way(way: int, pieces: _Pieces) -> Sequence[_Piece]:
    if way not in pieces:
        raise _UnusedError("osm.turns_no_road")
    return pieces[way]


def _over_node(start: int, via: str, end: int, pieces: _Pieces, *, u_turn: bool) -> list[dict[str, str]]:
    """From and to where the via is a node: one turn, or a turn back on each piece of a way that goes on."""
    before = [p for p in _of_way(start, pieces) if p.touches(via)]
    after = [p for p in _of_way(end, pieces) if p.touches(via)]
    if not before or not after:
        raise _UnusedError("osm.turns_apart")
    before = [p for p in before if p.leads_to(via)]
    after = [p for p in after if p.leads_from(via)]
    if not before or not after:
        raise _UnusedError("osm.turns_oneway")
    if u_turn and start == end:
        return [{"from_road": p.road, "to_road": p.road} for p in before if p in after]
    if len(before) > 1 or len(after) > 1:
        raise _UnusedError("osm.turns_unclear")
    return [{"from_road": before[0].road, "to_road": after[0].road}]


def _over_ways(start: int, vias: Sequence[int], end: int, pieces: _Pieces) -> dict[str, Any]:
    """From, pieces between and to where the via is ways."""
    between = [(way, piece) for way in vias for piece in _of_way(way, pieces)]
    found = set()
    for before in _of_way(start, pieces):
        for node in (n for n in {before.tail, before.head} if before.leads_to(n)):
            for path, last in _paths(node, between, ()):
                if {way for way, _ in path} == set(vias):
                    roads = tuple(piece.road for _, piece in path)
                    found |= {(before.road, roads, t.road) for t in _of_way(end, pieces) if t.leads_from(last)}
    if len(found) != 1:
        raise _UnusedError("osm.turns_unclear" if found else "osm.turns_apart")
    before_road, roads, after_road = found.pop()
    return {"from_road": before_road, "via_roads": roads, "to_road": after_road}


_Path = tuple[tuple[int, _Piece], ...]


def _paths(node: str, between: Sequence[tuple[int, _Piece]], so_far: _Path) -> Iterator[tuple[_Path, str]]:
    """Every way from a node over pieces, none twice, with the node where it ends."""
    for step in between:
        if step in so_far or not step[1].leads_from(node):
            continue
        path, reached = (*so_far, step), step[1].onward(node)
        yield path, reached
        yield from _paths(reached, between, path)


def _told(unused: Mapping[str, Sequence[int]], file: str) -> pd.DataFrame:
    return join_findings(
        finding(
            rule,
            severity="note" if rule in _NO_FAULT else "warning",
            table="roads",
            file=file,
            value=str(len(ids)),
            detail=first_ids(ids),
        )
        for rule, ids in sorted(unused.items())
    )
