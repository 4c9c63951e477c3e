"""Types of arrays by what they hold, and ranges laid end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
AnyArray = NDArray[Any]
"""Whole numbers of several widths, as kernels take them, or coordinates and shapes."""
Csr = tuple[AnyArray, AnyArray, AnyArray]
"""A sparse table by row: where each row starts, the columns, the values."""
StopFlag = NDArray[np.uint8]
"""Its one element, set by another thread, ends a kernel soon."""


def ragged(first: AnyArray, count: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Ranges ``first[i]`` .. ``first[i] + count[i]`` laid end to end: i of each member, and the members."""
    row = np.repeat(np.arange(len(first)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
