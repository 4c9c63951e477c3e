"""Answers of an earlier run: taken where nothing that they depend on differs, counted again, the same to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quarterhour as qh
from quarterhour.io.answer_store.store import load_answer, save_answer
from quarterhour.io.answer_store.values import value_key
from quarterhour.io.network_store import program_sum
from quarterhour.siting import solve
from quarterhour.study import run
from quarterhour.study.siting.answer import kept, search

ASKED = """
frontier = 2
phases = { per_year = 1, first_year = 2026 }
robust = { scenarios = 1, speed = [0.8, 1.2], people = 0.1, source = "made up" }
"""
PHASES = ("phases = { per_year = 1, first_year = 2026 }\n", "")
ROBUST = ASKED.splitlines()[-1] + "\n"
MORE = """
values = true
reserves = 1
near_best = { plans = 2, within = 0.9 }
relocation = { closings = 1 }
"""


@pytest.fixture
def asked(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[qh.Results, int]]:
    """A run of the toy study with all that may lie behind a plan, and how often a plan was searched for in it."""
    file = toy_study / "study.toml"
    text = file.read_text("utf-8").replace("new_sites = 1\n", "new_sites = 1\nnodes = 2000\n") + ASKED
    plain = search.solve_siting
    begun: list[int] = []
    monkeypatch.setattr(search, "solve_siting", lambda *a, **more: begun.append(1) or plain(*a, **more))

    def run(*changes: tuple[str, str], more: str = "", **settings: Any) -> tuple[qh.Results, int]:
        changed = text
        for old, new in changes:
            assert old in changed
            changed = changed.replace(old, new)
        file.write_text(changed + more, encoding="utf-8")
        before = len(begun)
        home = toy_study.parent
        made = qh.run_study(qh.read_study(toy_study), prepared=home / "prepared", keep=home / "plans", **settings)
        return made, len(begun) - before

    return run


def said(results: qh.Results) -> str:
    """All that the proposals say."""
    return value_key([(p.plan, p.changes, p.prospects) for p in results.proposals])


def timeless(results: qh.Results) -> str:
    return value_key([(replace(p.plan, seconds=0.0), p.changes) for p in results.proposals])


def test_the_same_question_is_not_searched_again(asked: Callable[..., Any], tmp_path: Path) -> None:
    first, searched = asked(more=MORE)
    assert searched == 1
    assert first.proposals[0].prospects.near_best is not None
    plan = (tmp_path / "plans" / "centres.json").read_bytes()
    again, searched = asked(more=MORE)
    assert searched == 0
    assert said(again) == said(first)
    assert (tmp_path / "plans" / "centres.json").read_bytes() == plan
    (tmp_path / "plans" / "centres.json").unlink()
    assert asked(more=MORE)[1] == 0
    assert (tmp_path / "plans" / "centres.json").read_bytes() == plan


def test_whatever_differs_is_searched_for(asked: Callable[..., Any]) -> None:
    asked()
    for change in (
        ("seed = 1\n", "seed = 2\n"),
        ("nodes = 2000", "nodes = 2001"),
        ("first_year = 2026", "first_year = 2027"),
        ("speed = [0.8, 1.2]", "speed = [0.7, 1.2]"),
    ):
        assert asked(change)[1] == 1


def test_other_people_and_other_roads_are_another_question(asked: Callable[..., Any], toy_study: Path) -> None:
    asked()
    table = toy_study / "communities.csv"
    told = table.read_bytes()
    table.write_bytes(told.replace(b",100,4", b",101,4"))
    assert asked()[1] == 1
    table.write_bytes(told)
    assert asked()[1] == 1  # one answer a question is kept, the last
    roads = toy_study / "roads.geojson"
    roads.write_text(roads.read_text("utf-8").replace('"residential"', '"service"', 1), "utf-8")
    assert asked()[1] == 1


def test_another_part_of_the_study_leaves_an_answer_as_it_is(asked: Callable[..., Any]) -> None:
    first, _ = asked()
    again, searched = asked(("minutes = 15\nheading = \"to_site\"", "minutes = 20\nheading = \"to_site\""))  # fmt: skip
    assert searched == 0
    assert said(again) == said(first)


def test_fresh_is_fresh_and_comes_to_the_same(asked: Callable[..., Any]) -> None:
    first, _ = asked()
    again, searched = asked(fresh=True)
    assert searched == 1
    assert timeless(again) == timeless(first)


def test_a_broken_or_forged_answer_is_searched_for_again(asked: Callable[..., Any], tmp_path: Path) -> None:
    first, _ = asked()
    home = tmp_path / "prepared" / kept.FOLDER / "centres.npz"
    home.write_bytes(home.read_bytes()[:-30])
    again, searched = asked()
    assert searched == 1
    with np.load(home) as held:
        key = bytes(held["key"]).decode()
    answer = load_answer(home, key=key, records=kept.RECORDS)
    forged = replace(answer, plan=replace(answer.plan, covered=answer.plan.covered + 1))
    assert save_answer(forged, home, key=key, records=kept.RECORDS)
    third, searched = asked()
    assert searched == 1
    assert timeless(third) == timeless(again) == timeless(first)


def test_parts_that_are_no_answer_are_refused(asked: Callable[..., Any], tmp_path: Path) -> None:
    asked()
    home = tmp_path / "prepared" / kept.FOLDER / "centres.npz"
    with np.load(home) as held:
        key = bytes(held["key"]).decode()
    answer = load_answer(home, key=key, records=kept.RECORDS)
    for odd in (3, answer.plan, replace(answer, behind=None), replace(answer, plan=replace(answer.plan, chosen=3))):
        assert save_answer(odd, home, key=key, records=kept.RECORDS)
        assert asked()[1] == 1


def test_whoever_takes_an_answer_hears_of_it(asked: Callable[..., Any]) -> None:
    told: list[str] = []
    asked(tell=lambda step, *_: told.append(step))
    assert not [step for step in told if "沿用" in step]
    again, _ = asked(tell=lambda step, *_: told.append(step))
    assert [step for step in told if "沿用" in step and "养老中心选址" in step]
    assert "taken centres" in again.seconds


def test_numba_has_a_say(asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches are given more work where kernels are compiled."""
    asked()
    monkeypatch.setattr(kept, "COMPILED", not kept.COMPILED)
    assert asked()[1] == 1


