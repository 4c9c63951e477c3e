"""Roads and places downloaded from OpenStreetMap's services, through OSMnx."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.base.errors import DataError, QuarterhourError, ServiceError, WriteError
from quarterhour.base.foreign import foreign
from quarterhour.base.machine import write_error
from quarterhour.base.machine.scratch import scratch_folder
from quarterhour.base.planar import inner_points
from quarterhour.io.osm.access import barrier_word
from quarterhour.io.osm.open import corners_of, short
from quarterhour.io.osm.overpass import Services
from quarterhour.io.osm.places import place_frame
from quarterhour.io.osm.tags import (
    NODE_TAGS,
    WAY_TAGS,
    Rules,
    Tags,
    rules_of,
    signal,
    wanted_rules,
)
from quarterhour.io.sets.handover import READY, finish, hand_over
from quarterhour.io.sets.lock import holding
from quarterhour.network.modes import osm_words

Area: TypeAlias = str | tuple[float, float, float, float] | shapely.Polygon | shapely.MultiPolygon

OVERPASS = "https://overpass-api.de/api"
_FETCHED = ("roads.graphml", "facilities.geojson", "communities.geojson", "query.json")


@dataclass(frozen=True)
class Fetched:
    """What a download left in its folder."""

    folder: Path
    roads: Path
    facilities: Path
    communities: Path
    query: Path
    counts: Mapping[str, int]

    def __repr__(self) -> str:
        return f"<Fetched {', '.join(f'{n} {what}' for what, n in self.counts.items())} in {self.folder}>"


def fetch(
    area: Area,
    folder: str | Path,
    *,
    facility_kinds: Sequence[str],
    facility_tags: Sequence[Tags] = (),
    own_kinds: Mapping[str, Sequence[Tags]] | None = None,
    community_kinds: Sequence[str] = ("village", "town", "suburb", "neighbourhood"),
    endpoint: str | None = None,
    nominatim: str | None = None,
    timeout: float = 180,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Fetched:
    """Download roads, facilities and communities of an area from OpenStreetMap, through OSMnx.

    Parameters
    ----------
    area : a place name (asked of Nominatim), (west, south, east, north) in degrees, or a polygon in degrees.
    folder : receives ``roads.graphml``, ``facilities.geojson``, ``communities.geojson``, ``query.json``
        (area, polygon, kinds, date, service, counts). Other files in it stay. Everything is
        downloaded before the first file is put in place; ``query.json`` comes last.
    facility_tags : further facilities by tables of tags, as `read_osm_places` takes them.
    own_kinds : tags of kinds beside those of the program.
    endpoint, nominatim : other services than the public ones, up to the folder before ``/interpreter``.
    timeout : seconds that one question and its whole answer may take.

    Raises
    ------
    ServiceError : busy (429, 503, 504; where it says that it will be free within half a minute it is asked once more),
        refused, late, cut short, too large, sent on to another host, or no road there. Nothing was written.
    DataError, WriteError : the area or a kind cannot be used; the folder cannot be written, or holds
        files of these names that no download left there.
    """
    by_tag = [rule for tags in facility_tags for rule in wanted_rules(tags)]
    rules = {"facilities": [*rules_of(facility_kinds, own_kinds), *by_tag], "communities": rules_of(community_kinds)}
    _check_ours(Path(folder))
    service = endpoint or OVERPASS
    with _osmnx_asking(service, nominatim=nominatim, timeout=timeout, public=endpoint is None) as ox:
        polygon = _polygon(area, ox)
        graph = _download_roads(ox, polygon, service)
        places = {name: _download_places(ox, polygon, part) for name, part in rules.items()}
    counts = {"roads": graph.number_of_edges(), **{name: len(found) for name, found in places.items()}}
    query = {
        "date": now().isoformat(timespec="seconds"),
        "service": service,
        "area": area if isinstance(area, str) else list(polygon.bounds),
        "polygon": polygon.wkt,
        "facility_kinds": list(facility_kinds),
        **({"facility_tags": [dict(tags) for tags in facility_tags]} if facility_tags else {}),
        "community_kinds": list(community_kinds),
        "counts": counts,
        "licence": "OpenStreetMap contributors, ODbL 1.0",
    }
    _write_folder(Path(folder), ox, graph, places, query)
    at = Path(folder)
    roads, facilities, communities, told = (at / name for name in _FETCHED)
    return Fetched(at, roads, facilities, communities, told, counts=MappingProxyType(counts))


@contextlib.contextmanager
def _osmnx_asking(service: str, *, nominatim: str | None, timeout: float, public: bool) -> Iterator[Any]:
    """OSMnx with its settings for one download, asking through our door; it keeps both for the whole process."""
    import osmnx as ox

    asked = Services(service, nominatim or ox.settings.nominatim_url, timeout, public)
    doors = ((ox._overpass, "_overpass_request", asked.elements), (ox._nominatim, "_nominatim_request", asked.places))
    wanted: list[tuple[Any, str, Any]] = [
        *doors,
        (ox.settings, "overpass_url", service),
        (ox.settings, "requests_timeout", timeout),
        (ox.settings, "use_cache", False),
        (ox.settings, "useful_tags_way", [*WAY_TAGS]),
        (ox.settings, "useful_tags_node", [*NODE_TAGS]),
    ]
    before = [(home, name, getattr(home, name)) for home, name, _ in wanted]
    try:
        for home, name, value in wanted:
            setattr(home, name, value)
        with foreign(service, key="osm.refused", error=ServiceError, mixed=True, service=service):
            yield ox
    finally:
        for home, name, value in before:
            setattr(home, name, value)


def _polygon(area: Area, ox: Any) -> shapely.Polygon | shapely.MultiPolygon:
    if isinstance(area, str):
        try:
            outline = ox.geocode_to_gdf(area).geometry.iloc[0]
        except (ox._errors.InsufficientResponseError, TypeError) as why:
            raise DataError("osm.bad_area", area=area) from why
    elif isinstance(area, tuple):
        outline = shapely.Polygon(corners_of(area)) if area[0] < area[2] and area[1] < area[3] else shapely.Polygon()
    else:
        outline = area
    west, south, east, north = outline.bounds or (1, 1, 0, 0)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90 and outline.is_valid):
        raise DataError("osm.bad_area", area=str(area)[:80])
    return outline


def _download_roads(ox: Any, polygon: Any, service: str) -> Any:
    """Roads and ferries; no two ways are joined, and nodes with a signal or a barrier stay."""
    asked = [f'["highway"~"^({"|".join(osm_words()["roads"]["classes"])})$"]', '["route"="ferry"]']
    try:
        whole = ox.graph_from_polygon(
            polygon,
            simplify=False,
            retain_all=True,
            truncate_by_edge=True,
            custom_filter=asked,
        )
    except (ox._errors.InsufficientResponseError, ValueError) as why:
        raise ServiceError("osm.nothing_there", service=service) from why
    for _, data in whole.nodes(data=True):
        if barrier_word(data) or any(signal(data)):
            data["kept"] = "yes"
    return ox.simplify_graph(whole, node_attrs_include=["kept"], edge_attrs_differ=["osmid"])


def _download_places(ox: Any, polygon: Any, rules: Rules) -> gpd.GeoDataFrame:
    try:
        found = ox.features_from_polygon(polygon, _asked(rules))
    except ox._errors.InsufficientResponseError:
        found = gpd.GeoDataFrame(geometry=[], crs="EPSG:4326", index=pd.MultiIndex.from_arrays([[], []]))
    records = found.drop(columns="geometry").to_dict("records")
    said = [{str(key): value for key, value in one.items() if isinstance(value, str)} for one in records]
    ids = pd.Index([f"{element[0]}{number}" for element, number in found.index], name="id", dtype="str")
    places = place_frame(ids, said, rules, list(inner_points(found.geometry.to_numpy())), CRS(4326))
    return places[places["kind"] != ""].sort_index()


def _asked(rules: Rules) -> dict[str, bool | list[str]]:
    """What OSMnx is asked for: the first tag of each rule, which `place_frame` then looks at as a whole."""
    firsts = [next(iter(tags.items())) for _, tags in rules]
    whole = [key for key, values in firsts if values is True]
    some: dict[str, set[str]] = {}
    for key, values in firsts:
        if key not in whole:
            some.setdefault(key, set()).update([values] if isinstance(values, str) else values)
    return {**{key: sorted(values) for key, values in some.items()}, **dict.fromkeys(whole, True)}


def _check_ours(folder: Path) -> None:
    """Never write over a planner's own table of the same name; an earlier download that was cut short is finished."""
    if (folder / READY).is_dir():
        with holding(folder):
            finish(folder)
    there = [name for name in _FETCHED if (folder / name).exists()]
    if there and "query.json" not in there:
        raise WriteError("osm.not_ours", folder=str(folder), files=", ".join(there))


def _write_folder(folder: Path, ox: Any, graph: Any, places: Mapping[str, gpd.GeoDataFrame], query: object) -> None:
    """All files made beside the folder, then put in place, all or none."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder.parent, folder.name) as growing:
            ox.save_graphml(graph, growing / "roads.graphml")
            for name, found in places.items():
                text = found.reset_index().to_json(drop_id=True, ensure_ascii=False)
                (growing / f"{name}.geojson").write_text(text, encoding="utf-8")
            told = json.dumps(query, ensure_ascii=False, indent=2) + "\n"
            (growing / "query.json").write_text(told, encoding="utf-8")
            hand_over(growing, folder)
    except QuarterhourError:
        raise
    except OSError as why:
        refused = write_error(why, folder)
        if refused is not None and refused.key == "machine.write":
            raise refused from why
        raise WriteError("osm.cannot_write", folder=str(folder), detail=short(why)) from why
