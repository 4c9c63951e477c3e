"""A plan as a record that can be checked by itself: the answer in plain values, the question packed beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from quarterhour.base.arrays import IntArray
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, PlanError
from quarterhour.base.findings import UNSTATED, by_quality
from quarterhour.base.limits.inflate import check_packed, inflate
from quarterhour.io.files.checks import json_of, read_json
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.proof.second_count import Recount
from quarterhour.siting.question.fingerprint import asked
from quarterhour.siting.question.plan import UNMET_COLUMNS, Figures, Level, Reason, SitingPlan, Stopped
from quarterhour.siting.question.problem import (
    AREA_LEVELS,
    Budget,
    Capacity,
    Coverage,
    Goal,
    Quota,
    SitingProblem,
    Standard,
)
from quarterhour.travel.times import TravelTimes

FORMAT = 5
OLD_PAGES: dict[int, dict[str, str]] = {3: {"siting": "explanation"}, 4: {}}
"""By format: on which page of words the sentences of an older record stood, and where they stand today."""
_PLAIN = ("problem_id", "objective", "unit", "status", "covered_before", "covered", "demand_total", "reachable")
_NUMBERS = ("value", "bound", "gap")
_EFFORT = 6
"""Of zlib: 9 takes thirty times as long on a large table for a hundredth less."""


def plan_record(
    plan: SitingPlan, problem: SitingProblem, *, question: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A plan for ``plan.json``: plain values, no seconds, the same bytes each run.

    Counts are whole numbers; a real keeps all its digits; what does not exist is null. ``question`` holds the whole
    question (``question_record``, given where it is at hand), so that ``verify_record`` needs nothing else;
    ``seal`` is the sha256 of all these. What a study adds beside them is no part of the plan, nor under the seal.
    """
    record: dict[str, Any] = {name: getattr(plan, name) for name in _PLAIN}
    record |= {name: _number(getattr(plan, name)) for name in _NUMBERS}
    record |= {"minutes": _number(problem.minutes), "new_sites": _number(problem.new_sites)}
    record["goals"] = [{**asdict(v), **{n: _number(getattr(v, n)) for n in _NUMBERS}} for v in plan.levels]
    record["sites"] = [_site_record(problem, plan, place) for place in range(len(plan.chosen))]
    known = by_quality(site["quality"] for site in record["sites"])
    # Records of before there was such a quality have no count of it.
    record["rests_on"] = {quality: count for quality, count in known.items() if count or quality != UNSTATED}
    record["unmet"] = [
        dict(zip(UNMET_COLUMNS, row, strict=True)) for row in plan.unmet[list(UNMET_COLUMNS)].to_numpy().tolist()
    ]
    if plan.placed_before is not None:
        record["placed_before"] = int(plan.placed_before)
    record["reasons"] = [
        {"zh": r.sentence("zh"), "en": r.sentence("en"), "key": r.key, "values": _lists(dict(r.values))}
        for r in plan.reasons
    ]
    record["quotas"] = [_quota_record(q) for q in problem.quotas]
    record["figures"] = None if plan.figures is None else _figures_record(plan.figures)
    record["assignment"] = {str(c): None if pd.isna(s) else str(s) for c, s in plan.assignment.items()}
    if plan.served is not None:
        record["served"] = [[str(c), str(s), int(n)] for c, s, n in plan.served.itertuples(index=False)]
    record |= {"proved_by": plan.proved_by, "stopped": plan.stopped, "seed": int(plan.seed)}
    record |= {"versions": dict(plan.versions), "input_hash": plan.input_hash}
    record["question"] = dict(question_record(problem) if question is None else question)
    return {**record, "seal": _seal(record)}


def _site_record(problem: SitingProblem, plan: SitingPlan, place: int) -> dict[str, Any]:
    site = plan.chosen[place]
    row = problem.sites.loc[site]
    told = {c: str(row[c]) for c in ("name", "town", "county", "state", "quality")}
    return {"order": place + 1, "id": str(site), **told, "gain": _number(float(plan.gain.iloc[place]))}


