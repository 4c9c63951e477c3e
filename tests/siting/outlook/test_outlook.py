"""A second opinion on years of building, worth of sites and robust sites: every order and every set tried by hand."""

from __future__ import annotations

import functools
import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import linprog

import quarterhour as qh
from oracles.every_choice import UNIT, Facts, ask, best_sets, make, weighed
from quarterhour.base.row_order import drawn_normal
from quarterhour.siting.outlook import phasing as phasing_room
from quarterhour.siting.question.problem import Goal
from quarterhour.siting.question.rules import Quota
from repeatable import examples

GOALS = [
    ["max-cover"],
    ["min-time"],
    ["min-sites"],
    ["max-cover", "min-time"],
    ["min-cost", "max-cover"],
    ["min-worst"],
]
RULES = [
    "existing", "required", "upgradeable", "quotas", "nested", "maximum", "tier quotas", "tier", "budget", "conflicts",
    "spacing", "steps", "standards", "at least", "everyone", "weights", "column",
]  # fmt: skip
ROOMS = ["existing", "required", "upgradeable", "quotas", "maximum", "budget", "conflicts", "tier", "steps", "everyone"]


def drawn(seed, goals, rules):
    """A question, some of them with quotas by state, its facts and its plan."""
    asked = make(seed, goals, rules)
    if "required" in rules and seed % 2:
        asked["quotas"] = [*asked["quotas"], Quota("state", ("candidate",), 0, 1 + seed % 3)]
    problem, facts = ask(asked), Facts(asked)
    plan = qh.solve_siting(problem)
    assume(plan.status == "optimal" and len(plan.chosen) <= 6)
    return asked, problem, facts, plan


class Weights:
    """What a set of open sites comes to, by what a step of building is measured."""

    def __init__(self, f):
        self.f, first = f, f.goals[0]
        plain = first.objective in ("max-cover", "min-time")
        self.goal = first if plain else Goal("max-cover", first.people)
        self.people = f.people[self.goal.people] if f.capacity is None else f.load
        self.most = self.goal.objective == "max-cover"
        self.of = functools.cache(self._of)

    def _of(self, opened):
        """People, or people-minutes; ``opened``: a frozenset of positions."""
        f, here = self.f, np.isin(np.arange(self.f.m), list(opened))
        if f.capacity is not None:
            return self._shared_out(here)
        if self.most:
            return Fraction(int(self.people @ np.where(here, f.percent, 0).max(axis=1, initial=0)), 100)
        legs = np.minimum(np.where(here, f.cs, 10**9).min(axis=1, initial=10**9), f.limit)
        return Fraction(int((self.people * legs)[f.reach].sum()), 6000)

    def _shared_out(self, here):
        """Loads shared out among open sites by a linear program, whose corners are whole."""
        f = self.f
        row, site = np.nonzero(f.near & here)
        gain = f.percent[row, site] if self.most else f.limit[row] - f.cs[row, site]
        without = 0 if self.most else int((self.people * f.limit)[f.reach].sum())
        most = 0
        if len(row):
            rows = np.vstack([row == i for i in range(f.n)] + [site == s for s in range(f.m)])
            done = linprog(-gain, A_ub=rows, b_ub=np.r_[self.people, f.room], method="highs")
            most = round(-done.fun)
        return Fraction(most, 100) if self.most else Fraction(without - most, 6000)

    def worse(self, one, other):
        """By how much one value is worse than another."""
        return other - one if self.most else one - other


def of_size(f, built):
    """Every set of at most so many new sites that keeps maxima and conflicts; minima and the rest hold at the end."""
    new = np.flatnonzero(~f.standing)
    for count in range(min(built, len(new)) + 1):
        for some in itertools.combinations(new.tolist(), count):
            opened = f.standing | np.isin(np.arange(f.m), some)
            clash = any(opened[a] and opened[b] for a, b in f.apart)
            over = any((opened & inside).sum() > high for inside, _, high in f.quotas)
            if not clash and not over:
                yield frozenset(np.flatnonzero(opened).tolist())


def check_phases(seed, goals, rules):
    _, problem, f, plan = drawn(seed, goals, rules)
    weights, standing = Weights(f), frozenset(np.flatnonzero(f.standing).tolist())
    place = {s: k for k, s in enumerate(problem.sites.index)}
    phases = qh.siting.phase_plan(problem, plan)
    assert phases.proven and sorted(phases.order) == sorted(plan.chosen) and phases.goal == weights.goal

    def curve(order):
        return [weights.of(standing | {place[s] for s in order[:n]}) for n in range(len(order) + 1)]

    sums = [sum(curve(order)[:-1]) for order in itertools.permutations(plan.chosen)]
    mine = curve(phases.order)
    assert sum(mine[:-1]) == (max(sums) if weights.most else min(sums))
    pick = max if weights.most else min
    for built, row in phases.steps.set_index("built").iterrows():
        best = pick(weights.of(some) for some in of_size(f, built))
        assert (row["value"], row["best"], row["bound"]) == (float(mine[built]), float(best), float(best)), row
        assert row["loss"] == row["loss_at_most"] == float(weights.worse(mine[built], best))


