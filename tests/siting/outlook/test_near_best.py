"""The best plans beside a plan: every choice of small towns is tried, published graphs beyond that."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.siting.explain import explain_plan
from quarterhour.siting.outlook.near_best import near_best
from quarterhour.siting.outlook.ties import find_ties
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.evaluate import Choice, Measure, in_plan_units
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, SitingProblem, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from quarterhour.siting.solve import solve_siting
from repeatable import some_of
from siting.methods.test_p_median import read_pmed

SITES, HOMES = 7, 12
QUOTA = Quota("town", ("T0", "T1"), 1, 2)
ASKED: dict[str, dict[str, Any]] = {
    "most people": {"objective": "max-cover", "new_sites": 3},
    "most people, minima": {"objective": "max-cover", "new_sites": 3, "quotas": QUOTA},
    "fewest sites": {"objective": "min-sites"},
    "fewest sites, minima": {"objective": "min-sites", "quotas": QUOTA},
    "least time": {"objective": "min-time", "new_sites": 3, "coverage": Coverage(everyone=False)},
    "least time, minima": {"objective": "min-time", "new_sites": 4, "quotas": QUOTA},
    "farthest": {"objective": "min-worst", "new_sites": 4},
    "least money": {"objective": "min-cost"},
    "worst town": {"objective": "equity", "new_sites": 3},
    "alike": {"objective": "gini", "new_sites": 3},
    "people, then time": {"objective": ("max-cover", "min-time"), "new_sites": 3},
    "sites, then farthest, then time": {"objective": ("min-sites", "min-worst", "min-time")},
    "people, then alike": {"objective": ("max-cover", "gini"), "new_sites": 3, "quotas": QUOTA},
    "a budget": {"objective": "max-cover", "budget": Budget(9), "new_sites": 4},
    "conflicts": {"objective": "min-time", "new_sites": 3, "conflicts": [[0, 1], [2, 3, 4]],
                  "coverage": Coverage(everyone=False)},
    "backup": {"objective": "max-cover", "new_sites": 3, "coverage": Coverage(backup=40)},
    "steps": {"objective": "max-cover", "new_sites": 3, "within": Standard(15, ((7, 100), (15, 50)))},
    "so many at least": {"objective": "min-sites", "coverage": Coverage(at_least=20)},
    "one stands, one must be built": {"objective": "max-cover", "new_sites": 3, "existing": [1], "required": [2]},
}  # fmt: skip


def town(name: str, seed: int) -> SitingProblem:
    rng = np.random.default_rng(seed)
    minutes = rng.integers(1, 30, (HOMES, SITES)).astype(float)
    sites = pd.DataFrame({"town": [f"T{k % 3}" for k in range(SITES)], "cost_yuan": rng.integers(1, 6, SITES)})
    areas = pd.DataFrame({"town": [f"T{k % 3}" for k in range(HOMES)]}, index=[str(k) for k in range(HOMES)])
    asked = {"within": 15, "sites": sites, "areas": areas, **ASKED[name]}
    return siting_from_matrix(minutes, rng.integers(0, 6, HOMES), **asked)


class Tried:
    """Every choice of a question that keeps its rules, with its values."""

    def __init__(self, problem: SitingProblem) -> None:
        self.problem, self.measure = problem, Measure(problem)
        rules, free = QuestionRules(self.measure), np.flatnonzero(problem.free)
        self.values: dict[frozenset[str], list[Any]] = {}
        for some in itertools.product([False, True], repeat=len(free)):
            opened = ~problem.free
            opened[free[list(some)]] = True
            if rules.hold(Choice(opened)):
                built = frozenset(problem.sites.index[opened & ~problem.existing])
                self.values[built] = [self.measure.value(Choice(opened), goal) for goal in problem.goals]

    def rank(self, values: list[Any]) -> list[Any]:
        return [-v if goal.most else v for goal, v in zip(self.problem.goals, values, strict=True)]

    def differing(self, known: list[frozenset[str]], least: int) -> list[list[Any]]:
        """Values of the choices that leave out so many of each known one, the best first."""
        must = frozenset(self.problem.sites.index[self.problem.required])
        left = [v for built, v in self.values.items() if all(len(k - must - built) >= least for k in known)]
        return sorted(left, key=self.rank)

    def units(self, values: list[Any]) -> list[float]:
        return [in_plan_units(goal, v) for goal, v in zip(self.problem.goals, values, strict=True)]


def check_list(problem: SitingProblem, *, within: float, least: int, most: int = 50) -> None:
    plan, tried = solve_siting(problem), Tried(problem)
    goal, best = problem.goals[0], min(tried.values.values(), key=tried.rank)
    near = near_best(problem, plan, within=within, least_difference=least, most=most, nodes=100_000)
    share = Fraction(str(within))
    limit = best[0] * (1 - share if goal.most else 1 + share)
    known = [frozenset(plan.chosen)]
    for one in near.plans:
        left = tried.differing(known, least)
        mine = frozenset(one.plan.chosen)
        assert tried.values[mine] == left[0]
        assert [level.value for level in one.levels] == [level.bound for level in one.levels] == tried.units(left[0])
        assert one.proven and not is_better(goal, limit, left[0][0])
        assert (set(one.left_out), set(one.built_instead)) == (known[0] - mine, mine - known[0])
        verify_plan(problem, one.plan)
        known.append(mine)
    left = tried.differing(known, least)
    end = in_plan_units(goal, left[0][0]) if left else None
    assert near.ended == ("most" if len(near.plans) == most else "beyond" if left else "none")
    if left and near.ended == "beyond":
        assert is_better(goal, limit, left[0][0])
    elif left:
        assert end <= near.bound if goal.most else end >= near.bound
    check_ties(tried, plan.chosen, near.ties)


def check_ties(tried: Tried, chosen: tuple[str, ...], ties: Any) -> None:
    best = tried.values[frozenset(chosen)]
    equal = [built for built, values in tried.values.items() if values == best]
    assert ties.shared == tuple(s for s in chosen if all(s in built for built in equal))
    assert not ties.unsettled
    assert all(frozenset(other) in equal for other in ties.plans)
    assert bool(ties.plans) == (set(ties.shared) != {*chosen})


@pytest.mark.parametrize("seed", some_of(6, 1))
@pytest.mark.parametrize("name", ASKED)
def test_the_list_is_that_of_all_choices(name, seed):
    check_list(town(name, seed), within=0.15, least=1)


@pytest.mark.parametrize("seed", some_of(6, 1))
@pytest.mark.parametrize("name", ["most people", "least time", "sites, then farthest, then time"])
def test_plans_differ_by_two(name, seed):
    check_list(town(name, 10 + seed), within=0.4, least=2)


ROOMS = {
    "shared out": {"objective": ("max-cover", "min-time"), "capacity": Capacity(split=True), "new_sites": 2},
    "served whole": {"objective": "max-cover", "capacity": Capacity(), "new_sites": 2},
}


@pytest.mark.parametrize("name", ROOMS)
def test_sites_with_room_are_listed_by_what_they_hold(name):
    """Each choice of sites is asked as a question of its own, in which it must be built."""
    rng = np.random.default_rng(3)
    minutes, people = rng.integers(1, 30, (8, 5)).astype(float), rng.integers(1, 6, 8)
    sites = pd.DataFrame({"capacity": rng.integers(4, 12, 5)})

    def ask(**more: Any) -> SitingProblem:
        return siting_from_matrix(minutes, people, within=15, **(ROOMS[name] | more))

    values = {}
    for some in itertools.chain(*(itertools.combinations(range(5), n) for n in range(3))):
        plan = solve_siting(ask(sites=sites, required=list(some), new_sites=len(some)), nodes=1000)
        values[frozenset(plan.chosen)] = [level.value for level in plan.levels]
    problem = ask(sites=sites)
    plan = solve_siting(problem, nodes=1000)
    near = near_best(problem, plan, within=0.3, nodes=10_000)
    known = [frozenset(plan.chosen)]
    assert near.plans
    for one in near.plans:
        left = [v for built, v in values.items() if all(k - built for k in known)]
        assert [level.value for level in one.levels] == min(left, key=lambda v: [-v[0], *v[1:]])
        assert one.proven
        verify_plan(problem, one.plan)
        known.append(frozenset(one.plan.chosen))


def street() -> SitingProblem:
    """A house every 10 minutes, people 5 5 5 5 5 5; whoever stands at a house covers it and those beside it."""
    minutes = 10.0 * np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    towns = pd.DataFrame({"town": ["A", "A", "A", "B", "B", "B"]}, index=[str(k) for k in range(6)])
    return siting_from_matrix(minutes, [5] * 6, within=10, new_sites=1, areas=towns)


def test_who_gains_and_who_loses_is_told_by_town():
    problem = street()
    plan = solve_siting(problem)
    assert plan.chosen == ("1",)
    near = near_best(problem, plan, nodes=1000)
    assert [(one.left_out, one.built_instead) for one in near.plans] == [(("1",), (k,)) for k in ("2", "3", "4")]
    last = near.plans[-1]
    assert last.by_town.loc["A"].to_dict() == {"newly_covered": 0, "no_longer_covered": 15, "nearer": 0, "farther": 0}
    assert last.people == {"newly_covered": 15, "no_longer_covered": 15, "nearer": 0, "farther": 0}
    # Whoever is covered by both of "1" and "2": houses 1 and 2, 0 and 10 minutes away, then 10 and 0.
    assert near.plans[0].people == {"newly_covered": 5, "no_longer_covered": 5, "nearer": 5, "farther": 5}
    assert (near.ended, near.bound) == ("beyond", 15)


def test_plans_as_good_are_told_in_words():
    problem = street()
    near = near_best(problem, solve_siting(problem), nodes=1000)
    assert near.ties is not None and near.ties.shared == ()
    assert near.sentences("en")[1] == "Other plans are as good; no site was proven to be part of all of them."
    plan = replace(near.plan, ties=find_ties(problem, near.plan, nodes=1000))
    assert explain_plan(problem, plan)[1] == near.sentences("en")[1]
    two = replace(problem, new_sites=2)
    told = near_best(two, solve_siting(two), within=0, nodes=1000)
    assert told.ties is not None and set(told.ties.shared) == {"1", "4"}
    assert told.sentences("en") == [
        "Proven: beside the 0 listed, no plan that leaves out 1 or more sites of the plan and of each listed one is "
        "within 0.0% of its value (30 or better).",
        "Proven: no plan without one of its sites is as good; each of them is part of every best plan.",
    ]
    assert all(word in told.sentences("zh")[1] for word in ("已证明", "最优方案"))


def test_of_a_plan_that_builds_nothing_no_sites_are_told():
    problem = replace(street(), new_sites=0)
    near = near_best(problem, solve_siting(problem), nodes=1000)
    assert near.ties is not None and not near.ties.sentences("en") and (near.plans, near.ended) == ((), "none")


def test_any_share_and_towns_that_are_not_known():
    problem = siting_from_matrix(10.0 * np.abs(np.subtract.outer(np.arange(6), np.arange(6))), [5] * 6, within=10,
                                 new_sites=1)  # fmt: skip
    near = near_best(problem, solve_siting(problem), within=10**400, most=1, nodes=1000)
    assert near.plans[0].people == {"newly_covered": 5, "no_longer_covered": 5, "nearer": 5, "farther": 5}
    assert near.plans[0].by_town.index.tolist() == [""]


def test_more_sites_than_a_plan_has_cannot_differ():
    problem = street()
    near = near_best(problem, solve_siting(problem), least_difference=2, nodes=1000)
    assert (near.plans, near.ended, np.isnan(near.bound)) == ((), "none", True)


def test_as_many_as_are_asked_for_and_a_bound_on_the_others():
    problem = street()
    near = near_best(problem, solve_siting(problem), most=2, nodes=1000)
    assert (len(near.plans), near.ended, near.bound) == (2, "most", 15)


def test_where_work_ends_the_search_nothing_is_called_proven():
    problem = town("least time", 1)
    plan = solve_siting(problem)
    near = near_best(problem, plan, rounds=1)
    assert near.ended in ("open", "most") and near.bound >= plan.value
    assert near.ties is not None and not near.ties.shared
    replaced = {s for other in near.ties.plans for s in plan.chosen if s not in other}
    assert set(near.ties.unsettled) == {*plan.chosen} - replaced
    assert "已证明" not in near.sentences("zh")[0] and "Proven" not in near.sentences("en")[0]


def test_plans_better_than_one_that_was_not_proven_are_told():
    problem = street()
    best = solve_siting(problem)
    worst = solve_siting(replace(problem, sites=problem.sites.assign(state=["required", *["candidate"] * 5])))
    level = replace(worst.levels[0], bound=15.0, gap=0.5)
    plan = replace(worst, bound=15.0, gap=0.5, status="bounded", levels=(level,), input_hash=best.input_hash)
    near = near_best(problem, plan, most=2, nodes=1000)
    assert [one.plan.value for one in near.plans] == [15, 15] and near.better == 2 and near.ties is None
    assert near.sentences("en")[0].endswith("2 of those listed are better than the plan, which was not proven best: "
                                            "take the best of them instead.")  # fmt: skip
    for one in near.plans:
        verify_plan(problem, one.plan)


def test_a_plan_that_is_not_proven_has_no_ties():
    problem = town("most people", 1)
    plan = replace(solve_siting(problem), status="bounded")
    assert find_ties(problem, plan, nodes=1000) is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [({"within": -0.1}, "'within' must be"), ({"within": float("nan")}, "'within' must be"),
     ({"most": 0}, "'most' must be"), ({"most": "1"}, "'1' came"),
     ({"least_difference": 1.5}, "'least_difference' must be")],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(asked, told):
    problem = street()
    with pytest.raises(DataError, match=told):
        near_best(problem, solve_siting(problem), **asked)


def test_a_plan_of_another_question_is_refused():
    plan = solve_siting(street())
    with pytest.raises(DataError, match="answers another question"):
        near_best(replace(street(), new_sites=2), plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pmed1", "pmed6", "pmed11"])
def test_ten_plans_of_a_published_graph_are_proven(shared_data, name):
    path = shared_data / "pmed" / f"{name}.txt"
    if not path.is_file():
        pytest.skip(f"{path} is absent: the graphs of OR-Library lie beside the checkout")
    minutes, p = read_pmed(path)
    problem = siting_from_matrix(minutes.astype(float), [1] * len(minutes), objective="min-time", new_sites=p)
    near = near_best(problem, solve_siting(problem, seconds=600), seconds=600)
    values = [one.plan.value for one in near.plans]
    assert len(values) == 10 and values == sorted(values)
    assert all(one.proven and one.left_out for one in near.plans)
    assert len({frozenset(one.plan.chosen) for one in near.plans}) == 10
