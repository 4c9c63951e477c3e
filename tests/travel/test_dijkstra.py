"""The kernels alone, compiled and through scipy, against sums of arcs tried in every order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.travel import dijkstra, nearest_kernels, sum_kernels
from quarterhour.travel.dijkstra import UNREACHED, cutoff_table
from quarterhour.travel.nearest_kernels import nearest_to_targets, several_to_targets
from quarterhour.travel.search_arrays import Queue, SearchArrays, search_arrays
from quarterhour.travel.sum_kernels import sums_of_sources, sums_of_targets
from repeatable import examples

Csr = tuple[np.ndarray, np.ndarray, np.ndarray]
FAR = 2**40
SMALL = Queue(shift=3, buckets=2, room=1)
"""Nearly all lies beyond the buckets, and the room runs short at once."""


@pytest.fixture(params=["compiled", "scipy"], autouse=True)
def way(request: pytest.FixtureRequest) -> Any:
    """Both ways to the answer."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "scipy":
            for room in (dijkstra, nearest_kernels, sum_kernels):
                patch.setattr(room, "COMPILED", False)
            patch.setattr("quarterhour.travel.dijkstra_scipy.AT_ONCE", 40)
            patch.setattr("quarterhour.travel.dijkstra_scipy.OWNERS", 2)
        yield request.param


def csr(rows: list[int], values: list[tuple[int, int]], count: int) -> Csr:
    order = np.argsort(rows, kind="stable")
    held = np.array(values, np.int64).reshape(-1, 2)[order]
    return np.r_[0, np.cumsum(np.bincount(np.array(rows, np.int64), minlength=count))], held[:, 0], held[:, 1]


def arcs_of(n: int, arcs: list[tuple[int, int, int]]) -> Csr:
    return csr([a[0] for a in arcs], [a[1:] for a in arcs], n)


def exact(n: int, arcs: list[tuple[int, int, int]]) -> np.ndarray:
    """Each junction to each, by taking one junction more at a time as a stop on the way."""
    times = np.full((n, n), FAR)
    times[np.arange(n), np.arange(n)] = 0
    for u, v, w in arcs:
        times[u, v] = min(times[u, v], w)
    for stop in range(n):
        times = np.minimum(times, times[:, [stop]] + times[[stop]])
    return np.minimum(times, FAR)


class Town:
    """Roads, places joined to several junctions, legs along one road; and all times between, by hand."""

    def __init__(self, n: int, arcs: list[Any], sources: list[Any], targets: list[Any], legs: list[Any]) -> None:
        self.n, self.arcs, self.count = n, arcs_of(n, arcs), len(targets)
        self.sources = csr([s for s, e in enumerate(sources) for _ in e], [x for e in sources for x in e], len(sources))
        joined = [(node, t, cs) for t, e in enumerate(targets) for node, cs in e]
        self.targets = arcs_of(n, joined)
        self.legs = arcs_of(len(sources), legs)
        times = exact(n, arcs)
        self.times = np.full((len(sources), self.count), FAR)
        for s, entries in enumerate(sources):
            for u, ahead in entries:
                for v, t, behind in joined:
                    self.times[s, t] = min(self.times[s, t], ahead + times[u, v] + behind)
        for s, t, cs in legs:
            self.times[s, t] = min(self.times[s, t], cs)

    def within(self, cut: int) -> np.ndarray:
        return np.where(self.times <= cut, self.times, -1)

    def search(self, queue: Queue) -> SearchArrays:
        held: dict[str, Any] = {"targets": self.targets, "direct": self.legs, "target_count": self.count}
        return search_arrays(self.arcs, self.sources, **held, queue=queue)


CS = st.integers(0, 9) | st.integers(1, 300) | st.sampled_from([0, 0, 10**5, 2**28, 2**31 - 1])
CUTS = st.sampled_from([0, 7, 50, 400, 10**6, 2**30 - 1])


@st.composite
def towns(draw: st.DrawFn) -> Town:
    n = draw(st.integers(1, 9))
    node = st.integers(0, n - 1)
    arcs = draw(st.lists(st.tuples(node, node, CS), max_size=40))
    place = st.lists(st.tuples(node, st.integers(0, 120) | st.sampled_from([0, 2**31 - 1])), max_size=3)
    sources, targets = (draw(st.lists(place, min_size=1, max_size=5)) for _ in range(2))
    leg = st.tuples(st.integers(0, len(sources) - 1), st.integers(0, len(targets) - 1), CS)
    return Town(n, arcs, sources, targets, draw(st.lists(leg, max_size=4)))


