"""What lies behind the plans as further tables of the workbook, the page and the map: goals, rooms, numbers, years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import texts
from quarterhour.base.findings import UNSTATED, by_quality
from quarterhour.base.labels import (
    counted_label,
    gap_percent,
    goal_label,
    names_of,
    percent,
    proof_label,
    unit_label,
    unstated_said,
)
from quarterhour.report.line_chart import Line, line_chart
from quarterhour.report.needs.size_lines import size_lines
from quarterhour.report.section import (
    Section,
    Told,
    joined_section,
    labels,
    rule_layers,
    rule_names,
    rules_said,
    say_of,
    site_columns,
    yes_or_no,
)
from quarterhour.study.cards.names import names_by_area
from quarterhour.study.results import Proposal, Results
from quarterhour.study.siting.sizes import places_of
from quarterhour.study.study import study_question

Charts = Mapping[str, tuple[str, str]]
"""By question id its name and its chart as SVG."""
_BEST, _OURS = "#8a94a3", "#1d4fa3"
_OFTEN = 0.5
"""Of the scenarios in which a site is chosen, from which it counts as chosen often."""
_say = partial(say_of, "siting_sections")


def siting_sections(results: Results, lang: str) -> list[Section]:
    """Sections for what the siting questions ask beside their plans."""
    every = results.proposals
    return [
        *_levels(results, lang),
        *joined_section("rooms", [_rooms(results, p, lang) for p in every], page_rows=12),
        *joined_section(
            "frontier", [_frontier(p, lang) for p in every], before=[_say("frontier_line", lang)], page_rows=80
        ),
        *joined_section("phases", [_phases(p, lang) for p in every], after=[_say("phases_why", lang)], page_rows=30),
        *joined_section(
            "values", [_values(results, p, lang) for p in every], after=[_say("values_why", lang)], page_rows=12
        ),
        *joined_section("robust", [_robust(results, p, lang) for p in every], page_rows=12),
        *joined_section("robust_runs", [_robust_runs(p, lang) for p in every], page_rows=0),
        *_ways(results, lang),
        *_relaxations(results, lang),
    ]


def siting_charts(results: Results, lang: str) -> Charts:
    """By question id its name and a chart: what each number of sites covers at best, and what each year of building."""
    drawn = {p.id: (p.name(lang), _chart(p, lang)) for p in results.proposals}
    return {name: (title, chart) for name, (title, chart) in drawn.items() if chart}


def _measured(p: Proposal, lang: str) -> str:
    """What a plan's years and sites are measured in: what it covers, or minutes of it where time is the first goal."""
    unit = unit_label(p.unit, lang)
    return _say("minutes_of", lang, unit=unit) if p.plan.objective == "min-time" else unit


# --- goals and rooms ------------------------------------------------------------------------------


def _levels(results: Results, lang: str) -> Iterator[Section]:
    """Value and bound of each goal of a chain."""
    rows = [
        {"name": p.name(lang), "goal": goal_label(level.objective, p.unit, lang, placed=p.plan.placed),
         "plan_value": level.value, "bound": level.bound, "gap": level.gap}
        for p in results.proposals if len(p.plan.levels) > 1 for level in p.plan.levels
    ]  # fmt: skip
    if rows:
        yield Section("levels", pd.DataFrame(rows), (_say("levels_line", lang),))


