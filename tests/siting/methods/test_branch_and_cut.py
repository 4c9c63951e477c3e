"""The tree proves what it says: against every choice, HiGHS on the whole matrix, and its own old mistake."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import highspy
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.covering import branch_and_cut, max_cover
from quarterhour.siting.methods.covering.benders import MaxCoverMaster
from quarterhour.siting.methods.covering.branch_and_cut import MaxCoverTree
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.greedy import greedy_order, without_redundant
from quarterhour.siting.methods.covering.max_cover import interior_point, solve_max_cover
from quarterhour.siting.methods.covering.min_sites import solve_min_sites
from quarterhour.siting.methods.solver.branch_and_cut import Node
from quarterhour.siting.methods.solver.program import Outcome, Program, safe_bound
from quarterhour.siting.outlook.frontier import solve_frontier
from quarterhour.siting.question.search import SearchBudget
from repeatable import examples, some_of


def _core(rng, *, rows, sites, most=100, quotas=None, all_rows=False):
    """A noisy town: who reaches what depends on the place and much on chance; some rows without people or sites."""
    place, site = rng.random((rows, 2)), rng.random((sites, 2))
    away = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * np.exp(rng.normal(0, 0.5, (rows, sites)))
    within = away < np.sqrt(rng.uniform(2, 9) / sites / np.pi)
    people = rng.integers(0 if rng.random() < 0.2 else 1, most, rows)
    limit = int(rng.integers(1, max(2, sites // 2)))
    group, low, high = [], [], []
    for _ in range(int(rng.integers(0, 4)) if quotas is None else quotas):
        areas = int(rng.integers(2, 2 + max(1, sites // 6)))
        inside = rng.integers(-1 if rng.random() < 0.3 else 0, areas, sites)
        if rng.random() < 0.5:
            inside = (site[:, 0] * areas).astype(np.int64)
        count = np.bincount(inside[inside >= 0], minlength=areas)
        share = limit * count / sites
        least = np.minimum(count, np.floor(share * rng.uniform(0, 1.3, areas))).astype(np.int64)
        group.append(np.where(inside >= 0, inside + len(low), -1))
        high += np.maximum(least, np.ceil(share * rng.uniform(0.7, 2.5, areas))).astype(np.int64).tolist()
        low += least.tolist()
    return CoverInstance(
        people=people.astype(np.int64),
        cover=sp.csr_array(within.astype(np.int64)),
        sites=pd.RangeIndex(sites),
        group=np.array(group, dtype=np.int64).reshape(len(group), sites),
        low=np.array(low, dtype=np.int64),
        high=np.array(high, dtype=np.int64),
        limit=limit,
        all_rows=all_rows,
    )


def _by_highs(core):
    """A second opinion: the whole matrix given to HiGHS; its choice is counted here. None: there is no choice."""
    rows, sites = core.cover.shape
    highs = highspy.Highs()
    for option, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.99}.items():
        highs.setOptionValue(option, value)
    wide = 0 if core.all_rows else rows
    inside = sp.csr_array(np.array([(core.group == a).any(axis=0) for a in range(len(core.low))]).reshape(-1, sites))
    every = sp.csr_array(np.ones((1, sites)))
    rules = sp.vstack([every, inside], format="csr")
    right = sp.csr_array((rules.shape[0], wide))
    top = core.cover if core.all_rows else sp.hstack([core.cover, -sp.eye_array(rows)])
    matrix = sp.csr_array(sp.vstack([top, sp.hstack([rules, right])], format="csr"), dtype=float)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sites + wide, matrix.shape[0]
    lp.sense_ = highspy.ObjSense.kMinimize if core.all_rows else highspy.ObjSense.kMaximize
    cost = np.ones(sites) if core.all_rows else np.append(np.zeros(sites), core.people.astype(float))
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(sites + wide), np.ones(sites + wide)
    least = (core.people > 0).astype(float) if core.all_rows else np.zeros(rows)
    lp.row_lower_ = np.concatenate([least, [0.0], core.low.astype(float)])
    lp.row_upper_ = np.concatenate([np.full(rows, highspy.kHighsInf), [float(core.limit)], core.high.astype(float)])
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * sites + [real] * wide
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    choice = np.flatnonzero(np.array(highs.getSolution().col_value[:sites]) > 0.5)
    assert core.holds(choice)
    return core.value_of(choice)


def _by_hand(core):
    values = []
    for n in range(core.limit + 1):
        for some in itertools.combinations(range(len(core.sites)), n):
            if core.holds(choice := np.array(some, dtype=np.int64)):
                values.append(core.value_of(choice))
    return (min if core.all_rows else max)(values) if values else None


def _agrees(core, found, best):
    if best is None:
        assert found.infeasible
        assert found.choice is None
    else:
        assert core.holds(found.choice)
        assert not found.infeasible
        assert core.value_of(found.choice) == best == found.bound


def _bare(monkeypatch, rng):
    """The tree alone must find and prove: no local search, few cuts a node, whatever else chance says."""
    rough = rng.integers(0, 4)
    if rough > 0:
        monkeypatch.setattr(branch_and_cut, "offer_improved", _no_search)
        monkeypatch.setattr(max_cover, "offer_improved", _no_search)
        monkeypatch.setattr(max_cover, "heuristic_choice", _by_greed if rough == 1 else lambda *_, **__: None)
    monkeypatch.setattr(MaxCoverTree, "rounds", rounds := int(rng.integers(0, 4)))
    monkeypatch.setattr(MaxCoverTree, "root_rounds", rounds)
    monkeypatch.setattr(MaxCoverTree, "tidy_every", int(rng.integers(1, 6)))
    monkeypatch.setattr(branch_and_cut, "_TRIED", int(rng.integers(1, 12)))


def _no_search(record, choice, **_):
    record.take(choice)


def _by_greed(core, *_, **__):
    chosen = without_redundant(core, greedy_order(core))
    return chosen if core.holds(chosen) else None


def _seeded(seed, monkeypatch, *, largest=120, seconds=math.inf):
    """The nodes of a seeded question, whose answer is compared with HiGHS's."""
    rng = np.random.default_rng(seed)
    most = int(rng.choice([3, 100, 1_000_000, 30_000_000]))
    sites = int(rng.integers(largest // 3, largest))
    core = _core(rng, rows=int(rng.integers(3, 8)) * sites, sites=sites, most=most)
    _bare(monkeypatch, rng)
    budget = SearchBudget(seconds=seconds, seed=seed)
    found, best = solve_max_cover(core, budget), _by_highs(core)
    if not budget.over():
        _agrees(core, found, best)
    elif best is not None:
        assert (-1 if found.choice is None else core.value_of(found.choice)) <= best <= found.bound
    return found.nodes


@pytest.mark.parametrize("seed", some_of(40, 15))
def test_the_tree_alone_finds_what_highs_does(seed, monkeypatch):
    _seeded(seed, monkeypatch, largest=45)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1030))
