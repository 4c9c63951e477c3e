"""What can be tried in the room, as the page carries it: options, sites and packed times of each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.centiseconds import centiseconds
from quarterhour.base.escape import escape_html
from quarterhour.base.labels import counted_label, unit_label
from quarterhour.maps.columns import PageWords, coded, place_names, texts_of, xy_of
from quarterhour.maps.packing import packed_json, packed_times
from quarterhour.study.results import Results, Traveller, WhatIf

_STATES = ("existing", "candidate", "required", "upgradeable")


def what_if_columns(results: Results, lang: str) -> dict[str, Any] | None:
    """All that the page needs to count other choices of sites; None where nothing can be tried.

    Texts that are shown are escaped; ids, which only a file that the page writes holds, are as they are.
    """
    if not results.what_if:
        return None
    tables, say = results.inputs, PageWords(lang)
    asked = [c.circle.id for c in results.checks], [p.id for p in results.proposals]
    county = tables.communities.reindex(columns=["county"])["county"]
    ids = [str(i) for i in tables.communities.index]
    return {
        "study": results.study.file.study.id,
        "words": {name: escape_html(i18n.label("what_if", name, lang)) for name in i18n.names_on("what_if")},
        "shared": packed_json({"ids": ids, "county": _areas(county, tables.counties)}),
        "questions": [_question(one, tables.communities, tables.towns, *asked, say) for one in results.what_if],
    }


def _areas(ids: pd.Series, places: pd.DataFrame) -> dict[str, Any]:
    """The county of each community as a place in the list of them (-1: none), its name and its id."""
    known = ids.where(ids.notna() & ids.ne(""))
    code, found = pd.factorize(known)
    return {"code": code.tolist(), "name": place_names(found, places), "id": [str(i) for i in found]}


def _question(
    one: WhatIf, communities: gpd.GeoDataFrame, towns: pd.DataFrame, circles: Sequence[str], plans: Sequence[str],
    say: PageWords,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": one.circle or one.question,
        "circle": circles.index(one.circle) if one.circle in circles else None,
        "plan": plans.index(one.question) if one.question in plans else None,
        "circle_id": one.circle,
        "question_id": one.question,
        "name": escape_html(one.name(say.lang)),
        "unit": escape_html(unit_label(one.unit, say.lang)),
        "counted": escape_html(counted_label(one.unit, say.lang)),
        "column": one.unit,
        "heading": one.heading,
        "standard": one.minutes,
        "existing": int(one.sites["state"].eq("existing").sum()),
        "notes": [*_notes(one, say)],
        "columns": packed_json(_columns(one, communities, towns)),
        "travellers": [_traveller(who, one, say) for who in one.travellers],
    }


def _notes(one: WhatIf, say: PageWords) -> list[str]:
    told = [f"note_{name}" for name in one.notes] + ([f"not_{one.left_out}"] if one.left_out else [])
    said = [i18n.say(f"what_if_notes.{key}", say.lang) for key in told]
    if one.left_off:
        kept = len(one.sites) - int(one.sites["state"].eq("existing").sum())
        said.append(i18n.say("what_if_notes.left_off", say.lang, kept=kept, offered=kept + one.left_off))
    return [escape_html(text) for text in said]


def _columns(one: WhatIf, communities: gpd.GeoDataFrame, towns: pd.DataFrame) -> dict[str, Any]:
    """The people by community, and the sites; of one that is a community neither place nor name again."""
    sites = one.sites
    away = sites["community"].eq(-1).to_numpy(dtype=bool)
    places = sites[away]
    own = communities.index.astype(str)[sites["community"].to_numpy(dtype=np.int64)]
    planned = sites[sites["order"].gt(0)].sort_values("order", kind="stable")
    return {
        "people": [int(n) for n in one.people],
        "community": [int(c) for c in sites["community"]],
        "id": [str(i) if i != same or far else None for i, same, far in zip(sites.index, own, away, strict=True)],
        "state": coded([str(s) for s in sites["state"]]),
        "away": {
            **xy_of(places, "sites"),
            "name": texts_of(places, "name"),
            "town": coded(place_names(places["town"], towns)),
        },
        "plan": [int(k) for k in sites.index.get_indexer(planned.index)],
        "year": [int(year) for year in planned["year"]],
        "cost": _given(sites["cost_yuan"]),
        "sure": _given(sites["sure"]),
    }


def _given(column: pd.Series) -> Mapping[str, Any]:
    """The values that there are, by the site's place."""
    return {str(at): float(v) for at, v in enumerate(column) if not pd.isna(v)}


def _traveller(who: Traveller, one: WhatIf, say: PageWords) -> dict[str, Any]:
    return {
        "mode": who.mode,
        "name": escape_html(who.name(say.lang)),
        "turnout": who.turnout_minutes,
        "standards": list(who.standards),
        "turnouts": list(who.turnouts),
        "paces": list(who.paces),
        "far_cs": centiseconds(who.times.cutoff_minutes),
        "step_cs": who.step_cs,
        "times": packed_times(who.times, community=one.sites["community"].to_numpy(), step_cs=who.step_cs),
    }
