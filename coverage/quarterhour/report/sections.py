"""What a run found beyond circles and plans, as further tables of the workbook and the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.labels import percent
from quarterhour.report.format import Section, area_labels, area_names
from quarterhour.report.service_sections import care_sections
from quarterhour.report.siting_sections import siting_sections
from quarterhour.standards.league import changes, league_table
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import COVERED, argument_sentence, pace_label
from quarterhour.study.results import Results

_LEVELS = ("city", "county", "town")


def further(results: Results, lang: str) -> list[Section]:
    """The sections that the results have something for."""
    card = results.scorecard
    behind = [*siting_sections(results, lang), *care_sections(results, lang)]
    if card is None:
        return behind
    made = [_paces(results, card, lang)] if results.ranges else []
    made.append(_league(card, lang))
    if len(results.scorecards) > 1:
        made.append(_by_date(results.scorecards, lang))
    if results.earlier is not None:
        made.append(_changes(results.earlier, card, lang))
    return [*made, *behind]


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
    for level in _LEVELS:
        for known in results.ranges:
            rows = known.shares[known.shares["level"] == level]
            areas = area_labels(rows["area"], level, names, lang)
            parts.append(rows.assign(circle=known.circle.name(lang), area_name=areas))
    table = pd.concat(parts, ignore_index=True)
    shown = {
        "circle": table["circle"],
        "level": [i18n.say(f"report.level_{level}", lang) for level in table["level"]],
        "area_name": table["area_name"],
        "people": table["people"],
        **{f"people_{c}": table[f"people_{c}"] for c in COVERED},
        **{f"{c}_share": table[f"share_{c}"] for c in COVERED},
        **{f"communities_{c}": table[f"communities_{c}"] for c in COVERED},
    }
    lines = (*pace_lines(results, lang), *_why_paces(results, lang))
    return Section("paces", pd.DataFrame(shown), lines, page_rows=int((table["level"] != "town").sum()))


def _why_paces(results: Results, lang: str) -> list[str]:
    """Why so few searches suffice, and where the ranges come from."""
    said = dict.fromkeys(argument_sentence(known, lang) for known in results.ranges)
    given = {c.id: c.uncertain.source for c in results.study.file.circles if c.uncertain}
    for known in results.ranges:
        source = given[known.circle.id] or i18n.say("report.pace_unsourced", lang)
        said[i18n.say("report.pace_source", lang, name=known.circle.name(lang), source=source)] = None
    return list(said)


def _league(card: Scorecard, lang: str) -> Section:
    table = league_table(card.rows)
    names = card.rows.drop_duplicates("target").set_index("target")[lang]
    counties = card.rows[card.rows["level"] == "county"].drop_duplicates("area").set_index("area")["area_name"]
    broken = [", ".join(str(names[t]) for t in said.split(", ") if t) for said in table["broken_targets"]]
    shown = {
        "rank": table["rank"],
        "town": table["area_name"],
        "county": table["county"].map(counties).fillna(table["county"]),
        "promises": table["promises"],
        "kept": table["kept"],
        "broken": table["broken"],
        "no_data": table["no_data"],
        "kept_share": table["share_kept"],
        "broken_targets": broken,
    }
    return Section("league", pd.DataFrame(shown), (i18n.say("report.league_why", lang),))


def _by_date(cards: Mapping[date, Scorecard], lang: str) -> Section:
    parts = [card.summary().assign(on=day.isoformat()) for day, card in cards.items()]
    table = pd.concat(parts, ignore_index=True)
    shown = {
        "on": table["on"],
        "name": table[lang],
        "level": [i18n.say(f"report.level_{level}", lang) for level in table["level"]],
        "threshold": table["threshold"],
        "areas": table["areas"],
        "areas_met": table["areas_met"],
        "areas_unmet": table["areas_unmet"],
        "areas_no_data": table["areas_no_data"],
        "clause": table["clause"],
    }
    return Section("later", pd.DataFrame(shown), (i18n.say("report.later_why", lang),), page_rows=0)


def _changes(earlier: pd.DataFrame, card: Scorecard, lang: str) -> Section:
    table = changes(earlier, card.rows)
    names = card.rows.drop_duplicates("target").set_index("target")[lang]
    shown = {
        "target": table["target"],
        "name": table["target"].map(names).fillna(""),
        "level": [i18n.say(f"report.level_{level}", lang) for level in table["level"]],
        "area_name": [i18n.say("report.city", lang) if a == "city" else n
                      for a, n in zip(table["area"], table["area_name"], strict=True)],
        "value_before": table["value_before"],
        "value": table["value"],
        "became": [i18n.say(f"report.became_{b}", lang) for b in table["became"]],
    }  # fmt: skip
    return Section("changes", pd.DataFrame(shown))
