"""Each level's own forecast, before the levels are brought together: by cohorts, or as somebody else made it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.ages import OLDER
from quarterhour.services.forecast.census import Census
from quarterhour.services.forecast.cohorts import (
    ChangeRatios,
    Steps,
    change_ratios,
    hamilton_perry,
    spread_of,
    survive,
)
from quarterhour.services.forecast.groups import Rates, linear, parts_of, step_up
from quarterhour.services.forecast.life import standard_life_table
from quarterhour.services.forecast.question import CITY, Knobs, Question
from quarterhour.services.forecast.values import VARIANTS

INTERVALS = (5, 10)
MORE_DEATHS = {"low": 1.1, "high": 0.9}
"""Assumed, where neither the study nor the areas say how far apart things may lie: deaths of every age."""
MORE_MIGRATION = {"low": -0.5, "high": 0.5}
_SPREAD_AREAS = 4
"""From so many areas their quartiles say how far ratios lie apart."""


@dataclass(eq=False)
class Tops:
    """By level (the city first) and variant each level's own parts by year, and how they came about.

    ``every``: people of the city of all ages, where the count has them; ``coming``: those who will be 60 by a year.
    """

    base: int
    parts: dict[str, dict[str, dict[int, pd.DataFrame]]] = field(default_factory=dict)
    variants: dict[str, tuple[str, dict[str, float]]] = field(default_factory=dict)
    ratios: list[pd.DataFrame] = field(default_factory=list)
    cells: int = 0
    every: float = math.inf
    coming: dict[int, float] = field(default_factory=dict)
    counts: tuple[int, ...] = ()


def cohort_tops(q: Question) -> Tops:
    """The levels whose ages are known, each carried on by itself."""
    known = comparable_counts(q)
    later, leaf = known[max(known)], known[max(known)].level
    years = (later.year, *q.years)
    until = step_up(max(years), later.year)
    made = Tops(later.year, counts=tuple(known))
    levels = [CITY, *[level for level in ("county", "town") if level == leaf or level in q.parents(leaf)]]
    by_level = {level: {y: _at(c, level, q) for y, c in known.items()} for level in levels}
    rates = _fitted(q.rates, later)
    paths = (_by_ratios if q.method == "hamilton_perry" else _by_survival)(q, by_level, made, until)
    for level in levels:
        like = by_level[level][later.year]
        for variant in VARIANTS:
            factor = _deaths_of(q, variant)
            mine = Rates(rates.disabled, None if rates.deaths is None else rates.deaths * factor)
            steps = {y: parts_of(p, like, mine if y > later.year else rates) for y, p in paths[level, variant].items()}
            made.parts.setdefault(level, {})[variant] = {y: linear(steps, y) for y in years}
    _note_cohorts(q, by_level, made)
    return made


def _fitted(rates: Rates, census: Census) -> Rates:
    """Rates as they came, by the ages of the counts put together."""
    ages = census.people.shape[2]
    return Rates(*(None if r is None else r[:, :ages] for r in (rates.disabled, rates.deaths)))


def _deaths_of(q: Question, variant: str) -> float:
    if variant == "middle" or q.method == "hamilton_perry":
        return 1.0
    own = (q.low if variant == "low" else q.high).deaths
    return MORE_DEATHS[variant] if own is None else own


def _at(census: Census, level: str, q: Question) -> Census:
    if census.level == level:
        return census
    return census.summed(q.parents(census.level)[level], level)


def comparable_counts(q: Question) -> dict[int, Census]:
    """The counts that the method rests on, with the same areas, sexes and last age; errors where they cannot be."""
    wanted = 2 if q.method == "hamilton_perry" else 1
    years = sorted(q.counts)[-wanted:]
    if len(years) < wanted:
        raise DataError("forecast.one_count", years=", ".join(map(str, years)) or "-")
    apart = years[-1] - years[0]
    if wanted == 2 and apart not in INTERVALS:
        raise DataError("forecast.not_ten_years", first=years[0], last=years[-1], apart=apart)
    early = [y for y in q.years if y <= years[-1]]
    if early:
        raise DataError("forecast.before_count", year=early[0], count=years[-1])
    known = {y: q.counts[y] for y in years}
    for census in known.values():
        _check_areas(census, q)
        if not census.people.sum() > 0:
            raise DataError("forecast.nobody", year=census.year)
    if len({c.sexes for c in known.values()}) > 1:
        known = {y: c.without_sex() for y, c in known.items()}
    last, first = min(c.open_age for c in known.values()), max(c.first_age for c in known.values())
    return {y: c.opened_at(last).from_age(first) for y, c in known.items()}


def areas_of(q: Question, level: str) -> pd.Index:
    """All areas of a level."""
    every: dict[str, pd.Index] = {"town": q.county_of.index, "county": q.counties, CITY: pd.Index([CITY])}
    return every[level]


def _check_areas(census: Census, q: Question) -> None:
    missing = areas_of(q, census.level).difference(census.areas)
    if len(missing):
        raise DataError("forecast.areas_missing", year=census.year, areas=first_ids(missing))


# --- cohorts ---------------------------------------------------------------------------------------------------------


def _by_ratios(
    q: Question, counts: Mapping[str, Mapping[int, Census]], made: Tops, until: int
) -> dict[tuple[str, str], Steps]:  # fmt: skip
    """Hamilton-Perry at each level: the city's ratios as they are, the others smoothed toward the level above."""
    ratios: dict[str, ChangeRatios] = {}
    above: str | None = None
    for level, known in counts.items():
        earlier, later = known[min(known)], known[max(known)]
        if above is None:
            own = change_ratios(earlier, later, cap=q.cap).found[0]
            ratios[level] = change_ratios(earlier, later, city=own, cap=q.cap)
        else:
            toward = _spread_down(ratios[above].values, counts[above][later.year], later, level, q)
            ratios[level] = change_ratios(
                earlier, later, toward=toward, city=ratios[CITY].values[0], smoothing=q.smoothing, cap=q.cap
            )
        made.ratios.append(_capped(ratios[level], later, level))
        made.cells += int(np.isfinite(ratios[level].values).sum())
        above = level
    leaf = list(counts)[-1]
    low, high = _spread(q, ratios[leaf], counts[leaf][max(counts[leaf])], made)
    count = counts[leaf][max(counts[leaf])]
    first = (q.life or standard_life_table(count)).first_shares(count)
    paths: dict[tuple[str, str], Steps] = {}
    for level, known in counts.items():
        years, middle = sorted(known), ratios[level].values
        for variant, values in zip(VARIANTS, (low(middle), middle, high(middle)), strict=True):
            paths[level, variant] = hamilton_perry(
                known[years[-1]], values, interval=years[-1] - years[0], until=until, first=first
            )
    return paths


