"""A run may end at any moment: killed or interrupted, the best plan of the question under way is on disk, recounted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString

import quarterhour as qh
from command import quarterhour
from quarterhour.base.errors import QuarterhourError
from quarterhour.cli import studies
from quarterhour.cli.door import Stopped
from quarterhour.cli.options import Given
from quarterhour.siting.proof.seal import sealed_together
from quarterhour.study.siting import proposal
from quarterhour.study.siting.answer import search
from quarterhour.study.siting.earlier import before_plan, kept_before, kept_plan, others_aside

SIDE, STEP = 24, 500
QUESTION = """
[study]
id = "grid"
zh = "方格县"
en = "Grid county"
crs = "EPSG:32651"
reference_date = 2025-12-31

[roads]
path = "roads.geojson"
quality = "synthetic"

[communities]
path = "communities.csv"
columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }
people = ["older"]
crs = "EPSG:32651"
quality = "synthetic"

[[siting]]
id = "long"
zh = "很久的选址"
en = "a long search"
kind = "centre"
mode = "walk"
minutes = 40
people = "older"
objective = ["equity", "max-cover", "min-time"]
new_sites = 17
seconds = 86400
"""


@pytest.fixture
def long_study(tmp_path: Path) -> Path:
    """A chequered county whose question takes minutes: streets every 500 m, a village at each crossing, 16 towns."""
    folder = tmp_path / "grid"
    folder.mkdir()
    x0, y0, end = 400_000, 4_150_000, (SIDE - 1) * STEP
    every = [(LineString([(x0, y0 + k * STEP), (x0 + end, y0 + k * STEP)])) for k in range(SIDE)]
    every += [(LineString([(x0 + k * STEP, y0), (x0 + k * STEP, y0 + end)])) for k in range(SIDE)]
    roads = gpd.GeoDataFrame({"highway": "residential"}, geometry=every, crs="EPSG:32651", index=range(2 * SIDE))
    roads.to_crs("EPSG:4326").to_file(folder / "roads.geojson", driver="GeoJSON")
    people = np.random.default_rng(3).integers(1, 400, (SIDE, SIDE))
    rows = [
        f"v{i}-{j},村{i}-{j},{x0 + i * STEP},{y0 + j * STEP},t{i // 6}{j // 6},c,{people[i, j]}"
        for i in range(SIDE)
        for j in range(SIDE)
    ]
    (folder / "communities.csv").write_text("id,name,x,y,town,county,older\n" + "\n".join(rows), encoding="utf-8")
    (folder / "study.toml").write_text(QUESTION, encoding="utf-8")
    return folder


@contextmanager
def searching(study: Path, out: Path, *, plans: int = 1) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run in a process of its own that has found its first plans and is looking for better ones; what it said."""
    command = [sys.executable, "-m", "quarterhour", "site", str(study), "--out", str(out), "--lang", "en", "--verbose"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8") as run:
        assert run.stderr is not None
        try:
            said = [run.stderr.readline()]
            while said[-1] and sum("the best plan so far is kept in" in line for line in said) < plans:
                said.append(run.stderr.readline())
            assert said[-1], said
            yield run, "".join(said)
        finally:
            run.kill()


def holds(path: Path) -> bool:
    return quarterhour("verify", path).returncode == 0


def test_a_killed_run_leaves_the_last_plan_whole(long_study: Path, tmp_path: Path) -> None:
    with searching(long_study, tmp_path / "out") as (run, said):
        run.kill()
        assert run.wait() != 0
        assert str(tmp_path / "out" / "plans" / "long.json") in said
    left = kept_plan(tmp_path / "out" / "plans", "long")
    assert json.loads(left.read_text(encoding="utf-8"))["status"] == "bounded"
    assert holds(left)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_run_and_says_where_the_plan_is(long_study: Path, tmp_path: Path, name: str) -> None:
    with searching(long_study, tmp_path / "out") as (run, said):
        assert run.stdout is not None and run.stderr is not None
        run.send_signal(getattr(signal, name))
        told = said + run.stderr.read()
        out = run.stdout.read()
        assert run.wait() == 128 + getattr(signal, name)
    left = kept_plan(tmp_path / "out" / "plans", "long")
    assert told.splitlines()[-1].startswith(f"the best plan so far, recounted: {left}")
    assert "Traceback" not in told
    assert out == ""
    assert json.loads(left.read_text(encoding="utf-8"))["stopped"] == "interrupt"
    assert holds(left)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"prepared", "plans"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for another process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_two_searches_at_once_and_both_plans_stand(long_study: Path, tmp_path: Path, name: str) -> None:
    file = long_study / "study.toml"
    head, question = file.read_text(encoding="utf-8").split("[[siting]]")
    head = head.replace("[study]", "[study]\nthreads = 2")
    other = question.replace('"long"', '"other"', 1)
    file.write_text(f"{head}[[siting]]{question}\n[[siting]]{other}", encoding="utf-8")
    plans = tmp_path / "out" / "plans"
    with searching(long_study, tmp_path / "out", plans=2) as (run, said):
        assert run.stdout is not None and run.stderr is not None
        run.send_signal(getattr(signal, name))
        told = said + run.stderr.read()
        assert run.wait() == 128 + getattr(signal, name)
    assert "Traceback" not in told
    for left in (kept_plan(plans, "long"), kept_plan(plans, "other")):
        assert f"the best plan so far, recounted: {left}" in told
        assert json.loads(left.read_text(encoding="utf-8"))["stopped"] == "interrupt"
        assert holds(left)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"prepared", "plans"}