def test_the_tree_alone_finds_what_highs_does_in_larger_towns(seed, monkeypatch):
    _seeded(seed, monkeypatch, seconds=20)


def _grown(core, *, seed=0):
    best = CoverIncumbent(core, SearchBudget(seed=seed), bound=int(core.people.sum()))
    return MaxCoverTree(MaxCoverMaster(core, seed=seed), best)


def test_a_settled_site_stays_settled():
    """The old mistake: a closed site that would pay was opened again, and what lay beside it was never seen."""
    core = _core(np.random.default_rng(3), rows=60, sites=12, quotas=0)
    tree = _grown(core)
    tree.best.take(greedy_order(core))
    opened, closed = np.zeros(12, dtype=bool), np.zeros(12, dtype=bool)
    opened[:3], closed[3:6] = True, True
    for reduced in (1e-3, 1e9, -1e9):
        outcome = Outcome("optimal", None, math.nan, tree.best.value + 0.5, reduced=np.full(12, reduced))
        node = tree.fix_sites(Node(opened, closed), outcome)
        assert not (node.opened & node.closed).any()
        assert (node.opened[:6] == opened[:6]).all()
        assert (node.closed[:6] == closed[:6]).all()
        assert (node.opened[6:] == (reduced > 0)).all()
        assert (node.closed[6:] == (reduced < 0)).all()
    assert opened.sum() == closed.sum() == 3


@pytest.mark.parametrize("seed", range(25))
def test_what_a_node_settles_holds_for_all_better_choices_below_it(seed, monkeypatch):
    """Every choice that is better than the best, and below the node, is below the node with more settled too."""
    rng = np.random.default_rng(seed)
    core = _core(rng, rows=40, sites=10, most=int(rng.choice([4, 10**6])), quotas=int(rng.integers(0, 3)))
    choices = [np.array(c) for n in range(core.limit + 1) for c in itertools.combinations(range(10), n)]
    choices = [c for c in choices if core.holds(c.astype(np.int64))]
    core, _ = max_cover.presolve_max_cover(core)
    asked, fix_sites = [], MaxCoverTree.fix_sites

    def watched(tree, node, outcome):
        less = fix_sites(tree, node, outcome)
        for choice in choices:
            here = np.isin(np.arange(10), choice)
            if core.covered(choice) > tree.best.value and _below(node, here):
                assert core.covered(choice) <= outcome.bound
                assert _below(less, here)
        asked.append(int((less.opened | less.closed).sum()) - int((node.opened | node.closed).sum()))
        return less

    monkeypatch.setattr(MaxCoverTree, "fix_sites", watched)
    monkeypatch.setattr(branch_and_cut, "offer_improved", _no_search)
    tree = _grown(core, seed=seed)
    if choices:
        tree.best.take(choices[int(rng.integers(len(choices)))].astype(np.int64))
    if not core.is_infeasible:
        tree.solve_root(interior_point(core, tree.best.choice))
        tree.search()
        assert tree.is_infeasible == (not choices)


