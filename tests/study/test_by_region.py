"""A siting question of a study that is answered region by region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import quarterhour as qh
from quarterhour.base.errors import QuarterhourError, StudyError
from quarterhour.io.answer_store.values import value_key
from quarterhour.report.needs.region_sections import region_sections
from quarterhour.study.siting.proposal import _what_ended
from quarterhour.study.study import study_question
from quarterhour.travel.tiles.spread import spread_over


@pytest.fixture
def asked(toy_study: Path):
    """A run of the toy study with further lines of its question."""
    file, plain = toy_study / "study.toml", (toy_study / "study.toml").read_text("utf-8")

    def run(lines: str, *, new_sites: str = "new_sites = 1\n", **settings):
        assert "new_sites = 1\n" in plain
        file.write_text(plain.replace("new_sites = 1\n", f"{new_sites}{lines}\n"), encoding="utf-8")
        return qh.run_study(qh.read_study(toy_study), checks=False, **settings)

    return run


@pytest.mark.parametrize("region", ["county", "town"])
def test_a_question_by_region_has_a_plan_and_what_each_region_has_of_it(asked, region):
    (whole,) = asked("").proposals
    results = asked(f'by_region = "{region}"')
    (divided,) = results.proposals
    qh.verify_plan(divided.problem, divided.plan)
    assert divided.plan.value <= whole.plan.value <= divided.plan.bound
    table = divided.prospects.regions
    assert table["sites"].sum() == len(divided.plan.chosen)
    for lang in ("zh", "en"):
        (section,) = region_sections(results, lang)
        assert len(section.table) == len(table)
        assert len(section.lines) == 2
    assert not list(region_sections(replace(results, proposals=(whole,)), "en"))


@pytest.mark.parametrize(("lines", "rule"), [('by_region = "county"', "by_regions"), ("nodes = 5", "by_work")])
def test_a_gap_is_not_told_as_if_more_work_alone_would_close_it(asked, lines, rule):
    """What the division costs stays, however long regions are searched."""
    results = asked(lines)
    (found,) = results.proposals
    ended = _what_ended(study_question(results.study, found.id), replace(found.plan, stopped="work"), [])
    assert ended["rule"].tolist() == [f"study.{rule}"]


def test_an_answer_by_region_is_taken_again(asked, tmp_path):
    told = list[str]()
    asked_with = {"prepared": tmp_path / "prepared", "lang": "en", "tell": lambda text, _=None: told.append(text)}
    first = asked('by_region = "county"', **asked_with)
    searched, told = told, list[str]()
    again = asked('by_region = "county"', **asked_with)
    kept = [value_key([(p.plan, p.prospects) for p in results.proposals]) for results in (first, again)]
    assert kept[0] == kept[1]
    assert "preparing the search: centres" in searched
    assert "preparing the search: centres" not in told


def test_a_column_of_the_communities_tells_the_regions_or_the_codes_of_counties_do(asked, toy_study):
    table = toy_study / "communities.csv"
    plain = table.read_bytes().decode("gb18030")

    def write(head: str, *zones: str) -> None:
        first, *rows = plain.replace("c1", "371002").splitlines()
        told = [f"{row},{zone}" for row, zone in zip(rows, zones, strict=True)] if head else rows
        table.write_bytes("\n".join([first + head, *told, ""]).encode("gb18030"))

    write(",zone", "north", "", "north", "")
    assert asked('by_region = "zone"').proposals[0].prospects.regions["region"].tolist() == ["north"]
    assert asked('by_region = "prefecture"').proposals[0].prospects.regions["region"].tolist() == ["3710"]
    write(",zone", "north", "south", "north", "south")
    with pytest.raises(StudyError, match="communities of one town say several regions in 'zone': t1"):
        asked('by_region = "zone"')
    write("")
    with pytest.raises(StudyError, match="'zone', which is no column"):
        asked('by_region = "zone"')


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("by_region = 'county'\nseconds = 5", "`seconds` at once"),
        ("by_region = 'county'\nbackup = 50", "`backup` at once"),
        ("by_region = 'county'\nobjective = ['max-cover', 'min-time']", "`objective` at once"),
        ("by_region = 'river'", "'river', which is no column"),
    ],
)
def test_what_cannot_be_divided_is_refused(asked, lines, said):
    with pytest.raises(QuarterhourError, match=said):
        asked(lines)


class Backwards:
    """Does tasks here, the last first."""

    def __init__(self):
        self.names = []

    def each(self, work, tasks, *, name, **_):
        self.names += [name]
        for number in reversed(range(len(tasks))):
            yield number, work(*tasks[number])


def test_workers_of_a_run_answer_for_the_regions_and_the_plan_is_the_same(asked, toy_study, tmp_path):
    table = toy_study / "communities.csv"
    rows = table.read_bytes().decode("gb18030").splitlines()
    told = [row.replace("t1,c1", "t2,c2") if row.startswith("e,") else row for row in rows]
    table.write_bytes("\n".join([*told, ""]).encode("gb18030"))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    workers = Backwards()
    asks = {"lines": 'by_region = "county"\nbudget = { yuan = 100, new_each = 60 }', "new_sites": ""}
    alone, others = asked(**asks), asked(**asks, compute=spread_over(workers, shelf))
    plans = [results.proposals[0].plan for results in (alone, others)]
    assert plans[0].chosen == plans[1].chosen
    assert plans[0].levels == plans[1].levels
    assert alone.proposals[0].prospects.regions["region"].tolist() == ["c1", "c2"]
    assert any(name.startswith("regions-") for name in workers.names)


def test_a_budget_stands_in_the_stead_of_a_number(asked):
    money = 'by_region = "county"\nbudget = { yuan = 100, new_each = 60 }'
    results = asked(money, new_sites="")
    (found,) = results.proposals
    for lang, said in (("zh", "花的钱不变"), ("en", "as much money")):
        (section,) = region_sections(results, lang)
        assert said in section.lines[-1]
    qh.verify_plan(found.problem, found.plan)
    assert len(found.plan.chosen) == 1
    with pytest.raises(QuarterhourError, match="`new_sites` at once"):
        asked(money)
