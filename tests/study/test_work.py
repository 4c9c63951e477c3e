"""A study ends its searches by work, or says where a clock had a say."""

from __future__ import annotations

from pathlib import Path

import pytest

import quarterhour as qh


def rules(folder: Path, limit: str) -> set[str]:
    study = folder / "study.toml"
    asked = study.read_text("utf-8").replace('candidates = "communities"', f'candidates = "communities"\n{limit}')
    study.write_text(asked, "utf-8")
    results = qh.run_study(qh.read_study(folder), checks=False)
    return {rule for rule in results.findings["rule"] if rule in ("study.by_clock", "study.by_work")}


@pytest.mark.parametrize(
    ("limit", "told"),
    [("nodes = 5", set()), ("seconds = 0.000001", {"study.by_clock"}), ("rounds = 1", {"study.by_work"})],
)
def test_what_ended_a_search_is_a_finding(toy_study: Path, limit: str, told: set[str]) -> None:
    found = rules(toy_study, limit)
    assert found == told or (limit == "rounds = 1" and not found)  # one round may be enough for so small a town


@pytest.mark.parametrize("limit", ["nodes = 0", "rounds = 1.5", 'nodes = "many"', "seconds = 0"])
def test_work_that_is_none_is_refused_by_line_and_field(toy_study: Path, limit: str) -> None:
    with pytest.raises(qh.errors.StudyError, match=limit.split()[0]):
        rules(toy_study, limit)


def test_embedded_studies_leave_no_clock_a_say(root: Path) -> None:
    for name in ("weihai", "liechtenstein", "wuhan"):
        file = qh.read_study(root / "data" / "raw" / name).file
        assert all(q.nodes and q.seconds is None for q in file.siting)
        assert file.rounds is None or file.rounds.seconds is None
