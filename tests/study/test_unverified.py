"""Rules that nobody verified tell which candidates they speak against, and exclude only where the study says so.

The toy street: communities w 0 m, m 1,800 m, e 3,600 m; candidates p0 0, p1 900, p2 1,800, p3 2,700, p4 3,600 m. A
proven rule keeps them off the communities themselves (p0, p2, p4); hearsay keeps them 1,000 m away, so all five.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.base.errors import QuarterhourError
from quarterhour.base.i18n import LANGUAGES
from quarterhour.report.console import summary_lines
from quarterhour.report.siting_sections import reported_lines, unchecked_lines
from quarterhour.report.write import page
from quarterhour.study.results import Proposal

X0, Y0 = 400_000, 4_150_000
RULES = """
[rules]
id = "own"
zh = "自定"
en = "own"
source = "本地"
date = "2025"

[[exclusion]]
id = "proven"
zh = "社区之内"
en = "on a community"
layer = "communities"
metres = 0
kinds = ["clinic"]
clause = "甲条"
verified = true

[[exclusion]]
id = "hearsay"
zh = "距社区1000米"
en = "1,000 m from communities"
layer = "communities"
metres = 1000
kinds = ["clinic"]
clause = "乙条"
"""
QUESTION = """
[candidates]
path = "candidates.csv"
crs = "EPSG:32651"

[[siting]]
id = "q"
zh = "选址"
en = "q"
kind = "clinic"
mode = "walk"
minutes = 15
people = "older"
candidates = "table"
new_sites = 1
exclude_rules = ["own.toml"]
"""


def street(folder: Path, said: str = "", rules: str = RULES) -> Path:
    """The toy study with a question that two rules of its own speak to."""
    rows = "".join(f"p{i},地块{i},{X0 + 900 * i},{Y0},t1,c1\n" for i in range(5))
    (folder / "candidates.csv").write_text(f"id,name,x,y,town,county\n{rows}", "utf-8")
    (folder / "own.toml").write_text(rules, "utf-8")
    text = (folder / "study.toml").read_text("utf-8")
    text = text[: text.index("[[siting]]")].replace('rules = ["weihai-14fyp"]', 'rules = ["own.toml"]')
    (folder / "study.toml").write_text(f"{text}{QUESTION}{said}\n", "utf-8")
    return folder


def run(folder: Path, said: str = "") -> qh.Results:
    return qh.run_study(qh.read_study(street(folder, said)))


def offered(proposal: Proposal) -> list[str]:
    return [i for i, state in proposal.sites["state"].items() if state == "candidate"]


def test_hearsay_is_told_and_takes_nothing_away(toy_study: Path) -> None:
    (found,) = run(toy_study).proposals
    assert offered(found) == ["p1", "p3"]
    assert found.ledger[["candidate", "rule"]].to_numpy().tolist() == [[p, "proven"] for p in ("p0", "p2", "p4")]
    assert found.reported["candidate"].tolist() == [f"p{i}" for i in range(5)]
    assert set(found.reported["rule"]) == {"hearsay"} and set(found.reported["required_m"]) == {1000}


@pytest.mark.parametrize("said", ['exclude_unverified = ["hearsay"]', "exclude_unverified = true"])
def test_the_study_can_let_it_exclude(toy_study: Path, said: str) -> None:
    (found,) = run(toy_study, said).proposals
    assert offered(found) == [] and found.reported.empty
    assert found.ledger.groupby("rule", sort=False)["candidate"].nunique().to_dict() == {"proven": 3, "hearsay": 5}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_report_page_workbook_and_console_say_it(toy_study: Path, tmp_path: Path, lang: str) -> None:
    """5 candidates concerned, 2 that no other rule removed, 1 of which is proposed."""
    results = run(toy_study)
    line, how = reported_lines(results, lang)
    assert [n for n in ("5", "2", "1") if n in line] == ["5", "2", "1"] and "乙条" in line
    assert "exclude_unverified" in how and {line, how} <= set(summary_lines(results, lang))
    qh.write_results(results, tmp_path, lang=lang)
    for name in ("report.md", "map.html"):
        assert "exclude_unverified" in (tmp_path / name).read_text("utf-8"), name
    book = pd.read_excel(tmp_path / "coverage.xlsx", sheet_name=None, header=None, dtype=str, engine="openpyxl")
    effect = {"zh": ("已排除", "只提示（规则未核实）"), "en": ("removed", "reported only (rule not verified)")}[lang]
    (ledger,) = (t for t in book.values() if t.isin(["作用", "effect"]).any(axis=None))
    assert [int(ledger.eq(said).sum().sum()) for said in effect] == [3, 5]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('exclude_unverified = ["hearsy"]', "hearsy"),
        ('exclude_unverified = ["proven"]', "exclude anyway"),
        ('exclude_unverified = "hearsay"', "exclude_unverified"),
    ],
)
def test_a_rule_that_is_no_such_one_is_refused_with_those_that_are(toy_study: Path, said: str, told: str) -> None:
    with pytest.raises(QuarterhourError, match="study.toml:") as caught:
        qh.read_study(street(toy_study, said))
    assert told in str(caught.value)
    if told != "exclude_unverified":
        assert "one of: hearsay" in str(caught.value)


def test_it_is_said_of_no_rules_in_vain(toy_study: Path) -> None:
    folder = street(toy_study, "exclude_unverified = true")
    text = (folder / "study.toml").read_text("utf-8").replace('exclude_rules = ["own.toml"]\n', "")
    (folder / "study.toml").write_text(text, "utf-8")
    with pytest.raises(QuarterhourError, match="exclude_rules"):
        qh.read_study(folder)


def test_a_row_to_be_filled_excludes_nothing_and_is_told_of_nobody(toy_study: Path) -> None:
    blank = RULES.replace("metres = 1000", "to_fill = true")
    results: Any = qh.run_study(qh.read_study(street(toy_study, rules=blank)))
    assert offered(results.proposals[0]) == ["p1", "p3"] and results.proposals[0].reported.empty


FARMLAND = RULES.replace('layer = "communities"\nmetres = 0', 'layer = "farmland"\nmetres = 0')


@pytest.mark.parametrize(("lang", "layer"), [("zh", "耕地、林地"), ("en", "arable and forest land")])
def test_a_ban_without_its_layer_is_told_on_the_console_too(toy_study: Path, lang: str, layer: str) -> None:
    """A site may stand on arable land: the line names the question, the layer and the ban."""
    results = qh.run_study(qh.read_study(street(toy_study, rules=FARMLAND)))
    (line,) = [line for line in summary_lines(results, lang) if layer in line]
    assert line.startswith({"zh": "选址", "en": "q"}[lang])
    assert {"zh": "社区之内", "en": "on a community"}[lang] in line and line in page(results, lang=lang)


def test_bans_that_were_checked_are_not_told(toy_study: Path) -> None:
    assert not unchecked_lines(run(toy_study), "en")
