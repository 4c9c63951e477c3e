"""What a siting question came to: its plan and what lies behind it, taken from an earlier run where nothing differs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd

from quarterhour.base import i18n
from quarterhour.base.errors import MissingError, QuarterhourError, WriteError
from quarterhour.base.jit import COMPILED
from quarterhour.io.answer_store.store import load_answer, save_answer
from quarterhour.io.answer_store.values import value_key
from quarterhour.io.files.write import told
from quarterhour.io.network_store import network_key, program_sum, table_key
from quarterhour.network.network import Mode
from quarterhour.siting.outlook.answers import NearBest, NearPlan, Phasing, Relaxation, RobustSites
from quarterhour.siting.outlook.change import PlanChange
from quarterhour.siting.outlook.relocation import Relocation
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.plan import Evidence, Figures, Level, Reason, SitingPlan, Ties
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.results import Moving, Prospects
from quarterhour.study.session import Run

_log = logging.getLogger(__name__)
FOLDER = "siting.answers"
"""No mode's folder beside it has a dot in its name."""
_TOOLS = ("highspy", "numpy", "pandas", "scipy")
"""Beside numba, with which searches are given more work."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A question's plan with its proof, what would make one where there is none, and what lies behind it."""

    plan: SitingPlan
    changes: tuple[Relaxation, ...] = ()
    behind: Prospects = Prospects()


_PARTS = (
    Answer, Evidence, Figures, Goal, Level, Moving, NearBest, NearPlan, Phasing, PlanChange, Prospects, Reason,
    Relocation, RobustSites, SitingPlan, Ties,
)  # fmt: skip
RECORDS = {part.__name__: part for part in _PARTS}


def earlier_answer(run: Run, file: SitingFile, problem: SitingProblem, key: str) -> Answer | None:
    """The answer of an earlier run to the very same question, recounted; None where there is none, or it is not whole.

    ``key``: what it depends on, as ``answer_key`` gives it.
    """
    home = _home(run, file)
    if home is None or run.fresh:
        return None
    try:
        found = load_answer(home, key=key, records=RECORDS)
        with run.timed(f"taken {file.id}"):
            _check(problem, found)
    except MissingError:
        return None
    except (QuarterhourError, TypeError, ValueError, AttributeError, LookupError) as why:
        said = why.sentence(run.lang) if isinstance(why, QuarterhourError) else repr(why)
        _log.info(i18n.say("study.answer_anew", run.lang, name=file.name(run.lang), why=said))
        return None
    run.tell(i18n.say("study.answer_kept", run.lang, name=file.name(run.lang)))
    answer: Answer = found
    return answer


def _check(problem: SitingProblem, found: object) -> None:
    """That an answer is one, and that its plans hold for the question; PlanError, ValueError."""
    if not (isinstance(found, Answer) and isinstance(found.plan, SitingPlan) and isinstance(found.behind, Prospects)):
        raise ValueError(type(found).__name__)
    near = found.behind.near_best
    for plan in (found.plan, *(() if near is None else (one.plan for one in near.plans))):
        verify_plan(problem, plan)


def keep_answer(run: Run, file: SitingFile, answer: Answer, key: str) -> None:
    """Keep an answer for the next run; where that cannot be it is told, and the run goes on."""
    home = _home(run, file)
    try:
        if home is not None and not save_answer(answer, home, key=key, records=RECORDS):
            _log.info(i18n.say("study.answer_odd", run.lang, name=file.name(run.lang)))
    except WriteError as why:
        run.tell(i18n.say("study.answer_not_kept", run.lang, name=file.name(run.lang), why=why.sentence(run.lang)))


def answer_key(
    run: Run, file: SitingFile, problem: SitingProblem, *, beside: Mapping[str, object], ground: Sequence[object] = ()
) -> str:
    """All that an answer depends on: the question with its settings, the program and what it searches with.

    ``beside``: whatever else has a say; ``ground``: what times at another pace are searched on, as ``ground_key``.
    """
    tools = [(name, version(name)) for name in (*_TOOLS, *(["numba"] if COMPILED else []))]
    seed, asked = run.study.file.study.seed, file.model_dump_json()
    return value_key(program_sum(), tools, asked, seed, problem, dict(beside), list(ground))


def ground_key(
    run: Run, roads: gpd.GeoDataFrame, modes: Iterable[Mode], places: Iterable[gpd.GeoDataFrame]
) -> list[object]:
    """What times between places depend on, at whatever pace."""
    nets = [network_key(mode, settings=run.ground_told(roads)) for mode in modes]
    return [nets, run.study.file.study.snap_limit_m, [table_key(p) for p in places]]


def may_be_kept(run: Run, file: SitingFile) -> bool:
    """Whether an answer may lie beside the networks; where it would count guarded people one of before is taken away.

    WriteError where that cannot be.
    """
    home = _home(run, file)
    if home is None or not run.study.file.guarded:
        return home is not None
    with told(home):
        home.unlink(missing_ok=True)
    return False


def _home(run: Run, file: SitingFile) -> Path | None:
    return None if run.prepared is None else run.prepared / FOLDER / f"{file.id}.npz"
