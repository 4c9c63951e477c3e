"""What each region has of a plan that was found region by region, as a table of the workbook and the page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from quarterhour.base.labels import counted_label, gap_percent, names_of
from quarterhour.report.section import Section, Told, joined_section, say_of
from quarterhour.study.cards.names import names_by_area
from quarterhour.study.results import Proposal, Results
from quarterhour.study.study import study_question

_TABLES = {"town": "towns", "county": "counties"}
_say = partial(say_of, "region_sections")


def region_sections(results: Results, lang: str) -> Iterator[Section]:
    """Sites and people by region, what one more site would add and the least one gives, where a question is divided."""
    told = [_regions(results, p, lang) for p in results.proposals]
    divided = [p for p in results.proposals if p.prospects.regions is not None]
    fewest = any(p.plan.objective == "min-sites" for p in divided)
    by_money = any(p.problem.budget.yuan is not None for p in divided)
    more = {"how_fewest": fewest, "how_money": by_money}
    after = [_say("how", lang), *(_say(key, lang) for key, needed in more.items() if needed)]
    yield from joined_section("regions", told, after=after, page_rows=40)


def _regions(results: Results, p: Proposal, lang: str) -> Told | None:
    found = p.prospects.regions
    if found is None or found.empty:
        return None
    level = study_question(results.study, p.id).by_region
    names = names_by_area(getattr(results.inputs, _TABLES[level])) if level in _TABLES else {}
    table = {
        "question": p.name(lang), "region": names_of(found["region"], names),
        "candidates": found["candidates"].array, "new_sites": found["sites"].array,
        "counted": counted_label(p.unit, lang), "region_people": found["people"].array,
        "region_short": found["short"].array, "one_more": found["one_more"].array, "one_less": found["one_less"].array,
    }  # fmt: skip
    line = _say(
        "line", lang, name=p.name(lang), regions=len(found), some=int(found["sites"].gt(0).sum()),
        sites=int(found["sites"].sum()), gap=gap_percent(p.plan.gap),
    )  # fmt: skip
    return table, [line]
