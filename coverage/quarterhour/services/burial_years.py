"""Deaths and moved graves of each coming year, and the terms that the years belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.cells import is_number, numbers, texts
from quarterhour.base.errors import DataError, first_ids

NEAR_UNTIL, FAR_UNTIL = 2030, 2035
MOST_YEARS = 200


@dataclass(frozen=True, slots=True)
class Horizon:
    """The years that a need is counted for, both included, and the last years of the near and the far term."""

    first: int
    last: int
    near_until: int = NEAR_UNTIL
    far_until: int = FAR_UNTIL

    def __post_init__(self) -> None:
        given = (self.first, self.last, self.near_until, self.far_until)
        whole = all(is_number(y) and y % 1 == 0 for y in given)
        if not whole or not 0 <= self.last - self.first < MOST_YEARS or self.far_until < self.near_until:
            raise DataError("graves.bad_horizon", first=self.first, last=self.last, near=self.near_until,
                            far=self.far_until)  # fmt: skip

    @property
    def years(self) -> tuple[int, ...]:
        """All years, the first first."""
        return tuple(range(self.first, self.last + 1))

    def period(self, year: int) -> str:
        """``near``, ``far`` or ``later``."""
        return "near" if year <= self.near_until else "far" if year <= self.far_until else "later"

    @property
    def periods(self) -> dict[str, tuple[int, int]]:
        """The terms that have years, with the first and the last year of each."""
        found: dict[str, tuple[int, int]] = {}
        for year in self.years:
            first, _ = found.get(self.period(year), (year, year))
            found[self.period(year)] = (first, year)
        return found


def alike_each_year(amount: pd.Series, horizon: Horizon) -> pd.DataFrame:
    """The same amount each year, by area."""
    return pd.DataFrame({year: amount.astype(float) for year in horizon.years})


def spread_evenly(amount: pd.Series, horizon: Horizon, *, until: int | None = None) -> pd.DataFrame:
    """A total by area in equal parts a year, from the first year until one; none afterwards."""
    last = horizon.last if until is None else min(until, horizon.last)
    if last < horizon.first:
        raise DataError("graves.bad_until", until=until, first=horizon.first)
    part = amount.astype(float) / (last - horizon.first + 1)
    return pd.DataFrame({year: part if year <= last else part * 0.0 for year in horizon.years})


def by_area_and_year(table: pd.DataFrame, *, area: str, value: str) -> pd.DataFrame:
    """A table with a row an area and year as areas x years; NaN where it has no row.

    DataError names the rows (as area and year) whose year is no whole number, whose figure is missing or below 0, or
    that stand there twice.
    """
    areas, years, figures = texts(table[area]), numbers(table["year"]), numbers(table[value])
    said = pd.Index([f"{a or '-'} {y or '-'}" for a, y in zip(areas, texts(table["year"]), strict=True)])
    bad = years.isna() | years.mod(1).ne(0) | years.lt(1900) | years.gt(2200) | areas.eq("")
    if bad.any():
        raise DataError("graves.bad_year", ids=first_ids(said[bad.to_numpy()]))
    wrong = figures.isna() | figures.lt(0)
    if wrong.any():
        raise DataError("graves.bad_column", column=value, ids=first_ids(said[wrong.to_numpy()]))
    keys = pd.MultiIndex.from_arrays([areas, years.astype("int64")])
    if not keys.is_unique:
        raise DataError("graves.twice", ids=first_ids(said[keys.duplicated()]))
    return pd.Series(figures.to_numpy(), index=keys).unstack().rename_axis(index=None, columns=None).sort_index(axis=1)


def on_every_year(known: pd.DataFrame, horizon: Horizon) -> tuple[pd.DataFrame, int]:
    """Areas x years of the horizon out of areas x some years, and how many of them nobody gave.

    Between two years that are given a straight line; before the first and after the last the nearest one.
    DataError where an area has no year at all.
    """
    bare = known.index[known.isna().all(axis=1)]
    if len(bare):
        raise DataError("graves.no_year", ids=first_ids(bare))
    given, wanted = known.columns.to_numpy(dtype=float), np.array(horizon.years, dtype=float)
    rows = {}
    for area, row in known.iterrows():
        some = row.notna().to_numpy()
        rows[area] = np.interp(wanted, given[some], row.to_numpy(dtype=float)[some])
    filled = known.reindex(columns=list(horizon.years)).isna().sum().sum()
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(horizon.years)), int(filled)


def in_their_years(known: pd.DataFrame, horizon: Horizon) -> pd.DataFrame:
    """Areas x years of the horizon out of a table of what happens in which year: no row, nothing that year.

    DataError where something falls outside the horizon.
    """
    strange = known.columns.difference(list(horizon.years), sort=False)
    outside = [year for year in strange if known[year].fillna(0).gt(0).any()]
    if outside:
        raise DataError("graves.year_outside", years=first_ids(outside), first=horizon.first, last=horizon.last)
    return known.reindex(columns=list(horizon.years)).fillna(0.0)
