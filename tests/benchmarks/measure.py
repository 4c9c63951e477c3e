"""Two ways to one answer, side by side: answers compared first, then rounds in turn, processor time, median ratio."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

ROUND_S = 0.03
"""A round of less is repeated until it takes about so long: the clock must not decide."""


class Skipped(Exception):  # noqa: N818 - no error: a peer or a place that is not here
    """Why a row could not be measured."""


class NotInstalled(Skipped):
    """A peer that nobody has to have is not here: the bar of its row is not tried."""


@dataclass(frozen=True)
class Duel:
    """What we do, what the peer does, and how their answers differ ("" when they do not).

    ``peer_clock``: processor seconds of a peer that is a process of its own.
    """

    ours: Callable[[], Any]
    peer: Callable[[], Any]
    differ: Callable[[Any, Any], str]
    told: dict[str, Any] = field(default_factory=dict)
    rounds: int = 5
    peer_clock: Callable[[], float] = time.process_time


@dataclass(frozen=True)
class Figure:
    """A figure of ours alone, held against the most it may be; ``wrong`` says what is wrong with the answer."""

    value: float
    most: float
    unit: str
    wrong: str = ""
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table. ``met`` is None where no bar was set; a row that was skipped is never met."""

    id: str
    peer: str
    size: str
    ratio: float | None
    bar: float | None
    met: bool | None
    answers_equal: bool | None
    day: str
    details: dict[str, Any]

    def as_record(self) -> dict[str, Any]:
        """As it stands in the JSON file."""
        return asdict(self)


def run_duel(name: str, peer: str, size: str, duel: Duel, *, bar: float | None, day: str, rounds: int | None) -> Row:
    """A row: how many times as long as ours the peer takes, once both have given their answer."""
    ways = ((duel.ours, time.process_time), (duel.peer, duel.peer_clock))
    answers, seconds = zip(*(_answered(*way) for way in ways), strict=True)
    wrong = duel.differ(*answers)
    del answers
    often = [_repeats(*way, once) for way, once in zip(ways, seconds, strict=True)]
    pairs = [(_seconds(*ways[0], often[0]), _seconds(*ways[1], often[1])) for _ in range(rounds or duel.rounds)]
    ratio = median(b / a for a, b in pairs)
    spread = [round(f(b / a for a, b in pairs), 2) for f in (min, max)]
    told = {
        "ours_ms": _ms(median(a for a, _ in pairs)),
        "peer_ms": _ms(median(b for _, b in pairs)),
        "rounds": len(pairs),
        "ratios": spread,
        **duel.told,
    }
    if wrong:
        told["differ"] = wrong
    return _row(name, peer, size, ratio, bar, not wrong, day, told)


def as_row(name: str, peer: str, size: str, figure: Figure, *, day: str) -> Row:
    """A row of ours alone: how many times the figure fits into the most it may be."""
    told = {"value": float(f"{figure.value:.4g}"), "most": figure.most, "unit": figure.unit, **figure.told}
    if figure.wrong:
        told["differ"] = figure.wrong
    return _row(name, peer, size, figure.most / max(figure.value, 1e-9), 1.0, not figure.wrong, day, told)


def skipped_row(name: str, peer: str, size: str, why: str, *, bar: float | None, day: str) -> Row:
    """A row that could not be measured."""
    return Row(name, peer, size, None, bar, False if bar is not None else None, None, day, {"skipped": why})


def _row(
    name: str, peer: str, size: str, ratio: float, bar: float | None, equal: bool, day: str, told: dict[str, Any]
) -> Row:
    met = None if bar is None else bool(equal and ratio >= bar)
    return Row(name, peer, size, float(f"{ratio:.3g}"), bar, met, equal, day, told)


def _ms(seconds: float) -> float:
    return float(f"{seconds * 1000:.4g}")


def _answered(way: Callable[[], Any], clock: Callable[[], float]) -> tuple[Any, float]:
    begin = clock()
    answer = way()
    return answer, clock() - begin


def _repeats(way: Callable[[], Any], clock: Callable[[], float], first: float) -> int:
    """How often to a round. A first time of seconds is no guide to ours, which may have compiled; then it is once."""
    return 1 if first > 1 else max(1, round(ROUND_S / max(_seconds(way, clock, 1), 1e-6)))


def _seconds(way: Callable[[], Any], clock: Callable[[], float], often: int) -> float:
    """Processor seconds of all threads, the garbage collector at rest (as ``timeit`` has it)."""
    gc.collect()
    gc.disable()
    try:
        begin = clock()
        for _ in range(often):
            way()
        return (clock() - begin) / often
    finally:
        gc.enable()
