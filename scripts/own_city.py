"""自己的城市：由一份 OSM 提取文件和一张社区（村）表，得到第一张地图。A first map of your own city.

    python scripts/own_city.py city.osm.pbf communities.csv my-map --people older --kinds day_care happiness_home
写出研究文件和地图；坐标取自高德写 --datum gcj02，百度写 bd09。A study file to go on from, and the map.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

import quarterhour as qh

STUDY = """study = {{ id = "own-city", zh = "本市", en = "Our city", reference_date = {day} }}
roads = {{ path = {extract} }}
communities = {{ path = {communities}, people = [{people}], datum = {datum} }}
facilities = [{{ path = {extract}, from_osm = {kinds} }}]
[[circles]]
id = "home-care-circle"
zh = "社区“一刻钟”居家养老服务圈"
en = "quarter-hour home elderly-care circle"
kinds = {kinds}
mode = "walk"
minutes = 15
heading = "to_site"
people = {people}
"""


def main(given: argparse.Namespace) -> None:
    """Write the study, check its circle, and write the map."""
    folder = Path(given.folder)
    if folder.exists():
        sys.exit(f"文件夹已存在，请另起一个 / it exists, name a new folder: {folder}")
    folder.mkdir()
    said = {key: json.dumps(value, ensure_ascii=False) for key, value in vars(given).items()}
    (folder / "study.toml").write_text(STUDY.format(day=date.today(), **said), encoding="utf-8")
    results = qh.run_study(folder, siting=False)
    results.explore(given.lang).save(folder / "map.html")
    print(*results.checks, f"quarterhour inspect {folder}", sep="\n")


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole = {"type": lambda path: Path(path).resolve().as_posix()}
    ask.add_argument("extract", **whole, help="OSM 提取文件 / an extract of OpenStreetMap")
    ask.add_argument("communities", **whole, help="社区（村）表 / the table of communities")
    ask.add_argument("folder", help="新文件夹 / a new folder")
    ask.add_argument("--people", required=True, help="人数列的列名 / the column of people")
    ask.add_argument("--kinds", nargs="+", default=["day_care"], help="设施类别 / kinds of facility")
    ask.add_argument("--datum", choices=("wgs84", "gcj02", "bd09"), default="wgs84", help="坐标 / coordinates")
    ask.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言 / language")
    asked = ask.parse_args()
    try:
        main(asked)
    except qh.errors.QuarterhourError as error:
        sys.exit(error.sentence(asked.lang))
