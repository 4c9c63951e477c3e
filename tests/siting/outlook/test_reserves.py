"""Reserve sites on toy towns: every exchange tried and counted by other code, and what a record says of them."""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError, PlanError
from quarterhour.siting.audit import behind_on_its_word
from quarterhour.siting.outlook.reserves import RESERVE_COLUMNS, reserve_sites
from quarterhour.siting.proof.behind_record import behind_record, check_behind
from quarterhour.siting.proof.most_placed import most_placed
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.proof.recount import check_rules_of_sites
from quarterhour.siting.proof.second_count import Tally
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Capacity, Quota
from quarterhour.siting.solve import solve_siting
from repeatable import examples

GOALS = (
    "max-cover", "min-time", "min-worst", "min-sites", "min-cost", Goal("equity"), Goal("gini"),
    Goal("max-cover", "poor"), ["max-cover", "min-time"], ["min-sites", "min-worst"], ["equity", "min-time"],
)  # fmt: skip
COVERAGES = (
    Coverage(), Coverage(everyone=False), Coverage(backup=0, everyone=False), Coverage(backup=60), Coverage(at_least=9),
)  # fmt: skip


def town(rng, **asked):
    """Seven villages and six sites, one or two of them in a state of their own."""
    minutes = rng.choice([1.0, 4.0, 9.0, 15.0, 15.5, 22.0, np.nan], (7, 6))
    people = pd.DataFrame({"people": rng.integers(0, 9, 7), "poor": rng.integers(0, 4, 7)})
    states = rng.choice(["candidate"] * 6 + ["existing", "required", "upgradeable"], 6)
    sites = pd.DataFrame({
        "state": states, "town": rng.choice(["N", "S"], 6), "county": "K", "cost_yuan": rng.integers(1, 6, 6),
        "capacity": rng.integers(1, 15, 6),
    })  # fmt: skip
    question = {"people": "people", "within": 15, "new_sites": 3, "sites": sites, "areas": rng.choice(["N", "S"], 7)}
    return siting_from_matrix(minutes, people, **{**question, **asked})


def asked_in_many_ways(seed):
    """A question of any goal, coverage and rule."""
    rng = np.random.default_rng(seed)
    goal, coverage = GOALS[seed % len(GOALS)], COVERAGES[seed // len(GOALS) % len(COVERAGES)]
    asked = {"objective": goal, "coverage": coverage}
    if seed % 3 == 0:
        asked["quotas"] = Quota("town", minimum=1, maximum=2)
    if seed % 4 == 0:
        asked["conflicts"] = [rng.choice(6, 2, replace=False).tolist()]
    if seed % 5 == 0:
        asked["budget"] = 9
    if seed % 2 == 0:
        asked["within"] = Standard(15, ((4, 100), (15, 60)))
    return town(rng, **asked)


def counted(problem, plan, chosen):
    """Short and the goals of a choice, less being better, counted by the recount's own code."""
    tally = Tally(problem, replace(plan, chosen=tuple(chosen)))
    covered, columns = tally.covered(), {"", *(g.people for g in problem.goals)}
    most = np.array([tally.counted(c) for c in columns]).max(axis=0)
    short = most[tally.reachable & ~covered].sum() if problem.everyone else 0
    short = max(short, math.ceil(problem.coverage.at_least - tally.points("").sum() / 10_000))
    goals = [(-1 if g.most else 1) * tally.exact(g) for g in problem.goals]
    return (short, *goals), int(tally.people[covered].sum())


def every_exchange(problem, plan):
    """By site that need not be built all lawful exchanges, the best first, as (key, position, id)."""
    ids, found = list(problem.sites.index), {}
    for site in plan.chosen:
        if problem.sites.at[site, "state"] == "required":
            continue
        found[site] = []
        for place, other in enumerate(ids):
            chosen = [other if s == site else s for s in plan.chosen]
            try:
                check_rules_of_sites(problem, chosen)
            except PlanError:
                continue
            if other not in plan.chosen:
                found[site].append((counted(problem, plan, chosen)[0], place, other))
        found[site].sort()
    return found


@examples(50, 3000)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_no_exchange_is_better_than_those_named(seed, most):
    problem = asked_in_many_ways(seed)
    plan = solve_siting(problem, rounds=200)
    if not plan.levels:
        with pytest.raises(DataError, match="no plan to phase"):
            reserve_sites(problem, plan, most=most)
        return
    table, by_hand = reserve_sites(problem, plan, most=most), every_exchange(problem, plan)
    assert list(table.columns) == list(RESERVE_COLUMNS)
    assert list(dict.fromkeys(table["site"])) == list(by_hand)
    now = counted(problem, plan, plan.chosen)[0]
    for site, rows in table.groupby("site", sort=False):
        best = by_hand[site][:most]
        if not best:
            assert rows["place"].tolist() == [0] and rows.iloc[0, 2:].isna().all()
            continue
        assert rows["substitute"].tolist() == [other for _, _, other in best]
        assert rows["place"].tolist() == list(range(1, len(best) + 1))
        assert rows["short"].tolist() == [key[0] for key, *_ in best]
        assert rows["loss"].tolist() == [float(key[1] - now[1]) for key, *_ in best]
    check_behind(problem, plan, behind_record(reserves=table))


@examples(25, 1500)
@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 2))
def test_within_room_no_exchange_places_more(seed, split, most):
    rng = np.random.default_rng(seed)
    coverage = Coverage(everyone=False) if seed % 2 else Coverage(at_least=8)
    problem = town(rng, capacity=Capacity(split=split), objective="max-cover", coverage=coverage)
    plan = solve_siting(problem, rounds=200)
    if not plan.levels:
        return
    table = reserve_sites(problem, plan, most=most)

    def placed(chosen):
        return most_placed(problem, problem.existing | problem.sites.index.isin(chosen), problem.load)

    for site, rows in table.groupby("site", sort=False):
        others = [s for s in problem.sites.index[problem.free] if s not in plan.chosen]
        every = [(-placed([s if c == site else c for c in plan.chosen]), s) for s in others]
        best = sorted(every, key=lambda one: (one[0], list(problem.sites.index).index(one[1])))[:most]
        assert rows["substitute"].dropna().tolist() == [s for _, s in best]
        assert rows["covered"].dropna().tolist() == [-n for n, _ in best] == rows["value"].dropna().tolist()
        lacking = [max(problem.coverage.at_least + n, 0) for n, _ in best]
        assert rows["short"].dropna().tolist() == lacking
    check_behind(problem, plan, behind_record(reserves=table))


