"""A case, and what came of it held against what must."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

import quarterhour as qh
from corpus.city import CARE, HOME, City, base_rows
from quarterhour.base.errors import QuarterhourError
from quarterhour.study.inputs import Inputs
from quarterhour.study.run import read_study_inputs
from quarterhour.study.study import read_study

Change = Callable[[City], None]
SAME_M = 1.5
"""A place this near to where it must be is there: a shift back from a web map's datum is true to that."""


@dataclass(frozen=True)
class Case:
    """One thing changed, and what must come.

    ``says``: rules that must be said, ``rule`` or ``rule@row`` with the row of the file as Excel numbers it; if it is
    empty, nothing may be said but notes. ``right``: the figures must be those of the base; else the rules said must
    hold a warning or an error, so that no false figure passes in silence. ``error``: the key of the error that must
    end it instead. ``circles``: the figures of both circles are worked out, for what tables alone do not show.
    """

    name: str
    change: Change
    says: tuple[str, ...] = ()
    right: bool = True
    error: str = ""
    circles: bool = False


class Book:
    """Cases as they are written down, a decorator each."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def case(self, *says: str, name: str = "", right: bool = True, error: str = "", circles: bool = False) -> Any:
        """Note a function as a case under its own name."""

        def noted(change: Change) -> Change:
            self.add(name or change.__name__, change, *says, right=right, error=error, circles=circles)
            return change

        return noted

    def add(
        self, name: str, change: Change, *says: str, right: bool = True, error: str = "", circles: bool = False
    ) -> None:
        """Note a case."""
        self.cases.append(Case(name, change, says, right, error, circles))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a case: an error's key, or what was said and which figures are not those of the base."""

    error: str
    sentence: str
    said: pd.DataFrame
    wrong: tuple[str, ...]

    @property
    def alarmed(self) -> bool:
        """Whether anything was said that a planner must look at."""
        return bool(self.error) or bool(self.said["severity"].isin(["warning", "error"]).any())


def outcome(case: Case, folder: Path, kept: Path) -> Outcome:
    """Make the case's files and read them."""
    city = City(folder, kept)
    case.change(city)
    try:
        study = read_study(city.write_study())
        if case.circles:
            results = qh.run_study(study, siting=False)
            return Outcome("", "", results.findings, (*_wrong_circles(results), *_wrong_people(results.inputs)))
        tables = read_study_inputs(study)
    except QuarterhourError as error:
        return Outcome(error.key, str(error), pd.DataFrame({"severity": []}), ())
    return Outcome("", "", tables.findings, wrong_in(tables))


def judge(case: Case, came: Outcome) -> list[str]:
    """What is not as it must be, in words; none if all is well."""
    if case.error or came.error:
        return [] if case.error == came.error else [f"error {came.error!r}, not {case.error!r}: {came.sentence}"]
    rows = came.said["row"].astype("object").fillna("")
    said = {*came.said["rule"], *(came.said["rule"] + "@" + rows.astype(str))}
    told = [f"{rule} was not said; said: {sorted(said)}" for rule in case.says if rule not in said]
    if not case.says and came.alarmed:
        told.append(f"a false alarm: {sorted(said)}")
    if case.right and came.wrong:
        told.append(f"wrong: {came.wrong}")
    if came.wrong and not came.alarmed:
        told.append(f"wrong and silent: {came.wrong}")
    if not case.right and not came.wrong:
        told.append("right after all")
    return told


# --- what is right -----------------------------------------------------------------------------------------------


def wrong_in(tables: Inputs) -> tuple[str, ...]:
    """What of the places and people is not as in the base."""
    return (*_wrong_people(tables), *_wrong_places(tables.communities, "communities", ("town", "county")),
            *_wrong_places(tables.facilities, "facilities", ("kind",)))  # fmt: skip


def _wrong_people(tables: Inputs) -> tuple[str, ...]:
    sums = {c: int(tables.communities[c].sum()) for c in ("older", "hardship") if c in tables.communities}
    return tuple(f"{c} {n}" for c, n in sums.items() if n != {"older": HOME[1], "hardship": CARE[1]}[c])


def _wrong_places(came: gpd.GeoDataFrame, table: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    must = _base_places(table)
    # Each place by where it lies, whatever its id: a case may give other ids.
    pairs = (
        must[["geometry", "older", "hardship", *columns]] if table == "communities" else must[["geometry", *columns]]
    )
    if len(came) != len(must):
        return (f"{len(came)} {table}",)
    near = gpd.sjoin_nearest(came, pairs.add_suffix("_must").set_geometry("geometry_must"), distance_col="off")
    wrong = [] if near["off"].max() <= SAME_M else [f"{table} {near['off'].max():.1f} m off"]
    for column in [c for c in pairs.columns if c != "geometry" and f"{c}_must" in near and c in near]:
        # A town may be written with 9 or 12 digits.
        odd = near[near[column].astype(str).str[:9] != near[f"{column}_must"].astype(str).str[:9]]
        wrong += [f"{table} {column} of {len(odd)}"] if len(odd) else []
    return tuple(wrong)


@functools.cache
def _base_places(table: str) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(base_rows(table))
    spots = gpd.points_from_xy(frame["lon"].astype(float), frame["lat"].astype(float), crs=4326)
    return gpd.GeoDataFrame(frame, geometry=spots).to_crs("EPSG:32651")


def _wrong_circles(results: Any) -> tuple[str, ...]:
    wrong = []
    for check, (met, of) in zip(results.checks, (HOME, CARE), strict=True):
        row = check.shares[check.shares["level"] == "city"].iloc[0]
        came = (int(row["people_met"]), int(row["people"]))
        wrong += [] if came == (met, of) else [f"{check.circle.id}: {came[0]} of {came[1]}"]
    return tuple(wrong)