@examples(20, 500)
@given(st.integers(0, 10**6), st.sampled_from(GOALS), st.lists(st.sampled_from(RULES), max_size=5), st.booleans())
def test_no_order_is_better_and_each_step_is_held_against_the_best_of_its_size(seed, goals, rules, by_frontier):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phasing_room, "_FEW", 0 if by_frontier else 8)
        check_phases(seed, goals, rules)


@examples(15, 200)
@given(st.integers(0, 10**6), st.sampled_from(GOALS[:4]), st.lists(st.sampled_from(ROOMS), max_size=4), st.booleans())
def test_the_same_holds_where_sites_have_room(seed, goals, rules, split):
    check_phases(seed, goals, [*rules, "split" if split else "whole"])


def check_values(seed, goals, rules):
    _, problem, f, plan = drawn(seed, goals, rules)
    weights, values = Weights(f), qh.siting.site_values(problem, plan)
    ids = list(problem.sites.index)
    opened = frozenset(k for k, s in enumerate(ids) if f.standing[k] or s in plan.chosen)
    assert set(values.index) == {ids[k] for k in opened} and values["loss"].is_monotonic_decreasing
    assert values["state"].tolist() == problem.sites.loc[values.index, "state"].tolist()
    for site, row in values.iterrows():
        less = opened - {ids.index(site)}
        assert row["loss"] == float(weights.worse(weights.of(less), weights.of(opened)))
    if f.capacity is None:
        here = np.isin(np.arange(f.m), list(opened))
        legs = np.where(here, f.cs, 10**9)
        goes = np.where(legs.min(axis=1, initial=10**9) < 10**9, legs.argmin(axis=1), -1)
        for site, row in values.iterrows():
            k = ids.index(site)
            assert row["people"] == weights.people[goes == k].sum()
            assert row["left"] == weights.people[f.near[:, k] & ((f.near & here).sum(axis=1) == 1)].sum()


@examples(20, 500)
@given(st.integers(0, 10**6), st.sampled_from(GOALS), st.lists(st.sampled_from(RULES), max_size=5))
def test_a_site_is_worth_what_everybody_loses_without_it(seed, goals, rules):
    check_values(seed, goals, rules)


@examples(15, 200)
@given(st.integers(0, 10**6), st.sampled_from(GOALS[:4]), st.lists(st.sampled_from(ROOMS), max_size=4), st.booleans())
def test_a_site_with_room_is_worth_what_is_lost_when_all_go_anew(seed, goals, rules, split):
    check_values(seed, goals, [*rules, "split" if split else "whole"])


# --- robust sites -----------------------------------------------------------------------------------


def scenario(asked, seed, number, speed, people):
    """The question of a scenario, drawn as ``robust_sites`` says: one speed, and a factor for each community."""
    if not number:
        return asked
    rng = np.random.default_rng([seed, number])
    factor = Fraction(round(1000 * rng.uniform(*speed)), 1000)
    change = np.maximum(0, 1 + people * drawn_normal(asked["demand"].index, seed=(seed, number)))
    demand = asked["demand"].apply(lambda column: np.rint(column * change).astype(int))
    later = [[float(-(-round(m * 6000) // factor)) / 6000 if m == m else m for m in row] for row in asked["minutes"]]
    return {**asked, "demand": demand, "minutes": np.array(later)}


@examples(10, 200)
@given(st.integers(0, 10**6), st.sampled_from(GOALS), st.lists(st.sampled_from(RULES), max_size=5))
def test_every_scenario_has_the_value_of_the_best_set_of_sites(seed, goals, rules):
    asked, speed, people = make(seed, goals, rules), (0.7, 1.3), 0.3
    problem = ask(asked, searched=15 * speed[1])
    found = qh.siting.robust_sites(problem, scenarios=4, speed=speed, people=people, seed=seed)
    least, most = (pd.Series(0, index=found.sites.index) for _ in range(2))
    for number, row in found.scenarios.iterrows():
        f = Facts(scenario(asked, seed, number, speed, people))
        sets, best = best_sets(f, *weighed(f))
        assert row["people"] == f.people[""].sum()
        assert row["status"] == ("infeasible" if best is None else "optimal")
        if best is None:
            continue
        assert row["value"] == row["bound"] == float(Fraction(abs(best[0])) / UNIT.get(goals[0], 1))
        named = pd.DataFrame(sets, columns=problem.sites.index)[found.sites.index]
        least, most = least + named.all().astype(int), most + named.any().astype(int)
    assert (least <= found.sites["chosen"]).all() and (found.sites["chosen"] <= most).all()
    assert found.sites["chosen"].sum() == found.scenarios["new_sites"].sum()
