"""Reserve sites: the best substitutes for each site of a plan, and what is lost with each."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.errors import DataError
from quarterhour.siting.methods.capacity.today import placed_at
from quarterhour.siting.outlook.answers import plan_positions
from quarterhour.siting.question.evaluate import Choice, Measure, Outcome, Scan, in_plan_units
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.figures import is_whole, short_repr
from quarterhour.siting.question.least_load import asks_least_load, is_filled
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import WHOLE, SitingProblem
from quarterhour.siting.question.search import Exact
from quarterhour.siting.question.site_limits import SiteLimits

RESERVE_COLUMNS = ("site", "place", "substitute", "value", "loss", "covered", "short")
_SUMS = ("max-cover", "min-time", "min-sites", "min-cost")


@takes(problem=SitingProblem, plan=SitingPlan)
def reserve_sites(problem: SitingProblem, plan: SitingPlan, *, most: int = 3) -> pd.DataFrame:
    """The best substitutes for each site that a plan chooses, should that site alone not be had; the rest stays.

    Every exchange is evaluated, none is estimated: only those that keep
    all rules on sites (number, quotas, money, conflicts) stand here, the best first: those that leave the fewest people
    without what the question demands, then by its goals in their turn, then in the order of the sites. A site that must
    be built has none, and is left out.

    Parameters
    ----------
    problem, plan : a question and its plan.
    most : how many for each site, at the most.

    Returns
    -------
    A row a site and substitute, the sites in the order of the plan: ``site``, ``place`` (1 the best), ``substitute``,
    ``value`` of the first goal then, ``loss`` (how much worse that is than the plan; below 0 where a plan that is not
    proven best can be bettered), ``covered`` (people), ``short`` (people who must be covered and are not; of several
    columns that the goals count the largest; 0: every rule is kept). A site without any substitute has one row with
    ``place`` 0 and the rest missing.
    With a least load only those stand here that leave every site used enough.
    Where sites have a capacity, ``value``, ``loss`` and ``covered`` are what finds a place, shared out among the sites,
    by what communities ask for: no way of sharing out places more.

    Raises
    ------
    DataError : the plan is of another question or chooses nothing; ``most`` is no whole number of 1 or more; a least
        load within a capacity, whose exchanges no flow tells.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> reserves = qh.siting.reserve_sites(problem, qh.solve_siting(problem))
    >>> reserves[["site", "place", "substitute", "value", "loss"]].values.tolist()
    [['0', 1, '1', 50.0, 10.0]]
    """
    if not is_whole(most, 1):
        raise DataError("phasing.bad_reserves", most=short_repr(most))
    if problem.capacity is not None and asks_least_load(problem):
        raise DataError("phasing.reserves_least_load")
    chosen = plan_positions(problem, plan)
    exchanges: _Exchanges = (_Nearest if problem.capacity is None else _Placed)(problem, chosen)
    rows = [row for site in chosen.tolist() if problem.free[site] for row in exchanges.rows(site, int(most))]
    table = pd.DataFrame(rows, columns=list(RESERVE_COLUMNS))
    whole = {"place": "int64", "covered": "Int64", "short": "Int64"}
    return table.astype({"site": "str", "substitute": "str", "value": "float64", "loss": "float64", **whole})


@dataclass(frozen=True)
class _Substitute:
    """What an exchange comes to; ``key``: less is better."""

    site: int
    key: tuple[Exact, ...]
    value: float
    loss: float
    covered: int
    short: int


class _Exchanges(ABC):
    """One site of a plan for another, everything else as it is."""

    def __init__(self, problem: SitingProblem, chosen: IntArray) -> None:
        self.problem, self.measure = problem, Measure(problem)
        self.opened = problem.existing.copy()
        self.opened[chosen] = True
        self.limits = QuestionRules(self.measure).limits
        self.others = np.flatnonzero(problem.free & ~problem.barred & ~self.opened).astype(np.int64)

    def rows(self, site: int, most: int) -> Iterator[tuple[object, ...]]:
        """The best of them as rows of the table."""
        ids = self.problem.sites.index
        bare = self.opened.copy()
        bare[site] = False
        lawful = self.others[_keep(self.limits, bare, self.others)]
        best = sorted(self.best(bare, lawful, most), key=lambda one: (*one.key, one.site))[:most]
        for place, one in enumerate(best, start=1):
            yield ids[site], place, ids[one.site], one.value, one.loss, one.covered, one.short
        if not best:
            yield ids[site], 0, *[None] * (len(RESERVE_COLUMNS) - 2)

    @abstractmethod
    def best(self, bare: BoolArray, lawful: IntArray, most: int) -> list[_Substitute]:
        """Among the lawful ones, beside what stays open, the best and maybe others."""


def _keep(limits: SiteLimits, bare: BoolArray, others: IntArray) -> BoolArray:
    """Which of some closed sites, each alone beside what is open, keep all rules on sites."""
    used = limits.used(np.flatnonzero(bare))
    broken = (used < limits.low) | (used > limits.high)
    columns = sp.csc_array(limits.rows)[:, others].tocoo()
    row, place = columns.coords
    then = used[row] + columns.data
    still = (then < limits.low[row]) | (then > limits.high[row])
    change = np.zeros(len(others), dtype=np.int64)
    np.add.at(change, place, still.astype(np.int64) - broken[row])
    return np.asarray(int(broken.sum()) + change == 0, dtype=np.bool_)


# --- everybody to the nearest ---------------------------------------------------------------------


class _Nearest(_Exchanges):
    """Sites without a limit: sums of all exchanges at once, then the goals of those that no sum leaves behind."""

    def __init__(self, problem: SitingProblem, chosen: IntArray) -> None:
        super().__init__(problem, chosen)
        self.now = Outcome(self.measure, Choice(self.opened)).value(problem.goals[0])
        order = np.argsort(problem.near.site, kind="stable")
        self.row, self.cs = self.measure.row[order], problem.near.cs[order].astype(np.int64)
        self.percent = self.measure.percent[order]
        self.begins = np.searchsorted(problem.near.site[order], np.arange(len(problem.sites) + 1))

    @cached_property
    def must(self) -> IntArray:
        """By community the people who must be covered: of several columns that goals count the largest."""
        counted = [self.problem.people_of[c] for c in {"", *(g.people for g in self.problem.goals)}]
        demanded = self.measure.takes_part & self.problem.everyone
        return np.where(demanded, np.array(counted).max(axis=0), 0)

    def best(self, bare: BoolArray, lawful: IntArray, most: int) -> list[_Substitute]:
        if asks_least_load(self.problem):
            lawful = lawful[[is_filled(Outcome(self.measure, self._with(bare, site))) for site in lawful.tolist()]]
        ahead = lawful[_not_behind(self._sums(self.measure.scan(bare), lawful), most)]
        return [self._substitute(bare, site) for site in ahead.tolist()]

    def _sums(self, before: Scan, lawful: IntArray) -> list[IntArray]:
        """By lawful site how many are left short, then the goals up to the first that is no sum; less is better."""
        problem = self.problem
        place = np.repeat(np.arange(len(lawful)), (self.begins[1:] - self.begins[:-1])[lawful])
        pair = np.concatenate([np.empty(0, np.int64), *(np.arange(*self.begins[[s, s + 1]]) for s in lawful)])
        row, percent = self.row[pair], self.percent[pair]
        first, second = before.first[row], before.second[row]
        share = self.measure.worth[
            np.maximum(first, percent), np.where(percent > first, first, np.maximum(second, percent))
        ]
        nearer = np.minimum(self.cs[pair] - before.far[row], 0) * self.measure.reachable[row]

        def summed(base: IntArray, change: IntArray) -> IntArray:
            total = np.full(len(lawful), int(base.sum()), dtype=np.int64)
            np.add.at(total, place, change)
            return total

        def points(people: IntArray) -> IntArray:
            return summed(people * before.share, people[row] * (share - before.share[row]))

        lost = np.where(before.share == 0, self.must, 0)
        sums = [np.maximum(summed(lost, -lost[row] * (share > 0)), self._lacking(points(problem.people_of[""])))]
        for goal in itertools.takewhile(lambda goal: goal.objective in _SUMS, problem.goals):
            people = problem.people_of[goal.people]
            if goal.objective == "max-cover":
                sums.append(-points(people))
            elif goal.objective == "min-time":
                sums.append(summed((people * before.far)[self.measure.reachable], people[row] * nearer))
            elif goal.objective == "min-cost":
                sums.append(problem.yuan[lawful])
        return sums

    def _with(self, bare: BoolArray, site: int) -> Choice:
        opened = bare.copy()
        opened[site] = True
        return Choice(opened)

    def _lacking(self, points: IntArray) -> IntArray:
        """People who lack of those that must be covered in any case, the last of them whole."""
        return np.maximum(-((points - WHOLE * self.problem.coverage.at_least) // WHOLE), 0)

    def _substitute(self, bare: BoolArray, site: int) -> _Substitute:
        goals, people = self.problem.goals, self.problem.people_of[""]
        outcome = Outcome(self.measure, self._with(bare, site))
        values = [outcome.value(goal) for goal in goals]
        lacking = int(self._lacking(outcome.points(people).sum()))
        short = max(int(self.must[~outcome.covered].sum()), lacking)
        key = (short, *(-v if goal.most else v for goal, v in zip(goals, values, strict=True)))
        lost = self.now - values[0] if goals[0].most else values[0] - self.now
        value, loss = (in_plan_units(goals[0], exact) for exact in (values[0], lost))
        return _Substitute(site, key, value, loss, int(people[outcome.covered].sum()), short)


def _not_behind(sums: list[IntArray], most: int) -> BoolArray:
    """Which are, by the first sum that differs, no worse than the last of so many."""
    count = len(sums[0])
    ahead, level = np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)
    if count <= most:
        return level
    last = np.lexsort(sums[::-1])[most - 1]
    for values in sums:
        ahead |= level & (values < values[last])
        level &= values == values[last]
    return ahead | level


# --- within room ----------------------------------------------------------------------------------


class _Placed(_Exchanges):
    """Sites that hold so many: the greatest flow of each exchange that could still be among the best."""

    def __init__(self, problem: SitingProblem, chosen: IntArray) -> None:
        super().__init__(problem, chosen)
        load, near = problem.load.to_numpy(dtype=np.int64), problem.near
        self.wanted = int(load[self.measure.takes_part].sum())
        reached = np.bincount(near.site, load[self.measure.row], len(problem.sites)).astype(np.int64)
        self.adds = np.minimum(reached, problem.room)
        self.now = self._placed(self.opened)

    def _placed(self, opened: BoolArray) -> int:
        placed = placed_at(self.problem, opened)
        if placed is None:
            raise DataError("question.too_many_people", people=int(self.problem.load.sum()))
        return placed

    def best(self, bare: BoolArray, lawful: IntArray, most: int) -> list[_Substitute]:
        before, found = self._placed(bare), list[_Substitute]()
        could = np.minimum(before + self.adds[lawful], self.wanted)
        for place in np.argsort(-could, kind="stable").tolist():
            best = sorted(-one.covered for one in found)[:most]
            if len(best) == most and could[place] < -best[-1]:
                break
            found.append(self._substitute(bare, int(lawful[place])))
        return found

    def _substitute(self, bare: BoolArray, site: int) -> _Substitute:
        opened = bare.copy()
        opened[site] = True
        placed = self._placed(opened)
        short = max(self._demanded() - placed, 0)
        return _Substitute(site, (short, -placed), float(placed), float(self.now - placed), placed, short)

    def _demanded(self) -> int:
        """How many must find a place; people in any case only where communities ask for as many as they have."""
        problem = self.problem
        counted = (problem.load.to_numpy() == problem.demand.to_numpy()).all()
        return max(self.wanted if problem.everyone else 0, problem.coverage.at_least if counted else 0)
