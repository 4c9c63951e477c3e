"""Proven plans: each goal of a question by the engine of its class, or by the generic model."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from quarterhour.siting.assemble import Certificate, Proof, Stopped, as_plan, certificate, no_plan
from quarterhour.siting.causes import causes
from quarterhour.siting.chain import COUNTING, Answer, Search, Tell, better, easy_bound
from quarterhour.siting.core import Core, Ints
from quarterhour.siting.cover import Smaller, fewer, root
from quarterhour.siting.heuristic import as_core, good_choice, without_idle
from quarterhour.siting.keep import Keeper
from quarterhour.siting.measure import Choice, Exact, Measure
from quarterhour.siting.model import Model
from quarterhour.siting.plan import Reason, SitingPlan
from quarterhour.siting.problem import WHOLE, Goal, SitingProblem
from quarterhour.siting.rules import Rules
from quarterhour.siting.solver import Floats, Program, Solver, whole_bound
from quarterhour.siting.watch import Watch

Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""
_LARGE = 20_000
"""Pairs of a row and a site in its reach, up to which the solver takes a question as it is."""


def solve_siting(
    problem: SitingProblem,
    *,
    seconds: float = 60,
    seed: int = 0,
    progress: Progress | None = None,
    keep: str | Path | None = None,
    found: Callable[[SitingPlan], None] | None = None,
) -> SitingPlan:
    """The best plan and its proof, goal by goal.

    Areas with too few admissible sites do not stop the rest: their minimum is lowered to what is
    possible, and the plan says so in ``unmet``. The same question gives the same plan as long as
    it is proven within ``seconds``; a plan that time or Ctrl-C ended says so in ``stopped``.
    Ctrl-C gives the best plan so far with its bound; a second one ends as always.

    Parameters
    ----------
    problem : as ``as_problem`` makes it.
    seconds : time for the search; after it the best plan found comes with its bound.
    seed : of the solver.
    progress : called with the share done.
    keep : a file in which the best plan so far stands, verified and whole, at every moment.
    found : called with each better plan, verified, with the bound of that moment.
    """
    measure = Measure(problem)
    with _interrupts() as asked:
        watch = Watch(seconds=seconds, seed=seed, stop=asked.is_set, progress=progress or (lambda _: None))
        watch.progress(0.0)
        known = certificate(measure, seed)
        plan = _solved(known, watch, Keeper(known, watch, keep, found), asked)
        watch.progress(1.0)
    return plan


def _solved(known: Certificate, watch: Watch, keeper: Keeper, asked: threading.Event) -> SitingPlan:
    problem = known.measure.problem
    reasons, by = causes(problem), COUNTING
    if not reasons:
        choice, proofs, answer = _chain(Rules(known.measure), watch, keeper)
        stopped = _stopped(watch, asked, proofs, choice, known.measure)
        if choice is not None:
            plan = as_plan(known, choice, proofs, seconds=_spent(watch), stopped=stopped)
            keeper.write(plan)
            return plan
        by = answer.proved_by
        key = "siting.no_choice" if answer.infeasible else "siting.stopped"
        reasons = (Reason(key, {} if answer.infeasible else {"seconds": watch.seconds}),)
        if not answer.infeasible:
            return no_plan(known, "no_plan", reasons, proved_by=by, seconds=_spent(watch), stopped=stopped)
    return no_plan(known, "infeasible", reasons, proved_by=by, seconds=_spent(watch))


def _spent(watch: Watch) -> float:
    return time.perf_counter() - watch.begun


def _stopped(
    watch: Watch, asked: threading.Event, proofs: list[Proof], choice: Choice | None, measure: Measure
) -> Stopped:
    """What ended the search before all was proven."""
    open_end = choice is None or any(measure.value(choice, p.goal) != p.bound for p in proofs)
    if not open_end:
        return ""
    return "interrupt" if asked.is_set() else "time" if watch.left() <= 0 else ""


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Ctrl-C once sets the event; twice does what it did before. Outside the main thread nothing changes."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, frame: object) -> None:
        if asked.is_set() and callable(before):
            before(number, frame)  # type: ignore[arg-type]
        asked.set()

    signal.signal(signal.SIGINT, heard)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


# --- goal by goal -------------------------------------------------------------------------------


def _chain(rules: Rules, watch: Watch, keeper: Keeper) -> tuple[Choice | None, list[Proof], Answer]:
    measure = rules.measure
    proofs: list[Proof] = []
    choice, model = None if is_plain_cover(measure.problem) else _start(rules), None
    for goal in measure.problem.goals:
        told = keeper.hearing(goal, proofs)
        if not proofs and is_plain_cover(measure.problem):
            answer = _by_core(measure, watch, told)
        elif choice is not None and watch.over():
            answer = Answer(choice, easy_bound(measure, goal), COUNTING)
        else:
            model = Model(rules) if model is None else model
            answer = Search(model, goal, rules, watch=watch, tell=told).run(choice)
        if answer.choice is None:
            return None, proofs, answer
        choice = answer.choice
        proofs.append(Proof(goal, answer.bound, answer.proved_by, answer.nodes))
        rules = rules.keeping((goal, measure.value(choice, goal)))
    return None if choice is None else _without_idle(rules, choice), proofs, answer


def _start(rules: Rules) -> Choice | None:
    """What greedy and swaps find when they see neither money nor conflicts nor capacity, if it holds all the same."""
    problem = rules.measure.problem
    if problem.capacity is not None:
        return None
    core = as_core(problem)
    found = good_choice(core)
    choice = None if found is None else _opened(problem, core.sites[found])
    return choice if choice is not None and rules.hold(choice) else None


def _opened(problem: SitingProblem, built: pd.Index) -> Choice:
    opened = ~problem.free
    opened[problem.sites.index.get_indexer(built)] = True
    return Choice(opened)


def _without_idle(rules: Rules, choice: Choice) -> Choice:
    """Leave out, the last of the table first, each site without which nothing is worse."""
    problem, near = rules.measure.problem, rules.measure.problem.near
    serves = np.zeros(len(problem.sites), dtype=np.bool_)
    if choice.served is not None:
        serves[near.site[choice.served.pair]] = True
    for site in np.flatnonzero(choice.opened & problem.free & ~serves)[::-1].tolist():
        opened = choice.opened.copy()
        opened[site] = False
        less = replace(choice, opened=opened)
        if rules.hold(less):
            choice = less
    return choice


# --- the plain questions: most people, or fewest sites, within quotas ---------------------------


def is_plain_cover(problem: SitingProblem) -> bool:
    """Whether a question's first goal is people or sites, and it has no rules but a number of sites and quotas."""
    goal, everyone = problem.goals[0], problem.objective == "min-sites"
    whole = all(len(s.ladder()) == 1 and s.ladder()[0][1] == 100 for s in problem.standards.values())
    no_rules = problem.capacity is None and problem.budget.yuan is None and not len(problem.conflicts)
    plain = problem.coverage.backup is None and not problem.coverage.at_least and problem.everyone == everyone
    alone = not any(g.people for g in problem.goals)
    return goal.objective in ("max-cover", "min-sites") and whole and no_rules and plain and alone


