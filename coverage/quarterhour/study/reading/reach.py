"""How far a study looks: the longest way, at its fastest, that any of its questions counts."""

from __future__ import annotations

from collections.abc import Iterator

from quarterhour.network.network import Mode
from quarterhour.network.speeds import fastest_kmh
from quarterhour.study.scorecards import SEARCHED_BEYOND
from quarterhour.study.study import Study, study_mode, study_targets


def farthest_m(study: Study) -> float:
    """No way that a question of the study looks at is longer, whatever the roads; 0 where it asks for none."""
    return max((fastest_kmh(mode) * minutes / 60 * 1000 for mode, minutes in _ways(study)), default=0.0)


def _ways(study: Study) -> Iterator[tuple[Mode, float]]:
    """Every mode that is asked for, with the minutes that may count or be shown, a quicker pace counted in."""
    for name, where, minutes in (*_of_circles(study), *_of_siting(study), *_of_care(study), *_of_targets(study)):
        yield study_mode(study, name, where), minutes


def _of_circles(study: Study) -> Iterator[tuple[str, str, float]]:
    for circle in study.file.circles:
        sure = circle.uncertain
        quick = max(1.0, sure.speed[1]) if sure else 1.0
        for mode in (circle.mode, *circle.compare_modes, *((sure.modes or ()) if sure else ())):
            yield mode, circle.id, circle.minutes * SEARCHED_BEYOND * quick


def _of_siting(study: Study) -> Iterator[tuple[str, str, float]]:
    for question in study.file.siting:
        quick = max(1.0, question.robust.speed[1]) if question.robust else 1.0
        for standard in question.standards:
            yield standard.mode, question.id, standard.minutes * quick


def _of_care(study: Study) -> Iterator[tuple[str, str, float]]:
    yield from ((asked.mode, asked.id, asked.minutes) for asked in study.file.access)
    if study.file.rounds:
        yield study.file.rounds.mode, "rounds", study.file.rounds.farthest_minutes


def _of_targets(study: Study) -> Iterator[tuple[str, str, float]]:
    """Tiers are reached one from the other, but within one town or county, which holds its own communities."""
    for target in (t for targets in study_targets(study).values() for t in targets):
        for mode, minutes in zip(target.modes, target.minutes, strict=False):
            yield mode, target.id, minutes
