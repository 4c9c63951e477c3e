"""Which choices keep the rules of the toy town (``toy_town.py``), and what its quotas come to, by hand."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.feasible import QuestionRules, barred_row, conflict_rows, sum_rows
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem
from quarterhour.siting.question.quotas import area_rules, min_sites_for_quotas, quota_areas, shortfalls
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from toy_town import SITES, choice, states, town

NEW = states(*["candidate"] * 4)
EVERY = ["".join(some) for n in range(5) for some in itertools.combinations("0123", n)]
FREELY = Coverage(everyone=False)


def _rules(problem: SitingProblem) -> QuestionRules:
    return QuestionRules(Measure(problem))


def _kept(rules: QuestionRules) -> list[str]:
    return [opened for opened in EVERY if rules.hold(choice(opened))]


# --- choices that keep the rules ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"sites": SITES, "new_sites": 1}, ["0", "01", "02", "03"]),
        ({"new_sites": 0}, [""]),
        ({"sites": states("candidate", "required", "candidate", "candidate"), "new_sites": 1}, ["1"]),
        ({"budget": Budget(11)}, ["", "0", "1", "2", "3", "12"]),
        ({"conflicts": [["s0", "s1", "s2", "s3"]]}, ["", "0", "1", "2", "3"]),
        ({"coverage": Coverage(everyone=True)}, ["03", "13", "013", "023", "123", "0123"]),
        ({"coverage": Coverage(at_least=70)}, ["03", "3", "13", "23", "013", "023", "123", "0123"]),
        ({"coverage": Coverage(at_least=71)}, ["03", "13", "013", "023", "123", "0123"]),
        ({"quotas": Quota("town", ("A",), 2)}, ["01", "012", "013", "0123"]),
        ({"quotas": Quota("county", ("K", "L"), 1, 1)}, ["03", "13", "23"]),
    ],
)
def test_the_choices_that_keep_a_rule(asked: dict[str, Any], kept: list[str]) -> None:
    given = {"sites": NEW, "coverage": FREELY, **asked}
    assert sorted(_kept(_rules(town(**given)))) == sorted(kept)


def test_whoever_a_goal_counts_must_be_covered_where_everyone_must() -> None:
    """Only hardship lives in c5, which s2 alone reaches."""
    asked = {"sites": NEW, "objective": Goal("max-cover", "hardship"), "coverage": Coverage(everyone=True)}
    assert sorted(_kept(_rules(town(**asked)))) == ["0123", "023", "123"]


def test_goals_that_are_settled_are_kept_to_the_last_unit() -> None:
    rules = _rules(town(sites=NEW, coverage=FREELY))
    assert "12" in _kept(rules.attaining(Goal("min-sites"), 2))
    assert max(map(len, _kept(rules.attaining(Goal("min-sites"), 2)))) == 2
    assert _kept(rules.attaining(Goal("min-cost"), 6)) == ["", "1", "2"]
    assert _kept(rules.attaining(Goal("max-cover"), 700_000).attaining(Goal("min-sites"), 1)) == ["3"]
    assert _kept(rules.attaining(Goal("max-cover"), 700_001).attaining(Goal("min-sites"), 1)) == []
    worst = rules.attaining(Goal("min-worst"), 6 * 6_000)
    assert _kept(worst) == ["013", "0123"]
    assert _kept(worst.attaining(Goal("min-cost"), 9 + 5 + 7)) == ["013"]
    assert _kept(worst.attaining(Goal("min-cost"), 20)) == []


@pytest.mark.parametrize(
    ("opened", "served", "kept"),
    [
        ("0", {0: 10, 2: 20}, True),
        ("01", {0: 10, 2: 20}, True),
        ("1", {0: 10}, False),  # by a site that is closed
        ("12", {4: 30}, True),
        ("12", {4: 15, 5: 15}, False),  # nobody is shared out
        ("12", {5: 30}, False),  # s2 has room for 20
        ("13", {1: 10, 3: 20, 6: 30}, True),
        ("13", {1: 10, 3: 20, 4: 30}, False),  # 60 at s1, which has room for 30
        ("3", {7: 41}, False),  # more than live there
        ("0", None, False),
    ],
)
def test_who_goes_whole_to_a_site_that_has_room(opened: str, served: dict[int, int] | None, kept: bool) -> None:
    rules = _rules(town(sites=NEW, coverage=FREELY, capacity=Capacity()))
    assert rules.hold(choice(opened, served)) is kept


@pytest.mark.parametrize(
    ("served", "kept"),
    [({4: 15, 5: 15}, True), ({4: 10, 5: 20}, True), ({4: 9, 5: 21}, False), ({4: 16, 5: 15}, False)],
)
def test_who_is_shared_out_fits_by_parts(served: dict[int, int], kept: bool) -> None:
    rules = _rules(town(sites=NEW, coverage=FREELY, capacity=Capacity(split=True)))
    assert rules.hold(choice("12", served)) is kept


def test_a_load_of_its_own_is_what_fills_a_site() -> None:
    beds = Capacity("beds", load=[1, 2, 21, 60, 0, 0])
    rules = _rules(town(sites=NEW, coverage=FREELY, capacity=beds))
    assert not rules.hold(choice("2", {5: 30}))
    assert rules.hold(choice("13", {4: 30, 7: 40}))


def test_a_question_without_room_serves_nobody_in_particular() -> None:
    assert _rules(town(sites=NEW, coverage=FREELY)).hold(choice("0"))


# --- conflicts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "cliques"),
    [
        ([["s0", "s1"], ["s1", "s2"], ["s0", "s2"]], [[0, 1, 2]]),
        ([["s0", "s1"], ["s1", "s2"]], [[0, 1], [1, 2]]),
        ([["s0", "s1", "s2"], ["s2", "s3"]], [[0, 1, 2], [2, 3]]),
        ([["s0", "s1", "s2", "s3"]], [[0, 1, 2, 3]]),
        ([["s0", "s1", "s2"], ["s1", "s2", "s3"]], [[0, 1, 2], [1, 2, 3]]),
        ([], []),
    ],
)
def test_conflicts_are_few_and_large_groups(groups: list[list[str]], cliques: list[list[int]]) -> None:
    rules = _rules(town(sites=NEW, conflicts=groups))
    assert [clique.tolist() for clique in rules.cliques] == cliques


def test_a_conflict_with_what_stands_bars_and_one_of_two_that_stand_is_a_row() -> None:
    problem = town(
        sites=states("existing", "required", "candidate", "candidate"), conflicts=[["s0", "s1"], ["s1", "s2"]]
    )
    assert _rules(problem).cliques == []
    rows = list(conflict_rows(problem, []))
    assert [(sites.tolist(), weight.tolist(), low, high) for sites, weight, low, high in rows] == [
        ([0, 1], [1, 1], 0, 1)
    ]
    sites, weight, low, high = barred_row(problem)
    assert (sites.tolist(), weight.tolist(), low, high) == ([2], [1], 0, 0)
    assert _kept(_rules(problem)) == []


def test_sums_are_of_free_sites_beside_the_required_ones() -> None:
    problem = town(
        sites=states("existing", "required", "candidate", "candidate"), new_sites=2, budget=Budget(20, 1),
        coverage=FREELY,
    )  # fmt: skip
    attained = ((Goal("min-sites"), 3), (Goal("max-cover"), 9), (Goal("min-cost"), 17))
    rows = [(s.tolist(), w.tolist(), low, high) for s, w, low, high in sum_rows(problem, attained)]
    count, money = ([2, 3], [1, 1], 0), ([2, 3], [6, 9], 0)
    assert rows == [(*count, 2 - 1), (*money, 20 - 6), (*count, 3 - 1), (*money, 17 - 6)]
    assert list(sum_rows(town(new_sites=None, objective="min-sites"))) == []


# --- quotas ------------------------------------------------------------------------------------------


def test_what_each_area_may_and_must_have() -> None:
    quotas = [Quota("town", ("A", "B", "X"), 2, 3), Quota("county", ("K",), 1), Quota("county", ("K", "L"), 0, 1)]
    rules = quota_areas(town(quotas=quotas))
    assert [(r.area, r.sites.tolist(), r.low, r.high, r.standing) for r in rules] == [
        ("A", [1], 1, 1, 1), ("B", [2], 1, 1, 0), ("X", [], 0, 0, 0), ("K", [1, 2], 0, 2, 1), ("K", [1, 2], 0, 0, 1),
        ("L", [3], 0, 1, 0),
    ]  # fmt: skip
    binding = area_rules(town(quotas=quotas))
    assert [(rule.area, rule.low, rule.high) for rule in binding] == [("A", 1, 1), ("B", 1, 1), ("K", 0, 0)]
    sites, weight, low, high = binding[0].row
    assert (sites.tolist(), weight.tolist(), low, high) == ([1], [1], 1, 1)
    over = quota_areas(town(quotas=Quota("town", ("A",), 0, 0)))[0]
    assert (over.low, over.high) == (0, -1)


def test_an_area_is_called_by_its_tier_too() -> None:
    quotas = [Quota("town", ("A",)), Quota("town", ("A",), tier="village")]
    problem = town(sites=SITES.assign(tiers=["", "village", "", ""]), quotas=quotas)
    assert [rule.name for rule in quota_areas(problem)] == ["A", "A (village)"]
    assert [rule.standing for rule in quota_areas(problem)] == [1, 0]


def test_where_too_few_sites_are_or_may_be_it_is_told() -> None:
    quotas = [Quota("town", ("A", "B", "X"), 2), Quota("county", ("K",), 3), Quota("county", ("K",), 4)]
    assert shortfalls(town(quotas=quotas)).to_numpy().tolist() == [
        ["town", "B", 2, 0, 1, "too_few_candidates"],
        ["town", "X", 2, 0, 0, "no_candidate"],
        ["county", "K", 4, 1, 2, "too_few_candidates"],
    ]
    none = shortfalls(town())
    assert (len(none), list(none.columns)) == (0, ["level", "area", "minimum", "open", "candidates", "reason"])
    assert none.dtypes.astype("str").tolist() == ["str", "str", "int64", "int64", "int64", "str"]


NOWHERE = SITES.assign(state="candidate", county=["K", "L", "K", "L"])
PAIR = (("A", "B"),)


@pytest.mark.parametrize(
    ("sites", "quotas", "fewest"),
    [
        (NEW, [], 0),
        (NEW, [Quota("town", ("A", "B"))], 2),
        (NEW, [Quota("town", ("A", "B"), 2)], 3),  # in B there is one
        (NEW, [Quota("town", ("A",), 1), Quota("town", ("A",), 2)], 2),
        (NEW, [Quota("town", ("A",), 2), Quota("town", ("A",), 1)], 2),
        (NEW, [Quota("county", ("K",), 3), Quota("town", ("A",), 2)], 3),
        (NEW, [Quota("county", ("K",), 1), Quota("town", ("A", "B"), 1)], 2),
        (NEW, [Quota("county", ("L",), 1), Quota("town", ("A", "B"), 1)], 3),
        (NEW, [Quota("county", ("K", "L"), 1)], 2),
        (NEW, [Quota("town", ("A", "X"), 1)], 1),
        (NEW, [Quota("town", ("A", "B"), groups=PAIR)], 1),
        (NEW, [Quota("town", ("A", "B"), 3, groups=PAIR), Quota("town", ("A",))], 3),
        (SITES, [Quota("town", ("A", "B"))], 1),
        (NOWHERE, [Quota("town", ("A",), 1), Quota("county", ("K", "L"), 1)], 2),  # A lies in both counties
        (NOWHERE, [Quota("town", ("A",), 2), Quota("county", ("K",), 1)], 2),
    ],
)
def test_the_fewest_sites_that_keep_all_quotas(sites: Any, quotas: list[Quota], fewest: int) -> None:
    problem = town(sites=sites, quotas=quotas, coverage=FREELY)
    assert min_sites_for_quotas(problem) == fewest
    free = [set(np.flatnonzero(problem.free).tolist()) & {*map(int, opened)} for opened in EVERY]
    needs = [(set(rule.sites.tolist()), rule.low) for rule in quota_areas(problem)]
    assert min(len(built) for built in free if all(len(built & inside) >= low for inside, low in needs)) == fewest


def test_rules_are_a_value_and_attaining_makes_another() -> None:
    rules = _rules(town())
    assert rules.attaining(Goal("max-cover"), 5).attained == ((Goal("max-cover"), 5),)
    assert (rules.attained, rules.limits is rules.limits) == ((), True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        rules.attained = ()  # type: ignore[misc]
