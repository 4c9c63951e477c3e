"""Capacity, beds, rounds, graves, overlay: the embedded study from its file to its tables."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.base import i18n
from quarterhour.base.errors import StudyError
from quarterhour.base.labels import counted_label, unit_label
from quarterhour.report import write
from quarterhour.report.service_sections import care_sections
from quarterhour.report.siting_sections import siting_sections
from quarterhour.siting.candidates.exclusions import lawful_candidates
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.standards.rules import Exclusion, read_rule_set
from quarterhour.standards.scorecard import note_sentences
from quarterhour.study.results import Results
from quarterhour.study.session import Run
from tables import book_tables


@pytest.fixture(scope="module")
def weihai(weihai_run: Results) -> Results:
    return weihai_run


def test_every_promise_is_computed_or_says_what_to_supply(weihai: Results, root: Path) -> None:
    page = root.parent / "shared" / "domain" / "targets.md"
    if not page.is_file():
        pytest.skip("../shared/domain/targets.md is absent: the plan's table lies beside the checkout")
    promised = re.findall(r"^\| `([a-z-]+)` \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(promised) == 21 and weihai.scorecard is not None
    rows = weihai.scorecard.rows
    for promise in promised:
        mine = rows[rows["target"] == promise]
        assert len(mine), promise
        blank = mine[mine["value"].isna()]
        assert blank["note"].ne("").all(), promise
        none = blank[blank["note"] == "scorecard.no_data"]
        assert all(re.match(r"no data: supply '.+' in the table '.+'", line) for line in note_sentences(none, "en")), (
            promise
        )


def test_two_dates_are_two_scorecards_in_one_run(weihai: Results) -> None:
    days = list(weihai.scorecards)
    assert days == [date(2025, 12, 31), date(2026, 6, 30)]
    before, after = (set(weihai.scorecards[day].rows["target"]) for day in days)
    assert "care-circle" in before - after and "nursing-beds-2030" in after - before
    assert "beds-per-1000" in before & after
    sets = {"rural-care-2024", "national-2029-2035", "meals", "quotas-by-households", "td-t-1062"}
    then = weihai.scorecards[date(2026, 6, 30)].rows
    assert sets <= set(then["rule_set"]) and set(then["rule_set"]) & {"weihai-14fyp", "cemetery-shandong"} == set()
    assert then["threshold"].notna().all()  # what is to be filled judges nobody
    unknown = then[then["rule_set"].isin(["meals", "quotas-by-households"])]
    assert unknown["note"].eq("scorecard.no_data").all() and unknown["needs"].ne("").all()


def test_served_is_no_more_than_beds_and_reached(weihai: Results) -> None:
    (beds,) = weihai.care.access
    rows = beds.served.communities
    assert (rows["served"] <= rows["people"]).all() and not rows.loc[~rows["reachable"], "served"].any()
    assert rows["served"].sum() <= beds.served.sites["capacity"].sum()
    assert set(beds.access) == {"2sfca", "e2sfca", "3sfca", "normal", "dai"}
    assert 0 < beds.equity.gini < 1 and beds.equity.theil_between <= beds.equity.theil


def test_each_county_reaches_its_share_of_nursing_beds(weihai: Results) -> None:
    for county, plan in weihai.care.conversions.items():
        after = (plan.rows["nursing_beds"] + plan.rows["convert"]).sum() / plan.rows["beds"].sum()
        assert plan.short == 0 and after >= 0.6, county


def test_rounds_have_a_bound_and_lose_nobody(weihai: Results) -> None:
    plan = weihai.care.rounds
    assert plan is not None
    assert plan.bound <= plan.carers <= 1.15 * plan.bound
    assert plan.communities["people"].sum() == 7200  # those at home
    out = plan.rounds[plan.rounds["community"] != ""]
    assert len(out) == plan.bases["visits"].sum() - plan.bases["unserved"].sum()
    assert (plan.rounds["leave"] <= 480).all()


def test_the_ledger_says_each_rule_with_the_distance_that_shapely_measures(weihai: Results) -> None:
    proposal = next(p for p in weihai.proposals if p.id == "town-cemeteries")
    tables, ledger = weihai.inputs, proposal.ledger
    assert set(ledger["rule"]) <= {r.id for r in read_rule_set("cemetery").exclusions}
    offered = set(proposal.sites.index[proposal.sites["state"] == "candidate"])
    assert set(tables.candidates.index) == offered | set(ledger["candidate"])
    assert not offered & set(ledger["candidate"])
    layers = {"communities": tables.communities, "roads": tables.roads, **tables.layers}
    rules = {r.id: r for r in read_rule_set("cemetery").exclusions}
    for row in ledger.sample(40, random_state=1).itertuples():
        layer, rule = layers[rules[row.rule].layer], rules[row.rule]
        layer = layer[layer["road_class"].isin(rule.road_classes)] if rule.road_classes else layer
        spot = tables.candidates.geometry[row.candidate]
        assert row.distance_m == pytest.approx(shapely.distance(layer.geometry.to_numpy(), spot).min())
        inside = row.distance_m == row.required_m == 0  # a rule without a distance bans what lies inside
        assert inside or row.distance_m < row.required_m
    assert set(proposal.unchecked) == {r.id for r in _in_force() if r.layer not in layers}
    assert {"land-law-farmland", "draft-housing"} <= set(proposal.unchecked) and proposal.reported.empty


def _in_force() -> tuple[Exclusion, ...]:
    """What keeps cemeteries of a town away on the study's day."""
    held = read_rule_set("cemetery").on(date(2025, 12, 31)).exclusions
    return tuple(rule for rule in held if "town_cemetery" in rule.kinds)


