"""Text out of files as a page, a script, a chart, Markdown or SQL may hold it: read as written, never run."""

from __future__ import annotations

import re

from quarterhour.base.cells import blank

_HTML = {ord(c): f"&#{ord(c)};" for c in "&<>\"'`${}\\"}
_MARKDOWN = re.compile(r"([\\`*\[\]{}<>|~$&#]|(?<![^\W_])_|_(?![^\W_])|^[=+\-]|(?<=\])\(|(?<=:)//)")


def escape_html(text: object) -> str:
    """A text for a page, the scripts and templates in it, and charts."""
    return str(text).translate(_HTML)


def escape_markdown(value: object) -> str:
    """A text that Markdown shows as it stands, on one line; blank for what is missing."""
    text = "" if blank(value) else str(value)
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def sql_name(name: str) -> str:
    """The name of a table or a column as SQL takes it, whatever letters it has."""
    return '"' + name.replace('"', '""') + '"'
