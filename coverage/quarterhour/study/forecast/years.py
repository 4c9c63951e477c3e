"""Of which year the people of a study are, and how old that is on the day it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.findings import finding
from quarterhour.study.doubts.parts import file_of
from quarterhour.study.file.circles import CircleFile
from quarterhour.study.file.forecast import Dated
from quarterhour.study.file.services import AccessFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs

OLD_YEARS = 2
"""From so many years on figures are told as old."""


def people_year(file: StudyFile, tables: Inputs, column: str) -> int | None:
    """The year that a column's people are of: as the study file says, else the oldest ``people_year`` of its rows."""
    said = file.communities.year_of(column)
    if said is not None or "people_year" not in tables.communities:
        return said
    years = _said(tables).dropna()
    return int(years.min()) if len(years) else None


def _said(tables: Inputs) -> pd.Series:
    """The year that each community says of its people; missing where it says none."""
    return numbers(texts(tables.communities["people_year"]).str.removesuffix("年"))


def _mixed(file: StudyFile, tables: Inputs, column: str) -> str:
    """How many rows are of which year, ``2020 (5), 2024 (3), - (1)``; blank where all are of one or the study says."""
    if file.communities.year_of(column) is not None or "people_year" not in tables.communities:
        return ""
    counted = _said(tables).map("{:.0f}".format, na_action="ignore").fillna("-").value_counts()
    ordered = sorted(map(str, counted.index), key=lambda said: (said == "-", said))
    return ", ".join(f"{said} ({counted[said]})" for said in ordered) if len(counted) > 1 else ""


def asked_columns(file: StudyFile) -> Iterator[tuple[str, int, str]]:
    """Every column of people with the year and variant that it is asked for."""
    parts: tuple[CircleFile | AccessFile, ...] = (*file.circles, *file.access)
    for part in parts:
        yield from _asked(part, (part.people,))
    for question in file.siting:
        yield from _asked(question, question.columns)
    if file.beds is not None and file.beds.wanted is not None:
        yield from _asked(file.beds, (file.beds.people,))


def _asked(part: Dated, columns: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    if part.year is not None:
        yield from ((column, part.year, part.variant) for column in columns)


def old_people(file: StudyFile, tables: Inputs) -> list[pd.DataFrame]:
    """Findings of columns of people: two years or more older than the day of reference, or later than it.

    Also of those that are carried on to a year and say none of their own, so that they count as of the last count, and
    of those whose rows are of several years, which all count as of the oldest.
    """
    day = file.study.reference_date
    carried = {column for column, _, _ in asked_columns(file)}
    told = []
    for column in file.communities.people:
        year = people_year(file, tables, column)
        if year is None:
            rule, value, detail = ("years.unsaid" if column in carried else ""), "", ""
        else:
            rule = "years.old" if day.year - year >= OLD_YEARS else "years.ahead" if year > day.year else ""
            value, detail = str(year), str(abs(day.year - year))
        mixed = _mixed(file, tables, column)
        for key, what, more in ((rule, value, detail), ("years.mixed" if mixed else "", str(year), mixed)):
            if key:
                told.append(
                    finding(
                        key, severity="warning", table="communities", file=file_of(file, "communities"),
                        column=column, value=what, id=day.isoformat(), detail=more,
                    )
                )  # fmt: skip
    return told
