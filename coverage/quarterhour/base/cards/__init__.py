"""What a result shows of itself at a glance: the card that notebook, page and papers read its first figures from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from quarterhour.base.cells import blank
from quarterhour.base.escape import escape_html
from quarterhour.base.labels import percent


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many, ``met`` of ``total``, and their ``share`` from 0 to 1; None: not told, or nobody to count.

    >>> Count(12, 34, 12 / 34).left, Count(12, 34, 12 / 34).percent, Count(total=34).left, Count(0, 0).percent
    (22, '35.3%', None, '—')
    """

    met: int | None = None
    total: int | None = None
    share: float | None = None

    @classmethod
    def of(cls, met: Any, total: Any, share: Any) -> Count:
        """Of cells of a table; a blank one is not told."""
        whole = [None if blank(n) else int(n) for n in (met, total)]
        return cls(whole[0], whole[1], None if blank(share) else float(share))

    @property
    def left(self) -> int | None:
        """The others."""
        return None if self.met is None or self.total is None else self.total - self.met

    @property
    def percent(self) -> str:
        """The share as it is read."""
        return percent(self.share)

    def values(self) -> dict[str, Any]:
        """Plain values, with the share as it is read."""
        return {"met": self.met, "total": self.total, "left": self.left, "share": self.share, "percent": self.percent}


@dataclass(frozen=True, slots=True)
class CardRow:
    """A line of a card: a name, what is said of it, and a share from 0 to 1 for its bar; None: no bar.

    ``id``: of what it is about. ``count``: what is said, in numbers; ``before``: the same as it stands without what
    the card is about.
    """

    name: str
    said: str
    share: float | None = None
    id: str = ""
    count: Count | None = None
    before: Count | None = None


@dataclass(frozen=True, slots=True)
class CardTable:
    """The same figure by areas of another cut: its name, what stands above it, and its rows."""

    id: str
    head: str
    rows: tuple[CardRow, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A result at a glance, in one language: plain texts and numbers, whoever draws them.

    ``kind``: what it is. ``heading``: whose. ``big``: its first figure, ``said`` what that counts, ``share`` its bar.
    ``rows``: the same by area. ``lines``: sentences below. ``parts``: cards inside. ``id``: of what it is about.
    ``count``: the first figure in numbers; ``before``: the same without what the card is about. ``further``: the same
    by areas of other cuts.
    """

    kind: str
    heading: str
    big: str = ""
    said: str = ""
    share: float | None = None
    rows: tuple[CardRow, ...] = ()
    lines: tuple[str, ...] = ()
    parts: tuple[Card, ...] = ()
    id: str = ""
    count: Count | None = None
    before: Count | None = None
    further: tuple[CardTable, ...] = ()

    def table(self, name: str) -> tuple[CardRow, ...]:
        """The rows of another cut; none where there is no such one."""
        return next((table.rows for table in self.further if table.id == name), ())

    def values(self) -> dict[str, Any]:
        """The card as plain values for JSON, every text as it is: who draws it escapes."""
        made: dict[str, Any] = _plain(self)
        return made

    def __repr__(self) -> str:
        return f"<Card {self.kind} {self.heading}: {self.big}>"

    def _repr_html_(self) -> str:
        return card_html(self)


class Carded(ABC):
    """A result that shows itself in a notebook as its card."""

    @abstractmethod
    def card(self, lang: str = "zh") -> Card:
        """The result at a glance, in a language."""

    def _repr_html_(self) -> str:
        return card_html(self.card())


def _plain(value: Any) -> Any:
    if isinstance(value, Count):
        return value.values()
    if isinstance(value, Card | CardRow | CardTable):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


class _Html(str):
    """Text that is HTML already; every other text is escaped where it enters."""

    __slots__ = ()


_FRAME = (
    "box-sizing:border-box;max-width:560px;margin:4px 0;padding:10px 14px;border:1px solid #cfd5dc;border-radius:6px;"
    "background:#ffffff;color:#23272e;font:13px/1.5 sans-serif;text-align:left;overflow-wrap:anywhere"
)
_PART = "margin-top:10px;padding-top:8px;border-top:1px solid #e3e7ec"
_FAINT, _CELL = "color:#5d636c", "border:0;background:#ffffff;color:#23272e;text-align:left;vertical-align:middle"


def card_html(card: Card) -> str:
    """A card as a piece of HTML that stands by itself: styles inside, no script, nothing asked for from outside."""
    return _element("div", _FRAME, *_inside(card))


def _inside(card: Card) -> list[_Html]:
    head = _element("span", _FAINT, card.kind), _Html(" "), _element("strong", "font-size:15px", card.heading)
    made = [_element("div", "", *head)]
    if card.big:
        figure = _element("strong", "font-size:26px;line-height:1.2", card.big)
        made.append(_element("div", "", figure, _Html(" "), _element("span", _FAINT, card.said)))
    made += [_bar(card.share)] if card.share is not None else []
    made += [_table(card.rows)] if card.rows else []
    for table in card.further:
        made += [_element("div", f"{_FAINT};margin-top:6px", table.head), _table(table.rows)]
    made += [_element("div", _FAINT, line) for line in card.lines]
    return made + [_element("div", _PART, *_inside(part)) for part in card.parts]


def _table(rows: tuple[CardRow, ...]) -> _Html:
    drawn = [
        _element(
            "tr", "background:#ffffff", _element("td", f"{_CELL};padding:1px 10px 1px 0", row.name),
            _element("td", f"{_CELL};padding:1px 10px 1px 0;width:140px", "" if row.share is None else _bar(row.share)),
            _element("td", f"{_CELL};padding:1px 0", row.said),
        )
        for row in rows
    ]  # fmt: skip
    table = _element("table", "border-collapse:collapse;margin:0;font-size:13px", *drawn)
    return _element("div", "max-height:220px;overflow-y:auto;margin-top:6px", table)


def _bar(share: float) -> _Html:
    width = min(max(share, 0.0), 1.0) if share == share else 0.0
    filled = _element("div", f"width:{100 * width:.2f}%;height:8px;background:#1d5fa8;border-radius:4px")
    return _element("div", "height:8px;background:#e3e7ec;border-radius:4px;overflow:hidden", filled)


def _element(tag: str, style: str, *inside: str) -> _Html:
    """The one place where texts become HTML: what is no HTML of ours is escaped."""
    told = "".join(part if isinstance(part, _Html) else escape_html(part) for part in inside)
    styled = f' style="{style}"' if style else ""
    return _Html(f"<{tag}{styled}>{told}</{tag}>")
