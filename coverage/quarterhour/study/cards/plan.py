"""A siting plan at a glance, area by area: who is covered once it is built, and by what stands today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, CardRow, CardTable, Count
from quarterhour.base.cells import blank
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.standards.circle import AreaNames, area_row
from quarterhour.standards.levels import levels_of


def proposal_card(plan: SitingPlan, name: str, areas: pd.DataFrame, names: AreaNames, lang: str) -> Card:
    """The card of a plan with ``areas``, as ``coverage_by_area`` has them; further levels in the order of names."""
    rows = {v: _rows(plan, areas, v, names.get(v, {}), lang) for v in ("county", *levels_of(areas))}
    further = [CardTable(v, i18n.say(f"cards.by_{v}", lang), made) for v, made in rows.items() if v != "county"]
    return plan.card(lang, name=name, rows=rows["county"], further=further)


def _rows(
    plan: SitingPlan, areas: pd.DataFrame, level: str, names: Mapping[str, str], lang: str
) -> tuple[CardRow, ...]:
    table = areas[areas["level"].eq(level)]
    if level != "county":
        places = {area: place for place, area in enumerate(names)}
        table = table.iloc[sorted(range(len(table)), key=lambda k: places.get(str(table["area"].iloc[k]), len(places)))]
    return tuple(_row(plan, row, names, lang) for row in table.to_dict("records"))


def _row(plan: SitingPlan, row: Mapping[Any, Any], names: Mapping[str, str], lang: str) -> CardRow:
    before, after = (_count(row[when], row["people"]) for when in ("before", "after"))
    area = str(row["area"])
    if plan.status not in ("infeasible", "no_plan"):
        return area_row(area, names, after, lang, before=before)
    today = area_row(area, names, before, lang)
    said = "" if before.left is None else i18n.say("cards.today", lang, said=today.said)
    return CardRow(today.name, said, before.share, area, None, before)


def _count(met: Any, people: Any) -> Count:
    return Count.of(met, people, None if blank(met) or blank(people) or not people else met / people)
