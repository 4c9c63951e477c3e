"""A country cut into pieces: one ``.osm.pbf`` an area, each enough for a study of its own.

Osmium goes through the file three times: for the relations; for the nodes, and the ways that a study reads, which go to
the disk as columns, some 45 bytes a node (``survey``), and from which is found what belongs to which piece
(``belonging``, ``regions``, ``margin``); and to write each piece as the file has it (``pieces``; once more for each
further hundred pieces). Memory holds a few million nodes at once, some 8 bytes a way, and the members of turn
restrictions, ferry routes and places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arguments import takes
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.escape import file_stem
from quarterhour.io import files
from quarterhour.io.files.write import together, write_csv
from quarterhour.io.osm.cut.belonging import belonging_of
from quarterhour.io.osm.cut.margin import Asked
from quarterhour.io.osm.cut.pieces import write_pieces
from quarterhour.io.osm.cut.survey import survey_of
from quarterhour.io.osm.open import existing
from quarterhour.network.network import Mode

_SUFFIX = ".osm.pbf"
LIST = "pieces.csv"


def _silent(_text: str, _share: float | None) -> None:
    return None


@takes(areas=gpd.GeoDataFrame)
def cut_osm(
    path: str | Path,
    areas: gpd.GeoDataFrame,
    folder: str | Path,
    *,
    modes: Sequence[Mode] = (),
    minutes: float = 0.0,
    snap_limit_m: float = 1000.0,
    margin_m: float | None = None,
    tell: Callable[[str, float | None], None] = _silent,
) -> pd.DataFrame:
    """Cut an OSM extract into pieces, one file an area, each with all that a study of the area reads.

    A piece holds, whole: every road and ferry of which a part is within the margin of its area, every road that meets
    one of these, ferry routes and squares of which it has a part, the turn restrictions among them, what stands on
    their nodes, and all nodes with tags and the known kinds of places within the margin.

    With ``modes`` and ``minutes`` every trip of at most so many minutes from or to a place in the area has on the
    piece the time that it has on the whole extract, to the hundredth of a second, and no other place is reached in
    these minutes. It holds for places that are snapped with the same limit. Two things may differ: whether roads
    count as an island (``snap_places``, fewer than 50 junctions) can depend on roads beyond the piece, and piers or
    platforms that join a street only beyond it may be missing.

    Parameters
    ----------
    path : an ``.osm.pbf`` whose nodes, ways and relations follow each other, the nodes by rising ids, as extracts are.
    areas : polygons in any CRS, indexed by id; rows of one id are one area. They may overlap, and a road belongs to
        the piece of every area that it is near.
    folder : where the pieces go, and meanwhile some 45 bytes a node. Files are named by their ids, with ``_`` for
        signs that file names should not have.
    modes, minutes, snap_limit_m : the longest trips that count, and how far places may lie from their roads.
    margin_m : the margin in metres, in place of these three; then nothing is promised of travel times.
    tell : called with what is done: "read" (with None: nobody knows how much is left), "write" and the share done.

    Returns
    -------
    One row an area, by rising id, as ``pieces.csv`` in the folder has it: ``file`` ("" where no road is near it, and
    none is written), ``nodes``, ``ways``, ``relations``, and the ``margin_m`` that was kept. The same input gives the
    same bytes.

    Raises
    ------
    MissingError, DataError, WriteError : no such file or not an ``.osm.pbf``; its objects in another order; no area,
        one without a polygon, or not in degrees; no margin, or one across the 180th meridian; no road near any area.

    Examples
    --------
    ::

        import quarterhour as qh
        from quarterhour.io.osm import cut_osm, read_areas

        provinces = read_areas("provinces.geojson", "code")
        cut_osm("china.osm.pbf", provinces, "pieces", modes=[qh.read_modes()["car"]], minutes=30)
    """
    file, asked = existing(path), None if margin_m is not None else Asked(modes, minutes, snap_limit_m)
    if not file.name.lower().endswith(".pbf"):
        raise DataError("osm.cut_not_pbf", file=file.name)
    margin = asked.margin_m() if asked else float(margin_m or 0.0)
    if not 0 <= margin < np.inf:
        raise DataError("osm.cut_margin")
    shapes = _shapes(areas)
    with ExitStack() as stack:
        growing = stack.enter_context(together(folder))
        names = _names(shapes.index)
        tell("read", None)
        found = survey_of(file, growing, stack, lambda share: tell("read", share))
        to = belonging_of(found, list(shapes), margin, asked, growing, stack)
        if not to.ways.any():
            raise DataError("osm.cut_nothing", file=file.name)
        counts = write_pieces(file, found, to, [growing / name for name in names], lambda share: tell("write", share))
        nodes, ways, relations = counts
        told = {"nodes": nodes, "ways": ways, "relations": relations, "margin_m": margin}
        made = pd.DataFrame({"file": np.where(ways > 0, names, ""), **told}, index=shapes.index)
        write_csv(growing / LIST, made)
    return made


def read_areas(path: str | Path, column: str) -> gpd.GeoDataFrame:
    """The polygons of a layer (GeoJSON, GeoPackage, shapefile ...), indexed by one of its columns, in degrees.

    MissingError, DataError: no such file or no such column; a layer that names no CRS, and is not in degrees.
    """
    layer, _ = files.read_layer(path, table="areas", crs="EPSG:4326", columns={"id": column})
    return layer.set_index("id")[["geometry"]]


def _shapes(areas: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """One shape in degrees for each id, by rising id."""
    if areas.crs is None:
        raise DataError("osm.cut_no_crs")
    degrees = areas.geometry.to_crs(4326)
    ids = areas.index.astype("str")
    bad = ~degrees.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy() | degrees.is_empty.to_numpy()
    bounds = degrees.bounds.to_numpy()
    bad |= ~(np.isfinite(bounds).all(axis=1) & (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1))
    bad |= (ids.str.strip() == "") | areas.index.isna()
    if bad.any() or not len(areas):
        raise DataError("osm.cut_bad_areas", ids=first_ids(ids[bad]) if bad.any() else "-")
    whole = pd.Series(shapely.make_valid(degrees.to_numpy()), index=ids.rename("id"))
    one = {name: shapely.union_all(some.to_numpy()) for name, some in whole.groupby(level=0)}
    return gpd.GeoSeries(one, crs=4326).rename_axis("id")


def _names(ids: pd.Index) -> list[str]:
    """A file for each id."""
    used: set[str] = set()
    return [file_stem(one, used, otherwise="area") + _SUFFIX for one in ids]
