"""Prices of max-cover without a solver: the linear program's value, a bound that holds, a point within the quotas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from quarterhour.siting.methods.covering.benders import site_rows
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.primal_dual import primal_dual_bound
from quarterhour.siting.question.search import SearchBudget


def town(seed, *, rows=40, sites=24, limit=6, quotas=False, crossing=False):
    """Communities and candidates on a square; three towns with quotas, and a half that crosses them."""
    rng = np.random.default_rng(seed)
    home, site = rng.random((rows, 2)), rng.random((sites, 2))
    cover = (np.hypot(*(home[:, None] - site[None]).transpose(2, 0, 1)) <= 0.25).astype(np.int64)
    group, low, high = np.zeros((0, sites), dtype=np.int64), [], []
    if quotas:
        areas = [np.minimum(2, (site[:, 0] * 3).astype(np.int64))]
        low, high = [0, 1, 2], [1, 2, 3]
        if crossing:
            areas.append(3 + (site[:, 1] > 0.5))
            low, high = [*low, 0, 1], [*high, 2, 4]
        group = np.array(areas)
    people = rng.integers(1, 500, rows)
    arrays = (np.array(x, dtype=np.int64) for x in (low, high))
    return CoverInstance(people, sp.csr_array(cover), pd.RangeIndex(sites), group, *arrays, limit, False)


def relaxed(core):
    """The linear program's value by a solver."""
    rows, sites = core.cover.shape
    rules, low, high = site_rows(core)
    cover = sp.hstack([-core.cover, sp.eye_array(rows)])
    wide = sp.hstack([rules, sp.csr_array((rules.shape[0], rows))])
    least = sp.csr_array(wide)[1:]
    table = sp.vstack([cover, wide, -least])
    limit = np.concatenate([np.zeros(rows), high, -low[1:]])
    cost = np.concatenate([np.zeros(sites), -core.people])
    return -linprog(cost, A_ub=table, b_ub=limit, bounds=(0, 1)).fun


@pytest.mark.parametrize("quotas", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_prices_come_to_the_linear_programs_value(seed, quotas):
    core = town(seed, quotas=quotas)
    best = CoverIncumbent(core, SearchBudget(rounds=2_000), bound=int(core.people.sum()))
    prices = primal_dual_bound(core)
    prices.run(best.budget, best, close=1e-5)
    lp = relaxed(core)
    assert prices.primal <= lp * (1 + 1e-7)
    assert lp * (1 - 2e-5) <= prices.primal
    assert int(lp - 1e-6) <= prices.bound <= lp * (1 + 2e-5) + 1
    assert best.bound == prices.bound
    inside, opened = prices.inside, site_rows(core)[0] @ prices.inside
    assert ((inside >= 0) & (inside <= 1)).all()
    assert opened[0] == pytest.approx(core.limit)
    assert (opened[1:] <= site_rows(core)[2][1:] + 1e-6).all()
    assert (opened[1:] >= site_rows(core)[1][1:] - 1e-6).all()


def test_quotas_that_cross_leave_a_bound():
    core = town(5, quotas=True, crossing=True)
    best = CoverIncumbent(core, SearchBudget(rounds=500), bound=int(core.people.sum()))
    prices = primal_dual_bound(core)
    prices.run(best.budget, best, close=1e-4)
    assert prices.bound >= relaxed(core) - 1e-6


def test_any_prices_give_a_bound():
    core = town(6)
    prices = primal_dual_bound(core)
    prices.prices = np.random.default_rng(1).random(len(core.people)) * 1.5 - 0.2
    assert prices.bound >= relaxed(core) - 1e-6


def test_nothing_to_price_has_no_search():
    core = town(7)
    nobody = CoverInstance(core.people[:0], core.cover[:0], core.sites, core.group, core.low, core.high, 3, False)
    assert primal_dual_bound(nobody) is None
