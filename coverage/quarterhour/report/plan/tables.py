"""The tables that a layout plan is handed in with, out of its layout and the results alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.labels import counted_label, qualities_shown
from quarterhour.report.papers.static_maps import plan_minutes, plan_mode
from quarterhour.report.plan.burial_tables import burial_table, form_table, grave_table
from quarterhour.report.plan.shown import NOT_OF_IT, PlanTable, heads_of
from quarterhour.report.plan.told import Told, area_table, made_table
from quarterhour.report.section import labels
from quarterhour.study.layout.facilities import BUILD, CLOSE, EXTEND, KEEP, NEAR, TREATMENTS
from quarterhour.study.layout.groups import CEMETERY, INSTITUTIONS

_BEDS = ("beds", "nursing_beds", "beds_now", "nursing_now")
CIRCLE_PARTS = ("people", "met", "outside", "villages_outside", "share", "after_share")
_PLANNED = ("number", "name", "town", "county", "kind", "level", "treatment", "land_m2", "floor_m2", "beds",
            "nursing_beds", "graves", "period", "year", "yuan", "running_yuan", "staff", "body", "gain", "unit",
            "quality")  # fmt: skip
_PLANNED_KEPT = ("number", "name", "town", "kind", "treatment", "land_m2", "floor_m2", "beds", "nursing_beds", "graves",
                 "period", "year", "yuan", "body")  # fmt: skip


def plan_tables(told: Told) -> list[PlanTable]:
    """Every table of a plan, in the order in which they are handed in."""
    return [
        indicator_table(told),
        layout_table(told),
        people_table(told),
        forecast_table(told),
        balance_table(told),
        service_table(told),
        grave_table(told),
        form_table(told),
        burial_table(told),
        planned_table(told),
        near_table(told),
        year_table(told),
        money_table(told),
        present_table(told),
        circle_table(told),
        question_table(told),
        quality_rows(told),
    ]


# --- indicators and layout ------------------------------------------------------------------------


def indicator_table(told: Told) -> PlanTable:
    """Base, near term and horizon of each indicator, binding or expected."""
    rows, lang = told.layout.indicators, told.lang
    table = pd.DataFrame({
        "name": [_indicator_name(told, row) for row in rows.to_dict("records")],
        "unit": labels("scorecard.unit_", rows["unit"], lang),
        "base": rows["base"].array, "near": rows["near"].array, "far": rows["far"].array,
        "nature": [told.say("binding" if binding else "expected") for binding in rows["binding"]],
        "basis": [told.say("by_rule" if what == "rule" else "by_plan") for what in rows["what"]],
        "source": [source or told.say("by_plan") for source in rows["source"]],
        "document": [document or NOT_OF_IT for document in rows["document"]],
    })  # fmt: skip
    heads = heads_of(list(map(str, table)), lang, **_year_heads(told))
    shares = tuple(unit == "share" for unit in rows["unit"])
    return made_table(
        told,
        "indicators",
        table,
        heads,
        shares=shares,
        figures=("base", "near", "far"),
        kept=("name", "unit", "base", "near", "far", "nature", "basis"),
    )


def _year_heads(told: Told) -> dict[str, str]:
    return {key: told.say(f"col_{key}", year=year) for key, year in told.years.items()}


def _indicator_name(told: Told, row: Mapping[Any, Any]) -> str:
    own = row["zh"] if told.lang == "zh" else row["en"]
    return told.say(f"indicator_{row['what']}", name=told.kind(row["of"]) if row["what"] == "kind" else own)


def layout_table(told: Told) -> PlanTable:
    """How many of each kind stand, what becomes of them, and how many there are then."""
    facilities, groups = told.layout.facilities, told.layout.groups
    rows = []
    for kind in groups.order():
        mine = facilities[facilities["kind"].eq(kind)]
        if len(mine):
            level = next(iter(mine["level"]), "")
            rows.append({"group": told.say(f"group_{groups.group_of()[kind]}"), "kind": told.kind(kind),
                         "level": told.say(f"level_{level}") if level else None, **_counted(mine)})  # fmt: skip
    keys = ("group", "kind", "level", "now", *TREATMENTS, "after")
    table = pd.DataFrame(rows, columns=list(keys))
    return made_table(told, "layout", table, heads_of(keys, told.lang), kept=keys[1:])


def _counted(rows: pd.DataFrame) -> dict[str, int]:
    counts = {name: int(rows["treatment"].eq(name).sum()) for name in TREATMENTS}
    return {"now": len(rows) - counts[BUILD], **counts, "after": len(rows) - counts[CLOSE]}


# --- areas ----------------------------------------------------------------------------------------


def people_table(told: Told) -> PlanTable:
    """Older people by area, and how dense they live."""
    return area_table(told, "people", ["communities", "older", "area_km2", "older_per_km2"])


def balance_table(told: Told) -> PlanTable:
    """Beds: need and balance by area, today and in the years of the forecast."""
    keys = ["older", "beds_now", "nursing_now", "beds_unknown", "beds_need", "beds_balance", "institutions_now",
            "institutions_new", "institutions_after", "converted", "convert_yuan", "beds", "nursing_beds"]  # fmt: skip
    keys += [f"{k}_{when}" for when in ("near", "far") for k in ("older", "beds_need", "beds_balance")]
    return area_table(told, "balance", keys, left_out=("_unknown", "_yuan", "institutions_new"))


def service_table(told: Told) -> PlanTable:
    """Community facilities and circles by area, today and after the plan."""
    keys, heads = ["community_now", "community_new", "community_after"], {}
    for check in told.results.checks:
        circle = check.circle
        for part in CIRCLE_PARTS:
            key = f"{circle.id}_{part}"
            keys.append(key)
            heads[key] = told.say(f"of_circle_{part}", name=circle.name(told.lang),
                                  people=counted_label(circle.people, told.lang))  # fmt: skip
    return area_table(told, "services", keys, heads, left_out=("_met", "_villages_outside"))


def forecast_table(told: Told) -> PlanTable:
    """People of each group by area and year: low, middle, high."""
    rows = told.layout.forecast
    levels = rows["level"].tolist()
    table = pd.DataFrame({
        "level": [told.say(f"level_{level}") for level in levels],
        "name": [told.areas([area], level)[0] for area, level in zip(rows["area"], levels, strict=True)],
        "forecast_group": labels("forecast_sections.group_", rows["group"], told.lang),
        "year": rows["year"].array, "low": rows["low"].array, "middle": rows["middle"].array,
        "high": rows["high"].array,
    })  # fmt: skip
    paper = tuple(level != "town" for level in levels)
    return made_table(told, "forecast", table, heads_of(list(map(str, table)), told.lang), paper=paper)


# --- facilities -----------------------------------------------------------------------------------


def facility_rows(told: Told, rows: pd.DataFrame) -> pd.DataFrame:
    """Facilities in words; a figure that has no meaning for a kind is a dash, one that nobody knows is missing."""
    made = {
        "number": rows["number"].array,
        "site": rows["site"].array,
        "name": [_facility_name(told, row) for row in rows[["name", "kind", "treatment"]].to_dict("records")],
        "town": told.areas(rows["town"], "town"),
        "county": told.areas(rows["county"], "county"),
        "kind": [told.kind(kind) for kind in rows["kind"]],
        "level": [told.say(f"level_{level}") if level else None for level in rows["level"]],
        "treatment": [told.say(f"treatment_{t}") for t in rows["treatment"]],
        "period": [told.say(f"period_{p}") for p in _periods(rows)],
        "year": _dashed(rows["year"], rows["treatment"].eq(KEEP)),
        "yuan": _dashed(rows["yuan"], rows["treatment"].eq(KEEP)),
        "body": [body or None for body in rows["body"]],
        "gain": _dashed(rows["gain"], ~rows["treatment"].isin([BUILD, EXTEND])),
        "unit": [counted_label(unit, told.lang) if unit else NOT_OF_IT for unit in rows["unit"]],
        "quality": labels("report.quality_", rows["quality"], told.lang),
        **{key: _dashed(rows[key], rows["group"].ne(INSTITUTIONS)) for key in _BEDS},
        **{key: _dashed(rows[key], rows["treatment"].eq(KEEP)) for key in ("running_yuan", "staff")},
        **{key: rows[key].array for key in ("land_m2", "floor_m2")},
        "graves": _dashed(rows["graves"], rows["group"].ne(CEMETERY)),
    }
    return pd.DataFrame(made, index=rows.index)


def _periods(rows: pd.DataFrame) -> list[str]:
    kept = rows["treatment"].eq(KEEP)
    return ["kept" if keep else period for keep, period in zip(kept, rows["period"], strict=True)]


def _dashed(values: pd.Series, where: pd.Series) -> list[Any]:
    return [NOT_OF_IT if dash else None if pd.isna(v) else float(v) for v, dash in zip(values, where, strict=True)]


def _facility_name(told: Told, row: Mapping[Any, Any]) -> str:
    """A standing facility's own name; a new one by the place that it is proposed at."""
    if row["treatment"] != BUILD:
        return str(row["name"])
    return told.say("new_name", place=row["name"], kind=told.kind(row["kind"]))