def _spread_down(values: FloatArray, above: Census, below: Census, level: str, q: Question) -> FloatArray:
    """Ratios of the level above, by the areas below."""
    parent = q.parents(level)[above.level].reindex(below.areas)
    return values[above.areas.get_indexer(pd.Index(parent))]


Change = Callable[[FloatArray], FloatArray]


def _spread(q: Question, ratios: ChangeRatios, later: Census, made: Tops) -> list[Change]:
    """What low and high make of a ratio: the study's own figures, else the quartiles of areas, else deaths assumed."""
    quartiles = spread_of(ratios.values, later.people) if len(later.areas) >= _SPREAD_AREAS else None
    found = []
    for variant, knobs in (("low", q.low), ("high", q.high)):
        if knobs.ratios is not None or knobs.deaths is not None:
            figures = {"ratios": knobs.ratios or 1.0, "deaths": 1.0 if knobs.deaths is None else knobs.deaths}
            made.variants[variant] = ("ratios_said", figures)
            found.append(_changed(figures["ratios"], figures["deaths"]))
        elif quartiles is not None:
            made.variants[variant] = ("ratios_quartiles", {"areas": float(len(later.areas))})
            found.append(_changed(quartiles[0 if variant == "low" else 1], 1.0))
        else:
            made.variants[variant] = ("deaths_assumed", {"deaths": MORE_DEATHS[variant]})
            found.append(_changed(1.0, MORE_DEATHS[variant]))
    made.variants["middle"] = ("ratios_middle", {})
    return found


def _changed(factor: FloatArray | float, deaths: float) -> Change:
    def change(values: FloatArray) -> FloatArray:
        dying = np.where(values < 1, np.abs(values) ** deaths, values)
        return np.asarray(dying * factor)

    return change


def _capped(ratios: ChangeRatios, later: Census, level: str) -> pd.DataFrame:
    area, sex, age = np.nonzero(ratios.capped)
    return pd.DataFrame(
        {
            "area": later.areas[area], "level": level, "sex": [later.sexes[s] for s in sex],
            "age": [later.ages[a] for a in age], "found": ratios.found[area, sex, age],
            "used": ratios.values[area, sex, age],
        }
    )  # fmt: skip


def _by_survival(
    q: Question, counts: Mapping[str, Mapping[int, Census]], made: Tops, until: int
) -> dict[tuple[str, str], Steps]:  # fmt: skip
    """A life table and net migrants, the same at each level; low and high by deaths and migration."""
    if q.life is None:
        raise DataError("forecast.no_life_table")
    leaf = list(counts)[-1]
    count = counts[leaf][max(counts[leaf])]
    survival = q.life.fitted(count)[0][:, : count.people.shape[2]]
    paths: dict[tuple[str, str], Steps] = {}
    for variant in VARIANTS:
        deaths, more = _deaths_of(q, variant), _migration_of(q, variant)
        net = None if q.migration is None else replace(count, people=q.migration + more * np.abs(q.migration))
        for level in counts:
            moving = None if net is None else _at(net, level, q).people
            paths[level, variant] = survive(
                counts[level][count.year], np.asarray(survival**deaths), migration=moving, until=until
            )
        said = variant == "middle" or (q.low if variant == "low" else q.high) != Knobs()
        key = "survival_middle" if variant == "middle" else "survival_said" if said else "survival_assumed"
        made.variants[variant] = (key, {"deaths": deaths, "migration": more if q.migration is not None else 0.0})
    return paths


def _migration_of(q: Question, variant: str) -> float:
    if variant == "middle":
        return 0.0
    own = (q.low if variant == "low" else q.high).migration
    return MORE_MIGRATION[variant] if own is None else own


def _note_cohorts(q: Question, counts: Mapping[str, Mapping[int, Census]], made: Tops) -> None:
    """The people that there are: of all ages where the count says, and those who will be 60 by each year."""
    city = counts[CITY][made.base]
    if city.first_age == 0:
        made.every = float(city.people.sum())
    made.coming = {y: float(city.aged(max(0, OLDER - (y - made.base)))[0]) for y in q.years}
