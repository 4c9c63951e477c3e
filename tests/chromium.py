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
    "{% raw %}",
    "{# gone #}",
    "<img src=x onerror=window.broken=1>",
    "</script><script>window.broken=1</script>",
    "`${window.broken=1}`",
    "\"';window.broken=1;//",
    "\\u003cimg src=x onerror=window.broken=1\\u003e",
    "https://example.org/a.js",
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
        opened = started.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS, timeout=0)  # 0: no clock
        yield opened
        opened.close()


@contextmanager
def offline_page(html: str, folder: Path, *, shown: str) -> Iterator[Any]:
    """A page in a browser without a network, once ``shown`` is there; ``trouble``: complaints and requests."""
    file = folder / "map.html"
    file.write_text(html, encoding="utf-8")
    local = ("file:", "data:", "blob:")
    with chromium() as browser:
        page = browser.new_context(offline=True, viewport={"width": 1366, "height": 768}).new_page()
        page.trouble = []
        page.on("console", lambda m: page.trouble.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(local) else page.trouble.append(r.url))
        page.goto(file.as_uri())
        page.wait_for_selector(shown)
        yield page
