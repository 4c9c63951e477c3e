"""General integer program of a siting question, for any of its rules and goals, in whole numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.general.columns import CoverColumns, ServiceColumns, TimeColumns
from quarterhour.siting.methods.general.gini_rows import GiniColumns
from quarterhour.siting.methods.general.load_columns import LoadColumns
from quarterhour.siting.methods.solver.program import Program, Rows, Sum
from quarterhour.siting.question.evaluate import Choice
from quarterhour.siting.question.feasible import AttainedGoal, QuestionRules, conflict_rows, farthest_rows, sum_rows
from quarterhour.siting.question.least_load import asks_least_load
from quarterhour.siting.question.problem import PPM, WHOLE, Goal
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.site_limits import as_limits


class Model:
    """Columns: free sites, who is covered or served, how near, Gini of areas; every rule as rows over them."""

    def __init__(self, rules: QuestionRules) -> None:
        self.rules, self.measure = rules, rules.measure
        self.problem = rules.measure.problem
        self.free = np.flatnonzero(self.problem.free)
        self.column = np.cumsum(self.problem.free) - 1
        self.gini = {g: GiniColumns(self.measure, g) for g in self.problem.goals if g.objective == "gini"}
        self.cover: CoverColumns | ServiceColumns = (
            CoverColumns(self.measure, both_ways=bool(self.gini))
            if self.problem.capacity is None
            else ServiceColumns(self.measure)
        )
        self.time = self.cover if isinstance(self.cover, ServiceColumns) else self._time_columns()
        nearest = self.problem.capacity is None and asks_least_load(self.problem)
        loads = LoadColumns(self.measure) if nearest else None
        self.blocks = [b for b in dict.fromkeys((self.cover, self.time, *self.gini.values(), loads)) if b is not None]
        starts = np.r_[len(self.free), len(self.free) + np.cumsum([len(b.upper) for b in self.blocks])].tolist()
        self.first, self.columns = dict(zip(self.blocks, starts, strict=False)), int(starts[-1])
        self.settled = self.columns == sum(len(b.upper) for b in self.gini.values())
        self.rows = self._rows()

    def _time_columns(self) -> TimeColumns | None:
        timed = [self.problem.people_of[g.people] for g in self.problem.goals if g.objective == "min-time"]
        return TimeColumns(self.measure, np.array(timed).sum(axis=0) > 0) if timed else None

    # --- sums -------------------------------------------------------------------------------------

    def points(self, people: IntArray) -> Sum:
        """Ten thousandths of people covered."""
        constant, own = self.cover.points(people)
        return Sum(constant, self._wide(own, self.first[self.cover]))

    def sum_of(self, goal: Goal) -> Sum:
        """A goal whose value is a sum."""
        people = self.problem.people_of[goal.people]
        if goal.objective == "max-cover":
            return self.points(people)
        if goal.objective == "min-time" and self.time is not None:
            constant, own = self.time.time(people)
            return Sum(constant, self._wide(own, self.first[self.time]))
        each = self.problem.yuan if goal.objective == "min-cost" else np.ones(len(self.column), dtype=np.int64)
        required = self.problem.required
        return Sum(int(each[required].sum()), self._wide(each[self.free], 0))

    def _wide(self, own: IntArray, first: int) -> IntArray:
        wide = np.zeros(self.columns, dtype=np.int64)
        wide[first : first + len(own)] = own
        return wide

    # --- rules ------------------------------------------------------------------------------------

    def _rows(self) -> Rows:
        rows = Rows(self.columns)
        for block in self.blocks:
            block.add_rows(rows, self.first[block])
        for goal, gini in self.gini.items():
            gini.add_share_rows(rows, self.first[gini], self.area_sums(goal))
        problem = self.problem
        rows.add_limits(as_limits(sum_rows(problem), ~problem.free), at_most=True)
        if problem.coverage.at_least:
            rows.add_sum(self.points(problem.demand.to_numpy()), low=WHOLE * problem.coverage.at_least)
        rows.add_limits(as_limits((rule.row for rule in area_rules(problem)), ~problem.free))
        rows.add_limits(as_limits(conflict_rows(problem, self.rules.cliques), ~problem.free))
        rows.add_limits(as_limits(farthest_rows(self.measure), ~problem.free))
        return rows

    def add_attained(self, rows: Rows, attained: AttainedGoal) -> None:
        """Rows by which a goal stays at least as good as a value."""
        goal, value = attained
        if goal.objective == "min-worst":
            self.add_worst_limit(rows, goal, int(value))
        elif goal.objective == "equity":
            self.add_share_limit(rows, goal, Fraction(value))
        elif goal.objective == "gini":
            self.add_gini_limit(rows, goal, int(value))
        elif goal.most:
            rows.add_sum(self.sum_of(goal), low=int(value))
        else:
            rows.add_sum(self.sum_of(goal), high=int(value))

    def add_worst_limit(self, rows: Rows, goal: Goal, cs: int) -> None:
        """Nobody has farther than so many centiseconds."""
        near, row, limit = self.problem.near, self.measure.row, self.problem.limit_cs
        bound = self.measure.reachable & (self.problem.people_of[goal.people] > 0) & (limit > cs)
        least = np.ones(len(bound))
        if isinstance(self.cover, ServiceColumns):
            far, use = np.flatnonzero(bound[row] & (near.cs > cs)), np.flatnonzero(bound[row])
            rows.add(0 * far, self.first[self.cover] + far, 1.0, count=min(1, len(far)), low=0, high=0)
            least = self.problem.demand.to_numpy() if self.cover.split else least
            column = self.first[self.cover] + use
        else:
            met = np.bincount(row[(near.cs <= cs) & ~self.problem.free[near.site]], minlength=len(bound)) > 0
            bound = bound & ~met
            use = np.flatnonzero(bound[row] & (near.cs <= cs))
            column = self.column[near.site[use]]
        place = np.cumsum(bound) - 1
        rows.add(place[row[use]], column, 1.0, count=int(bound.sum()), low=least[bound], high=math.inf)

    def add_share_limit(self, rows: Rows, goal: Goal, share: Fraction, *, more: bool = False) -> None:
        """At least this share of every area is covered; ``more``: a larger one."""
        for total, people in self.area_sums(goal):
            full = WHOLE * people * share
            rows.add_sum(total, low=math.floor(full) + 1 if more else math.ceil(full))

    def add_gini_limit(self, rows: Rows, goal: Goal, ppm: int) -> None:
        """The shares of areas have a Gini coefficient of so many millionths at most, and somebody is covered."""
        gini = self.gini[goal]
        if ppm < PPM and len(gini.people):
            gini.add_limit(rows, self.first[gini], ppm)
            gini.add_tangents(rows, self.first[gini])
            rows.add_sum(self.in_areas(goal), low=1)

    def in_areas(self, goal: Goal) -> Sum:
        """The points covered in the areas that a goal compares."""
        named = self.problem.areas[goal.level].ne("").to_numpy()
        return self.points(np.where(named, self.problem.people_of[goal.people], 0))

    def area_sums(self, goal: Goal) -> list[tuple[Sum, int]]:
        """Of each area the points covered, and its people whom some site could cover."""
        people, areas = self.problem.people_of[goal.people], self.problem.areas[goal.level].to_numpy()
        return [(self.points(np.where(areas == name, people, 0)), n) for name, n in self.measure.totals(goal)]

    # --- programs ---------------------------------------------------------------------------------

    def program(self, rows: Rows, total: Sum, *, most: bool) -> Program:
        """The best of a sum within the rules and some more rows."""
        matrix, low, high = self.rows.joined(rows).stacked()
        lower = np.concatenate([np.zeros(len(self.free)), *(b.lower for b in self.blocks)])
        upper = np.concatenate([np.ones(len(self.free)), *(b.upper for b in self.blocks)])
        whole = np.concatenate([np.ones(len(self.free), dtype=np.bool_), *(b.whole for b in self.blocks)])
        upper[self.column[self.problem.barred]] = 0.0
        return Program(total.cost(), matrix, low, high, lower, upper, most=most, whole=whole)

    def equity_program(self, rows: Rows, goal: Goal) -> Program:
        """The greatest least share of an area, as one more column."""
        plain = self.program(rows, Sum(0, np.zeros(self.columns, dtype=np.int64)), most=True)
        sums = self.area_sums(goal)
        scale = [float(WHOLE * n) for _, n in sums]
        share = np.array([s.of / k for (s, _), k in zip(sums, scale, strict=True)]).reshape(len(sums), self.columns)
        below = sp.hstack([sp.csr_array(share), -np.ones((len(sums), 1))], format="csr")
        above = sp.hstack([plain.rows, sp.csr_array((len(plain.low), 1))], format="csr")
        low = np.array([-s.constant / k for (s, _), k in zip(sums, scale, strict=True)])
        return replace(
            plain,
            cost=np.r_[np.zeros(self.columns), 1.0],
            rows=sp.csr_array(sp.vstack([above, below], format="csr")),
            low=np.r_[plain.low, low],
            high=np.r_[plain.high, np.full(len(sums), math.inf)],
            lower=np.r_[plain.lower, 0.0],
            upper=np.r_[plain.upper, 1.0],
            whole=None if plain.whole is None else np.r_[plain.whole, False],
        )

    def gini_program(self, rows: Rows, goal: Goal, ppm: int) -> Program:
        """The least excess of the Gini coefficient over so many millionths, somebody being covered."""
        gini, cost = self.gini[goal], np.zeros(self.columns)
        gini.add_tangents(rows, self.first[gini])
        rows.add_sum(self.in_areas(goal), low=1)
        plain = self.program(rows, Sum(0, np.zeros(self.columns, dtype=np.int64)), most=False)
        own = gini.excess(ppm)
        cost[self.first[gini] : self.first[gini] + len(own)] = own
        return replace(plain, cost=cost)

    def tangent_rows(self, values: FloatArray | None) -> Rows:
        """Tangents that values of the columns break; all programs to come have them, too."""
        rows = Rows(self.columns)
        if values is not None:
            for gini in self.gini.values():
                first = self.first[gini]
                gini.add_new_tangent(rows, first, values[first : first + len(gini.upper)])
        return rows

    # --- choices ----------------------------------------------------------------------------------

    def choice(self, values: FloatArray) -> Choice:
        """What values of the columns mean."""
        opened = ~self.problem.free
        opened[self.free[values[: len(self.free)] > 0.5]] = True
        if not isinstance(self.cover, ServiceColumns):
            return Choice(opened)
        first = self.first[self.cover]
        return Choice(opened, self.cover.served(values[first : first + len(self.cover.upper)]))

    def start_values(self, choice: Choice) -> FloatArray:
        """The columns at a choice."""
        return np.concatenate([choice.opened[self.free].astype(float), *(b.start_values(choice) for b in self.blocks)])
