"""A small town made of a picture: its roads, its junctions, its places, its network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Mode, Network
from quarterhour.network.roads import as_roads
from quarterhour.network.testing.picture import Cell, Line, Picture, read_picture

_ONEWAY = {0: "no", 1: "yes", -1: "-1"}
Columns = Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class Town:
    """What a picture shows, in metres.

    ``roads``: a row a way, as ``as_roads`` takes it, indexed by the letters at its ends. ``nodes``: points by letter.
    Its repr is the picture, so that a failing test shows its town.
    """

    picture: str
    cell_m: float
    roads: gpd.GeoDataFrame
    nodes: gpd.GeoSeries
    _spots: gpd.GeoSeries
    _columns: Mapping[str, Columns]

    def places(self, names: Iterable[str] = "") -> gpd.GeoDataFrame:
        """Places by their digits and small letters, all when none is named; a capital is a place at its junction.

        >>> town("A--1--B  2").places("2A").geometry.x.tolist()
        [400900.0, 400000.0]
        """
        chosen = [name for name in names if name != " "] or sorted(self._spots.index.difference(self.nodes.index))
        _refuse_unknown(chosen, self._spots.index)
        rows = [self._columns.get(name, {}) for name in chosen]
        points = self._spots.loc[chosen].array
        return gpd.GeoDataFrame(rows, index=pd.Index(chosen, name="id", dtype=object), geometry=points)

    def network(self, mode: Mode | str = "walk", *, turns: pd.DataFrame | None = None) -> Network:
        """The network of a mode, or of one that comes with the program by its name."""
        roads, _ = as_roads(self.roads, crs=self.roads.crs)
        return build_network(roads, read_modes()[mode] if isinstance(mode, str) else mode, turns=turns)

    def __repr__(self) -> str:
        raw = "r" if "\\" in self.picture else ""
        return f"town({raw}'''\n{self.picture}\n''', cell_m={self.cell_m:g})"


def town(
    drawing: str,
    *,
    cell_m: float = 100,
    ways: Mapping[str, Columns] | None = None,
    places: Mapping[str, Columns] | None = None,
    crs: object = "EPSG:32651",
    origin: tuple[float, float] = (400_000.0, 4_150_000.0),
) -> Town:
    """A town from a picture; every character is a square of ``cell_m`` metres.

    ======================  ==========================================================================================
    ``A`` to ``Z``          a junction, or the end of a road
    ``+``                   a bend where two lines meet, else a junction too: ``+1``, ``+2`` ... in reading order
    ``- | / \\``             a road (``residential``) between two junctions
    ``> < ^ v``             a stroke of a road that is one-way so
    ``.`` and ``:``         a ``footway``, across and down
    ``0`` to ``9``, ``a`` ..  a place where it stands: beside the road, or on it; no ``v``, which is an arrow
    ======================  ==========================================================================================

    A line goes straight past places that stand on it, and over or under a line that it crosses without ``+``.
    With ``\\`` in it, write the picture as ``r'''...'''``.
    With ``\\`` in it, write the picture as ``r'''...'''``.

    Parameters
    ----------
    drawing : the picture; north is up, what is drawn lowest and farthest left touches ``origin``.
    cell_m : metres.
    ways : columns of roads by their letters. A road is named from its upper or left end; ``"BA"`` turns it round,
        ``"ABC"`` makes one road of two. ``highway`` is ``road_class``.
    places : columns of places by their characters.
    crs, origin : where it lies, in metres.

    Raises
    ------
    ValueError : the picture has no meaning, and where; or something is named that is not drawn.

    >>> market = town('''
    ...     A-->--B-----C
    ...           |  1
    ...           D
    ... ''', ways={"BC": {"highway": "primary"}}, places={"1": {"older": 120}})
    >>> market.roads[["road_class", "oneway"]].agg(" ".join, axis=1).to_dict()
    {'AB': 'residential yes', 'BC': 'primary no', 'BD': 'residential no'}
    >>> market.places("1")["older"].tolist()
    [120]
    """
    picture = read_picture(drawing)
    drawn = picture.nodes | picture.places
    _refuse_unknown(places or {}, drawn)
    roads = _roads(picture, ways or {})
    if not roads:
        raise ValueError("no road is drawn")
    height = picture.text.count("\n")

    def points(cells: Iterable[Cell]) -> Any:
        row, column = np.array(list(cells), dtype=float).T
        return shapely.points(origin[0] + cell_m * column, origin[1] + cell_m * (height - row))

    rows = [_road_columns(line, given) for line, given in roads.values()]
    lines = [shapely.LineString(points(line.cells)) for line, _ in roads.values()]
    spots = gpd.GeoSeries(points(drawn.values()), index=pd.Index(list(drawn), name="id", dtype=object), crs=crs)
    frame = gpd.GeoDataFrame(rows, index=pd.Index(list(roads), name="id", dtype=object), geometry=lines, crs=crs)
    return Town(picture.text, cell_m, frame, spots[: len(picture.nodes)], spots, places or {})


def _refuse_unknown(names: Iterable[str], drawn: Iterable[str]) -> None:
    unknown = [name for name in names if name not in drawn]
    if unknown:
        raise ValueError(f"places that are not drawn: {', '.join(unknown)}; drawn are {', '.join(drawn)}")


def _road_columns(line: Line, given: Columns) -> dict[str, Any]:
    drawn = {"road_class": "footway" if line.dotted else "residential", "oneway": _ONEWAY[line.oneway]}
    return drawn | {"road_class" if column == "highway" else column: value for column, value in given.items()}


def _roads(picture: Picture, ways: Mapping[str, Columns]) -> dict[str, tuple[Line, Columns]]:
    """Lines by their names, with the columns given for them, in the order in which they are drawn."""
    left = dict(enumerate(picture.lines))
    roads: dict[str, tuple[Line, Columns]] = {}
    first: dict[str, int] = {}
    for way, given in ways.items():
        before = set(left)
        roads[way] = _way(way, left), given
        first[way] = min(before - set(left))
    for number, line in left.items():
        ends = "".join(line.ends)
        twins = sum(other.ends == line.ends for other, _ in roads.values())
        name = f"{ends}#{twins}" if twins else ends
        roads[name], first[name] = (line, {}), number
    return {name: roads[name] for name in sorted(roads, key=first.__getitem__)}


def _way(way: str, left: dict[int, Line]) -> Line:
    """The line through the letters of a way; what it is made of is taken out of the lines left."""
    stops = re.findall(r"\+\d+|[A-Z]", way)
    if len(stops) < 2 or "".join(stops) != way:
        raise ValueError(f"ways: {way!r} does not name the letters at the ends of a line")
    whole = _taken(way, stops[0], stops[1], left)
    for here, there in zip(stops[1:-1], stops[2:], strict=True):
        more = _taken(way, here, there, left)
        if whole.oneway * more.oneway < 0:
            raise ValueError(f"ways: the arrows along {way} point against each other")
        whole = Line(
            (whole.ends[0], there),
            whole.cells + more.cells[1:],
            whole.oneway or more.oneway,
            whole.dotted or more.dotted,
        )
    return whole


def _taken(way: str, here: str, there: str, left: dict[int, Line]) -> Line:
    found = [n for n, line in left.items() if line.ends in ((here, there), (there, here))]
    if len(found) != 1:
        count = "several lines" if found else "no line (or one in another way)"
        raise ValueError(f"ways: {way} names {count} between {here} and {there}")
    line = left.pop(found[0])
    return line if line.ends == (here, there) else line.turned()
