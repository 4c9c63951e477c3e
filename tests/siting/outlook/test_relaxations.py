"""By how little a rule must give, and where: hand-worked towns, and every change tried."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from hypothesis import given

from quarterhour.siting.outlook.answers import Relaxation
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem
from quarterhour.siting.question.rules import Capacity, Quota, Spacing
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def ask(minutes: Any, people: list[int], columns: dict[str, Any], **asked: Any) -> SitingProblem:
    table = np.array(minutes, dtype=float)
    sites, homes = [f"s{k}" for k in range(table.shape[1])], [f"c{k}" for k in range(len(people))]
    frame = pd.DataFrame(
        {"state": "candidate", "town": "T0", "county": "K0", "name": sites, "quality": "fact", "capacity": 100,
         "x": 0.0, "y": 0.0, **columns}, index=sites,
    )  # fmt: skip
    return as_problem(
        "relax", demand=pd.Series(people, index=homes), sites=frame, minutes=15,
        times=times_from_matrix(table, communities=homes, sites=sites, cutoff=15),
        **{"objective": "max-cover", "new_sites": len(sites), **asked},
    )  # fmt: skip


def found(problem: SitingProblem) -> dict[str, Relaxation]:
    """By rule; each plan holds, and each sentence is whole."""
    made = {r.rule: r for r in smallest_relaxations(problem, seconds=math.inf)}
    for change in made.values():
        assert "{" not in change.sentence("en") + change.sentence("zh")
        assert change.plan.levels
    return made


TOWNS = {"town": ["T0", "T0", "T1", "T1"], "county": ["K0", "K0", "K0", "K1"]}
ONE = [[5, 5, 5, 5]]


def test_the_quota_that_must_give_is_named_with_its_number() -> None:
    quotas = [Quota("town", ("T0", "T1"), 2), Quota("county", ("K0", "K1"), 0, 2)]
    change = found(ask(ONE, [9], TOWNS, quotas=quotas))["quotas"]
    assert change.proven and len(change.changes) == 1
    key, values = change.changes[0]
    assert (key, values["asked"], values["needed"]) in [
        ("outlook.change_minimum", 2, 1), ("outlook.change_maximum", 2, 3),
    ]  # fmt: skip
    assert "instead of 2" in change.sentence("en") and "由" in change.sentence("zh")


def test_a_minimum_falls_by_what_the_number_of_sites_lacks() -> None:
    change = found(ask(ONE, [9], TOWNS, quotas=[Quota("town", ("T0",), 2)], new_sites=1))["quotas"]
    assert change.sentence("en") == ("these quotas changed are enough, and no less: town T0 at least 1 instead of 2.")
    assert change.sentence("zh") == "调整以下数量要求即可（更小的调整不可行）：镇街 T0 至少由 2 个改为 1 个。"


def test_the_least_distance_at_which_a_plan_exists_is_told_in_metres() -> None:
    """Three sites at 0, 1,200.5 and 3,000 m; two are asked for, 4,000 m apart."""
    columns = {"x": [0.0, 1_200.5, 3_000.0], "town": ["T0", "T0", "T1"]}
    quotas, far = [Quota("town", ("T0", "T1"))], Spacing(4_000)
    changes = found(ask([[5, 5, 5]], [9], columns, quotas=quotas, spacing=far))
    assert (changes["spacing"].needed, changes["spacing"].proven) == (3_000, True)
    assert (
        changes["spacing"].sentence("en") == "at 3,000 m between sites instead of 4,000 a plan exists, and at no more."
    )
    assert "由 4,000 米降至 3,000 米" in changes["spacing"].sentence("zh")
    three = ask([[5, 5, 5]], [9], columns, quotas=[Quota("town", ("T0",), 2), Quota("town", ("T1",))], spacing=far)
    assert found(three)["spacing"].needed == 1_200


def test_the_pairs_that_must_be_allowed_are_named_and_a_distance_stays() -> None:
    """Each site of one town rules out each of the other; one pair of them is enough, and the far one is kept apart."""
    columns = {**TOWNS, "x": [0.0, 5_000.0, 100.0, 9_000.0]}
    rivals = [[a, b] for a in ("s0", "s1") for b in ("s2", "s3")]
    problem = ask(ONE, [9], columns, quotas=[Quota("town", ("T0", "T1"))], conflicts=rivals, spacing=Spacing(500))
    change = found(problem)["conflicts"]
    assert (change.asked, change.needed, change.proven) == (4, 1, True)
    assert change.changes[0][1]["pair"] in ("s0 + s3", "s1 + s2", "s1 + s3")
    assert "spacing" not in found(ask(ONE, [9], TOWNS, quotas=[Quota("town", ("T0", "T1"))], conflicts=rivals))


def test_how_many_beds_more_and_where() -> None:
    minutes = [[5, 20], [20, 5]]
    for split in (True, False):
        beds = Capacity("beds", split=split)
        problem = ask(minutes, [30, 50], {"capacity": [30, 20]}, capacity=beds, objective="min-sites")
        change = found(problem)["capacity"]
        assert (change.needed, change.proven) == (30, True)
        assert [v for _, v in change.changes] == [{"site": "s1", "more": 30, "unit": "beds"}]
        assert change.sentence("en") == "30 more beds of room are enough, and no fewer: 30 more at s1."
        roomy = replace(problem, sites=problem.sites.assign(capacity=[30, 50]))
        assert verify_plan(roomy, change.plan)


def test_beds_are_added_where_the_sites_that_may_be_built_have_most() -> None:
    asked = {"capacity": Capacity("beds", split=True), "new_sites": 1, "coverage": Coverage(everyone=True)}
    change = found(ask([[5, 5]], [40], {"capacity": [30, 20]}, **asked))["capacity"]
    assert (change.needed, change.proven, change.changes[0][1]["site"]) == (10, True, "s0")


# --- every change tried -----------------------------------------------------------------------------


@st.composite
def questions(draw: Any) -> SitingProblem:
    m = draw(st.integers(2, 5))
    columns = {
        "town": [draw(st.sampled_from(["T0", "T1"])) for _ in range(m)],
        "county": [draw(st.sampled_from(["K0", "K1"])) for _ in range(m)],
        "state": [draw(st.sampled_from(["candidate", "candidate", "existing", "required"])) for _ in range(m)],
        "x": [float(draw(st.integers(0, 9))) for _ in range(m)],
    }
    quotas = [
        Quota("town", ("T0", "T1"), draw(st.integers(0, 3)), None),
        Quota("county", ("K0", "K1"), 0, draw(st.integers(0, 3))),
    ]
    pairs = [p for p in itertools.combinations([f"s{k}" for k in range(m)], 2) if draw(st.integers(0, 3)) == 0]
    minutes = [[draw(st.sampled_from([5.0, np.nan])) for _ in range(m)] for _ in range(2)]
    return ask(
        minutes, [3, 4], columns, quotas=quotas, conflicts=pairs, spacing=Spacing(draw(st.integers(1, 9))),
        new_sites=m, coverage=Coverage(everyone=draw(st.booleans())),
    )  # fmt: skip


@examples(13, 300)
@given(questions())
def test_what_is_said_to_be_enough_is_and_less_is_not(problem: SitingProblem) -> None:
    plan = solve_siting(problem)
    if plan.status != "infeasible":
        return
    changes = found(problem)
    for rule in ("spacing", "conflicts", "quotas"):
        if rule in changes:
            assert changes[rule].plan.levels and changes[rule].proven
    if "spacing" in changes and problem.apart is not None:
        metres = problem.apart.metres
        for more in range(int(changes["spacing"].needed) + 1, int(problem.apart.least) + 1):
            kept = np.isnan(metres) | (metres < more)
            assert not solve_siting(replace(problem, conflicts=problem.conflicts[kept])).levels
    if "conflicts" in changes and problem.apart is not None:
        ruled = np.flatnonzero(np.isnan(problem.apart.metres)).tolist()
        for few in itertools.combinations(ruled, int(changes["conflicts"].needed) - 1):
            kept = np.setdiff1d(np.arange(len(problem.conflicts)), few)
            assert not solve_siting(replace(problem, conflicts=problem.conflicts[kept])).levels


def test_whoever_the_goals_count_stays_counted() -> None:
    """Two communities far apart, of which the second has only people whom the goal counts: one site is not enough."""
    people = pd.DataFrame({"all": [5, 7], "old": [5, 0]}, index=["c0", "c1"])
    problem = siting_from_matrix(
        [[3.0, np.nan], [np.nan, 3.0]], people, people="old", objective=Goal("equity", "all"), within=15, new_sites=1,
        areas=pd.DataFrame({"town": ["T0", "T1"], "county": "K0"}, index=["c0", "c1"]),
        coverage=Coverage(everyone=True),
    )  # fmt: skip
    change = found(problem)["new_sites"]
    assert (change.asked, change.needed, change.proven) == (1, 2, True)
    assert not solve_siting(problem).levels and solve_siting(replace(problem, new_sites=2)).levels


def test_two_sites_that_must_be_built_side_by_side_allow_no_distance() -> None:
    columns = {"state": ["required", "required", "candidate"], "x": [0.0, 0.0, 1.0]}
    problem = ask([[5.0] * 3] * 2, [3, 4], columns, conflicts=[("s0", "s2")], spacing=Spacing(2.0))
    change = found(problem)["spacing"]
    assert (change.needed, change.proven) == (0, True)
