"""Where most people are left outside, who keeps the promises, and what has changed since an earlier run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.standards.circle import CircleCheck, by_level

KEPT = ("target", "level", "area", "area_name", "county", "value", "threshold", "unit", "met", "missing", "closes",
        "binding", "note", "needs", "rule_set")  # fmt: skip
"""Columns of a scorecard that the next run needs."""
_KEY = ["target", "level", "area"]


def league_table(rows: pd.DataFrame, *, level: str = "town") -> pd.DataFrame:
    """The areas of a level by the share of binding promises that they keep, best first.

    ``rows``: of a scorecard. Columns ``rank`` (equal shares, equal ranks: 1, 2, 2, 4), ``area, area_name, county,
    promises`` (with data), ``kept, broken, no_data, share_kept, broken_targets`` (ids, first promised first).
    Ties by the order of the scorecard. An area without data on anything comes last, without a rank.
    """
    mine = rows[(rows["level"] == level) & rows["binding"].astype(bool)]
    flags = {"kept": mine["met"].eq(True), "broken": mine["met"].eq(False), "no_data": mine["met"].isna()}
    counted = mine.assign(**{k: v.fillna(False).astype(int) for k, v in flags.items()})
    groups = counted.groupby("area", sort=False)
    table = groups[["area_name", "county"]].first().join(groups[list(flags)].sum())
    table.insert(2, "promises", table["kept"] + table["broken"])
    share = table["kept"] / table["promises"].where(table["promises"] > 0)
    broken = mine[mine["met"].eq(False).fillna(False)].groupby("area", sort=False)["target"].agg(", ".join)
    table = table.assign(share_kept=share, broken_targets=broken.reindex(table.index).fillna(""))
    table.insert(0, "rank", share.rank(method="min", ascending=False).astype("Int64"))
    return table.sort_values("share_kept", ascending=False, kind="stable", na_position="last").reset_index()


def outside_table(checks: Sequence[CircleCheck], *, level: str = "town") -> pd.DataFrame:
    """The areas of a level by the people whom circles leave outside, most first; none without circles or areas.

    Indexed by area: a column of people outside for each check, by its position; ``outside``, their sum (who is
    outside of two circles counts twice); ``rank`` (equal sums, equal ranks: 1, 2, 2, 4) and ``tied``. Areas whose
    people are not told (few persons) are not there.
    Ties stand in the order of the areas.
    """
    tables = [by_level(check.shares, level) for check in checks]
    left = {place: table["people"] - table["people_met"] for place, table in enumerate(tables)}
    untold = {area for table in tables for area in table.index[table["people_met"].isna()]}
    outside = pd.DataFrame(left).fillna(0).astype("int64")
    outside["outside"] = outside.sum(axis=1)
    outside = outside[~outside.index.isin(untold)]
    outside["rank"] = outside["outside"].rank(method="min", ascending=False).astype("int64")
    outside["tied"] = outside["outside"].duplicated(keep=False)
    return outside.sort_values("outside", ascending=False, kind="stable").rename_axis("area")


def kept_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What of a scorecard is kept for a later run to compare with."""
    return rows[list(KEPT)].assign(met=rows["met"].map({True: "yes", False: "no"}).fillna(""))


def earlier_rows(table: pd.DataFrame, *, file: str) -> pd.DataFrame:
    """Kept rows read back from their file. DataError when it is another table."""
    missing = [c for c in KEPT if c not in table]
    if missing:
        raise DataError("league.not_a_scorecard", file=file, missing=first_ids(missing))
    met = texts(table["met"]).map({"yes": True, "no": False}).astype("boolean")
    plain = {c: texts(table[c]) for c in ("target", "level", "area", "area_name")}
    return pd.DataFrame({**plain, "value": numbers(table["value"]), "met": met}, index=table.index)


def changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What became of each promise in each area since an earlier scorecard; rows that stayed as they were left out.

    Columns ``target, level, area, area_name, value_before, value, met_before, met, became``: ``kept`` (now met),
    ``broken`` (no longer), ``higher``, ``lower``, ``new`` (not judged before), ``gone`` (no longer judged).
    """
    columns = [*_KEY, "area_name", "value", "met"]
    both = before[columns].merge(after[columns], on=_KEY, how="outer", suffixes=("_before", ""), sort=False)
    both["area_name"] = both["area_name"].fillna(both["area_name_before"])
    was, now = both["met_before"].astype("boolean"), both["met"].astype("boolean")
    moved = both["value"] - both["value_before"]
    same = moved.abs() <= 1e-9 * both["value_before"].abs().clip(lower=1)
    cases = [
        (was.isna() & now.notna(), "new"),
        (was.notna() & now.isna(), "gone"),
        (was.eq(False) & now.eq(True), "kept"),
        (was.eq(True) & now.eq(False), "broken"),
        (~same & moved.gt(0), "higher"),
        (~same & moved.lt(0), "lower"),
    ]
    held = [case.fillna(False).to_numpy(dtype=bool) for case, _ in cases]
    both["became"] = np.select(held, [name for _, name in cases], "")
    order = [*_KEY, "area_name", "value_before", "value", "met_before", "met", "became"]
    return both.loc[both["became"] != "", order].reset_index(drop=True)
