"""The sheet of charts: counties, the towns that are worst off, what each number of sites covers, the years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterhour.base.labels import counted_label, goal_label
from quarterhour.report.book import looks
from quarterhour.report.book.sheets import Shelf, link_to, put_on_paper
from quarterhour.report.section import area_names, heading, say_of
from quarterhour.study.cards.names import area_labels
from quarterhour.study.results import Proposal, Results

_WORST = 12
_COLUMNS, _ACROSS, _HIGH, _ROWS, _ROWS_A_PAGE = 16, 8, 300, 16, 4
"""Columns of the charts' part; columns, pixels and rows of one chart; charts one below the other on a page."""
_PIXELS = 64
_FIRST_DATA = _COLUMNS + 2
_FONT = {"name": looks.FONT, "size": 9}
_NAME = {**_FONT, "bold": False}


@dataclass(frozen=True, slots=True)
class Series:
    """Values of a chart under a name; ``across`` are their categories, or their x."""

    name: str
    across: tuple[Any, ...]
    up: tuple[float, ...]
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn. ``kind``: column, bar or scatter. ``share``: whether values are percentages."""

    title: str
    kind: str
    series: tuple[Series, ...]
    share: bool
    x_title: str = ""
    y_title: str = ""


def book_charts(results: Results, lang: str, shelf: Shelf) -> list[Chart]:
    """The charts that a run has figures for."""
    return [*_counties(results, lang, shelf), *_towns(results, lang, shelf),
            *(c for p in results.proposals for c in _plan(p, lang, shelf))]  # fmt: skip


def _counties(results: Results, lang: str, shelf: Shelf) -> Iterator[Chart]:
    names = area_names(results)
    series = []
    for check in results.checks:
        shares = check.shown_shares("county").dropna()
        areas = tuple(area_labels(shares.index, "county", names, lang))
        series.append(Series(check.circle.name(lang), areas, tuple(map(float, shares))))
    if series and series[0].up:
        yield Chart(shelf.say("chart_counties"), "column", tuple(s for s in series if s.up), share=True)


def _towns(results: Results, lang: str, shelf: Shelf) -> Iterator[Chart]:
    """Of each circle the towns with the least share; the worst stands at the top."""
    names = area_names(results)
    for check in results.checks:
        shares = check.shown_shares("town").dropna().sort_values(kind="stable").head(_WORST)
        if len(shares) > 1:
            areas = tuple(area_labels(shares.index, "town", names, lang))
            series = Series(check.circle.name(lang), areas, tuple(map(float, shares)))
            title = shelf.say("chart_towns", name=check.circle.name(lang), count=len(shares))
            yield Chart(title, "bar", (series,), share=True)


def _plan(p: Proposal, lang: str, shelf: Shelf) -> Iterator[Chart]:
    """What each number of new sites covers at best, and what the years of building do."""
    series, behind = [], p.prospects
    if behind.frontier is not None and behind.frontier["people"].notna().any():
        known = behind.frontier[behind.frontier["people"].notna()]
        sites, people = (0.0, *known["sites"].astype(float)), (float(behind.now), *known["people"].astype(float))
        series.append(Series(shelf.say("best_of_size"), sites, people))
    if behind.phasing is not None and behind.phasing.goal.objective != "min-time":
        steps = behind.phasing.steps
        series.append(Series(shelf.say("as_built"), tuple(steps["built"].astype(float)),
                             tuple(steps["value"].astype(float)), dots=True))  # fmt: skip
    if series:
        yield Chart(p.name(lang), "scatter", tuple(series), share=False, x_title=shelf.say("new_sites"),
                    y_title=counted_label(p.unit, lang))  # fmt: skip
    if behind.budgets is not None and behind.budgets["value"].notna().any():
        known = behind.budgets[behind.budgets["value"].notna()]
        paid, value = tuple(known["yuan"].astype(float)), tuple(known["value"].astype(float))
        goal = goal_label(p.problem.objective, p.problem.goals[0].people or p.unit, lang, placed=p.plan.placed)
        best = Series(say_of("budget_sections", "best_of_budget", lang), paid, value, dots=True)
        title = say_of("budget_sections", "chart", lang, name=p.name(lang))
        yield Chart(title, "scatter", (best,), share=False, x_title=heading("budget_yuan", lang), y_title=goal)


def write_charts(shelf: Shelf, charts: Sequence[Chart]) -> Any:
    """The charts two by two, their figures to the right of them, off the paper."""
    sheet = shelf.book.add_worksheet(shelf.say("charts"))
    put_on_paper(sheet, shelf, upright=True)
    sheet.hide_gridlines(2)
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, shelf.say("title_charts"), shelf.looks.title())
    sheet.write_url(1, 0, link_to(shelf.say("cover")), shelf.looks.link(), shelf.say("to_cover"))
    sheet.write_string(1, _FIRST_DATA, shelf.say("chart_data"), shelf.looks.said())
    column = _FIRST_DATA
    for place, chart in enumerate(charts):
        drawn, column = _drawn(shelf, sheet, chart, column)
        sheet.insert_chart(2 + _ROWS * (place // 2), _ACROSS * (place % 2), drawn,
                           {"x_offset": 4, "y_offset": 4, "object_position": 1})  # fmt: skip
    rows = -(-len(charts) // 2)
    sheet.print_area(0, 0, 2 + _ROWS * rows, _COLUMNS - 1)
    sheet.set_h_pagebreaks([2 + _ROWS * row for row in range(_ROWS_A_PAGE, rows, _ROWS_A_PAGE)])
    return sheet


def _drawn(shelf: Shelf, sheet: Any, chart: Chart, column: int) -> tuple[Any, int]:
    """A chart over its figures, written from a column on; and the first column behind them."""
    kind: dict[str, str] = {"type": chart.kind}
    if chart.kind == "scatter":
        kind["subtype"] = "straight"
    drawn = shelf.book.add_chart(kind)
    for place, series in enumerate(chart.series):
        drawn.add_series(_written(shelf, sheet, chart, series, place=place, column=column))
        column += 2
    _dress(drawn, chart, alone=len(chart.series) == 1)
    return drawn, column + 1


def _written(
    shelf: Shelf, sheet: Any, chart: Chart, series: Series, *, place: int, column: int
) -> Mapping[str, Any]:  # fmt: skip
    """The figures of a series on the sheet, and where they stand."""
    name, form = sheet.get_name(), looks.SHARE if chart.share else looks.WHOLE
    sheet.set_column(column, column + 1, 14)
    sheet.write_string(2, column, chart.title, shelf.looks.head())
    sheet.write_string(2, column + 1, series.name, shelf.looks.head())
    for row, (across, up) in enumerate(zip(series.across, series.up, strict=True), start=3):
        if isinstance(across, str):
            sheet.write_string(row, column, across, shelf.looks.cell())
        else:
            sheet.write_number(row, column, across, shelf.looks.cell(looks.WHOLE))
        sheet.write_number(row, column + 1, up, shelf.looks.cell(form))
    last = 2 + len(series.up)
    colour = looks.SERIES[place % len(looks.SERIES)]
    return {"name": [name, 2, column + 1], "categories": [name, 3, column, last, column],
            "values": [name, 3, column + 1, last, column + 1], **_ink(chart, series, colour)}  # fmt: skip


def _ink(chart: Chart, series: Series, colour: str) -> dict[str, Any]:
    if chart.kind != "scatter":
        labels = {"value": True, "num_format": "0.0%", "font": {"name": looks.FONT, "size": 8}}
        return {"fill": {"color": colour}, "gap": 60, "data_labels": labels}
    dots = {"type": "circle", "size": 6, "fill": {"color": colour}, "border": {"color": "#FFFFFF"}}
    return {"line": {"color": colour, "width": 2}, "marker": dots if series.dots else {"type": "none"}}


def _round_below(value: float) -> float:
    """A round number at or below a value, from which its axis may begin."""
    step = 10.0 ** (len(f"{abs(value):.0f}") - 1)
    return step * (value // step)


def _dress(drawn: Any, chart: Chart, *, alone: bool) -> None:
    """Title, axes and legend of a chart."""
    drawn.set_size({"width": _ACROSS * _PIXELS - 8, "height": _HIGH})
    drawn.set_title({"name": chart.title, "name_font": {"name": looks.FONT, "size": 11, "bold": True},
                     "overlay": False})  # fmt: skip
    drawn.set_legend({"none": True} if alone else {"position": "bottom", "font": _FONT})
    across, values = _across_axis(chart), _values_axis(chart)
    if chart.kind == "bar":  # lies on its side; the first row stands at the top
        across, values = {**values, "label_position": "high"}, {**across, "reverse": True}
    drawn.set_x_axis(across)
    drawn.set_y_axis(values)


def _across_axis(chart: Chart) -> dict[str, Any]:
    axis: dict[str, Any] = {"num_font": _FONT, "interval_unit": 1} if chart.kind != "scatter" else {"num_font": _FONT}
    return axis | {"name": chart.x_title, "name_font": _NAME, "num_format": "0", "min": 0} if chart.x_title else axis


def _values_axis(chart: Chart) -> dict[str, Any]:
    axis: dict[str, Any] = {"num_font": _FONT, "num_format": "0%" if chart.share else "#,##0",
                            "major_gridlines": {"visible": True, "line": {"color": "#E4E6EA"}}}  # fmt: skip
    if chart.kind == "column" and chart.share:
        axis["max"] = 1
    axis["min"] = 0 if chart.share else _round_below(min(v for s in chart.series for v in s.up))
    return axis | {"name": chart.y_title, "name_font": _NAME} if chart.y_title else axis
