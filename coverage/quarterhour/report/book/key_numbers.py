"""The ten numbers of the cover, each with the sheet that it comes from; read off the results, none is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from quarterhour.base.labels import counted_label
from quarterhour.report.book import looks
from quarterhour.report.section import area_names, city_row, say_of
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.results import Proposal, Results

MOST = 10
_say = partial(say_of, "workbook")


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """A number of the cover: what it is, its value and format, what to read with it, the sheet it stands on.

    ``rank``: which go first where there are more than ten.
    """

    label: str
    value: float
    form: str
    note: str
    sheet: str
    rank: int = 0


def key_numbers(results: Results, lang: str) -> list[KeyNumber]:
    """At most ten numbers, in the order of the workbook."""
    every = [
        *(n for check in results.checks for n in _circle(results, check, lang)),
        *_promises(results, lang),
        *(n for p in results.proposals for n in _plan(p, lang)),
        *_rounds(results, lang),
        *_findings(results, lang),
    ]
    kept = sorted(range(len(every)), key=lambda place: (every[place].rank, place))[:MOST]
    return [every[place] for place in sorted(kept)]


def _circle(results: Results, check: CircleCheck, lang: str) -> Iterator[KeyNumber]:
    city, count, name = city_row(check), check.count, check.circle.name(lang)
    who = {"counted": counted_label(check.circle.people, lang)}
    if count.share is not None:
        note = _say("note_people", lang, met=count.met, people=count.total, **who)
        yield KeyNumber(_say("key_share", lang, name=name, **who), count.share, looks.SHARE, note, "by_county")
    note = _say("note_communities", lang, communities=int(city["communities"]))
    met = int(city["communities_met"])
    yield KeyNumber(_say("key_communities", lang, name=name), met, looks.WHOLE, note, "by_community", rank=3)
    names = area_names(results)
    for level, rank in (("county", 2), ("town", 4)):
        shares = check.shown_shares(level).dropna()
        if len(shares) > 1:
            worst = str(shares.idxmin())
            label = _say(f"key_worst_{level}", lang, name=name)
            said = names.get((level, worst), worst)
            yield KeyNumber(label, float(shares.min()), looks.SHARE, said, f"by_{level}", rank)


def _promises(results: Results, lang: str) -> Iterator[KeyNumber]:
    if results.scorecard is None:
        return
    rows = results.scorecard.summary()
    city = rows[rows["level"].eq("city") & rows["binding"].astype(bool)]
    if len(city):
        note = _say("note_promises", lang, promises=len(city), no_data=int(city["areas_no_data"].sum()))
        yield KeyNumber(_say("key_promises", lang), int(city["areas_met"].sum()), looks.WHOLE, note, "scorecard", 1)


def _plan(p: Proposal, lang: str) -> Iterator[KeyNumber]:
    if p.plan.status in ("infeasible", "no_plan"):
        return
    who = {"counted": counted_label(p.plan.unit, lang)}
    before = "" if p.plan.before is None else _say("note_before", lang, before=p.plan.before)
    note = _say("note_plan", lang, sites=len(p.plan.chosen), total=p.plan.demand_total, before=before, **who)
    label = _say("key_placed" if p.plan.placed else "key_covered", lang, name=p.name(lang), **who)
    yield KeyNumber(label, p.plan.covered, looks.WHOLE, note, "plans")


def _rounds(results: Results, lang: str) -> Iterator[KeyNumber]:
    plan, territories = results.care.rounds, results.care.territories
    if plan is not None and territories is not None:
        note = _say("note_carers", lang, staff=int(territories.sites["staff"].sum()))
        yield KeyNumber(_say("key_carers", lang), plan.carers, looks.WHOLE, note, "rounds", 1)


def _findings(results: Results, lang: str) -> Iterator[KeyNumber]:
    aside = int(results.findings["severity"].eq("error").sum())
    note = _say("note_findings", lang, findings=len(results.findings))
    yield KeyNumber(_say("key_findings", lang), aside, looks.WHOLE, note, "findings", 5)
