"""Which sites stay chosen when speed and people are not known for sure: the question asked again many times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import FloatArray
from quarterhour.base.cells import is_number
from quarterhour.base.centiseconds import centiseconds
from quarterhour.base.errors import CutoffError, DataError
from quarterhour.base.row_order import drawn_normal
from quarterhour.siting.outlook.answers import RobustSites
from quarterhour.siting.question.figures import is_whole
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.search import as_limits
from quarterhour.siting.solve import solve_or_stop
from quarterhour.travel.times import TravelTimes

Pair = tuple[float, float]
_SECONDS = 120.0
_STEPS = 1000
"""A drawn speed is so many parts of one, so that times at it are whole numbers for sure."""


@takes(problem=SitingProblem)
def robust_sites(
    problem: SitingProblem,
    *,
    scenarios: int = 20,
    speed: Pair = (0.8, 1.2),
    people: float = 0.1,
    plan: SitingPlan | None = None,
    paced: Callable[[float], TravelTimes] | None = None,
    told: Sequence[tuple[str, pd.DataFrame]] = (),
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    by_clock: Callable[[], object] | None = None,
) -> RobustSites:
    """The question asked again for drawn speeds and people, and how often each site is chosen.

    In each scenario one speed for all trips is drawn from the range (a trip of T minutes takes T / factor, the turnout
    and what ``paced`` keeps fixed apart), and for each community a factor for all its people, normal around 1. Several
    plans may be equally good: the one that the search finds counts.

    Parameters
    ----------
    problem : its times searched as far as the fastest speed asks.
    scenarios : how many; the first is the question as it is.
    speed : slowest and fastest, as factors.
    people : standard deviation of a community's people, as a share of them.
    plan : of the question, to tell which of its sites stay.
    paced : where times may hold time that does not depend on pace (``fixed_time``: ferries, waiting, signals, turns):
        factor to times of the same places on ``network.paces.at_pace`` of their network, searched as far as
        factor x (standard - turnout) + turnout.
    told : scenarios with people of their own, each by its name: columns as the question's, whole, by community. They
        are asked in the stead of drawn ones, at the question's own speed; ``scenarios``, ``speed``, ``people`` and
        ``paced`` then count for nothing.
    seconds, nodes, rounds : for all scenarios together (None: 120 s, or no limit of time where work is given).
    by_clock : called where ``seconds`` ended the search of a scenario.
    seed : the same seed draws the same scenarios, whatever their number; a community its factor by its id.

    Returns
    -------
    A ``RobustSites``: ``sites`` (how often each is chosen) and ``scenarios`` (a row each).

    Raises
    ------
    DataError : ranges that cannot be meant; time that does not depend on pace, and no ``paced``. CutoffError : times
        searched less far than the fastest speed asks.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> qh.siting.robust_sites(problem, scenarios=3, seed=1).sites["share"].to_dict()
    {'0': 1.0, '1': 0.0}
    """
    limits = as_limits(seconds, nodes, rounds, otherwise=_SECONDS)
    if told:
        scenarios, speed, people = len(told) + 1, (1.0, 1.0), 0.0
    _check(problem, scenarios, speed, people)
    if problem.times.fixed_time and paced is None and tuple(speed) != (1, 1):
        raise DataError("phasing.not_paced", mode=problem.times.mode_id)
    paced = paced if problem.times.fixed_time else None
    tell = progress or (lambda _: None)
    free = problem.sites.index[problem.sites["state"].ne("existing")]
    chosen, rows = pd.Series(0, index=free), []
    asked = _told(problem, told) if told else _drawn(problem, scenarios, speed, people, seed, paced)
    for place, (factor, drawn) in enumerate(asked):
        tell(place / scenarios)
        found = solve_or_stop(drawn, **limits.times(1 / scenarios).given, seed=seed, by_clock=by_clock)
        chosen[list(found.chosen)] += 1
        figures = found.status, found.value, found.bound, found.gap, len(found.chosen)
        rows.append((factor, int(drawn.demand.sum()), *figures))
    tell(1.0)
    columns = ["speed", "people", "status", "value", "bound", "gap", "new_sites"]
    table = pd.DataFrame(rows, columns=columns).rename_axis("scenario")
    if told:
        table.insert(0, "name", ["", *(name for name, _ in told)])
    with_plan = int(table["status"].isin(["optimal", "bounded"]).sum())
    sites = pd.DataFrame(
        {
            "state": problem.sites.loc[free, "state"],
            "chosen": chosen,
            "share": chosen / with_plan if with_plan else math.nan,
            "in_plan": free.isin([] if plan is None else list(plan.chosen)),
        },
        index=free,
    )
    return RobustSites(sites.sort_values("chosen", ascending=False, kind="stable"), table)


def _check(problem: SitingProblem, scenarios: int, speed: Pair, people: float) -> None:
    if not is_whole(scenarios, 1):
        raise DataError("phasing.bad_scenarios", scenarios=scenarios)
    low, high = speed if isinstance(speed, Sequence) and len(speed) == 2 else (speed, speed)
    if not (isinstance(speed, Sequence) and is_number(low) and is_number(high) and 0 < low <= high):
        raise DataError("phasing.bad_speed", low=low, high=high)
    if not (is_number(people) and 0 <= people <= 1):
        raise DataError("phasing.bad_people", people=people)
    if problem.coverage.farthest is not None and len(problem.standards) > 1 and tuple(speed) != (1, 1):
        raise DataError("phasing.farthest_classes")
    _check_searched(problem, problem.times, max(1.0, speed[1]))


def _check_searched(problem: SitingProblem, times: TravelTimes, factor: float) -> None:
    turnout = times.turnout_minutes
    needed = factor * (problem.known_minutes - turnout) + turnout
    if centiseconds(needed) > centiseconds(times.cutoff_minutes):
        raise CutoffError("phasing.beyond_cutoff", minutes=needed, cutoff=times.cutoff_minutes)


def _drawn(
    problem: SitingProblem, scenarios: int, speed: Pair, people: float, seed: int,
    paced: Callable[[float], TravelTimes] | None,
) -> Iterator[tuple[float, SitingProblem]]:  # fmt: skip
    """Speed and question of each scenario."""
    yield 1.0, problem
    for number in range(1, scenarios):
        rng = np.random.default_rng([seed, number])
        factor = Fraction(round(_STEPS * rng.uniform(*speed)), _STEPS)
        change = np.maximum(0.0, 1 + people * drawn_normal(problem.demand.index, seed=(seed, number)))
        table = problem.people.apply(lambda column, c=change: np.rint(column * c).astype("int64"))
        times = _at_speed(_times(problem, float(factor), paced), factor, problem.known_minutes)
        yield float(factor), _with_people(replace(problem, times=times), table, change)


def _told(
    problem: SitingProblem, told: Sequence[tuple[str, pd.DataFrame]]
) -> Iterator[tuple[float, SitingProblem]]:  # fmt: skip
    """The question as it is, and with each scenario's own people."""
    own = replace(problem, times=_at_speed(problem.times, Fraction(1), problem.known_minutes))
    yield 1.0, own
    for _, people in told:
        yield 1.0, _with_people(own, people[list(problem.people)].reindex(problem.demand.index))


