"""Text out of files as a page, a script, a chart, Markdown or SQL may hold it: read as written, never run."""

from __future__ import annotations

import re

from quarterhour.base.cells import blank

_HTML = {ord(c): f"&#{ord(c)};" for c in "&<>\"'`${}\\"}
_MARKDOWN = re.compile(r"([\\`*\[\]{}<>|~$&#]|(?<![^\W_])_|_(?![^\W_])|^[=+\-]|(?<=\])\(|(?<=:)//)")

_LONGEST_STEM = 200
"""Bytes; a name may have 255 with its suffix, and a few for those that are alike."""
_OF_WINDOWS = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)
"""Names of devices, which no file there can have."""


def escape_html(text: object) -> str:
    """A text for a page, the scripts and templates in it, and charts."""
    return str(text).translate(_HTML)


def escape_markdown(value: object) -> str:
    """A text that Markdown shows as it stands, on one line; blank for what is missing."""
    text = "" if blank(value) else str(value)
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def file_stem(text: str, used: set[str], *, otherwise: str) -> str:
    """A text as the name of a file on every system, its suffix apart: letters, figures and ``_``.

    One that is not in ``used``, to which it is added; ``otherwise``: where nothing of the text is left.

    >>> used = set()
    >>> [file_stem(text, used, otherwise="area") for text in ("环翠区", "../a", "A", "?", "con")]
    ['环翠区', 'a', 'A_', 'area', 'con_']
    >>> len((file_stem(chr(0x20000) * 80, used, otherwise="area") + "_______.osm.pbf").encode()) <= 255
    True
    """
    short = re.sub(r"\W", "_", text).encode("utf-8", "replace")[:_LONGEST_STEM].decode("utf-8", "ignore")
    name = short.strip("_") or otherwise
    while name.lower() in used or _OF_WINDOWS.fullmatch(name):
        name += "_"
    used.add(name.lower())
    return name


def sql_name(name: str) -> str:
    """The name of a table or a column as SQL takes it, whatever letters it has."""
    return '"' + name.replace('"', '""') + '"'
