"""The study file: what is declared of whom, what cannot be meant, and figures that come from more than tables of places."""

# ruff: noqa: ARG005, E501 (a case is a line of a table: what is changed, what must be said)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from shapely.geometry import box

from corpus.city import City, base_roads
from corpus.verdict import Book

BOOK = Book()
add = BOOK.add
CANNOT = "study.bad_fields"


def put(part: str, **keys: Any) -> Callable[[City], None]:
    """Keys of a part of the study file."""
    return lambda city: city.part(part).update(keys)


def replaced(old: str, new: str) -> Callable[[City], None]:
    """The text of the study file, changed."""

    def change(city: City) -> None:
        city.text = lambda text: text.replace(old, new, 1)

    return change


for _name, _part, _keys in (
    ("minutes_true", "circles", {"minutes": True}), ("minutes_text", "circles", {"minutes": "15"}),
    ("minutes_0", "circles", {"minutes": 0}), ("minutes_negative", "circles", {"minutes": -15}),
    ("minutes_list", "circles", {"minutes": [15]}), ("people_unknown", "circles", {"people": "oldr"}),
    ("mode_unknown", "circles", {"mode": "fly"}), ("heading_unknown", "circles", {"heading": "home"}),
    ("kinds_text", "circles", {"kinds": "day_care"}), ("kinds_none", "circles", {"kinds": []}),
    ("turnout_over_minutes", "circles", {"turnout_minutes": 20}), ("turnout_of_minutes", "circles", {"turnout_minutes": 15}),
    ("turnout_negative", "circles", {"turnout_minutes": -1}), ("key_unknown", "circles", {"minuts": 15}),
    ("crs_web_mercator", "study", {"crs": "EPSG:3857"}), ("crs_degrees", "study", {"crs": "EPSG:4326"}),
    ("crs_of_another_zone", "study", {"crs": "EPSG:32650"}), ("crs_nobody_knows", "study", {"crs": "EPSG:999999"}),
    ("crs_in_feet", "study", {"crs": "EPSG:2263"}), ("crs_gauss_kruger_far", "study", {"crs": "EPSG:4546"}),
    ("date_text", "study", {"reference_date": "gestern"}), ("date_of_1925", "study", {"reference_date": "1925-12-31"}),
    ("snap_limit_true", "study", {"snap_limit_m": True}), ("snap_limit_negative", "study", {"snap_limit_m": -5}),
    ("snap_limit_0", "study", {"snap_limit_m": 0}), ("threads_half", "study", {"threads": 1.5}),
    ("sheet_of_a_csv", "communities", {"sheet": "社区"}), ("layer_of_a_csv", "communities", {"layer": "x"}),
    ("hidden_rows_of_a_csv", "communities", {"hidden_rows": "skip"}), ("hidden_rows_unknown", "communities", {"hidden_rows": "no"}),
    ("header_row_of_roads", "roads", {"header_row": 2}), ("sheet_of_roads", "roads", {"sheet": "x"}),
    ("encoding_of_a_gpkg", "roads", {"encoding": "gbk"}), ("quality_unknown", "communities", {"quality": "good"}),
    ("people_none", "communities", {"people": []}), ("path_a_number", "communities", {"path": 7}),
    ("path_an_address", "communities", {"path": "https://example.org/c.csv"}), ("path_of_gdal", "roads", {"path": "/vsicurl/x"}),
    ("from_osm_and_csv", "facilities", {"from_osm": ["hospital"]}), ("kind_twice", "facilities", {"kind": "day_care"}),
    ("join_true", "roads", {"join_m": True}), ("join_50", "roads", {"join_m": 50}), ("turns_of_a_gpkg", "roads", {"turns": True}),
    ("area_of_a_gpkg", "roads", {"area": "all"}),
    ("column_slip", "communities", {"columns": {"id": "id", "name": "name", "x": "lon", "y": "lat", "twon": "town"}}),
    ("column_of_capitals", "communities", {"columns": {"ID": "id", "name": "name", "x": "lon", "y": "lat"}}),
    ("parts_unknown", "communities", {"parts": {"hardship": "all"}}), ("totals_unknown", "communities", {"totals": {"all": 9}}),
    ("totals_negative", "communities", {"totals": {"older": -9}}), ("rows_negative", "communities", {"rows": -1}),
):  # fmt: skip
    add(_name, put(_part, **_keys), error="study.crs_untrue" if _name in (
        "crs_web_mercator", "crs_of_another_zone", "crs_gauss_kruger_far") else "study.no_mode" if _name == "mode_unknown"
        else CANNOT)  # fmt: skip

