"""Tables put in order for a clerk: names in place of ids, ids last, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.labels import names_of
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.results import Results

IDS = ("id", "community", "from_id", "to_id", "target", "area", "nearest_id", "candidate_id", "rule_id", "input_hash")
"""Columns that hold ids, for joining; they stand last."""


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    """A table of ``report.tables`` with its columns by their keys, without headings."""
    return table.set_axis([str(c).partition("\t")[0] for c in table.columns], axis=1)


def place_names(results: Results) -> dict[str, str]:
    """Names by id of all that a column may point at: communities, candidates, facilities; later ones count."""
    inputs = results.inputs
    tables = [inputs.communities, inputs.candidates, *(p.sites for p in results.proposals), inputs.facilities]
    return {i: n for t in tables if "name" in t for i, n in zip(map(str, t.index), texts(t["name"]), strict=True) if n}


def with_names(table: pd.DataFrame, columns: Sequence[str], names: Mapping[str, str]) -> pd.DataFrame:
    """Columns that hold ids of places by name; the ids follow in columns of their own."""
    here = [column for column in columns if column in table]
    ids = {f"{column}_id": table[column].array for column in here}
    return table.assign(**{column: names_of(table[column], names) for column in here}, **ids)


def compared_last(table: pd.DataFrame, groups: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """The table with the columns of some groups behind the others, and how many they are."""
    known = {" ".join(group.split()) for group in groups}
    rest = [c for c in table.columns if str(c).partition("@")[2] in known]
    return table[[*(c for c in table.columns if c not in rest), *rest]], len(rest)


def columns_last(table: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """The table with some columns behind the others, and how many they are."""
    rest = [c for c in table.columns if str(c).partition("@")[0] in keys]
    return table[[*(c for c in table.columns if c not in rest), *rest]], len(rest)


def ids_last(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The table with its columns of ids behind the others, and how many they are."""
    return columns_last(table, IDS)


def worst_areas_first(table: pd.DataFrame) -> pd.DataFrame:
    """The city's row first, then the areas by the share of the first circle; those without people last."""
    share = next((c for c in table.columns if str(c).startswith("share_people_share")), None)
    if share is None:
        return table
    city = table["id"].eq("city")
    return pd.concat([table[city], table[~city].sort_values(share, kind="stable", na_position="last")])


def worst_communities_first(table: pd.DataFrame, checks: Sequence[CircleCheck]) -> pd.DataFrame:
    """By the first circle: outside before inside, there most people first, then the farthest."""
    if not checks:
        return table
    found = checks[0].communities.reindex(table["id"])
    rank = pd.DataFrame({"met": found["met"].array, "people": -found["people"].array,
                         "minutes": -found["minutes"].fillna(float("inf")).array})  # fmt: skip
    return table.iloc[rank.sort_values(["met", "people", "minutes"], kind="stable").index]
