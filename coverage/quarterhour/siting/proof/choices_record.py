"""Other choices beside a plan in its record, counted again: the best of each budget, and sites that are moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.counted_choice import check_choice_row, check_keys, check_same, paid_yuan
from quarterhour.siting.proof.packed_question import plain_number
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem

_BUDGET = ("yuan", "status", "value", "bound", "gap", "spent_yuan", "sites", "chosen")
_MOVED = ("closings", "openings", "status", "value", "bound", "gap", "closed", "opened", "building_yuan",
          "closing_yuan")  # fmt: skip
_NUMBERS = ("value", "bound", "gap")
_NOTHING = {"gap": None, "spent_yuan": None, "sites": None, "chosen": None}


# --- budgets --------------------------------------------------------------------------------------


def check_budgets(problem: SitingProblem, plan: SitingPlan, rows: Sequence[Mapping[str, Any]]) -> None:
    """At each budget a choice that keeps all rules and pays for itself, within its bound; more money is never worse."""
    goal = problem.goals[0]
    before: Mapping[str, Any] | None = None
    for row in rows:
        check_keys(row, _BUDGET, "budgets")
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
    if row["value"] is None:
        check_same("budgets", {name: row[name] for name in _NOTHING}, _NOTHING)
        check_same("budgets status", row["status"], "infeasible" if row["bound"] is None else "no_plan")
    else:
        asked = replace(problem, goals=(goal,), budget=replace(problem.budget, yuan=row["yuan"]))
        check_choice_row("budgets", asked, plan, row["chosen"], row)
        check_same("budgets spent_yuan", row["spent_yuan"], paid_yuan(problem, row["chosen"]))
        check_same("budgets sites", row["sites"], len(row["chosen"]))
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


# --- sites that are moved -------------------------------------------------------------------------


def relocations_record(
    problem: SitingProblem,
    rows: Sequence[Mapping[str, Any]],
    *,
    may_close: Sequence[str] | None = None,
    closing_yuan: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Relocations (``Relocation.row``) in plain values, which sites could close (None: all), and for how much."""
    standing = [str(site) for site in problem.sites.index[problem.existing]]
    yuan = None if closing_yuan is None else {str(site): int(cost) for site, cost in closing_yuan.items()}
    return {
        "may_close": standing if may_close is None else [str(site) for site in may_close],
        "yuan": yuan,
        "rows": [{**row, **{name: plain_number(row[name]) for name in _NUMBERS}} for row in rows],
    }


def check_relocations(problem: SitingProblem, plan: SitingPlan, held: Mapping[str, Any]) -> None:
    """Of each number of closings: what closes stood, what opens keeps all rules with what is left, within its bound."""
    check_keys(held, ("may_close", "yuan", "rows"), "relocations")
    standing = {str(site) for site in problem.sites.index[problem.existing]}
    if not standing >= set(held["may_close"]) or len(set(held["may_close"])) < len(held["may_close"]):
        raise PlanError("proof.record_strange", what="relocations.may_close")
    if held["yuan"] is not None:
        check_keys(held["yuan"], held["may_close"], "relocations.yuan")
        if any(type(cost) is not int for cost in held["yuan"].values()):
            raise PlanError("proof.record_strange", what="relocations.yuan")
    for number, row in enumerate(held["rows"], start=1):
        check_keys(row, _MOVED, "relocations")
        check_same("relocations closings", row["closings"], number)
        _check_moved(problem, plan, held, row)


def _check_moved(problem: SitingProblem, plan: SitingPlan, held: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    if type(row["openings"]) is not int:
        raise PlanError("proof.record_strange", what="relocations.openings")
    if row["value"] is None:
        nothing: dict[str, object] = {
            "bound": None,
            "gap": None,
            "closed": [],
            "opened": [],
            "building_yuan": 0,
            "closing_yuan": None,
        }
        check_same("relocations", {name: row[name] for name in nothing}, nothing)
        if row["status"] not in ("infeasible", "no_plan"):
            raise PlanError("proof.record_strange", what="relocations.status")
        return
    closed, yuan = row["closed"], held["yuan"]
    if len(set(closed)) != row["closings"] or len(closed) != row["closings"] or not set(closed) <= {*held["may_close"]}:
        raise PlanError("proof.record_strange", what="relocations.closed")
    check_same("relocations closing_yuan", row["closing_yuan"], None if yuan is None else sum(yuan[s] for s in closed))
    check_same("relocations building_yuan", row["building_yuan"], paid_yuan(problem, row["opened"]))
    for name in ("closed", "opened"):
        check_same(f"relocations {name}", row[name], [str(s) for s in problem.sites.index if s in row[name]])
    check_choice_row("relocations", _without(problem, closed, row), plan, row["opened"], row)


def _without(problem: SitingProblem, closed: Sequence[str], row: Mapping[str, Any]) -> SitingProblem:
    """The question in which some sites no longer stand: they could be built, but are not."""
    states, own = problem.sites["state"], problem.budget.yuan
    left = None if own is None else own - (row["closing_yuan"] or 0)
    gone = problem.sites.index.isin(list(closed))
    sites = problem.sites.assign(state=states.mask(gone, "candidate"), stood=states)
    return replace(
        problem,
        sites=sites,
        goals=problem.goals[:1],
        new_sites=row["openings"],
        budget=replace(problem.budget, yuan=left),
        quotas=tuple(replace(q, level="stood") if q.level == "state" else q for q in problem.quotas),
    )
