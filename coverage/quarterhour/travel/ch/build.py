"""A network prepared once for many searches, and kept beside the study."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterhour.base.arrays import AnyArray, IntArray
from quarterhour.base.errors import DataError, first_ids
from quarterhour.travel.ch.contract import TURN, Workshop, links_of_arcs
from quarterhour.travel.ch.heap import NEVER

ARRAYS = ("place", "up_start", "up", "down_start", "down")


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A network prepared for searches that only climb; its arrays cannot be written to.

    ``place``: where each junction stands, the most important first. ``up[up_start[i]:up_start[i + 1]]``: the arcs
    from position i to more important ones, (head, centiseconds); ``down``: the arcs that come from there, (tail,
    centiseconds). ``shortcuts`` counts the arcs that are no roads.
    """

    place: NDArray[np.uint32]
    up_start: NDArray[np.uint32]
    up: NDArray[np.uint32]
    down_start: NDArray[np.uint32]
    down: NDArray[np.uint32]
    shortcuts: int

    def turned(self) -> Hierarchy:
        """The hierarchy of the same arcs run backward: one serves both headings."""
        return replace(self, up_start=self.down_start, up=self.down, down_start=self.up_start, down=self.up)

    def __repr__(self) -> str:
        arcs = len(self.up) + len(self.down)
        return f"<Hierarchy: {len(self.place):,} junctions, {arcs:,} arcs, {self.shortcuts:,} of them shortcuts>"


def build_hierarchy(
    indptr: AnyArray,
    head: AnyArray,
    cs: AnyArray,
    *,
    progress: Callable[[float], None] | None = None,
) -> Hierarchy:
    """Prepare a network for many searches: seconds for a city, minutes for a province.

    ``indptr, head, cs``: the arcs in CSR form, whole centiseconds, zero allowed. The same arcs give the same bytes.
    ``progress`` is called with the share done. DataError when an arc leads nowhere or takes less than no time.
    """
    _check_arcs(indptr, head, cs)
    n = len(indptr) - 1
    shop = Workshop(indptr, head, cs)
    for since in range(0, n, TURN):
        shop.look(since, min(since + TURN, n))
    while shop.waiting:
        shop.contract()
        if progress:
            progress(1 - shop.waiting / n)
    order = np.argsort(-shop.level.astype(np.int64), kind="stable")
    place = np.empty(n, np.uint32)
    place[order] = np.arange(n, dtype=np.uint32)
    (up_start, up), (down_start, down) = (_rising(place, *shop.climbs(way)) for way in (2, 3))
    roads = int((links_of_arcs(indptr, head, cs)[:, 2] != NEVER).sum())
    arrays = dict(zip(ARRAYS, map(_frozen, (place, up_start, up, down_start, down)), strict=True))
    return Hierarchy(**arrays, shortcuts=len(up) + len(down) - roads)


def _rising(
    place: NDArray[np.uint32], lower: IntArray, higher: NDArray[np.uint32], cs: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """CSR by position."""
    u, v = place[lower], place[higher]
    order = np.lexsort((v, u))
    start = np.r_[0, np.cumsum(np.bincount(u, minlength=len(place)))].astype(np.uint32)
    return start, np.column_stack([v[order], cs[order]]).astype(np.uint32)


def _frozen(array: AnyArray) -> AnyArray:
    """The same, not to be written to; all alike, or a kernel would be compiled anew."""
    fixed = np.ascontiguousarray(array, np.uint32).view(np.ndarray)
    fixed.setflags(write=False)
    return fixed


def _check_arcs(indptr: AnyArray, head: AnyArray, cs: AnyArray) -> None:
    n = len(indptr) - 1
    start = np.asarray(indptr, np.int64)
    if n < 0 or start[0] != 0 or not len(head) == len(cs) == start[-1] or (start[1:] < start[:-1]).any():
        raise DataError("ch.bad_start", arcs=len(head), times=len(cs))
    ends, times = np.asarray(head, np.int64), np.asarray(cs, np.int64)
    wrong = np.flatnonzero((ends < 0) | (ends >= n) | (times < 0))
    if len(wrong):
        raise DataError("ch.bad_arcs", arcs=first_ids(wrong), junctions=n)


# --- kept beside the study


def write_hierarchy(hierarchy: Hierarchy, folder: Path) -> None:
    """Keep a hierarchy as a folder of ``.npy`` files; half a folder is never seen."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        for name in ARRAYS:
            np.save(made / f"{name}.npy", getattr(hierarchy, name), allow_pickle=False)
        np.save(made / "shortcuts.npy", np.int64(hierarchy.shortcuts), allow_pickle=False)
        shutil.rmtree(folder, ignore_errors=True)
        made.chmod(0o755)
        _put_in_place(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _put_in_place(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another run was quicker
            raise


def read_hierarchy(folder: Path) -> Hierarchy:
    """What ``write_hierarchy`` kept, left on disk until looked at. DataError when it is not whole."""
    try:
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS}
        shortcuts = int(np.load(folder / "shortcuts.npy", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise DataError("ch.damaged", folder=folder, detail=error) from error
    found = Hierarchy(**{name: _frozen(array) for name, array in arrays.items()}, shortcuts=shortcuts)
    for start, arcs in ((found.up_start, found.up), (found.down_start, found.down)):
        if len(start) != len(found.place) + 1 or arcs.ndim != 2 or start[-1] != len(arcs):
            raise DataError("ch.damaged", folder=folder, detail=f"{len(start)}, {arcs.shape}")
    return found


def hierarchy_path(indptr: AnyArray, head: AnyArray, cs: AnyArray, *, folder: Path) -> Path:
    """Where the hierarchy of these arcs is kept."""
    key = hashlib.sha256(b"hierarchy 1")
    for array in (indptr, head, cs):
        key.update(f" {len(array)} ".encode())
        key.update(np.ascontiguousarray(array, np.uint32).tobytes())
    return folder / f"hierarchy-{key.hexdigest()[:24]}"


def kept_hierarchy(
    indptr: AnyArray,
    head: AnyArray,
    cs: AnyArray,
    *,
    folder: Path,
    progress: Callable[[float], None] | None = None,
) -> Hierarchy:
    """The hierarchy of these arcs out of a folder, built and put there when it is not yet or no longer whole.

    The name of what is kept holds the hash of the arcs: another network or mode never meets it.
    """
    _check_arcs(indptr, head, cs)
    mine = hierarchy_path(indptr, head, cs, folder=folder)
    try:
        return read_hierarchy(mine)
    except DataError:
        write_hierarchy(build_hierarchy(indptr, head, cs, progress=progress), mine)
        return read_hierarchy(mine)
