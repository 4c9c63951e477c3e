"""The best substitutes for each proposed site as a table of the workbook and the page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd

from quarterhour.base.errors import first_ids
from quarterhour.base.labels import counted_label, figure, goal_label
from quarterhour.report.section import Section, Told, joined_section, say_of, site_columns
from quarterhour.study.results import Proposal, Results

_say = partial(say_of, "reserve_sections")


def reserve_sections(results: Results, lang: str) -> Iterator[Section]:
    """Which candidates could stand in for each proposed site, where a question asks for it."""
    told = [_reserves(results, p, lang) for p in results.proposals]
    after = [_say("how", lang)]
    if any(p.plan.placed for p, part in zip(results.proposals, told, strict=True) if part is not None):
        after.append(_say("how_room", lang))
    yield from joined_section("reserves", told, after=after, page_rows=30)


def _reserves(results: Results, p: Proposal, lang: str) -> Told | None:
    found = p.prospects.reserves
    if found is None or found.empty:
        return None
    some = found["place"] > 0
    nothing = _say("no_reserve", lang)
    columns = site_columns(results, p, pd.Index(found.loc[some, "substitute"]))
    theirs = pd.DataFrame(columns, found.index[some]).astype("object")
    goal = p.problem.goals[0]
    counted = goal_label(
        "max-cover" if p.plan.placed else goal.objective, goal.people or p.unit, lang, placed=p.plan.placed
    )
    table = {
        "question": p.name(lang), **site_columns(results, p, pd.Index(found["site"])),
        "reserve_place": found["place"].mask(~some).astype("Int64").array,
        "reserve": theirs["name"].reindex(found.index, fill_value=nothing).array,
        "reserve_town": theirs["town"].reindex(found.index, fill_value="").array,
        "goal": counted, "reserve_value": found["value"].array, "reserve_loss": found["loss"].array,
        "counted": counted_label(p.unit, lang), "covered_then": found["covered"].array,
        "short_then": found["short"].array,
    }  # fmt: skip
    return table, [*_lines(p, found.assign(name=table["name"], reserve=table["reserve"]), lang)]


def _lines(p: Proposal, found: pd.DataFrame, lang: str) -> Iterator[str]:
    first = found[found["place"].eq(1)]
    if len(first):
        worst = first.iloc[int(first["loss"].to_numpy().argmax())]
        yield _say(
            "line", lang, name=p.name(lang), sites=found["site"].nunique(), free=int(first["loss"].le(0).sum()),
            site=worst["name"], reserve=worst["reserve"], loss=_loss(p, float(worst["loss"])),
        )  # fmt: skip
    for key, rows in (("none", found[found["place"].eq(0)]), ("short", first[first["short"].gt(0)])):
        if len(rows):
            yield _say(key, lang, name=p.name(lang), sites=first_ids(rows["name"], lang=lang))


def _loss(p: Proposal, loss: float) -> str:
    unit = {"equity": "share", "gini": "coefficient"}.get("" if p.plan.placed else p.plan.objective)
    return f"{loss:,.0f}" if unit is None else figure(loss, unit)
