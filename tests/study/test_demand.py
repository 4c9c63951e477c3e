"""What sites hold and communities ask: graves on land, beds, and what nobody wrote down."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import quarterhour as qh
from graves import write_graves_study
from quarterhour.base.errors import DataError, PlanError, StudyError
from quarterhour.cli import verify
from quarterhour.report.line_chart import Line, line_chart
from quarterhour.report.needs.near_plans import near_plan_sections
from quarterhour.report.siting_sections import siting_charts, siting_sections
from quarterhour.report.tables import quality_note
from quarterhour.services.graves import graves_on, shared_by_people
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.study.results import Proposal
from quarterhour.study.study import asking_near_best
from tables import book_tables

FIGURES = {"site-per-grave": 2.4, "niches-a-grave": 2, "site-per-niche": 0.3}
GRAVES = """
objective = ["max-cover", "min-time"]
capacity = { unit = "graves", column = "free", land = "area_m2", existing_each = 5, source = "示例" }
phases = { per_year = 1, first_year = 2026 }
values = true

[[tables]]
name = "deaths"
path = "deaths.csv"

[graves]
table = "deaths"
eco_share = 0.5

[candidates]
path = "parcels.csv"
columns = { id = "id", name = "name", x = "x", y = "y" }
crs = "EPSG:32651"
quality = "synthetic"
"""


def test_land_of_a_grave_counts_what_goes_with_it() -> None:
    held = graves_on(pd.Series([3.0, 2.99, 9000, None]), m2_a_grave=3.0)
    assert held.tolist()[:3] == [1, 0, 3000]
    assert pd.isna(held[3])
    with pytest.raises(DataError, match="form_m2"):
        graves_on(pd.Series([1.0]), m2_a_grave=float("nan"))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(0, 999))
def test_sharing_out_loses_nothing_and_is_in_proportion(people: list[int], total: int) -> None:
    index = pd.RangeIndex(len(people))
    made = shared_by_people(
        pd.Series({"a": total, "empty": 7}), people=pd.Series(people, index), area=pd.Series("a", index)
    )
    assert made.sum() == total
    if sum(people):
        exact = [total * n / sum(people) for n in people]
        assert all(abs(m - e) < 1 for m, e in zip(made, exact, strict=True))


@pytest.fixture
def burials(toy_study: Path) -> Path:
    """The toy street needs 40 + 20 + 12 + 3 graves; the day-care centre's yard holds 30, new yards what they say."""
    # 20 years, half of the dead in public cemeteries, half of them in niches: five graves a death a year
    return write_graves_study(toy_study, GRAVES)


def picture(page: Path) -> dict[str, Any]:
    """What the map draws."""
    text = page.read_text(encoding="utf-8")
    shown: dict[str, Any] = json.loads(text.split("window.quarterhourPicture=", 1)[1].split(";</script>", 1)[0])
    return shown


def proposal(study: Path) -> Proposal:
    return qh.run_study(qh.read_study(study)).proposals[0]


def test_graves_fill_rooms_and_nobody_is_placed_twice(burials: Path) -> None:
    found = proposal(burials)
    assert found.unit == "graves"
    assert found.sites["capacity"].to_dict() == {"d": 30, "p1": 25, "p2": 20}
    assert found.problem.demand.sum() == 75
    assert found.problem.demand.to_dict() == {"w": 40, "m": 20, "e": 12, "i": 3}
    verify_plan(found.problem, found.plan)
    assert (found.plan.status, found.plan.chosen) == ("optimal", found.plan.chosen)
    # d reaches w and m, p1 itself and d's side not: w 30 of 40 at d, m 20 at p1, e 12 at p2
    assert found.plan.covered == 30 + 20 + 12
    assert found.plan.served is not None
    assert found.plan.served.groupby("site")["people"].sum().to_dict() == {"d": 30, "p1": 20, "p2": 12}


def test_the_numbers_stand_in_map_workbook_and_page(burials: Path, tmp_path: Path) -> None:
    results = qh.run_study(qh.read_study(burials))
    out = tmp_path / "out"
    for lang, said in (("en", "graves placed from 30 to 62 of 75"), ("zh", "可安置墓穴由 30 增至 62 穴")):
        qh.write_results(results, out, lang=lang)
        page = (out / "report.md").read_text(encoding="utf-8")
        assert said in page
        assert "](sites-centres.svg)" in page
        assert said in (out / "map.html").read_text(encoding="utf-8")
        assert (out / "sites-centres.svg").read_text(encoding="utf-8").startswith("<svg")
    book = book_tables(out / "coverage.xlsx")
    assert {"容量", "分年建设", "各点价值", "目标次序"} <= set(book)
    rooms = book["容量"].set_index("名称")[["计数对象", "容量", "安置", "余量"]]
    assert rooms.loc["日间照料"].tolist() == ["墓穴", 30, 30, 0]
    assert rooms.loc["近地"].tolist() == ["墓穴", 25, 20, 5]
    assert json.loads((out / "plan.json").read_text(encoding="utf-8"))[0]["question"]["capacity"] == ["graves", True]


