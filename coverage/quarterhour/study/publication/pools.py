"""Which communities' counts are put together before anything is published, so that no count of few can be found out.

A community is *small* where a guarded column counts somebody, but fewer than ``smallest``. The counts of small
communities are put together in pools; a pool's sum is all that is ever used of them. A pool is safe where two or more
communities share it, each column counts nobody in it or at least ``smallest``, and its sum does not give its members
away (each the fewest that it may be, or all just below ``smallest``). One that is not is put together with others that
circles reach alike, or with communities whose counts were shown: in its town, else its county, else the city, and at
last with anybody. That is secondary suppression. Who is taken in next depends on the order of the table and never on
how large a count is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.io.registers import CARE, GRADES

ALONE = -1
"""In no pool: the community's own counts are published."""


@dataclass(frozen=True, eq=False)
class Pools:
    """``of``: the pool of each community (``ALONE``: none). ``lost``: whether even all together would be too few."""

    of: IntArray
    lost: bool = False


def pooled(counts: pd.DataFrame, places: pd.DataFrame, *, smallest: int) -> Pools:
    """The pools of communities; ``counts``: whole people by guarded column, all of one family.

    ``places``: what is public of each community, a column a choice of who may share a pool, from the narrowest to the
    widest; each is a part of the next.
    """
    table = _Table(counts, smallest)
    groups = np.where(table.small, pd.factorize(places.iloc[:, 0])[0], ALONE).astype(np.int64)
    for level in places.columns:
        area = pd.factorize(places[level])[0]
        groups = _settled(groups, area, table)
    lost = any(not table.safe(members) for _, members in _members(groups))
    return Pools(groups, lost)


def is_few(counts: IntArray, smallest: int) -> BoolArray:
    """Whether a count is of somebody, but of too few to be told."""
    return np.asarray((counts > 0) & (counts < smallest), dtype=bool)


def enough(counts: pd.DataFrame, *, smallest: int) -> list[str]:
    """The columns whose sums over everybody tell no count of few, nor do their differences: in their order, those that
    do are left out, so that a part of few takes nothing from the whole."""
    kept: list[str] = []
    for column in map(str, counts.columns):
        sums = _Table(counts[[*kept, column]], smallest).every.sum(axis=0)
        if not is_few(sums, smallest).any():
            kept.append(column)
    return kept


class _Table:
    """The counts of a family, and what its columns leave: who is in the whole and in none of its parts."""

    def __init__(self, counts: pd.DataFrame, smallest: int) -> None:
        own = counts.to_numpy(dtype=np.int64)
        self.every, self.most, self.smallest = np.column_stack([own, *_rests(counts)]), own.max(axis=1), smallest
        self.small: BoolArray = np.asarray(is_few(self.every, smallest).any(axis=1), dtype=bool)
        self.some: BoolArray = np.asarray((own > 0).any(axis=1), dtype=bool)

    def people(self, members: IntArray) -> tuple[int, int]:
        """How many people some communities have; between equals the first of the table counts."""
        return int(self.most[members].sum()), int(members[0])

    def safe(self, members: IntArray) -> bool:
        """Whether the sums over some communities tell no count of few."""
        sums, size, few = self.every[members].sum(axis=0), len(members), int(self.small[members].sum())
        total = int(self.most[members].sum())
        least = few + (size - few) * self.smallest
        if size < 2 or is_few(sums, self.smallest).any() or total <= least:
            return False
        return bool(total < size * (self.smallest - 1) or few < size)


def _rests(counts: pd.DataFrame) -> Iterator[IntArray]:
    """Whoever is in the first column and not in another; in neither home nor institution; in no grade."""
    whole = counts.iloc[:, 0]
    name = str(counts.columns[0])
    parts = [c for c in counts.columns[1:] if str(c).startswith(f"{name}_")]
    for kinds in (CARE, GRADES):
        some = [c for c in parts if str(c).removeprefix(f"{name}_") in kinds]
        for size in range(1, len(some) + 1):
            for chosen in combinations(some, size):
                yield (whole - counts[list(chosen)].sum(axis=1)).to_numpy(dtype=np.int64)


def _settled(groups: IntArray, area: IntArray, table: _Table) -> IntArray:
    """Unsafe pools, put together within each area of a level; where that is not enough, with others there."""
    out = groups.copy()
    for here in sorted({int(area[members[0]]) for _, members in _members(groups) if not table.safe(members)}):
        _settle_area(out, np.flatnonzero(area == here), table)
    return out


def _settle_area(groups: IntArray, here: IntArray, table: _Table) -> None:
    """One pool of the unsafe ones; where it is unsafe too, with communities that were shown, else with a safe pool.

    Of safe pools, whose sums are known anyway, the one with fewest people that is enough, or all in that order.
    """
    pools = _members(groups, here)
    members = np.sort(np.concatenate([m for _, m in pools if not table.safe(m)]))
    shown = [np.array([i]) for i in here if groups[i] == ALONE and table.some[i]]
    others = sorted((m for _, m in pools if table.safe(m)), key=table.people)
    enough = next((m for m in others if table.safe(np.concatenate([members, m]))), None)
    mark = int(groups[members[0]])
    groups[members] = mark
    for more in (*shown, *([enough] if enough is not None else others)):
        if table.safe(members):
            return
        groups[more] = mark
        members = np.sort(np.concatenate([members, more]))


def _members(groups: IntArray, here: IntArray | None = None) -> list[tuple[int, IntArray]]:
    """The communities of each pool, by the order of the table."""
    at = np.arange(len(groups)) if here is None else here
    own = groups[at]
    return [(int(g), at[own == g]) for g in dict.fromkeys(own.tolist()) if g != ALONE]


def shared_out(counts: pd.Series, pools: Pools) -> pd.Series:
    """Counts with those of each pool shared out evenly among its communities, the first of the table one more."""
    own = counts.to_numpy(dtype=np.int64).copy()
    for _, members in _members(pools.of):
        each, more = divmod(int(own[members].sum()), len(members))
        own[members] = each + (np.arange(len(members)) < more)
    return pd.Series(own, index=counts.index, name=counts.name)
