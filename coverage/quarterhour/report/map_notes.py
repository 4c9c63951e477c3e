"""Capacity, rounds, tiers, graves and the league as the map tells them: city, town, community."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.findings import finding, join_findings
from quarterhour.base.labels import percent
from quarterhour.maps.draw import Notes
from quarterhour.maps.layers import too_many_minor
from quarterhour.report.glossary import glossary
from quarterhour.report.score_sections import rank_said
from quarterhour.report.section import Section, changed_line, say_of
from quarterhour.services.rounds import RoundsPlan
from quarterhour.standards.league import league_table, outside_table
from quarterhour.study.results import Results

_say = partial(say_of, "map_notes")


def with_page_finding(results: Results) -> Results:
    """The results, and a note where the page leaves out minor roads, since no browser would open it with them."""
    left_out = too_many_minor(results.inputs.roads)
    if not left_out:
        return results
    told = finding("map_notes.minor_left_out", severity="note", table="roads", value=f"{left_out:,}")
    return replace(results, findings=join_findings([results.findings, told]))


def map_notes(results: Results, lang: str, *, sections: Sequence[Section], charts: Mapping[str, str]) -> Notes:
    """What the map tells beyond circles, promises and plans; no figure here that a result does not hold.

    ``sections``: what the city's notes are taken from, beside the glossary. ``charts``: pictures by heading.
    """
    city = {i18n.say(f"report.part_{s.key}", lang): s.lines for s in sections if s.lines}
    city[i18n.say("report.part_glossary", lang)] = tuple(_say("term", lang, term=t, means=m) for t, m in glossary(lang))
    communities = _table(_communities(results, lang), results.inputs.communities.index)
    towns = _table(_towns(results, lang), results.inputs.towns.index)
    return Notes(city, communities, towns, charts, changed=changed_line(results, lang))


def _table(columns: Iterator[tuple[str, pd.Series]], index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({name: column.reindex(index) for name, column in columns}, index=index)


def _communities(results: Results, lang: str) -> Iterator[tuple[str, pd.Series]]:
    for check in results.tiers.values():
        gap = check.communities["gap"].where(check.communities["gap"] != "", "met")
        yield _say("tiers", lang), gap.map(lambda g: i18n.say(f"service_sections.tier_{g}", lang))
    for found in results.care.access:
        served = found.served.communities
        few = results.hidden(found.asked.people).reindex(served.index, fill_value=False)
        told = [
            _say("served", lang, served=s, people=p) if p and not hidden else ""
            for s, p, hidden in zip(served["served"], served["people"], few, strict=True)
        ]
        yield getattr(found.asked, lang), pd.Series(told, index=served.index)
    if results.care.rounds is not None:
        yield _say("rounds", lang), _rounds(results, results.care.rounds, lang)


def _rounds(results: Results, plan: RoundsPlan, lang: str) -> pd.Series:
    names = texts(results.inputs.facilities["name"])
    rows, asked = plan.communities, results.study.file.rounds
    farthest = math.inf if asked is None else asked.farthest_minutes
    told = [
        ""
        if not people
        else _say("nobody", lang, minutes=farthest)
        if pd.isna(base)
        else _say("round", lang, base=names.get(base, base), share=percent(within), minutes=f"{plan.minutes:g}")
        for base, people, within in zip(rows["base"], rows["people"], rows["within"], strict=True)
    ]
    return pd.Series(told, index=rows.index)


def _towns(results: Results, lang: str) -> Iterator[tuple[str, pd.Series]]:
    outside = outside_table(results.checks)
    if len(outside):
        told = [
            _say("rank", lang, rank=rank_said(r, t, lang), outside=n)
            for r, t, n in zip(outside["rank"], outside["tied"], outside["outside"], strict=True)
        ]
        yield _say("outside", lang), pd.Series(told, index=outside.index)
    if results.scorecard is not None:
        table = league_table(results.scorecard.rows).set_index("area")
        told = [
            _say("kept", lang, kept=k, promises=n) if n else ""
            for k, n in zip(table["kept"], table["promises"], strict=True)
        ]
        yield _say("league", lang), pd.Series(told, index=table.index)
    for found in results.care.access:
        table = found.by_town
        told = [
            _say("access", lang, mean=f"{m:.3f}", gini=f"{g:.3f}")
            for m, g in zip(table["mean"], table["gini"], strict=True)
        ]
        yield getattr(found.asked, lang), pd.Series(told, index=table.index)
    if results.care.graves is not None:
        table = results.care.graves.areas
        told = [_say("graves", lang, graves=g, niches=n, mu=f"{m:,.1f}")
                for g, n, m in zip(table["graves"], table["niches"], table["area_mu"], strict=True)]  # fmt: skip
        yield _say("burial", lang), pd.Series(told, index=table.index)
    if results.care.parcels is not None:
        yield _say("parcels", lang), results.care.parcels.groupby("town").size().map(str)
