"""The incumbent's bound: whole numbers, and only values that some choice could have."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from quarterhour.siting.methods.median.median_instance import MUST, build_median_instance
from quarterhour.siting.methods.solver.incumbent import Incumbent
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits


@pytest.mark.parametrize(
    ("most", "bound", "said"),
    [(False, 9_923.9985 * 6_000, 9_924 * 6_000), (False, 12_000, 12_000), (False, 12_001, 18_000),
     (True, 30_001.5, 30_000), (True, 29_999, 24_000), (True, -1, -6_000)],
)  # fmt: skip
def test_a_bound_between_two_values_says_the_nearer_one(most, bound, said):
    best = Incumbent(SearchBudget(), bound=10**9 if most else -(10**9), most=most, steps=(6_000, 60_000))
    best.tighten(bound, by="someone")
    assert best.bound == said


def test_a_value_one_step_better_than_the_bound_is_proven():
    best = Incumbent(SearchBudget(), bound=0, steps=(100, 7))
    best.offer("choice", 507)
    assert best.closes(408)
    assert not best.closes(407)
    best.tighten(407.5, by="someone")
    assert best.is_optimal


@pytest.mark.parametrize("otherwise", [MUST, 30 * 60])
@pytest.mark.parametrize("whole", [True, False])
def test_values_of_all_choices_differ_by_steps(otherwise, whole):
    rng = np.random.default_rng(4)
    people, times = rng.integers(1, 5, 6) * 2, rng.integers(1, 9, (6, 5)) * 180
    limits = count_limits(5, most=3)
    median = build_median_instance(people, times, limits, otherwise=np.full(6, otherwise))
    step, value = median.steps(whole=whole)
    assert step % (360 if whole else 60) == 0
    for chosen in itertools.combinations(range(5), 3):
        assert (median.value(np.array(chosen)) - value) % step == 0
