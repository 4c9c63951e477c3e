"""A study from files to results; the only room that knows data/raw and data/processed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from quarterhour import inputs as came_in
from quarterhour import network, places, prepared, reach, words
from quarterhour.care import Care, care, modes_of_care
from quarterhour.circle import CircleCheck, check_circle
from quarterhour.errors import DataError, MissingError, StudyError, WriteError, first_ids
from quarterhour.inputs import Inputs
from quarterhour.isochrone import isochrones
from quarterhour.kernels import COMPILED
from quarterhour.modes import Mode, as_mode, read_modes
from quarterhour.network import Network
from quarterhour.offered import offered_sites, with_neighbours
from quarterhour.rules import Circle, RuleSet, Target, read_rule_set, rule_sets
from quarterhour.scoring import SEARCHED_BEYOND, modes_asked, scorecards
from quarterhour.siting.door import as_problem
from quarterhour.siting.exact import solve_siting
from quarterhour.siting.frontier import frontier
from quarterhour.siting.plan import SitingPlan
from quarterhour.siting.problem import Quota, SitingProblem
from quarterhour.siting.recount import verify_plan
from quarterhour.siting.relax import Relaxation, smallest_relaxations
from quarterhour.snap import doubtful_snaps
from quarterhour.studyfile import CircleFile, PictureFile, SitingFile, StudyFile, find_study, read_study_file
from quarterhour.targets import Scorecard
from quarterhour.tiers import TierCheck
from quarterhour.turns import lost_turns
from quarterhour.uncertain import CoverageRange, Pair, check_slower, coverage_range, searched_minutes


class Tell(Protocol):
    """What a run calls at each step, and within a long one with the share done."""

    def __call__(self, text: str, share: float | None = None, /) -> None:
        """Say it."""


def _silent(text: str, share: float | None = None, /) -> None:
    """Nobody listens."""


@dataclass(frozen=True, eq=False)
class Study:
    """A study file and what was given beside it."""

    path: Path
    file: StudyFile
    roads: Path | None = None

    @property
    def folder(self) -> Path:
        """Paths of the study file are relative to this."""
        return self.path.parent

    def name(self, lang: str) -> str:
        """The study's name in a language."""
        return self.file.study.zh if lang == "zh" else self.file.study.en

    def __repr__(self) -> str:
        return (
            f"<Study {self.file.study.id}: {len(self.file.circles)} circles, {len(self.file.siting)} siting questions>"
        )


