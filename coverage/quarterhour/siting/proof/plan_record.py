"""A plan as a record that can be checked by itself: the answer in plain values, the question packed beside it."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import DataError, PlanError
from quarterhour.base.findings import UNSTATED, by_quality
from quarterhour.io.files.checks import read_json
from quarterhour.siting.proof.behind_record import check_behind
from quarterhour.siting.proof.evidence import evidence_record, read_evidence
from quarterhour.siting.proof.packed_question import (
    FORMAT,
    check_question,
    plain_number,
    question_record,
    read_question,
)
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.proof.seal import PLACE, at_its_place, check_together, sealed, sealed_together
from quarterhour.siting.proof.second_count import Recount
from quarterhour.siting.question.plan import UNMET_COLUMNS, Figures, Level, Reason, SitingPlan, Stopped
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.rules import Quota

OLD_PAGES: dict[int, dict[str, str]] = {3: {"siting": "explanation"}, 4: {}, 5: {}}
"""By format: on which page of words the sentences of an older record stood, and where they stand today."""
BEHIND = ("frontier", "budgets", "relocations", "phases", "reserves", "money", "quality")
"""What a study adds to a record; up to format 5 not under its seal."""
_PLAIN = ("problem_id", "objective", "unit", "status", "covered_before", "covered", "demand_total", "reachable")
_NUMBERS = ("value", "bound", "gap")


@takes(plan=SitingPlan, problem=SitingProblem)
def plan_record(
    plan: SitingPlan,
    problem: SitingProblem,
    *,
    question: Mapping[str, Any] | None = None,
    behind: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A plan for ``plan.json``: plain values, no seconds, the same bytes each run.

    Counts are whole numbers; a real keeps all its digits; what does not exist is null. ``seal`` is the sha256 of all
    these. The record stands alone in its file; several are brought into one by ``sealed_together``.

    Parameters
    ----------
    plan, problem : a plan and its question.
    question : the whole question (``question_record``, given where it is at hand), so that ``verify_record`` needs
        nothing else.
    behind : what a study adds (``BEHIND``).

    Returns
    -------
    A dictionary that ``json`` writes as it is.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> record = qh.siting.plan_record(qh.solve_siting(problem), problem)
    >>> record["status"], record["value"], [site["id"] for site in record["sites"]]
    ('optimal', 60, ['0'])
    """
    record: dict[str, Any] = {name: getattr(plan, name) for name in _PLAIN}
    record |= {name: plain_number(getattr(plan, name)) for name in _NUMBERS}
    counted = centiseconds(problem.minutes) / CENTISECONDS_PER_MINUTE  # 1000 m at 70 m a minute are no whole number
    record |= {"minutes": plain_number(counted), "new_sites": plain_number(problem.new_sites)}
    record["goals"] = [{**asdict(v), **{n: plain_number(getattr(v, n)) for n in _NUMBERS}} for v in plan.levels]
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
    assigned = plan.assignment.reindex(problem.demand.index)
    pairs = zip(assigned.index.tolist(), assigned.tolist(), strict=True)
    record["assignment"] = {str(c): None if pd.isna(s) else str(s) for c, s in pairs}
    if plan.served is not None:
        record["served"] = [[str(c), str(s), int(n)] for c, s, n in plan.served.itertuples(index=False)]
    record |= {"proved_by": plan.proved_by, "stopped": plan.stopped, "seed": int(plan.seed)}
    record |= {"versions": dict(plan.versions), "input_hash": plan.input_hash}
    record["evidence"] = evidence_record(plan.evidence)
    record["question"] = dict(question_record(problem) if question is None else question)
    return sealed_together([{**record, **(behind or {})}])[0]


def _site_record(problem: SitingProblem, plan: SitingPlan, place: int) -> dict[str, Any]:
    site = plan.chosen[place]
    row = problem.sites.loc[site]
    told = {c: str(row[c]) for c in ("name", "town", "county", "state", "quality")}
    return {"order": place + 1, "id": str(site), **told, "gain": plain_number(float(plan.gain.iloc[place]))}


def _quota_record(quota: Quota) -> dict[str, Any]:
    bounds = {"minimum": int(quota.minimum), "maximum": plain_number(quota.maximum)}
    tier = {"tier": quota.tier} if quota.tier else {}
    groups = {"groups": [list(group) for group in quota.groups]} if quota.groups else {}
    return {"level": quota.level, "areas": list(quota.areas), **bounds, **tier, **groups}


