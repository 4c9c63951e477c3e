"""What users call the indexes and columns of their tables never meets a name of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import DataError
from quarterhour.siting.proof.plan_record import read_record
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.problem import AREA_LEVELS, SITE_COLUMNS, SITE_FIGURES, SitingProblem

COSTS = pd.DataFrame(
    [[3, 9, 30, 40], [12, 5, 8, 40], [30, 9, 4, 40], [40, 40, 40, 40]], ["h1", "h2", "h3", "h4"], ["a", "b", "c", "d"]
)
PEOPLE = pd.Series([100, 40, 30, 7], COSTS.index)
SITES = pd.DataFrame(
    {
        "state": ["existing", "candidate", "upgradeable", "candidate"],
        "town": ["T1", "T1", "T2", "T3"],
        "name": ["Old", "A", "B", "C"],
        "cost_yuan": [0, 5, 6, 7],
        "capacity": [110, 60, 60, 60],
        "tiers": "town",
    },
    COSTS.columns,
)
TOWNS = pd.Series(["T1", "T2", "T2", "T3"], COSTS.index)
CLASSES = pd.Series(["u", "u", "r", "r"], COSTS.index)
LOADS = pd.Series([100, 40, 30, 7], COSTS.index)
ASKED: dict[str, Any] = {"within": {"u": 10, "r": 8}, "searched": 20, "new_sites": 1}


def _tables(problem: SitingProblem) -> dict[str, pd.DataFrame]:
    """Every table that a question leads to."""
    plan = qh.solve_siting(problem)
    qh.verify_plan(problem, plan)
    robust = qh.siting.robust_sites(problem, scenarios=2, plan=plan)
    return {
        "sites of the question": problem.sites,
        "people": problem.people,
        "areas": problem.areas,
        "classes": problem.classes.to_frame(),
        "load": problem.load.to_frame(),
        "chosen": pd.DataFrame({"gain": plan.gain}),
        "assignment": plan.assignment.to_frame(),
        "unmet": plan.unmet,
        "out of reach": qh.siting.out_of_reach(problem),
        "steps": qh.siting.phase_plan(problem, plan).steps,
        "sites": qh.siting.site_values(problem, plan),
        "candidates": qh.siting.candidate_values(problem, plan),
        "robust": robust.sites,
        "scenarios": robust.scenarios,
    }


def _with_room(problem: SitingProblem) -> pd.DataFrame:
    served = qh.solve_siting(problem).served
    assert served is not None
    return served


def _asked(**given: Any) -> SitingProblem:
    tables: dict[str, Any] = {"demand": PEOPLE, "sites": SITES, "classes": CLASSES, "areas": TOWNS, "matrix": COSTS}
    tables |= given
    return qh.siting_from_matrix(tables.pop("matrix"), tables.pop("demand"), **ASKED, **tables)


PLAIN = _asked()
ANSWERS = _tables(PLAIN)
SERVED = _with_room(_asked(capacity=qh.siting.Capacity("beds", load=LOADS)))
FRONTIER = qh.siting.frontier(PLAIN, 2)
OURS = sorted(
    {"id", "index", "level_0", "x", "y", "tiers", *SITE_COLUMNS, *SITE_FIGURES, *AREA_LEVELS}
    | {str(c) for table in (*ANSWERS.values(), SERVED, FRONTIER) for c in (*table.columns, *table.index.names)}
)


def _called(table: Any, name: str) -> Any:
    """A table or a column whose axes all bear a name."""
    if isinstance(table, pd.Series):
        return table.rename(name).rename_axis(name)
    return table.rename_axis(index=name, columns=name)


def _same(ours: dict[str, pd.DataFrame], theirs: dict[str, pd.DataFrame]) -> None:
    for what, table in ours.items():
        pd.testing.assert_frame_equal(table, theirs[what], check_names=True, obj=what)


def test_the_names_of_ours_are_all_here() -> None:
    assert {"name", "id", "site", "minutes", "people", "class", "load", "gain", "loss", "share", "step"} <= {*OURS}
    assert len(OURS) > 30


def test_a_matrix_from_a_pivot_table_is_read() -> None:
    rows = {"name": ["A", "B", "A", "B"], "home": ["x", "x", "y", "y"], "minutes": [3, 9, 12, 5]}
    matrix = pd.DataFrame(rows).pivot_table(values="minutes", index="home", columns="name")
    problem = qh.siting_from_matrix(matrix, pd.Series([10, 20], matrix.index), within=10, new_sites=1)
    assert qh.solve_siting(problem).chosen == ("B",)


@pytest.mark.parametrize("name", OURS)
def test_a_table_may_be_called_as_any_of_ours(name: str) -> None:
    areas = _called(TOWNS, name) if name not in AREA_LEVELS else _called(TOWNS.to_frame("town"), name)
    given = {"matrix": _called(COSTS, name), "demand": _called(PEOPLE, name), "sites": _called(SITES, name)}
    given |= {"classes": _called(CLASSES, name), "areas": areas}
    problem = _asked(**given)
    assert input_hash(problem) == input_hash(PLAIN)
    _same(ANSWERS, _tables(problem))
    roomy = _asked(**given, capacity=qh.siting.Capacity("beds", load=_called(LOADS, name)))
    _same({"served": SERVED}, {"served": _with_room(roomy)})
    _same({"frontier": FRONTIER}, {"frontier": qh.siting.frontier(problem, 2)})


@pytest.mark.parametrize("name", OURS)
def test_times_and_sites_of_a_question_may_be_called_as_any_of_ours(name: str) -> None:
    times = replace(PLAIN.times, communities=PEOPLE.index.rename(name), sites=SITES.index.rename(name))
    whole = SITES.assign(county="", quality="")
    problem = qh.siting.as_problem(
        "matrix", demand=_called(PEOPLE, name), sites=_called(whole, name), times={"u": times, "r": times},
        minutes={"u": 10, "r": 8}, objective="max-cover", new_sites=1, classes=_called(CLASSES, name),
        areas=_called(TOWNS.to_frame("town"), name),
    )  # fmt: skip
    assert input_hash(problem) == qh.solve_siting(problem).input_hash == input_hash(PLAIN)
    _same({"out of reach": ANSWERS["out of reach"]}, {"out of reach": qh.siting.out_of_reach(problem)})


@pytest.mark.parametrize("name", OURS)
def test_columns_of_people_and_sites_may_be_called_as_any_of_ours(name: str) -> None:
    sites = SITES if name in SITES else SITES.assign(**{name: range(4)})
    sites = sites.drop(columns="county", errors="ignore")
    problem = _asked(demand=PEOPLE.to_frame(name).assign(others=1), sites=sites, people=name)
    plan = qh.solve_siting(problem)
    qh.verify_plan(problem, plan)
    assert (plan.chosen, plan.covered) == (qh.solve_siting(PLAIN).chosen, 170)
    assert qh.siting.verify_record(qh.siting.plan_record(plan, problem))
    assert qh.siting.out_of_reach(problem)["people"].tolist() == [7]


def test_a_plan_is_read_back_under_the_names_of_ours() -> None:
    plan = qh.solve_siting(PLAIN)
    problem, again = read_record(qh.siting.plan_record(plan, PLAIN))
    for one, other in ((problem.sites, PLAIN.sites), (problem.people, PLAIN.people), (problem.areas, PLAIN.areas)):
        assert one.index.equals(other.index) and one.index.names == other.index.names == ["id"]
    assert again.chosen == plan.chosen


@pytest.mark.parametrize("which", ["communities", "sites"])
def test_an_index_of_several_levels_names_no_ids(which: str) -> None:
    levels = pd.MultiIndex.from_product([["T1", "T2"], [1, 2]], names=["town", "name"])
    times = replace(PLAIN.times, **{which: levels})
    sites = SITES.assign(county="", quality="").set_axis(times.sites)
    with pytest.raises(DataError, match="T1"):
        qh.siting.as_problem(
            "q", demand=PEOPLE.set_axis(times.communities), sites=sites, times=times, minutes=10,
            objective="max-cover", new_sites=1,
        )  # fmt: skip


def test_columns_of_people_are_told_apart_by_their_text() -> None:
    both = pd.DataFrame({1: PEOPLE, "1": PEOPLE})
    with pytest.raises(DataError, match="which one counts"):
        _asked(demand=both, people="1")
