"""A study's forecast on the toy town: from its tables to circles, sites, beds and graves of a year."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import DataError, StudyError
from quarterhour.base.findings import finding_sentences
from quarterhour.base.labels import counted_label, people_label, unit_label
from quarterhour.report.service_sections import care_sections
from quarterhour.study.forecast.carry import carried
from quarterhour.study.run import read_study_inputs
from tables import book_tables

AGES = [*(f"{a}-{a + 4}" for a in range(40, 85, 5)), "85+"]
EARLIER = [200, 200, 200, 200, 100, 80, 60, 40, 20, 10]
LATER = {"t1": [200, 190, 200, 180, 60, 40, 25, 15, 6, 4], "t2": [40, 60, 50, 40, 12, 10, 8, 4, 2, 1]}
"""60 and over in 2020: 150 in t1 (w and m), 37 in t2 (e and i), as the communities have them."""
LIFE = "age,person_years\n" + "".join(
    f"{age},{years}\n" for age, years in zip(AGES, (490, 487, 482, 474, 461, 440, 406, 350, 268, 290), strict=True)
)
FORECAST = """
[[tables]]
name = "ages"
path = "ages.csv"
quality = "synthetic"
source = "示例"

[forecast]
method = "hamilton_perry"
table = "ages"
groups = { hardship = "older" }
"""


def write_ages(folder: Path) -> None:
    counts = [(t, year, people) for t in ("t1", "t2") for year, people in ((2010, EARLIER), (2020, LATER[t]))]
    rows = [f"{t},{year},{age},{n}" for t, year, people in counts for age, n in zip(AGES, people, strict=True)]
    (folder / "ages.csv").write_text("area,year,age,people\n" + "\n".join(rows), encoding="utf-8")
    table = folder / "communities.csv"
    text = table.read_text(encoding="gb18030").replace("t1,c1,30,", "t2,c1,30,").replace("t1,c1,7,", "t2,c1,7,")
    table.write_text(text, encoding="utf-8")


def change(folder: Path, *pairs: tuple[str, str], more: str = FORECAST) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text + more, encoding="utf-8")
    return folder


@pytest.fixture
def aged(toy_study: Path) -> Path:
    """The toy study with two towns and two counts of their ages."""
    write_ages(toy_study)
    return toy_study


YEAR = ('heading = "to_site"\npeople = "older"', 'heading = "to_site"\npeople = "older"\nyear = 2035')
SITES = ("new_sites = 1\n", "new_sites = 1\nyear = 2035\nrobust = { forecast = true }\n")


def test_circles_and_sites_of_a_year_count_its_people(aged: Path) -> None:
    results = qh.run_study(qh.read_study(change(aged, YEAR, SITES)))
    made = results.forecast
    assert made is not None and made.base_year == 2020 and made.years == (2030, 2035)
    towns = made.at("town", "older", 2035)
    people = results.inputs.communities.groupby("town")["older_2035"].sum()
    assert people.to_dict() == towns.to_dict() and towns.sum() == made.at("city", "older", 2035)["city"]
    assert results.checks[0].circle.people == "older_2035"
    assert results.checks[0].communities["people"].sum() == towns.sum()
    (plan,) = results.proposals
    assert plan.problem.demand.sum() == towns.sum() and plan.unit == "older_2035"
    assert results.inputs.communities["older"].sum() == 187


def test_between_two_years_people_are_rounded_and_never_cut_off(aged: Path) -> None:
    """177.6 people in the year after the count are 178."""
    results = qh.run_study(qh.read_study(change(aged, (YEAR[0], YEAR[1].replace("2035", "2021")))), siting=False)
    made = results.forecast
    assert made is not None and made.at("city", "older", 2021)["city"] == pytest.approx(177.6)
    assert results.inputs.communities["older_2021"].sum() == 178


def test_sites_that_still_hold_in_every_variant(aged: Path) -> None:
    results = qh.run_study(qh.read_study(change(aged, SITES)))
    robust = results.proposals[0].prospects.robust
    assert robust is not None
    named = ["", *(f"{y} {v}" for y in (2030, 2035) for v in ("low", "middle", "high"))]
    assert robust.scenarios["name"].tolist() == named
    assert robust.sites.at["e", "share"] == 1 and robust.sites.at["e", "in_plan"]
    low, middle, high = robust.scenarios["people"].iloc[-3:]
    assert low <= middle <= high and middle == robust.scenarios["people"].iloc[0]


def test_communities_keep_their_share_of_the_town(aged: Path) -> None:
    results = qh.run_study(qh.read_study(change(aged, YEAR)), siting=False)
    rows, made = results.inputs.communities, results.forecast
    assert made is not None
    assert rows.at["w", "older_2035"] == round(int(made.at("town", "older", 2035)["t1"]) * 100 / 150)


def test_a_column_that_counts_others_grows_as_they_do(aged: Path) -> None:
    pair = ('turnout_minutes = 3\npeople = "hardship"', 'turnout_minutes = 3\npeople = "hardship"\nyear = 2035')
    results = qh.run_study(qh.read_study(change(aged, pair)), siting=False)
    made, rows = results.forecast, results.inputs.communities
    assert made is not None
    grew = made.at("city", "older", 2035)["city"] / 187
    assert rows["hardship_2035"].sum() == pytest.approx(7 * grew, abs=1)


def test_old_figures_are_told_with_their_age(aged: Path) -> None:
    change(aged, ('people = ["older", "hardship"]\n', 'people = ["older", "hardship"]\nyear = { older = 2020 }\n'))
    findings = read_study_inputs(qh.read_study(aged)).findings
    (row,) = findings[findings["rule"] == "years.old"].to_dict("records")
    assert (row["column"], row["value"], row["detail"], row["severity"]) == ("older", "2020", "5", "warning")


def test_rows_may_say_their_own_year(aged: Path) -> None:
    table = aged / "communities.csv"
    head, *rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([head + ",people_year", *(r + ",2022" for r in rows)]), encoding="utf-8")
    findings = read_study_inputs(qh.read_study(aged)).findings
    assert findings.loc[findings["rule"] == "years.old", "value"].tolist() == ["2022", "2022"]


def test_people_of_no_year_that_are_carried_on_and_people_of_a_later_year_are_told(aged: Path) -> None:
    findings = read_study_inputs(qh.read_study(change(aged, YEAR))).findings
    assert findings.loc[findings["rule"] == "years.unsaid", "column"].tolist() == ["older"]
    table = aged / "communities.csv"
    head, *rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([head + ",people_year", *(r + ",2027年" for r in rows)]), encoding="utf-8")
    findings = read_study_inputs(qh.read_study(aged)).findings
    assert findings.loc[findings["rule"].str.startswith("years."), "rule"].tolist() == ["years.ahead"] * 2


def dated(folder: Path, years: tuple[str, ...]) -> pd.DataFrame:
    """The findings about years where the rows of communities say these."""
    table = folder / "communities.csv"
    head, *rows = table.read_text(encoding="utf-8").splitlines()
    made = [f"{row},{year}" for row, year in zip(rows, years, strict=True)]
    table.write_text("\n".join([head + ",people_year", *made]), encoding="utf-8")
    findings = read_study_inputs(qh.read_study(folder)).findings
    return findings[findings["rule"].str.startswith("years.")]


def test_rows_of_several_years_are_told_with_how_many_are_of_which(aged: Path) -> None:
    found = dated(aged, ("2024", "2025", "2024年", ""))
    assert found["rule"].tolist() == ["years.mixed"] * 2
    said = finding_sentences(found, "en").iloc[0]
    assert "2024 (2), 2025 (1), - (1)" in said and "2024" in finding_sentences(found, "zh").iloc[0]


def test_rows_of_one_year_or_a_year_that_the_study_says_are_not_told_as_mixed(aged: Path) -> None:
    assert not len(dated(aged, ("2025",) * 4))


def test_people_of_a_town_that_the_forecast_has_not_are_never_left_as_they_are_today(aged: Path) -> None:
    study = qh.read_study(change(aged, YEAR))
    tables = read_study_inputs(study)
    made = qh.run_study(study, siting=False).forecast
    assert made is not None
    table = tables.communities.assign(town=tables.communities["town"].replace("t2", "t9"))
    with pytest.raises(DataError, match="older.*2035.*: e, i"):
        carried(study.file, replace(tables, communities=table), made, "older", 2035, "middle")


LIFE_TABLE = '\n[[tables]]\nname = "life"\npath = "life.csv"\n'
GRAVES = """
[[tables]]
name = "deaths"
path = "deaths.csv"

