"""What each budget buys: the best plan at each of several amounts of money, each with its bound."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.errors import DataError, PlanError, first_ids
from quarterhour.siting.explanation.causes import causes
from quarterhour.siting.methods.covering.adapter import greedy_start, is_cover_question
from quarterhour.siting.methods.general.model import Model
from quarterhour.siting.outlook.differing import choice_of
from quarterhour.siting.proof.assemble import Proof
from quarterhour.siting.question.bounds import counting_bound, is_better
from quarterhour.siting.question.evaluate import Choice, Measure, in_plan_units, of_plan_units
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.figures import is_whole, short_repr
from quarterhour.siting.question.ids import as_list
from quarterhour.siting.question.plan import SitingPlan, relative_gap
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.search import DEFAULT_SECONDS, Exact, SearchBudget, as_limits
from quarterhour.siting.question.sites import money_counts
from quarterhour.siting.solve import prepare_kernels, solve_goals

BUDGET_COLUMNS = ("yuan", "status", "value", "bound", "gap", "spent_yuan", "sites", "chosen")
MOST_AMOUNTS = 500
_UNLIMITED = 0.25
"""Of the time, or work, for the question without a limit of money, where an engine of its own answers that."""


@takes(problem=SitingProblem)
def budget_frontier(
    problem: SitingProblem,
    yuan: Sequence[int],
    *,
    plan: SitingPlan | None = None,
    seconds: float | None = None,
    nodes: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
    by_clock: Callable[[], object] | None = None,
) -> pd.DataFrame:
    """The best value of the first goal for each of several budgets, and what no plan within it beats.

    Each point is the question itself, all its rules kept, with another ``Budget.yuan``; its ``years`` stay. One integer
    program serves all points that need one. A plan of less money is one of more, and no plan of less money beats the
    bound of more, so what is found and proved at one point goes to all others before the next is searched: the dearest
    first, then from the cheapest on.

    Parameters
    ----------
    problem : a question whose first goal is not ``min-cost``; its own amount does not count.
    yuan : the budgets, whole yuan, each more than the one before; at most 500.
    plan : one of the question, whose sites and bound then count at the budgets that they hold for.
    seconds, nodes, rounds : of all searches together, as ``solve_siting`` counts them.
    seed : of the search.
    by_clock : called where ``seconds`` ended any of these searches.

    Returns
    -------
    A row a budget: ``yuan``; ``status`` (``optimal``; ``bounded``; ``infeasible``: proven that no plan is that cheap;
    ``no_plan``: none was found in time); ``value`` and ``bound`` in the units of the plan; ``gap``, a share of the
    value (0: proven; missing where the value is 0 and not proven best); ``spent_yuan``; ``sites``, how many are built
    or upgraded, and ``chosen``, their ids in the order of the sites. Missing where there is no plan.

    Raises
    ------
    DataError : the amounts are no rising whole yuan, the first goal is the cost, a site costs nothing in a question
        that has no budget and so asks for no costs, or the plan is not of the question.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> minutes, people = [[5, 20, 30], [12, 8, 25], [40, 14, 9]], [100, 40, 30]
    >>> sites = pd.DataFrame({"cost_yuan": [300, 100, 200]}, index=["a", "b", "c"])
    >>> problem = qh.siting_from_matrix(minutes, people, sites=sites, within=15, new_sites=3)
    >>> table = qh.siting.budget_frontier(problem, [100, 300, 500])
    >>> table[["yuan", "value", "bound", "spent_yuan"]].to_numpy().tolist()
    [[100, 70.0, 70.0, 100], [300, 140.0, 140.0, 300], [500, 170.0, 170.0, 400]]
    """
    amounts = as_amounts(yuan)
    if problem.goals[0].objective == "min-cost":
        raise DataError("budget_frontier.of_cost")
    _check_costs(problem)
    asked = replace(problem, goals=problem.goals[:1], budget=replace(problem.budget, yuan=amounts[-1]))
    search = _Search(Measure(asked), amounts)
    if plan is not None:
        search.take_plan(problem, plan)
    prepare_kernels(asked)
    budget = as_limits(seconds, nodes, rounds, otherwise=DEFAULT_SECONDS).budget(seed=seed)
    search.run(budget)
    if budget.work.by_clock and by_clock is not None:
        by_clock()
    return search.table()


def as_amounts(yuan: Sequence[int]) -> tuple[int, ...]:
    """Budgets as rising whole yuan; DataError for what is none."""
    given = as_list(yuan) or []
    rising = all(is_whole(amount) for amount in given) and all(a < b for a, b in pairwise(given))
    if not given or len(given) > MOST_AMOUNTS or not rising:
        raise DataError("budget_frontier.bad_amounts", yuan=short_repr(given or yuan), most=MOST_AMOUNTS)
    return tuple(int(amount) for amount in given)


def _check_costs(problem: SitingProblem) -> None:
    """A question that asks nobody for costs takes what is blank for nothing: DataError for what seems to be free."""
    costless = ~problem.existing & problem.sites["cost_yuan"].eq(0).to_numpy()
    if costless.any() and not money_counts(problem.goals, problem.budget):
        raise DataError("budget_frontier.no_costs", ids=first_ids(problem.sites.index[costless]))


@dataclass(frozen=True, eq=False)
class _Point:
    """A budget: the best choice known within it, what no choice within it beats, and whether none exists."""

    yuan: int
    bound: Exact
    choice: Choice | None = None
    value: Exact | None = None
    infeasible: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to search."""
        return self.infeasible or (self.value is not None and self.value == self.bound)


