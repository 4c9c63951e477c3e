"""What a table may say and yet can hardly be meant: more of a part than of the whole, one place under two ids.

Nothing is set aside for it: each doubt is a warning with its rows, and the planner decides.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import combinations, product

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts

FAR_BEYOND = 50
"""A figure of so many times the median of its column is told."""
BEYOND_ANY = 1_000_000
"""No community has so many people: it is a code, or a figure of a whole city."""
_FEW = 5
"""Fewer rows than this say nothing about a column."""
_SAME_M, _NEAR_M, _ROUNDED_M, _ANYWHERE_M = 1.0, 15.0, 1_500.0, 1e6
"""One spot; one house whose coordinates were rounded; coordinates cut to two decimals of a degree; any of a town."""
_ENDING = re.compile(r"(?<=..)(?:社区居民委员会|社区居委会|居民委员会|村民委员会|社区居委|居委会|村委会|社区)$")
_TELLING_PEOPLE = 20
"""Equal figures of fewer people than this are chance."""


@dataclass(frozen=True, eq=False)
class Doubt:
    """What is doubtful: ``where`` by row, None for the whole table; ``detail`` by row or for all.

    ``listed``: how a row is named where many are told in one sentence; its id where it is None.
    """

    rule: str
    where: pd.Series | None
    column: str = ""
    values: pd.Series | None = None
    value: str = ""
    detail: pd.Series | str = ""
    listed: pd.Series | None = None


def doubts(
    places: gpd.GeoDataFrame, *, ids: pd.Series, rows: pd.Series, people: Sequence[str], parts: Mapping[str, str]
) -> Iterator[Doubt]:
    """Every doubt about the rows that are used, which are in metres; ``ids`` and ``rows`` on their index."""
    if places.empty:
        return
    yield from _over_whole(places, {**_known_parts(list(places.columns), people), **parts}, ids)
    yield from _not_the_sum(places, people, ids)
    for column in people:
        yield from _odd_column(places[column], column)
    yield from _same_columns(places, people)
    yield from _twice(places, ids, rows, people)


# --- people ------------------------------------------------------------------------------------------------------


def _over_whole(places: pd.DataFrame, pairs: Mapping[str, str], ids: pd.Series) -> Iterator[Doubt]:
    for part, whole in pairs.items():
        if part not in places or whole not in places:
            continue
        less, more = numbers(places[part]), numbers(places[whole])
        over = less.gt(more)
        if over.sum() >= _FEW and over.sum() > 0.5 * less.gt(0).sum():
            yield Doubt("parts_exchanged", None, part, value=f"{over.sum():,}", detail=whole)
        elif over.any():
            one, other = less[over].map("{:,.0f}".format), more[over].map("{:,.0f}".format)
            listed = ids[over] + " (" + one + " > " + other + ")"
            yield Doubt("part_over_whole", over, part, one, detail=f"{whole} = " + other, listed=listed)


def _not_the_sum(places: pd.DataFrame, people: Sequence[str], ids: pd.Series) -> Iterator[Doubt]:
    """Parts that do not come to their whole, where the table has them all."""
    known = _facts()
    for roles in known["sums"]:
        whole, *parts = (_column_of(role, known["names"][role], list(places.columns), people) for role in roles)
        if not whole or not all(parts):
            continue
        given = pd.DataFrame({column: numbers(places[column]) for column in (whole, *parts)})
        total = given[parts].sum(axis=1)
        off = given.notna().all(axis=1) & total.ne(given[whole])
        if off.any():
            value, other = given.loc[off, whole].map("{:,.0f}".format), total[off].map("{:,.0f}".format)
            detail = " + ".join(parts) + " = " + other
            listed = ids[off] + " (" + value + " ≠ " + other + ")"
            yield Doubt("parts_not_whole", off, whole, value, detail=detail, listed=listed)


def _known_parts(columns: Sequence[object], people: Sequence[str]) -> dict[str, str]:
    """Pairs of part and whole among the columns, by the shipped names; our own names count in any table."""
    known = _facts()
    by_role = {role: _column_of(role, names, columns, people) for role, names in known["names"].items()}
    pairs: dict[str, str] = {}
    for chain in known["chains"]:
        there = [column for role in chain if (column := by_role[role])]
        pairs |= dict(zip(there, there[1:], strict=False))
    return pairs


def _column_of(role: str, names: Sequence[str], columns: Sequence[object], people: Sequence[str]) -> str:
    if role in columns:
        return role
    return next((c for c in people if _plain(c) in names), "")


@functools.cache
def _facts() -> dict[str, Mapping[str, Sequence[str]]]:
    text = (resources.files("quarterhour") / "data" / "people.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _odd_column(given: pd.Series, column: str) -> Iterator[Doubt]:
    """A figure far beyond the others; a column that says nothing."""
    count = numbers(given)
    some = count[count > 0]
    if count.notna().sum() >= _FEW and some.empty:
        yield Doubt("people_all_zero", None, column, value=f"{len(count):,}")
    elif len(some) >= _FEW and count.nunique() == 1:
        yield Doubt("people_all_equal", None, column, value=f"{some.iloc[0]:,.0f}", detail=f"{len(count):,}")
    beyond = count.ge(BEYOND_ANY)
    if beyond.any():
        yield Doubt("people_beyond_any", beyond, column, count[beyond].map("{:,.0f}".format), detail=f"{BEYOND_ANY:,}")
    far = count.ge(FAR_BEYOND * some.median()) & ~beyond
    if len(some) >= _FEW and far.any():
        yield Doubt("people_far_beyond", far, column, count[far].map("{:,.0f}".format), detail=f"{some.median():,.0f}")


def _same_columns(places: pd.DataFrame, people: Sequence[str]) -> Iterator[Doubt]:
    for one, other in combinations(people, 2):
        mine, theirs = numbers(places[one]), numbers(places[other])
        if len(mine) >= _FEW and mine.equals(theirs) and mine.nunique() > 1:
            yield Doubt("people_same_column", None, one, value=f"{len(mine):,}", detail=other)


# --- one place twice ---------------------------------------------------------------------------------------------


def _twice(places: gpd.GeoDataFrame, ids: pd.Series, rows: pd.Series, people: Sequence[str]) -> Iterator[Doubt]:
    """Rows that stand for a place another row stands for: by name, by people, by both where coordinates were cut."""
    told = pd.Series(False, index=places.index)
    for rule, key, metres in _likenesses(places, people):
        first = first_alike(places, key, metres=metres)
        again = first.ge(0) & ~told
        told |= again
        if again.any():
            partner = first.where(again, 0).to_numpy()
            other, row = ids.iloc[partner].to_numpy(), rows.iloc[partner].astype(str).to_numpy()
            detail = pd.Series(other, index=ids.index)
            yield Doubt(
                rule, again, "name", texts(places["name"]),
                detail=detail + " (" + row + ")", listed=ids + " = " + detail,
            )  # fmt: skip


def _likenesses(places: gpd.GeoDataFrame, people: Sequence[str]) -> Iterator[tuple[str, pd.Series, float]]:
    """What makes two rows one: a rule, a key ("" for rows it cannot judge), and how far apart they may lie."""
    name = texts(places["name"]).map(_stem)
    kind = texts(places["kind"]) if "kind" in places else pd.Series("", index=places.index)
    named = name.where(name.eq(""), name + "\n" + kind)
    yield "place_twice", named, _SAME_M
    if kind.ne("").any():
        yield "place_twice", named.where(kind.ne(""), ""), _NEAR_M
        yield "place_twice", kind.where(name.eq(""), ""), _SAME_M
    if not people:
        return
    counts = pd.DataFrame({column: numbers(places[column]) for column in people})
    figures = counts.groupby(list(counts), sort=False, dropna=False).ngroup().astype("str")
    telling = counts.sum(axis=1).ge(_TELLING_PEOPLE)
    yield "people_twice", figures.where(telling, ""), _NEAR_M
    whole = name + "\n" + texts(places["town"]) + "\n" + figures
    yield "place_near_twice", whole.where(name.ne("") & counts.sum(axis=1).gt(0), ""), _ROUNDED_M
    yield "place_near_twice", whole.where(name.ne("") & telling, ""), _ANYWHERE_M


def first_alike(places: gpd.GeoDataFrame, key: pd.Series, *, metres: float) -> pd.Series:
    """By row, the position of the first row with the same key at most so far away; -1 where there is none.

    Areas are compared by the middle of their extent. A row without a key or a place is like none.
    """
    box = places.bounds.to_numpy()
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    at = np.flatnonzero(key.ne("").to_numpy() & np.isfinite(x) & np.isfinite(y))
    found = np.full(len(places), -1)
    if len(at) < 2:
        return pd.Series(found, index=places.index)
    code = pd.factorize(key.iloc[at])[0]
    # Two points that are near share a cell of twice the width in one of four grids.
    for right, up in product((0.0, metres), repeat=2):
        cell = np.floor(np.column_stack([x[at] + right, y[at] + up]) / (2 * metres))
        frame = pd.DataFrame({"key": code, "x": cell[:, 0], "y": cell[:, 1], "at": at})
        first = frame.groupby(["key", "x", "y"], sort=False)["at"].transform("min").to_numpy()
        near = np.hypot(x[at] - x[first], y[at] - y[first]) <= metres
        better = near & (first < at) & ((found[at] < 0) | (first < found[at]))
        found[at[better]] = first[better]
    return pd.Series(found, index=places.index)


def _stem(name: object) -> str:
    """A name without what may be left off it: 东涝台 and 东涝台社区 are one, 东村 is not 东社区."""
    return _ENDING.sub("", _plain(name))


def _plain(name: object) -> str:
    return "".join(unicodedata.normalize("NFKC", str(name)).split()).casefold()
