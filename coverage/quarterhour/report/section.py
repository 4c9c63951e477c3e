"""A section of the results (a table with heading and notes), and how its figures, names and columns read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.cells import blank, texts
from quarterhour.base.kinds import kinds_said
from quarterhour.base.labels import figure, names_of, people_label, percent, threshold_figure
from quarterhour.standards.circle import CITY, CircleCheck, by_level
from quarterhour.standards.levels import AREA_COLUMNS, levels_of
from quarterhour.study.cards.names import area_labels, names_by_area
from quarterhour.study.cards.names import area_names as names_of_areas
from quarterhour.study.results import Proposal, Results
from quarterhour.study.study import study_rules

Told = tuple[Mapping[str, Any] | pd.DataFrame, Sequence[str]]
"""A part of a section: its columns, and its sentences."""


@dataclass(frozen=True, eq=False)
class Section:
    """A further table of the results: a sheet of the workbook and a part of the page.

    ``key``: words ``report.sheet_KEY`` and ``report.part_KEY``. ``table``: columns named as ``report.col_*`` of the
    words; one whose name ends in ``share`` or ``gap`` is a percentage. ``lines``: sentences for the page.
    ``page_rows``: how many rows the page shows; the workbook has them all. ``shares``: rows whose value and threshold
    are percentages, where a table has some.
    """

    key: str
    table: pd.DataFrame
    lines: tuple[str, ...] = ()
    page_rows: int = 15
    shares: tuple[bool, ...] | None = None


def joined_section(
    key: str,
    parts: Iterable[Told | None],
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    page_rows: int = 15,
) -> Iterator[Section]:
    """One section of what several questions or areas were told, one below the other; none where nothing was.

    ``before``, ``after``: sentences around those of the parts.
    """
    told = [part for part in parts if part is not None]
    if told:
        table = pd.concat([pd.DataFrame(columns) for columns, _ in told], ignore_index=True)
        lines = (line for _, said in told for line in said)
        yield Section(key, table, (*before, *lines, *after), page_rows)


def say_of(page: str, key: str, lang: str, **values: object) -> str:
    """A sentence of a page of the words."""
    return i18n.say(f"{page}.{key}", lang, **values)


def site_columns(results: Results, p: Proposal, sites: pd.Index) -> dict[str, Any]:
    """Which sites a row is about: their names and towns; their ids stand in a table of sites."""
    rows = p.sites.loc[sites]
    return {
        "name": [name or site for name, site in zip(texts(rows["name"]), sites, strict=True)],
        "town": names_of(rows["town"], names_by_area(results.inputs.towns)),
    }


def headed(columns: Mapping[str, Any] | pd.DataFrame, lang: str) -> pd.DataFrame:
    """A table whose column labels are ``key TAB heading``; a key without words is its own heading.

    What stands behind an ``@`` in a key says of what the column is, and is part of the heading.
    """
    table = pd.DataFrame(columns)
    keys = [" ".join(str(k).split()) for k in table]
    return table.set_axis([f"{key}\t{heading(key, lang)}" for key in keys], axis=1)


def heading(key: str, lang: str) -> str:
    own, _, of = key.partition("@")
    own = f"{own}_of" if of and i18n.entry(f"report.col_{own}_of") else own
    said = i18n.say(f"report.col_{own}", lang) if i18n.entry(f"report.col_{own}") else people_label(own, lang)
    return f"{of} {said}" if of else said


def circle_name(check: CircleCheck, lang: str) -> str:
    return f"{check.circle.name(lang)} · {check.mode_name(lang)}"


def area_names(results: Results) -> dict[tuple[str, str], str]:
    """Names by level and id, as ``study.cards.names`` has them."""
    return names_of_areas(results.inputs, results.scorecard)


def changed_line(results: Results, lang: str) -> str:
    """What the study of the results changes of another, in a sentence; "" where it is no scenario."""
    changes = results.study.changes.sentences(lang)
    return i18n.say("scenario.head", lang, changes=("；" if lang == "zh" else "; ").join(changes)) if changes else ""


def opening_lines(results: Results, lang: str) -> list[str]:
    """What stands at the head of the results: what a scenario changes, and circles that ask for a kind of which there
    is not one facility."""
    changed = changed_line(results, lang)
    return ([changed] if changed else []) + [
        i18n.say(
            f"study.{'no_facility' if check.impossible else 'no_such_kind'}", lang,
            id=check.circle.name(lang), value=kinds_said(check.absent, lang, results.study.kinds),
        )
        for check in results.checks if check.absent
    ]  # fmt: skip


def rule_names(results: Results, lang: str) -> dict[str, str]:
    """Rules by id as they are called: what keeps sites away, figures to plan with, promises."""
    sets = study_rules(results.study)
    every = (rule for rules in sets for rule in (*rules.targets, *rules.exclusions, *rules.figures))
    return {rule.id: getattr(rule, lang) or rule.id for rule in every}


def rule_layers(results: Results) -> dict[str, str]:
    """The layer that each rule which keeps sites away is measured against, by the rule's id."""
    return {rule.id: rule.layer for rules in study_rules(results.study) for rule in rules.exclusions}


