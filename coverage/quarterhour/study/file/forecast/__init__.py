"""What a study file may say of the forecast of older people, and of what is asked for a year of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from quarterhour.services.forecast.values import METHODS
from quarterhour.study.file.fields import Above, Name, NotBelow, Number, Part, Whole, check_partners, wrong

Variant = Literal["low", "middle", "high"]
Group = Literal["older", "older_80", "disabled"]
GROUP_OF: Mapping[str, Group] = MappingProxyType(
    {"older": "older", "aged60": "older", "aged80": "older_80", "older_80": "older_80", "disabled": "disabled"}
)
"""Groups of a forecast by the columns that count them; of others the study must say."""
_TRENDS = ("trend", "linear", "growth_rate", "growth", "extrapolation", "exponential", "趋势", "趋势外推", "增长率")
_FIRST, _LAST = 2000, 2100
Year = Annotated[Whole, Field(ge=_FIRST, le=_LAST)]


class Dated(Part):
    """What may be asked for a year of the forecast; without one it is about the people that the tables have."""

    year: Year | None = None
    variant: Variant = "middle"

    @model_validator(mode="after")
    def _variant_of_a_year(self) -> Dated:
        check_partners(self, {"variant": (self.year is not None, "year")})
        return self


class VariantFile(Part):
    """What a variant changes: factors of the cohort change ratios, of deaths, of growth; of migration how much more."""

    ratios: Above | None = None
    deaths: Above | None = None
    migration: Number | None = None
    growth: NotBelow | None = None


class ForecastFile(Part):
    """How many older people there will be.

    ``table``: people by area, sex and age (`[[tables]]`), of two counts for ``hamilton_perry``, one for
    ``cohort_survival``. ``towns``: people of 60+ (65+, 80+) of finer areas, at one or two counts. ``life_table``: sex,
    age, ``person_years`` or ``death_rate``. ``migration``: net migrants of five years. ``controls``: forecasts of the
    city or the counties made elsewhere. ``disabled``: a share of 60+, or a table of shares by age. ``groups``: which
    column of people counts which group.
    """

    method: str
    table: Name | None = None
    towns: Name | None = None
    life_table: Name | None = None
    migration: Name | None = None
    controls: Name | None = None
    disabled: Name | Annotated[Number, Field(ge=0, le=1)] | None = None
    years: tuple[Year, ...] = Field(default=(2030, 2035), min_length=1)
    low: VariantFile = VariantFile()
    high: VariantFile = VariantFile()
    cap: tuple[Above, Above] = (0.5, 2.0)
    smoothing: NotBelow = 50
    population: Whole | None = Field(default=None, ge=1)
    groups: dict[str, Group] = {}
    source: str = ""

    @field_validator("method")
    @classmethod
    def _no_trend(cls, value: str) -> str:
        if value.lower() in _TRENDS:
            raise wrong("forecast_trend", given=value, known=", ".join(METHODS))
        if value not in METHODS:
            raise wrong("field_literal_error", given=value, expected=" or ".join(METHODS))
        return value

    @field_validator("years")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise wrong("years_not_rising", given=str(list(value)))
        return value

    @model_validator(mode="after")
    def _whole(self) -> ForecastFile:
        if not self.cap[0] <= 1 <= self.cap[1]:
            raise wrong("cap_without_one", at="cap", given=f"[{self.cap[0]:g}, {self.cap[1]:g}]")
        ratios, survival = self.method == "hamilton_perry", self.method == "cohort_survival"
        needed = ["towns", "controls"] if not (ratios or survival) else ["table", *(["life_table"] if survival else [])]
        for name in needed:
            if getattr(self, name) is None:
                raise wrong("forecast_needs", at=name, needed=name, method=self.method)
        check_partners(
            self,
            {
                "cap": (ratios, 'method = "hamilton_perry"'),
                "smoothing": (ratios, 'method = "hamilton_perry"'),
                "migration": (survival, 'method = "cohort_survival"'),
                "table": (ratios or survival, 'method = "hamilton_perry" / "cohort_survival"'),
            },
        )
        return self

    @property
    def tables(self) -> dict[str, str]:
        """The tables that it names, by its keys."""
        keys = ("table", "towns", "life_table", "migration", "controls", "disabled")
        return {key: name for key in keys if isinstance(name := getattr(self, key), str)}

    def group_of(self, column: str) -> str | None:
        """The group that a column of people counts; None where nobody says."""
        return self.groups.get(column, GROUP_OF.get(column))


def check_years(forecast: ForecastFile | None, asked: Mapping[str, tuple[Any, tuple[str, ...]]]) -> None:
    """Whatever is asked for a year needs a forecast up to it, and columns of which it knows the group.

    ``asked``: by name of the part, the part and its columns of people.
    """
    for part, (said, columns) in asked.items():
        if said.year is None:
            continue
        if forecast is None:
            raise wrong("year_without_forecast", part=part, given=said.year)
        if said.year > max(forecast.years):
            raise wrong("year_beyond", part=part, given=said.year, last=max(forecast.years))
        for column in columns:
            if forecast.group_of(column) is None:
                raise wrong("no_group", part=part, given=column)
