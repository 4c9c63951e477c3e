"""Where things are and what area they are of: notations, axes, zones, datums, codes and names of towns and counties."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj

from corpus.city import City, base_roads, moved
from corpus.verdict import Book
from quarterhour.io import web_maps

BOOK = Book()
add = BOOK.add


def placed(write: Callable[[float, float], tuple[Any, Any]], *, table: str = "communities", first: int | None = None,
           **keys: Any) -> Callable[[City], None]:  # fmt: skip
    """The coordinates of a table (of its first rows) as a function writes them."""

    def change(city: City) -> None:
        for row in city.rows(table)[:first]:
            row["lon"], row["lat"] = write(float(row["lon"]), float(row["lat"]))
        city.save(table)
        city.part(table).update(keys)

    return change


def dms(value: float, mark: str = "{d}°{m}′{s:.3f}″") -> str:
    """Degrees, minutes and seconds."""
    minutes, seconds = divmod(round(value * 3600, 3), 60)
    degrees, minutes = divmod(int(minutes), 60)
    return mark.format(d=degrees, m=minutes, s=seconds)


# --- notations ----------------------------------------------------------------------------------------------------

NOTATIONS: dict[str, Callable[[float, float], tuple[Any, Any]]] = {
    "dms": lambda x, y: (dms(x), dms(y)),
    "dms_letters": lambda x, y: (dms(x) + "E", dms(y) + "N"),
    "dms_letters_first": lambda x, y: ("E" + dms(x), "N" + dms(y)),
    "dms_ascii": lambda x, y: (dms(x, "{d}°{m}'{s:.3f}\""), dms(y, "{d}°{m}'{s:.3f}\"")),
    "dms_chinese": lambda x, y: ("东经" + dms(x, "{d}度{m}分{s:.3f}秒"), "北纬" + dms(y, "{d}度{m}分{s:.3f}秒")),
    "degrees_chinese": lambda x, y: (f"东经{x}", f"北纬{y}"),
    "degrees_chinese_sign": lambda x, y: (f"东经{x}度", f"北纬{y}度"),
    "degree_sign": lambda x, y: (f"{x}°", f"{y}°"),
    "letters": lambda x, y: (f"{x}E", f"{y}N"),
    "letters_blank": lambda x, y: (f"{x} E", f"{y} N"),
    "letters_first": lambda x, y: (f"E{x}", f"N{y}"),
    "small_letters": lambda x, y: (f"{x}e", f"{y}n"),
    "minutes_alone": lambda x, y: (f"{int(x)}°{(x % 1) * 60:.6f}′", f"{int(y)}°{(y % 1) * 60:.6f}′"),
    "many_decimals": lambda x, y: (f"{x:.15f}", f"{y:.15f}"),
    "science": lambda x, y: (f"{x:.8E}", f"{y:.8E}"),
    "plus": lambda x, y: (f"+{x}", f"+{y}"),
}  # fmt: skip
for _name, _write in NOTATIONS.items():
    add(f"notation_{_name}", placed(_write))
    add(f"notation_{_name}_of_facilities", placed(_write, table="facilities"))


def _in_one(write: Callable[[float, float], str]) -> Callable[[City], None]:
    def change(city: City) -> None:
        for row in city.communities:
            row["place"] = write(float(row.pop("lon")), float(row.pop("lat")))
        city.save("communities")
        city.part("communities")["columns"].update(x="place", y="place")

    return change


add("both_in_one_column", _in_one(lambda x, y: f"{x},{y}"))
add("both_in_one_column_blank", _in_one(lambda x, y: f"{x} {y}"))
add("both_in_one_column_wide", _in_one(lambda x, y: f"{x}，{y}"))
add("both_in_one_column_brackets", _in_one(lambda x, y: f"({x}, {y})"))
add("both_in_one_column_dms", _in_one(lambda x, y: f"{dms(x)}E {dms(y)}N"))
add("both_in_one_column_latitude_first", _in_one(lambda x, y: f"{y},{x}"), "coordinates_latitude_first")
for _name, _bad in {
    "text": "见地图",
    "zero": "0",
    "dms_of_60": "122°75′10″",
    "two_points": "122.1.33",
    "url": "http://x",
}.items():
    _rule = "outside@2" if _name == "zero" else "coordinates_unread@2"
    add(f"coordinate_{_name}", placed(lambda x, y, b=_bad: (b, y), first=1), _rule, right=False)
add("coordinate_blank", placed(lambda x, y: ("", ""), first=1), "no_place@2", right=False)
add("longitude_blank", placed(lambda x, y: ("", y), first=1), "coordinates_unread@2", right=False)
add("zero_zero", placed(lambda x, y: (0, 0), first=1), "outside@2", right=False)
add("all_zero", placed(lambda x, y: (0, 0)), error="study.crs_untrue")
add("one_at_999", placed(lambda x, y: (999, 999), first=1), "outside@2", right=False)
add("one_nan", placed(lambda x, y: ("nan", "nan"), first=1), "coordinates_unread@2", right=False)
add("one_infinite", placed(lambda x, y: ("inf", y), first=1), "coordinates_unread@2", right=False)
add("one_without_its_point", placed(lambda x, y: (str(x).replace(".", ""), y), first=1), "outside@2", right=False)
add("one_digit_wrong", placed(lambda x, y: (x - 10, y), first=1), "outside@2", right=False)
add("one_in_the_west", placed(lambda x, y: (-x, y), first=1), "outside@2", right=False)
add("one_in_the_south", placed(lambda x, y: (x, -y), first=1), "outside@2", right=False)

# --- axes, zones, datums ------------------------------------------------------------------------------------------

add("swapped_all", placed(lambda x, y: (y, x)), error="inputs.no_communities")
add("swapped_one", placed(lambda x, y: (y, x), first=1), "swapped@2", right=False)
add("swapped_facilities", placed(lambda x, y: (y, x), table="facilities"), "swapped@2", right=False)
add("swapped_letters_told", placed(lambda x, y: (f"{y}N", f"{x}E")), "coordinates_order")


def _projected(crs: int, *, swapped: bool = False, zoned: bool = False) -> Callable[[float, float], tuple[Any, Any]]:
    way = pyproj.Transformer.from_crs(4326, crs, always_xy=True)

    def write(x: float, y: float) -> tuple[Any, Any]:
        e, n = way.transform(x, y)
        e, n = round(e + (41e6 if zoned else 0), 3), round(n, 3)
        return (n, e) if swapped else (e, n)

    return write


add("metres_declared", placed(_projected(32651), crs="EPSG:32651"))
add("metres_of_cgcs2000_declared", placed(_projected(4549), crs="EPSG:4549"))
add("metres_with_zone_number_declared", placed(_projected(4529), crs="EPSG:4529"))
add("metres_web_mercator_declared", placed(_projected(3857), crs="EPSG:3857"))
add("metres_undeclared", placed(_projected(32651)), error="inputs.no_communities")
add("metres_of_another_zone_declared", placed(_projected(4549), crs="EPSG:4548"), error="inputs.roads_elsewhere")
add("metres_of_another_utm_zone", placed(_projected(32651), crs="EPSG:32650"), error="study.crs_untrue")
add("metres_swapped_declared", placed(_projected(32651, swapped=True), crs="EPSG:32651"), error="study.crs_untrue")
add("metres_one_swapped", lambda c: (placed(_projected(32651), crs="EPSG:32651")(c),
    c.communities[0].update(lon=c.communities[0]["lat"], lat=c.communities[0]["lon"]), c.save("communities"))[1], "outside@2", right=False)  # fmt: skip
add("kilometres_declared_metres", placed(lambda x, y: tuple(v / 1000 for v in _projected(32651)(x, y)), crs="EPSG:32651"),
    error="inputs.roads_elsewhere")  # fmt: skip
add("degrees_declared_metres", placed(lambda x, y: (x, y), crs="EPSG:32651"), error="inputs.roads_elsewhere")
add("degrees_declared_cgcs2000", placed(lambda x, y: (x, y), crs="EPSG:4490"))
add("degrees_declared_4326", placed(lambda x, y: (x, y), crs="EPSG:4326"))
add("crs_unknown", placed(lambda x, y: (x, y), crs="EPSG:999999"), error="study.bad_fields")
add("crs_of_heights", placed(lambda x, y: (x, y), crs="EPSG:5773"), error="study.bad_fields")
add("half_in_metres", placed(_projected(32651), first=12), "outside@2", right=False)


def _of_map(datum: Any, digits: int = 8) -> Callable[[float, float], tuple[Any, Any]]:
    def write(x: float, y: float) -> tuple[Any, Any]:
        lon, lat = web_maps.from_wgs84(x, y, datum=datum)
        return f"{float(lon):.{digits}f}", f"{float(lat):.{digits}f}"

    return write


for _datum in ("gcj02", "bd09"):
    for _table in ("communities", "facilities"):
        add(f"{_table}_{_datum}_declared", placed(_of_map(_datum), table=_table, datum=_datum))
        add(f"{_table}_{_datum}_undeclared", placed(_of_map(_datum), table=_table), "where.round_key", right=False)
        add(
            f"{_table}_{_datum}_of_six_decimals_declared",
            placed(_of_map(_datum, 6), table=_table, datum=_datum),
        )
        # six decimals are what every map gives: only the outlines can tell, or a place in another town
        add(
            f"{_table}_declared_{_datum}_but_wgs84",
            placed(lambda x, y: (x, y), table=_table, datum=_datum),
            "where.other_town" if (_table, _datum) == ("facilities", "gcj02") else "where.outlines_key",
            right=False,
        )
    add(f"both_{_datum}_undeclared", lambda c, d=_datum: (placed(_of_map(d))(c), placed(_of_map(d), table="facilities")(c))[1],
        "where.round_key", right=False)  # fmt: skip


def _rows_of_map(datum: str, rows: slice, *, table: str, digits: int = 8) -> Callable[[City], None]:
    """Some rows of a table with the degrees of a web map, as where two lists were put together."""
    write = _of_map(datum, digits)

    def change(city: City) -> None:
        for row in city.rows(table)[rows]:
            row["lon"], row["lat"] = write(float(row["lon"]), float(row["lat"]))
        city.save(table)

    return change


PARTS = {
    "first_half": slice(0, 12),
    "last_third": slice(16, 24),
    "every_second": slice(0, 24, 2),
    "three": slice(2, 24, 8),
}
for _datum, (_part, _some) in itertools.product(("gcj02", "bd09"), PARTS.items()):
    add(
        f"communities_{_part}_{_datum}",
        _rows_of_map(_datum, _some, table="communities"),
        "where.part_round",
        right=False,
    )
for _datum in ("gcj02", "bd09"):
    add(
        f"facilities_half_{_datum}",
        _rows_of_map(_datum, slice(0, 5), table="facilities"),
        "where.part_round",
        right=False,
    )
    add(
        f"facilities_three_{_datum}",
        _rows_of_map(_datum, slice(1, 8, 3), table="facilities"),
        "where.part_round",
        right=False,
    )
# six decimals, and streets that every shift repeats: only a place in another town can tell
add(
    "communities_half_bd09_of_six_decimals",
    _rows_of_map("bd09", slice(0, 12), table="communities", digits=6),
    "where.other_town",
    right=False,
)
add("bd09_declared_gcj02", placed(_of_map("bd09"), datum="gcj02"), "where.round_key", right=False)
add("datum_in_metres", placed(_projected(32651), crs="EPSG:32651", datum="gcj02"), error="study.bad_fields")
add("datum_unknown", placed(lambda x, y: (x, y), datum="baidu"), error="study.bad_fields")


def _roads_of_map(true: str, declared: str) -> Callable[[City], None]:
    """The roads with the degrees of one web map, declared as another's; their corners are whole metres of the study."""

    def change(city: City) -> None:
        shown = moved(base_roads().to_crs(4326), lambda xy: np.column_stack(web_maps.from_wgs84(*xy.T, datum=true)))
        city.save_roads(shown, datum=declared)

    return change


