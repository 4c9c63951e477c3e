"""The same question, smaller: equal rows merged, rows and candidates left out that decide nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.base.jit import COMPILED, kernel

_MOST_COMPARED = 2_000_000_000
"""Pairs looked at in search of dominated rows or candidates, beyond which the rest is kept."""


def merge_rows(cover: sp.csr_array, people: IntArray) -> tuple[sp.csr_array, IntArray]:
    """Rows with the same sites as one row with their people, in the order first met; rows without either go."""
    sites = cover.shape[1]
    start, site = rows_of(cover)
    return merge_pairs(start, site, people, sites=sites)


def merge_pairs(
    start: npt.NDArray[np.integer],
    site: npt.NDArray[np.integer],
    people: IntArray,
    *,
    sites: int,
    keep: BoolArray | None = None,
    settled: BoolArray | None = None,
) -> tuple[sp.csr_array, IntArray]:
    """``merge_rows`` from a table of pairs, in one pass over it and without a copy.

    Parameters
    ----------
    start, site : row i reaches ``site[start[i]:start[i + 1]]``, rising.
    people : by row; rows without people go.
    sites : how many there are.
    keep : the sites that become columns, in their order; None: all.
    settled : sites whose rows are covered already, and go.
    """
    kept = np.ones(sites, dtype=np.bool_) if keep is None else keep
    done = np.zeros(sites, dtype=np.bool_) if settled is None else settled
    rename = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    rename[done] = -2
    if not COMPILED:
        return _by_bytes(start, site, people, rename, int(kept.sum()))
    salt = np.random.default_rng(2_026).integers(1, 2**63, int(kept.sum()) + 1, dtype=np.uint64)
    n = len(people)
    table = np.full(1 << max(4, int(2 * n).bit_length()), -1, dtype=np.int32)
    first, place = np.empty(n, dtype=np.int64), np.zeros(len(table), dtype=np.uint64)
    total = np.zeros(n, dtype=np.int64)
    size = _gather(start, site, np.asarray(people, dtype=np.int64), rename, salt, table, place, first, total)
    new_start = np.zeros(size + 1, dtype=np.int64)
    _measure(start, site, rename, first[:size], new_start)
    new_site = np.empty(new_start[-1], dtype=np.int32)
    _copy(start, site, rename, first[:size], new_start, new_site)
    return incidence(new_start, new_site, int(kept.sum())), total[:size].copy()


def _by_bytes(
    start: npt.NDArray[np.integer],
    site: npt.NDArray[np.integer],
    people: IntArray,
    rename: npt.NDArray[np.int32],
    sites: int,
) -> tuple[sp.csr_array, IntArray]:
    """``merge_pairs`` without compiled kernels."""
    new = rename[site]
    place: dict[bytes, int] = {}
    total: list[int] = []
    rows: list[npt.NDArray[np.int32]] = []
    for i in np.flatnonzero((np.diff(start) > 0) & (np.asarray(people) > 0)).tolist():
        mine = new[start[i] : start[i + 1]]
        row = mine[mine >= 0]
        if (mine == -2).any() or not len(row):
            continue
        at = place.setdefault(row.tobytes(), len(rows))
        if at == len(rows):
            rows.append(row)
            total.append(0)
        total[at] += int(people[i])
    begins = np.append(0, np.cumsum([len(r) for r in rows])).astype(np.int64)
    every = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
    return incidence(begins, every, sites), np.array(total, dtype=np.int64)


def incidence(start: IntArray, site: npt.NDArray[np.int32], sites: int) -> sp.csr_array:
    """Rows x sites, 1 where a row reaches a site."""
    ones = np.ones(len(site), dtype=np.int64)
    return sp.csr_array((ones, site, start), shape=(len(start) - 1, sites))


def rows_of(cover: sp.csr_array) -> tuple[IntArray, npt.NDArray[np.int32]]:
    """Each row's sites, rising: ``site[start[i]:start[i + 1]]``."""
    if not cover.has_sorted_indices:
        cover = cover.sorted_indices()
    return cover.indptr.astype(np.int64), cover.indices.astype(np.int32)


def columns_of(cover: sp.csr_array) -> tuple[IntArray, npt.NDArray[np.int32]]:
    """Each site's rows, rising: ``row[start[j]:start[j + 1]]``."""
    turned = sp.csr_array(cover.T.tocsr())
    return turned.indptr.astype(np.int64), turned.indices.astype(np.int32)


def dominated_rows(cover: sp.csr_array) -> BoolArray:
    """Rows that are covered whenever another row is, whose sites are all theirs; of equal rows the first stays."""
    start, site = rows_of(cover)
    by_site, row = columns_of(cover)
    lost: BoolArray = _supersets(start, site, by_site, row, _MOST_COMPARED)
    return lost


def dominated_columns(cover: sp.csr_array, *, kind: IntArray | None = None) -> BoolArray:
    """Candidates that reach nobody whom another of the same ``kind`` does not reach; of equals the first stays.

    ``kind``: by candidate, less than their number; below 0: never left out.
    """
    by_site, row = columns_of(cover)
    start, site = rows_of(cover)
    sort = np.zeros(cover.shape[1], dtype=np.int64) if kind is None else kind
    lost: BoolArray = _subsets(by_site, row, start, site, sort, _MOST_COMPARED)
    return lost


