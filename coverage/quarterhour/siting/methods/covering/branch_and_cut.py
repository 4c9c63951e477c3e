"""Proof for max-cover: a tree over the sites above the linear program that learns by cuts.

HiGHS takes no rows while its own tree grows, so the tree is here. Cuts hold in the whole tree, and a node is
closed only by a bound that holds whatever the solver's tolerances.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import Master
from quarterhour.siting.methods.covering.core import Core, CoverIncumbent
from quarterhour.siting.methods.covering.exchange import improve
from quarterhour.siting.methods.solver.program import Outcome

_WHOLE = 1e-6
_TRIED, _TRIAL, _IDLE, _ENOUGH = 12, 60, 5, 4
"""Sites that a branching looks at, steps of the simplex method to try each, how many may be looked at without a
better one, and after how many tries a site is known."""
_ROUNDS = 6
"""Rounds of cuts in a node below the root, as long as sites are open in part."""
_TIDY = 3
"""Nodes after which cuts that do not bind are left out."""
_EFFORT = 3e6
"""Steps of local search from where a node stands."""
_HARDER = {1: 3e8, 8: 3e8, 24: 1e9, 128: 2e9, 512: 3e9}
"""Steps of local search from the best choice, by the nodes looked at without proof."""


@dataclass(frozen=True, eq=False)
class _Node:
    """Sites that are open, sites that are closed."""

    opened: BoolArray
    closed: BoolArray


class Tree:
    """Best bound first; ``grow`` ends when nothing better than the best choice is left, or time is up.

    ``before``: a tree over the same master, whose experience with sites is shared. ``eager``: it grows some nodes
    before exchanges are tried harder.
    """

    def __init__(
        self, master: Master, best: CoverIncumbent, *, before: Tree | None = None, eager: bool = False
    ) -> None:
        self.master, self.best, self.core = master, best, best.core
        self.sites = master.sites
        self.nodes, self.eager = 0, eager
        self.by = f"Benders, {master.solver.version}"
        self._seen: set[bytes] = set()
        self._heap: list[tuple[float, int, _Node]] = []
        self._made = 0
        self._planted = False
        self._unsure = -math.inf
        self._gain: FloatArray = np.zeros((2, self.sites)) if before is None else before._gain
        self._tries: FloatArray = np.zeros(self.sites) if before is None else before._tries

    def plant(self, inside: FloatArray, *, close: float = 1e-7) -> FloatArray:
        """Solve the root's linear program, with its bound and a choice near it for the incumbent; a point inside."""
        self._planted = True
        self.master.limit(self.core.limit)
        outcome, inside = self.master.settle(self.best.budget, inside, close=close)
        none = np.zeros(self.sites, dtype=np.bool_)
        if outcome.status != "infeasible" or self.master.possible(none, ~none):
            self.best.tighten(outcome.bound, by=self.by)
            self.near(outcome, effort=10 * _EFFORT)
            self._push(outcome.bound, _Node(none, none))
        return inside

    def grow(self, *, gap: float = 0.0, nodes: float = math.inf) -> None:
        """Search until nothing is left, the gap is small enough, ``nodes`` more were looked at, or time is up."""
        self.master.limit(self.core.limit)
        until = self.nodes + nodes
        while self._heap and not self.best.closes(-self._heap[0][0]):
            self.best.tighten(max(-self._heap[0][0], self._unsure), by=self.by)
            if self.best.gap <= gap or self.nodes >= until or self.best.budget.over():
                self._unlock()
                return
            if self.nodes in _HARDER and not (self.eager and self.nodes == 1):
                self._harder(_HARDER[self.nodes])
            worst, _, node = heapq.heappop(self._heap)
            for bound, child in self._look(node, -worst):
                self._push(bound, child)
        self._unlock()
        self._heap.clear()
        if self.best.value is not None:
            self.best.tighten(max(self.best.value, self._unsure), by=self.by)

    def _push(self, bound: float, node: _Node) -> None:
        if not self.best.closes(bound):
            heapq.heappush(self._heap, (-bound, self._made, node))
            self._made += 1

    @property
    def alive(self) -> bool:
        """Whether anything is left to look at."""
        return bool(self._heap)

    @property
    def barren(self) -> bool:
        """Whether no choice keeps the rules, which was searched out."""
        return self._planted and not self._heap and self.best.choice is None and self._unsure == -math.inf

    def near(self, outcome: Outcome, *, effort: float = _EFFORT) -> None:
        """Take what an outcome comes near to as a choice: the likeliest sites that fit, and exchanges."""
        if outcome.values is None:
            return
        likely = by_score(self.core, outcome.values[: self.sites])
        if likely.tobytes() not in self._seen:
            self._seen.add(likely.tobytes())
            improve(self.best, likely, effort=effort)

    def _harder(self, effort: float) -> None:
        if self.best.choice is not None:
            improve(self.best, self.best.choice, effort=effort, turn=self.nodes)

    def _unlock(self) -> None:
        every = np.arange(self.sites)
        self.master.solver.bound_columns(every, np.zeros(self.sites), np.ones(self.sites))

    def _set(self, node: _Node) -> None:
        program, every = self.master.solver.program, np.arange(self.sites)
        lower, upper = node.opened.astype(np.float64), (~node.closed).astype(np.float64)
        moved = np.flatnonzero((program.lower[every] != lower) | (program.upper[every] != upper))
        if len(moved):
            self.master.solver.bound_columns(moved, lower[moved], upper[moved])

    def _look(self, node: _Node, bound: float) -> list[tuple[float, _Node]]:
        """The nodes below one, none where nothing better can lie there; itself when time is up."""
        self.nodes += 1
        self._set(node)
        outcome = self._cuts()
        if outcome.status == "infeasible" and not self.master.possible(node.opened, ~node.closed):
            return []
        bound = min(bound, outcome.bound)
        if self.best.closes(bound):
            return []
        if self.best.budget.over():
            return [(bound, node)]
        if outcome.status == "failed":
            self._unsure = max(self._unsure, bound)
            return []
        if outcome.values is None:
            return self._split(node, bound, np.zeros(self.sites))
        if self.nodes % 4 == 1:
            self.near(outcome)
        if self.nodes % _TIDY == 0:
            self.master.tidy(outcome)
        if outcome.reduced is not None:
            node = self._fixed(node, outcome.bound, outcome.reduced[: self.sites])
        return self._split(node, bound, outcome.values[: self.sites])

    def _cuts(self) -> Outcome:
        """Cut and solve until nothing is broken, or the node is closed or has had its share."""
        rounds, budget = 0, self.best.budget
        while True:
            outcome = self.master.solve(budget)
            if outcome.values is None or self.best.closes(outcome.bound) or budget.over():
                return outcome
            y = outcome.values[: self.sites]
            in_part = bool((np.minimum(y, 1 - y) > _WHOLE).any())
            if not in_part:
                self.best.take(np.flatnonzero(y > 0.5))
            many, _ = self.master.cut(y, outcome)
            if many == 0 or (in_part and rounds >= _ROUNDS):
                return outcome
            rounds += 1

    def _fixed(self, node: _Node, bound: float, reduced: FloatArray) -> _Node:
        """Close what cannot pay when open, and the other way round, below this node alone.

        A site that the node has settled stays as it is: its reduced cost tells of a side that is not asked.
        """
        free = ~(node.opened | node.closed)
        least = -math.inf if self.best.value is None else self.best.value + 1
        beaten = bound - np.abs(reduced) < least
        return _Node(node.opened | (free & beaten & (reduced > 0)), node.closed | (free & beaten & (reduced < 0)))

    def _split(self, node: _Node, bound: float, y: FloatArray) -> list[tuple[float, _Node]]:
        free = ~(node.opened | node.closed)
        if not free.any():
            self.best.take(np.flatnonzero(node.opened))
            return []
        share = np.where(free, np.minimum(y, 1 - y), 0.0)
        if share.max() <= _WHOLE:
            site = int(np.argmax(np.where(free, 1 + y, 0.0)))
            return self._children(node, site, (bound, bound))
        self._set(node)
        site, bounds = self._trial(y, share > _WHOLE, bound)
        closed, opened = (bound if b == -math.inf else b for b in bounds)
        return self._children(node, site, (closed, opened))

    def _children(self, node: _Node, site: int, bounds: tuple[float, float]) -> list[tuple[float, _Node]]:
        mark = np.zeros(self.sites, dtype=np.bool_)
        mark[site] = True
        return [
            (bounds[1], _Node(node.opened | mark, node.closed)),
            (bounds[0], _Node(node.opened, node.closed | mark)),
        ]

    def _trial(self, y: FloatArray, free: BoolArray, bound: float) -> tuple[int, tuple[float, float]]:
        """The site to branch on, and the bounds when it is closed and when it is open.

        Sites are tried (strong branching) until what they brought before tells enough.
        """
        solver = self.master.solver
        self.master.solve(self.best.budget)
        basis = solver.basis()
        chosen, most, idle = (-1, (bound, bound)), -1.0, 0
        promise = self._promise(y)
        for site in np.argsort(-np.where(free, promise, -1.0), kind="stable")[:_TRIED].tolist():
            if not free[site] or min(y[site], 1 - y[site]) <= _WHOLE:
                continue
            bounds, score = (bound, bound), promise[site]
            if self._tries[site] < _ENOUGH:
                bounds = self._tried(site, bound, basis)
                score = self._learnt(site, y[site], bound, bounds)
            idle += 1
            if score > most:
                chosen, most, idle = (site, bounds), score, 0
            closed = self.best.closes(bounds[0]) or self.best.closes(bounds[1])
            if closed or idle >= _IDLE or self.best.budget.over():
                break
        return chosen

    def _promise(self, y: FloatArray) -> FloatArray:
        """What each site brought before when closed and when opened, as far as it is open now: the product."""
        known = self._tries > 0
        mean = self._gain[:, known].sum(axis=1) / self._tries.sum() if known.any() else np.ones(2)
        rate = np.where(known, self._gain / np.maximum(1, self._tries), mean[:, None])
        product: FloatArray = np.maximum(rate[0] * y, _WHOLE) * np.maximum(rate[1] * (1 - y), _WHOLE)
        return product

    def _tried(self, site: int, bound: float, basis: Any) -> tuple[float, float]:
        """The bounds when a site is closed and when it is open, after some steps."""
        solver, column, found = self.master.solver, np.array([site]), []
        for side in (0.0, 1.0):
            solver.bound_columns(column, np.array([side]), np.array([side]))
            outcome = self.master.solve(self.best.budget, iterations=_TRIAL)
            found.append(-math.inf if outcome.status == "infeasible" else min(bound, outcome.bound))
            solver.restore(basis)
        solver.bound_columns(column, np.zeros(1), np.ones(1))
        return found[0], found[1]

    def _learnt(self, site: int, y: float, bound: float, bounds: tuple[float, float]) -> float:
        """Remember what a site brought; the product of both sides."""
        far = bound + 1 if self.best.value is None else 2 * (bound - self.best.value) + 1
        gain = np.array([max(min(bound - b, far), _WHOLE) for b in bounds])
        self._gain[:, site] += gain / np.array([y, 1 - y])
        self._tries[site] += 1
        return float(gain[0] * gain[1])


def by_score(core: Core, score: FloatArray) -> IntArray:
    """The sites with the highest scores that fit the quotas, short areas first; ties to the lower position."""
    opened = np.zeros(len(core.low), dtype=np.int64)
    chosen: list[int] = []
    order = np.argsort(-score, kind="stable").tolist()
    areas = [core.group[:, s][core.group[:, s] >= 0] for s in range(len(score))]
    for short in (True, False):
        for site in order:
            if len(chosen) >= core.limit:
                break
            mine = areas[site]
            if short and not (opened[mine] < core.low[mine]).any():
                continue
            if (opened[mine] < core.high[mine]).all():
                chosen.append(site)
                opened[mine] += 1
        taken = set(chosen)
        order = [s for s in order if s not in taken]
    return np.sort(np.array(chosen, dtype=np.int64))