def _by_core(measure: Measure, watch: Watch, tell: Tell) -> Answer:
    problem = measure.problem
    core = as_core(problem)
    found = _solve(core, seconds=watch.seconds, seed=watch.seed)
    if found.choice is None:
        return Answer(None, 0, found.proved_by, infeasible=found.infeasible)
    choice = _opened(problem, core.sites[without_idle(core, found.choice)])
    goal = problem.goals[0]
    bound = _whole(measure, goal, found.bound)
    value = measure.value(choice, goal)
    if better(goal, value, bound):
        bound = value
    tell(choice, bound, found.proved_by)
    return Answer(choice, bound, found.proved_by)


def _whole(measure: Measure, goal: Goal, bound: float) -> Exact:
    """The bound of the core moved by what is settled; what counting tells where there is none."""
    problem = measure.problem
    if not math.isfinite(bound):
        return easy_bound(measure, goal)
    if goal.objective == "min-sites":
        return int(problem.sites["state"].eq("required").sum()) + int(bound)
    return measure.value(Choice(~problem.free), goal) + WHOLE * int(bound)


@dataclass(frozen=True, eq=False)
class _Found:
    """A choice of candidates (None: none found), and what no choice can beat."""

    choice: Ints | None
    bound: float
    proved_by: str
    infeasible: bool = False


def _solve(core: Core, *, seconds: float, seed: int) -> _Found:
    begun = time.perf_counter()
    start = good_choice(core)
    easy = _by_counting(core)
    if start is not None and _worth(core, start) == easy:
        return _Found(start, easy, "counting")
    if not len(core.sites):
        held = core.holds(np.empty(0, dtype=np.int64))
        return _Found(np.empty(0, dtype=np.int64) if held else None, easy, "counting", infeasible=not held)
    left = max(1.0, seconds - (time.perf_counter() - begun))
    if start is not None and core.cover.nnz > _LARGE:
        return solve_large(core, start, Watch(seconds=left, seed=seed), easy=easy)
    return _by_highs(core, start, easy=easy, seconds=left, seed=seed)


def solve_large(core: Core, start: Ints, watch: Watch, *, easy: float) -> _Found:
    """The question made small first; what is left of it goes to the solver."""
    if core.all_rows:
        small, known = fewer(core), _Found(start, easy, "counting")
    else:
        rooted = root(core, start, watch)
        known = _Found(rooted.choice, min(easy, rooted.bound), rooted.proved_by)
        if rooted.left is None:
            return replace(known, bound=_worth(core, rooted.choice))
        small = rooted.left
    assert known.choice is not None
    found = _by_highs(
        small.core, small.part(known.choice), easy=_by_counting(small.core), seconds=watch.left(), seed=watch.seed
    )
    return _joined(core, known, small, found)


