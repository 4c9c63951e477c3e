"""Columns known by their headings: how offices and web services call what the program calls id, name, x, y, town.

The headings stand in ``data/columns.toml`` and, of people and beds, in ``data/people.toml``. What is taken by its
heading is told; where two columns could each be meant, none is taken.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import seen, texts
from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, join_findings, no_findings

NEEDED = ("id", "name", "x", "y")
"""Columns without which there is no place: where two could be meant, the table is refused."""
_UNIT = re.compile(
    r"\((?:单位[:：]?)?(?:人|名|位|户|张|个|度|°|米|m|e|n|wgs84|wgs-84|gcj02|gcj-02|bd09|bd-09|cgcs2000|(?:6|9|12)位)\)$"
)
_BETWEEN = re.compile(r"[()\[\]【】/、，,·:：\-]")
_SAME_WORDS = (("周岁", "岁"), ("及以上", "以上"), ("六十", "60"), ("八十", "80"))
"""Words of one meaning in headings: 60周岁及以上 and 60岁以上. 数 at the end says nothing: 老年人口数;
nor does 其中 (of these) before a part: 其中：特困人员."""
_COUNTED = ("beds", "nursing_beds")


def heading_key(heading: object) -> str:
    """A heading as it is compared: without case, blanks, underscores, brackets, and a unit in brackets at its end.

    >>> heading_key("村（居）名称"), heading_key("60周岁及以上 老年人口数（人）")
    ('村居名称', '60岁以上老年人口')
    """
    plain = unicodedata.normalize("NFKC", seen(str(heading))).casefold()
    bare = _BETWEEN.sub("", _UNIT.sub("", re.sub(r"[\s_]+", "", plain))).removeprefix("其中")
    for word, other in _SAME_WORDS:
        bare = bare.replace(word, other)
    return bare[:-1] if len(bare) > 1 and bare.endswith("数") else bare


@functools.cache
def headings(table: str) -> Mapping[str, frozenset[str]]:
    """Our names of the columns of a table -> the keys (``heading_key``) of the headings that mean them."""
    known, people = _facts("columns"), _facts("people")["names"]
    said: dict[str, set[str]] = {}
    for part in (known["plain"], known["any"], known.get(table, {}), people):
        for ours, theirs in part.items():
            said.setdefault(ours, set()).update(map(heading_key, (ours, *theirs)))
    return MappingProxyType({ours: frozenset(keys) for ours, keys in said.items()})


@dataclass(frozen=True)
class Headings:
    """Columns by name: those that the user named as they are, others by any heading that means them."""

    named: frozenset[str]
    keys: frozenset[str]

    def __contains__(self, column: object) -> bool:
        return column in self.named or heading_key(column) in self.keys


def by_heading(
    frame: pd.DataFrame,
    *,
    table: str,
    wanted: Iterable[str],
    named: Mapping[str, str],
    people: Collection[str] = (),
    file: str = "",
    sheet: str = "",
) -> tuple[dict[str, str], pd.DataFrame]:
    """Which columns of a table hold what is wanted of it, and what was assumed: our name -> theirs.

    ``named`` are columns that the user named; they mean nothing else. A column under our own name (in any case) is
    taken before others, without a word. Of two columns that say the same the first is taken. DataError where two
    could each be an id, a name, a coordinate, or a count of ``people``; where it is another column, that is told.
    """
    free = [c for c in frame.columns if c not in named.values()]
    at = {"table": table, "file": file, "sheet": sheet}
    known, found, told = headings(table), dict[str, str](), []
    for ours in wanted:
        if ours in named or ours in frame.columns:
            continue
        could = _could_be(ours, free, known.get(ours, frozenset()))
        if len(could) > 1 and not _all_alike(frame, could):
            if ours in NEEDED or ours in people:
                raise DataError(
                    "places.column_ambiguous", ours=ours, found=_listed(could), file=file,
                    table=i18n.both("tables", table),
                )  # fmt: skip
            told.append(
                finding(
                    "column_ambiguous", severity="warning", column=ours, value=_listed(could), detail=could[0], **at
                )
            )
        elif could:
            found[ours] = could[0]
    return found, join_findings([_taken(found, at), *told])


def columns_to_say(
    found: Iterable[object], *, table: str, missing: Iterable[str], named: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """What to do about missing columns, in both languages: the line for the study file as far as headings tell it.

    ``missing``: our names; ``named``: our names -> those of the user's columns that are there.
    """
    free, known, counted = [str(c) for c in found], headings(table), _facts("people")["names"]
    line = dict[str, str]()
    for ours in missing:
        could = [c for c in _could_be(ours, free, known.get(ours, frozenset())) if c not in named.values()]
        if len(could) == 1:
            line[ours] = could[0]
        elif ours == "id" and not could:
            line[ours] = "#row"
    line |= named
    lacks = [ours for ours in missing if ours not in line and ours in counted and table == "communities"]
    told = ", ".join(f"{ours} = {json.dumps(theirs, ensure_ascii=False)}" for ours, theirs in line.items())
    keys = ["say_columns_so" if line else "say_columns", *(["say_no_people"] if lacks else [])]
    return {
        lang: i18n.say("places.between", lang).join(
            i18n.say(f"places.{key}", lang, line=f"columns = {{ {told} }}", people=", ".join(lacks)) for key in keys
        )
        for lang in i18n.LANGUAGES
    }


def wanted_of(table: str, *, people: Sequence[str], shapes: bool, kind: bool) -> tuple[str, ...]:
    """The columns that are looked for in a table; no coordinates where rows have ``shapes``, no ``kind`` if not so."""
    roles = {**_facts("columns")["plain"], **_facts("columns").get(table, {})}
    idle = {*(("x", "y") if shapes else ()), *(() if kind else ("kind",))}
    beds = _COUNTED if table == "facilities" else ()
    return (*(r for r in roles if r not in idle), *beds, *people)


def _could_be(ours: str, columns: Sequence[str], keys: frozenset[str]) -> list[str]:
    own = [c for c in columns if str(c).strip().casefold() == ours]
    return own or [c for c in columns if heading_key(c) in keys]


def _all_alike(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    first = texts(frame[columns[0]])
    return all(texts(frame[c]).equals(first) for c in columns[1:])


def _taken(found: Mapping[str, str], at: Mapping[str, str]) -> pd.DataFrame:
    plain = {ours: {ours, *theirs} for ours, theirs in _facts("columns")["plain"].items()}
    told = {o: t for o, t in found.items() if str(t).strip().casefold() not in plain.get(o, (o,))}
    if not told:
        return no_findings()
    shown = ", ".join(f"{theirs} = {ours}" for ours, theirs in told.items())
    return finding("column_by_heading", severity="note", detail=shown, **at)


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(str, columns))


@functools.cache
def _facts(name: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = (resources.files("quarterhour") / "data" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
