"""One row of the siting bench, in a process of its own: ``python -m benchmarks.siting_measure ROW`` prints it.

Kernels are compiled on a tiny question of the kind before the clock runs. Seconds are of the processor, all threads
and child processes (CBC runs in one), so that other work on the machine does not count. Memory is the most that the
whole process holds, libraries and table of times included, from when the table stands.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import peers, planted, siting_rows
from benchmarks.measure import Row, Skipped
from benchmarks.siting_lands import CENTRES, all_near, made_land, pmed, pmed_optima
from benchmarks.siting_questions import UNITS, Answer, Question, differ, planned
from benchmarks.siting_rows import Asked
from quarterhour.siting.explanation.causes import causes, lowered
from quarterhour.siting.question.build import as_problem

LIMIT_S = 60.0
"""What a peer may take to solve."""
AGAIN_S, ROUNDS = 2.0, 3
"""What is quicker is measured three times; the median counts."""
MODULES = {"highspy": "highspy", "scip": "pyscipopt", "spopt": "spopt"}


@dataclass(frozen=True)
class SitingRow(Row):
    """A line of the table: also what we came to, what no plan beats, the gap (a share) and our seconds."""

    value: float | None = None
    bound: float | None = None
    gap: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, eq=False)
class Taken:
    """An answer and what it took."""

    answer: Any
    seconds: float
    wall_s: float
    memory_gb: float | None


def taken(way: Callable[[], Any], *, rounds: int = 1) -> Taken:
    """Do it; again while it is quick."""
    spent = []
    gc.collect()
    fresh = _forget_peak()
    while True:
        wall, before = time.perf_counter(), _processor_s()
        answer = way()
        spent.append((_processor_s() - before, time.perf_counter() - wall))
        if len(spent) >= rounds or spent[0][0] > AGAIN_S:
            break
    peak = _peak_gb() if fresh else None
    return Taken(answer, median(s for s, _ in spent), median(w for _, w in spent), peak)


def _processor_s() -> float:
    """Of this process and of child processes that ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _forget_peak() -> bool:
    """Whether this system can tell the peak of a process from now on."""
    clear = Path("/proc/self/clear_refs")
    if not clear.exists():
        return False
    clear.write_text("5")
    return True


def _peak_gb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e9


# --- a row --------------------------------------------------------------------------------------------


def measured(asked: Asked, *, limit: float = LIMIT_S) -> SitingRow:
    """The row; one that cannot be measured says why."""
    begun = time.monotonic()
    try:
        if asked.peer in MODULES:
            peers.peer(MODULES[asked.peer])
        row = WAYS[asked.way](asked, limit)
    except Skipped as why:
        return skipped(asked, str(why))
    row.details["row_s"] = round(time.monotonic() - begun, 1)
    return row


def skipped(asked: Asked, why: str) -> SitingRow:
    """A row that could not be measured; with a bar it is not met."""
    barred = asked.bar is not None or bool(asked.limits)
    bar = asked.bar if asked.bar is not None else 1.0 if asked.limits else None
    today = date.today().isoformat()
    return SitingRow(
        asked.id, asked.peer, asked.size, None, bar, False if barred else None, None, today, {"skipped": why}
    )


def _question(asked: Asked, limit: float) -> SitingRow:
    """Ours beside a peer, or ours alone within limits."""
    assert asked.make is not None
    _warm(asked.name)
    question = asked.make()
    ours = taken(lambda: question.ours(asked.seconds), rounds=1 if asked.limits else ROUNDS)
    answer: Answer = ours.answer
    wrong = answer.check()
    if asked.limits:
        return _alone(asked, question, ours, wrong)
    theirs = taken(lambda: question.peer(asked.peer, limit), rounds=ROUNDS)
    wrong = wrong or differ(answer, theirs.answer, question.goals)
    told = {
        **_told(question.goals, ours, question.told),
        "peer_value": _read(theirs.answer.values, question.goals),
        "peer_bound": _read(theirs.answer.bounds, question.goals),
        "peer_gap": _number(theirs.answer.gap),
        "peer_seconds": round(theirs.seconds, 3),
        "peer_proven": theirs.answer.proven,
        "peer_status": theirs.answer.said,
        "limit_s": limit,
    }
    return _row(asked, question.goals, ours, wrong, told, ratio=theirs.seconds / max(ours.seconds, 1e-6))


def _alone(asked: Asked, question: Question, ours: Taken, wrong: str) -> SitingRow:
    figures = {"gap": ours.answer.gap, "seconds": ours.seconds, "memory_gb": ours.memory_gb}
    told = _told(question.goals, ours, question.told)
    return _within(asked, question.goals, ours, wrong, told, figures)


def _within(
    asked: Asked, goals: Sequence[str], ours: Taken, wrong: str, told: dict[str, Any], figures: dict[str, Any]
) -> SitingRow:
    """A row of ours alone: how many times each figure fits into the most it may be, and the least of that."""
    over = []
    fits = [math.inf]
    for name, most in asked.limits.items():
        figure = figures[name]
        if figure is None:
            over.append(f"{name} cannot be told here")
            continue
        fits.append(most / figure if figure else math.inf)
        if figure > most:
            over.append(f"{name} {figure:.4g} where at most {most:g}")
    told = {**told, "limits": dict(asked.limits), "over": over}
    ratio = min(fits)
    return _row(asked, goals, ours, wrong, told, ratio=ratio if math.isfinite(ratio) else None, held=not over)


