"""每个社区（村）步行到最近的某类设施，写成 Excel 表。The nearest facility of a kind on foot, as an Excel table.

    python scripts/nearest_table.py my-city day_care 30 nearest.xlsx

超过所给分钟数的不在表里。Communities with none within these minutes have no row.
"""

from __future__ import annotations

import argparse
import sys

import quarterhour as qh

PLAIN = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
"""Names out of a file are never run as formulas."""


def main(given: argparse.Namespace) -> None:
    """Walking times from every community to its nearest facility of the kind."""
    tables = qh.read_study_inputs(qh.read_study(given.study))
    net = qh.build_network(tables.roads, qh.read_modes()["walk"])
    sites = tables.facilities[tables.facilities["kind"] == given.kind]
    times = qh.travel_times(net, tables.communities, sites, minutes=given.minutes, heading="to_site")
    found = times.nearest().join(tables.communities["name"])
    found.to_excel(given.out, engine="xlsxwriter", engine_kwargs=PLAIN)


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("study", help="研究文件或其文件夹 / a study.toml, or its folder")
    ask.add_argument("kind", help="设施类别，如 day_care / kind of facility, as day_care")
    ask.add_argument("minutes", type=float, help="最多多少分钟 / minutes at most")
    ask.add_argument("out", help="要写的 .xlsx / the workbook to write")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(f"{error.sentence('zh')}\n{error}")
