"""Methods of [[access]] keep the promise of their names: what is called otherwise now, or ends early, is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.base.errors import StudyError

ACCESS = """
[[access]]
id = "places"
zh = "位置"
en = "places"
kinds = ["day_care"]
people = "older"
mode = "walk"
minutes = {minutes}
methods = {methods}
"""


def asked(folder: Path, minutes: int, methods: str) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8") + ACCESS.format(minutes=minutes, methods=methods)
    file.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("minutes", "methods", "en", "zh"),
    [
        (
            30,
            '["2sfca", "gaussian"]',
            "'gaussian' is called 'normal' now, with the same figures",
            "现名“normal”（数值不变）",
        ),
        (31, '["e2sfca"]', "the weights of 'e2sfca' end at 30 minutes, and minutes is 31", "只到 30 分钟"),
        (61, '["2sfca", "3sfca"]', "the weights of '3sfca' end at 60 minutes, and minutes is 61", "只到 60 分钟"),
    ],
)
def test_a_name_that_would_not_keep_its_promise_is_refused(
    toy_study: Path, minutes: int, methods: str, en: str, zh: str
) -> None:
    with pytest.raises(StudyError) as caught:
        qh.read_study(asked(toy_study, minutes, methods))
    lines = (toy_study / "study.toml").read_text(encoding="utf-8").splitlines()
    line = lines.index(f"methods = {methods}") + 1
    for lang, told in (("en", en), ("zh", zh)):
        assert f"study.toml:{line}: " in caught.value.sentence(lang) and told in caught.value.sentence(lang)


def test_methods_within_their_rings_are_taken(toy_study: Path) -> None:
    study = qh.read_study(asked(toy_study, 30, '["2sfca", "e2sfca", "3sfca", "normal", "dai"]'))
    assert study.file.access[0].methods[-1] == "dai"
