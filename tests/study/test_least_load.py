"""The least load of a new site, said in a study file or in a column of the candidates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.siting.proof.plan_record import verify_record
from study.test_siting import asked, question, street

ROOM = '{ unit = "visits", column = "visits", new_each = 60, existing_each = 90 }'


def test_a_study_builds_no_site_that_too_few_use(toy_study: Path, tmp_path: Path) -> None:
    room = question(capacity=ROOM, least_load="20").replace('id = "q"', 'id = "room"')
    never = question(least_load="9_000").replace('id = "q"', 'id = "never"')
    street(toy_study, question(new_sites="3", least_load="31", reserves="1"), room, never)
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    plan, never_plan = results.proposals[0].plan, results.proposals[2].plan
    assert plan.status == never_plan.status == "optimal" and not never_plan.chosen
    people = results.proposals[0].problem.demand
    for site in plan.chosen:
        assert people[plan.assignment.eq(site)].sum() >= 31
    qh.write_results(results, tmp_path / "out")
    for record in json.loads((tmp_path / "out" / "plan.json").read_text("utf-8")):
        assert "least_load" in record["question"]["site_columns"]
        verify_record(record)


def test_a_column_of_the_candidates_comes_first(toy_study: Path) -> None:
    street(toy_study, question(new_sites="3", least_load="5"))
    parcels = (toy_study / "candidates.csv").read_text("utf-8").splitlines()
    said = ["least_load", "", "7", "", "0", ""]
    table = "\n".join(f"{row},{least}" for row, least in zip(parcels, said, strict=True))
    (toy_study / "candidates.csv").write_text(table + "\n", "utf-8")
    (proposal,) = qh.run_study(qh.read_study(toy_study), checks=False).proposals
    least = proposal.problem.sites["least_load"].fillna(-1)
    assert least[["p0", "p1", "p2", "p3", "p4"]].tolist() == [5, 7, 5, 0, 5]
    assert (least[proposal.problem.existing] == -1).all()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"least_load": "5", "frontier": "2"}, "least_load"),
        ({"least_load": "5", "capacity": ROOM, "reserves": "1"}, "reserves"),
        ({"least_load": "0"}, "least_load"),
        ({"least_load": "1.5"}, "least_load"),
        ({"least_load": "true"}, "least_load"),
    ],
)
def test_what_cannot_be_meant_is_said(toy_study: Path, lines: dict[str, str], said: str) -> None:
    with pytest.raises(qh.errors.StudyError, match=said) as told:
        asked(toy_study, question(**lines))
    assert told.value.sentence("zh")
