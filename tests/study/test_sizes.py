"""Candidates in one of several sizes, asked in a study: page, console, workbook and record, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.report.console import summary_lines
from quarterhour.siting.proof.plan_record import read_record, verify_record
from quarterhour.siting.question.rules import Quota
from study.test_siting import asked, question, street

SIZES = "sizes = [{ capacity = 20, cost_yuan = 100 }, { capacity = 60, cost_yuan = 250, running_yuan = 5 }]"
ROOM = f'{{ unit = "visits", column = "visits", existing_each = 90, {SIZES} }}'
BUDGET = "{ yuan = 400, years = 1, new_each = 999 }"


def test_a_study_chooses_a_size_for_each_place(toy_study: Path) -> None:
    proposal = asked(toy_study, question(capacity=ROOM, new_sites="2", budget=BUDGET))
    plan, sites = proposal.plan, proposal.problem.sites
    assert plan.status == "optimal" and plan.chosen
    assert {"p0@20", "p0@60", "p4@20", "p4@60"} <= {*sites.index}
    assert sites.loc["p0@60", ["capacity", "cost_yuan", "running_yuan"]].tolist() == [60, 250, 5]
    assert sites.at["p0@20", "name"] == "地块p0 (20)"
    places = [site.partition("@")[0] for site in plan.chosen]
    assert len(set(places)) == len(places)
    assert plan.figures.cost_yuan <= 400


def test_a_conflict_names_the_place(toy_study: Path) -> None:
    proposal = asked(toy_study, question(capacity=ROOM, new_sites="3", conflicts='[["p0", "p1"]]'))
    sites, pairs = list(proposal.problem.sites.index), proposal.problem.conflicts.tolist()
    named = {frozenset((sites[a], sites[b])) for a, b in pairs}
    assert {frozenset(("p0@20", "p1@60")), frozenset(("p0@60", "p1@60")), frozenset(("p2@20", "p2@60"))} <= named
    assert frozenset(("p0@20", "p2@20")) not in named


def test_a_place_that_must_be_built_is_built_in_one_size(toy_study: Path, tmp_path: Path) -> None:
    asks = {"capacity": ROOM, "new_sites": "2", "budget": BUDGET, "required": '["p3"]', "reserves": "1",
            "phases": "{ first_year = 2026, per_year = 1 }"}  # fmt: skip
    street(toy_study, question(**asks))
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    proposal = results.proposals[0]
    assert proposal.plan.status == "optimal"
    assert [site.partition("@")[0] for site in proposal.plan.chosen].count("p3") == 1
    for lang, said in (("zh", "必建地点 1 处，各选一种规模"), ("en", "1 required places, each built in one of its")):
        qh.write_results(results, tmp_path / lang, lang=lang)
        assert said in (tmp_path / lang / "report.md").read_text("utf-8")
    (record,) = json.loads((tmp_path / "zh" / "plan.json").read_text("utf-8"))
    verify_record(record)
    again, plan = read_record(record)
    assert again.quotas == (Quota("place", ("p3",), 1),) and plan.chosen == proposal.plan.chosen


def test_one_size_alone_leaves_a_required_candidate_required(toy_study: Path) -> None:
    room = '{ unit = "visits", column = "visits", existing_each = 90, sizes = [{ capacity = 20, cost_yuan = 100 }] }'
    proposal = asked(toy_study, question(capacity=room, new_sites="2", budget=BUDGET, required='["p3"]'))
    assert proposal.problem.sites.at["p3@20", "state"] == "required" and "p3@20" in proposal.plan.chosen


@pytest.mark.parametrize("split", ["true", "false"])
@pytest.mark.parametrize(("lang", "said"), [("zh", "中选一种规模"), ("en", "built in one size of 20, 60")])
def test_sizes_stand_in_page_console_and_record(
    toy_study: Path, tmp_path: Path, lang: str, said: str, split: str
) -> None:
    room = ROOM.replace("existing_each", f"split = {split}, existing_each")
    street(toy_study, question(capacity=room, new_sites="2", budget=BUDGET))
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    assert any(said in line for line in summary_lines(results, lang))
    qh.write_results(results, tmp_path / "out", lang=lang)
    page = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert said in page and "(60)" in page
    for record in json.loads((tmp_path / "out" / "plan.json").read_text("utf-8")):
        verify_record(record)
        assert all("@" in site for site in read_record(record)[1].chosen)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"capacity": ROOM.replace("capacity = 60", "capacity = 20")}, "the size 20 is there twice"),
        ({"capacity": ROOM.replace("capacity = 60", "capacity = 0")}, "capacity"),
        ({"capacity": ROOM.replace("existing_each", "new_each = 5, existing_each")}, "new_each"),
    ],
)
def test_sizes_that_cannot_be_meant_are_said(toy_study: Path, lines: dict[str, str], said: str) -> None:
    with pytest.raises(qh.errors.StudyError, match=said) as told:
        asked(toy_study, question(**lines))
    assert told.value.sentence("zh")
