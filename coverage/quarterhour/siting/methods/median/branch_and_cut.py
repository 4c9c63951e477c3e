"""Branch and cut for the p-median: Benders cuts over the sites, and strong branching.

A cut says of a group of rows: without the sites nearer than this, it takes at least that long (Duran-Mateluna,
Ales and Elloumi 2023).
"""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.median.kicked import pool_of
from quarterhour.siting.methods.median.median_instance import MUST, MedianExchange, MedianInstance
from quarterhour.siting.methods.solver.branch_and_cut import WHOLE, BranchAndCut, Node
from quarterhour.siting.methods.solver.elite_pool import ElitePool
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import SitesIncumbent
from quarterhour.siting.methods.solver.nest import Nest, cheapest
from quarterhour.siting.methods.solver.program import Outcome, Program
from quarterhour.siting.methods.solver.within import solve_within

_MOST_GROUPS = 2_000
_LARGEST = 2**20
"""Largest figure in the linear program, in units."""
_TRIED, _TRIAL = 8, 60
"""Sites that a branching is tried on, and steps of the simplex method for each."""

_HARDER = {8: 4, 24: 8, 128: 16, 512: 32, 2048: 64}
"""Turns of the pool, by the nodes looked at without proof."""


class PMedianMaster:
    """Columns: sites (0 to 1), then how long each group of rows takes; rows: the limits, then cuts."""

    def __init__(self, median: MedianInstance, *, seed: int) -> None:
        m = self.median = median
        self.sites = len(m.sites)
        self.group, self.groups = _groups(m)
        count = np.diff(m.start)
        last = m.cs[m.start[1:] - 1].astype(np.int64)
        self.end = np.where(m.otherwise == MUST, last, m.otherwise)
        low = self._by_group(m.people * m.cs[m.start[:-1]])
        high = self._by_group(m.people * self.end)
        self.unit = 2.0 ** max(0, int(high.max(initial=1)).bit_length() - _LARGEST.bit_length())
        self.row = np.repeat(np.arange(len(m.people)), count)
        lower = np.concatenate([np.zeros(self.sites), low / self.unit])
        upper = np.concatenate([np.ones(self.sites), high / self.unit])
        cost = np.concatenate([np.zeros(self.sites), np.ones(self.groups)])
        width = sp.csr_array((m.limits.rows.shape[0], self.groups), dtype=float)
        rows = sp.csr_array(sp.hstack([m.limits.rows.astype(float), width], format="csr"))
        sides = m.limits.low.astype(float), m.limits.high.astype(float)
        self.solver = Solver(Program(cost, rows, *sides, lower, upper), seed=seed)
        self.first_cut = len(m.limits.low)

    def _by_group(self, what: IntArray) -> IntArray:
        total = np.zeros(self.groups, dtype=np.int64)
        np.add.at(total, self.group, what)
        return total

    def cut(self, y: FloatArray, time: FloatArray, *, slack: float = 1e-7) -> int:
        """Add the cuts that a solution breaks, in units; how many they were."""
        m = self.median
        level, value = np.empty(len(m.people), np.int64), np.empty(len(m.people))
        _levels(m.start, m.site, m.cs, self.end, y, level, value)
        taken = np.bincount(self.group, m.people * value, minlength=self.groups) / self.unit
        broken = taken > time + slack * np.maximum(1.0, np.abs(taken))
        bare = np.flatnonzero((m.otherwise == MUST) & (level == self.end) & self._bare(y))
        return self._add(broken, level) + self._cover(bare)

    def _bare(self, y: FloatArray) -> BoolArray:
        reached = np.bincount(self.row, y[self.median.site], minlength=len(self.median.people))
        bare: BoolArray = reached < 1 - WHOLE
        return bare

    def at_prices(self, prices: IntArray, parts: int) -> None:
        """The cuts at the levels of Lagrangian prices: the program then knows their bound."""
        level = np.minimum(-(-prices >> parts), self.end)
        self._add(np.ones(self.groups, dtype=bool), level)

    def _add(self, wanted: BoolArray, level: IntArray) -> int:
        m, many = self.median, int(wanted.sum())
        if not many:
            return 0
        use = np.flatnonzero(wanted[self.group[self.row]] & (m.cs < level[self.row]))
        row = self.row[use]
        number = np.cumsum(wanted) - 1
        saved = m.people[row] * (level[row] - m.cs[use]) / self.unit
        mine = np.flatnonzero(wanted)
        entries = np.concatenate([saved, np.ones(many)])
        place = (
            np.concatenate([number[self.group[row]], np.arange(many)]),
            np.concatenate([m.site[use], self.sites + mine]),
        )
        rows = sp.csr_array((entries, place), shape=(many, self.sites + self.groups))
        low = self._by_group(m.people * level)[mine] / self.unit
        self.solver.add_rows(rows, low, np.full(many, math.inf))
        return many

    def _cover(self, bare: IntArray) -> int:
        if not len(bare):
            return 0
        m = self.median
        use = np.isin(self.row, bare)
        number = np.searchsorted(bare, self.row[use])
        shape = (len(bare), self.sites + self.groups)
        rows = sp.csr_array((np.ones(len(number)), (number, m.site[use])), shape=shape)
        self.solver.add_rows(rows, np.ones(len(bare)), np.full(len(bare), math.inf))
        return len(bare)

    def tidy(self) -> None:
        """Leave out cuts that do not bind."""
        slack = np.flatnonzero(self.solver.slack_rows())
        slack = slack[slack >= self.first_cut]
        if len(slack) > len(self.solver.program.low) // 3:
            self.solver.drop_rows(slack)


