"""One order of rows, and chance that hangs on ids."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString

from quarterhour.base import row_order
from quarterhour.base.row_order import by_content, by_id, by_line, drawn_normal, drawn_turns, id_order


def test_figures_in_ids_count_as_numbers_and_letters_by_code_point() -> None:
    ids = ["10", "9", "B10", "B9", "b1", "甲2", "甲10", "", "B09", "1e400", "9" * 40]
    found = [ids[i] for i in id_order(ids)]
    assert found == ["", "1e400", "9", "10", "9" * 40, "B09", "B9", "B10", "b1", "甲2", "甲10"]
    assert [ids[::-1][i] for i in id_order(ids[::-1])] == found


def test_numbers_as_ids_sort_as_their_text() -> None:
    assert by_id(pd.DataFrame({"a": [1, 2, 3]}, index=[30, 4, 200])).index.tolist() == [4, 30, 200]


def test_roads_stand_by_their_lines_then_by_what_they_say() -> None:
    lines = [[(0, 0), (2, 2)], [(0, 0), (1, 1)], [(0, 0), (0, 1), (1, 1)], [(0, 0), (1, 1)], [(-1, 0), (5, 5)], None]
    roads = gpd.GeoDataFrame(
        {"class": ["a", "b", "a", "a", "a", "a"]}, geometry=[None if xy is None else LineString(xy) for xy in lines]
    )
    found = by_line(roads)
    assert found["class"].tolist()[0] == "a" and found.index[0] == 4 and found.index[-1] == 5
    for seed in range(9):
        mixed = roads.sample(frac=1, random_state=seed)
        assert by_line(mixed).index.tolist() == found.index.tolist()


def test_rows_without_ids_stand_by_their_cells() -> None:
    table = pd.DataFrame({"area": ["b", "a", "a", "a"], "year": [2020, 2021, 900, 2021], "n": [1, 2, 3, None]})
    for seed in range(5):
        mixed = by_content(table.sample(frac=1, random_state=seed))
        assert mixed[["area", "year"]].to_numpy().tolist() == [["a", 900], ["a", 2021], ["a", 2021], ["b", 2020]]
        assert mixed["n"].tolist()[:2] == [3, 2]


def test_a_draw_hangs_on_the_id_and_the_seed_alone() -> None:
    ids = [f"c{i}" for i in range(4_000)]
    drawn = pd.Series(drawn_normal(ids, seed=(1, 2)), index=ids)
    some = ids[::-7]
    assert drawn_normal(some, seed=(1, 2)).tolist() == drawn[some].tolist()
    assert not np.array_equal(drawn_normal(ids, seed=(1, 3)), drawn.to_numpy())
    assert abs(drawn.mean()) < 0.05 and abs(drawn.std() - 1) < 0.05 and drawn.is_unique


def test_turns_are_even_within_a_group_and_hang_on_ids() -> None:
    ids = pd.Index([f"c{i}" for i in range(100)])
    groups = pd.Series(["a"] * 33 + ["b"] * 60 + [None] * 7)
    turns = pd.Series(drawn_turns(ids, groups=groups, seed=0, turns=5), index=ids)
    for part in (turns.iloc[:33], turns.iloc[33:93], turns.iloc[93:]):
        counts = np.bincount(part, minlength=5)
        assert counts.max() - counts.min() <= 1
    order = np.random.default_rng(0).permutation(100)
    again = drawn_turns(ids[order], groups=groups.iloc[order], seed=0, turns=5)
    assert again.tolist() == turns.iloc[order].tolist()


def test_ids_that_are_numbers_are_in_the_order_of_any_ids():
    """Text by itself goes the long way, an index of plain figures the short one; both say the same."""
    for ids in (["10", "9", "0", "371002101001", "100"], ["10", "9", "010", "a2", ""], ["7", "12", "7"]):
        assert row_order.id_order(pd.Index(ids, dtype="str")).tolist() == row_order.id_order(ids).tolist()


def test_an_id_twice_is_seen_among_numbers_and_among_names():
    assert row_order.is_unique(pd.Index(["1", "01", "2"], dtype="str"))
    assert row_order.is_unique(pd.Index(["3", "1", "2"], dtype="str"))
    assert not row_order.is_unique(pd.Index(["3", "1", "3"], dtype="str"))
    assert not row_order.is_unique(pd.Index(["a", "1", "a"], dtype="str"))
