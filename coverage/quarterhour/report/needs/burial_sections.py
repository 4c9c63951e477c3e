"""Burial places as tables of the workbook and the page: need by town, by form and period, and what covers it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import first_ids
from quarterhour.base.labels import names_of
from quarterhour.report.section import Section, labels, say_of
from quarterhour.services.graves import GraveDemand
from quarterhour.study.cards.names import names_by_area
from quarterhour.study.results import BurialBalance, Care, Results

_say = partial(say_of, "burial_sections")


def burial_sections(results: Results, rules: Mapping[str, str], lang: str) -> Iterator[Section]:
    """Sections of the need, of its forms and periods, and of the balance; none where the study asks for no graves."""
    if results.care.graves is None:
        return
    towns = names_by_area(results.inputs.towns)
    need = _need(results.care, results.care.graves, towns, rules, lang)
    yield replace(need, lines=(*need.lines, *_towns_told(results, results.care.graves, towns, lang)))
    yield _forms(results.care.graves, lang)
    if results.burial is not None:
        yield from _balance(results, results.burial, towns, lang)


def _need(care: Care, demand: GraveDemand, towns: Mapping[str, str], rules: Mapping[str, str], lang: str) -> Section:
    rows = demand.areas
    land = ("area_m2", "area_mu")
    shown = {"town": names_of(rows.index, towns)} | {
        c: _known(rows[c], lang) if c in land and rows[c].isna().any() else rows[c].array for c in rows
    }
    figures = ("；" if lang == "zh" else "; ").join(f"{rules.get(k, k)} {v:g}" for k, v in demand.figures.items())
    lines = [
        _say("graves_line", lang, dead=int(rows["dead"].sum()), first=demand.horizon.first, last=demand.horizon.last,
             graves=int(rows["graves"].sum()), niches=int(rows["niches"].sum()), others=int(rows["others"].sum()),
             sea=int(rows["sea"].sum())),
        _land_line(demand, lang),
        _say("graves_figures", lang, figures=figures),
    ]  # fmt: skip
    lines += [_say("graves_shared", lang)] if care.graves_shared_out else []
    lines += [_say("years_filled", lang, count=demand.years_filled)] if demand.years_filled else []
    return Section("graves", pd.DataFrame(shown), tuple(lines), page_rows=10)


def _towns_told(results: Results, demand: GraveDemand, towns: Mapping[str, str], lang: str) -> Iterator[str]:
    """Towns without deaths, towns that the study has not, and towns of which more graves move than there are."""
    asked, inputs = results.study.file.graves, results.inputs
    known = pd.Index(dict.fromkeys([*map(str, inputs.towns.index), *texts(inputs.communities["town"])])).drop(
        "", errors="ignore"
    )
    told = {"towns_unknown": demand.areas.index.difference(known, sort=False),
            "towns_without": known.difference(demand.areas.index, sort=False)}  # fmt: skip
    table = inputs.tables.get("" if asked is None else asked.table)
    if asked is not None and asked.moves is not None and table is not None and {"town", "backlog"} <= set(table):
        held = numbers(table["backlog"]).groupby(texts(table["town"])).sum().reindex(demand.areas.index)
        told["moves_beyond"] = demand.areas.index[demand.areas["backlog"] > held]
    for key, some in told.items():
        if len(some):
            yield _say(key, lang, towns=first_ids(names_of(some, towns), lang=lang))


def _land_line(demand: GraveDemand, lang: str) -> str:
    """The land, and between what it lies; which forms' land is not known."""
    if demand.unknown_land:
        named = labels("burial_sections.form_", demand.unknown_land, lang)
        return _say("land_unknown", lang, forms=("、" if lang == "zh" else ", ").join(named))
    land, mu = demand.areas["area_m2"].sum(), demand.areas["area_mu"].sum()
    said = {"hectares": f"{land / 10_000:,.1f}", "mu": f"{mu:,.0f}"}
    low, high = demand.land_m2
    if math.isnan(low + high):
        return _say("land_line", lang, **said)
    return _say("land_range", lang, **said, low=f"{low / 10_000:,.1f}", high=f"{high / 10_000:,.1f}")


def _forms(demand: GraveDemand, lang: str) -> Section:
    """All towns together: a row a level, form and period."""
    rows = demand.by_form
    spans = demand.horizon.periods
    shown = {
        "level": labels("burial_sections.level_", rows["level"], lang),
        "form": labels("burial_sections.form_", rows["form"], lang),
        "period": labels("burial_sections.period_", rows["period"], lang),
        "years": [_years(*spans[str(p)]) for p in rows["period"]],
        "dead": rows["dead"].array, "places": rows["places"].array, "area_m2": _known(rows["area_m2"], lang),
    }  # fmt: skip
    return Section("burial_forms", pd.DataFrame(shown), (_say("forms_line", lang),), page_rows=30)


def _years(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def _balance(results: Results, found: BurialBalance, towns: Mapping[str, str], lang: str) -> Iterator[Section]:
    """All towns together on the page, a row a town in the workbook."""
    plan = next((p.name(lang) for p in results.proposals if p.id == found.question), "")
    lines = [_say("balance_plan", lang, plan=plan) if plan else _say("balance_no_plan", lang)]
    unknown = sorted({str(p) for p in found.city.loc[found.city["towns_unknown"] > 0, "place"]})
    between = "、" if lang == "zh" else ", "
    if unknown:
        lines.append(_say("balance_unknown", lang, places=between.join(labels("burial_sections.place_", unknown, lang)),
                          columns=", ".join(f"free_{place}" for place in unknown)))  # fmt: skip
    yield Section("burial_balance", _balance_table(found.city, lang), tuple(lines), page_rows=30)
    table = _balance_table(found.towns, lang)
    table.insert(0, "town", names_of(found.towns["town"], towns))
    yield Section("burial_towns", table, page_rows=0)


def _known(values: pd.Series, lang: str) -> list[float | str]:
    """The figures; what nobody says in a word."""
    return [_say("no_data", lang) if pd.isna(value) else float(value) for value in values]


def _balance_table(rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    spans = zip(rows["first_year"], rows["last_year"], strict=True)
    shown = {
        "place": labels("burial_sections.place_", rows["place"], lang),
        "period": labels("burial_sections.period_", rows["period"], lang),
        "years": [_years(int(first), int(last)) for first, last in spans],
        **{
            c: _known(rows[c], lang)
            for c in ("needed", "area_m2", "needed_so_far", "standing", "built_so_far", "missing")
        },
        "missing_m2": _known(rows["missing_m2"], lang),
    }
    return pd.DataFrame(shown)