def full(found: Csr, targets: int) -> np.ndarray:
    """The table with -1 where a target is too far; no pair may come twice."""
    start, ids, cs = found
    rows = np.repeat(np.arange(len(start) - 1), np.diff(start))
    assert len(set(zip(rows.tolist(), ids.tolist(), strict=True))) == len(ids)
    table = np.full((len(start) - 1, targets), -1, np.int64)
    table[rows, ids] = cs
    return table


both = examples(120)


@both
@given(towns(), CUTS, st.sampled_from([Queue(), SMALL, Queue(shift=0, buckets=3)]))
def test_the_table_holds_every_pair_within_the_cutoff(town: Town, cut: int, queue: Queue) -> None:
    found = cutoff_table(town.search(queue), cut=cut)
    assert (full(found, town.count) == town.within(cut)).all()


@both
@given(towns(), CUTS, st.sampled_from([Queue(), SMALL]))
def test_without_targets_the_junctions_are_the_targets(town: Town, cut: int, queue: Queue) -> None:
    n = town.n
    each = Town(n, [], [], [[(i, 0)] for i in range(n)], [])
    alone = search_arrays(town.arcs, town.sources, queue=queue)
    held = search_arrays(town.arcs, town.sources, targets=each.targets, target_count=n, queue=queue)
    assert (full(cutoff_table(alone, cut=cut), n) == full(cutoff_table(held, cut=cut), n)).all()
    for found, wanted in zip(nearest_to_targets(alone, cut=cut), nearest_to_targets(held, cut=cut), strict=True):
        assert (found == wanted).all()


@both
@given(towns(), CUTS, st.sampled_from([Queue(), SMALL]), st.integers(1, 4), st.data())
def test_the_nearest_are_those_of_the_table_and_ties_go_to_the_lower(
    town: Town, cut: int, queue: Queue, k: int, data: st.DataObject
) -> None:
    some = data.draw(st.sets(st.integers(0, len(town.times) - 1)))
    search, chosen = town.search(queue), np.array(sorted(some), np.int64)
    cs, source = several_to_targets(search, k=k, chosen=chosen, cut=cut)
    for t in range(town.count):
        ranked = sorted((town.times[s, t], s) for s in some if town.times[s, t] <= cut)[:k]
        ranked += [(UNREACHED, -1)] * (k - len(ranked))
        assert list(zip(cs[t].tolist(), source[t].tolist(), strict=True)) == ranked
    one = nearest_to_targets(search, chosen=chosen, cut=cut)
    assert (one[0] == cs[:, 0]).all()
    assert (one[1] == source[:, 0]).all()


@both
@given(towns(), CUTS, st.sampled_from([Queue(), SMALL]))
def test_the_nearest_source_of_each_junction_equals_the_table(town: Town, cut: int, queue: Queue) -> None:
    search = search_arrays(town.arcs, town.sources, queue=queue)
    cs, owner = nearest_to_targets(search, cut=cut)
    times = full(cutoff_table(search, cut=cut), town.n)
    reached = np.where(times < 0, UNREACHED, times).min(axis=0)
    assert (cs == reached).all()
    assert (owner == np.where(reached < UNREACHED, (times == reached).argmax(axis=0), -1)).all()


@both
@given(towns(), st.sets(CUTS, min_size=1), st.sampled_from([Queue(), SMALL]), st.integers(0, 10**6))
def test_sums_equal_those_over_the_table(town: Town, cuts: set[int], queue: Queue, seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 10**6, (town.count, 2))
    search = town.search(queue)
    found = sums_of_targets(search, amounts=people, cuts=sorted(cuts))
    for band, cut in enumerate(sorted(cuts)):
        assert (found[:, band] == (town.times <= cut) @ people).all()
    kind, beds, cut = rng.integers(0, 2, len(town.times)), rng.integers(0, 99, (len(town.times), 2)), max(cuts)
    by_kind = sums_of_sources(search, amounts=beds, kind=kind, kinds=2, cut=cut)
    for which in range(2):
        near = (town.times <= cut) & (kind == which)[:, None]
        assert (by_kind[:, which] == near.T @ beds).all()


def test_zero_length_arcs_and_self_loops_do_no_harm() -> None:
    town = [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 2, 5), (2, 2, 1)]
    each = (np.arange(4), np.arange(3), np.zeros(3))
    assert full(cutoff_table(search_arrays(arcs_of(3, town), each), cut=5), 3).tolist() == [
        [0, 0, 5],
        [0, 0, 5],
        [-1, -1, 0],
    ]


def test_of_parallel_arcs_the_quickest_counts_not_their_sum() -> None:
    one = (np.arange(2), np.zeros(1), np.zeros(1))
    search = search_arrays(arcs_of(2, [(0, 1, 7), (0, 1, 3), (0, 1, 9)]), one)
    assert full(cutoff_table(search, cut=20), 2).tolist() == [[0, 3]]


