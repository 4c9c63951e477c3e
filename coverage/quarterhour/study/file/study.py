"""A whole study file: its parts, and that they agree."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from quarterhour.base.limits import limits
from quarterhour.study.file.circles import CircleFile, PictureFile, ReportingFile, TargetsFile
from quarterhour.study.file.database import DatabaseFile, GeocoderFile, GeocoderName, Outputs, PlanFile
from quarterhour.study.file.fields import (
    Addressed,
    Communities,
    Facilities,
    KindFile,
    Part,
    Places,
    PopulationFile,
    RoadsFile,
    StudyHead,
    TagTable,
    Whole,
    wrong,
)
from quarterhour.study.file.forecast import ForecastFile, check_years
from quarterhour.study.file.modes import ModeFile
from quarterhour.study.file.registers import PrivacyFile, RegisterFile, with_made_columns
from quarterhour.study.file.services import AccessFile, BedsFile, GravesFile, OverlayFile, RoundsFile
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.file.tables import FigureTable, LayerFile


def _one_or_more(given: Any) -> Any:
    """[population] for one column of people, [[population]] for several."""
    return [given] if isinstance(given, dict) else given


class StudyFile(Part):
    """A whole study file, checked."""

    study: StudyHead
    roads: RoadsFile
    communities: Communities
    population: Annotated[tuple[PopulationFile, ...], BeforeValidator(_one_or_more)] = ()
    registers: tuple[RegisterFile, ...] = ()
    privacy: PrivacyFile = PrivacyFile()
    towns: Places | None = None
    counties: Places | None = None
    facilities: tuple[Facilities, ...] = ()
    candidates: Addressed | None = None
    tables: tuple[FigureTable, ...] = ()
    layers: tuple[LayerFile, ...] = ()
    modes: dict[str, ModeFile] = {}
    kinds: dict[str, KindFile] = {}
    circles: tuple[CircleFile, ...] = ()
    pictures: tuple[PictureFile, ...] = ()
    targets: TargetsFile = TargetsFile()
    reporting: ReportingFile = ReportingFile()
    siting: tuple[SitingFile, ...] = ()
    access: tuple[AccessFile, ...] = ()
    beds: BedsFile | None = None
    rounds: RoundsFile | None = None
    graves: GravesFile | None = None
    overlay: OverlayFile | None = None
    forecast: ForecastFile | None = None
    plan: PlanFile = PlanFile()
    databases: dict[str, DatabaseFile] = {}
    geocoders: dict[GeocoderName, GeocoderFile] = {}
    outputs: Outputs = Outputs()
    limits: dict[str, Annotated[Whole, Field(ge=1, le=10**15)]] = {}

    @field_validator("limits")
    @classmethod
    def _known_limits(cls, value: dict[str, int]) -> dict[str, int]:
        for name in value:
            if name not in limits():
                near = difflib.get_close_matches(name, limits(), n=1)
                raise wrong("unknown_limit", at=name, given=value[name], near=near[0] if near else "")
        return value

    @property
    def own_tags(self) -> dict[str, tuple[TagTable, ...]]:
        """The OSM tags of the study's own kinds, by their names."""
        return {name: kind.osm for name, kind in self.kinds.items() if kind.osm}

    @property
    def filled(self) -> tuple[str, ...]:
        """The columns of people that do not come from the communities' own table."""
        return (*(p.people for p in self.population), *(c for r in self.registers for c in r.made))

    @property
    def guarded(self) -> tuple[tuple[str, ...], ...]:
        """The columns of people of which small counts are not told, those of one register together."""
        if self.privacy.smallest_count < 2:
            return ()
        known = [c for r in self.registers for c in r.made]
        own = tuple(c for c in dict.fromkeys(self.privacy.guards) if c not in known)
        return tuple(family for family in (*(r.made for r in self.registers), own) if family)

    @model_validator(mode="before")
    @classmethod
    def _count_registers(cls, given: Any) -> Any:
        return with_made_columns(given)

    @model_validator(mode="after")
    def _names_agree(self) -> StudyFile:
        people = set(self.communities.people)
        parts: tuple[CircleFile | SitingFile | AccessFile, ...] = (*self.circles, *self.siting, *self.access)
        asked = [(p.id, c) for p in parts for c in (p.columns if isinstance(p, SitingFile) else (p.people,))]
        asked += [("rounds", self.rounds.people)] if self.rounds else []
        asked += [("beds", self.beds.people)] if self.beds and self.beds.wanted else []
        asked += [("forecast", column) for column in (self.forecast.groups if self.forecast else ())]
        asked += [("population", p.people) for p in self.population]
        for part_id, given in asked:
            if given not in people:
                raise wrong("unknown_people", part=part_id, given=given, known=", ".join(sorted(people)))
        layers = {t.name for t in self.layers} | {"communities", "roads"}
        tables = [t.name for t in self.tables]
        for question in self.siting:
            pairs = question.conflict_table
            if pairs is not None and pairs not in tables:
                raise wrong("unknown_table", part=question.id, given=pairs, known=", ".join(tables) or "-")
            for rule in question.exclude:
                if rule.layer not in layers:
                    raise wrong("unknown_layer", part=question.id, given=rule.layer, known=", ".join(sorted(layers)))
            if question.capacity and question.capacity.unit == "graves" and self.graves is None:
                raise wrong("no_graves", part=question.id, given="graves")
            if question.candidates == "table" and self.candidates is None:
                raise wrong("no_candidates", part=question.id, given="table")
        known = {t.name for t in self.layers}
        for picture in self.pictures:
            _check_picture(picture, [c.id for c in self.circles], known | {"towns", "counties"})
        named = [[t.name for t in tables] for tables in (self.tables, self.layers)]
        filled = list(self.filled)
        for column in self.privacy.guards:
            if column not in people:
                raise wrong("unknown_people", part="privacy", given=column, known=", ".join(sorted(people)))
        for ids in ([p.id for p in parts], [p.circle for p in self.pictures], filled, *named):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise wrong("ids_twice", given=twice[0])
        return self

    @model_validator(mode="after")
    def _years_are_forecast(self) -> StudyFile:
        names = [t.name for t in self.tables]
        for key, name in (self.forecast.tables if self.forecast else {}).items():
            if name not in names:
                raise wrong("unknown_table", part=f"forecast.{key}", given=name, known=", ".join(names) or "-")
        parts: tuple[CircleFile | AccessFile, ...] = (*self.circles, *self.access)
        dated: dict[str, tuple[Any, tuple[str, ...]]] = {c.id: (c, (c.people,)) for c in parts}
        dated |= {q.id: (q, q.columns) for q in self.siting}
        dated |= {"beds": (self.beds, (self.beds.people,))} if self.beds else {}
        dated |= {"graves": (self.graves, ())} if self.graves else {}
        check_years(self.forecast, dated)
        robust = next((q for q in self.siting if q.robust and q.robust.forecast), None)
        if robust is not None:
            if self.forecast is None:
                raise wrong("year_without_forecast", part=f"{robust.id}: robust", given="forecast")
            check_years(self.forecast, {robust.id: (robust.model_copy(update={"year": 2000}), robust.columns)})
        return self


def _check_picture(picture: PictureFile, circles: list[str], layers: set[str]) -> None:
    if picture.circle not in circles:
        raise wrong("unknown_circle", given=picture.circle, known=", ".join(circles))
    for name in (*([picture.land] if picture.land else []), *(picture.water or ())):
        if name not in layers:
            raise wrong("unknown_layer", part=picture.circle, given=name, known=", ".join(sorted(layers)))
