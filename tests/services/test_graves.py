"""Graves, niches and land: worked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from quarterhour.base.errors import DataError
from quarterhour.services.graves import grave_demand, shared_out
from quarterhour.standards.rules import read_rule_set

FIGURES = {
    "horizon-years": 20,
    "share-in-public": 0.5,
    "site-per-grave": 2.5,
    "niches-a-grave": 2,
    "site-per-niche": 0.3,
}


def test_twenty_years_of_deaths_and_the_backlog() -> None:
    """100 deaths x 20 x 0.5 = 1,000 burials and 500 graves to move: at 60 % eco 600 graves, twice as many niches."""
    towns = pd.DataFrame({"deaths": [100], "backlog": [500]}, index=["t"])
    row = grave_demand(towns, figures=FIGURES, eco_share=0.6).areas.loc["t"]
    assert (row["burials"], row["graves"], row["niches"]) == (1000, 600, 1200)
    assert row["area_m2"] == 600 * 2.5 + 1200 * 0.3
    assert row["area_mu"] == pytest.approx(row["area_m2"] / 666.6667, rel=1e-6)


def test_without_land_saving_there_are_still_two_niches_a_grave() -> None:
    towns = pd.DataFrame({"deaths": [1]}, index=["t"])
    row = grave_demand(towns, figures=FIGURES, eco_share=0).areas.loc["t"]
    assert (row["graves"], row["niches"]) == (10, 20)


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
