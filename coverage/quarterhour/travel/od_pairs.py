"""Trips between communities and sites, as arrays that a search takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, Csr, StopFlag
from quarterhour.base.cells import as_figure
from quarterhour.base.errors import DataError
from quarterhour.network.network import Network
from quarterhour.network.paces import has_fixed_time
from quarterhour.network.search_graph import search_graph
from quarterhour.network.snap import snap_places
from quarterhour.travel.access_legs import Entries, direct_legs, entries_of, straight_legs
from quarterhour.travel.search_arrays import SearchArrays, search_arrays
from quarterhour.travel.times import Heading, check_heading, check_unique, whole_cs

Places: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
LEGS_AT_ONCE = 1024
_BACK = {"to_site": "to_community", "to_community": "to_site"}


@dataclass(frozen=True, eq=False)
class Trips:
    """Trips of one mode and heading, to be searched from the sites or from the communities.

    ``homes``, ``bases``: communities and sites as snapped, in the user's order. ``from_sites``: the search begins at
    the sites, whoever travels. ``order``: the place that each source of the search is. Sources stand in the order of
    their junctions: the next search runs where the last one left its memory, which is twice as quick.
    """

    homes: pd.DataFrame
    bases: pd.DataFrame
    mode_id: str
    heading: Heading
    turnout_minutes: float
    from_sites: bool
    order: AnyArray
    arcs: Csr
    source: Entries
    target: Entries
    targets: Csr
    straight: Csr
    leaving: bool
    fixed_time: bool = False
    legs: dict[int, Csr] = field(default_factory=dict, repr=False)

    @property
    def target_count(self) -> int:
        """Places at the other end."""
        return len(self.homes if self.from_sites else self.bases)

    def arrays(self, span: slice, stop: StopFlag) -> SearchArrays:
        """What to search from some sources."""
        return search_arrays(
            self.arcs, self.source.rows(span), targets=self.targets, direct=self._direct(span),
            target_count=self.target_count, stop=stop,
        )  # fmt: skip

    def _direct(self, span: slice) -> Csr:
        """Direct legs, worked out for many sources at once: the targets are sorted for that."""
        first = span.start // LEGS_AT_ONCE
        if first != (span.stop - 1) // LEGS_AT_ONCE:
            return self._legs_of(span)
        held = self.legs.get(first)
        begin = first * LEGS_AT_ONCE
        if held is None:
            some = slice(begin, min(begin + LEGS_AT_ONCE, len(self.order)))
            held = self._legs_of(some)
            self.legs.clear()  # blocks come in order
            self.legs[first] = held
        start, target, cs = held
        mine = start[span.start - begin : span.stop - begin + 1]
        legs = slice(int(mine[0]), int(mine[-1]))
        return mine - mine[0], target[legs], cs[legs]

    def _legs_of(self, span: slice) -> Csr:
        return direct_legs(self.source, self.target, span, leaving=self.leaving, straight=self.straight)


def trips_between(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    heading: Heading,
    turnout_minutes: float,
    limit_m: float,
    from_sites: bool | None = None,
    as_given: bool = False,
) -> Trips:
    """Check and snap both sides; without ``from_sites`` the smaller one is searched from.

    ``as_given``: sources keep the user's order, where ties go to the one that stands first.
    DataError for a heading or turnout that cannot be meant, ids that stand twice, places of another network.
    """
    check_heading(heading)
    turnout = whole_cs(turnout_minutes)
    if not as_figure(limit_m) >= 0:
        raise DataError("matrix.bad_limit", limit_m=repr(limit_m))
    homes, bases = _snapped(network, communities, limit_m), _snapped(network, sites, limit_m)
    outward = len(bases) <= len(homes) if from_sites is None else from_sites
    searched, other = (bases, homes) if outward else (homes, bases)
    road = searched["road"].to_numpy()
    # places on no road stand last
    order = np.argsort(np.where(road >= 0, network.tail[road], len(network.x)), kind="stable")
    order = np.arange(len(road)) if as_given else order
    leaving = outward == (heading == "to_community")
    at_source, at_target = (turnout, 0) if outward else (0, turnout)
    begins = searched.iloc[order]
    source = entries_of(network, begins, leaves=leaving, turnout=at_source)
    target = entries_of(network, other, leaves=not leaving, turnout=at_target)
    arcs = search_graph(network).arcs(heading if outward else _BACK[heading])
    return Trips(
        homes=homes,
        bases=bases,
        mode_id=network.mode.id,
        heading=heading,
        turnout_minutes=float(turnout_minutes),
        from_sites=outward,
        order=order,
        arcs=(arcs.indptr, arcs.head, arcs.cs),
        source=source,
        target=target,
        targets=target.by_state(),
        straight=straight_legs(network, begins, other),
        leaving=leaving,
        fixed_time=has_fixed_time(network),
    )


def _snapped(network: Network, places: Places, limit_m: float) -> pd.DataFrame:
    check_unique(places.index)
    if isinstance(places, gpd.GeoDataFrame):
        return snap_places(network, places, limit_m=limit_m)
    missing = [c for c in ("road", "share", "gap_m", "snapped") if c not in places.columns]
    if missing or (places["road"] >= len(network.tail)).any():
        raise DataError("matrix.not_snapped_here", missing=", ".join(missing) or "-", roads=len(network.tail))
    return places
