"""The files a run leaves behind, each whole or not at all."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.arguments import takes
from quarterhour.base.errors import DataError, MissingError
from quarterhour.io import files, postgis, sets
from quarterhour.maps.draw import Notes, draw_map
from quarterhour.maps.page import MapPage
from quarterhour.maps.routes import route_columns
from quarterhour.maps.what_if import what_if_columns
from quarterhour.report.change.sections import change_sections
from quarterhour.report.forecast.sections import FORECAST, forecast_chart, forecast_sections
from quarterhour.report.glossary import glossary, glossary_section
from quarterhour.report.inspection import PAGE, address_writers, finding_writers
from quarterhour.report.layers.dresses import layer_dresses
from quarterhour.report.layers.partitions import FOLDER, write_partitions
from quarterhour.report.layers.tables import chosen_sites, named_layers, result_layers
from quarterhour.report.map_notes import map_notes, with_page_finding
from quarterhour.report.markdown import report_markdown
from quarterhour.report.meeting.questions import asked_of, mode_names, sources_line
from quarterhour.report.needs.budget_sections import OF_BUDGETS, budget_charts, budget_sections
from quarterhour.report.needs.money_of_plans import money_of
from quarterhour.report.needs.money_sections import money_sections
from quarterhour.report.needs.near_plans import near_plan_sections
from quarterhour.report.needs.relocation_sections import relocation_sections
from quarterhour.report.needs.reserve_sections import reserve_sections
from quarterhour.report.papers.writers import Papers, with_font_finding
from quarterhour.report.plan.atlas.earlier import clear_old_sheets
from quarterhour.report.plan.write import grow_plan, stepping
from quarterhour.report.score_sections import score_sections
from quarterhour.report.section import Section
from quarterhour.report.service_sections import care_sections
from quarterhour.report.siting_sections import Charts, certificate_sections, siting_charts, siting_sections
from quarterhour.report.tables import quality_note
from quarterhour.report.workbook import write_workbook
from quarterhour.siting.proof.behind_record import behind_record, plain_rows
from quarterhour.siting.proof.choices_record import relocations_record
from quarterhour.siting.proof.plan_record import plan_record, read_record, read_records
from quarterhour.siting.proof.seal import sealed_together
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.standards.league import earlier_rows, kept_rows
from quarterhour.study.progress import RunProgress
from quarterhour.study.provenance import manifest
from quarterhour.study.reading.used import sink_of
from quarterhour.study.results import Proposal, Results
from quarterhour.study.run import publishable
from quarterhour.study.siting.changes import Change, study_changes
from quarterhour.study.study import Study

_log = logging.getLogger(__name__)
_SCORECARD = "scorecard.csv"


@dataclass(frozen=True, eq=False)
class ReportParts:
    """What several files tell beyond circles, promises and plans; made once a run.

    ``behind``: sections of what lies behind the plans, and of capacity and care. ``sections``: these and the
    scorecard's. ``charts``: by question id its name and its chart. ``changes``: who gains and loses by each plan.
    """

    behind: list[Section]
    sections: list[Section]
    charts: Charts
    changes: tuple[Change, ...] = ()


def build_report_parts(results: Results, lang: str) -> ReportParts:
    """The sections and charts of a run."""
    changes = study_changes(results)
    asked = [
        *forecast_sections(results, lang),
        *change_sections(results, changes, lang),
        *siting_sections(results, lang),
        *near_plan_sections(results, lang),
        *budget_sections(results, lang),
        *relocation_sections(results, lang),
        *reserve_sections(results, lang),
        *money_sections(results, lang),
    ]
    behind = [*asked, *care_sections(results, lang)]
    annexes = [glossary_section(lang), *certificate_sections(results, lang)]
    sections = [*score_sections(results, lang), *behind, *annexes]
    charts = {**siting_charts(results, lang), **budget_charts(results, lang)}
    drawn = forecast_chart(results, lang)
    if drawn:
        charts[FORECAST] = (i18n.say("report.part_forecast", lang), drawn)
    return ReportParts(behind, sections, charts, changes)


@dataclass(frozen=True, eq=False)
class Written:
    """The files of a run, and what became of others that lay in the folder."""

    paths: list[Path]
    account: sets.Account


@takes(results=Results, out=(str, Path))
def write_results(
    results: Results, out: str | Path, *, lang: str = "zh", tell: RunProgress | None = None, processes: int = 1,
    told_in: str | None = None,
) -> list[Path]:  # fmt: skip
    """Map, workbook, layers, plans, page and manifest of a run into a folder; the paths written.

    All of them take their places together at the end, and files of an earlier run that this one has not leave
    (``io.sets``): the manifest comes last and lists every file with its hash. The same study gives the same bytes in
    every file but ``manifest.json``, which holds the day, the versions and the seconds.

    Parameters
    ----------
    results : of ``run_study``.
    out : the folder; the layout plan goes into ``plan`` in it, where the study asks for it.
    lang : ``zh`` or ``en``.
    tell, told_in : who is told of the steps, and in which language, where it is another than that of the results.
    processes : as ``write_plan`` has them.

    Returns
    -------
    The paths written, the manifest last.

    Raises
    ------
    WriteError : somebody holds a file, and the others are in place; or another run works there.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = qh.run_study(qh.read_study(small_study(folder)))
    ...     written = qh.write_results(results, folder + "/results", lang="en")
    >>> [path.name for path in written]
    ['map.html', 'coverage.xlsx', 'results.gpkg', 'plan.json', 'report.md', 'scorecard.csv', 'issues.csv',
    'rejected.csv', 'manifest.json']
    """
    return hand_in(results, out, lang=lang, tell=tell, processes=processes, told_in=told_in).paths


def hand_in(
    results: Results, out: str | Path, *, lang: str = "zh", tell: RunProgress | None = None, processes: int = 1,
    told_in: str | None = None,
) -> Written:  # fmt: skip
    """As ``write_results``, with an account of the other files in the folder."""
    planned, part = "plan" in results.study.file.outputs.extra, Path(out) / "plan"
    unlisted = not (part / sets.MANIFEST).is_file()
    with sets.holding(out), sets.holding(part) if planned else nullcontext():
        results = with_page_finding(with_font_finding(publishable(results, lang), lang))
        writers = _writers(results, lang, build_report_parts(results, lang))
        if tell:
            tell(i18n.say("study.step_write", told_in or lang))
        with sets.one_set(out) as handing:
            for name, write in writers.items():
                _log.info(i18n.say("study.step_file", told_in or lang, name=name))
                write(handing.growing / name)
            made = [Path(out) / name for name in [*writers, sets.MANIFEST]]
            handing.manifest(manifest(results, lang), keeps=_kept(results))
            if planned:
                step = stepping(tell, told_in or lang)
                plan = grow_plan(results, handing, step, where="plan", lang=lang, processes=processes)
                made += [Path(out) / path for path in plan.paths]
        if planned and unlisted and not plan.left_out:  # of before there was a list of what was written
            clear_old_sheets(part / "atlas", set(made))
    return Written(made, handing.account)


def _kept(results: Results) -> list[str]:
    """What of an earlier run outlives one that was not asked for it, as that run's."""
    left = [] if "siting" in results.done else ["plan.json"]
    return [PAGE, *left, *([] if "checks" in results.done else [_SCORECARD])]


