"""Towns drawn as pictures: what they show, what cannot be meant, and that the random ones are of every kind."""

from __future__ import annotations

import doctest
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import quarterhour as qh
from quarterhour import testing
from quarterhour.network.snap import snap_places
from quarterhour.network.testing import assertions, drawn_town, picture, strategies
from quarterhour.travel.matrix import travel_times
from repeatable import examples

X0, Y0 = 400_000, 4_150_000


def lines(town: testing.Town) -> dict[str, list[tuple[float, float]]]:
    """By road, its vertices in metres from the corner of the map."""
    return {i: [(x - X0, y - Y0) for x, y in line.coords] for i, line in town.roads.geometry.items()}


@pytest.mark.parametrize("room", [testing, assertions, picture, strategies, drawn_town], ids=lambda room: room.__name__)
def test_the_examples_run(room) -> None:
    assert doctest.testmod(room).failed == 0


def test_the_page_about_testing_runs(root: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs" / "testing.md").read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 2
    for code in blocks:
        exec(code, {})


def test_the_front_door_shows_it_and_imports_no_hypothesis() -> None:
    assert qh.testing is testing and "testing" in dir(qh)
    assert set(testing.__all__) == {"Town", "assert_same_times", "places_on", "small_study", "town", "towns"}


def test_every_character_is_a_square_and_north_is_up() -> None:
    town = testing.town("""
        A--B
        |
        |  1
        C
    """, cell_m=50)  # fmt: skip
    assert lines(town) == {"AC": [(0, 150), (0, 0)], "AB": [(0, 150), (150, 150)]}
    assert shapely.get_coordinates(town.nodes).tolist() == [[X0, Y0 + 150], [X0 + 150, Y0 + 150], [X0, Y0]]
    assert list(town.nodes.index) == list("ABC")
    assert shapely.get_coordinates(town.places().geometry).tolist() == [[X0 + 150, Y0 + 50]]


def test_lines_slant_bend_and_pass_over_each_other() -> None:
    town = testing.town(r"""
        A-----+
         \    |
          B---|--C
         /    |
        D     E
    """)
    assert lines(town) == {
        "AB": [(0, 400), (200, 200)],
        "AE": [(0, 400), (600, 400), (600, 0)],
        "BD": [(200, 200), (0, 0)],
        "BC": [(200, 200), (900, 200)],
    }
    assert len(town.network().x) == 5


def test_a_plus_where_three_lines_meet_is_a_junction() -> None:
    town = testing.town("""
        A---+---B
            |
            +---C
    """)  # fmt: skip
    assert town.roads.index.tolist() == ["A+1", "+1B", "+1C"]
    assert town.nodes.index.tolist() == ["A", "+1", "B", "C"]
    assert len(town.network().x) == 4
    assert testing.town("A---+").roads.index.tolist() == ["A+1"]


def test_arrows_are_one_way_streets_and_dots_are_footways() -> None:
    town = testing.town("""
        A-->--B-<-C
        ^     v
        D.....E
    """)
    assert town.roads["oneway"].to_dict() == {"AD": "-1", "AB": "yes", "BE": "yes", "BC": "-1", "DE": "no"}
    assert town.roads["road_class"].to_dict() == dict.fromkeys(["AD", "AB", "BE", "BC"], "residential") | {
        "DE": "footway"
    }
    assert (len(town.network("walk").tail), len(town.network("car").tail)) == (5, 4)


def test_ways_name_roads_turn_them_round_and_join_them() -> None:
    town = testing.town("""
        A-->--B-----C
              |
              D--E--F
    """, ways={
        "CBA": {"highway": "primary", "name": "high street"}, "ED": {"maxspeed": 30}, "FE": {"oneway": "yes"},
    })  # fmt: skip
    assert town.roads.index.tolist() == ["CBA", "BD", "ED", "FE"]
    assert lines(town)["CBA"] == [(1200, 200), (600, 200), (0, 200)]
    assert town.roads.loc["CBA", ["road_class", "oneway", "name"]].tolist() == ["primary", "-1", "high street"]
    assert town.roads.loc["FE", "oneway"] == "yes"
    assert town.network("car").road_ids.tolist() == ["CBA/0", "CBA/1", "BD", "ED", "FE"]


def test_two_roads_between_the_same_letters_are_two() -> None:
    town = testing.town("""
        +---+
        |   |
        A---B
    """)
    assert town.roads.index.tolist() == ["AB", "AB#1"]
    assert town.roads.length.tolist() == [800, 400]


def test_places_stand_on_a_road_beside_it_and_at_a_junction() -> None:
    town = testing.town("""
        A--1--B--2--C
           x
    """, places={"1": {"older": 10}, "A": {"older": 5}, "x": {"kind": "clinic"}})  # fmt: skip
    assert town.places().index.tolist() == ["1", "2", "x"]
    homes = town.places("A1")
    assert homes["older"].tolist() == [5, 10] and list(homes.columns) == ["older", "geometry"]
    assert town.places(["x"])["kind"].tolist() == ["clinic"]
    snapped = snap_places(town.network(), town.places("12Ax"))
    roads = town.network().road_ids[snapped["road"]].tolist()
    assert roads == ["AB", "BC", "AB", "AB"]
    assert snapped["gap_m"].tolist() == [0, 0, 0, 100]
    assert snapped["share"].tolist() == [0.5, 0.5, 0, 0.5]


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        ("A--", "a line ends in nothing; lines begin and end at letters or +: row 1, column 3"),
        ("A-B\n|", "a line ends in nothing; lines begin and end at letters or +: row 2, column 1"),
        ("A-B\n  1\n  |", "a line ends in nothing; lines begin and end at letters or +: row 3, column 3"),
        ("A-B  -C", "a line begins at nothing; lines begin and end at letters or +: row 1, column 6"),
        ("A--|\n   |\n   B", "a line ends in nothing; lines begin and end at letters or +: row 1, column 3"),
        ("A-B\n v\n C", "a line begins at nothing; lines begin and end at letters or +: row 2, column 2"),
        ("A?B", "'?' has no meaning: row 1, column 2"),
        ("A-B-A", "A stands here a second time: row 1, column 5"),
        ("A-1-B 1", "1 stands here a second time: row 1, column 7"),
        ("A->-<-B", "this arrow points against another of its line: row 1, column 5"),
        ("A-B\n\n+-+\n| |\n+-+", "a ring needs a letter: row 3, column 1"),
        ("A  B", "no road is drawn"),
        ("", "no road is drawn"),
    ],
)
def test_a_picture_without_a_meaning_is_refused_and_shows_where(drawing: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        testing.town(drawing)
    first, *shown = str(caught.value).split("\n")
    assert first == message
    if shown:
        row, column = map(int, re.findall(r"\d+", message)[-2:])
        assert shown == [drawing.split("\n")[row - 1], " " * (column - 1) + "^"]


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        (["AC"], "ways: AC names no line (or one in another way) between A and C"),
        (["AB", "CBA"], "ways: CBA names no line (or one in another way) between B and A"),
        (["CD"], "ways: CD names several lines between C and D"),
        (["A"], "ways: 'A' does not name the letters at the ends of a line"),
        (["A-B"], "ways: 'A-B' does not name the letters at the ends of a line"),
        (["BCE"], "ways: the arrows along BCE point against each other"),
    ],
)
def test_ways_that_are_not_drawn_are_refused(ways: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        testing.town("""
            A-----B-->--C--<--E
                        |\\
                        | +
                        |/
                        D
        """, ways={way: {"maxspeed": 30} for way in ways})  # fmt: skip


def test_places_that_are_not_drawn_are_refused() -> None:
    with pytest.raises(ValueError, match="places that are not drawn: 2; drawn are A, B, 1"):
        testing.town("A-1-B").places("12")
    with pytest.raises(ValueError, match="places that are not drawn: x; drawn are A, B, 1"):
        testing.town("A-1-B", places={"x": {}})


def test_its_repr_draws_it_again() -> None:
    town = testing.town("""
        A  1
         \\
          B
    """, cell_m=12.5)  # fmt: skip
    again = eval(repr(town), {"town": testing.town})
    assert repr(again) == repr(town) and repr(town).startswith("town(r")
    assert again.roads.equals(town.roads) and again.places().equals(town.places())


# --- assertions


def test_times_that_differ_are_named() -> None:
    town = testing.town("A-1-2-3-4-5-6-B")
    net, homes, sites = town.network(), town.places(), town.places("AB")
    times = travel_times(net, homes, sites, minutes=15, heading="to_site")
    testing.assert_same_times(times, travel_times(net, homes, sites, minutes=15, heading="to_site"))
    slower = travel_times(net, homes, sites, minutes=15, heading="to_site", turnout_minutes=1)
    with pytest.raises(AssertionError) as caught:
        testing.assert_same_times(times, slower)
    first, *pairs, last = str(caught.value).split("\n  ")
    assert (first, pairs[0], len(pairs)) == ("minutes differ:", "1 - A: 3.33333, 4.33333", 5)
    assert last == "… (8 in all)"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"minutes": 20}, "cutoff_minutes differs: 15.0, 20.0"),
        ({"heading": "to_community"}, "heading differs: to_site, to_community"),
        ({"sites": "BA"}, "sites differ: ['A', 'B'], ['B', 'A']"),
        ({"communities": "1"}, "communities differ: ['1', '2'], ['1']"),
    ],
)
def test_tables_of_another_question_are_not_the_same(changed: dict[str, object], message: str) -> None:
    town = testing.town("A-1-2-B")

    def times(*, communities: str = "12", sites: str = "AB", **asked: object) -> object:
        tables = town.places(communities), town.places(sites)
        return travel_times(town.network(), *tables, **({"minutes": 15, "heading": "to_site"} | asked))

    with pytest.raises(AssertionError, match=re.escape(message)):
        testing.assert_same_times(times(), times(**changed))


