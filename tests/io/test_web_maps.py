"""Web-map coordinates: published points, there and back, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError
from quarterhour.io import web_maps
from repeatable import examples


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


@examples(60)
@given(st.floats(75, 134), st.floats(4, 53), st.sampled_from(["gcj02", "bd09"]))
def test_there_and_back_is_where_we_were(lon: float, lat: float, name: str) -> None:
    back = web_maps.to_wgs84(*web_maps.from_wgs84(lon, lat, datum=name), datum=name)
    assert back == pytest.approx((lon, lat), abs=2e-9)


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
