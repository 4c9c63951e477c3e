"""Values as JSON and plain arrays, and back, exactly: numbers, texts, tables of pandas, records of the program.

Reading runs nothing: a file can name only the records that the reader expects.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray

KIND = "is"
"""What marks a value that JSON has no word for."""


class UnknownValueError(TypeError):
    """A value that cannot be told as JSON and arrays."""


def told(value: Any) -> tuple[str, list[AnyArray]]:
    """A value as JSON and the arrays that the text counts up; UnknownValueError for what is none of these.

    Texts, whole and other numbers, dates, tuples, lists, mappings, sets, arrays, Series, DataFrames, indexes and
    dataclasses of such.
    """
    arrays: list[AnyArray] = []
    return json.dumps(_told(value, arrays), ensure_ascii=False), arrays


def value_key(*values: Any) -> str:
    """All that values say, as one SHA-256: equal for equal values, whatever the process."""
    text, arrays = told(values)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for array in arrays:
        digest.update(f"\0{array.dtype}{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def read_again(text: str, arrays: Sequence[AnyArray], records: Mapping[str, type]) -> Any:
    """The value that ``told`` told. ``records``: dataclasses by name; ValueError for any other, or what is no value."""
    try:
        return _Reader(arrays, records).value(json.loads(text))
    except (LookupError, TypeError, AttributeError, RecursionError) as why:
        raise ValueError(str(why)) from why


def _told(value: Any, arrays: list[AnyArray]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    tell = _OF_TYPES.get(type(value)) or next((t for kind, t in _OF_KINDS.items() if isinstance(value, kind)), None)
    if tell is not None:
        return tell(value, arrays)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: _told(getattr(value, f.name), arrays) for f in dataclasses.fields(value) if f.init}
        return {KIND: "record", "name": type(value).__name__, "parts": parts}
    raise UnknownValueError(type(value).__name__)


def _all(values: Any, arrays: list[AnyArray]) -> list[Any]:
    return [_told(value, arrays) for value in values]


def _mapping(value: Mapping[Any, Any], arrays: list[AnyArray]) -> dict[str, Any]:
    kind = "proxy" if isinstance(value, MappingProxyType) else "mapping"
    return {KIND: kind, "keys": _all(value, arrays), "values": _all(value.values(), arrays)}


def _set(value: Any, arrays: list[AnyArray]) -> dict[str, Any]:
    kind = "frozenset" if isinstance(value, frozenset) else "set"
    return {KIND: kind, "of": sorted(_all(value, arrays), key=json.dumps)}


def _scalar(value: np.generic, arrays: list[AnyArray]) -> dict[str, Any]:
    return {KIND: "scalar", "at": _array(np.asarray(value), arrays)["at"]}


def _array(value: AnyArray, arrays: list[AnyArray]) -> dict[str, Any]:
    if value.dtype.kind == "O":
        return {KIND: "objects", "shape": list(value.shape), "of": _all(value.ravel().tolist(), arrays)}
    if value.dtype.kind not in "biufUMm":
        raise UnknownValueError(str(value.dtype))
    arrays.append(value)
    return {KIND: "array", "at": len(arrays) - 1}


def _column(value: Any, arrays: list[AnyArray]) -> dict[str, Any]:
    """What a column or index holds. ``value``: as pandas' own arrays."""
    if isinstance(value.dtype, pd.CategoricalDtype):
        parts = {"codes": _array(value.codes, arrays), "ordered": bool(value.dtype.ordered)}
        return {KIND: "category", **parts, "categories": _told(value.dtype.categories, arrays)}
    if isinstance(value.dtype, pd.StringDtype):
        blank = value.isna().tolist()
        cells = [None if gone else text for text, gone in zip(value.tolist(), blank, strict=True)]
        return {KIND: "texts", "storage": value.dtype.storage, "na": value.dtype.na_value is pd.NA, "of": cells}
    if isinstance(value.dtype, np.dtype) or isinstance(value, pd.arrays.NumpyExtensionArray):
        return _array(value.to_numpy(), arrays)
    if isinstance(value, (pd.arrays.IntegerArray, pd.arrays.BooleanArray, pd.arrays.FloatingArray)):
        gone, held = value.isna(), value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=0)
        return {KIND: "masked", "held": _array(held, arrays), "gone": _array(np.asarray(gone), arrays)}
    raise UnknownValueError(str(value.dtype))


def _index(value: pd.Index, arrays: list[AnyArray]) -> dict[str, Any]:
    if isinstance(value, pd.MultiIndex):
        levels = [_told(value.get_level_values(k), arrays) for k in range(value.nlevels)]
        return {KIND: "levels", "levels": levels, "names": _all(value.names, arrays)}
    name = _told(value.name, arrays)
    if isinstance(value, pd.RangeIndex):
        return {KIND: "range", "range": [value.start, value.stop, value.step], "name": name}
    return {KIND: "index", "column": _column(value.array, arrays), "name": name}


def _series(value: pd.Series, arrays: list[AnyArray]) -> dict[str, Any]:
    if value.attrs:
        raise UnknownValueError("attrs")
    index, name = _told(value.index, arrays), _told(value.name, arrays)
    return {KIND: "series", "column": _column(value.array, arrays), "index": index, "name": name}


