"""The farthest community is as near as can be: by hand on small towns, published figures on large graphs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from quarterhour.siting.methods.median.median_instance import MUST
from quarterhour.siting.methods.median.p_center import _Search as Search
from quarterhour.siting.methods.median.p_center import solve_p_center
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits
from repeatable import examples


@st.composite
def towns(draw):
    """People, times (-1: out of reach), limits and what a row has without a site."""
    sites, rows = draw(st.integers(1, 7)), draw(st.integers(1, 9))
    leg = st.sampled_from([-1, -1, 0, 3, 4, 8, 8, 20, 1_000_000_000])
    times = np.array([[draw(leg) for _ in range(sites)] for _ in range(rows)])
    people = np.array([draw(st.sampled_from([0, 1, 7])) for _ in range(rows)])
    areas = []
    for _ in range(draw(st.integers(0, 2))):
        inside = [s for s in range(sites) if draw(st.booleans())]
        areas.append((inside, draw(st.integers(0, 2)), draw(st.sampled_from([None, 2, 3]))))
    fixed = [s for s in range(sites) if draw(st.integers(0, 6)) == 0]
    limits = count_limits(sites, most=draw(st.integers(0, sites)), areas=areas, fixed=fixed)
    otherwise = np.array([draw(st.sampled_from([MUST, MUST, 5, 30])) for _ in range(rows)])
    return people, times, limits, otherwise


def worst_of(people, times, otherwise, chosen):
    """Centiseconds of the farthest row that counts; None where one is left that must be served."""
    worst = 0
    for count, row, last in zip(people, times, otherwise, strict=True):
        legs = [int(row[s]) for s in chosen if row[s] >= 0] + ([int(last)] if last != MUST else [])
        if count and (row >= 0).any():
            if not legs:
                return None
            worst = max(worst, min(legs))
    return worst


@examples(250)
@given(towns())
def test_no_choice_brings_the_farthest_nearer(drawn):
    people, times, limits, otherwise = drawn
    sites = times.shape[1]
    kept = [
        np.array(some, dtype=np.int64)
        for n in range(sites + 1)
        for some in itertools.combinations(range(sites), n)
        if limits.holds(np.array(some, dtype=np.int64))
    ]
    values = [v for c in kept if (v := worst_of(people, times, otherwise, c)) is not None]
    found = solve_p_center(people, times, limits, otherwise=otherwise)
    assert found.infeasible == (not values)
    if values:
        assert (found.value, found.bound) == (min(values), min(values))
        assert limits.holds(found.choice)
        assert worst_of(people, times, otherwise, found.choice) == found.value


def test_two_sites_on_a_street():
    """Villages at 0, 1, 5 and 6 minutes, a site in each: one at either end leaves nobody farther than a minute."""
    place = np.array([0, 1, 5, 6])
    times = 6000 * np.abs(place[:, None] - place)
    found = solve_p_center(np.array([1, 900, 1, 1]), times, count_limits(4, most=2))
    assert (found.value, found.bound) == (6000, 6000)
    alone = solve_p_center(np.ones(4, dtype=np.int64), times, count_limits(4, most=1))
    assert alone.value == 30_000


def graph(nodes, seed):
    """Shortest paths on a random graph after the manner of OR-Library's p-median graphs."""
    rng = np.random.default_rng(seed)
    lengths = np.zeros((nodes, nodes))
    ring = rng.permutation(nodes)
    lengths[ring, np.roll(ring, 1)] = rng.integers(1, 101, nodes)
    a, b = rng.integers(0, nodes, (2, nodes * nodes // 50))
    lengths[a, b] = rng.integers(1, 101, len(a))
    return shortest_path(lengths, directed=False).astype(np.int64)


@pytest.mark.parametrize("most", [4, 12])
def test_a_graph_agrees_with_covering_at_every_time(most):
    from scipy.optimize import Bounds, LinearConstraint, milp

    times = graph(90, seed=most)
    found = solve_p_center(np.ones(90, dtype=np.int64), times, count_limits(90, most=most))
    assert found.value == found.bound
    for cs, enough in ((found.value, True), (found.value - 1, False)):
        cover = LinearConstraint((times <= cs).astype(float), 1, np.inf)
        fewest = milp(np.ones(90), constraints=cover, bounds=Bounds(0, 1), integrality=np.ones(90)).fun
        assert (round(fewest) <= most) == enough


def test_time_alone_leaves_a_gap_and_a_start_is_heard():
    times = graph(120, seed=3)
    limits, one = count_limits(120, most=5), np.ones(120, dtype=np.int64)
    best = solve_p_center(one, times, limits)
    short = solve_p_center(one, times, limits, budget=SearchBudget(seconds=0), start=best.choice)
    assert short.value == best.value and short.bound <= best.value
    again = solve_p_center(one, times, limits)
    assert again.choice.tolist() == best.choice.tolist()


@pytest.mark.parametrize(
    ("name", "worst"), [("pmed1", 127), ("pmed2", 98), ("pmed6", 84), ("pmed9", 37), ("pmed21", 40), ("pmed30", 9)]
)
def test_published_optima_are_proven(shared_data, name, worst):
    """As published for OR-Library's graphs (Mladenovic, Labbe and Hansen 2003; Daskin 2000)."""
    figures = np.array((shared_data / "pmed" / f"{name}.txt").read_text().split(), dtype=np.int64)
    n, edges, p = figures[:3].tolist()
    lengths = np.zeros((n, n))
    for a, b, length in figures[3 : 3 + 3 * edges].reshape(-1, 3) - [1, 1, 0]:
        lengths[a, b] = lengths[b, a] = length
    found = solve_p_center(np.ones(n, dtype=np.int64), shortest_path(lengths).astype(np.int64), count_limits(n, most=p))
    assert (found.value, found.bound) == (worst, worst)


def test_few_of_many_rows_are_asked_and_all_are_near():
    """Three hundred rows, of which a few decide; all pairs of nine sites tried."""
    rng = np.random.default_rng(5)
    times = rng.integers(1, 4_000, (300, 9))
    one = np.ones(300, dtype=np.int64)
    values = [int(times[:, list(pair)].min(axis=1).max()) for pair in itertools.combinations(range(9), 2)]
    found = solve_p_center(one, times, count_limits(9, most=2))
    assert (found.value, found.bound) == (min(values), min(values))


def test_one_site_in_each_half_is_asked_for_beside_their_number():
    rng = np.random.default_rng(6)
    times = rng.integers(1, 4_000, (80, 10))
    limits = count_limits(10, most=3, areas=[(range(5), 1, 2), (range(5, 10), 2, None)])
    kept = [c for c in itertools.combinations(range(10), 3) if limits.holds(np.array(c, dtype=np.int64))]
    best = min(int(times[:, list(c)].min(axis=1).max()) for c in kept)
    found = solve_p_center(np.ones(80, dtype=np.int64), times, limits)
    assert (found.value, found.bound) == (best, best)


def test_parts_of_sites_refute_times_without_an_integer_program(monkeypatch):
    """Three towns as far from each other as from themselves: two sites reach all in no less than the far time."""
    times = np.where(np.eye(3, dtype=bool), 100, 900)
    times = np.vstack([times, times])
    monkeypatch.setattr(Search, "cover", lambda *_: False)
    found = solve_p_center(np.ones(6, dtype=np.int64), times, count_limits(3, most=2))
    assert (found.value, found.bound) == (900, 900)
