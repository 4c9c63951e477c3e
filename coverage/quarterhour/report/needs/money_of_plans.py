"""The money of each plan as ``plan.json`` keeps it, to be counted again by ``verify``."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quarterhour.siting.proof.money_record import money_record
from quarterhour.study.results import Programme, Proposal, Results
from quarterhour.study.study import study_question

_SITES = {"site": "id", "year": "year", "running_from": "running_from", "capital_yuan": "cost_yuan",
          "running_yuan": "running_yuan", "beds": "beds", "staff": "staff"}  # fmt: skip
_YEARS = ("year", "sites", "capital_yuan", "running_yuan", "staff", "beds")


def money_of(results: Results, p: Proposal) -> dict[str, Any] | None:
    """The record of a plan's money; None where the study's programme has none of it."""
    found = results.programme
    if found is None or not found.sites["question"].eq(p.id).any():
        return None
    sites = found.sites[found.sites["question"].eq(p.id)][list(_SITES)].rename(columns=_SITES)
    return money_record(_plain(sites), _plain(_years(found, p)), _caps(results, p))


def _years(found: Programme, p: Proposal) -> pd.DataFrame:
    return found.totals[found.totals["question"].eq(p.id)][list(_YEARS)]


def _caps(results: Results, p: Proposal) -> list[dict[str, Any]]:
    phases, phasing = study_question(results.study, p.id).phases, p.prospects.phasing
    if phases is None or phasing is None or phasing.money is None:
        return []
    caps = phasing.money["cap_yuan"].iloc[1:].tolist()
    return [
        {"year": p.prospects.first_year + k, "cap_yuan": int(cap), "carry_over": phases.carry_over}
        for k, cap in enumerate(caps)
    ]


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows in plain values; None where nobody says."""
    rows = table.astype("object").where(table.notna(), None).to_dict("records")
    return [{str(k): int(v) if isinstance(v, float) and v.is_integer() else v for k, v in row.items()} for row in rows]
