"""What a study's tables say of each other: areas, kinds, totals, codes of two lists.

A made-up city: 24 communities in three towns side by side, 8 each, their ids of 12 digits beginning with their town's.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import StudyError
from quarterhour.base.findings import finding_sentences, join_findings
from quarterhour.io import files
from quarterhour.report.console import finding_lines
from quarterhour.study.doubts import settled
from quarterhour.study.inputs import Inputs
from quarterhour.study.run import read_study_inputs

WEST, SOUTH, STEP = 122.1002, 37.5002, 0.02
TOWNS = {"371002001": "环翠楼街道", "371002002": "鲸园街道", "371002003": "竹岛街道"}
Row = dict[str, Any]
Change = Callable[[list[Row]], list[Row]]

STUDY = """
[study]
id = "t"
zh = "试"
en = "T"
crs = "EPSG:32651"
reference_date = 2025-12-31

[roads]
path = "roads.geojson"

[communities]
path = "communities.csv"
columns = { id = "id", name = "name", x = "lon", y = "lat", town = "town", county = "county" }
people = ["older", "hardship"]

[towns]
path = "towns.geojson"
columns = { id = "id", name = "name", county = "county" }

[counties]
path = "counties.csv"
columns = { id = "id", name = "name" }

[[facilities]]
path = "facilities.csv"
columns = { id = "id", name = "name", kind = "kind", x = "lon", y = "lat", town = "town", county = "county" }

[[circles]]
id = "home"
zh = "一刻钟"
en = "home circle"
kinds = ["day_care"]
mode = "walk"
minutes = 15
heading = "to_site"
people = "older"
"""


def communities() -> list[Row]:
    rows = []
    for n in range(24):
        town = list(TOWNS)[n // 8]
        lon, lat = WEST + STEP * (n // 8) + 0.002 + 0.002 * (n % 8), SOUTH + 0.003 * (n % 5 + 1)
        rows.append(
            {"id": f"{town}{n + 1:03}", "name": f"第{n + 1}社区", "town": town, "county": "371002",
             "lon": round(lon, 6), "lat": round(lat, 6), "older": 300 + 37 * n, "hardship": n % 7}
        )  # fmt: skip
    return rows


def facilities() -> list[Row]:
    kinds = ["day_care"] * 3 + ["care_base"] * 3
    return [
        {"id": f"f{n}", "name": f"设施{n}", "kind": kind, "town": town, "county": "371002",
         "lon": WEST + STEP * (n % 3) + 0.01, "lat": SOUTH + 0.002 * n}
        for n, (kind, town) in enumerate(zip(kinds, [*TOWNS, *TOWNS], strict=True))
    ]  # fmt: skip


def write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_layer(path: Path, features: list[tuple[Row, str, Any]]) -> None:
    made = [
        {"type": "Feature", "properties": row, "geometry": {"type": kind, "coordinates": where}}
        for row, kind, where in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}), encoding="utf-8")


def outline(n: int) -> list[list[list[float]]]:
    west, east = WEST + STEP * n, WEST + STEP * (n + 1)
    return [[[west, SOUTH], [east, SOUTH], [east, SOUTH + 0.03], [west, SOUTH + 0.03], [west, SOUTH]]]


class City:
    """The study as files, to be changed and read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.text, self.towns = folder, STUDY, dict(TOWNS)
        self.communities, self.facilities = communities(), facilities()

    def said(self, after: str, line: str) -> City:
        """A line more in a part of the study file."""
        self.text = self.text.replace(f"{after}\n", f"{after}\n{line}\n", 1)
        return self

    def without(self, part: str) -> City:
        """The study without one of its parts."""
        head, tail = self.text.split(f"[{part}]\n", 1)
        self.text = head + tail[tail.index("\n[") + 1 :]
        return self

    def read(self) -> Inputs:
        """Everything written, and read by the program."""
        write_csv(self.folder / "communities.csv", self.communities)
        write_csv(self.folder / "facilities.csv", self.facilities)
        write_csv(self.folder / "counties.csv", [{"id": "371002", "name": "环翠区"}])
        drawn = [
            ({"id": i, "name": name, "county": "371002"}, "Polygon", outline(n))
            for n, (i, name) in enumerate(self.towns.items())
        ]
        write_layer(self.folder / "towns.geojson", drawn)
        street = [[WEST, SOUTH], [WEST + 3 * STEP, SOUTH]]
        write_layer(self.folder / "roads.geojson", [({"highway": "residential"}, "LineString", street)])
        (self.folder / "study.toml").write_text(self.text, encoding="utf-8")
        return read_study_inputs(qh.read_study(self.folder))

    def told(self) -> pd.DataFrame:
        """Its findings, each with a sentence in both languages."""
        found = self.read().findings
        for lang in ("zh", "en"):
            assert finding_sentences(found, lang).str.len().gt(15).all()
        return found


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def rules(found: pd.DataFrame) -> list[str]:
    return found["rule"].tolist()


