"""Gini, Theil and the worst-off tenth: worked by hand, and against their definitions."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from quarterhour.base.errors import DataError
from quarterhour.services.equity import equity_by_area, measure_equity
from repeatable import examples


def series(values: object) -> pd.Series:
    return pd.Series(values, index=[f"c{i}" for i in range(len(values))], dtype=float)  # type: ignore[arg-type]


def test_all_alike_is_nought() -> None:
    found = measure_equity(series([3, 3, 3]), people=series([1, 5, 9]))
    assert (found.gini, found.theil) == pytest.approx((0, 0))
    assert found.worst == found.mean == 3


def test_one_has_all() -> None:
    """Four people, one of them has everything: Gini 3/4, Theil ln 4."""
    found = measure_equity(series([0, 0, 0, 8]), people=series([1, 1, 1, 1]))
    assert found.gini == pytest.approx(0.75)
    assert found.theil == pytest.approx(np.log(4))
    assert found.curve["value"].tolist() == [0, 0, 0, 0, 1]


def test_the_worst_off_tenth_takes_part_of_a_community() -> None:
    """100 people: 4 have 1, the next 16 have 2; the worst-off ten are those 4 and 6 of the 16."""
    found = measure_equity(series([9, 1, 2]), people=series([80, 4, 16]))
    assert found.worst == pytest.approx((4 * 1 + 6 * 2) / 10)


def test_theil_between_towns_is_part_of_the_whole() -> None:
    value, people = series([1, 3, 5, 7]), series([2, 1, 4, 3])
    towns = pd.Series(["a", "a", "b", "b"], index=value.index)
    found = measure_equity(value, people=people, areas=towns)
    parts = equity_by_area(value, people=people, areas=towns)
    share = parts["people"] * parts["mean"] / (people * value).sum()
    assert found.theil == pytest.approx(found.theil_between + (share * parts["theil"]).sum())


def test_nobody_and_nothing() -> None:
    nobody = measure_equity(series([1.0]), people=series([0]))
    assert np.isnan(nobody.gini)
    nothing = measure_equity(series([0, 0]), people=series([1, 1]))
    assert np.isnan(nothing.gini)
    assert nothing.worst == 0


def test_missing_values_are_told() -> None:
    with pytest.raises(DataError, match="c1"):
        measure_equity(series([1, np.nan]), people=series([1, 1]))
    with pytest.raises(DataError, match="c0"):
        measure_equity(series([1, 1]), people=series([np.nan, 1]))
    assert measure_equity(series([1, np.nan]), people=series([1, 0])).people == 1


@examples(60)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 6)), min_size=1, max_size=8))
def test_a_community_of_five_is_five_people(rows: list[tuple[int, int]]) -> None:
    value, people = (series([row[k] for row in rows]) for k in (0, 1))
    each = np.repeat(value.to_numpy(), people.to_numpy().astype(int))
    found = measure_equity(value, people=people)
    if each.sum() == 0:
        assert np.isnan(found.gini)
        return
    apart = np.abs(each[:, None] - each[None]).mean() / (2 * each.mean())
    assert found.gini == pytest.approx(apart, abs=1e-12)
    ratio = each[each > 0] / each.mean()
    assert found.theil == pytest.approx((ratio * np.log(ratio)).sum() / len(each), abs=1e-12)
