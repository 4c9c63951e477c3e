"""The page and the workbook that a planner hands on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour import places, words
from quarterhour.circle import CircleCheck
from quarterhour.modes import read_modes
from quarterhour.siting.plan import SitingPlan
from quarterhour.targets import Scorecard, told, told_closing
from quarterhour.uncertain import CoverageRange

Plan = tuple[Mapping[str, str], SitingPlan, pd.DataFrame, pd.DataFrame]
"""What a question is called (``id, zh, en, kind``; ``unit_zh, unit_en`` of a capacity), its plan, sites and ledger."""


@dataclass(frozen=True, eq=False)
class Section:
    """A further table of the results: a sheet of the workbook and a part of the page.

    ``key``: words ``report.sheet_KEY`` and ``report.part_KEY``. ``table``: columns named as ``report.col_*`` of the
    words; one whose name ends in ``share`` or ``gap`` is a percentage. ``lines``: sentences for the page.
    ``page_rows``: how many rows the page shows; the workbook has them all.
    """

    key: str
    table: pd.DataFrame
    lines: tuple[str, ...] = ()
    page_rows: int = 15


MADE = datetime(2020, 1, 1)  # noqa: DTZ001 - a workbook's own field; fixed, so that the same study gives the same bytes
FONT = "Microsoft YaHei"
_LONGEST_CELL = 32_000
_MOST_FINDINGS = 20
_SPECIAL = re.compile(r"([\\`*\[\]{}<>|~$&#]|(?<![^\W_])_|_(?![^\W_])|^[=+\-]|(?<=\])\(|(?<=:)//)")


# --- the workbook -------------------------------------------------------------------------------


def write_workbook(
    path: str | Path,
    *,
    lang: str,
    communities: pd.DataFrame,
    checks: Sequence[CircleCheck],
    scorecard: Scorecard | None,
    plans: Sequence[Plan],
    quality: pd.DataFrame,
    findings: pd.DataFrame,
    compare: Sequence[CircleCheck] = (),
    ranges: Sequence[CoverageRange] = (),
    sections: Sequence[Section] = (),
) -> None:
    """The results as an Excel workbook, a sheet a table; text is never taken for a formula or a link.

    ``compare`` are the circles at other walkers' pace, ``ranges`` circles at a range of paces. The same results
    give the same bytes. The file is written at ``path`` itself: whoever calls puts it in its place.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), {**options, "nan_inf_to_errors": False}) as book:
        book.set_properties({"created": MADE, "title": words.say("report.workbook", lang)})
        book.formats[0].set_font_name(FONT)
        sheet = _Sheets(book, lang)
        every = [*checks, *compare]
        names = area_names(scorecard)
        sheet.add("by_community", _by_community(communities, every, ranges, names, lang))
        for level in ("town", "county"):
            sheet.add(f"by_{level}", _by_area(every, level, names, lang))
        if scorecard is not None:
            sheet.add("scorecard", _summary_table(scorecard, lang))
            sheet.add("scorecard_areas", _score_table(scorecard, lang))
        sheet.add("plans", _plan_table(plans, lang))
        sheet.add("sites", _site_table(plans, names, lang))
        sheet.add("unmet", _unmet_table(plans, names, lang))
        sheet.add("ledger", _ledger_table(plans, lang))
        for section in sections:
            sheet.add(section.key, _headed({str(c): section.table[c].array for c in section.table}, lang))
        sheet.add("quality", _quality_table(quality, lang))
        sheet.add("findings", _finding_table(findings, lang))


class _Sheets:
    """Adds tables to a workbook; a column whose key ends in ``share`` or ``gap`` is a percentage."""

    def __init__(self, book: Any, lang: str) -> None:
        self.book, self.lang = book, lang
        plain = {"font_name": FONT, "font_size": 10}
        self.head = book.add_format({**plain, "bold": True, "bg_color": "#E7EEF5", "text_wrap": True, "bottom": 1})
        self.text = book.add_format(plain)
        self.formats = {
            "percent": book.add_format({**plain, "num_format": "0.0%"}),
            "whole": book.add_format({**plain, "num_format": "#,##0"}),
            "number": book.add_format({**plain, "num_format": "#,##0.0##"}),
        }

    def add(self, name: str, table: pd.DataFrame) -> None:
        """A sheet with a frozen header and a filter; its name is a key of the words."""
        sheet = self.book.add_worksheet(words.say(f"report.sheet_{name}", self.lang))
        for column, label in enumerate(table.columns):
            key, _, said = str(label).partition("\t")
            sheet.write_string(0, column, said, self.head)
            values = table.iloc[:, column].tolist()
            sheet.set_column(column, column, _width(said, values))
            kind = _number_kind(key, values)
            for row, value in enumerate(values, start=1):
                self._write(sheet, row, column, value, kind)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(table), 1), max(len(table.columns) - 1, 0))

    def _write(self, sheet: Any, row: int, column: int, value: Any, kind: str) -> None:
        if _blank(value):
            return
        if isinstance(value, bool) or not _is_number(value):
            said = words.say(f"report.{'yes' if value else 'no'}", self.lang) if isinstance(value, bool) else str(value)
            sheet.write_string(row, column, said[:_LONGEST_CELL], self.text)
        else:
            sheet.write_number(row, column, float(value), self.formats[kind])