def _figures_record(figures: Figures) -> dict[str, Any]:
    plain = asdict(figures)
    return {k: plain_number(v) if isinstance(v, (int, float)) else v for k, v in plain.items()}


# --- read again -----------------------------------------------------------------------------------


def verify_record(record: Mapping[str, Any]) -> Recount:
    """Recount a plan from its record alone.

    Parameters
    ----------
    record : of ``plan.json``, with its question.

    Returns
    -------
    A ``Recount``: what was counted.

    Raises
    ------
    PlanError : the first thing that does not hold: a rule, a count, a bound that contradicts its value, a figure
        that differs from what the rest of the record comes to, or the seal.

    Examples
    --------
    >>> import quarterhour as qh
    >>> from quarterhour.siting.proof.packed_question import question_record
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> record = qh.siting.plan_record(qh.solve_siting(problem), problem, question=question_record(problem))
    >>> qh.siting.verify_record(record).covered
    60
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
    written = record["question"]["format"]
    behind = {key: record[key] for key in BEHIND if key in record}
    again = plan_record(plan, problem, question=record["question"], behind=behind)
    if written == FORMAT:
        _check_same(record, {**again, PLACE: record[PLACE], "seal": record["seal"]})
        check_question(record["question"], problem)
        check_behind(problem, plan, record)
        again = at_its_place(again, record[PLACE])
    else:
        again = _as_written(again, written)
    _check_same(record, {**again, **behind})
    return count


def _check_same(record: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    """Key by key, and no key that is not known; the seal last, which tells 1 from 1.0 and true."""
    strange = [key for key in record if key not in again]
    if strange:
        raise PlanError("proof.record_strange", what=strange[0])
    for key, counted in again.items():
        if key not in record or record[key] != counted:
            said, found = (json.dumps(v, ensure_ascii=False)[:80] for v in (record.get(key), counted))
            raise PlanError("proof.recount_differs", what=key, said=said, counted=found)


def read_records(path: str | Path) -> list[tuple[str, Mapping[str, Any]]]:
    """The records of a ``plan.json`` (one, or a list of them) and their names.

    MissingError when the file is not there, DataError when it holds no plans, PlanError when they are not those that
    were written into it, each once and in their order.
    """
    held = read_json(path, size="plan_bytes")
    records = held if isinstance(held, list) else [held]
    if not records or not all(isinstance(r, dict) for r in records):
        raise DataError("proof.no_records", file=str(path))
    check_together(records)
    return [(str(r.get("problem_id", k + 1)), r) for k, r in enumerate(records)]


def read_record(record: Mapping[str, Any]) -> tuple[SitingProblem, SitingPlan]:
    """The question and the plan of a record.

    Parameters
    ----------
    record : of ``plan.json``, of this format or an older one.

    Returns
    -------
    The ``SitingProblem`` and its ``SitingPlan``, as ``verify_plan`` and ``compare_plans`` take them.

    Raises
    ------
    PlanError : a record of any other format.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> record = qh.siting.plan_record(qh.solve_siting(problem), problem)
    >>> question, plan = qh.siting.read_record(record)
    >>> plan
    <SitingPlan matrix: optimal, 1 new site, 54.5% covered>
    """
    written = (record.get("question") or {}).get("format") if isinstance(record, Mapping) else None
    if written not in (FORMAT, *OLD_PAGES):
        raise PlanError("proof.record_format", format=" / ".join(map(str, sorted({FORMAT, *OLD_PAGES}))))
    problem = read_question(str(record["problem_id"]), record["question"])
    return problem, _plan({**record, "reasons": _on_pages(record["reasons"], OLD_PAGES.get(written, {}))})


def _as_written(record: dict[str, Any], written: int) -> dict[str, Any]:
    """A record as a program of an older format would have written it: without what it did not know, sealed so."""
    old = {today: page for page, today in OLD_PAGES[written].items()}
    bare = {key: value for key, value in record.items() if key not in (*BEHIND, PLACE, "evidence", "seal")}
    bare["reasons"] = _on_pages(bare["reasons"], old)
    return {**bare, "seal": sealed(bare)}


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
        evidence=read_evidence(record.get("evidence", [])),
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
