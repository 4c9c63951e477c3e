"""What the page finds places by beside their names: codes, and how Chinese characters are read.

Readings go by character and not by name: a name is matched character by character in the browser, so that syllables,
initials and any mixture of them are found (``dashuibo``, ``dsb``, ``dashuib``), and a table of some thousand characters
serves all names. Every reading of a character is kept, the most frequent first: place names keep rare ones (泊 bo).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd

from quarterhour.base import i18n
from quarterhour.base.escape import escape_html
from quarterhour.maps.varints import packed_text

_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_LETTERS = re.compile("[a-z]+")


def search_columns(
    picture: Mapping[str, Any], communities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, lang: str
) -> dict[str, Any]:
    """What the search of a page needs beside the picture itself, packed, and its words.

    ``readings``: a line a reading, the characters that are read so behind it; ``often``: where it is their most
    frequent. ``codes``: ids of communities and of towns, as they are: a script may show them as text alone.
    """
    often, seldom = _lines(readings_of(_names(picture)))
    codes = {name: [str(i) for i in table.index] for name, table in (("communities", communities), ("towns", towns))}
    return {
        "words": {name: escape_html(i18n.label("search", name, lang)) for name in i18n.names_on("search")},
        "often": packed_text(often),
        "seldom": packed_text(seldom),
        "codes": packed_text(json.dumps(codes, ensure_ascii=False, separators=(",", ":"))),
    }


def _names(picture: Mapping[str, Any]) -> Iterable[str]:
    """Every name on the page that one may look for."""
    yield from picture["communities"]["name"]
    for areas in ("towns", "counties"):
        yield from (area["name"] for area in picture.get(areas, ()))
    for kind in picture["kinds"]:
        yield from kind["name"]
    for plan in picture["plans"]:
        yield from plan["site"]


def readings_of(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """How each Chinese character of some names is read, without tones, the most frequent reading first.

    ü is v, and u as well, as people type it.
    """
    chars = sorted({char for name in names for char in _HAN.findall(name)})
    if not chars:
        return {}
    from pypinyin import Style, pinyin

    told = {char: pinyin(char, style=Style.NORMAL, heteronym=True)[0] for char in chars}
    return {char: _typed(found) for char, found in told.items()}


def _typed(readings: Iterable[str]) -> tuple[str, ...]:
    known = [r for r in readings if _LETTERS.fullmatch(r)]
    return tuple(dict.fromkeys([*known, *(r.replace("v", "u") for r in known)]))


def _lines(readings: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    """A line a reading: the reading and its characters; first readings, and all others."""
    tables: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for char, known in readings.items():
        for place, reading in enumerate(known):
            table = tables[0 if place == 0 or reading == known[0].replace("v", "u") else 1]
            table[reading] = table.get(reading, "") + char
    often, seldom = ("\n".join(f"{r}{chars}" for r, chars in sorted(table.items())) for table in tables)
    return often, seldom