def _with_people(problem: SitingProblem, table: pd.DataFrame, change: FloatArray | None = None) -> SitingProblem:
    """The question with other people. ``change``: of what each community asks; None: as its people have changed."""
    demand = sum((table[c] * w for c, w in problem.weights.items()), start=pd.Series(0, index=table.index))
    if change is None:
        before = problem.demand.to_numpy(dtype=float)
        change = np.divide(demand.to_numpy(dtype=float), before, out=np.ones(len(before)), where=before > 0)
    return replace(
        problem, people=table.astype("int64"), demand=demand.astype("int64").rename("people"),
        load=_load(problem, demand, change),
    )  # fmt: skip


def _times(problem: SitingProblem, factor: float, paced: Callable[[float], TravelTimes] | None) -> TravelTimes:
    """Times in which a trip of T minutes at the factor takes factor x T."""
    if paced is None or factor == 1:
        return problem.times
    times = paced(factor)
    if not (times.communities.equals(problem.times.communities) and times.sites.equals(problem.times.sites)):
        raise DataError("phasing.other_places", factor=factor)
    _check_searched(problem, times, factor)
    return times


def _load(problem: SitingProblem, demand: pd.Series, change: FloatArray) -> pd.Series:
    """What communities ask of a capacity, changed as their people are."""
    own = (problem.load != problem.demand).any()
    load = np.where(demand > 0, np.rint(problem.load * change), 0) if own else demand.to_numpy()
    return pd.Series(load, index=demand.index, name="load").astype("int64")


def _at_speed(times: TravelTimes, factor: Fraction, minutes: float) -> TravelTimes:
    """All trips at another speed, rounded up: within a standard exactly when the trip itself is."""
    turnout = centiseconds(times.turnout_minutes)
    travel = times.cs.astype(np.int64) - turnout
    cs = -(-travel * factor.denominator // factor.numerator) + turnout
    kept = cs <= centiseconds(minutes)
    start = np.r_[0, np.cumsum(kept)][times.indptr].astype(np.int64)
    return replace(
        times, indptr=start, site_index=times.site_index[kept], cs=cs[kept].astype(np.int32), cutoff_minutes=minutes
    )