def _rooms(results: Results, p: Proposal, lang: str) -> Told | None:
    """What each open site holds and serves, where sites have a capacity."""
    if p.plan.served is None:
        return None
    opened = pd.Index([*p.sites.index[p.sites["state"].eq("existing")], *p.plan.chosen])
    rows = p.sites.loc[opened]
    served = p.plan.served.groupby("site")["people"].sum().reindex(opened).fillna(0).astype("int64")
    room = rows["capacity"].astype("int64")
    table = {
        "question": p.name(lang), **site_columns(results, p, opened),
        "state": labels("report.state_", rows["state"], lang), "counted": counted_label(p.unit, lang),
        "room": room.array, "placed": served.array, "room_left": (room - served).array,
        "full_share": (served / room.where(room > 0)).astype(float).array,
        "quality": labels("report.quality_", rows["room_quality"], lang),
    }  # fmt: skip
    existing, asked = rows["state"].eq("existing").to_numpy(), study_question(results.study, p.id).capacity
    line = _say(
        "rooms_line", lang, name=p.name(lang), unit=unit_label(p.unit, lang), asked=p.plan.demand_total,
        existing=int(room[existing].sum()), new=int(room[~existing].sum()), placed=int(served.sum()),
        rise=i18n.say("report.plan_rise", lang, before=p.plan.before) if p.plan.before is not None else "",
        full=int((served == room)[room > 0].sum()), sites=len(opened),
    )  # fmt: skip
    known: dict[str, Any] = by_quality(rows["room_quality"])
    known[UNSTATED] = unstated_said(known[UNSTATED], lang)
    lines = [line, *size_lines(results, p, lang), _say("rooms_quality", lang, **known)]
    lines += [_say("rooms_graves", lang)] if p.unit == "graves" else []
    return table, [*lines, *_source(asked.source if asked else "", lang)]


def _source(source: str, lang: str) -> list[str]:
    return [_say("rooms_source", lang, source=source)] if source else []


def certificate_sections(results: Results, lang: str) -> Iterator[Section]:
    """Who proved what, for whoever recounts it: an annex, no leader's table."""
    rows = [
        {"name": p.name(lang), "goal": goal_label(level.objective, p.unit, lang, placed=p.plan.placed),
         "bound": level.bound, "gap": level.gap, "proved_by": proof_label(level.proved_by, lang),
         "id": p.id, "input_hash": p.plan.input_hash}
        for p in results.proposals for level in p.plan.levels
    ]  # fmt: skip
    if rows:
        yield Section("certificate", pd.DataFrame(rows), (_say("certificate_line", lang),), page_rows=0)


# --- numbers and years ----------------------------------------------------------------------------


def _frontier(p: Proposal, lang: str) -> Told | None:
    table = p.prospects.frontier
    if table is None or table.empty:
        return None
    most = table["people"].astype("Float64")
    told = {"name": p.name(lang), "new_sites": table["sites"], "counted": counted_label(p.unit, lang),
            "covered_most": most, "gained": most.diff(), "bound": table["bound"],
            "gap": table["gap"].astype("Float64")}  # fmt: skip
    known = table[table["people"].notna()]
    if known.empty:
        return told, []
    (least, at_least), (most_sites, at_most) = known[["sites", "people"]].iloc[[0, -1]].astype(int).to_numpy()
    gaps = known["gap"].mask(known["bound"].eq(known["people"]), 0.0)  # nobody of nobody is the best
    line = _say(
        "frontier_ends", lang, name=p.name(lang), unit=unit_label(p.unit, lang), now=p.prospects.now,
        proven=_surely(float(gaps.max()), lang), least=least, at_least=at_least, most=most_sites,
        at_most=at_most, comes_to=_comes_to(p, lang),
    )  # fmt: skip
    return told, [line]


def _comes_to(p: Proposal, lang: str) -> str:
    """What is counted: who is covered, or, where sites have a capacity, who is placed."""
    return _say("placed" if p.plan.placed else "covered", lang)


def _surely(gap: float, lang: str) -> str:
    """Whether every point is proven, or how far it may be from the best."""
    return _say("all_proven", lang) if gap == 0 else _say("all_within", lang, gap=gap_percent(gap))


