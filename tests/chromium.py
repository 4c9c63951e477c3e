"""The browser that tests open pages in: Chromium, cut off from any network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
HOSTILE = (
    "{{7*7}}",
    "<img src=x onerror=window.broken=1>",
    "</script><script>window.broken=1</script>",
    "`${window.broken=1}`",
    "\"';window.broken=1;//",
    "&lt;b&gt;",
)
"""Names that would run, or read otherwise, on a page that took them for more than text."""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser for a while; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS, timeout=0)
        yield opened
        opened.close()
