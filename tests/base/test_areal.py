"""People shared out by ground, and whole numbers that add up."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some

from quarterhour.base.areal import apart, share_out, whole_numbers


@given(some.lists(some.floats(0, 1e6, allow_nan=False), min_size=1, max_size=60))
def test_whole_numbers_add_up_and_none_is_a_person_off(parts: list[float]) -> None:
    given_parts = np.array(parts)
    total = int(np.floor(given_parts.sum() + 0.5))
    whole = whole_numbers(given_parts, total)
    assert whole.sum() == total
    assert (np.abs(whole - given_parts) < 1.0000001).all()


def test_of_equal_remainders_the_first_goes_up() -> None:
    assert whole_numbers(np.full(3, 1 / 3), 1).tolist() == [1, 0, 0]


def test_parts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="is not 9"):
        whole_numbers(np.array([1.0, 2.0]), 9)


def test_ground_of_two_is_the_first_ones() -> None:
    areas = np.array([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1), shapely.box(3, 0, 4, 1)])
    trimmed, common = apart(areas)
    assert shapely.area(trimmed).tolist() == [2, 1, 1]
    assert common.tolist() == [0, 0.5, 0]


def test_people_follow_the_ground() -> None:
    sources = np.array([shapely.box(0, 0, 4, 1), shapely.box(4, 0, 6, 1)])
    areas = np.array([shapely.box(0, 0, 3, 1), shapely.box(3, 0, 5, 1), shapely.box(9, 9, 10, 10)])
    shared = share_out(sources, np.array([100.0, 40.0]), areas)
    assert shared.people.tolist() == [75, 45, 0]
    assert shared.outside == 20
    assert shared.known.tolist() == [1, 1, 0]


def test_a_point_on_a_border_is_counted_once() -> None:
    areas = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    sources = np.array([shapely.Point(1, 0.5), shapely.Point(1.5, 0.5), shapely.Point(7, 7)])
    shared = share_out(sources, np.array([3.0, 4.0, 5.0]), areas)
    assert shared.people.tolist() == [3, 4]
    assert shared.outside == 5


@given(some.lists(some.tuples(some.floats(0, 9), some.floats(0, 9), some.floats(0.1, 5)), min_size=1, max_size=8))
def test_nobody_is_lost_or_counted_twice(squares: list[tuple[float, float, float]]) -> None:
    areas, _ = apart(np.array([shapely.box(x, y, x + side, y + side) for x, y, side in squares]))
    sources = np.array([shapely.box(x, y, x + 1, y + 1) for x in range(10) for y in range(10)])
    shared = share_out(sources, np.arange(100.0), areas)
    assert shared.people.sum() + shared.outside == pytest.approx(4950)
    assert shared.people.sum() <= 4950.000001
