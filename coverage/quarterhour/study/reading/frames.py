"""Tables of places on their way in: none, several as one, with the columns that the rest asks for."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.findings import finding, findings_from
from quarterhour.study.file.fields import Source

_TOLD_EACH = 5
"""More places than this are told in one sentence."""


def no_places(like: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A table of places without a row, in the CRS of another."""
    columns = {c: pd.Series(dtype=object) for c in ("name", "town", "county", "quality", "source")}
    empty = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=like.crs), crs=like.crs)
    return empty.rename_axis("id")


def with_columns(frame: gpd.GeoDataFrame, *columns: str) -> gpd.GeoDataFrame:
    """With these columns; where the table has none, blank."""
    return frame.assign(**{c: "" for c in columns if c not in frame})


def placed(frame: gpd.GeoDataFrame, account: dict[str, Any]) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """The rows that have a place; the others are told, and set aside in the account of their table as well."""
    lost = frame.geometry.isna() | frame.geometry.is_empty
    if not lost.any():
        return frame, findings_from([])
    account.update(used=account["used"] - int(lost.sum()), set_aside=account["set_aside"] + int(lost.sum()))
    same = {"severity": "error", "rule": "no_place", "table": "communities", "file": account["file"]}
    return frame[~lost], findings_from([{**same, "id": i} for i in frame.index[lost]])


def joined(parts: list[gpd.GeoDataFrame], like: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The tables of several parts as one; DataError for an id that two of them have."""
    filled = [p for p in parts if len(p)]
    if not filled:
        return no_places(like).assign(kind="")
    joined = pd.concat(filled)
    twice = joined.index[joined.index.duplicated()]
    if len(twice):
        raise DataError("inputs.ids_twice", table="facilities", ids=", ".join(map(str, twice[:5])))
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=like.crs)


def uncounted(raw: gpd.GeoDataFrame, people: tuple[str, ...], table: str, file: str) -> list[pd.DataFrame]:
    """Places of an extract that no count of people is known of."""
    told = []
    for column in people:
        unknown = raw.index[raw[column].isna()] if column in raw else raw.index
        about = {"table": table, "file": file, "column": column}
        if len(unknown) > _TOLD_EACH:
            many = {"id": first_ids(unknown), "value": f"{len(unknown):,}"}
            told.append(finding("inputs.no_count_many", severity="warning", **many, **about))
        else:
            told += [finding("inputs.no_count", severity="warning", id=i, **about) for i in unknown]
    return told


def of_part(frame: pd.DataFrame, part: Source, *, source: str = "") -> pd.DataFrame:
    """With the quality and the source that the study file says (else ``source``), where the table has not its own."""
    named = part.source or source
    said = {"quality": part.quality} | ({"source": named} if named else {})
    return frame.assign(**{k: v for k, v in said.items() if k not in frame})
