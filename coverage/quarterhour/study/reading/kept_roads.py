"""Roads as they were read, kept for the next run: a country's are read in minutes, and taken again in seconds."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from quarterhour.base import i18n
from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, MissingError, WriteError
from quarterhour.io.answer_store.store import load_answer, save_answer
from quarterhour.io.answer_store.table import load_table, save_table
from quarterhour.io.network_store import table_key

_log = logging.getLogger(__name__)
FOLDER = "roads.read"
"""No mode's folder beside it has a dot in its name."""
_READ, _WEIGHED = "read.npz", "weighed.npz"
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class RoadsRead:
    """Roads as the canonical table, their turn restrictions, and what was told of either.

    ``key``: the ``table_key`` of the roads, where it was worked out; else "".
    """

    roads: gpd.GeoDataFrame
    told: pd.DataFrame
    turns: pd.DataFrame
    turns_told: pd.DataFrame
    key: str = ""


@dataclass(frozen=True, eq=False)
class RoadsWeighed:
    """What is doubtful in roads as a whole: findings, and the ``places`` of it as ``Topology`` has them."""

    told: pd.DataFrame
    places: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class _Read:
    """What lies beside the table of roads: the sum of its bytes, its key, and the rest."""

    sum: int
    key: str
    told: pd.DataFrame
    turns: pd.DataFrame
    turns_told: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Weighed:
    told: pd.DataFrame
    places: pd.DataFrame
    x: FloatArray
    y: FloatArray


_RECORDS: dict[str, type] = {part.__name__: part for part in (_Read, _Weighed)}


@dataclass(frozen=True)
class KeptRoads:
    """A folder for the roads of a study. Each of the two files holds the last one's answer, under its key.

    ``fresh``: nothing is taken, and all is put anew. ``tell`` hears, in a language, that nothing can be kept.
    """

    folder: Path
    fresh: bool
    lang: str
    tell: Callable[[str], None]

    def read(self, key: str, make: Callable[[], RoadsRead]) -> RoadsRead:
        """The roads under a key; what ``make`` reads where none are kept, mapped from the disk once they are."""
        found = None if self.fresh else self._taken(_READ, key, self._opened)
        if found is not None:
            _log.info(i18n.say("study.roads_kept", self.lang))
            return found
        made = make()
        again = self._taken(_READ, key, self._opened) if self._keep(key, made) else None
        return again or made  # what was built goes: of what is mapped the texts take no memory

    def weighed(self, key: str, crs: CRS, make: Callable[[], RoadsWeighed]) -> RoadsWeighed:
        """What was found of roads under a key."""

        def opened(held: _Weighed) -> RoadsWeighed:
            points = gpd.points_from_xy(held.x, held.y, crs=crs)
            return RoadsWeighed(held.told, gpd.GeoDataFrame(held.places, geometry=points))

        found = None if self.fresh else self._taken(_WEIGHED, key, opened)
        if found is None:
            found = make()
            at = found.places.geometry
            plain = pd.DataFrame(found.places.drop(columns="geometry"))
            self._save(_WEIGHED, key, _Weighed(found.told, plain, at.x.to_numpy(), at.y.to_numpy()))
        return found

    def _taken(self, name: str, key: str, opened: Callable[[Any], T]) -> T | None:
        try:
            return opened(load_answer(self.folder / name, key=key, records=_RECORDS))
        except MissingError:
            return None
        except (DataError, TypeError, ValueError, AttributeError, LookupError) as why:
            said = why.sentence(self.lang) if isinstance(why, DataError) else repr(why)
            _log.info(i18n.say("study.roads_anew", self.lang, why=said))
            return None

    def _opened(self, held: _Read) -> RoadsRead:
        roads = load_table(self._table(held.key), told=held.sum)
        return RoadsRead(roads, held.told, held.turns, held.turns_told, held.key)

    def _keep(self, key: str, made: RoadsRead) -> bool:
        """The table first, then the file that names it; tables that none names any more go. Whether they are there."""
        own = table_key(made.roads)
        try:
            told = save_table(made.roads, self._table(own))
        except WriteError as why:
            self.tell(i18n.say("study.roads_not_kept", self.lang, why=why.sentence(self.lang)))
            return False
        except DataError as why:  # a column of the user's own that no file holds as it is: it will be so again
            _log.info(i18n.say("study.roads_not_kept", self.lang, why=why.sentence(self.lang)))
            return False
        named = self._save(_READ, key, _Read(told, own, made.told, made.turns, made.turns_told))
        for path in self.folder.glob("*.arrow") if named else ():
            if path != self._table(own):
                with contextlib.suppress(OSError):  # another run has it open
                    path.unlink()
        return named

    def _save(self, name: str, key: str, value: object) -> bool:
        try:
            return save_answer(value, self.folder / name, key=key, records=_RECORDS)
        except WriteError as why:
            self.tell(i18n.say("study.roads_not_kept", self.lang, why=why.sentence(self.lang)))
            return False

    def _table(self, key: str) -> Path:
        return self.folder / f"{key}.arrow"
