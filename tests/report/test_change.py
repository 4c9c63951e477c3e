"""Who gains and who loses, in workbook, report and on the console: against today, and against an earlier run."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import quarterhour as qh
from command import quarterhour
from quarterhour.base.errors import QuarterhourError
from quarterhour.report.write import build_report_parts, read_earlier, read_earlier_plans
from quarterhour.siting.proof.plan_record import read_records
from quarterhour.study.siting.changes import study_changes


def sections(results: qh.Results, lang: str) -> dict[str, Any]:
    return {s.key: s for s in build_report_parts(results, lang).sections if s.key.startswith("change")}


def test_each_plan_is_held_against_what_stands(toy_run: qh.Results) -> None:
    (one,) = study_changes(toy_run)
    plan = one.proposal.plan
    assert one.since == "today" and one.change is not None and one.why is None
    assert one.change.people("gained") - one.change.people("lost") == plan.covered - plan.covered_before == 30
    assert one.change.worst["name"].tolist()[0] == "孤岛村"


@pytest.mark.parametrize(("lang", "gain", "none"), [
    ("zh", "新增覆盖 30 人，不再覆盖 0 人", "时限内没有设施"),
    ("en", "30 older people gain a site", "no site within the standard"),
])  # fmt: skip
def test_sections_tell_it_in_both_languages(toy_run: qh.Results, lang: str, gain: str, none: str) -> None:
    made = sections(toy_run, lang)
    assert list(made) == ["change", "change_moves", "change_worst"]
    assert any(gain in line for line in made["change"].lines)
    assert made["change"].table["change_gained"].tolist() == [30, 30, 30]  # older people, county, town
    assert made["change_moves"].table["people_moved"].tolist() == [30]
    worst = made["change_worst"].table
    assert worst.loc[0, ["name", "way_before", "way_after"]].tolist() == ["孤岛村", none, none]


@pytest.fixture
def two_runs(toy_study: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The toy town planned with no new site, and then, against that, with one."""
    text = (toy_study / "study.toml").read_text(encoding="utf-8").replace("papers = false", "papers = true")
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, sites, more in ((old, 0, ()), (new, 1, ("--against", old))):
        changed = text.replace("new_sites = 1", f"new_sites = {sites}")
        (toy_study / "study.toml").write_text(changed, encoding="utf-8")
        done = quarterhour("run", toy_study, "--out", folder, *more)
        assert done.returncode == 0, done.stderr
    return old, new


def test_a_run_against_an_earlier_one_tells_both_changes_in_every_file(two_runs: tuple[Path, Path]) -> None:
    old, new = two_runs
    book = openpyxl.load_workbook(new / "coverage.xlsx")
    assert {"变化", "变化·去向", "变化·最不便的村居"} <= set(book.sheetnames)
    rows = [[cell.value for cell in row] for row in book["变化"].iter_rows(min_row=4)]
    assert {row[1] for row in rows} == {"与现状相比", "与上次方案相比"}
    texts = [(new / name).read_text(encoding="utf-8") for name in ("report.md", "report.html", "map.html")]
    with zipfile.ZipFile(new / "report.docx") as packed:
        texts.append(packed.read("word/document.xml").decode("utf-8"))
    for text in texts:
        assert "本次方案与上次方案相比" in text and text.count("新增覆盖 30 人") >= 2
    assert "与上次方案相比" not in (old / "report.md").read_text(encoding="utf-8")


def test_two_files_of_plans_are_compared_on_the_console(two_runs: tuple[Path, Path]) -> None:
    old, new = two_runs
    done = quarterhour("verify", new / "plan.json", "--against", old)
    assert done.returncode == 0, done.stderr
    for line in ("centres：与另一方案相比", "新增覆盖 30 人，不再覆盖 0 人", "新开 1 处：e", "→ 东村：30 人，1 个村居"):
        assert line in done.stdout
    back = quarterhour("verify", old, "--against", new / "plan.json", "--lang", "en")
    assert "0 older people gain a site and 30 lose theirs" in back.stdout and "Closed (1): e." in back.stdout
    assert "0.0 min -> no site within the standard" in back.stdout


def test_what_cannot_be_compared_is_said(two_runs: tuple[Path, Path], tmp_path: Path, toy_run: qh.Results) -> None:
    old, new = two_runs
    assert quarterhour("verify", new, "--against", tmp_path / "nothing.json").returncode == 1
    bad = json.loads((old / "plan.json").read_text(encoding="utf-8"))
    bad[0]["covered"] += 1
    (tmp_path / "bad.json").write_text(json.dumps(bad), encoding="utf-8")
    done = quarterhour("verify", new, "--against", tmp_path / "bad.json")
    assert done.returncode == 1 and "bad.json" in done.stderr
    problem, plan = read_earlier_plans(old)["centres"]
    other = {"centres": (replace(problem, demand=problem.demand + 1), plan)}
    told = sections(replace(toy_run, earlier_plans=other), "en")["change"].lines
    assert any("this plan against that of the earlier run): not compared" in line for line in told)
    assert read_earlier_plans(tmp_path) == {}
    wrong = (tmp_path / "nothing", "is not there"), (old / "plan.json", "plan.json' came"), (tmp_path, "scorecard.csv")
    for given, told in wrong:
        with pytest.raises(QuarterhourError) as error:
            read_earlier(given)
        said = error.value.sentence("en")
        assert "the results folder of an earlier run" in said and told in said
    assert [name for name, _ in read_records(str(old / "plan.json"))] == ["centres"]
