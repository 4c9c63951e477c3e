"""What the law and the standards say, as the rule files that come with the program have it."""

from __future__ import annotations

from datetime import date
from importlib import resources

import pytest

from quarterhour.network.modes import read_modes
from quarterhour.standards.rules import Exclusion, Figure, Rule, read_rule_set, rule_sets
from quarterhour.standards.targets import Target

NOW = date(2026, 6, 30)
BEFORE = date(2026, 3, 1)
SETS_TO_2030 = ("rural-care-2024", "national-2029-2035", "meals", "quotas-by-households", "td-t-1062")


def every(name: str, wanted: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in read_rule_set(name).every() if rule.id == wanted)


def exclusion(wanted: str) -> Exclusion:
    (found,) = every("cemetery", wanted)
    assert isinstance(found, Exclusion)
    return found


def target(name: str, wanted: str) -> Target:
    found = every(name, wanted)[0]
    assert isinstance(found, Target)
    return found


# --- cemeteries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [BEFORE, NOW])
@pytest.mark.parametrize(
    ("rule", "article"), [("land-law-farmland", "第三十七条"), ("scenic-areas-regulation", "第二十六条")]
)
def test_laws_of_their_own_forbid_graves_before_and_after_the_revision(day: date, rule: str, article: str) -> None:
    assert exclusion(rule) in read_rule_set("cemetery").on(day).exclusions
    assert exclusion(rule).verified and exclusion(rule).metres == 0 and article in exclusion(rule).clause


def test_the_old_regulation_ends_the_day_before_the_revised_one() -> None:
    old = [r for r in read_rule_set("cemetery").exclusions if "第十条" in r.clause]
    assert len(old) == 6 and {r.effective_to for r in old} == {"2026-03-29"}
    assert {r.metres for r in old} == {0}  # it gives no distance


def test_of_the_revised_regulation_nothing_is_made_up() -> None:
    """Its areas and a share of land-saving burials were not seen; 60 % is Weihai's target of 2021."""
    areas, share = exclusion("state-2026-areas"), target("cemetery", "land-saving-burial")
    assert areas.to_fill and share.to_fill and "73条" in areas.clause
    assert areas.effective_from == share.effective_from == "2026-03-30"
    assert not any(t.id == "land-saving-burial" for t in read_rule_set("cemetery").on(NOW).targets)


def test_the_document_of_2015_that_never_was_is_cited_nowhere() -> None:
    clauses = [rule.clause for name in rule_sets() for rule in read_rule_set(name).every()]
    assert not any("选址规定" in clause for clause in clauses)


def test_shandongs_distances_are_as_seen_on_its_page_of_2015_and_not_verified() -> None:
    seen = {r.layer: r.metres for r in read_rule_set("cemetery").exclusions if r.id.startswith("shandong-")}
    assert seen == {"water": 2000, "protected": 2000, "roads": 500, "railways": 500, "farmland": 0,
                    "protection_forest": 0, "construction_land": 0}  # fmt: skip
    for rule in read_rule_set("cemetery").exclusions:
        if rule.id.startswith("shandong-"):
            assert "鲁民〔2011〕34号" in rule.clause and rule.date == "2015-12-19" and not rule.verified


def test_shandongs_rules_of_today_are_rows_to_be_filled() -> None:
    rules = read_rule_set("cemetery-shandong").every()
    assert len(rules) == 11 and all(rule.to_fill for rule in rules)
    assert {rule.clause.split("：")[0] for rule in rules} == {
        "《山东省公墓管理办法》（鲁民〔2023〕72号）", "《山东省公墓建设规划指引》（鲁民〔2024〕38号）",
    }  # fmt: skip


def test_housing_is_measured_to_houses_after_a_draft_of_2012() -> None:
    draft = exclusion("draft-housing")
    assert draft.layer == "housing" and draft.metres == 500 and draft.date == "2012-10-30" and not draft.verified


def test_land_a_grave_is_seen_between_1_9_and_3_3_square_metres() -> None:
    figures = {f.id: f for f in read_rule_set("cemetery").figures}
    low, high = figures["site-per-grave-low"], figures["site-per-grave-high"]
    assert (low.value, high.value) == (1.9, 3.33) and low.value < figures["site-per-grave"].value < high.value
    assert isinstance(low, Figure) and round(10.4 / 5.47, 2) == 1.90 and round(71.93 / 29.58, 1) == 2.4


# --- elderly care -------------------------------------------------------------------------------


