"""The p-median solved: exchange search, Lagrangian bound, sites settled by it, and a tree for what is left."""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.siting.methods.median.branch_and_cut import PMedianMaster, PMedianTree
from quarterhour.siting.methods.median.kicked import pool_of
from quarterhour.siting.methods.median.lagrangian import LagrangianBound, LagrangianPrices, reduced_cost_fixing
from quarterhour.siting.methods.median.median_instance import (
    MUST,
    MedianExchange,
    MedianInstance,
    Pairs,
    build_median_instance,
    cover_program,
)
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import Incumbent, SitesIncumbent, SitesResult
from quarterhour.siting.methods.solver.nest import Nest, nest_of, random_choices
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import COUNTING, SearchBudget, SearchResult
from quarterhour.siting.question.site_limits import SiteLimits

PRICES = "Lagrangian"
_STARTS = 3
_SHARE, _POOL = 0.4, 0.2
"""Of the time, or work, left that the Lagrangian bound, and then the pool before the tree, may take."""
_LARGE, _TURNS = 100_000, 16
"""Pairs of a question whose tree may take all the time that is left, and turns of the pool before it."""


def solve_p_median(
    people: IntArray,
    times: Pairs | AnyArray,
    limits: SiteLimits,
    *,
    otherwise: IntArray | None = None,
    budget: SearchBudget | None = None,
    start: IntArray | None = None,
) -> SitesResult:
    """The choice of sites with the least people times centiseconds to the nearest open one (p-median), and its proof.

    Parameters
    ----------
    people : by row, whole numbers of 0 or more; rows without people do not count.
    times : whole centiseconds, as ``Pairs`` (an absent pair cannot be served) or as a matrix rows x sites, where
        less than 0 means so.
    limits : what the choice must keep; fixed sites are open in it.
    otherwise : centiseconds of each row that no open site serves; ``MUST``: it must be served. None: all must that
        some site could serve. Rows that no site could serve do not count.
    budget : time, seed, stop; its callbacks.
    start : open sites of a known choice.
    """
    budget = budget or SearchBudget()
    median = build_median_instance(people, times, limits, otherwise=otherwise)
    nest = nest_of(median.limits)
    if nest is None or median.hopeless:
        return SearchResult(None, None, median.least, COUNTING, infeasible=True)
    best: SitesIncumbent = Incumbent(budget, bound=median.least, steps=median.steps())
    exchange = MedianExchange(median)
    _first(median, nest, exchange, best, start)
    budget.progress(0.1)
    infeasible = best.value is None and not _some(median, exchange, best)
    if infeasible or best.is_finished:
        return best.result(infeasible=infeasible)
    priced = _priced(median, nest, exchange, best)
    budget.progress(0.5)
    nodes = 0 if best.is_finished else _searched(median, nest, priced, best)
    return best.result(nodes=nodes)


def _first(
    median: MedianInstance, nest: Nest, exchange: MedianExchange, best: SitesIncumbent, start: IntArray | None
) -> None:
    """Good choices from some random ones; all sites where that many may open."""
    if nest.size == len(median.sites) and nest.whole:
        _take(median, best, np.arange(len(median.sites), dtype=np.int64))
        return
    begins = random_choices(nest, _STARTS, seed=best.budget.seed)
    if start is not None:
        begins.insert(0, np.flatnonzero(np.isin(median.sites, start)))
    for begin in begins:
        if median.limits.holds(begin) and (best.value is None or not best.is_finished):
            _take(median, best, exchange.better(begin))
            best.budget.spend(rounds=1)


def _take(median: MedianInstance, best: SitesIncumbent, chosen: IntArray) -> None:
    if median.limits.holds(chosen):
        best.offer(median.whole(chosen), median.value(chosen))


def _some(median: MedianInstance, exchange: MedianExchange, best: SitesIncumbent) -> bool:
    """Any choice within the limits that serves whom it must, by an integer program; False where there is none."""
    must = median.otherwise == MUST
    solver = Solver(cover_program(median, must), seed=best.budget.seed)
    out = solve_within(solver, best.budget)
    if out.values is not None:
        chosen = np.flatnonzero(out.values > 0.5).astype(np.int64)
        if median.limits.holds(chosen):
            _take(median, best, exchange.better(chosen))
            _take(median, best, chosen)
    best.proved_by = solver.version if out.status == "infeasible" else best.proved_by
    return out.status != "infeasible"


def _priced(median: MedianInstance, nest: Nest, exchange: MedianExchange, best: SitesIncumbent) -> LagrangianPrices:
    part = best.budget.share(_SHARE)

    def look(chosen: IntArray) -> int | None:
        if median.limits.holds(chosen):
            _take(median, best, exchange.better(chosen))
        return best.value

    def over() -> bool:
        part.spend(rounds=1)
        return part.over()

    begin = np.flatnonzero(np.isin(median.sites, best.choice)) if best.choice is not None else np.empty(0, np.int64)
    priced = LagrangianBound(median, nest, step=best.steps[0]).rounds(begin, best.value, over=over, look=look)
    best.tighten(priced.bound, by=PRICES)
    return priced


def _searched(median: MedianInstance, nest: Nest, priced: LagrangianPrices, best: SitesIncumbent) -> int:
    """The tree over what the prices leave open; how many nodes it took."""
    opened = closed = np.zeros(len(median.sites), dtype=bool)
    if best.value is not None:
        opened, closed = reduced_cost_fixing(nest, priced, best.value - best.steps[0], median.settled)
    left = median.without(opened, closed)
    smaller = nest_of(left.limits)
    if left.hopeless or smaller is None:
        if best.value is not None:
            best.tighten(best.value, by=PRICES)
        return 0
    master = PMedianMaster(left, seed=best.budget.seed)
    master.at_prices(priced.prices[np.searchsorted(median.rows, left.rows)], priced.parts)
    exchange = MedianExchange(left)
    tree = PMedianTree(left, smaller, exchange, best, master)
    if len(left.cs) > _LARGE:
        tree.pool = pool_of(exchange, best)
        tree.pool.run(best.budget.share(_POOL), turns=_TURNS)
    tree.search()
    if tree.pool is not None:
        tree.pool.run(best.budget)
    return tree.nodes
