"""All that a run found: circles, scorecards, capacity and care, siting proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, Carded
from quarterhour.base.findings import by_quality, no_findings
from quarterhour.services.beds import Conversion
from quarterhour.services.equity import Equity
from quarterhour.services.floating_catchments import Served
from quarterhour.services.forecast.values import Forecast
from quarterhour.services.graves import GraveDemand
from quarterhour.services.rounds import RoundsPlan
from quarterhour.services.territories import Territories
from quarterhour.siting.candidates.generate import no_ledger
from quarterhour.siting.candidates.overlay import Overlay
from quarterhour.siting.outlook.answers import NearBest, Phasing, Relaxation, RobustSites
from quarterhour.siting.outlook.relocation import Relocation
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.standards.circle import AreaNames, CircleCheck
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import CoverageRange
from quarterhour.standards.tiers import TierCheck
from quarterhour.study.cards.names import card_names, names_by_area
from quarterhour.study.cards.plan import proposal_card
from quarterhour.study.file.services import AccessFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.publication.protection import Protection
from quarterhour.study.siting.coverage import coverage_by_area, coverage_by_community
from quarterhour.study.study import Study
from quarterhour.travel.paths import Paths
from quarterhour.travel.times import Heading, TravelTimes


@dataclass(frozen=True, eq=False)
class Access:
    """A question of capacity: by method the access of each community, who is served, how evenly it is shared.

    ``access``: by community, a column a method; ``towns``: the town of each. ``equity`` of the first method;
    ``by_town`` its measures.
    """

    asked: AccessFile
    access: pd.DataFrame
    people: pd.Series
    towns: pd.Series
    served: Served
    equity: Equity
    by_town: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Care:
    """All of it; what the study does not ask for is empty or None.

    ``conversions``: by area (county id, or ``city``). ``bed_need``: by county ``people, wanted, beds, short``.
    ``missing``: what could not be computed, as ``part, table,
    column``.
    """

    access: tuple[Access, ...] = ()
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    territories: Territories | None = None
    rounds: RoundsPlan | None = None
    graves: GraveDemand | None = None
    graves_shared_out: bool = False
    bed_need: pd.DataFrame | None = None
    overlay: Overlay | None = None
    parcels: gpd.GeoDataFrame | None = None
    missing: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Moving:
    """Which existing sites may close, and what closing each costs less what it saves, in yuan; None: not counted."""

    may_close: tuple[str, ...]
    yuan: Mapping[str, int] | None


@dataclass(frozen=True, eq=False)
class Prospects:
    """What the study asks for beside the plan; None where it does not, or where there is no plan.

    ``frontier``: ``siting.frontier`` without the minima of quotas: the most that 1, 2, 3 ... new sites cover or place;
    ``now``: what stands today covers or places. ``phasing``: the order of building, and ``first_year`` of its steps.
    ``values``: of each open site, if it alone closes. ``robust``: how often each site stays chosen. ``near_best``:
    other plans nearly as good. ``reserves``: the best substitutes for each chosen site. ``budgets``:
    ``siting.budget_frontier``, with other amounts of money. ``relocations``: ``siting.relocate``, for 1, 2 ... sites
    closed; ``moving`` what it was asked with. ``regions``: what each has of a plan (``siting.RegionalPlan``).
    """

    frontier: pd.DataFrame | None = None
    now: int = 0
    phasing: Phasing | None = None
    first_year: int = 0
    values: pd.DataFrame | None = None
    robust: RobustSites | None = None
    near_best: NearBest | None = None
    reserves: pd.DataFrame | None = None
    budgets: pd.DataFrame | None = None
    relocations: tuple[Relocation, ...] = ()
    moving: Moving | None = None
    regions: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Proposal(Carded):
    """A siting question's plan, its sites on the ground, and the ledger of candidates removed.

    ``relaxations``, ``unchecked`` and ``reported`` as ``siting.sites.Offered`` has them. ``changes``: where there is
    no plan, what would make one. ``prospects``: what lies behind it. ``money``: by site ``cost_yuan, running_yuan,
    beds, staff``, NA where nobody says. ``quota_classes``: by quota of the problem the classes of areas that it is
    for; empty for all.
    """

    id: str
    zh: str
    en: str
    kind: str
    problem: SitingProblem
    plan: SitingPlan
    sites: gpd.GeoDataFrame
    ledger: pd.DataFrame
    relaxations: pd.DataFrame = field(default_factory=pd.DataFrame)
    unchecked: tuple[str, ...] = ()
    changes: tuple[Relaxation, ...] = ()
    prospects: Prospects = Prospects()
    reported: pd.DataFrame = field(default_factory=no_ledger)
    money: pd.DataFrame = field(default_factory=pd.DataFrame)
    quota_classes: tuple[tuple[str, ...], ...] = ()

    def name(self, lang: str) -> str:
        """The question's name in a language."""
        return self.zh if lang == "zh" else self.en

    def card(self, lang: str = "zh", *, names: AreaNames | None = None, areas: pd.DataFrame | None = None) -> Card:
        """The plan at a glance with its counties; ``names``: of areas by level and id, which else go by their ids.

        ``areas``: who is covered by area, as ``coverage_by_area`` has it; if None, by county and town.
        """
        if areas is None:
            areas = coverage_by_area(self.problem, coverage_by_community(self.problem, self.plan))
        return proposal_card(self.plan, self.name(lang), areas, names or {}, lang)

    def __repr__(self) -> str:
        return repr(self.plan).replace("<SitingPlan", "<Proposal", 1)

    @property
    def new_sites(self) -> list[str]:
        """The sites to build, in their order."""
        return [site for site in self.plan.chosen if self.sites.at[site, "state"] != "existing"]

    @property
    def sites_by_quality(self) -> dict[str, int]:
        """How many of the sites to be built are known for a fact, estimated, made up."""
        return by_quality(self.sites.loc[list(self.plan.chosen)].get("quality", ()))

    @property
    def years(self) -> dict[str, int]:
        """By site id the year in which it is built; empty where the study names no years."""
        if self.prospects.phasing is None:
            return {}
        steps = self.prospects.phasing.steps["sites"]
        first = self.prospects.first_year - 1  # step 0 is as it is now
        return {str(site): first + step for step, sites in enumerate(steps) for site in sites}

    @property
    def unit(self) -> str:
        """What the plan counts: a column of people, or what a capacity is in."""
        return self.problem.unit


