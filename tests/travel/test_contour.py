"""The filled line round a field, against contourpy and against counting cells."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from quarterhour.travel.ground.contour import ground_below
from repeatable import examples

FAR = np.float32(9.0)


def rimmed(inner: np.ndarray) -> np.ndarray:
    """Squares of distances with a rim beyond every radius."""
    return np.pad(inner.astype(np.float32), 1, constant_values=FAR)


def below(field: np.ndarray, radius: float, **changes: object) -> shapely.MultiPolygon:
    rows, columns = field.shape
    asked = {"origin": (0, 0), "cell": 1.0, "box": (0, columns, 0, rows)} | changes
    return ground_below(field, radius, **asked)


def by_contourpy(field: np.ndarray, radius: float) -> shapely.Geometry:
    contourpy = pytest.importorskip("contourpy")
    level = float(
        np.sqrt((np.float64(np.float32(radius**2)) + np.nextafter(np.float32(radius**2), np.float32(99))) / 2)
    )
    made = contourpy.contour_generator(z=np.sqrt(field.astype(float)), fill_type="ChunkCombinedOffsetOffset")
    points, rings, shells = (part[0] for part in made.filled(-1.0, level))
    if points is None:
        return shapely.MultiPolygon()
    return shapely.multipolygons(shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (rings, shells)))


def test_one_low_node_is_a_diamond_and_a_high_one_in_low_ground_a_hole() -> None:
    spot = below(rimmed(np.array([[0]])), 1.5)
    corners = [(0.5, 1), (1, 0.5), (1.5, 1), (1, 1.5)]
    assert spot.equals_exact(shapely.MultiPolygon([shapely.Polygon(corners)]), 1e-6, normalize=True)
    ring = np.zeros((3, 3))
    ring[1, 1] = FAR
    shape = below(rimmed(ring), 1.5)
    assert len(shape.geoms) == 1 and len(shape.geoms[0].interiors) == 1
    assert not shape.contains(shapely.Point(2, 2)) and shape.contains(shapely.Point(1, 1))


def test_an_island_in_a_hole_is_a_polygon_of_its_own() -> None:
    field = np.zeros((7, 7))
    field[1:6, 1:6] = FAR
    field[3, 3] = 0
    shape = below(rimmed(field), 1.5)
    assert sorted(len(p.interiors) for p in shape.geoms) == [0, 1] and shape.is_valid


def test_of_two_low_corners_across_the_middle_says_whether_they_join() -> None:
    apart, joined = (rimmed(np.array([[0, high], [high, 0]])) for high in (8.9, 2.3))
    assert len(below(apart, 1.4).geoms) == 2 and len(below(joined, 1.4).geoms) == 1


def test_nothing_low_is_an_empty_picture() -> None:
    assert below(rimmed(np.full((3, 3), 9.0)), 1.5).is_empty


def test_the_box_and_the_origin_place_the_picture() -> None:
    field = np.full((9, 12), FAR, np.float32)
    field[2:5, 3:6] = 0
    field[6, 9] = 0
    whole = below(field, 1.5)
    part = below(field, 1.5, box=(1, 8, 0, 7), origin=(100, 50), cell=20.0)
    assert len(whole.geoms) == 2
    assert part.bounds == pytest.approx([(102.5) * 20, (51.5) * 20, (105.5) * 20, (54.5) * 20], abs=1e-3)


fields = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays.arrays(np.float32, shape, elements=st.floats(0, 9, width=32))
)


@examples(300)
@given(fields, st.sampled_from([0.5, 1.5, 2.0, 2.9]))
def test_any_field_gives_the_ground_that_contourpy_gives(inner: np.ndarray, radius: float) -> None:
    field = rimmed(inner)
    shape, other = below(field, radius), by_contourpy(field, radius)
    assert shape.is_valid and isinstance(shape, shapely.MultiPolygon)
    assert shape.symmetric_difference(other).area < 1e-6
    assert len(shape.geoms) == len(shapely.get_parts(other))
    holes = [sum(len(p.interiors) for p in shapely.get_parts(made)) for made in (shape, other)]
    assert holes[0] == holes[1]


@examples(100)
@given(fields, st.data())
def test_a_lower_field_holds_more_ground(inner: np.ndarray, data: st.DataObject) -> None:
    lower = inner * data.draw(arrays.arrays(np.float32, inner.shape, elements=st.floats(0, 1, width=32)))
    assert below(rimmed(inner), 1.5).difference(below(rimmed(lower), 1.5)).area < 1e-6
