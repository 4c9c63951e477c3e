"""Made-up communities and care stations on Wuhan's real roads, for a trial: python make_places.py ROADS.parquet.

190 communities lie within 300 m of a corner of a road, 10 anywhere in the bounds, so that some are too far from
every road. All names say 示例 and every row is synthetic. The same file and seed give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

SEED = 20261124
HERE = Path(__file__).resolve().parent


def _points(roads: gpd.GeoDataFrame, rng: np.random.Generator, *, near: int, anywhere: int) -> gpd.GeoSeries:
    corners = roads.geometry.get_coordinates().to_numpy()
    close = corners[rng.integers(len(corners), size=near)] + rng.uniform(-200, 200, (near, 2))
    west, south, east, north = roads.total_bounds
    far = rng.uniform((west, south), (east, north), (anywhere, 2))
    xy = np.vstack([close, far])
    return gpd.GeoSeries(gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=roads.crs).to_crs(4326)


def _table(points: gpd.GeoSeries, prefix: str, name: str) -> pd.DataFrame:
    nth = range(1, len(points) + 1)
    columns = {
        "id": [f"{prefix}{n:03d}" for n in nth],
        "name": [f"{name}{n:03d}" for n in nth],
        "lon": points.x.round(6),
        "lat": points.y.round(6),
    }
    return pd.DataFrame(columns)


def main() -> None:
    roads = gpd.read_parquet(sys.argv[1])
    rng = np.random.default_rng(SEED)
    communities = _table(_points(roads, rng, near=190, anywhere=10), "S", "示例社区")
    communities["older"] = rng.integers(100, 2000, len(communities))
    stations = _table(_points(roads, rng, near=20, anywhere=0), "D", "示例日间照料中心")
    communities.to_csv(HERE / "communities.csv", index=False, encoding="utf-8", lineterminator="\n")
    stations.to_csv(HERE / "facilities.csv", index=False, encoding="utf-8", lineterminator="\n")


if __name__ == "__main__":
    main()
