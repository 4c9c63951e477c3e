"""The way between a community and a site: its roads, its time, its length and its line."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from quarterhour.base.arrays import AnyArray, FloatArray, IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.parallel import Progress
from quarterhour.network.network import Network
from quarterhour.network.search_graph import UNREACHED
from quarterhour.travel.od_pairs import Places, Trips, trips_between
from quarterhour.travel.path_lines import Ends, Parts, ends_of, lines_of, metres_of, parts_of
from quarterhour.travel.path_search import STRAIGHT, Ways, find_ways
from quarterhour.travel.times import LONGEST_CS, Heading


@dataclass(frozen=True, eq=False)
class Paths:
    """Shortest paths of pairs, one row a pair, in the order in which they were asked for.

    ``community``, ``site``: ids. ``found``: whether there is a way within the cutoff; what follows is 0, missing or
    None where there is none. ``cs``: whole centiseconds, as ``travel_times`` has them. ``access_cs``: of these, the gap
    between place and road where the trip begins and where it ends (pairs x 2), and for near neighbours who go straight
    across the whole of it in the first. ``turnout_cs``: the same for all. ``metres``: gaps included. ``lines``: in
    ``crs``, in the direction of the trip. ``parts``: the roads.
    """

    community: pd.Index
    site: pd.Index
    found: AnyArray
    cs: IntArray
    access_cs: IntArray
    turnout_cs: int
    metres: FloatArray
    lines: AnyArray
    parts: Parts
    road_ids: pd.Index
    heading: Heading
    crs: CRS

    def table(self) -> gpd.GeoDataFrame:
        """A row a pair: ``community, site, minutes, metres, geometry``; missing where there is no way."""
        columns = {
            "community": self.community,
            "site": self.site,
            "minutes": np.where(self.found, self.cs / CENTISECONDS_PER_MINUTE, np.nan),
            "metres": self.metres,
        }
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(self.lines, crs=self.crs), crs=self.crs)

    def roads(self, pair: int) -> pd.DataFrame:
        """The roads of one pair as they are passed: ``road`` (id), the shares, and minutes along it and of the turn."""
        mine, parts = slice(self.parts.start[pair], self.parts.start[pair + 1]), self.parts
        return pd.DataFrame(
            {
                "road": self.road_ids[parts.road[mine]],
                "from_share": parts.from_share[mine],
                "to_share": parts.to_share[mine],
                "minutes": parts.cs[mine] / CENTISECONDS_PER_MINUTE,
                "turn_minutes": parts.turn_cs[mine] / CENTISECONDS_PER_MINUTE,
            }
        )

    def __repr__(self) -> str:
        km = np.nansum(self.metres) / 1000
        return f"<Paths {self.heading}: {int(self.found.sum()):,} of {len(self.cs):,} pairs, {km:,.0f} km>"


def shortest_paths(
    network: Network,
    communities: Places,
    sites: Places,
    pairs: pd.DataFrame,
    *,
    minutes: float | AnyArray,
    heading: Heading,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> Paths:
    """The shortest path of each pair of a community and a site.

    Parameters
    ----------
    network, communities, sites, heading, turnout_minutes, limit_m : as ``travel_times`` has them.
    pairs : columns ``community`` and ``site``, ids; without a site there is no path.
    minutes : the cutoff, one for all or one a pair, inclusive; missing: no path. A search goes no farther, so a time
        that is known already is the best cutoff.
    threads : sites side by side; the answer is the same.
    progress : called with the share done.

    Returns
    -------
    One row a pair, in their order, those without a way as well. The time is that of ``travel_times`` to the
    centisecond: gaps, roads at the shares used, turns and turnout add up to it. The length is that of the roads as the
    network tells it and of the gaps; it is the line's wherever the network's lengths are those of its lines. The line
    leads from place to place, over open ground between place and road. Of ways that take as long, straight across comes
    before one's own road and that before all others, then the first junction; the answer is the same whatever else is
    asked.

    Raises
    ------
    DataError : an id that is not there, or what ``travel_times`` refuses.
    """
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m,
        from_sites=True, as_given=True,
    )  # fmt: skip
    home, site, cut = _positions(trips, pairs, np.broadcast_to(np.asarray(minutes, float), len(pairs)))
    asked = np.flatnonzero(cut >= 0)
    places = home[asked], site[asked]
    ways = find_ways(network, trips, places, cut=cut[asked], threads=threads, progress=progress)
    begin, end = ends_of(trips, ways, places)
    parts, found = parts_of(network, ways, begin, end), ways.cs != UNREACHED
    count = _spread(np.diff(parts.start), asked, len(pairs), 0)
    return Paths(
        community=pd.Index(pairs["community"]),
        site=pd.Index(pairs["site"]),
        found=_spread(found, asked, len(pairs), False),
        cs=_spread(np.where(found, ways.cs, 0), asked, len(pairs), 0),
        access_cs=_spread(_access(trips, ways, begin, end), asked, len(pairs), 0),
        turnout_cs=trips.source.turnout + trips.target.turnout,
        metres=_spread(metres_of(network, ways, parts, begin, end), asked, len(pairs), np.nan),
        lines=_spread(lines_of(network, ways, parts, begin, end), asked, len(pairs), None),
        parts=replace(parts, start=np.r_[0, np.cumsum(count)].astype(np.int64)),
        road_ids=network.road_ids,
        heading=heading,
        crs=network.crs,
    )


def _access(trips: Trips, ways: Ways, begin: Ends, end: Ends) -> IntArray:
    """Centiseconds over open ground where trips begin and where they end; straight across, all of it in the first."""
    access = np.column_stack([e.entries.extra[e.place] - e.entries.turnout for e in (begin, end)])
    across = ways.how == STRAIGHT
    access[across] = 0
    access[across, 0] = ways.cs[across] - trips.source.turnout - trips.target.turnout
    access[ways.cs == UNREACHED] = 0
    return np.asarray(access, np.int64)


def _spread(values: AnyArray, rows: AnyArray, size: int, empty: object) -> AnyArray:
    """Values of some rows among all; ``empty`` in the others."""
    whole = np.full((size, *values.shape[1:]), empty, dtype=values.dtype)
    whole[rows] = values
    return whole


def _positions(trips: Trips, pairs: pd.DataFrame, minutes: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Positions of communities and sites, and cutoffs in centiseconds, -1 where no way is asked for."""
    home, site = _position(trips.homes.index, pairs["community"]), _position(trips.bases.index, pairs["site"])
    cs = minutes * CENTISECONDS_PER_MINUTE
    bad = (cs < 0) | (cs >= LONGEST_CS)
    if bad.any():
        raise DataError("matrix.bad_cutoff", minutes=float(minutes[bad][0]))
    cut = np.where((home >= 0) & (site >= 0), np.rint(np.nan_to_num(cs, nan=-1.0)), -1)
    return home, site, cut.astype(np.int64)


def _position(ids: pd.Index, wanted: pd.Series) -> IntArray:
    found = ids.get_indexer(pd.Index(wanted))
    unknown = (found < 0) & wanted.notna().to_numpy()
    if unknown.any():
        raise DataError("matrix.unknown_id", id=first_ids(wanted[unknown].unique()), known=first_ids(ids))
    return np.asarray(found, np.int64)
