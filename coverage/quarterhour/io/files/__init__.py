"""Reading what offices keep, and writing so that a crash leaves the old file or the new one.

CSV (UTF-8, GB18030, UTF-16 with a mark; points as x and y or as WKT), XLSX, XLS, ET and ODS with their title rows and
totals, GeoJSON, GeoPackage, Shapefile, GeoParquet, and through GDAL KML and KMZ, file geodatabases, FlatGeobuf, MapInfo
and Spatialite. The wing: checks (the file itself), text, workbook and excel, grid and header (from cells to a table),
unseen, amounts and totals (what its cells mean), layers, shapefile, packed (zips), located, account (where each row
came from and went), write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, findings_from, join_findings, no_findings
from quarterhour.base.foreign import heard
from quarterhour.io import places
from quarterhour.io.files.account import ROW, Origin, account_row, numbered, origin_of
from quarterhour.io.files.amounts import in_plain_notation
from quarterhour.io.files.checks import checked_file, is_there, read_checked, read_json, sha256
from quarterhour.io.files.excel import OTHER_BOOKS, HiddenRows, read_xlsx
from quarterhour.io.files.excel import sheet_names as shown_sheets
from quarterhour.io.files.header import Roles, Table, column_name, typed
from quarterhour.io.files.layers import SEQUENCES, read_geojson, read_gpkg, read_kml, read_other, read_parquet
from quarterhour.io.files.layers import layer_names as layers_in
from quarterhour.io.files.located import (
    can_be_degrees,
    column_list,
    in_its_crs,
    lonlat_of,
    named,
    onto_wgs84,
    renamed,
    roles_of,
    with_geometry,
    with_known_crs,
)
from quarterhour.io.files.packed import read_kmz, read_zip
from quarterhour.io.files.shapefile import read_shp
from quarterhour.io.files.text import read_csv
from quarterhour.io.files.totals import TOTAL_RULES, not_the_sum, recognised
from quarterhour.io.files.write import (
    FIXED_DATE,
    atomic,
    together,
    write_csv,
    write_layers,
    write_shapefiles,
    write_text,
)

__all__ = [
    "FIXED_DATE",
    "Origin",
    "Table",
    "account_row",
    "atomic",
    "is_there",
    "layer_names",
    "lonlat_of",
    "named",
    "read_counted_places",
    "read_json",
    "read_layer",
    "read_places",
    "read_records",
    "read_roads_file",
    "read_table",
    "sha256",
    "sheet_names",
    "together",
    "write_csv",
    "write_layers",
    "write_shapefiles",
    "write_text",
]

_SHOWN_WARNINGS = 5
_BOOKS = (".xlsx", ".xlsm", *OTHER_BOOKS)


def sheet_names(path: str | Path) -> list[str | None]:
    """The sheets of a workbook that show cells; of any other file [None]. Errors as read_table."""
    file = checked_file(path)
    return [*read_checked(file, lambda: shown_sheets(file), slips=True)] if file.suffix.lower() in _BOOKS else [None]


def layer_names(path: str | Path) -> list[str]:
    """The layers of a file that GDAL reads (a GeoPackage, a geodatabase, a shapefile). Errors as read_table."""
    return layers_in(checked_file(path))


PlaceRows = Callable[..., tuple[gpd.GeoDataFrame, pd.DataFrame]]
_NO_ROLES = Roles()


def read_table(
    path: str | Path | Table,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
    hidden_rows: HiddenRows = "use",
) -> Table:
    """Any table or layer an office keeps; numbers become numbers where nothing is lost by it.

    ``header_row`` counts from 1 as in Excel; without it the header is found below the titles.
    Codes with leading zeros or more than 15 digits stay text. A layer comes as a GeoDataFrame.
    ``hidden_rows``: whether rows that a sheet hides, filters away or strikes out are used.
    MissingError when the file is not there; DataError when it is not what its name says, is too
    large, is in no known encoding, or has several sheets or layers and none was named.
    """
    table = _read_raw(path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer, hidden_rows=hidden_rows)
    at = {"file": table.file, "sheet": table.sheet}
    plain, told = in_plain_notation(table.frame, people=(), numeric=(), texts_in=(), **at)
    return replace(table, frame=typed(plain, keep=()), findings=join_findings([table.findings, told]))


def read_records(
    path: str | Path | Table,
    *,
    held: Sequence[str] = (),
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
    hidden_rows: HiddenRows = "use",
) -> Table:
    """A table with its cells as they came; ``held``: columns whose merged cells count for each of their rows.

    Parameters and errors as read_table.
    """
    names = frozenset(f for theirs in held for f in (theirs, column_name(theirs)))
    return _read_raw(
        path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer, hidden_rows=hidden_rows,
        roles=Roles(texts=names),
    )  # fmt: skip


def read_places(
    path: str | Path | Table,
    *,
    table: str,
    crs: object,
    columns: Mapping[str, str] | None = None,
    people: Sequence[str] = (),
    parts: Mapping[str, str] | None = None,
    required: Sequence[str] = ("name",),
    source_crs: object | None = None,
    datum: str = "wgs84",
    quality: str = "unstated",
    source: str = "",
    kind: str = "",
    geometry: Literal["point", "any"] = "point",
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
    hidden_rows: HiddenRows = "use",
    origin: Callable[[Origin], None] | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Places of a file through the door of ``places.as_places``, and every finding on the way.

    Parameters
    ----------
    path : a file, or a table that was read elsewhere (a database's). Rows of totals are told and left out.
    crs : of the answer, or a function that gives it once it has seen where the places lie (n x 2 degrees).
    columns : our name -> the user's (id, name, x, y, town, county, people columns ...; ``id = "#row"``: rows are known
        by their number); others are known by their headings (``synonyms``), which is told.
    source_crs : as the user declares it, else EPSG:4326; the file's own counts before it, and both are told.
    datum, kind : of lon/lat taken from a web map; of every row. All others as ``as_places`` has them.
    hidden_rows, origin : whether rows that a sheet hides or strikes out are used (told); told the rows in the file.

    Returns
    -------
    Places and findings, as ``as_places`` gives them; errors as there and as ``read_table``.

    Examples
    --------
    >>> import quarterhour as qh
    >>> towns, findings = qh.read_places(qh.demo_folder() / "towns.csv", table="towns", crs="EPSG:32651")
    >>> towns.loc["371002001", ["name", "county"]].tolist()
    ['环翠楼街道', '371002']
    """
    kept, told, _ = read_counted_places(
        path, table=table, crs=crs, columns=columns, people=people, parts=parts, required=required,
        source_crs=source_crs, datum=datum, quality=quality, source=source, kind=kind, geometry=geometry, sheet=sheet,
        encoding=encoding, header_row=header_row, layer=layer, hidden_rows=hidden_rows, origin=origin,
    )  # fmt: skip
    return kept, told


