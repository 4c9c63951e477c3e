"""Any choice of new sites counted again: what it comes to, whom it leaves without, and a row that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from quarterhour.base.arrays import BoolArray
from quarterhour.base.errors import PlanError
from quarterhour.base.labels import unit_by_language
from quarterhour.siting.proof.most_placed import most_placed
from quarterhour.siting.proof.packed_question import plain_number
from quarterhour.siting.proof.recount import check_filled, check_rules_of_sites
from quarterhour.siting.proof.second_count import Tally
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem

_WHOLE = 10_000


@dataclass(frozen=True)
class CountedChoice:
    """A choice by what reserves are ranked by: ``key`` is less where it is better, ``short`` first, then each goal."""

    key: tuple[Fraction | int, ...]
    value: Fraction
    covered: int
    short: int


def count_choice(problem: SitingProblem, plan: SitingPlan, chosen: Sequence[str]) -> CountedChoice:
    """Count what some new sites come to beside what stands; PlanError where one of them is used by too few.

    ``plan``: of the question. Where sites have a capacity, ``value`` is how many find a place, shared out.
    """
    if problem.capacity is not None:
        return _placed(problem, problem.existing | problem.sites.index.isin(list(chosen)))
    tally = Tally(problem, replace(plan, chosen=tuple(chosen), served=None))
    used, nearest = np.zeros(len(problem.sites), dtype=np.int64), tally.assigned()
    np.add.at(used, nearest[nearest >= 0], tally.people[nearest >= 0])
    check_filled(problem, chosen, dict(zip(map(str, problem.sites.index), used.tolist(), strict=True)))
    columns, covered = {"", *(goal.people for goal in problem.goals)}, tally.covered()
    left = tally.reachable & ~covered & problem.everyone
    short = int(np.array([tally.counted(column) for column in columns]).max(axis=0)[left].sum())
    lacking = problem.coverage.at_least - Fraction(int(tally.points("").sum()), _WHOLE)
    short = max(short, math.ceil(lacking))
    values = [tally.exact(goal) for goal in problem.goals]
    key = [-v if goal.most else v for goal, v in zip(problem.goals, values, strict=True)]
    return CountedChoice((short, *key), values[0], int(tally.people[covered].sum()), short)


def _placed(problem: SitingProblem, opened: BoolArray) -> CountedChoice:
    placed, load = most_placed(problem, opened, problem.load), problem.load.to_numpy(dtype=np.int64)
    demanded = most_placed(replace(problem, sites=problem.sites.assign(capacity=None)), opened | True, problem.load)
    asked = [demanded if problem.everyone else 0]
    if (load == problem.demand.to_numpy(dtype=np.int64)).all():
        asked.append(problem.coverage.at_least)
    short = max(max(asked) - placed, 0)
    return CountedChoice((short, -placed), Fraction(placed), placed, short)


def recounts_value(problem: SitingProblem) -> bool:
    """Whether the first goal's value can be counted again from sites alone: not where room decides who goes where."""
    goal, capacity = problem.goals[0], problem.capacity
    if capacity is None:
        return True
    alone = problem.plain and "least_load" not in problem.sites and not goal.people
    return capacity.split and goal.objective == "max-cover" and alone


def check_choice_row(
    what: str, problem: SitingProblem, plan: SitingPlan, chosen: Sequence[str], row: Mapping[str, Any]
) -> None:
    """A row with ``value, bound, gap, status`` of a choice that keeps all rules; PlanError where it differs.

    ``problem``: the question of the row, which asks for the first goal alone; ``what``: the key of the record.
    """
    (goal,), value, bound = problem.goals, row["value"], row["bound"]
    check_rules_of_sites(problem, chosen)
    found = count_choice(problem, plan, chosen)
    if found.short:
        least, unit = found.covered + found.short, unit_by_language(problem.unit)
        raise PlanError("proof.too_few_covered", covered=found.covered, at_least=least, unit=unit)
    if recounts_value(problem):
        check_same(f"{what} value", value, plain_number(float(found.value)))
    gap = 0 if value == bound else abs(bound - value) / value if value else None
    check_same(f"{what} gap", row["gap"], None if gap is None else plain_number(gap))
    check_same(f"{what} status", row["status"], "optimal" if value == bound else "bounded")
    if is_better(goal, value, bound):
        raise PlanError("proof.bad_bound", value=value, bound=bound)


def paid_yuan(problem: SitingProblem, sites: Sequence[str]) -> int:
    """What some new sites cost to build, and to run for the years of the budget."""
    rows = problem.sites.loc[list(sites)]
    costs = zip(rows["cost_yuan"].tolist(), rows["running_yuan"].tolist(), strict=True)
    return sum(int(cost) + int(running) * int(problem.budget.years) for cost, running in costs)


def check_keys(row: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    """PlanError for a key of a row that is not known, or is missing."""
    strange = sorted(set(row) ^ set(known))
    if strange:
        raise PlanError("proof.record_strange", what=f"{what}.{strange[0]}")


def check_same(what: str, said: object, counted: object) -> None:
    """PlanError where a record says another value than was counted, or a value of another kind."""
    if said != counted or type(said) is not type(counted):
        raise PlanError("proof.recount_differs", what=what, said=said, counted=counted)
