"""A register with names, numbers and telephones: none of them is found in any byte, and no count of few comes back."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import persons
import quarterhour as qh
from bytes_of import found_in, readable
from command import quarterhour
from quarterhour.base import i18n
from quarterhour.study.run import publishable, read_study_inputs
from tables import book_tables

UNNAMED = ["司马", "1590000", "15911112222"]
"""Names of households and telephones in columns of the communities and facilities that the study does not name."""


@dataclass(frozen=True)
class Told:
    """A run of a study: where its files lie, and all that it said."""

    study: Path
    out: Path
    said: str


def run(study: Path) -> Told:
    done = quarterhour("run", study, "--out", study / "out", "--verbose")
    assert done.returncode == 1, done.stderr  # rows were set aside
    return Told(study, study / "out", done.stdout + done.stderr)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The study with all its papers, run once."""
    return run(persons.write_persons_study(tmp_path_factory.mktemp("whole") / "study", papers=True))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The study without papers, run once."""
    return run(persons.write_persons_study(tmp_path_factory.mktemp("persons") / "study"))


@pytest.fixture(scope="module")
def truth(told: Told) -> qh.Results:
    return qh.run_study(qh.read_study(told.study))


@pytest.fixture(scope="module")
def made(truth: qh.Results) -> qh.Results:
    """What may be published of the truth."""
    return publishable(truth)


def secrets() -> list[str]:
    return [*persons.secrets(), *UNNAMED]


def test_nothing_of_the_register_is_in_any_byte_of_what_a_run_writes(whole: Told) -> None:
    assert found_in(whole.out, secrets()) == []


def test_the_search_for_bytes_finds_what_is_there(whole: Told) -> None:
    """Names of villages are in the page, the workbook, the layers, the papers and their pictures' texts."""
    hits = {where.split(":")[0] for where, _ in found_in(whole.out, ["0-2村", "镇0", "register.xlsx"])}
    wanted = {"map.html", "coverage.xlsx", "issues.csv", "manifest.json", "report.docx", "report.html", "report.md"}
    assert wanted <= hits
    assert any(where.endswith("results.gpkg") for where in hits)


def test_nothing_of_the_register_is_said(whole: Told) -> None:
    assert [word for word in secrets() if word in whole.said] == []