def read_counted_places(
    path: str | Path | Table,
    *,
    table: str,
    crs: object,
    columns: Mapping[str, str] | None = None,
    people: Sequence[str] = (),
    parts: Mapping[str, str] | None = None,
    required: Sequence[str] = ("name",),
    source_crs: object | None = None,
    datum: str = "wgs84",
    quality: str = "unstated",
    source: str = "",
    kind: str = "",
    geometry: Literal["point", "any"] = "point",
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    layer: str | None = None,
    hidden_rows: HiddenRows = "use",
    origin: Callable[[Origin], None] | None = None,
    place: PlaceRows | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, dict[str, Any]]:
    """Places of a file, every finding on the way, and the account of its rows (``account_row``).

    ``place``: gives rows without coordinates a point by their address (``addresses.AddressFinder.place``), and says
    what it took and what it set aside. Other parameters and errors as ``read_places``.
    """
    roles = roles_of(dict(columns or {}), people, table=table)
    read = _read_raw(
        path, sheet=sheet, encoding=encoding, header_row=header_row, layer=layer, hidden_rows=hidden_rows, roles=roles
    )
    at = {"file": read.file, "sheet": read.sheet}
    plain, notation = in_plain_notation(
        read.frame, people=roles.amounts, numeric=roles.numeric, texts_in=roles.texts, **at
    )
    read = replace(read, frame=plain)
    frame, by_heading = renamed(read, dict(columns or {}), table=table, people=people, kind=not kind)
    places.check_columns(frame, ("id", *required, *people), table=table, file=read.file, found=read.frame.columns)
    totals = recognised(frame, people, table=table, **at)
    named_so = totals[totals["rule"].eq("totals_row")]
    summed = totals.loc[totals["rule"].isin(TOTAL_RULES), "row"].tolist()
    sums = frame.loc[named_so["row"].tolist()].assign(label=named_so["value"].tolist())
    frame = frame.drop(index=summed)
    if read.rows is None or not read.rows.left_out:
        above = _sums_above(read, dict(columns or {}), table=table, people=people)
        totals = join_findings([totals, not_the_sum(frame, pd.concat([above, sums]), people, table=table, **at)])
    located, located_findings = with_geometry(
        frame, read, crs=source_crs, table=table, geometry="any" if place else geometry
    )
    located = typed(located, keep=("id", "name", "town", "county", "kind", "quality", "source", *people))
    if kind:
        located["kind"] = kind
    given = numbered(located)
    located = onto_wgs84(given, datum, file=read.file)
    located, by_address = place(located, table=table, **at) if place else (located, no_findings())
    kept, found = places.as_places(
        located, table=table, crs=_chosen(crs, located), people=people, parts=parts, required=required,
        rows=[int(r) for r in located.index], geometry=geometry, quality=quality, source=source, **at,
    )  # fmt: skip
    if origin is not None:
        origin(origin_of(given, kept, read, datum=datum))
    first = join_findings([read.findings, notation, by_heading]).assign(table=table)
    account = account_row(table, read, used=len(kept), totals=len(summed), door=join_findings([by_address, found]))
    told = join_findings([first, totals, located_findings, by_address, found])
    return kept.drop(columns=["x", "y", ROW], errors="ignore"), told, account


