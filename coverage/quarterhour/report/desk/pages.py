"""Pages of a part of a run: one circle, one siting question, or the later of two runs with what changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.errors import DataError
from quarterhour.maps.draw import Notes
from quarterhour.maps.page import MapPage
from quarterhour.report.write import meeting_map
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.closing import closes
from quarterhour.study.results import Care, Proposal, Results
from quarterhour.study.run import publishable
from quarterhour.study.scenario.comparison import Comparison, compare_results


def circle_page(results: Results, check: CircleCheck, lang: str) -> MapPage:
    """The page of one circle, with the plans that close its gap."""
    shown = publishable(results, lang)
    found = [c for c in (*shown.checks, *shown.compare) if (c.circle.id, c.mode_id) == (check.circle.id, check.mode_id)]
    plans = [p for p in shown.proposals if any(closes(shown.study, p, c) for c in found)]
    return meeting_map(_part(shown, found, plans), lang)


def siting_page(results: Results, proposal: Proposal, lang: str) -> MapPage:
    """The page of one siting question, with the circle whose gap its plan closes.

    DataError where it counts people of whom too few are there to be published.
    """
    shown = publishable(results, lang)
    found = [p for p in shown.proposals if p.id == proposal.id]
    if not found:
        raise DataError("desk.not_published", id=proposal.id)
    checks = [c for c in shown.checks if closes(shown.study, found[0], c)]
    return meeting_map(_part(shown, checks, found), lang)


def _part(results: Results, checks: Sequence[CircleCheck], proposals: Sequence[Proposal]) -> Results:
    """The results with some circles and plans alone, and nothing of what does not belong to these."""
    circles = {check.circle.id for check in checks}
    own = [check for check in checks if check in results.checks]  # routes and ranges are the own mode's
    kept: Collection[str] = {check.circle.id for check in own}
    drawn = results.pictures
    return replace(
        results,
        checks=tuple(checks),
        compare=tuple(c for c in results.compare if c.circle.id in circles and c not in checks),
        ranges=tuple(r for r in results.ranges if r.circle.id in kept),
        pictures=None if drawn is None else drawn[drawn["circle"].isin(kept)],
        routes=tuple(r for r in results.routes if r.circle in kept) if len(own) == len(checks) else (),
        proposals=tuple(proposals),
        scorecards={}, tiers={}, care=Care(), what_if=(), burial=None, programme=None, forecast=None,
    )  # fmt: skip


def comparison_page(found: Comparison, lang: str) -> MapPage:
    """The page of the later results, with what changed in its notes; both as they may be published."""
    shown = compare_results(publishable(found.before, lang), publishable(found.after, lang))
    city = {i18n.say("desk.notes", lang): tuple(shown.sentences(lang))}
    names = {check.circle.id: check.circle.name(lang) for check in shown.after.checks}
    columns = {
        i18n.say("desk.note", lang, name=names[circle]): pd.Series(
            [_moved(row, lang) for row in shown.communities.loc[circle].itertuples()],
            index=shown.communities.loc[circle].index,
        )
        for circle in shown.circles
    }
    return meeting_map(shown.after, lang, aside=Notes(city, pd.DataFrame(columns)))


def _moved(row: object, lang: str) -> str:
    """What changed for a community; blank where nothing did."""
    before, after = (getattr(row, f"minutes_{when}") for when in ("before", "after"))
    change = str(row.change)  # type: ignore[attr-defined]
    if change.startswith("stays") and (before == after or (blank(before) and blank(after))):
        return ""
    said = {when: _minutes(value, lang) for when, value in (("before", before), ("after", after))}
    return i18n.say("desk.minutes_moved", lang, change=i18n.say(f"desk.change_{change}", lang), **said)


def _minutes(value: float, lang: str) -> str:
    return i18n.say("desk.no_way", lang) if blank(value) else i18n.say("desk.reached_in", lang, minutes=value)
