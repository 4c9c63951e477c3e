"""Lines and areas with fewer corners, as a map of a whole city is drawn.

Each line and each ring is simplified by itself. Handed over in one piece, every one of them is looked at against every
other (so that they do not come to cross), and a city of tens of thousands of streets, islands or blocks never ends.
What lies within the tolerance of a neighbour may therefore touch it: these are pictures, and nothing is read from them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Shapes = npt.NDArray[np.object_]
_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def thin_lines(lines: Shapes, tolerance: float) -> Shapes:
    """Lines of which one merely goes on as the next are joined; then each is simplified."""
    joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    whole = shapely.normalize(shapely.multilinestrings(shapely.simplify(joined, tolerance)))
    thin: Shapes = shapely.get_parts(whole)
    return thin


def thin_areas(shapes: Any, tolerance: float) -> Shapes:
    """Polygons simplified ring by ring, none lost; what is no polygon stays as it is."""
    thin: Shapes = np.array(shapes, dtype=object)
    areas = np.flatnonzero(np.isin(shapely.get_type_id(thin), _AREAS) & ~shapely.is_empty(thin))
    parts, owner = shapely.get_parts(thin[areas], return_index=True)
    drawn = ~shapely.is_empty(parts)
    rings, part = shapely.get_rings(parts[drawn], return_index=True)
    whole = shapely.polygons(shapely.simplify(rings, tolerance), indices=part)
    several = np.bincount(owner[drawn], minlength=len(areas)) > 1
    thin[areas[several]] = shapely.multipolygons(whole, indices=owner[drawn])[several]
    thin[areas[~several]] = whole[~several[owner[drawn]]]
    return thin
