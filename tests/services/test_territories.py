"""Territories: everybody has a site, the work is even, the ways short."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from quarterhour.base.errors import DataError
from quarterhour.services.territories import draw_territories
from quarterhour.travel.times import TravelTimes, times_from_matrix
from repeatable import examples

NAN = float("nan")


def times(matrix: object) -> TravelTimes:
    rows = np.asarray(matrix, float)
    ids = [f"c{i}" for i in range(rows.shape[0])], [f"s{i}" for i in range(rows.shape[1])]
    return times_from_matrix(rows, communities=ids[0], sites=ids[1], cutoff=60)


def column(name: str, *values: float) -> pd.Series:
    return pd.Series(values, index=[f"{name}{i}" for i in range(len(values))])


def test_the_nearer_site_is_left_when_it_has_too_few_hands() -> None:
    """Four alike, all nearest to s0; s1 has as many hands, so two go there: those that lose least by it."""
    found = draw_territories(
        times([[1, 9], [1, 3], [1, 4], [1, 8]]), work=column("c", 5, 5, 5, 5), staff=column("s", 2, 2), minutes=30
    )
    assert found.communities["site"].tolist() == ["s0", "s1", "s1", "s0"]
    assert found.sites["load"].tolist() == [5, 5] and found.evenest == pytest.approx(5)


def test_hands_weigh() -> None:
    found = draw_territories(times([[1, 2]] * 4), work=column("c", 6, 6, 6, 6), staff=column("s", 3, 1), minutes=30)
    assert found.sites["communities"].tolist() == [3, 1]
    assert found.sites["load"].tolist() == [6, 6]


def test_slack_buys_shorter_ways() -> None:
    far = times([[1, 30], [1, 30], [1, 30], [30, 1]])
    given_ = {"work": column("c", 5, 5, 5, 5), "staff": column("s", 1, 1), "minutes": 30}
    assert draw_territories(far, **given_).sites["communities"].tolist() == [2, 2]
    assert draw_territories(far, slack=0.5, **given_).sites["communities"].tolist() == [3, 1]


def test_nobody_is_lost_and_no_site_without_hands_serves() -> None:
    found = draw_territories(
        times([[1, 5], [NAN, NAN], [2, NAN], [3, 4]]), work=column("c", 4, 4, 4, 0), staff=column("s", 0, 2), minutes=30
    )
    assert found.communities["site"].tolist()[0] == "s1"
    assert found.communities["site"].isna().tolist() == [False, True, True, False]
    assert np.isnan(found.sites["load"].iloc[0])


def test_what_is_missing_is_told() -> None:
    with pytest.raises(DataError, match="staff"):
        draw_territories(times([[1]]), work=column("c", 1), staff=pd.Series({"x": 1}), minutes=30)


@examples(20, 300)
@given(st.integers(0, 10_000))
def test_no_whole_territories_are_more_even_than_told(seed: int) -> None:
    draw = np.random.default_rng(seed)
    near = times(draw.choice([NAN, 5, 10, 20], (5, 3), p=[0.3, 0.3, 0.2, 0.2]))
    work, staff = column("c", *draw.integers(0, 9, 5)), column("s", *draw.integers(1, 4, 3))
    found = draw_territories(near, work=work, staff=staff, minutes=30)
    options = [[s for s in near.sites if near.minutes(c, s) is not None] or [None] for c in near.communities]

    def busiest(chosen: tuple[object, ...]) -> float:
        return float((work.groupby(list(chosen)).sum() / staff).max())

    best = min(busiest(chosen) for chosen in itertools.product(*options)) if any(o != [None] for o in options) else 0
    assert found.evenest <= best + 1e-6
    told = found.communities.groupby("site")["work"].sum().reindex(staff.index).fillna(0) / staff
    assert np.allclose(told, found.sites["load"])
    assert found.communities["site"].isna().tolist() == [o == [None] for o in options]
