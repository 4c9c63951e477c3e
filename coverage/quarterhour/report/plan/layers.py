"""The vector set for the territorial plan's one map: CGCS2000 degrees, field names of territorial-plan databases.

``BSM``, ``YSDM``, ``XZQDM``, ``XZQMC`` are as public software for such databases has them; the ministry's own
specification (trial version of March 2021) could be seen in its contents alone, so that the other names are ours, as
``FIELDS`` says. ``YSDM`` stays blank: nobody saw the codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.io.geopackage import LayerDress
from quarterhour.io.geopackage.qml import Entry, Label, Symbol, style
from quarterhour.report.plan.atlas.graticule import GRID_CRS
from quarterhour.report.plan.atlas.looks import COLOURS
from quarterhour.report.plan.shown import NOT_OF_IT, PlanTable, heads_of
from quarterhour.report.plan.tables import facility_rows
from quarterhour.report.plan.told import Told
from quarterhour.report.section import say_of
from quarterhour.study.layout.balance import people_column
from quarterhour.study.layout.facilities import BUILD, TREATMENTS

Layers = dict[str, gpd.GeoDataFrame]
_say = partial(say_of, "plan_layers")
SEEN = ("BSM", "YSDM", "XZQDM", "XZQMC", "YDMJ")
"""Field names that were seen in public software or standards."""
_FACILITY = {
    "SSBH": "number", "SSMC": "name", "SSLX": "kind", "SSJB": "level", "CZFS": "treatment", "YDMJ": "land_m2",
    "JZMJ": "floor_m2", "CWS": "beds", "HLCWS": "nursing_beds", "MWS": "graves", "JSSX": "period", "JSNF": "year",
    "TZ": "yuan", "ZRZT": "body", "SJZL": "quality",
}  # fmt: skip
_PRESENT = {"SSBH": "number", "SSMC": "name", "SSLX": "kind", "SSJB": "level", "YDMJ": "land_m2", "JZMJ": "floor_m2",
            "CWS": "beds_now", "HLCWS": "nursing_now", "MWS": "graves", "SJZL": "quality"}  # fmt: skip
_NUMBERS = ("YDMJ", "JZMJ", "CWS", "HLCWS", "MWS", "JSNF", "TZ")
_TOWN = {"LNRK": "older", "MJ": "area_km2", "RKMD": "older_per_km2", "JGS": "institutions_now", "CWS": "beds_now",
         "HLCWS": "nursing_now", "CWXQ": "beds_need", "SQSS": "community_now", "GHJGS": "institutions_after",
         "GHSQSS": "community_after"}  # fmt: skip


def plan_layers(told: Told) -> Layers:
    """``GHSS`` planned and ``XZSS`` present facilities, ``SQ`` communities, ``XZQ`` towns; of those what has rows."""
    made = {"GHSS": _facilities(told, _FACILITY), "XZSS": _present(told), "SQ": _communities(told), "XZQ": _towns(told)}
    return {name: layer for name, layer in made.items() if len(layer)}


def _headed(codes: Any, names: Any, rows: int) -> dict[str, Any]:
    return {"BSM": np.arange(1, rows + 1), "YSDM": [""] * rows, "XZQDM": list(codes), "XZQMC": list(names)}


def _facilities(told: Told, fields: Mapping[str, str]) -> gpd.GeoDataFrame:
    rows = told.layout.facilities
    return _layer(told, rows, fields)


def _present(told: Told) -> gpd.GeoDataFrame:
    rows = told.layout.facilities
    return _layer(told, rows[rows["treatment"].ne(BUILD)], _PRESENT)


def _layer(told: Told, rows: Any, fields: Mapping[str, str]) -> gpd.GeoDataFrame:
    shown = facility_rows(told, pd.DataFrame(rows))
    made = _headed(rows["town"], told.areas(rows["town"], "town"), len(rows))
    for field, column in fields.items():
        values = shown[column].where(shown[column].ne(NOT_OF_IT), None)
        made[field] = (
            pd.to_numeric(values, errors="coerce").to_numpy() if field in _NUMBERS else values.fillna("").array
        )
    layer = gpd.GeoDataFrame(made, geometry=rows.geometry.array, crs=rows.crs)
    return layer.to_crs(GRID_CRS)


def _communities(told: Told) -> gpd.GeoDataFrame:
    communities = told.results.inputs.communities
    made = _headed(communities.index.astype(str), texts(communities["name"]), len(communities))
    made["SSXZ"] = told.areas(communities["town"], "town") if "town" in communities else ""
    made["LNRK"] = communities[people_column(told.results)].astype(float).array
    for place, check in enumerate(told.results.checks, start=1):
        rows = check.communities.reindex(communities.index)
        made[f"FWQ{place}_DB"] = rows["met"].astype(int).array
        made[f"FWQ{place}_FZ"] = rows["minutes"].astype(float).round(2).array
    return gpd.GeoDataFrame(made, geometry=communities.geometry.array, crs=communities.crs).to_crs(GRID_CRS)


def _towns(told: Told) -> gpd.GeoDataFrame:
    towns, areas = told.results.inputs.towns, told.layout.areas
    if not len(towns):
        return gpd.GeoDataFrame({"BSM": []}, geometry=[], crs=GRID_CRS)
    figures = areas[areas["level"].eq("town")].set_index("area").reindex(towns.index.astype(str))
    made = _headed(towns.index.astype(str), figures["name"], len(towns))
    for field, column in _TOWN.items():
        made[field] = pd.to_numeric(figures[column], errors="coerce").to_numpy()
    for place, check in enumerate(told.results.checks, start=1):
        made[f"FWQ{place}_FGL"] = pd.to_numeric(figures[f"{check.circle.id}_share"], errors="coerce").to_numpy()
    return gpd.GeoDataFrame(made, geometry=towns.geometry.array, crs=towns.crs).to_crs(GRID_CRS)


# --- what the layers say of themselves ------------------------------------------------------------


def field_name(told: Told, field: str) -> str:
    """What a field means; of a circle with the circle's name."""
    if field.startswith("FWQ"):
        place, _, part = field.removeprefix("FWQ").partition("_")
        name = told.results.checks[int(place) - 1].circle.name(told.lang)
        return _say(f"field_circle_{part}", told.lang, name=name)
    return _say(f"field_{field}", told.lang)


