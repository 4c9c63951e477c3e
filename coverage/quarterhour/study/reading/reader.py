"""A study's files read, one table after the other, each held against the others.

This is the one door of row order: behind it places stand by id, roads by their lines (``in_one_order``), all other
rows by what they say (``base/row_order``), whatever order the files had. Findings name the rows of the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, StudyError, first_ids
from quarterhour.base.findings import (
    SEVERITIES,
    Severity,
    finding,
    finding_sentences,
    in_both,
    join_findings,
    no_findings,
)
from quarterhour.base.kinds import KindLook, KindLooks, kind_label
from quarterhour.base.row_order import by_content, by_id, place_names
from quarterhour.io import files, osm, places, where
from quarterhour.io.addresses import ADDRESS_COLUMNS, AddressFinder
from quarterhour.io.ground import ground_of
from quarterhour.study.doubts import settled
from quarterhour.study.file.declared import is_extract
from quarterhour.study.file.fields import Addressed, Communities, Places, Source
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.reading.addresses import address_finder
from quarterhour.study.reading.crs import StudyCrs
from quarterhour.study.reading.extract_area import area_around, stated_area
from quarterhour.study.reading.frames import joined, no_places, of_part, placed, uncounted, with_columns
from quarterhour.study.reading.kept_roads import KeptRoads, RoadsRead
from quarterhour.study.reading.named_columns import only_named, without_unnamed
from quarterhour.study.reading.population import points_inside, share_population
from quarterhour.study.reading.quality import quality_shares
from quarterhour.study.reading.registers import count_register, with_outlines
from quarterhour.study.reading.reporting import units_of_places, with_reporting
from quarterhour.study.reading.roads import StudyRoads
from quarterhour.study.reading.told import said_from, unless_told
from quarterhour.study.reading.used import StudySources

_UNSETTLED: Mapping[str, gpd.GeoDataFrame] = MappingProxyType({})
_PLACES = ("communities", "towns", "counties", "facilities", "candidates")


class _Reader:
    """Reads the tables of one study, gathering findings and the files used."""

    def __init__(self, file: StudyFile, opened: StudySources, crs: StudyCrs, of_roads: StudyRoads) -> None:
        self.file, self.folder, self.opened, self.crs, self.of_roads = file, opened.folder, opened, crs, of_roads
        self.findings: list[pd.DataFrame] = []
        self.account: list[dict[str, Any]] = []
        self.box = stated_area(file)
        self.placed: list[where.PlaceTable] = []
        self.known: gpd.GeoDataFrame | None = None
        self.addresses: list[dict[str, Any]] = []
        self._towns: gpd.GeoDataFrame | None = None
        self.secret = frozenset(p.name for p in file.layers if p.is_secret)

    def roads(self) -> RoadsRead:
        """Roads of any kind of file as the canonical table, with their turn restrictions."""
        found = self.of_roads.read(self.box)
        self.findings.append(found.told)
        return found

    def places(self, part: Places, table: str, *, people: tuple[str, ...] = (), kind: str = "") -> gpd.GeoDataFrame:
        """Places of a table or of the OSM extract."""
        parts = part.parts if isinstance(part, Communities) else {}
        area = table in ("towns", "counties") or (table == "communities" and self.outlined)
        if part.from_osm:
            extract = self.opened.path(part, table) if part.path else self.of_roads.source()
            if not is_extract(extract):
                raise StudyError("study.no_extract", table=table)
            rules = osm.wanted_rules(part.from_osm, kind=kind, own=self.file.own_tags)
            raw, told = osm.read_places_within(extract, rules, crs=self.crs.any, table=table, bbox=self.box)
            self.findings.append(told)
            crs = self.crs.of_communities(files.lonlat_of(raw)) if table == "communities" else self.crs.code
            raw = raw.to_crs(crs)
            known = raw.copy()
            for column in people:
                known[column] = known[column].fillna(0) if column in known else 0
            kept, found = places.as_places(
                known.reset_index(), table=table, crs=crs, people=people, parts=parts, required=(), file=extract.name,
                geometry="any" if area else "point", quality=part.quality, source=part.source or extract.name,
            )  # fmt: skip
            kept = by_id(kept)
            self.findings.append(found)
            self.findings.extend(uncounted(raw, people, table, extract.name))
            known_rows = files.Table(raw, extract.name)
            self.account.append(files.account_row(table, known_rows, used=len(kept), door=found))
            self.placed.append(where.PlaceTable(table, kept, None))
            return kept
        origins: list[files.Origin] = []
        chosen = self.crs.of_communities if table == "communities" else self.crs.code
        finder = self.finder(part)
        kept, found, account = files.read_counted_places(
            self.opened.given(part, table), table=table, crs=chosen, columns=part.columns, people=people, parts=parts,
            source_crs=part.crs, datum=part.datum, quality=part.quality, source=part.source, kind=kind,
            geometry="any" if area else "point", sheet=_text(part.sheet), encoding=part.encoding,
            header_row=part.header_row, layer=part.layer, hidden_rows=part.hidden_rows,
            origin=origins.append, place=finder.place if finder else None,
        )  # fmt: skip
        kept = by_id(kept)
        self.addresses += finder.rows if finder else []
        self.findings.append(found)
        self.account.append(account)
        self.placed.append(where.PlaceTable(table, kept, *origins))
        return kept

    def finder(self, part: Places) -> AddressFinder | None:
        """What places a part's rows by their addresses, if it has a column of them."""
        if not isinstance(part, Addressed) or part.address is None or self.known is None:
            return None
        return address_finder(part, self.file.geocoders, self.folder, communities=self.known, towns=self.towns())

    def towns(self) -> gpd.GeoDataFrame | None:
        """The towns, read once; None where the study names none."""
        if self._towns is None and self.file.towns is not None:
            self._towns = self.places(self.file.towns, "towns")
        return self._towns

    @property
    def outlined(self) -> bool:
        """Whether the outlines of communities count for more than a point in each."""
        return bool(self.file.population) or with_outlines(self.file)

    def communities(self) -> gpd.GeoDataFrame:
        """The communities with their people: of the table, shared out among outlines, or summed from registers."""
        part, filled = self.file.communities, self.file.filled
        kept = self.places(part, "communities", people=tuple(c for c in part.people if c not in filled))
        for asked in self.file.population:
            kept, found = share_population(asked, self.opened.given(asked, "population"), kept)
            self.findings.append(found)
        kept, lost = (kept, no_findings()) if self.file.population else placed(kept, self.account[-1])
        self.findings.append(lost)
        for register in self.file.registers:
            kept, found, account = count_register(register, self.opened.given(register, "registers"), kept)
            self.findings.append(found)
            self.account.append(account)
        return points_inside(kept) if self.outlined else kept

    def misplaced(
        self, roads: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, known: Mapping[str, gpd.GeoDataFrame] = _UNSETTLED
    ) -> pd.DataFrame:
        """What speaks against where the places lie; ``known``: the tables with their towns as ids, where these are."""
        points = [
            replace(t, places=known[t.table].loc[lambda p, t=t: p.index.isin(t.places.index)])
            if t.table in known
            else t
            for t in self.placed
            if t.table not in ("towns", "counties")
        ]
        outlines = self.file.towns
        ground = ground_of(
            roads, towns, datum=self.of_roads.named().datum, towns_datum="wgs84" if outlines is None else outlines.datum
        )
        return where.where_findings(points, ground, limit_m=self.file.study.snap_limit_m)

    def table(self, part: Source, name: str) -> pd.DataFrame:
        """A table of figures, rows without a quality given the table's."""
        read = files.read_table(
            self.opened.given(part, name), sheet=_text(part.sheet), encoding=part.encoding, header_row=part.header_row,
            hidden_rows=part.hidden_rows, layer=part.layer,
        )  # fmt: skip
        self.findings.append(read.findings.assign(table=name))
        self.account.append(files.account_row(name, read, used=len(read.frame)))
        return of_part(by_content(files.named(read, part.columns, table=name)), part)

    def layer(self, part: Source, name: str) -> gpd.GeoDataFrame:
        """A layer for exclusions, in the study CRS."""
        layer, found = files.read_layer(
            self.opened.given(part, name), table=name, crs=self.crs.code, layer=part.layer, source_crs=part.crs,
            datum=part.datum, encoding=part.encoding, columns=part.columns,
        )  # fmt: skip
        self.findings.append(found)
        ordered = by_content(layer).reset_index(drop=True)
        if name not in self.secret and len(ordered):  # a name would tell where it lies
            ordered = ordered.set_axis(pd.Index(place_names(ordered)), axis=0)
        return gpd.GeoDataFrame(of_part(ordered, part))


