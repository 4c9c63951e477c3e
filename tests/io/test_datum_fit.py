"""The datum detective: which reading of a table's numbers fits roads, outlines and round figures; and its silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from pyproj import CRS, Transformer

from quarterhour.io import web_maps
from quarterhour.io.datum_fit import Fit, Verdict, datum_verdict
from quarterhour.io.datum_fit.told import Judged, datum_findings
from quarterhour.io.files.account import Origin
from quarterhour.io.ground import Ground, ground_of
from quarterhour.io.osm import read_osm_roads
from quarterhour.io.readings import other_readings
from wandering import STUDY, X0, Y0, beside, crooked_roads, lonlat

Pair = tuple[np.ndarray, np.ndarray]
Change = Callable[[np.ndarray, np.ndarray], Pair]


def towns_of(*boxes: tuple[str, float, float, float, float]) -> gpd.GeoDataFrame:
    shapes = [shapely.box(X0 + w, Y0 + s, X0 + e, Y0 + n) for _, w, s, e, n in boxes]
    names = [b[0] for b in boxes]
    return gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=STUDY, index=pd.Index(names, name="id"))


NO_TOWNS = towns_of()


def in_crs(crs: object) -> Change:
    return lambda lon, lat: Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)


def onto(datum: str) -> Change:
    return lambda lon, lat: web_maps.from_wgs84(lon, lat, datum=datum)


def origin_with(x: np.ndarray, y: np.ndarray, *, crs: object = 4326, datum: str = "wgs84", digits: int = 6) -> Origin:
    raw = pd.DataFrame({"x": np.round(x, digits), "y": np.round(y, digits)}, index=np.arange(2, len(x) + 2))
    return Origin("a.csv", "", CRS(crs), datum, raw, pd.Series(raw.index, index=map(str, raw.index)))


def fit_of(origin: Origin, ground: Ground, towns: list[str] | None = None) -> Fit | None:
    named = pd.Series(towns or "", index=origin.raw.index)
    return datum_verdict(origin, named, ground).fit


ROADS = crooked_roads()
GROUND = ground_of(ROADS, NO_TOWNS)
X, Y = beside(ROADS, 60)
LON, LAT = lonlat(X, Y)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("count", [8, 60])
def test_places_off_a_web_map_are_told_with_the_key_to_set(datum: str, count: int) -> None:
    lon, lat = onto(datum)(LON[:count], LAT[:count])
    fit = fit_of(origin_with(lon, lat), GROUND)
    assert fit is not None and fit.evidence == "roads"
    assert (fit.reading.key, fit.reading.value) == ("datum", datum)
    assert 2 * fit.then < fit.now
    assert 300 < fit.shift_m < 1500


def test_places_that_lie_right_are_confirmed_and_nothing_is_said() -> None:
    verdict = datum_verdict(origin_with(LON, LAT), pd.Series(dtype=str), GROUND)
    assert verdict.fit is None and verdict.confirmed


def test_a_datum_declared_but_not_there_is_told() -> None:
    fit = fit_of(origin_with(LON, LAT, datum="gcj02"), GROUND)
    assert fit is not None and (fit.reading.key, fit.reading.value) == ("datum", "wgs84")


def test_a_datum_undone_twice_fits_as_undone() -> None:
    lon, lat = web_maps.to_wgs84(LON, LAT, datum="gcj02")
    fit = fit_of(origin_with(lon, lat), GROUND)
    assert fit is not None and fit.reading.roads and fit.reading.value == "gcj02"


@pytest.mark.parametrize("code", ["EPSG:2438", "EPSG:2437"])
def test_beijing_54_declared_as_cgcs2000_is_told_with_its_code(code: str) -> None:
    """Rounded to a millimetre, so that only the roads can tell."""
    x, y = in_crs(code)(*lonlat(*beside(ROADS, 60, off_m=5.0)))
    modern = {"EPSG:2438": "EPSG:4550", "EPSG:2437": "EPSG:4549"}[code]
    fit = fit_of(origin_with(x, y, crs=modern, digits=3), GROUND)
    assert fit is not None and (fit.reading.key, fit.reading.value) == ("crs", code)
    assert 50 < fit.shift_m < 150


@pytest.mark.parametrize(
    ("made", "declared", "told"),
    [
        ("EPSG:4549", "EPSG:4550", "EPSG:4549"),  # the zone beside
        ("EPSG:4529", "EPSG:4550", "EPSG:4529"),  # the zone before the easting
        ("EPSG:32651", "EPSG:4550", "EPSG:32651"),
        ("EPSG:4550", "EPSG:4326", "EPSG:4550"),  # metres declared as degrees
        ("EPSG:4326", "EPSG:32651", "EPSG:4326"),  # and degrees as metres
    ],
)
def test_a_table_in_another_zone_is_told_with_the_one_that_fits(made: str, declared: str, told: str) -> None:
    x, y = in_crs(made)(LON, LAT)
    fit = fit_of(origin_with(np.asarray(x), np.asarray(y), crs=declared), GROUND)
    assert fit is not None and (fit.reading.key, fit.reading.value) == ("crs", told)
    assert fit.evidence == ("roads" if made == "EPSG:32651" else "far")
    assert fit.then < 50


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:4550"])
def test_swapped_axes_are_told(code: str) -> None:
    x, y = in_crs(code)(LON, LAT)
    fit = fit_of(origin_with(np.asarray(y), np.asarray(x), crs=code), GROUND)
    assert fit is not None and fit.evidence == "far"
    assert fit.reading.swapped and fit.reading.value == code


@pytest.mark.parametrize("count", [5, 24])
def test_numbers_that_come_out_round_are_told_where_roads_say_nothing(count: int) -> None:
    """Degrees of six decimals, shifted by a program that keeps all digits; the places lie anywhere."""
    chance = np.random.default_rng(1)
    lon = np.round(LON.mean() + chance.uniform(-0.02, 0.02, count), 6)
    lat = np.round(LAT.mean() + chance.uniform(-0.02, 0.02, count), 6)
    fit = fit_of(origin_with(*onto("gcj02")(lon, lat), digits=14), GROUND)
    assert fit is not None and fit.evidence == "round" and fit.reading.value == "gcj02"
    fit = fit_of(origin_with(*in_crs(2438)(lon, lat), crs=4550, digits=12), GROUND)
    assert fit is not None and fit.evidence == "round" and fit.reading.value == "EPSG:2438"


def test_numbers_made_from_a_web_map_s_round_degrees_are_no_matter() -> None:
    """Taken from Amap at six decimals and rightly set back: every digit is full, and all is well."""
    lon, lat = onto("gcj02")(LON, LAT)
    back = web_maps.to_wgs84(np.round(lon, 6), np.round(lat, 6), datum="gcj02")
    assert fit_of(origin_with(*back, digits=14), GROUND) is None


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_six_decimals_of_a_web_map_rightly_declared_are_no_matter(datum: str) -> None:
    """Every web map gives round degrees of its own."""
    assert fit_of(origin_with(*onto(datum)(LON, LAT), datum=datum), GROUND) is None


@pytest.mark.parametrize(("east_m", "north_m"), [(390.0, 0.0), (-250.0, 310.0), (0.0, -700.0), (90.0, 40.0)])
def test_places_shifted_as_a_whole_are_told_with_the_way_back(east_m: float, north_m: float) -> None:
    verdict = datum_verdict(origin_with(*lonlat(X + east_m, Y + north_m)), pd.Series(dtype=str), GROUND)
    assert verdict.fit is None and verdict.moved is not None
    assert np.hypot(verdict.moved.east_m + east_m, verdict.moved.north_m + north_m) < 30
    assert 2 * verdict.moved.then < verdict.moved.now


def test_places_that_know_nothing_of_roads_are_not_moved() -> None:
    chance = np.random.default_rng(6)
    for _ in range(20):
        x, y = X0 + chance.uniform(500, 5500, 100), Y0 + chance.uniform(500, 5500, 100)
        verdict = datum_verdict(origin_with(*lonlat(x, y)), pd.Series(dtype=str), GROUND)
        assert verdict.fit is None and verdict.moved is None


@pytest.mark.parametrize("declared", ["gcj02", "bd09"])
def test_a_fit_names_the_datum_that_roads_would_have_if_the_table_is_right(declared: str) -> None:
    """WGS 84 roads declared to be off a web map, and so read to where nothing is."""
    there = shapely.transform(
        ROADS.to_crs(4326).geometry.to_numpy(),
        lambda xy: np.column_stack(web_maps.to_wgs84(*np.round(xy.T, 7), datum=declared)),
    )
    roads = gpd.GeoDataFrame(geometry=there, crs=4326).to_crs(STUDY)
    fit = fit_of(origin_with(LON, LAT), ground_of(roads, NO_TOWNS, datum=declared))
    assert fit is not None and fit.ground == "wgs84"
    assert (fit.reading.value, fit.reading.roads) == (declared, "")


def mixed(rows: np.ndarray | slice, datum: str, *, digits: int = 6, count: int = 60) -> Origin:
    """Places of which some rows are of a web map's datum, and none says so."""
    lon, lat = LON[:count].copy(), LAT[:count].copy()
    lon[rows], lat[rows] = onto(datum)(np.round(lon[rows], 6), np.round(lat[rows], 6))
    raw = origin_with(lon, lat).raw
    raw.iloc[rows] = np.column_stack([lon[rows], lat[rows]]).round(digits)
    return replace(origin_with(lon, lat), raw=raw)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize(
    "rows",
    [slice(0, 30), slice(0, 20), slice(40, 60), slice(0, 60, 2), slice(1, 60, 3)],
    ids=["half", "third", "last", "every second", "every third"],
)
def test_a_part_of_a_table_that_is_off_a_web_map_is_told_with_its_clearest_rows(rows: slice, datum: str) -> None:
    origin = mixed(rows, datum)
    verdict = datum_verdict(origin, pd.Series(dtype=str), GROUND)
    part, true = verdict.part, set(origin.raw.index[rows].astype(str))
    assert verdict.fit is None and verdict.moved is None and part is not None
    assert (part.reading.key, part.reading.value, part.evidence) == ("datum", datum, "ground")
    assert abs(part.count - len(true)) <= 6 and part.places == 60
    assert set(part.ids[:5]) <= true
    assert 300 < part.shift_m < 1500