def test_one_very_long_arc_sizes_nothing() -> None:
    arcs = [(0, 1, 2**28), (1, 2, 1), (0, 2, 2**29)]
    found = cutoff_table(search_arrays(arcs_of(3, arcs), (np.arange(2), np.zeros(1), np.zeros(1))), cut=2**30 - 1)
    assert full(found, 3).tolist() == [[0, 2**28, 2**28 + 1]]


def test_a_search_that_is_told_to_stop_stops() -> None:
    stop = np.ones(1, np.uint8)
    each = (np.arange(3), np.arange(2), np.zeros(2))
    assert len(cutoff_table(search_arrays(arcs_of(2, [(0, 1, 900)]), each, stop=stop), cut=9000)[1]) == 0


def test_a_search_for_several_that_is_told_to_stop_stops() -> None:
    """0 -900-> 1 -900-> 2: nobody comes to 2."""
    ends: dict[str, Any] = {"targets": (np.arange(4), np.arange(3), np.zeros(3)), "target_count": 3}
    one = np.arange(2), np.zeros(1), np.zeros(1)
    search = search_arrays(arcs_of(3, [(0, 1, 900), (1, 2, 900)]), one, **ends, stop=np.ones(1, np.uint8))
    assert several_to_targets(search, k=1, cut=9000)[1][2].tolist() == [-1]


@pytest.mark.parametrize("joined", [True, False])
def test_a_table_larger_than_its_first_room_is_whole(joined: bool) -> None:
    """A ring of 130 junctions, one centisecond from each to the next: 16,900 pairs, and room for 16,384."""
    each = np.arange(130)
    ends = np.arange(131), each, np.zeros(130)
    held: dict[str, Any] = {"targets": ends, "target_count": 130} if joined else {}
    search = search_arrays(arcs_of(130, [(i, (i + 1) % 130, 1) for i in range(130)]), ends, **held)
    assert (full(cutoff_table(search, cut=200), 130) == (each - each[:, None]) % 130).all()


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize(("most", "starts"), [(2, [0, 3]), (3, [0, 3, 5]), (4, [0, 3, 5]), (5, [0, 3, 5, 6])])
def test_a_table_ends_with_the_source_that_brings_more_than_the_most(
    joined: bool, most: int, starts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 -1-> 1 -1-> 2, from each junction: 3, 2 and 1 pairs."""
    monkeypatch.setattr("quarterhour.travel.dijkstra_scipy.AT_ONCE", 1)  # a source at a time
    ends = np.arange(4), np.arange(3), np.zeros(3)
    held: dict[str, Any] = {"targets": ends, "target_count": 3} if joined else {}
    search = search_arrays(arcs_of(3, [(0, 1, 1), (1, 2, 1)]), ends, **held)
    found = cutoff_table(search, cut=9, most=most)
    assert found[0].tolist() == starts
    assert full(found, 3).tolist() == [[0, 1, 2], [-1, 0, 1], [-1, -1, 0]][: len(starts) - 1]


def test_several_beyond_the_buckets_are_dealt_out() -> None:
    """0 -100-> 1 -100-> 2 -20-> 0 and 0 -500-> 2; sources at 0 and 50 before 1; three buckets of 8 centiseconds."""
    ring = arcs_of(3, [(0, 1, 100), (0, 2, 500), (1, 2, 100), (2, 0, 20)])
    ends: dict[str, Any] = {"targets": (np.arange(4), np.arange(3), np.zeros(3)), "target_count": 3}
    sources = np.arange(3), np.array([0, 1]), np.array([0, 50])
    cs, source = several_to_targets(search_arrays(ring, sources, **ends, queue=SMALL), k=2, cut=1000)
    assert cs.tolist() == [[0, 170], [50, 100], [150, 200]]
    assert source.tolist() == [[0, 1], [1, 0], [1, 0]]


def test_several_for_whom_the_room_runs_short_on_the_way_begin_anew() -> None:
    """0 -3-> 1 and 0 -5-> 2: the second waits where there is room for one."""
    star = arcs_of(3, [(0, 1, 3), (0, 2, 5)])
    ends: dict[str, Any] = {"targets": (np.arange(4), np.arange(3), np.zeros(3)), "target_count": 3}
    one = np.arange(2), np.zeros(1), np.zeros(1)
    cs, source = several_to_targets(search_arrays(star, one, **ends, queue=SMALL), k=1, cut=9)
    assert (cs[:, 0].tolist(), source[:, 0].tolist()) == ([0, 3, 5], [0, 0, 0])
