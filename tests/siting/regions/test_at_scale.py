"""A made land of thousands of communities: the bound by region stands beside the one of the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.siting_lands import made_land
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.rules import Budget
from quarterhour.siting.regions.answer import solve_by_region
from quarterhour.siting.solve import solve_siting


def asked(**question):
    """3,000 communities and 500 candidates in twelve towns, 12 candidates near each community."""
    land = made_land("town", 3_000, 500, seed=2)
    sites = land.site_table()
    return as_problem(
        "land", demand=pd.Series(land.people, index=pd.RangeIndex(land.rows).astype("str")), sites=sites,
        times=land.times(), minutes=15, objective="max-cover", **question,
    )  # fmt: skip


@pytest.mark.slow
def test_a_number_of_sites_is_divided_within_a_thousandth():
    problem = asked(new_sites=24)
    answer = solve_by_region(problem, "town")
    assert verify_plan(problem, answer.plan).covered == answer.plan.value
    assert answer.plan.gap < 0.002
    whole = solve_siting(problem, rounds=2_000)
    assert answer.plan.value <= whole.bound
    assert whole.value <= answer.plan.bound
    assert answer.regions["short"].ge(0).all()


@pytest.mark.slow
def test_a_budget_is_divided_within_a_few_hundredths():
    problem = asked(budget=Budget(48_000_000))
    answer = solve_by_region(problem, "town")
    verify_plan(problem, answer.plan)
    assert answer.plan.gap < 0.03
    spent = int(problem.yuan[np.isin(problem.sites.index, answer.plan.chosen)].sum())
    assert spent <= 48_000_000
