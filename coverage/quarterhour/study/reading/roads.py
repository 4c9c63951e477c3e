"""The roads of a study weighed as a whole: how they hang together, and who may use how much of them."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from quarterhour.base.findings import join_findings
from quarterhour.network.network import Mode
from quarterhour.network.roads.account import doubtful_columns
from quarterhour.network.roads.topology import measure_topology
from quarterhour.study.inputs import Inputs
from quarterhour.study.study import Study, modes_named, study_mode


def weighed_roads(study: Study, made: Inputs) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """What is doubtful in the roads as a whole, for the modes that the study asks, and the places of it."""
    file = next(iter(made.used.loc[made.used["table"] == "roads", "file"]), "")
    found = measure_topology(made.roads, file=file)
    told = join_findings([found.table, doubtful_columns(made.roads, asked_modes(study), file=file)])
    return told, found.places


def asked_modes(study: Study) -> list[Mode]:
    """Every mode that a study names, once."""
    where = dict(reversed(modes_named(study)))
    return [study_mode(study, name, where[name]) for name in sorted(where)]
