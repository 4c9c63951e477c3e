"""What a bound rests on, as prices that anybody can add up: worked by hand, made, checked, forged."""

from __future__ import annotations

import ast
import hashlib
import json
import runpy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse.csgraph import shortest_path

from quarterhour.base.errors import PlanError
from quarterhour.siting.audit import record_lines
from quarterhour.siting.certify import certify_plan
from quarterhour.siting.methods.evidence import tree as tree_room
from quarterhour.siting.proof.evidence import check_evidence, shows
from quarterhour.siting.proof.plan_record import plan_record, read_record, verify_record
from quarterhour.siting.proof.price_form import price_form
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.proof.seal import sealed_together
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.plan import Evidence, Reason
from quarterhour.siting.question.problem import Coverage, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.siting.solve import solve_siting

NEAR, FAR = 5.0, np.nan


def street():
    """Four villages of 10, 6, 5 and 3 people, three places, two to be built.

    ::

              A     B     C
        10    near  near
         6          near
         5                near
         3    near

    B and C cover 21, A and B 19, A and C 18. Let the villages pay 2, 6, 5 and 3: 16 in all. A, B and C save 5, 8 and 5
    of it, two of them 13 at most; so any two leave at least 3 of the 24 people, and none covers more than 21.
    """
    minutes = [[NEAR, NEAR, FAR], [FAR, NEAR, FAR], [FAR, FAR, NEAR], [NEAR, FAR, FAR]]
    return siting_from_matrix(np.array(minutes), [10, 6, 5, 3], within=15, new_sites=2)


def prices(*people):
    """Prices in people as a vector, in the hundredths in which coverage is counted, for all choices at once."""
    vector = np.array([[round(100 * n) for n in people]], dtype=np.int64)
    return Evidence(1, vector, np.array([-1], dtype=np.int64))


def test_prices_by_hand_show_that_two_places_cover_no_more_than_21():
    problem = street()
    plan = solve_siting(problem)
    assert (plan.chosen, plan.value, plan.bound) == (("1", "2"), 21, 21)
    form = price_form(problem, 0, plan.levels)
    assert shows(form, prices(2, 6, 5, 3))
    assert not shows(form, prices(10, 6, 5, 3))  # 24 less 16 and 13: no more than that at least -5 are left
    assert not shows(form, prices(2, 6, 5, 4))  # the three people would pay for four
    lower = (replace(plan.levels[0], bound=20.0),)
    assert not shows(price_form(problem, 0, lower), prices(2, 6, 5, 3))
    verify_plan(problem, replace(plan, evidence=(prices(2, 6, 5, 3),)))
    with pytest.raises(PlanError, match="does not show its bound"):
        verify_plan(problem, replace(plan, evidence=(prices(10, 6, 5, 3),)))


def test_a_tree_that_leaves_a_part_out_shows_nothing():
    problem = street()
    form = price_form(problem, 0, solve_siting(problem).levels)
    good = prices(2, 6, 5, 3).prices
    for nodes, holds in [
        ([-1], True), ([0, -1, -1], True), ([0, 1, -1, -1, -1], True),
        ([], False), ([0, -1], False), ([0, -1, -1, -1], False), ([0, 0, -1, -1, -1], False), ([3, -1, -1], False),
        ([-2], False), ([0], False),
    ]:  # fmt: skip
        assert shows(form, Evidence(1, good, np.array(nodes, dtype=np.int64))) is holds, nodes


def town(seed, rows=40, count=14, **asked):
    """Villages and places in a square."""
    rng = np.random.default_rng(seed)
    place, site = rng.random((rows, 2)) * 60, rng.random((count, 2)) * 60
    minutes = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)).round(2)
    return siting_from_matrix(minutes, rng.integers(1, 60, rows), **{"within": 15, "new_sites": 4, **asked})


QUESTIONS = {
    "cover": {},
    "fewest": {"objective": "min-sites", "new_sites": None},
    "median": {"objective": "min-time", "within": 90},
    "median in part": {"objective": "min-time", "coverage": Coverage(everyone=False)},
    "centre": {"objective": "min-worst", "within": 90},
    "chain": {"objective": ("max-cover", "min-time"), "existing": ["0", "3"], "required": ["5"]},
    "fewest, then time": {"objective": ("min-sites", "min-time"), "new_sites": None},
    "steps": {"within": Standard(15, ((5, 100), (15, 60)))},
    "at least": {"objective": "min-sites", "new_sites": None, "coverage": Coverage(everyone=False, at_least=900)},
    "conflicts": {"conflicts": [["0", "1"], ["2", "3"], ["4", "5"]]},
}
IN_THE_SCRIPT = ("cover", "fewest", "median", "median in part", "chain", "fewest, then time")


@pytest.fixture(scope="module")
def check(root):
    """``check`` of docs/check_plan.py."""
    return runpy.run_path(str(root / "docs" / "check_plan.py"))["check"]


def proven(problem):
    """A plan with its evidence, and its record as a file holds it."""
    plan = certify_plan(problem, solve_siting(problem))
    return plan, json.loads(json.dumps(plan_record(plan, problem), allow_nan=False))


