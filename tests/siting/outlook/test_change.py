"""Who gains and who loses between two choices of sites: a town by hand, and a second count of drawn ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import DataError
from quarterhour.siting.methods.capacity.today import placed_today
from quarterhour.siting.outlook.change import COUNTS, compare_plans
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.problem import Coverage, Standard
from quarterhour.siting.question.rules import Capacity
from quarterhour.travel.times import times_from_matrix

# Six villages on a road, minutes to the clinic in the west, the one in the east, and the new site between them.
#              west  east  new
TOWN = {
    "shore": (3.0, 40.0, 21.0),  # the west's own
    "hill": (9.0, 30.0, 12.0),
    "mill": (14.0, 22.0, 4.0),  # the west reaches it, the new site is nearer
    "ford": (19.0, 18.0, 6.0),  # nobody reaches it today
    "wood": (25.0, 15.0, 11.0),  # exactly a quarter of an hour from the east
    "isle": (50.0, 60.0, 45.0),  # nobody ever
}
PEOPLE = pd.DataFrame(
    {"older": [100, 40, 30, 20, 10, 5], "disabled": [8, 4, 3, 2, 1, 1]}, index=pd.Index(list(TOWN), dtype="str")
)
AREAS = pd.DataFrame({"town": ["A", "A", "A", "B", "B", "B"], "county": "K"}, index=PEOPLE.index)
NAMES = pd.Series({"ford": "渡口", "isle": "小岛", "mill": "磨坊"})


def town(**asked):
    sites = pd.DataFrame(
        {"state": ["existing", "existing", "candidate"], "name": ["West", "East", "New"], "quality": "fact"},
        index=["w", "e", "n"],
    ).assign(town="A", county="K", **{"capacity": asked.pop("room", None)})
    times = times_from_matrix(np.array(list(TOWN.values())), communities=PEOPLE.index, sites=sites.index, cutoff=30)
    return as_problem(
        "town", demand=PEOPLE, people="older", sites=sites, times=times, areas=AREAS,
        **{"minutes": 15, "objective": "max-cover", "new_sites": 1} | asked,
    )  # fmt: skip


def said(change, *, group=""):
    row = change.groups.loc[group]
    return {c: row[c] for c in ("gained", "lost", "stayed", "moved", "unserved", "nearer", "farther")}


def moves(change):
    return {(m.from_site, m.to_site): (m.people, m.communities) for m in change.moves.itertuples()}


def test_a_new_site_in_a_town_counted_by_hand():
    problem = town()
    change = qh.compare_plans((problem, None), (problem, qh.solve_siting(problem)), names=NAMES)
    # ford (20) is reached anew; mill (30) goes 4 minutes, not 14; wood (10) 11, not 15; isle (5) stays out.
    assert said(change) == {
        "gained": 20, "lost": 0, "stayed": 140, "moved": 40, "unserved": 5, "nearer": 40, "farther": 0,
    }  # fmt: skip
    assert change.groups.at["", "minutes_nearer"] == 30 * 10 + 10 * 4
    assert (change.people("before"), change.people("after"), change.people("people")) == (180, 200, 205)
    assert said(change, group="disabled") == {
        "gained": 2, "lost": 0, "stayed": 12, "moved": 4, "unserved": 1, "nearer": 4, "farther": 0,
    }  # fmt: skip
    assert moves(change) == {("w", "n"): (30, 1), ("", "n"): (20, 1), ("e", "n"): (10, 1)}
    assert change.moves.loc[0, ["from_name", "to_name"]].tolist() == ["West", "New"]
    assert (change.opened, change.closed, change.same_times) == (("n",), (), True)
    assert repr(change) == "<PlanChange of 205 older: 20 gained, 0 lost, 40 moved, 140 stayed, 5 unserved>"


def test_towns_and_counties_are_counted_by_hand():
    problem = town()
    change = compare_plans((problem, None), (problem, ["w", "e", "n"]))
    rows = change.areas.set_index(["level", "area"])
    assert rows.loc[("town", "A"), ["people", "before", "after", "gained", "moved"]].tolist() == [170, 170, 170, 0, 30]
    assert rows.loc[("town", "B"), ["people", "before", "after", "gained", "moved"]].tolist() == [35, 10, 30, 20, 10]
    assert rows.loc[("county", "K"), ["people", "unserved"]].tolist() == [205, 5]


def test_the_worst_off_are_those_without_a_site_and_then_the_farthest():
    problem = town()
    worst = compare_plans((problem, None), (problem, ["w", "e", "n"]), names=NAMES, most=3).worst
    assert worst.index.tolist() == ["isle", "wood", "hill"]
    assert worst["name"].tolist() == ["小岛", "", ""]
    assert worst["minutes_before"].isna().tolist() == [True, False, False]
    assert worst["minutes_after"].isna().tolist() == [True, False, False]
    assert worst.loc["wood", ["minutes_before", "minutes_after"]].tolist() == [15, 11]
    assert worst.loc["isle", ["town", "people", "left_out"]].tolist() == ["B", 5, 5]


@pytest.mark.parametrize("most", [-3, 1.5, "1", None, True])
def test_how_many_worst_off_is_a_whole_number(most):
    with pytest.raises(DataError, match="whole number of 0 or more") as told:
        compare_plans((town(), None), (town(), ["n"]), most=most)
    assert "整数" in told.value.sentence("zh")


def test_a_closure_takes_a_site_from_some_and_sends_others_farther():
    problem = town()
    change = compare_plans((problem, ["w", "e", "n"]), (problem, ["e", "n"]))
    # shore (100) has nobody left; hill (40) goes 12 minutes, not 9.
    assert said(change) == {
        "gained": 0, "lost": 100, "stayed": 60, "moved": 40, "unserved": 5, "nearer": 0, "farther": 40,
    }  # fmt: skip
    assert change.groups.at["", "minutes_farther"] == 40 * 3
    assert moves(change) == {("w", ""): (100, 1), ("w", "n"): (40, 1)}
    assert (change.opened, change.closed) == ((), ("w",))
    assert change.worst.index.tolist()[:3] == ["shore", "isle", "hill"]  # who lost it stands first
    assert change.worst.loc["shore", "minutes_before"] == 3 and np.isnan(change.worst.loc["shore", "minutes_after"])


def test_a_move_of_a_standing_site_is_a_closure_and_an_opening():
    problem = town()
    change = compare_plans((problem, None), (problem, ["e", "n"]))
    assert said(change) == {
        "gained": 20, "lost": 100, "stayed": 0, "moved": 80, "unserved": 5, "nearer": 40, "farther": 40,
    }  # fmt: skip
    assert change.people("after") - change.people("before") == 20 - 100
    assert (change.opened, change.closed) == (("n",), ("w",))


def test_a_longer_standard_is_compared_as_well():
    change = compare_plans((town(), None), (town(minutes=20), None))
    assert said(change)["gained"] == 20 and moves(change) == {("", "e"): (20, 1)}
    assert change.same_times
    slower = town()
    slower = replace(slower, times=replace(slower.times, cs=slower.times.cs + 60))
    assert not compare_plans((town(), None), (slower, None)).same_times


def test_communities_and_sites_in_another_order_are_the_same():
    problem = town()
    times = problem.times.only(["n", "w", "e"]).rows(PEOPLE.index[::-1])
    other = as_problem(
        "town", demand=PEOPLE[::-1], people="older", sites=problem.sites.loc[["n", "w", "e"]], times=times,
        areas=AREAS, minutes=15, objective="max-cover", new_sites=1,
    )  # fmt: skip
    change = compare_plans((problem, None), (other, ["w", "e", "n"]))
    assert said(change)["gained"] == 20 and change.same_times
    assert moves(change) == {("w", "n"): (30, 1), ("", "n"): (20, 1), ("e", "n"): (10, 1)}


def test_where_two_sites_must_be_near_one_is_none():
    problem = town(coverage=Coverage(backup=0), minutes=20)
    change = compare_plans((problem, None), (problem, ["w", "e", "n"]))
    assert change.sites_needed == 2
    # today ford alone has two within 20 minutes; then hill, mill and wood have two as well
    assert said(change)["gained"] == 40 + 30 + 10 and change.people("before") == 20
    assert np.isnan(change.worst.loc["shore", "minutes_after"])


# --- places ---------------------------------------------------------------------------------------


def test_places_that_are_shared_out_are_counted_to_the_person():
    problem = town(room=[110, 50, 25], capacity=Capacity(split=True))
    plan = qh.solve_siting(problem)
    change = compare_plans((problem, None), (problem, plan))
    # The west has 110 places for shore, hill and mill (170), the east serves wood (10); the new site takes 25 more.
    assert change.placed and change.people("before") == plan.placed_before == placed_today(problem) == 120
    assert (change.people("after"), said(change)["gained"], said(change)["lost"]) == (145, 25, 0)
    assert said(change)["gained"] == plan.covered - plan.placed_before
    assert "disabled" in change.groups.index and pd.isna(change.groups.at["disabled", "moved"])


def test_of_people_who_are_shared_out_nobody_gains_while_another_of_the_village_loses():
    minutes = [[5, 6, 7]]
    asked = {"within": 10, "new_sites": 2, "capacity": Capacity(split=True), "objective": "max-cover"}
    problem = qh.siting_from_matrix(
        minutes, [100], existing=[0], sites=pd.DataFrame({"capacity": [60, 50, 20]}), **asked
    )
    change = compare_plans((problem, ["0"]), (problem, ["1", "2"]))
    assert moves(change) == {("0", "1"): (50, 1), ("0", "2"): (10, 1), ("", "2"): (10, 1)}
    assert said(change)["gained"] == 10 and said(change)["unserved"] == 30
    assert change.worst["left_out"].tolist() == [30] and change.worst["minutes_after"].isna().all()


def test_villages_that_go_undivided_are_compared_by_their_plans():
    problem = town(room=[140, 20, 60], capacity=Capacity(split=False))
    plan = qh.solve_siting(problem)
    today = replace(problem, new_sites=0)
    before = qh.solve_siting(today)
    change = compare_plans((today, before), (problem, plan))
    assert (change.people("before"), change.people("after")) == (before.covered, plan.covered)
    assert change.people("gained") - change.people("lost") == plan.covered - before.covered
    by_column = plan.figures.by_column["disabled"] - before.figures.by_column["disabled"]
    assert said(change, group="disabled")["gained"] - said(change, group="disabled")["lost"] == by_column
    with pytest.raises(DataError, match="only a plan says who is served"):
        compare_plans((problem, None), (problem, plan))


# --- a second count -------------------------------------------------------------------------------


def drawn(seed, *, split):
    draw = np.random.default_rng(seed)
    rows, count = 60, 12
    minutes = draw.uniform(1, 40, (rows, count)).round(2)
    people = pd.DataFrame({"older": draw.integers(0, 90, rows), "disabled": draw.integers(0, 9, rows)})
    sites = pd.DataFrame({"state": ["existing"] * 4 + ["candidate"] * 8, "capacity": draw.integers(50, 400, count)})
    areas = pd.DataFrame({"town": draw.choice(["a", "b", "c"], rows), "county": draw.choice(["x", "y"], rows)})
    asked = {"capacity": Capacity(split=True)} if split else {}
    people, areas = (t.set_axis([f"v{k}" for k in range(rows)]) for t in (people, areas))
    sites = sites.set_axis([f"s{k}" for k in range(count)])
    table = pd.DataFrame(minutes, people.index, sites.index)
    return table, people, areas, qh.siting_from_matrix(
        table, people, people="older", sites=sites, areas=areas, within=15, new_sites=3, objective="max-cover", **asked
    )  # fmt: skip


def nearest(table, opened):
    near = table[opened].where(table[opened] <= 15)
    return near.apply(lambda row: row.idxmin() if row.notna().any() else "", axis=1)


@pytest.mark.parametrize("seed", range(4))
def test_a_second_count_comes_to_the_same(seed):
    table, people, areas, problem = drawn(seed, split=False)
    draw = np.random.default_rng(100 + seed)
    old, new = (sorted(draw.choice(table.columns, 5, replace=False)) for _ in range(2))
    change = compare_plans((problem, old), (problem, new))
    found = pd.DataFrame({"from": nearest(table, old), "to": nearest(table, new)}).join(people).join(areas)
    for end, opened in (("from", old), ("to", new)):
        found[f"{end}_minutes"] = table[opened].min(axis=1)
    both = found["from"].ne("") & found["to"].ne("")
    saved = (found["from_minutes"] - found["to_minutes"]).where(both, 0)
    masks = {
        "people": found["from"].notna(), "before": found["from"].ne(""), "after": found["to"].ne(""),
        "gained": found["from"].eq("") & found["to"].ne(""), "lost": found["from"].ne("") & found["to"].eq(""),
        "stayed": both & found["from"].eq(found["to"]), "moved": both & found["from"].ne(found["to"]),
        "unserved": found["from"].eq("") & found["to"].eq(""), "nearer": saved > 0, "farther": saved < 0,
    }  # fmt: skip
    for group, column in (("", "older"), ("disabled", "disabled")):
        counted = {name: int(found.loc[mask, column].sum()) for name, mask in masks.items()}
        assert change.groups.loc[group, list(COUNTS)].to_dict() == counted
    assert change.groups.at["", "minutes_nearer"] == pytest.approx((saved.clip(lower=0) * found["older"]).sum())
    for level in ("town", "county"):
        rows = change.areas[change.areas["level"] == level].set_index("area")
        for name, mask in masks.items():
            assert rows[name].to_dict() == found["older"].where(mask, 0).groupby(found[level]).sum().to_dict()
    pairs = found[found["from"].ne(found["to"]) & found["older"].gt(0)].groupby(["from", "to"])["older"]
    assert moves(change) == {k: (n, c) for (k, n), c in zip(pairs.sum().items(), pairs.size(), strict=True)}
    out = found[found["to"].eq("") & found["older"].gt(0)]
    first = out.assign(never=out["from"].eq("")).sort_values(["never", "older"], ascending=[True, False], kind="stable")
    worst = change.worst[change.worst["left_out"] > 0]
    assert worst["people"].tolist() == first["older"].tolist()[:10]
    assert worst["minutes_before"].isna().tolist() == first["never"].tolist()[:10]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("split", [False, True])
def test_sums_agree_to_the_person(seed, split):
    _, _, _, problem = drawn(seed, split=split)
    plan = qh.solve_siting(problem)
    change = compare_plans((problem, None), (problem, plan))
    every = change.groups.loc[""]
    assert every["gained"] - every["lost"] == plan.covered - plan.before
    assert every[["gained", "lost", "stayed", "moved", "unserved"]].sum() == every["people"] == plan.demand_total
    assert every["stayed"] + every["moved"] + every["gained"] == every["after"] == plan.covered
    assert change.moves["people"].sum() == every["gained"] + every["lost"] + every["moved"]
    assert change.moves.loc[change.moves["from_site"].eq(""), "people"].sum() == every["gained"]
    assert change.moves.loc[change.moves["to_site"].eq(""), "people"].sum() == every["lost"]
    for _, rows in change.areas.groupby("level"):
        assert rows[list(COUNTS)].sum().to_dict() == every[list(COUNTS)].to_dict()


@pytest.mark.parametrize("seed", range(3))
def test_two_plans_with_room_agree_with_who_is_served_where(seed):
    _, _, _, problem = drawn(seed, split=True)
    one, two = qh.solve_siting(replace(problem, new_sites=1)), qh.solve_siting(problem)
    change = compare_plans((replace(problem, new_sites=1), one), (problem, two))
    old, new = (p.served.set_index(["community", "site"])["people"] for p in (one, two))
    both = pd.concat([old.rename("old"), new.rename("new")], axis=1).fillna(0)
    assert change.people("stayed") == both.min(axis=1).sum()
    assert change.people("gained") - change.people("lost") == two.covered - one.covered
    left = problem.demand - old.groupby("community").sum().reindex(problem.demand.index, fill_value=0)
    still = problem.demand - new.groupby("community").sum().reindex(problem.demand.index, fill_value=0)
    assert change.people("unserved") == np.minimum(left, still).sum()
    assert change.people("gained") == (left - still).clip(lower=0).sum()


@pytest.mark.parametrize("seed", range(3))
def test_of_those_who_have_a_place_after_as_many_as_can_have_one_today(seed):
    _, _, _, problem = drawn(seed, split=True)
    plan = qh.solve_siting(problem)
    change = compare_plans((problem, None), (problem, plan))
    after = plan.served.groupby("community")["people"].sum().reindex(problem.demand.index, fill_value=0)
    most = placed_today(replace(problem, load=after))  # a greatest flow of these alone
    assert change.people("after") - change.people("gained") == most
    assert change.people("before") == plan.placed_before == placed_today(problem)


# --- what cannot be compared ----------------------------------------------------------------------


def test_other_people_or_another_question_are_not_compared():
    problem = town()
    plan = qh.solve_siting(problem)
    more = replace(problem, demand=problem.demand + 1)
    with pytest.raises(DataError, match="do not count the same people"):
        compare_plans((problem, None), (more, None))
    other = qh.siting_from_matrix([[1]], [1], within=5, new_sites=1)
    with pytest.raises(DataError, match="not of the same communities"):
        compare_plans((problem, None), (other, None))
    with pytest.raises(DataError, match="answers another question"):
        compare_plans((problem, None), (replace(problem, new_sites=0), plan))
    with pytest.raises(DataError, match="no such site|not in"):
        compare_plans((problem, None), (problem, ["nowhere"]))
    with pytest.raises(DataError, match="SitingProblem"):
        compare_plans(problem, plan)
    none = qh.solve_siting(town(coverage=Coverage(at_least=1000)))
    with pytest.raises(DataError, match="no plan"):
        compare_plans((problem, None), (problem, none))


def test_a_plan_that_serves_somebody_too_far_is_not_compared():
    problem = town(room=[110, 50, 25], capacity=Capacity(split=True))
    plan = qh.solve_siting(problem)
    served = plan.served.assign(site="e")
    with pytest.raises(DataError, match="not within the standard"):
        compare_plans((problem, None), (problem, replace(plan, served=served)))


def test_steps_count_heads_as_the_plan_does():
    problem = town(minutes=Standard(15, ((10, 100), (15, 50))))
    plan = qh.solve_siting(problem)
    change = compare_plans((problem, None), (problem, plan))
    assert change.people("gained") - change.people("lost") == plan.covered - plan.covered_before
