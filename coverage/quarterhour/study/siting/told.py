"""What the engine makes of a choice that was tried on the page, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from quarterhour.base import i18n
from quarterhour.base.labels import gap_percent, unit_label
from quarterhour.siting.outlook.change_sentences import detail_lines, gain_lines
from quarterhour.siting.question.plan import relative_gap
from quarterhour.study.siting.tried import TriedAgain
from quarterhour.study.study import Study, study_mode, study_question


def tried_lines(study: Study, again: TriedAgain, lang: str) -> Iterator[str]:
    """The choice, the engine's count beside the browser's, the question's conditions, and the gap to what is proven."""
    tried = again.tried
    mode = study_mode(study, tried.mode, tried.circle or tried.question)
    yield i18n.say(
        "tried.head", lang, name=again.zh if lang == "zh" else again.en, opened=len(tried.opened),
        closed=len(tried.closed), mode=mode.name(lang), minutes=tried.minutes, turnout=tried.turnout_minutes,
        pace=tried.pace,
    )  # fmt: skip
    if not again.own_standard:
        yield i18n.say("tried.other_standard", lang)
    yield i18n.say("tried.counted", lang, **_people(again.before, again.after, again.total), unit=_unit(again, lang))
    yield i18n.say(
        "tried.agrees" if again.agrees else "tried.differs", lang, **_people(tried.before, tried.after, tried.total)
    )
    if again.without_room:
        yield i18n.say("tried.without_room", lang)
    if tried.question:
        question = study_question(study, tried.question)
        name = question.name(lang)
        why = "" if again.broken is None else again.broken.sentence(lang)
        yield i18n.say("tried.keeps" if again.broken is None else "tried.breaks", lang, question=name, why=why)
    yield from _beside_the_best(again, lang)
    for lines in (gain_lines, detail_lines):
        yield from lines(again.change, lang)


def _people(before: int, after: int, total: int) -> dict[str, str]:
    return {"before": f"{before:,}", "after": f"{after:,}", "total": f"{total:,}"}


def _unit(again: TriedAgain, lang: str) -> str:
    return unit_label(again.unit, lang)


def _beside_the_best(again: TriedAgain, lang: str) -> Iterator[str]:
    best, unit = again.best, _unit(again, lang)
    if best.status not in ("optimal", "bounded"):
        yield i18n.say("tried.no_best", lang)
        return
    under = "conditions" if again.tried.question and again.conditions else "none" if again.tried.question else "circle"
    yield i18n.say(
        "tried.best_proven" if best.status == "optimal" else "tried.best_bounded", lang, count=len(again.tried.opened),
        under=i18n.say(f"tried.under_{under}", lang), most=f"{again.most:,}", found=f"{best.covered:,}", unit=unit,
    )  # fmt: skip
    short = again.most - again.after
    key = "tried.gap" if short > 0 else "tried.gap_none" if short == 0 else "tried.gap_beyond"
    gap = gap_percent(relative_gap(again.after, again.most)) if short > 0 else ""
    yield i18n.say(key, lang, short=f"{short:,}", more=f"{-short:,}", gap=gap, unit=unit)
