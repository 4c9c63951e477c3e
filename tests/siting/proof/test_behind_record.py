"""What stands behind a plan, counted by hand on a street, and every forged line refused with its own word."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.behind_record import behind_record, check_behind, plain_rows, recounts_steps
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Capacity, Quota
from street import SITES, VILLAGES, planned, street

ROOM = SITES.assign(capacity=[8, 7, 6, None])


def refused(problem, **behind):
    """The key and values with which what stands behind the plan of Q and P is refused; None where it holds."""
    served = None if problem.capacity is None else [("c", "Q", 5), ("b", "P", 6)]
    try:
        check_behind(problem, planned(problem, "Q", "P", served=served), behind)
    except PlanError as why:
        assert why.sentence("zh")
        return why.key.removeprefix("proof."), why.values
    return None


def differs(what, said, counted):
    return "recount_differs", {"what": what, "said": said, "counted": counted}


# --- as it is written ---


def test_only_what_is_there_is_written():
    assert behind_record() == {}
    steps = pd.DataFrame({"built": [np.int64(1)], "sites": [("a", 2.0)]})
    assert behind_record(None, (2026, steps), quality=None, money={}) == {
        "phases": {"first_year": 2026, "steps": [{"built": 1, "sites": ["a", 2]}]}, "money": {},
    }  # fmt: skip
    assert behind_record(pd.DataFrame({"people": [3.0, math.nan]})) == {"frontier": [{"people": 3}, {"people": None}]}


def test_rows_are_plain_values():
    table = pd.DataFrame({"n": [1, 2], "real": [0.5, math.nan], "yes": [True, False], "text": ["x", None]})
    rows = plain_rows(table)
    assert rows == [
        {"n": 1, "real": 0.5, "yes": True, "text": "x"}, {"n": 2, "real": None, "yes": False, "text": None},
    ]  # fmt: skip
    assert [type(value) for value in rows[0].values()] == [int, float, bool, str]
    assert [type(value) for value in plain_rows(pd.DataFrame({"n": [2.0]}))[0].values()] == [int]


def test_nothing_behind_a_plan_holds():
    assert refused(street()) is None


# --- frontier ---


def point(sites, people, bound, chosen, **other):
    gap = None if not people else bound / people - 1
    row = {"sites": sites, "people": people, "bound": bound, "gap": 0 if gap == 0 else gap, "chosen": chosen}
    return {**row, **other}


ONE, TWO = point(1, 19, 20, ["Q"]), point(2, 25, 25, ["P", "Q"])


def test_the_true_frontier_holds():
    assert refused(street(), frontier=[ONE, TWO]) is None
    assert refused(street(), frontier=[ONE, point(2, 25, 28, ["Q", "R"])]) is None
    assert refused(street(required=["R"]), frontier=[point(2, 25, 28, ["R", "O"][:1])]) is None
    none = point(1, None, 20, None)
    assert refused(street(), frontier=[none, TWO]) is None
    nowhere = street(existing=[])
    assert refused(nowhere, frontier=[point(1, 6, 28, ["P"])]) is None


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (point(2, 19, 20, ["Q"]), differs("frontier sites", 2, 1)),
        (point(1.0, 19, 20, ["Q"]), differs("frontier sites", 1.0, 1)),
        (point(1, 18, 20, ["Q"]), differs("frontier people", 18, 19)),
        (point(1, 19, 19, ["Q"], gap=0.0), differs("frontier gap", 0.0, 0)),
        (point(1, 19, 20, ["Q"], gap=0.1), differs("frontier gap", 0.1, 20 / 19 - 1)),
        (point(1, 19, 18, ["Q"]), ("bad_bound", {"value": 19, "bound": 18})),
        (point(1, 19, 29, ["Q"]), ("bad_bound", {"value": 19, "bound": 29})),
        (point(1, 25, 28, ["P", "Q"]), ("too_many", {"chosen": 2, "new_sites": 1})),
        (point(1, 10, 28, ["O"]), ("not_buildable", {"ids": "O"})),
        (point(1, None, 20, ["Q"]), differs("frontier chosen", ["Q"], None)),
        (point(1, None, 20, None, gap=0.5), differs("frontier gap", 0.5, None)),
        (point(1, None, -1, None), ("bad_bound", {"value": None, "bound": -1})),
        (point(1, None, 29, None), ("bad_bound", {"value": None, "bound": 29})),
        (point(1, 19, 20, ["Q"], x=1), ("record_strange", {"what": "frontier.x"})),
        ({k: v for k, v in ONE.items() if k != "bound"}, ("record_strange", {"what": "frontier.bound"})),
    ],
)  # fmt: skip
def test_a_forged_point_is_refused(row, told):
    assert refused(street(), frontier=[row]) == told


def test_more_sites_cover_no_fewer():
    assert refused(street(), frontier=[ONE, point(2, 16, 28, ["P"])])[0] == "bad_bound"
    assert refused(street(), frontier=[point(1, 19, 26, ["Q"]), TWO]) == ("bad_bound", {"value": 25, "bound": 25})
    assert refused(street(), frontier=[point(1, 19, 25, ["Q"]), TWO]) is None
    assert refused(street(), frontier=[ONE, point(2, 19, 20, ["Q"])]) is None
    assert refused(street(), frontier=[ONE, point(1, 25, 25, ["P", "Q"])]) == differs("frontier sites", 1, 2)
    three = point(3, 25, 25, ["P", "Q", "R"])
    assert refused(street(), frontier=[ONE, point(2, None, 26, None), three])[0] == "bad_bound"
    assert refused(street(), frontier=[point(1, None, 20, None), point(2, None, 19, None)])[0] == "bad_bound"


def test_a_choice_that_covers_nobody_has_no_gap():
    problem = street(existing=[], coverage=Coverage(tier="high"))
    assert refused(problem, frontier=[point(1, 0, 28, ["Q"])]) is None
    assert refused(problem, frontier=[point(1, 0, 28, ["Q"], gap=0)]) == differs("frontier gap", 0, None)


def test_points_keep_the_maxima_of_quotas_alone():
    problem = street(quotas=[Quota("town", ("S",), 1, 1), Quota("town", ("N",), 2)])
    assert refused(problem, frontier=[ONE, point(2, 19, 25, ["Q", "R"])])[0] == "quota_broken"
    assert refused(problem, frontier=[point(1, 16, 25, ["P"])]) is None


def test_where_sites_have_room_people_are_placed():
    """O has 8 places for a's ten, and Q six; of c's five and a's two left over six find one."""
    problem = street(sites=ROOM, capacity=Capacity("beds", pd.Series([1, 1, 1, 1, 1], VILLAGES)))
    assert refused(problem, frontier=[point(1, 14, 21, ["Q"])]) is None
    assert refused(problem, frontier=[point(1, 19, 21, ["Q"])]) == differs("frontier people", 19, 14)


