"""How roads hang together: ends that just miss, crossings, parts, one-way traps, doubles; vertices far off."""

from __future__ import annotations

import itertools
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

from quarterhour.base.findings import finding_sentences
from quarterhour.base.i18n import LANGUAGES
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import JOINED_M
from quarterhour.network.roads import as_roads, crossings, lines
from quarterhour.network.roads.junctions import spots_of, times_in
from quarterhour.network.roads.topology import Topology, measure_topology
from quarterhour.network.testing import town
from repeatable import examples

CRS = "EPSG:32651"
WALK = read_modes()["walk"]
Lines = list[list[tuple[float, float]]]


def table(*lines: list[tuple[float, float]], **columns: Any) -> gpd.GeoDataFrame:
    shapes = [LineString(line) for line in lines]
    names = list("abcdefghijklmnopqrstuvwxyz")[: len(shapes)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS, index=names).assign(highway="residential")


def read(frame: gpd.GeoDataFrame, join_m: float = JOINED_M) -> tuple[gpd.GeoDataFrame, list[list[str]]]:
    roads, found = as_roads(frame, crs=CRS, join_m=join_m)
    for lang in LANGUAGES:
        assert finding_sentences(found, lang).str.len().gt(10).all()
    return roads, found[["rule", "value", "detail"]].values.tolist()


def measured(frame: gpd.GeoDataFrame) -> tuple[Topology, dict[str, list[str]]]:
    found = measure_topology(as_roads(frame, crs=CRS, join_m=JOINED_M)[0])
    for lang in LANGUAGES:
        assert finding_sentences(found.table, lang).str.len().gt(10).all()
    rows = found.table.set_index("rule")[["severity", "value", "detail"]]
    assert found.places["rule"].value_counts().astype(str).to_dict() == rows["value"].to_dict()
    return found, {rule.removeprefix("roads."): list(row) for rule, row in rows.T.to_dict("list").items()}


def grid(side: int, *, gap_m: float = 0.0, every: int = 1) -> gpd.GeoDataFrame:
    """Streets between junctions 300 m apart; the first end of each ``every``-th stops short."""
    spots = list(itertools.product(range(side), repeat=2))
    pairs = [((x, y), (x + dx, y + dy)) for x, y in spots for dx, dy in ((1, 0), (0, 1))]
    pairs = [(p, q) for p, q in pairs if max(q) < side]
    lines = []
    for i, ((a, b), (c, d)) in enumerate(pairs):
        short = gap_m if i % every == 0 else 0.0
        lines.append(LineString([(300 * a + short * (c - a), 300 * b + short * (d - b)), (300 * c, 300 * d)]))
    return gpd.GeoDataFrame({"highway": ["residential"] * len(lines)}, geometry=lines, crs=CRS).rename_axis("id")


# --- ends that just miss


@pytest.mark.parametrize(("gap_m", "every"), [(0.5, 4), (0.9, 3), (0.3, 1), (0.05, 2), (1.0, 5)])
def test_ends_short_of_a_junction_are_joined_and_told(gap_m: float, every: int) -> None:
    roads, found = as_roads(grid(6, gap_m=gap_m, every=every), crs=CRS, join_m=JOINED_M)
    net = build_network(roads, WALK)
    assert (len(net.x), net.component.max()) == (36, 0)
    assert found["rule"].tolist() == ["roads.joined"] and found["severity"].tolist() == ["warning"]
    assert found["column"].tolist() == [f"{gap_m * (2**0.5 if every == 1 else 1):.2f}"]
    assert measure_topology(roads).table.empty


def test_ends_that_meet_but_for_a_rounding_are_joined_without_a_word() -> None:
    roads, told = read(grid(4, gap_m=0.012, every=3))
    assert told == [] and len(build_network(roads, WALK).x) == 16


def test_nothing_is_joined_where_the_study_says_so_and_all_misses_are_told() -> None:
    frame = grid(6, gap_m=0.5, every=4)
    roads, found = as_roads(frame, crs=CRS, join_m=0)
    assert "roads.joined" not in set(found["rule"])
    told = measure_topology(roads).table.set_index("rule")
    assert told.loc["roads.near_miss", ["severity", "value"]].tolist() == ["warning", "15"]


