"""The least time of all people to their nearest open site (p-median): the question in arrays, and good choices.

Exchange search that keeps each row's nearest and second nearest open site (Whitaker 1983, Resende and
Werneck 2007), on sparse rows. Values are people times centiseconds, in whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from quarterhour.base.arrays import AnyArray, BoolArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.question.site_limits import SiteLimits, count_site, may_change

Small = npt.NDArray[np.int32]
Pairs = tuple[AnyArray, AnyArray, AnyArray]
"""Rows of pairs: ``start``, ``site``, ``cs`` (CSR). An absent pair cannot be served; zero is a time like any other."""
MUST = -1
"""In ``otherwise``: an open site must serve the row."""
NEVER = 2**40
_MOST_PASSES = 50
_ROOM = 2**61
"""Sums in kernels stay below."""
_BLOCK = 2**16
_SITES = 31
"""Bits of a site's position, below those of a time."""


@dataclass(frozen=True, eq=False)
class MedianInstance:
    """What is left to decide, in positions; ``build_median_instance`` makes it.

    ``people``: by row, 1 or more. ``start``, ``site``, ``cs``: the sites of each row, nearest first, none farther than
    ``otherwise``: the centiseconds that the row has if none of them opens; ``MUST``: one must open.
    ``limits``: of the sites; none of them is fixed. ``settled``: value of all rows on which nothing depends,
    ``farthest``: the longest of their times.
    ``rows``, ``sites``: their positions in the tables that came; ``opened``: of the sites open for good.
    ``hopeless``: a row that must be served has no site left.
    """

    people: IntArray
    start: IntArray
    site: Small
    cs: Small
    otherwise: IntArray
    limits: SiteLimits
    settled: int
    farthest: int
    rows: IntArray
    sites: IntArray
    opened: IntArray
    hopeless: bool = False

    @property
    def least(self) -> int:
        """No choice is better: every row at its nearest site."""
        return self.settled + int(self.people @ self.cs[self.start[:-1]].astype(np.int64))

    def steps(self, *, whole: bool = True) -> tuple[int, int]:
        """A number of which values of choices differ by multiples, and one value; ``whole``: rows go undivided."""
        first = self.cs[self.start[:-1]].astype(np.int64)
        apart = self.cs - np.repeat(first, np.diff(self.start))
        left = np.where(self.otherwise == MUST, 0, self.otherwise - first)
        if whole:
            apart, left = apart * np.repeat(self.people, np.diff(self.start)), left * self.people
        step = int(np.gcd.reduce(left))
        for at in range(0, len(apart), _BLOCK):
            step = math.gcd(step, int(np.gcd.reduce(apart[at : at + _BLOCK])))
            if step == 1:
                break
        return max(1, step), self.least

    def times(self, chosen: IntArray) -> IntArray:
        """Centiseconds of each row to the nearest of a choice (positions here); ``NEVER`` where it must and cannot."""
        opened = np.zeros(len(self.sites), dtype=bool)
        opened[chosen] = True
        times = np.where(self.otherwise == MUST, NEVER, self.otherwise)
        _nearest(self.start, self.site, self.cs, opened, times)
        return times

    def value(self, chosen: IntArray) -> int | None:
        """People times centiseconds of a choice; None where a row is left that must be served."""
        times = self.times(chosen)
        lost = self.hopeless or times.max(initial=0) == NEVER
        return None if lost else self.settled + int(self.people @ times)

    def worst(self, chosen: IntArray) -> int | None:
        """Centiseconds of the farthest row; None where a row is left that must be served."""
        longest = int(self.times(chosen).max(initial=0))
        return None if self.hopeless or longest == NEVER else max(self.farthest, longest)

    def whole(self, chosen: IntArray) -> IntArray:
        """All open sites of a choice, as positions in the table that came."""
        return np.sort(np.concatenate([self.opened, self.sites[chosen]]))

    def without(self, opened: BoolArray, closed: BoolArray) -> MedianInstance:
        """The question that is left when some sites are open for good and some closed."""
        row = np.repeat(np.arange(len(self.people)), np.diff(self.start))
        place = np.flatnonzero(opened[self.site])
        served, first = np.unique(row[place], return_index=True)
        otherwise = self.otherwise.copy()
        otherwise[served] = self.cs[place[first]]
        left = ~(opened | closed)
        kept = left[self.site] & ((otherwise[row] == MUST) | (self.cs < otherwise[row]))
        site = (np.cumsum(left) - 1)[self.site[kept]]
        places = self.rows, self.sites[left], np.concatenate([self.opened, self.sites[opened]])
        limits = self.limits.without(opened, closed), self.settled, self.farthest
        return _median(self.people, row[kept], site, self.cs[kept], otherwise, *limits, *places)


