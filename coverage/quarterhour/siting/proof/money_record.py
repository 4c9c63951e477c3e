"""The money of a plan as a record that can be counted again: sites with their years, sums by year, caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterhour.base.errors import PlanError

FIGURES = ("cost_yuan", "running_yuan", "beds", "staff")
_SUMS = ("capital_yuan", "running_yuan", "staff", "beds")


@dataclass(frozen=True, slots=True)
class MoneyCount:
    """What the money of a record came to: sites with a year, first and last year, yuan to build (None: no data)."""

    sites: int
    first_year: int
    last_year: int
    capital_yuan: int | None
    capped: bool


def money_record(
    sites: Sequence[Mapping[str, Any]], years: Sequence[Mapping[str, Any]], caps: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The money of a plan in plain values.

    ``sites``: ``id, year, running_from`` and the four figures, null where nobody says. ``years``: ``year, sites`` and
    the sums of the year, null where a figure of theirs is. ``caps``: by year ``year, cap_yuan, carry_over``; none where
    the years do not go by money.
    """
    return {"sites": [dict(s) for s in sites], "years": [dict(y) for y in years], "caps": [dict(c) for c in caps]}


def verify_money(record: Mapping[str, Any], *, cost_yuan: Mapping[str, int] | None = None) -> MoneyCount | None:
    """Count the money of a plan's record again, from its sites alone; None where the record has none.

    Raises
    ------
    PlanError : the first thing that does not hold: a site that the plan does not build, or builds and has no row; a
        year that is not that of its phase; a cost other than the question's (``cost_yuan``, where it knows any); a sum
        that the sites do not come to; a year that spends more than it has.
    """
    held = record.get("money")
    if held is None:
        return None
    try:
        return _counted(record, held, cost_yuan)
    except PlanError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise PlanError("proof.record_garbled", detail=f"money: {type(error).__name__}: {error}") from error


def _counted(record: Mapping[str, Any], held: Mapping[str, Any], cost_yuan: Mapping[str, int] | None) -> MoneyCount:
    _check_keys(held)
    sites = list(held["sites"])
    _same("sites", sorted(str(s["id"]) for s in sites), sorted(str(s["id"]) for s in record["sites"]))
    phased = _phase_years(record)
    for site in sites:
        if phased is not None:
            _same(f"{site['id']} year", site["year"], phased.get(str(site["id"])))
        if cost_yuan is not None:
            _same(f"{site['id']} cost_yuan", site["cost_yuan"], cost_yuan[str(site["id"])])
        wrong = [f for f in FIGURES if site[f] is not None and (not _whole(site[f]) or site[f] < 0)]
        if wrong:
            raise PlanError("proof.money_differs", what=f"{site['id']} {wrong[0]}", said=site[wrong[0]], counted=">= 0")
    for row in held["years"]:
        _check_year(row, sites)
    dated = [s for s in sites if s["year"] is not None]
    built = sorted({int(s["year"]) for s in dated})
    said = {row["year"] for row in held["years"]}
    missing = [year for year in built if year not in said]
    if missing:
        _same("years", sorted(said, key=str), built)
    _check_caps(held["caps"], dated)
    total = _sum(s["cost_yuan"] for s in dated)
    return MoneyCount(len(dated), built[0] if built else 0, built[-1] if built else 0, total, bool(held["caps"]))


def _check_keys(held: Mapping[str, Any]) -> None:
    """The rows are those that are written, with no key more, and no year twice."""
    known = {"sites": ("id", "year", "running_from", *FIGURES), "years": ("year", "sites", *_SUMS)}
    known["caps"] = ("year", "cap_yuan", "carry_over")
    _same("keys", sorted(held), sorted(known))
    for name, keys in known.items():
        for row in held[name]:
            _same(f"{name} keys", sorted(row), sorted(keys))
    for name in ("years", "caps"):
        years = [row["year"] for row in held[name]]
        _same(f"{name} year", len(set(years)), len(years))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _phase_years(record: Mapping[str, Any]) -> dict[str, int] | None:
    """By site the year of its phase, as the record has the phases."""
    phases = record.get("phases")
    if phases is None:
        return None
    first = int(phases["first_year"]) - 1
    return {str(site): first + step for step, row in enumerate(phases["steps"]) for site in row["sites"]}


def _check_year(row: Mapping[str, Any], sites: Sequence[Mapping[str, Any]]) -> None:
    """A year's sums against its sites; the row of the sites without a year has year null, and all of them are run."""
    new = [s for s in sites if s["year"] == row["year"]]
    run = new if row["year"] is None else [
        s for s in sites if s["running_from"] is not None and s["running_from"] <= row["year"]
    ]  # fmt: skip
    counted = {
        "sites": len(new), "capital_yuan": _sum(s["cost_yuan"] for s in new),
        "running_yuan": _sum(s["running_yuan"] for s in run), "staff": _sum(s["staff"] for s in new),
        "beds": _sum(s["beds"] for s in new),
    }  # fmt: skip
    for name in ("sites", *_SUMS):
        _same(f"{row['year']} {name}", row[name], counted[name])


def _check_caps(caps: Sequence[Mapping[str, Any]], sites: Sequence[Mapping[str, Any]]) -> None:
    over = 0
    given = {int(cap["year"]) for cap in caps}
    if caps:
        _same("caps", sorted({int(s["year"]) for s in sites} - given), [])
    for cap in sorted(caps, key=lambda c: int(c["year"])):
        spent = _sum(s["cost_yuan"] for s in sites if s["year"] == cap["year"])
        available = int(cap["cap_yuan"]) + (over if cap["carry_over"] else 0)
        if spent is None or spent > available:
            raise PlanError("proof.money_over", year=cap["year"], spent=spent, yuan=available)
        over = available - spent


def _sum(values: Any) -> int | None:
    """The sum; None where a value is not known."""
    known = list(values)
    return None if any(v is None for v in known) else sum(int(v) for v in known)


def _same(what: str, said: object, counted: object) -> None:
    if said != counted:
        raise PlanError("proof.money_differs", what=what, said=said, counted=counted)
