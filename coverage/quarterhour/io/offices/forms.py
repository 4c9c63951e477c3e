"""Columns of an office's form: known by the last part of their heading, with its unit; those about persons left out."""

from __future__ import annotations

import contextlib
import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from quarterhour.base.errors import DataError
from quarterhour.io import files
from quarterhour.io.files.header import Table
from quarterhour.io.synonyms import heading_key

_UNIT = re.compile(r"\(([^()]*)\)$")
_AGAIN = re.compile(r" \(\d+\)$")
"""Behind a name that came again (``header.free_name``)."""
_LONG = re.compile(r"\d{7}")
_MOST_TITLE_ROWS = 20


@dataclass(frozen=True)
class Heading:
    """A column of a file: its ``name`` there, the ``leaf`` of its heading without the unit, and the ``unit`` in it."""

    name: str
    leaf: str
    unit: str

    @property
    def keys(self) -> tuple[str, ...]:
        """How it is compared: the leaf, the leaf with what stands in its brackets, the whole."""
        return heading_key(self.leaf), heading_key(f"{self.leaf}{self.unit}"), heading_key(self.name)


def heading_of(name: str) -> Heading:
    """A heading taken apart: of one over several rows (机构规模_床位数（张）) the last part counts."""
    once = _AGAIN.sub("", name)
    leaf = once.rpartition("_")[2] or once
    found = _UNIT.search(leaf)
    unit = found[1].removeprefix("单位:").strip() if found else ""
    return Heading(name, leaf[: found.start()].strip() if found and found.start() else leaf, unit)


@functools.cache
def form_facts() -> Mapping[str, Any]:
    """What stands in ``data/office_forms.toml``."""
    text = (resources.files("quarterhour") / "data" / "office_forms.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def is_of_person(name: str) -> bool:
    """Whether a heading says that its column is about a person."""
    return any(word in name for word in form_facts()["persons"]["words"])


def recognised(form: str, columns: Sequence[str]) -> dict[str, list[Heading]]:
    """Our names of a form's columns -> the columns that could be meant; those about persons never are."""
    known = {ours: {heading_key(h) for h in (ours, *theirs)} for ours, theirs in form_facts()[form]["columns"].items()}
    heads = [heading_of(str(c)) for c in columns if not is_of_person(str(c))]
    found: dict[str, list[Heading]] = {}
    for ours, keys in known.items():
        could = [h for h in heads if keys & set(h.keys)]
        found |= {ours: could} if could else {}
    return found


def read_below_heads(path: str | Path | Table, form: str, **how: Any) -> Table:
    """A file as a table below the form's own heads, where another row looked more like a header. As ``read_table``."""
    read = files.read_table(path, **how)
    if isinstance(path, Table) or how.get("header_row") is not None or _has_needed(form, read):
        return read
    for row in range(2, _MOST_TITLE_ROWS + 1):
        with contextlib.suppress(DataError):
            other = files.read_table(path, **{**how, "header_row": row})
            if _has_needed(form, other):
                return other
    return read


def _has_needed(form: str, read: Table) -> bool:
    return set(form_facts()[form]["needed"]["columns"]) <= set(recognised(form, list(map(str, read.frame.columns))))


def check_needed(form: str, found: Mapping[str, object], *, file: str, columns: Sequence[object]) -> None:
    """DataError where a column is missing without which the form is another."""
    missing = [ours for ours in form_facts()[form]["needed"]["columns"] if ours not in found]
    if missing:
        said = "; ".join("、".join(form_facts()[form]["columns"][ours][:4]) for ours in missing)
        raise DataError("offices.no_column", form=form, file=file, missing=said, found=_told(columns))


def _told(columns: Sequence[object]) -> str:
    """The headings by their first row, without those that hold a long number.

    Where a file is another than was thought, rows of persons may lie below merged cells and so in its headings.
    """
    own = dict.fromkeys(str(column).split("_", 1)[0] for column in columns)
    return ", ".join(name for name in own if not _LONG.search(re.sub(r"[\s-]", "", name)))
