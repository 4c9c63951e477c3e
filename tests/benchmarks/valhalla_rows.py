"""Rows against Valhalla on foot: a matrix and the nearest facility."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.lands import Land, land_size
from benchmarks.measure import Duel
from benchmarks.valhalla import VERSION, Valhalla, is_made, matrix_request, metres, spots
from quarterhour.network.network import Network
from quarterhour.travel.accessibility import nearest_sites
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.times import TravelTimes

Array = NDArray[Any]
FAR_MINUTES = 50_000
"""On foot at 1 m/s: 3,000 km, farther than any pair."""
PLACES, SITES = 1000, 60
MEDIAN = 0.01
"""Two maps of who may walk where: the middle of the differences may be 1 % of the way."""


def matrix_duel(land: Land) -> Duel:
    """1,000 x 1,000 junctions; of a large made network 200 x 1,000, since Valhalla searches once for each source."""
    network, valhalla = land.walking, Valhalla.on(land)
    many = 200 if (land_size(land.name) or 0) > 50_000 else PLACES
    homes, sites = picked(network, many, seed=1), picked(network, PLACES, seed=2)
    ours = (standing(network, homes), standing(network, sites))
    request = [matrix_request(spots(network, homes), spots(network, sites))]
    told = {"sources": len(homes), "targets": len(sites), **told_of(land)}

    def differ(mine: TravelTimes, _: None) -> str:
        return differ_lengths(dense(mine), metres(valhalla.answers("matrix", request)[0]), told)

    def asked() -> TravelTimes:
        return travel_times(network, *ours, minutes=FAR_MINUTES, heading="to_site")

    return Duel(
        asked, lambda: valhalla.work("matrix", request), differ, told, rounds=1, peer_clock=valhalla.cpu_s
    )  # fmt: skip


def nearest_duel(land: Land) -> Duel:
    """The nearest of 60 sites for 1,000 junctions: Valhalla has a matrix from the sites, the quickest that it offers.

    A walker's way back is as long. ``matrix_locations = 1`` from each junction takes several times as long.
    """
    network, valhalla = land.walking, Valhalla.on(land)
    homes, sites = picked(network, PLACES, seed=1), picked(network, SITES, seed=2)
    ours = (standing(network, homes), standing(network, sites))
    request = [matrix_request(spots(network, sites), spots(network, homes))]
    told = {"communities": len(homes), "sites": len(sites), **told_of(land)}

    def differ(mine: pd.DataFrame, _: None) -> str:
        theirs = np.nan_to_num(metres(valhalla.answers("matrix", request)[0]), nan=np.inf).min(axis=0)
        return differ_lengths(mine[(1, "minutes")].to_numpy(float) * 60, theirs, told)

    def asked() -> pd.DataFrame:
        return nearest_sites(network, *ours, k=1, minutes=FAR_MINUTES, heading="to_site")

    return Duel(
        asked, lambda: valhalla.work("matrix", request), differ, told, rounds=3, peer_clock=valhalla.cpu_s
    )  # fmt: skip


def differ_lengths(ours: Array, theirs: Array, told: dict[str, Any]) -> str:
    """How lengths on foot differ: the median by no more than 1 %. ``told`` takes in how many differ by over 100 m."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    if not both.any():
        return "no pair has a way in both"
    more = (ours - theirs)[both]
    share = float(np.median(more / np.maximum(theirs[both], 1)))
    counts = {"longer_by_100_m": int((more > 100).sum()), "shorter_by_100_m": int((more < -100).sum())}
    only = {"only_ours": np.isfinite(ours) & ~both, "only_theirs": np.isfinite(theirs) & ~both}
    counts |= {what: int(pairs.sum()) for what, pairs in only.items()}
    told.update(pairs=int(both.sum()), median_share=round(share, 5), **counts)
    return "" if abs(share) <= MEDIAN else f"the median is {share:.1%} off"


def picked(network: Network, count: int, seed: int) -> Array:
    """Some junctions from which one gets to all others and back."""
    inside = np.flatnonzero(network.mutual == 0)
    return np.random.default_rng(seed).choice(inside, min(count, len(inside)), replace=False)


def standing(network: Network, junctions: Array) -> pd.DataFrame:
    """Places on junctions, as a network finds them."""
    import geopandas as gpd

    points = gpd.points_from_xy(network.x[junctions], network.y[junctions])
    return gpd.GeoDataFrame(geometry=points, crs=network.crs, index=[f"p{i}" for i in range(len(junctions))])


def dense(times: TravelTimes) -> Array:
    """Metres at a walker's 1 m/s, by community and site; not a number where there is no way."""
    made = np.full((len(times.communities), len(times.sites)), np.nan)
    rows = np.repeat(np.arange(len(times.communities)), np.diff(times.indptr))
    made[rows, times.site_index] = times.cs / 100
    return made


def told_of(land: Land) -> dict[str, Any]:
    """The network on foot, and Valhalla."""
    network = land.walking
    told = {"junctions": len(network.x), "arcs": len(network.arcs().head), "valhalla": VERSION}
    return {**told, "tiles_from": "the network, written as OSM"} if is_made(land) else told
