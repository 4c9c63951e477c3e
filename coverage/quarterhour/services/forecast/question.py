"""What a forecast is asked, in its own types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.services.forecast.census import Census
from quarterhour.services.forecast.cohorts import CAP, SMOOTHING
from quarterhour.services.forecast.groups import Rates
from quarterhour.services.forecast.life import LifeTable

CITY = "city"


@dataclass(frozen=True, slots=True)
class Knobs:
    """What a variant changes of the middle one; None: what the forecast takes by itself, and says.

    ``ratios``: factor of the cohort change ratios. ``deaths``: factor of the deaths of every age (survival to the power
    of it). ``migration``: so much of the net migrants' number more (below 0: fewer). ``growth``: factor of the growth
    where forecasts made elsewhere have no variants.
    """

    ratios: float | None = None
    deaths: float | None = None
    migration: float | None = None
    growth: float | None = None


@dataclass(frozen=True, eq=False)
class Counted:
    """Older people of areas below those whose ages are known.

    ``older``: areas x years. ``oldest_now``: share of 80 and over among them at the last, where it is known. ``kind``:
    ``two_counts``, ``one_count`` or ``communities`` (nothing but where people live today).
    """

    level: str
    older: pd.DataFrame
    oldest_now: pd.Series | None
    kind: str


@dataclass(frozen=True, eq=False)
class Question:
    """A forecast before it is made.

    ``county_of``: county by town, "" where there are no counties; ``counties``: their ids. ``counts``: by year, at one
    level. ``below``: older people of finer areas. ``controls``: ``area, level, year, variant, people`` of forecasts
    made elsewhere. ``migration``: net migrants of five years, by the areas, sexes and ages of the last count.
    ``population``: people of the city of all ages, where the counts do not say.
    """

    method: str
    years: tuple[int, ...]
    county_of: pd.Series
    counties: pd.Index
    counts: Mapping[int, Census] = field(default_factory=dict)
    below: tuple[Counted, ...] = ()
    life: LifeTable | None = None
    migration: FloatArray | None = None
    controls: pd.DataFrame | None = None
    rates: Rates = Rates(None, None)
    disabled_share: float | None = None
    low: Knobs = Knobs()
    high: Knobs = Knobs()
    cap: tuple[float, float] = CAP
    smoothing: float = SMOOTHING
    population: int | None = None
    sources: tuple[str, ...] = ()
    quality: str = "unstated"

    def parents(self, level: str) -> dict[str, pd.Series]:
        """By level above one, the area there of each area."""
        if level == "town":
            towns = self.county_of
            city = pd.Series(CITY, index=towns.index)
            return {"county": towns, CITY: city} if len(self.counties) else {CITY: city}
        return {CITY: pd.Series(CITY, index=self.counties)} if level == "county" else {}
