"""The plain questions, most people or fewest sites within quotas, as one compact integer program."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.siting.chain import Answer, Tell, better, easy_bound
from quarterhour.siting.core import Core, Ints
from quarterhour.siting.cover import Smaller, fewer, root
from quarterhour.siting.heuristic import as_core, good_choice, without_idle
from quarterhour.siting.measure import Choice, Exact, Measure
from quarterhour.siting.problem import WHOLE, Goal, SitingProblem
from quarterhour.siting.rules import Rules
from quarterhour.siting.solver import Floats, Program, Solver, whole_bound
from quarterhour.siting.watch import Watch

_LARGE = 20_000
"""Pairs of a row and a site in its reach, up to which the solver takes a question as it is."""


def first_choice(rules: Rules) -> Choice | None:
    """What greedy and swaps find when they see neither money nor conflicts, if it holds all the same.

    None also where a capacity counts, and for plain questions, whose engine begins so by itself.
    """
    problem = rules.measure.problem
    if problem.capacity is not None or is_plain_cover(problem):
        return None
    core = as_core(problem)
    found = good_choice(core)
    choice = None if found is None else opened_with(problem, core.sites[found])
    return choice if choice is not None and rules.hold(choice) else None


def opened_with(problem: SitingProblem, built: pd.Index) -> Choice:
    """Existing and required sites and some more."""
    opened = ~problem.free
    opened[problem.sites.index.get_indexer(built)] = True
    return Choice(opened)


def is_plain_cover(problem: SitingProblem) -> bool:
    """Whether a question's first goal is people or sites, and it has no rules but a number of sites and quotas."""
    goal, everyone = problem.goals[0], problem.objective == "min-sites"
    whole = all(len(s.ladder()) == 1 and s.ladder()[0][1] == 100 for s in problem.standards.values())
    no_rules = problem.capacity is None and problem.budget.yuan is None and not len(problem.conflicts)
    plain = problem.coverage.backup is None and not problem.coverage.at_least and problem.everyone == everyone
    alone = not any(g.people for g in problem.goals)
    return goal.objective in ("max-cover", "min-sites") and whole and no_rules and plain and alone


def by_core(measure: Measure, watch: Watch, tell: Tell) -> Answer:
    """The answer, without the sites that add nothing."""
    problem = measure.problem
    core = as_core(problem)
    found = _solve(core, watch)
    if found.choice is None:
        return Answer(None, 0, found.proved_by, infeasible=found.infeasible)
    choice = opened_with(problem, core.sites[without_idle(core, found.choice)])
    goal = problem.goals[0]
    bound = _whole(measure, goal, found.bound)
    value = measure.value(choice, goal)
    if better(goal, value, bound):
        bound = value
    tell(choice, bound, found.proved_by)
    return Answer(choice, bound, found.proved_by)


def _whole(measure: Measure, goal: Goal, bound: float) -> Exact:
    """The bound of the core moved by what is settled; what counting tells where there is none."""
    problem = measure.problem
    if not math.isfinite(bound):
        return easy_bound(measure, goal)
    if goal.objective == "min-sites":
        return int(problem.sites["state"].eq("required").sum()) + int(bound)
    return measure.value(Choice(~problem.free), goal) + WHOLE * int(bound)


@dataclass(frozen=True, eq=False)
class _Found:
    """A choice of candidates (None: none found), and what no choice can beat."""

    choice: Ints | None
    bound: float
    proved_by: str
    infeasible: bool = False


def _solve(core: Core, watch: Watch) -> _Found:
    start = good_choice(core)
    easy = _by_counting(core)
    if start is not None and _worth(core, start) == easy:
        return _Found(start, easy, "counting")
    if not len(core.sites):
        held = core.holds(np.empty(0, dtype=np.int64))
        return _Found(np.empty(0, dtype=np.int64) if held else None, easy, "counting", infeasible=not held)
    if start is not None and core.cover.nnz > _LARGE:
        return solve_large(core, start, watch, easy=easy)
    return _by_highs(core, start, watch, easy=easy)


def solve_large(core: Core, start: Ints, watch: Watch, *, easy: float) -> _Found:
    """The question made small first; what is left of it goes to the solver."""
    if core.all_rows:
        small, known = fewer(core), _Found(start, easy, "counting")
    else:
        rooted = root(core, start, watch)
        known = _Found(rooted.choice, min(easy, rooted.bound), rooted.proved_by)
        if rooted.left is None:
            return replace(known, bound=_worth(core, rooted.choice))
        small = rooted.left
    assert known.choice is not None
    found = _by_highs(small.core, small.part(known.choice), watch, easy=_by_counting(small.core))
    return _joined(core, known, small, found)


