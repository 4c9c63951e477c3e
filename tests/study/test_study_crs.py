"""A study's CRS: true where it lies, or refused with the zone that fits; without one, the zone of its roads.

And what is declared of roads and layers: obeyed, or told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.base.errors import StudyError
from quarterhour.io import web_maps
from quarterhour.study.file import read_study_file
from quarterhour.study.run import read_study_inputs


def set_line(folder: Path, before: str, after: str) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder


def rules(found: pd.DataFrame) -> list[str]:
    return found["rule"].tolist()


def covered(results: qh.Results) -> list[list[int]]:
    """People met and counted in the whole city, circle by circle."""
    return [check.shares.set_index("level").loc["city", ["people_met", "people"]].tolist() for check in results.checks]


def case(root: Path, name: str) -> Path:
    folder = root.parent / "shared" / "cases" / "inputs" / name
    if not folder.is_dir():
        pytest.skip("../shared/cases is absent: the inputs on which a program may go wrong lie beside the checkout")
    return folder


# --- the study's own ------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32649", "EPSG:32650", "EPSG:32652", "EPSG:4547", "EPSG:6933"])
def test_a_crs_that_stretches_lengths_is_refused_with_the_zones_that_fit(toy_study: Path, crs: str) -> None:
    line = f'crs = "{crs}"'
    set_line(toy_study, 'crs = "EPSG:32651"', line)
    with pytest.raises(StudyError) as caught:
        read_study_inputs(qh.read_study(toy_study))
    number = (toy_study / "study.toml").read_text("utf-8").splitlines().index(line) + 1
    for lang in ("zh", "en"):
        said = caught.value.sentence(lang)
        assert f"study.toml:{number}: study.crs" in said
        assert "EPSG:32651" in said and "EPSG:4550" in said and crs in said


@pytest.mark.parametrize("crs", ["EPSG:4550", "EPSG:4529", "+proj=tmerc +lon_0=121.9 +datum=WGS84 +units=m"])
def test_other_systems_that_are_true_there_give_the_same_answer(toy_study: Path, crs: str, toy_run: qh.Results) -> None:
    results = qh.run_study(qh.read_study(set_line(toy_study, 'crs = "EPSG:32651"', f'crs = "{crs}"')), siting=False)
    assert covered(results)[1] == covered(toy_run)[1]
    assert rules(results.inputs.findings) == rules(toy_run.inputs.findings)


def test_one_place_far_off_is_that_rows_matter(toy_study: Path) -> None:
    """A longitude mistyped by 20 degrees says nothing against the CRS: the row is told."""
    with (toy_study / "communities.csv").open("ab") as file:
        file.write(b"far,far,-2000000,4150000,t1,c1,5,0\n")
    found = read_study_inputs(qh.read_study(toy_study)).findings
    assert found.loc[found["id"] == "far", "rule"].tolist() == ["outside"]


def test_a_study_without_a_crs_has_the_zone_of_its_roads_and_says_so(toy_study: Path, toy_run: qh.Results) -> None:
    set_line(toy_study, 'crs = "EPSG:32651"\nreference', "reference")
    results = qh.run_study(qh.read_study(toy_study), siting=False)
    assert covered(results) == covered(toy_run)
    assert results.inputs.roads.crs == results.inputs.communities.crs == results.inputs.facilities.crs == "EPSG:32651"
    told = results.findings[results.findings["rule"] == "inputs.crs_chosen"]
    assert told[["severity", "value"]].to_numpy().tolist() == [["note", "EPSG:32651"]]


def test_roads_of_a_province_leave_the_zone_to_the_communities(toy_study: Path) -> None:
    """Most roads lie in the next zone but one; lengths are to be true where the people live."""
    roads = gpd.read_file(toy_study / "roads.geojson")
    west = roads.set_geometry(roads.translate(-11.0))
    many = pd.concat([roads, *[west.set_geometry(west.translate(0, n / 10)) for n in range(5)]], ignore_index=True)
    many.to_file(toy_study / "roads.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)
    set_line(toy_study, 'crs = "EPSG:32651"\nreference', "reference")
    inputs = read_study_inputs(qh.read_study(toy_study))
    assert inputs.roads.crs == inputs.communities.crs == "EPSG:32651"
    assert inputs.roads.length.sort_values().iloc[:4].tolist() == pytest.approx([900] * 4, abs=0.001)
    assert inputs.findings.loc[inputs.findings["rule"] == "inputs.crs_chosen", "value"].tolist() == ["EPSG:32651"]


def test_the_templates_crs_is_nobodys_city(root: Path) -> None:
    assert read_study_file(root / "coverage/quarterhour/data/template").study.crs is None


SPOTS = {"1": (121.8657, 37.4897), "2": (121.8759, 37.4898), "3": (121.9066, 37.4901)}
"""Junctions of the toy street, west to east."""


def write_extract(path: Path) -> Path:
    nodes = "".join(f'<node id="{i}" version="1" lon="{x}" lat="{y}"/>' for i, (x, y) in SPOTS.items())
    refs = "".join(f'<nd ref="{i}"/>' for i in SPOTS)
    way = f'<way id="1" version="1">{refs}<tag k="highway" v="residential"/></way>'
    path.write_text(f'<osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")
    return path


def write_graph(path: Path) -> Path:
    graph = nx.MultiDiGraph(crs="epsg:4326")
    for i, (x, y) in SPOTS.items():
        graph.add_node(i, x=x, y=y)
    for start, end in (("1", "2"), ("2", "1"), ("2", "3"), ("3", "2")):
        graph.add_edge(start, end, highway="residential")
    nx.write_graphml(graph, path)
    return path


@pytest.mark.parametrize("write", [write_extract, write_graph])
def test_an_extract_and_a_graph_choose_the_zone_they_lie_in(toy_study: Path, write: Any) -> None:
    roads = write(toy_study / ("street.osm" if write is write_extract else "street.graphml"))
    known = read_study_inputs(qh.read_study(toy_study, roads=roads)).roads
    set_line(toy_study, 'crs = "EPSG:32651"\nreference', "reference")
    chosen = read_study_inputs(qh.read_study(toy_study, roads=roads)).roads
    assert chosen.crs == "EPSG:32651" and chosen.geometry.geom_equals(known.geometry).all()


# --- roads and layers -----------------------------------------------------------------------------


def off_the_map(frame: gpd.GeoDataFrame, datum: str) -> gpd.GeoDataFrame:
    def shift(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(web_maps.from_wgs84(xy[:, 0], xy[:, 1], datum=datum))

    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), shift), crs=4326)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_roads_off_a_web_map_are_set_right(toy_study: Path, datum: str, toy_run: qh.Results) -> None:
    roads = gpd.read_file(toy_study / "roads.geojson")
    off_the_map(roads, datum).to_file(toy_study / "roads.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)
    set_line(toy_study, "[roads]\n", f'[roads]\ndatum = "{datum}"\n')
    moved = read_study_inputs(qh.read_study(toy_study)).roads
    assert moved.hausdorff_distance(toy_run.inputs.roads).max() < 0.01


def test_roads_that_name_no_crs_are_in_the_one_declared(toy_study: Path, toy_run: qh.Results) -> None:
    gpd.read_file(toy_study / "roads.geojson").to_crs("EPSG:4550").to_file(toy_study / "roads.shp")
    (toy_study / "roads.prj").unlink()
    set_line(toy_study, 'path = "roads.geojson"', 'path = "roads.shp"\ncrs = "EPSG:4550"')
    inputs = read_study_inputs(qh.read_study(toy_study))
    assert inputs.roads.hausdorff_distance(toy_run.inputs.roads.set_axis(inputs.roads.index)).max() < 0.01
    assert "crs_taken" in rules(inputs.findings)


def test_what_is_said_of_other_roads_than_those_given_is_told(toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "new.geojson").write_bytes((toy_study / "roads.geojson").read_bytes())
    set_line(toy_study, "[roads]\n", '[roads]\ndatum = "gcj02"\n')
    inputs = read_study_inputs(qh.read_study(toy_study, roads=tmp_path / "new.geojson"))
    told = inputs.findings[inputs.findings["rule"] == "inputs.keys_of_other_roads"]
    assert told[["severity", "value", "detail"]].to_numpy().tolist() == [["warning", "datum", "roads.geojson"]]
    set_line(toy_study, 'path = "roads.geojson"\n', "")
    moved = read_study_inputs(qh.read_study(toy_study, roads=tmp_path / "new.geojson")).roads
    assert 300 < moved.reset_index(drop=True).hausdorff_distance(inputs.roads.reset_index(drop=True)).min() < 900


LAYER = '\n[[layers]]\nname = "water"\npath = "water.geojson"\nquality = "estimated"\nsource = "the map"\n'


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_layers_off_a_web_map_are_set_right(toy_study: Path, datum: str) -> None:
    lake = gpd.GeoDataFrame(geometry=[shapely.box(122.0, 37.4, 122.1, 37.5)], crs=4326)
    off_the_map(lake, datum).to_file(toy_study / "water.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write(f'{LAYER}datum = "{datum}"\n')
    water = read_study_inputs(qh.read_study(toy_study)).layers["water"]
    assert water.reset_index(drop=True).hausdorff_distance(lake.to_crs(water.crs)).max() < 0.01
    assert water[["quality", "source"]].to_numpy().tolist() == [["estimated", "the map"]]


def test_a_column_of_a_table_of_figures_that_is_not_there_is_told(toy_study: Path) -> None:
    (toy_study / "figures.csv").write_text("镇街,deaths\nt1,5\n", encoding="utf-8")
    part = '\n[[tables]]\nname = "figures"\npath = "figures.csv"\nsource = "the yearbook"\ncolumns = { town = "%s" }\n'
    text = (toy_study / "study.toml").read_text(encoding="utf-8")
    (toy_study / "study.toml").write_text(text + part % "镇街", encoding="utf-8")
    figures = read_study_inputs(qh.read_study(toy_study)).tables["figures"]
    assert figures[["town", "source"]].to_numpy().tolist() == [["t1", "the yearbook"]]
    (toy_study / "study.toml").write_text(text + part % "乡镇", encoding="utf-8")
    with pytest.raises(qh.errors.DataError, match="figures .*needs the columns 乡镇; it has: 镇街, deaths"):
        read_study_inputs(qh.read_study(toy_study))


# --- the city of the cases ------------------------------------------------------------------------


def test_a_city_on_roads_off_a_web_map_has_its_right_figures(root: Path) -> None:
    results = qh.run_study(qh.read_study(case(root, "roads-gcj_roads_declared")), siting=False)
    assert covered(results) == [[8982, 20999], [186, 253]]


def test_a_layer_off_a_web_map_lies_where_it_should(root: Path) -> None:
    """Its shapes are the outlines of the towns, as a web map shows them."""
    inputs = read_study_inputs(qh.read_study(case(root, "more2-layer_datum")))
    water, towns = inputs.layers["water"].set_index("id"), inputs.towns
    assert water.hausdorff_distance(towns.geometry.reindex(water.index)).max() < 0.05


def test_a_city_in_web_mercator_is_refused(root: Path) -> None:
    with pytest.raises(StudyError, match=r"study.toml:5: study.crs: .* 26\.\d+% out of true .*EPSG:32651"):
        read_study_inputs(qh.read_study(case(root, "toml-crs_3857")))
