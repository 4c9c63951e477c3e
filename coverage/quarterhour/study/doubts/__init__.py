"""What a study's tables say of each other: areas and kinds brought to the ids that are known, and what is doubtful.

The wing: areas (codes and names), lists (whose codes they are), agreement (code against id, place and county),
kinds, controls (totals, rows, places that stand in two tables), promised (classes of towns, communities and level of
facilities).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.study.doubts.agreement import disagreements
from quarterhour.study.doubts.areas import with_known_areas
from quarterhour.study.doubts.controls import control_findings, facilities_twice, named_as_areas
from quarterhour.study.doubts.kinds import with_known_kinds
from quarterhour.study.doubts.lists import refuse_other_cities, systems_findings
from quarterhour.study.doubts.promised import class_findings, facility_findings
from quarterhour.study.file.study import StudyFile

__all__ = ["class_findings", "settled"]


def settled(
    file: StudyFile,
    places: Mapping[str, gpd.GeoDataFrame],
    tables: Mapping[str, pd.DataFrame],
    *,
    of_table: Sequence[int],
) -> tuple[dict[str, Any], list[pd.DataFrame]]:
    """The tables with areas and kinds under the ids that are known, and every finding on the way.

    ``places``: communities, towns, counties, facilities, candidates. Of what comes, only the columns town, county and
    kind are changed, and every change is told. ``tables``: the study's own, by name. ``of_table``: how many rows each
    table of facilities gave, in the order of the rows. DataError for a return of another city.
    """
    known, told = with_known_areas(file, places, tables)
    refuse_other_cities(file, known, known["tables"])
    facilities, kinds = with_known_kinds(file, known["facilities"])
    known["facilities"] = facilities
    told += [*kinds, *systems_findings(file, known), *disagreements(file, known)]
    told += [
        *control_findings(file, known),
        *named_as_areas(file, known),
        *facilities_twice(facilities, of_table=of_table),
        *facility_findings(file, facilities, known["communities"], known["towns"]),
    ]
    return known, told
