"""How many find a place at some open sites, as at those that stand today, before anything is built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quarterhour.base.arrays import BoolArray
from quarterhour.siting.methods.capacity.transportation import MOST_FLOW, smallest_cut
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem
from quarterhour.siting.question.rules import Budget


def placed_today(problem: SitingProblem) -> int | None:
    """How many find a place at existing sites where communities are shared out; None where too many to count."""
    return placed_at(problem, problem.existing)


def placed_at(problem: SitingProblem, opened: BoolArray) -> int | None:
    """How many find a place at open sites where communities are shared out; None where they are too many to count.

    A greatest flow, so no way of sharing them out places more.
    """
    near, people = problem.near, problem.load.to_numpy(dtype=np.int64)
    whole = int(people.sum())
    if whole > MOST_FLOW:
        return None
    row = np.repeat(np.arange(len(people)), np.diff(near.start))
    use = opened[near.site]
    row, site = row[use], near.site[use].astype(np.int64)
    return smallest_cut(people, row, site, people[row], np.minimum(problem.room, whole))[0]


def as_it_stands(problem: SitingProblem) -> SitingProblem:
    """The same question with nothing to be built: the most people at existing sites, no rule on sites."""
    state = problem.sites["state"]
    return replace(
        problem,
        goals=(Goal("max-cover"),),
        sites=problem.sites.assign(state=state.replace("required", "candidate")),
        new_sites=0,
        quotas=(),
        coverage=Coverage(tier=problem.coverage.tier, everyone=False),
        budget=Budget(),
        conflicts=np.empty((0, 2), dtype=np.int32),
    )
