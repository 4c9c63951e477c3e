"""Every leaf of a file of plans is changed, removed, doubled or joined by another, and the seals made anew.

What can be counted again is refused all the same; what passes is what ``verify`` says it takes on the record's word.
"""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.audit import ON_ITS_WORD, behind_on_its_word, on_its_word
from quarterhour.siting.certify import certify_plan
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.money.budget_frontier import budget_frontier
from quarterhour.siting.outlook.phasing import by_years, phase_plan
from quarterhour.siting.outlook.relocation import relocate
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.proof.behind_record import behind_record
from quarterhour.siting.proof.choices_record import relocations_record
from quarterhour.siting.proof.money_record import money_record
from quarterhour.siting.proof.plan_record import plan_record, read_record, read_records, verify_record
from quarterhour.siting.proof.seal import check_together, sealed_together
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.solve import solve_siting

QUALITY = [{"table": "communities", "rows": 9, "fact": 0.5, "unstated": 0, "estimated": 0.25, "synthetic": 0.25,
            "synthetic_share": 0.25}]  # fmt: skip
CLOSING = {"0": 3, "1": -2}


def town(seed, **asked):
    """Nine villages and five sites, at most two of them to be built."""
    rng = np.random.default_rng(seed)
    minutes = rng.integers(1, 40, (9, 5)).astype(float)
    return siting_from_matrix(minutes, rng.integers(5, 60, 9), within=15, new_sites=2, **asked)


def with_all():
    """A plan with evidence, frontier, years, reserves and quality."""
    problem = town(3, sites=pd.DataFrame({"cost_yuan": [2, 3, 1, 2, 1]}))
    plan = certify_plan(problem, solve_siting(problem))
    phasing = phase_plan(problem, plan)
    plan = by_years(problem, plan, phasing)
    reserves = reserve_sites(problem, plan)
    budgets = budget_frontier(problem, [0, 3, 4], plan=plan)
    behind = behind_record(frontier(problem, 2), (2026, phasing.steps), reserves, budgets, quality=QUALITY)
    return plan_record(plan, problem, behind=behind)


def with_money():
    """A plan without evidence, its money and what each year may spend."""
    problem = town(5, objective="min-time", existing=["0", "1"], coverage=Coverage(everyone=False))
    plan = solve_siting(problem)
    sites = [
        {"id": s, "year": 2026 + k, "running_from": 2027 + k, "cost_yuan": 10, "running_yuan": 1, "beds": 2, "staff": 3}
        for k, s in enumerate(plan.chosen)
    ]
    sums = [(2026, 1, 10, 0, 3, 2), (2027, 1, 10, 1, 3, 2), (2028, 0, 0, 2, 0, 0)]
    years = [
        dict(zip(("year", "sites", "capital_yuan", "running_yuan", "staff", "beds"), s, strict=True)) for s in sums
    ]
    caps = [{"year": 2026 + k, "cap_yuan": 12, "carry_over": False} for k in range(2)]
    moved = [one.row for one in relocate(problem, 1, closing_yuan=CLOSING)]
    moves = relocations_record(problem, moved, closing_yuan=CLOSING)
    return plan_record(plan, problem, behind={"relocations": moves, "money": money_record(sites, years, caps)})


@pytest.fixture(scope="module")
def file():
    """Both plans, as plan.json holds them."""
    return json.loads(json.dumps(sealed_together([with_all(), with_money()]), allow_nan=False))


def holds(records):
    """Whether a file of records is taken for true."""
    try:
        check_together(records)
        for record in records:
            verify_record(record)
    except PlanError as told:
        assert told.sentence("zh") and told.sentence("en")
        return False
    return True


def places(value, path=()):
    """Every key and place of a list, inner ones too, by its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from places(part, (*path, key))


def other(value):
    """Another value of its kind."""
    if value is None or isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return value[:-1] + ("x" if value[-1:] != "x" else "y")


def forgeries(record):
    """Of each place: another value (of a leaf), none, it twice, and a key more; with the place's name."""
    for path in places(record):
        here, key = record, path[-1]
        for step in path[:-1]:
            here = here[step]
        changes = ["none", "more"] if isinstance(here[key], (dict, list)) else ["other", "none"]
        for change in [*changes, *(["twice"] if isinstance(here, list) else [])]:
            forged = copy.deepcopy(record)
            there = forged
            for step in path[:-1]:
                there = there[step]
            if change == "other":
                there[key] = other(there[key])
            elif change == "none":
                del there[key]
            elif change == "twice":
                there.insert(key, copy.deepcopy(there[key]))
            elif isinstance(there[key], dict):
                there[key]["x"] = 1
            else:
                there[key].append("x")
            yield ".".join(str(step) for step in path if not isinstance(step, int)), change, forged
    yield "x", "more", {**record, "x": 1}


def test_the_file_holds(file):
    assert holds(file)
    assert [len(record["evidence"]) for record in file] == [1, 0]


def test_no_place_of_a_file_is_changed_unnoticed(file):
    tried = 0
    for number, record in enumerate(file):
        for name, change, forged in forgeries(record):
            tried += 1
            assert not holds([forged if k == number else r for k, r in enumerate(file)]), (number, name, change)
    assert tried > 500


