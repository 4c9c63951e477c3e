"""Whether places lie where roads and towns are: what is told of a table, and of a row, that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from quarterhour.base.arrays import AnyArray, BoolArray, FloatArray
from quarterhour.base.errors import first_ids
from quarterhour.base.findings import Severity, finding, findings_from, join_findings
from quarterhour.io.datum_fit import Verdict, datum_verdict
from quarterhour.io.datum_fit.told import Judged, datum_findings, metres
from quarterhour.io.files.account import Origin
from quarterhour.io.ground import Ground

_TOLERANCE_M, _TOLERANCE_SHARE = 300.0, 0.02
"""Outlines are generalised: so far beyond its town's, or this share of the town's length, a place is still in it."""
_COAST_M, _COAST_SHARE = 1000.0, 0.05
"""Where no other town is: islets that an outline leaves out."""
_OPEN_SEA_M = 5000.0
_FAR_LIMITS, _FAR_MEDIANS = 3.0, 10.0
"""Far off is three times what may be walked to a road, and ten times what is usual in the table."""
_MANY, _MANY_SHARE = 5, 0.2
_ACCURATE_M = 5.0


@dataclass(frozen=True, eq=False)
class PlaceTable:
    """A table of places behind the door (points by id, with ``town`` and ``county``) and where its rows came from."""

    table: str
    places: gpd.GeoDataFrame
    origin: Origin | None

    def __repr__(self) -> str:
        return f"<PlaceTable: {self.table}, {len(self.places)} places>"

    @property
    def rows_read(self) -> int:
        """Rows of the file that have a place, set aside or not."""
        return 0 if self.origin is None else len(self.origin.raw)

    def said(self) -> dict[str, str]:
        """Table, file and sheet, as findings have them."""
        told = {"table": self.table}
        return told if self.origin is None else {**told, "file": self.origin.file, "sheet": self.origin.sheet}

    def named(self) -> pd.Series:
        """The town that each row of the file names, by row."""
        rows = pd.Series(dtype="int64") if self.origin is None else self.origin.rows
        towns = self.places["town"] if "town" in self.places else pd.Series("", index=self.places.index)
        return pd.Series(towns.reindex(rows.index).fillna("").to_numpy(), index=rows.to_numpy())


def where_findings(tables: Sequence[PlaceTable], ground: Ground, *, limit_m: float) -> pd.DataFrame:
    """What speaks against the places of a study, likely causes first.

    A table whose numbers fit roads, towns or round figures clearly better when read otherwise (``io/datum_fit``), told
    with the key to set or the shift; of the roads or the outlines, where they are the ones that are off; a table most
    of whose places no road is near (error: it gets no times; ``_off_road`` says which places count); CRS that PROJ
    cannot bring to WGS 84 within 5 m; and rows: far from everything, in another town's outline than they say, outside
    their own. ``limit_m``: how far a road may be.
    """
    verdicts = [_verdict(t, ground) for t in tables]
    told, ground_is_off = datum_findings([_judged(t, v) for t, v in zip(tables, verdicts, strict=True) if v], ground)
    every = [told]
    for table, verdict in zip(tables, verdicts, strict=True):
        every += [_accuracy(table), *_rows(table, None if ground_is_off else verdict, ground, limit_m)]
    found = join_findings(every)
    return found.sort_values("severity", kind="stable", key=lambda s: s.ne("error"), ignore_index=True)


def _verdict(table: PlaceTable, ground: Ground) -> Verdict | None:
    return None if table.origin is None else datum_verdict(table.origin, table.named(), ground)


def _judged(table: PlaceTable, verdict: Verdict) -> Judged:
    return Judged(table.said(), "" if table.origin is None else table.origin.datum, verdict)


def _accuracy(table: PlaceTable) -> pd.DataFrame:
    """A change of datum that PROJ makes by rule of thumb, or not within 5 m."""
    origin = table.origin
    if origin is None or not len(origin.raw) or _modern(origin.crs):
        return join_findings([])
    there = Transformer.from_crs(origin.crs, "EPSG:4326", always_xy=True)
    there.transform(float(origin.raw["x"].median()), float(origin.raw["y"].median()))
    accuracy = _accuracy_of(there)
    if 0 <= accuracy <= _ACCURATE_M:
        return join_findings([])
    rule = "where.ballpark" if accuracy < 0 else "where.inaccurate"
    detail = "" if accuracy < 0 else f"{accuracy:g}"
    return finding(rule, severity="warning", column="crs", value=origin.crs.name, detail=detail, **table.said())


def _accuracy_of(there: Transformer) -> float:
    """Metres, of the operation that the last place went through; -1 where PROJ knows none."""
    try:
        return float(there.get_last_used_operation().accuracy)
    except ProjError:  # PROJ had no choice of operations: then the transformer is the one
        return float(there.accuracy)


def _modern(crs: CRS) -> bool:
    """Whether a datum is WGS 84 within a metre or two: those on the ellipsoids of GRS 80 and WGS 84 are."""
    return crs.ellipsoid is not None and abs(crs.ellipsoid.semi_major_metre - 6378137.0) < 0.5


@dataclass(frozen=True, eq=False)
class _Seen:
    """Where each place of a table lies, in the study CRS, with its town among the outlines and the one it lies in."""

    x: FloatArray
    y: FloatArray
    road_m: FloatArray
    town: AnyArray
    held: AnyArray
    outside_m: FloatArray


def _rows(table: PlaceTable, verdict: Verdict | None, ground: Ground, limit_m: float) -> list[pd.DataFrame]:
    if not len(table.places):
        return []
    seen = _seen(table, verdict, ground)
    far = _far(seen, limit_m)
    other, outside = _other_town(seen, ground), _outside(seen, ground, limit_m)
    return [
        _off_road(table, ground, limit_m),
        _tell(table, "far_off", far, [metres(m) for m in seen.road_m]),
        _tell(table, "other_town", other & ~far, _towns(seen, ground)),
        _tell(table, "outside_town", outside & ~far & ~other, _towns(seen, ground)),
    ]


def _seen(table: PlaceTable, verdict: Verdict | None, ground: Ground) -> _Seen:
    places = table.places
    shapes = places.geometry.to_numpy()
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    if verdict is not None and verdict.fit is not None and table.origin is not None:
        better = verdict.xy.reindex(table.origin.rows.reindex(places.index))
        x, y = better["x"].to_numpy(), better["y"].to_numpy()
    towns = places["town"] if "town" in places else pd.Series("", index=places.index)
    town, held = ground.town_of(towns), ground.holding(x, y)
    return _Seen(x, y, ground.road_m(x, y, most=None), town, held, ground.outside_m(x, y, town))


def _far(seen: _Seen, limit_m: float) -> BoolArray:
    """Far from every road, beyond what is usual here, and not in the town that they name (roadless islands are)."""
    usual = float(np.nanmedian(seen.road_m))
    far = seen.road_m > max(_FAR_LIMITS * limit_m, _FAR_MEDIANS * min(usual, limit_m))
    return np.asarray(far & ~(seen.outside_m == 0) & (seen.held < 0))


def _tolerance(seen: _Seen, ground: Ground, least_m: float, share: float) -> FloatArray:
    west, south, east, north = shapely.bounds(ground.outlines[seen.town]).T if len(ground.outlines) else (0, 0, 0, 0)
    return np.asarray(np.maximum(least_m, share * np.hypot(east - west, north - south)))


def _other_town(seen: _Seen, ground: Ground) -> BoolArray:
    if not len(ground.outlines):
        return np.zeros(len(seen.x), dtype=bool)
    beyond = seen.outside_m > _tolerance(seen, ground, _TOLERANCE_M, _TOLERANCE_SHARE)
    return np.asarray(beyond & (seen.held >= 0) & (seen.held != seen.town))


def _outside(seen: _Seen, ground: Ground, limit_m: float) -> BoolArray:
    """In no town: at sea, or beyond the last outline; near a road it must be far out to be told."""
    if not len(ground.outlines):
        return np.zeros(len(seen.x), dtype=bool)
    beyond = seen.outside_m > _tolerance(seen, ground, _COAST_M, _COAST_SHARE)
    return np.asarray(beyond & (seen.held < 0) & ((seen.road_m > limit_m) | (seen.outside_m > _OPEN_SEA_M)))


def _towns(seen: _Seen, ground: Ground) -> list[str]:
    """For each place: the town it names > the one it lies in, and how far outside."""
    names = [name or str(i) for i, name in ground.names.items()]
    told = []
    for town, held, off in zip(seen.town, seen.held, seen.outside_m, strict=True):
        there = f" → {names[held]}" if held >= 0 else ""
        told.append(f"{names[town]}{there}, {metres(off)}" if town >= 0 else "")
    return told


def _off_road(table: PlaceTable, ground: Ground, limit_m: float) -> pd.DataFrame:
    """A table most of whose places get no time, where the study has them.

    Of facilities those beyond the box of the roads do not count (a country's table beside the roads of a piece), unless
    all of them are; where these and the others make up the most of the table, it is a warning that says so.
    """
    shapes = table.places.geometry.to_numpy()
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    west, south, east, north = ground.bounds + limit_m * np.array([-1, -1, 1, 1])
    counted = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    if table.table == "communities" or not counted.any():
        counted[:] = True
    lost = ~(ground.road_m(x, y, most=2 * limit_m) <= limit_m)
    off = counted & lost
    about: dict[str, Any] = {"detail": f"{limit_m:g} m", **table.said()}
    looked: list[tuple[BoolArray, int, str, Severity]] = [
        (off, int(counted.sum()), "where.most_off_road", "error"),
        (lost, len(lost), "where.most_beyond", "warning"),
    ]
    for some, among, rule, severity in looked:
        if some.sum() * 2 > among:
            told = {"value": f"{int(some.sum()):,} / {among:,}", "id": first_ids(table.places.index[some])}
            return finding(rule, severity=severity, **told, **about)
    return join_findings([])


def _tell(table: PlaceTable, rule: str, where: BoolArray, details: Sequence[str]) -> pd.DataFrame:
    """The rows one by one, or in one sentence where they are a fifth of the table."""
    if not where.any():
        return join_findings([])
    ids = table.places.index[where]
    if len(ids) > max(_MANY, _MANY_SHARE * len(where)):
        many = {"value": f"{len(ids):,} / {len(where):,}", "detail": details[int(np.argmax(where))]}
        return finding(f"where.{rule}_many", severity="warning", id=first_ids(ids), **many, **table.said())
    some = {"id": list(map(str, ids)), "detail": [d for d, told in zip(details, where, strict=True) if told]}
    rows = pd.DataFrame({**some, "value": _numbers(table, ids), "row": _row(table, ids)})
    same = {"rule": f"where.{rule}", "severity": "warning", **table.said()}
    return findings_from(rows.assign(**same).to_dict("records"))


def _row(table: PlaceTable, ids: pd.Index) -> list[int | None]:
    return [None] * len(ids) if table.origin is None else [int(r) for r in table.origin.rows[ids]]


def _numbers(table: PlaceTable, ids: pd.Index) -> list[str]:
    """The coordinates as the file has them; in the study CRS where no file does."""
    if table.origin is None:
        points = table.places.geometry[ids]
        return [f"{p.x:.0f}, {p.y:.0f}" for p in points]
    raw = table.origin.raw.reindex(table.origin.rows[ids])  # one placed by its address has none in the file
    return ["" if x != x else f"{x:.10g}, {y:.10g}" for x, y in raw.to_numpy()]
