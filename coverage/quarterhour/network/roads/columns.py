"""What the columns of roads say of class, direction, access, bridges and tunnels; what is not understood is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.findings import join_findings
from quarterhour.network.modes import osm_class
from quarterhour.network.roads.marks import built_of, first_of, firsts_of
from quarterhour.network.roads.oneway import is_written_in, oneway_of
from quarterhour.network.roads.permits import read_permits
from quarterhour.network.roads.told import Where, counted

_MOST_BUILT = 0.5


def with_columns(
    roads: gpd.GeoDataFrame, where: Where, *, oneway_values: Mapping[Any, Sequence[object]] | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads with a class, a one-way mark along the drawn line, and yes or no of access, bridge and tunnel."""
    told = []
    classes = firsts_of(roads["road_class"]) if "road_class" in roads else pd.Series("", index=roads.index)
    spelt = classes.map({c: osm_class(str(c)) for c in classes.unique()})
    other = classes[spelt != classes]
    if len(other):
        told.append(where.about("class_spelt", other.index, severity="note", column=counted(other)))
    classes, unknown = spelt, classes == ""
    if unknown.any():
        told.append(where.about("no_class", roads.index[unknown]))
    roads = roads.assign(road_class=classes.where(~unknown, "unclassified").astype(object))
    open_to, permits = read_permits(roads, where)
    open_to["oneway"] = np.zeros(len(roads), np.int8)
    for column in [c for c in ("oneway", "oneway_cycle", "oneway_foot") if c in roads]:
        own = oneway_values if column == "oneway" or is_written_in(roads[column], oneway_values) else None
        read = oneway_of(roads[column], own)
        open_to[column] = read.way
        told += _odd("odd_oneway", roads, column, read.odd, where)
        if read.vocabulary in ("truths", "marks", "numbers"):
            told.append(where.say("oneway_read", severity="note", id=column, detail=read.counts()))
    for column in [b for b in ("bridge", "tunnel") if b in roads]:
        open_to[column] = built_of(roads[column])
        told += _many_built(roads[column], open_to[column], where)
    return roads.assign(**open_to), join_findings([*told, permits])


def _odd(rule: str, roads: gpd.GeoDataFrame, column: str, odd: pd.Index, where: Where) -> list[pd.DataFrame]:
    """Rows whose mark nobody understands, with the values."""
    if not len(odd):
        return []
    said = roads[column].map(first_of)
    return [where.about(rule, odd, id=column, column=counted(said[odd.unique()]))]


def _many_built(values: pd.Series, built: BoolArray, where: Where) -> list[pd.DataFrame]:
    """More than half of the roads on bridges or in tunnels: a word that means none was taken for one."""
    if built.mean() <= _MOST_BUILT:
        return []
    shown = counted(values.map(first_of)[built])
    return [where.say("many_built", value=str(int(built.sum())), column=str(values.name), detail=shown)]
