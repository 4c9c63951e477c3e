"""What a study file may say, and where it says it wrong."""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from quarterhour import words
from quarterhour.errors import MissingError, StudyError

Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_\-]+$")]
Quality = Literal["fact", "estimated", "synthetic"]
Heading = Literal["to_site", "to_community"]
Objective = Literal["max-cover", "min-sites", "min-time", "min-worst", "equity"]
_REMOTE = re.compile(r"^/vsi|://|^[A-Za-z]:.*:|\x00")


def _wrong(key: str, **values: object) -> PydanticCustomError:
    """A mistake of our own, said by the table of words as ``study.KEY``."""
    return PydanticCustomError("ours", "{key}", {"key": key, **values})


def _local_path(value: str | None) -> str | None:
    if value is not None and _REMOTE.search(value):
        raise _wrong("not_local", given=value)
    return value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class StudyHead(_Part):
    """Who and where."""

    id: Name
    zh: str
    en: str
    crs: str
    reference_date: date
    seed: int = 0
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
            raise _wrong("no_crs", given=value) from None
        if crs.is_geographic or any(a.unit_name not in ("metre", "meter") for a in crs.axis_info):
            raise _wrong("crs_not_metric", given=value)
        return value


class Source(_Part):
    """A file or a layer as received."""

    path: str | None = None
    layer: str | None = None
    columns: dict[str, str] = {}
    encoding: str | None = None
    sheet: str | int | None = None
    header_row: int | None = Field(default=None, ge=1)
    crs: str = "EPSG:4326"
    datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    quality: Quality = "fact"
    source: str = ""

    @field_validator("path")
    @classmethod
    def _local(cls, value: str | None) -> str | None:
        return _local_path(value)


class RoadsFile(Source):
    """Roads; a grid of elevations for their slopes, and whether the turn restrictions of an extract are obeyed."""

    elevation: str | None = None
    turns: bool = True

    @field_validator("elevation")
    @classmethod
    def _near(cls, value: str | None) -> str | None:
        return _local_path(value)


class Places(Source):
    """Places out of a table, or out of the OSM extract by kind."""

    from_osm: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> Places:
        if self.path is None and not self.from_osm:
            raise _wrong("no_origin")
        return self


class Communities(Places):
    """Communities and the columns that count their people."""

    people: tuple[str, ...] = Field(min_length=1)


class Facilities(Places):
    """Facilities; `kind` when the table has no column of kinds."""

    kind: str | None = None


class NamedTable(Source):
    """A table of figures for targets, or a layer for exclusions."""

    name: Name
    path: str


Above = Annotated[float, Field(gt=0)]
NotBelow = Annotated[float, Field(ge=0)]


class UncertainFile(_Part):
    """How well a circle's pace is known: factors of the speed or a slow and a fast mode, and minutes of turnout."""

    speed: tuple[Above, Above] = (1.0, 1.0)
    turnout_minutes: tuple[NotBelow, NotBelow] | None = None
    modes: tuple[str, str] | None = None
    source: str = ""

    @model_validator(mode="after")
    def _small_first(self) -> UncertainFile:
        for low, high in filter(None, (self.speed, self.turnout_minutes)):
            if low > high:
                raise _wrong("not_rising", given=f"[{low:g}, {high:g}]")
        if not self.speed[0] <= 1 <= self.speed[1]:
            raise _wrong("own_pace_outside", given=f"[{self.speed[0]:g}, {self.speed[1]:g}]")
        return self


class CircleFile(_Part):
    """A service circle."""

    id: Name
    zh: str
    en: str
    kinds: tuple[str, ...] = Field(min_length=1)
    mode: str
    compare_modes: tuple[str, ...] = ()
    minutes: float = Field(gt=0, le=600)
    heading: Heading
    turnout_minutes: float | None = Field(default=None, ge=0)
    people: str
    need: Literal["any", "all"] = "any"
    uncertain: UncertainFile | None = None
    clause: str = ""
    source: str = ""
    date: str = ""
    verified: bool = False


class PictureFile(_Part):
    """The ground that the facilities of a circle reach, drawn; never the judge."""

    circle: str
    minutes: tuple[Above, ...] = Field(min_length=1)
    each: bool = False
    bands: bool = True
    radius_m: float = Field(default=50, gt=0)
    cell_m: float | None = Field(default=None, gt=0)
    land: str | None = None
    water: tuple[str, ...] | None = None


class TargetsFile(_Part):
    """Rule sets: shipped names, or TOML files of the study; ``dates``: further days to score on."""

    rules: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()


class QuotaFile(_Part):
    """At least so many open sites in every area of a level."""

    level: Literal["town", "county"]
    minimum: int = Field(default=1, ge=0)
    maximum: int | None = Field(default=None, ge=0)


class Exclusion(_Part):
    """Nothing nearer than so many metres to a layer, to the communities, or to roads of some classes."""

    layer: str
    metres: float = Field(gt=0)
    road_classes: tuple[str, ...] = ()
    clause: str = ""


