"""Which town and county a place lies in, and how far it is from a layer (spatial joins)."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from quarterhour.base.arrays import BoolArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.planar import flat_shapes


def with_areas(
    places: gpd.GeoDataFrame, towns: gpd.GeoDataFrame | None = None, communities: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """The places with their town and county filled in where they are blank.

    The town is the one whose outline holds the place (on a border: the first in the table), else
    the town of the nearest community. The county is the town's; what nothing tells stays "".
    """
    filled = places.copy()
    for column in ("town", "county"):
        had = filled[column] if column in filled else pd.Series("", index=filled.index)
        filled[column] = had.fillna("").astype("str")
    if towns is not None:
        filled["town"] = _fill(filled["town"], _town_inside(filled, towns))
    if communities is not None:
        filled["town"] = _fill(filled["town"], _of_nearest(filled, communities, "town"))
    if towns is not None and "county" in towns:
        filled["county"] = _fill(filled["county"], filled["town"].map(towns["county"]))
    if communities is not None and "county" in communities:
        filled["county"] = _fill(filled["county"], _of_nearest(filled, communities, "county"))
    return filled


def with_unit(
    places: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, column: str, *, whole: Mapping[str, str]
) -> gpd.GeoDataFrame:
    """The places with an area of the communities that is none of the law's, where these have it (``column``).

    That of the place's town if it has one alone (``whole``: by town), else that of the nearest community.
    """
    if column not in communities or places.empty:
        return places
    towns = places["town"] if "town" in places else pd.Series("", index=places.index)
    own = pd.Series([whole.get(str(town), "") for town in towns], index=places.index, dtype="str")
    return places.assign(**{column: _fill(own, _of_nearest(places, communities, column))})


def _fill(had: pd.Series, found: pd.Series) -> pd.Series:
    return had.where(had.ne(""), found.astype("object").fillna("")).astype("str")


def _town_inside(places: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> pd.Series:
    areas = towns[towns.geom_type.isin(["Polygon", "MultiPolygon"])]
    found = pd.Series("", index=places.index, dtype="str")
    if areas.empty or places.empty:
        return found
    place, area = shapely.STRtree(_shapes(areas, places)).query(places.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((area, place))
    first = order[np.unique(place[order], return_index=True)[1]]
    found.iloc[place[first]] = areas.index[area[first]].astype("str")
    return found


def _of_nearest(places: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, column: str) -> pd.Series:
    some = communities[communities[column].fillna("").ne("") & ~_placeless(communities)]
    found = pd.Series("", index=places.index, dtype="str")
    pairs = _nearest(places, some)
    named = some[column].iloc[[other for _, other, _ in pairs]].map(str)
    found.iloc[[place for place, _, _ in pairs]] = named.to_numpy(dtype=object)
    return found


def nearest_m(places: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """By place: ``distance_m`` to the nearest thing of a layer and its id, ``nearest``; missing for an empty layer."""
    some = layer[~_placeless(layer)]
    metres, names = np.full(len(places), np.nan), np.full(len(places), None, dtype=object)
    ids = [str(i) for i in some.index]
    for place, other, distance in _nearest(places, some):
        metres[place], names[place] = distance, ids[other]
    return pd.DataFrame({"distance_m": metres, "nearest": names}, index=places.index)


def _nearest(
    places: gpd.GeoDataFrame, others: gpd.GeoDataFrame, *, most: float | None = None
) -> list[tuple[int, int, float]]:
    """Place, nearest other (ties to the first) and distance, in positions, by place."""
    lost = places.index[_placeless(places)]
    if len(lost):
        raise DataError("candidates.no_place", ids=first_ids(lost))
    if places.empty or others.empty:
        return []
    points, shapes = places.geometry.to_numpy(), _shapes(others, places)
    # GEOS asks for a distance above 0; the caller compares exactly.
    reach = None if most is None else np.nextafter(max(most, 1e-3), np.inf)
    (place, other), distance = shapely.STRtree(shapes).query_nearest(points, max_distance=reach, return_distance=True)
    order = np.lexsort((other, place))
    first = order[np.unique(place[order], return_index=True)[1]]
    return list(zip(place[first].tolist(), other[first].tolist(), distance[first].tolist(), strict=True))


def _placeless(places: gpd.GeoDataFrame) -> BoolArray:
    shapes = places.geometry.to_numpy()
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))


def _shapes(layer: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    if layer.crs is None or places.crs is None:
        raise DataError("candidates.no_crs")
    shapes: npt.NDArray[np.object_] = flat_shapes(layer.geometry).to_crs(places.crs).to_numpy()
    lost = ~(np.isfinite(shapely.bounds(shapes)).all(axis=1) | shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if lost.any():
        raise DataError("candidates.lost_shapes", ids=first_ids(layer.index[lost]))
    return shapes
