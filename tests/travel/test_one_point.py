"""Near neighbours off the road go straight across, and places at one point are 0 minutes apart: in every question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

import quarterhour as qh
from oracles.cut_graph import CRS, cut_graph, roads_of, shortest
from quarterhour.network import snap
from quarterhour.network.build import build_network
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Network
from quarterhour.network.snap import snap_places
from quarterhour.network.testing import town as drawn_town
from quarterhour.travel import dijkstra, nearest_kernels, sum_kernels
from quarterhour.travel.accessibility import nearest_by_kind, sums_by_kind

HEADINGS = ("to_site", "to_community")
EAST, NORTH = 400_000.0, 4_150_000.0


@pytest.fixture(params=["compiled", "scipy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ways to a table."""
    if request.param == "scipy":
        for room in (dijkstra, nearest_kernels, sum_kernels, snap):
            monkeypatch.setattr(room, "COMPILED", False)


def places(spots: dict[str, tuple[float, float]]) -> gpd.GeoDataFrame:
    """By id: metres east and north of the middle of the street."""
    x, y = np.array(list(spots.values())).T
    return gpd.GeoDataFrame(index=list(spots), geometry=gpd.points_from_xy(EAST + x, NORTH + y), crs=CRS)


def street() -> Network:
    """4 km from west to east, on foot."""
    return drawn_town("A---------B", cell_m=400, origin=(EAST - 2000, NORTH)).network()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("turnout", [0.0, 3.0])
def test_a_clinic_in_the_villages_own_house_is_no_way_off(heading: Any, turnout: float) -> None:
    """North's clinic is 400 m from the road; South lies as far off on the other side, so its way is twice that."""
    valley = drawn_town("""
             n
        A---------B
             s
    """, cell_m=400)  # fmt: skip
    asked: dict[str, Any] = {"minutes": 30, "heading": heading, "turnout_minutes": turnout}
    times = qh.travel_times(valley.network(), valley.places("ns"), valley.places("n"), **asked)
    assert times.minutes("n", "n") == turnout
    assert times.minutes("s", "n") == pytest.approx(turnout + 800 / 60, abs=1e-3)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("heading", HEADINGS)
def test_a_point_that_no_road_is_near_has_no_times_at_all(heading: Any) -> None:
    """Its road is missing or the point is wrong: that is told, not guessed."""
    valley = drawn_town("""
            f

            n


        A-------B
    """, cell_m=300)  # fmt: skip
    points = valley.places("fn")
    asked: dict[str, Any] = {"minutes": 60, "heading": heading, "turnout_minutes": 2}
    assert qh.travel_times(valley.network(), points, points, **asked).pairs().values.tolist() == [["n", "n", 2.0]]


@pytest.mark.usefixtures("way")
def test_one_point_on_a_one_way_street_has_no_direction() -> None:
    lane = drawn_town("""
           u    h
        A------->------B
    """)  # fmt: skip
    for heading, reached in (("to_site", 1), ("to_community", 2)):
        asked: dict[str, Any] = {"minutes": 60, "heading": heading}
        times = qh.travel_times(lane.network("car"), lane.places("h"), lane.places("hu"), **asked)
        assert times.minutes("h", "h") == 0
        assert len(times.cs) == reached


def test_one_point_is_one_to_the_millimetre() -> None:
    """Tables that came by different projections differ by less; the house next door is a step away."""
    homes = places({"home": (0, 400)})
    sites = places({"own": (0.0004, 399.9996), "next_door": (0, 402)})
    times = qh.travel_times(street(), homes, sites, minutes=30, heading="to_site")
    assert times.minutes("home", "own") == 0
    assert times.minutes("home", "next_door") == pytest.approx(2 / 60, abs=1e-3)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("heading", HEADINGS)
