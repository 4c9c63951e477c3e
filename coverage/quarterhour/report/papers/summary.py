"""What a leader reads first: of whom it is about, how many are reached and not, what closes it, by county."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cards import Card, CardRow, Count
from quarterhour.base.labels import counted_label, percent
from quarterhour.report.papers.blocks import Block, Grid, Paragraph
from quarterhour.report.section import (
    headed,
    opening_lines,
    say_of,
)
from quarterhour.siting.explanation.headline import status_sentence
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.closing import closes
from quarterhour.study.results import Proposal, Results

_say = partial(say_of, "papers")
_MOST_COUNTIES = 6
"""Named in a sentence; of more, the worst of them."""
_BOTH = 2
"""Circles of which a table has room for people and shares; of more, for shares."""


@dataclass(frozen=True, eq=False)
class CircleFact:
    """A circle in the whole area, by county, reporting unit and class, and the plans that would close its gap.

    ``card``: the circle's, as notebook and map page show it: every figure here is read from it.
    """

    check: CircleCheck
    card: Card
    closing: tuple[Proposal, ...]

    @property
    def name(self) -> str:
        """What the circle is called."""
        return self.card.heading

    @property
    def count(self) -> Count:
        """People inside and all of them; None where they are too few to be told."""
        return self.card.count or Count()

    @property
    def classes(self) -> list[CardRow]:
        """Classes whose people are told; none where the study has none."""
        return [row for row in self.card.table("class") if row.count is not None and row.count.left is not None]


def circle_facts(results: Results, lang: str) -> list[CircleFact]:
    """Each circle of a run as a leader asks for it."""
    return [CircleFact(check, results.card_of(check, lang), closing_plans(check, results)) for check in results.checks]


def worst_first(areas: Sequence[CardRow]) -> list[CardRow]:
    """Areas that have a share, the lowest first."""
    return sorted((row for row in areas if row.share is not None), key=lambda row: row.share or 0.0)


def closing_plans(check: CircleCheck, results: Results) -> tuple[Proposal, ...]:
    """The plans that take the circle's own count from today to after."""
    return tuple(p for p in results.proposals if closes(results.study, p, check))


def summary_blocks(results: Results, lang: str, *, ribbon: str) -> list[Block]:
    """Half a page: each circle in a sentence with what closes it, other plans, promises, what it rests on."""
    facts = circle_facts(results, lang)
    told = {p.id for fact in facts for p in fact.closing}
    sentences = opening_lines(results, lang)
    sentences += [" ".join(circle_sentences(fact, lang)) if lang == "en" else "".join(circle_sentences(fact, lang))
                 for fact in facts]  # fmt: skip
    sentences += [plan_sentence(p, lang) for p in results.proposals if p.id not in told]
    sentences += (
        [promise_sentence(results, lang)] if results.scorecard is not None and len(results.scorecard.rows) else []
    )
    sentences += [_say("demonstration", lang)] if ribbon else []
    return [*(Paragraph(text[:1].upper() + text[1:], "lead") for text in sentences), *county_grid(facts, lang)]


def circle_sentences(fact: CircleFact, lang: str) -> Iterator[str]:
    """Who and how many; by county, the worst first; what closes it."""
    circle = fact.check.circle
    people, count = counted_label(circle.people, lang), fact.count
    if count.left is None:
        yield _say("circle_withheld", lang, name=fact.name, people=people)
        return
    counted = {"met": count.met, "total": count.total, "share": count.percent, "outside": count.left}
    yield _say("circle_said", lang, name=fact.name, mode=fact.check.mode_name(lang), minutes=circle.minutes,
               people=people, **counted)  # fmt: skip
    known = worst_first(fact.card.rows)
    if known:
        said = [_say("county_said", lang, name=c.name, share=percent(c.share)) for c in known[:_MOST_COUNTIES]]
        yield _say("counties_said", lang, counties=("、" if lang == "zh" else ", ").join(said))
    if fact.classes:
        said = [_say("county_said", lang, name=c.name, share=percent(c.share)) for c in fact.classes]
        yield _say("classes_said", lang, classes=("、" if lang == "zh" else ", ").join(said))
    for plan in fact.closing:
        yield _say("closed_by", lang, plan=plan_sentence(plan, lang))


def plan_sentence(p: Proposal, lang: str) -> str:
    """What a plan builds and reaches, how sure that is, and whether its sites are made up."""
    plan, known = p.plan, p.sites_by_quality
    if plan.status in ("infeasible", "no_plan"):
        return _say("no_plan", lang, name=p.name(lang), status=status_sentence(plan, lang))
    made_up = known["synthetic"] + known["estimated"]
    return _say("plan_room_said" if plan.placed else "plan_said", lang, name=p.name(lang), sites=len(plan.chosen),
                counted=counted_label(plan.unit, lang),
                rise=_say("rise", lang, before=plan.before) if plan.before is not None else "",
                covered=plan.covered, total=plan.demand_total, share=plan.count.percent,
                proof=status_sentence(plan, lang),
                made_up=_say("sites_made_up", lang, count=made_up) if made_up else "")  # fmt: skip


def promise_sentence(results: Results, lang: str) -> str:
    """How many promises are kept in every area that there are data for."""
    assert results.scorecard is not None
    table = results.scorecard.summary()
    binding = table[table["binding"].astype(bool)]
    known = binding[binding["areas_no_data"] < binding["areas"]]
    kept = known["areas_unmet"].eq(0) & known["areas_met"].gt(0)
    return _say("promises_said", lang, rows=len(binding), known=len(known), kept=int(kept.sum()),
                broken=int((~kept).sum()))  # fmt: skip


def county_grid(facts: Sequence[CircleFact], lang: str) -> list[Block]:
    """The share inside each circle by county, the whole area below."""
    if not facts or not facts[0].card.rows:
        return []
    columns: dict[str, Any] = {"county": [*(row.name for row in facts[0].card.rows), i18n.say("report.city", lang)]}
    for fact in facts:
        counts = [*(row.count or Count() for row in fact.card.rows), fact.count]
        if len(facts) <= _BOTH:
            columns[f"people_outside@{fact.name}"] = pd.array([count.left for count in counts], dtype="Int64")
        shares = [math.nan if count.share is None else count.share for count in counts]
        columns[f"share_people_share@{fact.name}"] = shares
    table = headed(pd.DataFrame(columns), lang)
    return [Grid(i18n.say("report.by_county", lang), table)]
