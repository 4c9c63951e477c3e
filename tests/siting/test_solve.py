"""Plans are the best: every choice is tried by hand on small towns, and larger ones keep their promises."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.covering import max_cover, min_sites
from quarterhour.siting.methods.covering.greedy import build_cover_instance, heuristic_choice
from quarterhour.siting.methods.solver import highs
from quarterhour.siting.proof.plan_record import plan_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def _problem(minutes, *, people, states, towns, counties, objective, new_sites, quotas):
    sites = pd.Index([f"s{k}" for k in range(len(states))])
    communities = pd.Index([f"c{k}" for k in range(len(people))])
    frame = pd.DataFrame({"state": states, "town": towns, "county": counties, "name": sites, "quality": "fact"}, sites)
    times = times_from_matrix(np.array(minutes, dtype=float), communities=communities, sites=sites, cutoff=20)
    demand = pd.Series(people, index=communities)
    asked = {"demand": demand, "sites": frame, "times": times, "minutes": 15, "quotas": quotas}
    return as_problem("small", objective=objective, new_sites=new_sites, **asked)


@st.composite
def small_problems(draw):
    sites, communities = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    minute = st.sampled_from([1.0, 7.0, 15.0, 15.5, 25.0, math.nan])
    minutes = [[draw(minute) for _ in range(sites)] for _ in range(communities)]
    towns = [f"T{draw(st.integers(0, 3))}" for _ in range(sites)]
    nested = draw(st.booleans())
    counties = [f"K{int(t[1]) // 2 if nested else draw(st.integers(0, 1))}" for t in towns]
    states = [draw(st.sampled_from(["candidate"] * 5 + ["existing", "required"])) for _ in range(sites)]
    people = [draw(st.integers(0, 9)) for _ in range(communities)]
    quotas = []
    for level, areas in (("town", ["T0", "T1", "T2"]), ("county", ["K0", "K1"]), ("town", ["T3"])):
        if draw(st.booleans()):
            low = draw(st.integers(0, 2))
            high = draw(st.one_of(st.none(), st.integers(low, low + 2)))
            quotas.append(Quota(level, tuple(areas), low, high))
    objective = draw(st.sampled_from(["max-cover", "min-sites"]))
    new_sites = draw(st.integers(0, 6)) if objective == "max-cover" or draw(st.booleans()) else None
    given_ = {"people": people, "states": states, "towns": towns, "counties": counties, "quotas": quotas}
    return _problem(minutes, objective=objective, new_sites=new_sites, **given_), minutes


def _try_all(problem, minutes):
    """The best value of all choices, by sets of ids only; None where no choice keeps the rules."""
    sites = problem.sites
    reach = {
        c: {s for s, m in zip(sites.index, row, strict=True) if m <= 15}
        for c, row in zip(problem.demand.index, minutes, strict=True)
    }
    state = sites["state"].to_dict()
    fixed = {s for s in state if state[s] == "existing"}
    must = {s for s in state if state[s] == "required"}
    free = [s for s in state if state[s] == "candidate"]
    values = []
    for n in range(len(free) + 1):
        for some in itertools.combinations(free, n):
            built = must | set(some)
            opened = fixed | built
            if problem.new_sites is not None and len(built) > problem.new_sites:
                continue
            covered = {c for c in reach if reach[c] & opened}
            if problem.objective == "min-sites" and any(
                reach[c] and c not in covered and problem.demand[c] for c in reach
            ):
                continue
            if all(_quota_kept(q, sites, opened) for q in problem.quotas):
                most = sum(problem.demand[c] for c in covered)
                values.append(len(built) if problem.objective == "min-sites" else most)
    best = min if problem.objective == "min-sites" else max
    return best(values) if values else None


def _quota_kept(quota, sites, opened):
    for area in quota.areas:
        here = set(sites.index[sites[quota.level] == area])
        n = len(here & opened)
        if n < min(quota.minimum, len(here)) or (quota.maximum is not None and n > quota.maximum):
            return False
    return True


@examples(60, 1500)
@given(small_problems())
def test_no_choice_is_better_than_the_plan(drawn):
    problem, minutes = drawn
    plan = solve_siting(problem)
    best = _try_all(problem, minutes)
    verify_plan(problem, plan)
    if best is None:
        assert plan.status == "infeasible"
        assert plan.reasons
    else:
        assert (plan.status, plan.value, plan.bound) == ("optimal", best, best)
        assert not plan.reasons


@examples(60, 500)
@given(small_problems())
def test_the_heuristic_keeps_every_rule(drawn):
    problem, _ = drawn
    core = build_cover_instance(problem)
    choice = heuristic_choice(core)
    assert choice is None or core.holds(choice)


def _town(*, communities=600, candidates=60, seed=1, quotas=(), objective="max-cover", new_sites=8):
    rng = np.random.default_rng(seed)
    place, site = rng.random((communities, 2)) * 60, rng.random((candidates, 2)) * 60
    minutes = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * 1.5
    town = [f"T{int(x // 20)}{int(y // 20)}" for x, y in site]
    people = rng.integers(0, 200, communities)
    states = ["existing"] * 3 + ["candidate"] * (candidates - 3)
    given_ = {"people": people, "states": states, "towns": town, "counties": [t[:2] for t in town]}
    return _problem(minutes, objective=objective, new_sites=new_sites, quotas=quotas, **given_)


TOWNS = tuple(f"T{x}{y}" for x in range(3) for y in range(3))
QUESTIONS = [
    {},
    {"quotas": (Quota("town", TOWNS),), "new_sites": 10},
    {"quotas": (Quota("town", TOWNS, 1, 2), Quota("county", ("T0", "T1", "T2"), 2, 4)), "new_sites": 9},
    {"objective": "min-sites", "new_sites": None},
    {"objective": "min-sites", "new_sites": None, "quotas": (Quota("town", TOWNS, 2),)},
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_town_is_proven_and_recounted(question):
    problem = _town(**question)
    plan = solve_siting(problem)
    count = verify_plan(problem, plan)
    assert plan.status == "optimal"
    assert count.covered == plan.covered
    assert plan_record(plan, problem) == plan_record(solve_siting(problem), problem)


def test_the_first_built_gains_most():
    plan = solve_siting(_town())
    assert plan.gain.is_monotonic_decreasing
    assert plan.gain.sum() == plan.covered - plan.covered_before


def test_a_stopped_solver_still_gives_a_plan_and_a_true_bound():
    problem = _town(communities=1500, candidates=200, new_sites=30)
    best = solve_siting(problem)
    stopped = solve_siting(problem, seconds=0)
    verify_plan(problem, stopped)
    assert stopped.value <= best.value <= best.bound <= stopped.bound <= stopped.reachable


def test_a_solver_that_did_not_run_proves_nothing(monkeypatch):
    monkeypatch.setattr(highs, "_run", lambda _: "kNotset")
    problem = _town(quotas=(Quota("town", TOWNS[:1]),))
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    assert (plan.status, plan.bound, plan.proved_by) == ("bounded", plan.reachable, "counting")
    for room in (max_cover, min_sites):
        monkeypatch.setattr(room, "heuristic_choice", lambda *_, **__: None)
    nothing = solve_siting(problem)
    assert (nothing.status, nothing.chosen) == ("no_plan", ())
    assert [r.key for r in nothing.reasons] == ["explanation.stopped"]
    verify_plan(problem, nothing)


def test_it_runs_after_somebody_used_other_threads():
    import highspy

    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    highspy.Highs.resetGlobalScheduler(True)
    x = other.addVariable(0, 1)
    other.maximize(x)
    assert solve_siting(_town()).status == "optimal"


def test_progress_ends_at_one():
    told = []
    solve_siting(_town(), progress=told.append)
    assert told[-1] == 1.0


def test_the_swap_never_makes_the_greedy_plan_worse():
    core = build_cover_instance(_town())
    choice = heuristic_choice(core)
    greedy = []
    left = np.ones(len(core.people), dtype=bool)
    dense = core.cover.toarray()
    for _ in range(core.limit):
        greedy.append(int((dense[left] * core.people[left, None]).sum(axis=0).argmax()))
        left &= dense[:, greedy[-1]] == 0
    assert core.covered(choice) >= core.covered(np.array(greedy))


def test_order_of_building_takes_ties_from_the_table():
    minutes = [[1, math.nan], [math.nan, 1]]
    given_ = {"people": [5, 5], "states": ["candidate"] * 2, "towns": ["T", "T"], "counties": ["K", "K"]}
    problem = _problem(minutes, objective="max-cover", new_sites=2, quotas=[], **given_)
    assert solve_siting(problem).chosen == ("s0", "s1")
