"""Two answers to the circles of a study held side by side: who comes inside, who falls out, and where."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, Carded, CardRow
from quarterhour.base.cells import blank, texts
from quarterhour.base.errors import DataError, first_ids
from quarterhour.base.kinds import kinds_said
from quarterhour.base.labels import people_label, percent
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.results import Results

_ELSEWHERE_M = 100.0
"""Farther apart a community of one id is told as lying elsewhere."""
_BETWEEN = {"zh": "；", "en": "; "}
CHANGES = ("gained", "lost", "stays_in", "stays_out")


@dataclass(frozen=True, eq=False)
class Comparison(Carded):
    """What circles came to before and after; every community is there once a circle.

    ``communities``: one row a circle and community, index ``circle, community``, columns ``name, town, county,
    people`` (of the circle's column, before), ``people_after`` (where the two count other people or years; towns and
    counties are ids, as classes in the order of their tables),
    ``minutes_before, minutes_after`` (to the nearest facility of the circle; missing: no way leads to one),
    ``met_before, met_after`` (bool), ``change`` (``gained, lost, stays_in, stays_out``), ``geometry`` (point).

    ``areas``: one row a circle and area, index ``circle, level, area`` (city, county, town, and units and classes where
    the study has them), columns ``name, people, people_after, met_before, met_after`` (people inside),
    ``share_before, share_after`` (missing where nobody is there, and where what the circle asks for stands nowhere),
    ``gained, lost`` (people of the communities that come inside or fall out, by the count after where they gain,
    before where they lose).
    """

    before: Results
    after: Results
    communities: gpd.GeoDataFrame
    areas: pd.DataFrame

    def sentences(self, lang: str) -> list[str]:
        """What changes, a sentence each: the changes asked for, then what each circle comes to."""
        said = self.after.study.changes.sentences(lang) if self.after.study.changes else []
        said += self.differences(lang)
        names = {check.circle.id: check.circle.name(lang) for check in self.before.checks}
        city = self.areas.xs("city", level="level")
        for circle, row in city.set_axis(city.index.get_level_values("circle")).iterrows():
            shares = {key: percent(float(row[f"share_{key}"])) for key in ("before", "after")}
            counts = {key: int(row[key]) for key in ("gained", "lost")}
            said.append(i18n.say("comparison.circle", lang, name=names[str(circle)], **shares, **counts))
        return said

    def differences(self, lang: str) -> list[str]:
        """What makes the two unlike beside the changes that are told, a sentence each: other people counted, another
        question asked under the same id, communities that only one has or that lie elsewhere."""
        pairs = [(a, b) for a in self.before.checks for b in self.after.checks if a.circle.id == b.circle.id]
        first, told = self.before.study.changes.sentences(lang), self.after.study.changes.settings
        known = set() if first else {s.path for s in told}
        said = [line for a, b in pairs for line in self._unlike(a, b, known, lang)]
        if first:
            said.insert(0, i18n.say("comparison.before_changed", lang, changes=_BETWEEN[lang].join(first)))
        one, other = (r.inputs.communities.geometry for r in (self.before, self.after))
        both = one.index.intersection(other.index)
        alone = {"before": len(one) - len(both), "after": len(other) - len(both)}
        said += [i18n.say("comparison.alone", lang, **alone)] if any(alone.values()) else []
        off = one[both].distance(_in_crs(other[both], one.crs)).gt(_ELSEWHERE_M)
        ids = first_ids(off.index[off], lang=lang)
        return said + ([i18n.say("comparison.elsewhere", lang, count=int(off.sum()), ids=ids)] if off.any() else [])

    def _unlike(self, a: CircleCheck, b: CircleCheck, told: Collection[str], lang: str) -> list[str]:
        """Where two circles of one id ask otherwise, and no change that is told says so."""
        one, other, name, said = a.circle, b.circle, a.circle.name(lang), []
        if one.people != other.people:
            counted = {"before": people_label(one.people, lang), "after": people_label(other.people, lang)}
            said.append(i18n.say("comparison.other_people", lang, name=name, **counted))
        fields = ["kinds", "need", "mode", "minutes", "heading"]
        fields += [] if f"circles.{one.id}.mode" in told else ["turnout_minutes"]  # each mode has its own
        if any(getattr(one, f) != getattr(other, f) and f"circles.{one.id}.{f}" not in told for f in fields):
            asked = {"before": _asked(a, self.before, lang), "after": _asked(b, self.after, lang)}
            said.append(i18n.say("comparison.other_question", lang, name=name, **asked))
        return said

    def card(self, lang: str = "zh") -> Card:
        """The comparison at a glance: what was changed, and each circle before and after with its counties."""
        lines = self.after.study.changes.sentences(lang) if self.after.study.changes else []
        made_up = any(results.made_up for results in (self.before, self.after))
        lines += self.differences(lang)
        lines += [i18n.say("cards.demonstration", lang)] if made_up else []
        lines += self.before.truth_lines(lang) or self.after.truth_lines(lang)
        names = {check.circle.id: check.circle.name(lang) for check in self.before.checks}
        parts = tuple(self._part(circle, name, lang) for circle, name in names.items() if circle in self.circles)
        return Card(i18n.say("cards.comparison", lang), self.after.study.name(lang), lines=tuple(lines), parts=parts)

    @property
    def circles(self) -> list[str]:
        """The ids of the circles that both have."""
        return [str(circle) for circle in self.areas.index.get_level_values("circle").unique()]

    def _part(self, circle: str, name: str, lang: str) -> Card:
        city, counties = (self.areas.xs((circle, level), level=("circle", "level")) for level in ("city", "county"))
        whole, *rows = (_area_row(row, lang) for _, row in pd.concat([city, counties]).iterrows())
        moved = _moved(city.iloc[0], lang)
        return Card(i18n.say("cards.circle", lang), name, whole.said, moved, whole.share, tuple(rows))

    def __repr__(self) -> str:
        counts = self.communities["change"].value_counts()
        circles = self.communities.index.get_level_values("circle").nunique()
        gained, lost = (int(counts.get(key, 0)) for key in ("gained", "lost"))
        return f"<Comparison of {circles} circles: {gained} communities come inside, {lost} fall out>"


def compare_results(before: Results, after: Results) -> Comparison:
    """Two results held side by side, circle by circle of those that both have.

    DataError where they have no circle or not one community in common.
    """
    pairs = [(a, b) for a in before.checks for b in after.checks if a.circle.id == b.circle.id]
    if not pairs:
        known = ["; ".join(check.circle.id for check in r.checks) or "-" for r in (before, after)]
        raise DataError("comparison.no_circle", before=known[0], after=known[1])
    tables = before.inputs.communities, _in_crs(after.inputs.communities, before.inputs.communities.crs)
    if not len(tables[0].index.intersection(tables[1].index)):
        raise DataError("comparison.no_community", before=len(tables[0]), after=len(tables[1]))
    parts = {a.circle.id: _communities(a, b, *tables) for a, b in pairs}
    rows = pd.concat(parts, names=["circle", "community"])
    rows = rows.assign(**{level: _in_classes(rows[level], level, before, after) for level in ("town", "county")})
    areas = pd.concat({a.circle.id: _areas(a, b, parts[a.circle.id], before) for a, b in pairs}, names=["circle"])
    return Comparison(before, after, gpd.GeoDataFrame(rows, geometry="geometry", crs=tables[0].crs), areas)


def _in_crs(places: Any, crs: Any) -> Any:
    return places if crs is None or places.crs is None or places.crs == crs else places.to_crs(crs)


def _asked(check: CircleCheck, results: Results, lang: str) -> str:
    circle = check.circle
    asked = {"mode": check.mode_name(lang), "minutes": circle.minutes, "turnout": circle.turnout_minutes}
    kinds = kinds_said(circle.kinds, lang, results.study.kinds)
    return f"{kinds} · {i18n.say(f'cards.asked_{circle.heading}', lang, **asked)}"


def _communities(a: CircleCheck, b: CircleCheck, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A community that only one of the two has is outside in the other, with nobody."""
    ids = before.index.append(after.index.difference(before.index, sort=False))
    places = pd.concat([before, after.loc[after.index.difference(before.index, sort=False)]]).loc[ids]
    told = {"name": texts(places["name"]), "town": texts(places["town"]), "county": texts(places["county"])}
    for key, check in (("before", a), ("after", b)):
        mine = check.communities.reindex(ids)
        told["people" if key == "before" else "people_after"] = mine["people"].fillna(0).astype("int64")
        told[f"minutes_{key}"] = mine["minutes"].astype("float64")
        told[f"met_{key}"] = mine["met"].eq(True).fillna(False).astype(bool)
    rows = pd.DataFrame(told, index=ids)
    was, now = rows["met_before"].to_numpy(), rows["met_after"].to_numpy()
    change = np.select([~was & now, was & ~now, was & now], CHANGES[:3], CHANGES[3])
    made = rows.assign(change=pd.Categorical(change, categories=list(CHANGES), ordered=True))
    minutes = ["people", "people_after", "minutes_before", "minutes_after", "met_before", "met_after", "change"]
    return gpd.GeoDataFrame(made[["name", "town", "county", *minutes]], geometry=places.geometry.array, crs=before.crs)


