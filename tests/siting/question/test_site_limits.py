"""Rows on the choice of sites: every set of a few sites is held against the rules as they are said."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import scipy.sparse as sp

from quarterhour.base.arrays import IntArray
from quarterhour.siting.question import site_limits
from quarterhour.siting.question.site_limits import SiteLimits, as_limits, count_limits, groups_of

ROWS = np.array([[1, 1, 1, 1], [3, 0, 2, 0], [2, 0, 2, 3]])
LOW, HIGH = np.array([1, 0, 2]), np.array([3, 4, 5])


def _plain(name: str):  # type: ignore[no-untyped-def]
    """A kernel as Python reads it, whether it is compiled here or not."""
    made = getattr(site_limits, name)
    return getattr(made, "py_func", made)


def _sets(sites: int) -> Iterator[IntArray]:
    for some in itertools.product([False, True], repeat=sites):
        yield np.flatnonzero(some).astype(np.int64)


def _limits(fixed: tuple[int, ...] = ()) -> SiteLimits:
    return SiteLimits(sp.csr_array(ROWS), LOW, HIGH, np.isin(np.arange(4), fixed))


def test_a_set_of_sites_is_held_against_every_row() -> None:
    limits = _limits(fixed=(3,))
    assert limits.fixed_sites.tolist() == [3]
    kept = []
    for opened in _sets(4):
        used = [sum(row[s] for s in opened) for row in ROWS.tolist()]
        assert limits.used(opened).tolist() == used
        if all(low <= n <= high for low, n, high in zip(LOW, used, HIGH, strict=True)) and 3 in opened:
            kept.append(opened.tolist())
        assert limits.holds(opened) == (opened.tolist() in kept)
    assert kept == [[3], [2, 3], [1, 3], [1, 2, 3], [0, 3], [0, 1, 3]]  # 0 and 2 weigh 5 in the second row


def test_rules_for_what_is_left_over_are_those_of_the_whole() -> None:
    """Of sites 0 to 3, 3 fixed, 1 open for good and 0 closed: only 2 is left to choose."""
    limits = _limits(fixed=(3,))
    left = limits.without(np.array([0, 1, 0, 0], dtype=bool), np.array([1, 0, 0, 0], dtype=bool))
    assert left.rows.toarray().tolist() == [[1], [2], [2]]
    assert (left.low.tolist(), left.high.tolist(), left.fixed.tolist()) == ([-1, 0, -1], [1, 4, 2], [False])
    for opened in _sets(1):
        assert left.holds(opened) == limits.holds(np.sort(np.append(opened + 2, [1, 3])))


def test_rules_for_the_sites_that_are_not_fixed() -> None:
    left = _limits(fixed=(0, 2)).of_free_sites()
    assert left.rows.toarray().tolist() == [[1, 1], [0, 0], [0, 3]]
    assert (left.low.tolist(), left.high.tolist(), left.fixed.tolist()) == ([-1, -5, -2], [1, -1, 1], [False, False])


def test_the_rows_of_each_site() -> None:
    start, row, weight = _limits().by_site()
    listed = [list(zip(row[a:b].tolist(), weight[a:b].tolist(), strict=True)) for a, b in itertools.pairwise(start)]
    assert listed == [[(0, 1), (1, 3), (2, 2)], [(0, 1)], [(0, 1), (1, 2), (2, 2)], [(0, 1), (2, 3)]]
    assert {array.dtype for array in (start, row, weight)} == {np.dtype(np.int64)}


def test_rows_one_by_one_keep_their_order() -> None:
    rows = [(np.array([2, 0]), np.array([7, 5]), 1, 9), (np.array([], dtype=int), np.array([], dtype=int), 0, 0)]
    limits = as_limits(iter(rows), np.array([False, True, False]))
    assert limits.rows.toarray().tolist() == [[5, 0, 7], [0, 0, 0]]
    assert (limits.low.tolist(), limits.high.tolist(), limits.fixed_sites.tolist()) == ([1, 0], [9, 0], [1])
    none = as_limits([], np.zeros(3, dtype=bool))
    assert (none.rows.shape, none.low.tolist(), none.high.tolist()) == ((0, 3), [], [])
    assert none.holds(np.array([0, 2]))


def test_so_many_in_all_and_in_each_area() -> None:
    limits = count_limits(5, most=2, areas=[([0, 1, 4], 1, None), ([2], 0, 1)], fixed=[4])
    assert limits.rows.toarray().tolist() == [[1, 1, 1, 1, 0], [1, 1, 0, 0, 1], [0, 0, 1, 0, 0]]
    assert (limits.low.tolist(), limits.high.tolist()) == ([0, 1, 0], [2, 3, 1])
    assert limits.fixed_sites.tolist() == [4]
    assert count_limits(5, fixed=[1, 4]).high.tolist() == [3]  # any number of those that are not fixed


def test_layers_of_rows_that_share_no_site() -> None:
    row = [([0, 1], 0, 1), ([1, 2], 0, 1), ([3], 0, 1), ([0], 0, 1)]
    limits = as_limits([(np.array(s), np.ones(len(s), int), low, high) for s, low, high in row], np.zeros(4, bool))
    assert groups_of(limits).tolist() == [[0, 0, -1, -1], [3, 1, 1, 2]]
    assert groups_of(as_limits([], np.zeros(3, dtype=bool))).tolist() == []


@pytest.mark.parametrize("name", ["may_change", "count_site"])
def test_a_kernel_is_the_same_compiled_and_as_python_reads_it(name: str) -> None:
    made, (start, row, weight) = getattr(site_limits, name), _limits().by_site()
    for site, other in itertools.product(range(4), repeat=2):
        used = [_limits().used(np.array([0, 2])) for _ in range(2)]
        rest = [(u, LOW, HIGH, site, other) if name == "may_change" else (u, site, -1) for u in used]
        said = [kernel(start, row, weight, *given) for kernel, given in zip((made, _plain(name)), rest, strict=True)]
        assert (said[0], used[0].tolist()) == (said[1], used[1].tolist())


def test_a_change_may_break_no_row_nor_make_a_broken_one_worse() -> None:
    """Over every set of sites, those that break rows too, and every site that leaves or comes (-1: none)."""
    limits = _limits()
    for opened in _sets(4):
        used = limits.used(opened)
        closed = np.setdiff1d(np.arange(4), opened)
        for leaving, coming in itertools.product([-1, *opened.tolist()], [-1, *closed.tolist()]):
            after = limits.used(np.setdiff1d(np.append(opened, coming), [leaving, -1]))
            worse = ((after < LOW) & (after < used)) | ((after > HIGH) & (after > used))
            said = _plain("may_change")(*limits.by_site(), used, LOW, HIGH, leaving, coming)
            assert said == (not worse.any()), (opened, leaving, coming)


def test_a_site_that_comes_and_goes_is_counted_in_its_rows() -> None:
    limits, used = _limits(), np.array([5, 5, 5])
    _plain("count_site")(*limits.by_site(), used, 2, 1)
    assert used.tolist() == [6, 7, 7]
    _plain("count_site")(*limits.by_site(), used, 0, -1)
    assert used.tolist() == [5, 4, 5]
