"""A plan over the years: what to build first, what each step loses against the best plan of its size, what each
site is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import IntArray
from quarterhour.base.cells import is_number
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.methods.capacity.transportation import least_time_flow
from quarterhour.siting.methods.median.median_instance import build_median_instance
from quarterhour.siting.outlook.answers import Phasing, plan_positions
from quarterhour.siting.outlook.frontier import frontier
from quarterhour.siting.outlook.money.yearly_money import YearlyMoney, build_by_year, money_by_year
from quarterhour.siting.outlook.sequence import Worth, best_order, gained_with, lost_without
from quarterhour.siting.question.building_order import in_stages
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.levels import must_be_built
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import Coverage, Goal, SitingProblem
from quarterhour.siting.question.rules import Budget
from quarterhour.siting.question.search import COUNTING, DEFAULT_SECONDS, Limits, as_limits
from quarterhour.siting.question.site_limits import count_limits
from quarterhour.siting.solve import solve_or_stop

Progress = Callable[[float], None]
STEP_COLUMNS = ("built", "sites", "value", "best", "bound", "loss", "loss_at_most", "proved_by")
_FEW = 8
"""Steps that are each compared by a search of their own; more of them by one frontier."""
_PERCENT = 100
_ASKED = "asked_state"
"""The states as they were asked, for quotas that count by state, where those of the sites are others."""


@takes(problem=SitingProblem, plan=SitingPlan)
def phase_plan(
    problem: SitingProblem,
    plan: SitingPlan,
    *,
    per_step: int | Sequence[int] = 1,
    years: Sequence[int] | None = None,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    best: pd.DataFrame | None = None,
    money: YearlyMoney | None = None,
    cost_yuan: pd.Series | None = None,
    by_clock: Callable[[], object] | None = None,
) -> Phasing:
    """The order of building with the best sum over the steps, each held against the best plan of its size.

    Parameters
    ----------
    problem, plan : a question and its plan.
    per_step : new sites a step; or those of each step.
    years : how long each step lasts, the present one first, until all is built; None: all alike.
    seconds, nodes, rounds : for the plans compared with, all together, as ``solve_siting`` counts them.
    seed : of the search.
    progress : told the share done.
    best : what ``frontier`` gave for this question without minima, where that is known; other sizes are searched.
    money, cost_yuan : what each year may spend, and what each site of the plan costs to build, by id. Then a step is a
        year, builds what its money pays for, maybe nothing, and ``per_step`` and ``years`` do not count.
    by_clock : called where ``seconds`` ended any of these searches.

    Where sites have a capacity, what counts is what communities ask of it (beds, graves), shared out among sites.

    Returns
    -------
    A ``Phasing``: ``order`` of the sites, and a row a step in ``steps``.

    Raises
    ------
    DataError : there is no plan to phase; the steps do not add up to its sites; coverage by two sites; money without
        the cost of a site.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=2)
    >>> qh.siting.phase_plan(problem, qh.solve_siting(problem)).steps[["built", "value", "loss"]].values.tolist()
    [[0.0, 0.0, 0.0], [1.0, 60.0, 0.0], [2.0, 110.0, 0.0]]
    """
    limits = as_limits(seconds, nodes, rounds, otherwise=DEFAULT_SECONDS)
    weighed = _Weighed(problem, _goal(problem))
    chosen = weighed.positions(plan)
    if money is None:
        ends = _ends(per_step, len(chosen))
        lasting = np.zeros(len(chosen) + 1, dtype=np.int64)
        lasting[ends[:-1]] = _lasting(years, len(ends) - 1)
        order, proven = best_order(weighed.worth, chosen, years=lasting)
        paid, late = None, np.empty(0, dtype=np.int64)
    else:
        cost = _costs(weighed, chosen, cost_yuan)
        made = build_by_year(weighed.worth, chosen, cost, money)
        ends = [0, *np.cumsum([len(built) for built in made.years], dtype=np.int64).tolist()]
        order, proven, late = np.concatenate([*made.years, made.late[:0]]), made.proven, made.late
        paid = money_by_year(made, dict(zip(chosen.tolist(), cost.tolist(), strict=True)), money)
    order = _most_first(weighed, plan, order, ends, late)
    curve = weighed.worth.curve(order)
    rows, least = [], weighed.worth.value(np.arange(len(problem.sites)))
    fits = weighed.plain and not problem.required.any() and not must_be_built(problem)
    known = _told(weighed, best.set_index("sites"), ends[1:]) if best is not None and fits else {}
    # A step that is as good as all sites together needs nobody to compare with.
    open_still = [built for built in dict.fromkeys(ends[1:]) if built not in known and curve[built] > least]
    known |= _best_of(weighed, open_still, limits, seed=seed, progress=progress or (lambda _: None), by_clock=by_clock)
    for step, built in enumerate(ends):
        sites = tuple(str(s) for s in problem.sites.index[order[ends[step - 1] if step else 0 : built]])
        value = int(curve[built])
        found, bound, by = known.get(built, (value, least if built else value, COUNTING))
        found = min(found, value)
        bound = min(bound, found)
        said = [weighed.said(v) for v in (value, found, bound)]
        lost = weighed.unit(value - found), weighed.unit(value - bound)
        rows.append((built, sites, *said, *lost, by))
    steps = pd.DataFrame(rows, columns=list(STEP_COLUMNS)).rename_axis("step")
    why = {} if money is None else _why_late(weighed, late, cost_yuan, money)
    return Phasing(weighed.goal, tuple(str(s) for s in problem.sites.index[order]), proven, steps, paid, why)


def _costs(weighed: _Weighed, chosen: IntArray, cost_yuan: pd.Series | None) -> IntArray:
    """What each site of the plan costs, whole yuan; DataError where one does not say."""
    ids = weighed.problem.sites.index[chosen]
    given = pd.Series(float("nan"), ids) if cost_yuan is None else cost_yuan.reindex(ids)
    cost = pd.to_numeric(given, errors="coerce").astype("float64")
    bad = ids[(cost.isna() | cost.lt(0) | cost.mod(1).ne(0) | cost.ge(2**53)).to_numpy()]
    if len(bad):
        raise DataError("phasing.no_cost", ids=first_ids(bad))
    return np.asarray(cost.to_numpy(), dtype=np.int64)


def _why_late(weighed: _Weighed, late: IntArray, cost_yuan: pd.Series | None, money: YearlyMoney) -> dict[str, str]:
    pays = money.ever_pays(_costs(weighed, late, cost_yuan))
    ids = weighed.problem.sites.index[late]
    return {str(site): "no_money" if paid else "too_dear" for site, paid in zip(ids, pays.tolist(), strict=True)}


def _most_first(weighed: _Weighed, plan: SitingPlan, order: IntArray, ends: Sequence[int], late: IntArray) -> IntArray:
    """The same order of steps; within a step whichever site gains most comes first, which no step's value heeds."""
    ids = weighed.problem.sites.index
    steps = [[str(s) for s in ids[order[begin:end]]] for begin, end in pairwise(ends)]
    staged = in_stages(weighed.problem, plan, [*(s for s in steps if s), [str(s) for s in ids[late]]])
    return weighed.positions_of(staged.chosen)[: len(order)]


