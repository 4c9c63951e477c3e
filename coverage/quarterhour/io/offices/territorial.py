"""Layers of the territorial plan: what they are by the name of the layer or the file, and what may be shown of them.

They are secret at full precision. Here they keep no attribute but what says which rule they are; ``coarse`` is what a
picture may be cut by. Source of the names: ``data/office_forms.toml``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding, in_both, join_findings
from quarterhour.io import files
from quarterhour.io.files.header import Table
from quarterhour.io.offices.forms import form_facts

FORM = "territorial-plan"
COARSE_M = 100.0
"""What is written of a secret layer is no nearer the truth than this."""
_PARTS = re.compile(r"[^A-Z0-9\u4e00-\u9fff]+")
_DIGITS = re.compile(r"\d+")


def theme_of(*names: str) -> str:
    """The theme of a layer by its name or its file's (STBHHX_371002, 2023年生态保护红线); "" where none is meant.

    The longest name that is found counts; a code must stand alone between marks and digits.
    """
    best: tuple[int, str] = (0, "")
    for theme, said in form_facts()[FORM]["themes"].items():
        for given in names:
            codes = {part for p in _PARTS.split(given.upper()) for part in (p, *_DIGITS.split(p)) if part}
            found = [n for n in said["names"] if n in given] + [c for c in said["codes"] if c in codes]
            best = max(best, *((len(f.encode()), theme) for f in found)) if found else best
    return best[1]


def theme_name(theme: str, lang: str) -> str:
    """What a theme is called."""
    return str(form_facts()[FORM]["themes"][theme][lang])


def themed(read: Table) -> Table:
    """A layer of a plan with its shapes, ``theme`` and ``name`` alone; what was recognised, and what was not, told.

    DataError for a layer that has no outlines or lines, and for one that no theme is known of: neither by the layer's
    name nor by its file's.
    """
    if not isinstance(read.frame, gpd.GeoDataFrame):
        raise DataError("files.no_geometry", file=read.file, found=", ".join(map(str, read.frame.columns)))
    theme = theme_of(read.sheet, Path(read.file).name.partition(".")[0])
    if not theme:
        themes = form_facts()[FORM]["themes"].values()
        known = {lang: ", ".join(f"{t[lang]} ({t['codes'][0]})" for t in themes) for lang in ("zh", "en")}
        raise DataError("offices.no_theme", file=read.file, layer=read.sheet or "-", known=known)
    shapes = read.frame.geometry
    frame = gpd.GeoDataFrame({"theme": theme, "name": theme_name(theme, "zh")}, index=read.frame.index, geometry=shapes)
    return replace(read, frame=frame, findings=join_findings([read.findings, *_told(read, theme)]))


def _told(read: Table, theme: str) -> list[Any]:
    at: dict[str, Any] = {"table": "", "file": read.file, "sheet": read.sheet}
    columns = [str(c) for c in read.frame.columns if c != read.frame.geometry.name]
    own = [c for c in form_facts()[FORM]["columns"] if c in {x.upper() for x in columns}]
    known = in_both(theme_name(theme, "zh"), theme_name(theme, "en"))
    told = [finding("offices.theme", severity="note", value=known, detail=", ".join(own) or "-", **at)]
    if not own:
        there = ", ".join(columns) or "-"
        told.append(finding("offices.theme_no_columns", severity="warning", value=known, detail=there, **at))
    return told


def themes_in(path: Path) -> dict[str, str]:
    """The layers of a file and the theme of each, "" where none is known; of a file with one layer its own name."""
    names = files.layer_names(path)
    alone = len(names) == 1
    return {name: theme_of(name, *([path.name.partition(".")[0]] if alone else [])) for name in names}


def coarse(shapes: gpd.GeoSeries, *, metres: float = COARSE_M) -> gpd.GeoSeries:
    """Shapes in metres on a grid of so many metres: what may be written of a secret layer."""
    there = shapes[~(shapes.isna() | shapes.is_empty)]
    snapped = shapely.set_precision(shapely.simplify(there.to_numpy(), metres), metres)
    return gpd.GeoSeries(snapped, index=there.index, crs=shapes.crs)


def coarse_distance(metres: float, *, step: float = COARSE_M) -> float:
    """A distance to a secret layer as it may be written: rounded down to whole steps."""
    return float(np.floor(metres / step) * step)
