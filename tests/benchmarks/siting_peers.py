"""What a planner would choose sites with instead: spopt (PuLP, CBC), plain HiGHS and SCIP on the whole question.

Each is asked as its documents ask, proves to the last person (no tolerance of its own), and stops at a limit.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import peer
from quarterhour.siting.methods.solver.program import Program

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Found:
    """What a peer says: the values of all columns (or the open sites alone), its bound, its own word for the end.

    ``values``: None where it found nothing. ``opened``: positions. ``bound``: NaN where it tells none.
    """

    values: Array | None
    opened: Array | None
    bound: float
    proven: bool
    status: str


def by_highspy(program: Program, seconds: float) -> Found:
    """The arrays handed over as they are, HiGHS as it comes but for its tolerance of one in ten thousand."""
    highspy = peer("highspy")
    highs = highspy.Highs()
    told = {"output_flag": False, "mip_rel_gap": 0.0, "time_limit": float(seconds), "threads": 1}
    for name, value in told.items():
        highs.setOptionValue(name, value)
    highs.passModel(_highs_model(highspy, program))
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    solved = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    values = np.array(highs.getSolution().col_value) if solved else None
    proven = status == highspy.HighsModelStatus.kOptimal
    bound = info.mip_dual_bound
    return _found(program, values, bound, proven=proven, status=highs.modelStatusToString(status))


def _highs_model(highspy: Any, program: Program) -> Any:
    rows = program.rows
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), rows.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.low, program.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr.astype(np.int32), rows.indices.astype(np.int32)
    lp.a_matrix_.value_ = rows.data.astype(float)
    kinds = highspy.HighsVarType
    if program.whole is not None:
        lp.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in program.whole]
    lp.sense_ = highspy.ObjSense.kMaximize if program.most else highspy.ObjSense.kMinimize
    return lp


def by_scip(program: Program, seconds: float) -> Found:
    """A variable and a constraint at a time, as SCIP's Python documents have it."""
    scip, begun = peer("pyscipopt"), time.monotonic()
    model = scip.Model()
    model.hideOutput()
    whole = np.zeros(len(program.cost), bool) if program.whole is None else program.whole
    box = zip(program.lower.tolist(), program.upper.tolist(), program.cost.tolist(), whole.tolist(), strict=True)
    columns = [model.addVar(lb=lo, ub=up, obj=cost, vtype="I" if w else "C") for lo, up, cost, w in box]
    start, index, data = (a.tolist() for a in (program.rows.indptr, program.rows.indices, program.rows.data))
    for row, (low, high) in enumerate(zip(program.low.tolist(), program.high.tolist(), strict=True)):
        inside = range(start[row], start[row + 1])
        total = scip.quicksum(data[k] * columns[index[k]] for k in inside)
        if low == high:
            model.addCons(total == low)
        elif math.isfinite(low) or math.isfinite(high):
            sides = (total >= low) if math.isfinite(low) else (total <= high)
            model.addCons(sides)
            if math.isfinite(low) and math.isfinite(high):
                model.addCons(total <= high)
    model.setMaximize() if program.most else model.setMinimize()
    model.setParam("limits/time", max(1.0, seconds - (time.monotonic() - begun)))
    model.optimize()
    status = model.getStatus()
    values = np.array([model.getVal(c) for c in columns]) if model.getNSols() else None
    return _found(program, values, model.getDualbound(), proven=status == "optimal", status=status)


def _found(program: Program, values: Array | None, bound: float, *, proven: bool, status: str) -> Found:
    """With a bound that no solution of whole worth can beat."""
    bound = float(bound) if abs(bound) < 1e19 else math.nan
    if values is None or program.whole is None:
        return Found(values, None, bound, proven, status)
    return Found(np.where(program.whole, np.rint(values), values), None, bound, proven, status)


def by_stages(
    solve: Callable[[Program, float], Found], stages: list[Callable[[list[Found]], Program]], seconds: float
) -> list[Found]:
    """One program after another, each made of what those before came to, all within one limit."""
    told: list[Found] = []
    end = time.monotonic() + seconds
    for stage in stages:
        told.append(solve(stage(told), max(1.0, end - time.monotonic())))
        if told[-1].values is None:
            break
    return told


# --- greedy and one exchange --------------------------------------------------------------------------


def greedy_max_cover(cover: Any, people: Array, new_sites: int, seconds: float) -> Found:
    """The site that adds most, so many times; then one site for another while that gains, the first that does."""
    end, table = time.monotonic() + seconds, cover.tocsc()
    rows_of = [table.indices[a:b] for a, b in itertools.pairwise(table.indptr)]
    times, opened = np.zeros(len(people), dtype=np.int64), []
    for _ in range(new_sites):
        gain = table.T @ np.where(times == 0, people, 0)
        gain[opened] = -1
        opened.append(int(gain.argmax()))
        times[rows_of[opened[-1]]] += 1
    gained = True
    while gained and time.monotonic() < end:
        gained = False
        for slot in range(new_sites):
            out = opened[slot]
            times[rows_of[out]] -= 1
            gain = table.T @ np.where(times == 0, people, 0)
            gain[[s for s in opened if s != out]] = -1
            best = int(gain.argmax())
            if gain[best] > gain[out]:
                opened[slot], gained = best, True
            times[rows_of[opened[slot]]] += 1
    return Found(None, np.array(opened), math.nan, False, "greedy")


# --- spopt --------------------------------------------------------------------------------------------


def spopt_max_cover(cost: Array, people: Array, radius: float, new_sites: int, seconds: float) -> Found:
    """MCLP."""
    made = peer("spopt.locate").MCLP.from_cost_matrix(cost, people, radius, p_facilities=new_sites)
    return _by_spopt(made, seconds)


def spopt_min_sites(cost: Array, radius: float, seconds: float) -> Found:
    """LSCP."""
    return _by_spopt(peer("spopt.locate").LSCP.from_cost_matrix(cost, radius), seconds)


def spopt_min_time(cost: Array, people: Array, new_sites: int, seconds: float) -> Found:
    """PMedian."""
    made = peer("spopt.locate").PMedian.from_cost_matrix(cost, people, p_facilities=new_sites)
    return _by_spopt(made, seconds)


def _by_spopt(made: Any, seconds: float) -> Found:
    """By CBC, which PuLP carries; ``seconds`` are CBC's alone, after PuLP has built the model."""
    pulp = peer("pulp")
    try:
        made.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=seconds), results=False)
    except RuntimeError as why:
        return Found(None, None, math.nan, False, f"{_pulp_status(pulp, made)}: {why}")
    opened = np.flatnonzero([v.value() > 0.5 for v in made.fac_vars])
    proven = made.problem.sol_status == pulp.LpSolutionOptimal
    return Found(None, opened, math.nan, proven, _pulp_status(pulp, made))


def _pulp_status(pulp: Any, made: Any) -> str:
    """What PuLP says of the model, and of the solution."""
    return f"{pulp.LpStatus[made.problem.status]}, {pulp.LpSolution[made.problem.sol_status]}"
