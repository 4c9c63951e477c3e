"""Measure the siting engine against what a user would pick instead: ``make bench-siting``.

Writes ``siting.md`` and ``siting.json`` after every row, each measured in a process of its own. A run that was
stopped (Ctrl-C too) keeps the rows it has and goes on there; rows measured today are kept unless ``--fresh``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import quarterhour
from benchmarks.__main__ import OUT, is_wanted, yes
from benchmarks.peers import peer_version
from benchmarks.siting_measure import LIMIT_S, SitingRow, skipped
from benchmarks.siting_rows import Asked, rows, tiny

PEERS = ("spopt", "pulp", "highspy", "pyscipopt", "numba", "numpy", "scipy")
LONGEST_S = 900
"""A row that takes longer is ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 0 when every bar that was tried is met, 130 after Ctrl-C."""
    given = _given(arguments)
    catalog = tiny() if given.tiny else rows()
    asked = [a for a in catalog if is_wanted(a.id, given.only)]
    if given.list:
        print(*(a.id for a in asked), sep="\n")
        return 0
    done = _kept(given.out)
    todo = [a for a in asked if given.fresh or a.id not in done]
    stopped = False
    for place, one in enumerate(todo, 1):
        print(f"{place}/{len(todo)} {one.id} ...", end=" ", file=sys.stderr, flush=True)
        try:
            done[one.id] = _in_a_child(one, given.limit)
        except KeyboardInterrupt:
            stopped = True
            print("stopped", file=sys.stderr)
            break
        _write(given.out, [done[a.id] for a in catalog if a.id in done])
        print(_progress(done[one.id]), file=sys.stderr, flush=True)
    tried = [done[a.id] for a in asked if a.id in done and done[a.id].bar is not None]
    missed = [r for r in tried if not r.met]
    print(f"{len(tried) - len(missed)} of {len(tried)} bars met", *(f"  not met: {r.id}: {_why(r)}" for r in missed),
          sep="\n")  # fmt: skip
    wrong = [r.id for r in done.values() if r.answers_equal is False]
    print(*(f"  answers differ: {w}" for w in wrong), sep="\n", end="\n" if wrong else "")
    return 130 if stopped else int(bool(missed or wrong))


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    ask = argparse.ArgumentParser(prog="benchmarks.siting", description=__doc__)
    ask.add_argument("--only", default="*", help="ids of rows, with * and ?, parted by commas")
    ask.add_argument("--limit", type=float, default=LIMIT_S, help="seconds a peer may take to solve")
    ask.add_argument("--tiny", action="store_true", help="a tiny row of each kind instead, to see that all runs")
    ask.add_argument(
        "--fresh", action="store_true", help="measure again what was measured today, of the rows asked for"
    )
    ask.add_argument("--out", type=Path, default=OUT, help="folder of the results")
    ask.add_argument("--list", action="store_true", help="name the rows and stop")
    return ask.parse_args(arguments)


# --- a row --------------------------------------------------------------------------------------------


def _in_a_child(asked: Asked, limit: float) -> SitingRow:
    """Measured by a process of its own, so that no row warms another or fills its memory."""
    paths = [str(Path(of).resolve().parents[1]) for of in (__file__, quarterhour.__file__)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "benchmarks.siting_measure", asked.id, str(limit)]
    begun = time.monotonic()
    # a group of its own: Ctrl-C comes here alone, and CBC goes with the child
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        said, error = child.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        _end(child)
        return skipped(asked, f"ended after {time.monotonic() - begun:.0f} s")
    except KeyboardInterrupt:
        _end(child)
        raise
    if child.returncode:
        told = error.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
        return skipped(asked, f"failed: {told[0]}")
    return SitingRow(**json.loads(said.strip().splitlines()[-1]))


def _end(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.communicate()


def _kept(folder: Path) -> dict[str, SitingRow]:
    """Rows measured today, but for those that were skipped."""
    path = folder / "siting.json"
    if not path.is_file():
        return {}
    kept = [SitingRow(**record) for record in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    return {r.id: r for r in kept if r.day == date.today().isoformat() and "skipped" not in r.details}


# --- the page -----------------------------------------------------------------------------------------


def _write(folder: Path, done: list[SitingRow]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "quarterhour": quarterhour.__version__,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "versions": {name: peer_version(name) for name in PEERS},
        "rows": [r.as_record() for r in done],
    }
    for name, text in (("siting.json", json.dumps(told, indent=1, allow_nan=False) + "\n"),
                       ("siting.md", _page(told, done))):  # fmt: skip
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(folder / name)


def _page(told: dict[str, Any], done: list[SitingRow]) -> str:
    versions = ", ".join(f"{name} {v}" for name, v in told["versions"].items())
    head = [
        "# The siting engine, side by side",
        f"quarterhour {told['quarterhour']}, Python {told['python']}, {told['processors']} processors; {versions}.",
        "",
        "Every row in a process of its own, numba's kernels compiled before the clock runs. We start from the table of"
        " times, a solver from the whole question as rows and columns, spopt from the dense matrix; all prove to the"
        " last person. Answers are compared first: the same optimum, or, where a peer stops at its limit"
        f" ({LIMIT_S:g} s unless told otherwise), its value within our value and bound and ours not worse."
        " Seconds are processor time, CBC's included. Ratio: how many times as long as ours the peer takes, or how"
        " many times our gap, seconds and memory fit into their limits, the least of these. Memory is the most that"
        " the whole process holds, libraries and table included, from when the table stands.",
        "",
        "| row | value | bound | gap | seconds | peer's value | its gap | its seconds | ratio | bar | met"
        " | answers equal | told |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, done)]) + "\n"


def _line(row: SitingRow) -> str:
    told = row.details
    bar = f"{row.bar:g}" if row.bar else ""
    if "skipped" in told:
        return f"| {row.id} | | | | | | | | | {bar} | {yes(row.met)} | | skipped: {told['skipped']} |"
    ratio = "" if row.ratio is None else f"{row.ratio:g}"
    peer = [""] * 3
    if "peer_value" in told:
        peer = [_values(told["peer_value"]), _share(told["peer_gap"]), f"{told['peer_seconds']:.2f}"]
    cells = [
        row.id, _values(told["ours_value"]), _values(told["ours_bound"]), _share(row.gap), f"{row.seconds:.2f}",
        *peer, ratio, bar, yes(row.met), yes(row.answers_equal), _why(row),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _values(values: list[float | None]) -> str:
    return "; ".join("" if v is None else f"{v:,.0f}" if float(v).is_integer() else f"{v:,.2f}" for v in values)


def _share(gap: float | None) -> str:
    return "" if gap is None else "0" if gap == 0 else f"{gap:.3%}"


def _why(row: SitingRow) -> str:
    """What is wrong with a row, or what is worth knowing of it."""
    told = row.details
    said = [told.get("skipped", ""), told.get("differ", ""), *told.get("over", ())]
    if row.bar is not None and not row.met and not any(said):
        said.append(f"ratio {row.ratio:g} where {row.bar:g} is asked")
    said.append(f"peer: {told['peer_status']}" if "peer_status" in told else told.get("ours_status", ""))
    if row.details.get("limits", {}).get("memory_gb") and told.get("memory_gb") is not None:
        said.append(f"{told['memory_gb']:g} GB")
    return "; ".join(s for s in said if s)


def _progress(row: SitingRow) -> str:
    told = row.details
    if "skipped" in told:
        return f"skipped: {told['skipped']}"
    gap = "no gap told" if row.gap is None else f"gap {_share(row.gap)}"
    met = "" if row.met is None else ", met" if row.met else f", NOT MET ({_why(row)})"
    ratio = "" if row.ratio is None else f", ratio {row.ratio:g}"
    return f"{row.seconds:.2f} s, {gap}{ratio}{met}"


if __name__ == "__main__":
    sys.exit(main())