def test_an_answer_of_a_clock_is_not_kept(
    asked: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = search._searched
    monkeypatch.setattr(search, "_searched", lambda run, problem, file, by: by() or searched(run, problem, file, by))
    asked()
    assert not (tmp_path / "prepared" / kept.FOLDER).exists()


def test_where_there_is_no_plan_none_is_kept(asked: Callable[..., Any], tmp_path: Path) -> None:
    """What would make one is looked for within seconds, of which nobody is told."""
    made, _ = asked(("frontier = 2\n", "farthest = 1\n"), PHASES, (ROBUST, ""))
    assert made.proposals[0].plan.status == "infeasible"
    assert not (tmp_path / "prepared" / kept.FOLDER).exists()


def test_of_guarded_people_none_is_kept_and_one_of_before_goes(asked: Callable[..., Any], tmp_path: Path) -> None:
    asked()
    assert (tmp_path / "prepared" / kept.FOLDER / "centres.npz").is_file()
    asked(more='\n[privacy]\nguards = ["hardship"]\n')
    assert not (tmp_path / "prepared" / kept.FOLDER / "centres.npz").exists()


@pytest.mark.parametrize("more", [{"relocation": "{ closings = 1 }"}, {"farthest": "1"}], ids=["moving", "relaxing"])
def test_ctrl_c_behind_the_plan_ends_the_run(
    asked: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    """In a notebook no handler of ours stands: a search that was cut short must not be told as an answer, nor kept."""
    whole = solve.solve_siting

    def cut(*given: Any, **settings: Any) -> qh.SitingPlan:
        return replace(whole(*given, **settings), stopped="interrupt")

    monkeypatch.setattr(solve, "solve_siting", cut)
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    with pytest.raises(KeyboardInterrupt):
        asked(("frontier = 2\n", lines), PHASES, (ROBUST, ""))
    assert not (tmp_path / "prepared" / kept.FOLDER).exists()


def test_what_is_kept_is_of_the_program_that_the_run_began_with(
    toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summed: list[int] = []

    def read(*_: object) -> None:
        summed.append(program_sum.cache_info().currsize)
        raise InterruptedError

    program_sum.cache_clear()
    monkeypatch.setattr(run, "_study_tables", read)
    with pytest.raises(InterruptedError):
        qh.run_study(qh.read_study(toy_study), prepared=tmp_path / "prepared")
    assert summed == [1]
