"""What scorecards and ranges of paces come to, as further tables of the workbook and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.labels import percent
from quarterhour.report.section import Section, area_names, labels, levels, named_areas
from quarterhour.standards.league import changes, league_table, outside_table
from quarterhour.standards.levels import levels_of
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import COVERED, argument_sentence, pace_label
from quarterhour.study.cards.names import area_labels
from quarterhour.study.results import Results


def score_sections(results: Results, lang: str) -> list[Section]:
    """Sections for paces, the league of towns, other dates, an earlier run."""
    card = results.scorecard
    made = [_paces(results, lang)] if results.ranges else []
    made += _league(results, lang)
    if len(results.scorecards) > 1:
        made.append(_by_date(results.scorecards, lang))
    if results.earlier is not None and card is not None:
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


def _paces(results: Results, lang: str) -> Section:
    """Who is covered at every pace of a range: the city, its counties, units and classes, its towns."""
    names = area_names(results)
    parts = []
    further = levels_of(results.ranges[0].shares)
    for level in ("city", "county", *further, "town"):
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


def _league(results: Results, lang: str) -> Iterator[Section]:
    """Towns by the people whom the circles leave outside; without circles by the promises that they keep."""
    outside = outside_table(results.checks)
    card = results.scorecard
    kept = None if card is None or card.rows.empty else _kept(results, card, lang)
    if len(outside):
        parts = _outside(results, outside, lang)
        keys = list(parts)
        if kept is not None:
            parts = parts.join(kept.drop(columns=["rank", "town"]))
            keys = ["rank", "town", "county", *keys[2:], "promises", "kept", "broken", "no_data", "broken_targets"]
        yield Section("league", parts[keys].reset_index(drop=True), (i18n.say("report.league_why", lang),))
    elif kept is not None:
        keys = ["rank", "town", "county", "promises", "kept", "broken", "no_data", "kept_share", "broken_targets"]
        yield Section("league", kept[keys].reset_index(drop=True), (i18n.say("report.league_why_kept", lang),))


def rank_said(rank: object, tied: bool, lang: str) -> str:
    """A rank, and whether others share it; blank without one."""
    return "" if blank(rank) else i18n.say("report.rank_tied" if tied else "report.rank", lang, rank=rank)


def _outside(results: Results, outside: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Rank, town and people outside of each circle and of all, as they are read."""
    ranks = [rank_said(r, t, lang) for r, t in zip(outside["rank"], outside["tied"], strict=True)]
    told: dict[str, Any] = {"rank": ranks, "town": area_labels(outside.index, "town", area_names(results), lang)}
    told |= {f"people_outside@{c.circle.name(lang)}": outside[k].array for k, c in enumerate(results.checks)}
    if len(results.checks) > 1:
        told["outside"] = outside["outside"].array
    return pd.DataFrame(told, index=outside.index)


def _kept(results: Results, card: Scorecard, lang: str) -> pd.DataFrame:
    """The promises that each town keeps, best first, as they are read; indexed by town."""
    table, names = league_table(card.rows).set_index("area"), _promise_names(card, lang)
    between, tied = i18n.say("columns.between", lang), table["rank"].duplicated(keep=False)
    told: dict[str, Any] = {
        "rank": [rank_said(r, t, lang) for r, t in zip(table["rank"], tied, strict=True)],
        "county": area_labels(table["county"], "county", area_names(results), lang),
        "broken_targets": [between.join(str(names[t]) for t in said.split(", ") if t)
                           for said in table["broken_targets"]],
    }  # fmt: skip
    return table.assign(**told).rename(columns={"area_name": "town", "share_kept": "kept_share"})


def _by_date(cards: Mapping[date, Scorecard], lang: str) -> Section:
    parts = [card.summary().assign(on=day.isoformat()) for day, card in cards.items()]
    table = pd.concat(parts, ignore_index=True)
    keys = ["on", "name", "level", "threshold", "areas", "areas_met", "areas_unmet", "areas_no_data", "clause"]
    shown = table.assign(name=table[lang], level=levels(table, lang))[keys]
    shares = tuple(table["unit"].eq("share"))
    return Section("later", shown, (i18n.say("report.later_why", lang),), page_rows=0, shares=shares)


def _changes(earlier: pd.DataFrame, card: Scorecard, lang: str) -> Section:
    table = changes(earlier, card.rows)
    told: dict[str, Any] = {
        "name": table["target"].map(_promise_names(card, lang)).fillna(""),
        "level": labels("report.level_", table["level"], lang),
        "area_name": named_areas(table, lang),
        "became": labels("report.became_", table["became"], lang),
    }
    keys = ["target", "name", "level", "area_name", "value_before", "value", "became"]
    units = card.rows.drop_duplicates("target").set_index("target")["unit"]
    return Section("changes", table.assign(**told)[keys], shares=tuple(table["target"].map(units).eq("share")))