# --- phases ---


def step(sites, built, value, best=None, bound=None, *, sign=1, **other):
    best = value if best is None else best
    bound = best if bound is None else bound
    row = {
        "built": built, "sites": sites, "value": value, "best": best, "bound": bound, "loss": sign * (best - value),
        "loss_at_most": sign * (bound - value), "proved_by": "hand",
    }  # fmt: skip
    return {**row, **other}


def phases(*steps, **other):
    return {"first_year": 2026, "steps": list(steps), **other}


START, Q, P = step([], 0, 10), step(["Q"], 1, 19, 20, 21), step(["P"], 2, 25, 25, 28)


def test_the_true_phases_hold():
    assert refused(street(), phases=phases(START, Q, P)) is None
    assert refused(street(), phases=phases(START, step(["Q", "P"], 2, 25))) is None
    assert refused(street(), phases=phases(START, step([], 0, 10), Q, P)) is None


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((START, Q), differs("phases sites", 1, 2)),
        ((Q, P), differs("phases sites", ["Q"], [])),
        ((START, {**Q, "built": 2}, P), differs("phases built", 2, 1)),
        ((START, Q, {**P, "built": 1}), differs("phases built", 1, 2)),
        ((START, step(["P"], 1, 16), step(["Q"], 2, 25)), differs("phases sites", ["P", "Q"], ["Q", "P"])),
        ((START, {**Q, "value": 18}, P), differs("phases value", 18, 19)),
        ((START, {**Q, "value": 19.0}, P), differs("phases value", 19.0, 19)),
        ((START, {**Q, "loss": 0}, P), differs("phases loss", 0, 1)),
        ((START, {**Q, "loss_at_most": 1}, P), differs("phases loss_at_most", 1, 2)),
        ((START, step(["Q"], 1, 19, 18, 20), P), ("bad_bound", {"value": 19, "bound": 20})),
        ((START, step(["Q"], 1, 19, 21, 20), P), ("bad_bound", {"value": 19, "bound": 20})),
        ((START, {**Q, "x": 1}, P), ("record_strange", {"what": "phases.x"})),
    ],
)  # fmt: skip
def test_a_forged_step_is_refused(steps, told):
    assert refused(street(), phases=phases(*steps)) == told


