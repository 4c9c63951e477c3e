"""Forms that offices hand on, known by their headings, as tables that a study reads.

``elderly-system-export`` (the national elderly-care system: a row an institution), ``jbzh0001`` (the quarterly return
of civil affairs), ``territorial-plan`` (layers of the territorial plan). The files go through ``io/files``; here their
columns are recognised, and what is about persons stays behind. The wing: forms (the facts), institutions, returns,
territorial.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quarterhour.io import files
from quarterhour.io.offices.forms import read_below_heads
from quarterhour.io.offices.institutions import FORM as ELDERLY
from quarterhour.io.offices.institutions import institutions
from quarterhour.io.offices.returns import FORM as RETURN
from quarterhour.io.offices.returns import read_return
from quarterhour.io.offices.territorial import FORM as TERRITORIAL
from quarterhour.io.offices.territorial import themed

FORMS = (ELDERLY, RETURN, TERRITORIAL)
__all__ = ["ELDERLY", "FORMS", "RETURN", "TERRITORIAL", "read_office"]


def read_office(
    path: str | Path | files.Table,
    form: str,
    *,
    keep: tuple[str, ...] = (),
    datum: str | None = None,
    layer: str | None = None,
    **how: Any,
) -> files.Table:
    """A file of one of ``FORMS`` as a table under our names, with what was recognised, and what was not, told.

    ``keep``: headings whose columns go on as they are, unless they are about persons. ``datum``: whose coordinates a
    study says they are; where headings say another, DataError, and where it says none, theirs are set right.
    ``how``: sheet, encoding, header_row, hidden_rows as of ``files.read_table``. DataError where a form's own columns
    are missing, with those that are there.
    """
    if form == RETURN:
        return read_return(path, layer=layer, **how)
    if form == ELDERLY:
        return institutions(read_below_heads(path, form, layer=layer, **how), keep=keep, datum=datum)
    return themed(files.read_table(path, layer=layer, **how))
