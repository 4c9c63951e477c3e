"""Same answers: three studies run whole, and every figure of theirs compared with an earlier run.

::

    python tests/yardstick.py run FOLDER             # Weihai, Liechtenstein and Wuhan, by the checkout it stands in
    python tests/yardstick.py compare BEFORE AFTER   # each figure that differs; exit 1 where one does
    python tests/yardstick.py keep                   # what ``test_same_answers`` holds the embedded study to, anew

Compared are the cells of every sheet and layer, plans (sites, value, bound, status, each goal), the figures of the
map and the lines of the report. Days, seconds, versions and seals are not: they say nothing of the answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

import quarterhour as qh
from quarterhour.report import write

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ROOT.parent / "shared" / "data"
STUDIES: dict[str, Path | None] = {
    "weihai": None,
    "liechtenstein": BESIDE / "osm" / "liechtenstein.osm.pbf",
    "wuhan": BESIDE / "roads" / "wuhan_8989_simplified.parquet",
}
"""By name, the roads that are not kept in the checkout."""
NO_ANSWER = {"day", "seconds", "versions", "python", "seal", "format", "input_hash", "sha256"}
_MAP = re.compile(r"window\.quarterhourPicture\s*=\s*(\{.*?\});?\s*</script>", re.S)
KEPT = Path(__file__).resolve().parent / "study" / "same_answers.json"
MOST_SHOWN = 12
"""Differences shown of one file."""


def run_studies(folder: Path) -> None:
    """Every study whose roads are here, into a folder each."""
    for name, roads in STUDIES.items():
        if roads is not None and not roads.is_file():
            print(f"{name}: skipped, {roads} is absent")
            continue
        given = [] if roads is None else ["--roads", str(roads)]
        study = ROOT / "data" / "raw" / name / "study.toml"
        command = [
            sys.executable,
            "-m",
            "quarterhour",
            "run",
            str(study),
            *given,
            "--out",
            str(folder / name),
            "--quiet",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
        (folder / name / "console.txt").write_text(f"exit {done.returncode}\n{done.stdout}", encoding="utf-8")


def answers(results: qh.Results) -> dict[str, Any]:
    """What a run of the embedded study came to: shares, plans, and a digest of each table."""
    checks = {f"{c.circle.id} {c.mode_id}": c for c in (*results.checks, *results.compare)}
    return {
        "circles": {name: _shares(check.shares) for name, check in checks.items()},
        "plans": {
            p.id: {"status": p.plan.status, "value": p.plan.value, "bound": p.plan.bound, "sites": list(p.plan.chosen)}
            for p in results.proposals
        },
        "tables": {
            **{f"communities of {name}": _digest(check.communities) for name, check in checks.items()},
            **{f"towns of {name}": _digest(check.shares) for name, check in checks.items()},
            **{f"scorecard of {day}": _digest(card.rows) for day, card in results.scorecards.items()},
            **{f"assignment of {p.id}": _digest(p.plan.assignment.to_frame()) for p in results.proposals},
            **{f"ranges of {r.circle.id}": _digest(r.communities) for r in results.ranges},
            "findings": _digest(results.findings),
        },
        "report": write.page(results).splitlines(),
    }


def _shares(shares: pd.DataFrame) -> dict[str, float]:
    large = shares[shares["level"].isin(["city", "county"])]
    return {f"{r.level} {r.area}": round(float(r.share_people), 9) for r in large.itertuples()}


def _digest(table: pd.DataFrame) -> str:
    text = table.round(6).to_csv(lineterminator="\n")
    return f"{len(table):,} rows {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def keep_answers() -> None:
    """Write what the suite holds the embedded study to; only where a difference is meant, and the changelog says so."""
    found = answers(qh.run_study(qh.read_study(qh.demo_folder())))
    KEPT.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def figures(folder: Path) -> dict[str, dict[str, str]]:
    """Every figure of a results folder, by file, then by its place in the file."""
    found = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in _READ and p.name != "manifest.json"):
        reader = _READERS.get(path.suffix, _lines)
        found[path.name] = {place: value for place, value in reader(path) if str(folder) not in value}
    return found


def differences(before: Path, after: Path) -> Iterator[str]:
    """Each figure that two results folders do not share."""
    old, new = figures(before), figures(after)
    for name in sorted(old.keys() | new.keys()):
        held, found = old.get(name, {}), new.get(name, {})
        places = [p for p in {**held, **found} if held.get(p) != found.get(p)]
        for place in places[:MOST_SHOWN]:
            yield f"{name}: {place}: {held.get(place, '(absent)')[:160]} -> {found.get(place, '(absent)')[:160]}"
        if len(places) > MOST_SHOWN:
            yield f"{name}: {len(places) - MOST_SHOWN:,} more"


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        yield f"line {number}", line


def _sheets(path: Path) -> Iterator[tuple[str, str]]:
    from openpyxl import load_workbook

    with closing(load_workbook(path, read_only=True)) as book:
        for sheet in book.worksheets:
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                yield f"{sheet.title} row {number}", json.dumps(row, ensure_ascii=False, default=str)


def _layers(path: Path) -> Iterator[tuple[str, str]]:
    import pyogrio

    for layer, _ in pyogrio.list_layers(path):
        table = pyogrio.read_dataframe(path, layer=layer)
        columns = {c: table.geometry.to_wkb(hex=True) if c == "geometry" else table[c] for c in table.columns}
        for number, row in enumerate(zip(*columns.values(), strict=True), 1):
            yield (
                f"{layer} row {number}",
                json.dumps(dict(zip(columns, map(str, row), strict=True)), ensure_ascii=False),
            )


def _records(path: Path) -> Iterator[tuple[str, str]]:
    yield from _leaves("", json.loads(path.read_text(encoding="utf-8")))


def _page(path: Path) -> Iterator[tuple[str, str]]:
    found = _MAP.search(path.read_text(encoding="utf-8"))
    if found is None and path.name == "map.html":
        raise SystemExit(f"{path} holds no figures where the map keeps them")
    yield from _lines(path) if found is None else _leaves("", json.loads(found[1]))


def _leaves(place: str, held: Any) -> Iterator[tuple[str, str]]:
    if isinstance(held, dict):
        for key, value in held.items():
            if key not in NO_ANSWER:
                yield from _leaves(f"{place}/{key}", value)
    elif isinstance(held, list) and held and isinstance(held[0], dict | list):
        for number, value in enumerate(held):
            yield from _leaves(f"{place}/{number}", value)
    else:
        yield place, json.dumps(held, ensure_ascii=False)


_READERS = {".xlsx": _sheets, ".gpkg": _layers, ".json": _records, ".html": _page}
_READ = {*_READERS, ".md", ".csv", ".txt"}
"""Endings of the files that are compared; papers hold what the report does."""


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = asked.add_subparsers(dest="verb", required=True)
    verbs.add_parser("keep")
    verbs.add_parser("run").add_argument("folder", type=Path)
    compare = verbs.add_parser("compare")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    given = asked.parse_args()
    if given.verb == "keep":
        keep_answers()
        return 0
    if given.verb == "run":
        run_studies(given.folder)
        return 0
    wrong = 0
    for name in STUDIES:
        if not ((given.before / name).is_dir() and (given.after / name).is_dir()):
            print(f"{name}: not compared, a folder is absent")
            continue
        found = list(differences(given.before / name, given.after / name))
        wrong += len(found)
        print(f"{name}: {'no difference' if not found else 'differs'}")
        for line in found:
            print(f"  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
