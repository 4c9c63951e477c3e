"""The page of names that the program knows: kinds, ways of travelling, rule sets, headings; from its own data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "coverage" / "quarterhour" / "data"
_SAID = {
    "title": ("程序认得的名称", "Names that the program knows"),
    "intro": (
        "类别、出行方式、规则集和表头，都由程序自己的数据文件生成。",
        "Kinds, ways of travelling, rule sets and headings, made from the program's own files.",
    ),
    "kinds": ("设施类别", "Kinds of facility"),
    "kinds_about": (
        "`kind` 列可以写程序的名称、中文名或常见别称；其他类别用 `[kinds.名称]` 自定。",
        "The column `kind` may have the program's name, the Chinese name, or what offices also say; others are made by"
        " `[kinds.NAME]`.",
    ),
    "modes": ("出行方式", "Ways of travelling"),
    "modes_about": (
        "速度是平常路面上的；道路等级、限速、路面、坡度另计。“未核实”指没有见到来源的原文。",
        "Speeds are those of an ordinary road; class, limit, surface and slope count besides. Not verified: nobody saw"
        " the source itself.",
    ),
    "by_class": ("按道路等级", "by class of road"),
    "yes": ("是", "yes"),
    "no": ("未核实", "not verified"),
    "rules": ("规则集", "Rule sets"),
    "headings": ("表头", "Headings"),
    "headings_about": (
        "表头是下列写法之一时，不用写 `columns`；程序会说明它怎样理解。括号里的单位、空格和大小写不影响。",
        "A column with one of these headings needs no `columns`; the program says how it took it. Units in brackets,"
        " blanks and case do not count.",
    ),
    "any": ("各种表", "Every table"),
    "people": ("人数与床位", "People and beds"),
}
_HEADS = {
    "kinds": (("程序的名称", "中文", "英文", "别称"), ("name", "Chinese", "English", "also called")),
    "modes": (("名称", "叫法", "千米/小时", "来源", "核实"), ("name", "what it is", "km/h", "source", "verified")),
    "rules": (("名称", "内容", "来源"), ("name", "what it is", "source")),
    "headings": (("程序的列名", "认得的表头"), ("our column", "headings that are known")),
}
_TABLES = {
    "communities": ("社区（村）表", "Communities"),
    "facilities": ("设施表", "Facilities"),
    "candidates": ("候选点表", "Candidates"),
    "towns": ("镇街表", "Towns"),
    "counties": ("区市表", "Counties"),
}


def names_page(at: int) -> str:
    """The page in Chinese (0) or English (1)."""
    lines = [f"# {_SAID['title'][at]}", "", _SAID["intro"][at], ""]
    for key, rows in (("kinds", _kinds()), ("modes", _modes(at)), ("rules", _rules(at))):
        about = [_SAID[f"{key}_about"][at], ""] if f"{key}_about" in _SAID else []
        lines += [f"## {_SAID[key][at]} {{ #{key} }}", "", *about, *_table(_HEADS[key][at], rows)]
    lines += [f"## {_SAID['headings'][at]} {{ #headings }}", "", _SAID["headings_about"][at], ""]
    columns = _read("columns.toml")
    every = {"any": columns["any"], "people": _read("people.toml")["names"]} | {k: columns[k] for k in _TABLES}
    for key, known in every.items():
        title = (_TABLES.get(key) or _SAID[key])[at]
        rows = ((f"`{column}`", "、".join(words)) for column, words in known.items())
        lines += [f"### {title} {{ #headings-{key} }}", "", *_table(_HEADS["headings"][at], rows)]
    return "\n".join(lines) + "\n"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def _kinds() -> Iterator[tuple[str, ...]]:
    also: Mapping[str, list[str]] = _read("kind_synonyms.toml")
    for name, said in _read("words/base/kinds.toml").items():
        yield f"`{name}`", said["zh"], said["en"], "、".join(also.get(name, []))


def _modes(at: int) -> Iterator[tuple[str, ...]]:
    code = ("zh", "en")[at]
    for name, mode in _read("modes.toml").items():
        if name != "sources":
            speed = f"{mode['speed_kmh']:g}" if "speed_kmh" in mode else _SAID["by_class"][at]
            yield f"`{name}`", mode[code], speed, mode["source"], _SAID["yes" if mode["verified"] else "no"][at]


def _rules(at: int) -> Iterator[tuple[str, ...]]:
    for path in sorted((DATA / "rules").glob("*.toml")):
        rules = tomllib.loads(path.read_text(encoding="utf-8"))["rules"]
        yield f"`{rules['id']}`", rules[("zh", "en")[at]], rules.get("source", "")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in row) + " |"
    yield ""
