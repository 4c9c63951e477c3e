"""The layers of results.gpkg as QGIS and other programs see them."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.io import files
from quarterhour.report.layers.dresses import INSIDE, OUTSIDE, layer_dresses
from quarterhour.report.layers.tables import named_layers, result_layers


def written(results: qh.Results, path: Path, lang: str = "zh") -> Path:
    layers = named_layers(results, lang)
    files.write_layers(path, layers, dresses=layer_dresses(results, layers, lang))
    return path


@pytest.fixture(scope="module")
def package(toy_run: qh.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(toy_run, tmp_path_factory.mktemp("layers") / "results.gpkg")


def styles(path: Path) -> dict[str, ET.Element]:
    """The styles by layer, read as XML."""
    with closing(sqlite3.connect(path)) as base:
        rows = base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault").fetchall()
    return {name: ET.fromstring(qml) for name, qml in rows}


def test_every_layer_has_a_style_whose_symbols_and_columns_are_there(package: Path) -> None:
    found = styles(package)
    assert set(found) == {"communities", "towns", "facilities", "candidates", "sites", "roads"} & set(found)
    assert {"communities", "facilities", "sites", "roads"} <= set(found)
    for name, root in found.items():
        layer = gpd.read_file(package, layer=name)
        renderer = root.find("renderer-v2")
        assert root.tag == "qgis" and renderer is not None
        symbols = {s.attrib["name"] for s in renderer.findall("symbols/symbol")}
        used = {e.attrib["symbol"] for e in renderer.iter() if e.tag in ("category", "range")}
        assert used == (symbols if used else set()), name
        assert renderer.attrib.get("attr", layer.columns[0]) in layer
        assert {a.attrib["field"] for a in root.findall("aliases/alias")} == {"fid", *layer.columns} - {"geometry"}
        for label in root.iter("text-style"):
            assert label.attrib["fieldName"] in layer


def test_communities_are_blue_inside_and_vermilion_outside(toy_run: qh.Results, package: Path) -> None:
    renderer = styles(package)["communities"].find("renderer-v2")
    assert renderer is not None
    assert renderer.attrib["attr"] == f"{toy_run.checks[0].circle.id}_met"
    colours = [o.attrib["value"] for o in renderer.findall("symbols/symbol/layer/Option/Option[@name='color']")]
    values = [c.attrib["value"] for c in renderer.findall("categories/category")]
    as_hex = ["#" + "".join(f"{int(part):02x}" for part in c.split(",")[:3]) for c in colours]
    assert dict(zip(values, as_hex, strict=True)) == {"1": INSIDE, "0": OUTSIDE}


def test_columns_and_layers_have_chinese_names(package: Path) -> None:
    with closing(sqlite3.connect(package)) as base:
        names = dict(base.execute("SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'communities'"))
        layers = dict(base.execute("SELECT table_name, identifier FROM gpkg_contents"))
        told = base.execute("SELECT description FROM gpkg_contents WHERE table_name = 'sites'").fetchone()[0]
        extensions = {n for (n,) in base.execute("SELECT extension_name FROM gpkg_extensions")}
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert names["home-care-circle_met"] == "居家养老服务圈 圈内（1 是，0 否）" and names["town_name"] == "镇街"
    assert layers["sites"] == "拟建点" and "经纬度" in told and "gpkg_schema" in extensions


def test_inside_is_one_and_zero_with_a_word_beside_it(toy_run: qh.Results, package: Path) -> None:
    layer = gpd.read_file(package, layer="communities").set_index("id")
    check = toy_run.checks[0]
    assert layer["home-care-circle_met"].tolist() == check.communities["met"].astype(int).tolist()
    assert layer.at["w", "home-care-circle_result"] == "达标"
    assert layer.at["w", "home-care-circle_nearest_name"] == "日间照料"
    assert layer.at["w", "home-care-circle_nearest"] == "d"


def test_sites_have_their_place_in_degrees_order_gain_and_town(toy_run: qh.Results, package: Path) -> None:
    (plan,) = toy_run.proposals
    sites = gpd.read_file(package, layer="sites").set_index("id")
    assert sites.index.tolist() == list(plan.plan.chosen) and sites["order"].tolist() == [1]
    assert sites["gain"].tolist() == [plan.plan.gain.iloc[0]]
    (place,) = plan.sites.loc[list(plan.plan.chosen)].geometry.to_crs("EPSG:4326")
    assert (sites["lon"].iloc[0], sites["lat"].iloc[0]) == pytest.approx((place.x, place.y), abs=1e-6)
    assert sites[["question_name", "unit_name"]].iloc[0].tolist() == ["养老中心选址", "老年人"]
    assert {"town_name", "county_name", "year", "state_name"} <= set(sites)


def test_the_database_gets_the_layers_without_the_words(toy_run: qh.Results) -> None:
    plain = result_layers(toy_run)
    assert pd.api.types.is_bool_dtype(plain["communities"]["home-care-circle_met"])
    assert not [c for layer in plain.values() for c in layer if str(c).endswith("_name")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_run_gives_the_same_bytes_in_both_languages(toy_run: qh.Results, tmp_path: Path, lang: str) -> None:
    both = [
        hashlib.sha256(written(toy_run, tmp_path / name, lang).read_bytes()).digest() for name in ("a.gpkg", "b.gpkg")
    ]
    assert both[0] == both[1]
    assert ("拟建点" in str(styles_titles(tmp_path / "a.gpkg"))) == (lang == "zh")


def styles_titles(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as base:
        return [name for (name,) in base.execute("SELECT styleName FROM layer_styles")]


def test_hostile_names_are_text_in_the_style(toy_study: Path, tmp_path: Path) -> None:
    text = (toy_study / "study.toml").read_text(encoding="utf-8")
    text = text.replace('zh = "居家养老服务圈"', "zh = '''</qgis><x a=\"1\">&amp; 圈'''")
    (toy_study / "study.toml").write_text(text, encoding="utf-8")
    found = styles(written(qh.run_study(qh.read_study(toy_study)), tmp_path / "a.gpkg"))
    labels = [c.attrib["label"] for c in found["communities"].iter("category")]
    assert labels[0] == '</qgis><x a="1">&amp; 圈：圈内'
