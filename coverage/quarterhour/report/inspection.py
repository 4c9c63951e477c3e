"""What came in and what is wrong with it, as files: a page with a map, the findings, and the rows set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.findings import SEVERITIES, finding_sentences
from quarterhour.base.planar import flat
from quarterhour.io import files, sets
from quarterhour.maps.draw import Notes, draw_map
from quarterhour.report.console import finding_lines, table_lines
from quarterhour.report.road_use import road_lines
from quarterhour.report.section import labels
from quarterhour.report.tables import finding_table, quality_note
from quarterhour.study.inputs import Inputs
from quarterhour.study.study import Study

ISSUES, REJECTED, ADDRESSES, PAGE = "issues.csv", "rejected.csv", "addresses.csv", "inspect.html"
_PLACED = ("communities", "facilities", "candidates", "towns", "counties")
_MOST_LINES = 200
"""Of a kind, on the page; the tables beside it have them all."""


def write_inspection(study: Study, tables: Inputs, out: str | Path, *, lang: str = "zh") -> list[Path]:
    """The page and both tables into a folder, together; the paths written. WriteError where that cannot be.

    Beside results of a run they are another's: the manifest there, if there is one, says so.
    """
    writers = {
        PAGE: lambda path: files.write_text(path, inspection_page(study, tables, lang)),
        **finding_writers(tables.findings, lang),
        **address_writers(tables),
    }
    with sets.one_set(out) as handing:
        for name, write in writers.items():
            write(handing.growing / name)
        handing.amends({"command": "inspect", "day": date.today().isoformat()})
    return [Path(out) / name for name in writers]


def finding_writers(findings: pd.DataFrame, lang: str) -> Mapping[str, Callable[[Path], None]]:
    """By name of the file what writes it: ``issues.csv``, every finding; ``rejected.csv``, the rows set aside."""
    aside = findings[(findings["severity"] == "error") & (findings["row"].notna() | findings["id"].ne(""))]
    return {
        name: partial(_write_findings, findings=rows, lang=lang)
        for name, rows in ((ISSUES, findings), (REJECTED, aside))
    }


def address_writers(tables: Inputs) -> Mapping[str, Callable[[Path], None]]:
    """``addresses.csv``, every address that was looked for and its best candidates, to be gone through; else none."""
    if tables.addresses.empty:
        return {}
    return {ADDRESSES: partial(files.write_csv, frame=tables.addresses, index=False)}


def _write_findings(path: Path, *, findings: pd.DataFrame, lang: str) -> None:
    table = finding_table(findings, lang)
    files.write_csv(path, table.set_axis([str(c).partition("\t")[2] for c in table], axis=1), index=False)


def inspection_page(study: Study, tables: Inputs, lang: str = "zh") -> str:
    """One page that opens without a network: the tables' account, the findings by severity, and where they lie.

    Its sentences are the console's. Places that a finding names are drawn by table and severity; the findings of a
    community stand in its popup.
    """
    doubts = doubtful_places(tables, lang)
    return draw_map(
        title=i18n.say("inspection.title", lang, name=study.name(lang)),
        communities=tables.communities,
        towns=tables.towns,
        facilities=doubts,
        checks=(),
        scorecard=None,
        plans=(),
        roads=tables.roads,
        quality_note=quality_note(tables.quality, (), lang),
        lang=lang,
        notes=Notes(city=_told(study, tables, lang), communities=_by_community(tables, lang)),
    )


def _told(study: Study, tables: Inputs, lang: str) -> dict[str, tuple[str, ...]]:
    """By heading: the account of the tables and of the roads, then the findings, the gravest first."""
    told = {
        i18n.say("inspection.account", lang): tuple(table_lines(tables, lang)),
        i18n.say("inspection.road_use", lang): tuple(road_lines(study, tables, lang)),
    }
    for severity in SEVERITIES:
        found = tables.findings[tables.findings["severity"] == severity]
        if len(found):
            head = i18n.say("inspection.of_severity", lang, name=_severity(severity, lang), count=len(found))
            told[head] = tuple(finding_lines(found, lang, most=_MOST_LINES))
    return told


def _severity(severity: str, lang: str) -> str:
    return i18n.say(f"cli.severity_{severity}", lang)


def _by_community(tables: Inputs, lang: str) -> pd.DataFrame:
    mine = tables.findings[(tables.findings["table"] == "communities") & tables.findings["id"].ne("")]
    columns = {_severity(s, lang): _joined(mine[mine["severity"] == s], lang) for s in ("warning", "note")}
    return pd.DataFrame(columns, index=tables.communities.index)


def _joined(findings: pd.DataFrame, lang: str) -> pd.Series:
    between = i18n.say("inspection.between", lang)
    return finding_sentences(findings, lang).groupby(findings["id"]).agg(between.join)


def doubtful_places(tables: Inputs, lang: str) -> gpd.GeoDataFrame:
    """The places that findings name, by table and severity (``kind``), each with its sentences (``name``).

    And where roads hang together badly, by what is wrong there, each with the ids of its roads.
    """
    parts = [_named(getattr(tables, table), tables.findings, table, lang) for table in _PLACED]
    parts.append(_on_roads(tables.road_doubts, lang))
    some = [p for p in parts if len(p)]
    if not some:
        return tables.facilities.head(0)
    return gpd.GeoDataFrame(pd.concat(some, ignore_index=True), geometry="geometry", crs=tables.communities.crs)


def _named(places: gpd.GeoDataFrame, findings: pd.DataFrame, table: str, lang: str) -> gpd.GeoDataFrame:
    mine = findings[(findings["table"] == table) & findings["id"].isin(places.index)]
    worst = mine["severity"].map(SEVERITIES.index).groupby(mine["id"]).min()
    found = flat(places.loc[worst.index, [*places.columns.intersection(["town", "quality", "source"]), "geometry"]])
    kinds = [
        i18n.say(
            "inspection.doubtful", lang, table=i18n.label("tables", table, lang), name=_severity(SEVERITIES[s], lang)
        )
        for s in worst
    ]
    return found.assign(name=_joined(mine, lang).reindex(found.index), kind=kinds)


def _on_roads(doubts: gpd.GeoDataFrame, lang: str) -> gpd.GeoDataFrame:
    if not len(doubts):
        return doubts
    kinds = labels("inspection.", doubts["rule"].str.removeprefix("roads."), lang)
    made = doubts.assign(kind=kinds, name=doubts["roads"], town="", quality="", source="")
    return gpd.GeoDataFrame(made[["kind", "name", "town", "quality", "source", "geometry"]], crs=doubts.crs)