def read_layer(
    path: str | Path | Table,
    *,
    table: str,
    crs: object,
    layer: str | None = None,
    source_crs: object | None = None,
    datum: str = "wgs84",
    encoding: str | None = None,
    columns: Mapping[str, str] | None = None,
    taken: bool = True,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """A layer of any shapes in the study CRS, where they truly lie, and what was assumed on the way.

    ``crs``, ``source_crs``, ``datum`` and ``columns`` as in read_places. ``taken``: a layer that names no CRS, and of
    which none is declared, is taken as degrees, if its coordinates can be; else, and where they cannot, DataError.
    Rows without a place there (coordinates without an end) are set aside and told. DataError without geometry, and
    where the coordinates of most rows do not fit the CRS they claim.
    """
    read = _read_raw(path, sheet=None, encoding=encoding, header_row=None, layer=layer)
    if not isinstance(read.frame, gpd.GeoDataFrame):
        raise DataError("files.no_geometry", file=read.file, found=column_list(read.frame))
    shapes = with_known_crs(gpd.GeoDataFrame(named(read, columns or {}, table=table)), file=read.file)
    silent = shapes.crs is None and source_crs is None and datum == "wgs84"
    if silent and not (taken and can_be_degrees(shapes)):
        raise DataError("files.no_crs", file=read.file)
    shapes, told = in_its_crs(shapes.reset_index(drop=True), source_crs, table=table, file=read.file)
    shapes = onto_wgs84(shapes, datum, file=read.file)
    moved = shapes.to_crs(CRS.from_user_input(_chosen(crs, shapes)))
    there = ~(moved.geometry.isna() | moved.geometry.is_empty).to_numpy()
    lost = there & ~np.isfinite(moved.bounds.to_numpy()).all(axis=1)
    if lost.sum() * 2 > there.sum():
        raise DataError("files.bad_coordinates", file=read.file, crs=CRS(shapes.crs).name)
    rows = _nowhere(shapes[lost], read.frame.index[lost], read, table=table)
    moved = moved[~lost].reset_index(drop=True) if lost.any() else moved
    return moved, join_findings([read.findings.assign(table=table), told, rows])


def _nowhere(lost: gpd.GeoDataFrame, rows: pd.Index, read: Table, *, table: str) -> pd.DataFrame:
    """Rows whose coordinates lead nowhere in the CRS that they claim, each with what it has."""
    same = {"severity": "error", "rule": "nowhere", "table": table, "file": read.file, "sheet": read.sheet}
    shown = lost.geometry.map(lambda shape: shape.wkt)
    return findings_from([{**same, "row": r, "value": v} for r, v in zip(rows, shown, strict=True)])


def read_roads_file(
    path: str | Path | Table,
    *,
    crs: object,
    layer: str | None = None,
    source_crs: object | None = None,
    datum: str = "wgs84",
    encoding: str | None = None,
) -> gpd.GeoDataFrame:
    """Roads of a vector file as they are, in the study CRS; ``roads.as_roads`` makes them ours.

    Parameters
    ----------
    path, layer, encoding, source_crs, datum : as ``read_places`` and ``read_table`` have them.
    crs : of the answer.

    Returns
    -------
    The rows of the file with their columns. DataError: no geometry, no CRS, coordinates that do not fit theirs.

    Examples
    --------
    >>> import quarterhour as qh
    >>> set(qh.read_roads_file(qh.demo_folder() / "railways.geojson", crs="EPSG:32651").geom_type)
    {'LineString'}
    """
    roads, _ = read_layer(
        path, table="roads", crs=crs, layer=layer, source_crs=source_crs, datum=datum, encoding=encoding, taken=False
    )
    return roads


def _sums_above(read: Table, columns: Mapping[str, str], *, table: str, people: Sequence[str]) -> pd.DataFrame:
    """The rows of totals that the reader took out, under our names, with ``label``."""
    sums = read.rows.sums if read.rows else {}
    if not sums:
        return pd.DataFrame({"label": []})
    frame = pd.DataFrame.from_dict(dict(sums), orient="index").reindex(columns=read.frame.columns).astype("object")
    labels = [next((str(v) for v in row.values() if v is not None), "") for row in sums.values()]
    return renamed(replace(read, frame=frame), columns, table=table, people=people)[0].assign(label=labels)


def _chosen(crs: object, located: gpd.GeoDataFrame) -> object:
    return crs(lonlat_of(located)) if callable(crs) else crs


def _read_raw(
    path: str | Path | Table,
    *,
    sheet: str | None,
    encoding: str | None,
    header_row: int | None,
    layer: str | None,
    hidden_rows: HiddenRows = "use",
    roles: Roles = _NO_ROLES,
) -> Table:
    if isinstance(path, Table):
        return path
    file = checked_file(path)
    if file.suffix.lower() in (".csv", ".txt", ".tsv"):
        return read_csv(file, encoding=encoding, header_row=header_row)
    if file.suffix.lower() in _BOOKS:
        return read_xlsx(file, sheet=sheet, header_row=header_row, roles=roles, hidden_rows=hidden_rows)
    table, said = heard("pyogrio", lambda: _read_layer(file, layer=layer, encoding=encoding))
    at: dict[str, Any] = {"table": "", "file": str(file), "sheet": table.sheet}
    warned = [finding("reader_warned", severity="warning", value=text, **at) for text in said[:_SHOWN_WARNINGS]]
    return replace(table, findings=join_findings([*warned, table.findings])) if warned else table


def _read_layer(file: Path, *, layer: str | None, encoding: str | None) -> Table:
    suffix = file.suffix.lower()
    if suffix in (".geojson", ".json", *SEQUENCES):
        return read_geojson(file, encoding=encoding)
    if suffix in (".parquet", ".geoparquet"):
        return read_parquet(file)
    if suffix == ".zip":
        return read_zip(file, layer=layer, encoding=encoding)
    if suffix == ".kmz":
        return read_kmz(file, layer=layer)
    if suffix == ".kml":
        return read_kml(file, layer=layer)
    if suffix == ".gpkg":
        return read_gpkg(file, layer=layer)
    if suffix == ".shp":
        return read_shp(file, encoding=encoding)
    return read_other(file, layer=layer, encoding=encoding)
