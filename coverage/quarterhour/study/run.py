"""A study from files to results; the only rooms that know data/raw and data/processed.

The wing: asked (what the file asks), running (what one run holds), circles, questions, proposals, prospects,
results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd

from quarterhour.base import i18n
from quarterhour.base.findings import join_findings
from quarterhour.standards.targets import Target
from quarterhour.study.burial.balance import study_balance
from quarterhour.study.circles import check_circles, checks_of, pictures, whom_circles_reach
from quarterhour.study.doubts import class_findings
from quarterhour.study.doubts.of_run import run_findings
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.file.tried import Tried
from quarterhour.study.forecast.carry import with_years
from quarterhour.study.forecast.question import study_forecast
from quarterhour.study.forecast.years import old_people
from quarterhour.study.inputs import Inputs
from quarterhour.study.progress import RunProgress, no_progress
from quarterhour.study.publication.protection import Protection
from quarterhour.study.publication.published import asked_columns, masked, protected_inputs
from quarterhour.study.reading.kept_roads import KeptRoads
from quarterhour.study.reading.reach import farthest_m
from quarterhour.study.reading.reader import read_inputs
from quarterhour.study.reading.roads import weighed_roads
from quarterhour.study.results import Care, Proposal, Results
from quarterhour.study.routes import with_routes
from quarterhour.study.scenario.changes import changed_inputs
from quarterhour.study.scenario.comparison import Comparison, compare_results
from quarterhour.study.scorecards import Travel, scorecards
from quarterhour.study.services import care, care_modes, parcels_found, part_name
from quarterhour.study.session import Run
from quarterhour.study.siting.earlier import others_aside
from quarterhour.study.siting.programme import programme
from quarterhour.study.siting.proposal import network_modes, propose
from quarterhour.study.siting.tried import TriedAgain, tried_again, tried_question
from quarterhour.study.study import (
    Study,
    asks_for_classes,
    study_mode,
    study_rules_in_force,
    study_targets,
    within_limits,
)
from quarterhour.study.what_if import what_ifs
from quarterhour.travel.tiles.kept import MemoryRows
from quarterhour.travel.tiles.question import Compute
from quarterhour.travel.times import Heading, TravelTimes

_PACES = {"minutes", "mode", "compare_modes", "turnout_minutes", "uncertain"}
_NOT_READ: dict[str, Any] = {"circles": {"__all__": _PACES}, "modes": True}
"""What of a study file nothing is read by, beside how far it looks; kinds and rules are held against the tables."""


@within_limits
def read_study_inputs(study: Study) -> Inputs:
    """The tables of a study, checked.

    Parameters
    ----------
    study : as ``read_study`` gives it, or a scenario of it.

    Returns
    -------
    ``Inputs``: ``communities``, ``facilities``, ``towns``, ``roads`` ... in the study CRS in metres, and ``findings``,
    a row for each thing that was set aside or assumed.

    Raises
    ------
    MissingError, DataError : a file that is not there, or cannot be what the study says.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     inputs = qh.read_study_inputs(qh.read_study(small_study(folder)))
    >>> inputs
    <Inputs: 3 communities, 1 facilities, 4 roads, 0 findings>
    >>> inputs.communities["older"].to_dict()
    {'e': 30, 'm': 50, 'w': 100}
    """
    return _study_tables(study).own()


def _study_tables(study: Study, kept: KeptRoads | None = None) -> Inputs:
    """The same, as what is remembered of the study goes by them. ``kept``: where roads are kept for the next run."""
    if study.changes:
        made = _changed_inputs(study, kept)
    else:
        study.shared.forget()  # its files may have changed
        made = _shared_inputs(study, kept)
    weighed = weighed_roads(study, made, kept)
    classes = class_findings(study.file, made.towns, made.communities) if asks_for_classes(study) else []
    findings = join_findings([made.findings, *old_people(study.file, made), weighed.told, *classes])
    tables = replace(made, findings=findings, road_doubts=weighed.places)
    return tables if study.changes else study.shared.made_once("tables", "study", lambda: tables)


def _changed_inputs(study: Study, kept: KeptRoads | None = None) -> Inputs:
    return changed_inputs(_shared_inputs(study, kept), study.changes, study.file)


def _shared_inputs(study: Study, kept: KeptRoads | None = None) -> Inputs:
    """The tables as they are read; once for all scenarios that ask the files the same."""
    far = farthest_m(study)
    question = study.roads, far, study.file.model_dump_json(exclude=_NOT_READ)
    return study.shared.made_once(
        "inputs", question,
        lambda: read_inputs(study.file, study.folder, roads=study.roads, farthest_m=far, path=study.path, kept=kept),
    )  # fmt: skip


@within_limits
def run_study(
    study: Study,
    *,
    checks: bool = True,
    siting: bool = True,
    lang: str = "zh",
    tell: RunProgress | None = None,
    prepared: Path | None = None,
    fresh: bool = False,
    keep: Path | None = None,
    kept: Callable[[Path], None] | None = None,
    publish: bool = False,
    tables: Inputs | None = None,
    circles_only: bool = False,
    compute: Compute | None = None,
) -> Results:
    """The circles, the scorecard and the proposals of a study; nothing is written but into ``prepared`` and ``keep``.

    Parameters
    ----------
    study : as ``read_study`` gives it, or a scenario of it.
    checks, siting : whether the circles and targets, and the siting questions, are worked out.
    lang, tell : the language of the steps that are told, and whom they are told.
    prepared : a folder where roads as they were read, networks and rows of travel times are kept for the next run.
    fresh : what lies there is not used but made anew. The results are the same.
    keep : a folder where the best plan so far of each siting question stands at every moment, recounted and whole
        (``kept_plan``). The plan of an earlier run stands there until the first plan of the same question takes its
        place, or the question ends without a plan: then it is set aside (``earlier_plan``). A run that ends before
        leaves it. A file of that name which is no plan of ours, or one of another question, is set aside and kept; so
        are plans of questions that this study does not ask.
    kept : called with the path of a question's plan as soon as one of this run stands there, and never for one of an
        earlier run. Ctrl-C during a search ends the run: KeyboardInterrupt.
    publish : results that may leave the house, where the study guards counts of persons (``study/publication``);
        without it they hold the truth, and no plan that counts guarded people is kept on the way.
    tables : inputs that were read before.
    circles_only : the circles and nothing else, the quick answer for scenarios (``check_study``).
    compute : who works out travel times, in tiles (``travel/tiles``); else this process. The results are the same.

    Returns
    -------
    ``Results``: ``checks``, ``scorecard``, ``proposals``, ``findings`` ...

    Raises
    ------
    MissingError, DataError : a file that is not there, or cannot be what the study says.

    Examples
    --------
    >>> import tempfile, quarterhour as qh
    >>> from quarterhour.testing import small_study
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = qh.run_study(qh.read_study(small_study(folder)))
    >>> results.checks[0], results.proposals[0].plan.chosen
    (<CircleCheck home-care-circle (walk): 2 of 3 communities, 83.3% of older>, ('e',))
    """
    if circles_only:
        shortly = check_study(study, lang=lang, tell=tell, compute=compute, prepared=None if fresh else prepared)
        return publishable(shortly, lang) if publish else shortly
    keep = None if study.file.guarded and not publish else keep
    run = Run(study, lang, tell or no_progress, prepared, fresh, keep, kept)
    run.compute = compute
    with run.keeping_rows(whole=checks and siting):
        return _answered(run, tables, checks=checks, siting=siting, publish=publish)


def _answered(run: Run, tables: Inputs | None, *, checks: bool, siting: bool, publish: bool) -> Results:
    """What a run comes to, step by step."""
    study, lang, guards = run.study, run.lang, bool(run.study.file.guarded)
    with run.timed("read"):
        run.say("study.step_read")
        done = tuple(name for name, asked in (("checks", checks), ("siting", siting)) if asked)
        known_tables = tables or _study_tables(study, run.kept_roads())
        results = Results(study, known_tables, done=done)
        run.turns, run.roads_key = known_tables.turns, known_tables.roads_key if tables is None else ""
    every = {question.id for question in study.file.siting}
    known, asked = None, every
    if guards and publish:
        tables, known = _protected(run, results.inputs)
        results = replace(results, inputs=tables)
        # of people who are not published no plan is told: it would count nobody, and be proven best at that
        asked = {question.id for question in study.file.siting if known.lost.isdisjoint(question.people)}
    elif guards:
        results = replace(results, before=(study, results.inputs))
    results = _with_forecast(run, results)
    study = results.study
    if checks:
        results = _checked(run, results)
        results = replace(results, care=_parcels(run, results.inputs))
        run.parcels = results.care.parcels
    planned = [question for question in study.file.siting if siting and question.id in asked]
    results = _cared_and_planned(run, results, planned, checks=checks)
    if siting:
        for left, aside in ({} if run.keep is None else others_aside(run.keep, every)).items():
            run.tell(i18n.say("study.plan_others", lang, file=left, path=aside))
    if study.file.graves is not None and results.care.graves is not None:
        balance = study_balance(study.file.graves, results.care.graves, results.inputs, results.proposals)
        results = replace(results, burial=balance)
    results = replace(results, programme=programme(study.file, results.proposals))
    if checks:
        run.say("study.step_routes")
        results = with_routes(run, results)
    if study.file.outputs.what_if:
        results = replace(results, what_if=what_ifs(run, results))
    doubts = join_findings(run.doubts).drop_duplicates(["rule", "table", "id"])
    found = [results.inputs.findings, *run_findings(results), doubts]
    seconds, findings = dict(run.seconds), join_findings(found)
    results = replace(results, inputs=results.inputs.own(), seconds=seconds, findings=findings)
    return results if known is None else masked(results, known, _every_target(study))


@within_limits
def check_study(
    study: Study, *, lang: str = "zh", tell: RunProgress | None = None, compute: Compute | None = None,
    prepared: Path | None = None,
) -> Results:  # fmt: skip
    """The circles of a study alone, without scorecards, care and siting: the quick answer for scenarios.

    Tables and networks that a run or a scenario of the same study has read are taken as they are, and so is a circle
    of which nothing changed; the figures are those of ``run_study``. Counts of persons that a study guards are the
    true ones, as in a run that is not published. ``compute``, ``prepared``: as ``run_study`` has them.
    """
    run = Run(study, lang, tell or no_progress, prepared, False, None, None)
    run.compute, run.rows = compute, study.shared.made_once("rows", "study", MemoryRows)
    with run.keeping_rows(whole=False):
        with run.timed("read"):
            run.say("study.step_read")
            kept = run.kept_roads()
            whole = partial(_study_tables, study, kept)
            tables = _changed_inputs(study, kept) if study.changes else study.shared.made_once("tables", "study", whole)
            run.turns, run.roads_key = tables.turns, tables.roads_key
        results = Results(study, tables, done=("circles",))
        if any(circle.year for circle in study.file.circles):
            results = _with_forecast(run, results)
        checks = tuple(check.own() for check in checks_of(run, results.inputs))
    own = results.inputs.own()
    return replace(results, inputs=own, checks=checks, findings=own.findings, seconds=dict(run.seconds))


def compare(before: Results | Study | str | Path, after: Results | Study | str | Path) -> Comparison:
    """Two studies, scenarios or results side by side: their circles by community, town, county and city.

    A study or its path is checked first (`check_study`); results are taken as they are.
    """
    found = [one if isinstance(one, Results) else check_study(one) for one in (before, after)]
    return compare_results(*found)


def publishable(results: Results, lang: str = "zh") -> Results:
    """The results as they may leave the house: the same, or worked out again where the study guards persons.

    ValueError for a language that there are no words in: every output begins here.
    """
    i18n.known_language(lang)
    if results.protection is not None or not results.study.file.guarded:
        return results
    checks = "checks" in results.done or bool(results.checks or results.scorecards)
    siting = "siting" in results.done or bool(results.proposals)
    study, tables = results.before or (results.study, results.inputs)
    made = run_study(study, checks=checks, siting=siting, lang=lang, publish=True, tables=tables)
    return replace(made, earlier=results.earlier, earlier_plans=results.earlier_plans)


def _protected(run: Run, tables: Inputs) -> tuple[Inputs, Protection]:
    """Inputs with counts that may be published."""
    file = run.study.file
    guarded = {c for family in file.guarded for c in family}
    reached = whom_circles_reach(run, tables, guarded)
    return protected_inputs(file, tables, asked=asked_columns(file, _every_target(run.study)), reached=reached)


def _every_target(study: Study) -> list[Target]:
    return [target for targets in study_targets(study).values() for target in targets]


@within_limits
def try_again(
    study: Study,
    tried: Tried,
    *,
    lang: str = "zh",
    tell: RunProgress | None = None,
    prepared: Path | None = None,
    fresh: bool = False,
    compute: Compute | None = None,
) -> TriedAgain:
    """What the engine makes of a choice that was tried on the map page; nothing is written but into ``prepared``.

    ``compute``: as ``run_study`` has it.
    """
    tried_question(study, tried)
    run = Run(study, lang, tell or no_progress, prepared, fresh, None, None)
    run.compute = compute
    run.say("study.step_read")
    known = _study_tables(study, run.kept_roads())
    run.turns, run.roads_key, tables = known.turns, known.roads_key, known.own()
    if study.file.guarded:  # the page counted by these
        tables, _ = _protected(run, tables)
    return tried_again(run, _with_forecast(run, Results(study, tables)).inputs, tried)


def _with_forecast(run: Run, results: Results) -> Results:
    """The forecast, where the study asks for one, and the people of the years that its parts are about."""
    study, tables = results.study, results.inputs
    if study.file.forecast is None:
        return results
    run.say("study.step_forecast")
    with run.timed("forecast"):
        run.forecast = study_forecast(study.file, tables)
        file, dated = with_years(study.file, tables, run.forecast)
    run.study = replace(study, file=file)
    return replace(results, study=run.study, inputs=dated, forecast=run.forecast)


def _checked(run: Run, results: Results) -> Results:
    study, tables = run.study, results.inputs
    checks, compare, ranges = check_circles(run, tables)
    run.say("study.step_targets")
    with run.timed("targets"):
        scored, tiers = scorecards(
            study_targets(study),
            tables,
            checks={c.circle.id: c for c in checks},
            travel=_travel(run, tables, "rules"),
        )
    drawn = pictures(run, tables)
    return replace(
        results, checks=checks, compare=compare, ranges=ranges, pictures=drawn, scorecards=scored, tiers=tiers
    )


def _travel(run: Run, tables: Inputs, part: str) -> Travel:
    def travel(
        mode: str, communities: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, *, minutes: float, heading: Heading
    ) -> TravelTimes:
        net = run.network(tables.roads, study_mode(run.study, mode, part))
        return run.travel_times(net, communities, sites, minutes=minutes, heading=heading)

    return travel


def _cared_and_planned(run: Run, results: Results, planned: Sequence[SitingFile], *, checks: bool) -> Results:
    """Care and the plans of questions, which ask nothing of each other, side by side where there are threads for it.

    Rounds hold the interpreter as they are searched: beside them a question that a clock ends would come less far.
    """
    by_clock = [question for question in planned if question.nodes is None]
    if checks and run.study.file.rounds is not None and by_clock:
        results = replace(results, care=_care(run, results.inputs, results.care))
        checks = False
    tables, modes = results.inputs, network_modes(run, planned)
    for mode in (*care_modes(run.study), *modes) if checks else modes:
        run.network(tables.roads, mode)
    parts: list[Callable[[Run], Care | Proposal]] = [partial(propose, tables=tables, file=asked) for asked in planned]
    found = run.side_by_side([partial(_care, tables=tables, known=results.care), *parts] if checks else parts)
    proposals = tuple(one for one in found if isinstance(one, Proposal))
    return replace(results, proposals=proposals, care=next((c for c in found if isinstance(c, Care)), results.care))


def _parcels(run: Run, tables: Inputs) -> Care:
    with run.timed("care"):
        return parcels_found(
            run.study.file, tables, folder=run.study.folder, rules=study_rules_in_force(run.study), step=_step(run)
        )


def _care(run: Run, tables: Inputs, known: Care) -> Care:
    study, travel = run.study, _travel(run, tables, "care")
    with run.timed("care"):
        made = care(study.file, tables, travel=travel, rules=study_rules_in_force(study), step=_step(run))
    return replace(made, overlay=known.overlay, parcels=known.parcels)


def _step(run: Run) -> Callable[[str], None]:
    return lambda part: run.say("services.step", name=part_name(run.study, part, run.lang))
