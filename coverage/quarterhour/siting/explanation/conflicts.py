"""What the rules on sites come to together: the least that the quotas ask for, and the few rules that clash."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Program, whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.plan import Phrase, Reason
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.quotas import AreaRule
from quarterhour.siting.question.search import Limits

SAFETY = 20.0
"""Seconds that stand behind every count of work here, far more than that work takes."""
_ONE = Limits(SAFETY, rounds=2_000)
"""For one program over the sites alone; where it ends early, its bound still holds."""
_MANY = 20
"""Groups of sites that rule each other out, up to which each is named; a least distance makes thousands."""
_NARROWING = Limits(SAFETY, rounds=10_000)
"""For leaving out rules that do not clash; those that are left when it is spent still do."""
_STEPS = 50_000
"""Of the simplex method, for one linear program."""


def least(rules: Sequence[AreaRule], weight: IntArray, *, most: int | None = None) -> int | None:
    """The least that sites weigh which keep the quotas, no more than ``most`` of them; None where no sites do.

    ``weight``: of each site, a whole number; all 1 for the fewest sites, their yuan for the cheapest.
    """
    every = np.concatenate([np.empty(0, dtype=np.int64), *(r.sites for r in rules)])
    if len(np.unique(every)) == len(every) and (most is None or sum(r.low for r in rules) <= most):
        # Areas that share no site are counted one by one, and the cheapest are no more than the fewest.
        return int(sum(np.sort(weight[r.sites])[: r.low].sum() for r in rules))
    sides, one = [*quota_sides(rules, len(weight))], np.ones(len(weight), dtype=np.int64)
    if most is not None:
        sites = np.unique(every)
        sides.append(
            one_row(("explanation.rule_new_sites", {"new_sites": most}), len(weight), sites, one[sites], 0, most)
        )
    return lightest(sides, weight, within=_ONE, whole=True)


# --- rules that clash -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a rule: how it is said, and its rows over the sites, and over columns of its own behind them.

    ``most``: of each column of its own, how much it can be.
    """

    said: Phrase
    rows: sp.csr_array
    low: FloatArray
    high: FloatArray
    most: FloatArray = field(default_factory=lambda: np.empty(0))


def one_row(said: Phrase, count: int, sites: IntArray, weight: IntArray, low: float, high: float) -> Side:
    """A side that is one row over so many sites, some of which weigh in it."""
    row = sp.csr_array((weight.astype(float), (np.zeros(len(sites), dtype=np.int64), sites)), shape=(1, count))
    return Side(said, row, np.array([low]), np.array([high]))


def joined(sides: Sequence[Side], cost: FloatArray, *, whole: bool) -> Program:
    """The least cost of sites that keep all sides; ``whole`` ones, or shares of them, which can only cost less."""
    sites = len(cost)
    own = [sp.csr_array(s.rows[:, sites:]) for s in sides]
    extra = sp.block_diag(own, format="csr") if sides else sp.csr_array((0, 0))
    over = sp.vstack([s.rows[:, :sites] for s in sides], format="csr") if sides else sp.csr_array((0, sites))
    rows = sp.csr_array(sp.hstack([over, extra], format="csr"))
    most = np.concatenate([np.empty(0), *(s.most for s in sides)])
    low, high = (np.concatenate([np.empty(0), *side]) for side in ([s.low for s in sides], [s.high for s in sides]))
    upper = np.r_[np.ones(sites), most]
    mixed = np.arange(len(upper)) < sites if whole else None
    return Program(np.r_[cost, np.zeros(len(most))], rows, low, high, np.zeros(len(upper)), upper, whole=mixed)


