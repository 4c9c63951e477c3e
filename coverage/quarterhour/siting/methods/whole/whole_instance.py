"""Rows that go whole to one site within its room (capacitated p-median, single assignment): the question in arrays.

min  sum cost[i, j] x[i, j] + sum otherwise[i] away[i]
s.t. sum of x[i, j] over j + away[i] = 1        every row goes whole to one site, or nowhere
     sum of load[i] x[i, j] over i <= room[j] y[j]
     sum lost[i, j] x[i, j] + sum lost_away[i] away[i] <= most_lost   people who may stay uncovered, if that is asked
     y within the limits; x, away, y 0 or 1
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.solver.nest import Nest, nest_of
from quarterhour.siting.question.search import RowsServed
from quarterhour.siting.question.site_limits import SiteLimits, as_limits

MUST = -1
"""In ``otherwise``: a site must serve the row."""
NEVER = 2**62
"""What staying away costs a row that must be served, where bounds are counted."""
MOST_CELLS = 20_000_000
"""Rows times sites up to which a search holds a table of all costs."""
_MOST = 2**52
"""Sums stay below, so that they are exact in floats too."""
_FAR = 4
"""Times the dearest way, what a lost row counts for in a search."""

WholePairs = tuple[IntArray, IntArray, IntArray]
"""Rows of pairs: ``start``, ``site`` and what the whole row costs there; an absent pair cannot be served."""


@dataclass(frozen=True, eq=False)
class Lost:
    """How many are left out by each ``pair``, by each row that goes nowhere (``away``), and may be at ``most``."""

    pair: IntArray
    away: IntArray
    most: int

    @property
    def binds(self) -> bool:
        """Whether a choice can leave out too many."""
        return bool(self.pair.any() or self.away.any())


@dataclass(frozen=True, eq=False)
class WholeInstance:
    """What is to be decided, in positions; ``build_whole_instance`` makes it.

    ``start``, ``site``, ``cost``: the sites of each row, the cheapest first, in steps of ``unit`` above the cheapest
    way of the row; ``otherwise``: the same if none serves it, or ``MUST``. ``settled``: what is paid in any case, so
    that a choice comes to ``settled + unit * value``. ``load``, ``room``: divided by what all loads share.
    ``rows``: positions in the table that came. ``lost``: who is left out above the fewest of each row, in common
    units. ``hopeless``: a row that must be served has no site with room for it, or too many are left out in any case.
    """

    load: IntArray
    room: IntArray
    start: IntArray
    site: IntArray
    cost: IntArray
    otherwise: IntArray
    limits: SiteLimits
    settled: int
    unit: int
    rows: IntArray
    typical: FloatArray
    """By row what a person's way usually costs it: prices move in proportion."""
    lost: Lost
    hopeless: bool = False

    @cached_property
    def row(self) -> IntArray:
        """Of each pair."""
        return np.repeat(np.arange(len(self.load)), np.diff(self.start))

    @cached_property
    def order(self) -> IntArray:
        """The pairs site by site."""
        return np.argsort(self.site, kind="stable").astype(np.int64)

    @cached_property
    def far(self) -> int:
        """What a row that must be served counts for in a search while none serves it."""
        return _FAR * int(max(self.cost.max(initial=0), self.otherwise.max(initial=0)) + 1)

    @cached_property
    def table(self) -> FloatArray:
        """Costs of rows x sites, infinite where no site may serve; the last column: of going nowhere."""
        table = np.full((len(self.load), len(self.room) + 1), math.inf)
        table[self.row, self.site] = self.cost
        table[:, -1] = np.where(self.otherwise == MUST, self.far, self.otherwise)
        return table

    @cached_property
    def lost_table(self) -> FloatArray:
        """Who is left out, as ``table`` has costs; empty where nobody counts."""
        if not self.lost.binds:
            return np.empty((0, 0))
        table = np.zeros((len(self.load), len(self.room) + 1))
        table[self.row, self.site] = self.lost.pair
        table[:, -1] = np.where(self.otherwise == MUST, 0, self.lost.away)
        return table

    @property
    def fits_memory(self) -> bool:
        """Whether the table of all costs may be held."""
        return len(self.load) * (len(self.room) + 1) * (1 + self.lost.binds) <= MOST_CELLS

    def value(self, went: IntArray, opened: IntArray) -> int | None:
        """What a choice comes to, in steps; ``went``: the site of each row, their number for nowhere.

        None where it breaks a rule.
        """
        sites = len(self.room)
        away = went == sites
        if (self.otherwise[away] == MUST).any() or not self.limits.holds(opened):
            return None
        used = np.bincount(went, self.load, sites + 1).astype(np.int64)[:sites]
        closed = np.ones(sites, dtype=np.bool_)
        closed[opened] = False
        if (used > self.room).any() or used[closed].any() or np.isin(went[~away], np.flatnonzero(closed)).any():
            return None
        met = went[self.row] == self.site
        if int(met.sum()) != int((~away).sum()):
            return None
        if int(self.lost.pair[met].sum()) + int(self.lost.away[away].sum()) > self.lost.most:
            return None
        return int(self.cost[met].sum()) + int(self.otherwise[away].sum())

    def worth(self, value: int) -> int:
        """The value of a choice, or a bound, in the unit of the costs that came."""
        return self.settled + self.unit * value

    def went(self, site: IntArray) -> IntArray:
        """Where each row goes, from the site of each row in the table that came (-1: none); ways left out: nowhere."""
        mine = site[self.rows]
        met = self.row[self.site == mine[self.row]]
        went = np.full(len(self.load), len(self.room), dtype=np.int64)
        went[met] = mine[met]
        return went

    def served(self, went: IntArray) -> RowsServed:
        """Row, site and load of those that a site serves, in the table that came."""
        here = np.flatnonzero(went < len(self.room))
        return self.rows[here], went[here], self.load[here]


