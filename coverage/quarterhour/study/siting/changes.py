"""What each plan of a study changes for people: against what stands, and against the plan of an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.siting.outlook.change import PlanChange, Stand, compare_plans
from quarterhour.study.publication.protection import crossed
from quarterhour.study.results import Proposal, Results
from quarterhour.study.study import study_question

Since = Literal["today", "earlier"]


@dataclass(frozen=True, eq=False)
class Change:
    """A proposal held against what stands (``today``) or against its plan in an earlier run (``earlier``).

    ``change``: None where the two cannot be compared, and ``why`` says so.
    """

    proposal: Proposal
    since: Since
    change: PlanChange | None
    why: DataError | None = None


def study_changes(results: Results) -> tuple[Change, ...]:
    """Each plan against today, and against the earlier run where the results know one, in the order of the questions.

    Areas whose people are only about so many are left out, where counts of persons are guarded.
    """
    return tuple(one for p in results.proposals if p.plan.levels for one in _changes(results, p))


def _changes(results: Results, p: Proposal) -> Iterator[Change]:
    yield _change(results, p, "today", (p.problem, None))
    earlier = results.earlier_plans.get(p.id)
    if earlier is not None:
        yield _change(results, p, "earlier", earlier)


def _change(results: Results, p: Proposal, since: Since, before: Stand) -> Change:
    try:
        found = compare_plans(before, (p.problem, p.plan), names=results.inputs.communities["name"])
    except DataError as why:
        return Change(p, since, None, why)
    return Change(p, since, published_change(results, p, found))


def published_change(results: Results, p: Proposal, found: PlanChange) -> PlanChange:
    """Without areas whose people are only about so many, counts of few, and columns of people that are not told."""
    known = results.protection
    if known is None:
        return found
    communities, areas, worst = results.inputs.communities, found.areas, found.worst
    groups = found.groups[~found.groups.index.isin(known.lost)]
    for column in study_question(results.study, p.id).people:
        if column not in known.pools:
            continue
        towns = texts(communities["town"])
        about = {**known.about(column, communities), "town": set(towns[crossed(known.pools[column], towns)])}
        for level, ids in about.items():
            areas = areas[~(areas["level"].eq(level) & areas["area"].isin(ids))]
        hidden = results.hidden(column).reindex(worst.index)
        worst = worst.assign(**{c: worst[c].astype("Int64").mask(hidden) for c in ("people", "left_out")})
    return replace(found, groups=groups, areas=areas, worst=worst)
