"""Candidates of a siting question that can be built in one of several sizes, a row a size."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.siting.question.levels import level_ids, level_names
from quarterhour.study.file.siting import SitingFile

SIZE_OF = "size_of"
"""The column that tells of which candidate, or facility, a site is a size; there is none where nothing has sizes."""
_MONEY = ("cost_yuan", "running_yuan", "beds", "staff")


def by_size(file: SitingFile, candidates: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A row for each size of each candidate, with what it holds and costs; the same rows where there are no sizes."""
    sizes = () if file.capacity is None else file.capacity.sizes
    if file.capacity is None or not sizes:
        return candidates
    own, many = candidates.assign(**{SIZE_OF: candidates.index}), len(sizes)
    made = own.iloc[np.repeat(np.arange(len(own)), many)].copy()
    held = [size.capacity for size in sizes] * len(own)
    names = texts(made["name"]) if "name" in made else pd.Series("", index=made.index)
    made["name"] = level_names(list(names), list(made.index), held)
    made[file.capacity.column] = held
    for figure in _MONEY:
        said = [getattr(size, figure) for size in sizes] * len(own)
        if any(value is not None for value in said):
            made[figure] = _filled(made, figure, said)
    made.index = pd.Index(level_ids(list(made.index), held), name=candidates.index.name, dtype="str")
    return made


def _filled(made: pd.DataFrame, figure: str, said: Sequence[int | None]) -> pd.Series:
    """What the size says, else the candidate."""
    own = made[figure].tolist() if figure in made else [pd.NA] * len(made)
    return pd.Series([b if a is None else a for a, b in zip(said, own, strict=True)], made.index, dtype="object")


def places_of(sites: pd.DataFrame, chosen: Sequence[str]) -> list[str]:
    """The candidate of each of some sites: that of which it is a size, or the site itself."""
    return list(map(str, sites.loc[list(chosen), SIZE_OF])) if SIZE_OF in sites else list(chosen)


def place_of_size(sites: pd.DataFrame) -> pd.Series:
    """By site the candidate of which it is one of several sizes; "" where it is none."""
    if SIZE_OF not in sites:
        return pd.Series("", index=sites.index)
    return sites[SIZE_OF].astype("str").where(sites[SIZE_OF].duplicated(keep=False), "")


def sizes_by_place(sites: pd.DataFrame) -> dict[str, list[str]]:
    """By id of a candidate its sizes, in their order; sites that have one size are their own."""
    found: dict[str, list[str]] = {}
    places = sites[SIZE_OF] if SIZE_OF in sites else pd.Series(sites.index, index=sites.index)
    for site, place in zip(sites.index.astype("str"), places.astype("str"), strict=True):
        found.setdefault(place, []).append(site)
    return found
