"""Assertions about travel times that say what differs."""

from __future__ import annotations

from typing import Any, Protocol

import pandas as pd


class _Times(Protocol):
    """Of ``TravelTimes``, what is compared."""

    @property
    def cutoff_minutes(self) -> float: ...
    @property
    def heading(self) -> str: ...
    @property
    def communities(self) -> pd.Index: ...
    @property
    def sites(self) -> pd.Index: ...
    def pairs(self) -> pd.DataFrame: ...


def assert_same_times(left: _Times, right: _Times) -> None:
    """Passes when two ``TravelTimes`` hold the same places, in order, cutoff, heading, and minutes of every pair.

    AssertionError names the first five pairs that differ, with both times; ``none`` is beyond the cutoff.

    >>> from quarterhour import testing, travel_times
    >>> street = testing.town("A--1--B-----C")
    >>> homes, sites = street.places("1"), street.places("AC")
    >>> there, back = (
    ...     travel_times(street.network(), homes, sites, minutes=30, heading=heading)
    ...     for heading in ("to_site", "to_community")
    ... )
    >>> assert_same_times(there, back)
    Traceback (most recent call last):
    ...
    AssertionError: heading differs: to_site, to_community
    """
    for name in ("heading", "cutoff_minutes"):
        one, two = getattr(left, name), getattr(right, name)
        assert one == two, f"{name} differs: {one}, {two}"
    for name in ("communities", "sites"):
        one, two = getattr(left, name), getattr(right, name)
        assert one.equals(two), f"{name} differ: {list(one)}, {list(two)}"
    lines = _differences(left.pairs(), right.pairs())
    more = f"\n  … ({len(lines)} in all)" if len(lines) > 5 else ""
    assert not lines, "\n  ".join(["minutes differ:", *lines[:5]]) + more


def _differences(left: pd.DataFrame, right: pd.DataFrame) -> list[str]:
    both = left.merge(right, on=["community", "site"], how="outer", suffixes=("_left", "_right"))
    other = both[both["minutes_left"].ne(both["minutes_right"])]
    return [
        f"{r.community} - {r.site}: {_shown(r.minutes_left)}, {_shown(r.minutes_right)}" for r in other.itertuples()
    ]


def _shown(minutes: Any) -> str:
    return "none" if pd.isna(minutes) else f"{minutes:g}"
