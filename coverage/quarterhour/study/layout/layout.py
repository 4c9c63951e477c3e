"""The layout plan of a run: what the report writes as text, tables, atlas and layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.study.layout.balance import area_balance
from quarterhour.study.layout.counts import layout_counts
from quarterhour.study.layout.facilities import planned_facilities
from quarterhour.study.layout.forecast import forecast_rows
from quarterhour.study.layout.groups import Groups, plan_groups
from quarterhour.study.layout.indicators import plan_indicators
from quarterhour.study.results import Results


@dataclass(frozen=True, eq=False)
class Layout:
    """What a layout plan rests on, all of it out of the results.

    ``facilities`` as ``planned_facilities`` has them; ``areas`` as ``area_balance``; ``indicators`` as
    ``plan_indicators``; ``counts`` as ``layout_counts``; ``forecast``: ``level, area, group, year, low, middle,
    high``, without rows where nothing is forecast.
    """

    groups: Groups
    facilities: gpd.GeoDataFrame
    areas: pd.DataFrame
    indicators: pd.DataFrame
    counts: Mapping[str, float]
    forecast: pd.DataFrame

    def __repr__(self) -> str:
        counts = self.facilities["treatment"].value_counts()
        return f"<Layout: {', '.join(f'{n} {name}' for name, n in counts.sort_index().items())}>"


def make_layout(results: Results, templates: Path | None = None) -> Layout:
    """The layout plan of a run. ``templates``: a folder whose ``plan.toml`` says which kinds belong together."""
    groups = plan_groups(results.study, templates)
    facilities = planned_facilities(results, groups)
    areas = area_balance(results, facilities)
    return Layout(groups, facilities, areas, plan_indicators(results, facilities, groups),
                  layout_counts(facilities, areas), forecast_rows(results))  # fmt: skip
