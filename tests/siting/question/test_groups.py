"""Towns that share their sites: every choice tried by hand, and the record read again."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import quarterhour as qh
from quarterhour.base.errors import DataError, PlanError, StudyError
from quarterhour.report.tables import quota_line
from quarterhour.siting.proof.plan_record import plan_record, read_record, verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.bounds import counting_bound
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Quota
from quarterhour.siting.solve import solve_siting
from quarterhour.study.cards.names import area_labels
from repeatable import examples

TOWNS = ("A", "B", "C", "D")
PAIRS = (("A", "B"), ("C", "D"))


def ask(minutes, people, towns, states, quotas, objective="max-cover", new_sites=None):
    """A question from a matrix of minutes; county K1 holds the towns A and C, K2 the others."""
    sites = pd.DataFrame({"state": states, "town": towns, "name": "", "quality": "fact"})
    sites["county"] = sites["town"].map({"A": "K1", "C": "K1"}).fillna("K2")
    sites.index = pd.Index([f"s{k}" for k in range(len(sites))], dtype="str")
    demand = pd.Series(people, pd.Index([f"c{k}" for k in range(len(people))], dtype="str"))
    matrix = pd.DataFrame(np.array(minutes, dtype=float), demand.index, sites.index)
    return qh.siting_from_matrix(
        matrix, demand, sites=sites, within=15, objective=objective, quotas=quotas,
        new_sites=len(sites) if new_sites is None else new_sites, coverage=Coverage(everyone=False),
    )  # fmt: skip


def best_by_trying(minutes, people, towns, states, least, new_sites, objective):
    """Over every choice that gives each pair and each single town its sites, as far as there are any."""
    open_anyway = [k for k, s in enumerate(states) if s == "existing"]
    free = [k for k, s in enumerate(states) if s != "existing"]
    best = None
    for count in range(new_sites + 1):
        for built in itertools.combinations(free, count):
            opened = {*open_anyway, *built}
            if all(
                sum(towns[s] in areas for s in opened) >= min(low, sum(t in areas for t in towns))
                for areas, low in least
            ):
                covered = sum(n for row, n in zip(minutes, people, strict=True) if any(row[s] <= 15 for s in opened))
                value = covered if objective == "max-cover" else -count
                best = value if best is None else max(best, value)
    return best


@st.composite
def questions(draw):
    sites, rows = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    minutes = [[draw(st.sampled_from([0, 15, 16])) for _ in range(sites)] for _ in range(rows)]
    people = [draw(st.integers(0, 9)) for _ in range(rows)]
    towns = [draw(st.sampled_from(TOWNS)) for _ in range(sites)]
    states = [draw(st.sampled_from(["candidate", "candidate", "existing"])) for _ in range(sites)]
    groups = draw(st.sampled_from([PAIRS[:1], PAIRS, (("A", "B", "C"),)]))
    return (minutes, people, towns, states, groups, draw(st.integers(1, 2)), draw(st.integers(0, sites)),
            draw(st.sampled_from(["max-cover", "min-sites"])))  # fmt: skip


@examples(60, 600)
@given(questions())
def test_a_group_needs_its_sites_once_as_every_choice_tried_shows(drawn):
    minutes, people, towns, states, groups, low, new_sites, objective = drawn
    quotas = [Quota("town", TOWNS, low, groups=groups), Quota("county", ("K1", "K2"), 1)]
    problem = ask(minutes, people, towns, states, quotas, objective, new_sites)
    single = [t for t in TOWNS if all(t not in group for group in groups)]
    least = [(set(group), low) for group in groups] + [({t}, low) for t in single]
    least += [({"A", "C"}, 1), ({"B", "D"}, 1)]
    best = best_by_trying(minutes, people, towns, states, least, new_sites, objective)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    if best is None:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal" and plan.value == abs(best)
    verify_record(plan_record(plan, problem))


def test_two_towns_share_one_site_where_each_would_have_its_own() -> None:
    """A's site alone serves A and B; without the group B gets one too."""
    minutes, people, towns = [[0, 16], [15, 0]], [5, 5], ["A", "B"]
    each = ask(minutes, people, towns, ["candidate"] * 2, [Quota("town", ("A", "B"))], "min-sites")
    both = ask(minutes, people, towns, ["candidate"] * 2, [Quota("town", groups=(("A", "B"),))], "min-sites")
    assert len(solve_siting(each).chosen) == 2
    assert solve_siting(both).chosen == ("s0",)
    assert both.quotas[0].areas == ("A + B",)


