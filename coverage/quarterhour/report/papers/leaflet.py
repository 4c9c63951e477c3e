"""One page for leaders: big numbers, counties and classes as bars, the map, what closes the gap, sources."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from importlib import resources
from typing import Any

import quarterhour
from quarterhour.base.labels import counted_label, percent
from quarterhour.report.papers.blocks import plain_text
from quarterhour.report.papers.fonts import PLAIN, chinese_font, plain_folder
from quarterhour.report.papers.static_maps import MapPrint
from quarterhour.report.papers.summary import CircleFact, circle_facts, plan_sentence, promise_sentence, worst_first
from quarterhour.report.section import say_of
from quarterhour.study.results import Results

_say = partial(say_of, "papers_leaflet")
_MOST_CIRCLES, _MOST_COUNTIES, _MOST_PLANS = 2, 8, 5
_FITS = ((10.5, 100.0), (10.0, 92.0), (9.5, 80.0), (9.0, 66.0), (8.5, 52.0), (8.0, 40.0))
"""Sizes of letters (points) and widths of the map (percent), until all stands on one page."""


def write_leaflet(results: Results, lang: str, maps: Sequence[MapPrint], *, title: str, ribbon: str) -> bytes:
    """The page as a PDF whose text can be selected; the same results give the same bytes on a machine.

    ``maps``: of which the gap of the first circle is shown. Where all does not fit, letters and map grow smaller.
    """
    facts = circle_facts(results, lang)
    picture = next((m for m in maps if m.kind == "gap"), None) or next(iter(maps), None)
    told = _told(results, facts, lang, title=title, ribbon=ribbon)
    for size, width in _FITS:
        made = _set(told | {"size": size, "map_width": width}, picture)
        if _pages(made) == 1:
            break
    return made


def _told(results: Results, facts: Sequence[CircleFact], lang: str, *, title: str, ribbon: str) -> dict[str, Any]:
    study = results.study
    day = study.file.study.reference_date.isoformat()
    return {
        "title": plain_text(title), "ribbon": ribbon, "lang": lang,
        "subtitle": _say("subtitle", lang, day=day),
        "circles": [_circle(fact, lang) for fact in facts[:_MOST_CIRCLES]],
        "closes": _say("closes", lang),
        "sentences": [plain_text(s) for s in _sentences(results, facts, lang)],
        "sources": plain_text(_say("sources", lang, study=study.name(lang), day=day, version=quarterhour.__version__)),
    }  # fmt: skip


def _circle(fact: CircleFact, lang: str) -> dict[str, Any]:
    circle = fact.check.circle
    people, count = counted_label(circle.people, lang), fact.count
    if count.left is None:
        line = plain_text(say_of("papers", "circle_withheld", lang, name=fact.name, people=people))
        return {"name": plain_text(fact.name), "line": line, "share": count.percent, "inside": "", "outside": "",
                "closing": "", "counties": []}  # fmt: skip
    counties = [*worst_first(fact.card.rows)[:_MOST_COUNTIES], *(c for c in fact.classes if c.share is not None)]
    plan = next((p.plan for p in fact.closing if p.plan.demand_total), None)
    closing = "" if plan is None else _say("closing", lang, sites=len(plan.chosen), covered=plan.covered,
                                            share=plan.count.percent)  # fmt: skip
    return {
        "name": plain_text(fact.name),
        "line": _say("circle_line", lang, people=people, total=count.total,
                     mode=fact.check.mode_name(lang), minutes=circle.minutes),
        "share": count.percent, "inside": _say("inside", lang, met=count.met),
        "outside": _say("outside", lang, outside=count.left), "closing": closing,
        "counties": [{"name": plain_text(c.name), "share": c.share, "said": percent(c.share)} for c in counties],
    }  # fmt: skip


def _sentences(results: Results, facts: Sequence[CircleFact], lang: str) -> list[str]:
    """What closes the gaps first, then other plans (of many, how many more there are), then the promises."""
    closing = {p.id: p for fact in facts for p in fact.closing}
    plans = [*closing.values(), *(p for p in results.proposals if p.id not in closing)]
    said = [plan_sentence(p, lang) for p in plans]
    promises = (
        [promise_sentence(results, lang)] if results.scorecard is not None and len(results.scorecard.rows) else []
    )
    left = len(said) - _MOST_PLANS
    more = [_say("more_plans", lang, count=left)] if left > 0 else []
    return [*said[:_MOST_PLANS], *more, *promises]


def _set(told: dict[str, Any], picture: MapPrint | None) -> bytes:
    import typst

    compiler: Any = typst
    page = (resources.files("quarterhour") / "data" / "papers" / "leaflet.typ").read_bytes()
    face = chinese_font()
    folders = [plain_folder(), *([face.folder] if face else [])]
    data = {**told, "fonts": [*([face.family] if face else []), PLAIN], "map": None, "map_said": ""}
    if picture is not None:
        data |= {"map": picture.made.svg.decode(), "map_said": plain_text(picture.title)}
    made: bytes = compiler.compile(
        page, sys_inputs={"data": json.dumps(data, ensure_ascii=False)}, font_paths=[str(f) for f in folders],
        ignore_system_fonts=True, format="pdf",
    )  # fmt: skip
    return made


def _pages(pdf: bytes) -> int:
    """How many pages a PDF of typst has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
