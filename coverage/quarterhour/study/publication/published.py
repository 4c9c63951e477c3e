"""Inputs and results that may leave the house.

Before a result is written it is worked out again from counts that may be known: whatever the program then shows, packs
into a page or puts into a plan is made of sums that tell nobody's village of few. ``protected_inputs`` makes these
counts, ``masked`` blanks what they only approximate. `Results` of Python keep the truth.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from quarterhour.base.arrays import BoolArray
from quarterhour.base.cells import texts
from quarterhour.base.findings import Severity, finding, join_findings
from quarterhour.standards.circle import CITY, CircleCheck
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.targets import Target
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.publication.pools import ALONE, Pools, pooled, shared_out
from quarterhour.study.publication.protection import Protection
from quarterhour.study.results import Results

NOTE = "scorecard.protected"


def asked_columns(file: StudyFile, targets: Sequence[Target]) -> tuple[str, ...]:
    """The columns of people that circles, questions, rounds, capacities or rules count."""
    asked = [c.people for c in file.circles] + [a.people for a in file.access]
    asked += [c for question in file.siting for c in question.columns]
    asked += [file.rounds.people] if file.rounds else []
    asked += [t.people for t in targets] + [c.rpartition(".")[2] for t in targets for c in t.columns]
    return tuple(c for c in dict.fromkeys(asked) if c in file.communities.people)


def protected_inputs(
    file: StudyFile, tables: Inputs, *, asked: Sequence[str], reached: pd.Series
) -> tuple[Inputs, Protection]:
    """The inputs with counts that may be published, and what was done.

    ``asked``: columns that the study counts; a guarded one that it does not is blank. ``reached``: by community whom
    which circles reach, as one text: counts are put together among those that are reached alike.
    """
    smallest, communities = file.privacy.smallest_count, tables.communities
    places = _places(communities, reached)
    pools: dict[str, pd.Series] = {}
    made: dict[str, pd.Series] = {}
    told: list[pd.DataFrame] = []
    for family in file.guarded:
        used = [c for c in family if c in asked] or list(family[:1])
        found = pooled(communities[used], places, smallest=smallest)
        for column in family:
            pools[column] = pd.Series(found.of if column in used else 0, index=communities.index)
            made[column] = _published(communities[column], found, known=column in used)
            made[f"{column}_quality"] = _quality(communities, column, pools[column])
        told.append(_told(used, found, communities[used], reached, smallest))
    changed = communities.assign(**made)
    columns = tuple(c for family in file.guarded for c in family)
    known = replace(tables, communities=changed, findings=join_findings([tables.findings, *told]))
    return known, Protection(smallest, columns, pools)


def _places(communities: pd.DataFrame, reached: pd.Series) -> pd.DataFrame:
    """Who may share a pool, the narrowest choice first: reached alike in one town, one county, the city; anybody."""
    county, alike = texts(communities["county"]), reached.reindex(communities.index).astype("str")
    town = county + "\t" + texts(communities["town"])
    return pd.DataFrame({"town": town + "\t" + alike, "county": county + "\t" + alike, "alike": alike, "city": CITY})


def _published(counts: pd.Series, found: Pools, *, known: bool) -> pd.Series:
    """Nobody where all together are too few, or where no part of the study counts the column."""
    return shared_out(counts, found) if known and not found.lost else counts * 0


def _quality(communities: pd.DataFrame, column: str, pools: pd.Series) -> pd.Series:
    """Counts that were shared out are estimates, unless they were made up before."""
    own = communities.get(f"{column}_quality", pd.Series("", index=communities.index))
    return own.where(pools.eq(ALONE) | own.eq("synthetic"), "estimated")


def _told(used: Sequence[str], found: Pools, counts: pd.DataFrame, reached: pd.Series, smallest: int) -> pd.DataFrame:
    """How many communities are not shown by themselves, and by how much a sum over those reached may be off."""
    pools = pd.Series(found.of, index=counts.index)
    fields = {"table": "communities", "column": ", ".join(used), "value": f"{int(pools.ne(ALONE).sum()):,}"}
    if found.lost:
        return finding("publication.too_few", severity="warning", **fields, detail=str(smallest))
    off = int(counts.max(axis=1)[_crossed(pools, reached)].sum())
    rule = "publication.shared_out_about" if off else "publication.shared_out"
    severity: Severity = "warning" if off else "note"
    return finding(rule, severity=severity, **fields, detail=f"{off:,}" if off else "", id=str(smallest))


# --- what the tables show -------------------------------------------------------------------------


def masked(results: Results, known: Protection, targets: Sequence[Target]) -> Results:
    """Results made of protected counts, with blanks where a count would be one of few or only approximate.

    Blank: counts of communities in a pool, people and shares of towns that a pool crosses, promises about them.
    """
    communities, circles = results.inputs.communities, results.study.file.circles
    guarded = {c.id for c in circles if c.people in known.columns} | set(known.columns)
    about = {t.id for t in targets if guarded & {t.people, t.of, *(c.rpartition(".")[2] for c in t.columns)}}
    blanks = {c: communities[c].astype("Int64").mask(known.hidden(c)) for c in known.columns}
    return replace(
        results,
        inputs=replace(results.inputs, communities=gpd.GeoDataFrame(communities.assign(**blanks))),
        checks=tuple(_check(c, communities, known) for c in results.checks),
        compare=tuple(_check(c, communities, known) for c in results.compare),
        scorecards={day: _card(card, about) for day, card in results.scorecards.items()},
        protection=known,
    )


def _check(check: CircleCheck, communities: pd.DataFrame, known: Protection) -> CircleCheck:
    column = check.circle.people
    if column not in known.columns:
        return check
    pools, town = known.pools[column], texts(communities["town"])
    parted = _crossed(pools, town) | _crossed(pools, check.communities["met"].reindex(pools.index))
    apart = _crossed(pools, town)
    shares = check.shares
    blank_all = shares["level"].eq("town") & shares["area"].isin(set(town[apart]))
    blank_met = shares["level"].eq("town") & shares["area"].isin(set(town[parted]))
    every = [c for c in shares.columns if c == "people" or (c.startswith("people_") and c != "people_met")]
    shown = shares.assign(**{c: shares[c].astype("Int64").mask(blank_all) for c in every})
    met = {"people_met": shares["people_met"].astype("Int64").mask(blank_met)}
    return replace(check, shares=shown.assign(**met, share_people=shares["share_people"].mask(blank_met)))


def _crossed(pools: pd.Series, of: pd.Series) -> BoolArray:
    """Whether a community is in a pool that lies in more than one of some areas."""
    some = pools.ne(ALONE)
    count = of[some].groupby(pools[some]).nunique()
    found: BoolArray = (some & pools.map(count).fillna(0).gt(1)).to_numpy(dtype=bool)
    return found


def _card(card: Scorecard, about: Collection[str]) -> Scorecard:
    """Without a value and a verdict where a promise about towns or communities counts guarded people."""
    rows = card.rows
    hit = rows["target"].isin(about) & ~rows["level"].isin(("county", CITY)) & rows["value"].notna()
    if not hit.any():
        return card
    blank = {c: rows[c].mask(hit) for c in ("value", "met", "missing", "closes")}
    return Scorecard(rows.assign(**blank, note=rows["note"].mask(hit, NOTE)))
