"""The tables of the results, for workbook and page alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import QUALITIES, finding_sentences
from quarterhour.base.labels import counted_label, gap_percent, unit_label
from quarterhour.report.format import (
    Plan,
    area_labels,
    area_names,
    circle_name,
    figure,
    headed,
    labelled,
    labels,
    rounded_up,
    share_key,
    sites_by_quality,
    unit_labels,
)
from quarterhour.siting.explanation.headline import bound_name, goals_told
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.scorecard import Scorecard, closing_sentences, note_sentences
from quarterhour.standards.sensitivity import CoverageRange


def by_community(
    communities: pd.DataFrame,
    checks: Sequence[CircleCheck],
    ranges: Sequence[CoverageRange],
    names: Mapping[tuple[str, str], str],
    lang: str,
) -> pd.DataFrame:
    columns: dict[str, Any] = {"id": communities.index, "name": communities["name"].array}
    for level in ("town", "county"):
        if level in communities:
            columns[level] = area_labels(communities[level], level, names, lang)
    for people in dict.fromkeys(c.circle.people for c in checks):
        columns[people] = communities[people].array
    for check in checks:
        of, judged = circle_name(check, lang), check.communities.reindex(communities.index)
        columns[f"met@{of}"] = [bool(m) for m in judged["met"]]
        columns[f"minutes@{of}"] = judged["minutes"].round(2).array
        columns[f"nearest@{of}"] = judged["nearest"].array
        columns[f"reason@{of}"] = labels("reason", judged["reason"], lang)
    for known in ranges:
        of, found = known.circle.name(lang), known.communities.reindex(communities.index)
        columns[f"covered_when@{of}"] = labelled("sensitivity", found["covered"], lang)
        columns[f"flip_factor@{of}"] = [rounded_up(f) for f in found["flip_factor"]]
    columns["quality"] = labels("quality", communities["quality"], lang)
    return headed(columns, lang)


def by_area(checks: Sequence[CircleCheck], level: str, names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    tables = [c.shares[c.shares["level"].isin([level, "city"])].set_index("area") for c in checks]
    areas = tables[0].index if tables else pd.Index([])
    columns: dict[str, Any] = {"id": areas, "name": area_labels(areas, level, names, lang)}
    for check, table in zip(checks, tables, strict=True):
        of, here = circle_name(check, lang), table.reindex(areas)
        columns[f"communities@{of}"] = here["communities"].array
        columns[f"communities_met@{of}"] = here["communities_met"].array
        columns[f"people@{of}"] = here["people"].array
        columns[f"people_met@{of}"] = here["people_met"].array
        columns[f"share_people_share@{of}"] = here["share_people"].array
    return headed(columns, lang).rename(columns=lambda c: share_key(c))


def summary_table(scorecard: Scorecard, lang: str) -> pd.DataFrame:
    table = scorecard.summary()
    return headed(
        {
            "target": table["target"],
            "name": table[lang],
            "level": labels("level", table["level"], lang),
            "areas": table["areas"],
            "areas_met": table["areas_met"],
            "areas_unmet": table["areas_unmet"],
            "areas_no_data": table["areas_no_data"],
            "value": [figure(v, u) for v, u in zip(table["value"], table["unit"], strict=True)],
            "threshold": [figure(v, u) for v, u in zip(table["threshold"], table["unit"], strict=True)],
            "unit": unit_labels(table["unit"], lang),
            "binding": [bool(b) for b in table["binding"]],
            "note": note_sentences(table, lang),
            **_cited(table),
        },
        lang,
    )


def score_table(scorecard: Scorecard, lang: str) -> pd.DataFrame:
    rows = scorecard.rows
    names = area_names(scorecard)
    return headed(
        {
            "target": rows["target"],
            "name": rows[lang],
            "level": labels("level", rows["level"], lang),
            "area": rows["area"],
            "area_name": [i18n.say("report.city", lang) if a == "city" else n
                          for a, n in zip(rows["area"], rows["area_name"], strict=True)],
            "county": area_labels(rows["county"], "county", names, lang),
            "value": rows["value"],
            "threshold": rows["threshold"],
            "missing": rows["missing"],
            "closing": closing_sentences(rows, lang),
            "unit": unit_labels(rows["unit"], lang),
            "met": labels("met", ["no_data" if pd.isna(m) else str(bool(m)).lower() for m in rows["met"]], lang),
            "binding": [bool(b) for b in rows["binding"]],
            "synthetic_share": rows["synthetic_share"],
            "estimated_share": rows["estimated_share"],
            "note": note_sentences(rows, lang),
        },
        lang,
    )  # fmt: skip


def _cited(table: pd.DataFrame) -> dict[str, Any]:
    return {
        "clause": table["clause"],
        "source": table["source"],
        "date": table["date"],
        "verified": [bool(v) for v in table["verified"]],
    }


# A share of each plan that the plan itself does not hold (covered of demand) is said as two counts.
def plan_table(plans: Sequence[Plan], lang: str) -> pd.DataFrame:
    rows = [plan_row(q, plan, lang) | _rests_on(plan, sites) for q, plan, sites, _ in plans]
    keys = ["id", "name", "objective", "status", "new_sites", "plan_value", "bound", "gap", "counted", "covered_before",
            "covered", "reachable", "demand_total", "unmet_quotas", "proved_by",
            *(f"sites_{q}" for q in QUALITIES)]  # fmt: skip
    return headed({k: [r[k] for r in rows] for k in keys}, lang)


def plan_row(question: Mapping[str, str], plan: SitingPlan, lang: str) -> dict[str, Any]:
    return {
        "id": question["id"],
        "name": question[lang],
        "objective": goals_told(plan, lang),
        "status": i18n.say(f"report.status_{plan.status}", lang),
        "new_sites": len(plan.chosen),
        "plan_value": plan.value,
        "bound": plan.bound,
        "gap": plan.gap,
        "counted": counted_label(plan.unit, lang),
        "unit": unit_label(plan.unit, lang),
        "covered_before": plan.covered_before,
        "covered": plan.covered,
        "reachable": plan.reachable,
        "demand_total": plan.demand_total,
        "unmet_quotas": len(plan.unmet),
        "proved_by": plan.proved_by,
    }


def plan_line(question: Mapping[str, str], plan: SitingPlan, lang: str) -> str:
    row = plan_row(question, plan, lang)
    if plan.status in ("infeasible", "no_plan"):
        why = [r.told(lang) for r in plan.reasons]
        between = "" if lang == "zh" else " "
        return between.join([i18n.say("report.plan_none", lang, **row), *(t[:1].upper() + t[1:] for t in why)])
    unit = {"equity": "share", "gini": "coefficient"}.get(plan.objective, "")
    said = {"bound": figure(plan.bound, unit), "value": figure(plan.value, unit), "gap": gap_percent(plan.gap)}
    said["bound_name"] = bound_name(plan, lang)
    unmet = i18n.say("report.plan_unmet_count", lang, count=len(plan.unmet)) if len(plan.unmet) else ""
    key = "report.plan_line_room" if plan.placed else "report.plan_line"
    return i18n.say(key, lang, **{**row, **said, "unmet": unmet})


def _rests_on(plan: SitingPlan, sites: pd.DataFrame) -> dict[str, int]:
    return {f"sites_{quality}": count for quality, count in sites_by_quality(plan, sites).items()}


def site_table(plans: Sequence[Plan], names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    keys = ["question", "order", "id", "name", "town", "county", "gain", "counted", "why", "state", "quality"]
    rows = [r for question, plan, sites, _ in plans for r in _site_rows(question, plan, sites, lang)]
    table = {k: [r[k] for r in rows] for k in keys}
    for level in ("town", "county"):
        table[level] = area_labels(table[level], level, names, lang)
    return headed(table, lang)


def _site_rows(question: Mapping[str, str], plan: SitingPlan, sites: pd.DataFrame, lang: str) -> list[dict[str, Any]]:
    made = []
    for order, site in enumerate(plan.chosen, start=1):
        row = sites.loc[site]
        made.append({
            "question": question[lang], "order": order, "id": site, "name": row["name"],
            "town": row.get("town", ""), "county": row.get("county", ""), "gain": plan.gain.get(site),
            "counted": counted_label(plan.unit, lang),
            "why": "" if plan.gain.get(site) else i18n.say("report.for_quota", lang),
            "state": labels("state", [row.get("state", "")], lang)[0],
            "quality": labels("quality", [row.get("quality", "")], lang)[0],
        })  # fmt: skip
    return made


def unmet_table(plans: Sequence[Plan], names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    keys = ["level", "area", "minimum", "open", "candidates", "reason"]
    parts = [plan.unmet.reindex(columns=keys).assign(question=question[lang]) for question, plan, _, _ in plans]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "question"])
    area_names = [area_labels([a], str(v), names, lang)[0] for a, v in zip(table["area"], table["level"], strict=True)]
    columns = {"question": table["question"], "level": labels("level", table["level"], lang), "area": table["area"]}
    columns |= {"area_name": area_names, "minimum": table["minimum"], "open": table["open"]}
    reasons = labels("unmet", table["reason"], lang)
    return headed(columns | {"candidates": table["candidates"], "reason": reasons}, lang)


def ledger_table(plans: Sequence[Plan], lang: str) -> pd.DataFrame:
    keys = ["candidate", "rule", "distance_m", "required_m", "clause", "nearest"]
    parts = [ledger.reindex(columns=keys).assign(question=q[lang]) for q, _, _, ledger in plans if len(ledger)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "question"])
    return headed({k: table[k] for k in ["question", *keys]}, lang)


def quality_table(quality: pd.DataFrame, lang: str) -> pd.DataFrame:
    columns: dict[str, Any] = {"table": labelled("tables", quality["table"], lang)}
    if "rows" in quality:
        columns["rows"] = quality["rows"].array
    columns |= {f"{q}_share": quality[q].array for q in QUALITIES}
    return headed(columns, lang)


def finding_table(findings: pd.DataFrame, lang: str) -> pd.DataFrame:
    columns: dict[str, Any] = {"severity": labels("severity", findings["severity"], lang)}
    columns["sentence"] = finding_sentences(findings, lang).tolist() if len(findings) else []
    for name in ("table", "file", "sheet", "row", "column", "id", "value"):
        columns[name] = findings[name].tolist()
    return headed(columns, lang)
