"""The embedded study comes to the same answers as before; a difference that is meant is kept anew, and told."""

from __future__ import annotations

import json

import quarterhour as qh
from yardstick import KEPT, answers


def test_the_embedded_study_comes_to_the_answers_that_are_kept(weihai_run: qh.Results) -> None:
    found = json.loads(json.dumps(answers(weihai_run), ensure_ascii=False))
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    for part in ("circles", "plans", "tables"):
        assert found[part] == kept[part]
    assert found["report"] == kept["report"]
