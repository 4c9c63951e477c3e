"""Who is covered at every pace of a range, at some, at none.

The toy town, minutes to each site without turnout (blank: none), standard 15, speed 0.8 to 1.2, turnout 2 to 5::

              day    base     older  town   0.8 x (15 - 5) = 8 always, 1.2 x (15 - 2) = 15.6 at the best
    a          8      -        100   t1     always
    b          8.01   20        50   t1     sometimes
    c          15.6   -         30   t2     sometimes
    d          15.61  16         5   t2     never
    e          -      -         20   ""     never
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from quarterhour.base.errors import CutoffError, DataError
from quarterhour.io.osm.roads import read_osm_roads
from quarterhour.network.build import build_network
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.modes import as_mode, read_modes
from quarterhour.network.network import Mode
from quarterhour.network.paces import at_pace
from quarterhour.network.roads import as_roads
from quarterhour.network.snap import at_junctions
from quarterhour.standards.circle import check_circle
from quarterhour.standards.rules import Circle
from quarterhour.standards.sensitivity import CoverageRange, check_slower, coverage_range, searched_minutes
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.times import TravelTimes, times_from_matrix
from repeatable import examples

NO = np.nan
KINDS = pd.Series({"day": "day", "base": "base"})
CIRCLE = Circle("ring", "圈", "ring", kinds=("day", "base"), mode="walk", minutes=15, heading="to_site", people="older")


def town() -> pd.DataFrame:
    table = {"town": ["t1", "t1", "t2", "t2", ""], "county": "c1", "older": [100, 50, 30, 5, 20]}
    return pd.DataFrame(table, index=pd.Index(list("abcde"), name="id"))


def times(cutoff: float = 40) -> TravelTimes:
    matrix = [[8, NO], [8.01, 20], [15.6, NO], [15.61, 16], [NO, NO]]
    return times_from_matrix(matrix, communities=town().index, sites=KINDS.index, cutoff=cutoff)


def ranged(circle: Circle = CIRCLE, **changes: Any) -> CoverageRange:
    asked = {"kinds": KINDS, "speed": (0.8, 1.2), "turnout_minutes": (2, 5)} | changes
    return coverage_range(circle, times(), town(), **asked)


def test_each_community_is_always_sometimes_or_never_covered() -> None:
    found = ranged()
    assert found.communities["covered"].tolist() == ["always", "sometimes", "sometimes", "never", "never"]
    city = found.shares[found.shares["level"] == "city"].iloc[0]
    assert city[["people", "people_always", "people_sometimes", "people_never"]].tolist() == [205, 100, 80, 25]
    assert city[["communities_always", "communities_sometimes", "communities_never"]].tolist() == [1, 2, 2]
    assert found.share("always", "town", "t1") == 100 / 150 and found.share("never", "town", "t2") == 5 / 35
    assert sum(found.share(c) for c in ("always", "sometimes", "never")) == pytest.approx(1)
    assert "48.8% always" in repr(found) and found.argument == "common_factor"


def test_the_flip_factor_is_the_slowest_speed_that_still_covers() -> None:
    flips = ranged().communities["flip_factor"]
    assert flips["a"] == pytest.approx(8 / 11.5) and flips["d"] == pytest.approx(15.61 / 11.5)
    assert np.isnan(flips["e"])
    for who in "abcd":
        for change, covered in ((1e-9, "always"), (-1e-6, "never")):
            pace = flips[who] * (1 + change)
            again = ranged(speed=(pace, pace), turnout_minutes=(3.5, 3.5))
            assert again.communities.at[who, "covered"] == covered


def test_where_each_kind_is_asked_for_the_farthest_counts() -> None:
    found = ranged(replace(CIRCLE, need="all"), speed=(0.5, 2.5), turnout_minutes=(0, 0))
    assert found.communities["covered"].tolist() == ["never", "sometimes", "never", "sometimes", "never"]
    assert found.communities.at["b", "flip_factor"] == pytest.approx(20 / 15)


def test_a_turnout_longer_than_the_standard_leaves_nobody_always_inside() -> None:
    here = times_from_matrix([[0.0]], communities=["a"], sites=["day"], cutoff=40)
    asked = {"kinds": KINDS, "speed": (1, 1)}
    for turnout, covered, flip in (((2, 15), "always", 0), ((2, 16), "sometimes", 0), ((16, 17), "never", NO)):
        found = coverage_range(CIRCLE, here, town().loc[["a"]], **asked, turnout_minutes=turnout).communities
        assert found["covered"].tolist() == [covered]
        assert found["flip_factor"].tolist() == pytest.approx([flip], nan_ok=True)


def test_nobody_lives_there_has_no_share() -> None:
    empty = town().assign(older=0)
    found = coverage_range(CIRCLE, times(), empty, kinds=KINDS)
    assert np.isnan(found.share()) and found.shares["communities"].tolist()[-1] == 5


def test_what_cannot_be_meant_is_said() -> None:
    for wrong, told in (
        ({"speed": (1.2, 0.8)}, "from 1.2 to 0.8"),
        ({"speed": (0, 1)}, "from 0 to 1"),
        ({"speed": (1, np.nan)}, "nan"),
        ({"turnout_minutes": (5, 2)}, "from 5 to 2 minutes"),
        ({"turnout_minutes": (-1, 2)}, "from -1"),
    ):
        with pytest.raises(DataError) as caught:
            ranged(**wrong)
        assert told in str(caught.value) and caught.value.sentence("zh")
    with pytest.raises(CutoffError, match="ask for a search of 15.6 minutes; the times went as far as 15.5"):
        coverage_range(CIRCLE, times(15.5), town(), kinds=KINDS, turnout_minutes=(2, 5))
    with pytest.raises(DataError, match="headed"):
        coverage_range(replace(CIRCLE, heading="to_community"), times(), town(), kinds=KINDS)


def spots(net: Any, ids: list[str], prefix: str) -> pd.DataFrame:
    return at_junctions(net, pd.Series(ids, index=[f"{prefix}{i}" for i in range(len(ids))]))


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A town of edges whose times are whole sixtieths of a minute, homes and sites on its junctions."""
    end = st.integers(0, 6)
    edge = st.tuples(end, end, st.integers(0, 12), st.sampled_from([0, 0, 1, -1]), st.sampled_from(["lane", "road"]))
    table = pd.DataFrame(draw(st.lists(edge, min_size=2, max_size=14)), columns=["u", "v", "size", "oneway", "class"])
    ids = sorted({*table["u"].astype(str), *table["v"].astype(str)})
    sites = draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4))
    kinds = draw(st.lists(st.sampled_from(["day", "base"]), min_size=len(sites), max_size=len(sites)))
    decimal = st.sampled_from([0.4, 0.5, 0.6, 0.75, 0.8, 1.0, 1.2, 1.25, 1.5, 2.0])
    return {
        "edges": table.assign(minutes=table["size"] * 0.5),
        "homes": ids,
        "sites": sites,
        "kinds": pd.Series(kinds, index=[f"s{i}" for i in range(len(kinds))]),
        "circle": replace(
            CIRCLE,
            minutes=draw(st.sampled_from([2.0, 5.0, 7.5])),
            heading=draw(st.sampled_from(["to_site", "to_community"])),
            need=draw(st.sampled_from(["any", "all"])),
            turnout_minutes=draw(st.sampled_from([0.0, 1.0])),
        ),
        "speed": tuple(sorted(draw(st.tuples(decimal, decimal)))),
        "turnout": tuple(sorted(draw(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 2.25, 6.0])] * 2)))),
    }


