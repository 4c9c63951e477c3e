"""Lexicographic goals by the general integer program: the best of one that keeps what those before attained."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray
from quarterhour.siting.methods.general.gini_rows import millionths_above
from quarterhour.siting.methods.general.model import Model
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import Incumbent
from quarterhour.siting.methods.solver.program import Outcome, Program, Rows, Sum, in_digits, whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.bounds import GoalResult, counting_bound
from quarterhour.siting.question.evaluate import Choice
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.problem import WHOLE, Goal
from quarterhour.siting.question.search import COUNTING, Exact, SearchBudget

_LOST = 1e-4
"""What a solver's tolerances may make of a sum of shares in ten thousandths."""
_TANGENTS = 10
"""Found from fractions each time, before whole choices are asked for."""
_SUMS = ("max-cover", "min-sites", "min-time", "min-cost")
_FARTHEST = 1e11
"""Sums up to which half a unit is more than adding floats may lose."""
_MOST_CHOICES = 1024
_MOST_REFUSED = 50
"""Solutions of the solver that do not hold in whole numbers, after which it is left."""
_MOST_IN_DIGITS = 2000
"""Columns up to which the last units of a sum are proven too; that took 3 s at 800, and more than 30 at 3,000."""


class GoalSearch:
    """The best of one goal; ``rules`` keeps the others."""

    def __init__(self, model: Model, goal: Goal, rules: QuestionRules, *, budget: SearchBudget) -> None:
        self.model, self.goal, self.rules, self.budget = model, goal, rules, budget
        self.measure = rules.measure
        easy = counting_bound(self.measure, goal)
        self.best: Incumbent[Choice, Exact] = Incumbent(budget, bound=easy, most=goal.most)
        self.nodes = 0

    def run(self, start: Choice | None) -> GoalResult:
        """From a choice that holds, if there is one."""
        if start is not None and self.rules.hold(start):
            self.take(start)
        infeasible = False
        if self.model.settled:
            infeasible = not self._nothing_to_choose()
        elif not self.best.is_optimal and not self.budget.over():
            ways = {"min-worst": self.minimise_worst, "equity": self.maximise_least_share, "gini": self.minimise_gini}
            way = ways.get(self.goal.objective, self.optimise_sum)
            infeasible = way()
            self.close()
        return self.best.result(nodes=self.nodes, infeasible=infeasible)

    def finish(self, known: GoalResult) -> GoalResult:
        """The last unit of an answer whose value and bound are that near; it must have a choice."""
        assert known.choice is not None
        self.best.choice, self.best.value = known.choice, known.value
        self.best.bound, self.best.proved_by = known.bound, known.proved_by
        self.close()
        return self.best.result(nodes=known.nodes + self.nodes)

    def _nothing_to_choose(self) -> bool:
        """Whether the only choice there is holds."""
        only = self.model.choice(np.empty(0))
        holds = self.rules.hold(only)
        if holds:
            self.take(only)
            self.best.tighten(self.value, by=COUNTING)
        return holds

    @property
    def value(self) -> Exact:
        """Of the best choice; there must be one."""
        assert self.best.value is not None
        return self.best.value

    def take(self, choice: Choice) -> None:
        """Offer a choice that holds."""
        self.best.offer(choice, self.measure.value(choice, self.goal))

    # --- ways -------------------------------------------------------------------------------------

    def optimise_sum(self) -> bool:
        """A goal that is a sum: one integer program."""
        total = self.model.sum_of(self.goal)
        program = self.model.program(self.attained_rows(), total, most=self.goal.most)
        done, by = self.solve(program, whole=True, live=lambda bound, by: self.tighten_sum(total, bound, by))
        self.tighten_sum(total, done.bound, by)
        if done.status == "optimal" and self.best.choice is not None and self.model.columns <= _MOST_IN_DIGITS:
            self.last_units(program, total)
        return done.status == "infeasible" and self.best.choice is None

    def last_units(self, program: Program, total: Sum) -> None:
        """Prove a value whose last units are too small for the solver's floats: nothing is better, digit by digit."""
        self._until_infeasible(lambda: in_digits(program, (int(self.value) - total.constant) // total.scale))

    def close(self) -> None:
        """What a solver's tolerances leave open: look at each choice if they are few, else ask for a unit better."""
        if self.best.choice is None or self.best.is_optimal or self.budget.over():
            return
        if self.measure.problem.capacity is None and 1 << len(self.model.free) <= _MOST_CHOICES:
            self._each_choice()
        elif self.goal.objective in _SUMS:
            self._until_infeasible(partial(self._unit_better, self.model.sum_of(self.goal)))

    def _each_choice(self) -> None:
        free = np.flatnonzero(self.measure.problem.free)
        for some in range(1 << len(free)):
            opened = ~self.measure.problem.free
            opened[free[[k for k in range(len(free)) if some >> k & 1]]] = True
            if self.rules.hold(Choice(opened)):
                self.take(Choice(opened))
        self.best.tighten(self.value, by=COUNTING)

    def _unit_better(self, total: Sum) -> Program | None:
        """Any choice that is better by a unit; None where floats may lose as much."""
        rows, value = self.attained_rows(), int(self.value)
        rows.add_sum(total, **({"low": value + 1} if self.goal.most else {"high": value - 1}))
        # Half a unit for all that floats may lose.
        sides, half = (rows.lows, -0.5) if self.goal.most else (rows.highs, 0.5)
        sides[-1] = sides[-1] + half
        program = self._feasibility(rows)
        return None if program.largest(total.cost()) > _FARTHEST else program

    def _until_infeasible(self, better: Callable[[], Program | None]) -> None:
        """Ask for a choice that is better than the best known, as a question of yes or no, until there is none."""
        while not self.best.is_optimal and not self.budget.over():
            before, program = self.value, better()
            if program is None:
                return
            done, by = self.solve(program, whole=True, first=True)
            if done.status == "infeasible":
                self.best.tighten(self.value, by=by)
            if self.value == before:
                return

    def tighten_sum(self, total: Sum, bound: float, by: str) -> None:
        """Keep the solver's bound on a sum."""
        whole = whole_bound(bound, most=self.goal.most)
        if math.isfinite(whole):
            self.best.tighten(total.constant + total.scale * int(whole), by=by)

    def minimise_worst(self) -> bool:
        """The farthest community: halve the times that are left, each asked as a question of yes or no."""
        if self.best.choice is None:
            done, by = self.solve(self._feasibility(self.attained_rows()), whole=True, first=True)
            if self.best.choice is None:
                return done.status == "infeasible"
        near, limit = self.measure.problem.near, self.measure.problem.limit_cs
        times = np.unique(np.r_[near.cs, limit, 0]).tolist()
        left = [t for t in times if self.best.bound <= t < self.value]
        while left and not self.budget.over():
            half = left[(len(left) - 1) // 2]
            rows = self.attained_rows()
            self.model.add_worst_limit(rows, self.goal, half)
            done, by = self.solve(self._feasibility(rows), whole=True, first=True)
            if done.status == "infeasible":
                self.best.tighten(min([t for t in left if t > half], default=self.value), by=by)
            elif self.value > half:
                break
            left = [t for t in left if self.best.bound <= t < self.value]
        return False

    def maximise_least_share(self) -> bool:
        """The worst area: the greatest least share as a real, then whole numbers until none is larger."""
        done, by = self.solve(self.model.equity_program(self.attained_rows(), self.goal), whole=False)
        if self.best.choice is None:
            return done.status == "infeasible"
        if math.isfinite(done.bound) and not self.best.is_optimal:
            self.best.tighten(self._share_above(done.bound), by=by)
        self._until_infeasible(self._larger_share)
        return False

    def _larger_share(self) -> Program:
        """Any choice whose worst area has more."""
        rows = self.attained_rows()
        self.model.add_share_limit(rows, self.goal, Fraction(self.value), more=True)
        return self._feasibility(rows)

    def minimise_gini(self) -> bool:
        """Gini: what is least above a coefficient just below the best known, and again from there (Dinkelbach 1967);
        then as a question of yes or no, until none is less.
        """
        if self.best.choice is None:
            done, by = self.solve(self._feasibility(self.attained_rows()), whole=True, first=True)
            if self.best.choice is None:
                return done.status == "infeasible"
        mean, better = self._least_mean(), True
        while better and not self.best.is_optimal and not self.budget.over():
            before = int(self.value)
            proven = partial(self._tighten_gini, before - 1, mean)
            done, by = self.solve(self._gini_program(before - 1), whole=False, live=proven)
            proven(done.bound, by)
            better = bool(self.model.tangent_rows(done.values).parts) or self.value != before
        better = True
        while better and not self.best.is_optimal and not self.budget.over():
            before, rows = int(self.value), self.attained_rows()
            self.model.add_gini_limit(rows, self.goal, before - 1)
            less = self.rules.attaining(self.goal, before - 1)
            done, by = self.solve(self._feasibility(rows), whole=True, first=True, rules=less)
            if done.status == "infeasible":
                self.best.tighten(before, by=by)
            better = bool(self.model.tangent_rows(done.values).parts) or self.value != before
        return False

    def _gini_program(self, ppm: int) -> Program:
        """The program of what is least above so many millionths, along the tangents that fractions ask for first."""
        program = self.model.gini_program(self.attained_rows(), self.goal, ppm)
        for _ in range(0 if self.model.gini[self.goal].few else _TANGENTS):
            done, _ = self.solve(replace(program, whole=None), whole=False)
            if not self.model.tangent_rows(done.values).parts or self.budget.over():
                break
            program = self.model.gini_program(self.attained_rows(), self.goal, ppm)
        return program

    def _least_mean(self) -> float:
        """The least share of all people that any choice covers, in ten thousandths."""
        total = self.model.in_areas(self.goal)
        program = replace(self.model.program(self.attained_rows(), total, most=False), whole=None)
        done, _ = self.solve(program, whole=False)
        least = total.constant + total.scale * done.bound if math.isfinite(done.bound) else 0.0
        return least / max(1, sum(n for _, n in self.measure.totals(self.goal)))

    def _tighten_gini(self, ppm: int, mean: float, above: float, by: str) -> None:
        least = millionths_above(ppm, above - _LOST, mean)
        if least is not None:
            self.best.tighten(least, by=by)

    def _share_above(self, bound: float) -> Fraction:
        """The largest share that an area can have within a real bound and its tolerance."""
        totals = [WHOLE * n for _, n in self.measure.totals(self.goal)]
        return max(Fraction(min(t, math.floor((bound + 1e-6) * t)), t) for t in totals)

    def attained_rows(self) -> Rows:
        """The goals before, as rows."""
        rows = Rows(self.model.columns)
        for attained in self.rules.attained:
            self.model.add_attained(rows, attained)
        return rows

    def _feasibility(self, rows: Rows) -> Program:
        """Any choice within the rules and some rows, few sites first."""
        return self.model.program(rows, self.model.sum_of(Goal("min-sites")), most=False)

    # --- the solver -------------------------------------------------------------------------------

    def solve(
        self,
        program: Program,
        *,
        whole: bool,
        first: bool = False,
        live: Callable[[float, str], None] | None = None,
        budget: SearchBudget | None = None,
        rules: QuestionRules | None = None,
    ) -> tuple[Outcome, str]:
        """Run a program; choices that hold are taken as they come. ``first``: the first of them ends it.
        ``live``: called with the solver's bound on the way. ``budget``: of a part of the search, which begins at no
        choice. ``rules``: what a choice must keep, beyond the search's own.

        What the solver takes for a solution within its tolerance but does not hold in whole numbers is refused, and
        the solver asked for another.
        """
        solver = Solver(program, seed=self.budget.seed, whole_value=whole)
        before, started = self.best.value, self.best.choice if budget is None else None
        budget, rules = budget or self.budget, rules or self.rules

        last: deque[FloatArray] = deque(maxlen=1)

        def has_improved() -> bool:
            return self.best.value != before

        def on_solution(values: FloatArray, bound: float) -> None:
            if first and has_improved():
                return  # what comes while the solver stops would depend on how soon it does
            last.append(values)
            choice = self.model.choice(values)
            if live:
                live(bound, solver.version)
            if rules.hold(choice):
                self.take(choice)

        done, refused = Outcome("failed", None, math.nan, math.nan), 0
        while refused < _MOST_REFUSED:
            done = solve_within(
                solver,
                budget,
                start=None if first or started is None else self._start_values(program, started),
                stop=lambda: budget.stop() or (first and has_improved()),
                found=on_solution,
                bounded=None if live is None else lambda bound: live(bound, solver.version),
            )
            self.nodes += done.nodes
            if first and has_improved() and last:
                done = replace(done, values=last[-1])
                break
            if done.values is None:
                break
            choice = self.model.choice(done.values)
            if rules.hold(choice):
                self.take(choice)
                break
            if done.status != "optimal" or program.whole is None or budget.over():
                break
            if not self._add_tangents(solver, done.values):
                refused += 1
                if not self._exclude(solver, done.values):
                    break
        return done, solver.version

    def _start_values(self, program: Program, choice: Choice) -> FloatArray:
        begin = self.model.start_values(choice)
        return np.concatenate([begin, np.zeros(len(program.cost) - len(begin))])

    def _add_tangents(self, solver: Solver, values: FloatArray) -> bool:
        """Add the tangents that values break; False where there are none."""
        rows, low, high = self.model.tangent_rows(values).stacked()
        rows.resize((len(low), len(values)))
        if len(low):
            solver.add_rows(rows, low, high)
        return len(low) > 0

    def _exclude(self, solver: Solver, values: FloatArray) -> bool:
        """Leave out one solution, by all that is 0 or 1 in it; False where that may leave out others, too."""
        program, capacity = solver.program, self.measure.problem.capacity
        if capacity is not None and capacity.split:
            return False
        if program.whole is None:
            return False
        whole = np.flatnonzero(program.whole[: self.model.columns])
        if (program.upper[whole] > 1).any():
            return False
        one = values[whole] > 0.5
        row = sp.csr_array((np.where(one, -1.0, 1.0), (0 * whole, whole)), shape=(1, len(program.cost)))
        solver.add_rows(row, np.array([1.0 - one.sum()]), np.array([math.inf]))
        return True
