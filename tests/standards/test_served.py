"""Shares of towns and communities that are served, and floor space by households; each by a toy worked by hand.

Towns t1 (communities a, b), t2 (c) in county c1, t3 (d) in c2. A centre stands in t1 and is assigned t2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.standards.circle import check_circle
from quarterhour.standards.rules import Circle, as_targets
from quarterhour.standards.scorecard import closing_sentences, note_sentences, score_targets
from quarterhour.standards.targets import Target
from quarterhour.travel.times import times_from_matrix

COMMUNITIES = pd.DataFrame(
    {
        "name": list("ABCD"), "town": ["t1", "t1", "t2", "t3"], "county": ["c1", "c1", "c1", "c2"],
        "older": [10, 30, 60, 20], "households": [100, 300, 200, 50], "housing": ["new", "old", "new", "old"],
        "quality": "fact",
    },
    index=pd.Index(list("abcd"), name="id"),
)  # fmt: skip
TOWNS = pd.DataFrame(
    {"name": ["One", "Two", "Three"], "county": ["c1", "c1", "c2"]}, index=pd.Index(["t1", "t2", "t3"], name="id")
)
COUNTIES = pd.DataFrame({"name": ["North", "South"]}, index=pd.Index(["c1", "c2"], name="id"))
FACILITIES = pd.DataFrame(
    [
        ("f1", "centre", "t1", "", "t1; t2", np.nan),
        ("f2", "day", "t1", "a", "", 30.0),
        ("f3", "day", "t1", "b;c", "", 50.0),
        ("f4", "day", "t3", "", "", np.nan),
    ],
    columns=["id", "kind", "town", "community", "serves_towns", "area_m2"],
).set_index("id")
FACILITIES = FACILITIES.assign(name=FACILITIES.index, county="", quality="fact")


def target(**fields: Any) -> tuple[Target, ...]:
    row = {"id": "x", "zh": "某", "en": "x", "unit": "share", "threshold": 1, **fields}
    return as_targets({"target": [row]})


def rows(targets: tuple[Target, ...], **changed: Any) -> pd.DataFrame:
    ground: dict[str, Any] = {
        "communities": COMMUNITIES, "towns": TOWNS, "counties": COUNTIES, "facilities": FACILITIES, "checks": {},
        "tables": {},
    }  # fmt: skip
    return score_targets(targets, **{**ground, **changed}).rows.set_index("area")


TOWNS_SERVED = {"measure": "served_share", "table": "towns", "kinds": ["centre"], "levels": ["county"]}
COMMUNITIES_SERVED = {"measure": "served_share", "table": "communities", "kinds": ["day"], "levels": ["town"]}


def test_towns_that_have_one_and_towns_that_are_assigned_one_are_two_things() -> None:
    assert rows(target(**TOWNS_SERVED, served_by=["has"]))["value"].to_dict() == {"c1": 0.5, "c2": 0}
    served = rows(target(**TOWNS_SERVED, served_by=["has", "assigned"]))
    assert served["value"].to_dict() == {"c1": 1, "c2": 0}
    (city,) = rows(target(**TOWNS_SERVED | {"levels": ["city"]}, served_by=["has", "assigned"])).itertuples()
    assert city.value == pytest.approx(2 / 3) and city.closes == 1
    assert "1 more towns" in closing_sentences(pd.DataFrame([city]), "en")[0]


def test_towns_are_counted_once_whatever_their_size() -> None:
    by_town = rows(target(**TOWNS_SERVED | {"levels": ["town"]}, served_by=["has", "assigned"]))
    assert by_town["value"].to_dict() == {"t1": 1, "t2": 1, "t3": 0}
    (city,) = rows(target(**TOWNS_SERVED | {"levels": ["city"]}, served_by=["has", "assigned"]))["value"]
    assert city == by_town["value"].mean()  # a second way to the same figure


def test_without_a_column_of_whom_it_is_assigned_to_only_owners_count_and_that_is_told() -> None:
    found = rows(
        target(**TOWNS_SERVED, served_by=["has", "assigned"]), facilities=FACILITIES.drop(columns="serves_towns")
    )
    assert found["value"].to_dict() == {"c1": 0.5, "c2": 0} and set(found["note"]) == {"scorecard.not_assigned"}
    assert "towns it is assigned to" in note_sentences(found, "en")["c1"]


def test_a_community_has_a_facility_alone_or_is_assigned_one_with_others() -> None:
    has = rows(target(**COMMUNITIES_SERVED, served_by=["has"]))["value"]
    assert has.to_dict() == {"t1": 0.5, "t2": 0, "t3": 0}
    both = rows(target(**COMMUNITIES_SERVED, served_by=["has", "assigned"]))["value"]
    assert both.to_dict() == {"t1": 1, "t2": 1, "t3": 0}
    none = rows(target(**COMMUNITIES_SERVED, served_by=["has"]), facilities=FACILITIES.drop(columns="community"))
    assert none["value"].isna().all() and set(none["needs"]) == {"facilities: community"}


def test_a_town_is_reached_when_so_many_of_its_people_are() -> None:
    """a (10 of t1's 40) is within 15 minutes, b is not: a quarter of t1."""
    ring = Circle("x", "圈", "ring", kinds=("day",), mode="m", minutes=15, heading="to_site", people="older")
    times = times_from_matrix([[5], [20], [15], [40]], communities=list("abcd"), sites=["f2"], cutoff=60)
    check = check_circle(ring, times, COMMUNITIES, kinds=FACILITIES["kind"], site_quality=FACILITIES["quality"])
    asked = {**TOWNS_SERVED, "kinds": ["day"], "served_by": ["reach"], "minutes": [15], "modes": ["walk"]}
    for least, reached in ((0.25, 1.0), (0.26, 0.5)):
        found = rows(target(**asked, people="older", least_share=least), checks={"x": check})["value"]
        assert found.to_dict() == {"c1": reached, "c2": 0}


def test_only_places_of_the_classes_named_are_counted() -> None:
    """Towns t1 and t2 are 镇, t3 a 街道: of the two both are served. Of the villages b, c, d two are."""
    of = TOWNS.assign(**{"class": ["镇", "镇", "街道"]})
    asked = {**TOWNS_SERVED, "levels": ["city"], "served_by": ["has", "assigned"]}
    assert rows(target(**asked, classes=["town"]), towns=of)["value"].tolist() == [1]
    assert rows(target(**asked, classes=["sub_district"]), towns=of)["value"].tolist() == [0]
    unknown = rows(target(**asked, classes=["town"]))  # names that tell no class
    assert unknown["needs"].tolist() == ["towns: class (town)"]
    villages = COMMUNITIES.assign(**{"class": ["urban", "village", "village", "village"]})
    asked = {**COMMUNITIES_SERVED, "levels": ["city"], "served_by": ["assigned"], "classes": ["village"]}
    assert rows(target(**asked), communities=villages)["value"].tolist() == [pytest.approx(2 / 3)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"table": "counties"}, "towns or communities"),
        ({"served_by": ["near"]}, "has, assigned, reach"),
        ({"served_by": ["reach"]}, "needs minutes, modes, people"),
        ({"served_by": []}, "needs served_by"),
        ({"levels": ["community"]}, "do not lie in communities"),
        ({"classes": ["urban"]}, "one of town, sub_district"),
    ],
)
def test_a_share_that_cannot_be_meant_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        target(**{**TOWNS_SERVED, "served_by": ["has"], **wrong})


