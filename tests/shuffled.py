"""A study's folder with the rows of every file in another order, and what two results folders do not share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np

ROWS = {".csv", ".geojson", ".parquet"}
"""Kinds of files whose rows are put in another order; all others are copied."""


def shuffle_study(folder: Path, into: Path, *, seed: int) -> Path:
    """A copy of a study's folder, every table, layer and road of it in an order drawn by the seed."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        copy = into / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shuffle_file(path, copy, seed=seed)
    return into


def shuffle_file(path: Path, copy: Path, *, seed: int) -> None:
    """One file, its rows in another order where it has rows."""
    if path.suffix == ".csv":
        copy.write_bytes(_csv(path.read_bytes(), seed))
    elif path.suffix == ".geojson":
        held = json.loads(path.read_text(encoding="utf-8"))
        held["features"] = [held["features"][i] for i in _order(len(held["features"]), seed)]
        copy.write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
    elif path.suffix == ".parquet":
        table = gpd.read_parquet(path)
        table.iloc[_order(len(table), seed)].reset_index(drop=True).to_parquet(copy)
    else:
        shutil.copyfile(path, copy)


def _csv(raw: bytes, seed: int) -> bytes:
    """Lines in another order below the heading; no cell of these files holds a line break."""
    heading, *rows = raw.splitlines(keepends=True)
    rows = [row if row.endswith(b"\n") else row + b"\n" for row in rows]
    return heading + b"".join(rows[i] for i in _order(len(rows), seed))


def _order(count: int, seed: int) -> list[int]:
    return [int(i) for i in np.random.default_rng([seed, count]).permutation(count)]


def other_files(one: Path, other: Path) -> list[str]:
    """The files of two results folders whose bytes differ, or that only one has; the manifest tells of its inputs."""
    names = {p.relative_to(f).as_posix() for f in (one, other) for p in f.rglob("*") if p.is_file()}
    return sorted(n for n in names - {"manifest.json"} if not _same(one / n, other / n))


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()