def build_median_instance(
    people: IntArray, times: Pairs | AnyArray, limits: SiteLimits, *, otherwise: IntArray | None = None
) -> MedianInstance:
    """The question without what is settled: fixed sites, and rows on which nothing depends.

    Parameters
    ----------
    people : by row, whole numbers of 0 or more; rows without people do not count.
    times : centiseconds, as ``Pairs`` or as a matrix rows x sites, where less than 0 means "cannot be served".
    limits : of all sites.
    otherwise : centiseconds of each row that no open site serves; ``MUST``: it must be served. None: all must that
        some site could serve. A row that none could serve is left out in either case.
    """
    row, site, cs = _in_order(times)
    people = np.asarray(people, dtype=np.int64)
    must = np.full(len(people), MUST, dtype=np.int64)
    otherwise = must if otherwise is None else np.asarray(otherwise, dtype=np.int64)
    counts = (people > 0) & (np.bincount(row, minlength=len(people)) > 0)
    kept = counts[row] & ((otherwise[row] == MUST) | (cs <= otherwise[row]))
    row = (np.cumsum(counts) - 1)[row[kept]]
    free = np.zeros(limits.rows.shape[1], dtype=bool)
    whole = SiteLimits(limits.rows, limits.low, limits.high, free)
    places = np.flatnonzero(counts), np.arange(len(free), dtype=np.int64), np.empty(0, dtype=np.int64)
    made = _median(people[counts], row, site[kept], cs[kept], otherwise[counts], whole, 0, 0, *places)
    return made.without(limits.fixed, free) if limits.fixed.any() else made


def pairs_of(times: Pairs | AnyArray) -> Pairs:
    """Times as pairs, whichever way they came."""
    if isinstance(times, tuple):
        return times
    row, site = np.nonzero(times >= 0)
    start = np.r_[0, np.cumsum(np.bincount(row, minlength=len(times)))]
    return start, site, times[row, site]


def _in_order(times: Pairs | AnyArray) -> tuple[AnyArray, Small, Small]:
    """Row, site and time of each pair, rows in order and in each the nearest first, ties to the lower site."""
    start, site, cs = pairs_of(times)
    start = np.asarray(start, dtype=np.int64)
    row = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    key = (cs.astype(np.int64) << _SITES) | site
    _sort_rows(start, key)
    return row, (key & ((1 << _SITES) - 1)).astype(np.int32), (key >> _SITES).astype(np.int32)


@kernel
def _sort_rows(start, key):  # type: ignore[no-untyped-def]
    for i in range(len(start) - 1):
        key[start[i] : start[i + 1]] = np.sort(key[start[i] : start[i + 1]])


def _median(
    people: IntArray,
    row: IntArray,
    site: IntArray,
    cs: Small,
    otherwise: IntArray,
    limits: SiteLimits,
    settled: int,
    farthest: int,
    rows: IntArray,
    sites: IntArray,
    opened: IntArray,
) -> MedianInstance:
    count = np.bincount(row, minlength=len(people))
    open_end = count > 0
    done = ~open_end & (otherwise != MUST)
    settled += int(people[done] @ otherwise[done])
    farthest = max(farthest, int(otherwise[done].max(initial=0)))
    start = np.r_[0, np.cumsum(count[open_end])].astype(np.int64)
    hopeless = bool((~open_end & (otherwise == MUST)).any())
    kept = people[open_end], start, site.astype(np.int32), cs.astype(np.int32), otherwise[open_end]
    return MedianInstance(*kept, limits, settled, farthest, rows[open_end], sites, opened, hopeless)


@kernel
def _nearest(start, site, cs, opened, times):  # type: ignore[no-untyped-def]
    for i in range(len(times)):
        for k in range(start[i], start[i + 1]):
            if opened[site[k]]:
                times[i] = cs[k]
                break


def cover_program(median: MedianInstance, rows: BoolArray) -> Program:
    """An integer program: the limits, and an open site for some of the rows; any solution will do."""
    sites, asked = len(median.sites), np.flatnonzero(rows)
    row = np.repeat(np.arange(len(rows)), np.diff(median.start))
    use = rows[row]
    place = np.searchsorted(asked, row[use]), median.site[use]
    reach = sp.csr_array((np.ones(int(use.sum())), place), shape=(len(asked), sites))
    matrix = sp.csr_array(sp.vstack([median.limits.rows.astype(float), reach], format="csr"))
    low = np.concatenate([median.limits.low, np.ones(len(asked))]).astype(float)
    high = np.concatenate([median.limits.high, np.full(len(asked), np.inf)]).astype(float)
    return Program(
        np.zeros(sites), matrix, low, high, np.zeros(sites), np.ones(sites), whole=np.ones(sites, dtype=bool)
    )


# --- exchange search ------------------------------------------------------------------------------


