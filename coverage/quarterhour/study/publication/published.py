"""Inputs and results that may leave the house.

Before a result is written it is worked out again from counts that may be known: whatever the program then shows, packs
into a page or puts into a plan is made of sums that tell nobody's village of few. ``protected_inputs`` makes these
counts, ``masked`` blanks what they only approximate. `Results` of Python keep the truth.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.cells import texts
from quarterhour.base.findings import QUALITIES, Severity, finding, join_findings
from quarterhour.standards.circle import CITY, CircleCheck
from quarterhour.standards.levels import CLASS, UNIT
from quarterhour.standards.scorecard import Scorecard
from quarterhour.standards.sensitivity import CoverageRange
from quarterhour.standards.targets import Target
from quarterhour.study.file.study import StudyFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.publication.pools import ALONE, Pools, enough, pooled, shared_out
from quarterhour.study.publication.protection import Protection, crossed
from quarterhour.study.results import Results

NOTE = "scorecard.protected"


def asked_columns(file: StudyFile, targets: Sequence[Target]) -> tuple[str, ...]:
    """The columns of people that circles, questions, rounds, capacities, beds, forecast or rules count, and the first.

    By the first deaths are shared out, and a layout plan counts it.
    """
    asked = [c.people for c in file.circles] + [a.people for a in file.access]
    asked += [c for question in file.siting for c in question.columns]
    asked += [file.rounds.people] if file.rounds else []
    asked += [file.beds.people] if file.beds else []
    asked += [c for c in file.communities.people if file.forecast and file.forecast.group_of(c) == "older"]
    asked += file.communities.people[:1]
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
    lost: set[str] = set()
    for family in file.guarded:
        used = [c for c in family if c in asked] or list(family[:1])
        counted = enough(communities[used], smallest=smallest) or used
        found = pooled(communities[counted], places, smallest=smallest)
        lost |= {c for c in family if c not in counted or found.lost}
        for column in family:
            pools[column] = pd.Series(found.of if column in counted else 0, index=communities.index)
            made[column] = _published(communities[column], found, known=column not in lost)
            made[f"{column}_quality"] = _quality(communities, column, pools[column])
        told += _told_apart([c for c in used if c not in counted], communities, smallest)
        told.append(_told(counted, found, communities[counted], reached, smallest))
    changed = communities.assign(**made)
    columns = tuple(c for family in file.guarded for c in family)
    known = replace(tables, communities=changed, findings=join_findings([tables.findings, *told]))
    return known, Protection(smallest, columns, pools, frozenset(lost))


def _places(communities: pd.DataFrame, reached: pd.Series) -> pd.DataFrame:
    """Who may share a pool, the narrowest choice first: reached alike in one town, one county, the city; anybody.

    Those of one reporting unit and one class before others, so that sums by unit and class stay exact where they can.
    """
    county, alike = texts(communities["county"]), reached.reindex(communities.index).astype("str")
    further = [communities[c].astype("str") for c in (CLASS, UNIT) if c in communities]
    choices = {"alike": alike, "city": pd.Series(CITY, index=communities.index)}
    for own in further:
        alike = own + "\t" + alike
        choices = {f"alike_{own.name}": alike, **choices}
    county = county + "\t" + alike
    return pd.DataFrame({"town": texts(communities["town"]) + "\t" + county, "county": county, **choices})


def _published(counts: pd.Series, found: Pools, *, known: bool) -> pd.Series:
    """Nobody where all together are too few, or where no part of the study counts the column."""
    return shared_out(counts, found) if known else counts * 0


def _quality(communities: pd.DataFrame, column: str, pools: pd.Series) -> pd.Series:
    """Counts that were shared out are estimates, unless they were made up before."""
    own = communities.get(f"{column}_quality", pd.Series("", index=communities.index))
    return own.where(pools.eq(ALONE) | own.eq("synthetic"), "estimated")


def _told_apart(lost: Sequence[str], communities: pd.DataFrame, smallest: int) -> list[pd.DataFrame]:
    """Parts of a register that are too few in the whole city, or leave too few of the others."""
    every = Pools(np.zeros(len(communities), dtype=np.int64), lost=True)
    return [_told([c], every, communities[[c]], pd.Series(dtype="str"), smallest) for c in lost]


def _told(used: Sequence[str], found: Pools, counts: pd.DataFrame, reached: pd.Series, smallest: int) -> pd.DataFrame:
    """How many communities are not shown by themselves, and by how much a sum over those reached may be off."""
    pools = pd.Series(found.of, index=counts.index)
    fields = {"table": "communities", "column": ", ".join(used), "value": f"{int(pools.ne(ALONE).sum()):,}"}
    if found.lost:
        return finding("publication.too_few", severity="warning", **fields, detail=str(smallest))
    off = int(counts.max(axis=1)[crossed(pools, reached)].sum())
    rule = "publication.shared_out_about" if off else "publication.shared_out"
    severity: Severity = "warning" if off else "note"
    return finding(rule, severity=severity, **fields, detail=f"{off:,}" if off else "", id=str(smallest))


# --- what the tables show -------------------------------------------------------------------------


def masked(results: Results, known: Protection, targets: Sequence[Target]) -> Results:
    """Results made of protected counts, with blanks where a count would be one of few or only approximate.

    Blank: counts of communities in a pool, people and shares of areas that a pool crosses, promises about them; all
    that counts a lost column, the city's too.
    """
    communities, circles = results.inputs.communities, results.study.file.circles
    known = known.of_every_year(communities)
    counted = {c.id: c.people for c in circles}
    about = {t.id: _counted_by(t, counted) & set(known.columns) for t in targets}
    inexact = {column: _inexact(column, results, known) for column in set().union(*about.values())}
    blanks = {c: communities[c].astype("Int64").mask(known.hidden(c)) for c in known.columns}
    return replace(
        results,
        inputs=replace(results.inputs, communities=gpd.GeoDataFrame(communities.assign(**blanks))),
        checks=tuple(_check(c, communities, known) for c in results.checks),
        compare=tuple(_check(c, communities, known) for c in results.compare),
        ranges=tuple(_range(r, communities, known) for r in results.ranges),
        scorecards={day: _card(card, about, inexact, known.lost) for day, card in results.scorecards.items()},
        protection=known,
    )


def _check(check: CircleCheck, communities: pd.DataFrame, known: Protection) -> CircleCheck:
    if check.circle.people not in known.columns:
        return check
    shares = _shares(check.shares, check.communities["met"], communities, check.circle.people, known)
    met, every = _not_few(shares["people_met"], shares["people"], known.smallest), shares["people"]
    share = (met / every.where(every > 0)).astype("float64")
    return replace(check, shares=shares.assign(people_met=met, share_people=share.where(shares["people_met"].notna())))


def _range(found: CoverageRange, communities: pd.DataFrame, known: Protection) -> CoverageRange:
    if found.circle.people not in known.columns:
        return found
    shares = _shares(found.shares, found.communities["covered"], communities, found.circle.people, known)
    return replace(found, shares=shares)


def _shares(
    shares: pd.DataFrame, parted: pd.Series, communities: pd.DataFrame, column: str, known: Protection
) -> pd.DataFrame:
    """Shares of areas without the people of those that a pool crosses, or of those inside where it crosses these; of
    a lost column without any."""
    pools = known.pools[column]
    met_apart = crossed(pools, parted.reindex(pools.index))
    blank = {name: pd.Series(column in known.lost, index=shares.index) for name in ("all", "in")}
    law = {level: texts(communities[level]) for level in ("town", "county")}
    for level, areas in {**law, **known.further(communities)}.items():
        apart = crossed(pools, areas)
        for name, some in (("all", apart), ("in", apart | met_apart)):
            blank[name] |= shares["level"].eq(level) & shares["area"].isin(set(areas[some]))
    whole = {"people", *(f"people_{quality}" for quality in QUALITIES)}
    counts = [c for c in shares.columns if c == "people" or c.startswith("people_")]
    made = {c: shares[c].astype("Int64").mask(blank["all" if c in whole else "in"]) for c in counts}
    parts = [c for c in shares.columns if c.startswith("share_") and c != "share_communities"]
    return shares.assign(**made, **{c: shares[c].mask(blank["in"]) for c in parts})


def _not_few(met: pd.Series, every: pd.Series, smallest: int) -> pd.Series:
    """Those inside, where they or those outside are few: nobody or ``smallest``, whichever is nearer."""
    few, left = met.between(1, smallest - 1).fillna(False), every - met
    told = met.where(~few, (met * 2 >= smallest).astype("Int64") * smallest)
    rest = left.between(1, smallest - 1).fillna(False) & ~few
    told = told.where(~rest, every - (left * 2 >= smallest).astype("Int64") * smallest)
    return told.mask(told.lt(0).fillna(False), 0).mask(told.gt(every).fillna(False), every)


def _counted_by(target: Target, circles: Mapping[str, str]) -> set[str]:
    """The columns of people that a promise is about. ``circles``: what each counts."""
    return {target.people, circles.get(target.of, target.of), *(c.rpartition(".")[2] for c in target.columns)}


def _inexact(column: str, results: Results, known: Protection) -> set[str]:
    """The counties whose people, or those of them inside a circle that counts them, are only about so many."""
    communities, pools = results.inputs.communities, known.pools[column]
    county = texts(communities["county"])
    apart = crossed(pools, county)
    for check in (*results.checks, *results.compare):
        if check.circle.people == column:
            apart = apart | crossed(pools, check.communities["met"].reindex(pools.index))
    return set(county[apart])


def _card(
    card: Scorecard, about: Mapping[str, Collection[str]], inexact: Mapping[str, set[str]], lost: Collection[str]
) -> Scorecard:
    """Without a value and a verdict where a promise about towns or communities counts guarded people, about a county
    where these are inexact, and anywhere where they are lost. ``about``: by promise the guarded columns."""
    rows = card.rows
    columns = rows["target"].map(lambda target: about.get(target, ()))
    places = zip(columns, rows["level"], rows["area"].astype(str), strict=True)
    hidden = [any(_unknown(level, area, inexact[c], c in lost) for c in some) for some, level, area in places]
    told = rows["value"].notna() | rows["note"].eq("scorecard.nobody")
    hit = pd.Series(hidden, index=rows.index, dtype=bool) & told
    if not hit.any():
        return card
    blank = {c: rows[c].mask(hit) for c in ("value", "met", "missing", "closes")}
    return Scorecard(rows.assign(**blank, note=rows["note"].mask(hit, NOTE)))


def _unknown(level: str, area: str, inexact: Collection[str], lost: bool) -> bool:
    return lost or level not in ("county", CITY) or (level == "county" and area in inexact)