def test_the_years_are_counted_and_the_last_one_is_the_plan(burials: Path) -> None:
    found = proposal(burials)
    phasing = found.prospects.phasing
    assert phasing is not None and phasing.proven
    assert phasing.steps["value"].tolist() == [30, 50, 62]
    assert phasing.steps["loss_at_most"].tolist() == [0, 0, 0]


def test_a_site_that_does_not_say_what_it_holds_is_told(burials: Path) -> None:
    (burials / "facilities.csv").write_text(
        (burials / "facilities.csv").read_text(encoding="utf-8").replace(",30\n", ",\n"), encoding="utf-8"
    )
    results = qh.run_study(qh.read_study(burials))
    found = results.proposals[0]
    assert found.sites.at["d", "capacity"] == 5
    assert found.sites.at["d", "room_quality"] == "estimated"
    (row,) = results.findings[results.findings["rule"] == "demand.no_room"].to_dict("records")
    assert row["value"] == "1"


def test_graves_without_a_count_are_refused(burials: Path) -> None:
    file = burials / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('[graves]\ntable = "deaths"\neco_share = 0.5\n', ""), encoding="utf-8")
    with pytest.raises(StudyError, match=r"no \[graves\] part"):
        qh.read_study(burials)
    (burials / "deaths.csv").write_text("town,burials\nt1,15\n", encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="deaths"):
        qh.run_study(qh.read_study(burials), checks=False)


