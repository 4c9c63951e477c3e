"""Plans, near-best plans, ties, reserves and changes of drawn questions, held against every set of their sites.

Quotas, states, money, conflicts, the farthest, least loads, backup, steps, room whole and shared out come together.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import quarterhour as qh
from oracles.every_set import EverySet, ask, draw, shuffled
from quarterhour.siting.outlook.change import COUNTS
from quarterhour.siting.outlook.near_best import near_best
from quarterhour.siting.outlook.reserves import reserve_sites
from quarterhour.siting.outlook.ties import find_ties
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.evaluate import in_plan_units
from repeatable import some_of

WORK: dict[str, Any] = {"nodes": 3_000, "rounds": 60_000}
KINDS = ("free", "whole", "shared")


@pytest.fixture(autouse=True)
def kernels_as_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock runs here, so that nothing need be compiled before it."""
    for room in ("solve", "outlook.near_best", "outlook.ties"):
        monkeypatch.setattr(f"quarterhour.siting.{room}.prepare_kernels", lambda _: None)


def asked_and_answered(seed: int, kind: str):
    """A question, all its sets, and its plan, which is proven to be the best of them; None where no set holds."""
    asked = draw(seed, kind=kind)
    problem, tried = ask(asked), EverySet(asked)
    plan, best = qh.solve_siting(problem, **WORK), tried.best()
    if best is None:
        assert plan.status == "infeasible"
        assert all(why.sentence("zh") and why.sentence("en") for why in plan.reasons) and plan.reasons
        return None
    assert plan.status == "optimal"
    assert [v.value for v in plan.levels] == [v.bound for v in plan.levels] == units(tried, best)
    assert tried.values[frozenset(plan.chosen)] == best
    qh.verify_plan(problem, plan)
    verify_record(json.loads(json.dumps(plan_record(plan, problem))))
    return asked, problem, tried, plan


