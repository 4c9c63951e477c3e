"""Web-map coordinates: published points, there and back, and what is left alone."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from quarterhour.base.errors import DataError
from quarterhour.io import web_maps


def test_tiananmen_falls_where_the_published_shift_puts_it() -> None:
    # eviltransform and coordtransform agree on these to the digits given: 116.404, 39.915.
    lon, lat = web_maps.from_wgs84(116.404, 39.915, datum="gcj02")
    assert (lon, lat) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    lon, lat = web_maps.from_wgs84(116.404, 39.915, datum="bd09")
    assert (lon, lat) == pytest.approx((116.41662724378733, 39.922699552216216), abs=1e-9)


def test_the_shift_in_weihai_is_hundreds_of_metres() -> None:
    lon, lat = web_maps.from_wgs84(122.12, 37.51, datum="gcj02")
    metres = np.hypot((lon - 122.12) * 111_320 * np.cos(np.radians(37.51)), (lat - 37.51) * 111_000)
    assert 300 < metres < 700


INSIDE = {
    "Dandong": (124.394, 40.129), "Ji'an": (126.188, 41.125), "Changbai": (128.200, 41.419),
    "Tumen": (129.843, 42.968), "Hunchun": (130.366, 42.868), "Suifenhe": (131.151, 44.412),
    "Fuyuan": (134.300, 48.365), "Heihe": (127.499, 50.245), "Manzhouli": (117.432, 49.591),
    "Erenhot": (111.977, 43.653), "Khorgas": (80.411, 44.213), "Tashkurgan": (75.230, 37.770),
    "Yadong": (88.907, 27.485), "Ruili": (97.855, 24.013), "Jiegao": (97.874, 23.985),
    "Hekou": (103.961, 22.529), "Pingxiang": (106.766, 22.094), "Dongxing": (107.971, 21.5475),
    "Sanya": (109.510, 18.250), "Hong Kong": (114.165, 22.280), "Macao": (113.549, 22.190),
    "Xiamen": (118.090, 24.480), "Shengsi": (122.450, 30.730), "Changdao": (120.737, 37.920),
    "Weihai": (122.120, 37.510), "Liugong Island": (122.185, 37.505),
}  # fmt: skip
OUTSIDE = {
    "Sinuiju": (124.398, 40.1006), "Manpo": (126.300, 41.155), "Hyesan": (128.178, 41.401),
    "Namyang": (129.853, 42.951), "Pyongyang": (125.754, 39.030), "Seoul": (126.978, 37.566),
    "Jeju": (126.530, 33.500), "Fukuoka": (130.400, 33.590), "Vladivostok": (131.885, 43.115),
    "Khabarovsk": (135.070, 48.480), "Blagoveshchensk": (127.527, 50.2577), "Zabaykalsk": (117.328, 49.652),
    "Zamyn-Uud": (111.907, 43.715), "Ulaanbaatar": (106.917, 47.920), "Almaty": (76.940, 43.240),
    "Kathmandu": (85.320, 27.710), "Thimphu": (89.640, 27.470), "Gangtok": (88.610, 27.330),
    "Muse": (97.905, 23.979), "Lao Cai": (103.971, 22.486), "Lang Son": (106.757, 21.853),
    "Mong Cai": (107.966, 21.528), "Hanoi": (105.850, 21.030), "Taipei": (121.560, 25.030),
    "Kinmen": (118.317, 24.432), "Manila": (120.980, 14.600), "Helsinki": (24.940, 60.170),
}  # fmt: skip
"""Towns on both sides of the border, as near to it as towns are; degrees of WGS 84, to about a street."""
BY_THE_RIVER = {"Namyang": ("gcj02", "bd09"), "Blagoveshchensk": ("bd09",)}
"""Within the shift of the border: the map shows a place across the river at the same degrees, and that one is meant."""
METRES = 111_320.0


@pytest.mark.parametrize("town", INSIDE)
def test_towns_of_china_are_shifted(town: str) -> None:
    (lon, lat), there = INSIDE[town], web_maps.from_wgs84(*INSIDE[town], datum="gcj02")
    east, north = (there[0] - lon) * METRES * np.cos(np.radians(lat)), (there[1] - lat) * METRES
    assert 100 < np.hypot(east, north) < 1000
    assert web_maps.to_wgs84(*there, datum="gcj02") == pytest.approx((lon, lat), abs=1e-8)


@pytest.mark.parametrize("town", OUTSIDE)
def test_towns_across_the_border_are_not_shifted(town: str) -> None:
    for datum in ("gcj02", "bd09"):
        assert web_maps.from_wgs84(*OUTSIDE[town], datum=datum) == OUTSIDE[town]
        if datum not in BY_THE_RIVER.get(town, ()):
            assert web_maps.to_wgs84(*OUTSIDE[town], datum=datum) == OUTSIDE[town]


def test_the_border_tells_its_source_and_its_licence() -> None:
    text = (resources.files("quarterhour") / "data" / "web_map_border.geojson").read_text(encoding="utf-8")
    told = json.loads(text)["features"][0]["properties"]
    assert {"source", "date", "scope", "licence"} <= set(told)


def _scattered(count: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(12)
    return chance.uniform(73, 135.5, count), chance.uniform(17, 54, count)


def _off_m(lon: np.ndarray, lat: np.ndarray, back: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.hypot((back[0] - lon) * METRES * np.cos(np.radians(lat)), (back[1] - lat) * METRES)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("count", [40_000, pytest.param(2_500_000, marks=pytest.mark.slow)])
def test_there_and_back_is_within_a_centimetre_in_china_and_untouched_outside(datum: str, count: int) -> None:
    lon, lat = _scattered(count)
    china = web_maps.shifted_there(lon, lat)
    assert china.sum() > 0.4 * count  # a million of them in the slow run
    there = web_maps.from_wgs84(lon, lat, datum=datum)
    back = web_maps.to_wgs84(*there, datum=datum)
    assert _off_m(lon, lat, back)[china].max() < 0.01
    assert (there[0][~china] == lon[~china]).all() and (there[1][~china] == lat[~china]).all()
    # within a kilometre or two of the border a place abroad looks like one in China
    moved = ~china & (_off_m(lon, lat, back) > 0)
    assert moved.sum() < 0.003 * count
    assert _off_m(lon, lat, back)[moved].max() < 2000


def test_outside_china_nothing_moves_and_nan_stays() -> None:
    lon, lat = web_maps.to_wgs84([24.94, np.nan, 122.0], [60.17, 37.0, np.nan], datum="gcj02")
    assert (lon[0], lat[0]) == (24.94, 60.17)
    assert np.isnan(lon[1]) and np.isnan(lat[2])


def test_nothing_in_gives_nothing_out_and_the_input_is_not_touched() -> None:
    assert web_maps.to_wgs84([], [], datum="bd09")[0].shape == (0,)
    lon = np.array([122.0])
    web_maps.to_wgs84(lon, np.array([37.0]), datum="bd09")
    assert lon[0] == 122.0


def test_an_unknown_datum_names_the_known_ones() -> None:
    with pytest.raises(DataError, match="Amap and Tencent: gcj02") as caught:
        web_maps.to_wgs84(122, 37, datum="amap")
    assert "高德" in caught.value.sentence("zh")
    with pytest.raises(DataError, match="same shape"):
        web_maps.to_wgs84([1, 2], [1], datum="gcj02")
