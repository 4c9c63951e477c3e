"""A choice of sites that covers every row, looked for by exchanges among which rows left out weigh more and more.

Tabu search with weights on the rows (Gao, Weise and Li 2015 for set cover; Zhang, Lu and Luo 2020 for the p-center):
at each step a row that is not covered is drawn, and of the sites that cover it the one comes in, for another, that
leaves the least weight uncovered. Where that is no less than before, the rows left out weigh one more.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.methods.solver.draw import drawn
from quarterhour.siting.methods.solver.presolve import columns_of, rows_of
from quarterhour.siting.question.search import SearchBudget
from quarterhour.siting.question.site_limits import SiteLimits, count_site, may_change

_BLOCK = 2_000
"""Steps between looks at the clock; a round of the search each."""
_STATE = 88_172_645_463_325_252
"""Where drawing begins, beside the seed."""


def cover_by_exchanges(
    reach: sp.csr_array, limits: SiteLimits, chosen: IntArray, budget: SearchBudget, *, steps: int
) -> tuple[IntArray | None, int]:
    """A choice within the limits that covers all rows, from one within them; and how many steps are left.

    ``reach``: rows x sites that cover them. None where no choice was found.
    """
    tables = (*rows_of(reach), *columns_of(reach), *limits.by_site())
    opened = np.zeros(reach.shape[1], dtype=np.bool_)
    opened[chosen] = True
    sides = np.asarray(limits.rows @ opened.astype(np.int64), dtype=np.int64), limits.low, limits.high
    weight = np.ones(reach.shape[0], dtype=np.int64)
    state = np.array([budget.seed + _STATE], dtype=np.uint64)
    done = np.zeros(1, dtype=np.int64)
    while True:
        left = _exchange(*tables, *sides, opened, weight, state, done, min(_BLOCK, steps))
        budget.spend(rounds=1)
        steps -= int(done[0])
        if left == 0:
            return np.flatnonzero(opened).astype(np.int64), steps
        if steps <= 0 or budget.over():
            return None, steps


@kernel
def _exchange(  # type: ignore[no-untyped-def]
    start, site, column, row, rule_start, rule, size, used, low, high, opened, weight, state, done, steps
):
    """Rows that are not covered after so many steps; ``opened``, ``used`` and ``weight`` move on; ``done``: steps."""
    rows, sites = len(start) - 1, len(opened)
    # Of each row the open sites that cover it, and the sum of their positions: of one alone, its position.
    count, total = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    # Of a closed site the weight that it would cover, of an open one the weight that only it covers.
    gain, kept = np.zeros(sites, np.int64), np.zeros(sites, np.int64)
    bare, place, many = np.empty(rows, np.int64), np.full(rows, -1), 0
    chosen, n = np.empty(sites, np.int64), 0
    for s in range(sites):
        if opened[s]:
            chosen[n] = s
            n += 1
            for k in range(column[s], column[s + 1]):
                count[row[k]] += 1
                total[row[k]] += s
    for i in range(rows):
        if count[i] == 0:
            bare[many], place[i] = i, many
            many += 1
            for k in range(start[i], start[i + 1]):
                gain[site[k]] += weight[i]
        elif count[i] == 1:
            gain[total[i]] += weight[i]
    came, went = -1, -1
    done[0] = 0
    while many > 0 and done[0] < steps:
        done[0] += 1
        i = bare[drawn(state, many)]
        enters, leaves, cost, ties = -1, -1, np.int64(0), 0
        for q in range(start[i], start[i + 1]):
            s = site[q]
            if s == went:
                continue
            if may_change(rule_start, rule, size, used, low, high, -1, s):
                if enters < 0 or -gain[s] < cost:
                    enters, leaves, cost, ties = s, n, -gain[s], 1
                continue
            for p in range(n):
                kept[chosen[p]] = 0
            for k in range(column[s], column[s + 1]):
                if count[row[k]] == 1:
                    kept[total[row[k]]] += weight[row[k]]
            for p in range(n):
                c = chosen[p]
                price = gain[c] - kept[c] - gain[s]
                if c == came or (enters >= 0 and price > cost):
                    continue
                if not may_change(rule_start, rule, size, used, low, high, c, s):
                    continue
                ties = ties + 1 if enters >= 0 and price == cost else 1
                if ties == 1 or drawn(state, ties) == 0:
                    enters, leaves, cost = s, p, price
        came, went = -1, -1
        if enters >= 0:
            came = enters
            if leaves < n:
                went = chosen[leaves]
                many = _close(went, start, site, column, row, count, total, gain, bare, place, many, weight)
                opened[went] = False
                count_site(rule_start, rule, size, used, went, -1)
            else:
                n += 1
            chosen[leaves] = enters
            opened[enters] = True
            count_site(rule_start, rule, size, used, enters, 1)
            many = _open(enters, start, site, column, row, count, total, gain, bare, place, many, weight)
        if enters < 0 or cost >= 0:
            for p in range(many):
                weight[bare[p]] += 1
                for k in range(start[bare[p]], start[bare[p] + 1]):
                    gain[site[k]] += 1
    return many


@kernel
def _open(s, start, site, column, row, count, total, gain, bare, place, many, weight):  # type: ignore[no-untyped-def]
    """A site comes in: what it covers is no gain for others any more."""
    gain[s] = 0
    for k in range(column[s], column[s + 1]):
        i = row[k]
        if count[i] == 0:
            for q in range(start[i], start[i + 1]):
                if site[q] != s:
                    gain[site[q]] -= weight[i]
            gain[s] += weight[i]
            many -= 1
            bare[place[i]] = bare[many]
            place[bare[many]] = place[i]
            place[i] = -1
        elif count[i] == 1:
            gain[total[i]] -= weight[i]
        count[i] += 1
        total[i] += s
    return many


@kernel
def _close(s, start, site, column, row, count, total, gain, bare, place, many, weight):  # type: ignore[no-untyped-def]
    """A site goes: what it alone covered would be a gain of all who cover it."""
    gain[s] = 0
    for k in range(column[s], column[s + 1]):
        i = row[k]
        count[i] -= 1
        total[i] -= s
        if count[i] == 0:
            for q in range(start[i], start[i + 1]):
                gain[site[q]] += weight[i]
            bare[many], place[i] = i, many
            many += 1
        elif count[i] == 1:
            gain[total[i]] += weight[i]
    return many
