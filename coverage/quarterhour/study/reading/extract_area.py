"""Which part of an OSM extract a study needs: as it says, or the ground around its communities.

Without a word the part is the box around the communities and as far beyond as the study's longest way at its fastest
(``study/reading/reach``), but 20 km at least: no road outside can be on a way that any of its questions looks at, so
its figures are those of the whole extract. Pictures of the ground may end where the part does.
"""

from __future__ import annotations

import geopandas as gpd
import shapely

from quarterhour.io.osm import Box
from quarterhour.study.file.study import StudyFile

LEAST_MARGIN_M = 20_000.0
"""Beyond the communities in any case: what is near a city, though no question of the study asks for it."""
_STEP_M = 5_000.0


def stated_area(file: StudyFile) -> Box | None:
    """The box that the study names; None where it names none."""
    return file.roads.area if isinstance(file.roads.area, tuple) else None


def area_around(file: StudyFile, communities: gpd.GeoDataFrame, *, farthest_m: float) -> Box | None:
    """The box that the study names, else that around its communities; None where all of the extract is asked for."""
    if file.roads.area is not None or communities.empty:
        return stated_area(file)
    ground = shapely.box(*communities.total_bounds).buffer(max(farthest_m, LEAST_MARGIN_M), join_style="mitre")
    border = gpd.GeoSeries([shapely.segmentize(ground, _STEP_M)], crs=communities.crs)  # bent in degrees
    west, south, east, north = border.to_crs("EPSG:4326").total_bounds
    return float(west), float(south), float(east), float(north)
