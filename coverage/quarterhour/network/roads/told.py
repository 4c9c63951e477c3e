"""How findings about a table of roads are said: of which table and file, how many, and the first ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from quarterhour.base.errors import first_ids
from quarterhour.base.findings import Severity, finding

MOST_VALUES = 6
"""Values of a column that a sentence names."""


@dataclass(frozen=True)
class Where:
    """The table and the file that findings speak of; their rules stand on the page ``roads`` of the words."""

    table: str = "roads"
    file: str = ""

    def say(self, rule: str, *, severity: Severity = "warning", **fields: object) -> pd.DataFrame:
        """One finding."""
        return finding(f"roads.{rule}", severity=severity, table=self.table, file=self.file, **fields)

    def about(
        self, rule: str, ids: Iterable[object], *, severity: Severity = "warning", **fields: object
    ) -> pd.DataFrame:
        """One finding about several roads: ``value`` how many, ``detail`` the first ids, unless given."""
        every = list(ids)
        return self.say(rule, severity=severity, **{"value": str(len(every)), "detail": first_ids(every)} | fields)


def counted(values: pd.Series) -> str:
    """The values of a column, the most frequent first, each with its rows: ``41000 (540), 42000 (4)``."""
    times = values.astype(str).value_counts(sort=False)
    order = times.reset_index(name="times").sort_values("times", ascending=False, kind="stable").to_numpy()
    shown = ", ".join(f"{value or '-'} ({count})" for value, count in order[:MOST_VALUES])
    return shown if len(order) <= MOST_VALUES else f"{shown} … ({len(order)})"
