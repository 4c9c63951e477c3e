"""A question's answer: taken from an earlier run where nothing differs, else searched for and kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from quarterhour.base import i18n
from quarterhour.siting.certify import certify_plan
from quarterhour.siting.outlook.answers import Relaxation
from quarterhour.siting.outlook.phasing import by_years
from quarterhour.siting.outlook.relaxations import smallest_relaxations
from quarterhour.siting.proof.checkpoint import write_plan
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.fingerprint import input_hash
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.siting.question.problem import SitingProblem
from quarterhour.siting.regions.answer import solve_by_region
from quarterhour.siting.solve import prepare_kernels, solve_siting
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.results import Prospects
from quarterhour.study.session import Run
from quarterhour.study.siting.answer.behind import AskedWith, prospects
from quarterhour.study.siting.answer.kept import Answer, answer_key, earlier_answer, keep_answer, may_be_kept
from quarterhour.study.siting.answer.limits import limits_beside, limits_of_relaxing, question_limits
from quarterhour.study.siting.earlier import earlier_plan, kept_before, kept_plan, set_aside
from quarterhour.study.siting.moving import relocations

_log = logging.getLogger(__name__)
Search = Callable[[Path | None, Callable[[SitingPlan], None]], SitingPlan]
"""How a plan is come by: where the best so far is kept, and who hears of it."""


def find_answer(
    run: Run, file: SitingFile, problem: SitingProblem, asked: AskedWith, ground: Callable[[], list[object]],
    shaped: list[str],
) -> Answer:  # fmt: skip
    """Of an earlier run where nothing that it depends on differs, else searched for.

    The ``ground`` has a say only where other paces are asked for. Not kept: an answer in which a clock had a say, and
    one without a plan, since what would make one is looked for within seconds.
    """
    if not may_be_kept(run, file):
        return _answered(run, file, problem, asked, shaped)
    beside = {name: value for name, value in vars(asked).items() if name != "paced"}
    key = answer_key(run, file, problem, beside=beside, ground=ground() if file.robust else ())
    answer = earlier_answer(run, file, problem, key)
    if answer is not None:
        _kept_on_the_way(run, problem, file, _taken_again(problem, answer.plan))
        return answer
    answer = _answered(run, file, problem, asked, shaped)
    if answer.plan.levels and not shaped:
        keep_answer(run, file, answer, key)
    return answer


def _answered(run: Run, file: SitingFile, problem: SitingProblem, asked: AskedWith, shaped: list[str]) -> Answer:
    """The answer as it is searched for; ``shaped`` hears where a clock had a say."""
    name, seed = file.name(run.lang), run.study.file.study.seed
    with run.timed(f"siting {file.id}"):
        run.say("study.step_preparing", name=name)
        prepare_kernels(problem)
        run.say("study.step_siting", name=name)
        divided = list[pd.DataFrame]()
        search = _searched(run, problem, file, lambda: shaped.append("plan"))
        if asked.regions is not None:
            search = _by_region(run, problem, file, asked.regions, divided.append)
        plan = _kept_on_the_way(run, problem, file, search)
        verify_plan(problem, plan)
    by_clock, changes = (lambda: shaped.append("prospects")), list[Relaxation]()
    if plan.status == "infeasible":
        changes = smallest_relaxations(problem, **limits_of_relaxing(file).given, by_clock=by_clock)
    run.say("study.step_prospects", name=name)
    with run.timed(f"prospects {file.id}"):
        behind = prospects(
            file, problem, plan, far=asked.far, paced=asked.paced, seed=seed, told=asked.told,
            cost_yuan=asked.cost_yuan, by_clock=by_clock,
        )  # fmt: skip
        if file.relocation is not None and asked.moving is not None:
            moving, limits = asked.moving, limits_beside(file, file.relocation.closings)
            moved = relocations(
                file.relocation, problem, moving, asked.names, limits=limits, seed=seed, by_clock=by_clock
            )
            behind = replace(behind, relocations=moved, moving=moving)
        plan = _with_ties(_by_years(problem, plan, behind), behind)
        behind = replace(behind, regions=divided[0]) if divided and plan.levels else behind
    return Answer(_with_evidence(run, problem, plan, file), tuple(changes), behind)


def _searched(run: Run, problem: SitingProblem, file: SitingFile, by_clock: Callable[[], object]) -> Search:
    def search(keep: Path | None, found: Callable[[SitingPlan], None]) -> SitingPlan:
        seed = run.study.file.study.seed
        return solve_siting(
            problem, **question_limits(file).given, seed=seed, keep=keep, found=found, by_clock=by_clock
        )

    return search


def _by_region(
    run: Run, problem: SitingProblem, file: SitingFile, regions: pd.Series, divided: Callable[[pd.DataFrame], object]
) -> Search:
    """The plan found region by region; ``divided`` hears what each region has of it."""

    def search(keep: Path | None, found: Callable[[SitingPlan], None]) -> SitingPlan:
        answer = solve_by_region(
            problem, regions, nodes=file.nodes, seed=run.study.file.study.seed, each=run.each, progress=run.share,
            keep=keep, found=found,
        )  # fmt: skip
        divided(answer.regions)
        return answer.plan

    return search


def _taken_again(problem: SitingProblem, plan: SitingPlan) -> Search:
    """The plan of an earlier run, which stands where one that is searched for would."""

    def search(keep: Path | None, found: Callable[[SitingPlan], None]) -> SitingPlan:
        if keep is not None and plan.levels:
            write_plan(keep, plan, problem)
            found(plan)
        return plan

    return search


def _kept_on_the_way(run: Run, problem: SitingProblem, file: SitingFile, search: Search) -> SitingPlan:
    """The plan, its predecessors kept on disk; a search that was interrupted ends the run."""
    keep = None if run.keep is None else kept_plan(run.keep, file.id)
    mine: list[Path] = []

    def found(_: SitingPlan) -> None:
        if keep is not None and not mine:
            mine.append(keep)
            run.kept(keep)
            _log.info(i18n.say("study.plan_kept", run.lang, path=keep))

    with kept_before(keep, mine, input_hash(problem)) as aside:
        plan = search(keep, found)
        if plan.stopped == "interrupt":
            raise KeyboardInterrupt
    if keep is not None and aside is not None and mine:
        run.tell(i18n.say("study.plan_others", run.lang, file=keep, path=aside))
    if run.keep is not None and not mine:
        _set_aside(run, run.keep, file.id)
    return plan


def _by_years(problem: SitingProblem, plan: SitingPlan, behind: Prospects) -> SitingPlan:
    """The plan in the order of its years, where it has years."""
    return plan if behind.phasing is None else by_years(problem, plan, behind.phasing)


def _with_ties(plan: SitingPlan, behind: Prospects) -> SitingPlan:
    """The plan with what is known of others that are as good."""
    return plan if behind.near_best is None else replace(plan, ties=behind.near_best.ties)


def _with_evidence(run: Run, problem: SitingProblem, plan: SitingPlan, file: SitingFile) -> SitingPlan:
    """The plan with what its bounds rest on, recounted; the one on disk as well."""
    if not plan.levels:
        return plan
    run.say("study.step_evidence", name=file.name(run.lang))
    with run.timed(f"evidence {file.id}"):
        plan = certify_plan(problem, plan)
        verify_plan(problem, plan)
    if run.keep is not None and kept_plan(run.keep, file.id).is_file():
        write_plan(kept_plan(run.keep, file.id), plan, problem)
    return plan


def _set_aside(run: Run, folder: Path, question: str) -> None:
    """The question has no plan now: one of an earlier run must not stand there as if it were its answer."""
    stale = kept_plan(folder, question)
    if stale.is_file():
        aside = set_aside(stale, earlier_plan(folder, question))
        run.tell(i18n.say("study.plan_earlier", run.lang, path=aside))
