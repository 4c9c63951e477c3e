"""Taking junctions out of a network one by one, shortcuts in their place (Geisberger et al. 2008).

A link (next link, neighbour, centiseconds to it, centiseconds from it) hangs in the list of its junction; the
neighbour has the mirror of it. The links of a junction taken out stay as they were then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.base.jit import kernel
from quarterhour.travel.ch.heap import NEVER, key_of, pop, push

NIL = np.uint32(0xFFFFFFFF)
LONGEST_CS = 1 << 30
"""Arcs and shortcuts that take longer are left out: cutoffs stay below."""
GLANCE, LOOK = 20, 60
"""Junctions a search for another way may settle, for the first order and before a junction is taken out. An unfound
way only costs a needless shortcut."""
CROWDED = 512
"""A junction with more neighbours is put off unseen."""
TURN = 1000
"""Junctions looked at between two chances for Ctrl-C."""


@kernel
def _other_ways(first, link, source, avoid, bound, most, time, touched, heap):  # type: ignore[no-untyped-def]
    """Times from a junction, without going through another, as far as a bound or until so many are settled."""
    time[source] = 0
    touched[0] = source
    count, size, settled = np.uint64(1), 1, 0
    heap[0] = key_of(0, source)
    while size > 0:
        key = pop(heap, size)
        size -= 1
        d, u = np.uint32(key >> np.uint64(32)), np.uint32(key)
        if d > time[u]:
            continue
        settled += 1
        if settled > most:
            break
        k = first[u]
        while k != NIL:
            v, longer = link[k, 1], np.uint64(d) + np.uint64(link[k, 2])
            if v != avoid and longer <= bound and longer < time[v] and size < heap.size:
                if time[v] == NEVER:
                    touched[count] = v
                    count += np.uint64(1)
                time[v] = longer
                push(heap, size, key_of(longer, v))
                size += 1
            k = link[k, 0]
    return count


@kernel
def _needed(first, link, x, most, time, touched, heap, found):  # type: ignore[no-untyped-def]
    """Shortcuts that junction x leaves behind, into ``found``; how many (more than fit: -1)."""
    count = 0
    i = first[x]
    while i != NIL:
        u, into = link[i, 1], np.uint64(link[i, 3])
        farthest, leads_on = np.uint64(0), False
        j = first[x]
        while j != NIL:
            if j != i and link[j, 2] != NEVER:
                farthest, leads_on = max(farthest, np.uint64(link[j, 2])), True
            j = link[j, 0]
        if into != NEVER and leads_on:
            bound = min(into + farthest, np.uint64(LONGEST_CS))
            seen = _other_ways(first, link, u, x, bound, most, time, touched, heap)
            j = first[x]
            while j != NIL:
                v, whole = link[j, 1], into + np.uint64(link[j, 2])
                if j != i and link[j, 2] != NEVER and whole <= LONGEST_CS and time[v] > whole:
                    if count == len(found):
                        count = -1
                        break
                    found[count, 0], found[count, 1], found[count, 2] = u, v, whole
                    count += 1
                j = link[j, 0]
            for t in range(seen):
                time[touched[t]] = NEVER
            if count < 0:
                break
        i = link[i, 0]
    return count


@kernel
def _importance(shortcuts, links, level, gone):  # type: ignore[no-untyped-def]
    return np.int64(1 << 20) + min(4 * shortcuts - 2 * links + gone + 2 * np.int64(level), np.int64(1 << 30))


@kernel
def _links_of(first, link, x):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    k = first[x]
    while k != NIL:
        count += 1
        k = link[k, 0]
    return count


@kernel
def _first_look(first, link, since, until, queue, time, touched, heap, found):  # type: ignore[no-untyped-def]
    """Queue junctions by what taking each out would cost now."""
    for x in range(since, until):
        links = _links_of(first, link, x)
        cost = links * links
        if links <= CROWDED:
            cost = np.int64(_needed(first, link, x, GLANCE, time, touched, heap, found))
            cost = links * links if cost < 0 else cost
        push(queue, x, key_of(_importance(cost, links, 0, 0), x))


@kernel
def _unlink(first, link, u, x):  # type: ignore[no-untyped-def]
    """Take x from the list of u; the link that is free now."""
    k, before = first[u], NIL
    while link[k, 1] != x:
        before, k = k, link[k, 0]
    if before == NIL:
        first[u] = link[k, 0]
    else:
        link[before, 0] = link[k, 0]
    return k


@kernel
def _shorten(first, link, u, v, way, whole):  # type: ignore[no-untyped-def]
    """Where u has a link to v, no longer than this; is there one?"""
    k = first[u]
    while k != NIL:
        if link[k, 1] == v:
            link[k, way] = min(link[k, way], whole)
            return True
        k = link[k, 0]
    return False


@kernel
def _hang(first, link, k, u, v, there, back):  # type: ignore[no-untyped-def]
    link[k, 0], link[k, 1], link[k, 2], link[k, 3] = first[u], v, there, back
    first[u] = k


@kernel
def _take_out(first, link, x, found, count, level, gone, free, tally):  # type: ignore[no-untyped-def]
    """Take x from its neighbours' lists and hang the shortcuts in. ``tally``: links used, links free."""
    k = first[x]
    while k != NIL:
        u = link[k, 1]
        free[tally[1]] = _unlink(first, link, u, x)
        tally[1] += 1
        level[u] = max(level[u], level[x] + np.uint32(1))
        gone[u] += 1
        k = link[k, 0]
    for i in range(count):
        u, v, whole = found[i, 0], found[i, 1], found[i, 2]
        if _shorten(first, link, u, v, 2, whole):
            _shorten(first, link, v, u, 3, whole)
            continue
        for way in range(2):
            if tally[1] > 0:
                tally[1] -= 1
                k = free[tally[1]]
            else:
                k = np.uint32(tally[0])
                tally[0] += 1
            if way == 0:
                _hang(first, link, k, u, v, whole, NEVER)
            else:
                _hang(first, link, k, v, u, NEVER, whole)


