"""The recount: a plan counted again from its question, by code that shares nothing with the solvers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.centiseconds import centiseconds
from quarterhour.base.errors import PlanError
from quarterhour.base.labels import unit_by_language
from quarterhour.siting.proof.evidence import check_evidence
from quarterhour.siting.proof.most_placed import most_placed_today
from quarterhour.siting.proof.second_count import Count, Recount, count_again, wrong
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.levels import PLACE
from quarterhour.siting.question.plan import UNMET_COLUMNS, Figures, SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.rules import Quota


@takes(problem=SitingProblem, plan=SitingPlan)
def verify_plan(problem: SitingProblem, plan: SitingPlan) -> Recount:
    """Count a plan again from the question, by code that shares nothing with the solvers.

    Everything a reader would rely on is counted in whole people and centiseconds: that only candidates
    are built, at most ``new_sites``, required ones among them; quotas, budget, conflicts, capacity, who must be
    covered; people covered, each site's gain in the order given, each community's nearest site; the value of every
    goal; that value, bound, gap and status agree; and that what the plan brings as evidence of a bound shows it.

    Parameters
    ----------
    problem, plan : a question and a plan that claims to answer it.

    Returns
    -------
    A ``Recount``: what was counted.

    Raises
    ------
    PlanError : the first thing that does not hold, with what the plan says and what was counted.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> qh.verify_plan(problem, qh.solve_siting(problem)).covered
    60
    """
    _same("input_hash", said=plan.input_hash, counted=input_hash(problem))
    _same("objective", said=plan.objective, counted=problem.goals[0].objective)
    _same("unit", said=plan.unit, counted=problem.unit)
    _check_ids(problem, plan.chosen)
    found = count_again(problem, plan)
    count = found.total
    for what in ("covered_before", "covered", "reachable", "demand_total"):
        _same(what, said=getattr(plan, what), counted=getattr(count, what))
    _check_placed_before(problem, plan)
    _same("unmet", said=_rows(plan.unmet), counted=_unmet(problem))
    if plan.status in ("optimal", "infeasible"):
        _same("stopped", said=plan.stopped, counted="")
    if plan.status in ("infeasible", "no_plan"):
        _check_nothing(plan)
        _check_assignment(problem, found, plan)
        return count
    check_rules_of_sites(problem, plan.chosen)
    _check_assignment(problem, found, plan)
    check_filled(problem, plan.chosen, _loads(problem, found, plan))
    _check_everyone(problem, found)
    _check_gain(found, plan)
    _check_levels(problem, found, plan)
    _check_figures(plan, count.figures)
    check_evidence(problem, plan)
    return count


def _same(what: str, *, said: object, counted: object) -> None:
    if said != counted:
        raise PlanError("proof.recount_differs", what=what, said=said, counted=counted)


# --- what must hold -------------------------------------------------------------------------------


def check_rules_of_sites(problem: SitingProblem, chosen: Sequence[str]) -> None:
    """That a choice of sites keeps all rules on sites: what may and must be built, how many, quotas, money, conflicts.

    PlanError for the first that it breaks.
    """
    _check_ids(problem, chosen)
    _check_chosen(problem, chosen)
    _check_quotas(problem, chosen)
    _check_money_and_conflicts(problem, chosen)
    _check_farthest(problem, chosen)


def states_of(problem: SitingProblem) -> dict[str, str]:
    """By site its state, in the order of the table."""
    return dict(zip(problem.sites.index.tolist(), problem.sites["state"].tolist(), strict=True))


def _check_ids(problem: SitingProblem, chosen: Sequence[str]) -> None:
    states = states_of(problem)
    wrong("not_buildable", [s for s in chosen if states.get(s, "existing") == "existing"])
    wrong("chosen_again", [s for s, n in Counter(chosen).items() if n > 1])


def _check_nothing(plan: SitingPlan) -> None:
    _same("chosen", said=plan.chosen, counted=())
    _same("levels", said=plan.levels, counted=())
    _same("evidence", said=plan.evidence, counted=())
    for what in ("value", "bound", "gap"):
        _same(what, said=math.isnan(getattr(plan, what)), counted=True)


def _check_placed_before(problem: SitingProblem, plan: SitingPlan) -> None:
    """Equal where communities may be shared out; where they go whole, fewer may find a place than could in parts."""
    if plan.placed_before is None:
        return
    _same("placed_before", said=plan.placed, counted=True)
    most = most_placed_today(problem)
    whole = problem.capacity is not None and not problem.capacity.split
    if not problem.load.equals(problem.demand.rename("load")):  # room is told in something else than people
        most = int(problem.demand.sum())
    if not (0 <= plan.placed_before <= most if whole else plan.placed_before == most):
        _same("placed_before", said=plan.placed_before, counted=most)


def _check_chosen(problem: SitingProblem, built: Sequence[str]) -> None:
    states = states_of(problem)
    wrong("required_left_out", [s for s, what in states.items() if what == "required" and s not in built])
    if problem.new_sites is not None and len(built) > problem.new_sites:
        raise PlanError("proof.too_many", chosen=len(built), new_sites=problem.new_sites)


def _areas(problem: SitingProblem, quota: Quota) -> dict[str, str]:
    """Site by site the area in which it counts for a quota."""
    sites = problem.sites
    columns = zip(sites.index.tolist(), sites[quota.level].tolist(), sites["tiers"].tolist(), strict=True)
    found = {i: area for i, area, tiers in columns if not quota.tier or quota.tier in tiers.split(" ")}
    for group in quota.groups:
        found = {i: " + ".join(group) if area in group else area for i, area in found.items()}
    return found


def _unmet(problem: SitingProblem) -> list[tuple[Any, ...]]:
    """The quotas that no choice could meet, counted from the table of sites."""
    rows: list[tuple[Any, ...]] = []
    states = states_of(problem)
    for quota in problem.quotas:
        areas = _areas(problem, quota)
        fixed = Counter(a for i, a in areas.items() if states[i] in ("existing", "required"))
        free = Counter(a for i, a in areas.items() if states[i] in ("candidate", "upgradeable"))
        for area in quota.areas:
            if fixed[area] + free[area] < quota.minimum:
                why = "no_candidate" if free[area] == 0 else "too_few_candidates"
                rows.append((quota.level, area, quota.minimum, fixed[area], free[area], why))
    return rows


def _rows(unmet: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(r) for r in unmet[list(UNMET_COLUMNS)].to_numpy().tolist()]


def _check_quotas(problem: SitingProblem, built: Sequence[str]) -> None:
    states, chosen = states_of(problem), set(built)
    for quota in problem.quotas:
        areas = _areas(problem, quota)
        possible = Counter(areas.values())
        opened = Counter(a for i, a in areas.items() if states[i] == "existing" or i in chosen)
        for area in quota.areas:
            low, n = min(quota.minimum, possible[area]), opened[area]
            if n < low and quota.level == PLACE:
                raise PlanError("proof.place_left_out", place=area)
            if n < low or (quota.maximum is not None and n > quota.maximum):
                raise PlanError("proof.quota_broken", level=quota.level, area=area, found=n)


def _check_money_and_conflicts(problem: SitingProblem, built: Sequence[str]) -> None:
    sites, chosen = problem.sites, set(built)
    new = sites.loc[list(built)]
    fixed, running = new["cost_yuan"].tolist(), new["running_yuan"].tolist()
    spent = sum(int(f) + int(r) * int(problem.budget.years) for f, r in zip(fixed, running, strict=True))
    if problem.budget.yuan is not None and spent > problem.budget.yuan:
        raise PlanError("explanation.over_budget", spent=spent, yuan=problem.budget.yuan)
    opened = {k for k, (i, state) in enumerate(states_of(problem).items()) if i in chosen or state == "existing"}
    both = [(a, b) for a, b in problem.conflicts.tolist() if a in opened and b in opened]
    wrong("conflict_broken", [f"{sites.index[a]} + {sites.index[b]}" for a, b in both])


def _check_farthest(problem: SitingProblem, built: Sequence[str]) -> None:
    """Nobody has farther than the question allows whom some site, built or not, is so near to."""
    farthest, times = problem.coverage.farthest, problem.times
    if farthest is None:
        return
    chosen, tier = set(built), problem.coverage.tier
    counts = [not tier or tier in said.split(" ") for said in problem.sites["tiers"]]
    opened = [s == "existing" or i in chosen for i, s in problem.sites["state"].items()]
    near = (times.cs <= centiseconds(farthest)) & np.array(counts, dtype=np.bool_)[times.site_index]
    have = near & np.array(opened, dtype=np.bool_)[times.site_index]
    some, met = (np.diff(np.append(0, np.cumsum(pairs))[times.indptr]) > 0 for pairs in (near, have))
    columns = [problem.demand, *(problem.people[g.people] for g in problem.goals if g.people)]
    people = np.array([column.to_numpy() > 0 for column in columns]).any(axis=0)
    wrong("too_far", list(problem.demand.index[people & some & ~met]), minutes=f"{farthest:g}")


def check_filled(problem: SitingProblem, built: Sequence[str], loads: Mapping[str, int]) -> None:
    """Every site that is built is used by as many as it must be; PlanError for those that are not."""
    if "least_load" not in problem.sites:
        return
    least = {str(s): 0 if pd.isna(n) else int(n) for s, n in problem.sites["least_load"].items()}
    wrong("not_filled", [f"{s} ({loads.get(s, 0)} < {least[s]})" for s in built if loads.get(s, 0) < least[s]])


def _loads(problem: SitingProblem, found: Count, plan: SitingPlan) -> Counter[str]:
    """How many use each site: the people assigned to it, or what communities ask of it."""
    loads, ids = Counter[str](), problem.sites.index.tolist()
    if plan.served is None:
        for place, people in zip(found.site.tolist(), problem.demand.tolist(), strict=True):
            loads.update({str(ids[place]): people} if place >= 0 else {})
        return loads
    whole = problem.capacity is not None and not problem.capacity.split
    asked = {str(c): int(n) for c, n in problem.load.items()}
    for community, site, people in plan.served[["community", "site", "people"]].itertuples(index=False):
        loads[str(site)] += asked[str(community)] if whole else int(people)
    return loads


def _check_everyone(problem: SitingProblem, found: Count) -> None:
    if problem.everyone:
        wrong("not_everyone", list(problem.demand.index[found.counts & ~found.covered]))
    if found.points < 10_000 * problem.coverage.at_least:
        least, unit = problem.coverage.at_least, unit_by_language(problem.unit)
        raise PlanError("proof.too_few_covered", covered=found.points / 10_000, at_least=least, unit=unit)


def _check_assignment(problem: SitingProblem, found: Count, plan: SitingPlan) -> None:
    said_for = plan.assignment.index.tolist()
    _same("assignment", said=len(said_for), counted=len(problem.demand))
    ids = problem.demand.index.tolist()
    came = ids if problem.came is None or said_for == ids else problem.came  # ids: a plan out of a record
    wrong("assignment_differs", [a for a, b in zip(said_for, came, strict=True) if a != b])
    assigned = plan.assignment.reindex(problem.demand.index)
    _same("served", said=plan.served is not None, counted=problem.capacity is not None)
    said = problem.sites.index.get_indexer(pd.Index(assigned.to_numpy()))
    unknown = (said < 0) & assigned.notna().to_numpy()
    wrong("assignment_differs", list(assigned.index[(said != found.site) | unknown]))


def _check_gain(found: Count, plan: SitingPlan) -> None:
    said = {str(i): float(n) for i, n in plan.gain.items()}
    if list(said) != list(plan.chosen) or said != found.gains:
        wrong("gain_differs", [s for s, n in found.gains.items() if said.get(s) != n] or list(plan.chosen))


# --- value and bound ------------------------------------------------------------------------------


def _check_levels(problem: SitingProblem, found: Count, plan: SitingPlan) -> None:
    goals = problem.goals
    said = [(level.objective, level.people) for level in plan.levels]
    _same("levels", said=said, counted=[(g.objective, g.people) for g in goals])
    for goal, level, value in zip(goals, plan.levels, found.values, strict=True):
        _same(f"value of {goal.objective}", said=level.value, counted=value)
        short = level.bound - level.value if goal.objective in ("max-cover", "equity") else level.value - level.bound
        if not (math.isfinite(short) and short >= 0):
            raise PlanError("proof.bad_bound", value=level.value, bound=level.bound)
        gap = 0.0 if short == 0 else short / level.value if level.value else math.inf
        _same("gap", said=level.gap, counted=gap)
    first, worst = plan.levels[0], max(level.gap for level in plan.levels)
    for what, counted in (("value", first.value), ("bound", first.bound), ("proved_by", first.proved_by)):
        _same(what, said=getattr(plan, what), counted=counted)
    _same("gap", said=plan.gap, counted=worst)
    _same("status", said=plan.status, counted="optimal" if worst == 0 else "bounded")


def _check_figures(plan: SitingPlan, counted: Figures) -> None:
    for what in counted.__slots__:
        said, found = getattr(plan.figures, what, None), getattr(counted, what)
        both_unknown = isinstance(said, float) and isinstance(found, float) and math.isnan(said) and math.isnan(found)
        if not both_unknown:
            _same(what, said=said, counted=found)
