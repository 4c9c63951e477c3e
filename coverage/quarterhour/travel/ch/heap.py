"""A heap of centiseconds and junctions in one word each, smallest first."""

from __future__ import annotations

import numpy as np

from quarterhour.base.jit import kernel

NEVER = np.uint32(2**31 - 1)


@kernel
def push(heap, size, key):  # type: ignore[no-untyped-def]
    i = np.uint64(size)
    while i > 0:
        above = (i - np.uint64(1)) >> np.uint64(1)
        if heap[above] <= key:
            break
        heap[i] = heap[above]
        i = above
    heap[i] = key


@kernel
def pop(heap, size):  # type: ignore[no-untyped-def]
    top, last = heap[0], heap[size - 1]
    left = np.uint64(size - 1)
    i, child = np.uint64(0), np.uint64(1)
    while child < left:
        if child + np.uint64(1) < left and heap[child + np.uint64(1)] < heap[child]:
            child += np.uint64(1)
        if heap[child] >= last:
            break
        heap[i] = heap[child]
        i = child
        child = np.uint64(2) * i + np.uint64(1)
    heap[i] = last
    return top


@kernel
def key_of(time, junction):  # type: ignore[no-untyped-def]
    return (np.uint64(time) << np.uint64(32)) | np.uint64(junction)
