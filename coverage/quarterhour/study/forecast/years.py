"""Of which year the people of a study are, and how old that is on the day it is about."""

from __future__ import annotations

import pandas as pd

from quarterhour.base.cells import numbers
from quarterhour.base.findings import finding
from quarterhour.study.doubts.parts import file_of
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs

OLD_YEARS = 2
"""From so many years on figures are told as old."""


def people_year(file: StudyFile, tables: Inputs, column: str) -> int | None:
    """The year that a column's people are of: as the study file says, else the oldest ``people_year`` of its rows."""
    said = file.communities.year_of(column)
    if said is not None or "people_year" not in tables.communities:
        return said
    years = numbers(tables.communities["people_year"]).dropna()
    return int(years.min()) if len(years) else None


def old_people(file: StudyFile, tables: Inputs) -> list[pd.DataFrame]:
    """A finding a column of people that is two years or more older than the day of reference."""
    day = file.study.reference_date
    told = []
    for column in file.communities.people:
        year = people_year(file, tables, column)
        if year is not None and day.year - year >= OLD_YEARS:
            told.append(
                finding(
                    "years.old", severity="warning", table="communities", file=file_of(file, "communities"),
                    column=column, value=str(year), id=day.isoformat(), detail=str(day.year - year),
                )
            )  # fmt: skip
    return told
