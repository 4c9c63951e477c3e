"""What the phrases of the outputs mean: one definition a phrase, for the report, the workbook and the page alike."""

from __future__ import annotations

import pandas as pd

from quarterhour.base import i18n
from quarterhour.report.section import Section


def glossary(lang: str) -> list[tuple[str, str]]:
    """Terms and what they mean, in the order in which a reader meets them."""
    terms = [name.removesuffix("_term") for name in i18n.names_on("glossary") if name.endswith("_term")]
    return [(i18n.say(f"glossary.{t}_term", lang), i18n.say(f"glossary.{t}_means", lang)) for t in terms]


def glossary_section(lang: str) -> Section:
    """The glossary as a table of the report and the workbook."""
    table = pd.DataFrame(glossary(lang), columns=["term", "means"])
    return Section("glossary", table, (i18n.say("report.glossary_line", lang),), page_rows=len(table))