add("text_broken", replaced("[study]", "[study"), error="study.not_toml")
add("key_said_twice", replaced('id = "t"', 'id = "t"\nid = "u"'), error="study.not_toml")
add("part_unknown", replaced("[outputs]", "[output]"), error=CANNOT)
add("crs_missing_quotes", replaced('"EPSG:32651"', "EPSG:32651"), error="study.not_toml")
add("chinese_quotes", replaced('"EPSG:32651"', "“EPSG:32651”"), error="study.not_toml")
add("communities_missing", lambda c: c.study.pop("communities"), error=CANNOT)
add("roads_missing", lambda c: c.study.pop("roads"), error=CANNOT)
add("people_column_not_there", put("communities", people=["older", "poor"]), error=CANNOT)
add("people_column_called_otherwise", lambda c: c.part("communities").update(
    columns={**c.part("communities")["columns"], "older": "older60"}), error="places.missing_columns")  # fmt: skip
add("comments_and_blanks", replaced("[roads]", "# 道路\n\n\n[roads]  # gpkg"))
add("crlf", lambda c: setattr(c, "text", lambda t: t.replace("\n", "\r\n")))
add("quality_estimated", put("communities", quality="estimated"), circles=True)
add("snap_limit_near_0", put("study", snap_limit_m=1), "study.not_snapped", right=False, circles=True)
add("two_circles_of_one_id", lambda c: c.study["circles"][1].update(id="home"), error=CANNOT)
add("facilities_in_two_tables", lambda c: (c.use("facilities", "facilities.csv"), c.study["facilities"].append(
    dict(c.part("facilities"))))[0], error="inputs.ids_twice")  # fmt: skip


def _second_table(city: City) -> None:
    for row in city.facilities:
        row["id"] = "x" + row["id"]
    city.save("facilities")
    city.path("facilities.csv").rename(city.path("f2.csv"))
    city.facilities = [{**r, "id": r["id"][1:]} for r in city.facilities]
    city.save("facilities")
    city.study["facilities"].append({**city.part("facilities"), "path": "f2.csv"})


add("facilities_in_two_tables_other_ids", _second_table, "doubts.facility_in_two_tables", right=False)


def _layer(city: City) -> None:
    gpd.GeoDataFrame({"n": [1]}, geometry=[box(122.1, 37.5, 122.11, 37.51)], crs=4326).to_file(city.path("w.gpkg"))


add(
    "layer_slip_of_a_key",
    lambda c: (_layer(c), c.study.update(layers=[{"name": "w", "path": "w.gpkg", "datm": "gcj02"}]))[1],
    error=CANNOT,
)
add("layer_of_the_right_name", lambda c: (_layer(c), c.study.update(layers=[{"name": "w", "path": "w.gpkg"}]))[1])
add(
    "layers_of_one_name",
    lambda c: (_layer(c), c.study.update(layers=[{"name": "w", "path": "w.gpkg"}] * 2))[1],
    error=CANNOT,
)
add(
    "layer_without_shapes",
    lambda c: c.study.update(layers=[{"name": "w", "path": "communities.csv"}]),
    error="files.no_geometry",
)
add("table_not_there", lambda c: c.study.update(tables=[{"name": "w", "path": "none.csv"}]), error="study.no_file")

