"""What each measure makes: a row an area with its value, note and quality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from quarterhour.base.cells import numbers, texts
from quarterhour.base.findings import QUALITIES, UNSTATED
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target


def no_values(areas: pd.Index) -> pd.DataFrame:
    """No value yet for each area."""
    columns = ("value", "base", "synthetic_share", "estimated_share", "unstated_share")
    return pd.DataFrame(dict.fromkeys(columns, np.nan), index=areas).assign(note="", needs="")


def made_values(
    areas: pd.Index, value: pd.Series, quality: pd.DataFrame, base: pd.Series | float = 1.0
) -> pd.DataFrame:
    """Values by area with the shares of quality; an area without a value has nobody to count.

    ``base``: what a value of one stands for in the area, so that a share that is short tells how many are.
    """
    made = no_values(areas).assign(value=value.reindex(areas).astype("float64"))
    made["base"] = base.reindex(areas).astype("float64") if isinstance(base, pd.Series) else base
    for name in ("synthetic", "estimated", UNSTATED):
        made[f"{name}_share"] = quality[name].reindex(areas).astype("float64")
    return made.assign(note=made["value"].isna().map({True: "scorecard.nobody", False: ""}))


def noted(made: pd.DataFrame, rows: pd.Series, note: str, needs: str | pd.Series = "") -> pd.DataFrame:
    """The values with a note, and what it needs, in some of their rows."""
    return made.assign(note=made["note"].mask(rows, note), needs=made["needs"].mask(rows, needs))


def quality_shares(quality: pd.Series, areas: pd.Series, weight: pd.Series | None = None) -> pd.DataFrame:
    """Share of each area's rows (or people) that are of each quality."""
    each = pd.Series(1.0, index=quality.index) if weight is None else weight.astype("float64")
    weighed = pd.DataFrame({q: each.where(quality == q, 0.0) for q in QUALITIES}).assign(all=each)
    sums = weighed.groupby(areas).sum()
    return sums[list(QUALITIES)].div(sums["all"].where(sums["all"] > 0), axis=0)


def quality_of(table: pd.DataFrame) -> pd.Series:
    """How well each row is known; unstated without a column of it."""
    return texts(table["quality"]) if "quality" in table else pd.Series(UNSTATED, index=table.index)


def numeric_columns(table: pd.DataFrame, target: Target, names: Sequence[str]) -> list[pd.Series]:
    """Columns of the target's table as numbers; NoDataError names those that are missing."""
    missing = [n for n in names if n not in table.columns]
    if missing:
        raise NoDataError(f"{target.table or 'communities'}: {', '.join(missing)}")
    return [numbers(table[n]) for n in names]


def kinds_or_no_data(ground: ScoreInputs, kinds: Sequence[str]) -> pd.DataFrame:
    """The facilities of kinds; NoDataError where there is not one anywhere."""
    rows = ground.of_kinds(kinds)
    # A kind that nobody supplied anywhere is not known; zero is said only beside others of its kind.
    if not len(rows):
        raise NoDataError(f"facilities: kind = {' | '.join(kinds)}")
    return rows


def worst_quality(rows: pd.DataFrame) -> str:
    """The worst quality of a table's rows."""
    found = set(quality_of(rows))
    return next((q for q in reversed(QUALITIES) if q in found), QUALITIES[-1])
