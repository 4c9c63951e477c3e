"""Nursing beds: the share is exact, and no cheaper conversion exists."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from quarterhour.base.errors import DataError
from quarterhour.services.beds import cheapest_conversion, nursing_need
from repeatable import examples


def homes(*rows: tuple[int, ...]) -> pd.DataFrame:
    columns = ["beds", "nursing_beds", "bed_yuan", "fixed_yuan", "convertible"]
    return pd.DataFrame(rows, columns=columns[: len(rows[0])], index=[f"h{i}" for i in range(len(rows))])


def test_exactly_sixty_per_cent_is_enough() -> None:
    assert nursing_need(5, 0.6) == 3
    assert nursing_need(0, 0.6) == 0
    found = cheapest_conversion(homes((50, 30)))
    assert (found.rows["convert"].sum(), found.cost_yuan) == (0, 0)


def test_the_cheaper_beds_come_first() -> None:
    """100 beds, 40 nursing, 60 wanted: 15 in h1 at 2 yuan, the rest in h0 at 5."""
    found = cheapest_conversion(homes((60, 25, 5), (40, 15, 2)))
    assert found.rows["convert"].tolist() == [0, 20]
    assert found.rows["share_after"].tolist() == pytest.approx([25 / 60, 35 / 40])
    dearer = cheapest_conversion(homes((60, 25, 5, 0, 35), (40, 15, 2, 0, 15)))
    assert dearer.rows["convert"].tolist() == [5, 15]
    assert dearer.cost_yuan == 5 * 5 + 15 * 2


def test_a_lift_is_bought_once() -> None:
    """Ten beds: h0 asks 100 once and 1 a bed, h1 nothing once and 12 a bed."""
    found = cheapest_conversion(homes((10, 0, 1, 100, 10), (10, 2, 12, 0, 8)))
    assert found.rows["convert"].tolist() == [10, 0]
    assert found.cost_yuan == 110


def test_what_cannot_be_had_is_told() -> None:
    found = cheapest_conversion(homes((10, 0, 1, 0, 2)))
    assert (found.needed, found.short, found.rows["convert"].tolist()) == (6, 4, [2])
    assert "short of 4 beds" in repr(found)


def test_tables_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="nursing_beds"):
        cheapest_conversion(pd.DataFrame({"beds": [1]}))
    with pytest.raises(DataError, match="h0"):
        cheapest_conversion(homes((5, 6, 1, 0, 0)))
    with pytest.raises(DataError, match="h1"):
        cheapest_conversion(homes((5, 1), (-1, 0)))
    with pytest.raises(DataError, match="between 0 and 1"):
        cheapest_conversion(homes((5, 1)), share=60)


@examples(150)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 6), st.integers(0, 9)), min_size=1,
                max_size=4))  # fmt: skip
def test_no_cheaper_conversion_exists(rows: list[tuple[int, int, int, int]]) -> None:
    table = homes(*[(nursing + room, nursing, price, once, room) for nursing, room, price, once in rows])
    found = cheapest_conversion(table)
    wanted = min(found.needed - table["nursing_beds"].sum(), table["convertible"].sum())
    best = min(
        sum(n * price + (n > 0) * once for n, (_, _, price, once) in zip(made, rows, strict=True))
        for made in itertools.product(*[range(room + 1) for _, room, _, _ in rows])
        if sum(made) >= wanted
    )
    assert found.cost_yuan == best
    assert found.rows["convert"].sum() == max(0, wanted)
