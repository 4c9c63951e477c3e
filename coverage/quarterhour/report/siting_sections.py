"""What lies behind the plans as further tables of the workbook, the page and the map: goals, rooms, numbers, years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.findings import QUALITIES
from quarterhour.base.labels import counted_label, gap_percent, goal_label, names_of, percent, unit_label
from quarterhour.report.format import Section, names_by_area
from quarterhour.report.line_chart import Line, line_chart
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.results import Proposal, Results

Charts = Mapping[str, tuple[str, str]]
"""By question id its name and its chart as SVG."""
_BEST, _OURS = "#8a94a3", "#1d4fa3"
_OFTEN = 0.5
"""Of the scenarios in which a site is chosen, from which it counts as chosen often."""


def siting_sections(results: Results, lang: str) -> list[Section]:
    """Sections for what the siting questions ask beside their plans."""
    made = [*_levels(results, lang), *_rooms(results, lang), *_frontiers(results, lang), *_phases(results, lang)]
    return [
        *made,
        *_values(results, lang),
        *_robust(results, lang),
        *_ways(results, lang),
        *_relaxations(results, lang),
    ]


def siting_charts(results: Results, lang: str) -> Charts:
    """By question id its name and a chart: what each number of sites covers at best, and what each year of building."""
    drawn = {p.id: (p.name(lang), _chart(p, lang)) for p in results.proposals}
    return {name: (title, chart) for name, (title, chart) in drawn.items() if chart}


def _say(key: str, lang: str, **values: object) -> str:
    return i18n.say(f"siting_sections.{key}", lang, **values)


def _unit(p: Proposal, lang: str) -> str:
    return unit_label(p.unit, lang)


def _measured(p: Proposal, lang: str) -> str:
    """What a plan's years and sites are measured in: what it covers, or minutes of it where time is the first goal."""
    return _say("minutes_of", lang, unit=_unit(p, lang)) if p.plan.objective == "min-time" else _unit(p, lang)


def _asked(results: Results, p: Proposal) -> SitingFile:
    """The question as the study file asks it."""
    return next(q for q in results.study.file.siting if q.id == p.id)


def _town_names(results: Results, towns: pd.Series) -> list[str]:
    return names_of(towns, names_by_area(results.inputs.towns))


# --- goals and rooms ------------------------------------------------------------------------------


def _levels(results: Results, lang: str) -> Iterator[Section]:
    """Value and bound of each goal of a chain."""
    rows = [
        {"name": p.name(lang), "goal": _goal(p, level.objective, lang), "plan_value": level.value, "bound": level.bound,
         "gap": level.gap, "proved_by": level.proved_by}
        for p in results.proposals if len(p.plan.levels) > 1 for level in p.plan.levels
    ]  # fmt: skip
    if rows:
        yield Section("levels", pd.DataFrame(rows), (_say("levels_line", lang),))


def _goal(proposal: Proposal, objective: str, lang: str) -> str:
    return goal_label(objective, proposal.unit, lang, placed=proposal.plan.placed)


