"""Fewest sites that cover everybody (set cover): what decides nothing goes, the rest is a small program.

Mostly the linear program, rounded up, is what exchanges with weights on rows left out come to: then nothing else is
asked. Where they differ, the integer program is.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, FloatArray, IntArray
from quarterhour.siting.methods.covering.benders import site_rows
from quarterhour.siting.methods.covering.cover_instance import CoverIncumbent, CoverInstance
from quarterhour.siting.methods.covering.cover_search import cover_by_exchanges
from quarterhour.siting.methods.covering.greedy import area_signatures, heuristic_choice, without_redundant
from quarterhour.siting.methods.solver.highs import Solver
from quarterhour.siting.methods.solver.incumbent import SitesResult
from quarterhour.siting.methods.solver.presolve import dominated_columns, dominated_rows
from quarterhour.siting.methods.solver.program import Program, whole_bound
from quarterhour.siting.methods.solver.within import solve_within
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits

_STEPS, _EFFORT = 20_000, 3e7
"""Exchanges that look for a choice of one site less, and what they may look at."""
_SHARE = 1 / 3
"""Of the time that the search for a plan with one site less may take."""


def solve_min_sites(core: CoverInstance, budget: SearchBudget | None = None) -> SitesResult:
    """The fewest candidates that cover every row within the quotas, and the proof.

    Parameters
    ----------
    core : its ``all_rows`` does not count here.
    budget : time, seed, stop; its callbacks.
    """
    budget = budget or SearchBudget()
    some = core.people > 0
    core = replace(core, people=core.people[some], cover=sp.csr_array(core.cover[some]), all_rows=True)
    least = max(int(core.low.max(initial=0)), 1 if len(core.people) else 0)
    best = CoverIncumbent(core, budget, bound=least)
    if core.is_infeasible or (np.diff(core.cover.indptr) == 0).any():
        return best.result(infeasible=True)
    small, kept = presolve_min_sites(core)
    budget.progress(0.2)
    _first(small, kept, best)
    budget.progress(0.4)
    infeasible, nodes = False, 0
    if not best.is_optimal and not budget.over():
        infeasible, nodes = _proven(small, kept, best)
    budget.progress(1.0)
    return best.result(nodes=nodes, infeasible=infeasible)


def presolve_min_sites(core: CoverInstance) -> tuple[CoverInstance, IntArray]:
    """The same question without the rows and candidates that decide nothing; which candidates it keeps."""
    kept = np.arange(len(core.sites))
    while True:
        before = core.cover.shape
        core = _only(core, ~dominated_rows(core.cover), np.ones(before[1], dtype=np.bool_))
        stays = ~dominated_columns(core.cover, kind=area_signatures(core))
        core, kept = _only(core, np.ones(core.cover.shape[0], dtype=np.bool_), stays), kept[stays]
        if core.cover.shape == before:
            return core, kept


def _only(core: CoverInstance, rows: BoolArray, sites: BoolArray) -> CoverInstance:
    cover = sp.csr_array(core.cover[np.flatnonzero(rows)][:, np.flatnonzero(sites)])
    return replace(core, people=core.people[rows], cover=cover, sites=core.sites[sites], group=core.group[:, sites])


def _first(small: CoverInstance, kept: IntArray, best: CoverIncumbent) -> None:
    """A good choice, the linear program's bound, then a site less as long as exchanges find a choice of so few."""
    choice, budget = heuristic_choice(small), best.budget
    best.take(None if choice is None else kept[choice])
    if choice is None or best.is_optimal or budget.over():
        return
    bound, by = _relaxed(small, budget)
    best.tighten(bound, by=by)
    rules, low, high = site_rows(small)
    low[0] = 0
    part, whole = budget.share(_SHARE), sp.csr_array(rules.astype(np.int64))
    while choice is not None and len(choice) > best.bound and not part.over():
        high[0] = len(choice) - 1
        none = np.zeros(len(small.sites), dtype=np.bool_)
        limits = SiteLimits(whole, low.astype(np.int64), high.astype(np.int64), none)
        fewer = _one_less(small, choice, limits, part)
        choice = None if fewer is None else without_redundant(small, fewer)
        best.take(None if choice is None else kept[choice])


def _relaxed(core: CoverInstance, budget: SearchBudget) -> tuple[float, str]:
    """No choice has fewer sites, by the linear program, and whose word that is."""
    solver = Solver(replace(_program(core), whole=None), seed=budget.seed)
    return whole_bound(solve_within(solver, budget).bound, most=False), solver.version


def _one_less(core: CoverInstance, choice: IntArray, limits: SiteLimits, budget: SearchBudget) -> IntArray | None:
    """A choice of one site less that still covers every row, by exchanges; None where none is found."""
    alone = np.asarray(core.cover[:, choice].sum(axis=1)).ravel() == 1
    loss = np.asarray(core.cover[np.flatnonzero(alone)][:, choice].sum(axis=0)).ravel()
    for k in np.argsort(loss, kind="stable").tolist():
        begin = np.delete(choice, k)
        if limits.holds(begin):
            steps = math.ceil(min(_STEPS, _EFFORT * math.prod(core.cover.shape) / max(1, core.cover.nnz) ** 2))
            return cover_by_exchanges(core.cover, limits, begin, budget.without_callbacks(), steps=steps)[0]
    return None


def _proven(core: CoverInstance, kept: IntArray, best: CoverIncumbent) -> tuple[bool, int]:
    """The small integer program: whether there is no choice at all, and the nodes of the solver's tree."""
    budget = best.budget
    # That there are so many sites, as is known, is a row that cuts what is open in part at every node.
    solver = Solver(_program(core, least=min(best.bound, core.limit)), seed=budget.seed)

    def bounded(bound: float) -> None:
        best.tighten(whole_bound(bound, most=False), by=solver.version)

    def found(values: FloatArray, bound: float) -> None:
        bounded(bound)
        best.take(kept[np.flatnonzero(values > 0.5)])

    start = None if best.choice is None else np.isin(kept, best.choice).astype(float)
    outcome = solve_within(solver, budget, start=start, found=found, bounded=bounded)
    if outcome.status == "infeasible":
        return best.choice is None, 0
    if outcome.values is not None:
        best.take(kept[np.flatnonzero(outcome.values > 0.5)])
    bounded(outcome.bound)
    return False, outcome.nodes


def _program(core: CoverInstance, *, least: int = 0) -> Program:
    rows, sites = core.cover.shape
    rules, low, high = site_rows(core)
    matrix = sp.csr_array(sp.vstack([sp.csr_array(core.cover, dtype=float), rules], format="csr"))
    low[0] = least
    lows = np.append(np.ones(rows), np.maximum(0.0, low))
    highs = np.append(np.full(rows, math.inf), high)
    box = np.zeros(sites), np.ones(sites)
    return Program(np.ones(sites), matrix, lows, highs, *box, whole=np.ones(sites, dtype=np.bool_))
