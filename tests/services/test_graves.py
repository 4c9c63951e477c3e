"""Places for the dead by form and period, and their land: worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.base.errors import DataError
from quarterhour.services.burial_forms import apportion, burial_forms, shares_of_figures, two_forms
from quarterhour.services.burial_years import (
    Horizon,
    by_area_and_year,
    in_their_years,
    on_every_year,
    spread_evenly,
)
from quarterhour.services.graves import GraveDemand, burial_need, grave_demand, shared_out
from quarterhour.standards.rules import read_rule_set

FIGURES = {"horizon-years": 20, "share-in-public": 0.5, "site-per-grave": 2.5, "site-per-niche": 0.3}
GAOTANG = {
    ("county", "near"): {"flat_stone": 0.4, "niche": 0.5, "tree": 0.1},
    ("county", "far"): {"flat_stone": 0.3, "niche": 0.5, "tree": 0.2},
    ("town", "near"): {"flat_stone": 0.6, "niche": 0.35, "tree": 0.05},
    ("town", "far"): {"flat_stone": 0.4, "niche": 0.5, "tree": 0.1},
    ("village", "near"): {"flat_stone": 0.95, "tree": 0.05},
    ("village", "far"): {"flat_stone": 0.4, "niche": 0.5, "tree": 0.1},
}


def need(deaths: list[float], moved: list[float], horizon: Horizon, **more: Any) -> GraveDemand:
    """Of one town with so many deaths and moves each year."""
    table = pd.DataFrame([deaths], index=["t"], columns=list(horizon.years), dtype=float)
    moves = pd.DataFrame([moved], index=["t"], columns=list(horizon.years), dtype=float)
    given: dict[str, Any] = {"shares": two_forms(0.6), "forms": burial_forms(FIGURES), "figures": FIGURES}
    return burial_need(table, moves, horizon=horizon, **{**given, **more})


def test_twenty_years_of_deaths_and_the_backlog_are_one_place_each() -> None:
    """100 deaths x 20 x 0.5 = 1,000 burials and 500 graves to move: at 60 % eco 600 graves and 900 niches, no more."""
    towns = pd.DataFrame({"deaths": [100], "backlog": [500]}, index=["t"])
    row = grave_demand(towns, figures=FIGURES, eco_share=0.6).areas.loc["t"]
    assert (row["burials"], row["dead"], row["graves"], row["niches"]) == (1000, 1500, 600, 900)
    assert row["area_m2"] == 600 * 2.5 + 900 * 0.3
    assert row["area_mu"] == pytest.approx(row["area_m2"] / 666.6667, rel=1e-6)


def test_without_land_saving_there_are_no_niches_on_top() -> None:
    row = grave_demand(pd.DataFrame({"deaths": [1]}, index=["t"]), figures=FIGURES, eco_share=0).areas.loc["t"]
    assert (row["graves"], row["niches"]) == (10, 0)


def test_form_and_period_by_hand_to_the_grave() -> None:
    """2026-2037 of 40 deaths, half in public cemeteries: 100 near, 100 far, 40 later; 25 graves move each near year.

    Near 225 dead: 60 % flat stones 135, 35 % niches 78.75, 5 % trees 11.25; far 100: 40, 50, 10; later 40: 16, 20, 4.
    Of 365 dead 78 + 11 are the floors of the near ones; the one left goes to the larger remainder, the niches.
    """
    horizon = Horizon(2026, 2037)
    found = need([40] * 12, [25] * 5 + [0] * 7, horizon, shares=GAOTANG)
    by = found.cells.set_index(["form", "period"])["dead"]
    assert by["flat_stone"].to_dict() == {"near": 135, "far": 40, "later": 16}
    assert by["niche"].to_dict() == {"near": 79, "far": 50, "later": 20}
    assert by["tree"].to_dict() == {"near": 11, "far": 10, "later": 4}
    assert found.cells["dead"].sum() == found.areas.at["t", "dead"] == 365
    assert horizon.periods == {"near": (2026, 2030), "far": (2031, 2035), "later": (2036, 2037)}


def test_land_that_nobody_says_is_no_data_and_never_zero() -> None:
    found = need([40] * 12, [0] * 12, Horizon(2026, 2037), shares=GAOTANG)
    assert found.unknown_land == ("tree",)
    assert np.isnan(found.areas.at["t", "area_m2"]) and np.isnan(found.land_a_grave[""])
    known = need(
        [40] * 12, [0] * 12, Horizon(2026, 2037), shares=GAOTANG, forms=burial_forms(FIGURES, m2={"tree": 1.0})
    )
    graves, niches, trees = known.areas.loc["t", ["graves", "niches", "others"]]
    assert known.areas.at["t", "area_m2"] == pytest.approx(graves * 2.5 + niches * 0.3 + trees)


def test_levels_of_cemeteries_have_shares_of_their_own() -> None:
    """200 dead near: a fifth in county cemeteries (16, 20, 4), the rest in villages (152 flat stones, 8 trees)."""
    found = need([80] * 5, [0] * 5, Horizon(2026, 2030), shares=GAOTANG, levels={"county": 0.2, "village": 0.8})
    by = found.cells.set_index(["level", "form"])["dead"]
    assert by["county"].to_dict() == {"flat_stone": 16, "niche": 20, "tree": 4}
    assert by["village"].to_dict() == {"flat_stone": 152, "tree": 8}
    assert found.graves("county")["t"] == 16 and found.graves()["t"] == 168


def test_a_double_plot_holds_two_urns_and_the_sea_takes_no_land() -> None:
    """21 dead: 11 in double plots (6 plots), 10 at sea."""
    shares = {("town", "near"): {"grave_double": 0.52, "sea": 0.48}}
    forms = burial_forms(FIGURES, m2={"grave_double": 4.0})
    found = need([42], [0], Horizon(2026, 2026), shares=shares, forms=forms)
    cells = found.cells.set_index("form")
    assert cells["dead"].to_dict() == {"grave_double": 11, "sea": 10}
    assert cells.at["grave_double", "places"] == 6 and found.areas.at["t", "graves"] == 6
    assert found.areas.at["t", "area_m2"] == 24 and found.areas.at["t", "sea"] == 10


def test_plots_of_two_are_filled_over_the_periods() -> None:
    """3 dead near and 3 far need three double plots, not two and two."""
    shares = {("town", "near"): {"grave_double": 1.0}}
    forms = burial_forms(FIGURES, m2={"grave_double": 4.0})
    found = need([6, 6], [0, 0], Horizon(2030, 2031), shares=shares, forms=forms)
    assert found.cells["places"].tolist() == [2, 1]


def test_moved_graves_are_spread_or_come_in_their_years() -> None:
    horizon = Horizon(2026, 2035)
    even = spread_evenly(pd.Series([100], index=["t"]), horizon, until=2029)
    assert even.loc["t"].tolist() == [25] * 4 + [0] * 6
    table = pd.DataFrame({"town": ["t", "t"], "year": [2027, 2030], "backlog": [30, 70]})
    moved = in_their_years(by_area_and_year(table, area="town", value="backlog"), horizon)
    assert moved.loc["t"].tolist() == [0, 30, 0, 0, 70, 0, 0, 0, 0, 0]
    with pytest.raises(DataError, match="2040"):
        in_their_years(by_area_and_year(table.assign(year=[2027, 2040]), area="town", value="backlog"), horizon)


def test_years_between_two_known_ones_lie_on_a_line() -> None:
    table = pd.DataFrame({"town": ["t", "t"], "year": [2027, 2030], "deaths": [100, 130]})
    deaths, filled = on_every_year(by_area_and_year(table, area="town", value="deaths"), Horizon(2026, 2032))
    assert deaths.loc["t"].tolist() == [100, 100, 110, 120, 130, 130, 130]
    assert filled == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"year": [2027, None]}, "no whole year"),
        ({"year": [2027, 2027.5]}, "no whole year"),
        ({"year": ["2027", "明年"]}, "t 明年"),
        ({"year": [2027, 2027]}, "two rows"),
        ({"deaths": [1, -1]}, "t 2030"),
        ({"deaths": [1, None]}, "t 2030"),
        ({"town": ["t", ""]}, "no town"),
    ],
)
def test_rows_by_year_that_cannot_be_meant_are_named(change: dict[str, Any], said: str) -> None:
    table = pd.DataFrame({"town": ["t", "t"], "year": [2027, 2030], "deaths": [1, 2]}).assign(**change)
    with pytest.raises(DataError, match=said):
        by_area_and_year(table, area="town", value="deaths")


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"grave": 0.5, "niche": 0.4}, "add up to 1"),
        ({"grave": 1.5, "niche": -0.5}, "add up to 1"),
        ({"pyramid": 1.0}, "pyramid"),
        ({}, "add up to 1"),
        ({"grave": float("nan")}, "add up to 1"),
    ],
)
def test_shares_that_cannot_be_are_refused(shares: dict[str, float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        need([1], [0], Horizon(2026, 2026), shares={("town", "near"): shares})


def test_levels_and_forms_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="add up to 1"):
        need([1], [0], Horizon(2026, 2026), levels={"town": 0.5})
    with pytest.raises(DataError, match="village"):
        need([1], [0], Horizon(2026, 2026), shares={("town", "near"): {"grave": 1.0}}, levels={"village": 1.0})
    with pytest.raises(DataError, match="tree"):
        burial_forms(FIGURES, m2={"tree": -1})
    with pytest.raises(DataError, match="niche"):
        burial_forms(FIGURES, urns={"niche": 0})
    with pytest.raises(DataError, match="pyramid"):
        burial_forms(FIGURES, m2={"pyramid": 1})
    with pytest.raises(DataError, match="horizon"):
        Horizon(2030, 2026)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=9), st.integers(0, 500))
def test_nobody_is_lost_and_nobody_has_two_places(parts: list[float], total: int) -> None:
    """Against the exact parts: never off by one or more."""
    made = apportion(total, np.array(parts))
    assert made.sum() == total and (made >= 0).all()
    if sum(parts) > 1e-3:
        assert all(abs(m - total * p / sum(parts)) < 1 + 1e-5 for m, p in zip(made, parts, strict=True))


def test_the_shipped_rules_have_gaotangs_shares_and_the_range_of_land() -> None:
    figures = {f.id: f.value for f in read_rule_set("cemetery").figures}
    assert shares_of_figures(figures) == GAOTANG
    found = need([200], [0], Horizon(2026, 2026), figures=figures, forms=burial_forms(figures))
    assert found.land_m2 == pytest.approx((40 * 1.9 + 60 * 0.3, 40 * 3.33 + 60 * 0.3))


def test_the_shipped_rules_have_the_figures() -> None:
    figures = {f.id: f.value for f in read_rule_set("cemetery").figures}
    found = grave_demand(pd.DataFrame({"deaths": [1]}, index=["t"]), figures=figures, eco_share=0.6)
    assert "4 graves" in repr(found)


def test_a_city_figure_is_shared_out_by_people() -> None:
    shared = shared_out(100, by=pd.Series([1, 3], index=["a", "b"]))
    assert shared.tolist() == [25, 75]
    assert shared_out(100, by=pd.Series([0], index=["a"])).tolist() == [0]


def test_what_is_missing_is_told() -> None:
    towns = pd.DataFrame({"deaths": [1]}, index=["t"])
    with pytest.raises(DataError, match="site-per-grave"):
        grave_demand(towns, figures={k: v for k, v in FIGURES.items() if k != "site-per-grave"}, eco_share=0.5)
    with pytest.raises(DataError, match="deaths"):
        grave_demand(pd.DataFrame(index=["t"]), figures=FIGURES, eco_share=0.5)
    with pytest.raises(DataError, match="t"):
        grave_demand(towns * -1, figures=FIGURES, eco_share=0.5)
    with pytest.raises(DataError, match="between 0 and 1"):
        grave_demand(towns, figures=FIGURES, eco_share=60)
