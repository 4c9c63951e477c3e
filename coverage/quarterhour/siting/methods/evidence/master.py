"""The linear program behind evidence: sites in parts, and by cuts what each community costs at them (Benders)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Program
from quarterhour.siting.proof.price_form import Part, PriceForm

_CLOSE = 1e-7
_SHORT = 1e-9
_ROUNDS = 60
"""Of cuts at one node: most questions take ten."""


@dataclass(frozen=True, eq=False)
class _Sorted:
    """A part's pairs, of each community the cheapest first, and of each community the ``column`` of its cost.

    ``most``: what a community costs at the most: at its dearest pair where it must have one, else without.
    """

    part: Part
    site: IntArray
    cost: FloatArray
    column: IntArray
    most: FloatArray


class PriceMaster:
    """``solve`` gives the sites in parts and a vector of prices, as reals in the goal's unit, at a node of the tree."""

    def __init__(self, form: PriceForm, seed: int = 0) -> None:
        self.form = form
        self.row, self.site = form.near.row, form.near.site.astype(np.int64)
        self.sites, self.free = len(form.free), np.flatnonzero(form.free)
        self.at = np.full(self.sites, -1, dtype=np.int64)
        self.at[self.free] = np.arange(len(self.free))
        self.served = np.zeros(len(form.must), dtype=np.bool_)
        self.served[self.row[form.opened[self.site]]] = True
        self.must = np.flatnonzero(form.must & ~self.served)
        self.parts: list[_Sorted] = []
        self.columns = len(self.free) + 1
        for part in (form.own, *form.kept):
            self._add_part(part)
        self._rows: list[sp.csr_array] = []
        self._low: list[FloatArray] = []
        self._high: list[FloatArray] = []
        self._first_rows()
        rows = sp.csr_array(sp.vstack(self._rows, format="csr"))
        program = Program(
            self._costs(), rows, np.concatenate(self._low), np.concatenate(self._high),
            np.zeros(self.columns), np.r_[np.ones(len(self.free)), np.full(self.columns - len(self.free), np.inf)],
        )  # fmt: skip
        self.cuts: list[tuple[int, IntArray, FloatArray]] = []
        self.solver = Solver(program, seed=seed)
        self.solved = 0
        for share in (form.limit / max(1, len(self.free)), 0.0):
            self._add_cuts(np.full(len(self.free), share), None)

    def _add_part(self, part: Part) -> None:
        """Columns for the communities whose cost depends on the choice."""
        counts = (part.weight > 0) & ((part.without > 0) | self.form.must)
        counts &= bool(part.near.any() or part.without.any())
        column = np.full(len(counts), -1, dtype=np.int64)
        column[counts] = self.columns + np.arange(int(counts.sum()))
        self.columns += int(counts.sum())
        order = np.lexsort((part.near, self.row))
        cost, longest = part.near[order].astype(float), np.zeros(len(column))
        np.maximum.at(longest, self.row, cost)
        most = np.where(self.form.must, longest, part.without.astype(float))
        self.parts.append(_Sorted(part, self.site[order], cost, column, most))

    def _costs(self) -> FloatArray:
        """Of the goal; the column behind the sites is how far rules are broken, which costs more than all else."""
        own, cost = self.parts[0], np.zeros(self.columns)
        cost[: len(self.free)] = own.part.building[self.free]
        cost[len(self.free)] = 20.0 * (abs(self.form.target) + self.form.step)
        priced = np.flatnonzero(own.column >= 0)
        cost[own.column[priced]] = own.part.weight[priced]
        return cost

    def _row(self, rows: sp.csr_array, low: FloatArray, high: FloatArray, *, broken: FloatArray) -> None:
        """Rows over the free sites, and by how much each may be broken."""
        count = len(low)
        rest = sp.csr_array((count, self.columns - len(self.free) - 1))
        one = sp.csr_array(broken.reshape(-1, 1))
        self._rows.append(sp.csr_array(sp.hstack([rows, one, rest], format="csr")))
        self._low.append(np.asarray(low, dtype=float))
        self._high.append(np.asarray(high, dtype=float))

    def _first_rows(self) -> None:
        """Number, rules on sites, kept goals, who must have a site: in this order the duals are read again."""
        form, free = self.form, self.free
        self._row(
            sp.csr_array(np.ones((1, len(free)))), np.array([-np.inf]), np.array([form.limit]), broken=np.zeros(1)
        )
        used = np.asarray(form.rows @ form.opened.astype(np.int64), dtype=float)
        high = np.where(form.high < 0, np.inf, form.high - used)
        self._add_rules(sp.csr_array(sp.csc_array(form.rows)[:, free]), form.low - used, high)
        for at, part in enumerate(form.kept, start=1):
            self._add_kept(at, part)
        mine = np.isin(self.row, self.must) & form.free[self.site]
        place = np.searchsorted(self.must, self.row[mine])
        near = sp.csr_array(
            (np.ones(int(mine.sum())), (place, self.at[self.site[mine]])), shape=(len(self.must), len(free))
        )
        one = np.ones(len(self.must))
        self._row(near, one, np.full(len(one), np.inf), broken=one)

    def _add_rules(self, rows: sp.csr_array, low: FloatArray, high: FloatArray) -> None:
        """Rules on sites; a rule with both sides is broken upwards only where it has no lower one that binds."""
        self._row(sp.csr_array(rows, dtype=float), low, high, broken=np.where(low > 0, 1.0, -1.0))

    def _add_kept(self, at: int, part: Part) -> None:
        sorted_, settled = self.parts[at], int(part.building[self.form.opened].sum())
        row = np.zeros(self.columns)
        row[: len(self.free)] = part.building[self.free]
        priced = np.flatnonzero(sorted_.column >= 0)
        row[sorted_.column[priced]] = part.weight[priced]
        row[len(self.free)] = -1.0
        self._rows.append(sp.csr_array(row.reshape(1, -1)))
        self._low.append(np.array([-np.inf]))
        self._high.append(np.array([float(part.most - settled)]))

    # --- at a node ----------------------------------------------------------------------------------

    def solve(self, taken: IntArray, left: IntArray) -> tuple[float, FloatArray, FloatArray] | None:
        """The bound, the free sites in parts and the prices where some are taken and some left; None: not to be had."""
        lower, upper = np.zeros(len(self.free)), np.ones(len(self.free))
        lower[self.at[taken]], upper[self.at[left]] = 1.0, 0.0
        self.solver.bound_columns(np.arange(len(self.free)), lower, upper)
        found = None
        goal = self.form.target - self.form.step
        for _ in range(_ROUNDS):
            outcome = self.solver.solve()
            self.solved += 1
            if outcome.status != "optimal" or outcome.values is None or outcome.prices is None:
                return found
            y = np.clip(outcome.values[: len(self.free)], 0.0, 1.0)
            settled = float(self.form.own.building[self.form.opened].sum())
            found = outcome.value + settled, y, self._prices(outcome.prices)
            if found[0] > goal + 0.5 * self.form.step or not self._add_cuts(y, outcome.values):
                return found
        return found

    def _add_cuts(self, y: FloatArray, values: FloatArray | None) -> bool:
        """Cuts that a solution breaks; without one, those of every community at some sites in parts."""
        whole = self.form.opened.astype(float)
        whole[self.free] = y
        added = [self._part_cuts(sorted_, whole, values) for sorted_ in self.parts]
        return any(added)

    def _part_cuts(self, sorted_: _Sorted, whole: FloatArray, values: FloatArray | None) -> bool:
        need, price = self._thresholds(sorted_, whole)
        rows = np.flatnonzero(sorted_.column >= 0)
        if values is not None:
            short = need[rows] - values[sorted_.column[rows]]
            rows = rows[short > _CLOSE * np.maximum(1.0, np.abs(need[rows]))]
        rows = rows[price[rows] > 0]
        if len(rows):
            self._cut(sorted_, rows, price)
        return bool(len(rows))

    def _thresholds(self, sorted_: _Sorted, whole: FloatArray) -> tuple[FloatArray, FloatArray]:
        """By community what it costs at sites in parts, and the cost of the pair that completes its whole."""
        row, price = self.row, sorted_.most.copy()
        weight, start = whole[sorted_.site], self.form.near.start
        upto = np.cumsum(weight)
        before = np.r_[0.0, upto][start[:-1]]
        inside = upto - before[row]
        full = inside >= 1.0 - _SHORT
        np.minimum.at(price, row[full], sorted_.cost[full])
        need = price.copy()
        np.subtract.at(need, row, np.maximum(0.0, price[row] - sorted_.cost) * weight)
        return need, price

    def _cut(self, sorted_: _Sorted, rows: IntArray, price: FloatArray) -> None:
        """``cost >= price - (price - pair) @ sites`` of some communities."""
        place = np.full(len(price), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        pair_row, site = self.row, sorted_.site
        less = price[pair_row] - sorted_.cost
        mine = (place[pair_row] >= 0) & (less > 0) & self.form.free[site]
        line = np.r_[place[pair_row[mine]], np.arange(len(rows))]
        column = np.r_[self.at[site[mine]], sorted_.column[rows]]
        cut = sp.csr_array((np.r_[less[mine], np.ones(len(rows))], (line, column)), shape=(len(rows), self.columns))
        self.solver.add_rows(cut, price[rows], np.full(len(rows), np.inf))
        self.cuts.append((len(rows), rows, price[rows]))

    def _prices(self, duals: FloatArray) -> FloatArray:
        """Of kept goals, of rules on sites, of communities: each cut's price as far as the cut counts."""
        form, one = self.form, 1
        rules = duals[one : one + len(form.low)]
        kept = np.maximum(0.0, -duals[one + len(rules) : one + len(rules) + len(form.kept)])
        first = one + len(rules) + len(kept)
        own = np.zeros(len(form.must))
        own[self.must] += np.maximum(0.0, duals[first : first + len(self.must)])
        first += len(self.must)
        for count, rows, price in self.cuts:
            np.add.at(own, rows, np.maximum(0.0, duals[first : first + count]) * price)
            first += count
        return np.concatenate([kept, rules, own])
