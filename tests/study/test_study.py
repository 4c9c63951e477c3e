"""A whole study on the toy town, its answers worked by hand (see conftest)."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import quarterhour as qh
from quarterhour.base.errors import DataError, MissingError, PlanError, StudyError
from quarterhour.report.console import findings_count, input_lines, summary_lines
from quarterhour.siting.proof.plan_record import verify_record
from quarterhour.study.run import read_study_inputs
from tables import book_tables


@pytest.fixture
def results(toy_run: qh.Results) -> qh.Results:
    return toy_run


def test_exactly_the_standard_counts_as_within(results: qh.Results) -> None:
    home = results.checks[0].communities
    assert home.at["w", "minutes"] == 15
    assert list(home.loc[["w", "m", "e", "i"], "met"]) == [True, True, False, False]
    assert home.at["i", "reason"] == "not_snapped"
    assert results.checks[0].share() == pytest.approx(150 / 187)


def test_turnout_is_part_of_the_carers_minutes(results: qh.Results) -> None:
    care = results.checks[1].communities
    assert care.at["w", "minutes"] == 3
    assert care.at["m", "minutes"] == pytest.approx(3 + 1.8 / 15 * 60)
    assert care.at["e", "reason"] == "too_long"


def test_a_frail_walker_reaches_less(results: qh.Results) -> None:
    assert results.compare[0].share() == 0


def test_the_plan_builds_in_the_east_and_is_proven(results: qh.Results) -> None:
    proposal = results.proposals[0]
    assert [i for i in proposal.plan.chosen if proposal.sites.at[i, "state"] == "candidate"] == ["e"]
    assert proposal.plan.status == "optimal"
    assert proposal.plan.covered == 180
    assert proposal.plan.covered_before == 150


@pytest.mark.parametrize(("lang", "goal"), [("zh", "覆盖率的基尼系数最小"), ("en", "least Gini coefficient")])
def test_a_study_may_ask_for_areas_alike(toy_study: Path, tmp_path: Path, lang: str, goal: str) -> None:
    """All 150 of t1 are covered, none of the 30 of t2: 30 x 150 over 180 x 150."""
    table, file = toy_study / "communities.csv", toy_study / "study.toml"
    table.write_bytes(table.read_bytes().replace(b",t1,c1,30,", b",t2,c1,30,"))
    asked = 'objective = ["gini", "max-cover"]\nnew_sites = 0'
    file.write_text(file.read_text(encoding="utf-8").replace("new_sites = 1", asked), encoding="utf-8")
    results = qh.run_study(qh.read_study(toy_study))
    qh.write_results(results, tmp_path / "out", lang=lang)
    assert results.proposals[0].plan.levels[0].value == 0.166667
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert goal in page and "0.166667" in page
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))[0]
    verify_record(plan)
    with pytest.raises(PlanError):
        verify_record({**plan, "value": 0.1, "goals": [{**plan["goals"][0], "value": 0.1}, *plan["goals"][1:]]})


def test_every_target_of_the_rule_file_with_a_figure_is_scored(results: qh.Results) -> None:
    assert results.scorecard is not None
    every = qh.read_rules("weihai-14fyp")
    assert any(t.to_fill for t in every)
    assert {t.id for t in every if not t.to_fill} == set(results.scorecard.rows["target"])


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name != "manifest.json"}


def test_the_same_study_gives_the_same_bytes_also_with_two_threads(toy_study: Path, tmp_path: Path) -> None:
    qh.write_results(qh.run_study(qh.read_study(toy_study)), tmp_path / "one")
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("seed = 1", "seed = 1\nthreads = 2"), encoding="utf-8")
    qh.write_results(qh.run_study(qh.read_study(toy_study)), tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert set(digests(tmp_path / "one")) == {"map.html", "coverage.xlsx", "results.gpkg", "plan.json", "report.md",
                                           "scorecard.csv", "issues.csv", "rejected.csv"}  # fmt: skip


def test_questions_side_by_side_are_the_same_bytes_and_told_the_same(toy_study: Path, tmp_path: Path) -> None:
    """Care and three questions, one without a plan, from nothing and with the answers kept, which tell their own
    seconds."""
    file, rows = toy_study / "study.toml", (toy_study / "facilities.csv").read_text(encoding="utf-8").splitlines()
    rooms = "\n".join([f"{rows[0]},rooms", *(f"{row},20" for row in rows[1:])]) + "\n"
    (toy_study / "facilities.csv").write_text(rooms, encoding="utf-8")
    head, question = file.read_text(encoding="utf-8").split("[[siting]]")
    head += (
        '[[access]]\nid = "rooms"\nzh = "床位"\nen = "rooms"\nkinds = ["day_care"]\ncapacity = "rooms"\n'
        'people = "older"\nmode = "car"\nminutes = 30\n\n'
    )
    more = question.replace('"centres"', '"none"', 1).replace("new_sites = 1", 'required = ["w", "m"]\nnew_sites = 1')
    last = question.replace('"centres"', '"last"', 1).replace(
        "new_sites = 1", "new_sites = 2\nfrontier = 2\nnear_best = {}"
    )
    told: dict[int, list[str]] = {}
    for threads in (1, 3):
        parts = [head.replace("seed = 1", f"seed = 1\nthreads = {threads}"), question, more, last]
        file.write_text("[[siting]]".join(parts), encoding="utf-8")
        out, told[threads] = tmp_path / str(threads), []
        for _ in range(2):
            results = qh.run_study(
                qh.read_study(toy_study), lang="en", keep=out / "plans", prepared=out / "prepared",
                tell=lambda text, share=None, threads=threads: told[threads].append(text) if share is None else None,
            )  # fmt: skip
            qh.write_results(results, out)
            assert [p.plan.status for p in results.proposals] == ["optimal", "infeasible", "optimal"]
            assert {name for name in results.seconds if name.startswith("siting")} == {
                "siting centres", "siting none", "siting last"
            }  # fmt: skip
    assert told[1] == told[3]
    assert [text for text in told[1] if "earlier run" in text], told[1]
    assert [text for text in told[1] if "rooms" in text], told[1]
    one, three = (
        {
            p.relative_to(tmp_path / threads): p.read_bytes()
            for p in sorted((tmp_path / threads).rglob("*"))
            if p.is_file() and p.name != "manifest.json" and "siting.answers" not in p.parts
        }
        for threads in ("1", "3")
    )
    assert one == three


def test_the_manifest_equals_the_study_file(toy_study: Path, tmp_path: Path) -> None:
    study = qh.read_study(toy_study)
    qh.write_results(qh.run_study(study), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["study"] == study.file.model_dump(mode="json")
    hashes = {row["file"]: row["sha256"] for row in manifest["inputs"]}
    assert hashes["communities.csv"] == hashlib.sha256((toy_study / "communities.csv").read_bytes()).hexdigest()


def test_a_bad_row_is_set_aside_and_told(toy_study: Path) -> None:
    with (toy_study / "communities.csv").open("ab") as file:
        file.write("x,坏村,abc,1,t1,c1,5,0\n".encode("gb18030"))
    tables = read_study_inputs(qh.read_study(toy_study))
    assert findings_count(tables) == 1
    assert any("6" in line and "communities.csv" in line for line in input_lines(tables, "zh"))
    assert len(tables.communities) == 4


def test_a_missing_file_is_named(toy_study: Path) -> None:
    (toy_study / "facilities.csv").unlink()
    with pytest.raises(MissingError, match=r"facilities\.csv"):
        qh.run_study(qh.read_study(toy_study))


def test_an_unknown_mode_names_the_known_ones(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('mode = "ebike"', 'mode = "rocket"'), encoding="utf-8")
    with pytest.raises(StudyError, match="walk-frail"):
        qh.run_study(qh.read_study(toy_study))


def test_ids_in_two_sources_are_refused(toy_study: Path) -> None:
    file = toy_study / "study.toml"
    again = '[[facilities]]\npath = "facilities.csv"\ncrs = "EPSG:32651"\n\n[[circles]]'
    file.write_text(file.read_text(encoding="utf-8").replace("[[circles]]", again, 1), encoding="utf-8")
    with pytest.raises(DataError, match="more than one source"):
        read_study_inputs(qh.read_study(toy_study))


def test_roads_of_another_place_are_refused(toy_study: Path, shared_data: Path) -> None:
    with pytest.raises(DataError, match="holds no usable road"):
        qh.run_study(qh.read_study(toy_study, roads=shared_data / "osm/liechtenstein.osm.pbf"))


def test_when_every_row_is_bad_the_reasons_are_told(toy_study: Path) -> None:
    rows = "id,name,x,y,town,county,older,hardship\nw,西村,abc,0,t1,c1,1,1\n"
    (toy_study / "communities.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(DataError, match="no community can be used") as caught:
        read_study_inputs(qh.read_study(toy_study))
    assert "communities.csv" in caught.value.sentence("zh")
    (toy_study / "communities.csv").write_text(rows.splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="no rows|no usable|empty"):
        read_study_inputs(qh.read_study(toy_study))


def test_a_community_without_a_road_is_a_finding_of_the_run(results: qh.Results) -> None:
    told = results.findings[results.findings["rule"] == "study.not_snapped"]
    assert set(told["severity"]) == {"warning"}
    assert set(told["detail"]) == {"i"}


def test_a_strange_town_is_told(toy_study: Path) -> None:
    (toy_study / "towns.csv").write_text("id,name,county,x,y\nt9,别镇,c1,400000,4150000\n", encoding="utf-8")
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[towns]\npath = "towns.csv"\ncrs = "EPSG:32651"\n')
    found = read_study_inputs(qh.read_study(toy_study)).findings
    assert "inputs.unknown_area" in set(found["rule"])


def with_lines(folder: Path, circle: str, lines: str, more: str = "") -> Path:
    """The toy study with lines in one circle, and more at the end."""
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    before = f'id = "{circle}"\n'
    assert before in text
    file.write_text(text.replace(before, before + lines + "\n") + more, encoding="utf-8")
    return folder


def test_a_pace_within_a_range_parts_the_sure_from_the_unsure(toy_study: Path, tmp_path: Path) -> None:
    with_lines(toy_study, "home-care-circle", "uncertain = { speed = [0.8, 1.2] }")
    with_lines(toy_study, "care-circle", "uncertain = { speed = [0.8, 1.25], turnout_minutes = [2, 5] }")
    results = qh.run_study(qh.read_study(toy_study), siting=False)
    home, care = (found.communities.loc[list("wmei")] for found in results.ranges)
    assert home["covered"].tolist() == ["sometimes", "sometimes", "never", "never"]
    assert home["flip_factor"].tolist()[:2] == [1, 1] and home["flip_factor"].isna().tolist()[2:] == [True, True]
    # e-bike at 15 km/h: 1,800 m in 7.2 minutes, 3,600 m in 14.4: 10 x 0.8 = 8 at worst, 13 x 1.25 = 16.25 at best
    assert care["covered"].tolist() == ["always", "always", "sometimes", "never"]
    assert care.at["e", "flip_factor"] == pytest.approx(14.4 / 11.5)
    assert results.ranges[1].share("always") == pytest.approx(4 / 7)
    plain = qh.run_study(qh.read_study(toy_study), siting=False).checks
    assert [c.communities["met"].tolist() for c in plain] == [c.communities["met"].tolist() for c in results.checks]
    qh.write_results(results, tmp_path / "out")
    layer = gpd.read_file(tmp_path / "out" / "results.gpkg", layer="communities")
    assert layer["care-circle_covered"].tolist() == care["covered"].sort_index().tolist()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_workbook_page_and_console_tell_how_sure(toy_study: Path, tmp_path: Path, lang: str) -> None:
    given = 'uncertain = { speed = [0.8, 1.25], turnout_minutes = [2, 5], source = "猜的 [1]" }'
    results = qh.run_study(qh.read_study(with_lines(toy_study, "care-circle", given)), siting=False)
    qh.write_results(results, tmp_path / "out", lang=lang)
    name, always, flip = (
        ("照料护理服务圈", "始终达标", "达标所需速度")
        if lang == "zh"
        else ("care circle", "always inside", "speed needed")
    )
    book = book_tables(tmp_path / "out" / "coverage.xlsx")
    rows = book["可靠程度" if lang == "zh" else "how sure"].values.tolist()
    assert (
        len(rows) == 3
        and rows[0][0] == name
        and rows[0][3:10] == [7, 4, 2, 1, *map(pytest.approx, (4 / 7, 2 / 7, 1 / 7))]
    )
    people = book["社区（村）" if lang == "zh" else "by community"]
    people = people.set_index("编号" if lang == "zh" else "id").loc[["w", "m", "e", "i"]]
    at = next(i for i, h in enumerate(people) if flip in h)
    assert people.iloc[0, at - 1] == always
    assert people.iloc[2, at] == 1.253 and pd.isna(people.iloc[3, at])
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    told = summary_lines(results, lang)
    for text in (page, "\n".join(told)):
        assert f"{always} 57.1%" in text or "57.1% of the people are always inside" in text
    assert "猜的 \\[1\\]" in page


def test_two_modes_bound_a_pace_too(toy_study: Path) -> None:
    with_lines(toy_study, "home-care-circle", 'uncertain = { modes = ["walk-frail", "walk"] }')
    found = qh.run_study(qh.read_study(toy_study), siting=False).ranges[0]
    assert found.communities["covered"].loc[list("wmei")].tolist() == ["sometimes", "sometimes", "never", "never"]
    assert (found.argument, found.mode_ids) == ("slow_and_fast", ("walk-frail", "walk"))
    file = toy_study / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"walk-frail", "walk"]', '"walk-frail", "walk-older"]'))
    with pytest.raises(DataError, match="mode 'walk' is not everywhere at most as quick as 'walk-older'"):
        qh.run_study(qh.read_study(toy_study), siting=False)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("uncertain = { speed = [1.2, 0.8] }", r"care-circle|\[1.2, 0.8\] should put the smaller first"),
        ("uncertain = { speed = [1.1, 1.2] }", "should hold 1"),
        ("uncertain = { speed = [0.8, 1.0, 1.2] }", "too many"),
        ("uncertain = { turnout_minutes = [4, 6] }", "circle care-circle: turnout from 4 to 6 minutes"),
        ('uncertain = { modes = ["walk", "rocket"] }', "rocket"),
    ],
)
def test_a_range_that_cannot_be_meant_is_told(toy_study: Path, lines: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        qh.read_study(with_lines(toy_study, "care-circle", lines))


PICTURE = """
[[pictures]]
circle = "home-care-circle"
minutes = [5, 10]
each = true
land = "shore"

