"""Every reader of the program with a small good file for it: those of the corpus, and what only a study meets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from corpus.city import BASE, base_roads, base_rows, csv_bytes, grid, numbers_in
from corpus.damage import FORMATS, Format, read_extract, read_places_of
from quarterhour.io import files, network_store
from quarterhour.io.geocode import WebGeocoder
from quarterhour.io.offices import ELDERLY, read_office
from quarterhour.io.registers import read_persons
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.roads import as_roads
from quarterhour.report.plan.template import parse_template
from quarterhour.report.write import read_earlier
from quarterhour.siting.audit import record_lines
from quarterhour.siting.proof.plan_record import plan_record, read_records
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.solve import solve_siting
from quarterhour.standards.league import KEPT
from quarterhour.standards.rules import read_rule_set
from quarterhour.study.file.tried import read_tried
from quarterhour.study.layout.groups import plan_groups, template_text
from quarterhour.study.study import Study, read_study

Parts = dict[str, Path]


def _one(name: str, data: bytes | str) -> Callable[[Path], Parts]:
    def parts(folder: Path) -> Parts:
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
        return {name: folder / name}

    return parts


def _layer(name: str, **how: Any) -> Callable[[Path], Parts]:
    def parts(folder: Path) -> Parts:
        good = next(f for f in FORMATS if f.name == "geojson").parts(folder)
        frame = files.read_table(good["a.geojson"]).frame
        good["a.geojson"].unlink()
        frame.to_file(folder / name, **how)
        return {p.name: p for p in sorted(folder.iterdir())}

    return parts


def _bz2(folder: Path) -> Parts:
    import bz2

    text = next(f for f in FORMATS if f.name == "osm").parts(folder)["r.osm"].read_bytes()
    return _one("r.osm.bz2", bz2.compress(text))(folder)


def _shipped(folder: str, name: str) -> bytes:
    return (resources.files("quarterhour") / "data" / folder / name).read_bytes()


def _plan(folder: Path) -> Parts:
    minutes = pd.DataFrame([[5, 20, 9], [30, 10, 15], [8, 9, 40]], list("abc"), ["x", "y", "z"])
    problem = siting_from_matrix(minutes, pd.Series([100, 40, 30], list("abc")), new_sites=1, within=15)
    records = [plan_record(solve_siting(problem), problem)]
    return _one("plan.json", json.dumps(records, ensure_ascii=False, indent=1))(folder)


def _verify(path: Path) -> Any:
    return [list(record_lines(name, record, "zh")) for name, record in read_records(path)]


_TRIED = {
    "format": "quarterhour-what-if", "version": 1, "study": "t", "circle": "home", "question": "", "mode": "walk",
    "people": "older", "minutes": 15, "turnout_minutes": 0, "pace_percent": 100, "open": ["a"], "closed": [],
    "counted": {"before": 1, "after": 2, "total": 3},
}  # fmt: skip
_CACHE = {
    f"文化路{n}号": {"places": [[122.1, 37.5]], "names": ["文化路"], "level": "门牌号", "day": "2026-01-01"}
    for n in range(3)
}


def _geocode(path: Path) -> Any:
    geocoder = WebGeocoder("amap", key_env="QUARTERHOUR_NO_KEY", cache=path)
    return [geocoder.find(address) for address in geocoder._kept]


def _network(folder: Path) -> Parts:
    roads = as_roads(base_roads().iloc[:60], crs=base_roads().crs)[0]
    network_store.save_network(build_network(roads, read_modes()["walk"]), folder / "net")
    return {f"net/{p.name}": p for p in sorted((folder / "net").iterdir())}


@cache
def _study() -> Study:
    return read_study(BASE / "study.toml")


def _scorecard(folder: Path) -> Parts:
    row = dict.fromkeys(KEPT, "") | {"target": "p", "level": "town", "value": 0.5, "met": True}
    files.write_csv(folder / "scorecard.csv", pd.DataFrame([row | {"area": a} for a in ("01", "=b")]), index=False)
    return {"scorecard.csv": folder / "scorecard.csv"}


_PERSONS = [
    ["姓名", "证", "村", "供养", "自理"],
    *[[f"甲{n}", f"37109919400101700{n}", f"37100{n}", "分散", "自理"] for n in "123"],
]


def _register(path: Path) -> Any:
    return read_persons(path, table="r", columns={"community": "村", "person": "证", "care": "供养", "grade": "自理"})


def _export(folder: Path) -> Parts:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (
        ["机构名称", "统一社会信用代码", "机构类型", "床位数（张）", "所属区县", "经度", "纬度"],
        ["东山养老院", "52371002MJE123456X", "养老院", 80, "环翠区", 122.1, 37.5],
        ["西海敬老院", "12371003493000012B", "敬老院", 60, "文登区", 122.2, 37.4],
    ):
        book.worksheets[0].append(row)
    book.save(folder / "e.xlsx")
    return {"e.xlsx": folder / "e.xlsx"}


def _rich_book(folder: Path) -> Parts:
    """A workbook with merged, hidden, struck, dated and formula cells, and a second sheet."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for row in [["统计表"], *grid(numbers_in(base_rows("communities")))]:
        page.append(row)
    page.merge_cells("A1:H1")
    page.row_dimensions[4].hidden = True
    page["B5"].font = Font(strike=True)
    page["J2"], page["J3"] = "日期", pd.Timestamp("2025-01-02").to_pydatetime()
    page["K2"], page["K3"] = "式", "=1+1"
    book.create_sheet("空")
    book.save(folder / "a.xlsx")
    return {"a.xlsx": folder / "a.xlsx"}


