"""A life table: who lives five years longer, and who dies in a year, by sex and age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.ages import OLDEST, WIDTH, AgeGroup, five_year_first
from quarterhour.services.forecast.census import BOTH, Census


@dataclass(frozen=True, eq=False)
class LifeTable:
    """By sex and five-year age, the last without an end, beginning with ``first_age``.

    ``survival``: of those five years younger, who reach the age (nothing known for the first); of the last group, of
    all who are then in it or five years from it. ``death_rate``: deaths a year for each person. Both sexes x ages.
    """

    sexes: tuple[str, ...]
    first_age: int
    survival: FloatArray
    death_rate: FloatArray

    def fitted(self, census: Census) -> tuple[FloatArray, FloatArray]:
        """Survival and death rates by the sexes and ages of a count."""
        place = (census.first_age - self.first_age) // WIDTH
        if place < 0:
            raise DataError("forecast.life_too_short", age=census.first_age, first=self.first_age)
        if self.sexes == (BOTH,):
            rows = [0] * len(census.sexes)
        else:
            rows = [self.sexes.index(s) for s in census.sexes if s in self.sexes]
            if len(rows) < len(census.sexes):
                raise DataError("forecast.life_sexes", found=", ".join(self.sexes), needed=", ".join(census.sexes))
        return self.survival[rows, place:], self.death_rate[rows, place:]

    def first_shares(self, census: Census) -> FloatArray:
        """Of what ten years take from a cohort, the share that falls into the first five, by sex and age reached.

        Fewer die in the first half, since deaths rise with age; the first two groups, which nobody reaches, have a
        half.
        """
        survival = self.fitted(census)[0][:, : census.people.shape[2]]
        lost = -np.log(survival)
        made = np.full_like(survival, 0.5)
        whole = lost[:, 1:-2] + lost[:, 2:-1]
        made[:, 2:-1] = np.divide(lost[:, 1:-2], whole, out=np.full_like(whole, 0.5), where=whole > 0)
        made[:, -1] = _first_share_of_the_last(survival)
        return made


def _first_share_of_the_last(survival: FloatArray) -> FloatArray:
    """The same for all who come into the last group: person-years from each of three ages on, the last set to 1."""
    last = 1 / survival[:, -1]
    before = last + (last - 1) / survival[:, -2]
    return np.asarray(np.log(before / last) / np.log(before))


GOMPERTZ, RATE_AT_80 = 0.1, 0.06
"""A standard curve: death rates rise by a tenth a year of age. Of it only the shape counts (``first_shares``)."""


def standard_life_table(census: Census) -> LifeTable:
    """A life table on the standard curve, for the sexes and ages of a count."""
    ages = np.array(census.ages, dtype=float)
    rates = RATE_AT_80 * np.exp(GOMPERTZ * (ages + WIDTH / 2 - OLDEST))
    rates[-1] = RATE_AT_80 * np.exp(GOMPERTZ * (census.open_age + WIDTH - OLDEST))
    years = _from_rates(np.minimum(rates, 0.9), np.diff(ages).astype(int))[None, :].repeat(len(census.sexes), axis=0)
    return LifeTable(census.sexes, census.first_age, _survival(years), _death_rates(years))


def life_table(rows: pd.DataFrame, *, kind: str, open_age: int, file: str) -> LifeTable:
    """A life table out of ``person_years`` (nLx, the last Tx) or ``death_rate`` (a year for each person).

    ``rows``: ``sex, first, last, people`` (the figure), as ``tables.rate_rows`` makes them. ``open_age``: the last
    group; a table that goes on is put together there. Survival = person-years of an age over those of the age before
    (Preston, Heuveline & Guillot 2001, chapter 6); death rates of a table of person-years are those of its own
    survivors, read between its ages. DataError where an age is missing or the table ends before ``open_age``.
    """
    lived: dict[str, FloatArray] = {}
    first = 0
    for sex, of in rows.groupby("sex", sort=False):
        lived[str(sex)], first = _person_years(of, kind, open_age, file)
    sexes = tuple(sorted(lived, reverse=True))
    table = np.stack([lived[s] for s in sexes])
    return LifeTable(sexes, first, _survival(table), _death_rates(table))


def _person_years(rows: pd.DataFrame, kind: str, open_age: int, file: str) -> tuple[FloatArray, int]:
    """Person-years by five-year age up to the last group, and the first age."""
    ordered = rows.sort_values("first", kind="stable")
    first, last = ordered["first"].to_numpy(), ordered["last"]
    ends = last.iloc[:-1].to_numpy(dtype=float)
    if last.notna().iloc[-1] or last.isna().iloc[:-1].any() or (ends + 1 != first[1:]).any():
        raise DataError("forecast.life_ages", file=file, rows=", ".join(map(str, ordered["row"].head(5))))
    if first[-1] < open_age:
        raise DataError("forecast.life_open", file=file, age=f"{first[-1]}+", needed=f"{open_age}+")
    figures = ordered["people"].to_numpy(dtype=float)
    years = figures if kind == "person_years" else _from_rates(figures, np.diff(first))
    if (years <= 0).any() or (np.diff(years[:-1] / np.diff(first)) > 1e-9).any():
        raise DataError("forecast.life_rising", file=file, column=kind)
    by_age = pd.Series(years).groupby([min(five_year_first(int(a)), open_age) for a in first]).sum()
    return by_age.to_numpy(dtype=float), int(by_age.index[0])


def _from_rates(rates: FloatArray, widths: FloatArray) -> FloatArray:
    """Person-years from death rates: deaths lie evenly in a group; the last group lives 1 / its rate."""
    if (rates <= 0).any() or (rates >= 1).any():
        raise DataError("forecast.life_rates", rate=f"{float(rates.max()):g}")
    alive, years = 1.0, []
    for rate, width in zip(rates[:-1], widths, strict=True):
        dying = min(1.0, width * rate / (1 + width * rate / 2))
        years.append(width * alive * (1 - dying / 2))
        alive *= 1 - dying
    return np.array([*years, alive / rates[-1]])


def _survival(years: FloatArray) -> FloatArray:
    made = np.full_like(years, np.nan)
    made[:, 1:-1] = years[:, 1:-1] / years[:, :-2]
    made[:, -1] = years[:, -1] / (years[:, -1] + years[:, -2])
    return made


def _death_rates(years: FloatArray) -> FloatArray:
    """Deaths over person-years. Survivors at an age: halfway between two groups, half a step on at the end."""
    middle = years[:, :-1] / WIDTH
    alive = np.empty_like(years)
    alive[:, 1:-1] = (middle[:, :-1] + middle[:, 1:]) / 2
    step = middle[:, -2] - middle[:, -1] if middle.shape[1] > 1 else np.zeros(len(years))
    alive[:, -1] = middle[:, -1] - step / 2
    alive[:, 0] = middle[:, 0] + ((middle[:, 0] - middle[:, 1]) / 2 if middle.shape[1] > 1 else 0)
    dying = np.concatenate([alive[:, :-1] - alive[:, 1:], alive[:, -1:]], axis=1)
    return np.asarray(np.maximum(dying, 0) / years)


def _check_apart(rows: pd.DataFrame, file: str) -> None:
    for _, of in rows.groupby("sex"):
        ordered = of.sort_values("first", kind="stable")
        ends = ordered["last"].astype("float64").fillna(np.inf).to_numpy()[:-1]
        over = np.flatnonzero(ordered["first"].to_numpy()[1:] <= ends)
        if len(over):
            two = ordered.iloc[over[0] : over[0] + 2]
            ages = [AgeGroup(int(f), None if pd.isna(e) else int(e)) for f, e in two[["first", "last"]].to_numpy()]
            raise DataError("forecast.rates_overlap", file=file, ages=", ".join(map(str, ages)),
                            rows=first_ids(dict.fromkeys(two["row"])))  # fmt: skip


def rates_by_age(rows: pd.DataFrame, census: Census, *, file: str) -> FloatArray:
    """Rates of a table (``rate_rows``) by the sexes and ages of a count.

    DataError for an age that no row holds, and for groups that overlap: nobody knows which of two rates is meant.
    """
    _check_apart(rows, file)
    made = np.full(census.people.shape[1:], np.nan)
    named: Mapping[str, pd.DataFrame] = {str(s): of for s, of in rows.groupby("sex")}
    for at, sex in enumerate(census.sexes):
        of = named.get(sex, named.get(BOTH, rows.iloc[:0]))
        for place, age in enumerate(census.ages):
            last = np.inf if age == census.open_age else age + WIDTH - 1
            fits = of[(of["first"] <= age) & (of["last"].astype("float64").fillna(np.inf) >= last)]
            if len(fits):
                made[at, place] = float(fits["people"].iloc[0])
    old = np.array(census.ages) >= 60
    if np.isnan(made[:, old]).any():
        raise DataError("forecast.rates_missing", file=file, age=str(np.array(census.ages)[old][0]))
    return np.asarray(np.nan_to_num(made))
