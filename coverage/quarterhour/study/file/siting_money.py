"""What a study file may say of a siting question's money: budgets, what sites cost, what each year may spend."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from quarterhour.study.file.fields import Flag, Part, Whole, check_partners, check_rising, wrong

_MOST_BUDGETS = 500


class BudgetFile(Part):
    """What may be spent, ``yuan``, on building and on running for ``years``; no ``yuan``: any sum.

    Facilities and candidates say what they cost in the columns ``cost_yuan`` and ``running_yuan`` (a year); what is
    blank there costs ``new_each`` and ``running_each``.
    """

    yuan: Whole | None = Field(default=None, ge=0)
    years: Whole = Field(default=0, ge=0, le=1_000)
    new_each: Whole | None = Field(default=None, ge=0)
    running_each: Whole = Field(default=0, ge=0)


class MoneyFile(Part):
    """What a new site of the question costs to build and to run a year, its beds and staff, where no column says so.

    The columns ``cost_yuan, running_yuan, beds, staff`` of the candidates come first; what neither says is no data.
    ``running_from``: whether a site is run from the year after it is built, or from that year.
    """

    cost_yuan: Whole | None = Field(default=None, ge=0)
    running_yuan: Whole | None = Field(default=None, ge=0)
    beds: Whole | None = Field(default=None, ge=0)
    staff: Whole | None = Field(default=None, ge=0)
    running_from: Literal["next_year", "same_year"] = "next_year"
    source: str = ""


class PhasesFile(Part):
    """In which order to build: so many sites a year, or for so much money, from a year on.

    ``cap_yuan_a_year``: each year; ``budget_by_year``: of the first year, the second ..., and nothing after the last.
    ``carry_over``: what a year does not spend is there in the next.
    """

    per_year: Whole | None = Field(default=None, ge=1)
    first_year: Whole = Field(ge=1980, le=2150)
    cap_yuan_a_year: Whole | None = Field(default=None, ge=1)
    budget_by_year: tuple[Annotated[Whole, Field(ge=0)], ...] = ()
    carry_over: Flag = False

    @property
    def by_money(self) -> bool:
        """Whether each year has only so much money."""
        return self.cap_yuan_a_year is not None or bool(self.budget_by_year)

    @model_validator(mode="after")
    def _some_limit(self) -> PhasesFile:
        if self.cap_yuan_a_year is not None and self.budget_by_year:
            raise wrong("said_twice", at="budget_by_year", other="cap_yuan_a_year")
        if self.per_year is None and not self.by_money:
            raise wrong("phases_unlimited")
        check_partners(self, {"carry_over": (self.by_money, "cap_yuan_a_year / budget_by_year")})
        return self


class BudgetFrontierFile(Part):
    """Budgets to compare: each in ``yuan``, or from ``least`` to ``most`` in ``step``, ``most`` being the last."""

    yuan: tuple[Annotated[Whole, Field(ge=0)], ...] = ()
    least: Whole | None = Field(default=None, ge=0)
    most: Whole | None = Field(default=None, ge=0)
    step: Whole | None = Field(default=None, ge=1)

    @property
    def amounts(self) -> tuple[int, ...]:
        """Every budget, rising."""
        if self.least is None or self.most is None or self.step is None:
            return self.yuan
        steps = range(self.least, self.most, self.step)
        return (*steps, self.most)

    @model_validator(mode="after")
    def _said_in_one_way(self) -> BudgetFrontierFile:
        bounds = (self.least, self.most, self.step)
        if all(bound is not None for bound in bounds) == bool(self.yuan) or 0 < bounds.count(None) < len(bounds):
            raise wrong("budget_frontier_ways")
        check_rising(self, "least", "most")
        if any(a >= b for a, b in pairwise(self.yuan)):
            raise wrong("budgets_not_rising", at="yuan", given=", ".join(map(str, self.yuan[:6])))
        if self.least is not None and self.most is not None and self.step is not None:
            many = -(-(self.most - self.least) // self.step) + 1
        else:
            many = len(self.yuan)
        if many > _MOST_BUDGETS:
            raise wrong("too_many_budgets", given=many, most=_MOST_BUDGETS)
        return self
