"""Travel times between communities and sites, within a cutoff."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from quarterhour.base.arrays import AnyArray, Csr
from quarterhour.base.errors import CutoffError, DataError, first_ids
from quarterhour.base.parallel import in_blocks
from quarterhour.base.units import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.network.build import Network
from quarterhour.travel.od_pairs import Heading, Places, Trips, check_once, trips_between, whole_cs
from quarterhour.travel.search_method import plain_search, searcher

Progress = Callable[[float], None]
PAIR_B, DESK_B, FIXED_MB = 48, 24, 32
"""Bytes a pair takes while a block is put together and the one before is still held; bytes a junction of a search;
what the libraries themselves take in passing."""


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Communities x sites, whoever travels; ``heading`` says who.

    Row i, ``indptr[i]:indptr[i + 1]``, holds the sites that community i is within the cutoff of:
    ``site_index`` (rising) and ``cs``, whole centiseconds, turnout and gaps included. The cutoff is
    inclusive. An absent pair takes longer than the cutoff; zero is a time like any other.
    """

    indptr: AnyArray
    site_index: AnyArray
    cs: AnyArray
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
            raise DataError("matrix.unknown_id", id=key, known=first_ids(index))
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
            raise CutoffError("matrix.beyond_cutoff", minutes=minutes, cutoff=self.cutoff_minutes)
        return replace(self._keep(self.cs <= centiseconds(minutes)), cutoff_minutes=minutes)

    def count_within(self, minutes: float) -> pd.Series:
        """How many sites each community has within so many minutes."""
        return pd.Series(np.diff(self.within(minutes).indptr), index=self.communities, name="within")

    def only(self, sites: Sequence[Hashable] | pd.Index) -> TravelTimes:
        """The same with these sites alone, in their order."""
        wanted = pd.Index(sites)
        position = self.sites.get_indexer(wanted)
        if (position < 0).any():
            raise DataError("matrix.unknown_id", id=first_ids(wanted[position < 0]), known=first_ids(self.sites))
        check_once(wanted)
        new = np.full(len(self.sites), -1, np.int32)
        new[position] = np.arange(len(wanted), dtype=np.int32)
        kept = self._keep(new[self.site_index] >= 0)
        rows = np.repeat(np.arange(len(self.communities)), np.diff(kept.indptr))
        order = np.lexsort((new[kept.site_index], rows))
        snapped = self.site_snap if self.site_snap.empty else self.site_snap.loc[wanted]
        return replace(kept, site_index=new[kept.site_index][order], cs=kept.cs[order], sites=wanted, site_snap=snapped)

    def _keep(self, kept: AnyArray) -> TravelTimes:
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
    communities: Places,
    sites: Places,
    *,
    minutes: float,
    heading: Heading,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
    scenarios: int = 1,
    hierarchy_folder: Path | None = None,
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
    threads : blocks of places searched side by side; the answer is the same.
    progress : called with the share done.
    scenarios : how often a table of this size will be asked of this network. Many are worth preparing a contraction
        hierarchy first; what is chosen, and why, stands in the log, and the answer is the same either way.
    hierarchy_folder : where hierarchies are kept for the next run; without it the network keeps its own.

    A place meets its road at a share of it; its leg to the tail is round(share x time), to the head the
    rest, so that pieces add up. At the very end of a road it stands on the junction, whichever way the road
    runs. Two places on one road have the direct leg, in the directions allowed; two at one point (to the millimetre)
    are 0 apart, turnout alone, however far off the road that is. Vehicles obey the turns that the network forbids, and
    lose the time that turns cost. It is searched from the side with fewer places. Ctrl-C is heard within a moment.
    """
    limit = whole_cs(minutes)
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m
    )  # fmt: skip
    search, prepared = searcher(network, trips, limit, scenarios=scenarios, folder=hierarchy_folder, progress=progress)
    rest = None if progress is None else _after(progress, prepared)
    parts = [part for _, part in in_blocks(search, len(trips.order), threads=threads, progress=rest)]
    made = _Making(network, trips, float(minutes), heading, float(turnout_minutes))
    return made.table(np.arange(len(trips.order)), parts)


def travel_time_blocks(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    minutes: float,
    heading: Heading,
    memory_mb: float,
    blocks_of: Literal["sites", "communities"] = "sites",
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> Iterator[TravelTimes]:
    """The same table in blocks of sites (or communities), so that it never stands in memory as a whole.

    ``memory_mb``: what the search and its blocks may take beside the network and the places, the block that the
    caller still holds included; let go of each before the next but one. Every place is in one block, in the order
    of the roads, neighbours together; each block knows all places of the other side. DataError when the cap is
    too small for any block.
    """
    if blocks_of not in ("sites", "communities"):
        raise DataError("matrix.bad_blocks", blocks_of=blocks_of)
    limit = whole_cs(minutes)
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m,
        from_sites=blocks_of == "sites",
    )  # fmt: skip
    fixed = FIXED_MB * 1e6 + max(1, threads) * (len(trips.arcs[0]) * DESK_B + trips.target_count * 12)
    pairs = int((memory_mb * 1e6 - fixed) // PAIR_B)
    if pairs < trips.target_count * 8 * (threads + 1):
        least = (fixed + trips.target_count * 8 * (threads + 1) * PAIR_B) / 1e6
        raise DataError("matrix.small_cap", memory_mb=memory_mb, least=f"{least:.0f}")
    made = _Making(network, trips, float(minutes), heading, float(turnout_minutes))
    return _blocks(made, limit, pairs, threads, progress)


def _blocks(made: _Making, limit: int, pairs: int, threads: int, progress: Progress | None) -> Iterator[TravelTimes]:
    """Blocks are cut when so many pairs are there; what the threads have in hand is a small part of that."""
    count, held, parts, first = len(made.trips.order), 0, [], 0
    search = plain_search(made.trips, limit, most=pairs // (8 * (threads + 1)))
    for span, part in in_blocks(search, count, threads=threads, progress=progress, done=lambda p: len(p[0]) - 1):
        parts.append(part)
        held += len(part[1])
        if held > pairs * 3 // 4 or span.stop == count:
            yield made.table(np.arange(first, span.stop), parts)
            held, parts, first = 0, [], span.stop


@dataclass(frozen=True, eq=False)
class _Making:
    """What every table of some trips says of itself."""

    network: Network
    trips: Trips
    minutes: float
    heading: Heading
    turnout_minutes: float

    def table(self, rows: AnyArray, parts: list[Csr]) -> TravelTimes:
        """The travel times of some sources of the search; ``parts`` is used up."""
        trips = self.trips
        mine = np.sort(trips.order[rows])
        found = _joined(parts, trips.target_count)[np.argsort(trips.order[rows])]
        homes, bases = (
            (trips.homes, trips.bases.iloc[mine]) if trips.from_sites else (trips.homes.iloc[mine], trips.bases)
        )
        if trips.from_sites:
            found = found.tocsc()  # by community, sites rising
        else:
            found.sort_indices()
        return TravelTimes(
            found.indptr.astype(np.int64), found.indices.astype(np.int32, copy=False), found.data, homes.index,
            bases.index, self.minutes, self.heading, self.turnout_minutes, self.network.mode.id, homes, bases,
        )  # fmt: skip


def _joined(parts: list[Csr], columns: int) -> sparse.csr_array:
    """Blocks of rows one below the other; the parts are let go as they are copied."""
    counts = np.concatenate([np.zeros(1, np.int64), *(np.diff(p[0]) for p in parts)])
    ids, times = [p[1] for p in parts], [p[2] for p in parts]
    parts.clear()
    indices = np.concatenate([np.empty(0, np.int32), *ids])
    del ids
    cs = np.concatenate([np.empty(0, np.int32), *times])
    return sparse.csr_array((cs, indices, np.cumsum(counts)), shape=(len(counts) - 1, columns))


def _after(progress: Progress, share: float) -> Progress:
    """Progress of what is left when a share is done."""
    return lambda done: progress(share + (1 - share) * done)


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
        raise DataError("matrix.negative_minutes", count=int((given < 0).sum()))
    whole = np.rint(np.where(np.isfinite(given), given, -1) * CENTISECONDS_PER_MINUTE).astype(np.int64)
    rows, columns = np.nonzero((whole >= 0) & (whole <= centiseconds(cutoff)))
    indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(given)))].astype(np.int64)
    return TravelTimes(
        indptr, columns.astype(np.int32), whole[rows, columns].astype(np.int32), pd.Index(communities), pd.Index(sites),
        float(cutoff), heading, 0.0, mode_id, pd.DataFrame(), pd.DataFrame(),
    )  # fmt: skip
