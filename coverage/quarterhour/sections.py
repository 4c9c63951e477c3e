"""What a run found beyond circles and plans, as further tables of the workbook and the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from quarterhour import words
from quarterhour.league import changes, league_table
from quarterhour.report import Section
from quarterhour.study import Results
from quarterhour.targets import Scorecard


def further(results: Results, lang: str) -> list[Section]:
    """The sections that the results have something for."""
    card = results.scorecard
    if card is None:
        return []
    made = [_league(card, lang)]
    if len(results.scorecards) > 1:
        made.append(_by_date(results.scorecards, lang))
    if results.earlier is not None:
        made.append(_changes(results.earlier, card, lang))
    return made


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
    return Section("league", pd.DataFrame(shown), (words.say("report.league_why", lang),))


def _by_date(cards: Mapping[date, Scorecard], lang: str) -> Section:
    parts = [card.summary().assign(on=day.isoformat()) for day, card in cards.items()]
    table = pd.concat(parts, ignore_index=True)
    shown = {
        "on": table["on"],
        "name": table[lang],
        "level": [words.say(f"report.level_{level}", lang) for level in table["level"]],
        "threshold": table["threshold"],
        "areas": table["areas"],
        "areas_met": table["areas_met"],
        "areas_unmet": table["areas_unmet"],
        "areas_no_data": table["areas_no_data"],
        "clause": table["clause"],
    }
    return Section("later", pd.DataFrame(shown), (words.say("report.later_why", lang),), page_rows=0)


def _changes(earlier: pd.DataFrame, card: Scorecard, lang: str) -> Section:
    table = changes(earlier, card.rows)
    names = card.rows.drop_duplicates("target").set_index("target")[lang]
    shown = {
        "target": table["target"],
        "name": table["target"].map(names).fillna(""),
        "level": [words.say(f"report.level_{level}", lang) for level in table["level"]],
        "area_name": [words.say("report.city", lang) if a == "city" else n
                      for a, n in zip(table["area"], table["area_name"], strict=True)],
        "value_before": table["value_before"],
        "value": table["value"],
        "became": [words.say(f"report.became_{b}", lang) for b in table["became"]],
    }  # fmt: skip
    return Section("changes", pd.DataFrame(shown))
