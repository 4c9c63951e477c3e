"""What a study file may say of siting questions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from quarterhour.studyfile.parts import Above, Heading, Name, Objective, Part, wrong


class QuotaFile(Part):
    """At least so many open sites in every area of a level."""

    level: Literal["town", "county"]
    minimum: int = Field(default=1, ge=0)
    maximum: int | None = Field(default=None, ge=0)


class Exclusion(Part):
    """Nothing nearer than so many metres to a layer, to the communities, or to roads of some classes."""

    layer: str
    metres: float = Field(gt=0)
    road_classes: tuple[str, ...] = ()
    clause: str = ""


class CapacityFile(Part):
    """What a site can serve, and what communities ask of it: graves by town's need, or a share of people.

    ``column``: of facilities and candidates, so many; where it is blank, ``land`` (m2) holds so many graves by the
    rule set's figures; where that is blank too, ``existing_each`` and ``new_each``.
    """

    unit: Name
    column: str
    land: str | None = None
    existing_each: int = Field(default=0, ge=0)
    new_each: int = Field(default=0, ge=0)
    share: float = Field(default=1, gt=0)
    source: str = ""


class PhasesFile(Part):
    """In which order to build: so many sites a year, from a year on."""

    per_year: int = Field(ge=1)
    first_year: int = Field(ge=1900, le=2200)


class RobustFile(Part):
    """How often each site stays chosen when the speed and the people are drawn."""

    scenarios: int = Field(default=10, ge=1, le=200)
    speed: tuple[Above, Above] = (0.8, 1.2)
    people: float = Field(default=0.1, ge=0, le=1)
    source: str = ""

    @model_validator(mode="after")
    def _small_first(self) -> RobustFile:
        if self.speed[0] > self.speed[1]:
            raise wrong("not_rising", given=f"[{self.speed[0]:g}, {self.speed[1]:g}]")
        return self


class SitingFile(Part):
    """A siting question."""

    id: Name
    zh: str
    en: str
    kind: str
    mode: str
    minutes: float = Field(gt=0, le=600)
    heading: Heading = "to_site"
    turnout_minutes: float = Field(default=0, ge=0)
    people: str
    objective: Objective | tuple[Objective, ...] = "max-cover"
    new_sites: int | None = Field(default=None, ge=0)
    counts_kinds: tuple[str, ...] = ()
    upgrade_kinds: tuple[str, ...] = ()
    frontier: int = Field(default=0, ge=0, le=500)
    candidates: Literal["table", "communities", "network", "overlay"] = "communities"
    candidate_count: int = Field(default=300, ge=1)
    quotas: tuple[QuotaFile, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    exclude_rules: tuple[str, ...] = ()
    seconds: float = Field(default=60, gt=0)
    capacity: CapacityFile | None = None
    phases: PhasesFile | None = None
    values: bool = False
    robust: RobustFile | None = None

    @property
    def first_objective(self) -> str:
        """The first of the chain."""
        return self.objective if isinstance(self.objective, str) else next(iter(self.objective), "")

    @model_validator(mode="after")
    def _count_given(self) -> SitingFile:
        if self.first_objective in ("max-cover", "equity", "gini") and self.new_sites is None:
            raise wrong("no_new_sites")
        return self