def test_a_straight_line_counts_as_far_as_the_two_gaps_together(heading: Any) -> None:
    """700 m of gaps: at 500 m apart straight across, at 850 m by the road (400 + 800 + 300)."""
    homes = places({"home": (0, 400)})
    sites = places({"on_road": (300, 0), "across": (500, 300), "far": (800, 300)})
    times = qh.travel_times(street(), homes, sites, minutes=60, heading=heading, turnout_minutes=3)
    assert times.minutes("home", "across") == pytest.approx(3 + 509.902 / 60, abs=1e-3)
    assert times.minutes("home", "far") == pytest.approx(3 + 1500 / 60, abs=1e-3)
    assert times.minutes("home", "on_road") == pytest.approx(3 + 700 / 60, abs=1e-3)


def test_a_picture_holds_its_site() -> None:
    """400 m off the road: after 4 minutes 240 m of the way to it are walked, after 8 some road is reached."""
    site = places({"s": (0, 400)})
    drawn = qh.isochrones(street(), site, minutes=[4, 8], heading="to_community", radius_m=50)
    for minutes, shape in zip(drawn["minutes"], drawn.geometry, strict=True):
        assert shape.contains(site.geometry.iloc[0])
        assert shape.bounds[1] - NORTH == pytest.approx({4: 400 - 240 - 50, 8: -50}[minutes], abs=12)


def test_places_without_a_point_are_never_at_one_point() -> None:
    homes = gpd.GeoDataFrame(index=["a", "b"], geometry=gpd.GeoSeries.from_wkt(["POINT EMPTY", None], crs=CRS))
    assert not len(qh.travel_times(street(), homes, homes, minutes=30, heading="to_site").cs)


def test_snapped_places_that_do_not_say_where_they_stand_go_by_their_road() -> None:
    net, here = street(), places({"home": (0, 400)})
    spots = snap_places(net, here)
    bare = spots.drop(columns=["place_x", "place_y"])
    assert qh.travel_times(net, spots, spots, minutes=30, heading="to_site").minutes("home", "home") == 0
    for homes, sites in ((bare, spots), (spots, bare)):
        times = qh.travel_times(net, homes, sites, minutes=30, heading="to_site")
        assert times.minutes("home", "home") == pytest.approx(800 / 60, abs=1e-3)


# --- a second opinion


