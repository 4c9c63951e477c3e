"""What an area has: facilities counted, communities served, distances kept."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from quarterhour.base.areas import nearest_m
from quarterhour.base.cells import texts
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
from quarterhour.standards.rules import Target
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs


def count(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Facilities of the target's kinds in each area."""
    rows = kinds_or_no_data(ground, target.kinds)
    if target.level == "community" and "community" not in rows:
        raise NoDataError("facilities: community")
    where = ground.area_of(rows, target.level)
    counted = where.value_counts().reindex(areas).fillna(0)
    shares = quality_shares(quality_of(rows), where).reindex(areas)
    # Where there is none, "none" rests on the whole list of that kind.
    whole = quality_shares(quality_of(rows), pd.Series(CITY, index=rows.index)).loc[CITY]
    made, unplaced = made_values(areas, counted, shares.fillna(whole)), int((~where.isin(areas)).sum())
    # Facilities of no known area may be what an area lacks: its row says so.
    short = made["value"].lt(target.threshold) & (unplaced > 0)
    return noted(made, short, "scorecard.unplaced", f"facilities: {unplaced}")


def _served(target: Target, ground: ScoreInputs, kinds: Sequence[str]) -> tuple[pd.Series, pd.Series]:
    """Which communities have one of the kinds, or are inside the circle with one; and how that is known."""
    index = ground.communities.index
    rows = ground.of_kinds(kinds)
    standing = set(texts(rows["community"])) if "community" in rows else None
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
    """The share of each area's communities that have or are served by one of the kinds."""
    kinds_or_no_data(ground, target.kinds)
    served, quality = _served(target, ground, target.kinds)
    return _share_of_communities(target, ground, areas, served, quality)


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
    rural = texts(ground.communities[class_column]).isin(target.classes)
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
