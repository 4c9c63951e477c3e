"""The columns that the program reads of each table: the keys of ``columns`` that mean something.

What other parts of the study name (people, capacities, columns of rules) is read too.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from quarterhour.base.errors import DataError
from quarterhour.standards.rules import RuleSet, read_rule_set, rule_sets
from quarterhour.study.file.declared import sources
from quarterhour.study.file.mistakes import mistake
from quarterhour.study.file.registers import COLUMNS as REGISTER_COLUMNS
from quarterhour.study.file.study import StudyFile

_PLACES = ("id", "name", "x", "y", "quality", "source")
_COSTS = ("cost_yuan", "running_yuan", "tiers")
_FREE = ("free_graves", "free_niches", "free_trees", "free_lawns")
_OVER = (3, 6, 10, 15, 25)
_READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "communities": (*_PLACES, "town", "county", "class", "people_year"),
        "towns": (*_PLACES, "county", "class"),
        "counties": _PLACES,
        "facilities": (
            *_PLACES, "kind", "town", "county", "community", "facility_level", "serves_towns", "beds", "nursing_beds",
            "bed_yuan", "fixed_yuan", "convertible", "staff", *_COSTS, *_FREE,
        ),
        "candidates": (*_PLACES, "town", "county", "required", "beds", "staff", "least_load", *_COSTS),
        "population": _PLACES,
        "registers": REGISTER_COLUMNS,
        "tables": (
            "area", "level", "indicator", "value", "town", "county", "community", "year", "deaths", "backlog",
            "quality", "source", "sex", "age", "people", "person_years", "death_rate", "share", "variant",
        ),
        "layers": ("name", "road_class", "quality", "source"),
        "roads": (
            "id", "name", "road_class", "oneway", "oneway_cycle", "oneway_foot", "from_node", "to_node", "length_m",
            "walk", "drive", "cycle", "walk_ends", "drive_ends", "cycle_ends", "walk_allowed", "drive_allowed",
            "cycle_allowed", "cycle_pushed", "sac_scale", "trail_visibility", "sidewalk", "bridge", "tunnel", "layer",
            "maxspeed", "maxspeed_against", "surface", "signals_along", "signals_against", "barrier_from",
            "barrier_to", "minutes_along", "minutes_against", "ferry_share", "climb_m", "drop_m",
            "climb_share", "tobler_along", "tobler_against", *(f"climb_over_{p}" for p in _OVER),
            *(f"drop_over_{p}" for p in _OVER), "quality", "source",
        ),
    }
)  # fmt: skip
_MEANT: Mapping[str, str] = MappingProxyType(
    {
        "lon": "x", "lng": "x", "longitude": "x", "lat": "y", "latitude": "y", "code": "id", "type": "kind",
        "category": "kind", "highway": "road_class", "fclass": "road_class", "class": "road_class", "u": "from_node",
        "v": "to_node", "length": "length_m", "speed": "maxspeed", "one_way": "oneway",
    }
)  # fmt: skip
"""What others call our columns."""
_ALIKE = 0.6


def unknown_columns(study: StudyFile, folder: Path) -> list[dict[str, Any]]:
    """Every key of ``columns`` that nothing reads, with the one that was probably meant."""
    named = _named_elsewhere(study, list(_rules_of(study, folder)))
    found = []
    for where, _, part in sources(study):
        table = str(where[0])
        own = str(getattr(part, "name", ""))
        known = sorted({*_READ[table], *named.get(table, ()), *named.get(own, ())})
        found += [
            mistake(
                (*where, "columns", key), "column_unknown", given=key, near=_near(key, known), known=", ".join(known)
            )
            for key in part.columns
            if key not in known
        ]
        found += [
            mistake((*where, "columns", key), f"column_not_{unit}", given=head)
            for key, head in part.columns.items()
            if (unit := _unit_missed(key, head, study.communities.people))
        ]
    taken = list(study.roads.columns.values())
    twice = [key for key, theirs in study.roads.columns.items() if taken.count(theirs) > 1]
    return found + [mistake(("roads", "columns", k), "column_twice", given=study.roads.columns[k]) for k in twice]


def _unit_missed(key: str, head: str, people: Container[str]) -> str:
    """The unit that a column is read in, where its own head names another one; nothing converts it."""
    unit = "people" if key in people else next((u for u in _OTHER_UNITS if key.endswith(f"_{u}")), "")
    return unit if any(other in head for other in _OTHER_UNITS.get(unit, ())) else ""


_OTHER_UNITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"yuan": ("万", "亿", "千元"), "m2": ("亩", "公顷", "万平", "平方公里"), "people": ("万人", "千人")}
)
"""By unit, the words of others that offices write into heads."""


def known_columns(study: StudyFile, folder: Path) -> dict[str, set[str]]:
    """By table of places, the columns that the program reads of it, other parts of the study name, or rules ask for."""
    named = _named_elsewhere(study, list(_rules_of(study, folder)))
    known = {table: {*columns, *named.get(table, ())} for table, columns in _READ.items()}
    for where, _, part in sources(study):
        known[str(where[0])] |= set(part.columns)
    return known


def _near(key: str, known: list[str]) -> str:
    meant = _MEANT.get(key.lower(), key.lower())
    return meant if meant in known else next(iter(difflib.get_close_matches(meant, known, n=1, cutoff=_ALIKE)), "")


def _rules_of(study: StudyFile, folder: Path) -> Iterator[RuleSet]:
    """The rule sets that come with the program, and those of the study; one that cannot be read is told elsewhere."""
    for name in rule_sets():
        yield read_rule_set(name)
    for name in study.targets.rules:
        try:
            if name not in rule_sets():
                yield read_rule_set(folder / name)
        except DataError:
            continue


def _named_elsewhere(study: StudyFile, rules: Iterable[RuleSet]) -> dict[str, set[str]]:
    """Columns by table (of [[tables]], by name) that other parts of the study read."""
    people = study.communities.people
    rooms = [question.capacity for question in study.siting if question.capacity]
    regions = [question.by_region for question in study.siting if question.by_region]
    sites = {column for room in rooms for column in (room.column, room.land) if column}
    named = {
        "communities": {
            *people,
            *(f"{c}_quality" for c in people),
            *(q.class_column for q in study.siting),
            *regions,
            *study.reporting.columns,
        },
        "facilities": {*sites, *(asked.capacity for asked in study.access)},
        "candidates": set(sites),
        "towns": set(regions),
    }
    if study.rounds:
        named["facilities"].add(study.rounds.staff)
    for target in (t for found in rules for t in found.targets):
        for column in target.columns:
            table, _, plain = column.rpartition(".")
            own = table or target.table or "communities"
            named.setdefault(own, set()).add(plain)
        if target.people:
            named["communities"].add(target.people)
    named["facilities"].add("serves_towns")
    return named
