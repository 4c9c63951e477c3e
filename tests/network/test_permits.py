"""Access in a user's table: words for open, for ends only and for closed, in walk, drive and cycle."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from quarterhour.base.findings import finding_sentences
from quarterhour.base.i18n import LANGUAGES
from quarterhour.io.osm.access import access_columns
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.roads import as_roads

CRS = "EPSG:32651"


def read(**columns: Any) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Four streets of 100 m in a row."""
    lines = [LineString([(x, 0), (x + 100, 0)]) for x in range(0, 400, 100)]
    frame = gpd.GeoDataFrame({"highway": "residential"}, geometry=lines, crs=CRS, index=list("abcd"))
    roads, found = as_roads(frame.assign(**columns), crs=CRS)
    for lang in LANGUAGES:
        assert finding_sentences(found, lang).str.len().gt(10).all()
    return roads, found


@pytest.mark.parametrize(
    ("said", "open_", "ends"),
    [
        (["yes", "private", "no", ""], [1, 1, 0, 1], [0, 1, 0, 0]),
        (["是", "内部", "禁行", None], [1, 1, 0, 1], [0, 1, 0, 0]),
        ([True, True, False, True], [1, 1, 0, 1], None),
        (["T", "T", "F", "T"], [1, 1, 0, 1], None),
        ([1, 1.0, 0, np.nan], [1, 1, 0, 1], None),
        (["permissive", "no;destination", "emergency", "unknown"], [1, 1, 0, 1], [0, 1, 0, 0]),
    ],
)
def test_a_column_of_access_has_three_values(said: list[Any], open_: list[int], ends: list[int] | None) -> None:
    roads, found = read(walk=pd.Series(said, index=list("abcd"), dtype=object))
    assert roads["walk"].tolist() == [bool(v) for v in open_]
    assert ("walk_ends" in roads) == (ends is not None)
    if ends is None:
        assert found.empty
        return
    assert roads["walk_ends"].tolist() == [bool(v) for v in ends]
    assert found[["rule", "severity", "value", "column"]].to_numpy().tolist() == [
        ["roads.access_ends", "note", "1", "walk"]
    ]
    assert found["detail"].iloc[0].endswith("(1)")
    used = [bool(e) for o, e in zip(open_, ends, strict=True) if o]
    assert build_network(roads, read_modes()["walk"]).ends_only.tolist() == used


def test_words_of_vehicles_are_read_by_column() -> None:
    roads, _ = read(walk="bus;foot", drive="bus;foot", cycle="bus;foot")
    assert roads[["walk", "drive", "cycle"]].iloc[0].tolist() == [True, False, False]


def test_dismount_is_pushed_and_told() -> None:
    roads, found = read(cycle=["yes", "dismount", "dismount", "no"])
    assert (roads["cycle"].tolist(), roads["cycle_pushed"].tolist()) == (
        [True] * 3 + [False],
        [False, True, True, False],
    )
    assert found[["rule", "value"]].to_numpy().tolist() == [["roads.access_pushed", "2"]]
    net = build_network(roads, read_modes()["ebike"])
    assert net.forward_cs.tolist() == [2400, 10_000, 10_000]


@pytest.mark.parametrize(
    ("said", "pushed"), [("推行", True), ("no; Dismount", True), ("dismount；yes", False), ("private;dismount", False)]
)
def test_who_may_ride_besides_does_not_push(said: str, pushed: bool) -> None:
    """As the same words are read in OpenStreetMap."""
    roads, _ = read(cycle=["yes", said, "yes", "yes"])
    assert ("cycle_pushed" in roads and bool(roads["cycle_pushed"].iloc[1])) == pushed
    assert bool(access_columns({"highway": "residential", "bicycle": said})["cycle_pushed"]) == pushed


def test_lists_of_chinese_tables_are_split() -> None:
    roads, found = read(drive="凭证；公交", walk="公交、行人")
    assert roads["drive_ends"].all() and roads["walk"].all() and "walk_ends" not in roads
    assert set(found["rule"]) == {"roads.access_ends"}


def test_what_nobody_understands_is_open_and_told() -> None:
    roads, found = read(drive=["yes", "maybe", "maybe", "no"])
    assert roads["drive"].tolist() == [True, True, True, False]
    assert found[["rule", "severity", "id", "column"]].to_numpy().tolist() == [
        ["roads.odd_access", "warning", "drive", "maybe (2)"]
    ]


def test_columns_of_their_own_are_carried_on() -> None:
    roads, found = read(
        walk_ends=["yes", "no", None, True], cycle_allowed=[1, 0, 0, 1], oneway_foot=["yes", "", "-1", "no"]
    )
    assert roads["walk_ends"].tolist() == [True, False, False, True]
    assert roads["cycle_allowed"].tolist() == [True, False, False, True]
    assert roads["oneway_foot"].tolist() == [1, 0, -1, 0]
    assert found.empty
    net = build_network(roads, read_modes()["walk"])
    assert net.ends_only.tolist() == [True, False, False, True]
    assert [(f > 0, b > 0) for f, b in zip(net.forward_cs, net.backward_cs, strict=True)] == [
        (True, False), (True, True), (False, True), (True, True),
    ]  # fmt: skip
    both, _ = read(walk=["private", "yes", "yes", "no"], walk_ends=[False, True, False, False])
    assert both["walk_ends"].tolist() == [True, True, False, False]


def test_a_general_column_of_access_speaks_where_the_own_one_is_blank() -> None:
    general = ["private", "no", None, "customers"]
    roads, found = read(access=general)
    for who in ("walk", "cycle", "drive"):
        assert roads[who].tolist() == [True, False, True, True]
        assert roads[f"{who}_ends"].tolist() == [True, False, False, True]
    assert found[["rule", "column", "detail"]].to_numpy().tolist() == [
        ["roads.access_ends", "access", "private (1), customers (1)"]
    ]
    roads, _ = read(access=general, walk=["", "yes", "no", None])
    assert roads["walk"].tolist() == [True, True, False, True]
    assert roads["walk_ends"].tolist() == [True, False, False, True]
    assert roads["drive"].tolist() == [True, False, True, True]


def test_a_word_of_access_that_nobody_knows_is_open_and_told_once() -> None:
    roads, found = read(access=["?", "", "yes", "private"])
    assert roads["drive"].tolist() == [True] * 4
    assert found.loc[found["rule"] == "roads.odd_access", ["id", "column"]].to_numpy().tolist() == [["access", "? (1)"]]
