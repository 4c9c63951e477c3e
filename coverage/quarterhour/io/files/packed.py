"""Layers as they are mailed, in a zip: a shapefile, a file geodatabase, a KML (KMZ); unpacked, then read as alone.

Names inside a zip are never used as paths. What it unpacks to was weighed before (``checks``).
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from quarterhour.base import limits
from quarterhour.base.errors import DataError
from quarterhour.base.foreign import foreign
from quarterhour.base.machine.scratch import temporary_folder
from quarterhour.io.files.checks import check_geodatabase, check_magic, read_checked
from quarterhour.io.files.header import Table
from quarterhour.io.files.layers import read_kml, read_other
from quarterhour.io.files.shapefile import PARTS, read_shp

_SHOWN = 5
_GEODATABASE_FILE = re.compile(r"(a[0-9a-f]{8}\.[a-z]{3,12}|gdb|timestamps)", re.IGNORECASE)
Members = Sequence[zipfile.ZipInfo]


def read_zip(file: Path, *, layer: str | None, encoding: str | None) -> Table:
    """The only shapefile of a zip, in whatever folder of it; of ``.gdb.zip`` a layer of its file geodatabase."""
    if file.name.lower().endswith(".gdb.zip"):
        return _read_unpacked(file, _geodatabase, lambda path: _read_geodatabase(path, layer=layer))
    return _read_unpacked(file, _shapefile, lambda path: _read_shapefile(path, encoding=encoding))


def read_kmz(file: Path, *, layer: str | None) -> Table:
    """A layer of the only KML in a KMZ."""

    def read(path: Path) -> Table:
        check_magic(path, ".kml")
        return read_kml(path, layer=layer)

    return _read_unpacked(file, _kml, read)


Unpack = Callable[[zipfile.ZipFile, Members, Path, Path], Path]


def _read_unpacked(file: Path, unpack: Unpack, read: Callable[[Path], Table]) -> Table:
    """What is read of what was unpacked; whatever is told of it names the zip."""

    def unpacked(folder: Path) -> Path:
        with zipfile.ZipFile(file) as packed:
            members = [m for m in packed.infolist() if not m.is_dir() and not _of_the_system(m.filename)]
            return unpack(packed, members, folder, file)

    with temporary_folder() as folder:
        path = read_checked(file, lambda: unpacked(folder))
        try:
            found = read(path)
        except DataError as error:
            raise DataError(
                error.key, **{**error.values, **_without(str(folder), error.values), "file": str(file)}
            ) from error
    return replace(found, file=str(file), findings=found.findings.assign(file=str(file)))


def _without(folder: str, values: Mapping[str, object]) -> dict[str, str]:
    """What a library says, without the folder that is gone when it is read."""
    return {k: v.replace(f"{folder}{os.sep}", "") for k, v in values.items() if k == "detail" and isinstance(v, str)}


def _of_the_system(name: str) -> bool:
    """What macOS puts beside each file of a zip."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.startswith("._") or "__MACOSX" in path.parts


def _shapefile(packed: zipfile.ZipFile, members: Members, folder: Path, file: Path) -> Path:
    shapes = [m for m in members if m.filename.lower().endswith(".shp")]
    if len(shapes) != 1:
        key = "files.zip_geodatabase" if not shapes and _folders_of_tables(members) else "files.zip_shapes"
        raise DataError(key, file=str(file), count=len(shapes), found=_some(shapes or members))
    stem = shapes[0].filename[:-4].lower()
    for member in members:
        suffix = member.filename.lower().removeprefix(stem)
        if suffix in PARTS:
            _copy(packed, member, folder / f"layer{suffix}", file)
    return folder / "layer.shp"


def _read_shapefile(path: Path, *, encoding: str | None) -> Table:
    check_magic(path, ".shp")
    return read_shp(path, encoding=encoding)


def _geodatabase(packed: zipfile.ZipFile, members: Members, folder: Path, file: Path) -> Path:
    homes = _folders_of_tables(members)
    if len(homes) != 1:
        found = ", ".join(str(h) for h in homes[:_SHOWN]) or _some(members)
        raise DataError("files.zip_geodatabases", file=str(file), count=len(homes), found=found)
    home = folder / "layers.gdb"
    home.mkdir()
    for member in members:
        path = _path(member)
        if path.parent == homes[0] and _GEODATABASE_FILE.fullmatch(path.name):
            _copy(packed, member, home / path.name.lower(), file)
    return home


def _folders_of_tables(members: Members) -> list[PurePosixPath]:
    """The folders of a zip that hold tables of a geodatabase."""
    return sorted({_path(m).parent for m in members if _path(m).suffix.lower() == ".gdbtable"})


def _read_geodatabase(path: Path, *, layer: str | None) -> Table:
    check_geodatabase(path)
    return read_other(path, layer=layer, encoding=None)


def _kml(packed: zipfile.ZipFile, members: Members, folder: Path, file: Path) -> Path:
    documents = [m for m in members if _path(m).suffix.lower() == ".kml"]
    if len(documents) != 1:
        found = _some(documents or members)
        raise DataError("files.kmz_documents", file=str(file), count=len(documents), found=found)
    limits.check("text_bytes", documents[0].file_size, of=file)
    target = folder / f"{file.stem}.kml"
    _copy(packed, documents[0], target, file)
    return target


def _path(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _some(members: Members) -> str:
    return ", ".join(m.filename for m in members[:_SHOWN]) or "-"


def _copy(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, file: Path) -> None:
    with foreign(file, part=member.filename), packed.open(member) as there, target.open("wb") as here:
        shutil.copyfileobj(there, here)
