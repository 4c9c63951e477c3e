"""How much work a study gives the searches of a question."""

from __future__ import annotations

import math
from dataclasses import replace

from quarterhour.siting.question.search import DEFAULT_SECONDS, Limits, as_limits
from quarterhour.study.file.siting import SitingFile

_COUNTED, _RELAXING = 20_000, 20.0
"""Nodes of a search beside the plan where the study gives none, and seconds for finding out which rule could give."""


def question_limits(file: SitingFile) -> Limits:
    """What the study gives the search for a plan."""
    return as_limits(file.seconds, file.nodes, file.rounds, otherwise=DEFAULT_SECONDS)


def limits_beside(file: SitingFile, searches: int) -> Limits:
    """The same for so many searches beside it, counted in any case."""
    mine = question_limits(file)
    return (mine if mine.counted else replace(mine, nodes=_COUNTED)).times(searches)


def limits_of_relaxing(file: SitingFile) -> Limits:
    """What finding out which rule could give is given."""
    mine = limits_beside(file, 1)
    return replace(mine, seconds=min(_RELAXING, mine.seconds)) if mine.seconds < math.inf else mine
