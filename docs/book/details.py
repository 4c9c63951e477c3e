"""Pages that the repository has beside the book in both languages, as pages of it."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
_SAME = ("与仓库的 `docs/{file}` 相同。", "The same as `docs/{file}` of the repository.")
_BROKEN = re.compile(r"(?<=[\u3001-\u9fff\uff00-\uffef”])\n *(?=[\u4e00-\u9fff\uff00-\uffef“《])")
"""Where a line of Chinese goes on: a page would show a blank there."""
_PAGES = {
    "study_details": ("study_file", ("研究文件细节", "The study file in detail")),
    "method_details": ("method", ("方法细节", "The method in detail")),
}


def detail_pages(at: int) -> dict[str, str]:
    """Page by name, in Chinese (0) or English (1)."""
    made = {name: _page(page + (".zh.md", ".md")[at], titles[at], at) for name, (page, titles) in _PAGES.items()}
    return made | {"privacy": privacy_page(at)}


def _page(file: str, title: str, at: int) -> str:
    text = _text(file)
    return f"# {title}\n\n{_SAME[at].format(file=file)}\n\n{text if text.startswith('## ') else '## ' + text}"


def _text(file: str) -> str:
    """Headings a level down, but for code; what is linked and no page of the book by its name alone."""
    parts = (DOCS / file).read_text(encoding="utf-8").split("```")
    for number in range(0, len(parts), 2):
        parts[number] = re.sub(r"^#", "##", parts[number], flags=re.MULTILINE)
        parts[number] = re.sub(r"\[([^\]]+)\]\((\w+\.md)\)", r"\1 (`docs/\2`)", parts[number])
    return "```".join(parts)


def privacy_page(at: int) -> str:
    """How persons are guarded, which the page says in Chinese and then in English."""
    text = (DOCS / "privacy.md").read_text(encoding="utf-8")
    chinese, english = re.split(r"^## English\n", text.partition("## 中文\n")[2], flags=re.MULTILINE)
    title = ("个人信息：读什么，留什么，什么会离开本机", "Persons: what is read, what is kept, what leaves")[at]
    text = (_BROKEN.sub("", chinese), english)[at]
    return f"# {title}\n{re.sub(r'^###', '##', text, flags=re.MULTILINE)}"
