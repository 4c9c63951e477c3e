"""The pool of choices: within the quotas, the same for the same seed, as good as every choice tried on a toy town."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent
from quarterhour.siting.methods.covering.exchange import ExchangeSearch, pool_of
from quarterhour.siting.methods.covering.greedy import greedy_order
from quarterhour.siting.methods.median.kicked import pool_of as median_pool
from quarterhour.siting.methods.median.median_instance import MedianExchange, build_median_instance
from quarterhour.siting.methods.solver.incumbent import Incumbent
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits
from siting.methods.test_primal_dual import town


def _best(core):
    choices = (np.array(c) for c in itertools.combinations(range(len(core.sites)), core.limit))
    return max(core.covered(c) for c in choices if core.holds(c))


def _pooled(core, *, turns, seed=0):
    best = CoverIncumbent(core, SearchBudget(seed=seed), bound=int(core.people.sum()))
    best.take(np.sort(greedy_order(core)))
    pool_of(best, kicks=20).run(best.budget, turns=turns)
    return best


@pytest.mark.parametrize("quotas", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_few_turns_find_the_best_choice_of_a_toy_town(seed, quotas):
    core = town(seed, sites=14, limit=4, quotas=quotas)
    best = _pooled(core, turns=20)
    assert core.holds(best.choice)
    assert best.value == core.covered(best.choice) == _best(core)


def test_the_same_seed_and_turns_give_the_same_choice():
    core = town(3, rows=200, sites=80, limit=5)
    once, again = _pooled(core, turns=12, seed=5), _pooled(core, turns=12, seed=5)
    assert (once.choice == again.choice).all()
    assert once.budget.work.rounds == again.budget.work.rounds == 12


def test_where_only_nodes_are_limited_the_turns_end_too():
    """A pool grows no tree, so nodes that are left would let it turn for ever below a bound that nothing meets."""
    core = town(3, sites=14, limit=2)
    best = CoverIncumbent(core, SearchBudget(nodes=5), bound=int(core.people.sum()))
    best.take(np.sort(greedy_order(core)))
    pool_of(best, kicks=1).run(best.budget)
    assert not best.is_optimal
    assert 0 < best.budget.work.rounds < 1_000


def test_sites_are_near_where_they_share_somebody():
    core = town(1)
    begins, site = ExchangeSearch(core).near
    shared = (core.cover.T @ core.cover).toarray() > 0
    np.fill_diagonal(shared, val=True)
    for s in range(len(core.sites)):
        assert site[begins[s] : begins[s + 1]].tolist() == np.flatnonzero(shared[s]).tolist()


@pytest.mark.parametrize("quotas", [False, True])
def test_without_a_list_of_near_sites_the_local_optimum_is_as_good(quotas):
    """No exchange that the rules allow gains anything after a descent, with near lists and without."""
    core = town(2, sites=20, limit=5, quotas=quotas)
    for listed in (True, False):
        search = ExchangeSearch(core)
        search.near = search.near if listed else (np.zeros(21, np.int64), np.empty(0, np.int32))
        value, met = search.run(greedy_order(core), kicks=0, seed=1)
        assert value == core.covered(met)
        for slot, site in itertools.product(range(len(met)), range(len(core.sites))):
            other = np.unique(np.append(np.delete(met, slot), site))
            assert len(other) < len(met) or not core.holds(other) or core.covered(other) <= value


def test_relinking_ends_between_two_choices():
    core = town(4, rows=120, sites=60, limit=12)
    one, other = np.arange(12), np.arange(20, 32)
    value, met = ExchangeSearch(core).run(one, kicks=0, seed=1, guide=other)
    assert value == core.covered(met) >= max(core.covered(one), core.covered(other))
    assert len(met) == 12


@pytest.mark.parametrize("otherwise", [None, 900])
@pytest.mark.parametrize("seed", range(3))
def test_a_few_turns_find_the_least_time_of_a_toy_town(seed, otherwise):
    """From a bad choice of four, within a quota of the first half of the sites."""
    rng = np.random.default_rng(seed)
    home, site = rng.random((30, 2)), rng.random((12, 2))
    times = (np.hypot(*(home[:, None] - site[None]).transpose(2, 0, 1)) * 1_500).astype(np.int64)
    limits = count_limits(12, most=4, areas=[(range(6), 1, 2)])
    away = None if otherwise is None else np.full(30, otherwise)
    median = build_median_instance(rng.integers(1, 90, 30), times, limits, otherwise=away)
    choices = [np.array(c) for c in itertools.combinations(range(12), 4) if limits.holds(np.array(c))]
    best = Incumbent(SearchBudget(), bound=median.least)
    worst = max(choices, key=median.value)
    best.offer(median.whole(worst), median.value(worst))
    median_pool(MedianExchange(median), best, kicks=3).run(best.budget, turns=12)
    assert limits.holds(best.choice)
    assert best.value == median.value(best.choice) == min(median.value(c) for c in choices)
