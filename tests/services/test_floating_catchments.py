"""Floating catchments and who is served: worked by hand, against PySAL's access, networkx and brute force."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from quarterhour.base.errors import CutoffError, DataError, SolverError
from quarterhour.services.decays import METHODS, dai_decay, normal_decay, step_decay
from quarterhour.services.floating_catchments import assign_within, catchment_access
from quarterhour.travel.times import TravelTimes, times_from_matrix
from repeatable import examples

NAN = float("nan")


def times(matrix: object, cutoff: float = 60) -> TravelTimes:
    rows = np.asarray(matrix, float)
    ids = [f"c{i}" for i in range(rows.shape[0])], [f"s{i}" for i in range(rows.shape[1])]
    return times_from_matrix(rows, communities=ids[0], sites=ids[1], cutoff=cutoff)


def column(values: object, name: str) -> pd.Series:
    return pd.Series(values, index=[f"{name}{i}" for i in range(len(values))])  # type: ignore[arg-type]


def test_forty_beds_among_all_who_reach_them() -> None:
    """s0: 40 beds for c0 and c1 (1,000 people); s1: 30 beds for c1 alone (600): c1 may count on both.

    c0 400 --- s0 40 --- c1 600 --- s1 30          c2 nobody reaches
    """
    near = times([[10, NAN], [15, 5], [NAN, NAN]])
    made = catchment_access(
        near, people=column([400, 600, 50], "c"), capacity=column([40, 30], "s"), minutes=15, method="2sfca"
    )
    assert made["access"].tolist() == pytest.approx([0.04, 0.04 + 0.05, 0])
    assert made["sites"].tolist() == [1, 2, 0]
    assert (made["access"] * made["people"]).sum() == pytest.approx(70)


def test_steps_end_where_they_say() -> None:
    assert step_decay({10: 1, 20: 0.5})(np.array([0, 10, 10.01, 20, 20.01])).tolist() == [1, 1, 0.5, 0.5, 0]


def chicago_like(seed: int) -> tuple[TravelTimes, pd.Series, pd.Series]:
    draw = np.random.default_rng(seed)
    homes, sites = draw.uniform(0, 60, (120, 2)), draw.uniform(0, 60, (25, 2))
    # no travel time stands on an edge of a step by chance alone: minutes are whole hundredths
    minutes = np.rint(np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1)) * 100) / 100
    people = pd.Series(draw.integers(1, 5000, 120), index=[f"c{i}" for i in range(120)])
    beds = pd.Series(draw.integers(0, 300, 25), index=[f"s{i}" for i in range(25)])
    return times(minutes, cutoff=90), people, beds


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["2sfca", "e2sfca", "3sfca", "normal"])
@pytest.mark.parametrize("seed", [1, 2])
def test_floating_catchments_are_those_of_pysal(method: str, seed: int) -> None:
    fca = pytest.importorskip("access.fca", reason="PySAL's access is in the test extras")
    weights = pytest.importorskip("access.weights")
    near, people, beds = chicago_like(seed)
    cost = near.pairs().rename(columns={"community": "origin", "site": "dest", "minutes": "cost"})
    decay = {
        "2sfca": None,
        "e2sfca": weights.step_fn({10: 1, 20: 0.68, 30: 0.22}),
        "3sfca": weights.step_fn({10: 0.962, 20: 0.704, 30: 0.377, 60: 0.042}),
        "normal": weights.gaussian(10),
    }[method]
    minutes = {"e2sfca": 30, "3sfca": 60}.get(method, 30)
    theirs = (fca.three_stage_fca if method == "3sfca" else fca.two_stage_fca)(
        people.rename("people").rename_axis("geoid").to_frame(),
        beds.rename("beds").rename_axis("geoid").to_frame(),
        cost, minutes, demand_index=True, demand_name="people", supply_index=True, supply_name="beds", weight_fn=decay,
    )  # fmt: skip
    made = catchment_access(near, people=people, capacity=beds, minutes=minutes, method=method)  # type: ignore[arg-type]
    assert len(theirs) > 100
    assert np.allclose(made["access"].reindex(theirs.index), theirs, rtol=0, atol=1e-9)


def test_nothing_is_handed_out_twice() -> None:
    near, people, beds = chicago_like(3)
    for method in METHODS:
        made = catchment_access(near, people=people, capacity=beds, minutes=30, method=method)
        assert (made["access"] * made["people"]).sum() <= beds.sum() * (1 + 1e-12)


def test_what_a_catchment_cannot_count_is_said() -> None:
    near = times([[10]], cutoff=20)
    given_ = {"people": column([1], "c"), "capacity": column([1], "s")}
    with pytest.raises(CutoffError):
        catchment_access(near, minutes=30, **given_)
    with pytest.raises(DataError, match="c0"):
        catchment_access(near, minutes=10, people=column([-1], "c"), capacity=column([1], "s"))
    with pytest.raises(DataError, match="s0"):
        catchment_access(near, minutes=10, people=column([1], "c"), capacity=pd.Series({"other": 1}))
    with pytest.raises(DataError, match="2sfca, e2sfca"):
        catchment_access(near, minutes=10, method="4sfca", **given_)  # type: ignore[arg-type]
    for wrong in ({}, {10.0: -1.0}):
        with pytest.raises(DataError, match="steps"):
            step_decay(wrong)
    for decay in (normal_decay, dai_decay):
        with pytest.raises(DataError, match="above 0"):
            decay(0)


def test_dai_falls_to_nothing_at_the_edge_of_the_catchment() -> None:
    """Dai 2010 by hand, catchment 30: at 15 minutes (e^-1/8 - e^-1/2) / (1 - e^-1/2) = 0.27597 / 0.39347."""
    weights = dai_decay(30)(np.array([0, 15, 29.999, 30, 45]))
    assert weights.tolist() == pytest.approx([1, 0.701366, 0.00005, 0, 0], abs=1e-5)
    assert weights[3] == weights[4] == 0
    near = times([[0, 15], [30, NAN]])
    made = catchment_access(
        near, people=column([100, 50], "c"), capacity=column([20, 10], "s"), minutes=30, method="dai"
    )
    # s0 is shared by c0 alone (c1 weighs nothing there), s1 by c0 at 0.7014: weight x 10 / (weight x 100)
    assert made["access"].tolist() == pytest.approx([0.2 + 0.1, 0])


def test_the_normal_curve_goes_on_to_the_edge() -> None:
    assert normal_decay(10)(np.array([0, 10, 30])).tolist() == pytest.approx([1, 0.606531, 0.011109], abs=1e-6)


@pytest.mark.parametrize(("method", "last"), [("e2sfca", 30), ("3sfca", 60)])
def test_beyond_the_last_ring_nothing_is_cut_silently(method: str, last: int) -> None:
    near = times([[last + 1]], cutoff=90)
    given_ = {"people": column([1], "c"), "capacity": column([1], "s"), "method": method}
    with pytest.raises(DataError, match=f"end at {last} minutes") as caught:
        catchment_access(near, minutes=last + 1, **given_)  # type: ignore[arg-type]
    assert f"只到 {last} 分钟" in caught.value.sentence("zh")
    assert catchment_access(near, minutes=last, **given_)["access"].tolist() == [0]  # type: ignore[arg-type]
    own = step_decay({90: 1})
    assert catchment_access(near, minutes=90, decay=own, **given_)["access"].tolist() == [1]  # type: ignore[arg-type]


def test_the_old_name_of_a_method_says_the_new_one() -> None:
    near, given_ = times([[10]]), {"people": column([1], "c"), "capacity": column([1], "s")}
    with pytest.raises(DataError, match="called 'normal' now, with the same figures.*'dai'"):
        catchment_access(near, minutes=30, method="gaussian", **given_)  # type: ignore[arg-type]


# --- who is served


def test_reachable_is_not_served() -> None:
    """30 beds at s0 for 20 + 25 people, 10 at s1 for c1 alone: all are reached, five have no place."""
    found = assign_within(
        times([[5, NAN], [3, 14], [NAN, NAN]]), people=column([20, 25, 7], "c"), capacity=column([30, 10], "s"),
        minutes=15,
    )  # fmt: skip
    assert found.communities["reachable"].tolist() == [True, True, False]
    assert found.communities["served"].sum() == 40
    assert found.sites["used"].tolist() == [30, 10]
    # s1 takes ten of c1; at s0 the fifteen left of c1 come before c0's, who travel longer
    assert found.communities["served"].tolist() == [15, 25, 0]
    assert found.communities["minutes"].iloc[1] == pytest.approx((15 * 3 + 10 * 14) / 25)
    assert np.isnan(found.communities["minutes"].iloc[2])
    assert found.share == pytest.approx(40 / 52)


def by_networkx(near: TravelTimes, people: pd.Series, beds: pd.Series) -> tuple[int, int]:
    graph = nx.DiGraph()
    for community, count in people.items():
        graph.add_edge("from", community, capacity=int(count), weight=0)
    for site, count in beds.items():
        graph.add_edge(site, "to", capacity=int(count), weight=0)
    for row in near.pairs().itertuples():
        graph.add_edge(row.community, row.site, weight=round(row.minutes * 6000))
    graph.add_nodes_from(["from", "to"])
    flow = nx.max_flow_min_cost(graph, "from", "to")
    return sum(flow["from"].values()), nx.cost_of_flow(graph, flow)


@st.composite
def towns(draw: st.DrawFn) -> tuple[TravelTimes, pd.Series, pd.Series]:
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    cells = draw(st.lists(st.sampled_from([NAN, 0, 1, 5, 7.5, 15, 15.01]), min_size=rows * columns,
                          max_size=rows * columns))  # fmt: skip
    people = draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows))
    beds = draw(st.lists(st.integers(0, 12), min_size=columns, max_size=columns))
    return times(np.reshape(cells, (rows, columns))), column(people, "c"), column(beds, "s")


@examples(80)
@given(towns())
def test_served_is_what_networkx_finds(town: tuple[TravelTimes, pd.Series, pd.Series]) -> None:
    near, people, beds = town
    found = assign_within(near, people=people, capacity=beds, minutes=15)
    spent = (found.flows["people"] * found.flows["minutes"]).sum() * 6000
    assert (found.communities["served"].sum(), round(spent)) == by_networkx(near.within(15), people, beds)
    assert (found.communities["served"] <= found.communities["people"]).all()
    assert (found.sites["used"] <= found.sites["capacity"]).all()


def test_served_is_what_trying_everything_finds() -> None:
    near = times([[5, 9], [6, 2], [15, NAN]])
    people, beds = column([2, 2, 1], "c"), column([2, 2], "s")
    each = [[(s, near.minutes(c, s)) for s in ("s0", "s1") if near.minutes(c, s) is not None] + [(None, 0.0)]
            for c, n in people.items() for _ in range(n)]  # fmt: skip
    best = (0, 0.0)
    for chosen in itertools.product(*each):
        used = [s for s, _ in chosen if s]
        if all(used.count(s) <= beds[s] for s in beds.index):
            best = min(best, (-len(used), sum(m for _, m in chosen)))  # type: ignore[arg-type]
    found = assign_within(near, people=people, capacity=beds, minutes=15)
    assert (-found.communities["served"].sum(), (found.flows["people"] * found.flows["minutes"]).sum()) == best


def test_room_without_end_serves_everybody() -> None:
    people, beds = column([3, 4], "c"), column([10**12, 1], "s")
    found = assign_within(times([[5, 2], [6, NAN]]), people=people, capacity=beds, minutes=15)
    assert found.sites["used"].tolist() == [6, 1]


def test_more_people_than_can_be_counted_are_told() -> None:
    people, beds = column([2**31 - 1, 2], "c"), column([2**31], "s")  # each of them can be, together they cannot
    with pytest.raises(SolverError, match="2,147,483,649 > 2,147,483,647"):
        assign_within(times([[5], [6]]), people=people, capacity=beds, minutes=15)


def test_half_a_person_is_refused() -> None:
    with pytest.raises(DataError, match="whole numbers"):
        assign_within(times([[1]]), people=column([1.5], "c"), capacity=column([1], "s"), minutes=15)


@pytest.mark.parametrize("method", ["2sfca", "dai", "normal"])
def test_a_method_that_is_its_weights_takes_no_others(method: str) -> None:
    near, given_ = times([[10]]), {"people": column([1], "c"), "capacity": column([1], "s")}
    with pytest.raises(DataError, match="is its own weights.*e2sfca, 3sfca"):
        catchment_access(near, minutes=30, method=method, decay=step_decay({30: 1}), **given_)  # type: ignore[arg-type]
