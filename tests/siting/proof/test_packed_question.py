"""A packed question, column by column as it is worked out by hand, read back whole, and refused where it is none."""

from __future__ import annotations

import base64
import copy
import json
import math
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.packed_question import (
    check_question,
    pack,
    pack_texts,
    plain_number,
    question_record,
    read_question,
    unpack,
    unpack_texts,
)
from quarterhour.siting.question.fingerprint import asked, input_hash
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota
from street import PLACES, SITES, VILLAGES, street

FULL = {
    "objective": ("max-cover", Goal("equity", "poor", "county")), "people": {"older": 2, "poor": 1},
    "within": {"u": Standard(15, ((5, 100), (15, 60))), "r": 7.01}, "classes": pd.Series(list("uruur"), VILLAGES),
    "quotas": [Quota("town", ("S", "N"), 1, 2, "low", (("S", "N"),)), Quota("county", ("K",), 0, 3)],
    "coverage": Coverage(50, "low", False, 3), "budget": Budget(900, 2), "conflicts": [["Q", "R"], ["O", "P"]],
    "required": ["P"], "sites": SITES.assign(capacity=[10, 7, 9, None]),
}  # fmt: skip


def kept(problem):
    return json.loads(json.dumps(question_record(problem), allow_nan=False))


def test_numbers_are_packed_weight_by_weight():
    packed = pack([1, 258, -1])
    planes = zlib.decompress(base64.b64decode(packed))
    assert planes == bytes([1, 2, 255, 0, 1, 255]) + bytes([0, 0, 255] * 6)
    assert unpack(packed).tolist() == [1, 258, -1]
    assert unpack(pack([])).tolist() == []
    assert unpack(packed).dtype == np.int64


def test_texts_are_packed_as_one():
    packed = pack_texts([["村", 1], []])
    assert zlib.decompress(base64.b64decode(packed)).decode() == '[["村", "1"], []]'
    assert unpack_texts(packed) == [["村", "1"], []]


@pytest.mark.parametrize("text", ["!", "AAAA", base64.b64encode(zlib.compress(b"123")).decode()])
def test_what_is_no_packed_column_is_no_column(text):
    with pytest.raises((ValueError, zlib.error)):
        unpack(text)


def test_a_question_is_packed_as_by_hand():
    record = question_record(street())
    assert (record["format"], record["new_sites"], record["weights"]) == (6, 2, {"older": 1})
    assert unpack_texts(record["communities"]) == [VILLAGES, [""] * 5, list("NNSSS"), ["K"] * 5]
    assert {c: unpack(text).tolist() for c, text in record["people"].items()} == {
        "older": [10, 6, 5, 3, 4], "poor": [1, 0, 2, 1, 3],
    }  # fmt: skip
    assert unpack(record["load"]).tolist() == [0] * 5
    sites = dict(zip(["id", *record["site_columns"]], unpack_texts(record["sites"]), strict=True))
    assert sites["id"] == PLACES
    assert (sites["state"], sites["capacity"]) == (["existing", *["candidate"] * 3], [""] * 4)
    assert sites["running_yuan"] == ["9", "1", "3", "2"]
    near = {key: unpack(text).tolist() for key, text in record["near"].items()}
    assert near["count"] == [2, 2, 2, 0, 2]
    assert near["site"] == [0, 2, -1, 2, -1, 1, -1, 1]
    assert near["cs"] == [6000 * n for n in (5, 12, 10, 15, 4, 6, 8, 15)]
    assert unpack(record["conflicts"]).tolist() == []
    assert record["travel"] == ["matrix", "to_site", 0]


