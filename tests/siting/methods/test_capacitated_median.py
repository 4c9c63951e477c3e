"""Nobody could go a shorter way within the room there is: by hand, by networkx, by scipy."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.capacity.capacitated_median import solve_capacitated_median
from quarterhour.siting.methods.capacity.knapsack_bound import CapacitatedInstance, KnapsackPrices
from quarterhour.siting.methods.capacity.transportation import least_time_flow
from quarterhour.siting.methods.median.median_instance import MUST, build_median_instance
from quarterhour.siting.methods.solver.nest import nest_of
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits
from quarterhour.siting.solve import solve_siting
from repeatable import examples


def least_time(people, times, otherwise, room, chosen):
    """People times centiseconds by networkx's network simplex; None where not all who must be are served."""
    graph, total = nx.DiGraph(), 0
    for i, count in enumerate(people.tolist()):
        if not count or (times[i] < 0).all():
            continue
        total += count
        graph.add_node(("row", i), demand=-count)
        for s in chosen:
            if times[i, s] >= 0:
                graph.add_edge(("row", i), ("site", s), weight=int(times[i, s]))
        if otherwise[i] != MUST:
            graph.add_edge(("row", i), "end", weight=int(otherwise[i]))
    for s in chosen:
        graph.add_edge(("site", s), "end", capacity=int(room[s]), weight=0)
    graph.add_node("end", demand=total)
    try:
        return nx.min_cost_flow_cost(graph)
    except nx.NetworkXUnfeasible:
        return None


@st.composite
def towns(draw, most_sites=6):
    """People, times (-1: out of reach), what a person has without a site, room, limits."""
    sites, rows = draw(st.integers(1, most_sites)), draw(st.integers(1, 6))
    leg = st.sampled_from([-1, 0, 1, 4, 7, 9, 30])
    times = np.array([[draw(leg) for _ in range(sites)] for _ in range(rows)])
    people = np.array([draw(st.integers(0, 7)) for _ in range(rows)])
    otherwise = np.array([draw(st.sampled_from([MUST, MUST, 8, 40])) for _ in range(rows)])
    room = np.array([draw(st.integers(0, 20)) for _ in range(sites)])
    areas = []
    for _ in range(draw(st.integers(0, 2))):
        inside = [s for s in range(sites) if draw(st.booleans())]
        areas.append((inside, draw(st.integers(0, 1)), draw(st.sampled_from([None, 1, 2]))))
    fixed = [s for s in range(sites) if draw(st.integers(0, 5)) == 0]
    limits = count_limits(sites, most=draw(st.integers(0, sites)), areas=areas, fixed=fixed)
    return people, times, otherwise, room, limits


def choices(limits):
    """All that keep the limits."""
    sites = limits.rows.shape[1]
    for n in range(sites + 1):
        for some in itertools.combinations(range(sites), n):
            if limits.holds(np.array(some, dtype=np.int64)):
                yield np.array(some, dtype=np.int64)


def check_served(found, people, times, otherwise, room):
    """The people told to go somewhere can, fit in, and with those left away make up all and the value."""
    row, site, count = found.served
    assert (count > 0).all() and (times[row, site] >= 0).all()
    assert set(site.tolist()) <= set(found.choice.tolist())
    assert (np.bincount(site, count, len(room)) <= room).all()
    away = people - np.bincount(row, count, len(people)).astype(np.int64)
    away[(times < 0).all(axis=1)] = 0
    assert (away >= 0).all() and not away[otherwise == MUST].any()
    assert found.value == int((count * times[row, site]).sum()) + int(away @ np.maximum(otherwise, 0))


@examples(70, 750)
@given(towns())
def test_no_choice_takes_less_time(drawn):
    people, times, otherwise, room, limits = drawn
    values = [v for c in choices(limits) if (v := least_time(people, times, otherwise, room, c)) is not None]
    found = solve_capacitated_median(people, times, limits, room, otherwise=otherwise)
    assert found.infeasible == (not values)
    if values:
        assert (found.value, found.bound) == (min(values), min(values))
        assert limits.holds(found.choice)
        check_served(found, people, times, otherwise, room)


@examples(200)
@given(towns(), st.data())
def test_people_are_passed_on_as_a_network_flow_would(drawn, data):
    people, times, otherwise, room, limits = drawn
    sites = len(room)
    chosen = np.array([s for s in range(sites) if data.draw(st.booleans())], dtype=np.int64)
    median = build_median_instance(people, times, count_limits(sites), otherwise=otherwise)
    found = least_time_flow(median, room, chosen)
    best = least_time(people, times, otherwise, room, chosen)
    assert (best is None) == (found.lost > 0)
    if best is not None:
        assert median.settled + found.value == best
        assert int(median.people @ found.worth) - int((room * np.where(room > 0, found.price, 0)).sum()) == found.value


@examples(100)
@given(towns(), st.data())
def test_any_prices_give_a_bound(drawn, data):
    people, times, otherwise, room, limits = drawn
    values = [v for c in choices(limits) if (v := least_time(people, times, otherwise, room, c)) is not None]
    nest = nest_of(limits.without(limits.fixed, np.zeros_like(limits.fixed)))
    if nest is None or not values:
        return
    unfixed = count_limits(len(room))
    search = KnapsackPrices(
        CapacitatedInstance(build_median_instance(people, times, unfixed, otherwise=otherwise), room, limits), nest
    )
    prices = np.array([data.draw(st.integers(0, int(c))) for c in search.ceiling], dtype=np.int64)
    assert search.at(prices).bound <= min(values)


