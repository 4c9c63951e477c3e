"""What a study file may say, and where it says it wrong.

The wing: fields (what every part rests on), circles, siting, services, study (all of it), declared (keys by part and
format), columns (that the program reads), sense (with modes and rules at hand), mistakes (told by line).
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from quarterhour.base import limits
from quarterhour.base.errors import MissingError, StudyError
from quarterhour.base.foreign import foreign, parsed_toml
from quarterhour.study.file.circles import CircleFile, PictureFile, TargetsFile, UncertainFile
from quarterhour.study.file.columns import unknown_columns
from quarterhour.study.file.declared import idle_keys
from quarterhour.study.file.fields import Places, Source
from quarterhour.study.file.mistakes import line_of, not_toml, refuse
from quarterhour.study.file.services import AccessFile, BedsFile, GravesFile, OverlayFile, RoundsFile, WishFile
from quarterhour.study.file.siting import (
    CapacityFile,
    ClassFile,
    GoalFile,
    QuotaFile,
    RobustFile,
    SitingFile,
)
from quarterhour.study.file.siting_money import BudgetFile, PhasesFile
from quarterhour.study.file.study import StudyFile

__all__ = ["AccessFile", "BedsFile", "BudgetFile", "CapacityFile", "CircleFile", "ClassFile", "GoalFile", "GravesFile",
           "OverlayFile", "PhasesFile", "PictureFile", "Places", "QuotaFile", "RobustFile", "RoundsFile", "SitingFile",
           "Source", "StudyFile", "TargetsFile", "UncertainFile", "WishFile", "find_study", "line_of",
           "read_study_file"]  # fmt: skip


def find_study(path: str | Path) -> Path:
    """The study file: the path itself, or ``study.toml`` in the folder."""
    found = Path(path)
    found = found / "study.toml" if found.is_dir() else found
    if not found.is_file():
        raise MissingError("study.no_study_file", path=str(path))
    return found


def read_study_file(path: str | Path, *, roads: Path | None = None) -> StudyFile:
    """A study file, checked; StudyError names the line and the field of everything that is wrong.

    ``roads``: the file that stands in for the roads that it names.
    """
    file = find_study(path)
    limits.check("toml_bytes", file.stat().st_size, of=file.name)
    with foreign(file.name, key="study.not_utf8", error=StudyError):
        text = file.read_text(encoding="utf-8-sig")
    with foreign(file.name, key="study.toml_unreadable", error=StudyError):
        try:
            parsed = parsed_toml(text)
        except tomllib.TOMLDecodeError as why:
            raise not_toml(file, text, why) from why
    try:
        study = StudyFile.model_validate(parsed)
    except ValidationError as why:
        refuse(file, why.errors())
        raise
    with limits.raised(study.limits):
        refuse(file, [*idle_keys(study, roads=roads), *unknown_columns(study, file.parent)])
    return study
