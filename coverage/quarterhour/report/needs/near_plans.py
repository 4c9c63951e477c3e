"""Other plans that are nearly as good, as a table of the workbook and the page."""

from __future__ import annotations

from collections.abc import Iterator

from quarterhour.base.cells import texts
from quarterhour.report.section import Section, Told, joined_section
from quarterhour.study.results import Proposal, Results

_PEOPLE = ("newly_covered", "no_longer_covered", "nearer", "farther")


def near_plan_sections(results: Results, lang: str) -> Iterator[Section]:
    """What each further plan leaves out and builds instead, what it comes to, and who gains and loses."""
    yield from joined_section("near_best", [_told(p, lang) for p in results.proposals], page_rows=40)


def _told(p: Proposal, lang: str) -> Told | None:
    near = p.prospects.near_best
    if near is None:
        return None
    names, between = dict(zip(p.sites.index, texts(p.sites["name"]), strict=True)), "、" if lang == "zh" else "; "

    def said(sites: tuple[str, ...]) -> str:
        return between.join(names[site] or site for site in sites)

    table = {
        "question": [p.name(lang)] * len(near.plans),
        "rank": list(range(1, len(near.plans) + 1)),
        "left_out": [said(one.left_out) for one in near.plans],
        "built_instead": [said(one.built_instead) for one in near.plans],
        "plan_value": [one.levels[0].value for one in near.plans],
        "bound": [one.levels[0].bound for one in near.plans],
        "gap": [max(level.gap for level in one.levels) for one in near.plans],
        **{column: [one.people[column] for one in near.plans] for column in _PEOPLE},
    }
    ties = () if near.ties is None else near.ties.sentences(lang, names)
    return table, [f"{p.name(lang)}{'：' if lang == 'zh' else ': '}{line}" for line in (near.sentence(lang), *ties)]