@dataclass(frozen=True, eq=False)
class BurialBalance:
    """Need and supply of burial places.

    ``towns``: as ``services.burial_balance`` has it. ``city``: the same for all towns together. ``question``: id of the
    siting question whose plan counts; "" where none places graves: then free graves count in the town they stand in.
    """

    towns: pd.DataFrame
    city: pd.DataFrame
    question: str = ""


@dataclass(frozen=True, eq=False)
class Programme:
    """Money and staff by fiscal year.

    ``sites``: a row a site of a plan: ``question, site, name, town, county, year`` (NA: none), ``state, capital_yuan,
    running_yuan`` (a year), ``staff, beds, counted`` (what it adds, in ``unit``), ``people`` (the same where people are
    counted), ``quality``, ``running_from`` (the first year it is run).
    ``years``: a row a year, county and question: ``sites, capital_yuan, staff, beds, people`` of that year's new sites,
    ``running_yuan`` of all that are run in it, ``sites_so_far, staff_so_far, beds_so_far``, and ``unknown``: how many
    of the figures that it adds up nobody says. Every question has the same years, up to the one after the last in which
    any builds, with what is then run; sites without a year stand in a row whose year is NA.
    ``totals``: the same by year and question for all counties, and by year for all (question "", ``people`` NA: several
    questions may count the same people).
    Whole yuan; a sum with a figure that nobody says is NA, never less than all.
    """

    sites: pd.DataFrame
    years: pd.DataFrame
    totals: pd.DataFrame