def by_years(problem: SitingProblem, plan: SitingPlan, phasing: Phasing) -> SitingPlan:
    """The plan in the order of its years, the one order that map, tables and records number its sites in.

    Its gains are those of that order. Within a year the site that gains most comes first; sites that no year builds
    come last.
    """
    return in_stages(problem, plan, [*(sites for sites in phasing.steps["sites"] if sites), list(phasing.late)])


@takes(problem=SitingProblem, plan=SitingPlan)
def site_values(problem: SitingProblem, plan: SitingPlan) -> pd.DataFrame:
    """What each open site, built by the plan or there before, is worth: how much worse it is if it alone closes.

    Parameters
    ----------
    problem, plan : a question and its plan.

    Returns
    -------
    By site id, dearest first: ``state``, ``people`` (who go there, it being the nearest), ``loss`` (people no longer
    covered, or people-minutes more) and ``left`` (people who then have no site within the standard).

    Raises
    ------
    DataError : the plan is not one of the question, or has no sites.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=2)
    >>> qh.siting.site_values(problem, qh.solve_siting(problem))[["people", "loss"]].to_dict("index")
    {'0': {'people': 60, 'loss': 60.0}, '1': {'people': 50, 'loss': 50.0}}
    """
    weighed = _Weighed(problem, _goal(problem))
    opened = np.union1d(weighed.positions(plan), weighed.existing).astype(np.int64)
    every = Worth(weighed.worth.median, np.empty(0, dtype=np.int64), weighed.worth.room)
    loss, left = lost_without(every, opened)
    table = pd.DataFrame(
        {
            "state": problem.sites["state"].to_numpy()[opened],
            "people": weighed.goes(opened),
            "loss": [weighed.unit(int(v)) for v in loss],
            "left": left,
        },
        index=problem.sites.index[opened],
    )
    return table.sort_values("loss", ascending=False, kind="stable")


