"""Most people covered by so many sites, and the proof: a good choice, a bound by cuts, a tree for what is between."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import MaxCoverMaster
from quarterhour.siting.methods.covering.branch_and_cut import MaxCoverTree
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.exchange import offer_improved, pool_of
from quarterhour.siting.methods.covering.greedy import greedy_order, heuristic_choice
from quarterhour.siting.methods.covering.min_sites import solve_min_sites
from quarterhour.siting.methods.covering.primal_dual import primal_dual_bound
from quarterhour.siting.methods.solver.incumbent import SitesResult
from quarterhour.siting.methods.solver.presolve import merge_rows
from quarterhour.siting.question.search import SearchBudget

_FIRST = 2e7
"""Steps of local search before there is a bound."""
_SMALL_PROGRAM, _POOL, _PRICES, _LARGE_PROGRAM, _POOL_AFTER = 0.1, 0.1, 0.3, 0.4, 0.7
"""Of the time, or work, left that each part may take."""
_SMALL = 30_000
"""Pairs of a question whose tree needs neither pool nor prices before it."""
_TURNS = 16
"""Of the pool, before prices."""
_CLOSE, _CLOSEST = 1e-4, 1e-6
"""How near the prices come to the linear program's value, and where nothing else is left to do."""
_EASY, _NEAR = 3, 1e-3
"""Nodes that are looked at before a question is no longer thought easy, and the gap beyond which it never was."""


def solve_max_cover(core: CoverInstance, budget: SearchBudget | None = None, *, gap: float = 0.0) -> SitesResult:
    """The choice of candidates that covers most people within the quotas, and its proof.

    Parameters
    ----------
    core : its ``all_rows`` does not count here.
    budget : time, seed, stop; its callbacks.
    gap : by how much of the value the choice may fall short of the bound; 0: proven best.
    """
    budget = budget or SearchBudget()
    core, unit = presolve_max_cover(core)
    best = CoverIncumbent(core, _in_people(budget, unit), bound=int(core.people.sum()))
    infeasible, nodes = not offer_first_choice(best, effort=_FIRST), 0
    budget.progress(0.2)
    if not infeasible and not _is_done(best, gap):
        search = _Search(best, gap)
        search.run()
        infeasible, nodes = search.infeasible, search.nodes
    budget.progress(1.0)
    return in_people(best.result(nodes=nodes, infeasible=infeasible), unit)


class _Search:
    """What follows a first choice: what is easy by a small program, else the pool, the prices, then the tree."""

    def __init__(self, best: CoverIncumbent, gap: float) -> None:
        self.best, self.gap, self.budget = best, gap, best.budget
        self.pool, self.infeasible, self.nodes = pool_of(best), False, 0

    def run(self) -> None:
        """Until the gap is small enough, or the budget is over."""
        core, best, budget = self.best.core, self.best, self.budget
        self._tree(interior_point(core, best.choice), budget.share(_SMALL_PROGRAM), fine=False)
        budget.progress(0.3)
        if self._is_done():
            return
        inside, prices = interior_point(core, best.choice), None
        if core.cover.nnz > _SMALL:
            self.pool.run(budget.share(_POOL), turns=_TURNS)
            prices = primal_dual_bound(core)
        if prices is not None and not self._is_done():
            prices.run(budget.share(_PRICES), best, close=_CLOSE)
            inside = prices.inside
        budget.progress(0.5)
        if not self._is_done():
            self._tree(inside, budget if prices is None else budget.share(_LARGE_PROGRAM), fine=True)
        if prices is not None and not self._is_done():
            self.pool.run(budget.share(_POOL_AFTER))
            prices.run(budget, best, close=_CLOSEST)
            self.pool.run(budget)

    def _tree(self, inside: FloatArray, part: SearchBudget, *, fine: bool) -> None:
        """A tree whose root is settled within a part of the budget grows on."""
        best = self.best
        master = MaxCoverMaster(best.core, seed=self.budget.seed, fine=fine)
        tree = MaxCoverTree(master, best, pool=self.pool, eager=not fine)
        tree.budget = part
        tree.solve_root(inside)
        if not part.over():
            tree.budget = self.budget if fine else part
            tree.search(gap=self.gap, nodes=math.inf if fine else _EASY if best.gap < _NEAR else 0)
        self.infeasible, self.nodes = tree.is_infeasible, self.nodes + tree.nodes

    def _is_done(self) -> bool:
        return self.infeasible or _is_done(self.best, self.gap)


def _is_done(best: CoverIncumbent, gap: float) -> bool:
    return best.is_finished or best.gap <= gap


def presolve_max_cover(core: CoverInstance) -> tuple[CoverInstance, int]:
    """The instance without rows that decide nothing, its people counted in their greatest common divisor."""
    cover, people = merge_rows(core.cover, core.people)
    unit = int(np.gcd.reduce(people)) if len(people) else 1
    return replace(core, people=people // unit, cover=cover, all_rows=False), unit


def offer_first_choice(best: CoverIncumbent, *, effort: float) -> bool:
    """Offer a first good choice; False: no choice keeps the rules, which is proven."""
    core, budget = best.core, best.budget
    if core.is_infeasible:
        return False
    best.take(heuristic_choice(core, budget, effort=effort, found=best.take))
    if best.choice is not None or budget.over():
        return True
    # Greedy lost its way between quotas that overlap: the rules alone are a small integer program.
    rules = replace(core, people=core.people[:0], cover=core.cover[:0])
    found = solve_min_sites(rules, budget.without_callbacks())
    if found.choice is not None:
        best.take(found.choice)
        offer_improved(best, np.sort(greedy_order(core, found.choice)), effort=effort)
    return not found.infeasible


def interior_point(core: CoverInstance, choice: IntArray | None) -> FloatArray:
    """A point between the best choice and all sites open a little, from which cuts reach far."""
    inside = np.full(len(core.sites), 0.3 * min(1.0, core.limit / len(core.sites)))
    if choice is not None:
        inside[choice] += 0.7
    return inside


def in_people(found: SitesResult, unit: int) -> SitesResult:
    """A result counted in units of so many people, in people."""
    return replace(found, value=None if found.value is None else found.value * unit, bound=found.bound * unit)


def _in_people(budget: SearchBudget, unit: int) -> SearchBudget:
    return replace(budget, incumbent=lambda found: budget.incumbent(in_people(found, unit)))
