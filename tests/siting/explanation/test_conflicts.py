"""What quotas ask for together, and which rules clash: every set of sites tried by hand."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from benchmarks.planted import large
from quarterhour.siting.explanation.causes import causes
from quarterhour.siting.explanation.conflicts import clash, least
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.rules import Budget, Quota
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples


def ask(columns: dict[str, list[Any]], **asked: Any) -> SitingProblem:
    """Ten people in one village, whom every site covers."""
    sites = [f"s{k}" for k in range(len(columns["town"]))]
    table = pd.DataFrame(
        {"state": "candidate", "county": "K0", "name": sites, "quality": "fact", **columns}, index=sites
    )
    times = times_from_matrix(np.ones((1, len(sites))), communities=["c"], sites=sites, cutoff=15)
    given_ = {"objective": "max-cover", "new_sites": len(sites), **asked}
    return as_problem("quotas", demand=pd.Series([10], index=["c"]), sites=table, times=times, minutes=15, **given_)


TIERS = {"town": ["T0", "T0", "T1", "T1"], "tiers": ["day", "care", "day", "care day"]}
"""Two towns; in the first the tiers have no site in common, in the second one site counts for both."""
EACH = [Quota("town", ("T0", "T1"), tier="day"), Quota("town", ("T0", "T1"), tier="care")]


def test_tiers_without_a_common_site_need_one_each_and_are_named() -> None:
    assert solve_siting(ask(TIERS, quotas=EACH, new_sites=3)).chosen == ("s0", "s1", "s3")
    (reason,) = causes(ask(TIERS, quotas=EACH, new_sites=2))
    assert reason.key == "explanation.quotas_over_new_sites"
    assert dict(reason.values) == {
        "needed": 3, "new_sites": 2, "areas": ("T0 (day)", "T1 (day)", "T0 (care)", "T1 (care)"),
    }  # fmt: skip


def test_tiers_without_a_common_site_cost_one_each() -> None:
    dear = {**TIERS, "cost_yuan": [5, 7, 1, 9]}
    assert causes(ask(dear, quotas=EACH, budget=Budget(21))) == ()
    (reason,) = causes(ask(dear, quotas=EACH, budget=Budget(20)))
    assert (reason.key, reason.values["yuan"]) == ("explanation.cause_budget", 21)


def test_few_sites_may_cost_more_than_many() -> None:
    """Two cheap sites keep the quotas, or one dear one; where only one may be built, it is the dear one."""
    columns = {"town": ["T0", "T0", "T0"], "tiers": ["day", "care", "day care"], "cost_yuan": [1, 1, 9]}
    quotas = [Quota("town", ("T0",), tier="day"), Quota("town", ("T0",), tier="care")]
    assert causes(ask(columns, quotas=quotas, budget=Budget(2))) == ()
    (reason,) = causes(ask(columns, quotas=quotas, budget=Budget(8), new_sites=1))
    assert (reason.key, reason.values["yuan"]) == ("explanation.cause_budget", 9)


def test_a_county_s_maximum_below_its_towns_minima_is_named_in_both_languages() -> None:
    columns = {"town": ["T0", "T1", "T2", "T3"], "county": ["K0", "K0", "K0", "K1"]}
    quotas = [Quota("town", ("T0", "T1", "T2", "T3")), Quota("county", ("K0", "K1"), 0, 2)]
    problem = ask(columns, quotas=quotas)
    (reason,) = causes(problem)
    said = "town T0 at least 1; town T1 at least 1; town T2 at least 1; county K0 at most 2"
    assert said in reason.sentence("en") and "镇街 T0 至少 1 个；" in reason.sentence("zh")
    plan = solve_siting(problem)
    assert (plan.status, plan.reasons) == ("infeasible", (reason,))
    record = json.loads(json.dumps(plan_record(plan, problem)))
    assert verify_record(record).new_sites == 0


def test_sites_that_rule_each_other_out_are_named_with_the_quotas_that_need_them() -> None:
    """Three towns of two sites; of one site of each town only one may be open, and of the others too."""
    columns = {"town": ["T0", "T0", "T1", "T1", "T2", "T2"]}
    rivals = [["s0", "s2", "s4"], ["s1", "s3", "s5"]]
    problem = ask(columns, quotas=[Quota("town", ("T0", "T1", "T2"))], conflicts=rivals)
    assert causes(problem) == ()
    (reason,) = solve_siting(problem).reasons
    assert reason.sentence("en").count("at least 1") == 3 and "at most one of s1, s3, s5" in reason.sentence("en")
    assert solve_siting(ask(columns, quotas=[Quota("town", ("T0", "T1"))], conflicts=rivals)).status == "optimal"


@pytest.mark.parametrize("tiers", ["disjoint", "overlapping"])
def test_six_hundred_candidates_in_tiers_are_counted_exactly(tiers: str) -> None:
    given_ = large()
    sites, towns = given_["sites"], given_["quotas"][0].areas
    tier = ["day" if k % 2 else "care" for k in range(len(sites))]
    if tiers == "overlapping":
        tier[:100] = ["day care"] * 100
    quotas = [Quota("town", towns, tier=t) for t in ("day", "care")]
    fewest = 2 * len(towns) - (2 if tiers == "overlapping" else 0)
    asked = {**given_, "sites": sites.assign(tiers=tier), "quotas": quotas, "new_sites": fewest}
    assert causes(as_problem("large", **asked)) == ()
    (reason,) = causes(as_problem("large", **{**asked, "new_sites": fewest - 1}))
    assert (reason.key, reason.values["needed"]) == ("explanation.quotas_over_new_sites", fewest)


# --- every set of sites tried by hand ---------------------------------------------------------------


@st.composite
def quota_questions(draw: Any) -> SitingProblem:
    n = draw(st.integers(1, 7))
    some = [
        draw(st.sampled_from(s))
        for s in (["T0", "T1"], ["K0", "K1"], ["day", "care", "day care", ""])
        for _ in range(n)
    ]
    columns = {
        "town": some[:n], "county": some[n : 2 * n], "tiers": some[2 * n :],
        "cost_yuan": [draw(st.sampled_from([0, 3, 5, 1_000_003])) for _ in range(n)],
        "state": [draw(st.sampled_from(["candidate", "candidate", "required", "existing"])) for _ in range(n)],
    }  # fmt: skip
    known = {t for said in columns["tiers"] for t in said.split()}
    quotas = []
    for _ in range(draw(st.integers(1, 3))):
        level = draw(st.sampled_from(["town", "county"]))
        low = draw(st.integers(0, 2))
        high = draw(st.sampled_from([None, low, low + 1]))
        areas = tuple(f"{level[0].upper().replace('C', 'K')}{k}" for k in range(2))
        quotas.append(Quota(level, areas, low, high, draw(st.sampled_from(["", *sorted(known)]))))
    pairs = [p for p in itertools.combinations([f"s{k}" for k in range(n)], 2) if draw(st.integers(0, 4)) == 0]
    budget = Budget(draw(st.sampled_from([None, 0, 5, 8, 1_000_010])))
    return ask(columns, quotas=quotas, conflicts=pairs, budget=budget, new_sites=draw(st.integers(0, n)))


def kept_by(problem: SitingProblem, *, apart: bool) -> list[tuple[int, ...]]:
    """The sets of free sites that keep the quotas (``apart``: all other rules too), straight from the tables."""
    sites, free = problem.sites, np.flatnonzero(problem.sites["state"].isin(["candidate", "upgradeable"]))
    kept = []
    for size in range(len(free) + 1):
        for some in itertools.combinations(free.tolist(), size):
            opened = [k for k in range(len(sites)) if k in some or k not in free]
            new = [k for k in opened if sites["state"].iloc[k] != "existing"]
            fine = True
            for quota in problem.quotas:
                mine = [k for k in range(len(sites)) if not quota.tier or quota.tier in sites["tiers"].iloc[k].split()]
                for area in quota.areas:
                    there = [k for k in mine if sites[quota.level].iloc[k] == area]
                    n = len([k for k in there if k in opened])
                    fine &= n >= min(quota.minimum, len(there)) and (quota.maximum is None or n <= quota.maximum)
            if apart:
                fine &= len(new) <= problem.new_sites
                fine &= problem.budget.yuan is None or sites["cost_yuan"].iloc[new].sum() <= problem.budget.yuan
                fine &= not any(a in opened and b in opened for a, b in problem.conflicts.tolist())
            if fine:
                kept.append(some)
    return kept


@examples(30, 750)
@given(quota_questions(), st.integers(0, 4))
def test_the_least_is_what_the_lightest_set_weighs(problem: SitingProblem, most: int) -> None:
    rules, sets = area_rules(problem), kept_by(problem, apart=False)
    if any(r.high < 0 for r in rules):
        assert not sets
        return
    yuan = problem.sites["cost_yuan"].to_numpy(dtype=np.int64)
    assert least(rules, np.ones(len(yuan), dtype=np.int64)) == min(map(len, sets), default=None)
    few = [int(yuan[list(s)].sum()) for s in sets if len(s) <= most]
    assert least(rules, yuan, most=most) == min(few, default=None)
    assert bool(clash(problem, rules)) == (not sets)


@examples(30, 750)
@given(quota_questions())
def test_rules_that_clash_are_named_and_none_of_them_can_be_spared(problem: SitingProblem) -> None:
    sets, plan = kept_by(problem, apart=True), solve_siting(problem)
    found = clash(problem, area_rules(problem), QuestionRules(Measure(problem)))
    settled = any(not problem.free[[a, b]].any() for a, b in problem.conflicts.tolist())
    assert (plan.status == "infeasible") == (not sets)
    assert bool(found) == (not sets) or (settled and not found)
    if sets:
        assert not causes(problem)
    assert all(
        r.key != "explanation.no_choice" and "{" not in r.sentence("zh") + r.sentence("en") for r in plan.reasons
    )
    if found and not settled:
        named = found[0].values["rules"]
        assert not kept_by(with_only(problem, named), apart=True)
        for spared in named:
            assert kept_by(with_only(problem, [rule for rule in named if rule is not spared]), apart=True)


def with_only(problem: SitingProblem, named: Any) -> SitingProblem:
    """The question with those rules alone that were named."""
    told = {key.removeprefix("explanation.rule_").removesuffix("_required"): values for key, values in named}
    quotas = []
    for key, values in named:
        side = key.removeprefix("explanation.rule_")
        if side in ("least", "most"):
            area, _, tier = values["area"].partition(" ")
            low, high = values.get("minimum", 0), values.get("maximum")
            quotas.append(Quota(values["level"], (area,), low, high, tier.strip("()")))
    ids, free = list(problem.sites.index), problem.free
    apart = [[ids.index(s) for s in v["sites"]] for k, v in named if k == "explanation.rule_apart"]
    pairs = [pair for group in apart for pair in itertools.combinations(group, 2)]
    if "barred" in told:
        out = [ids.index(s) for s in told["barred"]["sites"]]
        pairs += [p for p in problem.conflicts.tolist() if set(p) & set(out) and free[p].sum() == 1]
    return replace(
        problem,
        quotas=tuple(quotas),
        conflicts=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        new_sites=told.get("new_sites", {"new_sites": len(ids)})["new_sites"],
        budget=Budget(told.get("budget", {"yuan": None})["yuan"]),
    )
