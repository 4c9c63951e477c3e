"""Best-first branch and cut over sites: the tree. Cuts, rounding and the branching rule come from the question.

HiGHS takes no rows while its own tree grows, so the tree is here. Cuts hold in the whole tree, and a node is
closed only by a bound that holds whatever the solver's tolerances.
"""

from __future__ import annotations

import heapq
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import SitesIncumbent
from quarterhour.siting.methods.solver.program import Outcome

WHOLE = 1e-6
"""A site open in part by no more is open or closed."""
_MOST_FAILURES = 256
"""Nodes in a row that are split though the solver failed on their programs: it often succeeds on a smaller one."""


@dataclass(frozen=True, eq=False)
class Node:
    """Sites that are open and sites that are closed in a part of the tree."""

    opened: BoolArray
    closed: BoolArray

    @property
    def free(self) -> BoolArray:
        """Sites that are still to decide."""
        undecided: BoolArray = ~(self.opened | self.closed)
        return undecided

    def fixing(self, opened: BoolArray, closed: BoolArray) -> Node:
        """The same with more sites open and closed."""
        return Node(self.opened | opened, self.closed | closed)


class BranchAndCut(ABC):
    """Best bound first; ``search`` ends when nothing better than the incumbent is left, or time is up.

    Where the solver fails on one node after another they are set aside: the bound stays at theirs.
    The first columns of ``solver``'s program are the sites, 0 to 1. A bound is of the incumbent's unit. ``budget``: the
    incumbent's, or a share of it.
    """

    rounds = 6
    """Rounds of cuts in a node, as long as sites are open in part."""
    root_rounds: float = math.inf
    tidy_every = 25
    """Nodes after which cuts that do not bind are left out."""

    def __init__(self, sites: int, best: SitesIncumbent, solver: Solver) -> None:
        self.sites, self.best, self.solver = sites, best, solver
        self.budget = best.budget
        self.by = f"Benders, {solver.version}"
        self.nodes = 0
        self.seen: set[bytes] = set()
        self.heap: list[tuple[float, int, Node]] = []
        self.failures = 0
        self.set_aside: float = math.inf
        """Signed bound of nodes that were left because the solver fails on their programs."""
        self._made = 0
        self._sign = -1 if best.most else 1
        self.entered = self.root()

    # --- what the question hands in -------------------------------------------------------------

    @abstractmethod
    def solve(self, iterations: int | None = None) -> Outcome:
        """The program as it stands."""

    @abstractmethod
    def bound_of(self, bound: float) -> float:
        """What no choice below the node beats, from the program's bound."""

    @abstractmethod
    def separate(self, outcome: Outcome) -> int:
        """Add the cuts that an outcome breaks; how many they were."""

    @abstractmethod
    def tidy(self, outcome: Outcome) -> None:
        """Leave out cuts that do not bind."""

    @abstractmethod
    def offer(self, opened: IntArray) -> None:
        """A choice that the tree came upon, for the incumbent."""

    @abstractmethod
    def branch(self, free: BoolArray, y: FloatArray, bound: float) -> tuple[int, tuple[float, float]]:
        """The site to branch on, and the bounds when it is closed and when it is open."""

    @abstractmethod
    def fix_sites(self, node: Node, outcome: Outcome) -> Node:
        """The node with what its outcome settles (reduced-cost fixing), once its cuts are made."""

    def offer_from(self, outcome: Outcome, *, whole: bool) -> None:
        """A choice from a solution before it is cut off; ``whole``: no site is open in part."""
        if whole:
            assert outcome.values is not None
            self.offer(np.flatnonzero(outcome.values[: self.sites] > 0.5))

    def is_empty(self) -> bool:
        """Whether no choice lies below the node entered, whose program has no solution."""
        return True

    # --- the tree -------------------------------------------------------------------------------

    def push(self, bound: float, node: Node) -> None:
        """A node to look at, unless nothing better lies below it."""
        if self._sign * bound != math.inf and not self.best.closes(bound):
            heapq.heappush(self.heap, (self._sign * bound, self._made, node))
            self._made += 1

    def root(self) -> Node:
        """Every site is to decide."""
        none = np.zeros(self.sites, dtype=np.bool_)
        return Node(none, none)

    def search(self, *, gap: float = 0.0, nodes: float = math.inf) -> None:
        """Search until nothing is left, the gap is small enough, ``nodes`` more were looked at, or time is up."""
        until = self.nodes + nodes
        while self.heap and not self.best.closes(self._top):
            self._tighten(self.heap[0][0])
            if self.best.gap <= gap or self.nodes >= until or self.budget.over():
                break
            bound, _, node = heapq.heappop(self.heap)
            for child_bound, child in self.process(node, self._sign * bound):
                self.push(child_bound, child)
            self.budget.spend(nodes=1)
        else:
            self.heap.clear()
            if self.best.value is not None:
                self._tighten(self._sign * self.best.value)
        self._enter(self.root())

    @property
    def _top(self) -> float:
        return self._sign * self.heap[0][0]

    def _tighten(self, signed: float) -> None:
        self.best.tighten(self._sign * min(signed, self.set_aside), by=self.by)

    def _enter(self, node: Node) -> None:
        moved = np.flatnonzero((node.opened != self.entered.opened) | (node.closed != self.entered.closed))
        self.entered = node
        if len(moved):
            lower, upper = node.opened.astype(np.float64), (~node.closed).astype(np.float64)
            self.solver.bound_columns(moved, lower[moved], upper[moved])

    def process(self, node: Node, bound: float) -> list[tuple[float, Node]]:
        """The nodes below one, none where nothing better can lie there; itself when time is up."""
        self.nodes += 1
        self._enter(node)
        outcome = self._cuts(self.root_rounds if self.nodes == 1 else self.rounds)
        if outcome.status == "infeasible":
            if self.is_empty():
                return []
        else:
            bound = max(self._sign * bound, self._sign * self.bound_of(outcome.bound)) * self._sign
        if self.best.closes(bound):
            return []
        if self.budget.over():
            return [(bound, node)]
        self.failures = self.failures + 1 if outcome.status == "failed" else 0
        if self.failures > _MOST_FAILURES:
            self.set_aside = min(self.set_aside, self._sign * bound)
            return []
        if outcome.values is None:
            return self._split(node, bound, np.zeros(self.sites))
        node = self.fix_sites(node, outcome)
        if self.nodes % self.tidy_every == 0:
            self.tidy(outcome)
        return self._split(node, bound, outcome.values[: self.sites])

    def _cuts(self, most: float) -> Outcome:
        """Cut and solve until nothing is broken, or the node is closed or has had its rounds."""
        rounds = 0
        while True:
            outcome = self.solve()
            if outcome.values is None or self.best.closes(self.bound_of(outcome.bound)) or self.budget.over():
                return outcome
            y = outcome.values[: self.sites]
            whole = not (np.minimum(y, 1 - y) > WHOLE).any()
            self.offer_from(outcome, whole=whole)
            if not self.separate(outcome) or (not whole and rounds >= most):
                return outcome
            rounds += 1

    def fixed(self, node: Node, reduced: FloatArray, beaten: BoolArray) -> Node:
        """Reduced-cost fixing: close what cannot pay when open, and open what cannot pay when closed.

        ``reduced``: by site; ``beaten``: whether nothing better lies where the site is moved. A site that the node has
        settled stays as it is: its reduced cost tells of a side that is not looked at.
        """
        sure, dearer = node.free & beaten, self._sign * reduced
        return node.fixing(sure & (dearer < 0), sure & (dearer > 0))

    def _split(self, node: Node, bound: float, y: FloatArray) -> list[tuple[float, Node]]:
        free = node.free
        if not free.any():
            self.offer(np.flatnonzero(node.opened))
            return []
        share = np.where(free, np.minimum(y, 1 - y), 0.0)
        if share.max() <= WHOLE:
            site, (closed, opened) = int(np.argmax(np.where(free, 1 + y, 0.0))), (bound, bound)
        else:
            self._enter(node)
            site, (closed, opened) = self.branch(share > WHOLE, y, bound)
        mark, none = np.zeros(self.sites, dtype=np.bool_), np.zeros(self.sites, dtype=np.bool_)
        mark[site] = True
        return [(opened, node.fixing(mark, none)), (closed, node.fixing(none, mark))]

    def trial(self, site: int, basis: Any, steps: int) -> tuple[Outcome, Outcome]:
        """A site closed and a site open, each after some steps of the simplex method (strong branching)."""
        column, found = np.array([site]), []
        for side in (0.0, 1.0):
            self.solver.bound_columns(column, np.array([side]), np.array([side]))
            found.append(self.solve(steps))
            self.solver.restore(basis)
        self.solver.bound_columns(column, np.zeros(1), np.ones(1))
        return found[0], found[1]
