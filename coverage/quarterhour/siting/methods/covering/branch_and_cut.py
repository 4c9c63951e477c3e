"""Branch and cut for max-cover (MCLP): Benders cuts, local search at the nodes, branching by pseudo-costs."""

from __future__ import annotations

import math

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import MaxCoverMaster
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.exchange import offer_improved, pool_of
from quarterhour.siting.methods.solver.branch_and_cut import WHOLE, BranchAndCut, Node
from quarterhour.siting.methods.solver.elite_pool import ElitePool
from quarterhour.siting.methods.solver.program import Outcome

_TRIED, _TRIAL, _IDLE, _ENOUGH = 12, 60, 5, 4
"""Sites that a branching looks at, steps of the simplex method to try each, how many may be looked at without a
better one, and after how many tries a site is known."""
_EFFORT = 3e6
"""Steps of local search from where a node stands."""
_HARDER = {1: 8, 8: 8, 24: 16, 128: 32, 512: 64, 2048: 128}
"""Turns of the pool, by the nodes looked at without proof."""


class MaxCoverTree(BranchAndCut):
    """The tree of a max-cover master.

    ``before``: a tree over the same master, whose experience with sites is shared. ``pool``: of choices, which it makes
    better now and then. ``eager``: it grows some nodes before that.
    """

    root_rounds = 6
    tidy_every = 3

    def __init__(
        self,
        master: MaxCoverMaster,
        best: CoverIncumbent,
        *,
        before: MaxCoverTree | None = None,
        pool: ElitePool | None = None,
        eager: bool = False,
    ) -> None:
        super().__init__(master.sites, best, master.solver)
        self.master, self.cover, self.core, self.eager = master, best, best.core, eager
        self.pool = pool_of(best) if pool is None else pool
        self._planted = False
        self._gain: FloatArray = np.zeros((2, self.sites)) if before is None else before._gain
        self._tries: FloatArray = np.zeros(self.sites) if before is None else before._tries

    def solve_root(self, inside: FloatArray, *, close: float = 1e-7) -> FloatArray:
        """Solve the root's linear program, with its bound and a choice near it for the incumbent; a point inside."""
        self._planted = True
        self.master.limit(self.core.limit)
        outcome, inside = self.master.solve_relaxation(self.budget, inside, close=close)
        root = self.root()
        if outcome.status != "infeasible" or self.master.is_feasible(root.opened, ~root.closed):
            self.best.tighten(outcome.bound, by=self.by)
            self.offer_near(outcome, effort=10 * _EFFORT)
            self.push(outcome.bound if math.isfinite(outcome.bound) else self.best.bound, root)
        return inside

    def search(self, *, gap: float = 0.0, nodes: float = math.inf) -> None:
        """Search on, with the number of sites of this tree."""
        self.master.limit(self.core.limit)
        super().search(gap=gap, nodes=nodes)

    @property
    def has_open_nodes(self) -> bool:
        """Whether anything is left to look at."""
        return bool(self.heap)

    @property
    def is_infeasible(self) -> bool:
        """Whether no choice keeps the rules, which was searched out."""
        return self._planted and not self.heap and self.best.choice is None and self.set_aside == math.inf

    def solve(self, iterations: int | None = None) -> Outcome:
        """The master as it stands, in people."""
        return self.master.solve(self.budget, iterations=iterations)

    def bound_of(self, bound: float) -> float:
        """The program's bound is in people."""
        return bound

    def separate(self, outcome: Outcome) -> int:
        """Benders cuts where the sites stand."""
        assert outcome.values is not None
        return self.master.cut(outcome.values[: self.sites], outcome)[0]

    def tidy(self, outcome: Outcome) -> None:
        """Leave out cuts that do not bind."""
        self.master.tidy(outcome)

    def offer(self, opened: IntArray) -> None:
        """A choice, if it keeps the rules."""
        self.cover.take(opened)

    def is_empty(self) -> bool:
        """Whether the rules alone leave no choice below the node."""
        return not self.master.is_feasible(self.entered.opened, ~self.entered.closed)

    def process(self, node: Node, bound: float) -> list[tuple[float, Node]]:
        """The nodes below one, after more turns of the pool, the longer there is no proof."""
        if self.nodes in _HARDER and not (self.eager and self.nodes == 1) and self.best.choice is not None:
            self.pool.run(self.budget, turns=_HARDER[self.nodes])
        return super().process(node, bound)

    def fix_sites(self, node: Node, outcome: Outcome) -> Node:
        """A choice near the outcome now and then; what reduced costs settle below this node alone."""
        if self.nodes % 4 == 1:
            self.offer_near(outcome)
        if outcome.reduced is None or self.best.value is None:
            return node
        reduced = outcome.reduced[: self.sites]
        return self.fixed(node, reduced, outcome.bound - np.abs(reduced) < self.best.value + 1)

    def offer_near(self, outcome: Outcome, *, effort: float = _EFFORT) -> None:
        """Offer what an outcome comes near to: the likeliest sites that fit, and exchanges."""
        if outcome.values is None:
            return
        likely = round_by_score(self.core, outcome.values[: self.sites])
        if likely.tobytes() not in self.seen:
            self.seen.add(likely.tobytes())
            offer_improved(self.cover, likely, effort=effort)

    def branch(self, free: BoolArray, y: FloatArray, bound: float) -> tuple[int, tuple[float, float]]:
        """Sites are tried (strong branching) until what they brought before tells enough (pseudo-costs)."""
        self.solve()
        basis = self.solver.basis()
        chosen, most, idle = (-1, (bound, bound)), -1.0, 0
        promise = self._promise(y)
        for site in np.argsort(-np.where(free, promise, -1.0), kind="stable")[:_TRIED].tolist():
            if not free[site]:
                continue
            bounds, score = (bound, bound), promise[site]
            if self._tries[site] < _ENOUGH:
                found = self.trial(site, basis, _TRIAL)
                bounds = self._bounds(found[0], bound), self._bounds(found[1], bound)
                score = self._learnt(site, y[site], bound, bounds)
            idle += 1
            if score > most:
                chosen, most, idle = (site, bounds), score, 0
            closed = self.best.closes(bounds[0]) or self.best.closes(bounds[1])
            if closed or idle >= _IDLE or self.budget.over():
                break
        # A side without a solution is not left out here: that is for its node to prove.
        site, (closed_bound, opened_bound) = chosen
        return site, (_finite(closed_bound, bound), _finite(opened_bound, bound))

    def _bounds(self, outcome: Outcome, bound: float) -> float:
        return -math.inf if outcome.status == "infeasible" else min(bound, outcome.bound)

    def _promise(self, y: FloatArray) -> FloatArray:
        """What each site brought before when closed and when opened, as far as it is open now: the product."""
        known = self._tries > 0
        mean = self._gain[:, known].sum(axis=1) / self._tries.sum() if known.any() else np.ones(2)
        rate = np.where(known, self._gain / np.maximum(1, self._tries), mean[:, None])
        product: FloatArray = np.maximum(rate[0] * y, WHOLE) * np.maximum(rate[1] * (1 - y), WHOLE)
        return product

    def _learnt(self, site: int, y: float, bound: float, bounds: tuple[float, float]) -> float:
        """Remember what a site brought; the product of both sides."""
        far = bound + 1 if self.best.value is None else 2 * (bound - self.best.value) + 1
        gain = np.array([max(min(bound - b, far), WHOLE) for b in bounds])
        self._gain[:, site] += gain / np.array([y, 1 - y])
        self._tries[site] += 1
        return float(gain[0] * gain[1])


def _finite(bound: float, otherwise: float) -> float:
    return otherwise if bound == -math.inf else bound


def round_by_score(core: CoverInstance, score: FloatArray) -> IntArray:
    """The sites with the highest scores that fit the quotas, short areas first; ties to the lower position."""
    low, high = core.low.tolist(), core.high.tolist()
    opened, lacking = [0] * len(low), sum(max(0, least) for least in low)
    chosen: list[int] = []
    order = np.argsort(-score, kind="stable").tolist()
    for short in (True, False):
        for site in order:
            if len(chosen) >= core.limit or (short and not lacking):
                break
            mine = {area for area in core.group[:, site].tolist() if area >= 0}
            if short and not any(opened[area] < low[area] for area in mine):
                continue
            if all(opened[area] < high[area] for area in mine):
                chosen.append(site)
                lacking -= sum(opened[area] < low[area] for area in mine)
                for area in mine:
                    opened[area] += 1
        taken = set(chosen)
        order = [s for s in order if s not in taken]
    return np.sort(np.array(chosen, dtype=np.int64))