def _rooms(results: Results, lang: str) -> Iterator[Section]:
    """What each open site holds and serves, where sites have a capacity."""
    parts, lines = [], []
    for p in results.proposals:
        if p.plan.served is None:
            continue
        opened = [*p.sites.index[p.sites["state"].eq("existing")], *p.plan.chosen]
        rows = p.sites.loc[opened]
        served = p.plan.served.groupby("site")["people"].sum().reindex(opened).fillna(0).astype("int64")
        room = rows["capacity"].astype("int64")
        parts.append(pd.DataFrame({
            "question": p.name(lang), "id": opened, "name": rows["name"].array,
            "town": _town_names(results, rows["town"]),
            "state": [i18n.say(f"report.state_{s}", lang) for s in rows["state"]],
            "counted": counted_label(p.unit, lang), "room": room.array,
            "placed": served.array, "room_left": (room - served).array,
            "full_share": (served / room.where(room > 0)).astype(float).array,
            "quality": [i18n.say(f"report.quality_{q}", lang) for q in rows["room_quality"]],
        }))  # fmt: skip
        existing, unit = rows["state"].eq("existing").to_numpy(), _unit(p, lang)
        counted = rows["room_quality"].value_counts()
        lines.append(
            _say("rooms_line", lang, name=p.name(lang), unit=unit, asked=p.plan.demand_total,
                 existing=int(room[existing].sum()), new=int(room[~existing].sum()), placed=int(served.sum()),
                 full=int((served == room)[room > 0].sum()), sites=len(opened))
        )  # fmt: skip
        lines.append(_say("rooms_quality", lang, **{q: int(counted.get(q, 0)) for q in QUALITIES}))
        lines += _source_of(results, p, lang)
    if parts:
        yield Section("rooms", pd.concat(parts, ignore_index=True), tuple(lines), page_rows=12)


def _source_of(results: Results, p: Proposal, lang: str) -> list[str]:
    asked = _asked(results, p).capacity
    told = [_say("rooms_graves", lang)] if p.unit == "graves" else []
    return [*told, *([_say("rooms_source", lang, source=asked.source)] if asked and asked.source else [])]


# --- numbers and years ----------------------------------------------------------------------------


def _frontiers(results: Results, lang: str) -> Iterator[Section]:
    parts, lines = [], [_say("frontier_line", lang)]
    for p in results.proposals:
        table = p.prospects.frontier
        if table is None or table.empty:
            continue
        most = table["people"].astype("Float64")
        told = {"name": p.name(lang), "new_sites": table["sites"], "counted": counted_label(p.unit, lang)}
        told |= {"covered_most": most, "gained": most.diff(), "bound": table["bound"]}
        told["gap"] = table["gap"].astype("Float64")
        parts.append(pd.DataFrame(told))
        known = table[table["people"].notna()]
        if len(known):
            ends = {"least": int(known["sites"].iloc[0]), "at_least": int(known["people"].iloc[0])}
            ends |= {"most": int(known["sites"].iloc[-1]), "at_most": int(known["people"].iloc[-1])}
            gap = float(known["gap"].max())
            lines.append(
                _say("frontier_ends", lang, name=p.name(lang), unit=_unit(p, lang), now=p.prospects.now,
                     proven=_surely(gap, lang), **ends)
            )  # fmt: skip
    if parts:
        yield Section("frontier", pd.concat(parts, ignore_index=True), tuple(lines), page_rows=80)


def _surely(gap: float, lang: str) -> str:
    """Whether every point is proven, or how far it may be from the best."""
    return _say("all_proven", lang) if gap == 0 else _say("all_within", lang, gap=gap_percent(gap))


def _phases(results: Results, lang: str) -> Iterator[Section]:
    """What is built each year, and what is lost against the best plan of as many sites."""
    parts, lines = [], []
    for p in results.proposals:
        phasing = p.prospects.phasing
        if phasing is None:
            continue
        steps, unit = phasing.steps, _measured(p, lang)
        years = [_say("now", lang), *map(str, range(p.prospects.first_year, p.prospects.first_year + len(steps) - 1))]
        names = texts(p.sites["name"])
        parts.append(pd.DataFrame({
            "question": p.name(lang), "year": years, "new_sites": steps["built"].array, "measured_in": unit,
            "step_value": steps["value"].array, "step_best": steps["best"].array, "bound": steps["bound"].array,
            "loss": steps["loss"].array, "loss_at_most": steps["loss_at_most"].array,
            "built_now": ["、".join(names[list(s)]) if lang == "zh" else "; ".join(names[list(s)])
                          for s in steps["sites"]],
        }))  # fmt: skip
        worst = steps["loss_at_most"].iloc[1:].max()
        first, last = steps.iloc[min(1, len(steps) - 1)], steps.iloc[-1]
        worse = "phases_line_time" if phasing.goal.objective == "min-time" else "phases_line"
        lines.append(
            _say(worse, lang, name=p.name(lang), unit=unit, years=len(steps) - 1, first_year=years[1],
                 now=f"{steps['value'].iloc[0]:,.0f}", first=f"{first['value']:,.0f}", last=f"{last['value']:,.0f}",
                 last_year=years[-1], loss=f"{worst:,.0f}", end_loss=f"{last['loss_at_most']:,.0f}",
                 share=percent(worst / max(steps["bound"].max(), 1)))
        )  # fmt: skip
    if parts:
        yield Section("phases", pd.concat(parts, ignore_index=True), (*lines, _say("phases_why", lang)), page_rows=30)


