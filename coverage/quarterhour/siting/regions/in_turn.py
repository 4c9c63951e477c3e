"""A choice bettered region by region: each region chooses again beside what the others have, as many as it has."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.regions.each import Each
from quarterhour.siting.regions.frontiers import region_frontier
from quarterhour.siting.regions.split import RegionQuestion, Split

_NODES = 8
"""Of the search tree of a region that chooses again."""


def choose_in_turn(split: Split, choice: IntArray, *, seed: int, each: Each) -> IntArray:
    """A choice that covers no fewer: border rows go to whoever has them, and the others use their sites elsewhere.

    Regions that share no row choose at once, the others one after the other.
    """
    cover = split.by_site
    for turn in _apart(split):
        asked = [r for r in turn if (split.region[choice] == r).any()]
        left = {r: _left_to(split, cover, choice, r) for r in asked}
        numbers = {r: int((split.region[choice] == r).sum()) for r in asked}
        questions = [RegionQuestion(split.part(r, left[r]), split.whole.limit, seed) for r in asked]
        tasks = [(question, numbers[r], numbers[r], _NODES) for r, question in zip(asked, questions, strict=True)]
        for r, found in zip(asked, each(region_frontier, tasks), strict=True):
            mine = choice[split.region[choice] == r]
            number = min(numbers[r], len(found.values) - 1)
            if found.values[number] > int(left[r][_rows_of(cover, mine)].sum()):
                choice = np.r_[choice[split.region[choice] != r], found.choice(number)]
    return np.sort(choice).astype(np.int64)


def _left_to(split: Split, cover: sp.csc_array, choice: IntArray, region: int) -> IntArray:
    """By row the people whom no site of another region covers."""
    people = split.whole.people.copy()
    people[_rows_of(cover, choice[split.region[choice] != region])] = 0
    return people


def _rows_of(cover: sp.csc_array, sites: IntArray) -> IntArray:
    return np.unique(cover[:, sites].indices)


def _apart(split: Split) -> list[list[int]]:
    """The regions in as few groups as greed finds, none of which shares a row with another of its group."""
    reached = sp.csr_array(split.reached > 0, dtype=np.int64)
    beside: BoolArray = (reached.T @ reached).toarray() > 0
    groups: list[list[int]] = []
    for region in range(len(split.names)):
        free = next((group for group in groups if not beside[region, group].any()), None)
        if free is None:
            groups.append([region])
        else:
            free.append(region)
    return groups
