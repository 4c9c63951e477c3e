"""A siting question's answer, with its proof."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arrays import IntArray
from quarterhour.base.cards import Card, Carded, CardRow, CardTable, Count
from quarterhour.base.errors import first_ids
from quarterhour.base.labels import counted_label, gap_percent, unit_label

Status = Literal["optimal", "bounded", "infeasible", "no_plan"]
Stopped = Literal["", "time", "work", "interrupt"]
UNMET_COLUMNS = ("level", "area", "minimum", "open", "candidates", "reason")


Phrase = tuple[str, dict[str, object]]
"""A sentence of the table of words by its key, and the values that fill it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no plan exists, or what is said of one: a sentence of the table of words and the values that fill it.

    ``values`` are whole: whole numbers, and ids as a tuple of all of them, which ``sentence`` shortens.
    """

    key: str
    values: Mapping[str, object]

    def sentence(self, lang: str) -> str:
        """The sentence in a language."""
        return i18n.say(self.key, lang, **{name: _said(name, value, lang) for name, value in self.values.items()})


def _said(name: str, value: Any, lang: str) -> object:
    """A value in a language: ``level`` is one or several; ``rules``, ``within`` are sentences; a dict has both."""
    if name == "level":
        levels = value if isinstance(value, tuple) else (value,)
        return i18n.say("explanation.and", lang).join(i18n.label("explanation", str(v), lang) for v in levels)
    if name in ("rules", "within"):
        return i18n.say("explanation.between", lang).join(Reason(key, values).sentence(lang) for key, values in value)
    if isinstance(value, dict):
        return value[lang]
    if isinstance(value, tuple):
        return first_ids(value, lang=lang) or "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return unit_label(str(value), lang) if name == "unit" else value


@dataclass(frozen=True, slots=True)
class Level:
    """How good a plan is by one goal of its chain, and that no plan which keeps the goals before is better.

    ``value`` and ``bound``: people (max-cover), sites, people-minutes (min-time), minutes (min-worst), yuan, the
    least share of an area (equity), or Gini's coefficient of these shares, rounded up to a millionth (gini).
    ``gap``: |bound - value| / value; 0 is proven. ``proved_by``: what proved the bound. ``nodes``: of the search tree.
    """

    objective: str
    people: str
    value: float
    bound: float
    gap: float
    proved_by: str
    nodes: int = 0

    @property
    def status(self) -> Status:
        """``optimal`` where value and bound meet, else ``bounded``."""
        return "optimal" if self.gap == 0 else "bounded"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan comes to beside its goals.

    ``cost_yuan``: of what is built. ``people_minutes``: of all whom some site could cover to the nearest open site
    (or the one that serves them); who has none within the standard counts as just at it. ``worst_minutes``: the longest
    of these. ``gini``: of these minutes among people, 0 where all have it equally far. ``least_share``: the least
    share covered of those of an area whom some site could cover (by the level of the equity goal, else town; NaN
    where areas are unknown), and ``least_area`` where.
    ``by_column``: people covered by column of people, whatever share of them counts.
    """

    cost_yuan: int
    people_minutes: float
    worst_minutes: float
    gini: float
    least_share: float
    least_area: str
    by_column: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the bound of a goal rests on, so that it can be checked without a solver (``siting/proof/evidence``).

    ``prices``: vectors x prices, whole numbers in ``1 / scale`` of the goal's unit: of each goal kept before (and of
    ``at_least``), of each rule on sites, of each community. ``tree``: how the sites were divided, depth first: a site's
    position, then the half without it, then the half with it; ``-1 - k`` is a part that vector ``k`` settles.
    """

    scale: int
    prices: IntArray
    tree: IntArray


@dataclass(frozen=True, slots=True)
class Ties:
    """Whether other plans are as good by every goal as one that is proven best.

    ``plans``: what some of them build. ``shared``: sites of the plan that every one of them has, which is proven; ids
    in the plan's order. ``unsettled``: sites of which that was not settled before the work ended.

    Examples
    --------
    >>> import quarterhour as qh
    >>> problem = qh.siting_from_matrix([[4, 20], [20, 4]], [50, 50], within=10, new_sites=1)
    >>> qh.siting.find_ties(problem, qh.solve_siting(problem))
    Ties(plans=(('1',),), shared=(), unsettled=())
    """

    plans: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]
    unsettled: tuple[str, ...]

    def sentences(self, lang: str, names: Mapping[str, str] | None = None) -> list[str]:
        """What is known of other plans that are as good; ``names``: of sites, which else go by their ids.

        Nothing of a plan that builds nothing.
        """
        shared, unsettled = (
            first_ids(((names or {}).get(site) or site for site in sites), lang=lang)
            for sites in (self.shared, self.unsettled)
        )
        key = "ties_some" if self.plans and self.shared else "ties_any" if self.plans else "ties_none"
        nothing = not self.plans and (self.unsettled or not self.shared)
        said = [] if nothing else [i18n.say(f"outlook.{key}", lang, sites=shared)]
        return said + ([i18n.say("outlook.ties_unsettled", lang, sites=unsettled)] if self.unsettled else [])


@dataclass(frozen=True, eq=False)
class SitingPlan(Carded):
    """An answer with its proof.

    ``chosen``: site ids in the order of building (required sites first, each group best first; of a study that builds
    over years, by year and within a year best first).
    ``gain``: Series by chosen site id: people newly covered when built in that order, or, where sites have a
    capacity, the people that the site serves.
    ``assignment``: Series by community id: the nearest open site within the standard (missing: not covered); where
    sites have a capacity the one that serves it (most of it, if shared out: ``served`` has the parts).
    ``served``: DataFrame ``community, site, people``, only where sites have a capacity.
    ``levels``: value, bound and gap by each goal. ``value``, ``bound``: of the first. ``gap``: the largest.
    ``status``: ``optimal`` when every gap is 0, ``bounded`` otherwise, ``infeasible``, ``no_plan`` (stopped before
    any plan was found); the last two choose nothing and have no value, bound, gap (NaN) or levels.
    ``unit``: what its people are, as ``people``, ``older``, ``graves``.
    ``covered_before``: people covered by the existing sites alone (whatever their capacity); ``covered``: by the
    plan; ``placed_before``: where sites have a capacity, the people who find a place at the existing sites alone, which
    is what ``covered`` compares with (None where nobody counted it); ``demand_total``; ``reachable``: people whom some
    site could cover at all. ``figures``: further counts.
    ``unmet``: quota rows lowered to what is possible since the area has too few admissible sites, as
    DataFrame ``level, area, minimum, open, candidates, reason`` (``no_candidate``, ``too_few_candidates``).
    ``proved_by``: what proved the first bound. ``input_hash``: sha256 of the question. ``versions``: of the
    program and its solver. ``stopped``: ``time``, ``work``
    (``nodes`` or ``rounds``) or ``interrupt`` where that ended the search, else "".
    ``reasons``: why there is no plan, empty where there is one.
    ``evidence``: by goal what its bound rests on, or the reason why that is not told; empty where nobody asked for it.
    ``ties``: whether other plans are as good; None where nobody asked, or the plan is not proven best.

    Examples
    --------
    >>> import quarterhour as qh
    >>> plan = qh.solve_siting(qh.siting_from_matrix([[4, 20], [12, 9]], [50, 30], within=10, new_sites=1))
    >>> plan
    <SitingPlan matrix: optimal, 1 new site, 62.5% covered>
    >>> plan.chosen, plan.value, plan.bound, plan.gap, plan.assignment.dropna().to_dict()
    (('0',), 50.0, 50.0, 0.0, {'0': '0'})
    """

    problem_id: str
    objective: str
    chosen: tuple[str, ...]
    gain: pd.Series
    assignment: pd.Series
    value: float
    bound: float
    gap: float
    status: Status
    covered_before: int
    covered: int
    demand_total: int
    reachable: int
    unmet: pd.DataFrame
    proved_by: str
    seconds: float
    seed: int
    input_hash: str
    reasons: tuple[Reason, ...] = field(default=())
    levels: tuple[Level, ...] = field(default=())
    served: pd.DataFrame | None = None
    figures: Figures | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    stopped: Stopped = ""
    unit: str = "people"
    placed_before: int | None = None
    evidence: tuple[Evidence | Reason, ...] = ()
    ties: Ties | None = None

    @property
    def before(self) -> int | None:
        """What the existing sites alone come to, in what ``covered`` counts; None where nobody counted it."""
        return self.placed_before if self.placed else self.covered_before

    @property
    def count(self) -> Count:
        """Whom the plan covers or places, of all whom the question counts; the share is None where it counts nobody."""
        return self._of_all(self.covered)

    @property
    def count_before(self) -> Count:
        """The same by the existing sites alone; nobody's number where nobody counted it."""
        return Count(total=self.demand_total) if self.before is None else self._of_all(self.before)

    def _of_all(self, covered: int) -> Count:
        return Count(covered, self.demand_total, covered / self.demand_total if self.demand_total else None)

    @property
    def placed(self) -> bool:
        """Whether sites have room for so many, who then are placed rather than covered."""
        return self.served is not None

    def card(
        self, lang: str = "zh", *, name: str = "", rows: Sequence[CardRow] = (), further: Sequence[CardTable] = ()
    ) -> Card:
        """The plan at a glance; ``name``: the question's, else its id; ``rows``, ``further``: what it comes to by area.

        Where there is no plan it has no ``count``, and ``before`` is as it stands.
        """
        own: dict[str, Any] = {"id": self.problem_id, "before": self.count_before, "further": tuple(further)}
        kind, heading = i18n.say("cards.plan", lang), name or self.problem_id
        status = i18n.say(f"cards.{self.status}", lang, gap=gap_percent(self.gap))
        if self.status in ("infeasible", "no_plan"):
            why = tuple(reason.sentence(lang) for reason in self.reasons)
            return Card(kind, heading, "—", status, None, tuple(rows), why, **own)
        unit, count = unit_label(self.unit, lang), self.count
        counted = {"counted": counted_label(self.unit, lang), "covered": self.covered, "total": self.demand_total}
        lines = [i18n.say("cards.sites", lang, sites=len(self.chosen)), status]
        lines += [] if self.before is None else [i18n.say("cards.before", lang, before=self.before, unit=unit)]
        lines += [i18n.say("cards.unmet", lang, count=len(self.unmet))] if len(self.unmet) else []
        said = i18n.say("cards.placed" if self.placed else "cards.covered", lang, unit=unit, **counted)
        return Card(
            kind, heading, count.percent, said, count.share, tuple(rows), tuple(lines), count=count, **own
        )  # fmt: skip

    def __repr__(self) -> str:
        sites = f"{len(self.chosen)} new site" + ("" if len(self.chosen) == 1 else "s")
        said = f"{self.status}, {sites}, {self.count.percent} covered"
        lost = self.demand_total - self.reachable
        said += f", {lost:,} of {self.demand_total:,} {self.unit} out of reach" if lost else ""
        said += f", {len(self.unmet)} quotas not met" if len(self.unmet) else ""
        return f"<SitingPlan {self.problem_id}: {said}>"


def relative_gap(value: float, bound: float) -> float:
    """How far a plan may be from the best: |bound - value| / value; 0 is proven, inf where value is 0."""
    if value == bound:
        return 0.0
    return abs(bound - value) / value if value else math.inf
