"""Keys of a study file that would do nothing, or that cannot be meant: each is refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.base.errors import QuarterhourError, StudyError
from quarterhour.study.file import read_study_file
from quarterhour.study.file.declared import format_of, is_extract

HEADS = {
    "roads": "[roads]",
    "communities": "[communities]",
    "facilities": "[[facilities]]",
    "candidates": "[candidates]",
    "tables": "[[tables]]",
    "layers": "[[layers]]",
}
SAID = {
    "encoding": 'encoding = "gb18030"',
    "sheet": 'sheet = "Sheet1"',
    "header_row": "header_row = 2",
    "layer": 'layer = "a"',
    "crs": 'crs = "EPSG:4490"',
    "datum": 'datum = "gcj02"',
    "turns": "turns = false",
    "area": "area = [122.0, 37.0, 123.0, 38.0]",
    "hidden_rows": 'hidden_rows = "skip"',
    "columns": "columns = {}",
    "from_osm": 'from_osm = ["village"]',
}
ROUNDS = '[rounds]\nkinds = ["care_base"]\npeople = "hardship"\nmode = "ebike"'


def mended(folder: Path, before: str, after: str) -> Path:
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder


def refused(folder: Path, line: str) -> str:
    """What is said of a line that is refused; it is said by its number, in both languages."""
    with pytest.raises(StudyError) as caught:
        qh.read_study(folder)
    number = (folder / "study.toml").read_text(encoding="utf-8").splitlines().index(line) + 1
    for lang in ("zh", "en"):
        assert f"study.toml:{number}: " in caught.value.sentence(lang), caught.value.sentence(lang)
    return str(caught.value)


def with_part(folder: Path, part: str, path: str, key: str) -> Path:
    """The toy study with a part that names a file of some kind and says a key of it."""
    file = folder / "study.toml"
    name = f'name = "{part}"\n' if part in ("tables", "layers") else ""
    block = f"{HEADS[part]}\n{name}{SAID[key]}\npath = {path!r}\n"
    if part == "communities":
        block += 'people = ["older", "hardship"]\n'
    text = file.read_text(encoding="utf-8")
    if part in ("roads", "communities", "facilities"):
        start = text.index(HEADS[part])
        text = text[:start] + text[text.index("\n[", start) + 1 :]
    file.write_text(f"{text}\n{block}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("part", "path", "key"),
    [
        *(("communities", "a.csv", key) for key in ("sheet", "layer")),
        *(("communities", "a.xlsx", key) for key in ("encoding", "layer")),
        *(("communities", "a.kml", key) for key in ("sheet", "header_row", "hidden_rows", "encoding")),
        *(("communities", "a.kmz", key) for key in ("sheet", "header_row", "hidden_rows", "encoding")),
        *(("layers", "a.gdb", key) for key in ("sheet", "header_row", "encoding")),
        *(("roads", "a.gdb.zip", key) for key in ("sheet", "encoding", "turns")),
        *(("tables", "a.fgb", key) for key in ("sheet", "encoding")),
        *(("communities", "a.csv", key) for key in ("hidden_rows",)),
        *(("roads", "a.gpkg", key) for key in ("area", "hidden_rows")),
        *(("facilities", "a.geojson", key) for key in ("sheet", "header_row", "layer")),
        *(("facilities", "A.JSON", key) for key in ("sheet", "header_row", "layer")),
        *(("candidates", "a.shp", key) for key in ("sheet", "header_row", "layer")),
        *(("candidates", "a.zip", key) for key in ("sheet", "header_row", "layer")),
        *(("communities", "a.gpkg", key) for key in ("sheet", "header_row", "encoding")),
        *(("communities", "a.parquet", key) for key in ("sheet", "header_row", "encoding", "layer")),
        *(("tables", "a.csv", key) for key in ("crs", "datum", "sheet", "layer")),
        *(("tables", "a.xlsx", key) for key in ("crs", "datum", "encoding")),
        *(("layers", "a.geojson", key) for key in ("sheet", "header_row", "layer")),
        *(("layers", "a.gpkg", key) for key in ("sheet", "header_row", "encoding")),
        *(("roads", "a.gpkg", key) for key in ("sheet", "header_row", "encoding", "turns")),
        *(("roads", "a.shp", key) for key in ("sheet", "header_row", "layer", "turns")),
        *(("roads", "a.osm.pbf", key) for key in ("crs", "datum", "layer", "encoding", "columns")),
        *(("roads", "a.graphml", key) for key in ("crs", "datum", "layer", "encoding", "columns", "turns")),
        ("communities", "a.csv", "from_osm"),
        ("communities", "a.osm.pbf", "encoding"),
    ],
)
def test_a_key_that_does_nothing_for_the_file_is_refused(toy_study: Path, part: str, path: str, key: str) -> None:
    said = refused(with_part(toy_study, part, path, key), SAID[key])
    assert key in said


@pytest.mark.parametrize(
    ("part", "path", "key"),
    [
        *(("communities", "a.csv", key) for key in ("encoding", "header_row", "crs", "datum", "columns")),
        *(("communities", "a.xlsx", key) for key in ("sheet", "header_row", "hidden_rows", "datum")),
        *(
            (part, path, "layer")
            for part in ("communities", "layers")
            for path in ("a.gdb", "A.GDB.ZIP", "a.kmz", "a.kml")
        ),
        *(("communities", "a.gpkg", key) for key in ("layer", "crs", "datum")),
        *(("facilities", "a.shp", key) for key in ("encoding", "crs", "datum")),
        *(("tables", "a.gpkg", key) for key in ("layer",)),
        *(("tables", "a.csv", key) for key in ("encoding", "header_row", "columns")),
        *(("layers", "a.gpkg", key) for key in ("layer", "crs", "datum", "columns")),
        *(("roads", "a.gpkg", key) for key in ("layer", "crs", "datum", "columns")),
        ("roads", "a.shp", "encoding"),
        ("roads", "a.osm.pbf", "turns"),
        ("communities", "a.osm.pbf", "from_osm"),
    ],
)
def test_a_key_that_means_something_is_no_mistake(toy_study: Path, part: str, path: str, key: str) -> None:
    read_study_file(with_part(toy_study, part, path, key))


@pytest.mark.parametrize(("part", "line"), [("study", "minutes = 15"), ("communities", 'kind = "clinic"')])
def test_a_key_of_another_part_is_told_as_such_and_not_proposed_for_itself(
    toy_study: Path, part: str, line: str
) -> None:
    mended(toy_study, f"[{part}]\n", f"[{part}]\n{line}\n")
    with pytest.raises(StudyError) as told:
        read_study_file(toy_study)
    said = told.value.sentence("en")
    assert f"does nothing in [{part}]" in said and "did you mean" not in said


def test_the_kind_of_file_is_told_by_its_name() -> None:
    assert (
        format_of("a/B.XLSX") == "xlsx"
        and format_of("roads.osm.gz") == "osm"
        and format_of("a.xls") == "xls"
        and format_of("a.wps") is None
    )
    assert is_extract(Path("a.osm.pbf")) and not is_extract(Path("a.gpkg"))


def test_kinds_out_of_an_extract_have_no_table_whose_columns_could_be_named(toy_study: Path) -> None:
    mended(toy_study, 'path = "facilities.csv"', 'from_osm = ["hospital"]')
    line = 'columns = { id = "id", name = "name", kind = "kind", x = "x", y = "y" }'
    assert "does nothing for from_osm" in refused(toy_study, line)


@pytest.mark.parametrize(
    ("line", "told"), [('kind = "day_care"', "already come from"), ('datum = "bd09"', "crs = EPSG:32651 is in metres")]
)
def test_keys_that_cannot_both_hold_are_refused(toy_study: Path, line: str, told: str) -> None:
    assert told in refused(mended(toy_study, "[[facilities]]\n", f"[[facilities]]\n{line}\n"), line)


# --- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('town = "town"', 'twon = "town"', "columns.twon: is no column that the program reads; did you mean town"),
        ('town = "town"', 'Town = "town"', "did you mean town?"),
        ('x = "x", y = "y", town', 'lon = "x", lat = "y", town', "did you mean x?"),
        ('county = "county"', 'countY = "county"', "did you mean county?"),
        ('kind = "kind"', 'knd = "kind"', "columns.knd: is no column that the program reads; did you mean kind"),
        ('kind = "kind"', 'type = "kind"', "did you mean kind?"),
        ('county = "county"', 'oldr = "older"', "did you mean older?"),
    ],
)  # fmt: skip
def test_a_slip_in_columns_is_refused(toy_study: Path, before: str, after: str, told: str) -> None:
    mended(toy_study, before, after)
    line = next(x for x in (toy_study / "study.toml").read_text("utf-8").splitlines() if after in x)
    assert told in refused(toy_study, line)


@pytest.mark.parametrize(
    ("key", "near"),
    [("highway", "road_class"), ("fclass", "road_class"), ("oneay", "oneway"), ("u", "from_node"),
     ("max_speed", "maxspeed"), ("lenght_m", "length_m")],
)  # fmt: skip
def test_a_slip_in_the_columns_of_roads_is_refused(toy_study: Path, key: str, near: str) -> None:
    line = f'columns = {{ {key} = "highway" }}'
    assert f"did you mean {near}?" in refused(mended(toy_study, "[roads]\n", f"[roads]\n{line}\n"), line)


def test_columns_written_as_a_table_of_their_own_are_found_by_their_line(toy_study: Path) -> None:
    line = 'columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }'
    mended(toy_study, line + "\n", "")
    own = '[communities.columns]\nname = "name"\ntwon = "town"\n\n[[facilities]]'
    assert "did you mean town?" in refused(mended(toy_study, "[[facilities]]", own), 'twon = "town"')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('county = "county"', 'older = "older", hardship = "hardship", older_quality = "name"'),
        ('county = "county"', 'class = "town", organisations = "older"'),  # columns of rules that come with the program
        (
            'kind = "kind"',
            'kind = "kind", beds = "x", community = "id", bed_yuan = "x", tiers = "name"',
        ),
    ],
)
def test_columns_that_the_program_reads_may_be_named(toy_study: Path, before: str, after: str) -> None:
    read_study_file(mended(toy_study, before, after))


def test_columns_that_another_part_names_may_be_named(toy_study: Path) -> None:
    mended(toy_study, 'kind = "kind"', 'kind = "kind", rooms = "x", land_m2 = "y"')
    line = 'columns = { id = "id", name = "name", kind = "kind", rooms = "x", land_m2 = "y", x = "x", y = "y" }'
    assert "rooms" in refused(toy_study, line)
    capacity = 'candidates = "communities"\ncapacity = { unit = "beds", column = "rooms", land = "land_m2" }'
    read_study_file(mended(toy_study, 'candidates = "communities"', capacity))


def test_x_and_y_of_files_that_have_shapes_are_refused(toy_study: Path) -> None:
    mended(toy_study, 'path = "communities.csv"', 'path = "communities.geojson"')
    line = 'columns = { id = "id", name = "name", x = "x", y = "y", town = "town", county = "county" }'
    assert "columns.x: does nothing for communities.geojson" in refused(toy_study, line)


# --- booleans, text and numbers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("minutes = 15", "minutes = true", "should be a number (got true)"),
        ("minutes = 15", 'minutes = "15"', "should be a number (got '15')"),
        ("minutes = 15", "minutes = nan", "should be a finite number"),
        ("minutes = 15", "minutes = inf", "should be a finite number"),
        ("seed = 1", "seed = true", "should be a whole number (got true)"),
        ("seed = 1", 'seed = "1"', "should be a whole number"),
        ("seed = 1", "seed = 1.5", "should be a whole number"),
        ("seed = 1", "snap_limit_m = inf", "should be a finite number"),
        ("seed = 1", "threads = false", 'should be "auto" or a whole number from 1 to 256 (got false)'),
        ("new_sites = 1", "new_sites = true", "should be a whole number (got true)"),
        ("new_sites = 1", "new_sites = 1\nvalues = 1", "should be true or false"),
        ("new_sites = 1", 'new_sites = 1\nvalues = "true"', "should be true or false"),
        ("new_sites = 1", "new_sites = 1\nrobust = { speed = [true, 1.2] }", "should be a number"),
        ("new_sites = 1", "new_sites = 1\nsteps = [[7, 100], [15, true]]", "should be a whole number"),
        ("new_sites = 1", 'new_sites = 1\nbudget = { yuan = "900" }', "should be a whole number"),
        ("new_sites = 1", "new_sites = 1\nclasses = [{ name = 'urban', minutes = true }]", "should be a number"),
        ("turnout_minutes = 3", "turnout_minutes = true", "should be a number (got true)"),
        ('mode = "walk"', "mode = true", "should be text in quotes"),
        ('zh = "玩具镇"', "zh = 7", "should be text in quotes"),
        ('path = "communities.csv"', 'path = "communities.xlsx"\nsheet = true', "should be text in quotes"),
        ('path = "communities.csv"', 'path = "communities.csv"\nheader_row = true', "should be a whole number"),
        ("reference_date = 2025-12-31", "reference_date = 20251231", "should be a date"),
        ("reference_date = 2025-12-31", "reference_date = true", "should be a date"),
        ("reference_date = 2025-12-31", 'reference_date = "31.12.2025"', "should be a date"),
    ],
)
def test_what_is_no_number_is_refused(toy_study: Path, before: str, after: str, told: str) -> None:
    assert told in refused(mended(toy_study, before, after), after.splitlines()[-1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("minutes = 15", "minutes = 15.5"),
        ("new_sites = 1", "new_sites = 1\nbudget = { yuan = 9e6 }"),
        ("reference_date = 2025-12-31", 'reference_date = "2025-12-31"'),
        ("new_sites = 1", "new_sites = 1\nvalues = true"),
    ],
)
def test_numbers_may_be_written_as_toml_has_them(toy_study: Path, before: str, after: str) -> None:
    qh.read_study(mended(toy_study, before, after))


def test_a_number_in_a_mode_of_the_studys_own_is_a_number(toy_study: Path) -> None:
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[modes.bus]\ntravels = "vehicle"\nspeeds_kmh = { primary = true }\n')
    assert "should be a number" in refused(toy_study, "speeds_kmh = { primary = true }")


# --- what cannot be meant -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("turnout_minutes = 3", "turnout_minutes = 15", "less than the 15 minutes allowed"),
        ("turnout_minutes = 3", "turnout_minutes = 20", "less than the 15 minutes allowed"),
        ("new_sites = 1", "new_sites = 1\nturnout_minutes = 15", "less than the 15 minutes allowed"),
        ("new_sites = 1", "new_sites = 1\nquotas = [{ level = 'town', minimum = 3, maximum = 2 }]", "than maximum = 2"),
        ("new_sites = 1", "new_sites = 1\ncandidate_count = 9", 'does nothing without candidates = "network"'),
        ("new_sites = 1", "new_sites = 1\nclass_column = 'class'", "does nothing without classes"),
        ("new_sites = 1", "new_sites = 1\nmin_distance_existing = true", "does nothing without min_distance_m"),
        ("new_sites = 1", "new_sites = 1\nphases = { per_year = 1, first_year = 1900 }", "should be at least 1980"),
        ("reference_date = 2025-12-31", "reference_date = 1900-12-31", "the year seems mistyped"),
        ("reference_date = 2025-12-31", "reference_date = 2225-12-31", "the year seems mistyped"),
        ("reference_date = 2025-12-31", "reference_date = 2026-12-31", "(from 2021-01-01 to 2025-12-31)"),
        ("reference_date = 2025-12-31", "reference_date = 2012-12-31", "nothing of weihai-14fyp is in force"),
        ('rules = ["weihai-14fyp"]', 'rules = ["weihai-14fyp"]\ndates = [2027-06-30]', "nothing of weihai-14fyp"),
        ('path = "communities.csv"', 'path = "communities.csv"\nencoding = "gbkk"', "no encoding gbkk"),
        ('path = "communities.csv"', 'path = "communities.csv"\nencoding = "hex"', "no encoding hex"),
        ("[roads]", '[roads]\ncolumns = { oneway = "a", road_class = "a" }', "cannot serve twice"),
        ('crs = "EPSG:32651"', 'crs = "EPSG:4978"', "no system of places on the ground"),
        ('crs = "EPSG:32651"', 'crs = "EPSG:5773"', "no system of places on the ground"),
        ('crs = "EPSG:32651"', 'crs = "EPSG:2263"', "EPSG:2263 is not in metres"),
        ('people = ["older", "hardship"]\ncrs = "EPSG:32651"', 'people = ["older", "hardship"]\ncrs = "EPSG:99999"',
         "communities.crs: PROJ knows no coordinate system EPSG:99999"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(toy_study: Path, before: str, after: str, told: str) -> None:
    assert told in refused(mended(toy_study, before, after), after.splitlines()[-1])


@pytest.mark.parametrize("part", ["layers", "tables"])
def test_two_tables_of_one_name_are_refused(toy_study: Path, part: str) -> None:
    """The second would stand in for the first, unsaid."""
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write("".join(f'\n[[{part}]]\nname = "a"\npath = "{name}.gpkg"\n' for name in "ab"))
    with pytest.raises(StudyError, match="id a is used twice"):
        qh.read_study(toy_study)


@pytest.mark.parametrize(
    ("part", "line", "told"),
    [
        (ROUNDS, "minutes = 90", "farthest_minutes = 60"),
        (ROUNDS, "visit_minutes = 500", "shift_minutes = 480"),
        (ROUNDS, "turnout_minutes = 15", "less than the 15"),
        ('[overlay]\nkind = "a"', 'elevation = "dem.tif"', "does nothing without steepest_degrees"),
        ('[overlay]\nkind = "a"', "steepest_degrees = 25", "does nothing without elevation"),
        ('[overlay]\nkind = "a"', "forbidden_cover = [1]", "does nothing without land_cover"),
        ('[overlay]\nkind = "a"', 'land_cover = "c.tif"', "does nothing without forbidden_cover"),
        ('[[pictures]]\ncircle = "care-circle"', "minutes = [3, 15]", "takes 3 minutes to set out"),
    ],
)  # fmt: skip
def test_parts_that_cannot_be_meant_are_refused(toy_study: Path, part: str, line: str, told: str) -> None:
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{part}\n{line}\n")
    assert told in refused(toy_study, line)


def test_a_mode_that_sets_out_too_late_for_its_circle_is_refused(toy_study: Path) -> None:
    """The car of the program takes none; one of the study's own does, and the circle says nothing else."""
    mended(toy_study, 'mode = "walk"\ncompare_modes = ["walk-frail"]\nminutes = 15', 'mode = "bus"\nminutes = 4')
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[modes.bus]\ntravels = "vehicle"\nspeed_kmh = 20\nturnout_minutes = 5\n')
    assert "the mode bus takes 5 minutes to set out" in refused(toy_study, "minutes = 4")


def test_a_grid_of_elevations_that_no_mode_heeds_is_refused(toy_study: Path) -> None:
    line = 'elevation = "dem.tif"'
    mended(toy_study, "[roads]\n", f"[roads]\n{line}\n")
    qh.read_study(toy_study)
    text = (toy_study / "study.toml").read_text("utf-8").replace('compare_modes = ["walk-frail"]\n', "")
    (toy_study / "study.toml").write_text(text.replace('"ebike"', '"car"'), encoding="utf-8")
    assert "no mode that the study asks for" in refused(toy_study, line)


@pytest.mark.parametrize(("case", "line"), [("more-col_slip_town", 14), ("toml-bool", 35), ("toml-src_crs_bad", 15)])
def test_the_city_of_the_cases_is_refused_by_its_line(root: Path, case: str, line: int) -> None:
    folder = root.parent / "shared" / "cases" / "inputs" / case
    if not folder.is_dir():
        pytest.skip("../shared/cases is absent: the inputs on which a program may go wrong lie beside the checkout")
    with pytest.raises(QuarterhourError, match=f"study.toml:{line}: "):
        qh.read_study(folder)
