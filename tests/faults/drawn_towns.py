"""Thousands of small towns in one network, no road between them: what holds in each is asked of all at once.

Times are whole centiseconds in fours and places stand at quarters of roads, so a road may be cut at a quarter and
nothing is rounded twice. Ids are numbers: home ``t * HOMES + h`` and site ``t * SITES + s`` are of town t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, BoolArray, IntArray
from quarterhour.network.build import network_from_arrays
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Network
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.times import Heading, TravelTimes

HOMES, SITES, JUNCTIONS, EXTRA = 4, 3, 6, 3
ROADS = JUNCTIONS - 1 + EXTRA
FAR = -1
MODE = as_mode("vehicle", {"travels": "vehicle", "speed_kmh": 36})


@dataclass(frozen=True, eq=False)
class Towns:
    """Roads (``tail, head``, centiseconds ``along, against``) and places (``road``, ``share``) of all towns."""

    count: int
    tail: IntArray
    head: IntArray
    along: IntArray
    against: IntArray
    xy: AnyArray
    homes: pd.DataFrame
    sites: pd.DataFrame

    def network(self) -> Network:
        """All towns as one network."""
        return network_from_arrays(
            self.tail, self.head, forward_cs=self.along, backward_cs=self.against, mode=MODE, xy=self.xy
        )

    def town_of_road(self) -> IntArray:
        """The town of each road."""
        return np.asarray(self.tail // JUNCTIONS, np.int64)


def drawn_towns(count: int, rng: np.random.Generator) -> Towns:
    """Towns of six junctions and eight roads, some one-way, some double, some that lead back to where they begin."""
    town = np.arange(count)[:, None]
    older = (rng.random((count, JUNCTIONS - 1)) * np.arange(1, JUNCTIONS)).astype(np.int64)
    tail = np.hstack([older, rng.integers(0, JUNCTIONS, (count, EXTRA))])
    head = np.hstack([np.tile(np.arange(1, JUNCTIONS), (count, 1)), rng.integers(0, JUNCTIONS, (count, EXTRA))])
    along, against = 4 * rng.integers(1, 300, (2, count, ROADS))
    same = rng.random((count, ROADS)) < 0.6
    way = rng.random((count, ROADS))
    along, against = np.where(way < 0.12, 0, along), np.where(way > 0.88, 0, np.where(same, along, against))
    against = np.where((along == 0) & (against == 0), 4, against)
    xy = rng.random((count * JUNCTIONS, 2)) * 900 + np.repeat(town * 1000, JUNCTIONS, axis=0) * [1, 0]
    flat = [np.ravel(a) for a in (tail + town * JUNCTIONS, head + town * JUNCTIONS, along, against)]
    return Towns(count, *flat, xy, _places(count, HOMES, rng), _places(count, SITES, rng))


def _places(count: int, each: int, rng: np.random.Generator) -> pd.DataFrame:
    road = rng.integers(0, ROADS, (count, each)) + np.arange(count)[:, None] * ROADS
    share = rng.integers(0, 5, (count, each)) / 4
    return standing(road.ravel(), share.ravel())


def standing(road: AnyArray, share: AnyArray) -> pd.DataFrame:
    """Places on roads, as ``snap_places`` tells them."""
    return pd.DataFrame({"road": road.astype(np.int32), "share": share, "gap_m": 0.0, "snapped": True, "reason": ""})


def table_of(times: TravelTimes, count: int) -> IntArray:
    """Centiseconds by town, home and site, ``FAR`` beyond the cutoff; nobody comes to another town."""
    home = np.asarray(times.communities, np.int64)[np.repeat(np.arange(len(times.communities)), np.diff(times.indptr))]
    site = np.asarray(times.sites, np.int64)[times.site_index]
    assert (home // HOMES == site // SITES).all(), "a way from one town to another"
    found = np.full((count * HOMES, SITES), FAR, np.int64)
    found[home, site % SITES] = times.cs
    return found.reshape(count, HOMES, SITES)


def searched(towns: Towns, *, minutes: float, heading: Heading = "to_site", turnout: float = 0.0) -> TravelTimes:
    """Times of all towns."""
    return travel_times(
        towns.network(), towns.homes, towns.sites, minutes=minutes, heading=heading, turnout_minutes=turnout
    )


def asked(towns: Towns, **how: Any) -> IntArray:
    """The table of ``searched``."""
    return table_of(searched(towns, **how), towns.count)


def alike(one: IntArray, other: IntArray) -> BoolArray:
    """By town, whether two tables are the same."""
    return np.asarray((one == other).reshape(len(one), -1).all(axis=1))


def no_shorter(one: IntArray, other: IntArray) -> BoolArray:
    """By town, whether no time of the first is less than that of the second."""
    far = np.iinfo(np.int64).max
    first, second = (np.where(a == FAR, far, a) for a in (one, other))
    return np.asarray((first >= second).reshape(len(one), -1).all(axis=1))


# --- the same towns, drawn otherwise


def permuted(towns: Towns, rng: np.random.Generator) -> Towns:
    """Junctions, roads, homes and sites in another order."""
    node = rng.permutation(len(towns.xy))
    road = rng.permutation(len(towns.tail))
    new = np.empty(len(road), np.int64)
    new[road] = np.arange(len(road))
    xy = np.empty_like(towns.xy)
    xy[node] = towns.xy
    moved = [
        p.assign(road=new[p["road"]].astype(np.int32)).iloc[rng.permutation(len(p))] for p in (towns.homes, towns.sites)
    ]
    return Towns(
        towns.count, node[towns.tail][road], node[towns.head][road], towns.along[road], towns.against[road], xy, *moved
    )


def drawn_backwards(towns: Towns, which: BoolArray) -> Towns:
    """Some roads drawn from head to tail, the ways along them as they were."""
    tail, head = np.where(which, towns.head, towns.tail), np.where(which, towns.tail, towns.head)
    along, against = np.where(which, towns.against, towns.along), np.where(which, towns.along, towns.against)
    moved = [p.assign(share=np.where(which[p["road"]], 1 - p["share"], p["share"])) for p in (towns.homes, towns.sites)]
    return replace(towns, tail=tail, head=head, along=along, against=against, homes=moved[0], sites=moved[1])


def turned(towns: Towns) -> Towns:
    """Every road open the other way round, in the same time."""
    return replace(towns, along=towns.against, against=towns.along)


def slower(towns: Towns, times: int) -> Towns:
    """Every road so many times as long."""
    return replace(towns, along=towns.along * times, against=towns.against * times)


def cut(towns: Towns, rng: np.random.Generator) -> Towns:
    """One road of each town cut at a quarter, a junction there; who stands on it stands on one of its pieces."""
    road = np.arange(towns.count) * ROADS + rng.integers(0, ROADS, towns.count)
    at = rng.integers(1, 4, towns.count) / 4
    node, piece = len(towns.xy) + np.arange(towns.count), len(towns.tail) + np.arange(towns.count)
    where = towns.xy[towns.tail[road]] * (1 - at)[:, None] + towns.xy[towns.head[road]] * at[:, None]
    head = np.r_[towns.head, towns.head[road]]
    head[road] = node
    along, against = (np.r_[a, np.rint(a[road] * (1 - at)).astype(np.int64)] for a in (towns.along, towns.against))
    along[road] = towns.along[road] - along[piece]
    against[road] = towns.against[road] - against[piece]
    of_road = np.full(len(towns.tail), -1)
    of_road[road] = np.arange(towns.count)
    moved = [_on_pieces(p, of_road, at, piece) for p in (towns.homes, towns.sites)]
    return Towns(towns.count, np.r_[towns.tail, node], head, along, against, np.vstack([towns.xy, where]), *moved)


def _on_pieces(places: pd.DataFrame, of_road: IntArray, at: AnyArray, piece: IntArray) -> pd.DataFrame:
    mine = of_road[places["road"]]
    hit, share = mine >= 0, places["share"].to_numpy()
    quarter = at[mine]
    beyond = hit & (share > quarter)
    moved = np.where(beyond, (share - quarter) / (1 - quarter), np.where(hit, share / quarter, share))
    return standing(np.where(beyond, piece[mine], places["road"]), moved)


def closed(towns: Towns, rng: np.random.Generator) -> Towns:
    """One road of each town closed both ways; nobody stands on it, or the town stays as it is."""
    road = np.arange(towns.count) * ROADS + rng.integers(0, ROADS, towns.count)
    held = np.isin(road, np.r_[towns.homes["road"], towns.sites["road"]])
    along, against = towns.along.copy(), towns.against.copy()
    along[road[~held]] = against[road[~held]] = 0
    return replace(towns, along=along, against=against)


def opened(towns: Towns) -> Towns:
    """Every one-way road open both ways."""
    along = np.where(towns.along == 0, towns.against, towns.along)
    return replace(towns, along=along, against=np.where(towns.against == 0, towns.along, towns.against))
