"""Groups of sites that lie within each other or apart: a tree branches on how many of a group open.

How many sites a town gets is settled long before it is which: the bound of half a site more in one town and half a
site less in another falls with the first branching on a group, and with none on single sites for long.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.cluster.hierarchy import linkage

from quarterhour.base.arrays import IntArray
from quarterhour.siting.methods.whole.whole_instance import WholeInstance

MOST_SITES = 1000
"""Beyond them no groups are made."""


def site_groups(whole: WholeInstance) -> list[IntArray]:
    """Groups of two sites or more that serve the same people, joined step by step (average linkage)."""
    sites = len(whole.room)
    if not 3 <= sites <= MOST_SITES:
        return []
    share = sp.csr_array((np.sqrt(_closeness(whole)), (whole.row, whole.site)), shape=(len(whole.load), sites))
    both = (share.T @ share).toarray()
    own = np.maximum(np.diag(both), 1e-9)
    apart = 1.0 - np.minimum(1.0, both / np.sqrt(own[:, None] * own[None, :]))
    joined = linkage(apart[np.triu_indices(sites, 1)], method="average")
    members = [np.array([s], dtype=np.int64) for s in range(sites)]
    for one, other, _, _ in joined:
        members.append(np.sort(np.concatenate([members[int(one)], members[int(other)]])))
    return members[sites:-1]


def _closeness(whole: WholeInstance) -> np.ndarray:
    """By pair how much the row is likely to go there: its load, less the farther the site beside its usual way."""
    usual = np.maximum(whole.typical[whole.row], 1e-9)
    closeness: np.ndarray = whole.load[whole.row] / (1.0 + (whole.cost / usual) ** 2)
    return closeness
