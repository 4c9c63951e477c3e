"""The parts of a report: circles, promises, plans, and the sections behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.findings import UNSTATED
from quarterhour.base.labels import people_label, qualities_shown, unit_label, unstated_said
from quarterhour.report.papers.blocks import Block, Grid, Heading, Paragraph, Picture, Points, Sources
from quarterhour.report.section import (
    Section,
    area_shares,
    circle_name,
    city_row,
    figures,
    headed,
    heading,
    labels,
    levels,
    met_of,
    paces,
    rules_said,
    thresholds,
)
from quarterhour.report.tables import plan_line, quota_line, site_table, unmet_table
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.levels import levels_of
from quarterhour.standards.scorecard import Scorecard, note_sentences
from quarterhour.study.results import Proposal

Names = Mapping[tuple[str, str], str]
PAPER_ROWS = 20
"""Of a table, as many rows as a page has room for; the workbook has all of them."""
_KEPT = {
    "paces": ("circle", "level", "area_name", "always_share", "sometimes_share", "never_share"),
    "league": ("rank", "town", "county", "people_outside", "outside", "kept", "promises", "kept_share"),
    "changes": ("name", "level", "area_name", "value_before", "value", "became"),
    "forecast": ("area_name", "older_count", "older_middle", "growth_share"),
    "access": ("town", "wanting", "reachable", "served", "access_mean", "gini"),
    "beds": ("county", "name", "beds", "convert", "cost_yuan", "after_share"),
    "rounds": ("base", "communities", "people", "visits", "carers", "staff"),
    "graves": ("town", "deaths", "dead", "graves", "niches", "area_mu"),
    "programme": ("question", "year", "sites", "capital_yuan", "running_yuan", "added_staff"),
    "burial_forms": ("form", "period", "years", "dead", "places", "area_m2"),
    "burial_balance": ("place", "years", "needed_so_far", "standing", "built_so_far", "missing"),
    "change": ("question", "compared", "area_name", "change_gained", "change_lost", "change_moved"),
    "change_moves": ("question", "goes_from", "goes_to", "people_moved", "communities"),
    "change_worst": ("question", "name", "town", "people_all", "way_before", "way_after"),
    "rooms": ("name", "town", "state", "room", "placed", "full_share"),
    "frontier": ("name", "new_sites", "covered_most", "gained", "bound", "gap"),
    "budgets": ("name", "budget_yuan", "budget_value", "bound", "gap", "paid_yuan", "new_sites"),
    "relocations": ("question", "moved_closings", "moved_how", "name", "town", "moved_value", "gap"),
    "phases": ("question", "year", "new_sites", "step_value", "step_best", "loss_at_most"),
    "values": ("question", "name", "town", "goes_there", "closing_loses", "left_without"),
    "regions": ("question", "region", "new_sites", "region_people", "one_more", "one_less"),
    "reserves": ("name", "place", "reserve", "reserve_town", "reserve_loss", "short_then"),
    "robust": ("question", "name", "town", "chosen_in", "chosen_share", "in_plan"),
    "near_best": ("question", "rank", "left_out", "built_instead", "plan_value", "gap"),
    "relaxations": ("name", "area_name", "candidates", "relaxation", "lawful_then", "neighbour"),
}
"""By section the columns that a sheet of paper has room for; of others the first six."""


# --- circles --------------------------------------------------------------------------------------


def circle_blocks(
    checks: Sequence[CircleCheck],
    compare: Sequence[CircleCheck],
    sources: Sources,
    lang: str,
    pictures: Sequence[Picture],
    *,
    names: Names,
) -> Iterator[Block]:
    """Every circle, each walker beside the others; by unit and class; why communities are outside; the maps."""
    if not checks:
        return
    name = i18n.say("report.circles", lang)
    yield Heading(name)
    kept = ("circle", "mode", "minutes", "people_met", "people", "people_share")
    yield Grid(name, _circle_table(checks, compare, lang), kept)
    yield from _further_grids(checks, names, lang)
    yield Points(tuple(_reason_line(check, sources, lang) for check in checks))
    yield from pictures


def _circle_table(checks: Sequence[CircleCheck], compare: Sequence[CircleCheck], lang: str) -> pd.DataFrame:
    rows = [(check, shown) for check in checks for shown in (check, *paces(check, compare))]
    here = [city_row(shown) for _, shown in rows]
    return headed(
        {
            "circle": [check.circle.name(lang) for check, _ in rows],
            "mode": [shown.mode_name(lang) for _, shown in rows],
            "heading": labels("report.heading_", [shown.circle.heading for _, shown in rows], lang),
            "minutes": [shown.circle.minutes for _, shown in rows],
            "turnout": [shown.circle.turnout_minutes for _, shown in rows],
            "people_of": [people_label(shown.circle.people, lang) for _, shown in rows],
            **{k: [r[k] for r in here] for k in ("people_met", "people")},
            "people_share": [shown.shown_shares("city").iloc[0] for _, shown in rows],
            **{k: [r[k] for r in here] for k in ("communities_met", "communities")},
            **{
                f"people_{q}": [r[f"people_{q}"] for r in here]
                for q in qualities_shown(pd.DataFrame(here), "people_{}")
            },
        },
        lang,
    )


def _further_grids(checks: Sequence[CircleCheck], names: Names, lang: str) -> Iterator[Block]:
    """The circles by reporting unit and by class, where a study has them."""
    for level in levels_of(checks[0].shares):
        tables = [area_shares(c, level, names, lang).assign(circle=c.circle.name(lang)) for c in checks]
        table = pd.concat(tables).rename(columns={"name": "area_name", "share_people": "people_share"})
        kept = ("circle", "area_name", "people_met", "people", "people_share")
        yield Grid(
            i18n.say(f"report.by_{level}", lang), headed(table[list(kept)], lang), kept, paper_rows=2 * PAPER_ROWS
        )


_REASONS = ("met", "too_long", "out_of_reach", "no_way", "not_snapped")


def _reason_line(check: CircleCheck, sources: Sources, lang: str) -> str:
    counted = check.communities["reason"].value_counts().reindex(list(_REASONS))
    said: dict[str, Any] = {str(k): int(v) for k, v in counted.fillna(0).items()}
    known = check.searched_minutes
    far = said.pop("no_way") if math.isinf(known) else said.pop("out_of_reach")
    key = "reasons_no_way" if math.isinf(known) else "reasons_searched"
    said["none"] = i18n.say(f"report.{key}", lang, count=far, minutes=known)
    circle = check.circle
    cited = sources.cite(circle.clause, circle.source, circle.date)
    return i18n.say("report.reasons", lang, name=circle_name(check, lang), **said) + (f" {cited}" if cited else "")


# --- promises -------------------------------------------------------------------------------------


def promise_blocks(scorecard: Scorecard, sources: Sources, lang: str) -> Iterator[Block]:
    """The scorecard of the whole area, a row a promise and level."""
    table, name = scorecard.summary(), i18n.say("report.scorecard", lang)
    shown = headed(
        {
            "name": table[lang],
            "level": levels(table, lang),
            "threshold": thresholds(table, lang),
            "value": figures(table, "value"),
            "areas_met": [met_of(r, lang) for r in table.itertuples()],
            "synthetic_share": table["synthetic_share"],
            "note": [_note(r, s, lang) for r, s in zip(table.itertuples(), note_sentences(table, lang), strict=True)],
            "source": [_source(r, sources, lang) for r in table.itertuples()],
        },
        lang,
    )
    yield Heading(name)
    yield Grid(name, shown, ("name", "level", "threshold", "value", "areas_met", "source"))


def _note(row: Any, said: str, lang: str) -> str:
    aim = "" if row.binding else i18n.say("report.reported_only", lang)
    unknown = ""
    if 0 < row.areas_no_data < row.areas:
        unknown = i18n.say("report.some_no_data", lang, count=row.areas_no_data)
    return " ".join(t for t in (aim, unknown, said) if t)


def _source(row: Any, sources: Sources, lang: str) -> str:
    mark = "" if row.verified else i18n.say("report.unverified", lang)
    between = " " if mark and lang == "en" else ""
    return f"{sources.cite(row.clause, row.source, row.date)}{between}{mark}"


# --- plans ----------------------------------------------------------------------------------------


def plan_blocks(
    proposals: Sequence[Proposal],
    names: Names,
    lang: str,
    *,
    rules: Mapping[str, str],
    charts: Mapping[str, Picture],
    maps: Mapping[str, Sequence[Picture]],
) -> Iterator[Block]:
    """Each plan: in a sentence, its map, its sites, what could not be had.

    ``rules``: names by id. ``charts``, ``maps``: by question.
    """
    if not proposals:
        return
    yield Heading(i18n.say("report.plans", lang))
    for p in proposals:
        yield Heading(p.name(lang), level=2)
        yield Paragraph(plan_line(p, lang) + quota_line(p, lang))
        yield from maps.get(p.id, ())
        yield from [charts[p.id]] if p.id in charts else []
        yield from _site_blocks(p, names, lang)
        yield from _unmet_blocks(p, names, rules, lang)


def _site_blocks(p: Proposal, names: Names, lang: str) -> Iterator[Block]:
    if not len(p.plan.chosen):
        return
    known = p.sites_by_quality
    made_up = known["estimated"] or known["synthetic"]
    key = "report.site_quality_made_up" if made_up else "report.site_quality"
    by_word: dict[str, Any] = {**known, UNSTATED: unstated_said(known[UNSTATED], lang)}
    caption = i18n.say("papers.sites_of", lang, name=p.name(lang))
    kept = ("order", "year", "name", "town", "county", "gain", "quality")
    yield Grid(caption, _own_sites(p, names, lang), kept, paper_rows=2 * PAPER_ROWS)
    yield Paragraph(i18n.say(key, lang, **by_word), "note")


def _own_sites(p: Proposal, names: Names, lang: str) -> pd.DataFrame:
    """The sites of one plan: its name goes without saying, and what it counts into the heading."""
    table = site_table([p], names, lang)
    table.columns = pd.Index([str(c).partition("\t")[0] for c in table.columns])
    key = "report.gain_room" if p.plan.placed else "report.gain_cover"
    gain = i18n.say(key, lang, unit=unit_label(p.plan.unit, lang))
    kept = [c for c in table.columns if c not in ("question", "counted", "id")]
    return table[kept].set_axis([f"{c}\t{gain if c == 'gain' else heading(c, lang)}" for c in kept], axis=1)


def _unmet_blocks(p: Proposal, names: Names, rules: Mapping[str, str], lang: str) -> Iterator[Block]:
    if len(p.plan.unmet):
        yield Paragraph(i18n.say("report.unmet", lang, count=len(p.plan.unmet)))
        kept = ("level", "area_name", "minimum", "open", "candidates", "reason")
        caption = i18n.say("papers.unmet_of", lang, name=p.name(lang))
        yield Grid(caption, unmet_table([p], names, lang).iloc[:, 1:], kept, paper_rows=PAPER_ROWS)
    if len(p.ledger):
        by_rule = p.ledger.groupby(["rule", "clause"], sort=False)["candidate"].nunique().reset_index()
        yield Points(tuple(i18n.say("report.ledger", lang, candidate=row["candidate"], clause=row["clause"],
                                    rule=rules_said([row["rule"]], rules, lang))
                           for row in by_rule.to_dict("records")))  # fmt: skip


# --- sections -------------------------------------------------------------------------------------


def section_blocks(section: Section, lang: str) -> Iterator[Block]:
    """A further table of the results with its sentences; nothing where both stand in the workbook alone."""
    if not section.lines and not section.page_rows:
        return
    name = i18n.say(f"report.part_{section.key}", lang)
    yield Heading(name, level=2)
    yield from (Paragraph(line) for line in section.lines if not blank(line))
    if len(section.table) and section.page_rows:
        kept = _KEPT.get(section.key, ())
        yield Grid(name, headed(section.table, lang), kept, rows=section.page_rows, paper_rows=PAPER_ROWS)
    elif len(section.table):
        yield Paragraph(i18n.say("report.rows_in_book", lang, count=len(section.table)), "note")