@pytest.mark.parametrize(
    "question",
    [{}, FULL, {"sites": FULL["sites"], "capacity": Capacity("beds", pd.Series([1, 2, 3, 4, 5], VILLAGES))},
     {"sites": FULL["sites"], "capacity": Capacity(split=True)}, {"objective": "min-sites", "new_sites": None}],
)  # fmt: skip
def test_a_question_comes_back_whole(question):
    problem = street(**question)
    again = read_question("matrix", kept(problem))
    assert input_hash(again) == input_hash(problem)
    assert asked(again) == asked(problem)
    assert kept(again) == kept(problem)
    check_question(kept(problem), again)
    for name in ("demand", "classes", "load"):
        pd.testing.assert_series_equal(getattr(again, name), getattr(problem, name), check_index_type=False)
    for name in ("people", "areas", "sites"):
        pd.testing.assert_frame_equal(
            getattr(again, name), getattr(problem, name), check_index_type=False, check_column_type=False,
            check_dtype=False,
        )  # fmt: skip
    assert (again.goals, again.quotas, again.budget) == (problem.goals, problem.quotas, problem.budget)
    assert (again.id, again.everyone, again.new_sites) == ("matrix", problem.everyone, problem.new_sites)
    assert (again.coverage.backup, again.coverage.tier, again.coverage.at_least) == (
        problem.coverage.backup, problem.coverage.tier, problem.coverage.at_least,
    )  # fmt: skip
    assert again.conflicts.tolist() == problem.conflicts.tolist()
    if problem.capacity is not None:
        assert (again.capacity.unit, again.capacity.split) == (problem.capacity.unit, problem.capacity.split)
    assert {c: s.ladder() for c, s in again.standards.items()} == {c: s.ladder() for c, s in problem.standards.items()}
    assert {c: s.minutes for c, s in again.standards.items()} == {c: s.minutes for c, s in problem.standards.items()}
    near = [getattr(again.pairs, part).tolist() for part in ("start", "site", "cs")]
    assert near == [getattr(problem.pairs, part).tolist() for part in ("start", "site", "cs")]
    assert again.times.cutoff_minutes == max(s.minutes for s in problem.standards.values())
    assert (again.times.mode_id, again.times.heading) == (problem.times.mode_id, problem.times.heading)


def test_a_question_without_near_pairs_comes_back():
    nothing = street(within=1)
    assert len(read_question("x", kept(nothing)).pairs.cs) == 0


def forged(**other):
    packed = kept(street(**FULL))
    return {**packed, **other}


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"x": 1}, "x"), ({"a": 1, "x": 1}, "a"), ({"new_sites": 2.0}, "new_sites"),
        ({"budget": [900, True]}, "budget"),
        ({"weights": {"older": 2, "poor": 1.0}}, "weights"), ({"format": 6.0}, "site_columns"),
        ({"format": True}, "site_columns"), ({"site_columns": []}, "site_columns"),
        ({"travel": [1, "to", 0]}, "travel"), ({"travel": ["x", None, 0]}, "travel"),
        ({"travel": ["x", "to", True]}, "travel"),
    ],
)  # fmt: skip
def test_another_part_of_a_question_is_named(other, what):
    with pytest.raises(PlanError) as why:
        check_question(forged(**other), street(**FULL))
    assert (why.value.key, why.value.values) == ("proof.record_strange", {"what": f"question.{what}"})


def test_a_part_that_is_left_out_or_in_the_pairs_too_many_is_named():
    for name in ("load", "goals"):
        packed = forged()
        del packed[name]
        with pytest.raises(PlanError) as why:
            check_question(packed, street(**FULL))
        assert why.value.values == {"what": f"question.{name}"}
    packed = copy.deepcopy(forged())
    packed["near"]["x"] = 1
    with pytest.raises(PlanError) as why:
        check_question(packed, street(**FULL))
    assert why.value.values == {"what": "question.x"}


def test_mode_heading_and_turnout_stand_as_they_are():
    packed = forged(travel=["walk", "from", 1.5])
    again = read_question("x", packed)
    assert (again.times.mode_id, again.times.heading, again.times.turnout_minutes) == ("walk", "from", 1.5)
    check_question(packed, again)


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("count", [2, 2, 2, 2]), ("count", [2, 2, 2, 0, 2, 0]), ("count", [2, 2, 2, 0, 1]), ("site", [0, 2]),
        ("cs", [30_000] * 7), ("cs", [30_000] * 9), ("site", [-1, 3, -1, 2, -1, 1, -1, 1]),
        ("site", [0, 2, -1, 2, -1, 1, -1, 2]),
    ],
)  # fmt: skip
def test_pairs_that_are_none_are_refused(key, numbers):
    packed = kept(street())
    packed["near"][key] = pack(numbers)
    with pytest.raises(PlanError) as why:
        read_question("x", packed)
    assert (why.value.key, why.value.values) == ("proof.record_garbled", {"detail": "near"})


def test_a_number_is_whole_where_it_is_whole():
    told = [plain_number(v) for v in (None, math.nan, math.inf, 3.0, 2.5, 0, np.int64(4))]
    assert told == [None, None, None, 3, 2.5, 0, 4]
    assert [type(v) for v in told[3:]] == [int, float, int, int]


def test_what_communities_ask_for_is_kept_beside_their_people():
    one = street(sites=FULL["sites"], capacity=Capacity("beds"))
    other = replace(one, load=one.load + 1)
    assert unpack(question_record(other)["load"]).tolist() == [1] * 5
    assert read_question("x", kept(other)).load.tolist() == [11, 7, 6, 4, 5]
