"""What every part of a study file rests on: checked fields, sources, tables, modes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from quarterhour.base.kinds import Symbol
from quarterhour.base.parallel import MOST_THREADS
from quarterhour.network.network import JOINED_M

Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_\-]+$")]
Quality = Literal["fact", "unstated", "estimated", "synthetic"]
Heading = Literal["to_site", "to_community"]
Objective = Literal["max-cover", "min-sites", "min-time", "min-worst", "min-cost", "equity", "gini"]
_REMOTE = re.compile(r"^/vsi|://|^[A-Za-z]:.*:|\x00")
Degrees = tuple[float, float, float, float]
TagTable = dict[str, Literal[True] | str | tuple[str, ...]]
"""OSM tags: true (any value), a text, or several of which any will do."""
_FIRST, _LAST = date(1980, 1, 1), date(2100, 12, 31)
"""Days that a study may be about; beyond, a year was mistyped."""


def wrong(key: str, **values: object) -> PydanticCustomError:
    """A mistake of our own, said by the table of words as ``study.KEY``; ``at``: the field of the part that has it."""
    return PydanticCustomError("ours", "{key}", {"key": key, **values})


def check_rising(part: BaseModel, low: str, high: str) -> None:
    """What is called the smaller, the nearer or the least of two fields is no more than the other."""
    least, most = getattr(part, low), getattr(part, high)
    if least is not None and most is not None and least > most:
        raise wrong("low_above_high", at=low, given=least, other=high, most=f"{most:g}")


def check_turnout(turnout_minutes: float, minutes: float) -> None:
    """Who sets out after all the minutes are over gets nowhere."""
    if turnout_minutes >= minutes:
        raise wrong("turnout_too_long", at="turnout_minutes", given=turnout_minutes, minutes=f"{minutes:g}")


def check_partners(part: BaseModel, partners: Mapping[str, tuple[bool, str]]) -> None:
    """A key that does nothing without another is not said alone. Key -> whether it counts, and what it needs."""
    for key, (counts, needed) in partners.items():
        if key in part.model_fields_set and not counts:
            raise wrong("needs_partner", at=key, needed=needed)


def _number(value: object) -> object:
    """TOML has booleans, text and numbers; only the last are numbers, and none is without end."""
    if isinstance(value, bool | str):
        raise wrong("field_float_type")
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong("field_finite_number")
    return value


def _whole(value: object) -> object:
    if isinstance(value, bool | str) or (isinstance(value, float) and not value.is_integer()):
        raise wrong("field_int_type")
    return value


def _threads(value: object) -> object:
    if isinstance(value, bool) or value not in ("auto", *range(1, MOST_THREADS + 1)):
        raise wrong("threads_not_meant", most=MOST_THREADS)
    return value


def _day(value: object) -> object:
    if isinstance(value, date | datetime) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise wrong("field_date_type")


def _of_our_time(day: date) -> date:
    if not _FIRST <= day <= _LAST:
        raise wrong("date_far", given=day.isoformat(), first=_FIRST.isoformat(), last=_LAST.isoformat())
    return day


Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
Threads = Annotated[Literal["auto"] | Annotated[int, Field(ge=1, le=MOST_THREADS)], BeforeValidator(_threads)]
Flag = Annotated[bool, Strict()]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_of_our_time)]
Above = Annotated[Number, Field(gt=0)]
NotBelow = Annotated[Number, Field(ge=0)]
CountYear = Annotated[Whole, Field(ge=1980, le=2100)]


def variable_name(value: str) -> str:
    """The name of an environment variable; what is none is not shown: it may be an address with its password."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}", value):
        raise wrong("not_a_variable", given=())
    return value


