"""The tables of the results, for workbook and page alike, and what they rest on in a sentence."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import QUALITIES, UNSTATED, finding_sentences
from quarterhour.base.labels import (
    counted_label,
    gap_percent,
    percent,
    qualities_shown,
    unit_label,
    unstated_said,
)
from quarterhour.report.section import (
    area_columns,
    circle_name,
    figures,
    headed,
    labels,
    level_said,
    levels,
    named_areas,
    rounded_up,
    thresholds,
)
from quarterhour.siting.explanation.headline import bound_name, figure_phrase, goal_sentences
from quarterhour.siting.question.levels import PLACE, must_be_built
from quarterhour.standards.circle import CircleCheck, reach_classes
from quarterhour.standards.levels import AREA_COLUMNS, UNIT
from quarterhour.standards.scorecard import Scorecard, closing_sentences, note_sentences
from quarterhour.standards.sensitivity import CoverageRange
from quarterhour.study.cards.names import area_labels, scored_names
from quarterhour.study.results import Proposal


def by_community(
    communities: pd.DataFrame,
    checks: Sequence[CircleCheck],
    ranges: Sequence[CoverageRange],
    names: Mapping[tuple[str, str], str],
    lang: str,
) -> pd.DataFrame:
    columns: dict[str, Any] = {"id": communities.index, "name": communities["name"].array}
    columns |= area_columns(communities, tuple(AREA_COLUMNS), names, lang)
    for people in dict.fromkeys(c.circle.people for c in checks):
        columns[people] = communities[people].array
    for check in checks:
        of, judged = circle_name(check, lang), check.communities.reindex(communities.index)
        columns[f"met@{of}"] = [bool(m) for m in judged["met"]]
        columns[f"minutes@{of}"] = judged["minutes"].round(2).array
        columns[f"nearest@{of}"] = area_labels(judged["nearest"], "facility", names, lang)
        columns[f"reason@{of}"] = labels("report.reason_", judged["reason"], lang)
    for known in ranges:
        of, found = known.circle.name(lang), known.communities.reindex(communities.index)
        columns[f"covered_when@{of}"] = labels("sensitivity.", found["covered"], lang)
        columns[f"flip_factor@{of}"] = [rounded_up(f) for f in found["flip_factor"]]
    columns["quality"] = labels("report.quality_", communities["quality"], lang)
    return headed(columns, lang)


def by_area(checks: Sequence[CircleCheck], level: str, names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    tables = [c.shares[c.shares["level"].isin([level, "city"])].set_index("area") for c in checks]
    areas = tables[0].index if tables else pd.Index([])
    columns: dict[str, Any] = {"id": areas, "name": area_labels(areas, level, names, lang)}
    for check, table in zip(checks, tables, strict=True):
        of, here = circle_name(check, lang), table.reindex(areas)
        for key in ("communities", "communities_met", "people", "people_met"):
            columns[f"{key}@{of}"] = here[key].array
        shares = pd.concat([check.shown_shares(level), check.shown_shares("city")])
        columns[f"share_people_share@{of}"] = shares.reindex(areas).array
        if table["people"].isna().any():
            columns[f"reach_class@{of}"] = labels("circle.reach_", reach_classes(table).reindex(areas), lang)
    return headed(columns, lang)


def summary_table(scorecard: Scorecard, lang: str) -> pd.DataFrame:
    table = scorecard.summary()
    told: dict[str, Any] = {
        "name": table[lang],
        "level": levels(table, lang),
        "value": figures(table, "value"),
        "threshold": thresholds(table, lang),
        "unit": labels("scorecard.unit_", table["unit"], lang),
        "note": note_sentences(table, lang),
    }
    keys = ["name", "level", "areas", "areas_met", "areas_unmet", "areas_no_data", "value", "threshold", "unit",
            "binding", "note", "clause", "source", "date", "verified", "target"]  # fmt: skip
    return headed(table.assign(**told)[keys], lang)


def score_table(scorecard: Scorecard, lang: str) -> pd.DataFrame:
    rows = scorecard.rows
    met = ["no_data" if pd.isna(m) else str(bool(m)).lower() for m in rows["met"]]
    told: dict[str, Any] = {
        "name": rows[lang],
        "level": levels(rows, lang),
        "area_name": named_areas(rows, lang),
        "county": area_labels(rows["county"], "county", scored_names(scorecard), lang),
        "closing": closing_sentences(rows, lang),
        "unit": labels("scorecard.unit_", rows["unit"], lang),
        "met": labels("report.met_", met, lang),
        "note": note_sentences(rows, lang),
    }
    keys = ["name", "level", "area_name", "county", "value", "threshold", "missing", "closing", "unit", "met",
            "binding", "synthetic_share", "estimated_share", "note", "target", "area"]  # fmt: skip
    if rows["unstated_share"].gt(0).any():
        keys.insert(keys.index("note"), "unstated_share")
    return headed(rows.assign(**told)[keys], lang)


# A share of each plan that the plan itself does not hold (covered of demand) is said as two counts.
def plan_table(plans: Sequence[Proposal], lang: str) -> pd.DataFrame:
    keys = ["name", "objective", "status", "new_sites", "plan_value", "bound", "gap", "counted", "before", "covered",
            "demand_total", "standing_reach", "reachable", "unmet_quotas"]  # fmt: skip
    rows = [plan_row(p, lang) | {f"sites_{q}": n for q, n in p.sites_by_quality.items()} for p in plans]
    table = pd.DataFrame(rows, columns=[*keys, *(f"sites_{q}" for q in QUALITIES)])
    shown = [f"sites_{q}" for q in qualities_shown(table, "sites_{}")]
    return headed(table[[*keys, *shown]], lang)


def plan_row(p: Proposal, lang: str) -> dict[str, Any]:
    own = {key: getattr(p.plan, key) for key in
           ("bound", "gap", "before", "covered", "reachable", "demand_total")}  # fmt: skip
    return {
        "name": p.name(lang),
        "objective": goal_sentences(p.plan, lang),
        "status": i18n.say(f"report.status_{p.plan.status}", lang),
        "new_sites": len(p.plan.chosen),
        "plan_value": p.plan.value,
        "counted": counted_label(p.plan.unit, lang),
        "unit": unit_label(p.plan.unit, lang),
        "unmet_quotas": len(p.plan.unmet),
        # Without a capacity who is in reach is covered: one count, told once.
        "standing_reach": p.plan.covered_before if p.plan.placed else None,
        **own,
    }


def plan_line(p: Proposal, lang: str) -> str:
    plan, row = p.plan, plan_row(p, lang)
    if plan.status in ("infeasible", "no_plan"):
        why = [r.sentence(lang) for r in plan.reasons]
        between = "" if lang == "zh" else " "
        return between.join([i18n.say("report.plan_none", lang, **row), *(t[:1].upper() + t[1:] for t in why)])
    said = {name: figure_phrase(plan.objective, getattr(plan, name)) for name in ("bound", "value")}
    said["gap"] = gap_percent(plan.gap)
    said["bound_name"] = bound_name(plan, lang)
    unmet = i18n.say("report.plan_unmet_count", lang, count=len(plan.unmet)) if len(plan.unmet) else ""
    said["rise"] = i18n.say("report.plan_rise", lang, before=plan.before) if plan.before is not None else ""
    key = "report.plan_line_room" if plan.placed else "report.plan_line"
    return i18n.say(key, lang, **{**row, **said, "unmet": unmet})


def quota_line(p: Proposal, lang: str) -> str:
    """To which areas a question's quotas are, and how many sites each asks for; "" without any."""
    of_areas = [quota for quota in p.problem.quotas if quota.level != PLACE]
    classes, said = p.quota_classes or ((),) * len(of_areas), []
    for quota, to in zip(of_areas, classes, strict=True):
        key = "at_least" if quota.maximum is None else "at_most" if not quota.minimum else "between"
        bounds = {"minimum": quota.minimum, "maximum": quota.maximum, "count": len(quota.areas)}
        one = i18n.say(f"report.quota_{key}", lang, level=level_said(quota.level, to, lang), **bounds)
        groups = len(set(quota.group_of.values()) & set(quota.areas))
        said.append(i18n.say("report.quota_shared", lang, said=one, count=groups) if groups else one)
    if must := must_be_built(p.problem):
        said.append(i18n.say("report.quota_places", lang, count=len(must)))
    return i18n.say("report.quotas", lang, said=i18n.say("report.between", lang).join(said)) if said else ""


