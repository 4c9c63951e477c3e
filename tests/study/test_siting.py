"""What a study file can ask of siting, from the file to the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from typer.testing import CliRunner

import quarterhour as qh
from quarterhour.base.errors import DataError, StudyError
from quarterhour.base.labels import goal_label
from quarterhour.cli import app
from quarterhour.report.tables import quota_line
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.siting.question.problem import OBJECTIVES, Coverage, Goal, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.study.file import read_study_file
from quarterhour.study.file.fields import Objective

X0, Y0 = 400_000, 4_150_000
STREET = """
[candidates]
path = "candidates.csv"
columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }
crs = "EPSG:32651"

[[tables]]
name = "apart"
path = "apart.csv"
"""
"""The toy street, and parcels on it: p0 0, p1 900, p2 1800, p3 2700, p4 3600 m; 1 m/s on foot, 900 m in 15 minutes.

::

    w 100 (4)       d (day care)         m 50 (0)                           e 30 (2)       older (hardship)
    0 ------------- 900 ---------------- 1800 ------------- 2700 ---------- 3600
    p0              p1                   p2                 p3              p4
"""
CLASSES = (
    'classes = [{ name = "urban", steps = [[7.5, 100], [15, 60]] }, { name = "rural", mode = "car", minutes = 3 }]'
)
EVERYTHING = f"""
[[siting]]
id = "all"
zh = "样样都有"
en = "everything"
kind = "clinic"
upgrade_kinds = ["day_care"]
mode = "walk"
minutes = 15
people = {{ older = 1, hardship = 5 }}
objective = ["min-cost", {{ objective = "max-cover", people = "hardship" }}, {{ objective = "gini", level = "county" }}]
new_sites = 3
candidates = "table"
required = ["p4"]
quotas = [{{ level = "town", minimum = 1, maximum = 3, tier = "village" }}]
budget = {{ yuan = 900, years = 2, new_each = 400, running_each = 7 }}
min_distance_m = 900
min_distance_existing = true
conflicts = [["p0", "p1", "p3"]]
conflict_table = "apart"
backup = 80
tier = "village"
tiers = {{ clinic = ["village", "town"], day_care = ["village"] }}
at_least = 130
{CLASSES}
class_column = "setting"

