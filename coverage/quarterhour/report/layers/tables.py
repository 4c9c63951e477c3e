"""The layers of the results as tables of places; for people also with names and words in place of ids and codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.base.kinds import kind_label
from quarterhour.base.labels import counted_label
from quarterhour.report.section import area_columns, area_names, labels
from quarterhour.standards.levels import AREA_COLUMNS
from quarterhour.study.cards.names import area_labels
from quarterhour.study.results import Proposal, Results

Layers = dict[str, gpd.GeoDataFrame]
_FIRST = ("name", "question_name", "order", "year", "gain", "unit_name", "kind_name", "town_name", "county_name",
          "reporting_unit_name", "reporting_class_name", "lon", "lat")  # fmt: skip
_DEGREES = 6
"""Decimals of longitude and latitude: a tenth of a metre."""


def result_layers(results: Results) -> Layers:
    """Communities, towns, facilities, candidates, sites, roads, pictures, routes, parcels; of those what has rows.

    Columns hold the user's own ids. Sites have their order, year, gain, longitude and latitude.
    """
    tables = results.inputs
    offered = [p.sites[p.sites["state"] == "candidate"].assign(question=p.id) for p in results.proposals]
    layers = {
        "communities": _judged(results),
        "towns": _with_shares(results),
        "facilities": tables.facilities,
        "candidates": _stacked(offered, tables.candidates),
        "sites": _stacked([_sites(p) for p in results.proposals], tables.candidates),
        "roads": tables.roads[["road_class", "quality", "geometry"]],
    }
    if results.pictures is not None:
        layers["pictures"] = results.pictures
    if "routes" in results.study.file.outputs.extra and results.routes:
        layers["routes"] = _routes(results)
    if results.care.parcels is not None:
        outlines = results.care.parcels.drop(columns="geometry").set_geometry("shape", crs=tables.communities.crs)
        layers["parcels"] = outlines.rename_geometry("geometry")
    return {name: layer for name, layer in layers.items() if len(layer)}


def _judged(results: Results) -> gpd.GeoDataFrame:
    communities = results.inputs.communities
    for check in results.checks:
        columns = check.communities[["met", "minutes", "nearest", "reason"]]
        communities = communities.join(columns.add_prefix(f"{check.circle.id}_"))
    for known in results.ranges:
        columns = known.communities[["covered", "flip_factor"]]
        communities = communities.join(columns.add_prefix(f"{known.circle.id}_"))
    return communities


def _with_shares(results: Results) -> gpd.GeoDataFrame:
    towns = results.inputs.towns
    for check in results.checks:
        shares = check.shown_shares("town")
        towns = towns.assign(**{f"{check.circle.id}_share": shares.reindex(towns.index)})
    return towns


def _stacked(parts: list[gpd.GeoDataFrame], empty: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if not parts:
        return empty
    return gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=parts[0].crs)


def _routes(results: Results) -> gpd.GeoDataFrame:
    """The way of every community to its nearest facility, circle by circle; without a way no row."""
    tables = [routes.paths.table().assign(circle=routes.circle) for routes in results.routes]
    made = pd.concat([t[t["minutes"].notna()] for t in tables], ignore_index=True)
    made["kind"] = results.inputs.facilities["kind"].reindex(made["site"]).to_numpy()
    columns = ["circle", "community", "site", "kind", "minutes", "metres", "geometry"]
    return gpd.GeoDataFrame(made[columns], geometry="geometry", crs=tables[0].crs)


def chosen_sites(proposal: Proposal) -> gpd.GeoDataFrame:
    """The sites to build, in their order, numbered from 1 in ``order``; with ``year`` where the study names years."""
    new, years = proposal.new_sites, proposal.years
    sites = proposal.sites.loc[new].assign(order=range(1, len(new) + 1))
    if not years:
        return sites
    if all(site in years for site in new):
        return sites.assign(year=[years[i] for i in new])
    return sites.assign(year=pd.array([years.get(i, pd.NA) for i in new], dtype="Int64"))


def _sites(p: Proposal) -> gpd.GeoDataFrame:
    """The sites to build with year (missing where the study names none), gain and place in degrees."""
    sites, years = chosen_sites(p), p.years
    degrees = sites.geometry.to_crs("EPSG:4326") if sites.crs is not None else sites.geometry
    known = p.money.reindex(sites.index).dropna(axis=1, how="all") if len(p.money) else p.money
    return sites.assign(
        **{str(c): known[c] for c in known},
        year=pd.array([years.get(i, pd.NA) for i in sites.index], dtype="Int64"),
        gain=pd.array([p.plan.gain.get(i, pd.NA) for i in sites.index], dtype="Float64"),
        unit=p.plan.unit,
        question=p.id,
        lon=degrees.x.round(_DEGREES),
        lat=degrees.y.round(_DEGREES),
    )


def named_layers(results: Results, lang: str) -> Layers:
    """The layers for people: inside a circle as 1 and 0, and names and words beside ids and codes.

    ``town_name, county_name, kind_name, question_name`` and so on follow the columns that they say in words.
    """
    layers, names = result_layers(results), area_names(results)
    for name, layer in layers.items():
        layers[name] = _shown(layer.assign(**_areas_said(layer, names, lang)))
    say: Mapping[str, Any] = {
        "communities": _community_words, "facilities": _facility_words, "sites": _site_words,
        "candidates": _site_words, "pictures": _picture_words, "routes": _route_words,
    }  # fmt: skip
    for name in layers.keys() & say.keys():
        layers[name] = layers[name].assign(**say[name](results, layers[name], names, lang))
    return {name: _read_first(layer) for name, layer in layers.items()}


def _read_first(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What people read before the rest."""
    first = [c for c in _FIRST if c in layer]
    return layer[[*first, *(c for c in layer.columns if c not in first)]]