def _groups(m: MedianInstance) -> tuple[IntArray, int]:
    """The group of each row: itself, or all rows with the same nearest site where rows are many."""
    if len(m.people) <= _MOST_GROUPS:
        return np.arange(len(m.people)), len(m.people)
    found, group = np.unique(m.site[m.start[:-1]], return_inverse=True)
    return group.astype(np.int64), len(found)


@kernel
def _levels(start, site, cs, end, y, level, value):  # type: ignore[no-untyped-def]
    """By row the time by which one whole site is open, and how long it takes at the least with sites open in part."""
    for i in range(len(end)):
        opened, saved, k = 0.0, 0.0, start[i]
        level[i] = end[i]
        while k < start[i + 1]:
            opened += y[site[k]]
            if opened >= 1 - 1e-9:
                level[i] = cs[k]
                break
            k += 1
        for e in range(start[i], k):
            saved += (level[i] - cs[e]) * y[site[e]]
        value[i] = level[i] - saved


class PMedianTree(BranchAndCut):
    """The tree of a p-median master; bounds are whole numbers, people times centiseconds."""

    def __init__(
        self, median: MedianInstance, nest: Nest, exchange: MedianExchange, best: SitesIncumbent, master: PMedianMaster
    ) -> None:
        super().__init__(master.sites, best, master.solver)
        self.median, self.nest, self.exchange, self.master = median, nest, exchange, master
        self.pool: ElitePool | None = None
        self.push(best.bound, self.root())

    def solve(self, iterations: int | None = None) -> Outcome:
        """The master as it stands, in units."""
        return solve_within(self.solver, self.budget, iterations=iterations)

    def bound_of(self, bound: float) -> float:
        """The least whole number that the program's bound allows, with what is settled."""
        return self.median.settled + math.ceil(bound * self.master.unit) if math.isfinite(bound) else 0

    def separate(self, outcome: Outcome) -> int:
        """Benders cuts where the sites stand."""
        assert outcome.values is not None
        return self.master.cut(outcome.values[: self.sites], outcome.values[self.sites :])

    def tidy(self, outcome: Outcome) -> None:
        """Leave out cuts that do not bind."""
        if outcome.values is not None:
            self.master.tidy()

    def offer(self, opened: IntArray) -> None:
        """A choice, if it keeps the limits."""
        if self.median.limits.holds(opened):
            self.best.offer(self.median.whole(opened), self.median.value(opened))

    def offer_from(self, outcome: Outcome, *, whole: bool) -> None:
        """Offer what a solution comes near to: as it is if whole, else the likeliest sites, and exchanges."""
        super().offer_from(outcome, whole=whole)
        assert outcome.values is not None
        y = outcome.values[: self.sites]
        likely = cheapest(self.nest, np.round(-y, 6)) if self.nest.whole else np.flatnonzero(y > 0.5)
        if likely.tobytes() not in self.seen and self.median.limits.holds(likely):
            self.seen.add(likely.tobytes())
            self.offer(self.exchange.better(likely))

    def process(self, node: Node, bound: float) -> list[tuple[float, Node]]:
        """The nodes below one, after turns of the pool, the longer there is no proof the more."""
        if self.nodes in _HARDER:
            if self.pool is None:
                self.pool = pool_of(self.exchange, self.best)
            self.pool.run(self.budget, turns=_HARDER[self.nodes])
        return super().process(node, bound)

    def fix_sites(self, node: Node, outcome: Outcome) -> Node:
        """What the root's reduced costs settle for good."""
        if self.nodes > 1 or outcome.reduced is None:
            return node
        reduced = outcome.reduced[: self.sites]
        beaten = [self.best.closes(self.bound_of(outcome.bound + abs(r))) for r in reduced.tolist()]
        return self.fixed(node, reduced, np.array(beaten, dtype=np.bool_))

    def branch(self, free: BoolArray, y: FloatArray, bound: float) -> tuple[int, tuple[float, float]]:
        """The site that raises both bounds most (strong branching), of those most open in part."""
        self.solve()
        basis = self.solver.basis()
        chosen, most = (-1, (bound, bound)), -1.0
        far = bound + 2 * (self.best.value - bound if self.best.value is not None else bound) + 1
        share = np.where(free, np.minimum(y, 1 - y), 0.0)
        for site in np.argsort(-share, kind="stable")[:_TRIED].tolist():
            if not free[site]:
                break
            found = [self._least(out, bound) for out in self.trial(site, basis, _TRIAL)]
            gain = [max(min(b, far) - bound, 1e-3) for b in found]
            if gain[0] * gain[1] > most:
                chosen, most = (site, (found[0], found[1])), gain[0] * gain[1]
            if any(b == math.inf or self.best.closes(b) for b in found):
                break
        return chosen

    def _least(self, outcome: Outcome, bound: float) -> float:
        return math.inf if outcome.status == "infeasible" else max(bound, self.bound_of(outcome.bound))
