"""Reading what offices keep, and writing so that a crash leaves the old file or the new one.

CSV (UTF-8, GB18030, UTF-16 with a mark), XLSX with its title rows and totals, GeoJSON, GeoPackage,
Shapefile and GeoParquet. The wing: checks (the file itself), text, grid, excel, layers, located, writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from quarterhour.base.errors import DataError
from quarterhour.base.findings import join_findings
from quarterhour.io import places
from quarterhour.io.files.checks import checked_file, read_json, sha256
from quarterhour.io.files.excel import read_xlsx
from quarterhour.io.files.header import Table, typed
from quarterhour.io.files.layers import layer_table, read_geojson, read_gpkg, read_parquet, read_shp, read_zip
from quarterhour.io.files.located import column_list, onto_wgs84, renamed, with_geometry
from quarterhour.io.files.text import read_csv
from quarterhour.io.files.write import FIXED_DATE, atomic, together, write_csv, write_layers, write_text

__all__ = [
    "FIXED_DATE",
    "Table",
    "atomic",
    "read_json",
    "read_places",
    "read_roads_file",
    "read_table",
    "sha256",
    "together",
    "write_csv",
    "write_layers",
    "write_text",
]


def read_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
) -> Table:
    """Any table or layer an office keeps; numbers become numbers where nothing is lost by it.

    ``header_row`` counts from 1 as in Excel; without it the header is found below the titles.
    Codes with leading zeros or more than 15 digits stay text. A layer comes as a GeoDataFrame.
    MissingError when the file is not there; DataError when it is not what its name says, is too
    large, is in no known encoding, or has several sheets or layers and none was named.
    """
    table = _read_raw(path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer)
    return replace(table, frame=typed(table.frame, keep=()))


def read_places(
    path: str | Path,
    *,
    table: str,
    crs: object,
    columns: Mapping[str, str] | None = None,
    people: Sequence[str] = (),
    required: Sequence[str] = ("name",),
    source_crs: object = "EPSG:4326",
    datum: str = "wgs84",
    quality: str = "fact",
    source: str = "",
    kind: str = "",
    geometry: Literal["point", "any"] = "point",
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Places of a file through the door of ``places.as_places``, and every finding on the way.

    ``columns`` names the user's columns: our name -> theirs (id, name, x, y, town, county, people
    columns ...). ``source_crs`` counts where the file names no CRS; ``datum`` is for lon/lat taken
    from a web map. ``kind`` is given to every row. Errors as read_table and as_places.
    """
    read = _read_raw(path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer)
    frame = renamed(read, dict(columns or {}), table=table)
    located, located_findings = with_geometry(frame, read, crs=source_crs, table=table, geometry=geometry)
    located = typed(located, keep=("id", "name", "town", "county", "kind", "quality", "source", *people))
    if kind:
        located["kind"] = kind
    located = onto_wgs84(located, datum, file=read.file)
    kept, found = places.as_places(
        located, table=table, crs=crs, people=people, required=required, file=read.file, sheet=read.sheet,
        rows=[int(r) for r in read.frame.index], geometry=geometry, quality=quality, source=source,
    )  # fmt: skip
    first = read.findings.assign(table=table)
    return kept.drop(columns=["x", "y"], errors="ignore"), join_findings([first, located_findings, found])


def read_roads_file(
    path: str | Path,
    *,
    crs: object,
    layer: str | None = None,
    source_crs: object | None = None,
    encoding: str | None = None,
) -> gpd.GeoDataFrame:
    """Roads of a vector file as they are, in the study CRS; ``roads.as_roads`` makes them ours.

    ``source_crs`` is for a file that names none. DataError without geometry, without a CRS, or
    where coordinates do not fit the CRS they claim.
    """
    read = _read_raw(path, sheet=None, encoding=encoding, header_row=None, layer=layer)
    if not isinstance(read.frame, gpd.GeoDataFrame):
        raise DataError("files.no_geometry", file=read.file, found=column_list(read.frame))
    roads = read.frame.reset_index(drop=True)
    if roads.crs is None and source_crs is None:
        raise DataError("files.no_crs", file=read.file)
    roads = roads.set_crs(source_crs) if roads.crs is None else roads
    moved = roads.to_crs(CRS.from_user_input(crs))
    bounds = moved.bounds[~(moved.geometry.isna() | moved.geometry.is_empty)]
    if not np.isfinite(bounds.to_numpy()).all():
        raise DataError("files.bad_coordinates", file=read.file, crs=CRS(roads.crs).name)
    return moved


def _read_raw(
    path: str | Path, *, sheet: str | None, encoding: str | None, header_row: int | None, layer: str | None
) -> Table:
    file = checked_file(path)
    suffix = file.suffix.lower()
    if suffix in (".csv", ".txt", ".tsv"):
        return read_csv(file, encoding=encoding, header_row=header_row)
    if suffix in (".xlsx", ".xlsm"):
        return read_xlsx(file, sheet=sheet, header_row=header_row)
    if suffix in (".geojson", ".json"):
        return read_geojson(file, encoding=encoding)
    if suffix in (".parquet", ".geoparquet"):
        return layer_table(read_parquet(file), file)
    if suffix == ".zip":
        return read_zip(file, encoding=encoding)
    return read_gpkg(file, layer=layer) if suffix == ".gpkg" else read_shp(file, encoding=encoding)
