"""A town of six communities and four sites, on which every figure can be worked out by hand.

::

    minutes    s0   s1   s2   s3      old   hardship   town   county
    c0          4   12    -    -       10       1       A       K
    c1         10    2   16    -       20       0       A       K
    c2          -    6    6   15       30       5       B       K
    c3          -    -   18    3       40       0       -       L
    c4          -    -    -    -        5       2       C       L
    c5          -    -    4    -        0       3       B       K

The standard is 15 minutes, one of exactly so many included; s0 stands already. The near pairs in their order:
0: c0-s0, 1: c0-s1, 2: c1-s0, 3: c1-s1, 4: c2-s1, 5: c2-s2, 6: c2-s3, 7: c3-s3, 8: c5-s2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quarterhour.siting.question.evaluate import Choice, Served
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import SitingProblem

HOMES = [f"c{k}" for k in range(6)]
MINUTES = pd.DataFrame(
    [
        [4, 12, np.nan, np.nan],
        [10, 2, 16, np.nan],
        [np.nan, 6, 6, 15],
        [np.nan, np.nan, 18, 3],
        [np.nan] * 4,
        [np.nan, np.nan, 4, np.nan],
    ],
    HOMES,
    ["s0", "s1", "s2", "s3"],
)
PEOPLE = pd.DataFrame({"old": [10, 20, 30, 40, 5, 0], "hardship": [1, 0, 5, 0, 2, 3]}, HOMES)
SITES = pd.DataFrame(
    {
        "state": ["existing", "candidate", "candidate", "candidate"],
        "town": ["A", "A", "B", ""],
        "county": ["K", "K", "K", "L"],
        "cost_yuan": [9, 5, 6, 7],
        "running_yuan": [1, 1, 0, 2],
        "capacity": [30, 30, 20, 60],
        "tiers": "",
    },
    MINUTES.columns,
)
AREAS = pd.DataFrame({"town": ["A", "A", "B", "", "C", "B"], "county": ["K", "K", "K", "L", "L", "K"]}, HOMES)


def town(**changed: Any) -> SitingProblem:
    """The question of the town: most people of ``old``, at most four new sites."""
    asked = {"within": 15, "new_sites": 4, "sites": SITES, "areas": AREAS, "people": "old", **changed}
    return siting_from_matrix(MINUTES, asked.pop("demand", PEOPLE), **asked)


def states(*said: str) -> pd.DataFrame:
    """The sites with other states."""
    return SITES.assign(state=list(said))


def choice(opened: str, served: dict[int, int] | None = None) -> Choice:
    """Sites by their numbers, as ``"013"``, and who is served: people by near pair."""
    mark = np.array([str(k) in opened for k in range(4)])
    parts = None if served is None else Served(np.array([*served], dtype=np.int64), np.array([*served.values()]))
    return Choice(mark, parts)