def check_database(study: Study) -> None:
    """An error before the work, not after it, where the study's database does not take its layers."""
    sink = sink_of(study.file.outputs, study.file.databases)
    if sink is not None:
        postgis.check_writable(*sink, owner=study.file.study.id)


def store_layers(results: Results) -> str:
    """The layers of ``results.gpkg`` into the study's database, all or none; where, or "" if it names none."""
    sink = sink_of(results.study.file.outputs, results.study.file.databases)
    if sink is None:
        return ""
    postgis.write_database(*sink, result_layers(publishable(results)), owner=results.study.file.study.id)
    return f"{sink[0].name}.{sink[1]}"


def _writers(results: Results, lang: str, parts: ReportParts) -> dict[str, Callable[[Path], None]]:
    card, asked = results.scorecard, results.study.file.siting
    writers: dict[str, Callable[[Path], None]] = {
        "map.html": lambda path: files.write_text(path, meeting_map(results, lang, parts=parts)),
        "coverage.xlsx": lambda path: _workbook(results, path, lang, parts),
        "results.gpkg": lambda path: _write_geopackage(path, results, lang),
    }
    if results.proposals or "siting" in results.done or not asked:  # where circles alone were asked for, one stays
        writers["plan.json"] = lambda path: files.write_text(path, _json(plans_record(results)))
    charts = {question: (chart_file(question), chart) for question, (_, chart) in parts.charts.items()}
    writers |= Papers(results, lang, parts.sections, charts, glossary(lang)).writers()
    if card is not None:  # what a later run compares itself with
        writers[_SCORECARD] = lambda path: files.write_csv(path, kept_rows(card.rows), index=False)
    if "parquet" in results.study.file.outputs.extra:
        writers[FOLDER] = lambda path: write_partitions(path, named_layers(results, lang))
    if results.od is not None:
        writers["od.csv"] = partial(files.write_csv, frame=results.od, index=False)
    writers |= finding_writers(results.findings, lang)
    writers |= address_writers(results.inputs)
    for question, (_, chart) in parts.charts.items():
        writers[chart_file(question)] = partial(files.write_text, text=chart + "\n")
    return writers


