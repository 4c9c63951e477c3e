"""Two small pictures for README and book, from the results of ``make demo``: the page as it opens, and a map to print.

::

    PYTHONPATH=tests python docs/book/picture.py data/processed/weihai
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from shrink import keep_picture

from chromium import chromium

PRINTED = "sites-town-elderly-centres.png"


def main(results: Path) -> None:
    """Write both; each under 200 kB."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 760})
        page.goto((results / "map.html").resolve().as_uri())
        page.wait_for_selector(".qh-legend")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        keep_picture(Image.open(io.BytesIO(page.screenshot())), "map.png")
    keep_picture(Image.open(results / "maps" / PRINTED), "sites.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
