"""Cards: what a result shows of itself in a notebook."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

from chromium import HOSTILE, offline_page
from quarterhour.base.cards import Card, CardRow, card_html


def hostile_card() -> Card:
    """Every text of it is one that would run or read otherwise, were it taken for more than text."""
    told = " ".join(HOSTILE)
    rows = tuple(CardRow(name, name, 0.5) for name in HOSTILE)
    return Card(told, told, told, told, 0.5, rows, HOSTILE, (Card(told, told, rows=rows, lines=HOSTILE),))


def test_names_out_of_files_are_read_as_written_and_never_run(tmp_path: Path) -> None:
    html = f'<!doctype html><html lang="zh"><meta charset="utf-8"><body><main>{card_html(hostile_card())}</main></body>'
    with offline_page(html, tmp_path, shown="main") as page:
        assert page.evaluate("window.broken") is None
        assert not page.trouble
        assert page.evaluate("document.querySelectorAll('main img, main script, main a').length") == 0
        shown = page.inner_text("main")
    for name in HOSTILE:
        assert shown.count(name) >= 8


def test_a_card_asks_for_nothing_and_holds_no_script() -> None:
    tags = set(re.findall(r"<[^>]*>", card_html(hostile_card())))
    assert all(re.fullmatch(r'</?(div|span|strong|table|tr|td)( style="[\w:;%#.,/ -]*")?>', tag) for tag in tags)


def test_a_bar_stays_within_its_frame() -> None:
    drawn = [card_html(Card("k", "h", "1", share=share)) for share in (-1.0, 0.25, 3.0, float("nan"))]
    widths = [made.split("width:")[-1].split("%")[0] for made in drawn]
    assert widths == ["0.00", "25.00", "100.00", "0.00"]


def test_a_card_is_plain_values() -> None:
    card = hostile_card()
    assert json.loads(json.dumps(asdict(card)))["parts"][0]["rows"][0]["share"] == 0.5
    assert card._repr_html_() == card_html(card)
