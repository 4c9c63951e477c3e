"""Kinds of facilities by their label or another spelling, and slips of the pen told."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from types import MappingProxyType

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.area_codes.names import plain_name
from quarterhour.base.cells import texts
from quarterhour.base.findings import finding
from quarterhour.study.doubts.parts import file_of, first
from quarterhour.study.file.study import StudyFile

_ALIKE = 0.8
"""How alike two kinds must be for one to be a slip for the other."""


def with_known_kinds(file: StudyFile, facilities: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[pd.DataFrame]]:
    """Facilities under known kinds: by label, another word or spelling (托老所, Day-care); a near miss stays, told."""
    if "kind" not in facilities or not len(facilities):
        return facilities, []
    given = texts(facilities["kind"])
    asked = _asked(file)
    by_form = _by_form(asked)
    strange = [k for k in dict.fromkeys(given) if k and k not in asked and not i18n.entry(f"kinds.{k}")]
    meant = {k: by_form[_form(k)] for k in strange if _form(k) in by_form}
    about = {"table": "facilities", "file": file_of(file, "facilities"), "column": "kind"}
    told = []
    if meant:
        rows = given.isin(list(meant))
        detail = first(f"{k} → {kind}" for k, kind in meant.items())
        told.append(finding("doubts.kinds_matched", severity="note", value=f"{rows.sum():,}", detail=detail, **about))
    told += _counting_nowhere(file, given, [k for k in strange if k not in meant], by_form, about)
    for kind in strange:
        near = _slip_for(kind, by_form)
        if kind not in meant and near:
            count = f"{given.eq(kind).sum():,}"
            rows_of = first(given.index[given.eq(kind)])
            same = {"value": kind, "id": rows_of, "detail": f"{near} ({count})"}
            told.append(finding("doubts.kind_near", severity="warning", **same, **about))
    return (facilities.assign(kind=given.map(lambda k: meant.get(k, k))) if meant else facilities), told


def _counting_nowhere(
    file: StudyFile, given: pd.Series, strange: list[str], by_form: Mapping[str, str], about: Mapping[str, str]
) -> list[pd.DataFrame]:
    """Facilities without a kind, and of kinds that neither the program nor the study knows and that are no slip."""
    blank = given.index[given.eq("")]
    told = []
    if len(blank):
        told.append(finding("doubts.kind_blank", severity="warning", value=f"{len(blank):,}", id=first(blank), **about))
    own_rules = any(name.endswith(".toml") for name in file.targets.rules)
    odd = [k for k in strange if k not in file.kinds and not _slip_for(k, by_form)]
    rows = given.index[given.isin(odd)]
    if len(rows) and not own_rules:
        same = {"value": f"{len(rows):,}", "id": first(rows), "detail": first(odd)}
        told.append(finding("doubts.kind_unknown", severity="warning", **same, **about))
    return told


def _slip_for(kind: str, by_form: Mapping[str, str]) -> str | None:
    """The known kind that was probably meant."""
    near = difflib.get_close_matches(_form(kind), list(by_form), n=1, cutoff=_ALIKE)
    return by_form[near[0]] if near else None


def _asked(file: StudyFile) -> set[str]:
    """Every kind that the study's own questions name."""
    asked: list[str] = []
    for part in (*file.circles, *file.access, *file.siting):
        asked += [*getattr(part, "kinds", ()), *getattr(part, "counts_kinds", ()), *getattr(part, "upgrade_kinds", ())]
        asked += [k] if (k := getattr(part, "kind", "")) else []
    for single in (file.beds, file.rounds):
        asked += single.kinds if single else ()
    return set(asked)


def _by_form(asked: Iterable[str]) -> dict[str, str]:
    """Known kinds by how they may be written: their name, and their label in each language where only they have it."""
    known = i18n.names_on("kinds")
    every = [(_form(kind), kind) for kind in (*known, *asked)]
    labels = [(_form(i18n.label("kinds", kind, lang)), kind) for kind in known for lang in i18n.LANGUAGES]
    labels += [(_form(word), kind) for kind, words in _synonyms().items() for word in words]
    kinds_of: dict[str, set[str]] = {}
    for form, kind in (*every, *labels):
        kinds_of.setdefault(form, set()).add(kind)
    return {form: kinds.pop() for form, kinds in kinds_of.items() if len(kinds) == 1} | dict(every)


@functools.cache
def _synonyms() -> Mapping[str, Sequence[str]]:
    text = (resources.files("quarterhour") / "data" / "kind_synonyms.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def _form(kind: str) -> str:
    """A kind without case, blanks and marks between its words."""
    return plain_name(kind).casefold().replace("-", "").replace("_", "")
