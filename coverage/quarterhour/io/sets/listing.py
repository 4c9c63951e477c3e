"""Which files a run wrote, with their hashes, in its manifest; and of which run each other file beside them is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from quarterhour.base.errors import DataError, MissingError

MANIFEST = "manifest.json"
_LARGEST_BYTES = 50_000_000
_HEX = 64


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a manifest lists it; ``of``: the run that wrote it, where that is another than the manifest's."""

    sha256: str
    size: int
    of: Mapping[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As the manifest holds it."""
        return {"sha256": self.sha256, "bytes": self.size, **({"of": dict(self.of)} if self.of else {})}


@dataclass(frozen=True, slots=True)
class Listing:
    """A manifest: ``files`` of its run and ``others`` by their names in its folder; ``whole``: all that it holds."""

    whole: Mapping[str, Any]
    files: Mapping[str, Listed]
    others: Mapping[str, Listed]

    @property
    def every(self) -> dict[str, Listed]:
        """All files, those of its own run with the run."""
        mine = {name: Listed(one.sha256, one.size, self.run) for name, one in self.files.items()}
        return {**mine, **self.others}

    @property
    def run(self) -> dict[str, str]:
        """The run, for a file of it that outlives it: its day, what it rested on."""
        return {key: str(self.whole[key]) for key in ("day", "asked") if key in self.whole}


def listed(path: Path, of: Mapping[str, str] | None = None) -> Listed:
    """A file as it is."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Listed(digest, path.stat().st_size, of or {})


def is_as_listed(path: Path, known: Listed) -> bool:
    """Whether the file is there, and the very one that is listed."""
    try:
        here = path.is_file() and not path.is_symlink() and path.stat().st_size == known.size
        return here and listed(path).sha256 == known.sha256
    except OSError:
        return False


def sealed(content: Mapping[str, Any], files: Mapping[str, Listed], others: Mapping[str, Listed]) -> str:
    """The text of a manifest: what is known of the run, its files, those of other runs, and a seal over all of it."""
    whole = {k: v for k, v in content.items() if k not in ("files", "others", "seal")}
    whole["files"] = {name: files[name].record() for name in sorted(files)}
    if others:
        whole["others"] = {name: others[name].record() for name in sorted(others)}
    whole["seal"] = _seal(whole)
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def read_listing(folder: Path) -> Listing:
    """The manifest in a folder.

    Raises
    ------
    MissingError : there is none.
    DataError : it is not whole (``sets.manifest_broken``), or of a version that listed no files (``sets.no_files``).
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise MissingError("sets.no_manifest", folder=str(folder))
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError(path.stat().st_size)
        whole = json.loads(path.read_text(encoding="utf-8"))
        if "files" not in whole and "seal" not in whole and isinstance(whole["study"], dict):
            raise DataError("sets.no_files", folder=str(folder))
        rest = {key: value for key, value in whole.items() if key != "seal"}
        if whole["seal"] != _seal(rest):
            raise ValueError("seal")
        return Listing(whole, _entries(whole["files"]), _entries(whole.get("others", {})))
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("sets.manifest_broken", file=str(path)) from error


def earlier_listing(folder: Path) -> Listing | None:
    """The manifest in a folder; None where nothing is known of the files there. OSError where it cannot be read now."""
    try:
        return read_listing(folder)
    except (MissingError, DataError) as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
        return None


def of_the_set(home: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of each file under a folder, without its manifest and folders that have one of their own."""
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        between = path.relative_to(home).parents
        if path != home / MANIFEST and not any((home / b / MANIFEST).is_file() for b in between if b.name):
            yield path.relative_to(home).as_posix(), path


def fits(name: str, patterns: Collection[str]) -> bool:
    """Whether a file's name in its set is of one of the patterns (``atlas/*``)."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def inside(folder: Path, name: str) -> Path | None:
    """Where a listed file is; None for a name that leads out of the folder."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or {"..", "\0"} & set(parts) or "\\" in name or ":" in name:
        return None
    path = folder.joinpath(*parts)
    between = [folder.joinpath(*parts[:depth]) for depth in range(1, len(parts))]
    return None if any(part.is_symlink() for part in between) else path


def _entries(said: Mapping[str, Any]) -> dict[str, Listed]:
    found = {}
    for name, one in said.items():
        if len(one["sha256"]) != _HEX or not isinstance(one["bytes"], int):
            raise ValueError(name)
        found[name] = Listed(one["sha256"], one["bytes"], {str(k): str(v) for k, v in one.get("of", {}).items()})
    return found


def _seal(whole: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()).hexdigest()