@takes(problem=SitingProblem, plan=SitingPlan)
def candidate_values(problem: SitingProblem, plan: SitingPlan) -> pd.DataFrame:
    """What each candidate that a plan leaves out would add if it alone were built as well, whatever the rules on sites.

    Parameters
    ----------
    problem, plan : a question and its plan.

    Returns
    -------
    By site id, dearest first: ``state``, ``gain`` (people more covered, or people-minutes fewer) and ``reached``
    (people who would have a site within the standard and have none in the plan). A candidate that an existing or
    required site rules out is not among them.

    Raises
    ------
    DataError : the plan is not one of the question, or has no sites.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> qh.siting.candidate_values(problem, qh.solve_siting(problem)).to_dict("index")
    {'1': {'state': 'candidate', 'gain': 50.0, 'reached': 50}}
    """
    weighed = _Weighed(problem, _goal(problem))
    opened = np.union1d(weighed.positions(plan), weighed.existing).astype(np.int64)
    left_out = np.setdiff1d(np.flatnonzero(problem.free & ~problem.barred), opened)
    gain, reached = gained_with(weighed.worth, opened, left_out)
    table = pd.DataFrame(
        {
            "state": problem.sites["state"].to_numpy()[left_out],
            "gain": [weighed.unit(int(v)) for v in gain],
            "reached": reached,
        },
        index=problem.sites.index[left_out],
    )
    return table.sort_values("gain", ascending=False, kind="stable")


def _goal(problem: SitingProblem) -> Goal:
    first = problem.goals[0]
    return first if first.objective in ("max-cover", "min-time") else Goal("max-cover", first.people)


def _ends(per_step: int | Sequence[int], sites: int) -> list[int]:
    """How many sites are built at the end of each step, 0 first."""
    if not isinstance(per_step, Iterable):
        (step,) = _whole_numbers([per_step], 1) or (0,)
        if not step:
            raise DataError("phasing.bad_steps", steps=per_step)
        return [*range(0, sites, step), sites] if sites else [0]
    steps = _whole_numbers(list(per_step), 1)
    if steps is None:
        raise DataError("phasing.bad_steps", steps=", ".join(map(str, per_step)))
    if sum(steps) != sites:
        raise DataError("phasing.steps_differ", steps=sum(steps), sites=sites)
    return [0, *np.cumsum(steps, dtype=np.int64).tolist()]


def _lasting(years: Sequence[int] | None, steps: int) -> IntArray:
    if years is None:
        return np.ones(steps, dtype=np.int64)
    whole = _whole_numbers(list(years), 0)
    if whole is None or len(whole) != steps:
        raise DataError("phasing.bad_years", years=", ".join(map(str, years)), steps=steps)
    return np.array(whole, dtype=np.int64)


def _whole_numbers(given: Sequence[object], least: int) -> list[int] | None:
    """The numbers as whole ones; None where one is not whole, or less than it may be."""
    if any(isinstance(n, bool) or not is_number(n) or n % 1 or n < least for n in given):  # type: ignore[operator]
        return None
    return [int(n) for n in given]  # type: ignore[call-overload]