def test_day_care_is_of_the_five_minute_level_that_is_300_metres() -> None:
    row = target("living-circle", "living-circle-day-care")
    walk = read_modes()[row.modes[0]]
    assert row.applies_to == ("urban",) and row.level == "community"
    assert all(t.classes == ("urban",) for t in read_rule_set("living-circle").targets if t.measure == "served_share")
    assert row.minutes == (5,) and walk.gap_kmh / 3.6 * 60 * row.minutes[0] == 300


def test_twenty_beds_are_the_scope_of_a_standard_and_ten_the_least() -> None:
    assert [(t.level, t.binding) for t in every("elderly-care", "home-beds") if isinstance(t, Target)][0] == (
        "facility", True,
    )  # fmt: skip
    assert target("elderly-care", "home-beds").threshold == 10
    scope = [t for t in every("elderly-care", "home-beds-jgj-450") if isinstance(t, Target)]
    assert {t.threshold for t in scope} == {20} and not any(t.binding for t in scope)


def test_beds_are_counted_with_and_without_those_of_communities() -> None:
    """The ministry's bulletin of 2024: 7.993 and 5.077 million beds, 310.31 million people of 60 and more."""
    alone, all_beds = (
        target("elderly-care", "beds-per-1000-national"),
        target("elderly-care", "beds-per-1000-with-community"),
    )
    assert alone.threshold == round(5_077_000 / 310_310, 1) and all_beds.threshold == round(7_993_000 / 310_310, 1)
    assert not alone.binding and not all_beds.binding and "day_care" in set(all_beds.kinds) - set(alone.kinds)


def test_e_bikes_are_cited_after_the_standard_of_2024() -> None:
    said = (resources.files("quarterhour") / "data" / "modes.toml").read_text(encoding="utf-8")
    assert "GB 17761-2024" in said and "GB 17761-2018" not in said


# --- sets for 2026 to 2030 ----------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS_TO_2030)
def test_the_sets_for_2026_to_2030_are_there_that_summer(name: str) -> None:
    assert read_rule_set(name).on(NOW).targets


def test_towns_are_to_be_served_by_a_centre_not_each_to_have_one() -> None:
    row = target("rural-care-2024", "rural-regional-centre")
    assert row.measure == "served_share" and row.table == "towns" and row.threshold == 0.6
    assert row.served_by == ("has", "assigned") and row in read_rule_set("rural-care-2024").on(NOW).targets
    assert target("rural-care-2024", "rural-county-institution").threshold == 1


def test_the_opinion_of_2025_names_years_and_no_figures() -> None:
    rows = {t.id: t for t in read_rule_set("national-2029-2035").targets}
    assert rows["three-tier-2029"].to_fill and rows["basic-care-2035"].to_fill
    assert rows["nursing-beds-2030"].threshold == 0.73 and rows["nursing-beds-2030"].effective_from == "2026-03-09"
    assert rows["monthly-visits"].threshold == 1 and rows["monthly-visits"].date == "2022-10-28"


def test_canteens_belong_to_the_quarter_hour_and_no_share_is_asked() -> None:
    row = target("meals", "meals-circle")
    assert row.kinds == ("canteen",) and row.minutes == (15,)
    assert not any(t.binding for t in read_rule_set("meals").targets if not t.to_fill)


def test_space_by_households_is_twenty_square_metres_in_new_housing_and_fifteen_in_old() -> None:
    new, old = (target("quotas-by-households", f"per-100-households-{age}") for age in ("new", "old"))
    assert (new.threshold, old.threshold, new.per, old.per) == (20, 15, 100, 100)
    assert new.verified and old.verified and "第十四条" in new.clause
    sizes = [target("quotas-by-households", f"embedded-centre{better}") for better in ("", "-better")]
    assert [(t.threshold, t.binding) for t in sizes] == [(600, True), (800, False)]


def test_of_the_guide_to_living_circles_only_the_levels_are_known() -> None:
    rows = read_rule_set("td-t-1062").targets
    assert [row.id for row in rows if row.to_fill] == ["living-circle-guide-share"]
    assert not any(row.binding for row in rows if not row.to_fill)
    assert {(row.id, row.minutes) for row in rows if row.minutes and not row.to_fill} == {
        ("town-circle-15", (15,)), ("town-circle-10", (10,)),
    }  # fmt: skip
    assert {row.table for row in rows if row.measure == "served_share"} == {"towns", "communities"}
