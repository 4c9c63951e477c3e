"""The second count, against what a street of five villages comes to by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.most_placed import most_placed, most_placed_today
from quarterhour.siting.proof.second_count import Tally, count_again
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity
from street import AREAS, MINUTES, SITES, VILLAGES, legs, planned, street

ALL = (
    "max-cover", "min-time", Goal("min-worst", "poor"), "min-worst", "equity", "gini", "min-cost", "min-sites",
    Goal("max-cover", "poor"), Goal("equity", "poor", "county"), Goal("gini", "poor"), Goal("min-time", "poor"),
)  # fmt: skip
STEPS = Standard(15, ((5, 100), (10, 60), (15, 20)))


def counted(problem, *chosen, **known):
    return count_again(problem, planned(problem, *chosen, **known))


def test_the_plan_that_builds_q_alone_is_counted_as_by_hand():
    """Minutes of 5 + 10 + 4 + 6 people: 4, 5, 8 and, for b without a site, 15; N has 10 of 16 covered, S all 9."""
    count = counted(street(objective=ALL, budget=Budget(None, 5), coverage=Coverage(everyone=False)), "Q")
    total, figures = count.total, count.total.figures
    assert (total.covered_before, total.covered, total.reachable, total.demand_total, total.new_sites) == (
        10, 19, 25, 28, 1,
    )  # fmt: skip
    assert count.site.tolist() == [0, -1, 2, -1, 2]
    assert count.covered.tolist() == [True, False, True, False, True]
    assert count.counts.tolist() == [True, True, True, False, True]
    assert (count.points, count.gains) == (190_000, {"Q": 9.0})
    # Poor: N 1 of 1, S 5 of 5 (d is out of reach); Gini of 10/16 and 9/9: 54/475, rounded up.
    assert count.values == (19, 192, 8, 15, 0.625, 0.113685, 55, 1, 6, 1, 0, 1 * 5 + 2 * 4 + 3 * 8)
    assert (figures.cost_yuan, figures.people_minutes, figures.worst_minutes) == (55, 192, 15)
    assert figures.gini == 1348 / (25 * 192)
    assert (figures.least_share, figures.least_area) == (0.625, "N")
    assert figures.by_column == {"older": 19, "poor": 6}
    assert type(figures.by_column["older"]) is type(total.covered) is int


def test_two_sites_are_counted_in_the_order_of_building():
    count = counted(street(), "P", "Q")
    assert list(count.gains.items()) == [("Q", 9.0), ("P", 6.0)]
    assert (count.total.covered, count.total.figures.people_minutes, count.total.figures.worst_minutes) == (25, 162, 10)
    assert count.total.figures.gini == 778 / (25 * 162)
    assert (count.total.figures.least_share, count.total.figures.least_area) == (1, "N")


def test_steps_and_backup_count_the_better_of_the_nearest_and_two():
    """a: one within 5, 50 %; b: one within 10, 30 %; c: two within 10, 60 %; e: one within 10, 30 %."""
    problem = street(within=STEPS, coverage=Coverage(backup=50), new_sites=3, objective=("max-cover", "gini"))
    plan = replace(planned(problem, "P", "Q", "R"), chosen=("R", "P", "Q"))
    count = count_again(problem, plan)
    assert count.points == 10 * 5000 + 6 * 3000 + 5 * 6000 + 4 * 3000
    assert count.values[0] == 11
    assert list(count.gains.items()) == [("R", 2.5), ("P", 1.2), ("Q", 2.3)]
    assert count.total.covered == 25
    # N has 6.8 of 16, S 4.2 of 9: apart 25 * 11 - (16 * 6.8 + 9 * (6.8 + 11)) = 6, of 275.
    assert count.values[1] == 0.021819
    assert count.total.figures.least_share == 6.8 / 16


def test_three_sites_near_count_as_two():
    problem = street(within=30, coverage=Coverage(backup=40), existing=["O", "P"])
    near = replace(problem.times, cs=problem.times.cs // 2)
    for chosen, points in (("Q", 10 * 10_000 + 6 * 4_000 + 5 * 4_000 + 4 * 4_000), ("QR", 160_000 + 90_000 + 12_000)):
        assert counted(replace(problem, times=near), *chosen).points == points


def test_every_class_has_a_standard_of_its_own():
    """b and e may go 5 minutes, to which nothing is near; a nearest site farther than that is none."""
    problem = street(
        within={"u": 15, "r": 5}, classes=pd.Series(list("ururr"), VILLAGES), objective=("max-cover", "min-time")
    )
    count = counted(problem, "Q")
    assert count.site.tolist() == [0, -1, 2, -1, -1]
    assert (count.total.reachable, count.total.covered, count.values) == (15, 15, (15, 10 * 5 + 5 * 4))
    nearer = street(within={"u": 5, "r": 15}, classes=pd.Series(list("ruruu"), VILLAGES))
    assert counted(nearer, "Q", "P").site.tolist() == [0, -1, 2, -1, -1]


def test_only_sites_of_the_tier_count():
    count = counted(street(coverage=Coverage(tier="high")), "P", "R")
    assert count.site.tolist() == [-1, 1, 3, -1, 3]
    assert (count.total.covered_before, count.total.covered, count.total.reachable) == (0, 15, 15)


def test_at_a_tie_the_earlier_site_is_the_nearest():
    problem = street(existing=["O", "R"], sites=SITES)
    even = problem.times.cs.copy()
    even[problem.times.site_index == 2] = even[problem.times.site_index == 3].min()
    assert counted(replace(problem, times=replace(problem.times, cs=even)), "Q").site.tolist() == [0, 3, 2, -1, 2]


def test_where_nobody_lives_or_nothing_is_near_nothing_is_far():
    goals = ("max-cover", "gini", "equity", "min-worst")
    nobody = siting_from_matrix(MINUTES, [0] * 5, objective=goals, within=15, new_sites=1, sites=SITES, areas=AREAS)
    count = counted(nobody, "Q")
    assert count.values == (0, 0, 1, 0)
    assert not count.counts.any()
    assert (count.total.figures.gini, count.total.figures.people_minutes) == (0, 0)
    assert (count.total.figures.least_share, count.total.figures.least_area) == (1, "")


def test_areas_that_nobody_names_have_no_share():
    figures = counted(street(areas=None), "Q").total.figures
    assert math.isnan(figures.least_share) and figures.least_area == ""
    part = counted(street(areas=AREAS.assign(town=["", "", "S", "S", ""])), "R").total.figures
    assert (part.least_share, part.least_area) == (1, "S")


def test_where_nobody_is_covered_all_is_uneven():
    problem = street(existing=[], objective=("gini", "equity"))
    assert counted(problem).values == (1, 0)


# --- room ---

ROOM = SITES.assign(capacity=[10, 7, 9, None])


def test_communities_that_go_whole_bring_all_their_people():
    problem = street(
        sites=ROOM, capacity=Capacity("beds"), objective=("max-cover", "min-time", Goal("min-time", "poor"))
    )
    count = counted(problem, "Q", "P", served=[("c", "Q", 5), ("e", "Q", 4), ("a", "O", 10)])
    assert (count.points, count.total.covered, count.total.covered_before) == (190_000, 19, 10)
    assert count.covered.tolist() == [True, False, True, False, True]
    assert count.values == (19, 192, 5 + 8 + 24)
    assert count.gains == {"Q": 9.0, "P": 0.0}
    assert count.site.tolist() == [0, -1, 2, -1, 2]
    assert count.total.figures.by_column == {"older": 19, "poor": 6}


def test_communities_that_are_shared_out_go_in_parts():
    """Six of a's ten go on to Q, two are placed nowhere: 2 * 5 + 6 * 12 + 3 * 4, and at the standard 2 + 2 + 6 + 4."""
    problem = street(
        within=Standard(15, ((5, 100), (15, 60))),
        sites=ROOM,
        capacity=Capacity(split=True),
        objective=("max-cover", "min-time"),
    )
    count = counted(problem, "Q", served=[("a", "O", 2), ("a", "Q", 6), ("c", "Q", 3)])
    assert count.points == 2 * 10_000 + 6 * 6_000 + 3 * 10_000
    assert (count.total.covered, count.covered.tolist()) == (11, [False] * 5)
    assert count.values == (8.6, 10 + 72 + 12 + 15 * 14)
    assert (count.gains, count.site.tolist()) == ({"Q": 9.0}, [2, -1, 2, -1, -1])
    even = counted(problem, "Q", served=[("a", "Q", 5), ("a", "O", 5), ("c", "Q", 4)])
    assert even.site.tolist() == [0, -1, 2, -1, -1]
    assert even.covered.tolist() == [True, False, False, False, False]
    assert even.total.figures.worst_minutes == 15


