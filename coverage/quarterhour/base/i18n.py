"""The one table of words: every sentence and label a user reads, in Chinese and English.

The table lies in ``data/words/WING/PAGE.toml``, a page for each room that speaks. A key is ``page.name``
(``errors.missing_columns``); an entry is ``{zh = "…", en = "…"}`` with ``{placeholders}``.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable

LANGUAGES = ("zh", "en")


@functools.cache
def _page(page: str) -> Mapping[str, Mapping[str, str]]:
    file = _files().get(page)
    return {} if file is None else tomllib.loads(file.read_text(encoding="utf-8"))


@functools.cache
def _files() -> Mapping[str, Traversable]:
    """The pages by name; no two wings have a page of one name."""
    wings = [wing for wing in (resources.files("quarterhour") / "data" / "words").iterdir() if wing.is_dir()]
    return {file.name.removesuffix(".toml"): file for wing in wings for file in wing.iterdir()}


def entry(key: str) -> Mapping[str, str] | None:
    """Both languages of a key, or None where the table has no such key."""
    page, _, name = key.partition(".")
    return _page(page).get(name)


def names_on(page: str) -> tuple[str, ...]:
    """Every name that a page has an entry for."""
    return tuple(_page(page))


def say(key: str, lang: str, /, **values: object) -> str:
    """The sentence of a key in a language, its placeholders filled.

    Raises KeyError when the table has no such key: a sentence nobody wrote is a bug of ours; ValueError for a
    language that it does not have.
    """
    found = entry(key)
    if found is None:
        raise KeyError(key)
    return found[known_language(lang)].format(**values)


def known_language(lang: str) -> str:
    """A language that the table has; ValueError for another."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang is {' or '.join(LANGUAGES)}; this came: {lang!r}")
    return lang


def label(page: str, name: str, lang: str) -> str:
    """The label of a thing a user may have named (a kind, a road class); its own name if unknown."""
    found = _page(page).get(name)
    return name if found is None else found[lang]


def both(page: str, name: str) -> dict[str, str]:
    """The label of a thing in both languages, as errors take it."""
    return {lang: label(page, name, lang) for lang in LANGUAGES}


def asked_language(arguments: Sequence[str]) -> str:
    """The language that the words of a command ask for with ``--lang``; Chinese where they name none of ours."""
    for before, after in zip(arguments, [*arguments[1:], ""], strict=False):
        found = after if before == "--lang" else before.removeprefix("--lang=") if before.startswith("--lang=") else ""
        if found in LANGUAGES:
            return found
    return "zh"
