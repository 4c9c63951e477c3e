"""Money, beds, staff and people by fiscal year as tables of the workbook and the page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.labels import counted_label, names_of
from quarterhour.report.section import Section, labels, say_of
from quarterhour.study.cards.names import names_by_area
from quarterhour.study.results import Programme, Results
from quarterhour.study.study import study_question

_say = partial(say_of, "money_sections")
_MONEY = ("capital_yuan", "running_yuan", "staff", "beds")
_HEADS = {"staff": "added_staff", "beds": "added_beds", "people": "added_people"}
"""Columns that say what a year adds."""
_SO_FAR = {"staff": "staff_so_far", "beds": "beds_so_far"}


def money_sections(results: Results, lang: str) -> Iterator[Section]:
    """By year for all counties (page and workbook), by year and county, and site by site (workbook)."""
    found = results.programme
    if found is None:
        return
    known = [c for c in _MONEY if found.sites[c].notna().any()]
    names = {p.id: p.name(lang) for p in results.proposals}
    columns = ["sites", *known, *(_SO_FAR[c] for c in known if c in _SO_FAR), "people"]
    head = {"question": [names.get(q, "") or _say("every_question", lang) for q in found.totals["question"]],
            "year": _years(found.totals, lang)}  # fmt: skip
    lines = tuple(_lines(results, found, known, lang))
    yield Section("programme", _table(found.totals, head, columns, lang), lines, page_rows=60)
    counties = names_of(found.years["county"], names_by_area(results.inputs.counties))
    head = {"question": names_of(found.years["question"], names), "year": _years(found.years, lang), "county": counties}
    yield Section("programme_counties", _table(found.years, head, columns, lang), page_rows=0)
    yield _sites(results, found, known, lang)


def _years(table: pd.DataFrame, lang: str) -> list[str]:
    return [_say("no_year", lang) if pd.isna(year) else str(int(year)) for year in table["year"]]


def _table(rows: pd.DataFrame, head: dict[str, Any], columns: list[str], lang: str) -> pd.DataFrame:
    return pd.DataFrame({**head, **{_HEADS.get(c, c): _told(rows[c], lang, people=c == "people") for c in columns}})


def _told(values: pd.Series, lang: str, *, people: bool = False) -> list[Any]:
    """The figures; what nobody says in a word, never as 0; a dash where it is no people that are counted."""
    nothing = _say("no_people" if people else "no_data", lang)
    return [nothing if pd.isna(value) else float(value) for value in values]


def _lines(results: Results, found: Programme, known: list[str], lang: str) -> Iterator[str]:
    """What the years count, whose figures these are, and what is not known."""
    counted = [p for p in results.proposals if found.sites["question"].eq(p.id).any()]
    yield _say("what_counts", lang)
    if found.sites["year"].isna().any():
        yield _say("undated", lang)
    between = "、" if lang == "zh" else ", "
    for of in ("next_year", "same_year"):
        mine = [p.name(lang) for p in counted if _running_from(results, p.id) == of]
        if mine and "running_yuan" in known:
            yield _say(f"run_{of}", lang, names=between.join(mine))
    for p in counted:
        sites = found.sites[found.sites["question"].eq(p.id)]
        asked = study_question(results.study, p.id).money
        lacking = [c for c in _MONEY if sites[c].isna().any()]
        if lacking:
            figures = between.join(labels("money_sections.of_", lacking, lang))
            yield _say("unknown", lang, name=p.name(lang), figures=figures,
                       sites=int(sites[lacking].isna().any(axis=1).sum()), of=len(sites))  # fmt: skip
        if asked is not None and asked.source:
            yield _say("source", lang, name=p.name(lang), source=asked.source)


def _running_from(results: Results, question: str) -> str:
    asked = study_question(results.study, question).money
    return "next_year" if asked is None else asked.running_from


def _sites(results: Results, found: Programme, known: list[str], lang: str) -> Section:
    rows = found.sites
    names, towns = {p.id: p.name(lang) for p in results.proposals}, names_by_area(results.inputs.towns)
    shown = {
        "question": names_of(rows["question"], names), "year": _years(rows, lang),
        "name": [name or site for name, site in zip(texts(rows["name"]), rows["site"], strict=True)],
        "town": names_of(rows["town"], towns),
        "county": names_of(rows["county"], names_by_area(results.inputs.counties)),
        **{_HEADS.get(c, c): _told(rows[c], lang) for c in known},
        "gain": rows["counted"].array, "counted": [counted_label(unit, lang) for unit in rows["unit"]],
        "quality": labels("report.quality_", rows["quality"], lang), "id": rows["site"].array,
    }  # fmt: skip
    return Section("programme_sites", pd.DataFrame(shown), page_rows=0)
