"""Questions of the page: a circle and the plan that closes its gap, shown as one.

A plan belongs to a circle when it takes the circle's own count from today to after. Each circle
and each plan stands in exactly one question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.escape import escape_html
from quarterhour.base.labels import counted_label, unit_label
from quarterhour.maps.changes import change_columns
from quarterhour.maps.columns import PageWords, share_of
from quarterhour.standards.circle import by_level

if TYPE_CHECKING:
    from quarterhour.maps.plans import Plan
    from quarterhour.siting.outlook.change import PlanChange
    from quarterhour.siting.question.plan import SitingPlan
    from quarterhour.standards.circle import CircleCheck

CODES = {"not_met": "0", "met": "1", "planned": "2"}
NOT_JUDGED = "x"
LEVEL = "county"
WORDS = ("met", "not_met", "met_after", "planned", "still", "out", "out_after")


@dataclass(frozen=True, eq=False)
class Asked:
    """What a plan was asked, and whom it covers.

    ``kind`` is built, ``kinds`` are all that count; ``mode`` travels with its ``heading`` up to ``minutes``; ``people``
    is the column that counts. ``communities``, ``areas``: as ``study/siting/coverage`` makes them; empty where nobody
    counted. ``circles``: ids of the circles whose own count it takes from today to after; None where nobody said: those
    of its kind, mode and people. ``changes``: who gains and loses, against ``today`` or the ``earlier`` plan.
    """

    kind: str = ""
    kinds: tuple[str, ...] = ()
    mode: str = ""
    people: str = ""
    minutes: float = 0.0
    heading: str = "to_site"
    circles: tuple[str, ...] | None = None
    communities: pd.DataFrame = field(default_factory=pd.DataFrame)
    areas: pd.DataFrame = field(default_factory=pd.DataFrame)
    changes: tuple[tuple[str, PlanChange], ...] = ()


@dataclass(frozen=True, eq=False)
class _Question:
    """Positions of its circle and its plan (None: has none), and both."""

    circle: int | None
    plan: int | None
    check: CircleCheck | None
    answer: SitingPlan | None
    name: str
    asked: Asked


def question_columns(
    checks: Sequence[CircleCheck],
    plans: Sequence[Plan],
    asked: Sequence[Asked],
    *,
    picture: Mapping[str, Any],
    communities: gpd.GeoDataFrame,
    counties: Sequence[Any],
    further: Mapping[str, Mapping[str, str]],
    modes: Mapping[str, str],
    say: PageWords,
) -> list[dict[str, Any]]:
    """The questions in the order of the study: circles, each with its plan, then plans without a circle."""
    rows = [_Row(q, picture, counties, further, modes, say) for q in _joined(checks, plans, asked, say.lang)]
    return [row.columns(communities) for row in rows]


def _joined(
    checks: Sequence[CircleCheck], plans: Sequence[Plan], asked: Sequence[Asked], lang: str
) -> Iterator[_Question]:
    known = [*asked, *[Asked()] * (len(plans) - len(asked))]
    free = list(range(len(plans)))
    for c, check in enumerate(checks):
        p = next((p for p in free if _belongs(known[p], check)), None)
        if p is not None:
            free.remove(p)
        answer, own = (None, Asked()) if p is None else (plans[p][1], known[p])
        yield _Question(c, p, check, answer, check.circle.name(lang), own)
    for p in free:
        yield _Question(None, p, None, plans[p][1], plans[p][0], known[p])


def _belongs(asked: Asked, check: CircleCheck) -> bool:
    circle = check.circle
    if asked.circles is not None:
        return circle.id in asked.circles
    return asked.kind in circle.kinds and asked.mode == circle.mode and asked.people == circle.people


@dataclass(frozen=True, eq=False)
class _Row:
    """One question as columns of the page."""

    q: _Question
    picture: Mapping[str, Any]
    counties: Sequence[Any]
    further: Mapping[str, Mapping[str, str]]
    modes: Mapping[str, str]
    say: PageWords

    def columns(self, communities: gpd.GeoDataFrame) -> dict[str, Any]:
        circle, plan = self.q.circle, self.q.plan
        return {
            "name": escape_html(self.q.name),
            "circle": circle,
            "plan": plan,
            "range": _place(self.picture["ranges"], circle),
            "ground": _place([g for g in self.picture["grounds"] if g["bands"]], circle, self.picture["grounds"]),
            "kinds": self._kinds(),
            "who": self._who(),
            "words": {key: self._word(key) for key in WORDS},
            "today": self._facts(after=False),
            "after": self._facts(after=True) if self._has_after() else None,
            "closes": self._closes(),
            "counties": self._counties(),
            "further": self._further(),
            "changes": [change_columns(since, change, self.say.lang) for since, change in self.q.asked.changes],
            "states": self._states("today", communities) if circle is None else "",
            "states_after": self._states("after", communities) if self._has_after() else "",
        }

    def _has_after(self) -> bool:
        return self.q.answer is not None and len(self.q.asked.communities) > 0 and len(self.q.answer.chosen) > 0

    def _kinds(self) -> list[int]:
        kinds = (*(self.q.check.circle.kinds if self.q.check else ()), self.q.asked.kind, *self.q.asked.kinds)
        labels = {self.say.kind(kind) for kind in kinds if kind}
        return [k for k, made in enumerate(self.picture["kinds"]) if made["label"] in labels]

    def _who(self) -> str:
        of: Any = self.q.check.circle if self.q.check else self.q.asked
        if not of.mode:
            return ""
        who = escape_html(i18n.say(f"questions.{of.heading}", self.say.lang, mode=self.modes.get(of.mode, "")))
        within = self._say("within", minutes=f"{of.minutes:g}")
        return self._say("between").join([self._people(), who, within])

    def _say(self, key: str, /, **values: object) -> str:
        return i18n.say(f"questions.{key}", self.say.lang, **values)

    def _people(self) -> str:
        if self.q.check is not None:
            return self.say.label("maps", self.q.check.circle.people, prefix="people_")
        return escape_html(counted_label(self.q.answer.unit, self.say.lang)) if self.q.answer else ""

    def _word(self, key: str) -> str:
        return escape_html(self._say(f"{self._form()}_{key}"))

    def _form(self) -> str:
        if self.q.check is not None:
            return "circle"
        return "room" if self.q.answer is not None and self.q.answer.placed else "plan"

    def _unit(self) -> str:
        unit = self.q.check.circle.people if self.q.check else self.q.answer.unit if self.q.answer else "people"
        return escape_html(unit_label(unit, self.say.lang))

    def _amounts(self, *, after: bool) -> tuple[Any, Any]:
        """All whom the question counts, and those who are covered; missing where nobody counted them."""
        answer = self.q.answer
        if after and answer is not None:
            return answer.demand_total, answer.covered
        if self.q.check is not None:
            city = by_level(self.q.check.shares, "city")
            return (float("nan"), float("nan")) if city.empty else (city["people"].iloc[0], city["people_met"].iloc[0])
        assert answer is not None
        return answer.demand_total, answer.before

    def _facts(self, *, after: bool) -> dict[str, str]:
        """People not covered, of how many, and the sentence of who is."""
        if not after and self.q.check is not None and self.q.check.impossible:
            return {"out": "", "line": self.picture["circles"][self.q.circle]["city"]["text"], "share": ""}
        if self.q.check is not None and by_level(self.q.check.shares, "city")["people"].isna().any():
            return {"out": "", "line": self.say("withheld"), "share": ""}
        every, met = self._amounts(after=after)
        if pd.isna(every) or not every:
            return {"out": "", "line": self.say("no_people"), "share": ""}
        if pd.isna(met):
            line = self._say("room_total", total=f"{every:,.0f}", unit=self._unit())
            return {"out": "", "line": line, "share": ""}
        told = {"people": self._people(), "total": f"{every:,.0f}", "met": f"{met:,.0f}", "unit": self._unit()}
        share = share_of(met / every)
        line = self._say(f"{self._form()}_line", **told, share=share)
        return {"out": f"{every - met:,.0f} {self._unit()}", "line": line, "share": share}

    def _closes(self) -> str:
        answer = self.q.answer
        if answer is None:
            return self._say("no_plan")
        if not answer.chosen:
            return escape_html(i18n.say(f"maps.status_{answer.status}", self.say.lang))
        every, before = answer.demand_total, answer.before
        told = {"sites": f"{len(answer.chosen):,}", "unit": self._unit()}
        told |= {"after": f"{answer.covered:,}", "left": f"{every - answer.covered:,}", "total": f"{every:,}"}
        if before is None:
            return self._say("room_closes_alone", **told)
        return self._say(f"{self._form()}_closes", **told, before=f"{before:,}")

    def _counties(self) -> list[dict[str, Any] | None]:
        """By county of the page: people, covered and not, today and after; None where nobody lives."""
        today, after = self._by_area(LEVEL)
        return [_area(today.get(str(county)), after.get(str(county)), self._unit()) for county in self.counties]

    def _further(self) -> list[dict[str, Any]]:
        """The same by reporting unit and by class; a level where nobody was counted is left out."""
        made = [
            {"head": self.say(f"by_{level}"), "rows": self._rows(level, names)} for level, names in self.further.items()
        ]
        return [level for level in made if level["rows"]]

    def _rows(self, level: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
        today, after = self._by_area(level)
        rows = [(name, _area(today.get(area), after.get(area), self._unit())) for area, name in names.items()]
        return [{"name": escape_html(name), **row} for name, row in rows if row is not None]

    def _by_area(self, level: str) -> tuple[dict[str, tuple[float, float]], dict[str, tuple[float, float]]]:
        areas = self.q.asked.areas
        planned = areas[areas["level"] == level] if len(areas) else areas
        after = _pairs(planned, "people", "after") if self._has_after() else {}
        if self.q.check is None:
            return _pairs(planned, "people", "before"), after
        shares = self.q.check.shares
        return _pairs(shares[shares["level"] == level], "people", "people_met"), after

    def _states(self, column: str, communities: gpd.GeoDataFrame) -> str:
        known = self.q.asked.communities
        if column not in known:
            return NOT_JUDGED * len(communities)
        return "".join(known[column].reindex(communities.index).map(CODES).fillna(NOT_JUDGED))


def _pairs(table: pd.DataFrame, every: str, met: str) -> dict[str, tuple[float, float]]:
    if table.empty:
        return {}
    known = table[table[every].notna()]
    rows = zip(known["area"], known[every], known[met].astype("Float64").to_numpy(float, na_value=np.nan), strict=True)
    return {str(area): (float(n), float(m)) for area, n, m in rows}


def _area(today: tuple[float, float] | None, after: tuple[float, float] | None, unit: str) -> dict[str, Any] | None:
    """Shares as widths of a bar and as texts, people as texts."""
    known = today if today is not None else after
    if known is None or not known[0] > 0:
        return None
    made: dict[str, Any] = {"people": f"{known[0]:,.0f}", "unit": unit}
    return made | _part("today", today) | _part("after", after)


def _part(name: str, pair: tuple[float, float] | None) -> dict[str, Any]:
    if pair is None or pd.isna(pair[1]) or not pair[0] > 0:
        return {name: None}
    every, met = pair
    share = met / every
    return {name: {"width": round(share, 4), "share": share_of(share), "out": f"{every - met:,.0f}"}}


def _place(made: Sequence[Mapping[str, Any]], circle: int | None, every: Sequence[Any] | None = None) -> int | None:
    """The place of what belongs to a circle among what was made."""
    found = next((m for m in made if circle is not None and m["circle"] == circle), None)
    return None if found is None else list(every or made).index(found)
