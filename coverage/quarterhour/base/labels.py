"""How figures and counts are read: shares in percent, gaps, units, what is counted, goals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.findings import QUALITIES, UNSTATED

_MOST_DECIMALS = 9


def percent(share: Any, *, decimals: int = 1) -> str:
    """A share with one decimal: what is short of everything reads >99.9%, what is more than nothing <0.1%.

    So 100.0% is all of it and 0.0% is none; a missing share is a dash. The one home of the rule for every output.
    """
    if blank(share):
        return "—"
    text, step = f"{share:.{decimals}%}", 10.0**-decimals
    if share < 1 and text == f"{1:.{decimals}%}":
        return f">{100 - step:.{decimals}f}%"
    return f"<{step:.{decimals}f}%" if share > 0 and text == f"{0:.{decimals}%}" else text


def gap_percent(gap: Any) -> str:
    """A gap to the bound with two decimals: 0.00% is proven, a dash has no end."""
    return percent(gap, decimals=2)


def figure(value: Any, unit: str, *, against: Any = None) -> str:
    """A figure with one decimal, a share in percent; blank where there is none.

    ``against``: the threshold that it is held against: more decimals where rounding would bring it onto the threshold
    or past it, so that what is read never contradicts the verdict. The one home of the rule for every output.

    >>> figure(16.75, "", against=16.8), figure(16.75, "", against=20), figure(0.8996, "share", against=0.9)
    ('16.75', '16.8', '89.96%')
    """
    if blank(value):
        return ""
    if unit == "coefficient":
        return f"{value:.6f}".rstrip("0").removesuffix(".")
    if unit == "share":
        inside = not blank(against) and 0 < against < 1  # percent itself keeps apart from all and nothing
        return percent(value, decimals=_decimals(value * 100, against * 100) if inside else 1)
    decimals = 1 if blank(against) else _decimals(value, against)
    return f"{value:,.{decimals}f}".removesuffix(".0")


def threshold_figure(threshold: Any, unit: str) -> str:
    """A threshold with as many decimals as it has: 16.75 is not read as 16.8."""
    if blank(threshold) or unit == "coefficient":
        return figure(threshold, unit)
    own = threshold * 100 if unit == "share" else threshold
    decimals = next((n for n in range(1, _MOST_DECIMALS) if math.isclose(round(own, n), own, rel_tol=1e-12)), 1)
    if unit == "share":
        return percent(threshold, decimals=decimals)
    return f"{threshold:,.{decimals}f}".removesuffix(".0")


def _decimals(value: float, against: float) -> int:
    """The fewest decimals with which a figure stays on its side of another."""
    if math.isclose(value, against, rel_tol=1e-12):
        return 1
    for decimals in range(1, _MOST_DECIMALS):
        shown = round(value, decimals)
        if not math.isclose(shown, against, rel_tol=1e-12) and (shown < against) == (value < against):
            return decimals
    return _MOST_DECIMALS


def names_of(ids: Iterable[Any], names: Mapping[Any, Any]) -> list[str]:
    """Names by id: the id itself where none is known, blank for a missing id."""
    return ["" if blank(i) else str(i if blank(names.get(i)) else names[i]) for i in ids]


def unstated_said(amount: Any, lang: str) -> str:
    """What stands behind the other qualities where rows are of unstated quality; blank where none is."""
    if not amount:
        return ""
    shown = percent(amount) if isinstance(amount, float) else f"{amount:,}"
    return i18n.say("labels.unstated", lang, amount=shown)


def qualities_shown(known: pd.DataFrame, form: str = "{}") -> list[str]:
    """The qualities that a table shows: unstated only where there is some. ``form``: how its columns are called."""
    return [q for q in QUALITIES if q != UNSTATED or known[form.format(q)].gt(0).any()]


def unit_label(unit: str, lang: str) -> str:
    """A unit as it stands behind a number: 人, 穴, older people; one that nobody knows is its own name."""
    return _said("unit", unit, lang)


def counted_label(unit: str, lang: str) -> str:
    """What is counted, as it stands in a sentence: 老年人, 墓穴, older people."""
    return _said("counted", unit, lang)


def goal_label(objective: str, unit: str, lang: str, *, placed: bool = False) -> str:
    """What a plan is to be best at, with what it counts; ``placed``: where sites have room for so many."""
    key = f"labels.goal_{objective}"
    own = f"{key}_room" if placed and i18n.entry(f"{key}_room") else key
    return i18n.say(own, lang, counted=counted_label(unit, lang))


def columns_label(columns: str, lang: str) -> str:
    """Columns that a table lacks, as ``deaths, backlog`` or ``kind = home | hospital``, by what they hold."""
    column, _, kinds = columns.partition(" = ")
    between = i18n.say("columns.between", lang)
    if kinds:
        named = between.join(i18n.label("kinds", kind, lang) for kind in kinds.split(" | "))
        return i18n.say("columns.of_kind", lang, column=i18n.label("columns", column, lang), kinds=named)
    return between.join(i18n.label("columns", name, lang) for name in columns.split(", "))


def proof_label(proved_by: str, lang: str) -> str:
    """Who proved a bound; ``counting`` is a word, the name of a solver its own."""
    found = i18n.entry(f"labels.proof_{proved_by}")
    return proved_by if found is None else found[lang]


def unit_by_language(unit: str) -> Mapping[str, str]:
    """A unit in both languages, for a message."""
    return {lang: unit_label(unit, lang) for lang in i18n.LANGUAGES}


def dated_name(name: str, year: int, variant: str) -> str:
    """The name of a column or table as it is in a year of the forecast: older_2035, older_2035_low."""
    return f"{name}_{year}" + ("" if variant == "middle" else f"_{variant}")


_DATED = re.compile(r"(.+)_(20\d\d|2100)(?:_(low|high))?")


def undated(column: str) -> str:
    """The name of a column without its year of the forecast: older of older_2035_low."""
    found = _DATED.fullmatch(column)
    return column if found is None else found[1]


def people_label(column: str, lang: str) -> str:
    """A column of people by what it counts: 60岁及以上老年人, 2035年老年人; one that nobody knows is its own name."""
    found = _DATED.fullmatch(column)
    if found is None or i18n.entry(f"people.{column}"):
        return i18n.label("people", column, lang)
    return _dated(found, i18n.label("people", found[1], lang), lang)


def _dated(found: re.Match[str], said: str, lang: str) -> str:
    variant = i18n.say(f"labels.variant_{found[3]}", lang) if found[3] else ""
    return i18n.say("labels.dated_counted", lang, what=said, year=found[2], variant=variant)


def _said(what: str, unit: str, lang: str) -> str:
    found = i18n.entry(f"labels.{what}_{unit}")
    if found is None and (year := _DATED.fullmatch(unit)):
        of_today = _said(what, year[1], lang)
        return of_today if what == "unit" else _dated(year, of_today, lang)
    return unit if found is None else found[lang]
