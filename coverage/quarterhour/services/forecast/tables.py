"""Tables of a forecast as offices have them, a row a figure or a column an age, as one kind of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.ages import WIDTH, AgeGroup, age_group
from quarterhour.services.forecast.census import BOTH, Census
from quarterhour.services.forecast.values import VARIANTS

Known = Mapping[str, tuple[str, str]]
"""Level and id of an area by its id, or by a name that only one area has."""
_SEXES = {
    **dict.fromkeys(("male", "m", "男", "男性", "men"), "male"),
    **dict.fromkeys(("female", "f", "女", "女性", "women"), "female"),
    **dict.fromkeys(("", "all", "both", "total", "合计", "小计", "男女合计", "both sexes"), BOTH),
}
_VARIANTS = {**dict.fromkeys(("low", "低", "低方案"), "low"), **dict.fromkeys(("high", "高", "高方案"), "high"),
             **dict.fromkeys(("", "middle", "medium", "中", "中方案"), "middle")}  # fmt: skip
_LEVELS = {**dict.fromkeys(("town", "镇街", "乡镇", "街道", "镇"), "town"),
           **dict.fromkeys(("county", "区市", "区县", "县", "区"), "county"),
           **dict.fromkeys(("city", "市", "全市"), "city")}  # fmt: skip
AREA_COLUMNS = ("area", "town", "county")


def age_rows(
    table: pd.DataFrame,
    *,
    file: str,
    known: Known,
    year: int | None = None,
    signed: bool = False,
) -> pd.DataFrame:
    """One row a figure: ``area, level, year, sex, first, last, people, row, column``.

    Parameters
    ----------
    table : long (columns ``age`` and ``people``) or wide (columns headed by ages); the index is the row's number.
        ``area`` (or ``town``, ``county``), ``level``, ``year`` and ``sex`` where it has them.
    known : level and id by id and by name; an area that is not there is an error.
    year : of all rows, where the table has no column of years.
    signed : whether figures may be below 0.

    Raises
    ------
    DataError : with file, row and column, for cells that are no figure, no age, no sex, no year, no known area.
    """
    long = _long(table, "people", file)
    long["area"], long["level"] = _areas(table, long["row"], file, known)
    long["year"] = _years(table, long["row"], file, year)
    long["sex"] = _words(table, long["row"], file, "sex", _SEXES)
    figures = numbers(long["people"])
    bad = figures.isna() | (False if signed else figures.lt(0))
    _refuse(long[bad], "forecast.bad_people", file)
    return long.assign(people=figures)[["area", "level", "year", "sex", "first", "last", "people", "row", "column"]]


def growth_rows(table: pd.DataFrame, *, file: str, known: Known) -> pd.DataFrame:
    """Older people by area and year, ``area, level, year, age, people, row``: columns 60+, 65+, 80+, or ``people``."""
    plain = table.rename(columns={c: f"{age}+" for c, age in _PLAIN_HEADS.items() if c in table and "age" not in table})
    rows = age_rows(plain, file=file, known=known)
    closed = rows[rows["last"].notna()]
    _refuse(closed.assign(people=closed["first"]), "forecast.not_open", file)
    return _of_both_sexes(rows, file).rename(columns={"first": "age"})


def _of_both_sexes(rows: pd.DataFrame, file: str) -> pd.DataFrame:
    """Men and women together; a row of both that stands beside them is held against their sum and counts once."""
    keys = ["area", "level", "year", "first"]
    refuse_twice(rows, [*keys, "sex"], file)
    apart = rows["sex"].ne(BOTH)
    sums, both = rows[apart].groupby(keys)["people"].sum(), rows[~apart].set_index(keys)
    wrong = both[both["people"].ne(sums.reindex(both.index).fillna(both["people"]))].reset_index()
    if len(wrong):
        row = wrong.iloc[0]
        raise DataError("forecast.sexes_not_the_sum", file=file, year=int(row["year"]), row=int(row["row"]),
                        column=row["column"], people=f"{row['people']:,.0f}")  # fmt: skip
    return both["people"].combine_first(sums).rename("people").sort_index().reset_index()


def refuse_twice(rows: pd.DataFrame, keys: list[str], file: str) -> None:
    """DataError for rows of one area and year that say the same thing twice."""
    twice = rows[rows.duplicated(keys, keep=False)]
    if len(twice):
        same = twice[twice[keys].eq(twice[keys].iloc[0]).all(axis=1)]
        raise DataError("forecast.said_twice", file=file, year=int(same["year"].iloc[0]), area=same["area"].iloc[0],
                        rows=first_ids(dict.fromkeys(same["row"])))  # fmt: skip


def check_migration(rows: pd.DataFrame, last: Census, *, file: str) -> None:
    """DataError where migrants would count twice (both sexes and each, two levels, two periods) or have no ages.

    ``last``: the count whose five-year groups they belong to.
    """
    levels, years, sexes = (list(dict.fromkeys(rows[c])) for c in ("level", "year", "sex"))
    if len(levels) > 1 or len(years) > 1 or (BOTH in sexes and len(sexes) > 1):
        said = next(found for found in (levels, years, sexes) if len(found) > 1)
        raise DataError("forecast.migrants_twice", file=file, found=", ".join(map(str, said)))
    refuse_twice(rows, ["area", "year", "sex", "first"], file)
    ends = rows["last"].astype("float64").fillna(math.inf).clip(upper=last.open_age)
    wide = ends.gt((rows["first"] - rows["first"] % WIDTH + WIDTH - 1).clip(upper=last.open_age))
    if wide.any():
        row = rows[wide].iloc[0]
        age = AgeGroup(int(row["first"]), None if pd.isna(row["last"]) else int(row["last"]))
        raise DataError("forecast.not_five", file=file, year=int(row["year"]), age=str(age), rows=str(row["row"]))


_PLAIN_HEADS = {"older": 60, "aged65": 65, "aged80": 80, "people": 60}


def control_rows(table: pd.DataFrame, *, file: str, known: Known) -> pd.DataFrame:
    """A forecast made elsewhere: ``area, level, year, variant, people, row``."""
    if "people" not in table:
        raise DataError("forecast.no_column", file=file, column="people", found=", ".join(map(str, table.columns)))
    rows = pd.DataFrame({"row": table.index, "people": table["people"].array, "column": "people"})
    rows["area"], rows["level"] = _areas(table, rows["row"], file, known)
    rows["year"] = _years(table, rows["row"], file, None)
    rows["variant"] = _words(table, rows["row"], file, "variant", _VARIANTS)
    figures = numbers(rows["people"])
    _refuse(rows[figures.isna() | figures.lt(0)], "forecast.bad_people", file)
    _refuse(rows[rows["level"].eq("town")], "forecast.control_of_town", file)
    refuse_twice(rows, ["area", "year", "variant"], file)
    made = rows.assign(people=figures)
    _refuse_crossed(made, file)
    return made


def _refuse_crossed(rows: pd.DataFrame, file: str) -> None:
    """DataError where low is above middle or high, or middle above high."""
    for (area, year), of in rows.groupby(["area", "year"], sort=False):
        ordered = of.set_index("variant").reindex([v for v in VARIANTS if v in set(of["variant"])])
        if not ordered["people"].is_monotonic_increasing:
            raise DataError("forecast.controls_crossed", file=file, area=area, year=year, rows=first_ids(of["row"]))


def rate_rows(table: pd.DataFrame, *, file: str, value: str, most: float = math.inf) -> pd.DataFrame:
    """Rates by sex and age: ``sex, first, last, people`` (the rate), ``row, column``; a table without areas."""
    long = _long(table, value, file)
    long["sex"] = _words(table, long["row"], file, "sex", _SEXES)
    figures = numbers(long["people"])
    _refuse(long[figures.isna() | figures.lt(0)], "forecast.bad_people", file)
    _refuse(long[figures.gt(most)], "forecast.bad_share", file)
    return long.assign(people=figures)


def _long(table: pd.DataFrame, value: str, file: str) -> pd.DataFrame:
    if "age" in table:
        if value not in table:
            raise DataError("forecast.no_column", file=file, column=value, found=", ".join(map(str, table.columns)))
        made = pd.DataFrame({"row": table.index, "people": table[value].array, "column": value})
        ages = _ages(texts(table["age"]), file)
        return made.assign(first=[a.first for a in ages], last=pd.array([a.last for a in ages], dtype="Int64"))
    heads = {c: found for c in table if (found := age_group(str(c))) is not None}
    if not heads:
        raise DataError("forecast.no_ages", file=file, found=", ".join(map(str, table.columns)))
    parts = [
        pd.DataFrame({"row": table.index, "people": table[c].array, "column": str(c), "first": found.first,
                      "last": pd.array([found.last] * len(table), dtype="Int64")})
        for c, found in heads.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _ages(cells: pd.Series, file: str) -> list[AgeGroup]:
    found = {cell: age_group(cell) for cell in dict.fromkeys(cells)}
    bad = cells[cells.map(lambda cell: found[cell] is None)]
    if len(bad):
        raise DataError("forecast.bad_age", file=file, rows=first_ids(bad.index), column="age", value=str(bad.iloc[0]))
    plain = all(a is not None and a.first == a.last for a in found.values())
    if plain and len(found) > 1 and all(a is not None and a.first % 5 == 0 for a in found.values()):
        return [_five_from(found[cell], found) for cell in cells]
    return [a for cell in cells if (a := found[cell]) is not None]


def _five_from(group: AgeGroup | None, every: Mapping[str, AgeGroup | None]) -> AgeGroup:
    """Ages written by their first year alone (60, 65, 70): five years each, the last without an end."""
    assert group is not None
    last = max(a.first for a in every.values() if a is not None)
    return AgeGroup(group.first, None if group.first == last else group.first + 4)


def _areas(table: pd.DataFrame, rows: pd.Series, file: str, known: Known) -> tuple[pd.Series, pd.Series]:
    column = next((c for c in AREA_COLUMNS if c in table), None)
    if column is None:
        raise DataError("forecast.no_column", file=file, column="area", found=", ".join(map(str, table.columns)))
    named = texts(table[column])
    bad = named[~named.isin(list(known))]
    if len(bad):
        raise DataError("forecast.unknown_area", file=file, rows=first_ids(bad.index), column=column,
                        areas=first_ids(dict.fromkeys(bad)))  # fmt: skip
    if "level" in table:
        said = _words(table, pd.Series(table.index), file, "level", _LEVELS).set_axis(table.index)
        wrong = said[[known[n][0] != s for n, s in zip(named, said, strict=True)]]
        if len(wrong):
            raise DataError("forecast.wrong_level", file=file, rows=first_ids(wrong.index), column="level",
                            value=str(wrong.iloc[0]))  # fmt: skip
    at = named.loc[rows].to_numpy()
    return pd.Series([known[n][1] for n in at]), pd.Series([known[n][0] for n in at])


def _years(table: pd.DataFrame, rows: pd.Series, file: str, year: int | None) -> pd.Series:
    if "year" not in table:
        if year is None:
            raise DataError("forecast.no_year", file=file)
        return pd.Series(year, index=range(len(rows)))
    found = numbers(table["year"].astype("object").map(lambda v: str(v).removesuffix("年") if v is not None else v))
    bad = found[~found.between(1900, 2200) | found.mod(1).ne(0)]
    if len(bad):
        raise DataError("forecast.bad_cell", file=file, rows=first_ids(bad.index), column="year",
                        value=str(table.loc[bad.index[0], "year"]))  # fmt: skip
    return pd.Series(found.loc[rows].astype(int).to_numpy())


def _words(table: pd.DataFrame, rows: pd.Series, file: str, column: str, words: Mapping[str, str]) -> pd.Series:
    """A column of a few words, by what they mean; where there is none, what a blank means."""
    if column not in table:
        return pd.Series(words.get("", ""), index=range(len(rows)))
    said = texts(table[column]).str.lower().map(words)
    bad = said[said.isna()]
    if len(bad):
        raise DataError("forecast.bad_cell", file=file, rows=first_ids(bad.index), column=column,
                        value=str(table.loc[bad.index[0], column]))  # fmt: skip
    return pd.Series(said.loc[rows].to_numpy())


def _refuse(bad: pd.DataFrame, key: str, file: str) -> None:
    if len(bad):
        first = bad.iloc[0]
        raise DataError(key, file=file, rows=first_ids(dict.fromkeys(bad["row"])), column=str(first["column"]),
                        value="" if pd.isna(first["people"]) else str(first["people"]))  # fmt: skip
