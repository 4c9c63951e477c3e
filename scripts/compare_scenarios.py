"""换一个时限、速度，增减一处设施，谁进圈、谁出圈。Another standard, pace or facility: who comes inside, who falls out.

    python scripts/compare_scenarios.py my-city change.xlsx --circle home-care-circle --minutes 20
    python scripts/compare_scenarios.py my-city change.xlsx --close d --add day_care,121.9,37.49

表里一行一个区域，一行一个进圈或出圈的社区（村）。The workbook has a row an area, and a row a community that changes.
"""

from __future__ import annotations

import argparse
import sys

import geopandas as gpd
import pandas as pd

import quarterhour as qh

PLAIN = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
"""Names out of a file are never run as formulas."""


def main(given: argparse.Namespace) -> None:
    """Say what changes, and write the workbook."""
    said = {key: getattr(given, key) for key in ("circle", "minutes", "speed", "mode")}
    changes = {key: value for key, value in said.items() if value is not None}
    if given.close:
        changes["close"] = given.close
    if given.add:
        kinds, lon, lat = zip(*(one.split(",") for one in given.add), strict=True)
        spots = gpd.points_from_xy(pd.to_numeric(lon), pd.to_numeric(lat))
        changes["add"] = gpd.GeoDataFrame({"kind": kinds}, geometry=spots, crs="EPSG:4326")
    study = qh.read_study(given.study)
    both = [qh.run_study(one, circles_only=True, publish=True) for one in (study, study.scenario(**changes))]
    found = qh.compare(*both)
    print(*found.sentences(given.lang), sep="\n")
    moved = found.communities[found.communities["change"].isin(("gained", "lost"))]
    made_up = ("示例-" if given.lang == "zh" else "demo-") if both[0].inputs.made_up else ""
    with pd.ExcelWriter(given.out, engine="xlsxwriter", engine_kwargs=PLAIN) as book:
        for name, rows in (("areas", found.areas), ("communities", moved.drop(columns="geometry"))):
            rows.reset_index().to_excel(book, sheet_name=f"{made_up}{name}", index=False)


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("study", help="研究文件或其文件夹 / a study.toml, or its folder")
    ask.add_argument("out", help="要写的 .xlsx / the workbook to write")
    ask.add_argument("--circle", help="只改哪一个服务圈，不写即全部 / the circle that changes; all without it")
    ask.add_argument("--minutes", type=float, help="时限（分钟）/ the standard in minutes")
    ask.add_argument("--speed", type=float, help="速度的倍数，如 0.8 / factor of the speed, as 0.8")
    ask.add_argument("--mode", help="出行方式 / who travels")
    ask.add_argument("--close", nargs="+", metavar="ID", help="关闭哪几处 / facilities that close")
    ask.add_argument("--add", nargs="+", metavar="KIND,LON,LAT", help="增加哪几处 / new facilities")
    ask.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言 / language")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(error.sentence(asked.lang))
