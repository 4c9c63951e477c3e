"""Sums, ratios, rates and means of what tables state, by area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.base.area_codes.classes import of_classes
from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import QUALITIES
from quarterhour.standards.circle import CITY
from quarterhour.standards.indicators.made import made_values, noted, numeric_columns, quality_of, quality_shares
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target


def _figures(target: Target, ground: ScoreInputs, areas: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sums of a target's columns by area, rows that lack one left out; and how they are known."""
    table = ground.table(target)
    wanted = list(target.columns[: 2 if target.measure == "ratio" else 1])
    if {"area", "level", "indicator", "value"} <= set(table.columns):
        return _long_figures(target, table, wanted, areas)
    values = pd.DataFrame(dict(enumerate(numeric_columns(table, target, wanted))))
    whole = values.notna().all(axis=1)
    if not whole.any():
        raise NoDataError(f"{target.table}: {', '.join(wanted)}")
    where = ground.area_of(table, target.level)
    if target.level in ("town", "county", "unit", "community") and where.eq("").all():
        raise NoDataError(f"{target.table}: {target.level}")
    sums = values[whole].groupby(where[whole]).sum()
    sums = sums.reindex(areas).assign(left_out=(~whole).groupby(where).sum().reindex(areas))
    sums["unplaced"] = _unplaced(where[whole], target, ground)
    return sums, quality_shares(quality_of(table)[whole], where[whole])


def _unplaced(where: pd.Series, target: Target, ground: ScoreInputs) -> int:
    """How many facilities are in no known area: they may be what an area lacks, or what makes its share another."""
    if target.table != "facilities" or target.level == CITY:
        return 0
    return int((~where.isin(ground.every_area(target).index)).sum())


