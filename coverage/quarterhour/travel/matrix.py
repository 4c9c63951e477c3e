"""Travel times between communities and sites, within a cutoff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import AnyArray, Csr, StopFlag
from quarterhour.base.errors import DataError
from quarterhour.base.parallel import Progress, in_blocks
from quarterhour.network.network import Network
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.od_pairs import Places, Trips, trips_between
from quarterhour.travel.times import Heading, TravelTimes, whole_cs

PAIR_B, DESK_B, FIXED_MB = 48, 24, 32
"""Bytes a pair takes while a block is put together and the one before is still held; bytes a junction of a search;
what the libraries themselves take in passing."""


@takes(network=Network, communities=pd.DataFrame, sites=pd.DataFrame)
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

    A place meets its road at a share of it; its leg to the tail is round(share x time), to the head the
    rest, so that pieces add up. At the very end of a road it stands on the junction, whichever way the road
    runs. Two places on one road have the direct leg, in the directions allowed. Two no farther apart than their gaps
    together may go straight across at the speed of gaps; at one point that takes the turnout alone. Vehicles obey the
    turns that the network forbids, and lose the time that turns cost. It is searched from the side with fewer places.
    Ctrl-C is heard within a moment.

    Returns
    -------
    ``TravelTimes``, communities x sites; a pair beyond the cutoff is absent.

    Raises
    ------
    DataError : a cutoff, heading or turnout that cannot be meant, or places in another CRS.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> clinic = qh.at_junctions(network, pd.Series({"clinic": "b"}))
    >>> qh.travel_times(network, homes, clinic, minutes=15, heading="to_site").pairs()
      community    site  minutes
    0      west  clinic      5.0
    1      east  clinic      6.0
    """
    limit = whole_cs(minutes)
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m
    )  # fmt: skip
    search = _search(trips, limit)
    parts = [part for _, part in in_blocks(search, len(trips.order), threads=threads, progress=progress)]
    return times_of(trips, minutes, np.arange(len(trips.order)), parts)


@takes(network=Network, communities=pd.DataFrame, sites=pd.DataFrame)
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
    """Travel times in blocks of sites (or communities), so that the table never stands in memory as a whole.

    Parameters
    ----------
    network, communities, sites, minutes, heading, turnout_minutes, limit_m, threads, progress : as ``travel_times`` has
        them.
    memory_mb : what the search and its blocks may take beside the network and the places, the block that the caller
        still holds included; let go of each before the next but one.
    blocks_of : of which places a block has some; each block knows all places of the other side.

    Returns
    -------
    An iterator of ``TravelTimes``. Every place is in one block, in the order of the roads, neighbours together.

    Raises
    ------
    DataError : the cap is too small for any block.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> clinic = qh.at_junctions(network, pd.Series({"clinic": "b"}))
    >>> for block in qh.travel_time_blocks(network, homes, clinic, minutes=15, heading="to_site", memory_mb=100):
    ...     print(block)
    <TravelTimes edges to_site: 2 communities x 1 sites, 2 pairs within 15 min>
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
    search = _search(trips, limit, most=pairs // (8 * (threads + 1)))
    parts = in_blocks(search, len(trips.order), threads=threads, progress=progress, done=lambda p: len(p[0]) - 1)
    return _blocks(trips, minutes, parts, most=pairs)


def _search(trips: Trips, cut: int, *, most: int | None = None) -> Callable[[slice, StopFlag], Csr]:
    """Search from some sources, each afresh; with more than ``most`` pairs a block ends."""

    def search(span: slice, stop: StopFlag) -> Csr:
        return cutoff_table(trips.arrays(span, stop), cut=cut, most=most)

    return search


def _blocks(trips: Trips, minutes: float, found: Iterator[tuple[slice, Csr]], *, most: int) -> Iterator[TravelTimes]:
    """Blocks are cut when so many pairs are there; what the threads have in hand is a small part of that."""
    held, parts, first = 0, [], 0
    for span, part in found:
        parts.append(part)
        held += len(part[1])
        if held > most * 3 // 4 or span.stop == len(trips.order):
            yield times_of(trips, minutes, np.arange(first, span.stop), parts)
            held, parts, first = 0, [], span.stop


def times_of(trips: Trips, minutes: float, rows: AnyArray, parts: list[Csr]) -> TravelTimes:
    """The travel times of some sources of the search; ``parts`` is used up."""
    mine = np.sort(trips.order[rows])
    found = _joined(parts, trips.target_count)[np.argsort(trips.order[rows])]
    homes, bases = trips.homes, trips.bases
    if trips.from_sites:
        bases, found = bases.iloc[mine], found.tocsc()  # by community, sites rising
    else:
        homes = homes.iloc[mine]
        found.sort_indices()
    return TravelTimes(
        found.indptr.astype(np.int64), found.indices.astype(np.int32, copy=False), found.data, homes.index,
        bases.index, float(minutes), trips.heading, trips.turnout_minutes, trips.mode_id, homes, bases,
        trips.fixed_time,
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
