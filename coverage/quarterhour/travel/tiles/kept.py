"""Rows of tiles that were worked out before: in a folder (``io.answer_store.rows``), or in memory."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from quarterhour.base.arrays import Csr

MOST_PAIRS = 50_000_000
"""What a session remembers: 400 MB."""


class KeptRows(Protocol):
    """Rows of tiles by all that they depend on: ``Tile.key``."""

    def get(self, key: str, /) -> Csr | None:
        """The rows kept under a key, or None."""

    def put(self, key: str, rows: Csr, /) -> None:
        """Keep rows under a key."""


class MemoryRows:
    """Rows in memory, for the scenarios of one session; of too many the ones used longest ago are forgotten."""

    def __init__(self, most: int = MOST_PAIRS) -> None:
        self.most, self.held, self.pairs, self.lock = most, dict[str, Csr](), 0, Lock()

    def get(self, key: str, /) -> Csr | None:
        """The rows kept under a key, or None."""
        with self.lock:
            found = self.held.pop(key, None)
            if found is not None:
                self.held[key] = found
            return found

    def put(self, key: str, rows: Csr, /) -> None:
        """Keep rows under a key."""
        with self.lock:
            before = self.held.pop(key, None)
            self.held[key] = rows
            self.pairs += len(rows[1]) - (0 if before is None else len(before[1]))
            while self.pairs > self.most and len(self.held) > 1:
                self.pairs -= len(self.held.pop(next(iter(self.held)))[1])