def chart_file(question: str) -> str:
    """The chart of a question, or of the forecast, beside the page."""
    if question.endswith(OF_BUDGETS):
        return f"sites-{question.removesuffix(OF_BUDGETS)}-budgets.svg"
    return "forecast.svg" if question == FORECAST else f"sites-{question}.svg"


def plans_record(results: Results) -> list[dict[str, Any]]:
    """Every plan with its proof, as ``plan.json`` keeps it: no day, no seconds.

    ``frontier``, ``budgets``, ``relocations``, ``phases``, ``reserves`` and ``money`` stand in it where the study asks
    for them, and ``quality`` of the inputs, all under one seal, which knows all plans of the file.
    """
    return sealed_together([plan_record(p.plan, p.problem, behind=_behind(results, p)) for p in results.proposals])


def _behind(results: Results, p: Proposal) -> dict[str, Any]:
    phasing = p.prospects.phasing
    return behind_record(
        p.prospects.frontier,
        None if phasing is None else (p.prospects.first_year, phasing.steps),
        p.prospects.reserves,
        p.prospects.budgets,
        relocations=_relocations(p),
        money=money_of(results, p),
        quality=plain_rows(results.inputs.quality.round(6)),
    )


def _relocations(p: Proposal) -> dict[str, Any] | None:
    moving = p.prospects.moving
    if moving is None:
        return None
    rows = [one.row for one in p.prospects.relocations]
    return relocations_record(p.problem, rows, may_close=moving.may_close, closing_yuan=moving.yuan)


@takes(results=Results)
def meeting_map(
    results: Results, lang: str = "zh", *, parts: ReportParts | None = None, aside: Notes | None = None
) -> MapPage:
    """The map for the meeting: one page that opens without a network; ``parts`` where it is made already.

    ``aside``: further sentences of the city and columns of communities, beside those of the results.
    """
    results = publishable(results, lang)
    parts = parts or build_report_parts(results, lang)
    tables = results.inputs
    notes = map_notes(results, lang, sections=parts.behind, charts=dict(parts.charts.values()))
    return draw_map(
        title=i18n.say("study.title", lang, name=results.study.name(lang)),
        communities=tables.communities,
        towns=tables.towns,
        facilities=tables.facilities,
        checks=results.checks,
        scorecard=results.scorecard,
        plans=[(p.name(lang), p.plan, chosen_sites(p)) for p in results.proposals],
        roads=tables.roads,
        quality_note=quality_note(tables.quality, results.proposals, lang),
        lang=lang,
        ranges=results.ranges,
        pictures=results.pictures,
        notes=notes if aside is None else notes.beside(aside),
        kinds=results.study.kinds,
        routes=route_columns(results, lang),
        counties=tables.counties,
        cards=[results.card_of(check, lang) for check in results.checks],
        made_up=results.made_up,
        asked=asked_of(results, parts.changes, lang=lang),
        modes=mode_names(results, lang),
        sources=sources_line(results, lang),
        what_if=what_if_columns(results, lang),
    )


def page(results: Results, lang: str = "zh", *, parts: ReportParts | None = None) -> str:
    """The report as Markdown; ``parts`` where it is made already."""
    results = publishable(results, lang)
    parts = parts or build_report_parts(results, lang)
    charts = {question: chart_file(question) for question in parts.charts}
    return report_markdown(results, lang, sections=parts.sections, charts=charts)


def read_earlier(folder: str | Path) -> pd.DataFrame:
    """The scorecard of an earlier run, out of its results folder (or the file itself).

    MissingError where there is none, DataError where it is another file.
    """
    path = Path(folder)
    path = path / _SCORECARD if path.is_dir() else path
    if not path.is_file():
        raise MissingError("league.no_earlier", file=str(path))
    if path.suffix.lower() != Path(_SCORECARD).suffix:
        raise DataError("league.not_earlier", file=str(path))
    return earlier_rows(files.read_records(path).frame, file=path.name)


def read_earlier_plans(folder: str | Path) -> dict[str, tuple[SitingProblem, SitingPlan]]:
    """By question the plan of an earlier run, and the question, out of its results folder; none where it has none."""
    path = Path(folder) / "plan.json"
    if not path.is_file() or path.stat().st_size <= len(_json([])):
        return {}
    return {name: read_record(record) for name, record in read_records(path)}


def _workbook(results: Results, path: Path, lang: str, parts: ReportParts) -> None:
    with files.atomic(path) as temporary:
        write_workbook(temporary, results, lang, sections=parts.sections)


def _write_geopackage(path: Path, results: Results, lang: str) -> None:
    layers = named_layers(results, lang)
    files.write_layers(path, layers, dresses=layer_dresses(results, layers, lang))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=False, allow_nan=False) + "\n"
