"""The siting question at its door, and the recount that a wrong plan does not pass.

::

    minutes      old   a    b    c          people   town of the site
    north        5     -    20   -          100      old: T1 (existing)
    middle       -     10   15   -           40      a:   T1
    south        -     -    9    10          30      b:   T2
    far          -     -    -    -            7      c:   T3
"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import CutoffError, DataError, PlanError
from quarterhour.siting.explain import explain_plan, out_of_reach
from quarterhour.siting.proof.plan_record import plan_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.quotas import shortfalls
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.question.sites import join_sites
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix

COMMUNITIES = ["north", "middle", "south", "far"]
MINUTES = [[5, np.nan, 20, np.nan], [np.nan, 10, 15, np.nan], [np.nan, np.nan, 9, 10], [np.nan] * 4]
PEOPLE = pd.Series([100, 40, 30, 7], index=COMMUNITIES)
SITES = pd.DataFrame(
    {
        "state": ["existing", "candidate", "candidate", "candidate"],
        "town": ["T1", "T1", "T2", "T3"],
        "county": ["K1", "K1", "K1", "K2"],
        "name": ["老中心", "甲", "乙", "丙"],
        "quality": "synthetic",
    },
    index=["old", "a", "b", "c"],
)


def _times(cutoff=30):
    return times_from_matrix(
        np.array(MINUTES, dtype=float), communities=pd.Index(COMMUNITIES), sites=SITES.index, cutoff=cutoff
    )


def _ask(**changed):
    asked = {"demand": PEOPLE, "sites": SITES, "times": _times(), "minutes": 15, "objective": "max-cover"}
    asked |= {"new_sites": 1, **changed}
    return as_problem("toy", **asked)


# --- the door ---


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"minutes": 0}, "positive number"),
        ({"objective": "p-median"}, "unknown siting objective"),
        ({"new_sites": None}, "new_sites"),
        ({"new_sites": 1.5}, "new_sites"),
        ({"new_sites": True}, "new_sites"),
        ({"sites": SITES.drop(columns="town")}, "lacks the columns town"),
        ({"sites": SITES.assign(state="open")}, "unknown state: old, a, b, c"),
        ({"sites": pd.concat([SITES, SITES.iloc[:1]])}, "more than once: old"),
        ({"sites": SITES.rename({"a": "z"})}, "without travel times: z"),
        ({"demand": PEOPLE.drop("far")}, "far"),
        ({"demand": PEOPLE.replace(40, 40.5)}, "middle"),
        ({"demand": PEOPLE.replace(40, -1)}, "middle"),
        ({"demand": PEOPLE.astype(object).replace(40, "多")}, "middle"),
        ({"quotas": [Quota("village", ("T1",))]}, "village"),
        ({"quotas": [Quota("town", ())]}, "names no areas"),
        ({"quotas": [Quota("town", ("T1", "T1"))]}, "T1"),
        ({"quotas": [Quota("town", ("T1",), 2, 1)]}, "at most 1"),
    ],
)
def test_the_door_names_what_cannot_be_asked(changed, part):
    with pytest.raises(DataError) as why:
        _ask(**changed)
    assert part in str(why.value)
    assert why.value.sentence("zh")


def test_a_standard_beyond_the_search_is_refused():
    with pytest.raises(CutoffError, match="only to 10"):
        _ask(times=_times(10))


def test_rows_in_any_order_are_the_same_question():
    shuffled = _ask(demand=PEOPLE.iloc[::-1])
    assert input_hash(shuffled) == input_hash(_ask())
    assert list(shuffled.demand.index) == COMMUNITIES


def test_sites_may_be_fewer_and_in_another_order_than_the_times():
    problem = _ask(sites=SITES.loc[["c", "old"]])
    assert list(problem.times.sites) == ["c", "old"]
    assert solve_siting(problem).chosen == ("c",)


@pytest.mark.parametrize(
    "changed", [{"minutes": 14}, {"new_sites": 2}, {"demand": PEOPLE + 1}, {"quotas": [Quota("town", ("T1",))]}]
)
def test_another_question_has_another_hash(changed):
    assert input_hash(_ask(**changed)) != input_hash(_ask())


def test_existing_sites_and_candidates_join_and_ids_must_differ():
    joined = join_sites(SITES.iloc[:1], SITES.iloc[1:], required=["b"])
    assert list(joined["state"]) == ["existing", "candidate", "required", "candidate"]
    assert list(join_sites(SITES.iloc[:0], SITES.iloc[1:]).index) == ["a", "b", "c"]
    with pytest.raises(DataError, match="old"):
        join_sites(SITES.iloc[:1], SITES)
    with pytest.raises(DataError, match="z"):
        join_sites(SITES.iloc[:1], SITES.iloc[1:], required=["z"])


# --- plans by hand ---


def test_one_site_goes_where_most_people_are_not_yet_covered():
    problem = _ask()
    plan = solve_siting(problem)
    assert (plan.chosen, plan.value, plan.bound, plan.status, plan.gap) == (("b",), 170, 170, "optimal", 0)
    assert (plan.covered_before, plan.reachable, plan.demand_total) == (100, 170, 177)
    assert plan.gain.to_dict() == {"b": 70}
    assert plan.assignment.dropna().to_dict() == {"north": "old", "middle": "b", "south": "b"}
    assert verify_plan(problem, plan).covered == 170


def test_a_trip_of_exactly_the_standard_is_covered():
    assert solve_siting(_ask(minutes=10)).covered == 140
    assert solve_siting(_ask(minutes=9.99)).covered == 130


def test_no_site_is_built_for_nobody():
    assert solve_siting(_ask(new_sites=3)).chosen == ("b",)


def test_an_area_without_candidate_is_told_and_the_rest_solved():
    problem = _ask(new_sites=2, quotas=[Quota("town", ("T1", "T2", "T9")), Quota("county", ("K2",), 2)])
    plan = solve_siting(problem)
    assert plan.unmet.to_numpy().tolist() == [
        ["town", "T9", 1, 0, 0, "no_candidate"],
        ["county", "K2", 2, 0, 1, "too_few_candidates"],
    ]
    assert plan.chosen == ("b", "c")
    assert plan.status == "optimal"
    verify_plan(problem, plan)
    assert "T9" in " ".join(explain_plan(problem, plan, "zh"))
    assert "no admissible candidate" in " ".join(explain_plan(problem, plan))


def test_quotas_above_the_number_of_sites_give_no_plan_but_a_reason():
    problem = _ask(new_sites=1, quotas=[Quota("town", ("T1", "T2", "T3")), Quota("county", ("K1", "K2"))])
    plan = solve_siting(problem)
    assert (plan.status, plan.chosen) == ("infeasible", ())
    assert [r.key for r in plan.reasons] == ["explanation.quotas_over_new_sites"]
    why, lost, *changes = explain_plan(problem, plan)
    assert "at least 2" in why and "7 people in 1 communities" in lost
    more = "2 new sites instead of 1 are enough, and no fewer."
    assert changes == [more, "these quotas changed are enough, and no less: town T2 at least 0 instead of 1."]
    verify_plan(problem, plan)
    json.dumps(plan_record(plan, problem), allow_nan=False)


def test_counties_and_towns_are_not_counted_twice():
    quotas = [Quota("town", ("T2",)), Quota("county", ("K1",), 2), Quota("county", ("K2",))]
    assert solve_siting(_ask(new_sites=2, quotas=quotas)).status == "optimal"
    assert solve_siting(_ask(new_sites=1, quotas=quotas)).status == "infeasible"


def test_existing_sites_over_a_maximum_give_a_reason():
    plan = solve_siting(_ask(quotas=[Quota("town", ("T1",), 0, 0)]))
    assert [r.key for r in plan.reasons] == ["explanation.over_maximum"]


def test_required_sites_are_built_first_and_counted():
    sites = SITES.assign(state=["existing", "required", "candidate", "candidate"])
    plan = solve_siting(_ask(sites=sites, new_sites=2))
    assert plan.gain.to_dict() == {"a": 40, "b": 30}
    assert [r.key for r in solve_siting(_ask(sites=sites, new_sites=0)).reasons] == [
        "explanation.required_over_new_sites"
    ]


def test_min_sites_covers_everyone_who_can_be():
    problem = _ask(objective="min-sites", new_sites=None)
    plan = solve_siting(problem)
    assert (plan.chosen, plan.value, plan.covered, plan.status) == (("b",), 1, 170, "optimal")
    verify_plan(problem, plan)


def test_a_maximum_that_forbids_full_cover_is_infeasible():
    plan = solve_siting(_ask(objective="min-sites", new_sites=None, quotas=[Quota("town", ("T2",), 0, 0)], minutes=9))
    assert plan.status == "infeasible"
    assert plan.reasons[0].sentence("en") == (
        "no choice of sites keeps these rules together: everyone covered whom some site could cover; "
        "town T2 at most 0. Relax one of them."
    )


def test_a_question_without_candidates_or_people_is_answered():
    nothing = solve_siting(_ask(sites=SITES.iloc[:1]))
    assert (nothing.chosen, nothing.covered, nothing.status) == ((), 100, "optimal")
    nobody = _ask(demand=PEOPLE * 0)
    plan = solve_siting(nobody)
    assert (plan.value, plan.status) == (0, "optimal")
    verify_plan(nobody, plan)
    assert "proven best" in explain_plan(nobody, plan)[0]


def test_who_cannot_be_reached_is_listed():
    lost = out_of_reach(_ask(minutes=8))
    assert list(lost.index) == ["middle", "south", "far"]
    assert lost.loc["south", "site"] == "b"
    assert pd.isna(lost.loc["far", "site"])


# --- tampering ---


def _tampered(plan):
    gain = pd.Series([71], index=["b"])
    moved = plan.assignment.copy()
    moved["middle"] = "a"
    dropped = plan.assignment.copy()
    dropped["south"] = pd.NA
    return {
        "more people": {"covered": 171},
        "more value": {"value": 171.0, "bound": 171.0},
        "people before": {"covered_before": 99},
        "reachable": {"reachable": 177},
        "total": {"demand_total": 170},
        "gain": {"gain": gain},
        "order": {"gain": pd.Series([70], index=["a"])},
        "assignment": {"assignment": moved},
        "uncovered": {"assignment": dropped},
        "rows lost": {"assignment": plan.assignment.iloc[:2]},
        "other site": {"chosen": ("a",)},
        "existing built": {"chosen": ("old",)},
        "twice": {"chosen": ("b", "b")},
        "too many": {"chosen": ("b", "c")},
        "bound": {"bound": 169.0},
        "no bound": {"bound": float("nan")},
        "gap": {"bound": 180.0},
        "status": {"bound": 187.0, "gap": 0.1},
        "hash": {"input_hash": "0" * 64},
        "objective": {"objective": "min-sites"},
        "unmet": {"unmet": plan.unmet.iloc[:0].reindex([0])},
        "hidden": {"status": "infeasible"},
    }


@pytest.mark.parametrize("what", list(_tampered(solve_siting(_ask()))))
def test_a_tampered_plan_does_not_pass(what):
    problem = _ask()
    plan = solve_siting(problem)
    with pytest.raises(PlanError) as why:
        verify_plan(problem, dataclasses.replace(plan, **_tampered(plan)[what]))
    assert why.value.sentence("zh")


def test_a_plan_that_hides_an_unmet_quota_or_breaks_one_does_not_pass():
    problem = _ask(quotas=[Quota("town", ("T9",))])
    plan = solve_siting(problem)
    with pytest.raises(PlanError, match="unmet"):
        verify_plan(problem, dataclasses.replace(plan, unmet=shortfalls(_ask())))
    asked = _ask(quotas=[Quota("town", ("T3",))])
    free = solve_siting(_ask())
    with pytest.raises(PlanError, match="T3"):
        verify_plan(asked, dataclasses.replace(free, input_hash=input_hash(asked)))
    required = _ask(sites=SITES.assign(state=["existing", "required", "candidate", "candidate"]))
    with pytest.raises(PlanError, match="leaves out required sites: a"):
        verify_plan(required, dataclasses.replace(free, input_hash=input_hash(required)))


# --- the record ---


def test_the_record_is_plain_and_the_same_each_time():
    problem = _ask()
    first, again = (json.dumps(plan_record(solve_siting(problem), problem), ensure_ascii=False) for _ in range(2))
    assert first == again
    record = json.loads(first)
    assert "seconds" not in record
    assert record["value"] == 170
    assert isinstance(record["value"], int)
    assert record["sites"][0] == {
        "order": 1,
        "id": "b",
        "name": "乙",
        "town": "T2",
        "county": "K1",
        "state": "candidate",
        "quality": "synthetic",
        "gain": 70,
    }
    assert record["assignment"]["far"] is None


def test_reprs_answer_the_first_question():
    assert "max-cover, 4 communities, 1 existing, 0 required, 3 candidate" in repr(_ask())
    assert "optimal, 1 new site, 96.0% covered" in repr(solve_siting(_ask()))
