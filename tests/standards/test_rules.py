"""Dated, cited standards."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from quarterhour.base.errors import DataError
from quarterhour.standards.indicators import MEASURES
from quarterhour.standards.rules import as_rule_set, as_targets, in_force, read_rule_set, read_rules, rule_sets
from quarterhour.standards.targets import LEVELS

BEDS = {"id": "beds", "zh": "床", "en": "beds", "level": "city", "measure": "count", "kinds": ["home"],
        "threshold": 1, "unit": "facilities"}  # fmt: skip


def targets(**changes: Any) -> Any:
    row = {k: v for k, v in {**BEDS, **changes}.items() if v is not None}
    return as_targets({"rules": {"source": "a plan", "date": date(2021, 5, 1)}, "target": [row]}, where="plan.toml")


def test_every_promise_of_the_plan_has_a_target(root: Path) -> None:
    page = root.parent / "shared" / "domain" / "targets.md"
    if not page.is_file():
        pytest.skip("../shared/domain/targets.md is absent: the plan's table lies beside the checkout")
    promised = re.findall(r"^\| `([a-z-]+)` \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(promised) == 21
    assert set(promised) - {t.id for t in read_rules("weihai-14fyp")} == set()


def test_every_target_is_cited_and_named_in_both_languages() -> None:
    for target in read_rules("weihai-14fyp"):
        assert target.zh and target.en and target.clause and target.source and target.date and target.unit
        assert target.level in LEVELS and target.measure in MEASURES
        assert target.name("zh") == target.zh and target.name("en") == target.en


def test_a_target_at_several_levels_is_one_value_a_level() -> None:
    made = targets(level=None, levels=["county", "city"], binding_levels=["city"],
                   threshold_by_level={"county": 4})  # fmt: skip
    assert [(t.level, t.threshold, t.binding) for t in made] == [("county", 4, False), ("city", 1, True)]


def test_the_head_of_the_file_holds_for_every_target_that_does_not_say() -> None:
    assert targets()[0].date == "2021-05-01"
    assert targets(source="another")[0].source == "another"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"level": "planet"}, "planet"),
        ({"level": None}, "level None"),
        ({"measure": "guess"}, "guess"),
        ({"threshold": None}, "threshold None"),
        ({"threshold": "many"}, "'many'"),
        ({"kinds": []}, "count needs kinds"),
        ({"measure": "ratio", "columns": ["a"], "table": "figures"}, "ratio needs columns"),
        ({"measure": "circle_share"}, "circle_share needs of"),
        ({"level": "facility"}, "ratio or least of facilities"),
        ({"colour": "red"}, "colour"),
        ({"zh": None}, "zh"),
    ],
)
def test_a_target_that_cannot_be_meant_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=r"target 'beds' of plan\.toml") as caught:
        targets(**wrong)
    assert said in str(caught.value) and "plan.toml" in caught.value.sentence("zh")


def test_a_target_twice_at_one_level_is_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        as_targets({"target": [BEDS, BEDS]})


def test_an_unknown_rule_set_says_which_there_are() -> None:
    assert "weihai-14fyp" in rule_sets()
    with pytest.raises(DataError, match="weihai-14fyp"):
        read_rules("atlantis")


def test_a_target_is_in_force_on_its_first_and_last_day_and_forever_without_dates() -> None:
    dated = targets(effective_from=date(2021, 1, 1), effective_to=date(2025, 12, 31))
    assert len(in_force(dated, date(2021, 1, 1))) == len(in_force(dated, date(2025, 12, 31))) == 1
    assert in_force(dated, date(2020, 12, 31)) == in_force(dated, date(2026, 1, 1)) == ()
    assert len(in_force(targets(), date(1900, 1, 1))) == 1


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 3, 30), date(2026, 6, 30)])
def test_graves_on_arable_land_and_in_scenic_areas_stay_forbidden_when_the_old_regulation_ends(day: date) -> None:
    """Laws of their own ban them; the regulation that was replaced on 2026-03-30 only said so too."""
    held = in_force(read_rule_set("cemetery").exclusions, day)
    inside = {rule.layer for rule in held if rule.metres == 0}
    assert inside >= {"farmland", "protected"}
    assert all(any(r.verified for r in held if r.layer == layer) for layer in ("farmland", "protected"))


# --- rows to be filled ------------------------------------------------------------------------------

TO_FILL = {"id": "far", "zh": "距离", "en": "distance", "to_fill": True}


@pytest.mark.parametrize("given", [{}, {"threshold": ""}])
def test_a_promise_whose_threshold_nobody_saw_is_listed_and_never_in_force(given: dict[str, Any]) -> None:
    row = {k: v for k, v in BEDS.items() if k != "threshold"}
    (made,) = as_targets({"target": [{**row, "to_fill": True, **given}]})
    assert made.to_fill and in_force((made,), date(2026, 1, 1)) == ()


def test_distances_and_figures_can_be_rows_to_be_filled_too() -> None:
    rules = as_rule_set({
        "exclusion": [{**TO_FILL, "layer": "roads", "kinds": ["home"]}], "figure": [{**TO_FILL, "unit": "m2"}],
    })  # fmt: skip
    assert [r.id for r in rules.every()] == ["far", "far"] and not rules.on(date(2026, 1, 1)).every()


def test_a_row_to_be_filled_that_has_a_figure_is_refused() -> None:
    with pytest.raises(DataError, match="to be filled"):
        targets(to_fill=True)


# --- what would be misread in silence -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"threshold": float("nan")}, "threshold nan"),
        ({"threshold": float("inf")}, "threshold inf"),
        ({"kinds": "home"}, '["home"]'),
        ({"verified": "no"}, "verified 'no'"),
        ({"effective_from": "2025/1/1"}, "effective_from '2025/1/1'"),
        ({"effective_to": "2025-12"}, "effective_to '2025-12'"),
        ({"effective_to": "2025-13-01"}, "month"),
        ({"effective_from": date(2026, 1, 1), "effective_to": date(2025, 1, 1)}, "before effective_from"),
        ({"binding_levels": ["county"]}, "binding_levels county"),
        ({"threshold_by_level": {"county": 4}}, "threshold_by_level county"),
        ({"facility_level_by_level": {"cty": "city"}}, "facility_level_by_level cty"),
        ({"measure": "has_kind", "threshold": 60}, "at most 1"),
        ({"measure": "rate", "columns": ["facilities.beds", "communities.older"], "per": -1000}, "per -1000"),
        ({"measure": "served_share", "table": "towns", "served_by": ["has"], "least_share": 50}, "least_share 50"),
    ],
)
def test_what_would_turn_a_verdict_in_silence_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        targets(**wrong)
    assert said in str(caught.value)


def test_an_exclusion_that_names_its_kinds_as_a_text_is_refused() -> None:
    row = {"id": "far", "zh": "距离", "en": "distance", "layer": "roads", "kinds": "home", "metres": 100}
    with pytest.raises(DataError, match="kinds 'home'"):
        as_rule_set({"exclusion": [row]})
