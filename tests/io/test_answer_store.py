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

import numpy as np
import pandas as pd
import pytest

from quarterhour.base.errors import DataError, MissingError
from quarterhour.io.answer_store.store import load_answer, save_answer
from quarterhour.io.answer_store.values import UnknownValueError, read_again, told, value_key


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
