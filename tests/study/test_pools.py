"""Whose counts are put together before they are published; each pool is attacked by an integer search of its own."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from quarterhour.study.publication.pools import ALONE, Pools, enough, pooled, shared_out

SMALLEST = 5


def put_together(counts: list[int], towns: str, *, reached: str = "", counties: str = "") -> Pools:
    """Pools of communities that have one letter a community for each area."""
    alike = reached or "." * len(counts)
    lying = [a + b for a, b in zip(counties or "." * len(counts), alike, strict=True)]
    places = pd.DataFrame({"town": [t + a for t, a in zip(towns, lying, strict=True)], "county": lying,
                           "alike": list(alike), "city": "city"})  # fmt: skip
    return pooled(pd.DataFrame({"n": counts}), places, smallest=SMALLEST)


def test_small_counts_of_a_town_are_put_together_and_nobody_else() -> None:
    found = put_together([1, 9, 3, 0, 2], "aaaaa")
    assert found.of.tolist() == [0, ALONE, 0, ALONE, 0]
    assert shared_out(pd.Series([1, 9, 3, 0, 2]), found).tolist() == [2, 9, 2, 0, 2]


def test_one_small_count_takes_in_the_next_that_was_shown() -> None:
    found = put_together([2, 0, 30, 8], "aaaa")
    assert (found.of != ALONE).tolist() == [True, False, True, False]


def test_those_reached_alike_stay_together_so_that_the_reached_are_exact() -> None:
    found = put_together([3, 3, 2, 4, 3], "aaaaa", reached="11000")
    assert len(set(found.of[:2])) == len(set(found.of[2:])) == 1
    assert found.of[0] != found.of[2]


def test_ones_and_fours_give_themselves_away_and_take_in_another() -> None:
    for alike in ([1] * 6, [4, 4]):
        found = put_together([*alike, 20], "a" * (len(alike) + 1))
        assert (found.of != ALONE).all()


def test_fewest_beside_smallest_give_themselves_away_and_take_in_another() -> None:
    """Six of two, one small and the other not: the small one is 1 and the other 5."""
    found = put_together([0, 5, 9, 1], "aaaa")
    assert (found.of != ALONE).tolist() == [False, True, True, True]
    assert put_together([5, 9, 2], "aaa").of.tolist() == [0, ALONE, 0]


def test_a_part_of_few_in_the_whole_city_takes_nothing_from_the_whole() -> None:
    counts = pd.DataFrame({"n": [12, 30], "n_home": [10, 20], "n_institution": [2, 9], "n_disabled": [3, 0]})
    assert enough(counts, smallest=SMALLEST) == ["n", "n_home"]  # one person is in neither
    assert enough(counts[["n_disabled"]], smallest=SMALLEST) == []


def test_a_town_of_few_is_put_together_with_another_of_its_county() -> None:
    found = put_together([2, 0, 3, 4, 9, 9], "aabbcc", counties="xxxxyy")
    assert (found.of != ALONE).tolist() == [True, False, True, True, False, False]


def test_too_few_in_all_are_lost() -> None:
    assert put_together([1, 2], "ab").lost
    assert not put_together([0, 9], "ab").lost


def test_parts_of_a_whole_are_put_together_as_one() -> None:
    """12 in all and 10 at home are large enough; the 2 in institutions would follow."""
    counts = pd.DataFrame({"n": [12, 30, 0], "n_home": [10, 20, 0]})
    places = pd.DataFrame({"town": list("aaa"), "city": "city"})
    assert (pooled(counts, places, smallest=SMALLEST).of != ALONE).tolist() == [True, True, False]


def worlds(sums: int, size: int, *, small: list[bool]) -> list[tuple[int, ...]]:
    """Every way that a pool's sum may have come about, as somebody sees it who knows who was small."""
    some = [range(1, SMALLEST) if few else range(SMALLEST, sums + 1) for few in small]
    return [w for w in itertools.product(*some) if sum(w) == sums] if size else []


@pytest.mark.parametrize("seed", range(40))
def test_no_member_of_a_pool_can_be_found_out(seed: int) -> None:
    """Also by one who knows which members were small, and that nobody else was; enumerated, not by the rule itself."""
    some = np.random.default_rng(seed)
    size = int(some.integers(4, 14))
    counts = some.choice([0, 1, 1, 2, 3, 4, 6, 9], size=size)
    towns = "".join(sorted(some.choice(list("abc"), size=size)))
    found = put_together(counts.tolist(), towns, reached="".join(some.choice(list("01"), size=size)))
    if found.lost:
        return
    assert not ((counts > 0) & (counts < SMALLEST) & (found.of == ALONE)).any()
    for pool in set(found.of) - {ALONE}:
        members = found.of == pool
        total = int(counts[members].sum())
        assert members.sum() >= 2
        assert total >= SMALLEST
        unknown = 3 if members.sum() > 6 else int(members.sum())  # of more, three left over are hard enough
        rest = np.flatnonzero(members)[:unknown]
        left = int(counts[rest].sum())
        if unknown == members.sum():
            seen = [np.unique(column) for column in zip(*_any_world(left, unknown), strict=True)]
            assert all(len(values) >= 2 for values in seen)


def _any_world(total: int, size: int) -> list[tuple[int, ...]]:
    return [
        w for w in itertools.product(range(total + 1), repeat=size) if sum(w) == total and sum(0 < n < 5 for n in w)
    ]


def test_whoever_assumes_that_all_hidden_counts_are_small_still_knows_none() -> None:
    for counts in ([1, 2, 3], [4, 3, 1], [2, 2, 2], [4, 4, 3], [1, 1, 1, 1, 2]):
        found = put_together(counts, "a" * len(counts))
        assert (found.of == found.of[0]).all()
        possible = worlds(sum(counts), len(counts), small=[True] * len(counts))
        assert all(len({w[i] for w in possible}) >= 2 for i in range(len(counts)))


def test_what_is_published_hangs_on_sums_alone() -> None:
    for counts in itertools.permutations([1, 2, 4, 3]):
        found = put_together(list(counts), "aabb", reached="0000")
        before = put_together([*counts[1::-1], *counts[:1:-1]], "aabb", reached="0000")
        assert found.of.tolist() == before.of.tolist()
        whole = shared_out(pd.Series(counts), found)
        assert whole.sum() == 10