def test_beds_are_a_share_of_the_people(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    text += 'capacity = { unit = "beds", column = "beds", share = 0.1, existing_each = 4, new_each = 6 }\n'
    file.write_text(text, encoding="utf-8")
    found = proposal(toy_study)
    assert found.problem.demand.to_dict() == {"w": 10, "m": 5, "e": 3, "i": 1}
    assert set(found.sites["capacity"]) == {4, 6}
    verify_plan(found.problem, found.plan)
    assert found.plan.covered == 4 + 6


def test_graves_are_never_said_to_be_people(burials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = qh.run_study(qh.read_study(burials))
    assert results.proposals[0].plan.unit == "graves"
    for lang, told, never in (
        ("zh", "可安置墓穴由 30 增至 62 穴", re.compile(r"\d 人")),
        ("en", "62 of 75 graves", re.compile(r"\d people")),
    ):
        out = tmp_path / lang
        qh.write_results(results, out, lang=lang)
        (plan,) = picture(out / "map.html")["plans"]
        said = [*plan["result"], plan["gain_name"], plan["unit"]]
        page = (out / "report.md").read_text(encoding="utf-8")
        page = page[page.index("centres\n" if lang == "en" else "养老中心选址\n") :]
        page = page.split("\n## " + ("Towns by people" if lang == "en" else "附：数据问题"))[0]
        verify(str(out / "plan.json"), lang)
        said += [capsys.readouterr().out, *page.splitlines()]
        assert any(told in line for line in said)
        assert [line for line in said if never.search(line)] == []
    assert "新增覆盖人数" not in page


def test_a_made_up_parcel_says_so_to_the_last_page(burials: Path, tmp_path: Path) -> None:
    results = qh.run_study(qh.read_study(burials))
    qh.write_results(results, tmp_path)
    assert "“养老中心选址”的拟建点 实 0 处、估 0 处、示例（模拟）2 处" in quality_note(
        results.inputs.quality, results.proposals, "zh"
    )
    shown = picture(tmp_path / "map.html")
    assert "示例（模拟）2 处" in shown["note"]
    assert any("示例（模拟）2 处，仅供演示" in line for line in shown["plans"][0]["result"])
    assert "示例（模拟）2 处。估计或示例（模拟）的拟建点仅供演示" in (tmp_path / "report.md").read_text(
        encoding="utf-8"
    )
    (row,) = book_tables(tmp_path / "coverage.xlsx")["选址方案"].to_dict("records")
    assert (row["拟建点：实际"], row["拟建点：估计"], row["拟建点：示例（模拟）"]) == (0, 0, 2)
    (record,) = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert record["rests_on"] == {"fact": 0, "estimated": 0, "synthetic": 2}
    with pytest.raises(PlanError, match="rests_on"):
        verify_record({**record, "rests_on": {"fact": 2, "estimated": 0, "synthetic": 0}})


# --- what lies behind -------------------------------------------------------------------------------


def test_frontier_years_values_and_robust_sites_of_the_toy(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    asked = 'objective = ["max-cover", "min-time"]\nfrontier = 2\nvalues = true\n'
    asked += "phases = { per_year = 1, first_year = 2026 }\nrobust = { scenarios = 3, source = '假定' }\n"
    file.write_text(file.read_text(encoding="utf-8") + asked, encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study))
    behind = results.proposals[0].prospects
    assert behind.frontier is not None and behind.frontier["people"].tolist()[0] == 180
    assert behind.values is not None and behind.values.at["e", "loss"] == 30
    assert behind.robust is not None and len(behind.robust.scenarios) == 3
    for lang in ("zh", "en"):
        sections = {s.key: s for s in siting_sections(results, lang)}
        assert {"levels", "frontier", "phases", "values", "robust", "robust_runs"} <= set(sections)
        assert all("{" not in line for s in sections.values() for line in s.lines)
        (chart,) = siting_charts(results, lang).values()
        ET.fromstring(chart[1])
        assert "2026" in chart[1]


def test_near_best_plans_of_the_toy_in_table_report_and_page(toy_study: Path, tmp_path: Path) -> None:
    file = toy_study / "study.toml"
    asked = "near_best = { within = 1, least_difference = 1 }\n"
    file.write_text(file.read_text(encoding="utf-8") + asked, encoding="utf-8")
    results = qh.run_study(asking_near_best(qh.read_study(toy_study), 2))
    (proposal,) = results.proposals
    near = proposal.prospects.near_best
    assert near is not None and near.within == 1 and 0 < len(near.plans) <= 2
    assert proposal.plan.ties is not None and proposal.plan.ties == near.ties
    for lang in ("zh", "en"):
        (section,) = near_plan_sections(results, lang)
        assert len(section.table) == len(near.plans) and section.table["left_out"].str.len().gt(0).all()
        assert section.lines == tuple(
            f"{proposal.name(lang)}{'：' if lang == 'zh' else ': '}{line}"
            for line in [near.sentence(lang), *near.ties.sentences(lang, proposal.sites["name"].to_dict())]
        )
    qh.write_results(results, tmp_path, lang="en")
    told = near.ties.sentences("en", proposal.sites["name"].to_dict())[0]
    for name in ("map.html", "report.md"):
        assert told in (tmp_path / name).read_text(encoding="utf-8"), name


def test_what_lies_behind_is_the_same_bytes_also_with_two_threads(burials: Path, tmp_path: Path) -> None:
    file = burials / "study.toml"
    text = file.read_text(encoding="utf-8")
    written = []
    for threads in (1, 2):
        file.write_text(text.replace("seed = 1", f"seed = 1\nthreads = {threads}"), encoding="utf-8")
        qh.write_results(qh.run_study(qh.read_study(burials)), tmp_path / str(threads))
        kept = [p for p in sorted((tmp_path / str(threads)).iterdir()) if p.name != "manifest.json"]
        written.append({p.name: p.read_bytes() for p in kept})
    assert written[0] == written[1]
    assert "sites-centres.svg" in written[0]


def test_a_range_that_falls_is_refused(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + "robust = { speed = [1.2, 0.8] }\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"1\.2, 0\.8"):
        qh.read_study(toy_study)


def test_a_chart_is_whole_escaped_and_within_its_frame() -> None:
    hostile = "<script>alert(1)</script> & \"'"
    line = Line(hostile, ((0, 631_495.0), (6, 702_729.0), (30, 773_830.0)), "#123456", dots=True, labels=("", "2026"))
    drawn = line_chart([line, Line("nothing", (), "#000")], title=hostile, x_label=hostile, lang="zh")
    ET.fromstring(drawn)
    assert "<script" not in drawn
    assert "nothing" not in drawn
    assert "万" in drawn and "2026" in drawn
    points = re.findall(r"(\d+\.?\d*),(\d+\.?\d*)", re.search(r'points="([^"]+)"', drawn).group(1))  # type: ignore[union-attr]
    assert len(points) == 3
    assert all(0 <= float(x) <= 300 and 0 <= float(y) <= 212 for x, y in points)
    assert drawn == line_chart([line], title=hostile, x_label=hostile, lang="zh")
    assert line_chart([], title="", x_label="", lang="en") == ""


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=8))
def test_any_figures_can_be_drawn(values: list[float]) -> None:
    line = Line("a", tuple((float(k), v) for k, v in enumerate(values)), "#000")
    ET.fromstring(line_chart([line], title="t", x_label="x", lang="en"))