@pytest.mark.parametrize("command", ["inspect", "check", "site"])
def test_the_other_commands_keep_it_too(told: Told, tmp_path: Path, command: str) -> None:
    done = quarterhour(command, told.study, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert [word for word in secrets() if word in done.stdout + done.stderr] == []
    assert found_in(tmp_path / "out", secrets()) == []
    assert any(True for _ in readable(tmp_path / "out"))


def test_a_column_of_too_few_is_written_as_blank_and_told(tmp_path: Path) -> None:
    study = persons.write_persons_study(tmp_path / "study", papers=True)
    file = study / "study.toml"
    file.write_text(file.read_text("utf-8") + "\n[privacy]\nsmallest_count = 100\n", "utf-8")
    done = quarterhour("run", study, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert "“hardship_home”全市合计太少" in done.stderr + done.stdout
    assert "照料护理服务圈 · 步行（规划标准） 人数少，不公布" in done.stdout
    assert "照料护理服务圈：分散供养特困人员人数少，不公布。" in (tmp_path / "out" / "report.md").read_text("utf-8")
    counties = book_tables(tmp_path / "out" / "coverage.xlsx")["区市"]
    care = [c for c in counties if str(c).startswith("照料护理服务圈") and "人数" in str(c)]
    assert care
    assert pd.to_numeric(counties[care].stack(), errors="coerce").isna().all()


def test_a_run_that_fails_midway_quotes_nobody(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("quarterhour.study.run.propose", fail)
    done = quarterhour("run", told.study, "--out", tmp_path / "out", "--verbose")
    assert done.returncode == 3
    assert [word for word in secrets() if word in done.stdout + done.stderr] == []
    assert found_in(tmp_path / "out", secrets()) == []


def test_a_reader_that_fails_quotes_nobody(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(values: pd.Series) -> pd.Series:
        raise ValueError(f"cannot parse {values.tolist()}")

    monkeypatch.setattr("quarterhour.io.registers._codes", fail)
    done = quarterhour("run", told.study, "--out", tmp_path / "out", "--verbose")
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert [word for word in secrets() if word in done.stdout + done.stderr] == []


def test_counts_add_up_to_the_rows(truth: qh.Results) -> None:
    communities, account = truth.inputs.communities, truth.inputs.account.set_index("table").loc["registers"]
    good, doubtful = len(persons.good_persons()), len(persons.doubtful_persons())
    assert communities["hardship"].sum() == account["used"] == good + doubtful
    assert account["rows"] == account["used"] + account["set_aside"] == len(persons.every_person())
    grades = ["hardship_able", "hardship_half_disabled", "hardship_disabled"]
    assert communities[grades].sum().sum() == communities["hardship"].sum() - 2
    assert communities[["hardship_home", "hardship_institution"]].sum().sum() == communities["hardship"].sum() - 1


def test_every_village_has_its_persons(truth: qh.Results) -> None:
    expected = {persons.village_code(t, v): n for t, row in enumerate(persons.COUNTS) for v, n in enumerate(row)}
    expected[persons.village_code(0, 6)] += len(persons.doubtful_persons())
    assert truth.inputs.communities["hardship"].to_dict() == expected


def test_results_in_python_keep_the_truth_and_what_is_written_does_not(truth: qh.Results, made: qh.Results) -> None:
    assert truth.protection is None
    assert made.protection is not None
    hidden = made.inputs.communities["hardship"].isna()
    small = truth.inputs.communities["hardship"].between(1, 4)
    assert hidden[small].all()
    assert publishable(made) is made


def test_the_city_keeps_its_sum(truth: qh.Results, made: qh.Results) -> None:
    for mine, own in zip(made.checks, truth.checks, strict=True):
        ours, theirs = (check.shares.set_index("area").loc["city", "people"] for check in (mine, own))
        assert ours == theirs


def by_class(study: Path, more: str = "") -> Path:
    """The study by town and countryside too: pools are then put together across counties."""
    file = study / "communities.csv"
    head, *rows = file.read_text("utf-8").splitlines()
    rows = [f"{row},{'urban' if place % 3 else 'rural'}" for place, row in enumerate(rows)]
    file.write_text("\n".join([f"{head},class", *rows]) + "\n", "utf-8")
    asked = study / "study.toml"
    asked.write_text(asked.read_text("utf-8") + "\n[reporting]\n" + more, "utf-8")
    return study


def test_a_county_is_told_exactly_or_not_at_all(tmp_path: Path, truth: qh.Results, made: qh.Results) -> None:
    whole = qh.run_study(qh.read_study(by_class(persons.write_persons_study(tmp_path / "study"))))
    blank = 0
    for true, told in ((whole, publishable(whole)), (truth, made)):
        for own, mine in zip(true.checks, told.checks, strict=True):
            ours, theirs = (check.shares.query("level == 'county'").set_index("area") for check in (own, mine))
            known, met = theirs["people"].notna(), theirs["people_met"].notna()
            assert theirs.loc[known, "people"].tolist() == ours.loc[known, "people"].tolist()
            assert (theirs["share_people"].isna() | met).all()
            blank += int((~known).sum())
        assert told.scorecard is not None
        counties = told.scorecard.rows.query("level == 'county'").set_index("area")
        shares = told.checks[0].shares.query("level == 'county'").set_index("area")["share_people"]
        assert counties["value"].isna().tolist() == shares.reindex(counties.index).isna().tolist()
        assert counties["note"].ne("").tolist() == counties["value"].isna().tolist()
    assert blank > 0


def test_what_is_lost_is_blank_and_never_nobody(tmp_path: Path) -> None:
    study = by_class(persons.write_persons_study(tmp_path / "study"), "\n[privacy]\nsmallest_count = 100\n")
    told = publishable(qh.run_study(qh.read_study(study)))
    assert told.protection is not None
    assert "hardship_home" in told.protection.lost
    assert "hardship" not in told.protection.lost
    planned = {question.id: set(question.people) for question in told.study.file.siting}
    assert any("hardship_home" in people for people in planned.values())
    assert [p.id for p in told.proposals] == [q for q, people in planned.items() if "hardship_home" not in people]
    care, every = told.checks
    for shares in (care.shares, told.compare[0].shares, told.ranges[0].shares):
        people = [c for c in shares if c.startswith(("people", "share_")) and c != "share_communities"]
        assert shares[people].isna().all().all()
    assert every.shares.query("level == 'city'")["people"].tolist() == [len(persons.good_persons()) + 3]
    assert told.scorecard is not None
    assert told.scorecard.rows["value"].isna().all()
    assert told.scorecard.rows["note"].eq("scorecard.protected").all()


# --- who would turn it back -----------------------------------------------------------------------


def small_villages(truth: qh.Results) -> pd.Series:
    counts = truth.inputs.communities["hardship"]
    return counts[counts.between(1, 4)]


def test_no_cell_of_few_stands_in_workbook_or_layers(told: Told, truth: qh.Results) -> None:
    book = book_tables(told.out / "coverage.xlsx")
    cells = [table.set_index(column) for table in book.values() for column in table if str(column).endswith("编号")]
    few = small_villages(truth).index
    with sqlite3.connect(told.out / "results.gpkg") as layers:
        rows = pd.read_sql("select * from communities", layers).set_index("id")
    assert rows.loc[few, ["hardship", "hardship_home", "hardship_disabled"]].isna().all().all()
    shown = [t for t in cells if "特困人员" in "".join(map(str, t.columns)) and set(few) <= set(t.index.astype(str))]
    for table in shown:
        people = [c for c in table if str(c).endswith("特困人员")]
        assert table.loc[few, people].isna().all().all()


def test_no_table_of_areas_shows_few_persons(told: Told) -> None:
    """Neither inside nor, by difference, outside, in any sheet that counts people by town, county or city."""
    seen = 0
    for name, table in book_tables(told.out / "coverage.xlsx").items():
        if name not in ("区市", "镇街", "可靠程度"):
            continue
        people = [c for c in table if "人数" in str(c) and "覆盖情况" not in str(c)]
        for column in people:
            numbers = pd.to_numeric(table[column], errors="coerce").dropna()
            if name != "可靠程度" or table.loc[numbers.index, "层级"].eq("镇街").all():
                assert not numbers.between(1, 4).any(), (name, column)
                seen += 1
    assert seen > 10


def test_no_small_count_is_known_by_differences(made: qh.Results) -> None:
    """Sums of areas less what is shown there, in every published table: what is left has several members or is none."""
    shown = made.inputs.communities["hardship"]
    town = made.inputs.communities["town"]
    sums = made.checks[1].shares.query("level == 'town'").set_index("area")["people"].dropna()
    for area, total in sums.items():
        left = int(total) - int(shown[town == area].sum())
        unknown = int(shown[town == area].isna().sum())
        assert (left, unknown) == (0, 0) or (unknown >= 2 and left > unknown)


def rotated(folder: Path, truth: qh.Results, made: qh.Results) -> Path:
    """Another world: in each pool small villages that are reached alike in one town change their persons."""
    assert made.protection is not None
    communities, pools = truth.inputs.communities, made.protection.pools["hardship"]
    small = communities["hardship"].between(1, 4)
    alike = truth.checks[0].communities["met"].astype(str) + truth.checks[1].communities["met"].astype(str)
    key = pools.astype(str) + communities["town"] + alike
    swap: dict[str, str] = {}
    for _, group in communities[small].groupby(key[small]):
        swap |= dict(zip(group.index, [*group.index[1:], group.index[0]], strict=True))
    persons.write_persons_study(folder, move=swap)
    return folder


def test_another_world_gives_the_same_bytes(told: Told, truth: qh.Results, made: qh.Results, tmp_path: Path) -> None:
    """Persons of small villages change places: whatever is published cannot tell which of the two worlds it is."""
    other = rotated(tmp_path / "study", truth, made)
    again = run(other)
    counts = read_study_inputs(qh.read_study(other)).communities["hardship"]
    few = small_villages(truth)
    assert (counts[few.index] != few).sum() > len(few) / 3
    every = sorted(path.relative_to(told.out) for path in told.out.rglob("*") if path.is_file())
    differ = [str(path) for path in every if (told.out / path).read_bytes() != (again.out / path).read_bytes()]
    assert differ == ["manifest.json"]  # the day, the seconds and the fingerprint of the register
    assert _without_rows(again.said, again.out) == _without_rows(told.said, told.out)


def _without_rows(said: str, out: Path) -> list[str]:
    return [line.replace(str(out), "") for line in said.splitlines() if "register" not in line]


def test_the_plan_can_be_recounted_from_what_is_published(told: Told) -> None:
    assert quarterhour("verify", told.out / "plan.json").returncode == 0


def test_what_can_be_tried_on_the_page_counts_published_people(told: Told, truth: qh.Results, made: qh.Results) -> None:
    for one in made.what_if:
        true = truth.inputs.communities[one.unit]
        few = true[true.between(1, 4)]
        assert made.protection is not None
        assert made.protection.hidden(one.unit)[few.index].all()
    record = json.loads((told.out / "plan.json").read_text(encoding="utf-8"))[0]
    assert "hardship_home" in json.dumps(record)


def test_every_door_publishes(truth: qh.Results, made: qh.Results) -> None:
    """Page, report and console, made of the truth, are those made of what may be published."""
    from quarterhour.report.console import summary_lines
    from quarterhour.report.write import meeting_map, page

    assert summary_lines(truth, "zh") == summary_lines(made, "zh")
    assert page(truth) == page(made)
    assert str(meeting_map(truth)) == str(meeting_map(made))


def test_a_notebook_shows_the_truth_and_says_so_and_its_pages_publish(truth: qh.Results, made: qh.Results) -> None:
    from quarterhour.report.desk.results import as_results

    shown, note = as_results(made), i18n.say("cards.truth", "zh")
    circle = truth.checks[0].circle.id
    assert (
        note in truth.card().lines
        and note in truth[circle].card().lines
        and note in qh.compare(truth, truth).card().lines
    )
    assert note not in shown.card().lines and note not in shown[circle].card().lines
    for frame in (shown.communities, shown[circle].gdf, *(shown[p.id].communities for p in shown.proposals)):  # type: ignore[union-attr]
        assert frame.loc[small_villages(truth).index].select_dtypes("Int64").isna().all().all()
    for one in truth.ids:
        assert truth[one].explore() == shown[one].explore()
    assert truth.explore() == shown.explore()
    assert qh.compare(truth, truth).explore() == qh.compare(shown, shown).explore()


def test_the_layout_plan_is_made_of_what_may_be_published(truth: qh.Results, made: qh.Results, tmp_path: Path) -> None:
    from quarterhour.report.plan.write import PARTS, write_plan

    parts = [part for part in PARTS if part != "atlas"]  # drawn of the same tables
    one, other = (write_plan(r, tmp_path / name, parts=parts) for r, name in ((truth, "one"), (made, "other")))
    assert found_in(tmp_path / "one", secrets()) == []
    pairs = [(p, q) for p, q in zip(one.paths, other.paths, strict=True) if p.name != "manifest.json"]  # it has seconds
    assert [p.read_bytes() for p, _ in pairs] == [q.read_bytes() for _, q in pairs]