def _frame(value: pd.DataFrame, arrays: list[AnyArray]) -> dict[str, Any]:
    columns = [_column(value.iloc[:, k].array, arrays) for k in range(value.shape[1])]
    index, names = _told(value.index, arrays), _told(value.columns, arrays)
    return {KIND: "frame", "columns": columns, "index": index, "names": names, "attrs": _told(value.attrs, arrays)}


_Tell = Callable[[Any, list[AnyArray]], dict[str, Any]]
_OF_TYPES: dict[type, _Tell] = {
    tuple: lambda value, arrays: {KIND: "tuple", "of": _all(value, arrays)},
    list: lambda value, arrays: {KIND: "list", "of": _all(value, arrays)},
    set: _set,
    frozenset: _set,
    dict: _mapping,
    MappingProxyType: _mapping,
    date: lambda value, _: {KIND: "date", "day": value.isoformat()},
    type(pd.NA): lambda *_: {KIND: "na"},
    np.ndarray: _array,
    pd.DataFrame: _frame,
    pd.Series: _series,
}
_OF_KINDS: dict[type, _Tell] = {np.generic: _scalar, pd.Index: _index}


class _Reader:
    """The way back; ``arrays`` and ``records`` as ``read_again`` has them."""

    def __init__(self, arrays: Sequence[AnyArray], records: Mapping[str, type]) -> None:
        self.arrays, self.records = arrays, records

    def value(self, told: Any) -> Any:
        """Whatever was told."""
        if not isinstance(told, dict):
            return told
        reader: Callable[[dict[str, Any]], Any] = getattr(self, f"read_{told[KIND]}")
        return reader(told)

    def many(self, told: Sequence[Any]) -> list[Any]:
        return [self.value(one) for one in told]

    def read_tuple(self, told: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.many(told["of"]))

    def read_list(self, told: dict[str, Any]) -> list[Any]:
        return self.many(told["of"])

    def read_set(self, told: dict[str, Any]) -> set[Any]:
        return set(self.many(told["of"]))

    def read_frozenset(self, told: dict[str, Any]) -> frozenset[Any]:
        return frozenset(self.many(told["of"]))

    def read_mapping(self, told: dict[str, Any]) -> dict[Any, Any]:
        return dict(zip(self.many(told["keys"]), self.many(told["values"]), strict=True))

    def read_proxy(self, told: dict[str, Any]) -> MappingProxyType[Any, Any]:
        return MappingProxyType(self.read_mapping(told))

    def read_date(self, told: dict[str, Any]) -> date:
        return date.fromisoformat(told["day"])

    def read_na(self, _: dict[str, Any]) -> Any:
        return pd.NA

    def read_scalar(self, told: dict[str, Any]) -> Any:
        return self.arrays[told["at"]][()]

    def read_array(self, told: dict[str, Any]) -> AnyArray:
        found: AnyArray = self.arrays[told["at"]]
        return found

    def read_objects(self, told: dict[str, Any]) -> AnyArray:
        flat = np.empty(len(told["of"]), dtype=object)
        for k, one in enumerate(self.many(told["of"])):
            flat[k] = one
        shaped: AnyArray = flat.reshape(told["shape"])
        return shaped

    def read_category(self, told: dict[str, Any]) -> Any:
        codes, categories = self.value(told["codes"]), self.value(told["categories"])
        return pd.Categorical.from_codes(codes, categories=categories, ordered=told["ordered"])

    def read_texts(self, told: dict[str, Any]) -> Any:
        dtype = pd.StringDtype(told["storage"], na_value=pd.NA if told["na"] else np.nan)
        return pd.array(told["of"], dtype=dtype)

    def read_masked(self, told: dict[str, Any]) -> Any:
        held, gone = self.value(told["held"]), self.value(told["gone"])
        whole = pd.array(held)
        whole[gone] = pd.NA
        return whole

    def read_levels(self, told: dict[str, Any]) -> pd.MultiIndex:
        return pd.MultiIndex.from_arrays(self.many(told["levels"]), names=self.many(told["names"]))

    def read_range(self, told: dict[str, Any]) -> pd.RangeIndex:
        start, stop, step = told["range"]
        return pd.RangeIndex(start, stop, step, name=self.value(told["name"]))

    def read_index(self, told: dict[str, Any]) -> pd.Index:
        column = self.value(told["column"])
        index: pd.Index = pd.Index(column, dtype=column.dtype, name=self.value(told["name"]))
        return index

    def read_series(self, told: dict[str, Any]) -> pd.Series:
        column = self.value(told["column"])
        index, name = self.value(told["index"]), self.value(told["name"])
        series: pd.Series = pd.Series(column, dtype=column.dtype, index=index, name=name)
        return series

    def read_frame(self, told: dict[str, Any]) -> pd.DataFrame:
        index = self.value(told["index"])
        columns = [pd.Series(c, dtype=c.dtype, index=index) for c in self.many(told["columns"])]
        made = pd.DataFrame(dict(enumerate(columns)), index=index)
        made.columns = self.value(told["names"])
        made.attrs = self.value(told["attrs"])
        return made

    def read_record(self, told: dict[str, Any]) -> Any:
        parts = {name: self.value(part) for name, part in told["parts"].items()}
        return self.records[told["name"]](**parts)
