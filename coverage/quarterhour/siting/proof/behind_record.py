"""What stands behind a plan in its record (frontier, budgets, phases, reserves, money, quality), counted again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.cells import is_number
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import PlanError
from quarterhour.base.labels import unit_by_language
from quarterhour.siting.proof.money_record import verify_money
from quarterhour.siting.proof.most_placed import most_placed
from quarterhour.siting.proof.packed_question import plain_number
from quarterhour.siting.proof.recount import check_filled, check_rules_of_sites
from quarterhour.siting.proof.second_count import Tally
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem

_BUDGET = ("yuan", "status", "value", "bound", "gap", "spent_yuan", "sites", "chosen")
_POINT = ("sites", "people", "bound", "gap", "chosen")
_STEP = ("built", "sites", "value", "best", "bound", "loss", "loss_at_most", "proved_by")
_RESERVE = ("site", "place", "substitute", "value", "loss", "covered", "short")
_SHARES = ("fact", "unstated", "estimated", "synthetic")
_HUNDREDTHS = 100


def behind_record(
    frontier: pd.DataFrame | None = None,
    phases: tuple[int, pd.DataFrame] | None = None,
    reserves: pd.DataFrame | None = None,
    budgets: pd.DataFrame | None = None,
    **others: Any,
) -> dict[str, Any]:
    """What a study adds to a record, in plain values; ``phases``: the first year and the steps; None is left out."""
    found: dict[str, Any] = {}
    if frontier is not None:
        found["frontier"] = plain_rows(frontier)
    if phases is not None:
        found["phases"] = {"first_year": int(phases[0]), "steps": plain_rows(phases[1])}
    if reserves is not None:
        found["reserves"] = plain_rows(reserves)
    if budgets is not None:
        found["budgets"] = plain_rows(budgets)
    return found | {name: value for name, value in others.items() if value is not None}


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows in plain values: whole numbers where they are whole, all digits of others, null where there is none."""
    rows = table.astype("object").where(table.notna(), None).to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    if is_number(value) and not isinstance(value, bool):
        return plain_number(float(value))
    return value


def check_behind(problem: SitingProblem, plan: SitingPlan, record: Mapping[str, Any]) -> None:
    """Count again what stands behind a plan, as far as the question tells it; PlanError for the first that differs.

    The money is counted by ``verify_money`` from its own figures.
    """
    for number, row in enumerate(record.get("frontier", []), start=1):
        _check_point(problem, row, number, record["frontier"][number - 2] if number > 1 else None)
    if "budgets" in record:
        _check_budgets(problem, plan, record["budgets"])
    if "phases" in record:
        _check_phases(problem, plan, record["phases"])
        if not (record.get("money") or {}).get("caps"):  # without money of its own for each year, every site has one
            _same("phases sites", sum(len(step["sites"]) for step in record["phases"]["steps"]), len(plan.chosen))
    if "reserves" in record:
        _check_reserves(problem, plan, record["reserves"])
    verify_money(record)
    for row in record.get("quality", []):
        _check_quality(row)


def recounts_steps(problem: SitingProblem) -> bool:
    """Whether the value of each step can be counted again: not the time to sites that fill up, nor parts of people."""
    return problem.capacity is None or (_step_goal(problem).objective == "max-cover" and problem.plain)


# --- frontier -------------------------------------------------------------------------------------


def _check_point(problem: SitingProblem, row: Mapping[str, Any], number: int, before: Mapping[str, Any] | None) -> None:
    """A number of sites: its choice keeps the rules and covers so many, within its bound, no fewer than one less."""
    _keys(row, _POINT, "frontier")
    most = int(problem.required.sum()) + number
    _same("frontier sites", row["sites"], most)
    low = (0, 0) if before is None else (before["people"] or 0, before["bound"])
    if row["people"] is not None:
        _same("frontier people", row["people"], _people(problem, row["chosen"], most))
        _same("frontier gap", row["gap"], plain_number(row["bound"] / row["people"] - 1) if row["people"] else None)
    else:
        for name in ("chosen", "gap"):
            _same(f"frontier {name}", row[name], None)
    if not (low[0] <= (row["people"] or 0) <= row["bound"] and low[1] <= row["bound"] <= int(problem.demand.sum())):
        raise PlanError("proof.bad_bound", value=row["people"], bound=row["bound"])


