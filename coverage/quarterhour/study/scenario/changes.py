"""What a scenario changes: settings, facilities added and closed, roads."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.areas import with_areas
from quarterhour.base.cells import texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import finding_sentences, join_findings
from quarterhour.io.places import as_places
from quarterhour.network.modes import mode_label
from quarterhour.network.roads import as_roads
from quarterhour.study.doubts.kinds import with_known_kinds
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.reading.quality import quality_shares
from quarterhour.study.reading.reporting import units_of_places
from quarterhour.study.scenario.settings import Setting


@dataclass(frozen=True, eq=False)
class Changes:
    """What a scenario changes of its study; without anything it is the study itself.

    ``settings``: keys of the study file with what they were and are. ``added``: facilities that the study's table has
    not, by id. ``closed``: ids of facilities that are left out. ``roads``: stand in for the
    study's, a table or a file.
    """

    settings: tuple[Setting, ...] = ()
    added: gpd.GeoDataFrame | None = None
    closed: tuple[str, ...] = ()
    roads: gpd.GeoDataFrame | Path | None = None

    def __bool__(self) -> bool:
        return bool(self.settings or self.closed or self.added is not None or self.roads is not None)

    def without(self, ids: tuple[str, ...]) -> Changes:
        """With facilities closed; of those that an earlier change adds, that is taken back."""
        added, gone = self.added, set(ids)
        if added is not None:
            gone, added = gone - set(added.index), added[~added.index.isin(ids)]
        closed = tuple(dict.fromkeys([*self.closed, *(i for i in ids if i in gone)]))
        return replace(self, closed=closed, added=added if added is not None and len(added) else None)

    def adding(self, given: gpd.GeoDataFrame | None) -> Changes:
        """With facilities added, as `with_places` takes them."""
        return self if given is None else replace(self, added=with_places(self.added, given))

    def sentences(self, lang: str) -> list[str]:
        """What is changed, a sentence each."""
        modes = {s.path.removeprefix("modes."): s.now for s in self.settings if isinstance(s.now, Mapping)}
        said = [
            i18n.say(
                "scenario.setting",
                lang,
                name=s.name(lang),
                was=_told(s, s.was, modes, lang),
                now=_told(s, s.now, modes, lang),
            )
            for s in self.settings
            if not (s.was is None and isinstance(s.now, Mapping))  # a mode of a name that the next setting says
        ]
        if self.added is not None:
            said.append(_counted("scenario.added", self.added.index, lang))
        if self.closed:
            said.append(_counted("scenario.closed", self.closed, lang))
        if self.roads is not None:
            said.append(i18n.say("scenario.roads", lang, roads=_roads_said(self.roads)))
        return said

    def told(self) -> list[dict[str, Any]]:
        """The changes as plain values, for a manifest."""
        told: list[dict[str, Any]] = [{"path": s.path, "was": s.was, "now": s.now} for s in self.settings]
        if self.added is not None:
            rows = self.added
            places = zip(rows.index, rows["kind"], rows.geometry.to_wkt(), strict=True)
            told.append({"added": [[str(i), str(kind), wkt] for i, kind, wkt in places]})
        told += [{"closed": list(self.closed)}] if self.closed else []
        return [*told, *([{"roads": _roads_said(self.roads)}] if self.roads is not None else [])]


def closed_ids(given: Any) -> tuple[str, ...]:
    """Ids to close as texts; those of a set in their order. DataError for what is no id and no list of ids."""
    if isinstance(given, str | int) and not isinstance(given, bool):
        return (str(given),)
    if given is None:
        return ()
    if isinstance(given, Mapping | pd.DataFrame | bytes) or not isinstance(given, Iterable):
        raise DataError("scenario.not_ids", came=type(given).__name__)
    ids = tuple(map(str, given))
    return tuple(sorted(ids)) if isinstance(given, Set) else ids


def other_roads(given: Any) -> gpd.GeoDataFrame | Path | None:
    """Roads that stand in for a study's: a table, kept as it is now, or a file of them. DataError for anything else."""
    if given is None or isinstance(given, Path):
        return given
    if isinstance(given, str):
        return Path(given)
    if not isinstance(given, gpd.GeoDataFrame):
        raise DataError("scenario.not_roads", came=type(given).__name__)
    return given.copy()


