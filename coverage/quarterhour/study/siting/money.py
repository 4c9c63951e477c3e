"""What the sites of a siting question cost, and what beds and staff come with them; unknown stays unknown."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.errors import StudyError, first_ids
from quarterhour.siting.outlook.money.yearly_money import YearlyMoney
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.file.siting_money import PhasesFile
from quarterhour.study.siting.sites import ADDED

FIGURES = ("cost_yuan", "running_yuan", "beds", "staff")


def site_money(file: SitingFile, sites: pd.DataFrame) -> pd.DataFrame:
    """The four figures of each site to build or upgrade, whole, NA where nobody says; an existing site has none.

    A site's own column comes first, then the question's figure. Beds and staff of a facility that is upgraded are the
    question's alone: its columns tell what it has already. StudyError names sites whose cell is no whole number of 0 or
    more.
    """
    made = pd.DataFrame(index=sites.index)
    new, upgraded = sites["state"].ne("existing"), sites["state"].eq("upgradeable")
    for figure in FIGURES:
        own = _own(file, sites, figure).where(~upgraded | (figure in ("cost_yuan", "running_yuan")))
        otherwise = _of_the_question(file, figure)
        known = own if otherwise is None else own.fillna(otherwise)
        made[figure] = known.where(new)
    return made


def _own(file: SitingFile, sites: pd.DataFrame, figure: str) -> pd.Series:
    if figure not in sites:
        return pd.Series(pd.NA, index=sites.index, dtype="Int64")
    blank, read = texts(sites[figure]).eq(""), numbers(sites[figure])
    bad = ~blank & (read.isna() | read.lt(0) | read.mod(1).ne(0) | read.ge(2**53)) & sites["state"].ne("existing")
    if bad.any():
        raise StudyError("sites.bad_money", part=file.id, column=figure, ids=first_ids(sites.index[bad]))
    return read.where(~bad & read.ge(0) & read.mod(1).eq(0)).astype("Int64")


def _of_the_question(file: SitingFile, figure: str) -> int | None:
    """What the question says of a new site: its money, or its budget."""
    own = None if file.money is None else getattr(file.money, figure)
    if own is not None or file.budget is None:
        return own
    if figure == "cost_yuan":
        return file.budget.new_each
    said = figure == "running_yuan" and "running_each" in file.budget.model_fields_set
    return file.budget.running_each if said else None


def yearly_money(phases: PhasesFile) -> YearlyMoney | None:
    """What each year may spend; None where the years go by the number of sites alone."""
    if not phases.by_money:
        return None
    caps = phases.budget_by_year if phases.cap_yuan_a_year is None else (phases.cap_yuan_a_year,)
    goes_on = phases.cap_yuan_a_year is not None
    return YearlyMoney(tuple(map(int, caps)), goes_on, phases.carry_over, phases.per_year)


def without_added(file: SitingFile, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The sites without the columns that only their money was read from."""
    room = () if file.capacity is None else (file.capacity.column, file.capacity.land)
    return sites.drop(columns=[column for column in ADDED if column in sites and column not in room])


def check_costs_known(file: SitingFile, sites: pd.DataFrame, money: pd.DataFrame) -> None:
    """StudyError before the search where years or budgets go by money and a candidate's cost is not known."""
    by_year = file.phases is not None and file.phases.by_money
    if not by_year and file.budget_frontier is None:
        return
    unknown = money.index[money["cost_yuan"].isna() & sites["state"].ne("existing")]
    if len(unknown):
        key = "sites.no_cost" if by_year else "sites.no_cost_of_budgets"
        raise StudyError(key, part=file.id, count=len(unknown), ids=first_ids(unknown))