def test_a_village_is_shared_out_when_its_site_is_full():
    """40 people, room for 25 next door and for 30 ten minutes on: 25 stay, 15 go."""
    found = solve_capacitated_median(
        np.array([40]), np.array([[0, 60_000]]), count_limits(2, most=2), np.array([25, 30])
    )
    assert (found.value, found.bound) == (15 * 60_000, 15 * 60_000)
    assert [x.tolist() for x in found.served] == [[0, 0], [0, 1], [25, 15]]
    assert solve_capacitated_median(
        np.array([40]), np.array([[0, 9]]), count_limits(2, most=1), np.array([25, 30])
    ).infeasible


def plane(rows, sites, seed, tight):
    """Villages on a square with a quota in each town and little room to spare."""
    rng = np.random.default_rng(seed)
    place, site = rng.random((rows, 2)) * 30, rng.random((sites, 2)) * 30
    cs = (np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * 6000).astype(np.int64)
    people, most = rng.integers(1, 20, rows), sites * 5 // 12
    room = np.full(sites, int(np.ceil(people.sum() / most * tight)))
    town = (site[:, 0] // 15).astype(int) * 3 + (site[:, 1] // 10.01).astype(int)
    areas = [(np.flatnonzero(town == t), 1, None) for t in np.unique(town)]
    return people, cs, count_limits(sites, most=most, areas=areas), room


def by_scipy(people, cs, limits, room):
    """The same question as one integer program of scipy's."""
    import scipy.sparse as sp
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows, sites = cs.shape
    serve = sp.hstack([sp.kron(sp.eye(rows), np.ones((1, sites))), sp.csr_array((rows, sites))])
    fits = sp.hstack([sp.kron(people[None, :], sp.eye(sites)), -sp.diags_array(room.astype(float))])
    rules = sp.hstack([sp.csr_array((limits.rows.shape[0], rows * sites)), limits.rows.astype(float)])
    constraints = [
        LinearConstraint(serve, 1, 1),
        LinearConstraint(fits, -np.inf, 0),
        LinearConstraint(rules, limits.low, limits.high),
    ]
    cost = np.r_[(people[:, None] * cs / 6000).ravel(), np.zeros(sites)]
    whole = np.r_[np.zeros(rows * sites), np.ones(sites)]
    options = {"mip_rel_gap": 0}
    return milp(cost, constraints=constraints, bounds=Bounds(0, 1), integrality=whole, options=options).fun


def test_a_county_agrees_with_scipy():
    people, cs, limits, room = plane(60, 18, seed=2, tight=1.05)
    found = solve_capacitated_median(people, cs, limits, room)
    assert found.value == found.bound
    assert found.value / 6000 == pytest.approx(by_scipy(people, cs, limits, room), rel=1e-7)
    check_served(found, people, cs, np.full(60, MUST), room)


def test_the_same_seed_gives_the_same_choice_and_time_alone_leaves_a_gap():
    people, cs, limits, room = plane(80, 18, seed=5, tight=1.1)
    told = []
    budget = SearchBudget(seed=1, incumbent=told.append)
    one = solve_capacitated_median(people, cs, limits, room, budget=budget)
    two = solve_capacitated_median(people, cs, limits, room, budget=SearchBudget(seed=1))
    assert one.value == one.bound and one.choice.tolist() == two.choice.tolist() == told[-1].choice.tolist()
    short = solve_capacitated_median(people, cs, limits, room, budget=SearchBudget(seconds=0), start=one.choice)
    assert short.bound <= one.value == short.value


@pytest.mark.slow
def test_a_gap_of_half_a_percent_is_reached_where_all_room_is_needed():
    people, cs, limits, room = plane(600, 60, seed=3, tight=1.0)
    found = solve_capacitated_median(people, cs, limits, room, budget=SearchBudget(seconds=60))
    assert (found.value - found.bound) / found.value <= 0.005
    check_served(found, people, cs, np.full(600, MUST), room)


def test_people_by_the_thousand_million_are_shared_out_in_whole_numbers():
    """The same question a hundred million times as large has a hundred million times the answer."""
    many = 10**8
    rooms, people = pd.DataFrame({"capacity": [9, 13, 8, 11]}), [12, 9, 7, 5]
    minutes = [[3, 4, 1, 2], [5, 1, 6, 2], [9, 9, 2, 7], [1, 8, 8, 3]]
    asked = {"objective": "min-time", "within": 10, "new_sites": 3, "capacity": Capacity(split=True)}
    for everyone in (True, False):
        asked["coverage"] = Coverage(everyone=everyone)
        small, large = (
            solve_siting(siting_from_matrix(minutes, [n * p for p in people], sites=rooms * n, **asked))
            for n in (1, many)
        )
        assert (small.status, large.status) == ("optimal", "optimal")
        assert large.value == small.value * many == large.bound
    asked |= {"new_sites": 1, "coverage": Coverage(everyone=True)}
    room = pd.DataFrame({"capacity": [10**9, 6 * 10**9, 4 * 10**9, 10**9]})
    plan = solve_siting(siting_from_matrix([[3, 4, 1, 2]], [4 * 10**9], sites=room, **asked))
    assert (plan.chosen, plan.value, plan.status) == (("2",), 4 * 10**9, "optimal")
