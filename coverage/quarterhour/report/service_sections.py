"""Capacity, beds, rounds, graves and parcels as further tables of the workbook and the page."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.labels import gap_percent, names_of, percent
from quarterhour.report.format import Section, names_by_area
from quarterhour.standards.circle import CITY
from quarterhour.study.results import Access, Care, Results


def care_sections(results: Results, lang: str) -> list[Section]:
    """Sections for what the study asked for, and for what could not be computed."""
    care = results.care
    towns = names_by_area(results.inputs.towns)
    made = [*_tiers(results, towns, lang), *[_access(a, towns, lang) for a in care.access], *_beds(results, lang)]
    made += [*_rounds(results, lang), *_graves(care, towns, lang), *_overlay(care, towns, lang)]
    made += [*_missing(care, lang)]
    return made


def _say(key: str, lang: str, **values: object) -> str:
    return i18n.say(f"service_sections.{key}", lang, **values)


def _tiers(results: Results, towns: dict[str, str], lang: str) -> Iterator[Section]:
    for target, check in results.tiers.items():
        table = check.communities
        rural = results.inputs.communities
        town = texts(rural["town"]).reindex(table.index)
        gaps = table["gap"].where(table["gap"] != "", "met")
        counted = pd.crosstab(town, gaps)
        shown = {"town": names_of(counted.index, towns)}
        shown |= {f"tier_{gap}": counted[gap].array for gap in _GAPS if gap in counted}
        whole = ", ".join(f"{_say(f'tier_{g}', lang)} {n:,}" for g, n in gaps.value_counts().items())
        line = _say(
            "tiers_line", lang, minutes=" / ".join(f"{m:g}" for m in check.minutes), target=target, counts=whole
        )
        yield Section("tiers", pd.DataFrame(shown), (line,), page_rows=0)


_GAPS = ("met", "village_none", "village_far", "town_none", "town_far", "county_none", "county_far")


def _access(found: Access, towns: dict[str, str], lang: str) -> Section:
    asked, served = found.asked, found.served.communities
    by_town = found.by_town
    town = found.towns.reindex(served.index)
    sums = served.groupby(town)[["people", "served"]].sum()
    near = served["people"].where(served["reachable"], 0).groupby(town).sum()
    shown = {
        "town": names_of(by_town.index, towns),
        "wanting": sums["people"].reindex(by_town.index).array,
        "reachable": near.reindex(by_town.index).array,
        "served": sums["served"].reindex(by_town.index).array,
        "access_mean": by_town["mean"].array,
        "access_worst": by_town["worst"].array,
        "gini": by_town["gini"].array,
        "theil": by_town["theil"].array,
    }
    lines = [
        _say("access_line", lang, name=asked.zh if lang == "zh" else asked.en, people=int(served["people"].sum()),
             reachable=int(near.sum()), served=int(served["served"].sum()), share=percent(found.served.share),
             minutes=f"{asked.minutes:g}", capacity=int(found.served.sites["capacity"].sum())),
        _say("equity_line", lang, method=asked.methods[0].upper(), gini=f"{found.equity.gini:.3f}",
             theil=f"{found.equity.theil:.3f}", between=f"{found.equity.theil_between:.3f}",
             worst=f"{found.equity.worst:.3f}", mean=f"{found.equity.mean:.3f}"),
    ]  # fmt: skip
    return Section("access", pd.DataFrame(shown), tuple(lines))


def _beds(results: Results, lang: str) -> Iterator[Section]:
    found = results.care.conversions
    if not found:
        return
    counties = names_by_area(results.inputs.counties)
    names = texts(results.inputs.facilities["name"])
    rows, lines = [], []
    for area, plan in found.items():
        county = i18n.say("report.city", lang) if area == CITY else str(counties.get(area, area))
        table = plan.rows[plan.rows["convert"] > 0]
        rows.append(pd.DataFrame({
            "county": county, "name": names.reindex(table.index).array, "beds": table["beds"].array,
            "nursing_beds": table["nursing_beds"].array, "convert": table["convert"].array,
            "cost_yuan": table["cost_yuan"].array, "before_share": table["share_before"].array,
            "after_share": table["share_after"].array,
        }))  # fmt: skip
        lines.append(_say("beds_short" if plan.short else "beds_line", lang, area=county, share=percent(plan.share),
                          count=int(plan.rows["convert"].sum()), yuan=plan.cost_yuan, short=plan.short))  # fmt: skip
    yield Section("beds", pd.concat(rows, ignore_index=True), tuple(lines))


def _rounds(results: Results, lang: str) -> Iterator[Section]:
    plan, territories = results.care.rounds, results.care.territories
    if plan is None or territories is None:
        return
    names = texts(results.inputs.facilities["name"])
    bases = plan.bases.join(territories.sites[["staff", "communities"]])
    shown = {
        "base": names.reindex(bases.index).array, "communities": bases["communities"].array,
        "people": bases["people"].array, "visits": bases["visits"].array, "carers": bases["carers"].array,
        "carers_bound": bases["bound"].array, "gap": bases["gap"].array, "staff": bases["staff"].array,
        "carers_short": (bases["carers"] - bases["staff"]).clip(lower=0).array,
        "travel_minutes": bases["travel_minutes"].array, "unserved": bases["unserved"].array,
    }  # fmt: skip
    rows = plan.communities[plan.communities["people"] > 0]
    known = rows[rows["within"].notna()]
    held = known["within"].astype(float)
    base = int(known["people"][known["from_base"].astype(bool)].sum())
    lines = [
        _say("rounds_line", lang, carers=plan.carers, bound=plan.bound, bases=len(plan.bases),
             gap=gap_percent(plan.gap),
             staff=int(territories.sites["staff"].sum()), visits=int(plan.bases["visits"].sum())),
        _say("round_holds", lang, minutes=f"{plan.minutes:g}", base=base,
             always=int(known["people"][held >= 1].sum()), half=int(known["people"][held >= 0.5].sum()),
             people=int(rows["people"].sum()), nobody=int(rows["people"][rows["base"].isna()].sum())),
    ]  # fmt: skip
    yield Section("rounds", pd.DataFrame(shown), tuple(lines), page_rows=10)
    by_community = plan.communities.reset_index(names="community")
    told = {
        "community": by_community["community"], "name": texts(results.inputs.communities["name"]).array,
        "base": names.reindex(by_community["base"]).array, "people": by_community["people"],
        "visits": by_community["visits"], "from_base": by_community["from_base"].map({True: True, False: False}),
        "within_share": by_community["within"].astype(float), "worst_minutes": by_community["worst"].astype(float),
    }  # fmt: skip
    yield Section("territories", pd.DataFrame(told), (_say("territories_line", lang, load=f"{territories.evenest:,.1f}",
                  busiest=f"{territories.sites['load'].max():,.1f}"),), page_rows=0)  # fmt: skip


def _graves(care: Care, towns: dict[str, str], lang: str) -> Iterator[Section]:
    if care.graves is None:
        return
    rows = care.graves.areas
    shown = {"town": names_of(rows.index, towns)} | {c: rows[c].array for c in rows}
    figures = "; ".join(f"{k} = {v:g}" for k, v in care.graves.figures.items())
    lines = [
        _say("graves_line", lang, graves=int(rows["graves"].sum()), niches=int(rows["niches"].sum()),
             hectares=f"{rows['area_m2'].sum() / 10_000:,.1f}", mu=f"{rows['area_mu'].sum():,.0f}"),
        _say("graves_figures", lang, figures=figures),
    ]  # fmt: skip
    if care.graves_shared_out:
        lines.append(_say("graves_shared", lang))
    yield Section("graves", pd.DataFrame(shown), tuple(lines), page_rows=10)


def _overlay(care: Care, towns: dict[str, str], lang: str) -> Iterator[Section]:
    if care.overlay is None or care.parcels is None:
        return
    cells = care.overlay.cells
    lawful = int(cells["lawful"].sum())
    hectares = care.overlay.cell_m**2 / 10_000
    lines = [
        _say("overlay_line", lang, cells=len(cells), lawful=lawful, cell=f"{care.overlay.cell_m:g}",
             hectares=f"{lawful * hectares:,.0f}", parcels=len(care.parcels),
             towns=int(care.parcels["town"].nunique()), of=len(towns)),
    ]  # fmt: skip
    if care.overlay.unchecked:
        lines.append(_say("unchecked", lang, rules=", ".join(care.overlay.unchecked)))
    removed = care.overlay.removed
    shown = {"town": names_of(removed.index, towns), "cells": cells.groupby("town").size().reindex(removed.index).array}
    shown |= {"lawful_cells": cells.groupby("town")["lawful"].sum().reindex(removed.index).array}
    shown |= {f"removed@{rule}": removed[rule].array for rule in removed}
    yield Section("overlay", pd.DataFrame(shown), tuple(lines), page_rows=0)
    parcels = care.parcels
    told = {"id": parcels.index, "town": names_of(parcels["town"], towns), "area_m2": parcels["area_m2"].array,
            "score": parcels["score"].array, "quality": [i18n.say(f"report.quality_{q}", lang) for q in parcels["quality"]]}  # noqa: E501  # fmt: skip
    yield Section("parcels", pd.DataFrame(told), page_rows=0)


def _missing(care: Care, lang: str) -> Iterator[Section]:
    if care.missing:
        lines = tuple(_say("missing", lang, part=p, table=t, column=c) for p, t, c in care.missing)
        yield Section("not_computed", pd.DataFrame(), lines)
