"""From `init` to the first figures of one's own city, changing only what the README says to change."""

from __future__ import annotations

from pathlib import Path

from pyproj import Transformer

import quarterhour as qh
from quarterhour.base.findings import finding_sentences
from quarterhour.io.web_maps import from_wgs84
from quarterhour.study.new_study import init_study
from quarterhour.study.run import read_study_inputs
from tables import STUDY, Rows, save_xlsx

TO_DEGREES = Transformer.from_crs(STUDY, 4326, always_xy=True)
X0, Y0 = 400_000.0, 4_150_000.0


def on_the_map(x: float) -> list[float]:
    """A place of the toy street as Amap shows it."""
    lon, lat = TO_DEGREES.transform(X0 + x, Y0)
    (east,), (north,) = from_wgs84([lon], [lat], datum="gcj02")
    return [round(float(east), 6), round(float(north), 6)]


def office_files(folder: Path, streets: Path) -> None:
    """A street, and two workbooks as an office keeps them: titles, merged towns, counts with 人, no ids, no towns."""
    (folder / "roads.geojson").write_bytes((streets / "roads.geojson").read_bytes())
    head = [
        "序号",
        "所属镇街",
        "村（社区）名称",
        "60周岁以上老年人口数",
        "其中：特困人员",
        "地址",
        "经度",
        "纬度",
        "备注",
    ]
    rows: Rows = [["荣成市各村（社区）老年人口统计表"], ["填报单位：民政局　填报时间：2025年12月"], head]
    rows += [[1, "甲镇", "西村", "100人", 4, "", *on_the_map(100)], [2, None, "中村", "50人", 0, "", *on_the_map(1700)]]
    rows += [[3, "乙镇", "东村", "30人", 2, "", *on_the_map(3600)], ["合计", None, None, "180人", 6]]
    save_xlsx(folder / "people", rows, merged=("A1:H1", "A2:H2", "B4:B5"))
    sites: Rows = [["养老服务设施一览表"], ["序号", "机构名称", "机构类型", "经度", "纬度", "联系电话"]]
    sites += [[1, "康馨", "日间照料中心", *on_the_map(900), "0631-1"], [2, "福泰", "养老院", *on_the_map(0), "0631-2"]]
    save_xlsx(folder / "sites", sites, merged=("A1:F1",))


def test_an_offices_workbooks_come_to_figures_with_what_the_readme_says(toy_study: Path, tmp_path: Path) -> None:
    init_study(tmp_path / "city")
    office_files(tmp_path / "city", toy_study)
    file = tmp_path / "city" / "study.toml"
    text = file.read_text(encoding="utf-8")
    no_ids = '\ncolumns = { id = "#row" }'
    for ours, theirs in (
        ('path = "roads.gpkg"', 'path = "roads.geojson"'),
        ('path = "communities.csv"', f'path = "people.xlsx"{no_ids}'),
        ('path = "facilities.csv"', f'path = "sites.xlsx"{no_ids}'),
    ):
        assert text.count(ours) == 1
        text = text.replace(ours, theirs)
    file.write_text(text, encoding="utf-8")
    told = finding_sentences(read_study_inputs(qh.read_study(file)).findings, "zh")
    assert not told.str.contains("***", regex=False).any(), told.tolist()  # what to do is said in full
    part = text.index('[[circles]]\nid = "care-circle"')
    text = text[:part] + text[text.index("# [[pictures]]") :]
    before, facilities, after = text.replace('datum = "wgs84"', 'datum = "gcj02"').partition("[[facilities]]")
    text = before + facilities + after.replace('# datum = "gcj02"', 'datum = "gcj02"', 1)
    file.write_text(text, encoding="utf-8")
    results = qh.run_study(file)
    places = results["home-care-circle"].gdf.set_index("name")
    assert places["met"].to_dict() == {"西村": True, "中村": True, "东村": False}
    assert results.inputs.communities["town"].tolist() == ["甲镇", "甲镇", "乙镇"]
    assert set(results.inputs.facilities["kind"]) == {"day_care", "home"}
    assert not results.findings["severity"].eq("error").any(), finding_sentences(results.findings, "zh").tolist()
    assert results.proposals[0].plan.status == "optimal"
