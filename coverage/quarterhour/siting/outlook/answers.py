"""What an outlook on a plan comes to: an order of building, sites that stay chosen, a rule that gives way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.labels import percent, unit_label
from quarterhour.siting.explanation.headline import figure_phrase
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.plan import Level, Phrase, Reason, SitingPlan, Ties
from quarterhour.siting.question.problem import Goal, SitingProblem


@dataclass(frozen=True, eq=False)
class Phasing:
    """In which order to build a plan.

    ``goal``: what the steps are measured by: the plan's first goal if that is ``max-cover`` or ``min-time``, else
    the people covered. ``order``: site ids, first built first. ``proven``: whether no order comes to a better sum
    over the steps.
    ``steps``: a row a step, from 0 (as it is now), with ``built`` (new sites so far), ``sites`` (ids built in this
    step), ``value`` (people covered, or people-minutes), ``best`` (of the best plan found with as many new sites),
    ``bound`` (no plan with as many is better), ``loss`` (how much worse the step is than the best found) and
    ``loss_at_most`` (than any), ``proved_by``. The plans compared with need neither keep minima of quotas nor build
    what is required: those hold once all is built.
    ``money``: where each year has only so much, by step ``cap_yuan`` (given that year), ``available_yuan`` (with what
    was carried over), ``spent_yuan`` and ``left_yuan``; a step may then build nothing. ``late``: sites that no year
    builds, with the reason: ``too_dear`` (no year could pay for it alone) or ``no_money`` (the years end before).

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=2)
    >>> phasing = qh.siting.phase_plan(problem, qh.solve_siting(problem))
    >>> phasing
    <Phasing max-cover: 2 sites in 2 steps, loss at most 0>
    >>> phasing.order, phasing.steps["value"].tolist()
    (('0', '1'), [0.0, 60.0, 110.0])
    """

    goal: Goal
    order: tuple[str, ...]
    proven: bool
    steps: pd.DataFrame
    money: pd.DataFrame | None = None
    late: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        most = self.steps["loss_at_most"].max()
        steps = len(self.steps) - 1
        return f"<Phasing {self.goal.objective}: {len(self.order)} sites in {steps} steps, loss at most {most:g}>"


@dataclass(frozen=True, eq=False)
class RobustSites:
    """How often each site is part of the best plan found, over seeded scenarios.

    ``sites``: by site id, most often first: ``state``, ``chosen`` (in how many scenarios), ``share`` of those that
    have a plan, ``in_plan`` (whether the plan that was given builds it). Existing sites are not there.
    ``scenarios``: a row a scenario: ``speed`` (factor), ``people`` (that count, in all), ``status``, ``value``,
    ``bound``, ``gap``, ``new_sites``; before them ``name`` where scenarios have one (blank: the question as it is).
    Where ``gap`` is above 0 another plan may be better, and its sites others.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [12, 9], [30, 7]], [60, 30, 20], within=10, new_sites=1)
    >>> robust = qh.siting.robust_sites(problem, scenarios=3, seed=1)
    >>> robust
    <RobustSites: 3 scenarios, 3 proven: 1 sites in all, 1 in some>
    >>> robust.always(0.5)
    ['0']
    """

    sites: pd.DataFrame
    scenarios: pd.DataFrame

    @property
    def proven(self) -> int:
        """In how many scenarios the plan is proven best."""
        return int(self.scenarios["status"].eq("optimal").sum())

    def always(self, share: float = 1.0) -> list[str]:
        """The sites chosen in at least such a share of the scenarios."""
        return [str(s) for s in self.sites.index[self.sites["share"] >= share]]

    def __repr__(self) -> str:
        return (
            f"<RobustSites: {len(self.scenarios)} scenarios, {self.proven} proven: {len(self.always())} sites in all, "
            f"{int((self.sites['chosen'] > 0).sum())} in some>"
        )


@dataclass(frozen=True, eq=False)
class Relaxation:
    """One rule that, alone, can give enough.

    ``rule``: ``new_sites, budget, people, quotas, spacing, conflicts, capacity, farthest, least_load``. ``asked``: what
    it asks for now; ``needed``: what it must be at the least (or at most) for a plan to exist; of conflicts the pairs
    that must be allowed, of capacity how much more room is needed (NaN for quotas, and for a rule that is dropped
    whole).
    ``proven``: no smaller change of this rule alone is enough. ``plan``: the plan that then exists. ``changes``: what
    becomes of single areas, pairs or sites, as sentences; empty where the rule is dropped whole.
    """

    rule: str
    asked: float
    needed: float
    proven: bool
    plan: SitingPlan
    changes: tuple[Phrase, ...] = ()

    def sentence(self, lang: str) -> str:
        """The change in a sentence."""
        whole = math.isnan(self.needed) and not self.changes
        key = (
            f"outlook.relax_{self.rule}" + ("_by" if self.changes else "") + ("" if self.proven or whole else "_found")
        )
        asked, needed = (_amount(v) for v in (self.asked, self.needed))
        said = first_ids((Reason(k, v).sentence(lang) for k, v in self.changes), lang=lang)
        unit = next((str(v["unit"]) for _, v in self.changes if "unit" in v), self.plan.unit)
        return i18n.say(key, lang, asked=asked, needed=needed, unit=unit_label(unit, lang), changes=said)


@dataclass(frozen=True, eq=False)
class NearPlan:
    """A near-best plan, and what differs from the plan that it stands beside.

    ``plan``: an answer to the question like any other. ``left_out``, ``built_instead``: ids. ``levels``: its values by
    goal, each with the bound on all plans that differ from those before it as it does. ``by_town``: people
    ``newly_covered``, ``no_longer_covered``, and of those covered by both ``nearer`` and ``farther``, as
    ``compare_plans`` counts them, of the towns in which that is anybody.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[5, 20, 30], [12, 8, 25], [40, 14, 9], [50, 35, 11]]
    >>> problem = qh.siting_from_matrix(minutes, [100, 40, 30, 7], objective="min-time", new_sites=2)
    >>> (other,) = qh.siting.near_best(problem, qh.solve_siting(problem), within=0.5).plans
    >>> other.left_out, other.built_instead, other.proven
    (('2',), ('1',), True)
    """

    plan: SitingPlan
    left_out: tuple[str, ...]
    built_instead: tuple[str, ...]
    levels: tuple[Level, ...]
    by_town: pd.DataFrame

    @property
    def proven(self) -> bool:
        """Whether no plan that differs as it does is better."""
        return all(level.gap == 0 for level in self.levels)

    @property
    def people(self) -> Mapping[str, int]:
        """The columns of ``by_town`` in all."""
        return {str(name): int(count) for name, count in self.by_town.sum().items()}


@dataclass(frozen=True, eq=False)
class NearBest:
    """The best plans that differ from a plan and from each other.

    ``ended``: ``beyond`` (proven: no further one is within the share; ``bound`` is the worst value that would be),
    ``none`` (proven: no further one differs so at all), ``most`` (as many as were asked for; further ones may be as
    good as ``bound``), ``open`` (time or work ended; as ``most``). ``bound``: in the unit of the first goal, NaN for
    ``none``. ``ties``: None where the plan is not proven best.

    Examples
    --------
    >>> import quarterhour as qh
    >>> minutes = [[5, 20, 30], [12, 8, 25], [40, 14, 9], [50, 35, 11]]
    >>> problem = qh.siting_from_matrix(minutes, [100, 40, 30, 7], objective="min-time", new_sites=2)
    >>> qh.siting.near_best(problem, qh.solve_siting(problem), within=0.5)
    <NearBest: 1 plans within 50.0%, beyond, bound 1990.5>
    """

    plan: SitingPlan
    within: float
    least_difference: int
    plans: tuple[NearPlan, ...]
    ended: Literal["beyond", "none", "most", "open"]
    bound: float
    ties: Ties | None

    def __repr__(self) -> str:
        return f"<NearBest: {len(self.plans)} plans within {percent(self.within)}, {self.ended}, bound {self.bound:g}>"

    @property
    def better(self) -> int:
        """How many of those listed are better than the plan, as they can be where it is not proven best."""
        goals = [Goal(level.objective) for level in self.plan.levels]
        return sum(_is_before(goals, one.plan.levels, self.plan.levels) for one in self.plans)

    def sentence(self, lang: str) -> str:
        """How the list ends, and whether some are better than the plan."""
        end = i18n.say(
            f"outlook.near_{self.ended}", lang, count=len(self.plans), least=self.least_difference,
            within=percent(self.within), bound=figure_phrase(self.plan.objective, self.bound),
        )  # fmt: skip
        more = i18n.say("outlook.near_better", lang, count=self.better) if self.better else ""
        return ("" if lang == "zh" else " ").join(filter(None, (end, more)))

    def sentences(self, lang: str) -> list[str]:
        """How the list ends, and whether other plans are as good as the best."""
        return [self.sentence(lang), *(self.ties.sentences(lang) if self.ties is not None else ())]


def _is_before(goals: Sequence[Goal], one: Sequence[Level], other: Sequence[Level]) -> bool:
    """Whether one is better by the first goal in which two plans differ."""
    for goal, mine, theirs in zip(goals, one, other, strict=True):
        if mine.value != theirs.value:
            return is_better(goal, mine.value, theirs.value)
    return False


def _amount(value: float) -> str:
    """People, sites, metres and yuan whole, minutes as they are; a dash where there is none."""
    if not math.isfinite(value):
        return "-"
    return f"{value:g}" if value < 1_000 and value % 1 else f"{value:,.0f}"


def plan_positions(problem: SitingProblem, plan: SitingPlan) -> IntArray:
    """Positions of the sites that a plan of this question builds, in its order; DataError where it is none."""
    if plan.status in ("infeasible", "no_plan"):
        raise DataError("phasing.no_plan", status=plan.status)
    places = problem.sites.index.get_indexer(pd.Index(plan.chosen, dtype="str"))
    if (places < 0).any():
        raise DataError("phasing.not_its_plan", ids=first_ids(np.array(plan.chosen)[places < 0]))
    if plan.input_hash != input_hash(problem):
        raise DataError("phasing.other_question", plan=plan.problem_id, problem=problem.id)
    return np.asarray(places, dtype=np.int64)
