"""Layers into a schema of a database, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from quarterhour.base.errors import DataError, WriteError
from quarterhour.io.files.header import free_name
from quarterhour.io.postgis.connect import Database, connected, home_of_postgis

_LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""
_TABLES = """
SELECT c.relname, COALESCE(obj_description(c.oid, 'pg_class'), '') FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
"""


def check_writable(database: Database, schema: str, *, owner: str) -> None:
    """Before the work, not after it: that the schema is there or can be made, and tables in it; nothing stays.

    Errors as ``write_database``.
    """
    with connected(database) as connection:
        _home(connection, database)
        _make_schema(connection, schema)
        _ours(connection, database, schema, (), owner=owner)
        _run(connection, 'CREATE TABLE {}.{} ("a" integer)', schema, "quarterhour_check")
        _run(connection, "DROP TABLE {}.{}", schema, "quarterhour_check")
        connection.get_transaction().rollback()


def write_database(database: Database, schema: str, layers: Mapping[str, gpd.GeoDataFrame], *, owner: str) -> None:
    """Each layer as a table of its name; the schema is made where it is not there.

    ``owner``: whose results they are; it stands in the comment of each table. Tables of an earlier run of the same
    owner are replaced, or go where this run has no such layer, all in one transaction. A named index becomes a column,
    names longer than PostgreSQL's are cut. WriteError where a table of that name is anybody else's, or other objects
    rest on it; DataError where the database has no PostGIS or does not know the CRS; ServiceError as ``connected``.
    """
    with connected(database) as connection:
        home = _home(connection, database)
        _make_schema(connection, schema)
        for name in _ours(connection, database, schema, layers, owner=owner):
            _run(connection, "DROP TABLE {}.{}", schema, name)
        for name, layer in layers.items():
            srid = _srid(connection, database, layer, home)
            _write(connection, schema, name, layer, srid=srid, home=home)
            _comment(connection, schema, name, owner)


def _home(connection: Any, database: Database) -> str:
    home = home_of_postgis(connection)
    if home is None:
        raise DataError("postgis.no_extension", database=database.name)
    return home


def _make_schema(connection: Any, schema: str) -> None:
    """Made only where it is not there: who may write into a schema need not be allowed to make one."""
    from sqlalchemy import text

    if connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :s"), {"s": schema}).scalar() is None:
        _run(connection, "CREATE SCHEMA {}", schema)


def _ours(connection: Any, database: Database, schema: str, wanted: Iterable[str], *, owner: str) -> list[str]:
    """The tables of an earlier run; WriteError where one that is wanted is anybody else's."""
    from sqlalchemy import text

    there = {str(n): str(said) for n, said in connection.execute(text(_TABLES), {"schema": schema})}
    foreign = [n for n in wanted if n in there and there[n] != _mark(owner)]
    if foreign:
        raise WriteError("postgis.not_ours", database=database.name, schema=schema, tables=", ".join(foreign))
    return [n for n, said in there.items() if said == _mark(owner)]


def _mark(owner: str) -> str:
    return f"Quarterhour: results of {owner}"


def _run(connection: Any, pattern: str, *names: str) -> None:
    """A statement with names in it, each quoted."""
    from psycopg import sql

    _cursor(connection).execute(sql.SQL(pattern).format(*map(sql.Identifier, names)))


def _cursor(connection: Any) -> Any:
    return connection.connection.driver_connection.cursor()


def _comment(connection: Any, schema: str, name: str, owner: str) -> None:
    from psycopg import sql

    said = sql.SQL("COMMENT ON TABLE {}.{} IS {}")
    _cursor(connection).execute(said.format(sql.Identifier(schema), sql.Identifier(name), sql.Literal(_mark(owner))))


def _srid(connection: Any, database: Database, layer: gpd.GeoDataFrame, home: str) -> int:
    from psycopg import sql

    code = None if layer.crs is None else layer.crs.to_epsg()
    known = sql.SQL("SELECT 1 FROM {}.spatial_ref_sys WHERE srid = %s").format(sql.Identifier(home))
    if code is None or _cursor(connection).execute(known, (code,)).fetchone() is None:
        name = "-" if layer.crs is None else layer.crs.name
        raise DataError("postgis.unwritable_crs", database=database.name, crs=name)
    return int(code)


def _write(connection: Any, schema: str, name: str, layer: gpd.GeoDataFrame, *, srid: int, home: str) -> None:
    from psycopg import sql

    whole = layer.reset_index(drop=layer.index.name is None)
    shape = whole.geometry.name
    names = _short(whole.columns)
    geometry = sql.SQL("{}.geometry(Geometry, {})").format(sql.Identifier(home), sql.Literal(srid))
    kinds = [geometry if c == shape else sql.SQL(_kind(whole[c])) for c in whole.columns]
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(n), k) for n, k in zip(names, kinds, strict=True)
    )
    at = sql.SQL("{}.{}").format(sql.Identifier(schema), sql.Identifier(name))
    cursor = _cursor(connection)
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(at, columns))
    cells = [_hex(whole[c], srid) if c == shape else _cells(whole[c]) for c in whole.columns]
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(at)) as copy:
        for row in zip(*cells, strict=True):
            copy.write_row(row)


def _kind(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_integer_dtype(values):
        return "bigint"
    return "double precision" if pd.api.types.is_float_dtype(values) else "text"


def _cells(values: pd.Series) -> list[Any]:
    as_is = _kind(values) != "text"
    known = zip(values.tolist(), values.notna(), strict=True)
    return [None if not there else v if as_is else _text(v) for v, there in known]


def _text(value: Any) -> str:
    """Text as PostgreSQL takes it: it has no character of number 0."""
    return str(value.isoformat() if hasattr(value, "isoformat") else value).replace("\0", "")


def _hex(shapes: gpd.GeoSeries, srid: int) -> list[str | None]:
    known = shapely.set_srid(shapes.to_numpy(), srid)
    return shapely.to_wkb(known, hex=True, include_srid=True).tolist()  # type: ignore[no-any-return]


def _short(columns: Iterable[object]) -> list[str]:
    """The names, cut to what PostgreSQL keeps, each still its own."""
    names: list[str] = []
    for column in columns:
        room = _LONGEST_NAME if len(str(column).encode()) <= _LONGEST_NAME else _LONGEST_NAME - 5
        names.append(free_name(str(column).encode()[:room].decode(errors="ignore"), set(names)))
    return names
