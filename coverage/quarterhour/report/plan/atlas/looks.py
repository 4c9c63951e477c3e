"""How facilities look on the sheets of an atlas: shape by group, colour by what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.report.papers.map_sheet import Mark
from quarterhour.report.plan.atlas.sheet import Drawn, Numbers, Points, Table
from quarterhour.report.plan.shown import shown
from quarterhour.report.plan.tables import facility_rows
from quarterhour.report.plan.told import Told
from quarterhour.study.layout.facilities import ALTER, BUILD, CLOSE, EXTEND, KEEP, TREATMENTS
from quarterhour.study.layout.groups import CEMETERY, COMMUNITY, GROUPS, INSTITUTIONS

COLOURS = {KEEP: "#4a5568", ALTER: "#d9822b", EXTEND: "#7b3fa0", BUILD: "#c2185b", CLOSE: "#111827"}
"""Grey stays; orange, violet and red are work."""
SHAPES = {INSTITUTIONS: "s", COMMUNITY: "D", CEMETERY: "^"}
SIZES = {INSTITUTIONS: 7.0, COMMUNITY: 4.2, CEMETERY: 7.0}
INSIDE, PARTLY, OUTSIDE = "#6b9fc9", "#f0c27b", "#d1430f"


def treated(rows: pd.DataFrame, points: FloatArray, *, scale: float = 1.0) -> Iterator[Drawn]:
    """Facilities by group and by what becomes of them; what changes lies above."""
    for place, treatment in enumerate(TREATMENTS):
        for group in GROUPS:
            hit = (rows["treatment"].eq(treatment) & rows["group"].eq(group)).to_numpy()
            if hit.any():
                more = 1.0 if treatment == KEEP else 1.35
                yield Points(points[hit], "X" if treatment == CLOSE else SHAPES[group], COLOURS[treatment], "#ffffff",
                             SIZES[group] * scale * more, 6.0 + place / 10, keeps=scale > 1)  # fmt: skip


def numbered(rows: pd.DataFrame, points: FloatArray, size_cm: float = 0.42) -> Numbers:
    """What changes, by its number in the tables; kept facilities have none on a map."""
    hit = rows["treatment"].ne(KEEP).to_numpy()
    some = rows[hit]
    edges = tuple(COLOURS[t] for t in some["treatment"])
    return Numbers(points[hit], tuple(int(n) for n in some["number"]), edges, size_cm)


def treatment_legend(told: Told, rows: pd.DataFrame, *, counted: bool = True) -> list[Mark]:
    """A row for each group and treatment that is there, with how many."""
    made = []
    for group in GROUPS:
        for treatment in TREATMENTS:
            count = int((rows["treatment"].eq(treatment) & rows["group"].eq(group)).sum())
            if count:
                text = told.say("legend_treated", treatment=told.say(f"treatment_{treatment}"),
                                group=told.say(f"group_{group}"))  # fmt: skip
                text += told.say("legend_count", count=count) if counted else ""
                made.append(
                    Mark(text, COLOURS[treatment], "#ffffff", "X" if treatment == CLOSE else SHAPES[group], 7.0)
                )
    return made


def project_table(told: Told, rows: pd.DataFrame, title: str) -> Table:
    """What becomes of facilities, kept ones apart, as a table of the panel; no rows where all are kept."""
    some = rows[rows["treatment"].ne(KEEP)].sort_values("number", kind="stable")
    cells = tuple(
        (str(row["number"]), str(row["name"]), str(row["treatment"]), shown(row["year"], "year", told.lang))
        for row in facility_rows(told, some).to_dict("records")
    )
    heads = (told.say("col_number"), told.say("col_name"), told.say("col_treatment_short"), told.say("col_year"))
    return Table(title, heads, cells, (0.9, 5.2, 1.2, 1.3), left=(0, 1, 2))
