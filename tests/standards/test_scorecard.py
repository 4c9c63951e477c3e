"""The scorecard.

The toy: towns t1, t2 (county c1) and t3 (county c2); communities a, b in t1 (urban), c in t2, d in t3 (rural);
t3 has no facility at all, f9 names no town.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError
from quarterhour.standards.circle import CircleCheck, check_circle
from quarterhour.standards.rules import Circle, as_targets
from quarterhour.standards.scorecard import COLUMNS, Scorecard, closing_sentences, note_sentences, score_targets
from quarterhour.standards.targets import Target
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def communities(**columns: list[Any]) -> pd.DataFrame:
    table = {
        "name": list("ABCD"),
        "town": ["t1", "t1", "t2", "t3"],
        "county": ["c1", "c1", "c1", "c2"],
        "older": [10, 30, 60, 0],
        "class": ["urban", "urban", "rural", "rural"],
        "quality": ["fact", "fact", "estimated", "synthetic"],
    }
    return pd.DataFrame({**table, **columns}, index=pd.Index(list("abcd"), name="id"))


TOWNS = pd.DataFrame(
    {"name": ["One", "Two", "Three"], "county": ["c1", "c1", "c2"]}, index=pd.Index(["t1", "t2", "t3"], name="id")
)
COUNTIES = pd.DataFrame({"name": ["North", "South"]}, index=pd.Index(["c1", "c2"], name="id"))
FACILITIES = pd.DataFrame(
    [
        ("f1", "centre", "t1", "c1", 100, 70, "fact"),
        ("f2", "centre", "t1", "", 50, 20, "synthetic"),
        ("f3", "day", "t2", "c1", np.nan, np.nan, "fact"),
        ("f9", "day", "", "", np.nan, np.nan, "fact"),
        ("f4", "home", "t2", "c1", 50, np.nan, "fact"),
    ],
    columns=["id", "kind", "town", "county", "beds", "nursing_beds", "quality"],
).set_index("id")
FACILITIES.insert(0, "name", FACILITIES.index)
FIGURES = pd.DataFrame(
    [
        ("city", "city", "deaths", "1,000", "fact"),
        ("city", "city", "cremations", 600, "synthetic"),
        ("c1", "county", "deaths", 400, "fact"),
        ("c1", "county", "cremations", 400, "estimated"),
    ],
    columns=["area", "level", "indicator", "value", "quality"],
)
RING = Circle("ring", "圈", "ring", kinds=("day",), mode="matrix", minutes=15, heading="to_site", people="older")


def ring() -> CircleCheck:
    """Within reach of f3: b, c and d; a is too far."""
    times = times_from_matrix([[20], [15], [0], [3]], communities=list("abcd"), sites=["f3"], cutoff=30)
    return check_circle(RING, times, communities(), kinds=FACILITIES["kind"], site_quality=FACILITIES["quality"])


def target(**fields: Any) -> tuple[Target, ...]:
    row = {"id": "x", "zh": "某", "en": "x", "unit": "facilities", "threshold": 1, **fields}
    return as_targets({"target": [row]})


def score(targets: tuple[Target, ...], **changed: Any) -> Scorecard:
    ground: dict[str, Any] = {
        "communities": communities(), "towns": TOWNS, "counties": COUNTIES, "facilities": FACILITIES,
        "checks": {"ring": ring()}, "tables": {"figures": FIGURES},
    }  # fmt: skip
    return score_targets(targets, **{**ground, **changed})


def rows(targets: tuple[Target, ...], **changed: Any) -> pd.DataFrame:
    return score(targets, **changed).rows.set_index("area")


CENTRES = {"measure": "count", "kinds": ["centre"], "levels": ["town"]}


def test_an_area_without_any_is_a_row_with_zero() -> None:
    found = rows(target(**CENTRES))
    assert found["value"].to_dict() == {"t1": 2, "t2": 0, "t3": 0}
    assert found["met"].tolist() == [True, False, False]
    assert found["missing"].tolist() == [0, 1, 1]
    assert found["area_name"].tolist() == ["One", "Two", "Three"] and found["county"].tolist() == ["c1", "c1", "c2"]


def test_a_facility_without_a_county_counts_in_the_county_of_its_town() -> None:
    found = rows(target(**CENTRES | {"levels": ["county"]}))
    assert found["value"].to_dict() == {"c1": 2, "c2": 0}


def test_a_facility_of_no_known_town_is_told_where_a_town_lacks_one() -> None:
    found = rows(target(**CENTRES | {"kinds": ["day"]}))
    assert found["value"].tolist() == [0, 1, 0]
    assert found["note"].tolist() == ["scorecard.unplaced", "", "scorecard.unplaced"]
    assert "1 further facilities" in note_sentences(found, "en")["t1"]


def test_an_area_that_only_communities_name_is_an_area() -> None:
    found = rows(target(**CENTRES), towns=TOWNS.iloc[:1])
    assert list(found.index) == ["t1", "t2", "t3"] and found["county"].tolist() == ["c1", "c1", "c2"]
    none = TOWNS.iloc[:0]
    assert list(rows(target(**CENTRES), towns=none).index) == ["t1", "t2", "t3"]


def test_a_kind_that_nobody_supplied_is_no_data_and_not_zero() -> None:
    found = rows(target(**CENTRES | {"kinds": ["hospital"]}))
    assert found["met"].isna().all() and found["value"].isna().all() and len(found) == 3
    assert set(note_sentences(found, "en")) == {"no data: supply 'kind: hospital' in the table 'facilities'"}


def test_what_a_count_rests_on_is_told_also_where_there_is_none() -> None:
    found = rows(target(**CENTRES))
    assert found["synthetic_share"].tolist() == [0.5, 0.5, 0.5]


SHARE = {"measure": "circle_share", "of": "ring", "unit": "share", "threshold": 0.9}


def test_a_circles_share_is_the_share_of_the_check() -> None:
    found = rows(target(**SHARE, levels=["town", "city"]))
    assert found.loc["city", "value"] == ring().share() == 0.9
    assert found.loc["city", "met"] and found.loc["t1", "value"] == 0.75
    assert found.loc["t3", "note"] == "scorecard.nobody" and pd.isna(found.loc["t3", "met"])
    assert found.loc["city", "estimated_share"] == 0.6


def test_a_circle_by_community_says_where_nobody_lives_and_where_no_road_is() -> None:
    check = ring()
    judged = check.communities.copy()
    judged.loc["a", "reason"] = "not_snapped"
    found = rows(target(**SHARE, level="community"), checks={"ring": replace(check, communities=judged)})
    assert found["note"].tolist() == ["scorecard.not_snapped", "", "", "scorecard.nobody"]
    assert found["value"].tolist()[1:3] == [1, 1]


def test_a_circle_that_was_not_checked_is_no_data() -> None:
    found = rows(target(**SHARE, level="city"), checks={})
    assert found["needs"].tolist() == ["circles: ring"]


def test_tiers_need_the_village_point_the_towns_centre_and_the_countys_home() -> None:
    asked = target(measure="tiers", kinds=["day|happiness", "centre", "home"], of="ring", columns=["class"],
                   classes=["urban", "rural"], unit="share", levels=["community", "city"])  # fmt: skip
    # a: too far from f3; b: all three; c: no centre in t2; d: no home in c2.
    assert rows(asked)["value"].to_dict() == {"a": 0, "b": 1, "c": 0, "d": 0, "city": 0.25}
    rural = rows(tuple(replace(t, classes=("rural",)) for t in asked))
    assert rural["value"].isna().tolist() == [True, True, False, False, False]


BEDS = {"measure": "ratio", "table": "facilities", "columns": ["nursing_beds", "beds"], "unit": "share",
        "threshold": 0.6}  # fmt: skip


def test_a_ratio_of_exactly_the_threshold_is_met_and_rows_with_a_blank_are_left_out_and_told() -> None:
    found = rows(target(**BEDS, levels=["county", "city"]))
    assert found.loc["city", "value"] == 0.6 and found.loc["city", "met"]
    assert found.loc["city", "note"] == "scorecard.partial" and found.loc["city", "needs"] == "facilities: 3"
    assert pd.isna(found.loc["c2", "met"]) and found.loc["c2", "note"] == "scorecard.no_data"


def test_a_ratio_by_facility_has_a_row_a_facility() -> None:
    found = rows(target(**BEDS, kinds=["centre", "home"], level="facility"))
    assert found["value"].tolist()[:2] == [0.7, 0.4] and list(found.index) == ["f1", "f2", "f4"]


RATE = {"measure": "ratio", "table": "figures", "columns": ["cremations", "deaths"], "unit": "share", "threshold": 1}


def test_figures_are_read_by_indicator_and_level() -> None:
    found = rows(target(**RATE, levels=["county", "city"]))
    assert found.loc["city", "value"] == 0.6 and found.loc["c1", "value"] == 1
    assert found.loc["city", "missing"] == 0.4 and found.loc["city", "synthetic_share"] == 0.5
    assert found.loc["c2", "note"] == "scorecard.no_data"


def test_a_total_is_the_sum_of_its_column() -> None:
    staff = communities(workers=[1, 2, None, 0])
    asked = target(measure="total", table="communities", columns=["workers"], levels=["community", "town", "city"])
    found = rows(asked, communities=staff)
    assert found.loc["city", "value"] == 3 and found.loc["t1", "value"] == 3
    assert found.loc["d", "met"] == np.False_ and pd.isna(found.loc["c", "met"])


@pytest.mark.parametrize(
    ("fields", "needs", "said"),
    [
        ({**RATE, "level": "city", "table": "yearbook"}, "yearbook: cremations, deaths",
         "“yearbook”表中补充“火化数、年死亡人数”"),
        ({**RATE, "level": "city", "columns": ["cremations", "born"]}, "figures: born", "“统计数字”表中补充“born”"),
        ({**RATE, "level": "town"}, "figures: cremations, deaths", "“统计数字”表中补充“火化数、年死亡人数”"),
        ({**BEDS, "level": "city", "columns": ["nursing_beds", "places"]}, "facilities: places",
         "“设施”表中补充“places”"),
        ({"measure": "mean_by_class", "columns": ["clubs", "class"], "classes": ["urban"], "level": "city"},
         "communities: clubs", "“社区（村）”表中补充“clubs”"),
    ],
)  # fmt: skip
def test_what_was_not_supplied_is_named(fields: dict[str, Any], needs: str, said: str) -> None:
    found = rows(target(**fields))
    assert set(found["needs"]) == {needs} and found["met"].isna().all()
    assert set(note_sentences(found, "zh")) == {f"无数据：请在{said}"}


def test_a_mean_counts_only_the_communities_of_its_class() -> None:
    clubs = communities(clubs=[10, 20, 100, 100])
    asked = target(measure="mean_by_class", columns=["clubs", "class"], classes=["urban"], level="city", threshold=15)
    assert rows(asked, communities=clubs)["value"].tolist() == [15] and rows(asked, communities=clubs)["met"].all()


def test_a_figure_given_twice_is_refused() -> None:
    twice = pd.concat([FIGURES, FIGURES.iloc[:1]])
    with pytest.raises(DataError, match="deaths@city"):
        rows(target(**RATE, level="city"), tables={"figures": twice})


def test_every_target_is_there_and_the_summary_counts_its_areas() -> None:
    asked = (*target(**CENTRES, id="a"), *target(**RATE, level="city", id="b"), *target(**SHARE, level="town", id="c"))
    asked = tuple(replace(t, id=name) for t, name in zip(asked, "abc", strict=True))
    found = score(asked)
    assert list(found.rows.columns) == list(COLUMNS)
    table = found.summary().set_index("target")
    assert table[["areas", "areas_met", "areas_unmet", "areas_no_data"]].to_numpy().tolist() == [
        [3, 1, 2, 0], [1, 0, 1, 0], [3, 1, 1, 1],
    ]  # fmt: skip
    assert table.loc["b", "value"] == 0.6 and pd.isna(table.loc["a", "value"])
    assert repr(found) == "<Scorecard: 3 targets by level, 0 met everywhere, 7 rows>"


def test_a_summary_without_any_note_has_blank_ones() -> None:
    table = score(target(**CENTRES)).summary()
    assert table["note"].tolist() == [""] and table["needs"].tolist() == [""]


def test_no_targets_make_an_empty_scorecard() -> None:
    assert list(score(()).rows.columns) == list(COLUMNS) and score(()).summary().empty


@examples(13, 200)
@given(st.lists(st.sampled_from(["t1", "t2", "t3", "t4", ""]), min_size=1, max_size=30))
def test_no_facility_is_counted_twice_and_none_is_lost(towns: list[str]) -> None:
    facilities = pd.DataFrame({"name": "f", "kind": "k", "town": towns, "county": "", "quality": "fact"})
    facilities.index = facilities.index.astype("str")
    found = rows(target(measure="count", kinds=["k"], levels=["town", "city"]), facilities=facilities)
    assert found.loc["city", "value"] == len(towns)
    unplaced = sum(t in ("t4", "") for t in towns)
    assert found.loc[["t1", "t2", "t3"], "value"].sum() == len(towns) - unplaced


# --- rules of the planner's own ---------------------------------------------------------------------


def test_beds_by_a_thousand_people_come_from_two_tables() -> None:
    homes = FACILITIES.assign(beds=10)
    found = rows(
        target(measure="rate", columns=["facilities.beds", "communities.older"], per=1000, levels=["city"],
               threshold=1e6, unit="per_1000"),
        facilities=homes,
    )  # fmt: skip
    older = communities()["older"].sum()
    assert found.loc["city", "value"] == pytest.approx(1000 * homes["beds"].sum() / older)
    assert found.loc["city", "closes"] == pytest.approx(1e6 * older / 1000 - homes["beds"].sum(), abs=1)


def test_an_area_without_beds_has_none_and_not_no_data() -> None:
    homes = FACILITIES[FACILITIES["kind"] == "centre"].assign(beds=10)
    found = rows(
        target(measure="rate", columns=["facilities.beds", "communities.older"], levels=["town"], threshold=1),
        facilities=homes,
    )
    assert found.loc["t2", "value"] == 0 and not found.loc["t2", "met"]


def test_the_least_is_of_those_that_say() -> None:
    homes = FACILITIES.assign(beds=[30, 19, 25, float("nan"), *[40] * (len(FACILITIES) - 4)])
    found = rows(
        target(measure="least", table="facilities", columns=["beds"], levels=["city"], threshold=20), facilities=homes
    )
    assert found.loc["city", "value"] == 19 and found.loc["city", "closes"] == 1


def test_too_much_is_also_a_breach() -> None:
    found = rows(target(**CENTRES | {"threshold": 1, "sense": "at_most"}))
    assert found["met"].tolist() == [False, True, True] and found["closes"].tolist() == [1, 0, 0]


def test_what_closes_a_gap_is_told_in_people() -> None:
    found = score(target(measure="circle_share", of="ring", levels=["city"], unit="share"))
    outside = ring().communities.query("not met")["people"].sum()
    assert closing_sentences(found.rows, "en").tolist() == [f"{outside:,} more people to cover"]


def test_distance_is_that_of_the_nearest() -> None:
    ground = gpd.GeoDataFrame(
        {"kind": "grave", "town": ["t1", "t1", "t2"], "county": "c1", "quality": "fact"},
        geometry=gpd.points_from_xy([0, 300, 900], [0, 0, 0]), index=["g1", "g2", "g3"], crs="EPSG:32651",
    )  # fmt: skip
    water = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [400]), index=["lake"], crs="EPSG:32651")
    asked = target(
        measure="distance", kinds=["grave"], of="water", levels=["town", "facility"], threshold=450, unit="m"
    )
    found = score(asked, facilities=ground, layers={"water": water}).rows
    by_area = found.set_index("area")["value"]
    assert by_area["t1"] == 400 and by_area["g2"] == 500 and by_area["t2"] == pytest.approx((900**2 + 400**2) ** 0.5)
    assert set(score(asked, facilities=ground).rows["needs"]) == {"layers: water"}
