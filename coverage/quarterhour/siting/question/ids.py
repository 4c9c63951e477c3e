"""What a planner names, matched with the ids of a question: tables, lists, ids and positions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from quarterhour.base.arrays import IntArray
from quarterhour.base.cells import is_number
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.row_order import is_unique
from quarterhour.siting.question.figures import LARGEST, short_repr

Table = TypeVar("Table", pd.Series, pd.DataFrame)


def as_ids(given: pd.Index) -> pd.Index:
    """An index as ids, which are text; DataError where one cannot be written to a file."""
    check_ids(given)
    return _as_text(own_index(given))


def _as_text(ids: pd.Index) -> pd.Index:
    """Ids as text: whole numbers without a point, as a column of numbers with a gap in it has them."""
    if pd.api.types.is_float_dtype(ids) and all(is_number(i) and i == int(i) and abs(i) < LARGEST for i in ids):
        return ids.astype("int64").astype("str")
    return ids.astype("str")


def own_index(given: pd.Index) -> pd.Index:
    """The same ids under our name: what users call an index or its columns may be a column of a table of ours.

    DataError where a row has more than one id.
    """
    if given.nlevels > 1:
        raise DataError("question.bad_ids", ids=first_ids(given))
    return given.rename("id")


def own_table(given: pd.DataFrame) -> pd.DataFrame:
    """The same rows and columns, without the names that users gave the two axes."""
    return given.set_axis(own_index(given.index)).rename_axis(columns=None)


def check_ids(*given: pd.Index) -> None:
    """DataError where an id is blank, missing, or cannot be written to a file."""
    doubtful = [ids for ids in given if not _is_plain(ids)]
    bad = [ascii(i) for ids in doubtful for i in ids.tolist() if not _is_text(i)]
    if bad:
        raise DataError("question.bad_ids", ids=first_ids(bad))


def _is_plain(ids: pd.Index) -> bool:
    """Whether ids are numbers, or text of letters and figures that every file has; looked at all at once."""
    if ids.nlevels > 1 or not isinstance(ids.dtype, pd.StringDtype):
        return bool(pd.api.types.is_integer_dtype(ids) and not ids.hasnans)
    return bool(np.asarray(ids.str.fullmatch("[!-~]+", na=False), dtype=bool).all())


def _is_text(given: object) -> bool:
    if given is None or given is pd.NA or given is pd.NaT or (isinstance(given, float) and math.isnan(given)):
        return False
    text = str(given)
    return bool(text.strip()) and (text.isascii() or text == text.encode(errors="replace").decode())


def by_id(table: Table, ids: pd.Index, what: str, *, plain: bool = False) -> Table:
    """The rows of a table in the order of the ids; an id as a number is the same as its text.

    ``plain``: rows numbered 0, 1, 2 ... are in that order already. DataError where an id is named twice, is missing,
    or is unknown.
    """
    if table.index.nlevels > 1:
        raise DataError("question.bad_ids", ids=first_ids(table.index))
    if not is_unique(table.index):
        again = table.index[table.index.duplicated()].unique()
        raise DataError("question.named_twice", table=what, ids=first_ids(again))
    if table.index.equals(ids):
        return table.set_axis(ids)
    index, wanted = _as_text(table.index), _as_text(ids)
    place = index.get_indexer(wanted)
    if (place >= 0).all() and len(index) == len(wanted):
        return table.iloc[place].set_axis(ids)
    if plain and goes_by_row(table.index, ids):
        return table.set_axis(ids)
    unknown = index.difference(wanted, sort=False)
    raise DataError(
        "question.ids_differ", table=what, missing=first_ids(ids[place < 0]) or "-", unknown=first_ids(unknown) or "-"
    )


def goes_by_row(index: pd.Index, ids: pd.Index) -> bool:
    """Whether rows are in the order of the ids, as an index that nobody named only counts them; not where it is ids."""
    counted = pd.api.types.is_integer_dtype(index) and np.array_equal(index, np.arange(len(ids)))
    return bool(counted and not _as_text(index).isin(_as_text(ids)).all())


def each_one(given: Any, ids: pd.Index, what: str) -> pd.Series:
    """One value for each id: by id, or a list in their order."""
    if isinstance(given, pd.Series):
        return by_id(given, ids, what, plain=True)
    if isinstance(given, Mapping):
        return by_id(pd.Series(given), ids, what)
    values = None if isinstance(given, (set, frozenset)) else as_list(given)
    if values is None or len(values) != len(ids):
        raise DataError("question.bad_list", table=what, count=len(ids), came=short_repr(given))
    return pd.Series(values, index=ids)


def positions(wanted: Any, ids: pd.Index) -> IntArray:
    """The positions of sites that are named by id or by position, or marked True in a list of all.

    A number that is the id of a site means that site, else the site at this position.
    """
    if wanted is None:
        return np.empty(0, dtype=np.int64)
    several = as_list(wanted)
    named = [wanted] if several is None else several
    if len(named) == len(ids) and all(isinstance(i, (bool, np.bool_)) for i in named):
        return np.flatnonzero(named).astype(np.int64)
    texts = [str(int(i) if is_number(i) and i == int(i) else i) for i in named]
    place = np.asarray(ids.get_indexer(pd.Index(texts, dtype="str")), dtype=np.int64)
    for k in np.flatnonzero(place < 0):
        given = named[k]
        if isinstance(given, (int, np.integer)) and is_number(given) and 0 <= given < len(ids):
            place[k] = given
    if (place < 0).any():
        unknown = [i for i, p in zip(named, place, strict=True) if p < 0]
        raise DataError("question.site_unknown", ids=first_ids(unknown), known=first_ids(ids))
    return place


def id_texts(column: pd.Series) -> pd.Series:
    """Names as text: blank where missing, a whole number without a point."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("object").where(column.notna(), "").astype("str")


def as_list(given: Any) -> list[Any] | None:
    """The values of a list, a set of them or an array; None where it is none."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable) or getattr(given, "ndim", 1) == 0:
        return None
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind not in "mM":
        return list(given.tolist())
    return list(given)
