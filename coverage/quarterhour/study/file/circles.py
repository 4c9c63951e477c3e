"""What a study file may say of circles, pictures and targets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from quarterhour.study.file.fields import Above, Day, Flag, Heading, Name, NotBelow, Number, Part, check_turnout, wrong
from quarterhour.study.file.forecast import Dated


class UncertainFile(Part):
    """How well a circle's pace is known: factors of the speed or a slow and a fast mode, and minutes of turnout."""

    speed: tuple[Above, Above] = (1.0, 1.0)
    turnout_minutes: tuple[NotBelow, NotBelow] | None = None
    modes: tuple[str, str] | None = None
    source: str = ""

    @model_validator(mode="after")
    def _small_first(self) -> UncertainFile:
        for low, high in filter(None, (self.speed, self.turnout_minutes)):
            if low > high:
                raise wrong("not_rising", given=f"[{low:g}, {high:g}]")
        if not self.speed[0] <= 1 <= self.speed[1]:
            raise wrong("own_pace_outside", given=f"[{self.speed[0]:g}, {self.speed[1]:g}]")
        return self


class CircleFile(Dated):
    """A service circle; ``year``: for the people of a year of the forecast."""

    id: Name
    zh: str
    en: str
    kinds: tuple[str, ...] = Field(min_length=1)
    mode: str
    compare_modes: tuple[str, ...] = ()
    minutes: Number = Field(gt=0, le=600)
    heading: Heading
    turnout_minutes: Number | None = Field(default=None, ge=0)
    people: str
    need: Literal["any", "all"] = "any"
    uncertain: UncertainFile | None = None
    clause: str = ""
    source: str = ""
    date: str = ""
    verified: Flag = False

    @model_validator(mode="after")
    def _time_left_to_travel(self) -> CircleFile:
        if self.turnout_minutes is not None:
            check_turnout(self.turnout_minutes, self.minutes)
        return self


class PictureFile(Part):
    """The ground that the facilities of a circle reach, drawn; never the judge."""

    circle: str
    minutes: tuple[Annotated[Above, Field(le=600)], ...] = Field(min_length=1, max_length=24)
    each: Flag = False
    bands: Flag = True
    radius_m: Number = Field(default=50, ge=1, le=10_000)
    cell_m: Number | None = Field(default=None, ge=0.5, le=10_000)
    land: str | None = None
    water: tuple[str, ...] | None = None


class TargetsFile(Part):
    """Rule sets: shipped names, or TOML files of the study; ``dates``: further days to score on."""

    rules: tuple[str, ...] = ()
    dates: tuple[Day, ...] = ()


Words = Annotated[str, Field(min_length=1)]


class ReportingFile(Part):
    """Further areas by which results are told: columns of the communities that name their unit and their class.

    ``column``: of units that are reported apart though they are no counties; a community without one is reported by
    its county. ``names``: what the units are called, by what stands in the column. ``class_column``: of town or
    countryside.
    """

    column: Words | None = None
    names: dict[Words, Words] = {}
    class_column: Words = "class"

    @model_validator(mode="after")
    def _names_of_units(self) -> ReportingFile:
        if self.names and self.column is None:
            raise wrong("needs_partner", at="names", needed="column")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (*([self.column] if self.column else []), self.class_column)
