"""Cells as people type them: a number is what is written, no more."""

from __future__ import annotations

import pandas as pd
import pytest

from quarterhour.base.cells import half_width, has_unseen, numbers, seen


@pytest.mark.parametrize(
    ("written", "meant"),
    [("951", 951), ("９５１", 951), ("１，２３４．５", 1234.5), ("－5", -5), ("\N{MINUS SIGN}5", -5), ("＋5", 5),
     (" 7 ", 7), ("1,234,567", 1_234_567), ("1e3", 1000), (951, 951), (951.5, 951.5)],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(written: object, meant: float) -> None:
    assert numbers(pd.Series([written], dtype=object)).tolist() == [meant]


@pytest.mark.parametrize(
    "written",
    ["951①", "951²", "951₂", "951½", "951*", "951人", "951（注1）", "٣٤", "𝟗𝟓𝟏", "⑨", "Ⅸ", "九百", "9 51", "1,2",
     "1.234,5", "½", "", "#REF!", "inf", True],
)  # fmt: skip
def test_what_is_no_number_is_none(written: object) -> None:
    """Unicode's NFKC would make 9511 of 951① and 9512 of 951²."""
    assert numbers(pd.Series([written], dtype=object)).isna().all()


def test_full_width_forms_of_digits_alone_become_plain() -> None:
    assert half_width("３７１００２①²½（甲）") == "371002①²½（甲）"


@pytest.mark.parametrize(
    "mark",
    ["\u200b", "\u200c", "\u200d", "\ufeff", "\u2060", "\u00ad", "\u200e", "\u202e", "\u2066", "\x00", "\x07",
     "\x7f", "\x9f", "\ufe0f", "\U000e0041"],
)  # fmt: skip
def test_what_nobody_sees_is_taken_out_wherever_it_stands(mark: str) -> None:
    for text in (f"{mark}东北村", f"东{mark}北村", f"东北村{mark}"):
        assert has_unseen(text) and seen(text) == "东北村"
    assert not has_unseen("东北村 A\t1\n") and seen("\u3000\u00a0东 北村\u3000") == "东 北村"
