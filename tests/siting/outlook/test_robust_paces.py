"""Robust sites where a ferry, a signal or a wait keeps its time whatever the pace.

The toy town, minutes at the mode's own pace, standard 15; the candidate is at z::

    a --16 (road)-- z      at 1.2 times the pace 13.3: inside when the pace is 1.07 or more
    b --17 (ferry)-- z     17 at every pace: never inside
    c --10 (ferry), 4.5 (road)-- z   14.5; inside when 4.5 / pace is at most 5: the pace is 0.9 or more
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import DataError
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.paces import at_pace
from quarterhour.network.snap import at_junctions
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.travel.times import TravelTimes

EDGES = pd.DataFrame(
    {
        "u": ["a", "b", "c", "d"],
        "v": ["z", "z", "d", "z"],
        "minutes": [16.0, 17.0, 10.0, 4.5],
        "class": ["road", "ferry", "ferry", "road"],
    }
)
PEOPLE = pd.Series({"a": 1, "b": 10, "c": 100}, name="people")


def times_at(factor: float, minutes: float = 18.0) -> TravelTimes:
    net = network_from_edges(EDGES)
    homes, sites = (at_junctions(net, pd.Series(list(ids), index=list(ids))) for ids in ("abc", "z"))
    return qh.travel_times(at_pace(net, factor), homes, sites, minutes=minutes, heading="to_site")


def question(times: TravelTimes) -> SitingProblem:
    sites = pd.DataFrame(
        {"state": ["candidate"], "kind": "day", "town": "t", "county": "c", "name": "z", "quality": "fact"}, index=["z"]
    )
    return as_problem("q", demand=PEOPLE, sites=sites, times=times, minutes=15.0, objective="max-cover", new_sites=1)


def test_a_ferry_keeps_its_minutes_in_every_scenario() -> None:
    asked = {"scenarios": 12, "speed": (0.8, 1.2), "people": 0.0, "seed": 3}
    runs = qh.siting.robust_sites(question(times_at(1.0)), paced=times_at, **asked).scenarios
    expected = [(speed >= 16 / 15) * 1 + (speed >= 0.9) * 100 for speed in runs["speed"]]
    assert runs["value"].tolist() == expected and {0, 100, 101} == set(expected)


def test_whole_trips_are_not_scaled_where_part_of_them_is_fixed() -> None:
    with pytest.raises(DataError, match="does not depend on pace") as caught:
        qh.siting.robust_sites(question(times_at(1.0)), speed=(0.8, 1.2))
    assert "不随速度变化" in caught.value.sentence("zh")
    with pytest.raises(DataError, match="in their order"):
        qh.siting.robust_sites(question(times_at(1.0)), speed=(0.8, 1.2), paced=lambda f: times_at(f).only([]))


def test_a_pace_is_taken_while_another_thread_keeps_more_with_the_network() -> None:
    """Questions of one run are answered side by side on the same networks."""
    net = network_from_edges(EDGES)

    class Meanwhile(str):
        def startswith(self, *asked: Any) -> bool:
            net.kept["mutual"] = net.kept["grid"] = "of another thread"
            return super().startswith(*asked)

    net.kept[Meanwhile("verge")] = "known"
    assert at_pace(net, 1.2).kept == {"verge": "known"}
