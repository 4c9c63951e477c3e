"""The money of a plan counted again: three sites and their years by hand, and every figure forged."""

from __future__ import annotations

import copy

import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.money_record import MoneyCount, money_record, verify_money


def site(name, year, runs, cost, *, running=1, beds=2, staff=3):
    return {"id": name, "year": year, "running_from": runs, "cost_yuan": cost, "running_yuan": running, "beds": beds,
            "staff": staff}  # fmt: skip


def year(when, sites, capital, running, staff, beds):
    return {
        "year": when,
        "sites": sites,
        "capital_yuan": capital,
        "running_yuan": running,
        "staff": staff,
        "beds": beds,
    }


def cap(when, yuan, *, carry_over):
    return {"year": when, "cap_yuan": yuan, "carry_over": carry_over}


def record():
    """A and B are built in 2026 and 2027, C has no year; 2026 leaves 5 of its 15 yuan over for 2027."""
    sites = [site("A", 2026, 2027, 10), site("B", 2027, 2028, 20, running=4, beds=None), site("C", None, None, 7)]
    years = [
        year(2026, 1, 10, 0, 3, 2), year(2027, 1, 20, 1, 3, None), year(2028, 0, 0, 5, 0, 0), year(None, 1, 7, 1, 3, 2),
    ]  # fmt: skip
    caps = [cap(2027, 15, carry_over=True), cap(2026, 15, carry_over=False)]
    plan = [{"id": "B"}, {"id": "A"}, {"id": "C"}]
    return {"sites": plan, "money": money_record(sites, years, caps)}


def changed(change, held=None):
    made = copy.deepcopy(held or record())
    change(made)
    return made


def refused(made, **known):
    with pytest.raises(PlanError) as why:
        verify_money(made, **known)
    assert why.value.sentence("zh")
    return why.value.key.partition(".")[2], why.value.values


def differs(made, **known):
    key, values = refused(made, **known)
    assert key == "money_differs"
    return values["what"], values["said"], values["counted"]


def test_the_true_money_holds():
    assert verify_money(record()) == MoneyCount(2, 2026, 2027, 30, capped=True)
    assert verify_money({"sites": []}) is None
    costs = {"A": 10, "B": 20, "C": 7}
    assert verify_money(record(), cost_yuan=costs) == verify_money(record())


def test_rows_are_copies():
    rows = [site("A", None, None, 1)], [year(None, 1, 1, 1, 3, 2)], []
    made = money_record(*rows)
    rows[0][0]["id"] = "B"
    assert made["sites"][0]["id"] == "A"
    assert verify_money({"sites": [{"id": "A"}], "money": made}) == MoneyCount(0, 0, 0, 0, capped=False)


def test_a_cost_that_nobody_knows_leaves_the_sum_unknown():
    made = record()
    made["money"]["sites"][0]["cost_yuan"] = made["money"]["years"][0]["capital_yuan"] = None
    made["money"]["caps"] = []
    assert verify_money(made) == MoneyCount(2, 2026, 2027, None, capped=False)


def test_a_figure_of_nothing_is_one():
    made = record()
    made["money"]["sites"][2]["cost_yuan"] = made["money"]["years"][3]["capital_yuan"] = 0
    assert verify_money(made) == verify_money(record())


def put(part, row, key, value):
    def change(made):
        made["money"][part][row][key] = value

    return change


@pytest.mark.parametrize(
    ("part", "row", "key", "value", "what"),
    [
        ("sites", 0, "id", "Z", "sites"), ("sites", 0, "year", 2028, "2026 sites"),
        ("sites", 0, "running_from", 2028, "2027 running_yuan"),
        ("sites", 0, "running_from", None, "2027 running_yuan"),
        ("sites", 0, "cost_yuan", 11, "2026 capital_yuan"), ("sites", 0, "running_yuan", 2, "2027 running_yuan"),
        ("sites", 0, "beds", 3, "2026 beds"), ("sites", 0, "staff", 4, "2026 staff"),
        ("sites", 0, "beds", -1, "A beds"), ("sites", 1, "staff", 3.0, "B staff"),
        ("sites", 2, "staff", True, "C staff"),
        ("sites", 2, "cost_yuan", "7", "C cost_yuan"), ("sites", 2, "running_yuan", 2, "None running_yuan"),
        ("years", 0, "sites", 2, "2026 sites"), ("years", 2, "running_yuan", 4, "2028 running_yuan"),
        ("years", 3, "beds", 3, "None beds"), ("years", 3, "sites", 0, "None sites"),
        ("years", 1, "year", 2026, "years year"), ("caps", 0, "year", 2026, "caps year"),
        ("sites", 0, "x", 1, "sites keys"), ("years", 0, "x", 1, "years keys"), ("caps", 0, "x", 1, "caps keys"),
    ],
)  # fmt: skip
def test_a_forged_figure_is_named(part, row, key, value, what):
    assert differs(changed(put(part, row, key, value)))[0] == what


