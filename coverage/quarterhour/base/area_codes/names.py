"""Codes and names of areas as people write them, brought to forms that can be compared.

A code of 12, 9 or 6 digits, with an apostrophe or as 371002001.0; 竹岛街道, 竹島街道辦事處, 环翠区竹岛街道办.
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

How = Literal["exact", "code", "name", ""]
_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_QUOTES = "'\"`’‘”“=＇"
_CODE = re.compile(r"(\d{6}|\d{9}|\d{12})(?:\.0+)?")
_MIXED = re.compile(r"(?:\d{12}|\d{9}|\d{6})")
_OFFICE = re.compile(r"(?:街道办事处|街道办|街办|办事处)$")
_GOVERNMENT = re.compile(r"(?<=.[镇乡])(?:人民政府|政府)$")
_ABOVE = re.compile(r"^(?:.{1,8}?(?:自治区|自治州|地区|省|市|区|县|旗|盟))+?(?=.)")
_KIND = re.compile(r"(?:街道|民族乡|镇|乡|苏木|区|县|市|旗)$")
_BETWEEN = re.compile(r"[()\[\]（）【】<>《》/\\|\-‐-―_·•・、，,;；:：→]")
"""What offices put between a code and a name, or between a county and its town."""
_ALIKE = 0.5
"""How alike a name must be to be the nearest known one."""


@dataclass(frozen=True)
class Found:
    """The area that a value means: ``id`` ("" where none is) and ``how`` it was found."""

    id: str
    how: How


def code_of(value: str) -> str:
    """The digits of a code without the zeros of the levels below it; "" where the text is no code.

    >>> code_of("371002001000"), code_of("'371002001"), code_of("371002001.0"), code_of("竹岛街道")
    ('371002001', '371002001', '371002001', '')
    """
    found = _CODE.fullmatch(plain_name(value))
    if found is None:
        return ""
    digits = found.group(1)
    while len(digits) > 6 and digits.endswith("000"):
        digits = digits[:-3]
    return digits


def plain_name(text: str) -> str:
    """A name or code without blanks, marks that nobody sees and quotes, in simplified characters and plain digits."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", str(text)))
    return seen.strip(_QUOTES).translate(_simplified())


def name_forms(text: str) -> tuple[str, ...]:
    """A name from as it is written to its stem, each a little looser; areas are one where a form is the same.

    >>> name_forms("威海市環翠區竹島街道辦事處")
    ('威海市环翠区竹岛街道办事处', '威海市环翠区竹岛街道', '竹岛街道', '竹岛')
    """
    plain = plain_name(text)
    office = _GOVERNMENT.sub("", _OFFICE.sub("街道", plain))
    own = _without_above(office)
    stem = _KIND.sub("", own)
    return plain, office, own, stem if len(stem) >= 2 else own


def _without_above(name: str) -> str:
    """A name without the city and county before it; names that would be left with nothing of their own stay."""
    cut = name
    while (found := _ABOVE.match(cut)) and len(_KIND.sub("", cut[found.end() :])) >= 2:
        cut = cut[found.end() :]
    return cut


def same_area_name(one: str, other: str) -> bool:
    """Whether two names are one but for how they are written (街道, 街道办事处; blanks; traditional forms)."""
    return name_forms(one)[2] == name_forms(other)[2]


class KnownAreas:
    """Areas by id and name, to find what a value means."""

    def __init__(self, names: Mapping[str, str], *, also: Mapping[str, Sequence[str]] | None = None) -> None:
        """``names``: by id, "" where an area has none; ``also``: what else some are called, by id."""
        self.names = dict(names)
        self._codes = _unique((code_of(i), i) for i in self.names)
        called = [*self.names.items(), *((i, name) for i, names in (also or {}).items() for name in names)]
        every = [(name_forms(_bare(plain_name(name))), i) for i, name in called if name]
        self._forms = [_unique((forms[level], i) for forms, i in every) for level in range(4)]
        self._ids = _unique((plain_name(i).casefold(), i) for i in self.names)

    def find(self, value: str) -> Found:
        """The area that a value means; a form that fits two areas is none of them."""
        if value in self.names:
            return Found(value, "exact")
        code = code_of(value)
        if code:
            return self._coded(code)
        same = self._ids.get(plain_name(value).casefold())
        return Found(same, "code") if same else self._named(value)

    def _coded(self, code: str) -> Found:
        """By its code, else by that of the level that holds it: a village's for its town, a town's for its county."""
        for digits in (code, code[:9], code[:6]):
            if digits in self._codes:
                return Found(self._codes[digits], "code")
        return Found("", "")

    def _named(self, value: str) -> Found:
        name = _bare(_MIXED.sub("", plain_name(value)))
        for form, known in zip(name_forms(name), self._forms, strict=True):
            if form and form in known:
                return Found(known[form], "name")
        return Found("", "")

    def nearest(self, value: str) -> str:
        """The known area whose id or name is most like the value, told by both; "" where none is like it."""
        by_text = {plain_name(name): i for i, name in self.names.items() if name} | {i: i for i in self.names}
        near = difflib.get_close_matches(plain_name(value), list(by_text), n=1, cutoff=_ALIKE)
        return f"{by_text[near[0]]} {self.names[by_text[near[0]]]}".strip() if near else ""


def _bare(name: str) -> str:
    return _BETWEEN.sub("", name)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By key the one id that has it; keys of several ids, and blank ones, are left out."""
    every = dict.fromkeys((key, i) for key, i in pairs if key)
    counted = Counter(key for key, _ in every)
    return {key: i for key, i in every if counted[key] == 1}


@functools.cache
def _simplified() -> Mapping[int, str]:
    text = (resources.files("quarterhour") / "data" / "traditional.toml").read_text(encoding="utf-8")
    pairs = tomllib.loads(text)["pairs"].split()
    return {ord(pair[0]): pair[1] for pair in pairs}
