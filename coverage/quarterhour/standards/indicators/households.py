"""Floor space of facilities by households, for new and for built-up housing."""

from __future__ import annotations

import pandas as pd

from quarterhour.base.area_codes.classes import communities_of, of_classes, unread_classes
from quarterhour.base.cells import numbers
from quarterhour.standards.circle import worse_quality
from quarterhour.standards.indicators.made import (
    kinds_or_no_data,
    made_values,
    noted,
    quality_of,
    quality_shares,
    worst_quality,
)
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target


def area_per_households(target: Target, ground: ScoreInputs, areas: pd.Index) -> pd.DataFrame:
    """Square metres of the kinds a ``per`` households, over the communities whose class is one of the target's.

    ``columns``: floor space of facilities, households and class of communities. A facility that serves several
    communities (``a;b``) is shared among them by their households, so that what is counted adds up to what stands.
    """
    area, households, kind_of_housing = target.columns[:3]
    rows, homes = kinds_or_no_data(ground, target.kinds), _households(target, ground)
    missing = [name for name in (area, "community") if name not in rows]
    if missing:
        raise NoDataError(f"facilities: {', '.join(missing)}")
    asked = of_classes(ground.communities[kind_of_housing], target.classes)
    chosen = homes[asked & homes.notna()]
    if chosen.empty:
        raise NoDataError(f"communities: {households} ({kind_of_housing}: {' | '.join(target.classes)})")
    space, left_out = _space(rows, numbers(rows[area]), homes)
    every = ground.area_of(ground.communities, target.level)
    where = every[chosen.index]
    under = chosen.groupby(where).sum()
    over = space.reindex(chosen.index).fillna(0.0).groupby(where).sum()
    listed = pd.Series(worst_quality(rows), index=chosen.index)
    quality = quality_shares(worse_quality(quality_of(ground.communities)[chosen.index], listed), where)
    made = made_values(areas, target.per * over / under.where(under > 0), quality, under / target.per)
    made = noted(made, made["value"].notna() & (left_out > 0), "scorecard.partial", f"facilities: {left_out}")
    unread = unread_classes(ground.communities[kind_of_housing], target.classes)
    for note, some in (("partial", asked & homes.isna()), ("class_unread", unread)):
        count = some.groupby(every).sum().reindex(areas).fillna(0).astype(int)
        told = count.map(lambda n: f"communities: {n}")
        made = noted(made, made["value"].notna() & count.gt(0), f"scorecard.{note}", told)
    return made


def _households(target: Target, ground: ScoreInputs) -> pd.Series:
    wanted = list(target.columns[1:3])
    missing = [name for name in wanted if name not in ground.communities]
    if missing:
        raise NoDataError(f"communities: {', '.join(missing)}")
    return numbers(ground.communities[wanted[0]])


def _space(rows: pd.DataFrame, area: pd.Series, homes: pd.Series) -> tuple[pd.Series, int]:
    """Floor space by community, and how many facilities have none that is known, or serve no known community."""
    served = communities_of(rows)
    parts = pd.DataFrame({"community": served, "area": area.reindex(served.index)})
    parts = parts[parts["community"].isin(homes.index) & parts["area"].notna()]
    weight = homes.reindex(parts["community"]).fillna(0.0).to_numpy(dtype=float)
    parts["weight"] = weight
    whole = parts.groupby(level=0)["weight"].transform("sum")
    alike = 1.0 / parts.groupby(level=0)["weight"].transform("size")
    share = (parts["weight"] / whole.where(whole > 0)).fillna(alike)
    return (parts["area"] * share).groupby(parts["community"].to_numpy()).sum(), len(rows) - parts.index.nunique()