def _in_classes(areas: pd.Series, level: str, *of: Results) -> pd.Categorical:
    """Ids of areas as classes in the order of their tables, as in every frame of results; blank is missing."""
    tables = [results.inputs.towns if level == "town" else results.inputs.counties for results in of]
    known = [str(area) for table in tables for area in table.index]
    classes = dict.fromkeys([*known, *sorted(set(areas[areas.ne("")]))])
    return pd.Categorical(areas.where(areas.ne("")), categories=list(classes))


def _areas(a: CircleCheck, b: CircleCheck, rows: pd.DataFrame, before: Results) -> pd.DataFrame:
    keys = ["level", "area"]
    one, other = (check.shares.set_index(keys) for check in (a, b))
    ids = one.index.append(other.index.difference(one.index, sort=False))
    one, other = one.reindex(ids), other.reindex(ids)
    names = _names(before)
    made = pd.DataFrame(
        {
            "name": [names.get((str(level), str(area)), str(area)) for level, area in ids],
            "people": one["people"], "people_after": other["people"],
            "met_before": one["people_met"], "met_after": other["people_met"],
            "share_before": one["share_people"], "share_after": other["share_people"],
        },
        index=ids,
    )  # fmt: skip
    for key, check in (("share_before", a), ("share_after", b)):
        if check.impossible:  # nobody could be inside: no share of 0 %
            made[key] = np.nan
    for key, column in (("gained", "people_after"), ("lost", "people")):
        moved = rows[column].where(rows["change"].eq(key), 0)
        by = {("city", "city"): int(moved.sum())}
        for level in ("town", "county"):
            by |= {(level, str(area)): int(count) for area, count in moved.groupby(rows[level]).sum().items()}
        made[key] = pd.Series([by.get((str(level), str(area))) for level, area in ids], index=ids, dtype="Int64")
    return made


def _names(results: Results) -> dict[tuple[str, str], str]:
    levels = ("town", "county")
    return {(level, area): name for level in levels for area, name in results.names(level).items()}


def _area_row(row: pd.Series, lang: str) -> CardRow:
    """An area before and after, and the bar of after."""
    shares = {key: percent(row[f"share_{key}"]) for key in ("before", "after")}
    now = row["share_after"]
    return CardRow(str(row["name"]), i18n.say("cards.change", lang, **shares), None if blank(now) else float(now))


def _moved(row: pd.Series, lang: str) -> str:
    if blank(row["gained"]) or blank(row["lost"]):
        return i18n.say("cards.withheld", lang)
    return i18n.say("cards.moved", lang, gained=int(row["gained"]), lost=int(row["lost"]))
