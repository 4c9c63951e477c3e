"""Lists of area codes: which list codes are from, and what a code of one is called in another.

The statistical office and the civil-affairs departments number the same towns apart: a code of one list may name
another town in the other. The lists that are known lie in ``data/area_codes/``, each with its source.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources

import pandas as pd

from quarterhour.base.area_codes.names import code_of, same_area_name

_FITS = 0.9
"""A list must know this share of the codes (with their names: six in ten) to be taken for theirs."""
_NAMES_FIT = 0.6


@functools.cache
def known_lists() -> pd.DataFrame:
    """Every unit of every shipped list: ``list, system, code, name, unit``; one ``list`` and ``unit`` are one place."""
    rows = []
    for file in sorted((resources.files("quarterhour") / "data" / "area_codes").iterdir(), key=lambda f: f.name):
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        for unit, entry in enumerate(told["towns"]):
            pairs = zip(told["systems"], entry[::2], entry[1::2], strict=True)
            rows += [(file.name, system, code, name, unit) for system, code, name in pairs]
    return pd.DataFrame(rows, columns=["list", "system", "code", "name", "unit"])


def known_systems() -> list[str]:
    """The systems of codes that are known by their lists."""
    return sorted(known_lists()["system"].unique())


def translation(one: str, other: str, *, digits: int = 9) -> dict[str, str]:
    """By code of one system, the code of the same unit in another; "" where that has none. Empty for unknown systems.

    ``digits``: 9 for towns, 6 for counties; a county whose towns lie in several counties of the other is left out.
    """
    known = known_lists()
    mine, theirs = (known[known["system"].eq(s) & known["code"].ne("")] for s in (one, other))
    if mine.empty or theirs.empty:
        return {}
    joined = mine.merge(theirs, on=["list", "unit"], how="left", suffixes=("", "_other"))
    pairs = pd.DataFrame(
        {"code": joined["code"].str[:digits], "other": joined["code_other"].fillna("").str[:digits]}
    ).drop_duplicates()
    if digits < 9:
        pairs = pairs[pairs["other"].ne("")]
    one_way = pairs.drop_duplicates("code", keep=False)
    return dict(zip(one_way["code"], one_way["other"], strict=True))


def names_in(system: str) -> dict[str, str]:
    """The name of each code in a system."""
    known = known_lists()
    mine = known[known["system"].eq(system) & known["code"].ne("")]
    return dict(zip(mine["code"], mine["name"], strict=True))


def other_names(names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """By id, what an area of this code and name is called in the lists that have another name for it."""
    known = known_lists()
    mine = known.merge(known, on=["list", "unit"], suffixes=("", "_other"))
    mine = mine[mine["name_other"].ne("") & mine["name_other"].ne(mine["name"])]
    found: dict[str, tuple[str, ...]] = {}
    for area, name in names.items():
        rows = mine[mine["code"].eq(code_of(area))] if name else mine.head(0)
        others = [r.name_other for r in rows.itertuples() if same_area_name(name, str(r.name))]
        if others:
            found[area] = tuple(dict.fromkeys(map(str, others)))
    return found


def likely_system(codes: Iterable[str]) -> str:
    """The one system whose list knows the codes best and nearly all of them; "" where none or several do."""
    every = set(codes)
    shares = {s: len(every & set(names_in(s))) / len(every) for s in known_systems()} if every else {}
    return _best(shares, at_least=_FITS)


def likely_system_of_names(names: Mapping[str, str]) -> str:
    """The one system in which most codes have these names; "" where none or several do."""
    given = {code: name for code, name in names.items() if name}
    shares = {}
    for system in known_systems() if given else ():
        there = names_in(system)
        shares[system] = sum(same_area_name(n, there.get(c, "")) for c, n in given.items()) / len(given)
    return _best(shares, at_least=_NAMES_FIT)


def _best(shares: Mapping[str, float], *, at_least: float) -> str:
    best = max(shares.values(), default=0.0)
    found = [s for s, share in shares.items() if share == best]
    return found[0] if best >= at_least and len(found) == 1 else ""
