"""The gallery of the book: its code draws its pictures from the embedded study, and they are small."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType

import matplotlib
import pytest
from PIL import Image

import quarterhour as qh
from quarterhour.report.papers import fonts

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "book" / "pictures"


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "book"))
    import gallery as made  # type: ignore[import-not-found]

    return made  # type: ignore[no-any-return]


@pytest.mark.skipif(fonts.chinese_font() is None, reason="no Chinese font on this machine")
def test_its_code_draws_its_pictures(
    gallery: ModuleType, weihai_run: qh.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qh, "run_study", lambda _: weihai_run)
    matplotlib.use("Agg")
    shutil.copytree(gallery.STUDY, tmp_path / "my-city")
    with matplotlib.rc_context():
        for path in gallery.draw(tmp_path):
            with Image.open(path) as drawn, Image.open(PICTURES / path.name) as kept:
                shape = min(gallery.WIDE, drawn.width) / drawn.width
                assert kept.size == pytest.approx((drawn.width * shape, drawn.height * shape), abs=1.5), path.name


def test_each_picture_is_shown_and_small(gallery: ModuleType) -> None:
    names = re.findall(r'savefig\("([^"]+)"\)', "".join(gallery.pieces()))
    for code in ("zh", "en"):
        text = (ROOT / "docs" / "book" / code / "gallery.md").read_text(encoding="utf-8")
        assert re.findall(r"!\[[^\]]+\]\(pictures/([^)]+)\)", text) == [*names, "map.png", "sites.png"]
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert set(sizes) == {*names, "map.png", "sites.png"}
    assert max(sizes[name] for name in names) < 150_000 and sum(sizes.values()) < 1_000_000
