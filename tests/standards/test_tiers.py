"""Three tiers: each there, each reached from the one below."""

from __future__ import annotations

import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.standards.tiers import TierCheck, check_tiers
from quarterhour.travel.times import TravelTimes, times_from_matrix

NAN = float("nan")
COMMUNITIES = pd.DataFrame({"town": ["t1", "t1", "t2", "t3"], "county": ["k1", "k1", "k1", "k2"]}, index=list("abcd"))
FACILITIES = pd.DataFrame(
    {"town": ["t1", "t1", "t2", "t3", "t1"], "county": ["k1", "k1", "k1", "k2", "k1"]},
    index=["point", "centre1", "centre2", "centre3", "county1"],
)


def times(matrix: object, communities: list[str], sites: list[str]) -> TravelTimes:
    return times_from_matrix(matrix, communities=communities, sites=sites, cutoff=120)


def check(village: object = ((5,), (16,), (10,), (3,)), **changed: object) -> TierCheck:
    """a is well; b's point is too far; c's centre lies beyond its 30 minutes; d's county has no institution."""
    centres = ["centre1", "centre2", "centre3"]
    town = [[20, 1, 1], [20, 1, 1], [2, 31, 2], [1, 1, 9]]
    given = {
        "times": [
            times(village, list("abcd"), ["point"]),
            times(town, list("abcd"), centres),
            times([[60], [10], [5]], centres, ["county1"]),
        ],
        "minutes": (15, 30, 60),
    }
    return check_tiers(COMMUNITIES, FACILITIES, **{**given, **changed})  # type: ignore[arg-type]


def test_the_lowest_tier_that_fails_is_named() -> None:
    found = check()
    assert found.communities["gap"].to_dict() == {"a": "", "b": "village_far", "c": "town_far", "d": "county_none"}
    assert found.communities["met"].tolist() == [True, False, False, False]
    assert "1 of 4" in repr(found)


def test_a_centre_counts_in_its_own_town_alone() -> None:
    rows = check().communities
    assert rows["town"].to_dict() == {"a": "centre1", "b": "centre1", "c": "centre2", "d": "centre3"}
    assert rows["town_minutes"].tolist() == [20, 20, 31, 9]
    assert rows.loc["a", "county_minutes"] == 60  # exactly an hour is within an hour


def test_nobody_is_lost_where_nothing_is_reached() -> None:
    found = check(village=[[NAN]] * 4)
    assert (found.communities["gap"] == "village_none").all() and len(found.communities) == 4


def test_three_steps_are_asked_for() -> None:
    with pytest.raises(DataError, match="three"):
        check(minutes=(15, 30))