# --- by hand --------------------------------------------------------------------------------------


def street(**asked):
    """Four villages of 10, 6, 5 and 3: site p has the first two, q the first, r the second and third, s the last."""
    minutes = [[5, 5, 30, 30], [9, 30, 8, 30], [30, 30, 12, 30], [30, 30, 30, 2]]
    frame = pd.DataFrame(minutes, index=list("abcd"), columns=list("pqrs"))
    question = {"within": 15, "new_sites": 2, "name": "street"}
    return siting_from_matrix(frame, pd.Series([10, 6, 5, 3], list("abcd")), **{**question, **asked})


def test_a_substitute_says_what_is_lost():
    problem = street()
    plan = solve_siting(problem)
    assert plan.chosen == ("p", "r") or plan.covered == 21
    table = reserve_sites(problem, plan, most=2)
    rows = [tuple(row) for row in table.itertuples(index=False)]
    first, second = plan.chosen
    assert (first, second, plan.covered) == ("p", "r", 21)
    assert rows == [
        ("p", 1, "q", 21.0, 0.0, 21, 0), ("p", 2, "s", 14.0, 7.0, 14, 0),
        ("r", 1, "s", 19.0, 2.0, 19, 0), ("r", 2, "q", 16.0, 5.0, 16, 0),
    ]  # fmt: skip


def test_who_must_be_covered_and_is_not_counts_first():
    problem = street(objective="min-sites", new_sites=None)
    plan = solve_siting(problem)
    assert len(plan.chosen) == 3
    table = reserve_sites(problem, plan)
    assert table.loc[table["site"].eq("s"), "short"].tolist() == [3]
    assert table.loc[table["site"].eq("r"), ["short", "loss"]].to_numpy().tolist() == [[5, 0]]


def test_a_required_site_has_no_reserve_and_one_without_substitute_says_so():
    problem = street(required=["p"], conflicts=[["p", "q"], ["p", "s"]])
    plan = solve_siting(problem)
    table = reserve_sites(problem, plan)
    assert plan.chosen == ("p", "r") and table["site"].tolist() == ["r"]
    assert table["place"].tolist() == [0] and table.loc[0, "substitute":].isna().all()
    check_behind(problem, plan, behind_record(reserves=table))


@pytest.mark.parametrize("most", [0, 1.5, True, "3", None])
def test_how_many_is_a_whole_number(most):
    problem = street()
    with pytest.raises(DataError, match="the number of reserves") as told:
        reserve_sites(problem, solve_siting(problem), most=most)
    assert "后备" in told.value.sentence("zh")


def test_people_beyond_a_flow_are_said():
    problem = street(capacity=Capacity(), sites=pd.DataFrame({"capacity": [9] * 4}, index=list("pqrs")))
    plan = solve_siting(problem)
    many = replace(problem, load=problem.load * 2**30)
    with pytest.raises(DataError):
        reserve_sites(many, plan)


# --- in a record ----------------------------------------------------------------------------------


def test_a_record_with_reserves_verifies_and_says_what_it_takes_on_its_word():
    problem = street()
    plan = solve_siting(problem)
    record = plan_record(plan, problem, behind=behind_record(reserves=reserve_sites(problem, plan)))
    verify_record(record)
    assert "proof.word_reserves" in [reason.key for reason in behind_on_its_word(problem, record)]
    assert "reserves" not in plan_record(plan, problem, behind=behind_record())


def test_every_changed_figure_of_a_reserve_is_refused():
    problem = street()
    plan = solve_siting(problem)
    rows = behind_record(reserves=reserve_sites(problem, plan))["reserves"]
    check_behind(problem, plan, {"reserves": rows})
    forged = [rows[1:], rows[:2], rows[::-1], [*rows, rows[-1]], [rows[0], *rows]]
    for (place, row), change in itertools.product(enumerate(rows), ("other", "none", "more")):
        for name in row:
            made = copy.deepcopy(rows)
            if change == "none":
                del made[place][name]
            elif change == "more":
                made[place]["x"] = row[name]
            else:
                made[place][name] = row[name] + 1 if isinstance(row[name], int) else "O"
            forged.append(made)
    for made in forged:
        with pytest.raises((PlanError, LookupError)):
            check_behind(problem, plan, {"reserves": made})
