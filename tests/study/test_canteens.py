"""Canteens for older people are a kind like the others: in tables, in OpenStreetMap, in words."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from quarterhour.base import i18n
from quarterhour.base.kinds import kind_label
from quarterhour.study.doubts.kinds import _by_form, _form, _synonyms


@pytest.mark.parametrize(
    "written", ["canteen", "长者食堂（老年助餐点）", "长者食堂", "老年助餐点", "老年食堂", "Senior Canteen"]
)
def test_a_canteen_is_known_by_what_offices_call_it(written: str) -> None:
    assert _by_form([])[_form(written)] == "canteen"


def test_a_word_of_an_office_means_one_known_kind() -> None:
    known, every = i18n.names_on("kinds"), [_form(word) for words in _synonyms().values() for word in words]
    assert set(_synonyms()) <= set(known) and len(set(every)) == len(every)
    assert not set(every) & {_form(kind) for kind in known}


def test_a_canteen_has_a_name_and_tags() -> None:
    assert (kind_label("canteen", "zh", {}), kind_label("canteen", "en", {})) == (
        "长者食堂（老年助餐点）", "canteen for older people",
    )  # fmt: skip
    text = (resources.files("quarterhour") / "data" / "osm_kinds.toml").read_text(encoding="utf-8")
    kinds = list(tomllib.loads(text)["kinds"])
    assert kinds.index("canteen") < kinds.index("social_facility")
