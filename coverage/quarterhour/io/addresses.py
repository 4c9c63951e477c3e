"""Rows without coordinates, placed by their address: at a community of the study whose name it is, or by a geocoder.

Never a silent guess: taken is only what fits one place exactly, once both are brought to one form; what is merely like
a place, fits several or names a whole town is set aside and listed with the nearest candidates and their scores.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from quarterhour.base import i18n
from quarterhour.base.area_codes.names import name_forms, plain_name
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import Severity, finding, findings_from, join_findings
from quarterhour.io.synonyms import columns_to_say

ADDRESS_COLUMNS = ("table", "file", "sheet", "row", "id", "address", "outcome", "by", "place", "score", "candidates")
OUTCOMES = ("taken", "none", "several", "like", "town", "area", "far")
"""What became of an address: taken; no candidate; fits several; only like one; a whole town; an area; far off."""
_NUMBER = re.compile(r"(?:\d+[-—号弄栋幢楼单元室层座#之附院甲乙]*)+(?:旁|附近|对面|路口)?$")
_OFFICE = re.compile(r"(?:村民|居民)委员会$|[村居]委会?$|(?:服务中心|服务站)$")
_PARENTHESIS = re.compile(r"\([^()]*\)")
_ALIKE = 0.6
_CANDIDATES = 3
_TOLD_EACH = 5
_FAR_M = 20_000.0


@dataclass(frozen=True)
class Answer:
    """What a geocoder says of an address: places in degrees (WGS 84), each with a name, a level and a score of 0 to 1.

    ``coarse``: the level of the first is an area. ``day``: when the service was asked.
    """

    places: tuple[tuple[float, float], ...] = ()
    names: tuple[str, ...] = ()
    level: str = ""
    score: float = 0.0
    coarse: bool = False
    day: str = ""


class Geocoder(Protocol):
    """A service that knows addresses (``io/geocode``)."""

    name: str

    def find(self, address: str) -> Answer:
        """What it says of an address; ServiceError where it does not answer."""


@dataclass(frozen=True)
class Placed:
    """What became of one address: its ``outcome``, the point in degrees where it is taken, and what was near."""

    outcome: str
    point: tuple[float, float] | None = None
    by: str = ""
    place: str = ""
    score: float = 0.0
    candidates: tuple[str, ...] = ()


def address_key(text: str) -> str:
    """An address or name as it is compared: without the number of a house and the office at its end.

    >>> address_key("东村村委会"), address_key("東村 88号3楼"), address_key("东村（北区）")
    ('东村', '东村', '东村')
    """
    key = _PARENTHESIS.sub("", plain_name(text)).casefold()
    for ending in (_NUMBER, _OFFICE, _NUMBER):
        cut = ending.sub("", key)
        key = cut or key
    return key


class AddressBook:
    """The communities of a study by what an address may call them.

    ``communities``: with name, town and a point each; ``towns``: names by id, where ``town`` holds ids.
    """

    def __init__(self, communities: gpd.GeoDataFrame, *, towns: Mapping[str, str]) -> None:
        points = communities.geometry.to_crs(4326)
        self._points = dict(zip(communities.index.astype(str), zip(points.x, points.y, strict=True), strict=True))
        self.names = dict(zip(communities.index.astype(str), texts(communities["name"]), strict=True))
        of = communities["town"] if "town" in communities else pd.Series("", index=communities.index)
        self._towns = {i: towns.get(t, t) for i, t in zip(communities.index.astype(str), texts(of), strict=True)}
        self._keys: dict[str, list[str]] = {}
        for i, name in self.names.items():
            self._keys.setdefault(address_key(name), []).append(i)

    def find(self, address: str) -> Placed:
        """The community that an address names, if it names one alone."""
        town, rests = self._parted(address)
        keys = [key for key in map(address_key, rests) if key]
        known = next((self._keys[key] for key in keys if key in self._keys), [])
        fits = [i for i in known if not town or self._same_town(i, town)]
        if len(fits) == 1:
            return Placed("taken", self._points[fits[0]], "names", f"{fits[0]} {self.names[fits[0]]}", 1.0)
        if fits:
            return Placed("several", by="names", score=1.0, candidates=self._listed(fits, [1.0] * len(fits)))
        if town and not keys:
            return Placed("town", by="names", place=town)
        return self._like(keys[-1] if keys else "", town)

    def _parted(self, address: str) -> tuple[str, tuple[str, ...]]:
        """The town that an address names, and what follows it; else all of it, and without city and county."""
        plain = _PARENTHESIS.sub("", plain_name(address))
        for name in sorted({*self._towns.values()} - {""}, key=len, reverse=True):
            for form in dict.fromkeys(name_forms(name)[:3]):
                _, found, after = plain.partition(form)
                if found and len(form) > 1:
                    return name, (after.removeprefix("办事处"),)
        return "", (plain, name_forms(address_key(plain))[2])

    def _same_town(self, community: str, town: str) -> bool:
        return self._towns[community] in ("", town)

    def _like(self, key: str, town: str) -> Placed:
        scored = [
            (round(difflib.SequenceMatcher(None, key, k).ratio(), 3), i)
            for k, ids in self._keys.items()
            for i in ids
            if key and (not town or self._same_town(i, town))
        ]
        best = sorted((s for s in scored if s[0] >= _ALIKE), key=lambda s: (-s[0], s[1]))[:_CANDIDATES]
        if not best:
            return Placed("town" if town else "none", by="names", place=town)
        scores, ids = [s for s, _ in best], [i for _, i in best]
        return Placed("like", by="names", score=scores[0], candidates=self._listed(ids, scores))

    def _listed(self, ids: Sequence[str], scores: Sequence[float]) -> tuple[str, ...]:
        return tuple(f"{i} {self.names[i]} ({s:.2f})" for i, s in zip(ids, scores, strict=True))[:_CANDIDATES]


@dataclass
class AddressFinder:
    """Places rows by the addresses of a column, and keeps what became of each (``rows``, for ``addresses.csv``).

    ``area``: of the study, in metres; what a geocoder puts more than 20 km beyond it is not taken.
    """

    book: AddressBook
    column: str
    area: gpd.GeoSeries
    geocoder: Geocoder | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    def place(self, frame: gpd.GeoDataFrame, *, table: str, file: str, sheet: str) -> tuple[gpd.GeoDataFrame, Any]:
        """The table with a point, and the quality "estimated", for each row that had none and whose address is sure.

        The index holds the rows' numbers. Rows whose address is not sure leave the table, each with an error. Rows
        with coordinates, or without an address, stay as they are. DataError where there is no such column.
        """
        if self.column not in frame:
            found = [str(c) for c in frame.columns if c != frame.geometry.name]
            raise DataError(
                "places.missing_columns", table=i18n.both("tables", table), file=file, missing=self.column,
                found=", ".join(found), hint=columns_to_say(found, table=table, missing=()),
            )  # fmt: skip
        address = texts(frame[self.column])
        open_rows = (frame.geometry.isna() | frame.geometry.is_empty) & address.ne("") & ~_written(frame)
        if not open_rows.any():
            return frame, findings_from([])
        placed = {row: self._find(address[row]) for row in frame.index[open_rows]}
        ids = texts(frame["id"]) if "id" in frame else pd.Series("", index=frame.index)
        at = {"table": table, "file": file, "sheet": sheet}
        for row, what in placed.items():
            self.rows.append({**at, "row": row, "id": ids[row], "address": address[row], **_shown(what)})
        taken = {row: p for row, p in placed.items() if p.point is not None}
        out = _with_points(frame, {row: p.point for row, p in taken.items() if p.point is not None})
        lost = [row for row in placed if row not in taken]
        return out.drop(index=lost), join_findings([_taken(taken, ids, at), *_lost(placed, lost, address, ids, at)])

    def _find(self, address: str) -> Placed:
        by_name = self.book.find(address)
        if by_name.point is not None or self.geocoder is None:
            return by_name
        said = self.geocoder.find(address)
        names = (f"{name} ({said.score:.2f})" for name in said.names)
        near = Placed("", None, self.geocoder.name, "", said.score, (*names, *by_name.candidates)[:_CANDIDATES])
        if not said.places:
            return by_name
        if len(said.places) > 1:
            return replace(near, outcome="several")
        if said.coarse:
            return replace(near, outcome="area", place=said.level)
        if not self._near(said.places[0]):
            return replace(near, outcome="far")
        place = f"{said.names[0]} ({said.level}, {said.day})"
        return replace(near, outcome="taken", point=said.places[0], place=place)

    def _near(self, lonlat: tuple[float, float]) -> bool:
        west, south, east, north = self.area.total_bounds
        x, y = Transformer.from_crs(4326, CRS(self.area.crs), always_xy=True).transform(*lonlat)
        return bool(west - _FAR_M <= x <= east + _FAR_M and south - _FAR_M <= y <= north + _FAR_M)


def _written(frame: gpd.GeoDataFrame) -> pd.Series:
    """Whether a row says coordinates, be they readable or not: those are mended, not replaced."""
    said = pd.Series(False, index=frame.index)
    for column in ("x", "y"):
        if column in frame:
            said |= texts(frame[column]).ne("")
    return said


def _with_points(frame: gpd.GeoDataFrame, points: Mapping[Any, tuple[float, float]]) -> gpd.GeoDataFrame:
    if not points:
        return frame
    there = gpd.GeoSeries([shapely.Point(p) for p in points.values()], index=list(points), crs=4326).to_crs(frame.crs)
    shapes = frame.geometry.copy()
    shapes.loc[there.index] = there
    quality = texts(frame["quality"]) if "quality" in frame else pd.Series("", index=frame.index, dtype="str")
    quality.loc[there.index] = quality.loc[there.index].where(quality.loc[there.index].eq("synthetic"), "estimated")
    return frame.set_geometry(shapes).assign(quality=quality)


def _shown(found: Placed) -> dict[str, Any]:
    said = {"outcome": found.outcome, "by": found.by, "place": found.place, "score": round(found.score, 3)}
    return {**said, "candidates": "; ".join(found.candidates)}


def _taken(taken: Mapping[Any, Placed], ids: pd.Series, at: Mapping[str, str]) -> pd.DataFrame:
    """Each place that was taken, or all of them in one sentence."""
    rows = list(taken)
    if len(rows) > _TOLD_EACH:
        shown = ", ".join(f"{ids[r]}: {taken[r].place}" for r in rows[:3])
        many = {"value": f"{len(rows):,}", "detail": shown}
        return finding("address_taken_many", severity="warning", **many, **at)
    severity: Severity = "warning"
    return findings_from(
        [{"severity": severity, "rule": "address_taken", "row": r, "id": ids[r], "value": taken[r].place, **at}
         for r in rows]
    )  # fmt: skip


def _lost(
    placed: Mapping[Any, Placed], lost: Sequence[Any], address: pd.Series, ids: pd.Series, at: Mapping[str, str]
) -> list[pd.DataFrame]:
    return [
        finding(
            f"address_{placed[row].outcome}", severity="error", row=row, id=ids[row], value=address[row],
            detail="; ".join(placed[row].candidates) or placed[row].place or "-", **at,
        )
        for row in lost
    ]  # fmt: skip