def people_of(q: dict[str, Any]) -> pd.DataFrame:
    count = len(q["homes"])
    return pd.DataFrame({"older": range(1, count + 1)}, index=[f"c{i}" for i in range(count)])


def times_of(q: dict[str, Any], net: Any, circle: Circle, minutes: float) -> TravelTimes:
    asked = {"heading": circle.heading, "turnout_minutes": circle.turnout_minutes, "minutes": minutes}
    return travel_times(net, spots(net, q["homes"], "c"), spots(net, q["sites"], "s"), **asked)


def found_of(q: dict[str, Any]) -> CoverageRange:
    circle = q["circle"]
    far = searched_minutes(circle, speed=q["speed"], turnout_minutes=q["turnout"], turnout=circle.turnout_minutes)
    got = times_of(q, network_from_edges(q["edges"]), circle, far)
    asked = {"kinds": q["kinds"], "speed": q["speed"], "turnout_minutes": q["turnout"]}
    return coverage_range(circle, got, people_of(q), **asked)


def agree(found: pd.Series, runs: list[list[bool]]) -> None:
    """Always: in each run; never: in none."""
    every, some = np.all(runs, axis=0), np.any(runs, axis=0)
    assert found.tolist() == np.where(every, "always", np.where(some, "sometimes", "never")).tolist()


