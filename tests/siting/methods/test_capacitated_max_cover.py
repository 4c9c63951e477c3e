"""Rooms that are shared out: each number of sites places what the best of all choices does."""

from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError
from quarterhour.siting.methods.capacity.capacitated_max_cover import CapacitatedMaxCover
from quarterhour.siting.outlook.frontier import covered_now, frontier
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.rules import Capacity, Quota
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import count_limits
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples

PLACES = 6


def ask(seed: int, *, most: int = 3, states: tuple[str, ...] = ("existing",), **changed: Any) -> SitingProblem:
    """Eight communities and six sites: scarce rooms, some of nothing and some without a limit."""
    rng = np.random.default_rng(seed)
    communities, sites = [f"c{i}" for i in range(8)], [f"s{i}" for i in range(PLACES)]
    minutes = rng.integers(1, 30, (8, PLACES)).astype(float)
    frame = pd.DataFrame(
        {"state": [*states, *["candidate"] * (PLACES - len(states))], "town": [f"t{i % 3}" for i in range(PLACES)],
         "county": "k", "name": sites, "quality": "fact",
         "capacity": pd.array(rng.choice([0, 5, 12, 30, None], PLACES), dtype="Int64")}, sites,
    )  # fmt: skip
    asked = {
        "demand": pd.Series(rng.integers(0, 15, 8), index=communities), "sites": frame, "minutes": 12,
        "times": times_from_matrix(minutes, communities=communities, sites=sites, cutoff=30),
        "objective": "max-cover", "new_sites": most, "capacity": Capacity("graves", split=True),
    }  # fmt: skip
    return as_problem("town", **(asked | changed))


def placed(problem: SitingProblem, opened: tuple[int, ...]) -> int:
    """A greatest flow by another hand."""
    graph, near = nx.DiGraph(), problem.near
    graph.add_nodes_from(["from", "to"])
    for c, s in zip(near.row.tolist(), near.site.tolist(), strict=True):
        if s in opened:
            graph.add_edge("from", f"c{c}", capacity=int(problem.demand.iloc[c]))
            graph.add_edge(f"c{c}", f"s{s}")
            graph.add_edge(f"s{s}", "to", capacity=int(problem.room[s]))
    return int(nx.maximum_flow_value(graph, "from", "to"))


def allowed(problem: SitingProblem, chosen: tuple[int, ...]) -> bool:
    """Whether the quotas and conflicts hold."""
    towns = problem.sites["town"].iloc[list(chosen)].value_counts()
    counts = [towns.get(a, 0) for q in problem.quotas for a in q.areas]
    low = [q.minimum for q in problem.quotas for _ in q.areas]
    high = [q.maximum if q.maximum is not None else PLACES for q in problem.quotas for _ in q.areas]
    apart = not any(a in chosen and b in chosen for a, b in problem.conflicts.tolist())
    return apart and all(a <= n <= b for a, n, b in zip(low, counts, high, strict=True))


def best_of(problem: SitingProblem, size: int) -> int | None:
    """The best of all choices."""
    open_anyway = tuple(np.flatnonzero(~problem.free).tolist())
    free = np.flatnonzero(problem.free).tolist()
    choices = (open_anyway + some for n in range(size + 1) for some in itertools.combinations(free, n))
    return max((placed(problem, c) for c in choices if allowed(problem, c)), default=None)


ASKED: list[dict[str, Any]] = [
    {},
    {"states": ("existing", "required")},
    {"quotas": (Quota("town", ("t0", "t1", "t2"), 1, 2),)},
    {"conflicts": [["s1", "s2"], ["s3", "s4", "s5"]]},
    {"quotas": (Quota("town", ("t0",), 0, 1),), "conflicts": [["s1", "s4"]]},
]


@examples(15, 200)
@given(st.integers(0, 10_000), st.sampled_from(ASKED))
def test_each_size_places_what_the_best_of_all_choices_does(seed: int, asked: dict[str, Any]) -> None:
    problem = ask(seed, **asked)
    required = int(problem.required.sum())
    table = frontier(problem, 3, seed=1)
    assert table["sites"].tolist() == list(range(required + 1, 4))
    for size, found, bound in table[["sites", "people", "bound"]].itertuples(index=False):
        best = best_of(problem, size - required)
        assert (None if pd.isna(found) else found) == best
        assert best is None or bound == best
    standing = tuple(np.flatnonzero(problem.existing).tolist())
    assert covered_now(problem) == placed(problem, standing)


@examples(14, 150)
@given(st.integers(0, 10_000), st.lists(st.floats(0, 1), min_size=PLACES, max_size=PLACES))
def test_a_cut_holds_at_every_choice_and_is_met_where_it_was_made(seed: int, part: list[float]) -> None:
    problem = ask(seed)
    near = problem.near
    people = problem.demand.to_numpy()
    space = CapacitatedMaxCover(
        people, near.start, near.site, count_limits(PLACES), problem.room, budget=SearchBudget()
    )
    for opened in (np.array(part), np.rint(part)):
        cut = space.cut(opened)
        for chosen in itertools.product((0, 1), repeat=PLACES):
            most = cut.const + int(cut.each @ np.array(chosen))
            assert placed(problem, tuple(np.flatnonzero(chosen))) <= most
    assert cut.placed == cut.const + cut.each @ opened == placed(problem, tuple(np.flatnonzero(opened)))


def test_the_frontier_is_what_plans_of_each_size_come_to() -> None:
    problem = ask(3)
    for size, found in frontier(problem, 3)[["sites", "people"]].itertuples(index=False):
        assert solve_siting(ask(3, most=size)).value == found


def test_few_looks_leave_bounds_that_hold_and_the_same_table() -> None:
    problem = ask(5, quotas=(Quota("town", ("t0", "t1", "t2"), 0, 1),))
    first, again = (frontier(problem, 3, nodes=0) for _ in range(2))
    assert first.equals(again)
    proven = frontier(problem, 3)
    assert (first["bound"] >= proven["people"]).all()
    assert (first["people"] <= proven["people"]).all()


def test_more_people_than_a_flow_can_count_are_told() -> None:
    people, start, site = np.array([2**31]), np.array([0, 1]), np.array([0])
    with pytest.raises(DataError, match=f"{2**31} people"):
        CapacitatedMaxCover(people, start, site, count_limits(1), np.array([1]), budget=SearchBudget())