def _chart(p: Proposal, lang: str) -> str:
    """Best of each size as a line; the order of building as dots, a year each."""
    behind, lines = p.prospects, []
    steps = None if behind.phasing is None else behind.phasing.steps
    if behind.frontier is not None and len(behind.frontier):
        known = behind.frontier[behind.frontier["people"].notna()]
        points = [(float(s), float(n)) for s, n in zip(known["sites"], known["people"], strict=True)]
        lines.append(Line(_say("best_of_size", lang), ((0.0, float(behind.now)), *points), _BEST))
    elif steps is not None:
        points = [(float(b), float(v)) for b, v in zip(steps["built"], steps["best"], strict=True)]
        lines.append(Line(_say("best_of_size", lang), tuple(points), _BEST))
    if steps is not None:
        points = [(float(b), float(v)) for b, v in zip(steps["built"], steps["value"], strict=True)]
        labels = ("", *(str(behind.first_year + k) for k in range(len(points) - 1)))
        lines.append(Line(_say("as_built", lang), tuple(points), _OURS, dots=True, labels=labels))
    x_label = _say("x_label", lang, unit=_measured(p, lang))
    return line_chart(lines, title=p.name(lang), x_label=x_label, lang=lang)


# --- what sites are worth, and which stay ---------------------------------------------------------


def _values(results: Results, lang: str) -> Iterator[Section]:
    parts, lines = [], []
    for p in results.proposals:
        table = p.prospects.values
        if table is None or table.empty:
            continue
        rows = p.sites.loc[table.index]
        parts.append(pd.DataFrame({
            "question": p.name(lang), "id": table.index, "name": rows["name"].array,
            "town": _town_names(results, rows["town"]),
            "state": [i18n.say(f"report.state_{s}", lang) for s in table["state"]],
            "counted": counted_label(p.unit, lang), "goes_there": table["people"].array,
            "measured_in": _measured(p, lang), "closing_loses": table["loss"].array,
            "left_without": table["left"].array,
        }))  # fmt: skip
        existing, unit = table["state"].eq("existing"), _measured(p, lang)
        first = rows["name"].iloc[0]
        lines.append(
            _say("values_line", lang, name=p.name(lang), unit=unit, site=first, loss=f"{table['loss'].iloc[0]:,.0f}",
                 idle=int((table["loss"].eq(0) & existing).sum()), existing=int(existing.sum()))
        )  # fmt: skip
    if parts:
        yield Section("values", pd.concat(parts, ignore_index=True), (*lines, _say("values_why", lang)), page_rows=12)


