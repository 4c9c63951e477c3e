"""The quarterly return of civil affairs (JBZH0001): a sheet an area, an indicator a row, as a long table.

Names are indented or numbered (一、（一）1. (1) A I 其中：), counts have thousands commas, the area stands above the
table as a code of twelve digits. Source of the form: ``data/office_forms.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, findings_from, join_findings
from quarterhour.io import files
from quarterhour.io.files.header import Rows, Table
from quarterhour.io.offices.forms import check_needed, read_below_heads, recognised

FORM = "jbzh0001"
COLUMNS = ("area", "level", "indicator", "value", "unit", "name", "path", "period", "source",
           "area_code")  # fmt: skip
_AREA = re.compile(r"地\s*区\s*编\s*码\s*[:：]?\s*(\d{12}|\d{9}|\d{6})(?!\d)")
_PERIOD = re.compile(r"(20\d\d)\s*年\s*(?:(0?[1-9]|1[0-2])\s*月(?!\s*\d+\s*日)|第?\s*([一二三四1-4])\s*季度)")
_DAY = re.compile(r"(20\d\d)\s*年\s*(0?[1-9]|1[0-2])\s*月()")
"""The period, too, where nothing else is dated: 截至2025年12月31日."""
_OTHER_DATES = re.compile(
    r"(?:有效期|填报日期|制表日期|报出日期|打印日期)[^0-9]{0,6}20\d\d\s*年\s*\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?"
)
"""Dates above a form that are not its period: until when it is valid, when it was filled in."""
_QUARTERS = {"一": 3, "二": 6, "三": 9, "四": 12, "1": 3, "2": 6, "3": 9, "4": 12}
_STEPS = (
    re.compile(r"[一二三四五六七八九十]+\s*、"),
    re.compile(r"[(（][一二三四五六七八九十]+[)）]"),
    re.compile(r"\d+\s*[.．、]"),
    re.compile(r"[(（]\d+[)）]"),
    re.compile(r"[A-HJ-Z]\s*[.、]?(?=[^A-Za-z])"),
    re.compile(r"[IVX]+\s*[.、]?(?=[^A-Za-z])"),
)
_OF_WHICH = re.compile(r"其中\s*[:：]?\s*")
_FORM_ROWS = ("甲", "乙", "丙")
_CITY = "city"


def read_return(path: str | Path | Table, *, sheet: str | None = None, **how: Any) -> Table:
    """A return as rows ``area, level, indicator, value, unit, name, path, period, source, area_code``; every sheet.

    ``indicator``: the code of the row, else its path (社会工作/老年人福利/…). Blank figures have no row, and are
    counted; one that does not read as a number is set aside and told. ``area``: the code as far as its level goes (six
    digits of a county, nine of a town); of a prefecture ``city``. ``area_code``: all twelve digits. DataError without
    an area's code or a date, and where two sheets are of one area and period.
    """
    sheets: Sequence[str | None] = [sheet] if sheet is not None or isinstance(path, Table) else files.sheet_names(path)
    parts = [_one(read_below_heads(path, FORM, sheet=one, **how)) for one in sheets]
    frame = pd.concat([p.frame for p in parts])
    told = join_findings([p.findings for p in parts])
    again = frame.duplicated(["area", "indicator", "period"])
    if again.any():
        row = frame[again].iloc[0]
        raise DataError("offices.return_twice", file=parts[0].file, area=row["area"], indicator=row["name"],
                        period=row["period"])  # fmt: skip
    rows = _added([p.rows or Rows(len(p.frame)) for p in parts])
    index = pd.RangeIndex(1, len(frame) + 1, name="row") if len(parts) > 1 else frame.index
    return replace(parts[0], frame=frame.set_axis(index), findings=told, rows=rows)


def _added(rows: Sequence[Rows]) -> Rows:
    def total(field: str) -> int:
        return sum(getattr(r, field) for r in rows)

    return Rows(total("found"), total("totals"), total("notes"), total("left_out"), total("aside"))


def _one(read: Table) -> Table:
    """One sheet of a return."""
    columns = [str(c) for c in read.frame.columns]
    found = {ours: heads[0].name for ours, heads in recognised(FORM, columns).items()}
    check_needed(FORM, found, file=read.file, columns=columns)
    above = " ".join(str(cell) for row in read.titles for cell in dict.fromkeys(row))
    printed, area_id, level, told_as = _area(above, read)
    area = {"area": area_id, "area_code": printed, "level": level}
    period = _period(above, read)
    kept = {ours: texts(read.frame[theirs]) for ours, theirs in found.items()}
    real = kept["name"].ne("") & ~kept["name"].str.replace(" ", "").isin(_FORM_ROWS)
    paths = _paths([name for name, is_row in zip(kept["name"], real, strict=True) if is_row])
    frame = pd.DataFrame({"name": [p[-1] for p in paths], "path": ["/".join(p) for p in paths]},
                         index=read.frame.index[real])  # fmt: skip
    code = kept.get("indicator", pd.Series("", index=read.frame.index))[real]
    frame = frame.assign(**area, period=period, indicator=code.where(code.ne(""), frame["path"]),
                         unit=kept.get("unit", pd.Series("", index=read.frame.index))[real],
                         source=f"{read.name} {period}")  # fmt: skip
    return _with_values(read, frame, kept["value"][real], columns, list(found.values()), int((~real).sum()), told_as)


def _with_values(
    read: Table,
    frame: pd.DataFrame,
    given: pd.Series,
    columns: Sequence[str],
    taken: Sequence[str],
    form_rows: int,
    area: str,
) -> Table:
    at: dict[str, Any] = {"table": "", "file": read.file, "sheet": read.sheet}
    value, blank = numbers(given), given.eq("")
    bad = value.isna() & ~blank
    same = {"rule": "offices.not_a_figure", "severity": "error", "column": "value", **at}
    told = [findings_from([{**same, "row": r, "value": given[r], "id": frame.at[r, "name"]} for r in given.index[bad]])]
    counted = {"value": f"{int((~blank & ~bad).sum()):,}", "detail": f"{int(blank.sum()):,}"}
    told.append(finding("offices.return_read", severity="note", id=area, **counted, **at))
    rest = ", ".join(c for c in columns if c not in taken)
    if rest:
        told.append(finding("offices.columns_left", severity="note", detail=rest, **at))
    kept = frame.assign(value=value)[value.notna()][list(COLUMNS)]
    rows = read.rows or Rows(len(read.frame))
    rows = replace(rows, notes=rows.notes + form_rows, left_out=rows.left_out + int(blank.sum()),
                   aside=rows.aside + int(bad.sum()))  # fmt: skip
    return replace(read, frame=kept, findings=join_findings([read.findings, *told]), rows=rows)


def _area(above: str, read: Table) -> tuple[str, str, str, str]:
    """The code of a sheet's area, the area, its level, and the area as it is told (a city by its code)."""
    found = _AREA.search(above)
    if found is None:
        raise DataError("offices.no_area", file=read.file, sheet=read.sheet, above=above[:80])
    code = found[1].ljust(12, "0")
    if code[2:] == "0" * 10:
        raise DataError("offices.area_of_province", file=read.file, sheet=read.sheet, code=code)
    if code[4:] == "0" * 8:
        return code, _CITY, _CITY, f"{_CITY} ({code[:4]})"
    if code[6:] == "0" * 6:
        return code, code[:6], "county", code[:6]
    area, level = (code[:9], "town") if code[9:] == "000" else (code, "community")
    return code, area, level, area


def _period(above: str, read: Table) -> str:
    dated = _OTHER_DATES.sub(" ", above)
    found = _PERIOD.search(dated) or _DAY.search(dated)
    if found is None:
        raise DataError("offices.no_period", file=read.file, sheet=read.sheet, above=above[:80])
    month = int(found[2]) if found[2] else _QUARTERS[found[3]]
    return f"{found[1]}-{month:02d}"


def _paths(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Each name with those that it stands below, by the way it is numbered; without a number below the last."""
    made, stack = [], list[tuple[int, str]]()
    for given in names:
        step, name = _step(given, stack[-1][0] if stack else -1)
        stack = [(s, n) for s, n in stack if s < step]
        stack.append((step, name))
        made.append(tuple(n for _, n in stack))
    return made


def _step(given: str, last: int) -> tuple[int, str]:
    """How deep a name stands, and the name without its number."""
    of_which = _OF_WHICH.match(given)
    plain = given[of_which.end() :] if of_which else given
    for step, number in enumerate(_STEPS):
        found = number.match(plain)
        if found:
            return 2 * step, plain[found.end() :].strip()
    return (last + 1 if of_which else max(last, 0)) | 1, plain.strip()
