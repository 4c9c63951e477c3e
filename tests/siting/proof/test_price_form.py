"""The form at prices of each goal by hand, and its bound against the enumeration of every choice."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.evidence import check_evidence, evidence_record, read_evidence, shows
from quarterhour.siting.proof.price_form import has_price_form, price_form
from quarterhour.siting.question.plan import Evidence, Reason
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from street import SITES, VILLAGES, planned, street

EASY = Coverage(everyone=False)


def formed(problem, *chosen, bound=None):
    """The form of the last goal of a plan; ``bound``: of that goal, where it is another than its value."""
    levels = list(planned(problem, *chosen).levels)
    if bound is not None:
        levels[-1] = replace(levels[-1], bound=bound)
    return price_form(problem, len(levels) - 1, levels)


def part(form):
    """The weights, the costs of each pair and without a site, those of building, and the most."""
    return tuple(getattr(form, name).tolist() for name in ("weight", "near", "without", "building")) + (form.most,)


OLDER, NOTHING = [10, 6, 5, 0, 4], [0, 0, 0, 0]
MINUTES = [5, 12, 10, 15, 4, 6, 8, 15]


# --- by hand ---


def test_of_coverage_each_hundredth_that_is_not_covered_costs():
    form = formed(street(), "Q")
    assert part(form.own) == (OLDER, [0] * 8, [100] * 5, NOTHING, 600)
    assert (form.step, form.target, form.limit, form.width) == (100, 600, 2, 5)
    assert (form.opened.tolist(), form.free.tolist()) == ([True, False, False, False], [False, True, True, True])
    assert form.must.tolist() == [False] * 5 and form.kept == ()
    assert form.rows.shape == (0, 4)
    stairs = formed(street(within=Standard(15, ((5, 100), (10, 60), (15, 20)))), "Q", bound=17.999)
    assert part(stairs.own) == (OLDER, [0, 80, 40, 80, 0, 40, 40, 80], [100] * 5, NOTHING, 701)
    assert (stairs.step, stairs.target) == (20, 720)


def test_of_time_each_pair_costs_its_way_and_without_one_the_standard():
    form = formed(street(objective="min-time", coverage=EASY), "Q")
    assert part(form.own) == (OLDER, [6000 * m for m in MINUTES], [90_000] * 5, NOTHING, 192 * 6000)
    assert (form.step, form.target) == (6000, 192 * 6000)
    odd = formed(street(objective="min-time", coverage=EASY), "Q", bound=190.5)
    assert (odd.own.most, odd.target) == (190 * 6000 + 3000, 191 * 6000)


def test_of_sites_and_money_each_that_is_built_costs():
    form = formed(street(objective="min-sites", coverage=EASY), "Q", "P")
    assert part(form.own) == (OLDER, [0] * 8, [0] * 5, [0, 1, 1, 1], 2)
    assert (form.step, form.target, form.limit) == (1, 2, 2)
    paid = formed(street(objective="min-cost", coverage=EASY, budget=Budget(200, 5)), "Q", "P")
    assert part(paid.own) == (OLDER, [0] * 8, [0] * 5, [0, 35, 55, 60], 90)
    assert (paid.step, paid.rows.toarray().tolist()) == (5, [[0, 35, 55, 60]])
    assert (paid.low.tolist(), paid.high.tolist()) == ([0], [200])
    free = street(objective="min-cost", coverage=EASY, sites=SITES.assign(cost_yuan=0, running_yuan=0))
    assert formed(free, "Q").step == 1


def test_of_the_farthest_somebody_is_missed_where_nobody_may_go_so_far():
    """Below 12 minutes all find one at P or Q; b has nobody poor, so that it asks for none below 8."""
    form = formed(street(objective="min-worst", coverage=EASY), "Q", "P", bound=12)
    assert part(form.own) == (OLDER, [0] * 5, [0] * 5, NOTHING, 1)
    assert form.near.site.tolist() == [0, 1, 2, 3, 2] and form.near.cs.tolist() == [6000 * m for m in (5, 10, 4, 6, 8)]
    assert form.must.tolist() == [True, True, True, False, True]
    assert (form.step, form.target) == (1, 1)
    poor = formed(street(objective=Goal("min-worst", "poor"), coverage=EASY), "Q", "P", bound=8)
    assert poor.must.tolist() == [True, False, True, False, True]
    assert poor.near.site.tolist() == [0, 1, 3, 2, 3]
    short = street(
        objective="min-worst", within={"u": 15, "r": 8}, classes=pd.Series(list("uurur"), VILLAGES), coverage=EASY
    )
    assert formed(short, "Q", bound=9).must.tolist() == [True, True, False, False, False]


def test_goals_before_and_people_asked_for_are_kept():
    problem = street(objective=("max-cover", "min-time"), coverage=Coverage(everyone=False, at_least=15))
    form = formed(problem, "Q")
    assert [part(kept)[4] for kept in form.kept] == [600, 1000]
    assert [part(kept)[:4] for kept in form.kept] == [(OLDER, [0] * 8, [100] * 5, NOTHING)] * 2
    assert form.width == 7
    kept, rules, own = form.divided(np.arange(7))
    assert (kept.tolist(), rules.tolist(), own.tolist()) == ([0, 1], [], [2, 3, 4, 5, 6])
    first = price_form(problem, 0, planned(problem, "Q").levels)
    assert [part(kept)[4] for kept in first.kept] == [1000]
    assert form.paid_without(2, np.array([3, 1])).tolist() == [n * (2 * 90_000 + 3 * 100 + 100) for n in OLDER]


def test_who_must_be_covered_is_whom_some_goal_counts():
    problem = street(objective=("min-time", Goal("max-cover", "poor")), coverage=Coverage(everyone=True))
    assert formed(problem, "P", "Q").must.tolist() == [True, True, True, False, True]
    other = street(people={"poor": 1}, objective=Goal("min-time", "poor"), coverage=Coverage(everyone=True))
    assert formed(other, "P", "Q").must.tolist() == [True, False, True, False, True]


def test_rules_on_sites_are_rows():
    quotas = [Quota("town", ("N", "S"), 2, 3), Quota("town", ("N",), 9), Quota("county", ("K",), 1, tier="high")]
    problem = street(quotas=quotas, conflicts=[["Q", "R"]], new_sites=3, required=["R"], budget=Budget(150, 0))
    form = formed(problem, "P", "R")
    assert form.rows.toarray().tolist() == [
        [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [0, 30, 40, 50], [0, 0, 1, 1],
    ]  # fmt: skip
    assert (form.low.tolist(), form.high.tolist()) == ([2, 2, 2, 1, 0, 0], [3, 3, -1, -1, 150, 1])
    assert (form.limit, form.opened.tolist()) == (2, [True, False, False, True])
    assert formed(street(objective="min-sites", new_sites=None, required=["R"]), "P", "R").limit == 2
    assert formed(street(new_sites=9), "Q").limit == 3
    assert formed(street(new_sites=1), "Q").limit == 1


@pytest.mark.parametrize(
    ("asked", "place", "has"),
    [
        ({}, 0, True), ({"objective": ("max-cover", "gini")}, 0, True),
        ({"objective": ("max-cover", "gini")}, 1, False),
        ({"objective": ("max-cover", "min-worst")}, 1, True), ({"objective": ("min-worst", "max-cover")}, 1, False),
        ({"objective": "equity"}, 0, False), ({"coverage": Coverage(backup=0)}, 0, False),
        ({"sites": SITES.assign(capacity=9), "capacity": Capacity("beds")}, 0, False),
        ({"objective": ("min-sites", "min-cost", "min-time", "max-cover", "min-worst")}, 4, True),
    ],
)  # fmt: skip
def test_which_goals_have_such_a_form(asked, place, has):
    assert has_price_form(street(**asked), place) is has


# --- against every choice ---


def costs_by_choice(form, scale, prices, taken, left):
    """The least of all choices of what prices leave: by hand from the text, community by community, set by set."""
    kept, rules, own = prices[: len(form.kept)], prices[len(form.kept) : -len(form.must)], prices[-len(form.must) :]
    rows, fixed = form.rows.toarray(), [s for s in range(len(form.free)) if form.opened[s]]
    terms = [(scale, form.own), *zip(kept, form.kept, strict=True)]
    free = [s for s in range(len(form.free)) if form.free[s] and s not in taken and s not in left]
    base = sum(own) - sum(k * p.most for k, p in zip(kept, form.kept, strict=True))
    base += sum(
        r * (low if r > 0 else high) for r, low, high in zip(rules, form.low.tolist(), form.high.tolist(), strict=True)
    )

    def of_site(site):
        cost = sum(k * p.building.tolist()[site] for k, p in terms) - sum(
            r * rows[j][site] for j, r in enumerate(rules)
        )
        for place, (row, s) in enumerate(zip(form.near.row.tolist(), form.near.site.tolist(), strict=True)):
            if s == site:
                here = sum(k * p.weight.tolist()[row] * p.near.tolist()[place] for k, p in terms)
                cost += min(0, here - own[row])
        return cost

    sets = (c for n in range(form.limit - len(taken) + 1) for c in combinations(free, n))
    return min(base + sum(of_site(s) for s in (*fixed, *taken, *chosen)) for chosen in sets)


FORMS = {
    "cover": ({}, ("Q",)),
    "median": ({"objective": ("max-cover", "min-time"), "coverage": Coverage(everyone=False, at_least=5)}, ("Q",)),
    "rules": (
        {"objective": "min-cost", "quotas": [Quota("town", ("N", "S"), 1, 2)], "budget": Budget(200, 1),
         "conflicts": [["Q", "R"]], "required": ["P"], "new_sites": 3}, ("P", "Q"),
    ),
    "fewest": ({"objective": ("min-sites", "min-cost"), "coverage": Coverage(everyone=True)}, ("P", "Q")),
    "farthest": ({"objective": ("min-cost", "min-worst"), "coverage": EASY}, ("P", "Q")),
}  # fmt: skip


@pytest.mark.parametrize("what", FORMS)
def test_prices_show_as_much_as_the_cheapest_of_all_choices(what):
    """Up to the last unit: what is above a bound by nothing shows it not, by one step it does."""
    asked, chosen = FORMS[what]
    form, rng = formed(street(**asked), *chosen), np.random.default_rng(len(what))
    for scale in (1, 3):
        for _ in range(12):
            kept = rng.integers(0, 4, len(form.kept))
            rules = rng.integers(-3, 4, len(form.low)) * (scale + 1)
            rules = np.where((rules < 0) & (form.high < 0), 0, rules)
            paid = form.paid_without(scale, kept)
            own = np.where(form.must, rng.integers(0, 300, 5), rng.integers(-50, np.maximum(paid, 1) + 1) * (paid > 0))
            prices = np.r_[kept, rules, own]
            for taken, left in (((), ()), ((2,), ()), ((), (2,)), ((1,), (3,))):
                where = [np.array(s, dtype=np.int64) for s in (taken, left)]
                if len(taken) > form.limit or set(taken) & set(np.flatnonzero(form.opened).tolist()):
                    continue
                least = costs_by_choice(form, scale, prices.tolist(), taken, left)
                for target in (-(-least // scale), least // scale + 1, least // scale, least // scale - 1):
                    at = replace(form, target=target, step=1)
                    assert at.settles(scale, prices, *where) is (least > scale * (target - 1)), (taken, left, target)


NONE = np.empty(0, dtype=np.int64)


def settles(form, prices, *, scale=1, taken=(), target=None):
    at = form if target is None else replace(form, target=target)
    return at.settles(scale, np.array(prices, dtype=np.int64), np.array(taken, dtype=np.int64), NONE)


def test_more_sites_than_may_be_built_are_no_choice():
    form = replace(formed(street(new_sites=1), "Q"), target=10**9)
    assert settles(form, [0] * 5, taken=[1, 2])
    assert not settles(form, [0] * 5, taken=[1])


def test_prices_that_are_none_show_nothing():
    """Without a bound to show any prices do that are some; these are none."""
    form = formed(street(objective=("max-cover", "min-time"), quotas=[Quota("town", ("S",), 1)], coverage=EASY), "Q")
    easy = replace(form, target=-(10**9))
    own = [n * 90_000 for n in OLDER]
    assert settles(easy, [0, 0, *own])
    assert not settles(easy, [0, 0, own[0] + 1, *own[1:]])
    assert settles(easy, [1, 0, own[0] + 1000, *own[1:]])
    assert not settles(easy, [-1, 0, 0, 0, 0, 0, 0])
    assert settles(easy, [0, 1, 0, 0, 0, 0, 0])
    assert not settles(easy, [0, -1, 0, 0, 0, 0, 0])
    assert not settles(easy, [0, 0, 0, 0, 0, 0, 0], scale=0)
    assert settles(easy, [0, 0, 0, 0, 0, 0, 0], scale=1)
    most = formed(street(quotas=[Quota("town", ("S",), 0, 1)]), "Q")
    assert settles(replace(most, target=-(10**9)), [-1, 0, 0, 0, 0, 0])
    must = formed(street(objective="min-sites"), "P", "Q")
    assert settles(replace(must, target=-(10**9)), [10, 10, 10, 0, 10])
    assert not settles(replace(must, target=-(10**9)), [10, 10, 10, 1, 10])


def test_prices_too_large_to_add_up_show_nothing():
    """Four times all that may come together stays below 2 ** 62."""
    form = replace(formed(street(objective=("min-sites", "min-cost"), budget=Budget(90, 0)), "P", "Q"), target=-(2**62))
    room = 2**60
    most, kept, rule = 120 + 70, 3 + 2, 120 + 90  # all sites and the most of each goal; of money all costs and the most
    assert settles(form, [0, 0, room - most - 1, 0, 0, 0, 0])
    assert not settles(form, [0, 0, room - most, 0, 0, 0, 0])
    assert not settles(form, [0, 0, 0, 0, -(room - most), 0, 0])
    assert settles(form, [(room - most - 1) // kept, 0, 0, 0, 0, 0, 0])
    assert not settles(form, [(room - most) // kept + 1, 0, 0, 0, 0, 0, 0])
    assert not settles(form, [0, -((room - most) // rule) - 1, 0, 0, 0, 0, 0])
    assert settles(form, [0, -((room - most) // rule), 0, 0, 0, 0, 0])
    assert not settles(form, [0] * 7, scale=room // most + 1)
    assert settles(form, [0] * 7, scale=room // most)
    time = replace(formed(street(objective="min-time", coverage=EASY), "Q"), target=-(2**62))
    assert not settles(time, [0] * 5, scale=room // (25 * 90_000 + 192 * 6000) + 1)
    assert settles(time, [0] * 5, scale=room // (25 * 90_000 + 192 * 6000))


# --- evidence ---


def tree(*nodes, prices=((0, 0, 0, 0, 0),), scale=1):
    return Evidence(scale, np.array(prices, dtype=np.int64), np.array(nodes, dtype=np.int64))


def test_a_tree_divides_all_choices_into_parts():
    """Nothing covers more than 25 of the 25 within reach, whatever is built: each part is settled for nothing."""
    form = formed(street(), "P", "Q")
    for nodes, holds in (
        ((-1,), True), ((1, -1, -1), True), ((1, 2, -1, -1, -1), True), ((1, -1, 2, -1, -1), True), ((), False),
        ((1, -1), False), ((-1, -1), False), ((1, 1, -1, -1, -1), False), ((1, -1, 1, -1, -1), False),
        ((0, -1, -1), False),
        ((9, -1, -1), False), ((-2,), False), ((1,), False),
    ):  # fmt: skip
        assert shows(form, tree(*nodes)) is holds, nodes


def test_every_part_takes_the_vector_that_it_names():
    """With one of P and Q, c and e pay where Q is left out, and b where Q is built: 900 and 600 hundredths remain."""
    form = formed(street(new_sites=1), "Q")
    form = replace(form, free=np.array([False, True, True, False]))
    parts = [[0, 0, 500, 0, 400], [0, 600, 0, 0, 0]]
    assert (form.target, form.step) == (600, 100)
    assert shows(form, tree(2, -1, -2, prices=parts))
    assert not shows(form, tree(2, -2, -1, prices=parts))
    assert not shows(form, tree(-1, prices=parts)) and not shows(form, tree(-2, prices=parts))
    assert shows(form, tree(-1, prices=[[0, 600, 500, 0, 400]]))
    assert not shows(replace(form, target=700), tree(-1, prices=[[0, 600, 500, 0, 400]]))


def test_evidence_of_another_shape_shows_nothing():
    form = formed(street(), "P", "Q")
    assert not shows(form, tree(-1, prices=[[0] * 4])) and not shows(form, tree(-1, prices=[[0] * 6]))
    assert not shows(form, replace(tree(-1), prices=np.zeros(5, dtype=np.int64)))
    assert not shows(form, tree(-1, prices=np.empty((0, 5))))
    spare = tree(-2, prices=[[1] * 5, [0] * 5])
    assert shows(form, spare)


def test_a_tree_has_no_more_nodes_than_any_that_is_written(monkeypatch):
    form = formed(street(), "P", "Q")
    monkeypatch.setattr("quarterhour.siting.proof.evidence._MOST_NODES", 3)
    assert shows(form, tree(1, -1, -1)) and not shows(form, tree(1, 2, -1, -1, -1))


def test_each_goal_has_its_evidence():
    problem = street(objective=("max-cover", "gini"))
    plan = planned(problem, "P", "Q")
    reason = Reason("proof.evidence_form", {})
    assert check_evidence(problem, plan) == [False, False]
    assert check_evidence(problem, replace(plan, evidence=(tree(-1), reason))) == [True, False]
    assert check_evidence(problem, replace(plan, evidence=(reason, reason))) == [False, False]
    for evidence, goal in (((tree(-1),), "-"), ((tree(-1), tree(-1)), "gini"), ((tree(-2), reason), "max-cover")):
        with pytest.raises(PlanError) as why:
            check_evidence(problem, replace(plan, evidence=evidence))
        assert (why.value.key, why.value.values) == ("proof.evidence_differs", {"goal": goal})


def test_evidence_is_written_as_what_vectors_differ_by():
    several = tree(1, -2, -1, prices=[[5, 1, 0, 0, 0], [5, 0, 2, 0, 0], [0, 0, 0, 0, -9]], scale=7)
    for evidence in (several, tree(-1, prices=[[3, 0, 0, 0, 1]])):
        reason = Reason("proof.evidence_large", {})
        (record, none) = evidence_record([evidence, reason])
        assert (record["scale"], record["vectors"]) == (evidence.scale, len(evidence.prices))
        assert none["none"]["en"] == "the evidence of the bound is too large to be written"
        assert none["none"]["zh"] == "界的依据过大，未附"
        one, other = read_evidence([record, none])
        assert (one.scale, one.prices.tolist()) == (evidence.scale, evidence.prices.tolist())
        assert (one.tree.tolist(), other) == (evidence.tree.tolist(), reason)
