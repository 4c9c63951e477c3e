"""The rules as a planner reads them: listed, explained, compared between two dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from quarterhour.base import i18n
from quarterhour.base.errors import DataError
from quarterhour.base.labels import percent
from quarterhour.report.section import classes_said, level_said
from quarterhour.standards.rules import (
    Exclusion,
    Figure,
    Rule,
    RuleSet,
    compare_dates,
    read_rule_set,
    rule_sets,
    to_be_filled,
)
from quarterhour.standards.targets import Target
from quarterhour.study.study import read_study, study_rules


def rulebook_lines(
    names: Sequence[str],
    *,
    explain: str | None = None,
    on: str | None = None,
    compare: tuple[str, str] | None = None,
    expiring: str | None = None,
    lang: str = "zh",
) -> list[str]:
    """Lines about rule sets (names, rule files, or a study's); all that come with the program when none is named.

    ``expiring``: those that lapse by this day, the first to lapse first; with ``on``, of those in force on that day;
    and then the rows that are still to be filled, which are in force on no day.
    """
    sets = [found for name in names or rule_sets() for found in _sets(name)]
    if compare is not None:
        return list(_compared(sets, as_day(compare[0]), as_day(compare[1]), lang))
    blank = list(_to_fill(sets, lang))
    if on is not None:
        sets = [rules.on(as_day(on)) for rules in sets]
    if expiring is not None:
        return [*_expiring(sets, as_day(expiring), lang), *blank]
    if explain is not None:
        return list(_explained(sets, explain, lang))
    return [line for rules in sets for line in _listed(rules, lang)]


def as_day(text: str) -> date:
    """A day as 2026-03-30. DataError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError("rulebook.bad_day", given=text) from None


def _sets(name: str) -> tuple[RuleSet, ...]:
    path = Path(name)
    if name not in rule_sets() and (path.is_dir() or path.name == "study.toml"):
        return study_rules(read_study(path))
    return (read_rule_set(name),)


def _listed(rules: RuleSet, lang: str) -> Iterator[str]:
    yield f"{rules.id} · {rules.name(lang)}"
    for rule in rules.every():
        yield f"  {_line(rule, lang)}"


def _expiring(sets: Sequence[RuleSet], by: date, lang: str) -> Iterator[str]:
    yield i18n.say("rulebook.expiring", lang, by=by)
    lapsing = [(rule.effective_to, rules, rule) for rules in sets for rule in rules.every()
               if rule.effective_to and rule.effective_to <= by.isoformat()]  # fmt: skip
    for _, rules, rule in sorted(lapsing, key=lambda one: one[0]):
        yield f"- {rules.name(lang)} · {_line(rule, lang)}"
    if not lapsing:
        yield i18n.say("rulebook.none_expiring", lang)


def _to_fill(sets: Sequence[RuleSet], lang: str) -> Iterator[str]:
    found = [(rules, rule) for rules in sets for rule in to_be_filled(rules.every())]
    if found:
        yield i18n.say("rulebook.to_be_filled", lang, count=len(found))
    for rules, rule in found:
        yield f"- {rules.name(lang)} · {_line(rule, lang)}"


def _line(rule: Rule, lang: str) -> str:
    doubt = "" if rule.verified else i18n.say("report.unverified", lang)
    return f"{rule.id}{_level(rule, lang)} · {rule.name(lang)} · {_asks(rule, lang)} · {_dates(rule, lang)}{doubt}"


def _level(rule: Rule, lang: str) -> str:
    return f" [{level_said(rule.level, rule.applies_to, lang)}]" if isinstance(rule, Target) else ""


def _asks(rule: Rule, lang: str) -> str:
    if rule.to_fill:
        return i18n.say("rulebook.to_fill", lang)
    if isinstance(rule, Exclusion):
        key = "rulebook.keep_off" if rule.metres else "rulebook.keep_out"
        return i18n.say(key, lang, metres=f"{rule.metres:,g}", layer=rule.layer)
    value = rule.value if isinstance(rule, Figure) else rule.threshold
    sense = rule.sense if isinstance(rule, Target) else "figure"
    if rule.unit == "share":
        return i18n.say(f"rulebook.{sense}", lang, value=percent(value), unit="").rstrip()
    unit = i18n.label("scorecard", f"unit_{rule.unit}", lang).removeprefix("unit_")
    return i18n.say(f"rulebook.{sense}", lang, value=f"{value:,g}", unit=unit)


def _dates(rule: Rule, lang: str) -> str:
    open_end = i18n.say("rulebook.open", lang)
    return f"{rule.effective_from or open_end} – {rule.effective_to or open_end}"


def _explained(sets: Sequence[RuleSet], wanted: str, lang: str) -> Iterator[str]:
    every = [rule for rules in sets for rule in rules.every()]
    found = [rule for rule in every if rule.id == wanted]
    if not found:
        known = ", ".join(dict.fromkeys(rule.id for rule in every))
        raise DataError("rulebook.no_rule", rule=wanted, known=known)
    for rule in found:
        yield _line(rule, lang)
        yield f"  {i18n.say('rulebook.clause', lang)}: {rule.clause or '—'}"
        yield f"  {i18n.say('rulebook.source', lang)}: {rule.source or '—'}, {rule.date or '—'}"
        yield f"  {i18n.say('rulebook.how', lang)}: {_how(rule, lang)}"


def _how(rule: Rule, lang: str) -> str:
    if rule.to_fill:
        return i18n.say("rulebook.how_to_fill", lang)
    if isinstance(rule, Exclusion):
        return i18n.say("rulebook.how_exclusion", lang, kinds=", ".join(rule.kinds), layer=rule.layer,
                         metres=f"{rule.metres:,g}")  # fmt: skip
    if isinstance(rule, Figure):
        return i18n.say("rulebook.how_figure", lang)
    lists = {name: ", ".join(getattr(rule, name)) or "—" for name in ("kinds", "columns", "classes", "modes")}
    texts = {name: getattr(rule, name) or "—" for name in ("table", "of", "people")}
    minutes = ", ".join(f"{m:g}" for m in rule.minutes) or "—"
    each = "" if rule.each is None else i18n.say(f"rulebook.each_{rule.each_sense}", lang, each=f"{rule.each:,g}")
    how = i18n.say(
        f"rulebook.how_{rule.measure}",
        lang,
        **lists,
        **texts,
        minutes=minutes,
        per=f"{rule.per:,g}",
        each=each,
        served_by=_served_by(rule, lang),
    )
    return how + "".join(_to_whom(rule, lang))


def _to_whom(rule: Target, lang: str) -> Iterator[str]:
    """What a promise says of its areas, its facilities and its figure beyond the measure."""
    if rule.applies_to:
        yield i18n.say("rulebook.applies_to", lang, classes=classes_said(rule.applies_to, lang))
    if rule.facility_level:
        yield i18n.say("rulebook.facility_level", lang, level=i18n.say(f"report.level_{rule.facility_level}", lang))
    if rule.about:
        yield i18n.say("rulebook.about", lang, margin=percent(rule.about_within))


def _served_by(rule: Target, lang: str) -> str:
    """The ways in which a place counts as served, one of them being enough."""
    minutes, share = ", ".join(f"{m:g}" for m in rule.minutes), percent(rule.least_share)
    said = {"minutes": minutes, "modes": ", ".join(rule.modes), "people": rule.people, "share": share}
    return i18n.say("labels.or", lang).join(i18n.say(f"rulebook.served_{way}", lang, **said) for way in rule.served_by)


def _compared(sets: Sequence[RuleSet], before: date, after: date, lang: str) -> Iterator[str]:
    yield i18n.say("rulebook.compared", lang, before=before, after=after)
    changed = [change for rules in sets for change in compare_dates(rules.every(), before, after)]
    for _, old, new in changed:
        if old is not None:
            yield f"- {_line(old, lang)}"
        if new is not None:
            yield f"+ {_line(new, lang)}"
    if not changed:
        yield i18n.say("rulebook.no_change", lang)
