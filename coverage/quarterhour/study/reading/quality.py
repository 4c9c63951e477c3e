"""How well what came in is known: shares of each quality, by table and by column of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quarterhour.base.findings import QUALITIES, UNSTATED
from quarterhour.standards.circle import people_quality


def quality_shares(
    tables: Mapping[str, pd.DataFrame], communities: pd.DataFrame, people: tuple[str, ...]
) -> pd.DataFrame:
    """Shares of each quality: of the rows of each table that has any, and of the people of each column."""
    rows = [_shares(n, t.get("quality"), pd.Series(1, index=t.index)) for n, t in tables.items() if len(t)]
    for column in people:
        known = people_quality(communities, column)
        rows.append(_shares(f"people_{column}", known, communities[column]))
    return pd.DataFrame(rows)


def _shares(name: str, quality: pd.Series | None, weight: pd.Series) -> dict[str, Any]:
    known = pd.Series(UNSTATED, index=weight.index) if quality is None else quality
    total = weight.sum()
    share = {q: float(weight[known == q].sum() / total) if total else 0.0 for q in QUALITIES}
    return {"table": name, "rows": len(weight), **share, "synthetic_share": share["synthetic"]}