def _long_figures(
    target: Target, table: pd.DataFrame, wanted: Sequence[str], areas: pd.Index
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = table[texts(table["level"]).eq(target.level) & texts(table["indicator"]).isin(wanted)]
    rows = rows.assign(area=CITY if target.level == CITY else texts(rows["area"]), value=numbers(rows["value"]))
    rows = rows.assign(indicator=texts(rows["indicator"]), quality=quality_of(rows)).dropna(subset="value")
    twice = rows.duplicated(["area", "indicator"])
    if twice.any():
        named = rows.loc[twice, "indicator"] + "@" + rows.loc[twice, "area"]
        raise DataError("scorecard.figure_twice", table=target.table, ids=first_ids(named))
    missing = [w for w in wanted if w not in set(rows["indicator"])]
    if missing:
        raise NoDataError(f"{target.table}: {', '.join(missing)}")
    wide = rows.pivot(index="area", columns="indicator", values="value")[list(dict.fromkeys(wanted))]
    sums = pd.DataFrame({i: wide[w] for i, w in enumerate(wanted)}).assign(left_out=0, unplaced=0)
    return sums.reindex(areas), quality_shares(rows["quality"], rows["area"])


def _with_left_out(made: pd.DataFrame, sums: pd.DataFrame, target: Target) -> pd.DataFrame:
    count = sums["left_out"].fillna(0).astype(int)
    partial = count.gt(0) & made["value"].notna()
    if "unplaced" in sums:
        lost = sums["unplaced"].fillna(0).astype(int)
        made = noted(
            made, lost.gt(0) & made["value"].notna(), "scorecard.unplaced", lost.map(lambda n: f"facilities: {n}")
        )
    return noted(made, partial, "scorecard.partial", count.map(lambda n: f"{target.table}: {n}"))


def _no_figure_where_blank(made: pd.DataFrame, target: Target) -> pd.DataFrame:
    """An area without a figure is "no data", with what to supply."""
    return noted(made, made["value"].isna(), "scorecard.no_data", f"{target.table}: {', '.join(target.columns)}")


def ratio(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The sum of one column over the sum of another, by area."""
    sums, quality = _figures(target, ground, areas)
    made = made_values(areas, sums[0] / sums[1].where(sums[1] > 0), quality, sums[1])
    nobody = sums[1].eq(0)
    told_blank = _no_figure_where_blank(made, target)
    return _with_left_out(told_blank.where(~nobody, made), sums, target)


def total(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The sum of a column by area."""
    sums, quality = _figures(target, ground, areas)
    return _with_left_out(_no_figure_where_blank(made_values(areas, sums[0], quality), target), sums, target)


def rate(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Beds by people: each side is summed from its own table."""
    sums, known, parts = [], [], []
    for named in target.columns[:2]:
        table, _, column = named.partition(".")
        kinds = target.kinds if table == "facilities" else ()
        part = replace(target, table=table, columns=(column,), kinds=kinds, measure="total")
        found, quality = _figures(part, ground, areas)
        sums.append(found[0])
        parts.append((found, part))
        known.append(quality.reindex(areas))
    over, under = sums[0].fillna(0).where(sums[1].notna()), sums[1]
    worst = pd.DataFrame({q: np.fmax(known[0][q], known[1][q]) for q in QUALITIES}, index=areas)
    made = made_values(areas, target.per * over / under.where(under > 0), worst, under / target.per)
    for found, part in reversed(parts):
        made = _with_left_out(made, found, part)
    return _no_figure_where_blank(made, replace(target, table="", columns=target.columns[:2]))


def least(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The least figure of a column by area; no verdict where a row without a figure could be less, and turn it."""
    table = ground.table(target)
    (values,) = numeric_columns(table, target, target.columns[:1])
    known = values.notna()
    if not known.any():
        raise NoDataError(f"{target.table}: {target.columns[0]}")
    where = ground.area_of(table, target.level)
    made = made_values(
        areas, values[known].groupby(where[known]).min(), quality_shares(quality_of(table)[known], where[known])
    )
    sums = pd.DataFrame({"left_out": (~known).groupby(where).sum().reindex(areas)}, index=areas)
    sums["unplaced"] = _unplaced(where[known], target, ground)
    blanks = sums["left_out"].fillna(0).astype(int)
    told = _no_figure_where_blank(made, target)
    made = _with_left_out(made.where(blanks.eq(0) | made["value"].notna(), told), sums, target)
    value, bar = made["value"], target.threshold
    hangs = blanks.gt(0) & (value.ge(bar) if target.sense == "at_least" else value.gt(bar))
    needs = blanks.map(lambda n: f"{target.table}: {n}")
    return noted(made, hangs, "scorecard.hangs_on_blanks", needs).assign(value=value.mask(hangs))


def mean_by_class(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The mean of a column over the communities of some classes, by area."""
    column, class_column = target.columns[:2]
    table = ground.communities
    (values,) = numeric_columns(table, target, [column])
    if class_column not in table:
        raise NoDataError(f"communities: {class_column}")
    asked = of_classes(table[class_column], target.classes)
    rows = table[asked & values.notna()]
    if not len(rows):
        raise NoDataError(f"communities: {column} ({' | '.join(target.classes)})")
    every = ground.area_of(table, target.level)
    where = every[rows.index]
    groups = values[rows.index].groupby(where)
    made = made_values(areas, groups.mean(), quality_shares(quality_of(rows), where), groups.size())
    left_out = (asked & values.isna()).groupby(every).sum().reindex(areas)
    return _with_left_out(made, pd.DataFrame({"left_out": left_out}), replace(target, table="communities"))


def share_with(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The share of rows whose own figure is at least, or at most, what each must have.

    Rows without a figure are left out and told; where they could turn the verdict there is none.
    """
    table = _of_classes(target, ground.table(target))
    (values,) = numeric_columns(table, target, target.columns[:1])
    known = values.notna()
    if not known.any():
        raise NoDataError(f"{target.table}: {target.columns[0]}")
    where = ground.area_of(table, target.level)
    keeps = values.ge(target.each) if target.each_sense == "at_least" else values.le(target.each)
    groups = pd.DataFrame({"keeps": keeps & known, "known": known, "all": True}).groupby(where).sum().reindex(areas)
    share = groups["keeps"] / groups["known"].where(groups["known"] > 0)
    quality = quality_shares(quality_of(table)[known], where[known])
    made = made_values(areas, share, quality, groups["all"])
    lost = _unplaced(where[known], target, ground)
    made = noted(made, made["value"].notna() & (lost > 0), "scorecard.unplaced", f"facilities: {lost}")
    return _with_blanks(made, groups, target)


def _of_classes(target: Target, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the target's classes; all without any."""
    if not target.classes:
        return table
    column = target.columns[1]
    if column not in table:
        raise NoDataError(f"{target.table}: {column}")
    rows = table[of_classes(table[column], target.classes)]
    if not len(rows):
        raise NoDataError(f"{target.table}: {target.columns[0]} ({' | '.join(target.classes)})")
    return rows


def _with_blanks(made: pd.DataFrame, groups: pd.DataFrame, target: Target) -> pd.DataFrame:
    """Rows without a figure told; no verdict where it hangs on them."""
    blanks = groups["all"] - groups["known"]
    least, most = groups["keeps"] / groups["all"], (groups["keeps"] + blanks) / groups["all"]
    bar = target.threshold
    is_open = least.lt(bar) & most.ge(bar) if target.sense == "at_least" else most.gt(bar) & least.le(bar)
    some = blanks.gt(0).reindex(made.index, fill_value=False)
    needs = blanks.fillna(0).astype(int).map(lambda n: f"{target.table}: {n}")
    made = noted(made, some, "scorecard.partial", needs)
    hangs = some & is_open.reindex(made.index, fill_value=False)
    return noted(made, hangs, "scorecard.hangs_on_blanks", needs).assign(value=made["value"].mask(hangs))
