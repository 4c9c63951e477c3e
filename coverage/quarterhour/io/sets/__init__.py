"""Folders of results as one set: one run writes at a time, all of its files take their places or none does.

The wing: lock (who writes), listing (which files a run wrote, by hash), owner (whose a file is that lies in the way),
handover (into their places, finished by whoever comes next where a run ended between), check (a folder held against its
listing).
"""

from __future__ import annotations

from quarterhour.io.sets.check import account_lines, check_lines
from quarterhour.io.sets.handover import Account, Handing, finish, hand_over, one_set
from quarterhour.io.sets.listing import MANIFEST
from quarterhour.io.sets.lock import OF_LOCKS, holding

__all__ = [
    "MANIFEST",
    "OF_LOCKS",
    "Account",
    "Handing",
    "account_lines",
    "check_lines",
    "finish",
    "hand_over",
    "holding",
    "one_set",
]
