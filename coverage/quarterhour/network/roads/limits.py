"""Speed limits that a table gives, weighed: a plausible range, and the unit that fits where none is written."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray, IntArray
from quarterhour.base.findings import Severity, join_findings, no_findings
from quarterhour.network.access import as_keys
from quarterhour.network.roads.told import Where, counted
from quarterhour.network.speeds import KMH_PER_MS, limit_kmh, other_unit

SLOWEST_KMH, FASTEST_KMH = 5.0, 160.0
"""What lies beyond is no limit: slower than a walker, faster than the fastest that is signposted (Abu Dhabi)."""
MOST_MS = 45.0
"""Numbers above this are no metres a second: that would be beyond the fastest limit."""
IN_MILES = (25.0, 35.0, 45.0, 55.0, 65.0, 75.0)
"""Limits that are common in miles an hour and rare in kilometres."""
_MOSTLY, _OFTEN, _CRAWL, _SEVERAL = 0.8, 0.5, 18.0, 3
_NONE = {"", "0", "0.0", "-1", "-1.0", "none", "signals", "variable", "nan", "null", "<na>", "unknown", "default", "no"}


def weighed_limits(roads: gpd.GeoDataFrame, where: Where) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """``maxspeed`` and ``maxspeed_against`` as limits that can be meant; what cannot does not count, and is told.

    Numbers without a unit that become round only as metres a second are converted; those that look like miles an
    hour, or are slow and not round, are told and stay.
    """
    columns = [c for c in ("maxspeed", "maxspeed_against") if c in roads]
    if not columns or not len(roads):
        return roads, no_findings()
    cells = pd.concat([as_keys(roads[c]) for c in columns])
    code, values = pd.factorize(cells, use_na_sentinel=False)
    said = [str(v).strip().lower() for v in values]
    times, bare = np.bincount(code, minlength=len(values)), np.array([_bare(s) for s in said])
    unit = _unit(bare, times, [_digits(s) for s in said])
    kmh = np.array([limit_kmh(v) or np.nan for v in values])
    kmh = np.where(np.isnan(kmh), bare, kmh)
    if unit == "ms":
        kmh = np.where(np.isnan(bare), kmh, _rounded(bare * KMH_PER_MS))
    beyond = (kmh < SLOWEST_KMH) | (kmh > FASTEST_KMH)
    unread = np.isnan(kmh) & ~np.isin(said, list(_NONE))
    converted = np.array([other_unit(s) for s in said], dtype=bool)
    kinds = [
        (f"limit_{unit}", np.isfinite(bare) & bool(unit)),
        ("limit_beyond", beyond),
        ("limit_unread", unread),
        ("limit_converted", converted & ~beyond),
    ]
    told = [_told(rule, cells, mask[code], where) for rule, mask in kinds if mask.any()]
    changed = (np.isfinite(bare) & (unit == "ms")) | beyond
    if changed.any():
        new = np.array([*values, None], dtype=object)[:-1]
        new[changed] = np.where(beyond, np.nan, kmh)[changed]
        parts = np.split(new[code], len(columns))
        roads = roads.assign(**{c: pd.Series(p, roads.index) for c, p in zip(columns, parts, strict=True)})
    return roads, join_findings(told)


def _told(rule: str, cells: pd.Series, rows: BoolArray, where: Where) -> pd.DataFrame:
    few = rows.sum() < _OFTEN * (cells.astype(str) != "").sum()
    mild = rule == "limit_converted" or (rule == "limit_unread" and few)
    severity: Severity = "note" if mild else "warning"
    shown = counted(cells[rows])
    return where.about(rule, cells.index[rows].unique(), severity=severity, column="maxspeed", detail=shown)


def _bare(said: str) -> float:
    """A number above 0 without a unit; else missing."""
    return float(said) or np.nan if re.fullmatch(r"\d+(\.\d+)?", said) else np.nan


def _digits(said: str) -> int:
    """Digits behind the point of a number as it is written."""
    return len(said.partition(".")[2].rstrip("0"))


def _rounded(kmh: FloatArray) -> FloatArray:
    """What lies within a rounding of a multiple of 5 is that."""
    near = 5 * np.round(kmh / 5)
    return np.asarray(np.where(np.abs(kmh - near) <= 0.5 * KMH_PER_MS, near, kmh))


def _unit(bare: FloatArray, times: IntArray, digits: list[int]) -> str:
    """What numbers without a unit look like: "ms", "miles", "slow" (may be metres a second), "" for km/h."""
    some = np.isfinite(bare)
    number, rows, places = bare[some], times[some], np.array(digits)[some]
    if not len(number):
        return ""
    uneven = number % 5 != 0
    if number.max() <= MOST_MS and _share(uneven, rows) >= _MOSTLY:
        return _metres_a_second(number, rows, places)
    return "miles" if not uneven.any() and _share(np.isin(number, IN_MILES), rows) >= _OFTEN else ""


def _metres_a_second(number: FloatArray, rows: IntArray, places: AnyArray) -> str:
    """ "ms" where taking them so makes the numbers round, "slow" where they are merely slow."""
    step = np.where(places > 0, 5.0, 10.0)
    kmh = number * KMH_PER_MS
    off = np.abs(kmh - step * np.round(kmh / step))
    round_ = off <= 0.5 * KMH_PER_MS * 10.0**-places + 0.01
    enough = (places > 0).any() or len(number) >= _SEVERAL
    if enough and _share(round_, rows) >= _MOSTLY:
        return "ms"
    return "slow" if np.median(np.repeat(number, rows)) < _CRAWL else ""


def _share(some: BoolArray, rows: IntArray) -> float:
    return float(rows[some].sum() / rows.sum())