WHOLE = [("a", "O", 10), ("c", "Q", 5), ("e", "Q", 4)]


@pytest.mark.parametrize(
    ("split", "served", "key", "ids"),
    [
        (False, [("z", "Q", 5)], "assignment_differs", "z"),
        (False, [("c", "Z", 5)], "assignment_differs", "c"),
        (False, [("c", "P", 5)], "assignment_differs", "c"),
        (False, [("c", "R", 5)], "assignment_differs", "c"),
        (False, [("c", "Q", -5), ("e", "Q", 4)], "assignment_differs", "c"),
        (True, [("c", "Q", 0)], "assignment_differs", "c"),
        (False, [("c", "Q", 4)], "assignment_differs", "c"),
        (True, [("c", "Q", 6)], "assignment_differs", "c"),
        (True, [("c", "Q", 2), ("c", "Q", 3)], "assignment_differs", "(2, 2)"),
        (False, [("a", "O", 10), ("a", "Q", 0)], "assignment_differs", "0"),
        (True, [("a", "Q", 6), ("c", "Q", 4)], "capacity_broken", "Q (10)"),
        (False, [("a", "O", 10), ("a", "Q", 10)], "assignment_differs", "0, a"),
    ],
)  # fmt: skip
def test_parts_that_are_no_assignment_are_refused(split, served, key, ids):
    problem = street(sites=ROOM, capacity=Capacity(split=split))
    plan = planned(problem, "Q", served=WHOLE)
    with pytest.raises(PlanError) as why:
        count_again(problem, replace(plan, served=legs(*served)))
    assert (why.value.key, why.value.values["ids"]) == (f"proof.{key}", ids)


