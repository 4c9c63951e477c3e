"""What a plan says of others that are as good, in words, from what is known."""

from __future__ import annotations

import pytest

from quarterhour.siting.question.plan import Ties

AB, NONE = ("a", "b"), ()


@pytest.mark.parametrize(
    ("ties", "key"),
    [
        (Ties((), AB, NONE), ["ties_none"]),
        (Ties((AB,), AB[:1], NONE), ["ties_some"]),
        (Ties((AB,), NONE, NONE), ["ties_any"]),
        (Ties((AB,), NONE, AB[1:]), ["ties_any", "ties_unsettled"]),
        (Ties((), NONE, AB), ["ties_unsettled"]),
    ],
)
def test_ties_are_said_from_what_is_known(ties: Ties, key: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says that no plan is as good while that is open."""
    monkeypatch.setattr("quarterhour.base.i18n.say", lambda key, lang, sites: f"{key} {lang} {sites}")
    said = ties.sentences("zh", {"a": "北"})
    assert [line.split()[0].removeprefix("outlook.") for line in said] == key


@pytest.mark.parametrize(("lang", "other"), [("zh", "北"), ("en", "North")])
def test_sites_go_by_their_names_and_else_by_their_ids(lang: str, other: str) -> None:
    (line,) = Ties((AB,), ("a", "7b"), NONE).sentences(lang, {"a": other})
    assert other in line and "7b" in line
