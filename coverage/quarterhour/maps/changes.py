"""Who gains and who loses by a plan, as a short table of its question's tab; every text is escaped here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.escape import escape_html
from quarterhour.base.labels import unit_label
from quarterhour.siting.outlook.change_sentences import end_said, minutes_said, reached_said

if TYPE_CHECKING:
    from quarterhour.siting.outlook.change import PlanChange

_COUNTS = ("gained", "lost", "moved", "stayed", "unserved")
_MOVES = 5


def change_columns(since: str, change: PlanChange, lang: str) -> dict[str, Any]:
    """A change as the page shows it: its heading, counts, the pairs of sites with most people, the worst off.

    ``since``: what the plan is held against, ``today`` or ``earlier``.
    """
    unit = unit_label(change.unit, lang)
    counts = [(count, f"{change.people(count):,} {unit}") for count in _COUNTS]
    counts += [(way, _way(change, way, unit, lang)) for way in ("nearer", "farther") if change.people(way)]
    room = "_room" if change.placed else ""
    return {
        "head": _said(f"change_{since}", lang),
        "counts": [[_said(f"change_{key}{room if key in ('gained', 'lost') else ''}", lang), escape_html(said)]
                   for key, said in counts],
        "moves_head": _said("change_moves", lang),
        "moves": [[*(escape_html(end_said(row, end, lang)) for end in ("from", "to")),
                   escape_html(f"{row['people']:,} {unit}")]
                  for row in change.moves.head(_MOVES).to_dict("records")],
        "worst_head": [_said("change_worst", lang), _said("change_before", lang), _said("change_after", lang)],
        "worst": [_worst(change, place, lang) for place in range(len(change.worst))],
    }  # fmt: skip


def _said(key: str, lang: str) -> str:
    return escape_html(i18n.say(f"questions.{key}", lang))


def _way(change: PlanChange, way: str, unit: str, lang: str) -> str:
    people = change.people(way)
    minutes = minutes_said(change.groups[f"minutes_{way}"].iloc[0] / people)
    return i18n.say("questions.change_by", lang, people=f"{people:,}", unit=unit, minutes=minutes)


def _worst(change: PlanChange, place: int, lang: str) -> list[str]:
    row = change.worst.iloc[place]
    name = str(change.worst.index[place]) if blank(row["name"]) else str(row["name"])
    ways = (reached_said(row[f"minutes_{when}"], change, lang) for when in ("before", "after"))
    return [escape_html(name), *map(escape_html, ways)]
