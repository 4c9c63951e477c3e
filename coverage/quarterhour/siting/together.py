"""What the rules on sites come to together: the least that the quotas ask for, and the few rules that clash."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.siting.counting import AreaRule
from quarterhour.siting.plan import Reason
from quarterhour.siting.problem import Ints, SitingProblem
from quarterhour.siting.program import Floats, Program, whole_bound
from quarterhour.siting.rows import Rows, Sum
from quarterhour.siting.rules import Rules
from quarterhour.siting.solver import Solver

_SECONDS = 0.5
"""For one program over the sites alone; where it ends early, its bound still holds."""
_NARROWING = 3.0
"""Seconds for leaving out rules that do not clash; those that are left when they are over still do."""


def least(rules: Sequence[AreaRule], weight: Ints, *, most: int | None = None) -> int | None:
    """The least that sites weigh which keep the quotas, no more than ``most`` of them; None where no sites do.

    ``weight``: of each site, a whole number; all 1 for the fewest sites, their yuan for the cheapest.
    """
    every = np.concatenate([np.empty(0, dtype=np.int64), *(r.sites for r in rules)])
    if len(np.unique(every)) == len(every) and (most is None or sum(r.low for r in rules) <= most):
        # Areas that share no site are counted one by one, and the cheapest are no more than the fewest.
        return int(sum(np.sort(weight[r.sites])[: r.low].sum() for r in rules))
    sites, place = np.unique(every, return_inverse=True)
    rows, total = Rows(len(sites)), Sum(0, weight[sites])
    ends = np.cumsum([len(r.sites) for r in rules])[:-1]
    low, high = np.array([(r.low, r.high) for r in rules], dtype=float).T
    rows.add_groups(np.split(place, ends), low=low, high=high)
    if most is not None:
        rows.add_groups([np.arange(len(sites))], low=0, high=most)
    done = Solver(_program(total.cost(), *rows.stacked())).solve(seconds=_SECONDS)
    if done.status == "infeasible":
        return None
    bound = whole_bound(done.bound, most=False)
    return total.scale * int(bound) if math.isfinite(bound) else 0


def _program(cost: Floats, rows: sp.csr_array, low: Floats, high: Floats) -> Program:
    zero, one = np.zeros(len(cost)), np.ones(len(cost))
    return Program(cost, rows, low, high, zero, one, whole=one > 0)


# --- rules that clash -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Side:
    """One side of a rule: how it is said, and its row over the sites."""

    said: tuple[str, dict[str, object]]
    sites: Ints
    weight: Ints
    low: float
    high: float


def clash(problem: SitingProblem, areas: Sequence[AreaRule], others: Rules | None = None) -> tuple[Reason, ...]:
    """The few of the quotas that no choice of sites keeps together; empty where some choice keeps all.

    ``others``: of all rules on sites: number, money, and sites that rule each other out too. None of those named can
    be spared, unless time was short.
    """
    sides = [*_quota_sides(areas), *(_other_sides(others) if others else ())]
    start = np.r_[0, np.cumsum([len(s.sites) for s in sides])].astype(np.int64)
    column = np.concatenate([np.empty(0, dtype=np.int64), *(s.sites for s in sides)])
    weight = np.concatenate([np.empty(0), *(s.weight for s in sides)])
    matrix = sp.csr_array((weight, column, start), shape=(len(sides), len(problem.sites)))
    low, high = np.array([(s.low, s.high) for s in sides], dtype=float).reshape(-1, 2).T
    until = time.perf_counter() + _NARROWING

    def fails(some: list[int]) -> bool:
        left = until - time.perf_counter()
        program = _program(np.zeros(len(problem.sites)), sp.csr_array(matrix[some]), low[some], high[some])
        return left > 0 and Solver(program).solve(seconds=left).status == "infeasible"

    every = list(range(len(sides)))
    if not fails(every):
        return ()
    named = tuple(sides[k].said for k in sorted(_few(fails, [], every, grown=False)))
    return (Reason("siting.cause_together", {"rules": named}),)


def _few(fails: Callable[[list[int]], bool], known: list[int], left: list[int], *, grown: bool) -> list[int]:
    """Of what is left the few that clash with what is known, none of which can be spared (Junker 2004, QuickXplain)."""
    if grown and fails(known):
        return []
    if len(left) <= 1:
        return left
    one, other = left[: len(left) // 2], left[len(left) // 2 :]
    second = _few(fails, known + one, other, grown=True)
    first = _few(fails, known + second, one, grown=bool(second))
    return first + second


def _quota_sides(rules: Sequence[AreaRule]) -> Iterator[_Side]:
    for rule in rules:
        where, one = {"level": rule.quota.level, "area": rule.name}, np.ones(len(rule.sites), dtype=np.int64)
        if rule.low > 0:
            said = {**where, "minimum": rule.low + rule.standing}
            yield _Side(("siting.rule_least", said), rule.sites, one, rule.low, math.inf)
        if rule.high < len(rule.sites):
            said = {**where, "maximum": rule.high + rule.standing}
            yield _Side(("siting.rule_most", said), rule.sites, one, -math.inf, rule.high)


def _other_sides(rules: Rules) -> Iterator[_Side]:
    problem = rules.measure.problem
    free, ids, yuan = np.flatnonzero(problem.free), problem.sites.index, problem.yuan
    required, one = problem.sites["state"].eq("required").to_numpy(), np.ones(len(ids), dtype=np.int64)
    if problem.new_sites is not None:
        built, left = int(required.sum()), int(problem.new_sites) - int(required.sum())
        said: dict[str, object] = {"new_sites": int(problem.new_sites), "required": built}
        key = "siting.rule_new_sites_required" if built else "siting.rule_new_sites"
        yield _Side((key, said), free, one[free], -math.inf, left)
    if problem.budget.yuan is not None:
        unit, left = int(np.gcd.reduce(yuan[free])) or 1, problem.budget.yuan - int(yuan[required].sum())
        said = {"yuan": int(problem.budget.yuan)}
        yield _Side(("siting.rule_budget", said), free, yuan[free] // unit, -math.inf, left // unit)
    barred = np.flatnonzero(problem.barred)
    if len(barred):
        yield _Side(("siting.rule_barred", {"sites": tuple(ids[barred])}), barred, one[barred], -math.inf, 0)
    for sites in rules.cliques:
        yield _Side(("siting.rule_apart", {"sites": tuple(ids[sites])}), sites, one[sites], -math.inf, 1)
