"""The page and the workbook that a planner hands on.

The wing: said (how figures are said), tables, book, console, page.
"""

from __future__ import annotations

from quarterhour.report.console import summary_lines
from quarterhour.report.format import Section, area_names, names_of
from quarterhour.report.markdown import escape, report_markdown
from quarterhour.report.workbook import write_workbook

__all__ = [
    "Section",
    "area_names",
    "escape",
    "names_of",
    "report_markdown",
    "summary_lines",
    "write_workbook",
]
