"""What an outlook on a plan comes to: an order of building, sites that stay chosen, a rule that gives way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.labels import unit_label
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.plan import Phrase, Reason, SitingPlan
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
