"""A question divided by region has a plan, and a bound that no plan beats, divided or not."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.io.cluster.shelf import forget_shelf, from_shelf
from quarterhour.siting import certify
from quarterhour.siting.methods.covering.greedy import build_cover_instance, greedy_order
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.plan import Evidence
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.regions import most_people
from quarterhour.siting.regions.answer import REGION_COLUMNS, solve_by_region
from quarterhour.siting.regions.division import divide
from quarterhour.siting.regions.each import here
from quarterhour.siting.regions.frontiers import region_frontier
from quarterhour.siting.regions.in_turn import choose_in_turn
from quarterhour.siting.regions.split import BY_REGION, RegionQuestion, Split, border_people
from quarterhour.siting.regions.spread import answer_shelved, each_on, shelve_region, shelved_region
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix


def ask(near, people, county, *, states=None, **changed):
    """Communities x sites, near or not; the county of each site."""
    near = np.asarray(near)
    communities, sites = [f"c{i}" for i in range(near.shape[0])], [f"s{j}" for j in range(near.shape[1])]
    frame = pd.DataFrame(
        {"state": states or "candidate", "town": county, "county": county, "name": sites, "quality": "fact"}, sites
    )
    asked = {
        "demand": pd.Series(people, index=communities), "sites": frame, "minutes": 10, "objective": "max-cover",
        "times": times_from_matrix(np.where(near, 5.0, 30.0), communities=communities, sites=sites, cutoff=30),
    }  # fmt: skip
    return as_problem("country", **(asked | changed))


def two_counties(**changed):
    """West has s0 (50 people) and s1 (30, and the 40 of the border), east s2 (20, and the border) and s3 (25).

    By hand, each region alone: west is worth 70 with one site (s1) and 120 with both, east 60 (s2) and 85. Added up,
    two sites are worth 130 (one each), but s1 and s2 cover the same 40. The best two of all are s0 and s1: 120.
    """
    near = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    return ask(near, [50, 30, 40, 20, 25], list("wwee"), **({"new_sites": 2} | changed))


def split_of(problem):
    core = build_cover_instance(problem)
    names = sorted(set(problem.sites["county"]))
    where = problem.sites["county"][core.sites]
    return Split(core, tuple(names), pd.Index(names).get_indexer(where).astype(np.int64))


def test_the_worked_example_counts_the_border_twice_where_it_is_counted_in_full():
    split = split_of(two_counties())
    fronts = [region_frontier(RegionQuestion(split.part(r, split.whole.people), 2, 0), 0, 2, 99) for r in (0, 1)]
    by_name = {name: front.values.tolist() for name, front in zip(split.names, fronts, strict=True)}
    assert by_name == {"e": [0, 60, 85], "w": [0, 70, 120]}
    assert [front.bounds.tolist() for front in fronts] == [front.values.tolist() for front in fronts]
    assert divide([front.bounds for front in fronts], 2)[0] == 130


def test_the_worked_example_is_divided_and_proven():
    problem = two_counties()
    answer = solve_by_region(problem)
    assert verify_plan(problem, answer.plan).covered == 120
    assert (set(answer.plan.chosen), answer.plan.value, answer.plan.bound) == ({"s0", "s1"}, 120, 120)
    assert answer.plan.status == "optimal"
    assert answer.regions.columns.tolist() == list(REGION_COLUMNS)
    assert answer.regions.set_index("region")["sites"].to_dict() == {"e": 0, "w": 2}
    assert answer.regions.set_index("region")["people"].to_dict() == {"e": 0, "w": 120}
    assert answer.regions["one_more"].tolist() == [25, pd.NA]
    assert answer.regions["one_less"].tolist() == [pd.NA, 50]


def test_evidence_of_a_bound_of_regions_is_sought_where_the_whole_is_small(monkeypatch):
    problem = two_counties()
    plan = solve_by_region(problem).plan
    certified = certify.certify_plan(problem, plan)
    assert isinstance(certified.evidence[0], Evidence)
    verify_plan(problem, certified)
    monkeypatch.setattr(certify, "_MOST_DIVIDED", 3)
    large = certify.certify_plan(problem, plan).evidence[0]
    assert isinstance(large, Evidence) == (plan.proved_by != BY_REGION)


def test_what_a_border_community_counts_never_adds_up_to_too_little():
    """Of 40 people 10 count in each region: 30 + 0, 30 + 10 and 30 + 20, where 0, 40 and 40 are covered."""
    split = split_of(two_counties())
    shared = split.shared
    prices = np.where(shared, 0.25, 1.0)
    counted = border_people(split, prices)
    assert counted[shared].tolist() == [10]
    assert (counted[~shared] == split.whole.people[~shared]).all()
    assert (border_people(split, None) == split.whole.people).all()


def test_fewest_sites_of_the_worked_example():
    """s0, s1 and s2, s3 are needed by those whom they alone reach; the border is covered anyhow."""
    problem = two_counties(objective="min-sites", new_sites=None)
    answer = solve_by_region(problem)
    verify_plan(problem, answer.plan)
    assert (answer.plan.value, answer.plan.bound) == (4, 4)


def test_a_border_that_nobody_covers_by_himself_is_given_to_one_region():
    """Only the border asks: each region needs nothing, so the bound is none, and one site covers it."""
    problem = ask([[1, 1]], [40], list("we"), objective="min-sites")
    answer = solve_by_region(problem)
    verify_plan(problem, answer.plan)
    assert answer.plan.value == 1
    assert answer.plan.bound <= 1


def random_question(seed, *, share, objective="max-cover", quotas=False, **changed):
    rng = np.random.default_rng(seed)
    regions, each, rows = int(rng.integers(1, 4)), int(rng.integers(1, 4)), 24
    county = np.repeat(np.arange(regions), each)
    home = rng.integers(0, regions, rows)
    near = rng.random((rows, len(county))) < np.where(home[:, None] == county, 0.4, share)
    states = rng.choice(["candidate", "candidate", "candidate", "existing", "required"], len(county)).tolist()
    must = states.count("required")
    names = [f"K{c}" for c in county]
    asked = {"new_sites": must + int(rng.integers(0, len(county) + 1)), "objective": objective}
    if objective == "min-sites":
        asked["new_sites"] = None if seed % 2 else len(county)
    if quotas:
        asked["quotas"] = Quota("county", minimum=int(rng.integers(0, 2)), maximum=max(1, each - 1))
    return ask(near, rng.integers(0, 50, rows), names, states=states, **(asked | changed))


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("quotas", [False, True])
@pytest.mark.parametrize("objective", ["max-cover", "min-sites"])
def test_no_plan_of_the_whole_beats_the_bound(seed, quotas, objective):
    problem = random_question(seed, share=0.1, quotas=quotas, objective=objective)
    whole, answer = solve_siting(problem), solve_by_region(problem)
    verify_plan(problem, answer.plan)
    assert (answer.plan.status == "infeasible") == (whole.status == "infeasible")
    if whole.status == "optimal":
        low, high = (answer.plan.value, answer.plan.bound)[:: 1 if objective == "max-cover" else -1]
        assert low <= whole.value <= high


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("objective", ["max-cover", "min-sites"])
def test_where_no_community_is_shared_nothing_is_lost(seed, objective):
    problem = random_question(100 + seed, share=0.0, objective=objective)
    whole, answer = solve_siting(problem), solve_by_region(problem)
    assert (answer.plan.value, answer.plan.bound) == pytest.approx((whole.value, whole.bound), nan_ok=True)


@pytest.mark.parametrize("seed", range(8))
def test_regions_that_choose_again_beside_the_others_lose_nothing(seed):
    problem = random_question(200 + seed, share=0.3, quotas=bool(seed % 2))
    split = split_of(problem)
    core = split.whole
    begin = greedy_order(core)
    again = choose_in_turn(split, begin, seed=0, each=here)
    assert core.covered(again) >= core.covered(begin)
    assert core.holds(again) or not core.holds(begin)


def test_the_border_is_left_to_who_has_it():
    """Where s1 has the border, east is better off with s3 than with s2, of whom the border alone would be more."""
    split = split_of(two_counties())
    position = {site: k for k, site in enumerate(split.whole.sites)}
    begin = np.array([position["s1"], position["s2"]])
    again = choose_in_turn(split, begin, seed=0, each=here)
    assert {split.whole.sites[k] for k in again} in ({"s1", "s3"}, {"s0", "s2"})
    assert split.whole.covered(again) >= 95


def test_whoever_answers_for_the_regions_the_plan_is_the_same():
    problem = random_question(3, share=0.1)

    def backwards(work, tasks):
        done = {k: work(*pickle.loads(pickle.dumps(tasks[k]))) for k in reversed(range(len(tasks)))}
        return iter([done[k] for k in range(len(tasks))])

    first, again = solve_by_region(problem), solve_by_region(problem, each=backwards)
    assert first.plan.chosen == again.plan.chosen
    assert first.plan.levels == again.plan.levels
    pd.testing.assert_frame_equal(first.regions, again.regions)


class Backwards:
    """Does tasks here, the last first."""

    def __init__(self):
        self.tasks = []

    def each(self, work, tasks, *, name, **_):
        self.tasks += [(name, *task) for task in tasks]
        for number in reversed(range(len(tasks))):
            yield number, work(*pickle.loads(pickle.dumps(tasks[number])))


@pytest.mark.parametrize("objective", ["max-cover", "min-sites"])
def test_workers_read_the_regions_off_a_shelf_and_the_plan_is_the_same(tmp_path, objective):
    problem = random_question(4, share=0.1, objective=objective)
    workers = Backwards()
    first, again = solve_by_region(problem), solve_by_region(problem, each=each_on(workers, tmp_path))
    assert (first.plan.chosen, first.plan.levels) == (again.plan.chosen, again.plan.levels)
    pd.testing.assert_frame_equal(first.regions, again.regions)
    assert len(workers.tasks) > 1
    assert all(len(repr(task)) < 2000 for task in workers.tasks)  # paths and hashes


def test_a_worker_forgets_the_regions_with_their_shelf(tmp_path):
    """Else their files stay mapped by workers who go on for others, and Windows does not take them away."""
    split = split_of(two_counties())
    shelved = shelve_region(RegionQuestion(split.part(0, split.whole.people), 2, 0), tmp_path)
    assert shelved_region(shelved) is shelved_region(shelved)
    forget_shelf()
    assert shelved_region.cache_info().currsize == from_shelf.cache_info().currsize == 0


def test_a_worker_with_another_program_answers_nothing(tmp_path):
    split = split_of(two_counties())
    shelved = shelve_region(RegionQuestion(split.part(0, split.whole.people), 2, 0), tmp_path)
    with pytest.raises(DataError, match="another version"):
        answer_shelved(region_frontier, shelved, (0, 2, 1), "0" * 64)


def test_numbers_that_a_division_needs_are_asked_for(monkeypatch):
    """The regions are asked around a number far from theirs, and then for what the bounds rest on."""
    problem = two_counties(new_sites=3)
    monkeypatch.setattr(most_people, "_AROUND", 0)
    asked = []

    def each(work, tasks):
        asked.append([(first, last) for _, first, last, _ in tasks])
        return (work(*task) for task in tasks)

    real = most_people._prices_and_numbers
    monkeypatch.setattr(most_people, "_prices_and_numbers", lambda *a: (real(*a)[0], np.array([0, 0])))
    answer = solve_by_region(problem, each=each)
    assert (answer.plan.value, answer.plan.bound) == (145, 145)  # 50 + 30 + 40 + 25
    assert asked[0] == [(0, 0), (0, 0)]
    assert len(asked) > 1


@pytest.mark.parametrize("seed", range(8))
def test_the_best_division_is_that_of_all_divisions(seed):
    rng = np.random.default_rng(seed)
    worth = [rng.integers(-3, 30, int(rng.integers(1, 5))) for _ in range(3)]
    most = int(rng.integers(0, 8))
    every = [n for n in itertools.product(*(range(len(w)) for w in worth)) if sum(n) <= most]
    sums = [sum(int(w[k]) for w, k in zip(worth, n, strict=True)) for n in every
            if all(w[k] >= 0 for w, k in zip(worth, n, strict=True))]  # fmt: skip
    found = divide(worth, most)
    assert (None if found is None else found[0]) == (max(sums) if sums else None)
    if found is not None:
        assert sum(int(w[k]) for w, k in zip(worth, found[1], strict=True)) == found[0]
        assert found[1].sum() <= most


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"objective": ["max-cover", "min-time"]}, "one goal"),
        ({"objective": "min-time"}, "min-time cannot be divided"),
        ({"coverage": Coverage(backup=0)}, "backup coverage"),
        ({"coverage": Coverage(at_least=10)}, "at_least"),
        ({"coverage": Coverage(everyone=True)}, "everyone"),
        ({"coverage": Coverage(farthest=20)}, "farthest"),
        ({"minutes": Standard(10, steps=((5, 100), (10, 60)))}, "steps"),
        ({"conflicts": [("s0", "s3")]}, "rule each other out"),
        ({"quotas": Quota("state", ("candidate",), minimum=0, maximum=1)}, "lies across the regions e, w"),
    ],
)
def test_what_cannot_be_divided_is_said(changed, said):
    with pytest.raises(DataError, match=said):
        solve_by_region(two_counties(**changed))


@pytest.mark.parametrize(
    ("column", "changed", "said"),
    [
        ("capacity", {"capacity": Capacity(split=True)}, "have room for"),
        ("cost_yuan", {"budget": Budget(100)}, "beside a budget"),
    ],
)
def test_what_is_asked_of_all_sites_together_is_said(column, changed, said):
    problem = two_counties()
    sites = problem.sites.drop(columns=["capacity", "cost_yuan", "running_yuan", "tiers"]).assign(**{column: 50})
    again = as_problem("country", demand=problem.demand, sites=sites, times=problem.times, minutes=10,
                       objective="max-cover", new_sites=2, **changed)  # fmt: skip
    with pytest.raises(DataError, match=said):
        solve_by_region(again)


def test_spacing_is_a_rule_of_all_sites():
    problem = two_counties()
    sites = problem.sites.drop(columns=["capacity", "cost_yuan", "running_yuan", "tiers"])
    again = as_problem(
        "country", demand=problem.demand, sites=sites.assign(x=[0, 1, 2, 3], y=0), times=problem.times, minutes=10,
        objective="max-cover", new_sites=2, spacing=Spacing(2),
    )  # fmt: skip
    with pytest.raises(DataError, match="least distance"):
        solve_by_region(again)


def test_a_goal_with_people_of_its_own_is_not_divided():
    problem = two_counties()
    with pytest.raises(DataError, match="another column"):
        solve_by_region(ask(np.ones((1, 1)), [3], ["w"], new_sites=1, objective=Goal("max-cover", "people")))
    assert problem.new_sites == 2


def test_regions_are_told_by_id_and_none_is_blank():
    problem = two_counties()
    named = pd.Series({"s3": "one", "s1": "one", "s0": "two", "s2": "two"})
    assert solve_by_region(problem, named).regions["region"].tolist() == ["one", "two"]
    with pytest.raises(DataError, match="without a region: s2"):
        solve_by_region(problem, named.mask(named.index == "s2", ""))
    with pytest.raises(DataError, match="must be town, county"):
        solve_by_region(problem, "province")
    with pytest.raises(DataError, match="Missing: s2"):
        solve_by_region(problem, named.drop("s2"))


def test_a_question_without_a_plan_says_why():
    problem = two_counties(new_sites=1, quotas=Quota("county", minimum=1))
    answer = solve_by_region(problem)
    assert answer.plan.status == "infeasible"
    assert answer.plan.reasons
    assert answer.regions["sites"].tolist() == [0, 0]


def test_a_region_where_all_are_covered_still_keeps_its_quota():
    near = [[1, 1, 0], [0, 0, 1]]
    problem = ask(near, [50, 30], list("wwe"), states=["existing", "candidate", "candidate"], new_sites=2,
                  quotas=Quota("county", ("w",), minimum=2))  # fmt: skip
    answer = solve_by_region(problem)
    verify_plan(problem, answer.plan)
    assert set(answer.plan.chosen) == {"s1", "s2"}
    assert answer.plan.status == "optimal"


# --- a budget -------------------------------------------------------------------------------------


def with_budget(problem, yuan, cost, **changed):
    """The same question with costs and a budget in the stead of a number."""
    sites = problem.sites.drop(columns=["capacity", "cost_yuan", "running_yuan", "tiers"]).assign(cost_yuan=cost)
    return as_problem("country", demand=problem.demand, sites=sites, times=problem.times, minutes=10,
                      objective="max-cover", budget=Budget(yuan), quotas=problem.quotas, **changed)  # fmt: skip


def test_a_budget_of_the_worked_example():
    """For 5 one may build s1 and s3 (30 + 40 + 25) or s0 alone (50), s2 and s3 (85), s1 and s2 (90): 95 are most."""
    problem = with_budget(two_counties(), 5_000_000, [4_000_000, 3_000_000, 2_000_000, 2_000_000])
    answer = solve_by_region(problem)
    verify_plan(problem, answer.plan)
    assert answer.plan.value <= 95 <= answer.plan.bound
    assert answer.plan.value == 95
    assert answer.regions["sites"].sum() == len(answer.plan.chosen)


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("quotas", [False, True])
def test_no_plan_within_the_budget_beats_the_bound(seed, quotas):
    rng = np.random.default_rng(seed)
    plain = random_question(seed, share=0.1, quotas=quotas)
    cost = rng.integers(0, 9, len(plain.sites)) * 1_000
    problem = with_budget(plain, int(cost[plain.required].sum() + rng.integers(0, 12) * 1_500), cost)
    whole, answer = solve_siting(problem), solve_by_region(problem)
    verify_plan(problem, answer.plan)
    assert (answer.plan.status == "infeasible") == (whole.status == "infeasible")
    if whole.status == "optimal":
        assert answer.plan.value <= whole.value <= answer.plan.bound


def test_a_number_beside_a_budget_and_a_budget_of_the_fewest_are_not_divided():
    problem = with_budget(two_counties(), 100, 50, new_sites=2)
    with pytest.raises(DataError, match="beside a budget"):
        solve_by_region(problem)
