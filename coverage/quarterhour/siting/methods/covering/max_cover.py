"""Most people covered by so many sites, and the proof: a good choice, a bound by cuts, a tree for what is between."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import Master
from quarterhour.siting.methods.covering.branch_and_cut import Tree
from quarterhour.siting.methods.covering.core import Core, Found, Record
from quarterhour.siting.methods.covering.exchange import improve
from quarterhour.siting.methods.covering.greedy import good_choice, greedy
from quarterhour.siting.methods.covering.min_sites import solve_sets
from quarterhour.siting.methods.solver.presolve import merge_rows
from quarterhour.siting.question.search_budget import COUNTING, SearchBudget

_FIRST = 2e7
"""Steps of local search before there is a bound."""
_EASY, _NEAR = 3, 1e-3
"""Nodes that are looked at before a question is no longer thought easy, and the gap beyond which it never was."""


def solve_cover(core: Core, budget: SearchBudget | None = None, *, gap: float = 0.0) -> Found:
    """The choice of candidates that covers most people within the quotas, and its proof.

    Parameters
    ----------
    core : its ``all_rows`` does not count here.
    budget : time, seed, stop; its callbacks.
    gap : by how much of the value the choice may fall short of the bound; 0: proven best.
    """
    budget = budget or SearchBudget()
    core, unit = as_asked(core)
    record = Record(core, _telling(budget, unit), bound=float(core.people.sum()), proved_by=COUNTING)
    infeasible, nodes = not begun(record, effort=_FIRST), 0
    budget.progress(0.2)
    if not infeasible and not record.met and record.gap > gap and not budget.over():
        # What is easy is proven sooner by a small program, what is not by a large one.
        for fine in (False, True):
            tree = Tree(Master(core, seed=budget.seed, fine=fine), record, eager=not fine)
            tree.plant(inside_of(core, record.choice))
            budget.progress(0.5)
            tree.grow(gap=gap, nodes=math.inf if fine else _EASY if record.gap < _NEAR else 0)
            infeasible, nodes = tree.barren, nodes + tree.nodes
            if not tree.alive or budget.over():
                break
    budget.progress(1.0)
    found = record.found(nodes=nodes, infeasible=infeasible)
    return replace(found, bound=found.bound * unit)


def as_asked(core: Core) -> tuple[Core, int]:
    """The core without rows that decide nothing, its people counted in their greatest common divisor."""
    cover, people = merge_rows(core.cover, core.people)
    unit = int(np.gcd.reduce(people)) if len(people) else 1
    return replace(core, people=people // unit, cover=cover, all_rows=False), unit


def begun(record: Record, *, effort: float) -> bool:
    """Take a first good choice into the record; False: no choice keeps the rules, which is proven."""
    core, budget = record.core, record.budget
    if core.impossible:
        return False
    record.take(good_choice(core, budget, effort=effort, found=record.take))
    if record.choice is not None or budget.over():
        return True
    # Greedy lost its way between quotas that overlap: the rules alone are a small integer program.
    rules = replace(core, people=core.people[:0], cover=core.cover[:0])
    found = solve_sets(rules, budget.without_callbacks())
    if found.choice is not None:
        record.take(found.choice)
        improve(record, np.sort(greedy(core, found.choice)), effort=effort)
    return not found.infeasible


def inside_of(core: Core, choice: IntArray | None) -> FloatArray:
    """A point between the best choice and all sites open a little, from which cuts reach far."""
    inside = np.full(len(core.sites), 0.3 * min(1.0, core.limit / len(core.sites)))
    if choice is not None:
        inside[choice] += 0.7
    return inside


def _telling(budget: SearchBudget, unit: int) -> SearchBudget:
    """The same budget, whose callback gets bounds in people."""
    return replace(budget, incumbent=lambda choice, bound: budget.incumbent(choice, bound * unit))
