"""Most people covered by so many sites, and the proof: a good choice, a bound by cuts, a tree for what is between."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import MaxCoverMaster
from quarterhour.siting.methods.covering.branch_and_cut import MaxCoverTree
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.exchange import offer_improved
from quarterhour.siting.methods.covering.greedy import greedy_order, heuristic_choice
from quarterhour.siting.methods.covering.min_sites import solve_min_sites
from quarterhour.siting.methods.solver.incumbent import SitesResult
from quarterhour.siting.methods.solver.presolve import merge_rows
from quarterhour.siting.question.search import SearchBudget

_FIRST = 2e7
"""Steps of local search before there is a bound."""
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
    if not infeasible and not best.is_optimal and best.gap > gap and not budget.over():
        # What is easy is proven sooner by a small program, what is not by a large one.
        for fine in (False, True):
            tree = MaxCoverTree(MaxCoverMaster(core, seed=budget.seed, fine=fine), best, eager=not fine)
            tree.solve_root(interior_point(core, best.choice))
            budget.progress(0.5)
            tree.search(gap=gap, nodes=math.inf if fine else _EASY if best.gap < _NEAR else 0)
            infeasible, nodes = tree.is_infeasible, nodes + tree.nodes
            if not tree.has_open_nodes or budget.over():
                break
    budget.progress(1.0)
    return in_people(best.result(nodes=nodes, infeasible=infeasible), unit)


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
