"""The least time is the least: every choice is tried by hand on small towns, published optima on large graphs."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from quarterhour.siting.methods.median.lagrangian import LagrangianBound
from quarterhour.siting.methods.median.median_instance import MUST, MedianExchange, build_median_instance
from quarterhour.siting.methods.median.p_median import solve_p_median
from quarterhour.siting.methods.solver.nest import nest_of
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits, count_limits
from repeatable import examples


def by_hand(people, times, limits, otherwise):
    """The least value of all choices; None where none keeps the rules. ``times``: rows of {site: cs}."""
    sites = limits.rows.shape[1]
    values = []
    for n in range(sites + 1):
        for some in itertools.combinations(range(sites), n):
            if not limits.holds(np.array(some, dtype=np.int64)):
                continue
            total = 0
            for count, row, last in zip(people, times, otherwise, strict=True):
                if not count or not row:
                    continue
                legs = [cs for s, cs in row.items() if s in some] + ([last] if last != MUST else [])
                if not legs:
                    break
                total += count * min(legs)
            else:
                values.append(total)
    return min(values) if values else None


@st.composite
def towns(draw, most_sites=7):
    """People, times with gaps and zeros, quotas that nest or cross, budgets, conflicts, fixed sites."""
    sites, rows = draw(st.integers(1, most_sites)), draw(st.integers(1, 7))
    leg = st.sampled_from([None, 0, 1, 5, 7, 20, 90_000])
    matrix = [[draw(leg) for _ in range(sites)] for _ in range(rows)]
    times = [{s: cs for s, cs in enumerate(row) if cs is not None} for row in matrix]
    people = np.array([draw(st.integers(0, 9)) for _ in range(rows)])
    fixed = [s for s in range(sites) if draw(st.integers(0, 5)) == 0]
    areas = []
    for _ in range(draw(st.integers(0, 3))):
        inside = [s for s in range(sites) if draw(st.booleans())]
        low = draw(st.integers(0, 2))
        areas.append((inside, low, draw(st.one_of(st.none(), st.integers(low, low + 2)))))
    limits = count_limits(sites, most=draw(st.integers(0, sites + 1)), areas=areas, fixed=fixed)
    if draw(st.booleans()):
        cost = np.array([[draw(st.integers(0, 900)) for _ in range(sites)]])
        rows_ = sp.csr_array(sp.vstack([limits.rows, sp.csr_array(cost)], format="csr"))
        high = np.append(limits.high, draw(st.integers(500, 3000)))
        limits = SiteLimits(rows_, np.append(limits.low, 0), high, limits.fixed)
    otherwise = np.array([draw(st.sampled_from([MUST, MUST, 10, 200])) for _ in range(rows)])
    return people, times, limits, otherwise


def as_pairs(times):
    """Rows of {site: cs} as CSR."""
    start = np.r_[0, np.cumsum([len(row) for row in times])]
    site = np.array([s for row in times for s in row], dtype=np.int64)
    return start, site, np.array([cs for row in times for cs in row.values()], dtype=np.int64)


@examples(190, 1250)
@given(towns())
def test_no_choice_takes_less_time(drawn):
    people, times, limits, otherwise = drawn
    told = []
    budget = SearchBudget(incumbent=told.append)
    found = solve_p_median(people, as_pairs(times), limits, otherwise=otherwise, budget=budget)
    best = by_hand(people, times, limits, otherwise)
    assert found.infeasible == (best is None)
    if best is not None:
        assert (found.value, found.bound) == (best, best)
        assert limits.holds(found.choice)
        assert np.array_equal(told[-1].choice, found.choice) and told[-1].bound <= best
        assert by_hand(people, times, _only(limits, found.choice), otherwise) == best


def _only(limits, chosen):
    """SiteLimits that leave one choice alone."""
    sites = limits.rows.shape[1]
    one = np.isin(np.arange(sites), chosen).astype(np.int64)
    return SiteLimits(sp.csr_array(np.eye(sites, dtype=np.int64)), one, one, limits.fixed)


@examples(150, 1000)
@given(towns(), st.data())
def test_any_prices_give_a_bound(drawn, data):
    people, times, limits, otherwise = drawn
    best = by_hand(people, times, limits, otherwise)
    median = build_median_instance(people, as_pairs(times), limits, otherwise=otherwise)
    nest = nest_of(median.limits)
    if best is None or nest is None:
        return
    search = LagrangianBound(median, nest)
    prices = np.array([data.draw(st.integers(0, int(c))) for c in search.ceiling], dtype=np.int64)
    assert search.at(prices).bound <= best


@examples(200)
@given(towns(), st.integers(0, 5))
def test_an_exchange_keeps_the_limits_and_loses_nothing(drawn, seed):
    people, times, limits, otherwise = drawn
    median = build_median_instance(people, as_pairs(times), limits, otherwise=otherwise)
    rng = np.random.default_rng(seed)
    begin = np.flatnonzero(rng.random(len(median.sites)) < 0.5)
    if not median.limits.holds(begin):
        return
    end = MedianExchange(median).better(begin)
    before, after = median.value(begin), median.value(end)
    assert median.limits.holds(end)
    assert before is None or after <= before


def test_a_street_worked_by_hand():
    """Four villages a minute apart, 10, 1, 1 and 10 people, a site in each: two are best at the ends.

    ::

        10 --- 1 --- 1 --- 10
    """
    place = np.arange(4)
    times = 6000 * np.abs(place[:, None] - place)
    people = np.array([10, 1, 1, 10])
    found = solve_p_median(people, times, count_limits(4, most=2))
    assert (found.choice.tolist(), found.value, found.bound) == ([0, 3], 12000, 12000)
    standing = solve_p_median(people, times, count_limits(4, most=1, fixed=[1]))
    assert (standing.choice.tolist(), standing.value) == ([1, 3], 10 * 6000 + 6000)


def test_what_no_open_site_reaches_must_be_served_unless_it_has_a_time_of_its_own():
    times = np.array([[0, -1], [-1, 0], [-1, -1]])
    people = np.array([5, 5, 7])
    assert solve_p_median(people, times, count_limits(2, most=1)).infeasible
    settled = solve_p_median(people, times, count_limits(2, most=1), otherwise=np.array([900, 600, 1]))
    assert (settled.choice.tolist(), settled.value) == ([0], 3000)
    assert solve_p_median(people, times, count_limits(2, most=2)).value == 0


def test_more_sites_may_be_built_than_there_are():
    found = solve_p_median(np.array([3, 4]), np.array([[0, 9], [9, 5]]), count_limits(2, most=7))
    assert (found.choice.tolist(), found.value, found.proved_by) == ([0, 1], 20, "counting")


def test_quotas_over_the_number_of_sites_leave_no_choice():
    areas = [([0], 1, None), ([1], 1, None)]
    assert solve_p_median(np.array([1]), np.array([[1, 2]]), count_limits(2, most=1, areas=areas)).infeasible


def plane(rows=300, sites=60, seed=1, gap=None):
    """Villages and sites on a square; beyond ``gap`` none is reached."""
    rng = np.random.default_rng(seed)
    place, site = rng.random((rows, 2)) * 60, rng.random((sites, 2)) * 60
    cs = (np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * 6000).astype(np.int64)
    if gap is not None:
        cs[cs > gap] = -1
    return rng.integers(0, 2000, rows), cs, site


def by_scipy(people, cs, limits):
    """The same question as one integer program of scipy's."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    row, site = np.nonzero((cs >= 0) & (people > 0)[:, None])
    pairs, sites = len(row), cs.shape[1]
    each = np.arange(pairs)
    count = np.unique(row, return_inverse=True)[1]
    served = sp.csr_array((np.ones(pairs), (count, each)), shape=(count.max() + 1, pairs + sites))
    opened = sp.csr_array((np.r_[np.ones(pairs), -np.ones(pairs)], (np.r_[each, each], np.r_[each, pairs + site])))
    rules = sp.hstack([sp.csr_array((limits.rows.shape[0], pairs)), limits.rows.astype(float)])
    rows = [
        LinearConstraint(served, 1, 1),
        LinearConstraint(opened, -np.inf, 0),
        LinearConstraint(rules, limits.low, limits.high),
    ]
    cost = np.r_[people[row] * cs[row, site] / 6000, np.zeros(sites)]
    bounds = Bounds(np.r_[np.zeros(pairs), limits.fixed.astype(float)], 1)
    whole = np.r_[np.zeros(pairs), np.ones(sites)]
    return milp(cost, constraints=rows, bounds=bounds, integrality=whole, options={"mip_rel_gap": 0})