def _quota_record(quota: Quota) -> dict[str, Any]:
    bounds = {"minimum": int(quota.minimum), "maximum": _number(quota.maximum)}
    tier = {"tier": quota.tier} if quota.tier else {}
    groups = {"groups": [list(group) for group in quota.groups]} if quota.groups else {}
    return {"level": quota.level, "areas": list(quota.areas), **bounds, **tier, **groups}


def _figures_record(figures: Figures) -> dict[str, Any]:
    plain = asdict(figures)
    return {k: _number(v) if isinstance(v, (int, float)) else v for k, v in plain.items()}


def _number(value: float | None) -> int | float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _seal(record: Mapping[str, Any]) -> str:
    plain = json.dumps(record, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return hashlib.sha256(plain.encode()).hexdigest()


# --- the question, packed -------------------------------------------------------------------------


def question_record(problem: SitingProblem) -> dict[str, Any]:
    """All that the answer depends on; long columns are packed (zlib in base64), pairs only within the standard."""
    pairs = problem.pairs
    return {
        "format": FORMAT,
        **asked(problem),
        "communities": _pack_texts([problem.demand.index, problem.classes, *(problem.areas[c] for c in AREA_LEVELS)]),
        "people": {str(c): _pack(problem.people[c]) for c in problem.people},
        "load": _pack(problem.load - problem.demand),
        "site_columns": list(problem.sites.columns),
        "sites": _pack_texts([problem.sites.index, *(_texts(problem.sites[c]) for c in problem.sites)]),
        "near": {
            "count": _pack(np.diff(pairs.start)),
            "site": _pack(np.diff(pairs.site.astype(np.int64), prepend=0)),
            "cs": _pack(pairs.cs),
        },
        "conflicts": _pack(problem.conflicts.ravel()),
        "travel": [problem.times.mode_id, problem.times.heading, _number(problem.times.turnout_minutes)],
    }


def _texts(column: pd.Series) -> list[str]:
    return ["" if pd.isna(v) else str(v) for v in column]


def _pack(numbers: Any) -> str:
    # Bytes of one weight side by side: the high ones are all alike and cost nothing.
    plane = np.ascontiguousarray(numbers, dtype="<i8").view(np.uint8).reshape(-1, 8).T
    return base64.b64encode(zlib.compress(plane.tobytes(), _EFFORT)).decode()


def _unpack(text: str) -> IntArray:
    plane = np.frombuffer(_bytes_of(text), dtype=np.uint8)
    return np.ascontiguousarray(plane.reshape(8, -1).T).view("<i8").ravel().astype(np.int64)


def _pack_texts(columns: Sequence[Any]) -> str:
    table = json.dumps([list(map(str, c)) for c in columns], ensure_ascii=False)
    return base64.b64encode(zlib.compress(table.encode(), _EFFORT)).decode()


def _unpack_texts(text: str) -> list[list[str]]:
    table: list[list[str]] = json_of(_bytes_of(text).decode(), of="plan.json")
    return table


def _bytes_of(text: str) -> bytes:
    return inflate(base64.b64decode(text, validate=True), "plan_unpacked_bytes", of="plan.json")


# --- read again -----------------------------------------------------------------------------------


def verify_record(record: Mapping[str, Any]) -> Recount:
    """Recount a plan from its record alone.

    Raises
    ------
    PlanError : the first thing that does not hold: a rule, a count, a bound that contradicts its value, a figure
        that differs from what the rest of the record comes to, or the seal.
    """
    try:
        return _checked(record)
    except (PlanError, DataError):
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, zlib.error) as error:
        raise PlanError("proof.record_garbled", detail=f"{type(error).__name__}: {error}") from error


