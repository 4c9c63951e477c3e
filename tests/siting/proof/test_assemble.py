"""From a choice of sites to a plan, by hand."""

from __future__ import annotations

import importlib.metadata
import math

import numpy as np
import pytest

import quarterhour
from quarterhour.siting.proof.assemble import Proof, as_plan, certificate, no_one, no_plan
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.plan import Reason
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity, Quota
from street import SITES, planned, street

ASKED = {"objective": ("max-cover", "min-time"), "coverage": Coverage(everyone=False)}


def test_a_plan_says_value_bound_and_gap_of_each_goal():
    """Q alone: 19 covered, 192 minutes; nothing covers more than 25, and a tenth less time would be 172.8."""
    problem = street(quotas=[Quota("town", ("N",), 3)], **ASKED)
    measure = Measure(problem)
    known = certificate(measure, 7)
    proofs = [Proof(problem.goals[0], 250_000, "one", 5), Proof(problem.goals[1], 96 * 6000, "two")]
    choice = Choice(problem.sites.index.isin(["O", "Q"]))
    plan = as_plan(known, choice, proofs, seconds=1.5, stopped="time")
    first, second = plan.levels
    assert (first.objective, first.people, first.value, first.bound, first.gap, first.proved_by, first.nodes) == (
        "max-cover", "", 19, 25, 6 / 19, "one", 5,
    )  # fmt: skip
    assert (second.objective, second.value, second.bound, second.gap, second.proved_by, second.nodes) == (
        "min-time", 192, 96, 0.5, "two", 0,
    )  # fmt: skip
    assert (plan.value, plan.bound, plan.gap, plan.proved_by, plan.status) == (19, 25, 0.5, "one", "bounded")
    assert (plan.chosen, plan.gain.to_dict()) == (("Q",), {"Q": 9})
    assert plan.assignment.fillna("").to_dict() == {"a": "O", "b": "", "c": "Q", "d": "", "e": "Q"}
    assert (plan.covered_before, plan.placed_before, plan.covered, plan.demand_total, plan.reachable) == (
        10, None, 19, 28, 25,
    )  # fmt: skip
    assert (plan.problem_id, plan.objective, plan.unit) == ("matrix", "max-cover", "older")
    assert (plan.seconds, plan.seed, plan.stopped, plan.served) == (1.5, 7, "time", None)
    assert plan.unmet["area"].tolist() == ["N"]
    assert plan.input_hash == known.input_hash and plan.figures.people_minutes == 192
    assert plan.versions == {
        "quarterhour": quarterhour.__version__, "highspy": importlib.metadata.version("highspy"),
    }  # fmt: skip


def test_a_plan_whose_bounds_are_met_is_optimal():
    plan = planned(street(**ASKED), "Q", "P")
    assert (plan.gap, plan.status, plan.stopped) == (0, "optimal", "")
    assert [level.gap for level in plan.levels] == [0, 0]
    assert (plan.chosen, plan.covered) == (("Q", "P"), 25)


ROOM = {"sites": SITES.assign(capacity=20)}


def test_who_is_shared_out_is_told_the_site_of_most_of_them():
    """a has 5 and 5: the earlier site; c 1 and 4."""
    problem = street(capacity=Capacity(split=True), **ROOM)
    served = [("a", "O", 5), ("a", "Q", 5), ("c", "Q", 1), ("c", "R", 4)]
    plan = planned(problem, "Q", "R", served=served, placed_before=10)
    assert plan.assignment.fillna("").to_dict() == {"a": "O", "b": "", "c": "R", "d": "", "e": ""}
    assert plan.served.to_numpy().tolist() == [list(leg) for leg in served]
    assert list(plan.served) == ["community", "site", "people"]
    assert (plan.covered, plan.covered_before, plan.placed_before, plan.before) == (15, 10, 10, 10)
    more = planned(problem, "Q", served=[("a", "O", 4), ("a", "Q", 6)])
    assert more.assignment.fillna("").to_dict() == {"a": "Q", "b": "", "c": "", "d": "", "e": ""}


@pytest.mark.parametrize("status", ["infeasible", "no_plan"])
def test_an_answer_that_chooses_nothing_stands_on_today(status):
    problem = street(quotas=[Quota("town", ("N",), 3)], **ASKED)
    reasons = (Reason("proof.evidence_large", {}),)
    known = certificate(Measure(problem), 7)
    plan = no_plan(known, status, reasons, proved_by="hand", seconds=2.0, stopped="work")
    assert (plan.status, plan.chosen, plan.levels, plan.figures, plan.served) == (status, (), (), None, None)
    assert all(math.isnan(v) for v in (plan.value, plan.bound, plan.gap))
    assert (plan.gain.name, plan.gain.dtype, len(plan.gain)) == ("gain", "int64", 0)
    assert plan.assignment.fillna("").to_dict() == {"a": "O", "b": "", "c": "", "d": "", "e": ""}
    assert (plan.covered_before, plan.covered, plan.demand_total, plan.reachable) == (10, 10, 28, 25)
    assert (plan.reasons, plan.proved_by, plan.seconds, plan.seed, plan.stopped) == (reasons, "hand", 2, 7, "work")
    assert (plan.problem_id, plan.objective, plan.unit) == ("matrix", "max-cover", "older")
    assert (plan.unmet["area"].tolist(), plan.input_hash, plan.versions) == (["N"], known.input_hash, known.versions)


def test_without_a_plan_nobody_is_served_where_sites_have_room():
    problem = street(capacity=Capacity(split=True), **ROOM)
    plan = no_plan(certificate(Measure(problem), 0, placed_before=10), "no_plan", (), proved_by="", seconds=0.0)
    assert (plan.covered, plan.covered_before, plan.placed_before, len(plan.served)) == (0, 10, 10, 0)
    assert plan.assignment.isna().all()
    assert no_one().pair.dtype == no_one().people.dtype == np.int64
    assert len(no_one().pair) == len(no_one().people) == 0
