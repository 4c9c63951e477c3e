"""Roads that an earlier run has read: taken where nothing they depend on differs, the same to the bit."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import rasterio.shutil

import quarterhour as qh
from quarterhour.base.errors import WriteError
from quarterhour.io import osm
from quarterhour.io.network_store import table_key
from quarterhour.network.roads import as_roads
from quarterhour.network.roads.topology import measure_topology
from quarterhour.study import run
from quarterhour.study.reading import roads as reading
from quarterhour.study.reading.kept_roads import FOLDER, KeptRoads
from study.test_osm_study import on_osm, write_town

TABLES = ("roads", "turns", "communities", "facilities", "findings", "road_doubts", "quality", "used", "account")
OWN = 'path = "town.osm"\n\nquality = "synthetic"'
CHANGES: dict[str, tuple[str, str, str]] = {
    "the extract": ("town.osm", "residential", "tertiary"),
    "a place of the extract": ("town.osm", 'v="药店"', 'v="药房"'),
    "how near roads meet": ("study.toml", OWN, f"{OWN}\njoin_m = 2"),
    "whether turns are obeyed": ("study.toml", OWN, f"{OWN}\nturns = false"),
    "the quality of the roads": ("study.toml", OWN, OWN.replace("synthetic", "estimated")),
    "the study's CRS": ("study.toml", "EPSG:32651", "EPSG:4550"),
}
"""All that roads hang on, and one thing that the extract holds beside."""


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, old
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def asked(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[qh.Inputs, list[str]]]:
    """The tables of a study on an extract, with what of its roads was read or weighed for them."""
    on_osm(toy_study)
    done: list[str] = []
    of_extract = osm.read_osm_roads
    monkeypatch.setattr(osm, "read_osm_roads", lambda *a, **more: done.append("read") or of_extract(*a, **more))
    monkeypatch.setattr(
        reading, "measure_topology", lambda *a, **more: done.append("weighed") or measure_topology(*a, **more)
    )

    def tables(**settings: Any) -> tuple[qh.Inputs, list[str]]:
        done.clear()
        return read(toy_study, **settings), list(done)

    return tables


def read(
    home: Path, *, alone: bool = False, fresh: bool = False, tell: Callable[[str], None] = print, lang: str = "zh"
) -> qh.Inputs:
    """The tables of a study, with roads kept beside it; ``alone``: without."""
    kept = KeptRoads(home.parent / "prepared" / FOLDER, fresh, lang, tell)
    return run._study_tables(qh.read_study(home), None if alone else kept)


def same(one: qh.Inputs, other: qh.Inputs) -> None:
    for name in TABLES:
        assert table_key(getattr(one, name)) == table_key(getattr(other, name)), name
    assert str(one.roads.crs) == str(other.roads.crs)


def tables(home: Path) -> list[Path]:
    return sorted((home.parent / "prepared" / FOLDER).glob("*.arrow"))


def test_the_next_run_takes_them_and_says_the_same(asked: Callable, toy_study: Path) -> None:
    alone, _ = asked(alone=True)
    first, done = asked()
    assert done == ["read", "weighed"]
    again, done = asked()
    assert done == []
    same(alone, first)
    same(alone, again)
    assert (alone.roads_key, again.roads_key) == ("", table_key(again.roads))
    assert [f.stem for f in tables(toy_study)] == [again.roads_key]


def test_another_facility_and_another_standard_leave_them_as_they_are(asked: Callable, toy_study: Path) -> None:
    asked()
    _replace(toy_study / "study.toml", "minutes = 15", "minutes = 14")
    _, done = asked()
    assert done == []


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_they_hang_on_has_them_read_anew(what: str, asked: Callable, toy_study: Path) -> None:
    asked()
    name, old, new = CHANGES[what]
    _replace(toy_study / name, old, new)
    changed, done = asked()
    assert done[0] == "read"
    alone, _ = asked(alone=True)
    same(alone, changed)
    assert len(tables(toy_study)) == 1  # the one that no run will ask for any more is gone


def test_another_mode_has_the_same_roads_weighed_again(asked: Callable, toy_study: Path) -> None:
    asked()
    _replace(toy_study / "study.toml", 'mode = "walk"', 'mode = "walk-older"')
    _, done = asked()
    assert done == ["weighed"]


def test_a_fresh_run_reads_and_puts_them_anew(asked: Callable) -> None:
    asked()
    _, done = asked(fresh=True)
    assert done == ["read", "weighed"]
    _, done = asked()
    assert done == []


@pytest.mark.parametrize("name", ["*.arrow", "read.npz", "weighed.npz"])
@pytest.mark.parametrize("how", ["its middle", "its end", "gone", "other"])
def test_what_is_broken_is_read_anew(
    name: str, how: str, asked: Callable, toy_study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = asked()
    (file,) = (toy_study.parent / "prepared" / FOLDER).glob(name)
    held = bytearray(file.read_bytes())
    third = len(held) // 3
    held[third : 2 * third] = bytes(byte ^ 0xFF for byte in held[third : 2 * third])
    broken = {"its middle": bytes(held), "its end": file.read_bytes()[:-9], "other": b"PK\x03\x04 something else"}
    file.unlink()  # what the first run has mapped stays as it is
    if how != "gone":
        file.write_bytes(broken[how])
    with caplog.at_level(logging.INFO):
        again, done = asked()
    assert done in (["read"], ["weighed"])
    assert (how == "gone") or "不合用" in caplog.text
    same(first, again)
    _, done = asked()
    assert done == []


def test_a_folder_that_nobody_can_write_to_is_told_and_the_run_goes_on(asked: Callable, toy_study: Path) -> None:
    (toy_study.parent / "prepared").mkdir()
    (toy_study.parent / "prepared" / FOLDER).write_text("a file in its place", encoding="utf-8")
    heard: list[str] = []
    first, done = asked(tell=heard.append, lang="en")
    assert done == ["read", "weighed"]
    assert any(said.startswith("the roads could not be kept and will be read again next time") for said in heard)
    alone, _ = asked(alone=True)
    same(alone, first)


def test_a_run_that_ends_before_the_table_is_named_leaves_nothing_that_is_taken(
    asked: Callable, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> bool:
        raise WriteError("files.cannot_write", file="read.npz", detail="no space left")

    with monkeypatch.context() as now:
        now.setattr("quarterhour.study.reading.kept_roads.save_answer", full)
        first, _ = asked()
    assert len(tables(toy_study)) == 1
    again, done = asked()
    assert done == ["read", "weighed"]
    same(first, again)


def test_a_run_and_a_scenario_on_other_roads(toy_study: Path) -> None:
    study = qh.read_study(on_osm(toy_study))
    kept: dict[str, Any] = {"prepared": toy_study.parent / "prepared", "siting": False}
    alone, before = qh.run_study(study, siting=False), qh.run_study(study, **kept)
    again = qh.run_study(study, **kept)
    assert repr(alone.checks) == repr(before.checks) == repr(again.checks)
    there = qh.run_study(study.scenario(roads=gpd.GeoDataFrame(before.inputs.roads.iloc[:1])), **kept)
    assert len(there.inputs.roads) == 1
    assert repr(there.checks) != repr(before.checks)


@pytest.mark.parametrize("name", ["roads.geojson", "roads.gpkg", "roads.shp"])
def test_roads_of_any_file_are_kept_with_what_lies_beside_it(
    name: str, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads = gpd.read_file(toy_study / "roads.geojson")
    if name != "roads.geojson":
        roads.to_file(toy_study / name)
        _replace(toy_study / "study.toml", "roads.geojson", name)
        (toy_study / "roads.geojson").unlink()
    done: list[str] = []
    monkeypatch.setattr(reading, "as_roads", lambda *a, **more: done.append("read") or as_roads(*a, **more))
    first, again = read(toy_study), read(toy_study)
    assert done == ["read"]
    same(first, again)
    if name == "roads.shp":  # the classes stand in the file beside
        before = (toy_study / "roads.shp").read_bytes()
        kinds = next(c for c in roads if c in ("highway", "road_class"))
        roads.assign(**{kinds: "primary"}).to_file(toy_study / name)
        assert (toy_study / "roads.shp").read_bytes() == before
        changed = read(toy_study)
        assert done == ["read", "read"]
        assert set(changed.roads["road_class"]) == {"primary"}


def test_what_a_database_has_not_yet_written_into_its_file_counts(toy_study: Path) -> None:
    gpd.read_file(toy_study / "roads.geojson").to_file(toy_study / "roads.gpkg")
    _replace(toy_study / "study.toml", "roads.geojson", "roads.gpkg")
    file = toy_study / "roads.gpkg"
    first = read(toy_study)
    with contextlib.closing(sqlite3.connect(file)) as held:
        held.execute("PRAGMA journal_mode=WAL")
        held.execute("PRAGMA wal_autocheckpoint=0")
        at_rest = file.read_bytes()
        held.execute("DELETE FROM gpkg_ogr_contents")
        held.execute("DROP TABLE IF EXISTS rtree_roads_geom")
        held.execute("DELETE FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'")
        for (name,) in held.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            held.execute(f'DROP TRIGGER "{name}"')
        held.execute("DELETE FROM roads WHERE fid = (SELECT max(fid) FROM roads)")
        held.commit()
        assert file.read_bytes() == at_rest
        again = read(toy_study)
    assert len(again.roads) == len(first.roads) - 1


def test_a_part_of_an_extract_is_kept_as_that_part(toy_study: Path) -> None:
    file = on_osm(toy_study) / "study.toml"
    one = read(toy_study)
    _replace(file, 'path = "town.osm"\n\n', 'path = "town.osm"\narea = "all"\n\n')
    whole = read(toy_study)
    assert len(whole.roads) == len(one.roads) + 1
    write_town(toy_study)
    again = read(toy_study)
    pd.testing.assert_frame_equal(pd.DataFrame(again.roads), pd.DataFrame(whole.roads))


def test_edited_roads_are_others_than_those_that_were_read(toy_study: Path) -> None:
    study, kept = qh.read_study(toy_study), {"prepared": toy_study.parent / "prepared"}
    before = qh.run_study(study, siting=False, **kept)
    assert before.inputs.roads_key == ""  # whoever holds the tables can put others in their place
    cut = replace(before.inputs, roads=gpd.GeoDataFrame(before.inputs.roads.iloc[:1]))
    alone = qh.run_study(qh.read_study(toy_study), siting=False, tables=cut)
    for after in (qh.run_study(study, siting=False, tables=cut, **kept), qh.run_study(study, siting=False, tables=cut)):
        assert repr(after.checks) == repr(alone.checks) != repr(before.checks)
    named = replace(cut, roads_key=table_key(before.inputs.roads))
    assert repr(qh.run_study(study, siting=False, tables=named, **kept).checks) == repr(alone.checks)


@pytest.mark.parametrize("name", ["dem.tif", "dem.vrt"])
def test_elevations_that_lie_in_other_files_have_roads_read_each_time(
    name: str, asked: Callable, toy_study: Path
) -> None:
    put_grid(toy_study / "dem.tif", 0.0)
    if name == "dem.vrt":
        rasterio.shutil.copy(toy_study / "dem.tif", toy_study / name, driver="VRT")
    _replace(toy_study / "study.toml", OWN, f'{OWN}\nelevation = "{name}"')
    flat, _ = asked()
    put_grid(toy_study / "dem.tif", 10.0)
    steep, done = asked()
    assert done[0] == "read"
    rise = ["climb_m", "drop_m"]
    assert steep.roads[rise].to_numpy().max() > flat.roads[rise].to_numpy().max() == 0


def put_grid(path: Path, rise: float) -> None:
    """Elevations around the street that rise by so many metres a cell to the east."""
    west, south, east, north = 121.0, 36.9, 124.6, 38.0
    cells = np.tile(np.arange(200, dtype="float32") * rise, (100, 1))
    where = rasterio.Affine((east - west) / 200, 0, west, 0, (south - north) / 100, north)
    told = {"driver": "GTiff", "width": 200, "height": 100, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=where, **told) as grid:
        grid.write(cells, 1)


def test_what_datums_are_moved_by_counts(asked: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked()
    monkeypatch.setattr("pyproj.network.is_network_enabled", lambda: True)
    _, done = asked()
    assert done[0] == "read"


def test_a_table_that_cannot_be_opened_is_read_anew(asked: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = asked()

    def refused(*_: object) -> int:
        raise PermissionError(13, "another account")

    with monkeypatch.context() as now:
        now.setattr("quarterhour.io.answer_store.table._sum", refused)
        again, done = asked(tell=lambda _: None)
    assert done[0] == "read"
    same(first, again)


def test_a_key_that_is_written_out_is_another_word_than_one_left_out(asked: Callable, toy_study: Path) -> None:
    asked()
    _replace(toy_study / "study.toml", OWN, f"{OWN}\nturns = true")
    _, done = asked()
    assert done[0] == "read"


def test_a_quick_answer_takes_roads_networks_and_rows_of_the_session_before(
    toy_study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept: dict[str, Any] = {"prepared": on_osm(toy_study).parent / "prepared", "circles_only": True}
    alone = qh.run_study(qh.read_study(toy_study), circles_only=True)
    first = qh.run_study(qh.read_study(toy_study), **kept)
    with caplog.at_level(logging.INFO):
        study = qh.read_study(toy_study)
        again = qh.run_study(study, **kept)
    assert caplog.text.count("直接取用") == 3  # the roads, and two networks
    assert repr(alone.checks) == repr(first.checks) == repr(again.checks)
    closed = study.scenario(close=[str(again.inputs.facilities.index[0])])
    here = qh.run_study(qh.read_study(toy_study).scenario(close=closed.changes.closed), circles_only=True)
    assert repr(qh.run_study(closed, **kept).checks) == repr(here.checks) != repr(alone.checks)
    assert list((toy_study.parent / "prepared" / "travel.tiles").glob("*.npz"))
