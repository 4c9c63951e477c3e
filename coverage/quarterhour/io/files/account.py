"""The account of a table: every row of its file is used, set aside, or recognised as something else."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quarterhour.io.files.header import Rows, Table

ACCOUNT_COLUMNS = ("table", "file", "rows", "used", "set_aside", "totals", "notes", "left_out")


def account_row(
    table: str, read: Table, *, used: int, totals: int = 0, door: pd.DataFrame | None = None
) -> dict[str, Any]:
    """What became of the rows of a table: ``rows`` were in the file, ``used`` went on, the others did not.

    ``set_aside`` counts rows of a wrong shape and those that the door of places refused (its findings of severity
    error, ``door``); ``totals`` rows that sum up others; ``notes`` notes, repeated headings and strays; ``left_out``
    rows that the study does not want or the file has deleted. They add up to ``rows``.
    """
    rows = read.rows or Rows(found=len(read.frame))
    refused = 0 if door is None else int(door.loc[door["severity"].eq("error"), "row"].nunique())
    return {
        "table": table,
        "file": read.file,
        "rows": rows.found,
        "used": used,
        "set_aside": rows.aside + refused,
        "totals": rows.totals + totals,
        "notes": rows.notes,
        "left_out": rows.left_out,
    }