def town(seed: int) -> tuple[Network, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Streets between random junctions, a few one-way; places up to 300 m beside them, half of the sites in a home."""
    rng = np.random.default_rng(seed)
    xy = np.array([EAST, NORTH]) + rng.integers(0, 1500, (9, 2))
    ends = [(u, v) for u, v in rng.integers(0, 9, (14, 2)).tolist() if u != v]
    oneway = rng.choice([0, 0, 0, 1, -1], len(ends)).tolist()
    mode = as_mode("toycar", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6})
    net = build_network(roads_of(ends, xy, oneway), mode)
    homes, bases = (rng.integers(-300, 1800, (n, 2)) for n in (12, 8))
    bases[:4] = homes[[0, 0, 5, 11]]
    made = [places({f"{p}{i}": (x, y) for i, (x, y) in enumerate(s)}) for p, s in (("c", homes), ("s", bases))]
    return net, made[0], made[1]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", range(6))
def test_all_questions_equal_networkx_with_edges_straight_across(seed: int, heading: Any) -> None:
    net, homes, bases = town(seed)
    spots = snap_places(net, homes, limit_m=300), snap_places(net, bases, limit_m=300)
    graph = cut_graph(net, *spots)
    for home, here in homes.geometry.items():
        metres = bases.geometry.distance(here)
        gaps = spots[0].at[home, "gap_m"] + spots[1]["gap_m"]
        snapped = spots[1]["snapped"] & spots[0].at[home, "snapped"]
        for base in bases.index[(metres <= gaps) & snapped]:
            for ends in ([home, base], [base, home]):
                graph.add_edge(*(("off", end) for end in ends), weight=round(metres[base] * 100))
    turnout, cut = 3000, 9 * 6000
    wanted = {pair: cs + turnout for pair, cs in shortest(graph, *spots, heading).items() if cs + turnout <= cut}
    assert turnout in wanted.values()

    asked: dict[str, Any] = {"minutes": 9, "heading": heading, "turnout_minutes": 0.5, "limit_m": 300}
    assert told(qh.travel_times(net, homes, bases, **asked).pairs()) == wanted
    by_rank = qh.nearest_sites(net, homes, bases, k=8, **asked).stack("rank", future_stack=True).dropna()
    assert told(by_rank.rename_axis(["community", "rank"]).reset_index()) == wanted
    kinds = pd.Series(bases.index, index=bases.index)
    by_kind = nearest_by_kind(net, homes, bases, kinds=kinds, **asked).stack("kind", future_stack=True).dropna()
    assert told(by_kind.rename_axis(["community", "kind"]).reset_index()) == wanted
    for blocks_of in ("sites", "communities"):
        blocks = qh.travel_time_blocks(net, homes, bases, memory_mb=500, blocks_of=blocks_of, **asked)  # type: ignore[arg-type]
        assert told(pd.concat([b.pairs() for b in blocks])) == wanted
    reached = pd.DataFrame(0, index=homes.index, columns=bases.index)
    for home, base in wanted:
        reached.loc[home, base] = 1
    people = pd.Series(2 ** np.arange(12), index=homes.index, name="older")
    within = qh.people_within(net, homes, bases, people=people, **asked)
    assert within["older", 9.0].tolist() == (reached.T @ people).tolist()
    sums = sums_by_kind(net, homes, bases, kinds=kinds, **asked).xs("sites", axis=1, level="column")
    assert sums[bases.index].to_numpy().tolist() == reached.to_numpy().tolist()


def told(pairs: pd.DataFrame) -> dict[Any, int]:
    return {(r.community, r.site): round(r.minutes * 6000) for r in pairs.itertuples()}


# --- a whole study

STUDY = """
[study]
id = "one-point"
zh = "同一点"
en = "one point"
crs = "EPSG:32651"
reference_date = 2025-12-31
seed = 1
snap_limit_m = 1000
[roads]
path = "roads.geojson"
[communities]
path = "communities.csv"
columns = { id = "id", name = "name", x = "x", y = "y" }
crs = "EPSG:32651"
people = ["older"]
[[facilities]]
path = "facilities.csv"
columns = { id = "id", name = "name", kind = "kind", x = "x", y = "y" }
crs = "EPSG:32651"
[[circles]]
id = "walk"
zh = "步行"
en = "walk"
kinds = ["clinic"]
mode = "walk"
minutes = 10
heading = "to_site"
people = "older"
[[siting]]
id = "own"
zh = "本村建"
en = "a centre in each village"
kind = "centre"
mode = "car"
minutes = 10
people = "older"
objective = "max-cover"
new_sites = 2
candidates = "communities"
seconds = 3600
[outputs]
folder = "results"
"""


@pytest.mark.parametrize("off_m", [400, 480])
def test_a_village_is_served_by_what_stands_in_it(off_m: int, tmp_path: Path) -> None:
    """Its own clinic is 0 minutes away; a centre in each of two villages covers both, all 150 people."""
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    rows = f"v1,North,{EAST},{NORTH + off_m},100\nv2,South,{EAST + 900},{NORTH - 400},50\n"
    (tmp_path / "communities.csv").write_text("id,name,x,y,older\n" + rows, encoding="utf-8")
    own = f"id,name,kind,x,y\nc1,Clinic,clinic,{EAST},{NORTH + off_m}\n"
    (tmp_path / "facilities.csv").write_text(own, encoding="utf-8")
    line = LineString([[EAST - 2000, NORTH], [EAST, NORTH], [EAST + 2000, NORTH]])
    roads = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[line], crs=CRS)
    roads.to_file(tmp_path / "roads.geojson", driver="GeoJSON")
    results = qh.run_study(qh.read_study(tmp_path))
    judged = results.checks[0].communities
    assert judged.at["v1", "minutes"] == 0
    assert judged["met"].tolist() == [True, False]
    plan = results.proposals[0].plan
    assert (plan.status, plan.covered_before, plan.covered) == ("optimal", 0, 150)