@dataclass(frozen=True, eq=False)
class Proposal:
    """A siting question's plan, its sites on the ground, and the ledger of candidates removed.

    ``frontier``: what 1, 2, 3 ... sites cover, where the study asks. ``relaxations`` and ``unchecked`` as
    ``offered.Offered`` has them. ``changes``: where there is no plan, what would make one.
    """

    id: str
    zh: str
    en: str
    kind: str
    problem: SitingProblem
    plan: SitingPlan
    sites: gpd.GeoDataFrame
    ledger: pd.DataFrame
    relaxations: pd.DataFrame = field(default_factory=pd.DataFrame)
    unchecked: tuple[str, ...] = ()
    changes: tuple[Relaxation, ...] = ()
    frontier: pd.DataFrame | None = None

    def name(self, lang: str) -> str:
        """The question's name in a language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, eq=False)
class Results:
    """All that a run found. ``findings`` are those of the inputs and of the run.

    ``ranges``: circles whose pace is known as a range. ``pictures``: as ``isochrones`` makes them, with the id of
    their circle. ``scorecards``: one for each date that the study asks for, the reference date's first
    (``scorecard`` is that one). ``earlier``: rows of an earlier run's scorecard to compare with.
    ``seconds`` by step go into the manifest alone.
    """

    study: Study
    inputs: Inputs
    checks: tuple[CircleCheck, ...] = ()
    compare: tuple[CircleCheck, ...] = ()
    ranges: tuple[CoverageRange, ...] = ()
    pictures: gpd.GeoDataFrame | None = None
    scorecards: Mapping[date, Scorecard] = field(default_factory=dict)
    tiers: Mapping[str, TierCheck] = field(default_factory=dict)
    earlier: pd.DataFrame | None = None
    care: Care = field(default_factory=Care)
    proposals: tuple[Proposal, ...] = ()
    findings: pd.DataFrame = field(default_factory=places.no_findings)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def scorecard(self) -> Scorecard | None:
        """The scorecard on the reference date."""
        return next(iter(self.scorecards.values()), None)


def read_study(path: str | Path, *, roads: str | Path | None = None) -> Study:
    """A study from its TOML file or folder; ``roads`` replaces the roads that it names.

    StudyError when the file is wrong, or names a mode or a rule set that nobody knows.
    """
    study = Study(find_study(path), read_study_file(path), None if roads is None else Path(roads))
    for mode, where in modes_named(study):
        study_mode(study, mode, where)
    for circle in study.file.circles:
        study_range(study, circle)
    return study


def modes_named(study: Study) -> list[tuple[str, str]]:
    """Every mode that a study names, and the circle, question or rule that does."""
    file = study.file
    circles = [(name, c.id) for c in file.circles for name in (c.mode, *c.compare_modes)]
    circles += [(name, c.id) for c in file.circles if c.uncertain for name in c.uncertain.modes or ()]
    every = [t for targets in study_targets(study).values() for t in targets]
    return circles + [(q.mode, q.id) for q in file.siting] + modes_asked(every) + modes_of_care(file)


def read_study_inputs(study: Study) -> Inputs:
    """The tables of a study, checked."""
    return came_in.read_inputs(study.file, study.folder, roads=study.roads)


def run_study(
    study: Study,
    *,
    checks: bool = True,
    siting: bool = True,
    lang: str = "zh",
    tell: Tell | None = None,
    prepared: Path | None = None,
    fresh: bool = False,
    keep: Path | None = None,
) -> Results:
    """The circles, the scorecard and the proposals of a study; nothing is written but into ``prepared`` and ``keep``.

    ``prepared``: a folder where networks and hierarchies are kept, so that the next run on the same roads need not
    build them; ``fresh``: what lies there is not used but made anew. The results are the same.
    ``keep``: a folder where the best plan so far of each siting question stands at every moment, recounted and whole
    (``kept_plan``); those of an earlier run are removed first. Ctrl-C during a search ends the run: KeyboardInterrupt.
    """
    run = _Run(study, lang, tell or _silent, prepared, fresh, keep)
    for earlier in kept_plans(study, keep) if siting else []:
        earlier.unlink()
    with run.timed("read"):
        run.say("study.step_read")
        results = Results(study, read_study_inputs(study))
        run.turns = results.inputs.turns
    if checks:
        results = _checked(run, results)
    if checks:
        results = replace(results, care=_care(run, results.inputs))
        run.parcels = results.care.parcels
    if siting:
        results = replace(results, proposals=tuple(_proposal(run, results.inputs, q) for q in study.file.siting))
    doubts = places.join_findings(run.doubts).drop_duplicates(["rule", "table", "id"])
    found = [results.inputs.findings, *_run_findings(results), doubts]
    return replace(results, seconds=dict(run.seconds), findings=places.join_findings(found))


def _run_findings(results: Results) -> list[pd.DataFrame]:
    """What only a run can find: communities that no road is near, questions without a plan."""
    told = [] if COMPILED else [places.finding("kernels.uncompiled", severity="note", table="")]
    for check in results.checks:
        lost = check.communities.index[check.communities["reason"] == "not_snapped"]
        if len(lost):
            severity: places.Severity = "error" if len(lost) == len(check.communities) else "warning"
            told.append(
                places.finding(
                    "study.not_snapped", severity=severity, table="communities", id=check.circle.id,
                    value=str(len(lost)), detail=first_ids(lost),
                )
            )  # fmt: skip
    for proposal in results.proposals:
        if proposal.plan.status in ("infeasible", "no_plan"):
            told.append(places.finding("study.no_plan", severity="error", table="candidates", id=proposal.id))
    return told


class _Run:
    """One run: the networks built so far, and how long each step took."""

    def __init__(
        self, study: Study, lang: str, tell: Tell, prepared: Path | None, fresh: bool, keep: Path | None
    ) -> None:
        self.study, self.lang, self.tell, self.prepared, self.fresh = study, lang, tell, prepared, fresh
        self.keep = keep
        self.seconds: dict[str, float] = {}
        self.networks: dict[str, Network] = {}
        self.step, self.roads_key = "", ""
        self.turns: pd.DataFrame | None = None
        self.doubts: list[pd.DataFrame] = []
        self.parcels: gpd.GeoDataFrame | None = None

    def say(self, key: str, **values: object) -> None:
        """Tell the next step."""
        self.step = words.say(key, self.lang, **values)
        self.tell(self.step)

    def share(self, done: float) -> None:
        """Tell how much of the step is done."""
        self.tell(self.step, done)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Count the seconds of a step."""
        begun = time.perf_counter()
        yield
        self.seconds[step] = round(self.seconds.get(step, 0) + time.perf_counter() - begun, 3)

    def network(self, roads: gpd.GeoDataFrame, mode: Mode) -> Network:
        """The network of a mode, built once."""
        if mode.id not in self.networks:
            self.say("study.step_network", mode=mode.name(self.lang))
            with self.timed(f"network {mode.id}"):
                found = self.networks[mode.id] = _kept_network(self, roads, mode)
            if found.turns is not None:
                self.doubts.append(lost_turns(found.turns, mode))
        return self.networks[mode.id]


