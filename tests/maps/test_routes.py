"""Routes from a study to the page: those of the engine, packed, drawn on a click; and the tables of them."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import quarterhour as qh
from chromium import offline_page
from quarterhour.base.errors import StudyError
from quarterhour.maps.routes import TOLERANCE_M, packed_routes
from quarterhour.maps.varints import packed_columns
from quarterhour.report.layers.tables import result_layers
from quarterhour.report.write import meeting_map, write_results
from quarterhour.travel.paths import shortest_paths
from repeatable import examples

CRS = "EPSG:32651"
EAST, NORTH = 400_000.0, 4_150_000.0
HOSTILE = "</script><img src=x onerror=window.broken=1>{{7*7}}`${window.broken=1}"
ROUNDING_M = 1.0
"""Points of the page are whole 1e-5 degrees."""

STUDY = """
[study]
id = "routes"
zh = "路线"
en = "routes"
crs = "EPSG:32651"
reference_date = 2025-12-31
seed = 1
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
[[circles]]
id = "drive"
zh = "驾车"
en = "drive"
kinds = ["clinic", "depot"]
mode = "car"
minutes = 5
heading = "to_community"
turnout_minutes = 1
people = "older"
[[siting]]
id = "more"
zh = "增设"
en = "more clinics"
kind = "clinic"
mode = "walk"
minutes = 10
people = "older"
objective = "max-cover"
new_sites = 2
candidates = "communities"
seconds = 3600
[outputs]
folder = "results"
extra = ["routes", "od"]
"""


def written(folder: Path, text: str = STUDY) -> Path:
    """Bent streets on a lattice of 500 m, 40 villages beside them, a hostile one first; two clinics and a depot."""
    rng = np.random.default_rng(7)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    x, y = rng.uniform(0, 4000, (2, 40))
    names = [HOSTILE, *(f"V{i}" for i in range(1, 40))]
    table = pd.DataFrame(
        {"id": [f"v{i}" for i in range(40)], "name": names, "x": EAST + x, "y": NORTH + y, "older": 10}
    )
    table.to_csv(folder / "communities.csv", index=False)
    sites = pd.DataFrame({"id": ["a", "b", "d"], "name": ["A", HOSTILE, "D"], "kind": ["clinic", "clinic", "depot"]})
    sites.assign(x=EAST + np.array([300, 2600, 3900]), y=NORTH + np.array([420, 3100, 30])).to_csv(
        folder / "facilities.csv", index=False
    )
    lines = []
    for a in range(0, 4500, 500):
        for b in range(0, 4000, 500):
            bend = rng.uniform(-60, 60, (4, 2))
            across = np.column_stack([np.linspace(b, b + 500, 6), np.full(6, a)])
            across[1:5] += bend
            lines += [across + [EAST, NORTH], across[:, ::-1] + [EAST, NORTH]]
    roads = gpd.GeoDataFrame(
        {"highway": "residential"}, index=range(len(lines)), geometry=shapely.linestrings(lines), crs=CRS
    )
    roads.to_file(folder / "roads.geojson", driver="GeoJSON")
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return qh.run_study(qh.read_study(written(tmp_path_factory.mktemp("study"))))


def test_every_circle_has_the_ways_behind_its_minutes(results: Any) -> None:
    for check, routes in zip(results.checks, results.routes, strict=True):
        table = routes.paths.table().set_index("community")
        assert routes.circle == check.circle.id
        assert table.index.tolist() == results.inputs.communities.index.tolist()
        pd.testing.assert_series_equal(table["minutes"], check.communities["minutes"], check_names=False)
        assert table["site"].tolist() == check.communities["nearest"].tolist()


def test_the_nearest_proposed_site_is_told_of_who_is_outside(results: Any) -> None:
    """The circle on foot has a question of its own; the one by car asks other people's mode."""
    walk, drive = results.routes
    assert not drive.closing
    (question, closing), proposal = next(iter(walk.closing.items())), results.proposals[0]
    assert question == proposal.id
    outside = results.checks[0].communities.index[~results.checks[0].communities["met"]]
    assert closing.index.tolist() == outside.tolist()
    served = proposal.plan.assignment.reindex(outside)
    new = served[served.isin(proposal.plan.chosen)]
    assert len(new) and (closing.loc[new.index, "minutes"] <= 10).all()
    assert closing.loc[new.index, "site"].tolist() == new.tolist()
    left = closing.index.difference(served.dropna().index)
    assert (closing.loc[left, "minutes"] > 10).all()


