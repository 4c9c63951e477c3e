"""Questions of the page: a circle and the plan that closes its gap, shown as one.

A plan belongs to a circle when it takes the circle's own count from today to after. Each circle
and each plan stands in exactly one question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, Count
from quarterhour.base.escape import escape_html
from quarterhour.base.labels import counted_label, unit_label
from quarterhour.maps.changes import change_columns
from quarterhour.maps.columns import PageWords

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
    is the column that counts. ``communities``: as ``study/siting/coverage`` makes them; empty where nobody counted.
    ``card``: the plan's, as ``Results.card_of`` makes it; None: without areas. ``circles``: ids of the circles whose
    own count it takes from today to after; None where nobody said: those of its kind, mode and people. ``changes``:
    who gains and loses, against ``today`` or the ``earlier`` plan.
    """

    kind: str = ""
    kinds: tuple[str, ...] = ()
    mode: str = ""
    people: str = ""
    minutes: float = 0.0
    heading: str = "to_site"
    circles: tuple[str, ...] | None = None
    communities: pd.DataFrame = field(default_factory=pd.DataFrame)
    card: Card | None = None
    changes: tuple[tuple[str, PlanChange], ...] = ()


@dataclass(frozen=True, eq=False)
class _Question:
    """Positions of its circle and its plan (None: has none), both, and the cards of both."""

    circle: int | None
    plan: int | None
    check: CircleCheck | None
    answer: SitingPlan | None
    name: str
    asked: Asked
    circle_card: Card | None
    plan_card: Card | None


def question_columns(
    checks: Sequence[CircleCheck],
    plans: Sequence[Plan],
    asked: Sequence[Asked],
    *,
    picture: Mapping[str, Any],
    cards: tuple[Sequence[Card], Sequence[Card]],
    communities: gpd.GeoDataFrame,
    modes: Mapping[str, str],
    say: PageWords,
) -> list[dict[str, Any]]:
    """The questions in the order of the study: circles, each with its plan, then plans without a circle.

    ``asked``: one a plan. ``cards``: of the circles, and of the plans.
    """
    rows = [_Row(q, picture, modes, say) for q in _joined(checks, plans, asked, cards)]
    return [row.columns(communities) for row in rows]


def _joined(
    checks: Sequence[CircleCheck],
    plans: Sequence[Plan],
    asked: Sequence[Asked],
    cards: tuple[Sequence[Card], Sequence[Card]],
) -> Iterator[_Question]:
    free, (of_circles, of_plans) = list(range(len(plans))), cards
    for c, check in enumerate(checks):
        p = next((p for p in free if _belongs(asked[p], check)), None)
        if p is not None:
            free.remove(p)
        answer, own, card = (None, Asked(), None) if p is None else (plans[p][1], asked[p], of_plans[p])
        yield _Question(c, p, check, answer, of_circles[c].heading, own, of_circles[c], card)
    for p in free:
        yield _Question(None, p, None, plans[p][1], plans[p][0], asked[p], None, of_plans[p])


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
            "unit": self._unit(),
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

    def _count(self, *, after: bool) -> Count:
        """Who is covered of all whom the question counts, as the card says."""
        circle, plan = self.q.circle_card, self.q.plan_card
        found = plan.count if after and plan else circle.count if circle else plan.before if plan else None
        return found or Count()

    def _facts(self, *, after: bool) -> dict[str, str]:
        """People not covered, of how many, and the sentence of who is."""
        circle = self.q.circle_card.count if self.q.circle_card else None
        if not after and self.q.check is not None and self.q.check.impossible:
            return {"out": "", "line": self.picture["circles"][self.q.circle]["city"]["text"]}
        if circle is not None and circle.left is None:
            return {"out": "", "line": self.say("withheld")}
        count = self._count(after=after)
        if not count.total:
            return {"out": "", "line": self.say("no_people")}
        told = {"people": self._people(), "total": f"{count.total:,}", "unit": self._unit()}
        if count.met is None:
            return {"out": "", "line": self._say("room_total", **told)}
        line = self._say(f"{self._form()}_line", **told, met=f"{count.met:,}", share=escape_html(count.percent))
        return {"out": f"{count.left:,} {self._unit()}", "line": line}

    def _closes(self) -> str:
        answer, card = self.q.answer, self.q.plan_card
        if answer is None or card is None:
            return self._say("no_plan")
        if not answer.chosen or card.count is None:
            return escape_html(i18n.say(f"maps.status_{answer.status}", self.say.lang))
        count, before = card.count, card.before and card.before.met
        told = {"sites": f"{len(answer.chosen):,}", "unit": self._unit(), "total": f"{count.total:,}"}
        told |= {"after": f"{count.met:,}", "left": f"{count.left:,}"}
        if before is None:
            return self._say("room_closes_alone", **told)
        return self._say(f"{self._form()}_closes", **told, before=f"{before:,}")

    def _states(self, column: str, communities: gpd.GeoDataFrame) -> str:
        known = self.q.asked.communities
        if column not in known:
            return NOT_JUDGED * len(communities)
        return "".join(known[column].reindex(communities.index).map(CODES).fillna(NOT_JUDGED))


def _place(made: Sequence[Mapping[str, Any]], circle: int | None, every: Sequence[Any] | None = None) -> int | None:
    """The place of what belongs to a circle among what was made."""
    found = next((m for m in made if circle is not None and m["circle"] == circle), None)
    return None if found is None else list(every or made).index(found)
