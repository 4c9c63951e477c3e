"""Proven plans: the question as a small integer program, in arrays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.siting.heuristic import Core, Ints, as_core, good_choice, order_of_building, without_idle
from quarterhour.siting.problem import (
    Reason,
    SitingPlan,
    SitingProblem,
    Status,
    contradictions,
    input_hash,
    relative_gap,
    shortfalls,
)
from quarterhour.siting.solver import Floats, Program, Solver, whole_bound

Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""


@dataclass(frozen=True, eq=False)
class _Answer:
    """A choice of candidates (None: none found), and what no choice can beat."""

    choice: Ints | None
    bound: float
    proved_by: str
    infeasible: bool = False


def solve_siting(
    problem: SitingProblem, *, seconds: float = 60, seed: int = 0, progress: Progress | None = None
) -> SitingPlan:
    """The best plan and its proof: HiGHS starts from a greedy plan improved by swaps.

    Areas with too few admissible sites do not stop the rest: their minimum is lowered to what is
    possible, and the plan says so in ``unmet``. The same question gives the same plan as long as
    it is proven within ``seconds``.

    Parameters
    ----------
    problem : as ``as_problem`` makes it.
    seconds : time for the solver; after it the best plan found comes with its bound.
    seed : of the solver.
    progress : called with the share done.
    """
    begun = time.perf_counter()
    tell = progress or (lambda _: None)
    tell(0.0)
    reasons = contradictions(problem)
    answer = _Answer(None, math.nan, "counting", infeasible=True)
    core = None
    if not reasons:
        core = as_core(problem)
        answer = _solve(core, seconds=seconds, seed=seed)
        if answer.choice is None:
            reasons = (Reason("siting.no_choice" if answer.infeasible else "siting.stopped", {"seconds": seconds}),)
    tell(1.0)
    built = _built(problem, core, answer.choice)
    return _plan(problem, built, answer=answer, reasons=reasons, seed=seed, seconds=time.perf_counter() - begun)


def _built(problem: SitingProblem, core: Core | None, choice: Ints | None) -> pd.Index | None:
    if core is None or choice is None:
        return None
    required = problem.sites.index[problem.sites["state"].eq("required")]
    return required.append(core.sites[without_idle(core, choice)])


def _plan(
    problem: SitingProblem,
    built: pd.Index | None,
    *,
    answer: _Answer,
    reasons: tuple[Reason, ...],
    seed: int,
    seconds: float,
) -> SitingPlan:
    existing = problem.sites.index[problem.sites["state"].eq("existing")]
    chosen = problem.sites.index[:0] if built is None else built
    gain = order_of_building(problem, chosen)
    before, after = _served(problem, existing), _served(problem, existing.append(chosen))
    people = problem.demand.to_numpy()
    covered = int(people[after.notna()].sum())
    value, bound, gap, status = math.nan, math.nan, math.nan, _no_plan(answer)
    if built is not None:
        value, bound = _value_and_bound(problem, covered, len(chosen), answer.bound)
        gap = relative_gap(value, bound)
        status = "optimal" if gap == 0 else "bounded"
    return SitingPlan(
        problem_id=problem.id,
        objective=problem.objective,
        chosen=tuple(str(s) for s in gain.index),
        gain=gain,
        assignment=after,
        value=value,
        bound=bound,
        gap=gap,
        status=status,
        covered_before=int(people[before.notna()].sum()),
        covered=covered,
        demand_total=int(people.sum()),
        reachable=int(people[_served(problem, problem.sites.index).notna()].sum()),
        unmet=shortfalls(problem),
        proved_by=answer.proved_by,
        seconds=seconds,
        seed=seed,
        input_hash=input_hash(problem),
        reasons=reasons,
    )


def _no_plan(answer: _Answer) -> Status:
    return "infeasible" if answer.infeasible else "no_plan"


def _value_and_bound(problem: SitingProblem, covered: int, built: int, bound: float) -> tuple[float, float]:
    """Value of the whole plan, and the bound of the core moved by what is settled."""
    if problem.objective == "min-sites":
        required = int(problem.sites["state"].eq("required").sum())
        return float(built), min(float(built), required + bound)
    settled = problem.sites.index[problem.sites["state"].ne("candidate")]
    base = int(problem.demand[_served(problem, settled).notna()].sum())
    return float(covered), max(float(covered), base + bound)


def _served(problem: SitingProblem, opened: pd.Index) -> pd.Series:
    """Each community's nearest open site within the standard; ties to the earlier in the table of sites."""
    near, here = problem.times.within(problem.minutes), problem.sites.index.isin(opened)
    row = np.repeat(np.arange(len(problem.demand)), np.diff(near.indptr))
    use = here[near.site_index]
    row, site, cs = row[use], near.site_index[use], near.cs[use]
    order = np.lexsort((site, cs, row))
    first = order[np.unique(row[order], return_index=True)[1]]
    nearest = pd.Series(pd.NA, index=problem.demand.index, dtype="str", name="site")
    nearest.iloc[row[first]] = problem.sites.index[site[first]].to_numpy()
    return nearest