class MedianExchange:
    """Improves choices: a site more where one may be added, one for another where that saves time."""

    def __init__(self, median: MedianInstance) -> None:
        self.median = median
        sites = len(median.sites)
        order = np.argsort(median.site, kind="stable")
        row = np.repeat(np.arange(len(median.people), dtype=np.int32), np.diff(median.start))
        self.column = np.r_[0, np.cumsum(np.bincount(median.site, minlength=sites))].astype(np.int64)
        self.row, self.cs = row[order], median.cs[order]
        self.by_site = median.limits.by_site()
        self.otherwise = self.far()

    def better(self, chosen: IntArray) -> IntArray:
        """A choice within the limits that no exchange of two sites betters, from one that is."""
        m = self.median
        opened = np.zeros(len(m.sites), dtype=bool)
        opened[chosen] = True
        used = np.asarray(m.limits.rows @ opened.astype(np.int64), dtype=np.int64)
        rows = m.people, m.start, m.site, m.cs, self.otherwise
        columns = self.column, self.row, self.cs
        _exchange(*rows, *columns, *self.by_site, used, m.limits.low, m.limits.high, opened, _MOST_PASSES)
        return np.flatnonzero(opened).astype(np.int64)

    def far(self) -> IntArray:
        """``otherwise``, and for rows that must be served more than all time, as far as sums allow."""
        m = self.median
        longest = int(max(m.cs.max(initial=0), m.otherwise.max(initial=0)))
        people = max(1, int(m.people.sum()))
        return np.where(m.otherwise == MUST, np.int64(min(_ROOM // people, people * longest + 1)), m.otherwise)


@kernel
def _nearest_two(i, start, site, cs, otherwise, opened, first, first_cs, second, second_cs):  # type: ignore[no-untyped-def]
    first[i], second[i] = -1, -1
    first_cs[i], second_cs[i] = otherwise[i], otherwise[i]
    for k in range(start[i], start[i + 1]):
        if opened[site[k]]:
            if first[i] < 0:
                first[i], first_cs[i] = site[k], cs[k]
            else:
                second[i], second_cs[i] = site[k], cs[k]
                break


@kernel
def _exchange(  # type: ignore[no-untyped-def]
    people, start, site, cs, otherwise, column, row, col_cs, rule_start, rule, weight, used, low, high, opened, passes
):
    rows, sites = len(people), len(opened)
    first, second = np.empty(rows, np.int32), np.empty(rows, np.int32)
    first_cs, second_cs = np.empty(rows, np.int64), np.empty(rows, np.int64)
    # What closing an open site costs, and how much of that the site that comes makes good.
    loss, kept = np.zeros(sites, np.int64), np.zeros(sites, np.int64)
    chosen, n = np.empty(sites, np.int64), 0
    for s in range(sites):
        if opened[s]:
            chosen[n] = s
            n += 1
    for i in range(rows):
        _nearest_two(i, start, site, cs, otherwise, opened, first, first_cs, second, second_cs)
        if first[i] >= 0:
            loss[first[i]] += people[i] * (second_cs[i] - first_cs[i])
    idle, tried, s = 0, 0, 0
    while idle < sites and tried < sites * passes:
        if not opened[s]:
            won = np.int64(0)
            for p in range(n):
                kept[chosen[p]] = 0
            for k in range(column[s], column[s + 1]):
                i, time = row[k], np.int64(col_cs[k])
                if time < first_cs[i]:
                    won += people[i] * (first_cs[i] - time)
                    if first[i] >= 0:
                        kept[first[i]] += people[i] * (second_cs[i] - first_cs[i])
                elif time < second_cs[i] and first[i] >= 0:
                    kept[first[i]] += people[i] * (second_cs[i] - time)
            place, cost = -1, won
            if won > 0 and not may_change(rule_start, rule, weight, used, low, high, -1, s):
                for p in range(n):
                    c = loss[chosen[p]] - kept[chosen[p]]
                    if c < cost and may_change(rule_start, rule, weight, used, low, high, chosen[p], s):
                        place, cost = p, c
            elif won > 0:
                place = n
            if place >= 0:
                idle = 0
                if place < n:
                    out = chosen[place]
                    opened[out], opened[s] = False, True
                    count_site(rule_start, rule, weight, used, out, -1)
                    for k in range(column[out], column[out + 1]):
                        i = row[k]
                        if first[i] == out or second[i] == out:
                            loss[first[i]] -= people[i] * (second_cs[i] - first_cs[i])
                            _nearest_two(i, start, site, cs, otherwise, opened, first, first_cs, second, second_cs)
                            if first[i] >= 0:
                                loss[first[i]] += people[i] * (second_cs[i] - first_cs[i])
                else:
                    opened[s] = True
                    n += 1
                chosen[place] = s
                count_site(rule_start, rule, weight, used, s, 1)
                for k in range(column[s], column[s + 1]):
                    i, time = row[k], np.int64(col_cs[k])
                    if time < second_cs[i] and first[i] != s and second[i] != s:
                        if first[i] >= 0:
                            loss[first[i]] -= people[i] * (second_cs[i] - first_cs[i])
                        if time < first_cs[i]:
                            second[i], second_cs[i] = first[i], first_cs[i]
                            first[i], first_cs[i] = s, time
                        else:
                            second[i], second_cs[i] = s, time
                        loss[first[i]] += people[i] * (second_cs[i] - first_cs[i])
        idle += 1
        tried += 1
        s = s + 1 if s + 1 < sites else 0
