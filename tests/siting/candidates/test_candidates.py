"""Candidates: where they come from, which are too near to what, and that none goes without a word."""

from __future__ import annotations

from unittest.mock import Mock

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from quarterhour.base.areas import with_areas
from quarterhour.base.errors import DataError
from quarterhour.network.network import Network
from quarterhour.siting.candidates.generate import (
    candidates_from_communities,
    candidates_from_network,
    exclude_near,
    no_ledger,
)
from repeatable import examples

CRS = "EPSG:32651"


def _places(points, *, prefix="p", **columns):
    ids = pd.Index([f"{prefix}{k}" for k in range(len(points))], name="id", dtype="str")
    filled = {"name": list(ids), "town": "", "county": "", "quality": "fact", "source": "test", **columns}
    return gpd.GeoDataFrame(filled, index=ids, geometry=[p if p is None else Point(p) for p in points], crs=CRS)


def _layer(shapes, **kwargs):
    ids = pd.Index([f"w{k}" for k in range(len(shapes))], dtype="str")
    return gpd.GeoDataFrame(index=ids, geometry=list(shapes), crs=kwargs.get("crs", CRS))


def _network(x, y, component=None):
    parts = np.zeros(len(x), dtype=np.int32) if component is None else np.array(component)
    return Mock(spec=Network, x=np.array(x, dtype=float), y=np.array(y, dtype=float), component=parts, crs=CRS)


# --- exclusion ---


def test_exactly_the_distance_stays_and_a_metre_less_goes():
    kept, ledger = exclude_near(
        _places([(0, 0), (1, 0)]), _layer([Point(500, 0)]), metres=500, rule="homes", clause="第1条"
    )
    assert list(kept.index) == ["p0"]
    assert ledger.to_dict("records") == [
        {
            "candidate": "p1",
            "rule": "homes",
            "distance_m": 499.0,
            "required_m": 500.0,
            "clause": "第1条",
            "nearest": "w0",
        }
    ]


