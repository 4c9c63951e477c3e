"""What every part of a study file rests on: checked fields, sources, tables, modes."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from quarterhour.base.kinds import Symbol
from quarterhour.network.roads.near import JOINED_M

Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_\-]+$")]
Quality = Literal["fact", "estimated", "synthetic"]
Heading = Literal["to_site", "to_community"]
Objective = Literal["max-cover", "min-sites", "min-time", "min-worst", "min-cost", "equity", "gini"]
_REMOTE = re.compile(r"^/vsi|://|^[A-Za-z]:.*:|\x00")
Above = Annotated[float, Field(gt=0)]
NotBelow = Annotated[float, Field(ge=0)]
Degrees = tuple[float, float, float, float]
TagTable = dict[str, Literal[True] | str | tuple[str, ...]]
"""OSM tags: true (any value), a text, or several of which any will do."""


def wrong(key: str, **values: object) -> PydanticCustomError:
    """A mistake of our own, said by the table of words as ``study.KEY``."""
    return PydanticCustomError("ours", "{key}", {"key": key, **values})


def local_path(value: str | None) -> str | None:
    if value is not None and _REMOTE.search(value):
        raise wrong("not_local", given=value)
    return value


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class StudyHead(Part):
    """Who and where."""

    id: Name
    zh: str
    en: str
    crs: str
    reference_date: date
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    snap_limit_m: float = Field(default=1000, gt=0)
    threads: int = Field(default=1, ge=1)

    @field_validator("crs")
    @classmethod
    def _known_and_metric(cls, value: str) -> str:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            crs = CRS.from_user_input(value)
        except CRSError:
            raise wrong("no_crs", given=value) from None
        if crs.is_geographic or any(a.unit_name not in ("metre", "meter") for a in crs.axis_info):
            raise wrong("crs_not_metric", given=value)
        return value


class Source(Part):
    """A file or a layer as received."""

    path: str | None = None
    layer: str | None = None
    columns: dict[str, str] = {}
    encoding: str | None = None
    sheet: str | int | None = None
    header_row: int | None = Field(default=None, ge=1)
    crs: str = "EPSG:4326"
    datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    hidden_rows: Literal["use", "skip"] = "use"
    quality: Quality = "fact"
    source: str = ""

    @field_validator("path")
    @classmethod
    def _local(cls, value: str | None) -> str | None:
        return local_path(value)


class RoadsFile(Source):
    """Roads; a grid of elevations for their slopes, and whether the turn restrictions of an extract are obeyed.

    ``join_m``: ends that miss another road by no more are joined to it, where no node ids say what meets (0: none).
    ``area``: west, south, east, north in degrees of the part of an OSM extract that is read; ``"all"``: the whole of
    it; without a word the ground around the communities (``study/extract_area``).
    """

    elevation: str | None = None
    turns: bool = True
    join_m: float = Field(default=JOINED_M, ge=0, le=20)
    area: Degrees | Literal["all"] | None = None

    @field_validator("area", mode="before")
    @classmethod
    def _a_box(cls, value: Any) -> Any:
        return value if value is None else _area(value)

    @field_validator("elevation")
    @classmethod
    def _near(cls, value: str | None) -> str | None:
        return local_path(value)


def _area(value: Any) -> Any:
    """A box that can be meant, or "all"."""
    if value == "all":
        return value
    sides = value if isinstance(value, list | tuple) else ()
    if len(sides) != 4 or any(isinstance(s, bool) or not isinstance(s, int | float) for s in sides):
        raise wrong("area_not_box", given=str(value))
    west, south, east, north = sides
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise wrong("area_not_box", given=str(value))
    return value


def _tags(value: Any) -> Any:
    """A table of tags that can be meant: each value true, a text, or a list of texts."""
    for key, said in value.items():
        some = [said] if isinstance(said, str) else said
        listed = isinstance(some, list | tuple) and some and all(isinstance(v, str) and v for v in some)
        if said is not True and not listed:
            raise wrong("tag_not_meant", tag=key, given=str(said))
    return value


class Places(Source):
    """Places out of a table, or out of the OSM extract: by kinds, or by tags any of which is enough.

    ``code_system``: the list that all its codes are from, or by column; ``rows``: how many there must be.
    """

    from_osm: tuple[str, ...] | TagTable = ()
    code_system: str | dict[Literal["id", "town", "county"], str] = ""
    rows: int | None = Field(default=None, ge=0)

    @field_validator("from_osm", mode="before")
    @classmethod
    def _kinds_or_tags(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return _tags(value)
        if not isinstance(value, list | tuple) or not all(isinstance(kind, str) for kind in value):
            raise wrong("from_osm_not_meant", given=str(value))
        return value

    def system_of(self, column: str) -> str:
        """The list that the codes of a column are from (nbs-2023, mca-2026 ...); "" where nobody says."""
        return self.code_system if isinstance(self.code_system, str) else self.code_system.get(column, "")  # type: ignore[call-overload]

    @model_validator(mode="after")
    def _one_origin(self) -> Places:
        if self.path is None and not self.from_osm:
            raise wrong("no_origin")
        return self


class Communities(Places):
    """Communities and the columns that count their people.

    ``parts``: which column counts a part of which; ``totals``: what a column must come to.
    """

    people: tuple[str, ...] = Field(min_length=1)
    parts: dict[str, str] = {}
    totals: dict[str, NotBelow] = {}

    @model_validator(mode="after")
    def _of_its_people(self) -> Communities:
        for given in (*self.parts, *self.parts.values(), *self.totals):
            if given not in self.people:
                raise wrong("not_of_people", given=given, known=", ".join(self.people))
        for part, whole in self.parts.items():
            if part == whole:
                raise wrong("part_of_itself", given=part)
        return self


class Facilities(Places):
    """Facilities; `kind` when the table has no column of kinds, or for all that came from OSM."""

    kind: str | None = None


class KindFile(Part):
    """A kind of the study's own, or what it calls and how it shows one of the program's.

    ``osm``: tables of tags; a place is of the kind when all tags of one of them agree (a list: any of its values;
    true: any value), so that ``from_osm`` may name the kind.
    """

    zh: str = ""
    en: str = ""
    colour: str = ""
    symbol: Symbol = "square"
    osm: tuple[TagTable, ...] = ()

    @field_validator("colour")
    @classmethod
    def _a_colour(cls, value: str) -> str:
        if value and not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
            raise wrong("bad_colour", given=value)
        return value

    @field_validator("osm", mode="before")
    @classmethod
    def _of_tags(cls, value: Any) -> Any:
        tables = [value] if isinstance(value, dict) else value
        if not isinstance(tables, list | tuple) or not all(isinstance(one, dict) and one for one in tables):
            raise wrong("from_osm_not_meant", given=str(value))
        return [_tags(one) for one in tables]


class PopulationFile(Source):
    """People on the ground, shared out among communities that are outlines: a GeoTIFF of people in each cell, or areas
    or points that count people in a column.

    ``people``: the column of the communities that it fills. ``column``: that of the file; without it the same.
    """

    path: str
    people: str
    column: str | None = None
    quality: Quality = "estimated"

    @property
    def is_grid(self) -> bool:
        """Whether it is a grid, by its name."""
        return self.path.lower().endswith((".tif", ".tiff"))

    @model_validator(mode="after")
    def _heard(self) -> PopulationFile:
        idle = self.model_fields_set & {*Source.model_fields, "column"} - {"path", "quality", "source"}
        if self.is_grid and idle:
            raise wrong("grid_says_itself", given=min(idle))
        return self


class NamedTable(Source):
    """A table of figures for targets, or a layer for exclusions."""

    name: Name
    path: str


class FigureTable(NamedTable):
    """A table of figures; ``code_system``: the list that its codes of towns and counties are from."""

    code_system: str = ""


class Outputs(Part):
    """Where results go."""

    folder: str | None = None


class ModeFile(Part):
    """A mode of the study's own; the fields of data/modes.toml."""

    zh: str = ""
    en: str = ""
    travels: Literal["walk", "vehicle"]
    uses: Literal["walk", "drive", "cycle"] | None = None
    speed_kmh: float | None = Field(default=None, gt=0)
    speeds_kmh: dict[str, float] = {}
    other_kmh: float | None = Field(default=None, gt=0)
    gap_kmh: float = Field(default=3.6, gt=0)
    turnout_minutes: float = Field(default=0, ge=0)
    forbidden: tuple[str, ...] = ()
    limit_share: float = Field(default=0, ge=0)
    surface_factors: dict[str, float] = {}
    surface_kmh: dict[str, float] = {}
    signal_seconds: float = Field(default=0, ge=0)
    ferry_wait_minutes: float = Field(default=0, ge=0)
    stopped_by: tuple[str, ...] = ()
    slope: Literal["tobler"] | dict[str, float] | None = None
    turn_seconds: dict[Literal["left", "right", "straight", "u_turn"], NotBelow] = {}
    drives_on: Literal["right", "left"] | None = None
    counts_as: tuple[str, ...] = ()
    source: str = ""
    date: str = ""
    verified: bool = False
