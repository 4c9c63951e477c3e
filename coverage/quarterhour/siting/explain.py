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
    rule that alone would have to give, and by how much, which is searched for as long as ``seconds``.
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


def out_of_reach(problem: SitingProblem) -> pd.DataFrame:
    """Communities with people whom no site, built or not, can cover: ``people, site, minutes``.

    Where two sites must be near, those that have fewer within the standard.
    Indexed by community, most people first; the nearest site and its minutes are missing where
    none was found within what was searched.
    """
    lost = problem.demand[~problem.reachable & problem.demand.gt(0)]
    table: pd.DataFrame = problem.times.nearest().reindex(lost.index)[["site", "minutes"]]
    table.insert(0, "people", lost)
    return table.sort_values("people", ascending=False, kind="stable")