def test_inside_water_goes_even_at_no_distance():
    candidates = _places([(5, 5), (10, 5), (10.001, 5)])
    kept, ledger = exclude_near(candidates, _layer([box(0, 0, 10, 10)]), metres=0, rule="water")
    assert list(kept.index) == ["p2"]
    assert ledger["distance_m"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("height", [np.nan, 40.0])
def test_heights_of_a_layer_play_no_part(height, raised):
    """Water 3 m off the first of two, in degrees."""
    pond = _layer([box(400_003, 4_150_000, 400_013, 4_150_010)]).to_crs("EPSG:4326")
    candidates = _places([(400_000, 4_150_005), (400_500, 4_150_005)])
    kept, ledger = exclude_near(candidates, raised(pond, height), metres=5, rule="water")
    assert list(kept.index) == ["p1"] and ledger["distance_m"].tolist() == pytest.approx([3])


def test_a_layer_whose_shapes_have_no_place_in_the_study_is_told():
    layer = _layer([Point(122.1, 37.5), Point(122.1, 95.0)], crs="EPSG:4326")
    with pytest.raises(DataError, match="w1"):
        exclude_near(_places([(0, 0)]), layer, metres=5, rule="water")


def test_the_first_of_equally_near_things_is_named():
    layer = _layer([Point(100, 0), Point(0, 3), Point(0, -3)])
    assert exclude_near(_places([(0, 0)]), layer, metres=5, rule="r")[1]["nearest"].tolist() == ["w1"]


def test_a_layer_with_nothing_in_it_excludes_nothing():
    candidates = _places([(0, 0)])
    for layer in (_layer([]), _layer([None, Polygon()])):
        kept, ledger = exclude_near(candidates, layer, metres=9, rule="r")
        assert len(kept) == 1
        pd.testing.assert_frame_equal(ledger, no_ledger())
    assert len(exclude_near(candidates.iloc[:0], _layer([Point(0, 0)]), metres=9, rule="r")[0]) == 0


def test_a_layer_in_degrees_is_measured_in_metres():
    candidates = _places([(400000, 4150000)])
    layer = _layer([Point(400300, 4150400)]).to_crs("EPSG:4326")
    ledger = exclude_near(candidates, layer, metres=600, rule="r")[1]
    assert ledger["distance_m"].iloc[0] == pytest.approx(500, abs=0.01)


@pytest.mark.parametrize("metres", [-1, np.nan, np.inf])
def test_a_senseless_distance_is_refused(metres):
    with pytest.raises(DataError, match="0 metres or more"):
        exclude_near(_places([(0, 0)]), _layer([]), metres=metres, rule="r")


def test_candidates_without_a_place_or_crs_are_refused():
    with pytest.raises(DataError, match="p1"):
        exclude_near(_places([(0, 0), None]), _layer([Point(0, 0)]), metres=1, rule="r")
    with pytest.raises(DataError, match="CRS"):
        exclude_near(_places([(0, 0)]), _layer([Point(0, 0)], crs=None), metres=1, rule="r")


coordinate = st.integers(-50, 50) | st.floats(-50, 50, width=32)
point = st.tuples(coordinate, coordinate)
shape = st.one_of(
    point.map(Point),
    st.tuples(point, point).filter(lambda ab: ab[0] != ab[1]).map(LineString),
    st.tuples(point, st.integers(1, 9)).map(lambda at: box(*at[0], at[0][0] + at[1], at[0][1] + at[1])),
)


@examples(80, 750)
@given(st.lists(point, max_size=12), st.lists(shape, max_size=8), st.integers(0, 40))
def test_kept_and_removed_are_those_of_every_pair_measured(points, shapes, metres):
    candidates, layer = _places(points), _layer(shapes)
    kept, ledger = exclude_near(candidates, layer, metres=metres, rule="r")
    least = {i: min((p.distance(s) for s in shapes), default=np.inf) for i, p in candidates.geometry.items()}
    gone = [i for i, d in least.items() if d < metres or d == 0]
    assert ledger["candidate"].tolist() == gone
    assert ledger["distance_m"].tolist() == [least[i] for i in gone]
    assert [*kept.index, *gone] == sorted(candidates.index, key=lambda i: (i in gone, list(candidates.index).index(i)))


# --- areas ---


def _towns():
    shapes = {"T1": box(0, 0, 10, 10), "T2": box(10, 0, 20, 10), "T3": Point(100, 100)}
    ids = pd.Index(list(shapes), name="id", dtype="str")
    return gpd.GeoDataFrame(
        {"name": ids, "county": ["K1", "K2", "K3"]}, index=ids, geometry=list(shapes.values()), crs=CRS
    )


def test_a_place_has_the_town_around_it_else_that_of_the_nearest_community():
    communities = _places([(30, 5), (90, 90)], prefix="c", town=["T2", "T3"], county=["K2", "K3"])
    places = _places([(5, 5), (10, 5), (29, 5), (80, 80)])
    filled = with_areas(places, _towns(), communities)
    assert filled["town"].tolist() == ["T1", "T1", "T2", "T3"]
    assert filled["county"].tolist() == ["K1", "K1", "K2", "K3"]
    assert places["town"].eq("").all()


def test_a_town_that_was_given_stays():
    filled = with_areas(_places([(5, 5), (15, 5)], town=["T2", ""]), _towns())
    assert filled["town"].tolist() == ["T2", "T2"]
    assert filled["county"].tolist() == ["K2", "K2"]


def test_what_nothing_tells_stays_blank():
    filled = with_areas(_places([(500, 5)]).drop(columns=["town", "county"]), _towns())
    assert filled[["town", "county"]].to_numpy().tolist() == [["", ""]]
    assert with_areas(_places([(500, 5)]))["town"].tolist() == [""]


# --- sources ---


def test_communities_become_candidates_under_their_own_ids():
    made = candidates_from_communities(_places([(0, 0)], prefix="c", older=[5]))
    assert list(made.index) == ["c0"]
    assert list(made.columns) == ["name", "town", "county", "quality", "source", "geometry"]
    assert list(candidates_from_communities(_places([(0, 0)], prefix="c"), prefix="at-").index) == ["at-c0"]


def test_candidates_stand_on_junctions_near_the_people():
    rng = np.random.default_rng(3)
    spots = np.concatenate([rng.normal((0, 0), 50, (40, 2)), rng.normal((5000, 0), 50, (20, 2))])
    communities = _places(spots, prefix="c", older=[10] * 40 + [50] * 20, town=["T1"] * 40 + ["T2"] * 20)
    network = _network([0, 5000, 2500, 5001], [0, 0, 0, 0], [0, 0, 0, 1])
    made = candidates_from_network(network, communities, people="older", count=2, seed=1)
    assert list(made.index) == ["C001", "C002"]
    assert made.geometry.x.tolist() == [5000, 0]
    assert made["town"].tolist() == ["T2", "T1"]
    assert made["quality"].eq("synthetic").all()
    again = candidates_from_network(network, communities, people="older", count=2, seed=1)
    pd.testing.assert_frame_equal(made, again)


def test_middles_at_one_junction_make_one_candidate_and_people_without_number_none():
    communities = _places([(0, 0), (10, 0), (20, 0), (900, 0)], prefix="c", older=[1, 1, 1, 0])
    made = candidates_from_network(_network([0, 900], [0, 0]), communities, people="older", count=9, seed=0)
    assert made.geometry.x.tolist() == [0]


@pytest.mark.parametrize(
    ("changed", "part"),
    [({"people": "young"}, "no column 'young'"), ({"people": "none"}, "no community"), ({"count": 0}, "at least 1")],
)
def test_what_candidates_cannot_be_made_from_is_said(changed, part):
    communities = _places([(0, 0)], older=[1], none=[0])
    with pytest.raises(DataError, match=part) as why:
        candidates_from_network(_network([0], [0]), communities, **{"people": "older", "count": 1, **changed})
    assert why.value.sentence("zh")
