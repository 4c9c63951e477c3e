"""What the tables of a plan are told with, and how a table by area is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from quarterhour.base.kinds import kind_label
from quarterhour.report.plan.shown import NOT_OF_IT, PlanTable, heads_of, say
from quarterhour.report.section import area_names, labels
from quarterhour.study.cards.names import area_labels
from quarterhour.study.layout.layout import Layout
from quarterhour.study.results import Results


@dataclass(frozen=True, eq=False)
class Told:
    """What the tables of a plan are told with: the run, its layout, a language, names of areas."""

    results: Results
    layout: Layout
    lang: str
    names: Mapping[tuple[str, str], str]

    def say(self, key: str, **values: object) -> str:
        """A sentence of the tables' words."""
        return say(key, self.lang, **values)

    @property
    def years(self) -> dict[str, int]:
        """The year of reference, of the near term and of the horizon."""
        asked = self.results.study.file
        return {"base": asked.study.reference_date.year, "near": asked.plan.near, "far": asked.plan.horizon}

    def kind(self, kind: str) -> str:
        """A kind by name."""
        return kind_label(kind, self.lang, self.results.study.kinds)

    def areas(self, ids: Any, level: str) -> list[str]:
        """Areas of a level by name."""
        return area_labels(ids, level, self.names, self.lang)


def told_of(results: Results, layout: Layout, lang: str) -> Told:
    """The run and its layout, ready to be told."""
    return Told(results, layout, lang, area_names(results))


def made_table(told: Told, key: str, table: pd.DataFrame, heads: Mapping[str, str], **more: Any) -> PlanTable:
    """A table by its key: its title, its heads, a line on what it is."""
    return PlanTable(key, told.say(f"title_{key}"), table, heads, told.say(f"about_{key}"), **more)


def _areas(told: Told, keys: list[str]) -> pd.DataFrame:
    """Areas by name with some of their figures: the city, counties, towns; reporting units with a column of levels."""
    rows = told.layout.areas
    known = [k for k in keys if k in rows]
    names = [told.areas([area], level)[0] for area, level in zip(rows["area"], rows["level"], strict=True)]
    table = pd.DataFrame({"name": names, "county": told.areas(rows["county"], "county")})
    table["county"] = table["county"].where(rows["level"].eq("town").to_numpy(), NOT_OF_IT)
    if rows["level"].eq("unit").any():
        table.insert(1, "area_level", labels("report.level_", rows["level"], told.lang))
    return table.join(rows[known].astype(object).where(rows[known].notna(), None))


def area_table(
    told: Told, key: str, keys: list[str], heads: Mapping[str, str] | None = None, *, left_out: tuple[str, ...] = ()
) -> PlanTable:
    """A table by area. ``left_out``: columns that a page has no room for, by how they end."""
    table = _areas(told, keys)
    every = {**heads_of(["name", "area_level", "county"], told.lang), **(heads or {})}
    shown = [str(column) for column in table]
    found = {k: every.get(k) or heads_of([k], told.lang, **_dated_heads(told))[k] for k in shown}
    kept = tuple(k for k in found if not left_out or not k.endswith(left_out))
    return made_table(told, key, table, found, kept=kept, by_area=True)


def _dated_heads(told: Told) -> dict[str, str]:
    made = {}
    for when in ("near", "far"):
        for column in ("older", "beds_need", "beds_balance"):
            made[f"{column}_{when}"] = told.say(f"col_{column}_then", year=told.years[when])
    return made
