"""What a leader reads first: of whom it is about, how many are reached and not, what closes it, by county."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.labels import counted_label, percent
from quarterhour.report.papers.blocks import Block, Grid, Paragraph
from quarterhour.report.section import (
    area_names,
    area_shares,
    city_row,
    headed,
    opening_lines,
    say_of,
)
from quarterhour.report.tables import sites_by_quality
from quarterhour.siting.explanation.headline import status_sentence
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.closing import closes
from quarterhour.study.results import Proposal, Results

_say = partial(say_of, "papers")
_MOST_COUNTIES = 6
"""Named in a sentence; of more, the worst of them."""
_BOTH = 2
"""Circles of which a table has room for people and shares; of more, for shares."""


@dataclass(frozen=True, slots=True)
class AreaShare:
    """A county, a unit or a class: its name, people not inside a circle (None: not told), the share inside (or NaN)."""

    name: str
    outside: int | None
    share: float


@dataclass(frozen=True, eq=False)
class CircleFact:
    """A circle in the whole area, by county, reporting unit and class, and the plans that would close its gap.

    ``units``, ``classes``: none where the study has none. ``met``, ``people``: None where they are too few to be told.
    """

    check: CircleCheck
    name: str
    met: int | None
    people: int | None
    share: float
    counties: tuple[AreaShare, ...]
    closing: tuple[Proposal, ...]
    units: tuple[AreaShare, ...] = ()
    classes: tuple[AreaShare, ...] = ()

    @property
    def outside(self) -> int | None:
        """People not inside."""
        return None if self.people is None or self.met is None else self.people - self.met


def circle_facts(results: Results, lang: str) -> list[CircleFact]:
    """Each circle of a run as a leader asks for it."""
    names = area_names(results)
    return [_fact(check, results, names, lang) for check in results.checks]


def _fact(check: CircleCheck, results: Results, names: Mapping[tuple[str, str], str], lang: str) -> CircleFact:
    city = city_row(check)
    counties, units, classes = (_areas(check, level, names, lang) for level in ("county", "unit", "class"))
    met, people = (None if blank(city[c]) else int(city[c]) for c in ("people_met", "people"))
    return CircleFact(check, check.circle.name(lang), met, people,
                      math.nan if check.impossible else float(city["share_people"]), counties,
                      closing_plans(check, results), units, classes)  # fmt: skip


def _areas(
    check: CircleCheck, level: str, names: Mapping[tuple[str, str], str], lang: str
) -> tuple[AreaShare, ...]:  # fmt: skip
    """Units and classes that are not told are left out; counties stay, so that circles can stand side by side."""
    rows = area_shares(check, level, names, lang)
    rows = rows if level == "county" else rows.dropna(subset=["people", "people_met"])
    told = zip(rows["name"], rows["people"] - rows["people_met"], rows["share_people"], strict=True)
    return tuple(AreaShare(name, None if blank(out) else int(out), float(share)) for name, out, share in told)


def worst_first(counties: Sequence[AreaShare]) -> list[AreaShare]:
    """Counties that have a share, the lowest first."""
    return sorted((c for c in counties if math.isfinite(c.share)), key=lambda c: c.share)


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
    people = counted_label(circle.people, lang)
    if fact.outside is None:
        yield _say("circle_withheld", lang, name=fact.name, people=people)
        return
    counted = {"met": fact.met, "total": fact.people, "share": percent(fact.share), "outside": fact.outside}
    yield _say("circle_said", lang, name=fact.name, mode=fact.check.mode_name(lang), minutes=circle.minutes,
               people=people, **counted)  # fmt: skip
    known = worst_first(fact.counties)
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
    plan, known = p.plan, sites_by_quality(p)
    if plan.status in ("infeasible", "no_plan"):
        return _say("no_plan", lang, name=p.name(lang), status=status_sentence(plan, lang))
    share = plan.covered / plan.demand_total if plan.demand_total else 0.0
    made_up = known["synthetic"] + known["estimated"]
    return _say("plan_room_said" if plan.placed else "plan_said", lang, name=p.name(lang), sites=len(plan.chosen),
                counted=counted_label(plan.unit, lang),
                rise=_say("rise", lang, before=plan.before) if plan.before is not None else "",
                covered=plan.covered, total=plan.demand_total, share=percent(share),
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
    if not facts or not facts[0].counties:
        return []
    columns: dict[str, Any] = {"county": [*(c.name for c in facts[0].counties), i18n.say("report.city", lang)]}
    for fact in facts:
        if len(facts) <= _BOTH:
            columns[f"people_outside@{fact.name}"] = pd.array(
                [*(c.outside for c in fact.counties), fact.outside], dtype="Int64"
            )
        columns[f"share_people_share@{fact.name}"] = [*(c.share for c in fact.counties), fact.share]
    table = headed(pd.DataFrame(columns), lang)
    return [Grid(i18n.say("report.by_county", lang), table)]
