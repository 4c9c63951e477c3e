"""The order of building: which of the chosen sites gains most next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import WHOLE, SitingProblem


def building_order(measure: Measure, choice: Choice) -> pd.Series:
    """What each new site adds, in the order in which to build.

    Existing sites stand already; required ones come first, then the rest, each time the one that covers
    most people not yet covered; ties to the earlier in the table of sites. Where sites have a capacity: the people
    that each serves, most first.
    """
    existing, required = measure.problem.existing, measure.problem.required
    stages = [np.flatnonzero(choice.opened & ~existing & (required == first)).tolist() for first in (True, False)]
    if choice.served is not None:
        serves = np.bincount(measure.problem.near.site[choice.served.pair], choice.served.people, len(existing))
        order = [s for stage in stages for s in sorted(stage, key=lambda s: (-serves[s], s))]
        return _as_gain(measure, order, [int(serves[s]) * WHOLE for s in order])
    return _as_gain(measure, *_greedy(measure, existing, stages))


def in_stages(problem: SitingProblem, plan: SitingPlan, stages: Sequence[Sequence[str]]) -> SitingPlan:
    """The same plan, built stage by stage: within a stage whichever site gains most comes first.

    ``stages``: the ids of all sites that the plan builds, each in one stage. The gains are those of this order.
    """
    if plan.placed:
        places = {site: place for place, site in enumerate(problem.sites.index)}
        order = [s for stage in stages for s in sorted(stage, key=lambda s: (-plan.gain[s], places[s]))]
        return replace(plan, chosen=tuple(order), gain=plan.gain.loc[order])
    measure = Measure(problem)
    positions = [problem.sites.index.get_indexer(pd.Index(list(stage), dtype="str")).tolist() for stage in stages]
    gain = _as_gain(measure, *_greedy(measure, problem.existing, positions))
    return replace(plan, chosen=tuple(str(s) for s in gain.index), gain=gain)


def _as_gain(measure: Measure, order: list[int], gains: list[int]) -> pd.Series:
    """By site id what it adds, out of ten thousandths; whole numbers where all are."""
    whole = all(g % WHOLE == 0 for g in gains)
    said = [g // WHOLE if whole else float(Fraction(g, WHOLE)) for g in gains]
    index = measure.problem.sites.index[order]
    return pd.Series(said, index=index, dtype="int64" if whole else "float64", name="gain")


def _greedy(measure: Measure, opened: BoolArray, stages: list[list[int]]) -> tuple[list[int], list[int]]:
    """Positions and gains in ten thousandths, best first within each stage."""
    standing = _Standing(measure, opened | np.isin(np.arange(len(opened)), sum(stages, start=[])))
    for site in np.flatnonzero(opened).tolist():
        standing.build(site)
    order, gains = [], []
    # What a site adds only falls as others are built, unless the second site in reach adds more than the first.
    falls = measure.problem.coverage.backup is None
    for stage in stages:
        adds = {s: standing.adds(s) for s in stage}
        while adds:
            best = max(adds, key=lambda s: (adds[s], -s))  # noqa: B023
            now = standing.adds(best)
            if falls and now < adds[best]:
                adds[best] = now
                continue
            if not falls:
                adds = {s: standing.adds(s) for s in adds}
                best = max(adds, key=lambda s: (adds[s], -s))  # noqa: B023
            order.append(best)
            gains.append(adds.pop(best))
            standing.build(best)
    return order, gains


class _Standing:
    """The best and second best percent of each community as sites are built one after the other."""

    def __init__(self, measure: Measure, sites: BoolArray) -> None:
        near = measure.problem.near
        pair = np.flatnonzero(sites[near.site])
        pair = pair[np.argsort(near.site[pair], kind="stable")]
        self.row, self.percent = np.searchsorted(near.start, pair, side="right") - 1, measure.percent[pair]
        self.begins, self.ends = (
            np.searchsorted(near.site[pair], np.arange(len(sites)), side) for side in ("left", "right")
        )
        self.worth, self.people = measure.worth, measure.problem.people_of[""]
        self.first, self.second = np.zeros_like(self.people), np.zeros_like(self.people)

    def _with(self, site: int) -> tuple[IntArray, IntArray, IntArray]:
        mine = slice(self.begins[site], self.ends[site])
        row, percent = self.row[mine], self.percent[mine]
        first, second = self.first[row], self.second[row]
        return row, np.maximum(first, percent), np.maximum(second, np.minimum(first, percent))

    def adds(self, site: int) -> int:
        """People newly covered, in ten thousandths."""
        row, first, second = self._with(site)
        return int(self.people[row] @ (self.worth[first, second] - self.worth[self.first[row], self.second[row]]))

    def build(self, site: int) -> None:
        """Let it stand."""
        row, first, second = self._with(site)
        self.first[row], self.second[row] = first, second
