"""Parts brought to a whole: cells to their control, whole people to the person, two margins at once."""

from __future__ import annotations

import numpy as np

from quarterhour.base.arrays import FloatArray, IntArray
from quarterhour.base.errors import DataError

_ROUNDS, _CLOSE = 500, 1e-9


def whole_people(parts: FloatArray, total: int, *, most: IntArray | None = None) -> IntArray:
    """Whole people by part that come to ``total`` exactly: the parts in proportion, the largest remainders rounded up.

    ``most``: no part is above this. Equal remainders go to the first. Parts that are whole and come to the total
    stay as they are. DataError where the total does not fit.

    >>> whole_people(np.array([1.4, 1.4, 2.2]), 5).tolist()
    [2, 1, 2]
    """
    whole = float(parts.sum())
    room = np.full(len(parts), total) if most is None else most
    if total < 0 or int(room.sum()) < total:
        raise DataError("forecast.no_room", total=total, most=int(room.sum()))
    wanted = parts * (total / whole) if whole > 0 else np.full(len(parts), total / max(len(parts), 1))
    # A hair below a whole number is rounding, not one person fewer.
    made = np.minimum(np.floor(np.round(wanted, 6)).astype(np.int64), room)
    while (left := total - int(made.sum())) > 0:
        order = np.argsort(-np.where(made < room, wanted - made, -np.inf), kind="stable")
        some = order[: min(left, int((made < room).sum()))]
        made[some] += 1
    return made


def raked(cells: FloatArray, control: FloatArray, *, otherwise: FloatArray) -> FloatArray:
    """Cells of areas (areas x ...) in proportion, so that they sum to a control (...).

    ``otherwise``: by area, how a cell is shared out of which no area has anybody.
    """
    sums = np.asarray(cells.sum(axis=0))
    factor = np.divide(control, sums, out=np.zeros_like(sums), where=sums > 0)
    weight = otherwise / otherwise.sum() if otherwise.sum() > 0 else np.full(len(otherwise), 1 / len(otherwise))
    missing = np.where(sums > 0, 0.0, control)
    return np.asarray(cells * factor + weight.reshape(-1, *[1] * missing.ndim) * missing)


def fit_margins(seed: FloatArray, *, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """A table nearest to ``seed`` whose rows and columns have the given sums (iterative proportional fitting).

    ``rows`` and ``columns`` come to the same. Cells that are 0 where they must not be begin as a thousandth of a
    person. DataError where it does not settle.
    """
    table = np.where(seed > 0, seed, 1e-3)
    for _ in range(_ROUNDS):
        table = table * np.divide(rows, table.sum(axis=1), out=np.zeros_like(rows), where=rows > 0)[:, None]
        sums = table.sum(axis=0)
        table = table * np.divide(columns, sums, out=np.zeros_like(columns), where=sums > 0)[None, :]
        if np.allclose(table.sum(axis=1), rows, rtol=_CLOSE, atol=_CLOSE):
            return np.asarray(table)
    raise DataError("forecast.margins")
