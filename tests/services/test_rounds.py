"""Carers' rounds: toy towns worked by hand, and rounds that can be driven."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from quarterhour.base.errors import DataError
from quarterhour.services.rounds import RoundsPlan, RoundsRule, least_carers, plan_rounds
from quarterhour.travel.times import TravelTimes, times_from_matrix
from repeatable import examples

NAN = float("nan")
DAILY = RoundsRule(visits_a_week=5, days_a_week=5, visit_minutes=60, between_homes_minutes=0, shift_minutes=480,
                   turnout_minutes=3)  # fmt: skip


def times(matrix: object, communities: list[str], sites: list[str]) -> TravelTimes:
    return times_from_matrix(matrix, communities=communities, sites=sites, cutoff=600)


def plan(
    people: list[int], from_base: list[float], apart: object = None, *, rule: RoundsRule = DAILY, minutes: float = 15
) -> RoundsPlan:
    """One base ``b``; every community as far there as back."""
    ids = [f"c{i}" for i in range(len(people))]
    legs = times(np.reshape(from_base, (-1, 1)), ids, ["b"])
    n = len(ids)
    between = times(np.full((n, n), NAN) if apart is None else apart, ids, ids)
    return plan_rounds(
        pd.Series("b", index=ids), people=pd.Series(people, index=ids), out=legs, back=legs, between=between,
        minutes=minutes, rule=rule, seconds=3600,
    )  # fmt: skip


def test_eight_visits_of_an_hour_fill_a_shift_of_eight() -> None:
    """No way to go: eight people are one carer, nine are two."""
    assert plan([8], [0]).carers == 1
    nine = plan([9], [0])
    assert (nine.carers, nine.bound) == (2, 2) and nine.bases.loc["b", "gap"] == 0


def test_the_way_there_and_back_takes_a_visit_off() -> None:
    """Half an hour each way leaves seven hours: seven visits, so eight people are two carers."""
    assert plan([7], [30]).carers == 1
    assert plan([8], [30]).carers == 2


def test_two_villages_on_one_way_are_one_round() -> None:
    """c0 is 20 away, c1 20 beyond: 20 + 3 h + 20 + 3 h + 40 = 440 minutes."""
    found = plan([3, 3], [20, 40], [[0, 20], [20, 0]])
    assert found.carers == 1
    assert found.bases.loc["b", "travel_minutes"] == 80 and found.bases.loc["b", "work_minutes"] == 360
    assert found.rounds["community"].tolist() in (
        ["c0", "c0", "c0", "c1", "c1", "c1", ""], ["c1", "c1", "c1", "c0", "c0", "c0", ""],
    )  # fmt: skip
    assert found.rounds["leave"].iloc[-1] == 440


def test_what_no_shift_reaches_is_told() -> None:
    found = plan([2, 1], [10, 211])
    assert found.bases.loc["b", "unserved"] == 1 and found.carers == 1
    assert "c1" not in set(found.rounds["community"])


def test_the_quarter_hour_holds_from_the_base_and_not_in_the_round() -> None:
    """One carer for two villages 10 minutes off on either side: from the far one it is 20 minutes to the other."""
    found = plan([4, 3], [10, 10], rule=DAILY)
    rows = found.communities
    assert rows["from_base"].tolist() == [True, True]
    assert (rows["within"] < 1).all()
    # at the home of one of c0's people the way to c1 leads past the base: 10 + 10 + 3 minutes of turnout
    assert rows.loc["c1", "worst"] >= 23
    alone = plan([3], [5]).communities
    assert alone["within"].tolist() == [1.0]


def test_visits_are_spread_over_the_week() -> None:
    """Three visits a week on five days: of ten people six a day."""
    rule = RoundsRule(visits_a_week=3, days_a_week=5, visit_minutes=60, between_homes_minutes=0, shift_minutes=480)
    found = plan([10], [0], rule=rule)
    assert found.bases.loc["b", "visits"] == 6


def test_nobody_is_lost() -> None:
    ids = ["c0", "c1"]
    legs = times([[5], [5]], ids, ["b"])
    found = plan_rounds(
        pd.Series(["b", None], index=ids), people=pd.Series([1, 1], index=ids), out=legs, back=legs,
        between=times(np.full((2, 2), NAN), ids, ids), minutes=15, rule=DAILY,
    )  # fmt: skip
    assert found.communities["base"].isna().tolist() == [False, True]
    assert found.communities["people"].tolist() == [1, 1]
    assert plan([0], [5]).carers == 0 and "0 carers" in repr(plan([0], [5]))


def test_rounds_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="481"):
        plan([1], [0], rule=RoundsRule(visit_minutes=481))
    with pytest.raises(DataError, match="whole"):
        plan([-1], [0])


@examples(25)
@given(st.integers(0, 10_000))
def test_rounds_can_be_driven_and_the_bound_is_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 4))
    spots = draw.uniform(-40, 40, (n + 1, 2))
    spots[0] = 0
    apart = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))
    people = draw.integers(0, 3, n).tolist()
    found = plan(people, apart[0, 1:].tolist(), apart[1:, 1:])
    rounds = found.rounds[found.rounds["community"] != ""]
    assert rounds["community"].value_counts().to_dict() == {f"c{i}": k for i, k in enumerate(people) if k}
    assert (found.rounds["leave"] <= 480 + 1e-9).all()
    assert found.bases["bound"].sum() <= found.carers
    stops = [i + 1 for i, k in enumerate(people) for _ in range(k)]
    assert found.carers == fewest(stops, np.ceil(apart * 60) / 60)


def fewest(stops: list[int], apart: np.ndarray) -> int:
    """The least carers, by trying every way of sharing out and ordering the visits."""

    def fits(part: tuple[int, ...]) -> bool:
        ways = itertools.permutations(part)
        return any(60 * len(w) + sum(apart[a, b] for a, b in itertools.pairwise([0, *w, 0])) <= 480 for w in ways)

    for carers in range(len(stops) + 1):
        for shared in itertools.product(range(max(carers, 1)), repeat=len(stops)):
            parts = [tuple(s for s, c in zip(stops, shared, strict=True) if c == k) for k in range(carers)]
            if (carers or not stops) and all(fits(p) for p in parts):
                return carers
    raise AssertionError


def test_no_rounds_do_with_fewer_than_counted() -> None:
    travel = np.array([[0, 600, 600], [600, 0, 60], [600, 60, 0]])
    assert least_carers(travel, 3600, 8000) == 2  # 600 + 3600 + 60 + 3600 + 600 is more than 8000
    assert least_carers(travel[:1, :1], 3600, 8000) == 0
