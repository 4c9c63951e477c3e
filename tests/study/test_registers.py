"""Registers in a study: counted, placed, refused by line and field; and columns that nobody named end at the door."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.base.errors import StudyError
from quarterhour.base.findings import findings_from
from quarterhour.study.reading.named_columns import without_unnamed
from quarterhour.study.run import read_study_inputs

X0, Y0 = 400_000.0, 4_150_000.0
HEAD = "姓名,身份证号,村,供养,自理,x,y\n"


def with_register(folder: Path, rows: str, *, more: str = "", columns: str = 'community = "村"') -> Path:
    """The toy study with a register of these rows."""
    (folder / "register.csv").write_text(HEAD + rows, encoding="utf-8")
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    part = f'\n[[registers]]\npath = "register.csv"\npeople = "needy"\ncolumns = {{ {columns} }}\n{more}\n'
    file.write_text(text + part, encoding="utf-8")
    return folder


def communities(folder: Path) -> gpd.GeoDataFrame:
    return read_study_inputs(qh.read_study(folder)).communities


def test_twelve_persons_in_six_villages_are_twelve(toy_study: Path) -> None:
    table = toy_study / "communities.csv"
    two_more = f"n,北村,{X0 + 900},{Y0},t1,c1,5,0\ns,南村,{X0 + 2700},{Y0},t1,c1,5,0\n"
    table.write_bytes(table.read_bytes() + two_more.encode("gb18030"))
    rows = "".join(f"甲,{k},{'wmeins'[k % 6]},分散,自理,,\n" for k in range(12))
    inputs = read_study_inputs(qh.read_study(with_register(toy_study, rows)))
    assert inputs.communities["needy"].tolist() == [2] * 6
    account = inputs.account.set_index("table").loc["registers"]
    assert (account["rows"], account["used"], account["set_aside"]) == (12, 12, 0)


def test_care_and_grade_make_columns_of_their_own(toy_study: Path) -> None:
    rows = "甲,1,w,分散,自理,,\n乙,2,w,集中,失能,,\n丙,3,m,分散,半失能,,\n"
    said = 'community = "村", care = "供养", grade = "自理"'
    found = communities(with_register(toy_study, rows, columns=said)).loc[["w", "m"]]
    made = [
        found[f"needy{end}"].tolist() for end in ("", "_home", "_institution", "_able", "_half_disabled", "_disabled")
    ]
    assert made == [[2, 1], [1, 1], [1, 0], [1, 0], [0, 1], [1, 0]]


def test_a_door_falls_to_the_nearest_community(toy_study: Path) -> None:
    rows = f"甲,1,,分散,自理,{X0 + 100},{Y0 + 50}\n乙,2,e,分散,自理,{X0},{Y0}\n丙,3,,分散,自理,{X0 + 50_000},{Y0}\n"
    said = 'community = "村", x = "x", y = "y"'
    inputs = read_study_inputs(qh.read_study(with_register(toy_study, rows, columns=said, more='crs = "EPSG:32651"')))
    assert inputs.communities["needy"].to_dict() == {"w": 1, "m": 0, "e": 1, "i": 0}
    assert "registers.door_far" in set(inputs.findings["rule"])


def test_a_door_falls_to_the_outline_that_it_lies_in(toy_study: Path) -> None:
    """The point of m is nearer, but the door lies in the long village w."""
    boxes = {"w": shapely.box(X0 - 200, Y0 - 200, X0 + 1500, Y0 + 200),
             "m": shapely.box(X0 + 1500, Y0 - 200, X0 + 2000, Y0 + 200)}  # fmt: skip
    table = {"id": list(boxes), "name": list(boxes), "town": "t1", "county": "c1", "older": 1, "hardship": 1}
    gpd.GeoDataFrame(table, geometry=list(boxes.values()), crs="EPSG:32651").to_file(toy_study / "villages.gpkg")
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace("communities.csv", "villages.gpkg")
    file.write_text(text.replace(', x = "x", y = "y", town', ", town", 1), encoding="utf-8")
    rows = f"甲,1,,分散,自理,{X0 + 1400},{Y0}\n"
    found = communities(with_register(toy_study, rows, columns='x = "x", y = "y"', more='crs = "EPSG:32651"'))
    assert found["needy"].to_dict() == {"w": 1, "m": 0}
    assert set(found.geom_type) == {"Point"}


def test_a_circle_asks_for_a_column_that_a_register_makes(toy_study: Path) -> None:
    folder = with_register(toy_study, "甲,1,w,分散,自理,,\n" * 6, columns='community = "村", care = "供养"')
    file = folder / "study.toml"
    file.write_text(file.read_text("utf-8").replace('people = "hardship"\n', 'people = "needy_home"\n'), "utf-8")
    results = qh.run_study(qh.read_study(folder), siting=False)
    assert results.checks[1].shares.set_index("area").loc["city", ["people", "people_met"]].tolist() == [6, 6]


def test_a_column_of_the_table_gives_way_only_where_the_study_says_so(toy_study: Path) -> None:
    with_register(toy_study, "甲,1,w,分散,自理,,\n")
    file = toy_study / "study.toml"
    same = file.read_text("utf-8").replace('people = "needy"', 'people = "hardship"')
    file.write_text(same, "utf-8")
    with pytest.raises(StudyError, match="replace = true"):
        communities(toy_study)
    file.write_text(same + "replace = true\n", "utf-8")
    assert communities(toy_study)["hardship"].to_dict() == {"w": 1, "m": 0, "e": 0, "i": 0}


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ('columns = { care = "供养" }', "registers.0.columns: name the column of the `community`"),
        ('columns = { x = "x" }', "registers.0.columns: has x alone"),
        ('columns = { community = "村", name = "姓名" }', "registers.0.columns.name"),
        ('columns = { community = "村" }\nwords = { "三档" = "half" }', "registers.0.words"),
        ('columns = { community = "村" }\nwithin_m = 0', "registers.0.within_m"),
        ('columns = { community = "村" }\n[privacy]\nsmallest_count = 0', "privacy.smallest_count"),
        ('columns = { community = "村" }\n[privacy]\nguards = ["deaf"]', "deaf"),
        ('columns = { community = "村" }\nfrom_osm = ["village"]', "registers.0.from_osm"),
    ],
)
def test_a_mistake_is_told_by_line_and_field(toy_study: Path, part: str, said: str) -> None:
    file = toy_study / "study.toml"
    text = file.read_text("utf-8")
    file.write_text(f'{text}\n[[registers]]\npath = "r.csv"\npeople = "needy"\n{part}\n', "utf-8")
    with pytest.raises(StudyError) as told:
        qh.read_study(toy_study)
    assert said in str(told.value)
    assert "study.toml:" in str(told.value)


# --- columns that nobody named --------------------------------------------------------------------


def test_only_named_columns_of_places_go_on(toy_study: Path) -> None:
    for name in ("communities", "facilities"):
        encoding = "gb18030" if name == "communities" else "utf-8"
        table = pd.read_csv(toy_study / f"{name}.csv", encoding=encoding)
        table.assign(户主="司马懿", 电话="15900001234").to_csv(toy_study / f"{name}.csv", index=False, encoding="utf-8")
    inputs = read_study_inputs(qh.read_study(toy_study))
    for table in (inputs.communities, inputs.facilities):
        assert not {"户主", "电话"} & set(table)
    assert {"older", "hardship", "town"} <= set(inputs.communities)


def test_what_to_write_about_a_place_and_what_is_said_of_roads_stays_whole(toy_study: Path) -> None:
    """Their column is a key of the study file (datum) or a length, and no column of a table that nobody named."""
    study = qh.read_study(toy_study)
    said = {"severity": "warning", "column": "datum", "value": 'datum = "gcj02"', "detail": "454 m"}
    several = [
        {**said, "rule": "where.roads_key", "table": "communities"},
        {**said, "rule": "osm.no_road", "table": "communities", "column": "9.3"},
        {**said, "rule": "roads.joined", "table": "roads", "column": "1.5"},
        {**said, "rule": "osm.no_road", "table": "roads", "column": "9.3"},
    ]
    told = without_unnamed(study.file, toy_study, findings_from(several))
    assert set(told["value"]) == {'datum = "gcj02"'} and set(told["detail"]) == {"454 m"}
    other = findings_from([{**said, "rule": "blank_cells", "table": "communities", "column": "户主"}])
    assert without_unnamed(study.file, toy_study, other)["value"].tolist() == ["***"]


def test_a_finding_about_a_column_that_nobody_named_quotes_no_cell(toy_study: Path) -> None:
    table = toy_study / "communities.csv"
    rows = table.read_text("gb18030").splitlines()
    more = ["门牌", "1", "2", "3", "司马家"]
    told = "\n".join(f"{row},{cell}" for row, cell in zip(rows, more, strict=True))
    table.write_text(told + f"\na,甲村,{X0},{Y0},t1,c1,1,1,4\nb,乙村,{X0},{Y0},t1,c1,1,1,5\n", "gb18030")
    findings = read_study_inputs(qh.read_study(toy_study)).findings
    assert "门牌" in set(findings["column"])
    assert "司马家" not in findings.to_csv()


# --- what is guarded ------------------------------------------------------------------------------


def test_columns_of_the_table_are_guarded_where_the_study_names_them(toy_study: Path) -> None:
    study = qh.read_study(toy_study)
    assert study.file.guarded == ()
    file = toy_study / "study.toml"
    file.write_text(file.read_text("utf-8") + '\n[privacy]\nguards = ["hardship"]\n', "utf-8")
    made = qh.run_study(qh.read_study(toy_study), siting=False, publish=True)
    assert made.inputs.communities["hardship"].isna().to_dict() == dict.fromkeys("eiw", True) | {"m": False}
    assert made.checks[1].shares.set_index("area").loc["city", "people"] == 7
    shortly = qh.run_study(qh.read_study(toy_study), circles_only=True, publish=True)
    assert shortly.inputs.communities["hardship"].equals(made.inputs.communities["hardship"])


def test_a_smallest_count_of_one_shows_everybody(toy_study: Path) -> None:
    with_register(toy_study, "甲,1,w,分散,自理,,\n", more="[privacy]\nsmallest_count = 1")
    results = qh.run_study(qh.read_study(toy_study), siting=False, publish=True)
    assert results.protection is None
    assert results.inputs.communities.loc["w", "needy"] == 1


def test_too_few_in_the_whole_city_are_told_and_left_out(toy_study: Path) -> None:
    with_register(toy_study, "甲,1,w,分散,自理,,\n乙,2,e,分散,自理,,\n")
    made = qh.run_study(qh.read_study(toy_study), siting=False, publish=True)
    assert made.inputs.communities["needy"].fillna(0).sum() == 0
    assert "publication.too_few" in set(made.findings["rule"])


def test_one_person_of_unknown_care_takes_nobody_else_out_of_the_publication(toy_study: Path) -> None:
    """At home and in institutions would leave the one: the institutions give way, and are told; all and home stay."""
    rows = "甲,1,w,分散,自理,,\n" * 7 + "乙,2,m,集中,自理,,\n" * 8 + "丙,3,e,,自理,,\n" + "丁,4,e,分散,自理,,\n" * 6
    with_register(toy_study, rows, columns='community = "村", care = "供养"')
    file = toy_study / "study.toml"
    text = file.read_text("utf-8")
    circles = text[text.index("[[circles]]") :]
    first = circles[: circles.index("[[", 2)]
    more = [f'{first.split("id =", 1)[0]}id = "x{end}"\n' + first.split("\n", 2)[2] for end in range(3)]
    for at, column in enumerate(("needy", "needy_home", "needy_institution")):
        lines = [f'people = "{column}"' if line.startswith("people") else line for line in more[at].splitlines()]
        text += "\n".join(["", *lines, ""])
    file.write_text(text, "utf-8")
    made = qh.run_study(qh.read_study(toy_study), siting=False, publish=True)
    people = [check.shares.set_index("area").loc["city", "people"] for check in made.checks[-3:]]
    assert people[:2] == [22, 13]
    assert people[2] is pd.NA  # too few to be told, which is not nobody
    told = made.findings[made.findings["rule"].eq("publication.too_few")]
    assert told["column"].tolist() == ["needy_institution"]


def test_a_column_that_only_beds_ask_for_is_counted(toy_study: Path) -> None:
    with_register(toy_study, "甲,1,w,分散,自理,,\n" * 40, columns='community = "村", care = "供养"')
    file = toy_study / "study.toml"
    beds = '\n[beds]\nkinds = ["home"]\nwanted = 0.5\npeople = "needy_home"\n'
    file.write_text(file.read_text("utf-8") + beds, "utf-8")
    made = qh.run_study(qh.read_study(toy_study), siting=False, publish=True)
    assert made.inputs.communities["needy_home"].fillna(0).sum() == 40
