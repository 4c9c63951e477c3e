"""Layers as GeoParquet by county: what goes in comes out, the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest

import quarterhour as qh
from quarterhour.report.layers import partitions
from quarterhour.testing import small_study

CRS = "EPSG:32651"


def layer(**columns: list[object]) -> gpd.GeoDataFrame:
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(range(count), range(count)), crs=CRS).rename_axis("id")


def test_rows_lie_in_the_file_of_their_county_and_none_is_lost(tmp_path: Path) -> None:
    given = layer(county=["b", "a", "", "b", "甲/乙"], older=[5, 4, 3, 2, 1], mixed=[1, "x", None, 2.5, ""])
    partitions.write_partitions(tmp_path, {"communities": given})
    names = {p.name for p in (tmp_path / "communities").iterdir()}
    assert names == {"a.parquet", "b.parquet", "no-county.parquet", "%E7%94%B2%2F%E4%B9%99.parquet"}
    found = gpd.read_parquet(tmp_path / "communities")
    assert sorted(found["id"]) == [0, 1, 2, 3, 4] and found.crs == CRS
    by_id = found.set_index("id").loc[range(5)]
    assert by_id.geometry.geom_equals(given.geometry).all()
    assert by_id["older"].tolist() == [5, 4, 3, 2, 1]
    assert by_id["mixed"].fillna("").tolist() == ["1", "x", "", "2.5", ""]
    assert by_id["county"].fillna("").tolist() == ["b", "a", "", "b", "甲/乙"]


def test_a_layer_without_counties_is_cut_into_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_ROWS", 2)
    partitions.write_partitions(tmp_path, {"roads": layer(road_class=["a", "b", "c"])})
    assert sorted(p.name for p in (tmp_path / "roads").iterdir()) == ["part-0.parquet", "part-1.parquet"]
    assert gpd.read_parquet(tmp_path / "roads")["road_class"].tolist() == ["a", "b", "c"]


def test_a_run_writes_them_where_it_is_asked(tmp_path: Path) -> None:
    study = small_study(tmp_path / "study")
    file = Path(study) if Path(study).is_file() else Path(study) / "study.toml"
    file.write_text(file.read_text("utf-8").replace("papers = false", 'papers = false\nextra = ["parquet"]'), "utf-8")
    results = qh.run_study(qh.read_study(file))
    for out in ("one", "two"):
        qh.write_results(results, tmp_path / out, lang="en")
    one, two = (
        {p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out / "layers").rglob("*.parquet")}
        for out in ("one", "two")
    )
    assert one == two and {path.parts[1] for path in one} == {
        "communities",
        "facilities",
        "roads",
        "sites",
        "candidates",
    }
    listed = set(json.loads((tmp_path / "one" / "manifest.json").read_text("utf-8"))["files"])
    assert {path.as_posix() for path in one} <= listed
    assert len(gpd.read_parquet(tmp_path / "one" / "layers" / "communities")) == 3
