"""Random small towns and places on them, for tests with hypothesis."""

from __future__ import annotations

import math
from types import ModuleType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from quarterhour.network.testing.drawn_town import Town, town
from quarterhour.network.testing.picture import Cell

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

_STEP = 4
"""Cells from one junction to the next: three strokes, of which the middle one is never a place."""
_ACROSS, _DOWN = ("-", " ", ">", "<", "."), ("|", " ", "v", "^", ":")


def _strategies() -> ModuleType:
    try:
        from hypothesis import strategies
    except ModuleNotFoundError as why:
        raise ModuleNotFoundError("random towns need hypothesis: pip install hypothesis") from why
    return strategies


def towns(
    *, side: int = 3, most_places: int = 6, oneway: bool = True, island: bool = True, cell_m: float = 100
) -> SearchStrategy[Town]:
    """Towns of up to ``side`` (2 to 4) junctions a side, with roads or none between neighbours.

    There are one-way streets and footways, diagonals, junctions on no road, and at times an island of one road.
    Up to ``most_places`` (9) places stand on the roads, two on one road too, beside them, and on the island.
    At least one road is open to everyone both ways. A failing example is shown as its picture.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, deadline=None)
    ... @given(towns(side=2))
    ... def test_walkers_go_both_ways(town):
    ...     network = town.network("walk")
    ...     assert (network.forward_cs == network.backward_cs).all()
    >>> test_walkers_go_both_ways()
    """
    if not (2 <= side <= 4 and 0 <= most_places <= 9):
        raise ValueError(f"side must be 2 to 4 and most_places 0 to 9, got {side} and {most_places}")
    made: SearchStrategy[Town] = _strategies().composite(_draw_town)(side, most_places, oneway, island, cell_m)
    return made


def _draw_town(draw: DrawFn, side: int, most_places: int, oneway: bool, island: bool, cell_m: float) -> Town:
    st = _strategies()
    columns, rows = draw(st.integers(2, side)), draw(st.integers(1, side))
    drawn = _draw_roads(draw, columns, rows, oneway)
    if island and draw(st.booleans()):
        _put_row(drawn, (0, _STEP * (columns + 1)), "Y---Z")
    width = 1 + max(column for _, column in drawn)
    free = [(r, c) for r in range(_STEP * rows - 2) for c in range(width) if _may_stand(drawn, (r, c))]
    roadside = [cell for cell in free if cell in drawn]
    spots = st.sampled_from(roadside) | st.sampled_from(free)
    count = draw(st.integers(0, min(most_places, len(free))))
    for number, cell in enumerate(draw(st.lists(spots, unique=True, min_size=count, max_size=count)), 1):
        drawn[cell] = str(number)
    lines = ["".join(drawn.get((r, c), " ") for c in range(width)).rstrip() for r in range(_STEP * rows - 2)]
    return town("\n".join(lines), cell_m=cell_m)


def _draw_roads(draw: DrawFn, columns: int, rows: int, oneway: bool) -> dict[Cell, str]:
    st, drawn = _strategies(), {}
    for i in range(columns * rows):
        r, c = _STEP * (i // columns), _STEP * (i % columns)
        drawn[r, c] = chr(ord("A") + i)
        across, down, slanting = (c < _STEP * (columns - 1)), (r < _STEP * (rows - 1)), st.sampled_from(" \\/")
        if across:
            _put(drawn, (r, c), (0, 1), "-" if i == 0 else draw(st.sampled_from(_ACROSS)), oneway)
        if down:
            _put(drawn, (r, c), (1, 0), draw(st.sampled_from(_DOWN)), oneway)
        if across and down:
            stroke = draw(slanting)
            _put(drawn, (r, c + _STEP * (stroke == "/")), (1, -1 if stroke == "/" else 1), stroke, oneway)
    return drawn


def _put(drawn: dict[Cell, str], begin: Cell, step: Cell, stroke: str, oneway: bool) -> None:
    """A line of three strokes, an arrow in their middle; none for a blank."""
    both_ways = {">": "-", "<": "-", "v": "|", "^": "|"}.get(stroke, stroke)
    for k, char in enumerate((both_ways, stroke if oneway else both_ways, both_ways), 1):
        if char != " ":
            drawn[begin[0] + k * step[0], begin[1] + k * step[1]] = char


def _put_row(drawn: dict[Cell, str], begin: Cell, text: str) -> None:
    drawn |= {(begin[0], begin[1] + k): char for k, char in enumerate(text)}


def _may_stand(drawn: dict[Cell, str], cell: Cell) -> bool:
    """On free ground, or on a road beside its middle stroke."""
    middle = _STEP // 2 in (cell[0] % _STEP, cell[1] % _STEP)
    return cell not in drawn or not (drawn[cell].isupper() or middle)


def places_on(
    town: Town, *, min_size: int = 1, max_size: int = 6, furthest_m: float = 50, prefix: str = "p"
) -> SearchStrategy[gpd.GeoDataFrame]:
    """Places anywhere along the roads of a town and up to ``furthest_m`` beside them, named ``p0``, ``p1`` ...

    At ends and in the middle, several on one road, at one point too.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, deadline=None)
    ... @given(places_on(town("A-----B"), max_size=3, furthest_m=20))
    ... def test_no_place_is_far_off(places):
    ...     assert (places.distance(town("A-----B").roads.geometry.iloc[0]) < 20.001).all()
    >>> test_no_place_is_far_off()
    """
    st = _strategies()
    share = st.sampled_from([0.0, 0.5, 1.0, 0.25]) | st.floats(0, 1)
    off = st.sampled_from([0.0, furthest_m]) | st.floats(0, furthest_m)
    spot = st.tuples(st.integers(0, len(town.roads) - 1), share, off, st.integers(0, 7))
    spots = st.lists(spot, min_size=min_size, max_size=max_size)
    made: SearchStrategy[gpd.GeoDataFrame] = spots.map(lambda drawn: _placed(town, drawn, prefix))
    return made


def _placed(town: Town, spots: list[tuple[int, float, float, int]], prefix: str) -> gpd.GeoDataFrame:
    def point(road: int, share: float, off_m: float, eighth: int) -> Any:
        on = shapely.line_interpolate_point(town.roads.geometry.iloc[road], share, normalized=True)
        angle = eighth * math.pi / 4
        return shapely.Point(on.x + off_m * math.cos(angle), on.y + off_m * math.sin(angle))

    index = pd.Index([f"{prefix}{i}" for i in range(len(spots))], name="id", dtype=object)
    return gpd.GeoDataFrame(index=index, geometry=[point(*spot) for spot in spots], crs=town.roads.crs)
