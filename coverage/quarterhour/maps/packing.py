"""Travel times as a page carries them: whole steps, packed as text that a browser unpacks without a library."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from quarterhour.base.arrays import AnyArray, BoolArray
from quarterhour.maps.varints import deflated, packed_text
from quarterhour.travel.times import TravelTimes


def packed_json(value: object) -> str:
    """A plain value as deflated JSON in base64."""
    return packed_text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def packed_times(times: TravelTimes, *, community: AnyArray, step_cs: int) -> dict[str, Any]:
    """Times by site as whole steps, rounded up, so that whether one is within so many steps stays what it was.

    ``community``: the community that each site stands at, -1 where at none. Of two such sites and their communities
    the way back takes about as long as the way there: the second of them is told as the difference.

    The text holds four columns of whole numbers, each as its lowest bytes, then the next higher ones and so on
    (``planes`` of them): how many communities each site reaches; these, rising, each as the step from the one before;
    the ``mirrored`` differences (0, -1, 1, -2 ... as 0, 1, 2, 3 ...); the other times.
    """
    row = np.repeat(np.arange(len(times.communities)), np.diff(times.indptr))
    order = np.lexsort((row, times.site_index))
    site, at = times.site_index[order].astype(np.int64), row[order].astype(np.int64)
    steps = -(-times.cs[order].astype(np.int64) // step_cs)
    back, mirrored = _ways_back(site, at, np.asarray(community, dtype=np.int64), len(times.communities))
    apart = steps[mirrored] - steps[back[mirrored]]
    first = np.r_[True, np.diff(site) > 0] if len(site) else np.empty(0, bool)
    columns = (
        np.bincount(site, minlength=len(times.sites)),
        np.where(first, at, np.diff(at, prepend=0)),
        np.where(apart < 0, -2 * apart - 1, 2 * apart),
        steps[~mirrored],
    )
    planes = [_planes(column) for column in columns]
    return {
        "pairs": len(site),
        "mirrored": int(mirrored.sum()),
        "planes": [count for count, _ in planes],
        "data": deflated(b"".join(part for _, part in planes)),
    }


def _ways_back(site: AnyArray, at: AnyArray, community: AnyArray, communities: int) -> tuple[AnyArray, BoolArray]:
    """By pair the pair of the way back, and whether it is there and of a site that stands before."""
    own = np.full(communities, -1, dtype=np.int64)
    some = np.flatnonzero(community >= 0)[::-1]
    own[community[some]] = some
    key, wanted = site * communities + at, own[at] * communities + community[site]
    back = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    there = (own[at] >= 0) & (own[at] < site) & (community[site] >= 0)
    return back, there & (key[back] == wanted) if len(key) else there


def _planes(column: AnyArray) -> tuple[int, bytes]:
    """A column's bytes, lowest first; how many of them each number has."""
    count = max(1, (int(column.max(initial=0)).bit_length() + 7) // 8)
    return count, b"".join(((column >> 8 * k) & 255).astype(np.uint8).tobytes() for k in range(count))