for _true, _said in itertools.product(web_maps.DATUMS, repeat=2):
    add(f"roads_{_true}_declared_{_said}", _roads_of_map(_true, _said), *(["where.roads_round"] if _true != _said else []),
        right=True, circles=_true == _said)  # fmt: skip


OLD = {"beijing54": (4214, 63.0, 47.0), "xian80": (4610, -117.0, -2.0)}
"""Metres east and north from CGCS2000 to an old datum in Shandong, roughly: PROJ knows no parameters there."""


def _old(east_m: float, north_m: float) -> Callable[[float, float], tuple[Any, Any]]:
    to, back = (pyproj.Transformer.from_crs(*pair, always_xy=True) for pair in ((4326, 32651), (32651, 4326)))

    def write(x: float, y: float) -> tuple[Any, Any]:
        e, n = to.transform(x, y)
        return tuple(round(float(v), 8) for v in back.transform(e + east_m, n + north_m))

    return write


add("one_at_sea", placed(lambda x, y: (x + 0.3, y), first=1), "where.far_off@2", right=False)
add(
    "one_facility_28_km_off",
    placed(lambda x, y: (x, y + 0.25), table="facilities", first=1),
    "where.far_off@2",
    right=False,
)
add("one_in_another_town", placed(lambda x, y: (x - 0.025, y), first=1), "where.other_town@2", right=False)
add("all_at_one_point", placed(lambda x, y: (122.125, 37.52)), "doubts.town_elsewhere", right=False)
add("coordinates_of_two_decimals", placed(lambda x, y: (round(x, 2), round(y, 2))), "coordinates_coarse", right=False)
add("coordinates_of_whole_minutes", placed(lambda x, y: (dms(round(x * 60) / 60, "{d}°{m}′"), dms(round(y * 60) / 60, "{d}°{m}′"))),
    "coordinates_coarse", right=False)  # fmt: skip
