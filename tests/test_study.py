"""A whole study on the toy town, its answers worked by hand (see conftest)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.errors import DataError, MissingError, StudyError
from quarterhour.study import findings_count, told_inputs


@pytest.fixture
def results(toy_study: Path) -> qh.Results:
    return qh.run_study(qh.read_study(toy_study))


def test_exactly_the_standard_counts_as_within(results: qh.Results) -> None:
    home = results.checks[0].communities
    assert home.at["w", "minutes"] == 15
    assert list(home.loc[["w", "m", "e", "i"], "met"]) == [True, True, False, False]
    assert home.at["i", "reason"] == "not_snapped"
    assert results.checks[0].share() == pytest.approx(150 / 187)


def test_turnout_is_part_of_the_carers_minutes(results: qh.Results) -> None:
    care = results.checks[1].communities
    assert care.at["w", "minutes"] == 3
    assert care.at["m", "minutes"] == pytest.approx(3 + 1.8 / 15 * 60)
    assert care.at["e", "reason"] == "too_long"


def test_a_frail_walker_reaches_less(results: qh.Results) -> None:
    assert results.compare[0].share() == 0


def test_the_plan_builds_in_the_east_and_is_proven(results: qh.Results) -> None:
    proposal = results.proposals[0]
    assert [i for i in proposal.plan.chosen if proposal.sites.at[i, "state"] == "candidate"] == ["e"]
    assert proposal.plan.status == "optimal"
    assert proposal.plan.covered == 180
    assert proposal.plan.covered_before == 150


def test_every_target_of_the_rule_file_is_scored(results: qh.Results) -> None:
    assert results.scorecard is not None
    assert {t.id for t in qh.read_rules("weihai-14fyp")} == set(results.scorecard.rows["target"])


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name != "manifest.json"}


def test_the_same_study_gives_the_same_bytes_also_with_two_threads(toy_study: Path, tmp_path: Path) -> None:
    qh.write_results(qh.run_study(qh.read_study(toy_study)), tmp_path / "one")
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("seed = 1", "seed = 1\nthreads = 2"), encoding="utf-8")
    qh.write_results(qh.run_study(qh.read_study(toy_study)), tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert set(digests(tmp_path / "one")) == {"map.html", "coverage.xlsx", "results.gpkg", "plan.json", "report.md",
                                           "scorecard.csv"}  # fmt: skip


def test_the_manifest_equals_the_study_file(toy_study: Path, tmp_path: Path) -> None:
    study = qh.read_study(toy_study)
    qh.write_results(qh.run_study(study), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["study"] == study.file.model_dump(mode="json")
    hashes = {row["file"]: row["sha256"] for row in manifest["inputs"]}
    assert hashes["communities.csv"] == hashlib.sha256((toy_study / "communities.csv").read_bytes()).hexdigest()


def test_a_bad_row_is_set_aside_and_told(toy_study: Path) -> None:
    with (toy_study / "communities.csv").open("ab") as file:
        file.write("x,坏村,abc,1,t1,c1,5,0\n".encode("gb18030"))
    tables = qh.read_study_inputs(qh.read_study(toy_study))
    assert findings_count(tables) == 1
    assert any("6" in line and "communities.csv" in line for line in told_inputs(tables, "zh"))
    assert len(tables.communities) == 4


def test_a_missing_file_is_named(toy_study: Path) -> None:
    (toy_study / "facilities.csv").unlink()
    with pytest.raises(MissingError, match=r"facilities\.csv"):
        qh.run_study(qh.read_study(toy_study))


def test_an_unknown_mode_names_the_known_ones(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('mode = "ebike"', 'mode = "rocket"'), encoding="utf-8")
    with pytest.raises(StudyError, match="walk-frail"):
        qh.run_study(qh.read_study(toy_study))


def test_ids_in_two_sources_are_refused(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    again = '[[facilities]]\npath = "facilities.csv"\ncrs = "EPSG:32651"\n\n[[circles]]'
    file.write_text(file.read_text(encoding="utf-8").replace("[[circles]]", again, 1), encoding="utf-8")
    with pytest.raises(DataError, match="more than one source"):
        qh.read_study_inputs(qh.read_study(toy_study))


def test_roads_of_another_place_are_refused(toy_study: Path, shared_data: Path) -> None:
    with pytest.raises(DataError, match="lie elsewhere"):
        qh.run_study(qh.read_study(toy_study, roads=shared_data / "osm/liechtenstein.osm.pbf"))


def test_when_every_row_is_bad_the_reasons_are_told(toy_study: Path) -> None:
    rows = "id,name,x,y,town,county,older,hardship\nw,西村,abc,0,t1,c1,1,1\n"
    (toy_study / "communities.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(DataError, match="no community can be used") as caught:
        qh.read_study_inputs(qh.read_study(toy_study))
    assert "communities.csv" in caught.value.told("zh")
    (toy_study / "communities.csv").write_text(rows.splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="no rows|no usable|empty"):
        qh.read_study_inputs(qh.read_study(toy_study))


def test_a_community_without_a_road_is_a_finding_of_the_run(results: qh.Results) -> None:
    told = results.findings[results.findings["rule"] == "study.not_snapped"]
    assert set(told["severity"]) == {"warning"}
    assert set(told["detail"]) == {"i"}


def test_a_strange_town_is_told(toy_study: Path) -> None:
    (toy_study / "towns.csv").write_text("id,name,county,x,y\nt9,别镇,c1,400000,4150000\n", encoding="utf-8")
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[towns]\npath = "towns.csv"\ncrs = "EPSG:32651"\n')
    found = qh.read_study_inputs(qh.read_study(toy_study)).findings
    assert "inputs.unknown_area" in set(found["rule"])
