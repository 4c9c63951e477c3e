"""Layers in parts: every row once, one schema a layer, read back as one table."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.report.layers import parts
from quarterhour.report.layers.parts import write_parts


def points(count: int) -> gpd.GeoDataFrame:
    county = ["371002", "371083", "", "../../x", "371002"]
    return gpd.GeoDataFrame(
        {
            "name": [f"村{k}" for k in range(count)],
            "county": [county[k % 5] for k in range(count)],
            "met": [None if k % 5 == 1 else k % 2 for k in range(count)],
            "odd": [k if k % 2 else "text" for k in range(count)],
        },
        index=pd.Index([f"c{k}" for k in range(count)], name="id"),
        geometry=shapely.points(np.arange(count) + 4e5, np.arange(count) + 4e6),
        crs="EPSG:32651",
    )


def test_every_row_is_in_the_part_of_its_county(tmp_path: Path) -> None:
    given = points(23)
    write_parts(tmp_path / "layers", {"communities": given})
    made = sorted(p.name for p in (tmp_path / "layers" / "communities").iterdir())
    assert made == ["371002.parquet", "371083.parquet", "rest.parquet", "x.parquet"]
    assert gpd.read_parquet(tmp_path / "layers" / "communities" / "371083.parquet")["id"].tolist() == [
        "c1", "c6", "c11", "c16", "c21",
    ]  # fmt: skip
    whole = gpd.read_parquet(tmp_path / "layers" / "communities").set_index("id").loc[given.index]
    assert whole.crs == given.crs and whole.geometry.geom_equals(given.geometry).all()
    assert whole["name"].tolist() == given["name"].tolist()
    assert whole["odd"].tolist() == [str(value) for value in given["odd"]]
    assert (whole["met"].isna() == given["met"].isna()).all()


def test_a_layer_without_counties_is_cut_by_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROWS_A_PART", 10)
    given = points(23).drop(columns="county")
    write_parts(tmp_path, {"roads": given})
    assert [len(gpd.read_parquet(p)) for p in sorted((tmp_path / "roads").iterdir())] == [10, 10, 3]
    assert gpd.read_parquet(tmp_path / "roads")["id"].tolist() == given.index.tolist()


def test_the_same_layers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_parts(tmp_path / name, {"communities": points(23)})
    one, two = ([p.read_bytes() for p in sorted((tmp_path / n).rglob("*.parquet"))] for n in ("one", "two"))
    assert one == two and len(one) == 4


def test_a_study_that_asks_for_parts_hands_them_in(toy_study: Path, tmp_path: Path) -> None:
    study = qh.read_study(toy_study).scenario(settings={"outputs.extra": ["parquet"]})
    results = qh.run_study(study, siting=False)
    written = qh.write_results(results, tmp_path / "out")
    assert tmp_path / "out" / "layers" in written
    there = gpd.read_parquet(tmp_path / "out" / "layers" / "communities")
    in_one = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="communities")
    assert sorted(there["id"].astype(str)) == sorted(in_one["id"].astype(str)) and set(there) == set(in_one)
    manifest = (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")
    assert '"layers/communities/' in manifest
