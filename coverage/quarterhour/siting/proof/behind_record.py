"""What stands behind a plan in its record (frontier, phases, reserves ...), counted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.cells import is_number
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.choices_record import check_budgets, check_relocations
from quarterhour.siting.proof.counted_choice import check_keys, check_same, count_choice
from quarterhour.siting.proof.money_record import verify_money
from quarterhour.siting.proof.most_placed import most_placed
from quarterhour.siting.proof.packed_question import plain_number
from quarterhour.siting.proof.recount import check_rules_of_sites, states_of
from quarterhour.siting.proof.second_count import Tally
from quarterhour.siting.question.levels import without_minima
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem

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
        check_budgets(problem, plan, record["budgets"])
    if "relocations" in record:
        check_relocations(problem, plan, record["relocations"])
    if "phases" in record:
        _check_phases(problem, plan, record["phases"])
        if not (record.get("money") or {}).get("caps"):  # without money of its own for each year, every site has one
            check_same("phases sites", sum(len(step["sites"]) for step in record["phases"]["steps"]), len(plan.chosen))
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
    check_keys(row, _POINT, "frontier")
    most = int(problem.required.sum()) + number
    check_same("frontier sites", row["sites"], most)
    low = (0, 0) if before is None else (before["people"] or 0, before["bound"])
    if row["people"] is not None:
        check_same("frontier people", row["people"], _people(problem, row["chosen"], most))
        check_same(
            "frontier gap", row["gap"], plain_number(row["bound"] / row["people"] - 1) if row["people"] else None
        )
    else:
        for name in ("chosen", "gap"):
            check_same(f"frontier {name}", row[name], None)
    if not (low[0] <= (row["people"] or 0) <= row["bound"] and low[1] <= row["bound"] <= int(problem.demand.sum())):
        raise PlanError("proof.bad_bound", value=row["people"], bound=row["bound"])


def _people(problem: SitingProblem, chosen: Sequence[str], most: int) -> int:
    """How many a choice covers, or places, that keeps the maxima of quotas and what may not stand together."""
    free = replace(problem, new_sites=most, quotas=without_minima(problem.quotas))
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


# --- phases ---------------------------------------------------------------------------------------


def _check_phases(problem: SitingProblem, plan: SitingPlan, phases: Mapping[str, Any]) -> None:
    """Steps that build the plan in its order, each with the value of what stands by then."""
    check_keys(phases, ("first_year", "steps"), "phases")
    built: list[str] = []
    goal, counts = _step_goal(problem), recounts_steps(problem)
    for number, step in enumerate(phases["steps"]):
        check_keys(step, _STEP, "phases")
        built += step["sites"]
        check_same("phases built", step["built"], len(built))
        if number == 0:
            check_same("phases sites", built, [])
        if counts:
            check_same("phases value", step["value"], plain_number(_step_value(problem, plan, goal, built)))
        _check_losses(goal, step)
    check_same("phases sites", built, list(plan.chosen[: len(built)]))


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
        check_same(f"phases {name}", step[name], plain_number(float(Fraction(sign * (other - value), unit))))
    if not 0 <= sign * (best - value) <= sign * (bound - value):
        raise PlanError("proof.bad_bound", value=step["value"], bound=step["bound"])


# --- reserves -------------------------------------------------------------------------------------


def _check_reserves(problem: SitingProblem, plan: SitingPlan, rows: Sequence[Mapping[str, Any]]) -> None:
    """Of every site that need not be built its substitutes, which keep the rules on sites, in their order."""
    for row in rows:
        check_keys(row, _RESERVE, "reserves")
    mine = [(site, list(some)) for site, some in groupby(rows, key=lambda row: row["site"])]
    states = states_of(problem)
    places = {site: place for place, site in enumerate(states)}
    check_same("reserves site", [site for site, _ in mine], [s for s in plan.chosen if states[s] != "required"])
    now = count_choice(problem, plan, plan.chosen)
    for site, some in mine:
        before: tuple[Fraction | int, ...] | None = None
        for number, row in enumerate(some, start=1):
            if row["substitute"] is None:
                check_same("reserves", row, {**dict.fromkeys(_RESERVE), "site": site, "place": number - 1})
                check_same("reserves place", len(some), 1)
                continue
            check_same("reserves place", row["place"], number)
            chosen = [row["substitute"] if s == site else s for s in plan.chosen]
            check_rules_of_sites(problem, chosen)
            found = count_choice(problem, plan, chosen)
            lost = found.key[1] - now.key[1]
            counted = {"value": plain_number(float(found.value)), "loss": plain_number(float(lost))}
            for name, count in {**counted, "covered": found.covered, "short": found.short}.items():
                check_same(f"reserves {name}", row[name], count)
            key = (*found.key, places[row["substitute"]])
            if before is not None and key <= before:
                raise PlanError("proof.recount_differs", what="reserves place", said=number, counted=number - 1)
            before = key


# --- quality --------------------------------------------------------------------------------------


def _check_quality(row: Mapping[str, Any]) -> None:
    """Shares of one whole, of the rows of a table or of people."""
    check_keys(row, ("table", "rows", *_SHARES, "synthetic_share"), "quality")
    check_same("quality synthetic_share", row["synthetic_share"], row["synthetic"])
    shares = [row[name] for name in _SHARES]
    whole = type(row["rows"]) is int and row["rows"] >= 0 and isinstance(row["table"], str)
    if not whole or any(isinstance(s, bool) or not 0 <= s <= 1 for s in shares) or sum(shares) > 1 + 1e-5:
        raise PlanError("proof.record_strange", what="quality")