def _people(problem: SitingProblem, chosen: Sequence[str], most: int) -> int:
    """How many a choice covers, or places, that keeps the maxima of quotas and what may not stand together."""
    free = replace(
        problem, new_sites=most, quotas=tuple(replace(q, minimum=0) for q in problem.quotas if q.maximum is not None)
    )
    check_rules_of_sites(free, chosen)
    opened = problem.existing | problem.sites.index.isin(list(chosen))
    if problem.capacity is not None:
        return most_placed(problem, opened, problem.demand)
    return int(problem.demand.to_numpy(dtype=np.int64)[_near(problem, opened)].sum())


def _near(problem: SitingProblem, opened: BoolArray) -> BoolArray:
    """Which communities have an open site within the standard."""
    near: BoolArray = np.zeros(len(problem.demand), dtype=np.bool_)
    near[problem.near.row[opened[problem.near.site]]] = True
    return near


# --- budgets --------------------------------------------------------------------------------------


def recounts_budgets(problem: SitingProblem) -> bool:
    """Whether the value at each budget can be counted again from its sites: not where room decides who goes where."""
    goal, capacity = problem.goals[0], problem.capacity
    if capacity is None:
        return True
    alone = problem.plain and "least_load" not in problem.sites and not goal.people
    return capacity.split and goal.objective == "max-cover" and alone


def _check_budgets(problem: SitingProblem, plan: SitingPlan, rows: Sequence[Mapping[str, Any]]) -> None:
    """At each budget a choice that keeps all rules and pays for itself, within its bound; more money is never worse."""
    goal = problem.goals[0]
    before: Mapping[str, Any] | None = None
    for row in rows:
        _keys(row, _BUDGET, "budgets")
        if before is not None and not row["yuan"] > before["yuan"]:
            raise PlanError("proof.recount_differs", what="budgets yuan", said=row["yuan"], counted=before["yuan"])
        _check_budget(problem, plan, row)
        for name in ("value", "bound"):
            less, more = (None if one is None else one[name] for one in (before, row))
            if less is not None and (more is None or is_better(goal, less, more)):
                raise PlanError("proof.bad_bound", value=more, bound=less)
        before = row


def _check_budget(problem: SitingProblem, plan: SitingPlan, row: Mapping[str, Any]) -> None:
    goal, own = problem.goals[0], problem.budget.yuan
    value, bound = row["value"], row["bound"]
    if value is None:
        empty = {"gap": None, "spent_yuan": None, "sites": None, "chosen": None}
        _same("budgets", {name: row[name] for name in empty}, empty)
        _same("budgets status", row["status"], "infeasible" if bound is None else "no_plan")
    else:
        asked = replace(problem, goals=(goal,), budget=replace(problem.budget, yuan=row["yuan"]))
        check_rules_of_sites(asked, row["chosen"])
        found = _exchanged(asked, plan, row["chosen"])
        if found.short:
            raise PlanError("proof.too_few_covered", covered=found.covered, at_least=found.covered + found.short,
                            unit=unit_by_language(problem.unit))  # fmt: skip
        if recounts_budgets(problem):
            _same("budgets value", value, plain_number(float(found.value)))
        spent = sum(_paid(problem, site) for site in row["chosen"])
        _same("budgets spent_yuan", row["spent_yuan"], spent)
        _same("budgets sites", row["sites"], len(row["chosen"]))
        gap = 0 if value == bound else abs(bound - value) / value if value else None
        _same("budgets gap", row["gap"], None if gap is None else plain_number(gap))
        _same("budgets status", row["status"], "optimal" if value == bound else "bounded")
        if is_better(goal, value, bound):
            raise PlanError("proof.bad_bound", value=value, bound=bound)
    less, more = own is None or row["yuan"] <= own, own is not None and row["yuan"] >= own
    _check_beside_plan(goal, plan, row, less=less, more=more)


