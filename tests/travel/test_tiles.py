"""Travel times by tiles are those of the whole, to the byte; and what a tile must know, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countries import CAR, CRS, SLOW, WALK, country
from quarterhour.base.arrays import Csr
from quarterhour.base.errors import DataError
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.network import Network
from quarterhour.network.search_graph import search_graph
from quarterhour.network.snap import at_junctions
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.od_pairs import trips_between
from quarterhour.travel.search_arrays import search_arrays
from quarterhour.travel.tiles.kept import MemoryRows
from quarterhour.travel.tiles.question import TileQuestion, here, tile_question, tiles_here
from quarterhour.travel.tiles.sizes import even_spans, tile_spans
from quarterhour.travel.tiles.times import tiled_travel_times
from quarterhour.travel.times import TravelTimes
from repeatable import examples


@st.composite
def countries(draw: st.DrawFn) -> tuple[Network, pd.DataFrame, pd.DataFrame]:
    return country(
        draw(st.integers(0, 10**6)),
        side=draw(st.sampled_from([7, 5, 4, 2, 1])),
        neat=draw(st.booleans()),
        mode=draw(st.sampled_from([CAR, SLOW, WALK])),
        ferries=draw(st.integers(0, 3)),
        oneway=draw(st.booleans()),
        forbidden=draw(st.integers(0, 6)),
        private=draw(st.sampled_from([0.0, 0.2])),
        homes=draw(st.sampled_from([14, 8, 1])),
        bases=draw(st.sampled_from([12, 16, 3, 0])),
    )


def same_bytes(one: TravelTimes, two: TravelTimes) -> bool:
    arrays = [(getattr(one, name), getattr(two, name)) for name in ("indptr", "site_index", "cs")]
    told = [replace(t, indptr=None, site_index=None, cs=None) for t in (one, two)]
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in arrays) and repr(vars(told[0])) == repr(
        vars(told[1])
    )


@examples(60, 3000)
@given(
    countries(), st.sampled_from(["to_site", "to_community"]), st.sampled_from([0.0, 0.1, 0.5, 1, 2, 3.7, 12]),
    st.integers(1, 13), st.sampled_from([0.0, 0.3]),
)  # fmt: skip
def test_tiles_joined_are_the_whole_to_the_byte(
    drawn: Any, heading: Any, minutes: float, size: int, turnout: float
) -> None:
    net, homes, bases = drawn
    asked: dict[str, Any] = {"minutes": minutes, "heading": heading, "turnout_minutes": turnout}
    whole = travel_times(net, homes, bases, **asked)
    assert same_bytes(whole, tiled_travel_times(net, homes, bases, **asked, tile_sources=size))
    assert same_bytes(whole, tiled_travel_times(net, homes, bases, **asked))


@examples(25, 500)
@given(countries(), st.sampled_from(["to_site", "to_community"]), st.sampled_from([0.5, 2, 3.7]))
def test_a_tile_alone_holds_whole_rows(drawn: Any, heading: Any, minutes: float) -> None:
    """One source a tile: the farthest that a margin has to hold, with nobody beside who would widen the box."""
    net, homes, bases = drawn
    whole = travel_times(net, homes, bases, minutes=minutes, heading=heading)
    found = tiled_travel_times(net, homes, bases, minutes=minutes, heading=heading, tile_sources=1)
    assert same_bytes(whole, found)


# --- by hand: a street walked at 1 m/s, with a lane to the south of each corner that takes twice as long
#
#     a --- b --- c --- d --- e --- f        100 m and 100 s from one to the next
#           B     C     D     E              100 m and 200 s to each


def comb(*more: tuple[str, str, float]) -> Network:
    names = "abcdef"
    rows = [(one, two, 100 / 60) for one, two in zip(names, names[1:], strict=False)]
    rows += [(n, n.upper(), 200 / 60) for n in "bcde"]
    spots = {n: (100.0 * i, 0.0) for i, n in enumerate(names)}
    spots |= {n.upper(): (x, -100.0) for n, (x, _) in spots.items()}
    nodes = pd.DataFrame.from_dict(spots, orient="index", columns=["x", "y"])
    return network_from_edges(pd.DataFrame([*rows, *more], columns=["u", "v", "minutes"]), nodes=nodes, crs=CRS)


def question(net: Network, homes: str, sites: str, seconds: float) -> TileQuestion:
    at = [at_junctions(net, pd.Series({name: name for name in names})) for names in (homes, sites)]
    trips = trips_between(net, *at, heading="to_site", turnout_minutes=0, limit_m=1000)
    return tile_question(net, trips, cut=round(100 * seconds))


def known(net: Network, asked: TileQuestion, first: int = 0) -> str:
    """The junctions that the tile of one source knows."""
    tile = asked.tile(slice(first, first + 1))
    assert net.junction_ids is not None
    junctions = np.searchsorted(search_graph(net).states, tile.states, side="right") - 1
    return "".join(sorted(net.junction_ids[junctions]))


def found(asked: TileQuestion) -> int:
    return sum(len(part[1]) for part in here(asked, even_spans(asked.source_count, 1)))


def test_a_tile_knows_what_is_within_the_cutoff_and_no_more() -> None:
    net = comb()
    asked = question(net, "abcdef", "c", 200)
    assert known(net, asked) == "Cabcde"  # of the lanes only that of c, which takes 200 s
    assert found(asked) == 5  # a and e in 200 s exactly
    short = replace(asked, cut=asked.cut - 1)
    assert known(net, short) == "bcd" and found(short) == 3


def test_a_ferry_is_a_road_like_any_other() -> None:
    net = comb(("a", "f", 100 / 60), ("a", "A", 200 / 60), ("f", "F", 200 / 60))
    asked = question(net, "f", "b", 200)  # by ferry to a, and on foot
    assert known(net, asked) == "Babcdf" and found(asked) == 1


def test_the_gap_of_a_place_is_time_that_no_road_takes() -> None:
    net = comb()
    at = at_junctions(net, pd.Series({"c": "c"})).assign(gap_m=150.0)
    homes = at_junctions(net, pd.Series({n: n for n in "abcdef"}))
    slow = trips_between(
        replace(net, mode=WALK, kept=net.kept), homes, at, heading="to_site", turnout_minutes=0, limit_m=1000
    )
    assert known(net, tile_question(net, slow, cut=20_000)) == "c"  # 50 s are left of 200
    assert known(net, tile_question(net, slow, cut=25_000)) == "bcd"


def test_a_place_that_no_trip_leaves_in_time_knows_next_to_nothing() -> None:
    net = comb()
    asked = question(net, "abcdef", "c", 200)
    late = replace(asked, source=replace(asked.source, cs=asked.source.cs + 30_000))
    assert len(late.tile(slice(0, 1)).states) == 1 and found(late) == 1  # c itself, straight across


@examples(25, 500)
@given(countries(), st.sampled_from([0.1, 0.5, 2, 3.7, 12]), st.integers(1, 8))
def test_a_tile_knows_what_each_of_its_places_reaches_and_nothing_else(drawn: Any, minutes: float, size: int) -> None:
    net, homes, bases = drawn
    asked = asked_of(net, homes, bases, round(6000 * minutes))
    for span in even_spans(asked.source_count, size):
        each = cutoff_table(search_arrays(asked.arcs, asked.source.rows(span)), cut=asked.cut)[1]
        assert asked.tile(span).states.tolist() == (np.unique(each).tolist() or [0])


def test_without_coordinates_a_tile_is_the_same() -> None:
    bare = network_from_edges(pd.DataFrame({"u": ["a", "b", "b"], "v": ["b", "c", "d"], "minutes": [5, 6, 7]}))
    asked = question(bare, "acd", "c", 720)
    assert known(bare, asked) == "abc" and found(asked) == 2
    assert tile_spans(asked, work=1) == tile_spans(asked, work=1)


def test_tiles_are_spans_of_sources_and_a_size_is_a_number_above_none() -> None:
    assert even_spans(5, 2) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert even_spans(0, 3) == []
    with pytest.raises(DataError, match="1 place or more, got 0"):
        even_spans(5, 0)


def asked_of(net: Network, homes: pd.DataFrame, sites: pd.DataFrame, cut: int) -> TileQuestion:
    trips = trips_between(net, homes, sites, heading="to_site", turnout_minutes=0, limit_m=1000, from_sites=True)
    return tile_question(net, trips, cut=cut)


def test_counted_work_cuts_into_spans_of_about_as_much() -> None:
    net, homes, bases = country(8, side=20, homes=60, bases=400)
    asked = asked_of(net, homes, bases, 30_000)
    spans = tile_spans(asked, work=2_000)
    assert spans == tile_spans(asked, work=2_000) and len(spans) > 8
    assert [s.start for s in spans[1:]] == [s.stop for s in spans[:-1]]
    assert (spans[0].start, spans[-1].stop) == (0, 400)
    work = [len(asked.rows(span)[1]) + len(asked.tile(span).states) * (span.stop - span.start) for span in spans]
    assert max(work) < 12 * np.median(work)
    assert tile_spans(asked) == [slice(0, 400)]
    assert tile_spans(asked_of(net, homes, bases.iloc[:0], 10_000)) == []


@pytest.mark.parametrize("seed", range(4))
def test_one_place_more_moves_the_cuts_beside_it_alone(seed: int) -> None:
    net, homes, bases = country(seed, side=24, homes=60, bases=600)

    def tiles(sites: pd.DataFrame) -> set[tuple[str, ...]]:
        trips = trips_between(net, homes, sites, heading="to_site", turnout_minutes=0, limit_m=1000, from_sites=True)
        names = sites.index[trips.order]
        cut = tile_spans(tile_question(net, trips, cut=30_000), work=700)
        return {tuple(names[span]) for span in cut}

    whole = tiles(bases)
    for gone in (0, 150, 599):
        left = tiles(bases.drop(bases.index[gone]))
        assert len(whole - left) <= 6 < len(whole) / 4


class Noted(MemoryRows):
    """Counts what is taken and what is put."""

    def __init__(self) -> None:
        super().__init__()
        self.taken, self.made = 0, 0

    def get(self, key: str, /) -> Csr | None:
        found = super().get(key)
        self.taken += found is not None
        return found

    def put(self, key: str, rows: Csr, /) -> None:
        self.made += 1
        super().put(key, rows)


@examples(30, 600)
@given(countries(), st.integers(0, 10**6), st.sampled_from([0.5, 2, 3.7]), st.integers(1, 6))
def test_rows_kept_from_another_question_change_no_byte(drawn: Any, seed: int, minutes: float, size: int) -> None:
    """One place, one road or the cutoff is another the second time; whatever is taken from before is right."""
    net, homes, bases = drawn
    kept, rng = MemoryRows(), np.random.default_rng(seed)
    slower = country(int(rng.integers(10**6)), side=4)[0]
    asked: dict[str, Any] = {"heading": "to_site", "minutes": minutes}
    fewer = homes.drop(homes.index[rng.integers(len(homes), size=min(1, len(homes)))])
    other = replace(net, forward_cs=net.forward_cs * 2, backward_cs=net.backward_cs * 2, kept={})
    for again in (
        (net, homes, bases), (net, fewer, bases), (net, homes, bases.iloc[1:]), (net, homes, bases.iloc[::-1]),
        (other, homes, bases), (net, homes, bases), (slower, homes.iloc[:0], bases.iloc[:0]),
    ):  # fmt: skip
        found = tiled_travel_times(*again, compute=tiles_here(kept=kept), tile_sources=size, **asked)
        assert same_bytes(found, travel_times(*again, **asked))


def test_only_tiles_that_know_of_a_change_are_searched_again() -> None:
    net, homes, bases = country(8, side=30, homes=200, bases=300, ferries=0)
    kept, asked = Noted(), {"heading": "to_site", "minutes": 2.0}

    def made(net: Network, homes: pd.DataFrame, bases: pd.DataFrame) -> tuple[int, int]:
        kept.taken = kept.made = 0
        found = tiled_travel_times(
            net, homes, bases, compute=tiles_here(kept=kept, threads=2), tile_sources=10, **asked
        )
        assert same_bytes(found, travel_times(net, homes, bases, **asked))
        return kept.taken, kept.made

    count = made(net, homes, bases)[1]
    assert count == 20  # from the 200 homes, which are fewer
    assert made(net, homes, bases) == (count, 0)
    moved = bases.copy()
    moved.loc["s4", "share"] = 0.5 * moved.loc["s4", "share"] + 0.25
    some = made(net, homes, moved)
    assert sum(some) == count and 0 < some[1] <= 6
    slow = net.forward_cs.copy()
    slow[np.flatnonzero(slow)[40]] += 1  # the centisecond of one road
    some = made(replace(net, forward_cs=slow, kept={}), homes, bases)
    assert sum(some) == count and 0 < some[1] < count
    assert made(net, homes, bases) == (count, 0)


def test_rows_of_no_such_tile_are_searched_again() -> None:
    net, homes, bases = country(8, side=12, homes=40, bases=30)
    kept, asked = MemoryRows(), {"heading": "to_site", "minutes": 3.0}
    whole = travel_times(net, homes, bases, **asked)
    tiled_travel_times(net, homes, bases, compute=tiles_here(kept=kept), tile_sources=10, **asked)
    for spoil in (
        lambda rows: (rows[0], rows[1] + 1000, rows[2]),
        lambda rows: (rows[0][:-1], rows[1], rows[2]),
        lambda rows: (rows[0], rows[1], rows[2][:-1]),
        lambda rows: (rows[0][::-1], rows[1], rows[2]),
    ):
        kept.held = {key: spoil(rows) for key, rows in kept.held.items()}
        found = tiled_travel_times(net, homes, bases, compute=tiles_here(kept=kept), tile_sources=10, **asked)
        assert same_bytes(found, whole)


def test_a_search_that_is_stopped_is_not_kept() -> None:
    net, homes, bases = country(8, side=12, homes=40, bases=30)
    kept = MemoryRows()
    asked_of(net, homes, bases, 30_000).rows(slice(0, 30), np.ones(1, np.uint8), kept=kept)
    assert not kept.held


def test_of_too_many_rows_those_used_longest_ago_are_forgotten() -> None:
    rows = np.array([0, 3]), np.zeros(3, np.int32), np.zeros(3, np.int32)
    kept = MemoryRows(most=8)
    for key in "abbabc":
        kept.put(key, rows)
    assert list(kept.held) == ["b", "c"] and kept.pairs == 6
    assert kept.get("a") is None and kept.get("b") is rows and list(kept.held) == ["c", "b"]
