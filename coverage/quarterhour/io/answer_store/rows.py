"""Rows of travel times as files by all that they depend on, so that the next run searches only what changed."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quarterhour.base import i18n
from quarterhour.base.arrays import Csr
from quarterhour.base.errors import DataError, WriteError
from quarterhour.base.foreign import foreign
from quarterhour.base.machine.scratch import scratch_folder, sweep
from quarterhour.io.files.write import atomic, told

_log = logging.getLogger(__name__)
FOLDER = "travel.tiles"
"""No mode's folder beside it has a dot in its name."""
_RUN, _PARTS = "run", ("start", "id", "cs")


@dataclass(frozen=True)
class RowsFolder:
    """Rows in a folder, each under a key that names everything they depend on (``travel.tiles``).

    ``fresh``: nothing is taken, and all is put anew. A file that is broken, or holds rows of another key, is as none;
    one that cannot be written is told in the log, and the rows are worked out again the next time.
    """

    folder: Path
    fresh: bool = False

    def get(self, key: str, /) -> Csr | None:
        """The rows kept under a key, or None."""
        path = self._path(key)
        if self.fresh or not path.is_file():
            return None
        try:
            with foreign(path, key="answer_store.broken"), path.open("rb") as file, np.load(file) as held:
                found = held[_PARTS[0]], held[_PARTS[1]], held[_PARTS[2]]
                same = bytes(held["key"]).decode("ascii", "replace") == key
        except DataError:  # the sums in the file hold every byte
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used by this run
        return found if same and all(part.ndim == 1 and part.dtype.kind in "iu" for part in found) else None

    def put(self, key: str, rows: Csr, /) -> None:
        """Keep rows under a key."""
        start, found, cs = rows
        try:
            with atomic(self._path(key)) as growing, growing.open("wb") as file:
                np.savez(
                    file, allow_pickle=False, key=np.frombuffer(key.encode(), np.uint8), start=start, id=found, cs=cs
                )
        except WriteError as why:
            _log.info(why.sentence(i18n.LANGUAGES[0]))

    @contextlib.contextmanager
    def in_use(self, *, whole: bool) -> Iterator[None]:
        """The time of a run. At its good end, if it asked for the ``whole`` of its rows, those go that no run needs.

        That is: that none used since it began, and none since any other began that is under way here. WriteError at the
        beginning.
        """
        with contextlib.ExitStack() as held:
            with told(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                sweep(self.folder)
                held.enter_context(scratch_folder(self.folder, _RUN))
            yield
            if whole:
                self._tidy()

    def _tidy(self) -> None:
        with contextlib.suppress(OSError):
            begun = min(path.stat().st_mtime_ns for path in self.folder.glob(f".{_RUN}.*"))
            for path in self.folder.glob("*.npz"):
                with contextlib.suppress(OSError):  # another run took it away, or holds it
                    if path.stat().st_mtime_ns < begun:
                        path.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
