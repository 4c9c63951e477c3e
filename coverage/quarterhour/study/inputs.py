"""What came in: a study's files as checked tables, with every finding and every file's hash."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import geopandas as gpd
import pandas as pd


@dataclass(frozen=True, eq=False)
class Inputs:
    """All tables of a study in its CRS. ``used``: one row a file, ``table, file, sha256, modified, code_system``.

    ``roads_key``: the ``table_key`` of the roads, where it is known of tables just read; else "".

    ``turns``: the turn restrictions of an OSM extract, as `osm.read_osm_turns` tells them; else none.

    ``quality``: ``table, rows, fact, unstated, estimated, synthetic``: shares of the rows of each table, and, as
    ``people_COLUMN``, of the people of each column.

    ``account``: one row a table of places or figures, ``table, file, rows, used, set_aside, totals, notes, left_out``:
    what became of the rows of its file (``files.account_row``).

    ``road_doubts``: where the roads hang together badly, ``rule, roads, size`` (``network/roads/topology``).

    ``secret``: layers by name whose lines may be in no result as they are (``io/offices/territorial.coarse``).

    ``units``: reporting units by id, ``name, county, rest`` (``study/reading/reporting``); none if not asked for.

    ``addresses``: one row an address that was looked for (``io/addresses.ADDRESS_COLUMNS``).
    """

    roads: gpd.GeoDataFrame
    turns: pd.DataFrame
    communities: gpd.GeoDataFrame
    towns: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    tables: dict[str, pd.DataFrame]
    layers: dict[str, gpd.GeoDataFrame]
    findings: pd.DataFrame
    used: pd.DataFrame
    quality: pd.DataFrame
    account: pd.DataFrame = field(default_factory=pd.DataFrame)
    road_doubts: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)
    addresses: pd.DataFrame = field(default_factory=pd.DataFrame)
    units: pd.DataFrame = field(default_factory=pd.DataFrame)
    secret: frozenset[str] = frozenset()
    roads_key: str = ""

    def own(self) -> Inputs:
        """The same with frames of its own: who edits one changes no other result that was made of the same tables.

        Roads stay as they are, since networks are remembered by them; their key goes: others may take their place.
        """
        frames: dict[str, Any] = {
            f.name: value.copy(deep=False)
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), pd.DataFrame) and f.name != "roads"
        }
        held: dict[str, Any] = {
            name: {key: frame.copy(deep=False) for key, frame in getattr(self, name).items()}
            for name in ("tables", "layers")
        }
        return replace(self, **frames, **held, roads_key="")

    @property
    def made_up(self) -> bool:
        """Whether any row of the tables, or of the people counted in them, is made up for demonstration."""
        return bool(self.quality["synthetic"].gt(0).any())

    def __repr__(self) -> str:
        return (
            f"<Inputs: {len(self.communities)} communities, {len(self.facilities)} facilities, "
            f"{len(self.roads)} roads, {len(self.findings)} findings>"
        )
