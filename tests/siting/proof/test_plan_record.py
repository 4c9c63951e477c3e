"""A plan's record is checked from itself alone, and no figure in it can be changed unnoticed."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from command import quarterhour
from quarterhour.base.errors import DataError, MissingError, PlanError
from quarterhour.cli import app
from quarterhour.siting.audit import record_lines
from quarterhour.siting.proof.packed_question import FORMAT
from quarterhour.siting.proof.plan_record import plan_record, read_record, read_records, verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.proof.seal import sealed_together
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.siting.solve import solve_siting

IDS = ["北村", "中村", "南村", "far", "<b>"]
MINUTES = pd.DataFrame(
    [[5, np.nan, 20, 1], [np.nan, 10, 15, 2.5], [np.nan, np.nan, 9, 10], [np.nan] * 4, [0, 7, 7, 7]],
    index=IDS,
    columns=["old", "a", "b", "丙"],
)
SITES = pd.DataFrame(
    {
        "town": ["T1", "T1", "T2", "T2"],
        "county": "K",
        "name": ["老", "甲", "乙", "丙"],
        "tiers": ["low", "low", "low high", "high"],
        "cost_yuan": [0, 3, 4, 5],
        "running_yuan": [1, 1, 2, 2],
        "capacity": [90, 60, 50, None],
    },
    MINUTES.columns,
)
PEOPLE = pd.DataFrame({"older": [100, 40, 30, 7, 11], "hardship": [1, 2, 3, 4, 5]}, IDS)
AREAS = pd.DataFrame({"town": ["T1", "T1", "T2", "", "T2"], "county": "K"}, IDS)


def _ask(**changed):
    asked = {"people": {"older": 2}, "existing": ["old"], "sites": SITES, "new_sites": 2, "areas": AREAS, "within": 15}
    return siting_from_matrix(MINUTES, PEOPLE, **(asked | changed))


QUESTIONS = {
    "plain": {},
    "all": {
        "objective": ("max-cover", "min-time", Goal("min-worst", "hardship"), "equity", "min-cost", "min-sites"),
        "within": Standard(15, ((5, 100), (15, 60))),
        "quotas": [Quota("town", ("T1", "T9"), 1, 3), Quota("county", ("K",), tier="high")],
        "coverage": Coverage(backup=50, tier="low", at_least=3),
        "budget": Budget(100, 3),
        "conflicts": [["a", "丙"]],
    },
    "classes": {"within": {"u": 15, "r": Standard(7.01)}, "classes": pd.Series(["u", "r", "u", "r", "u"], IDS)},
    "capacity": {"people": "older", "capacity": Capacity("beds", PEOPLE["older"] // 2)},
    "split": {"people": "older", "capacity": Capacity(split=True), "objective": ("max-cover", "min-time")},
    "infeasible": {"quotas": [Quota("town", ("T2",), 2), Quota("county", ("K",), 1, 1)]},
}


def _record(what):
    problem = _ask(**QUESTIONS[what])
    return json.loads(json.dumps(plan_record(solve_siting(problem), problem), allow_nan=False))


@pytest.mark.parametrize("what", list(QUESTIONS))
def test_question_and_plan_come_back_whole(what):
    problem = _ask(**QUESTIONS[what])
    plan = solve_siting(problem)
    again, read = read_record(_record(what))
    assert input_hash(again) == input_hash(problem) == plan.input_hash
    assert verify_plan(again, read) == verify_plan(problem, plan) or what == "infeasible"
    assert verify_record(_record(what)).covered == plan.covered
    assert solve_siting(again).chosen == plan.chosen


def test_the_same_question_gives_the_same_record():
    assert _record("all") == _record("all")


def _places(value, path=()):
    """Every number, text and null of a record, by its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield path
        return
    for key, part in inner:
        yield from _places(part, (*path, key))


def _changed(record, path):
    record = copy.deepcopy(record)
    place = record
    for key in path[:-1]:
        place = place[key]
    held = place[path[-1]]
    if isinstance(held, bool) or held is None:
        place[path[-1]] = not held
    else:
        place[path[-1]] = held + 1 if isinstance(held, (int, float)) else held[:-1] + ("x" if held[-1:] != "x" else "y")
    return record


