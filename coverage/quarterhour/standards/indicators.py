"""Values of targets by area: counts, shares, ratios, totals, distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.areas import nearest_m
from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import QUALITIES, UNSTATED
from quarterhour.standards.circle import CITY, CircleCheck, by_level, worse_quality
from quarterhour.standards.rules import Target
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs


def no_values(areas: pd.Index) -> pd.DataFrame:
    """No value yet for each area."""
    columns = ("value", "base", "synthetic_share", "estimated_share", "unstated_share")
    return pd.DataFrame(dict.fromkeys(columns, np.nan), index=areas).assign(note="", needs="")


def _made(areas: pd.Index, value: pd.Series, quality: pd.DataFrame, base: pd.Series | float = 1.0) -> pd.DataFrame:
    """Values by area with the shares of quality; an area without a value has nobody to count.

    ``base``: what a value of one stands for in the area, so that a share that is short tells how many are.
    """
    made = no_values(areas).assign(value=value.reindex(areas).astype("float64"))
    made["base"] = base.reindex(areas).astype("float64") if isinstance(base, pd.Series) else base
    for name in ("synthetic", "estimated", UNSTATED):
        made[f"{name}_share"] = quality[name].reindex(areas).astype("float64")
    return made.assign(note=made["value"].isna().map({True: "scorecard.nobody", False: ""}))


def _noted(made: pd.DataFrame, rows: pd.Series, note: str, needs: str | pd.Series = "") -> pd.DataFrame:
    """The values with a note, and what it needs, in some of their rows."""
    return made.assign(note=made["note"].mask(rows, note), needs=made["needs"].mask(rows, needs))


def _quality_shares(quality: pd.Series, areas: pd.Series, weight: pd.Series | None = None) -> pd.DataFrame:
    """Share of each area's rows (or people) that are of each quality."""
    each = pd.Series(1.0, index=quality.index) if weight is None else weight.astype("float64")
    weighed = pd.DataFrame({q: each.where(quality == q, 0.0) for q in QUALITIES}).assign(all=each)
    sums = weighed.groupby(areas).sum()
    return sums[list(QUALITIES)].div(sums["all"].where(sums["all"] > 0), axis=0)


def _quality(table: pd.DataFrame) -> pd.Series:
    return texts(table["quality"]) if "quality" in table else pd.Series(UNSTATED, index=table.index)


def _columns(table: pd.DataFrame, target: Target, names: Sequence[str]) -> list[pd.Series]:
    missing = [n for n in names if n not in table.columns]
    if missing:
        raise NoDataError(f"{target.table or 'communities'}: {', '.join(missing)}")
    return [numbers(table[n]) for n in names]


# --- circles ------------------------------------------------------------------------------------


def _rests_on(check: CircleCheck) -> pd.Series:
    """Each community's answer is as well known as the worse of its people and its nearest site."""
    return worse_quality(check.communities["quality"], check.communities["site_quality"])


