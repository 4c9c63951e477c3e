"""A run whose travel times are worked out elsewhere hands in the same files, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import quarterhour as qh
from command import quarterhour
from quarterhour.cli.options import Given
from quarterhour.io.cluster import workers
from quarterhour.travel.tiles import times
from quarterhour.travel.tiles.sizes import even_spans


class Elsewhere:
    """Workers who do each task here, the last first."""

    count, page, done = 2, "http://127.0.0.1:1/status", 0

    def each(self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], **_: str) -> Iterator[Any]:
        for number in reversed(range(len(tasks))):
            self.done += 1
            yield number, work(*tasks[number])


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Wherever ``--cluster`` says; every place that is searched from is a tile."""
    made = Elsewhere()

    @contextmanager
    def there(_: str) -> Iterator[Elsewhere]:
        yield made

    monkeypatch.setattr(workers, "workers_at", there)
    monkeypatch.setattr(times, "tile_spans", lambda question: even_spans(question.source_count, 1))
    return made


def files(folder: Path) -> dict[str, bytes]:
    every = (p for p in folder.rglob("*") if p.is_file() and "prepared" not in p.relative_to(folder).parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in every if p.name != "manifest.json"}


def manifest(folder: Path) -> Any:
    """What the manifest says, without the seconds of this run and the seal over them."""
    return timeless(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def timeless(told: Any) -> Any:
    return {k: timeless(v) for k, v in told.items() if k not in ("seconds", "seal")} if isinstance(told, dict) else told


def test_a_run_by_workers_hands_in_the_same_files(toy_study: Path, tmp_path: Path, elsewhere: Elsewhere) -> None:
    alone = quarterhour("run", toy_study, "--out", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    assert not elsewhere.done and "工作进程" not in alone.stderr
    spread = quarterhour("run", toy_study, "--out", tmp_path / "spread", "--cluster", "local:2")
    assert spread.returncode == 0, spread.stderr
    assert elsewhere.done > 4
    assert "由 2 个工作进程计算出行时间和分区求解的选址问题，监控页：http://127.0.0.1:1/status" in spread.stderr
    assert files(tmp_path / "alone") == files(tmp_path / "spread")
    assert manifest(tmp_path / "alone") == manifest(tmp_path / "spread")
    assert not list((tmp_path / "spread" / "prepared").glob(".tiles*"))


def test_who_computes_is_not_told_when_quiet(tmp_path: Path, elsewhere: Elsewhere, capsys: Any) -> None:
    for quiet, said in (
        (True, ""),
        (False, f"are computed by 2 workers; watch them at {elsewhere.page}\n"),
    ):
        with Given(cluster="tcp://127.0.0.1:1").computing(tmp_path, "en", quiet=quiet) as compute:
            told = capsys.readouterr().err
            assert compute is not None and told.endswith(said) and bool(told) != quiet


@pytest.mark.parametrize("command", ["check", "site", "plan"])
def test_every_command_that_searches_has_workers(
    command: str, toy_study: Path, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    only = ("--only", "tables") if command == "plan" else ()
    for out, where in ((tmp_path / "alone", ()), (tmp_path / "spread", ("--cluster", "local:2"))):
        done = quarterhour(command, toy_study, "--out", out, *only, *where)
        assert done.returncode == 0, done.stderr
        assert bool(elsewhere.done) == bool(where)
    assert files(tmp_path / "alone") == files(tmp_path / "spread")


def test_processes_of_this_machine_start_with_the_first_question_of_two_tiles(
    toy_study: Path, tmp_path: Path, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "tile_spans", lambda question: even_spans(question.source_count, 99))
    done = quarterhour("check", toy_study, "--out", tmp_path, "--cluster", "local:2", "--lang", "en")
    assert done.returncode == 0 and not elsewhere.done and "are computed by" not in done.stderr


def test_a_place_that_nobody_can_be_at_ends_the_run_before_it_begins(toy_study: Path, tmp_path: Path) -> None:
    done = quarterhour("run", toy_study, "--out", tmp_path, "--cluster", "everywhere", "--lang", "en")
    assert done.returncode == 1
    assert "--cluster cannot be everywhere. Write none (this process), local:2" in done.stderr
    assert "manifest.json" not in {p.name for p in tmp_path.iterdir()}


def test_the_front_door_takes_who_computes(toy_study: Path) -> None:
    asked: list[int] = []

    def compute(question: Any, spans: list[slice], _: Any) -> list[Any]:
        asked.append(len(spans))
        return [question.rows(span) for span in spans]

    for only in ({"siting": False}, {"circles_only": True}):
        asked.clear()
        found, alone = (qh.run_study(toy_study, compute=who, **only) for who in (compute, None))
        assert asked and same_circles(found, alone)


def same_circles(found: qh.Results, alone: qh.Results) -> bool:
    return all(c.communities.equals(d.communities) for c, d in zip(found.checks, alone.checks, strict=True))
