"""What a study's roads bring beside their lines: the slope of the ground, and the turns that are forbidden."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer

import quarterhour as qh
from quarterhour.base.errors import MissingError, StudyError
from quarterhour.study.run import read_study_inputs

X0, Y0 = 400_000.0, 4_150_000.0


def set_roads(folder: Path, *lines: str) -> None:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[roads]\n", "\n".join(["[roads]", *lines, ""])), encoding="utf-8")


def write_hill(path: Path, *, slope: float, east_m: float = 5_000) -> None:
    """Ground that rises evenly to the east, from 900 m west of the street on."""
    import rasterio
    from affine import Affine

    columns = int((east_m + 900) / 30)
    height = np.tile((np.arange(columns) + 0.5) * 30 * slope, (60, 1)).astype("float32")
    where = {"crs": "EPSG:32651", "transform": Affine(30, 0, X0 - 900, 0, -30, Y0 + 900)}
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=60, count=1, dtype="float32", **where
    ) as grid:  # fmt: skip
        grid.write(height, 1)


def test_the_ground_slows_who_climbs_it(toy_study: Path) -> None:
    """From the village in the middle to the day care 900 m downhill, and from the west uphill; a twentieth."""
    write_hill(toy_study / "dem.tif", slope=0.05)
    set_roads(toy_study, 'elevation = "dem.tif"')
    results = qh.run_study(qh.read_study(toy_study))
    level = 900 / 0.64 / 60
    minutes = results.compare[0].communities["minutes"]
    assert minutes["m"] == pytest.approx(level * math.exp(-0.175), abs=0.001)
    assert minutes["w"] == pytest.approx(level * math.exp(0.175), abs=0.001)
    assert results.checks[0].communities.at["w", "minutes"] == 15  # the planning standard is one of distance
    assert set(results.inputs.used["table"]) >= {"roads", "elevation"}


def test_roads_beyond_the_ground_that_is_known_are_told(toy_study: Path) -> None:
    write_hill(toy_study / "dem.tif", slope=0.05, east_m=2_000)
    set_roads(toy_study, 'elevation = "dem.tif"')
    found = read_study_inputs(qh.read_study(toy_study)).findings
    told = found[found["rule"] == "speeds.beyond_dem"]
    assert list(told["value"]) == ["2"]


def test_a_ground_that_is_not_there_is_told(toy_study: Path) -> None:
    set_roads(toy_study, 'elevation = "dem.tif"')
    with pytest.raises(MissingError, match=r"elevation .*dem\.tif"):
        read_study_inputs(qh.read_study(toy_study))


def test_a_ground_on_another_machine_is_refused(toy_study: Path) -> None:
    set_roads(toy_study, 'elevation = "https://example.org/dem.tif"')
    with pytest.raises(StudyError, match="not a file of this machine"):
        qh.read_study(toy_study)


def write_extract(path: Path) -> None:
    """The street as three ways, west to east; nobody may go straight on from the first into the second."""
    to_degrees = Transformer.from_crs("EPSG:32651", 4326, always_xy=True)
    places = {n: to_degrees.transform(X0 + x, Y0) for n, x in ((1, 0), (2, 900), (3, 1800), (4, 3600))}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    lines += [f'<node id="{n}" version="1" lon="{x}" lat="{y}"/>' for n, (x, y) in places.items()]
    for way in (1, 2, 3):
        refs = f'<nd ref="{way}"/><nd ref="{way + 1}"/>'
        lines.append(f'<way id="{way}" version="1">{refs}<tag k="highway" v="residential"/></way>')
    lines.append(
        '<relation id="9" version="1"><member type="way" ref="1" role="from"/><member type="node" ref="2" role="via"/>'
        '<member type="way" ref="2" role="to"/><tag k="type" v="restriction"/>'
        '<tag k="restriction" v="no_straight_on"/></relation></osm>'
    )
    path.write_text("\n".join(lines), encoding="utf-8")


def test_an_extract_brings_its_turn_restrictions_unless_the_study_says_no(toy_study: Path) -> None:
    extract = toy_study / "street.osm"
    write_extract(extract)
    inputs = read_study_inputs(qh.read_study(toy_study, roads=extract))
    assert inputs.turns[["kind", "from_road", "via_node", "to_road"]].to_numpy().tolist() == [
        ["no", "w1.1", "2", "w2.1"]
    ]
    assert set(inputs.turns["from_road"]) <= set(inputs.roads.index)
    assert len(read_study_inputs(qh.read_study(toy_study)).turns) == 0
    set_roads(toy_study, "turns = false")
    assert len(read_study_inputs(qh.read_study(toy_study, roads=extract)).turns) == 0


def test_a_carer_obeys_the_turn_restrictions_of_the_extract(toy_study: Path) -> None:
    """The base stands on the first way, the village in the middle on the second: straight on is forbidden."""
    extract = toy_study / "street.osm"
    write_extract(extract)
    obeyed = qh.run_study(qh.read_study(toy_study, roads=extract), siting=False)
    care = obeyed.checks[1].communities
    assert (care.at["w", "minutes"], care.at["m", "met"]) == (3, False)
    home = obeyed.checks[0].communities
    assert home.at["w", "met"] and home.at["m", "met"]  # walkers go straight on
    set_roads(toy_study, "turns = false")
    free = qh.run_study(qh.read_study(toy_study, roads=extract), siting=False)
    assert free.checks[1].communities.at["m", "minutes"] == pytest.approx(3 + 1.8 / 15 * 60, abs=0.01)


# --- heights --------------------------------------------------------------------------------


def as_layers(folder: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    """Every table of the toy town as a changed layer in degrees."""
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8").replace("roads.geojson", "roads.gpkg").replace(', x = "x", y = "y"', "")
    change(gpd.read_file(folder / "roads.geojson")).to_file(folder / "roads.gpkg")
    for table, encoding in (("communities", "gb18030"), ("facilities", "utf-8")):
        rows = pd.read_csv(folder / f"{table}.csv", encoding=encoding)
        points = gpd.points_from_xy(rows.pop("x"), rows.pop("y"), crs="EPSG:32651").to_crs("EPSG:4326")
        change(gpd.GeoDataFrame(rows, geometry=points)).to_file(folder / f"{table}.gpkg")
        text = text.replace(f"{table}.csv", f"{table}.gpkg")
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("height", [math.nan, 25.0])
def test_heights_of_points_and_roads_change_no_answer(
    tmp_path: Path, toy_study: Path, height: float, raised: Any
) -> None:
    shutil.copytree(toy_study, tmp_path / "high")
    as_layers(toy_study, lambda layer: layer)
    as_layers(tmp_path / "high", lambda layer: raised(layer, height))
    flat, high = (qh.run_study(qh.read_study(s), siting=False) for s in (toy_study, tmp_path / "high"))
    assert flat.checks[0].communities["met"].any()
    for before, after in zip(flat.checks, high.checks, strict=True):
        pd.testing.assert_frame_equal(after.communities, before.communities)
    assert high.findings["rule"].tolist() == flat.findings["rule"].tolist()


@pytest.mark.parametrize("case", ["geo-z_nan", "more-z_nan_facilities"])
def test_a_city_with_heights_of_nan_has_its_right_figures(root: Path, case: str) -> None:
    folder = root.parent / "shared" / "cases" / "inputs" / case
    if not folder.is_dir():
        pytest.skip("../shared/cases is absent: the inputs on which a program may go wrong lie beside the checkout")
    checks = qh.run_study(qh.read_study(folder), siting=False).checks
    cities = [check.shares.set_index("level").loc["city", ["people_met", "people"]].tolist() for check in checks]
    assert cities == [[8982, 20999], [186, 253]]
