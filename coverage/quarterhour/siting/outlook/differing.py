"""The same question again, in which a choice must leave out some sites of choices that are known already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.methods.covering.adapter import greedy_start
from quarterhour.siting.proof.assemble import Proof
from quarterhour.siting.question.bounds import GoalResult
from quarterhour.siting.question.evaluate import Choice, Measure, as_choice
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.question.search import Exact, SearchBudget
from quarterhour.siting.solve import solve_goals

_LEVEL, _INSIDE = "known", "x"


@dataclass(frozen=True)
class Wanted:
    """Where a search for a choice that differs may end; goals by their place in the chain, values exact.

    ``beyond``: where no choice is better than a bound, none is wanted. ``settled``: no choice can be better than a
    value.
    """

    beyond: Callable[[int, Exact], bool]
    settled: Callable[[int, Exact], bool]


@dataclass(frozen=True, eq=False)
class Differing:
    """The best choice found that differs, and what was proved of all that do, goal by goal.

    ``proofs``: as far as goals were searched. ``infeasible``: none differs so, which is proven.
    """

    choice: Choice | None
    proofs: tuple[Proof, ...]
    infeasible: bool


def best_differing(
    problem: SitingProblem, known: Sequence[BoolArray], least: int, wanted: Wanted, *, budget: SearchBudget
) -> Differing:
    """The best choice that leaves out at least so many of the sites that each known one builds.

    ``known``: which sites each opens.
    """
    if any(int((opened & problem.free).sum()) < least for opened in known):
        return Differing(None, (), infeasible=True)
    rules = QuestionRules(Measure(question_without(problem, known, least)))
    ended, begun, work = set[int](), list[tuple[int, int]](), budget.work

    def forget() -> None:
        # How far a goal came before it heard that it may end depends on the machine.
        if len(begun) - 1 in ended:
            work.nodes, work.rounds = begun[-1]

    def asking(budget: SearchBudget, _: Goal, proofs: Sequence[Proof]) -> SearchBudget:
        place = len(proofs)
        forget()
        begun.append((work.nodes, work.rounds))
        if place and wanted.beyond(place - 1, proofs[-1].bound):
            ended.add(place)

        def heard(found: GoalResult) -> None:
            told = found.value is not None and wanted.settled(place, found.value)
            if told or wanted.beyond(place, found.bound):
                ended.add(place)

        return replace(budget, incumbent=heard, stop=lambda: place in ended or budget.stop())

    choice, proofs, answer = solve_goals(rules, greedy_start(rules), budget, asking)
    forget()
    return Differing(choice, tuple(proofs), answer.choice is None and answer.infeasible)


def question_without(problem: SitingProblem, known: Sequence[BoolArray], least: int) -> SitingProblem:
    """The question with a maximum more for each known choice: of the sites that it builds all but ``least``.

    It is a quota of areas of their own, so that every engine that keeps quotas keeps it.
    """
    sites, quotas = problem.sites, list(problem.quotas)
    for place, opened in enumerate(known):
        mine = opened & problem.free
        sites = sites.assign(**{f"{_LEVEL} {place}": np.where(mine, _INSIDE, "")})
        quotas.append(Quota(f"{_LEVEL} {place}", (_INSIDE,), 0, int(mine.sum()) - least))
    return replace(problem, sites=sites, quotas=tuple(quotas))


def choice_of(measure: Measure, plan: SitingPlan) -> Choice:
    """What a plan opens, and whom its sites serve; DataError where it is no plan of the question."""
    problem = measure.problem
    if plan.status in ("infeasible", "no_plan"):
        raise DataError("outlook.no_plan", status=plan.status)
    places = _positions(problem, plan.chosen)
    if plan.input_hash != input_hash(problem):
        raise DataError("phasing.other_question", plan=plan.problem_id, problem=problem.id)
    opened = np.union1d(np.flatnonzero(problem.existing), places).astype(np.int64)
    if plan.served is None:
        return as_choice(measure, opened)
    row = problem.demand.index.get_indexer(pd.Index(plan.served["community"])).astype(np.int64)
    people = plan.served["people"].to_numpy(dtype=np.int64)
    return as_choice(measure, opened, (row, _positions(problem, tuple(plan.served["site"])), people))


def _positions(problem: SitingProblem, ids: Sequence[str]) -> IntArray:
    asked = pd.Index(list(ids), dtype="str")
    places = problem.sites.index.get_indexer(asked).astype(np.int64)
    if (places < 0).any():
        raise DataError("phasing.not_its_plan", ids=first_ids(asked[places < 0]))
    return places