# --- floor space by households ------------------------------------------------------------------

SPACE = {"measure": "area_per_households", "kinds": ["day"], "columns": ["area_m2", "households", "housing"],
         "per": 100, "unit": "m2_per_100_households", "threshold": 20}  # fmt: skip


def test_space_is_shared_among_the_communities_it_serves_by_their_households() -> None:
    """f3's 50 m2 serve b (300) and c (200): 30 and 20. New: a 30 m2 for 100, c 20 for 200; old: b 30 for 300."""
    new = rows(target(**SPACE, classes=["new"], levels=["community"]))
    assert new["value"].dropna().to_dict() == {"a": 30, "c": 10}
    assert new.loc["c", "closes"] == 20  # 10 m2 short a 100, two hundred households
    (city,) = rows(target(**SPACE, classes=["new"], levels=["city"]))["value"]
    assert city == pytest.approx(100 * (30 + 20) / 300)
    old = rows(target(**SPACE, classes=["old"], levels=["county"]))["value"]
    assert old.to_dict() == {"c1": 10, "c2": 0}


def test_space_of_new_and_old_housing_adds_up_to_what_stands() -> None:
    stands = FACILITIES.loc[FACILITIES["community"].ne(""), "area_m2"].sum()
    parts = [rows(target(**SPACE, classes=[age], levels=["city"]))["value"].iloc[0] for age in ("new", "old")]
    assert parts[0] * 300 / 100 + parts[1] * 350 / 100 == pytest.approx(stands)


