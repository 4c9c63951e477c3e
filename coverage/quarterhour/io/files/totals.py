"""Rows that sum up others: by their name, by a code that is the parent of others, by their figures; parts of a row.

A sheet of a bureau carries subtotals with a code and even a point; taken as places they count people twice.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.findings import findings_from

_WORD = r"(?:(?:[合总總小共累][计計])|总数|總數)数?"
_ENGLISH = r"(?:sub|grand)?[ \-]?totals?"
_TOTAL = re.compile(rf"(?:全[国省市区县旗镇乡村]|本页|以上|本表)?{_WORD}|{_ENGLISH}|sum|[∑Σ]", re.IGNORECASE)
_WHOLE = re.compile(r"全[国省市区县旗镇乡]|平均值?|均值|average|mean", re.IGNORECASE)
_SUBTOTAL = re.compile(
    rf"其中[:：].*|.*(?:{_WORD}[0-9一二三四五六七八九十]*|[\s:：\-_/]{_ENGLISH})|(?:{_WORD}[:：\-]|{_ENGLISH}[:：]).*",
    re.IGNORECASE,
)
"""A name that ends in the word (环翠楼街道小计) or begins with it and a colon; 小计生村 does neither."""
_GRAND = re.compile(
    r"(?:全[国省市区县旗镇乡]|本表)?(?:[合总總共][计計]|总共|总数|總數)数?|(?:grand)?totals?|sum", re.IGNORECASE
)
"""What sums up the whole table; 小计, 本页合计 and 累计 may not."""
_PART = re.compile(r"其中(?:[:：,，、\s(（]|$)")
_BRACKETS = re.compile(r"[(（【\[][^()（）【】\[\]]*[)）】\]]")
_EDGES = " \t:：.。*＊"
_NAMED_IN = ("id", "name", "town", "county")
_LEAST_PEOPLE = 100
_LEAST_PARTS: Mapping[int, int] = MappingProxyType({1: 5, 2: 3})
"""Rows that another may equal, by how many of its counts are not 0; fewer could add up by chance."""
_NEARLY = 0.01
_SEVERAL = 2
_LEVELS = {6: (2, 4), 9: (2, 4, 6), 12: (2, 4, 6, 9)}
"""Digits that the levels above keep of a code: province, prefecture, county, town (GB/T 2260, NBS)."""
TOTAL_RULES = ("totals_row", "totals_by_code", "totals_by_sum", "part_row")


def is_total(cell: Any) -> bool:
    """Whether a cell says that its row is a total and nothing else (合计, 小计：, 合 计（人）, Subtotal)."""
    return isinstance(cell, str) and _TOTAL.fullmatch(re.sub(r"\s", "", _bare(cell))) is not None


def names_total(cell: Any) -> bool:
    """Whether a name is that of a total (环翠楼街道小计, 全市, Huancui subtotal); for columns of names alone."""
    if not isinstance(cell, str):
        return False
    bare = _bare(cell)
    squeezed = re.sub(r"\s", "", bare)
    ways = (_TOTAL.fullmatch(squeezed), _WHOLE.fullmatch(squeezed), _SUBTOTAL.fullmatch(bare))
    return any(ways) or _SUBTOTAL.fullmatch(squeezed) is not None


def _bare(cell: str) -> str:
    return _BRACKETS.sub("", cell).strip(_EDGES)


def recognised(frame: pd.DataFrame, people: Sequence[str], *, table: str, file: str, sheet: str) -> pd.DataFrame:
    """What is told of rows that sum up others, as findings; those of ``TOTAL_RULES`` are no records.

    ``frame`` under our names (id, name, town, county and the columns of people), its index the rows as the user
    sees them. A parent code whose people are not the sum of its children is told and stays.
    """
    said = {c: texts(frame[c]) for c in _NAMED_IN if c in frame.columns}
    rest = pd.Series(True, index=frame.index)
    told: list[dict[str, Any]] = []
    for values in (said[c] for c in ("id", "name") if c in said):
        part = rest & values.str.match(_PART)
        told += [{"rule": "part_row", "row": r, "value": v} for r, v in values[part].items()]
        rest &= ~part
    for values in said.values():
        named = rest & values.isin([v for v in values.unique() if names_total(v)])
        told += [{"rule": "totals_row", "row": r, "value": v} for r, v in values[named].items()]
        rest &= ~named
    counts = _counts(frame, people)
    if len(counts.columns):
        told += _by_code(said, counts, rest)
        told += _by_sum(said, counts, rest)
    same = {"severity": "warning", "table": table, "file": file, "sheet": sheet}
    ids = said.get("id", pd.Series("", index=frame.index))
    return findings_from([{**t, **same, "id": ids[t["row"]]} for t in told])


def not_the_sum(
    records: pd.DataFrame, sums: pd.DataFrame, people: Sequence[str], *, table: str, file: str, sheet: str
) -> pd.DataFrame:
    """A warning a column of people in which the table's row of totals is not the sum of its records.

    ``sums``: rows of totals under our names, ``label`` what they call themselves. Only one that sums up the whole
    table is judged: there is one alone, above or below all records.
    """
    grand = sums[[_GRAND.fullmatch(re.sub(r"\s", "", _bare(str(v)))) is not None for v in sums["label"]]]
    if len(grand) != 1 or records.index.min() < grand.index[0] < records.index.max():
        return findings_from([])
    own, parts = _counts(grand, people, blank=float("nan")).iloc[0], _counts(records, people).sum()
    same = {"severity": "warning", "rule": "total_differs", "table": table, "file": file, "sheet": sheet}
    there = [c for c in own.index if c in parts.index and pd.notna(own[c]) and own[c] != parts[c]]
    said = [{"column": c, "value": f"{own[c]:,.10g}", "detail": f"{parts[c]:,.10g}"} for c in there]
    return findings_from([{**same, "row": grand.index[0], **figures} for figures in said])


def _counts(frame: pd.DataFrame, people: Sequence[str], *, blank: float = 0.0) -> pd.DataFrame:
    there = [c for c in dict.fromkeys(people) if c in frame.columns]
    return pd.DataFrame({c: numbers(frame[c]).fillna(blank) for c in there}, index=frame.index)


def _by_code(said: dict[str, pd.Series], counts: pd.DataFrame, rest: pd.Series) -> list[dict[str, Any]]:
    """Parents from the lowest level up, so that what a level sums up is not counted again above it."""
    if "id" not in said:
        return []
    told = []
    codes = said["id"][rest & said["id"].ne("")].sort_values(kind="stable")
    order = codes.tolist()
    for row, stem in _parents(order, codes.index):
        below = codes.index[bisect_left(order, stem) : bisect_left(order, stem + "\U0010ffff")]
        below = below[rest[below] & codes[below].ne(codes[row])]
        own, parts = counts.loc[row], counts.loc[below].sum()
        if len(below) < 2 or own.sum() <= 0:
            continue
        summed = bool(own.eq(parts).all()) and own.sum() >= _LEAST_PEOPLE
        if summed or _is_area(codes[row]):
            rule = "totals_by_code" if summed else "parent_code"
            compared = f"{len(below):,}: " + ", ".join(f"{c} {own[c]:,.0f} / {parts[c]:,.0f}" for c in own.index)
            told.append({"rule": rule, "row": row, "value": codes[row], "detail": compared})
        if summed:
            rest[row] = False
    return told


def _parents(order: Sequence[str], rows: pd.Index) -> list[tuple[Any, str]]:
    """Every code that other codes begin with, zeros at its end off where they are those of a level; longest first."""
    found = []
    for i, code in enumerate(order):
        kept = next((n for n in _LEVELS.get(len(code), ()) if code.isdigit() and not code[n:].strip("0")), len(code))
        stem = code[:kept]
        if kept < len(code) or (i + 1 < len(order) and order[i + 1] != code and order[i + 1].startswith(code)):
            found.append((rows[i], stem))
    return sorted(found, key=lambda one: -len(one[1]))


def _is_area(code: str) -> bool:
    """Whether a code is one of an area as the state numbers them, and not a running number that ends in zeros."""
    return code.isdigit() and len(code) in (9, 12) and "11" <= code[:2] <= "82"


def _by_sum(said: dict[str, pd.Series], counts: pd.DataFrame, rest: pd.Series) -> list[dict[str, Any]]:
    """Rows that equal all others of their town, those of a town that they do not name, or the whole table."""
    whole = pd.Series("*", index=counts.index)
    towns = said.get("town", whole)
    told = _by_groups(towns, counts, rest, _LEAST_PARTS)
    if len(told) >= _SEVERAL:  # a sheet that sums up some of its towns sums up the small ones too
        told += _by_groups(towns, counts, rest, {**_LEAST_PARTS, 2: 2})
    if "town" in said:
        told += _of_towns(said, counts, rest)
    return told + (_by_groups(whole, counts, rest, _LEAST_PARTS) if "town" in said else [])


def _by_groups(
    names: pd.Series, counts: pd.DataFrame, rest: pd.Series, least: Mapping[int, int]
) -> list[dict[str, Any]]:
    """The row of each group that equals all others of it in every column of people, or nearly does."""
    told: list[dict[str, Any]] = []
    here = rest & names.ne("")
    alone = names[here].nunique() == 1
    for _, some in counts[here].groupby(names[here], sort=False):
        row, filled = _sum_of_others(some, least)
        sure = row is not None and (alone or filled > 1)
        row = _nearly_the_sum(some) if row is None and least is _LEAST_PARTS else row
        if row is None:
            continue
        rule = "totals_by_sum" if sure else "maybe_total"
        told.append(_sums_up(rule, row, counts, len(some) - 1))
        if sure:
            rest[row] = False
    return told


def _sums_up(rule: str, row: Any, counts: pd.DataFrame, parts: int) -> dict[str, Any]:
    return {"rule": rule, "row": row, "value": f"{counts.loc[row].sum():,.0f}", "detail": f"{parts:,}"}


def _of_towns(said: dict[str, pd.Series], counts: pd.DataFrame, rest: pd.Series) -> list[dict[str, Any]]:
    """Rows of no town (their cell is blank, or holds the county) that equal all rows of one of the towns."""
    towns = said["town"]
    none = towns.eq("") | (towns.eq(said["county"]) if "county" in said else False)
    groups = counts[rest & ~none].groupby(towns[rest & ~none], sort=False)
    sums = {tuple(s): n for s, n in zip(groups.sum().to_numpy(), groups.size(), strict=True)}
    told = []
    for row, own in zip(counts.index[rest & none], counts[rest & none].to_numpy(), strict=True):
        parts, filled = sums.get(tuple(own), 0), int((own > 0).sum())
        if own.sum() >= _LEAST_PEOPLE and parts >= (2 if filled > 1 else _LEAST_PARTS[1]):
            told.append(_sums_up("totals_by_sum", row, counts, parts))
            rest[row] = False
    return told


def _nearly_the_sum(some: pd.DataFrame) -> Any | None:
    """The row whose every count, but for those it leaves at 0, is within a hundredth of the sum of the others."""
    figures = some.to_numpy()
    others = figures.sum(axis=0) - figures
    near = np.abs(figures - others) <= np.maximum(1.0, _NEARLY * others)
    parts = (figures.sum(axis=1) > 0).sum() - 1
    like = np.all(near | (figures == 0), axis=1) & ((figures * near).sum(axis=1) >= _LEAST_PEOPLE)
    at = np.flatnonzero(like)
    return some.index[at[0]] if len(at) == 1 and parts >= _LEAST_PARTS[1] else None


def _sum_of_others(some: pd.DataFrame, least: Mapping[int, int]) -> tuple[Any | None, int]:
    """The row whose every count is half of all, where that can be no chance, and how many of its counts are not 0."""
    figures = some.to_numpy()
    half = np.all(2 * figures == figures.sum(axis=0), axis=1) & (figures.sum(axis=1) >= _LEAST_PEOPLE)
    at = np.flatnonzero(half)
    if len(at) != 1:
        return None, 0
    filled = int((figures[at[0]] > 0).sum())
    parts = int((figures.sum(axis=1) > 0).sum()) - 1
    return (some.index[at[0]], filled) if parts >= least[min(filled, 2)] else (None, filled)
