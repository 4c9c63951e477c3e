"""What each further site brings: the most people that 1, 2, 3, ... sites can cover or place, each with its bound."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError
from quarterhour.base.jit import COMPILED
from quarterhour.siting.methods.capacity.capacitated_max_cover import CapacitatedMaxCover
from quarterhour.siting.methods.covering.adapter import is_cover_question
from quarterhour.siting.methods.covering.benders import MaxCoverMaster
from quarterhour.siting.methods.covering.branch_and_cut import MaxCoverTree
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.exchange import offer_improved
from quarterhour.siting.methods.covering.greedy import build_cover_instance
from quarterhour.siting.methods.covering.max_cover import (
    in_people,
    interior_point,
    offer_first_choice,
    presolve_max_cover,
)
from quarterhour.siting.methods.relative import Kind, kind_of, relatives, small_relative
from quarterhour.siting.methods.solver.incumbent import SitesResult
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.figures import is_whole
from quarterhour.siting.question.least_load import asks_least_load
from quarterhour.siting.question.problem import WHOLE, SitingProblem
from quarterhour.siting.question.search import DEFAULT_SECONDS, SearchBudget, as_limits

_CLOSE = 1e-5
"""How true the linear program is at each size before the tree."""
_EFFORT, _QUICK, _SMALL = 5e7, 5e6, 100_000
"""Steps of local search at each size; and of a question with fewer pairs, whose tree costs less than they do."""
_LOOKED = 50
"""Sites that are looked at, the one that adds most first, for one that the quotas allow."""
_NODES = 4
"""Nodes that the size with the largest gap is given before it is looked which that is now."""


@takes(problem=SitingProblem)
def frontier(
    problem: SitingProblem,
    most: int,
    *,
    seconds: float = 60,
    seed: int = 0,
    gap: float = 0.0005,
    nodes: int | None = None,
    rounds: int | None = None,
    by_clock: Callable[[], object] | None = None,
) -> pd.DataFrame:
    """The most people covered with 1, 2, ..., ``most`` new sites, and what no plan of that size beats.

    One linear program serves all sizes: only the number of sites changes, cuts and good choices are
    carried along; time that is left goes to the largest gap. Where sites have a capacity that communities may share,
    those are counted who find a place. Rows ``sites`` (required ones counted),
    ``people``, ``bound``, ``gap`` (a share of the people; 0: proven), ``chosen`` (ids of what is built), ``people``
    and ``chosen`` missing where no plan within the quotas was found.

    Parameters
    ----------
    problem : asks for most people within quotas.
    most : new sites at most, required ones counted.
    seconds : time for all sizes.
    seed : of the search.
    gap : what is near enough; 0: each size is proven, as far as time and ``nodes`` allow.
    nodes : of the search tree at most, at each size (with a capacity, integer programs); None: any number. Where
        this ends the search and not ``seconds``, the same question gives the same table.
    rounds : of all searches together, as ``solve_siting`` counts them.
    by_clock : called at the end where ``seconds`` ended any part of the search.

    Returns
    -------
    A row a size, as said above; ``sites`` from 1 to ``most``.

    Raises
    ------
    DataError : the question asks for anything but most people within a number of sites and quotas, a capacity that
        is shared out, and conflicts beside that.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> qh.siting.frontier(problem, 2)[["sites", "people", "bound"]].values.tolist()
    [[1, 60, 60], [2, 110, 110]]
    """
    if not is_whole(most, 1):
        raise DataError("outlook.bad_frontier", most=most)
    asked = replace(problem, new_sites=int(most))
    if COMPILED:
        for kind, which in relatives(kind_of(problem)):
            _prepare(kind, which)
    limits = replace(as_limits(seconds, None, rounds, otherwise=DEFAULT_SECONDS), seconds=seconds)
    budget = limits.budget(seed=seed)
    table = _asked(asked, most, budget, gap, nodes)
    if budget.work.by_clock and by_clock is not None:
        by_clock()
    return table


@functools.cache
def _prepare(kind: Kind, seed: int) -> None:
    """Compile what a frontier of such a question calls, once in a process, before its clock begins."""
    problem = small_relative(kind, seed)
    if _is_placing(problem) or (is_cover_question(problem) and not problem.everyone):
        _asked(replace(problem, new_sites=2), 2, SearchBudget(), 0.0, 1)


def _asked(asked: SitingProblem, most: int, budget: SearchBudget, gap: float, nodes: int | None) -> pd.DataFrame:
    if _is_placing(asked):
        return _placed(asked, most, budget, nodes)
    if not is_cover_question(asked) or asked.everyone:
        raise DataError("outlook.frontier_plain")
    core = build_cover_instance(asked)
    anyway = int(Measure(asked).value(Choice(~asked.free), asked.goals[0]) // WHOLE)
    required = int(asked.required.sum())
    points = solve_frontier(core, budget, gap=gap, nodes=nodes)
    found = [None if p.choice is None else anyway + core.covered(p.choice) for p in points]
    sites = [required + n for n in range(1, len(points) + 1)]
    places = [None if p.choice is None else asked.sites.index.get_indexer(core.sites[p.choice]) for p in points]
    chosen = [None if choice is None else _ids(asked, choice) for choice in places]
    return _table(sites, found, [anyway + int(p.bound) for p in points], chosen)


def covered_now(problem: SitingProblem) -> int:
    """The people whom what stands today covers; with a capacity that is shared out, who find a place there."""
    standing = problem.existing
    if _is_placing(problem):
        return _placing(replace(problem, new_sites=None), SearchBudget()).placed(
            np.flatnonzero(standing).astype(np.int64)
        )
    return int(Measure(problem).value(Choice(standing), problem.goals[0]) // WHOLE)


# --- sites with room ------------------------------------------------------------------------------


def _is_placing(problem: SitingProblem) -> bool:
    """Whether those count who find a place in a room that is shared out, and all other rules are on sites."""
    coverage, capacity, goal = problem.coverage, problem.capacity, problem.goals[0]
    plain = coverage.backup is None and not coverage.at_least and not problem.everyone
    plain = plain and not asks_least_load(problem)
    shared = capacity is not None and capacity.split and problem.budget.yuan is None
    return problem.plain and plain and shared and goal.objective == "max-cover" and not goal.people


def _placing(problem: SitingProblem, budget: SearchBudget) -> CapacitatedMaxCover:
    near, people = problem.near, problem.demand.to_numpy(dtype=np.int64)
    return CapacitatedMaxCover(
        people, near.start, near.site, QuestionRules(Measure(problem)).limits, problem.room, budget=budget
    )


def _placed(problem: SitingProblem, most: int, budget: SearchBudget, nodes: int | None) -> pd.DataFrame:
    """The table where sites have room: each size begins at the choice of the one before."""
    required = int(problem.required.sum())
    sizes = range(1, min(most - required, int(problem.free.sum())) + 1)
    placing = _placing(replace(problem, new_sites=None), budget)
    points: list[SitesResult] = []
    for size in sizes:
        start = points[-1].choice if points else None
        points.append(placing.solve(size, start, looks=math.inf if nodes is None else nodes))
    people = [None if p.choice is None else placing.placed(p.choice) for p in points]
    bounds = [int(p.bound) for p in points]
    for less in range(len(bounds) - 2, -1, -1):  # no choice of fewer places more than the bound of more
        bounds[less] = min(bounds[less], bounds[less + 1])
    chosen = [None if p.choice is None else _ids(problem, p.choice) for p in points]
    return _table([required + size for size in sizes], people, bounds, chosen)


def _ids(problem: SitingProblem, places: IntArray) -> tuple[str, ...]:
    """The sites that a choice builds, in their order, required ones among them."""
    built = problem.required.copy()
    built[places] = True
    return tuple(str(site) for site in problem.sites.index[built & ~problem.existing])


def _table(
    sites: list[int], people: list[int | None], bounds: list[int], chosen: list[tuple[str, ...] | None]
) -> pd.DataFrame:
    table = pd.DataFrame({"sites": sites, "people": pd.array(people, dtype="Int64"), "bound": bounds})
    table = table.assign(gap=(table["bound"] / table["people"] - 1).astype("Float64"))
    return table.assign(chosen=pd.Series(chosen, index=table.index, dtype="object"))


# --- sites without a limit ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Point:
    """A number of sites: its core, the best known, and its tree."""

    best: CoverIncumbent
    tree: MaxCoverTree
    possible: bool

    @property
    def found(self) -> SitesResult:
        """What is known of it."""
        return self.best.result(nodes=self.tree.nodes, infeasible=self.tree.is_infeasible or not self.possible)


def solve_frontier(
    core: CoverInstance,
    budget: SearchBudget | None = None,
    *,
    gap: float = 0.0,
    nodes: int | None = None,
    first: int = 1,
) -> list[SitesResult]:
    """The choices of 1, 2, ..., ``core.limit`` candidates that cover most people within the quotas, with bounds.

    Parameters
    ----------
    core : its ``all_rows`` does not count here.
    budget : time, seed, stop and progress.
    gap : by how much of the value each may fall short of its bound; 0: proven best.
    nodes : of the search tree at most, for each; None: any number.
    first : the least number of candidates that is asked about.
    """
    budget = budget or SearchBudget()
    share = math.inf if nodes is None else nodes
    core, unit = presolve_max_cover(core)
    points = _passed(core, budget, first)
    _even(points)
    while not budget.over():
        wide = [p for p in points if p.tree.has_open_nodes and p.best.gap > gap and p.tree.nodes < share]
        if not wide:
            break
        worst = max(wide, key=lambda p: p.best.gap)
        worst.tree.search(gap=gap, nodes=min(_NODES, share - worst.tree.nodes))
        _even(points)
    budget.progress(1.0)
    return [in_people(p.found, unit) for p in points]


def _passed(core: CoverInstance, budget: SearchBudget, first: int) -> list[_Point]:
    """Every number of sites from ``first`` on once, by local search and the linear program."""
    # A callback would mix choices of different sizes.
    master, part = MaxCoverMaster(core, seed=budget.seed), budget.without_callbacks()
    points: list[_Point] = []
    for size in range(first, core.limit + 1):
        here = replace(core, limit=size)
        best = CoverIncumbent(here, part, bound=int(core.people.sum()))
        last = points[-1] if points else None
        possible = _start(best, None if last is None else last.best.choice)
        tree = MaxCoverTree(master, best, before=None if last is None else last.tree, eager=_small(core))
        if possible and not best.is_optimal:
            tree.solve_root(interior_point(here, best.choice), close=_CLOSE)
        points.append(_Point(best, tree, possible))
        budget.progress(0.7 * size / core.limit)
    return points


def _small(core: CoverInstance) -> bool:
    return bool(core.cover.nnz < _SMALL)


def _start(best: CoverIncumbent, last: IntArray | None) -> bool:
    """Good choices of this size: greedy, and the last one with the site that adds most; both after exchanges.

    False: no choice of this size keeps the rules.
    """
    core = best.core
    best.take(last)
    effort = _QUICK if _small(core) else _EFFORT
    possible = offer_first_choice(best, effort=effort)
    if last is None:
        return possible
    gain = core.cover.T @ (core.people * (core.cover[:, last].sum(axis=1) == 0))
    gain[last] = -1
    for site in np.argsort(-gain, kind="stable")[:_LOOKED]:
        grown = np.sort(np.append(last, site)).astype(np.int64)
        if core.holds(grown):
            offer_improved(best, grown, effort=effort)
            return True
    return True


def _even(points: list[_Point]) -> None:
    """A choice of fewer sites is one of more as well; no choice of fewer covers more than the bound of more."""
    for less, more in zip(points, points[1:], strict=False):
        more.best.take(less.best.choice)
    for less, more in zip(points[-2::-1], points[:0:-1], strict=True):
        less.best.tighten(more.best.bound, by=more.best.proved_by)
