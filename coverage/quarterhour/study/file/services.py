"""What a study file may say of access, beds, rounds, graves and the overlay."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from quarterhour.services.decays import RENAMED, Method, last_ring
from quarterhour.study.file.fields import (
    Flag,
    Heading,
    Name,
    NotBelow,
    Number,
    Part,
    Quality,
    Whole,
    check_partners,
    check_rising,
    check_turnout,
    wrong,
)
from quarterhour.study.file.forecast import Dated

Form = Literal["grave", "grave_double", "flat_stone", "niche", "tree", "lawn", "sea"]
Level = Literal["county", "town", "village"]
Share = Annotated[Number, Field(ge=0, le=1)]
Year = Annotated[Whole, Field(ge=1980, le=2150)]
CEMETERIES = ("city_cemetery", "county_cemetery", "town_cemetery", "village_cemetery")
_OFF = 1e-6
"""By so much may shares that add up to 1 be off."""


class AccessFile(Dated):
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


class BedsFile(Dated):
    """The cheapest conversion of beds that reaches a share of nursing beds.

    ``wanted``: the share of ``people`` who want a bed; then what is needed and what is short is told by county.
    """

    kinds: tuple[str, ...] = Field(min_length=1)
    share: Number = Field(default=0.6, ge=0, le=1)
    level: Literal["county", "city"] = "city"
    wanted: Number | None = Field(default=None, gt=0, le=1)
    people: str = "older"
    source: str = ""

    @model_validator(mode="after")
    def _of_a_share(self) -> BedsFile:
        counts = self.wanted is not None
        check_partners(self, {"people": (counts, "wanted"), "year": (counts, "wanted")})
        return self


class RoundsFile(Part):
    """Carers' rounds from bases to people at home; minutes but for the counts."""

    kinds: tuple[str, ...] = Field(min_length=1)
    people: str
    mode: str
    minutes: Number = Field(default=15, gt=0)
    farthest_minutes: Number = Field(default=60, gt=0, le=600)
    staff: str = "staff"
    slack: Number = Field(default=0.1, ge=0)
    visits_a_week: Number = Field(default=3, ge=0, le=100)
    days_a_week: Whole = Field(default=5, ge=1, le=7)
    visit_minutes: Number = Field(default=45, ge=1)
    between_homes_minutes: Number = Field(default=3, ge=0)
    shift_minutes: Number = Field(default=480, gt=0, le=1_440)
    turnout_minutes: Number = Field(default=3, ge=0)
    seconds: Number | None = Field(default=None, gt=0)
    source: str = ""

    @model_validator(mode="after")
    def _can_be_kept(self) -> RoundsFile:
        check_turnout(self.turnout_minutes, self.minutes)
        check_rising(self, "minutes", "farthest_minutes")
        check_rising(self, "visit_minutes", "shift_minutes")
        return self


class BurialSharesFile(Part):
    """Which share of the dead each form receives, near and far, in cemeteries of some levels."""

    levels: tuple[Level, ...] = Field(default=("county", "town", "village"), min_length=1)
    near: dict[Form, Share] = Field(min_length=1)
    far: dict[Form, Share] | None = None
    source: str = ""

    @model_validator(mode="after")
    def _add_up(self) -> BurialSharesFile:
        for name, shares in (("near", self.near), ("far", self.far)):
            if shares is not None and abs(sum(shares.values()) - 1) > _OFF:
                raise wrong("shares_not_one", at=name, given=f"{sum(shares.values()):g}")
        return self


class GravesFile(Dated):
    """What the coming years need in graves: a table of deaths by town (or by town and year), or the city's shared out.

    ``table``: deaths a year and ``backlog``, village graves to be moved; with a column ``year`` those of each year.
    ``moves``: a table of graves moved by town and year; without it the backlog moves in equal parts until
    ``moves_until``. The horizon is ``years`` long or ends with ``until``, else the figure ``horizon-years``.
    ``levels``: the share of the dead that cemeteries of each level receive. Forms: ``shares`` of the study,
    ``shares_from_rules`` (figures ``form-share-...``), or ``eco_share``: that share takes a niche, the rest a grave.
    ``form_m2``, ``form_urns``: land a place and urns a place. ``kinds``: cemeteries whose free places count.
    ``year``: deaths follow the forecast up to that year, and stay as they are then.
    """

    table: Name
    moves: Name | None = None
    moves_until: Year | None = None
    years: Whole | None = Field(default=None, ge=1, le=100)
    until: Year | None = None
    first_year: Year | None = None
    near_until: Year = 2030
    far_until: Year = 2035
    levels: dict[Level, Share] = {}
    eco_share: Share | None = None
    shares: tuple[BurialSharesFile, ...] = ()
    shares_from_rules: Flag = False
    form_m2: dict[Form, NotBelow] = {}
    form_urns: dict[Form, Annotated[Whole, Field(ge=1, le=20)]] = {}
    kinds: tuple[str, ...] = Field(default=CEMETERIES, min_length=1)
    rules: str = "cemetery"
    source: str = ""

    @model_validator(mode="after")
    def _says_it_once(self) -> GravesFile:
        ways = {"eco_share": self.eco_share is not None, "shares": bool(self.shares),
                "shares_from_rules": self.shares_from_rules}  # fmt: skip
        said = [name for name, given in ways.items() if given]
        if len(said) > 1:
            raise wrong("said_twice", at=said[1], other=said[0])
        if self.years is not None and self.until is not None:
            raise wrong("said_twice", at="until", other="years")
        if self.levels and abs(sum(self.levels.values()) - 1) > _OFF:
            raise wrong("shares_not_one", at="levels", given=f"{sum(self.levels.values()):g}")
        check_partners(self, {"moves_until": (self.moves is None, "backlog")})
        return self

    @model_validator(mode="after")
    def _every_level_has_shares(self) -> GravesFile:
        if self.far_until < self.near_until:
            raise wrong("low_above_high", at="near_until", given=self.near_until, other="far_until",
                        most=self.far_until)  # fmt: skip
        named = [level for part in self.shares for level in part.levels]
        twice = [level for level in named if named.count(level) > 1]
        if twice:
            raise wrong("level_twice", at="shares", given=twice[0])
        missing = [level for level in self.levels or ("town",) if self.shares and level not in named]
        if missing:
            raise wrong("level_without_shares", at="shares", given=missing[0])
        return self


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
    cell_m: Number = Field(default=250, ge=1, le=100_000)
    elevation: str | None = None
    steepest_degrees: Number | None = Field(default=None, gt=0)
    land_cover: str | None = None
    forbidden_cover: tuple[Whole, ...] = ()
    wishes: tuple[WishFile, ...] = ()
    least_m2: Number = Field(default=33_333, gt=0)
    most_a_town: Whole = Field(default=5, ge=1, le=10_000)
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
