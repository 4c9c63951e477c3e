"""The layers as GeoParquet in parts, by county: for whom one GeoPackage of a province is too much at once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray
from quarterhour.base.escape import file_stem
from quarterhour.report.layers.tables import Layers

FOLDER = "layers"
ROWS_A_PART = 500_000
"""Of a layer that has no county, such as roads."""


def write_parts(folder: Path, layers: Layers) -> None:
    """Each layer as a folder of GeoParquet, the same bytes from the same layers; a named index becomes a column.

    ``communities/371002.parquet``: the rows of a county, ``rest`` those of none; a layer without counties is cut by its
    rows. All parts of a layer have its columns and types, so geopandas reads the folder as one table, and DuckDB
    ``read_parquet('communities/*.parquet')``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name, layer in layers.items():
        home = folder / name
        home.mkdir(parents=True)
        whole = io.BytesIO()
        _plain(layer.reset_index(drop=layer.index.name is None)).to_parquet(whole, index=False)
        table = pq.read_table(pa.BufferReader(whole.getbuffer()))
        for part, rows in _parts(layer):
            pq.write_table(table.take(pa.array(rows)), home / f"{part}.parquet")


def _plain(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Columns of values of several sorts as texts: Parquet has one type a column."""
    odd = [c for c in layer.columns if layer[c].dtype == object and not _one_sort(layer[c])]
    return layer.assign(**{c: layer[c].map(str, na_action="ignore").astype("str") for c in odd})


def _one_sort(column: pd.Series) -> bool:
    return len({type(value) for value in column.dropna()}) <= 1


def _parts(layer: gpd.GeoDataFrame) -> Iterator[tuple[str, AnyArray]]:
    """The name of each part and its rows, in their order."""
    if "county" not in layer.columns:
        for number, first in enumerate(range(0, len(layer), ROWS_A_PART)):
            yield f"{number:03}", np.arange(first, min(first + ROWS_A_PART, len(layer)))
        return
    codes, counties = pd.factorize(layer["county"].replace("", None), sort=True)
    used: set[str] = set()
    for code in range(-1, len(counties)):
        rows = np.flatnonzero(codes == code)
        if len(rows):
            # a file that begins with _ is none to those who read a folder
            yield file_stem("rest" if code < 0 else str(counties[code]), used, otherwise="county"), rows
