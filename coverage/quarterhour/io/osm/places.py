"""Places of some kinds out of an OSM extract, by their tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.io.osm.open import as_data_errors, existing, metres_of
from quarterhour.io.osm.tags import Rules, Tags, kind_of, rules_of


def read_osm_places(path: str | Path, *, kinds: Sequence[str], crs: object) -> gpd.GeoDataFrame:
    """Places of some kinds out of an OSM extract, as points.

    ``id`` is ``n``, ``w`` or ``r`` and the OSM id; an outline is taken as a point inside it. One row an
    object: of two kinds that agree, the first asked for. Columns ``name`` ("" where none), ``kind``,
    and ``population`` (missing where not tagged) when any of them has it. A place whose outline the
    extract does not hold has no geometry: whoever checks the table sets it aside and says so.
    """
    file, metres = existing(path), metres_of(crs)
    rules = rules_of(kinds)
    found = as_data_errors(file, lambda: _read_tagged(file, rules))
    ids = pd.Index(found, name="id", dtype="str")
    tags = [one.tags for one in found.values()]
    return place_frame(ids, tags, rules, [one.point for one in found.values()], metres)


@dataclass(frozen=True)
class _Tagged:
    tags: dict[str, str]
    point: shapely.Point | None


def _read_tagged(file: Path, rules: Rules) -> dict[str, _Tagged]:
    keys = sorted({key for _, tags in rules for key in tags})
    wanted = osmium.filter.KeyFilter(*keys)
    found: dict[str, _Tagged] = {}
    for one in osmium.FileProcessor(str(file)).with_areas(wanted).with_filter(wanted):
        tags = dict(one.tags)
        if kind_of(tags, rules) is None:
            continue
        place = _osm_id(one)
        point = _point_of(one)
        if point is not None or place not in found:
            found[place] = _Tagged(tags, point)
    return {place: found[place] for place in sorted(found, key=lambda p: ("nwr".index(p[0]), int(p[1:])))}


def _osm_id(one: Any) -> str:
    if one.is_area():
        return f"{'w' if one.from_way() else 'r'}{one.orig_id()}"
    return f"{one.type_str()}{one.id}"


def _point_of(one: Any) -> shapely.Point | None:
    if one.is_node():
        return shapely.Point(one.location.lon, one.location.lat) if one.location.valid() else None
    if one.is_way():
        known = [(n.lon, n.lat) for n in one.nodes if n.location.valid()]
        return None if not known else shapely.MultiPoint(known).centroid
    if one.is_area():
        outline = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(one))
        return shapely.point_on_surface(outline)
    return None


def place_frame(
    ids: pd.Index,
    tags: Sequence[Tags],
    rules: Rules,
    points: Sequence[shapely.Point | None],
    crs: CRS,
) -> gpd.GeoDataFrame:
    """Tagged points as a table: name, kind, population where any has it."""
    columns: dict[str, Any] = {
        "name": pd.Series([str(t.get("name") or "") for t in tags], ids, dtype="str"),
        "kind": pd.Series([kind_of(t, rules) or "" for t in tags], ids, dtype="str"),
    }
    counted = pd.Series([_count(t.get("population")) for t in tags], ids, dtype="Int64")
    if counted.notna().any():
        columns["population"] = counted
    lonlat = gpd.GeoSeries(list(points), index=ids, crs="EPSG:4326")
    return gpd.GeoDataFrame(columns, index=ids, geometry=lonlat.to_crs(crs), crs=crs)


def _count(text: object) -> int | None:
    """A number of people as mappers write it: 4284, 4 284, 4,284, 4'284."""
    plain = re.sub(r"(?<=\d)[\s,.'’](?=\d{3}\b)", "", str(text).strip())
    return int(plain) if re.fullmatch(r"\d{1,10}", plain) else None