def _kept_network(run: _Run, roads: gpd.GeoDataFrame, mode: Mode) -> Network:
    """The network of a mode as an earlier run left it, where roads, mode and program are the same; else built."""
    if run.prepared is None:
        return network.build_network(roads, mode, turns=run.turns)
    run.roads_key = run.roads_key or prepared.table_key(roads)
    turns = None if run.turns is None else prepared.table_key(run.turns)
    key = prepared.network_key(mode, settings={"roads": run.roads_key, "turns": turns})
    home = run.prepared / re.sub(r"\W", "_", mode.id)
    try:
        found = None if run.fresh else prepared.load_network(home, key=key)
    except MissingError:
        found = None
    except DataError:
        found = None
        run.tell(words.say("study.network_anew", run.lang, mode=mode.name(run.lang)))
    if found is not None:
        run.tell(words.say("study.network_kept", run.lang, mode=mode.name(run.lang)))
        return found
    built = network.build_network(roads, mode, turns=run.turns)
    try:
        prepared.save_network(built, home, key=key)
    except WriteError as why:
        run.tell(words.say("study.network_not_kept", run.lang, why=why.told(run.lang)))
        run.prepared = None
    return built


def study_mode(study: Study, name: str, where: str) -> Mode:
    """A mode of the study or of the program, by name."""
    own = study.file.modes.get(name)
    if own is not None:
        return as_mode(name, {k: v for k, v in own.model_dump().items() if v not in (None, {}, ())})
    if name not in read_modes():
        known = ", ".join([*study.file.modes, *read_modes()])
        raise StudyError("study.no_mode", mode=name, where=where, known=known)
    return read_modes()[name]


def study_circle(file: CircleFile, mode: Mode) -> Circle:
    """A circle of the study file; turnout is the mode's where the file is silent."""
    turnout = mode.turnout_minutes if file.turnout_minutes is None else file.turnout_minutes
    known = file.model_dump(exclude={"compare_modes", "turnout_minutes", "uncertain"})
    return Circle(**known, turnout_minutes=turnout)


def study_range(study: Study, file: CircleFile) -> tuple[Pair, Pair] | None:
    """The factors of speed and the minutes of turnout between which a circle's pace lies, if it is told."""
    if file.uncertain is None:
        return None
    own = study_circle(file, study_mode(study, file.mode, file.id)).turnout_minutes
    low, high = file.uncertain.turnout_minutes or (own, own)
    if not low <= own <= high:
        raise StudyError("study.own_turnout_outside", circle=file.id, low=low, high=high, own=own)
    return file.uncertain.speed, (low, high)


def study_rules(study: Study) -> tuple[RuleSet, ...]:
    """The rule sets of a study: its own files beside it, or those that come with the program."""
    own = {name: study.folder / name for name in study.file.targets.rules if name not in rule_sets()}
    return tuple(read_rule_set(own.get(name, name)) for name in study.file.targets.rules)


