"""What each plan was asked, who travels, and where the figures are from, as the map page says it."""

from __future__ import annotations

from collections.abc import Sequence

from quarterhour.base import i18n
from quarterhour.maps.questions import Asked
from quarterhour.study.closing import closes
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.changes import Change
from quarterhour.study.siting.coverage import coverage_by_community
from quarterhour.study.study import modes_named, study_mode, study_question


def asked_of(results: Results, changes: Sequence[Change] = (), *, lang: str = "zh") -> list[Asked]:
    """By plan: its kinds, mode and people, whom it covers today and after, who gains and loses, and its card."""
    return [_asked(results, proposal, changes, lang) for proposal in results.proposals]


def _asked(results: Results, proposal: Proposal, changes: Sequence[Change], lang: str) -> Asked:
    file = study_question(results.study, proposal.id)
    return Asked(
        kind=proposal.kind,
        kinds=(*file.counts_kinds, *file.upgrade_kinds),
        mode=file.mode,
        people="" if len(file.people) > 1 else next(iter(file.people)),
        minutes=float(file.minutes),
        heading=file.heading,
        circles=tuple(c.circle.id for c in results.checks if closes(results.study, proposal, c)),
        communities=coverage_by_community(proposal.problem, proposal.plan),
        card=results.card_of(proposal, lang),
        changes=tuple((c.since, c.change) for c in changes if c.proposal is proposal and c.change is not None),
    )


def mode_names(results: Results, lang: str) -> dict[str, str]:
    """The names of all who travel in a study, by the id of their mode."""
    modes = {name: study_mode(results.study, name, where) for name, where in modes_named(results.study)}
    return {name: mode.zh if lang == "zh" else mode.en for name, mode in modes.items()}


def sources_line(results: Results, lang: str) -> str:
    """The date that the figures refer to, and the program with its version."""
    from quarterhour import __version__

    day = results.study.file.study.reference_date
    return i18n.say("questions.sources", lang, day=day.isoformat(), version=__version__)
