"""Which projected CRS gives true lengths where a study lies, and by how much another is out.

Degrees are WGS 84, longitude first. A scale of 1 is true; UTM is 0.9996 in the middle of a zone and 1.001 at its edges,
a Gauss-Kruger zone of three degrees 1 to 1.0004; Web Mercator is 1.26 at the latitude of Weihai.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info, query_utm_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import ProjError

from quarterhour.base.arrays import FloatArray
from quarterhour.base.planar import stretch

MOST_OFF = 0.001
"""Lengths may be out of true by this share of them: what UTM itself is at the edges of a zone."""
_CHINA = "CGCS2000 / 3-degree Gauss-Kruger CM"
"""The zones of China's own system whose eastings carry no number of the zone, as PROJ names them."""
_NEAR_DEGREES = 1.0
_FAR_SPREADS = 10
_MARGIN_DEGREES = 3.0


@dataclass(frozen=True, slots=True)
class Zone:
    """A projected CRS for a place: its code and name, and by what share lengths there are out of true."""

    code: str
    name: str
    off: float

    def __str__(self) -> str:
        return f"{self.code} ({self.name})"


def scale_off(crs: object, lonlat: FloatArray) -> float:
    """By what share a length may be out of true: the worst of five places of the extent, in any direction.

    0 where there is no place to look at, or PROJ has no factors for this kind of CRS; infinite where the CRS has no
    coordinates for one of them.
    """
    known = CRS.from_user_input(crs)
    spots = _five(study_area(_as_meant(lonlat, known)))
    if not len(spots):
        return 0.0
    try:
        return stretch(known, spots[:, 0], spots[:, 1])
    except ProjError:
        return 0.0


def fitting_zones(lonlat: FloatArray) -> tuple[Zone, ...]:
    """The zones of UTM, and in China of CGCS2000, around the middle of some places; the truest of each first."""
    area = study_area(lonlat)
    if not len(area):
        return ()
    lon, lat = (float(middle) for middle in np.median(area, axis=0))
    here = AreaOfInterest(lon, lat, lon, lat)
    utm = query_utm_crs_info(datum_name="WGS 84", area_of_interest=here, contains=True)
    every = query_crs_info(auth_name="EPSG", pj_types=PJType.PROJECTED_CRS, area_of_interest=here, contains=True)
    china = [one for one in every if one.name.startswith(_CHINA)]
    found = [_truest([_zone(f"EPSG:{i.code}", i.name, area) for i in some]) for some in (utm, china)]
    return tuple(zone for zone in found if zone is not None)


def own_zone(lonlat: FloatArray) -> Zone | None:
    """The zone that a study takes which names no CRS: of UTM if that is true enough; None where no place has one."""
    zones = fitting_zones(lonlat)
    return next((zone for zone in zones if zone.off <= MOST_OFF), _truest(list(zones)))


def _zone(code: str, name: str, area: FloatArray) -> Zone:
    return Zone(code, name, scale_off(code, area))


def _truest(zones: list[Zone]) -> Zone | None:
    return min(zones, key=lambda zone: (zone.off, zone.code), default=None)


def study_area(lonlat: FloatArray) -> FloatArray:
    """The places that can be degrees and do not lie far from the rest: one typing error is no study area."""
    good = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat[:, 0]) <= 180) & (np.abs(lonlat[:, 1]) <= 90)
    some = lonlat[good]
    if not len(some):
        return some
    away = np.abs(some - np.median(some, axis=0))
    near = np.maximum(_FAR_SPREADS * np.median(away, axis=0), _NEAR_DEGREES)
    kept: FloatArray = some[(away <= near).all(axis=1)]
    return kept


def _as_meant(lonlat: FloatArray, crs: CRS) -> FloatArray:
    """Without places that lie in the area of the CRS once x and y change places: their rows are told as swapped."""
    area = crs.area_of_use
    if area is None or not len(lonlat):
        return lonlat
    low = np.array([area.west, area.south]) - _MARGIN_DEGREES
    high = np.array([area.east, area.north]) + _MARGIN_DEGREES
    here, swapped = (((xy >= low) & (xy <= high)).all(axis=1) for xy in (lonlat, lonlat[:, ::-1]))
    kept: FloatArray = lonlat[here | ~swapped]
    return kept


def _five(area: FloatArray) -> FloatArray:
    """The place in the middle, and the outermost in the west, east, south and north."""
    if not len(area):
        return area
    middle = int(np.abs(area - np.median(area, axis=0)).sum(axis=1).argmin())
    outer = [int(find(area[:, axis])) for axis in (0, 1) for find in (np.argmin, np.argmax)]
    five: FloatArray = area[[middle, *outer]]
    return five
