"""Travel times between communities and sites, within a cutoff."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from quarterhour.entries import by_junction, direct_legs, entries_of
from quarterhour.errors import CutoffError, DataError, first_ids
from quarterhour.modes import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.network import Network
from quarterhour.search import cutoff_table
from quarterhour.snap import snap_places

Heading = Literal["to_site", "to_community"]
Ints = NDArray[Any]
LONGEST_CS = 2**30
"""Cutoffs stay below, so that sums of a search stay inside int32."""
BLOCK = 256
"""Sources to a block: a thread's turn, and how soon Ctrl-C is heard."""


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Communities x sites, whoever travels; ``heading`` says who.

    Row i, ``indptr[i]:indptr[i + 1]``, holds the sites that community i is within the cutoff of:
    ``site_index`` (rising) and ``cs``, whole centiseconds, turnout and gaps included. The cutoff is
    inclusive. An absent pair takes longer than the cutoff; zero is a time like any other.
    """

    indptr: Ints
    site_index: Ints
    cs: Ints
    communities: pd.Index
    sites: pd.Index
    cutoff_minutes: float
    heading: Heading
    turnout_minutes: float
    mode_id: str
    community_snap: pd.DataFrame
    site_snap: pd.DataFrame

    def minutes(self, community: Hashable, site: Hashable) -> float | None:
        """Minutes of one pair; None beyond the cutoff."""
        row = self._position(self.communities, community)
        mine = slice(self.indptr[row], self.indptr[row + 1])
        at = np.flatnonzero(self.site_index[mine] == self._position(self.sites, site))
        return float(self.cs[mine][at[0]]) / CENTISECONDS_PER_MINUTE if len(at) else None

    @staticmethod
    def _position(index: pd.Index, key: Hashable) -> int:
        found = index.get_indexer(pd.Index([key]))[0]
        if found < 0:
            raise DataError("reach.unknown_id", id=key, known=first_ids(index))
        return int(found)

    def pairs(self) -> pd.DataFrame:
        """A row a pair: ``community``, ``site``, ``minutes``."""
        rows = np.repeat(np.arange(len(self.communities)), np.diff(self.indptr))
        columns = {"community": self.communities[rows], "site": self.sites[self.site_index]}
        return pd.DataFrame({**columns, "minutes": self.cs / CENTISECONDS_PER_MINUTE})

    def nearest(self, sites: Sequence[Hashable] | pd.Index | None = None) -> pd.DataFrame:
        """By community: the nearest ``site`` and its ``minutes``; missing where none is within the cutoff.

        Of sites equally near, the one that stands first.
        """
        table = self if sites is None else self.only(sites)
        some = np.diff(table.indptr) > 0
        site = np.full(len(self.communities), None, dtype=object)
        minutes = np.full(len(self.communities), np.nan)
        if some.any():
            key = table.cs.astype(np.int64) * (len(table.sites) + 1) + table.site_index
            least = np.minimum.reduceat(key, table.indptr[:-1][some])
            site[some] = table.sites[least % (len(table.sites) + 1)]
            minutes[some] = least // (len(table.sites) + 1) / CENTISECONDS_PER_MINUTE
        return pd.DataFrame({"site": site, "minutes": minutes}, index=self.communities)

    def within(self, minutes: float) -> TravelTimes:
        """The pairs within so many minutes, exactly so many included.

        CutoffError beyond what was searched: a pair that was not looked for would count as too far.
        """
        if centiseconds(minutes) > centiseconds(self.cutoff_minutes):
            raise CutoffError("reach.beyond_cutoff", minutes=minutes, cutoff=self.cutoff_minutes)
        return replace(self._keep(self.cs <= centiseconds(minutes)), cutoff_minutes=minutes)

    def count_within(self, minutes: float) -> pd.Series:
        """How many sites each community has within so many minutes."""
        return pd.Series(np.diff(self.within(minutes).indptr), index=self.communities, name="within")

    def only(self, sites: Sequence[Hashable] | pd.Index) -> TravelTimes:
        """The same with these sites alone, in their order."""
        wanted = pd.Index(sites)
        position = self.sites.get_indexer(wanted)
        if (position < 0).any():
            raise DataError("reach.unknown_id", id=first_ids(wanted[position < 0]), known=first_ids(self.sites))
        _check_once(wanted)
        new = np.full(len(self.sites), -1, np.int32)
        new[position] = np.arange(len(wanted), dtype=np.int32)
        kept = self._keep(new[self.site_index] >= 0)
        rows = np.repeat(np.arange(len(self.communities)), np.diff(kept.indptr))
        order = np.lexsort((new[kept.site_index], rows))
        snapped = self.site_snap if self.site_snap.empty else self.site_snap.loc[wanted]
        return replace(kept, site_index=new[kept.site_index][order], cs=kept.cs[order], sites=wanted, site_snap=snapped)

    def _keep(self, kept: Ints) -> TravelTimes:
        indptr = np.r_[0, np.cumsum(kept)][self.indptr]
        return replace(self, indptr=indptr.astype(np.int64), site_index=self.site_index[kept], cs=self.cs[kept])

    def to_scipy(self) -> sparse.csr_array:
        """Centiseconds as a scipy CSR array; a stored zero is a time of zero, an absent entry is too far."""
        shape = (len(self.communities), len(self.sites))
        return sparse.csr_array((self.cs, self.site_index, self.indptr), shape=shape)

    def __repr__(self) -> str:
        return (
            f"<TravelTimes {self.mode_id} {self.heading}: {len(self.communities):,} communities x {len(self.sites):,} "
            f"sites, {len(self.cs):,} pairs within {self.cutoff_minutes:g} min>"
        )


def travel_times(
    network: Network,
    communities: gpd.GeoDataFrame | pd.DataFrame,
    sites: gpd.GeoDataFrame | pd.DataFrame,
    *,
    minutes: float,
    heading: Heading,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Callable[[float], None] | None = None,
) -> TravelTimes:
    """Minutes between every community and every site, as far as ``minutes`` (inclusive).

    Parameters
    ----------
    network : roads of the mode that travels.
    communities, sites : places in the CRS of the network, or what ``snap_places`` made of them.
    minutes : the cutoff; turnout and gaps count.
    heading : ``to_site`` people go there, ``to_community`` the carer comes; one-way streets make the difference.
    turnout_minutes : added to every trip.
    limit_m : a place farther off every road has no times.
    threads : blocks of sites run side by side; the answer is the same.
    progress : called with the share done.

    A place meets its road at a share of it; its leg to the tail is round(share x time), to the head the
    rest, so that pieces add up. At the very end of a road it stands on the junction, whichever way the road
    runs. Two places on one road have the direct leg, in the directions allowed.
    """
    if heading not in ("to_site", "to_community"):
        raise DataError("reach.bad_heading", heading=heading)
    for given in (minutes, turnout_minutes):
        if not 0 <= given * CENTISECONDS_PER_MINUTE < LONGEST_CS:
            raise DataError("reach.bad_cutoff", minutes=given)
    limit = centiseconds(minutes)
    homes, bases = _snapped(network, communities, limit_m), _snapped(network, sites, limit_m)
    arcs = network.arcs(heading)
    leaving = heading == "to_community"
    source = entries_of(network, bases, leaves=leaving, extra=centiseconds(turnout_minutes))
    target = entries_of(network, homes, leaves=not leaving, extra=0)
    targets = by_junction(target, len(network.x))

    def block(span: slice) -> tuple[Ints, Ints, Ints]:
        return cutoff_table(
            (arcs.indptr, arcs.head, arcs.cs),
            source.rows(span),
            targets=targets,
            direct=direct_legs(source, target, span, leaving=leaving),
            target_count=len(homes),
            cut=limit,
        )

    parts = _in_blocks(block, len(bases), threads, progress)
    indptr, site_index, cs = _by_community(parts, len(bases), len(homes))
    return TravelTimes(
        indptr, site_index, cs, homes.index, bases.index, float(minutes), heading, float(turnout_minutes),
        network.mode.id, homes, bases,
    )  # fmt: skip


def times_from_matrix(
    matrix: Any,
    *,
    communities: Sequence[Hashable] | pd.Index,
    sites: Sequence[Hashable] | pd.Index,
    cutoff: float,
    heading: Heading = "to_site",
    mode_id: str = "matrix",
) -> TravelTimes:
    """Travel times from a matrix of minutes, communities x sites; NaN, infinity and beyond the cutoff are absent."""
    given = np.asarray(matrix, dtype=float).reshape(len(communities), len(sites))
    if (given < 0).any():
        raise DataError("reach.negative_minutes", count=int((given < 0).sum()))
    whole = np.rint(np.where(np.isfinite(given), given, -1) * CENTISECONDS_PER_MINUTE).astype(np.int64)
    rows, columns = np.nonzero((whole >= 0) & (whole <= centiseconds(cutoff)))
    indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(given)))].astype(np.int64)
    return TravelTimes(
        indptr, columns.astype(np.int32), whole[rows, columns].astype(np.int32), pd.Index(communities), pd.Index(sites),
        float(cutoff), heading, 0.0, mode_id, pd.DataFrame(), pd.DataFrame(),
    )  # fmt: skip


def _check_once(ids: pd.Index) -> None:
    if not ids.is_unique:
        raise DataError("reach.ids_twice", ids=first_ids(ids[ids.duplicated()].unique()))


def _snapped(network: Network, places: gpd.GeoDataFrame | pd.DataFrame, limit_m: float) -> pd.DataFrame:
    _check_once(places.index)
    if isinstance(places, gpd.GeoDataFrame):
        return snap_places(network, places, limit_m=limit_m)
    missing = [c for c in ("road", "share", "gap_m", "snapped") if c not in places.columns]
    if missing or (places["road"] >= len(network.tail)).any():
        raise DataError("reach.not_snapped_here", missing=", ".join(missing) or "-", roads=len(network.tail))
    return places


def _in_blocks(
    block: Callable[[slice], tuple[Ints, Ints, Ints]],
    count: int,
    threads: int,
    progress: Callable[[float], None] | None,
) -> list[tuple[Ints, Ints, Ints]]:
    spans = [slice(i, min(i + BLOCK, count)) for i in range(0, count, BLOCK)]
    parts = []
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        try:
            for done, part in enumerate(pool.map(block, spans), 1):
                parts.append(part)
                if progress:
                    progress(done / len(spans))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return parts


def _by_community(parts: list[tuple[Ints, Ints, Ints]], sites: int, communities: int) -> tuple[Ints, Ints, Ints]:
    counts = np.concatenate([np.diff(p[0]) for p in parts]) if parts else np.zeros(sites, np.int64)
    site = np.repeat(np.arange(sites, dtype=np.int32), counts)
    community = np.concatenate([p[1] for p in parts]) if parts else np.empty(0, np.int32)
    cs = np.concatenate([p[2] for p in parts]) if parts else np.empty(0, np.int32)
    order = np.lexsort((site, community))
    indptr = np.r_[0, np.cumsum(np.bincount(community, minlength=communities))].astype(np.int64)
    return indptr, site[order], cs[order]