def test_wider_gaps_are_told_and_joined_when_asked() -> None:
    frame = grid(4, gap_m=2.5, every=6)
    assert measured(frame)[1]["near_miss"][:2] == ["warning", "4"]
    roads, told = read(frame, join_m=3)
    assert [t[:2] for t in told] == [["roads.joined", "4"]] and len(build_network(roads, WALK).x) == 16


@pytest.mark.parametrize("off", [-0.7, -0.004, 0.0, 0.4])
def test_an_end_at_a_line_without_a_vertex_is_joined_to_it(off: float) -> None:
    """A street that ends on, just before or just beyond a through road."""
    roads, told = read(table([(0, 0), (1000, 0)], [(400, -300), (400, off)]))
    net = build_network(roads, WALK)
    assert roads.index.tolist() == ["a/0", "a/1", "b"] and (len(net.x), net.component.max()) == (4, 0)
    assert net.length_m.round(3).tolist() == [400, 600, 300]
    assert told == ([["roads.joined", "1", "b"]] if abs(off) > 0.02 else [])


def test_an_end_on_a_line_meets_it_whatever_is_asked() -> None:
    """An estate's only street ends on the through road's line, where that has no vertex."""
    roads, found = as_roads(table([(0, 0), (1000, 0)], [(400, -300), (400, 0)]), crs=CRS)
    assert found.empty and roads.index.tolist() == ["a/0", "a/1", "b"]


def test_two_ends_on_one_line_cut_it_twice_and_lengths_are_shared_out() -> None:
    frame = table(
        [(0, 0), (500, 0), (1000, 0)], [(700, -300), (700, -0.5)], [(200, 400), (200, 0.5)], [(900, 9), (900, 90)]
    )
    roads, _ = read(frame.assign(length_m=[1010.0, None, None, None]))
    assert roads.index.tolist() == ["a/0", "a/1", "a/2", "b", "c", "d"]
    assert roads["length_m"].iloc[:3].tolist() == pytest.approx([202, 505, 303])
    assert np.bincount(build_network(roads, WALK).component).tolist() == [6, 2]


def test_ends_in_a_row_come_together_at_one_spot() -> None:
    around = [[(300 * dx, 300 * dy), (0.3 * dx, 0.3 * dy)] for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    roads, told = read(table(*around))
    assert len(build_network(roads, WALK).x) == 5 and told[0][0] == "roads.joined"


def test_a_dead_end_beside_a_parallel_street_stays() -> None:
    frame = table(
        [(0, 0), (1000, 0)], [(0, 0), (0, 0.8), (400, 0.8)], [(500, -0.8), (900, -0.7), (950, -90), (1000, 0)]
    )
    roads, told = read(frame)
    assert told == [] and "a" in roads.index
    assert measure_topology(roads).table.empty


def test_what_ends_beside_a_bridge_or_is_shorter_than_the_gap_stays() -> None:
    roads, told = read(table([(0, 0), (1000, 0)], [(400, -300), (400, -0.5)], bridge=["yes", "no"]))
    assert told[0][0] == "roads.in_pieces" and len(roads) == 2
    _, told = read(table([(0, 0), (1000, 0)], [(400, -2.5), (400, -0.9)]))
    assert [t[0] for t in told] == ["roads.in_pieces"]


def test_node_ids_say_what_meets_and_misses_are_but_a_note() -> None:
    frame = table([(0, 0), (1000, 0)], [(400, -300), (400, -0.5)]).assign(u=[1, 3], v=[2, 4])
    roads, _ = as_roads(frame, crs=CRS)
    assert roads.geometry.to_wkt().equals(gpd.GeoSeries(frame.geometry).to_wkt().set_axis(roads.index))
    assert measured(frame)[1]["near_miss"] == ["note", "1", "b + a"]


@examples(25, 300)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 0.6, 0.95]))
def test_joining_moves_nothing_farther_than_asked_and_loses_no_road(seed: int, gap_m: float) -> None:
    rng = np.random.default_rng(seed)
    frame = grid(5)
    bent = []
    for line in frame.geometry:
        angle, far = rng.uniform(0, 2 * np.pi, 2), gap_m / 2 * rng.integers(0, 2, 2)
        ends = np.array(line.coords) + (far * [np.cos(angle), np.sin(angle)]).T
        bent.append(LineString(ends))
    roads, _ = as_roads(frame.set_geometry(bent, crs=CRS), crs=CRS, join_m=JOINED_M)
    net = build_network(roads, WALK)
    assert len(roads) == len(frame) and net.component.max() == 0
    if gap_m <= 0.6:
        assert len(net.x) == 25


