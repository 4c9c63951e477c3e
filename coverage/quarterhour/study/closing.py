"""Which plans close the gap of a circle: those whose people today are the very people inside the circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterhour.standards.circle import by_level

if TYPE_CHECKING:
    from quarterhour.siting.question.plan import SitingPlan
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.rules import Circle
    from quarterhour.study.file.siting import SitingFile
    from quarterhour.study.results import Proposal
    from quarterhour.study.study import Study

_WITHOUT_SITES = ("infeasible", "no_plan")


def closes(study: Study, proposal: Proposal, check: CircleCheck) -> bool:
    """Whether a plan takes the circle's own count from today to after, so that both may stand in one sentence.

    Kind, mode, people, minutes, heading and turnout are the circle's, nothing else decides who counts (capacity,
    classes, steps, backup, several kinds that are all needed), and as many people are covered today.
    """
    asked = next((q for q in study.file.siting if q.id == proposal.id), None)
    return asked is not None and _alike(asked, check.circle) and _same_today(proposal.plan, check)


def _alike(asked: SitingFile, circle: Circle) -> bool:
    one_is_enough = circle.need == "any" or len(circle.kinds) == 1
    other_rule = asked.capacity is not None or asked.classes or asked.steps or asked.backup is not None
    return (
        asked.kind in circle.kinds
        and asked.people == {circle.people: 1}
        and (asked.mode, asked.minutes, asked.heading) == (circle.mode, circle.minutes, circle.heading)
        and asked.turnout_minutes == circle.turnout_minutes
        and one_is_enough
        and not other_rule
    )


def _same_today(plan: SitingPlan, check: CircleCheck) -> bool:
    city = by_level(check.shares, "city")
    return plan.status in _WITHOUT_SITES or plan.before in city["people_met"].dropna().tolist()
