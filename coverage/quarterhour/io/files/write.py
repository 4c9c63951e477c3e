"""Writing so that a crash leaves the old file or the new one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from quarterhour.base.errors import DataError, QuarterhourError, WriteError
from quarterhour.base.escape import sql_name
from quarterhour.base.machine import machine_kind, write_error
from quarterhour.base.machine.scratch import scratch_folder
from quarterhour.io.files.text import unarmed
from quarterhour.io.geopackage import LayerDress, dress_layers

FIXED_DATE = "2000-01-01T00:00:00Z"
"""Written into GeoPackages in place of the clock, so that the same study gives the same bytes."""
_DBF_NAME = 10
"""Letters of a shapefile's column name."""


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A path to write to; the target is replaced at the end, whole, or stays as it was.

    The file grows in a hidden folder beside the target, is flushed to the disk and moved. When
    somebody holds the target (Excel, QGIS on Windows) the result stays as ``name.new``: WriteError.
    """
    target = Path(path)
    with told(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target.parent, target.name) as folder:
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
    with told(target):
        target.mkdir(parents=True, exist_ok=True)
        with scratch_folder(target, "growing") as growing:
            with named(growing, target):
                yield growing
            grown = sorted(path for path in growing.rglob("*") if path.is_file())
            moved = [_moved(path, target / path.relative_to(growing)) for path in grown]
            flush(target)
            for held in filter(None, moved):
                raise held


@contextlib.contextmanager
def told(target: Path) -> Iterator[None]:
    """Whatever the machine refuses while ``target`` is written, in a library too, is told as WriteError."""
    try:
        yield
    except QuarterhourError:
        raise
    except Exception as error:
        told = write_error(error, target)
        if told is None:
            raise
        raise told from error


@contextlib.contextmanager
def named(growing: Path, target: Path) -> Iterator[None]:
    """An error about a file that grows names the place where it was to stand."""
    try:
        yield
    except WriteError as error:
        file = Path(str(error.values.get("file", "")))
        if growing not in file.parents:
            raise
        raise WriteError(error.key, **{**error.values, "file": str(target / file.relative_to(growing))}) from error


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
        if machine_kind(error):
            raise
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

    Text that Excel would run as a formula gets a ' in front, and the table then a last column that says so: ``text``
    has the rule, and reads back what was here.
    """
    with atomic(path) as growing:
        unarmed(frame.reset_index() if index else frame).to_csv(
            growing, index=False, encoding="utf-8-sig", lineterminator="\n"
        )


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
        _check_layers(growing, layers, Path(path))
        if dresses:
            dress_layers(growing, dresses, day=FIXED_DATE)


def _check_layers(growing: Path, layers: Mapping[str, gpd.GeoDataFrame], target: Path) -> None:
    """GDAL leaves the spatial index out where the disk is full, without a word."""
    with contextlib.closing(sqlite3.connect(f"{growing.absolute().as_uri()}?mode=ro", uri=True)) as base:
        there = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
        rows = {name: base.execute(f"SELECT count(*) FROM {sql_name(name)}").fetchone()[0] for name in layers}
    short = [
        name
        for name, frame in layers.items()
        if rows[name] != len(frame) or (not _is_shapeless(frame) and f"rtree_{name}_geom" not in there)
    ]
    if short:
        raise WriteError("files.layers_cut", file=str(target), layers=", ".join(short))


def _is_shapeless(frame: gpd.GeoDataFrame) -> bool:
    return not isinstance(frame, gpd.GeoDataFrame) or bool((frame.geometry.isna() | frame.geometry.is_empty).all())


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
