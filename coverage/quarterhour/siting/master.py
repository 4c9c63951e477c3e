"""The linear program over sites alone: rows come in as cuts on the people whom a group of rows can add."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from quarterhour.kernels import kernel
from quarterhour.siting.aggregate import rows_of
from quarterhour.siting.core import Core, Ints
from quarterhour.siting.solver import Floats, Outcome, Program, Solver
from quarterhour.siting.watch import Watch

_CLOSE = 1e-6


class Master:
    """Max-cover without its rows (Benders; Cordeau, Furini and Ljubic 2019).

    Rows are put in groups around the site that reaches most; t[g] people of group g are covered at most
    as many as a cut allows: ``t[g] <= people covered anyway + sum of people that each site may add``.
    Cuts hold for every number of sites and every branch, so one master serves a whole frontier.
    """

    def __init__(self, core: Core, *, seed: int = 0) -> None:
        self.core = core
        self.sites = len(core.sites)
        self.rounds = 0
        self.cuts = 0
        start, site = rows_of(core.cover)
        group = _groups(start, site, self.sites)
        self.groups = int(group.max(initial=-1)) + 1
        order = np.argsort(group, kind="stable")
        begin = np.append(0, np.cumsum(np.bincount(group, minlength=self.groups)))
        self._table = (start, site, core.people.astype(np.float64), order, begin)
        self._theta = np.zeros(self.groups)
        self.base = self._rules(core)
        self.solver = Solver(self._program(core, group), seed=seed)

    @property
    def version(self) -> str:
        """Who computes."""
        return self.solver.version

    @property
    def rows(self) -> int:
        """How many rules and cuts there are."""
        return len(self.solver.program.low)

    def _rules(self, core: Core) -> tuple[sp.csr_array, Floats, Floats]:
        quotas, site = np.nonzero(core.group >= 0)
        shape = (len(core.low), self.sites)
        area = core.group[quotas, site]
        member = sp.csr_array((np.ones(len(site)), (area, site)), shape=shape)
        binds = np.flatnonzero((core.low > 0) | (core.high < np.diff(member.indptr)))
        rows = sp.csr_array(sp.vstack([np.ones((1, self.sites)), member[binds]], format="csr"))
        low = np.append(-math.inf, core.low[binds])
        return rows, low, np.append(float(core.limit), core.high[binds])

    def _program(self, core: Core, group: Ints) -> Program:
        rows, low, high = self.base
        wide = sp.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], self.sites + self.groups))
        cost = np.append(np.zeros(self.sites), np.ones(self.groups))
        most = np.bincount(group, weights=core.people, minlength=self.groups).astype(float)
        upper = np.append(np.ones(self.sites), most).astype(float)
        return Program(cost, wide, low.astype(float), high.astype(float), np.zeros(len(cost)), upper, most=True)

    def limit(self, sites: int) -> None:
        """How many sites may open; cuts stay."""
        self.solver.bound_rows(np.array([0]), np.array([-math.inf]), np.array([float(sites)]))

    def solve(self, watch: Watch) -> Outcome:
        """The program as it stands."""
        self.rounds += 1
        return self.solver.solve(seconds=max(0.0, watch.left()), stop=watch.stop)

    def cut(self, opened: Floats, point: Outcome) -> tuple[int, float]:
        """Cuts at ``opened`` that ``point`` breaks: how many, and the people covered at ``opened``."""
        assert point.values is not None
        theta = point.values[self.sites :]
        start, site, people, order, begin = self._table
        weight, touched, size = np.zeros(self.sites), np.empty(self.sites, np.int32), np.zeros(self.groups, np.int64)
        const, here = np.zeros(self.groups), np.zeros(self.groups)
        y = point.values[: self.sites]
        breaks = np.zeros(self.groups, dtype=np.bool_)
        many = _violated(
            start, site, people, order, begin, opened, y, theta, weight, touched, size, const, here, breaks
        )
        total = float(here.sum())
        broken = np.flatnonzero(breaks)
        if len(broken):
            begins = np.append(0, np.cumsum(size[broken] + 1))
            column, value = np.empty(begins[-1], np.int32), np.empty(begins[-1])
            _written(start, site, people, order, begin, opened, broken, begins, weight, touched, column, value)
            shape = (len(broken), self.sites + self.groups)
            rows = sp.csr_array((value, column, begins), shape=shape)
            self.solver.add_rows(rows, np.full(len(broken), -math.inf), const[broken])
            self.cuts += len(broken)
        return int(many), total

    def purge(self) -> int:
        """Drop the cuts that do not bind where the program stands."""
        slack = self.solver.slack_rows()
        slack[: len(self.base[1])] = False
        idle = np.flatnonzero(slack)
        if len(idle):
            self.solver.drop_rows(idle)
        return len(idle)


def _groups(start: Ints, site: npt.NDArray[np.int32], sites: int) -> Ints:
    """Each row to the site of its own that reaches most rows, numbered as they come."""
    reach = np.bincount(site, minlength=sites)
    hub = np.zeros(len(start) - 1, dtype=np.int64)
    _hubs(start, site, reach, hub)
    _, group = np.unique(hub, return_inverse=True)
    return group.astype(np.int64)


@kernel
def _hubs(start, site, reach, hub):  # type: ignore[no-untyped-def]
    for r in range(len(hub)):
        best = site[start[r]]
        for k in range(start[r], start[r + 1]):
            if reach[site[k]] > reach[best]:
                best = site[k]
        hub[r] = best


@kernel
def _gathered(start, site, people, order, begin, opened, g, weight, touched):  # type: ignore[no-untyped-def]
    """A group's cut at ``opened``: people covered anyway, and by site those it may add (in ``weight``)."""
    const, n = 0.0, 0
    for o in range(begin[g], begin[g + 1]):
        r = order[o]
        total = 0.0
        for k in range(start[r], start[r + 1]):
            total += opened[site[k]]
        if total >= 1 - 1e-9:
            const += people[r]
            continue
        for k in range(start[r], start[r + 1]):
            s = site[k]
            if weight[s] == 0.0:
                touched[n] = s
                n += 1
            weight[s] += people[r]
    return const, n