def test_records_are_neither_dropped_nor_doubled_nor_swapped(file, tmp_path):
    one, two = file
    for forged in ([one], [two], [one, two, one], [one, one], [two, two], [two, one], [one, two, two], [two, one, two]):
        assert not holds(forged)
        (tmp_path / "plan.json").write_text(json.dumps(forged), encoding="utf-8")
        with pytest.raises(PlanError):
            read_records(tmp_path / "plan.json")
    stranger = sealed_together([with_money(), with_all()])[0]
    assert not holds([stranger, two]) and not holds([one, stranger])


def told_on_its_word(record):
    """The places that ``verify`` says it cannot check."""
    problem, plan = read_record(record)
    said = [*on_its_word(problem, plan), *behind_on_its_word(problem, record)]
    return {place for reason in said for place in ON_ITS_WORD[reason.key.removeprefix("proof.")]}


def covers(place, name):
    return name == place or name.startswith(f"{place}.")


def passes(record):
    """What somebody may change in a record, with seals made anew, and it is still taken for true."""
    for name, change, forged in (*forgeries(record), *several_at_once(record)):
        if name.partition(".")[0] in ("seal", "file"):
            continue
        try:
            resealed = sealed_together([forged])
        except (TypeError, ValueError):
            continue
        if holds(json.loads(json.dumps(resealed))):
            yield name, change


def several_at_once(record):
    """Changes that go together: a bound with its gap, a step's best with its loss."""

    def forged(change):
        made = copy.deepcopy(record)
        change(made)
        return made

    def bound(made):
        level = made["goals"][0]
        level["bound"] = made["bound"] = level["bound"] - 0.5
        level["gap"] = made["gap"] = 0.5 / level["value"]
        made["status"] = "bounded"

    def step(name, loss):
        def change(made):
            for row in made["phases"]["steps"]:
                row["bound"] += 1
                row["loss_at_most"] += 1
                if name == "best":
                    row["best"] += 1
                    row["loss"] += 1

        return [(f"phases.steps.{n}", "both", forged(change)) for n in (name, loss)]

    def point(made):
        row = made["frontier"][-1]
        row["bound"] += 1
        row["gap"] = row["bound"] / row["people"] - 1

    def budget(made):
        row = made["budgets"][-1]
        row |= {"bound": row["value"] + 1, "gap": 1 / row["value"], "status": "bounded"}

    def moved(made):
        row = made["relocations"]["rows"][-1]
        row |= {"bound": row["value"] - 1, "gap": 1 / row["value"], "status": "bounded"}

    def stays(made):
        held = made["relocations"]
        other = next(site for site in held["may_close"] if site not in held["rows"][-1]["closed"])
        held["may_close"].remove(other)
        del held["yuan"][other]

    def proved(made):
        made["proved_by"] = made["goals"][0]["proved_by"] = "x"

    def shares(made):
        made["quality"][0] |= {"fact": 0, "unstated": 0.25, "estimated": 0.5}

    def synthetic(made):
        made["quality"][0] |= {"fact": 0.25, "synthetic": 0.5, "synthetic_share": 0.5}

    yield "proved_by", "both", forged(proved)
    yield "goals.proved_by", "both", forged(proved)
    if "quality" in record:
        yield from ((f"quality.{name}", "both", forged(shares)) for name in ("fact", "unstated", "estimated"))
        yield "quality.synthetic", "both", forged(synthetic)
        yield "quality.synthetic_share", "both", forged(synthetic)
    if not record["evidence"]:
        for name in ("bound", "gap", "status", "goals.bound", "goals.gap"):
            yield name, "both", forged(bound)
    if "phases" in record:
        yield from step("best", "loss")
        yield from step("bound", "loss_at_most")
        yield "frontier.bound", "both", forged(point)
        yield "frontier.gap", "both", forged(point)
        yield from ((f"budgets.{name}", "both", forged(budget)) for name in ("bound", "gap", "status"))
    if "relocations" in record:
        yield "relocations.may_close", "both", forged(stays)
        yield from ((f"relocations.rows.{name}", "both", forged(moved)) for name in ("bound", "gap", "status"))

    def cost(made):
        made["money"]["sites"][0]["cost_yuan"] += 1
        made["money"]["years"][0]["capital_yuan"] += 1

    if "money" in record:
        yield "money.sites", "both", forged(cost)
        yield "money.years", "both", forged(cost)


@pytest.mark.parametrize("number", [0, 1])
def test_with_a_new_seal_passes_what_verify_says_it_cannot_check_and_nothing_else(file, number):
    record = file[number]
    told, passed = told_on_its_word(record), list(passes(record))
    unnamed = [(n, c) for n, c in passed if not any(covers(place, n) for place in told)]
    assert not unnamed
    held = {place for place in told if place.partition(".")[0] in {*record, "question"} and place != "evidence"}
    assert held == {place for place in held if any(covers(place, name) for name, _ in passed)}


def test_evidence_that_is_taken_away_is_missed_by_the_bound(file):
    """Then nothing shows it, and ``verify`` says so."""
    without = sealed_together([{**file[0], "evidence": []}])[0]
    verify_record(without)
    assert "goals.bound" in told_on_its_word(without) or without["proved_by"] == "counting"
    assert "goals.bound" not in told_on_its_word(file[0])
