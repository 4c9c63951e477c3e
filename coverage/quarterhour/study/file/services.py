"""What a study file may say of access, beds, rounds, graves and the overlay."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from quarterhour.services.decays import RENAMED, Method, last_ring
from quarterhour.study.file.fields import (
    Flag,
    Heading,
    Name,
    Number,
    Part,
    Quality,
    Whole,
    check_partners,
    check_rising,
    check_turnout,
    wrong,
)


class AccessFile(Part):
    """How much of a service people can have: capacity shared among all who reach it, and who is served."""

    id: Name
    zh: str
    en: str
    kinds: tuple[str, ...] = Field(min_length=1)
    capacity: str = "beds"
    people: str
    share: Number = Field(default=1, gt=0, le=1)
    mode: str
    minutes: Number = Field(gt=0, le=600)
    heading: Heading = "to_site"
    methods: tuple[Method, ...] = Field(default=("2sfca",), min_length=1)
    source: str = ""

    @field_validator("methods", mode="before")
    @classmethod
    def _called_so_now(cls, given: Any) -> Any:
        for name in given if isinstance(given, list | tuple) else ():
            if isinstance(name, str) and name in RENAMED:
                raise wrong("method_renamed", given=name, now=RENAMED[name])
        return given

    @model_validator(mode="after")
    def _within_the_rings(self) -> AccessFile:
        for method in self.methods:
            if self.minutes > last_ring(method):
                figures = {"last": f"{last_ring(method):g}", "minutes": f"{self.minutes:g}"}
                raise wrong("beyond_rings", at="methods", given=method, **figures)
        return self


class BedsFile(Part):
    """The cheapest conversion of beds that reaches a share of nursing beds."""

    kinds: tuple[str, ...] = Field(min_length=1)
    share: Number = Field(default=0.6, ge=0, le=1)
    level: Literal["county", "city"] = "city"
    source: str = ""


class RoundsFile(Part):
    """Carers' rounds from bases to people at home; minutes but for the counts."""

    kinds: tuple[str, ...] = Field(min_length=1)
    people: str
    mode: str
    minutes: Number = Field(default=15, gt=0)
    farthest_minutes: Number = Field(default=60, gt=0, le=600)
    staff: str = "staff"
    slack: Number = Field(default=0.1, ge=0)
    visits_a_week: Number = Field(default=3, ge=0)
    days_a_week: Whole = Field(default=5, ge=1, le=7)
    visit_minutes: Number = Field(default=45, gt=0)
    between_homes_minutes: Number = Field(default=3, ge=0)
    shift_minutes: Number = Field(default=480, gt=0)
    turnout_minutes: Number = Field(default=3, ge=0)
    seconds: Number = Field(default=120, gt=0)
    source: str = ""

    @model_validator(mode="after")
    def _can_be_kept(self) -> RoundsFile:
        check_turnout(self.turnout_minutes, self.minutes)
        check_rising(self, "minutes", "farthest_minutes")
        check_rising(self, "visit_minutes", "shift_minutes")
        return self


class GravesFile(Part):
    """What the coming years need in graves: a table by town (deaths, backlog), or the city's deaths shared out."""

    table: Name
    eco_share: Number = Field(default=0.6, ge=0, le=1)
    rules: str = "cemetery"
    source: str = ""


class WishFile(Part):
    """A wish of the overlay: full marks at `best`, none at `worst` (metres; degrees for the slope)."""

    layer: str
    best: Number
    worst: Number
    share: Number = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _apart(self) -> WishFile:
        if self.best == self.worst:
            raise wrong("wish_flat", given=self.layer)
        return self


class OverlayFile(Part):
    """Where parcels may lie: rules, slope, land cover, wishes."""

    rules: tuple[str, ...] = ()
    exclude_unverified: Flag | tuple[str, ...] = ()
    kind: str
    cell_m: Number = Field(default=250, gt=0)
    elevation: str | None = None
    steepest_degrees: Number | None = Field(default=None, gt=0)
    land_cover: str | None = None
    forbidden_cover: tuple[Whole, ...] = ()
    wishes: tuple[WishFile, ...] = ()
    least_m2: Number = Field(default=33_333, gt=0)
    most_a_town: Whole = Field(default=5, ge=1)
    quality: Quality = "unstated"
    source: str = ""

    @model_validator(mode="after")
    def _grids_are_asked(self) -> OverlayFile:
        on_slopes = self.steepest_degrees is not None or any(wish.layer == "slope" for wish in self.wishes)
        check_partners(
            self,
            {
                "exclude_unverified": (bool(self.rules), "rules"),
                "elevation": (on_slopes, 'steepest_degrees / wishes: layer = "slope"'),
                "steepest_degrees": (self.elevation is not None, "elevation"),
                "land_cover": (bool(self.forbidden_cover), "forbidden_cover"),
                "forbidden_cover": (self.land_cover is not None, "land_cover"),
            },
        )
        return self
