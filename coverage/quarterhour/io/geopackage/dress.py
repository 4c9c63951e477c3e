"""Titles, names of columns and styles written into a GeoPackage, the same bytes each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from quarterhour.base.escape import sql_name

STYLES = "layer_styles"
"""The table that QGIS reads styles from; it is no layer."""
_STYLES_TABLE = f"""
CREATE TABLE {STYLES} (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""
# As the schema extension of GeoPackage 1.3 has them.
_COLUMNS_TABLE = """
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
description TEXT, mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
CONSTRAINT gdc_tn UNIQUE (table_name, name))
"""
_CONSTRAINTS_TABLE = """
CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT,
min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))
"""
_SCHEMA = "http://www.geopackage.org/spec121/#extension_schema"


@dataclass(frozen=True, slots=True)
class LayerDress:
    """What a layer says of itself.

    ``title``: its name for people. ``about``: what it holds. ``aliases``: names of its columns for people, by column;
    no two alike. ``qml``: its style as a document of QGIS.
    """

    title: str
    about: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    qml: str = ""


def dress_layers(path: Path, dresses: Mapping[str, LayerDress], *, day: str) -> None:
    """Write the dresses of layers into their GeoPackage; layers that it lacks are passed over.

    ``day``: stands in the place of the clock, as ``2000-01-01T00:00:00Z``.
    """
    with closing(sqlite3.connect(path)) as base, base:
        shapes = dict(base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        known = {name: dress for name, dress in dresses.items() if name in shapes}
        for statement in (_COLUMNS_TABLE, _CONSTRAINTS_TABLE, _STYLES_TABLE):
            base.execute(statement)
        _register(base, day)
        for name, dress in known.items():
            base.execute("UPDATE gpkg_contents SET identifier = ?, description = ? WHERE table_name = ?",
                         (dress.title, dress.about, name))  # fmt: skip
            base.executemany("INSERT INTO gpkg_data_columns (table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
                             _names(base, name, dress))  # fmt: skip
        styles = ((name, shapes[name], dress.title[:30], dress.qml, dress.about, day) for name, dress in known.items())
        base.executemany(
            f"INSERT INTO {STYLES} (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
            "VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', '', ?)",
            (style for style in styles if style[3]),
        )


def _register(base: sqlite3.Connection, day: str) -> None:
    """Tell the extension, and the table of styles as one without places."""
    base.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
        [("gpkg_data_columns", _SCHEMA), ("gpkg_data_column_constraints", _SCHEMA)],
    )
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
        "VALUES (?, 'attributes', ?, '', ?, 0)",
        (STYLES, STYLES, day),
    )


def _names(base: sqlite3.Connection, name: str, dress: LayerDress) -> Iterator[tuple[str, str, str, str]]:
    """Each column that has an alias; the second of two like ones tells its column too."""
    seen: set[str] = set()
    for _, column, *_ in base.execute(f"PRAGMA table_info({sql_name(name)})"):
        alias = dress.aliases.get(column, "")
        if alias:
            own = alias if alias not in seen else f"{alias} ({column})"
            seen.add(own)
            yield name, column, own, own
