"""Areas of which only so many are 60 and over is known: their share of what the area above grows by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from quarterhour.services.forecast.census import LEVELS
from quarterhour.services.forecast.groups import PARTS
from quarterhour.services.forecast.question import Counted, Question
from quarterhour.services.forecast.rake import fit_margins


def share_of_growth(first: pd.Series, last: pd.Series, above: float, base: float) -> pd.Series:
    """Older people by area when the area above has ``above`` of them: the last count and a share of the growth since.

    ``first``, ``last``: by area at two counts. ``base``: of the area above at the last. The share is what each area
    grew by, of all that grew; areas that shrank have none. Where the whole did not grow, or shrinks from now on, each
    keeps its share of the people instead. The result comes to ``above``.

    >>> share_of_growth(pd.Series([10.0, 20.0]), pd.Series([20.0, 20.0]), 60, 40).tolist()
    [40.0, 20.0]
    """
    grew = (last - first).clip(lower=0)
    if (last - first).sum() <= 0 or above < base or grew.sum() <= 0:
        return constant_share(last, above)
    made = last * (base / last.sum() if last.sum() > 0 else 0.0) + grew / grew.sum() * (above - base)
    return made * (above / made.sum()) if made.sum() > 0 else made


def constant_share(last: pd.Series, above: float) -> pd.Series:
    """Older people by area, each with its share of the last count; alike where nobody was counted."""
    return last * (above / last.sum()) if last.sum() > 0 else pd.Series(above / max(len(last), 1), index=last.index)


def counted_at(q: Question, level: str) -> Counted | None:
    """What is known of older people at a level: counted there, or summed from a finer one."""
    for counted in q.below:
        if counted.level == level:
            return counted
    finer = [c for c in q.below if LEVELS.index(c.level) < LEVELS.index(level)]
    if not finer:
        return None
    counted = finer[0]
    parent = q.parents(counted.level)[level].reindex(counted.older.index)
    return Counted(level, counted.older.groupby(parent).sum(), None, counted.kind)


def parts_below(total: pd.Series, above: Mapping[str, float], *, oldest_now: pd.Series | None) -> pd.DataFrame:
    """``PARTS`` by area, of areas whose older people alone are forecast, so that they come to those of the area above.

    ``oldest_now``: the share of 80 and over among the older of each area at the last count, where it is known: both
    margins are then met (iterative proportional fitting). Else each has the parts in which the area above has them;
    disabled and deaths always.
    """
    whole = float(total.sum())
    share = total / whole if whole > 0 else total * 0.0
    made = pd.DataFrame({part: share * above[part] for part in PARTS}, index=total.index)
    if oldest_now is not None and np.isfinite(above["older_80"]) and whole > 0:
        seed = np.column_stack([total * (1 - oldest_now), total * oldest_now])
        columns = np.array([above["under_80"], above["older_80"]])
        fitted = fit_margins(seed, rows=total.to_numpy(dtype=float), columns=columns)
        made["under_80"], made["older_80"] = fitted[:, 0], fitted[:, 1]
    return made