def test_housing_may_be_said_in_chinese() -> None:
    """新建 and 已建成 are the words of the regulation."""
    chinese = COMMUNITIES.assign(housing=COMMUNITIES["housing"].map({"new": "新建", "old": "已建成"}))
    for age in ("new", "old"):
        asked = target(**SPACE, classes=[age], levels=["community"])
        pd.testing.assert_frame_equal(rows(asked, communities=chinese), rows(asked))


@pytest.mark.parametrize("word", ["", "老旧小区改造"])
def test_housing_that_is_neither_new_nor_old_is_left_out_and_told(word: str) -> None:
    """c (200 households, 20 m2) says no known word: the new housing of its county is a alone, 30 m2 for 100."""
    unread = COMMUNITIES.assign(housing=["new", "old", word, "old"])
    found = rows(target(**SPACE, classes=["new"], levels=["county"]), communities=unread).loc["c1"]
    assert (found["value"], found["note"], found["needs"]) == (30, "scorecard.class_unread", "communities: 1")


def test_a_facility_of_no_known_space_or_community_is_told() -> None:
    found = rows(target(**SPACE, classes=["new"], levels=["city"]))
    assert "1 rows" in note_sentences(found, "en").iloc[0]


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("communities", "households", "communities: households"),
        ("communities", "housing", "communities: housing"),
        ("facilities", "area_m2", "facilities: area_m2"),
        ("facilities", "community", "facilities: community"),
    ],
)
def test_what_is_not_there_is_no_data_and_says_what_to_supply(table: str, column: str, said: str) -> None:
    whole = {"communities": COMMUNITIES, "facilities": FACILITIES}[table]
    found = rows(target(**SPACE, classes=["new"], levels=["city"]), **{table: whole.drop(columns=column)})
    assert found["value"].isna().all() and found["needs"].iloc[0] == said


def test_a_class_of_housing_that_no_community_has_is_no_data() -> None:
    found = rows(target(**SPACE, classes=["planned"], levels=["city"]))
    assert found["needs"].iloc[0] == "communities: households (housing: planned)"


MIXED = TOWNS.assign(name=["一镇", "二镇", "开发区"])


@pytest.mark.parametrize(
    ("threshold", "value", "met", "note"),
    [(0.6, 1, True, "scorecard.class_left_out"), (0.9, None, None, "scorecard.class_hangs")],
)
def test_a_town_of_no_known_class_is_told_and_turns_no_verdict_in_silence(
    threshold: float, value: float | None, met: bool | None, note: str
) -> None:
    """Two of two 镇 are served; two of three, should the zone be one."""
    asked = target(**TOWNS_SERVED | {"levels": ["city"]}, classes=["town"], served_by=["has", "assigned"],
                   threshold=threshold)  # fmt: skip
    found = rows(asked, towns=MIXED).iloc[0]
    assert found["note"] == note and found["needs"] == "towns: 1"
    assert pd.isna(found["value"]) if value is None else found["value"] == value
    assert pd.isna(found["met"]) if met is None else found["met"] == met
