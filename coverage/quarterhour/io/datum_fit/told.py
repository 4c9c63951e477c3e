"""What is told of tables whose numbers fit better when they are read otherwise; of the roads or outlines, if they are
what is off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.base.errors import first_ids
from quarterhour.base.findings import Severity, finding, join_findings
from quarterhour.io.datum_fit.fits import Fit, Moved, Part, Verdict
from quarterhour.io.datum_fit.roundness import rounded_roads
from quarterhour.io.ground import Ground
from quarterhour.io.readings import Reading

_ALIKE_M = 60.0


@dataclass(frozen=True, eq=False)
class Judged:
    """A table's verdict, with table, file and sheet as findings have them and the datum that it is declared to have."""

    said: Mapping[str, str]
    datum: str
    verdict: Verdict

    @property
    def fit(self) -> Fit | None:
        """The reading that fits better."""
        return self.verdict.fit


def datum_findings(judged: Sequence[Judged], ground: Ground) -> tuple[pd.DataFrame, bool]:
    """What is told of tables and of roads or outlines, and whether it is these that are off and not the tables.

    Roads whose corners come out round under another datum are of that datum. Else roads or outlines are told once if
    every table that can tell says the same of them and no table fits as it is.
    """
    found = rounded_roads(ground)
    if found is not None:
        datum, shift = found
        told = [_of_ground("roads_round", "roads", datum, detail=metres(shift))]
        return join_findings([*told, *(_of_table(j) for j in judged if not _by_roads_of(j, datum))]), False
    shifted = _shifted_ground(judged, ground)
    return (shifted, True) if len(shifted) else (join_findings([_of_table(j) for j in judged]), False)


def _by_roads_of(one: Judged, datum: str) -> bool:
    """Whether a table is well where the roads are of that datum."""
    return one.verdict.moved is not None or (one.fit is not None and one.fit.ground == datum)


def _shifted_ground(judged: Sequence[Judged], ground: Ground) -> pd.DataFrame:
    confirmed = any(j.verdict.confirmed for j in judged)
    for evidence, table, declared in (("roads", "roads", ground.datum), ("outlines", "towns", ground.towns_datum)):
        some = [j for j in judged if j.fit is not None and j.fit.evidence == evidence]
        fits = [j.fit for j in some if j.fit is not None]
        theirs = {f.ground for f in fits}
        every = len(some) == sum(j.fit is not None for j in judged) and len(theirs) == 1 and theirs != {""}
        if not every or (confirmed and evidence == "roads"):
            continue
        names = f"{', '.join(j.said['table'] for j in some)}: {_figures(fits[0])}"
        if all(f.reading.roads for f in fits):
            return _of_ground(f"{evidence}_shifted", table, fits[0].ground, detail=names)
        if len(fits) > 1 or declared != "wgs84":
            values = dict.fromkeys(_value(f) for f in fits)
            return _of_ground(f"{evidence}_or_tables", table, fits[0].ground, detail=names, id=", ".join(values))
    return _moved_ground(judged)


def _moved_ground(judged: Sequence[Judged]) -> pd.DataFrame:
    """Roads from which two tables or more lie off by one and the same shift, and no table fits them."""
    moved = {j.said["table"]: j.verdict.moved for j in judged if j.verdict.moved is not None}
    shifts = np.array([(m.east_m, m.north_m) for m in moved.values() if m is not None])
    right = any(j.verdict.confirmed or j.fit is not None for j in judged)
    if len(shifts) < 2 or right or np.hypot(*(shifts - shifts[0]).T).max() > _ALIKE_M:
        return join_findings([])
    east, north = -shifts.mean(axis=0)
    first = next(m for m in moved.values() if m is not None)
    detail = f"{', '.join(moved)}: {metres(first.now)} → {metres(first.then)}"
    value = {"value": _way(east, north), "detail": detail}
    return finding("where.roads_moved", severity="warning", table="roads", **value)


def _of_ground(rule: str, table: str, datum: str, **fields: str) -> pd.DataFrame:
    return finding(f"where.{rule}", severity="warning", table=table, column="datum", value=datum, **fields)


def _of_table(one: Judged) -> pd.DataFrame:
    fit, moved = one.fit, one.verdict.moved
    if one.verdict.part is not None:
        return _part(one, one.verdict.part)
    if fit is None:
        return join_findings([]) if moved is None else _moved(one, moved)
    severity: Severity = "error" if fit.evidence == "far" else "warning"
    way, value, detail = _way_of(one, fit), _value(fit), _figures(fit)
    if way == "both":
        value = f'{value}; [roads] datum = "{fit.reading.roads}"'
    return finding(
        f"where.{fit.evidence}_{way}", severity=severity, column=fit.reading.key, value=value, detail=detail,
        id=f"{fit.places:,}", **one.said,
    )  # fmt: skip


def _way_of(one: Judged, fit: Fit) -> str:
    reading = fit.reading
    if reading.roads:
        return "undone" if reading.datum == one.datum or fit.evidence != "roads" else "both"
    return "swapped" if reading.swapped else "key" if reading.key else "no_key"


def _value(fit: Fit) -> str:
    """``crs = "EPSG:2438"``: as it is to stand in the study file, where a key says it."""
    return _said(fit.reading)


def _said(reading: Reading) -> str:
    return f'{reading.key} = "{reading.value}"' if reading.key and not reading.swapped else reading.value


def _moved(one: Judged, moved: Moved) -> pd.DataFrame:
    detail = f"{metres(float(np.hypot(moved.east_m, moved.north_m)))}; {metres(moved.now)} → {metres(moved.then)}"
    value = {"value": _way(moved.east_m, moved.north_m), "detail": detail, "id": f"{moved.places:,}"}
    return finding("where.moved", severity="warning", **value, **one.said)


def _part(one: Judged, part: Part) -> pd.DataFrame:
    """How many rows of a table are of another datum, and the clearest."""
    detail = f"{part.count:,} / {part.places:,}; {metres(part.shift_m)}"
    value = {"value": _said(part.reading), "detail": detail, "id": first_ids(part.ids[:5])}
    return finding(f"where.part_{part.evidence}", severity="warning", column="x, y", **value, **one.said)


def _way(east_m: float, north_m: float) -> str:
    return f"x {east_m:+,.0f} m, y {north_m:+,.0f} m"


def _figures(fit: Fit) -> str:
    """Figures that read alike in both languages: the shift, then what it was and what it would be."""
    shift = metres(fit.shift_m)
    if fit.evidence == "outlines":
        return f"{shift}; {fit.now:.0f} → {fit.then:.0f} / {fit.places}"
    return shift if fit.evidence == "round" else f"{shift}; {metres(fit.now)} → {metres(fit.then)}"


def metres(value: float) -> str:
    """A length as both languages read it."""
    return f"{value / 1000:,.1f} km" if value >= 2000 else f"{value:,.0f} m"
