"""圈外社区（村）清单，人多的在前，写成 Excel 表。Communities outside a circle as an Excel list, most people first.

    python scripts/outside_list.py my-city home-care-circle outside.xlsx

人数按可以发布的数字写：受保护的少数几人留空。Counts of few people that the study guards are left blank.
"""

from __future__ import annotations

import argparse
import sys

import quarterhour as qh

HEADS = {
    "name": ("社区（村）", "community"),
    "town": ("镇街", "town"),
    "county": ("区市", "county"),
    "people": ("服务对象人数", "people"),
    "minutes": ("到最近设施的分钟数（空白：到不了）", "minutes to the nearest (blank: no way)"),
    "nearest": ("最近的设施", "nearest facility"),
}
SHEET = {True: ("示例数据，不可用于决策", "made up, for no decision"), False: ("圈外", "outside")}
PLAIN = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
"""Names out of a file are never run as formulas."""


def main(given: argparse.Namespace) -> None:
    """Write the list, and say how many there are."""
    results = qh.run_study(qh.read_study(given.study), circles_only=True, publish=True)
    rows = results[given.circle].gdf
    rows = rows[~rows["met"]].sort_values("people", ascending=False, kind="stable")
    for level in ("town", "county"):
        rows[level] = rows[level].astype(str).replace(results.names(level))
    rows["nearest"] = rows["nearest"].map(results.inputs.facilities["name"])
    at = ("zh", "en").index(given.lang)
    listed = rows[list(HEADS)].rename(columns={key: heads[at] for key, heads in HEADS.items()})
    sheet = SHEET[results.inputs.made_up][at]
    listed.to_excel(
        given.out, sheet_name=sheet, index_label=("编号", "id")[at], engine="xlsxwriter", engine_kwargs=PLAIN
    )
    print(results[given.circle], given.out, len(listed), sep="\n")


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