@pytest.mark.parametrize("what", QUESTIONS)
@pytest.mark.parametrize("seed", range(2))
def test_bounds_are_shown_and_a_stranger_sees_it(what, seed, check):
    problem = town(seed, **QUESTIONS[what])
    plan, record = proven(problem)
    assert check_evidence(problem, plan) == [True] * len(plan.levels)
    verify_record(record)
    told = list(check(record))
    assert [line for line, holds in told if not holds] == ([] if what in IN_THE_SCRIPT else [told[-1][0]]), told
    assert (told[-1][1] is None) == (what not in IN_THE_SCRIPT)
    assert sum("bound" in line for line, _ in told) == (len(plan.levels) if what in IN_THE_SCRIPT else 0)
    again = certify_plan(problem, replace(plan, evidence=()))
    assert json.dumps(plan_record(again, problem)) == json.dumps(plan_record(plan, problem))


def test_quotas_have_prices_too(check):
    """Each half must have one and may have two, which binds: the best four would all lie in one."""
    rng = np.random.default_rng(2)
    minutes = np.where(rng.random((30, 8)) < 0.25, 5.0, np.nan)
    people = np.where(np.isnan(minutes[:, :4]).all(axis=1), 1, 50)
    towns = ["W"] * 4 + ["E"] * 4
    quotas = [Quota("town", ("W", "E"), 1, 2)]
    problem = siting_from_matrix(
        minutes, people, within=15, new_sites=3, sites=pd.DataFrame({"town": towns}), quotas=quotas
    )
    plan, record = proven(problem)
    assert check_evidence(problem, plan) == [True]
    assert all(holds for _, holds in check(record))


def bounds_moved(record, by):
    """The record with a bound that claims more than is true, and all that hangs on it."""
    made = json.loads(json.dumps(record))
    level = made["goals"][0]
    level["bound"] = made["bound"] = level["bound"] + by
    return sealed_together([made])[0]


@pytest.mark.parametrize(("what", "by"), [("cover", -1), ("fewest", 1), ("median", 0.01), ("median in part", 0.01)])
def test_no_other_bound_is_shown(what, by, check):
    _, record = proven(town(1, **QUESTIONS[what]))
    forged = bounds_moved(record, by)
    assert [line for line, holds in check(forged) if not holds and "bound" in line]
    with pytest.raises(PlanError):
        verify_record(forged)


