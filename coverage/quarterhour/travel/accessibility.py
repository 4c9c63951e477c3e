"""What planners ask of travel times without needing the table: the nearest, the people within, the beds in reach.

Each answer comes from one pass over the network and keeps no pairs, so a province fits where its table would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import AnyArray, FloatArray, StopFlag
from quarterhour.base.cells import as_figure, is_number, numbers
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.parallel import Progress, in_blocks
from quarterhour.base.row_order import by_id
from quarterhour.network.network import Network
from quarterhour.travel.nearest_kernels import Nearest, nearest_to_targets, several_to_targets
from quarterhour.travel.od_pairs import Places, Trips, trips_between
from quarterhour.travel.sum_kernels import sums_of_sources, sums_of_targets
from quarterhour.travel.times import LONGEST_CS, Heading, TravelTimes, whole_cs

Values = pd.Series | pd.DataFrame
LARGEST = 2**53
"""Of people and beds: sums of whole numbers below are exact."""
MOST_RANKS = 2**15
HOWEVER_FAR = (LONGEST_CS - 1) // CENTISECONDS_PER_MINUTE
SITES_A_BLOCK = 64
"""Fixed, so that sums of floating point do not depend on how fast the machine was."""


def nearest_by_kind(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    minutes: float,
    heading: Heading,
    kinds: pd.Series | None = None,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """By community and kind: the nearest ``site`` and its ``minutes``; missing where none is within the cutoff.

    Parameters
    ----------
    network, communities, sites, minutes, heading, turnout_minutes, limit_m : as ``travel_times`` has them.
    kinds : by site; without it the column ``kind`` of the sites.
    threads : kinds side by side.
    progress : called with the share done.

    Returns
    -------
    Indexed as the communities, columns (kind, ``site`` or ``minutes``), kinds in the order of their sites' ids. Of
    sites equally near, the first by id.
    """
    limit = whole_cs(minutes)
    sites = by_id(sites)
    named = _kinds(sites, kinds)
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m,
        from_sites=True, as_given=True,
    )  # fmt: skip
    which, names = pd.factorize(named)
    every = slice(0, len(trips.order))

    def work(span: slice, stop: StopFlag) -> Nearest:
        chosen = np.flatnonzero(which == span.start)
        return nearest_to_targets(trips.arrays(every, stop), cut=limit, chosen=chosen)

    found = [part for _, part in in_blocks(work, len(names), threads=threads, progress=progress, size=1)]
    return _told(trips, dict(zip(names, found, strict=True)), "kind")


def nearest_beyond(
    network: Network, times: TravelTimes, *, kinds: pd.Series, threads: int = 1, progress: Progress | None = None
) -> pd.DataFrame:
    """However far: the nearest site of each kind for those of ``times`` whom none is within its cutoff of.

    Parameters
    ----------
    network : the one that ``times`` were searched on.
    times : with the places as they were snapped.
    kinds : by site.
    threads, progress : as ``nearest_by_kind`` has them.

    Returns
    -------
    A row a community and kind that a way leads to: ``community, kind, nearest, minutes``. One without a row here and
    without a time there has no way to any site of the kind. One search a kind, over as much of the network as it
    takes; none where everybody is reached.
    """
    named = kinds.reindex(times.sites).dropna()
    lost = {kind: _unreached(times, mine.index) for kind, mine in named.groupby(named, sort=False)}
    some = pd.Index(dict.fromkeys(c for left in lost.values() for c in left))
    columns = ["community", "kind", "nearest", "minutes"]
    if not len(some):
        return pd.DataFrame({c: pd.Series(dtype="float64" if c == "minutes" else "str") for c in columns})
    asked = named[named.isin([kind for kind, left in lost.items() if len(left)])]
    found = nearest_by_kind(
        network, times.community_snap.loc[some], times.site_snap.loc[asked.index], minutes=HOWEVER_FAR,
        heading=times.heading, kinds=asked, turnout_minutes=times.turnout_minutes, threads=threads, progress=progress,
    )  # fmt: skip
    told = [
        found[kind].rename(columns={"site": "nearest"}).loc[left].assign(kind=kind)
        for kind, left in lost.items()
        if len(left)
    ]
    rows: pd.DataFrame = pd.concat(told).rename_axis("community").reset_index().dropna(subset="minutes")
    return rows[columns].reset_index(drop=True)


def _unreached(times: TravelTimes, sites: pd.Index) -> pd.Index:
    """Communities on a road that none of these sites was found for."""
    none = times.nearest(sites)["minutes"].isna()
    return times.communities[(none & times.community_snap["snapped"]).to_numpy(dtype=bool)]


@takes(network=Network, communities=pd.DataFrame, sites=pd.DataFrame)
def nearest_sites(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    k: int,
    minutes: float,
    heading: Heading,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
) -> pd.DataFrame:
    """By community: its ``k`` nearest sites within the cutoff, nearest first; missing where there are fewer.

    Parameters
    ----------
    network, communities, sites, minutes, heading, turnout_minutes, limit_m : as ``travel_times`` has them.
    k : how many sites for each community.

    Returns
    -------
    Indexed as the communities, columns (rank from 1, ``site`` or ``minutes``). Of sites equally near, the first by id.

    Raises
    ------
    DataError : ``k`` is no count, or a cutoff that cannot be meant.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> clinic = qh.at_junctions(network, pd.Series({"clinic": "b"}))
    >>> qh.nearest_sites(network, homes, clinic, k=1, minutes=5, heading="to_site")[1]
    column    site  minutes
    west    clinic      5.0
    east       NaN      NaN
    """
    limit = whole_cs(minutes)
    if not (isinstance(k, (int, np.integer)) and is_number(k) and 1 <= k < MOST_RANKS):
        raise DataError("accessibility.bad_k", k=repr(k))
    trips = trips_between(
        network, communities, by_id(sites), heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m,
        from_sites=True, as_given=True,
    )  # fmt: skip

    def work(_: slice, stop: StopFlag) -> Nearest:
        return several_to_targets(trips.arrays(slice(0, len(trips.order)), stop), k=k, cut=limit)

    ((_, (cs, site)),) = in_blocks(work, 1)
    return _told(trips, {rank + 1: (cs[:, rank], site[:, rank]) for rank in range(k)}, "rank")


@takes(network=Network, communities=pd.DataFrame, sites=pd.DataFrame, people=(pd.Series, pd.DataFrame))
def people_within(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    people: Values,
    minutes: float | Sequence[float],
    heading: Heading,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """By site: how many people are within so many minutes of it.

    Parameters
    ----------
    network, communities, sites, heading, turnout_minutes, limit_m : as ``travel_times`` has them.
    people : by community, one column or several.
    minutes : one cutoff or several, each inclusive; all are answered by one search.
    threads : blocks of sites side by side.
    progress : called with the share done.

    Returns
    -------
    Indexed as the sites, columns (people, minutes), cutoffs rising. Whole numbers stay whole.

    Raises
    ------
    DataError : a community without a number.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> network = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
    >>> homes = qh.at_junctions(network, pd.Series({"west": "a", "east": "c"}))
    >>> clinic = qh.at_junctions(network, pd.Series({"clinic": "b"}))
    >>> older = pd.Series({"west": 120, "east": 40})
    >>> qh.people_within(network, homes, clinic, people=older, minutes=[5, 10], heading="to_site").values.tolist()
    [[120, 160]]
    """
    listed = list(minutes) if isinstance(minutes, Iterable) else [minutes]
    cut_of = {as_figure(m): whole_cs(m) for m in listed}
    asked = sorted(cut_of)
    cuts = [cut_of[m] for m in asked]
    if not cuts:
        raise DataError("accessibility.no_minutes")
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m, from_sites=True
    )  # fmt: skip
    counted = _amounts(people, trips.homes.index, "people", "communities")

    def work(span: slice, stop: StopFlag) -> FloatArray:
        return sums_of_targets(trips.arrays(span, stop), amounts=counted.to_numpy(dtype=float), cuts=cuts)

    sums = np.zeros((len(trips.order), len(cuts), counted.shape[1]))
    for span, part in in_blocks(work, len(trips.order), threads=threads, progress=progress):
        sums[trips.order[span]] = part
    made = {(c, m): _as_were(counted[c], sums[:, i, j]) for j, c in enumerate(counted) for i, m in enumerate(asked)}
    return _framed(made, trips.bases.index, ["people", "minutes"])


def sums_by_kind(
    network: Network,
    communities: Places,
    sites: Places,
    *,
    minutes: float,
    heading: Heading,
    kinds: pd.Series | None = None,
    capacity: Values | None = None,
    turnout_minutes: float = 0.0,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """By community and kind: how many ``sites`` are within the cutoff, and how much capacity they have.

    Parameters
    ----------
    network, communities, sites, minutes, heading, turnout_minutes, limit_m : as ``travel_times`` has them.
    kinds : by site; without it the column ``kind`` of the sites.
    capacity : by site, one column or several (beds, staff); without it sites are only counted.
    threads : blocks of sites side by side.
    progress : called with the share done.

    Returns
    -------
    Indexed as the communities, columns (kind, ``sites`` or a column of the capacity). Whole numbers stay whole.

    Raises
    ------
    DataError : a site without a kind or a number.
    """
    limit = whole_cs(minutes)
    sites = by_id(sites)
    named = _kinds(sites, kinds)
    trips = trips_between(
        network, communities, sites, heading=heading, turnout_minutes=turnout_minutes, limit_m=limit_m, from_sites=True
    )  # fmt: skip
    counted = pd.DataFrame({"sites": 1}, index=trips.bases.index)
    if capacity is not None:
        amounts_of = _amounts(capacity, trips.bases.index, "capacity", "sites")
        if "sites" in amounts_of:
            raise DataError("accessibility.name_taken", column="sites")
        counted = counted.join(amounts_of)
    which, names = pd.factorize(named)
    amounts, of = counted.to_numpy(dtype=float)[trips.order], which[trips.order]

    def work(span: slice, stop: StopFlag) -> FloatArray:
        return sums_of_sources(
            trips.arrays(span, stop), amounts=amounts[span], kind=of[span], kinds=len(names), cut=limit
        )  # fmt: skip

    sums = np.zeros((len(trips.homes), len(names), counted.shape[1]))
    for _, part in in_blocks(work, len(trips.order), threads=threads, progress=progress, size=SITES_A_BLOCK):
        sums += part
    made = {(n, c): _as_were(counted[c], sums[:, i, j]) for i, n in enumerate(names) for j, c in enumerate(counted)}
    return _framed(made, trips.homes.index, ["kind", "column"])


def _kinds(sites: Places, kinds: pd.Series | None) -> pd.Series:
    """The kind of each site; DataError where one has none."""
    if kinds is None and "kind" not in sites:
        raise DataError("accessibility.no_kinds", found=first_ids(sites.columns))
    named: pd.Series = (sites["kind"] if kinds is None else kinds).reindex(sites.index)
    if named.isna().any():
        raise DataError("accessibility.no_kind", ids=first_ids(named.index[named.isna()]))
    return named


def _amounts(values: Values, index: pd.Index, name: str, table: str) -> pd.DataFrame:
    """Numbers by place, in the order of the places; DataError where one is missing or no number."""
    frame = values.to_frame(values.name or name) if isinstance(values, pd.Series) else values
    made = pd.DataFrame({c: numbers(frame[c]) for c in frame}).reindex(index)
    for column in made:
        bad = made.index[made[column].isna()]
        if len(bad):
            raise DataError("accessibility.no_number", column=column, table=table, ids=first_ids(bad))
        wrong = made.index[~made[column].between(0, LARGEST)]
        if len(wrong):
            raise DataError("accessibility.bad_number", column=column, table=table, ids=first_ids(wrong))
    whole = [c for c in frame if pd.api.types.is_integer_dtype(frame[c])]
    return made.astype(dict.fromkeys(whole, "int64"))


def _told(trips: Trips, found: dict[Any, Nearest], level: str) -> pd.DataFrame:
    """Sites and minutes in the user's ids."""
    made: dict[tuple[Any, Any], Any] = {}
    for name, (cs, site) in found.items():
        some = site >= 0
        ids = np.full(len(site), None, dtype=object)
        ids[some] = trips.bases.index[site[some]]
        made[name, "site"] = ids
        made[name, "minutes"] = np.where(some, cs / CENTISECONDS_PER_MINUTE, np.nan)
    return _framed(made, trips.homes.index, [level, "column"])


def _as_were(counted: pd.Series, sums: FloatArray) -> AnyArray:
    """Sums of whole numbers are whole."""
    return sums.astype(np.int64) if counted.dtype.kind in "iu" else sums


def _framed(made: dict[tuple[Any, Any], Any], index: pd.Index, levels: list[str]) -> pd.DataFrame:
    columns = pd.MultiIndex.from_tuples(list(made), names=levels)
    return pd.DataFrame(dict(enumerate(made.values())), index=index).set_axis(columns, axis=1)