def rules_said(ids: Iterable[str], known: Mapping[str, str], lang: str) -> str:
    """Several rules by name, one behind the other."""
    return ("、" if lang == "zh" else "; ").join(
        known.get(i, i18n.label("tables", i, lang)) for i in dict.fromkeys(ids)
    )


def named_areas(rows: pd.DataFrame, lang: str) -> list[str]:
    """The areas of a scorecard's rows by name; the city by what it is."""
    city = i18n.say("report.city", lang)
    return [city if area == "city" else name for area, name in zip(rows["area"], rows["area_name"], strict=True)]


def area_columns(
    table: pd.DataFrame, levels: Sequence[str], names: Mapping[tuple[str, str], str], lang: str
) -> dict[str, list[str]]:
    """The areas that the rows of a table lie in, by name: a column for each level that the table has."""
    columns = [(level, AREA_COLUMNS[level]) for level in levels]
    return {column: area_labels(table[column], level, names, lang) for level, column in columns if column in table}


def labels(prefix: str, values: Iterable[Any], lang: str) -> list[str]:
    """Values by the words at ``prefix`` and the value (``report.reason_`` and ``met``); one without words as it is."""
    known = {v: i18n.entry(f"{prefix}{v}") for v in dict.fromkeys(values) if not blank(v)}
    return ["" if blank(v) else (known[v] or {lang: str(v)})[lang] for v in values]


def levels(table: pd.DataFrame, lang: str) -> list[str]:
    """The level of each row of a scorecard or its summary, or the classes of it that the promise is made to."""
    return [level_said(level, to, lang) for level, to in zip(table["level"], table["applies_to"], strict=True)]


def level_said(level: str, applies_to: Sequence[str] | str, lang: str) -> str:
    """A level of areas, or the classes of it that something is promised to: 镇街, and 镇 where the 街道 are not meant.

    >>> level_said("town", (), "zh"), level_said("town", ("town",), "zh"), level_said("town", "", "en")
    ('镇街', '镇（乡）', 'town')
    """
    classes = applies_to.split(", ") if isinstance(applies_to, str) else applies_to
    return classes_said(classes, lang) if any(classes) else i18n.say(f"report.level_{level}", lang)


def classes_said(classes: Sequence[str], lang: str) -> str:
    """Classes of areas by name."""
    return i18n.say("columns.between", lang).join(i18n.label("labels", f"class_{name}", lang) for name in classes)


def yes_or_no(value: object, lang: str) -> str:
    return i18n.say("report.yes" if value else "report.no", lang)


def figures(table: pd.DataFrame, column: str) -> list[str]:
    """A column of a scorecard, each figure in the unit of its row and on its side of the row's threshold."""
    rows = zip(table[column], table["unit"], table["threshold"], strict=True)
    return [figure(value, unit, against=threshold) for value, unit, threshold in rows]


def thresholds(table: pd.DataFrame, lang: str) -> list[str]:
    """The threshold of each row of a scorecard or its summary; of one that is about so many with that word."""
    return [threshold_said(row, lang) for row in table.itertuples()]


def threshold_said(row: Any, lang: str) -> str:
    said = threshold_figure(row.threshold, row.unit)
    return i18n.say("report.about", lang, figure=said) if row.about else said


def rounded_up(factor: float) -> float:
    """Three decimals, never below: at the speed that is said a community is still covered."""
    return math.ceil(round(factor * 1000, 6)) / 1000 if math.isfinite(factor) else math.nan


def city_row(check: CircleCheck) -> pd.Series:
    return by_level(check.shares, CITY).iloc[0]


def area_shares(check: CircleCheck, level: str, names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    """The areas of a level with ``name, people, people_met, share_people``, in the order in which they are told.

    The share is missing where nobody lives, and where what the circle asks for stands nowhere.
    """
    rows = by_level(check.shares, level)
    told = rows[["people", "people_met"]].assign(share_people=check.shown_shares(level))
    told.insert(0, "name", area_labels(rows.index, level, names, lang))
    return told


def further_lines(check: CircleCheck, names: Mapping[tuple[str, str], str], lang: str) -> list[str]:
    """A circle by reporting unit and by class, a line each; none where the study has none."""
    between, lines = i18n.say("columns.between", lang), []
    for level in levels_of(check.shares):
        said = [_area_said(row, lang) for row in area_shares(check, level, names, lang).itertuples()]
        named = i18n.say(f"report.level_{level}", lang)
        lines.append(i18n.say("report.levels_line", lang, level=named, said=between.join(said)))
    return lines


def _area_said(row: Any, lang: str) -> str:
    if blank(row.people_met) or blank(row.people):
        return i18n.say("report.area_withheld", lang, name=row.name)
    met, people = int(row.people_met), int(row.people)
    return i18n.say("report.area_said", lang, name=row.name, share=percent(row.share_people), met=met, people=people)


def met_of(row: Any, lang: str) -> str:
    if row.areas_no_data == row.areas:
        return i18n.say("report.met_no_data", lang)
    if row.areas == 1:
        return i18n.say("report.met_true" if row.areas_met else "report.met_false", lang)
    return f"{row.areas_met:,} / {row.areas - row.areas_no_data:,}"


def paces(check: CircleCheck, compare: Sequence[CircleCheck]) -> list[CircleCheck]:
    return [c for c in compare if c.circle.id == check.circle.id]