class _Search:
    """All budgets at once; what one of them finds or proves is told to the others."""

    def __init__(self, measure: Measure, amounts: Sequence[int]) -> None:
        self.measure, self.problem, self.goal = measure, measure.problem, measure.problem.goals[0]
        self.model = functools.cache(lambda: Model(QuestionRules(measure)))
        easy = counting_bound(measure, self.goal)
        self.points = [_Point(amount, easy) for amount in amounts]

    def take_plan(self, problem: SitingProblem, plan: SitingPlan) -> None:
        """The choice and the bound of a plan of the question, at the budgets that they hold for."""
        if plan.status == "infeasible" and problem.budget.yuan is None:
            self._rule_out(len(self.points) - 1)
        if not plan.levels:
            return
        choice, own = choice_of(Measure(problem), plan), problem.budget.yuan
        within = [k for k, point in enumerate(self.points) if own is None or point.yuan <= own]
        if within:
            self._prove(within[-1], of_plan_units(self.goal, plan.levels[0].bound))
        self._offer(choice)

    def run(self, budget: SearchBudget) -> None:
        """Count, ask without a limit of money where that is quick, then each budget, then again what stays open."""
        if causes(self.problem, self.measure):
            self._rule_out(len(self.points) - 1)
        required = int(self.problem.yuan[self.problem.required].sum())
        for place, point in enumerate(self.points):
            if point.yuan < required:
                self._rule_out(place)
        self._without_limit(budget)
        last = len(self.points) - 1
        self._each([last, *range(last)], budget)
        self._each(sorted(range(len(self.points)), key=self._width), budget)

    def _each(self, places: Sequence[int], budget: SearchBudget) -> None:
        for turn, place in enumerate(places):
            if not self.points[place].is_settled and not budget.over():
                self._search(place, budget.share(1 / (len(places) - turn)))

    def _width(self, place: int) -> float:
        """The widest gap first; what has no plan yet before all."""
        point = self.points[place]
        if point.value is None:
            return float("-inf")
        return -relative_gap(*(in_plan_units(self.goal, exact) for exact in (point.value, point.bound)))

    def _without_limit(self, budget: SearchBudget) -> None:
        """What no money could buy bounds every budget, and may be cheap enough for some."""
        free = replace(self.problem, budget=replace(self.problem.budget, yuan=None))
        if not is_cover_question(free) or all(point.is_settled for point in self.points) or budget.over():
            return
        rules = QuestionRules(Measure(free))
        self._take(len(self.points) - 1, *self._solved(rules, None, budget.share(_UNLIMITED), None))

    def _search(self, place: int, budget: SearchBudget) -> None:
        point = self.points[place]
        rules = QuestionRules(self.measure).attaining(Goal("min-cost"), point.yuan)
        start = greedy_start(rules) if point.choice is None else point.choice
        self._take(place, *self._solved(rules, start, budget, self.model))

    def _solved(
        self, rules: QuestionRules, start: Choice | None, budget: SearchBudget, model: Callable[[], Model] | None
    ) -> tuple[Choice | None, list[Proof], bool]:
        quiet = budget.without_callbacks()
        choice, proofs, answer = solve_goals(rules, start, quiet, lambda mine, *_: mine, model=model)
        return choice, proofs, choice is None and answer.infeasible

    def _take(self, place: int, choice: Choice | None, proofs: Sequence[Proof], infeasible: bool) -> None:
        if infeasible:
            self._rule_out(place)
        if proofs:
            self._prove(place, proofs[0].bound)
        if choice is not None:
            self._offer(choice)

    # --- told to all budgets ----------------------------------------------------------------------

    def _spent(self, choice: Choice) -> int:
        return int(self.problem.yuan[choice.opened].sum())

    def _offer(self, choice: Choice) -> None:
        """A choice for every budget that pays for it; among equals the cheaper one."""
        value, spent = self.measure.value(choice, self.goal), self._spent(choice)
        for place, point in enumerate(self.points):
            if point.yuan >= spent and self._is_preferred(point, value, spent):
                self.points[place] = replace(point, choice=choice, value=value)
                self._check(place)

    def _is_preferred(self, point: _Point, value: Exact, spent: int) -> bool:
        if point.choice is None or point.value is None:
            return True
        return is_better(self.goal, value, point.value) or (value == point.value and spent < self._spent(point.choice))

    def _prove(self, place: int, bound: Exact) -> None:
        """A bound of a budget and of all that are less."""
        for less in range(place + 1):
            if is_better(self.goal, self.points[less].bound, bound):
                self.points[less] = replace(self.points[less], bound=bound)
                self._check(less)

    def _rule_out(self, place: int) -> None:
        for less in range(place + 1):
            self.points[less] = replace(self.points[less], infeasible=True)
            self._check(less)

    def _check(self, place: int) -> None:
        """A choice that beats what no choice does is an error of the program, and is not handed on."""
        point = self.points[place]
        beaten = point.value is not None and is_better(self.goal, point.value, point.bound)
        if beaten or (point.infeasible and point.choice is not None):
            raise PlanError("proof.bad_bound", value=point.value, bound=point.bound)

    def table(self) -> pd.DataFrame:
        """The points as ``budget_frontier`` has them."""
        rows = [self._row(point) for point in self.points]
        types = {"value": "Float64", "bound": "Float64", "gap": "Float64", "spent_yuan": "Int64", "sites": "Int64"}
        table = pd.DataFrame(rows, columns=list(BUDGET_COLUMNS)).astype({"yuan": "int64", **types})
        return table.assign(chosen=pd.Series([row[-1] for row in rows], index=table.index, dtype="object"))

    def _row(self, point: _Point) -> tuple[object, ...]:
        bound = in_plan_units(self.goal, point.bound)
        if point.choice is None or point.value is None:
            status = "infeasible" if point.infeasible else "no_plan"
            return (point.yuan, status, pd.NA, pd.NA if point.infeasible else bound, pd.NA, pd.NA, pd.NA, None)
        value, ids = in_plan_units(self.goal, point.value), self.problem.sites.index
        gap = relative_gap(value, bound)
        built = point.choice.opened & ~self.problem.existing
        chosen = tuple(str(site) for site in ids[built])
        return (
            point.yuan, "optimal" if gap == 0 else "bounded", value, bound, pd.NA if value == 0 and gap else gap,
            self._spent(point.choice), len(chosen), chosen,
        )  # fmt: skip
