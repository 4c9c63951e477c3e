"""Max-cover by region within a budget: one price of money for all regions, and the bound that every price gives.

At a price of people a yuan each region takes what covers most after its cost. For any price, what the regions come to,
and the price of the whole budget, bound every choice that keeps the budget (Lagrange): it pays no more than the budget.
At the best price one more yuan brings about the same everywhere. What the regions take at several prices are points of
their frontiers; the plan is the best of their combinations within the budget, filled up with what is left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import site_rows
from quarterhour.siting.methods.covering.cover_instance import CoverInstance
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.program import Program, whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.regions.each import Each
from quarterhour.siting.regions.split import BY_REGION, DividedCover, RegionQuestion, Split, border_people

_TURNS = 10
"""Prices tried at the most."""
_FINE, _FINEST = 1 << 10, 20
"""The first price in parts of a person, and into how many bits a person is parted at the most."""
_STEPS, _EVERY, _BALANCE = 1_600, 40, 0.3
"""Primal-dual steps for the prices of rows, after how many the bound is looked at, and primal to dual step."""
_SWEEPS = 5
"""How often each site of the choice is tried to be left out for others."""
_KEPT = 5_000
"""Combinations of the regions' choices that are kept on the way."""


@dataclass(frozen=True, eq=False)
class PricedChoice:
    """What a region takes at a price of ``parts`` of a person a unit of cost, a person being ``1 << bits`` parts.

    ``choice``: positions among the candidates of the whole; None where none was found. ``counted``: its people,
    ``spent``: what it costs. ``bound``: parts that no choice comes to more than, after its cost; None where no choice
    keeps the quotas, which is proven.
    """

    choice: IntArray | None
    counted: int
    spent: int
    bound: int | None
    nodes: int = 0


def priced_choice(question: RegionQuestion, parts: int, bits: int, nodes: int) -> PricedChoice:
    """What a region takes at a price; its work is counted, not timed."""
    core, cost = question.core, question.cost
    rows, sites = core.cover.shape
    if not sites:
        return PricedChoice(np.empty(0, dtype=np.int64), 0, 0, 0)
    columns = np.r_[-parts * cost.astype(float), np.ldexp(core.people.astype(float), bits)]
    covered = sp.hstack([core.cover.astype(float), -sp.identity(rows, format="csr")], format="csr")
    rules, low, high = site_rows(core)
    rules = sp.hstack([rules, sp.csr_array((len(low), rows))], format="csr")
    one = np.ones(sites + rows)
    program = Program(
        columns, sp.csr_array(sp.vstack([covered, rules], format="csr")), np.r_[np.zeros(rows), low],
        np.r_[np.full(rows, math.inf), high], np.zeros(sites + rows), one, most=True,
        whole=np.r_[np.ones(sites, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)],
    )  # fmt: skip
    outcome = solve_within(Solver(program, seed=question.seed), SearchBudget(seed=question.seed, nodes=nodes))
    if outcome.status == "infeasible":
        return PricedChoice(None, 0, 0, None, outcome.nodes)
    bound = int(core.people.sum()) << bits
    if math.isfinite(outcome.bound):
        bound = min(bound, int(whole_bound(outcome.bound, most=True)))
    chosen = None if outcome.values is None else np.flatnonzero(outcome.values[:sites] > 0.5)
    if chosen is None or not core.holds(chosen):
        return PricedChoice(None, 0, 0, bound, outcome.nodes)
    where = core.sites.to_numpy(dtype=np.int64)[chosen]
    return PricedChoice(where, core.covered(chosen), int(cost[chosen].sum()), bound, outcome.nodes)


def divide_budget(
    split: Split, money: int, *, nodes: int, seed: int, each: Each, progress: Callable[[float], None] = lambda _: None
) -> DividedCover:
    """Most people for so much money, ``split.cost`` being what each candidate costs."""
    whole = split.whole
    if whole.is_infeasible:
        return DividedCover(None, 0, BY_REGION)
    filled, price = _bought(split, np.empty(0, dtype=np.int64), money)
    people = border_people(split, _border_prices(split, money, price))
    search = _Prices(split, people, money, seed, each)
    search.run(price, nodes, progress)
    if search.bound is None:
        return DividedCover(None, 0, BY_REGION, search.nodes)
    bound = min(int(whole.people.sum()), search.bound)
    choices = [filled] if (whole.opened(filled) >= whole.low).all() else []
    taken = _best_combination([list(points) for points in search.points], money)
    if taken is not None:
        choices.append(_bought(split, taken, money)[0])
    if not choices:
        return DividedCover(None, bound, BY_REGION, search.nodes)
    best = _exchanged(split, max(choices, key=whole.covered), money)
    progress(1.0)
    return DividedCover(np.sort(best), bound, BY_REGION, search.nodes, search.short_of_bound(best))