@pytest.mark.parametrize("what", ["all", "capacity", "infeasible"])
def test_whatever_is_changed_is_noticed(what):
    record = _record(what)
    paths = list(_places(record))
    assert len(paths) > 60
    for path in paths:
        with pytest.raises(PlanError) as why:
            verify_record(_changed(record, path))
        assert why.value.sentence("zh")


@pytest.mark.parametrize("key", sorted(_record("capacity")))
def test_whatever_is_left_out_is_noticed(key):
    record = _record("capacity")
    del record[key]
    with pytest.raises(PlanError):
        verify_record(record)


def test_a_changed_figure_is_named():
    record = _record("plain")
    with pytest.raises(PlanError, match="covered") as why:
        verify_record({**record, "covered": record["covered"] + 2})
    assert str(record["covered"] + 2) in str(why.value)
    first = record["sites"][0]
    with pytest.raises(PlanError, match="sites"):
        verify_record({**record, "sites": [{**first, "name": "别处"}, *record["sites"][1:]]})
    with pytest.raises(PlanError, match="seal"):
        verify_record({**record, "seal": "0" * 64})
    with pytest.raises(PlanError, match="seal"):
        verify_record({**record, "seed": 1})


@pytest.mark.parametrize(
    "broken", [{}, {"question": None}, {"question": {"format": 1}}, {"question": {"format": 2}}, []]
)
def test_what_is_no_record_is_told(broken):
    with pytest.raises(PlanError):
        verify_record(broken)


def test_a_damaged_question_is_told():
    record = _record("plain")
    for key in ("communities", "sites", "load", "conflicts"):
        with pytest.raises(PlanError):
            verify_record({**record, "question": {**record["question"], key: "bm90IHBhY2tlZA=="}})
    near = {**record["question"]["near"], "site": record["question"]["near"]["count"]}
    with pytest.raises(PlanError, match="damaged"):
        verify_record({**record, "question": {**record["question"], "near": near}})


def test_a_record_stays_small():
    rng = np.random.default_rng(1)
    minutes = np.where(rng.random((2000, 100)) < 0.12, rng.integers(1, 1500, (2000, 100)) / 100, np.nan)
    problem = siting_from_matrix(minutes, rng.integers(0, 300, 2000), within=15, new_sites=10)
    plan = solve_siting(problem, seconds=0)
    size = len(json.dumps(plan_record(plan, problem)["question"]))
    assert size < 5 * len(problem.pairs.cs)


# --- what a record asks to be believed ---


def _sealed(record):
    """The record with a seal of its own again, as somebody would make it who changed it on purpose."""
    return sealed_together([record])[0]


@pytest.mark.parametrize("what", ["all", "capacity", "infeasible"])
def test_a_new_seal_hides_nothing_but_what_is_said_to_be_past_checking(what):
    record, hidden = _record(what), set()
    for path in _places(record):
        if path[0] not in ("question", "seal", "file"):
            try:
                verify_record(_sealed(_changed(record, path)))
            except PlanError:
                continue
            hidden.add(path[-1] if path[0] == "goals" else path[0])
    told = {"placed_before"} if what == "capacity" else set()  # where communities go whole
    assert hidden <= {"problem_id", "proved_by", "nodes", "seed", "versions"} | told
    assert {"problem_id", "seed", "versions"} <= hidden


def _told(record, lang="en", prove=0.0):
    return list(record_lines("toy", record, lang, prove=prove))


def worse(*, beaten):
    """The record of a plan that another one beats: it says that none does (``beaten``), or by how much one may."""
    problem = _ask(new_sites=1, within=9)
    plan = solve_siting(problem)
    less = solve_siting(replace(problem, quotas=(Quota("town", ("T1",), 2),)))
    assert less.covered < plan.covered
    bound = less.value if beaten else plan.value
    gap = (bound - less.value) / less.value
    level = replace(less.levels[0], bound=bound, gap=gap, proved_by="HiGHS")
    forged = replace(
        less, levels=(level,), bound=bound, gap=gap, status="optimal" if beaten else "bounded", proved_by="HiGHS",
        input_hash=plan.input_hash,
    )  # fmt: skip
    return json.loads(json.dumps(plan_record(forged, problem)))


def test_a_better_plan_is_found_when_a_bound_was_made_up():
    record = worse(beaten=True)
    assert verify_record(record).covered == record["covered"]
    holds, unseen, how = _told(record)
    assert "holds" in holds and "not re-checkable" in unseen and "--prove" in how
    assert "nothing is better than" in unseen and "没有方案优于" in _told(record, "zh")[1]
    with pytest.raises(PlanError, match="but a plan with") as why:
        _told(record, prove=math.inf)
    assert "请勿使用" in why.value.sentence("zh")