[[siting]]
id = "rooms"
zh = "容量"
en = "rooms"
kind = "clinic"
counts_kinds = ["day_care"]
mode = "walk"
minutes = 15
people = "older"
objective = ["equity", "min-time"]
new_sites = 2
candidates = "table"
everyone = false
capacity = {{ unit = "visits", column = "visits", new_each = 60, existing_each = 90, split = false }}
"""


def street(folder: Path, *questions: str) -> Path:
    """The toy study with parcels, costs, classes and tiers, and these questions in place of its own."""
    rows = [("p0", 0, 300, 5, ""), ("p1", 900, 100, 5, "town"), ("p2", 1800, 200, 5, ""), ("p3", 2700, "", "", "")]
    rows.append(("p4", 3600, 100, 10, ""))
    parcels = "".join(f"{i},地块{i},{X0 + x},{Y0},t1,c1,{yuan},{run},{tiers}\n" for i, x, yuan, run, tiers in rows)
    (folder / "candidates.csv").write_text("id,name,x,y,town,county,cost_yuan,running_yuan,tiers\n" + parcels, "utf-8")
    (folder / "apart.csv").write_text("one,other\np2,p3\n", "utf-8")
    table = (folder / "communities.csv").read_text("gb18030").splitlines()
    setting = ["setting", "urban", "urban", "rural", "rural"]
    settled = "".join(f"{row},{said}\n" for row, said in zip(table, setting, strict=True))
    (folder / "communities.csv").write_text(settled, "utf-8")
    facilities = (folder / "facilities.csv").read_text("utf-8").splitlines()
    further = ["cost_yuan,visits", "50,100", ","]
    known = "".join(f"{row},{said}\n" for row, said in zip(facilities, further, strict=True))
    (folder / "facilities.csv").write_text(known, "utf-8")
    file = folder / "study.toml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("[[siting]]")] + STREET + "".join(questions), "utf-8")
    return folder


def question(objective: str = '"max-cover"', **lines: str) -> str:
    """A question on foot among the parcels; further lines as TOML."""
    asked = {"new_sites": "1", **lines, "objective": objective}
    more = "\n".join(f"{key} = {value}" for key, value in asked.items() if value)
    return (
        '\n[[siting]]\nid = "q"\nzh = "选址"\nen = "q"\nkind = "clinic"\nmode = "walk"\nminutes = 15\n'
        f'people = "older"\ncandidates = "table"\n{more}\n'
    )


def asked(folder: Path, text: str) -> Any:
    """The proposal of one question."""
    return qh.run_study(qh.read_study(street(folder, text)), checks=False).proposals[0]


def cause(folder: Path, text: str) -> str:
    """What the study file is told."""
    with pytest.raises(StudyError, match="study.toml:") as caught:
        read_study_file(street(folder, text))
    assert "should" not in caught.value.sentence("zh")
    return str(caught.value)


def test_the_file_allows_every_objective_that_the_search_knows() -> None:
    assert set(get_args(Objective)) == set(OBJECTIVES)


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_comes_through_to_the_pages(toy_study: Path, tmp_path: Path, objective: str) -> None:
    text = question(f'"{objective}"', at_least="30", budget="{ new_each = 400 }")
    results = qh.run_study(qh.read_study(street(toy_study, text)), checks=False)
    assert results.proposals[0].plan.status == "optimal"
    for lang in ("zh", "en"):
        qh.write_results(results, tmp_path / lang, lang=lang)
        record = json.loads((tmp_path / lang / "plan.json").read_text("utf-8"))[0]
        verify_record(record)
        said = goal_label(objective, "older", lang)
        assert record["goals"][0]["objective"] == objective
        book = pd.read_excel(
            tmp_path / lang / "coverage.xlsx", sheet_name=None, header=None, dtype=str, engine="openpyxl"
        )
        assert any(sheet.eq(said).any(axis=None) for sheet in book.values())


def test_all_that_the_file_says_is_asked(toy_study: Path) -> None:
    results = qh.run_study(qh.read_study(street(toy_study, EVERYTHING)), checks=False)
    problem, rooms = (p.problem for p in results.proposals)
    assert problem.goals == (Goal("min-cost"), Goal("max-cover", "hardship"), Goal("gini", level="county"))
    assert problem.weights == {"older": 1, "hardship": 5} and problem.demand["w"] == 120
    assert problem.quotas == (Quota("town", ("t1",), 1, 3, "village"),)
    assert (problem.budget, problem.new_sites) == (Budget(900, 2), 3)
    assert problem.coverage == Coverage(80, "village", None, 130)
    assert problem.standards == {"urban": Standard(15.0, ((7.5, 100), (15.0, 60))), "rural": Standard(3.0)}
    assert problem.classes.to_dict() == {"w": "urban", "m": "urban", "e": "rural", "i": "rural"}
    sites = problem.sites
    assert sites["state"].to_dict() == {
        "d": "upgradeable", "p0": "candidate", "p1": "candidate", "p2": "candidate", "p3": "candidate", "p4": "required"
    }  # fmt: skip
    assert sites["cost_yuan"].tolist() == [50, 300, 100, 200, 400, 100]
    assert sites["running_yuan"].tolist() == [7, 5, 5, 5, 7, 10]
    assert sites["tiers"].to_dict() == {
        "d": "village", "p0": "village town", "p1": "town", "p2": "village town", "p3": "village town",
        "p4": "village town",
    }  # fmt: skip
    assert pairs(problem) == {("d", "p1"), ("p0", "p1"), ("p0", "p3"), ("p1", "p3"), ("p2", "p3")}
    assert rooms.capacity is not None and (rooms.capacity.unit, rooms.capacity.split) == ("visits", False)
    assert isinstance(rooms.capacity, Capacity) and rooms.sites["capacity"].tolist() == [100, 60, 60, 60, 60, 60]
    assert rooms.coverage.everyone is False and [g.objective for g in rooms.goals] == ["equity", "min-time"]


def pairs(problem: SitingProblem) -> set[tuple[str, str]]:
    ids = problem.sites.index
    return {(str(ids[a]), str(ids[b])) for a, b in problem.conflicts}


def test_a_question_with_everything_goes_from_the_file_to_the_pages(toy_study: Path, tmp_path: Path) -> None:
    """By hand: with d, p0 and p4 counts 96 of w, 24 of m, 32 of e; with d, p2 and p4 only 129.6, which is short of 130.

    On foot 900 m count 60 of 100, nobody has two sites near but w, and then the nearer alone counts more.
    """
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["site", str(street(toy_study, EVERYTHING)), "--out", str(out), "--lang", "zh"])
    assert done.exit_code == 0, done.output
    records = json.loads((out / "plan.json").read_text("utf-8"))
    for record in records:
        verify_record(record)
        assert record["status"] == "optimal"
    assert sorted(site["id"] for site in records[0]["sites"]) == ["d", "p0", "p4"]
    assert records[0]["value"] == 50 + 2 * 7 + 300 + 2 * 5 + 100 + 2 * 10
    assert "样样都有" in (out / "report.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        ({}, ["p1"]),
        ({"required": '["p3"]'}, ["p3"]),
        ({"budget": "{ yuan = 200, new_each = 400 }", "new_sites": ""}, ["p1", "p4"]),
        ({"budget": "{ yuan = 204, years = 1, new_each = 400 }", "new_sites": ""}, ["p1"]),
        (
            {"budget": "{ yuan = 199, new_each = 400 }", "tiers": '{ clinic = ["village"] }', "tier": '"village"'},
            ["p4"],
        ),
        ({"new_sites": "2", "conflicts": '[["p0", "p2"], ["p1", "p2"]]', "backup": "0"}, ["p0", "p1"]),
        ({"new_sites": "3", "min_distance_m": "1801"}, ["p1", "p4"]),
    ],
)
def test_one_rule_of_the_file_changes_the_plan(toy_study: Path, lines: dict[str, str], chosen: list[str]) -> None:
    assert sorted(asked(toy_study, question(**lines)).plan.chosen) == chosen


def test_a_column_of_the_table_says_what_must_be_built(toy_study: Path) -> None:
    street(toy_study, question(new_sites="2"))
    table = pd.read_csv(toy_study / "candidates.csv", dtype=str).assign(required=["", "", "", "是", ""])
    table.to_csv(toy_study / "candidates.csv", index=False)
    sites = qh.run_study(qh.read_study(toy_study), checks=False).proposals[0].sites
    assert sites.index[sites["state"].eq("required")].tolist() == ["p3"]


@pytest.mark.parametrize(
    ("objective", "lines", "told"),
    [
        ('"max-covr"', {}, "siting.0.objective: should be one of 'max-cover'"),
        ('["max-cover", "least"]', {}, "siting.0.objective.1: should be one of 'max-cover'"),
        ('[{ objective = "gini", people = "young" }]', {}, "young is not among communities.people"),
        ("[]", {}, "siting.0.objective: needs at least one"),
        ('"max-cover"', {"new_sites": ""}, "or a `budget` with `yuan`"),
        ('"max-cover"', {"budget": "{ yuan = -1 }"}, "siting.0.budget.yuan: should be at least 0 (got -1)"),
        ('"max-cover"', {"bugdet": "{ yuan = 1 }"}, "is not a field; did you mean budget?"),
        ('"max-cover"', {"steps": "[[10, 100], [14, 60]]"}, "end at minutes = 15"),
        ('"max-cover"', {"backup": "100"}, "siting.0.backup: should be at most 99"),
        ('"max-cover"', {"backup": "50", "capacity": '{ unit = "beds", column = "b" }'}, "`capacity` at once"),
        ('"max-cover"', {"backup": "50", "frontier": "3"}, "cannot have `frontier` and `backup` at once"),
        ('"max-cover"', {"conflicts": '[["p0"]]'}, "siting.0.conflicts.0: needs at least"),
        ('"max-cover"', {"conflict_table": '"pairs"'}, "table pairs is not among [[tables]] (apart)"),
        ('"max-cover"', {"classes": '[{ name = "a" }, { name = "a" }]'}, "the class a is there twice"),
        ('"max-cover"', {"min_distance_m": "0"}, "siting.0.min_distance_m: should be greater than 0"),
    ],
)
def test_a_slip_is_told_by_its_field(toy_study: Path, objective: str, lines: dict[str, str], told: str) -> None:
    said = cause(toy_study, question(objective, **lines))
    assert told in said and "literal[" not in said and said.count("study.toml:") == 1


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ({"required": '["p9"]'}, "sites.required_unknown"),
        (
            {"required": '["p0"]', "exclude": '[{ layer = "communities", metres = 100 }]'},
            "sites.required_removed",
        ),
        ({"conflicts": '[["p0", "zz"]]'}, "study.conflict_unknown"),
        ({"classes": '[{ name = "urban" }]'}, "study.no_class_column"),
        ({"objective": '"min-cost"', "at_least": "1"}, "question.bad_figure"),
    ],
)
def test_what_the_tables_lack_is_told(toy_study: Path, lines: dict[str, str], key: str) -> None:
    with pytest.raises(DataError if key.startswith("question") else StudyError) as caught:
        asked(toy_study, question(**{"objective": '"max-cover"', **lines}))
    assert caught.value.key == key and caught.value.sentence("zh") != caught.value.sentence("en")


def test_a_candidate_that_a_rule_removed_conflicts_with_nobody(toy_study: Path) -> None:
    lines = {"conflicts": '[["p0", "p1", "p3"]]', "exclude": '[{ layer = "communities", metres = 100 }]'}
    assert pairs(asked(toy_study, question(**lines)).problem) == {("p1", "p3")}


@pytest.mark.parametrize(
    ("lang", "below", "ways"), [("zh", "理论下界 1", "怎样才有方案"), ("en", "lower bound 1", "What would")]
)
def test_a_bound_is_called_by_its_side_and_a_way_out_has_its_heading(
    toy_study: Path, tmp_path: Path, lang: str, below: str, ways: str
) -> None:
    """Nobody can do with fewer than one site; two apart cannot both be built, and without the rule they can."""
    street(toy_study, question('"min-sites"', at_least="120"))
    extra = question(required='["p0", "p1"]', conflicts='[["p0", "p1"]]', new_sites="2")
    file = toy_study / "study.toml"
    file.write_text(file.read_text("utf-8") + extra.replace('id = "q"', 'id = "none"'), "utf-8")
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    qh.write_results(results, tmp_path / "out", lang=lang)
    page = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert results.proposals[1].plan.status == "infeasible" and results.proposals[1].changes
    assert below in page and f"## {ways}" in page and "没有方案。 " not in page
    assert ("理论上界 1" if lang == "zh" else "; bound 1") not in page


def test_several_standards_have_years_values_and_scenarios(toy_study: Path) -> None:
    lines = {"new_sites": "2", "turnout_minutes": "1", "class_column": '"setting"', "values": "true"}
    lines |= {"robust": "{ scenarios = 2, speed = [0.77, 1.213] }", "phases": "{ per_year = 1, first_year = 2026 }"}
    behind = asked(toy_study, question('["max-cover", "min-time"]', **lines) + CLASSES + "\n").prospects
    assert behind.robust is not None and len(behind.robust.scenarios) == 2
    assert behind.phasing is not None and behind.values is not None


# --- quotas of towns alone ----------------------------------------------------------------------------------------

QUOTA = '[{ level = "town", minimum = 1, applies_to = ["town"] }]'


def three_towns(folder: Path, text: str, names: tuple[str, ...] = ("西镇", "中街道", "东乡")) -> qh.Results:
    """The street in three towns: w, p0 and p1 in the first, m and p2 in the second, e, p3 and p4 in the third."""
    street(folder, text)
    for file, towns in (("communities.csv", [0, 1, 2, 2]), ("candidates.csv", [0, 0, 1, 2, 2])):
        head, *rows = (folder / file).read_text("utf-8").splitlines()
        moved = [row.replace(",t1,", f",t{town + 1},") for row, town in zip(rows, towns, strict=True)]
        (folder / file).write_text("\n".join([head, *moved]) + "\n", "utf-8")
    table = "".join(f"t{n + 1},{name},c1\n" for n, name in enumerate(names))
    (folder / "towns.csv").write_text("id,name,county\n" + table, "utf-8")
    study = folder / "study.toml"
    part = '[towns]\npath = "towns.csv"\ncolumns = { id = "id", name = "name", county = "county" }\n\n[candidates]'
    study.write_text(study.read_text("utf-8").replace("[candidates]", part, 1), "utf-8")
    return qh.run_study(qh.read_study(folder), checks=False)


def test_a_quota_of_towns_asks_none_of_a_sub_district(toy_study: Path, tmp_path: Path) -> None:
    asked_of_all = question('"max-cover"', new_sites="2", quotas=QUOTA.replace(', applies_to = ["town"]', ""))
    results = three_towns(toy_study, asked_of_all + question('"max-cover"', new_sites="2", quotas=QUOTA).replace(
        'id = "q"', 'id = "towns"'))  # fmt: skip
    everywhere, alone = results.proposals
    assert everywhere.plan.status == "infeasible"  # three towns, two sites
    assert alone.plan.status == "optimal" and set(alone.sites.loc[list(alone.plan.chosen), "town"]) == {"t1", "t3"}
    assert alone.problem.quotas == (Quota("town", ("t1", "t3"), 1),)
    assert quota_line(alone, "zh") == "数量要求：镇（乡）（2 个）每个至少 1 处。"
    assert quota_line(everywhere, "zh") == "数量要求：镇街（3 个）每个至少 1 处。"
    qh.write_results(results, tmp_path / "out")
    record = json.loads((tmp_path / "out" / "plan.json").read_text("utf-8"))[1]
    assert record["quotas"][0]["areas"] == ["t1", "t3"]
    verify_record(record)


def test_what_a_quota_of_towns_lacks_names_towns_alone(toy_study: Path) -> None:
    results = three_towns(toy_study, question('"max-cover"', quotas=QUOTA))
    reasons = " ".join(map(str, results.proposals[0].plan.reasons))
    assert "'t1', 't3'" in reasons and "t2" not in reasons


def test_a_town_of_no_known_class_is_left_out_and_told(toy_study: Path) -> None:
    results = three_towns(toy_study, question('"max-cover"', quotas=QUOTA), ("西镇", "中街道", "东区"))
    assert results.proposals[0].problem.quotas[0].areas == ("t1",)
    told = results.findings.set_index("rule")
    assert told.loc["doubts.class_unknown", ["value", "id", "detail"]].tolist() == ["1", "t3", "东区"]


def test_a_quota_for_which_no_town_is_meant_is_refused(toy_study: Path) -> None:
    with pytest.raises(StudyError, match="applies_to"):
        three_towns(toy_study, question('"max-cover"', quotas=QUOTA), ("西街道", "中街道", "东街道"))


@pytest.mark.parametrize(
    "wrong", ['[{ level = "county", applies_to = ["town"] }]', '[{ level = "town", applies_to = ["village"] }]']
)
def test_a_quota_that_speaks_of_no_class_of_towns_is_refused(toy_study: Path, wrong: str) -> None:
    assert "applies_to" in cause(toy_study, question('"max-cover"', quotas=wrong))
