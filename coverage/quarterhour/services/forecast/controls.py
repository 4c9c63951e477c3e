"""Forecasts made elsewhere: the city's or the counties' older people, which the areas below are brought to."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pandas as pd

from quarterhour.base.errors import DataError, first_ids
from quarterhour.services.forecast.groups import PARTS, linear, older
from quarterhour.services.forecast.question import CITY, Question
from quarterhour.services.forecast.tops import Tops
from quarterhour.services.forecast.values import VARIANTS

MORE_GROWTH = {"low": 0.9, "high": 1.1}
"""Assumed, where forecasts made elsewhere have one variant alone: of the change since the count."""
_TOLERANCE = 0.5
_MANY, _LITTLE = 100, 0.1
"""Of so many people no fewer than so much are left: else the figures are in another unit."""


def controlled_tops(q: Question) -> Tops:
    """The levels above areas of which only older people are known: as the study's own controls have them.

    DataError without controls, and for years before the last count.
    """
    if q.controls is None or not q.below:
        raise DataError("forecast.no_controls")
    counted = q.below[-1]
    now = counted.older.iloc[:, -1]
    made = Tops(int(counted.older.columns[-1]))
    early = [y for y in q.years if y <= made.base]
    if early:
        raise DataError("forecast.before_count", year=early[0], count=made.base)
    for level in (CITY, *(["county"] if "county" in set(q.controls["level"]) else [])):
        base = now if counted.level == level else now.groupby(q.parents(counted.level)[level].reindex(now.index)).sum()
        flat = pd.DataFrame(dict.fromkeys(PARTS, np.nan), index=base.index).assign(under_80=base.astype(float))
        if q.disabled_share is not None:
            flat["disabled"] = base * q.disabled_share
        made.parts[level] = {v: dict.fromkeys((made.base, *q.years), flat) for v in VARIANTS}
    return made


def own_city(q: Question, tops: Tops, when: tuple[str, int]) -> pd.DataFrame:
    """The city's own ``PARTS``, or what the controls of the city or of all counties make of them."""
    parts = tops.parts[CITY][when[0]][when[1]]
    found = [c for level in (CITY, "county") if (c := control_of(q, tops, level, when)) is not None]
    if not found:
        return parts
    totals = [float(c.sum()) for c in found]
    if abs(totals[0] - totals[-1]) > _TOLERANCE:
        figures = {"city": f"{totals[0]:,.0f}", "counties": f"{totals[-1]:,.0f}"}
        raise DataError("forecast.controls_differ", year=when[1], **figures)
    return parts * (totals[0] / float(older(parts).sum()))


def control_of(q: Question, tops: Tops, level: str, when: tuple[str, int]) -> pd.Series | None:
    """Older people of a level by forecasts made elsewhere; between their years on the line, from the count on.

    None where there are none, and at the count itself. DataError for areas or years that they lack.
    """
    variant, year = when
    rows = None if q.controls is None or year == tops.base else q.controls[q.controls["level"].eq(level)]
    if rows is None or rows.empty or level not in tops.parts:
        return None
    own = bool(rows["variant"].eq(variant).any())
    base = older(tops.parts[level][variant][tops.base])
    table = rows[rows["variant"].eq(variant if own else "middle")].pivot(index="area", columns="year", values="people")
    missing = base.index.difference(table.index[table.notna().all(axis=1)])
    ahead = [int(y) for y in table.columns.tolist() if int(y) > tops.base]
    if len(missing) or not ahead or max(ahead) < year:
        raise DataError("forecast.controls_missing", year=year, areas=first_ids(missing) if len(missing) else level)
    little = base.index[base.ge(_MANY) & table[ahead].min(axis=1).reindex(base.index).lt(_LITTLE * base)]
    if len(little):
        raise DataError("forecast.control_too_small", areas=first_ids(little), count=tops.base)
    known = {y: table[[y]].set_axis(["people"], axis=1).reindex(base.index) for y in ahead}
    found = linear({tops.base: base.to_frame("people"), **known}, year)["people"]
    if own or variant == "middle":
        return found
    # Where people become fewer, low is fewer still.
    return (found + (found - base).abs() * (_growth_of(q, variant) - 1)).clip(lower=0)


def variants_said(q: Question, tops: Tops) -> None:
    """What low and high are, where forecasts made elsewhere decide."""
    if q.controls is None:
        return
    _check_order(q, tops)
    own = set(q.controls["variant"])
    tops.variants["middle"] = ("controls_middle", {})
    for variant, knobs in (("low", q.low), ("high", q.high)):
        key = "controls_own" if variant in own else "growth_assumed" if knobs.growth is None else "growth_said"
        tops.variants[variant] = (key, {} if variant in own else {"growth": _growth_of(q, variant)})


def _check_order(q: Question, tops: Tops) -> None:
    """DataError where low is above middle or middle above high in a year asked for, also between the years given."""
    for year, level in product(q.years, (CITY, "county")):
        found = [control_of(q, tops, level, (variant, year)) for variant in VARIANTS]
        for less, more in pairwise(c for c in found if c is not None):
            crossed = less.index[less.gt(more.reindex(less.index) + _TOLERANCE)]
            if len(crossed):
                raise DataError("forecast.controls_cross", areas=first_ids(crossed), year=year)


def _growth_of(q: Question, variant: str) -> float:
    own = (q.low if variant == "low" else q.high).growth
    return MORE_GROWTH[variant] if own is None else own
