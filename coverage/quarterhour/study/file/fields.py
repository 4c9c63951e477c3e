"""What every part of a study file rests on: checked fields, sources, tables, modes."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from quarterhour.network.roads.near import JOINED_M

Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_\-]+$")]
Quality = Literal["fact", "estimated", "synthetic"]
Heading = Literal["to_site", "to_community"]
Objective = Literal["max-cover", "min-sites", "min-time", "min-worst", "min-cost", "equity", "gini"]
_REMOTE = re.compile(r"^/vsi|://|^[A-Za-z]:.*:|\x00")
Above = Annotated[float, Field(gt=0)]
NotBelow = Annotated[float, Field(ge=0)]


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
    """

    elevation: str | None = None
    turns: bool = True
    join_m: float = Field(default=JOINED_M, ge=0, le=20)

    @field_validator("elevation")
    @classmethod
    def _near(cls, value: str | None) -> str | None:
        return local_path(value)


class Places(Source):
    """Places out of a table, or out of the OSM extract by kind."""

    from_osm: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> Places:
        if self.path is None and not self.from_osm:
            raise wrong("no_origin")
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
