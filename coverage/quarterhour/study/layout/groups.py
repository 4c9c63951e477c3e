"""Which kinds of facilities a layout plan is about, and the level that each serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from quarterhour.base.errors import StudyError
from quarterhour.base.foreign import foreign, parsed_toml
from quarterhour.study.study import Study

INSTITUTIONS, COMMUNITY, CEMETERY = GROUPS = ("institutions", "community", "cemetery")
LEVELS = ("city", "county", "town", "community")
_FILE = "plan.toml"


@dataclass(frozen=True, slots=True)
class Groups:
    """Kinds by group (``institutions``, ``community``, ``cemetery``) in the order in which a plan lists them, and the
    level of each kind that has one."""

    kinds: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, str]

    def group_of(self) -> dict[str, str]:
        """The group of each kind."""
        return {kind: group for group, kinds in self.kinds.items() for kind in kinds}

    def order(self) -> dict[str, int]:
        """The place of each kind in the plan."""
        return {kind: place for place, kind in enumerate(k for kinds in self.kinds.values() for k in kinds)}


def templates_folder(study: Study, given: Path | None = None) -> Path | None:
    """The folder of a study's own templates: the one given, else the study's; StudyError where it is no folder."""
    named = study.file.plan.templates
    folder = given if given is not None else study.folder / named if named else None
    if folder is not None and not folder.is_dir():
        raise StudyError("layout.no_templates", folder=str(folder))
    return folder


def template_text(name: str, folder: Path | None) -> tuple[str, str]:
    """A file of the templates and the name to tell it by: the folder's, else the program's."""
    own = None if folder is None else folder / name
    if own is not None and own.is_file():
        with foreign(own, key="layout.unreadable", error=StudyError):
            return own.read_text(encoding="utf-8-sig"), str(own)
    return (resources.files("quarterhour") / "data" / "plan" / name).read_text(encoding="utf-8"), name


def plan_groups(study: Study, folder: Path | None = None) -> Groups:
    """The groups of a study: as its file says, else as ``plan.toml``; kinds of its questions and circles that nobody
    groups are community facilities."""
    text, where = template_text(_FILE, folder)
    with foreign(where, key="layout.bad_toml", error=StudyError):
        table = parsed_toml(text)
    said, levels = _table(table, "groups", where), _table(table, "levels", where)
    kinds = {g: tuple(getattr(study.file.plan, g) or _names(said.get(g, []), where)) for g in GROUPS}
    kinds = _once(kinds, [g for g in GROUPS if getattr(study.file.plan, g)])
    known = {kind for group in kinds.values() for kind in group}
    kinds[COMMUNITY] += tuple(k for k in _asked(study) if k not in known)
    return Groups(kinds, {str(k): str(v) for k, v in levels.items() if v in LEVELS})


def _table(parsed: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    held = parsed.get(name, {})
    if not isinstance(held, dict):
        raise StudyError("layout.bad_toml", file=where, detail=f"[{name}]")
    return held


def _names(given: Any, where: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(kind, str) for kind in given):
        raise StudyError("layout.bad_toml", file=where, detail="[groups]")
    return tuple(given)


def _once(kinds: Mapping[str, tuple[str, ...]], said: list[str]) -> dict[str, tuple[str, ...]]:
    """Each kind in one group: in the one in which the study names it."""
    own = {kind: group for group in said for kind in kinds[group]}
    return {group: tuple(k for k in names if own.get(k, group) == group) for group, names in kinds.items()}


def _asked(study: Study) -> list[str]:
    """Kinds that circles and siting questions are about."""
    file = study.file
    named = [kind for circle in file.circles for kind in circle.kinds]
    named += [kind for q in file.siting for kind in (q.kind, *q.counts_kinds, *q.upgrade_kinds)]
    return list(dict.fromkeys(named))
