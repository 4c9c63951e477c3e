"""Capacity, beds, rounds, graves and parcels as further tables of the workbook and the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.labels import columns_label, gap_percent, names_of, percent
from quarterhour.report.needs.burial_sections import burial_sections
from quarterhour.report.section import Section, Told, joined_section, labels, rule_names, rules_said, say_of
from quarterhour.standards.circle import CITY
from quarterhour.study.cards.names import names_by_area
from quarterhour.study.results import Access, Care, Results

Names = Mapping[str, str]
"""Names by id."""
_say = partial(say_of, "service_sections")


def care_sections(results: Results, lang: str) -> list[Section]:
    """Sections for what the study asked for, and for what could not be computed."""
    care, towns, rules = results.care, names_by_area(results.inputs.towns), rule_names(results, lang)
    return [
        *_tiers(results, towns, rules, lang),
        *[_access(a, towns, lang) for a in care.access],
        *joined_section("beds", [_beds(results, area, lang) for area in care.conversions]),
        *_rounds(results, lang),
        *burial_sections(results, rules, lang),
        *_overlay(care, towns, rules, lang),
        *_missing(results, lang),
    ]


def _tiers(results: Results, towns: Names, rules: Names, lang: str) -> Iterator[Section]:
    town = texts(results.inputs.communities["town"])
    for target, check in results.tiers.items():
        gaps = check.communities["gap"].replace("", "met")
        counted = pd.crosstab(town.reindex(gaps.index), gaps)
        shown = {"town": names_of(counted.index, towns)}
        shown |= {f"tier_{gap}": counted[gap].array for gap in _GAPS if gap in counted}
        between = "、" if lang == "zh" else ", "
        whole = between.join(f"{_say(f'tier_{g}', lang)} {n:,}" for g, n in gaps.value_counts().items())
        minutes = " / ".join(f"{m:g}" for m in check.minutes)
        line = _say("tiers_line", lang, minutes=minutes, target=rules.get(target, target), counts=whole)
        yield Section("tiers", pd.DataFrame(shown), (line,), page_rows=0)


_GAPS = ("met", "village_none", "village_far", "town_none", "town_far", "county_none", "county_far")


def _access(found: Access, towns: dict[str, str], lang: str) -> Section:
    asked, served = found.asked, found.served.communities
    near = served["people"].where(served["reachable"], 0)
    sums = served.assign(near=near).groupby(found.towns.reindex(served.index))[["people", "near", "served"]].sum()
    table = found.by_town.join(sums.add_prefix("sum_"))
    shown = {
        "town": names_of(table.index, towns),
        "wanting": table["sum_people"].array,
        "in_reach": table["sum_near"].array,
        "served": table["sum_served"].array,
        "access_mean": table["mean"].array,
        "access_worst": table["worst"].array,
        "gini": table["gini"].array,
        "theil": table["theil"].array,
    }
    lines = [
        _say("access_line", lang, name=getattr(asked, lang), people=int(served["people"].sum()),
             reachable=int(near.sum()), served=int(served["served"].sum()), share=percent(found.served.share),
             minutes=f"{asked.minutes:g}", capacity=int(found.served.sites["capacity"].sum())),
        _say("equity_line", lang, method=i18n.say(f"catchments.name_{asked.methods[0]}", lang),
             gini=f"{found.equity.gini:.3f}", theil=f"{found.equity.theil:.3f}",
             between=f"{found.equity.theil_between:.3f}",
             worst=f"{found.equity.worst:.3f}", mean=f"{found.equity.mean:.3f}"),
    ]  # fmt: skip
    return Section("access", pd.DataFrame(shown), tuple(lines))


def _beds(results: Results, area: str, lang: str) -> Told:
    plan, names = results.care.conversions[area], texts(results.inputs.facilities["name"])
    known = {**names_by_area(results.inputs.counties), CITY: i18n.say("report.city", lang)}
    (county,) = names_of([area], known)
    table = plan.rows[plan.rows["convert"] > 0].rename(
        columns={"share_before": "before_share", "share_after": "after_share"}
    )
    keys = ["county", "name", "beds", "nursing_beds", "convert", "cost_yuan", "before_share", "after_share"]
    shown = table.assign(county=county, name=names.reindex(table.index))[keys]
    if plan.cost_yuan is None:
        shown["cost_yuan"] = _say("no_data", lang)
    key = "beds_short" if plan.short else "beds_line" if plan.rows["convert"].sum() else "beds_met"
    yuan = _say("beds_no_yuan", lang) if plan.cost_yuan is None else _say("beds_yuan", lang, yuan=plan.cost_yuan)
    line = _say(key, lang, area=county, share=percent(plan.share),
                count=int(plan.rows["convert"].sum()), yuan=yuan, short=plan.short)  # fmt: skip
    return shown, [line]


def _rounds(results: Results, lang: str) -> Iterator[Section]:
    plan, territories = results.care.rounds, results.care.territories
    if plan is None or territories is None:
        return
    names = texts(results.inputs.facilities["name"])
    bases = plan.bases.join(territories.sites[["staff", "communities"]])
    keys = ["base", "communities", "people", "visits", "carers", "carers_bound", "gap", "staff", "carers_short",
            "travel_minutes", "unserved"]  # fmt: skip
    short = (bases["carers"] - bases["staff"]).clip(lower=0)
    shown = bases.assign(base=names.reindex(bases.index), carers_bound=bases["bound"], carers_short=short)[keys]
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
             people=int(rows["people"].sum()), nobody=int(rows["people"][rows["base"].isna()].sum()),
             farthest=_farthest_minutes(results)),
    ]  # fmt: skip
    yield Section("rounds", shown, tuple(lines), page_rows=10)
    homes = plan.communities
    few = _few(results, homes.index)
    told = {
        "community": homes.index, "name": texts(results.inputs.communities["name"]).array,
        "base": names.reindex(homes["base"]).array, "people": homes["people"].array, "visits": homes["visits"].array,
        "from_base": homes["from_base"].array, "within_share": homes["within"].astype(float).array,
        "worst_minutes": homes["worst"].astype(float).array,
    }  # fmt: skip
    if few.any():
        told |= {key: homes[key].astype("Float64").mask(few).array for key in ("people", "visits")}
    busiest = f"{territories.sites['load'].max():,.1f}"
    line = _say("territories_line", lang, load=f"{territories.evenest:,.1f}", busiest=busiest)
    yield Section("territories", pd.DataFrame(told), (line,), page_rows=0)


def _few(results: Results, homes: pd.Index) -> pd.Series:
    """The communities whose people of the rounds are not shown each by itself."""
    asked = results.study.file.rounds
    return results.hidden("" if asked is None else asked.people).reindex(homes, fill_value=False)


def _farthest_minutes(results: Results) -> float:
    """How far the study looks for a base."""
    rounds = results.study.file.rounds
    return math.inf if rounds is None else rounds.farthest_minutes


def _overlay(care: Care, towns: Names, rules: Names, lang: str) -> Iterator[Section]:
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
        lines.append(_say("unchecked", lang, rules=rules_said(care.overlay.unchecked, rules, lang)))
    lines += [
        _say("overlay_reported", lang, rule=rules_said([rule], rules, lang), cells=cells_of)
        for rule, cells_of in care.overlay.reported.items()
    ]
    removed = care.overlay.removed
    rules = {key: _say(f"removed_{key}", lang) for key in ("slope", "land_cover")} | dict(rules)
    shown = {"town": names_of(removed.index, towns), "cells": cells.groupby("town").size().reindex(removed.index).array}
    shown |= {"lawful_cells": cells.groupby("town")["lawful"].sum().reindex(removed.index).array}
    shown |= {
        f"{'would_remove' if rule in care.overlay.reported else 'removed'}@{rules.get(str(rule), rule)}": removed[
            rule
        ].array
        for rule in removed
    }
    yield Section("overlay", pd.DataFrame(shown), tuple(lines), page_rows=0)
    told = {
        "town": names_of(care.parcels["town"], towns),
        "quality": labels("report.quality_", care.parcels["quality"], lang),
    }
    parcels = care.parcels.rename_axis("id").reset_index().assign(**told)
    yield Section("parcels", pd.DataFrame(parcels)[["id", "town", "area_m2", "score", "quality"]], page_rows=0)


def _missing(results: Results, lang: str) -> Iterator[Section]:
    if results.care.missing:
        asked = {a.id: getattr(a, lang) for a in results.study.file.access}
        lines = tuple(
            _say("missing", lang, part=asked.get(p) or i18n.label("services", f"part_{p}", lang),
                 table=i18n.label("tables", t, lang), column=columns_label(c, lang))
            for p, t, c in results.care.missing
        )  # fmt: skip
        yield Section("not_computed", pd.DataFrame(), lines)