def _robust(results: Results, lang: str) -> Iterator[Section]:
    parts, lines, runs = [], [], []
    for p in results.proposals:
        found = p.prospects.robust
        if found is None:
            continue
        some = found.sites[found.sites["chosen"].gt(0) | found.sites["in_plan"]]
        rows = p.sites.loc[some.index]
        parts.append(pd.DataFrame({
            "question": p.name(lang), "id": some.index, "name": rows["name"].array,
            "town": _town_names(results, rows["town"]), "chosen_in": some["chosen"].array,
            "chosen_share": some["share"].array,
            "in_plan": [i18n.say(f"report.{'yes' if mine else 'no'}", lang) for mine in some["in_plan"]],
        }))  # fmt: skip
        told = found.scenarios.reset_index()
        runs.append(pd.DataFrame({
            "question": p.name(lang), "scenario": told["scenario"], "speed_factor": told["speed"],
            "counted": counted_label(p.unit, lang), "demand_total": told["people"], "new_sites": told["new_sites"],
            "plan_value": told["value"], "bound": told["bound"], "gap": told["gap"],
        }))  # fmt: skip
        lines += _robust_lines(results, p, lang)
    if parts:
        yield Section("robust", pd.concat(parts, ignore_index=True), tuple(lines), page_rows=12)
        yield Section("robust_runs", pd.concat(runs, ignore_index=True), page_rows=0)


def _robust_lines(results: Results, p: Proposal, lang: str) -> list[str]:
    found, asked = p.prospects.robust, _asked(results, p).robust
    if found is None or asked is None:
        return []
    towns = p.sites["town"].reindex(found.sites.index)
    mine = found.sites[found.sites["in_plan"]]
    covered = found.scenarios["value"] / found.scenarios["people"]
    said = _say(
        "robust_line", lang, name=p.name(lang), scenarios=len(found.scenarios), proven=found.proven,
        slow=f"{asked.speed[0]:g}", fast=f"{asked.speed[1]:g}", people=percent(asked.people),
        counted=counted_label(p.unit, lang),
        always=len(found.always()), often=int((mine["share"] >= _OFTEN).sum()), planned=len(mine),
        some=int((found.sites["chosen"] > 0).sum()), towns=towns[found.sites["chosen"] > 0].nunique(),
        low=percent(covered.min()), high=percent(covered.max()),
    )  # fmt: skip
    return [said, *([_say("rooms_source", lang, source=asked.source)] if asked.source else [])]


# --- towns without a lawful candidate -------------------------------------------------------------


def _ways(results: Results, lang: str) -> Iterator[Section]:
    """What would make a plan of a question that has none."""
    rows = [{"name": p.name(lang), "relaxation": c.told(lang)} for p in results.proposals for c in p.changes]
    if rows:
        yield Section("ways", pd.DataFrame(rows), page_rows=40)


def _relaxations(results: Results, lang: str) -> Iterator[Section]:
    rows, lines = [], []
    towns, counties = names_by_area(results.inputs.towns), names_by_area(results.inputs.counties)
    for proposal in results.proposals:
        if proposal.unchecked:
            lines.append(f"{proposal.name(lang)}: {_say('unchecked', lang, rules=', '.join(proposal.unchecked))}")
        for row in proposal.relaxations.to_dict("records"):
            names = towns if row["level"] == "town" else counties
            freed = not pd.isna(row["candidate"])
            how = [f"{r} {int(asked):,} → {int(m):,} m" for r, m, asked in
                   zip(row["rules"], row["relaxed_m"], row["required_m"], strict=True)]  # fmt: skip
            serving = row.get("serving_area")
            rows.append({
                "name": proposal.name(lang), "area_name": str(names.get(row["area"], row["area"])),
                "candidates": row["of"], "candidate": row["candidate"] if freed else "",
                "relaxation": "; ".join(how), "lawful_then": row["lawful"],
                "neighbour": "" if pd.isna(serving) else str(names.get(serving, serving)),
                "neighbour_minutes": row.get("serving_minutes", float("nan")),
            })  # fmt: skip
    if rows or lines:
        columns = ["name", "area_name", "candidates", "candidate", "relaxation", "lawful_then", "neighbour",
                   "neighbour_minutes"]  # fmt: skip
        lines += [_say("relaxations_line", lang, count=len(rows))] if rows else []
        yield Section("relaxations", pd.DataFrame(rows, columns=columns), tuple(lines), page_rows=40)