@pytest.mark.parametrize("rows", [slice(0, 12), slice(0, 24, 2), np.array([3, 11, 17])])
def test_a_part_that_comes_out_round_is_told_where_roads_say_nothing(rows: np.ndarray | slice) -> None:
    origin = mixed(rows, "gcj02", digits=12, count=24)
    part = datum_verdict(
        origin, pd.Series(dtype=str), ground_of(ROADS.translate(900.0, 300.0).to_frame(), NO_TOWNS)
    ).part
    assert part is not None and (part.evidence, part.reading.value) == ("round", "gcj02")
    assert list(part.ids) == list(origin.raw.index[rows].astype(str))
    assert part.count == len(part.ids)


def test_a_part_is_one_warning_with_file_sheet_and_five_ids() -> None:
    origin = mixed(slice(0, 30), "gcj02")
    verdict = datum_verdict(origin, pd.Series(dtype=str), GROUND)
    said = {"table": "communities", "file": "a.xlsx", "sheet": "甲"}
    found, ground_is_off = datum_findings([Judged(said, "wgs84", verdict)], GROUND)
    assert not ground_is_off
    assert found[["rule", "severity", "table", "file", "sheet", "column", "value"]].to_numpy().tolist() == [
        ["where.part_ground", "warning", "communities", "a.xlsx", "甲", "x, y", 'datum = "gcj02"']
    ]
    assert len(found["id"][0].split(", ")) == 5
    assert " / 60; " in found["detail"][0]


