"""Capacity, rounds, tiers, graves and the league as the map tells them: city, town, community."""

from __future__ import annotations

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.labels import percent
from quarterhour.maps.draw import Notes
from quarterhour.report.service_sections import care_sections
from quarterhour.report.siting_sections import Charts, siting_sections
from quarterhour.services.rounds import RoundsPlan
from quarterhour.standards.league import league_table
from quarterhour.study.results import Results


def map_notes(results: Results, lang: str, charts: Charts) -> Notes:
    """What the map tells beyond circles, promises and plans; no figure here that a result does not hold."""
    sections = [*siting_sections(results, lang), *care_sections(results, lang)]
    city = {i18n.say(f"report.part_{s.key}", lang): s.lines for s in sections if s.lines}
    return Notes(city, _communities(results, lang), _towns(results, lang), dict(charts.values()))


def _say(key: str, lang: str, **values: object) -> str:
    return i18n.say(f"map_notes.{key}", lang, **values)


def _communities(results: Results, lang: str) -> pd.DataFrame:
    index = results.inputs.communities.index
    columns: dict[str, pd.Series] = {}
    for check in results.tiers.values():
        gap = check.communities["gap"].where(check.communities["gap"] != "", "met")
        columns[_say("tiers", lang)] = gap.map(lambda g: i18n.say(f"service_sections.tier_{g}", lang))
    for found in results.care.access:
        served = found.served.communities
        told = [
            _say("served", lang, served=s, people=p) if p else ""
            for s, p in zip(served["served"], served["people"], strict=True)
        ]
        columns[found.asked.zh if lang == "zh" else found.asked.en] = pd.Series(told, index=served.index)
    if results.care.rounds is not None:
        columns[_say("rounds", lang)] = _rounds(results, results.care.rounds, lang)
    return pd.DataFrame({name: column.reindex(index) for name, column in columns.items()}, index=index)


def _rounds(results: Results, plan: RoundsPlan, lang: str) -> pd.Series:
    names = texts(results.inputs.facilities["name"])
    rows = plan.communities
    told = [
        ""
        if not people
        else _say("nobody", lang)
        if pd.isna(base)
        else _say("round", lang, base=names.get(base, base), share=percent(within), minutes=f"{plan.minutes:g}")
        for base, people, within in zip(rows["base"], rows["people"], rows["within"], strict=True)
    ]
    return pd.Series(told, index=rows.index)


def _towns(results: Results, lang: str) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    if results.scorecard is not None:
        table = league_table(results.scorecard.rows).set_index("area")
        told = [
            "" if pd.isna(r) else _say("rank", lang, rank=r, kept=k, promises=n)
            for r, k, n in zip(table["rank"], table["kept"], table["promises"], strict=True)
        ]
        columns[_say("league", lang)] = pd.Series(told, index=table.index)
    for found in results.care.access:
        table = found.by_town
        told = [
            _say("access", lang, mean=f"{m:.3f}", gini=f"{g:.3f}")
            for m, g in zip(table["mean"], table["gini"], strict=True)
        ]
        columns[found.asked.zh if lang == "zh" else found.asked.en] = pd.Series(told, index=table.index)
    if results.care.graves is not None:
        table = results.care.graves.areas
        told = [_say("graves", lang, graves=g, niches=n, mu=f"{m:,.1f}")
                for g, n, m in zip(table["graves"], table["niches"], table["area_mu"], strict=True)]  # fmt: skip
        columns[_say("burial", lang)] = pd.Series(told, index=table.index)
    if results.care.parcels is not None:
        count = results.care.parcels.groupby("town").size()
        columns[_say("parcels", lang)] = count.map(str)
    index = results.inputs.towns.index
    return pd.DataFrame({name: column.reindex(index) for name, column in columns.items()}, index=index)