def _circle_share(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    return _share_inside(target.of, target, ground, areas)


def _reach_share(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    _kinds_or_no_data(ground, target.kinds)
    if target.people not in ground.communities:
        raise NoDataError(f"communities: {target.people}")
    return _share_inside(target.id, target, ground, areas)


def _share_inside(circle: str, target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    check = ground.checks.get(circle)
    if check is None:
        raise NoDataError(f"circles: {circle}")
    if target.level == "community":
        return _circle_by_community(check, areas)
    shares = by_level(check.shares, target.level)
    where = ground.area_of(ground.communities, target.level)
    quality = _quality_shares(_rests_on(check), where, check.communities["people"])
    return _made(areas, shares["share_people"], quality, shares["people"])


def _circle_by_community(check: CircleCheck, areas: pd.Index) -> pd.DataFrame:
    judged = check.communities
    unknown = judged["reason"].eq("not_snapped")
    value = judged["met"].astype("float64").where(judged["people"].gt(0) & ~unknown)
    quality = _quality_shares(_rests_on(check), pd.Series(judged.index, index=judged.index))
    made = _made(areas, value, quality, judged["people"])
    return _noted(made, unknown.reindex(areas).eq(True), "scorecard.not_snapped")


# --- facilities ---------------------------------------------------------------------------------


def _kinds_or_no_data(ground: ScoreInputs, kinds: Sequence[str]) -> pd.DataFrame:
    rows = ground.of_kinds(kinds)
    # A kind that nobody supplied anywhere is not known; zero is said only beside others of its kind.
    if not len(rows):
        raise NoDataError(f"facilities: kind = {' | '.join(kinds)}")
    return rows


def _count(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    rows = _kinds_or_no_data(ground, target.kinds)
    if target.level == "community" and "community" not in rows:
        raise NoDataError("facilities: community")
    where = ground.area_of(rows, target.level)
    counted = where.value_counts().reindex(areas).fillna(0)
    shares = _quality_shares(_quality(rows), where).reindex(areas)
    # Where there is none, "none" rests on the whole list of that kind.
    whole = _quality_shares(_quality(rows), pd.Series(CITY, index=rows.index)).loc[CITY]
    made, unplaced = _made(areas, counted, shares.fillna(whole)), int((~where.isin(areas)).sum())
    # Facilities of no known area may be what an area lacks: its row says so.
    short = made["value"].lt(target.threshold) & (unplaced > 0)
    return _noted(made, short, "scorecard.unplaced", f"facilities: {unplaced}")


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
    quality = _quality(ground.communities)
    if near is not None and check is not None and len(near):
        served |= near.groupby("community", sort=False)["met"].any().reindex(index).eq(True)
        quality = _rests_on(check).reindex(index)
    return served, quality


def _share_of_communities(
    target: Target, ground: ScoreInputs, areas: pd.Index, has: pd.Series, quality: pd.Series
) -> pd.DataFrame:
    where = ground.area_of(ground.communities, target.level).reindex(has.index)
    groups = has.astype("float64").groupby(where)
    return _made(areas, groups.mean(), _quality_shares(quality, where), groups.size())


def _has_kind(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    _kinds_or_no_data(ground, target.kinds)
    served, quality = _served(target, ground, target.kinds)
    return _share_of_communities(target, ground, areas, served, quality)


def _tiers(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    village, town, county = (kinds.split("|") for kinds in target.kinds[:3])
    (class_column,) = target.columns[:1]
    if class_column not in ground.communities:
        raise NoDataError(f"communities: {class_column}")
    for kinds in (village, town, county):
        _kinds_or_no_data(ground, kinds)
    has, quality = _served(target, ground, village)
    for level, kinds in (("town", town), ("county", county)):
        has &= _in_area(ground, level, kinds)
        rows = ground.of_kinds(kinds)
        quality = worse_quality(quality, pd.Series(_worst(rows), index=quality.index))
    rural = texts(ground.communities[class_column]).isin(target.classes)
    if target.minutes:
        if target.id not in ground.tiers:
            raise NoDataError(f"tiers: {target.id}")
        has = ground.tiers[target.id].communities["met"].reindex(has.index).eq(True)
    return _share_of_communities(target, ground, areas, has[rural], quality[rural])


def _worst(rows: pd.DataFrame) -> str:
    found = set(_quality(rows))
    return next((q for q in reversed(QUALITIES) if q in found), QUALITIES[-1])


def _in_area(ground: ScoreInputs, level: str, kinds: Sequence[str]) -> pd.Series:
    having = set(ground.area_of(ground.of_kinds(kinds), level)) - {""}
    return ground.area_of(ground.communities, level).isin(list(having))


# --- figures ------------------------------------------------------------------------------------


def _figures(target: Target, ground: ScoreInputs, areas: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sums of a target's columns by area, rows that lack one left out; and how they are known."""
    table = ground.table(target)
    wanted = list(target.columns[: 2 if target.measure == "ratio" else 1])
    if {"area", "level", "indicator", "value"} <= set(table.columns):
        return _long_figures(target, table, wanted, areas)
    values = pd.DataFrame(dict(enumerate(_columns(table, target, wanted))))
    whole = values.notna().all(axis=1)
    if not whole.any():
        raise NoDataError(f"{target.table}: {', '.join(wanted)}")
    where = ground.area_of(table, target.level)
    if target.level in ("town", "county", "community") and where.eq("").all():
        raise NoDataError(f"{target.table}: {target.level}")
    sums = values[whole].groupby(where[whole]).sum()
    sums["left_out"] = (~whole).groupby(where).sum()
    return sums.reindex(areas), _quality_shares(_quality(table)[whole], where[whole])


def _long_figures(
    target: Target, table: pd.DataFrame, wanted: Sequence[str], areas: pd.Index
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = table[texts(table["level"]).eq(target.level) & texts(table["indicator"]).isin(wanted)]
    rows = rows.assign(area=CITY if target.level == CITY else texts(rows["area"]), value=numbers(rows["value"]))
    rows = rows.assign(indicator=texts(rows["indicator"]), quality=_quality(rows)).dropna(subset="value")
    twice = rows.duplicated(["area", "indicator"])
    if twice.any():
        named = rows.loc[twice, "indicator"] + "@" + rows.loc[twice, "area"]
        raise DataError("scorecard.figure_twice", table=target.table, ids=first_ids(named))
    missing = [w for w in wanted if w not in set(rows["indicator"])]
    if missing:
        raise NoDataError(f"{target.table}: {', '.join(missing)}")
    wide = rows.pivot(index="area", columns="indicator", values="value")[list(dict.fromkeys(wanted))]
    sums = pd.DataFrame({i: wide[w] for i, w in enumerate(wanted)}).assign(left_out=0)
    return sums.reindex(areas), _quality_shares(rows["quality"], rows["area"])


def _with_left_out(made: pd.DataFrame, sums: pd.DataFrame, target: Target) -> pd.DataFrame:
    count = sums["left_out"].fillna(0).astype(int)
    partial = count.gt(0) & made["value"].notna()
    return _noted(made, partial, "scorecard.partial", count.map(lambda n: f"{target.table}: {n}"))


def _no_figure_where_blank(made: pd.DataFrame, target: Target) -> pd.DataFrame:
    """An area without a figure is "no data", with what to supply."""
    return _noted(made, made["value"].isna(), "scorecard.no_data", f"{target.table}: {', '.join(target.columns)}")


def _ratio(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    sums, quality = _figures(target, ground, areas)
    made = _made(areas, sums[0] / sums[1].where(sums[1] > 0), quality, sums[1])
    nobody = sums[1].eq(0)
    told_blank = _no_figure_where_blank(made, target)
    return _with_left_out(told_blank.where(~nobody, made), sums, target)


def _total(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    sums, quality = _figures(target, ground, areas)
    return _with_left_out(_no_figure_where_blank(_made(areas, sums[0], quality), target), sums, target)


def _rate(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Beds by people: each side is summed from its own table."""
    sums, known = [], []
    for named in target.columns[:2]:
        table, _, column = named.partition(".")
        kinds = target.kinds if table == "facilities" else ()
        part = replace(target, table=table, columns=(column,), kinds=kinds, measure="total")
        found, quality = _figures(part, ground, areas)
        sums.append(found[0])
        known.append(quality.reindex(areas))
    over, under = sums[0].fillna(0).where(sums[1].notna()), sums[1]
    worst = pd.DataFrame({q: np.fmax(known[0][q], known[1][q]) for q in QUALITIES}, index=areas)
    made = _made(areas, target.per * over / under.where(under > 0), worst, under / target.per)
    return _no_figure_where_blank(made, replace(target, table="", columns=target.columns[:2]))


def _least(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    table = ground.table(target)
    (values,) = _columns(table, target, target.columns[:1])
    known = values.notna()
    if not known.any():
        raise NoDataError(f"{target.table}: {target.columns[0]}")
    where = ground.area_of(table, target.level)
    made = _made(
        areas, values[known].groupby(where[known]).min(), _quality_shares(_quality(table)[known], where[known])
    )
    sums = pd.DataFrame({"left_out": (~known).groupby(where).sum().reindex(areas)}, index=areas)
    return _with_left_out(made, sums, target)


def _distance(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Metres from each facility to the layer; an area has those of its nearest one."""
    rows = _kinds_or_no_data(ground, target.kinds)
    layer = ground.layers.get(target.of)
    if layer is not None and target.classes and "road_class" in layer:
        layer = layer[layer["road_class"].isin(target.classes)]
    if layer is None or not isinstance(rows, gpd.GeoDataFrame):
        raise NoDataError(f"layers: {target.of}")
    if not len(layer):
        return no_values(areas).assign(note="scorecard.nothing_near")
    metres = nearest_m(rows, layer)["distance_m"]
    where = ground.area_of(rows, target.level)
    quality = _quality(rows)
    if "quality" in layer and len(layer):
        quality = worse_quality(quality, pd.Series(_worst(layer), index=rows.index))
    return _made(areas, metres.groupby(where).min(), _quality_shares(quality, where))


def _mean_by_class(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    column, class_column = target.columns[:2]
    table = ground.communities
    (values,) = _columns(table, target, [column])
    if class_column not in table:
        raise NoDataError(f"communities: {class_column}")
    rows = table[texts(table[class_column]).isin(target.classes) & values.notna()]
    if not len(rows):
        raise NoDataError(f"communities: {column} ({' | '.join(target.classes)})")
    where = ground.area_of(table, target.level)[rows.index]
    groups = values[rows.index].groupby(where)
    return _made(areas, groups.mean(), _quality_shares(_quality(rows), where), groups.size())


MEASURES: Mapping[str, Callable[[Target, ScoreInputs, pd.Index], pd.DataFrame]] = {
    "circle_share": _circle_share,
    "reach_share": _reach_share,
    "count": _count,
    "has_kind": _has_kind,
    "ratio": _ratio,
    "rate": _rate,
    "total": _total,
    "least": _least,
    "distance": _distance,
    "mean_by_class": _mean_by_class,
    "tiers": _tiers,
}