@kernel
def _violated(start, site, people, order, begin, opened, y, theta, weight, touched, size, const, here, breaks):  # type: ignore[no-untyped-def]
    many = 0
    for g in range(len(begin) - 1):
        anyway, n = _gathered(start, site, people, order, begin, opened, g, weight, touched)
        at_point = at_opened = anyway
        for t in range(n):
            s = touched[t]
            at_point += weight[s] * y[s]
            at_opened += weight[s] * opened[s]
            weight[s] = 0.0
        size[g], const[g], here[g] = n, anyway, at_opened
        breaks[g] = theta[g] > at_point + 1e-6 * max(1.0, at_point)
        many += breaks[g]
    return many


@kernel
def _written(start, site, people, order, begin, opened, broken, begins, weight, touched, column, value):  # type: ignore[no-untyped-def]
    sites = len(weight)
    for b in range(len(broken)):
        g = broken[b]
        _, n = _gathered(start, site, people, order, begin, opened, g, weight, touched)
        at = begins[b]
        for t in range(n):
            s = touched[t]
            column[at], value[at] = s, -weight[s]
            weight[s] = 0.0
            at += 1
        column[at], value[at] = sites + g, 1.0


def settle(master: Master, watch: Watch, *, inside: Floats, close: float = _CLOSE) -> tuple[Outcome, Floats]:
    """Cuts until the linear program's value is true to ``close``: the last outcome and a point well inside.

    Cuts are made half-way between where the program stands and the best point so far (in-out,
    Ben-Ameur and Neto 2007), which halves the rounds.
    """
    best = -math.inf
    now = outcome = master.solve(watch)
    while now.values is not None and now.status == "optimal":
        outcome = now
        y = now.values[: master.sites]
        between = 0.5 * y + 0.5 * inside
        many, covered = master.cut(between, now)
        if covered > best:
            best, inside = covered, between
        if many == 0:
            many, covered = master.cut(y, now)
            if covered > best:
                best, inside = covered, y
        if many == 0 or now.bound - best <= close * abs(now.bound) or watch.over():
            break
        now = master.solve(watch)
    return outcome, inside