def _check_beside_plan(goal: Goal, plan: SitingPlan, row: Mapping[str, Any], *, less: bool, more: bool) -> None:
    """No choice of less money beats the plan's bound, and with more money the plan itself is one."""
    if not plan.levels:
        return
    if less and row["value"] is not None and is_better(goal, row["value"], plan.bound):
        raise PlanError("proof.bad_bound", value=row["value"], bound=plan.bound)
    if more and (row["bound"] is None or is_better(goal, plan.value, row["bound"])):
        raise PlanError("proof.bad_bound", value=plan.value, bound=row["bound"])


def _paid(problem: SitingProblem, site: str) -> int:
    cost, running = (int(problem.sites.at[site, column]) for column in ("cost_yuan", "running_yuan"))
    return cost + running * int(problem.budget.years)


# --- phases ---------------------------------------------------------------------------------------


def _check_phases(problem: SitingProblem, plan: SitingPlan, phases: Mapping[str, Any]) -> None:
    """Steps that build the plan in its order, each with the value of what stands by then."""
    _keys(phases, ("first_year", "steps"), "phases")
    built: list[str] = []
    goal, counts = _step_goal(problem), recounts_steps(problem)
    for number, step in enumerate(phases["steps"]):
        _keys(step, _STEP, "phases")
        built += step["sites"]
        _same("phases built", step["built"], len(built))
        if number == 0:
            _same("phases sites", built, [])
        if counts:
            _same("phases value", step["value"], plain_number(_step_value(problem, plan, goal, built)))
        _check_losses(goal, step)
    _same("phases sites", built, list(plan.chosen[: len(built)]))


def _step_goal(problem: SitingProblem) -> Goal:
    """What steps are measured by."""
    first = problem.goals[0]
    return first if first.objective in ("max-cover", "min-time") else Goal("max-cover", first.people)


def _step_value(problem: SitingProblem, plan: SitingPlan, goal: Goal, built: Sequence[str]) -> float:
    if problem.capacity is not None:
        opened = problem.existing | problem.sites.index.isin(list(built))
        return float(most_placed(problem, opened, problem.load))
    tally = Tally(problem, replace(plan, chosen=tuple(built), served=None))
    if goal.objective == "max-cover":
        return float(Fraction(int(tally.points(goal.people).sum()), _HUNDREDTHS * _HUNDREDTHS))
    people, cs = tally.trips(goal.people)
    return float(Fraction(int(people @ cs), CENTISECONDS_PER_MINUTE))


def _check_losses(goal: Goal, step: Mapping[str, Any]) -> None:
    """How far a step is behind the best found of its size, and behind any."""
    unit, sign = (_HUNDREDTHS, 1) if goal.most else (CENTISECONDS_PER_MINUTE, -1)
    value, best, bound = (round(step[name] * unit) for name in ("value", "best", "bound"))
    for name, other in (("loss", best), ("loss_at_most", bound)):
        _same(f"phases {name}", step[name], plain_number(float(Fraction(sign * (other - value), unit))))
    if not 0 <= sign * (best - value) <= sign * (bound - value):
        raise PlanError("proof.bad_bound", value=step["value"], bound=step["bound"])


# --- reserves -------------------------------------------------------------------------------------