def study_rules_in_force(study: Study) -> dict[str, RuleSet]:
    """The rule sets on the reference date, by the names that the study gives them."""
    day = study.file.study.reference_date
    return {name: found.on(day) for name, found in zip(study.file.targets.rules, study_rules(study), strict=True)}


def study_targets(study: Study) -> dict[date, tuple[Target, ...]]:
    """The targets in force on each date of the study, the reference date first."""
    days = dict.fromkeys([study.file.study.reference_date, *study.file.targets.dates])
    sets = study_rules(study)
    return {day: tuple(t for rules in sets for t in rules.on(day).targets) for day in days}


def _checked(run: _Run, results: Results) -> Results:
    study, tables = run.study, results.inputs
    checks: list[CircleCheck] = []
    compare: list[CircleCheck] = []
    ranges: list[CoverageRange] = []
    for file in study.file.circles:
        for name in (file.mode, *file.compare_modes):
            mode = study_mode(study, name, file.id)
            circle = study_circle(file.model_copy(update={"mode": name}), mode)
            given = study_range(study, file) if name == file.mode else None
            times = _circle_times(run, tables, circle, mode, given)
            (checks if name == file.mode else compare).append(_circle(tables, circle, times))
            if given is not None:
                ranges.append(_range(run, tables, file, circle, times, given))
    run.say("study.step_targets")
    with run.timed("targets"):
        scored, tiers = scorecards(
            study_targets(study),
            tables,
            checks={c.circle.id: c for c in checks},
            networks=lambda name: run.network(tables.roads, study_mode(study, name, "rules")),
            limit_m=study.file.study.snap_limit_m,
            threads=study.file.study.threads,
        )
    pictures = _pictures(run, tables)
    return replace(
        results,
        checks=tuple(checks),
        compare=tuple(compare),
        ranges=tuple(ranges),
        pictures=pictures,
        scorecards=scored,
        tiers=tiers,
    )


def _care(run: _Run, tables: Inputs) -> Care:
    study = run.study
    with run.timed("care"):
        return care(
            study.file,
            tables,
            folder=study.folder,
            networks=lambda name: run.network(tables.roads, study_mode(study, name, "care")),
            rules=study_rules_in_force(study),
            step=lambda part: run.say("care.step", name=_part_name(part, run.lang)),
        )


def _part_name(part: str, lang: str) -> str:
    """What is worked out: a part of the program by its label, a question of the study by its id."""
    return words.label("care", f"part_{part}", lang) if words.entry(f"care.part_{part}") else part


def _circle_times(
    run: _Run, tables: Inputs, circle: Circle, mode: Mode, given: tuple[Pair, Pair] | None
) -> reach.TravelTimes:
    """Minutes to the circle's facilities, past its standard and as far as its range asks."""
    net = run.network(tables.roads, mode)
    far = circle.minutes * SEARCHED_BEYOND
    if given is not None:
        asked = searched_minutes(circle, speed=given[0], turnout_minutes=given[1], turnout=circle.turnout_minutes)
        far = max(far, asked)
    sites = _sites_of(circle, tables)
    run.say("study.step_circle", name=f"{circle.name(run.lang)} · {mode.name(run.lang)}")
    with run.timed(f"circle {circle.id} {mode.id}"):
        times = reach.travel_times(
            net,
            tables.communities,
            sites,
            minutes=far,
            heading=circle.heading,
            turnout_minutes=circle.turnout_minutes,
            limit_m=run.study.file.study.snap_limit_m,
            threads=run.study.file.study.threads,
            progress=run.share,
            hierarchy_folder=run.prepared,
        )
    run.doubts.append(doubtful_snaps(times.community_snap, tables.communities, table="communities"))
    run.doubts.append(doubtful_snaps(times.site_snap, sites, table="facilities"))
    return times


def _sites_of(circle: Circle, tables: Inputs) -> gpd.GeoDataFrame:
    return tables.facilities[tables.facilities["kind"].isin(circle.kinds)]


def _circle(tables: Inputs, circle: Circle, times: reach.TravelTimes) -> CircleCheck:
    sites = _sites_of(circle, tables)
    return check_circle(circle, times, tables.communities, kinds=sites["kind"], site_quality=sites["quality"])


