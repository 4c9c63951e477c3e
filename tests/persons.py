"""A made register of persons, with numbers, names and telephones that must be found nowhere, and its study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shapely import LineString

from streets import X0, Y0, write_streets
from tables import save_xlsx

STEP = 700.0
COUNTS = (
    (1, 2, 7, 1, 3, 0, 9, 2, 6, 3, 1, 4),  # t1 of c1
    (4, 4, 1, 0, 0, 12, 1, 1, 2, 2, 3, 1),  # t2 of c1
    (0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0),  # t3 of c1: two persons in the whole town
    (6, 8, 25, 25, 11, 7, 0, 16, 5, 10, 10, 20),  # t4 of c2: hardly anybody to hide
    (1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0),  # t5 of c2: five, one each
    (3, 2, 10, 1, 1, 4, 2, 3, 2, 1, 13, 2),  # t6 of c2
)
"""Persons by town and village."""
HEAD = ("姓名", "身份证号", "联系电话", "村居代码", "供养方式", "自理能力", "门口经度", "门口纬度", "备注")
CARE = ("分散供养", "分散", "集中供养", "分散", "分散（在家）")
GRADES = ("自理", "完全自理", "半失能", "失能", "全护理")
SURNAMES, GIVEN = "欧阳夏侯诸葛尉迟皇甫慕容", "瑾瑜琬琰璇玑珞珩"

STUDY = """
[study]
id = "persons"
zh = "登记册研究"
en = "Register study"
crs = "EPSG:32651"
reference_date = 2025-12-31
seed = 1

[roads]
path = "roads.geojson"

[outputs]
papers = {papers}
extra = ["od", "routes"]

[communities]
path = "communities.csv"
columns = {{ id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }}
people = ["older"]
crs = "EPSG:32651"

[towns]
path = "towns.csv"
columns = {{ id = "id", name = "name", county = "county", x = "x", y = "y" }}
crs = "EPSG:32651"

[[registers]]
path = "{register}"
people = "hardship"
within_m = 600
[registers.columns]
community = "村居代码"
x = "门口经度"
y = "门口纬度"
care = "供养方式"
grade = "自理能力"
person = "身份证号"

[[facilities]]
path = "facilities.csv"
columns = {{ id = "id", name = "name", kind = "kind", x = "x", y = "y" }}
crs = "EPSG:32651"

[[circles]]
id = "care-circle"
zh = "照料护理服务圈"
en = "care circle"
kinds = ["care_base"]
mode = "walk"
compare_modes = ["walk-frail"]
minutes = 15
heading = "to_community"
people = "hardship_home"
uncertain = {{ speed = [0.8, 1.2] }}

[[circles]]
id = "all-circle"
zh = "特困服务圈"
en = "circle of all"
kinds = ["day_care"]
mode = "walk"
minutes = 15
heading = "to_site"
people = "hardship"

[targets]
rules = ["own.toml"]

[[siting]]
id = "bases"
zh = "照料基地选址"
en = "bases"
kind = "care_base"
mode = "walk"
minutes = 15
heading = "to_community"
people = "hardship_home"
new_sites = 2
frontier = 3
values = true
reserves = 1
candidates = "communities"

[siting.phases]
per_year = 1
first_year = 2027
"""

RULES = """
[rules]
id = "own"
source = "made for a test"
date = "2025-01-01"
verified = false

[[target]]
id = "care-share"
zh = "特困人员服务圈覆盖"
en = "share of persons"
measure = "circle_share"
of = "care-circle"
levels = ["town", "county", "city"]
threshold = 0.9
unit = "share"
"""


@dataclass(frozen=True)
class Person:
    """A row of the register."""

    name: str
    number: str
    telephone: str
    village: object
    care: str
    grade: str
    x: object = ""
    y: object = ""
    note: str = ""

    @property
    def row(self) -> list[object]:
        return [self.name, self.number, self.telephone, self.village, self.care, self.grade, self.x, self.y, self.note]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be found nowhere."""
        return (self.name, self.number, self.telephone, self.note)


def village_code(town: int, village: int) -> str:
    """A code of 12 digits."""
    return f"3710{town // 3 + 1:02d}{town % 3 + 1:03d}{village + 201:03d}"


