"""Places against roads and towns: what is told of a row with file, sheet, row and value, and of a whole table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from quarterhour.base.errors import DataError
from quarterhour.base.findings import finding_sentences
from quarterhour.io import files, web_maps
from quarterhour.io.ground import Ground, ground_of
from quarterhour.io.where import PlaceTable, where_findings
from wandering import X0, Y0, beside, crooked_roads, lonlat

STUDY = "EPSG:32651"
TO_DEGREES = Transformer.from_crs(STUDY, 4326, always_xy=True)


def streets() -> gpd.GeoDataFrame:
    """A street every 400 m up, every 500 m across, on 6 x 6 km."""
    up = [shapely.LineString([(X0 + x, Y0), (X0 + x, Y0 + 6000)]) for x in range(0, 6001, 400)]
    across = [shapely.LineString([(X0, Y0 + y), (X0 + 6000, Y0 + y)]) for y in range(0, 6001, 500)]
    return gpd.GeoDataFrame(geometry=up + across, crs=STUDY)


def two_towns() -> gpd.GeoDataFrame:
    west, east = shapely.box(X0, Y0, X0 + 3000, Y0 + 6000), shapely.box(X0 + 3000, Y0, X0 + 6000, Y0 + 6000)
    ids = pd.Index(["371001", "371002"], name="id")
    return gpd.GeoDataFrame({"name": ["西镇", "东镇"]}, geometry=[west, east], crs=STUDY, index=ids)


GROUND = ground_of(streets(), two_towns())
NO_TOWNS = ground_of(streets(), two_towns().iloc[:0])
RIGHT = [(f"v{k}", X0 + 200 + 550 * k, Y0 + 300 + 500 * k, "371001" if k < 6 else "371002") for k in range(10)]


def told(folder: Path, rows: list[tuple[str, float, float, str]], ground: Ground = GROUND) -> pd.DataFrame:
    """What is said of a table of these rows (id, x, y in metres, town), read from a file in degrees."""
    lines = ["id,name,lon,lat,town"]
    for i, x, y, town in rows:
        lon, lat = TO_DEGREES.transform(x, y)
        lines.append(f"{i},{i},{lon:.6f},{lat:.6f},{town}")
    return of_file(folder, "\n".join(lines), ground)


def of_file(folder: Path, text: str, ground: Ground = GROUND, **options: object) -> pd.DataFrame:
    file = folder / "villages.csv"
    file.write_text(text, encoding="utf-8")
    origins: list[files.Origin] = []
    kept, _ = files.read_places(file, table="communities", crs=STUDY, origin=origins.append, **options)  # type: ignore[arg-type]
    return where_findings([PlaceTable("communities", kept, *origins)], ground, limit_m=1000)


def off_road(table: str, xy: list[tuple[float, float]], rule: str = "most_off_road") -> list[str]:
    """How many places are told to be off the roads, of how many."""
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.array(xy).T), crs=STUDY)
    found = where_findings([PlaceTable(table, places, None)], NO_TOWNS, limit_m=200)
    return found.loc[found["rule"] == f"where.{rule}", "value"].tolist()


def test_facilities_beyond_the_roads_of_a_piece_are_no_error() -> None:
    near, far = [(X0 + 200.0 + k, Y0 + 300.0) for k in range(2)], [(X0 + 9e4 + k, Y0 + 9e4) for k in range(8)]
    assert off_road("facilities", near + far) == []
    assert off_road("facilities", near + far, "most_beyond") == ["8 / 10"]  # but it is told
    assert off_road("facilities", near + far[:2], "most_beyond") == []
    assert off_road("communities", near + far) == ["8 / 10"]
    assert off_road("communities", near + far, "most_beyond") == []
    assert off_road("facilities", far) == ["8 / 8"]  # none of them has a time
    assert off_road("facilities", [*near, *far, *[(X0 + 6150.0 + k, Y0 - 190.0) for k in range(5)]]) == ["5 / 7"]


def test_places_where_roads_and_towns_are_get_no_word(tmp_path: Path) -> None:
    assert told(tmp_path, RIGHT).empty
    assert told(tmp_path, RIGHT, NO_TOWNS).empty


@pytest.mark.parametrize("ground", [GROUND, NO_TOWNS], ids=["towns", "no towns"])
def test_a_place_28_km_out_is_told_with_its_row_and_numbers(tmp_path: Path, ground: Ground) -> None:
    found = told(tmp_path, [*RIGHT, ("sea", X0 + 34_000, Y0 + 2000, "371002")], ground)
    row = found.iloc[0]
    assert (len(found), row["rule"], row["row"], row["id"]) == (1, "where.far_off", 12, "sea")
    assert row["file"].endswith("villages.csv") and row["detail"] == "28.0 km" and row["severity"] == "warning"
    assert row["value"].startswith("122.47")
    for lang in ("zh", "en"):
        assert "28.0 km" in finding_sentences(found, lang)[0]


def test_a_place_at_latitude_0_is_told(tmp_path: Path) -> None:
    lon, lat = TO_DEGREES.transform(X0, Y0)
    text = "id,name,lon,lat,town\n" + "\n".join(f"a{k},a,{lon + k / 500:.6f},{lat:.6f},371001" for k in range(5))
    found = of_file(tmp_path, text + f"\nzero,a,{lon:.6f},0,371001")
    assert found[found["rule"] == "where.far_off"][["row", "id"]].values.tolist() == [[7, "zero"]]


def test_a_place_in_another_town_s_outline_is_told_with_both_names(tmp_path: Path) -> None:
    found = told(tmp_path, [*RIGHT, ("slip", X0 + 4500, Y0 + 900, "371001")])
    assert found[["rule", "row", "id", "detail"]].values.tolist() == [
        ["where.other_town", 12, "slip", "西镇 → 东镇, 1,500 m"]
    ]


def test_a_town_may_be_named_by_its_name(tmp_path: Path) -> None:
    found = told(tmp_path, [*RIGHT, ("slip", X0 + 4500, Y0 + 900, "西镇")])
    assert found["id"].tolist() == ["slip"]


def test_a_border_village_just_over_the_outline_is_left_alone(tmp_path: Path) -> None:
    assert told(tmp_path, [*RIGHT, ("border", X0 + 3250, Y0 + 900, "371001")]).empty


def test_a_village_on_an_island_that_its_town_owns_is_left_alone(tmp_path: Path) -> None:
    towns = two_towns()
    island = shapely.box(X0 + 20_000, Y0, X0 + 21_000, Y0 + 1000)
    towns.loc["371002", "geometry"] = shapely.union(towns.loc["371002", "geometry"], island)
    assert told(tmp_path, [*RIGHT, ("isle", X0 + 20_500, Y0 + 500, "371002")], ground_of(streets(), towns)).empty


def test_an_islet_near_the_coast_that_the_outline_leaves_out_is_left_alone(tmp_path: Path) -> None:
    assert told(tmp_path, [*RIGHT, ("islet", X0 + 6700, Y0 + 500, "371002")]).empty


def test_many_in_another_town_are_one_sentence(tmp_path: Path) -> None:
    crossed = [(i, x, y, "371002" if town == "371001" else "371001") for i, x, y, town in RIGHT]
    found = told(tmp_path, crossed)
    assert found["rule"].tolist() == ["where.other_town_many"] and found["value"].tolist() == ["9 / 10"]


def test_a_table_that_no_road_is_near_is_an_error_with_its_cause_first(tmp_path: Path) -> None:
    rows = [(f"v{k}", X0 + 200 + 550 * k, Y0 + 300 + 500 * k, "371001") for k in range(10)]
    lonlat = [TO_DEGREES.transform(x, y) for _, x, y, _ in rows]
    x, y = Transformer.from_crs(4326, 4549, always_xy=True).transform(*np.array(lonlat).T)
    lines = [f"v{k},v,{a:.3f},{b:.3f},371001" for k, (a, b) in enumerate(zip(x, y, strict=True))]
    found = of_file(tmp_path, "\n".join(["id,name,x,y,town", *lines]), source_crs="EPSG:4550")
    assert found["rule"].tolist()[:2] == ["where.far_key", "where.most_off_road"]
    assert found["severity"].tolist()[:2] == ["error", "error"]
    assert found["value"][0] == 'crs = "EPSG:4549"'


def _tables(folder: Path, *, moved: bool, seed: int = 1) -> tuple[list[PlaceTable], Ground]:
    """Two tables beside crooked roads, and the roads as they are or as Amap has them."""
    roads, tables = crooked_roads(), []
    for k, name in enumerate(("communities", "facilities")):
        lon, lat = lonlat(*beside(roads, 40, seed=seed + k))
        file = folder / f"{name}.csv"
        lines = [f"{name}{i},n,{a:.6f},{b:.6f}" for i, (a, b) in enumerate(zip(lon, lat, strict=True))]
        file.write_text("\n".join(["id,name,lon,lat", *lines]), encoding="utf-8")
        origins: list[files.Origin] = []
        kept, _ = files.read_places(file, table=name, crs=STUDY, origin=origins.append)
        tables.append(PlaceTable(name, kept, *origins))
    if moved:
        there = shapely.transform(
            roads.to_crs(4326).geometry.to_numpy(),
            lambda xy: np.column_stack(web_maps.from_wgs84(xy[:, 0], xy[:, 1], datum="gcj02")),
        )
        roads = gpd.GeoDataFrame(geometry=there, crs=4326).to_crs(STUDY)
    return tables, ground_of(roads, two_towns().iloc[:0])


def test_roads_off_a_web_map_are_told_once_and_no_table_is_blamed(tmp_path: Path) -> None:
    tables, ground = _tables(tmp_path, moved=False)
    assert where_findings(tables, ground, limit_m=1000).empty
    tables, ground = _tables(tmp_path, moved=True)
    found = where_findings(tables, ground, limit_m=1000)
    assert found[["rule", "table", "column", "value"]].values.tolist() == [
        ["where.roads_shifted", "roads", "datum", "gcj02"]
    ]
    assert "communities, facilities" in found["detail"][0]


def _read_as(tables: list[PlaceTable], datum: str) -> list[PlaceTable]:
    return [replace(t, origin=replace(t.origin, datum=datum)) for t in tables if t.origin is not None]


def _roads_read(true: str, declared: str) -> Ground:
    """Crooked roads whose file has one datum and says another."""

    def read(xy: np.ndarray) -> np.ndarray:
        shown = np.round(web_maps.from_wgs84(*xy.T, datum=true), 7)
        return np.column_stack(web_maps.to_wgs84(*shown, datum=declared))

    lines = shapely.transform(crooked_roads().to_crs(4326).geometry.to_numpy(), read)
    return ground_of(gpd.GeoDataFrame(geometry=lines, crs=4326).to_crs(STUDY), two_towns().iloc[:0], datum=declared)


@pytest.mark.parametrize(
    ("true", "declared", "places", "said"),
    [
        ("wgs84", "gcj02", "wgs84", [("roads_or_tables", "wgs84")]),
        ("wgs84", "bd09", "wgs84", [("roads_or_tables", "wgs84")]),
        ("bd09", "gcj02", "wgs84", [("roads_shifted", "bd09")]),
        ("bd09", "wgs84", "wgs84", [("roads_shifted", "bd09")]),
        ("wgs84", "wgs84", "gcj02", [("roads_or_tables", "gcj02")]),
        ("gcj02", "wgs84", "bd09", [("roads_both", 'datum = "wgs84"; [roads] datum = "gcj02"')] * 2),
        ("gcj02", "gcj02", "wgs84", []),
        ("bd09", "bd09", "wgs84", []),
    ],
)
def test_roads_and_tables_of_any_two_datums_are_told_or_fit(
    tmp_path: Path, true: str, declared: str, places: str, said: list[tuple[str, str]]
) -> None:
    """Tables in WGS 84, declared as ``places``, against roads of a datum that declare another."""
    tables, _ = _tables(tmp_path, moved=False)
    found = where_findings(_read_as(tables, places), _roads_read(true, declared), limit_m=1000)
    assert [(r.rule, r.value) for r in found.itertuples()] == [(f"where.{rule}", value) for rule, value in said]
    for lang in ("zh", "en"):
        assert all(s for s in finding_sentences(found, lang))


def test_roads_off_by_a_shift_that_no_datum_has_are_told_once(tmp_path: Path) -> None:
    tables, _ = _tables(tmp_path, moved=False)
    roads = crooked_roads()
    ground = ground_of(roads.set_geometry(roads.translate(380, 120), crs=STUDY), two_towns().iloc[:0])
    found = where_findings(tables, ground, limit_m=1000)
    assert found[["rule", "table"]].values.tolist() == [["where.roads_moved", "roads"]]
    alone = where_findings(tables[:1], ground, limit_m=1000)
    assert alone[["rule", "table", "id"]].values.tolist() == [["where.moved", "communities", "40"]]
    assert "x +" in alone["value"][0] or "x -" in alone["value"][0]


def test_a_datum_that_proj_changes_by_rule_of_thumb_is_told(tmp_path: Path) -> None:
    lonlat = np.array([TO_DEGREES.transform(x, y) for _, x, y, _ in RIGHT]).T
    for code, rules in ((4610, ["where.ballpark"]), (4490, []), (4326, [])):
        lines = [f"v{k},v,{a:.6f},{b:.6f},371001" for k, (a, b) in enumerate(lonlat.T)]
        found = of_file(tmp_path, "\n".join(["id,name,lon,lat,town", *lines]), NO_TOWNS, source_crs=f"EPSG:{code}")
        assert found["rule"].tolist() == rules


def test_every_rule_has_its_sentence_in_both_languages() -> None:
    import re

    from quarterhour.base import i18n
    from quarterhour.io import where

    rooms = [Path(where.__file__), Path(where.__file__).parent / "datum_fit" / "told.py"]
    source = "".join(room.read_text(encoding="utf-8") for room in rooms)
    named = set(re.findall(r'"where\.(\w+)"', source)) | {"far_off", "other_town", "outside_town"}
    named |= {
        f"{e}_{way}" for e in ("roads", "outlines") for way in ("shifted", "or_tables", "undone", "key", "no_key")
    }
    named |= {"roads_both", "roads_round", "part_round", "part_ground"}
    assert all(i18n.entry(f"where.{rule}") for rule in named)


def test_a_study_whose_communities_lie_elsewhere_says_why(toy_study: Path) -> None:
    from quarterhour.study.run import read_study_inputs
    from quarterhour.study.study import read_study

    text = (toy_study / "study.toml").read_text(encoding="utf-8")
    (toy_study / "study.toml").write_text(text.replace('crs = "EPSG:32651"\n\n[[', 'crs = "EPSG:4549"\n\n[['), "utf-8")
    with pytest.raises(DataError, match="roads lie elsewhere") as caught:
        read_study_inputs(read_study(toy_study))
    assert 'crs = "EPSG:32651"' in caught.value.sentence("zh")


def on_a_web_map(roads: gpd.GeoDataFrame, datum: str) -> gpd.GeoDataFrame:
    """Roads, in pieces of a block each, where a web map of that datum shows them."""

    def moved(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(web_maps.from_wgs84(xy[:, 0], xy[:, 1], datum=datum))

    xy, line = shapely.get_coordinates(roads.geometry.segmentize(500).to_numpy(), return_index=True)
    pairs = [shapely.LineString(xy[k : k + 2]) for k in np.flatnonzero(line[1:] == line[:-1])]
    blocks = gpd.GeoSeries(pairs, crs=STUDY).to_crs("EPSG:4326")
    shown = gpd.GeoSeries(shapely.transform(blocks.to_numpy(), moved), crs="EPSG:4326")
    return gpd.GeoDataFrame(geometry=shown.to_crs(STUDY))


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_roads_drawn_on_a_web_map_are_told_by_corners_that_come_out_round(datum: str) -> None:
    found = where_findings([], ground_of(on_a_web_map(streets(), datum), two_towns().iloc[:0]), limit_m=1000)
    assert found["rule"].tolist() == ["where.roads_round"]
    assert found["value"].tolist() == [datum]


def test_roads_whose_corners_are_round_as_they_are_say_nothing() -> None:
    assert not len(where_findings([], ground_of(on_a_web_map(streets(), "wgs84"), two_towns().iloc[:0]), limit_m=1000))


def points_along(ground: Ground, xy: np.ndarray) -> int:
    return sum(tree.n for tree in ground.along(xy))


def test_points_are_set_along_the_roads_about_the_places_that_are_asked_alone() -> None:
    far = streets().translate(400_000, 0)
    ground = ground_of(gpd.GeoDataFrame(geometry=[*streets().geometry, *far], crs=STUDY), two_towns())
    xy = np.random.default_rng(1).uniform([X0 - 2500, Y0 - 2500], [X0 + 8500, Y0 + 8500], (200, 2))
    assert np.array_equal(ground.about_m(xy), GROUND.about_m(xy))
    near = points_along(ground, xy)
    assert near == points_along(GROUND, xy)
    moved = xy + [400_000, 0]
    assert np.allclose(ground.about_m(moved), GROUND.about_m(xy), atol=1e-6)
    assert points_along(ground, xy) == 2 * near  # what was asked before stays
    assert (ground.about_m(xy + [100_000, 0]) == 2000).all()