def _phases(p: Proposal, lang: str) -> Told | None:
    """What is built each year, and what is lost against the best plan of as many sites."""
    phasing, begun = p.prospects.phasing, p.prospects.first_year
    if phasing is None:
        return None
    steps, unit, names = phasing.steps, _measured(p, lang), texts(p.sites["name"])
    years = [_say("now", lang), *map(str, range(begun, begun + len(steps) - 1))]
    between = "、" if lang == "zh" else "; "
    table = {
        "question": p.name(lang), "year": years, "new_sites": steps["built"].array, "measured_in": unit,
        "step_value": steps["value"].array, "step_best": steps["best"].array, "bound": steps["bound"].array,
        "loss": steps["loss"].array, "loss_at_most": steps["loss_at_most"].array,
        "built_now": [between.join(names[list(s)]) for s in steps["sites"]],
    }  # fmt: skip
    if phasing.money is not None:
        paid = {c: phasing.money[c].array for c in ("cap_yuan", "available_yuan", "spent_yuan", "left_yuan")}
        table = {**table, **paid}
    worst = steps["loss_at_most"].iloc[1:].max()
    first, last = steps.iloc[min(1, len(steps) - 1)], steps.iloc[-1]
    line = _say(
        "phases_line_time" if phasing.goal.objective == "min-time" else "phases_line", lang, name=p.name(lang),
        unit=unit, years=len(steps) - 1, first_year=years[1], now=f"{steps['value'].iloc[0]:,.0f}",
        first=f"{first['value']:,.0f}", last=f"{last['value']:,.0f}", last_year=years[-1], loss=f"{worst:,.0f}",
        end_loss=f"{last['loss_at_most']:,.0f}", comes_to=_comes_to(p, lang),
        share=percent(worst / max(steps["bound"].max(), 1)),
    )  # fmt: skip
    return table, [line, *_paid_lines(p, years, lang)]


def _paid_lines(p: Proposal, years: Sequence[str], lang: str) -> Iterator[str]:
    """Where the years go by money: years that build nothing, and sites that no year builds."""
    phasing = p.prospects.phasing
    if phasing is None or phasing.money is None:
        return
    between, names = "、" if lang == "zh" else ", ", texts(p.sites["name"])
    yield _say("paid_proven" if phasing.proven else "paid_found", lang, name=p.name(lang))
    empty = [year for year, sites in zip(years[1:], phasing.steps["sites"].iloc[1:], strict=True) if not sites]
    if empty:
        yield _say("paid_empty", lang, name=p.name(lang), years=between.join(empty))
    for why in ("too_dear", "no_money"):
        late = [names[site] or site for site, reason in phasing.late.items() if reason == why]
        if late:
            yield _say(f"paid_{why}", lang, name=p.name(lang), sites=between.join(late))


def _chart(p: Proposal, lang: str) -> str:
    """Best of each size as a line; the order of building as dots, a year each."""
    behind, lines = p.prospects, []
    steps = None if behind.phasing is None else behind.phasing.steps
    if behind.frontier is not None and len(behind.frontier):
        known = behind.frontier[behind.frontier["people"].notna()]
        best = ((0.0, float(behind.now)), *_points(known["sites"], known["people"]))
        lines.append(Line(_say("best_of_size", lang), best, _BEST))
    elif steps is not None:
        lines.append(Line(_say("best_of_size", lang), _points(steps["built"], steps["best"]), _BEST))
    if steps is not None:
        years = ("", *(str(behind.first_year + k) for k in range(len(steps) - 1)))
        built = _points(steps["built"], steps["value"])
        lines.append(Line(_say("as_built", lang), built, _OURS, dots=True, labels=years))
    x_label = _say("x_label", lang, unit=_measured(p, lang), comes_to=_comes_to(p, lang))
    return line_chart(lines, title=p.name(lang), x_label=x_label, lang=lang)


def _points(x: pd.Series, y: pd.Series) -> tuple[tuple[float, float], ...]:
    return tuple(zip(x.astype(float), y.astype(float), strict=True))


# --- what sites are worth, and which stay ---------------------------------------------------------


