"""A forecast from its question: levels brought together from the city down, whole people, how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.controls import control_of, controlled_tops, own_city, variants_said
from quarterhour.services.forecast.groups import PARTS, older
from quarterhour.services.forecast.growth import constant_share, counted_at, parts_below, share_of_growth
from quarterhour.services.forecast.question import CITY, Question
from quarterhour.services.forecast.rake import raked, whole_people
from quarterhour.services.forecast.tops import Tops, areas_of, cohort_tops
from quarterhour.services.forecast.values import VARIANTS, Forecast, Making

COLUMNS = ("area", "level", "year", "variant", "group", "people")
Real = dict[str, pd.DataFrame]
"""By level, ``groups.PARTS`` by area."""


def make_forecast(q: Question) -> Forecast:
    """The forecast that a study asks for.

    Each level whose ages are known is carried on by itself (the city's ratios are the steadiest), then areas are raked
    to the one above: city, counties, towns. Finer areas have a share of the growth. People are rounded from the city
    down by largest remainder. DataError for what cannot be: see ``tops``, ``census``, ``tables``.
    """
    tops = controlled_tops(q) if q.method == "share_of_growth" else cohort_tops(q)
    _check_counted(q, tops)
    variants_said(q, tops)
    levels = _levels(q, tops)
    _check_towns(q, levels)
    now, _ = _brought_together(q, tops, levels, ("middle", tops.base), None)
    rows: list[pd.DataFrame] = []
    factors: list[pd.DataFrame] = []
    for variant in VARIANTS:
        for year in (tops.base, *q.years):
            real, factor = _brought_together(q, tops, levels, (variant, year), now)
            _check_people(q, tops, real[CITY], variant, year)
            rows += _whole_rows(q, real, variant, year)
            factors.append(factor.assign(year=year, variant=variant))
    frame = pd.DataFrame(pd.concat(rows, ignore_index=True))[list(COLUMNS)]
    making = _making(q, tops, levels, pd.DataFrame(pd.concat(factors, ignore_index=True)))
    return Forecast(frame, tops.base, tuple(q.years), making, q.quality)


def _check_counted(q: Question, tops: Tops) -> None:
    """DataError where older people of finer areas were not counted, or not in the year of the last count."""
    for counted in q.below:
        last = int(counted.older.columns[-1])
        if last != tops.base:
            raise DataError("forecast.other_year", year=last, count=tops.base)
        missing = areas_of(q, counted.level).difference(counted.older.index)
        if len(missing):
            raise DataError("forecast.areas_missing", year=last, areas=first_ids(missing))


def _check_towns(q: Question, levels: list[str]) -> None:
    """DataError for counties without a town of their own: towns would come to less than the city."""
    empty = q.counties.difference(pd.Index(q.county_of))
    if "town" in levels and len(empty):
        raise DataError("forecast.no_towns", areas=first_ids(empty))


def _levels(q: Question, tops: Tops) -> list[str]:
    """The levels of the answer, from the city down."""
    named = [CITY, *(["county"] if len(q.counties) else []), *(["town"] if len(q.county_of) else [])]
    return [level for level in named if level in tops.parts or counted_at(q, level) is not None]


def _making(q: Question, tops: Tops, levels: list[str], factors: pd.DataFrame) -> Making:
    blank = pd.DataFrame(columns=["area", "level", "sex", "age", "found", "used"])
    ratios = pd.DataFrame(pd.concat(tops.ratios, ignore_index=True)) if tops.ratios else blank
    own = q.method != "share_of_growth"
    methods = {level: q.method if own and level in tops.parts else _kind(q, level) for level in levels}
    counts = tuple(sorted(tops.counts)) or tuple(map(int, q.below[-1].older.columns))
    raking = factors[["area", "level", "year", "variant", "factor"]]
    return Making(methods, counts, q.cap, q.smoothing, ratios, tops.cells, raking, tops.variants, q.sources)


def _kind(q: Question, level: str) -> str:
    """How a level came about whose ages are not known."""
    if q.controls is not None and level in set(q.controls["level"]):
        return "controls"
    counted = counted_at(q, level)
    return "sum" if counted is None or level == CITY else counted.kind


# --- levels ----------------------------------------------------------------------------------------------------------


def _brought_together(
    q: Question, tops: Tops, levels: list[str], when: tuple[str, int], now: Real | None
) -> tuple[Real, pd.DataFrame]:
    """``PARTS`` by level, each level raked to the one above, and by how much each area was changed.

    ``when``: variant and year. ``now``: the same at the last count; None for that itself.
    """
    variant, year = when
    real: Real = {CITY: own_city(q, tops, when)}
    factors = [_factors(tops.parts[CITY][variant][year], real[CITY], CITY)]
    for above, level in zip(levels, levels[1:], strict=False):
        if level not in tops.parts:
            real[level] = _by_growth(q, level, above, real, real if now is None else now)
            continue
        own, control = tops.parts[level][variant][year], control_of(q, tops, level, when)
        wanted = own if control is None else own.mul(control / older(own), axis=0)
        real[level] = _raked(wanted, real[above], q.parents(level)[above].reindex(own.index))
        factors.append(_factors(own, real[level], level))
    return real, pd.DataFrame(pd.concat(factors, ignore_index=True))


def _raked(parts: pd.DataFrame, above: pd.DataFrame, parent: pd.Series) -> pd.DataFrame:
    made = parts.copy()
    for area, rows in parts.groupby(parent, sort=True):
        control = above.loc[[str(area)]]
        known = [p for p in PARTS if control[p].notna().all() and rows[p].notna().all()]
        cells = rows[known].to_numpy(dtype=float)
        made.loc[rows.index, known] = raked(
            cells, control[known].to_numpy(dtype=float)[0], otherwise=older(rows).to_numpy(dtype=float)
        )
    return made


def _factors(own: pd.DataFrame, made: pd.DataFrame, level: str) -> pd.DataFrame:
    before, after = older(own).to_numpy(), older(made).reindex(own.index).to_numpy()
    factor = np.divide(after, before, out=np.ones(len(own)), where=before > 0)
    return pd.DataFrame({"area": own.index, "level": level, "factor": factor})


def _by_growth(q: Question, level: str, above: str, real: Real, now: Real) -> pd.DataFrame:
    """``PARTS`` of areas of which only older people are known; ``now``: of the area above at the last count."""
    counted = counted_at(q, level)
    assert counted is not None
    wanted, base = older(real[above]), older(now[above])
    made = []
    for area, rows in counted.older.groupby(q.parents(level)[above].reindex(counted.older.index), sort=True):
        mine = _growth(rows, float(wanted[str(area)]), float(base[str(area)]))
        oldest = None if counted.oldest_now is None else counted.oldest_now.reindex(rows.index)
        parts = {part: float(real[above][part][str(area)]) for part in PARTS}
        made.append(parts_below(mine, parts, oldest_now=oldest))
    return pd.DataFrame(pd.concat(made)).reindex(counted.older.index)


def _growth(rows: pd.DataFrame, total: float, base: float) -> pd.Series:
    last = rows.iloc[:, -1]
    return constant_share(last, total) if rows.shape[1] < 2 else share_of_growth(rows.iloc[:, -2], last, total, base)


# --- checks and whole people -----------------------------------------------------------------------------------------


def _check_people(q: Question, tops: Tops, city: pd.DataFrame, variant: str, year: int) -> None:
    """DataError where more older people are forecast than there are people to grow old."""
    found = float(older(city).sum())
    every = tops.every if q.population is None else float(q.population)
    said = {lang: i18n.say(f"forecast.variant_{variant}", lang) for lang in i18n.LANGUAGES}
    about = {"year": year, "variant": said, "people": f"{found:,.0f}"}
    if found > every:
        raise DataError("forecast.more_than_exist", every=f"{every:,.0f}", **about)
    coming = tops.coming.get(year)
    if q.controls is not None and coming is not None and found > coming:
        age = 60 - (year - tops.base)
        raise DataError("forecast.more_than_cohort", age=age, count=tops.base, every=f"{coming:,.0f}", **about)


def _whole_rows(q: Question, real: Real, variant: str, year: int) -> Iterator[pd.DataFrame]:
    """The rows of a year and variant, whole from the city down."""
    above, whole = CITY, _whole_city(real[CITY])
    yield from _rows(whole, real[CITY], CITY, variant, year)
    for level, parts in real.items():
        if level != CITY:
            whole = _whole(parts, whole, q.parents(level)[above].reindex(parts.index))
            yield from _rows(whole, parts, level, variant, year)
            above = level


def _whole_city(parts: pd.DataFrame) -> pd.DataFrame:
    made = parts.fillna(0.0).round().astype(np.int64)
    made["disabled"] = np.minimum(made["disabled"], made["under_80"] + made["older_80"])
    return made


def _whole(parts: pd.DataFrame, above: pd.DataFrame, parent: pd.Series) -> pd.DataFrame:
    """Areas by largest remainder, so that each part comes to that of the area above."""
    made = {part: pd.Series(0, index=parts.index, dtype=np.int64) for part in PARTS}
    for area, rows in parts.fillna(0.0).groupby(parent, sort=True):
        for part in PARTS:
            aged: IntArray = np.asarray((made["under_80"] + made["older_80"])[rows.index], dtype=np.int64)
            made[part][rows.index] = whole_people(
                rows[part].to_numpy(dtype=float), int(above[part][str(area)]),
                most=aged if part in ("disabled", "deaths") else None,
            )  # fmt: skip
    return pd.DataFrame(made)


def _rows(whole: pd.DataFrame, parts: pd.DataFrame, level: str, variant: str, year: int) -> Iterator[pd.DataFrame]:
    known: Mapping[str, bool] = {p: bool(parts[p].notna().all()) for p in PARTS}
    figures = {"older": whole["under_80"] + whole["older_80"]}
    figures |= {p: whole[p] for p in ("older_80", "disabled", "deaths") if known[p]}
    for group, people in figures.items():
        yield pd.DataFrame(
            {"area": people.index, "level": level, "year": year, "variant": variant, "group": group,
             "people": people.to_numpy()}
        )  # fmt: skip
