"""Reporting units and classes: a second and a third cut of the same communities, worked by hand.

::

    west 100 (county c1, unit z9, urban)   middle 50 (c1, 农村)   east 30 (c1, class blank)   island 7 (c2, 220)
    inside the home circle: west and middle
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import StudyError
from quarterhour.report.console import summary_lines
from quarterhour.report.tables import site_table
from quarterhour.report.write import meeting_map
from quarterhour.standards.circle import by_level
from quarterhour.study.run import publishable, read_study_inputs

REPORTING = '\n[reporting]\ncolumn = "unit"\nnames = { z9 = "高新区" }\n'
UNITS = {"w": "z9", "m": "", "e": "", "i": ""}
CLASSES = {"w": "urban", "m": "农村", "e": "", "i": "220"}


def with_areas(
    folder: Path, *, units: dict[str, str] | None = None, classes: dict[str, str] | None = None, said: str = REPORTING
) -> Path:
    """The toy study whose communities have a unit and a class; the island lies in a county of its own."""
    file = folder / "communities.csv"
    table = pd.read_csv(file, encoding="gb18030", dtype=str)
    table.loc[table["id"].eq("i"), "county"] = "c2"
    table = table.assign(unit=table["id"].map(units or UNITS), **{"class": table["id"].map(classes or CLASSES)})
    file.write_bytes(table.to_csv(index=False).encode("gb18030"))
    study = folder / "study.toml"
    study.write_text(study.read_text(encoding="utf-8") + said, encoding="utf-8")
    return folder


@pytest.fixture
def results(toy_study: Path) -> qh.Results:
    return qh.run_study(qh.read_study(with_areas(toy_study)))


def people(shares: pd.DataFrame, level: str) -> dict[str, tuple[int, int]]:
    rows = by_level(shares, level)
    return {str(i): (int(m), int(n)) for i, m, n in zip(rows.index, rows["people_met"], rows["people"], strict=True)}


def test_units_and_classes_are_as_worked_by_hand(results: qh.Results) -> None:
    home, care = (check.shares for check in results.checks)
    assert people(home, "unit") == {"c1": (50, 80), "c2": (0, 7), "z9": (100, 100)}
    assert people(home, "class") == {"urban": (100, 100), "rural": (50, 57), "unknown": (0, 30)}
    assert people(care, "unit") == {"c1": (0, 2), "c2": (0, 1), "z9": (4, 4)}
    assert people(care, "class") == {"urban": (4, 4), "rural": (0, 1), "unknown": (0, 2)}


@pytest.mark.parametrize("level", ["unit", "class", "county"])
def test_no_person_is_counted_twice_or_lost(results: qh.Results, level: str) -> None:
    counts = ["communities", "communities_met", "people", "people_met", "people_unstated"]
    for check in (*results.checks, *results.compare):
        city = by_level(check.shares, "city").iloc[0]
        assert by_level(check.shares, level)[counts].sum().tolist() == city[counts].tolist()


def test_a_community_without_unit_and_county_stands_under_not_stated(toy_study: Path) -> None:
    folder = with_areas(toy_study)
    file = folder / "communities.csv"
    file.write_bytes(file.read_bytes().replace(b",c2,", b",,"))
    tables = read_study_inputs(qh.read_study(folder))
    assert tables.communities["reporting_unit"].to_dict() == {"w": "z9", "m": "c1", "e": "c1", "i": "unknown"}
    assert list(tables.units.index) == ["c1", "z9", "unknown"]  # what is left of a county before its zones
    assert "inputs.no_unit" in set(tables.findings["rule"])


def test_what_is_left_of_a_county_says_so_unless_it_is_named(toy_study: Path) -> None:
    tables = read_study_inputs(qh.read_study(with_areas(toy_study)))
    assert tables.units["rest"].to_dict() == {"c1": True, "c2": False, "z9": False}
    assert tables.units["name"].to_dict() == {"c1": "c1", "c2": "c2", "z9": "高新区"}
    file = toy_study / "study.toml"
    file.write_text(file.read_text("utf-8").replace('z9 = "高新区"', 'z9 = "高新区", c1 = "老城"'), encoding="utf-8")
    named = read_study_inputs(qh.read_study(toy_study)).units
    assert named["name"]["c1"] == "老城" and not named["rest"].any()


def test_classes_that_are_blank_or_not_understood_are_told(toy_study: Path) -> None:
    folder = with_areas(toy_study, classes={"w": "城镇", "m": "111", "e": "山区", "i": ""})
    tables = read_study_inputs(qh.read_study(folder))
    assert tables.communities["reporting_class"].to_dict() == {
        "w": "urban",
        "m": "urban",
        "e": "unknown",
        "i": "unknown",
    }
    told = tables.findings.set_index("rule").loc["inputs.class_not_understood"]
    assert told["value"] == "2" and told["detail"] == "山区" and told["id"] == "e, i"


def test_villages_are_countryside(toy_study: Path) -> None:
    folder = with_areas(toy_study, classes={"w": "urban", "m": "village", "e": "rural_community", "i": "rural"})
    classes = read_study_inputs(qh.read_study(folder)).communities["reporting_class"]
    assert classes.to_dict() == dict.fromkeys("eim", "rural") | {"w": "urban"}


def test_a_column_named_class_that_says_something_else_makes_no_classes(toy_study: Path) -> None:
    folder = with_areas(toy_study, classes=dict.fromkeys("wmei", "A"), said="")
    tables = read_study_inputs(qh.read_study(folder))
    assert "reporting_class" not in tables.communities and "reporting_unit" not in tables.communities
    assert not tables.findings["rule"].str.startswith("inputs.class").any()


def test_units_called_alike_and_counties_that_are_not_their_own_are_told(toy_study: Path) -> None:
    said = REPORTING.replace('z9 = "高新区"', 'z9 = "高新区", z8 = "高新区"')
    folder = with_areas(toy_study, units={"w": "z9", "m": "z8", "e": "c2", "i": ""}, said=said)
    told = read_study_inputs(qh.read_study(folder)).findings.set_index("rule")
    assert told.loc["inputs.unit_names_alike", ["value", "detail"]].tolist() == ["z8, z9", "高新区"]
    assert told.loc["inputs.unit_of_other_county", ["value", "id", "detail"]].tolist() == ["1", "e", "c2"]


def test_names_of_units_that_nobody_has_are_told(toy_study: Path) -> None:
    said = REPORTING.replace("z9 =", "z8 =")
    told = read_study_inputs(qh.read_study(with_areas(toy_study, said=said))).findings.set_index("rule")
    assert told.loc["inputs.unit_unused", "value"] == "z8"


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ('[reporting]\ncolumn = "zone"', "reporting.column", "没有 zone 一列"),
        ('[reporting]\nclass_column = "kind_of_place"', "reporting.class_column", "没有 kind_of_place 一列"),
        ('[reporting]\nnames = { a = "b" }', "reporting.names", "column"),
        ('[reporting]\ncolum = "unit"', "reporting.colum", "column"),
    ],
)
def test_a_slip_is_told_by_line_and_field(toy_study: Path, said: str, field: str, words: str) -> None:
    folder = with_areas(toy_study, said=f"\n{said}\n")
    with pytest.raises(StudyError) as told:
        read_study_inputs(qh.read_study(folder))
    line = (folder / "study.toml").read_text("utf-8").splitlines().index(said.splitlines()[1]) + 1
    assert f"study.toml:{line}: {field}" in told.value.sentence("zh") and words in told.value.sentence("zh")


def test_the_console_tells_units_and_classes_under_their_circle(results: qh.Results) -> None:
    lines = summary_lines(results, "zh")
    assert "　上报单位：c1（其余） 62.5%（50 / 80）、高新区 100.0%（100 / 100）、c2 0.0%（0 / 7）" in lines
    assert "　城乡：城镇 100.0%（100 / 100）、农村 87.7%（50 / 57）、类别不详 0.0%（0 / 30）" in lines


def test_a_study_that_asks_for_neither_is_as_before(toy_run: qh.Results) -> None:
    assert set(toy_run.checks[0].shares["level"]) == {"town", "county", "city"}
    assert not len(toy_run.inputs.units)


def test_facilities_and_proposed_sites_carry_the_unit_of_their_town_or_nearest_community(results: qh.Results) -> None:
    """No town of the toy lies in one unit alone: the day care at 900 m is as near to the west as to the middle."""
    assert results.inputs.facilities["reporting_unit"].to_dict() == {"b": "z9", "d": "c1"}
    assert results.proposals[0].sites.loc["e", "reporting_unit"] == "c1"
    names = {("unit_rest", "c1"): "c1"}
    table = site_table(results.proposals, names, "zh")
    assert table["reporting_unit\t上报单位"].tolist() == ["c1（其余）"]


RULES = """
[rules]
id = "own"
zh = "自定"
en = "own"

