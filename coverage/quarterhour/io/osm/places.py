"""Places out of an OSM extract, by kinds or by any tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import shapely
from pyproj import CRS

from quarterhour.base.errors import first_ids
from quarterhour.base.findings import finding, findings_from, join_findings
from quarterhour.base.planar import inner_points
from quarterhour.io.osm.open import Box, as_data_errors, box_text, existing, in_box, metres_of
from quarterhour.io.osm.tags import Rules, Tags, kind_of, wanted_rules


def read_osm_places(
    path: str | Path, *, kinds: Sequence[str] | Tags, crs: object, kind: str = "", bbox: Box | None = None
) -> gpd.GeoDataFrame:
    """Places of some kinds, or with some tags, out of an OSM extract, as points.

    Parameters
    ----------
    path : an ``.osm.pbf``, ``.osm.gz`` or ``.osm`` file.
    kinds : names of kinds (``known_kinds``), or tags any of which is enough: ``{"amenity": ["pharmacy"],
        "shop": True}``; True is any value but "no".
    crs : projected, in metres; the CRS of the answer.
    kind : what all of them are; without it the kind by name, or the value of the tag.
    bbox : west, south, east, north in degrees; only places inside are kept.

    Returns
    -------
    One row an object: of two kinds that agree, the first asked for. ``id`` is ``n``, ``w`` or ``r`` and the OSM id; an
    outline is taken as a point inside it; one that the extract holds in part, and a relation that has none, as the
    middle of what is known. Columns ``name`` ("" where none), ``kind``, and ``population`` (missing where not tagged)
    when any of them has it. A place of which the extract holds nothing has no geometry: whoever checks the table sets
    it aside and says so.

    Raises
    ------
    MissingError, DataError : no such file, not an OSM file, a kind without tags, a CRS not in metres.

    Examples
    --------
    >>> import pathlib, tempfile, quarterhour as qh
    >>> extract = '''<osm version="0.6"><node id="7" version="1" lat="37.5" lon="122.1">
    ... <tag k="amenity" v="pharmacy"/><tag k="name" v="药店"/></node></osm>'''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "town.osm")
    ...     _ = path.write_text(extract, encoding="utf-8")
    ...     found = qh.read_osm_places(path, kinds={"amenity": ["pharmacy"]}, crs="EPSG:32651")
    >>> found[["name", "kind"]].to_dict("index")
    {'n7': {'name': '药店', 'kind': 'pharmacy'}}
    """
    file, metres, rules = existing(path), metres_of(crs), wanted_rules(kinds, kind=kind)
    found = as_data_errors(file, lambda: _read_tagged(file, rules))
    return _as_frame({place: one for place, one in found.items() if bbox is None or one.lies_in(bbox)}, rules, metres)


def read_places_within(
    path: str | Path, rules: Rules, *, crs: object, table: str, bbox: Box | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Places by rules (``tags.wanted_rules``), all of them on the ground, and findings.

    Told: how many were left outside ``bbox``, whose outlines are not whole, and who has no place at all.
    """
    file, metres = existing(path), metres_of(crs)
    found = as_data_errors(file, lambda: _read_tagged(file, rules))
    here = {place: one for place, one in found.items() if bbox is None or one.lies_in(bbox)}
    kept = {place: one for place, one in here.items() if one.point is not None}
    told = [_outside(len(found) - len(here), bbox, table, file.name), _in_part(kept, table, file.name)]
    lost = [_unplaced(place, one, table, file.name) for place, one in here.items() if one.point is None]
    return _as_frame(kept, rules, metres), join_findings([*told, findings_from(lost)])


@dataclass(frozen=True)
class _Tagged:
    tags: dict[str, str]
    point: shapely.Point | None
    whole: bool

    def lies_in(self, box: Box) -> bool:
        """Whether it is known to lie in a box."""
        return self.point is not None and in_box(self.point.x, self.point.y, box)


def _as_frame(found: Mapping[str, _Tagged], rules: Rules, metres: CRS) -> gpd.GeoDataFrame:
    ids = pd.Index(list(found), name="id", dtype="str")
    tags = [one.tags for one in found.values()]
    return place_frame(ids, tags, rules, [one.point for one in found.values()], metres)


