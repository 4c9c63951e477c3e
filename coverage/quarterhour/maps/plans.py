"""Plans on the map: the sites to build in their order, who goes to which, and how good the plan is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.escape import escape_html
from quarterhour.base.findings import UNSTATED, by_quality
from quarterhour.base.labels import counted_label, gap_percent, unit_label, unstated_said
from quarterhour.maps.columns import PageWords, coded, filled, place_names, quality_of, thousands, xy_of
from quarterhour.siting.explanation.headline import bound_name, figure_phrase, goal_sentences

if TYPE_CHECKING:
    from quarterhour.siting.question.plan import SitingPlan

    Plan = tuple[str, SitingPlan, gpd.GeoDataFrame]


def plan_columns(
    plan: Plan, communities: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, say: PageWords
) -> dict[str, Any]:
    name, answer, sites = plan
    chosen = sites.reindex(list(answer.chosen))
    new = {site: number for number, site in enumerate(answer.chosen)}
    served = answer.assignment.reindex(communities.index)
    known = pd.concat([facilities[["name"]], sites[["name"]]])
    known = known[~known.index.duplicated()]["name"].to_dict()
    names = place_names(answer.chosen, sites)
    return {
        "name": escape_html(name),
        **xy_of(chosen, "sites"),
        "site": names,
        "year": _years(chosen),
        "gain": [_gain(answer.gain.get(site)) for site in answer.chosen],
        "quality": quality_of(chosen, say),
        "served": [-1 if pd.isna(s) or s not in new else new[s] for s in served],
        "how": coded([_how(s, new, known, say) for s in served]),
        "gain_name": say("plan_placed" if answer.placed else "plan_gain"),
        "unit": escape_html(unit_label(answer.unit, say.lang)),
        "result": _plan_result(answer, chosen, say),
    }


def _gain(value: Any) -> str:
    return "" if value is None or pd.isna(value) else f"{value:,.0f}"


def _years(chosen: pd.DataFrame) -> list[str]:
    """The year in which each site is built; "" where the study names none."""
    if "year" not in chosen:
        return [""] * len(chosen)
    return ["" if pd.isna(year) else f"{int(year)}" for year in chosen["year"]]


def _how(site: Any, new: Mapping[Any, int], known: Mapping[Any, Any], say: PageWords) -> str:
    if pd.isna(site):
        return say("served_by_none")
    name = escape_html(known.get(site, site))
    if site in new:
        return filled("served_by_new", say, number=str(new[site] + 1), name=name)
    return filled("served_by_existing", say, name=name)


def _plan_result(plan: SitingPlan, chosen: pd.DataFrame, say: PageWords) -> list[str]:
    status = i18n.say(f"maps.status_{plan.status}", say.lang)
    if plan.status in ("infeasible", "no_plan"):
        return [escape_html(status)]
    told = {"unit": unit_label(plan.unit, say.lang), "counted": counted_label(plan.unit, say.lang)}
    told |= thousands({"covered": plan.covered, "total": plan.demand_total})
    told["rise"] = "" if plan.before is None else say("plan_rise", before=f"{plan.before:,}")
    return [
        say("plan_goal", goals=goal_sentences(plan, say.lang)),
        say("plan_result_room" if plan.placed else "plan_result", sites=len(plan.chosen), **told),
        say(
            "plan_proof",
            status=status,
            bound=figure_phrase(plan.objective, plan.bound),
            gap=gap_percent(plan.gap),
            bound_name=bound_name(plan, say.lang),
        ),
        *([] if plan.ties is None else map(escape_html, plan.ties.sentences(say.lang, _names(chosen)))),
        *([say("plan_unmet", count=len(plan.unmet))] if len(plan.unmet) else []),
        *_made_up(chosen, say),
    ]


def _names(chosen: pd.DataFrame) -> dict[str, str]:
    return dict(zip(chosen.index, texts(chosen["name"]), strict=True))


def _made_up(chosen: pd.DataFrame, say: PageWords) -> list[str]:
    """How many of the sites to be built nobody has seen."""
    known = by_quality(chosen.get("quality", ()))
    if known["estimated"] or known["synthetic"]:
        return [say("plan_made_up", **{**known, UNSTATED: unstated_said(known[UNSTATED], say.lang)})]
    return [say("plan_unstated", count=known[UNSTATED])] if known[UNSTATED] else []
