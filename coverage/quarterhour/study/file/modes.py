"""A mode of the study's own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from quarterhour.study.file.fields import Flag, NotBelow, Number, Part


class ModeFile(Part):
    """A mode of the study's own; the fields of data/modes.toml."""

    zh: str = ""
    en: str = ""
    travels: Literal["walk", "vehicle"]
    uses: Literal["walk", "drive", "cycle"] | None = None
    speed_kmh: Number | None = Field(default=None, ge=0.1, le=1_000)
    speeds_kmh: dict[str, NotBelow] = {}
    other_kmh: Number | None = Field(default=None, ge=0.1, le=1_000)
    gap_kmh: Number = Field(default=3.6, ge=0.1, le=1_000)
    turnout_minutes: Number = Field(default=0, ge=0)
    forbidden: tuple[str, ...] = ()
    limit_share: Number = Field(default=0, ge=0)
    surface_factors: dict[str, NotBelow] = {}
    surface_kmh: dict[str, NotBelow] = {}
    allowed_kmh: dict[str, NotBelow] = {}
    ceiling_kmh: dict[str, NotBelow] = {}
    avoids: tuple[str, ...] = ()
    signal_seconds: Number = Field(default=0, ge=0)
    ferry_wait_minutes: Number = Field(default=0, ge=0)
    stopped_by: tuple[str, ...] = ()
    slope: Literal["tobler"] | dict[str, NotBelow] | None = None
    turn_seconds: dict[Literal["left", "right", "straight", "u_turn"], NotBelow] = {}
    drives_on: Literal["right", "left"] | None = None
    counts_as: tuple[str, ...] = ()
    source: str = ""
    date: str = ""
    verified: Flag = False
