"""Who gains and who loses by each plan: sheets of the workbook and a part of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.base.labels import counted_label, names_of, people_label, unit_label
from quarterhour.report.section import Section, area_names, joined_section, say_of
from quarterhour.siting.outlook.change import PlanChange
from quarterhour.siting.outlook.change_sentences import end_said, gain_lines, most_moved, other_groups, reached_said
from quarterhour.study.cards.names import area_labels, names_by_area
from quarterhour.study.results import Results
from quarterhour.study.siting.changes import Change

LEVELS = ("groups", "county", "town")
_say = partial(say_of, "change_sections")
_WHOLE = ("before", "after", "gained", "lost", "moved", "stayed", "unserved", "nearer", "farther")


def change_sections(results: Results, changes: Sequence[Change], lang: str) -> Iterator[Section]:
    """Who gains and loses (by group, county and town), who goes where, and who is worst off."""
    known = [(one, one.change) for one in changes if one.change is not None]
    lines = [line for one, found in known for line in _lines(one, found, lang)]
    lines += [_say("not_compared", lang, what=_what(one, lang), why=one.why.sentence(lang))
              for one in changes if one.why is not None]  # fmt: skip
    if not lines:
        return
    rows = [_by(results, one, found, level, lang) for level in LEVELS for one, found in known]
    yield Section("change", pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(), tuple(lines), page_rows=40)
    yield from joined_section("change_moves", [(_moves(one, found, lang), ()) for one, found in known], page_rows=0)
    yield from joined_section(
        "change_worst", [(_worst(results, one, found, lang), ()) for one, found in known], page_rows=40
    )


def _what(one: Change, lang: str) -> str:
    return _say(f"since_{one.since}", lang, name=one.proposal.name(lang))


def _lines(one: Change, found: PlanChange, lang: str) -> list[str]:
    """The sentences of a change, which comparison it is before each."""
    shared = one.since == "today" and found.placed
    lines = [*gain_lines(found, lang), *most_moved(found, lang), *([_say("places_unknown", lang)] if shared else [])]
    return [_say("told", lang, what=_what(one, lang), line=line) for line in lines]


def _head(one: Change, lang: str) -> dict[str, Any]:
    return {"question": one.proposal.name(lang), "compared": _say(f"compared_{one.since}", lang)}


def _by(results: Results, one: Change, found: PlanChange, level: str, lang: str) -> pd.DataFrame:
    """A comparison by column of people, by county, by town; a row each."""
    said = _say(f"level_{level}", lang)
    if level == LEVELS[0]:
        rows = found.groups.loc[["", *other_groups(found)]]
        return pd.DataFrame({**_head(one, lang), **_figures(rows, said, _groups(rows.index, found, lang))})
    rows = found.areas[found.areas["level"].eq(level)]
    names = area_labels(rows["area"], level, area_names(results), lang)
    names = [name or _say("no_area", lang) for name in names]
    return pd.DataFrame({**_head(one, lang), **_figures(rows, said, names)})


def _groups(groups: pd.Index, found: PlanChange, lang: str) -> list[str]:
    return [counted_label(found.unit, lang) if group == "" else people_label(str(group), lang) for group in groups]


def _figures(rows: pd.DataFrame, level: str, names: Sequence[str]) -> dict[str, Any]:
    """Counts as they stand, and by how many minutes the way of those is nearer or farther, on average."""
    counts = {f"change_{c}": rows[c].array for c in _WHOLE}
    minutes = {f"{way}_minutes": _mean(rows, way) for way in ("nearer", "farther")}
    told = {"change_of": level, "area_name": list(names), "people_all": rows["people"].array}
    return {**told, **counts, **minutes}


def _mean(rows: pd.DataFrame, way: str) -> Any:
    people = rows[way].astype("Float64").to_numpy(float, na_value=np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(people > 0, rows[f"minutes_{way}"].to_numpy(dtype=float) / people, np.nan)


def _moves(one: Change, found: PlanChange, lang: str) -> pd.DataFrame:
    rows = found.moves.to_dict("records")
    return pd.DataFrame({
        **{c: [v] * len(rows) for c, v in _head(one, lang).items()},
        "goes_from": [end_said(row, "from", lang) for row in rows],
        "goes_to": [end_said(row, "to", lang) for row in rows],
        "people_moved": found.moves["people"].array,
        "communities": found.moves["communities"].array,
        "measured_in": unit_label(found.unit, lang),
        "from_id": found.moves["from_site"].array,
        "to_id": found.moves["to_site"].array,
    })  # fmt: skip


def _worst(results: Results, one: Change, found: PlanChange, lang: str) -> pd.DataFrame:
    rows = found.worst
    named = {level: names_by_area(table) for level, table in (("town", results.inputs.towns),
                                                              ("county", results.inputs.counties))}  # fmt: skip
    return pd.DataFrame({
        **{c: [v] * len(rows) for c, v in _head(one, lang).items()},
        "name": [name or str(i) for name, i in zip(rows["name"], rows.index, strict=True)],
        **{level: names_of(rows[level], names) for level, names in named.items()},
        "people_all": rows["people"].array,
        "way_before": [reached_said(m, found, lang) for m in rows["minutes_before"]],
        "way_after": [reached_said(m, found, lang) for m in rows["minutes_after"]],
        "change_left_out": rows["left_out"].array,
        "community": rows.index.astype("str"),
    })  # fmt: skip
