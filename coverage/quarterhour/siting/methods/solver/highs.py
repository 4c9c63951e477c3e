"""Linear and integer programs solved by HiGHS: arrays in, arrays out."""

from __future__ import annotations

import atexit
import contextlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.solver.callbacks import Bounded, Found, RunCallbacks
from quarterhour.siting.methods.solver.program import TOLERANCE, Outcome, Program, integer_outcome, linear_outcome
from quarterhour.siting.question.search import Stop

_FINAL = ("kOptimal", "kTimeLimit", "kSolutionLimit", "kInterrupt")
"""Stops after which HiGHS's bound holds. After any other (it may not have run at all) there is none."""
_BROKEN = 1e-4
_LARGE = 1e7
_UNEVEN = math.sqrt(0.5)
"""Where an objective may be larger than ``_LARGE``, HiGHS's own rounding may lose a whole number: it is given a
cost without a common measure, so that it does not round, and keeps what is better by half a unit."""
_TICK, _GRACE = 0.05, 0.8
"""Seconds between looks at a run, and those that it has to come to a stop before it is left behind."""


_ABANDONED: list[tuple[threading.Thread, Any]] = []
"""Runs that were left behind, and their threads."""


def _leave_behind(thread: threading.Thread, highs: Any) -> None:
    """Several threads may do so at once; what has ended meanwhile is remembered no more."""
    _ABANDONED.append((thread, highs))
    for left in [left for left in _ABANDONED.copy() if not left[0].is_alive()]:
        with contextlib.suppress(ValueError):  # another thread was quicker
            _ABANDONED.remove(left)


@atexit.register
def _stop_callbacks() -> None:
    """Let no run that was left behind call Python any more: from here on that would end the program by a crash."""
    from highspy import cb

    running = [highs for thread, highs in _ABANDONED if thread.is_alive()]
    for highs in running:
        for kind in _kinds(cb):
            highs.stopCallback(kind)
        highs.setOptionValue("time_limit", math.inf)
    if running:
        # One that was about to call comes through.
        time.sleep(_TICK)


def _kinds(cb: Any) -> tuple[Any, ...]:
    """What HiGHS calls for: to ask whether to go on, and to tell a better solution."""
    kind = cb.HighsCallbackType
    return kind.kCallbackMipInterrupt, kind.kCallbackSimplexInterrupt, kind.kCallbackMipImprovingSolution


