"""What is asked of Valhalla and read of it, as far as it goes without node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import valhalla
from benchmarks.__main__ import main
from benchmarks.lands import on_foot
from benchmarks.measure import Duel, NotInstalled, run_duel
from benchmarks.synthetic import made_network
from benchmarks.valhalla_differences import Pairs, by_name, decoded, is_area, named_in_turn, walks_beyond_hiking
from benchmarks.valhalla_rows import dense, differ_lengths, picked, standing
from quarterhour.io.osm.roads import read_osm_roads
from quarterhour.network.network import Network
from quarterhour.travel.matrix import travel_times


@pytest.fixture(scope="module")
def walking() -> Network:
    return on_foot(made_network(600))


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A machine that lacks some programs."""
    monkeypatch.setattr(valhalla.shutil, "which", lambda name: None if name in names else f"/{name}")


def test_without_node_or_package_the_row_is_skipped_and_its_bar_not_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["--only", "matrix-on-foot/valhalla/600", "--sizes", "600", "--out", str(tmp_path)]
    for missing, why in (("node", "node is not here, which"), ("npm", "Valhalla is not here: `make bench`")):
        without(monkeypatch, missing)
        assert main(asked) == 0
        (row,) = json.loads((tmp_path / "reach.json").read_text(encoding="utf-8"))["rows"]
        assert row["details"]["skipped"].startswith(why) and row["met"] is None and row["ratio"] is None


def test_where_npm_is_absent_or_fails_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "npm")
    with pytest.raises(NotInstalled, match="npm is not here"):
        valhalla.installed(tmp_path, fetch=True)
    without(monkeypatch)
    failed = subprocess.CompletedProcess([], 1, "", "npm error code E404\nnpm error 404 somewhere\n")
    monkeypatch.setattr(valhalla.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(NotInstalled, match="does not install: E404"):
        valhalla.installed(tmp_path, fetch=True)
    assert valhalla.npm_reason("") == "npm does not say why"


def test_what_is_installed_is_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "npm")
    package = tmp_path / "valhalla" / "node_modules" / valhalla.PACKAGE
    package.mkdir(parents=True)
    (package / "package.json").write_text("{}", encoding="utf-8")
    assert valhalla.installed(tmp_path, fetch=False) == tmp_path.resolve() / "valhalla"


def test_a_matrix_in_kilometres_is_read_in_metres_and_no_way_as_none() -> None:
    answer = {"sources_to_targets": {"distances": [[0.0, 1.234], [None, 2.0]], "durations": [[0, 1], [None, 2]]}}
    assert np.array_equal(valhalla.metres(answer), [[0, 1234], [np.nan, 2000]], equal_nan=True)
    one = {"sources_to_targets": {"distances": [[0.5]]}}
    assert np.array_equal(valhalla.metres_of([one, None]), [500, np.nan], equal_nan=True)


def test_the_configuration_has_room_for_a_matrix_and_leaves_standard_output_alone() -> None:
    given: dict[str, Any] = {
        "service_limits": {"pedestrian": {"max_locations": 50, "max_matrix_distance": 200000}},
        "thor": {"source_to_target_algorithm": "select_optimal", "logging": {"type": "std_out"}},
        "mjolnir": {"tile_extract": "x.tar", "tile_dir": "x"},
    }
    made = valhalla.configured(given)
    assert made["service_limits"]["pedestrian"] == {**valhalla.LIMITS, "max_matrix_distance": 200000}
    assert made["thor"]["logging"] == {"type": "std_err"} and made["mjolnir"] == {"tile_dir": "x"}
    assert given["service_limits"]["pedestrian"]["max_locations"] == 50


def test_a_network_written_as_osm_has_its_roads_and_lengths(walking: Network, tmp_path: Path) -> None:
    file = valhalla.written(walking, tmp_path / "made.osm.pbf")
    roads = read_osm_roads(file, crs=str(walking.crs))[0]
    assert roads.length.sum() == pytest.approx(walking.length_m.sum(), rel=1e-4)
    number, place = valhalla.vertices(walking)
    assert np.allclose(place[number], walking.coords)


def test_on_foot_a_made_road_takes_a_second_a_metre_both_ways(walking: Network) -> None:
    assert np.array_equal(walking.forward_cs, walking.backward_cs)
    at = picked(walking, 20, seed=1)
    places = standing(walking, at)
    found = dense(travel_times(walking, places, places, minutes=9000, heading="to_site"))
    assert np.allclose(found, found.T) and not np.diag(found).any()
    straight = np.hypot(*(walking.x[at] - walking.x[at][:, None], walking.y[at] - walking.y[at][:, None]))
    assert (found >= straight - 1).all()


def test_lengths_are_the_same_within_one_percent_of_the_median_and_the_far_ones_are_counted() -> None:
    theirs = np.array([1000.0, 2000.0, 3000.0, np.nan])
    told: dict[str, Any] = {}
    assert differ_lengths(np.array([1000.0, 2150.0, 2800.0, 5.0]), theirs, told) == ""
    assert (told["longer_by_100_m"], told["shorter_by_100_m"], told["only_ours"], told["pairs"]) == (1, 1, 1, 3)
    assert differ_lengths(theirs * 1.02, theirs, {}) == "the median is 2.0% off"
    assert differ_lengths(theirs * np.nan, theirs, {}) == "no pair has a way in both"


def test_the_peers_own_clock_measures_the_peer() -> None:
    ticks = iter(range(0, 900, 3))
    duel = Duel(lambda: 1, lambda: 1, lambda *_: "", peer_clock=lambda: float(next(ticks)))
    assert run_duel("x", "y", "z", duel, bar=None, day="2026-11-29", rounds=1).details["peer_ms"] == 3000


def test_a_pair_is_named_by_the_first_cause_without_which_it_is_no_shorter() -> None:
    theirs = np.full((1, 4), 1000.0)
    ours = np.array([[500.0, 600.0, 700.0, 990.0]])
    later = {"a": np.array([[950.0, 600.0, 700.0, 990.0]]), "a+b": np.array([[950.0, np.nan, 700.0, 990.0]])}
    left, named = named_in_turn(Pairs(ours, theirs), later)
    assert named == {"a": 1, "a+b": 1} and left.tolist() == [[False, False, True, False]]


def test_ways_are_grouped_by_the_tags_that_decide() -> None:
    assert is_area({"area": "yes"}) and is_area({"railway": "platform"}) and not is_area({"highway": "path"})
    assert walks_beyond_hiking({"sac_scale": "alpine_hiking"}) and not walks_beyond_hiking({"sac_scale": "hiking"})
    assert by_name({"highway": "service", "access": "private", "name": "X"}) == "highway=service access=private"
    assert by_name({}) == "a way that the extract does not have"


def test_a_packed_line_is_read_as_longitudes_and_latitudes() -> None:
    """The example of Google's page on the format, at a tenth of its steps."""
    line = decoded("_p~iF~ps|U_ulLnnqC_mqNvxq`@") * 10
    assert np.allclose(line, [[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])
