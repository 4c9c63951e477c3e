"""Pages of docs/ that are in both languages: kept in step, section by section."""

from __future__ import annotations

import re
import tomllib
from itertools import zip_longest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAIRS = sorted(path.name.removesuffix(".zh.md") for path in DOCS.glob("*.zh.md"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)


def both(name: str) -> tuple[str, str]:
    return tuple((DOCS / f"{name}{end}.md").read_text(encoding="utf-8") for end in ("", ".zh"))  # type: ignore[return-value]


def named(section: str) -> set[str]:
    """Keys, columns, files, values: all that stands as code."""
    return {" ".join(code.split()) for code in re.findall(r"`([^`]+)`", section)}


def shape(section: str) -> tuple[int, int]:
    """Rows of tables, points of lists."""
    return len(re.findall(r"^\|", section, re.MULTILINE)), len(re.findall(r"^- ", section, re.MULTILINE))


def test_the_pages_are_those_of_the_book() -> None:
    assert PAIRS == ["method", "study_file"]


@pytest.mark.parametrize("name", PAIRS)
def test_both_show_the_same_code(name: str) -> None:
    """Comments are in the page's language, so what the pieces say is compared."""
    english, chinese = ([(kind, tomllib.loads(text)) for kind, text in FENCE.findall(page)] for page in both(name))
    assert english == chinese


@pytest.mark.parametrize("name", PAIRS)
def test_both_have_the_same_sections_and_name_the_same_keys(name: str) -> None:
    english, chinese = (HEADING.split(FENCE.sub("", page)) for page in both(name))
    assert english[1::3] == chinese[1::3]
    for heading, first, second in zip_longest(["", *english[2::3]], english[::3], chinese[::3]):
        assert named(first) == named(second), heading
        assert shape(first) == shape(second), heading


@pytest.mark.parametrize("name", PAIRS)
def test_the_chinese_page_is_in_chinese(name: str) -> None:
    """Every heading, every row and every paragraph of some length."""
    page = FENCE.sub("", both(name)[1])
    for line in filter(None, page.splitlines()):
        words = re.sub(r"`[^`]+`", "", line)
        assert len(words) < 60 or re.search("[\u4e00-\u9fff]", words) or set(words) <= set("|-x "), line
    assert all(re.search("[\u4e00-\u9fff]", title) for _, title in HEADING.findall(page))
