"""How much the program takes of one thing: asked before it is unpacked, told with its name, raised by who has more."""

from __future__ import annotations

import base64
import bz2
import gzip
import tomllib
import zlib
from importlib import resources
from pathlib import Path

import pytest

from quarterhour.base import i18n, limits
from quarterhour.base.errors import DataError
from quarterhour.base.limits.inflate import check_packed, check_unpacked, inflate

SERVICES = {"answer_bytes", "geocoder_bytes", "retry_after_seconds"}
"""Limits that the services' own sentences tell."""


def test_every_limit_is_whole_has_a_reason_and_a_name_in_both_languages() -> None:
    text = (resources.files("quarterhour") / "data" / "limits.toml").read_text(encoding="utf-8")
    for line in filter(lambda line: "=" in line.partition("#")[0], text.splitlines()):
        assert len(line.partition("#")[2]) > 20, line
    assert tomllib.loads(text) == dict(limits.limits())
    assert all(isinstance(most, int) and most > 0 for most in limits.limits().values())
    assert set(i18n.names_on("limits")) == {"too_much", *limits.limits()} - SERVICES


def test_every_limit_stands_in_the_page_on_the_study_file(root: Path) -> None:
    page = (root / "docs" / "study_file.md").read_text(encoding="utf-8")
    assert [name for name in limits.limits() if f"`{name}`" not in page] == []


def test_what_is_beyond_a_limit_is_told_with_how_to_raise_it() -> None:
    with pytest.raises(
        DataError, match=r"'a\.csv': the number of its columns is 5,000; at most 4,096 .* larger table_co"
    ):
        limits.check("table_columns", 5_000, of="a.csv")
    limits.check("table_columns", 4_096, of="a.csv")


def test_limits_are_raised_within_and_as_they_were_after() -> None:
    with limits.raised({"table_columns": 9_000}):
        with limits.raised({"sheet_cells": 7}):
            assert (limits.limit("table_columns"), limits.limit("sheet_cells")) == (9_000, 7)
        limits.check("table_columns", 5_000, of="a.csv")
    assert limits.limit("table_columns") == limits.limits()["table_columns"]
    with pytest.raises(KeyError, match="colums"), limits.raised({"colums": 1}):
        pass


def test_packed_bytes_are_unpacked_up_to_the_limit() -> None:
    with limits.raised({"plan_unpacked_bytes": 10}):
        assert inflate(zlib.compress(b"0123456789"), "plan_unpacked_bytes", of="x") == b"0123456789"
        with pytest.raises(DataError, match="> 10"):
            inflate(zlib.compress(b"0" * 1_000_000), "plan_unpacked_bytes", of="x")
    with pytest.raises(zlib.error):
        inflate(zlib.compress(b"0123456789")[:-3], "plan_unpacked_bytes", of="x")


def test_packed_texts_are_weighed_together() -> None:
    text = base64.b64encode(zlib.compress(b"0" * 600)).decode()
    with limits.raised({"plan_unpacked_bytes": 1_000}):
        check_packed({"a": [text], "b": 7, "c": "no base64 村", "d": text[:9]}, "plan_unpacked_bytes", of="x")
        with pytest.raises(DataError, match="> 1,000"):
            check_packed({"a": [text], "b": {"c": text}}, "plan_unpacked_bytes", of="x")


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_packed_file_is_counted_and_a_broken_one_left_to_its_reader(
    tmp_path: Path, suffix: str, pack: object
) -> None:
    assert callable(pack)
    file = tmp_path / f"a.osm{suffix}"
    file.write_bytes(pack(b"0" * 200_000))
    with limits.raised({"osm_bytes": 200_000}):
        check_unpacked(file, "osm_bytes")
    with limits.raised({"osm_bytes": 100_000}), pytest.raises(DataError, match="> 100,000"):
        check_unpacked(file, "osm_bytes")
    file.write_bytes(b"no such thing" * 100)
    with limits.raised({"osm_bytes": 1}):
        check_unpacked(file, "osm_bytes")