def _range(
    run: _Run, tables: Inputs, file: CircleFile, circle: Circle, times: reach.TravelTimes, given: tuple[Pair, Pair]
) -> CoverageRange:
    """Who the circle covers always, sometimes, never; of two modes, each is searched, and the own lies between."""
    asked = {"kinds": _sites_of(circle, tables)["kind"], "speed": given[0], "turnout_minutes": given[1]}
    pair = file.uncertain.modes if file.uncertain else None
    if pair is None:
        return coverage_range(circle, times, tables.communities, **asked)
    slow, own, fast = (study_mode(run.study, name, file.id) for name in (pair[0], file.mode, pair[1]))
    for one, other in ((slow, own), (own, fast)):
        check_slower(run.network(tables.roads, one), run.network(tables.roads, other))
    ends = [_circle_times(run, tables, replace(circle, mode=m.id), m, given) for m in (slow, fast)]
    return coverage_range(circle, ends[0], tables.communities, **asked, fast=ends[1])


def _pictures(run: _Run, tables: Inputs) -> gpd.GeoDataFrame | None:
    """The ground reached from the facilities of circles, as the study asks for it."""
    drawn = [_picture(run, tables, picture) for picture in run.study.file.pictures]
    return gpd.GeoDataFrame(pd.concat(drawn, ignore_index=True), crs=drawn[0].crs) if drawn else None


def _picture(run: _Run, tables: Inputs, file: PictureFile) -> gpd.GeoDataFrame:
    of = next(c for c in run.study.file.circles if c.id == file.circle)
    mode = study_mode(run.study, of.mode, of.id)
    circle, net = study_circle(of, mode), run.network(tables.roads, mode)
    run.say("study.step_picture", name=circle.name(run.lang))
    wet = [_ground(tables, name) for name in (("water",) if file.water is None else file.water)]
    with run.timed(f"picture {circle.id}"):
        made = isochrones(
            net,
            _sites_of(circle, tables),
            minutes=file.minutes,
            heading=circle.heading,
            turnout_minutes=circle.turnout_minutes,
            radius_m=file.radius_m,
            cell_m=file.cell_m,
            land=_ground(tables, file.land or "land"),
            water=pd.concat([w for w in wet if w is not None]) if any(w is not None for w in wet) else None,
            union=not file.each,
            bands=file.bands,
            limit_m=run.study.file.study.snap_limit_m,
            progress=run.share,
        )
    made.insert(0, "circle", circle.id)
    return made


def _ground(tables: Inputs, name: str) -> gpd.GeoSeries | None:
    """The shapes of a layer, of the towns or counties; None where the study has no such layer."""
    areas = {"towns": tables.towns, "counties": tables.counties, **tables.layers}
    return areas[name].geometry if name in areas else None


def _proposal(run: _Run, tables: Inputs, file: SitingFile) -> Proposal:
    run.say("study.step_siting", name=file.zh if run.lang == "zh" else file.en)
    mode = study_mode(run.study, file.mode, file.id)
    net = run.network(tables.roads, mode)
    with run.timed(f"siting {file.id}"):
        offered = offered_sites(
            file, tables, network=net, rules=study_rules_in_force(run.study),
            parcels=run.parcels, seed=run.study.file.study.seed,
        )  # fmt: skip
        sites = offered.sites
        times = reach.travel_times(
            net,
            tables.communities,
            sites,
            minutes=file.minutes,
            heading=file.heading,
            turnout_minutes=file.turnout_minutes,
            limit_m=run.study.file.study.snap_limit_m,
            threads=run.study.file.study.threads,
            progress=run.share,
            hierarchy_folder=run.prepared,
        )
        problem = as_problem(
            file.id,
            demand=tables.communities[file.people].astype("int64"),
            sites=pd.DataFrame(sites.drop(columns="geometry")),
            times=times,
            minutes=file.minutes,
            objective=file.objective,
            new_sites=file.new_sites,
            quotas=tuple(_quota(tables, q.level, q.minimum, q.maximum) for q in file.quotas),
            areas=tables.communities[["town", "county"]],
        )
        plan = _kept_on_the_way(run, problem, file)
        impossible = plan.status == "infeasible"
        changes = smallest_relaxations(problem, seconds=min(20, file.seconds)) if impossible else []
        further = frontier(problem, file.frontier, seconds=file.seconds) if file.frontier else None
        offered = with_neighbours(
            offered, times, communities=tables.communities, people=tables.communities[file.people]
        )
    return Proposal(
        file.id, file.zh, file.en, file.kind, problem, plan, sites, offered.ledger, offered.relaxations,
        offered.unchecked, tuple(changes), further,
    )  # fmt: skip