def lightest(sides: Sequence[Side], weight: IntArray, *, within: Limits, whole: bool) -> int | None:
    """What sites that keep all sides weigh at the least, 0 where that is not known; None where no sites keep them."""
    unit = int(np.gcd.reduce(weight)) or 1
    solver = Solver(joined(sides, (weight // unit).astype(float), whole=whole))
    done = solve_within(solver, within.budget(), iterations=None if whole else _STEPS)
    if done.status == "infeasible":
        return None
    bound = whole_bound(done.bound, most=False)
    return unit * max(0, int(bound)) if math.isfinite(bound) else 0


def clash(problem: SitingProblem, areas: Sequence[AreaRule], others: QuestionRules | None = None) -> tuple[Reason, ...]:
    """The few of the quotas that no choice of sites keeps together; empty where some choice keeps all.

    ``others``: of all rules on sites: number, money, and sites that rule each other out too. None of those named can
    be spared, unless the work was too much.
    """
    count = len(problem.sites)
    sides = [*quota_sides(areas, count), *(other_sides(others) if others else ())]
    return few_that_clash(sides, count, within=_NARROWING, whole=True)


def few_that_clash(sides: Sequence[Side], sites: int, *, within: Limits, whole: bool) -> tuple[Reason, ...]:
    """The few of some sides that cannot be kept together, as one reason; empty where that is not proven."""
    budget = within.budget()

    def fails(some: list[int]) -> bool:
        if budget.over():
            return False
        program = joined([sides[k] for k in some], np.zeros(sites), whole=whole)
        done = solve_within(Solver(program), budget, iterations=None if whole else _STEPS)
        return done.status == "infeasible"

    every = list(range(len(sides)))
    if not fails(every):
        return ()
    named = tuple(sides[k].said for k in sorted(_few(fails, [], every, grown=False)))
    return (Reason("explanation.cause_together", {"rules": named}),)


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


def quota_sides(rules: Sequence[AreaRule], count: int) -> Iterator[Side]:
    """The minima and the maxima of areas, over so many sites."""
    for rule in rules:
        where, one = {"level": rule.quota.level, "area": rule.name}, np.ones(len(rule.sites), dtype=np.int64)
        if rule.low > 0:
            said = {**where, "minimum": rule.low + rule.standing}
            yield one_row(("explanation.rule_least", said), count, rule.sites, one, rule.low, math.inf)
        if rule.high < len(rule.sites):
            said = {**where, "maximum": rule.high + rule.standing}
            yield one_row(("explanation.rule_most", said), count, rule.sites, one, -math.inf, rule.high)


def other_sides(rules: QuestionRules) -> Iterator[Side]:
    """Number, money, and sites that rule each other out."""
    yield from limit_sides(rules.measure.problem)
    yield from apart_sides(rules)


def limit_sides(problem: SitingProblem) -> Iterator[Side]:
    """How many sites may be built, and for how much."""
    free, yuan, count = np.flatnonzero(problem.free), problem.yuan, len(problem.sites)
    required, one = problem.required, np.ones(count, dtype=np.int64)
    if problem.new_sites is not None:
        built, left = int(required.sum()), int(problem.new_sites) - int(required.sum())
        said: dict[str, object] = {"new_sites": int(problem.new_sites), "required": built}
        key = "explanation.rule_new_sites_required" if built else "explanation.rule_new_sites"
        yield one_row((key, said), count, free, one[free], -math.inf, left)
    if problem.budget.yuan is not None:
        unit, left = int(np.gcd.reduce(yuan[free])) or 1, problem.budget.yuan - int(yuan[required].sum())
        said = {"yuan": int(problem.budget.yuan)}
        yield one_row(("explanation.rule_budget", said), count, free, yuan[free] // unit, -math.inf, left // unit)


def apart_sides(rules: QuestionRules) -> Iterator[Side]:
    """Sites that rule each other out, or that what stands rules out."""
    problem = rules.measure.problem
    ids, count, one = problem.sites.index, len(problem.sites), np.ones(len(problem.sites), dtype=np.int64)
    barred = np.flatnonzero(problem.barred)
    if len(barred):
        said: dict[str, object] = {"sites": tuple(ids[barred])}
        yield one_row(("explanation.rule_barred", said), count, barred, one[barred], -math.inf, 0)
    cliques = rules.cliques
    if len(cliques) > _MANY:
        row = np.repeat(np.arange(len(cliques)), [len(c) for c in cliques])
        rows = sp.csr_array((np.ones(len(row)), (row, np.concatenate(cliques))), shape=(len(cliques), count))
        said = {"count": len(problem.conflicts)}
        yield Side(("explanation.rule_pairs", said), rows, np.full(len(cliques), -math.inf), np.ones(len(cliques)))
        return
    for sites in cliques:
        yield one_row(("explanation.rule_apart", {"sites": tuple(ids[sites])}), count, sites, one[sites], -math.inf, 1)
