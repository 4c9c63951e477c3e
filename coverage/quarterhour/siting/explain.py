"""A plan in sentences: what it reaches, how sure that is, what could not be had, and what would have to give."""

from __future__ import annotations

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arguments import takes
from quarterhour.base.errors import first_ids
from quarterhour.base.labels import unit_label
from quarterhour.siting.explanation.causes import lowered
from quarterhour.siting.explanation.headline import headline
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem


@takes(problem=SitingProblem, plan=SitingPlan)
def explain_plan(problem: SitingProblem, plan: SitingPlan, lang: str = "en", *, seconds: float = 20) -> list[str]:
    """The plan in sentences, in Chinese (``zh``) or English (``en``).

    What it reaches and how far it may be from the best; whether other plans are as good, where ``plan.ties`` tells;
    quotas that could not be met; people whom no site, built or not, is near to. Where no plan exists, why, and each
    rule that alone would have to give, and by how much.

    Parameters
    ----------
    problem, plan : a question and its plan.
    lang : ``zh`` or ``en``.
    seconds : how long is searched for the rules that would have to give.

    Returns
    -------
    A list of sentences, the headline first.

    Raises
    ------
    DataError : an argument is of another sort.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> qh.explain_plan(problem, qh.solve_siting(problem))
    ['with 1 new site coverage of people goes from 0.0% to 54.5%; proven best.']
    """
    lines = [reason.sentence(lang) for reason in plan.reasons] or [headline(plan, lang)]
    if plan.ties is not None:
        lines += plan.ties.sentences(lang, {str(site): str(name) for site, name in problem.sites["name"].items()})
    lines += [reason.sentence(lang) for reason in lowered(problem)]
    lost = out_of_reach(problem)
    if len(lost):
        told = {"count": f"{len(lost):,}", "people": f"{lost['people'].sum():,}"}
        told["communities"] = first_ids(lost.index, lang=lang)
        key = "explanation.out_of_reach_of_two" if problem.enough == 2 else "explanation.out_of_reach"
        lines.append(i18n.say(key, lang, unit=unit_label(plan.unit, lang), **told))
    if plan.status == "infeasible":
        changes = smallest_relaxations(problem, seconds=seconds, seed=plan.seed)
        lines += [change.sentence(lang) for change in changes] or [i18n.say("explanation.no_single_rule", lang)]
    return lines


@takes(problem=SitingProblem)
def out_of_reach(problem: SitingProblem) -> pd.DataFrame:
    """Communities with people whom no site, built or not, can cover.

    Parameters
    ----------
    problem : a siting question. Where two sites must be near, those count that have fewer within the standard.

    Returns
    -------
    By community id, most people first: ``people``, ``site``, ``minutes``; the nearest site and its minutes are missing
    where none was found within what was searched.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 27]], [60, 30, 20], within=10, new_sites=1)
    >>> qh.siting.out_of_reach(problem).to_dict("index")
    {'2': {'people': 20, 'site': '1', 'minutes': 27.0}}
    """
    lost = problem.demand[~problem.reachable & problem.demand.gt(0)]
    table: pd.DataFrame = problem.times.nearest().reindex(lost.index)[["site", "minutes"]]
    table.insert(0, "people", lost)
    return table.sort_values("people", ascending=False, kind="stable")