add("rows_of_coordinates_shifted_by_one", lambda c: ([r.update(lon=n["lon"], lat=n["lat"]) for r, n in
    zip(c.communities, [*map(dict, c.communities[1:]), dict(c.communities[0])], strict=True)], c.save("communities"))[1], "doubts.town_elsewhere", right=False)  # fmt: skip

# --- codes and names of areas -------------------------------------------------------------------------------------

NAMES = {"371002001": "环翠楼街道", "371002002": "鲸园街道", "371002003": "竹岛街道"}


def areas(
    column: str, write: Callable[[str], str], *, first: int | None = None, table: str = "communities"
) -> Callable[[City], None]:
    def change(city: City) -> None:
        for row in city.rows(table)[:first]:
            row[column] = write(row[column])
        city.save(table)

    return change


def _in(table: str) -> dict[str, Any]:
    return {"table": table}


for _table in ("communities", "facilities"):
    add(f"{_table}_town_12_digits", areas("town", lambda v: v + "000", **_in(_table)))
    add(f"{_table}_county_12_digits", areas("county", lambda v: v + "000000", **_in(_table)))
    add(f"{_table}_county_9_digits", areas("county", lambda v: v + "000", **_in(_table)))
    add(f"{_table}_town_as_float", areas("town", lambda v: v + ".0", **_in(_table)))
    add(f"{_table}_town_with_apostrophe", areas("town", lambda v: "'" + v, **_in(_table)))
    add(f"{_table}_town_by_name", areas("town", NAMES.get, **_in(_table)))
    add(f"{_table}_town_by_short_name", areas("town", lambda v: NAMES[v].removesuffix("街道"), **_in(_table)))
    add(f"{_table}_town_by_office_name", areas("town", lambda v: NAMES[v] + "办事处", **_in(_table)))
    add(f"{_table}_town_by_long_name", areas("town", lambda v: "环翠区" + NAMES[v], **_in(_table)))
    add(
        f"{_table}_town_traditional",
        areas(
            "town",
            lambda v: (
                NAMES[v]
                .replace("环", "環")
                .replace("楼", "樓")
                .replace("园", "園")
                .replace("鲸", "鯨")
                .replace("岛", "島")
            ),
            **_in(_table),
        ),
    )
    add(
        f"{_table}_town_full_width",
        areas("town", lambda v: v.translate(str.maketrans("0123456789", "０１２３４５６７８９")), **_in(_table)),
    )
    add(f"{_table}_county_by_name", areas("county", lambda v: "环翠区", **_in(_table)))
    add(f"{_table}_county_by_short_name", areas("county", lambda v: "环翠", **_in(_table)))
    add(f"{_table}_town_with_blanks", areas("town", lambda v: f" {v} ", **_in(_table)))
    add(
        f"{_table}_one_town_unknown",
        areas("town", lambda v: "371002099", first=1, **_in(_table)),
        "inputs.unknown_area",
        right=_table == "facilities",
    )
    add(
        f"{_table}_one_town_slip",
        areas("town", lambda v: "鲸圆街道", first=1, **_in(_table)),
        "inputs.unknown_area",
        right=_table == "facilities",
    )
    add(
        f"{_table}_one_county_unknown",
        areas("county", lambda v: "371099", first=1, **_in(_table)),
        "inputs.unknown_area",
        right=_table == "facilities",
    )