@kernel
def _contract(first, link, queue, waiting, looks, level, gone, free, tally, time, touched, heap, found):  # type: ignore[no-untyped-def]  # noqa: E501
    """Take junctions out, the least important first, until so many were looked at or the room runs short.

    Returns how many still wait, and whether more room is needed.
    """
    for _ in range(looks):
        if waiting == 0:
            break
        key = pop(queue, waiting)
        waiting -= 1
        x = np.uint32(key)
        links = _links_of(first, link, x)
        count = -1
        if links <= CROWDED or links * links <= len(found):
            count = _needed(first, link, x, LOOK, time, touched, heap, found)
        cost = links * links if count < 0 else np.int64(count)
        important = key_of(_importance(cost, links, level[x], gone[x]), x)
        behind = waiting > 0 and important > queue[0]
        short = count < 0 or tally[0] - tally[1] + 2 * np.int64(count) > len(link)
        if behind or short:
            push(queue, waiting, important)
            waiting += 1
            if short and not behind:
                return waiting, True
            continue
        _take_out(first, link, x, found, count, level, gone, free, tally)
    return waiting, False


class Workshop:
    """The arrays that taking junctions out works on."""

    def __init__(self, indptr: AnyArray, head: AnyArray, cs: AnyArray) -> None:
        n = len(indptr) - 1
        rows = links_of_arcs(indptr, head, cs)
        self.first = np.full(n, NIL, np.uint32)
        starts = np.flatnonzero(np.r_[True, rows[1:, 0] != rows[:-1, 0]][: len(rows)])
        self.first[rows[starts, 0]] = starts
        follows = np.arange(1, len(rows) + 1, dtype=np.uint32)
        follows[np.r_[starts[1:], len(rows)][: len(starts)] - 1] = NIL
        self.used = len(rows)
        self.link = np.empty((self.used * 3 // 2 + 1024, 4), np.uint32)
        self.link[: self.used] = rows
        self.link[: self.used, 0] = follows
        self.free = np.empty(len(self.link), np.uint32)
        self.tally = np.array([self.used, 0], np.int64)
        self.queue, self.waiting = np.empty(n + 1, np.uint64), n
        self.level, self.gone = np.zeros(n, np.uint32), np.zeros(n, np.int64)
        self.time, self.touched = np.full(n, NEVER, np.uint32), np.empty(n + 1, np.uint32)
        self.heap, self.found = np.empty(1 << 16, np.uint64), np.empty((1 << 12, 3), np.uint32)

    def look(self, since: int, until: int) -> None:
        """The first order."""
        hands = (self.queue, self.time, self.touched, self.heap, self.found)
        _first_look(self.first, self.link, np.int64(since), np.int64(until), *hands)

    def contract(self) -> None:
        """A turn of work; more room where it ran short."""
        self.waiting, short = _contract(
            self.first, self.link, self.queue, np.int64(self.waiting), np.int64(TURN), self.level, self.gone,
            self.free, self.tally, self.time, self.touched, self.heap, self.found,
        )  # fmt: skip
        if short:
            self.link = np.concatenate([self.link, np.empty_like(self.link)])
            self.free = np.concatenate([self.free, np.empty_like(self.free)])
            self.found = np.empty((2 * len(self.found), 3), np.uint32)

    def climbs(self, way: int) -> tuple[IntArray, NDArray[np.uint32], NDArray[np.uint32]]:
        """Lower end, higher end and time of the arcs up (2) or down (3), from all links still hanging."""
        lower, at = _hanging(self.first, self.link, int(self.tally[0] - self.tally[1]))
        there = self.link[at, way] != NEVER
        return lower[there].astype(np.int64), self.link[at[there], 1], self.link[at[there], way]


def links_of_arcs(indptr: AnyArray, head: AnyArray, cs: AnyArray) -> NDArray[np.uint32]:
    """Rows (junction, neighbour, quickest arc to it, quickest from it), in order; loops and endless arcs left out."""
    n = len(indptr) - 1
    tail = np.repeat(np.arange(n), np.diff(np.asarray(indptr)).astype(np.int64))
    kept = (tail != head) & (cs <= LONGEST_CS)
    u, v, w = tail[kept], np.asarray(head, np.int64)[kept], np.asarray(cs, np.uint32)[kept]
    key = np.r_[u * n + v, v * n + u]
    never = np.full(len(w), NEVER)
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0][: len(order)])
    rows = np.empty((len(begins), 4), np.uint32)
    rows[:, 0], rows[:, 1] = np.divmod(key[order[begins]], max(n, 1))
    if len(begins):
        rows[:, 2] = np.minimum.reduceat(np.r_[w, never][order], begins)
        rows[:, 3] = np.minimum.reduceat(np.r_[never, w][order], begins)
    return rows


@kernel
def _hanging(first, link, most):  # type: ignore[no-untyped-def]
    owner, at = np.empty(most, np.uint32), np.empty(most, np.uint32)
    count = 0
    for x in range(first.size):
        k = first[x]
        while k != NIL:
            owner[count], at[count] = x, k
            count += 1
            k = link[k, 0]
    return owner[:count], at[:count]