def _values(results: Results, p: Proposal, lang: str) -> Told | None:
    found = p.prospects.values
    if found is None or found.empty:
        return None
    unit, existing = _measured(p, lang), found["state"].eq("existing")
    table = {
        "question": p.name(lang), **site_columns(results, p, found.index),
        "state": labels("report.state_", found["state"], lang), "counted": counted_label(p.unit, lang),
        "goes_there": found["people"].array, "measured_in": unit, "closing_loses": found["loss"].array,
        "left_without": found["left"].array,
    }  # fmt: skip
    line = _say(
        "values_line", lang, name=p.name(lang), unit=unit, site=p.sites.at[found.index[0], "name"],
        loss=f"{found['loss'].iloc[0]:,.0f}", idle=int((found["loss"].eq(0) & existing).sum()),
        existing=int(existing.sum()),
    )  # fmt: skip
    return table, [line]


def _robust(results: Results, p: Proposal, lang: str) -> Told | None:
    """In how many scenarios each site is chosen; what the plan rests on."""
    found, asked = p.prospects.robust, study_question(results.study, p.id).robust
    if found is None or asked is None:
        return None
    chosen = found.sites["chosen"].gt(0)
    some, mine = found.sites[chosen | found.sites["in_plan"]], found.sites[found.sites["in_plan"]]
    covered = found.scenarios["value"] / found.scenarios["people"]
    table = {
        "question": p.name(lang), **site_columns(results, p, some.index), "chosen_in": some["chosen"].array,
        "chosen_share": some["share"].array, "in_plan": [yes_or_no(planned, lang) for planned in some["in_plan"]],
    }  # fmt: skip
    line = _say(
        "robust_ahead" if asked.forecast else "robust_line", lang,
        name=p.name(lang), scenarios=len(found.scenarios), proven=found.proven,
        slow=f"{asked.speed[0]:g}", fast=f"{asked.speed[1]:g}", people=percent(asked.people),
        counted=counted_label(p.unit, lang),
        always=len(found.always()), often=int((mine["share"] >= _OFTEN).sum()), planned=len(mine),
        some=int(chosen.sum()), towns=p.sites["town"].reindex(found.sites.index[chosen]).nunique(),
        low=percent(covered.min()), high=percent(covered.max()),
    )  # fmt: skip
    return table, [line, *_source(asked.source, lang)]


def _robust_runs(p: Proposal, lang: str) -> Told | None:
    """What each scenario came to."""
    if p.prospects.robust is None:
        return None
    runs = p.prospects.robust.scenarios.reset_index()
    table = {
        "question": p.name(lang), "scenario": runs["scenario"], **_situations(runs, lang),
        "speed_factor": runs["speed"],
        "counted": counted_label(p.unit, lang), "demand_total": runs["people"], "new_sites": runs["new_sites"],
        "plan_value": runs["value"], "bound": runs["bound"], "gap": runs["gap"],
    }  # fmt: skip
    return table, []


def _situations(runs: pd.DataFrame, lang: str) -> dict[str, list[str]]:
    """What each scenario is called, where they are years and variants of the forecast."""
    if "name" not in runs:
        return {}
    said = [name.partition(" ")[::2] for name in runs["name"]]
    return {"situation": [_situation(year, variant, lang) for year, variant in said]}


def _situation(year: str, variant: str, lang: str) -> str:
    if not year:
        return _say("situation_now", lang)
    return _say("situation_year", lang, year=year, variant=say_of("forecast_sections", f"variant_{variant}", lang))


# --- towns without a lawful candidate -------------------------------------------------------------


def _ways(results: Results, lang: str) -> Iterator[Section]:
    """What would make a plan of a question that has none."""
    rows = [{"name": p.name(lang), "relaxation": c.sentence(lang)} for p in results.proposals for c in p.changes]
    if rows:
        yield Section("ways", pd.DataFrame(rows), page_rows=40)


