"""What a forecast counts of its people: 60 and over, 80 and over, disabled, deaths a year."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError
from quarterhour.services.forecast.ages import OLDER, OLDEST, WIDTH
from quarterhour.services.forecast.census import Census

GROUPS = ("older", "older_80", "disabled", "deaths")
PARTS = ("under_80", "older_80", "disabled", "deaths")
"""What is counted apart, so that whole people add up: 60 to 79, 80 and over, and of them disabled and dead."""


@dataclass(frozen=True, eq=False)
class Rates:
    """``disabled``: share of people, ``deaths``: a year for each person; sexes x ages. None: nobody knows."""

    disabled: FloatArray | None
    deaths: FloatArray | None


def parts_of(people: FloatArray, like: Census, rates: Rates) -> pd.DataFrame:
    """``PARTS`` by area of people by sex and age; what is not known is missing.

    ``like``: a count of the same areas, sexes and ages. Disabled and deaths are those of 60 and over. DataError where
    an age of 60 and over is not known: who is 60 in fifteen years is 45 now.
    """
    ages = np.array(like.ages)
    old = ages >= OLDER
    if like.open_age < OLDER:
        raise DataError("forecast.open_too_young", age=f"{like.open_age}+")
    aged = people[:, :, old]
    if not np.isfinite(aged).all():
        raise DataError("forecast.ages_too_few", first=like.first_age)
    made = pd.DataFrame(index=like.areas, columns=list(PARTS), dtype=float)
    oldest = aged[:, :, ages[old] >= OLDEST].sum(axis=(1, 2))
    known = like.open_age >= OLDEST
    made["under_80"] = aged.sum(axis=(1, 2)) - (oldest if known else 0.0)
    made["older_80"] = oldest if known else np.nan
    for name, rate in (("disabled", rates.disabled), ("deaths", rates.deaths)):
        made[name] = np.nan if rate is None else (aged * rate[:, old]).sum(axis=(1, 2))
    return made


@functools.cache
def national_figures() -> Mapping[str, Any]:
    """Disabled people in the whole country, with source and date (``data/forecast.toml``)."""
    text = resources.files("quarterhour").joinpath("data", "forecast.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text)["disabled"])


def national_disabled() -> float:
    """The share of disabled among people of 60 and over in the whole country."""
    return float(national_figures()["share"])


def older(parts: pd.DataFrame) -> pd.Series:
    """60 and over by area."""
    return parts["under_80"] + parts["older_80"].fillna(0.0)


def linear(years: Mapping[int, pd.DataFrame], year: int) -> pd.DataFrame:
    """A year between two known ones on the straight line between them."""
    if year in years:
        return years[year]
    below, above = max(y for y in years if y < year), min(y for y in years if y > year)
    share = (year - below) / (above - below)
    return years[below] * (1 - share) + years[above] * share


def step_up(year: int, base: int) -> int:
    """The first five-year step from a count that is not before a year."""
    return base + WIDTH * -(-(year - base) // WIDTH)
