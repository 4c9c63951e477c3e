"""The farthest that anybody may have, said in a study file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.siting.proof.plan_record import verify_record
from study.test_siting import CLASSES, asked, question, street

ROOM = '{ unit = "visits", column = "visits", new_each = 60, existing_each = 90 }'


def test_a_study_says_the_farthest_apart_from_its_standard(toy_study: Path, tmp_path: Path) -> None:
    street(toy_study, question(new_sites="2", farthest="30", robust="{ scenarios = 2, speed = [1.0, 1.2] }"))
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    problem = results.proposals[0].problem
    assert problem.coverage.farthest == 30 and len(problem.farther.cs)
    qh.write_results(results, tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "plan.json").read_text("utf-8"))
    verify_record(record)
    assert record["question"]["coverage"][4] == 30 * 6000


def test_several_standards_share_the_farthest(toy_study: Path) -> None:
    lines = {"new_sites": "2", "class_column": '"setting"', "farthest": "30"}
    proposal = asked(toy_study, question('["max-cover", "min-time"]', **lines) + CLASSES + "\n")
    assert proposal.problem.coverage.farthest == 30 and proposal.plan.levels


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"farthest": "30", "capacity": ROOM}, "farthest"),
        ({"farthest": "30", "frontier": "2"}, "farthest"),
        ({"farthest": "0"}, "farthest"),
        ({"farthest": "601"}, "farthest"),
        ({"farthest": "true"}, "farthest"),
        ({"farthest": "3", "turnout_minutes": "4"}, "turnout"),
    ],
)
def test_what_cannot_be_meant_is_said(toy_study: Path, lines: dict[str, str], said: str) -> None:
    with pytest.raises(qh.errors.StudyError, match=said) as told:
        asked(toy_study, question(**lines))
    assert told.value.sentence("zh")


def test_several_standards_at_other_speeds_cannot_have_a_farthest(toy_study: Path) -> None:
    lines = {"class_column": '"setting"', "farthest": "30", "robust": "{ scenarios = 2 }"}
    with pytest.raises(qh.errors.StudyError, match="farthest"):
        asked(toy_study, question(**lines) + CLASSES + "\n")
