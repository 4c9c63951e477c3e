"""The pictures of the gallery: the code of its page, run in its order on the embedded study.

::

    python docs/book/gallery.py

Some minutes; the same bytes from the same program, fonts and matplotlib.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
from PIL import Image

HERE = Path(__file__).resolve().parent
PAGE = HERE / "zh" / "gallery.md"
STUDY = HERE.parents[1] / "data" / "raw" / "weihai"
PIECE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WIDE = 1100


def pieces() -> list[str]:
    """The code of the page."""
    return PIECE.findall(PAGE.read_text(encoding="utf-8"))


def draw(folder: Path) -> list[Path]:
    """Run the pieces in a folder that has ``my-city``; the pictures that they wrote there, in their order."""
    with contextlib.chdir(folder):
        names: dict[str, Any] = {"__name__": "gallery"}
        for piece in pieces():
            exec(compile(piece, str(PAGE), "exec"), names)
        names["plt"].close("all")
    return [folder / name for name in re.findall(r'savefig\("([^"]+)"\)', "".join(pieces()))]


def main() -> None:
    """Draw them anew into ``pictures``."""
    from shrink import keep_picture

    matplotlib.use("Agg")
    with tempfile.TemporaryDirectory() as made:
        shutil.copytree(STUDY, Path(made) / "my-city")
        for path in draw(Path(made)):
            with Image.open(path) as drawn:
                kept = keep_picture(drawn, path.name, width=WIDE)
            sys.stdout.write(f"{kept.name} {kept.stat().st_size:,}\n")


if __name__ == "__main__":
    main()
