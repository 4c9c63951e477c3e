"""The siting bench: a tiny row of each kind end to end, and that wrong answers and missed limits are seen."""

from __future__ import annotations

import importlib.util
import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import planted, siting, siting_measure
from benchmarks.siting_covered import cover_program, max_cover
from benchmarks.siting_lands import Land, made_land
from benchmarks.siting_measure import measured, named_of
from benchmarks.siting_peers import by_highspy
from benchmarks.siting_questions import Answer, differ
from benchmarks.siting_rows import Asked, rows, tiny
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.plan import SitingPlan

FIELDS = {"id", "peer", "size", "ratio", "bar", "met", "answers_equal", "day", "details"}
CERTIFICATE = {"value", "bound", "gap", "seconds"}


@pytest.fixture(autouse=True)
def _no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about time."""
    monkeypatch.setattr(siting_measure, "_warm", lambda _: None)
    monkeypatch.setattr(siting_measure, "ROUNDS", 1)


@pytest.fixture(scope="module")
def land() -> Land:
    return made_land("town", 60, 20)


# --- every kind of row --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*PuLP 4:DeprecationWarning")  # spopt's own, of how it calls PuLP
@pytest.mark.parametrize("asked", tiny(), ids=lambda a: a.id)
def test_a_tiny_row_of_each_kind_has_equal_answers_and_all_columns(asked: Asked) -> None:
    module = siting_measure.MODULES.get(asked.peer)
    if module and importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: `make bench-siting` does it")
    row = measured(asked, limit=20)
    record = row.as_record()
    assert siting._line(row).count("|") == 14 and siting._progress(row)
    assert set(record) == FIELDS | CERTIFICATE
    assert record["answers_equal"] is True, record["details"]
    assert record["gap"] == 0 and record["value"] == record["bound"] and record["seconds"] >= 0
    assert json.dumps(record, allow_nan=False)
    if asked.limits:
        assert record["met"] is True and set(record["details"]["limits"]) == {"gap", "seconds", "memory_gb"}
    else:
        assert record["met"] is None and record["details"]["peer_value"] == record["details"]["ours_value"]


def test_every_kind_with_a_peer_has_a_tiny_row() -> None:
    own = {"question": set(), "p-median": {"p-median", "p-center"}, "p-center": {"p-center"}, "why": {"why"}}
    asked = {a.name for a in rows() if a.name not in own[a.way]}
    assert asked == {a.name for a in tiny()}
    assert len({a.id for a in rows()}) == len(rows()) and all(a.id for a in rows())


@pytest.mark.parametrize("cause", planted.PLANTED)
def test_each_planted_cause_is_named(cause: str) -> None:
    assert f"explanation.{cause}" in named_of({**planted.large(), **planted.PLANTED[cause]()})


def test_a_row_of_a_cause_says_what_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (asked,) = (a for a in rows() if a.id == "why/limit/quotas_over_new_sites")
    row = measured(asked)
    assert row.answers_equal and row.details["named"] == ["explanation.quotas_over_new_sites"] and row.bar == 1
    assert siting._line(row).count("|") == 14
    monkeypatch.setattr(siting_measure, "named_of", lambda _: ["explanation.cause_budget"])
    row = measured(asked)
    assert row.met is False and row.details["differ"] == "named: explanation.cause_budget"


def test_the_graphs_of_or_library_are_held_against_what_was_published(monkeypatch: pytest.MonkeyPatch) -> None:
    optima = siting_measure.pmed_optima
    try:
        small = {"pmed1": optima()["pmed1"]}
    except siting_measure.Skipped as why:
        pytest.skip(str(why))
    monkeypatch.setattr(siting_measure, "pmed_optima", lambda: dict(small))
    for name in ("p-median", "p-center"):
        (asked,) = (a for a in rows() if a.way == name)
        row = measured(asked)
        assert row.answers_equal and row.value == row.bound == row.details["graphs"]["pmed1"]["published"]
    small["pmed1"] -= 1
    (asked,) = (a for a in rows() if a.way == "p-median")
    assert measured(asked).met is False


# --- the command --------------------------------------------------------------------------------------


def run(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The rows of a run, by id."""
    siting.main(["--tiny", "--limit", "10", "--out", str(folder), *arguments])
    told = json.loads((folder / "siting.json").read_text(encoding="utf-8"))
    return {row["id"]: row for row in told["rows"]}


