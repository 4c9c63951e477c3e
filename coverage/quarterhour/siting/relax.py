"""The smallest change that makes a plan possible: one rule at a time gives, by as little as can be proven."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from quarterhour import words
from quarterhour.siting.exact import solve_siting
from quarterhour.siting.measure import Measure
from quarterhour.siting.plan import SitingPlan
from quarterhour.siting.problem import Budget, Coverage, Goal, Quota, SitingProblem
from quarterhour.units import unit_said


@dataclass(frozen=True, eq=False)
class Relaxation:
    """One rule that, alone, can give enough.

    ``rule``: ``new_sites, budget, people, quotas, conflicts, capacity``. ``asked``: what it asks for now; ``needed``:
    what it must be at the least (or at most) for a plan to exist (NaN for a rule that is dropped whole). ``proven``: no
    smaller change of this rule alone is enough. ``plan``: the plan that then exists.
    """

    rule: str
    asked: float
    needed: float
    proven: bool
    plan: SitingPlan

    def told(self, lang: str) -> str:
        """The change in a sentence."""
        key = f"siting.relax_{self.rule}" + ("" if self.proven or math.isnan(self.needed) else "_found")
        asked, needed = (f"{v:,.0f}" if math.isfinite(v) else "-" for v in (self.asked, self.needed))
        return words.say(key, lang, asked=asked, needed=needed, unit=unit_said(self.plan.unit, lang))


def smallest_relaxations(problem: SitingProblem, *, seconds: float = 20, seed: int = 0) -> list[Relaxation]:
    """For a question without a plan, each rule that alone can give enough, and by how much.

    More sites, more money, fewer people, no minima, no conflicts, no capacity: each is tried by itself with the rest
    kept, the amounts found by solving for the least. ``seconds`` are shared out among the rules; an amount
    that was not proven in its time says so. Empty: no single rule is enough.
    """
    tries = [*_tries(problem)]
    begun, made = time.perf_counter(), []
    for place, (rule, asked, softer, amount) in enumerate(tries):
        left = max(0.5, (seconds - (time.perf_counter() - begun)) / (len(tries) - place))
        plan = solve_siting(softer, seconds=left, seed=seed)
        if plan.chosen or plan.status in ("optimal", "bounded"):
            needed = amount(plan)
            made.append(Relaxation(rule, asked, needed, plan.levels[0].gap == 0, plan))
    return made


_Try = tuple[str, float, SitingProblem, Callable[[SitingPlan], float]]


def _tries(problem: SitingProblem) -> Iterator[_Try]:
    if problem.new_sites is not None:
        softer = replace(problem, new_sites=None, goals=(Goal("min-sites"),), coverage=_fixed(problem))
        yield "new_sites", float(problem.new_sites), softer, lambda plan: float(plan.value)
    if problem.budget.yuan is not None:
        free = Budget(None, problem.budget.years)
        softer = replace(problem, budget=free, goals=(Goal("min-cost"),), coverage=_fixed(problem))
        yield "budget", float(problem.budget.yuan), softer, lambda plan: float(plan.value)
    if problem.everyone or problem.coverage.at_least:
        could = int(problem.demand[Measure(problem).reachable].sum())
        people = could if problem.everyone else problem.coverage.at_least
        loose = replace(problem.coverage, everyone=False, at_least=0)
        yield (
            "people", float(people), replace(problem, coverage=loose, goals=(Goal("max-cover"),)),
            lambda plan: float(plan.value),
        )  # fmt: skip
    if any(q.minimum or q.maximum is not None for q in problem.quotas):
        none = tuple(Quota(q.level, q.areas, 0, None, q.tier) for q in problem.quotas)
        yield "quotas", math.nan, replace(problem, quotas=none, coverage=_fixed(problem)), lambda _: math.nan
    if len(problem.conflicts):
        apart = replace(problem, conflicts=problem.conflicts[:0], coverage=_fixed(problem))
        yield "conflicts", float(len(problem.conflicts)), apart, lambda _: math.nan
    if problem.capacity is not None:
        yield "capacity", math.nan, replace(problem, capacity=None, coverage=_fixed(problem)), lambda _: math.nan


def _fixed(problem: SitingProblem) -> Coverage:
    """Who must be covered, whatever goal is put in the place of the question's own."""
    return replace(problem.coverage, everyone=problem.everyone)