@pytest.mark.parametrize("gap", [None, 120_000])
def test_a_county_agrees_with_scipy(gap):
    people, cs, site = plane(gap=gap, rows=150, sites=30)
    town = (site[:, 0] // 20).astype(int)
    areas = [(np.flatnonzero(town == t), 1, 4) for t in range(3)]
    limits = count_limits(30, most=7, areas=areas, fixed=[0, 1])
    found = solve_p_median(people, cs, limits)
    assert found.value == found.bound
    assert found.value / 6000 == pytest.approx(by_scipy(people, cs, limits).fun, rel=1e-7)


def test_the_same_seed_gives_the_same_choice_and_time_alone_leaves_a_gap():
    people, cs, _ = plane(rows=400, sites=80)
    limits = count_limits(80, most=6)
    one, two = (solve_p_median(people, cs, limits, budget=SearchBudget(seed=3)) for _ in range(2))
    assert one.value == one.bound and one.choice.tolist() == two.choice.tolist()
    short = solve_p_median(people, cs, limits, budget=SearchBudget(seconds=0))
    assert short.bound <= one.value <= short.value


def test_a_stop_leaves_the_best_so_far_with_its_bound():
    people, cs, _ = plane(rows=400, sites=80)
    told = []
    budget = SearchBudget(stop=lambda: len(told) > 0, incumbent=told.append)
    found = solve_p_median(people, cs, count_limits(80, most=6), budget=budget)
    assert len(told) == 1 and found.choice is not None and found.bound <= found.value


def test_rows_in_groups_give_the_same_answer(monkeypatch):
    from quarterhour.siting.methods.median import branch_and_cut

    people, cs, _ = plane(rows=120, sites=25, seed=4)
    limits = count_limits(25, most=3)
    whole = solve_p_median(people, cs, limits)
    monkeypatch.setattr(branch_and_cut, "_MOST_GROUPS", 5)
    monkeypatch.setattr(LagrangianBound, "rounds", lambda self, chosen, *_, **__: self.at(self.first(chosen)))
    grouped = solve_p_median(people, cs, limits)
    assert grouped.value == grouped.bound and grouped.value == whole.value
    assert grouped.nodes > 0


def read_pmed(path):
    """An OR-Library graph as distances and p; of an edge that stands there again the last counts."""
    figures = np.array(path.read_text().split(), dtype=np.int64)
    n, edges, p = figures[:3]
    graph = np.zeros((n, n))
    for a, b, length in figures[3 : 3 + 3 * edges].reshape(-1, 3) - [1, 1, 0]:
        graph[a, b] = graph[b, a] = length
    return shortest_path(graph).astype(np.int64), int(p)


def published(folder):
    """The published optima of the graphs that are there."""
    with (folder / "optima.csv").open() as lines:
        return {r["instance"]: int(r["optimum"]) for r in csv.DictReader(lines)}


@pytest.mark.parametrize("name", ["pmed2", "pmed5", "pmed6", "pmed12", "pmed20"])
def test_a_published_optimum_is_proven(shared_data, name):
    times, p = read_pmed(shared_data / "pmed" / f"{name}.txt")
    found = solve_p_median(np.ones(len(times), dtype=np.int64), times, count_limits(len(times), most=p))
    assert (found.value, found.bound) == (published(shared_data / "pmed")[name],) * 2


@pytest.mark.slow
def test_all_published_optima_are_proven(shared_data):
    wrong = {}
    for name, optimum in published(shared_data / "pmed").items():
        times, p = read_pmed(shared_data / "pmed" / f"{name}.txt")
        found = solve_p_median(np.ones(len(times), dtype=np.int64), times, count_limits(len(times), most=p))
        if (found.value, found.bound) != (optimum, optimum):
            wrong[name] = (optimum, found.value, found.bound)
    assert not wrong
