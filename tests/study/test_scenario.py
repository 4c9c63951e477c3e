"""Scenarios on one street (``conftest.TOY_STUDY``), by hand, and the same as a run from nothing."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from shapely.geometry import LineString, Point

import quarterhour as qh
from command import quarterhour as run_command
from conftest import write_toy_study
from quarterhour.base.errors import DataError, QuarterhourError, StudyError
from quarterhour.study.scenario.settings import parsed_setting, with_settings
from streets import X0, Y0

HOME = "home-care-circle"


def place(x: float, *, kind: str = "day_care", **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"kind": [kind], **columns}, geometry=[Point(X0 + x, Y0)], crs="EPSG:32651")


def inside(results: qh.Results, circle: str = HOME) -> set[str]:
    (check,) = (c for c in results.checks if c.circle.id == circle)
    return set(check.communities.index[check.communities["met"]])


def quick(study: qh.Study, **changes: Any) -> qh.Results:
    return qh.run_study(study.scenario(**changes), circles_only=True)


@pytest.fixture
def study(toy_study: Path) -> qh.Study:
    return qh.read_study(toy_study)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> qh.Study:
    """The same, read once; scenarios leave it as it was."""
    return qh.read_study(write_toy_study(tmp_path_factory.mktemp("shared")))


@pytest.fixture(scope="module")
def after_a_run(shared: qh.Study) -> qh.Study:
    """The same, with all that a whole run of it keeps for scenarios."""
    qh.run_study(shared)
    return shared


# --- what a change does ---


@pytest.mark.parametrize(
    ("changes", "home"),
    [
        ({}, {"w", "m"}),
        ({"minutes": 45}, {"w", "m", "e"}),
        ({"minutes": 44.99}, {"w", "m"}),
        ({"minutes": 14.99}, set()),
        ({"circle": "care-circle", "minutes": 5}, {"w", "m"}),
        ({"circle": HOME, "mode": "walk-frail"}, set()),
        ({"circle": HOME, "mode": "ebike"}, {"w", "m", "e"}),
        ({"speed": 0.99}, set()),
        ({"speed": 3}, {"w", "m", "e"}),
        ({"circle": HOME, "turnout": 0.01}, set()),
        ({"close": "d"}, set()),
        ({"close": ["d"], "add": place(3600)}, {"e"}),
        ({"add": place(2700)}, {"w", "m", "e"}),
        ({"add": place(2700, kind="care_base")}, {"w", "m"}),
        ({"add": place(2700).to_crs(4326)}, {"w", "m", "e"}),
        ({"add": place(2700, kind="日间照料中心")}, {"w", "m", "e"}),
        ({"speed": np.float64(3)}, {"w", "m", "e"}),
        ({"close": pd.Index(["d"])}, set()),
        ({"settings": {"circles.home-care-circle.minutes": 45}}, {"w", "m", "e"}),
        ({"settings": {"circles.0.kinds": ["care_base"]}}, {"w"}),
    ],
)
def test_who_is_inside_is_as_by_hand(shared: qh.Study, changes: dict[str, Any], home: set[str]) -> None:
    assert inside(quick(shared, **changes)) == home


def test_changes_add_up_and_leave_the_study_as_it_was(study: qh.Study) -> None:
    both = study.scenario(minutes=20).scenario(add=place(2700)).scenario(add=place(0, id=["w2"]), close="b")
    assert inside(qh.run_study(both, circles_only=True)) == {"w", "m", "e"}
    assert both.changes.sentences("zh") == [
        "居家养老服务圈：标准（分钟） 15 → 20", "照料护理服务圈：标准（分钟） 15 → 20",
        "新增设施 2 处：new-1、w2", "停用设施 1 处：b",
    ]  # fmt: skip
    assert both.changes.sentences("en")[-1] == "1 facilities closed: b"
    assert "4 changes" in repr(both) and "change" not in repr(study)
    assert inside(qh.run_study(study, circles_only=True)) == {"w", "m"}


def test_a_whole_table_is_told_by_its_size(study: qh.Study) -> None:
    (asked,) = study.file.siting
    told = study.scenario(settings={"siting": [asked.model_dump(exclude_unset=True)] * 1, "study.seed": 2})
    assert told.changes.sentences("zh") == ["siting 1 项内容 → 1 项内容", "study.seed 1 → 2"]
    assert told.changes.sentences("en")[0] == "siting 1 entries → 1 entries"


def test_other_roads_stand_in(study: qh.Study, toy_study: Path) -> None:
    """The way from the western village to the centre now makes a bend of more than 900 m."""
    roads = gpd.read_file(toy_study / "roads.geojson").to_crs("EPSG:32651")
    bend = LineString([(X0, Y0), (X0 + 450, Y0 + 300), (X0 + 900, Y0)])
    first = roads.geometry.bounds["minx"].round().eq(X0)
    roads = roads.set_geometry(roads.geometry.where(~first, bend))
    assert inside(quick(study, roads=roads)) == {"m"}
    roads.to_file(toy_study / "bend.gpkg")
    assert inside(quick(study, roads=toy_study / "bend.gpkg")) == {"m"}
    assert inside(quick(study)) == {"w", "m"}


# --- the same as from nothing, and nothing old ---


@pytest.mark.parametrize(
    "settings",
    [{f"circles.{HOME}.minutes": 45}, {f"circles.{HOME}.mode": "ebike", "siting.centres.minutes": 30},
     {f"circles.{HOME}.kinds": ["day_care", "nowhere"]},
     {"siting.centres.new_sites": 2, "circles.care-circle.turnout_minutes": 1}],
)  # fmt: skip
def test_a_scenario_is_the_same_as_a_study_file_that_says_so(after_a_run: qh.Study, settings: dict[str, Any]) -> None:
    study = after_a_run
    found = qh.run_study(study.scenario(settings=settings))
    file, _ = with_settings(study.file, settings)
    fresh = qh.run_study(type(study)(study.path, file))
    for one, other in zip([*found.checks, *found.compare], [*fresh.checks, *fresh.compare], strict=True):
        for name in ("rows", "communities", "shares"):
            assert_frame_equal(getattr(one, name), getattr(other, name))
    assert found.scorecard is not None and fresh.scorecard is not None
    assert_frame_equal(found.scorecard.rows, fresh.scorecard.rows)
    assert_frame_equal(found.findings, fresh.findings)
    assert [p.plan.chosen for p in found.proposals] == [p.plan.chosen for p in fresh.proposals]
    shortly = qh.run_study(study.scenario(settings=settings), circles_only=True)
    for one, other in zip(shortly.checks, fresh.checks, strict=True):
        assert_frame_equal(one.communities, other.communities)


def test_files_that_changed_are_read_anew_by_the_next_run(study: qh.Study, toy_study: Path) -> None:
    assert inside(quick(study, minutes=20)) == {"w", "m"}
    table = toy_study / "facilities.csv"
    table.write_text(table.read_text(encoding="utf-8") + f"d2,二,day_care,{X0 + 2700},{Y0}\n", encoding="utf-8")
    assert inside(qh.run_study(study, siting=False)) == {"w", "m", "e"}
    assert inside(quick(study, minutes=20)) == {"w", "m", "e"}


def test_a_path_is_as_good_as_a_study(toy_study: Path) -> None:
    assert inside(qh.run_study(toy_study, circles_only=True)) == inside(qh.run_study(str(toy_study), siting=False))


@pytest.mark.parametrize("place_of", ["weihai", "liechtenstein", "wuhan"])
def test_no_setting_changes_nothing(place_of: str) -> None:
    folder = Path(__file__).parents[2] / "data" / "raw" / place_of
    file = qh.read_study(folder).file
    assert with_settings(file, {}) == (file, ())


# --- side by side ---


def test_a_comparison_counts_to_the_person(study: qh.Study) -> None:
    found = qh.compare(study, study.scenario(circle=HOME, close="d", add=place(3600)))
    rows, areas = found.communities.xs(HOME), found.areas.xs(HOME)
    assert rows["change"].astype(str).to_dict() == {"w": "lost", "m": "lost", "e": "gained", "i": "stays_out"}
    assert rows.loc["e", ["minutes_before", "minutes_after"]].tolist() == [45.0, 0.0]
    city = areas.loc[("city", "city")]
    assert city[["people", "met_before", "met_after", "gained", "lost"]].tolist() == [187, 150, 30, 30, 150]
    assert (areas["met_before"] + areas["gained"] - areas["lost"] == areas["met_after"]).all()
    assert (found.communities.xs("care-circle")["change"].isin(["stays_in", "stays_out"])).all()
    assert found.sentences("zh")[-2].endswith("圈内人口占比由 80.2% 变为 16.0%；30 人进圈，150 人出圈。")
    assert repr(found) == "<Comparison of 2 circles: 1 communities come inside, 2 fall out>"
    assert found.communities.crs is not None and found.communities.geometry.notna().all()
    for level in ("town", "county"):  # as in every frame of results
        own, kept = found.communities[level], found.before.communities[level]
        assert own.cat.categories.tolist() == kept.cat.categories.tolist()
        assert own.xs(HOME).astype("str").equals(kept.astype("str"))
    assert found.communities["change"].cat.ordered


def test_results_and_studies_compare_in_any_mixture(study: qh.Study) -> None:
    results = qh.run_study(study, siting=False)
    for pair in ((results, study), (study, results), (results, results), (study.path, results)):
        assert set(qh.compare(*pair).communities["change"].astype(str)) == {"stays_in", "stays_out"}


# --- what is refused ---


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"circle": "nowhere", "minutes": 5}, "scenario.no_circle"),
        ({"minutes": -1}, "scenario.bad_setting"), ({"minutes": "soon"}, "scenario.bad_setting"),
        ({"mode": "wlak"}, "study.no_mode"),
        ({"turnout": 15}, "scenario.bad_setting"), ({"speed": 0}, "scenario.bad_speed"),
        ({"speed": -1}, "scenario.bad_speed"), ({"speed": float("nan")}, "scenario.bad_speed"),
        ({"settings": {"circles.home-care-circle.minuts": 5}}, "scenario.bad_setting"),
        ({"settings": {"circles.home.minutes": 5}}, "scenario.no_path"),
        ({"settings": {"circles.7.minutes": 5}}, "scenario.no_path"),
        ({"settings": {"": 5}}, "scenario.bad_setting"),
        ({"settings": {"study.crs.x": 5}}, "scenario.no_path"),
        ({"close": "nobody"}, "scenario.no_facility"),
        ({"add": place(0, id=["d"])}, "scenario.id_taken"), ({"add": [1]}, "scenario.not_places"),
        ({"add": place(0).drop(columns="kind")}, "scenario.no_kind"),
        ({"add": gpd.GeoDataFrame({"kind": ["day_care"]}, geometry=[None], crs=4326)}, "scenario.bad_rows"),
        ({"add": place(0).set_crs(None, allow_override=True)}, "scenario.no_crs"),
        ({"add": pd.concat([place(0, id=["x"])] * 2)}, "scenario.bad_rows"),
        ({"add": place(0, kind="daycare centre of no kind")}, "scenario.bad_rows"),
        ({"add": place(0, kind=None)}, "scenario.bad_rows"), ({"add": place(0, kind="day_caer")}, "scenario.bad_rows"),
        ({"add": place(0).set_geometry([Point(121.9, 37.4)], crs="EPSG:32651")}, "scenario.off_road"),
        ({"speed": "2"}, "scenario.bad_speed"), ({"speed": [1]}, "scenario.bad_speed"),
        ({"speed": True}, "scenario.bad_speed"),
        ({"close": 3.5}, "scenario.not_ids"), ({"close": place(0)}, "scenario.not_ids"),
        ({"close": b"d"}, "scenario.not_ids"), ({"close": 5}, "scenario.no_facility"),
        ({"roads": 5}, "scenario.not_roads"), ({"roads": pd.DataFrame({"u": [1]})}, "scenario.not_roads"),
        ({"settings": ["circles"]}, "scenario.not_settings"), ({"settings": {3: 3}}, "scenario.not_settings"),
        ({"circle": HOME, "minutes": 20, "settings": {f"circles.{HOME}.minutes": 10}}, "scenario.said_twice"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(shared: qh.Study, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(QuarterhourError) as told:
        quick(shared, **changes)
    assert told.value.key == key
    assert told.value.sentence("zh") and told.value.sentence("en")


def test_what_an_earlier_change_adds_stays_and_can_be_taken_back(study: qh.Study) -> None:
    """Ids that are numbered on keep apart; closing what was added is the study without it."""
    both = study.scenario(add=place(2700, id=["new-1"])).scenario(add=place(3600))
    assert both.changes.added is not None and list(both.changes.added.index) == ["new-1", "new-2"]
    back = both.scenario(close=["new-1", "d"])
    assert back.changes.closed == ("d",) and list(back.changes.added.index) == ["new-2"]  # type: ignore[union-attr]
    assert inside(qh.run_study(back, circles_only=True)) == {"e"}
    gone = back.scenario(close="new-2")
    assert gone.changes.added is None and inside(qh.run_study(gone, circles_only=True)) == set()


def test_ids_out_of_a_set_are_told_in_their_order(study: qh.Study) -> None:
    assert study.scenario(close={"d", "b"}).changes.closed == ("b", "d")


def test_who_edits_a_frame_changes_no_other_result(study: qh.Study) -> None:
    found = qh.run_study(study, circles_only=True)
    found.inputs.facilities["kind"] = "care_base"
    found.inputs.communities["older"] = 0
    found.checks[0].shares["people_met"] = 0
    found.checks[0].communities["met"] = False
    east = place(2700)
    wider = study.scenario(add=east)
    east["kind"] = "care_base"
    again, more = (qh.run_study(one, circles_only=True) for one in (study, wider))
    assert (inside(again), inside(more)) == ({"w", "m"}, {"w", "m", "e"})
    assert (again.checks[0].count.met, more.checks[0].count.met) == (150, 180)
    read = qh.read_study_inputs(study)
    read.facilities["kind"] = "care_base"
    assert inside(quick(study, circle=HOME, minutes=45)) == {"w", "m", "e"}


def test_other_roads_are_those_that_were_given(study: qh.Study) -> None:
    roads = qh.run_study(study, circles_only=True).inputs.roads.copy()
    other = study.scenario(roads=roads)
    roads["road_class"] = "motorway"
    assert inside(qh.run_study(other, circles_only=True)) == {"w", "m"}


def test_a_scenario_goes_through_pickle_and_threads(study: qh.Study) -> None:
    wider = study.scenario(circle=HOME, minutes=45, add=place(2700))
    qh.run_study(wider, circles_only=True)
    again = pickle.loads(pickle.dumps(wider))
    assert repr(again) == repr(wider) and not again.shared.known
    assert inside(qh.run_study(copy.deepcopy(again), circles_only=True)) == {"w", "m", "e"}
    with ThreadPoolExecutor(4) as pool:
        asked = [10, 14.99, 15, 44.99, 45, 60] * 2
        found = list(pool.map(lambda m: inside(quick(study, circle=HOME, minutes=m)), asked))
    assert found == [set(), set(), {"w", "m"}, {"w", "m"}, {"w", "m", "e"}, {"w", "m", "e"}] * 2


# --- what makes two unlike ---


def test_a_comparison_says_what_cannot_be_compared(study: qh.Study, tmp_path: Path) -> None:
    """Other people under the same id, another question, communities that only one has or that lie elsewhere."""
    found = qh.compare(study, study.scenario(settings={f"circles.{HOME}.people": "hardship"}))
    (line,) = found.differences("zh")
    assert "老年人" in line and "特困人员" in line and line in found.card().lines and line in found.sentences("zh")
    assert not qh.compare(study, study.scenario(minutes=20, mode="car")).differences("zh")

    from conftest import write_toy_study

    (tmp_path / "other").mkdir()
    there = write_toy_study(tmp_path / "other")
    file = there / "study.toml"
    file.write_text(file.read_text("utf-8").replace("minutes = 15", "minutes = 20", 1), "utf-8")
    rows = (there / "communities.csv").read_text("gb18030").splitlines()
    rows[1] = rows[1].replace("400000", "400500", 1)
    rows[2] = rows[2].replace("m,", "n,", 1)
    (there / "communities.csv").write_text("\n".join(rows) + "\n", "gb18030")
    asked, alone, moved = qh.compare(study, qh.read_study(there)).differences("zh")
    assert "15 分钟" in asked and "20 分钟" in asked
    assert "前一份 1 个" in alone and "后一份 1 个" in alone
    assert moved.endswith("1 个：w")


def test_a_comparison_says_what_the_first_changes_too(study: qh.Study) -> None:
    found = qh.compare(study.scenario(minutes=20), study.scenario(minutes=30))
    assert "标准（分钟） 15 → 20" in found.differences("zh")[0]
    assert "标准（分钟） 15 → 20" in qh.compare(study.scenario(minutes=20), study).sentences("zh")[0]


def test_studies_in_two_zones_are_compared_in_the_first_s(study: qh.Study, tmp_path: Path) -> None:
    from conftest import write_toy_study

    (tmp_path / "other").mkdir()
    file = write_toy_study(tmp_path / "other") / "study.toml"
    file.write_text(file.read_text("utf-8").replace('crs = "EPSG:32651"\nref', 'crs = "EPSG:4549"\nref'), "utf-8")
    found = qh.compare(study, qh.read_study(file))
    assert found.communities.crs == study.file.study.crs and found.differences("zh") == []
    assert found.communities.loc[(HOME, "e"), "change"] == "stays_out"


def test_what_is_no_study_or_has_nothing_in_common_is_said(study: qh.Study) -> None:
    with pytest.raises(StudyError) as told:
        qh.run_study(42)  # type: ignore[arg-type]
    assert told.value.key == "study.not_a_study"
    bare = qh.run_study(study.scenario(settings={"circles": []}), circles_only=True)
    with pytest.raises(DataError) as why:
        qh.compare(study, bare)
    assert why.value.key == "comparison.no_circle"


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("a.b=20", ("a.b", 20)), ("a.b = 2.5", ("a.b", 2.5)), ("a=walk-frail", ("a", "walk-frail")),
        ('a=["x", "y"]', ("a", ["x", "y"])), ("a=true", ("a", True)), ("a=x=y", ("a", "x=y")), ("a=", ("a", "")),
    ],
)  # fmt: skip
def test_a_setting_as_it_is_typed(typed: str, parsed: tuple[str, Any]) -> None:
    assert parsed_setting(typed) == parsed


@pytest.mark.parametrize("typed", ["a", "", "=3"])
def test_a_setting_without_key_or_value_is_refused(typed: str) -> None:
    with pytest.raises(StudyError):
        parsed_setting(typed)


# --- at the command line ---


def test_the_command_line_takes_settings_and_writes_what_changed(toy_study: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    assert run_command("check", str(toy_study), "--out", str(before)).returncode == 0
    asked = ["--set", f"circles.{HOME}.minutes=45", "--against", str(before)]
    told = run_command("check", str(toy_study), "--out", str(after), *asked)
    assert told.returncode == 0, told.stderr
    assert "本结果按改动后的研究算出：居家养老服务圈：标准（分钟） 15 → 45。" in told.stdout
    one, other = (json.loads((folder / "manifest.json").read_text(encoding="utf-8")) for folder in (before, after))
    assert other["changes"] == [{"path": f"circles.{HOME}.minutes", "was": 15.0, "now": 45}]
    assert "changes" not in one and one["asked"] != other["asked"]
    wrong = run_command("run", str(toy_study), "--out", str(after), "--set", "circles.home=1")
    assert wrong.returncode == 1 and "circles.home" in wrong.stderr