def test_towns_without_misses_are_left_as_they_are() -> None:
    drawn = town("""
        A---B---C
        |   |   |
        D---E-->F   G
            |       |
            H-------I
    """).roads  # fmt: skip
    roads, told = read(drawn)
    assert told == [] and roads.geometry.equals(drawn.geometry)


# --- the other measures


def _joined_at_the_middle(*extra: list[tuple[float, float]], **columns: Any) -> list[int]:
    """Two streets with a vertex in common where they cross, and more; the part that each road lies in."""
    over, under = [(0, 0), (100, 0), (200, 0)], [(100, -100), (100, 0), (100, 100)]
    roads, _ = read(table(over, under, *extra, **columns))
    net = build_network(roads, WALK)
    part = dict(zip(roads.index.str[0], net.component[net.tail], strict=True))
    return [int(part[road]) for road in sorted(part)]


@pytest.mark.parametrize(
    "columns",
    [{"bridge": ["T", "F"]}, {"tunnel": ["no", "yes"]}, {"layer": [1, 0]}, {"layer": ["0", "-1"]}, {"layer": [7, 6]}],
)
def test_a_bridge_does_not_meet_the_street_below_though_they_share_a_vertex(columns: Any) -> None:
    assert sorted(_joined_at_the_middle(**columns)) == [0, 1]
    assert _joined_at_the_middle(**{name: [said[0]] * 2 for name, said in columns.items()}) == [0, 0]


def test_a_ramp_that_ends_on_a_bridge_meets_it_and_not_the_street_below() -> None:
    ramp: list[tuple[float, float]] = [(160, 60), (100, 0)]
    assert _joined_at_the_middle(ramp, layer=[1, 0, 1]) == [0, 1, 0]
    over = [(0, 0), (100, 0), (200, 0)]
    roads, _ = read(table(over, ramp, bridge=["yes", "no"]))  # the ramp is no bridge itself
    assert not build_network(roads, WALK).component.any()


def test_crossings_without_a_node_are_told_and_bridges_are_none() -> None:
    rows = [[(0, 100 * y), (900, 100 * y)] for y in range(1, 4)]
    columns = [[(100 * x + 50, 0), (100 * x + 50, 500)] for x in range(2)]
    found, told = measured(table(*rows, *columns))
    assert told["crossing_unsaid"][:2] == ["warning", "6"]
    assert sorted((p.x, p.y) for p in found.places.geometry[found.places["rule"] == "roads.crossing_unsaid"]) == [
        (50 + 100 * x, 100 * y) for x in range(2) for y in range(1, 4)
    ]
    _, told = measured(table(*rows, *columns, bridge=["no", "no", "no", "yes", "no"]))
    assert told["crossing"][:2] == ["warning", "3"]


def test_a_single_flyover_in_a_town_is_a_note() -> None:
    frame = pd.concat([grid(12), table([(10, 10), (290, 350)])])
    _, told = measured(frame)
    assert told["crossing_unsaid"][:2] == ["note", "1"]


