"""What each further site brings: the most people that 1, 2, 3, ... sites can cover, each with its bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quarterhour.errors import DataError
from quarterhour.siting.compact import is_plain_cover, solve_large
from quarterhour.siting.core import Core, Ints
from quarterhour.siting.cover import better_of, inside, rounded
from quarterhour.siting.heuristic import as_core, good_choice
from quarterhour.siting.master import Master, settle
from quarterhour.siting.measure import Choice, Measure
from quarterhour.siting.problem import WHOLE, SitingProblem
from quarterhour.siting.solver import whole_bound
from quarterhour.siting.watch import Watch

_CLOSE = 1e-4
"""How true the linear program is at each size; cuts that do not bind are dropped beyond so many rows."""
_MOST_ROWS = 1_500
_EFFORT, _MOST_EFFORT = 150.0, 5e7
_ENOUGH = 5e-4
"""A gap that is left as it is while larger ones wait."""


def frontier(problem: SitingProblem, most: int, *, seconds: float = 60, seed: int = 0) -> pd.DataFrame:
    """The most people covered with 1, 2, ..., ``most`` new sites, and what no plan of that size beats.

    One linear program serves all sizes: only the number of sites changes, cuts and good choices are
    carried along; time that is left goes to the largest gaps. Rows ``sites`` (required ones counted),
    ``people``, ``bound``, ``gap`` (a share of the people; 0: proven), ``people`` missing where no plan
    within the quotas was found.

    Raises
    ------
    DataError : the question asks for anything but most people within a number of sites and quotas.
    """
    asked = replace(problem, new_sites=most)
    if not is_plain_cover(asked) or asked.everyone:
        raise DataError("siting.frontier_plain")
    watch = Watch(seconds=seconds, seed=seed)
    core = as_core(asked)
    anyway = Measure(asked).value(Choice(~asked.free), asked.goals[0]) // WHOLE
    required = int(asked.sites["state"].eq("required").sum())
    points = _points(core, watch)
    _narrow(core, points, watch)
    found = [None if p.choice is None else int(anyway) + core.covered(p.choice) for p in points]
    table = pd.DataFrame(
        {
            "sites": [required + n for n in range(1, len(points) + 1)],
            "people": pd.array(found, dtype="Int64"),
            "bound": [int(anyway) + int(p.bound) for p in points],
        }
    )
    return table.assign(gap=(table["bound"] / table["people"] - 1).astype("Float64"))


@dataclass(eq=False)
class _Point:
    """A number of sites: the best choice known, and what none can beat."""

    choice: Ints | None
    bound: float

    def gap(self, core: Core) -> float:
        people = 0 if self.choice is None else core.covered(self.choice)
        return self.bound / people - 1 if people else 0.0


def _points(core: Core, watch: Watch) -> list[_Point]:
    """Every number of sites once, by the linear program."""
    everyone, points = float(core.people.sum()), []
    master, last = Master(core, seed=watch.seed), None
    effort = min(_MOST_EFFORT, _EFFORT * core.cover.nnz)
    for size in range(1, core.limit + 1):
        here = replace(core, limit=size)
        choice = better_of(here, _grown(here, last), good_choice(here), watch, effort=effort)
        bound = everyone
        if not watch.over():
            master.limit(size)
            if master.rows > _MOST_ROWS:
                master.purge()
            begin = inside(here, np.empty(0, dtype=np.int64) if choice is None else choice)
            outcome, _ = settle(master, watch, inside=begin, close=_CLOSE)
            bound = min(everyone, whole_bound(outcome.bound, most=True)) if math.isfinite(outcome.bound) else everyone
            if outcome.values is not None:
                choice = better_of(here, choice, rounded(here, outcome), watch, effort=effort)
        points.append(_Point(choice, bound))
        last = choice
    return points


def _grown(core: Core, last: Ints | None) -> Ints | None:
    """The choice of one site less with the site that adds most people."""
    if last is None or not len(core.sites):
        return last
    waiting = core.people * (core.cover[:, last].sum(axis=1) == 0)
    gain = core.cover.T @ waiting
    gain[last] = -1
    grown = np.sort(np.append(last, int(np.argmax(gain)))).astype(np.int64)
    return grown if len(last) < core.limit and core.holds(grown) else last


def _narrow(core: Core, points: list[_Point], watch: Watch) -> None:
    """Time that is left goes to the largest gaps, one after another, as it would to questions of their own."""
    wide = [p for p in np.argsort([-p.gap(core) for p in points], kind="stable") if points[p].gap(core) > _ENOUGH]
    for done, place in enumerate(wide):
        if watch.over():
            return
        point, here = points[place], replace(core, limit=int(place) + 1)
        if point.choice is None:
            continue
        turn = Watch(seconds=watch.left() / (len(wide) - done), seed=watch.seed, stop=watch.over)
        found = solve_large(here, point.choice, turn, easy=point.bound)
        point.bound = min(point.bound, found.bound)
        if found.choice is not None and core.covered(found.choice) > core.covered(point.choice):
            point.choice = found.choice
