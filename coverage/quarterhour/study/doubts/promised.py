"""What promises hang on beside the figures: classes of towns, the communities and the level of a facility."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from quarterhour.base.area_codes.classes import TOWN_CLASSES, communities_of, facility_levels, town_classes
from quarterhour.base.cells import texts
from quarterhour.base.findings import finding
from quarterhour.study.doubts.parts import file_of, first
from quarterhour.study.file.study import StudyFile


def class_findings(file: StudyFile, towns: pd.DataFrame, communities: pd.DataFrame) -> list[pd.DataFrame]:
    """Towns whose class was taken from the end of their name, and those of no known class.

    For studies whose rules or quotas speak of 镇 or of 街道 alone; the others need no class. Without a table of towns
    those are weighed that communities name.
    """
    if not len(towns):
        ids = sorted(set(communities["town"]) - {""})
        towns = pd.DataFrame({"name": ids}, index=pd.Index(ids, dtype="str"))
    classes = town_classes(towns)
    about = {"table": "towns", "file": file_of(file, "towns"), "column": "class"}
    said = texts(towns["class"]).ne("") if "class" in towns else pd.Series(False, index=towns.index)
    derived, unknown = classes[~said & classes.ne("")], towns.index[classes.eq("")]
    told = []
    if len(derived):
        counted = {name: int(derived.eq(name).sum()) for name in TOWN_CLASSES}
        shown = f"{counted['town']} + {counted['sub_district']}"
        told.append(finding("doubts.class_of_name", severity="note", value=f"{len(derived):,}", detail=shown, **about))
    if len(unknown):
        named = first(texts(towns.loc[unknown, "name"])) if "name" in towns else ""
        said_of = {"value": f"{len(unknown):,}", "id": first(unknown), "detail": named}
        told.append(finding("doubts.class_unknown", severity="warning", **said_of, **about))
    return told


def facility_findings(
    file: StudyFile, facilities: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, towns: pd.DataFrame
) -> list[pd.DataFrame]:
    """Facilities assigned to areas that nobody knows, and levels that cannot be read: they count for none."""
    about = {"table": "facilities", "file": file_of(file, "facilities")}
    told = []
    named = texts(communities["town"]) if "town" in communities else ()
    for rule, column, known in (
        ("unknown_community", "community", set(communities.index)),
        ("unknown_town", "serves_towns", {*map(str, towns.index), *named}),
    ):
        each = communities_of(facilities, column)
        strange = each[~each.isin(list(known))]
        if len(strange):
            shown = first(f"{facility} → {area}" for facility, area in strange.items())
            said = {"value": f"{len(strange):,}", "id": first(dict.fromkeys(strange)), "detail": shown}
            told.append(finding(f"doubts.{rule}", severity="warning", column=column, **said, **about))
    if "facility_level" not in facilities:
        return told
    given = texts(facilities["facility_level"])
    odd = given.index[given.ne("") & facility_levels(facilities).eq("")]
    if len(odd):
        said = {"value": f"{len(odd):,}", "id": first(odd), "detail": first(dict.fromkeys(given[odd]))}
        told.append(finding("doubts.level_unknown", severity="warning", column="facility_level", **said, **about))
    return told