def _row(
    asked: Asked, goals: Sequence[str], ours: Taken, wrong: str, told: dict[str, Any], *,
    ratio: float | None, held: bool | None = None,
) -> SitingRow:  # fmt: skip
    answer: Answer = ours.answer
    if wrong:
        told["differ"] = wrong
    bar = 1.0 if asked.limits else asked.bar
    reached = held if held is not None else ratio is not None and bar is not None and ratio >= bar
    values, bounds = (_read(of, goals) for of in (answer.values, answer.bounds))
    return SitingRow(
        asked.id, asked.peer, asked.size, None if ratio is None else float(f"{ratio:.3g}"), bar,
        None if bar is None else bool(reached and not wrong), not wrong, date.today().isoformat(), told,
        values[-1], bounds[-1], _number(answer.gap), round(ours.seconds, 3),
    )  # fmt: skip


def _told(goals: Sequence[str], ours: Taken, size: dict[str, Any]) -> dict[str, Any]:
    answer: Answer = ours.answer
    return {
        **size,
        "goals": list(goals),
        "ours_value": _read(answer.values, goals),
        "ours_bound": _read(answer.bounds, goals),
        "ours_proven": answer.proven,
        "ours_status": answer.said,
        "wall_s": round(ours.wall_s, 3),
        "memory_gb": None if ours.memory_gb is None else round(ours.memory_gb, 3),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _read(values: Sequence[float | None], goals: Sequence[str]) -> list[float | None]:
    """As a planner reads them: people, sites, minutes."""
    return [None if v is None else _number(v / UNITS[g]) for v, g in zip(values, goals, strict=True)]


def _number(value: float) -> float | None:
    """None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None


# --- ways of their own --------------------------------------------------------------------------------


def _published(asked: Asked, limit: float) -> SitingRow:
    """All graphs of OR-Library that are here, one after another, against the published optima."""
    _ = limit
    goal = {"p-median": "min-time", "p-center": "min-worst"}[asked.name]
    optima = pmed_optima()
    if asked.name == "p-center":
        optima = {name: CENTRES[int(name.removeprefix("pmed")) - 1] for name in optima}
    _warm("p-median")
    graphs: dict[str, Any] = {}
    wrong, total, walls, sums = [], 0.0, 0.0, [0, 0]
    for name, optimum in optima.items():
        distances, p = pmed(name)
        one = np.ones(len(distances), dtype=np.int64)
        ask = planned(all_near(distances * 6000, one, minutes=float(distances.max())), [goal], new_sites=p)
        ours = taken(lambda ask=ask: ask(asked.seconds))  # type: ignore[misc]
        (value,), (bound,) = (_read(of, [goal]) for of in (ours.answer.values, ours.answer.bounds))
        graphs[name] = {"value": value, "bound": bound, "published": optimum, "seconds": round(ours.seconds, 2)}
        total, walls = total + ours.seconds, walls + ours.wall_s
        if (why := ours.answer.check()) or not value == bound == optimum:
            wrong.append(f"{name} {why or f'{value} and bound {bound}, published {optimum}'}")
        sums = [s + (v or 0) for s, v in zip(sums, (ours.answer.values[0], ours.answer.bounds[0]), strict=True)]
    proven = f"{len(graphs) - len(wrong)} of {len(graphs)} proven, as published"
    whole = Answer((int(sums[0]),), (float(sums[1]),), not wrong, proven)
    done = Taken(whole, total, walls, None)
    told = {**_told([goal], done, {"graphs": graphs})}
    return _within(asked, [goal], done, "; ".join(wrong), told, {"seconds": total})


def _why(asked: Asked, limit: float) -> SitingRow:
    """From the tables to the reason that no plan exists; the planted one must be the one that is named."""
    _ = limit
    named_of(planted.large())
    question = {**planted.large(), **planted.PLANTED[asked.size]()}
    ours = taken(lambda: named_of(question), rounds=ROUNDS)
    named = ours.answer
    wrong = "" if f"explanation.{asked.size}" in named and (len(named) == 1 or asked.size == "cause_capacity") else (
        f"named: {', '.join(named) or 'nothing'}"
    )  # fmt: skip
    empty = Answer((None,), (math.nan,), True, ", ".join(named), widest=0.0)
    done = replace(ours, answer=empty)
    told = _told(["min-sites"], done, {"communities": 3000, "sites": 600, "named": named})
    return _within(asked, ["min-sites"], done, wrong, told, {"seconds": ours.seconds})


def named_of(question: dict[str, Any]) -> list[str]:
    """The reasons that a question has no plan, or none without lowering a quota."""
    problem = as_problem("planted", **question)
    return [reason.key for reason in (*causes(problem), *lowered(problem))]


WAYS: dict[str, Callable[[Asked, float], SitingRow]] = {
    "question": _question, "p-median": _published, "p-center": _published, "why": _why,
}  # fmt: skip


def _warm(name: str) -> None:
    """Compile on a small question of the kind, and on one large enough for the engine of large ones."""
    for asked in siting_rows.tiny():
        if asked.name == name and asked.make is not None:
            asked.make().ours(2)
            break
    if name in ("max-cover", "city", "frontier", "min-sites"):
        planned(made_land("rough", 2_000, 60, seed=9), ["max-cover"], new_sites=8)(5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the row that is named and print it."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    wanted, limit = given[0], float(given[1]) if len(given) > 1 else LIMIT_S
    asked = next(a for a in (*siting_rows.rows(), *siting_rows.tiny()) if a.id == wanted)
    print(json.dumps(measured(asked, limit=limit).as_record()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
