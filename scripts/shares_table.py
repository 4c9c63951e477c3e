"""各镇街、区市的圈内占比，低的在前，写成 Excel 表。Shares inside a circle by area as an Excel table, lowest first.

    python scripts/shares_table.py my-city home-care-circle shares.xlsx

一级一张工作表：全市、区市、镇街等。A sheet a level: city, counties, towns.
"""

from __future__ import annotations

import argparse
import sys

import pandas as pd

import quarterhour as qh

HEADS = {
    "name": ("名称", "name"),
    "communities": ("社区（村）数", "communities"),
    "people": ("服务对象人数", "people"),
    "people_met": ("圈内人数", "people inside"),
    "share_people": ("圈内人口占比", "share of people inside"),
}
PLAIN = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
"""Names out of a file are never run as formulas."""


def main(given: argparse.Namespace) -> None:
    """Write a sheet a level, units and classes too where the study has them."""
    results = qh.run_study(qh.read_study(given.study), circles_only=True, publish=True)
    at = ("zh", "en").index(given.lang)
    made_up = ("示例-", "demo-")[at] if results.inputs.made_up else ""
    with pd.ExcelWriter(given.out, engine="xlsxwriter", engine_kwargs=PLAIN) as book:
        for level, rows in results[given.circle].areas.groupby("level", sort=False):
            told = rows.droplevel("level").sort_values("share_people", kind="stable")[list(HEADS)]
            told.columns = [heads[at] for heads in HEADS.values()]
            told.to_excel(book, sheet_name=f"{made_up}{level}", index_label=("编号", "id")[at])
    print(results[given.circle])


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("study", help="研究文件或其文件夹 / a study.toml, or its folder")
    ask.add_argument("circle", help="服务圈的编号 / id of the circle")
    ask.add_argument("out", help="要写的 .xlsx / the workbook to write")
    ask.add_argument("--lang", choices=("zh", "en"), default="zh", help="表头用中文或英文 / language of the headings")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(error.sentence(asked.lang))
