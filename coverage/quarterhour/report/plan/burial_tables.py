"""The plan's tables of burial: need and balance by area, the need by form and term, the balance by place and term."""

from __future__ import annotations

import pandas as pd

from quarterhour.report.plan.shown import PlanTable, heads_of
from quarterhour.report.plan.told import Told, area_table, made_table
from quarterhour.report.section import labels
from quarterhour.standards.circle import CITY
from quarterhour.study.layout.burial import PARTS, places_needed

_FORMS = ("burial_level", "form", "term", "years", "dead", "places", "area_m2")
_SUMS = ("needed", "needed_so_far", "standing", "built_so_far", "missing", "missing_m2")


def grave_table(told: Told) -> PlanTable:
    """Cemeteries and burial places by area: what is needed over the horizon, stands, is built, is missing."""
    keys = ["cemetery_now", "cemetery_new", "cemetery_after", "deaths"]
    keys += [f"{place}_{part}" for place in places_needed(told.results) for part in PARTS]
    return area_table(told, "graves", keys)


def form_table(told: Told) -> PlanTable:
    """What the dead of all towns need: by level of the cemetery, form of burial and term."""
    demand = told.results.care.graves
    rows, keys = pd.DataFrame(columns=["level", "form", "period", "dead", "places", "area_m2"]), list(_FORMS)
    spans = {}
    if demand is not None:
        rows, spans = demand.by_form, demand.horizon.periods
    table = pd.DataFrame({
        "burial_level": _words("level", rows["level"], told), "form": _words("form", rows["form"], told),
        "term": _words("period", rows["period"], told), "years": [_years(*spans[str(p)]) for p in rows["period"]],
        "dead": _known(rows["dead"]), "places": _known(rows["places"]), "area_m2": _known(rows["area_m2"]),
    }, columns=keys)  # fmt: skip
    return made_table(told, "burial_forms", table, heads_of(keys, told.lang))


def burial_table(told: Told) -> PlanTable:
    """The balance by kind of place and term: of all towns together, in the workbook then of each town."""
    found, keys = told.results.burial, ["name", "place", "term", "years", *_SUMS]
    parts = [] if found is None else [found.city.assign(town=CITY), found.towns]
    rows = pd.concat(parts, ignore_index=True) if parts else _no_rows()
    level = [CITY if town == CITY and i < len(parts[0]) else "town" for i, town in enumerate(rows["town"])]
    table = pd.DataFrame({
        "name": [told.areas([town], of)[0] for town, of in zip(rows["town"], level, strict=True)],
        "place": _words("place", rows["place"], told), "term": _words("period", rows["period"], told),
        "years": [_years(int(a), int(b)) for a, b in zip(rows["first_year"], rows["last_year"], strict=True)],
        **{column: _known(rows[column]) for column in _SUMS},
    }, columns=keys)  # fmt: skip
    paper = tuple(of == CITY for of in level)
    return made_table(told, "burial", table, heads_of(keys, told.lang), paper=paper, kept=tuple(keys[1:]))


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=["town", "place", "period", "first_year", "last_year", *_SUMS])


def _words(group: str, values: pd.Series, told: Told) -> list[str]:
    return list(labels(f"burial_sections.{group}_", values, told.lang))


def _known(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(v) else float(v) for v in values]


def _years(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"
