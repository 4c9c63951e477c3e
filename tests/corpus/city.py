"""One city on a grid, whose right figures are known, and the ways in which a case changes its files.

24 communities, 10 facilities, a road every 300 m; 8,982 of 20,999 older people are in the home circle, 186 of 253
hardship people in the care circle.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import shutil
import tomllib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import shapely
from shapely.geometry import LineString, Point

BASE = Path(__file__).parent / "base"
STUDY_CRS = "EPSG:32651"
HOME, CARE = (8_982, 20_999), (186, 253)
"""Older people in the home circle and hardship people in the care circle, of all."""
_SOUTH_WEST, _STEP_M, _LINES = (420_448, 4_150_722), 300, 17

Row = dict[str, Any]


def base_rows(table: str) -> list[Row]:
    """The rows of a base table as texts."""
    with (BASE / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@functools.cache
def base_roads() -> gpd.GeoDataFrame:
    """544 roads, 17 lines each way, a crossing every 300 m; in the study CRS."""
    x0, y0 = _SOUTH_WEST
    at = [[Point(x0 + _STEP_M * i, y0 + _STEP_M * j) for j in range(_LINES)] for i in range(_LINES)]
    last = _LINES - 1
    east = [(at[i][j], at[i + 1][j]) for i in range(last) for j in range(_LINES)]
    north = [(at[i][j], at[i][j + 1]) for i in range(_LINES) for j in range(last)]
    lines = [LineString(ends) for ends in east + north]
    names = [f"r{i}" for i in range(len(lines))]
    return gpd.GeoDataFrame({"id": names, "highway": "residential", "oneway": "no"}, geometry=lines, crs=STUDY_CRS)


class City:
    """The files of the base city in a folder, and its study file as a table; a case changes either."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self.folder = folder
        for part in kept.iterdir():
            shutil.copyfile(part, folder / part.name)
        self.study: dict[str, Any] = tomllib.loads((BASE / "study.toml").read_text(encoding="utf-8"))
        self.text: Callable[[str], str] = str
        self.communities, self.facilities = base_rows("communities"), base_rows("facilities")

    def path(self, name: str) -> Path:
        """Where a file of the study lies."""
        return self.folder / name

    def part(self, table: str) -> dict[str, Any]:
        """The part of the study file about a table, to change."""
        found = self.study[table]
        return found[0] if isinstance(found, list) else found

    def rows(self, table: str) -> list[Row]:
        """The rows of communities or facilities, to change."""
        return self.communities if table == "communities" else self.facilities

    def use(self, table: str, name: str, **keys: Any) -> Path:
        """Name another file for a table, and its path to write to; ``None`` takes a key away."""
        part = self.part(table)
        part["path"] = name
        for key, value in keys.items():
            if value is None:
                part.pop(key, None)
            else:
                part[key] = value
        return self.path(name)

    def write_study(self) -> Path:
        """The study file as it stands now."""
        target = self.path("study.toml")
        target.write_text(self.text(toml_of(self.study)), encoding="utf-8")
        return target

    # --- files of a table -------------------------------------------------------------------------

    def save(self, table: str, **how: Any) -> None:
        """The rows of a table as its CSV."""
        self.use(table, f"{table}.csv").write_bytes(csv_bytes(grid(self.rows(table)), **how))

    def save_grid(self, table: str, cells: Sequence[Sequence[Any]], **how: Any) -> None:
        """Cells of any form as the CSV of a table."""
        self.use(table, f"{table}.csv").write_bytes(csv_bytes(cells, **how))

    def save_book(
        self, table: str, cells: Sequence[Sequence[Any]], *, edit: Callable[[Any], None] | None = None, **keys: Any
    ) -> None:
        """Cells as the only sheet of a workbook, which ``edit`` may change further."""
        book = openpyxl.Workbook()
        page = book.worksheets[0]
        for row in cells:
            page.append(list(row))
        if edit is not None:
            edit(page)
        book.save(self.use(table, f"{table}.xlsx", **keys))

    def layer(self, table: str) -> gpd.GeoDataFrame:
        """The rows of a table as points in WGS 84, people as numbers."""
        frame = pd.DataFrame(self.rows(table)).drop(columns=["lon", "lat"])
        for column in ("older", "hardship", "beds"):
            if column in frame:
                frame[column] = frame[column].astype(int)
        spots = [Point(float(r["lon"]), float(r["lat"])) for r in self.rows(table)]
        return gpd.GeoDataFrame(frame, geometry=spots, crs=4326)

    def save_layer(self, table: str, frame: gpd.GeoDataFrame, name: str, **how: Any) -> Path:
        """A layer as the file of a table; its columns of x and y no longer asked for."""
        target = self.path(name)
        if target.suffix == ".parquet":
            frame.to_parquet(target)
        else:
            frame.to_file(target, **how)
        self.use_layer(table, name)
        return target

    def use_layer(self, table: str, name: str, **keys: Any) -> Path:
        """Name a file with shapes for a table."""
        for key in ("x", "y"):
            self.part(table).get("columns", {}).pop(key, None)
        return self.use(table, name, **keys)

    def features(self, table: str) -> dict[str, Any]:
        """The rows of a table as a GeoJSON of hand-made features."""
        return {"type": "FeatureCollection", "features": [_feature(r) for r in self.rows(table)]}

    def save_json(self, table: str, content: Any, name: str = "", **keys: Any) -> None:
        """Any JSON as the GeoJSON of a table."""
        text = json.dumps(content, ensure_ascii=False)
        self.use_layer(table, name or f"{table}.geojson", **keys).write_text(text, encoding="utf-8")

    def save_roads(self, roads: gpd.GeoDataFrame, name: str = "roads.gpkg", **keys: Any) -> None:
        """Other roads than those of the base."""
        target = self.use("roads", name, **keys)
        target.unlink(missing_ok=True)
        roads.to_parquet(target) if target.suffix == ".parquet" else roads.to_file(target)


