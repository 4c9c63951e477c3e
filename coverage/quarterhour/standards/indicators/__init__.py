"""Values of targets by area: counts, shares, ratios, totals, distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from quarterhour.standards.indicators import circles, facilities, figures, households, served
from quarterhour.standards.indicators.made import no_values
from quarterhour.standards.score_inputs import ScoreInputs
from quarterhour.standards.targets import Target

MEASURES: Mapping[str, Callable[[Target, ScoreInputs, pd.Index], pd.DataFrame]] = {
    "circle_share": circles.circle_share,
    "reach_share": circles.reach_share,
    "count": facilities.count,
    "has_kind": facilities.has_kind,
    "ratio": figures.ratio,
    "rate": figures.rate,
    "total": figures.total,
    "least": figures.least,
    "distance": facilities.distance,
    "mean_by_class": figures.mean_by_class,
    "share_with": figures.share_with,
    "tiers": facilities.tiers,
    "served_share": served.served_share,
    "area_per_households": households.area_per_households,
}
"""What makes the values of each measure: from the target, the tables and the ids of its areas."""

__all__ = ["MEASURES", "no_values"]