class CapacityFile(_Part):
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


class PhasesFile(_Part):
    """In which order to build: so many sites a year, from a year on."""

    per_year: int = Field(ge=1)
    first_year: int = Field(ge=1900, le=2200)


class RobustFile(_Part):
    """How often each site stays chosen when the speed and the people are drawn."""

    scenarios: int = Field(default=10, ge=1, le=200)
    speed: tuple[Above, Above] = (0.8, 1.2)
    people: float = Field(default=0.1, ge=0, le=1)
    source: str = ""

    @model_validator(mode="after")
    def _small_first(self) -> RobustFile:
        if self.speed[0] > self.speed[1]:
            raise _wrong("not_rising", given=f"[{self.speed[0]:g}, {self.speed[1]:g}]")
        return self


class SitingFile(_Part):
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
        if self.first_objective in ("max-cover", "equity") and self.new_sites is None:
            raise _wrong("no_new_sites")
        return self


class AccessFile(_Part):
    """How much of a service people can have: capacity shared among all who reach it, and who is served."""

    id: Name
    zh: str
    en: str
    kinds: tuple[str, ...] = Field(min_length=1)
    capacity: str = "beds"
    people: str
    share: float = Field(default=1, gt=0, le=1)
    mode: str
    minutes: float = Field(gt=0, le=600)
    heading: Heading = "to_site"
    methods: tuple[Literal["2sfca", "e2sfca", "3sfca", "gaussian"], ...] = Field(default=("2sfca",), min_length=1)
    source: str = ""


class BedsFile(_Part):
    """The cheapest conversion of beds that reaches a share of nursing beds."""

    kinds: tuple[str, ...] = Field(min_length=1)
    share: float = Field(default=0.6, ge=0, le=1)
    level: Literal["county", "city"] = "city"
    source: str = ""


class RoundsFile(_Part):
    """Carers' rounds from bases to people at home; minutes but for the counts."""

    kinds: tuple[str, ...] = Field(min_length=1)
    people: str
    mode: str
    minutes: float = Field(default=15, gt=0)
    farthest_minutes: float = Field(default=60, gt=0, le=600)
    staff: str = "staff"
    slack: float = Field(default=0.1, ge=0)
    visits_a_week: float = Field(default=3, ge=0)
    days_a_week: int = Field(default=5, ge=1, le=7)
    visit_minutes: float = Field(default=45, gt=0)
    between_homes_minutes: float = Field(default=3, ge=0)
    shift_minutes: float = Field(default=480, gt=0)
    turnout_minutes: float = Field(default=3, ge=0)
    seconds: float = Field(default=120, gt=0)
    source: str = ""


class GravesFile(_Part):
    """What the coming years need in graves: a table by town (deaths, backlog), or the city's deaths shared out."""

    table: Name
    eco_share: float = Field(default=0.6, ge=0, le=1)
    rules: str = "cemetery"
    source: str = ""


class WishFile(_Part):
    """A wish of the overlay: full marks at `best`, none at `worst` (metres; degrees for the slope)."""

    layer: str
    best: float
    worst: float
    share: float = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _apart(self) -> WishFile:
        if self.best == self.worst:
            raise _wrong("wish_flat", given=self.layer)
        return self


class OverlayFile(_Part):
    """Where parcels may lie: rules, slope, land cover, wishes."""

    rules: tuple[str, ...] = ()
    kind: str
    cell_m: float = Field(default=250, gt=0)
    elevation: str | None = None
    steepest_degrees: float | None = Field(default=None, gt=0)
    land_cover: str | None = None
    forbidden_cover: tuple[int, ...] = ()
    wishes: tuple[WishFile, ...] = ()
    least_m2: float = Field(default=33_333, gt=0)
    most_a_town: int = Field(default=5, ge=1)
    quality: Quality = "fact"
    source: str = ""


class Outputs(_Part):
    """Where results go."""

    folder: str | None = None


class ModeFile(_Part):
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