def changed_inputs(made: Inputs, changes: Changes, file: StudyFile) -> Inputs:
    """The tables of a study file with facilities closed and added, and other roads.

    DataError for an id to close that is no facility's, for one to add that a facility has, and for a row to add that
    no table of facilities could hold, that no road is near or whose kind nobody knows: nothing is left out in silence.
    """
    roads, key, facilities = made.roads, made.roads_key, made.facilities
    if isinstance(changes.roads, gpd.GeoDataFrame):
        roads, told = as_roads(changes.roads, crs=made.roads.crs)
        key = ""
        _refuse(told)
    unknown = [i for i in changes.closed if i not in facilities.index]
    if unknown:
        known = first_ids(facilities.index)
        raise DataError("scenario.no_facility", ids=first_ids(unknown), count=len(facilities), known=known)
    facilities = facilities.drop(index=list(changes.closed))
    if changes.added is not None:
        facilities = pd.concat([facilities, _added(changes.added, replace(made, roads=roads), facilities, file)])
    changed = replace(made, roads=roads, roads_key=key, facilities=facilities)
    names = ("communities", "facilities", "roads", "towns", "counties", "candidates")
    tables = {n: getattr(changed, n) for n in names} | made.tables | made.layers
    return replace(changed, quality=quality_shares(tables, made.communities, file.communities.people))


def _added(given: gpd.GeoDataFrame, made: Inputs, facilities: gpd.GeoDataFrame, file: StudyFile) -> gpd.GeoDataFrame:
    rows, told = as_places(given, table="facilities", crs=made.communities.crs, required=("kind",))
    _refuse(told)
    rows, doubts = with_known_kinds(file, rows)
    doubted = join_findings(doubts)
    _refuse(doubted[doubted["severity"].ne("note")].assign(severity="error", file=""))
    _refuse_off_road(rows, made.roads, file.study.snap_limit_m)
    both = rows.index[rows.index.isin(facilities.index)]
    if len(both):
        raise DataError("scenario.id_taken", ids=first_ids(both))
    rows = units_of_places(with_areas(rows, made.towns, made.communities), made.communities, made.units)
    return rows.reindex(columns=facilities.columns)


def _refuse_off_road(rows: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, limit_m: float) -> None:
    """Numbers of another CRS lie far from everything: the facility would count nowhere."""
    near = roads.sindex.nearest(rows.geometry, max_distance=limit_m, return_all=False)[0] if len(roads) else []
    off = rows.index[~np.isin(np.arange(len(rows)), near)]
    if len(off):
        where = rows.geometry[off[0]]
        raise DataError("scenario.off_road", ids=first_ids(off), limit=limit_m, x=where.x, y=where.y, crs=rows.crs.name)


def with_places(before: gpd.GeoDataFrame | None, given: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Facilities to add, those of an earlier change first, by id; rows that have none are new-1, new-2 ...

    DataError for what is no table of places with the column ``kind``, or says no CRS.
    """
    if not isinstance(given, gpd.GeoDataFrame):
        raise DataError("scenario.not_places", came=type(given).__name__)
    if given.crs is None:
        raise DataError("scenario.no_crs")
    rows = given if "id" not in given else given.set_index("id")
    if "kind" not in rows:
        raise DataError("scenario.no_kind", found=", ".join(map(str, given.columns)))
    if isinstance(rows.index, pd.RangeIndex):
        taken = set() if before is None else set(before.index)
        free = (name for n in itertools.count(1) if (name := f"new-{n}") not in taken)
        rows = rows.set_axis(list(itertools.islice(free, len(rows))))
    named = texts(rows["name"]) if "name" in rows else pd.Series("", index=rows.index)
    ids = rows.index.astype("str")
    rows = rows.assign(name=np.where(named.eq(""), ids, named)).set_axis(ids).rename_axis("id")
    if before is None:
        return rows
    return gpd.GeoDataFrame(pd.concat([before, rows.to_crs(before.crs)]), crs=before.crs)


def _refuse(told: pd.DataFrame) -> None:
    errors = told[told["severity"] == "error"]
    if len(errors):
        said = {lang: "\n".join(finding_sentences(errors, lang)) for lang in i18n.LANGUAGES}
        raise DataError("scenario.bad_rows", count=len(errors), problems=said)


def _roads_said(roads: gpd.GeoDataFrame | Path) -> str:
    return roads.name if isinstance(roads, Path) else f"{len(roads):,}"


def _counted(key: str, ids: Collection[Any], lang: str) -> str:
    return i18n.say(key, lang, count=len(ids), ids=first_ids(ids, lang=lang))


def _told(setting: Setting, value: object, modes: Mapping[str, Mapping[str, str]], lang: str) -> str:
    """A value of a setting; who travels by name. ``modes``: those that the settings make."""
    if setting.path.endswith(".mode") and isinstance(value, str):
        return mode_label(value, lang, modes.get(value))
    return _said(value, lang)


def _said(value: object, lang: str) -> str:
    if value is None:
        return i18n.say("scenario.unset", lang)
    if isinstance(value, Mapping) or (isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value)):
        return i18n.say("scenario.table", lang, count=len(value))
    if isinstance(value, list | tuple):
        return ", ".join(_said(v, lang) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
