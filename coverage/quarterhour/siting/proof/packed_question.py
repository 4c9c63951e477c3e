"""A siting question as plain values with packed columns, and back: all that an answer depends on."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import PlanError
from quarterhour.base.limits.inflate import check_packed, inflate
from quarterhour.io.files.checks import json_of
from quarterhour.siting.proof.seal import as_text
from quarterhour.siting.question.fingerprint import asked
from quarterhour.siting.question.problem import AREA_LEVELS, SITE_FIGURES, Coverage, Goal, Near, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.travel.times import TravelTimes

FORMAT = 6
_EFFORT = 6
"""Of zlib: 9 takes thirty times as long on a large table for a hundredth less."""


def question_record(problem: SitingProblem) -> dict[str, Any]:
    """All that the answer depends on; long columns are packed (zlib in base64), pairs only within the standard."""
    return {
        "format": FORMAT,
        **asked(problem),
        "communities": pack_texts(
            [c.tolist() for c in (problem.demand.index, problem.classes, *(problem.areas[c] for c in AREA_LEVELS))]
        ),
        "people": {str(c): pack(problem.people[c]) for c in problem.people},
        "load": pack(problem.load - problem.demand),
        "site_columns": list(problem.sites.columns),
        "sites": pack_texts([problem.sites.index.tolist(), *(_texts(problem.sites[c]) for c in problem.sites)]),
        "near": _packed_pairs(problem.pairs),
        **({} if problem.coverage.farthest is None else {"farther": _packed_pairs(problem.farther)}),
        "conflicts": pack(problem.conflicts.ravel()),
        "travel": [problem.times.mode_id, problem.times.heading, plain_number(problem.times.turnout_minutes)],
    }


def _packed_pairs(pairs: Near) -> dict[str, str]:
    return {
        "count": pack(np.diff(pairs.start)),
        "site": pack(np.diff(pairs.site.astype(np.int64), prepend=0)),
        "cs": pack(pairs.cs),
    }


def _texts(column: pd.Series) -> list[str]:
    return ["" if pd.isna(v) else str(v) for v in column.tolist()]


def pack(numbers: Any) -> str:
    """Whole numbers as text: eight bytes each, zlib, base64."""
    # Bytes of one weight side by side: the high ones are all alike and cost nothing.
    plane = np.ascontiguousarray(numbers, dtype="<i8").view(np.uint8).reshape(-1, 8).T
    return base64.b64encode(zlib.compress(plane.tobytes(), _EFFORT)).decode()


def unpack(text: str) -> IntArray:
    """Whole numbers as ``pack`` wrote them; ValueError or zlib.error for what it did not write."""
    plane = np.frombuffer(_inflated(text), dtype=np.uint8)
    return np.ascontiguousarray(plane.reshape(8, -1).T).view("<i8").ravel().astype(np.int64)


def pack_texts(columns: Sequence[Any]) -> str:
    """Columns of texts as one text."""
    table = json.dumps([list(map(str, c)) for c in columns], ensure_ascii=False)
    return base64.b64encode(zlib.compress(table.encode(), _EFFORT)).decode()


def unpack_texts(text: str) -> list[list[str]]:
    """Columns as ``pack_texts`` wrote them."""
    table: list[list[str]] = json_of(_inflated(text).decode(), of="plan.json")
    return table


def _inflated(text: str) -> bytes:
    """What a text packs, as large as may be; nothing may stand behind it."""
    return inflate(base64.b64decode(text, validate=True), "plan_unpacked_bytes", of="plan.json")


def check_question(packed: Mapping[str, Any], problem: SitingProblem) -> None:
    """That a packed question says what was read from it and nothing else: no key more, no value of another type.

    PlanError names the first part that differs. The mode, heading and turnout of its times are taken as they stand.
    """
    known = {"format", "communities", "people", "load", "site_columns", "sites", "near", "conflicts", "travel"}
    plain, pairs = asked(problem), ["near", *(["farther"] if problem.coverage.farthest is not None else [])]
    strange = sorted(set(packed) ^ (known | set(plain) | set(pairs)))
    strange = strange or sorted({key for name in pairs for key in set(packed[name]) ^ {"count", "site", "cs"}})
    strange = strange or [key for key, value in plain.items() if as_text(packed[key]) != as_text(value)]
    columns = list(problem.sites.columns)
    if strange or packed["site_columns"] != columns or type(packed["format"]) is not int:
        raise PlanError("proof.record_strange", what=f"question.{(strange or ['site_columns'])[0]}")
    mode, heading, turnout = packed["travel"]
    if not (isinstance(mode, str) and isinstance(heading, str)) or isinstance(turnout, bool):
        raise PlanError("proof.record_strange", what="question.travel")


# --- read again -----------------------------------------------------------------------------------


def read_question(name: str, packed: Mapping[str, Any]) -> SitingProblem:
    """The question out of its record; DataError where it unpacks to more than a plan may hold."""
    check_packed(packed, "plan_unpacked_bytes", of="plan.json")
    ids, classes, *areas = unpack_texts(packed["communities"])
    communities = pd.Index(ids, dtype="str", name="id")
    sites = _sites(packed)
    people = pd.DataFrame({c: unpack(text) for c, text in packed["people"].items()}, index=communities)
    demand = sum((people[c] * int(w) for c, w in packed["weights"].items()), start=pd.Series(0, index=communities))
    backup, tier, everyone, at_least, *farthest = packed["coverage"]
    farthest_minutes = farthest[0] / CENTISECONDS_PER_MINUTE if farthest else None
    capacity = packed["capacity"]
    return SitingProblem(
        id=name,
        demand=demand.rename("people"),
        sites=sites,
        times=_times(packed, communities, sites.index),
        goals=tuple(Goal(*g) for g in packed["goals"]),
        standards={c: _standard(ladder) for c, ladder in packed["standards"].items()},
        classes=pd.Series(classes, index=communities, name="class", dtype="str"),
        people=people,
        weights={c: int(w) for c, w in packed["weights"].items()},
        areas=pd.DataFrame(dict(zip(AREA_LEVELS, areas, strict=True)), index=communities, dtype="str"),
        load=(demand + unpack(packed["load"])).rename("load"),
        new_sites=packed["new_sites"],
        quotas=tuple(_quota(*quota) for quota in packed["quotas"]),
        coverage=Coverage(backup, tier, everyone, at_least, farthest_minutes),
        budget=Budget(*packed["budget"]),
        capacity=None if capacity is None else Capacity(unit=capacity[0], split=capacity[1]),
        conflicts=unpack(packed["conflicts"]).reshape(-1, 2),
    )


def _quota(
    level: str, areas: Sequence[str], low: int, high: int | None, tier: str, groups: Sequence[Sequence[str]] = ()
) -> Quota:
    return Quota(level, tuple(areas), low, high, tier, tuple(tuple(group) for group in groups))


def _standard(ladder: Sequence[Sequence[int]]) -> Standard:
    steps = tuple((cs / CENTISECONDS_PER_MINUTE, int(percent)) for cs, percent in ladder)
    return Standard(steps[-1][0], steps)


def _sites(packed: Mapping[str, Any]) -> pd.DataFrame:
    ids, *columns = unpack_texts(packed["sites"])
    table = pd.DataFrame(dict(zip(packed["site_columns"], columns, strict=True)), pd.Index(ids, dtype="str", name="id"))
    for column in (c for c in SITE_FIGURES if c in table):
        table[column] = pd.to_numeric(table[column].replace("", None)).astype("Int64")
    return table


def _times(packed: Mapping[str, Any], communities: pd.Index, sites: pd.Index) -> TravelTimes:
    """The pairs within the standard, and those beyond it where a question has any."""
    mode, heading, turnout = packed["travel"]
    cutoff = max([ladder[-1][0] for ladder in packed["standards"].values()] + packed["coverage"][4:])
    parts = [_pairs(packed[name], len(communities), len(sites)) for name in ("near", "farther") if name in packed]
    row, site, cs = (np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "site", "cs"))
    order = np.lexsort((site, row)) if len(parts) > 1 else slice(None)
    start = np.r_[0, np.cumsum(np.bincount(row, minlength=len(communities)))].astype(np.int64)
    nowhere, minutes = pd.DataFrame(), cutoff / CENTISECONDS_PER_MINUTE
    return TravelTimes(
        start, site[order].astype(np.int32), cs[order].astype(np.int32), communities, sites, minutes, heading,
        float(turnout), mode, nowhere, nowhere,
    )  # fmt: skip


def _pairs(packed: Mapping[str, Any], communities: int, sites: int) -> Near:
    start = np.r_[0, np.cumsum(unpack(packed["count"]))].astype(np.int64)
    site, cs = np.cumsum(unpack(packed["site"])), unpack(packed["cs"])
    wrong = len(start) != communities + 1 or not len(site) == len(cs) == start[-1]
    if wrong or (len(site) and not 0 <= site.min() <= site.max() < sites):
        raise PlanError("proof.record_garbled", detail="near")
    return Near(start, site, cs)


def plain_number(value: float | None) -> int | float | None:
    """A number as it is written: whole where it is whole, None where there is none."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)