def test_what_is_said_and_counted_is_told():
    assert differs(changed(put("sites", 0, "beds", -1))) == ("A beds", -1, ">= 0")
    assert differs(changed(put("years", 1, "capital_yuan", 21))) == ("2027 capital_yuan", 21, 20)
    assert differs(changed(lambda made: made["money"].update(x=1)))[0] == "keys"
    assert differs(changed(lambda made: made["money"].pop("caps")))[0] == "keys"
    assert differs(changed(lambda made: made["sites"].pop()))[0] == "sites"


def test_a_year_that_builds_has_a_row():
    assert differs(changed(lambda made: made["money"]["years"].pop(1))) == ("years", [2026, 2028, None], [2026, 2027])
    assert verify_money(changed(lambda made: made["money"]["years"].pop(3))) == verify_money(record())


def test_a_year_that_builds_may_spend():
    made = changed(lambda made: made["money"]["caps"].pop(0))
    assert differs(made) == ("caps", [2027], [])
    assert verify_money(changed(lambda made: made["money"]["caps"].clear())) == MoneyCount(2, 2026, 2027, 30, False)


@pytest.mark.parametrize(
    ("caps", "told"),
    [
        ([(2026, 15, False), (2027, 15, True)], None), ([(2026, 10, False), (2027, 20, False)], None),
        ([(2026, 9, False), (2027, 99, True)], {"year": 2026, "spent": 10, "yuan": 9}),
        ([(2026, 15, False), (2027, 15, False)], {"year": 2027, "spent": 20, "yuan": 15}),
        ([(2026, 14, True), (2027, 15, True)], {"year": 2027, "spent": 20, "yuan": 19}),
        ([(2025, 5, True), (2026, 5, True), (2027, 20, True)], None),
        ([(2025, 5, True), (2026, 5, True), (2027, 19, True)], {"year": 2027, "spent": 20, "yuan": 19}),
        ([(2025, 5, True), (2026, 9, False), (2027, 30, True)], {"year": 2026, "spent": 10, "yuan": 9}),
    ],
)  # fmt: skip
def test_no_year_spends_more_than_it_has(caps, told):
    made = record()
    made["money"]["caps"] = [cap(when, yuan, carry_over=over) for when, yuan, over in reversed(caps)]
    if told is None:
        assert verify_money(made).capped is True
    else:
        assert refused(made) == ("money_over", told)


def test_what_nobody_knows_the_cost_of_is_more_than_a_year_has():
    made = changed(put("sites", 0, "cost_yuan", None))
    made["money"]["years"][0]["capital_yuan"] = None
    assert refused(made) == ("money_over", {"year": 2026, "spent": None, "yuan": 15})


def test_a_site_has_the_year_of_its_phase():
    """The first step stands before the first year."""
    steps = [{"sites": []}, {"sites": ["A"]}, {"sites": ["B"]}]
    made = {**record(), "phases": {"first_year": 2026, "steps": steps}}
    assert verify_money(made).sites == 2
    assert differs({**made, "phases": {"first_year": 2027, "steps": steps}}) == ("A year", 2026, 2027)
    assert differs({**made, "phases": {"first_year": 2026, "steps": steps[:2]}}) == ("B year", 2027, None)
    assert differs(changed(put("sites", 2, "year", 2027), made))[0] == "C year"


def test_the_costs_are_the_questions():
    assert differs(record(), cost_yuan={"A": 10, "B": 21, "C": 7}) == ("B cost_yuan", 20, 21)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda made: made.update(money=3), "TypeError"), (lambda made: made["money"].update(sites=3), "TypeError"),
        (lambda made: made.pop("sites"), "KeyError"), (lambda made: made["sites"].append({}), "KeyError"),
        (put("caps", 0, "cap_yuan", "x"), "ValueError"), (lambda made: made.update(phases=3), "TypeError"),
    ],
)  # fmt: skip
def test_what_is_no_money_is_told_so(change, why):
    key, values = refused(changed(change))
    assert key == "record_garbled" and values["detail"].startswith(f"money: {why}: ")


def test_a_cost_that_the_question_does_not_know_is_told_so():
    assert refused(record(), cost_yuan={"A": 10})[0] == "record_garbled"
