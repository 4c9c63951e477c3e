"""Characters that nobody sees: taken out of codes, kinds, names and headings, one line a column, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import Point

from quarterhour.base.findings import finding_sentences
from quarterhour.io import files
from tables import STUDY, save_csv, save_xlsx

HEAD = ["id", "name", "kind", "lon", "lat"]
ROWS = [["a1", "甲", "day_care", 122.1, 37.5], ["a\u200b2", "乙", "day_\u2060care", 122.2, 37.5]]


@pytest.mark.parametrize("save", [save_csv, save_xlsx])
def test_codes_kinds_and_headings_are_what_one_sees(tmp_path: Path, save: Any) -> None:
    path = save(tmp_path / "a", [["id", "na\u200bme", "kind", "lon", "lat"], *ROWS])
    kept, found = files.read_places(path, table="facilities", crs=STUDY)
    assert list(kept.index) == ["a1", "a2"] and set(kept["kind"]) == {"day_care"}
    told = found[["severity", "rule", "column", "row", "value"]].values.tolist()
    in_cells = [["warning", "unseen", "id", 3, "1"], ["warning", "unseen", "kind", 3, "1"]]
    assert [t for t in told if t[3] == 3] == in_cells
    assert all(rule == "unseen" for rule in found["rule"])


def test_an_id_that_only_looks_like_another_comes_again(tmp_path: Path) -> None:
    path = save_csv(tmp_path / "a", [HEAD, ["a1", "甲", "k", 122.1, 37.5], ["\ufeffa\u200b1", "甲", "k", 122.1, 37.5]])
    kept, found = files.read_places(path, table="communities", crs=STUDY)
    assert list(kept.index) == ["a1"]
    assert found[["rule", "row"]].values.tolist() == [["unseen", 3], ["id_again", 3]]


def test_a_whole_column_is_told_in_one_line_with_its_first_rows(tmp_path: Path) -> None:
    path = save_csv(tmp_path / "a", [HEAD, *([f"\u200b{i}", "甲", "k", 122.1, 37.5] for i in range(40))])
    table = files.read_table(path)
    told = table.findings.to_dict("records")
    assert [(t["rule"], t["value"], t["detail"]) for t in told] == [("unseen", "40", "2, 3, 4, 5, 6 …")]
    assert "40 cells held invisible characters" in finding_sentences(table.findings, "en").iloc[0]


def test_wide_blanks_at_an_edge_are_taken_off_and_noted(tmp_path: Path) -> None:
    table = files.read_table(save_csv(tmp_path / "a", [HEAD, ["a1", "\u3000甲\u00a0", "k", 122.1, 37.5]]))
    assert table.frame["name"].tolist() == ["甲"]
    assert table.findings[["severity", "rule", "column"]].values.tolist() == [["note", "wide_blanks", "name"]]


def test_plain_blanks_line_ends_and_joined_names_are_not_told(tmp_path: Path) -> None:
    table = files.read_table(save_csv(tmp_path / "a", [HEAD, [" a1 ", "甲 乙", "a\tb", 122.1, 37.5]]))
    assert table.findings.empty and table.frame["id"].tolist() == ["a1"]


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "parquet"])
def test_layers_are_cleaned_alike(tmp_path: Path, suffix: str) -> None:
    spots = [Point(122.1, 37.5), Point(122.2, 37.5)]
    layer = gpd.GeoDataFrame({"id": ["a1", "a\u200b1"], "name": ["甲", "乙"]}, geometry=spots, crs=4326)
    path = tmp_path / f"a.{suffix}"
    layer.to_parquet(path) if suffix == "parquet" else layer.to_file(path)
    kept, found = files.read_places(path, table="communities", crs=STUDY)
    assert list(kept.index) == ["a1"]
    assert found[["rule", "row"]].values.tolist() == [["unseen", 2], ["id_again", 2]]


def test_the_name_of_a_property_is_what_one_sees(tmp_path: Path) -> None:
    shape = {"type": "Point", "coordinates": [122.1, 37.5]}
    one = {"type": "Feature", "properties": {"id\u200b": "a", "\ufeffname": "甲"}, "geometry": shape}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [one]}), encoding="utf-8")
    kept, found = files.read_places(tmp_path / "a.geojson", table="communities", crs=STUDY)
    assert list(kept.index) == ["a"] and kept["name"].tolist() == ["甲"]
    assert found["rule"].tolist() == ["unseen_name"] * 2