def test_od_has_every_pair_within_twice_the_standard(results: Any, tmp_path: Path) -> None:
    write_results(results, tmp_path)
    od = pd.read_csv(tmp_path / "od.csv", encoding="utf-8-sig")
    assert list(od) == ["circle", "community", "site", "kind", "minutes"]
    farthest = od.groupby("circle")["minutes"].max()
    assert farthest["walk"] <= 20 and farthest["drive"] <= 10
    nearest = od.groupby(["circle", "community"])["minutes"].min()
    for check in results.checks:
        near = check.communities["minutes"].dropna()
        near = near[near <= 2 * check.circle.minutes]
        assert nearest[check.circle.id].reindex(near.index).tolist() == pytest.approx(near.tolist())
    layer = pyogrio.read_dataframe(tmp_path / "results.gpkg", layer="routes")
    assert {"circle", "community", "community_name", "site", "nearest_name", "minutes", "metres"} <= set(layer)
    assert layer.length.tolist() == pytest.approx(layer["metres"].tolist(), abs=0.01)


def test_what_is_not_asked_for_is_not_written(tmp_path: Path) -> None:
    text = STUDY.replace('extra = ["routes", "od"]\n', "")
    results = qh.run_study(qh.read_study(written(tmp_path, text)), siting=False)
    assert results.od is None and len(results.routes) == 2
    assert "routes" not in result_layers(results)
    assert not any(path.name == "od.csv" for path in write_results(results, tmp_path / "out"))


def test_an_output_that_nobody_knows_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"outputs.*extra"):
        qh.read_study(written(tmp_path, STUDY.replace('["routes", "od"]', '["matrix"]')))


# --- packed


def columns(text: str) -> list[list[int]]:
    """What ``packed_columns`` packed, read byte by byte."""
    values, value, shift = [], 0, 0
    for byte in zlib.decompress(base64.b64decode(text)):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value >> 1 if value % 2 == 0 else -(value + 1) // 2)
            value = shift = 0
    found = []
    while values:
        found.append(values[1 : values[0] + 1])
        values = values[values[0] + 1 :]
    return found


@examples(60)
@given(st.lists(st.lists(st.integers(-(2**50), 2**50)), min_size=1, max_size=4))
def test_columns_come_back(given_: list[list[int]]) -> None:
    assert columns(packed_columns(*(np.array(c, np.int64) for c in given_))) == given_


def unpacked(text: str) -> dict[int, tuple[np.ndarray, int]]:
    """By community its points in degrees, and metres."""
    steps, shared, own, metres, east, north = columns(text)
    found, path, origin, at = {}, [], (0, 0), 0
    for who, keep, count, long in zip(np.cumsum(steps), shared, own, metres, strict=True):
        path = path[:keep]
        x, y = path[-1] if keep else origin
        for _ in range(count):
            x, y, at = x + east[at], y + north[at], at + 1
            path.append((x, y))
        origin = origin if keep else path[0]
        found[int(who)] = np.array(path) / 1e5, long
    return found


def held(paths: Any, text: str) -> None:
    """Lines within the tolerance of the engine's, whole metres, nobody lost."""
    found = unpacked(text)
    assert sorted(found) == np.flatnonzero(paths.found).tolist()
    for i, (points, metres) in found.items():
        line = shapely.LineString(points if len(points) > 1 else np.repeat(points, 2, axis=0))
        drawn = gpd.GeoSeries([line], crs=4326).to_crs(CRS)[0]
        assert metres == round(paths.metres[i])
        assert shapely.hausdorff_distance(drawn, paths.lines[i]) <= TOLERANCE_M + ROUNDING_M


def test_packed_routes_are_the_engines_to_the_tolerance(results: Any) -> None:
    for routes in results.routes:
        held(routes.paths, packed_routes(routes.paths))


def test_ways_of_all_kinds_are_packed() -> None:
    """At one point, one within the other, one on another side, none at all."""
    town = qh.testing.town("""
    C-2--3---A-4--1--B    E--5--6-F
             |
             7
             |
             D
    """)
    homes, sites = town.places("1234567"), town.places("13")
    pairs = pd.DataFrame({"community": list("1234567"), "site": list("3333331")})
    paths = shortest_paths(town.network(), homes, sites, pairs, minutes=90, heading="to_site")
    assert paths.found.tolist() == [True] * 4 + [False] * 2 + [True]
    held(paths, packed_routes(paths))
    nobody = shortest_paths(town.network(), homes, sites, pairs[4:6], minutes=90, heading="to_site")
    assert unpacked(packed_routes(nobody)) == {}


