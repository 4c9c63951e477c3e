"""What each plan was asked, who travels, and where the figures are from, as the map page says it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from quarterhour.base import i18n
from quarterhour.maps.questions import Asked
from quarterhour.report.section import area_labels, area_names
from quarterhour.standards.levels import AREA_COLUMNS, FURTHER_LEVELS, in_order
from quarterhour.study.closing import closes
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.changes import Change
from quarterhour.study.siting.coverage import coverage_by_area, coverage_by_community
from quarterhour.study.study import modes_named, study_mode, study_question


def asked_of(results: Results, changes: Sequence[Change] = ()) -> list[Asked]:
    """By plan: its kinds, mode and people, whom it covers today and after, and who gains and loses."""
    return [_asked(results, proposal, changes) for proposal in results.proposals]


def _asked(results: Results, proposal: Proposal, changes: Sequence[Change]) -> Asked:
    file = study_question(results.study, proposal.id)
    found = coverage_by_community(proposal.problem, proposal.plan)
    return Asked(
        kind=proposal.kind,
        kinds=(*file.counts_kinds, *file.upgrade_kinds),
        mode=file.mode,
        people="" if len(file.people) > 1 else next(iter(file.people)),
        minutes=float(file.minutes),
        heading=file.heading,
        circles=tuple(c.circle.id for c in results.checks if closes(results.study, proposal, c)),
        communities=found,
        areas=_areas(results, proposal, found),
        changes=tuple((c.since, c.change) for c in changes if c.proposal is proposal and c.change is not None),
    )


def _areas(results: Results, proposal: Proposal, found: pd.DataFrame) -> pd.DataFrame:
    """Who is covered by area; units and classes whose people are only about so many are left out."""
    communities = results.inputs.communities
    table = coverage_by_area(proposal.problem, found, communities)
    if results.protection is not None:
        for column in study_question(results.study, proposal.id).people:
            for level, areas in results.protection.about(column, communities).items():
                table = table[~(table["level"].eq(level) & table["area"].isin(areas))]
    return table


def further_areas(results: Results, lang: str) -> dict[str, dict[str, str]]:
    """The areas beside towns and counties by level and id, by name, in the order in which they are told."""
    names, communities = area_names(results), results.inputs.communities
    ids = {v: in_order(v, communities) for v in FURTHER_LEVELS if AREA_COLUMNS[v] in communities}
    return {v: dict(zip(areas, area_labels(areas, v, names, lang), strict=True)) for v, areas in ids.items()}


def mode_names(results: Results, lang: str) -> dict[str, str]:
    """The names of all who travel in a study, by the id of their mode."""
    modes = {name: study_mode(results.study, name, where) for name, where in modes_named(results.study)}
    return {name: mode.zh if lang == "zh" else mode.en for name, mode in modes.items()}


def sources_line(results: Results, lang: str) -> str:
    """The date that the figures refer to, and the program with its version."""
    from quarterhour import __version__

    day = results.study.file.study.reference_date
    return i18n.say("questions.sources", lang, day=day.isoformat(), version=__version__)
