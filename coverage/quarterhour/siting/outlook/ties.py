"""Whether other plans are as good as one that is proven best, and which sites all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import BoolArray
from quarterhour.siting.outlook.differing import Wanted, best_differing, choice_of, question_without
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.plan import SitingPlan, Ties
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.search import DEFAULT_SECONDS, Exact, SearchBudget, as_limits
from quarterhour.siting.solve import prepare_kernels

_NODES, _ROUNDS = 500, 20_000
"""Of the search for a plan without one site, at most."""


@takes(problem=SitingProblem, plan=SitingPlan)
def find_ties(
    problem: SitingProblem,
    plan: SitingPlan,
    *,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    by_clock: Callable[[], object] | None = None,
) -> Ties | None:
    """For each site of a plan proven best, whether a plan without it is as good by every goal; None: not proven.

    One search a site, with that site left out, each counted, so that where work ends it the answer is the same on any
    machine: what it did not settle stands in ``unsettled``.

    Parameters
    ----------
    problem, plan : a question and its plan.
    seconds, nodes, rounds : of all searches together, as ``solve_siting`` counts them.
    seed : of the search.
    by_clock : called where ``seconds`` ended any of it.

    Returns
    -------
    A ``Ties``, or None where the plan is not proven best.

    Raises
    ------
    DataError : the plan is not one of the question.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [20, 4]], [50, 50], within=10, new_sites=1)
    >>> ties = qh.siting.find_ties(problem, qh.solve_siting(problem))
    >>> ties.sentences("en")
    ['Other plans are as good; no site was proven to be part of all of them.']
    """
    limits = as_limits(seconds, nodes, rounds, otherwise=DEFAULT_SECONDS)
    measure = Measure(problem)
    choice = choice_of(measure, plan)
    prepare_kernels(question_without(problem, [choice.opened], 1))
    budget = limits.budget(seed=seed)
    found = ties_of(measure, plan, choice, (), budget=budget)
    if budget.work.by_clock and by_clock is not None:
        by_clock()
    return found


def ties_of(
    measure: Measure, plan: SitingPlan, choice: Choice, others: Iterable[Choice], *, budget: SearchBudget
) -> Ties | None:
    """The same; ``choice``: the plan's; ``others``: further ones that keep the rules, which may be as good."""
    if plan.status != "optimal":
        return None
    problem, best = measure.problem, _values(measure, choice)
    equal = [other.opened for other in others if _values(measure, other) == best]
    shared, unsettled = choice.opened & problem.required, np.zeros(len(problem.sites), dtype=np.bool_)
    left = np.flatnonzero(choice.opened & problem.free).tolist()
    for place, site in enumerate(left):
        if any(not opened[site] for opened in equal):
            continue
        part = _counted(budget.share(1 / (len(left) - place)))
        found, none = _without(measure, site, best, budget=part)
        if found is not None:
            equal.append(found)
        elif none:
            shared[site] = True
        else:
            unsettled[site] = True
    ids = problem.sites.index
    plans = tuple(tuple(str(s) for s in ids[opened & ~problem.existing]) for opened in equal)
    inside, unknown = {*ids[shared]}, {*ids[unsettled]}
    return Ties(
        plans, tuple(s for s in plan.chosen if s in inside), tuple(s for s in plan.chosen if s in unknown),
    )  # fmt: skip


def _values(measure: Measure, choice: Choice) -> list[Exact]:
    return [measure.value(choice, goal) for goal in measure.problem.goals]


def _counted(budget: SearchBudget) -> SearchBudget:
    """A part that ends by work in any case."""
    nodes, rounds = budget.work.nodes + _NODES, budget.work.rounds + _ROUNDS
    return replace(budget, nodes=min(budget.nodes, nodes), rounds=min(budget.rounds, rounds))


def _without(measure: Measure, site: int, best: list[Exact], *, budget: SearchBudget) -> tuple[BoolArray | None, bool]:
    """A choice without a site that is as good; or whether there is none, which is proven."""
    goals = measure.problem.goals

    def beyond(place: int, bound: Exact) -> bool:
        return is_better(goals[place], best[place], bound)

    def settled(place: int, value: Exact) -> bool:
        return value == best[place]

    if budget.over():
        return None, False
    alone = np.zeros(len(measure.problem.sites), dtype=np.bool_)
    alone[site] = True
    found = best_differing(measure.problem, [alone], 1, Wanted(beyond, settled), budget=budget)
    if found.choice is not None and _values(measure, found.choice) == best:
        return found.choice.opened, False
    return None, found.infeasible or any(beyond(place, proof.bound) for place, proof in enumerate(found.proofs))
