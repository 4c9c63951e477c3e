"""Near-best plans: the best that differ from a plan and from each other, and the bound on all further ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.cells import as_figure
from quarterhour.base.errors import DataError
from quarterhour.siting.outlook.answers import NearBest, NearPlan
from quarterhour.siting.outlook.change import compare_plans
from quarterhour.siting.outlook.differing import Differing, Wanted, best_differing, choice_of, question_without
from quarterhour.siting.outlook.ties import ties_of
from quarterhour.siting.proof.assemble import Proof, as_level, as_plan, certificate
from quarterhour.siting.question.bounds import counting_bound, is_better
from quarterhour.siting.question.evaluate import Choice, Measure, Outcome, in_plan_units, of_plan_units
from quarterhour.siting.question.figures import is_whole, short_repr
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import WHOLE, Goal, SitingProblem
from quarterhour.siting.question.search import COUNTING, DEFAULT_SECONDS, Exact, SearchBudget, as_limits
from quarterhour.siting.solve import prepare_kernels

_TIES = 0.3
"""Of the time, or work, for which sites all best plans share."""


@takes(problem=SitingProblem, plan=SitingPlan)
def near_best(
    problem: SitingProblem,
    plan: SitingPlan,
    *,
    within: float = 0.01,
    least_difference: int = 1,
    most: int = 10,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    by_clock: Callable[[], object] | None = None,
) -> NearBest:
    """The best plans that differ from a plan and from each other, one after another, and the bound on further ones.

    Each leaves out at least ``least_difference`` of the new sites of the plan and of every one listed before it, and is
    the best of those that do, goal by goal; a plan that has all sites of an earlier one and some more is none of them.
    All rules of the question hold. A proven end says that no further one is within the share; where time or work ends
    the search, what a further one could at most come to.

    Parameters
    ----------
    problem, plan : a question and its plan.
    within : by how much of the plan's value, by the first goal, another may fall short.
    least_difference : sites of each earlier plan that stay out, at least.
    most : plans at most.
    seconds, nodes, rounds : of all searches together, as ``solve_siting`` counts them.
    seed : of the search.
    by_clock : called where ``seconds`` ended any of these searches.

    Returns
    -------
    A ``NearBest``: ``plans``, best first, ``ended`` and the ``bound`` on further ones.

    Raises
    ------
    DataError : the plan is not one of the question, or what is asked is no share, no number of sites or of plans.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[5, 20, 30], [12, 8, 25], [40, 14, 9], [50, 35, 11]]
    >>> problem = qh.siting_from_matrix(minutes, [100, 40, 30, 7], objective="min-time", new_sites=2)
    >>> near = qh.siting.near_best(problem, qh.solve_siting(problem), within=0.5)
    >>> [(p.left_out, p.built_instead, p.plan.value) for p in near.plans], near.ended
    ([(('2',), ('1',), 1485.0)], 'beyond')
    """
    share = as_figure(within) + 0.0
    if not (math.isfinite(share) and share >= 0):
        raise DataError("outlook.bad_within", within=short_repr(within))
    for name, count in (("least_difference", least_difference), ("most", most)):
        if not is_whole(count, 1):
            raise DataError("outlook.bad_near_best", name=name, count=short_repr(count))
    limits = as_limits(seconds, nodes, rounds, otherwise=DEFAULT_SECONDS)
    measure = Measure(problem)
    choice = choice_of(measure, plan)
    prepare_kernels(question_without(problem, [choice.opened], int(least_difference)))
    budget = limits.budget(seed=seed)
    found = _NearBest(measure, plan, choice, Fraction(str(share)), int(least_difference))
    found.search(int(most), budget.share(1 - _TIES))
    ties = ties_of(measure, plan, choice, found.choices[1:], budget=budget)
    if budget.work.by_clock and by_clock is not None:
        by_clock()
    bound = math.nan if found.ended == "none" else in_plan_units(problem.goals[0], found.bound)
    return NearBest(plan, share, int(least_difference), tuple(found.plans), found.ended, bound, ties)


class _NearBest:
    """The search for one plan after another."""

    def __init__(self, measure: Measure, plan: SitingPlan, choice: Choice, within: Fraction, least: int) -> None:
        self.measure, self.plan, self.least = measure, plan, least
        self.goal = measure.problem.goals[0]
        self.values = [measure.value(choice, goal) for goal in measure.problem.goals]
        self.limit = _limit(measure.problem, self.values[0], within)
        self.known = certificate(measure, plan.seed, placed_before=plan.placed_before)
        self.bound = self._at_best(self.values[0], of_plan_units(self.goal, plan.bound))
        self.choices, self.plans = [choice], list[NearPlan]()
        self.ended: Literal["beyond", "none", "most", "open"] = "most"

    def search(self, most: int, budget: SearchBudget) -> None:
        """Until there are so many, none is left, or the budget is over."""
        while len(self.plans) < most:
            found = best_differing(
                self.measure.problem, [c.opened for c in self.choices], self.least,
                Wanted(self._is_beyond, self._is_settled), budget=budget.share(1 / (most - len(self.plans))),
            )  # fmt: skip
            if found.infeasible:
                self.ended = "none"
                return
            if not self._take(found):
                return

    def _take(self, found: Differing) -> bool:
        """Keep a choice that is near enough, with its bound; False where the list ends."""
        value = None if found.choice is None else self.measure.value(found.choice, self.goal)
        if found.proofs:
            self.bound = self._at_worst(self.bound, found.proofs[0].bound)
        if value is not None:
            self.bound = self._at_best(self.bound, value)
        if self._is_beyond(0, self.bound):
            self.bound, self.ended = self.limit, "beyond"
        elif found.choice is None or value is None or self._is_beyond(0, value):
            self.ended = "open"
        else:
            proofs = (replace(found.proofs[0], bound=self.bound), *found.proofs[1:])
            self.plans.append(self._near_plan(found.choice, proofs))
            self.choices.append(found.choice)
            return True
        return False

    def _is_beyond(self, place: int, bound: Exact) -> bool:
        return place == 0 and is_better(self.goal, self.limit, bound)

    def _is_settled(self, place: int, value: Exact) -> bool:
        """Whether the choices before, which had to differ from fewer, already proved that nothing is better."""
        return place == 0 and not is_better(self.goal, self.bound, value)

    def _at_best(self, one: Exact, other: Exact) -> Exact:
        return one if is_better(self.goal, one, other) else other

    def _at_worst(self, one: Exact, other: Exact) -> Exact:
        return other if is_better(self.goal, one, other) else one

    def _near_plan(self, choice: Choice, proofs: tuple[Proof, ...]) -> NearPlan:
        outcome = Outcome(self.measure, choice)
        plan = as_plan(self.known, choice, self._own_proofs(outcome), seconds=0.0)
        mine = {*plan.chosen}
        return NearPlan(
            plan,
            left_out=tuple(s for s in self.plan.chosen if s not in mine),
            built_instead=tuple(s for s in plan.chosen if s not in {*self.plan.chosen}),
            levels=tuple(as_level(outcome, proof) for proof in proofs),
            by_town=_who_gains(self.measure.problem, self.plan, plan),
        )

    def _own_proofs(self, outcome: Outcome) -> list[Proof]:
        """What is known of all plans of the question: the bounds of the given one, as far as this one keeps up."""
        proofs, keeps = list[Proof](), True
        for goal, level, best in zip(self.measure.problem.goals, self.plan.levels, self.values, strict=True):
            value = outcome.value(goal)
            bound, by = (of_plan_units(goal, level.bound), level.proved_by) if keeps else (_easy(self.measure, goal))
            proofs.append(Proof(goal, value if is_better(goal, value, bound) else bound, by))
            keeps = keeps and not is_better(goal, best, value)
        return proofs


def _easy(measure: Measure, goal: Goal) -> tuple[Exact, str]:
    return counting_bound(measure, goal), COUNTING


def _limit(problem: SitingProblem, value: Exact, within: Fraction) -> Exact:
    """The worst value that is near enough."""
    goal = problem.goals[0]
    limit = value * (1 - within) if goal.most else value * (1 + within)
    if goal.objective == "equity":
        return limit
    whole_people = goal.objective == "max-cover" and problem.plain and problem.coverage.backup is None
    step = WHOLE if whole_people else 1
    return step * (math.ceil(limit / step) if goal.most else math.floor(limit / step))


# --- who gains and who loses ----------------------------------------------------------------------

_GAINS = {"gained": "newly_covered", "lost": "no_longer_covered", "nearer": "nearer", "farther": "farther"}


def _who_gains(problem: SitingProblem, before: SitingPlan, after: SitingPlan) -> pd.DataFrame:
    """By town the people newly covered and no longer covered, and of those covered by both whose way is shorter and
    longer; all in one row where towns are not known.
    """
    change = compare_plans((problem, before), (problem, after))
    towns = change.areas[change.areas["level"].eq("town")].set_index("area")
    table = towns if len(towns) else change.groups.iloc[:1].set_axis([""])
    counted = table[list(_GAINS)].rename(columns=_GAINS).rename_axis("town").astype("int64")
    return counted[counted.any(axis=1)]
