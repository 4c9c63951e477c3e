"""The side-by-side measurements: the made land they run on, and that they tell the truth."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from benchmarks.__main__ import main
from benchmarks.measure import Duel, Figure, as_row, run_duel
from benchmarks.questions import area_error
from benchmarks.synthetic import CLASSES, MadeRoads, made_network, made_roads
from quarterhour.network.snap import snap_places
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.nearest_kernels import nearest_to_targets


@pytest.fixture(scope="module")
def land() -> MadeRoads:
    return made_roads(6000)


def test_the_made_land_has_about_as_many_junctions_as_asked(land: MadeRoads) -> None:
    assert len(land.xy) == pytest.approx(6000, rel=0.15)
    assert len(made_roads(1500, seed=3).xy) == pytest.approx(1500, rel=0.3)


def test_the_same_seed_makes_the_same_roads(land: MadeRoads) -> None:
    again, other = made_roads(6000), made_roads(6000, seed=2)
    assert np.array_equal(land.coords, again.coords) and np.array_equal(land.forward_cs, again.forward_cs)
    assert len(other.tail) != len(land.tail)


def test_lines_begin_and_end_at_their_junctions(land: MadeRoads) -> None:
    assert np.allclose(land.coords[land.coord_start[:-1]], land.xy[land.tail])
    assert np.allclose(land.coords[land.coord_start[1:] - 1], land.xy[land.head])
    lines = shapely.linestrings(land.coords, indices=np.repeat(np.arange(len(land.tail)), np.diff(land.coord_start)))
    assert np.allclose(shapely.length(lines), land.length_m)


def test_junctions_join_as_many_roads_as_in_huancui(land: MadeRoads) -> None:
    degree = np.bincount(np.concatenate([land.tail, land.head]))
    share = np.bincount(degree, minlength=6)[1:6] / len(degree)
    assert share == pytest.approx([0.15, 0.017, 0.528, 0.30, 0.005], abs=0.06)


def test_roads_of_all_classes_join_in_one_network() -> None:
    net = made_network(20_000)
    assert set(net.road_class) == set(CLASSES)
    assert not net.component.any()
    assert (net.mutual == 0).mean() > 0.95


def test_hardly_any_roads_cross_where_there_is_no_junction(land: MadeRoads) -> None:
    start = np.repeat(np.arange(len(land.tail)), np.diff(land.coord_start))
    lines = shapely.linestrings(land.coords, indices=start)
    a, b = shapely.STRtree(lines).query(lines, predicate="crosses")
    assert len(a) / 2 < 0.01 * len(lines)


# --- the program, on a land of 600 junctions


def run(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The rows of a run, by id."""
    main(["--sizes", "600", "--rounds", "1", "--out", str(folder), *arguments])
    return {row["id"]: row for row in json.loads((folder / "reach.json").read_text(encoding="utf-8"))["rows"]}


def test_every_kind_of_row_is_measured_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = run(tmp_path, "--only", "*/600,import/*")
    fields = {"id", "peer", "size", "ratio", "bar", "met", "answers_equal", "day", "details"}
    assert all(set(row) == fields for row in rows.values())
    kinds = {
        "nearest-owner",
        "nearest",
        "table",
        "picture",
        "snap",
        "snap-rules",
        "load",
        "import",
        "memory",
        "matrix-on-foot",
        "nearest-on-foot",
    }
    assert {name.split("/")[0] for name in rows} == kinds
    for row in rows.values():
        if "skipped" in row["details"]:
            assert row["peer"] in ("igraph", "networkit", "rustworkx", "pandana", "valhalla") and row["ratio"] is None
        else:
            assert row["answers_equal"] and row["ratio"] > 0, row
    page = (tmp_path / "reach.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in page for name in rows)
    assert "nearest-owner/scipy/600" in capsys.readouterr().out


class OneDay(date):
    """The day does not end while a test runs."""

    @classmethod
    def today(cls) -> OneDay:
        return cls(2026, 11, 24)


def test_rows_of_today_are_kept_until_fresh_ones_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.date", OneDay)
    asked = ("--only", "nearest/scipy/600")
    first = run(tmp_path, *asked)
    assert run(tmp_path, *asked) == first
    assert run(tmp_path, "--only", "table/scipy/600").keys() == {"nearest/scipy/600", "table/scipy/600"}
    assert run(tmp_path, *asked, "--fresh") != first


def test_a_row_that_cannot_be_measured_is_skipped_and_not_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.places.SHARED", tmp_path / "nowhere")
    row = run(tmp_path, "--only", "picture/*/heidelberg")["picture/buffer-and-union/heidelberg"]
    assert row["details"] == {"skipped": "../shared/data/osm/heidelberg.osm.pbf is absent"}
    assert (row["bar"], row["met"], row["answers_equal"]) == (50.0, False, None)


@pytest.mark.parametrize("planted", ["a time", "an owner"])
def test_a_wrong_nearest_site_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str) -> None:
    def wrong(*given: Any, **how: Any) -> tuple[np.ndarray, np.ndarray]:
        time, owner = nearest_to_targets(*given, **how)
        (time if planted == "a time" else owner)[np.argmax(np.where(owner >= 0, time, -1))] += 1
        return time, owner % 2

    monkeypatch.setattr("benchmarks.questions.nearest_to_targets", wrong)
    row = run(tmp_path, "--only", "nearest-owner/scipy/600")["nearest-owner/scipy/600"]
    assert row["answers_equal"] is False and row["details"]["differ"]


def test_a_wrong_table_is_seen_by_every_row_that_asks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*given: Any, **how: Any) -> Any:
        start, ids, cs = cutoff_table(*given, **how)
        return start, ids, cs + (np.arange(len(cs)) == 7)

    monkeypatch.setattr("benchmarks.questions.cutoff_table", wrong)
    rows = run(tmp_path, "--only", "table/scipy/600,table/networkx/600")
    assert [row["answers_equal"] for row in rows.values()] == [False] * 2
    assert rows["table/scipy/600"]["details"]["differ"]


def test_a_wrong_road_gap_or_share_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for column, more in (("road", 1), ("gap_m", 0.01), ("share", 0.1)):

        def wrong(*given: Any, column: str = column, more: float = more, **how: Any) -> Any:
            snapped = snap_places(*given, **how)
            snapped.loc[3, column] = (snapped.loc[3, column] + more) % max(1, given[0].tail.size if more == 1 else 1e9)
            return snapped

        monkeypatch.setattr("benchmarks.questions.snap_places", wrong)
        row = run(tmp_path, "--only", "snap/strtree/600", "--fresh")["snap/strtree/600"]
        assert row["answers_equal"] is False, column


def test_a_row_with_wrong_answers_meets_no_bar() -> None:
    duel = Duel(lambda: 1, lambda: sum(range(9999)), lambda a, b: "" if a == b else f"{a} and {b}")
    row = run_duel("sum", "python", "9999", duel, bar=2.0, day="2026-11-24", rounds=3)
    assert row.ratio > 2 and row.met is False and row.details["differ"] == "1 and 49985001"
    assert as_row("figure", "limit", "", Figure(1.0, 5.0, "s", "no answer"), day="2026-11-24").met is False
    assert as_row("figure", "limit", "", Figure(1.0, 5.0, "s"), day="2026-11-24").met is True


def test_a_picture_that_misses_ground_is_seen() -> None:
    truth = [shapely.box(0, 0, 10, 10)]
    assert area_error([shapely.box(0, 0, 10, 10)], truth) == 0
    assert area_error([shapely.box(1, 0, 11, 10)], truth) == pytest.approx(0.2)
