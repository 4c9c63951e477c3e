"""In which order to build in the toy town (``toy_town.py``), and what each site adds, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from quarterhour.siting.question.building_order import building_order, in_stages
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem, Standard
from quarterhour.siting.question.quotas import shortfalls
from quarterhour.siting.question.rules import Capacity
from toy_town import choice, states, town

NEW = states(*["candidate"] * 4)


def _order(problem: SitingProblem, opened: str, served: dict[int, int] | None = None) -> list[tuple[str, float]]:
    gain = building_order(Measure(problem), choice(opened, served))
    assert gain.name == "gain"
    return list(gain.items())


def _plan(problem: SitingProblem, gain: pd.Series, *, placed: bool = False) -> SitingPlan:
    """A plan of which the order of building is all that matters."""
    served = pd.DataFrame({"community": ["c0"], "site": ["s0"], "people": [1]}) if placed else None
    return SitingPlan(
        problem.id, "max-cover", tuple(gain.index), gain, pd.Series(dtype=object), 1, 1, 0, "optimal", 0, 1, 105, 100,
        shortfalls(problem), "counting", 0, 0, input_hash(problem), served=served,
    )  # fmt: skip


def test_whatever_covers_most_who_are_not_yet_covered_comes_next() -> None:
    """s3 has c2 and c3; then s0 has c0 and c1; what s1 and s2 could add at first is gone by then."""
    assert _order(town(sites=NEW), "0123") == [("s3", 70), ("s0", 30), ("s1", 0), ("s2", 0)]
    assert _order(town(sites=NEW), "12") == [("s1", 60), ("s2", 0)]


def test_what_stands_already_is_not_built_and_has_its_people() -> None:
    assert _order(town(), "0123") == [("s3", 70), ("s1", 0), ("s2", 0)]
    assert _order(town(), "01") == [("s1", 30)]
    assert _order(town(), "0") == []


def test_required_sites_come_first() -> None:
    sites = states("existing", "required", "candidate", "required")
    assert _order(town(sites=sites), "0123") == [("s3", 70), ("s1", 0), ("s2", 0)]
    sites = states("candidate", "candidate", "required", "candidate")
    assert _order(town(sites=sites), "0123") == [("s2", 30), ("s3", 40), ("s0", 30), ("s1", 0)]


def test_of_two_that_add_as_much_the_earlier_in_the_table_comes_first() -> None:
    assert _order(town(sites=NEW), "02") == [("s0", 30), ("s2", 30)]


def test_what_adds_nothing_alone_may_add_with_a_second_one() -> None:
    assert _order(town(sites=NEW, coverage=Coverage(backup=0)), "0123") == [
        ("s0", 0), ("s1", 30), ("s2", 30), ("s3", 0)
    ]  # fmt: skip
    half = Coverage(backup=50)
    assert _order(town(sites=NEW, coverage=half), "0123") == [("s3", 35), ("s1", 30), ("s0", 15), ("s2", 0)]
    assert _order(town(coverage=Coverage(backup=0)), "023") == [("s2", 0), ("s3", 30)]


def test_where_a_share_counts_gains_are_parts_of_people() -> None:
    steps = town(sites=NEW, within=Standard(15, ((5, 100), (15, 55))))
    gain = building_order(Measure(steps), choice("013"))
    assert (gain.dtype, gain.to_dict()) == ("float64", {"s3": 56.5, "s1": 25.5, "s0": 4.5})
    assert list(gain.index) == ["s3", "s1", "s0"]
    assert building_order(Measure(town()), choice("013")).dtype == "int64"


def test_where_sites_have_room_whoever_serves_most_comes_first() -> None:
    room = town(sites=NEW, capacity=Capacity(split=True))
    assert _order(room, "123", {4: 20, 5: 10, 7: 40, 3: 5}) == [("s3", 40), ("s1", 25), ("s2", 10)]
    assert _order(room, "123", {4: 10, 5: 10, 7: 1}) == [("s1", 10), ("s2", 10), ("s3", 1)]
    sites = states("existing", "candidate", "required", "candidate")
    asked = town(sites=sites, capacity=Capacity(split=True))
    assert _order(asked, "0123", {0: 9, 4: 20, 5: 10, 7: 40}) == [("s2", 10), ("s3", 40), ("s1", 20)]


@pytest.mark.parametrize(
    ("stages", "gains"),
    [
        ([["s1", "s2"], ["s3"]], [("s1", 30), ("s2", 0), ("s3", 40)]),
        ([["s2"], [], ["s1", "s3"]], [("s2", 30), ("s3", 40), ("s1", 0)]),
        ([["s2", "s3", "s1"]], [("s3", 70), ("s1", 0), ("s2", 0)]),
    ],
)
def test_stage_by_stage_the_gains_are_those_of_that_order(
    stages: list[list[str]], gains: list[tuple[str, int]]
) -> None:
    problem = town()
    plan = in_stages(problem, _plan(problem, building_order(Measure(problem), choice("0123"))), stages)
    assert list(plan.gain.items()) == gains
    assert plan.chosen == tuple(site for site, _ in gains)


def test_stage_by_stage_who_serves_most_comes_first_in_each() -> None:
    problem = town(sites=NEW, capacity=Capacity(split=True))
    gain = pd.Series({"s3": 40, "s0": 25, "s2": 10, "s1": 10})
    plan = in_stages(problem, _plan(problem, gain, placed=True), [["s2", "s1", "s0"], ["s3"]])
    assert list(plan.gain.items()) == [("s0", 25), ("s1", 10), ("s2", 10), ("s3", 40)]
    assert plan.chosen == ("s0", "s1", "s2", "s3")
    assert plan.objective == Goal("max-cover").objective
