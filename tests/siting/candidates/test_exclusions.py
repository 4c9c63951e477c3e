"""Lawful parcels: every rule that speaks against one, measured; the smallest relaxation, run again."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from shapely import LineString, Point, box

from quarterhour.siting.candidates.exclusions import candidate_relaxations, lawful_candidates, not_excluding
from quarterhour.standards.rules import Exclusion
from repeatable import examples

CRS = "EPSG:32651"
WATER = Exclusion("water", "水", "water", "water", 2000, ("town_cemetery",), clause="w")
HOMES = Exclusion("homes", "居", "homes", "homes", 500, ("town_cemetery",), clause="h")
TRUNK = Exclusion("trunk", "路", "trunk", "roads", 500, ("town_cemetery",), road_classes=("trunk",), clause="t")
PARK = Exclusion("park", "园", "park", "park", 0, ("town_cemetery",), clause="p")


def places(*points: tuple[float, float], town: str | list[str] = "t", prefix: str = "p") -> gpd.GeoDataFrame:
    ids = [f"{prefix}{i}" for i in range(len(points))]
    return gpd.GeoDataFrame({"town": town}, geometry=[Point(p) for p in points], index=ids, crs=CRS)


LAYERS = {
    "water": places((0, 0), prefix="lake"),
    "homes": places((3000, 0), prefix="home"),
    "roads": gpd.GeoDataFrame({"road_class": ["trunk", "track"]}, index=["r0", "r1"], crs=CRS,
                              geometry=[LineString([(0, 5000), (9000, 5000)]), LineString([(0, 2500), (9000, 2500)])]),
    "park": gpd.GeoDataFrame(geometry=[box(8000, 0, 9000, 1000)], index=["k"], crs=CRS),
}  # fmt: skip


def test_a_parcel_that_breaks_three_rules_has_three_rows() -> None:
    """p0: 1,500 m from the lake and 1,500 from homes; p1 by all of them; p2 lawful at exactly 2,000 and 500."""
    parcels = places((1500, 0), (2800, 0), (2000, 0), (3000, 500), (1600, 4600), (8500, 500))
    found = lawful_candidates(parcels, [WATER, HOMES, TRUNK, PARK], LAYERS)
    assert list(found.kept.index) == ["p2", "p3"]
    told = [(r.candidate, r.rule, r.distance_m, r.nearest) for r in found.ledger.itertuples()]
    assert told == [
        ("p0", "water", 1500, "lake0"), ("p1", "homes", 200, "home0"), ("p4", "trunk", 400, "r0"),
        ("p5", "park", 0, "k"),
    ]  # fmt: skip
    three = lawful_candidates(
        places((100, 0)), [WATER, replace(HOMES, metres=3000), replace(TRUNK, metres=6000)], LAYERS
    )
    assert three.ledger["rule"].tolist() == ["water", "homes", "trunk"]


def test_a_rule_without_its_layer_is_not_checked_and_said() -> None:
    found = lawful_candidates(places((9000, 9000)), [replace(WATER, id="rail", layer="railways")], LAYERS)
    assert found.unchecked == ("rail",) and len(found.kept) == 1
    assert "not checked: rail" in repr(found)


def test_the_smallest_relaxation_is_named_and_run_again() -> None:
    """石岛: nothing at 2,000 m from water; one at 1,650."""
    parcels = places((1655, 0), (900, 0), (6000, 0), town=["shidao", "shidao", "other"])
    found = candidate_relaxations(parcels, [WATER, HOMES], LAYERS, areas=["shidao", "other", "none"])
    rows = found.set_index("area")
    assert rows.loc["shidao", "candidate"] == "p0" and rows.loc["shidao", "relaxed_m"] == [1650.0]
    assert rows.loc["shidao", "rules"] == ["water"] and rows.loc["shidao", "lawful"] == 1
    assert pd.isna(rows.loc["none", "candidate"]) and rows.loc["none", "of"] == 0
    assert "other" not in rows.index


def test_what_lies_inside_cannot_be_freed() -> None:
    found = candidate_relaxations(places((8500, 500)), [PARK], LAYERS, areas=["t"])
    assert found["candidate"].tolist() == [None] and found["lawful"].tolist() == [0] and found["of"].tolist() == [1]


def test_one_rule_a_little_before_two_rules() -> None:
    parcels = places((1000, 0), (2600, -1))
    tight = [WATER, replace(HOMES, metres=1900)]
    found = candidate_relaxations(parcels, tight, LAYERS, areas=["t"])
    assert found["candidate"].tolist() == ["p0"] or found["rules"].str.len().tolist() == [1]


@examples(14, 300)
@given(st.integers(0, 10_000))
def test_ledger_and_relaxations_hold_for_any_town(seed: int) -> None:
    draw = np.random.default_rng(seed)
    parcels = places(*draw.uniform(0, 6000, (5, 2)), town=list(draw.choice(["a", "b"], 5)))
    rules = [WATER, HOMES, TRUNK]
    found = lawful_candidates(parcels, rules, LAYERS)
    for rule in rules:
        layer = LAYERS[rule.layer]
        layer = layer[layer["road_class"].isin(rule.road_classes)] if rule.road_classes else layer
        metres = parcels.geometry.apply(lambda p, layer=layer: layer.distance(p).min())
        mine = found.ledger[found.ledger["rule"] == rule.id].set_index("candidate")["distance_m"]
        assert set(mine.index) == set(parcels.index[metres < rule.metres])
        assert mine.to_dict() == pytest.approx(metres[mine.index].to_dict())
    again = candidate_relaxations(parcels, rules, LAYERS, areas=["a", "b"])
    assert set(again["area"]) == {"a", "b"} - set(found.kept["town"])
    for row in again[again["candidate"].notna()].itertuples():
        least = dict(zip(row.rules, row.relaxed_m, strict=True))
        relaxed = [replace(r, metres=least.get(r.id, r.metres)) for r in rules]
        kept = lawful_candidates(parcels[parcels["town"] == row.area], relaxed, LAYERS).kept
        assert row.candidate in kept.index and len(kept) == row.lawful


# --- rules that only report -------------------------------------------------------------------------


def test_a_rule_that_only_reports_keeps_its_candidates() -> None:
    """p0 and p1 are too near water, p1 too near homes as well; as a report the homes take nothing away."""
    parcels = places((1500, 0), (2800, 0), (1990, 300))
    told = lawful_candidates(parcels, [WATER, HOMES], LAYERS, reporting=["water"])
    assert list(told.kept.index) == ["p0", "p2"]
    assert told.ledger["rule"].tolist() == ["homes"] and told.reported["candidate"].tolist() == ["p0"]
    whole = lawful_candidates(parcels, [WATER, HOMES], LAYERS)
    assert list(whole.kept.index) == ["p2"] and whole.reported.empty
    both = pd.concat([told.ledger, told.reported]).sort_values("candidate", kind="stable")
    pd.testing.assert_frame_equal(both.reset_index(drop=True), whole.ledger)


def test_rules_that_nobody_verified_only_report_unless_they_are_named() -> None:
    proven = replace(HOMES, verified=True)
    assert not_excluding([WATER, proven, TRUNK], ()) == ("water", "trunk")
    assert not_excluding([WATER, proven, TRUNK], ["trunk"]) == ("water",)
    assert not_excluding([WATER, proven, TRUNK], True) == () == not_excluding([proven], False)
