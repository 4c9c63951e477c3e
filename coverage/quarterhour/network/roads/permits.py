"""What a word of access grants walkers, cyclists and drivers: open, only for trips that start or end there, or closed.

The words are in ``data/osm_kinds.toml``, ``[access]``; they are OpenStreetMap's, and those that tables write.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray
from quarterhour.base.cells import half_width
from quarterhour.base.findings import join_findings
from quarterhour.network.access import as_keys
from quarterhour.network.modes import osm_words
from quarterhour.network.roads.told import Where, counted

Who: TypeAlias = Literal["walk", "cycle", "drive"]
WHO: tuple[Who, ...] = ("walk", "cycle", "drive")
CLOSED, ENDS, OPEN = 0, 1, 2
"""Growing in what they grant."""
_PUSHED = frozenset({"dismount", "推行", "下车推行"})
_NOTHING_SAID, _UNREAD = -1, -2
_SEVERAL = re.compile("[;；、]")


@functools.cache
def _words(who: str) -> Mapping[str, int]:
    table = osm_words()["access"]
    grants = {"silent": _NOTHING_SAID, "open": OPEN, "ends": ENDS, "closed": CLOSED, "others": CLOSED}
    grants |= {one: OPEN if one == who else CLOSED for one in WHO}
    return MappingProxyType({word: level for name, level in grants.items() for word in table[name]})


@functools.cache
def grant(said: str, who: Who) -> int | None:
    """What a value grants: the most that one of several (split at ";", "；" or "、") does; None where it says nothing.

    >>> grant("private", "walk"), grant("agricultural;destination", "drive"), grant("psv", "drive")
    (1, 1, 0)
    >>> grant("unknown", "walk")
    """
    known = max(_levels(said, who))
    return known if known >= CLOSED else None


def only_pushed(said: str) -> bool:
    """Whether a value lets cyclists go only on foot: of what it grants, nothing but ``dismount``.

    >>> only_pushed("dismount"), only_pushed("no;dismount"), only_pushed("yes;dismount")
    (True, True, False)
    """
    return {one.strip().lower() for one in _SEVERAL.split(said) if grant(one, "cycle")} <= _PUSHED and bool(
        grant(said, "cycle")
    )


@functools.cache
def is_read(said: str) -> bool:
    """Whether some of a value is understood."""
    return max(_levels(said, "walk")) > _UNREAD


def _levels(said: str, who: str) -> list[int]:
    words = _words(who)
    return [words.get(half_width(one.strip()).lower().removesuffix(".0"), _UNREAD) for one in _SEVERAL.split(said)]


def read_permits(roads: gpd.GeoDataFrame, where: Where) -> tuple[dict[str, AnyArray], pd.DataFrame]:
    """Yes or no for ``walk``, ``drive``, ``cycle`` of a table, and what else their words say, as columns.

    ``NAME_ends`` where trips must start or end there, ``cycle_pushed`` where cyclists walk; both may be columns of the
    table as well. A column ``access`` (graphs of OSMnx have it) speaks for each of the three that says nothing of its
    own. A value that nobody understands is open, and told.
    """
    made: dict[str, AnyArray] = {}
    told = []
    for who, values in _by_traveller(roads).items():
        code, level, said = _coded(values, who)
        made[who] = level != CLOSED
        pushed = np.array([only_pushed(one) for one in said], bool)[code]
        for column, found in ((f"{who}_ends", level == ENDS), *([("cycle_pushed", pushed)] if who == "cycle" else [])):
            if found.any():
                made[column] = found
                told.append(_told(column.removeprefix(f"{who}_"), values, found, where))
        unread = np.array([not is_read(one) for one in said], bool)[code]
        if unread.any():
            told.append(where.about("odd_access", values.index[unread], id=values.name, column=counted(values[unread])))
    return made | _own_marks(roads, made), join_findings(told).drop_duplicates(ignore_index=True)


def _by_traveller(roads: gpd.GeoDataFrame) -> dict[Who, pd.Series]:
    """The words that count for each traveller: of the own column, where that is blank those of ``access``."""
    if "access" not in roads:
        return {who: roads[who] for who in WHO if who in roads}
    found: dict[Who, pd.Series] = {}
    for who in WHO:
        own = roads[who] if who in roads else pd.Series("", index=roads.index)
        silent = own.map(lambda v: v is None or v is pd.NA or v != v or v == "").to_numpy(dtype=bool)
        found[who] = roads["access"] if silent.all() else own.astype(object).mask(silent, roads["access"]).rename(who)
    return found


def _coded(values: pd.Series, who: Who) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """The code of each cell, what it grants, and the values by code."""
    if values.dtype == bool:
        return values.to_numpy(dtype=np.int64), np.where(values.to_numpy(), OPEN, CLOSED), ["no", "yes"]
    code, cells = pd.factorize(as_keys(values).astype(object), use_na_sentinel=False)
    said = ["" if cell is None or cell is pd.NA or cell != cell else str(cell) for cell in cells]
    level = np.array([OPEN if (known := grant(one, who)) is None else known for one in said], np.int64)
    return code.astype(np.int64), level[code], said


def _told(rule: str, values: pd.Series, found: AnyArray, where: Where) -> pd.DataFrame:
    shown = counted(values[found])
    return where.about(f"access_{rule}", values.index[found], severity="note", column=values.name, detail=shown)


def _own_marks(roads: gpd.GeoDataFrame, made: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Columns that the table has of its own: true where they say yes; blank is no."""
    named = [*(f"{who}_{what}" for who in WHO for what in ("ends", "allowed")), "cycle_pushed"]
    found: dict[str, AnyArray] = {}
    for column in (c for c in named if c in roads):
        own = _truths(roads[column])
        found[column] = own | made[column] if column in made else own
    return found


def _truths(values: pd.Series) -> AnyArray:
    if values.dtype == bool:
        return values.to_numpy()
    return np.array([(grant("" if v is None or v != v else str(v), "walk") or CLOSED) > CLOSED for v in values], bool)
