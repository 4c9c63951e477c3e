"""The forecast as a layout plan reads it: people by area in the near term and at the horizon."""

from __future__ import annotations

import pandas as pd

from quarterhour.study.results import Results

FORECAST_COLUMNS = ("level", "area", "group", "year", "low", "middle", "high")


def forecast_rows(results: Results) -> pd.DataFrame:
    """The results' forecast, a row an area, group and year, a column a variant; no rows where there is none."""
    frame = _frame(results)
    if frame is None or not len(frame):
        return pd.DataFrame(columns=list(FORECAST_COLUMNS))
    keys = ["level", "area", "group", "year"]
    tidy = frame.assign(area=frame["area"].astype(str))
    wide = tidy.pivot_table(index=keys, columns="variant", values="people", aggfunc="first", sort=False).reset_index()
    for variant in ("low", "middle", "high"):
        wide[variant] = wide[variant] if variant in wide else float("nan")
    return wide[list(FORECAST_COLUMNS)]


def forecast_people(results: Results, areas: pd.Index) -> dict[str, pd.Series]:
    """Older people by area in the middle variant: ``near`` and ``far``; missing where nothing is forecast."""
    asked, rows = results.study.file.plan, forecast_rows(results)
    rows = rows[rows["group"].eq("older")]
    made = {}
    for when, year in (("near", asked.near), ("far", asked.horizon)):
        of_year = rows[rows["year"].eq(year)].drop_duplicates(["level", "area"]).set_index(["level", "area"])["middle"]
        made[when] = pd.to_numeric(of_year, errors="coerce").reindex(areas).astype("float64")
    return made


def _frame(results: Results) -> pd.DataFrame | None:
    """The tidy frame of the results' forecast: ``area, level, year, variant, group, people``."""
    return None if results.forecast is None else results.forecast.rows
