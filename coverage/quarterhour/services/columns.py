"""Columns of figures as the services take them: numbers by id, none missing and none below zero."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, first_ids


def at_least_zero(values: pd.Series, error: str, **said: object) -> FloatArray:
    """The values as numbers; the DataError ``error`` names the ids of those that are missing or below zero."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if bad.any():
        raise DataError(error, ids=first_ids(values.index[bad]), **said)
    return numbers
