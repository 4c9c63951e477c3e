"""The levels that shares are told by, and the column of the communities that names the area of each.

Towns and counties are the law's. Reporting units are a second cut of the same ground: what a bureau reports apart
though it is no county (a development zone). Classes are town and countryside. Each cut holds every community once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

UNIT, CLASS = "reporting_unit", "reporting_class"
"""Columns that ``study/reading/reporting`` puts on the communities: never blank where they are there."""
AREA_COLUMNS: Mapping[str, str] = MappingProxyType({"town": "town", "county": "county", "unit": UNIT, "class": CLASS})
"""The column that names the areas of a level, from the least to the greatest; the class last."""
FURTHER_LEVELS = ("class", "unit")
"""Levels beside those of the law; a study that does not ask for them has no rows of them."""
UNKNOWN = "unknown"
"""The area of a community whose unit or class nobody states."""
CLASSES = ("urban", "rural", UNKNOWN)
"""The classes in the order in which they are told."""


def in_order(level: str, communities: pd.DataFrame) -> list[str]:
    """The areas of a further level as they are told: classes in their order; units county by county, the unknown last.

    Of a county what is left of it comes first, then its zones by id.
    """
    if level == "class":
        return [c for c in CLASSES if c in set(communities[CLASS].unique())]
    county = communities["county"].astype("str") if "county" in communities else communities[UNIT].astype("str")
    first = county.groupby(communities[UNIT]).min()
    return sorted(first.index, key=lambda unit: (unit == UNKNOWN, first[unit], unit != first[unit], unit))


def whole_units(communities: pd.DataFrame) -> dict[str, str]:
    """By town that lies in one reporting unit alone, that unit."""
    pairs = communities[["town", UNIT]].drop_duplicates()
    alone = pairs[~pairs["town"].duplicated(keep=False) & pairs["town"].ne("")]
    return dict(zip(alone["town"], alone[UNIT], strict=True))


def levels_of(shares: pd.DataFrame) -> tuple[str, ...]:
    """The further levels that a table of shares has rows of."""
    there = set(shares["level"]) if "level" in shares else set()
    return tuple(level for level in FURTHER_LEVELS if level in there)
