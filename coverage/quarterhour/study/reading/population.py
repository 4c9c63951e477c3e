"""People on the ground, in a grid or in areas and points of another table, shared out among the communities."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.areal import Shared, apart, share_out, whole_numbers
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.base.findings import Severity, finding, findings_from, join_findings
from quarterhour.base.planar import inner_points
from quarterhour.base.row_order import by_id
from quarterhour.io import files
from quarterhour.io.population import people_of_grid
from quarterhour.study.file.fields import PopulationFile

_ENOUGH = 0.99
"""The share of a community's ground from which its people count as known."""
_SLIVER = 0.01
"""What two outlines may have in common, or a table may have outside them, before it is a warning."""


def share_population(
    asked: PopulationFile, path: Path | files.Table, communities: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """The communities that have an outline, with a column of whole people, and findings.

    People are shared out by the ground in common; the column adds up to what lies in the communities, and with those
    outside to what the table had. Ground of two communities counts for the first. ``<people>_quality`` is the
    source's.
    """
    if asked.people in communities:
        raise StudyError("population.there_already", people=asked.people, file=path.name)
    outlined = communities.geom_type.isin(["Polygon", "MultiPolygon"]) & ~communities.is_empty
    kept = communities[outlined]
    told = [_no_outline(communities.index[~outlined])]
    if kept.empty:
        return kept.assign(**{asked.people: pd.Series(dtype="int64")}), join_findings(told)
    ground, common = apart(kept.geometry.to_numpy())
    told.append(_listed("population.overlap", kept.index[common > _SLIVER]))
    shared, total, found = _read(asked, path, gpd.GeoSeries(ground, crs=kept.crs))
    whole = whole_numbers(np.append(shared.people, shared.outside), total)
    unknown = (shared.known < _ENOUGH) & ~shapely.is_empty(ground)
    told += [found, _listed("population.ground_unknown", kept.index[unknown], file=path.name)]
    told += [_outside(int(whole[-1]), total, path.name), _said(asked, int(whole[:-1].sum()), len(kept), path.name)]
    told.append(_nobody(asked, int(whole.sum()), len(kept), path.name))
    filled = kept.assign(**{asked.people: whole[:-1], f"{asked.people}_quality": asked.quality})
    return filled, join_findings(told)


def points_inside(communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Communities as a point inside each outline, as travel times ask for them."""
    return communities.set_geometry(inner_points(communities.geometry.to_numpy()), crs=communities.crs)


def _read(asked: PopulationFile, path: Path | files.Table, ground: gpd.GeoSeries) -> tuple[Shared, int, pd.DataFrame]:
    """The people of each community, how many that are with those outside, and findings."""
    if isinstance(path, Path) and asked.is_grid:
        shared = people_of_grid(path, ground)
        return shared, int(np.floor(shared.people.sum() + 0.5)), findings_from([])
    table, found = files.read_places(
        path, table="population", crs=ground.crs, columns={**asked.columns, asked.people: asked.column or asked.people},
        people=(asked.people,), required=(), source_crs=asked.crs, datum=asked.datum, quality=asked.quality,
        source=asked.source, geometry="any", sheet=None if asked.sheet is None else str(asked.sheet),
        encoding=asked.encoding, header_row=asked.header_row, layer=asked.layer,
    )  # fmt: skip
    table = by_id(table)
    usable = table.geom_type.isin(["Polygon", "MultiPolygon", "Point"]) & ~table.is_empty
    lost = [_row("population.no_ground", i, "population", path.name) for i in table.index[~usable]]
    people = table[usable][asked.people]
    shared = share_out(table.geometry[usable].to_numpy(), people.to_numpy(dtype=float), ground.to_numpy())
    return shared, int(people.sum()), join_findings([found, findings_from(lost)])


def _row(rule: str, place: object, table: str, file: str) -> dict[str, object]:
    return {"severity": "error", "rule": rule, "table": table, "file": file, "id": place}


def _no_outline(ids: pd.Index) -> pd.DataFrame:
    return findings_from([_row("population.no_outline", i, "communities", "") for i in ids])


def _listed(rule: str, ids: pd.Index, file: str = "") -> pd.DataFrame:
    if not len(ids):
        return findings_from([])
    return finding(rule, severity="warning", table="communities", file=file, value=str(len(ids)), detail=first_ids(ids))


def _outside(people: int, total: int, file: str) -> pd.DataFrame:
    if not people:
        return findings_from([])
    severity: Severity = "warning" if people > _SLIVER * total else "note"
    return finding(
        "population.outside", severity=severity, table="population", file=file, value=f"{people:,}", detail=f"{total:,}"
    )


def _said(asked: PopulationFile, people: int, count: int, file: str) -> pd.DataFrame:
    return finding(
        "population.shared", severity="note", table="communities", file=file, column=asked.people, value=f"{people:,}",
        detail=str(count),
    )  # fmt: skip


def _nobody(asked: PopulationFile, people: int, count: int, file: str) -> pd.DataFrame:
    """A warning where the source has nobody: the wrong file, or one not yet filled in."""
    if people:
        return findings_from([])
    same = {"table": "communities", "file": file, "column": asked.people, "value": f"{count:,}"}
    return finding("people_all_zero", severity="warning", **same)
