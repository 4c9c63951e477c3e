"""A table or view of a database as a table of the program, through the same door as a file."""

from __future__ import annotations

import difflib
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.io.files.header import Rows, Table
from quarterhour.io.files.layers import layer_table
from quarterhour.io.postgis.connect import Database, connected, home_of_postgis

_RELATIONS = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_COLUMNS = """
SELECT a.attname, t.typname, COALESCE(i.indisprimary, false) FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey)
WHERE n.nspname = :schema AND c.relname = :name AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_SHAPES = ("geometry", "geography")


def read_database(database: Database, table: str) -> Table:
    """A table or view, ``schema.name`` or a name on the search path, as `files.read_table` gives a file.

    Its ``file`` is ``database.schema.name``. Rows come by the primary key, else sorted by their cells, and are numbered
    from 1, so that the same rows are always the same table. Shapes keep the CRS of their SRID; SRID 0 is none. Rows
    are counted by the server too. DataError where there is no such table (the nearest are named), several columns of
    shapes, or shapes in several systems; ServiceError as ``connected``.
    """
    with connected(database) as connection:
        schema, name = _relation(connection, database, table)
        known = _columns(connection, schema, name)
        shapes = [c for c, kind, _ in known if kind in _SHAPES]
        if len(shapes) > 1:
            raise DataError("postgis.which_shape", database=database.name, table=table, found=", ".join(shapes))
        frame, count = _rows(connection, schema, name, known)
        frame = _plain(frame, shapes, [c for c, _, key in known if key])
        at = f"{database.name}.{schema}.{name}"
        if shapes:
            frame = _shaped(connection, frame, shapes[0], file=at)
    return layer_table(frame, Path(at), rows=Rows(count))


def _relation(connection: Any, database: Database, table: str) -> tuple[str, str]:
    from sqlalchemy import text

    there = [(str(s), str(n)) for s, n in connection.execute(text(_RELATIONS))]
    path = [str(s) for s in connection.execute(text("SELECT unnest(current_schemas(false))")).scalars()]
    schema, dot, name = table.partition(".")
    wanted = [(schema, name)] if dot else []
    wanted += [(s, table) for s in path]
    found = next((w for w in wanted if w in there), None)
    if found is None:
        names = [".".join(t) for t in there]
        whole = table if dot else f"{path[0] if path else 'public'}.{table}"
        near = difflib.get_close_matches(whole, names, n=3, cutoff=0.5) or sorted(names)[:5]
        raise DataError("postgis.no_table", database=database.name, table=table, near=", ".join(near) or "-")
    return found


def _columns(connection: Any, schema: str, name: str) -> list[tuple[str, str, bool]]:
    from sqlalchemy import text

    asked = connection.execute(text(_COLUMNS), {"schema": schema, "name": name})
    return [(str(c), str(kind), bool(key)) for c, kind, key in asked]


def _rows(connection: Any, schema: str, name: str, known: list[tuple[str, str, bool]]) -> tuple[pd.DataFrame, int]:
    """The cells as the driver gives them, and the number of rows as the server counts them."""
    from sqlalchemy import column, func, select
    from sqlalchemy import table as relation
    from sqlalchemy.sql import quoted_name

    where = relation(quoted_name(name, True), schema=quoted_name(schema, True))
    columns: list[Any] = [column(quoted_name(c, True)) for c, _, _ in known]
    cells = connection.execute(select(*columns).select_from(where)).all()
    count = connection.execute(select(func.count()).select_from(where)).scalar()
    frame = pd.DataFrame([tuple(row) for row in cells], columns=[c for c, _, _ in known], dtype=object)
    return frame, int(count)


def _plain(frame: pd.DataFrame, shapes: list[str], keys: list[str]) -> pd.DataFrame:
    """Cells as files give them, in an order that does not depend on the server."""
    out = frame.copy()
    for name in out.columns:
        if name not in shapes:
            out[name] = out[name].map(_cell).astype(object)
    by = [c for c in keys or out.columns if c not in shapes]
    order = out[by].apply(_sortable).sort_values(by, kind="stable").index if by else out.index
    return out.loc[order].reset_index(drop=True).infer_objects()


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    known = value is None or isinstance(value, str | bool | int | float | list | tuple | dict)
    return value if known else str(value)


def _sortable(values: pd.Series) -> pd.Series:
    numbers = values.map(lambda v: isinstance(v, int | float) and not isinstance(v, bool))
    return values.astype(float) if len(values) and numbers.all() else texts(values)


def _shaped(connection: Any, frame: pd.DataFrame, column: str, *, file: str) -> gpd.GeoDataFrame:
    """The rows with their shapes, in the system that their SRID names."""
    cells = np.array([v if isinstance(v, str) else None for v in frame[column]], dtype=object)
    shapes = shapely.from_wkb(cells, on_invalid="ignore")
    there = np.array([s is not None for s in shapes], dtype=bool)
    srids = sorted({int(s) for s in shapely.get_srid(shapes[there])})
    if len(srids) > 1:
        raise DataError("postgis.mixed_systems", file=file, found=", ".join(map(str, srids)))
    crs = _crs(connection, srids[0], file=file) if srids and srids[0] else None
    kept = frame.drop(columns=column)
    aside = {"geometry": "geometry (file)"} if "geometry" in kept else {}
    return gpd.GeoDataFrame(kept.rename(columns=aside), geometry=gpd.GeoSeries(shapes, crs=crs, index=kept.index))


def _crs(connection: Any, srid: int, *, file: str) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError
    from sqlalchemy import column, select
    from sqlalchemy import table as relation

    known = relation("spatial_ref_sys", schema=home_of_postgis(connection))
    asked: Any = select(column("auth_name"), column("auth_srid"), column("srtext")).select_from(known)
    row = connection.execute(asked.where(column("srid") == srid)).first()
    said = [] if row is None else [f"{row[0]}:{row[1]}" if row[0] else "", row[2] or ""]
    for name in filter(None, said):
        try:
            return CRS.from_user_input(name)
        except CRSError:
            continue
    raise DataError("postgis.unknown_srid", file=file, srid=srid)
