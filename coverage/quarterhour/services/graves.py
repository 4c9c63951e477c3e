"""How many places each town needs for its dead, by form and period, and on how much land."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.areal import whole_numbers
from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError
from quarterhour.services.burial_forms import (
    FORMS,
    GRAVES,
    LEVELS,
    BurialForm,
    Shares,
    apportion,
    burial_forms,
    shares_by_level,
    two_forms,
)
from quarterhour.services.burial_years import Horizon, alike_each_year, spread_evenly
from quarterhour.services.columns import at_least_zero, sums_if_known

M2_PER_MU = 10_000 / 15
NEEDED_FIGURES = ("horizon-years", "share-in-public", "site-per-grave", "site-per-niche")
"""Figures of the rule set ``cemetery`` that the sizing rests on."""
RANGE = ("site-per-grave-low", "site-per-grave-high")
"""Figures between which the land of a grave lies in plans that were seen."""
CELLS = ("town", "level", "period", "form", "dead", "places", "area_m2")


@dataclass(frozen=True, eq=False)
class GraveDemand:
    """What the dead of the coming years need; each of them one place.

    ``areas``: by id ``deaths`` (a year, in the mean), ``burials`` (over the horizon, in public cemeteries), ``backlog``
    (graves to be moved), ``dead`` (whole, those two together), ``graves, niches, others`` (places; ``others`` trees and
    lawns), ``sea`` (urns), ``area_m2, area_mu`` (NaN where the land of a form is not known).
    ``cells``: a row an area, level of the cemetery, period and form: ``dead`` (urns), ``places``, ``area_m2``.
    ``land_m2``: low and high, as the land of a grave lies between the two figures; NaN without them.
    ``land_a_grave``: by level of the cemetery ("" for all together) m2 a grave, with the land of the other forms that
    go with it; NaN where there are no graves or a land is not known.
    ``figures``: what it was counted with. ``years_filled``: areas and years of the table of deaths that nobody gave.
    """

    areas: pd.DataFrame
    figures: Mapping[str, float]
    cells: pd.DataFrame
    forms: Mapping[str, BurialForm]
    horizon: Horizon
    land_m2: tuple[float, float]
    land_a_grave: Mapping[str, float]
    years_filled: int = 0

    @property
    def by_form(self) -> pd.DataFrame:
        """All areas together: a row a level, form and period with ``dead, places, area_m2``."""
        return sums_if_known(self.cells, ["level", "form", "period"], ["dead", "places", "area_m2"]).reset_index()

    @property
    def unknown_land(self) -> tuple[str, ...]:
        """Forms that are needed and whose land a place nobody says."""
        used = self.cells.loc[self.cells["places"] > 0, "form"]
        return tuple(form for form in FORMS if math.isnan(self.forms[form].m2) and used.eq(form).any())

    def graves(self, level: str = "") -> pd.Series:
        """Graves by area, in cemeteries of a level ("": of all)."""
        some = self.cells[self.cells["form"].isin(GRAVES) & (self.cells["level"].eq(level) | (level == ""))]
        return some.groupby("town")["places"].sum().reindex(self.areas.index).fillna(0).astype("int64")

    def __repr__(self) -> str:
        rows = self.areas
        return (
            f"<GraveDemand: {rows['graves'].sum():,.0f} graves, {rows['niches'].sum():,.0f} niches, "
            f"{rows['area_m2'].sum(skipna=False) / 10_000:,.1f} ha in {len(rows)} areas>"
        )


def grave_demand(
    areas: pd.DataFrame, *, figures: Mapping[str, float], eco_share: float, first_year: int = 2026
) -> GraveDemand:
    """Two forms: a share of the dead takes a niche, the rest a grave, over ``horizon-years`` of the figures.

    ``areas``: by id ``deaths`` (a year) and ``backlog`` (graves to be moved; 0 where absent). DataError when a figure
    or a column is missing or below 0.
    """
    _check_figures(figures)
    shares = two_forms(eco_share)
    nowhere, none = pd.Series(np.nan, index=["-"]), pd.Series(0.0, index=areas.index)
    deaths = pd.Series(at_least_zero(areas.get("deaths", nowhere), "graves.bad_column", column="deaths"), areas.index)
    backlog = pd.Series(at_least_zero(areas.get("backlog", none), "graves.bad_column", column="backlog"), areas.index)
    horizon = Horizon(first_year, first_year + max(int(figures["horizon-years"]), 1) - 1)
    return burial_need(
        alike_each_year(deaths, horizon), spread_evenly(backlog, horizon), horizon=horizon, shares=shares,
        forms=burial_forms(figures), figures=figures,
    )  # fmt: skip


def burial_need(
    deaths: pd.DataFrame, moved: pd.DataFrame, *, horizon: Horizon, shares: Shares, forms: Mapping[str, BurialForm],
    figures: Mapping[str, float], levels: Mapping[str, float] | None = None, years_filled: int = 0,
) -> GraveDemand:  # fmt: skip
    """Places by area, level, period and form: burials of the horizon and the village graves that are to move.

    Parameters
    ----------
    deaths, moved : areas x years of the horizon; ``moved``: graves to be moved, an urn each.
    shares : by level and period the share of the dead that each form receives.
    levels : the share of the dead that cemeteries of each level receive, adding up to 1; None: all ``town``.
    figures : ``share-in-public`` of the deaths that public cemeteries receive; the land of a grave, for the range.

    dead = deaths x share in public cemeteries (DB34/T 4180-2022) + moved graves, summed over the years and rounded up
    to whole ones by area; these are shared out among levels, periods and forms by largest remainders, so that each of
    the dead has one place. places = dead / urns a place, rounded up over the periods so far.
    """
    _check_figures(figures)
    given = {"town": 1.0} if levels is None else dict(levels)
    _check_levels(given)
    checked = shares_by_level({key: value for key, value in shares.items() if key[0] in given})
    missing = [level for level in given if (level, "near") not in checked]
    if missing:
        raise DataError("graves.no_shares", level=missing[0], period="near")
    buried = deaths * figures["share-in-public"]
    moved = moved.reindex(deaths.index).fillna(0.0)
    made = _Need(horizon, checked, given, forms)
    rows = [row for area in deaths.index for row in made.of_area(str(area), buried.loc[area], moved.loc[area])]
    cells = pd.DataFrame(rows, columns=list(CELLS))
    by_town = _by_area(deaths, buried, moved, cells)
    low, high = (_land_at(cells, figures.get(name, math.nan)) for name in RANGE)
    used = {name: float(figures[name]) for name in NEEDED_FIGURES if name != "horizon-years"}
    used = {"horizon-years": float(len(horizon.years)), **used}
    every = buried.add(moved).sum()
    each = {level: made.m2_a_grave(every, level) for level in ("", *given)}
    return GraveDemand(by_town, used, cells, dict(forms), horizon, (low, high), each, years_filled)


def _check_figures(figures: Mapping[str, float]) -> None:
    missing = [name for name in NEEDED_FIGURES if not figures.get(name, -1) >= 0]
    if missing:
        raise DataError("graves.no_figure", missing=", ".join(missing))


def _check_levels(levels: Mapping[str, float]) -> None:
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or any(not 0 <= share <= 1 for share in levels.values()) or abs(sum(levels.values()) - 1) > 1e-6:
        said = ", ".join(f"{level} {share}" for level, share in levels.items())
        raise DataError("graves.bad_levels", levels=said or "-", known=", ".join(LEVELS))


@dataclass(frozen=True, eq=False)
class _Need:
    """How the dead of an area go to levels, periods and forms."""

    horizon: Horizon
    shares: Shares
    levels: Mapping[str, float]
    forms: Mapping[str, BurialForm]

    def keys(self) -> Iterator[tuple[str, str, str, float]]:
        """Level, form and period with the share of the period's dead, a form's periods side by side."""
        for level, part in self.levels.items():
            used = [f for f in FORMS if any(self.shares[level, p].get(f) for p in self.horizon.periods)]
            for form in used:
                for period in self.horizon.periods:
                    yield level, form, period, part * self.shares[level, period].get(form, 0.0)

    def weights(self, dead: pd.Series) -> FloatArray:
        """The dead of each key, not yet whole; ``dead``: by year."""
        spans = self.horizon.periods
        by_period = {p: float(dead.loc[first:last].sum()) for p, (first, last) in spans.items()}
        return np.array([by_period[period] * share for _, _, period, share in self.keys()])

    def of_area(self, area: str, buried: pd.Series, moved: pd.Series) -> Iterator[tuple[object, ...]]:
        """The rows of an area."""
        dead = buried + moved
        whole = apportion(math.ceil(round(float(dead.sum()), 6)), self.weights(dead))
        before: dict[tuple[str, str], int] = {}
        for (level, form, period, _), count in zip(self.keys(), whole.tolist(), strict=True):
            held = self.forms[form]
            so_far = before.get((level, form), 0)
            places = _places(so_far + count, held.urns) - _places(so_far, held.urns)
            before[level, form] = so_far + count
            yield area, level, period, form, count, places, places * held.m2 if places else 0.0

    def m2_a_grave(self, dead: pd.Series, level: str) -> float:
        """Land of all forms together over the number of graves; NaN where there are none or a land is unknown."""
        places = dict.fromkeys(FORMS, 0.0)
        for (of, form, _, _), count in zip(self.keys(), self.weights(dead).tolist(), strict=True):
            places[form] += count / self.forms[form].urns if level in ("", of) else 0.0
        graves = sum(places[form] for form in GRAVES)
        land = sum(count * self.forms[form].m2 for form, count in places.items() if count)
        return land / graves if graves else math.nan


def _places(dead: int, urns: int) -> int:
    return -(-dead // urns)


def _by_area(deaths: pd.DataFrame, buried: pd.DataFrame, moved: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    found = pd.DataFrame({"deaths": deaths.mean(axis=1), "burials": buried.sum(axis=1), "backlog": moved.sum(axis=1)})
    found = found.round(6)
    found.index = found.index.astype("str")

    def total(column: str, forms: tuple[str, ...]) -> pd.Series:
        some = cells[cells["form"].isin(forms)]
        return some.groupby("town")[column].sum().reindex(found.index).fillna(0).astype("int64")

    found["dead"] = total("dead", FORMS)
    for name, forms in (("graves", GRAVES), ("niches", ("niche",)), ("others", ("tree", "lawn")), ("sea", ("sea",))):
        found[name] = total("dead" if name == "sea" else "places", forms)
    land = sums_if_known(cells, ["town"], ["area_m2"])["area_m2"].reindex(found.index).astype(float)
    return found.assign(area_m2=land, area_mu=land / M2_PER_MU)


def _land_at(cells: pd.DataFrame, m2: float) -> float:
    """All land if a grave took so much; a double grave and forms that are none keep theirs."""
    alike = cells["form"].isin(("grave", "flat_stone"))
    land = cells["area_m2"].where(~alike, cells["places"] * m2)
    return float(land.sum(skipna=False))


def graves_on(area_m2: pd.Series, *, m2_a_grave: float) -> pd.Series:
    """How many graves, with the niches and trees that go with each, a parcel of so many square metres holds.

    Whole numbers, rounded down; missing stays so. DataError when the land of a grave is not known or nothing.
    """
    if not m2_a_grave > 0:
        raise DataError("graves.no_land")
    area = pd.to_numeric(area_m2, errors="coerce").astype(float)
    return pd.Series(np.floor(np.round(area / m2_a_grave, 6)), index=area.index).astype("Int64")


def shared_by_people(areas: pd.Series, *, people: pd.Series, area: pd.Series) -> pd.Series:
    """An area's whole number shared out among its communities in proportion to people, the largest parts first.

    ``areas``: by area id. ``people``, ``area``: by community. Nothing is lost: an area's communities add up to it;
    where it has no people they share alike. What belongs to an area without communities is not shared out.
    """
    made = pd.Series(0, index=people.index, dtype="int64")
    for name, rows in people.groupby(area, sort=True):
        weight = rows.to_numpy(dtype=float) if rows.sum() > 0 else np.ones(len(rows))
        whole = int(areas.get(name, 0))
        made[rows.index] = whole_numbers(whole * weight / weight.sum(), whole)
    return made


def shared_out(total: float, *, by: pd.Series) -> pd.Series:
    """A city's figure shared out in proportion to people: an estimate, to be replaced by the towns' own."""
    weight = by.astype(float)
    whole = float(weight.sum())
    return total * weight / whole if whole > 0 else weight * 0.0