def planned_table(told: Told) -> PlanTable:
    """Every facility of the plan with what becomes of it; in the text the institutions and all that changes."""
    rows = told.layout.facilities
    table = facility_rows(told, rows)[list(_PLANNED)]
    paper = (rows["treatment"].ne(KEEP) | rows["group"].eq(INSTITUTIONS)).tolist()
    return made_table(told, "planned", table, heads_of(_PLANNED, told.lang), kept=_PLANNED_KEPT, paper=tuple(paper))


def near_table(told: Told) -> PlanTable:
    """What is built, altered or enlarged in the near term, by year; what has no year stands last."""
    rows = told.layout.facilities
    soon = rows[rows["treatment"].ne(KEEP) & (rows["period"].eq(NEAR) | rows["year"].isna())]
    soon = soon.sort_values(["year", "number"], kind="stable", na_position="last")
    keys = ["year", "number", "name", "town", "county", "kind", "treatment", "beds", "graves", "yuan", "gain", "unit"]
    return made_table(told, "near", facility_rows(told, soon)[keys], heads_of(keys, told.lang))


def year_table(told: Told) -> PlanTable:
    """Sites by year, kind and county, with money and staff where the results have a programme."""
    rows = told.layout.facilities
    some = rows[rows["treatment"].ne(KEEP)].assign(year=lambda t: t["year"].fillna(9999))
    keys = ["year", "kind", "treatment", "sites", "gain", "unit", "yuan"]
    made = []
    for (year, kind, treatment), mine in some.groupby(["year", "kind", "treatment"], sort=True):
        whole = mine["yuan"].notna().all()
        units = sorted(set(mine["unit"]) - {""})
        made.append({"year": None if year == 9999 else float(year), "kind": told.kind(str(kind)),
                     "treatment": told.say(f"treatment_{treatment}"), "sites": len(mine),
                     "gain": float(mine["gain"].sum()) if units and mine["gain"].notna().all() else NOT_OF_IT,
                     "unit": "、".join(counted_label(u, told.lang) for u in units) or NOT_OF_IT,
                     "yuan": float(mine["yuan"].sum()) if whole else None})  # fmt: skip
    table = pd.DataFrame(made, columns=keys)
    return made_table(told, "years", table, heads_of(keys, told.lang))


