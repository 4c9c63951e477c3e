"""Layers as GeoParquet: a folder a layer, in it a file a county, which DuckDB and geopandas read as one table.

::

    layers/communities/371002.parquet        the county stands in the file as well
    layers/communities/no-county.parquet     rows without a county
    layers/roads/part-0.parquet, part-1.parquet ...     a layer without counties, or more rows than a file takes
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import blank, texts
from quarterhour.report.layers.tables import Layers

FOLDER = "layers"
_COUNTY, _NONE = "county", "no-county"
_ROWS = 500_000


def write_partitions(folder: Path, layers: Layers) -> None:
    """Every layer into a folder of its own, columns of mixed cells as texts; the same layers give the same bytes."""
    for name, layer in layers.items():
        home = folder / name
        home.mkdir(parents=True)
        for part, rows in _parted(_plain(layer.reset_index(drop=layer.index.name is None))):
            for number, first in enumerate(range(0, len(rows), _ROWS)):
                stem = part if part and not number else f"{part or 'part'}-{number}"
                rows.iloc[first : first + _ROWS].to_parquet(home / f"{stem}.parquet", index=False)


def _parted(layer: gpd.GeoDataFrame) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    if _COUNTY not in layer:
        yield "", layer
        return
    of = texts(layer[_COUNTY])
    for county in sorted(of.unique()):
        yield quote(county, safe="") or _NONE, layer[(of == county).to_numpy()]


def _plain(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    mixed = [c for c in layer if layer[c].dtype == object]
    said = {c: [None if blank(v) else str(v) for v in layer[c]] for c in mixed}
    return layer.assign(**{c: pd.Series(cells, index=layer.index, dtype="str") for c, cells in said.items()})