def _outside(count: int, bbox: Box | None, table: str, file: str) -> pd.DataFrame:
    if not count or bbox is None:
        return findings_from([])
    return finding(
        "osm.places_outside", severity="note", table=table, file=file, value=str(count), detail=box_text(bbox)
    )


def _in_part(kept: Mapping[str, _Tagged], table: str, file: str) -> pd.DataFrame:
    partial = [place for place, one in kept.items() if not one.whole]
    if not partial:
        return findings_from([])
    return finding(
        "osm.outline_in_part", severity="warning", table=table, file=file, value=str(len(partial)),
        detail=first_ids(partial),
    )  # fmt: skip


def _unplaced(place: str, one: _Tagged, table: str, file: str) -> dict[str, str]:
    said = {"severity": "error", "rule": "osm.no_outline", "table": table, "file": file}
    return {**said, "id": place, "value": str(one.tags.get("name", ""))}


# --- reading


def _read_tagged(file: Path, rules: Rules) -> dict[str, _Tagged]:
    wanted = osmium.filter.KeyFilter(*sorted({key for _, tags in rules for key in tags}))
    read: Any = osmium.FileProcessor(str(file)).with_areas(wanted).with_filter(wanted)
    found: dict[str, _Tagged] = {}
    members: dict[str, list[tuple[str, int]]] = {}
    for one in read:
        tags = dict(one.tags)
        if kind_of(tags, rules) is None:
            continue
        place, (point, whole) = _osm_id(one), _place_of(one)
        if one.is_relation():
            members[place] = [(m.type, m.ref) for m in one.members]
        if one.is_area() or place not in found:
            found[place] = _Tagged(tags, point, whole)
    bare = {place: parts for place, parts in members.items() if not found[place].whole}
    for place, known in _middles(file, bare, read.node_location_storage).items():
        found[place] = _Tagged(found[place].tags, known, whole=False)
    return {place: found[place] for place in sorted(found, key=lambda p: ("nwr".index(p[0]), int(p[1:])))}


def _osm_id(one: Any) -> str:
    if one.is_area():
        return f"{'w' if one.from_way() else 'r'}{one.orig_id()}"
    return f"{one.type_str()}{one.id}"


def _place_of(one: Any) -> tuple[shapely.Point | None, bool]:
    """A point, and whether it stands for the whole of the place."""
    if one.is_node():
        return (_point(one.location), True) if one.location.valid() else (None, False)
    if one.is_way():
        known = [n.location for n in one.nodes if n.location.valid()]
        return _middle([(at.lon, at.lat) for at in known]), len(known) == len(one.nodes)
    if one.is_area():
        outline = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(one))
        return inner_points([outline])[0], True
    return None, False


def _point(at: Any) -> shapely.Point:
    return shapely.Point(at.lon, at.lat)


def _middle(known: Iterable[tuple[float, float]]) -> shapely.Point | None:
    points = list(known)
    return shapely.MultiPoint(points).centroid if points else None


def _middles(
    file: Path, members: Mapping[str, Sequence[tuple[str, int]]], locations: Any
) -> dict[str, shapely.Point | None]:
    """The middle of what the extract holds of each relation's members; read again only where there is any."""
    if not members:
        return {}
    asked = {ref for parts in members.values() for kind, ref in parts if kind == "w"}
    ways: Any = osmium.FileProcessor(str(file), osmium.osm.WAY)
    nodes = {way.id: [node.ref for node in way.nodes] for way in ways if way.id in asked}
    return {
        place: _middle(
            at
            for kind, ref in parts
            for node in (nodes.get(ref, []) if kind == "w" else [ref] if kind == "n" else [])
            if (at := _known(locations, node)) is not None
        )
        for place, parts in members.items()
    }


def _known(locations: Any, node: int) -> tuple[float, float] | None:
    try:
        at = locations.get(node)
    except (KeyError, TypeError):  # not in the extract; a number below 0, as editors give before they upload
        return None
    return (at.lon, at.lat) if at.valid() else None


# --- as a table


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
