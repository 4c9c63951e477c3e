"""What a plan's text may name: figures by name, and the rows that its loops go through, all as the tables show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from quarterhour.base.labels import counted_label
from quarterhour.report.plan.shown import PlanTable, heads_of, shown
from quarterhour.report.plan.told import Told
from quarterhour.study.forecast.years import people_year
from quarterhour.study.layout.balance import people_column
from quarterhour.study.layout.facilities import KEEP

Rows = dict[str, list[dict[str, str]]]


def figure_table(told: Told, tables: Sequence[PlanTable]) -> PlanTable:
    """The figures that a text quotes: the city's row of every table by area, counts, indicators; by their names."""
    rows = [*_of_city(told, tables), *_of_counts(told), *_of_indicators(told, tables)]
    table = pd.DataFrame(rows, columns=["key", "name", "value"]).drop_duplicates("key", ignore_index=True)
    heads = heads_of(list(map(str, table)), told.lang)
    return PlanTable("figures", told.say("title_figures"), table, heads, told.say("about_figures"))


def _of_city(told: Told, tables: Sequence[PlanTable]) -> list[tuple[str, str, str]]:
    made = []
    for table in tables:
        if table.by_area:
            city = table.shown(told.lang).iloc[0]
            made += [
                (key, head, city[key])
                for key, head in table.heads.items()
                if key not in ("name", "area_level", "county")
            ]
    return made


def _of_counts(told: Told) -> list[tuple[str, str, str]]:
    return [(key, told.say(f"figure_{key}"), shown(value, key, told.lang)) for key, value in told.layout.counts.items()]


def _of_indicators(told: Told, tables: Sequence[PlanTable]) -> list[tuple[str, str, str]]:
    table = next(t for t in tables if t.key == "indicators").shown(told.lang)
    made = []
    for key, row in zip(told.layout.indicators["key"], table.to_dict("records"), strict=True):
        for when, year in told.years.items():
            made.append((f"{key}_{when}", told.say("named_year", name=row["name"], year=year), row[when]))
    return made


def plan_figures(told: Told, table: PlanTable) -> dict[str, str]:
    """The figures by name, and what no table holds: the study's name, years, the date of reference."""
    study, asked = told.results.study, told.results.study.file
    head = {"city": study.name(told.lang), "day": asked.study.reference_date.isoformat(),
            "base_year": str(told.years["base"]), "near_year": str(told.years["near"]),
            "far_year": str(told.years["far"]),
            "people_of_beds": counted_label(people_column(told.results), told.lang),
            "people_year": _people_year(told), "burial_years": _burial_years(told)}  # fmt: skip
    return head | dict(zip(table.table["key"], table.table["value"], strict=True))


def _people_year(told: Told) -> str:
    """The year that the people of today are of; blank where nobody says or it is the year of reference."""
    results = told.results
    year = people_year(results.study.file, results.inputs, people_column(results))
    return "" if year is None or year == told.years["base"] else str(year)


def _burial_years(told: Told) -> str:
    """The years that burial places are needed for: not those of the plan."""
    demand = told.results.care.graves
    return "" if demand is None else f"{demand.horizon.first}–{demand.horizon.last}"


def plan_rows(told: Told, tables: Sequence[PlanTable]) -> Rows:
    """The rows of loops: ``counties, towns, circles, questions, kinds, years, indicators, forecast, sources``."""
    by_key = {table.key: table for table in tables}
    areas = _area_rows(told, tables)
    return {
        "counties": areas["county"],
        "towns": areas["town"],
        "kinds": _records(by_key["layout"], told.lang),
        "years": _year_rows(told),
        "sources": [{"source": s} for s in dict.fromkeys(told.layout.indicators["document"]) if s],
        **{key: _records(by_key[key], told.lang) for key in ("circles", "questions", "indicators", "forecast")},
    }


WITHIN: Mapping[str, tuple[str, str]] = {"towns": ("in_county", "county_id")}
"""A loop over towns inside one over counties has the towns of that county."""


def _records(table: PlanTable, lang: str) -> list[dict[str, str]]:
    return [{str(k): v for k, v in row.items()} for row in table.shown(lang).to_dict("records")]


def _area_rows(told: Told, tables: Sequence[PlanTable]) -> Rows:
    """Counties and towns with every figure of the tables by area, and what the plan does there in a sentence."""
    areas, made = told.layout.areas, {}
    every = [t for t in tables if t.by_area]
    joined: list[dict[str, str]] = [{} for _ in range(len(areas))]
    for table in every:
        for row, more in zip(joined, table.shown(told.lang).to_dict("records"), strict=True):
            row |= {str(k): v for k, v in more.items()}
    for level in ("county", "town"):
        here = [i for i, found in enumerate(areas["level"]) if found == level]
        made[level] = [{**joined[i], **_of_area(told, level, areas.iloc[i])} for i in here]
    return made


def _of_area(told: Told, level: str, area: Any) -> dict[str, str]:
    facilities, area_id = told.layout.facilities, area["area"]
    mine = facilities[facilities[level].eq(area_id)]
    own = {"county_id": area_id} if level == "county" else {"in_county": area["county"], "town_id": area_id}
    return own | {"proposals": changes_said(told, mine)}


def changes_said(told: Told, rows: pd.DataFrame) -> str:
    """What becomes of some facilities in a sentence: what is built, altered, enlarged, closed, with its numbers."""
    some, said = rows[rows["treatment"].ne(KEEP)], []
    for (treatment, kind), mine in some.groupby(["treatment", "kind"], sort=False):
        numbers = told.say("numbers_between").join(str(n) for n in mine["number"])
        said.append(told.say("said_group", treatment=told.say(f"treatment_{treatment}"), kind=told.kind(str(kind)),
                             sites=len(mine), numbers=numbers))  # fmt: skip
    return told.say("said_between").join(said) or told.say("said_nothing")


def _year_rows(told: Told) -> list[dict[str, str]]:
    """By year what is built, in a sentence; what has no year stands last."""
    rows = told.layout.facilities
    order = told.layout.groups.order()
    some = rows[rows["treatment"].ne(KEEP)].assign(year=lambda t: t["year"].fillna(9999))
    some = some.assign(place=some["kind"].map(order)).sort_values(["year", "place", "number"], kind="stable")
    made = []
    for year, mine in some.groupby("year", sort=True):
        said = [told.say("said_year", treatment=told.say(f"treatment_{t}"), kind=told.kind(str(k)), sites=len(part))
                for (t, k), part in mine.groupby(["treatment", "kind"], sort=False)]  # fmt: skip
        made.append(
            {
                "year": told.say("undated") if year == 9999 else str(int(year)),
                "sites": f"{len(mine):,}",
                "dated": "" if year == 9999 else "1",
                "projects": told.say("said_between").join(said),
            }
        )
    return made
