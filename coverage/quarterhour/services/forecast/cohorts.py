"""Cohorts carried on: Hamilton-Perry by what they did between two counts, survival by a life table and migration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.ages import WIDTH
from quarterhour.services.forecast.census import Census

Steps = dict[int, FloatArray]
"""People by year: areas x sexes x ages. Ages of which nobody knows, since births are not forecast, are missing."""
CAP = (0.5, 2.0)
SMOOTHING = 50.0


@dataclass(frozen=True, eq=False)
class ChangeRatios:
    """By area, sex and age reached: people at the later count over the same cohort at the earlier one.

    ``values`` are used; ``found`` is before the cap, ``capped`` where the two differ. The first ages, which nobody of
    the earlier count reaches, are missing.
    """

    values: FloatArray
    found: FloatArray
    capped: BoolArray


def change_ratios(
    earlier: Census, later: Census, *, toward: FloatArray | None = None, city: FloatArray | None = None,
    smoothing: float = SMOOTHING, cap: tuple[float, float] = CAP,
) -> ChangeRatios:  # fmt: skip
    """Cohort change ratios of two counts (Hamilton & Perry 1962), smoothed and capped.

    Parameters
    ----------
    toward : by area, the ratios of the area above; each area counts as if ``smoothing`` more people had changed as that
        did, so that small cells follow the county and large ones themselves. None: nothing is smoothed.
    city : by sex and age, the whole city's ratios. Where they are below 1 the lower cap is so much of them: of the
        oldest fewer than half live ten years longer, and a floor of 0.5 would keep the dead alive.
    """
    step = (later.year - earlier.year) // WIDTH
    before = _cohorts_before(earlier.people, step)
    more = 0.0 if toward is None else smoothing
    above = np.ones_like(before) if toward is None else toward
    found = np.divide(later.people + more * above, before + more, out=above.copy(), where=before + more > 0)
    found[:, :, :step] = np.nan
    low = np.full(found.shape[1:], cap[0]) if city is None else np.fmin(cap[0], cap[0] * city)
    values = np.clip(found, low, cap[1])
    return ChangeRatios(values, found, np.abs(np.nan_to_num(values - found)) > 1e-12)


def _cohorts_before(people: FloatArray, step: int) -> FloatArray:
    """People by the age that they reach so many groups later; the last group takes all who come into it."""
    made = np.full_like(people, np.nan)
    made[:, :, step:] = people[:, :, :-step]
    made[:, :, -1] = people[:, :, -1 - step :].sum(axis=2)
    return made


def hamilton_perry(
    later: Census, ratios: FloatArray, *, interval: int, until: int, first: FloatArray | None = None
) -> Steps:
    """People every five years from the later count: cohorts times their ratios, as long as ``interval`` at a time.

    Where counts lie ten years apart, the years between two steps go along the cohort: of what ten years take from it
    the share ``first`` (sexes x ages, ``LifeTable.first_shares``) falls into the first five. A half each would be the
    geometric mean, and 15 % too few at 80 and over. The last two groups go together, split as in the mean of both.
    """
    halves = np.full(later.people.shape[1:], 0.5) if first is None else first
    steps, year, step = {later.year: later.people}, later.year, interval // WIDTH
    while year < until:
        steps[year + interval] = _cohorts_before(steps[year], step) * ratios
        if step == 2:
            steps[year + WIDTH] = _between(steps[year], steps[year + interval], halves)
        year += interval
    return dict(sorted(steps.items()))


def _between(now: FloatArray, then: FloatArray, first: FloatArray) -> FloatArray:
    """People halfway between two steps of ten years."""
    made = np.full_like(now, np.nan)
    share = first[:, 2:-1]
    made[:, :, 1:-2] = now[:, :, :-3] ** (1 - share) * then[:, :, 2:-1] ** share
    last = now[:, :, -3:].sum(axis=2) ** (1 - first[:, -1]) * then[:, :, -1] ** first[:, -1]
    ends = now[:, :, -2:] + then[:, :, -2:]
    whole = ends.sum(axis=2)
    oldest = np.divide(ends[:, :, -1], whole, out=np.ones_like(whole), where=whole > 0)
    made[:, :, -2], made[:, :, -1] = last * (1 - oldest), last * oldest
    return made


def survive(census: Census, survival: FloatArray, *, migration: FloatArray | None = None, until: int) -> Steps:
    """People every five years: those five years younger who live, and half of the migrants before and half after.

    ``survival``: sexes x ages, as ``LifeTable`` has it. ``migration``: net migrants of five years by area, sex and age,
    half of whom come or leave at once and half at the end (Preston, Heuveline & Guillot 2001, box 6.2). DataError where
    more leave than there are.
    """
    moving = np.zeros_like(census.people) if migration is None else migration
    steps, year = {census.year: census.people}, census.year
    while year < until:
        made = _cohorts_before(steps[year] + moving / 2, 1) * survival + moving / 2
        gone = np.nan_to_num(made) < 0
        if gone.any():
            raise DataError(
                "forecast.more_leave", areas=first_ids(census.areas[np.flatnonzero(gone.any(axis=(1, 2)))]), year=year
            )
        year += WIDTH
        steps[year] = made
    return steps


def spread_of(ratios: FloatArray, people: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far ratios lie apart, sexes x ages: the lower and the upper quartile of areas over the middle one.

    Areas count by the people at the later count. Ages of which nothing is known have 1.
    """
    low, high = np.ones(ratios.shape[1:]), np.ones(ratios.shape[1:])
    for sex, age in np.ndindex(*low.shape):
        values, weight = ratios[:, sex, age], people[:, sex, age]
        if np.isfinite(values).all() and weight.sum() > 0:
            first, middle, third = _quantiles(values, weight)
            low[sex, age], high[sex, age] = first / middle, third / middle
    return low, high


def _quantiles(values: FloatArray, weight: FloatArray) -> tuple[float, float, float]:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    first, middle, third = (float(values[order][np.searchsorted(reached, q - 1e-12)]) for q in (0.25, 0.5, 0.75))
    return first, middle, third
