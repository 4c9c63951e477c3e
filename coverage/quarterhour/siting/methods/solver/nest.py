"""Rules on sites that lie within each other or apart (a laminar family): the cheapest choice that keeps them.

The rows that count sites and lie within each other or apart (a town in its county, the county in the city) are a nest:
the cheapest choice that keeps a nest is found by taking sites in the order of their cost, as long as the quotas still
fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quarterhour.base.arrays import IntArray
from quarterhour.base.jit import kernel
from quarterhour.siting.question.site_limits import SiteLimits


@dataclass(frozen=True, eq=False)
class Nest:
    """Areas within each other or apart, the whole as the first; of each site the smallest area it is in.

    ``parent``: by area, parents first, -1 for the whole. ``low``, ``high``: sites to open in each.
    ``leaf``: by site. ``size``: how many sites the cheapest choice opens. ``whole``: whether the nest
    says all that the limits say.
    """

    parent: IntArray
    low: IntArray
    high: IntArray
    leaf: IntArray
    size: int
    whole: bool


def nest_of(limits: SiteLimits) -> Nest | None:
    """The nest among the rows of limits without fixed sites; None where it cannot be kept.

    Rows with weights other than 1, and rows that cross larger ones, stay out: then the cheapest
    choice of the nest is a bound on the cheapest choice, no longer the choice itself.
    """
    rows, sites = limits.rows, limits.rows.shape[1]
    inside = np.diff(rows.indptr)
    parent, low, high = [-1], [0], [sites]
    leaf = np.zeros(sites, dtype=np.int64)
    whole = True
    for r in np.argsort(-inside, kind="stable"):
        member = rows.indices[rows.indptr[r] : rows.indptr[r + 1]]
        weight = rows.data[rows.indptr[r] : rows.indptr[r + 1]]
        if not len(member):
            if limits.low[r] > 0 or limits.high[r] < 0:
                return None
            continue
        if (weight != 1).any() or (leaf[member] != leaf[member[0]]).any():
            whole = False
            continue
        above = int(leaf[member[0]])
        leaf[member] = len(parent)
        parent.append(above)
        low.append(max(0, int(limits.low[r])))
        high.append(int(limits.high[r]))
    made = np.array(parent), np.array(low), np.array(high)
    size = _most(*made, leaf)
    return None if size < 0 else Nest(*made, leaf, size, whole)


def _most(parent: IntArray, low: IntArray, high: IntArray, leaf: IntArray) -> int:
    """How many sites the nest can open at most; -1 where its minima cannot be met."""
    most, least = np.bincount(leaf, minlength=len(parent)), np.zeros(len(parent), dtype=np.int64)
    for a in range(len(parent) - 1, -1, -1):
        most[a], least[a] = min(most[a], high[a]), max(least[a], low[a])
        if least[a] > most[a]:
            return -1
        if a:
            most[parent[a]] += most[a]
            least[parent[a]] += least[a]
    return int(most[0])


def cheapest(nest: Nest, cost: npt.NDArray[np.generic]) -> IntArray:
    """Positions of the ``nest.size`` sites that cost least within the nest; ties to the lower position.

    With costs of 0 or less no choice within the nest costs less, whatever its size.
    """
    order = np.argsort(cost, kind="stable")
    return np.sort(pick_in_order(order, nest.leaf, nest.parent, nest.low, nest.high, nest.size))


def random_choices(nest: Nest, count: int, *, seed: int) -> list[IntArray]:
    """So many choices of ``nest.size`` sites within the nest, drawn at random: the cheapest by random costs."""
    rng = np.random.default_rng(seed)
    return [cheapest(nest, rng.random(len(nest.leaf))) for _ in range(count)]


@kernel
def pick_in_order(order, leaf, parent, low, high, size):  # type: ignore[no-untyped-def]
    """Of sites in an order as many as the nest allows, the first before the others."""
    areas = len(parent)
    # Places that an area holds in the count of the next larger, and how many of them are not yet taken.
    held, spare = np.zeros(areas, np.int64), np.zeros(areas, np.int64)
    for a in range(areas - 1, -1, -1):
        least = size if a == 0 else low[a]
        if held[a] < least:
            spare[a] = least - held[a]
            held[a] = least
        if a > 0:
            held[parent[a]] += held[a]
    chosen, n = np.empty(size, np.int64), 0
    for s in order:
        if n == size:
            break
        a = leaf[s]
        while a >= 0 and spare[a] == 0 and held[a] < high[a]:
            a = parent[a]
        if a < 0 or spare[a] == 0:
            continue
        stop = a
        spare[stop] -= 1
        a = leaf[s]
        while a != stop:
            held[a] += 1
            a = parent[a]
        chosen[n] = s
        n += 1
    return chosen[:n]


def exchange_prices(nest: Nest, cost: IntArray, chosen: IntArray) -> IntArray:
    """By site: how much dearer the cheapest choice grows when a chosen site must stay out, another come in.

    For costs of 0 or less, and ``chosen`` as ``cheapest`` made it. What can leave without a
    substitute costs no less than leaving alone.
    """
    mark = np.zeros(len(cost), dtype=bool)
    mark[chosen] = True
    prices: IntArray = _prices(cost, mark, chosen, nest.leaf, nest.parent, nest.low, nest.high)
    return prices


@kernel
def _prices(cost, mark, chosen, leaf, parent, low, high):  # type: ignore[no-untyped-def]
    areas, sites = len(parent), len(cost)
    opened = np.zeros(areas, np.int64)
    for s in chosen:
        a = leaf[s]
        while a >= 0:
            opened[a] += 1
            a = parent[a]
    # The cheapest in and the dearest out by smallest area are all that an exchange looks at.
    best_in, best_out = np.full(areas, -1), np.full(areas, -1)
    for s in range(sites):
        a = leaf[s]
        if mark[s]:
            if best_out[a] < 0 or cost[s] > cost[best_out[a]]:
                best_out[a] = s
        elif best_in[a] < 0 or cost[s] < cost[best_in[a]]:
            best_in[a] = s
    dearest, least = np.full(areas, np.int64(-1)), np.full(areas, np.int64(-1))
    for a in range(areas):
        for b in range(areas):
            # One site of a leaves, one of b comes.
            if best_out[a] < 0 and best_in[b] < 0:
                continue
            if not _exchange_fits(a, b, parent, opened, low, high):
                continue
            if best_out[a] >= 0 and (dearest[b] < 0 or cost[best_out[a]] > cost[dearest[b]]):
                dearest[b] = best_out[a]
            if best_in[b] >= 0 and (least[a] < 0 or cost[best_in[b]] < cost[least[a]]):
                least[a] = best_in[b]
    price = np.zeros(sites, np.int64)
    for s in range(sites):
        a = leaf[s]
        if mark[s]:
            price[s] = (cost[least[a]] if least[a] >= 0 else 0) - cost[s]
        else:
            price[s] = cost[s] - cost[dearest[a]] if dearest[a] >= 0 else np.int64(2**62)
    return price


@kernel
def _exchange_fits(a, b, parent, opened, low, high):  # type: ignore[no-untyped-def]
    # Areas are numbered parents first: the larger number is never an ancestor of the smaller.
    while a != b:
        if a > b:
            if opened[a] <= low[a]:
                return False
            a = parent[a]
        else:
            if opened[b] >= high[b]:
                return False
            b = parent[b]
    return True
