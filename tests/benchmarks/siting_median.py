"""Bars of p-median, p-center and sites with room: OR-Library's graphs, a county with quotas and no room to spare.

``PYTHONPATH=tests python -m benchmarks.siting_median`` prints a Markdown table; ``rows`` gives its lines as records.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import shortest_path

from quarterhour.siting.capacitated import solve_capacitated
from quarterhour.siting.centre import solve_centre
from quarterhour.siting.limits import Limits, as_limits
from quarterhour.siting.mintime import solve_median
from quarterhour.siting.solver import Program, Solver
from quarterhour.siting.verdict import Verdict
from quarterhour.siting.watch import Watch

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WORST = (127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13, 40, 38, 22, 15, 11, 38, 32,
         18, 13, 9, 30, 29, 15, 11)  # fmt: skip
"""The p-center of pmed1 to pmed34 as published (Mladenovic, Labbe and Hansen 2003)."""
SECONDS = 120
ALL_PMED_S, ROOM_GAP, ROOM_S = 120, 0.005, 60


@dataclass(frozen=True)
class Line:
    """A question answered by a tool: ``value`` (less is better), ``bound``, ``gap``, and whether it is as published."""

    question: str
    tool: str
    value: float | None
    bound: float | None
    gap: float | None
    seconds: float
    proved_by: str = ""
    as_published: bool | None = None


def rows(*, seconds: float = SECONDS, shared: Path = SHARED) -> Iterator[dict[str, Any]]:
    """Every line as a record, in turn."""
    for line in (*pmed(shared, seconds=seconds), *room(seconds=ROOM_S)):
        yield asdict(line)


def pmed(shared: Path, *, seconds: float) -> Iterator[Line]:
    """All graphs that are there, as p-median and as p-center, against the published optima."""
    folder = shared / "pmed"
    if not folder.is_dir():
        return
    with (folder / "optima.csv").open() as lines:
        optima = {r["instance"]: int(r["optimum"]) for r in csv.DictReader(lines)}
    for name, optimum in optima.items():
        times, p = read_pmed(folder / f"{name}.txt")
        one, limits = np.ones(len(times), dtype=np.int64), as_limits(len(times), most=p)
        for kind, solve in (("p-median", solve_median), ("p-center", solve_centre)):
            published = optimum if kind == "p-median" else WORST[int(name[4:]) - 1]
            begun = time.perf_counter()
            found = solve(one, times, limits, watch=Watch(seconds=seconds))
            yield _line(f"{kind} {name}", found, time.perf_counter() - begun, published)


def _line(question: str, found: Verdict, seconds: float, published: int | None = None) -> Line:
    gap = None if found.value is None or found.bound is None else (found.value - found.bound) / found.value
    same = None if published is None else found.value == found.bound == published
    return Line(question, "quarterhour", found.value, found.bound, gap, seconds, found.proved_by, same)


def read_pmed(path: Path) -> tuple[np.ndarray, int]:
    """An OR-Library graph as distances and p; of an edge that stands there again the last counts."""
    figures = np.array(path.read_text().split(), dtype=np.int64)
    n, edges, p = figures[:3].tolist()
    graph = np.zeros((n, n))
    for a, b, length in figures[3 : 3 + 3 * edges].reshape(-1, 3) - [1, 1, 0]:
        graph[a, b] = graph[b, a] = length
    return shortest_path(graph).astype(np.int64), p


def county(
    *, rows: int = 600, sites: int = 60, most: int = 25, tight: float = 1.0, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, Limits, np.ndarray]:
    """People, times, limits and room: twelve towns with a quota each, and room for as many as there are."""
    rng = np.random.default_rng(seed)
    place, site = rng.random((rows, 2)) * 30, rng.random((sites, 2)) * 30
    cs = (np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * 6000).astype(np.int64)
    people = rng.integers(1, 20, rows)
    town = (site[:, 0] // 7.5).astype(int) * 3 + (site[:, 1] // 10.01).astype(int)
    areas = [(np.flatnonzero(town == t), 1, None) for t in range(12)]
    return (
        people,
        cs,
        as_limits(sites, most=most, areas=areas),
        np.full(sites, int(np.ceil(people.sum() / most * tight))),
    )


def room(*, seconds: float) -> Iterator[Line]:
    """Sites with room and quotas, 600 x 60, here and by plain highspy."""
    people, cs, limits, space = county()
    begun = time.perf_counter()
    found = solve_capacitated(people, cs, limits, space, watch=Watch(seconds=seconds))
    yield _line("room and quotas 600 x 60", found, time.perf_counter() - begun)
    yield _by_highspy("room and quotas 600 x 60", people, cs, limits, space, seconds)


def _by_highspy(
    question: str, people: np.ndarray, cs: np.ndarray, limits: Limits, space: np.ndarray, seconds: float
) -> Line:
    """The whole question as one integer program."""
    rows_, sites = cs.shape
    row, site = (a.ravel() for a in np.indices(cs.shape))
    each = sites + np.arange(len(row))
    serve = sp.csr_array((np.ones(len(row)), (row, each)), shape=(rows_, sites + len(row)))
    weights = np.r_[people[row], -space].astype(float)
    every = np.arange(sites)
    fits = sp.csr_array((weights, (np.r_[site, every], np.r_[each, every])), shape=(sites, sites + len(row)))
    rules = limits.rows.astype(float)
    wide = sp.csr_array((rules.data, rules.indices, rules.indptr), shape=(rules.shape[0], sites + len(row)))
    low = np.r_[np.ones(rows_), np.full(sites, -np.inf), limits.low]
    high = np.r_[np.ones(rows_), np.zeros(sites), limits.high]
    cost = np.r_[np.zeros(sites), (people[row] * cs.ravel()).astype(float)]
    whole = np.arange(len(cost)) < sites
    matrix = sp.csr_array(sp.vstack([serve, fits, wide], format="csr"))
    program = Program(cost, matrix, low, high, np.zeros(len(cost)), np.ones(len(cost)), whole=whole)
    begun = time.perf_counter()
    out = Solver(program).solve(seconds=seconds)
    gap = (out.value - out.bound) / out.value
    return Line(question, "highspy", out.value, out.bound, gap, time.perf_counter() - begun, "HiGHS")


def main() -> int:
    """Print the lines and the bars; 0 when all are met."""
    print("| question | tool | value | bound | gap | seconds | as published |\n|---|---|---|---|---|---|---|")
    spent, wrong, gap = 0.0, 0, 0.0
    for row in rows():
        told = ["" if row[k] is None else row[k] for k in ("question", "tool", "value", "bound")]
        share = "" if row["gap"] is None else f"{row['gap']:.3%}"
        cells = [*told, share, f"{row['seconds']:.2f}", row["as_published"]]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        if row["question"].startswith("p-median"):
            spent += row["seconds"]
        wrong += row["as_published"] is False
        if row["question"].startswith("room") and row["tool"] == "quarterhour":
            gap = row["gap"]
    print(
        f"\np-median: {spent:.1f} s of {ALL_PMED_S}; not as published: {wrong}; room: gap {gap:.3%} of {ROOM_GAP:.1%}"
    )
    return int(spent > ALL_PMED_S or wrong > 0 or gap > ROOM_GAP)


if __name__ == "__main__":
    sys.exit(main())
