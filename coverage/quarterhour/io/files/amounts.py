"""What the cells of a column of numbers mean: the comma of decimals or of thousands, decided by the whole column.

``1.234,5`` and ``122,133217`` can only have a comma of decimals, ``1,234,567`` and ``1,234.5`` only one of thousands;
``1,234`` alone can be either, and the rest of its column decides. Blanks of any width before each three digits
(``1 234``) are marks of thousands where no cell has them elsewhere. An apostrophe before a number is the mark of text
that a workbook shows to nobody; behind a count of people 人, 名 or 位 says what is counted. Each decision is told.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import half_width, numbers, texts
from quarterhour.base.findings import Severity, finding, join_findings
from quarterhour.io.files.header import is_texty

_SIGN, _GROUP = r"[+-]?", r"[1-9][0-9]{0,2}"
_ODD_DECIMALS = r"(?:[0-9]*{mark}(?![0-9]{{3}}$)[0-9]+|0[0-9]*{mark}[0-9]+|[0-9]{{4,}}{mark}[0-9]+)"
"""A mark that cannot be one of thousands: not before three digits, or behind a zero or more than three digits."""
_COMMA_DECIMALS = re.compile(rf"{_SIGN}(?:{_ODD_DECIMALS.format(mark=',')}|{_GROUP}(?:\.[0-9]{{3}})+,[0-9]+)")
_POINT_DECIMALS = re.compile(_SIGN + _ODD_DECIMALS.format(mark=r"\."))
_POINT_THOUSANDS = re.compile(rf"{_SIGN}{_GROUP}(?:\.[0-9]{{3}}){{2,}}")
_COMMA_THOUSANDS = re.compile(rf"{_SIGN}{_GROUP}(?:(?:,[0-9]{{3}})+\.[0-9]*|(?:,[0-9]{{3}}){{2,}})")
_OPEN_COMMA, _OPEN_POINT = (re.compile(rf"{_SIGN}{_GROUP}{mark}[0-9]{{3}}") for mark in (",", r"\."))
_MARK = "[ \u00a0\u2000-\u200a\u202f\u205f\u3000'\u2019]"
"""Blanks and apostrophes (Swiss) that part thousands."""
_PARTED = re.compile(rf"{_SIGN}[0-9]+(?:{_MARK}+[0-9]+)+(?:[.,][0-9]*)?")
_BLANK_THOUSANDS = re.compile(rf"{_SIGN}{_GROUP}(?:{_MARK}[0-9]{{3}})+(?:[.,][0-9]*)?")
_APOSTROPHES = "'\u2018\u2019`\uff07"
_MARKED_AS_TEXT = re.compile(
    rf"[{_APOSTROPHES}]+(?=[+-]?[0-9.])[-+0-9.,:\s{_APOSTROPHES}°º˚′″”\"度分秒EWNS东西南北经纬]*|=\"[-+0-9.,\s]+\""
)
"""Behind an apostrophe, or as the formula of a text: ="122.13"."""
_TEXT_MARKS = f"{_APOSTROPHES}="
_MAY_BE_NUMBER = re.compile(f"[-+.,0-9{_TEXT_MARKS}]")
_ANY_MARK = re.compile(f"^[{_TEXT_MARKS}]|[0-9]{_MARK}[0-9]")
_NUMBERLIKE = re.compile(rf"{_SIGN}[0-9][0-9.,]*|{_SIGN}[.,][0-9]+")
_UNITS = "人|名|位|户|张|床|个|处|所|元|万元|万人|万|亿元|公里|千米|米|km|m|亩|平方米|㎡|%|people|persons|beds"
_WITH_UNIT = re.compile(rf"[+-]?[0-9][0-9,.]*\s*(?:{_UNITS})", re.IGNORECASE)
_PERSONS = re.compile(rf"({_SIGN}[0-9][0-9.,]*(?:{_MARK}[0-9]{{3}})*)\s*[人名位]")
_MOSTLY = 0.8
_LEAST_NUMBERS = 3
_LONGEST_AMOUNT = 8
"""Digits of an amount; longer ones are codes and telephone numbers, which may well have letters among them."""
_SHOWN = 5


def in_plain_notation(
    frame: pd.DataFrame,
    *,
    people: Container[str],
    numeric: Container[str],
    texts_in: Container[str],
    file: str,
    sheet: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with numbers as ``1234.5``, and what was decided or could not be.

    ``people`` and ``numeric`` are columns of numbers whatever some cells say, ``texts_in`` are none; of the others
    those are, whose cells all look like numbers. Cells that are still no numbers are left as they came: in columns of
    people the door sets them aside, elsewhere they are told here.
    """
    out, told = frame, []
    shape = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    at = {"file": file, "sheet": sheet}
    for column in frame.columns:
        if column == shape or column in texts_in or not is_texty(frame[column]):
            continue
        if not any(isinstance(v, str) for v in frame[column].array):
            continue
        text = texts(frame[column]).map(half_width)
        given = text[text.ne("")]
        said = column in people or column in numeric
        counted = given.str.fullmatch(_PERSONS) & (column in people)
        some, marks = _without_marks(given.mask(counted, given.str.replace(_PERSONS, r"\1", regex=True)), numeric=said)
        marks["persons_counted"] = given[counted]
        told += [_told(rule, str(column), cells, at) for rule, cells in marks.items() if len(cells)]
        plain, rule = None, None
        if said or all(map(_looks_numeric, some)):
            written = frame.loc[some.index, column].map(lambda v: isinstance(v, str))
            plain, rule = _plain(some[written], people=column in people)
        else:
            told += _no_numbers(str(column), some, at)
        if rule is not None:
            told.append(_told(rule, str(column), some[some.str.contains("[.,]")], at))
        changed = plain if plain is not None else some[some.ne(given)]
        if len(changed):
            out = out.assign(**{column: frame[column].mask(frame.index.isin(changed.index), changed)})
    return out, join_findings(told)