def test_the_command_measures_in_a_process_of_its_own_and_keeps_the_row(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "min-sites/highspy/tiny"
    first = run(tmp_path, "--only", name)
    on_day(monkeypatch, first[name]["day"])
    assert first[name]["answers_equal"] is True
    said = capfd.readouterr()
    assert name in said.err and "0 of 0 bars met" in said.out
    assert f"| {name} |" in (tmp_path / "siting.md").read_text(encoding="utf-8")
    assert run(tmp_path, "--only", name) == first
    assert list(tmp_path.glob("*.part")) == []


def on_day(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    """It is this day, and it does not end while a test runs."""

    class OneDay(date):
        @classmethod
        def today(cls) -> OneDay:
            return cls.fromisoformat(day)

    for room in (siting, siting_measure):
        monkeypatch.setattr(room, "date", OneDay)


def test_ctrl_c_keeps_the_rows_that_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def child(asked: Asked, limit: float) -> siting.SitingRow:
        if asked.peer == "limit":
            raise KeyboardInterrupt
        return siting.skipped(asked, f"not within {limit:g} s")

    monkeypatch.setattr(siting, "_in_a_child", child)
    only = "max-cover/highspy/tiny,frontier/limit/tiny"
    assert siting.main(["--tiny", "--out", str(tmp_path), "--only", only]) == 130
    (row,) = json.loads((tmp_path / "siting.json").read_text(encoding="utf-8"))["rows"]
    assert row["id"] == "max-cover/highspy/tiny"


def test_fresh_rows_leave_the_others_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_day(monkeypatch, "2026-11-24")
    counted = []

    def child(asked: Asked, limit: float) -> siting.SitingRow:
        counted.append(asked.id)
        return measured(asked, limit=limit)

    monkeypatch.setattr(siting, "_in_a_child", child)
    both = ["min-sites/highspy/tiny", "steps/highspy/tiny"]
    assert run(tmp_path, "--only", ",".join(both)).keys() == set(both)
    assert run(tmp_path, "--only", both[1], "--fresh").keys() == set(both)
    assert counted == [both[0], both[1], both[1]]


def test_a_child_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    row = siting._in_a_child(Asked("nothing", "limit", "tiny", limits={"gap": 0.1}), 1)
    assert row.met is False and "failed: " in row.details["skipped"]
    monkeypatch.setattr(siting, "LONGEST_S", 0.01)
    (asked,) = (a for a in tiny() if a.id == "max-cover/limit/tiny")
    assert "ended after" in siting._in_a_child(asked, 1).details["skipped"]


def test_a_peer_that_is_not_here_is_skipped_and_its_bar_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(siting_measure.MODULES, "spopt", "no_such_library")
    (asked,) = (a for a in rows() if a.id == "min-sites/spopt/5k-town")
    row = measured(asked)
    assert row.details["skipped"].startswith("no_such_library is not installed") and row.met is False


# --- what must be seen --------------------------------------------------------------------------------


def answer(value: int | None, bound: float, *, proven: bool = False) -> Answer:
    return Answer((value,), (bound,), proven, "")


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (answer(900, 900), answer(900, 900), ""),
        (answer(900, 950), answer(890, 990), ""),
        (answer(900, 950), answer(None, 990), ""),
        (answer(900, 950), answer(890, math.nan), ""),
        (answer(900, 900), answer(910, 910), "max-cover: theirs 9.1 is beyond our bound 9"),
        (answer(900, 950), answer(910, 910), "max-cover: ours 9 is worse than theirs 9.1"),
        (answer(900, 950), answer(890, 890), "max-cover: ours 9 is beyond their bound 8.9"),
        (answer(None, math.nan), answer(890, 990), "we found no plan"),
    ],
)
def test_answers_that_contradict_each_other_are_seen(ours: Answer, theirs: Answer, said: str) -> None:
    assert differ(ours, theirs, ["max-cover"]) == said


def test_a_later_goal_counts_only_where_the_first_is_equal() -> None:
    goals = ("max-cover", "min-time")
    ours, theirs = Answer((900, 6000), (900, 6000), True, ""), Answer((900, 5400), (900, 5400), True, "")
    assert differ(ours, theirs, goals).startswith("min-time: theirs 0.9 is beyond our bound 1")
    assert differ(ours, Answer((800, 5400), (1000, 0), False, ""), goals) == ""


def test_a_plan_that_covers_fewer_than_it_says_is_seen(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    def boasting(problem: Any, **how: Any) -> SitingPlan:
        plan = solve(problem, **how)
        object.__setattr__(plan, "covered", plan.covered + 1)
        return plan

    from benchmarks import siting_questions

    solve = siting_questions.solve_siting
    monkeypatch.setattr(siting_questions, "solve_siting", boasting)
    row = measured(Asked("max-cover", "highspy", "60", lambda: max_cover(land, 4)))
    assert row.answers_equal is False and "covered" in row.details["differ"]


def test_a_limit_that_is_missed_is_named() -> None:
    (asked,) = (a for a in tiny() if a.id == "max-cover/limit/tiny")
    row = measured(Asked(asked.name, asked.peer, asked.size, asked.make, limits={"gap": 0.0, "seconds": 0.0}))
    assert row.met is False and row.answers_equal and row.ratio == 0
    assert row.details["over"][0].startswith("seconds ") and row.details["over"][0].endswith("where at most 0")


def test_the_land_is_the_same_for_the_same_seed_and_has_about_twelve_sites_near() -> None:
    one, again = made_land("uniform", 2_000, 250), made_land("uniform", 2_000, 250)
    assert np.array_equal(one.cs, again.cs) and np.array_equal(one.site, again.site)
    assert 9 < len(one.cs) / one.rows < 13 and int(one.cs.max()) <= 90_000


def test_peers_are_asked_the_question_that_we_are_asked(land: Land) -> None:
    """By trying all pairs of sites: plain HiGHS, its program and our door agree."""
    cover = land.cover().toarray() > 0
    best = max(int(land.people[cover[:, [a, b]].any(axis=1)].sum()) for a in range(20) for b in range(a))
    found = by_highspy(cover_program(land, 2), 20)
    assert found.proven and found.bound == pytest.approx(100 * best)
    question = max_cover(land, 2)
    assert question.ours(20).values == question.peer("highspy", 20).values == (100 * best,)
    assert as_problem("two", **_asked(land)).demand.sum() == land.people.sum()


def _asked(land: Land) -> dict[str, Any]:
    import pandas as pd

    times = land.times()
    people = pd.Series(land.people, index=times.communities)
    asked = {"minutes": 15, "objective": "max-cover", "new_sites": 2}
    return {"demand": people, "sites": land.site_table(), "times": times, **asked}