class StudyFile(_Part):
    """A whole study file, checked."""

    study: StudyHead
    roads: RoadsFile
    communities: Communities
    towns: Places | None = None
    counties: Places | None = None
    facilities: tuple[Facilities, ...] = ()
    candidates: Places | None = None
    tables: tuple[NamedTable, ...] = ()
    layers: tuple[NamedTable, ...] = ()
    modes: dict[str, ModeFile] = {}
    circles: tuple[CircleFile, ...] = ()
    pictures: tuple[PictureFile, ...] = ()
    targets: TargetsFile = TargetsFile()
    siting: tuple[SitingFile, ...] = ()
    access: tuple[AccessFile, ...] = ()
    beds: BedsFile | None = None
    rounds: RoundsFile | None = None
    graves: GravesFile | None = None
    overlay: OverlayFile | None = None
    outputs: Outputs = Outputs()

    @model_validator(mode="after")
    def _names_agree(self) -> StudyFile:
        people = set(self.communities.people)
        parts: tuple[CircleFile | SitingFile | AccessFile, ...] = (*self.circles, *self.siting, *self.access)
        asked = [(part.id, part.people) for part in parts]
        asked += [("rounds", self.rounds.people)] if self.rounds else []
        for part_id, given in asked:
            if given not in people:
                raise _wrong("unknown_people", part=part_id, given=given, known=", ".join(sorted(people)))
        layers = {t.name for t in self.layers} | {"communities", "roads"}
        for question in self.siting:
            for rule in question.exclude:
                if rule.layer not in layers:
                    raise _wrong("unknown_layer", part=question.id, given=rule.layer, known=", ".join(sorted(layers)))
            if question.capacity and question.capacity.unit == "graves" and self.graves is None:
                raise _wrong("no_graves", part=question.id, given="graves")
            if question.candidates == "table" and self.candidates is None:
                raise _wrong("no_candidates", part=question.id, given="table")
        known = {t.name for t in self.layers}
        for picture in self.pictures:
            _check_picture(picture, [c.id for c in self.circles], known | {"towns", "counties"})
        for ids in ([p.id for p in parts], [p.circle for p in self.pictures]):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise _wrong("ids_twice", given=twice[0])
        return self


def _check_picture(picture: PictureFile, circles: list[str], layers: set[str]) -> None:
    if picture.circle not in circles:
        raise _wrong("unknown_circle", given=picture.circle, known=", ".join(circles))
    for name in (*([picture.land] if picture.land else []), *(picture.water or ())):
        if name not in layers:
            raise _wrong("unknown_layer", part=picture.circle, given=name, known=", ".join(sorted(layers)))


def _fields_of(part: type[BaseModel]) -> set[str]:
    inner = [t for p in part.__subclasses__() for t in _fields_of(p)]
    return set(part.model_fields) | set(inner)


_FIELDS = sorted(_fields_of(_Part))


def find_study(path: str | Path) -> Path:
    """The study file: the path itself, or ``study.toml`` in the folder."""
    found = Path(path)
    found = found / "study.toml" if found.is_dir() else found
    if not found.is_file():
        raise MissingError("study.no_study_file", path=str(path))
    return found


def read_study_file(path: str | Path) -> StudyFile:
    """A study file, checked; StudyError names the line and the field of everything that is wrong."""
    file = find_study(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        parsed = tomllib.loads(text)
    except UnicodeDecodeError as why:
        raise StudyError("study.not_utf8", file=file.name, why=str(why)) from why
    except tomllib.TOMLDecodeError as why:
        raise StudyError("study.not_toml", file=file.name, why=str(why)) from why
    try:
        return StudyFile.model_validate(parsed)
    except ValidationError as why:
        told = {lang: "\n".join(_told(file.name, text, p, lang) for p in why.errors()) for lang in words.LANGUAGES}
        raise StudyError("study.bad_fields", problems=told) from why


def _told(name: str, text: str, problem: Any, lang: str) -> str:
    """One mistake: file, line, field, what is wrong, what came."""
    where, values = problem["loc"], dict(problem.get("ctx", {}))
    given = values.get("given", problem.get("input"))
    key = values.pop("key", f"field_{problem['type']}")
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _FIELDS, n=1)
        values["instead"] = words.say("study.did_you_mean", lang, name=near[0]) if near else ""
    if words.entry(f"study.{key}") is None:
        key, values = "field_other", {"said": problem["msg"]}
    line = _line_with(text, where, values.get("given"))
    field = ".".join(str(part) for part in where) or "study"
    shown = words.say("study.came", lang, given=repr(given)) if isinstance(given, str | int | float) else ""
    return f"{name}:{line}: {field}: {words.say(f'study.{key}', lang, **values)}{shown}"


def _line_with(text: str, where: tuple[str | int, ...], given: object) -> int:
    """The line of a field; where the mistake has no field, the first line that holds the value."""
    if where or given is None:
        return line_of(text, where)
    quoted = f'"{given}"'
    found = [n for n, line in enumerate(text.splitlines(), 1) if quoted in line.partition("#")[0]]
    return found[-1] if found else 1


def line_of(text: str, where: tuple[str | int, ...]) -> int:
    """The line on which a field stands (its table's line when the field is missing), counted from 1."""
    lines = text.splitlines()
    table = [str(p) for p in where if isinstance(p, str)]
    nth = next((p for p in where if isinstance(p, int)), 0)
    start = _table_line(lines, table[0], nth) if table else 1
    for key in reversed(table[1:]):
        for number in range(start, len(lines) + 1):
            if number > start and lines[number - 1].startswith("["):
                break
            if re.match(rf"\s*(\S*\.)?{re.escape(key)}\s*=", lines[number - 1]):
                return number
    return start


def _table_line(lines: list[str], name: str, nth: int) -> int:
    heads = [i for i, line in enumerate(lines, 1) if re.match(rf"\s*\[\[?\s*{re.escape(name)}\b", line)]
    plain = [i for i, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(name)}\s*=", line)]
    found = heads or plain
    return found[min(nth, len(found) - 1)] if found else 1