@dataclass(frozen=True, eq=False)
class CircleRoutes:
    """The ways behind a circle's minutes.

    ``paths``: of every community, in the order of its table, to the nearest facility of the circle. ``closing``: by
    question that belongs to the circle, the nearest of its proposed sites for each community outside: ``site, minutes``
    by community id, however far.
    """

    circle: str
    paths: Paths
    closing: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Traveller:
    """Who goes, in a question that is tried in the room.

    ``times``: of all communities by the sites of the question, turnout apart. ``turnout_minutes``: its own.
    ``standards``, ``turnouts`` (minutes) and ``paces`` (percent of the mode's) may be asked for; the pace alone where
    some time does not depend on it. ``step_cs``: every limit that these come to is so many whole steps.
    """

    mode: str
    zh: str
    en: str
    times: TravelTimes
    turnout_minutes: float
    standards: tuple[float, ...]
    turnouts: tuple[float, ...]
    paces: tuple[int, ...]
    step_cs: int

    def name(self, lang: str) -> str:
        """Its name in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A question as it can be tried in the room: other sites open, another standard, another pace.

    ``circle``, ``question``: ids of what asks it, "" where none does. ``people``: whole, by community; ``unit``: what
    they are. ``minutes``: the standard. ``sites``: by id, existing ones first: ``state, name, town, county, quality``,
    ``community`` (its position, -1 where a site stands at none), ``cost_yuan`` (missing where nobody says), ``order``
    and ``year`` in the plan (0: not in it, none), ``sure`` (how often it stays chosen; missing where nobody asked).
    ``travellers``: the question's own first. ``left_off``: how many further candidates there are.
    ``left_out``: why it cannot be tried, ``classes, steps, backup, tier, every_kind``; then there are no travellers.
    ``notes``: what a count in the room leaves out, ``capacity``.
    """

    circle: str
    question: str
    zh: str
    en: str
    unit: str
    people: pd.Series
    minutes: float
    heading: Heading
    sites: gpd.GeoDataFrame
    travellers: tuple[Traveller, ...] = ()
    left_off: int = 0
    left_out: str = ""
    notes: tuple[str, ...] = ()

    def name(self, lang: str) -> str:
        """The question's name in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, eq=False)
class Results(Carded):
    """All that a run found. ``findings`` are those of the inputs and of the run.

    ``ranges``: circles whose pace is known as a range. ``pictures``: as ``isochrones`` makes them, with the id of
    their circle. ``scorecards``: one for each date that the study asks for, the reference date's first
    (``scorecard`` is that one). ``earlier``: rows of an earlier run's scorecard to compare with, ``earlier_plans``:
    by question that run's plan with its question. ``routes``: one a circle. ``od``: all pairs of the circles, where
    the study asks for them: ``circle, community, site, kind, minutes``. ``what_if``: what can be tried on the page.
    ``burial``: need and supply of burial places. ``forecast``: older people by town, county and city, where the
    study asks for it; ``study`` and ``inputs`` then have the columns of the years that its parts ask for.
    ``programme``: money and staff by year, where a question says of them or of years. ``seconds`` by step go into
    the manifest alone. ``protection``: how counts of persons were put together, in results that may be published;
    None in those that hold the truth. ``before``: the study and its inputs as they were before a forecast, where
    they are worked out again to be published. ``done``: what the run was asked for, ``checks`` and ``siting``.
    """

    study: Study
    inputs: Inputs
    checks: tuple[CircleCheck, ...] = ()
    compare: tuple[CircleCheck, ...] = ()
    ranges: tuple[CoverageRange, ...] = ()
    pictures: gpd.GeoDataFrame | None = None
    scorecards: Mapping[date, Scorecard] = field(default_factory=dict)
    tiers: Mapping[str, TierCheck] = field(default_factory=dict)
    earlier: pd.DataFrame | None = None
    earlier_plans: Mapping[str, tuple[SitingProblem, SitingPlan]] = field(default_factory=dict)
    care: Care = field(default_factory=Care)
    forecast: Forecast | None = None
    proposals: tuple[Proposal, ...] = ()
    routes: tuple[CircleRoutes, ...] = ()
    od: pd.DataFrame | None = None
    what_if: tuple[WhatIf, ...] = ()
    burial: BurialBalance | None = None
    programme: Programme | None = None
    findings: pd.DataFrame = field(default_factory=no_findings)
    seconds: dict[str, float] = field(default_factory=dict)
    protection: Protection | None = None
    before: tuple[Study, Inputs] | None = None
    done: tuple[str, ...] = ()

    def names(self, level: str) -> dict[str, str]:
        """The names of towns (``town``) or counties (``county``) by id; those that have none are not there."""
        table = self.inputs.towns if level == "town" else self.inputs.counties
        return {str(area): str(name) for area, name in names_by_area(table).items() if name}

    def card_of(self, part: CircleCheck | CoverageRange | Proposal, lang: str = "zh") -> Card:
        """A circle, a range or a plan of these results at a glance, its areas by name.

        The one view of it that notebook, map page and papers show: first figure, shares by area, sentences.
        """
        names = card_names(self.inputs, self.scorecard, lang)
        if isinstance(part, Proposal):
            return part.card(lang, names=names, areas=self.covered_areas(part))
        return part.card(lang, names=names)

    def covered_areas(self, proposal: Proposal) -> pd.DataFrame:
        """Whom a plan covers by area, as ``coverage_by_area``.

        Units and classes of which people are only about so many are left out, where the results are published.
        """
        communities = self.inputs.communities
        found = coverage_by_community(proposal.problem, proposal.plan)
        table = coverage_by_area(proposal.problem, found, communities)
        asked = next((q.people for q in self.study.file.siting if q.id == proposal.id), {})
        about = [] if self.protection is None else [self.protection.about(c, communities) for c in asked]
        for level, areas in ((level, areas) for of_column in about for level, areas in of_column.items()):
            table = table[~(table["level"].eq(level) & table["area"].isin(areas))]
        return table

    def card(self, lang: str = "zh") -> Card:
        """All that the run found at a glance: its circles, scorecard and plans, a card each."""
        tables = self.inputs
        counts = {"communities": len(tables.communities), "facilities": len(tables.facilities)}
        shown: list[CircleCheck | CoverageRange] = [*self.checks, *self.ranges]
        parts = [self.card_of(part, lang) for part in shown]
        parts += [] if self.scorecard is None else [self.scorecard.card(lang)]
        parts += [self.card_of(proposal, lang) for proposal in self.proposals]
        changes = self.study.changes.sentences(lang)
        lines = (
            [i18n.say("scenario.head", lang, changes=("；" if lang == "zh" else "; ").join(changes))] if changes else []
        )
        lines += [i18n.say("cards.tables", lang, **counts)]
        lines += [i18n.say("cards.demonstration", lang)] if self.made_up else []
        lines += self.truth_lines(lang)
        return Card(i18n.say("cards.results", lang), self.study.name(lang), lines=tuple(lines), parts=tuple(parts))

    def truth_lines(self, lang: str) -> list[str]:
        """That counts are the true ones, where the study guards persons and these results are not to be published."""
        return [i18n.say("cards.truth", lang)] if self.study.file.guarded and self.protection is None else []

    def __repr__(self) -> str:
        shares = "".join(f", {c.circle.id} {c.count.percent}" for c in self.checks)
        count = len(self.proposals)
        plans = f", {count} siting plan{'s' if count > 1 else ''}" if count else ""
        kind = ", protected" if self.protection is not None else ""
        communities = f"{len(self.inputs.communities):,} communities"
        return f"<Results of {self.study.file.study.id}: {communities}{shares}{plans}{kind}>"

    def hidden(self, column: str) -> pd.Series:
        """By community whether its count of a column of people is one of few, which is not shown."""
        known, ids = self.protection, self.inputs.communities.index
        if known is None or column not in known.columns:
            return pd.Series(False, index=ids)
        return known.hidden(column).reindex(ids, fill_value=False)

    @property
    def made_up(self) -> bool:
        """Whether any row that the results rest on is made up for demonstration, sites to be built included."""
        return self.inputs.made_up or any(p.sites_by_quality["synthetic"] for p in self.proposals)

    @property
    def scorecard(self) -> Scorecard | None:
        """The scorecard on the reference date."""
        return next(iter(self.scorecards.values()), None)