def test_a_time_beyond_the_cutoff_is_none() -> None:
    town = testing.town("A-1-2-B")
    times = [
        travel_times(town.network(), town.places("1"), town.places("AB"), minutes=m, heading="to_site") for m in (4, 15)
    ]
    with pytest.raises(AssertionError, match="1 - B: none, 6.66667"):
        testing.assert_same_times(times[0], replace(times[1], cutoff_minutes=4.0))


# --- random towns


@examples(40)
@given(testing.towns())
def test_random_towns_can_be_read_and_travelled(town: testing.Town) -> None:
    assert repr(eval(repr(town), {"town": testing.town})) == repr(town)
    assert set(town.roads.geometry.length.round(6)) <= {400.0, round(400 * 2**0.5, 6)}
    net = town.network("car")
    assert net.road_ids.isin(town.roads.index).all() and "AB" in net.road_ids


def kinds_of(town: testing.Town) -> set[str]:
    """What is in a town; a place stands on a road when it is 0 m from it."""
    far = shapely.distance(town.places().geometry.to_numpy()[:, None], town.roads.geometry.to_numpy()[None, :])
    on = far == 0
    ways = on[(on.sum(axis=1) == 1)].sum(axis=0)
    shows = {
        "a one-way street": (town.roads["oneway"] != "no").any(),
        "a footway": "footway" in set(town.roads["road_class"]),
        "an island": "Y" in town.picture,
        "a slanting road": "\\" in town.picture,
        "a place in mid-road": on.any(),
        "two on one road": (ways > 1).any(),
        "a place off the road": (~on.any(axis=1)).any(),
        "a place on the island": ways[town.roads.index == "YZ"].any(),
    }
    return {kind for kind, there in shows.items() if there}