def _kept_on_the_way(run: _Run, problem: SitingProblem, file: SitingFile) -> SitingPlan:
    """The plan, its predecessors kept on disk; a search that was interrupted ends the run."""
    keep = None if run.keep is None else kept_plan(run.keep, file.id)
    told: list[SitingPlan] = []

    def found(plan: SitingPlan) -> None:
        if keep is not None and not told:
            run.tell(words.say("study.plan_kept", run.lang, path=keep))
        told.append(plan)

    plan = solve_siting(problem, seconds=file.seconds, seed=run.study.file.study.seed, keep=keep, found=found)
    if plan.stopped == "interrupt":
        raise KeyboardInterrupt
    verify_plan(problem, plan)
    return plan


def kept_plan(folder: Path, question: str) -> Path:
    """Where the best plan so far of a question stands."""
    return folder / f"{question}.json"


def kept_plans(study: Study, folder: Path | None) -> list[Path]:
    """The plans of a study's questions that a run left there, whether it ended well or not."""
    paths = [kept_plan(folder, question.id) for question in study.file.siting] if folder else []
    return [path for path in paths if path.is_file()]


def _quota(tables: Inputs, level: str, minimum: int, maximum: int | None) -> Quota:
    areas = tables.towns if level == "town" else tables.counties
    named = areas.index if len(areas) else pd.Index(sorted(set(tables.communities[level]) - {""}))
    return Quota(level, tuple(map(str, named)), minimum, maximum)


def findings_count(results: Results | Inputs) -> int:
    """How many rows were set aside or unusable: what the planner must act on."""
    return int((results.findings["severity"] == "error").sum())


def default_out(study: Study) -> Path:
    """Where results go when nobody says: as the file says, else data/processed beside data/raw."""
    if study.file.outputs.folder:
        return (study.folder / study.file.outputs.folder).resolve()
    folder = study.folder.resolve()
    if folder.parent.name == "raw":
        return folder.parent.parent / "processed" / folder.name
    return folder / "results"


def quality_note(results: Results, lang: str) -> str:
    """Which share of the result rests on facts, estimates and made-up rows."""
    shares = results.inputs.quality.set_index("table")[list(places.QUALITIES)].to_dict("index")
    parts: dict[str, Any] = {
        t: words.say("study.quality_part", lang, **{str(q): share for q, share in shares[t].items()})
        if t in shares
        else words.say("study.quality_none", lang)
        for t in ("communities", "facilities", "roads")
    }
    facts = all(row["fact"] == 1 for row in shares.values())
    return words.say("study.quality_facts" if facts else "study.quality_note", lang, **parts)


def today() -> date:
    """The day of the run, for the manifest."""
    return date.today()


def told_inputs(tables: Inputs, lang: str, *, most: int = 20) -> list[str]:
    """What came in and what is wrong with it, a line each; many of a kind are counted."""
    lines = [_told_table(row, lang) for row in tables.quality.to_dict("records")]
    told = told_findings(tables.findings, lang, most=most)
    return [*lines, *(told or [words.say("cli.no_findings", lang)])]


def told_findings(findings: pd.DataFrame, lang: str, *, most: int) -> list[str]:
    """Findings as sentences, at most so many of a kind."""
    lines: list[str] = []
    for (severity, _), group in findings.groupby(["severity", "rule"], sort=False):
        head = words.say(f"cli.severity_{severity}", lang)
        lines += [f"[{head}] {text}" for text in places.told(group.head(most), lang)]
        if len(group) > most:
            lines.append(words.say("cli.more_like_it", lang, count=len(group) - most))
    return lines


def _told_table(row: dict[Any, Any], lang: str) -> str:
    named = {**row, "table": words.label("tables", row["table"], lang)}
    return words.say("cli.came_in", lang, **{str(k): v for k, v in named.items()})
