"""Moving sites: the best plans that close one, two, three ... of the sites that stand and open others for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.siting.outlook.change import PlanChange, compare_plans
from quarterhour.siting.question.figures import is_whole, short_repr, whole_figures
from quarterhour.siting.question.plan import Reason, SitingPlan, Status
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.question.search import DEFAULT_SECONDS, as_limits
from quarterhour.siting.solve import solve_or_stop

_KEPT, _STOOD, _INSIDE = "kept", "stood", "x"
_NUMBERS = ("min-sites", "min-cost")


@dataclass(frozen=True, eq=False)
class Relocation:
    """The best plan that closes exactly ``closings`` of the sites that stand and opens at most ``openings`` new ones.

    ``status``, ``value``, ``bound``, ``gap``: of the first goal, as a ``SitingPlan`` has them; NaN without a plan, and
    ``reasons`` say why there is none. ``closed``, ``opened``: ids in the order of the sites; upgraded ones are opened.
    ``building_yuan``: of what is opened, over the years of the budget. ``closing_yuan``: what the closings cost, less
    what they save; below 0 where they save more; None where nobody says. ``change``: who gains, loses and goes
    elsewhere against what stands; None without a plan, and where nobody knows who has the places today, as
    ``not_compared`` says then.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[4, 6, 40], [11, 3, 35], [50, 45, 5]]
    >>> problem = qh.siting_from_matrix(minutes, [50, 30, 40], within=10, new_sites=1, existing=[0, 1])
    >>> (moved,) = qh.siting.relocate(problem, 1)
    >>> moved.has_plan, moved.closed, moved.opened, moved.change
    (True, ('0',), ('2',), <PlanChange of 120 people: 40 gained, 0 lost, 50 moved, 30 stayed, 0 unserved>)
    """

    closings: int
    openings: int
    status: Status
    value: float
    bound: float
    gap: float
    closed: tuple[str, ...]
    opened: tuple[str, ...]
    building_yuan: int
    closing_yuan: int | None
    change: PlanChange | None
    reasons: tuple[Reason, ...] = ()
    not_compared: DataError | None = None

    @property
    def has_plan(self) -> bool:
        """Whether it has sites to close and to open."""
        return self.status in ("optimal", "bounded")

    @property
    def row(self) -> dict[str, Any]:
        """Its figures, as a record of a plan holds them."""
        names = ("closings", "openings", "status", "value", "bound", "gap", "building_yuan", "closing_yuan")
        figures = {name: getattr(self, name) for name in names}
        return {**figures, "closed": list(self.closed), "opened": list(self.opened)}


@takes(problem=SitingProblem)
def relocate(
    problem: SitingProblem,
    closings: int,
    *,
    openings: int | None = None,
    may_close: Collection[str] | None = None,
    closing_yuan: pd.Series | Mapping[str, int] | None = None,
    names: pd.Series | Mapping[str, str] | None = None,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    by_clock: Callable[[], object] | None = None,
) -> tuple[Relocation, ...]:
    """For 1, 2, ... ``closings`` sites closed the best plan that opens others instead, with its bound.

    Each is the question itself with all its rules, but for ``new_sites``: which of the existing sites close is chosen
    together with what opens, and the number of both is limited. Sites that stay open count as ever.

    Parameters
    ----------
    problem : a question with existing sites, whose first goal is neither ``min-sites`` nor ``min-cost``.
    closings : existing sites to close, at most.
    openings : new sites at most, required and upgraded ones counted; None: as many as are closed.
    may_close : ids of the existing sites that may close; None: all of them.
    closing_yuan : by id of these what closing costs over the years of the budget, in whole yuan, less what it saves;
        it counts in the budget, where there is one. None: money of closing does not count.
    names : of communities, by id, for ``Relocation.change``.
    seconds, nodes, rounds : of all searches together, as ``solve_siting`` counts them.
    seed : of the search.
    by_clock : called where ``seconds`` ended any of these searches.

    Returns
    -------
    A ``Relocation`` for each number of closings, from 1.

    Raises
    ------
    DataError : what is asked is no number of sites, a site does not stand or says no yuan, or the first goal is the
        number of sites or their cost.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[4, 6, 40], [11, 3, 35], [50, 45, 5]]
    >>> problem = qh.siting_from_matrix(minutes, [50, 30, 40], within=10, new_sites=1, existing=[0, 1])
    >>> (moved,) = qh.siting.relocate(problem, 1)
    >>> moved.closed, moved.opened, moved.value, moved.status
    (('0',), ('2',), 120.0, 'optimal')
    """
    movable = _movable(problem, may_close)
    _check_numbers(problem, closings, openings, int(movable.sum()))
    yuan = None if closing_yuan is None else _yuan_of(problem, movable, closing_yuan)
    limits = as_limits(seconds, nodes, rounds, otherwise=DEFAULT_SECONDS).times(1 / int(closings))
    found = []
    for close in range(1, int(closings) + 1):
        asked = _Moving(problem, movable, close, close if openings is None else int(openings), yuan)
        moved = asked.question
        if moved.budget.yuan is not None and moved.budget.yuan < 0:
            found.append(asked.too_dear())
            continue
        plan = solve_or_stop(moved, **limits.given, seed=seed, by_clock=by_clock)
        found.append(asked.told(moved, plan, names))
    return tuple(found)


def _movable(problem: SitingProblem, may_close: Collection[str] | None) -> BoolArray:
    if may_close is None:
        return problem.existing
    known = set(problem.sites.index[problem.existing])
    strange = [str(site) for site in may_close if str(site) not in known]
    if strange:
        raise DataError("relocation.not_standing", ids=first_ids(strange))
    return np.asarray(problem.sites.index.isin([str(site) for site in may_close]), dtype=np.bool_)


def _check_numbers(problem: SitingProblem, closings: object, openings: object, movable: int) -> None:
    if problem.objective in _NUMBERS:
        raise DataError("relocation.of_number", objective=problem.objective)
    if not is_whole(closings, 1) or int(str(closings)) > movable:
        raise DataError("relocation.bad_closings", closings=short_repr(closings), most=movable)
    if openings is not None and not is_whole(openings):
        raise DataError("relocation.bad_openings", openings=short_repr(openings))


def _yuan_of(problem: SitingProblem, movable: BoolArray, given: pd.Series | Mapping[str, int]) -> IntArray:
    """What closing each site costs, in whole yuan; 0 where it may not close. DataError where it is not known."""
    said = pd.Series(given).rename("closing_yuan")
    said = said.set_axis(said.index.astype("str")).reindex(problem.sites.index[movable])
    saving = pd.to_numeric(said, errors="coerce").lt(0)
    sizes = whole_figures(said.mask(saving, -said.where(saving, 0)), "relocation.bad_yuan").astype("int64")
    yuan = np.zeros(len(problem.sites), dtype=np.int64)
    yuan[movable] = sizes.where(~saving, -sizes).to_numpy()
    return yuan


@dataclass(frozen=True, eq=False)
class _Moving:
    """A number of closings and of openings asked of a question; ``yuan``: what closing each site costs."""

    problem: SitingProblem
    movable: BoolArray
    closings: int
    openings: int
    yuan: IntArray | None

    @property
    def kept(self) -> int:
        """How many of the sites that may close stay open."""
        return int(self.movable.sum()) - self.closings

    @property
    def question(self) -> SitingProblem:
        """The question in which the sites that may close are free, so many of them to be kept.

        That is a quota of an area of their own, so that every engine that keeps quotas keeps it. Quotas by state go
        by the state of today.
        """
        problem, sites = self.problem, self.problem.sites
        states = sites["state"].mask(self.movable, "candidate")
        quotas = (replace(q, level=_STOOD) if q.level == "state" else q for q in problem.quotas)
        kept = Quota(_KEPT, (_INSIDE,), self.kept, self.kept)
        further: dict[str, Any] = {_STOOD: sites["state"], _KEPT: np.where(self.movable, _INSIDE, "")}
        sites = sites.assign(state=states, **further, **self._money())
        if "least_load" in sites:
            sites["least_load"] = sites["least_load"].mask(self.movable)
        return replace(
            problem,
            sites=sites,
            quotas=(*quotas, kept),
            new_sites=self.openings + self.kept,
            budget=replace(problem.budget, yuan=self._yuan_left()),
        )

    def _money(self) -> dict[str, pd.Series]:
        """What it costs to keep a site: as much less as closing it costs more, counted from the dearest closing."""
        sites, each = self.problem.sites, pd.Series(self._keeping(), self.problem.sites.index)
        return {
            "cost_yuan": sites["cost_yuan"].mask(self.movable, each),
            "running_yuan": sites["running_yuan"].mask(self.movable, 0),
        }

    def _keeping(self) -> IntArray:
        nothing = np.zeros(len(self.movable), dtype=np.int64)
        return nothing if self.yuan is None else np.where(self.movable, self._dearest - self.yuan, 0)

    @property
    def _dearest(self) -> int:
        return 0 if self.yuan is None else max(0, int(self.yuan[self.movable].max(initial=0)))

    def _yuan_left(self) -> int | None:
        """The budget as it is counted there: as if all closed, and each one kept cost what it does."""
        own = self.problem.budget.yuan
        if own is None or self.yuan is None:
            return own
        return own - int(self.yuan[self.movable].sum()) + self.kept * self._dearest

    def told(self, moved: SitingProblem, plan: SitingPlan, names: pd.Series | Mapping[str, str] | None) -> Relocation:
        """What a plan of the question closes and opens."""
        built = self.problem.sites.index.isin(plan.chosen)
        if not plan.levels:
            return self._none(plan.status, plan.reasons)
        closed, opened = self.movable & ~built, built & ~self.movable
        return Relocation(
            self.closings, self.openings, plan.status, plan.value, plan.bound, plan.levels[0].gap,
            closed=tuple(map(str, self.problem.sites.index[closed])),
            opened=tuple(map(str, self.problem.sites.index[opened])),
            building_yuan=int(self.problem.yuan[opened].sum()),
            closing_yuan=None if self.yuan is None else int(self.yuan[closed].sum()),
            **self._compared(moved, plan, names),
        )  # fmt: skip

    def _compared(
        self, moved: SitingProblem, plan: SitingPlan, names: pd.Series | Mapping[str, str] | None
    ) -> dict[str, Any]:
        try:
            return {"change": compare_plans((self.problem, None), (moved, plan), names=names)}
        except DataError as why:
            return {"change": None, "not_compared": why}

    def too_dear(self) -> Relocation:
        """Closing so many costs more than the budget, whichever they are."""
        return self._none("infeasible", (Reason("relocation.too_dear", {"closings": self.closings}),))

    def _none(self, status: Status, reasons: tuple[Reason, ...]) -> Relocation:
        none = math.nan
        return Relocation(self.closings, self.openings, status, none, none, none, (), (), 0, None, None, reasons)