def build_whole_instance(
    load: IntArray, pairs: WholePairs, limits: SiteLimits, room: IntArray, *, otherwise: IntArray,
    lost: Lost | None = None,
) -> WholeInstance:  # fmt: skip
    """The question without the rows on which nothing depends, and without pairs that cannot be of use.

    Parameters
    ----------
    load : by row, what it asks of a room, whole numbers.
    pairs : whole costs of 0 or more of each row that goes whole to a site.
    limits : what a choice of sites must keep; fixed sites are open in it.
    room : by site.
    otherwise : by row, what it costs to be served nowhere; ``MUST``: it must be served. A row without pairs that
        must be served does not count.
    lost : who is left out by each pair and row, and how many may be; None: that does not matter.
    """
    start, site, cost = (np.asarray(part, dtype=np.int64) for part in pairs)
    row = np.repeat(np.arange(len(load)), np.diff(start))
    fits, counts = load[row] <= room[site], np.diff(start) > 0
    lost, must = _above_fewest(lost or Lost(np.zeros_like(cost), np.zeros_like(otherwise), 0), row, fits, otherwise)
    use = must[row] | (cost < otherwise[row]) | (lost.pair < lost.away[row])
    kept = fits & use & (lost.pair <= lost.most)
    left = np.bincount(row[kept], minlength=len(load)) > 0
    settled = int(otherwise[~left & ~must].sum())
    hopeless = bool((counts & must & ~left).any()) or lost.most < 0
    row, site, cost, out = (np.cumsum(left) - 1)[row[kept]], site[kept], cost[kept], lost.pair[kept]
    by_cost = np.lexsort((site, out, cost, row))
    row, site, cost, out = row[by_cost], site[by_cost], cost[by_cost], out[by_cost]
    start = np.searchsorted(row, np.arange(int(left.sum()) + 1)).astype(np.int64)
    load, otherwise = np.asarray(load, dtype=np.int64)[left], np.where(must, MUST, otherwise)[left].astype(np.int64)
    base = np.minimum(cost[start[:-1]], np.where(otherwise == MUST, NEVER, otherwise))
    typical = _typical(start, cost, otherwise, limits)
    settled, cost = settled + int(base.sum()), cost - base[row]
    otherwise = np.where(otherwise == MUST, MUST, otherwise - base)
    unit = math.gcd(int(np.gcd.reduce(cost)), int(np.gcd.reduce(otherwise[otherwise != MUST]))) or 1
    cost, otherwise = cost // unit, np.where(otherwise == MUST, MUST, otherwise // unit)
    grain = int(np.gcd.reduce(load)) or 1
    near = np.bincount(site, load[row], len(room)).astype(np.int64)
    made = load // grain, np.minimum(room, near) // grain, start, site, cost, otherwise
    away = np.where(otherwise == MUST, 0, lost.away[left])
    of = math.gcd(int(np.gcd.reduce(out)), int(np.gcd.reduce(away))) or 1
    few = Lost(out // of, away // of, lost.most // of)
    return WholeInstance(*made, limits, settled, unit, np.flatnonzero(left), typical / unit, few, hopeless)


def _above_fewest(lost: Lost, row: IntArray, fits: BoolArray, otherwise: IntArray) -> tuple[Lost, BoolArray]:
    """Who is left out above the fewest of each row, and which rows must be served, since else too many would be."""
    must = otherwise == MUST
    fewest = np.where(must, NEVER, lost.away)
    np.minimum.at(fewest, row[fits], lost.pair[fits])
    fewest = np.where(fewest == NEVER, 0, fewest)
    pair, away, most = lost.pair - fewest[row], lost.away - fewest, lost.most - int(fewest.sum())
    return Lost(pair, away, most), must | (away > max(0, most))


def _typical(start: IntArray, cost: IntArray, otherwise: IntArray, limits: SiteLimits) -> FloatArray:
    """What each row is likely to pay: the cost at the rank that one of the open sites is likely to have."""
    nest = nest_of(limits.of_free_sites())
    many = len(limits.fixed)
    opened = max(1, (0 if nest is None else nest.size) + int(limits.fixed.sum()))
    last = np.diff(start) - 1
    paid = cost[start[:-1] + np.minimum(last, max(1, many // opened))].astype(np.float64)
    paid = np.where(paid > 0, paid, cost[start[:-1] + last])
    away = np.where(otherwise == MUST, math.inf, otherwise)
    return np.where(paid > 0, np.minimum(paid, away), np.where(otherwise == MUST, 1.0, 0.5 * otherwise))


@dataclass(frozen=True, eq=False)
class Narrowed:
    """What is left of an instance where some pairs, sites and ways to stay away are ruled out.

    ``kept``: which pairs. ``away``: by row what going nowhere costs, ``NEVER`` where it may not. ``opened``,
    ``closed``: sites that every choice opens, and that none does. ``price``: steps that each who is left out counts
    for where bounds are counted (a Lagrange multiplier); what all who may be left out come to is taken off again.
    """

    whole: WholeInstance
    kept: BoolArray
    away: IntArray
    opened: BoolArray
    closed: BoolArray
    price: int = 0
    groups: tuple[tuple[IntArray, int, int], ...] = ()
    nest: Nest | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nest", nest_of(self.limits))

    @property
    def limits(self) -> SiteLimits:
        """What the choice of the sites about which nothing is said must keep."""
        limits, rows = self.whole.limits, self.groups
        if rows:
            more = as_limits([(s, np.ones_like(s), low, high) for s, low, high in rows], limits.fixed)
            low, high = np.r_[limits.low, more.low], np.r_[limits.high, more.high]
            limits = replace(limits, rows=sp.csr_array(sp.vstack([limits.rows, more.rows])), low=low, high=high)
        return limits.without(self.opened, self.closed)

    @cached_property
    def free(self) -> IntArray:
        """Sites about which nothing is said."""
        return np.flatnonzero(~(self.opened | self.closed)).astype(np.int64)

    @cached_property
    def by_site(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Where each site's pairs begin, their rows and costs, and their places among all pairs."""
        w = self.whole
        pair = w.order[self.kept[w.order]]
        column = np.r_[0, np.cumsum(np.bincount(w.site[pair], minlength=len(w.room)))].astype(np.int64)
        return column, w.row[pair], w.cost[pair] + self.price * w.lost.pair[pair], pair

    @cached_property
    def paid_away(self) -> IntArray:
        """By row what going nowhere costs with the price of who is left out, ``NEVER`` where it may not."""
        return np.where(self.away < NEVER, self.away + self.price * self.whole.lost.away, NEVER)

    @property
    def rebate(self) -> int:
        """The price of all who may be left out, in steps."""
        return self.price * self.whole.lost.most

    @cached_property
    def ways(self) -> IntArray:
        """How many pairs each row has left."""
        return np.bincount(self.whole.row[self.kept], minlength=len(self.whole.load)).astype(np.int64)

    @property
    def pairs(self) -> int:
        """How many pairs are left."""
        return int(self.kept.sum())

    def branched(self, site: int, *, opens: bool) -> Narrowed:
        """The same where a site opens, or does not."""
        if opens:
            opened = self.opened.copy()
            opened[site] = True
            return replace(self, opened=opened)
        closed = self.closed.copy()
        closed[site] = True
        return replace(self, closed=closed, kept=self.kept & (self.whole.site != site))

    def counted(self, sites: IntArray, low: int, high: int) -> Narrowed:
        """The same where of some sites so many open at least and at most."""
        return replace(self, groups=(*self.groups, (sites, low, high)))

    def at(self, sites: IntArray) -> Narrowed:
        """The same with just these sites open."""
        opened = np.zeros_like(self.opened)
        opened[sites] = True
        return replace(self, opened=opened, closed=~opened, kept=self.kept & opened[self.whole.site])


def all_of(whole: WholeInstance) -> Narrowed:
    """An instance of which nothing is ruled out."""
    away = np.where(whole.otherwise == MUST, NEVER, whole.otherwise)
    fixed = whole.limits.fixed.copy()
    return Narrowed(whole, np.ones(len(whole.cost), dtype=np.bool_), away, fixed, np.zeros_like(fixed))