def test_random_towns_are_of_every_kind() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(testing.towns())
    def count(town: testing.Town) -> None:
        seen.update(kinds_of(town))

    count()
    assert len(seen) == 8 and min(seen.values()) >= 5, seen


def test_random_towns_leave_out_what_is_not_wanted() -> None:
    @examples(50)
    @given(testing.towns(side=2, most_places=1, oneway=False, island=False, cell_m=50))
    def small(town: testing.Town) -> None:
        assert len(town.nodes) <= 4 and len(town.places()) <= 1 and town.cell_m == 50
        assert "Y" not in town.nodes.index and (town.roads["oneway"] == "no").all()

    small()
    for wrong in ({"side": 1}, {"side": 5}, {"most_places": 10}):
        with pytest.raises(ValueError, match="side must be 2 to 4 and most_places 0 to 9"):
            testing.towns(**wrong)


@examples(50)
@given(st.data(), testing.towns())
def test_random_places_are_near_the_roads(data: st.DataObject, town: testing.Town) -> None:
    places = data.draw(testing.places_on(town, min_size=2, max_size=4, furthest_m=20, prefix="c"))
    assert places.index.tolist() == [f"c{i}" for i in range(len(places))] and 2 <= len(places) <= 4
    assert all(town.roads.distance(place).min() < 20.001 for place in places.geometry)
    assert places.crs == town.roads.crs


def test_without_hypothesis_the_strategies_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ModuleNotFoundError, match="pip install hypothesis"):
        testing.towns()
    with pytest.raises(ModuleNotFoundError, match="pip install hypothesis"):
        testing.places_on(testing.town("A-B"))


def test_a_small_study_replaces_no_study_of_ones_own(tmp_path: Path) -> None:
    testing.small_study(tmp_path)
    testing.small_study(tmp_path)
    (tmp_path / "communities.csv").write_text("mine", encoding="utf-8")
    (tmp_path / "roads.geojson").unlink()
    with pytest.raises(qh.errors.StudyError):
        testing.small_study(tmp_path)
    assert (tmp_path / "communities.csv").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "roads.geojson").exists()