def test_the_kept_plan_of_a_whole_run_is_the_final_one(toy_study: Path, tmp_path: Path) -> None:
    study, out = qh.read_study(toy_study), tmp_path / "out"
    kept_plan(out / "plans", "centres").parent.mkdir(parents=True)
    kept_plan(out / "plans", "centres").write_text("of an earlier run", encoding="utf-8")
    qh.write_results(qh.run_study(study, keep=out / "plans"), out)
    kept = kept_plan(out / "plans", "centres")
    assert sorted(p.name for p in (out / "plans").iterdir()) == ["centres.earlier.json", "centres.json"]
    qh.write_results(qh.run_study(study, keep=out / "plans"), out)
    assert sorted(p.name for p in (out / "plans").iterdir()) == ["centres.earlier.json", "centres.json"]
    final = json.loads((out / "plan.json").read_text(encoding="utf-8"))[0]
    alone = json.loads(kept.read_text(encoding="utf-8"))
    assert alone["evidence"] and [key for key in alone if alone[key] != final[key]] == ["file", "seal"]
    assert set(alone) == {*final} - {"quality"}
    assert holds(kept)


def test_a_run_without_siting_leaves_kept_plans_alone(toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "centres.json").write_text("of an earlier run", encoding="utf-8")
    qh.run_study(qh.read_study(toy_study), siting=False, keep=tmp_path)
    assert (tmp_path / "centres.json").read_text(encoding="utf-8") == "of an earlier run"


# --- the plan of an earlier run -------------------------------------------------------------

EARLIER = "of an earlier run"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The plan of an earlier run on the toy town's question, in the plans of ``tmp_path / "out"``."""
    path = kept_plan(tmp_path / "out" / "plans", "centres")
    path.parent.mkdir(parents=True)
    path.write_text(EARLIER, encoding="utf-8")
    return path


def only(path: Path) -> bool:
    """Nothing but the earlier plan is there, as it was."""
    return [*path.parent.iterdir()] == [path] and path.read_text(encoding="utf-8") == EARLIER


def site(study: Path, out: Path, roads: Path | None = None) -> None:
    studies.run_and_hand_in(str(study), Given(roads), out=out, lang="en", quiet=True, checks=False)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def impossible(study: Path) -> None:
    """Two sites that must be built and must not stand together."""
    file = study / "study.toml"
    rules = 'required = ["w", "m"]\nconflicts = [["w", "m"]]\nnew_sites = 2'
    file.write_text(file.read_text(encoding="utf-8").replace("new_sites = 1", rules), encoding="utf-8")


def test_a_run_that_cannot_start_leaves_the_earlier_plan(toy_study: Path, earlier: Path, tmp_path: Path) -> None:
    with pytest.raises(QuarterhourError):
        site(toy_study, tmp_path / "out", roads=tmp_path / "raods.geojson")
    (toy_study / "communities.csv").write_text("id,name\n", encoding="utf-8")
    with pytest.raises(QuarterhourError):
        site(toy_study, tmp_path / "out")
    (toy_study / "study.toml").write_text("[study]\nid = 1", encoding="utf-8")
    with pytest.raises(QuarterhourError):
        site(toy_study, tmp_path / "out")
    assert only(earlier)