def _areas_said(layer: gpd.GeoDataFrame, names: Mapping[tuple[str, str], str], lang: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        f"{c}_name": named for c, named in area_columns(layer, tuple(AREA_COLUMNS), names, lang).items()
    }
    if "quality" in layer:
        said["quality_name"] = labels("report.quality_", layer["quality"], lang)
    return said


def _shown(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Yes and no as 1 and 0: QGIS shows them, and every program reads them."""
    flags = [c for c in layer.columns if c != layer.geometry.name and pd.api.types.is_bool_dtype(layer[c])]
    return layer.assign(**{str(c): layer[c].astype("Int32") for c in flags})


def _community_words(results: Results, layer: Any, names: Any, lang: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for check in results.checks:
        of = check.circle.id
        said[f"{of}_result"] = labels("report.reason_", layer[f"{of}_reason"], lang)
        said[f"{of}_nearest_name"] = area_labels(layer[f"{of}_nearest"], "facility", names, lang)
    for known in results.ranges:
        of = known.circle.id
        said[f"{of}_covered_name"] = labels("sensitivity.", layer[f"{of}_covered"], lang)
    return said


def _facility_words(results: Results, layer: Any, _: Any, lang: str) -> dict[str, Any]:
    return {"kind_name": [kind_label(str(kind), lang, results.study.kinds) for kind in layer["kind"]]}


def _site_words(results: Results, layer: Any, _: Any, lang: str) -> dict[str, Any]:
    if "question" not in layer:
        return {}
    known = {p.id: p.name(lang) for p in results.proposals}
    said: dict[str, Any] = {"question_name": layer["question"].map(known)}
    said["state_name"] = labels("report.state_", layer["state"], lang)
    if "unit" in layer:
        said["unit_name"] = [counted_label(unit, lang) for unit in layer["unit"]]
    return said


def _picture_words(results: Results, layer: Any, _: Any, lang: str) -> dict[str, Any]:
    known = {c.id: c.zh if lang == "zh" else c.en for c in results.study.file.circles}
    return {"circle_name": layer["circle"].map(known).fillna(layer["circle"])}


def _route_words(results: Results, layer: Any, names: Any, lang: str) -> dict[str, Any]:
    return {
        **_picture_words(results, layer, names, lang),
        "community_name": area_labels(layer["community"], "community", names, lang),
        "nearest_name": area_labels(layer["site"], "facility", names, lang),
        **_facility_words(results, layer, names, lang),
    }