[[layers]]
name = "shore"
path = "shore.geojson"
"""


def test_pictures_are_drawn_on_land_and_go_into_the_layers(toy_study: Path, tmp_path: Path) -> None:
    shore = gpd.GeoSeries([shapely.box(400_000, 4_149_000, 402_000, 4_150_010)], crs="EPSG:32651")
    shore.to_crs("EPSG:4326").to_file(toy_study / "shore.geojson", driver="GeoJSON", COORDINATE_PRECISION=12)
    with_lines(toy_study, "care-circle", "", PICTURE)
    results = qh.run_study(qh.read_study(toy_study), siting=False)
    drawn = results.pictures
    assert drawn[["circle", "site", "from_minutes", "minutes", "radius_m"]].to_numpy().tolist() == [
        ["home-care-circle", "d", 0, 5, 50], ["home-care-circle", "d", 5, 10, 50],
    ]  # fmt: skip
    # the day care is at 900 m: 300 m each way in five minutes, 600 m in ten; the shore is 10 m north of the road
    assert drawn.total_bounds == pytest.approx([400_250, 4_149_950, 401_550, 4_150_010], abs=3)
    qh.write_results(results, tmp_path / "out")
    assert len(gpd.read_file(tmp_path / "out" / "results.gpkg", layer="pictures")) == 2


def test_a_picture_of_no_circle_or_layer_is_told(toy_study: Path) -> None:
    with_lines(toy_study, "care-circle", "", PICTURE.replace('"home-care-circle"', '"walks"'))
    with pytest.raises(StudyError, match="walks is not among the circles home-care-circle, care-circle"):
        qh.read_study(toy_study)
    file = toy_study / "study.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('"walks"', '"care-circle"').replace('land = "shore"', 'land = "sea"')
    )
    with pytest.raises(StudyError, match="care-circle: layer sea is not among"):
        qh.read_study(toy_study)


def test_kept_networks_change_no_byte_and_broken_ones_are_built_again(
    toy_study: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    study = qh.read_study(toy_study)

    def run(**more: bool) -> tuple[qh.Results, int, int]:
        """The results, how often roads and networks were taken and how many did not fit."""
        caplog.clear()
        with caplog.at_level(logging.INFO, "quarterhour"):
            results = qh.run_study(study, siting=False, lang="en", prepared=tmp_path / "prepared", **more)
        said = caplog.text
        return results, said.count("taken from it"), said.count("is built anew")

    assert run()[1:] == (0, 0)
    kept, *counts = run()
    assert counts == [4, 0]
    modes = {"walk", "walk_frail", "ebike"}
    assert {p.name for p in (tmp_path / "prepared").iterdir()} == modes | {"roads.read", "travel.tiles"}
    times = tmp_path / "prepared" / "walk" / "forward_cs.npy"
    times.write_bytes(times.read_bytes()[:-1] + b"\x07")
    bent, *counts = run()
    assert counts == [3, 1]
    assert run()[1:] == (4, 0) and run(fresh=True)[1:] == (0, 0)
    for name, results in (("none", qh.run_study(study, siting=False)), ("kept", kept), ("bent", bent)):
        qh.write_results(results, tmp_path / name)
        assert digests(tmp_path / name) == digests(tmp_path / "none")


def test_other_roads_are_another_network(toy_study: Path, tmp_path: Path) -> None:
    study = qh.read_study(toy_study)
    before = qh.run_study(study, siting=False, prepared=tmp_path / "kept").checks[0].communities
    roads = gpd.read_file(toy_study / "roads.geojson").iloc[2:]
    roads.to_file(toy_study / "roads.geojson", driver="GeoJSON", COORDINATE_PRECISION=14)
    after = qh.run_study(study, siting=False, prepared=tmp_path / "kept").checks[0].communities
    assert before.at["w", "met"] and not after.at["w", "met"]


def test_roads_and_networks_that_cannot_be_kept_are_told_and_the_run_goes_on(toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file", encoding="utf-8")
    lines: list[str] = []
    qh.run_study(
        qh.read_study(toy_study), siting=False, lang="en", prepared=tmp_path / "kept",
        tell=lambda text, *_: lines.append(text),
    )  # fmt: skip
    told = [line.split(" could not be kept")[0] for line in lines if "could not be kept" in line]
    assert told == ["the roads", "the network"]
