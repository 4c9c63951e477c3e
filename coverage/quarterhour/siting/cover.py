"""The large plain questions: most people or fewest sites, by making the question small before it is solved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from quarterhour.siting.aggregate import dominated_columns, dominated_rows, merge_pairs, merge_rows, rows_of
from quarterhour.siting.core import Core, Ints
from quarterhour.siting.exchange import exchange
from quarterhour.siting.master import Master, settle
from quarterhour.siting.solver import Floats, Outcome, whole_bound
from quarterhour.siting.watch import Watch

_EFFORT, _MOST_EFFORT = 2_000.0, 1.5e9
"""Steps of the exchange search for each pair, and in all: some 3e8 a second."""
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Smaller:
    """A question made small without losing an answer: ``opened`` are settled, ``kept`` are its candidates."""

    core: Core
    kept: Ints
    opened: Ints
    covered: int

    def whole(self, choice: Ints) -> Ints:
        """A choice of the small question as one of the large."""
        return np.sort(np.concatenate([self.opened, self.kept[choice]])).astype(np.int64)

    def part(self, choice: Ints) -> Ints | None:
        """A choice of the large question as one of the small; None where it is none."""
        inside = np.flatnonzero(np.isin(self.kept, choice)).astype(np.int64)
        return inside if self.core.holds(inside) else None


@dataclass(frozen=True, eq=False)
class Rooted:
    """A good choice, what none can beat, who says so; ``left`` is where a better one may be, None: nowhere."""

    choice: Ints
    bound: float
    proved_by: str
    left: Smaller | None


def root(core: Core, start: Ints, watch: Watch) -> Rooted:
    """Max-cover at its root: exchange search, the linear program by cuts, and what their difference settles.

    A site whose forcing the other way lets the bound fall below one person more than the best choice
    is settled: every better choice has it open (or closed).
    """
    effort = min(_MOST_EFFORT, _EFFORT * core.cover.nnz)
    half = replace(watch, seconds=0.5 * watch.left(), begun=watch.begun + watch.seconds - watch.left())
    choice: Ints | None = exchange(core, start, half, effort=effort)
    assert choice is not None
    master = Master(core, seed=watch.seed)
    outcome, _ = settle(master, half, inside=inside(core, choice))
    choice = better_of(core, choice, rounded(core, outcome), half, effort=0.5 * effort)
    assert choice is not None
    value = core.covered(choice)
    bound = whole_bound(outcome.bound, most=True)
    if value >= bound:
        return Rooted(choice, float(value), master.version, None)
    return Rooted(choice, bound, master.version, _without_settled(core, outcome, value))


def inside(core: Core, choice: Ints) -> Floats:
    """A point well inside the linear program, towards a choice."""
    point = np.full(len(core.sites), 0.3 * core.limit / max(1, len(core.sites)))
    point[choice] += 0.7
    capped: Floats = np.minimum(point, 1.0)
    return capped


def rounded(core: Core, outcome: Outcome) -> Ints | None:
    """The sites that a linear program opens most, as many as may be; None where that breaks a quota."""
    if outcome.values is None:
        return None
    order = np.argsort(-outcome.values[: len(core.sites)], kind="stable")
    choice = np.sort(order[: core.limit]).astype(np.int64)
    return choice if core.holds(choice) else None


def better_of(core: Core, one: Ints | None, other: Ints | None, watch: Watch, *, effort: float) -> Ints | None:
    """The better of a choice and another one after exchanges."""
    if other is None or (watch.over() and one is not None):
        return one
    other = exchange(core, other, watch, effort=effort)
    return other if one is None or core.covered(other) > core.covered(one) else one


def _without_settled(core: Core, outcome: Outcome, value: int) -> Smaller | None:
    """The question left once reduced costs have settled some sites; None: no choice is better."""
    sites = len(core.sites)
    reduced = np.zeros(sites) if outcome.reduced is None else outcome.reduced[:sites]
    sure = outcome.bound - np.abs(reduced) < value + 1 - 1e-6 * max(1.0, 1e-3 * abs(outcome.bound))
    opened, closed = sure & (reduced > 0), sure & (reduced < 0)
    start, site = rows_of(core.cover)
    keep = ~(opened | closed)
    cover, people = merge_pairs(start, site, core.people, sites=sites, keep=keep, settled=opened)
    fixed = np.flatnonzero(opened).astype(np.int64)
    used = core.opened(fixed)
    if len(fixed) > core.limit or (used > core.high).any():
        return None
    kept = np.flatnonzero(keep).astype(np.int64)
    rest = Core(
        people, cover, core.sites[kept], core.group[:, kept],
        np.maximum(0, core.low - used), core.high - used, core.limit - len(fixed), core.all_rows,
    )  # fmt: skip
    return Smaller(rest, kept, fixed, core.covered(fixed))


def fewer(core: Core) -> Smaller:
    """Min-sites without rows that follow from others and candidates that another one replaces, by turns."""
    kind = _kinds(core)
    kept = np.arange(len(core.sites))
    cover, people = core.cover, core.people
    for _ in range(_ROUNDS):
        stay = np.flatnonzero(~dominated_rows(cover))
        cover, people = sp.csr_array(cover[stay]), people[stay]
        lost = dominated_columns(cover, kind=kind[kept])
        if not lost.any():
            break
        kept = kept[~lost]
        cover, people = merge_rows(sp.csr_array(cover[:, np.flatnonzero(~lost)]), people)
    rest = replace(core, people=people, cover=cover, sites=core.sites[kept], group=core.group[:, kept])
    return Smaller(rest, kept, np.empty(0, dtype=np.int64), 0)


def _kinds(core: Core) -> Ints:
    """Candidates of the same areas have the same number; -1 where an area needs two or more of them."""
    if not len(core.group):
        return np.zeros(len(core.sites), dtype=np.int64)
    _, kind = np.unique(core.group, axis=1, return_inverse=True)
    many = np.append(core.low > 1, False)  # the last stands for group -1
    return np.where(many[core.group].any(axis=0), -1, kind.ravel()).astype(np.int64)