@pytest.mark.parametrize("what", ["cover", "median"])
def test_altered_prices_times_and_values_are_seen(what, check):
    problem = town(0, **QUESTIONS[what])
    plan, record = proven(problem)
    (evidence,) = plan.evidence
    assert isinstance(evidence, Evidence)
    halved = replace(plan, evidence=(replace(evidence, prices=evidence.prices // 2),))
    dearer = replace(plan, evidence=(replace(evidence, prices=3 * evidence.prices + 7),))
    for forged in (halved, dearer):
        assert not all(holds for _, holds in check(json.loads(json.dumps(plan_record(forged, problem)))))
        with pytest.raises(PlanError):
            verify_plan(problem, forged)
    times = replace(problem.times, cs=(problem.times.cs * 0.9).astype(np.int32))
    other = plan_record(plan, replace(problem, times=times))
    assert not all(holds for _, holds in check(json.loads(json.dumps(other)))) or what == "cover"
    with pytest.raises(PlanError):
        verify_record(json.loads(json.dumps(other)))
    value = json.loads(json.dumps(record))
    value["goals"][0]["value"] += 1
    told = dict(check(sealed_together([value])[0]))
    assert not all(told.values())
    assert not dict(check({**record, "seal": "0"}))["seal"]


@pytest.mark.parametrize(
    "asked",
    [{"coverage": Coverage(backup=50)}, {"objective": ("gini", "max-cover"), "areas": {"town": ["t", "u"] * 20}}],
    ids=["backup", "gini"],
)
def test_what_has_no_such_form_says_so(asked):
    plan, record = proven(town(0, **asked))
    assert {reason.key for reason in plan.evidence if isinstance(reason, Reason)} == {"proof.evidence_form"}
    problem, read = read_record(record)
    assert check_evidence(problem, read) == [False] * len(plan.levels)
    assert any("no evidence in prices" in line for line in record_lines("x", record, "en"))


def test_room_and_money_are_told_apart():
    room = town(0, sites=pd.DataFrame({"capacity": [200] * 14}), capacity=Capacity("beds"))
    assert isinstance(certify_plan(room, solve_siting(room)).evidence[0], Reason)
    rich = town(0, sites=pd.DataFrame({"cost_yuan": [3] * 14}), budget=Budget(9), new_sites=None)
    assert check_evidence(rich, certify_plan(rich, solve_siting(rich))) == [True]


def test_a_tree_that_is_too_large_says_so(monkeypatch):
    monkeypatch.setattr(tree_room, "_SOLVED", 0)
    monkeypatch.setattr(tree_room, "_SCALES", ())
    plan = certify_plan(street(), solve_siting(street()))
    assert [reason.key for reason in plan.evidence] == ["proof.evidence_large"]  # type: ignore[union-attr]
    record = json.loads(json.dumps(plan_record(plan, street())))
    verify_record(record)
    assert any("too large" in line for line in record_lines("x", record, "en"))
    assert any("nothing is better than 21" in line for line in record_lines("x", record, "en"))


def odd_circle(rows):
    """Two of three places near each village, in a circle: half of each covers all, so that one vector falls short."""
    near = np.full((rows, rows), np.nan)
    for i in range(rows):
        near[i, [i, (i + 1) % rows]] = 5.0
    return siting_from_matrix(near, [1] * rows, within=15, objective="max-cover", new_sites=rows // 2)


def test_where_one_vector_falls_short_the_sites_are_divided(check):
    problem = odd_circle(9)
    plan, record = proven(problem)
    (evidence,) = plan.evidence
    assert isinstance(evidence, Evidence)
    assert plan.status == "optimal" and all(holds for _, holds in check(record))


def test_the_script_stands_alone_and_is_short(root, tmp_path):
    script = root / "docs" / "check_plan.py"
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    names = {a.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for a in node.names}
    assert names <= sys.stdlib_module_names and "ImportFrom" not in ast.dump(ast.parse(text))
    _, record = proven(town(0))
    file = tmp_path / "plan.json"
    file.write_text(json.dumps([record], ensure_ascii=False), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", str(script), str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "bound" in done.stdout, done.stderr
    file.write_text(json.dumps(bounds_moved(record, -1), ensure_ascii=False), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", str(script), str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "DOES NOT HOLD" in done.stdout
    for strange in ("", "[]", "null", "3", "{}", "[" * 100_000, json.dumps({**record, "evidence": [{}]})):
        file.write_text(strange, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-I", str(script), str(file)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1 and done.stderr.startswith("No plan to check: "), strange[:20]
        assert len(done.stderr.splitlines()) == 1


def resealed(record, **other):
    """The record with other parts, its seal made anew as anybody can, numbers that are none among them."""
    bare = {key: value for key, value in {**record, **other}.items() if key != "seal"}
    text = json.dumps(bare, ensure_ascii=False, sort_keys=True)
    return {**bare, "seal": hashlib.sha256(text.encode()).hexdigest()}


@pytest.mark.parametrize("what", ["cover", "fewest"])
@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 0, -1])
def test_a_scale_that_is_no_number_shows_no_bound(what, scale, check):
    _, record = proven(town(1, **QUESTIONS[what]))
    forged = bounds_moved(record, -1 if what == "cover" else 1)
    forged = resealed(forged, evidence=[{**forged["evidence"][0], "scale": scale}])
    try:
        told = dict(check(forged))
    except (ValueError, OverflowError):
        return
    assert told["seal"] and not all(told.values())


def test_a_bound_that_is_no_number_is_not_shown(check):
    _, record = proven(town(1, **QUESTIONS["fewest"]))
    nan = float("nan")
    told = list(check(resealed(record, bound=nan, goals=[{**record["goals"][0], "bound": nan}])))
    assert not all(holds for line, holds in told if line.startswith("bound"))


@pytest.mark.parametrize("part", ["value", "bound"])
def test_parts_of_a_person_are_not_rounded_away(part, check):
    _, record = proven(town(1, **QUESTIONS["cover"]))
    less = record["goals"][0][part] - 0.4
    told = dict(check(resealed(record, goals=[{**record["goals"][0], part: less}], **{part: less})))
    assert told["seal"] and told["goals"] and not told[f"{part} {less}"]


def test_goals_are_those_that_were_asked_and_the_plan_says_what_the_first_comes_to(check):
    _, record = proven(town(1, **QUESTIONS["cover"]))
    (goal,) = record["goals"]
    assert dict(check(record))["goals"]
    for other in (
        {"goals": [{**goal, "objective": "min-time"}]},
        {"goals": [goal, goal]},
        {"value": goal["value"] + 1},
    ):
        assert not dict(check(resealed(record, **other)))["goals"]


def test_a_bound_without_evidence_is_not_passed_over(check):
    _, record = proven(town(1, **QUESTIONS["cover"]))
    for none in ([], None, [{"none": {"key": "proof.evidence_large"}}]):
        told = dict(check(resealed(record, evidence=none)))
        assert told[f"bound {record['bound']}"] is None


@pytest.mark.parametrize(("name", "optimum"), [("pmed1", 5819), ("pmed6", 7824)])
def test_published_optima_are_shown_by_prices(name, optimum, shared_data, check):
    figures = np.array((shared_data / "pmed" / f"{name}.txt").read_text().split(), dtype=np.int64)
    count, p = int(figures[0]), int(figures[2])
    ways = np.zeros((count, count))
    for one, other, length in figures[3:].reshape(-1, 3) - [1, 1, 0]:
        ways[one, other] = ways[other, one] = length
    ways = shortest_path(ways)
    problem = siting_from_matrix(ways, [1] * count, objective="min-time", within=float(ways.max()), new_sites=p)
    plan, record = proven(problem)
    assert plan.value == plan.bound == optimum
    assert check_evidence(problem, plan) == [True]
    assert all(holds for _, holds in check(record))
