"""Services that answer as no service should: each call ends in time with a sentence, and nothing of it is kept."""

from __future__ import annotations

import importlib
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.hostile import ANSWERS, SLOW, Answer, Server, serving
from faults.tally import Tally
from quarterhour.base.errors import DataError, QuarterhourError, ServiceError
from quarterhour.io import osm
from quarterhour.io.geocode import WebGeocoder

BOX = (9.495, 47.095, 9.515, 47.115)
KEY, HIDDEN = "QUARTERHOUR_TEST_KEY", "a-hidden-key"
MOST_SECONDS, MOST_KB = 20.0, 1_500_000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    monkeypatch.setenv(KEY, HIDDEN)
    with serving() as running:
        yield running


def fetched(server: Server, folder: Path, *, timeout: float) -> None:
    """What a planner downloads."""
    osm.fetch(BOX, folder / "town", facility_kinds=["hospital"], endpoint=f"{server.address}/api", timeout=timeout)


def located(server: Server, folder: Path, *, timeout: float) -> None:
    """An address looked up."""
    WebGeocoder(
        "amap", key_env=KEY, cache=folder / "kept.json", url=f"{server.address}/geo", timeout=timeout,
        wait=lambda _: None,
    ).find("文化路1号")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    """OSMnx takes its seconds to be imported; that is no answer's fault."""
    importlib.import_module("osmnx")


def wrong_with(call: object, server: Server, folder: Path, answer: Answer) -> str:
    """What was lost by an answer; "" where the call ended with a sentence, in time, and left nothing."""
    assert callable(call)
    server.answer, begun = answer, time.monotonic()
    try:
        call(server, folder, timeout=1.0 if answer in SLOW else MOST_SECONDS)
    except QuarterhourError as error:
        said = f"{error} {error.sentence('zh')}"
        lost = "" if isinstance(error, ServiceError | DataError) else type(error).__name__
        lost += "the key is told" if HIDDEN in said else ""
    except Exception as error:
        lost = f"{type(error).__name__}: {error}"[:200]
    else:
        lost = "taken for an answer"
    lost += "" if time.monotonic() - begun < MOST_SECONDS else f" after {time.monotonic() - begun:.0f} s"
    lost += "".join(f" left {p.name}" for p in folder.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lost += f" peak {peak} kB" if peak > MOST_KB else ""
    return f"{answer.__name__}: {lost}" if lost else ""


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("call", [fetched, located])
def test_a_hostile_answer_is_told_and_leaves_nothing(
    server: Server, tmp_path: Path, tally: Tally, call: object, answer: Answer
) -> None:
    tally.count("hostile answer", lost=wrong_with(call, server, tmp_path, answer))
    assert len(server.asked) <= 4