def test_phases_have_a_first_year_and_steps_alone():
    assert refused(street(), phases=phases(START, Q, P, x=1)) == ("record_strange", {"what": "phases.x"})
    assert refused(street(), phases={"steps": []}) == ("record_strange", {"what": "phases.first_year"})


def test_steps_without_money_of_their_own_may_leave_sites_for_later():
    """With caps a site may have no year yet; the sum of 2026 is then Q's alone."""
    keys = {"cost_yuan": 40, "running_yuan": 3, "beds": 0, "staff": 0}
    sites = [
        {"id": "Q", "year": 2026, "running_from": 2027, **keys},
        {"id": "P", "year": None, "running_from": None, **keys},
    ]
    year = {"year": 2026, "sites": 1, "capital_yuan": 40, "running_yuan": 0, "beds": 0, "staff": 0}
    money = {"sites": sites, "years": [year], "caps": [{"year": 2026, "cap_yuan": 40, "carry_over": False}]}
    known = {"sites": [{"id": "Q"}, {"id": "P"}], "phases": phases(START, Q)}
    assert refused(street(), **known, money=money) is None
    assert refused(street(), **known, money={**money, "caps": []}) == differs("phases sites", 1, 2)
    dear = [{"year": 2026, "cap_yuan": 39, "carry_over": False}]
    assert refused(street(), **known, money={**money, "caps": dear})[0] == "money_over"


def test_minutes_of_each_step_are_counted():
    """O alone: 10 * 5 and 15 people at the standard of 15; with Q 192, with P 162."""
    problem = street(objective="min-time", coverage=Coverage(everyone=False))
    start, one, two = step([], 0, 275), step(["Q"], 1, 192, 190.5, 100, sign=-1), step(["P"], 2, 162)
    assert refused(problem, phases=phases(start, one, two)) is None
    assert refused(problem, phases=phases({**start, "value": 274}, one, two)) == differs("phases value", 274, 275)
    worse = step(["Q"], 1, 192, 193, 100, sign=-1)
    assert refused(problem, phases=phases(start, worse, two))[0] == "bad_bound"
    part = step(["Q"], 1, 192, 191, 191.5, sign=-1)
    assert refused(problem, phases=phases(start, part, two))[0] == "bad_bound"


def test_other_goals_are_measured_by_the_people_covered():
    problem = street(objective=Goal("equity", "poor"))
    steps = phases(step([], 0, 1), step(["P", "Q"], 2, 6))
    plan = planned(problem, "Q", "P")
    assert plan.chosen == ("Q", "P")
    assert refused(problem, phases=phases(step([], 0, 1), step(["Q", "P"], 2, 6))) is None
    assert refused(problem, phases=steps)[1]["what"] == "phases sites"
    parts = street(within=Standard(15, ((5, 100), (15, 33))))
    said = step(["Q", "P"], 2, 10 + 1.98 + 5 + 1.32, loss=0, loss_at_most=0)
    assert refused(parts, phases=phases(START, {**said, "value": 18.3, "best": 18.3, "bound": 18.3})) is None


def test_steps_of_sites_with_room_are_counted_where_people_go_in_whole_numbers():
    """O has room for 8, Q for six more, P for b's six, all in what communities ask for."""
    room = {"sites": ROOM, "capacity": Capacity("beds")}
    problem = street(**room)
    assert recounts_steps(street()) and recounts_steps(problem)
    for steps, told in (
        ((step([], 0, 8), step(["P"], 1, 14), step(["Q"], 2, 20)), None),
        ((step([], 0, 9), step(["P"], 1, 14), step(["Q"], 2, 20)), differs("phases value", 9, 8)),
        ((step([], 0, 8), step(["P"], 1, 14), step(["Q"], 2, 21)), differs("phases value", 21, 20)),
    ):  # fmt: skip
        assert refused(problem, phases=phases(*steps)) == told
    for other in (
        {"objective": "min-time", "coverage": Coverage(everyone=False)},
        {"within": Standard(15, ((5, 100), (15, 60)))},
    ):
        uncounted = street(**room, **other)
        assert not recounts_steps(uncounted)
        assert refused(uncounted, phases=phases(step([], 0, 3), step(["P", "Q"], 2, 3))) is None