def test_a_plan_is_found_where_a_record_says_that_none_exists():
    right, none = _record("plain"), _record("infeasible")
    forged = {
        **right,
        **{k: none[k] for k in ("status", "value", "bound", "gap", "sites", "goals", "figures", "reasons")},
    }
    problem, _ = read_record(right)
    nothing = solve_siting(replace(problem, new_sites=0))
    forged |= {"covered": nothing.covered, "assignment": plan_record(nothing, problem)["assignment"]}
    forged = _sealed(json.loads(json.dumps(forged)))
    verify_record(forged)
    assert "that no plan exists; the reasons given why none exists" in _told(forged)[1]
    with pytest.raises(PlanError, match="says that no plan exists"):
        _told(forged, prove=math.inf)


@pytest.mark.parametrize("what", list(QUESTIONS))
def test_true_records_are_proven_again(what):
    record = _record(what)
    holds, *again, search = _told(record, prove=math.inf)
    assert "holds" in holds and "who proved it" in search
    said = "no plan exists" if what == "infeasible" else "proven again"
    assert len(again) == max(1, len(record["goals"])) and all(said in line for line in again)


def test_a_proof_that_does_not_come_in_time_says_so():
    rng = np.random.default_rng(1)
    minutes = np.where(rng.random((100, 20)) < 0.1, rng.integers(1, 1500, (100, 20)) / 100, np.nan)
    problem = siting_from_matrix(minutes, rng.integers(1, 300, 100), within=15, new_sites=6)
    record = plan_record(solve_siting(problem), problem)
    assert any("not proven again within" in line for line in _told(record, prove=1e-9))
    assert "a better plan was found" in _told(worse(beaten=False), prove=math.inf)[1]


# --- the command ---


def test_the_command_checks_a_file_alone(tmp_path):
    good, bad = _record("all"), _record("capacity")
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(sealed_together([good, bad])), encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", str(file), "--lang", "en"])
    assert (done.exit_code, done.stdout.count("holds"), done.stderr) == (0, 2, "")
    assert done.stdout.count("not re-checkable from the file") == 2
    done = CliRunner().invoke(app, ["verify", str(file), "--lang", "en", "--prove", "3600"])
    assert (done.exit_code, done.stdout.count("proven again"), done.stderr) == (0, 7, "")
    good, bad = sealed_together([good, bad])
    file.write_text(json.dumps([good, {**bad, "covered": 1}]), encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", str(file)])
    assert done.exit_code == 1
    assert "covered" in done.stderr


def test_the_command_tells_a_file_that_is_cut_short(tmp_path):
    (tmp_path / "plan.json").write_text("[{", encoding="utf-8")
    done = quarterhour("verify", tmp_path / "plan.json")
    assert done.returncode == 1
    assert "JSON" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_that_hold_no_plans_are_told(tmp_path):
    file = tmp_path / "plan.json"
    with pytest.raises(MissingError):
        read_records(file)
    for text in ("", "3", "[]", "[3]"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DataError):
            read_records(file)


def test_what_ended_the_search_is_one_of_three_words():
    record = _record("plain")
    record["stopped"] = "x"
    with pytest.raises(PlanError, match="stopped"):
        verify_record(record)


OLD = json.loads((Path(__file__).parent / "records" / "format-3.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("record", OLD, ids=lambda r: r["status"])
def test_a_plan_of_the_format_before_is_read_and_holds(record):
    verify_record(record)
    problem, plan = read_record(record)
    assert [r.key.partition(".")[0] for r in plan.reasons] == ["explanation"] * len(record["reasons"])
    today = json.loads(json.dumps(plan_record(plan, problem)))
    verify_record(today)
    assert today["question"]["format"] == FORMAT
    assert [r["en"] for r in today["reasons"]] == [r["en"] for r in record["reasons"]]


def test_a_plan_of_the_format_before_is_sealed_as_it_was():
    forged = json.loads(json.dumps(OLD[0]))
    forged["reasons"][0]["values"]["count"] = 3
    with pytest.raises(PlanError):
        verify_record(forged)
    with pytest.raises(PlanError, match="format"):
        verify_record({**OLD[0], "question": {**OLD[0]["question"], "format": 2}})
