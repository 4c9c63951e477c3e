"""What a siting question came to: its plan and what lies behind it, taken from an earlier run where nothing differs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, MissingError, PlanError, WriteError
from quarterhour.io.answer_store.store import load_answer, save_answer
from quarterhour.io.answer_store.values import value_key
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
FOLDER = "answers"
_TOOLS = ("highspy", "numpy", "pandas", "scipy")


@dataclass(frozen=True, eq=False)
class Answer:
    """A question's plan with its proof, what would make one where there is none, and what lies behind it."""

    plan: SitingPlan
    changes: tuple[Relaxation, ...] = ()
    behind: Prospects = Prospects()


_PARTS = (
    Answer, Evidence, Figures, Goal, Level, Moving, NearBest, NearPlan, Phasing, PlanChange, Prospects, Reason,
    Relaxation, Relocation, RobustSites, SitingPlan, Ties,
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
        found: Answer = load_answer(home, key=key, records=RECORDS)
        verify_plan(problem, found.plan)
    except MissingError:
        return None
    except (DataError, PlanError, AttributeError) as why:
        _log.info(i18n.say("study.answer_anew", run.lang, name=_name(run, file), why=str(why)))
        return None
    _log.info(i18n.say("study.answer_kept", run.lang, name=_name(run, file)))
    return found


def keep_answer(run: Run, file: SitingFile, answer: Answer, key: str) -> None:
    """Keep an answer for the next run; where that cannot be it is told, and the run goes on."""
    home = _home(run, file)
    if home is None:
        return
    try:
        save_answer(answer, home, key=key, records=RECORDS)
    except WriteError as why:
        run.tell(i18n.say("study.answer_not_kept", run.lang, name=_name(run, file), why=why.sentence(run.lang)))


def answer_key(
    run: Run, file: SitingFile, problem: SitingProblem, *, beside: Mapping[str, object], ground: Sequence[object] = ()
) -> str:
    """All that an answer depends on: the question with its settings, the program and what it searches with.

    ``beside``: whatever else has a say; ``ground``: what times at another pace are searched on, as ``ground_key``.
    """
    tools = [(name, version(name)) for name in _TOOLS]
    seed, guess = run.study.file.study.seed, file.model_dump_json()
    return value_key(program_sum(), tools, guess, seed, problem, dict(beside), list(ground))


def ground_key(
    run: Run, roads: gpd.GeoDataFrame, modes: Iterable[Mode], places: Iterable[gpd.GeoDataFrame]
) -> list[object]:
    """What times between places depend on, at whatever pace."""
    nets = [network_key(mode, settings=run.ground_told(roads)) for mode in modes]
    return [nets, run.study.file.study.snap_limit_m, [table_key(p) for p in places]]


def may_be_kept(run: Run) -> bool:
    """Whether answers lie beside the networks: not where they would count guarded people."""
    return run.prepared is not None and not run.study.file.guarded


def _home(run: Run, file: SitingFile) -> Path | None:
    return run.prepared / FOLDER / f"{file.id}.npz" if run.prepared is not None and may_be_kept(run) else None


def _name(run: Run, file: SitingFile) -> str:
    return file.zh if run.lang == "zh" else file.en
