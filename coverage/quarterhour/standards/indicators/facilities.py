"""What an area has: facilities counted, communities served, distances kept."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.classes import communities_of, facility_levels, of_classes
from quarterhour.base.areas import nearest_m
from quarterhour.standards.circle import CITY, worse_quality
from quarterhour.standards.indicators.circles import rests_on
from quarterhour.standards.indicators.made import (
    kinds_or_no_data,
    made_values,
    no_values,
    noted,
    quality_of,
    quality_shares,
    worst_quality,
)
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target


def count(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Facilities of the target's kinds, and of its level, in each area."""
    every = kinds_or_no_data(ground, target.kinds)
    rows, unsaid = _of_level(every, target)
    where = _areas_with(rows, ground, target.level)
    counted = where.value_counts().reindex(areas).fillna(0)
    quality = quality_of(rows).reindex(where.index)
    shares = quality_shares(quality, where).reindex(areas)
    # Where there is none, "none" rests on the whole list of that kind.
    whole = quality_shares(quality_of(every), pd.Series(CITY, index=every.index)).loc[CITY]
    made = made_values(areas, counted, shares.fillna(whole))
    unplaced = _unplaced(rows, where, ground.every_area(target).index)
    # Facilities of no known area may be what an area lacks: its row says so.
    short = made["value"].lt(target.threshold) & (unplaced > 0)
    made = noted(made, short, "scorecard.unplaced", f"facilities: {unplaced}")
    return _open_where_no_level(made, target, ground, unsaid)


def _of_level(rows: pd.DataFrame, target: Target) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Facilities that serve the target's level, and those that do not say which they serve; all where none matters."""
    if not target.facility_level:
        return rows, rows.iloc[:0]
    levels = facility_levels(rows)
    if levels.eq("").all():
        raise NoDataError("facilities: facility_level")
    return rows[levels.eq(target.facility_level)], rows[levels.eq("")]


def _open_where_no_level(made: pd.DataFrame, target: Target, ground: ScoreInputs, unsaid: pd.DataFrame) -> pd.DataFrame:
    """No verdict where those that do not say their level could be what is short or too much."""
    if not len(unsaid):
        return made
    could = _areas_with(unsaid, ground, target.level).value_counts().reindex(made.index).fillna(0)
    now, then = (_keeps(made["value"] + more, target) for more in (0, could))
    count = could.astype(int).map(lambda n: f"facilities: {n}")
    made = noted(made, could.gt(0), "scorecard.no_level", count)
    return made.assign(value=made["value"].mask(now.ne(then)))


def _keeps(value: pd.Series, target: Target) -> pd.Series:
    return value.ge(target.threshold) if target.sense == "at_least" else value.le(target.threshold)


def _areas_with(rows: pd.DataFrame, ground: ScoreInputs, level: str) -> pd.Series:
    """The areas that have each facility, a row a pair; of communities all that it is assigned to."""
    if level != "community":
        return ground.area_of(rows, level)
    if "community" not in rows:
        raise NoDataError("facilities: community")
    return communities_of(rows)


def _unplaced(rows: pd.DataFrame, where: pd.Series, areas: pd.Index) -> int:
    """How many facilities are in no known area."""
    return len(rows) - where.index[where.isin(areas)].nunique()


def _served(target: Target, ground: ScoreInputs, kinds: Sequence[str]) -> tuple[pd.Series, pd.Series]:
    """Which communities have one of the kinds, or are inside the circle with one; and how that is known."""
    index = ground.communities.index
    rows = ground.of_kinds(kinds)
    standing = set(communities_of(rows)) if "community" in rows else None
    check = ground.checks.get(target.of)
    near = None if check is None else check.rows[check.rows["kind"].isin(kinds)]
    if (near is None or near.empty) and standing is None:
        raise NoDataError(f"circles: {target.of}" if target.of else "facilities: community")
    served = pd.Series(index.isin(list(standing or ())), index=index)
    quality = quality_of(ground.communities)
    if near is not None and check is not None and len(near):
        served |= near.groupby("community", sort=False)["met"].any().reindex(index).eq(True)
        quality = rests_on(check).reindex(index)
    return served, quality


def _share_of_communities(
    target: Target, ground: ScoreInputs, areas: pd.Index, has: pd.Series, quality: pd.Series
) -> pd.DataFrame:
    where = ground.area_of(ground.communities, target.level).reindex(has.index)
    groups = has.astype("float64").groupby(where)
    return made_values(areas, groups.mean(), quality_shares(quality, where), groups.size())


def has_kind(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The share of each area's communities that have one of the kinds or are assigned to one; reaching is no having."""
    rows = kinds_or_no_data(ground, target.kinds)
    where = _areas_with(rows, ground, "community")
    if where.empty:
        # Where a facility stands is no outline of a community: only the column says whose it is.
        raise NoDataError("facilities: community")
    index = ground.communities.index
    had = pd.Series(index.isin(where.unique()), index=index)
    quality = worse_quality(quality_of(ground.communities), pd.Series(worst_quality(rows), index=index))
    made = _share_of_communities(target, ground, areas, had, quality)
    unplaced = _unplaced(rows, where, index)
    short = made["value"].lt(target.threshold) & (unplaced > 0)
    return noted(made, short, "scorecard.unassigned", f"facilities: {unplaced}")


def tiers(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """The share of each area's rural communities that have all three tiers."""
    village, town, county = (kinds.split("|") for kinds in target.kinds[:3])
    (class_column,) = target.columns[:1]
    if class_column not in ground.communities:
        raise NoDataError(f"communities: {class_column}")
    for kinds in (village, town, county):
        kinds_or_no_data(ground, kinds)
    has, quality = _served(target, ground, village)
    for level, kinds in (("town", town), ("county", county)):
        has &= _in_area(ground, level, kinds)
        rows = ground.of_kinds(kinds)
        quality = worse_quality(quality, pd.Series(worst_quality(rows), index=quality.index))
    rural = of_classes(ground.communities[class_column], target.classes)
    if target.minutes:
        if target.id not in ground.tiers:
            raise NoDataError(f"tiers: {target.id}")
        has = ground.tiers[target.id].communities["met"].reindex(has.index).eq(True)
    return _share_of_communities(target, ground, areas, has[rural], quality[rural])


def _in_area(ground: ScoreInputs, level: str, kinds: Sequence[str]) -> pd.Series:
    having = set(ground.area_of(ground.of_kinds(kinds), level)) - {""}
    return ground.area_of(ground.communities, level).isin(list(having))


def distance(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Metres from each facility to the layer; an area has those of its nearest one."""
    rows = kinds_or_no_data(ground, target.kinds)
    layer = ground.layers.get(target.of)
    if layer is not None and target.classes and "road_class" in layer:
        layer = layer[layer["road_class"].isin(target.classes)]
    if layer is None or not isinstance(rows, gpd.GeoDataFrame):
        raise NoDataError(f"layers: {target.of}")
    if not len(layer):
        return no_values(areas).assign(note="scorecard.nothing_near")
    metres = nearest_m(rows, layer)["distance_m"]
    where = ground.area_of(rows, target.level)
    quality = quality_of(rows)
    if "quality" in layer and len(layer):
        quality = worse_quality(quality, pd.Series(worst_quality(layer), index=rows.index))
    return made_values(areas, metres.groupby(where).min(), quality_shares(quality, where))
