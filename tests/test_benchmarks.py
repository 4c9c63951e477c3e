"""The side-by-side measurements: the made land they run on, and that they tell the truth."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from benchmarks.synthetic import CLASSES, MadeRoads, made_network, made_roads


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
