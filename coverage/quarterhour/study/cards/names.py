"""Areas by name: towns, counties, reporting units and classes, as every table, card and page calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank, texts
from quarterhour.base.labels import names_of
from quarterhour.siting.question.rules import TOGETHER
from quarterhour.standards.levels import AREA_COLUMNS, CLASSES, FURTHER_LEVELS, UNKNOWN, in_order
from quarterhour.standards.scorecard import Scorecard
from quarterhour.study.inputs import Inputs

Names = Mapping[tuple[str, str], str]
"""Names by level and id."""


def area_names(inputs: Inputs, scorecard: Scorecard | None) -> dict[tuple[str, str], str]:
    """Names by level and id: of the towns, counties and facilities of the tables, and of what a scorecard names.

    They are known without rules too. Levels ``town, county, unit, community, facility``; ``unit_rest``: what is left
    of a county when its other units are taken out.
    """
    tables = {"town": inputs.towns, "county": inputs.counties, "facility": inputs.facilities,
              "community": inputs.communities}  # fmt: skip
    of_tables = {(level, str(i)): n for level, t in tables.items() for i, n in names_by_area(t).items() if n}
    return {**scored_names(scorecard), **of_tables, **_unit_names(inputs.units)}


def _unit_names(units: pd.DataFrame) -> dict[tuple[str, str], str]:
    rows = zip(units.index, units.get("name", ()), units.get("rest", ()), strict=True)
    return {("unit_rest" if rest else "unit", str(i)): str(name) for i, name, rest in rows}


def scored_names(scorecard: Scorecard | None) -> dict[tuple[str, str], str]:
    """Names by level and id as a scorecard has them."""
    if scorecard is None:
        return {}
    rows = scorecard.rows[["level", "area", "area_name"]].drop_duplicates(["level", "area"])
    columns = (map(str, rows[name].tolist()) for name in rows)
    return {(level, area): name for level, area, name in zip(*columns, strict=True)}


def area_labels(areas: Iterable[Any], level: str, names: Names, lang: str) -> list[str]:
    """Areas of a level by name; the city, classes and what is left of a county by what they are."""
    known = {area: name for (of, area), name in names.items() if of == level}
    known = {**known, **_said_areas(level, names, lang), "city": i18n.say("report.city", lang)}
    parts = [[area] if blank(area) else str(area).split(TOGETHER) for area in areas]
    return [TOGETHER.join(names_of(part, known)) for part in parts]


def _said_areas(level: str, names: Names, lang: str) -> dict[str, str]:
    if level == "class":
        return {area: i18n.say(f"report.class_{area}", lang) for area in CLASSES}
    if level != "unit":
        return {}
    rest = {area: i18n.say("report.unit_rest", lang, name=name) for (of, area), name in names.items()
            if of == "unit_rest"}  # fmt: skip
    return {**rest, UNKNOWN: i18n.say("report.unit_unknown", lang)}


def names_by_area(areas: pd.DataFrame) -> dict[str, str]:
    """Names of towns or counties by id."""
    return dict(zip(areas.index.tolist(), texts(areas["name"]).tolist(), strict=True)) if "name" in areas else {}


def card_names(inputs: Inputs, scorecard: Scorecard | None, lang: str) -> dict[str, dict[str, str]]:
    """By level of a card's rows (county, unit, class) and id the names of its areas; units and classes in the order in
    which they are told."""
    names, communities = area_names(inputs, scorecard), inputs.communities
    ids = {"county": [area for level, area in names if level == "county"]}
    ids |= {v: in_order(v, communities) for v in FURTHER_LEVELS if AREA_COLUMNS[v] in communities}
    return {v: dict(zip(areas, area_labels(areas, v, names, lang), strict=True)) for v, areas in ids.items()}
