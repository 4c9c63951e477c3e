"""A forecast, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from quarterhour.base.errors import DataError

VARIANTS = ("low", "middle", "high")
METHODS = ("hamilton_perry", "cohort_survival", "share_of_growth")


@dataclass(frozen=True, eq=False)
class Making:
    """How a forecast was made.

    ``methods``: by level. ``counts``: years of the counts it rests on. ``cap``, ``smoothing``: of the ratios.
    ``ratios``: every ratio that the cap changed, ``area, level, sex, age, found, used``; ``cells``: how many there are
    in all. ``raking``: ``area, level, year, variant, factor``, by which each area's own forecast of older people was
    multiplied so that it comes to the area above. ``variants``: key of a sentence by variant that says what it is, and
    its figures. ``sources``: of the tables.
    """

    methods: Mapping[str, str]
    counts: tuple[int, ...]
    cap: tuple[float, float]
    smoothing: float
    ratios: pd.DataFrame
    cells: int
    raking: pd.DataFrame
    variants: Mapping[str, tuple[str, Mapping[str, float]]]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Forecast:
    """Older people by area and year.

    ``rows``: ``area, level, year, variant, group, people``; whole people, towns to county to city to the person.
    Years: of the last count (the same in every variant) and those asked for. Groups ``older`` (60 and over),
    ``older_80``, ``disabled`` and ``deaths`` (a year, both of 60 and over); what nobody knows has no rows. The city is
    the area ``city``. ``quality``: of the tables it rests on, the worst.
    """

    rows: pd.DataFrame
    base_year: int
    years: tuple[int, ...]
    made: Making
    quality: str = "unstated"
    _wide: dict[tuple[str, str, str], dict[int, pd.Series]] = field(default_factory=dict, repr=False)

    @property
    def groups(self) -> list[str]:
        """The groups that there are."""
        return list(dict.fromkeys(self.rows["group"]))

    def at(self, level: str, group: str, year: int, variant: str = "middle") -> pd.Series:
        """People of a group by area of a level; between two years of the forecast on the line between them.

        Whole people in the forecast's own years. DataError for a group that it has not, and for years before the count
        or after the last.
        """
        known = self._by_year(level, group, variant)
        if not known:
            raise DataError("forecast.no_group", group=group, known=", ".join(self.groups))
        if year in known:
            return known[year]
        if not min(known) < year < max(known):
            raise DataError("forecast.no_such_year", year=year, first=min(known), last=max(known))
        below, above = max(y for y in known if y < year), min(y for y in known if y > year)
        return known[below] + (known[above] - known[below]) * ((year - below) / (above - below))

    def growth(self, level: str, variant: str = "middle") -> pd.Series:
        """By area, how much more older people there are in the last year than at the count; missing where none was."""
        base = self.at(level, "older", self.base_year, variant)
        return (self.at(level, "older", self.years[-1], variant) / base.where(base > 0) - 1).astype(float)

    def _by_year(self, level: str, group: str, variant: str) -> dict[int, pd.Series]:
        key = (level, group, variant)
        if key not in self._wide:
            rows = self.rows
            mine = rows[rows["level"].eq(level) & rows["group"].eq(group) & rows["variant"].eq(variant)]
            years = (self.base_year, *self.years) if len(mine) else ()
            self._wide[key] = {y: mine[mine["year"].eq(y)].set_index("area")["people"] for y in years}
        return self._wide[key]

    def __repr__(self) -> str:
        said = "; ".join(
            f"{year}: {self.at('city', 'older', year).sum():,.0f}" for year in (self.base_year, *self.years)
        )
        return f"<Forecast: 60 and over in {said}>"