def _relaxations(results: Results, lang: str) -> Iterator[Section]:
    rules = rule_names(results, lang)
    places = {**names_by_area(results.inputs.communities), **names_by_area(results.inputs.candidates)}
    lines = unchecked_lines(results, lang)
    lines += reported_lines(results, lang)
    names = {"town": names_by_area(results.inputs.towns), "county": names_by_area(results.inputs.counties)}
    rows = [
        {"name": p.name(lang), **_relaxed(row, names["town" if row["level"] == "town" else "county"], places, rules)}
        for p in results.proposals
        for row in p.relaxations.to_dict("records")
    ]
    if rows or lines:
        columns = ["name", "area_name", "candidates", "candidate", "relaxation", "lawful_then", "neighbour",
                   "neighbour_minutes"]  # fmt: skip
        lines += [_say("relaxations_line", lang, count=len(rows))] if rows else []
        yield Section("relaxations", pd.DataFrame(rows, columns=columns), tuple(lines), page_rows=40)


def unchecked_lines(results: Results, lang: str) -> list[str]:
    """Of each question the bans that could not be checked, by the layer that the study lacks: a site may break them."""
    rules, layers, between = rule_names(results, lang), rule_layers(results), i18n.say("report.between", lang)
    lines = []
    for p in (p for p in results.proposals if p.unchecked):
        of_layer: dict[str, list[str]] = {}
        for rule in p.unchecked:
            of_layer.setdefault(layers[rule], []).append(rule)
        named = {i18n.label("tables", layer, lang): rules_said(own, rules, lang) for layer, own in of_layer.items()}
        said = [_say("unchecked_layer", lang, layer=layer, rules=bans) for layer, bans in named.items()]
        told = _say("unchecked", lang, layers=between.join(said))
        lines.append(i18n.say("report.plan_told", lang, name=p.name(lang), line=told))
    return lines


def reported_lines(results: Results, lang: str) -> list[str]:
    """Of each rule that nobody verified and that therefore only reports: what it speaks against, and how to heed it."""
    rules = rule_names(results, lang)
    lines = [
        i18n.say("report.plan_told", lang, name=p.name(lang), line=_reported(p, rule, rows, rules, lang))
        for p in results.proposals
        for rule, rows in p.reported.groupby("rule", sort=False)
    ]
    return [*lines, _say("reported_how", lang)] if lines else []


def _reported(p: Proposal, rule: Any, rows: pd.DataFrame, rules: Mapping[str, str], lang: str) -> str:
    touched = dict.fromkeys(rows["candidate"])
    removed = set(p.ledger["candidate"])
    chosen = {*p.new_sites, *places_of(p.sites, p.new_sites)}
    more = [one for one in touched if one not in removed]
    return _say(
        "reported", lang, rule=rules_said([rule], rules, lang), candidates=len(touched), more=len(more),
        chosen=sum(one in chosen or f"new-{one}" in chosen for one in more), clause=rows["clause"].iloc[0],
    )  # fmt: skip


def _relaxed(
    row: Mapping[Any, Any], names: Mapping[str, str], places: Mapping[str, str], rules: Mapping[str, str]
) -> dict[str, Any]:
    """What would free a candidate of an area that has none, and the neighbour that serves it meanwhile."""
    how = [f"{rules.get(r, r)} {int(asked):,} → {int(m):,} m"
           for r, m, asked in zip(row["rules"], row["relaxed_m"], row["required_m"], strict=True)]  # fmt: skip
    area, neighbour = names_of([row["area"], row.get("serving_area")], names)
    (candidate,) = names_of([row["candidate"]], places)
    return {
        "area_name": area, "candidates": row["of"], "candidate": candidate,
        "relaxation": "; ".join(how), "lawful_then": row["lawful"], "neighbour": neighbour,
        "neighbour_minutes": row.get("serving_minutes", float("nan")),
    }  # fmt: skip
