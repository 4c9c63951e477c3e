"""The embedded Weihai study: its facts are kept, its made-up rows say so, its bytes do not change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

import quarterhour as qh
from quarterhour.study.file import read_study_file

METRES = "EPSG:32651"
NO_TOWN = "371003400"
CODES = ("id", "code", "town", "county", "nbs_town_code", "mca_code", "nbs_code", "area", "community", "unit")


@pytest.fixture(scope="module")
def weihai(root: Path) -> Path:
    return root / "data" / "raw" / "weihai"


def table(path: Path) -> pd.DataFrame:
    codes = dict.fromkeys(CODES, str)
    return pd.read_csv(path, dtype=codes, encoding="utf-8-sig")


def points(frame: pd.DataFrame) -> gpd.GeoSeries:
    return gpd.GeoSeries(gpd.points_from_xy(frame["lon"], frame["lat"]), index=frame.index, crs=4326).to_crs(METRES)


@pytest.fixture(scope="module")
def communities(weihai: Path) -> pd.DataFrame:
    return table(weihai / "communities.csv")


def test_the_zones_are_units_of_their_own_within_huancui(communities: pd.DataFrame) -> None:
    by_unit = communities.groupby("unit").size()
    assert by_unit[["371071", "371072", "371073"]].tolist() == [103, 81, 167] and by_unit.sum() == 2_768
    assert communities["unit"].eq(communities["code"].str[:6]).all()
    outside = communities[communities["unit"].ne(communities["county"])]
    assert set(outside["unit"]) == {"371071", "371072", "371073"} and set(outside["county"]) == {"371002"}


@pytest.fixture(scope="module")
def facilities(weihai: Path) -> pd.DataFrame:
    return table(weihai / "facilities.csv")


@pytest.fixture(scope="module")
def roads(weihai: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(weihai / "roads.parquet")


@pytest.fixture(scope="module")
def towns(weihai: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(weihai / "towns.geojson").to_crs(METRES).set_index("id")


def test_the_script_makes_the_same_bytes_again(root: Path, weihai: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, root / "scripts/make_weihai.py", "--out", tmp_path], check=True)
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert len(made) >= 16
    assert [str(p) for p in made if (tmp_path / p).read_bytes() != (weihai / p).read_bytes()] == []


def test_all_files_together_stay_small(weihai: Path) -> None:
    assert sum(p.stat().st_size for p in weihai.rglob("*") if p.is_file()) < 5_000_000


def test_the_study_file_is_good_and_names_files_that_exist(weihai: Path) -> None:
    study = read_study_file(weihai)
    parts = [study.roads, study.communities, study.towns, study.counties, study.candidates]
    parts += [*study.facilities, *study.tables, *study.layers]
    assert all((weihai / p.path).is_file() for p in parts if p is not None and p.path is not None)
    assert [c.heading for c in study.circles] == ["to_community", "to_site"]
    assert [s.id for s in study.siting] == ["town-elderly-centres", "town-cemeteries", "care-bases", "day-care-sites"]


def test_no_town_was_swapped_between_the_two_code_lists(weihai: Path) -> None:
    made = table(weihai / "towns.csv").set_index("id")
    facts = pd.read_csv(weihai / "facts" / "towns.csv", dtype=str).dropna(subset=["mca_code"]).set_index("mca_code")
    assert len(made) == 72
    assert made["name"].to_dict() == facts["mca_name"].to_dict()
    assert made["nbs_code"].to_dict() == facts["nbs_code"].to_dict()
    assert made["quality"].value_counts().to_dict() == {"fact": 56, "estimated": 16}
    assert made.loc["371003002", ["lon", "lat"]].tolist() == [122.05228, 37.19723]


def test_every_community_is_there_in_its_town(weihai: Path, communities: pd.DataFrame) -> None:
    facts = pd.read_csv(weihai / "facts" / "villages.csv", dtype=str)
    assert dict(zip(communities["code"], communities["name"], strict=True)) == dict(
        zip(facts["code"], facts["name"], strict=True)
    )
    towns = table(weihai / "towns.csv")
    expected = communities["nbs_town_code"].map(dict(zip(towns["nbs_code"], towns["id"], strict=True)))
    lost = communities["nbs_town_code"].eq(NO_TOWN)
    assert lost.sum() == 7
    assert communities.loc[lost, "source"].str.contains("开发区办事处").all()
    assert communities.loc[~lost, "town"].eq(expected[~lost]).all()


def test_people_add_up_again(communities: pd.DataFrame) -> None:
    assert communities["older"].sum() == 793_416
    assert communities["hardship"].sum() == 9_600
    groups = communities[["hardship_home", "hardship_institution"]]
    assert groups.sum().to_list() == [7_200, 2_400]
    assert groups.sum(axis=1).eq(communities["hardship"]).all()
    assert communities[["older", "hardship", *groups]].min().min() >= 0
    by_county = communities.groupby("county")["older"].sum()
    people = pd.Series({"371002": 1164730, "371003": 563529, "371082": 714211, "371083": 464078})
    assert (by_county - 793_416 * people / 2_906_548).abs().max() < 1


def test_communities_lie_on_land_in_their_town(
    weihai: Path, communities: pd.DataFrame, towns: gpd.GeoDataFrame
) -> None:
    cells = shapely.buffer(towns.geometry.loc[communities["town"]].to_numpy(), 3.0)
    assert shapely.contains(cells, points(communities).to_numpy()).all()
    wet = gpd.read_file(weihai / "water.geojson").to_crs(METRES).union_all()
    assert not points(communities).within(wet).any()


def test_town_outlines_do_not_overlap_and_say_they_are_schematic(towns: gpd.GeoDataFrame) -> None:
    assert towns["area"].eq("schematic").all()
    assert towns["quality"].eq("estimated").all()
    assert towns.is_valid.all()
    assert towns.geometry.area.sum() - towns.union_all().area < 0.0005 * towns.geometry.area.sum()


def test_nothing_made_up_passes_for_real(weihai: Path, facilities: pd.DataFrame, roads: gpd.GeoDataFrame) -> None:
    candidates = table(weihai / "candidates.csv")
    water = gpd.read_file(weihai / "water.geojson")
    ground = [gpd.read_file(weihai / f"{name}.geojson") for name in ("protected", "railways")]
    for frame in (facilities, candidates, water, *ground):
        assert frame["name"].str.endswith("（示例）").all()
        assert frame["quality"].eq("synthetic").all()
    assert roads["quality"].eq("synthetic").all()


def test_every_row_says_what_it_rests_on(weihai: Path) -> None:
    for path in sorted(weihai.glob("*.csv")):
        frame = table(path)
        assert frame["quality"].isin(["fact", "estimated", "synthetic"]).all(), path.name
        assert frame["source"].notna().all(), path.name
        assert not frame.duplicated().any(), path.name


def test_facilities_stand_as_the_story_needs(facilities: pd.DataFrame) -> None:
    count = facilities["kind"].value_counts()
    assert facilities["id"].is_unique
    assert (count["happiness_home"], count["care_base"], count["elderly_centre"]) == (900, 130, 48)
    assert (count["city_cemetery"], count["county_cemetery"], count["town_cemetery"]) == (1, 3, 48)
    assert facilities.loc[facilities["kind"].eq("care_institution"), "county"].nunique() == 3
    homes = facilities[facilities["beds"].notna()]
    assert (homes["nursing_beds"] <= homes["beds"]).all()
    assert len(homes) == 147 and homes["beds"].min() >= 20


def test_what_is_made_comes_to_the_published_totals(
    weihai: Path, communities: pd.DataFrame, facilities: pd.DataFrame
) -> None:
    rows = pd.read_csv(weihai / "facts" / "control_totals.csv", dtype=str).set_index("figure")
    assert rows["source"].ne("").all() and rows["verified"].isin(["yes", "no"]).all()
    figures = table(weihai / "figures.csv").query("area == 'city'").set_index("indicator")["value"]
    made = {
        "older": communities["older"].sum(), "population": figures["population"],
        "deaths": table(weihai / "deaths.csv")["deaths"].sum(), "beds": int(facilities["beds"].sum()),
    }  # fmt: skip
    assert {figure: int(rows.loc[figure, "value"]) for figure in made} == made
    assert figures["deaths"] == made["deaths"] and figures["hardship_home"] + figures["hardship_institution"] == 9_600
    buried = set(facilities.loc[facilities["kind"].eq("town_cemetery"), "town"])
    towns = table(weihai / "towns.csv")
    assert set(towns.loc[towns["county"].eq(rows.loc["town_cemeteries", "area"]), "id"]) <= buried


def test_towns_and_sub_districts_are_told_apart(weihai: Path, towns: gpd.GeoDataFrame) -> None:
    made = table(weihai / "towns.csv").set_index("id")
    assert made["class"].value_counts().to_dict() == {"town": 48, "sub_district": 24}
    assert made["name"].str.endswith("街道").eq(made["class"].eq("sub_district")).all()
    assert towns["class"].to_dict() == made["class"].to_dict()


def test_a_facility_says_whose_it_is_where_its_kind_does(communities: pd.DataFrame, facilities: pd.DataFrame) -> None:
    level = facilities.groupby("kind")["facility_level"].agg(lambda told: "/".join(sorted(set(told.dropna()))))
    assert level[level.eq("")].index.to_list() == ["care_base", "home", "social_work_agency"]
    assert level[["city_cemetery", "county_cemetery", "town_cemetery"]].to_list() == ["city", "county", "town"]
    assert level["child_protection_centre"] == "county"  # no page says that the city's own stands
    beside = facilities[facilities["community"].notna()]
    assert (
        set(beside["kind"])
        == {"day_care", "happiness_home"}
        == set(facilities.query("facility_level == 'community'")["kind"])
    )
    assert beside["community"].is_unique and len(beside) == 1_144
    home = communities.set_index("code").loc[beside["community"]]
    gap = points(beside).distance(points(home).set_axis(beside.index))
    assert gap.max() < 185 and home["town"].to_list() == beside["town"].to_list()


def test_urban_communities_of_central_streets_stand_a_block_or_two_apart(communities: pd.DataFrame) -> None:
    urban = communities[communities["class"].eq("urban")].reset_index(drop=True)
    at = points(urban)
    gap = pd.Series(cKDTree(np.c_[at.x, at.y]).query(np.c_[at.x, at.y], k=2)[0][:, 1])
    central = gap.groupby(urban["town"]).median()[["371002001", "371002002", "371002003", "371002005", "371002008"]]
    assert central.between(200, 500).all() and 200 < gap.median() < 500 and gap.min() > 100


def test_every_town_without_a_cemetery_has_a_lawful_parcel(
    weihai: Path, communities: pd.DataFrame, facilities: pd.DataFrame, roads: gpd.GeoDataFrame
) -> None:
    parcels = table(weihai / "candidates.csv")
    at = points(parcels)
    wet = gpd.read_file(weihai / "water.geojson").to_crs(METRES).union_all()
    trunk = roads.geometry[roads["road_class"].eq("trunk")].union_all()
    near = gpd.GeoSeries(points(communities)).union_all()
    lawful = at.distance(wet).ge(2000) & at.distance(trunk).ge(500) & at.distance(near).ge(500)
    lack = set(communities["town"]) - set(facilities.loc[facilities["kind"].eq("town_cemetery"), "town"])
    assert len(lack) == 24
    assert lack <= set(parcels.loc[lawful, "town"])
    assert (~lawful).sum() > 50


# --- roads ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def junctions(roads: gpd.GeoDataFrame, communities: pd.DataFrame) -> pd.DataFrame:
    """x, y, roads and whether in Huancui, by junction."""
    ends = [(roads["from_node"], 0), (roads["to_node"], -1)]
    xy = np.vstack([shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), i)) for _, i in ends])
    every = pd.DataFrame(xy, columns=["x", "y"]).assign(node=np.concatenate([n for n, _ in ends]))
    assert every.drop_duplicates().groupby("node").size().max() == 1  # one place for a junction
    found = every.groupby("node")[["x", "y"]].first().assign(degree=every.groupby("node").size())
    home = points(communities)
    nearest = cKDTree(np.c_[home.x, home.y]).query(found[["x", "y"]])[1]
    return found.assign(huancui=communities["county"].eq("371002").to_numpy()[nearest])


def test_roads_stay_on_dry_land(weihai: Path, roads: gpd.GeoDataFrame) -> None:
    land = gpd.read_file(weihai / "facts" / "land.geojson").to_crs(METRES).union_all()
    wet = gpd.read_file(weihai / "water.geojson").to_crs(METRES).union_all()
    for area in (land, wet):
        shapely.prepare(area)
    assert shapely.contains(land, roads.geometry.to_numpy()).all()
    assert not shapely.intersects(wet, roads.geometry.to_numpy()).any()


def test_junctions_meet_as_many_roads_as_in_huancui(junctions: pd.DataFrame) -> None:
    core = junctions[junctions["huancui"]]
    share = core["degree"].value_counts(normalize=True)
    real = pd.Series({1: 640, 2: 74, 3: 2257, 4: 1284, 5: 22}) / 4277
    assert (share.reindex(real.index, fill_value=0) - real).abs().max() < 0.02
    assert abs(len(core) / 4277 - 1) < 0.1
    assert 18_000 < len(junctions) < 25_000


def test_one_ways_and_arcs_are_as_frequent_as_in_huancui(roads: gpd.GeoDataFrame, junctions: pd.DataFrame) -> None:
    core = roads[junctions["huancui"].loc[roads["from_node"]].to_numpy()]
    arcs = np.where(core["oneway"].eq(0), 2, 1)
    assert abs(arcs.sum() / junctions["huancui"].sum() - 10159 / 4277) < 0.06
    assert abs(core["oneway"].ne(0).sum() / arcs.sum() - 2725 / 10159) < 0.03
    assert set(roads["oneway"]) == {-1, 0, 1}


def test_some_junctions_are_cut_off(roads: gpd.GeoDataFrame, junctions: pd.DataFrame) -> None:
    out, back = roads[roads["oneway"] >= 0], roads[roads["oneway"] <= 0]
    tail = np.r_[out["from_node"], back["to_node"]]
    head = np.r_[out["to_node"], back["from_node"]]
    n = len(junctions)
    graph = csr_array((np.ones(len(tail)), (tail, head)), shape=(n, n))
    strong = connected_components(graph, connection="strong")[1]
    weak = connected_components(graph, connection="weak")[1]
    assert np.bincount(weak).max() > 0.99 * n and weak.max() >= 3
    core = np.bincount(strong[junctions["huancui"].to_numpy()])
    assert 0.97 < core.max() / core.sum() < 0.995
    assert 40 <= (core > 0).sum() <= 90


def test_road_classes_run_from_trunk_to_residential(roads: gpd.GeoDataFrame) -> None:
    km = roads.geometry.length.groupby(roads["road_class"]).sum() / 1000
    assert set(km.index) == {"trunk", "primary", "secondary", "tertiary", "unclassified", "residential"}
    assert km["trunk"] < km["primary"] < km["secondary"] < km["tertiary"] < km["unclassified"]


def test_every_community_has_a_road_within_the_snap_limit(roads: gpd.GeoDataFrame, communities: pd.DataFrame) -> None:
    tree = shapely.STRtree(roads.geometry.to_numpy())
    _, gap = tree.query_nearest(points(communities).to_numpy(), return_distance=True, all_matches=False)
    assert len(gap) == 2768 and gap.max() < 1000


def test_a_one_way_street_has_a_way_back_round_the_block(roads: gpd.GeoDataFrame, junctions: pd.DataFrame) -> None:
    out, back = roads[roads["oneway"] >= 0], roads[roads["oneway"] <= 0]
    tail, head = np.r_[out["from_node"], back["to_node"]], np.r_[out["to_node"], back["from_node"]]
    graph = csr_array((np.r_[out.length, back.length], (tail, head)), shape=(len(junctions), len(junctions)))
    lonely = junctions["degree"].eq(1)
    streets = roads[roads["oneway"].ne(0) & ~roads["from_node"].map(lonely) & ~roads["to_node"].map(lonely)].iloc[::40]
    along = streets["oneway"].eq(1)
    start, end = (a.where(along, b).to_numpy() for a, b in (
        (streets["to_node"], streets["from_node"]), (streets["from_node"], streets["to_node"]),
    ))  # fmt: skip
    way_back = dijkstra(graph, indices=start)[np.arange(len(start)), end]
    assert np.median(way_back) < 1000 and way_back.max() < 5000


def test_both_circles_have_a_question_that_says_what_closes_them(weihai_run: qh.Results) -> None:
    by_circle = {c.circle.id: c for c in weihai_run.checks}
    for question, circle, new in (("care-bases", "care-circle", 30), ("day-care-sites", "home-care-circle", 100)):
        plan = next(p.plan for p in weihai_run.proposals if p.id == question)
        city = by_circle[circle].shares.query("level == 'city'").iloc[0]
        assert (plan.status, len(plan.chosen)) == ("optimal", new)
        assert (plan.covered_before, plan.demand_total) == (city["people_met"], city["people"])
        assert plan.covered > plan.covered_before
