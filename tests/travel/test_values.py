"""What minutes, distances, ranks and people of a search may be, and what their tables may be called."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import DataError
from quarterhour.travel.accessibility import nearest_by_kind, sums_by_kind
from quarterhour.travel.times import times_from_matrix

TOWN = qh.testing.town(
    """
    A-----B--1--C
          |
          D--3--2--E
    """,
    cell_m=100,
    places={"1": {"older": 120}, "2": {"older": 7}, "3": {"older": 9}},
)
NET = TOWN.network("car")
HOMES, SITES = TOWN.places("123"), TOWN.places("AC")
OLDER = HOMES["older"].astype(int)
KINDS, BEDS = pd.Series(["clinic", "home"], SITES.index), pd.Series([5, 6], SITES.index)
NO_TIMES = [True, -5, np.nan, "15", None, np.timedelta64(15, "m"), 3j, [5], 2**1100, np.inf]


@pytest.mark.parametrize("minutes", [np.int8(15), np.float16(15), np.float32(15), Decimal(15), Fraction(15), 15])
def test_minutes_of_any_type_are_so_many(minutes: Any) -> None:
    times = qh.travel_times(NET, HOMES, SITES, minutes=minutes, heading="to_site", turnout_minutes=minutes)
    plain = qh.travel_times(NET, HOMES, SITES, minutes=15, heading="to_site", turnout_minutes=15)
    qh.testing.assert_same_times(times, plain)
    assert len(qh.travel_times(NET, HOMES, SITES, minutes=20, heading="to_site").within(minutes).cs) == 6
    assert qh.people_within(NET, HOMES, SITES, people=OLDER, minutes=minutes, heading="to_site").to_numpy().sum() == 272


@pytest.mark.parametrize("minutes", NO_TIMES, ids=str)
def test_what_is_no_time_is_refused(minutes: Any) -> None:
    times = qh.travel_times(NET, HOMES, SITES, minutes=15, heading="to_site")
    for ask in (
        lambda: qh.travel_times(NET, HOMES, SITES, minutes=minutes, heading="to_site"),
        lambda: qh.travel_times(NET, HOMES, SITES, minutes=15, heading="to_site", turnout_minutes=minutes),
        lambda: qh.nearest_sites(NET, HOMES, SITES, k=1, minutes=minutes, heading="to_site"),
        lambda: times.within(minutes),
        lambda: times_from_matrix([[1.0]], communities=["a"], sites=["b"], cutoff=minutes),
        lambda: qh.isochrones(NET, SITES, minutes=[5], heading="to_site", turnout_minutes=minutes),
    ):
        with pytest.raises(DataError, match="cannot be used"):
            ask()


@pytest.mark.parametrize("minutes", [m for m in NO_TIMES if m != [5]], ids=str)
def test_one_of_several_times_that_is_none_is_refused(minutes: Any) -> None:
    with pytest.raises(DataError, match="cannot be used"):
        qh.people_within(NET, HOMES, SITES, people=OLDER, minutes=[5, minutes], heading="to_site")
    with pytest.raises(DataError, match="cannot be used"):
        qh.isochrones(NET, SITES, minutes=minutes, heading="to_site")


@pytest.mark.parametrize("limit_m", [True, -5, np.nan, "x", None, 3j, [5]], ids=str)
def test_what_is_no_distance_is_refused(limit_m: Any) -> None:
    with pytest.raises(DataError, match="limit_m"):
        qh.travel_times(NET, HOMES, SITES, minutes=15, heading="to_site", limit_m=limit_m)


@pytest.mark.parametrize("k", [True, 0, 1.5, np.nan, "1", None, np.timedelta64(1, "m"), 2**63, 3j, [1]], ids=str)
def test_what_is_no_rank_is_refused(k: Any) -> None:
    with pytest.raises(DataError, match="k must be a count"):
        qh.nearest_sites(NET, HOMES, SITES, k=k, minutes=15, heading="to_site")


@pytest.mark.parametrize("people", [-5, 2**63], ids=str)
def test_people_and_beds_that_cannot_be_are_refused(people: int) -> None:
    asked: dict[str, Any] = {"minutes": 15, "heading": "to_site"}
    with pytest.raises(DataError, match=r"'people' of the communities must be numbers .*: 1\. "):
        qh.people_within(NET, HOMES, SITES, people=pd.Series([people, 2, 3], HOMES.index, dtype=object), **asked)
    beds = pd.Series([people, 2], SITES.index, dtype=object)
    with pytest.raises(DataError, match="'capacity' of the sites must be numbers"):
        sums_by_kind(NET, HOMES, SITES, kinds=KINDS, capacity=beds, **asked)


def test_sums_do_not_end_at_the_width_of_what_came() -> None:
    asked: dict[str, Any] = {"minutes": 15, "heading": "to_site"}
    short = pd.Series(np.array([100] * 3, dtype="i1"), HOMES.index)
    assert qh.people_within(NET, HOMES, SITES, people=short, **asked).to_numpy().tolist() == [[300], [300]]
    beds = pd.Series(np.array([100] * 2, dtype="i1"), SITES.index)
    found = sums_by_kind(NET, HOMES, SITES, kinds=KINDS.map(lambda _: "a"), capacity=beds, **asked)
    assert found.to_numpy().tolist() == [[2, 200]] * 3


@pytest.mark.parametrize(
    ("cell", "part"), [(True, "True in the matrix"), ("x", "'x' in the matrix"), (3j, "3j"), (-1, "1 minutes")]
)
def test_a_cell_of_a_matrix_that_is_no_time_is_refused(cell: Any, part: str) -> None:
    with pytest.raises(DataError) as why:
        times_from_matrix([[cell, 5.0], [3, 4]], communities=["a", "b"], sites=["c", "d"], cutoff=10)
    assert part in str(why.value)


@pytest.mark.parametrize("cell", [None, np.nan, np.inf, pd.NA, 2**63])
def test_a_cell_of_a_matrix_that_is_missing_or_far_is_absent(cell: Any) -> None:
    times = times_from_matrix([[cell, 5.0], [3, 4]], communities=["a", "b"], sites=["c", "d"], cutoff=10)
    assert times.cs.tolist() == [30_000, 18_000, 24_000]


OURS = [
    "id", "site", "community", "kind", "sites", "capacity", "people", "minutes", "index", "level_0", "column", "rank",
    "geometry", "road", "share", "gap_m", "x", "y", "snapped", "reason", "name", "town", "county",
]  # fmt: skip


def _called(table: Any, name: str) -> Any:
    if isinstance(table, pd.Series):
        return table.rename(name).rename_axis(name)
    return table.rename_axis(index=name, columns=name)


@pytest.mark.parametrize("name", OURS)
def test_tables_of_places_may_be_called_as_any_of_ours(name: str) -> None:
    homes, sites, asked = _called(HOMES, name), _called(SITES, name), {"minutes": 15.0, "heading": "to_site"}
    assert isinstance(homes, gpd.GeoDataFrame)
    times = qh.travel_times(NET, homes, sites, **asked)
    assert (len(times.pairs()), list(times.pairs())) == (6, ["community", "site", "minutes"])
    assert times.nearest()["site"].notna().all()
    assert nearest_by_kind(NET, homes, sites, kinds=_called(KINDS, name), **asked).shape == (3, 4)
    assert qh.people_within(NET, homes, sites, people=_called(OLDER, name), **asked).to_numpy().sum() == 272
    if name == "sites":
        with pytest.raises(DataError, match="Give the column another name"):
            sums_by_kind(NET, homes, sites, kinds=KINDS, capacity=_called(BEDS, name), **asked)
    else:
        found = sums_by_kind(NET, homes, sites, kinds=KINDS, capacity=_called(BEDS, name), **asked)
        assert found.to_numpy().tolist() == [[1, 5, 1, 6]] * 3