def test_parcels_break_no_rule(weihai: Results) -> None:
    parcels, tables = weihai.care.parcels, weihai.inputs
    assert parcels is not None and len(parcels) > 100 and parcels["quality"].eq("synthetic").all()
    rules = [rule for rule in _in_force() if rule.layer in {"water", "protected", "railways"}]
    assert len(lawful_candidates(parcels.drop(columns="shape"), rules, tables.layers).kept) == len(parcels)
    outlines = tables.towns.geometry.loc[parcels["town"]].to_numpy()
    assert shapely.intersects(outlines, parcels.geometry.to_numpy()).all()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tables_of_both_languages_have_all_headings(weihai: Results, lang: str) -> None:
    sections = {s.key: s for s in care_sections(weihai, lang)}
    assert {"tiers", "access", "beds", "rounds", "territories", "graves", "overlay", "parcels"} <= set(sections)
    page = write.page(weihai, lang)
    for section in sections.values():
        assert all(line in page or line.split("（")[0] in page.replace("\\", "") for line in section.lines)
    assert sections["graves"].table["graves"].sum() == weihai.care.graves.areas["graves"].sum()  # type: ignore[union-attr]


def test_the_tiers_of_the_table_are_those_of_the_scorecard(weihai: Results) -> None:
    assert weihai.scorecard is not None
    rows = weihai.scorecard.rows
    city = rows[(rows["target"] == "three-tier") & (rows["level"] == "city")]["value"].iloc[0]
    assert city == pytest.approx(weihai.tiers["three-tier"].communities["met"].mean())


# --- a town left without a lawful parcel -------------------------------------------------------------


def test_a_town_without_a_lawful_parcel_is_told_what_would_free_one(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    text += """
[[siting]]
id = "graves"
zh = "公墓"
en = "graves"
kind = "town_cemetery"
mode = "car"
minutes = 30
people = "older"
new_sites = 5
candidates = "communities"
quotas = [{ level = "town", minimum = 1 }]
exclude = [{ layer = "communities", metres = 500, clause = "c" }]
"""
    file.write_text(text, encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study))
    proposal = next(p for p in results.proposals if p.id == "graves")
    assert len(proposal.relaxations) and proposal.relaxations["candidate"].isna().all()  # each stands on a community
    assert np.isin(proposal.relaxations["level"], ["town"]).all()
    assert "relaxations" in {s.key for s in siting_sections(results, "en")}


