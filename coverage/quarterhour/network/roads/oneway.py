"""One-way marks: a column is written in one vocabulary, and that is found from all of its values.

=============  ==========================================  =================================================
vocabulary     values                                      where it is met
=============  ==========================================  =================================================
``words``      yes, no, -1, 1, 0, forward, 单向, FT ...       OSM, ArcGIS, tables typed by hand
``truths``     T, F alone                                  a column of true and false
``marks``      B, F, T                                     Geofabrik: both, from-to, to-from
``numbers``    0, 1, 2, 3, with a 2 or a 3                 navigation data: unknown, both, along, against
=============  ==========================================  =================================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.base.errors import DataError
from quarterhour.network.roads.marks import BLANK, NO, are_truths, marks_of

MOSTLY_ONEWAY, SEVERAL = 0.6, 20
"""No town has so many one-way roads: with more of them among so many, bare marks may mean the contrary."""
_ALONG = (
    "yes",
    "true",
    "1",
    "ft",
    "forward",
    "y",
    "是",
    "正向",
    "顺向",
    "单行",
    "单向",
    "单行线",
    "单行道",
    "单向通行",
    "单向行驶",
    "单",
    "顺",
    "顺行",
    "正",
)
_AGAINST = ("-1", "reverse", "tf", "backward", "反向", "逆向", "逆行", "逆", "反")
_BOTH = ("b", "both", "reversible", "alternating", "双向", "双行", "双向通行", "双向行驶", "双", "非单行")
_VOCABULARIES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "truths": {"t": 1, "f": 0},
        "marks": {"b": 0, "f": 1, "t": -1},
        "numbers": {"0": 0, "1": 0, "2": 1, "3": -1},
        "words": dict.fromkeys((*NO, *_BOTH), 0) | dict.fromkeys(_ALONG, 1) | dict.fromkeys(_AGAINST, -1),
    }
)
_MEANINGS = (("both", 0), ("along", 1), ("against", -1))
_BARE = frozenset({"0", "1", "2", "t", "f"})
"""Marks that mean the contrary in other tables: 1 one way and 2 both, 0 both, 1 along and 2 against."""


@dataclass(frozen=True, eq=False)
class Oneway:
    """A column as 1 (along the drawn line), -1 (against), 0 (both); ``odd``: rows with a mark outside of it.

    ``vocabulary``: its name, "own" for the user's, "" where nothing is marked. ``text``: the marks as they were read.
    """

    way: NDArray[np.int8]
    odd: pd.Index
    vocabulary: str
    text: pd.Series

    def counts(self) -> str:
        """Each mark with its meaning and how often it stands: ``b = 0 (120), f = 1 (30)``."""
        known = ~self.text.index.isin(self.odd) & ~self.text.isin(BLANK).to_numpy()
        said = Counter(zip(self.text[known], self.way[known].tolist(), strict=True))
        told = sorted(said.items(), key=lambda one: (-one[1], one[0]))
        return ", ".join(f"{mark} = {way} ({count:,})" for (mark, way), count in told)


def oneway_of(values: pd.Series, own: Mapping[Any, Sequence[object]] | None = None) -> Oneway:
    """What a column of one-way marks says, read in one vocabulary.

    ``own``: the user's marks, ``{"along": ["2"], "against": ["3"], "both": ["1"]}``; then nothing is guessed.
    DataError for a column whose bare marks (1, T, 2) would make most roads one-way, or of 0, 1 and 2 where 0 is what
    most roads have: it may mean the contrary. Not of int8, which ``read_osm_roads`` writes: there nothing is guessed.

    >>> oneway_of(pd.Series(["B", "F", "T"])).way.tolist()
    [0, 1, -1]
    >>> oneway_of(pd.Series(["1", "2", "3", "1"])).way.tolist()
    [0, 1, -1, 0]
    """
    text = marks_of(values)
    said = set(text.unique()) - BLANK
    name = "own" if own else _vocabulary(text, said)
    meaning = _own(own) if own else _VOCABULARIES.get(name, {})
    code, marks = pd.factorize(text)
    known = np.array([meaning.get(mark, 0) for mark in marks], np.int8)[code]
    found = Oneway(known, values.index[~text.isin({*meaning, *BLANK})], name, text)
    ours = own or values.dtype == np.int8  # as OSM's roads were read: nothing to guess
    if not ours and said <= _BARE and len(known) >= SEVERAL and _may_be_contrary(found):
        raise DataError("roads.oneway_ambiguous", column=str(values.name), counts=found.counts())
    return found


def is_written_in(values: pd.Series, own: Mapping[Any, Sequence[object]] | None) -> bool:
    """Whether the user's marks say all that stands in a column."""
    return bool(own) and set(marks_of(values).unique()) <= {*_own(own or {}), *BLANK}


def _may_be_contrary(found: Oneway) -> bool:
    """Whether bare marks would make most roads one-way, or leave most of navigation data's unknown (0)."""
    times = found.text.value_counts()
    zeros = found.vocabulary == "numbers" and times.get("0", 0) > times.get("1", 0) > 0
    return bool((found.way != 0).mean() > MOSTLY_ONEWAY or zeros)


def _vocabulary(text: pd.Series, said: set[str]) -> str:
    if not said:
        return ""
    if are_truths(text):
        return "truths"
    if "b" in said and said <= {*_VOCABULARIES["marks"]}:
        return "marks"
    return "numbers" if said & {"2", "3"} and said <= {*_VOCABULARIES["numbers"]} else "words"


def _own(own: Mapping[Any, Sequence[object]]) -> dict[str, int]:
    return {mark: way for name, way in _MEANINGS for mark in marks_of(pd.Series(list(own.get(name, ())), dtype=object))}
