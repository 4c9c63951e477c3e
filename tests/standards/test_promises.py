"""Each promise that is easily misread, on a toy where the wrong reading gives another verdict.

The toy: 汪疃镇 and 草庙子镇 (towns), 鲸园街道 (a sub-district), 开发区 (of no known class); villages a, b in the first,
c in the second, d and e in the sub-district, f in the last.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd
import pytest

from quarterhour.base.area_codes.classes import communities_of, facility_levels, town_classes
from quarterhour.base.errors import DataError
from quarterhour.standards.circle import CircleCheck, check_circle
from quarterhour.standards.rules import Circle, as_targets, read_rules
from quarterhour.standards.scorecard import note_sentences, score_targets
from quarterhour.standards.targets import Target
from quarterhour.travel.times import times_from_matrix

TOWNS = pd.DataFrame(
    {"name": ["汪疃镇", "草庙子镇", "鲸园街道", "开发区"], "county": ["c1", "c1", "c2", "c2"]},
    index=pd.Index(["t1", "t2", "t3", "t4"], name="id"),
)
COUNTIES = pd.DataFrame({"name": ["North", "South"]}, index=pd.Index(["c1", "c2"], name="id"))


def communities(**columns: list[Any]) -> pd.DataFrame:
    table = {
        "name": list("ABCDEF"),
        "town": ["t1", "t1", "t2", "t3", "t3", "t4"],
        "county": ["c1", "c1", "c1", "c2", "c2", "c2"],
        "class": ["village", "village", "rural", "urban", "urban", "开发"],
        "hardship": [10, 10, 10, 10, 10, 10],
        "hardship_home": [10, 0, 0, 10, 0, 0],
    }
    return pd.DataFrame({**table, **columns}, index=pd.Index(list("abcdef"), name="id"))


def facilities(**columns: list[Any]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    table = {"name": [f"f{n}" for n in range(rows)], "kind": "centre", "town": "", "county": "", "quality": "fact"}
    return pd.DataFrame({**table, **columns}, index=pd.Index([f"f{n}" for n in range(rows)], name="id"))


def target(**fields: Any) -> tuple[Target, ...]:
    row = {"id": "x", "zh": "某", "en": "x", "unit": "facilities", "threshold": 1, **fields}
    return as_targets({"target": [row]})


def rows(targets: tuple[Target, ...], **changed: Any) -> pd.DataFrame:
    ground: dict[str, Any] = {
        "communities": communities(), "towns": TOWNS, "counties": COUNTIES, "checks": {}, "tables": {},
        "facilities": facilities(town=["t1"]),
    }  # fmt: skip
    return score_targets(targets, **{**ground, **changed}).rows.set_index("area")


# --- each is no mean --------------------------------------------------------------------------------

VILLAGES = pd.DataFrame(
    {"name": "村", "county": "c1", "town": "t1", "class": "village", "organisations": [20, *[0] * 9]},
    index=pd.Index([f"v{n}" for n in range(10)], name="id"),
)
EACH = {"measure": "share_with", "table": "communities", "columns": ["organisations", "class"], "unit": "share",
        "classes": ["village"], "each": 2, "level": "city"}  # fmt: skip


def test_ten_villages_with_twenty_and_nothing_are_not_each_two_though_their_mean_is() -> None:
    mean = target(measure="mean_by_class", columns=["organisations", "class"], classes=["village"], level="city",
                  threshold=2)  # fmt: skip
    assert rows(mean, communities=VILLAGES)["met"].tolist() == [True]
    found = rows(target(**EACH), communities=VILLAGES)
    assert found["value"].tolist() == [0.1] and found["met"].tolist() == [False] and found["closes"].tolist() == [9]


def test_the_plan_asks_it_of_each_village_and_of_classes_their_mean() -> None:
    plan = {t.id: t for t in read_rules("weihai-14fyp") if t.level == "city"}
    each = plan["social-organisations-village"]
    assert (each.measure, each.each, each.threshold) == ("share_with", 2, 1)
    assert [plan[i].measure for i in ("social-organisations", "social-organisations-rural")] == ["mean_by_class"] * 2
    assert not rows((each,), communities=VILLAGES)["met"].any()


@pytest.mark.parametrize(
    ("counts", "value", "met", "note"),
    [
        ([2, 3, None], 1.0, None, "scorecard.hangs_on_blanks"),
        ([2, 1, None], 0.5, False, "scorecard.partial"),
        ([2, 2, 9], 1.0, True, ""),
    ],
)
def test_a_village_that_says_nothing_leaves_open_what_it_could_turn(
    counts: list[Any], value: float, met: bool | None, note: str
) -> None:
    found = rows(target(**EACH), communities=VILLAGES.iloc[:3].assign(organisations=counts)).iloc[0]
    assert found["note"] == note and (pd.isna(found["met"]) if met is None else found["met"] == met)
    assert found["value"] == value or (met is None and pd.isna(found["value"]))


@pytest.mark.parametrize("threshold", [0.5, 1.0])
@pytest.mark.parametrize("sense", ["at_least", "at_most"])
def test_a_verdict_is_what_every_way_of_filling_the_blanks_comes_to(threshold: float, sense: str) -> None:
    """The second opinion tries each way of filling: all keep it, none does, or it hangs on the blanks."""
    asked = target(**EACH, sense=sense) if threshold == 1 else target(**EACH | {"threshold": 0.5}, sense=sense)
    for counts in product([0, 2, None], repeat=3):
        if set(counts) == {None}:
            continue
        filled = product(*([0, 2] if c is None else [c] for c in counts))
        shares = [sum(v >= 2 for v in way) / 3 for way in filled]
        kept = {s >= threshold if sense == "at_least" else s <= threshold for s in shares}
        met = rows(asked, communities=VILLAGES.iloc[:3].assign(organisations=list(counts)))["met"].iloc[0]
        assert pd.isna(met) if len(kept) == 2 else met == kept.pop(), counts


@pytest.mark.parametrize("threshold", [1, 2])
def test_a_verdict_is_what_every_way_of_naming_the_levels_comes_to(threshold: int) -> None:
    asked = target(measure="count", kinds=["centre"], level="city", facility_level="city", threshold=threshold)
    for said in product(["city", "county", ""], repeat=3):
        if not any(said):
            continue
        ways = product(*(["city", "county"] if level == "" else [level] for level in said))
        kept = {way.count("city") >= threshold for way in ways}
        found = rows(asked, facilities=facilities(facility_level=list(said)))["met"].iloc[0]
        assert pd.isna(found) if len(kept) == 2 else found == kept.pop(), said


def test_each_at_most_counts_those_that_have_no_more() -> None:
    asked = target(**EACH | {"each": 5, "each_sense": "at_most"})
    assert rows(asked, communities=VILLAGES)["value"].tolist() == [0.9]


def test_villages_without_the_column_or_the_class_are_no_data() -> None:
    assert rows(target(**EACH))["needs"].tolist() == ["communities: organisations"]
    found = rows(target(**EACH | {"classes": ["rural_community"]}), communities=VILLAGES)
    assert found["needs"].tolist() == ["communities: organisations (rural_community)"]


# --- 镇 is no 街道 ----------------------------------------------------------------------------------

CENTRES = {"measure": "count", "kinds": ["centre"], "level": "town"}


def test_a_centre_in_each_town_is_asked_of_no_sub_district() -> None:
    everywhere = rows(target(**CENTRES))
    assert everywhere["met"].tolist() == [True, False, False, False]
    found = rows(target(**CENTRES, applies_to=["town"]))
    assert found.loc[["t1", "t2"], "met"].tolist() == [True, False] and "t3" not in found.index


def test_a_town_of_no_known_class_is_told_and_neither_in_nor_out() -> None:
    found = rows(target(**CENTRES, applies_to=["town"]))
    assert pd.isna(found.loc["t4", "met"]) and pd.isna(found.loc["t4", "value"])
    assert "class 列" in note_sentences(found, "zh")["t4"]
    assert not rows(target(**CENTRES))["note"].eq("scorecard.class_unknown").any()


def test_what_the_column_says_of_a_town_stands_before_its_name() -> None:
    said = TOWNS.assign(**{"class": ["街道", "", "town", "镇"]})
    assert town_classes(said).tolist() == ["sub_district", "town", "town", "town"]
    assert town_classes(TOWNS).tolist() == ["town", "town", "sub_district", ""]
    assert town_classes(TOWNS.assign(**{"class": "园区"})).eq("").all()
    names = ["某某民族乡", "某街道办事处", "某乡", "某办事处"]
    assert town_classes(pd.DataFrame({"name": names})).tolist() == ["town", "sub_district", "town", ""]


def test_a_centre_in_a_sub_district_is_not_one_of_no_known_place() -> None:
    found = rows(target(**CENTRES, applies_to=["town"]), facilities=facilities(town=["t3"]))
    assert found.loc[["t1", "t2"], "note"].tolist() == ["", ""]


def test_a_promise_to_towns_where_there_are_none_is_not_judged() -> None:
    found = rows(target(**CENTRES, applies_to=["town"]), towns=TOWNS.loc[["t3"]], communities=communities().iloc[3:5])
    assert len(found) == 1 and pd.isna(found["met"].iloc[0]) and found["note"].tolist() == ["scorecard.no_such_area"]


def test_the_plan_asks_centres_of_towns_and_cemeteries_of_all() -> None:
    plan = {t.id: t for t in read_rules("weihai-14fyp")}
    assert plan["town-elderly-centre"].applies_to == ("town",) and plan["town-cemetery"].applies_to == ()


def test_a_promise_to_classes_of_communities_is_asked_of_them_alone() -> None:
    asked = target(measure="total", table="communities", columns=["hardship"], level="community",
                   applies_to=["village", "rural"])  # fmt: skip
    found = rows(asked)
    assert list(found.index) == ["a", "b", "c", "f"] and pd.isna(found.loc["f", "met"])
    assert rows(asked, communities=communities().drop(columns="class"))["needs"].unique().tolist() == [
        "communities: class"
    ]


# --- the counties' are not the city's ---------------------------------------------------------------

PROTECTION = {"measure": "count", "kinds": ["centre"], "levels": ["county", "city"],
              "facility_level_by_level": {"city": "city", "county": "county"}}  # fmt: skip


def test_the_counties_centres_are_not_the_citys_own() -> None:
    of_counties = facilities(county=["c1", "c2"], facility_level=["县级", "county"])
    plain = rows(target(measure="count", kinds=["centre"], level="city"), facilities=of_counties)
    assert plain.loc["city", "met"]
    found = rows(target(**PROTECTION), facilities=of_counties)
    assert found["value"].to_dict() == {"c1": 1, "c2": 1, "city": 0} and not found.loc["city", "met"]
    with_own = facilities(county=["c1", "c2", "c1"], facility_level=["县级", "county", "市级"])
    assert rows(target(**PROTECTION), facilities=with_own)["value"].to_dict() == {"c1": 1, "c2": 1, "city": 1}


def test_without_a_level_nothing_is_known_of_whose_they_are() -> None:
    found = rows(target(**PROTECTION), facilities=facilities(county=["c1", "c2"]))
    assert found["met"].isna().all() and set(found["needs"]) == {"facilities: facility_level"}
    assert "市级" in note_sentences(found, "zh").iloc[0]


def test_one_that_does_not_say_its_level_is_counted_as_neither_and_told_where_it_could_turn_the_verdict() -> None:
    some = facilities(county=["c1", "c2"], facility_level=["county", "大"])
    found = rows(target(**PROTECTION), facilities=some)
    assert found.loc["c1", "value"] == 1 and found.loc["c1", "note"] == ""
    assert pd.isna(found.loc["c2", "met"]) and pd.isna(found.loc["city", "met"])
    assert found.loc[["c2", "city"], "note"].tolist() == ["scorecard.no_level"] * 2
    assert not rows(target(**PROTECTION, threshold_by_level={"city": 3}), facilities=some).loc["city", "met"]


def test_levels_are_read_in_both_languages() -> None:
    said = pd.DataFrame({"facility_level": ["市级", "县级", "镇级", "村级", "City", "", None, "省级"]})
    assert facility_levels(said).tolist() == ["city", "county", "town", "community", "city", "", "", ""]


# --- to have is not to reach ------------------------------------------------------------------------

HAS = {"measure": "has_kind", "kinds": ["centre"], "unit": "share", "levels": ["community", "city"]}
RING = Circle("ring", "圈", "ring", kinds=("centre",), mode="matrix", minutes=15, heading="to_site", people="hardship")


def ring(people: str = "hardship") -> CircleCheck:
    """f0 is within reach of a, b, c and d."""
    minutes = [[0], [5], [15], [15], [40], [40]]
    times = times_from_matrix(minutes, communities=list("abcdef"), sites=["f0"], cutoff=60)
    kinds = pd.Series({"f0": "centre"})
    return check_circle(replace(RING, people=people), times, communities(), kinds=kinds)


def test_a_community_that_reaches_a_facility_does_not_have_one() -> None:
    reached = rows(target(measure="circle_share", of="ring", unit="share", level="community"), checks={"ring": ring()})
    assert reached["value"].tolist() == [1, 1, 1, 1, 0, 0]
    had = rows(target(**HAS), facilities=facilities(community=["a"]), checks={"ring": ring()})
    assert had["value"].to_dict() == {"a": 1, "b": 0, "c": 0, "d": 0, "e": 0, "f": 0, "city": pytest.approx(1 / 6)}


def test_a_facility_may_be_assigned_to_several_communities() -> None:
    some = facilities(community=["a", "b; c；d"])
    assert communities_of(some).tolist() == ["a", "b", "c", "d"]
    found = rows(target(**HAS), facilities=some)
    assert found["value"].tolist()[:6] == [1, 1, 1, 1, 0, 0]
    counted = rows(target(measure="count", kinds=["centre"], level="community"), facilities=some)
    assert counted["value"].tolist() == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("columns", [{"town": ["t1"]}, {"community": [""]}])
def test_whose_a_facility_is_must_be_said(columns: dict[str, list[str]]) -> None:
    found = rows(target(**HAS), facilities=facilities(**columns), checks={"ring": ring()})
    assert found["met"].isna().all() and set(found["needs"]) == {"facilities: community"}


def test_facilities_that_name_no_community_are_told_where_one_lacks_them() -> None:
    found = rows(target(**HAS), facilities=facilities(community=["a", "", "nowhere"]))
    assert found.loc["a", "note"] == "" and found.loc["b", "note"] == "scorecard.unassigned"
    assert "2" in note_sentences(found, "zh")["b"]


def test_a_rule_that_takes_reaching_for_having_is_refused() -> None:
    with pytest.raises(DataError, match="circle_share"):
        target(**HAS, of="ring")


# --- people at home are not everybody ---------------------------------------------------------------

CARE = {"measure": "circle_share", "of": "ring", "people": "hardship_home", "unit": "share", "level": "city"}


def test_a_circle_for_people_at_home_that_counts_everybody_is_told() -> None:
    everybody = rows(target(**CARE), checks={"ring": ring()})
    assert everybody["value"].tolist() == [pytest.approx(4 / 6)]
    assert note_sentences(everybody, "zh").iloc[0].endswith("分散供养特困人员数、特困人员数")
    at_home = rows(target(**CARE), checks={"ring": ring("hardship_home")})
    assert at_home["value"].tolist() == [1] and at_home["note"].tolist() == [""]


def test_the_plan_promises_the_care_circle_to_people_at_home() -> None:
    plan = [t for t in read_rules("weihai-14fyp") if t.id == "care-circle"]
    assert {t.people for t in plan} == {"hardship_home"}


# --- about is not exactly ---------------------------------------------------------------------------

ABOUT = {"measure": "total", "table": "figures", "columns": ["new_volunteers"], "level": "city", "threshold": 100_000,
         "unit": "people"}  # fmt: skip


def figures(count: int) -> dict[str, pd.DataFrame]:
    row = {"area": "city", "level": "city", "indicator": "new_volunteers", "value": count, "quality": "fact"}
    return {"figures": pd.DataFrame([row])}


@pytest.mark.parametrize(("count", "met", "closes"), [(95_000, True, 0), (90_000, True, 0), (89_000, False, 1_000)])
def test_about_so_many_is_met_within_its_margin_and_says_so(count: int, met: bool, closes: int) -> None:
    exactly = rows(target(**ABOUT), tables=figures(count))
    assert not exactly["met"].any() and exactly["note"].tolist() == [""]
    found = rows(target(**ABOUT, about=True, about_within=0.1), tables=figures(count))
    assert found["met"].tolist() == [met] and found["closes"].tolist() == [closes]
    assert found["threshold"].tolist() == [100_000]
    assert "左右" in note_sentences(found, "zh").iloc[0] and "10.0%" in note_sentences(found, "zh").iloc[0]


def test_the_plans_volunteers_are_about_so_many() -> None:
    assert {t.id for t in read_rules("weihai-14fyp") if t.about} == {"volunteers", "disabled-allowances"}


# --- promises that could be counted and were not ----------------------------------------------------


def test_every_countable_promise_of_the_source_has_a_row_and_what_was_not_seen_is_to_be_filled() -> None:
    plan = read_rules("weihai-14fyp")
    filled = {t.id for t in plan if not t.to_fill}
    assert {"minimum-income-city", "minimum-income-countryside", "minimum-income-one-standard", "children-in-hardship",
            "disabled-allowances", "incubation-platform"} <= filled  # fmt: skip
    services = {f"home-service-{kind}" for kind in ("meals", "cleaning", "escort", "errands", "visits")}
    assert {t.id for t in plan if t.to_fill} == {"hardship-mental-treatment", "graves-moved", *services}


def test_a_row_to_be_filled_is_judged_nowhere() -> None:
    to_fill = tuple(t for t in read_rules("weihai-14fyp") if t.to_fill)
    assert score_targets(to_fill, communities=communities(), towns=TOWNS, counties=COUNTIES, facilities=facilities(
        town=["t1"]), checks={}, tables={}).rows.empty  # fmt: skip


# --- a kind that stands nowhere ---------------------------------------------------------------------


def test_a_circle_whose_kind_stands_nowhere_is_no_data_and_no_nought() -> None:
    nowhere = replace(ring(), absent=("centre",))
    asked = target(measure="circle_share", of="ring", unit="share", levels=["community", "city"])
    found = rows(asked, checks={"ring": nowhere})
    assert found["value"].isna().all() and set(found["needs"]) == {"facilities: kind = centre"}


# --- what no rule may say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**CENTRES, "applies_to": ["village"]}, "applies_to village: one of town, sub_district"),
        ({**CENTRES, "level": "county", "applies_to": ["town"]}, "for the levels town and community"),
        ({**CENTRES, "facility_level": "省级"}, "facility_level '省级'"),
        ({**HAS, "facility_level": "city"}, "of a count"),
        ({**ABOUT, "about": True}, "about_within"),
        ({**ABOUT, "about_within": 0.1}, "about False"),
        ({**EACH, "each": None}, "each None"),
        ({**EACH, "classes": []}, "classes and columns"),
        ({**EACH, "each_sense": "more"}, "each_sense 'more'"),
    ],
)
def test_a_promise_that_cannot_be_meant_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        target(**wrong)
    assert said in str(caught.value)


# --- what is left out is told -------------------------------------------------------------------------

CHINESE = {"village": "行政村", "rural": "农村", "rural_community": "农村社区", "urban": "城市社区"}


@pytest.mark.parametrize("said", CHINESE)
def test_a_class_in_chinese_is_the_class_it_means(said: str) -> None:
    """Read by half, the mean was that of the villages that say it in English."""
    half = VILLAGES.assign(**{"class": [said, *[CHINESE[said]] * 9]})
    mean = target(measure="mean_by_class", columns=["organisations", "class"], classes=[said], level="city")
    assert rows(mean, communities=half)["value"].tolist() == [2]
    assert rows(target(**EACH | {"classes": [said]}), communities=half)["value"].tolist() == [0.1]
    asked = target(measure="total", table="communities", columns=["organisations"], level="community",
                   applies_to=[said])  # fmt: skip
    assert rows(asked, communities=half)["note"].ne("scorecard.class_unknown").all()


def test_a_sub_district_by_its_short_name_is_one() -> None:
    assert town_classes(pd.DataFrame({"name": ["鲸园街道办"]})).tolist() == ["sub_district"]


def test_blank_villages_of_a_mean_are_told() -> None:
    mean = target(measure="mean_by_class", columns=["organisations", "class"], classes=["village"], level="city")
    found = rows(mean, communities=VILLAGES.assign(organisations=[20, *[None] * 9]))
    assert found["note"].tolist() == ["scorecard.partial"] and found["needs"].tolist() == ["communities: 9"]


BEDS = {"measure": "rate", "columns": ["facilities.beds", "communities.hardship"], "kinds": ["centre"]}


def test_blank_beds_and_beds_of_no_known_area_are_told_in_a_rate() -> None:
    some = facilities(county=["c1", "c1", "c9"], beds=[30, None, 5])
    found = rows(target(**BEDS, levels=["county", "city"]), facilities=some)
    assert found["needs"].to_dict() == {"c1": "facilities: 1", "c2": "facilities: 1", "city": "facilities: 1"}
    assert found["note"].tolist() == ["scorecard.partial", "scorecard.unplaced", "scorecard.partial"]
    assert rows(target(**BEDS, level="county"), facilities=some.iloc[:1])["note"].tolist() == ["", ""]


LEAST = {"measure": "least", "table": "facilities", "kinds": ["centre"], "columns": ["beds"], "threshold": 20}


@pytest.mark.parametrize(("beds", "met"), [([30, None], None), ([10, None], False), ([30, 20], True)])
def test_the_least_hangs_on_those_that_say_nothing(beds: list[Any], met: bool | None) -> None:
    some = facilities(county=["c1", "c1"], beds=beds)
    found = rows(target(**LEAST, level="city"), facilities=some)["met"].iloc[0]
    assert pd.isna(found) if met is None else found == met
    own = rows(target(**LEAST, level="facility"), facilities=some)
    assert (own.loc["f1", "note"] == "scorecard.no_data") == (beds[1] is None)


@pytest.mark.parametrize("measure", [{**LEAST}, {**LEAST, "measure": "share_with", "each": 20, "threshold": 1}])
def test_a_facility_of_no_known_county_is_told_where_the_least_or_each_is_asked(measure: dict[str, Any]) -> None:
    some = facilities(county=["c1", "c9"], beds=[30, 5])
    found = rows(target(**measure, level="county"), facilities=some)
    assert found.loc["c1", ["note", "needs"]].tolist() == ["scorecard.unplaced", "facilities: 1"]
    assert rows(target(**measure, level="city"), facilities=some)["note"].tolist() == [""]