def test_the_record_holds_the_groups_and_a_plan_that_breaks_them_is_found() -> None:
    minutes, towns = [[0, 16], [16, 0]], ["A", "C"]
    problem = ask(
        minutes, [5, 9], towns, ["candidate"] * 2, [Quota("town", ("A", "B"), groups=(("A", "B"),))], new_sites=1
    )
    plan = solve_siting(problem)
    assert plan.chosen == ("s0",)  # 9 people at s1, which serves neither A nor B
    record = plan_record(plan, problem)
    assert record["quotas"][0]["groups"] == [["A", "B"]]
    again, _ = read_record(record)
    assert again.quotas == problem.quotas
    loose = ask(minutes, [5, 9], towns, ["candidate"] * 2, [], new_sites=1)
    with pytest.raises(PlanError):
        verify_plan(problem, solve_siting(loose))


def test_the_least_number_of_sites_is_never_counted_twice() -> None:
    """One site in A keeps the pair A + B, the town A and the county K1: one is enough, and no bound says two."""
    quotas = [Quota("town", groups=(("A", "B"),)), Quota("town", ("A",)), Quota("county", ("K1",))]
    problem = ask([[0, 0]], [3], ["A", "B"], ["candidate"] * 2, quotas, "min-sites")
    assert counting_bound(Measure(problem), problem.goals[0]) == 1
    assert solve_siting(problem).chosen == ("s0",)


def test_towns_without_any_candidate_are_told_as_a_group() -> None:
    problem = ask([[0]], [3], ["A"], ["candidate"], [Quota("town", TOWNS, groups=(("C", "D"),))], new_sites=1)
    plan = solve_siting(problem)
    assert plan.unmet["area"].tolist() == ["C + D", "B"] or plan.unmet["area"].tolist() == ["B", "C + D"]


@pytest.mark.parametrize("groups", [(("A",),), (("A", "B"), ("B", "C")), (("A", "A"),), (("A", ""),), (("X", "Y"),)])
def test_groups_that_cannot_be_meant_are_told(groups) -> None:
    with pytest.raises(DataError):
        ask([[0]], [3], ["A"], ["candidate"], [Quota("town", TOWNS, groups=groups)])


# --- from the study file ----------------------------------------------------------------------------


def shared(folder: Path, groups: str) -> Path:
    """The toy street with the west and middle in t1, the east in t2, and a quota of one a town."""
    rows = (folder / "communities.csv").read_bytes().decode("gb18030")
    rows = rows.replace("东村,403600.0,4150000.0,t1", "东村,403600.0,4150000.0,t2")
    (folder / "communities.csv").write_text(rows, encoding="utf-8")
    (folder / "towns.csv").write_text("id,name,county\nt1,西镇,c1\nt2,东镇,c1\n", encoding="utf-8")
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8") + f'quotas = [{{ level = "town", minimum = 1{groups} }}]\n'
    text = text.replace('kind = "day_care"\nmode', 'kind = "elderly_centre"\nmode').replace(
        "new_sites = 1", "new_sites = 3"
    )
    text = text.replace(
        'people = "older"\nnew_sites', 'people = "older"\nobjective = "min-sites"\neveryone = false\nnew_sites'
    )
    text += '\n[towns]\npath = "towns.csv"\ncolumns = { id = "id", name = "name", county = "county" }\n'
    file.write_text(text, encoding="utf-8")
    return folder


def test_a_study_may_let_two_towns_share_a_site(toy_study: Path) -> None:
    text = (shared(toy_study, "") / "study.toml").read_text(encoding="utf-8")
    assert len(qh.run_study(qh.read_study(toy_study), checks=False).proposals[0].plan.chosen) == 2
    text = text.replace("minimum = 1 }", 'minimum = 1, groups = [["t1", "t2"]] }')
    (toy_study / "study.toml").write_text(text, encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study), checks=False)
    assert len(results.proposals[0].plan.chosen) == 1
    names = {("town", "t1"): "西镇", ("town", "t2"): "东镇"}
    assert area_labels(["t1 + t2", "t1"], "town", names, "zh") == ["西镇 + 东镇", "西镇"]
    assert "镇街（1 个）每个至少 1 处（其中 1 个是合用的几个镇街" in quota_line(results.proposals[0], "zh")


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (', groups = [["t1"]]', "groups"),
        (', groups = [["t1", "t2"], ["t2", "t3"]]', "t2"),
        (', groups = [["t8", "t9"]]', "t8, t9"),
        (', groups = [["t1", "t9"]]', "t9"),  # a typing error would leave the second town to be asked by itself
    ],
)
def test_groups_of_a_study_that_cannot_be_meant_are_told(toy_study: Path, groups: str, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        qh.run_study(qh.read_study(shared(toy_study, groups)), checks=False)
