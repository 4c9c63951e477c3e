"""What is told of a study's files as a whole: once each, and in words that are the same on every machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def unless_told(lie: pd.DataFrame, told: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Where places lie, without what ``doubts`` says of whole towns already."""
    of_towns = {t for one in told for t in one.loc[one["rule"] == "doubts.town_elsewhere", "table"]}
    return lie[~(lie["rule"].str.startswith("where.other_town") & lie["table"].isin(of_towns))]


def said_from(findings: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Findings that name files as the study file does, from its folder: the same on every machine."""
    return findings.assign(file=findings["file"].str.removeprefix(f"{folder}{os.sep}"))