[graves]
table = "deaths"
year = 2035
"""


def test_graves_of_a_year_follow_its_deaths(aged: Path) -> None:
    (aged / "life.csv").write_text(LIFE, encoding="utf-8")
    (aged / "deaths.csv").write_text("town,deaths,backlog\nt1,20,5\nt2,6,0\n", encoding="utf-8")
    more = LIFE_TABLE + GRAVES + FORECAST + 'life_table = "life"\n'
    change(aged, ('rules = ["weihai-14fyp"]', 'rules = ["weihai-14fyp", "cemetery"]'), more=more)
    results = qh.run_study(qh.read_study(aged), siting=False)
    made, graves = results.forecast, results.care.graves
    assert made is not None and graves is not None
    of = {y: made.at("town", "deaths", y) / made.at("town", "deaths", 2025) for y in range(2026, 2036)}
    years = [of[min(y, 2035)] * pd.Series({"t1": 20, "t2": 6}) for y in range(2026, 2046)]
    mean = pd.DataFrame(years).mean()
    assert graves.areas["deaths"].to_dict() == pytest.approx(mean.to_dict())
    assert graves.areas["backlog"].round(9).tolist() == [5, 0]


def with_deaths(folder: Path, deaths: str) -> Path:
    (folder / "life.csv").write_text(LIFE, encoding="utf-8")
    (folder / "deaths.csv").write_text(deaths, encoding="utf-8")
    more = LIFE_TABLE + GRAVES + FORECAST + 'life_table = "life"\n'
    return change(folder, ('rules = ["weihai-14fyp"]', 'rules = ["weihai-14fyp", "cemetery"]'), more=more)


def test_deaths_of_the_city_follow_the_forecast_year_by_year(aged: Path) -> None:
    table = with_deaths(aged, "area,level,indicator,value\ncity,city,deaths,26\n")
    results = qh.run_study(qh.read_study(table), siting=False)
    made, graves = results.forecast, results.care.graves
    assert made is not None and graves is not None
    of = {y: float(made.at("city", "deaths", y)["city"]) for y in range(2025, 2036)}
    every = [26 * of[min(y, 2035)] / of[2025] for y in range(2026, 2046)]
    assert graves.areas["deaths"].sum() == pytest.approx(sum(every) / 20)


@pytest.mark.parametrize(
    "deaths", ["town,year,deaths\nt1,2025,20\nt2,2025,6\n", "town,deaths,deaths_2030\nt1,20,21\nt2,6,7\n"]
)
def test_deaths_of_single_years_are_not_carried_on_and_that_is_told(aged: Path, deaths: str) -> None:
    with pytest.raises(DataError, match="deaths of single years"):
        qh.run_study(qh.read_study(with_deaths(aged, deaths)), siting=False)


def test_graves_of_a_year_need_a_life_table(aged: Path) -> None:
    (aged / "deaths.csv").write_text("town,deaths,backlog\nt1,20,5\n", encoding="utf-8")
    change(aged, ('rules = ["weihai-14fyp"]', 'rules = ["weihai-14fyp", "cemetery"]'), more=GRAVES + FORECAST)
    with pytest.raises(DataError, match="the forecast has no deaths"):
        qh.run_study(qh.read_study(aged), siting=False)


def test_beds_that_a_year_wants(aged: Path) -> None:
    with (aged / "facilities.csv").open("a", encoding="utf-8") as file:
        file.write("h,养老院,home,400000,4150000\n")
    text = (aged / "facilities.csv").read_text(encoding="utf-8").splitlines()
    text = [text[0] + ",beds,nursing_beds", *(line + (",3,1" if line.startswith("h") else ",,") for line in text[1:])]
    (aged / "facilities.csv").write_text("\n".join(text), encoding="utf-8")
    beds = '\n[beds]\nkinds = ["home"]\nwanted = 0.04\nyear = 2035\n'
    results = qh.run_study(qh.read_study(change(aged, more=FORECAST + beds)), siting=False)
    made, need = results.forecast, results.care.bed_need
    assert made is not None and need is not None
    (row,) = need.to_dict("records")
    assert row["people"] == made.at("city", "older", 2035)["city"] and row["short"] == row["wanted"] - 3
    section = next(s for s in care_sections(results, "zh") if s.key == "beds")
    assert "费用无数据" in section.lines[0] and section.table["cost_yuan"].tolist() == ["无数据"]


def test_towns_without_ages_share_what_their_county_grows_by(aged: Path) -> None:
    """Ages of the county alone: towns keep the shares that the communities have today."""
    table = pd.read_csv(aged / "ages.csv")
    whole = table.groupby(["year", "age"], sort=False)["people"].sum().reset_index().assign(area="c1")
    whole.to_csv(aged / "ages.csv", index=False)
    made = qh.run_study(qh.read_study(change(aged)), siting=False).forecast
    assert made is not None and dict(made.made.methods) == {
        "city": "hamilton_perry", "county": "hamilton_perry", "town": "communities",
    }  # fmt: skip
    towns = made.at("town", "older", 2035)
    assert towns["t1"] / towns.sum() == pytest.approx(150 / 187, abs=0.01)


def test_an_area_that_nobody_knows_is_told_by_file_and_row(aged: Path) -> None:
    with (aged / "ages.csv").open("a", encoding="utf-8") as file:
        file.write("\nt7,2020,40-44,1")
    with pytest.raises(DataError, match=r"ages\.csv, column area, rows 42: t7 is no town"):
        qh.run_study(qh.read_study(change(aged)), siting=False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"hamilton_perry"', '"trend"', "forecast.method: there is no method 'trend'.*1.59 million"),
        ('"hamilton_perry"', '"cohort_survival"', "the method cohort_survival needs `life_table`"),
        ('table = "ages"', 'table = "age"', "forecast.table: table age is not among"),
        ('table = "ages"', 'table = "ages"\nyears = [2035, 2030]', "should rise"),
        ('table = "ages"', 'table = "ages"\ncap = [1.2, 2]', "should hold 1"),
        ('table = "ages"', 'table = "ages"\nmigration = "ages"', "does nothing without method"),
        ('groups = { hardship = "older" }', 'groups = { nobody = "older" }', "people = nobody is not among"),
        ('kind = "day_care"\nmode = "walk"', 'kind = "day_care"\nmode = "walk"\nyear = 2040', "after the last year"),
        ('kind = "day_care"\nmode = "walk"', 'kind = "day_care"\nmode = "walk"\nvariant = "low"', "does nothing"),
        ('groups = { hardship = "older" }\n', "", "nobody says which group the column hardship counts"),
    ],
)  # fmt: skip
def test_what_the_study_file_cannot_mean_is_told(aged: Path, old: str, new: str, said: str) -> None:
    change(aged, ('turnout_minutes = 3\npeople = "hardship"', 'turnout_minutes = 3\npeople = "hardship"\nyear = 2035'))
    with pytest.raises(StudyError, match=said):
        qh.read_study(change(aged, (old, new), more=""))


def test_a_year_needs_a_forecast(aged: Path) -> None:
    with pytest.raises(StudyError, match="needs a \\[forecast\\]"):
        qh.read_study(change(aged, YEAR, more=""))


def test_people_of_a_year_are_called_so() -> None:
    assert people_label("older_2035", "zh").startswith("2035年") and "（低方案）" in people_label(
        "older_2035_low", "zh"
    )
    assert counted_label("older_2035", "zh") == "2035年老年人" and unit_label("older_2035", "zh") == "人"
    assert counted_label("older_2035_high", "en") == "older people of 2035 (high)"


def test_the_same_study_gives_the_same_forecast(aged: Path) -> None:
    change(aged, YEAR)
    one, two = (qh.run_study(qh.read_study(aged), siting=False).forecast for _ in range(2))
    assert one is not None and two is not None and one.rows.equals(two.rows)


def test_every_output_is_written_with_a_year(aged: Path, tmp_path: Path) -> None:
    results = qh.run_study(qh.read_study(change(aged, YEAR, SITES)))
    for lang in ("zh", "en"):
        written = qh.write_results(results, tmp_path / lang, lang=lang)
        page = (tmp_path / lang / "report.md").read_text(encoding="utf-8")
        assert len(written) > 5 and "2035" in page


def test_the_report_tells_the_forecast(aged: Path, tmp_path: Path) -> None:
    results = qh.run_study(qh.read_study(change(aged, YEAR, SITES)))
    qh.write_results(results, tmp_path, lang="zh")
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    made = results.forecast
    assert made is not None
    last = int(made.at("city", "older", 2035)["city"])
    assert "| older_2035 |" not in page and "2035年" in page
    assert "老年人口预测" in page and f"预计 2035 年 {last:,} 人" in page and "示例数，结果仅供演示" in page
    assert "队列变动比法" in page and "各年低、中、高方案" in page
    assert (tmp_path / "forecast.svg").read_text(encoding="utf-8").startswith("<svg")
    book = book_tables(tmp_path / "coverage.xlsx")
    assert {"老年人口预测", "高龄失能与死亡"} <= set(book)