def _border_prices(split: Split, money: int, price: float) -> FloatArray:
    """By row the share of its people that the linear program of the whole pays for it, about as near as helps.

    The saddle point of ``sum w (1 - l) + sum w l (A y) - m (c y - money)``, greatest in ``y``, least in ``l`` and
    ``m``, by primal-dual steps of fixed lengths (Chambolle and Pock 2011); of their means the one with the least bound.
    ``price``: a likely ``m``, people a unit of cost.
    """
    cover, people = sp.csr_array(split.whole.cover, dtype=float), split.whole.people.astype(float)
    turned, cost = sp.csr_array(cover.T.tocsr()), split.cost * max(price, 1e-12)
    limit, width = money * max(price, 1e-12), np.maximum(1.0, np.diff(cover.indptr))
    step = _BALANCE / np.maximum(1.0, turned @ people + cost)
    steps = 1 / (_BALANCE * width), 1 / (_BALANCE * max(1.0, float(cost.sum())))
    opened, paid, dear, ahead = np.zeros(len(cost)), np.full(len(people), 0.5), 1.0, np.zeros(len(cost))
    best, least, sums, count = paid, math.inf, (np.zeros(len(people)), 0.0), 0
    for turn in range(1, _STEPS + 1):
        paid = np.clip(paid - steps[0] * (cover @ ahead - 1), 0.0, 1.0)
        dear = max(0.0, dear - steps[1] * (limit - float(cost @ ahead)))
        before, opened = opened, np.clip(opened + step * (turned @ (people * paid) - dear * cost), 0.0, 1.0)
        ahead = 2 * opened - before
        sums, count = (sums[0] + paid, sums[1] + dear), count + 1
        if turn % _EVERY == 0:
            mean, means = sums[0] / count, sums[1] / count
            worth = turned @ (people * mean) - means * cost
            bound = float(people @ (1 - mean)) + means * limit + float(worth[worth > 0].sum())
            if bound < least:
                best, least = mean, bound
            if turn & (turn - 1) == 0 or turn % (8 * _EVERY) == 0:
                sums, count = (np.zeros(len(people)), 0.0), 0
    return best


class _Prices:
    """The regions at one price after the other, between one that spends too much and one that does not."""

    def __init__(self, split: Split, people: IntArray, money: int, seed: int, each: Each) -> None:
        self.split, self.people, self.money, self.each = split, people, money, each
        self.anyway = int(split.whole.people.sum() - people.sum())
        self.questions = []
        for r in range(len(split.names)):
            core = split.part(r, people)
            cost = split.cost[core.sites.to_numpy(dtype=np.int64)]
            self.questions.append(RegionQuestion(core, split.whole.limit, seed, cost))
        self.points: list[list[PricedChoice]] = [[] for _ in self.questions]
        self.bound: int | None = None
        self.best: tuple[int, int, list[PricedChoice]] = (0, 0, [])
        self.nodes = 0

    def run(self, price: float, nodes: int, progress: Callable[[float], None]) -> None:
        """From a likely price, people a unit of cost, to the one that gives the least bound."""
        bits = min(_FINEST, max(0, math.ceil(math.log2(_FINE / price)))) if price > 0 else 0
        parts, lines = max(1, round(math.ldexp(price, bits))), dict[int, tuple[int, int]]()
        dear: int | None = None
        cheap: int | None = None
        for turn in range(_TURNS):
            progress(0.9 * (turn + 1) / (1 + _TURNS))
            line = self._at(parts, bits, nodes)
            if line is None:
                return
            lines[parts] = line
            if line[1] > self.money:
                cheap = parts
            else:
                dear = parts
            parts = _next(lines, cheap, dear, self.money)
            if parts in lines or parts < 0:
                return

    def _at(self, parts: int, bits: int, nodes: int) -> tuple[int, int] | None:
        """The bound of a price in parts and what the regions spend there; None where a region has no choice at all."""
        found = list(self.each(priced_choice, [(question, parts, bits, nodes) for question in self.questions]))
        self.nodes += sum(one.nodes for one in found)
        bounds = [one.bound for one in found if one.bound is not None]
        if len(bounds) < len(found):
            self.bound = None
            return None
        total = parts * self.money + sum(bounds)
        bound = self.anyway + (total >> bits)
        if self.bound is None or bound < self.bound:
            self.bound, self.best = bound, (parts, bits, found)
        for points, one in zip(self.points, found, strict=True):
            if one.choice is not None:
                points.append(one)
        return total, sum(one.spent for one in found)

    def short_of_bound(self, choice: IntArray) -> IntArray:
        """By region how many people more, at the most, another choice there comes to, at the best price of money."""
        parts, bits, found = self.best
        cover, short = self.split.by_site, np.zeros(len(found), dtype=np.int64)
        for r, one in enumerate(found):
            mine = choice[self.split.region[choice] == r]
            counted = int(self.people[np.unique(cover[:, mine].indices)].sum())
            short[r] = ((one.bound or 0) - ((counted << bits) - parts * int(self.split.cost[mine].sum()))) >> bits
        return short


