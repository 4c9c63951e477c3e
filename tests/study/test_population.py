"""People out of a grid or of areas, shared out among communities that are outlines."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from affine import Affine

import quarterhour as qh
from quarterhour.base.errors import StudyError
from quarterhour.study.run import read_study_inputs

CRS = "EPSG:32651"
X0, Y0 = 400_000.0, 4_150_000.0


def outlines(folder: Path, *, told: tuple[str, ...] = ("hardship",), **more: shapely.Geometry) -> None:
    """The toy town's villages as boxes of 400 m around their points (island left out), one person each as told."""
    boxes = {name: shapely.box(X0 + x - 200, Y0 - 200, X0 + x + 200, Y0 + 200)
             for name, x in (("w", 0), ("m", 1800), ("e", 3600))} | more  # fmt: skip
    table = gpd.GeoDataFrame(
        {"id": list(boxes), "name": list(boxes), "town": "t1", "county": "c1", **dict.fromkeys(told, 1)},
        geometry=list(boxes.values()), crs=CRS,
    )  # fmt: skip
    table.to_file(folder / "villages.gpkg")


def say(folder: Path, population: str) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("communities.csv", "villages.gpkg").replace(', x = "x", y = "y", town', ", town", 1)
    file.write_text(text + "\n" + population, encoding="utf-8")
    return folder


def write_people(folder: Path, **people: float) -> None:
    """A grid of 100 m around the street that counts so many people in every cell of a village."""
    import numpy as np
    import rasterio

    cells = np.zeros((10, 60), dtype="float32")
    for name, first in (("w", 3), ("m", 21), ("e", 39)):
        cells[3:7, first : first + 4] = people.get(name, 0)
    where = {"crs": CRS, "transform": Affine(100, 0, X0 - 500, 0, -100, Y0 + 500)}
    with rasterio.open(
        folder / "people.tif", "w", driver="GTiff", height=10, width=60, count=1, dtype="float32", **where
    ) as grid:  # fmt: skip
        grid.write(cells, 1)


GRID = '[population]\npath = "people.tif"\npeople = "older"\n'


def test_a_grid_fills_the_people_and_they_are_estimated(toy_study: Path) -> None:
    outlines(toy_study)
    write_people(toy_study, w=6.25, m=3.125, e=1.875)
    results = qh.run_study(qh.read_study(say(toy_study, GRID)), siting=False)
    people = results.inputs.communities["older"]
    assert dict(people) == {"w": 100, "m": 50, "e": 30}
    assert set(results.inputs.communities.geom_type) == {"Point"}
    home = results.checks[0]
    assert home.communities["met"].to_dict() == {"w": True, "m": True, "e": False}
    assert results.inputs.quality.set_index("table").at["people_older", "estimated"] == 1
    told = results.inputs.findings.set_index("rule")
    assert told.at["population.shared", "value"] == "180"
    assert set(results.inputs.used["table"]) >= {"population"}


def test_parts_of_people_add_up_to_the_whole(toy_study: Path) -> None:
    outlines(toy_study)
    write_people(toy_study, w=0.15, m=0.15, e=0.15)  # 2.4 each: 7.2 people
    inputs = read_study_inputs(qh.read_study(say(toy_study, GRID)))
    assert sorted(inputs.communities["older"]) == [2, 2, 3]


def test_areas_are_shared_out_by_ground_and_the_rest_is_told(toy_study: Path) -> None:
    outlines(toy_study)
    blocks = [
        shapely.box(X0 - 200, Y0 - 200, X0 + 200, Y0 + 200),
        shapely.box(X0 + 1600, Y0 - 200, X0 + 3800, Y0 + 200),
    ]
    areas = gpd.GeoDataFrame({"id": ["a", "b"], "P60": [101, 220]}, geometry=blocks, crs=CRS)
    areas.to_file(toy_study / "blocks.gpkg")
    asked = '[[population]]\npath = "blocks.gpkg"\npeople = "older"\ncolumn = "P60"\n'
    inputs = read_study_inputs(qh.read_study(say(toy_study, asked)))
    assert dict(inputs.communities["older"]) == {"w": 101, "m": 40, "e": 40}
    told = inputs.findings.set_index("rule").loc["population.outside"]
    assert (told["severity"], told["value"], told["detail"]) == ("warning", "140", "321")


def test_points_are_counted_where_they_lie(toy_study: Path) -> None:
    outlines(toy_study)
    rows = pd.DataFrame({"id": ["h1", "h2"], "n": [7, 8], "x": [X0 + 10, X0 + 3590], "y": [Y0, Y0 + 5]})
    rows.to_csv(toy_study / "houses.csv", index=False)
    asked = '[population]\npath = "houses.csv"\npeople = "older"\ncolumn = "n"\ncrs = "EPSG:32651"\n'
    inputs = read_study_inputs(qh.read_study(say(toy_study, asked)))
    assert dict(inputs.communities["older"]) == {"w": 7, "m": 0, "e": 8}
    assert "population.outside" not in set(inputs.findings["rule"])
    assert "population.ground_unknown" not in set(inputs.findings["rule"])


def test_outlines_that_overlap_count_nobody_twice(toy_study: Path) -> None:
    outlines(toy_study, x=shapely.box(X0 - 200, Y0 - 200, X0, Y0 + 200))
    write_people(toy_study, w=1)
    inputs = read_study_inputs(qh.read_study(say(toy_study, GRID)))
    assert inputs.communities["older"].sum() == 16
    told = inputs.findings.set_index("rule").loc["population.overlap"]
    assert (told["severity"], told["detail"]) == ("warning", "x")


def test_ground_beyond_the_grid_is_told(toy_study: Path) -> None:
    outlines(toy_study, x=shapely.box(X0 + 90_000, Y0, X0 + 90_400, Y0 + 400))
    write_people(toy_study, w=1)
    inputs = read_study_inputs(qh.read_study(say(toy_study, GRID)))
    assert inputs.communities.at["x", "older"] == 0
    told = inputs.findings.set_index("rule").loc["population.ground_unknown"]
    assert (told["severity"], told["detail"]) == ("warning", "x")


def test_a_community_without_an_outline_is_set_aside_and_told(toy_study: Path) -> None:
    outlines(toy_study, x=shapely.Point(X0, Y0))
    write_people(toy_study, w=1)
    inputs = read_study_inputs(qh.read_study(say(toy_study, GRID)))
    assert "x" not in inputs.communities.index
    told = inputs.findings.set_index("rule").loc["population.no_outline"]
    assert (told["severity"], told["id"]) == ("error", "x")


def test_people_told_twice_are_refused(toy_study: Path) -> None:
    outlines(toy_study, told=("hardship", "older"))
    write_people(toy_study, w=1)
    with pytest.raises(StudyError, match="a column 'older' already"):
        read_study_inputs(qh.read_study(say(toy_study, GRID)))


def test_people_that_no_column_knows_are_told_with_their_line(toy_study: Path) -> None:
    with pytest.raises(StudyError, match="population: people = young is not among"):
        qh.read_study(say(toy_study, GRID.replace("older", "young")))


def test_what_a_grid_says_itself_is_not_said_of_it(toy_study: Path) -> None:
    with pytest.raises(StudyError, match=r"study\.toml:\d+: population: .*grid.*`crs`"):
        qh.read_study(say(toy_study, GRID + 'crs = "EPSG:32651"\n'))
