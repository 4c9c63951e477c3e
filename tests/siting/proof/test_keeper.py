"""Where plans on the way go: told once each, none twice, none while too much time went into them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof import checkpoint
from quarterhour.siting.proof.assemble import Proof, certificate
from quarterhour.siting.proof.checkpoint import Keeper, write_plan
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.siting.question.bounds import counting_bound
from quarterhour.siting.question.evaluate import Choice, Measure
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.search import COUNTING, SearchBudget, SearchResult
from street import planned, street

PROBLEM = street(objective=("max-cover", "min-time", "min-cost"), coverage=Coverage(everyone=False))
MEASURE = Measure(PROBLEM)
COVER, TIME, COST = PROBLEM.goals


class Hands:
    """A clock that a test moves by hand."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def hands(monkeypatch):
    made = Hands()
    monkeypatch.setattr(checkpoint, "time", made)
    return made


def keeper(told=None, path=None, begun=0.0):
    return Keeper(certificate(MEASURE, 0), SimpleNamespace(begun=begun), path, None if told is None else told.append)


def found(*chosen, goal=COVER, bound=250_000):
    """What a search tells of a choice."""
    choice = Choice(PROBLEM.existing | PROBLEM.sites.index.isin(chosen))
    return SearchResult(choice, MEASURE.value(choice, goal), bound, "search")


def test_each_better_plan_is_told_with_the_goals_before_and_after(hands):
    told = []
    before = [Proof(COVER, 250_000, "before")]
    hear = keeper(told).hearing(TIME, before)
    before.clear()
    hands.now = 8.0
    hear(found("Q", goal=TIME, bound=0))
    (plan,) = told
    assert [(v.objective, v.bound, v.proved_by) for v in plan.levels] == [
        ("max-cover", 25, "before"), ("min-time", 0, "search"), ("min-cost", counting_bound(MEASURE, COST), COUNTING),
    ]  # fmt: skip
    assert (plan.chosen, plan.covered, plan.seconds, plan.status) == (("Q",), 19, 8, "bounded")


def test_a_search_without_a_choice_tells_nothing(hands):
    told = []
    hands.now = 1.0
    keeper(told).hearing(COVER, [])(SearchResult(None, None, 250_000, "search"))
    assert told == []


def test_where_nobody_hears_nothing_is_made(tmp_path):
    nobody, budget = keeper(), SearchBudget()
    assert nobody.asking(budget) is budget
    assert nobody.hearing(COVER, [])(found("Q")) is None
    nobody.write("no plan")
    for somebody in (keeper([]), keeper(path=tmp_path / "plan.json")):
        assert somebody.asking(budget) is not budget


def test_a_file_alone_is_kept(hands, tmp_path):
    file = tmp_path / "plan.json"
    hands.now = 1.0
    one = keeper(path=file)
    one.hearing(COVER, [])(found("Q"))
    record = json.loads(file.read_text(encoding="utf-8"))
    assert (verify_record(record).covered, record["status"]) == (19, "bounded")
    one.write(planned(PROBLEM, "Q", "P"))
    assert verify_record(json.loads(file.read_text(encoding="utf-8"))).covered == 25


def slow(hands, told, seconds):
    """An ear that takes so many seconds for each plan."""

    def ear(plan):
        told.append(plan.covered)
        hands.now += seconds

    made = keeper()
    made.found = ear
    return made


def test_a_fifth_of_the_time_may_go_into_plans(hands):
    """The first takes a second of 4; a second one waits until five are over."""
    told = []
    one = slow(hands, told, 1.0)
    hear, budget = one.hearing(COVER, []), one.asking(SearchBudget(stop=lambda: False))
    hear(found("Q"))
    assert (told, hands.now) == ([19], 1)
    hands.now = 4.9
    hear(found("P"))
    assert not budget.stop() and told == [19]
    hear(found("Q", "P"))
    hands.now = 5.0
    assert not budget.stop() and told == [19, 25]
    assert not budget.stop() and told == [19, 25]
    hands.now = 10.0
    hear(found("P"))
    assert told == [19, 25, 16]


def test_the_same_plan_with_another_bound_may_take_a_twentieth(hands):
    told = []
    one = slow(hands, told, 1.0)
    hear, same = one.hearing(COVER, []), found("Q")
    hear(same)
    hands.now = 19.9
    hear(same)
    assert told == [19]
    hands.now = 20.0
    hear(same)
    assert told == [19, 19]


def test_packing_the_question_is_no_part_of_what_plans_take(hands, tmp_path, monkeypatch):
    packed = []

    def slowly(problem):
        packed.append(problem)
        hands.now += 100
        return question_record(problem)

    question_record = checkpoint.question_record
    monkeypatch.setattr(checkpoint, "question_record", slowly)
    one = keeper(path=tmp_path / "plan.json")
    hear = one.hearing(COVER, [])
    hear(found("Q"))
    hear(found("Q", "P"))
    assert len(packed) == 1
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["covered"] == 25
    keeper([]).hearing(COVER, [])(found("Q"))
    assert len(packed) == 1


def test_a_plan_that_comes_while_one_is_told_waits_its_turn(hands):
    """Whoever hears a plan may find the next; it is told when the first is."""
    told, one = [], keeper([])
    hear, budget = one.hearing(COVER, []), one.asking(SearchBudget(stop=lambda: True))

    def ear(plan):
        told.append(plan.covered)
        if len(told) == 1:
            hear(found("Q", "P"))
            assert told == [19]

    one.found = ear
    hands.now = 1.0
    hear(found("Q"))
    assert budget.stop() and told == [19, 25]


def test_an_ear_that_fails_leaves_the_next_plan_its_turn(hands):
    told, one = [], keeper()

    def ear(plan):
        told.append(plan.covered)
        if len(told) == 1:
            raise OSError

    one.found = ear
    hear = one.hearing(COVER, [])
    hands.now = 1.0
    with pytest.raises(OSError):  # noqa: PT011
        hear(found("Q"))
    hear(found("Q", "P"))
    assert told == [19, 25]


def test_the_last_plan_takes_the_place_of_what_was_kept_back(hands):
    told = []
    one = slow(hands, told, 1.0)
    hear, budget = one.hearing(COVER, []), one.asking(SearchBudget(stop=lambda: False))
    hear(found("Q"))
    hear(found("P"))
    one.write(planned(PROBLEM, "Q", "P"))
    hands.now = 1000.0
    assert not budget.stop() and told == [19, 25]


def test_a_plan_that_does_not_hold_is_not_kept(hands, tmp_path):
    file = tmp_path / "plan.json"
    hands.now = 1.0
    with pytest.raises(PlanError):
        keeper(path=file).hearing(COVER, [])(found("Q", bound=0))
    assert not file.exists()


def test_a_file_is_a_record_with_an_end_of_line(tmp_path):
    plan, file = planned(PROBLEM, "Q"), tmp_path / "plan.json"
    write_plan(file, plan, PROBLEM)
    text = file.read_text(encoding="utf-8")
    assert text.endswith("}\n") and text.startswith('{\n "problem_id": "matrix"')
    assert verify_record(json.loads(text)).covered == 19
    assert "村" in _named(tmp_path / "other.json")


def _named(file):
    problem = street(name="村")
    write_plan(file, planned(problem, "Q"), problem)
    return file.read_text(encoding="utf-8")