def local_path(value: str | None) -> str | None:
    if value is not None and _REMOTE.search(value):
        raise wrong("not_local", given=value)
    return value


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def known_crs(value: str) -> str:
    """A CRS of places on the ground that PROJ knows, as the user names it."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        crs = CRS.from_user_input(value)
    except CRSError:
        raise wrong("no_crs", given=value) from None
    if not (crs.is_geographic or crs.is_projected):
        raise wrong("crs_not_on_the_ground", given=value)
    return value


class StudyHead(Part):
    """Who and where; without ``crs`` a study takes the zone that its roads lie in."""

    id: Name
    zh: str
    en: str
    crs: str | None = None
    reference_date: Day
    seed: Whole = Field(default=0, ge=0, le=2**31 - 1)
    snap_limit_m: Number = Field(default=1000, gt=0, le=100_000)
    threads: Threads = "auto"

    @field_validator("crs")
    @classmethod
    def _known_and_metric(cls, value: str | None) -> str | None:
        from pyproj import CRS

        if value is None:
            return None
        crs = CRS.from_user_input(known_crs(value))
        if not crs.is_projected or any(a.unit_name not in ("metre", "meter") for a in crs.axis_info):
            raise wrong("crs_not_metric", given=value)
        return value


class Source(Part):
    """A file or a layer as received. ``crs``: what the file does not say itself; without it, EPSG:4326.

    ``database`` and ``table`` in the stead of a path: a table or view of one of the study's ``[databases]``.
    """

    path: str | None = None
    database: Name | None = None
    table: str | None = Field(default=None, min_length=1)
    layer: str | None = None
    columns: dict[str, str] = {}
    encoding: str | None = None
    sheet: str | Whole | None = None
    header_row: Whole | None = Field(default=None, ge=1)
    crs: str | None = None
    datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    hidden_rows: Literal["use", "skip"] = "use"
    quality: Quality = "unstated"
    source: str = ""

    @field_validator("path")
    @classmethod
    def _local(cls, value: str | None) -> str | None:
        return local_path(value)

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        if (self.database is None) != (self.table is None):
            given, needed = ("table", "database") if self.database is None else ("database", "table")
            raise wrong("needs_partner", at=given, needed=needed)
        if self.database is not None and (self.path is not None or getattr(self, "from_osm", None)):
            raise wrong("one_source", at="database")
        return self

    @field_validator("encoding")
    @classmethod
    def _of_text(cls, value: str | None) -> str | None:
        try:
            "一".encode(value or "utf-8")
        except UnicodeError:
            return value
        except (LookupError, ValueError):
            raise wrong("no_encoding", given=value) from None
        return value

    @field_validator("crs")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return None if value is None else known_crs(value)


class RoadsFile(Source):
    """Roads; a grid of elevations for their slopes, and whether the turn restrictions of an extract are obeyed.

    ``join_m``: ends that miss another road by no more are joined to it, where no node ids say what meets (0: none).
    ``oneway_values``: what the marks of the one-way column mean. ``area``: west, south, east, north in degrees of what
    is read of an OSM extract, or all of it; without it the communities' ground (``study/reading/extract_area``).
    """

    elevation: str | None = None
    turns: Flag = True
    join_m: Number = Field(default=JOINED_M, ge=0, le=20)
    area: Degrees | Literal["all"] | None = None
    oneway_values: dict[Literal["both", "along", "against"], tuple[bool | int | str, ...]] | None = None

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
    rows: Whole | None = Field(default=None, ge=0)

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
        if self.path is None and self.database is None and not self.from_osm:
            raise wrong("no_origin")
        return self


class Communities(Places):
    """Communities and the columns that count their people.

    ``parts``: which column counts a part of which; ``totals``: what a column must come to. ``year``: of which year the
    figures are, all of them or by column.
    """

    people: tuple[str, ...] = Field(min_length=1)
    parts: dict[str, str] = {}
    totals: dict[str, NotBelow] = {}
    year: CountYear | dict[str, CountYear] | None = None

    @model_validator(mode="after")
    def _of_its_people(self) -> Communities:
        dated = self.year if isinstance(self.year, dict) else {}
        for given in (*self.parts, *self.parts.values(), *self.totals, *dated):
            if given not in self.people:
                raise wrong("not_of_people", given=given, known=", ".join(self.people))
        for part, whole in self.parts.items():
            if part == whole:
                raise wrong("part_of_itself", given=part)
        return self

    def year_of(self, column: str) -> int | None:
        """The year that a column's figures are of; None where nobody says."""
        return self.year.get(column) if isinstance(self.year, dict) else self.year


class Addressed(Places):
    """Places of which some may have no coordinates, but an address in a column.

    ``geocoder``: which of the study's ``[geocoders]`` is asked where no community has that name.
    """

    address: str | None = Field(default=None, min_length=1)
    geocoder: Literal["amap", "tianditu"] | None = None

    @model_validator(mode="after")
    def _with_addresses(self) -> Addressed:
        if self.geocoder is not None and self.address is None:
            raise wrong("needs_partner", at="geocoder", needed="address")
        if self.address is not None and self.from_osm:
            raise wrong("needs_partner", at="address", needed="path")
        return self


class Facilities(Addressed):
    """Facilities; `kind` when the table has no column of kinds, or for all that came from OSM.

    ``format``: an office's own form, whose columns are known (``io/offices``).
    """

    kind: str | None = None
    format: Literal["elderly-system-export"] | None = None


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

    people: str
    column: str | None = None
    quality: Quality = "estimated"

    @property
    def is_grid(self) -> bool:
        """Whether it is a grid, by its name."""
        return self.path is not None and self.path.lower().endswith((".tif", ".tiff"))

    @model_validator(mode="after")
    def _heard(self) -> PopulationFile:
        if self.path is None and self.database is None:
            raise wrong("no_source")
        idle = self.model_fields_set & {*Source.model_fields, "column"} - {"path", "quality", "source"}
        if self.is_grid and idle:
            raise wrong("grid_says_itself", given=min(idle))
        return self
