"""What works side by side tell: one voice, in the order of the works."""

from __future__ import annotations

import itertools

import pytest

from quarterhour.study.progress import Turns

WORKS = ((("a", None), ("a", 0.5), ("a2", None)), (("b", None), ("b", 0.25), ("b", 1.0)), (("c", None),))


def told(order: tuple[int, ...]) -> list[tuple[str, float | None]]:
    """Texts and shares, where the works come to speak in this order: a place once for each thing it tells, and last."""
    heard: list[tuple[str, float | None]] = []
    turns, left = Turns(lambda text, share=None: heard.append((text, share)), len(WORKS)), [list(w) for w in WORKS]
    for place in order:
        if left[place]:
            turns.tell(place, *left[place].pop(0))
        else:
            turns.end(place)
    return heard


ORDERS = sorted(set(itertools.permutations([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])))[::37]


@pytest.mark.parametrize("order", [(0,) * 4 + (1,) * 4 + (2,) * 2, *ORDERS])
def test_the_texts_are_told_as_if_one_work_followed_the_other(order: tuple[int, ...]) -> None:
    assert [text for text, share in told(order) if share is None] == ["a", "a2", "b", "c"]


def test_the_first_is_heard_at_once_and_another_when_it_is_its_turn() -> None:
    heard: list[tuple[str, float | None]] = []
    turns = Turns(lambda text, share=None: heard.append((text, share)), 2)
    turns.tell(1, "b")
    turns.tell(1, "b", 0.5)
    turns.tell(1, "b", 0.75)
    turns.tell(0, "a")
    assert heard == [("a", None)]
    turns.end(0)
    assert heard == [("a", None), ("b", None), ("b", 0.75)]
    turns.tell(1, "b", 1.0)
    turns.end(1)
    assert heard[3:] == [("b", 1.0)]
