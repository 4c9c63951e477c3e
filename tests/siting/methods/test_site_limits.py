"""A choice keeps its limits, and the cheapest choice in a nest of quotas is the cheapest of all."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.solver.nest import cheapest, exchange_prices, nest_of
from quarterhour.siting.question.site_limits import SiteLimits, as_limits, count_limits, groups_of, may_change
from repeatable import examples


def choices(sites):
    """Every set of sites, as arrays."""
    for n in range(sites + 1):
        for some in itertools.combinations(range(sites), n):
            yield np.array(some, dtype=np.int64)


@st.composite
def nested(draw, most_sites=8):
    """Towns in counties, both with quotas, and at most so many in all."""
    sites = draw(st.integers(1, most_sites))
    town = [draw(st.integers(0, 3)) for _ in range(sites)]
    areas = []
    for groups in ([[0], [1], [2], [3]], [[0, 1], [2, 3]]):
        for group in groups:
            if draw(st.booleans()):
                low = draw(st.integers(0, 2))
                high = draw(st.one_of(st.none(), st.integers(low, low + 2)))
                areas.append(([s for s in range(sites) if town[s] in group], low, high))
    return count_limits(sites, most=draw(st.integers(0, sites + 1)), areas=areas)


@examples(300)
@given(nested(), st.lists(st.integers(-9, 0), min_size=8, max_size=8))
def test_the_cheapest_choice_is_the_cheapest_of_all(limits, costs):
    sites = limits.rows.shape[1]
    cost = np.array(costs[:sites], dtype=np.int64)
    values = [int(cost[c].sum()) for c in choices(sites) if limits.holds(c)]
    nest = nest_of(limits)
    assert (nest is None) == (not values)
    if nest is not None:
        assert nest.whole
        chosen = cheapest(nest, cost)
        assert limits.holds(chosen)
        assert cost[chosen].sum() == min(values)


@examples(300)
@given(nested(), st.lists(st.integers(-9, 0), min_size=8, max_size=8))
def test_prices_say_what_it_costs_to_open_or_close_a_site(limits, costs):
    sites = limits.rows.shape[1]
    cost = np.array(costs[:sites], dtype=np.int64)
    nest = nest_of(limits)
    if nest is None:
        return
    chosen = cheapest(nest, cost)
    best, prices = int(cost[chosen].sum()), exchange_prices(nest, cost, chosen)
    kept = [c for c in choices(sites) if limits.holds(c)]
    for s in range(sites):
        otherwise = [int(cost[c].sum()) for c in kept if (s in c) != (s in chosen)]
        if otherwise:
            assert best + prices[s] <= min(otherwise)
            assert s in chosen or best + prices[s] == min(otherwise)


def test_rows_that_cross_stay_out_of_the_nest():
    limits = count_limits(4, most=2, areas=[([0, 1], 1, None), ([1, 2], 1, 1)])
    nest = nest_of(limits)
    assert nest is not None and not nest.whole
    rows = sp.csr_array(np.array([[3, 5, 2]]))
    budget = SiteLimits(rows, np.array([0]), np.array([7]), np.zeros(3, dtype=bool))
    assert not nest_of(budget).whole
    assert budget.holds(np.array([0, 2])) and not budget.holds(np.array([0, 1]))


def test_a_quota_without_a_site_has_no_nest():
    assert nest_of(count_limits(3, areas=[([], 1, None)])) is None
    assert nest_of(count_limits(3, most=1, areas=[([0], 1, None), ([1], 1, None)])) is None
    assert nest_of(count_limits(3, most=-1)) is None


def test_fixed_sites_are_open_and_count_in_areas_not_in_the_number_to_build():
    limits = count_limits(4, most=1, areas=[([0, 1], 2, None)], fixed=[0])
    assert limits.holds(np.array([0, 1])) and not limits.holds(np.array([0, 2]))
    assert not limits.holds(np.array([1]))
    left = limits.without(np.zeros(4, dtype=bool), np.array([False, False, False, True]))
    assert left.rows.shape == (2, 2) and left.low.tolist() == [0, 1] and left.high.tolist() == [1, 1]


@examples(200)
@given(st.data())
def test_a_change_is_allowed_when_the_rows_still_hold(data):
    rows = np.array([[data.draw(st.integers(0, 3)) for _ in range(5)] for _ in range(3)])
    low = np.array([data.draw(st.integers(0, 2)) for _ in range(3)])
    high = low + np.array([data.draw(st.integers(0, 5)) for _ in range(3)])
    limits = SiteLimits(sp.csr_array(rows), low, high, np.zeros(5, dtype=bool))
    opened = np.array([s for s in range(5) if data.draw(st.booleans())], dtype=np.int64)
    if not limits.holds(opened):
        return
    for leaving in [-1, *opened.tolist()]:
        for coming in [-1, *np.setdiff1d(np.arange(5), opened).tolist()]:
            after = np.setdiff1d(np.append(opened, coming), [leaving, -1])
            asked = may_change(*limits.by_site(), limits.used(opened), low, high, leaving, coming)
            assert bool(asked) == limits.holds(after), (opened, leaving, coming)


def test_groups_are_the_rows_that_a_site_counts_in():
    limits = count_limits(4, areas=[([0, 1], 1, None), ([3], 0, 1), ([1, 2], 1, 1), ([], 1, None)])
    groups = groups_of(limits)
    for site in range(4):
        assert sorted(groups[groups[:, site] >= 0, site]) == np.flatnonzero(limits.rows.toarray()[:, site]).tolist()
    assert groups_of(as_limits([], np.zeros(3, dtype=bool))).shape == (0, 3)