def test_a_rule_set_that_is_not_in_force_is_refused(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8") + '\n[graves]\ntable = "figures"\n'
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="cemetery"):
        qh.run_study(qh.read_study(toy_study))


def test_what_the_tables_lack_is_told_and_not_guessed(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    text += '\n[beds]\nkinds = ["day_care"]\n\n[rounds]\nkinds = ["nobody"]\npeople = "hardship"\nmode = "ebike"\n'
    file.write_text(text, encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study))
    assert results.care.missing == (("beds", "facilities", "nursing_beds"), ("rounds", "facilities", "kind = nobody"))
    (section,) = [s for s in care_sections(results, "en") if s.key == "not_computed"]
    assert (
        section.lines[0] == "conversion of nursing beds: not computed. Supply 'nursing beds' in the table 'facilities'."
    )


# --- another city, with its own rules ----------------------------------------------------------------


def test_another_city_has_rules_of_its_own(root: Path, shared_data: Path) -> None:
    study = qh.read_study(root / "data" / "raw" / "liechtenstein", roads=shared_data / "osm" / "liechtenstein.osm.pbf")
    results = qh.run_study(study, siting=False)
    assert results.scorecard is not None
    rows = results.scorecard.rows
    city = rows[rows["level"] == "city"].set_index("target")
    assert city.loc["hospital-quarter-hour", "value"] == pytest.approx(results.checks[0].share())
    assert city.loc["hospitals", "met"] and city.loc["cemetery-off-main-roads", "value"] >= 0
    assert city.loc["beds-per-1000", "note"] == "scorecard.no_data"


def test_a_question_without_a_plan_is_told_what_would_make_one(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = re.sub(r"new_sites = \d+", "new_sites = 0", file.read_text(encoding="utf-8"))
    file.write_text(text + '\nquotas = [{ level = "town", minimum = 2 }]\n' * ("quotas" not in text), encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study))
    (proposal,) = [p for p in results.proposals if p.plan.status == "infeasible"]
    assert proposal.plan.reasons and proposal.changes
    assert any("instead of 0" in change.sentence("en") for change in proposal.changes)


def test_what_stands_may_count_or_be_raised_and_goals_follow_each_other(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8") + 'objective = ["max-cover", "min-time"]\nfrontier = 2\n'
    plain = qh.run_study(qh.read_study(toy_study)).proposals[0]
    file.write_text(text + 'upgrade_kinds = ["care_base"]\n', encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study))
    proposal = results.proposals[0]
    states = proposal.sites["state"].value_counts()
    kinds = results.inputs.facilities["kind"].value_counts()
    assert states.get("upgradeable", 0) == kinds.get("care_base", 0)
    assert [level.objective for level in proposal.plan.levels] == ["max-cover", "min-time"]
    assert proposal.plan.covered >= plain.plan.covered
    frontier = proposal.prospects.frontier
    assert frontier is not None and frontier["people"].is_monotonic_increasing
    assert {"levels", "frontier"} <= {s.key for s in siting_sections(results, "zh")}
    file.write_text(text + 'counts_kinds = ["care_base"]\n', encoding="utf-8")
    counted = qh.run_study(qh.read_study(toy_study)).proposals[0]
    assert counted.sites["state"].value_counts().get("existing", 0) == states.get("existing", 0) + kinds.get(
        "care_base", 0
    )


# --- plans, from plan.json to the last page ----------------------------------------------------------