# --- reserves ---


def substitute(site, other, value, loss, *, place=1, covered=None, short=0, **more):
    covered = value if covered is None else covered
    row = {"site": site, "place": place, "substitute": other, "value": value, "loss": loss, "covered": covered}
    return {**row, "short": short, **more}


NOBODY = {**dict.fromkeys(("value", "loss", "covered", "short", "substitute")), "place": 0}
IN_Q, IN_P = substitute("Q", "R", 25, 0), substitute("P", "R", 25, 0)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([IN_Q, IN_P], None),
        ([{"site": "Q", **NOBODY}, {"site": "P", **NOBODY}], None),
        ([IN_P, IN_Q], differs("reserves site", ["P", "Q"], ["Q", "P"])),
        ([IN_Q], differs("reserves site", ["Q"], ["Q", "P"])),
        ([{**IN_Q, "value": 24}, IN_P], differs("reserves value", 24, 25)),
        ([{**IN_Q, "loss": 1}, IN_P], differs("reserves loss", 1, 0)),
        ([{**IN_Q, "covered": 19}, IN_P], differs("reserves covered", 19, 25)),
        ([IN_Q, {**IN_P, "short": 1}], differs("reserves short", 1, 0)),
        ([IN_Q, {**IN_P, "place": 2}], differs("reserves place", 2, 1)),
        ([IN_Q, {**IN_Q, "place": 2}, IN_P], differs("reserves place", 2, 1)),
        ([{"site": "Q", **NOBODY}, {"site": "Q", **NOBODY}, IN_P], differs("reserves place", 2, 1)),
        ([{**IN_Q, "substitute": "O"}, IN_P], ("not_buildable", {"ids": "O"})),
    ],
)  # fmt: skip
def test_substitutes_are_counted_and_in_their_order(rows, told):
    """R covers c, e and b too: whoever of Q and P goes, R comes in for it and all 25 stay covered."""
    assert refused(street(), reserves=rows) == told


def test_substitutes_where_sites_have_room_are_counted_by_people_placed():
    """O places 8 of a, P all of b, Q six: 20. With R for P all 25 find a bed, with R for Q the nine of c and e."""
    problem = street(sites=ROOM, capacity=Capacity("beds"))
    for_p, for_q = substitute("P", "R", 25, -5), substitute("Q", "R", 23, -3)
    assert refused(problem, reserves=[for_p, for_q]) is None
    assert refused(problem, reserves=[{**for_p, "value": 24}, for_q]) == differs("reserves value", 24, 25)
    ask = street(sites=ROOM, capacity=Capacity("beds"), coverage=Coverage(everyone=False, at_least=24))
    short = [for_p, {**for_q, "short": 1}]
    assert refused(ask, reserves=short) is None
    assert refused(ask, reserves=[for_p, for_q]) == differs("reserves short", 0, 1)


# --- quality ---

QUALITY = {"table": "communities", "rows": 4, "fact": 0.5, "unstated": 0, "estimated": 0.25, "synthetic": 0.25,
           "synthetic_share": 0.25}  # fmt: skip
STRANGE = ("record_strange", {"what": "quality"})


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({}, None), ({"rows": 0}, None), ({"fact": 0.500005}, None), ({"fact": 0}, None),
        ({"synthetic": 1, "synthetic_share": 1, "fact": 0, "estimated": 0}, None),
        ({"rows": -1}, STRANGE), ({"rows": 4.0}, STRANGE), ({"rows": True}, STRANGE), ({"table": 3}, STRANGE),
        ({"fact": -0.1}, STRANGE), ({"fact": 1.1, "estimated": -0.35}, STRANGE), ({"unstated": False}, STRANGE),
        ({"fact": 0.50002}, STRANGE), ({"synthetic_share": 0.5}, differs("quality synthetic_share", 0.5, 0.25)),
        ({"x": 1}, ("record_strange", {"what": "quality.x"})),
    ],
)  # fmt: skip
def test_shares_of_one_whole(other, told):
    assert refused(street(), quality=[QUALITY, {**QUALITY, **other}]) == told
