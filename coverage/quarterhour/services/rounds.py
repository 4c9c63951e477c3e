"""Carers' rounds: how many a base needs, and whether a quarter of an hour holds while they are out.

A carer leaves the base, visits homes one after the other, and returns within the shift. How many are needed is a
vehicle-routing question: OR-tools looks for good rounds, counting gives a number that no rounds can do with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base import limits
from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError
from quarterhour.base.labels import gap_percent
from quarterhour.base.machine.stop import heed
from quarterhour.base.row_order import drawn_turns, id_order
from quarterhour.travel.times import TravelTimes

Seconds = IntArray
FAR = np.int64(10**7)
"""Seconds of a leg that nobody can travel."""
_MOST_BETTER = 1_000_000
"""Better rounds of a base, one after the other, at most."""
_BY_CLOCK = (2, 4)
"""States of OR-tools' routing: time ran out before descent ended, or before there were any rounds."""
ROUND_COLUMNS = ("base", "carer", "order", "community", "arrive", "leave")


@dataclass(frozen=True, slots=True)
class RoundsRule:
    """What care at home asks for; minutes but for the counts.

    ``visits_a_week`` each person, on ``days_a_week``; ``visit_minutes`` at the home, ``between_homes_minutes`` from one
    home to another of the same community; ``shift_minutes`` from leaving the base until back; ``turnout_minutes``
    before a carer who is called sets out.
    """

    visits_a_week: float = 3
    days_a_week: int = 5
    visit_minutes: float = 45
    between_homes_minutes: float = 3
    shift_minutes: float = 480
    turnout_minutes: float = 3
    source: str = ""


@dataclass(frozen=True, eq=False)
class RoundsPlan:
    """How many carers each base needs on its busiest day, and the rounds that show it.

    ``bases``: by id ``people, visits`` (that day), ``unserved`` (visits to communities too far for any shift),
    ``carers``, ``bound`` (no rounds do with fewer), ``gap`` ((carers - bound) / carers), ``work_minutes,
    travel_minutes``. ``rounds``: a row a stop, ``base, carer`` (from 1), ``order, community`` ("" the base), ``arrive,
    leave`` (minutes of the shift). ``communities``: by id ``base, people, visits``, ``within`` (share of the shift in
    which some carer of the base, wherever the round has led, is at most the standard away, turnout included), ``worst``
    (minutes, at the worst moment; missing where no carer ever gets there), ``from_base`` (whether the standard holds
    from the base). ``by_clock``: ``seconds`` ended the search of some base, so that another machine may find others.
    """

    bases: pd.DataFrame
    rounds: pd.DataFrame
    communities: pd.DataFrame
    minutes: float
    rule: RoundsRule
    by_clock: bool = False

    @property
    def carers(self) -> int:
        """How many carers in all."""
        return int(self.bases["carers"].sum())

    @property
    def bound(self) -> int:
        """How many there must be at least."""
        return int(self.bases["bound"].sum())

    @property
    def gap(self) -> float:
        """How far the carers may be from the fewest: the share of them above the bound."""
        return (self.carers - self.bound) / self.carers if self.carers else 0.0

    def __repr__(self) -> str:
        carers = f"{self.carers:,} carers at {len(self.bases)} bases"
        return f"<RoundsPlan: {carers}, at least {self.bound:,} (gap {gap_percent(self.gap)})>"


