"""A change between two choices of sites in sentences, for report, page and console alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from quarterhour.base import i18n
from quarterhour.base.cells import blank
from quarterhour.base.errors import first_ids
from quarterhour.base.labels import people_label, unit_label
from quarterhour.siting.outlook.change import PlanChange

MOST_MOVES = 10
_FEW_MOVES = 3


def gain_lines(change: PlanChange, lang: str) -> Iterator[str]:
    """Who gains, loses and goes elsewhere; who has it nearer or farther; the same by each other column of people."""
    unit = unit_label(change.unit, lang)
    counts = {c: f"{change.people(c):,}" for c in ("gained", "lost", "moved", "stayed", "unserved")}
    key = "change.people_placed" if change.placed else "change.people"
    yield i18n.say(key, lang, **counts, total=f"{change.people('people'):,}", unit=unit)
    yield _ways(change, unit, lang)
    for group in other_groups(change):
        row = change.groups.loc[group]
        told = {c: f"{row[c]:,}" for c in ("gained", "lost", "unserved")}
        yield i18n.say("change.group", lang, group=people_label(group, lang), total=f"{row['people']:,}", **told)
    if not change.same_times:
        yield i18n.say("change.other_times", lang)


def other_groups(change: PlanChange) -> list[str]:
    """The columns of people beside the one that counts."""
    return [str(group) for group in change.groups.index if group not in ("", change.unit)]


def _ways(change: PlanChange, unit: str, lang: str) -> str:
    said = []
    for way in ("nearer", "farther"):
        people = change.people(way)
        if people:
            minutes = minutes_said(change.groups[f"minutes_{way}"].iloc[0] / people)
            said.append(i18n.say(f"change.{way}", lang, people=f"{people:,}", unit=unit, minutes=minutes))
    between = i18n.say("change.between", lang)
    return i18n.say("change.ways", lang, said=between.join(said)) if said else i18n.say("change.ways_same", lang)


def minutes_said(minutes: float) -> str:
    """Minutes with one decimal; more than none is never 0.0."""
    return "<0.1" if 0 < minutes < 0.05 else f"{minutes:,.1f}"


def site_lines(change: PlanChange, lang: str) -> Iterator[str]:
    """Which sites are open only after, and only before."""
    for what in ("opened", "closed"):
        ids = getattr(change, what)
        if ids:
            yield i18n.say(f"change.sites_{what}", lang, count=len(ids), ids=first_ids(ids, lang=lang))


def reached_said(minutes: float, change: PlanChange, lang: str) -> str:
    """The minutes of a community; in words where it is not covered."""
    if not blank(minutes):
        return i18n.say("change.minutes", lang, minutes=minutes_said(minutes))
    return i18n.say(f"change.{out_key(change)}", lang)


def out_key(change: PlanChange) -> str:
    """The word for those who are not covered."""
    return "out_of_room" if change.placed else "out_of_two" if change.sites_needed == 2 else "out"


def most_moved(change: PlanChange, lang: str) -> Iterator[str]:
    """The pairs of sites between which most people go elsewhere, in one sentence; none where nobody does."""
    both = change.moves[change.moves["from_site"].ne("") & change.moves["to_site"].ne("")].head(_FEW_MOVES)
    unit, between = unit_label(change.unit, lang), i18n.say("change.between_moves", lang)
    said = [
        i18n.say("change.move_short", lang, origin=end_said(row, "from", lang), to=end_said(row, "to", lang),
                 people=f"{row['people']:,}", unit=unit)
        for row in both.to_dict("records")
    ]  # fmt: skip
    if said:
        yield i18n.say("change.most_moved", lang, said=between.join(said))


def detail_lines(change: PlanChange, lang: str, *, most: int = MOST_MOVES) -> Iterator[str]:
    """Who goes from which site to which, and the communities worst off, a line each."""
    unit = unit_label(change.unit, lang)
    if len(change.moves):
        yield i18n.say("change.moves_head", lang, count=f"{len(change.moves):,}")
    for move in change.moves.head(most).to_dict("records"):
        origin, to = (end_said(move, end, lang) for end in ("from", "to"))
        told = {"people": f"{move['people']:,}", "communities": f"{move['communities']:,}"}
        yield i18n.say("change.move", lang, origin=origin, to=to, unit=unit, **told)
    if len(change.worst):
        yield i18n.say("change.worst_head", lang, count=len(change.worst))
    for community, row in zip(change.worst.index, change.worst.to_dict("records"), strict=True):
        before, after = (reached_said(row[f"minutes_{when}"], change, lang) for when in ("before", "after"))
        told = {"name": row["name"] or community, "people": f"{row['people']:,}", "unit": unit}
        yield i18n.say("change.worst", lang, **told, before=before, after=after)


def end_said(move: Mapping[object, object], end: str, lang: str) -> str:
    """A site of a move by its name, else its id; a word where there is none."""
    site = str(move[f"{end}_name"] or move[f"{end}_site"])
    return site or i18n.say("change.nowhere", lang)
