"""How true lengths are in a CRS where a study lies, and which zone fits."""

from __future__ import annotations

import numpy as np
import pytest

from quarterhour.io.zones import MOST_OFF, fitting_zones, own_zone, scale_off

WEIHAI = np.array([[122.10, 37.50], [122.16, 37.50], [122.13, 37.52], [122.10, 37.55], [122.16, 37.55]])


@pytest.mark.parametrize("crs", ["EPSG:32651", "EPSG:4550", "EPSG:4529", "+proj=utm +zone=51 +datum=WGS84 +units=m"])
def test_zones_in_use_are_true_enough(crs: str) -> None:
    assert scale_off(crs, WEIHAI) < MOST_OFF / 2


@pytest.mark.parametrize(
    ("crs", "off"),
    [
        ("EPSG:3857", 0.2612),  # Mercator: 1 / cos(latitude), on the ellipsoid
        ("EPSG:32650", 0.00216),
        ("EPSG:32652", 0.00417),
        ("EPSG:4547", 0.00640),  # the zone of 114 degrees east
        ("EPSG:6933", 0.092),  # equal areas, but lengths east and north differ
    ],
)
def test_a_crs_that_stretches_lengths_is_found_out(crs: str, off: float) -> None:
    assert scale_off(crs, WEIHAI) == pytest.approx(off, rel=0.02)


def test_a_mistyped_place_is_no_study_area() -> None:
    """Far off, swapped, in metres, or not there: the rest is judged, and alone they are nothing."""
    odd = [[22.10, 37.50], [37.50, 122.1], [400_000.0, 4_150_000.0], [np.nan, np.nan]]
    assert scale_off("EPSG:32651", np.vstack([WEIHAI, odd])) == scale_off("EPSG:32651", WEIHAI)
    assert scale_off("EPSG:32651", np.array(odd[2:])) == scale_off("EPSG:3857", np.empty((0, 2))) == 0
    assert scale_off("EPSG:32645", np.array([[43.8, 87.6], [43.82, 87.61]])) == 0  # Urumqi, latitude first


def test_the_zones_that_fit_are_those_of_utm_and_in_china_of_its_own_system() -> None:
    assert [z.code for z in fitting_zones(WEIHAI)] == ["EPSG:32651", "EPSG:4550"]
    liechtenstein, sydney = np.array([[9.52, 47.14]]), np.array([[151.2, -33.9]])
    assert [z.code for z in fitting_zones(liechtenstein)] == ["EPSG:32632"]
    assert [z.code for z in fitting_zones(sydney)] == ["EPSG:32756"]
    assert fitting_zones(np.empty((0, 2))) == () and own_zone(np.empty((0, 2))) is None
    assert str(own_zone(liechtenstein)) == "EPSG:32632 (WGS 84 / UTM zone 32N)"


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(75.99, 39.47), (87.6, 43.8), (91.1, 29.65), (102.0, 25.0), (108.0, 21.7), (110.3, 20.0), (114.06, 22.54),
     (120.0, 30.2), (122.13, 37.51), (126.0, 45.8), (131.9, 47.3)],
)  # fmt: skip
def test_every_city_of_china_has_a_zone_within_the_bound(lon: float, lat: float) -> None:
    """Where a zone of UTM ends, its own system takes over."""
    some = np.array([[lon - 0.5, lat - 0.3], [lon + 0.5, lat + 0.3], [lon, lat]])
    zones = fitting_zones(some)
    assert len(zones) == 2 and zones[1].off < MOST_OFF / 1.5
    zone = own_zone(some)
    assert zone is not None and zone.off <= MOST_OFF
    assert zone == (zones[0] if zones[0].off <= MOST_OFF else zones[1])