def grid(q: dict[str, Any]) -> list[tuple[Fraction, Fraction]]:
    (slow, fast), (least, most) = ([Fraction(str(v)) for v in q[name]] for name in ("speed", "turnout"))
    steps = [Fraction(i, 3) for i in range(4)]
    return [(slow + (fast - slow) * i, least + (most - least) * j) for i in steps for j in steps]


@examples(20, 500)
@given(questions())
def test_classes_equal_networkx_run_with_fractions_at_each_pace(q: dict[str, Any]) -> None:
    circle, runs = q["circle"], []
    for factor, turnout in grid(q):
        graph = nx.MultiDiGraph()
        for u, v, minutes, way in q["edges"][["u", "v", "minutes", "oneway"]].itertuples(index=False):
            for a, b in [(u, v)] * (way >= 0) + [(v, u)] * (way <= 0):
                graph.add_edge(str(a), str(b), time=max(Fraction(str(minutes)), Fraction(1, 6000)) / factor)
        graph = graph.reverse() if circle.heading == "to_community" else graph
        least = dict(nx.all_pairs_dijkstra_path_length(graph, weight="time"))

        def near(home: str, kind: str, least: Any = least, turnout: Any = turnout) -> bool:
            here = [s for s, k in zip(q["sites"], q["kinds"], strict=True) if k == kind and s in least[home]]
            return any(least[home][s] + turnout <= circle.minutes for s in here)

        decide = all if circle.need == "all" else any
        runs.append([decide(near(home, kind) for kind in circle.kinds) for home in q["homes"]])
    agree(found_of(q).communities["covered"], runs)


@examples(8, 200)
@given(questions())
def test_classes_equal_reruns_of_the_whole_check_at_each_pace(q: dict[str, Any]) -> None:
    """Every edge is a whole multiple of what a pace divides by, so a rerun rounds nothing."""
    assume((q["edges"]["size"] > 0).all())
    circle, runs = q["circle"], []
    ends = [(f, t) for f in q["speed"] for t in q["turnout"]]
    nets: dict[float, Any] = {}
    for factor, turnout in dict.fromkeys([*ends, (q["speed"][0], sum(q["turnout"]) / 2)]):
        if factor not in nets:
            nets[factor] = network_from_edges(q["edges"].assign(minutes=q["edges"]["minutes"] / factor))
        run = replace(circle, turnout_minutes=turnout)
        made = times_of(q, nets[factor], run, run.minutes)
        runs.append(check_circle(run, made, people_of(q), kinds=q["kinds"]).communities["met"].tolist())
    agree(found_of(q).communities["covered"], runs)


def by_class(name: str, lane: float, road: float) -> Mode:
    return as_mode(name, {"travels": "vehicle", "speeds_kmh": {"lane": lane, "road": road}})


@examples(8, 125)
@given(questions(), st.lists(st.tuples(st.floats(6, 9), st.floats(12, 24)), min_size=1, max_size=3))
def test_two_modes_bound_every_pace_between(q: dict[str, Any], between: list[tuple[float, float]]) -> None:
    table = q["edges"].drop(columns="minutes").assign(length_m=q["edges"]["size"] * 100.0)
    paces = [(6.0, 12.0), *between, (9.0, 24.0)]
    nets = [network_from_edges(table, mode=by_class("m", *pace)) for pace in paces]
    check_slower(nets[0], nets[-1])
    circle, (least, most) = q["circle"], q["turnout"]
    slow, fast = (times_of(q, net, circle, circle.minutes + circle.turnout_minutes) for net in (nets[0], nets[-1]))
    asked = {"kinds": q["kinds"], "speed": (1, 1), "turnout_minutes": q["turnout"]}
    found = coverage_range(circle, slow, people_of(q), **asked, fast=fast)
    runs = []
    for net in nets:
        for turnout in dict.fromkeys((least, (least + most) / 2, most)):
            run = replace(circle, turnout_minutes=turnout)
            made = times_of(q, net, run, run.minutes)
            runs.append(check_circle(run, made, people_of(q), kinds=q["kinds"]).communities["met"].tolist())
    agree(found.communities["covered"], runs)
    assert found.argument == "slow_and_fast" and found.communities["flip_factor"].isna().all()


