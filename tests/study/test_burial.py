"""Burial places of a toy town from its file to its tables: need, standing, built, missing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import quarterhour as qh
from graves import write_graves_study
from quarterhour.base.errors import DataError, StudyError
from quarterhour.report.needs.burial_sections import burial_sections
from quarterhour.services.burial_balance import burial_balance
from quarterhour.services.graves import grave_demand
from quarterhour.study.burial.need import graves_needed
from quarterhour.study.results import Results
from quarterhour.study.study import study_rules_in_force
from tables import book_tables

BURIALS = """
objective = ["max-cover", "min-time"]
capacity = { unit = "graves", column = "free", land = "area_m2", existing_each = 5, source = "示例" }
phases = { per_year = 1, first_year = 2026 }

[candidates]
path = "parcels.csv"
columns = { id = "id", name = "name", x = "x", y = "y" }
crs = "EPSG:32651"
quality = "synthetic"

[[tables]]
name = "deaths"
path = "deaths.csv"

[graves]
table = "deaths"
"""


@pytest.fixture
def burials(toy_study: Path) -> Path:
    """15 deaths a year, 150 dead in twenty years; what stands has room for 30, parcels for 27 and 20."""
    return write_graves_study(toy_study, BURIALS)


def asked(folder: Path, keys: str) -> Path:
    """The study with further keys of [graves]."""
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + keys, encoding="utf-8")
    return folder


def run(folder: Path) -> Results:
    return qh.run_study(qh.read_study(folder))


def need(folder: Path) -> pd.Series:
    """Dead by form and period."""
    study = qh.read_study(folder)
    found = graves_needed(study.file, qh.read_study_inputs(study), study_rules_in_force(study)["cemetery"]).demand
    assert found is not None
    return found.cells.set_index(["form", "period"])["dead"]


def test_need_supply_and_what_is_missing_add_up_by_hand(burials: Path) -> None:
    """75 graves and 75 niches: 18.75 near and far and 37.5 later, the halves over to near and far.

    The old yard places 30, the parcels 20 in 2026 and 12 in 2027 (``test_demand``): all near; 13 find none.
    """
    found = run(asked(burials, "eco_share = 0.5\n"))
    assert found.burial is not None and found.burial.question == "centres"
    rows = found.burial.towns.set_index(["place", "period"])
    graves, niches = rows.loc["graves"], rows.loc["niches"]
    assert graves["needed"].to_dict() == {"near": 19, "far": 19, "later": 37}
    assert graves["needed_so_far"].tolist() == [19, 38, 75]
    assert graves["standing"].tolist() == [30, 30, 30] and graves["built_so_far"].tolist() == [32, 32, 32]
    assert graves["missing"].tolist() == [0, 0, 13]
    assert found.proposals[0].plan.covered == 62 == 75 - 13
    assert niches["standing"].tolist() == [0, 0, 0] and niches["built_so_far"].tolist() == [32, 32, 32]
    assert niches["missing"].tolist() == [0, 6, 43]
    assert niches.at["later", "missing_m2"] == pytest.approx(43 * 0.3)
    assert found.burial.city.set_index(["place", "period"])["missing"].equals(rows["missing"])


def test_what_standing_cemeteries_hold_and_nobody_says_is_no_data(burials: Path) -> None:
    found = run(asked(burials, 'eco_share = 0.5\nkinds = ["day_care"]\n'))
    assert found.burial is not None
    niches = found.burial.towns[found.burial.towns["place"].eq("niches")]
    assert niches["standing"].isna().all() and niches["missing"].isna().all() and niches["missing_m2"].isna().all()
    (said,) = [s.lines[1] for s in burial_sections(found, {}, "zh") if s.key == "burial_balance"]
    assert "无数据" in said and "free_niches" in said


def test_without_a_plan_free_graves_count_where_they_lie() -> None:
    demand = grave_demand(
        pd.DataFrame({"deaths": [1, 1]}, index=["a", "b"]), eco_share=0,
        figures={"horizon-years": 20, "share-in-public": 0.5, "site-per-grave": 2.0, "site-per-niche": 0.3},
    )  # fmt: skip
    standing = pd.DataFrame({"graves": [4, 99]}, index=["a", "b"])
    found = burial_balance(demand, standing=standing, built=pd.DataFrame(index=["a", "b"]))
    last = found[found["period"].eq("later")].set_index("town")
    assert last["missing"].to_dict() == {"a": 6, "b": 0} and last["missing_m2"].to_dict() == {"a": 12, "b": 0}


def test_the_tables_stand_in_workbook_and_page(burials: Path, tmp_path: Path) -> None:
    results = run(asked(burials, "eco_share = 0.5\n"))
    qh.write_results(results, tmp_path / "out")
    book = book_tables(tmp_path / "out" / "coverage.xlsx")
    assert {"墓位需求", "葬式与期限", "墓位供需平衡", "各镇街墓位平衡"} <= set(book)
    assert book["葬式与期限"]["需安葬数（份）"].sum() == 150
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "需安葬（放）骨灰 150 份" in page and "2026–2030" in page


def test_horizon_levels_and_shares_of_the_rules(burials: Path) -> None:
    keys = "shares_from_rules = true\nuntil = 2035\nlevels = { town = 1.0 }\nform_m2 = { tree = 1.0 }\n"
    by = need(asked(burials, keys))
    # 75 dead in ten years: near 37.5 (22.5, 13.125, 1.875), far 37.5 (15, 18.75, 3.75)
    assert by["flat_stone"].to_dict() == {"near": 22, "far": 15}
    assert by["niche"].to_dict() == {"near": 13, "far": 19}
    assert by["tree"].to_dict() == {"near": 2, "far": 4}


def test_shares_of_the_study_and_deaths_and_moves_by_year(burials: Path) -> None:
    (burials / "deaths.csv").write_text("town,year,deaths\nt1,2026,10\nt1,2029,40\n", encoding="utf-8")
    (burials / "moves.csv").write_text("town,year,backlog\nt1,2027,5\nt1,2031,3\n", encoding="utf-8")
    keys = 'years = 6\nmoves = "moves"\n\n[[graves.shares]]\nnear = { grave = 1.0 }\nfar = { niche = 1.0 }\n'
    keys += '\n[[tables]]\nname = "moves"\npath = "moves.csv"\n'
    by = need(asked(burials, keys))
    # half of 10 + 20 + 30 + 40 + 40 and 5 moved; half of 40 and 3 moved
    assert by["grave"].to_dict() == {"near": 75, "far": 0} and by["niche"].to_dict() == {"near": 0, "far": 23}


def test_years_may_stand_side_by_side_in_columns(burials: Path) -> None:
    """10 in 2026, 40 in 2029 and on: 10 + 20 + 30 + 40 x 17, half of them buried, one place in five a grave."""
    (burials / "deaths.csv").write_text("town,deaths_2026,deaths_2029\nt1,10,40\n", encoding="utf-8")
    by = need(asked(burials, "eco_share = 0.8\n"))
    assert by.sum() == 370 and by["grave"].sum() == 74


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("eco_share = 1.2\n", r"graves\.eco_share"),
        ("eco_share = -0.1\n", r"graves\.eco_share"),
        ("eco_share = 0.5\nshares_from_rules = true\n", "eco_share"),
        ("years = 20\nuntil = 2045\n", "years"),
        ("years = 0\n", r"graves\.years"),
        ("levels = { town = 0.5 }\n", "add up to 1"),
        ("levels = { hamlet = 1.0 }\n", "hamlet"),
        ("near_until = 2040\n", "far_until"),
        ("form_m2 = { pyramid = 2.0 }\n", "pyramid"),
        ("form_m2 = { tree = -2.0 }\n", "tree"),
        ("form_urns = { niche = 0 }\n", "niche"),
        ('moves_until = 2030\nmoves = "m"\n', "moves_until"),
        ("shares = [{ near = { grave = 0.5, niche = 0.4 } }]\n", "add up to 1"),
        ("shares = [{ near = { grave = 0.5, niche = 0.5 }, far = { grave = 0.5 } }]\n", "add up to 1"),
        ('shares = [{ levels = ["county"], near = { grave = 1.0 } }]\n', "town"),
        ('shares = [{ levels = ["town"], near = { grave = 1.0 } }, { near = { niche = 1.0 } }]\n', "twice"),
    ],
)
def test_what_cannot_be_meant_is_told_by_line_and_field(burials: Path, keys: str, said: str) -> None:
    with pytest.raises(StudyError, match=said) as told:
        qh.read_study(asked(burials, keys))
    assert "study.toml:" in str(told.value)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("town,deaths,backlog\nt1,,0\n", "deaths"),
        ("town,deaths,backlog\nt1,15,\n", "backlog"),
        ("town,deaths,backlog\nt1,-1,0\n", "deaths"),
        ("town,deaths\nt1,15\nt1,16\n", "two rows"),
        ("town,year,deaths\nt1,,15\n", "no whole year"),
    ],
)
def test_blank_and_negative_deaths_are_told_and_never_zero(burials: Path, table: str, said: str) -> None:
    (burials / "deaths.csv").write_text(table, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        run(asked(burials, ""))


def test_towns_that_the_deaths_lack_or_nobody_knows_are_told_and_moves_beyond_the_backlog(burials: Path) -> None:
    (burials / "deaths.csv").write_text("town,deaths,backlog\nt9,15,4\n", encoding="utf-8")
    (burials / "moves.csv").write_text("town,year,backlog\nt9,2027,5\n", encoding="utf-8")
    results = run(asked(burials, 'moves = "moves"\n\n[[tables]]\nname = "moves"\npath = "moves.csv"\n'))
    said = next(burial_sections(results, {}, "zh")).lines
    assert any("没有下列镇街，未计入需求：t1。" in line for line in said)
    assert any("本研究没有的镇街：t9；" in line for line in said) and any("请核对：t9。" in line for line in said)


def test_land_that_nobody_says_is_no_data_in_the_tables_of_the_need(burials: Path) -> None:
    keys = "\n[[graves.shares]]\nnear = { grave = 0.5, tree = 0.5 }\n"
    results = qh.run_study(qh.read_study(asked(burials, keys)), siting=False)
    need, forms = list(burial_sections(results, {}, "zh"))[:2]
    assert need.table["area_m2"].tolist() == ["无数据"] == need.table["area_mu"].tolist()
    assert set(forms.table.loc[forms.table["form"] == "树葬", "area_m2"]) == {"无数据"}
