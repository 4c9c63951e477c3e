"""Roads of an extract that an earlier run has read: taken where nothing they depend on differs, the same to the bit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import WriteError
from quarterhour.io import osm
from quarterhour.io.network_store import table_key
from quarterhour.network.roads.topology import measure_topology
from quarterhour.study.reading import roads as reading
from quarterhour.study.reading.kept_roads import FOLDER
from study.test_osm_study import on_osm, write_town

TABLES = ("roads", "turns", "communities", "facilities", "findings", "road_doubts", "quality", "used", "account")
CHANGES: dict[str, Callable[[Path], None]] = {
    "the extract": lambda home: _replace(home / "town.osm", "residential", "tertiary"),
    "a place of the extract": lambda home: _replace(home / "town.osm", 'v="药店"', 'v="药房"'),
    "how near roads meet": lambda home: _replace(home / "study.toml", 'path = "town.osm"\n\n', 'path = "town.osm"\njoin_m = 2\n\n'),
    "whether turns are obeyed": lambda home: _replace(home / "study.toml", 'path = "town.osm"\n\n', 'path = "town.osm"\nturns = false\n\n'),
    "the quality of the roads": lambda home: _replace(home / "study.toml", 'path = "town.osm"\n\nquality = "synthetic"', 'path = "town.osm"\nquality = "estimated"'),
    "the study's CRS": lambda home: _replace(home / "study.toml", "EPSG:32651", "EPSG:4550"),
}  # fmt: skip
"""All that roads hang on, and one thing that the extract holds beside."""


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, old
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def asked(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[qh.Results, list[str]]]:
    """A run of a study on an extract, with what of its roads was read or weighed in it."""
    on_osm(toy_study)
    done: list[str] = []
    of_extract = osm.read_osm_roads
    monkeypatch.setattr(osm, "read_osm_roads", lambda *a, **more: done.append("read") or of_extract(*a, **more))
    monkeypatch.setattr(
        reading, "measure_topology", lambda *a, **more: done.append("weighed") or measure_topology(*a, **more)
    )

    def run(**settings: object) -> tuple[qh.Results, list[str]]:
        done.clear()
        settings = {"prepared": toy_study.parent / "prepared", "siting": False, **settings}
        return qh.run_study(qh.read_study(toy_study), **settings), list(done)  # type: ignore[arg-type]

    return run


def same(one: qh.Results, other: qh.Results, *, but: tuple[str, ...] = ()) -> None:
    for name in TABLES:
        if name not in but:
            assert table_key(getattr(one.inputs, name)) == table_key(getattr(other.inputs, name)), name
    assert str(one.inputs.roads.crs) == str(other.inputs.roads.crs)
    assert repr(one.checks) == repr(other.checks)


def tables(home: Path) -> list[Path]:
    return sorted((home.parent / "prepared" / FOLDER).glob("*.arrow"))


def test_the_next_run_takes_them_and_says_the_same(asked: Callable, toy_study: Path) -> None:
    alone, _ = asked(prepared=None)
    first, done = asked()
    assert done == ["read", "weighed"]
    again, done = asked()
    assert done == []
    same(alone, first)
    same(alone, again)
    assert (alone.inputs.roads_key, again.inputs.roads_key) == ("", table_key(again.inputs.roads))
    assert [f.stem for f in tables(toy_study)] == [again.inputs.roads_key]


def test_another_facility_and_another_standard_leave_them_as_they_are(asked: Callable, toy_study: Path) -> None:
    asked()
    _replace(toy_study / "study.toml", "minutes = 15", "minutes = 14")
    _, done = asked()
    assert done == []


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_they_hang_on_has_them_read_anew(what: str, asked: Callable, toy_study: Path) -> None:
    asked()
    CHANGES[what](toy_study)
    changed, done = asked()
    assert done[0] == "read"
    alone, _ = asked(prepared=None)
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
    first, done = asked(tell=lambda said, *_: heard.append(said), lang="en")
    assert done == ["read", "weighed"]
    assert any(said.startswith("the roads could not be kept and will be read again next time") for said in heard)
    alone, _ = asked(prepared=None)
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


def test_a_scenario_on_other_roads_has_nothing_of_them(toy_study: Path) -> None:
    study = qh.read_study(on_osm(toy_study))
    kept = {"prepared": toy_study.parent / "prepared", "siting": False}
    before = qh.run_study(study, **kept)  # type: ignore[arg-type]
    roads = before.inputs.roads.iloc[:1]
    there = qh.run_study(study.scenario(roads=gpd.GeoDataFrame(roads)), **kept)  # type: ignore[arg-type]
    assert (len(there.inputs.roads), there.inputs.roads_key) == (1, "")
    assert before.inputs.roads_key
    assert repr(there.checks) != repr(before.checks)


def test_roads_of_other_files_are_read_each_time(toy_study: Path) -> None:
    found = qh.run_study(qh.read_study(toy_study), siting=False, prepared=toy_study.parent / "prepared")
    assert not found.inputs.roads_key
    assert not (toy_study.parent / "prepared" / FOLDER).exists()


def test_a_part_of_an_extract_is_kept_as_that_part(toy_study: Path) -> None:
    file = on_osm(toy_study) / "study.toml"
    prepared = toy_study.parent / "prepared"
    one = qh.run_study(qh.read_study(toy_study), siting=False, prepared=prepared)
    _replace(file, 'path = "town.osm"\n\n', 'path = "town.osm"\narea = "all"\n\n')
    whole = qh.run_study(qh.read_study(toy_study), siting=False, prepared=prepared)
    assert len(whole.inputs.roads) == len(one.inputs.roads) + 1
    write_town(toy_study)
    again = qh.run_study(qh.read_study(toy_study), siting=False, prepared=prepared)
    pd.testing.assert_frame_equal(pd.DataFrame(again.inputs.roads), pd.DataFrame(whole.inputs.roads))