def _joined(core: Core, known: _Found, small: Smaller, found: _Found) -> _Found:
    """What is known of a question and what was found in its small one, taken together."""
    assert known.choice is not None
    choices, pick = [known.choice], min if core.all_rows else max
    if found.choice is not None and core.holds(whole := small.whole(found.choice)):
        choices.append(whole)
    choice = pick(choices, key=lambda c: _worth(core, c))
    if core.all_rows:
        bound = max(known.bound, found.bound)
    else:
        # Outside the small question nothing is better than what was known.
        inside = -math.inf if found.infeasible else small.covered + found.bound
        bound = min(known.bound, max(_worth(core, choice), inside))
    return _Found(choice, bound, found.proved_by if bound != known.bound else known.proved_by)


def _by_counting(core: Core) -> float:
    """A bound without a solver: nobody covers more than can be reached, or builds less than is asked."""
    if not core.all_rows:
        return float(core.people.sum())
    return float(max(int(core.low.max(initial=0)), 1 if len(core.people) else 0))


def _worth(core: Core, choice: Ints) -> float:
    return float(len(choice) if core.all_rows else core.covered(choice))


def _by_highs(core: Core, start: Ints | None, watch: Watch, *, easy: float) -> _Found:
    solver = Solver(_program(core), seed=watch.seed)
    begin = None if start is None else _opening(core, start)
    outcome = solver.solve(seconds=watch.left(), start=begin, stop=watch.stop)
    if outcome.status == "infeasible" and start is None:
        return _Found(None, math.nan, solver.version, infeasible=True)
    choices = [c for c in (start, _found(core, outcome.values)) if c is not None]
    better = min if core.all_rows else max
    best = better(choices, key=lambda c: _worth(core, c)) if choices else None
    bound = whole_bound(outcome.bound, most=not core.all_rows)
    bound, proved_by = _tighter(core, bound, easy=easy, proof=solver.version)
    return _Found(best, bound, proved_by)


def _found(core: Core, values: Floats | None) -> Ints | None:
    """The solver's choice, if it is one when recounted in whole numbers."""
    if values is None:
        return None
    choice = np.flatnonzero(values[: len(core.sites)] > 0.5).astype(np.int64)
    return choice if core.holds(choice) else None


def _tighter(core: Core, bound: float, *, easy: float, proof: str) -> tuple[float, str]:
    won = bound > easy if core.all_rows else bound < easy
    return (bound, proof) if won else (easy, proof if bound == easy else "counting")


def _program(core: Core) -> Program:
    """Sites y (0 or 1), and for max-cover rows z <= the sites that cover them, z at most 1."""
    sites = len(core.sites)
    matrix, low, high = _constraints(core)
    cost = np.ones(sites) if core.all_rows else np.concatenate([np.zeros(sites), core.people.astype(float)])
    whole = np.arange(len(cost)) < sites
    box = np.zeros(len(cost)), np.ones(len(cost))
    return Program(cost, matrix, low, high, *box, most=not core.all_rows, whole=whole)


def _constraints(core: Core) -> tuple[sp.csr_array, Floats, Floats]:
    sites, rows = len(core.sites), len(core.people)
    binds, areas = _area_rows(core)
    capped = core.limit < sites
    count = sp.csr_array(np.ones((int(capped), sites)))
    left = sp.vstack([sp.csr_array(core.cover, dtype=float), count, areas], format="csr")
    matrix = sp.csr_array(left)
    if not core.all_rows:
        below = sp.csr_array((left.shape[0] - rows, rows), dtype=float)
        reached = sp.vstack([-sp.eye_array(rows, format="csr"), below], format="csr")
        matrix = sp.csr_array(sp.hstack([left, reached], format="csr"))
    every = 1.0 if core.all_rows else 0.0
    low = np.concatenate([np.full(rows, every), np.zeros(int(capped)), core.low[binds]])
    high = np.concatenate([np.full(rows, math.inf), np.full(int(capped), core.limit), core.high[binds]])
    return matrix, low.astype(float), high.astype(float)


def _area_rows(core: Core) -> tuple[Ints, sp.csr_array]:
    """The areas whose bounds can bind, and the candidates in each."""
    quota, site = np.nonzero(core.group >= 0)
    shape = (len(core.low), len(core.sites))
    member = sp.csr_array((np.ones(len(site)), (core.group[quota, site], site)), shape=shape)
    inside = np.diff(member.indptr)
    binds = np.flatnonzero((core.low > 0) | (core.high < inside)).astype(np.int64)
    return binds, member[binds]


def _opening(core: Core, choice: Ints) -> Floats:
    opened = np.zeros(len(core.sites))
    opened[choice] = 1.0
    reached = [] if core.all_rows else [(core.cover @ opened > 0).astype(float)]
    return np.concatenate([opened, *reached])
