"""Texts, places and numbers as columns of the map page: texts escaped, places rounded, few different texts coded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base import i18n
from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.cards import Card
from quarterhour.base.cells import blank
from quarterhour.base.errors import DataError
from quarterhour.base.escape import escape_html
from quarterhour.base.kinds import KindLooks, kind_label
from quarterhour.base.labels import names_of, percent
from quarterhour.base.planar import flat_shapes, inner_points
from quarterhour.standards.sensitivity import COVERED

DEGREE_DECIMALS = 5  # about a metre


class PageWords:
    """The words of the page in one language, each already escaped; kinds by the names that the study gives them."""

    def __init__(self, lang: str, kinds: KindLooks | None = None) -> None:
        self.lang, self.kinds = lang, kinds or {}

    def __call__(self, key: str, /, **values: object) -> str:
        return escape_html(i18n.say(f"maps.{key}", self.lang, **values))

    def label(self, page: str, name: object, *, prefix: str = "") -> str:
        found = i18n.entry(f"{page}.{prefix}{name}")
        return escape_html(name if found is None else found[self.lang])

    def kind(self, kind: object) -> str:
        """The name of a kind of facilities."""
        return escape_html(kind_label(str(kind), self.lang, self.kinds))

    def page(self) -> dict[str, str]:
        keys = (
            "search nothing_found hide show legend met not_met promise_met promise_not_met not_judged not_snapped "
            "unknown no_data nearest minutes standard town kind quality source people_unit share_in no_people plan "
            "plan_site plan_served plan_order served_by_none scorecard promises threshold facilities communities "
            "schematic too_long out_of_reach no_way quality_fact quality_estimated quality_synthetic "
            "sure pace flip ground now after basis charts layers layer_score layer_ground layer_range layer_others "
            "layer_roads layer_towns home full larger smaller text_size north by_county demonstration question "
            "worst_quality"
        )
        return {key: self(key) for key in keys.split()} | {key: self.label("sensitivity", key) for key in COVERED}


def in_degrees(frame: gpd.GeoDataFrame, table: str) -> gpd.GeoSeries:
    if frame.crs is None:
        raise DataError("maps.no_crs", table=table)
    return flat_shapes(frame.geometry).to_crs("EPSG:4326")


def xy_of(frame: gpd.GeoDataFrame, table: str) -> dict[str, list[float | None]]:
    """Longitude and latitude as columns, of an outline those of its inner point; None for a place that has no point."""
    inner = gpd.GeoSeries(inner_points(flat_shapes(frame.geometry).to_numpy()), index=frame.index, crs=frame.crs)
    points = in_degrees(gpd.GeoDataFrame(geometry=inner), table)
    drawn = (points.notna() & ~points.is_empty).to_numpy(dtype=bool)
    where = points.to_numpy()
    return {k: _numbers(f(where), drawn) for k, f in (("x", shapely.get_x), ("y", shapely.get_y))}


def _numbers(values: np.ndarray, good: np.ndarray) -> list[float | None]:
    rounded = np.round(values, DEGREE_DECIMALS).tolist()
    return [v if ok and math.isfinite(v) else None for v, ok in zip(rounded, good, strict=True)]


def texts_of(frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame:
        return [""] * len(frame)
    return ["" if pd.isna(v) else escape_html(v) for v in frame[column]]


def coded(values: Sequence[str]) -> dict[str, Any]:
    """A column of few different texts as a list of them and positions in it."""
    codes, found = pd.factorize(np.asarray(values, dtype=object))
    return {"code": codes.tolist(), "text": [str(v) for v in found]}


def quality_of(frame: pd.DataFrame, say: PageWords) -> dict[str, Any]:
    own = frame["quality"] if "quality" in frame else pd.Series("", index=frame.index)
    return coded(["" if pd.isna(q) or q == "" else say.label("maps", q, prefix="quality_") for q in own])


def place_names(ids: Iterable[Any], places: pd.DataFrame) -> list[str]:
    """Names of places by their ids."""
    known = {str(i): name for i, name in places["name"].items()} if "name" in places else {}
    return [escape_html(name) for name in names_of((i if blank(i) else str(i) for i in ids), known)]


def tenths(minutes: FloatArray, *, up: bool = False) -> IntArray:
    """Whole tenths, as the page rounds minutes: up past the standard, never back onto it."""
    return (np.ceil(np.round(minutes * 10, 4)) if up else np.floor(minutes * 10 + 0.5)).astype(np.int64)


def card_columns(card: Card | None) -> Any:
    """A card as the page's scripts read it, every text escaped."""
    return None if card is None else _escaped(card.values())


def _escaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _escaped(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_escaped(inside) for inside in value]
    return escape_html(value) if isinstance(value, str) else value


def share_of(share: Any) -> str:
    """A share in percent, "" where there is nobody to count."""
    return "" if pd.isna(share) else escape_html(percent(share))


def thousands(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: f"{value:,.0f}" for key, value in values.items()}


def filled(key: str, words: PageWords, /, **escaped: str) -> str:
    """A sentence filled with texts that are escaped already."""
    return i18n.say(f"maps.{key}", words.lang, **escaped)


def steps(lines: np.ndarray) -> list[list[int]]:
    """Each line as whole 1e-5 degrees, the first point and then steps."""
    whole = np.round(shapely.get_coordinates(lines) * 10**DEGREE_DECIMALS).astype(np.int64)
    count = shapely.get_num_coordinates(lines)
    ends = np.cumsum(count)
    begins = ends - count
    moved = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    moved[begins[count > 0]] = whole[begins[count > 0]]
    flat = moved.ravel().tolist()
    return [flat[2 * a : 2 * b] for a, b in zip(begins, ends, strict=True)]


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""A sign stands for five bits; one of the upper half says that the number goes on."""


def packed(lines: np.ndarray) -> str:
    """Lines as one text of whole numbers: how many points, then by point the step from the point before, of any line.

    Steps are whole 1e-5 degrees, east then north, from 0, 0; a number below zero is written as ``-2 n - 1``, others as
    ``2 n``; then five bits a sign, the lowest first.
    """
    count = shapely.get_num_coordinates(lines)
    whole = np.round(shapely.get_coordinates(lines) * 10**DEGREE_DECIMALS).astype(np.int64)
    moved = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel()
    begins = 2 * (np.cumsum(count) - count)
    return _signs(np.insert(np.where(moved < 0, -2 * moved - 1, 2 * moved), begins, count))


def _signs(numbers: np.ndarray) -> str:
    sign = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    width = np.maximum(1, (np.floor(np.log2(np.maximum(numbers, 1))).astype(np.int64) + 5) // 5)
    ends = np.cumsum(width)
    place = np.arange(width.sum()) - np.repeat(ends - width, width)
    bits = (np.repeat(numbers, width) >> (5 * place)) & 31
    goes_on = place < np.repeat(width, width) - 1
    return str(sign[bits + 32 * goes_on].tobytes(), "ascii")