def keep_base(folder: Path) -> Path:
    """The files of the base city, written once for all cases."""
    for part in BASE.iterdir():
        if part.suffix != ".toml":
            shutil.copyfile(part, folder / part.name)
    base_roads().to_file(folder / "roads.gpkg")
    return folder


def grid(rows: Sequence[Row]) -> list[list[Any]]:
    """Rows as cells, the names of the columns first."""
    names = list(dict.fromkeys(n for r in rows for n in r))
    return [names, *([r.get(n, "") for n in names] for r in rows)]


def numbers_in(rows: Sequence[Row]) -> list[Row]:
    """Rows whose figures are numbers, as a workbook holds them; ids and codes stay text."""
    counts = {"older": int, "hardship": int, "beds": int, "lon": float, "lat": float}
    return [{k: counts[k](v) if k in counts else v for k, v in r.items()} for r in rows]


def csv_bytes(cells: Sequence[Sequence[Any]], *, encoding: str = "utf-8", **how: Any) -> bytes:
    """Cells as the bytes of a CSV."""
    stream = io.StringIO()
    csv.writer(stream, **how).writerows(cells)
    return stream.getvalue().encode(encoding)


def zip_parts(target: Path, parts: Mapping[str, Path], **how: Any) -> None:
    """Files packed under the names given."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, **how) as packed:
        for name, path in parts.items():
            packed.write(path, name)


def save_gdb(target: Path, **layers: gpd.GeoDataFrame) -> None:
    """Layers as a file geodatabase, whole numbers as such."""
    for name, frame in layers.items():
        pyogrio.write_dataframe(
            frame, target, driver="OpenFileGDB", layer=name, append=target.exists(),
            TARGET_ARCGIS_VERSION="ARCGIS_PRO_3_2_OR_LATER",
        )  # fmt: skip


def _feature(row: Row) -> dict[str, Any]:
    said = {k: int(v) if k in ("older", "hardship", "beds") else v for k, v in row.items() if k not in ("lon", "lat")}
    where = {"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]}
    return {"type": "Feature", "properties": said, "geometry": where}


def moved(frame: gpd.GeoDataFrame, change: Callable[..., Any]) -> gpd.GeoDataFrame:
    """A layer with other coordinates, of the CRS that it names."""
    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), change), crs=frame.crs)


# --- a table as TOML -------------------------------------------------------------------------------------------------


def toml_of(study: Mapping[str, Any]) -> str:
    """A study as TOML: tables, lists of tables, and within them inline."""
    parts = []
    for name, part in study.items():
        for one in part if isinstance(part, list) else [part]:
            head = f"[[{name}]]" if isinstance(part, list) else f"[{name}]"
            parts.append("\n".join([head, *(f"{k} = {_value(v)}" for k, v in one.items())]))
    return "\n\n".join(parts) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _key(key: str) -> str:
    return key if key.isascii() and key.isidentifier() else json.dumps(key, ensure_ascii=False)