# --- the integer program ----------------------------------------------------------------------


def _solve(core: Core, *, seconds: float, seed: int) -> _Answer:
    begun = time.perf_counter()
    start = good_choice(core)
    easy = _by_counting(core)
    if start is not None and _worth(core, start) == easy:
        return _Answer(start, easy, "counting")
    if not len(core.sites):
        held = core.holds(np.empty(0, dtype=np.int64))
        return _Answer(np.empty(0, dtype=np.int64) if held else None, easy, "counting", infeasible=not held)
    left = max(1.0, seconds - (time.perf_counter() - begun))
    return _by_highs(core, start, easy=easy, seconds=left, seed=seed)


def _by_counting(core: Core) -> float:
    """A bound without a solver: nobody covers more than can be reached, or builds less than is asked."""
    if not core.all_rows:
        return float(core.people.sum())
    return float(max(int(core.low.max(initial=0)), 1 if len(core.people) else 0))


def _worth(core: Core, choice: Ints) -> float:
    return float(len(choice) if core.all_rows else core.covered(choice))


def _by_highs(core: Core, start: Ints | None, *, easy: float, seconds: float, seed: int) -> _Answer:
    solver = Solver(_program(core), seed=seed)
    begin = None if start is None else _start(core, start)
    outcome = solver.solve(seconds=seconds, start=begin)
    if outcome.status == "infeasible" and start is None:
        return _Answer(None, math.nan, solver.version, infeasible=True)
    choices = [c for c in (start, _found(core, outcome.values)) if c is not None]
    better = min if core.all_rows else max
    best = better(choices, key=lambda c: _worth(core, c)) if choices else None
    bound = whole_bound(outcome.bound, most=not core.all_rows)
    bound, proved_by = _tighter(core, bound, easy=easy, proof=solver.version)
    return _Answer(best, bound, proved_by)


def _found(core: Core, values: Floats | None) -> Ints | None:
    """The solver's choice, if it is one when recounted in whole numbers."""
    if values is None:
        return None
    choice = np.flatnonzero(values[: len(core.sites)] > 0.5).astype(np.int64)
    return choice if core.holds(choice) else None


def _tighter(core: Core, bound: float, *, easy: float, proof: str) -> tuple[float, str]:
    won = bound > easy if core.all_rows else bound < easy
    return (bound, proof) if won else (easy, proof if bound == easy else "counting")


def _program(core: Core) -> Program:
    """Sites y (0 or 1), and for max-cover rows z <= the sites that cover them, z at most 1."""
    sites = len(core.sites)
    matrix, low, high = _constraints(core)
    cost = np.ones(sites) if core.all_rows else np.concatenate([np.zeros(sites), core.people.astype(float)])
    whole = np.arange(len(cost)) < sites
    box = np.zeros(len(cost)), np.ones(len(cost))
    return Program(cost, matrix, low, high, *box, most=not core.all_rows, whole=whole)


def _constraints(core: Core) -> tuple[sp.csr_array, Floats, Floats]:
    sites, rows = len(core.sites), len(core.people)
    binds, areas = _area_rows(core)
    capped = core.limit < sites
    count = sp.csr_array(np.ones((int(capped), sites)))
    left = sp.vstack([sp.csr_array(core.cover, dtype=float), count, areas], format="csr")
    matrix = sp.csr_array(left)
    if not core.all_rows:
        below = sp.csr_array((left.shape[0] - rows, rows), dtype=float)
        reached = sp.vstack([-sp.eye_array(rows, format="csr"), below], format="csr")
        matrix = sp.csr_array(sp.hstack([left, reached], format="csr"))
    every = 1.0 if core.all_rows else 0.0
    low = np.concatenate([np.full(rows, every), np.zeros(int(capped)), core.low[binds]])
    high = np.concatenate([np.full(rows, math.inf), np.full(int(capped), core.limit), core.high[binds]])
    return matrix, low.astype(float), high.astype(float)


def _area_rows(core: Core) -> tuple[Ints, sp.csr_array]:
    """The areas whose bounds can bind, and the candidates in each."""
    quota, site = np.nonzero(core.group >= 0)
    shape = (len(core.low), len(core.sites))
    member = sp.csr_array((np.ones(len(site)), (core.group[quota, site], site)), shape=shape)
    inside = np.diff(member.indptr)
    binds = np.flatnonzero((core.low > 0) | (core.high < inside)).astype(np.int64)
    return binds, member[binds]


def _start(core: Core, choice: Ints) -> Floats:
    opened = np.zeros(len(core.sites))
    opened[choice] = 1.0
    reached = [] if core.all_rows else [(core.cover @ opened > 0).astype(float)]
    return np.concatenate([opened, *reached])
