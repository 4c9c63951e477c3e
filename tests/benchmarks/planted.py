"""Questions without a plan, one for each cause: 3,000 communities, 600 candidates in 12 towns, one thing planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.travel.times import times_from_matrix

TOWNS, EACH = 12, 50


def large(seed: int = 1) -> dict[str, Any]:
    """3,000 communities and 600 candidates in 12 towns on a line; each site reaches the communities within 15."""
    draw = np.random.default_rng(seed)
    n, m = 3000, TOWNS * EACH
    home, site = np.sort(draw.uniform(0, 120, n)), np.sort(draw.uniform(0, 120, m))
    minutes = np.abs(home[:, None] - site[None]) * 5
    communities, sites = [f"c{i}" for i in range(n)], [f"s{i}" for i in range(m)]
    town = [f"T{int(x // 10):02d}" for x in site]
    table = pd.DataFrame(
        {"state": "candidate", "town": town, "county": "K", "name": sites, "quality": "synthetic",
         "cost_yuan": 1_000_000, "running_yuan": 0, "capacity": 400, "x": site * 1000, "y": 0.0},
        index=sites,
    )  # fmt: skip
    return {
        "demand": pd.Series(draw.integers(1, 20, n), index=communities),
        "sites": table,
        "times": times_from_matrix(minutes, communities=communities, sites=sites, cutoff=15),
        "minutes": 15,
        "objective": "max-cover",
        "new_sites": 40,
        "quotas": [Quota("town", tuple(f"T{t:02d}" for t in range(TOWNS)))],
    }


def with_lost() -> dict[str, Any]:
    """500 people live where no site is near, and all must be covered."""
    given = large()
    people = given["demand"].copy()
    people.loc["lost"] = 500
    minutes = given["times"].pairs().pivot(index="community", columns="site", values="minutes")
    minutes = minutes.reindex(index=people.index, columns=given["sites"].index)
    times = times_from_matrix(minutes.to_numpy(), communities=people.index, sites=given["sites"].index, cutoff=15)
    return {"demand": people, "times": times, "coverage": Coverage(at_least=int(people.sum()))}


def _sites() -> pd.DataFrame:
    table: pd.DataFrame = large()["sites"].copy()
    return table


def _in_town(town: str, count: int | None = None) -> list[str]:
    sites = _sites()
    return list(sites.index[sites["town"] == town][:count])


def _no_candidate() -> dict[str, Any]:
    return {"sites": _sites().drop(_in_town("T05"))}


def _beds_of_a_region() -> dict[str, Any]:
    sites = _sites()
    sites.loc[_in_town("T11"), "capacity"] = 1
    return {"sites": sites, "capacity": Capacity("beds", split=True), "objective": "min-sites", "new_sites": None}


def _barred() -> dict[str, Any]:
    sites, other = _sites(), _in_town("T02", 1)[0]
    sites.loc[other, "state"] = "required"
    return {"sites": sites, "conflicts": [(other, s) for s in _in_town("T07")]}


def _two_towns() -> dict[str, Any]:
    one, two = _in_town("T01", 4), _in_town("T02", 4)
    sites = _sites()
    kept = sites[~sites["town"].isin(["T01", "T02"]) | sites.index.isin([*one, *two])]
    return {"sites": kept, "conflicts": [(a, b) for a in one for b in two]}


PLANTED = {
    "cause_no_candidate": _no_candidate,
    "cause_unreachable": with_lost,
    "quotas_over_new_sites": lambda: {"new_sites": 11},
    "cause_together": lambda: {"quotas": [*large()["quotas"], Quota("county", ("K",), 0, 11)]},
    "cause_budget": lambda: {"budget": Budget(11_999_999)},
    "cause_region": _beds_of_a_region,
    "cause_capacity": lambda: {"capacity": Capacity("beds"), "new_sites": 12, "coverage": Coverage(everyone=True)},
    "cause_barred": _barred,
    "cause_between": _two_towns,
    "cause_clash": lambda: {"quotas": [Quota("town", ("T04",), 2)], "spacing": Spacing(10_001)},
    "cause_spread": lambda: {"objective": "min-sites", "new_sites": 13, "quotas": []},
}
"""What changes the question of ``large``, by the cause that must be named."""
