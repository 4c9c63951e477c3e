"""Arguments of another sort are refused at the door: what was needed, what came, what to do, in both languages."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import quarterhour as qh
from quarterhour.base.arguments import takes
from quarterhour.base.errors import DataError

NETWORK = qh.network_from_edges(pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "minutes": [5, 6]}))
HOMES = qh.at_junctions(NETWORK, pd.Series({"west": "a", "east": "c"}))
WAY = {"minutes": 15, "heading": "to_site"}
RING: dict[str, Any] = {
    "id": "ring", "zh": "圈", "en": "ring", "kinds": ("day_care",), "mode": "walk", "minutes": 15, "heading": "to_site",
    "people": "older",
}  # fmt: skip

QUESTION = qh.siting_from_matrix([[4, 20], [12, 9]], [60, 30], within=10, new_sites=1)
OF_PLANS = ("near_best", "reserve_sites", "find_ties", "certify_plan", "phase_plan", "candidate_values", "site_values")
OF_QUESTIONS = ("smallest_relaxations", "robust_sites", "out_of_reach")

WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a path for a study": (lambda: qh.write_results("data/raw/weihai", "out"), "results"),
    "nothing for a study": (lambda: qh.read_study(None), "path"),  # type: ignore[arg-type]
    "a path for a network": (lambda: qh.travel_times("roads.gpkg", HOMES, HOMES, **WAY), "network"),  # type: ignore
    "a list for places": (lambda: qh.travel_times(NETWORK, [1, 2], HOMES, **WAY), "communities"),  # type: ignore
    "a list for people": (lambda: qh.people_within(NETWORK, HOMES, HOMES, people=[1, 2], **WAY), "people"),  # type: ignore
    "a list for junctions": (lambda: qh.at_junctions(NETWORK, ["a"]), "junctions"),  # type: ignore[arg-type]
    "a list for edges": (lambda: qh.network_from_edges([("a", "b", 5)]), "edges"),  # type: ignore[arg-type]
    "a table without places for roads": (lambda: qh.build_network(pd.DataFrame(), "walk"), "roads"),  # type: ignore
    "a name for a mode": (lambda: qh.build_network(gpd.GeoDataFrame(), "walk"), "mode"),  # type: ignore[arg-type]
    "a matrix for a question": (lambda: qh.solve_siting([[1, 2]]), "problem"),  # type: ignore[arg-type]
    "no question": (lambda: qh.verify_plan(None, None), "problem"),  # type: ignore[arg-type]
    **{f"no plan for {f}": (lambda f=f: getattr(qh.siting, f)(QUESTION, None), "plan") for f in OF_PLANS},
    **{f"no question for {f}": (lambda f=f: getattr(qh.siting, f)(None), "problem") for f in OF_QUESTIONS},
    "no plan for a record": (lambda: qh.siting.plan_record(None, QUESTION), "plan"),  # type: ignore[arg-type]
    "a plan for a frontier": (lambda: qh.siting.frontier(None, 2), "problem"),  # type: ignore[arg-type]
    "no question for budgets": (lambda: qh.siting.budget_frontier(None, [1]), "problem"),  # type: ignore[arg-type]
    "no question to move in": (lambda: qh.siting.relocate(None, 1), "problem"),  # type: ignore[arg-type]
    "no question with levels": (lambda: qh.siting.with_levels(None, pd.DataFrame()), "problem"),  # type: ignore
    "a list of sites": (lambda: qh.siting.join_sites(pd.DataFrame(), ["a"]), "candidates"),  # type: ignore[arg-type]
    "a list of villages": (lambda: qh.siting.candidates_from_communities(["a"]), "communities"),  # type: ignore
    "no layer": (lambda: qh.siting.exclude_near(gpd.GeoDataFrame(), None, metres=5, rule="r"), "layer"),  # type: ignore
    "a number for a circle": (lambda: qh.check_circle(1, 2, 3, kinds=4), "circle"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_of_another_sort_is_refused(name: str) -> None:
    call, argument = WRONG[name]
    with pytest.raises(DataError) as told:
        call()
    assert told.value.key == "errors.wrong_argument" and told.value.values["argument"] == argument
    assert argument in told.value.sentence("zh") and argument in told.value.sentence("en")


def test_budgets_that_are_no_list_are_said() -> None:
    priced = qh.siting_from_matrix([[4]], [9], sites=pd.DataFrame({"cost_yuan": [3]}, index=["a"]), budget=9)
    for given in (None, 5, "12"):
        with pytest.raises(DataError, match="whole yuan") as told:
            qh.siting.budget_frontier(priced, given)  # type: ignore[arg-type]
        assert str(given) in told.value.sentence("en")


def test_polygons_given_raw_have_no_times() -> None:
    towns = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs="EPSG:32651")
    with pytest.raises(DataError):
        qh.travel_times(NETWORK, towns, HOMES, **WAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("minutes", -15), ("minutes", 0), ("minutes", np.nan), ("minutes", "15"), ("minutes", True),
        ("heading", "both"),
        ("kinds", "day_care"), ("kinds", ()), ("kinds", ("",)), ("mode", ""), ("mode", None), ("people", ""),
        ("need", "some"),
        ("turnout_minutes", -1), ("turnout_minutes", None),
    ],
)  # fmt: skip
def test_a_circle_that_cannot_be_is_refused(field: str, given: Any) -> None:
    with pytest.raises(DataError) as told:
        qh.Circle(**{**RING, field: given})
    assert told.value.values["field"] == field and told.value.sentence("zh") and told.value.sentence("en")


def test_a_circle_that_can_be_is_made() -> None:
    assert qh.Circle(**RING).minutes == 15
    assert qh.Circle(**{**RING, "turnout_minutes": 3.5, "minutes": np.float64(15)}).turnout_minutes == 3.5


def test_what_is_left_out_or_none_by_default_is_no_mistake() -> None:
    @takes(first=int, second=(str, bytes))
    def work(first: int, second: str | None = None, *, third: int = 0) -> tuple[Any, ...]:
        return first, second, third

    assert work(1) == (1, None, 0) and work(1, None, third=2) == (1, None, 2) and work(first=1, second="x")[1] == "x"
    assert list(inspect.signature(work).parameters) == ["first", "second", "third"]
    for call in (lambda: work("1"), lambda: work(1, 2), lambda: work(1, second=2)):  # type: ignore[arg-type]
        with pytest.raises(DataError):
            call()
    with pytest.raises(TypeError):
        work()  # type: ignore[call-arg]
