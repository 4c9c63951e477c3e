"""Nursing beds: their share by institution, and the cheapest conversion that reaches what was promised."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.arrays import IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.labels import percent
from quarterhour.base.row_order import by_id

NEVER = np.int64(2**62)
COLUMNS = ("beds", "nursing_beds")


@dataclass(frozen=True, eq=False)
class Conversion:
    """Which beds to convert into nursing beds.

    ``rows`` by institution: ``beds, nursing_beds, convert`` (beds), ``cost_yuan`` (missing where nobody says what a bed
    costs), ``share_before, share_after`` (missing without beds). ``needed``: nursing beds asked for in all; ``short``:
    how many cannot be had even if every bed that may be converted is. No choice that reaches as many costs less.
    """

    rows: pd.DataFrame
    share: float
    needed: int
    short: int

    @property
    def cost_yuan(self) -> int | None:
        """What it costs in all; None where nobody says."""
        cost = self.rows["cost_yuan"]
        return None if cost.isna().any() else int(cost.sum())

    def __repr__(self) -> str:
        told = f"short of {self.short:,} beds" if self.short else f"{percent(self.share)} reached"
        yuan = "?" if self.cost_yuan is None else f"{self.cost_yuan:,}"
        return f"<Conversion: {self.rows['convert'].sum():,} beds for {yuan} yuan, {told}>"


def nursing_need(beds: int, share: float) -> int:
    """Nursing beds that make at least this share: exactly 60 % of 50 are 30, not 31.

    >>> nursing_need(50, 0.6), nursing_need(51, 0.6)
    (30, 31)
    """
    exact = Fraction(str(share)) * beds
    return -(-exact.numerator // exact.denominator)


def cheapest_conversion(institutions: pd.DataFrame, *, share: float = 0.6) -> Conversion:
    """The cheapest beds to convert so that nursing beds reach a share of all beds; exact.

    Parameters
    ----------
    institutions : by id ``beds, nursing_beds``; optional ``bed_yuan`` (to convert one, 1 where absent),
        ``fixed_yuan`` (once, where any is converted; 0), ``convertible`` (beds that may be; all that are not yet).
        Whole numbers. Conversion leaves the number of beds as it is.
    share : asked for over all of them together, as the promise has it; call it by county for each county.

    Raises
    ------
    DataError : a column is missing, a number is not whole or negative, or more nursing beds than beds.

    Of choices that cost the same, one that hangs on ids alone.
    A fixed cost makes the cost of an institution bend downward, so in some best plan all but one are
    converted in full or not at all: a knapsack with one exception, solved over the number of beds.
    """
    if not 0 <= share <= 1:
        raise DataError("beds.bad_share", share=share)
    table = by_id(_checked(institutions))
    beds, nursing = table["beds"].to_numpy(), table["nursing_beds"].to_numpy()
    needed = nursing_need(int(beds.sum()), share)
    missing = max(0, needed - int(nursing.sum()))
    wanted = min(missing, int(table["convertible"].sum()))
    convert = _cheapest(
        table["convertible"].to_numpy(), table["bed_yuan"].to_numpy(), table["fixed_yuan"].to_numpy(), wanted
    )
    cost = convert * table["bed_yuan"] + (convert > 0) * table["fixed_yuan"]
    some = table["beds"].where(table["beds"] > 0)
    rows = table[list(COLUMNS)].assign(
        convert=convert, cost_yuan=cost, share_before=nursing / some, share_after=(nursing + convert) / some
    )
    return Conversion(rows.reindex(institutions.index), share, needed, missing - wanted)


def bed_need(people: pd.Series, *, beds: pd.Series, share: float) -> pd.DataFrame:
    """Beds that older people want and that there are, by area: ``people, wanted, beds, short``.

    ``people``, ``beds``: whole, by area; areas without beds have none. ``share``: of the people who want one; wanted
    beds are rounded up.

    >>> bed_need(pd.Series({"a": 1001}), beds=pd.Series({"a": 30}), share=0.04).loc["a"].tolist()
    [1001, 41, 30, 11]
    """
    made = pd.DataFrame({"people": people.astype("int64")})
    made["wanted"] = [nursing_need(int(p), share) for p in made["people"]]
    made["beds"] = beds.reindex(made.index).fillna(0).astype("int64")
    return made.assign(short=(made["wanted"] - made["beds"]).clip(lower=0))


def _checked(institutions: pd.DataFrame) -> pd.DataFrame:
    missing = [c for c in COLUMNS if c not in institutions]
    if missing:
        raise DataError("beds.no_column", missing=", ".join(missing), found=first_ids(institutions.columns))
    filled = institutions.assign(**{c: n for c, n in (("bed_yuan", 1), ("fixed_yuan", 0)) if c not in institutions})
    if "convertible" not in filled:
        filled = filled.assign(convertible=filled["beds"] - filled["nursing_beds"])
    made = {}
    for column in (*COLUMNS, "bed_yuan", "fixed_yuan", "convertible"):
        values = pd.to_numeric(filled[column], errors="coerce").to_numpy(dtype=float)
        bad = ~(np.isfinite(values) & (values >= 0) & (values == np.rint(values)))
        if bad.any() and column in institutions:
            raise DataError("beds.not_whole", column=column, ids=first_ids(filled.index[bad]))
        made[column] = np.where(bad, 0, values).astype(np.int64)
    table = pd.DataFrame(made, index=institutions.index)
    over = table["nursing_beds"] + table["convertible"] > table["beds"]
    if over.any():
        raise DataError("beds.more_than_beds", ids=first_ids(table.index[over]))
    return table


def _cheapest(most: IntArray, each: IntArray, fixed: IntArray, wanted: int) -> IntArray:
    """Beds by institution that make exactly so many at the least cost.

    ``cost[used][k]``: the least for k beds from the institutions so far, with (1) or without (0) the one that
    is converted in part; ``kept`` remembers the choice of each step: 0 none, 1 all, 2 in part.
    """
    cost = np.full((2, wanted + 1), NEVER, np.int64)
    cost[0, 0] = 0
    kept = np.zeros((len(most), 2, wanted + 1), np.int8)
    part = np.zeros((len(most), wanted + 1), np.int64)
    for i, (room, price, once) in enumerate(zip(most, each, fixed, strict=True)):
        before, after = cost.copy(), cost
        if room and room <= wanted:
            for used in (0, 1):
                whole = np.minimum(before[used, : wanted + 1 - room] + once + room * price, NEVER)
                better = whole < after[used, room:]
                after[used, room:][better] = whole[better]
                kept[i, used, room:][better] = 1
        some, at = _in_part(before[0], int(min(room, wanted)), int(price), int(once))
        better = some < after[1]
        after[1][better] = some[better]
        kept[i, 1][better], part[i][better] = 2, at[better]
    return _traced(cost, kept, part, most, wanted)


def _in_part(before: IntArray, room: int, price: int, once: int) -> tuple[IntArray, IntArray]:
    """The least for k beds when 1 to ``room`` of them come from one institution, and how many do."""
    wanted = len(before) - 1
    least, at = np.full(wanted + 1, NEVER, np.int64), np.zeros(wanted + 1, np.int64)
    for x in range(1, room + 1):
        made = np.where(before[: wanted + 1 - x] < NEVER, before[: wanted + 1 - x] + once + x * price, NEVER)
        better = made < least[x:]
        least[x:][better] = made[better]
        at[x:][better] = x
    return least, at


def _traced(cost: IntArray, kept: NDArray[np.int8], part: IntArray, most: IntArray, wanted: int) -> IntArray:
    used, k = int(cost[1, wanted] < cost[0, wanted]), wanted
    convert = np.zeros(len(most), np.int64)
    for i in range(len(most) - 1, -1, -1):
        choice = kept[i, used, k]
        convert[i] = (0, most[i], part[i, k])[choice]
        used = 0 if choice == 2 else used
        k -= int(convert[i])
    return convert