def _joined(core: Core, known: _Found, small: Smaller, found: _Found) -> _Found:
    """What is known of a question and what was found in its small one, taken together."""
    assert known.choice is not None
    choices, pick = [known.choice], min if core.all_rows else max
    if found.choice is not None and core.holds(whole := small.whole(found.choice)):
        choices.append(whole)
    choice = pick(choices, key=lambda c: _worth(core, c))
    if core.all_rows:
        bound = max(known.bound, found.bound)
    else:
        # Outside the small question nothing is better than what was known.
        inside = -math.inf if found.infeasible else small.covered + found.bound
        bound = min(known.bound, max(_worth(core, choice), inside))
    return _Found(choice, bound, found.proved_by if bound != known.bound else known.proved_by)


def _by_counting(core: Core) -> float:
    """A bound without a solver: nobody covers more than can be reached, or builds less than is asked."""
    if not core.all_rows:
        return float(core.people.sum())
    return float(max(int(core.low.max(initial=0)), 1 if len(core.people) else 0))


def _worth(core: Core, choice: Ints) -> float:
    return float(len(choice) if core.all_rows else core.covered(choice))


def _by_highs(core: Core, start: Ints | None, *, easy: float, seconds: float, seed: int) -> _Found:
    solver = Solver(_program(core), seed=seed)
    begin = None if start is None else _opening(core, start)
    outcome = solver.solve(seconds=seconds, start=begin)
    if outcome.status == "infeasible" and start is None:
        return _Found(None, math.nan, solver.version, infeasible=True)
    choices = [c for c in (start, _found(core, outcome.values)) if c is not None]
    better = min if core.all_rows else max
    best = better(choices, key=lambda c: _worth(core, c)) if choices else None
    bound = whole_bound(outcome.bound, most=not core.all_rows)
    bound, proved_by = _tighter(core, bound, easy=easy, proof=solver.version)
    return _Found(best, bound, proved_by)


def _found(core: Core, values: Floats | None) -> Ints | None:
    """The solver's choice, if it is one when recounted in whole numbers."""
    if values is None:
        return None
    choice = np.flatnonzero(values[: len(core.sites)] > 0.5).astype(np.int64)
    return choice if core.holds(choice) else None


def _tighter(core: Core, bound: float, *, easy: float, proof: str) -> tuple[float, str]:
    won = bound > easy if core.all_rows else bound < easy
    return (bound, proof) if won else (easy, proof if bound == easy else "counting")


def _program(core: Core) -> Program:
    """Sites y (0 or 1), and for max-cover rows z <= the sites that cover them, z at most 1."""
    sites = len(core.sites)
    matrix, low, high = _constraints(core)
    cost = np.ones(sites) if core.all_rows else np.concatenate([np.zeros(sites), core.people.astype(float)])
    whole = np.arange(len(cost)) < sites
    box = np.zeros(len(cost)), np.ones(len(cost))
    return Program(cost, matrix, low, high, *box, most=not core.all_rows, whole=whole)


def _constraints(core: Core) -> tuple[sp.csr_array, Floats, Floats]:
    sites, rows = len(core.sites), len(core.people)
    binds, areas = _area_rows(core)
    capped = core.limit < sites
    count = sp.csr_array(np.ones((int(capped), sites)))
    left = sp.vstack([sp.csr_array(core.cover, dtype=float), count, areas], format="csr")
    matrix = sp.csr_array(left)
    if not core.all_rows:
        below = sp.csr_array((left.shape[0] - rows, rows), dtype=float)
        reached = sp.vstack([-sp.eye_array(rows, format="csr"), below], format="csr")
        matrix = sp.csr_array(sp.hstack([left, reached], format="csr"))
    every = 1.0 if core.all_rows else 0.0
    low = np.concatenate([np.full(rows, every), np.zeros(int(capped)), core.low[binds]])
    high = np.concatenate([np.full(rows, math.inf), np.full(int(capped), core.limit), core.high[binds]])
    return matrix, low.astype(float), high.astype(float)


def _area_rows(core: Core) -> tuple[Ints, sp.csr_array]:
    """The areas whose bounds can bind, and the candidates in each."""
    quota, site = np.nonzero(core.group >= 0)
    shape = (len(core.low), len(core.sites))
    member = sp.csr_array((np.ones(len(site)), (core.group[quota, site], site)), shape=shape)
    inside = np.diff(member.indptr)
    binds = np.flatnonzero((core.low > 0) | (core.high < inside)).astype(np.int64)
    return binds, member[binds]


def _opening(core: Core, choice: Ints) -> Floats:
    opened = np.zeros(len(core.sites))
    opened[choice] = 1.0
    reached = [] if core.all_rows else [(core.cover @ opened > 0).astype(float)]
    return np.concatenate([opened, *reached])
