"""A table of shapes as one Arrow file, mapped when it is read: its texts stay on the disk until they are touched."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from quarterhour.base.errors import DataError, MissingError
from quarterhour.base.foreign import foreign
from quarterhour.io.files.write import atomic

_AT_ONCE = 1 << 24
_SAID = b"quarterhour"
"""The columns' types, of which Arrow knows fewer than pandas, and the CRS by the name that it had."""


def save_table(table: gpd.GeoDataFrame, path: str | Path) -> int:
    """A table by ids as an Arrow file, whole or not at all; the sum of its bytes, for ``load_table``. WriteError.

    A file that holds this very table stays: on Windows none that is mapped can be replaced. DataError where the file
    would not read back as the table.
    """
    target = Path(path)
    if target.is_file() and (there := _held(target, table)) is not None:
        return there
    with atomic(target) as growing:
        with foreign(target, key="answer_store.odd"):
            made = pa.table(table.to_arrow(index=True, geometry_encoding="geoarrow"))
            said = {"crs": str(table.crs), "kinds": {name: str(kind) for name, kind in table.dtypes.items()}}
            made = made.replace_schema_metadata({**(made.schema.metadata or {}), _SAID: json.dumps(said)})
            with pa.OSFile(str(growing), "wb") as file, pa.ipc.new_file(file, made.schema) as out:
                out.write_table(made)
        told = _sum(growing)
        if not _same(load_table(growing, told=told), table):
            raise DataError("answer_store.odd", file=target.name, detail=type(table).__name__)
    return told


def load_table(path: str | Path, *, told: int) -> gpd.GeoDataFrame:
    """The table that ``save_table`` wrote; ``told``: what it returned.

    MissingError where it is not there; DataError where it is broken.
    """
    home = Path(path)
    if not home.is_file():
        raise MissingError("answer_store.not_there", file=str(home))
    with foreign(home, key="answer_store.broken"):
        if _sum(home) != told:
            raise DataError("answer_store.broken", file=home.name, detail="")
        with pa.memory_map(str(home)) as file:
            read = pa.ipc.open_file(file).read_all()
        found = gpd.GeoDataFrame.from_arrow(read)
        said = json.loads(read.schema.metadata[_SAID])
        other = {name: kind for name, kind in said["kinds"].items() if str(found[name].dtype) != kind}
        texts = {name: _objects(found[name]) for name, kind in other.items() if kind == "object"}
        typed = found.assign(**texts).astype(other)
        return gpd.GeoDataFrame(typed.set_crs(said["crs"], allow_override=True))


def _held(path: Path, table: gpd.GeoDataFrame) -> int | None:
    """The sum of a file that holds a table as it is; None of any other."""
    try:
        told = _sum(path)
        return told if _same(load_table(path, told=told), table) else None
    except (DataError, OSError):
        return None


def _same(found: gpd.GeoDataFrame, table: gpd.GeoDataFrame) -> bool:
    """Whether nothing tells two tables apart, to the last bit of a coordinate."""
    plain = [name for name in table if name != table.geometry.name]
    return bool(
        list(found) == list(table)
        and (found.crs, str(found.crs)) == (table.crs, str(table.crs))
        and not table.attrs
        and found.index.equals(table.index)
        and (found.index.name, found.index.dtype) == (table.index.name, table.index.dtype)
        and all(found[name].dtype == table[name].dtype and _equal(found[name], table[name]) for name in plain)
        and shapely.equals_identical(found.geometry.to_numpy(), table.geometry.to_numpy()).all()
    )


def _objects(column: pd.Series) -> pd.Series:
    """Texts as objects, each held once and not by every row."""
    code, distinct = pd.factorize(column)
    return pd.Series(np.asarray(distinct, dtype=object)[code], index=column.index, dtype=object)


def _equal(one: pd.Series, other: pd.Series) -> bool:
    """Objects must be texts: of others pandas calls equal what differs, as 1 and True."""
    plain = other.dtype != object or pd.api.types.infer_dtype(other, skipna=False) == "string"
    return bool(plain and one.equals(other))


def _sum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while part := file.read(_AT_ONCE):
            total = zlib.crc32(part, total)
    return total
