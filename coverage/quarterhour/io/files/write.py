"""Writing so that a crash leaves the old file or the new one."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from quarterhour.base.errors import DataError, WriteError
from quarterhour.io.files.header import NUMBERLIKE, is_texty
from quarterhour.io.geopackage import LayerDress, dress_layers

FIXED_DATE = "2000-01-01T00:00:00Z"
"""Written into GeoPackages in place of the clock, so that the same study gives the same bytes."""
_DBF_NAME = 10
"""Letters of a shapefile's column name."""


@contextlib.contextmanager
def growing_folder(home: Path, name: str) -> Iterator[Path]:
    """A hidden folder in ``home`` where files grow before they take their places; gone at the end, whatever happened.

    ``name``: of what grows there. WriteError at once where the home cannot be made or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=home))
    except OSError as error:
        raise WriteError("files.cannot_write", file=str(home / name), detail=str(error)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A path to write to; the target is replaced at the end, whole, or stays as it was.

    The file grows in a hidden folder beside the target, is flushed to the disk and moved. When
    somebody holds the target (Excel, QGIS on Windows) the result stays as ``name.new``: WriteError.
    """
    target = Path(path)
    with growing_folder(target.parent, target.name) as folder:
        growing = folder / target.name
        yield growing
        flush(growing)
        take_place(growing, target)
        flush(target.parent)


@contextlib.contextmanager
def together(folder: str | Path) -> Iterator[Path]:
    """A hidden folder to write several files into, also into folders in it; at the end all move into ``folder``.

    Nothing moves when the writing is cut short. A file that somebody holds stays as ``name.new``
    while the others move; WriteError names it at the end. WriteError at once where the folder
    cannot be made or written. A process that dies between the moves leaves some of them undone: ``io.sets`` is for
    files that must be of one run.
    """
    target = Path(folder)
    with growing_folder(target, "growing") as growing:
        yield growing
        grown = sorted(path for path in growing.rglob("*") if path.is_file())
        moved = [_moved(path, target / path.relative_to(growing)) for path in grown]
        flush(target)
        for held in filter(None, moved):
            raise held


def _moved(path: Path, target: Path) -> WriteError | None:
    try:
        flush(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        take_place(path, target)
    except FileExistsError as error:  # a file stands where the folder of it is to be
        return WriteError("files.cannot_write", file=str(target.parent), detail=str(error))
    except WriteError as error:
        return error
    return None


def take_place(growing: Path, target: Path) -> None:
    """Move a whole file or folder over its target in one step; where somebody holds that, beside it: WriteError."""
    if target.is_dir() and not growing.is_dir():
        raise WriteError("files.is_folder", file=str(target))
    try:
        os.replace(growing, target)  # noqa: PTH105 - the one call that every system makes in one step
    except OSError as error:
        aside = target.with_name(f"{target.name}.new")
        try:
            growing.replace(aside)
        except OSError:
            raise WriteError("files.cannot_write", file=str(target), detail=str(error)) from error
        raise WriteError("files.held", file=str(target), kept=str(aside)) from error


def flush(path: Path) -> None:
    """What is written of a file, or which names a folder has, is on the disk when this returns."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: str | Path, text: str) -> None:
    """Text as UTF-8 with plain line ends, whole or not at all."""
    with atomic(path) as growing:
        growing.write_text(text, encoding="utf-8", newline="\n")


def write_csv(path: str | Path, frame: pd.DataFrame, *, index: bool = True) -> None:
    """A table as CSV that Excel opens in Chinese (UTF-8 with a mark), whole or not at all.

    Text that Excel would run as a formula (=, +, -, @ in front, and no number) gets a ' in front.
    """
    safe = frame.reset_index() if index else frame.copy()
    for column in safe.columns:
        if is_texty(safe[column]):
            safe[column] = safe[column].map(_unarmed)
    with atomic(path) as growing:
        safe.to_csv(growing, index=False, encoding="utf-8-sig", lineterminator="\n")


def _unarmed(value: Any) -> Any:
    armed = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if armed and not NUMBERLIKE.fullmatch(value) else value


def write_layers(
    path: str | Path, layers: Mapping[str, gpd.GeoDataFrame], *, dresses: Mapping[str, LayerDress] | None = None
) -> None:
    """Layers as one GeoPackage, the same bytes from the same layers, whole or not at all.

    A named index becomes a column. ``dresses``: by layer what it and its columns are called, and its style in QGIS.
    DataError for another suffix or for no layers.
    """
    if Path(path).suffix.lower() != ".gpkg" or not layers:
        raise DataError("files.not_gpkg", file=str(path), layers=", ".join(layers))
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    with atomic(path) as growing:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
        try:
            for name, frame in layers.items():
                whole = frame.reset_index(drop=frame.index.name is None)
                pyogrio.write_dataframe(whole, growing, layer=name, driver="GPKG")
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        if dresses:
            dress_layers(growing, dresses, day=FIXED_DATE)


def write_shapefiles(folder: str | Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Layers as shapefiles in UTF-8 in a folder that is there, the same bytes from the same layers.

    Names of columns have at most ten letters, as the format asks: DataError for a longer one.
    """
    for name, frame in layers.items():
        long = [c for c in frame.columns if len(str(c)) > _DBF_NAME and c != frame.geometry.name]
        if long:
            raise DataError("files.long_column", file=f"{name}.shp", columns=", ".join(map(str, long)))
        pyogrio.write_dataframe(
            frame.reset_index(drop=True), Path(folder) / f"{name}.shp", driver="ESRI Shapefile", encoding="UTF-8",
            DBF_DATE_LAST_UPDATE=FIXED_DATE[:10],
        )  # fmt: skip