@kernel
def _gather(start, site, people, rename, salt, table, place, first, total):  # type: ignore[no-untyped-def]
    """Each row to the first row with the same sites, by hash and then by looking."""
    size, last = 0, np.uint64(len(table) - 1)
    for i in range(len(people)):
        if people[i] <= 0:
            continue
        mark, some, settled = np.uint64(0), False, False
        for k in range(start[i], start[i + 1]):
            new = rename[site[k]]
            if new >= 0:
                some = True
                mark += salt[new]
            elif new == -2:
                settled = True
                break
        if settled or not some:
            continue
        mark ^= mark >> np.uint64(29)
        slot = mark & last
        while table[slot] >= 0:
            known = table[slot]
            if place[slot] == mark and _same(start, site, rename, first[known], i):
                break
            slot = (slot + np.uint64(1)) & last
        if table[slot] < 0:
            table[slot], place[slot], first[size] = size, mark, i
            size += 1
        total[table[slot]] += people[i]
    return size


@kernel
def _same(start, site, rename, a, b):  # type: ignore[no-untyped-def]
    """Whether two rows keep the same sites."""
    k, end_k, m, end_m = start[a], start[a + 1], start[b], start[b + 1]
    while True:
        while k < end_k and rename[site[k]] < 0:
            k += 1
        while m < end_m and rename[site[m]] < 0:
            m += 1
        if k == end_k or m == end_m:
            return k == end_k and m == end_m
        if site[k] != site[m]:
            return False
        k += 1
        m += 1


@kernel
def _measure(start, site, rename, first, new_start):  # type: ignore[no-untyped-def]
    for r in range(len(first)):
        n = 0
        for k in range(start[first[r]], start[first[r] + 1]):
            n += rename[site[k]] >= 0
        new_start[r + 1] = new_start[r] + n


@kernel
def _copy(start, site, rename, first, new_start, new_site):  # type: ignore[no-untyped-def]
    for r in range(len(first)):
        at = new_start[r]
        for k in range(start[first[r]], start[first[r] + 1]):
            if rename[site[k]] >= 0:
                new_site[at] = rename[site[k]]
                at += 1


@kernel
def _rarest(start, item, by_item, mark, a):  # type: ignore[no-untyped-def]
    """The item of a set that is in fewest sets; all its items are marked as its own."""
    rare = item[start[a]]
    for k in range(start[a], start[a + 1]):
        mark[item[k]] = a
        if by_item[item[k] + 1] - by_item[item[k]] < by_item[rare + 1] - by_item[rare]:
            rare = item[k]
    return rare


@kernel
def _holds_all(start, item, mark, a, b):  # type: ignore[no-untyped-def]
    """Whether a set holds all of another one, whose items are marked."""
    common = 0
    for k in range(start[b], start[b + 1]):
        common += mark[item[k]] == a
    return common == start[a + 1] - start[a]


@kernel
def _supersets(start, item, by_item, owner, budget):  # type: ignore[no-untyped-def]
    """Sets that hold all of another one, found from the item of that one which is in fewest sets."""
    n = len(start) - 1
    lost, mark = np.zeros(n, np.bool_), np.full(len(by_item) - 1, -1)
    for a in range(n):
        if lost[a] or start[a] == start[a + 1]:
            continue
        rare, size = _rarest(start, item, by_item, mark, a), start[a + 1] - start[a]
        for q in range(by_item[rare], by_item[rare + 1]):
            b = owner[q]
            longer = start[b + 1] - start[b]
            if b == a or lost[b] or longer < size or (longer == size and b < a):
                continue
            budget -= longer
            lost[b] = _holds_all(start, item, mark, a, b)
        if budget < 0:
            break
    return lost


@kernel
def _subsets(start, item, by_item, owner, kind, budget):  # type: ignore[no-untyped-def]
    """Sets all of whose items another set of their kind holds, looked for at the item in fewest sets."""
    n = len(start) - 1
    lost, mark = np.zeros(n, np.bool_), np.full(len(by_item) - 1, -1)
    standing = np.zeros(n, np.int64)
    for a in range(n):
        if kind[a] >= 0:
            standing[kind[a]] += 1
    for a in range(n):
        if kind[a] < 0:
            continue
        size = start[a + 1] - start[a]
        if size == 0:
            lost[a] = standing[kind[a]] > 1
            standing[kind[a]] -= lost[a]
            continue
        rare = _rarest(start, item, by_item, mark, a)
        for q in range(by_item[rare], by_item[rare + 1]):
            b = owner[q]
            longer = start[b + 1] - start[b]
            if b == a or lost[b] or longer < size or kind[a] != kind[b] or (longer == size and b > a):
                continue
            budget -= longer
            if _holds_all(start, item, mark, a, b):
                lost[a] = True
                standing[kind[a]] -= 1
                break
        if budget < 0:
            break
    return lost