def _checked(record: Mapping[str, Any]) -> Recount:
    problem, plan = read_record(record)
    words = get_args(Stopped)
    if plan.stopped not in words:
        raise PlanError("proof.recount_differs", what="stopped", said=plan.stopped, counted=" / ".join(words))
    count = verify_plan(problem, plan)
    again = _as_written(plan_record(plan, problem, question=record["question"]), record["question"]["format"])
    for key, counted in again.items():
        if key not in record or record[key] != counted:
            said, found = (json.dumps(v, ensure_ascii=False)[:80] for v in (record.get(key), counted))
            raise PlanError("proof.recount_differs", what=key, said=said, counted=found)
    return count


def read_records(path: str | Path) -> list[tuple[str, Mapping[str, Any]]]:
    """The records of a ``plan.json`` (one, or a list of them) and their names.

    MissingError when the file is not there, DataError when it holds no plans.
    """
    held = read_json(path, size="plan_bytes")
    records = held if isinstance(held, list) else [held]
    if not records or not all(isinstance(r, dict) for r in records):
        raise DataError("proof.no_records", file=str(path))
    return [(str(r.get("problem_id", k + 1)), r) for k, r in enumerate(records)]


def read_record(record: Mapping[str, Any]) -> tuple[SitingProblem, SitingPlan]:
    """The question and the plan of a record, of this format or an older one; PlanError for any other."""
    written = (record.get("question") or {}).get("format") if isinstance(record, Mapping) else None
    if written not in (FORMAT, *OLD_PAGES):
        raise PlanError("proof.record_format", format=" / ".join(map(str, sorted({FORMAT, *OLD_PAGES}))))
    problem = _problem(str(record["problem_id"]), record["question"])
    return problem, _plan({**record, "reasons": _on_pages(record["reasons"], OLD_PAGES.get(written, {}))})


def _as_written(record: dict[str, Any], written: int) -> dict[str, Any]:
    """A record as a program of that format would have written it."""
    if written == FORMAT:
        return record
    old = {today: page for page, today in OLD_PAGES[written].items()}
    record["reasons"] = _on_pages(record["reasons"], old)
    del record["seal"]
    return {**record, "seal": _seal(record)}


def _on_pages(value: Any, pages: Mapping[str, str]) -> Any:
    """Reasons, and the reasons in their values, with the keys of their sentences on other pages."""
    if isinstance(value, dict):
        return {name: _on_pages(v, pages) if name != "key" else _on_page(v, pages) for name, v in value.items()}
    if isinstance(value, list):
        named = len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)
        return [_on_page(value[0], pages), value[1]] if named else [_on_pages(v, pages) for v in value]
    return value


def _on_page(key: str, pages: Mapping[str, str]) -> str:
    page, _, name = key.partition(".")
    return f"{pages.get(page, page)}.{name}"


def _problem(name: str, packed: Mapping[str, Any]) -> SitingProblem:
    check_packed(packed, "plan_unpacked_bytes", of="plan.json")
    ids, classes, *areas = _unpack_texts(packed["communities"])
    communities = pd.Index(ids, dtype="str", name="id")
    sites = _sites(packed)
    people = pd.DataFrame({c: _unpack(text) for c, text in packed["people"].items()}, index=communities)
    demand = sum((people[c] * int(w) for c, w in packed["weights"].items()), start=pd.Series(0, index=communities))
    backup, tier, everyone, at_least = packed["coverage"]
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
        load=(demand + _unpack(packed["load"])).rename("load"),
        new_sites=packed["new_sites"],
        quotas=tuple(_quota(*quota) for quota in packed["quotas"]),
        coverage=Coverage(backup, tier, everyone, at_least),
        budget=Budget(*packed["budget"]),
        capacity=None if capacity is None else Capacity(unit=capacity[0], split=capacity[1]),
        conflicts=_unpack(packed["conflicts"]).reshape(-1, 2),
    )


def _quota(
    level: str, areas: Sequence[str], low: int, high: int | None, tier: str, groups: Sequence[Sequence[str]] = ()
) -> Quota:
    return Quota(level, tuple(areas), low, high, tier, tuple(tuple(group) for group in groups))


