"""What may be told of distances to secret layers: never nearer than the step of ``io/offices/territorial``."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from quarterhour.io.offices.territorial import coarse_distance
from quarterhour.standards.rules import Exclusion
from quarterhour.study.inputs import Inputs


def secret_rules(rules: Sequence[Exclusion], tables: Inputs) -> frozenset[str]:
    """The ids of the rules whose layer is secret."""
    return frozenset(rule.id for rule in rules if rule.layer in tables.secret)


def coarse_ledger(ledger: pd.DataFrame, secret: frozenset[str]) -> pd.DataFrame:
    """The ledger with distances to secret layers rounded down, and without the row of it that is nearest."""
    rows = ledger["rule"].isin(list(secret))
    if not rows.any():
        return ledger
    metres = ledger["distance_m"].where(~rows, ledger["distance_m"].map(coarse_distance))
    return ledger.assign(distance_m=metres, nearest=ledger["nearest"].mask(rows, ""))


def coarse_relaxations(table: pd.DataFrame, secret: frozenset[str]) -> pd.DataFrame:
    """The relaxations with those of rules on secret layers rounded down: who gives so much frees no fewer."""
    if not secret or not len(table):
        return table
    relaxed = [
        [coarse_distance(m) if rule in secret else m for rule, m in zip(rules, metres, strict=True)]
        for rules, metres in zip(table["rules"], table["relaxed_m"], strict=True)
    ]
    return table.assign(relaxed_m=pd.Series(relaxed, index=table.index, dtype=object))
