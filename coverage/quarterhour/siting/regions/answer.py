"""A question answered region by region: a plan of the whole, its bound, and what each region has of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.errors import PlanError
from quarterhour.siting.explanation.causes import causes
from quarterhour.siting.methods.covering.adapter import open_sites
from quarterhour.siting.methods.covering.greedy import build_cover_instance
from quarterhour.siting.proof.assemble import Proof, as_plan, certificate
from quarterhour.siting.proof.checkpoint import Keeper
from quarterhour.siting.question.bounds import is_better
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.plan import SitingPlan, Stopped
from quarterhour.siting.question.problem import WHOLE, SitingProblem
from quarterhour.siting.question.search import Exact, Limits, SearchBudget, as_limits
from quarterhour.siting.regions.each import Each, here
from quarterhour.siting.regions.fewest_sites import divide_fewest
from quarterhour.siting.regions.most_for_money import divide_budget
from quarterhour.siting.regions.most_people import divide_cover
from quarterhour.siting.regions.split import DividedCover, Split
from quarterhour.siting.regions.terms import check_divisible, region_of_sites
from quarterhour.siting.solve import solve_siting

NODES, BUDGET_NODES, FEWEST_NODES = 32, 500, 20_000
"""Of the search tree of a region where none are given: at each number of sites, each price of money, for the fewest."""
REGION_COLUMNS = ("region", "candidates", "sites", "people", "short", "one_more", "one_less")


@dataclass(frozen=True, eq=False)
class RegionalPlan:
    """A plan found region by region.

    ``plan``: of the whole question, as ``solve_siting`` gives it: value and bound are those of the whole, so its gap
    holds all that the division may have cost. ``regions``: a row a region, in the order of their names:
    ``candidates`` that may be built there; ``sites``: how many of them the plan builds (required ones aside);
    ``people`` whom these cover and no existing or required site does, those of a border in every region that covers
    them; ``short``: by how many people, at the most, another choice of as many sites there would be better, as the
    division counts those of a border (with a budget: another choice for as much money; min-sites: how many sites more
    than are proven to be needed there);
    ``one_more``: the most people whom one more candidate of the region would add to the plan, and ``one_less``: the
    fewest whom the plan would lose with one of its sites there (missing where there is none).

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> minutes = [[4, 20, 30], [12, 9, 30], [30, 7, 8], [30, 30, 5]]
    >>> problem = qh.siting_from_matrix(minutes, [60, 30, 20, 40], within=10, new_sites=2)
    >>> answer = qh.siting.solve_by_region(problem, pd.Series({"0": "west", "1": "west", "2": "east"}))
    >>> answer.regions[["region", "sites", "people", "one_less"]].values.tolist()
    [['east', 1, 60, 60], ['west', 1, 60, 60]]
    """

    plan: SitingPlan
    regions: pd.DataFrame


@takes(problem=SitingProblem)
def solve_by_region(
    problem: SitingProblem,
    regions: str | pd.Series = "county",
    *,
    nodes: int | None = None,
    seed: int = 0,
    each: Each = here,
    progress: Callable[[float], None] | None = None,
    keep: str | Path | None = None,
    found: Callable[[SitingPlan], None] | None = None,
) -> RegionalPlan:
    """A plan of most people or fewest sites, found region by region, with a bound on what the division may cost.

    Each region has all communities that its candidates reach. Most people: the regions' frontiers tell what each number
    of sites covers there and what no choice beats; the number of the whole is divided where it gains most, and the best
    division by the bounds bounds every plan, divided or not. A community that several regions reach counts in each as
    much as the linear program of the whole would pay for it, and the rest of its people count once. A budget is divided
    by a price of money that is the same in all regions. Fewest sites: what the regions need for the communities that
    they alone reach adds up to a bound. The choice is then bettered by exchanges over the whole, and counted as every
    plan is. All work is counted, no clock has a say: the same question has the same plan, whoever answers for the
    regions.

    Parameters
    ----------
    problem : max-cover with a number of sites or a budget, or min-sites; quotas alone beside that, each of their areas
        within one region.
    regions : ``county`` or ``town`` of the sites, or a Series of regions by site id.
    nodes : of the search tree of a region, at each number of sites (32 where nothing is said), or for the fewest sites
        (20,000); with a budget, of each region's integer program at each price of money (500).
    seed : of the searches.
    each : who answers for the regions; this process where nothing is said.
    progress : called with the share done.
    keep, found : as ``solve_siting`` has them, for the plan at the end.

    Returns
    -------
    A ``RegionalPlan``. Where the question has no plan, or none was found by region, the whole is asked, so that the
    plan has ``reasons``.

    Raises
    ------
    DataError : a rule of the question cannot be divided, or a site has no region; the message says which.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> minutes = [[4, 20, 30], [12, 9, 30], [30, 7, 8], [30, 30, 5]]
    >>> problem = qh.siting_from_matrix(minutes, [60, 30, 20, 40], within=10, new_sites=2)
    >>> answer = qh.siting.solve_by_region(problem, pd.Series({"0": "west", "1": "west", "2": "east"}))
    >>> answer.plan.value, answer.plan.bound, answer.regions["sites"].tolist()
    (120.0, 120.0, [1, 1])
    """
    begun = time.perf_counter()
    where = region_of_sites(problem, regions)
    check_divisible(problem, where)
    limits = as_limits(None, nodes, None, otherwise=0.0)
    budget, tell = SearchBudget(seed=seed), progress or (lambda _: None)
    measure = Measure(problem)
    split = _split(problem, where)
    if not causes(problem, measure) and split.names:
        answer = _divided(problem, split, limits, seed=seed, each=each, progress=tell)
        if answer.choice is not None:
            known = certificate(measure, seed)
            choice = open_sites(problem, split.whole.sites[answer.choice])
            proof = _proof(measure, choice, answer)
            stopped: Stopped = "" if measure.value(choice, proof.goal) == proof.bound else "work"
            plan = as_plan(known, choice, [proof], seconds=time.perf_counter() - begun, stopped=stopped)
            Keeper(known, budget, keep, found).write(plan)
            return RegionalPlan(plan, _table(problem, where, split, choice, answer.short))
    plan = solve_siting(problem, nodes=FEWEST_NODES, seed=seed, progress=progress, keep=keep, found=found)
    chosen = open_sites(problem, pd.Index(plan.chosen)) if plan.levels else Choice(~problem.free)
    return RegionalPlan(plan, _table(problem, where, split, chosen, None))


def _split(problem: SitingProblem, where: pd.Series) -> Split:
    """The instance by region, what candidates cost in units that all costs are multiples of."""
    by_money = problem.budget.yuan is not None
    core = build_cover_instance(problem, every_candidate=by_money)
    names = tuple(sorted(set(where[core.sites])))
    region = pd.Index(names).get_indexer(where[core.sites]).astype(np.int64)
    if not by_money:
        return Split(core, names, region)
    return Split(core, names, region, problem.yuan[problem.free] // _yuan_a_unit(problem))


def _yuan_a_unit(problem: SitingProblem) -> int:
    return int(np.gcd.reduce(problem.yuan[problem.free])) or 1


def _divided(problem: SitingProblem, split: Split, limits: Limits, **asked: Any) -> DividedCover:
    """A number of sites, a budget, or the fewest sites, divided by region."""

    def nodes(otherwise: int) -> int:
        return int(limits.nodes) if limits.counted else otherwise

    if problem.objective == "min-sites":
        return divide_fewest(split, nodes=nodes(FEWEST_NODES), **asked)
    if problem.budget.yuan is None:
        return divide_cover(split, nodes=nodes(NODES), **asked)
    money = problem.budget.yuan - int(problem.yuan[problem.required].sum())
    return divide_budget(split, money // _yuan_a_unit(problem), nodes=nodes(BUDGET_NODES), **asked)


def _proof(measure: Measure, choice: Choice, answer: DividedCover) -> Proof:
    """The bound of the whole question; PlanError where the choice beats it, which is an error of the program."""
    problem, goal = measure.problem, measure.problem.goals[0]
    if problem.objective == "min-sites":
        bound: Exact = int(problem.required.sum()) + answer.bound
    else:
        bound = measure.value(Choice(~problem.free), goal) + WHOLE * answer.bound
    value = measure.value(choice, goal)
    if is_better(goal, value, bound):
        raise PlanError("proof.bad_bound", value=value, bound=bound)
    return Proof(goal, bound, answer.proved_by, answer.nodes)


# --- what each region has -------------------------------------------------------------------------


def _table(
    problem: SitingProblem, where: pd.Series, split: Split, choice: Choice, short: IntArray | None
) -> pd.DataFrame:
    """The regions as ``RegionalPlan`` has them, counted from the question's own pairs."""
    free, region = problem.free, where.to_numpy()
    names = sorted(set(region[free]))
    built = choice.opened & free
    people, times = problem.people_of[""], _times_covered(problem, built | ~free)
    new = people * (_times_covered(problem, ~free) == 0)
    gains = _by_site(problem, people * (times == 0))
    losses = _by_site(problem, people * (times == 1))
    known = {} if short is None else dict(zip(split.names, short.tolist(), strict=True))
    rows = []
    for name in names:
        mine = region == name
        here_built, left = mine & built, mine & free & ~built
        covered = int(new[_times_covered(problem, here_built) > 0].sum())
        most = int(gains[left].max()) if left.any() else pd.NA
        fewest = int(losses[here_built].min()) if here_built.any() else pd.NA
        counted = int((mine & free).sum()), int(here_built.sum()), covered
        rows.append((name, *counted, known.get(name, pd.NA if short is None else 0), most, fewest))
    return pd.DataFrame(rows, columns=list(REGION_COLUMNS)).astype(dict.fromkeys(REGION_COLUMNS[4:], "Int64"))


def _times_covered(problem: SitingProblem, opened: BoolArray) -> IntArray:
    """How many of some sites are near each community."""
    near = problem.near
    times: IntArray = np.diff(np.r_[0, np.cumsum(opened[near.site])][near.start])
    return times


def _by_site(problem: SitingProblem, people: IntArray) -> IntArray:
    """So many people of each community, added up at every site that is near."""
    near = problem.near
    weights = np.repeat(people, np.diff(near.start))
    total = np.zeros(len(problem.sites), dtype=np.int64)
    np.add.at(total, near.site, weights)
    return total