def test_a_mode_that_is_quicker_somewhere_bounds_nothing() -> None:
    table = pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "length_m": [900.0, 900.0], "class": ["lane", "road"]})
    slow, odd = (network_from_edges(table, mode=m) for m in (by_class("slow", 6, 12), by_class("odd", 5, 24)))
    closed = network_from_edges(table, mode=by_class("closed", 0, 24))
    lazy = network_from_edges(table, mode=replace(by_class("lazy", 6, 12), gap_kmh=1.0))
    check_slower(slow, slow)
    for other, told in ((odd, "see 0"), (closed, "see 0"), (lazy, "see gap_kmh")):
        with pytest.raises(DataError, match=f"mode 'slow' is not everywhere.*{told}"):
            check_slower(slow, other)
    turning = replace(by_class("turning", 6, 24), turn_seconds={"left": 9.0})
    where_one_drives = {
        side: network_from_edges(table, mode=replace(turning, drives_on=side)) for side in ("right", "left")
    }
    for one, other, told in (
        (slow, where_one_drives["right"], "turn_seconds"),
        (where_one_drives["left"], where_one_drives["right"], "drives_on"),
    ):
        with pytest.raises(DataError, match=f"see {told}"):
            check_slower(one, other)
    rows = pd.DataFrame({"kind": ["no"], "from_road": [0], "via_node": [""], "via_roads": [()], "to_road": [0]})
    with pytest.raises(DataError, match="see turns"):
        check_slower(slow, network_from_edges(table, mode=by_class("held", 6, 24), turns=rows))
    asked = {"minutes": 60, "heading": "to_site"}
    one, two = (travel_times(n, spots(n, ["a"], "c"), spots(n, ["b"], "s"), **asked) for n in (slow, odd))
    with pytest.raises(DataError, match="see c0 - s0"):
        coverage_range(
            CIRCLE,
            one,
            pd.DataFrame({"older": [1]}, index=["c0"]),
            kinds=pd.Series({"s0": "day"}),
            speed=(1, 1),
            fast=two,
        )


def test_on_real_roads_only_rounding_parts_it_from_reruns(shared_data: Path) -> None:
    """Liechtenstein on foot: a rerun quantises each road anew, half a centisecond a road at most."""
    metres, walk = "EPSG:32632", read_modes()["walk"]
    roads = as_roads(read_osm_roads(shared_data / "osm" / "liechtenstein.osm.pbf", crs=metres)[0], crs=metres)[0]
    net = build_network(roads, walk)
    at = np.random.default_rng(4).choice(np.flatnonzero(net.component == 0), 330, replace=False)
    points = gpd.GeoDataFrame({"older": 1}, geometry=gpd.points_from_xy(net.x[at] + 9, net.y[at]), crs=metres, index=at)
    homes, sites = points.iloc[:300].rename(index="c{}".format), points.iloc[300:].rename(index="s{}".format)
    kinds, limits = pd.Series("day", index=sites.index), ((0.8, 5.0), (1.2, 2.0))
    asked = {"heading": "to_site", "limit_m": 500}
    found = coverage_range(
        CIRCLE, travel_times(net, homes, sites, minutes=30, **asked), homes, kinds=kinds, turnout_minutes=(2, 5)
    ).communities
    runs = []
    for factor, turnout in limits:
        run = replace(CIRCLE, turnout_minutes=turnout)
        paced = replace(walk, other_kmh=3.6 * factor, gap_kmh=walk.gap_kmh * factor)
        made = travel_times(build_network(roads, paced), homes, sites, minutes=15, turnout_minutes=turnout, **asked)
        runs.append(check_circle(run, made, homes, kinds=kinds).communities["met"].to_numpy())
    expected = np.where(runs[0], "always", np.where(runs[1], "sometimes", "never"))
    differ = found["covered"].to_numpy() != expected
    edge = found["flip_factor"] * 11.5
    on_the_edge = ((edge / 8 - 1).abs() < 1e-3) | ((edge / 15.6 - 1).abs() < 1e-3)
    assert set(expected) == {"always", "sometimes", "never"} and not (differ & ~on_the_edge).any()


# --- time that does not depend on pace


def with_fixed(q: dict[str, Any], nature: list[bool]) -> Any:
    """The town with some edges as ferries."""
    table = q["edges"]
    ferries = np.resize(nature, len(table))
    return table.assign(**{"class": np.where(ferries, "ferry", "road")})


