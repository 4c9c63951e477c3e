"""Rows served whole within room: a toy town by hand, every assignment counted, plain HiGHS on the whole model."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.methods.whole.knapsack import LARGEST_TABLE, fill
from quarterhour.siting.methods.whole.solve_whole import _WholeSolve, solve_whole
from quarterhour.siting.methods.whole.whole_fixing import fixed_by_prices, settled_by_counting
from quarterhour.siting.methods.whole.whole_groups import site_groups
from quarterhour.siting.methods.whole.whole_instance import MUST, NEVER, Lost, all_of, build_whole_instance
from quarterhour.siting.methods.whole.whole_prices import AssignmentBound, parts_of
from quarterhour.siting.methods.whole.whole_program import solve_leaf
from quarterhour.siting.methods.whole.whole_search import WholeSearch
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits
from quarterhour.siting.solve import solve_siting


def pairs_of(cost):
    """Costs as pairs; less than 0: may not go there."""
    row, site = np.nonzero(cost >= 0)
    return np.searchsorted(row, np.arange(len(cost) + 1)), site, cost[row, site]


def asked(cost, load, room, otherwise, **limits):
    return build_whole_instance(load, pairs_of(cost), count_limits(len(room), **limits), room, otherwise=otherwise)


def drawn(seed):
    """A small question of any kind: cost, load, room, otherwise, limits."""
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(3, 16)), int(rng.integers(2, 8))
    large = 73 if rng.random() < 0.4 else 1
    place, site = rng.random((rows, 2)) * 100, rng.random((sites, 2)) * 100
    load = rng.integers(0, 21, rows) * large + (rng.integers(0, 50, rows) if large > 1 else 0)
    most = int(rng.integers(1, sites + 1))
    cost = np.floor(np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1))).astype(np.int64)
    if rng.random() < 0.5:
        cost = cost * load[:, None]
    if rng.random() < 0.5:
        cost[rng.random((rows, sites)) < 0.25] = -1
    room = np.floor(rng.uniform(0.6, 1.6, sites) * load.sum() / most * rng.uniform(0.8, 1.3)).astype(np.int64)
    free = rng.random(rows) < (0.0, 0.5, 1.0)[int(rng.integers(3))]
    otherwise = np.where(free, rng.integers(0, 200, rows) * (load if cost.max() > 300 else 1), MUST)
    towns = [(np.flatnonzero(rng.random(sites) < 0.5), 0, 1)] if rng.random() < 0.3 else []
    fixed = np.flatnonzero(rng.random(sites) < 0.1)
    return cost, load, room, otherwise, {"most": most, "areas": towns, "fixed": fixed}


def by_highs(cost, load, room, otherwise, limits):
    """The least cost by one integer program over all pairs; None where there is no choice."""
    rows, sites = cost.shape
    reached = (cost >= 0).any(axis=1)
    nowhere = int(otherwise[~reached & (otherwise != MUST)].sum())
    row, site = np.nonzero(cost >= 0)
    stay = np.flatnonzero(reached & (otherwise != MUST))
    pairs, columns = len(row), sites + len(row) + len(stay)
    x, u = sites + np.arange(pairs), sites + pairs + np.arange(len(stay))
    goes = sp.csr_array((np.ones(pairs + len(stay)), (np.r_[row, stay], np.r_[x, u])), shape=(rows, columns))
    loads = np.r_[load[row], -room].astype(float)
    fits = sp.csr_array((loads, (np.r_[site, np.arange(sites)], np.r_[x, np.arange(sites)])), shape=(sites, columns))
    links = sp.csr_array(
        (np.r_[np.ones(pairs), -np.ones(pairs)], (np.tile(np.arange(pairs), 2), np.r_[x, site])),
        shape=(pairs, columns),
    )  # fmt: skip
    rules = count_limits(sites, **limits)
    wide = sp.csr_array((rules.rows.data.astype(float), rules.rows.indices, rules.rows.indptr),
                        shape=(len(rules.low), columns))  # fmt: skip
    program = Program(
        np.r_[np.zeros(sites), cost[row, site], otherwise[stay]].astype(float),
        sp.csr_array(sp.vstack([goes, fits, links, wide], format="csr")),
        np.r_[reached.astype(float), np.full(sites + pairs, -math.inf), rules.low],
        np.r_[reached.astype(float), np.zeros(sites + pairs), rules.high].astype(float),
        np.r_[rules.fixed.astype(float), np.zeros(pairs + len(stay))],
        np.ones(columns),
        whole=np.ones(columns, dtype=np.bool_),
    )
    out = Solver(program).solve()
    return None if out.status == "infeasible" else nowhere + round(out.value)


def recounted(found, cost, load, room, otherwise, limits):
    """The value of an answer, from its own words alone; it keeps every rule."""
    row, site, _ = found.served
    assert len(set(row.tolist())) == len(row)
    assert set(site.tolist()) <= set(found.choice.tolist())
    assert (cost[row, site] >= 0).all()
    assert (np.bincount(site, load[row], len(room)) <= room).all()
    assert count_limits(len(room), **limits).holds(found.choice)
    # A row without pairs that must be served does not count; one that need not be pays for going nowhere.
    left = np.setdiff1d(np.flatnonzero((cost >= 0).any(axis=1) | (otherwise != MUST)), row)
    # A row whose ways cost as much as going nowhere, or without people, may be told to go nowhere.
    assert (otherwise[left] != MUST).all()
    return int(cost[row, site].sum() + otherwise[left].sum())


def compare(seed):
    question = drawn(seed)
    cost, load, room, otherwise, limits = question
    found = solve_whole(asked(cost, load, room, otherwise, **limits), budget=SearchBudget(seed=seed))
    best = by_highs(*question)
    assert found.infeasible == (best is None), seed
    if best is not None:
        assert (found.value, found.bound) == (best, best), seed
        assert recounted(found, *question) == best, seed


def test_where_no_site_is_open_nothing_is_searched():
    """Kernels draw among open sites: among none they read what is not theirs, which ended the process."""
    load, away = np.array([6, 6, 5, 5, 4]), np.full(5, 90)
    whole = asked(TOWN * load[:, None], load, np.full(3, 10), away, most=0)
    assert not WholeSearch(whole, seed=1).run_on(5)
    assert not WholeSearch(whole, seed=1).run(np.empty(0, dtype=np.int64), 5)


@pytest.mark.parametrize("seed", [164, 172])
def test_a_row_that_no_site_may_serve_pays_for_going_nowhere(seed):
    compare(seed)


@pytest.mark.parametrize("first", [0, 10, 20])
def test_small_questions_of_all_kinds_come_out_as_by_plain_highs(first):
    for seed in range(first, first + 6):
        compare(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 200, 10))
def test_a_hundred_small_questions_come_out_as_by_plain_highs(first):
    for seed in range(first, first + 10):
        compare(seed)


TOWN = np.array([[1, 9, 9], [2, 8, 9], [9, 1, 8], [8, 2, 9], [9, 7, 1]])
"""Minutes from five villages to three sites: the villages of 6, 6, 5, 5 and 4 beds want rooms of 10."""


def every_way(cost, load, room, most):
    """The least cost of all assignments, counted one by one."""
    rows, sites = cost.shape
    least = None
    for went in itertools.product(range(sites), repeat=rows):
        used = np.bincount(went, load, sites)
        if (used <= room).all() and len(set(went)) <= most:
            worth = int(cost[np.arange(rows), went].sum())
            least = worth if least is None else min(least, worth)
    return least


def test_a_toy_town_by_hand():
    """Nobody can share: 6 + 6 do not fit into 10, so one of the first two goes far, with the village of 4."""
    load, room = np.array([6, 6, 5, 5, 4]), np.array([10, 10, 10])
    cost = TOWN * load[:, None]
    found = solve_whole(asked(cost, load, room, np.full(5, MUST), most=3))
    # 1 x 6 at site 0; 9 x 6 and 1 x 4 at site 2; 1 x 5 and 2 x 5 at site 1.
    assert found.value == found.bound == 6 + 54 + 4 + 5 + 10 == every_way(cost, load, room, 3)
    row, site, beds = found.served
    assert dict(zip(row.tolist(), site.tolist(), strict=True)) == {0: 0, 1: 2, 2: 1, 3: 1, 4: 2}
    assert beds.tolist() == load.tolist()


def test_two_sites_hold_no_more_than_their_rooms():
    load, room = np.array([6, 6, 5, 5, 4]), np.array([10, 10, 10])
    assert solve_whole(asked(TOWN, load, room, np.full(5, MUST), most=2)).infeasible
    alone = np.full(5, 20)
    away = solve_whole(asked(TOWN, load, room, alone, most=2))
    # 6 and 4 beside 5 and 5: all but the other village of 6.
    assert away.value == away.bound == 1 + 9 + 1 + 2 + 20 == recounted(away, TOWN, load, room, alone, {"most": 2})


@pytest.mark.parametrize("room", [30, LARGEST_TABLE + 200])
def test_a_knapsack_is_filled_best(room):
    rng = np.random.default_rng(room)
    for _ in range(20):
        n = 10
        weight, gain = rng.integers(1, room // 2, n), rng.integers(1, 1000, n)
        order = np.argsort(-gain / weight, kind="stable")
        items = gain[order], weight[order], np.arange(n)
        work = np.zeros((n + 1, min(room, LARGEST_TABLE) + 1), dtype=np.int64), np.zeros(n, dtype=np.int64)
        taken = np.zeros(n, dtype=np.uint8)
        worth = fill(items, n, int(weight.sum()), room, work, taken)
        ways = np.array(list(itertools.product((0, 1), repeat=n)))
        best = (ways @ items[0])[ways @ items[1] <= room].max()
        assert worth == best == int(items[0] @ taken)
        assert int(items[1] @ taken) <= room


def test_any_prices_give_a_bound_and_fixing_loses_no_better_choice():
    fixed = 0
    for seed in range(12):
        cost, load, room, otherwise, limits = drawn(seed)
        whole = asked(cost, load, room, otherwise, **limits)
        left = settled_by_counting(all_of(whole))
        best = by_highs(cost, load, room, otherwise, limits)
        if left is None or best is None or whole.hopeless:
            continue
        bound = AssignmentBound(left, parts_of(left))
        at = {"most": 60, "theta": 1.0, "patience": 20, "over": lambda _: False}
        steps = (best - whole.settled) // whole.unit
        priced = bound.rounds(bound.first(), target=steps, enough=steps, **at)
        assert whole.worth(priced.bound) <= best
        few = fixed_by_prices(left, priced, steps)
        assert few is not None
        fixed += left.pairs - few.pairs
        found = solve_whole(whole)
        row, site, _ = found.served
        went = np.full(len(load), -1)
        went[row] = site
        went = whole.went(went)
        here = went < len(room)
        met = whole.site == went[whole.row]
        # Every best choice is still there: each row's way is kept, and who stays away may.
        assert few.kept[met].sum() == here.sum()
        assert (few.away[~here] < NEVER).all()
        assert not few.closed[site].any()
    assert fixed > 0


def test_a_bound_beyond_a_known_value_is_an_error():
    cost, load, room, otherwise, limits = drawn(3)
    whole = asked(cost, load, room, np.full(len(load), 10**4), **limits)
    root = settled_by_counting(all_of(whole))
    from quarterhour.siting.methods.solver.incumbent import Incumbent

    solve = _WholeSolve(whole, root, Incumbent(SearchBudget(), bound=whole.settled))
    solve.take(np.full(len(whole.load), len(room)), np.flatnonzero(root.opened))
    with pytest.raises(ArithmeticError, match="beyond the known value"):
        solve._proven(solve.limit + 2, "Lagrangian")


def test_the_same_seed_and_turns_give_the_same_choice():
    cost, load, room, otherwise, limits = drawn(8)
    whole = asked(cost, load, room, np.full(len(load), 10**5), most=2)
    once, twice = WholeSearch(whole, seed=5), WholeSearch(whole, seed=5)
    for search in (once, twice):
        search.run(np.array([0, 1]), 30)
        search.run_on(30)
    assert once.best == twice.best
    assert once.best_went.tolist() == twice.best_went.tolist()


# --- of whom only so many may be left out ----------------------------------------------------------


def test_a_toy_town_of_which_few_may_be_left_out_by_hand():
    """Two rooms of 10 hold 6 and 4 beside 5 and 5: 20 of 26, and 4 has it far, though leaving it out costs only 3."""
    load, room, alone = np.array([6, 6, 5, 5, 4]), np.array([10, 10, 10]), np.full(5, 3)
    start, site, cost = pairs_of(TOWN)
    for most, least in ((26, 1 + 1 + 2 + 3 + 3), (10, 10), (9, 16), (6, 1 + 2 + 9 + 1 + 3), (5, None)):
        lost = Lost(np.zeros_like(cost), load, most)
        whole = build_whole_instance(
            load, (start, site, cost), count_limits(3, most=2), room, otherwise=alone, lost=lost
        )
        found = solve_whole(whole)
        assert found.infeasible == (least is None)
        assert least is None or found.value == found.bound == least


def few_lost(seed):
    """A small question where only so many may be left out: load, cost, otherwise, lost by pair and away, room, most."""
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(3, 7)), int(rng.integers(2, 5))
    load, cost = rng.integers(1, 9, rows), rng.integers(0, 30, (rows, sites))
    cost[rng.random((rows, sites)) < 0.2] = -1
    otherwise = np.where(rng.random(rows) < 0.15, MUST, rng.integers(0, 40, rows))
    away = load * (10 if seed % 2 else 1)
    pair = load[:, None] * rng.choice([0, 2, 5], (rows, sites)) if seed % 2 else np.zeros((rows, sites), dtype=np.int64)
    room = rng.integers(4, 16, sites)
    return load, cost, otherwise, pair, away, room, int(rng.integers(1, sites + 1))


def all_ways(load, cost, otherwise, pair, away, room, most):
    """Cost and left out of every assignment that keeps rooms and sites, counted one by one."""
    rows, sites = cost.shape
    went = np.array(list(itertools.product(range(sites + 1), repeat=rows)))
    far, dear, out = 10**6, np.column_stack([cost, otherwise]), np.column_stack([pair, away])
    reached = (cost >= 0).any(axis=1)
    dear[:, :sites][cost < 0] = far
    dear[:, sites] = np.where(otherwise != MUST, otherwise, np.where(reached, far, 0))
    out[~reached & (otherwise == MUST), sites] = 0
    each = np.arange(rows)
    used = np.stack([((went == s) * load).sum(axis=1) for s in range(sites)], axis=1)
    kept = (used <= room).all(axis=1) & (np.array([len(set(w) - {sites}) for w in went.tolist()]) <= most)
    worth = dear[each, went].sum(axis=1)
    kept &= worth < far
    return worth[kept], out[each, went].sum(axis=1)[kept]


@pytest.mark.parametrize("seed", range(24))
def test_the_least_cost_with_few_left_out_is_that_of_all_assignments(seed):
    load, cost, otherwise, pair, away, room, most = few_lost(seed)
    worth, out = all_ways(load, cost, otherwise, pair, away, room, most)
    if not len(out):
        return
    start, site, costs = pairs_of(cost)
    every = pair[cost >= 0]
    away = np.where(~(cost >= 0).any(axis=1) & (otherwise == MUST), 0, away)
    for few in np.unique(np.quantile(out, [0, 0.1, 0.5], method="lower")).tolist():
        whole = build_whole_instance(
            load, (start, site, costs), count_limits(len(room), most=most), room, otherwise=otherwise,
            lost=Lost(every, away, int(few)),
        )  # fmt: skip
        best = int(worth[out <= few].min())
        found = solve_whole(whole)
        assert (found.value, found.bound) == (best, best)
        left = settled_by_counting(all_of(whole))
        for price in (0, 1, 5, 60) if left is not None else ():
            at = replace(left, price=price)
            bound = AssignmentBound(at, parts_of(at))
            ask = {"most": 40, "theta": 1.0, "patience": 20, "over": lambda _: False}
            priced = bound.rounds(bound.first(), target=best + 1, enough=10**9, **ask)
            assert whole.worth(priced.bound) <= best
    fewer = build_whole_instance(
        load, (start, site, costs), count_limits(len(room), most=most), room, otherwise=otherwise,
        lost=Lost(every, away, int(out.min()) - 1),
    )  # fmt: skip
    assert solve_whole(fewer).infeasible


def test_groups_lie_within_each_other_or_apart_and_their_counts_split_the_choices():
    cost, load, room, otherwise, limits = drawn(12)
    whole = asked(cost, load, room, np.full(len(load), 10**4), most=max(1, len(room) // 2))
    groups = [set(group.tolist()) for group in site_groups(whole)]
    assert all(2 <= len(group) < len(room) for group in groups)
    for one, other in itertools.combinations(groups, 2):
        assert one <= other or other <= one or not one & other
    best, root = solve_whole(whole), settled_by_counting(all_of(whole))
    group = np.array(sorted(groups[0]))
    both = [root.counted(group, 1, len(group)), root.counted(group, 0, 0)]
    assert min(solve_leaf(kid, None, budget=SearchBudget(), seed=0).bound for kid in both) == (
        (best.value - whole.settled) // whole.unit
    )


# --- as a planner asks ----------------------------------------------------------------------------


def county(seed, **changed):
    rng = np.random.default_rng(seed)
    place, site = rng.random((40, 2)) * 40, rng.random((12, 2)) * 40
    minutes = np.round(np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)), 1)
    people = rng.integers(5, 60, 40)
    sites = pd.DataFrame({"capacity": rng.integers(150, 420, 12), "town": [f"t{k % 3}" for k in range(12)]})
    sites["state"] = ["existing", "required", *["candidate"] * 10]
    sites["cost_yuan"] = rng.integers(1, 9, 12) * 100
    question = {"objective": "min-time", "within": 15, "new_sites": 5, "capacity": Capacity("beds"), **changed}
    return siting_from_matrix(minutes, people, sites=sites, **question)


BEDS = pd.Series(np.random.default_rng(1).integers(1, 40, 40), index=[str(k) for k in range(40)])


@pytest.mark.parametrize(
    "changed",
    [
        {"coverage": Coverage(everyone=False)},
        {"coverage": Coverage(everyone=False), "capacity": Capacity("beds", load=BEDS)},
        {"coverage": Coverage(everyone=False), "quotas": (Quota("town", ("t0", "t1", "t2"), 1, 3),)},
        {"coverage": Coverage(everyone=False), "budget": Budget(1500)},
        {"coverage": Coverage(everyone=False), "conflicts": [["2", "3"], ["4", "5"], ["2", "6"]]},
        {"objective": "max-cover"},
        {"objective": ("max-cover", "min-time")},
        {"objective": ("max-cover", "min-time"), "capacity": Capacity("beds", load=BEDS), "new_sites": 3},
    ],
    ids=["free", "beds", "quotas", "budget", "conflicts", "cover", "cover-time", "cover-time-beds"],
)
def test_a_plan_equals_that_of_the_general_model(changed, monkeypatch):
    problem = county(4, **changed)
    quick = solve_siting(problem, seconds=math.inf)
    verify_plan(problem, quick)
    monkeypatch.setattr("quarterhour.siting.solve.solve_by_method", lambda *_, **__: None)
    monkeypatch.setattr("quarterhour.siting.solve.serves_whole_communities", lambda *_: False)
    slow = solve_siting(problem, seconds=math.inf)
    assert [(lev.value, lev.bound) for lev in quick.levels] == [(lev.value, lev.bound) for lev in slow.levels]
    assert quick.status == slow.status == "optimal"