def _check_reserves(problem: SitingProblem, plan: SitingPlan, rows: Sequence[Mapping[str, Any]]) -> None:
    """Of every site that need not be built its substitutes, which keep the rules on sites, in their order."""
    for row in rows:
        _keys(row, _RESERVE, "reserves")
    mine = [(site, list(some)) for site, some in groupby(rows, key=lambda row: row["site"])]
    states = dict(problem.sites["state"])
    _same("reserves site", [site for site, _ in mine], [s for s in plan.chosen if states[s] != "required"])
    now = _exchanged(problem, plan, plan.chosen)
    for site, some in mine:
        before: tuple[Fraction | int, ...] | None = None
        for number, row in enumerate(some, start=1):
            if row["substitute"] is None:
                _same("reserves", row, {**dict.fromkeys(_RESERVE), "site": site, "place": number - 1})
                _same("reserves place", len(some), 1)
                continue
            _same("reserves place", row["place"], number)
            chosen = [row["substitute"] if s == site else s for s in plan.chosen]
            check_rules_of_sites(problem, chosen)
            found = _exchanged(problem, plan, chosen)
            lost = found.key[1] - now.key[1]
            counted = {"value": plain_number(float(found.value)), "loss": plain_number(float(lost))}
            for name, count in {**counted, "covered": found.covered, "short": found.short}.items():
                _same(f"reserves {name}", row[name], count)
            key = (*found.key, list(problem.sites.index).index(row["substitute"]))
            if before is not None and key <= before:
                raise PlanError("proof.recount_differs", what="reserves place", said=number, counted=number - 1)
            before = key


@dataclass(frozen=True)
class _Exchanged:
    """A choice by what reserves are ranked by: ``key`` is less where it is better, ``short`` first, then each goal."""

    key: tuple[Fraction | int, ...]
    value: Fraction
    covered: int
    short: int


def _exchanged(problem: SitingProblem, plan: SitingPlan, chosen: Sequence[str]) -> _Exchanged:
    if problem.capacity is not None:
        return _placed(problem, problem.existing | problem.sites.index.isin(list(chosen)))
    tally = Tally(problem, replace(plan, chosen=tuple(chosen), served=None))
    used, nearest = np.zeros(len(problem.sites), dtype=np.int64), tally.assigned()
    np.add.at(used, nearest[nearest >= 0], tally.people[nearest >= 0])
    check_filled(problem, chosen, dict(zip(map(str, problem.sites.index), used.tolist(), strict=True)))
    columns, covered = {"", *(goal.people for goal in problem.goals)}, tally.covered()
    left = tally.reachable & ~covered & problem.everyone
    short = int(np.array([tally.counted(column) for column in columns]).max(axis=0)[left].sum())
    lacking = problem.coverage.at_least - Fraction(int(tally.points("").sum()), _HUNDREDTHS * _HUNDREDTHS)
    short = max(short, math.ceil(lacking))
    values = [tally.exact(goal) for goal in problem.goals]
    key = [-v if goal.most else v for goal, v in zip(problem.goals, values, strict=True)]
    return _Exchanged((short, *key), values[0], int(tally.people[covered].sum()), short)


def _placed(problem: SitingProblem, opened: BoolArray) -> _Exchanged:
    placed, load = most_placed(problem, opened, problem.load), problem.load.to_numpy(dtype=np.int64)
    demanded = most_placed(replace(problem, sites=problem.sites.assign(capacity=None)), opened | True, problem.load)
    asked = [demanded if problem.everyone else 0]
    if (load == problem.demand.to_numpy(dtype=np.int64)).all():
        asked.append(problem.coverage.at_least)
    short = max(max(asked) - placed, 0)
    return _Exchanged((short, -placed), Fraction(placed), placed, short)


# --- quality --------------------------------------------------------------------------------------


def _check_quality(row: Mapping[str, Any]) -> None:
    """Shares of one whole, of the rows of a table or of people."""
    _keys(row, ("table", "rows", *_SHARES, "synthetic_share"), "quality")
    _same("quality synthetic_share", row["synthetic_share"], row["synthetic"])
    shares = [row[name] for name in _SHARES]
    whole = type(row["rows"]) is int and row["rows"] >= 0 and isinstance(row["table"], str)
    if not whole or any(isinstance(s, bool) or not 0 <= s <= 1 for s in shares) or sum(shares) > 1 + 1e-5:
        raise PlanError("proof.record_strange", what="quality")


def _keys(row: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    strange = sorted(set(row) ^ set(known))
    if strange:
        raise PlanError("proof.record_strange", what=f"{what}.{strange[0]}")


def _same(what: str, said: object, counted: object) -> None:
    if said != counted or type(said) is not type(counted):
        raise PlanError("proof.recount_differs", what=what, said=said, counted=counted)