def _standard(ladder: Sequence[Sequence[int]]) -> Standard:
    steps = tuple((cs / CENTISECONDS_PER_MINUTE, int(percent)) for cs, percent in ladder)
    return Standard(steps[-1][0], steps)


def _sites(packed: Mapping[str, Any]) -> pd.DataFrame:
    ids, *columns = _unpack_texts(packed["sites"])
    table = pd.DataFrame(dict(zip(packed["site_columns"], columns, strict=True)), pd.Index(ids, dtype="str", name="id"))
    for column in ("cost_yuan", "running_yuan", "capacity"):
        table[column] = pd.to_numeric(table[column].replace("", None)).astype("Int64")
    return table


def _times(packed: Mapping[str, Any], communities: pd.Index, sites: pd.Index) -> TravelTimes:
    near, (mode, heading, turnout) = packed["near"], packed["travel"]
    cutoff = max(ladder[-1][0] for ladder in packed["standards"].values()) / CENTISECONDS_PER_MINUTE
    start = np.r_[0, np.cumsum(_unpack(near["count"]))].astype(np.int64)
    site, cs = np.cumsum(_unpack(near["site"])).astype(np.int32), _unpack(near["cs"]).astype(np.int32)
    wrong = len(start) != len(communities) + 1 or not len(site) == len(cs) == start[-1]
    if wrong or (len(site) and not 0 <= site.min() <= site.max() < len(sites)):
        raise PlanError("proof.record_garbled", detail="near")
    return TravelTimes(
        start, site, cs, communities, sites, cutoff, heading, float(turnout), mode, pd.DataFrame(), pd.DataFrame()
    )


def _plan(record: Mapping[str, Any]) -> SitingPlan:
    chosen = tuple(str(s["id"]) for s in record["sites"])
    gain = pd.Series([s["gain"] for s in record["sites"]], index=pd.Index(chosen, dtype="str"), name="gain")
    none = record["status"] in ("infeasible", "no_plan")
    said = record["assignment"]
    served = record.get("served")
    return SitingPlan(
        **{name: record[name] for name in _PLAIN},
        placed_before=record.get("placed_before"),
        chosen=chosen,
        gain=gain if len(gain) else gain.astype("int64"),
        assignment=pd.Series(list(said.values()), index=pd.Index(list(said), dtype="str"), dtype="str", name="site"),
        value=_real(record["value"], math.nan),
        bound=_real(record["bound"], math.nan),
        gap=_real(record["gap"], math.nan if none else math.inf),
        unmet=pd.DataFrame(record["unmet"], columns=list(UNMET_COLUMNS)),
        proved_by=record["proved_by"],
        seconds=math.nan,
        seed=record["seed"],
        input_hash=record["input_hash"],
        reasons=tuple(Reason(r["key"], {k: _tuples(v) for k, v in r["values"].items()}) for r in record["reasons"]),
        levels=tuple(_level(v) for v in record["goals"]),
        served=None if served is None else pd.DataFrame(served, columns=["community", "site", "people"]),
        figures=_figures(record["figures"]),
        versions=record["versions"],
        stopped=record["stopped"],
    )


def _lists(value: Any) -> Any:
    """A reason's value as it is written."""
    if isinstance(value, dict):
        return {name: _lists(v) for name, v in value.items()}
    return [_lists(v) for v in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    """A reason's value as it was before it was written."""
    if isinstance(value, dict):
        return {name: _tuples(v) for name, v in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _level(said: Mapping[str, Any]) -> Level:
    numbers = {"value": _real(said["value"], math.nan), "bound": _real(said["bound"], math.nan)}
    return Level(**{**said, **numbers, "gap": _real(said["gap"], math.inf)})


def _figures(said: Mapping[str, Any] | None) -> Figures | None:
    if said is None:
        return None
    reals = ("people_minutes", "worst_minutes", "gini", "least_share")
    return Figures(**{**said, **{n: _real(said[n], math.nan) for n in reals}})


def _real(value: float | None, none: float) -> float:
    return none if value is None else float(value)
