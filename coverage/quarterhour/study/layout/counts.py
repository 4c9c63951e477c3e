"""Counts that a layout plan's text names: areas, facilities by what becomes of them, towns that lack something."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from quarterhour.study.layout.facilities import BUILD, CLOSE, FAR, KEEP, NEAR, TREATMENTS, UNDATED
from quarterhour.study.layout.groups import INSTITUTIONS


def layout_counts(facilities: pd.DataFrame, areas: pd.DataFrame) -> Mapping[str, float]:
    """By name: ``counties, towns``, ``facilities_now, facilities_after``, each treatment, ``near_sites, far_sites,
    undated_sites`` (of what changes), ``towns_without_institutions`` (and ``_after``), ``towns_short_of_beds``,
    ``new_beds`` (of new institutions; missing where one does not say), ``densest`` (people a
    square kilometre; missing without outlines).
    """
    treatment, towns = facilities["treatment"], areas[areas["level"].eq("town")]
    changed = facilities[treatment.ne(KEEP)]
    made: dict[str, float] = {level: int(areas["level"].eq(of).sum()) for level, of in _LEVELS.items()}
    made["facilities_now"] = int(treatment.ne(BUILD).sum())
    made["facilities_after"] = int(treatment.ne(CLOSE).sum())
    made |= {name: int(treatment.eq(name).sum()) for name in TREATMENTS}
    made |= {f"{period}_sites": int(changed["period"].eq(period).sum()) for period in (NEAR, FAR, UNDATED)}
    made["towns_without_institutions"] = int(towns["institutions_now"].eq(0).sum())
    made["towns_without_institutions_after"] = int(towns["institutions_after"].eq(0).sum())
    new = facilities.loc[treatment.eq(BUILD) & facilities["group"].eq(INSTITUTIONS), "beds"]
    made["new_beds"] = float(new.sum(skipna=False))
    known = towns["beds_balance"].dropna()
    made["towns_short_of_beds"] = int(known.lt(0).sum()) if len(known) else float("nan")
    made["densest"] = float(towns["older_per_km2"].max()) if len(towns) else float("nan")
    return made


_LEVELS = {"counties": "county", "towns": "town"}