def field_table(told: Told, layers: Layers) -> PlanTable:
    """Every field of the layers: what it means, and whether its name was seen in a public source."""
    rows = [
        {"layer": f"{name} {_say(f'title_{name}', told.lang)}", "field": field, "meaning": field_name(told, field),
         "name_from": _say("name_seen" if field in SEEN else "name_own", told.lang)}
        for name, layer in layers.items() for field in layer.columns if field != layer.geometry.name
    ]  # fmt: skip
    keys = ("layer", "field", "meaning", "name_from")
    table = pd.DataFrame(rows, columns=list(keys))
    return PlanTable("fields", told.say("title_fields"), table, heads_of(keys, told.lang), told.say("about_fields"))


def layer_dresses(told: Told, layers: Layers) -> dict[str, LayerDress]:
    """Titles, names of columns and styles of the layers."""
    return {name: _dress(told, name, layer) for name, layer in layers.items()}


def _dress(told: Told, name: str, layer: gpd.GeoDataFrame) -> LayerDress:
    fields = [c for c in layer.columns if c != layer.geometry.name]
    aliases = {field: field_name(told, field) for field in fields}
    listed = [("fid", ""), *aliases.items()]
    if name == "XZQ":
        entries = [Entry(_say("title_XZQ", told.lang), Symbol("#f3f1ec", 0.3, "#5b6675"))]
        qml = style("polygon", entries, label=Label("XZQMC"), aliases=listed)
    elif name == "GHSS":
        entries = [Entry(told.say(f"treatment_{t}"), Symbol(COLOURS[t], 2.4), told.say(f"treatment_{t}"))
                   for t in TREATMENTS]  # fmt: skip
        qml = style("point", entries, column="CZFS", aliases=listed)
    else:
        qml = style("point", [Entry(_say(f"title_{name}", told.lang), Symbol("#4a5568", 1.6))], aliases=listed)
    return LayerDress(_say(f"title_{name}", told.lang), _say(f"about_{name}", told.lang), aliases, qml)
