"""Kinds of facilities as they are shown: the study's own name and look before the program's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from quarterhour.base import i18n

Symbol: TypeAlias = Literal["square", "diamond", "triangle"]


@dataclass(frozen=True, slots=True)
class KindLook:
    """What a study says of a kind: its names, its colour on the map (``#rrggbb``; "" the program's) and its mark."""

    zh: str = ""
    en: str = ""
    colour: str = ""
    symbol: Symbol = "square"


KindLooks: TypeAlias = Mapping[str, KindLook]
PLAIN = KindLook()


def kind_label(kind: str, lang: str, looks: KindLooks) -> str:
    """A kind's name: the study's, else the program's, else the study's in the other language, else its id.

    >>> kind_label("gp", "en", {"gp": KindLook(zh="社区医院", en="surgery")}), kind_label("hospital", "zh", {})
    ('surgery', '医院')
    """
    own = looks.get(kind, PLAIN)
    said = own.zh if lang == "zh" else own.en
    if said or i18n.entry(f"kinds.{kind}") is not None:
        return said or i18n.label("kinds", kind, lang)
    return own.zh or own.en or kind


def kinds_said(kinds: Iterable[str], lang: str, looks: KindLooks) -> str:
    """Several kinds in a sentence."""
    return i18n.say("labels.or", lang).join(kind_label(kind, lang, looks) for kind in kinds)