add("towns_all_blank", areas("town", lambda v: ""), "inputs.no_area", right=False)
add("town_of_another", areas("town", lambda v: "371002003", first=1), "doubts.town_not_id", right=False)
add(
    "town_and_id_of_another",
    lambda c: (c.communities[2].update(town="371002003", id="371002003999"), c.save("communities"))[1],
    "where.other_town@4",
    right=False,
)
add("town_cut_to_8_digits", areas("town", lambda v: v[:8]), "inputs.unknown_area", right=False)
add("town_holds_the_county", areas("town", lambda v: v[:6]), "inputs.unknown_area", right=False)
add(
    "town_column_slip",
    lambda c: c.part("communities")["columns"].update(twon=c.part("communities")["columns"].pop("town")),
    error="study.bad_fields",
)
add(
    "town_and_county_exchanged",
    lambda c: c.part("communities")["columns"].update(town="county", county="town"),
    "inputs.unknown_area",
    right=False,
)
add(
    "town_column_not_there",
    lambda c: c.part("communities")["columns"].update(town="镇"),
    error="places.missing_columns",
)
add(
    "ids_of_villages_without_codes",
    lambda c: ([r.update(id=f"v{i}") for i, r in enumerate(c.communities)], c.save("communities"))[1],
)
add(
    "ids_of_running_numbers",
    lambda c: ([r.update(id=str(i)) for i, r in enumerate(c.communities)], c.save("communities"))[1],
)
add("code_system_unknown", lambda c: c.part("communities").update(code_system="nbs-1066"))
add("code_system_by_column", lambda c: c.part("communities").update(code_system={"town": "mca-2026"}), right=True)


def _towns_as(write: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Callable[[City], None]:
    return lambda c: write(gpd.read_file(c.path("towns.geojson"))).to_file(c.use("towns", "t.gpkg"))


add("towns_of_12_digits", _towns_as(lambda f: f.assign(id=f["id"] + "000")))
add("towns_ids_as_numbers", _towns_as(lambda f: f.assign(id=f["id"].astype("int64"))))
add("towns_named_alike", _towns_as(lambda f: f.assign(name="街道")))
add("towns_county_blank", _towns_as(lambda f: f.assign(county="")))
add(
    "towns_county_of_another",
    _towns_as(lambda f: f.assign(county="371003")),
    "inputs.unknown_area",
    "doubts.county_not_towns",
)