def units(tried: EverySet, values: list[Any]) -> list[float]:
    return [in_plan_units(goal, v) for goal, v in zip(tried.goals, values, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", some_of(200, 4))
def test_a_search_cut_short_tells_no_bound_beyond_the_best(seed, kind):
    asked = draw(seed, kind=kind)
    best, plan = EverySet(asked).best(), qh.solve_siting(ask(asked), rounds=1 + seed % 6)
    if plan.status == "infeasible" or best is None:
        assert best is None and plan.status in ("infeasible", "no_plan")
    elif plan.levels:
        first, goal = plan.levels[0], asked["objective"][0]
        assert not is_better(goal, in_plan_units(goal, best[0]), first.bound)
        assert first.gap or first.value == in_plan_units(goal, best[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", some_of(400, 4))
def test_the_list_of_near_best_plans_is_that_of_all_sets(seed, kind):
    known = asked_and_answered(1_000 + seed, kind)
    if known is None:
        return
    _, problem, tried, plan = known
    within, least, most = (0, 0.05, 0.3, 1, 2.5)[seed % 5], (1, 1, 2, 9)[seed % 4], (30, 5, 1)[seed % 3]
    near = near_best(problem, plan, within=within, least_difference=least, most=most, nodes=20_000)
    goal, best, share = tried.goals[0], tried.best(), Fraction(str(float(within)))
    limit = best[0] * (1 - share if goal.most else 1 + share)
    listed = [frozenset(plan.chosen)]
    for one in near.plans:
        first, mine = tried.differing(listed, least)[0], frozenset(one.plan.chosen)
        assert tried.values[mine] == first and not is_better(goal, limit, first[0])
        assert [v.value for v in one.levels] == [v.bound for v in one.levels] == units(tried, first)
        assert one.plan.status == ("optimal" if first == best else "bounded")
        qh.verify_plan(problem, one.plan)
        listed.append(mine)
    left = tried.differing(listed, least)
    if near.ended == "most":
        assert len(near.plans) == most
        assert not left or not is_better(goal, in_plan_units(goal, left[0][0]), near.bound)
    else:
        assert near.ended == ("beyond" if left else "none")
        assert not left or is_better(goal, limit, left[0][0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", some_of(400, 4))
def test_ties_are_those_of_all_sets_in_whatever_order_rows_came(seed, kind):
    known = asked_and_answered(2_000 + seed, kind)
    if known is None:
        return
    asked, problem, tried, plan = known
    ties, best = find_ties(problem, plan, nodes=20_000), tried.best()
    equal = [built for built, values in tried.values.items() if values == best]
    assert ties is not None and not ties.unsettled
    assert ties.shared == tuple(s for s in plan.chosen if all(s in built for built in equal))
    assert all(frozenset(other) in equal for other in ties.plans)
    assert bool(ties.plans) == (set(ties.shared) != {*plan.chosen})
    other = ask(shuffled(asked, seed))
    again = qh.solve_siting(other, **WORK)
    assert again.chosen == plan.chosen and find_ties(other, again, nodes=20_000) == ties


@pytest.mark.parametrize("seed", some_of(400, 4))
def test_no_reserve_is_better_than_those_named(seed):
    known = asked_and_answered(3_000 + seed, "free")
    if known is None or not known[3].chosen:
        return
    _, problem, tried, plan = known
    table = reserve_sites(problem, plan, most=10)
    for site in plan.chosen:
        if tried.state[tried.ids.index(site)] == "required":
            continue
        rows, rest = table[table["site"] == site], frozenset(plan.chosen) - {site}
        kept = {o: tried.values[rest | {o}] for o in tried.ids if o not in plan.chosen and rest | {o} in tried.values}
        best = sorted(kept, key=lambda o: (tried.rank(kept[o]), o))
        full = rows[rows["short"].eq(0)]
        assert full["substitute"].tolist() == best
        assert full["value"].tolist() == [units(tried, kept[o])[0] for o in best]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", some_of(400, 4))
def test_a_change_comes_to_what_is_covered_after_less_what_was_before(seed, kind):
    known = asked_and_answered(4_000 + seed, kind)
    if known is None:
        return
    asked, problem, tried, plan = known
    rng = np.random.default_rng(seed)
    sites = asked["sites"].drop(columns="least_load", errors="ignore")
    fewer = sites.iloc[: max(1, len(sites) - 1)]
    rules = {"conflicts": [], "quotas": [], "coverage": qh.siting.Coverage(), "new_sites": 1}
    other = ask(shuffled({**asked, **rules, "sites": fewer, "minutes": asked["minutes"][fewer.index]}, seed))
    before = (other, qh.solve_siting(other, **WORK))
    if before[1].chosen == () and not before[1].levels:
        return
    for was, now in (((problem, plan), (problem, plan)), (before, (problem, plan)), ((problem, plan), before)):
        change = qh.compare_plans(was, now)
        for _, row in change.groups.iterrows():
            assert row["after"] - row["before"] == row["gained"] - row["lost"]
            assert row["before"] + row["gained"] + row["unserved"] == row["people"]
        for level in ("town", "county"):
            rows = change.areas[change.areas["level"].eq(level)]
            assert all(rows[count].sum() == change.people(count) for count in COUNTS)
        if kind != "whole":
            assert (change.people("before"), change.people("after")) == (was[1].covered, now[1].covered)
        assert was is not now or not len(change.moves)
    if kind == "free":
        _by_hand(tried, problem, plan, [s for s in tried.ids if rng.random() < 0.5])


def _by_hand(tried, problem, plan, names):
    """A closure and a move, each community by itself."""
    change = qh.compare_plans((problem, plan), (problem, names))
    standing = {s for s, state in zip(tried.ids, tried.state, strict=True) if state == "existing"}
    counted = dict.fromkeys(("gained", "lost", "stayed", "moved", "unserved", "nearer", "farther"), 0)
    was, now = (sorted(tried.ids.index(s) for s in those) for those in ({*plan.chosen} | standing, names))
    for i, people in enumerate(tried.people[""]):
        a, b = (tried.nearest(opened, i) if tried.share(opened, i) else None for opened in (was, now))
        way = "unserved" if a is None and b is None else "gained" if a is None else "lost" if b is None else ""
        counted[way or ("stayed" if a == b else "moved")] += people
        if not way and tried.cs[i][a] != tried.cs[i][b]:
            counted["nearer" if tried.cs[i][b] < tried.cs[i][a] else "farther"] += people
    assert {name: change.people(name) for name in counted} == counted
    assert {*change.opened} == {*names} - {*plan.chosen} - standing
    assert {*change.closed} == ({*plan.chosen} | standing) - {*names}