def test_parts_are_told_at_any_size_with_their_kilometres() -> None:
    frame = pd.concat([grid(5), table([(9000, 0), (9500, 0)], [(9500, 0), (9500, 500)], [(0, 9000), (0, 9100)])])
    found, told = measured(frame)
    assert told["parts"][:2] == ["note", "2"]
    assert found.places.loc[found.places["rule"] == "roads.parts", "size"].tolist() == [1.0, 0.1]
    assert "1.1 km, 8.4%" in found.table.loc[found.table["rule"] == "roads.parts", "column"].iloc[0]


def test_junctions_that_are_only_entered_or_only_left_are_told() -> None:
    found, told = measured(
        town("""
        A---B->-C
        |   |
        D---E-<-F
        """).roads
    )  # fmt: skip
    assert told == {"oneway_trap": ["warning", "1", "BC"], "oneway_source": ["warning", "1", "EF"]}
    assert len(found.places) == 2
    assert "oneway_trap" not in measured(town("A---B---C").roads)[1]


def test_lines_drawn_twice_are_told_and_two_directions_are_not() -> None:
    lines: Lines = [[(0, 0), (300, 0)], [(300, 0), (300, 300)], [(0, 0), (300, 0)], [(300, 0), (0, 0)]]
    assert measured(table(*lines))[1]["twice"] == ["note", "1", "a + c"]
    assert measured(table(*lines, oneway=["no", "no", "yes", "no"]))[1]["twice"][0] == "warning"
    assert "twice" not in measured(grid(4))[1]


def test_a_clean_town_has_nothing_to_look_at() -> None:
    found = measure_topology(as_roads(grid(4), crs=CRS)[0])
    assert found.table.empty and found.places.empty and found.places.crs == CRS
    assert repr(found) == "<Topology: nothing to look at>"


# --- vertices far off


@pytest.mark.parametrize("far", [(5_000, 5_000), (-400_000, -4_000_000), (2_000, -60_000)])
def test_a_vertex_kilometres_off_is_left_out_and_told_by_id(far: tuple[float, float]) -> None:
    frame = grid(6)
    a, b = frame.geometry.iloc[7].coords
    frame.loc[7, "geometry"] = LineString([a, far, b])
    roads, found = as_roads(frame, crs=CRS)
    assert found[["rule", "severity", "id"]].values.tolist() == [["roads.far_vertex", "warning", "7"]]
    assert roads.length.tolist() == [300.0] * 60


def test_a_road_that_ends_far_from_all_is_set_aside_and_one_that_runs_off_is_told() -> None:
    frame = grid(6)
    a, _ = frame.geometry.iloc[7].coords
    frame.loc[7, "geometry"] = LineString([a, (-400_000, -4_000_000)])
    roads, found = as_roads(frame, crs=CRS)
    assert found[["rule", "severity", "id"]].values.tolist() == [["roads.far_end", "error", "7"]]
    assert len(roads) == 59
    frame.loc[7, "geometry"] = LineString([a, (7_000, 7_000)])
    roads, found = as_roads(frame, crs=CRS)
    assert found[["rule", "severity", "id"]].values.tolist() == [["roads.long_leg", "warning", "7"]]
    assert len(roads) == 60


def some_lines(rng: np.random.Generator, *, step: float, off: float) -> np.ndarray:
    """Lines between the points of a small lattice: they share ends and stretches, touch, cross, and close to rings."""
    drawn = []
    for _ in range(30):
        points = rng.integers(0, 5, (int(rng.integers(2, 5)), 2)) * step + off
        points = np.vstack([points, points[:1]]) if rng.random() < 0.15 else points
        points[-1] += (points == points[0]).all() * step
        drawn.append(LineString(points))
    return np.array(drawn, dtype=object)


@pytest.mark.parametrize(("step", "off", "at_once"), [(1.0, 0.0, 1000), (0.1, 4e6, 7), (0.3, 0.1, 30)])
def test_pairs_that_cross_are_those_of_geos(
    monkeypatch: pytest.MonkeyPatch, step: float, off: float, at_once: int
) -> None:
    monkeypatch.setattr(crossings, "_AT_ONCE", at_once)
    for seed in range(40):
        drawn = some_lines(np.random.default_rng(seed), step=step, off=off)
        one, other = shapely.STRtree(drawn).query(drawn, predicate="crosses")
        found = np.column_stack(crossings.crossing_pairs(drawn))
        assert found.tolist() == np.column_stack([one, other])[one < other].tolist()
    assert np.column_stack(crossings.crossing_pairs(drawn[:0])).tolist() == []