def read_inputs(
    file: StudyFile,
    folder: Path,
    *,
    roads: Path | None = None,
    farthest_m: float = 0.0,
    path: Path | None = None,
    kept: KeptRoads | None = None,
) -> Inputs:
    """Every table that a study file names, checked. A bad row is set aside and told, never lost.

    ``farthest_m``: how far its questions look, for the part of an OSM extract that is read. ``path``: of the study
    file, for the lines of what is wrong in it. ``kept``: where the roads are kept for the next run.
    """
    crs = StudyCrs(file.study.crs, path or folder / "study.toml")
    opened = StudySources(file, folder)
    reader = _Reader(file, opened, crs, StudyRoads(opened, roads, crs, kept))
    # Of an extract only the part around the communities is read: they are first, and choose.
    first = reader.roads() if file.study.crs is None and not is_extract(reader.of_roads.source()) else None
    communities = reader.communities()
    if not len(communities):
        crs.check()
        likely = reader.misplaced(reader.roads().roads, no_places(communities)) if reader.placed[0].rows_read else None
        raise _none_usable(join_findings([t for t in (likely, *reader.findings) if t is not None]))
    reader.known = communities
    reader.box = area_around(file, communities, farthest_m=farthest_m)
    facilities = [reader.places(p, "facilities", kind=p.kind or "") for p in file.facilities]
    read = reader.roads() if first is None else replace(first, roads=first.roads.to_crs(crs.code))
    reader.findings.extend(crs.findings)
    towns = reader.towns()
    towns = no_places(communities) if towns is None else towns
    counties = reader.places(file.counties, "counties") if file.counties else no_places(communities)
    facility_table = joined(facilities, communities)
    reader.findings.append(read.turns_told)
    made = Inputs(
        roads=read.roads,
        roads_key=read.key,
        turns=read.turns,
        communities=with_columns(communities, "town", "county"),
        towns=with_columns(towns, "county"),
        counties=counties,
        facilities=with_columns(facility_table, "kind", "town", "county"),
        candidates=reader.places(file.candidates, "candidates") if file.candidates else no_places(communities),
        tables={p.name: reader.table(p, p.name) for p in file.tables},
        layers={p.name: reader.layer(p, p.name) for p in file.layers},
        secret=reader.secret,
        findings=join_findings(reader.findings),
        used=opened.told(),
        quality=pd.DataFrame(),
        account=pd.DataFrame(reader.account),
        addresses=pd.DataFrame(reader.addresses, columns=list(ADDRESS_COLUMNS)),
    )
    of_table = [len(part) for part in facilities]
    known, told = settled(file, {n: getattr(made, n) for n in _PLACES}, made.tables, of_table=of_table)
    made = replace(made, **known)
    made = replace(made, facilities=by_id(made.facilities))
    people, units, by_area = with_reporting(file, made.communities, made.counties, path=path or folder / "study.toml")
    made, told = replace(made, communities=people, units=units), [*told, by_area]
    made = replace(made, facilities=units_of_places(made.facilities, people, units))
    made = only_named(file, folder, made)
    lie = reader.misplaced(made.roads, made.towns, {n: getattr(made, n) for n in _PLACES})
    _check_roads_near(made, file.study.snap_limit_m, lie)
    crs.check()
    found = join_findings([unless_told(lie, told), made.findings, *told, *_unknown_kinds(file, made)])
    tables = {n: getattr(made, n) for n in ("communities", "facilities", "roads", "towns", "counties", "candidates")}
    shares = quality_shares(tables | made.tables | made.layers, made.communities, file.communities.people)
    found = without_unnamed(file, folder, said_from(found, folder))
    return replace(made, findings=found, quality=shares)


