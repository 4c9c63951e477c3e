"""The scorecard: quotas, shares, totals, by area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, Carded, CardRow
from quarterhour.base.labels import columns_label, percent
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.indicators import MEASURES, no_values
from quarterhour.standards.score_inputs import NoDataError, ScoreInputs
from quarterhour.standards.targets import Target
from quarterhour.standards.tiers import TierCheck

COLUMNS = ("target", "zh", "en", "level", "area", "area_name", "county", "value", "threshold", "unit", "met", "missing",
           "closes", "close_with", "binding", "note", "needs", "clause", "source", "date", "verified",
           "synthetic_share", "estimated_share", "unstated_share", "rule_set",
           "applies_to", "about")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scorecard(Carded):
    """What each promise came to. Every target of the rule file is there, "no data" included.

    ``rows`` columns: ``target`` (id), ``zh``, ``en``, ``level``, ``area`` (id; the city's is ``city``),
    ``area_name``, ``county`` (id of the area's county), ``value``, ``threshold``, ``unit``, ``met`` (True,
    False, or missing: no data),
    ``missing`` (how much is short, in the unit; 0 when met), ``closes`` (how many more close the gap: people,
    communities, facilities, beds, metres) and ``close_with`` (key of the words for what), ``binding``, ``note`` (key
    of words, ``scorecard.no_data`` with what to supply in ``needs`` as ``table: column``; empty otherwise),
    ``needs``, ``clause``, ``source``, ``date``, ``verified``, ``synthetic_share``, ``estimated_share``,
    ``unstated_share`` (of the rows that the value was made from), ``rule_set`` (id of the rule file),
    ``applies_to`` (classes of the areas that the promise is made to, ``town``; "" for all of the level: the others
    are no rows; an area of no known class is a row without a verdict), ``about`` (the threshold is about so many).
    """

    rows: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row a target and level: ``areas``, ``areas_met``, ``areas_unmet``, ``areas_no_data``,
        ``value`` (where the level has one area) and what the areas have in common."""
        return self._summary.copy()

    @cached_property
    def _summary(self) -> pd.DataFrame:
        by = ["target", "level"]
        same = [
            "zh",
            "en",
            "threshold",
            "unit",
            "binding",
            "clause",
            "source",
            "date",
            "verified",
            "applies_to",
            "about",
        ]
        flags = {"areas_met": self.rows["met"].eq(True), "areas_unmet": self.rows["met"].eq(False)}
        groups = self.rows.assign(**{k: v.fillna(False).astype(int) for k, v in flags.items()}).groupby(by, sort=False)
        table = groups[same].first()
        table.insert(2, "areas", groups.size())
        table.insert(3, "areas_met", groups["areas_met"].sum())
        table.insert(4, "areas_unmet", groups["areas_unmet"].sum())
        table.insert(5, "areas_no_data", table["areas"] - table["areas_met"] - table["areas_unmet"])
        table.insert(6, "value", groups["value"].first().where(table["areas"] == 1))
        table["synthetic_share"] = groups["synthetic_share"].mean()
        # A summary's note is that of its first area that has one.
        said = self.rows[self.rows["note"] != ""].drop_duplicates(by).set_index(by)
        for name in ("note", "needs"):
            table[name] = [said[name].get(key, "") for key in table.index]
        return table.reset_index()

    def card(self, lang: str = "zh") -> Card:
        """The scorecard at a glance: how many targets are met everywhere, and each by level with its areas."""
        table = self.summary()
        kept = int((table["areas"] == table["areas_met"]).sum())
        return Card(
            i18n.say("cards.scorecard", lang), "", f"{kept:,} / {len(table):,}", i18n.say("cards.targets", lang),
            kept / len(table) if len(table) else None, tuple(_card_row(row, lang) for _, row in table.iterrows()),
        )  # fmt: skip

    def __repr__(self) -> str:
        table = self.summary()
        kept = (table["areas"] == table["areas_met"]).sum()
        return f"<Scorecard: {len(table)} targets by level, {kept} met everywhere, {len(self.rows)} rows>"


def _card_row(row: pd.Series, lang: str) -> CardRow:
    missing = i18n.say("cards.no_data", lang, count=int(row["areas_no_data"])) if row["areas_no_data"] else ""
    said = i18n.say("cards.areas_met", lang, met=int(row["areas_met"]), all=int(row["areas"]), no_data=missing)
    level = i18n.say(f"report.level_{row['level']}", lang)
    return CardRow(f"{row[lang]} · {level}", said, row["areas_met"] / row["areas"])


def note_sentences(rows: pd.DataFrame, lang: str) -> pd.Series:
    """The note of each row of a scorecard or its summary as a sentence; blank where there is none."""
    said = [_sentence(n, w, lang) for n, w in zip(rows["note"], rows["needs"], strict=True)]
    return pd.Series(said, index=rows.index, dtype="str", name="sentence")


def _sentence(note: str, needs: str, lang: str) -> str:
    if not note:
        return ""
    table, _, columns = needs.partition(": ")
    said = {"table": i18n.label("tables", table, lang), "columns": columns_label(columns, lang)}
    return i18n.say(note, lang, **said, needs=needs)


def score_targets(
    targets: Sequence[Target],
    *,
    communities: pd.DataFrame,
    towns: pd.DataFrame,
    counties: pd.DataFrame,
    facilities: pd.DataFrame,
    checks: Mapping[str, CircleCheck],
    tables: Mapping[str, pd.DataFrame],
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    tiers: Mapping[str, TierCheck] | None = None,
    units: pd.DataFrame | None = None,
    scored: dict[Target, pd.DataFrame] | None = None,
) -> Scorecard:
    """What each target came to in each of its areas; an area with nothing is a row too.

    Parameters
    ----------
    targets : from ``read_rules`` or ``as_targets``.
    communities, towns, counties, facilities : tables of places. Towns and counties that only the
        communities name are areas as well.
    checks : the circles checked, by circle id; those of rules of their own (``reach_share``) by target id.
    tables : further tables by name. One with the columns ``area, level, indicator, value`` is read
        by indicator; any other by columns, summed over its ``town`` or ``county``.
    layers : for distances, by name. tiers : what ``check_tiers`` found, by target id.
    units : reporting units by id, ``name, county``; of the level ``unit``.
    scored : rows of targets that were scored on the same tables before, as on another date; they are taken from
        there, and those of new ones put there.

    Returns
    -------
    A ``Scorecard``: ``rows`` (a row a target and area) and ``summary()``.

    Raises
    ------
    DataError : a table of figures gives an indicator of one area twice.

    Examples
    --------
    >>> import pandas as pd, quarterhour as qh
    >>> from quarterhour.standards.rules import as_targets
    >>> row = {"id": "centre", "zh": "养老中心", "en": "a centre", "unit": "facilities", "threshold": 1,
    ...        "levels": ["town"], "measure": "count", "kinds": ["centre"]}
    >>> homes = pd.DataFrame({"name": "A", "town": "t1", "county": "c1", "older": [60]}, index=["a"])
    >>> towns = pd.DataFrame({"name": ["One", "Two"], "county": "c1"}, index=["t1", "t2"])
    >>> sites = pd.DataFrame({"name": "F", "kind": "centre", "town": "t1", "county": "c1"}, index=["f"])
    >>> qh.score_targets(as_targets({"target": [row]}), communities=homes, towns=towns, facilities=sites,
    ...                  counties=pd.DataFrame({"name": ["North"]}, index=["c1"]), checks={}, tables={})
    <Scorecard: 1 targets by level, 0 met everywhere, 2 rows>
    """
    known = {} if units is None else {"units": units}
    ground = ScoreInputs(communities, towns, counties, facilities, checks, tables, layers or {}, tiers or {}, **known)
    before = {} if scored is None else scored
    before |= {t: _scored(t, ground) for t in targets if not t.to_fill and t not in before}
    parts = [before[t] for t in targets if not t.to_fill]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return Scorecard(rows)


# --- one target ---------------------------------------------------------------------------------

_NOWHERE = pd.DataFrame({"name": "", "county": "", "class": ""}, index=pd.Index([""], name="id"))


def _scored(target: Target, ground: ScoreInputs) -> pd.DataFrame:
    areas, made = _measured(target, ground)
    rows = _judged(made.reindex(areas.index), target)
    said = {f.name: getattr(target, f.name) for f in fields(Target) if f.name in COLUMNS}
    said = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in said.items()}
    where = {"area": areas.index, "area_name": areas["name"].array, "county": areas["county"].array}
    same = pd.DataFrame({"target": target.id, **where, **said}, index=rows.index)
    return pd.concat([rows[[c for c in COLUMNS if c not in same]], same], axis=1).reset_index(drop=True)[list(COLUMNS)]


