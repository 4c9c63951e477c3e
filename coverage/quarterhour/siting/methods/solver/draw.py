"""Numbers drawn inside kernels: the same from the same seed, on any machine."""

from __future__ import annotations

import numpy as np

from quarterhour.base.jit import kernel


@kernel
def drawn(state, below):  # type: ignore[no-untyped-def]
    """A whole number below ``below``, and the state moved on (xorshift, Marsaglia 2003)."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return np.int64((x >> np.uint64(11)) % np.uint64(below))