def _person(k: int, village: object, **more: object) -> Person:
    name = SURNAMES[k % 12] + SURNAMES[(k * 5 + 1) % 12] + GIVEN[k % 8] + GIVEN[(k // 8) % 8]
    number = f"37109919{40 + k % 20}0{k % 9 + 1}{k % 27 + 1:02d}{7000 + k:04d}"
    telephone = f"139{86420000 + k * 37:08d}"
    made = {"care": CARE[k % 5], "grade": GRADES[(k // 2) % 5], "note": f"家住东头第{k}户"} | more
    return Person(name, number, telephone, village, **made)  # type: ignore[arg-type]


def good_persons() -> list[Person]:
    """So many persons in each village as ``COUNTS`` says."""
    at = [(t, v) for t, counts in enumerate(COUNTS) for v, count in enumerate(counts) for _ in range(count)]
    return [_person(k, village_code(t, v)) for k, (t, v) in enumerate(at)]


def bad_persons() -> list[Person]:
    """Rows that are not counted, or only in part: all that goes wrong in offices."""
    again = good_persons()[3]
    return [
        _person(900, "371099999999"),  # no such village
        _person(901, "2024-03-01"),  # a date in the place of a code
        _person(902, "3.71E+11"),
        _person(903, ""),
        _person(904, "", x="121.9", y="99"),
        _person(905, "13900001111"),  # a telephone in the place of a code
        _person(906, "", x="张家门口", y="三十七度"),
        Person(again.name, again.number, again.telephone, village_code(5, 2), "分散", "自理"),
    ]


def doubtful_persons() -> list[Person]:
    """Rows that are counted in all, but in no grade or neither at home nor in an institution."""
    return [_person(950, village_code(0, 6), grade="失龙"), _person(951, village_code(0, 6), care="集散"),
            _person(952, village_code(0, 6), grade="")]  # fmt: skip


def every_person() -> list[Person]:
    return [*good_persons(), *bad_persons(), *doubtful_persons()]


def secrets() -> list[str]:
    """Names, numbers, telephones and remarks, each once."""
    return sorted({text for person in every_person() for text in person.secrets if text})


def villages() -> Iterator[tuple[str, str, float, float, int, int]]:
    """Id, name, x, y, town, village: towns are rows of villages, one above the other."""
    for t, counts in enumerate(COUNTS):
        for v in range(len(counts)):
            yield village_code(t, v), f"{t}-{v}村", X0 + v * STEP, Y0 + t * STEP, t, v


def write_persons_study(
    folder: Path, *, register: str = "register.xlsx", papers: bool = False, move: Mapping[str, str] | None = None
) -> Path:
    """The study with its register; its folder. ``move``: persons of one village live in another."""
    folder.mkdir(parents=True, exist_ok=True)
    wide, high = len(COUNTS[0]) - 1, len(COUNTS) - 1
    rows = [[(X0 + v * STEP, Y0 + t * STEP) for v in range(wide + 1)] for t in range(high + 1)]
    lines = [LineString(pair) for row in rows for pair in zip(row, row[1:], strict=False)]
    lines += [LineString([rows[t][0], rows[t + 1][0]]) for t in range(high)]
    write_streets(folder, lines)
    head = "id,name,x,y,town,county,older,户主,户主电话\n"
    table = "".join(
        f"{i},{n},{x},{y},t{t},c{t // 3},{20 + t + v},司马{n},1590000{t}{v}00\n" for i, n, x, y, t, v in villages()
    )
    (folder / "communities.csv").write_text(head + table, encoding="utf-8")
    towns = "".join(f"t{t},镇{t},c{t // 3},{X0},{Y0 + t * STEP}\n" for t in range(high + 1))
    (folder / "towns.csv").write_text("id,name,county,x,y\n" + towns, encoding="utf-8")
    places = [("b1", "care_base", 1, 0), ("b2", "care_base", 2, 4), ("b3", "care_base", 6, 5), ("d1", "day_care", 3, 2)]
    sites = "".join(f"{i},{i}站,{k},{X0 + v * STEP},{Y0 + t * STEP},15911112222\n" for i, k, v, t in places)
    (folder / "facilities.csv").write_text("id,name,kind,x,y,院长电话\n" + sites, encoding="utf-8")
    (folder / "own.toml").write_text(RULES, encoding="utf-8")
    write_register(folder / register, move or {})
    text = STUDY.format(register=register, papers=str(papers).lower())
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def write_register(path: Path, move: Mapping[str, str]) -> Path:
    """The register as a workbook, or as CSV in the encoding of offices."""
    rows = [list(HEAD), *(person.row for person in every_person())]
    for row in rows:
        row[3] = move.get(str(row[3]), row[3])
    if path.suffix == ".xlsx":
        return save_xlsx(path, rows)
    path.write_bytes("\n".join(",".join(map(str, row)) for row in rows).encode("gb18030"))
    return path
