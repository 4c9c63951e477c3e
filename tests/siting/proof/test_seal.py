"""The seal of a record and of its file: made by hand, and refused wherever it was not."""

from __future__ import annotations

import hashlib

import pytest

from quarterhour.base.errors import PlanError
from quarterhour.siting.proof.seal import (
    as_text,
    at_its_place,
    check_together,
    plan_hash,
    sealed,
    sealed_together,
)


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_one_text_for_one_value():
    assert as_text({"b": 1, "a": [1.0, True, None, "村"]}) == '{"a": [1.0, true, null, "村"], "b": 1}'
    assert sealed({"b": 2, "a": 1}) == sha('{"a": 1, "b": 2}') != sealed({"b": 2, "a": 1.0})
    with pytest.raises(ValueError, match="JSON"):
        sealed(float("nan"))


def test_place_and_seal_are_no_part_of_a_plan():
    assert plan_hash({"b": 2, "file": {"number": 1}, "seal": "x", "a": 1}) == sha('{"a": 1, "b": 2}')


def test_records_of_a_file_know_each_other():
    one, two = sealed_together([{"a": 1}, {"a": 2, "seal": "old", "file": "old"}])
    plans = [sha('{"a": 1}'), sha('{"a": 2}')]
    assert one["file"] == {"number": 1, "of": 2, "plans": plans}
    assert two["file"] == {"number": 2, "of": 2, "plans": plans}
    text = f'{{"a": 2, "file": {{"number": 2, "of": 2, "plans": ["{plans[0]}", "{plans[1]}"]}}}}'
    assert two["seal"] == sha(text)
    assert list(two) == ["a", "file", "seal"]
    check_together([one, two])
    assert at_its_place({"a": 2}, two["file"]) == two
    assert at_its_place({"a": 1}, one["file"]) == one


@pytest.mark.parametrize(
    "place",
    [{"number": 0}, {"number": 3}, {"number": True}, {"number": 1.0}, {"number": "1"}, {"x": 1}, {"number": -1}],
)
def test_a_place_that_is_none_is_refused(place):
    right = sealed_together([{"a": 1}, {"a": 2}])[0]["file"]
    with pytest.raises(PlanError) as why:
        at_its_place({"a": 1}, {**right, **place})
    assert (why.value.key, why.value.values) == ("proof.record_strange", {"what": "file"})


def test_another_plan_at_a_place_is_named_by_both_hashes():
    right = sealed_together([{"a": 1}, {"a": 2}])[0]["file"]
    with pytest.raises(PlanError) as why:
        at_its_place({"a": 3}, right)
    said, counted = sha('{"a": 1}')[:12], sha('{"a": 3}')[:12]
    assert why.value.key == "proof.recount_differs"
    assert why.value.values == {"what": "seal, file", "said": said, "counted": counted}


def test_old_records_know_nothing_of_each_other():
    check_together([{"a": 1}, {"a": 2}])


def test_a_file_says_which_record_is_the_first_wrong_one():
    one, two, three = sealed_together([{"a": 1}, {"a": 2}, {"a": 3}])
    fewer = {**one, "file": {**one["file"], "plans": one["file"]["plans"][:2]}}
    bare, text = {"a": 1}, {"a": 1, "file": "x"}
    none = {"a": 1, "file": {"number": 1, "of": 3}}
    other = {"a": 1, "file": {"number": 1, "of": 1, "plans": "p"}}
    for records, found, said, number in (
        ([one, two], 2, 3, 1), ([one, three, two], 3, 3, 2), ([one, two, two], 3, 3, 3),
        ([bare, two, three], 3, "-", 1),
        ([one, two, bare], 3, 3, 3), ([text, two, three], 3, "-", 1), ([none], 1, 3, 1),
        ([{"file": {"x": 1}}], 1, "-", 1),
        ([fewer, *({**r, "file": {**r["file"], "plans": fewer["file"]["plans"]}} for r in (two, three))], 3, 3, 1),
        ([other], 1, 1, 1),
    ):  # fmt: skip
        with pytest.raises(PlanError) as why:
            check_together(records)
        assert why.value.key == "proof.file_differs"
        assert why.value.values == {"found": found, "said": said, "number": number}
        assert why.value.sentence("zh")
