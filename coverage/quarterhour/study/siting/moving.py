"""Existing sites of a siting question that may move: which, what closing them costs, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.siting.outlook.relocation import Relocation, relocate
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.search import Limits
from quarterhour.study.file.siting import RelocationFile, SitingFile
from quarterhour.study.results import Moving


def asked_moving(file: SitingFile, asked: RelocationFile, sites: pd.DataFrame) -> Moving:
    """Which sites may close and for how much.

    Money counts where the question says what closing costs, or a facility says what it costs to run. StudyError where a
    facility that may close is not among the sites, there are too few, or money counts and one of them says nothing.
    """
    standing = sites.index[sites["state"].eq("existing")]
    unknown = [site for site in asked.may_close if site not in standing]
    if unknown:
        raise StudyError("sites.relocation_unknown", part=file.id, ids=first_ids(unknown))
    movable = standing[standing.isin(asked.may_close)] if asked.may_close else standing
    if len(movable) < asked.closings:
        raise StudyError("sites.relocation_many", part=file.id, closings=asked.closings, most=len(movable))
    return Moving(tuple(map(str, movable)), _yuan(file, asked, sites.loc[movable]))


def _yuan(file: SitingFile, asked: RelocationFile, sites: pd.DataFrame) -> Mapping[str, int] | None:
    """What closing each costs, less what running it would over the years of the budget."""
    said = sites.get("running_yuan", pd.Series("", index=sites.index))
    years = 0 if file.budget is None else file.budget.years
    counts = asked.closing_each is not None or (bool(texts(said).ne("").any()) and years > 0)
    if not counts:
        return None
    running = numbers(said) if years else pd.Series(0.0, index=sites.index)
    bad = sites.index[(running.isna() | running.lt(0) | running.mod(1).ne(0) | running.ge(2**53)).to_numpy()]
    if len(bad):
        raise StudyError("sites.relocation_running", part=file.id, count=len(bad), ids=first_ids(bad))
    each = asked.closing_each or 0
    return {str(site): each - years * int(run) for site, run in running.items()}


def relocations(
    asked: RelocationFile, problem: SitingProblem, moving: Moving, names: pd.Series, *, limits: Limits, seed: int,
    by_clock: Callable[[], object] | None = None,
) -> tuple[Relocation, ...]:  # fmt: skip
    """The best of each number of closings, and who gains and loses by it."""
    return relocate(
        problem, asked.closings, openings=asked.openings, may_close=moving.may_close, closing_yuan=moving.yuan,
        names=names, **limits.given, seed=seed, by_clock=by_clock,
    )  # fmt: skip
