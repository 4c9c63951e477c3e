"""An office's own form on its way in: read as the part of the study says."""

from __future__ import annotations

from pathlib import Path

from quarterhour.io import files
from quarterhour.io.offices import TERRITORIAL, read_office
from quarterhour.study.file.fields import Source


def read_form(found: Path | files.Table, part: Source, form: str) -> files.Table:
    """The table of a part that says what form its file has. Errors as ``offices.read_office``."""
    if form == TERRITORIAL:
        return read_office(found, form, layer=part.layer, encoding=part.encoding)
    datum = part.datum if "datum" in part.model_fields_set else None
    return read_office(
        found, form, keep=tuple(part.columns.values()), datum=datum, layer=part.layer, encoding=part.encoding,
        sheet=None if part.sheet is None else str(part.sheet), header_row=part.header_row, hidden_rows=part.hidden_rows,
    )  # fmt: skip
