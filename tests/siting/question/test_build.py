"""The door of the siting rooms: every value of a question is checked, and what is wrong is named.

::

    minutes      old   a    b    c          people   town of the site
    north        5     -    20   -          100      old: T1 (existing)
    middle       -     10   15   -           40      a:   T1
    south        -     -    9    10          30      b:   T2
    far          -     -    -    -            7      c:   T3
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import CutoffError, DataError
from quarterhour.siting.explanation.contradictions import contradictions
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.question.sites import join_sites
from quarterhour.travel.times import times_from_matrix

COMMUNITIES = ["north", "middle", "south", "far"]
MINUTES = [[5, np.nan, 20, np.nan], [np.nan, 10, 15, np.nan], [np.nan, np.nan, 9, 10], [np.nan] * 4]
PEOPLE = pd.DataFrame({"older": [100, 40, 30, 7], "hardship": [3, 0, 2, 1]}, COMMUNITIES)
SITES = pd.DataFrame(
    {
        "state": ["existing", "candidate", "candidate", "upgradeable"],
        "town": ["T1", "T1", "T2", "T3"],
        "county": ["K1", "K1", "K1", "K2"],
        "name": "",
        "quality": "synthetic",
        "tiers": ["town", "village", "village town", ""],
        "cost_yuan": [0, 50, 80, 20],
        "running_yuan": [9, 5, 5, 1],
        "capacity": [60, 50, 90, np.nan],
        "x": [0.0, 1000.0, 3000.0, 3000.0],
        "y": [0.0, 0.0, 0.0, 400.0],
    },
    index=["old", "a", "b", "c"],
)


def _times(cutoff=30, sites=SITES.index):
    whole = times_from_matrix(np.array(MINUTES, dtype=float), communities=COMMUNITIES, sites=SITES.index, cutoff=cutoff)
    return whole.only(sites)


def _ask(**changed):
    asked = {"demand": PEOPLE, "people": "older", "sites": SITES, "times": _times(), "minutes": 15}
    asked |= {"objective": "max-cover", "new_sites": 1, **changed}
    return as_problem("toy", **asked)


WRONG = [
    ({"objective": ()}, "unknown siting objective"),
    ({"objective": ("max-cover", "fewest")}, "'fewest'"),
    ({"objective": ("max-cover", "max-cover")}, "twice in the chain"),
    ({"objective": Goal("equity", level="state")}, "compared by 'state'"),
    ({"objective": "equity"}, "need the town"),
    ({"objective": Goal("max-cover", "children")}, "'children'"),
    ({"objective": "min-time", "new_sites": None}, "new_sites"),
    ({"minutes": Standard(15, ((10, 100), (14, 60)))}, "the last at the standard"),
    ({"minutes": Standard(15, ((10, 60), (15, 100)))}, "percents falling"),
    ({"minutes": Standard(15, ((10, 100.5), (15, 60)))}, "percents falling"),
    ({"minutes": Standard(15, ((12, 100), (10, 80), (15, 60)))}, "minutes rising"),
    ({"minutes": {}}, "positive number"),
    ({"minutes": {"urban": 15, "rural": 10}}, "without a class"),
    ({"minutes": {"urban": 15}, "times": {"rural": _times()}}, "must name the same"),
    ({"minutes": {"u": 15, "r": 10}, "classes": pd.Series("u", COMMUNITIES).replace({"u": "x"})}, "north, middle"),
    ({"people": None}, "which one counts"),
    ({"people": "children"}, "'children'"),
    ({"people": {"older": 1.5}}, "weights must be whole"),
    ({"demand": PEOPLE.assign(older=[1, 2, 3, -4])}, "far"),
    ({"budget": Budget(100), "sites": SITES.drop(columns="cost_yuan")}, "lacks the column 'cost_yuan'"),
    ({"objective": "min-cost", "sites": SITES.assign(cost_yuan=[0, 1, np.nan, 2])}, "'cost_yuan' cannot be used"),
    ({"sites": SITES.assign(cost_yuan=[0, 1, 1.5, 2])}, "b"),
    ({"sites": SITES.assign(running_yuan=["0", "x", "1", "2"])}, "a"),
    ({"budget": Budget(-1)}, "budget of -1"),
    ({"budget": Budget(1, years=1.5)}, "1.5 years"),
    ({"budget": Budget(1, years=2**60)}, "budget of 1 yuan"),
    ({"capacity": Capacity(), "sites": SITES.drop(columns="capacity")}, "lacks the column 'capacity'"),
    ({"capacity": Capacity(), "sites": SITES.assign(capacity=[1, 2, -3, 4])}, "'capacity' cannot be used"),
    ({"capacity": Capacity("beds", pd.Series(1.5, COMMUNITIES))}, "load (beds)"),
    ({"capacity": Capacity("beds", pd.Series(1, COMMUNITIES)), "demand": PEOPLE * [0, 1], "people": "older"}, "north"),
    ({"capacity": Capacity("beds", pd.Series(1, COMMUNITIES), split=True)}, "must be the people that count"),
    ({"capacity": Capacity(split=True), "objective": Goal("max-cover", "hardship")}, "not the column 'hardship'"),
    ({"capacity": Capacity(), "coverage": Coverage(backup=0)}, "backup coverage cannot"),
    ({"coverage": Coverage(backup=100)}, "0 to 99"),
    ({"coverage": Coverage(backup=True)}, "0 to 99"),
    ({"coverage": Coverage(at_least=-1)}, "to cover at least"),
    ({"coverage": Coverage(tier="city")}, "tier 'city'. Tiers: town, village"),
    ({"quotas": [Quota("town", ("T1",), tier="city")]}, "tier 'city'"),
    ({"quotas": [Quota("cost_yuan", ("50",))]}, "quotas cannot be set by 'cost_yuan'"),
    ({"quotas": [Quota("town", ("T1",), 0.5)]}, "at least 0.5"),
    ({"spacing": Spacing(0)}, "positive number of metres"),
    ({"spacing": Spacing(500), "sites": SITES.drop(columns="y")}, "lacks the column 'x, y'"),
    ({"spacing": Spacing(500), "sites": SITES.assign(y=[0, np.nan, 0, 0])}, "a"),
    ({"spacing": Spacing(500, distances=np.zeros((3, 4)))}, "3 x 4 came"),
    ({"spacing": Spacing(500, distances=pd.DataFrame(1.0, ["old", "a"], ["old", "a"]))}, "none missing"),
    ({"conflicts": [["a"]]}, "two at least"),
    ({"conflicts": ["ab"]}, "two at least"),
    ({"quotas": [Quota("town", "T1")]}, "names no areas"),
    ({"quotas": [Quota("town", ("T1",), 2**60)]}, "at least 1152921504606846976"),
    ({"people": {}}, "which one counts"),
    ({"areas": pd.DataFrame({"town": ["T1", "T2"]}, ["far", "far"])}, "areas names more than once: far"),
    ({"conflicts": [["a", "a"]]}, "two at least"),
    ({"conflicts": [["a", "z"]]}, "a, z"),
    ({"people": {"older": 10**12}}, "too many to be counted"),
    ({"people": 3}, "'3'"),
    ({"capacity": Capacity("beds", pd.Series(2**51, COMMUNITIES))}, "too many to be counted"),
    ({"demand": PEOPLE.assign(hardship=2**50), "objective": Goal("max-cover", "hardship")}, "too many to be counted"),
    ({"objective": None}, "'None'"),
    ({"objective": 3}, "'3'"),
    ({"minutes": np.nan}, "nan came"),
    ({"minutes": 5e-5}, "times are whole multiples of 1/6000 of a minute"),
    ({"minutes": Standard([10])}, "[10] came"),
    ({"budget": "much"}, "budget must be Budget(yuan); 'much' came"),
    ({"budget": 100.5}, "budget must be"),
    ({"spacing": True}, "spacing must be Spacing(metres)"),
    ({"coverage": 2}, "coverage must be Coverage(...); 2 came"),
    ({"capacity": "beds"}, "capacity must be Capacity(...)"),
    ({"quotas": {"A": 1}}, "quotas must be [Quota(...), ...]"),
    ({"quotas": ["town"]}, "quotas must be [Quota(...), ...]; 'town' came"),
    ({"quotas": 1}, "quotas must be"),
    ({"quotas": [Quota("name", ("a",))]}, "quotas cannot be set by 'name'. Known: town, county, state"),
    ({"quotas": [Quota("state")]}, "names no areas"),
    ({"quotas": [Quota("town", 3)]}, "names no areas"),
    ({"conflicts": [3]}, "two at least"),
    ({"areas": ["T1"] * 4}, "areas must be a DataFrame"),
    ({"areas": pd.DataFrame({"town": "T1"}, COMMUNITIES[:3])}, "Missing: far; unknown: -"),
    ({"areas": pd.DataFrame({"town": "T1"}, [*COMMUNITIES, "x"])}, "Missing: -; unknown: x"),
    ({"minutes": {"u": 15, "r": 10}, "classes": ["u"] * 4}, "classes must be a Series by community id"),
    ({"minutes": {"u": 15, "r": 10}, "classes": pd.Series("u", [*COMMUNITIES, "x"])}, "unknown: x"),
    ({"capacity": Capacity("beds", [1] * 4)}, "load must be a Series by community id"),
    ({"capacity": Capacity("beds", pd.Series(1, COMMUNITIES[:2]))}, "Missing: south, far"),
]


@pytest.mark.parametrize(("changed", "part"), WRONG)
def test_what_cannot_be_asked_is_named(changed, part):
    with pytest.raises(DataError) as why:
        _ask(**changed)
    assert part in str(why.value)
    assert why.value.sentence("zh") != str(why.value)


def test_two_standards_take_each_community_from_its_own_times():
    walk, drive = _times(15), times_from_matrix(
        np.full((4, 4), 12.0), communities=COMMUNITIES[::-1], sites=list(SITES.index)[::-1], cutoff=15
    )  # fmt: skip
    classes = pd.Series(["urban", "urban", "rural", "rural"], COMMUNITIES)
    problem = _ask(times={"urban": walk, "rural": drive}, minutes={"urban": 10, "rural": 12}, classes=classes)
    pairs = {(COMMUNITIES[r], SITES.index[s]): cs / 6000 for r, s, cs in zip(*_pairs(problem), strict=True)}
    urban = {("north", "old"): 5, ("middle", "a"): 10}
    assert pairs == urban | {(c, s): 12 for c in ("south", "far") for s in SITES.index}
    assert "urban" in problem.classes["north"]
    with pytest.raises(CutoffError, match="only to 15"):
        _ask(times={"urban": walk, "rural": drive}, minutes={"urban": 10, "rural": 16}, classes=classes)
    with pytest.raises(DataError, match="far"):
        part = times_from_matrix(np.ones((1, 4)), communities=["south"], sites=SITES.index, cutoff=15)
        _ask(times={"urban": walk, "rural": part}, minutes={"urban": 10, "rural": 12}, classes=classes)


def _pairs(problem):
    return problem.pairs.row, problem.pairs.site, problem.pairs.cs


def test_new_sites_that_stand_too_near_rule_each_other_out():
    near = _ask(spacing=Spacing(2000))
    assert [tuple(SITES.index[list(p)]) for p in near.conflicts] == []
    candidates = SITES.assign(state=["existing", "candidate", "candidate", "candidate"])
    assert _ask(sites=candidates, spacing=Spacing(400)).conflicts.tolist() == []  # exactly so far apart
    assert _ask(sites=candidates, spacing=Spacing(401)).conflicts.tolist() == [[2, 3]]
    assert _ask(sites=candidates, spacing=Spacing(1500, existing=True)).conflicts.tolist() == [[0, 1], [2, 3]]
    metres = pd.DataFrame(5000.0, SITES.index, SITES.index)
    metres.loc["b", "a"] = 100  # one way is enough
    assert _ask(sites=candidates, spacing=Spacing(401, metres)).conflicts.tolist() == [[1, 2]]


def test_groups_of_conflicts_become_pairs():
    groups = [["c", "a", "b"], ["a", "b"]]
    for given in (groups, ((site for site in group) for group in groups)):
        assert _ask(conflicts=given).conflicts.tolist() == [[1, 2], [1, 3], [2, 3]]


def test_settled_sites_that_rule_each_other_out_are_a_contradiction():
    sites = SITES.assign(state=["existing", "required", "candidate", "candidate"])
    reasons = contradictions(_ask(sites=sites, conflicts=[["old", "a"]]))
    assert [r.key for r in reasons] == ["explanation.settled_conflict"]
    assert "old + a" in reasons[0].sentence("en")
    over = contradictions(_ask(sites=sites, budget=Budget(60, years=3)))
    assert [r.key for r in over] == ["explanation.required_over_budget"]
    assert "65" in over[0].sentence("zh")


def test_columns_of_people_are_weighted_and_the_rest_reported():
    problem = _ask(people={"older": 1, "hardship": 10})
    assert problem.demand.tolist() == [130, 40, 50, 17]
    assert list(problem.people.columns) == ["older", "hardship"]


def test_joined_sites_bring_what_they_cost_and_can_serve():
    joined = join_sites(SITES.iloc[:1].drop(columns="capacity"), SITES.iloc[1:])
    assert joined["cost_yuan"].tolist() == [0, 50, 80, 20]
    assert joined["capacity"].isna().tolist() == [True, False, False, True]
    assert _ask(sites=joined, capacity=Capacity()).room.tolist() == [2**53, 50, 90, 2**53]


@pytest.mark.parametrize(
    "changed",
    [
        {"objective": ("max-cover", "min-time")},
        {"objective": Goal("max-cover", "hardship")},
        {"people": {"older": 2}},
        {"coverage": Coverage(backup=0)},
        {"coverage": Coverage(everyone=True)},
        {"coverage": Coverage(at_least=1)},
        {"coverage": Coverage(tier="town")},
        {"budget": Budget(100)},
        {"budget": Budget(None, 2)},
        {"capacity": Capacity()},
        {"capacity": Capacity(split=True)},
        {"capacity": Capacity("people", pd.Series([1, 2, 3, 4], COMMUNITIES))},
        {"conflicts": [["a", "b"]]},
        {"minutes": Standard(15, ((10, 100), (15, 60)))},
        {"sites": SITES.assign(cost_yuan=1)},
        {"sites": SITES.assign(tiers="town")},
        {"sites": SITES.assign(name="甲")},
        {"areas": pd.DataFrame({"town": "T1"}, COMMUNITIES)},
        {"demand": PEOPLE.assign(hardship=0)},
        {"quotas": [Quota("town", ("T1",))]},
    ],
)
def test_another_question_has_another_hash(changed):
    assert input_hash(_ask(**changed)) != input_hash(_ask())


def test_a_number_alone_is_yuan_or_metres():
    sites = SITES.assign(state=["existing", "candidate", "candidate", "candidate"])
    plain = _ask(sites=sites, budget=100, spacing=500, quotas=Quota("town", ("T1",)))
    said = _ask(sites=sites, budget=Budget(100), spacing=Spacing(500.0), quotas=[Quota("town", ("T1",))])
    assert input_hash(plain) == input_hash(said)
    assert (
        input_hash(_ask(budget=np.int64(100))) == input_hash(_ask(budget=100.0)) == input_hash(_ask(budget=Budget(100)))
    )


def test_towns_that_are_numbers_are_text_to_all():
    sites = SITES.assign(town=[1, 1, 2, np.nan])
    problem = _ask(sites=sites, quotas=[Quota("town", (1, 2))], areas=pd.DataFrame({"town": [1, 2, 3, 3]}, COMMUNITIES))
    assert problem.sites["town"].tolist() == ["1", "1", "2", ""]
    assert problem.quotas[0].areas == ("1", "2")
    assert _ask(sites=sites, quotas=[Quota("town")], areas=problem.areas).quotas[0].areas == ("1", "2", "3")


def test_distances_go_by_id_or_in_order():
    sites = SITES.assign(state="candidate")
    metres = pd.DataFrame(5000.0, SITES.index, SITES.index)
    metres.loc["b", "a"] = 100
    for given in (
        metres,
        metres.iloc[::-1],
        metres.to_numpy(),
        metres.reset_index(drop=True).set_axis(range(4), axis=1),
    ):
        assert _ask(sites=sites, spacing=Spacing(401, given)).conflicts.tolist() == [[1, 2]]
    with pytest.raises(DataError, match="distances names more than once: a"):
        _ask(sites=sites, spacing=Spacing(401, metres.rename(index={"b": "a"})))
