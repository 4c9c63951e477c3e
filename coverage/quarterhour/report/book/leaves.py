"""Which sheets a workbook has: the tables of the results, each in the order that a clerk reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from quarterhour.base.findings import SEVERITIES
from quarterhour.report.book.leaf import Leaf
from quarterhour.report.book.order import (
    columns_last,
    compared_last,
    ids_last,
    keyed,
    place_names,
    with_names,
    worst_areas_first,
    worst_communities_first,
)
from quarterhour.report.section import Section, area_columns, area_names, circle_name, labels, rule_names
from quarterhour.report.tables import (
    by_area,
    by_community,
    finding_table,
    ledger_table,
    plan_table,
    quality_table,
    score_table,
    site_table,
    summary_table,
    unmet_table,
)
from quarterhour.standards.levels import levels_of
from quarterhour.standards.scorecard import Scorecard
from quarterhour.study.results import Results

_DATA = frozenset({"by_community", "scorecard_communities", "ledger", "territories", "parcels", "values", "robust",
                   "robust_runs", "rooms", "overlay", "change_moves", "reserves"})  # fmt: skip
"""Sheets that are data to work with: a page of them is printed."""
_NOT_PRINTED = {
    "scorecard": ("areas_no_data", "binding", "source", "date", "verified"),
    "scorecard_areas": ("binding", "synthetic_share", "estimated_share", "unstated_share", "note"),
    "plans": ("plan_value", "bound", "unmet_quotas", "sites_fact", "sites_unstated", "sites_estimated",
              "sites_synthetic"),
    "sites": ("why", "state", "quality"),
    "findings": ("table", "sheet", "column"),
}  # fmt: skip
"""Columns that stand behind the others and are not printed."""
_NAMED = {"ledger": ("candidate", "nearest"), "relaxations": ("candidate",)}
"""Columns that hold ids of places where a reader looks for a name."""
_SORTED = {"rounds": ("carers_short", False), "territories": ("within_share", True), "overlay": ("lawful_cells", True),
           "parcels": ("score", False), "tiers": ("tier_met", True), "graves": ("graves", False),
           "access": ("access_worst", True), "beds": ("before_share", True)}  # fmt: skip
"""Sheets by the column whose rows come first: what is short or worst; True: the least first."""
_LEVELS = ("city", "county", "unit", "town", "facility")


def book_leaves(results: Results, sections: Sequence[Section], lang: str) -> list[Leaf]:
    """The sheets in their order: results by area, promises, plans, what lies behind them, the data."""
    plans, names = results.proposals, area_names(results)
    made = [
        *_areas(results, lang),
        *_scores(results, lang),
        Leaf("plans", keyed(plan_table(plans, lang))),
        Leaf("sites", keyed(site_table(plans, names, lang))),
        Leaf("unmet", keyed(unmet_table(plans, names, lang))),
        *(Leaf(s.key, s.table, shares=s.shares) for s in sections),
        Leaf("ledger", keyed(ledger_table(plans, rule_names(results, lang), lang))),
        Leaf("quality", keyed(quality_table(results.inputs.quality, lang))),
        Leaf("findings", keyed(finding_table(_gravest_first(results.findings), lang))),
    ]
    places = place_names(results)
    return list(_numbered([_put_in_order(leaf, places) for leaf in made if len(leaf.table.columns)]))


def _gravest_first(findings: pd.DataFrame) -> pd.DataFrame:
    return findings.sort_values("severity", key=lambda s: s.map(SEVERITIES.index), kind="stable")


def _numbered(leaves: Sequence[Leaf]) -> Iterator[Leaf]:
    seen: Counter[str] = Counter()
    for leaf in leaves:
        seen[leaf.key] += 1
        yield replace(leaf, number=seen[leaf.key])


def _put_in_order(leaf: Leaf, places: dict[str, str]) -> Leaf:
    table = leaf.table
    if leaf.shares is None and leaf.key in _SORTED and _SORTED[leaf.key][0] in table:
        column, least_first = _SORTED[leaf.key]
        table = table.sort_values(column, ascending=least_first, kind="stable", na_position="last")
    table, aside = columns_last(with_names(table, _NAMED.get(leaf.key, ()), places), _NOT_PRINTED.get(leaf.key, ()))
    table, ids = ids_last(table)
    return replace(leaf, table=table, ids=ids, apart=leaf.apart + aside, is_data=leaf.key in _DATA)


def _areas(results: Results, lang: str) -> Iterator[Leaf]:
    """Counties, units, classes, towns, communities; other walkers and paces behind the columns that are printed."""
    every, names = [*results.checks, *results.compare], area_names(results)
    aside = [circle_name(c, lang) for c in results.compare]
    further = levels_of(every[0].shares) if every else ()
    for level in ("county", *further, "town"):
        areas = keyed(by_area(every, level, names, lang))
        table, apart = compared_last(areas if level == "class" else worst_areas_first(areas), aside)
        yield Leaf(f"by_{level}", table, apart=apart, totals=int(table["id"].eq("city").sum()))
    table = keyed(by_community(results.inputs.communities, every, results.ranges, names, lang))
    table = table.assign(**{f"nearest_id@{' '.join(circle_name(c, lang).split())}":
                            c.communities["nearest"].reindex(table["id"]).array for c in results.checks})  # fmt: skip
    paces = [known.circle.name(lang) for known in results.ranges]
    table, apart = compared_last(worst_communities_first(table, results.checks), [*aside, *paces])
    yield Leaf("by_community", table, apart=apart)


def _scores(results: Results, lang: str) -> Iterator[Leaf]:
    card = results.scorecard
    if card is None:
        return
    yield _summary(card, lang)
    table, rows = keyed(score_table(card, lang)).rename(columns={"met": "judged"}), card.rows
    order = _by_area(rows)
    shares = rows["unit"].eq("share").loc[order].tolist()
    yield Leaf("scorecard_areas", table.loc[order], shares=shares)
    found = _by_community(results, card, lang)
    if found is not None:
        yield Leaf("scorecard_communities", found)


def _summary(card: Scorecard, lang: str) -> Leaf:
    """The promises, a row each; the figures as numbers, and in a word whether they are kept."""
    rows, table = card.summary(), keyed(summary_table(card, lang))
    met = ["false" if unmet else "true" if kept else "no_data"
           for kept, unmet in zip(rows["areas_met"], rows["areas_unmet"], strict=True)]  # fmt: skip
    table = table.assign(value=rows["value"].array, threshold=rows["threshold"].array)
    table.insert(list(table).index("level") + 1, "judged", labels("report.met_", met, lang))
    return Leaf("scorecard", table, shares=rows["unit"].eq("share").tolist())


def _by_area(rows: pd.DataFrame) -> pd.Index:
    """Rows by level and promise, the unmet ones first, the widest gap before; communities stand on their own sheet."""
    some = rows[rows["level"].ne("community")]
    rank = pd.DataFrame({
        "level": some["level"].map({level: place for place, level in enumerate(_LEVELS)}).array,
        "target": pd.factorize(some["target"])[0],
        "met": [1 if pd.isna(met) else 2 * int(bool(met)) for met in some["met"]],
        "missing": (-some["missing"].fillna(0).astype(float)).array,
    }, index=some.index)  # fmt: skip
    ordered: pd.Index = rank.sort_values(["level", "target", "met", "missing"], kind="stable").index
    return ordered


def _by_community(results: Results, card: Scorecard, lang: str) -> pd.DataFrame | None:
    """A row a community, a column a promise that is judged by community; most broken first."""
    rows = card.rows[card.rows["level"].eq("community")]
    if rows.empty:
        return None
    communities, names = results.inputs.communities, area_names(results)
    found: dict[str, Any] = {"id": communities.index, "name": communities["name"].array}
    found |= area_columns(communities, ("town", "county", "unit"), names, lang)
    broken = pd.Series(0, index=communities.index)
    for target, of in rows.groupby("target", sort=False):
        met = of.set_index("area")["met"].reindex(communities.index)
        broken += met.eq(False).fillna(False).astype(int)
        said = ["no_data" if pd.isna(m) else str(bool(m)).lower() for m in met]
        name = f"judged@{of[lang].iloc[0]}"
        found[f"{name} ({target})" if name in found else name] = labels("report.met_", said, lang)
    return pd.DataFrame(found).iloc[(-broken).reset_index(drop=True).sort_values(kind="stable").index]
