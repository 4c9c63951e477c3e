"""A study on an OSM extract: facilities by any tags, kinds of its own, and the part of the extract that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyproj import Transformer

import quarterhour as qh
from quarterhour.base.errors import StudyError
from quarterhour.base.kinds import KindLook, kind_label
from quarterhour.report.road_use import road_lines
from quarterhour.report.write import meeting_map
from quarterhour.study.file import read_study_file
from quarterhour.study.reading.reach import farthest_m
from quarterhour.study.run import read_study_inputs

X0, Y0 = 400_000.0, 4_150_000.0
BY_TAG = """[[facilities]]
path = "town.osm"
from_osm = { amenity = ["pharmacy", "nursing_home"], shop = true }
"""
FAR = 300_000.0
"""Metres east of the street where a second one lies, in the same extract."""


def write_town(folder: Path) -> None:
    """The toy street as an extract, a pharmacy and a nursing home on it, a bakery and a street far off."""
    to_degrees = Transformer.from_crs("EPSG:32651", 4326, always_xy=True)
    where = {n: (X0 + x, Y0) for n, x in ((1, 0), (2, 900), (3, 1800), (4, 2700), (5, 3600))}
    where |= {6: (X0 + FAR, Y0), 7: (X0 + FAR + 900, Y0)}
    said = {2: {"amenity": "pharmacy", "name": "药店"}, 4: {"amenity": "nursing_home"}, 6: {"shop": "bakery"}}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    for node, xy in where.items():
        x, y = to_degrees.transform(*xy)
        tags = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in said.get(node, {}).items())
        lines.append(f'<node id="{node}" version="1" lon="{x:.7f}" lat="{y:.7f}">{tags}</node>')
    for way, (first, last) in enumerate(((1, 2), (2, 3), (3, 4), (4, 5), (6, 7)), 1):
        refs = f'<nd ref="{first}"/><nd ref="{last}"/>'
        lines.append(f'<way id="{way}" version="1">{refs}<tag k="highway" v="residential"/></way>')
    (folder / "town.osm").write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")


def on_osm(folder: Path, *, facilities: str = BY_TAG, kinds: str = "", area: str = "") -> Path:
    write_town(folder)
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    start, end = text.index("[[facilities]]"), text.index("[[circles]]")
    text = text[:start] + facilities + "\n" + kinds + "\n" + text[end:]
    text = text.replace('path = "roads.geojson"', f'path = "town.osm"\n{area}').replace('["day_care"]', '["pharmacy"]')
    text = text.replace('["care_base"]', '["nursing_home"]').replace('kind = "day_care"', 'kind = "pharmacy"')
    file.write_text(text, encoding="utf-8")
    return folder


def told(inputs: qh.Inputs, rule: str) -> list[str]:
    found = inputs.findings
    return list(found.loc[found["rule"] == rule, "value"])


def test_facilities_by_tags_are_of_the_kinds_that_their_tags_say(toy_study: Path) -> None:
    results = qh.run_study(qh.read_study(on_osm(toy_study)), siting=False)
    assert dict(results.inputs.facilities["kind"]) == {"n2": "pharmacy", "n4": "nursing_home"}
    assert results.checks[0].communities["met"].to_dict() == {"w": True, "m": True, "e": False, "i": False}


def test_the_part_may_give_them_one_kind(toy_study: Path) -> None:
    named = BY_TAG + 'kind = "pharmacy"\n'
    inputs = read_study_inputs(qh.read_study(on_osm(toy_study, facilities=named)))
    assert set(inputs.facilities["kind"]) == {"pharmacy"}


def test_a_kind_of_the_study_has_tags_names_and_a_look(toy_study: Path) -> None:
    asked = '[[facilities]]\npath = "town.osm"\nfrom_osm = ["pharmacy"]\n'
    kinds = '[kinds.pharmacy]\nzh = "药铺"\nen = "chemist"\ncolour = "#1d4fa3"\nsymbol = "diamond"\n'
    kinds += 'osm = { amenity = "pharmacy" }\n'
    results = qh.run_study(qh.read_study(on_osm(toy_study, facilities=asked, kinds=kinds)), siting=False)
    assert list(results.inputs.facilities.index) == ["n2"]
    for lang, name in (("zh", "药铺"), ("en", "chemist")):
        page = meeting_map(results, lang)
        assert f'"label": "{_escaped(name)}"' in page or f'"label":"{_escaped(name)}"' in page
    assert "#1d4fa3" in page.split("quarterhourPicture=")[1]
    assert "diamond" in page.split("quarterhourPicture=")[1]


def _escaped(name: str) -> str:
    from quarterhour.base.escape import escape_html

    return escape_html(name)


def test_a_kind_is_called_as_the_study_says_else_as_the_program_does() -> None:
    looks = {"home": KindLook(zh="敬老院"), "gp": KindLook(en="surgery")}
    assert kind_label("home", "zh", looks) == "敬老院"
    assert kind_label("home", "en", looks) == "elderly-care institution"
    assert kind_label("gp", "zh", looks) == "surgery"
    assert kind_label("supermarket", "zh", {}) == "supermarket"


def test_a_nursing_home_of_osm_is_no_county_institution_of_weihai(root: Path) -> None:
    assert kind_label("care_institution", "en", {}) == "nursing home"
    weihai = qh.read_study(root / "data/raw/weihai")
    assert kind_label("care_institution", "zh", weihai.kinds) == "失能半失能照护机构"
    assert kind_label("care_institution", "en", weihai.kinds) == "institution for disabled people"


def test_inspect_shows_what_each_mode_may_use_of_the_roads(toy_study: Path) -> None:
    """Four streets of 900 m (and one far off): the first is private, the second one-way, the third a footway."""
    extract = on_osm(toy_study) / "town.osm"
    text = extract.read_text(encoding="utf-8")
    street, extra = '<tag k="highway" v="residential"/></way>', '<tag k="bicycle" v="yes"/></way>'
    for said in ('<tag k="access" v="private"/>', '<tag k="oneway" v="yes"/>'):
        text = text.replace(street, said + street.replace("><", "> <"), 1)
    text = text.replace(street, street.replace("residential", "footway").replace("</way>", extra), 1)
    extract.write_text(text, encoding="utf-8")
    study = qh.read_study(toy_study)
    tables = read_study_inputs(study)
    ends, oneway = "0.9 km for trips that start or end there", "0.9 km one-way"
    allowed = "0.9 km by permission on a class that is closed to it"
    lines = {line.partition(": ")[0]: line.partition(": ")[2] for line in road_lines(study, tables, "en")}
    assert lines["roads · car"] == f"2.7 km may be used (75.0%); of these {ends}, {oneway}"
    assert lines["roads · e-bike"] == f"3.6 km may be used (100.0%); of these {ends}, {oneway}, {allowed}"
    assert lines["roads · walking (planning standard)"] == f"3.6 km may be used (100.0%); of these {ends}"
    told_zh = "道路 · 步行（规划标准）：可走 3.6 公里（100.0%），其中只供起讫 0.9 公里"
    assert told_zh in road_lines(study, tables, "zh")


# --- the part of the extract


def test_what_lies_far_off_in_the_extract_is_left_out_and_told(toy_study: Path) -> None:
    inputs = read_study_inputs(qh.read_study(on_osm(toy_study)))
    assert len(inputs.roads) == 4
    assert told(inputs, "osm.roads_outside") == ["1"]
    assert told(inputs, "osm.places_outside") == ["1"]


def test_the_whole_extract_may_be_asked_for(toy_study: Path) -> None:
    inputs = read_study_inputs(qh.read_study(on_osm(toy_study, area='area = "all"')))
    assert len(inputs.roads) == 5
    assert set(inputs.facilities["kind"]) == {"pharmacy", "nursing_home", "bakery"}
    assert not told(inputs, "osm.roads_outside")


def test_figures_are_those_of_the_whole_extract(toy_study: Path) -> None:
    part = qh.run_study(qh.read_study(on_osm(toy_study)), siting=False)
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('path = "town.osm"\n', 'path = "town.osm"\narea = "all"\n', 1), encoding="utf-8")
    whole = qh.run_study(qh.read_study(toy_study), siting=False)
    for one, other in zip(part.checks, whole.checks, strict=True):
        assert one.communities.equals(other.communities)
        assert one.shares.equals(other.shares)


def test_an_area_of_the_study_is_what_is_read(toy_study: Path) -> None:
    to_degrees = Transformer.from_crs("EPSG:32651", 4326, always_xy=True)
    (west, south), (east, north) = to_degrees.transform(X0 - 90, Y0 - 90), to_degrees.transform(X0 + 1700, Y0 + 90)
    inputs = read_study_inputs(qh.read_study(on_osm(toy_study, area=f"area = [{west}, {south}, {east}, {north}]")))
    assert list(inputs.roads.index) == ["w1.1", "w2.1"]
    assert told(inputs, "osm.roads_outside") == ["3"]
    assert list(inputs.facilities.index) == ["n2"]


def test_an_area_is_for_extracts_alone(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[roads]", '[roads]\narea = "all"'), encoding="utf-8")
    with pytest.raises(StudyError, match=r"roads\.area: does nothing for roads\.geojson"):
        read_study_inputs(qh.read_study(toy_study))


def test_the_study_looks_as_far_as_its_fastest_and_longest_question(toy_study: Path) -> None:
    """An e-bike at 15 km/h for 15 minutes, looked at for twice as long: 7.5 km; by the rules a car for an hour."""
    assert 100_000 <= farthest_m(qh.read_study(toy_study)) <= 130_000
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace('rules = ["weihai-14fyp"]', "rules = []")
    file.write_text(text, encoding="utf-8")
    assert farthest_m(qh.read_study(toy_study)) == pytest.approx(7_500)


@pytest.mark.parametrize(
    ("facilities", "told_as"),
    [
        ("from_osm = { shop = false }", "the tag shop = False cannot be used"),
        ("from_osm = { amenity = [1] }", "the tag amenity ="),
        ("from_osm = { amenity = [] }", "the tag amenity ="),
        ("from_osm = [1]", "a list of kinds"),
        ('from_osm = "hospital"', "a list of kinds"),
        ("from_osm = {}", "give `path`"),
    ],
)
def test_tags_that_cannot_be_meant_are_refused_with_their_line(toy_study: Path, facilities: str, told_as: str) -> None:
    folder = on_osm(toy_study, facilities=f"[[facilities]]\n{facilities}\n")
    with pytest.raises(StudyError, match=r"study\.toml:\d+") as caught:
        read_study_file(folder)
    assert told_as in str(caught.value)
    assert caught.value.sentence("zh").count("study.toml:") == 1


@pytest.mark.parametrize(
    ("kinds", "told_as"),
    [
        ('colour = "red"', "red is no colour"),
        ('symbol = "star"', "square"),
        ("osm = [{ shop = 1 }]", "the tag shop = 1"),
        ('osm = "shop"', "a table of tags"),
    ],
)
def test_kinds_that_cannot_be_meant_are_refused(toy_study: Path, kinds: str, told_as: str) -> None:
    with pytest.raises(StudyError, match=r"study\.toml:\d+") as caught:
        read_study_file(on_osm(toy_study, kinds=f"[kinds.daily]\n{kinds}\n"))
    assert told_as in str(caught.value)


@pytest.mark.parametrize("area", ["[1, 2, 3]", "[120, 37, 119, 38]", '"everywhere"', "[0, -91, 1, 1]", "true"])
def test_areas_that_are_none_are_refused(toy_study: Path, area: str) -> None:
    with pytest.raises(StudyError, match="west, south, east, north"):
        read_study_file(on_osm(toy_study, area=f"area = {area}"))
