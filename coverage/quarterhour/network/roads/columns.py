"""What the columns of roads say of class, direction, access, bridges and tunnels; what is not understood is told."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from quarterhour.base.arrays import AnyArray
from quarterhour.base.findings import join_findings
from quarterhour.network.modes import osm_class
from quarterhour.network.roads.marks import are_truths, built_of, first_of, marks_of, oneway_of, open_of
from quarterhour.network.roads.told import Where, counted


def with_columns(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Roads with a class, a one-way mark along the drawn line, and yes or no of access, bridge and tunnel."""
    told = []
    classes = roads["road_class"].map(first_of) if "road_class" in roads else pd.Series("", index=roads.index)
    spelt = classes.map({c: osm_class(str(c)) for c in classes.unique()})
    other = classes[spelt != classes]
    if len(other):
        told.append(where.about("class_spelt", other.index, severity="note", column=counted(other)))
    classes, unknown = spelt, classes == ""
    if unknown.any():
        told.append(where.about("no_class", roads.index[unknown]))
    roads = roads.assign(road_class=classes.where(~unknown, "unclassified").astype(object))
    oneway, found = _oneway(roads, where)
    open_to: dict[str, AnyArray] = {c: open_of(roads[c]) for c in ("walk", "drive", "cycle") if c in roads}
    open_to |= {b: built_of(roads[b]) for b in ("bridge", "tunnel") if b in roads}
    if "oneway_cycle" in roads:
        open_to["oneway_cycle"], _ = oneway_of(roads.assign(oneway=roads["oneway_cycle"]))
    return roads.assign(oneway=oneway, **open_to), join_findings([*told, found])


def _oneway(roads: gpd.GeoDataFrame, where: Where) -> tuple[AnyArray, pd.DataFrame]:
    oneway, odd = oneway_of(roads)
    told = []
    if len(odd):
        said = roads["oneway"].map(first_of)
        told.append(where.about("odd_oneway", odd, column=counted(said[odd.unique()])))
    if "oneway" in roads and are_truths(marks_of(roads["oneway"])):
        told.append(where.say("oneway_truths", severity="note", value=str(int((oneway != 0).sum()))))
    return oneway, join_findings(told)
