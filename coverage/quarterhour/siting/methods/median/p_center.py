"""The least time of the farthest row to its nearest open site (p-center), by halving the times that it can be.

For each time tried: can all be that near? A linear program that may open parts of sites refutes most times that are too
short, a search by exchanges finds choices for most that are not. An integer program refutes the longest time that is
shorter than the best choice's, and then all is proven; where it is not done in time, it is asked of shorter ones.
All of them cover few rows at first; if those cannot be covered, nobody can cover all, and if they can, the rows that
are left far join (Chen and Chen 2009; Contardo, Iori and Kramer 2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.covering.cover_search import cover_by_exchanges
from quarterhour.siting.methods.median.median_instance import MUST, MedianInstance, Pairs, build_median_instance
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import Incumbent, SitesIncumbent, SitesResult
from quarterhour.siting.methods.solver.nest import Nest, cheapest, nest_of, random_choices
from quarterhour.siting.methods.solver.presolve import dominated_rows
from quarterhour.siting.methods.solver.program import TOLERANCE, Program, whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import COUNTING, SearchBudget, SearchResult
from quarterhour.siting.question.site_limits import SiteLimits

_STARTS = 3
_SHARE, _LAST = 0.5, 0.75
"""Of the time left that an integer program may take while shorter times are open too; of that for the last time."""
_JOIN = 60
"""Rows that join a linear program at once."""
_STEPS, _LONG, _WORK = 20_000, 5, 1e8
"""Exchanges that look for a choice within a time, and how many times as many where a proof comes next; what they may
look at."""
_LOOKED = 2_000
"""Farthest rows of which some join at once."""
_ANY = 2**31 - 1
"""A time that all sites in reach are within."""


def solve_p_center(
    people: IntArray,
    times: Pairs | AnyArray,
    limits: SiteLimits,
    *,
    otherwise: IntArray | None = None,
    budget: SearchBudget | None = None,
    start: IntArray | None = None,
) -> SitesResult:
    """The choice of sites with the least centiseconds of the farthest row to the nearest open one, and its proof.

    Parameters are those of ``solve_p_median``; people only say which rows count.
    """
    budget = budget or SearchBudget()
    median = build_median_instance(people, times, limits, otherwise=otherwise)
    nest = nest_of(median.limits)
    if nest is None or median.hopeless:
        return SearchResult(None, None, median.farthest, COUNTING, infeasible=True)
    search = _Search(median, nest, budget)
    infeasible = search.first(start)
    if not infeasible:
        search.halve()
    budget.progress(1.0)
    return search.best.result(nodes=search.nodes, infeasible=infeasible)


class _Search:
    """Between the greatest time known to be too short and the best choice known."""

    def __init__(self, median: MedianInstance, nest: Nest, budget: SearchBudget) -> None:
        self.median, self.nest = median, nest
        open_end = median.otherwise[median.otherwise != MUST]
        least = max(int(median.cs[median.start[:-1]].max(initial=0)), median.farthest)
        longer = [median.cs[median.cs >= least], open_end[open_end >= least], [least]]
        self.times = np.unique(np.concatenate(longer))
        self.best: SitesIncumbent = Incumbent(budget, bound=least)
        self.nodes = 0
        self.asked = np.zeros(len(median.people), dtype=bool)
        self.by = ""
        self.missed = -1

    def first(self, start: IntArray | None) -> bool:
        """Some choice within the limits; True: there is none."""
        begins = random_choices(self.nest, _STARTS, seed=self.best.budget.seed)
        if start is not None:
            begins.insert(0, np.flatnonzero(np.isin(self.median.sites, start)))
        for begin in begins:
            self.take(begin)
        if self.best.value is None:
            self.search(_ANY, next((b for b in begins if self.median.limits.holds(b)), None), 1)
        if self.best.value is not None:
            return False
        infeasible = self.cover(_ANY, self.best.budget)
        self.best.proved_by = self.by if infeasible else self.best.proved_by
        return infeasible

    def halve(self) -> None:
        """Try the middle of what is open until nothing is: by linear programs, by exchanges, by integer programs."""
        self._decide(lambda cs, _: self.refuted(cs))
        self._found_by_halving()
        share = self.best.budget.share(_LAST)
        while not (self.best.is_finished or share.over()):
            cs = int(self.times[np.searchsorted(self.times, self._value) - 1])
            before = self._value
            if not self.search(cs, self._begin(), _LONG) and self.cover(cs, share):
                self.best.tighten(before, by=self.by)
            if self._value == before:
                break
        self._decide(lambda cs, last: self.cover(cs, self.best.budget if last else self.best.budget.share(_SHARE)))

    def _decide(self, infeasible: Callable[[int, bool], bool]) -> None:
        """Halve by a way that tells which times are too short; one that it does not refute is not asked again."""
        below = _ANY
        while not self.best.is_finished:
            top = min(below, self._value)
            open_times = self.times[(self.times >= self.best.bound) & (self.times < top)]
            if not len(open_times):
                return
            cs = int(open_times[(len(open_times) - 1) // 2])
            self.best.budget.progress(1 / (1 + len(open_times).bit_length()))
            if infeasible(cs, len(open_times) == 1):
                self.best.tighten(int(self.times[np.searchsorted(self.times, cs, side="right")]), by=self.by)
            elif self._value > cs and not self.search(cs, self._begin(), 1):
                below = cs

    def _found_by_halving(self) -> None:
        """Halve by exchanges alone: a time that they do not find a choice for is taken for too short, unproven."""
        while not self.best.is_finished:
            least = max(self.best.bound, self.missed + 1)
            open_times = self.times[(self.times >= least) & (self.times < self._value)]
            if not len(open_times):
                return
            self.search(int(open_times[len(open_times) // 2]), self._begin(), 1)

    @property
    def _value(self) -> int:
        assert self.best.value is not None
        return self.best.value

    def _begin(self) -> IntArray:
        """The best choice, in positions here."""
        assert self.best.choice is not None
        return np.flatnonzero(np.isin(self.median.sites, self.best.choice))

    def search(self, cs: int, begin: IntArray | None, effort: int) -> bool:
        """Look by exchanges for a choice that brings all within a time, and take it; whether there is one."""
        m, budget, chosen, left = self.median, self.best.budget, begin, 1.0
        while chosen is not None and not budget.over():
            reach = self.reach(cs)
            steps = effort * min(_STEPS, int(_WORK / max(1.0, reach.nnz**2 / max(1, math.prod(reach.shape)))))
            chosen, unused = cover_by_exchanges(reach, m.limits, chosen, budget, steps=math.ceil(left * steps))
            if chosen is None:
                break
            left = unused / max(1, steps)
            self.take(chosen)
            if not self.ask(cs, m.times(chosen)):
                return True
        self.missed = max(self.missed, cs)
        return False

    def reach(self, cs: int, asked: BoolArray | None = None) -> sp.csr_array:
        """The rows asked that a site within a time must cover x sites, without those covered whenever another is."""
        m = self.median
        rows = np.flatnonzero((self.asked if asked is None else asked) & self.far(cs))
        count = m.start[rows + 1] - m.start[rows]
        pair = np.repeat(m.start[rows] - np.r_[0, np.cumsum(count)[:-1]], count) + np.arange(int(count.sum()))
        row, near = np.repeat(np.arange(len(rows)), count), m.cs[pair] <= cs
        place = row[near], m.site[pair[near]]
        reach = sp.csr_array((np.ones(int(near.sum())), place), shape=(len(rows), len(m.sites)))
        return sp.csr_array(reach[np.flatnonzero(~dominated_rows(reach))])

    def far(self, cs: int) -> BoolArray:
        """Rows that are farther than a time unless a site is within it."""
        far: BoolArray = (self.median.otherwise == MUST) | (self.median.otherwise > cs)
        return far

    def refuted(self, cs: int) -> bool:
        """Whether not even parts of sites, within the limits in sum, bring all within a time."""
        m, budget = self.median, self.best.budget
        far = self.far(cs)
        solver = Solver(_short(_program(m, self.reach(cs)), len(m.limits.low)), seed=budget.seed)
        self.by = solver.version
        while True:
            out = solve_within(solver, budget)
            if math.isfinite(out.bound) and out.bound > TOLERANCE:
                return True
            if out.values is None or out.status != "optimal":
                return out.status == "infeasible"
            opened = out.values[:-1]
            missing = np.where(far & ~self.asked, 1.0 - _within(m.start, m.site, m.cs, cs, opened), 0.0)
            join = self._least_covered(missing)
            if not len(join):
                self.take(cheapest(self.nest, -opened))
                return False
            fresh = np.zeros_like(self.asked)
            self.asked[join] = fresh[join] = True
            rows = self.reach(cs, fresh)
            ones = np.ones(rows.shape[0])
            wide = sp.csr_array(sp.hstack([rows, ones[:, None]], format="csr"))
            solver.add_rows(wide, ones, np.full(len(ones), math.inf))

    def _least_covered(self, missing: FloatArray) -> IntArray:
        """Rows of which most is missing, no two of them with the same nearest site."""
        rows = np.flatnonzero(missing > TOLERANCE)
        rows = rows[np.argsort(-missing[rows], kind="stable")]
        _, first = np.unique(self.median.site[self.median.start[rows]], return_index=True)
        return rows[np.sort(first)[:_JOIN]]

    def cover(self, cs: int, budget: SearchBudget) -> bool:
        """Look for a choice that brings all within a time, and take it; whether it is proven that there is none."""
        m, most = self.median, _most_sites(self.median.limits)
        while True:
            solver = Solver(_program(m, self.reach(cs), fewest=most is not None), seed=budget.seed)
            self.by = solver.version
            decided = _Decided(most, budget)
            out = solve_within(solver, budget, stop=decided.stop, found=decided.found, bounded=decided.bounded)
            self.nodes += out.nodes
            if most is not None and whole_bound(max(out.bound, decided.bound), most=False) > most:
                return True
            if out.values is None:
                return out.status == "infeasible"
            chosen = np.flatnonzero(out.values > 0.5)
            self.take(chosen)
            if not m.limits.holds(chosen) or not self.ask(cs, m.times(chosen)):
                return False

    def ask(self, cs: int, times: IntArray) -> bool:
        """Cover the farthest rows too from now on, no two of them with a site within reach in common.

        Whether there were rows that are farther than a time and were not asked for.
        """
        m = self.median
        near = np.zeros(len(m.sites), dtype=bool)
        far = np.flatnonzero((times > cs) & ~self.asked)
        for row in far[np.argsort(-times[far], kind="stable")][:_LOOKED]:
            reach = slice(m.start[row], m.start[row + 1])
            sites = m.site[reach][m.cs[reach] <= cs]
            if not near[sites].any():
                self.asked[row], near[sites] = True, True
        return len(far) > 0

    def take(self, chosen: IntArray) -> None:
        """Offer a choice, if it keeps the limits."""
        if self.median.limits.holds(chosen):
            self.best.offer(self.median.whole(chosen), self.median.worst(chosen))


@kernel
def _within(start, site, cs, most, opened):  # type: ignore[no-untyped-def]
    """By row, how much of sites is open within a time."""
    total = np.zeros(len(start) - 1)
    for i in range(len(total)):
        for k in range(start[i], start[i + 1]):
            if cs[k] > most:
                break
            total[i] += opened[site[k]]
    return total


class _Decided:
    """Whether a program that wants the fewest sites has come to at most so many, or needs more."""

    def __init__(self, most: int | None, budget: SearchBudget) -> None:
        self.most, self.budget = most, budget
        self.bound, self.enough = -math.inf, False

    def found(self, values: FloatArray, bound: float) -> None:
        """A better solution."""
        self.enough = self.enough or (self.most is not None and round(float(values.sum())) <= self.most)
        self.bounded(bound)

    def bounded(self, bound: float) -> None:
        """A better bound."""
        self.bound = max(self.bound, bound)

    def stop(self) -> bool:
        """Leave off: it is decided, or a stop was asked for."""
        needs_more = self.most is not None and whole_bound(self.bound, most=False) > self.most
        return self.enough or needs_more or self.budget.stop()


def _count_row(limits: SiteLimits) -> int | None:
    """The row that only says how many of all sites may open; None where there is none."""
    rows = limits.rows
    for row in np.flatnonzero((np.diff(rows.indptr) == rows.shape[1]) & (limits.low <= 0)).tolist():
        if (rows.data[rows.indptr[row] : rows.indptr[row + 1]] == 1).all():
            return int(row)
    return None


def _most_sites(limits: SiteLimits) -> int | None:
    """How many sites may open; None where no row says it of all."""
    row = _count_row(limits)
    return None if row is None else int(limits.high[row])


def _program(median: MedianInstance, reach: sp.csr_array, *, fewest: bool = False) -> Program:
    """The limits, and an open site for each row; any solution will do.

    ``fewest``: that of the fewest sites, and no limit on their number.
    """
    limits, sites, rows = median.limits, len(median.sites), reach.shape[0]
    stays = np.arange(len(limits.low)) != (_count_row(limits) if fewest else None)
    matrix = sp.csr_array(sp.vstack([limits.rows[np.flatnonzero(stays)].astype(float), reach], format="csr"))
    low = np.concatenate([limits.low[stays], np.ones(rows)]).astype(float)
    high = np.concatenate([limits.high[stays], np.full(rows, math.inf)]).astype(float)
    box = np.zeros(sites), np.ones(sites)
    cost = np.ones(sites) if fewest else np.zeros(sites)
    return Program(cost, matrix, low, high, *box, whole=np.ones(sites, dtype=bool))


def _short(whole: Program, limits: int) -> Program:
    """By how much the row covered least falls short of one site, at least, when sites may open in part."""
    short = np.r_[np.zeros(limits), np.ones(len(whole.low) - limits)]
    rows = sp.csr_array(sp.hstack([whole.rows, short[:, None]], format="csr"))
    cost = np.r_[np.zeros(len(whole.cost)), 1.0]
    return replace(
        whole, cost=cost, rows=rows, lower=np.r_[whole.lower, 0.0], upper=np.r_[whole.upper, 1.0], whole=None
    )
