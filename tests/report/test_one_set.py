"""A folder of results is of one run; what another command left there is told with its run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command import quarterhour
from quarterhour.io import sets


@pytest.fixture
def out(toy_study: Path, tmp_path: Path) -> Path:
    """The results of a whole run, with all pairs beside."""
    file = toy_study / "study.toml"
    file.write_text(file.read_text("utf-8").replace("papers = false", 'papers = false\nextra = ["od"]'), "utf-8")
    command("run", toy_study, tmp_path / "out")
    return tmp_path / "out"


def command(name: str, study: Path, out: Path) -> str:
    done = quarterhour(name, study, "--out", out, "--lang", "en", *["--quiet"])
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    return done.stderr


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return found


def verified(out: Path) -> str:
    done = quarterhour("verify", out, "--lang", "en")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_file_of_a_run_is_listed_and_verifies(out: Path) -> None:
    files = {p.name for p in out.iterdir() if p.is_file()} - {"manifest.json"}
    assert set(manifest(out)["files"]) == files and "od.csv" in files and "others" not in manifest(out)
    told = verified(out)
    assert f"all {len(files)} files are there" in told and "centres" in told
    (out / "report.md").write_text("altered", encoding="utf-8")
    done = quarterhour("verify", out)
    assert done.returncode == 1 and "report.md" in done.stderr and done.stdout == ""


def test_a_plan_that_no_manifest_lists_is_not_taken_for_one_of_the_run(toy_study: Path, out: Path) -> None:
    (out / "plan.json").write_text((out / "plan.json").read_text("utf-8") + " ", encoding="utf-8")
    command("check", toy_study, out)
    done = quarterhour("verify", out, "--lang", "en")
    assert done.returncode == 1 and "plan.json' is not listed" in done.stderr and "holds" not in done.stdout


def test_a_file_that_the_study_no_longer_asks_for_leaves(toy_study: Path, out: Path) -> None:
    file = toy_study / "study.toml"
    file.write_text(file.read_text("utf-8").replace('extra = ["od"]', ""), "utf-8")
    command("run", toy_study, out)
    assert not (out / "od.csv").exists() and "od.csv" not in manifest(out)["files"]
    verified(out)


def test_results_of_a_study_without_a_question_hold(toy_study: Path, tmp_path: Path) -> None:
    file = toy_study / "study.toml"
    before, cut, rest = file.read_text("utf-8").partition("[[siting]]")
    assert cut
    after = rest.find("\n[")
    file.write_text(before + (rest[after:] if after >= 0 else ""), "utf-8")
    command("run", toy_study, tmp_path / "out")
    assert (tmp_path / "out" / "plan.json").read_text("utf-8") == "[]\n"
    assert "files are there" in verified(tmp_path / "out")


def test_parts_of_a_run_say_of_which_run_the_rest_is(toy_study: Path, out: Path) -> None:
    asked = manifest(out)["asked"]
    told = command("check", toy_study, out)
    assert "plan.json is of the run of" in told and "by the same inputs" in told
    assert manifest(out)["others"]["plan.json"]["of"]["asked"] == asked
    text = (toy_study / "communities.csv").read_bytes().replace(b",100,", b",101,")
    (toy_study / "communities.csv").write_bytes(text)
    told = command("site", toy_study, out)
    assert "scorecard.csv is of the run of" in told and "by other inputs" in told
    assert set(manifest(out)["others"]) == {"scorecard.csv"} and "plan.json" in manifest(out)["files"]
    assert "scorecard.csv is of the run of" in verified(out)


def test_what_inspect_writes_beside_a_run_is_told_apart(toy_study: Path, out: Path) -> None:
    command("inspect", toy_study, out)
    assert set(manifest(out)["others"]) == {"inspect.html", "issues.csv", "rejected.csv"}
    assert "issues.csv was written by `inspect`" in verified(out)
    command("run", toy_study, out)
    assert set(manifest(out)["others"]) == {"inspect.html"}
    verified(out)


def test_a_second_run_is_told_and_reads_nothing(toy_study: Path, out: Path) -> None:
    before = (out / "manifest.json").read_bytes()
    (toy_study / "communities.csv").unlink()
    from threading import Thread

    ends = []
    with sets.holding(out):
        for name in ("run", "check", "site", "inspect"):
            thread = Thread(target=lambda name=name: ends.append(quarterhour_quietly(name, toy_study, out)))
            thread.start()
            thread.join()
    assert all("another run works in" in end for end in ends) and len(ends) == 4
    assert (out / "manifest.json").read_bytes() == before


def quarterhour_quietly(name: str, study: Path, out: Path) -> str:
    """In a thread of its own, which may hear no signals: the error as the door would print it."""
    from quarterhour import cli
    from quarterhour.base.errors import QuarterhourError

    try:
        cli.app([name, str(study), "--out", str(out), "--lang", "en"], standalone_mode=False)
    except QuarterhourError as error:
        return error.sentence("en")
    return ""


def test_a_folder_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    done = quarterhour("verify", tmp_path)
    assert done.returncode == 1 and "没有 manifest.json" in done.stderr
