"""A count of people by area, sex and five-year age, out of a table as offices have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.ages import WIDTH, AgeGroup, five_year_first

LEVELS = ("town", "county", "city")
"""From the finest."""
BOTH = "all"


@dataclass(frozen=True, eq=False)
class Census:
    """A count: ``people`` is areas x sexes x ages, ages in fives from ``first_age``, the last without an end.

    ``sexes``: ``male, female`` or ``all``. ``level``: of the areas.
    """

    year: int
    level: str
    areas: pd.Index
    sexes: tuple[str, ...]
    first_age: int
    people: FloatArray

    @property
    def ages(self) -> list[int]:
        """The first age of each group."""
        return [self.first_age + WIDTH * place for place in range(self.people.shape[2])]

    @property
    def open_age(self) -> int:
        """The age from which the last group has no end."""
        return self.ages[-1]

    def aged(self, first: int) -> FloatArray:
        """People by area from an age on; a group that the age cuts counts whole."""
        return np.asarray(self.people[:, :, max(0, (first - self.first_age) // WIDTH) :].sum(axis=(1, 2)))

    def summed(self, parent: pd.Series, level: str) -> Census:
        """The same by the areas above; ``parent``: by area."""
        above = parent.reindex(self.areas)
        names = pd.Index(sorted(set(above)))
        place = names.get_indexer(above)
        made = np.zeros((len(names), *self.people.shape[1:]))
        np.add.at(made, place, self.people)
        return replace(self, level=level, areas=names, people=made)

    def without_sex(self) -> Census:
        """Men and women together."""
        return replace(self, sexes=(BOTH,), people=self.people.sum(axis=1, keepdims=True))

    def opened_at(self, age: int) -> Census:
        """The same with all who are older than an age in one group without an end."""
        place = (age - self.first_age) // WIDTH
        last = self.people[:, :, place:].sum(axis=2, keepdims=True)
        return replace(self, people=np.concatenate([self.people[:, :, :place], last], axis=2))

    def from_age(self, age: int) -> Census:
        """The same without those below an age."""
        place = max(0, (age - self.first_age) // WIDTH)
        return replace(self, first_age=self.first_age + WIDTH * place, people=self.people[:, :, place:])


def censuses(rows: pd.DataFrame, *, file: str) -> dict[int, Census]:
    """Every count of a table of ages at its finest level, the earliest first.

    ``rows``: ``area, level, year, sex, first, last, people, row, column`` as ``age_rows`` makes them. Levels above the
    finest must come to the same. DataError with file and row for what does not hold together: ages that overlap or
    are missing, groups without an end at different ages, areas or sexes that are not in every count.
    """
    finest = finest_level(rows)
    made = {}
    mine = rows[rows["level"] == finest]
    for year in sorted({int(y) for y in mine["year"]}):
        made[year] = _census(mine[mine["year"] == year], year, finest, file)
    return made


def finest_level(rows: pd.DataFrame) -> str:
    """The finest level that some rows have."""
    return next(level for level in LEVELS if level in set(rows["level"]))


def check_sums(rows: pd.DataFrame, made: Mapping[int, Census], parents: Mapping[str, pd.Series], *, file: str) -> None:
    """DataError where a county's or the city's own row is not what its areas come to.

    ``parents``: by level, the area above each area of the finest level.
    """
    for year, census in made.items():
        for level, parent in parents.items():
            above = census.summed(parent, level)
            sums = pd.Series(above.people.sum(axis=(1, 2)), index=above.areas)
            own = rows[rows["level"].eq(level) & rows["year"].eq(year) & rows["first"].ge(census.first_age)]
            _check_own(own, sums, year, file)


def _check_own(own: pd.DataFrame, sums: pd.Series, year: int, file: str) -> None:
    if own["sex"].eq(BOTH).any():
        own = own[own["sex"].eq(BOTH)]
    people = own.groupby("area")["people"].sum()
    wrong = [str(a) for a in people.index if round(float(sums.get(a, 0.0))) != round(float(people[a]))]
    if wrong:
        row = own.loc[own["area"].eq(wrong[0]), "row"].iloc[0]
        raise DataError(
            "forecast.not_the_sum", file=file, area=wrong[0], year=year, own=f"{float(people[wrong[0]]):,.0f}",
            sum=f"{float(sums.get(wrong[0], 0.0)):,.0f}", count=len(wrong), row=int(row),
        )  # fmt: skip


def _census(rows: pd.DataFrame, year: int, level: str, file: str) -> Census:
    rows = _one_set_of_sexes(rows, year, file)
    groups = {(int(f), None if pd.isna(t) else int(t)) for f, t in zip(rows["first"], rows["last"], strict=True)}
    opened = sorted(first for first, last in groups if last is None)
    if len(opened) != 1:
        said = ", ".join(f"{age}+" for age in opened) or "-"
        raise DataError("forecast.open_ages", file=file, year=year, ages=said, **_where(rows, rows["last"].isna()))
    _check_ages(rows, groups, year, file)
    _check_whole(rows, groups, year, file)
    first = rows["first"].map(five_year_first)
    cells = rows.assign(first=first).groupby(["area", "sex", "first"], sort=True)["people"].sum().unstack("first")
    areas, sexes = pd.Index(sorted(set(rows["area"]))), tuple(sorted(set(rows["sex"]), reverse=True))
    whole = cells.reindex(pd.MultiIndex.from_product([areas, sexes]))
    people = whole.to_numpy(dtype=float).reshape(len(areas), len(sexes), len(cells.columns))
    return Census(year, level, areas, sexes, int(cells.columns[0]), people)


def _check_whole(rows: pd.DataFrame, groups: set[tuple[int, int | None]], year: int, file: str) -> None:
    """DataError for the first area and sex that lack an age which the others have."""
    every = pd.MultiIndex.from_product(
        [sorted(set(rows["area"])), sorted(set(rows["sex"])), sorted(g[0] for g in groups)]
    )
    missing = every.difference(pd.MultiIndex.from_frame(rows[["area", "sex", "first"]]))
    if len(missing):
        area, sex, first = missing[0]
        age = next(AgeGroup(*g) for g in groups if g[0] == first)
        raise DataError("forecast.no_age", file=file, year=year, area=area, sex=sex, age=str(age), count=len(missing))


def _one_set_of_sexes(rows: pd.DataFrame, year: int, file: str) -> pd.DataFrame:
    """Men and women where there are both; rows of both together are then held against their sum and left out."""
    apart = rows["sex"].isin(["male", "female"])
    if not apart.any() or apart.all():
        return rows
    keys = ["area", "first"]
    sums = rows[apart].groupby(keys)["people"].sum()
    both = rows[~apart].set_index(keys)
    wrong = both["people"] != sums.reindex(both.index)
    if wrong.any():
        row = both[wrong].iloc[0]
        raise DataError(
            "forecast.sexes_not_the_sum", file=file, year=year, row=int(row["row"]), column=row["column"],
            people=f"{row['people']:,.0f}",
        )  # fmt: skip
    return rows[apart]


def _check_ages(rows: pd.DataFrame, groups: set[tuple[int, int | None]], year: int, file: str) -> None:
    """DataError for ages in two groups or in none, and for groups that are no part of five years."""
    twice = rows[rows.duplicated(["area", "sex", "first", "last"], keep=False)]
    if len(twice):
        raise DataError("forecast.twice", file=file, year=year, area=twice["area"].iloc[0], **_where(twice, None))
    ordered = sorted(groups, key=lambda g: (g[0], g[1] is None, g[1] or 0))
    for first, last in ordered:
        begins = last is None or first == ordered[0][0]
        uneven = (begins and first % WIDTH) or (last is not None and first // WIDTH != last // WIDTH)
        if uneven:
            at = rows["first"].eq(first)
            raise DataError("forecast.not_five", file=file, year=year, age=str(AgeGroup(first, last)),
                            **_where(rows, at))  # fmt: skip
    for (first, last), (after, end) in zip(ordered, ordered[1:], strict=False):
        if last is None or last + 1 != after:
            key = "forecast.ages_overlap" if last is None or last >= after else "forecast.ages_gap"
            said = f"{AgeGroup(first, last)} / {AgeGroup(after, end)}"
            raise DataError(key, file=file, year=year, ages=said, **_where(rows, rows["first"].eq(after)))


def _where(rows: pd.DataFrame, some: pd.Series | None) -> dict[str, object]:
    """The rows and the column that an error is about."""
    named = rows if some is None or not some.any() else rows[some]
    column = str(named["column"].iloc[0])
    return {"rows": first_ids(dict.fromkeys(named["row"])), "column": column}