def _text(sheet: str | int | None) -> str | None:
    return None if sheet is None else str(sheet)


def _none_usable(findings: pd.DataFrame) -> DataError:
    """No community is left: why, the rows that were set aside first and each reason once; or the table has no rows."""
    if findings.empty:
        return DataError("inputs.empty", table=i18n.both("tables", "communities"))
    worst = findings.iloc[findings["severity"].map(SEVERITIES.index).argsort(kind="stable")]
    first = worst.drop_duplicates(["rule", "table", "column"]).head(5)
    why = {lang: "\n".join(finding_sentences(first, lang)) for lang in i18n.LANGUAGES}
    return DataError("inputs.no_communities", count=len(findings), why=why)


def _check_roads_near(made: Inputs, limit_m: float, lie: pd.DataFrame) -> None:
    west, south, east, north = made.roads.total_bounds
    x, y = made.communities.geometry.x, made.communities.geometry.y
    near = x.between(west - limit_m, east + limit_m) & y.between(south - limit_m, north + limit_m)
    if not near.any():
        likely = lie[lie["rule"].str.startswith("where.far_") & lie["table"].eq("communities")].head(1)
        why = {lang: "".join(f"\n{text}" for text in finding_sentences(likely, lang)) for lang in i18n.LANGUAGES}
        raise DataError("inputs.roads_elsewhere", ids=first_ids(made.communities.index), count=len(near), why=why)


def _unknown_kinds(file: StudyFile, made: Inputs) -> list[pd.DataFrame]:
    """Circles whose kinds no facility has: their share would be 0 for want of a row, not of care."""
    looks = {name: KindLook(zh=kind.zh, en=kind.en) for name, kind in file.kinds.items()}

    def said(kinds: Iterable[str]) -> str:
        return in_both(*(", ".join(_named_kind(kind, lang, looks) for kind in kinds) or "-" for lang in ("zh", "en")))

    present = set(made.facilities["kind"])
    known = said(sorted(present))
    told = []
    for circle in file.circles:
        missing = [k for k in circle.kinds if k not in present]
        severity: Severity = "error" if len(missing) == len(circle.kinds) else "warning"
        about = {"id": in_both(circle.zh or circle.id, circle.en or circle.id), "detail": known}
        told += [
            finding("inputs.no_kind", severity=severity, table="facilities", column="kind", value=said([kind]), **about)
            for kind in missing
        ]
    return told


def _named_kind(kind: str, lang: str, looks: KindLooks) -> str:
    """A kind by its name and by what the study file calls it."""
    name = kind_label(kind, lang, looks)
    return name if name == kind else f"{name} ({kind})"
