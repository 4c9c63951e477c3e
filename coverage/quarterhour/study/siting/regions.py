"""The region of each site of a question that is answered region by region."""

from __future__ import annotations

import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.siting.question.problem import AREA_LEVELS
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.inputs import Inputs

PREFECTURE, _DIGITS = "prefecture", 4
"""The first digits of a county's code tell its prefecture (GB/T 2260)."""


def regions_of_sites(file: SitingFile, tables: Inputs, sites: pd.DataFrame) -> pd.Series | None:
    """By site id its region, "" where none is known; None where the question is not divided.

    A column of the towns, else of the communities, says it by town; ``prefecture``, where no table has that column, by
    the codes of the counties. StudyError where there is no such column, or a town lies in several regions.
    """
    if not file.by_region:
        return None
    if file.by_region in AREA_LEVELS:
        return texts(sites[file.by_region]).rename("region")
    known = _by_town(file, tables)
    if known is not None:
        return pd.Series([known.get(town, "") for town in texts(sites["town"])], index=sites.index, name="region")
    county = texts(sites["county"])
    if file.by_region == PREFECTURE and county[county.ne("")].str.fullmatch(r"\d{6,}").all():
        return county.str[:_DIGITS].rename("region")
    columns = [c for t in (tables.towns, tables.communities) for c in t.columns if c != "geometry"]
    named = ", ".join(dict.fromkeys([*AREA_LEVELS, *map(str, columns)]))
    raise StudyError("sites.no_region_column", part=file.id, column=file.by_region, known=named)


def _by_town(file: SitingFile, tables: Inputs) -> dict[str, str] | None:
    """The region of each town, by the first table that has the column."""
    column = file.by_region
    if column in tables.towns:
        return dict(zip(map(str, tables.towns.index), texts(tables.towns[column]), strict=True))
    if column not in tables.communities:
        return None
    told = pd.DataFrame({"town": texts(tables.communities["town"]), "region": texts(tables.communities[column])})
    told = told[told["town"].ne("") & told["region"].ne("")].drop_duplicates()
    several = told["town"][told["town"].duplicated()].unique()
    if len(several):
        raise StudyError("sites.towns_of_regions", part=file.id, column=column, ids=first_ids(several))
    return dict(zip(told["town"], told["region"], strict=True))
