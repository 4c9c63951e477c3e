"""Which care a community must reach.

The toy town, minutes to each site (blank: beyond the cutoff of 30)::

              day1   day2   base     older  town  county
    a          15.0   20     -         100   t1    c1      exactly the standard
    b          15.01  -      5          50   t1    c1      just beyond it
    c          -      -      -          30   t2    c1      nothing near
    d          10     10     14          0   t3    c2      two equally near, nobody lives there
    e          -      -      -          20   ""    c2      off every road
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import CutoffError, DataError
from quarterhour.standards.circle import CircleCheck, check_circle, worse_quality
from quarterhour.standards.rules import Circle
from quarterhour.travel.times import TravelTimes, times_from_matrix
from repeatable import examples

NO = np.nan
MINUTES = [[15, 20, NO], [15.01, NO, 5], [NO, NO, NO], [10, 10, 14], [NO, NO, NO]]
KINDS = pd.Series({"day1": "day", "day2": "day", "base": "base"})
QUALITY = pd.Series({"day1": "synthetic", "day2": "fact", "base": "estimated"})
CIRCLE = Circle("ring", "圈", "ring", kinds=("day", "base"), mode="walk", minutes=15, heading="to_site", people="older")


def town() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": list("ABCDE"),
            "town": ["t1", "t1", "t2", "t3", ""],
            "county": ["c1", "c1", "c1", "c2", "c2"],
            "older": [100, 50, 30, 0, 20],
            "quality": ["fact", "fact", "estimated", "fact", "synthetic"],
        },
        index=pd.Index(list("abcde"), name="id"),
    )


def times(cutoff: float = 30) -> TravelTimes:
    made = times_from_matrix(MINUTES, communities=town().index, sites=KINDS.index, cutoff=cutoff)
    snapped = pd.DataFrame({"snapped": [True, True, True, True, False]}, index=town().index)
    return replace(made, community_snap=snapped)


def check(**changes: Any) -> CircleCheck:
    return check_circle(replace(CIRCLE, **changes), times(), town(), kinds=KINDS, site_quality=QUALITY)


def shares(found: CircleCheck, level: str) -> pd.DataFrame:
    return found.shares[found.shares["level"] == level].set_index("area")


def test_no_community_is_lost() -> None:
    found = check()
    assert list(found.communities.index) == list("abcde")
    assert list(zip(found.rows["community"], found.rows["kind"], strict=True)) == [
        (c, k) for c in "abcde" for k in ("day", "base")
    ]


def test_a_trip_of_exactly_the_standard_counts_and_a_hundredth_more_does_not() -> None:
    found = check(kinds=("day",))
    assert list(found.communities["met"]) == [True, False, False, True, False]
    assert list(found.communities["reason"]) == ["met", "too_long", "out_of_reach", "met", "not_snapped"]


def test_one_kind_is_enough_for_any_and_each_is_asked_for_all() -> None:
    assert list(check(need="any").communities["met"]) == [True, True, False, True, False]
    found = check(need="all")
    assert list(found.communities["met"]) == [False, False, False, True, False]
    # a has no base within the search; b has a day centre, but too far.
    assert list(found.communities["reason"]) == ["out_of_reach", "too_long", "out_of_reach", "met", "not_snapped"]
    assert found.rows["needed"].all() and not check(need="any").rows["needed"].any()


def test_the_nearest_site_is_told_also_where_it_is_too_far() -> None:
    found = check(kinds=("day",)).communities
    assert list(found["nearest"].fillna("")) == ["day1", "day1", "", "day1", ""]
    assert found["minutes"].tolist()[:2] == [15, pytest.approx(15.01)]
    assert found["minutes"].isna().tolist() == [False, False, True, False, True]
    assert list(found["site_quality"].fillna("")) == ["synthetic", "synthetic", "", "synthetic", ""]
    within = check().rows.set_index(["community", "kind"])["within"]
    assert within["d", "day"] == 2 and within["a", "day"] == 1 and within["b", "day"] == 0


def test_shares_are_weighted_by_people_at_every_level() -> None:
    found = check(kinds=("day",))
    towns, counties = shares(found, "town"), shares(found, "county")
    assert list(towns.index) == ["t1", "t2", "t3"]
    assert towns["share_people"].tolist()[:2] == [pytest.approx(100 / 150), 0]
    assert np.isnan(towns.at["t3", "share_people"]) and towns.at["t3", "share_communities"] == 1
    assert counties["people_met"].tolist() == [100, 0] and counties["people"].tolist() == [180, 20]
    assert found.share() == found.share("city") == 0.5
    assert found.share("town", "t1") == pytest.approx(2 / 3)


def test_people_are_told_by_the_quality_of_their_row_or_of_their_column() -> None:
    city = shares(check(), "city").loc["city"]
    assert [city[f"people_{q}"] for q in ("fact", "estimated", "synthetic")] == [150, 30, 20]
    marked = town().assign(older_quality=["synthetic", "fact", "fact", "fact", "fact"])
    city = shares(check_circle(CIRCLE, times(), marked, kinds=KINDS), "city").loc["city"]
    assert [city[f"people_{q}"] for q in ("fact", "estimated", "synthetic")] == [50, 30, 120]


def test_without_a_site_of_the_kind_everyone_is_out_of_reach() -> None:
    found = check(kinds=("hospital",))
    assert not found.communities["met"].any()
    assert set(found.communities["reason"]) == {"out_of_reach", "not_snapped"}
    assert found.communities["nearest"].isna().all() and found.share() == 0


def test_the_order_of_the_communities_is_the_callers() -> None:
    turned = check_circle(CIRCLE, times(), town().iloc[::-1], kinds=KINDS)
    assert list(turned.communities.index) == list("edcba")
    assert turned.share() == check().share()


def test_a_check_answers_the_first_question_in_one_line() -> None:
    assert repr(check(kinds=("day",))).endswith("2 of 5 communities, 50.0% of older>")


@pytest.mark.parametrize(
    ("circle", "said"),
    [
        ({"people": "children"}, "'children'"),
        ({"heading": "to_community"}, "to_community"),
    ],
)
def test_a_question_that_does_not_fit_is_refused(circle: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        check(**circle)


def test_times_of_another_turnout_or_of_fewer_communities_are_refused() -> None:
    with pytest.raises(DataError, match="turnout of 3 minutes, the travel times one of 0"):
        check_circle(replace(CIRCLE, turnout_minutes=3), replace(times(), mode_id="car"), town(), kinds=KINDS)
    more = pd.concat([town(), town().iloc[:1].rename({"a": "z"})])
    with pytest.raises(DataError, match="no travel times: z"):
        check_circle(CIRCLE, times(), more, kinds=KINDS)


def test_a_standard_beyond_the_search_is_refused() -> None:
    with pytest.raises(CutoffError):
        check_circle(CIRCLE, times(cutoff=10), town(), kinds=KINDS)


def test_the_worse_quality_counts_and_an_unknown_word_is_no_fact() -> None:
    one = pd.Series(["fact", "fact", "estimated", "fact", "guess"])
    other = pd.Series(["fact", "synthetic", None, "estimated", "fact"])
    assert list(worse_quality(one, other)) == ["fact", "synthetic", "estimated", "estimated", "synthetic"]


@examples(25, 300)
@given(st.data())
def test_counting_by_hand_gives_the_same(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 5))
    whole = st.integers(0, 30) | st.none()
    matrix = [[data.draw(whole) for _ in range(columns)] for _ in range(rows)]
    people = [data.draw(st.integers(0, 99)) for _ in range(rows)]
    kinds = [data.draw(st.sampled_from(["day", "base"])) for _ in range(columns)]
    need = data.draw(st.sampled_from(["any", "all"]))
    ids, sites = pd.Index([f"c{i}" for i in range(rows)]), pd.Index([f"s{i}" for i in range(columns)])
    table = pd.DataFrame({"older": people, "town": "t", "county": "k", "quality": "fact"}, index=ids)
    given_times = times_from_matrix(
        [[NO if m is None else m for m in r] for r in matrix], communities=ids, sites=sites, cutoff=30
    )
    found = check_circle(replace(CIRCLE, need=need), given_times, table, kinds=pd.Series(kinds, index=sites))
    quantifier = all if need == "all" else any
    by_hand = [
        quantifier(any(m is not None and m <= 15 and k == kind for m, k in zip(row, kinds, strict=True))
                   for kind in ("day", "base"))
        for row in matrix
    ]  # fmt: skip
    assert list(found.communities["met"]) == by_hand
    covered = sum(p for p, m in zip(people, by_hand, strict=True) if m)
    for level in ("town", "county", "city"):
        assert shares(found, level)["people_met"].sum() == covered


BEYOND = pd.DataFrame(
    [("b", "base", "base", 44.0), ("c", "base", "base", 61.0), ("c", "day", "day2", 47.5)],
    columns=["community", "kind", "nearest", "minutes"],
)


def test_past_the_search_the_nearest_is_still_told() -> None:
    found = check_circle(CIRCLE, times(), town(), kinds=KINDS, site_quality=QUALITY, beyond=BEYOND)
    before = check()
    rows = found.communities
    assert rows["reason"].tolist() == ["met", "met", "too_long", "met", "not_snapped"]
    assert rows.loc["c", ["nearest", "minutes"]].tolist() == ["day2", 47.5]
    assert np.isnan(rows.at["e", "minutes"]) and np.isinf(found.searched_minutes)
    told = found.rows.set_index(["community", "kind"])
    assert told.at[("c", "base"), "minutes"] == 61.0 and told.at[("c", "base"), "nearest"] == "base"
    assert told["met"].tolist() == before.rows["met"].tolist() and before.searched_minutes == 30
    pd.testing.assert_frame_equal(found.shares, before.shares)
    pd.testing.assert_frame_equal(
        rows.drop(index="c").drop(columns="reason"), before.communities.drop(index="c").drop(columns="reason")
    )
    assert rows["site_quality"].equals(before.communities["site_quality"])


def test_no_way_is_not_the_same_as_too_far() -> None:
    found = check_circle(CIRCLE, times(), town(), kinds=KINDS, beyond=BEYOND[BEYOND["community"] != "c"])
    assert found.communities["reason"].tolist() == ["met", "met", "no_way", "met", "not_snapped"]
    every = replace(CIRCLE, need="all")
    some = check_circle(every, times(), town(), kinds=KINDS, beyond=BEYOND[BEYOND["kind"] == "day"])
    # a and b fail by a kind that no way leads to; d has both
    assert some.communities["reason"].tolist() == ["no_way", "too_long", "no_way", "met", "not_snapped"]
