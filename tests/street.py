"""A street of five villages and four places, small enough to count by hand, and plans of it that are made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from quarterhour.siting.proof.assemble import Proof, as_plan, certificate
from quarterhour.siting.question.evaluate import Choice, Measure, Served
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem

VILLAGES, PLACES = list("abcde"), list("OPQR")
MINUTES = pd.DataFrame(
    [[5, np.nan, 12, np.nan], [np.nan, 10, np.nan, 15], [np.nan, np.nan, 4, 6], [np.nan, np.nan, np.nan, 20],
     [np.nan, np.nan, 8, 15]],
    VILLAGES, PLACES,
)  # fmt: skip
PEOPLE = pd.DataFrame({"older": [10, 6, 5, 3, 4], "poor": [1, 0, 2, 1, 3]}, VILLAGES)
AREAS = pd.DataFrame({"town": list("NNSSS"), "county": "K"}, VILLAGES)
SITES = pd.DataFrame(
    {
        "town": list("NNSS"), "county": "K", "tiers": ["low", "low high", "low", "high"],
        "name": ["one", "two", "", "x"],
        "cost_yuan": [100, 30, 40, 50], "running_yuan": [9, 1, 3, 2],
    },
    PLACES,
)  # fmt: skip


def street(**asked: object) -> SitingProblem:
    """Villages with their older and poor people, towns, and minutes to the places.

    ::

                     O    P    Q    R
        a  10  1  N  5         12
        b   6  0  N       10        15
        c   5  2  S            4    6
        d   3  1  S                 20
        e   4  3  S            8    15

    O stands. Within 15 minutes O has a, with Q come c and e, with P comes b; d is out of reach.
    """
    question = {"people": {"older": 1}, "existing": ["O"], "sites": SITES, "areas": AREAS, "within": 15, "new_sites": 2}
    return siting_from_matrix(MINUTES, PEOPLE, **{**question, **asked})  # type: ignore[arg-type]


def planned(
    problem: SitingProblem, *chosen: str, served: list[tuple[str, str, int]] | None = None, **known: int
) -> SitingPlan:
    """The plan of a choice, optimal by its own word."""
    measure = Measure(problem)
    choice = Choice(problem.existing | problem.sites.index.isin(chosen))
    if served is not None:
        near = list(zip(problem.near.row.tolist(), problem.near.site.tolist(), strict=True))
        rows, places = problem.demand.index, problem.sites.index
        pair = [near.index((rows.get_loc(c), places.get_loc(s))) for c, s, _ in served]
        people = np.array([n for *_, n in served], dtype=np.int64)
        choice = replace(choice, served=Served(np.array(pair, dtype=np.int64), people))
    proofs = [Proof(goal, measure.value(choice, goal), "hand") for goal in problem.goals]
    return as_plan(certificate(measure, 0, **known), choice, proofs, seconds=0.0)


def legs(*served: tuple[str, str, int]) -> pd.DataFrame:
    """Who is served where, as a plan says it."""
    return pd.DataFrame(list(served), columns=["community", "site", "people"])
