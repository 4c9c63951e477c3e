"""What scorecards and ranges of paces come to, as further tables of the workbook and the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.labels import percent
from quarterhour.report.section import Section, area_labels, area_names, labels, named_areas
from quarterhour.standards.league import changes, league_table
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import COVERED, argument_sentence, pace_label
from quarterhour.study.results import Results


def score_sections(results: Results, lang: str) -> list[Section]:
    """Sections for paces, the league of towns, other dates, an earlier run; none without a scorecard."""
    card = results.scorecard
    if card is None:
        return []
    made = [_paces(results, card, lang)] if results.ranges else []
    made.append(_league(card, lang))
    if len(results.scorecards) > 1:
        made.append(_by_date(results.scorecards, lang))
    if results.earlier is not None:
        made.append(_changes(results.earlier, card, lang))
    return made


def pace_lines(results: Results, lang: str) -> list[str]:
    """Each circle at a range of paces, in a sentence."""
    lines = []
    for known in results.ranges:
        said = {c: percent(known.share(c)) for c in COVERED}
        name, pace = known.circle.name(lang), pace_label(known, lang)
        lines.append(i18n.say("report.pace_line", lang, name=name, pace=pace, **said))
    return lines


def _paces(results: Results, card: Scorecard, lang: str) -> Section:
    """Who is covered at every pace of a range: the city, its counties, its towns."""
    names = area_names(card)
    parts = []
    for level in ("city", "county", "town"):
        for known in results.ranges:
            rows = known.shares[known.shares["level"] == level]
            areas = area_labels(rows["area"], level, names, lang)
            parts.append(rows.assign(circle=known.circle.name(lang), area_name=areas))
    table = pd.concat(parts, ignore_index=True).rename(columns={f"share_{c}": f"{c}_share" for c in COVERED})
    keys = ["circle", "level", "area_name", "people", *(f"people_{c}" for c in COVERED),
            *(f"{c}_share" for c in COVERED), *(f"communities_{c}" for c in COVERED)]  # fmt: skip
    shown = table.assign(level=labels("report.level_", table["level"], lang))[keys]
    lines = (*pace_lines(results, lang), *_why_paces(results, lang))
    return Section("paces", shown, lines, page_rows=int((table["level"] != "town").sum()))


def _why_paces(results: Results, lang: str) -> list[str]:
    """Why so few searches suffice, and where the ranges come from."""
    said = dict.fromkeys(argument_sentence(known, lang) for known in results.ranges)
    given = {c.id: c.uncertain.source for c in results.study.file.circles if c.uncertain}
    for known in results.ranges:
        source = given[known.circle.id] or i18n.say("report.pace_unsourced", lang)
        said[i18n.say("report.pace_source", lang, name=known.circle.name(lang), source=source)] = None
    return list(said)


def _promise_names(card: Scorecard, lang: str) -> pd.Series:
    return card.rows.drop_duplicates("target").set_index("target")[lang]


def _league(card: Scorecard, lang: str) -> Section:
    table, names = league_table(card.rows), _promise_names(card, lang)
    counties = card.rows[card.rows["level"] == "county"].drop_duplicates("area").set_index("area")["area_name"]
    told: dict[str, Any] = {
        "county": table["county"].map(counties).fillna(table["county"]),
        "broken_targets": [", ".join(str(names[t]) for t in said.split(", ") if t) for said in table["broken_targets"]],
    }
    keys = ["rank", "town", "county", "promises", "kept", "broken", "no_data", "kept_share", "broken_targets"]
    shown = table.assign(**told).rename(columns={"area_name": "town", "share_kept": "kept_share"})[keys]
    return Section("league", shown, (i18n.say("report.league_why", lang),))


def _by_date(cards: Mapping[date, Scorecard], lang: str) -> Section:
    parts = [card.summary().assign(on=day.isoformat()) for day, card in cards.items()]
    table = pd.concat(parts, ignore_index=True)
    keys = ["on", "name", "level", "threshold", "areas", "areas_met", "areas_unmet", "areas_no_data", "clause"]
    shown = table.assign(name=table[lang], level=labels("report.level_", table["level"], lang))[keys]
    return Section("later", shown, (i18n.say("report.later_why", lang),), page_rows=0)


def _changes(earlier: pd.DataFrame, card: Scorecard, lang: str) -> Section:
    table = changes(earlier, card.rows)
    told: dict[str, Any] = {
        "name": table["target"].map(_promise_names(card, lang)).fillna(""),
        "level": labels("report.level_", table["level"], lang),
        "area_name": named_areas(table, lang),
        "became": labels("report.became_", table["became"], lang),
    }
    keys = ["target", "name", "level", "area_name", "value_before", "value", "became"]
    return Section("changes", table.assign(**told)[keys])
