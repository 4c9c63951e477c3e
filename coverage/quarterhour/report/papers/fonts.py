"""The font that pictures are lettered in: found on this machine, with simplified Chinese forms."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "DengXian",
    "SimHei",
    "Heiti SC",
    "STHeiti",
)
"""Families with simplified forms, the best to read at six points first: Linux, Windows and macOS each carry one."""
PLAIN = "DejaVu Sans"
"""Comes with matplotlib: Latin letters and figures everywhere."""
_FILES = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "msyh",
    "pingfang",
    "hiragino sans gb",
    "wqy-",
    "deng",
    "simhei",
)
"""How the files of these families begin: a font installed after matplotlib made its list is found by them."""


@dataclass(frozen=True, slots=True)
class FontFace:
    """A font family and the folder that its file lies in."""

    family: str
    folder: Path


@functools.cache
def chinese_font() -> FontFace | None:
    """The first family of ``CHINESE`` on this machine; None where there is none, and Chinese would be squares."""
    return _listed() or (_listed() if _added() else None)


def _listed() -> FontFace | None:
    from matplotlib.font_manager import fontManager

    files: dict[str, str] = {}
    for entry in fontManager.ttflist:
        files.setdefault(entry.name, entry.fname)
    found = next((family for family in CHINESE if family in files and Path(files[family]).is_file()), None)
    return None if found is None else FontFace(found, Path(files[found]).parent)


def _added() -> bool:
    """Whether font files lie on the machine's paths that matplotlib's kept list does not have; they are added to it."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    fresh = [path for path in sorted(findSystemFonts()) if Path(path).name.lower().startswith(_FILES)]
    for path in fresh:
        fontManager.addfont(path)
    return bool(fresh)


def lettering(lang: str, *names: Iterable[object]) -> tuple[str, ...]:
    """The families for a picture in a language, the first that has a letter draws it.

    ``names``: what stands on it. None where Chinese is to be written and no family on this machine has it.
    """
    found = chinese_font()
    if found is not None:
        return (found.family, PLAIN)
    chinese = lang == "zh" or any(is_chinese(str(name)) for some in names for name in some)
    return () if chinese else (PLAIN,)


def is_chinese(text: str) -> bool:
    """Whether a text holds characters that only a Chinese font has."""
    return any("\u2e80" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" or c > "\U0001ffff" for c in text)


def plain_folder() -> Path:
    """The folder of the font that comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"