def money_table(told: Told) -> PlanTable:
    """Money, staff, beds and people by fiscal year, county and question, as the results' programme has them."""
    keys = ["year", "county", "question", "sites", "capital_yuan", "running_yuan", "staff", "beds", "people"]
    programme = told.results.programme
    rows = pd.DataFrame(columns=keys) if programme is None else programme.years
    asked = {p.id: p.name(told.lang) for p in told.results.proposals}
    figures = {key: [None if pd.isna(v) else float(v) for v in rows[key]] for key in ("year", *keys[3:])}
    names = {"county": told.areas(rows["county"], "county"), "question": [asked.get(q, q) for q in rows["question"]]}
    return made_table(told, "money", pd.DataFrame({**figures, **names})[keys], heads_of(keys, told.lang))


def present_table(told: Told) -> PlanTable:
    """What stands today."""
    rows = told.layout.facilities
    rows = rows[rows["treatment"].ne(BUILD)].sort_values(["county", "town", "number"], kind="stable")
    keys = ["number", "name", "town", "county", "kind", "level", "beds_now", "nursing_now", "land_m2", "floor_m2",
            "graves", "quality"]  # fmt: skip
    paper = tuple(rows["group"].eq(INSTITUTIONS))
    return made_table(told, "present", facility_rows(told, rows)[keys], heads_of(keys, told.lang), paper=paper)


# --- what lies behind -----------------------------------------------------------------------------


def circle_table(told: Told) -> PlanTable:
    """The circles in figures: today, and when the plan is built."""
    city, rows = told.layout.areas.iloc[0], []
    for check in told.results.checks:
        circle = check.circle
        row = {"name": circle.name(told.lang), "kinds": told.say("kinds_between").join(map(told.kind, circle.kinds)),
               "mode": check.mode_name(told.lang), "minutes": circle.minutes,
               "people_name": counted_label(circle.people, told.lang)}  # fmt: skip
        rows.append(row | {part: city.get(f"{circle.id}_{part}") for part in CIRCLE_PARTS})
    keys = ["name", "kinds", "mode", "minutes", "people_name", *CIRCLE_PARTS]
    return made_table(told, "circles", pd.DataFrame(rows, columns=keys), heads_of(keys, told.lang))


def question_table(told: Told) -> PlanTable:
    """The siting questions about the plan's kinds that have a plan: what they build, whom it covers or places."""
    known, rows = told.layout.groups.group_of(), []
    for p in told.results.proposals:
        if p.kind in known and len(p.plan.chosen):
            years = sorted(p.years.values())
            first, last = (str(years[0]), str(years[-1])) if years else (None, None)
            rows.append({"name": p.name(told.lang), "kind": told.kind(p.kind), "sites": len(p.new_sites),
                         "mode": told.results.study.mode_name(plan_mode(told.results, p), told.lang),
                         "minutes": plan_minutes(told.results, p), "first_year": first, "last_year": last,
                         "before": p.plan.before, "covered": p.plan.covered, "total": p.plan.demand_total,
                         "unit": counted_label(p.plan.unit, told.lang)})  # fmt: skip
    keys = ["name", "kind", "sites", "mode", "minutes", "first_year", "last_year", "before", "covered", "total", "unit"]
    return made_table(told, "questions", pd.DataFrame(rows, columns=keys), heads_of(keys, told.lang))


def quality_rows(told: Told) -> PlanTable:
    """Rows of each table, and how much of it is fact, estimated, made up."""
    quality = told.results.inputs.quality
    table = pd.DataFrame({"table": [i18n.label("tables", str(t), told.lang) for t in quality["table"]],
                          "rows": quality["rows"].array,
                          **{f"{q}_share": quality[q].array for q in qualities_shown(quality)}})  # fmt: skip
    return made_table(told, "quality", table, heads_of(list(map(str, table)), told.lang))
