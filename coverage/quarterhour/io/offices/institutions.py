"""The national elderly-care system's export: a row an institution, its units in the heads, its map's coordinates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, findings_from, join_findings
from quarterhour.io.files.header import Table
from quarterhour.io.offices.forms import Heading, check_needed, form_facts, is_of_person, recognised
from quarterhour.io.web_maps import to_wgs84

FORM = "elderly-system-export"
_ID_NUMBER = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def institutions(read: Table, *, keep: Sequence[str] = (), datum: str | None = None) -> Table:
    """The export under our names: ``id, name, kind, county, town, address, x, y, beds`` ... as far as it has them.

    Areas come in m2, whatever unit the heading names. Columns about persons, and those that nobody knows, stay behind
    and are told by name; so are cells that are somebody's ID number. See ``offices.read_office``.
    """
    columns = [str(c) for c in read.frame.columns]
    at: dict[str, Any] = {"table": "", "file": read.file, "sheet": read.sheet}
    chosen, doubts = _one_each(recognised(FORM, columns), read.frame, at)
    check_needed(FORM, chosen, file=read.file, columns=columns)
    made: dict[str, pd.Series] = {}
    for ours, head in chosen.items():
        made[ours], told = _in_our_unit(read.frame[head.name], ours, head, at)
        doubts += told
    x_y, told = _set_right(made, chosen, datum, at)
    made |= x_y
    own = {c: read.frame[c] for c in keep if c in columns and not is_of_person(c) and c not in made}
    frame = pd.DataFrame({**made, **own}, index=read.frame.index)
    frame, found = _without_id_numbers(frame, at)
    taken = [h.name for h in chosen.values()]
    return replace(read, frame=frame, findings=join_findings(
        [read.findings, *doubts, *told, found, *_told(chosen, columns, [*taken, *own], at)]))  # fmt: skip


def _one_each(
    could: Mapping[str, Sequence[Heading]], frame: pd.DataFrame, at: Mapping[str, Any]
) -> tuple[dict[str, Heading], list[pd.DataFrame]]:
    """For each of our columns the one that is meant: the form's first word for it; several that differ are told."""
    chosen: dict[str, Heading] = {}
    told = []
    for ours, heads in could.items():
        best = min(_rank(h, ours) for h in heads)
        first, *others = [h for h in heads if _rank(h, ours) == best]
        if all(texts(frame[first.name]).equals(texts(frame[h.name])) for h in others):
            chosen[ours] = first
        else:
            said = ", ".join(h.name for h in (first, *others))
            told.append(finding("offices.column_unsure", severity="warning", column=ours, value=said, **at))
    return chosen, told


def _rank(head: Heading, ours: str) -> int:
    words = form_facts()[FORM]["columns"][ours]
    return next((k for k, word in enumerate(words) if word in (head.leaf, f"{head.leaf}({head.unit})")), len(words))


def _in_our_unit(
    values: pd.Series, ours: str, head: Heading, at: Mapping[str, Any]
) -> tuple[pd.Series, list[pd.DataFrame]]:
    """Figures in our unit; a unit that nobody knows makes them blank, and is told."""
    units = form_facts()["units"].get(ours)
    if units is None or not head.unit or units.get(head.unit) == 1:
        return values, []
    about = {**at, "column": head.name}
    if head.unit not in units:
        told = finding("offices.unit_unknown", severity="warning", value=head.unit, detail=", ".join(units), **about)
        return pd.Series(np.nan, index=values.index), [told]
    factor = units[head.unit]
    told = finding("offices.unit_changed", severity="note", value=head.unit, detail=f"{factor:,.6g}", **about)
    return (numbers(values) * factor).round(2), [told]


def _set_right(
    made: Mapping[str, pd.Series], chosen: Mapping[str, Heading], datum: str | None, at: Mapping[str, Any]
) -> tuple[dict[str, pd.Series], list[pd.DataFrame]]:
    """Coordinates as WGS 84 where their heading says whose they are; where nobody says it, that is told."""
    if "x" not in made or "y" not in made:
        return {}, []
    said = {d for d in (_datum_of(chosen["x"].name), _datum_of(chosen["y"].name)) if d}
    if len(said) > 1 or (datum is not None and said and said != {datum}):
        heads = f"{chosen['x'].name}, {chosen['y'].name}"
        raise DataError("offices.datum_differs", file=at["file"], heads=heads, said=datum or ", ".join(sorted(said)))
    if not said:
        silent = datum is None
        return {}, [finding("offices.datum_unsaid", severity="warning", column="x, y", **at)] if silent else []
    own = said.pop()
    if datum is not None or own == "wgs84":
        return {}, []
    lon, lat = to_wgs84(numbers(made["x"]).to_numpy(), numbers(made["y"]).to_numpy(), datum=own)
    index = made["x"].index
    told = finding("offices.datum_by_heading", severity="note", value=own, column=chosen["x"].name, **at)
    return {"x": pd.Series(lon, index=index), "y": pd.Series(lat, index=index)}, [told]


def _datum_of(name: str) -> str:
    plain = name.casefold()
    return next((d for d, words in form_facts()["datums"].items() if any(w in plain for w in words)), "")


def _without_id_numbers(frame: pd.DataFrame, at: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table without cells that are somebody's ID number, whatever their heading says; where they stood is told."""
    rows: list[dict[str, Any]] = []
    for column in frame.columns:
        bad = texts(frame[column]).map(is_id_number).astype(bool)
        if bad.any():
            frame = frame.assign(**{str(column): frame[column].where(~bad, "")})
            rows += [{"rule": "offices.id_number", "severity": "warning", "row": r, "column": column, **at}
                     for r in frame.index[bad]]  # fmt: skip
    return frame, findings_from(rows)


def is_id_number(text: str) -> bool:
    """Whether a text is a resident's ID number: 18 digits with a date of birth and the check digit (GB 11643-1999)."""
    if not _ID_NUMBER.fullmatch(text):
        return False
    return _CHECKS[sum(int(d) * w for d, w in zip(text[:17], _WEIGHTS, strict=True)) % 11] == text[17].upper()


def _told(
    chosen: Mapping[str, Heading], columns: Sequence[str], taken: Sequence[str], at: Mapping[str, Any]
) -> list[pd.DataFrame]:
    """What was recognised, what was left behind because it is about persons, and what nobody knows."""
    persons = [c for c in columns if is_of_person(c)]
    rest = [c for c in columns if c not in taken and c not in persons]
    said = {
        "offices.recognised": [f"{head.name} = {ours}" for ours, head in chosen.items()],
        "offices.persons_left": persons,
        "offices.not_taken": rest,
    }
    return [finding(rule, severity="note", value=f"{len(heads)}", detail=", ".join(heads), **at)
            for rule, heads in said.items() if heads]  # fmt: skip