def _without_marks(given: pd.Series, *, numeric: bool) -> tuple[pd.Series, dict[str, pd.Series]]:
    """Cells without the apostrophe that marks text and without blanks between thousands; by rule, which had them.

    Blanks stay where some cell has them elsewhere (degrees and minutes, two numbers); in columns that nobody says are
    ``numeric``, also where a cell is no number, and in codes.
    """
    prose = not numeric and not all(_MAY_BE_NUMBER.match(v) for v in given)
    if (prose and not given.str.startswith(tuple(_TEXT_MARKS)).any()) or not given.str.contains(_ANY_MARK).any():
        return given, {}
    marked = given.str.fullmatch(_MARKED_AS_TEXT)
    bare = given.mask(marked, given.str.strip(f'{_APOSTROPHES}="').str.strip())
    grouped = bare.str.fullmatch(_BLANK_THOUSANDS)
    others = bare[~grouped]
    if numeric:
        sure = not others.str.fullmatch(_PARTED).any()
    else:
        sure = all(map(_looks_numeric, others)) and not bare[grouped].str.count("[0-9]").gt(_LONGEST_AMOUNT).any()
    grouped &= sure
    plain = bare.mask(grouped, bare.str.replace(_MARK, "", regex=True))
    return plain, {"apostrophes": given[marked], "blank_thousands": given[grouped]}


def _looks_numeric(text: str) -> bool:
    return _NUMBERLIKE.fullmatch(text) is not None


def _plain(some: pd.Series, *, people: bool) -> tuple[pd.Series | None, str | None]:
    """The cells of a column in plain notation where that differs, and the rule that tells the decision."""

    def any_of(*patterns: re.Pattern[str]) -> bool:
        return any(p.fullmatch(v) for v in odd for p in patterns)

    odd = [v for v in some.unique() if "," in v or "." in v]
    if not odd:
        return None, None
    decimal_comma = any_of(_COMMA_DECIMALS, _POINT_THOUSANDS)
    decimal_point = any_of(_COMMA_THOUSANDS, _POINT_DECIMALS)
    if decimal_comma and decimal_point:
        return None, "commas_mixed"
    if decimal_comma:
        return some.map(_from_decimal_comma), "comma_decimal"
    if not people and any_of(_OPEN_COMMA) and not decimal_point:
        return None, "comma_taken"
    if people and any_of(_OPEN_POINT) and not decimal_point:
        return None, "point_taken"
    return None, None


def _from_decimal_comma(text: str) -> str:
    return text.replace(".", "").replace(",", ".") if _looks_numeric(text) else text


def _no_numbers(column: str, some: pd.Series, at: Mapping[str, str]) -> list[pd.DataFrame]:
    """A column that means numbers but does not hold them: a few odd cells among many, or each with its unit."""
    if not len(some) or some.str.contains("^[-+.,]?[0-9]").mean() < _MOSTLY:
        return []
    if all(_WITH_UNIT.fullmatch(v) for v in some):
        return [_told("numbers_with_units", column, some, at)]
    good = numbers(some).notna()
    odd = some[~good]
    codes = some[good].str.count("[0-9]").gt(_LONGEST_AMOUNT).mean() > 1 - _MOSTLY
    if int(good.sum()) < _LEAST_NUMBERS or good.mean() < _MOSTLY or not len(odd) or codes:
        return []
    return [_told("no_numbers", column, odd, at)]


_NOTES = ("comma_taken", "apostrophes", "blank_thousands", "persons_counted")
_SEVERITY: Mapping[str, Severity] = dict.fromkeys(_NOTES, "note")


def _told(rule: str, column: str, cells: pd.Series, at: Mapping[str, str]) -> pd.DataFrame:
    shown = ", ".join(f"{row}: {value}" for row, value in cells.head(_SHOWN).items())
    more = " …" if len(cells) > _SHOWN else ""
    fields: dict[str, Any] = {"row": cells.index[0], "value": str(len(cells)), "detail": shown + more, **at}
    return finding(rule, severity=_SEVERITY.get(rule, "warning"), table="", column=column, **fields)
