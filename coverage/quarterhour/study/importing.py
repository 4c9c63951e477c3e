"""An office's form made a table that a study reads, with the lines for the study file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import numbers
from quarterhour.base.errors import DataError
from quarterhour.base.findings import no_findings
from quarterhour.io import files
from quarterhour.io.offices import ELDERLY, FORMS, TERRITORIAL, read_office
from quarterhour.io.offices.territorial import themes_in
from quarterhour.io.web_maps import to_wgs84

__all__ = ["FORMS", "Imported", "import_file"]


@dataclass(frozen=True, eq=False)
class Imported:
    """What came of a form: the file written (None: none was), its rows, what was told, and lines for the study."""

    path: Path | None
    rows: int
    findings: pd.DataFrame
    lines: tuple[str, ...]


def import_file(
    path: Path, form: str, *, out: Path | None = None, datum: str | None = None, lang: str = "zh", **how: Any
) -> Imported:
    """A file of one of ``FORMS`` as a CSV; layers of the territorial plan are not copied, only named.

    ``out``: without it, beside the file. ``datum``: whose map the coordinates were picked on; they are written as
    WGS 84. ``how``: sheet, encoding, header_row. DataError for an unknown form, and as ``offices.read_office``.
    """
    if form not in FORMS:
        raise DataError("offices.no_form", form=form, known=", ".join(FORMS))
    if form == TERRITORIAL:
        return Imported(None, 0, no_findings(), _layer_lines(path, lang))
    read = read_office(path, form, datum=datum, **how)
    frame = _on_wgs84(read.frame, datum)
    target = out or path.with_name(f"{path.stem}-{form}.csv")
    files.write_csv(target, frame, index=False)
    return Imported(target, len(frame), read.findings, _table_lines(target, form))


def _on_wgs84(frame: pd.DataFrame, datum: str | None) -> pd.DataFrame:
    if datum in (None, "wgs84") or not {"x", "y"} <= set(frame):
        return frame
    lon, lat = to_wgs84(numbers(frame["x"]).to_numpy(), numbers(frame["y"]).to_numpy(), datum=str(datum))
    return frame.assign(x=lon.round(7), y=lat.round(7))


def _table_lines(target: Path, form: str) -> tuple[str, ...]:
    if form == ELDERLY:
        return ("[[facilities]]", f'path = "{target.name}"', 'quality = "fact"')
    return ("[[tables]]", 'name = "return"', f'path = "{target.name}"', 'quality = "fact"')


def _layer_lines(path: Path, lang: str) -> tuple[str, ...]:
    themes = themes_in(path)
    if not any(themes.values()):
        raise DataError("offices.no_known_layer", file=str(path), found=", ".join(themes))
    several = len(themes) > 1
    lines: list[str] = []
    for layer, theme in themes.items():
        if not theme:
            lines += [i18n.say("offices.unknown_layer", lang, layer=" ".join(layer.split())), ""]
            continue
        named = [f'layer = "{layer}"'] if several else []
        lines += ["[[layers]]", f'name = "{theme}"', f'path = "{path.name}"', *named, f'format = "{TERRITORIAL}"', ""]
    return tuple(lines[:-1])
