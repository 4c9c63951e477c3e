"""Programs in arrays: the solver's answers are right, its bounds safe, and it stops when told."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from quarterhour.siting.methods.solver import highs as room
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Program, in_digits, safe_bound, whole_bound
from quarterhour.siting.question.search import SearchBudget
from repeatable import examples, some_of


def _program(rng, *, rows=4, columns=6, most=True, whole=False):
    matrix = rng.integers(0, 9, (rows, columns))
    high = np.maximum(1, matrix.sum(axis=1) // 2).astype(float)
    return Program(
        cost=rng.integers(1, 20, columns) * (1.0 if most else -1.0),
        rows=sp.csr_array(matrix.astype(float)),
        low=np.full(rows, -math.inf),
        high=high,
        lower=np.zeros(columns),
        upper=np.ones(columns),
        most=most,
        whole=np.ones(columns, dtype=bool) if whole else None,
    )


def _second_opinion(program):
    sign = -1.0 if program.most else 1.0
    box = list(zip(program.lower, program.upper, strict=True))
    done = linprog(sign * program.cost, program.rows.toarray(), program.high, bounds=box)
    return sign * done.fun


def _by_hand(program):
    values = []
    for bits in itertools.product([0, 1], repeat=len(program.cost)):
        if (program.rows @ np.array(bits) <= program.high).all():
            values.append(float(program.cost @ np.array(bits)))
    return max(values) if program.most else min(values)


@examples(60)
@given(st.integers(0, 10_000), st.booleans())
def test_linear_and_whole_programs_are_solved(seed, most):
    rng = np.random.default_rng(seed)
    program = _program(rng, most=most)
    done = Solver(program).solve()
    assert done.status == "optimal"
    assert done.value == pytest.approx(_second_opinion(program))
    assert done.bound == pytest.approx(done.value)
    assert done.bound >= done.value - 1e-9 if most else done.bound <= done.value + 1e-9
    rng = np.random.default_rng(seed)
    program = _program(rng, most=most, whole=True)
    done = Solver(program).solve()
    assert (done.status, done.value) == ("optimal", pytest.approx(_by_hand(program)))
    assert whole_bound(done.bound, most=most) == _by_hand(program)


@examples(60)
@given(st.integers(0, 10_000), st.booleans())
def test_a_safe_bound_holds_for_any_prices(seed, most):
    rng = np.random.default_rng(seed)
    program = _program(rng, most=most)
    bound, reduced = safe_bound(program, rng.normal(0, 5, 4))
    best = _second_opinion(program)
    assert bound >= best - 1e-9 if most else bound <= best + 1e-9
    assert len(reduced) == len(program.cost)


@pytest.mark.parametrize("seeds", some_of([range(5), range(5, 15)], 1))
@pytest.mark.parametrize("digits", [7, 8, 9, 11])
@pytest.mark.parametrize("most", [True, False])
def test_large_objectives_are_proven_to_the_last_unit_or_not_at_all(digits, most, seeds):
    """Values that differ by one in ten thousand million: no bound is beyond the best, and to 10**9 it meets it."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        program = _program(rng, rows=6, columns=12, most=most, whole=True)
        cost = rng.integers(10**digits // 2, 10**digits, 12) // 12 * 12 + rng.integers(0, 2, 12)
        loose = replace(program, cost=(cost if most else -cost).astype(float), whole=np.arange(12) < 12)
        done, best = Solver(loose).solve(), round(_by_hand(loose))
        bound = whole_bound(done.bound, most=most)
        assert bound >= best if most else bound <= best
        if digits < 9:
            assert (bound, round(done.value)) == (best, best)


@pytest.mark.parametrize("seeds", some_of([range(3), range(3, 8)], 1))
@pytest.mark.parametrize("most", [True, False])
@pytest.mark.parametrize("digits", [1, 4, 9, 12])
def test_in_digits_are_just_the_solutions_that_are_better(digits, most, seeds):
    """Every solution by hand: with what its low digits carry over it keeps the rows exactly when it is better."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        cost = rng.integers(-(10**digits), 10**digits, 7)
        program = replace(_program(rng, columns=7, most=most, whole=True), cost=cost.astype(float))
        values = {x: int(cost @ x) for x in itertools.product([0, 1], repeat=7)}
        for value in (*rng.choice(list(values.values()), 3).tolist(), 0):
            small = in_digits(program, value)
            base = int(-small.rows[[len(program.low)], [7]][0])
            assert np.abs(small.cost).max(initial=0) <= 2 * base <= 4 * max(4, 10 ** (digits / 2 + 0.5))
            for x, worth in values.items():
                carried, rest = divmod(int(small.rows[[len(program.low)], :7].toarray()[0] @ x), base)
                fits = [_keeps(small, np.array([*x, carried, rest, z], dtype=float)) for z in (0, 1)]
                better = worth > value if most else worth < value
                assert any(fits) == (better and _keeps(program, np.array(x, dtype=float)))
            best = [v for x, v in values.items() if _keeps(program, np.array(x, dtype=float))]
            beaten = any(v > value if most else v < value for v in best)
            assert Solver(small).solve().status == ("optimal" if beaten else "infeasible")


def _keeps(program, x):
    sums = program.rows @ x
    inside = (program.lower <= x).all() and (x <= program.upper).all()
    return bool(inside and (program.low <= sums).all() and (sums <= program.high).all())


def test_rows_added_dropped_and_moved_change_the_answer():
    program = _program(np.random.default_rng(1))
    solver = Solver(program)
    first = solver.solve().value
    at_most_two = sp.csr_array(np.ones((1, 6)))
    solver.add_rows(at_most_two, np.array([-math.inf]), np.array([2.0]))
    second = solver.solve().value
    assert second < first
    solver.bound_rows(np.array([4]), np.array([-math.inf]), np.array([1.0]))
    assert solver.solve().value < second
    solver.drop_rows(np.array([4]))
    assert solver.solve().value == pytest.approx(first)
    solver.bound_columns(np.arange(3), np.zeros(3), np.zeros(3))
    closed = solver.solve()
    assert closed.value < first
    assert (closed.values[:3] == 0).all()
    solver.price(-program.cost)
    assert solver.solve().value == 0


def test_a_program_without_solution_is_told():
    program = _program(np.random.default_rng(2), whole=True)
    solver = Solver(program)
    solver.add_rows(sp.csr_array(np.ones((1, 6))), np.array([7.0]), np.array([math.inf]))
    done = solver.solve()
    assert (done.status, done.values, done.bound) == ("infeasible", None, math.inf)


def test_a_run_that_failed_proves_nothing(monkeypatch):
    monkeypatch.setattr(room, "_run", lambda _: "kNotset")
    done = Solver(_program(np.random.default_rng(3), most=False)).solve()
    assert (done.status, done.values, done.bound) == ("failed", None, -math.inf)


def test_a_basis_brings_a_linear_program_back():
    solver = Solver(_program(np.random.default_rng(4), rows=8, columns=20))
    first = solver.solve()
    basis = solver.basis()
    solver.bound_columns(np.array([0]), np.zeros(1), np.zeros(1))
    solver.solve()
    solver.bound_columns(np.array([0]), np.zeros(1), np.ones(1))
    solver.restore(basis)
    again = solver.solve()
    assert again.value == pytest.approx(first.value)
    binds = np.isclose(solver.program.rows @ again.values, solver.program.high)
    assert not (solver.slack_rows() & (again.prices != 0)).any()
    assert (binds | solver.slack_rows()).all()


def test_a_run_stops_when_told_and_tells_what_it_found():
    program = _program(np.random.default_rng(5), rows=30, columns=60, whole=True)
    seen = []
    solver = Solver(program)
    done = solver.solve(stop=lambda: bool(seen), found=lambda x, bound: seen.append((x, bound)))
    assert done.status == "stopped"
    assert seen
    for values, bound in seen:
        assert (program.rows @ values <= program.high + 1e-6).all()
        assert bound >= program.cost @ values
    assert done.value <= done.bound
    start = done.values
    assert Solver(program).solve(nodes=1, start=start).value >= done.value


def test_each_run_has_its_own_time(monkeypatch):
    """HiGHS counts the time of a linear program from its first run: what went before is added to each limit."""
    solver = Solver(_program(np.random.default_rng(7), rows=40, columns=200))
    runs = [solver.solve(seconds=3600)]
    for spent in (7200.0, 86_400.0):
        monkeypatch.setattr(type(solver._highs), "getRunTime", lambda _, spent=spent: spent)
        solver.price(np.random.default_rng(len(runs)).integers(1, 20, 200).astype(float))
        runs.append(solver.solve(seconds=3600))
        assert solver._highs.getOptionValue("time_limit")[1] == spent + 3600
    assert {r.status for r in runs} == {"optimal"}


def test_a_start_that_presolve_misreads_does_not_end_the_search():
    """Seven houses on a street, each beside an open site; HiGHS 1.16 took 17 for the least, with a bound of 9."""
    beside = np.eye(7) + np.eye(7, k=1) + np.eye(7, k=-1)
    rows = sp.csr_array(np.hstack([beside, -np.eye(7)]))
    cost = np.array([3.0, 7, 3, 7, 3, 7, 3, *np.zeros(7)])
    box, sides = (np.r_[np.zeros(7), np.ones(7)], np.ones(14)), (np.zeros(7), np.full(7, math.inf))
    program = Program(cost, rows, *sides, *box, whole=np.arange(14) < 7)
    done = Solver(program).solve(start=np.array([0.0, 1, 1, 0, 0, 1, 0, *np.ones(7)]))
    assert (done.status, done.value, done.bound) == ("optimal", 12, 12)


def test_ctrl_c_comes_through_once_the_solver_has_stopped():
    solver = Solver(_program(np.random.default_rng(6), rows=30, columns=60, whole=True))

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solver.solve(stop=interrupted)
    assert solver.solve(nodes=1).status in ("optimal", "stopped")


def test_a_solver_that_does_not_listen_is_left_behind(monkeypatch):
    program = _program(np.random.default_rng(3), whole=True)
    solver, run, deaf = Solver(program), room._run, threading.Event()

    def slow(highs):
        deaf.wait()
        return run(highs)

    monkeypatch.setattr(room, "_run", slow)
    monkeypatch.setattr(room, "_GRACE", 0.01)
    told = []
    try:
        for seconds, stop in ((0.05, None), (math.inf, lambda: True)):
            left = solver.solve(seconds=seconds, stop=stop, found=lambda *said: told.append(said))
            assert (left.status, left.values, left.bound) == ("stopped", None, math.inf)
    finally:
        deaf.set()
    monkeypatch.setattr(room, "_run", run)
    again = solver.solve()
    assert (again.status, again.value) == ("optimal", _by_hand(program))
    assert told == []


def test_a_run_left_behind_while_another_thread_leaves_one_is_remembered(monkeypatch):
    """Ctrl-C reaches the searches of all questions at once."""
    kept = []
    monkeypatch.setattr(room, "_ABANDONED", kept)

    class Ended:
        def is_alive(self):
            kept.append((threading.main_thread(), "of another thread"))
            return False

    kept.append((Ended(), "long ended"))
    room._leave_behind(threading.main_thread(), "mine")
    assert [highs for _, highs in kept] == ["mine", "of another thread"]


def test_what_a_listener_raises_comes_through():
    def broken(_values, _bound):
        raise ValueError("no plan")

    with pytest.raises(ValueError, match="no plan"):
        Solver(_program(np.random.default_rng(3), rows=8, columns=30, whole=True)).solve(found=broken)


@pytest.mark.parametrize(
    ("bound", "most", "whole"), [(3.0000001, False, 3), (3.1, False, 4), (2.9999999, True, 3), (2.9, True, 2)]
)
def test_bounds_are_rounded_to_the_safe_side(bound, most, whole):
    assert whole_bound(bound, most=most) == whole
    assert whole_bound(math.inf, most=most) == math.inf


def test_a_watch_is_over_when_told_or_when_time_is_up():
    assert not SearchBudget().over()
    assert SearchBudget(stop=lambda: True).over()
    assert SearchBudget(seconds=0).over()


def test_the_solver_writes_nothing_to_stdout(root):
    code = """
import numpy as np, scipy.sparse as sp
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.methods.solver.highs import Solver
one = np.ones(1)
program = Program(one, sp.csr_array(np.ones((1, 1))), 0 * one, one, 0 * one, one, most=True, whole=one > 0)
Solver(program).solve(stop=lambda: False)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_run_left_behind_does_not_hold_the_end_of_the_program(root):
    code = """
import threading
import numpy as np, scipy.sparse as sp
from quarterhour.siting.methods.solver import highs as room
from quarterhour.siting.methods.solver.program import Program
room._GRACE, room._kinds = 0.0, lambda cb: ()
rng = np.random.default_rng(5)
rows, columns = 1500, 1500
inside = sp.csr_array((rng.random((rows, columns)) < 0.04).astype(float))
ones, none = np.ones(columns), np.full(rows, np.inf)
cost = rng.integers(50, 100, columns).astype(float)
hard = Program(cost, inside, np.ones(rows), none, 0 * ones, ones, whole=ones > 0)
solved = room.Solver(hard).solve(stop=lambda: True)
print(solved.status, [t.name for t in threading.enumerate()])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "stopped ['MainThread', 'HiGHS']\n"
