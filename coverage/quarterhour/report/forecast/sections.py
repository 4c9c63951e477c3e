"""How many older people there will be, by area, and how that was reckoned; beds they want."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from quarterhour.base import i18n
from quarterhour.base.labels import people_label, percent
from quarterhour.report.line_chart import Line, line_chart
from quarterhour.report.section import Section, area_names, say_of
from quarterhour.services.forecast.groups import national_figures
from quarterhour.services.forecast.values import VARIANTS, Forecast
from quarterhour.study.cards.names import area_labels
from quarterhour.study.results import Results

_say = partial(say_of, "forecast_sections")
_COLOURS = {"low": "#8a94a3", "middle": "#1d4fa3", "high": "#b4532a"}
FORECAST = "@forecast"
"""The key of the chart, which no question has."""
_LEVELS = ("city", "county", "town")


def forecast_sections(results: Results, lang: str) -> list[Section]:
    """Sections of the forecast; none where the study asks for none."""
    made = results.forecast
    if made is None:
        return []
    names = area_names(results)
    return [
        Section("forecast", _by_area(made, names, lang), tuple(_lines(made, lang)), page_rows=30),
        Section("forecast_groups", _groups(made, lang), tuple(_group_lines(made, lang)), page_rows=40),
        *_made(made, names, lang),
        *_beds(results, names, lang),
    ]


def forecast_chart(results: Results, lang: str) -> str:
    """Older people of the city over the years, a line a variant; "" without a forecast."""
    made = results.forecast
    if made is None:
        return ""
    lines = [
        Line(_say(f"variant_{v}", lang), tuple((float(y), float(_city(made, "older", y, v))) for y in _years(made)),
             _COLOURS[v], dots=v == "middle")
        for v in VARIANTS
    ]  # fmt: skip
    years = [float(year) for year in _years(made)]
    return line_chart(lines, title=_say("chart", lang), x_label=_say("chart_x", lang), lang=lang, ticks=years)


def _years(made: Forecast) -> tuple[int, ...]:
    return (made.base_year, *made.years)


def _city(made: Forecast, group: str, year: int, variant: str = "middle") -> int:
    return int(made.at("city", group, year, variant).sum())


def _by_area(made: Forecast, names: Mapping[tuple[str, str], str], lang: str) -> pd.DataFrame:
    """A row an area, the city first: the count, and each year low, middle and high; the growth of the middle one."""
    parts = []
    for level in [k for k in _LEVELS if k in set(made.rows["level"])]:
        base = made.at(level, "older", made.base_year)
        shown: dict[str, object] = {
            "level": i18n.say(f"report.level_{level}", lang), "area_name": area_labels(base.index, level, names, lang),
            f"older_count@{made.base_year}": base.array,
        }  # fmt: skip
        for year in made.years:
            shown |= {f"older_{v}@{year}": made.at(level, "older", year, v).array for v in VARIANTS}
        shown["growth_share"] = made.growth(level).array
        parts.append(pd.DataFrame(shown))
    return pd.DataFrame(pd.concat(parts, ignore_index=True))


def _groups(made: Forecast, lang: str) -> pd.DataFrame:
    """The city's groups by year and variant, one below the other."""
    named = [(group, year) for group in made.groups for year in _years(made)]
    told = {"group": [_say(f"group_{group}", lang) for group, _ in named], "year_of": [str(year) for _, year in named]}
    people = {f"people_{v}": [_city(made, group, year, v) for group, year in named] for v in VARIANTS}
    return pd.DataFrame({**told, **people})


def _lines(made: Forecast, lang: str) -> Iterator[str]:
    """What comes, from what, and how sure it is."""
    last, base = made.years[-1], _city(made, "older", made.base_year)
    yield _say(
        "headline", lang, base=made.base_year, now=base, year=last, people=_city(made, "older", last),
        low=_city(made, "older", last, "low"), high=_city(made, "older", last, "high"),
        growth=percent(float(made.growth("city").iloc[0])),
    )  # fmt: skip
    counts = ("、" if lang == "zh" else ", ").join(map(str, made.made.counts))
    for method in dict.fromkeys(made.made.methods.values()):
        levels = [i18n.say(f"report.level_{level}", lang) for level, own in made.made.methods.items() if own == method]
        yield _say(f"method_{method}", lang, level=("、" if lang == "zh" else ", ").join(levels), counts=counts)
    if "hamilton_perry" in made.made.methods.values():
        yield _say("ratios", lang, cells=made.made.cells, capped=len(made.made.ratios), low=f"{made.made.cap[0]:g}",
                   high=f"{made.made.cap[1]:g}", smoothing=f"{made.made.smoothing:g}")  # fmt: skip
    for variant in ("low", "high"):
        key, figures = made.made.variants.get(variant, ("", {}))
        if key:
            yield _say(f"from_{key}", lang, variant=_say(f"variant_{variant}", lang), **figures)
    if any((year - made.base_year) % 5 for year in made.years):
        yield _say("between_steps", lang)
    if made.quality in ("synthetic", "estimated"):
        yield _say(f"quality_{made.quality}", lang)
    if made.made.sources:
        yield _say("sources", lang, sources=("；" if lang == "zh" else "; ").join(made.made.sources))


def _group_lines(made: Forecast, lang: str) -> Iterator[str]:
    if "disabled" in made.groups:
        national = national_figures()
        yield _say("disabled", lang, share=percent(national["share"]), now=f"{national['now'] / 1e4:,.0f}",
                   then=f"{national['in_2035'] / 1e4:,.0f}", source=national["source"])  # fmt: skip
    missing = [_say(f"group_{g}", lang) for g in ("older_80", "disabled", "deaths") if g not in made.groups]
    if "deaths" in made.groups:
        yield _say("deaths", lang)
    if missing:
        yield _say("groups_missing", lang, groups=("、" if lang == "zh" else ", ").join(missing))


def _made(made: Forecast, names: Mapping[tuple[str, str], str], lang: str) -> Iterator[Section]:
    """By how much each area's own forecast was changed so that it comes to the one above."""
    rows = made.made.raking
    mine = rows[rows["variant"].eq("middle") & rows["year"].eq(made.years[-1])]
    if mine.empty:
        return
    capped, parts = made.made.ratios["area"], []
    for level, of in mine.groupby("level", sort=False):
        shown = {
            "level": i18n.say(f"report.level_{level}", lang),
            "area_name": area_labels(of["area"], str(level), names, lang),
            "rake_factor": of["factor"].array,
            "capped_cells": [int(capped.eq(area).sum()) for area in of["area"]],
        }
        parts.append(pd.DataFrame(shown))
    low, high = (f"{f:.3f}" for f in (mine["factor"].min(), mine["factor"].max()))
    line = _say("raking", lang, year=made.years[-1], low=low, high=high)
    yield Section("forecast_raking", pd.DataFrame(pd.concat(parts, ignore_index=True)), (line,), page_rows=0)


def _beds(results: Results, names: Mapping[tuple[str, str], str], lang: str) -> Iterator[Section]:
    need, asked = results.care.bed_need, results.study.file.beds
    if need is None or asked is None or asked.wanted is None:
        return
    shown = pd.DataFrame({
        "county": area_labels(need.index, "county", names, lang), "people": need["people"].array,
        "beds_wanted": need["wanted"].array, "beds": need["beds"].array, "beds_short": need["short"].array,
    })  # fmt: skip
    sums: dict[str, int] = {c: int(need[c].sum()) for c in ("wanted", "beds", "short")}
    line = _say("beds", lang, who=people_label(asked.people, lang), share=percent(asked.wanted), **sums)
    yield Section("bed_need", shown, (line,))
