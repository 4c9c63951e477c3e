"""Existing sites that could move: what closes, what opens for it, and who gains and loses by that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from quarterhour.base.labels import figure, gap_percent, goal_label
from quarterhour.report.section import Section, Told, joined_section, say_of, site_columns
from quarterhour.siting.outlook.change_sentences import gain_lines
from quarterhour.siting.outlook.relocation import Relocation
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.changes import published_change
from quarterhour.study.study import study_question

_say = partial(say_of, "relocation_sections")


def relocation_sections(results: Results, lang: str) -> Iterator[Section]:
    """By number of closings the sites that close and open, where a question asks for it."""
    told = [_moved(results, p, lang) for p in results.proposals]
    yield from joined_section("relocations", told, before=[_say("line", lang)], page_rows=60)


def relocation_lines(results: Results, lang: str) -> list[str]:
    """The same in sentences."""
    return [
        line for p in results.proposals for one in p.prospects.relocations for line in _lines(results, p, one, lang)
    ]


def _moved(results: Results, p: Proposal, lang: str) -> Told | None:
    found = p.prospects.relocations
    if not found:
        return None
    rows = [pd.DataFrame(_rows(results, p, one, lang)) for one in found if one.has_plan]
    lines = [line for one in found for line in _lines(results, p, one, lang)]
    return (pd.concat(rows, ignore_index=True) if rows else pd.DataFrame({"question": []})), lines


def _rows(results: Results, p: Proposal, one: Relocation, lang: str) -> dict[str, Any]:
    sites = pd.Index([*one.closed, *one.opened])
    done = [_say("closes", lang)] * len(one.closed) + [_opens(p, site, lang) for site in one.opened]
    return {
        "question": p.name(lang), "moved_closings": one.closings, "moved_how": done, **site_columns(results, p, sites),
        "goal": _goal(p, lang), "moved_value": one.value, "bound": one.bound, "gap": one.gap,
    }  # fmt: skip


def _opens(p: Proposal, site: str, lang: str) -> str:
    return _say("upgraded" if p.sites.at[site, "state"] == "upgradeable" else "opens", lang)


def _lines(results: Results, p: Proposal, one: Relocation, lang: str) -> Iterator[str]:
    asked = {"name": p.name(lang), "closings": one.closings, "openings": one.openings}
    if not one.has_plan:
        why = ("；" if lang == "zh" else "; ").join(reason.sentence(lang) for reason in one.reasons)
        yield _say(one.status, lang, **asked, why=why)
        return
    proven = (
        _say("proven", lang)
        if one.gap == 0
        else _say("within", lang, bound=_said(p, one.bound), gap=gap_percent(one.gap))
    )
    yield _say(
        "moved", lang, **asked, goal=_goal(p, lang), value=_said(p, one.value), proven=proven,
        closed=_named(results, p, one.closed, lang), opened=_named(results, p, one.opened, lang),
    )  # fmt: skip
    if one.closing_yuan is not None:
        key = "closing_saves" if one.closing_yuan < 0 else "closing_costs"
        yield _say(key, lang, **asked, yuan=abs(one.closing_yuan))
    if _costs_known(results, p, one):
        yield _say("building", lang, **asked, yuan=one.building_yuan)
    if one.not_compared is not None:
        yield _say("change", lang, **asked, line=one.not_compared.sentence(lang))
    if one.change is not None:
        told = published_change(results, p, one.change)
        yield from (_say("change", lang, **asked, line=line) for line in gain_lines(told, lang))


def _costs_known(results: Results, p: Proposal, one: Relocation) -> bool:
    """Whether the question counts money, and every site that opens says what it costs."""
    if not study_question(results.study, p.id).money_counts:
        return False
    return bool(p.money["cost_yuan"].reindex(list(one.opened)).notna().all())


def _named(results: Results, p: Proposal, sites: tuple[str, ...], lang: str) -> str:
    names = site_columns(results, p, pd.Index(sites))["name"]
    return ("、" if lang == "zh" else ", ").join(names) or _say("nothing", lang)


def _goal(p: Proposal, lang: str) -> str:
    goal = p.problem.goals[0]
    return goal_label(goal.objective, goal.people or p.unit, lang, placed=p.plan.placed)


def _said(p: Proposal, value: float) -> str:
    return figure(value, {"equity": "share", "gini": "coefficient"}.get(p.problem.objective, ""))
