"""Answers without a table, against the same read from the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.network.build import network_from_arrays
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Network
from quarterhour.travel import dijkstra, nearest_kernels, sum_kernels
from quarterhour.travel.accessibility import (
    nearest_beyond,
    nearest_by_kind,
    nearest_sites,
    people_within,
    sums_by_kind,
)
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.times import TravelTimes

CAR = as_mode("toycar", {"travels": "vehicle", "speed_kmh": 36, "gap_kmh": 3.6})
HEADINGS = ("to_site", "to_community")


@pytest.fixture(params=["compiled", "scipy"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to the answer."""
    if request.param == "scipy":
        for room in (dijkstra, nearest_kernels, sum_kernels):
            monkeypatch.setattr(room, "COMPILED", False)
    return str(request.param)


def town(seed: int) -> tuple[Network, pd.DataFrame, pd.DataFrame]:
    """A grid with gaps, one-way streets and an island; places mid-road, on one road, at ends, and off every road.

    Some sites stand in the very house of a community, two in one.
    """
    side, rng = 14, np.random.default_rng(seed)
    at = np.arange(side * side).reshape(side, side)
    tail, head = np.r_[at[:, :-1].ravel(), at[:-1].ravel()], np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    kept = (rng.random(len(tail)) > 0.15) & (tail % side != 9) & (head % side != 9)
    tail, head = tail[kept], head[kept]
    cs = rng.integers(500, 4000, len(tail))
    xy = np.column_stack([at.ravel() % side, at.ravel() // side]) * 100.0
    way = rng.random(len(tail))
    net = network_from_arrays(
        tail, head, forward_cs=np.where(way < 0.1, 0, cs), backward_cs=np.where(way > 0.8, 0, cs), mode=CAR, xy=xy,
        crs="EPSG:32651",
    )  # fmt: skip

    def places(count: int, prefix: str) -> pd.DataFrame:
        road = rng.integers(-1, 60, count).astype(np.int32)  # several on one road
        share, gap = rng.choice([0, 0.25, 0.5, 1], count), rng.choice([0, 12.5], count)
        frame = pd.DataFrame({"road": road, "share": share, "gap_m": gap, "x": 0.0, "y": 0.0, "snapped": road >= 0})
        return frame.set_axis([f"{prefix}{i}" for i in range(count)], axis=0)

    homes, bases = places(70, "c"), places(25, "s")
    homes[["place_x", "place_y"]] = np.column_stack([np.arange(70.0), np.zeros(70)])
    bases[["place_x", "place_y"]] = np.column_stack([np.arange(25.0), np.ones(25)])
    houses = [*np.flatnonzero(homes["gap_m"] > 0)[:6], *rng.integers(0, 70, 6), 5, 5]
    kept = homes.iloc[houses].set_axis(bases.index[: len(houses)], axis=0)
    return net, homes, pd.concat([kept, bases.iloc[len(houses) :]])


def test_sites_in_the_house_of_a_community_are_among_what_is_compared() -> None:
    here = town(1)
    pairs = table(here, "to_site").pairs()
    assert (here[1].loc[pairs["community"][pairs["minutes"] == 0.5], "gap_m"] > 0).sum() >= 5


def table(town: tuple[Network, pd.DataFrame, pd.DataFrame], heading: Any) -> TravelTimes:
    return travel_times(*town, minutes=4, heading=heading, turnout_minutes=0.5)


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_nearest_of_each_kind_are_those_of_the_table(seed: int, heading: Any) -> None:
    here = town(seed)
    sites = here[2].assign(kind=np.random.default_rng(seed).choice(["day_care", "canteen", "clinic"], 25))
    asked: dict[str, Any] = {"minutes": 4, "heading": heading, "turnout_minutes": 0.5, "threads": 2}
    found = nearest_by_kind(here[0], here[1], sites, **asked)
    assert list(found.columns.levels[0]) == sorted(set(sites["kind"]))
    times = table(here, heading)
    for kind in set(sites["kind"]):
        wanted = times.nearest(sites.index[sites["kind"] == kind])
        pd.testing.assert_frame_equal(found[kind], wanted, check_names=False)


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("k", [1, 3, 40])
def test_k_nearest_are_the_first_k_of_the_table(k: int, heading: Any) -> None:
    here = town(5)
    found = nearest_sites(*here, k=k, minutes=4, heading=heading, turnout_minutes=0.5)
    times = table(here, heading)
    for i, community in enumerate(here[1].index):
        row = slice(times.indptr[i], times.indptr[i + 1])
        ranked = sorted(zip(times.cs[row].tolist(), times.site_index[row].tolist(), strict=True))[:k]
        got = [
            (found.loc[community, (r, "minutes")], found.loc[community, (r, "site")])
            for r in range(1, k + 1)
            if not pd.isna(found.loc[community, (r, "minutes")])
        ]
        assert got == [(cs / 6000, here[2].index[s]) for cs, s in ranked]


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("threads", [1, 2])
def test_people_within_are_summed_over_the_table(heading: Any, threads: int) -> None:
    here = town(6)
    rng = np.random.default_rng(6)
    people = pd.DataFrame({"older": rng.integers(0, 900, 70), "share": rng.random(70)}, index=here[1].index)
    told: list[float] = []
    found = people_within(
        *here, people=people[::-1], minutes=[4, 1.5], heading=heading, turnout_minutes=0.5, threads=threads,
        progress=told.append,
    )  # fmt: skip
    assert list(found.columns) == [("older", 1.5), ("older", 4.0), ("share", 1.5), ("share", 4.0)]
    assert found["older"].dtypes.tolist() == [np.int64, np.int64]
    assert told[-1] == 1
    times = table(here, heading)
    for minutes in (1.5, 4.0):
        near = times.within(minutes).to_scipy().astype(bool).astype(float)
        near.data[:] = 1
        assert (found["older", minutes] == near.T @ people["older"].to_numpy()).all()
        assert np.allclose(found["share", minutes], near.T @ people["share"].to_numpy())


@pytest.mark.parametrize("heading", HEADINGS)
def test_sums_by_kind_are_summed_over_the_table(heading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterhour.travel.accessibility.SITES_A_BLOCK", 4)
    here = town(7)
    rng = np.random.default_rng(7)
    kinds = pd.Series(rng.choice(["clinic", "day_care"], 25), index=here[2].index)
    beds = pd.Series(rng.integers(0, 50, 25), index=here[2].index, name="beds")
    asked: dict[str, Any] = {"minutes": 4, "heading": heading, "turnout_minutes": 0.5, "kinds": kinds}
    found = sums_by_kind(*here, capacity=beds, **asked)
    near = table(here, heading).pairs()
    near = near.assign(kind=near["site"].map(kinds), beds=near["site"].map(beds))
    for kind in ("clinic", "day_care"):
        mine = near[near["kind"] == kind].groupby("community")
        assert (found[kind, "sites"] == mine.size().reindex(here[1].index, fill_value=0)).all()
        assert (found[kind, "beds"] == mine["beds"].sum().reindex(here[1].index, fill_value=0)).all()
    assert list(sums_by_kind(*here, **asked).columns.levels[1]) == ["sites"]


def test_no_place_is_lost_where_nothing_is_reached() -> None:
    net, homes, bases = town(8)
    none = bases[:0].assign(kind="clinic")
    asked: dict[str, Any] = {"minutes": 4, "heading": "to_site"}
    assert nearest_sites(net, homes, none, k=2, **asked).isna().all(axis=None)
    assert (
        people_within(net, homes[:0], bases, people=pd.Series([], index=homes.index[:0]), **asked).eq(0).all(axis=None)
    )
    assert list(nearest_by_kind(net, homes, none, **asked).index) == list(homes.index)


def test_what_cannot_be_counted_is_told() -> None:
    net, homes, bases = town(9)
    asked: dict[str, Any] = {"minutes": 4, "heading": "to_site"}
    people = pd.Series(1, index=homes.index)
    with pytest.raises(DataError, match="has no number for: c3"):
        people_within(net, homes, bases, people=people.drop("c3"), **asked)
    with pytest.raises(DataError, match="no minutes were given"):
        people_within(net, homes, bases, people=people, minutes=[], heading="to_site")
    with pytest.raises(DataError, match="there is no column kind"):
        nearest_by_kind(net, homes, bases, **asked)
    with pytest.raises(DataError, match="have no kind: s0"):
        sums_by_kind(net, homes, bases, kinds=pd.Series("clinic", index=bases.index[1:]), **asked)
    with pytest.raises(DataError, match="at least 1, got 0"):
        nearest_sites(net, homes, bases, k=0, **asked)


# --- however far


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_beyond_the_cutoff_the_nearest_is_that_of_a_search_without_one(seed: int, heading: Any) -> None:
    net, homes, sites = town(seed)
    kinds = pd.Series(np.where(np.arange(25) % 3 > 0, "day", "base"), index=sites.index)
    asked = {"heading": heading, "turnout_minutes": 1.5}
    short, whole = (travel_times(net, homes, sites, minutes=m, **asked) for m in (1.75, 100_000.0))
    found = nearest_beyond(net, short, kinds=kinds).set_index(["kind", "community"])
    assert len(found) > 5
    for kind in ("day", "base"):
        mine = kinds.index[kinds == kind]
        near, far = short.nearest(mine), whole.nearest(mine)
        lost = near["minutes"].isna() & far["minutes"].notna()
        rows = found[found.index.get_level_values(0) == kind].droplevel(0)
        assert set(rows.index) == set(lost.index[lost])
        assert np.array_equal(rows["minutes"], far.loc[rows.index, "minutes"])
        assert rows["nearest"].tolist() == far.loc[rows.index, "site"].tolist()


def test_where_everybody_is_reached_nothing_is_searched_again() -> None:
    net, homes, sites = town(1)
    homes, sites = homes[homes["road"] == 3].iloc[:1], sites[sites["road"] == 3].iloc[:1]
    near = travel_times(net, homes, sites, minutes=60, heading="to_site")
    found = nearest_beyond(net, near, kinds=pd.Series("day", index=sites.index))
    assert found.empty and list(found) == ["community", "kind", "nearest", "minutes"]