class HandedOn:
    """What a run leaves behind, read again."""

    def __init__(self, results: Results, folder: Path, lang: str) -> None:
        self.results, self.folder, self.lang = results, folder, lang
        qh.write_results(results, folder, lang=lang)
        self.records = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        self.page = (folder / "report.md").read_text(encoding="utf-8").replace("\\", "")
        text = (folder / "map.html").read_text(encoding="utf-8")
        self.map = json.loads(text.split("window.quarterhourPicture=", 1)[1].split(";</script>", 1)[0])
        self.told = [html.unescape(line) for part in self.map["findings"] for line in part["lines"]]
        self.names = {p.id: p.name(lang) for p in results.proposals}

    def shown(self, question: str) -> list[str]:
        """The map's panel on a plan."""
        (plan,) = [p for p in self.map["plans"] if html.unescape(p["name"]) == self.names[question]]
        return [html.unescape(line) for line in plan["result"]]

    @cached_property
    def book(self) -> dict[str, pd.DataFrame]:
        """Every table of the workbook, read once."""
        return book_tables(self.folder / "coverage.xlsx")

    def sheet(self, key: str, question: str) -> pd.DataFrame:
        """The rows of a question in a sheet, columns by their keys."""
        table = self.book[i18n.say(f"report.sheet_{key}", self.lang)]
        asked = i18n.say("report.col_question", self.lang), i18n.say("report.col_name", self.lang)
        return table[table[next(c for c in asked if c in table)] == self.names[question]].reset_index(drop=True)

    def column(self, key: str, question: str, name: str) -> list[Any]:
        """A column of such rows."""
        return list(self.sheet(key, question)[i18n.say(f"report.col_{name}", self.lang)])

    def rows(self, question: str) -> list[list[str]]:
        """The rows of the page's tables that name a question."""
        lines = [line.strip("| ").split(" | ") for line in self.page.splitlines() if line.startswith("| ")]
        return [line for line in lines if line[0] == self.names[question]]