def _below(node, here):
    return bool((here | ~node.opened).all() and (~here | ~node.closed).all())


@examples(60)
@given(st.integers(0, 10**6), st.booleans())
def test_small_questions_have_no_better_choice(seed, all_rows):
    rng = np.random.default_rng(seed)
    most = int(rng.choice([2, 10, 50_000_000]))
    core = _core(rng, rows=int(rng.integers(0, 30)), sites=int(rng.integers(1, 12)), most=most, all_rows=all_rows)
    if all_rows:
        core = replace(core, limit=len(core.sites))
    found = (solve_min_sites if all_rows else solve_max_cover)(core, SearchBudget(seed=seed % 7))
    _agrees(core, found, _by_hand(core))


@examples(25)
@given(st.integers(0, 10**6))
def test_each_size_of_a_frontier_has_no_better_choice(seed):
    rng = np.random.default_rng(seed)
    core = _core(rng, rows=25, sites=int(rng.integers(1, 9)), most=int(rng.choice([3, 10**6])))
    for size, found in enumerate(solve_frontier(core), start=1):
        best = _by_hand(replace(core, limit=size))
        assert (found.choice is None) == (best is None)
        if best is not None:
            assert core.covered(found.choice) == best == found.bound


def test_cuts_hold_for_every_choice():
    rng = np.random.default_rng(5)
    core, _ = max_cover.presolve_max_cover(_core(rng, rows=50, sites=9, quotas=0, most=10**7))
    master = MaxCoverMaster(core)
    for turn in range(20):
        outcome = master.solve(SearchBudget())
        everyone = np.append(np.zeros(9), outcome.values[9:] + 10**9)
        master.cut(rng.random(9) if turn % 2 else np.round(rng.random(9)), replace(outcome, values=everyone))
    program, groups = master.solver.program, master.groups
    cuts = program.rows[master.first_cut :].toarray()
    assert len(cuts) == 20 * groups
    hub = np.empty(len(core.people), dtype=np.int64)
    _, _, _, order, begin = master._table
    for g in range(groups):
        hub[order[begin[g] : begin[g + 1]]] = g
    for n in range(10):
        for some in itertools.combinations(range(9), n):
            here = np.isin(np.arange(9), some).astype(np.float64)
            covered = np.bincount(hub, core.people * (core.cover @ here > 0), groups) / master.unit
            assert (cuts @ np.append(here, covered) <= program.high[master.first_cut :] + 1e-9).all()


@pytest.mark.parametrize("seed", range(30))
def test_a_bound_moved_by_a_reduced_cost_holds_in_exact_numbers(seed):
    """Prices as rough as they come, and sums as large as people get: each side is added up in whole numbers again."""
    rng = np.random.default_rng(seed)
    cuts, sites = 40, 12
    matrix = np.vstack([np.ones(sites), -rng.integers(0, 10**9, (cuts, sites)) * (rng.random((cuts, sites)) < 0.5)])
    matrix = np.hstack([matrix, np.vstack([[0.0], np.ones((cuts, 1))])])
    high = np.append(4.0, rng.integers(0, 10**9, cuts))
    cost, upper = np.append(np.zeros(sites), 1.0), np.append(np.ones(sites), 1e11)
    low = np.full(cuts + 1, -math.inf)
    program = Program(cost, sp.csr_array(matrix), low, high, np.zeros(sites + 1), upper, most=True)
    price = np.append(rng.uniform(0, 1e9), rng.dirichlet(np.ones(cuts)))
    bound, reduced = safe_bound(program, price)
    for site in range(sites):
        exact = _exactly(program, price, site, side=int(reduced[site] < 0))
        assert exact <= Fraction(bound - abs(reduced[site]))


def _exactly(program, price, site, *, side):
    """The dual value with one site on one side."""
    rows, prices = program.rows.toarray(), [Fraction(p) for p in price.tolist()]
    total = sum(p * Fraction(h) for p, h in zip(prices, program.high.tolist(), strict=True))
    for column in range(len(program.cost)):
        priced = zip(rows[:, column].tolist(), prices, strict=True)
        left = Fraction(program.cost[column]) - sum(Fraction(a) * p for a, p in priced if a)
        top = Fraction(float(program.upper[column]))
        total += left * side if column == site else max(Fraction(0), left * top)
    return total