_CELLS = grid(base_rows("communities"))
KINDS = (
    *FORMATS,
    Format("csv gb18030", _one("a.csv", csv_bytes(_CELLS, encoding="gb18030")), read_places_of, "a.csv"),
    Format("csv utf-16", _one("a.csv", csv_bytes(_CELLS, encoding="utf-16")), read_places_of, "a.csv"),
    Format("csv semicolons", _one("a.csv", csv_bytes(_CELLS, delimiter=";", quoting=1)), read_places_of, "a.csv"),
    Format("xlsx rich", _rich_book, files.read_records, "a.xlsx"),
    Format("xlsx export", _export, lambda path: read_office(path, ELDERLY, datum="gcj02"), "e.xlsx"),
    Format("register", _one("r.csv", csv_bytes(_PERSONS, encoding="gb18030")), _register, "r.csv"),
    Format("spatialite", _layer("a.sqlite", driver="SQLite", SPATIALITE="YES"), files.read_table, "a.sqlite"),
    Format("mapinfo tab", _layer("a.tab", driver="MapInfo File", ENCODING="UTF-8"), files.read_table, "a.tab"),
    Format("mapinfo mif", _layer("a.mif", driver="MapInfo File", ENCODING="UTF-8"), files.read_table, "a.mif"),
    Format("osm.bz2", _bz2, read_extract, "r.osm.bz2"),
    Format("rules.toml", _one("rules.toml", _shipped("rules", "weihai-14fyp.toml")), read_rule_set, "rules.toml"),
    Format("rules2.toml", _one("rules.toml", _shipped("rules", "cemetery.toml")), read_rule_set, "rules.toml"),
    Format("plan.toml", _one("plan.toml", _shipped("plan", "plan.toml")),
           lambda path: plan_groups(_study(), path.parent), "plan.toml"),
    Format("template", _one("text.zh.txt", _shipped("plan", "text.zh.txt")),
           lambda path: parse_template(*template_text(path.name, path.parent)), "text.zh.txt"),
    Format("plan.json", _plan, _verify, "plan.json"),
    Format("tried.json", _one("tried.json", json.dumps(_TRIED)), read_tried, "tried.json"),
    Format("geocode.json", _one("cache.json", json.dumps(_CACHE, ensure_ascii=False)), _geocode, "cache.json"),
    Format("prepared", _network, network_store.load_network, "net"),
    Format("scorecard.csv", _scorecard, read_earlier, "scorecard.csv"),
)  # fmt: skip
"""Kinds of files, each with its reader."""
BY_NAME = {kind.name: kind for kind in KINDS}
UNNAMED = {"plan.json"}
"""Their errors go through a door that puts the plan's name before them."""


def put(parts: dict[str, bytes], folder: Path) -> None:
    """Write the parts into an empty folder."""
    if folder.exists():
        shutil.rmtree(folder)
    for name, data in parts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
