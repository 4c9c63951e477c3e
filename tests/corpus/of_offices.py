"""Tables as offices head, sum up and write them: headings by other words, totals that disagree, parts of rows."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corpus.city import City
from corpus.of_places import NAMES, areas, dms, placed
from corpus.verdict import Book

BOOK = Book()
add = BOOK.add

# --- headings -----------------------------------------------------------------------------------------------------

HEADED = {"id": "社区代码", "name": "社区名称", "town": "所属街道", "county": "所属区县", "lon": "经度", "lat": "纬度",
          "older": "60岁以上老年人口", "hardship": "特困人员"}  # fmt: skip


def headed(table: str = "communities", **other: str) -> Callable[[City], None]:
    """The columns headed as an office does, and no ``columns`` in the study file."""

    def change(city: City) -> None:
        names = {**HEADED, **other}
        rows = [{names.get(k, k): v for k, v in row.items()} for row in city.rows(table)]
        city.rows(table)[:] = rows
        city.save(table)
        city.part(table).pop("columns")

    return change


for _column, _headings in {
    "id": ("社区编码（12位）", "行政区划编码", "统计用区划代码(12位)", "社区ID"),
    "name": ("村（居）委会", "村/社区", "居（村）委会", "村居名"),
    "town": ("街道（乡镇）", "所属街镇", "镇（街道）名称", "镇/街道", "乡（镇、街道）"),
    "county": ("区（市、县）", "市（区、县）", "区/县", "县级市"),
    "older": ("60周岁及以上老年人口数", "六十岁以上人口", "老年人口（60岁以上）", "60 周岁以上老年人数（人）", "≥60岁"),
    "hardship": ("特困人员数（人）", "特困老人"),
}.items():  # fmt: skip
    for _heading in _headings:
        add(f"headed_{_column}_{_heading.replace('/', '-')}", headed(**{_column: _heading}))
add("headed_gps", headed(lon="GPS经度", lat="GPS纬度"))
add("headed_of_another_datum", headed(lon="百度经度", lat="百度纬度"), error="places.missing_columns")
add("town_headed_as_nobody_does", headed(town="片区"), "inputs.no_area", right=False)
add("county_headed_as_nobody_does", headed(county="片区"), "inputs.no_area", right=False)
add("town_and_county_not_named", lambda c: (c.part("communities")["columns"].pop("town"), headed(town="片")(c))[1],
    "inputs.no_area", right=False)  # fmt: skip

# --- codes and names in one cell ----------------------------------------------------------------------------------

for _name, _write in {
    "code_dash_name": lambda v: f"{v}-{NAMES[v]}", "county_slash_town": lambda v: f"环翠区/{NAMES[v]}",
    "name_wide_brackets": lambda v: f"{NAMES[v]}【{v}】", "code_underscore_name": lambda v: f"{v}_{NAMES[v]}",
    "city_dash_county_dash_town": lambda v: f"威海市-环翠区-{NAMES[v]}", "county_over_town": lambda v: f"环翠区>{NAMES[v]}",
}.items():  # fmt: skip
    add(f"town_{_name}", areas("town", _write))


def _rows(change: Callable[[list[dict[str, Any]]], object], table: str = "communities") -> Callable[[City], None]:
    def write(city: City) -> None:
        change(city.rows(table))
        city.save(table)

    return write


# --- totals that disagree, parts of rows --------------------------------------------------------------------------


def _total(**cells: str) -> Callable[[City], None]:
    return _rows(lambda rows: rows.append({**dict.fromkeys(rows[0], ""), **cells}))


add("total_of_another_sum", _total(id="合计", older="21999", hardship="253"), "totals_row@26", "total_differs@26")
add(
    "total_in_the_name_of_another_sum",
    _total(name="全区合计", older="20999", hardship="254"),
    "totals_row@26",
    "total_differs@26",
)
add("total_with_thousands_comma", _total(id="总计", older="20,999", hardship="253"), "totals_row@26")
add("total_shows_a_figure_slipped", lambda c: (c.communities[0].update(older="9510"), _total(id="合计", older="20999")(c))[1],
    "total_differs@26", right=False)  # fmt: skip
add("total_shows_rows_pasted_twice", lambda c: (c.communities.extend({**r, "id": f"n{i}", "name": "", "lon": str(float(r["lon"]) + 0.0004)}
    for i, r in enumerate(c.communities[:3])), _total(id="合计", older="20999", hardship="253")(c))[1], "total_differs@29", right=False)  # fmt: skip
add("total_blank_but_for_its_name", _total(id="合计"), "totals_row@26")
add("subtotals_say_nothing_of_the_whole", lambda c: (_total(id="小计", older="9", hardship="9")(c), _total(id="本页合计", older="7")(c))[1],
    "totals_row@26", "totals_row@27")  # fmt: skip
add("part_of_the_row_above", _rows(lambda rows: rows.insert(3, {**rows[2], "id": "9", "name": "其中：北竹岛东组", "older": "170"})),
    "part_row@5")  # fmt: skip
add(
    "part_of_the_row_above_in_the_id",
    _rows(lambda rows: rows.insert(3, {**rows[2], "id": "其中：", "older": "170"})),
    "part_row@5",
)


# --- what can hardly be meant -------------------------------------------------------------------------------------

add(
    "people_are_the_codes_of_towns",
    _rows(lambda rows: [r.update(older=r["town"]) for r in rows]),
    "people_beyond_any_many",
    right=False,
)
add(
    "one_figure_of_a_whole_province",
    _rows(lambda rows: rows[4].update(older="23500000")),
    "people_beyond_any@6",
    right=False,
)


def _again(**cells: str) -> Callable[[City], None]:
    return _rows(lambda rows: rows.append({**rows[0], "id": "v99", **cells}))


add(
    "again_under_a_shorter_name_some_metres_off",
    _again(name="东涝台", lon="122.1333", lat="37.5384"),
    "people_twice@26",
    right=False,
)
add("again_under_a_shorter_name_with_other_people", _again(name="东涝台", older="952"), "place_twice@26", right=False)
add(
    "again_two_kilometres_off", _again(lon="122.12", lat="37.545", town="371002002"), "place_near_twice@26", right=False
)
add("subtotal_that_adds_up_no_more", _again(name="环翠楼街道办事处", town="371002001", lon="122.111", lat="37.521", older="8000", hardship="101"),
    "doubts.named_as_area", right=False)  # fmt: skip

# --- places -------------------------------------------------------------------------------------------------------

add("coordinates_of_three_decimals", placed(lambda x, y: (f"{x:.3f}", f"{y:.3f}")), "coordinates_coarse", right=False)
add("seconds_with_a_decimal_comma", placed(lambda x, y: (dms(x).replace(".", ","), dms(y).replace(".", ","))))
add("labels_before_coordinates", placed(lambda x, y: (f"lon={x}", f"lat={y}")))


def _in_one(write: Callable[[str, str], str], *, column: str = "坐标") -> Callable[[City], None]:
    def change(city: City) -> None:
        for row in city.communities:
            row[column] = write(row.pop("lon"), row.pop("lat"))
        city.save("communities")
        for key in ("x", "y"):
            city.part("communities")["columns"].pop(key)

    return change


add("both_in_one_as_json", _in_one(lambda x, y: f'{{"lat":{y},"lng":{x}}}'))
add("both_in_one_with_a_height", _in_one(lambda x, y: f"{x},{y},12.5"))
add("both_in_one_headed_with_its_datum", _in_one(lambda x, y: f"{x},{y}", column="经纬度(WGS84)"))
add("both_in_one_headed_as_places", _in_one(lambda x, y: f"{x} {y}", column="地理坐标"))
