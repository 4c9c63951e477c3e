"""Values as text and arrays come back as they were, and a file makes nothing that the reader does not expect."""

from __future__ import annotations

import math
import pickle
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from quarterhour.base.errors import DataError, MissingError
from quarterhour.io.answer_store.store import load_answer, save_answer
from quarterhour.io.answer_store.table import load_table, save_table
from quarterhour.io.answer_store.values import UnknownValueError, read_again, told, value_key
from quarterhour.io.network_store import table_key


@dataclass(frozen=True, eq=False)
class Shelf:
    """A record of two parts."""

    name: str
    books: Any = None
    made: int = field(default=0, init=False)


class Pair(NamedTuple):
    """No plain tuple: it would come back as one."""

    one: int
    other: int


RECORDS = {"Shelf": Shelf}
TABLE = pd.DataFrame(
    {
        "text": pd.Series(["村", None, ""], dtype="str"),
        "python": pd.Series(["a", pd.NA, "b"], dtype="string[python]"),
        "whole": pd.Series([1, None, 3], dtype="Int64"),
        "yes": pd.Series([True, None, False], dtype="boolean"),
        "real": [0.1, math.nan, math.inf],
        "kind": pd.Categorical(["b", "a", "b"], categories=["b", "a"], ordered=True),
        "any": [("a", 1), None, date(2026, 1, 2)],
        "day": pd.to_datetime(["2026-01-01", None, "2026-03-01"]),
    },
    index=pd.Index(["x", "y", "z"], name="id"),
)
VALUES: list[Any] = [
    None, True, 3, -0.0, math.inf, "村\ud800", (1, (2,)), [1, [2]], {"a": 1, 2: "b"}, {3, 1}, frozenset("ab"),
    MappingProxyType({"a": (1,)}), date(2026, 11, 30), pd.NA, np.float64(0.1), np.int64(3), np.bool_(True),
    np.arange(6, dtype=np.int32).reshape(2, 3), np.array([], dtype=np.float64), np.array(["a", None, 1], dtype=object),
    TABLE, TABLE["text"], TABLE.iloc[:0], TABLE.index, pd.RangeIndex(3, name="n"), pd.Index([1, 2]),
    pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None]), pd.DataFrame(columns=["a"]), Shelf("a", TABLE),
    pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.Series([1.5], name=("a", 1)),
]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike to the type, as pandas and pickle see it."""
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_freq=False)
        return True
    if isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_exact=True)
        return True
    if isinstance(one, pd.Index):
        pd.testing.assert_index_equal(one, other, exact=True)
        return True
    if isinstance(one, Shelf):
        return one.name == other.name and same(one.books, other.books)
    return type(one) is type(other) and pickle.dumps(one) == pickle.dumps(other) if one is not pd.NA else other is pd.NA


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_as_it_was(value: Any, tmp_path: Path) -> None:
    assert save_answer(value, tmp_path / "a.npz", key="k", records=RECORDS)
    found = load_answer(tmp_path / "a.npz", key="k", records=RECORDS)
    if isinstance(value, (MappingProxyType, set, frozenset)):
        assert type(found) is type(value)
        assert found == value
    else:
        assert same(value, found)
    assert value_key(found) == value_key(value)


def test_no_two_of_them_have_the_same_key() -> None:
    keys = [value_key(value) for value in VALUES]
    assert len(set(keys)) == len(VALUES)
    assert value_key(1) != value_key(1.0)
    assert value_key(True) != value_key(1)
    assert value_key((1, 2)) != value_key([1, 2])
    assert value_key(np.array([1, 2])) != value_key(np.array([1, 2], dtype=np.int32))
    assert value_key(np.array([[1], [2]])) != value_key(np.array([1, 2]))
    assert value_key("1", "2") != value_key("12", "")


def test_what_it_does_not_know_is_not_kept(tmp_path: Path) -> None:
    marked = pd.Series([1])
    marked.attrs["unit"] = "m"
    for odd in (object(), lambda: 1, 1j, Shelf, np.array([1j]), defaultdict(int), Pair(1, 2), marked):
        with pytest.raises(UnknownValueError):
            told(odd)
        assert not save_answer(odd, tmp_path / "a.npz", key="k", records=RECORDS)
    assert not save_answer(Shelf("a"), tmp_path / "a.npz", key="k", records={})
    assert not list(tmp_path.iterdir())


def test_another_key_and_a_broken_file_are_told_apart(tmp_path: Path) -> None:
    home = tmp_path / "a.npz"
    with pytest.raises(MissingError):
        load_answer(home, key="k", records=RECORDS)
    save_answer(TABLE, home, key="k", records=RECORDS)
    with pytest.raises(MissingError):
        load_answer(home, key="other", records=RECORDS)
    whole = home.read_bytes()
    for cut in (whole[:-40], whole[:100], b"", b"nothing of ours", whole[:200] + b"\0\0" + whole[202:]):
        home.write_bytes(cut)
        with pytest.raises(DataError):
            load_answer(home, key="k", records=RECORDS)


def test_a_file_runs_nothing(tmp_path: Path) -> None:
    """Pickles in its arrays, records and kinds that nobody expects: refused."""

    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "went_off",))

    home = tmp_path / "a.npz"
    letters = {"value": b'{"is": "array", "at": 0}', "key": b"k"}
    np.savez(
        home, **{n: np.frombuffer(t, np.uint8) for n, t in letters.items()}, **{"0": np.array([Bomb()], dtype=object)}
    )
    with pytest.raises(DataError):
        load_answer(home, key="k", records=RECORDS)
    with zipfile.ZipFile(home, "w") as packed:
        packed.writestr("value.npy", pickle.dumps(Bomb()))
    with pytest.raises(DataError):
        load_answer(home, key="k", records=RECORDS)
    for text in (
        '{"is": "record", "name": "Path", "parts": {}}',
        '{"is": "__class__"}',
        '{"is": "record"}',
        '{"is": "array", "at": 7}',
        '{"is": "frame"}',
        "[" * 100_000,
    ):
        with pytest.raises(ValueError, match=r"."):
            read_again(text, [], RECORDS)
    assert not (tmp_path / "went_off").exists()


TOWN = gpd.GeoDataFrame(
    {
        "road_class": ["residential", "primary", "residential"],
        "name": pd.array(["文化路", "", "a\0b"], dtype="str"),
        "speed": [0.1, math.nan, -0.0],
        "way": np.array([1, -1, 0], np.int8),
        "open": [True, False, True],
    },
    geometry=shapely.linestrings([[[0.1, 0.2], [1 / 3, 4e6]], [[5, 5], [5, 5]], [[0, 0], [1e-300, 7]]]),
    crs="EPSG:32651",
    index=pd.Index(["w1.1", "w1.2", "w2"], name="id"),
).astype({"road_class": object})


def test_a_table_of_lines_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    told = save_table(TOWN, tmp_path / "roads.arrow")
    found = load_table(tmp_path / "roads.arrow", told=told)
    assert table_key(found) == table_key(TOWN)
    assert str(found.crs) == "EPSG:32651"
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(TOWN))
    assert found["road_class"].iloc[0] is found["road_class"].iloc[2]  # a text is held once, not by each row


def odd_tables() -> dict[str, gpd.GeoDataFrame]:
    lists = TOWN.assign(lanes=pd.Series([[1], [2, 3], []], index=TOWN.index, dtype=object))
    noted = TOWN.copy()
    noted.attrs["by"] = "somebody"
    return {
        "lists": lists,
        "texts and numbers": TOWN.assign(lanes=pd.Series([1, "2", None], index=TOWN.index, dtype=object)),
        "nothing in an object": TOWN.assign(lanes=pd.Series(["1", None, "2"], index=TOWN.index, dtype=object)),
        "attributes": noted,
        "a category": TOWN.assign(lanes=pd.Categorical(["a", "b", "a"], categories=["b", "a"], ordered=True)),
        "a second place": TOWN.assign(end=shapely.points([[0, 0], [1, 1], [2, 2]])),
        "rows without a name": TOWN.reset_index(drop=True),
        "names of two kinds": gpd.GeoDataFrame(TOWN.set_axis(pd.Index(["1", 1, "2"], dtype=object), axis=0)),
        "none at all": TOWN.iloc[:0],
        "heights": TOWN.set_geometry(shapely.force_3d(TOWN.geometry.to_numpy(), [1.0, 0.0, 2.0]), crs=TOWN.crs),
        "no lines alone": TOWN.set_geometry(shapely.points([[0, 0], [1, 1], [2, 2]]), crs=TOWN.crs),
    }


@pytest.mark.parametrize("name", odd_tables())
def test_whatever_a_table_holds_comes_back_as_it_was_or_is_refused(name: str, tmp_path: Path) -> None:
    table = odd_tables()[name]
    try:
        told = save_table(table, tmp_path / "odd.arrow")
    except DataError as why:
        assert why.key in ("answer_store.odd", "answer_store.broken")
        assert not list(tmp_path.iterdir())  # nothing half-written
        return
    found = load_table(tmp_path / "odd.arrow", told=told)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(table), check_column_type=True)
    assert table_key(found) == table_key(table)


def test_a_file_that_holds_the_table_stays_and_a_broken_one_goes(tmp_path: Path) -> None:
    file = tmp_path / "roads.arrow"
    told = save_table(TOWN, file)
    before = file.stat().st_ino, file.stat().st_mtime_ns
    assert save_table(TOWN, file) == told
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == before
    for broken in (b"", b"ARROW1 and nothing", file.read_bytes()[:-20]):
        file.unlink()
        file.write_bytes(broken)
        assert save_table(TOWN, file) == told
        assert table_key(load_table(file, told=told)) == table_key(TOWN)
    assert save_table(TOWN.iloc[:2], file) != told


def test_a_table_that_is_not_there_or_another_is_not_taken(tmp_path: Path) -> None:
    told = save_table(TOWN, tmp_path / "roads.arrow")
    with pytest.raises(MissingError):
        load_table(tmp_path / "other.arrow", told=told)
    with pytest.raises(DataError):
        load_table(tmp_path / "roads.arrow", told=told + 1)