def _next(lines: dict[int, tuple[int, int]], cheap: int | None, dear: int | None, money: int) -> int:
    """The next price: where the bounds of both sides would cross; while there is one side alone, half or twice."""
    if cheap is None or dear is None:
        return 2 * cheap if cheap is not None else (dear or 0) // 2
    (below, spent), (above, less) = lines[cheap], lines[dear]
    falls, rises = money - spent, money - less
    return round((below - falls * cheap - above + rises * dear) / (rises - falls))


def _best_combination(points: Sequence[Sequence[PricedChoice]], money: int) -> IntArray | None:
    """The choices of regions that count most together within the money; None where none fits."""
    sums: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
    for region in points:
        grown = [
            (spent + one.spent, counted + one.counted, (*taken, k))
            for spent, counted, taken in sums for k, one in enumerate(region) if spent + one.spent <= money
        ]  # fmt: skip
        sums = _thinned(_undominated(grown))
    if not sums:
        return None
    taken = max(sums, key=lambda s: (s[1], -s[0]))[2]
    chosen = [region[k].choice for region, k in zip(points, taken, strict=True)]
    return np.concatenate([one for one in chosen if one is not None]).astype(np.int64)


def _undominated(sums: list[tuple[int, int, tuple[int, ...]]]) -> list[tuple[int, int, tuple[int, ...]]]:
    """Those that no cheaper one counts as much as."""
    kept: list[tuple[int, int, tuple[int, ...]]] = []
    for one in sorted(sums, key=lambda s: (s[0], -s[1])):
        if not kept or one[1] > kept[-1][1]:
            kept.append(one)
    return kept


def _thinned(sums: list[tuple[int, int, tuple[int, ...]]]) -> list[tuple[int, int, tuple[int, ...]]]:
    """Some thousands of them, the cheapest and the dearest among them."""
    step = -(-len(sums) // _KEPT)
    return sums if step <= 1 else [*sums[:-1:step], sums[-1]]


def _exchanged(split: Split, chosen: IntArray, money: int) -> IntArray:
    """A choice that covers no fewer, one site after the other left out for what its money buys instead."""
    whole = split.whole
    best, most = chosen, whole.covered(chosen)
    for _ in range(_SWEEPS):
        before = most
        for site in best.tolist():
            if site not in best:
                continue
            for by_unit in (True, False):
                other, _ = _bought(split, best[best != site], money, barred=site, by_unit=by_unit)
                if whole.covered(other) > most and (whole.opened(other) >= whole.low).all():
                    best, most = other, whole.covered(other)
                    break
        if most == before:
            break
    return best


def _bought(
    split: Split, chosen: IntArray, money: int, *, barred: int = -1, by_unit: bool = True
) -> tuple[IntArray, float]:
    """A choice, and what the money left buys beside it, the most people first; how many the last unit of it bought.

    ``barred``: a candidate that is not bought. ``by_unit``: the most people a unit first.
    """
    whole, cost = split.whole, split.cost
    opened, ratio = np.zeros(len(whole.sites), dtype=np.bool_), 0.0
    opened[chosen] = True
    left = money - int(cost[chosen].sum())
    while True:
        gain = whole.cover.T @ (whole.people * (whole.cover @ opened.astype(np.int64) == 0))
        worth = np.where(
            ~opened & (cost <= left) & _allowed(whole, opened), gain / np.maximum(cost, 0.5) if by_unit else gain, -1.0
        )
        if barred >= 0:
            worth[barred] = -1.0
        site = int(worth.argmax()) if len(worth) else 0
        if not len(worth) or worth[site] <= 0:
            return np.flatnonzero(opened).astype(np.int64), ratio
        opened[site], ratio, left = True, float(worth[site]), left - int(cost[site])


def _allowed(whole: CoverInstance, opened: BoolArray) -> BoolArray:
    """The candidates whose areas are not full; short areas first, where there are some."""
    count = whole.opened(np.flatnonzero(opened))
    full, short = np.append(count >= whole.high, False), np.append(count < whole.low, False)
    if not len(whole.group):
        return np.ones(len(whole.sites), dtype=np.bool_)
    allowed = np.asarray(~full[whole.group].any(axis=0), dtype=np.bool_)
    needed = np.asarray(allowed & short[whole.group].any(axis=0), dtype=np.bool_)
    return needed if needed.any() else allowed
