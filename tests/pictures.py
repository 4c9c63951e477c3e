"""Pictures of all that a meeting gets, to be looked at: the page at four sizes, its tabs and print, and the papers.

::

    python tests/pictures.py data/processed/weihai pictures

Pages of Word, Excel and PDF are drawn where LibreOffice (``soffice``) and ``pdftoppm`` are installed; what is left out
is said. The folder is made anew.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chromium import chromium

SIZES = ((1366, 768), (1920, 1080), (960, 600), (390, 844))
SHEETS = ("A4", "A3")
DOCUMENTS = ("report.docx", "coverage.xlsx")
DOTS_AN_INCH = 70


def main() -> None:
    """Draw all pictures of a folder of results."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("results", type=Path)
    ask.add_argument("out", type=Path)
    given = ask.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    for made in (*page_pictures(given.results / "map.html", given.out), *paper_pictures(given.results, given.out)):
        print(made)


def page_pictures(page: Path, out: Path) -> Iterator[str]:
    """The page as it opens, each tab, after the plan, what-if, and printed."""
    with chromium() as browser:
        for width, height in SIZES:
            tab = browser.new_page(viewport={"width": width, "height": height})
            yield from _opened(tab, page, out, f"page-{width}")
            if (width, height) == SIZES[0]:
                yield from _in_turn(tab, out)
            tab.close()


def _opened(tab: Any, page: Path, out: Path, name: str) -> Iterator[str]:
    tab.goto(page.resolve().as_uri())
    tab.wait_for_selector(".qh-legend")
    yield _kept(tab, out, name)


def _in_turn(tab: Any, out: Path) -> Iterator[str]:
    for size in SHEETS:
        tab.pdf(path=out / f"print-{size}.pdf", format=size, landscape=True, print_background=True)
        yield from _pages(out / f"print-{size}.pdf", out)
    for number in range(tab.locator("[role=tab]").count()):
        tab.locator("[role=tab]").nth(number).click()
        yield _kept(tab, out, f"page-tab-{number + 1}")
    tab.locator("[role=tab]").first.click()
    for name, what in (("after", ".qh-switch button >> nth=1"), ("what-if", "#qh-whatif summary")):
        if tab.locator(what).count():
            tab.click(what)
            tab.locator(what).scroll_into_view_if_needed()
            yield _kept(tab, out, f"page-{name}")


def _kept(tab: Any, out: Path, name: str) -> str:
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    tab.screenshot(path=out / f"{name}.png")
    return f"{name}.png"


def paper_pictures(results: Path, out: Path) -> Iterator[str]:
    """The pages of the papers and of the workbook as they print."""
    yield from _pages(results / "leaflet.pdf", out)
    office = shutil.which("soffice")
    if office is None:
        yield f"left out, LibreOffice is not here: {', '.join(DOCUMENTS)}"
        return
    for name in (name for name in DOCUMENTS if (results / name).is_file()):
        with tempfile.TemporaryDirectory() as folder:
            command = [office, "--headless", "--convert-to", "pdf", "--outdir", folder, str(results / name)]
            subprocess.run(command, check=True, capture_output=True)
            yield from _pages(Path(folder) / Path(name).with_suffix(".pdf").name, out)


def _pages(document: Path, out: Path) -> Iterator[str]:
    if not document.is_file():
        return
    if shutil.which("pdftoppm") is None:
        yield f"left out, pdftoppm is not here: {document.name}"
        return
    subprocess.run(["pdftoppm", "-r", str(DOTS_AN_INCH), "-png", str(document), str(out / document.stem)], check=True)
    yield from sorted(p.name for p in out.glob(f"{document.stem}-*.png"))


if __name__ == "__main__":
    main()
