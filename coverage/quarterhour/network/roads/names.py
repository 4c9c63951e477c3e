"""Whose columns are which: the user's names and the known ones of a table of roads, and an id for every road."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import no_findings
from quarterhour.base.row_order import by_line, place_names
from quarterhour.network.roads.told import Where

_THEIRS = {
    "road_class": ("road_class", "highway", "fclass", "class", "道路等级", "等级"),
    "oneway": ("oneway", "one_way", "单行"),
    "length_m": ("length_m",),
    "maxspeed": ("maxspeed", "限速"),
    "tunnel": ("tunnel", "隧道"),
    "bridge": ("bridge", "桥梁"),
    "layer": ("layer", "层级"),
}
_NODES = ("from_node", "to_node")
_ENDS = (_NODES, ("u", "v"), ("fnode_", "tnode_"), ("fnode", "tnode"), ("from", "to"), ("source", "target"))
"""Pairs of columns that name the ends of roads: ours, OSMnx's, ArcInfo's, then words that may mean something else."""
_SURE = 4


def renamed(roads: gpd.GeoDataFrame, columns: Mapping[str, str]) -> tuple[gpd.GeoDataFrame, bool]:
    """The table under our names, and whether its ends were named by the user or by names that mean nothing else.

    ``columns``: ours -> theirs. Levels of the index (OSMnx's u, v, key) become columns.
    """
    if isinstance(roads.index, pd.MultiIndex):
        levels = [n for n in roads.index.names if n is not None and n not in roads.columns]
        keys = ["-".join(map(str, key)) for key in roads.index]
        roads = roads.reset_index(level=levels).set_axis(pd.Index(keys), axis=0)
    names = {theirs: ours for ours, theirs in columns.items()}
    lower = {str(c).lower(): c for c in roads.columns}
    for ours, known in _THEIRS.items():
        theirs = _first_free(known, lower, names)
        if ours not in names.values() and theirs is not None:
            names[theirs] = ours
    ends, sure = _ends(lower, names)
    names |= ends
    # A column that the user did not mean would stand beside the one that was meant.
    clash = [c for c in names.values() if c in roads.columns and c not in names]
    roads = roads.drop(columns=clash).rename(columns=names)
    return (roads if roads.active_geometry_name == "geometry" else roads.rename_geometry("geometry")), sure


def _first_free(known: tuple[str, ...], lower: Mapping[str, str], names: Mapping[str, str]) -> str | None:
    return next((lower[k] for k in known if k in lower and lower[k] not in names), None)


def _ends(lower: Mapping[str, str], names: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """The columns of the ends that nobody named: a whole pair of one make, or what there is of the sure ones."""
    open_ = [ours for ours in _NODES if ours not in names.values()]
    if len(open_) == 2:
        for place, pair in enumerate(_ENDS):
            found = [lower[k] for k in pair if k in lower and lower[k] not in names]
            if len(found) == 2:
                return dict(zip(found, _NODES, strict=True)), place < _SURE
    some = {}
    for ours in open_:
        theirs = _first_free(tuple(pair[_NODES.index(ours)] for pair in _ENDS[:_SURE]), lower, names)
        if theirs is not None:
            some[theirs] = ours
    return some, True


def with_ids(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Every road under an id of its own: blank ones are counted, double ones get a number."""
    if "id" in roads.columns:
        roads = roads.set_index("id")
    named = isinstance(roads.index.dtype, pd.StringDtype)
    given = texts(pd.Series(roads.index) if named else pd.Series(roads.index, dtype=object))
    if (given == "").any():
        rows = "row" + pd.Series(range(1, len(roads) + 1)).astype("str")
        given = given.where(given != "", rows)
    roads = roads.set_axis(pd.Index(given, name="id"), axis=0)
    if len(given.unique()) == len(given):  # an index that is asked keeps a table of all its ids
        return roads, no_findings()
    twice = roads.index.duplicated()
    told = where.say("ids_twice", severity="note", detail=first_ids(roads.index[twice].unique()))
    number = pd.Series(roads.index).groupby(roads.index.to_numpy()).cumcount().to_numpy()
    roads.index = pd.Index([i if n == 0 else f"{i}#{n}" for i, n in zip(roads.index, number, strict=True)], name="id")
    return roads, told


def in_one_order(roads: gpd.GeoDataFrame, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Roads in the order of their lines, whatever rows they had; those without an id named after where they lie.

    Such a name is ``x y``, metres in the CRS of the roads: the row of the file would be none, as the same roads in
    another order would be called otherwise. Roads of one place are numbered. ``columns``: the user's, ours -> theirs.
    """
    ordered, column = by_line(roads), columns.get("id", "id")
    names = place_names(ordered)
    if column not in ordered.columns:
        return ordered.assign(id=names.to_numpy(dtype=object))
    given = texts(ordered[column].reset_index(drop=True))
    return ordered.assign(**{column: given.where(given.ne(""), names).to_numpy(dtype=object)})
