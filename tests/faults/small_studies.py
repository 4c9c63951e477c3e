"""Small studies over a few streets of two real road networks, with two questions each."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

import quarterhour as qh

STUDY = """
[study]
id = "{name}"
zh = "{name}"
en = "{name}"
crs = "{crs}"
reference_date = 2025-12-31
seed = 1

[roads]
path = "roads.gpkg"
quality = "fact"

[outputs]
papers = false
extra = ["od"]

[communities]
path = "communities.csv"
columns = {{ id = "id", name = "id", x = "x", y = "y", town = "town", county = "county" }}
people = ["older"]
crs = "{crs}"
quality = "synthetic"

[[facilities]]
path = "facilities.csv"
columns = {{ id = "id", name = "id", kind = "kind", x = "x", y = "y" }}
crs = "{crs}"
quality = "synthetic"

[[circles]]
id = "care"
zh = "圈"
en = "circle"
kinds = ["day_care"]
mode = "walk"
minutes = {minutes}
heading = "to_site"
people = "older"

[[siting]]
id = "{question}"
zh = "选址"
en = "sites"
kind = "day_care"
mode = "walk"
minutes = {minutes}
people = "older"
new_sites = 2
candidates = "communities"
"""
_KM = 1.2
QUESTIONS = {"wide": 10, "near": 4}
"""By question its minutes: two runs into one folder that differ in every file."""


def liechtenstein(shared: Path, folder: Path) -> Path:
    """The middle of Vaduz."""
    crs = "EPSG:32632"
    roads, _ = qh.read_osm_roads(shared / "osm" / "liechtenstein.osm.pbf", crs=crs, bbox=(9.515, 47.135, 9.53, 47.145))
    kept = roads.loc[roads["walk"], ["road_class", "geometry"]].rename(columns={"road_class": "highway"})
    return _study(folder, "liechtenstein", kept, crs)


def wuhan(shared: Path, folder: Path) -> Path:
    """The middle of the network."""
    crs = "EPSG:32650"
    roads = gpd.read_parquet(shared / "roads" / "wuhan_8989_simplified.parquet").to_crs(crs)
    return _study(folder, "wuhan", roads[["highway", "geometry"]], crs)


def _study(folder: Path, name: str, roads: gpd.GeoDataFrame, crs: str) -> Path:
    """A folder for each question, ``folder / question``."""
    middle = shapely.Point(*np.median(shapely.get_coordinates(roads.geometry.to_numpy()), axis=0))
    box = middle.buffer(1000 * _KM, cap_style="square")
    near = roads[roads.within(box)].reset_index(drop=True)
    assert len(near) > 20, "the roads of the test have moved"
    ends = shapely.get_coordinates(shapely.get_point(near.geometry.to_numpy(), 0))
    drawn = np.random.default_rng(1).choice(len(ends), 14, replace=False)
    for question, minutes in QUESTIONS.items():
        home = folder / question
        home.mkdir(parents=True)
        near.to_file(home / "roads.gpkg", driver="GPKG")
        rows = [f"c{i},{x:.1f},{y:.1f},t{i % 2},k,{10 + i}\n" for i, (x, y) in enumerate(ends[drawn[:12]])]
        (home / "communities.csv").write_text("id,x,y,town,county,older\n" + "".join(rows), encoding="utf-8")
        rows = [f"f{i},day_care,{x:.1f},{y:.1f}\n" for i, (x, y) in enumerate(ends[drawn[12:]])]
        (home / "facilities.csv").write_text("id,kind,x,y\n" + "".join(rows), encoding="utf-8")
        text = STUDY.format(name=name, crs=crs, minutes=minutes, question=question)
        (home / "study.toml").write_text(text, encoding="utf-8")
    return folder
