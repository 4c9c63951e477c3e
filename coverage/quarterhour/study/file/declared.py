"""Which keys of a study file mean something for which part and which kind of file; any other is refused.

::

    key          roads  places  tables  layers      csv  xlsx  geojson  parquet  shp, zip  gpkg  OSM  graphml
    columns        x      x       x       x          x    x       x        x        x       x
    crs            x      x               x          x    x       x        x        x       x
    datum          x      x               x          x    x       x        x        x       x
    encoding       x      x       x       x          x            x                 x
    from_osm              x                                                                       x
    header_row            x       x                  x    x
    layer          x      x       x       x                                                 x
    sheet                 x       x                       x
    area, turns    x                                                                              x
    hidden_rows           x       x                       x

XLS, ET and ODS take what XLSX does, but ``hidden_rows``; file geodatabases (.gdb, .gdb.zip), KML, KMZ, FlatGeobuf and
Spatialite what GPKG does; MapInfo ``encoding`` as well.
A table of a database takes ``columns, crs, datum``. ``path, database, table, quality, source`` and what only one part
has (``people, kind, name, elevation``) hold for every file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeGuard

from quarterhour.study.file.fields import Addressed, Facilities, Places, Source
from quarterhour.study.file.mistakes import mistake
from quarterhour.study.file.study import StudyFile

KEYS_BY_PART: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "roads": frozenset(("area", "columns", "crs", "datum", "encoding", "layer", "turns")),
        "places": frozenset(
            ("columns", "crs", "datum", "encoding", "from_osm", "header_row", "hidden_rows", "layer", "sheet")
        ),
        "population": frozenset(("columns", "crs", "datum", "encoding", "header_row", "layer", "sheet")),
        "registers": frozenset(("columns", "crs", "datum", "encoding", "header_row", "hidden_rows", "layer", "sheet")),
        "tables": frozenset(("columns", "encoding", "header_row", "hidden_rows", "layer", "sheet")),
        "layers": frozenset(("columns", "crs", "datum", "encoding", "layer")),
    }
)
"""What a part may say of its file, whatever kind of file it is."""
_TABLE = frozenset(("columns", "crs", "datum"))
KEYS_BY_FORMAT: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = MappingProxyType(
    {
        "csv": ((".csv", ".txt", ".tsv"), _TABLE | {"encoding", "header_row"}),
        "xlsx": ((".xlsx", ".xlsm"), _TABLE | {"sheet", "header_row", "hidden_rows"}),
        "xls": ((".xls", ".et", ".ods"), _TABLE | {"sheet", "header_row"}),
        "geojson": ((".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson"), _TABLE | {"encoding"}),
        "parquet": ((".parquet", ".geoparquet"), _TABLE),
        "gpkg": ((".gpkg", ".gdb", ".gdb.zip", ".kml", ".kmz", ".fgb", ".sqlite"), _TABLE | {"layer"}),
        "shp": ((".shp", ".zip"), _TABLE | {"encoding"}),
        "mapinfo": ((".mif", ".tab"), _TABLE | {"encoding", "layer"}),
        "osm": ((".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2"), frozenset(("area", "from_osm", "turns"))),
        "graphml": ((".graphml",), frozenset()),
        "database": ((), _TABLE),
    }
)
"""How the names of a kind of file end, and what may be said of it."""
_KEYS = frozenset().union(*KEYS_BY_PART.values())
_ALWAYS_SHAPES = ("geojson", "shp")
"""Files whose rows all have shapes: nobody looks for an x and a y in their columns."""


def is_extract(path: object) -> TypeGuard[Path]:
    """Whether a file is an extract of OpenStreetMap, by its name; a table of a database is none."""
    return isinstance(path, Path) and format_of(path) == "osm"


def format_of(path: str | Path | None) -> str | None:
    """What kind of file it is by its name; None for a kind that is not in the table: its reader says so."""
    name = "" if path is None else Path(path).name.lower()
    return next((known for known, (endings, _) in KEYS_BY_FORMAT.items() if name.endswith(endings)), None)


def sources(study: StudyFile) -> Iterator[tuple[tuple[str | int, ...], str, Source]]:
    """Every part that names a file: where it stands, which row of the table it is, and what it says."""
    yield ("roads",), "roads", study.roads
    for name in ("communities", "towns", "counties", "candidates"):
        part = getattr(study, name)
        if part is not None:
            yield (name,), "places", part
    for name, row in (
        ("population", "population"),
        ("registers", "registers"),
        ("facilities", "places"),
        ("tables", "tables"),
        ("layers", "layers"),
    ):
        for at, part in enumerate(getattr(study, name)):
            yield (name, at), row, part


def idle_keys(study: StudyFile, *, roads: Path | None = None) -> list[dict[str, Any]]:
    """Every key that would do nothing, with where it stands. ``roads``: the file that stands in for those named."""
    found = []
    for where, row, part in sources(study):
        found += _idle(where, row, part, roads if row == "roads" else None)
        found += _beside_each_other(where, part)
    return found + _unknown_services(study)


def _unknown_services(study: StudyFile) -> list[dict[str, Any]]:
    """Databases and geocoders that are named where they are used, but not in their own tables."""
    asked = [(where, part.geocoder) for where, _, part in sources(study) if isinstance(part, Addressed)]
    unknown = [
        mistake((*where, "geocoder"), "unknown_geocoder", given=name)
        for where, name in asked
        if name is not None and name not in study.geocoders
    ]
    named = [(where, part.database) for where, _, part in sources(study)] + [(("outputs",), study.outputs.database)]
    known = ", ".join(study.databases) or "-"
    return unknown + [
        mistake((*where, "database"), "unknown_database", given=name, known=known)
        for where, name in named
        if name is not None and name not in study.databases
    ]


def _idle(where: tuple[str | int, ...], row: str, part: Source, given: Path | None) -> list[dict[str, Any]]:
    extract = isinstance(part, Places) and bool(part.from_osm)
    found = []
    for key in sorted(part.model_fields_set & _KEYS):
        # What the roads' file is like is said of the file that is named; turns and area of the one that is read.
        file = given if given is not None and (key in ("area", "turns") or _unsaid(part)) else part.path
        stored = part.database is not None and file == part.path
        known = "osm" if extract else "database" if stored else format_of(file)
        if key not in KEYS_BY_PART[row]:
            found.append(mistake((*where, key), "key_not_of_part", part=where[0], given=getattr(part, key)))
        elif known is not None and key not in KEYS_BY_FORMAT[known][1]:
            fits = " ".join(e for endings, keys in KEYS_BY_FORMAT.values() if key in keys for e in endings)
            shown = "from_osm" if extract else part.table if stored else _shown(known, file)
            found.append(mistake((*where, key), "key_not_of_format", file=shown, fits=fits, given=getattr(part, key)))
    return found


def _shown(known: str, file: str | Path | None) -> str:
    return f".{known}" if file is None else Path(file).name


def _unsaid(part: Source) -> bool:
    """Whether a part says nothing of where its rows are."""
    return part.path is None and part.database is None


def _beside_each_other(where: tuple[str | int, ...], part: Source) -> list[dict[str, Any]]:
    """Keys of one part that cannot both hold."""
    found = []
    if isinstance(part, Facilities) and part.kind is not None and "kind" in part.columns:
        found.append(mistake((*where, "kind"), "kind_twice", given=part.kind))
    if isinstance(part, Places) and part.path is not None and bool(part.from_osm) != is_extract(Path(part.path)):
        key = "from_osm" if part.from_osm else "path"
        found.append(mistake((*where, key), "extract_and_kinds", given=part.path))
    if part.datum != "wgs84" and part.crs is not None and not _in_degrees(part.crs):
        found.append(mistake((*where, "datum"), "datum_not_degrees", given=part.datum, crs=part.crs))
    if format_of(part.path) in _ALWAYS_SHAPES:
        found += [
            mistake((*where, "columns", axis), "key_not_of_format", file=part.path, fits=".csv .xlsx", given=said)
            for axis, said in part.columns.items()
            if axis in ("x", "y")
        ]
    return found


def _in_degrees(crs: str) -> bool:
    from pyproj import CRS

    return CRS.from_user_input(crs).is_geographic
