"""What a study says its tables must come to, and places that stand in two of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.area_codes.names import name_forms, plain_name
from quarterhour.base.cells import texts
from quarterhour.base.findings import finding
from quarterhour.io.plausible import first_alike
from quarterhour.study.doubts.parts import LEVELS, file_of, first, parts_of
from quarterhour.study.file.study import StudyFile

TOLERANCE = 0.01
"""A column may differ from its control total by this share: such totals are often rounded."""
_SAME_M = 15.0
_AREA_ENDING = ("街道", "镇", "乡", "区", "县", "市", "旗")


def control_findings(file: StudyFile, places: Mapping[str, gpd.GeoDataFrame]) -> list[pd.DataFrame]:
    """Sums of people and numbers of rows that are not what the study file says."""
    communities = places["communities"]
    about = {"table": "communities", "file": file_of(file, "communities")}
    told = []
    for column, control in file.communities.totals.items():
        total = int(communities[column].sum())
        if abs(total - control) > TOLERANCE * control:
            figures = {"column": column, "value": f"{total:,}", "detail": f"{control:,.0f}"}
            told.append(finding("doubts.not_the_total", severity="warning", **figures, **about))
    for table, rows in places.items():
        parts = parts_of(file, table)
        control_rows = [p.rows for p in parts if p.rows is not None]
        if control_rows and len(control_rows) == len(parts) and sum(control_rows) != len(rows):
            said = {"value": f"{len(rows):,}", "detail": f"{sum(control_rows):,}", "file": file_of(file, table)}
            told.append(finding("doubts.not_the_rows", severity="warning", table=table, **said))
    return told


def named_as_areas(file: StudyFile, places: Mapping[str, gpd.GeoDataFrame]) -> list[pd.DataFrame]:
    """Communities with the full name of their town or county, beside others of it: stale subtotals."""
    communities = places["communities"]
    own = communities["name"].map(lambda name: name_forms(name)[1])
    alike = pd.Series(False, index=communities.index)
    for level, table in LEVELS:
        if not len(places[table]):
            continue
        names = {i: name_forms(name)[1] for i, name in places[table]["name"].items()}
        others = communities[level].map(communities[level].value_counts()).gt(1)
        alike |= (
            own.eq(communities[level].map(lambda code, names=names: names.get(code, "")))
            & others
            & own.str.endswith(_AREA_ENDING)
        )
    if not alike.any():
        return []
    rows = communities.index[alike]
    said = {"value": f"{len(rows):,}", "id": first(rows), "detail": first(communities.loc[rows, "name"])}
    about = {"table": "communities", "file": file_of(file, "communities"), "column": "name"}
    return [finding("doubts.named_as_area", severity="warning", **said, **about)]


def facilities_twice(facilities: gpd.GeoDataFrame, *, of_table: Sequence[int]) -> list[pd.DataFrame]:
    """Facilities of one kind, name and place that stand in two tables under two ids.

    ``of_table``: how many rows each table gave, in the order of the rows.
    """
    if sum(n > 0 for n in of_table) < 2:
        return []
    table = np.repeat(np.arange(len(of_table)), of_table)
    name = texts(facilities["name"]).map(plain_name)
    key = (name + "\n" + texts(facilities["kind"])).where(name.ne(""), "")
    partner = first_alike(facilities, key, metres=_SAME_M).to_numpy()
    again = (partner >= 0) & (table[partner] != table)
    if not again.any():
        return []
    rows = facilities.index[again]
    pairs = [f"{i} = {other}" for i, other in zip(rows, facilities.index[partner[again]], strict=True)]
    said = {"value": f"{len(rows):,}", "id": first(rows), "detail": first(pairs)}
    return [finding("doubts.facility_in_two_tables", severity="warning", table="facilities", **said)]
