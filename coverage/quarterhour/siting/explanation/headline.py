"""A plan in its first sentence: what it builds and reaches, what its goals come to, and how sure that is."""

from __future__ import annotations

from quarterhour.base import i18n
from quarterhour.base.labels import counted_label, gap_percent, goal_label, percent, unit_label
from quarterhour.siting.question.plan import Level, SitingPlan
from quarterhour.siting.question.problem import Goal


def headline(plan: SitingPlan, lang: str) -> str:
    """New sites, coverage before and after, the value of each goal that these do not say, and the proof."""
    sites = i18n.say(
        "explanation.site_built" if len(plan.chosen) == 1 else "explanation.sites_built", lang, n=len(plan.chosen)
    )
    told = {
        "sites": sites,
        "before": plan.count_before.percent,
        "share": plan.count.percent,
        "proof": status_sentence(plan, lang),
    }
    values = [_value_said(plan, level, lang) for level in plan.levels]
    came = [i18n.say("explanation.came", lang, what=said) for said in values if said]
    key = f"explanation.headline{'_room' if plan.placed else ''}{'_after' if plan.before is None else ''}"
    return i18n.say(key, lang, counted=counted_label(plan.unit, lang), came="".join(came), **told)


def status_sentence(plan: SitingPlan, lang: str) -> str:
    """Proven, or how far from the best: in a chain, by which goal."""
    if plan.status != "bounded" or len(plan.levels) < 2:
        return i18n.say(f"explanation.{plan.status}", lang, gap=gap_percent(plan.gap))
    goals = i18n.say("explanation.comma", lang).join(_sure(plan, level, lang) for level in plan.levels)
    return i18n.say("explanation.bounded_goals", lang, goals=goals)


def figure_phrase(objective: str, value: float) -> str:
    """A value or bound of a goal as it is read."""
    if objective == "equity":
        return percent(value)
    if objective in ("min-time", "min-worst"):
        return f"{value:,.2f}"
    return f"{round(value, 6):,}".removesuffix(".0")


def goal_sentences(plan: SitingPlan, lang: str) -> str:
    """The chain of goals of a plan in its order."""
    asked = [level.objective for level in plan.levels] or [plan.objective]
    return " → ".join(goal_label(objective, plan.unit, lang, placed=plan.placed) for objective in asked)


def bound_name(plan: SitingPlan, lang: str) -> str:
    """What the first bound is called: nothing can be above it where more is better, else nothing below."""
    return i18n.say(f"labels.bound_{'most' if Goal(plan.objective).most else 'least'}", lang)


def _sure(plan: SitingPlan, level: Level, lang: str) -> str:
    goal = goal_label(level.objective, level.people or plan.unit, lang, placed=plan.placed)
    return i18n.say(f"explanation.goal_{level.status}", lang, goal=goal, gap=gap_percent(level.gap))


def _value_said(plan: SitingPlan, level: Level, lang: str) -> str:
    """What a goal came to; "" where the rest of the sentence says it: sites, people."""
    if level.objective == "min-sites" or (level.objective == "max-cover" and not level.people):
        return ""
    value, unit = figure_phrase(level.objective, level.value), unit_label(level.people or plan.unit, lang)
    return i18n.say(f"explanation.value_{level.objective}", lang, value=value, unit=unit)
