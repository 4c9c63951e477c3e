"""What popups and tooltips say: communities, circles, facilities and promises as columns of the map page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.escape import escape_html
from quarterhour.base.findings import UNSTATED
from quarterhour.base.kinds import PLAIN
from quarterhour.base.labels import figure, threshold_figure, unstated_said
from quarterhour.maps.columns import (
    PageWords,
    coded,
    filled,
    place_names,
    quality_of,
    tenths,
    texts_of,
    thousands,
    xy_of,
)
from quarterhour.standards.circle import CITY, by_level, people_quality, worse_quality

if TYPE_CHECKING:
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.standards.scorecard import Scorecard


def _town_names(frame: pd.DataFrame, towns: pd.DataFrame) -> list[str]:
    own = frame["town"] if "town" in frame else pd.Series("", index=frame.index)
    return place_names(own, towns)


def _worst(communities: pd.DataFrame, people: Sequence[str]) -> pd.DataFrame:
    """The quality of each row, or of its least known people column."""
    known = communities.get("quality", pd.Series("", index=communities.index))
    for column in people:
        known = worse_quality(known, people_quality(communities, column))
    return pd.DataFrame({"quality": known})


def community_columns(
    communities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], say: PageWords
) -> dict[str, Any]:
    columns = [c for c in dict.fromkeys(check.circle.people for check in checks) if c in communities]
    people = {say.label("maps", c, prefix="people_"): communities[c] for c in columns}
    where = xy_of(communities, "communities")
    return {
        **where,
        "name": texts_of(communities, "name"),
        "town": coded(_town_names(communities, towns)),
        "quality": quality_of(_worst(communities, columns), say),
        "source": coded(texts_of(communities, "source")),
        "people": {k: [None if pd.isna(v) else f"{v:,.0f}" for v in column] for k, column in people.items()},
        "missing": _missing("communities", where, say),
    }


def _missing(table: str, where: Mapping[str, Sequence[float | None]], say: PageWords) -> str:
    count = sum(x is None for x in where["x"])
    return say("not_drawn", table=i18n.say(f"maps.{table}", say.lang), count=count) if count else ""


def _minutes(values: Iterable[Any], standard: float) -> list[str]:
    """Minutes to a tenth; those beyond the standard are rounded up, never back onto it."""
    given = pd.to_numeric(pd.Series([*values], dtype=object)).to_numpy(dtype=float, na_value=np.nan)
    known = np.nan_to_num(given)
    whole = np.where(known > standard, tenths(known, up=True), tenths(known))
    return ["" if missing else f"{n / 10:.1f}" for n, missing in zip(whole.tolist(), np.isnan(given), strict=True)]


def circle_columns(
    check: CircleCheck, communities: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, say: PageWords
) -> dict[str, Any]:
    circle, found = check.circle, check.communities.reindex(communities.index)
    reasons = ["unknown" if pd.isna(r) else str(r) for r in found["reason"]]
    return {
        "name": escape_html(circle.name(say.lang)),
        "standard": f"{circle.minutes:g}",
        "kinds": [say.kind(kind) for kind in circle.kinds],
        "clause": escape_html(circle.clause),
        "reason": coded(reasons),
        "nearest": coded(place_names(found["nearest"], facilities)),
        "minutes": _minutes(found["minutes"], circle.minutes),
        "none": _none_said(check.searched_minutes, say),
        "each": _each_kind(check, communities, say),
        "city": _city_share(check, say),
    }


def _none_said(searched_minutes: float, say: PageWords) -> str:
    """What is said of a site that was not found."""
    return say("no_way_there") if math.isinf(searched_minutes) else say("none_reached", minutes=searched_minutes)


def _each_kind(check: CircleCheck, communities: gpd.GeoDataFrame, say: PageWords) -> list[dict[str, Any]]:
    """What was found for each kind, where a community needs all of several kinds."""
    if check.circle.need != "all" or len(check.circle.kinds) < 2:
        return []
    by_kind = {kind: rows.set_index("community") for kind, rows in check.rows.groupby("kind")}
    return [
        _one_kind(by_kind[kind].reindex(communities.index), kind, check, say)
        for kind in check.circle.kinds
        if kind in by_kind
    ]


def _one_kind(rows: pd.DataFrame, kind: str, check: CircleCheck, say: PageWords) -> dict[str, Any]:
    met = [int(not pd.isna(v) and bool(v)) for v in rows["met"]]
    return {"kind": say.kind(kind), "minutes": _minutes(rows["minutes"], check.circle.minutes), "met": met}


def _city_share(check: CircleCheck, say: PageWords) -> dict[str, str]:
    if check.impossible:
        kinds = i18n.say("labels.or", say.lang).join(say.kind(kind) for kind in check.absent)
        return {"share": "", "text": filled("no_facility", say, kinds=kinds), "quality": ""}
    count = check.count
    if count.left is None:
        return {"share": "", "text": say("withheld"), "quality": ""}
    if count.share is None:
        return {"share": "", "text": say("no_people"), "quality": ""}
    row = by_level(check.shares, CITY).iloc[0]
    people = {"met": count.met, "all": count.total}
    rests = {"synthetic": row["people_synthetic"], "estimated": row["people_estimated"]}
    unstated = int(row.get(f"people_{UNSTATED}", 0))
    name = say.label("maps", check.circle.people, prefix="people_")
    return {
        "share": escape_html(count.percent),
        "text": filled("city_share", say, people=name, **thousands(people)),
        "quality": filled("city_synthetic", say, **thousands(rests), unstated=unstated_said(unstated, say.lang)),
    }


def kind_columns(
    facilities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, checks: Sequence[CircleCheck], say: PageWords
) -> list[dict[str, Any]]:
    """Facilities by kind; the kinds that circles ask for come first."""
    if facilities.empty:
        return []
    asked = dict.fromkeys(kind for check in checks for kind in check.circle.kinds)
    have = facilities["kind"].astype(str)
    order = [k for k in asked if (have == k).any()] + sorted(set(have) - set(asked))
    first = checks[0].circle.kinds if checks else order
    return [_kind(facilities[have == kind], kind, towns, say) | {"show": kind in first} for kind in order]


def _kind(places: gpd.GeoDataFrame, kind: str, towns: gpd.GeoDataFrame, say: PageWords) -> dict[str, Any]:
    where, look = xy_of(places, "facilities"), say.kinds.get(kind, PLAIN)
    return {
        **where,
        "label": say.kind(kind),
        "colour": look.colour,
        "symbol": look.symbol,
        "name": texts_of(places, "name"),
        "town": coded(_town_names(places, towns)),
        "quality": quality_of(places, say),
        "source": coded(texts_of(places, "source")),
        "missing": _missing("facilities", where, say),
    }


def promise_rows(scorecard: Scorecard | None, level: str, say: PageWords) -> dict[str, list[list[str]]]:
    """By area the name, value, threshold and whether it is met, of the targets of a level."""
    found: dict[str, list[list[str]]] = {}
    if scorecard is not None:
        for row in scorecard.rows[scorecard.rows["level"] == level].to_dict("records"):
            found.setdefault(row["area"], []).append(_promise(row, say))
    return found


def _promise(row: Mapping[Any, Any], say: PageWords) -> list[str]:
    state = "no_data" if pd.isna(row["met"]) else "met" if row["met"] else "not_met"
    unit = "" if pd.isna(row["unit"]) else str(row["unit"])
    value = _with_unit(figure(row["value"], unit, against=row["threshold"]), unit, say)
    threshold = _with_unit(threshold_figure(row["threshold"], unit), unit, say)
    threshold += say("about") if row["about"] else ""
    return [escape_html(row[say.lang]), value, threshold, state]


def _with_unit(said: str, unit: str, say: PageWords) -> str:
    """A figure with its unit behind it; a share has its own."""
    return escape_html(said) + (say.label("maps", unit, prefix="unit_") if said and unit != "share" else "")
