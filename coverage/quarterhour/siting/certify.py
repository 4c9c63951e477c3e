"""The evidence of a plan's bounds: what each rests on, so that it can be checked without a solver."""

from __future__ import annotations

from dataclasses import replace

from quarterhour.base.arguments import takes
from quarterhour.siting.methods.evidence.tree import TooLargeError, find_evidence
from quarterhour.siting.proof.price_form import has_price_form, price_form
from quarterhour.siting.question.plan import Evidence, Reason, SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.regions.split import BY_REGION

_MOST_PAIRS = 1_500_000
"""Pairs of a question whose linear program is still small beside its search."""
_MOST_DIVIDED = 300_000
"""The same where the bound is of regions: what trees of their own proved, one tree of the whole hardly proves again."""


@takes(problem=SitingProblem, plan=SitingPlan)
def certify_plan(problem: SitingProblem, plan: SitingPlan) -> SitingPlan:
    """The plan with the evidence of its bounds, goal by goal; a goal without says why.

    Whole prices that show that no choice is better (docs/method.md), which ``verify_plan`` and ``docs/check_plan.py``
    check by adding and comparing. The work is counted, not timed: the same plan has the same evidence.

    Parameters
    ----------
    problem, plan : a question and its plan.

    Returns
    -------
    The plan with ``evidence``, an entry a goal. A plan that chooses nothing comes back as it is.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> certified = qh.siting.certify_plan(problem, qh.solve_siting(problem))
    >>> len(certified.evidence), qh.verify_plan(problem, certified).covered
    (1, 60)
    """
    if not plan.levels:
        return plan
    return replace(plan, evidence=tuple(_evidence(problem, plan, place) for place in range(len(plan.levels))))


def _evidence(problem: SitingProblem, plan: SitingPlan, place: int) -> Evidence | Reason:
    if not has_price_form(problem, place):
        return Reason("proof.evidence_form", {})
    divided = plan.levels[place].proved_by == BY_REGION
    if len(problem.near.cs) > (_MOST_DIVIDED if divided else _MOST_PAIRS):
        return Reason("proof.evidence_large", {})
    try:
        return find_evidence(price_form(problem, place, plan.levels), plan.seed)
    except TooLargeError:
        return Reason("proof.evidence_large", {})
