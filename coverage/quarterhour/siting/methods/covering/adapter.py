"""The plain questions, most people or fewest sites within quotas: to their engines and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.methods.covering.greedy import build_cover_instance, heuristic_choice, without_redundant
from quarterhour.siting.methods.covering.max_cover import solve_max_cover
from quarterhour.siting.methods.covering.min_sites import solve_min_sites
from quarterhour.siting.methods.solver.incumbent import LastMade, SitesResult
from quarterhour.siting.question.bounds import GoalResult
from quarterhour.siting.question.evaluate import Choice, Measure, Outcome, Served
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.least_load import asks_least_load, least_load, site_loads
from quarterhour.siting.question.problem import WHOLE, SitingProblem
from quarterhour.siting.question.search import Exact, SearchBudget, SearchResult


def greedy_start(rules: QuestionRules) -> Choice | None:
    """What greedy and exchanges find when they see neither money nor conflicts, if it holds all the same.

    Where sites have a capacity, each community goes whole to the nearest of these sites that still has room for it, the
    largest first. Sites that too few would use are left out. None also for plain questions, whose engine begins so by
    itself.
    """
    problem = rules.measure.problem
    if is_cover_question(problem):
        return None
    core = build_cover_instance(problem)
    found = heuristic_choice(core)
    choice = None if found is None else open_sites(problem, core.sites[found])
    if choice is not None:
        choice = _filled(rules.measure, _serving(rules.measure, choice.opened))
    return choice if choice is not None and rules.hold(choice) else None


def _serving(measure: Measure, opened: BoolArray) -> Choice:
    return Choice(opened, None if measure.problem.capacity is None else _first_fit(measure, opened))


def _filled(measure: Measure, choice: Choice) -> Choice:
    """Without the sites that too few use, the one that lacks most first: the others are then used by more."""
    least, free = least_load(measure.problem), measure.problem.free
    while least.any():
        lacking = np.where(free & choice.opened, least - site_loads(Outcome(measure, choice)), 0)
        if lacking.max() <= 0:
            break
        opened = choice.opened.copy()
        opened[lacking.argmax()] = False
        choice = _serving(measure, opened)
    return choice


def _first_fit(measure: Measure, opened: BoolArray) -> Served:
    problem, near = measure.problem, measure.problem.near
    load, people, room = problem.load.to_numpy(), problem.demand.to_numpy(), problem.room.copy()
    pairs = np.flatnonzero(opened[near.site] & (people[measure.row] > 0))
    row = measure.row[pairs]
    pairs = pairs[np.lexsort((near.cs[pairs], row, -load[row]))]
    served = np.zeros(len(people), dtype=np.bool_)
    taken = []
    for pair, i, site in zip(pairs.tolist(), measure.row[pairs].tolist(), near.site[pairs].tolist(), strict=True):
        if not served[i] and load[i] <= room[site]:
            served[i] = True
            room[site] -= load[i]
            taken.append(pair)
    went = np.sort(np.array(taken, dtype=np.int64))
    return Served(went, people[measure.row[went]].astype(np.int64))


def open_sites(problem: SitingProblem, built: pd.Index) -> Choice:
    """Existing and required sites and some more."""
    opened = ~problem.free
    opened[problem.sites.index.get_indexer(built)] = True
    return Choice(opened)


def is_cover_question(problem: SitingProblem) -> bool:
    """Whether a question's first goal is people or sites, and it has no rules but a number of sites and quotas."""
    goal, everyone = problem.goals[0], problem.objective == "min-sites"
    no_rules = problem.capacity is None and problem.budget.yuan is None and not len(problem.conflicts)
    cover = problem.coverage
    plain = cover.backup is None and not cover.at_least and cover.farthest is None and problem.everyone == everyone
    alone = not any(g.people for g in problem.goals) and not asks_least_load(problem)
    return goal.objective in ("max-cover", "min-sites") and problem.plain and no_rules and plain and alone


def solve_cover_question(measure: Measure, budget: SearchBudget) -> GoalResult:
    """The answer, without the sites that add nothing."""
    problem = measure.problem
    core, goal = build_cover_instance(problem), problem.goals[0]
    settled = measure.value(Choice(~problem.free), goal)

    def whole(found: SitesResult, chosen: IntArray) -> GoalResult:
        choice = open_sites(problem, core.sites[chosen])
        value, bound = measure.value(choice, goal), _whole(measure, settled, found.bound)
        return SearchResult(choice, value, bound, found.proved_by, found.nodes)

    def as_choice(found: SitesResult) -> GoalResult:
        assert found.choice is not None
        return whole(found, found.choice)

    made = LastMade(as_choice)

    def better(found: SitesResult) -> None:
        told = made(found)
        budget.incumbent(replace(told, bound=_whole(measure, settled, found.bound), proved_by=found.proved_by))

    inner = replace(budget, incumbent=better)
    found = solve_min_sites(core, inner) if core.all_rows else solve_max_cover(core, inner)
    if found.choice is None:
        return SearchResult(None, None, 0, found.proved_by, found.nodes, infeasible=found.infeasible)
    answer = whole(found, without_redundant(core, found.choice))
    budget.incumbent(answer)
    return answer


def _whole(measure: Measure, settled: Exact, bound: int) -> Exact:
    """The bound of the instance moved by what is settled."""
    problem = measure.problem
    if problem.objective == "min-sites":
        return int(problem.required.sum()) + bound
    return settled + WHOLE * bound
