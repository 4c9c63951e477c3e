"""Findings: what was found wrong in the inputs, one row a problem, with the sentence that says it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from quarterhour.base import i18n

UNSTATED = "unstated"
QUALITIES = ("fact", UNSTATED, "estimated", "synthetic")
"""How well a row is known, from the best to the worst. Silence is not a fact: without a word it is unstated."""


def by_quality(known: Iterable[object]) -> dict[str, int]:
    """How many rows are known for a fact, not said of, estimated, made up."""
    counted = Counter(map(str, known))
    return {quality: counted[quality] for quality in QUALITIES}


Severity = Literal["error", "warning", "note"]
SEVERITIES = ("error", "warning", "note")
"""error: the row was set aside; warning: kept, but look at it; note: what we assumed."""
FINDING_COLUMNS = ("severity", "rule", "table", "file", "sheet", "row", "column", "id", "value", "detail")
_LONGEST_VALUE = 80


def no_findings() -> pd.DataFrame:
    """A table of findings with nothing found."""
    return _nothing().copy()


@functools.cache
def _nothing() -> pd.DataFrame:
    return findings_from([])


def finding(rule: str, *, severity: Severity, table: str, **fields: object) -> pd.DataFrame:
    """One problem as a table of one row; ``rule`` names its sentence on the page ``findings``.

    A rule with a dot names its own page (``speeds.beyond_dem``). Fields: file, sheet, row (as the
    user sees it in Excel), column, id, value (cut at 80 characters), detail. TypeError for others.
    """
    unknown = set(fields) - set(FINDING_COLUMNS)
    if unknown or severity not in SEVERITIES:
        raise TypeError(f"not a field or severity of findings: {sorted(unknown)} {severity}")
    return findings_from([{"severity": severity, "rule": rule, "table": table, **fields}])


def join_findings(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All findings in one table, in the order given, numbered from 0."""
    some = [t for t in tables if len(t)]
    return pd.concat(some, ignore_index=True) if some else no_findings()


_OR = " ¦ "
"""Between the Chinese and the English of what a study names in both."""


def in_both(zh: str, en: str) -> str:
    """A name as a finding keeps it, whatever language the run was in; its sentence takes the one that it needs."""
    return zh if zh == en else f"{zh}{_OR}{en}"


def finding_sentences(findings: pd.DataFrame, lang: str) -> pd.Series:
    """Each finding as a sentence with its file and row, on the index of the findings."""
    records = findings.to_dict("records")
    return pd.Series([_sentence(r, lang) for r in records], index=findings.index, dtype="str", name="sentence")


def _sentence(record: dict[Any, Any], lang: str) -> str:
    values = {k: "" if pd.isna(v) else v for k, v in record.items() if k not in ("rule", "severity")}
    for name in ("id", "value", "detail"):
        zh, found, en = str(values[name]).partition(_OR)
        values[name] = en if found and lang == "en" else zh
    values["table"] = i18n.label("tables", str(values["table"]), lang)
    rule = record["rule"]
    text = i18n.say(rule if "." in rule else f"findings.{rule}", lang, **values)
    where = [str(values[k]) for k in ("file", "sheet") if values[k]]
    if values["row"] != "":
        where.append(i18n.say("findings.at_row", lang, row=values["row"]))
    between = i18n.say("findings.after_place", lang)
    return f"{' '.join(where)}{between}{text}" if where else text


def findings_from(records: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    """Many problems at once, each a mapping with the columns of findings (missing ones are blank)."""
    frame = pd.DataFrame(list(records), columns=list(FINDING_COLUMNS))
    row = frame.pop("row").astype("Int64")
    texts = frame.astype("object").where(frame.notna(), "").astype("str")
    texts["value"] = texts["value"].str.slice(0, _LONGEST_VALUE)
    texts.insert(FINDING_COLUMNS.index("row"), "row", row)
    return texts