def test_a_whole_table_off_a_web_map_is_no_part() -> None:
    for count in (8, 60):
        verdict = datum_verdict(mixed(slice(None), "gcj02", count=count), pd.Series(dtype=str), GROUND)
        assert verdict.part is None and verdict.fit is not None


def test_where_roads_cannot_tell_a_part_nothing_is_said() -> None:
    """Places that lie anywhere, and a few places."""
    chance = np.random.default_rng(8)
    for count in (12, 60, 200) * 5:
        lon, lat = lonlat(X0 + chance.uniform(500, 5500, count), Y0 + chance.uniform(500, 5500, count))
        lon[: count // 2], lat[: count // 2] = onto("gcj02")(lon[: count // 2], lat[: count // 2])
        verdict = datum_verdict(origin_with(lon, lat), pd.Series(dtype=str), GROUND)
        assert verdict.part is None and verdict.fit is None
    assert datum_verdict(mixed(slice(0, 2), "gcj02", count=4), pd.Series(dtype=str), GROUND).part is None


def test_places_that_lie_outside_their_towns_until_read_otherwise_are_told() -> None:
    chance = np.random.default_rng(2)
    towns = towns_of(("a", 0, 0, 2000, 6000), ("b", 2000, 0, 4000, 6000), ("c", 4000, 0, 6000, 6000))
    x, y = X0 + chance.uniform(50, 5950, 40), Y0 + chance.uniform(50, 5950, 40)
    named = [("a", "b", "c")[int((v - X0) // 2000)] for v in x]
    ground = ground_of(ROADS, towns)
    assert fit_of(origin_with(*lonlat(x, y)), ground, named) is None
    fit = fit_of(origin_with(*onto("gcj02")(*lonlat(x, y))), ground, named)
    assert fit is not None and fit.evidence == "outlines" and fit.reading.value == "gcj02"
    assert (fit.then, fit.places) == (40, 40) and fit.now < 35


def test_a_grid_of_streets_that_every_shift_repeats_says_nothing() -> None:
    """Places amid blocks of 300 m come onto streets by half a block: no datum."""
    lines = [shapely.LineString([(X0 + 300 * i, Y0), (X0 + 300 * i, Y0 + 6000)]) for i in range(21)]
    lines += [shapely.LineString([(X0, Y0 + 300 * i), (X0 + 6000, Y0 + 300 * i)]) for i in range(21)]
    ground = ground_of(gpd.GeoDataFrame(geometry=lines, crs=STUDY), NO_TOWNS)
    chance = np.random.default_rng(4)
    for dx in range(0, 300, 30):
        blocks = chance.integers(0, 20, (40, 2)) * 300.0
        x, y = X0 + blocks[:, 0] + dx + chance.normal(0, 20, 40), Y0 + blocks[:, 1] + 150 + chance.normal(0, 20, 40)
        assert fit_of(origin_with(*lonlat(x, y)), ground) is None


def test_three_places_or_no_roads_say_nothing() -> None:
    shifted = onto("gcj02")(LON, LAT)
    assert fit_of(origin_with(shifted[0][:3], shifted[1][:3]), GROUND) is None
    assert fit_of(origin_with(*shifted), ground_of(ROADS.iloc[:0], NO_TOWNS)) is None


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[Ground, Pair]:
    """Liechtenstein's roads and the centres of its 8,992 buildings, laid where Weihai is."""
    extract = shared_data / "osm" / "liechtenstein.osm.pbf"
    roads = read_osm_roads(extract, crs="EPSG:32632")[0]
    ways = osmium.FileProcessor(str(extract)).with_locations().with_filter(osmium.filter.KeyFilter("building"))
    found = [np.mean([(n.lon, n.lat) for n in o.nodes], axis=0) for o in ways if o.is_way()]
    x, y = Transformer.from_crs(4326, 32632, always_xy=True).transform(*np.array(found).T)
    west, south, _, _ = roads.total_bounds
    moved = roads.set_geometry(roads.geometry.translate(X0 - west, Y0 - south).set_crs(STUDY, allow_override=True))
    return ground_of(moved, NO_TOWNS), lonlat(x + X0 - west, y + Y0 - south)


def _verdicts(real: tuple[Ground, Pair], size: int, change: Change, tries: int) -> list[Verdict]:
    ground, (lon, lat) = real
    told = []
    for seed in range(tries):
        some = np.random.default_rng(seed).choice(len(lon), min(size, len(lon)), replace=False)
        origin = origin_with(*change(lon[some], lat[some]))
        told.append(datum_verdict(origin, pd.Series("", index=origin.raw.index), ground))
    return told


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 20, 100, 1000])
def test_real_places_that_lie_right_are_left_alone(real: tuple[Ground, Pair], size: int) -> None:
    told = [v.fit or v.moved or v.part for v in _verdicts(real, size, lambda lon, lat: (lon, lat), 300)]
    assert sum(t is not None for t in told) < 3


@pytest.mark.slow
@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize(("size", "share"), [(20, 0.7), (100, 1.0), (1000, 1.0)])
def test_real_places_off_a_web_map_are_told(real: tuple[Ground, Pair], size: int, share: float, datum: str) -> None:
    told = [v.fit for v in _verdicts(real, size, onto(datum), 60)]
    assert sum(f is not None and f.reading.value == datum for f in told) >= share * len(told)
    assert not any(f is not None and f.reading.value != datum for f in told)


@pytest.mark.slow
@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize(("size", "of", "share"), [(100, 2, 0.9), (1000, 2, 1.0), (1000, 3, 0.85)])
def test_a_part_of_real_places_off_a_web_map_is_told(
    real: tuple[Ground, Pair], size: int, of: int, share: float, datum: str
) -> None:
    def some(lon: np.ndarray, lat: np.ndarray) -> Pair:
        first = np.arange(len(lon)) < len(lon) // of
        there = onto(datum)(lon, lat)
        return np.where(first, there[0], lon), np.where(first, there[1], lat)

    parts = [v.part for v in _verdicts(real, size, some, 60)]
    told = [p for p in parts if p is not None]
    assert len(told) >= share * len(parts)
    assert all(p.reading.value == datum and abs(p.count - size / of) < 0.2 * size for p in told)
    right = [int(i) - 2 < size // of for p in told for i in p.ids[:5]]
    assert np.mean(right) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("size", "share"), [(100, 0.9), (1000, 0.95)])
def test_real_places_moved_as_a_whole_are_told(real: tuple[Ground, Pair], size: int, share: float) -> None:
    ground, (lon, lat) = real
    x, y = ground.to_xy((lon, lat))
    told = _verdicts((ground, lonlat(x + 390.0, y - 60.0)), size, lambda lon, lat: (lon, lat), 60)
    off = [np.hypot(v.moved.east_m + 390.0, v.moved.north_m - 60.0) for v in told if v.moved is not None]
    assert sum(m < 100 for m in off) >= share * len(told)


def test_the_studys_own_grid_is_likelier_than_others_of_the_same_numbers() -> None:
    """UTM 51N and Gauss-Kruger at 123 E differ by a mile in a dense town: a street is near either way."""
    study, near = CRS("EPSG:32651"), (np.array([121.9]), np.array([37.3]))
    x, y = np.array([402_000.0, 403_000.0]), np.array([4_128_000.0, 4_129_000.0])
    found = other_readings(x, y, crs=CRS("EPSG:4326"), datum="wgs84", near=near, study=study)
    assert [(r.key, r.value) for r in found[:2]] == [("crs", "EPSG:32651"), ("crs", "EPSG:4550")]