@pytest.fixture(scope="module", params=["weihai", "liechtenstein"])
def handed_on(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> HandedOn:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "weihai":
        return HandedOn(request.getfixturevalue("weihai_run"), folder, "zh")
    roads = request.getfixturevalue("shared_data") / "osm" / "liechtenstein.osm.pbf"
    results = qh.run_study(qh.read_study(root / "data" / "raw" / "liechtenstein", roads=roads), checks=False)
    return HandedOn(results, folder, "en")


def whole(number: float) -> str:
    """As a page says a number."""
    return f"{number:,.1f}".removesuffix(".0")


def test_each_goal_its_bound_and_its_gap_stand_in_map_workbook_and_page(handed_on: HandedOn) -> None:
    assert len(handed_on.records) == len(handed_on.results.study.file.siting) >= 2
    for record, proposal in zip(handed_on.records, handed_on.results.proposals, strict=True):
        verify_record(record)
        question, lang = record["problem_id"], handed_on.lang
        assert record["status"] == "optimal"
        goals = [goal.objective for goal in proposal.problem.goals]
        assert [goal["objective"] for goal in record["goals"]] == goals and goals[0] == "max-cover"
        unit, value, bound = unit_label(record["unit"], lang), record["value"], record["bound"]
        assert record["value"] == record["covered"] == bound
        shown = "\n".join(handed_on.shown(question))
        assert all(text in shown for text in (f"{value:,}", f"{bound:,}", "0.00%", unit, f"{record['demand_total']:,}"))
        assert f"{value:,}" in handed_on.page and unit in handed_on.page
        (row,) = handed_on.sheet("plans", question).to_dict("records")
        counts = {"plan_value": value, "bound": bound, "gap": 0, "new_sites": len(record["sites"])}
        counts |= {name: record[name] for name in ("covered", "reachable", "demand_total")}
        counts |= {"before": record.get("placed_before", record["covered_before"])}
        counts |= {f"sites_{quality}": count for quality, count in record["rests_on"].items()}
        assert {name: row[i18n.say(f"report.col_{name}", lang)] for name in counts} == counts
        if len(goals) > 1:
            for name, key in (("plan_value", "value"), ("bound", "bound"), ("gap", "gap")):
                said = [goal[key] for goal in record["goals"]]
                assert handed_on.column("levels", question, name) == pytest.approx(said), name
            last = whole(record["goals"][1]["value"])
            assert len([row for row in handed_on.rows(question) if last in row]) == 1
        gains = [site["gain"] for site in record["sites"]]
        assert handed_on.column("sites", question, "gain") == gains
        made_up = record["rests_on"]["estimated"] + record["rests_on"]["synthetic"]
        assert made_up == len(record["sites"])
        assert any(str(made_up) in line for line in handed_on.shown(question)[-1:])
        assert handed_on.names[question] in html.unescape(handed_on.map["note"])


def test_frontier_and_years_stand_in_map_workbook_and_page(handed_on: HandedOn) -> None:
    for record in handed_on.records:
        question = record["problem_id"]
        sizes, steps = record["frontier"], record["phases"]["steps"]
        assert all(size["gap"] == 0 for size in sizes)
        for name, key in (("new_sites", "sites"), ("covered_most", "people"), ("bound", "bound")):
            assert handed_on.column("frontier", question, name) == [size[key] for size in sizes], name
        for name, key in (("new_sites", "built"), ("step_value", "value"), ("step_best", "best"), ("loss", "loss"),
                          ("loss_at_most", "loss_at_most")):  # fmt: skip
            assert handed_on.column("phases", question, name) == [step[key] for step in steps], name
        rows = handed_on.rows(question)
        shown = [size for size in sizes if any(row[1] == str(size["sites"]) for row in rows)]
        assert shown == sizes[: len(shown)] and shown  # the page has the first rows of all, the workbook every one
        for size in shown:
            assert any(row[1] == str(size["sites"]) and row[3] == whole(size["people"]) for row in rows), size
        for step in steps:
            assert any(row[2] == str(step["built"]) and row[4] == whole(step["value"]) for row in rows), step
        said = [line for line in handed_on.told if line.startswith(handed_on.names[question])]
        for number in (sizes[0]["people"], sizes[-1]["people"], steps[1]["value"], steps[-1]["value"]):
            assert any(whole(number) in line for line in said), number
        assert any(chart["name"] == handed_on.names[question] for chart in handed_on.map["charts"])
        assert steps[-1]["value"] == record["value"]
        by_size = {size["sites"]: size["people"] for size in sizes}
        assert all(step["best"] == by_size[step["built"]] for step in steps if step["built"] in by_size)


def test_a_town_has_its_site_and_no_cemetery_holds_more_than_its_room(handed_on: HandedOn) -> None:
    for record, proposal in zip(handed_on.records, handed_on.results.proposals, strict=True):
        question = record["problem_id"]
        opened = [*proposal.sites.index[proposal.sites["state"].eq("existing")], *(s["id"] for s in record["sites"])]
        towns = {area for quota in record["quotas"] for area in quota["areas"] if quota["level"] == "town"}
        assert record["unmet"] == [] and towns <= set(proposal.sites.loc[opened, "town"])
        if record["unit"] != "graves":
            continue
        placed: Counter[str] = Counter()
        for _, site, graves in record["served"]:
            placed[site] += graves
        assert sum(placed.values()) == record["covered"]
        assert handed_on.column("rooms", question, "placed") == [placed[s] for s in opened]
        room = handed_on.column("rooms", question, "room")
        assert room == proposal.sites.loc[opened, "capacity"].tolist()
        assert all(placed[s] <= most for s, most in zip(opened, room, strict=True))
        assert not set(opened) & set(proposal.ledger["candidate"])  # those that a rule speaks against
        told = [line for line in handed_on.told if line.startswith(handed_on.names[question])]
        assert any(f"{record['covered']:,}" in line for line in told)
        graves = counted_label("graves", handed_on.lang)
        assert any(row[4:7] == [graves, whole(room[0]), whole(placed[opened[0]])]
                   for row in handed_on.rows(question))  # fmt: skip


@pytest.mark.parametrize(("work", "beside"), [("", False), ("\nnodes = 2000", True)])
def test_rounds_are_not_searched_beside_a_question_that_a_clock_ends(
    work: str, beside: bool, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace("new_sites = 1\n", f"new_sites = 1{work}\n")
    text += '\n[rounds]\nkinds = ["care_base"]\npeople = "hardship"\nmode = "ebike"\n'
    file.write_text(text, encoding="utf-8")
    seen: list[int] = []
    plain = Run.side_by_side
    monkeypatch.setattr(Run, "side_by_side", lambda run, parts: seen.append(len(parts)) or plain(run, parts))
    results = qh.run_study(qh.read_study(toy_study))
    assert seen == [len(results.proposals) + beside]
    assert results.care.missing == (("rounds", "facilities", "staff"),)  # care was asked, wherever