def _measured(target: Target, ground: ScoreInputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The areas of a target, and their values; one blank row where there is none, or none that it is promised to."""
    every = ground.every_area(target)
    try:
        areas = ground.areas(target)
        if len(every) and not len(areas):
            return _NOWHERE, no_values(_NOWHERE.index).assign(note="scorecard.no_such_area")
        areas = areas if len(areas) else _NOWHERE
        made = MEASURES[target.measure](target, ground, areas.index)
    except NoDataError as why:
        areas = every if len(every) else _NOWHERE
        return areas, no_values(areas.index).assign(note="scorecard.no_data", needs=str(why))
    return areas, _without_unknown_class(made, areas) if target.applies_to else made


def _without_unknown_class(made: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Whether the promise is made to an area of no known class is not known: it is told and not judged."""
    unknown = areas["class"].eq("")
    made = made.reindex(areas.index)
    values = made["value"].mask(unknown)
    return made.assign(value=values, note=made["note"].mask(unknown, "scorecard.class_unknown"))


def _judged(made: pd.DataFrame, target: Target) -> pd.DataFrame:
    known = made["value"].notna()
    short = _bar(target) - made["value"] if target.sense == "at_least" else made["value"] - _bar(target)
    met = (short <= 0).astype("boolean").where(known)
    missing = short.clip(lower=0).where(known)
    # A hair over a whole number is rounding, not one person more.
    closes = np.ceil((missing * made["base"]).round(6))
    made = made.assign(met=met, missing=missing, closes=closes, close_with=f"scorecard.close_{target.measure}")
    if not target.about:
        return made
    plain = known & made["note"].eq("")
    needs = made["needs"].mask(plain, f"{target.sense}: {percent(target.about_within)}")
    return made.assign(note=made["note"].mask(plain, "scorecard.about"), needs=needs)


def _bar(target: Target) -> float:
    """What counts as reached: the threshold, or what is short of it by the margin of an about."""
    margin = 1 - target.about_within if target.sense == "at_least" else 1 + target.about_within
    return round(target.threshold * margin, 9) if target.about else target.threshold


def closing_sentences(rows: pd.DataFrame, lang: str) -> pd.Series:
    """What would close each gap, as a sentence; blank where it is met or not known."""
    said = [
        i18n.say(key, lang, count=f"{count:,.0f}") if count > 0 else ""
        for key, count in zip(rows["close_with"], rows["closes"], strict=True)
    ]
    return pd.Series(said, index=rows.index, dtype="str", name="closing")
