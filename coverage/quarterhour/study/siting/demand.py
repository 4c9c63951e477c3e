"""What sites can serve of what communities ask: graves on their land, beds, visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.base.findings import UNSTATED, finding, no_findings
from quarterhour.services.graves import GraveDemand, graves_on, shared_by_people
from quarterhour.standards.rules import RuleSet
from quarterhour.study.burial.need import graves_needed
from quarterhour.study.file.siting import CapacityFile, SitingFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.siting.sites import counted_people

GRAVES = "graves"


@dataclass(frozen=True, eq=False)
class Asked:
    """What communities ask, in the unit, whole, and what sites hold.

    ``load``: by community. ``rooms``: by site id, missing nowhere; ``quality``: what each rests on, ``estimated`` where
    no column says it. ``findings``: sites whose room nobody knows.
    """

    unit: str
    load: pd.Series
    rooms: pd.Series
    quality: pd.Series
    findings: pd.DataFrame


def asked_of_sites(
    file: SitingFile, study: StudyFile, tables: Inputs, sites: pd.DataFrame, *, rules: Mapping[str, RuleSet]
) -> Asked | None:
    """What a question with a capacity asks, and what its sites hold; None where it has none.

    ``sites``: as offered, with the columns that facilities and candidates came with. StudyError when graves are asked
    and the study cannot say how many.
    """
    asked = file.capacity
    if asked is None:
        return None
    people = counted_people(file, tables.communities)
    if asked.unit != GRAVES or study.graves is None:
        load = (people * asked.share).round().astype("int64")
        return _with_rooms(file, asked, load, sites, None)
    if study.graves.rules not in rules:
        raise StudyError("services.no_rules", part="graves", name=study.graves.rules, known=", ".join(rules))
    needed = graves_needed(study, tables, rules[study.graves.rules]).demand
    if needed is None:
        raise StudyError("demand.no_graves", part=file.id, table=study.graves.table)
    town = texts(tables.communities["town"])
    level = cemetery_level(file.kind, needed)
    load = shared_by_people(needed.graves(level), people=people, area=town)
    return _with_rooms(file, asked, load, sites, needed.land_a_grave[level])


def cemetery_level(kind: str, needed: GraveDemand) -> str:
    """The level of cemeteries whose graves a question is about: that of its kind where the need knows it, else all."""
    level = kind.partition("_")[0]
    return level if level in needed.land_a_grave else ""


def _with_rooms(
    file: SitingFile, asked: CapacityFile, load: pd.Series, sites: pd.DataFrame, m2_a_grave: float | None
) -> Asked:
    rooms, unknown = _rooms(asked, sites, m2_a_grave)
    quality = sites["quality"].mask(sites.index.isin(unknown) & sites["quality"].isin(["fact", UNSTATED]), "estimated")
    return Asked(asked.unit, load, rooms, quality, _findings(file, asked, unknown))


def _rooms(asked: CapacityFile, sites: pd.DataFrame, m2_a_grave: float | None) -> tuple[pd.Series, pd.Index]:
    """What each site holds, and the sites of which no column says so."""
    blank = pd.Series(pd.NA, index=sites.index, dtype="Int64")
    rooms = numbers(sites[asked.column]).round().astype("Int64") if asked.column in sites else blank
    if asked.land is not None and asked.land in sites and m2_a_grave is not None:
        new = sites["state"].ne("existing")
        rooms = rooms.fillna(graves_on(numbers(sites[asked.land]), m2_a_grave=m2_a_grave).where(new))
    unknown = sites.index[rooms.isna()]
    otherwise = sites["state"].map({"existing": asked.existing_each}).fillna(asked.new_each).astype("int64")
    return rooms.fillna(otherwise).astype("int64"), unknown


def _findings(file: SitingFile, asked: CapacityFile, unknown: pd.Index) -> pd.DataFrame:
    if not len(unknown):
        return no_findings()
    figures = f"{asked.existing_each:,} / {asked.new_each:,}"
    return finding(
        "demand.no_room", severity="note", table="candidates", id=file.id, value=str(len(unknown)),
        column=asked.column, detail=f"{figures}: {first_ids(unknown)}",
    )  # fmt: skip