[[target]]
id = "inside"
zh = "圈内占比"
en = "share inside"
levels = ["unit", "city"]
measure = "circle_share"
of = "home-care-circle"
threshold = 0.6
unit = "share"

[[target]]
id = "day-care"
zh = "有日间照料"
en = "has day care"
levels = ["unit"]
measure = "count"
kinds = ["day_care"]
threshold = 1
unit = "个"
"""


def scored(folder: Path) -> pd.DataFrame:
    (folder / "own.toml").write_text(RULES, encoding="utf-8")
    file = folder / "study.toml"
    file.write_text(
        file.read_text("utf-8").replace('rules = ["weihai-14fyp"]', 'rules = ["own.toml"]'), encoding="utf-8"
    )
    card = qh.run_study(qh.read_study(folder), siting=False).scorecard
    assert card is not None
    return card.rows.set_index(["target", "area"])


def test_a_promise_may_be_made_to_units(toy_study: Path) -> None:
    rows = scored(with_areas(toy_study))
    assert rows.loc["inside", "met"].to_dict() == {"c1": True, "c2": False, "z9": True, "city": True}
    assert rows.loc[("inside", "c1"), "value"] == 0.625 and rows.loc[("inside", "z9"), "area_name"] == "高新区"
    assert rows.loc["day-care", "value"].to_dict() == {"c1": 1, "c2": 0, "z9": 0}


def test_a_promise_to_units_without_units_is_no_data(toy_study: Path) -> None:
    rows = scored(toy_study).xs("day-care")
    assert rows["met"].isna().all() and rows["needs"].tolist() == ["communities: reporting_unit"]


GUARDED = '\n[privacy]\nsmallest_count = 5\nguards = ["hardship"]\n'


def test_small_counts_stay_within_their_unit_and_class_where_they_can(toy_study: Path) -> None:
    """Five of the west stand alone; three and three whom nobody reaches, of one unit and class, are put together."""
    table = toy_study / "communities.csv"
    text = table.read_bytes().replace(b"100,4", b"100,5").replace(b"30,2", b"30,3").replace(b"7,1\n", b"7,3\n")
    table.write_bytes(text)
    classes = {"w": "urban", "m": "rural", "e": "rural", "i": "rural"}
    units = {"w": "z9", "m": "c1", "e": "z8", "i": "z8"}
    folder = with_areas(toy_study, units=units, classes=classes, said='\n[reporting]\ncolumn = "unit"\n' + GUARDED)
    truth = qh.run_study(qh.read_study(folder))
    made = publishable(truth)
    for level in ("unit", "class"):
        assert people(made.checks[1].shares, level) == people(truth.checks[1].shares, level)
    assert made.inputs.communities["hardship"].isna().to_dict() == {"w": False, "m": False, "e": True, "i": True}


def test_a_row_that_a_pool_crosses_is_blank_and_said_so(toy_study: Path) -> None:
    """The three of the east and the three of the island can only be told together, and lie in two units."""
    table = toy_study / "communities.csv"
    text = table.read_bytes().replace(b"100,4", b"100,5").replace(b"30,2", b"30,3").replace(b"7,1\n", b"7,3\n")
    table.write_bytes(text)
    made = publishable(qh.run_study(qh.read_study(with_areas(toy_study, said=REPORTING + GUARDED))))
    rows = by_level(made.checks[1].shares, "unit")
    assert rows["people"].isna().to_dict() == {"c1": True, "z9": False, "c2": True}
    lines = summary_lines(made, "zh")
    assert any("c1（其余） 人数少，不公布、高新区 100.0%（5 / 5）、c2 人数少，不公布" in line for line in lines)
    units = {row.id: row for row in made.card_of(made.checks[1], "zh").table("unit")}
    assert [units[area].count.met for area in ("c1", "z9", "c2")] == [None, 5, None]
    drawn = meeting_map(made)
    assert "高新区" in drawn