def site_table(plans: Sequence[Proposal], names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    keys = ["question", "order", "year", "name", "town", "county", UNIT, "gain", "counted", "why", "state", "quality",
            "id"]  # fmt: skip
    if not any(UNIT in p.sites for p in plans):
        keys.remove(UNIT)
    if not any(p.years for p in plans):
        keys.remove("year")
    table = pd.DataFrame([row for p in plans for row in _site_rows(p, lang)], columns=keys, dtype=object)
    told: dict[str, Any] = dict(area_columns(table, ("town", "county", "unit"), names, lang))
    told |= {key: labels(f"report.{key}_", table[key], lang) for key in ("state", "quality")}
    return headed(table.assign(**told), lang)


def _site_rows(p: Proposal, lang: str) -> Iterator[dict[str, Any]]:
    counted, quota = counted_label(p.plan.unit, lang), i18n.say("report.for_quota", lang)
    years, must = p.years, must_be_built(p.problem)
    for order, site in enumerate(p.plan.chosen, start=1):
        gain = p.plan.gain.get(site)
        row = {
            "question": p.name(lang),
            "order": order,
            "year": str(years.get(site, "")),
            "id": site,
            "gain": gain,
            "counted": counted,
        }
        own = {key: p.sites.loc[site].get(key, "") for key in ("name", "town", "county", UNIT, "state", "quality")}
        if must and p.problem.sites.at[site, PLACE] in must:
            own["state"] = "required"
        yield {**row, **own, "why": "" if gain else quota}


def unmet_table(plans: Sequence[Proposal], names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    keys = ["question", "level", "area_name", "minimum", "open", "candidates", "reason"]
    table = _of_plans(plans, [p.plan.unmet for p in plans], [*keys, "area"], lang)
    told: dict[str, Any] = {
        "area_name": [area_labels([a], str(v), names, lang)[0]
                      for a, v in zip(table["area"], table["level"], strict=True)],
        "level": labels("report.level_", table["level"], lang),
        "reason": labels("report.unmet_", table["reason"], lang),
    }  # fmt: skip
    return headed(table.assign(**told)[keys], lang)


def ledger_table(plans: Sequence[Proposal], rules: Mapping[str, str], lang: str) -> pd.DataFrame:
    """What speaks against each candidate, and whether that removed it.

    ``rules``: names of rules by id; the ids stay beside them, for whoever looks them up.
    """
    keys = ["question", "candidate", "rule", "effect", "distance_m", "required_m", "clause", "nearest"]
    excludes, reports = (i18n.say(f"report.effect_{effect}", lang) for effect in ("excludes", "reports"))
    both = [pd.concat([_effect(p.ledger, excludes), _effect(p.reported, reports)], ignore_index=True) for p in plans]
    table = _of_plans(plans, both, keys, lang)
    table["rule_id"] = table["rule"]
    told = [rules.get(str(rule), i18n.label("tables", str(rule), lang)) for rule in table["rule"]]
    return headed(table.assign(rule=told), lang)


def _effect(ledger: pd.DataFrame, effect: str) -> pd.DataFrame:
    return ledger.assign(effect=pd.Series(effect, index=ledger.index, dtype="str"))


def _of_plans(plans: Sequence[Proposal], tables: Sequence[pd.DataFrame], keys: list[str], lang: str) -> pd.DataFrame:
    """A table of each plan under the other, its question before it."""
    parts = [t.assign(question=p.name(lang)).reindex(columns=keys) for p, t in zip(plans, tables, strict=True)]
    some = [part for part in parts if len(part)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame(columns=keys)


def quality_table(quality: pd.DataFrame, lang: str) -> pd.DataFrame:
    columns: dict[str, Any] = {"table": labels("tables.", quality["table"], lang)}
    if "rows" in quality:
        columns["rows"] = quality["rows"].array
    columns |= {f"{q}_share": quality[q].array for q in qualities_shown(quality)}
    return headed(columns, lang)


def finding_table(findings: pd.DataFrame, lang: str) -> pd.DataFrame:
    told: dict[str, Any] = {
        "severity": labels("report.severity_", findings["severity"], lang),
        "sentence": finding_sentences(findings, lang),
    }
    keys = ["severity", "sentence", "table", "file", "sheet", "row", "column", "id", "value"]
    return headed(findings.assign(**told)[keys], lang)


def quality_note(quality: pd.DataFrame, proposals: Sequence[Proposal], lang: str) -> str:
    """Which share of the result rests on facts, estimates and made-up rows, the sites to be built included."""
    shares = quality.set_index("table")[list(QUALITIES)].to_dict("index")
    parts: dict[str, Any] = {
        t: i18n.say("study.quality_part", lang, **_shares_said(shares[t], lang))
        if t in shares
        else i18n.say("study.quality_none", lang)
        for t in ("communities", "facilities", "roads", "candidates")
    }
    made_up = "".join(_made_up(p, lang) for p in proposals)
    return i18n.say(f"study.quality_{_rests_on(shares.values(), proposals)}", lang, made_up=made_up, **parts)


def _shares_said(shares: Mapping[Hashable, float], lang: str) -> dict[str, str]:
    said = {str(q): percent(share) for q, share in shares.items()}
    return said | {UNSTATED: unstated_said(shares[UNSTATED], lang)}


def _rests_on(shares: Iterable[Mapping[Hashable, float]], proposals: Sequence[Proposal]) -> str:
    """Which note is due: all are facts; some are estimated or made up; else some are of unstated quality."""
    known: list[Mapping[Any, float]] = [*shares, *(p.sites_by_quality for p in proposals)]
    if any(row["estimated"] or row["synthetic"] for row in known):
        return "note"
    return UNSTATED if any(row[UNSTATED] for row in known) else "facts"


def _made_up(p: Proposal, lang: str) -> str:
    """How many sites of a plan nobody has seen; "" where all are facts."""
    known = p.sites_by_quality
    if known["fact"] == sum(known.values()):
        return ""
    said = {**known, UNSTATED: unstated_said(known[UNSTATED], lang)}
    return i18n.say("study.quality_sites", lang, name=p.name(lang), **said)