def ranged_at_each_end(q: dict[str, Any], table: pd.DataFrame) -> CoverageRange:
    circle, net = q["circle"], network_from_edges(table)
    far = searched_minutes(circle, speed=q["speed"], turnout_minutes=q["turnout"], turnout=circle.turnout_minutes)
    far = max(far, circle.minutes * 2)
    paced = {f: times_of(q, at_pace(net, f), circle, far) for f in {*q["speed"], 0.5, 2.0}}
    asked = {"kinds": q["kinds"], "speed": q["speed"], "turnout_minutes": q["turnout"], "paced": paced}
    return coverage_range(circle, times_of(q, net, circle, far), people_of(q), **asked)


def least_minutes(q: dict[str, Any], table: pd.DataFrame, factor: Fraction) -> dict[str, dict[str, Fraction]]:
    """networkx, in fractions: each arc its walked part over the factor, or its fixed part."""
    graph = nx.MultiDiGraph()
    for u, v, minutes, way, name in table[["u", "v", "minutes", "oneway", "class"]].itertuples(index=False):
        whole = max(Fraction(str(minutes)), Fraction(1, 6000))
        for a, b in [(u, v)] * (way >= 0) + [(v, u)] * (way <= 0):
            graph.add_edge(str(a), str(b), time=whole if name == "ferry" else whole / factor)
    graph = graph.reverse() if q["circle"].heading == "to_community" else graph
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="time"))


def met_at(q: dict[str, Any], table: pd.DataFrame, factor: Fraction, turnout: Fraction) -> list[bool]:
    circle, least = q["circle"], least_minutes(q, table, factor)
    decide = all if circle.need == "all" else any

    def near(home: str, kind: str) -> bool:
        here = [s for s, k in zip(q["sites"], q["kinds"], strict=True) if k == kind and s in least[home]]
        return any(least[home][s] + turnout <= circle.minutes for s in here)

    return [decide(near(home, kind) for kind in circle.kinds) for home in q["homes"]]


def whole(q: dict[str, Any]) -> bool:
    """A fixed centisecond of a ferry that takes no time is no whole number at another pace."""
    return bool((q["edges"]["size"] > 0).all())


@examples(30, 500)
@given(questions(), st.lists(st.booleans(), min_size=1, max_size=6))
def test_ferries_keep_their_time_at_every_pace(q: dict[str, Any], nature: list[bool]) -> None:
    assume(whole(q) and any(np.resize(nature, len(q["edges"]))))
    table = with_fixed(q, nature)
    found = ranged_at_each_end(q, table)
    agree(found.communities["covered"], [met_at(q, table, factor, turnout) for factor, turnout in grid(q)])
    assert found.argument == "fixed_time"


@examples(20, 300)
@given(questions(), st.lists(st.booleans(), min_size=1, max_size=6))
def test_a_flip_beside_ferries_covers_for_sure(q: dict[str, Any], nature: list[bool]) -> None:
    assume(whole(q) and any(np.resize(nature, len(q["edges"]))))
    table = with_fixed(q, nature)
    flips = ranged_at_each_end(q, table).communities["flip_factor"].to_numpy()
    middle = (Fraction(str(q["turnout"][0])) + Fraction(str(q["turnout"][1]))) / 2
    for place in np.flatnonzero(np.isfinite(flips) & (flips > 0)):
        assert met_at(q, table, Fraction(flips[place]) * Fraction(1_000_001, 1_000_000), middle)[place]


ISLAND = Circle("isle", "岛", "isle", kinds=("day",), mode="m", minutes=15, heading="to_site", people="older")


def island(minutes: float = 7.0, wait: float = 10.0, walk_m: float = 0.0, *, before_m: float = 6.0) -> CoverageRange:
    """A village ``before_m`` from a ferry, a day centre at its other end or ``walk_m`` along a road by land."""
    mode = as_mode("m", {"travels": "walk", "speed_kmh": 3.6, "ferry_wait_minutes": wait})
    lines = [((0, 0), (before_m, 0)), ((before_m, 0), (2000, 0))]
    lines += [((0, 0), (0, walk_m / 2 - 1000)), ((0, walk_m / 2 - 1000), (2000, 0))] if walk_m else []
    rows = {
        "road_class": ["residential", "ferry", *["residential"] * 2][: len(lines)],
        "minutes_along": [np.nan, minutes, np.nan, np.nan][: len(lines)],
        "oneway": 0,
    }
    geometry = [shapely.LineString([(400_000 + x, 4_150_000 + y) for x, y in line]) for line in lines]
    roads = gpd.GeoDataFrame(rows, geometry=geometry, crs="EPSG:32651").assign(ferry_share=1.0)
    roads["minutes_against"] = roads["minutes_along"]
    roads["length_m"] = [before_m, 2000 - before_m, walk_m / 2, walk_m / 2][: len(lines)]
    net = build_network(roads, mode)
    homes, sites = (
        gpd.GeoDataFrame(
            {"older": [9]}, index=[i], geometry=gpd.points_from_xy([400_000 + x], [4_150_000]), crs=roads.crs
        )
        for i, x in (("c", 0), ("s", 2000))
    )
    asked = {"minutes": 60, "heading": "to_site"}
    paced = {f: travel_times(at_pace(net, f), homes, sites, **asked) for f in (0.8, 1.2)}
    kinds = pd.Series({"s": "day"})
    return coverage_range(ISLAND, travel_times(net, homes, sites, **asked), homes, kinds=kinds, paced=paced)


