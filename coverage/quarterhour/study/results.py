"""All that a run found, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import pandas as pd

from quarterhour.base.findings import no_findings
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import CoverageRange
from quarterhour.standards.tiers import TierCheck
from quarterhour.study.inputs import Inputs
from quarterhour.study.services import Care
from quarterhour.study.siting.proposal import Proposal
from quarterhour.study.study import Study


@dataclass(frozen=True, eq=False)
class Results:
    """All that a run found. ``findings`` are those of the inputs and of the run.

    ``ranges``: circles whose pace is known as a range. ``pictures``: as ``isochrones`` makes them, with the id of
    their circle. ``scorecards``: one for each date that the study asks for, the reference date's first
    (``scorecard`` is that one). ``earlier``: rows of an earlier run's scorecard to compare with.
    ``seconds`` by step go into the manifest alone.
    """

    study: Study
    inputs: Inputs
    checks: tuple[CircleCheck, ...] = ()
    compare: tuple[CircleCheck, ...] = ()
    ranges: tuple[CoverageRange, ...] = ()
    pictures: gpd.GeoDataFrame | None = None
    scorecards: Mapping[date, Scorecard] = field(default_factory=dict)
    tiers: Mapping[str, TierCheck] = field(default_factory=dict)
    earlier: pd.DataFrame | None = None
    care: Care = field(default_factory=Care)
    proposals: tuple[Proposal, ...] = ()
    findings: pd.DataFrame = field(default_factory=no_findings)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def scorecard(self) -> Scorecard | None:
        """The scorecard on the reference date."""
        return next(iter(self.scorecards.values()), None)
