"""Why a plan is as it is: areas that cannot have a site, people nobody can reach, why none exists."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from quarterhour import words
from quarterhour.errors import first_ids
from quarterhour.siting.causes import causes
from quarterhour.siting.counting import shortfalls
from quarterhour.siting.plan import Reason, SitingPlan
from quarterhour.siting.problem import SitingProblem


def impossible_quotas(
    problem: SitingProblem, *, ledger: pd.DataFrame | None = None, before: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Areas with too few admissible sites for their quota, and which rule removed how many there.

    The rows of ``shortfalls`` with a column ``removed`` (``water 12, communities 3``; "" where
    nothing was). ``ledger``: rows of ``candidates.exclude_near``; ``before``: the candidates as they
    were before, with ``town`` and ``county``.
    """
    short = shortfalls(problem)
    removed = ["" for _ in range(len(short))]
    if ledger is not None and before is not None and len(ledger):
        gone = ledger.join(before[["town", "county"]], on="candidate")
        where = zip(short["level"], short["area"], strict=True)
        removed = [_removed(gone[gone[level].eq(area)]) for level, area in where]
    return short.assign(removed=pd.Series(removed, index=short.index, dtype="str"))


def _removed(gone: pd.DataFrame) -> str:
    counts = gone.groupby("rule", sort=False)["candidate"].nunique()
    return ", ".join(f"{rule} {n}" for rule, n in counts.items())


def why_infeasible(problem: SitingProblem) -> tuple[Reason, ...]:
    """Why no plan can exist, as far as it can be proven in a moment; empty does not promise that one does.

    ``relax.smallest_relaxations`` tells what would have to give.
    """
    return causes(problem)


def out_of_reach(problem: SitingProblem) -> pd.DataFrame:
    """Communities with people whom no site, built or not, can cover: ``people, site, minutes``.

    Indexed by community, most people first; the nearest site and its minutes are missing where
    none was found within what was searched.
    """
    lost = problem.demand[(np.diff(problem.near.start) == 0) & problem.demand.gt(0)]
    table: pd.DataFrame = problem.times.nearest().reindex(lost.index)[["site", "minutes"]]
    table.insert(0, "people", lost)
    return table.sort_values("people", ascending=False, kind="stable")


def told(plan: SitingPlan, lang: str) -> list[str]:
    """The plan in sentences: what it reaches and how sure that is, then what could not be had."""
    lines = [reason.told(lang) for reason in plan.reasons] or [_headline(plan, lang)]
    for reason, rows in plan.unmet.groupby(["reason", "level"], sort=False):
        key, level = reason
        names = first_ids(rows["area"])
        said = words.label("siting", str(level), lang)
        lines.append(words.say(f"siting.{key}", lang, level=said, areas=names, count=len(rows)))
    return lines


def _headline(plan: SitingPlan, lang: str) -> str:
    share = plan.covered / plan.demand_total if plan.demand_total else 0.0
    before = plan.covered_before / plan.demand_total if plan.demand_total else 0.0
    told_gap = "" if math.isinf(plan.gap) else f"{plan.gap:.2%}"
    proof = words.say(f"siting.{plan.status}", lang, gap=told_gap or "∞")
    return words.say(
        "siting.headline", lang, sites=len(plan.chosen), before=f"{before:.1%}", share=f"{share:.1%}", proof=proof
    )