def test_ctrl_c_before_the_first_plan_leaves_the_earlier_one_and_does_not_name_it(
    toy_study: Path, earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room, step in ((search, "solve_siting"), (proposal, "offered_sites")):
        monkeypatch.setattr(room, step, interrupt)
        with pytest.raises(Stopped) as stopped:
            site(toy_study, tmp_path / "out")
        assert stopped.value.paths == ()
    assert only(earlier)


def test_ctrl_c_names_the_plans_of_this_run_alone(
    toy_study: Path, earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first question has its plan when the second, which has one of an earlier run, is interrupted."""
    file = toy_study / "study.toml"
    head, question = file.read_text(encoding="utf-8").split("[[siting]]")
    first = question.replace('"centres"', '"first"', 1)
    one = head.replace("seed = 1", "seed = 1\nthreads = 1")
    file.write_text(f"{one}[[siting]]{first}\n[[siting]]{question}", encoding="utf-8")
    turns = iter([search.solve_siting, interrupt])
    monkeypatch.setattr(search, "solve_siting", lambda *a, **more: next(turns)(*a, **more))
    with pytest.raises(Stopped) as stopped:
        site(toy_study, tmp_path / "out")
    assert stopped.value.paths == (kept_plan(tmp_path / "out" / "plans", "first"),)
    assert holds(stopped.value.paths[0])
    assert earlier.read_text(encoding="utf-8") == EARLIER


def test_a_question_that_ends_without_a_plan_sets_the_earlier_one_aside_and_says_so(
    toy_study: Path, earlier: Path
) -> None:
    impossible(toy_study)
    said: list[str] = []
    stands: list[Path] = []
    results = qh.run_study(
        qh.read_study(toy_study), checks=False, lang="en", keep=earlier.parent, kept=stands.append,
        tell=lambda text, _=None: said.append(text),
    )  # fmt: skip
    assert results.proposals[0].plan.status == "infeasible"
    aside = earlier.with_name("centres.earlier.json")
    assert only(aside) and stands == []
    assert any(str(aside) in text for text in said)


def test_a_question_without_a_plan_now_or_before_leaves_nothing(toy_study: Path, tmp_path: Path) -> None:
    impossible(toy_study)
    qh.run_study(qh.read_study(toy_study), checks=False, keep=tmp_path / "plans")
    assert not (tmp_path / "plans").exists()


def test_each_plan_of_this_run_is_told_once(toy_study: Path, earlier: Path) -> None:
    stands: list[Path] = []
    qh.run_study(qh.read_study(toy_study), checks=False, keep=earlier.parent, kept=stands.append)
    assert stands == [earlier] and holds(earlier)


def test_a_worse_plan_of_a_killed_run_does_not_lose_the_better_one_before_it(tmp_path: Path) -> None:
    """Killed after its first plan; the next run keeps the better of the two until its search is over."""
    keep = tmp_path / "q.json"
    copy = before_plan(keep)

    def killed(gap: float, question: str = "a") -> None:
        with pytest.raises(GeneratorExit), kept_before(keep, [keep], question):
            plan_of(keep, question, gap)
            raise GeneratorExit

    killed(0.01)
    assert not copy.exists()
    for gap in (1.0, 0.5):
        killed(gap)
        assert json.loads(copy.read_text(encoding="utf-8"))["gap"] == 0.01
    killed(0.001)
    killed(1.0)
    assert json.loads(copy.read_text(encoding="utf-8"))["gap"] == 0.001
    killed(0.0, "another question")  # the copy of the first question steps aside with its plan
    killed(1.0)
    assert not copy.exists() and gaps(tmp_path, "q.earlier*") == {"q.earlier.json": 0.0}
    with kept_before(keep, [keep], "a"):
        pass
    assert gaps(tmp_path, "*") == {"q.earlier.json": 0.0, "q.json": 1.0}


def plan_of(path: Path, question: str, gap: float) -> None:
    """A plan as the program writes one, as far as it is looked at."""
    path.write_text(json.dumps(sealed_together([{"input_hash": question, "gap": gap}])[0]), encoding="utf-8")


def gaps(folder: Path, pattern: str) -> dict[str, float]:
    return {path.name: json.loads(path.read_text(encoding="utf-8"))["gap"] for path in sorted(folder.glob(pattern))}


def test_a_file_that_is_no_plan_of_the_question_is_kept_under_another_name(tmp_path: Path) -> None:
    keep, mine = tmp_path / "q.json", "somebody's own"
    keep.write_text(mine, encoding="utf-8")
    with kept_before(keep, [], "a") as aside:
        assert aside == tmp_path / "q.earlier.json"
    assert [*tmp_path.iterdir()] == [keep]
    aside.write_text("and another", encoding="utf-8")
    with kept_before(keep, [keep], "a"):
        plan_of(keep, "a", 0.0)
    files = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path != keep}
    assert files == {"q.earlier.json": "and another", "q.earlier-2.json": mine}
    keep.write_text(keep.read_text(encoding="utf-8").replace("0.0", "0.5"), encoding="utf-8")  # no longer as written
    with kept_before(keep, [keep], "a") as aside:
        assert aside is not None and aside.name == "q.earlier-3.json"


def test_plans_of_questions_of_another_study_do_not_stay_among_these(tmp_path: Path) -> None:
    for name in ("q", "other", "other.before"):
        plan_of(tmp_path / f"{name}.json", name, 0.0)
    (tmp_path / "own.json").write_text("{}", encoding="utf-8")
    moved = others_aside(tmp_path, {"q"})
    assert moved == {tmp_path / "other.json": tmp_path / "other.earlier.json"}
    assert {p.name for p in tmp_path.iterdir()} == {"q.json", "own.json", "other.before.json", "other.earlier.json"}
    assert others_aside(tmp_path / "none", {"q"}) == {}
