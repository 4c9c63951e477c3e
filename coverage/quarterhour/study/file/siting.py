"""What a study file may say of siting questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from quarterhour.study.file.fields import (
    Above,
    Flag,
    Heading,
    Name,
    Number,
    Objective,
    Part,
    Whole,
    check_partners,
    check_rising,
    check_turnout,
    wrong,
)
from quarterhour.study.file.forecast import Dated
from quarterhour.study.file.siting_money import BudgetFile, BudgetFrontierFile, MoneyFile, PhasesFile
from quarterhour.study.file.siting_regions import check_by_region

Step = tuple[Above, Annotated[Whole, Field(ge=1, le=100)]]
"""So many minutes, and what percent of the people count up to there."""


class GoalFile(Part):
    """What a plan is to be best at: ``"min-time"`` alone, or with the column of people or the level that it counts."""

    objective: Objective
    people: str = ""
    level: Literal["town", "county"] = "town"

    @property
    def of_coverage(self) -> bool:
        """Whether it is about who is covered, which asks how many sites there may be."""
        return self.objective in ("max-cover", "equity", "gini")


def _chain(given: Any) -> Any:
    """One goal or a chain of them, each by its name alone or as a table."""
    goals = given if isinstance(given, (list, tuple)) else [given]
    return [{"objective": goal} if isinstance(goal, str) else goal for goal in goals]


def _not_empty(goals: tuple[GoalFile, ...]) -> tuple[GoalFile, ...]:
    if not goals:
        raise wrong("field_too_short")
    return goals


def _weights(given: Any) -> Any:
    """One column of people alone counts once."""
    return {given: 1} if isinstance(given, str) else given


class QuotaFile(Part):
    """At least so many open sites in every area of a level; ``tier``: only those that count for this tier.

    ``applies_to``: in towns (镇, 乡) or sub-districts (街道) alone; a town of no known class is not asked, and is told.
    ``groups``: towns that share their sites: so many in each group, whichever of its towns they stand in.
    """

    level: Literal["town", "county"]
    minimum: Whole = Field(default=1, ge=0)
    maximum: Whole | None = Field(default=None, ge=0)
    tier: str = ""
    applies_to: tuple[Literal["town", "sub_district"], ...] = ()
    groups: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()

    @model_validator(mode="after")
    def _some_number_fits(self) -> QuotaFile:
        check_rising(self, "minimum", "maximum")
        of_towns = self.level == "town", 'level = "town"'
        check_partners(self, {"applies_to": of_towns, "groups": of_towns})
        every = [town for group in self.groups for town in group]
        twice = [town for town in every if every.count(town) > 1]
        if twice:
            raise wrong("group_twice", at="groups", given=twice[0])
        return self


class ClassFile(Part):
    """A standard of its own for a class of communities (urban walk, rural drive); what is not said is the question's.

    ``name``: as it stands in the column ``class_column`` of the communities. Steps go with minutes: a class with
    minutes of its own has those steps that it says.
    """

    name: str
    mode: str | None = None
    minutes: Number | None = Field(default=None, gt=0, le=600)
    steps: tuple[Step, ...] | None = None


@dataclass(frozen=True, slots=True)
class OneStandard:
    """How near is near enough for a class of communities, and how one gets there."""

    name: str
    mode: str
    minutes: float
    steps: tuple[tuple[float, int], ...]


class Exclusion(Part):
    """Nothing nearer than so many metres to a layer, to the communities, or to roads of some classes."""

    layer: str
    metres: Number = Field(gt=0, le=1_000_000)
    road_classes: tuple[str, ...] = ()
    clause: str = ""


class SizeFile(Part):
    """A size in which a new site can be built: what it holds, in the unit of the capacity, and its own money.

    What it does not say of money, beds and staff is that of the candidate.
    """

    capacity: Whole = Field(ge=1)
    cost_yuan: Whole | None = Field(default=None, ge=0)
    running_yuan: Whole | None = Field(default=None, ge=0)
    beds: Whole | None = Field(default=None, ge=0)
    staff: Whole | None = Field(default=None, ge=0)


class CapacityFile(Part):
    """What a site can serve, and what communities ask of it: graves by town's need, or a share of people.

    ``column``: of facilities and candidates, so many; where it is blank, ``land`` (m2) holds so many graves by the
    rule set's figures; where that is blank too, ``existing_each`` and ``new_each``. ``split``: a community may be
    shared out among several sites; false: each is served by one site, whole or not at all. ``sizes``: those in which
    each candidate can be built, one of them at most; then neither its column nor ``new_each`` counts.
    """

    unit: Name
    column: str
    land: str | None = None
    existing_each: Whole = Field(default=0, ge=0)
    new_each: Whole = Field(default=0, ge=0)
    share: Number = Field(default=1, gt=0)
    split: Flag = True
    sizes: Annotated[tuple[SizeFile, ...], Field(max_length=20)] = ()
    source: str = ""

    @model_validator(mode="after")
    def _sizes_differ(self) -> CapacityFile:
        held = [size.capacity for size in self.sizes]
        if len(set(held)) < len(held):
            raise wrong("size_twice", at="sizes", given=next(n for n in held if held.count(n) > 1))
        check_partners(self, {"new_each": (not self.sizes, "sizes = []")})
        return self


class RobustFile(Part):
    """How often each site stays chosen when the speed and the people are drawn.

    ``forecast``: the people of each year and variant of the forecast in the stead of drawn ones, at the mode's own
    speed.
    """

    scenarios: Whole = Field(default=10, ge=1, le=200)
    speed: tuple[Above, Above] = (0.8, 1.2)
    people: Number = Field(default=0.1, ge=0, le=1)
    forecast: Flag = False
    source: str = ""

    @model_validator(mode="after")
    def _small_first(self) -> RobustFile:
        drawn = not self.forecast
        check_partners(self, dict.fromkeys(("scenarios", "speed", "people"), (drawn, "forecast = false")))
        if self.speed[0] > self.speed[1]:
            raise wrong("not_rising", given=f"[{self.speed[0]:g}, {self.speed[1]:g}]")
        return self


class RelocationFile(Part):
    """How many existing sites may move: up to ``closings`` close, and at most ``openings`` open for them.

    ``openings``: as many as close where nothing is said. ``may_close``: facilities that may close; none named: all that
    count. ``closing_each``: what closing a site costs, yuan; what it saves is its ``running_yuan`` over the years of
    the budget.
    """

    closings: Whole = Field(ge=1, le=50)
    openings: Whole | None = Field(default=None, ge=0, le=1_000)
    may_close: tuple[str, ...] = ()
    closing_each: Whole | None = Field(default=None, ge=0)


class NearBestFile(Part):
    """Other plans that are nearly as good: how many at most, by how much of the value they may fall short, and how many
    sites they must leave out.
    """

    plans: Whole = Field(default=5, ge=1, le=50)
    within: Number = Field(default=0.01, ge=0, le=1)
    least_difference: Whole = Field(default=1, ge=1, le=1_000)


class SitingFile(Dated):
    """A siting question.

    ``people``: the column that counts, or several with their weights. ``objective``: a goal or a chain of them, each
    kept while the next is bettered. ``new_sites``: how many may be built or upgraded, required ones counted.
    ``required``: candidates that must be built. ``conflicts``: groups of sites of which at most one may be open;
    ``conflict_table``: a [[tables]] with such pairs in its first two columns. ``min_distance_m``: between new sites;
    ``min_distance_existing``: from standing ones as well.
    ``steps``: what percent counts up to how many minutes, the last the standard itself. ``backup``: what percent counts
    with one site near, where two make 100. ``tier``: only sites that count for it cover; ``tiers``: for which tiers a
    kind counts, where the column ``tiers`` of facilities and candidates is blank. ``at_least``: people to cover in any
    case; ``everyone``: all whom some site could. ``farthest``: minutes beyond which nobody may have the nearest open
    site whom some site is so near to, covered or not. ``exclude_unverified``: rules of ``exclude_rules`` that exclude
    though nobody verified them (true: all); others of that sort only report. ``budget_frontier``: budgets at which the
    question is asked as well. ``relocation``: existing sites that may close so that others open. ``reserves``: how many
    substitutes to name for each site of the plan. ``least_load``: how many must use each new site, by the column
    of that name of the candidates first: people to whom it is the nearest, or what of its capacity is taken up.
    ``by_region``: answered region by region, by ``county``, ``town``, or a column of towns or communities.
    ``seconds`` (60 where nothing is said), ``nodes``, ``rounds``: what each search may take; with work alone no clock
    has a say.
    """

    id: Name
    zh: str
    en: str
    kind: str
    mode: str
    minutes: Number = Field(gt=0, le=600)
    heading: Heading = "to_site"
    turnout_minutes: Number = Field(default=0, ge=0)
    people: Annotated[dict[str, Annotated[Whole, Field(ge=1)]], BeforeValidator(_weights)] = Field(min_length=1)
    objective: Annotated[tuple[GoalFile, ...], BeforeValidator(_chain), AfterValidator(_not_empty)] = (
        GoalFile(objective="max-cover"),
    )
    new_sites: Whole | None = Field(default=None, ge=0, le=100_000)
    counts_kinds: tuple[str, ...] = ()
    upgrade_kinds: tuple[str, ...] = ()
    frontier: Whole = Field(default=0, ge=0, le=500)
    budget_frontier: BudgetFrontierFile | None = None
    candidates: Literal["table", "communities", "network", "overlay"] = "communities"
    candidate_count: Whole = Field(default=300, ge=1, le=100_000)
    required: tuple[str, ...] = ()
    quotas: tuple[QuotaFile, ...] = ()
    budget: BudgetFile | None = None
    min_distance_m: Number | None = Field(default=None, gt=0, le=1_000_000)
    min_distance_existing: Flag = False
    conflicts: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    conflict_table: str | None = None
    steps: tuple[Step, ...] = ()
    backup: Whole | None = Field(default=None, ge=0, le=99)
    tier: str = ""
    tiers: dict[str, tuple[Name, ...]] = {}
    at_least: Whole = Field(default=0, ge=0)
    everyone: Flag | None = None
    farthest: Number | None = Field(default=None, gt=0, le=600)
    classes: tuple[ClassFile, ...] = ()
    class_column: str = "class"
    exclude: tuple[Exclusion, ...] = ()
    exclude_rules: tuple[str, ...] = ()
    exclude_unverified: Flag | tuple[str, ...] = ()
    by_region: str = ""
    seconds: Number | None = Field(default=None, gt=0)
    nodes: Whole | None = Field(default=None, ge=1)
    rounds: Whole | None = Field(default=None, ge=1)
    capacity: CapacityFile | None = None
    phases: PhasesFile | None = None
    money: MoneyFile | None = None
    values: Flag = False
    reserves: Whole = Field(default=0, ge=0, le=20)
    least_load: Whole | None = Field(default=None, ge=1)
    robust: RobustFile | None = None
    near_best: NearBestFile | None = None
    relocation: RelocationFile | None = None

    def name(self, lang: str) -> str:
        """The question's name in a language."""
        return self.zh if lang == "zh" else self.en

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of people that it names, those that count first."""
        return tuple(dict.fromkeys([*self.people, *(goal.people for goal in self.objective if goal.people)]))

    @property
    def standards(self) -> tuple[OneStandard, ...]:
        """Mode, minutes and steps of each class of communities; without classes one, by the name ""."""
        return tuple(self._standard(known) for known in self.classes or (ClassFile(name=""),))

    def _standard(self, known: ClassFile) -> OneStandard:
        inherited = self.steps if known.minutes is None else ()
        steps = inherited if known.steps is None else known.steps
        return OneStandard(known.name, known.mode or self.mode, known.minutes or self.minutes, steps)

    @property
    def money_counts(self) -> bool:
        """Whether it needs to know what sites cost."""
        asked = self.budget is not None or self.budget_frontier is not None
        return asked or any(goal.objective == "min-cost" for goal in self.objective)

    @model_validator(mode="after")
    def _count_given(self) -> SitingFile:
        limited = self.new_sites is not None or (self.budget is not None and self.budget.yuan is not None)
        if self.objective[0].of_coverage and not limited:
            raise wrong("no_new_sites")
        return self

    @property
    def _beyond_a_frontier(self) -> str:
        """The first thing asked with which no frontier can be drawn; "" where there is none."""
        asked = {
            "budget": self.budget is not None and self.budget.yuan is not None,
            "backup": self.backup is not None,
            "steps": any(standard.steps for standard in self.standards),
            "at_least": self.at_least > 0,
            "everyone": bool(self.everyone),
            "farthest": self.farthest is not None,
            "least_load": self.least_load is not None,
        }
        return next((name for name, said in asked.items() if said), "")

    @model_validator(mode="after")
    def _can_be_meant(self) -> SitingFile:
        if self.capacity is not None and self.backup is not None:
            raise wrong("backup_and_capacity")
        if self.capacity is not None and self.farthest is not None:
            raise wrong("farthest_and_capacity", at="farthest")
        if self.capacity is not None and self.least_load is not None and self.reserves:
            raise wrong("reserves_least_load", at="reserves")
        if self.farthest is not None and self.classes and self.robust is not None and not self.robust.forecast:
            raise wrong("farthest_classes", at="robust")
        if self.capacity is not None and self.capacity.split and self.robust is not None and self.robust.forecast:
            raise wrong("robust_of_capacity", at="robust")
        if self.required and self.candidates == "network":
            raise wrong("required_unnamed", given=self.required[0])
        if self.frontier and self._beyond_a_frontier:
            raise wrong("frontier_plain", given=self._beyond_a_frontier)
        if self.budget_frontier is not None and self.objective[0].objective == "min-cost":
            raise wrong("budget_frontier_of_cost", at="budget_frontier")
        if self.relocation is not None and self.objective[0].objective in ("min-sites", "min-cost"):
            raise wrong("relocation_of_number", at="relocation", given=self.objective[0].objective)
        names = [c.name for c in self.classes]
        if len(set(names)) < len(names):
            raise wrong("class_twice", given=next(n for n in names if names.count(n) > 1))
        for standard in self.standards:
            _check_steps(standard)
            check_turnout(self.turnout_minutes, min([standard.minutes, *(minutes for minutes, _ in standard.steps)]))
        if self.farthest is not None:
            check_turnout(self.turnout_minutes, self.farthest)
        return self

    @model_validator(mode="after")
    def _can_be_divided(self) -> SitingFile:
        check_by_region(self)
        return self

    @model_validator(mode="after")
    def _cost_said_once(self) -> SitingFile:
        budget, money = self.budget, self.money
        if budget is None or money is None:
            return self
        if budget.new_each is not None and money.cost_yuan is not None:
            raise wrong("said_twice", at="money", other="budget.new_each")
        if "running_each" in budget.model_fields_set and money.running_yuan is not None:
            raise wrong("said_twice", at="money", other="budget.running_each")
        return self

    @model_validator(mode="after")
    def _nothing_said_in_vain(self) -> SitingFile:
        check_partners(
            self,
            {
                "candidate_count": (self.candidates == "network", 'candidates = "network"'),
                "class_column": (bool(self.classes), "classes"),
                "exclude_unverified": (bool(self.exclude_rules), "exclude_rules"),
                "min_distance_existing": (self.min_distance_m is not None, "min_distance_m"),
            },
        )
        return self


def _check_steps(standard: OneStandard) -> None:
    """Farther ones count less, and the last step is the standard."""
    steps = standard.steps
    falling = all(a[0] < b[0] and a[1] > b[1] for a, b in zip(steps, steps[1:], strict=False))
    if steps and (not falling or steps[-1][0] != standard.minutes):
        shown = ", ".join(f"[{minutes:g}, {percent}]" for minutes, percent in steps)
        raise wrong("steps_not_falling", given=f"[{shown}]", minutes=f"{standard.minutes:g}")
