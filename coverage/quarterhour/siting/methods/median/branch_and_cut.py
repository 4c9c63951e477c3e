"""Proof for the p-median: a linear program that learns by cuts, and a tree over the sites (Benders).

HiGHS takes no rows while its own tree grows, so the tree is here. A cut says of a group of rows: without
the sites nearer than this, it takes at least that long (Duran-Mateluna, Ales and Elloumi 2023). Cuts hold
in the whole tree. A node is closed only by a bound that holds whatever the solver's tolerances.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.median.instance import MUST, Exchange, Median
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import SitesIncumbent, whole_up
from quarterhour.siting.methods.solver.program import Outcome, Program
from quarterhour.siting.methods.solver.site_limits import Nest, cheapest

_NEVER = 2**62
"""The bound of a node in which nothing lies."""
_MOST_GROUPS = 2_000
_LARGEST = 2**20
"""Largest figure in the linear program, in units."""
_WHOLE = 1e-6
_TRIED, _TRIAL = 8, 60
"""Sites that a branching is tried on, and steps of the simplex method for each."""
_ROUNDS = 6
"""Rounds of cuts in a node below the root, as long as sites are open in part."""
_TIDY = 25
"""Nodes after which cuts that do not bind are left out."""


class Master:
    """Columns: sites (0 to 1), then how long each group of rows takes; rows: the limits, then cuts."""

    def __init__(self, median: Median, *, seed: int) -> None:
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
        bare: BoolArray = reached < 1 - _WHOLE
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


def _groups(m: Median) -> tuple[IntArray, int]:
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


@dataclass(frozen=True, eq=False)
class _Node:
    """Sites set open and closed."""

    opened: tuple[int, ...]
    closed: tuple[int, ...]


Children = list[tuple[int, _Node]]


class Tree:
    """Best bound first; ``grow`` ends when nothing better than the best choice is left, or time is up."""

    def __init__(self, median: Median, nest: Nest, exchange: Exchange, best: SitesIncumbent, master: Master) -> None:
        self.median, self.nest, self.exchange, self.best, self.master = median, nest, exchange, best, master
        self.every = np.arange(len(median.sites), dtype=np.int64)
        self.lower, self.upper = np.zeros(len(median.sites)), np.ones(len(median.sites))
        self.nodes = 0
        self.seen: set[bytes] = set()
        self.by = f"Benders, {master.solver.version}"

    def grow(self) -> bool:
        """Whether all was searched; then no choice is better than the best (there may be none at all)."""
        heap = [(self.best.bound, 0, _Node((), ()))]
        made = 1
        while heap:
            self.best.tighten(heap[0][0], by=self.by)
            if self._closed(heap[0][0]):
                return True
            if self.best.budget.over():
                return False
            bound, _, node = heapq.heappop(heap)
            for child_bound, child in self._look(node, bound):
                if not self._closed(child_bound):
                    heapq.heappush(heap, (child_bound, made, child))
                    made += 1
        if self.best.value is not None:
            self.best.tighten(self.best.value, by=self.by)
        return True

    def _closed(self, bound: int) -> bool:
        return bound >= (_NEVER if self.best.value is None else self.best.value)

    def _whole(self, bound: float) -> int:
        whole = whole_up(bound, self.master.unit)
        return 0 if whole is None else self.median.settled + whole

    def _look(self, node: _Node, bound: int) -> Children:
        """The nodes below one, none where nothing better can lie there; itself when time is up."""
        self.nodes += 1
        self._set(node)
        out = self._cuts(root=self.nodes == 1)
        if out.status == "infeasible":
            return []
        bound = max(bound, self._whole(out.bound))
        if self._closed(bound):
            return []
        if self.best.budget.over():
            return [(bound, node)]
        if self.nodes == 1 and out.reduced is not None:
            self._settle(out.bound, out.reduced[: len(self.every)])
        if self.nodes % _TIDY == 0:
            self.master.tidy()
        return self._split(node, bound, out)

    def _set(self, node: _Node) -> None:
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[list(node.opened)], upper[list(node.closed)] = 1.0, 0.0
        self.master.solver.bound_columns(self.every, lower, upper)

    def _cuts(self, *, root: bool) -> Outcome:
        """Cut and solve until nothing is broken, or the node is closed, or (below the root) it has had its share."""
        rounds = 0
        while True:
            budget = self.best.budget
            out = self.master.solver.solve(seconds=max(0.0, budget.left()), stop=budget.stop)
            if out.values is None or self._closed(self._whole(out.bound)) or budget.over():
                return out
            y = out.values[: len(self.every)]
            self._try(y)
            in_part = bool((np.minimum(y, 1 - y) > _WHOLE).any())
            if not self.master.cut(y, out.values[len(self.every) :]) or (not root and in_part and rounds >= _ROUNDS):
                return out
            rounds += 1

    def _try(self, y: FloatArray) -> None:
        """Take what a solution comes near to as a plan: as it is if whole, else the likeliest sites, and exchanges."""
        whole = np.flatnonzero(y > 0.5)
        if (np.minimum(y, 1 - y) <= _WHOLE).all():
            self._take(whole)
        likely = cheapest(self.nest, np.round(-y, 6)) if self.nest.whole else whole
        if likely.tobytes() not in self.seen and self.median.limits.holds(likely):
            self.seen.add(likely.tobytes())
            self._take(self.exchange.better(likely))

    def _take(self, chosen: IntArray) -> None:
        if self.median.limits.holds(chosen):
            self.best.offer(self.median.whole(chosen), self.median.value(chosen))

    def _settle(self, bound: float, reduced: FloatArray) -> None:
        """Close for good what would cost too much to open, and the other way round."""
        if self.best.value is None:
            return
        with_it = np.array([self._whole(bound + abs(r)) >= self.best.value for r in reduced])
        self.upper[with_it & (reduced > 0)] = 0.0
        self.lower[with_it & (reduced < 0)] = 1.0

    def _split(self, node: _Node, bound: int, out: Outcome) -> Children:
        unsettled = self.upper > self.lower
        unsettled[[*node.opened, *node.closed]] = False
        if not unsettled.any():
            chosen = self.lower > 0
            chosen[list(node.opened)] = True
            self._take(np.flatnonzero(chosen))
            return []
        y = np.zeros(len(self.every)) if out.values is None else out.values[: len(self.every)]
        share = np.where(unsettled, np.minimum(y, 1 - y), 0.0)
        if out.values is None or share.max() <= _WHOLE:
            site = int(np.argmax(np.where(unsettled, 1 + y, 0.0)))
            return self._children(node, site, (bound, bound))
        self._set(node)
        site, bounds = self._trial(share, bound)
        return self._children(node, site, bounds)

    def _children(self, node: _Node, site: int, bounds: tuple[int, int]) -> Children:
        opened, closed = _Node((*node.opened, site), node.closed), _Node(node.opened, (*node.closed, site))
        return [(bounds[1], opened), (bounds[0], closed)]

    def _trial(self, share: FloatArray, bound: int) -> tuple[int, tuple[int, int]]:
        """The site to branch on, and the bounds when it is closed and when it is open (strong branching)."""
        solver, program = self.master.solver, self.master.solver.program
        solver.solve()
        basis = solver.basis()
        chosen, most = (-1, (bound, bound)), -1.0
        for site in np.argsort(-share, kind="stable")[:_TRIED].tolist():
            if share[site] <= _WHOLE:
                break
            column = np.array([site])
            found = []
            for side in (0.0, 1.0):
                solver.bound_columns(column, np.array([side]), np.array([side]))
                out = solver.solve(iterations=_TRIAL)
                closed = out.status == "infeasible"
                found.append(_NEVER if closed else max(bound, self._whole(out.bound)))
                solver.bound_columns(column, program.lower[column], program.upper[column])
                solver.restore(basis)
            far = bound + 2 * (self.best.value - bound if self.best.value is not None else bound) + 1
            gain = [max(min(b, far) - bound, 1e-3) for b in found]
            if gain[0] * gain[1] > most:
                chosen, most = (site, (found[0], found[1])), gain[0] * gain[1]
            if self._closed(found[0]) or self._closed(found[1]):
                break
        return chosen
