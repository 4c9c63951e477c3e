"""The tables, circles and layers that targets are scored on, and their areas by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.classes import COMMUNITY_CLASSES, class_of_name, community_classes, town_classes
from quarterhour.base.cells import texts
from quarterhour.standards.circle import CITY, CircleCheck
from quarterhour.standards.levels import AREA_COLUMNS, UNIT, whole_units
from quarterhour.standards.targets import Target
from quarterhour.standards.tiers import TierCheck


class NoDataError(Exception):
    """The table or columns that a target's value would be made from were not supplied."""


@dataclass(frozen=True, eq=False)
class ScoreInputs:
    """All that targets are measured on."""

    communities: pd.DataFrame
    towns: pd.DataFrame
    counties: pd.DataFrame
    facilities: pd.DataFrame
    checks: Mapping[str, CircleCheck]
    tables: Mapping[str, pd.DataFrame]
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    tiers: Mapping[str, TierCheck] = field(default_factory=dict)
    units: pd.DataFrame = field(default_factory=pd.DataFrame)
    _areas: dict[tuple[str, tuple[str, ...]], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def areas(self, target: Target) -> pd.DataFrame:
        """The areas that a target is promised to, by id, in the order of their table: ``name``, ``county``, ``class``.

        An area of no known class is among them, its class "": neither in nor out.
        """
        if target.level == "unit" and UNIT not in self.communities:
            raise NoDataError(f"communities: {UNIT}")
        every = self.every_area(target)
        if not target.applies_to:
            return every.assign(**{"class": ""})
        classes = self._classes(target.level, every)
        return every.assign(**{"class": classes})[classes.isin([*target.applies_to, ""])]

    def _classes(self, level: str, areas: pd.DataFrame) -> pd.Series:
        if level == "town":
            own = town_classes(self.towns).to_dict()
            named = areas["name"].map(class_of_name)
            return pd.Series([own.get(i, named[i]) for i in areas.index], index=areas.index, dtype="str")
        if "class" not in self.communities:
            raise NoDataError("communities: class")
        said = community_classes(self.communities["class"]).reindex(areas.index)
        return said.where(said.isin(COMMUNITY_CLASSES), "")

    def every_area(self, target: Target) -> pd.DataFrame:
        """All areas of a target's level by id, whomever it is promised to: ``name`` and ``county``."""
        key = target.level, target.kinds if target.level == "facility" else ()
        if key not in self._areas:
            self._areas[key] = self._every_area(target)
        return self._areas[key]

    def _every_area(self, target: Target) -> pd.DataFrame:
        if target.level == CITY:
            return pd.DataFrame({"name": CITY, "county": ""}, index=pd.Index([CITY], name="id"))
        if target.level == "facility":
            return _named(self.of_kinds(target.kinds), county="county")
        if target.level == "community":
            return _named(self.communities, county="county")
        if target.level == "unit":
            return _named(self.units, county="county")
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
        column = AREA_COLUMNS.get(level, level)
        own = texts(table[column]) if column in table else pd.Series("", index=table.index, dtype="str")
        if "town" in table and (by_town := self._by_town(level)):
            known = pd.Series([by_town.get(town, "") for town in texts(table["town"])], index=table.index, dtype="str")
            own = own.where(own.ne(""), known)
        return own

    def _by_town(self, level: str) -> Mapping[Any, str]:
        """By town the area of a level that it lies in, where its town alone tells."""
        if level == "unit" and UNIT in self.communities:
            return whole_units(self.communities)
        return self.towns["county"].to_dict() if level == "county" and "county" in self.towns else {}

    def table(self, target: Target) -> pd.DataFrame:
        """The table a target is measured on."""
        own = {"communities": self.communities, "facilities": self.of_kinds(target.kinds)}
        found = own.get(target.table, self.tables.get(target.table))
        if target.table == "facilities" and target.kinds and found is not None and not len(found):
            raise NoDataError(f"facilities: kind = {' | '.join(target.kinds)}")
        if found is None or not len(found):
            raise NoDataError(f"{target.table}: {', '.join(target.columns)}")
        return found


def _named(table: pd.DataFrame, *, county: str | None) -> pd.DataFrame:
    ids = pd.Series(table.index, index=table.index, dtype="str")
    name = texts(table["name"]) if "name" in table else ids
    of = ids if county is None else texts(table[county]) if county in table else pd.Series("", index=table.index)
    return pd.DataFrame({"name": name.where(name.ne(""), ids), "county": of}, index=table.index.rename("id"))