@pytest.mark.compiled
def test_geos_is_asked_of_few_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, asked, crosses = grid(12).geometry.to_numpy(), [], shapely.crosses
    monkeypatch.setattr(shapely, "crosses", lambda a, b: asked.append(len(a)) or crosses(a, b))
    assert len(crossings.crossing_pairs(drawn)[0]) == 0
    assert asked == [0]


def test_far_vertices_are_looked_for_on_long_lines_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, seen = grid(6), []
    a, b = frame.geometry.iloc[7].coords
    frame.loc[7, "geometry"] = LineString([a, (5_000, 5_000), b])
    spikes = lines._spikes
    monkeypatch.setattr(lines, "_spikes", lambda xy, *rest: seen.append(len(xy)) or spikes(xy, *rest))
    assert len(as_roads(frame, crs=CRS)[1]) == 1
    assert seen == [3]


def test_points_are_counted_as_their_spots_are() -> None:
    xy = np.random.default_rng(1).integers(0, 6, (400, 2)) * 0.004
    for every in (xy, xy + 1e8):
        spot = spots_of(every)
        assert times_in(every[:50], every).tolist() == np.bincount(spot)[spot[:50]].tolist()
    assert times_in(xy[:0], xy).tolist() == []
    assert times_in(np.array([[9.0, 9.0]]), xy).tolist() == [0]


def test_far_islands_ferries_and_long_highways_are_nothing_odd() -> None:
    island = table([(150_000, 0), (150_300, 0)], [(150_300, 0), (150_300, 300)])
    ferry = table([(0, 0), (150_000, 0)]).assign(highway="ferry")
    highway = table([(1500, 1500), *[(1500 + 900 * i, 1500 + 10 * (i % 3)) for i in range(1, 200)]])
    for more in (island, pd.concat([ferry, island]), highway):
        _, found = as_roads(pd.concat([grid(6), more], ignore_index=True), crs=CRS)
        assert found.empty


# --- junctions on a line that has no vertex there -----------------------------------------------------------------


def cross(**columns: Any) -> gpd.GeoDataFrame:
    """A through road, and two side streets that meet on its line where it has no vertex."""
    return table([(0, -300), (0, 300)], [(-300, 0), (0, 0)], [(0, 0), (300, 0)], **columns)


def test_a_junction_on_the_line_of_a_road_without_a_vertex_is_one_with_it() -> None:
    roads, told = read(cross())
    assert told == [["roads.met_on_line", "1", "a"]]
    assert list(roads.index) == ["a/0", "a/1", "b", "c"]
    assert measure_topology(roads).places.empty


def test_a_junction_on_several_lines_meets_each_of_them() -> None:
    lines = [[(0, -300), (0, 300)], [(-300, -300), (300, 300)], [(-300, 0), (0, 0)], [(0, 0), (300, 0)]]
    roads, told = read(table(*lines))
    assert told == [["roads.met_on_line", "1", "a, b"]] and len(roads) == 6


def test_a_line_drawn_above_its_own_pieces_is_joined_to_what_meets_them() -> None:
    pieces = [[(0, 0), (0, 300)], [(0, 300), (0, 600)], [(0, 300), (300, 300)]]
    roads, told = read(table([(0, 0), (0, 600)], *pieces))
    assert told[0] == ["roads.met_on_line", "1", "a"] and len(roads) == 5


def test_a_bridge_meets_no_junction_below_it_and_nothing_meets_where_the_study_joins_nothing() -> None:
    roads, told = read(cross(bridge=[True, False, False]))
    assert "roads.met_on_line" not in [rule for rule, *_ in told] and len(roads) == 3
    assert len(read(cross(), join_m=0.0)[0]) == 3
