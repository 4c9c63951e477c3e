"""The scorecard: quotas, shares, totals, by area."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from quarterhour import words
from quarterhour.circle import CITY, CircleCheck, worse_quality
from quarterhour.errors import DataError, first_ids
from quarterhour.places import QUALITIES, numbers, texts
from quarterhour.rules import Target

COLUMNS = ("target", "zh", "en", "level", "area", "area_name", "county", "value", "threshold", "unit", "met", "missing",
           "binding", "note", "needs", "clause", "source", "date", "verified", "synthetic_share",
           "estimated_share")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scorecard:
    """What each promise came to. Every target of the rule file is there, "no data" included.

    ``rows`` columns: ``target`` (id), ``zh``, ``en``, ``level``, ``area`` (id; the city's is ``city``),
    ``area_name``, ``county`` (id of the area's county), ``value``, ``threshold``, ``unit``, ``met`` (True,
    False, or missing: no data),
    ``missing`` (how much is short, in the unit; 0 when met), ``binding``, ``note`` (key of the table of
    words, ``targets.no_data`` with what to supply in ``needs`` as ``table: column``; empty otherwise),
    ``needs``, ``clause``, ``source``, ``date``, ``verified``, ``synthetic_share``, ``estimated_share``
    (of the rows that the value was made from).
    """

    rows: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row a target and level: ``areas``, ``areas_met``, ``areas_unmet``, ``areas_no_data``,
        ``value`` (where the level has one area) and what the areas have in common."""
        by = ["target", "level"]
        same = ["zh", "en", "threshold", "unit", "binding", "clause", "source", "date", "verified"]
        flags = {"areas_met": self.rows["met"].eq(True), "areas_unmet": self.rows["met"].eq(False)}
        groups = self.rows.assign(**{k: v.fillna(False).astype(int) for k, v in flags.items()}).groupby(by, sort=False)
        table = groups[same].first()
        table.insert(2, "areas", groups.size())
        table.insert(3, "areas_met", groups["areas_met"].sum())
        table.insert(4, "areas_unmet", groups["areas_unmet"].sum())
        table.insert(5, "areas_no_data", table["areas"] - table["areas_met"] - table["areas_unmet"])
        table.insert(6, "value", groups["value"].first().where(table["areas"] == 1))
        table["synthetic_share"] = groups["synthetic_share"].mean()
        # A summary's note is that of its first area that has one.
        said = self.rows[self.rows["note"] != ""].drop_duplicates(by).set_index(by)
        for name in ("note", "needs"):
            table[name] = [said[name].get(key, "") for key in table.index]
        return table.reset_index()

    def __repr__(self) -> str:
        table = self.summary()
        kept = (table["areas"] == table["areas_met"]).sum()
        return f"<Scorecard: {len(table)} targets by level, {kept} met everywhere, {len(self.rows)} rows>"


def told(rows: pd.DataFrame, lang: str) -> pd.Series:
    """The note of each row of a scorecard or its summary as a sentence; blank where there is none."""
    said = [_sentence(n, w, lang) for n, w in zip(rows["note"], rows["needs"], strict=True)]
    return pd.Series(said, index=rows.index, dtype="str", name="told")


def _sentence(note: str, needs: str, lang: str) -> str:
    if not note:
        return ""
    table, _, columns = needs.partition(": ")
    return words.say(note, lang, table=table, columns=columns, needs=needs)


def score_targets(
    targets: Sequence[Target],
    *,
    communities: pd.DataFrame,
    towns: pd.DataFrame,
    counties: pd.DataFrame,
    facilities: pd.DataFrame,
    checks: Mapping[str, CircleCheck],
    tables: Mapping[str, pd.DataFrame],
) -> Scorecard:
    """What each target came to in each of its areas; an area with nothing is a row too.

    Parameters
    ----------
    targets : from ``read_rules`` or ``as_targets``.
    communities, towns, counties, facilities : tables of places. Towns and counties that only the
        communities name are areas as well.
    checks : the circles checked, by circle id.
    tables : further tables by name. One with the columns ``area, level, indicator, value`` is read
        by indicator; any other by columns, summed over its ``town`` or ``county``.

    Raises
    ------
    DataError : a table of figures gives an indicator of one area twice.
    """
    ground = _Ground(communities, towns, counties, facilities, checks, tables)
    parts = [_scored(t, ground) for t in targets]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return Scorecard(rows)


class _NoDataError(Exception):
    """The table or columns that a target's value would be made from were not supplied."""


@dataclass(frozen=True, eq=False)
class _Ground:
    """All that targets are measured on."""

    communities: pd.DataFrame
    towns: pd.DataFrame
    counties: pd.DataFrame
    facilities: pd.DataFrame
    checks: Mapping[str, CircleCheck]
    tables: Mapping[str, pd.DataFrame]

    def areas(self, target: Target) -> pd.DataFrame:
        """The areas of a target's level by id: name and county, in the order of their table."""
        if target.level == CITY:
            return pd.DataFrame({"name": CITY, "county": ""}, index=pd.Index([CITY], name="id"))
        if target.level == "facility":
            return _named(self.of_kinds(target.kinds), county="county")
        if target.level == "community":
            return _named(self.communities, county="county")
        table = self.towns if target.level == "town" else self.counties
        known = _named(table, county="county") if target.level == "town" else _named(table, county=None)
        return pd.concat([known, self._only_named(target.level, known.index)])

    def _only_named(self, level: str, known: pd.Index) -> pd.DataFrame:
        """Areas that communities name and the table of areas does not."""
        if level not in self.communities:
            return pd.DataFrame({"name": [], "county": []}, dtype="str")
        rows = self.communities[self.communities[level].ne("") & ~self.communities[level].isin(known)]
        rows = rows.drop_duplicates(level).sort_values(level, kind="stable")
        county = rows["county"] if "county" in rows else pd.Series("", index=rows.index)
        county = rows[level] if level == "county" else county
        return pd.DataFrame({"name": rows[level].array, "county": county.array}, index=pd.Index(rows[level], name="id"))

    def of_kinds(self, kinds: Sequence[str]) -> pd.DataFrame:
        """Facilities of kinds; all of them when none is named."""
        return self.facilities[self.facilities["kind"].isin(kinds)] if kinds else self.facilities

    def area_of(self, table: pd.DataFrame, level: str) -> pd.Series:
        """In which area of a level each row lies; blank where it is not known."""
        if level == CITY:
            return pd.Series(CITY, index=table.index)
        if level == "facility" or (level == "community" and table is self.communities):
            return pd.Series(table.index, index=table.index)
        own = texts(table[level]) if level in table else pd.Series("", index=table.index, dtype="str")
        if level == "county" and "town" in table and "county" in self.towns:
            county = self.towns["county"].to_dict()
            known = pd.Series([county.get(town, "") for town in texts(table["town"])], index=table.index, dtype="str")
            own = own.where(own.ne(""), known)
        return own

    def table(self, target: Target) -> pd.DataFrame:
        """The table a target is measured on."""
        own = {"communities": self.communities, "facilities": self.of_kinds(target.kinds)}
        found = own.get(target.table, self.tables.get(target.table))
        if found is None or not len(found):
            raise _NoDataError(f"{target.table}: {', '.join(target.columns)}")
        return found


def _named(table: pd.DataFrame, *, county: str | None) -> pd.DataFrame:
    ids = pd.Series(table.index, index=table.index, dtype="str")
    name = texts(table["name"]) if "name" in table else ids
    of = ids if county is None else texts(table[county]) if county in table else pd.Series("", index=table.index)
    return pd.DataFrame({"name": name.where(name.ne(""), ids), "county": of}, index=table.index.rename("id"))


# --- one target ---------------------------------------------------------------------------------


def _scored(target: Target, ground: _Ground) -> pd.DataFrame:
    areas = ground.areas(target)
    if target.level != CITY and not len(areas):
        areas = pd.DataFrame({"name": "", "county": ""}, index=pd.Index([""], name="id"))
    try:
        made = _MEASURES[target.measure](target, ground, areas.index)
    except _NoDataError as why:
        made = _blank(areas.index).assign(note="targets.no_data", needs=str(why))
    rows = _judged(made.reindex(areas.index), target)
    rows["area"], rows["area_name"], rows["county"] = areas.index, areas["name"], areas["county"]
    for name in (f.name for f in fields(Target)):
        if name in COLUMNS:
            rows[name] = getattr(target, name)
    rows["target"] = target.id
    return rows.reset_index(drop=True)[list(COLUMNS)]


def _judged(made: pd.DataFrame, target: Target) -> pd.DataFrame:
    known = made["value"].notna()
    met = (made["value"] >= target.threshold).astype("boolean").where(known)
    short = (target.threshold - made["value"]).clip(lower=0).where(known)
    return made.assign(met=met, missing=short)


def _blank(areas: pd.Index) -> pd.DataFrame:
    """No value yet for each area."""
    made = pd.DataFrame({"value": np.nan, "synthetic_share": np.nan, "estimated_share": np.nan}, index=areas)
    return made.assign(note="", needs="")


def _made(areas: pd.Index, value: pd.Series, quality: pd.DataFrame) -> pd.DataFrame:
    """Values by area with the shares of quality; an area without a value has nobody to count."""
    made = _blank(areas).assign(value=value.reindex(areas).astype("float64"))
    for name in ("synthetic", "estimated"):
        made[f"{name}_share"] = quality[name].reindex(areas).astype("float64")
    return made.assign(note=made["value"].isna().map({True: "targets.nobody", False: ""}))


def _quality_shares(quality: pd.Series, areas: pd.Series, weight: pd.Series | None = None) -> pd.DataFrame:
    """Share of each area's rows (or people) that are of each quality."""
    each = pd.Series(1.0, index=quality.index) if weight is None else weight.astype("float64")
    weighed = pd.DataFrame({q: each.where(quality == q, 0.0) for q in QUALITIES}).assign(all=each)
    sums = weighed.groupby(areas).sum()
    return sums[list(QUALITIES)].div(sums["all"].where(sums["all"] > 0), axis=0)


def _quality(table: pd.DataFrame) -> pd.Series:
    return texts(table["quality"]) if "quality" in table else pd.Series("fact", index=table.index)


def _columns(table: pd.DataFrame, target: Target, names: Sequence[str]) -> list[pd.Series]:
    missing = [n for n in names if n not in table.columns]
    if missing:
        raise _NoDataError(f"{target.table or 'communities'}: {', '.join(missing)}")
    return [numbers(table[n]) for n in names]


# --- circles ------------------------------------------------------------------------------------


def _check_of(target: Target, ground: _Ground) -> CircleCheck:
    if target.of not in ground.checks:
        raise _NoDataError(f"circles: {target.of}")
    return ground.checks[target.of]


def _rests_on(check: CircleCheck) -> pd.Series:
    """Each community's answer is as well known as the worse of its people and its nearest site."""
    return worse_quality(check.communities["quality"], check.communities["site_quality"])


def _circle_share(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    check = _check_of(target, ground)
    if target.level == "community":
        return _circle_by_community(check, areas)
    shares = check.shares[check.shares["level"] == target.level].set_index("area")["share_people"]
    where = ground.area_of(ground.communities, target.level)
    return _made(areas, shares, _quality_shares(_rests_on(check), where, check.communities["people"]))


def _circle_by_community(check: CircleCheck, areas: pd.Index) -> pd.DataFrame:
    judged = check.communities
    unknown = judged["reason"].eq("not_snapped")
    value = judged["met"].astype("float64").where(judged["people"].gt(0) & ~unknown)
    made = _made(areas, value, _quality_shares(_rests_on(check), pd.Series(judged.index, index=judged.index)))
    return made.assign(note=made["note"].mask(unknown.reindex(areas).eq(True), "targets.not_snapped"))


# --- facilities ---------------------------------------------------------------------------------


def _kinds_or_no_data(ground: _Ground, kinds: Sequence[str]) -> pd.DataFrame:
    rows = ground.of_kinds(kinds)
    # A kind that nobody supplied anywhere is not known; zero is said only beside others of its kind.
    if not len(rows):
        raise _NoDataError(f"facilities: kind = {' | '.join(kinds)}")
    return rows


def _count(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    rows = _kinds_or_no_data(ground, target.kinds)
    if target.level == "community" and "community" not in rows:
        raise _NoDataError("facilities: community")
    where = ground.area_of(rows, target.level)
    counted = where.value_counts().reindex(areas).fillna(0)
    shares = _quality_shares(_quality(rows), where).reindex(areas)
    # Where there is none, "none" rests on the whole list of that kind.
    whole = _quality_shares(_quality(rows), pd.Series(CITY, index=rows.index)).loc[CITY]
    made = _made(areas, counted, shares.fillna(whole))
    return _told_unplaced(made, target, int((~where.isin(areas)).sum()))


def _told_unplaced(made: pd.DataFrame, target: Target, unplaced: int) -> pd.DataFrame:
    """Facilities of no known area may be what an area lacks: its row says so."""
    if not unplaced:
        return made
    short = made["value"] < target.threshold
    return made.assign(
        note=made["note"].mask(short, "targets.unplaced"), needs=made["needs"].mask(short, f"facilities: {unplaced}")
    )


def _served(target: Target, ground: _Ground, kinds: Sequence[str]) -> tuple[pd.Series, pd.Series]:
    """Which communities have one of the kinds, or are inside the circle with one; and how that is known."""
    index = ground.communities.index
    rows = ground.of_kinds(kinds)
    standing = set(texts(rows["community"])) if "community" in rows else None
    check = ground.checks.get(target.of)
    near = None if check is None else check.rows[check.rows["kind"].isin(kinds)]
    if (near is None or near.empty) and standing is None:
        raise _NoDataError(f"circles: {target.of}" if target.of else "facilities: community")
    served = pd.Series(index.isin(list(standing or ())), index=index)
    quality = _quality(ground.communities)
    if near is not None and check is not None and len(near):
        served |= near.groupby("community", sort=False)["met"].any().reindex(index).eq(True)
        quality = _rests_on(check).reindex(index)
    return served, quality


def _share_of_communities(
    target: Target, ground: _Ground, areas: pd.Index, has: pd.Series, quality: pd.Series
) -> pd.DataFrame:
    where = ground.area_of(ground.communities, target.level).reindex(has.index)
    return _made(areas, has.astype("float64").groupby(where).mean(), _quality_shares(quality, where))


def _has_kind(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    _kinds_or_no_data(ground, target.kinds)
    served, quality = _served(target, ground, target.kinds)
    return _share_of_communities(target, ground, areas, served, quality)


def _tiers(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    village, town, county = (kinds.split("|") for kinds in target.kinds[:3])
    (class_column,) = target.columns[:1]
    if class_column not in ground.communities:
        raise _NoDataError(f"communities: {class_column}")
    for kinds in (village, town, county):
        _kinds_or_no_data(ground, kinds)
    has, quality = _served(target, ground, village)
    for level, kinds in (("town", town), ("county", county)):
        has &= _in_area(ground, level, kinds)
        rows = ground.of_kinds(kinds)
        quality = worse_quality(quality, pd.Series(_worst(rows), index=quality.index))
    rural = texts(ground.communities[class_column]).isin(target.classes)
    return _share_of_communities(target, ground, areas, has[rural], quality[rural])


def _worst(rows: pd.DataFrame) -> str:
    found = set(_quality(rows))
    return next((q for q in reversed(QUALITIES) if q in found), QUALITIES[-1])


def _in_area(ground: _Ground, level: str, kinds: Sequence[str]) -> pd.Series:
    having = set(ground.area_of(ground.of_kinds(kinds), level)) - {""}
    return ground.area_of(ground.communities, level).isin(list(having))


# --- figures ------------------------------------------------------------------------------------


def _is_long(table: pd.DataFrame) -> bool:
    return {"area", "level", "indicator", "value"} <= set(table.columns)


def _figures(target: Target, ground: _Ground, areas: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sums of a target's columns by area, rows that lack one left out; and how they are known."""
    table = ground.table(target)
    wanted = list(target.columns[: 2 if target.measure == "ratio" else 1])
    if _is_long(table):
        return _long_figures(target, table, wanted, areas)
    values = pd.DataFrame(dict(enumerate(_columns(table, target, wanted))))
    whole = values.notna().all(axis=1)
    if not whole.any():
        raise _NoDataError(f"{target.table}: {', '.join(wanted)}")
    where = ground.area_of(table, target.level)
    if target.level in ("town", "county", "community") and where.eq("").all():
        raise _NoDataError(f"{target.table}: {target.level}")
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
        raise DataError("targets.figure_twice", table=target.table, ids=first_ids(named))
    missing = [w for w in wanted if w not in set(rows["indicator"])]
    if missing:
        raise _NoDataError(f"{target.table}: {', '.join(missing)}")
    wide = rows.pivot(index="area", columns="indicator", values="value")[list(dict.fromkeys(wanted))]
    sums = pd.DataFrame({i: wide[w] for i, w in enumerate(wanted)}).assign(left_out=0)
    return sums.reindex(areas), _quality_shares(rows["quality"], rows["area"])


def _with_left_out(made: pd.DataFrame, sums: pd.DataFrame, target: Target) -> pd.DataFrame:
    count = sums["left_out"].fillna(0).astype(int)
    partial = count.gt(0) & made["value"].notna()
    needs = count.map(lambda n: f"{target.table}: {n}")
    return made.assign(note=made["note"].mask(partial, "targets.partial"), needs=made["needs"].mask(partial, needs))


def _no_figure_where_blank(made: pd.DataFrame, target: Target) -> pd.DataFrame:
    """An area without a figure is "no data", with what to supply."""
    blank = made["value"].isna()
    needs = f"{target.table}: {', '.join(target.columns)}"
    return made.assign(note=made["note"].mask(blank, "targets.no_data"), needs=made["needs"].mask(blank, needs))


def _ratio(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    sums, quality = _figures(target, ground, areas)
    made = _made(areas, sums[0] / sums[1].where(sums[1] > 0), quality)
    nobody = sums[1].eq(0)
    told_blank = _no_figure_where_blank(made, target)
    return _with_left_out(told_blank.where(~nobody, made), sums, target)


def _total(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    sums, quality = _figures(target, ground, areas)
    return _with_left_out(_no_figure_where_blank(_made(areas, sums[0], quality), target), sums, target)


def _mean_by_class(target: Target, ground: _Ground, areas: pd.Index) -> pd.DataFrame:
    column, class_column = target.columns[:2]
    table = ground.communities
    (values,) = _columns(table, target, [column])
    if class_column not in table:
        raise _NoDataError(f"communities: {class_column}")
    rows = table[texts(table[class_column]).isin(target.classes) & values.notna()]
    if not len(rows):
        raise _NoDataError(f"communities: {column} ({' | '.join(target.classes)})")
    where = ground.area_of(table, target.level)[rows.index]
    return _made(areas, values[rows.index].groupby(where).mean(), _quality_shares(_quality(rows), where))


_MEASURES: Mapping[str, Callable[[Target, _Ground, pd.Index], pd.DataFrame]] = {
    "circle_share": _circle_share,
    "count": _count,
    "has_kind": _has_kind,
    "ratio": _ratio,
    "total": _total,
    "mean_by_class": _mean_by_class,
    "tiers": _tiers,
}
