"""What the columns of roads hold, counted, and who may use how much of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.findings import Severity, join_findings, no_findings
from quarterhour.base.labels import percent
from quarterhour.network.access import allowed, ends_only, may_use, one_way, pushed
from quarterhour.network.modes import osm_classes, read_modes
from quarterhour.network.network import Mode
from quarterhour.network.roads.told import Where, counted
from quarterhour.network.speeds import above_ceiling, road_speeds

FEW = 0.5
"""A mode that may use less than this share of the kilometres is told: is the class or the access right?"""
_NOTICED = 0.01


@functools.cache
def known_classes() -> frozenset[str]:
    """Road classes that are OpenStreetMap's, or that a mode of the program names."""
    return osm_classes().union(*(mode.speeds_kmh for mode in read_modes().values()))


def road_account(roads: gpd.GeoDataFrame, modes: Iterable[Mode] = ()) -> pd.DataFrame:
    """Values of class and one-way mark, with their roads and kilometres, and the share that each mode may use.

    Columns ``column`` (road_class, oneway, mode, and of what a mode may use: mode_ends, for trips alone that start or
    end there; mode_oneway; mode_allowed, classes it may use only where a road allows it by name; mode_pushed),
    ``value``, ``roads``, ``km``, ``share`` of all km, ``known``: whether OpenStreetMap or a mode knows the class;
    always true for the others.
    """
    every = list(modes)
    km = roads.geometry.length / 1000
    parts = [_counts(roads[c], km, c) for c in ("road_class", "oneway")]
    for column, which in _USES.items():
        found = {mode.id: which(roads, mode) & _usable(roads, mode) for mode in every}
        some = {m: u for m, u in found.items() if column == "mode" or u.any()}
        rows = [{"value": m, "roads": int(u.sum()), "km": float(km[u].sum())} for m, u in some.items()]
        parts.append(pd.DataFrame(rows, columns=["value", "roads", "km"]).assign(column=column))
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    known = _known(every)
    total = float(km.sum()) or 1.0
    table = table.assign(
        share=table["km"] / total, known=(table["column"] != "road_class") | table["value"].isin(known)
    )
    return table[["column", "value", "roads", "km", "share", "known"]]


def _unwanted(roads: gpd.GeoDataFrame, mode: Mode) -> BoolArray:
    """Roads of a class that is closed to the mode but where a road allows it."""
    return np.array([not mode.speed_kmh(str(one)) for one in roads["road_class"]], bool) & allowed(roads, mode)


_USES: Mapping[str, Callable[[gpd.GeoDataFrame, Mode], BoolArray]] = {
    "mode": lambda roads, _: np.ones(len(roads), bool),
    "mode_ends": ends_only,
    "mode_oneway": lambda roads, mode: one_way(roads, mode) != 0,
    "mode_allowed": _unwanted,
    "mode_pushed": pushed,
}


def _counts(values: pd.Series, km: pd.Series, column: str) -> pd.DataFrame:
    table = pd.DataFrame({"value": values.astype(str).to_numpy(), "km": km.to_numpy()})
    found = (
        table.groupby("value", sort=True)["km"].agg(["size", "sum"]).sort_values("sum", ascending=False, kind="stable")
    )
    return found.rename(columns={"size": "roads", "sum": "km"}).reset_index().assign(column=column)


def _known(modes: Iterable[Mode]) -> set[str]:
    return {*known_classes(), *(c for mode in modes for c in mode.speeds_kmh)}


def _usable(roads: gpd.GeoDataFrame, mode: Mode) -> BoolArray:
    usable: BoolArray = (road_speeds(roads, mode) > 0) & may_use(roads, mode)
    return usable


def doubtful_columns(
    roads: gpd.GeoDataFrame, modes: Iterable[Mode], *, table: str = "roads", file: str = ""
) -> pd.DataFrame:
    """Classes that nobody knows, modes that may use few of the roads meant for them, limits too high for a class."""
    where, every = Where(table, file), {mode.id: mode for mode in modes}
    strange = ~roads["road_class"].astype(str).isin(_known(every.values())).to_numpy()
    return join_findings(
        [
            _told_strange(roads, strange, where),
            *(_told_few(roads, m, strange, where) for m in every.values()),
            *(_told_capped(roads, m, where) for m in every.values()),
        ]
    )


def _told_strange(roads: gpd.GeoDataFrame, strange: BoolArray, where: Where) -> pd.DataFrame:
    if not strange.any():
        return no_findings()
    km = roads.geometry.length.to_numpy() / 1000
    share = float(km[strange].sum() / max(km.sum(), 1e-9))
    severity: Severity = "warning" if share >= _NOTICED else "note"
    said = counted(roads["road_class"][strange])
    return where.say(
        "unknown_class", severity=severity, value=str(int(strange.sum())), column=percent(share), detail=said
    )


def _told_few(roads: gpd.GeoDataFrame, mode: Mode, strange: BoolArray, where: Where) -> pd.DataFrame:
    """A warning where the mode may use less than half of the kilometres that are not closed to it by their class."""
    km = roads.geometry.length.to_numpy() / 1000
    meant = strange | (road_speeds(roads, mode) > 0)
    share = float(km[_usable(roads, mode)].sum() / max(float(km[meant].sum()), 1e-9))
    if share >= FEW or not meant.any():
        return no_findings()
    closed = counted(roads["road_class"][meant & ~_usable(roads, mode)])
    return where.say("mode_few", id=mode.id, value=percent(share), detail=closed)


def _told_capped(roads: gpd.GeoDataFrame, mode: Mode, where: Where) -> pd.DataFrame:
    capped = above_ceiling(roads, mode) & _usable(roads, mode)
    if not capped.any():
        return no_findings()
    said = roads.loc[capped, "road_class"].astype(str) + " " + roads.loc[capped, "maxspeed"].astype(str)
    return where.about("limit_capped", roads.index[capped], severity="note", id=mode.id, detail=counted(said))
