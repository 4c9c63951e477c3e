"""Proven plans: the question as a small integer program for HiGHS, in arrays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
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

Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""

_FINAL = ("kOptimal", "kTimeLimit", "kSolutionLimit", "kInterrupt")
"""Stops after which HiGHS's bound holds. After any other (it may not have run at all) there is none."""


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
    import highspy

    solver = _solver(seconds=seconds, seed=seed)
    solver.passModel(_model(core))
    if start is not None:
        solver.setSolution(_start(core, start))
    status = _run(solver)
    proof = f"HiGHS {solver.version()}"
    if status == "kInfeasible" and start is None:
        return _Answer(None, math.nan, proof, infeasible=True)
    choices = [c for c in (start, _found(core, solver)) if c is not None]
    better = min if core.all_rows else max
    best = better(choices, key=lambda c: _worth(core, c)) if choices else None
    bound, proved_by = _tighter(core, _bound(core, solver, status, highspy.kHighsInf), easy=easy, proof=proof)
    return _Answer(best, bound, proved_by)


def _solver(*, seconds: float, seed: int) -> Any:
    import highspy

    class Quiet(highspy.Highs):
        """HiGHS writes its banner to stdout as soon as callbacks are set, which its own constructor does."""

        def enableCallbacks(self) -> None:  # noqa: N802
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    solver: Any = Quiet()  # type: ignore[no-untyped-call]
    options = {
        "output_flag": False,
        # HiGHS refuses to run when the number of threads changes within a process.
        "threads": 1,
        "time_limit": float(seconds),
        "random_seed": int(seed),
        # The default of 1e-4 is more than a hundred people in a million; values are whole numbers.
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1 - 1e-6,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


def _run(solver: Any) -> str:
    import highspy

    if solver.run() == highspy.HighsStatus.kError:
        # Somebody ran HiGHS with other threads in this process: start its scheduler anew, once.
        highspy.Highs.resetGlobalScheduler(True)
        if solver.run() == highspy.HighsStatus.kError:
            return "kSolveError"
    return str(solver.getModelStatus().name)


def _found(core: Core, solver: Any) -> Ints | None:
    """The solver's choice, if it is one when recounted in whole numbers."""
    values = np.asarray(solver.getSolution().col_value, dtype=float)[: len(core.sites)]
    choice = np.flatnonzero(values > 0.5).astype(np.int64)
    return choice if len(values) == len(core.sites) and core.holds(choice) else None


def _bound(core: Core, solver: Any, status: str, infinity: float) -> float:
    """The solver's bound as a whole number; none unless its stop was final."""
    none = -math.inf if core.all_rows else math.inf
    if status not in _FINAL:
        return none
    bound = float(solver.getInfo().mip_dual_bound)
    if not math.isfinite(bound) or abs(bound) >= infinity:
        return none
    slack = 1e-6 * max(1.0, abs(bound) * 1e-3)
    return float(math.ceil(bound - slack) if core.all_rows else math.floor(bound + slack))


def _tighter(core: Core, bound: float, *, easy: float, proof: str) -> tuple[float, str]:
    won = bound > easy if core.all_rows else bound < easy
    return (bound, proof) if won else (easy, proof if bound == easy else "counting")


def _model(core: Core) -> Any:
    """Sites y (0 or 1), and for max-cover rows z <= the sites that cover them, z at most 1."""
    import highspy

    sites, rows = len(core.sites), len(core.people)
    matrix, low, high = _constraints(core)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
    if core.all_rows:
        lp.sense_, lp.col_cost_ = highspy.ObjSense.kMinimize, np.ones(sites)
    else:
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_ = np.concatenate([np.zeros(sites), core.people.astype(float)])
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.ones(lp.num_col_)
    lp.row_lower_, lp.row_upper_ = low, high
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * sites + ([] if core.all_rows else [real] * rows)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    return lp


def _constraints(core: Core) -> tuple[sp.csr_array, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
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


def _start(core: Core, choice: Ints) -> Any:
    import highspy

    opened = np.zeros(len(core.sites))
    opened[choice] = 1.0
    solution = highspy.HighsSolution()
    reached = [] if core.all_rows else [(core.cover @ opened > 0).astype(float)]
    solution.col_value = np.concatenate([opened, *reached]).tolist()
    return solution