def test_a_city_that_is_right_has_nothing_to_tell(city: City) -> None:
    assert city.told().empty


# --- names and codes of areas --------------------------------------------------------------------------------------

WRITTEN = {
    "by name": lambda town: TOWNS[town],
    "by its office": lambda town: TOWNS[town] + "办事处",
    "with the county before it": lambda town: "环翠区" + TOWNS[town],
    "in traditional characters": lambda town: TOWNS[town].replace("鲸园", "鯨園").replace("竹岛", "竹島"),
    "of twelve digits": lambda town: town + "000",
    "as a float": lambda town: town + ".0",
    "with an apostrophe": lambda town: "'" + town,
    "of full-width digits": lambda town: "".join(chr(ord(c) + 0xFEE0) for c in town),
    "by the code of the village": lambda town: town + "001",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_towns_are_known_however_they_are_written(city: City, how: str) -> None:
    right = [row["town"] for row in city.communities]
    for row in city.communities:
        row["town"] = WRITTEN[how](row["town"])
    for row in city.facilities:
        row["town"] = WRITTEN[how](row["town"])
    inputs = city.read()
    assert inputs.communities["town"].tolist() == right
    assert inputs.facilities["town"].tolist() == [*TOWNS, *TOWNS]
    told = inputs.findings
    assert set(told["rule"]) <= {"doubts.areas_matched"} and set(told["severity"]) <= {"note"}
    if how != "of full-width digits":  # digits are read as digits before
        assert told["value"].tolist() == ["24", "6"]


def test_the_towns_own_ids_may_be_the_long_ones(city: City) -> None:
    city.towns = {f"{i}000": name for i, name in TOWNS.items()}
    inputs = city.read()
    assert set(inputs.communities["town"]) == set(city.towns)
    assert set(inputs.findings["rule"]) == {"doubts.areas_matched"}


def test_a_town_that_nobody_knows_is_listed_with_the_nearest(city: City) -> None:
    city.communities[16]["town"], city.communities[17]["town"] = "竹岛接道", "371002009"
    told = city.told()
    row = told[told["rule"].eq("inputs.unknown_area")].iloc[0]
    assert (row["severity"], row["value"], row["column"], row["file"]) == ("warning", "2", "town", "communities.csv")
    assert "竹岛接道 (≈ 371002003 竹岛街道)" in row["detail"] and "371002009 (≈ 37100200" in row["detail"]
    assert row["id"] == "371002003017, 371002003018"


def test_without_a_table_of_towns_one_town_has_one_spelling(city: City) -> None:
    city.without("towns")
    for n, row in enumerate(city.communities):
        row["town"] = TOWNS[row["town"]] + ("办事处" if n % 4 == 0 else "")
    for row in city.facilities:
        row["town"] = TOWNS[row["town"]] + "办"
    inputs = city.read()
    assert set(inputs.communities["town"]) == set(inputs.facilities["town"]) == set(TOWNS.values())
    assert rules(inputs.findings) == ["doubts.areas_one_spelling", "doubts.areas_matched"]


def test_tables_of_figures_name_towns_as_they_like_too(city: City) -> None:
    city.text += (
        '\n[[tables]]\nname = "deaths"\npath = "deaths.csv"\n\n[[tables]]\nname = "figures"\npath = "figures.csv"\n'
    )
    write_csv(city.folder / "deaths.csv", [{"town": name, "deaths": 3} for name in TOWNS.values()])
    rows = [("town", "竹岛街道办事处"), ("county", "环翠区"), ("city", "")]
    write_csv(city.folder / "figures.csv", [{"level": level, "area": area, "value": 1} for level, area in rows])
    inputs = city.read()
    assert sorted(inputs.tables["deaths"]["town"]) == sorted(TOWNS)
    assert sorted(inputs.tables["figures"]["area"]) == ["", "371002", "371002003"]
    assert set(inputs.findings["rule"]) == {"doubts.areas_matched"}
    assert set(inputs.findings["file"]) == {"deaths.csv", "figures.csv"}


def test_counties_by_name_are_known(city: City) -> None:
    for row in city.communities:
        row["county"] = "环翠"
    inputs = city.read()
    assert set(inputs.communities["county"]) == {"371002"} and rules(inputs.findings) == ["doubts.areas_matched"]


# --- code against id, place and county -----------------------------------------------------------------------------


def test_a_few_rows_whose_ids_begin_with_another_town_are_told(city: City) -> None:
    city.communities[0]["town"] = city.communities[9]["town"] = "371002003"
    told = city.told()
    told = told[told["rule"] != "where.other_town"]  # where they lie is told as well, row by row
    assert rules(told) == ["doubts.town_not_id"] and told["value"].tolist() == ["2"]
    assert told["id"].tolist() == ["371002001001, 371002002010"]
    assert "371002001001 → 371002003 竹岛街道 (≠ 371002001 环翠楼街道)" in told["detail"].iloc[0]


def test_a_whole_town_under_another_code_is_told_by_its_place(city: City) -> None:
    other = {"371002001": "371002002", "371002002": "371002001"}
    for row in city.communities:
        row["id"] = row["id"][-3:]  # ids that say nothing
        row["town"] = other.get(row["town"], row["town"])
    told = city.told()
    assert rules(told) == ["doubts.town_elsewhere"] and told["severity"].tolist() == ["warning"]
    assert told["value"].tolist() == ["2"]
    assert told["detail"].iloc[0] == "33.3%: 371002001 → 371002002 (8/8), 371002002 → 371002001 (8/8)"


def test_a_whole_town_whose_ids_are_of_another_list_is_a_note(city: City) -> None:
    for row in city.communities[:8]:
        row["id"] = "371002011" + row["id"][-3:]
    told = city.told()
    assert rules(told) == ["doubts.ids_of_another_list"] and told["severity"].tolist() == ["note"]
    assert told["detail"].tolist() == ["66.7%: 371002011 → 371002001 环翠楼街道"]


def test_where_the_lists_are_declared_a_whole_town_is_a_slip_too(city: City) -> None:
    city.said("[communities]", 'code_system = "nbs-2023"').said("[towns]", 'code_system = "nbs-2023"')
    for row in city.communities[:8]:
        row["town"] = "371002002"
    assert "doubts.town_not_id" in rules(city.told())


def test_a_county_that_is_not_the_towns_is_told(city: City) -> None:
    city.communities[3]["county"] = "371003"
    told = city.told()
    assert rules(told) == ["inputs.unknown_area", "doubts.county_not_towns"]
    assert told["id"].tolist() == ["371002001004"] * 2


def test_a_code_beside_the_name_of_another_town_is_told(city: City) -> None:
    for row in city.communities:
        row["镇街名称"] = TOWNS[row["town"]]
        row["id"] = row["id"][-3:]
    assert city.told().empty
    city.communities[20]["镇街名称"] = "鲸园街道办事处"
    told = city.told()
    assert rules(told) == ["doubts.town_not_name"] and told["column"].tolist() == ["镇街名称"]
    assert told["detail"].tolist() == ["021: 371002003 ≠ 鲸园街道办事处 (371002002)"]


# --- lists of codes ------------------------------------------------------------------------------------------------

NBS = {"371002109": "桥头镇", "371082001": "宁津街道", "371082002": "港湾街道"}
MCA = {
    "371002106": "桥头镇",
    "371082006": "宁津街道",
    "371082001": "港湾街道",
    "371082002": "斥山街道",
    "371002109": "初村镇",
}


def swapped(city: City) -> City:
    """Communities by the statistical list, towns by the civil-affairs list: codes that name another town there."""
    city.towns = MCA
    new = dict(zip(TOWNS, NBS, strict=True))
    for row in city.communities:
        row["town"] = new[row["town"]]
        row["id"] = row["town"] + row["id"][-3:]
    for row in city.facilities:
        row["town"] = ""
    return city


def test_towns_that_another_list_swaps_are_told_with_both_names(city: City) -> None:
    told = swapped(city).told()
    row = told[told["rule"].eq("doubts.systems_look_apart")].iloc[0]
    assert (row["severity"], row["value"]) == ("warning", "24")
    assert "nbs-2023 / mca-2026: 371002109 桥头镇 ≠ 初村镇, 371082001 宁津街道 ≠ 港湾街道" in row["detail"]
    assert "doubts.town_elsewhere" in rules(told)


def test_where_both_tables_declare_their_lists_codes_are_translated(city: City) -> None:
    swapped(city).said("[communities]", 'code_system = "nbs-2023"').said("[towns]", 'code_system = "mca-2026"')
    inputs = city.read()
    assert inputs.communities["town"].tolist() == [c for c in ("371002106", "371082006", "371082001") for _ in range(8)]
    assert set(inputs.findings["severity"]) == {"note"}
    assert "doubts.codes_translated" in rules(inputs.findings)


def test_lists_that_nobody_can_translate_are_told(city: City) -> None:
    city.said("[communities]", 'code_system = "nbs-2019"').said("[towns]", 'code_system = "mca-2026"')
    told = city.told()
    assert "doubts.systems_apart" in rules(told) and "nbs-2019 / mca-2026" in told["value"].tolist()


def test_a_list_may_be_declared_by_column(city: City) -> None:
    city.said("[communities]", 'code_system = { id = "nbs-2023", town = "mca-2026" }')
    assert city.said("[towns]", 'code_system = "mca-2026"').told().empty
    with pytest.raises(StudyError, match="code_system"):
        City(city.folder).said("[communities]", "code_system = 3").read()


def weihai(folder: Path, **town: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The embedded communities, their town read from a column, settled by the embedded towns."""
    study = qh.read_study(folder)
    said = study.file.model_copy(update={"communities": study.file.communities.model_copy(update=town)})
    parts = {"communities": said.communities, "towns": said.towns}
    read = {}
    for name, part in parts.items():
        assert part is not None and part.path is not None
        read[name], _ = files.read_places(
            folder / part.path, table=name, crs="EPSG:32651", columns=part.columns,
            people=said.communities.people if name == "communities" else (),
            geometry="any" if name == "towns" else "point",
        )  # fmt: skip
    none = read["towns"].head(0)
    rest = dict.fromkeys(("counties", "facilities", "candidates"), none)
    known, told = settled(said, {**read, **rest}, {}, of_table=())
    return known["communities"], join_findings(told)


def test_242_communities_of_weihai_no_longer_change_town_in_silence(root: Path) -> None:
    folder = root / "data" / "raw" / "weihai"
    right, _ = weihai(folder)
    columns = {**qh.read_study(folder).file.communities.columns, "town": "nbs_town_code"}
    wrong, told = weihai(folder, columns=columns, code_system="")
    moved = wrong["town"].ne(right["town"]) & wrong["town"].isin(set(right["town"]))
    assert moved.sum() == 242
    row = told[told["rule"].eq("doubts.systems_look_apart")].iloc[0]
    assert (row["severity"], row["value"]) == ("warning", "242")
    assert "371002109 桥头镇 ≠ 初村镇" in row["detail"]
    assert "doubts.town_elsewhere" in rules(told)
    mended, told = weihai(folder, columns=columns, code_system="nbs-2023")
    other = mended.index[mended["town"].ne(right["town"])]
    assert len(other) == 7 and set(mended.loc[other, "town"]) == {"371003400"}  # no such unit in the other list
    assert set(told.loc[told["severity"].eq("warning"), "rule"]) == {"inputs.unknown_area"}


# --- kinds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["日间照料中心", "老年人日间照料中心", "日間照料中心", "day-care", "Day_Care", "day care", "day_care\u200b"],
)
def test_a_kind_is_known_by_its_label_and_spelling(city: City, written: str) -> None:
    for row in city.facilities[:3]:
        row["kind"] = written
    inputs = city.read()
    assert inputs.facilities["kind"].tolist() == ["day_care"] * 3 + ["care_base"] * 3
    assert set(inputs.findings["rule"]) <= {"doubts.kinds_matched", "unseen"}


def test_a_kind_with_a_slip_is_told_with_what_was_meant(city: City) -> None:
    city.facilities[0]["kind"], city.facilities[1]["kind"], city.facilities[5]["kind"] = (
        "day_cere",
        "日照中心",
        "teahouse",
    )
    inputs = city.read()
    told = inputs.findings
    assert rules(told) == ["doubts.kind_unknown", "doubts.kind_near", "doubts.kind_near"]
    assert told["detail"].iloc[0] == "teahouse"
    told = told.iloc[1:]
    assert told["detail"].tolist() == ["day_care (1)", "day_care (1)"] and told["id"].tolist() == ["f0", "f1"]
    assert inputs.facilities["kind"].tolist()[:2] == ["day_cere", "日照中心"]  # nothing is guessed
    assert "did you mean day_care" in finding_sentences(told, "en").iloc[0]


def test_a_kind_that_the_study_itself_names_stays(city: City) -> None:
    city.text = city.text.replace('kinds = ["day_care"]', 'kinds = ["日间照料中心"]')
    for row in city.facilities[:3]:
        row["kind"] = "日间照料中心"
    assert city.told().empty


# --- controls ------------------------------------------------------------------------------------------------------

TOTAL = sum(row["older"] for row in communities())


def test_a_total_that_is_off_is_told_with_both_figures(city: City) -> None:
    told = city.said("[communities]", f"totals = {{ older = {TOTAL + 500} }}").told()
    assert rules(told) == ["doubts.not_the_total"]
    assert told[["value", "detail"]].to_numpy().tolist() == [[f"{TOTAL:,}", f"{TOTAL + 500:,}"]]


def test_a_total_within_a_hundredth_is_near_enough(city: City) -> None:
    assert city.said("[communities]", f"totals = {{ older = {round(TOTAL, -2)} }}").told().empty


def test_a_number_of_rows_that_is_off_is_told(city: City) -> None:
    told = city.said("[communities]", "rows = 25").said("[[facilities]]", "rows = 6").told()
    assert rules(told) == ["doubts.not_the_rows"] and told["detail"].tolist() == ["25"]


def test_pairs_and_totals_are_of_the_columns_of_people(city: City) -> None:
    with pytest.raises(StudyError, match=r"communities.*aged.*not among `people`"):
        city.said("[communities]", 'parts = { aged = "older" }').read()
    with pytest.raises(StudyError, match="part of itself"):
        City(city.folder).said("[communities]", 'parts = { older = "older" }').read()


def test_a_pair_that_the_study_names_is_weighed(city: City) -> None:
    city.text = city.text.replace('"hardship"]', '"disabled"]')
    for row in city.communities:
        row["disabled"] = row.pop("hardship")
    city.communities[4]["disabled"] = 5_000
    assert "part_over_whole" not in rules(city.told())
    told = city.said("[communities]", 'parts = { disabled = "older" }').told()
    row = told[told["rule"].eq("part_over_whole")].iloc[0]
    assert (row["row"], row["id"], row["value"], row["detail"]) == (6, "371002001005", "5,000", "older = 448")


# --- twice ---------------------------------------------------------------------------------------------------------


def test_a_table_pasted_twice_under_new_ids_is_told_in_one_line(city: City) -> None:
    city.communities += [{**row, "id": "X" + row["id"]} for row in city.communities]
    told = city.told()
    assert rules(told) == ["place_twice_many"] and told["value"].tolist() == ["24"]
    (line,) = finding_lines(told, "en", most=20)
    assert (
        line.startswith("[warning] ")
        and "communities.csv: 24 rows have the name" in line
        and "X371002001001 = 371002001001" in line
    )


def test_a_facility_in_two_tables_is_told(city: City) -> None:
    more = city.text.split("[[facilities]]")[1].split("[[circles]]")[0].replace("facilities.csv", "more.csv")
    city.text = city.text.replace("[[circles]]", f"[[facilities]]{more}[[circles]]")
    write_csv(
        city.folder / "more.csv", [{**facilities()[0], "id": "g0"}, {**facilities()[1], "id": "g1", "kind": "clinic"}]
    )
    told = city.told()
    assert rules(told) == ["doubts.facility_in_two_tables"] and told["detail"].tolist() == ["g0 = f0"]


# --- what promises hang on ------------------------------------------------------------------------------------------

PLAN = '[targets]\nrules = ["weihai-14fyp"]\n\n'


def test_towns_and_sub_districts_are_told_apart_by_their_names_and_that_is_told(city: City) -> None:
    city.towns = dict(zip(TOWNS, ["张村镇", "鲸园街道", "开发区"], strict=True))
    assert city.told().empty  # nothing asks for it
    city.text = city.text.replace("[[circles]]", PLAN + "[[circles]]")
    told = city.told()
    assert rules(told) == ["doubts.class_of_name", "doubts.class_unknown"]
    assert told["value"].tolist() == ["2", "1"] and told["detail"].tolist() == ["1 + 1", "开发区"]
    assert told["id"].tolist()[1] == "371002003"
    assert "class" in finding_sentences(told, "zh").iloc[1]


def test_without_a_table_of_towns_their_names_in_the_communities_count(city: City) -> None:
    for row in [*city.communities, *city.facilities]:
        row["town"] = TOWNS[row["town"]]
    city.text = city.text.replace("[[circles]]", PLAN + "[[circles]]")
    told = city.without("towns").told()
    assert rules(told)[-1] == "doubts.class_of_name" and told["detail"].tolist()[-1] == "0 + 3"


def test_a_facility_of_a_community_that_nobody_knows_is_told(city: City) -> None:
    known = city.communities[0]["id"]
    for row, said in zip(city.facilities, [known, f"{known};999", "", "888; 777", known, known], strict=True):
        row["community"] = said
    told = city.told()
    assert rules(told) == ["doubts.unknown_community"] and told["value"].tolist() == ["3"]
    assert told["id"].tolist() == ["999, 888, 777"] and told["detail"].tolist() == ["f1 → 999, f3 → 888, f3 → 777"]


def test_a_level_that_cannot_be_read_is_told(city: City) -> None:
    for row, said in zip(city.facilities, ["市级", "县级", "", "省级", "town", "村级"], strict=True):
        row["facility_level"] = said
    told = city.told()
    assert rules(told) == ["doubts.level_unknown"]
    assert told[["id", "value", "detail"]].to_numpy().tolist() == [["f3", "1", "省级"]]


def test_a_town_that_nobody_knows_among_those_a_facility_serves_is_told(toy_study: Path) -> None:
    file = toy_study / "facilities.csv"
    head, *rest = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([f"{head},serves_towns", *(f"{row},t1; t77" for row in rest)]) + "\n", "utf-8")
    told = read_study_inputs(qh.read_study(toy_study)).findings.set_index("rule")
    assert told.loc["doubts.unknown_town", ["value", "id"]].tolist() == ["2", "t77"]
