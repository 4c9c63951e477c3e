"""Which parcels are lawful, every rule that speaks against the others, and the smallest relaxation that frees one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.siting.candidates.generate import exclude_near, no_ledger
from quarterhour.standards.rules import Exclusion

RELAX_STEP_M = 10.0
"""Relaxed distances are told in tens of metres, rounded to the cautious side."""
RELAXED = ("area", "candidate", "rules", "relaxed_m", "required_m", "clauses", "lawful", "of")


@dataclass(frozen=True, eq=False)
class Lawful:
    """Candidates that no rule speaks against, and the ledger of the rest.

    ``kept``: lawful candidates. ``ledger``: a row a candidate and rule that it breaks: ``candidate, rule, distance_m,
    required_m, clause, nearest``; a candidate that breaks three rules has three. ``unchecked``: ids of the rules whose
    layer the study does not have: nothing is known of them, so "lawful" means as far as was checked. ``reported``: a
    ledger of the rules that only report: the candidates they speak against, which stay for all that.
    """

    kept: gpd.GeoDataFrame
    ledger: pd.DataFrame
    unchecked: tuple[str, ...]
    reported: pd.DataFrame = field(default_factory=no_ledger)

    def __repr__(self) -> str:
        removed = self.ledger["candidate"].nunique()
        unchecked = f", not checked: {', '.join(self.unchecked)}" if self.unchecked else ""
        return f"<Lawful: {len(self.kept)} candidates, {removed} removed{unchecked}>"


def not_excluding(rules: Sequence[Exclusion], unverified: bool | Collection[str]) -> tuple[str, ...]:
    """Ids of the rules that only report: those that nobody verified, unless the study names them (True: all)."""
    named = [rule.id for rule in rules] if unverified is True else unverified or ()
    return tuple(dict.fromkeys(rule.id for rule in rules if not rule.verified and rule.id not in named))


def lawful_candidates(
    candidates: gpd.GeoDataFrame,
    rules: Sequence[Exclusion],
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    reporting: Collection[str] = (),
) -> Lawful:
    """Hold every candidate against every rule; distances are straight lines in metres, to the nearest thing of a layer.

    ``layers`` by name; that of ``roads`` is narrowed to the ``road_classes`` of a rule. Exactly the distance asked for
    is lawful; inside or touching is not, even at 0 metres. Source: each rule's clause. ``reporting``: ids of rules that
    take no candidate away and only tell which they speak against.
    """
    rows, unchecked = [no_ledger()], []
    for rule in rules:
        layer = layers.get(rule.layer)
        if layer is None:
            unchecked.append(rule.id)
            continue
        layer = _classes(layer, rule)
        rows.append(exclude_near(candidates, layer, metres=rule.metres, rule=rule.id, clause=rule.clause)[1])
    ledger = pd.concat(rows, ignore_index=True)
    order = {name: place for place, name in enumerate(map(str, candidates.index))}
    ledger = ledger.sort_values("candidate", key=lambda c: c.map(order), kind="stable", ignore_index=True)
    told = ledger["rule"].isin(list(reporting))
    kept = candidates[~pd.Index(map(str, candidates.index)).isin(set(ledger.loc[~told, "candidate"]))]
    binding, reported = (ledger[rows_of].reset_index(drop=True) for rows_of in (~told, told))
    return Lawful(kept, binding, tuple(unchecked), reported)


def _classes(layer: gpd.GeoDataFrame, rule: Exclusion) -> gpd.GeoDataFrame:
    return layer[layer["road_class"].isin(rule.road_classes)] if rule.road_classes and "road_class" in layer else layer


def candidate_relaxations(
    candidates: gpd.GeoDataFrame,
    rules: Sequence[Exclusion],
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    areas: Sequence[str],
    level: str = "town",
) -> pd.DataFrame:
    """For each area without a lawful candidate, the least that would have to give for one, checked by a second run.

    Fewest rules first, then the least loosening in all (each as a share of the distance asked for), then the first
    candidate. A rule is relaxed to tens of metres below what was measured; a candidate inside what must be kept free
    of (0 m) cannot be freed by any distance and is passed over.

    Returns
    -------
    A row an area: ``area, candidate`` (missing: no candidate can be freed), ``rules, relaxed_m, required_m, clauses``
    (lists, one entry a rule), ``lawful`` (lawful candidates of the area when run again with the relaxed rules), ``of``
    (its candidates).
    """
    now = lawful_candidates(candidates, rules, layers)
    inside = candidates[level].astype("str")
    have = set(now.kept[level].astype("str"))
    rows = []
    for area in areas:
        if area in have:
            continue
        mine = candidates[inside == area]
        rows.append((area, *_relaxed(mine, now.ledger, rules, layers), len(mine)))
    return pd.DataFrame(rows, columns=list(RELAXED))


def _relaxed(
    mine: gpd.GeoDataFrame, ledger: pd.DataFrame, rules: Sequence[Exclusion], layers: Mapping[str, gpd.GeoDataFrame]
) -> tuple[object, list[str], list[float], list[float], list[str], int]:
    broken = ledger[ledger["candidate"].isin([str(i) for i in mine.index])]
    freed = np.floor(broken["distance_m"] / RELAX_STEP_M) * RELAX_STEP_M
    broken = broken.assign(relaxed_m=freed, loosened=1 - freed / broken["required_m"].where(broken["required_m"] > 0))
    hopeless = set(broken.loc[broken["distance_m"] == 0, "candidate"])
    able = broken[~broken["candidate"].isin(list(hopeless))]
    if able.empty:
        return None, [], [], [], [], 0
    cost = able.groupby("candidate", sort=False)["loosened"].agg(["size", "sum"])
    best = str(cost.sort_values(["size", "sum"], kind="stable").index[0])
    give = able[able["candidate"] == best]
    least = dict(zip(give["rule"], give["relaxed_m"], strict=True))
    again = [replace(rule, metres=least.get(rule.id, rule.metres)) for rule in rules]
    lawful = len(lawful_candidates(mine, again, layers).kept)
    return (
        best, give["rule"].tolist(), give["relaxed_m"].tolist(), give["required_m"].tolist(), give["clause"].tolist(),
        lawful,
    )  # fmt: skip
