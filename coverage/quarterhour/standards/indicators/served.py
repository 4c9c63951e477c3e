"""What share of an area's towns or communities is served: has a facility, is assigned one, or reaches one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from quarterhour.base.area_codes.classes import communities_of
from quarterhour.standards.indicators.made import (
    kinds_or_no_data,
    made_values,
    noted,
    quality_shares,
    worst_quality,
)
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target

ASSIGNED: Mapping[str, str] = {"towns": "serves_towns", "communities": "community"}
"""The column of facilities that names the towns or communities each is assigned to, their ids with ``;`` between."""
_LEVEL = {"towns": "town", "communities": "community"}


def served_share(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The share of the target's towns or communities that are served, each of them counted once.

    ``served_by``: ``has`` one of the kinds stands in it, ``assigned`` one names it, ``reach`` at least ``least_share``
    of its people reach one in the target's minutes. One of the ways named is enough.
    """
    rows = kinds_or_no_data(ground, target.kinds)
    units, unknown = _units(target, ground)
    ways = [_WAYS[way](target, ground, rows) for way in target.served_by]
    known = [way for way in ways if way is not None]
    if not known:
        raise NoDataError(f"facilities: {ASSIGNED[target.table]}")
    served = pd.Series(units.index.isin(sorted(set().union(*known))), index=units.index)
    where = _area_of_units(target, ground, units)
    quality = quality_shares(pd.Series(worst_quality(rows), index=units.index), where)
    groups = served.astype("float64").groupby(where)
    made = made_values(areas, groups.mean(), quality, groups.size())
    if None in ways:
        made = noted(made, made["value"].lt(1), "scorecard.not_assigned", f"facilities: {ASSIGNED[target.table]}")
    could = pd.Series(unknown.index.isin(sorted(set().union(*known))), index=unknown.index)
    return _with_unknown(made, served.groupby(where).agg(["sum", "size"]), could.groupby(
        _area_of_units(target, ground, unknown)).agg(["sum", "size"]), target)  # fmt: skip


def _with_unknown(made: pd.DataFrame, sure: pd.DataFrame, could: pd.DataFrame, target: Target) -> pd.DataFrame:
    """Towns or communities of no known class told; no verdict where it hangs on whether they are meant."""
    sure, could = (table.reindex(made.index).fillna(0) for table in (sure, could))
    some = could["size"].gt(0)
    unserved = could["size"] - could["sum"]
    least, most = sure["sum"] / (sure["size"] + unserved), (sure["sum"] + could["sum"]) / (sure["size"] + could["sum"])
    bar = target.threshold
    keeps = [s.ge(bar) if target.sense == "at_least" else s.le(bar) for s in (least, most)]
    hangs = some & (keeps[0].ne(keeps[1]) | sure["size"].eq(0))
    needs = could["size"].astype(int).map(lambda n: f"{target.table}: {n}")
    made = noted(made, some, "scorecard.class_left_out", needs)
    return noted(made, hangs, "scorecard.class_hangs", needs).assign(value=made["value"].mask(hangs))


def _units(target: Target, ground: ScoreInputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The towns or communities of the target's classes, and those of no known class."""
    level = _LEVEL[target.table]
    found = ground.areas(replace(target, level=level, applies_to=target.classes))
    unknown = found["class"].eq("") if target.classes else pd.Series(False, index=found.index)
    if unknown.all():
        raise NoDataError(f"{target.table}: class ({' | '.join(target.classes)})")
    return found[~unknown], found[unknown]


def _area_of_units(target: Target, ground: ScoreInputs, units: pd.DataFrame) -> pd.Series:
    """In which area of the target's level each town or community lies."""
    if target.table == "communities":
        return ground.area_of(ground.communities, target.level).reindex(units.index)
    own = {"town": pd.Series(units.index, index=units.index), "county": units["county"]}
    return own.get(target.level, pd.Series(target.level, index=units.index))


def _has(target: Target, ground: ScoreInputs, rows: pd.DataFrame) -> set[str] | None:
    if target.table == "towns":
        return set(ground.area_of(rows, "town")) - {""}
    if "community" not in rows:
        return None
    named = communities_of(rows)
    return set(named[~named.index.duplicated(keep=False)])


def _assigned(target: Target, _ground: ScoreInputs, rows: pd.DataFrame) -> set[str] | None:
    column = ASSIGNED[target.table]
    return set(communities_of(rows, column)) if column in rows else None


def _reach(target: Target, ground: ScoreInputs, _rows: pd.DataFrame) -> set[str] | None:
    check = ground.checks.get(target.id)
    if check is None:
        raise NoDataError(f"communities: {target.people}")
    if target.table == "communities":
        return set(check.communities.index[check.communities["met"]])
    towns = check.shares[check.shares["level"].eq("town")]
    return set(towns.loc[towns["share_people"].ge(target.least_share), "area"])


_WAYS = {"has": _has, "assigned": _assigned, "reach": _reach}