def test_ways_that_share_roads_are_kept_once() -> None:
    """200 villages along one road to one clinic: a comb, each road once."""
    x = np.arange(1, 201) * 100.0
    road = gpd.GeoDataFrame(
        {"highway": ["residential"]}, geometry=[shapely.LineString([(EAST, NORTH), (EAST + 20_100, NORTH)])], crs=CRS
    )
    net = qh.build_network(qh.as_roads(road, crs=CRS)[0], qh.read_modes()["walk"])
    wiggle = np.where(np.arange(200) % 2, 30.0, -30.0)
    homes = gpd.GeoDataFrame(
        index=[f"v{i}" for i in range(200)], geometry=gpd.points_from_xy(EAST + x, NORTH + wiggle), crs=CRS
    )
    site = gpd.GeoDataFrame(index=["s"], geometry=gpd.points_from_xy([EAST], [NORTH]), crs=CRS)
    pairs = pd.DataFrame({"community": homes.index, "site": "s"})
    paths = shortest_paths(net, homes, site, pairs, minutes=600, heading="to_site")
    _, _, own, _, east, _ = columns(packed_routes(paths))
    assert len(east) == sum(own) <= 3 * 200 + 2
    held(paths, packed_routes(paths))


# --- on the page


@pytest.fixture(scope="module")
def tab(results: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page in a browser without a network; what it complains of is in ``trouble``."""
    with offline_page(meeting_map(results), tmp_path_factory.mktemp("page"), shown=".qh-panel") as page:
        yield page


WAY = """async (i) => {
  const map = Object.values(window).find((v) => v instanceof L.Map);
  let points = null;
  map.eachLayer((layer) => {
    if (layer.options.className === "qh-way") points = layer.getLatLngs().map((at) => [at.lng, at.lat]);
  });
  return points;
}"""


def asked(tab: Any, name: str, i: int) -> tuple[Any, str]:
    """Search for a community, and wait until its route is told: its points, and what is said."""
    tab.fill("#qh-search", name)
    tab.press("#qh-search", "Enter")
    told = tab.wait_for_selector(f'.qh-route[data-community="{i}"]').inner_text()
    return tab.evaluate(WAY), told


def test_a_community_asked_about_shows_its_way_as_long_as_the_engines(tab: Any, results: Any) -> None:
    paths, check = results.routes[0].paths, results.checks[0].communities
    for i in (1, 8, 17, 29, 39):
        drawn, told = asked(tab, f"V{i}", i)
        line = gpd.GeoSeries([shapely.LineString(drawn)], crs=4326).to_crs(CRS)[0]
        assert shapely.hausdorff_distance(line, paths.lines[i]) <= TOLERANCE_M + ROUNDING_M
        assert line.length == pytest.approx(paths.metres[i], rel=0.02, abs=10)
        metres = round(paths.metres[i])
        assert (f"{metres} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里") in told
        assert ("超出标准" in told) == (not check["met"].iloc[i]) or "最近拟建点" in told
    assert tab.trouble == []


def test_who_is_outside_reads_by_how_much_and_what_would_close_it(tab: Any, results: Any) -> None:
    check, closing = results.checks[0].communities, results.routes[0].closing["more"]
    name = results.inputs.communities["name"]
    closed = closing.index[closing["minutes"] <= 10]
    community = next(c for c in closed if c != "v0")
    _, told = asked(tab, name[community], name.index.get_loc(community))
    over = np.ceil(round((check.at[community, "minutes"] - 10) * 10, 4)) / 10
    assert f"超出标准\t{over:.1f} 分钟" in told
    minutes = np.floor(closing.at[community, "minutes"] * 10 + 0.5) / 10
    assert f"{minutes:.1f} 分钟 圈内" in told
    assert name[closing.at[community, "site"]] in told


def test_a_proposed_site_is_named_only_where_it_is_nearer_than_what_stands(tab: Any, results: Any) -> None:
    check, closing = results.checks[0].communities, results.routes[0].closing["more"]
    farther = closing.index[closing["minutes"] >= check["minutes"].reindex(closing.index)]
    community = next(c for c in farther if c != "v0")
    name = results.inputs.communities["name"]
    _, told = asked(tab, name[community], name.index.get_loc(community))
    assert "没有比现有设施更近的" in told and name[closing.at[community, "site"]] not in told


def test_a_hostile_name_stays_text_and_closing_takes_the_way_away(tab: Any) -> None:
    asked(tab, HOSTILE, 0)
    assert tab.evaluate("window.broken === undefined")
    tab.click(".leaflet-popup-close-button")
    tab.wait_for_selector(".leaflet-popup", state="detached")
    assert tab.evaluate(WAY) is None
    assert tab.trouble == []
