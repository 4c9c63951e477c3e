"""Two small pictures for README and book, from the results of ``make demo``: the page as it opens, and a map to print.

::

    PYTHONPATH=tests python docs/book/picture.py data/processed/weihai
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from chromium import chromium

HERE = Path(__file__).resolve().parent / "pictures"
WIDTH, COLOURS = 900, 48
PRINTED = "sites-town-elderly-centres.png"


def main(results: Path) -> None:
    """Write both; each under 200 kB."""
    HERE.mkdir(exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 760})
        page.goto((results / "map.html").resolve().as_uri())
        page.wait_for_selector(".qh-legend")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        _keep(Image.open(io.BytesIO(page.screenshot())), "map.png")
    _keep(Image.open(results / "maps" / PRINTED), "sites.png")


def _keep(picture: Image.Image, name: str) -> None:
    height = round(picture.height * WIDTH / picture.width)
    small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
