"""Columns of figures as the services take them: numbers by id, none missing and none below zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, first_ids


def sums_if_known(table: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Sums by the keys, in the order of their first rows; missing where a row of a group is missing."""
    by = [table[key] for key in keys]
    sums = table[list(columns)].groupby(by, sort=False).sum()
    return sums.mask(table[list(columns)].isna().groupby(by, sort=False).any())


def at_least_zero(values: pd.Series, error: str, **said: object) -> FloatArray:
    """The values as numbers; the DataError ``error`` names the ids of those that are missing or below zero."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if bad.any():
        raise DataError(error, ids=first_ids(values.index[bad]), **said)
    return numbers
