"""Opening an OSM file, and the metres that its degrees become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import osmium
from pyproj import CRS, Transformer

from quarterhour.base.arrays import FloatArray
from quarterhour.base.errors import DataError, MissingError
from quarterhour.base.foreign import foreign
from quarterhour.io.osm.size import check_size

_T = TypeVar("_T")
Box: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def existing(path: str | Path) -> Path:
    """The path of a file that is there and not too large unpacked; MissingError, DataError otherwise."""
    file = Path(path)
    if not file.is_file():
        raise MissingError("osm.missing", file=str(path))
    check_size(file)
    return file


def as_data_errors(file: Path, read: Callable[[], _T]) -> _T:
    """What was read, object by object; the library's complaint as a DataError (``base.foreign``)."""
    with foreign(file.name, key="osm.broken", mixed=True):
        return read()


def metres_of(crs: object) -> CRS:
    """A projected CRS in metres; DataError for any other."""
    known = CRS.from_user_input(crs)
    if not known.is_projected or known.axis_info[0].unit_name != "metre":
        raise DataError("places.not_metres", crs=known.to_string())
    return known


def project(lonlat: FloatArray, metres: CRS) -> FloatArray:
    """Degrees (n x 2) as metres."""
    x, y = Transformer.from_crs(4326, metres, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack([x, y])


def in_box(x: float, y: float, box: Box) -> bool:
    """Whether a place lies in a box, its border counted."""
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def box_text(box: Box) -> str:
    """A box as it stands in a message: west to east, south to north."""
    west, south, east, north = box
    return f"{west:.2f} – {east:.2f}, {south:.2f} – {north:.2f}"


def corners_of(bbox: Box) -> list[tuple[float, float]]:
    """The four corners of west, south, east, north."""
    west, south, east, north = bbox
    return [(west, south), (east, south), (east, north), (west, north)]


def short(why: object) -> str:
    """A complaint on one line."""
    return " ".join(str(why).split())[:160]


def stream(file: Path, entities: Any, keys: Sequence[str], *, others: Any = None) -> Any:
    """OSM objects that carry one of the keys, ways with the places of their nodes; ``others`` is called with the rest,
    each in its turn: by its method ``way``."""
    processor = osmium.FileProcessor(str(file), entities).with_locations().with_filter(osmium.filter.KeyFilter(*keys))
    return processor if others is None else processor.handler_for_filtered(others)