class Solver:
    """A program held by HiGHS, which starts again from where it stood when rows or bounds change.

    ``whole_value``: the objective is a whole number at every solution, so a gap below 1 is proof.
    """

    def __init__(self, program: Program, *, seed: int = 0, whole_value: bool = True) -> None:
        self._program = program
        self._later: list[sp.csr_array] = []
        self._proof = 1.0 if whole_value else 100 * TOLERANCE
        large = whole_value and program.whole is not None and program.largest(program.cost) > _LARGE
        self._unit = _UNEVEN if large else 1.0
        gap = _UNEVEN / 2 if large else 1 - TOLERANCE if whole_value else TOLERANCE
        self._new_highs: Callable[[], Any] = partial(_highs, seed=seed, gap=gap)
        self._highs = self._new_highs()
        self.version = version()
        self._highs.passModel(_model(program, self._unit))
        self._callbacks = RunCallbacks(self._program.no_bound)
        self._registered: Callable[..., None] | None = None

    @property
    def program(self) -> Program:
        """The program as it stands, with the rows added since."""
        if self._later:
            rows = sp.csr_array(sp.vstack([self._program.rows, *self._later], format="csr"))
            self._program, self._later = replace(self._program, rows=rows), []
        return self._program

    def add_rows(self, rows: sp.csr_array, low: FloatArray, high: FloatArray) -> None:
        """Rules to keep as well; they stand below those there are."""
        rows = sp.csr_array(rows)
        start, index = rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32)
        value = rows.data.astype(np.float64)
        self._highs.addRows(len(low), _bounded(low), _bounded(high), len(index), start, index, value)
        self._later.append(rows)
        both = np.append(self._program.low, low), np.append(self._program.high, high)
        self._program = replace(self._program, low=both[0], high=both[1])

    def drop_rows(self, rows: IntArray) -> None:
        """Leave these rules out; those below move up."""
        self._program = self.program.without_rows(rows)
        self._highs.deleteRows(len(rows), np.asarray(rows, dtype=np.int32))

    def bound_rows(self, rows: IntArray, low: FloatArray, high: FloatArray) -> None:
        """New sides of some rules."""
        new_low, new_high = self._program.low.copy(), self._program.high.copy()
        new_low[rows], new_high[rows] = low, high
        for row in np.asarray(rows).tolist():
            self._highs.changeRowBounds(row, *_bounded(np.array([new_low[row], new_high[row]])).tolist())
        self._program = replace(self._program, low=new_low, high=new_high)

    def bound_columns(self, columns: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """New sides of some x."""
        new_lower, new_upper = self._program.lower.copy(), self._program.upper.copy()
        new_lower[columns], new_upper[columns] = lower, upper
        index = np.asarray(columns, dtype=np.int32)
        self._highs.changeColsBounds(len(index), index, _bounded(new_lower[columns]), _bounded(new_upper[columns]))
        self._program = replace(self._program, lower=new_lower, upper=new_upper)

    def price(self, cost: FloatArray) -> None:
        """Another objective."""
        every = np.arange(len(cost), dtype=np.int32)
        self._highs.changeColsCost(len(cost), every, np.asarray(cost, dtype=np.float64))
        self._program = replace(self._program, cost=np.asarray(cost, dtype=np.float64))

    def basis(self) -> Any:
        """Where a linear program stands, for ``restore``."""
        return self._highs.getBasis()

    def restore(self, basis: Any) -> None:
        """Stand there again; rows and columns must be as they were."""
        self._highs.setBasis(basis)

    def slack_rows(self) -> BoolArray:
        """Which rules do not bind where a linear program stands."""
        import highspy

        basic = highspy.HighsBasisStatus.kBasic
        return np.array([s == basic for s in self._highs.getBasis().row_status], dtype=np.bool_)

    def solve(
        self,
        *,
        seconds: float = math.inf,
        start: FloatArray | None = None,
        stop: Stop | None = None,
        found: Found | None = None,
        bounded: Bounded | None = None,
        iterations: int | None = None,
        nodes: int | None = None,
    ) -> Outcome:
        """Run, from ``start`` or from where it stood.

        Parameters
        ----------
        seconds : after which the best so far is given, a second later at the most.
        start : a solution of an integer program; only the whole x need be right.
        stop : asked often; True ends the run.
        found : told each better solution of an integer program, in another thread; it must copy nothing.
        bounded : told each better bound of an integer program, in that thread.
        iterations, nodes : of the simplex method, of the tree, after which to stop.

        Raises
        ------
        KeyboardInterrupt : Ctrl-C while it ran.
        """
        begun = time.perf_counter()
        self._highs.setOptionValue("simplex_iteration_limit", _limit(iterations))
        self._highs.setOptionValue("mip_max_nodes", _limit(nodes))
        asked = stop, found, bounded
        outcome = self._once(seconds, start, *asked)
        if start is not None and outcome.status == "optimal" and abs(outcome.value - outcome.bound) >= self._proof:
            # HiGHS 1.16 may give a start a value in presolved space that no solution has, and takes that for the best.
            self._highs.clearSolver()
            outcome = self._once(float(seconds) - (time.perf_counter() - begun), None, *asked)
        return outcome

    def _once(
        self, seconds: float, start: FloatArray | None, stop: Stop | None, found: Found | None, bounded: Bounded | None
    ) -> Outcome:
        linear = self._program.whole is None
        # HiGHS measures the limit of a linear program from its first run, of an integer program from this one.
        before = float(self._highs.getRunTime()) if linear else 0.0
        self._highs.setOptionValue("time_limit", before + max(0.0, float(seconds)))
        if start is not None:
            self._start(start)
        # HiGHS does not hold what it calls: they live as long as the solver does.
        self._callbacks = callbacks = RunCallbacks(self._program.no_bound, stop, found, bounded)
        self._register(callbacks, needed=not linear or stop is not None)
        status = _run(self._highs) if linear else self._in_thread(callbacks, seconds)
        if callbacks.broken is not None:
            raise callbacks.broken
        if not status:
            return integer_outcome(self._program, "stopped", callbacks.values, callbacks.bound)
        return self._outcome(status)

    def _in_thread(self, callbacks: RunCallbacks, seconds: float) -> str:
        """Run in another thread; "" where HiGHS did not stop in time and was left behind.

        HiGHS does not listen while it presolves and while it solves the linear programs of an integer one, which may
        take minutes. What is left behind ends by itself at the next moment it listens, and is heard no more; the end
        of the program does not wait for it.
        """
        done = threading.Event()
        status: list[str] = []

        def run(highs: Any) -> None:
            try:
                status.append(_run(highs))
            finally:
                done.set()

        thread = threading.Thread(target=run, args=(self._highs,), name="HiGHS", daemon=True)
        thread.start()
        until = time.perf_counter() + max(0.0, seconds)
        try:
            while not done.wait(_TICK):
                if callbacks.should_stop() or time.perf_counter() > until:
                    until = min(until, time.perf_counter())
                    if not done.wait(_GRACE):
                        break
        finally:
            if not done.is_set():
                callbacks.close()
                _leave_behind(thread, self._highs)
                self._replace_solver()
        return status[0] if status else ""

    def _replace_solver(self) -> None:
        """A HiGHS of its own once more; the other is in a thread that nobody waits for."""
        self._highs = self._new_highs()
        self._highs.passModel(_model(self.program, self._unit))
        self._registered = None

    def _start(self, start: FloatArray) -> None:
        import highspy

        solution = highspy.HighsSolution()
        solution.col_value = start.tolist()
        self._highs.setSolution(solution)

    def _register(self, callbacks: RunCallbacks, *, needed: bool) -> None:
        from highspy import cb

        if not needed:
            if self._registered is not None:
                self._highs.setCallback(None, None)
                self._registered = None
            return
        called = cb.HighsCallbackType
        asking, improving = called.kCallbackMipInterrupt, called.kCallbackMipImprovingSolution
        none, unit = self._program.no_bound, self._unit

        def callback(kind: Any, _message: str, out: Any, into: Any, _data: None) -> None:
            if kind == improving:
                values = np.array(out.mip_solution, dtype=np.float64)
                callbacks.improved(values, _finite(out.mip_dual_bound / unit, none))
                return
            if kind == asking:
                callbacks.tightened(_finite(out.mip_dual_bound / unit, none))
            if callbacks.should_stop():
                into.user_interrupt = True

        # HiGHS holds neither the function nor data passed along with it.
        self._registered = callback
        self._highs.setCallback(callback, None)
        for kind in _kinds(cb):
            self._highs.startCallback(kind)

    def _outcome(self, status: str) -> Outcome:
        linear = self._program.whole is None
        if status == "kInfeasible":
            return Outcome("infeasible", None, math.nan, self._program.no_bound)
        if status not in (*_FINAL, "kIterationLimit"):
            return Outcome("failed", None, math.nan, self._program.no_bound)
        ended: Literal["optimal", "stopped"] = "optimal" if status == "kOptimal" else "stopped"
        return self._linear(ended) if linear else self._integer(ended)

    def _integer(self, status: Literal["optimal", "stopped"]) -> Outcome:
        info = self._highs.getInfo()
        bound = _finite(float(info.mip_dual_bound) / self._unit, self._program.no_bound)
        values = np.array(self._highs.getSolution().col_value, dtype=np.float64)
        nodes = max(0, int(info.mip_node_count))
        feasible = len(values) == len(self._program.cost) and int(info.primal_solution_status) == 2
        return integer_outcome(self._program, status, values if feasible else None, bound, nodes=nodes)

    def _linear(self, status: Literal["optimal", "stopped"]) -> Outcome:
        solution = self._highs.getSolution()
        values = np.array(solution.col_value, dtype=np.float64)
        prices = np.array(solution.row_dual, dtype=np.float64)
        # An optimum may break a row by a little more than the tolerance once it is scaled back.
        broken = float(self._highs.getInfo().max_primal_infeasibility)
        feasible = math.isfinite(broken) and broken <= _BROKEN
        return linear_outcome(self.program, status, values if feasible else None, prices)


def version() -> str:
    """Who computes, for a certificate."""
    import highspy

    return f"HiGHS {highspy.HIGHS_VERSION_MAJOR}.{highspy.HIGHS_VERSION_MINOR}.{highspy.HIGHS_VERSION_PATCH}"


def _highs(*, seed: int, gap: float) -> Any:
    import highspy

    class Quiet(highspy.Highs):
        """HiGHS writes its banner to stdout as soon as callbacks are set, which its own constructor does."""

        def enableCallbacks(self) -> None:  # noqa: N802
            self.setOptionValue("output_flag", False)

    highs: Any = Quiet()  # type: ignore[no-untyped-call]
    options = {
        "output_flag": False,
        # HiGHS refuses to run when the number of threads changes within a process.
        "threads": 1,
        "random_seed": int(seed),
        # The default of 1e-4 is more than a hundred people in a million.
        "mip_rel_gap": 0.0,
        "mip_abs_gap": gap,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    return highs


def _model(program: Program, unit: float) -> Any:
    import highspy

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.low)
    lp.sense_ = highspy.ObjSense.kMaximize if program.most else highspy.ObjSense.kMinimize
    lp.col_cost_ = np.asarray(program.cost, dtype=np.float64) * unit
    lp.col_lower_, lp.col_upper_ = _bounded(program.lower), _bounded(program.upper)
    lp.row_lower_, lp.row_upper_ = _bounded(program.low), _bounded(program.high)
    if program.whole is not None:
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole if w else real for w in program.whole.tolist()]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    rows = program.rows
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr.astype(np.int32), rows.indices.astype(np.int32)
    lp.a_matrix_.value_ = rows.data.astype(np.float64)
    return lp


def _run(highs: Any) -> str:
    import highspy

    if highs.run() == highspy.HighsStatus.kError:
        # Somebody ran HiGHS with other threads in this process: start its scheduler anew, once.
        highspy.Highs.resetGlobalScheduler(True)
        if highs.run() == highspy.HighsStatus.kError:
            return "kSolveError"
    return str(highs.getModelStatus().name)


def _bounded(sides: FloatArray) -> FloatArray:
    import highspy

    return np.clip(np.asarray(sides, dtype=np.float64), -highspy.kHighsInf, highspy.kHighsInf)


def _finite(bound: float, none: float) -> float:
    import highspy

    return bound if math.isfinite(bound) and abs(bound) < highspy.kHighsInf else none


def _limit(count: int | None) -> int:
    return 2_147_483_647 if count is None else int(count)