def _blank(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value or value in ("", float("inf"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or hasattr(value, "__float__")


def _number_kind(key: str, values: Sequence[Any]) -> str:
    if key.endswith(("share", "gap")):
        return "percent"
    numbers = [v for v in values if not _blank(v) and _is_number(v)]
    return "whole" if all(float(v).is_integer() for v in numbers) else "number"


def _width(head: str, values: Sequence[Any]) -> int:
    # A Chinese character is two columns wide; a sample is enough, and the same each time.
    longest = max((_columns_wide(str(v)) for v in values[:200] if not _blank(v)), default=0)
    return min(max(min(longest, 44), _columns_wide(head) + 3, 8), 48)


def _columns_wide(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


# --- tables, for both --------------------------------------------------------------------------


def _headed(columns: Mapping[str, Any], lang: str, *, index: pd.Index | None = None) -> pd.DataFrame:
    """A table whose column labels are ``key TAB heading``; a key without words is its own heading."""
    table = pd.DataFrame(dict(columns), index=index)
    table.columns = pd.Index([f"{k}\t{_heading(str(k), lang)}" for k in columns])
    return table


def _heading(key: str, lang: str) -> str:
    own, _, of = key.partition("@")
    said = (
        words.say(f"report.col_{own}", lang) if words.entry(f"report.col_{own}") else words.label("people", own, lang)
    )
    return f"{of} {said}" if of else said


def _circle_name(check: CircleCheck, lang: str) -> str:
    return f"{check.circle.name(lang)} · {_mode_name(check.mode_id, lang)}"


def _mode_name(mode_id: str, lang: str) -> str:
    known = read_modes()
    return known[mode_id].name(lang) if mode_id in known else mode_id


def area_names(scorecard: Scorecard | None) -> dict[tuple[str, str], str]:
    if scorecard is None:
        return {}
    rows = scorecard.rows[["level", "area", "area_name"]].drop_duplicates(["level", "area"])
    return {(str(r.level), str(r.area)): str(r.area_name) for r in rows.itertuples()}


def names_of(areas: Iterable[Any], level: str, names: Mapping[tuple[str, str], str], lang: str) -> list[str]:
    city = words.say("report.city", lang)
    return [city if a == "city" else names.get((level, str(a)), str(a)) for a in areas]


def _said(page: str, values: Iterable[Any], lang: str) -> list[str]:
    return ["" if _blank(v) else words.label(page, f"{v}", lang) for v in values]


def _labels(prefix: str, values: Iterable[Any], lang: str) -> list[str]:
    """Labels of this page: ``reason_met``; an unknown value is said as it is."""
    known = {v: words.entry(f"report.{prefix}_{v}") for v in dict.fromkeys(values) if not _blank(v)}
    return ["" if _blank(v) else (known[v] or {lang: str(v)})[lang] for v in values]


def _by_community(
    communities: pd.DataFrame,
    checks: Sequence[CircleCheck],
    ranges: Sequence[CoverageRange],
    names: Mapping[tuple[str, str], str],
    lang: str,
) -> pd.DataFrame:
    columns: dict[str, Any] = {"id": communities.index, "name": communities["name"].array}
    for level in ("town", "county"):
        if level in communities:
            columns[level] = names_of(communities[level], level, names, lang)
    for people in dict.fromkeys(c.circle.people for c in checks):
        columns[people] = communities[people].array
    for check in checks:
        of, judged = _circle_name(check, lang), check.communities.reindex(communities.index)
        columns[f"met@{of}"] = [bool(m) for m in judged["met"]]
        columns[f"minutes@{of}"] = judged["minutes"].round(2).array
        columns[f"nearest@{of}"] = judged["nearest"].array
        columns[f"reason@{of}"] = _labels("reason", judged["reason"], lang)
    for known in ranges:
        of, found = known.circle.name(lang), known.communities.reindex(communities.index)
        columns[f"covered_when@{of}"] = _said("uncertain", found["covered"], lang)
        columns[f"flip_factor@{of}"] = [_up(f) for f in found["flip_factor"]]
    columns["quality"] = _labels("quality", communities["quality"], lang)
    return _headed(columns, lang)


def _up(factor: float) -> float:
    """Three decimals, never below: at the speed that is said a community is still covered."""
    return math.ceil(round(factor * 1000, 6)) / 1000 if math.isfinite(factor) else math.nan


def _by_area(
    checks: Sequence[CircleCheck], level: str, names: Mapping[tuple[str, str], str], lang: str
) -> pd.DataFrame:
    tables = [c.shares[c.shares["level"].isin([level, "city"])].set_index("area") for c in checks]
    areas = tables[0].index if tables else pd.Index([])
    columns: dict[str, Any] = {"id": areas, "name": names_of(areas, level, names, lang)}
    for check, table in zip(checks, tables, strict=True):
        of, here = _circle_name(check, lang), table.reindex(areas)
        columns[f"communities@{of}"] = here["communities"].array
        columns[f"communities_met@{of}"] = here["communities_met"].array
        columns[f"people@{of}"] = here["people"].array
        columns[f"people_met@{of}"] = here["people_met"].array
        columns[f"share_people_share@{of}"] = here["share_people"].array
    return _headed(columns, lang).rename(columns=lambda c: _share_key(c))


def _share_key(label: str) -> str:
    key, _, said = label.partition("\t")
    return f"{key.partition('@')[0]}\t{said}"


def _summary_table(scorecard: Scorecard, lang: str) -> pd.DataFrame:
    table = scorecard.summary()
    return _headed(
        {
            "target": table["target"],
            "name": table[lang],
            "level": _labels("level", table["level"], lang),
            "areas": table["areas"],
            "areas_met": table["areas_met"],
            "areas_unmet": table["areas_unmet"],
            "areas_no_data": table["areas_no_data"],
            "value": [_figure(v, u) for v, u in zip(table["value"], table["unit"], strict=True)],
            "threshold": [_figure(v, u) for v, u in zip(table["threshold"], table["unit"], strict=True)],
            "unit": _unit_labels(table["unit"], lang),
            "binding": [bool(b) for b in table["binding"]],
            "note": told(table, lang),
            **_cited(table),
        },
        lang,
    )


def _score_table(scorecard: Scorecard, lang: str) -> pd.DataFrame:
    rows = scorecard.rows
    names = area_names(scorecard)
    return _headed(
        {
            "target": rows["target"],
            "name": rows[lang],
            "level": _labels("level", rows["level"], lang),
            "area": rows["area"],
            "area_name": [words.say("report.city", lang) if a == "city" else n
                          for a, n in zip(rows["area"], rows["area_name"], strict=True)],
            "county": names_of(rows["county"], "county", names, lang),
            "value": rows["value"],
            "threshold": rows["threshold"],
            "missing": rows["missing"],
            "closing": told_closing(rows, lang),
            "unit": _unit_labels(rows["unit"], lang),
            "met": _labels("met", ["no_data" if pd.isna(m) else str(bool(m)).lower() for m in rows["met"]], lang),
            "binding": [bool(b) for b in rows["binding"]],
            "synthetic_share": rows["synthetic_share"],
            "estimated_share": rows["estimated_share"],
            "note": told(rows, lang),
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


def _unit_labels(units: Iterable[Any], lang: str) -> list[str]:
    known = {u: words.entry(f"targets.unit_{u}") for u in dict.fromkeys(units)}
    return [(known[u] or {lang: str(u)})[lang] for u in units]


def _figure(value: Any, unit: str) -> str:
    if _blank(value):
        return ""
    return percent(value) if unit == "share" else f"{value:,.1f}".removesuffix(".0")


def percent(share: Any) -> str:
    """One decimal; what is short of everything never reads 100.0%."""
    if _blank(share):
        return "—"
    said = f"{share:.1%}"
    return "99.9%" if said == "100.0%" and share < 1 else said


# A share of each plan that the plan itself does not hold (covered of demand) is said as two counts.
def _plan_table(plans: Sequence[Plan], lang: str) -> pd.DataFrame:
    rows = [_plan_row(question, plan, lang) for question, plan, _, _ in plans]
    keys = ["id", "name", "objective", "status", "new_sites", "plan_value", "bound", "gap", "covered_before", "covered",
            "reachable", "demand_total", "unmet_quotas", "proved_by"]  # fmt: skip
    return _headed({k: [r[k] for r in rows] for k in keys}, lang)


def _plan_row(question: Mapping[str, str], plan: SitingPlan, lang: str) -> dict[str, Any]:
    return {
        "id": question["id"],
        "name": question[lang],
        "objective": words.say(f"report.objective_{plan.objective.replace('-', '_')}", lang),
        "status": words.say(f"report.status_{plan.status}", lang),
        "new_sites": len(plan.chosen),
        "plan_value": plan.value,
        "bound": plan.bound,
        "gap": plan.gap,
        "covered_before": plan.covered_before,
        "covered": plan.covered,
        "reachable": plan.reachable,
        "demand_total": plan.demand_total,
        "unmet_quotas": len(plan.unmet),
        "proved_by": plan.proved_by,
    }


def _site_table(plans: Sequence[Plan], names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    keys = ["question", "order", "id", "name", "town", "county", "gain", "why", "state", "quality"]
    rows = [r for question, plan, sites, _ in plans for r in _site_rows(question, plan, sites, lang)]
    table = {k: [r[k] for r in rows] for k in keys}
    for level in ("town", "county"):
        table[level] = names_of(table[level], level, names, lang)
    return _headed(table, lang)


def _site_rows(question: Mapping[str, str], plan: SitingPlan, sites: pd.DataFrame, lang: str) -> list[dict[str, Any]]:
    made = []
    for order, site in enumerate(plan.chosen, start=1):
        row = sites.loc[site]
        made.append({
            "question": question[lang], "order": order, "id": site, "name": row["name"],
            "town": row.get("town", ""), "county": row.get("county", ""), "gain": plan.gain.get(site),
            "why": "" if plan.gain.get(site) else words.say("report.for_quota", lang),
            "state": _labels("state", [row.get("state", "")], lang)[0],
            "quality": _labels("quality", [row.get("quality", "")], lang)[0],
        })  # fmt: skip
    return made


def _unmet_table(plans: Sequence[Plan], names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    keys = ["level", "area", "minimum", "open", "candidates", "reason"]
    parts = [plan.unmet.reindex(columns=keys).assign(question=question[lang]) for question, plan, _, _ in plans]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "question"])
    area_names = [names_of([a], str(v), names, lang)[0] for a, v in zip(table["area"], table["level"], strict=True)]
    columns = {"question": table["question"], "level": _labels("level", table["level"], lang), "area": table["area"]}
    columns |= {"area_name": area_names, "minimum": table["minimum"], "open": table["open"]}
    reasons = _labels("unmet", table["reason"], lang)
    return _headed(columns | {"candidates": table["candidates"], "reason": reasons}, lang)


def _ledger_table(plans: Sequence[Plan], lang: str) -> pd.DataFrame:
    keys = ["candidate", "rule", "distance_m", "required_m", "clause", "nearest"]
    parts = [ledger.reindex(columns=keys).assign(question=q[lang]) for q, _, _, ledger in plans if len(ledger)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "question"])
    return _headed({k: table[k] for k in ["question", *keys]}, lang)


def _quality_table(quality: pd.DataFrame, lang: str) -> pd.DataFrame:
    columns: dict[str, Any] = {"table": _said("tables", quality["table"], lang)}
    if "rows" in quality:
        columns["rows"] = quality["rows"].array
    columns |= {f"{q}_share": quality[q].array for q in places.QUALITIES}
    return _headed(columns, lang)


def _finding_table(findings: pd.DataFrame, lang: str) -> pd.DataFrame:
    columns: dict[str, Any] = {"severity": _labels("severity", findings["severity"], lang)}
    columns["told"] = places.told(findings, lang).tolist() if len(findings) else []
    for name in ("table", "file", "sheet", "row", "column", "id", "value"):
        columns[name] = findings[name].tolist()
    return _headed(columns, lang)


# --- the page ------------------------------------------------------------------------------------


def report_markdown(
    *,
    lang: str,
    title: str,
    checks: Sequence[CircleCheck],
    scorecard: Scorecard | None,
    plans: Sequence[Plan],
    quality: pd.DataFrame,
    findings: pd.DataFrame,
    compare: Sequence[CircleCheck] = (),
    sections: Sequence[Section] = (),
    charts: Mapping[str, str] | None = None,
) -> str:
    """The results as a page of Markdown; text out of files is escaped, so it can be nothing but text.

    ``charts``: by id of a question the picture's file beside the page.
    """
    names = area_names(scorecard)
    parts = [f"# {escape(title)}", _quality_part(quality, lang)]
    if checks:
        parts += [_circles_part(checks, compare, lang), _counties_part(checks, names, lang)]
    if scorecard is not None:
        parts += [_scorecard_part(scorecard, lang)]
    if plans:
        parts += [f"## {words.say('report.plans', lang)}"]
        parts += [
            part for plan in plans for part in _plan_parts(plan, names, lang, (charts or {}).get(plan[0]["id"], ""))
        ]
    parts += [_section_part(section, lang) for section in sections]
    parts += [_findings_part(findings, lang)]
    return "\n\n".join(p for p in parts if p) + "\n"


def _section_part(section: Section, lang: str) -> str:
    shown = section.table.head(section.page_rows)
    parts = [f"## {words.say(f'report.part_{section.key}', lang)}", *map(escape, section.lines)]
    if len(shown):
        parts.append(_markdown(_headed({str(c): shown[c].array for c in shown}, lang)))
    if len(section.table) > len(shown):
        key = "report.more_rows" if len(shown) else "report.rows_in_book"
        parts.append(words.say(key, lang, count=len(section.table) - len(shown)))
    return "\n\n".join(parts)


def escape(value: object) -> str:
    """Text that Markdown shows as it stands, on one line."""
    text = "" if _blank(value) else str(value)
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _markdown(table: pd.DataFrame) -> str:
    """A table of Markdown; every cell is escaped here and nowhere else."""
    heads = [escape(str(c).partition("\t")[2]) for c in table.columns]
    keys = [str(c).partition("\t")[0] for c in table.columns]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in table.itertuples(index=False, name=None):
        lines.append(f"| {' | '.join(_cell(v, k) for v, k in zip(row, keys, strict=True))} |")
    return "\n".join(lines)


def _cell(value: Any, key: str) -> str:
    if _blank(value):
        return "—" if key.endswith(("share", "gap")) else ""
    if isinstance(value, str | bool) or not _is_number(value):
        return escape(value)
    return percent(value) if key.endswith(("share", "gap")) else _decimal(float(value))


def _decimal(value: float) -> str:
    """One decimal; of what is below one, three."""
    said = f"{value:,.1f}" if value == 0 or abs(value) >= 1 else f"{value:.3f}".rstrip("0")
    return said.removesuffix(".0").removesuffix(".")


def _quality_part(quality: pd.DataFrame, lang: str) -> str:
    head = f"## {words.say('report.quality', lang)}\n\n{words.say('report.quality_why', lang)}\n\n"
    return head + _markdown(_quality_table(quality, lang))


def _circles_part(checks: Sequence[CircleCheck], compare: Sequence[CircleCheck], lang: str) -> str:
    """The city's share, every walker of a circle beside the others."""
    rows = [
        (check, shown) for check in checks for shown in (check, *[c for c in compare if c.circle.id == check.circle.id])
    ]
    here = [_city_row(shown) for _, shown in rows]
    table = _headed(
        {
            "circle": [check.circle.name(lang) for check, _ in rows],
            "mode": [_mode_name(shown.mode_id, lang) for _, shown in rows],
            "heading": _labels("heading", [shown.circle.heading for _, shown in rows], lang),
            "minutes": [shown.circle.minutes for _, shown in rows],
            "turnout": [shown.circle.turnout_minutes for _, shown in rows],
            "people_of": _said("people", [shown.circle.people for _, shown in rows], lang),
            **{k: [r[k] for r in here] for k in ("people_met", "people")},
            "people_share": [r["share_people"] for r in here],
            **{k: [r[k] for r in here] for k in ("communities_met", "communities")},
            **{f"people_{q}": [r[f"people_{q}"] for r in here] for q in places.QUALITIES},
        },
        lang,
    )
    reasons = "\n".join(_reason_line(check, lang) for check in checks)
    return f"## {words.say('report.circles', lang)}\n\n{_markdown(table)}\n\n{reasons}"


def _city_row(check: CircleCheck) -> Mapping[str, Any]:
    row = check.shares[check.shares["level"] == "city"].iloc[0]
    return {str(k): v for k, v in row.items()}


def _reason_line(check: CircleCheck, lang: str) -> str:
    counted = check.communities["reason"].value_counts().reindex(["met", "too_long", "out_of_reach", "not_snapped"])
    said = {str(k): int(v) for k, v in counted.fillna(0).items()}
    name = escape(_circle_name(check, lang))
    cited = escape(" · ".join(t for t in (check.circle.clause, check.circle.source, check.circle.date) if t))
    return f"- {words.say('report.reasons', lang, name=name, **said)}" + (f" {cited}" if cited else "")


def _counties_part(checks: Sequence[CircleCheck], names: Mapping[tuple[str, str], str], lang: str) -> str:
    tables = [c.shares[c.shares["level"] == "county"].set_index("area")["share_people"] for c in checks]
    areas = tables[0].index
    if not len(areas):
        return ""
    columns: dict[str, Any] = {"county": names_of(areas, "county", names, lang)}
    columns |= {f"share_people_share@{_circle_name(c, lang)}": t.reindex(areas).array
                for c, t in zip(checks, tables, strict=True)}  # fmt: skip
    table = _headed(columns, lang).rename(columns=lambda c: _share_key(c))
    return f"### {words.say('report.by_county', lang)}\n\n{_markdown(table)}"


def _scorecard_part(scorecard: Scorecard, lang: str) -> str:
    table = scorecard.summary()
    shown = _headed(
        {
            "name": table[lang],
            "level": _labels("level", table["level"], lang),
            "threshold": [_figure(v, u) for v, u in zip(table["threshold"], table["unit"], strict=True)],
            "value": [_figure(v, u) for v, u in zip(table["value"], table["unit"], strict=True)],
            "areas_met": [_of(r, lang) for r in table.itertuples()],
            "synthetic_share": table["synthetic_share"],
            "note": [_note(r, s, lang) for r, s in zip(table.itertuples(), told(table, lang), strict=True)],
            "source": [_source(r, lang) for r in table.itertuples()],
        },
        lang,
    )
    return f"## {words.say('report.scorecard', lang)}\n\n{_markdown(shown)}"


def _of(row: Any, lang: str) -> str:
    if row.areas_no_data == row.areas:
        return words.say("report.met_no_data", lang)
    if row.areas == 1:
        return words.say("report.met_true" if row.areas_met else "report.met_false", lang)
    return f"{row.areas_met:,} / {row.areas - row.areas_no_data:,}"


def _note(row: Any, said: str, lang: str) -> str:
    aim = "" if row.binding else words.say("report.reported_only", lang)
    unknown = ""
    if 0 < row.areas_no_data < row.areas:
        unknown = words.say("report.some_no_data", lang, count=row.areas_no_data)
    return " ".join(t for t in (aim, unknown, said) if t)


def _source(row: Any, lang: str) -> str:
    mark = "" if row.verified else words.say("report.unverified", lang)
    return " ".join(t for t in (row.clause, row.source, row.date, mark) if t)


def _plan_parts(plan: Plan, names: Mapping[tuple[str, str], str], lang: str, chart: str) -> list[str]:
    question, answer, sites, ledger = plan
    parts = [f"### {escape(question[lang])}", escape(_plan_line(question, answer, lang))]
    if chart:
        parts.append(f"![{escape(words.say('report.chart', lang, name=question[lang]))}]({chart})")
    if len(answer.chosen):
        shown = _site_table([plan], names, lang).drop(columns=[f"question\t{_heading('question', lang)}"])
        parts.append(_markdown(shown))
        parts.append(escape(_site_quality_line(answer, sites, lang)))
    if len(answer.unmet):
        parts.append(escape(words.say("report.unmet", lang, count=len(answer.unmet))))
        parts.append(_markdown(_unmet_table([plan], names, lang).iloc[:, 1:]))
    if len(ledger):
        by_rule = ledger.groupby(["rule", "clause"], sort=False)["candidate"].nunique().reset_index()
        said = [words.say("report.ledger", lang, **r) for r in _text_keys(by_rule)]
        parts.append("\n".join(f"- {escape(t)}" for t in said))
    return parts


def _text_keys(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _site_quality_line(plan: SitingPlan, sites: pd.DataFrame, lang: str) -> str:
    counted = sites.loc[list(plan.chosen), "quality"].value_counts() if "quality" in sites else pd.Series(dtype=int)
    said = {q: int(counted.get(q, 0)) for q in places.QUALITIES}
    return words.say("report.site_quality", lang, **said)


def _plan_line(question: Mapping[str, str], plan: SitingPlan, lang: str) -> str:
    row = _plan_row(question, plan, lang)
    if plan.status in ("infeasible", "no_plan"):
        return " ".join([words.say("report.plan_none", lang, **row), *(r.told(lang) for r in plan.reasons)])
    said = {"bound": _figure(plan.bound, ""), "value": _figure(plan.value, ""), "gap": _gap(plan.gap)}
    unmet = words.say("report.plan_unmet_count", lang, count=len(plan.unmet)) if len(plan.unmet) else ""
    key = "report.plan_line_room" if plan.served is not None else "report.plan_line"
    return words.say(key, lang, **{**row, **said, "unmet": unmet, "unit": question.get(f"unit_{lang}", "")})


def _gap(gap: float) -> str:
    """Two decimals; a gap that is not proven closed never reads 0.00%."""
    if not math.isfinite(gap):
        return "—"
    return "0.01%" if 0 < gap < 0.0001 else f"{gap:.2%}"


def _findings_part(findings: pd.DataFrame, lang: str) -> str:
    head = f"## {words.say('report.findings', lang)}\n\n"
    if not len(findings):
        return head + words.say("report.no_findings", lang)
    order = findings["severity"].map({s: i for i, s in enumerate(places.SEVERITIES)})
    first = findings.loc[order.sort_values(kind="stable").index].head(_MOST_FINDINGS)
    marks = _labels("severity", first["severity"], lang)
    lines = [f"- {escape(m)}: {escape(t)}" for m, t in zip(marks, places.told(first, lang), strict=True)]
    if len(findings) > len(first):
        lines.append(f"- {words.say('report.more_findings', lang, count=len(findings) - len(first))}")
    return head + "\n".join(lines)


# --- the console ---------------------------------------------------------------------------------


def summary_lines(
    *,
    lang: str,
    checks: Sequence[CircleCheck],
    scorecard: Scorecard | None,
    plans: Sequence[Plan],
    compare: Sequence[CircleCheck] = (),
) -> list[str]:
    """The results in a sentence each, for the console."""
    lines = [_circle_line(c, lang) for check in checks for c in (check, *_paces(check, compare))]
    if scorecard is not None:
        table = scorecard.summary()
        table = table[table["binding"].astype(bool)]
        lines += [_target_line(rows, lang) for _, rows in table.groupby("target", sort=False)]
    return lines + [_plan_told(question, plan, lang) for question, plan, _, _ in plans]


def _paces(check: CircleCheck, compare: Sequence[CircleCheck]) -> list[CircleCheck]:
    return [c for c in compare if c.circle.id == check.circle.id]


def _circle_line(check: CircleCheck, lang: str) -> str:
    row = _city_row(check)
    made = {q: int(row[f"people_{q}"]) for q in places.QUALITIES}
    people = words.label("people", check.circle.people, lang)
    met, total = int(row["people_met"]), int(row["people"])
    name, share = _circle_name(check, lang), percent(row["share_people"])
    return words.say("report.circle_line", lang, name=name, share=share, met=met, total=total, people=people, **made)


def _target_line(rows: pd.DataFrame, lang: str) -> str:
    """A promise in one line, its levels side by side."""
    parts = [_level_said(row, lang) for row in rows.itertuples()]
    between = words.say("report.between", lang)
    return words.say("report.target_line", lang, name=rows[lang].iloc[0], said=between.join(parts))


def _level_said(row: Any, lang: str) -> str:
    level, threshold = words.say(f"report.level_{row.level}", lang), _figure(row.threshold, row.unit)
    value = _figure(row.value, row.unit)
    key = "report.target_value" if value else "report.target_areas"
    made_up = (
        words.say("report.on_synthetic", lang, share=percent(row.synthetic_share)) if row.synthetic_share > 0 else ""
    )
    return words.say(key, lang, level=level, value=value, threshold=threshold, met=_of(row, lang) + made_up)


def _plan_told(question: Mapping[str, str], plan: SitingPlan, lang: str) -> str:
    return words.say("report.plan_told", lang, name=question[lang], line=_plan_line(question, plan, lang))
