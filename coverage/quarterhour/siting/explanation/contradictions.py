"""Why no plan exists, by counting alone: quotas, conflicts and numbers that contradict each other."""

from __future__ import annotations

import itertools

from quarterhour.siting.question.plan import Reason
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.quotas import quota_areas


def contradictions(problem: SitingProblem) -> tuple[Reason, ...]:
    """Why no plan can exist, as far as counting tells; empty does not promise that one does."""
    found = [*_over_maximum(problem), *_settled_conflicts(problem)]
    required = int(problem.required.sum())
    if problem.new_sites is not None and required > problem.new_sites:
        found.append(
            Reason("explanation.required_over_new_sites", {"required": required, "new_sites": int(problem.new_sites)})
        )
    if problem.budget.yuan is not None:
        must = int(problem.yuan[problem.required].sum())
        if must > problem.budget.yuan:
            found.append(Reason("explanation.required_over_budget", {"yuan": must, "budget": int(problem.budget.yuan)}))
    return tuple(found)


def _over_maximum(problem: SitingProblem) -> list[Reason]:
    found = []
    areas = iter(quota_areas(problem))
    for quota in problem.quotas:
        rules = itertools.islice(areas, len(quota.areas))
        over = [r.area for r in rules if quota.maximum is not None and r.standing > quota.maximum]
        if over:
            values = {"level": quota.level, "areas": tuple(over), "maximum": int(quota.maximum or 0)}
            found.append(Reason("explanation.over_maximum", values))
    return found


def _settled_conflicts(problem: SitingProblem) -> list[Reason]:
    """Existing and required sites of which the rules allow only one."""
    settled, ids = ~problem.free, problem.sites.index
    clash = [f"{ids[a]} + {ids[b]}" for a, b in problem.conflicts.tolist() if settled[a] and settled[b]]
    return [Reason("explanation.settled_conflict", {"sites": tuple(clash)})] if clash else []
