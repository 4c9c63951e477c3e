"""What the documents say of the code is there: every room and every fact file that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "coverage" / "quarterhour"
PAGES = ("docs/architecture.md", "docs/book/zh/architecture.md", "docs/book/en/architecture.md", "CONTRIBUTING.md")
WINGS = ("base", "network", "io", "travel", "standards", "services", "siting", "study", "maps", "report", "data")


def rooms(page: str) -> list[str]:
    """What a page sets in code and begins with a wing: ``travel/matrix``, ``io/places.as_places``."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return sorted(set(re.findall(rf"`((?:{'|'.join(WINGS)})/[\w/.]+)`", text)))


@pytest.mark.parametrize("page", PAGES)
def test_every_room_that_a_page_names_is_there(page: str) -> None:
    for room in rooms(page):
        path, _, name = room.partition(".") if not room.endswith((".toml", ".json")) else (room, "", "")
        found = [p for p in (SOURCE / path, SOURCE / f"{path}.py") if p.exists()]
        assert found, f"{page} names {room}"
        if name:
            assert re.search(rf"^(def |class )?{name}\b", found[-1].read_text(encoding="utf-8"), re.M), room


def test_the_pages_name_rooms_at_all() -> None:
    assert len(rooms("docs/architecture.md")) > 30