class _Weighed:
    """A question as a worth of choices, in whole numbers of which less is better, and back in the planner's units."""

    def __init__(self, problem: SitingProblem, goal: Goal) -> None:
        if problem.coverage.backup is not None:
            raise DataError("phasing.backup")
        self.problem, self.goal = problem, goal
        self.existing = np.flatnonzero(problem.existing).astype(np.int64)
        self.measure, near = Measure(problem), problem.near
        cover = goal.objective == "max-cover"
        room = None if problem.capacity is None else problem.room
        self.people = problem.people_of[goal.people] if room is None else problem.load.to_numpy(dtype=np.int64)
        cs = _PERCENT - self.measure.percent if cover else near.cs.astype(np.int64)
        otherwise = np.full(len(self.people), _PERCENT, dtype=np.int64) if cover else problem.limit_cs
        free = count_limits(len(problem.sites))
        self.worth = Worth(
            build_median_instance(self.people, (near.start, near.site, cs), free, otherwise=otherwise),
            self.existing,
            room,
        )
        self.whole = int(self.people[self.measure.reachable].sum()) * _PERCENT if cover else None
        self.plain = cover and not goal.people and bool((self.measure.percent == _PERCENT).all())

    def positions(self, plan: SitingPlan) -> IntArray:
        """The sites that a plan builds."""
        return np.sort(plan_positions(self.problem, plan))

    def positions_of(self, ids: Sequence[str]) -> IntArray:
        """Sites by their ids, in the order given."""
        return self.problem.sites.index.get_indexer(pd.Index(list(ids), dtype="str")).astype(np.int64)

    def goes(self, opened: IntArray) -> IntArray:
        """How many go to each of some open sites: to the nearest, or as room is shared out for the best."""
        median, sites = self.worth.median, len(self.problem.sites)
        if self.worth.room is not None:
            went = least_time_flow(median, self.worth.room, opened).people
            return np.bincount(median.site, went, sites).astype(np.int64)[opened]
        nearest = self.measure.scan(np.isin(np.arange(sites), opened)).nearest
        some = nearest >= 0
        return np.bincount(nearest[some], self.people[some], sites).astype(np.int64)[opened]

    def said(self, value: int) -> float:
        """People covered, or people-minutes."""
        return self.unit(value) if self.whole is None else self.unit(self.whole - value)

    def unit(self, value: int) -> float:
        """A difference of people or people-minutes."""
        return float(Fraction(value, CENTISECONDS_PER_MINUTE if self.whole is None else _PERCENT))

    def heard(self, said: float) -> int:
        """A value again in whole numbers."""
        return round(said * CENTISECONDS_PER_MINUTE) if self.whole is None else self.whole - round(said * _PERCENT)

    def of_size(self, new_sites: int) -> SitingProblem:
        """The question of so many new sites, with nothing that holds only once all is built."""
        problem = self.problem
        state = problem.sites["state"]
        most = [replace(q, minimum=0) for q in problem.quotas if q.maximum is not None]
        asked = replace(
            problem,
            goals=(self.goal,),
            sites=problem.sites.drop(columns="least_load", errors="ignore").assign(
                state=state.replace("required", "candidate"), **{_ASKED: state}
            ),
            new_sites=new_sites,
            quotas=tuple(replace(q, level=_ASKED) if q.level == "state" else q for q in most),
            coverage=Coverage(tier=problem.coverage.tier, everyone=False),
            budget=Budget(),
        )
        if problem.capacity is None:
            return asked
        split = replace(problem.capacity, split=True)
        return replace(asked, goals=(Goal(self.goal.objective),), demand=problem.load, capacity=split)


Known = dict[int, tuple[int, int, str]]
"""By number of new sites: the best found, what none beats, who says so."""


def _told(weighed: _Weighed, table: pd.DataFrame, sizes: list[int]) -> Known:
    """What a frontier, by number of sites, says of some sizes."""
    rows = table[table["people"].notna()].reindex(sizes).dropna()
    return {
        int(size): (weighed.heard(people), weighed.heard(bound), "frontier")
        for size, people, bound in rows[["people", "bound"]].astype(float).itertuples()
    }


def _best_of(
    weighed: _Weighed, sizes: list[int], limits: Limits, *, seed: int, progress: Progress,
    by_clock: Callable[[], object] | None,
) -> Known:  # fmt: skip
    if not sizes:
        return {}
    each = limits.times(1 / len(sizes)).given
    largest = weighed.of_size(sizes[-1])
    several = len(sizes) > _FEW
    if several and largest.capacity is None and not len(largest.conflicts) and weighed.plain:
        table = frontier(
            largest, sizes[-1], **{**limits.given, "nodes": each.get("nodes")}, seed=seed, by_clock=by_clock
        ).set_index("sites")
        progress(1.0)
        # More sites than the frontier knows cover nobody else.
        last = {size: min(size, table.index[-1]) for size in sizes if len(table)}
        found = _told(weighed, table, sorted(set(last.values())))
        return {size: found[known] for size, known in last.items() if known in found}
    known: Known = {}
    for place, size in enumerate(sizes):
        progress(place / len(sizes))
        plan = solve_or_stop(weighed.of_size(size), **each, seed=seed, by_clock=by_clock)
        if plan.status in ("optimal", "bounded"):
            known[size] = weighed.heard(plan.value), weighed.heard(plan.bound), plan.proved_by
    progress(1.0)
    return known
