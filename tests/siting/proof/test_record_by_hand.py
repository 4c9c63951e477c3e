"""A plan's record part by part as it is worked out by hand, read back, and refused where it says anything else."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quarterhour.base.errors import DataError, MissingError, PlanError
from quarterhour.siting.proof.assemble import certificate, no_plan
from quarterhour.siting.proof.plan_record import plan_record, read_record, read_records, verify_record
from quarterhour.siting.proof.seal import sealed, sealed_together
from quarterhour.siting.question.evaluate import Measure
from quarterhour.siting.question.plan import Evidence, Reason
from quarterhour.siting.question.problem import Coverage
from quarterhour.siting.question.rules import Capacity, Quota
from street import SITES, planned, street

ASKED = {
    "objective": ("max-cover", "min-time"), "coverage": Coverage(everyone=False),
    "sites": SITES.assign(quality=["fact", "estimated", "fact", "fact"]),
    "quotas": [Quota("town", ("N", "S"), 1, 5), Quota("county", ("K",), 1, tier="high"),
               Quota("town", ("S", "N"), 1, groups=(("S", "N"),))],
}  # fmt: skip


def kept(record):
    return json.loads(json.dumps(record, allow_nan=False))


def written(**asked):
    problem = street(**{**ASKED, **asked})
    return kept(plan_record(planned(problem, "Q", "P"), problem))


def unsolved():
    problem = street(**ASKED)
    inner = ("explanation.and", {"ids": ("a", "b")})
    reasons = (Reason("proof.evidence_large", {"rules": (inner,), "n": 3, "both": {"zh": "a", "en": "b"}}),)
    known = certificate(Measure(problem), 3, placed_before=None)
    return problem, no_plan(known, "infeasible", reasons, proved_by="hand", seconds=1.0)


def refused(record):
    with pytest.raises(PlanError) as why:
        verify_record(record)
    assert why.value.sentence("zh")
    return why.value.key.removeprefix("proof."), why.value.values


def test_the_record_of_q_and_p_is_as_by_hand():
    record = written()
    parts = {name: record[name] for name in ("problem_id", "objective", "unit", "status", "value", "bound", "gap")}
    assert parts == {
        "problem_id": "matrix", "objective": "max-cover", "unit": "older", "status": "optimal", "value": 25,
        "bound": 25, "gap": 0,
    }  # fmt: skip
    assert [record[n] for n in ("covered_before", "covered", "demand_total", "reachable")] == [10, 25, 28, 25]
    assert (record["minutes"], record["new_sites"]) == (15, 2)
    goal = {"people": "", "gap": 0, "proved_by": "hand", "nodes": 0}
    assert record["goals"] == [
        {"objective": "max-cover", "value": 25, "bound": 25, **goal},
        {"objective": "min-time", "value": 162, "bound": 162, **goal},
    ]
    site = {"county": "K", "state": "candidate"}
    assert record["sites"] == [
        {"order": 1, "id": "Q", "name": "", "town": "S", **site, "quality": "fact", "gain": 9},
        {"order": 2, "id": "P", "name": "two", "town": "N", **site, "quality": "estimated", "gain": 6},
    ]
    assert record["rests_on"] == {"fact": 1, "estimated": 1, "synthetic": 0}
    assert "placed_before" not in record and "served" not in record
    assert record["unmet"] == []
    assert record["quotas"] == [
        {"level": "town", "areas": ["N", "S"], "minimum": 1, "maximum": 5},
        {"level": "county", "areas": ["K"], "minimum": 1, "maximum": None, "tier": "high"},
        {"level": "town", "areas": ["S + N"], "minimum": 1, "maximum": None, "groups": [["S", "N"]]},
    ]
    assert record["figures"] == {
        "cost_yuan": 70, "people_minutes": 162, "worst_minutes": 10, "gini": 778 / 4050, "least_share": 1,
        "least_area": "N", "by_column": {"older": 25, "poor": 6},
    }  # fmt: skip
    assert record["assignment"] == {"a": "O", "b": "P", "c": "Q", "d": None, "e": "Q"}
    assert (record["proved_by"], record["stopped"], record["seed"], record["evidence"]) == ("hand", "", 0, [])
    assert record["file"]["number"] == record["file"]["of"] == 1
    assert sealed({k: v for k, v in record.items() if k != "seal"}) == record["seal"]
    assert list(record)[-2:] == ["file", "seal"]
    verify_record(record)


ROOM = SITES.assign(capacity=20, quality="synthetic")


def test_who_is_served_where_is_in_the_record():
    problem = street(sites=ROOM, capacity=Capacity("beds"))
    plan = planned(problem, "Q", served=[("a", "O", 10), ("c", "Q", 5)], placed_before=10)
    record = kept(plan_record(plan, problem))
    assert record["served"] == [["a", "O", 10], ["c", "Q", 5]]
    assert record["placed_before"] == 10
    assert verify_record(record).covered == 15
    _, read = read_record(record)
    assert (read.served.to_numpy().tolist(), read.placed_before) == (record["served"], 10)
    assert list(read.served) == ["community", "site", "people"]
    assert refused({**record, "placed_before": 11})[1] == {"what": "placed_before", "said": 11, "counted": 10}


def test_a_plan_comes_back_from_its_record():
    record = written(quotas=[Quota("town", ("N",), 3)])
    problem, plan = read_record(record)
    assert (plan.chosen, plan.gain.tolist(), plan.gain.name) == (("Q", "P"), [9, 6], "gain")
    assert plan.gain.dtype == "int64"
    assert plan.assignment.fillna("").to_dict() == {"a": "O", "b": "P", "c": "Q", "d": "", "e": "Q"}
    assert plan.unmet.to_dict("records") == [
        {"level": "town", "area": "N", "minimum": 3, "open": 1, "candidates": 1, "reason": "too_few_candidates"}
    ]
    assert (plan.value, plan.bound, plan.gap, plan.proved_by, plan.seed) == (25, 25, 0, "hand", 0)
    assert [(v.value, v.bound, v.gap) for v in plan.levels] == [(25, 25, 0), (162, 162, 0)]
    assert (plan.figures.worst_minutes, type(plan.figures.worst_minutes)) == (10, float)
    assert math.isnan(plan.seconds) and plan.served is None and plan.placed_before is None
    assert kept(plan_record(plan, problem)) == record


def test_a_plan_that_chooses_nothing_comes_back():
    problem, plan = unsolved()
    record = kept(plan_record(plan, problem))
    assert [record[n] for n in ("value", "bound", "gap", "figures", "sites", "goals")] == [
        None,
        None,
        None,
        None,
        [],
        [],
    ]
    (reason,) = record["reasons"]
    values = {"rules": [["explanation.and", {"ids": ["a", "b"]}]], "n": 3, "both": {"zh": "a", "en": "b"}}
    assert (reason["key"], reason["values"]) == ("proof.evidence_large", values)
    assert reason["en"] == "the evidence of the bound is too large to be written"
    assert reason["zh"] == "界的依据过大，未附"
    _, read = read_record(record)
    assert read.reasons == plan.reasons
    assert math.isnan(read.value) and math.isnan(read.bound) and math.isnan(read.gap)
    assert read.figures is None and read.seed == 3
    assert (read.gain.dtype, len(read.gain)) == ("int64", 0)
    assert verify_record(record).covered == 10


def test_a_gap_without_measure_is_null_and_infinite_again():
    problem = street(existing=[], new_sites=0)
    plan = planned(problem)
    (level,) = plan.levels
    assert level.value == 0
    open_end = {"bound": 25, "gap": None}
    record = kept(plan_record(plan, problem))
    record |= {**open_end, "status": "bounded", "goals": [{**record["goals"][0], **open_end}]}
    record = sealed_together([record])[0]
    verify_record(record)
    assert read_record(record)[1].gap == read_record(record)[1].levels[0].gap == math.inf
    assert not math.isfinite(read_record(record)[1].gap)


def test_unknown_shares_are_null_and_unknown_again():
    record = written(areas=None, quotas=())
    assert record["figures"]["least_share"] is None
    assert math.isnan(read_record(record)[1].figures.least_share)
    verify_record(record)


def test_sites_of_unstated_quality_are_counted_where_there_are_any():
    record = written(sites=SITES.assign(quality=["fact", "unstated", "synthetic", "fact"]))
    assert record["rests_on"] == {"fact": 0, "unstated": 1, "estimated": 0, "synthetic": 1}


def test_no_number_of_sites_is_null():
    problem = street(objective="min-sites", new_sites=None)
    record = kept(plan_record(planned(problem, "Q", "P"), problem))
    assert record["new_sites"] is None
    verify_record(record)


def test_the_question_may_be_at_hand():
    problem = street(**ASKED)
    plan = planned(problem, "Q", "P")
    assert plan_record(plan, problem, question={"x": 1})["question"] == {"x": 1}


def test_what_a_study_adds_is_under_the_seal():
    problem = street(**ASKED)
    quality = [
        {"table": "t", "rows": 1, "fact": 1, "unstated": 0, "estimated": 0, "synthetic": 0, "synthetic_share": 0}
    ]
    record = kept(plan_record(planned(problem, "Q", "P"), problem, behind={"quality": quality}))
    verify_record(record)
    assert refused({**record, "quality": []})[1]["what"] == "seal, file"
    wrong = sealed_together([{**record, "quality": [{**quality[0], "fact": 2}]}])[0]
    assert refused(wrong) == ("record_strange", {"what": "quality"})


# --- refused ---


@pytest.mark.parametrize(
    ("key", "value", "what", "said", "counted"),
    [
        ("stopped", "x", "stopped", "x", " / time / work / interrupt"), ("covered", 24, "covered", 24, 25),
        ("minutes", 14, "minutes", "14", "15"), ("new_sites", 3, "new_sites", "3", "2"),
        ("rests_on", {}, "rests_on", "{}", '{"fact": 1, "estimated": 1, "synthetic": 0}'),
        ("quotas", [], "quotas", "[]", None), ("file", {"number": 1, "of": 1, "plans": ["x"]}, "seal, file", "x", None),
        ("seal", "x", "seal", '"x"', None),
    ],
)  # fmt: skip
def test_a_forged_part_is_named(key, value, what, said, counted):
    name, values = refused({**written(), key: value})
    assert (name, values["what"], values["said"]) == ("recount_differs", what, said)
    assert counted is None or values["counted"] == counted


def test_long_parts_are_shortened():
    record = written()
    _, values = refused({**record, "quotas": record["quotas"][:1]})
    assert values["counted"] == json.dumps(record["quotas"])[:80]
    assert len(values["counted"]) == 80


def test_a_part_more_or_less_is_named():
    record = written()
    assert refused({**record, "x": 1}) == ("record_strange", {"what": "x"})
    less = {k: v for k, v in record.items() if k != "minutes"}
    assert refused(less) == ("recount_differs", {"what": "minutes", "said": "null", "counted": "15"})
    assert refused({k: v for k, v in record.items() if k != "sites"})[0] == "record_garbled"
    none = {k: v for k, v in written(new_sites=2).items() if k != "unmet"}
    assert refused(none)[0] == "record_garbled"


def test_null_is_not_the_same_as_nothing():
    problem = street(objective="min-sites", new_sites=None)
    record = kept(plan_record(planned(problem, "Q", "P"), problem))
    del record["new_sites"]
    assert refused(record) == ("recount_differs", {"what": "new_sites", "said": "null", "counted": "null"})


def test_one_and_true_are_told_apart():
    record = sealed_together([{**written(), "bound": 25.0}])[0]
    assert refused(record)[1]["what"] == "seal, file"


def test_a_question_more_than_was_asked_is_named():
    record = written()
    more = sealed_together([{**record, "question": {**record["question"], "x": 1}}])[0]
    assert refused(more) == ("record_strange", {"what": "question.x"})


FORMATS = {"format": "3 / 4 / 5 / 6"}


@pytest.mark.parametrize("question", [None, {}, {"format": 2}, {"format": 7}])
def test_another_format_is_refused(question):
    assert refused({**written(), "question": question}) == ("record_format", FORMATS)


def test_what_is_no_record_is_refused():
    assert refused([]) == ("record_format", FORMATS)
    name, values = refused({**written(), "goals": 3})
    assert (name, values["detail"]) == ("record_garbled", "TypeError: 'int' object is not iterable")


OLD = json.loads((Path(__file__).parent / "records" / "format-3.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("record", OLD, ids=lambda r: r["status"])
def test_a_record_of_the_third_format_holds_and_what_is_behind_it_is_not_sealed(record):
    verify_record(record)
    verify_record({**record, "quality": "x", "phases": 3})
    assert refused({**record, "seal": "x"})[1]["what"] == "seal"
    assert refused({**record, "x": 1}) == ("record_strange", {"what": "x"})
    _, plan = read_record(record)
    assert all(reason.key.startswith("explanation.") for reason in plan.reasons)
    assert [reason["key"].partition(".")[0] for reason in record["reasons"]] == ["siting"] * len(plan.reasons)


def test_a_record_of_the_fifth_format_keeps_its_pages():
    """It was sealed alone, without evidence, place or what stands behind it."""
    problem, plan = unsolved()
    made = kept(plan_record(plan, problem))
    bare = {k: v for k, v in made.items() if k not in ("file", "evidence", "seal")}
    bare["question"]["format"] = 5
    record = {**bare, "seal": sealed(bare)}
    verify_record(record)
    assert refused({**record, "evidence": []}) == ("record_strange", {"what": "evidence"})


# --- files ---


def test_a_file_holds_one_record_or_several(tmp_path):
    one, two = sealed_together([written(), {**written(), "problem_id": "other"}])
    file = tmp_path / "plan.json"
    file.write_text(json.dumps([one, two]), encoding="utf-8")
    assert read_records(file) == [("matrix", one), ("other", two)]
    alone = written()
    file.write_text(json.dumps(alone), encoding="utf-8")
    assert read_records(str(file)) == [("matrix", alone)]
    file.write_text(json.dumps([{"a": 1}, {"b": 1}]), encoding="utf-8")
    assert [name for name, _ in read_records(file)] == ["1", "2"]
    file.write_text(json.dumps([two, one]), encoding="utf-8")
    with pytest.raises(PlanError, match="out of order"):
        read_records(file)


@pytest.mark.parametrize("text", ["3", "[]", "[{}, 3]"])
def test_a_file_without_records_says_so(tmp_path, text):
    file = tmp_path / "plan.json"
    with pytest.raises(MissingError):
        read_records(file)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as why:
        read_records(file)
    assert (why.value.key, why.value.values) == ("proof.no_records", {"file": str(file)})


def test_a_bomb_is_told_as_one(monkeypatch):
    monkeypatch.setattr("quarterhour.base.limits.limit", lambda _: 3)
    with pytest.raises(DataError):
        verify_record(written())


# --- evidence ---


def test_evidence_and_the_reason_why_there_is_none_come_back():
    problem = street(**ASKED)
    prices = np.array([[0] * 9, [0, 1, 0, 0, 0, 0, 0, 0, -5]], dtype=np.int64)
    evidence = Evidence(2, prices, np.array([1, -1, -2], dtype=np.int64))
    none = Reason("proof.evidence_large", {})
    record = kept(plan_record(replace(planned(problem, "Q", "P"), evidence=(evidence, none)), problem))
    assert (record["evidence"][0]["scale"], record["evidence"][0]["vectors"]) == (2, 2)
    assert record["evidence"][1]["none"]["key"] == "proof.evidence_large"
    first, second = read_record(record)[1].evidence
    assert (first.scale, first.prices.tolist(), first.tree.tolist()) == (2, prices.tolist(), [1, -1, -2])
    assert second == none
