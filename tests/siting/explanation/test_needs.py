"""What covering people asks for: numbers that no choice of sites beats, and rules that leave no way to it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from benchmarks.planted import large
from quarterhour.siting import solve
from quarterhour.siting.explanation.needs import every_rule, needs
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.problem import Coverage, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def ask(
    minutes: Any, people: list[int], columns: dict[str, Any] | None = None, standard: Any = 15, **asked: Any
) -> SitingProblem:
    table = np.array(minutes, dtype=float)
    sites, homes = [f"s{k}" for k in range(table.shape[1])], [f"c{k}" for k in range(len(people))]
    frame = pd.DataFrame(
        {"state": "candidate", "town": "T0", "county": "K0", "name": sites, "quality": "fact", "cost_yuan": 1,
         "running_yuan": 0, "capacity": 100, "x": 0.0, "y": 0.0, **(columns or {})}, index=sites,
    )  # fmt: skip
    return as_problem(
        "needs", demand=pd.Series(people, index=homes), sites=frame,
        times=times_from_matrix(table, communities=homes, sites=sites, cutoff=15),
        **{"minutes": standard, "objective": "max-cover", "new_sites": len(sites), **asked},
    )  # fmt: skip


def why(problem: SitingProblem) -> Any:
    """The one reason, which the plan carries, in whole sentences of both languages."""
    (reason,) = solve_siting(problem).reasons
    assert "{" not in reason.sentence("en") + reason.sentence("zh")
    return reason


RING = [[5, 5, 20, 20, 20], [20, 5, 5, 20, 20], [20, 20, 5, 5, 20], [20, 20, 20, 5, 5], [5, 20, 20, 20, 5]]
"""Five villages in a ring, a site between any two neighbours: two villages have no site in common, yet three are
needed (two and a half, in shares)."""


def test_covering_everyone_takes_more_sites_than_any_two_villages_show() -> None:
    reason = why(ask(RING, [1] * 5, objective="min-sites", new_sites=2))
    assert (reason.key, reason.values["needed"]) == ("explanation.cause_cover_new_sites", 3)
    assert "at least 3 new sites" in reason.sentence("en") and "quota" not in reason.sentence("en")
    assert "至少要新建 3 个站点，而只允许新建 2 个" in reason.sentence("zh")


def test_a_budget_under_what_covering_costs_is_named_with_the_sum() -> None:
    costs = {"cost_yuan": [70_000, 20_000, 90_000]}
    minutes = [[5, 20, 20], [20, 5, 5]]
    reason = why(ask(minutes, [10, 10], costs, objective="min-cost", budget=Budget(80_000)))
    assert (reason.key, reason.values["needed"]) == ("explanation.cause_cover_budget", 90_000)
    assert "90,000 yuan" in reason.sentence("en")
    some = Coverage(at_least=15)
    reason = why(ask(minutes, [10, 10], costs, budget=Budget(40_000), coverage=some))
    assert reason.key == "explanation.cause_cover_budget" and 40_000 < reason.values["needed"] <= 90_000
    assert solve_siting(ask(minutes, [10, 10], costs, budget=Budget(90_000), coverage=some)).chosen == ("s0", "s1")


def test_quotas_that_make_covering_dearer_are_named_beside_it() -> None:
    """One site covers both villages, but the town of the other two must have one as well."""
    minutes = [[5, 5, 20], [5, 20, 5]]
    quotas = [Quota("town", ("T1",))]
    reason = why(ask(minutes, [1, 1], {"town": ["T0", "T1", "T1"]}, objective="min-sites", new_sites=1, quotas=quotas))
    assert (reason.key, reason.values["needed"]) == ("explanation.cause_cover_within_new_sites", 2)
    assert "the quotas by town" in reason.sentence("en") and "镇街的数量要求" in reason.sentence("zh")


def test_maxima_that_leave_no_way_to_cover_so_many_are_named() -> None:
    town = {"town": ["T0", "T1", "T2"], "county": ["K0", "K0", "K1"]}
    minutes = [[5, 20, 20], [20, 5, 20], [20, 20, 5]]
    quotas = [Quota("county", ("K0", "K1"), 0, 1)]
    reason = why(ask(minutes, [5, 5, 5], town, quotas=quotas, objective="min-sites"))
    assert [key for key, _ in reason.values["rules"]] == ["explanation.rule_everyone", "explanation.rule_most"]
    assert "county K0 at most 1" in reason.sentence("en") and "K1" not in reason.sentence("en")
    none = [Quota("county", ("K0", "K1"), 0, 0)]
    reason = why(ask(minutes, [5, 5, 5], town, quotas=none, coverage=Coverage(at_least=1)))
    assert "at least 1 people covered; county K0 at most 0; county K1 at most 0" in reason.sentence("en")


def test_a_least_distance_names_the_towns_that_have_no_room_for_each_other() -> None:
    """Any two of three towns can have their sites; all three cannot."""
    draw = np.random.default_rng(3)
    given_, at = large(), np.repeat([0.0, 6_000.0, 12_000.0], 60)
    sites = given_["sites"][:180].assign(
        town=np.repeat(["东镇", "中镇", "西镇"], 60), x=at + draw.uniform(0, 5_000, 180), y=0.0
    )
    quotas = [Quota("town", ("东镇", "中镇", "西镇"))]
    asked = {**given_, "sites": sites, "quotas": quotas}
    reason = why(as_problem("line", **asked, spacing=Spacing(9_000)))
    keys = [key for key, _ in reason.values["rules"]]
    assert keys == ["explanation.rule_least"] * 3 + ["explanation.rule_pairs"]
    for kept in itertools.combinations(("东镇", "中镇", "西镇"), 2):
        two = {**asked, "quotas": [Quota("town", kept)]}
        assert needs(QuestionRules(Measure(as_problem("two", **two, spacing=Spacing(9_000))))) == ()


def test_where_nobody_knows_which_rules_clash_only_those_that_were_asked_are_listed() -> None:
    problem = ask(RING, [1] * 5, objective="min-sites", new_sites=2, conflicts=[["s0", "s1"]], budget=Budget(9))
    reason = every_rule(problem)
    said = [key.removeprefix("explanation.rule_") for key, _ in reason.values["rules"]]
    assert said == ["everyone", "new_sites", "budget", "pairs"]
    assert "quota" not in reason.sentence("en") and "数量要求" not in reason.sentence("zh")


# --- every set of sites tried by hand ---------------------------------------------------------------


@st.composite
def questions(draw: Any) -> SitingProblem:
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    minutes = [[draw(st.sampled_from([5.0, 10.0, 15.0, np.nan])) for _ in range(m)] for _ in range(n)]
    columns = {
        "state": [draw(st.sampled_from([*["candidate"] * 3, "required", "existing"])) for _ in range(m)],
        "county": [draw(st.sampled_from(["K0", "K1"])) for _ in range(m)],
        "cost_yuan": [draw(st.integers(0, 9)) for _ in range(m)],
        "capacity": [draw(st.integers(0, 12)) for _ in range(m)],
    }  # fmt: skip
    people = [draw(st.integers(0, 7)) for _ in range(n)]
    backup = draw(st.sampled_from([None, None, 0, 30, 70]))
    steps = draw(st.sampled_from([(), ((5.0, 100), (15.0, 60))]))
    low = draw(st.integers(0, 1))
    capacity = draw(st.sampled_from([None, None, Capacity("beds"), Capacity("beds", split=True)]))
    pairs = [p for p in itertools.combinations([f"s{k}" for k in range(m)], 2) if draw(st.integers(0, 5)) == 0]
    return ask(
        minutes, people, columns, standard=Standard(15, steps),
        coverage=Coverage(
            None if capacity else backup, everyone=draw(st.booleans()), at_least=draw(st.integers(0, sum(people) + 1))
        ),
        quotas=[Quota("county", ("K0", "K1"), low, draw(st.sampled_from([low, 2])))],
        budget=Budget(draw(st.sampled_from([None, 5, 15]))), capacity=capacity, conflicts=pairs,
        new_sites=draw(st.integers(0, m)),
    )  # fmt: skip


def a_plan_within(problem: SitingProblem, key: str, limit: int) -> bool:
    """Whether sites that a reason counts as enough to cover people are within a limit: each set of them tried."""
    free, required = np.flatnonzero(problem.free), problem.required
    loose = replace(problem, capacity=None, new_sites=None, budget=Budget())
    if "within" not in key:
        loose = replace(loose, quotas=(), conflicts=problem.conflicts[:0])
    rules = QuestionRules(Measure(loose))
    weight = problem.yuan if "budget" in key else np.ones(len(required), dtype=np.int64)
    for size in range(len(free) + 1):
        for some in itertools.combinations(free.tolist(), size):
            opened = ~problem.free
            opened[list(some)] = True
            if weight[opened & (problem.free | required)].sum() <= limit and rules.hold(Choice(opened)):
                return True
    return False


@examples(20, 500)
@given(questions())
def test_what_is_said_to_be_needed_is_needed(problem: SitingProblem) -> None:
    """The engines, asked without looking ahead, find no plan where a reason is given; no number is too high."""
    found, plan = needs(QuestionRules(Measure(problem))), solve_siting(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "needs", lambda *_, **_asked: ())
        assert solve_siting(problem).status == plan.status
    if found:
        assert plan.status == "infeasible"
    for reason in (*found, *plan.reasons):
        assert "{" not in reason.sentence("en") + reason.sentence("zh")
        if "needed" in reason.values and "cover" in reason.key and problem.capacity is None:
            wanted = int(reason.values["needed"])  # type: ignore[call-overload]
            assert not a_plan_within(problem, reason.key, wanted - 1)
