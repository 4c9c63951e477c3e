"""The results in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import QUALITIES
from quarterhour.base.labels import percent
from quarterhour.report.format import Plan, circle_name, city_row, figure, met_of, paces
from quarterhour.report.tables import plan_line
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.scorecard import Scorecard


def summary_lines(
    *,
    lang: str,
    checks: Sequence[CircleCheck],
    scorecard: Scorecard | None,
    plans: Sequence[Plan],
    compare: Sequence[CircleCheck] = (),
) -> list[str]:
    """The results in a sentence each, for the console."""
    lines = [_circle_line(c, lang) for check in checks for c in (check, *paces(check, compare))]
    if scorecard is not None:
        table = scorecard.summary()
        table = table[table["binding"].astype(bool)]
        lines += [_target_line(rows, lang) for _, rows in table.groupby("target", sort=False)]
    return lines + [_plan_told(question, plan, lang) for question, plan, _, _ in plans]


def _circle_line(check: CircleCheck, lang: str) -> str:
    row = city_row(check)
    made = {q: int(row[f"people_{q}"]) for q in QUALITIES}
    people = i18n.label("people", check.circle.people, lang)
    met, total = int(row["people_met"]), int(row["people"])
    name, share = circle_name(check, lang), percent(row["share_people"])
    return i18n.say("report.circle_line", lang, name=name, share=share, met=met, total=total, people=people, **made)


def _target_line(rows: pd.DataFrame, lang: str) -> str:
    """A promise in one line, its levels side by side."""
    parts = [_level_said(row, lang) for row in rows.itertuples()]
    between = i18n.say("report.between", lang)
    return i18n.say("report.target_line", lang, name=rows[lang].iloc[0], said=between.join(parts))


def _level_said(row: Any, lang: str) -> str:
    level, threshold = i18n.say(f"report.level_{row.level}", lang), figure(row.threshold, row.unit)
    value = figure(row.value, row.unit)
    key = "report.target_value" if value else "report.target_areas"
    made_up = (
        i18n.say("report.on_synthetic", lang, share=percent(row.synthetic_share)) if row.synthetic_share > 0 else ""
    )
    return i18n.say(key, lang, level=level, value=value, threshold=threshold, met=met_of(row, lang) + made_up)


def _plan_told(question: Mapping[str, str], plan: SitingPlan, lang: str) -> str:
    return i18n.say("report.plan_told", lang, name=question[lang], line=plan_line(question, plan, lang))