def test_a_crossing_of_seventeen_minutes_is_never_within_fifteen() -> None:
    found = island()
    assert found.communities["covered"].tolist() == ["never"]
    assert np.isnan(found.communities.at["c", "flip_factor"])
    assert island(7, 7).communities["covered"].tolist() == ["always"]


def test_only_the_walk_to_the_ferry_changes_with_the_pace() -> None:
    """12 minutes of ferry, 3 of walking at the pace: 15 at 1, 15.75 at 0.8, 14.5 at 1.2."""
    found = island(5, 7, before_m=180.0).communities
    assert found["covered"].tolist() == ["sometimes"] and found["flip_factor"].tolist() == [1.0]
    assert island(5, 7, before_m=144.0).communities["covered"].tolist() == ["always"]  # 2.4 / 0.8 + 12
    assert island(5, 7, before_m=217.0).communities["covered"].tolist() == ["never"]


def test_a_quick_walker_goes_round_by_land() -> None:
    """Round by land 1,080 m, 18 minutes: 15 at 1.2, while the ferry takes 17."""
    assert island(walk_m=1080.0).communities["covered"].tolist() == ["sometimes"]
    assert island(walk_m=1080.0).communities.at["c", "flip_factor"] == pytest.approx(1.2)
    assert island(walk_m=1090.0).communities["covered"].tolist() == ["never"]


def test_signals_and_turns_keep_their_time_too() -> None:
    line = [shapely.LineString([(400_000, 4_150_000), (400_000 + x, 4_150_000)]) for x in (900,)]
    rows = {"road_class": ["residential"], "oneway": 0, "signals_along": [3], "signals_against": [0]}
    roads = gpd.GeoDataFrame(rows, geometry=line, crs="EPSG:32651")
    net = build_network(roads, as_mode("m", {"travels": "walk", "speed_kmh": 3.6, "signal_seconds": 20}))
    assert (net.forward_cs[0], net.backward_cs[0]) == (96_000, 90_000) and net.fixed_cs is not None
    assert net.fixed_cs.tolist() == [[6_000, 0]]
    slow = at_pace(net, 0.8)
    assert (slow.forward_cs[0], slow.backward_cs[0]) == (94_800, 90_000)
    turning = replace(by_class("turning", 6, 24), turn_seconds={"left": 9.0})
    table = pd.DataFrame({"u": ["a"], "v": ["b"], "length_m": [900.0], "class": ["lane"]})
    assert at_pace(network_from_edges(table, mode=turning), 0.5).mode.turn_seconds == {"left": 4.5}


def test_a_network_of_roads_alone_is_its_own_at_every_pace() -> None:
    net = network_from_edges(pd.DataFrame({"u": ["a"], "v": ["b"], "minutes": [5]}))
    assert at_pace(net, 0.8) is net
    for wrong in (0, -1, np.nan, np.inf):
        with pytest.raises(DataError, match="above 0"):
            at_pace(net, wrong)


def test_whole_trips_with_ferries_are_not_scaled() -> None:
    net = network_from_edges(pd.DataFrame({"u": ["a"], "v": ["b"], "minutes": [5], "class": ["ferry"]}))
    got = travel_times(net, spots(net, ["a"], "c"), spots(net, ["b"], "s"), minutes=60, heading="to_site")
    people = pd.DataFrame({"older": [1]}, index=["c0"])
    with pytest.raises(DataError, match="does not depend on pace"):
        coverage_range(CIRCLE, got, people, kinds=pd.Series({"s0": "day"}))
    same = coverage_range(CIRCLE, got, people, kinds=pd.Series({"s0": "day"}), speed=(1, 1))
    assert same.communities["covered"].tolist() == ["always"]
