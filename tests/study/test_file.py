"""Study files: what is wrong, and on which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterhour.base.errors import MissingError, StudyError
from quarterhour.study.file import read_study_file
from quarterhour.study.file.mistakes import line_of


def mended(folder: Path, before: str, after: str) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder


def test_the_embedded_study_and_the_template_are_valid(root: Path) -> None:
    assert read_study_file(root / "data/raw/weihai").study.id == "weihai"
    assert read_study_file(root / "coverage/quarterhour/data/template").study.id == "my-city"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("minutes = 15", "minutes = -3", "circles.0.minutes"),
        ('heading = "to_site"', 'heading = "sideways"', "to_community"),
        ("seed = 1", "sead = 1", "did you mean seed?"),
        ("seed = 1", "seed = -1", "study.seed: should be at least 0"),
        ("seed = 1", "seed = 2147483648", "study.seed: should be at most 2147483647"),
        ('crs = "EPSG:32651"', 'crs = "EPSG:4326"', "not in metres"),
        ('crs = "EPSG:32651"', 'crs = "EPSG:0"', "PROJ knows no"),
        ('people = "older"', 'people = "young"', "is not among communities.people"),
        ("new_sites = 1\n", "", "and gini need"),
        ('path = "roads.geojson"', 'path = "/vsicurl/http://x/y"', "not a file of this machine"),
    ],
)
def test_a_mistake_is_told_with_file_and_field(toy_study: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(StudyError, match="study.toml:") as caught:
        read_study_file(mended(toy_study, before, after))
    assert told in str(caught.value)
    assert "请按行改正" in caught.value.sentence("zh")
    assert "should" not in caught.value.sentence("zh") and "needs" not in caught.value.sentence("zh")


def test_the_line_of_a_mistake_is_right(toy_study: Path) -> None:
    text = (toy_study / "study.toml").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[line_of(text, ("study", "seed")) - 1] == "seed = 1"
    assert lines[line_of(text, ("circles", 1, "turnout_minutes")) - 1] == "turnout_minutes = 3"


ROWS = """
[[siting]]
minutes = 15
classes = [{ name = "urban", minutes = true }]
budget.yuan = 3

[[siting]]
minutes = 15
classes = [
    { name = "urban", minutes = 5 },
    { name = "rural", minutes = true },
]

[siting.capacity]
unit = "beds"
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("siting", 0, "minutes"), 3),
        (("siting", 0, "classes", 0, "minutes"), 4),
        (("siting", 0, "budget", "yuan"), 5),
        (("siting", 1, "minutes"), 8),
        (("siting", 1, "classes", 0, "minutes"), 10),
        (("siting", 1, "classes", 1, "minutes"), 11),
        (("siting", 1, "classes", 1, "mode"), 9),
        (("siting", 1, "capacity", "unit"), 15),
        (("siting", 1, "capacity", "column"), 14),
        (("siting", 1, "kind"), 7),
    ],
)
def test_the_line_of_a_mistake_inside_a_field_is_right(where: tuple[str | int, ...], line: int) -> None:
    assert line_of(ROWS, where) == line


def test_no_study_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="quarterhour init"):
        read_study_file(tmp_path)


def test_broken_toml_says_where(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("[study\n", encoding="utf-8")
    with pytest.raises(StudyError, match="line 1"):
        read_study_file(tmp_path)


def test_a_mistake_between_fields_points_to_its_line(toy_study: Path) -> None:
    with pytest.raises(StudyError) as caught:
        read_study_file(mended(toy_study, 'people = "hardship"', 'people = "hardshp"'))
    text = (toy_study / "study.toml").read_text(encoding="utf-8")
    line = text.splitlines().index('people = "hardshp"') + 1
    assert f"study.toml:{line}:" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "zh"),
    [
        ("id ＝ 't'", "第 2 行“id ＝ 't'”含中文（全角）符号 ＝"),
        ("id = “t”", "第 2 行“id = “t””含中文（全角）符号 “ ”"),
        ("minutes = 15分钟", "第 2 行“minutes = 15分钟”。文字要加英文引号"),
        ("id = 't", "第 2 行“id = 't”。文字要加英文引号"),
    ],
)
def test_what_is_no_toml_is_told_by_its_line_in_plain_words(tmp_path: Path, line: str, zh: str) -> None:
    (tmp_path / "study.toml").write_text(f"[study]\n{line}\n", encoding="utf-8")
    with pytest.raises(StudyError) as told:
        read_study_file(tmp_path)
    assert zh in told.value.sentence("zh") and "line 2" in str(told.value)
    assert not any(word in told.value.sentence("zh") for word in ("Expected", "Invalid", "Unterminated"))
