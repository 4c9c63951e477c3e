"""Money, beds, staff and people of the plans by fiscal year and county."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.file.study import StudyFile
from quarterhour.study.results import Programme, Proposal
from quarterhour.study.siting.money import FIGURES

SITES = ("question", "site", "name", "town", "county", "year", "state", "capital_yuan", "running_yuan", "staff", "beds",
         "counted", "unit", "people", "quality", "running_from")  # fmt: skip
SUMS = ("capital_yuan", "running_yuan", "staff", "beds", "people")
YEARS = ("year", "county", "question", "sites", *SUMS, "sites_so_far", "staff_so_far", "beds_so_far", "unknown")
_WHOLE = ("year", "sites", *SUMS, "sites_so_far", "staff_so_far", "beds_so_far", "unknown")


def programme(file: StudyFile, proposals: Sequence[Proposal]) -> Programme | None:
    """The programme of all plans; None where no plan builds anything or no question speaks of years or money."""
    asked = {question.id: question for question in file.siting}
    told = [p for p in proposals if p.new_sites and _speaks(asked.get(p.id), p)]
    if not told:
        return None
    people = set(file.communities.people)
    rows = [row for p in told for row in _site_rows(p, asked[p.id], people)]
    sites = pd.DataFrame(rows, columns=list(SITES))
    whole = ["year", "capital_yuan", "running_yuan", "staff", "beds", "running_from"]
    sites = sites.astype({**dict.fromkeys(whole, "Int64"), "counted": "Float64", "people": "Float64"})
    dated = sites["year"].dropna()
    span = range(int(dated.min()), int(dated.max()) + 2) if len(dated) else range(0)
    years = _frame([row for p in told for row in _years_of(sites[sites["question"].eq(p.id)], p.id, span)])
    return Programme(sites, years, _totals(years))


def _speaks(asked: SitingFile | None, p: Proposal) -> bool:
    known = not p.money.empty and bool(p.money.reindex(p.new_sites).notna().any().any())
    return asked is not None and (known or bool(p.years))


def _site_rows(p: Proposal, asked: SitingFile, people: set[str]) -> Iterator[tuple[object, ...]]:
    later = asked.money is None or asked.money.running_from == "next_year"
    years, said = p.years, {c: texts(p.sites[c]) for c in _PLACE if c in p.sites}
    money = p.money.reindex(p.new_sites)
    for site in p.new_sites:
        year = years.get(site)
        cost, running, beds, staff = (money[c].get(site, pd.NA) if c in money else pd.NA for c in FIGURES)
        counted = float(p.plan.gain.get(site, 0.0))
        name, town, county, state, quality = (said[c].get(site, "") if c in said else "" for c in _PLACE)
        yield (
            p.id, site, name, town, county, pd.NA if year is None else year, state, cost, running, staff, beds,
            counted, p.unit, counted if p.unit in people else pd.NA, quality,
            pd.NA if year is None else year + int(later),
        )  # fmt: skip


_PLACE = ("name", "town", "county", "state", "quality")


def _years_of(sites: pd.DataFrame, question: str, span: range) -> Iterator[tuple[object, ...]]:
    """A row a year and county, the same years for every question, so that a year adds up; then those without a year.

    What these cost to run, and their staff and beds so far, are as if all of them stood.
    """
    dated = sites["year"].notna()
    counties = sorted(dict.fromkeys(sites["county"]))
    theirs = {county: sites[dated & sites["county"].eq(county)] for county in counties}
    for year in span if dated.any() else ():
        for county, mine in theirs.items():
            yield _year_row(mine, year, county, question)
    for county in counties:
        undated = sites[~dated & sites["county"].eq(county)]
        if len(undated):
            yield _row(pd.NA, county, question, undated, undated, undated)


def _year_row(sites: pd.DataFrame, year: int, county: str, question: str) -> tuple[object, ...]:
    new, run = sites[sites["year"].eq(year)], sites[sites["running_from"].le(year)]
    return _row(year, county, question, new, run, sites[sites["year"].le(year)])


def _row(
    year: object, county: str, question: str, new: pd.DataFrame, run: pd.DataFrame, so_far: pd.DataFrame
) -> tuple[object, ...]:
    unknown = new[["capital_yuan", "staff", "beds"]].isna().sum().sum() + run["running_yuan"].isna().sum()
    return (
        year, county, question, len(new), _sum(new["capital_yuan"]), _sum(run["running_yuan"]), _sum(new["staff"]),
        _sum(new["beds"]), _sum(new["people"]), len(so_far), _sum(so_far["staff"]), _sum(so_far["beds"]), int(unknown),
    )  # fmt: skip


def _sum(values: pd.Series) -> object:
    """The sum; NA where a value is not known."""
    if values.isna().any():
        return pd.NA
    total = float(values.sum())
    return int(total) if total.is_integer() else total


def _frame(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=list(YEARS))
    return table.astype({c: "Float64" if c == "people" else "Int64" for c in _WHOLE})


def _totals(years: pd.DataFrame) -> pd.DataFrame:
    """By year and question, and by year for all questions; an empty county for all counties."""
    sums = [c for c in YEARS if c not in ("year", "county", "question")]
    rows = []
    keys = list(dict.fromkeys(None if pd.isna(y) else int(y) for y in years["year"]))
    for year in sorted(keys, key=lambda y: (y is None, y or 0)):
        mine = years[years["year"].isna() if year is None else years["year"].eq(year).fillna(False)]
        groups = [(question, mine[mine["question"].eq(question)]) for question in dict.fromkeys(mine["question"])]
        groups += [("", mine)] if len(groups) > 1 else []
        for question, some in groups:
            said = {c: _sum(some[c]) for c in sums}
            said |= {} if question else {"people": pd.NA}
            rows.append((pd.NA if year is None else year, "", question, *said.values()))
    return _frame(rows)