def plan_rounds(
    territory: pd.Series,
    *,
    people: pd.Series,
    out: TravelTimes,
    back: TravelTimes,
    between: TravelTimes,
    minutes: float,
    rule: RoundsRule | None = None,
    seconds: float = math.inf,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> RoundsPlan:
    """Rounds for every base, on the day of the week that has most visits.

    Parameters
    ----------
    territory : base by community id (missing: nobody serves it), as ``draw_territories`` has it.
    people : who is visited, by community id; whole numbers.
    out, back : communities x bases, without turnout: the carer's way there (``to_community``) and home (``to_site``).
    between : communities x communities as sites, ``to_community``: from the one in the column to the one in the row.
        A pair that was not searched so far is travelled by way of the base.
    minutes : the standard that a call asks for.
    rule : visits and shifts. seconds : for all bases together; spent by the number of visits. Without them the search
        ends by itself, and the same study has the same rounds on any machine.
    seed : of the spread of visits over the week, drawn for each community by its id.

    Two visits to one community may be made by two carers; a visit is never divided. DataError when a visit is longer
    than the shift or people are not whole.
    """
    rule = rule or RoundsRule()
    _check(rule, people)
    given, territory = territory.index, territory.iloc[id_order(territory.index)]
    weekly = _week(people.reindex(territory.index).fillna(0).astype("int64"), territory, rule, seed)
    parts: list[_Base] = []
    served = territory.dropna()
    groups = [(base, group.index) for base, group in served.groupby(served, sort=True)]
    whole = sum(int(weekly.loc[ids].sum(axis=0).max()) for _, ids in groups) or 1
    for done, (base, ids) in enumerate(groups, 1):
        day = int(weekly.loc[ids].sum(axis=0).to_numpy().argmax())
        visits = weekly.loc[ids, day].to_numpy()
        legs = _legs(base, ids, out, back, between)
        share = max(0.2, seconds * int(visits.sum()) / whole)
        heed()
        parts.append(_base_rounds(str(base), ids, visits, legs, minutes, rule, share))
        if progress:
            progress(done / len(groups))
    made = _plan(territory, people, parts, minutes, rule)
    return replace(made, communities=made.communities.reindex(given))


def _check(rule: RoundsRule, people: pd.Series) -> None:
    good = (
        rule.days_a_week >= 1 and rule.visits_a_week >= 0 and min(rule.between_homes_minutes, rule.turnout_minutes) >= 0
    )
    if not (good and 0 < rule.visit_minutes <= rule.shift_minutes):
        raise DataError("rounds.bad_rule", visit=rule.visit_minutes, shift=rule.shift_minutes, days=rule.days_a_week)
    if (people < 0).any() or (people % 1 != 0).any():
        raise DataError("rounds.not_whole")


def _week(people: pd.Series, territory: pd.Series, rule: RoundsRule, seed: int) -> pd.DataFrame:
    """Visits by community and day: even over the week, the communities of a base set off against each other."""
    total = np.rint(people.to_numpy() * rule.visits_a_week).astype(np.int64)
    begins = drawn_turns(people.index, groups=territory, seed=seed, turns=rule.days_a_week)
    every = total[:, None] * np.arange(rule.days_a_week + 1)[None] // rule.days_a_week
    days = np.diff(every, axis=1)
    turned = np.stack([np.roll(row, shift) for row, shift in zip(days, begins, strict=True)]) if len(days) else days
    return pd.DataFrame(turned, index=people.index, columns=range(rule.days_a_week))


def _legs(base: Any, ids: pd.Index, out: TravelTimes, back: TravelTimes, between: TravelTimes) -> Seconds:
    """Seconds from each to each; 0 is the base. What was not searched leads by way of the base."""
    there, home = (_column_of(times, ids, base) for times in (out, back))
    n = len(ids)
    legs = np.full((n + 1, n + 1), FAR, np.int64)
    legs[0, 1:], legs[1:, 0] = there, home
    inner = between.only(ids)
    rows = inner.communities.get_indexer(ids)
    for i, row in enumerate(rows):
        mine = slice(inner.indptr[row], inner.indptr[row + 1])
        legs[1 + inner.site_index[mine], 1 + i] = np.ceil(inner.cs[mine] / 100).astype(np.int64)
    legs[1:, 1:] = np.minimum(legs[1:, 1:], np.minimum(home[:, None] + there[None], FAR))
    np.fill_diagonal(legs, 0)
    return legs


def _column_of(times: TravelTimes, ids: pd.Index, base: Any) -> Seconds:
    mine = times.only([base])
    some = np.diff(mine.indptr) > 0
    seconds = np.full(len(mine.communities), FAR, np.int64)
    seconds[some] = np.ceil(mine.cs / 100).astype(np.int64)
    return np.asarray(seconds[mine.communities.get_indexer(ids)])


# --- one base


@dataclass(frozen=True, eq=False)
class _Base:
    base: str
    ids: pd.Index
    visits: IntArray
    unserved: int
    carers: int
    bound: int
    work_s: int
    travel_s: int
    stops: list[tuple[Any, ...]]
    response: pd.DataFrame
    by_clock: bool


def _base_rounds(
    base: str, ids: pd.Index, visits: IntArray, legs: Seconds, minutes: float, rule: RoundsRule, seconds: float
) -> _Base:
    visit_s, shift_s = round(rule.visit_minutes * 60), round(rule.shift_minutes * 60)
    limits.check("round_visits", int(visits.sum()), of=base)
    able = legs[0, 1:] + visit_s + legs[1:, 0] <= shift_s
    stops = 1 + np.repeat(np.arange(len(ids)), np.where(able, visits, 0))
    travel = _with_homes(legs, stops, round(rule.between_homes_minutes * 60))
    bound = least_carers(travel, visit_s, shift_s)
    routes, by_clock = _routes(travel, visit_s, shift_s, seconds)
    rows, timelines = _timelines(base, ids, stops, routes, travel, visit_s)
    worked = visit_s * len(stops)
    travelled = _travelled(routes, travel)
    response = _response(ids, legs, timelines, minutes, rule)
    unserved = int(visits[~able].sum())
    return _Base(base, ids, visits, unserved, len(routes), bound, worked, travelled, rows, response, by_clock)


def _with_homes(legs: Seconds, stops: IntArray, between_s: int) -> Seconds:
    """Seconds between visits; 0 is the base. Two homes of one community are ``between_s`` apart."""
    at = np.r_[0, stops]
    travel: Seconds = legs[np.ix_(at, at)]
    same = (at[:, None] == at[None]) & (at[:, None] > 0)
    travel[same] = between_s
    np.fill_diagonal(travel, 0)
    return travel


def least_carers(travel: Seconds, visit_s: int, shift_s: int) -> int:
    """A number of carers that no rounds can do with fewer than, by counting.

    Every visit is come to by at least its shortest leg, every carer returns by at least the shortest way home; and no
    carer makes more visits than the shortest legs leave time for.
    """
    visits = len(travel) - 1
    if not visits:
        return 0
    into = travel.copy()
    np.fill_diagonal(into, FAR)
    shortest, home, first = into[:, 1:].min(axis=0), int(travel[1:, 0].min()), int(travel[0, 1:].min())
    by_time = math.ceil((visits * visit_s + int(shortest.sum())) / max(1, shift_s - home))
    step = visit_s + int(into[1:, 1:].min()) if visits > 1 else visit_s
    most = 1 + max(0, (shift_s - first - visit_s - home) // max(1, step))
    return max(1, by_time, math.ceil(visits / most))


def _routes(travel: Seconds, visit_s: int, shift_s: int, seconds: float) -> tuple[list[list[int]], bool]:
    """Rounds as lists of visits, by OR-tools: as few carers as it finds, then least travel; whether time ended it."""
    if len(travel) == 1:
        return [], False
    start = _nearest_next(travel, visit_s, shift_s)
    if len(start) == 1:
        return start, False
    found, by_clock = _by_ortools(travel, visit_s, shift_s, len(start), seconds)
    best = min((start, *([found] if found else [])), key=lambda r: (len(r), _travelled(r, travel)))
    return best, by_clock


def _travelled(routes: Iterable[Sequence[int]], travel: Seconds) -> int:
    return sum(int(travel[a, b]) for route in routes for a, b in zip([0, *route], [*route, 0], strict=True))


def _nearest_next(travel: Seconds, visit_s: int, shift_s: int) -> list[list[int]]:
    """Rounds that always go to the nearest visit left, as long as there is time to return."""
    left, routes = set(range(1, len(travel))), []
    while left:
        here, spent, route = 0, 0, list[int]()
        while True:
            fits = [v for v in left if spent + travel[here, v] + visit_s + travel[v, 0] <= shift_s]
            if not fits:
                break
            here, spent = min(((v, spent + int(travel[here, v]) + visit_s) for v in fits), key=lambda p: (p[1], p[0]))
            route.append(here)
            left.remove(here)
        routes.append(route)
    return routes


def _by_ortools(
    travel: Seconds, visit_s: int, shift_s: int, most: int, seconds: float
) -> tuple[list[list[int]] | None, bool]:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    manager = pywrapcp.RoutingIndexManager(len(travel), most, 0)
    routing = pywrapcp.RoutingModel(manager)
    legs = routing.RegisterTransitMatrix(travel.tolist())
    spent = travel + visit_s * (np.arange(len(travel)) > 0)[:, None]
    clock = routing.RegisterTransitMatrix(spent.tolist())
    routing.SetArcCostEvaluatorOfAllVehicles(legs)
    routing.AddDimension(clock, 0, shift_s, True, "time")
    routing.SetFixedCostOfAllVehicles(int(travel.max()) * 2 + shift_s)
    asked = pywrapcp.DefaultRoutingSearchParameters()
    asked.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.SAVINGS
    asked.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GREEDY_DESCENT
    # Descent ends by itself, so the same study has the same rounds (a guided search until the clock runs out saved one
    # carer of 769 in Weihai); better rounds are counted, and a clock has a say where it was given one.
    asked.solution_limit = _MOST_BETTER
    if seconds < math.inf:
        asked.time_limit.FromMilliseconds(int(1000 * max(seconds, 0.2)))
    found = routing.SolveWithParameters(asked)
    by_clock = seconds < math.inf and routing.status() in _BY_CLOCK
    if found is None:
        return None, by_clock
    routes = [route for v in range(most) if (route := _route(found, routing, manager, v))]
    return routes, by_clock


def _route(found: Any, routing: Any, manager: Any, vehicle: int) -> list[int]:
    at, route = found.Value(routing.NextVar(routing.Start(vehicle))), []
    while not routing.IsEnd(at):
        route.append(int(manager.IndexToNode(at)))
        at = found.Value(routing.NextVar(at))
    return route


Timeline = list[tuple[float, float, int]]
"""From, until (seconds of the shift), and the place (0 the base) that the carer is at, or is bound for, then."""


def _timelines(
    base: str, ids: pd.Index, stops: IntArray, routes: list[list[int]], travel: Seconds, visit_s: int
) -> tuple[list[tuple[Any, ...]], list[Timeline]]:
    rows: list[tuple[Any, ...]] = []
    timelines: list[Timeline] = []
    names = ids.tolist()
    for carer, route in enumerate(routes, 1):
        clock, here, timeline = 0, 0, list[tuple[float, float, int]]()
        for order, visit in enumerate(route, 1):
            arrive = clock + int(travel[here, visit])
            place = int(stops[visit - 1])
            rows.append((base, carer, order, names[place - 1], arrive / 60, (arrive + visit_s) / 60))
            timeline += [(clock, arrive, place), (arrive, arrive + visit_s, place)]
            clock, here = arrive + visit_s, visit
        end = clock + int(travel[here, 0])
        rows.append((base, carer, len(route) + 1, "", end / 60, end / 60))
        timelines.append([*timeline, (clock, end, 0)])
    return rows, timelines


def _response(
    ids: pd.Index, legs: Seconds, timelines: list[Timeline], minutes: float, rule: RoundsRule
) -> pd.DataFrame:
    """At each minute of the shift, how soon the first carer of the base could be in each community.

    A carer under way first completes the leg; one at a home leaves at once; one who is done waits at the base.
    """
    moments = np.arange(0, round(rule.shift_minutes * 60), 60)
    soonest = np.full((len(moments), len(ids)), FAR, np.int64)
    for timeline in timelines:
        place, wait = np.zeros(len(moments), np.int64), np.zeros(len(moments), np.int64)
        moving = True
        for begin, end, where in timeline:
            now = (moments >= begin) & (moments < end)
            place[now] = where
            if moving:
                wait[now] = end - moments[now]
            moving = not moving
        soonest = np.minimum(soonest, wait[:, None] + legs[place][:, 1:])
    turnout = round(rule.turnout_minutes * 60)
    if not timelines:
        soonest = np.broadcast_to(legs[0, 1:], soonest.shape).copy()
    reached = soonest + turnout
    worst = reached.max(axis=0, initial=0) / 60
    told = {
        "within": (reached <= minutes * 60).mean(axis=0),
        "worst": np.where(reached.max(axis=0, initial=0) >= FAR, np.nan, worst),
        "from_base": legs[0, 1:] + turnout <= minutes * 60,
    }
    return pd.DataFrame(told, index=ids)


def _plan(territory: pd.Series, people: pd.Series, parts: list[_Base], minutes: float, rule: RoundsRule) -> RoundsPlan:
    counted = people.reindex(territory.index).fillna(0).astype("int64")
    bases = pd.DataFrame(
        [
            (p.base, int(counted.loc[p.ids].sum()), int(p.visits.sum()), p.unserved, p.carers, p.bound,
             (p.carers - p.bound) / p.carers if p.carers else 0.0, p.work_s / 60, p.travel_s / 60)
            for p in parts
        ],
        columns=["base", "people", "visits", "unserved", "carers", "bound", "gap", "work_minutes", "travel_minutes"],
    ).set_index("base")  # fmt: skip
    stops = [row for p in parts for row in p.stops]
    told = pd.DataFrame({"base": territory, "people": counted})
    busiest = [pd.Series(p.visits, index=p.ids) for p in parts]
    told["visits"] = pd.concat(busiest).reindex(told.index).fillna(0).astype("int64") if busiest else 0
    response = (
        pd.concat([p.response for p in parts]) if parts else pd.DataFrame(columns=["within", "worst", "from_base"])
    )
    rounds, by_clock = pd.DataFrame(stops, columns=list(ROUND_COLUMNS)), any(p.by_clock for p in parts)
    return RoundsPlan(bases, rounds, told.join(response), minutes, rule, by_clock)
