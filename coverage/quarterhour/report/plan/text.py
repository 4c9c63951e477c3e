"""The plan's text with numbered articles and its explanation, filled from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from quarterhour.report.papers.blocks import Grid, Paper
from quarterhour.report.papers.paper import demonstration_ribbon
from quarterhour.report.plan.figures import WITHIN, figure_table, plan_figures, plan_rows
from quarterhour.report.plan.shown import PlanTable, no_data, say
from quarterhour.report.plan.tables import plan_tables
from quarterhour.report.plan.template import Filling, fill_template, parse_template
from quarterhour.report.plan.told import Told
from quarterhour.study.layout.groups import template_text

PAPERS: tuple[str, ...] = ("text", "explanation")


@dataclass(frozen=True, eq=False)
class PlanContent:
    """All that a plan says: its tables (``figures`` the last), and what its text is filled with."""

    told: Told
    tables: tuple[PlanTable, ...]
    filling: Filling

    def table(self, key: str) -> PlanTable:
        """A table by its key."""
        return next(table for table in self.tables if table.key == key)


def plan_content(told: Told) -> PlanContent:
    """The tables of a plan and what its text may name."""
    made = plan_tables(told)
    figures = figure_table(told, made)
    tables = (*made, figures)
    ribbon = demonstration_ribbon(told.results, told.lang)
    named = plan_figures(told, figures) | {"demonstration": ribbon}
    rows = plan_rows(told, tables)
    grids = {table.key: grid_of(table, told.lang) for table in tables}
    return PlanContent(told, tables, Filling(named, rows, grids, WITHIN, no_data(told.lang)))


def grid_of(table: PlanTable, lang: str) -> Grid:
    """A table as it stands in a text: the rows and columns that a page has room for."""
    shown = table.shown(lang)
    some = shown[list(table.paper)] if table.paper else shown
    kept = table.kept or tuple(table.heads)
    labelled = {f"{key}\t{table.heads[key]}": some[key] for key in kept}
    return Grid(table.title, pd.DataFrame(labelled), tuple(kept))


def plan_paper(content: PlanContent, name: str, templates: Path | None = None) -> Paper:
    """The text (``text``) or the explanation (``explanation``) of a plan before it is set."""
    told, lang = content.told, content.told.lang
    source, file = template_text(f"{name}.{lang}.txt", templates)
    blocks = fill_template(parse_template(source, file), content.filling, file=file, lang=lang)
    title = plan_title(told)
    return Paper(
        title,
        told.results.study.name(lang),
        content.filling.figures["day"],
        content.filling.figures["demonstration"],
        (),
        tuple(blocks),
        kind=say(f"paper_{name}", lang),
    )


def plan_title(told: Told) -> str:
    """What a plan is called: of what, and for which years."""
    years = told.years
    return say("plan_title", told.lang, city=told.results.study.name(told.lang), first=years["base"] + 1,
               last=years["far"])  # fmt: skip