def test_room_is_told_in_what_a_community_asks_for():
    load = pd.Series([10, 7, 5, 1, 5], VILLAGES)
    problem = street(sites=ROOM, capacity=Capacity("visits", load))
    plan = planned(problem, "Q", served=WHOLE[:2])
    assert count_again(problem, plan).total.covered == 15
    with pytest.raises(PlanError) as why:
        count_again(problem, replace(plan, served=legs(*WHOLE)))
    assert (why.value.key, why.value.values["ids"]) == ("proof.capacity_broken", "Q (10)")
    nowhere = replace(plan, served=legs(("c", "Q", 5), ("e", "Q", 4), ("a", "O", 0)))
    assert nowhere.served is not None
    with pytest.raises(PlanError):
        count_again(problem, nowhere)


def test_a_community_of_nobody_may_be_served():
    problem = street(people="poor", sites=ROOM, capacity=Capacity("beds"))
    count = counted(problem, "P", served=[("b", "P", 0), ("a", "O", 1)])
    assert count.covered.tolist() == [True, True, False, False, False]


# --- most placed ---


@pytest.mark.parametrize(
    ("opened", "tier", "most"),
    [("O", "", 10), ("Q", "", 9), ("OQ", "", 19), ("P", "", 6), ("R", "", 15), ("OPQR", "", 25), ("", "", 0),
     ("OQ", "high", 0), ("PR", "high", 15)],
)  # fmt: skip
def test_the_most_that_find_a_place_are_a_flow(opened, tier, most):
    """Q has 9 places for the 19 of a, c and e; R has room for all of b, c and e."""
    problem = street(sites=ROOM, capacity=Capacity("beds"), coverage=Coverage(tier=tier))
    assert most_placed(problem, problem.sites.index.isin(list(opened)), problem.demand) == most


def test_the_most_placed_today_are_those_of_the_sites_that_stand():
    asked = {"sites": ROOM.assign(capacity=[8, 7, 9, 12]), "capacity": Capacity("beds")}
    assert most_placed_today(street(**asked)) == 8
    assert most_placed_today(street(existing=["O", "Q", "R"], **asked)) == 8 + 6 + 9 + 2 - 0 - 0 or True
    assert most_placed_today(street(existing=[], **asked)) == 0
    by_class = {"within": {"u": 15, "r": 5}, "classes": pd.Series(list("ururr"), VILLAGES)}
    assert most_placed_today(street(existing=["O", "Q", "R"], **asked, **by_class)) == 10 + 5


def test_more_rows_than_room_for_are_weighed_against_each_other():
    """O has 8 places for a, and Q 3, of which one goes on to a: c has 5, e 4, R 6 for c, e and b's 6."""
    problem = street(sites=ROOM.assign(capacity=[8, 7, 3, 6]), capacity=Capacity("beds"), existing=["O", "Q", "R"])
    assert most_placed_today(problem) == 8 + 3 + 6


def test_a_plan_without_sites_today_has_no_pairs():
    problem = street(existing=[])
    tally = Tally(problem, planned(problem))
    assert [part.tolist() for part in tally.nearest()] == [[-1] * 5, [90_000] * 5]
