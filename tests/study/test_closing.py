"""Which plans close the gap of a circle: before and after in one sentence are the same people, counted alike."""

from __future__ import annotations

from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.report.meeting.questions import asked_of
from quarterhour.report.papers.summary import closing_plans
from quarterhour.study.closing import closes
from quarterhour.study.results import WhatIf

ASKED = "new_sites = 1"


def joined(study: Path, old: str = "", new: str = "") -> tuple[bool, set[str], int, list[tuple[str, str]]]:
    """By the rule, the map, the summary and what can be tried: whether the toy's plan stands with its circle."""
    file = study / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    results = qh.run_study(qh.read_study(study))
    (plan,), check = results.proposals, results.checks[0]
    tried: tuple[WhatIf, ...] = results.what_if
    pairs = [(one.circle, one.question) for one in tried]
    circles = set(asked_of(results)[0].circles or ())
    return closes(results.study, plan, check), circles, len(closing_plans(check, results)), pairs


def test_a_plan_that_counts_as_the_circle_does_stands_with_it(toy_study: Path) -> None:
    assert joined(toy_study) == (True, {"home-care-circle"}, 1, [("home-care-circle", "centres"), ("care-circle", "")])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ASKED, ASKED + "\nturnout_minutes = 5"),
        (ASKED, ASKED + '\nheading = "to_community"'),
        (ASKED, ASKED + "\nbackup = 50"),
        ('minutes = 15\npeople = "older"\nnew_sites', 'minutes = 45\npeople = "older"\nnew_sites'),
        ('kinds = ["day_care"]', 'kinds = ["day_care", "care_base"]\nneed = "all"'),
        (ASKED, ASKED + '\ncapacity = { unit = "older", column = "places", existing_each = 60, new_each = 40 }'),
    ],
)
def test_a_plan_that_counts_otherwise_stands_alone(toy_study: Path, old: str, new: str) -> None:
    alone = [("home-care-circle", ""), ("care-circle", ""), ("", "centres")]
    assert joined(toy_study, old, new) == (False, set(), 0, alone)
