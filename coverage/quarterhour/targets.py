"""The scorecard: quotas, shares, totals, by area."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Scorecard:
    """What each promise came to. Every target of the rule file is there, "no data" included.

    ``rows`` columns: ``target`` (id), ``zh``, ``en``, ``level``, ``area`` (id; the city's is ``city``),
    ``area_name``, ``value``, ``threshold``, ``unit``, ``met`` (True, False, or missing: no data),
    ``missing`` (how much is short, in the unit; 0 when met), ``binding``, ``note`` (key of the table of
    words, ``targets.no_data`` with what to supply in ``needs``; empty otherwise), ``needs``,
    ``clause``, ``source``, ``date``, ``verified``, ``synthetic_share``, ``estimated_share``
    (of the rows that the value was made from).
    """

    rows: pd.DataFrame
