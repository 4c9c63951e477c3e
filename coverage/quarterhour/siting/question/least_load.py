"""The least load of a new site: it is built only where so many use it, or are served there."""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.question.evaluate import Outcome
from quarterhour.siting.question.problem import SitingProblem


def least_load(problem: SitingProblem) -> IntArray:
    """How many must use each site if it is built or upgraded; 0 where nothing is asked, and of what stands."""
    if "least_load" not in problem.sites:
        return np.zeros(len(problem.sites), dtype=np.int64)
    asked = problem.sites["least_load"].fillna(0).to_numpy(dtype=np.int64)
    return np.where(problem.existing, 0, asked)


def asks_least_load(problem: SitingProblem) -> bool:
    """Whether any site must be used by so many."""
    return bool((least_load(problem) > 0).any())


def could_load(problem: SitingProblem) -> IntArray:
    """The most that could ever use each site: all within the standard, and no more than it has room for."""
    asks = problem.demand if problem.capacity is None else problem.load
    could = np.zeros(len(problem.sites), dtype=np.int64)
    _add_up(problem.near.start, problem.near.site, asks.to_numpy(dtype=np.int64), could)
    return could if problem.capacity is None else np.minimum(could, problem.room)


@kernel
def _add_up(start, site, asks, could):  # type: ignore[no-untyped-def]
    for i in range(len(asks)):
        for k in range(start[i], start[i + 1]):
            could[site[k]] += asks[i]


def site_loads(outcome: Outcome) -> IntArray:
    """How many use each site: people to whom it is the nearest open one, or what of a capacity is taken up."""
    problem, served = outcome.measure.problem, outcome.choice.served
    sites, people = len(problem.sites), problem.demand.to_numpy(dtype=np.int64)
    if served is None:
        nearest = outcome.scan.nearest
        return np.bincount(nearest[nearest >= 0], people[nearest >= 0], sites).astype(np.int64)
    split = problem.capacity is not None and problem.capacity.split
    load = served.people if split else problem.load.to_numpy(dtype=np.int64)[outcome.measure.row[served.pair]]
    return np.bincount(problem.near.site[served.pair], load, sites).astype(np.int64)


def is_filled(outcome: Outcome) -> bool:
    """Whether every site that is built is used by as many as it must be."""
    least = least_load(outcome.measure.problem)
    asked: BoolArray = (least > 0) & outcome.choice.opened
    return not asked.any() or bool((site_loads(outcome)[asked] >= least[asked]).all())
