"""The page of terms, from the same words that report and workbook print, and the field's terms in both languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

_SAID = {
    "title": ("术语表", "Glossary"),
    "intro": (
        "报告、工作簿和地图中的用语都照此表。",
        "Report, workbook and map use these words, and in these senses.",
    ),
    "field": ("专业术语的英文", "Terms of the field in Chinese"),
}
_HEADS = (("用语", "英文", "意思"), ("term", "Chinese", "what it means"))


def glossary_page(words: Path, terms: Path, at: int) -> str:
    """The page in Chinese (0) or English (1)."""
    held = tomllib.loads(words.read_text(encoding="utf-8"))
    codes = ("zh", "en") if at == 0 else ("en", "zh")
    lines = [f"# {_SAID['title'][at]}", "", _SAID["intro"][at], ""]
    lines += ["| " + " | ".join(_HEADS[at]) + " |", "|---|---|---|"]
    for key in (key.removesuffix("_term") for key in held if key.endswith("_term")):
        term, means = held[f"{key}_term"], held[f"{key}_means"]
        lines.append(f"| {term[codes[0]]} | {term[codes[1]]} | {means[codes[0]]} |")
    lines += ["", f"## {_SAID['field'][at]} {{ #field }}", "", "| 中文 | English |", "|---|---|"]
    lines += [f"| {zh} | {en} |" for zh, en in tomllib.loads(terms.read_text(encoding="utf-8"))["terms"]]
    return "\n".join(lines) + "\n"
