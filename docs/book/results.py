"""The page of what a run writes: sheets of the workbook, layers and their columns, from the words that they bear."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORDS = Path(__file__).resolve().parents[2] / "coverage" / "quarterhour" / "data" / "words" / "report"
_SAID = {
    "title": ("结果里有什么", "What is in the results"),
    "intro": (
        "一次运行写出的文件见[十分钟上手](quick_start.md)。这里是工作簿和图层里有什么，由程序的用语表生成；"
        "没有算的部分没有相应的工作表或图层。",
        "The files of a run: see [Quick start](quick_start.md). Here is what workbook and layers hold, made from the"
        " words that they bear; what was not computed has no sheet and no layer.",
    ),
    "sheets": ("工作簿 coverage.xlsx 的工作表", "Sheets of the workbook, coverage.xlsx"),
    "layers": ("results.gpkg 的图层", "Layers of results.gpkg"),
    "columns": ("图层的列", "Columns of the layers"),
    "columns_about": (
        "另有按服务圈、镇街等命名的列，列名在 QGIS 中显示为中文。坐标系为研究的投影坐标系。",
        "There are further columns by circle and area; QGIS shows them by these names. The CRS is the study's.",
    ),
}
_HEADS = {
    "sheets": (("工作表", "内容"), ("sheet", "what it holds")),
    "layers": (("图层", "名称", "内容"), ("layer", "what it is called", "what it holds")),
    "columns": (("列", "意思"), ("column", "what it is")),
}


def results_page(at: int) -> str:
    """The page in Chinese (0) or English (1)."""
    code = ("zh", "en")[at]
    lines = [f"# {_SAID['title'][at]}", "", _SAID["intro"][at], ""]
    for key, rows in (("sheets", _sheets(code)), ("layers", _layers(code)), ("columns", _columns(code))):
        about = [_SAID[f"{key}_about"][at], ""] if f"{key}_about" in _SAID else []
        lines += [f"## {_SAID[key][at]} {{ #{key} }}", "", *about]
        lines += ["| " + " | ".join(_HEADS[key][at]) + " |", "|---" * len(_HEADS[key][at]) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows] + [""]
    return "\n".join(lines) + "\n"


def _words(name: str) -> dict[str, Any]:
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def _sheets(code: str) -> Iterator[tuple[str, ...]]:
    """As ``report/book/leaf`` names them: ``sheet_KEY`` on the tab, ``about_KEY`` on the cover."""
    tabs = {key: said for page in sorted(WORDS.glob("*.toml")) for key, said in _words(page.stem).items()}
    for key, about in _words("workbook").items():
        tab = tabs.get(f"sheet_{key.removeprefix('about_')}")
        if key.startswith("about_") and tab is not None:
            yield tab[code], about[code]


def _layers(code: str) -> Iterator[tuple[str, ...]]:
    words = _words("layers")
    for key in words:
        if key.startswith("about_"):
            name = key.removeprefix("about_")
            yield f"`{name}`", words[f"title_{name}"][code], words[key][code]


def _columns(code: str) -> Iterator[tuple[str, ...]]:
    for key, said in _words("layers").items():
        if key.startswith("col_"):
            yield f"`{key.removeprefix('col_')}`", said[code]