# --- people out of grids and areas --------------------------------------------------------------------------------


def _grid(*, fill: float = 50.0, nodata: float | None = -1.0, crs: str = "EPSG:32651", hole: bool = False,
          shift_m: float = 0.0) -> Callable[[City], None]:  # fmt: skip
    """A grid of people over squares that stand for the communities; 24 squares of 160 m, cells of 50 m."""

    def change(city: City) -> None:
        frame = city.layer("communities").to_crs(32651)
        squares = frame.drop(columns="older").set_geometry(frame.buffer(80, cap_style="square"))
        city.save_layer("communities", squares, "c.gpkg")
        west, south, east, north = base_roads().total_bounds
        cells = np.full((int((north - south) / 50) + 4, int((east - west) / 50) + 4), fill, dtype="float32")
        if hole:
            cells[20:90, 20:90] = -1.0 if nodata is None else nodata
        where = rasterio.Affine(50, 0, west - 100 + shift_m, 0, -50, north + 100)
        with rasterio.open(city.path("p.tif"), "w", driver="GTiff", height=cells.shape[0], width=cells.shape[1], count=1,
                           dtype="float32", crs=crs, transform=where, nodata=nodata) as out:  # fmt: skip
            out.write(cells, 1)
        city.study["population"] = [{"path": "p.tif", "people": "older"}]

    return change


add("grid_of_people_elsewhere", _grid(shift_m=90_000), "population.ground_unknown", right=False)
add("grid_of_people_in_another_zone", _grid(crs="EPSG:32650"), "population.ground_unknown", right=False)
add("grid_of_people_negative", _grid(fill=-9.0), error="population.negative")
add("grid_of_people_nan", _grid(fill=float("nan")), "population.ground_unknown", right=False)
add("grid_of_people_all_0", _grid(fill=0.0), "people_all_zero", right=False)
add("grid_of_people_with_a_hole", _grid(hole=True), "population.ground_unknown", right=False)
add("grid_of_people_with_a_hole_unsaid", _grid(hole=True, nodata=None), error="population.negative")
add("grid_is_text", lambda c: (_grid()(c), c.path("p.tif").write_text("x"))[1] and None, error="population.bad_grid")
add("grid_not_there", lambda c: (_grid()(c), c.path("p.tif").unlink())[1], error="study.no_file")


def _elevation(
    *,
    hole: float | None = None,
    mode: str = "walk-older",
    write: Any = None,
    crs: str = "EPSG:32651",
    shift_m: float = 0.0,
) -> Callable[[City], None]:
    def change(city: City) -> None:
        west, south, east, north = base_roads().total_bounds
        cells = np.full((200, 200), 7.0, dtype="float32")
        if hole is not None:
            cells[60:140, 60:140] = hole
        where = rasterio.Affine(
            (east - west + 200) / 200, 0, west - 100 + shift_m, 0, (south - north - 200) / 200, north + 100
        )
        with rasterio.open(city.path("d.tif"), "w", driver="GTiff", height=200, width=200, count=1, dtype="float32",
                           crs=crs, transform=where) as out:  # fmt: skip
            out.write(cells, 1)
        city.part("roads")["elevation"] = "d.tif"
        city.study["circles"][0]["mode"] = mode
        if write is not None:
            city.path("d.tif").write_bytes(write)

    return change


add("elevation_flat", _elevation())
add("elevation_elsewhere", _elevation(shift_m=90_000), "speeds.beyond_dem")
add("elevation_is_text", _elevation(write=b"x"), error="speeds.bad_grid")
add("elevation_for_the_ebike_alone", _elevation(mode="walk"))
add("elevation_with_a_hole_unsaid", _elevation(hole=-32768.0), "speeds.beyond_dem")
add("elevation_with_a_hole_of_nines", _elevation(hole=-9999.0), "speeds.beyond_dem")
