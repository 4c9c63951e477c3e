"""Measure the reach engine against what a user would pick instead: ``make bench``.

Writes ``reach.md`` and ``reach.json`` after every row, so a run that was stopped goes on where it was; rows
measured today are kept unless ``--fresh``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from benchmarks.lands import Land, land_size
from benchmarks.measure import Duel, NotInstalled, Row, Skipped, as_row, run_duel, skipped_row
from benchmarks.peers import peer_version
from benchmarks.places import CACHE
from benchmarks.questions import QUESTIONS, Question
from quarterhour import __version__

OUT = CACHE.parent
PEERS = ("scipy", "networkx", "igraph", "networkit", "rustworkx", "pandana", "shapely", "numba", "numpy")
Asked = tuple[str, Question, str, float | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 when every bar that was tried is met."""
    given = _given(arguments)
    asked = [a for a in _asked(given.sizes) if is_wanted(a[0], given.only)]
    if given.list:
        print(*(name for name, *_ in asked), sep="\n")
        return 0
    rows = {} if given.fresh else _kept(given.out)
    todo = [a for a in asked if a[0] not in rows]
    lands: dict[str, Land] = {}
    # network by network, so that a large one is made ready once and then let go
    todo.sort(key=lambda a: (land_size(a[2]) or 0, a[2]))
    for done, (name, question, where, bar) in enumerate(todo, 1):
        lands = {where: lands.get(where) or Land(where, given.out / "cache", fetch=given.fetch)}
        rows[name] = _measured(name, question, lands[where], bar, given.rounds)
        _write(given.out, [rows[a[0]] for a in _asked(given.sizes) if a[0] in rows])
        print(f"{done}/{len(todo)} {_line(rows[name])}", flush=True)
    tried = [rows[a[0]] for a in asked if a[0] in rows and rows[a[0]].bar is not None]
    missed = [r.id for r in tried if not r.met]
    print(f"{len(tried) - len(missed)} of {len(tried)} bars met" + "".join(f"\n  not met: {m}" for m in missed))
    return 1 if missed else 0


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    ask = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    ask.add_argument("--only", default="*", help="ids of rows, with * and ?, parted by commas")
    ask.add_argument("--sizes", default="200k,2m", help="made networks to measure on instead of 200k and 2m")
    ask.add_argument("--rounds", type=int, help="rounds of each duel")
    ask.add_argument("--fresh", action="store_true", help="measure again what was measured today")
    ask.add_argument("--fetch", action="store_true", help="download Coquimbo if it is not here")
    ask.add_argument("--out", type=Path, default=OUT, help="folder of the results")
    ask.add_argument("--list", action="store_true", help="name the rows and stop")
    return ask.parse_args(arguments)


def _asked(sizes: str) -> list[Asked]:
    """Every row: its id, question, network and bar. A made network of another size has no bar."""
    return [
        ("/".join(filter(None, (q.name, q.peer, where))), q, where, bar)
        for q in QUESTIONS
        for where, bar in _lands(q, sizes.split(","))
    ]


def _lands(question: Question, sizes: list[str]) -> Iterator[tuple[str, float | None]]:
    made = any(land_size(where) is not None for where in question.bars)
    for where, bar in question.bars.items():
        if land_size(where) is None or where in sizes:
            yield where, bar
    for where in sizes:
        if made and where not in question.bars and where not in ("200k", "2m"):
            yield where, None


def is_wanted(name: str, only: str) -> bool:
    """Whether an id is among those asked for."""
    return any(fnmatch(name, pattern) for pattern in only.split(","))


def _measured(name: str, question: Question, land: Land, bar: float | None, rounds: int | None) -> Row:
    today, begin = date.today().isoformat(), time.monotonic()
    try:
        ready = question.ask(land)
        if isinstance(ready, Duel):
            row = run_duel(name, question.peer, land.name, ready, bar=bar, day=today, rounds=rounds)
        else:
            row = as_row(name, question.peer, land.name, ready, day=today)
    except NotInstalled as why:
        return skipped_row(name, question.peer, land.name, str(why), bar=None, day=today)
    except Skipped as why:
        return skipped_row(name, question.peer, land.name, str(why), bar=bar, day=today)
    row.details["row_s"] = round(time.monotonic() - begin, 1)
    return row


def _kept(folder: Path) -> dict[str, Row]:
    """Rows measured today, but for those that were skipped."""
    path = folder / "reach.json"
    if not path.is_file():
        return {}
    rows = [Row(**record) for record in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    return {r.id: r for r in rows if r.day == date.today().isoformat() and r.ratio is not None}


def _write(folder: Path, rows: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "quarterhour": __version__,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "versions": {name: peer_version(name) for name in PEERS},
        "rows": [r.as_record() for r in rows],
    }
    (folder / "reach.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / "reach.md").write_text(_page(told, rows), encoding="utf-8")


def _page(told: dict[str, Any], rows: list[Row]) -> str:
    versions = ", ".join(f"{name} {v}" for name, v in told["versions"].items())
    head = [
        "# The reach engine, side by side",
        f"quarterhour {told['quarterhour']}, Python {told['python']}, {told['processors']} processors; {versions}.",
        "Ratio: how many times as long as ours the peer takes (median of rounds in turn, one process, processor time),"
        " or how many times a figure of ours fits into its limit. Answers are compared first.",
        "",
        "| row | ours | peer | ratio | bar | met | answers equal | on |",
        "|---|---:|---:|---:|---:|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, rows)]) + "\n"


def _line(row: Row) -> str:
    told = row.details
    if "skipped" in told:
        bar = f"{row.bar:g}" if row.bar else ""
        return f"| {row.id} | | | | {bar} | {yes(row.met)} | | skipped: {told['skipped']} |"
    ours, peer = (f"{told[k]:g} ms" if k in told else "" for k in ("ours_ms", "peer_ms"))
    if "value" in told:
        ours, peer = f"{told['value']:g} {told['unit']}", f"at most {told['most']:g} {told['unit']}"
    bar = f"{row.bar:g}" if row.bar else ""
    on = told.get("differ") or (f"{told['junctions']:,} junctions" if "junctions" in told else "")
    return f"| {row.id} | {ours} | {peer} | {row.ratio:g} | {bar} | {yes(row.met)} | {yes(row.answers_equal)} | {on} |"


def yes(value: bool | None) -> str:
    """As the page says it."""
    return "" if value is None else "yes" if value else "**no**"


if __name__ == "__main__":
    sys.exit(main())
