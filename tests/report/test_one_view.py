"""One view model: notebook, map page, report, leaflet, cover and console read the same cards, made in one place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import chromium as cut_off
import quarterhour as qh
from maps.toy import drawn_in, opened
from quarterhour.base.cards import Count
from quarterhour.maps.columns import card_columns
from quarterhour.report.book.key_numbers import key_numbers
from quarterhour.report.console import summary_lines
from quarterhour.report.layers.tables import named_layers
from quarterhour.report.papers.leaflet import _told
from quarterhour.report.papers.summary import circle_facts, plan_sentence
from quarterhour.report.write import meeting_map, page
from quarterhour.siting.question.plan import SitingPlan
from quarterhour.standards.circle import CircleCheck, by_level


def one_view(results: qh.Results, lang: str) -> None:
    """The cards of circles and plans are those that each output holds, down to every row, count and sentence."""
    circles = [results.card_of(check, lang) for check in results.checks]
    plans = [results.card_of(proposal, lang) for proposal in results.proposals]
    shown = {part.id: part for part in results.card(lang).parts if part.count is not None and part.id}
    assert [shown[card.id] for card in (*circles, *plans)] == [*circles, *plans]

    drawn = drawn_in(meeting_map(results, lang))
    assert drawn["cards"] == {"circles": list(map(card_columns, circles)), "plans": list(map(card_columns, plans))}
    assert drawn["demonstration"] is results.made_up

    facts = circle_facts(results, lang)
    assert [fact.card for fact in facts] == circles
    report = page(results, lang).split("\n## ")[1]
    console = "\n".join(summary_lines(results, lang))
    for check, card in zip(results.checks, circles, strict=True):
        city = by_level(check.shares, "city").iloc[0]
        assert card.count == Count(int(city["people_met"]), int(city["people"]), float(city["share_people"]))
        assert card.big in report and f"{card.count.left:,}" in report and card.big in console
        assert all(row.count is not None and row.count.percent in report for row in card.rows)
    for proposal, card in zip(results.proposals, plans, strict=True):
        assert card.count is not None and card.count.met == proposal.plan.covered
        assert card.big in plan_sentence(proposal, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_toy_town_is_told_by_one_view(toy_run: qh.Results, lang: str) -> None:
    one_view(toy_run, lang)


def test_the_embedded_study_is_told_by_one_view(weihai_run: qh.Results) -> None:
    one_view(weihai_run, "zh")


def test_a_figure_that_changes_in_its_one_place_changes_everywhere(
    toy_run: qh.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else computes it: 12 of 34 inside, 33 of 34 once the plan is built."""
    monkeypatch.setattr(
        CircleCheck,
        "counts",
        lambda self, level: dict.fromkeys(by_level(self.shares, level).index, Count(12, 34, 0.3529)),
    )
    monkeypatch.setattr(SitingPlan, "count", property(lambda _: Count(33, 34, 33 / 34)))
    home, said = toy_run.checks[0], "35.3%"
    assert toy_run.card().parts[0].big == said and said in repr(home) and said in repr(toy_run)
    question = drawn_in(meeting_map(toy_run))["questions"][0]
    assert question["today"] == {"out": "22 人", "line": "老年人 34 人中，圈内 12 人，占 35.3%"}
    assert question["after"]["out"] == "1 人" and "圈外降至 1 人" in question["closes"]
    report = page(toy_run).split("\n## ")[1]
    assert "圈内 12 人（35.3%），圈外 22 人" in report and "97.1%" in report and "| c1 | 22 | 35.3% |" in report
    assert "35.3%（12 / 34" in summary_lines(toy_run, "zh")[0]
    number = key_numbers(toy_run, "zh")[0]
    assert number.value == 0.3529 and "12" in number.note and "34" in number.note
    told = _told(toy_run, circle_facts(toy_run, "zh"), "zh", title="", ribbon="")["circles"][0]
    assert told["share"] == said and "12" in told["inside"] and "22" in told["outside"] and "97.1%" in told["closing"]
    assert [bar["said"] for bar in told["counties"]] == [said]


def test_the_page_in_a_browser_shows_what_the_card_says(toy_run: qh.Results, tmp_path: Path) -> None:
    town = replace(toy_run, inputs=replace(toy_run.inputs, communities=toy_run.inputs.communities))
    circle, plan = town.card_of(town.checks[0]), town.card_of(town.proposals[0])
    drawn = {"c1": "文登区"}
    towns = town.inputs.communities.assign(county="c1", geometry=town.inputs.communities.buffer(900))
    counties = towns.dissolve("county")[["geometry"]].assign(name=[drawn["c1"]])
    html = meeting_map(replace(town, inputs=replace(town.inputs, counties=counties)))
    with cut_off.chromium() as browser:
        tab, trouble = opened(browser, html, tmp_path)
        for after, card in ((False, circle), (True, plan)):
            if after:
                tab.click("[data-after='1']")
            count, row = card.count, card.rows[0].count
            assert count is not None and row is not None
            assert tab.inner_text(".qh-figure").startswith(f"{count.left:,} ")
            assert count.percent in tab.inner_text(".qh-line")
            bar = tab.query_selector(".qh-counties .qh-county-row")
            assert row.percent in bar.inner_text() and f"{row.left:,} 人" in bar.inner_text()
            widths = [i.evaluate("e => parseFloat(e.style.width)") for i in bar.query_selector_all("i")]
            assert sum(widths) == pytest.approx(100 * (row.share or 0))
            assert tab.inner_text(".qh-county").endswith(row.percent)
        assert trouble == []


def test_what_stands_nowhere_has_no_share_in_any_output(toy_run: qh.Results) -> None:
    """Nobody could be inside: that is no share of 0 %, of the city, a county or a town."""
    home = replace(toy_run.checks[0], absent=toy_run.checks[0].circle.kinds)
    nowhere = replace(toy_run, checks=(home, *toy_run.checks[1:]))
    card = nowhere.card_of(home)
    assert (card.big, card.share) == ("—", None) and [row.share for row in card.rows] == [None]
    drawn = drawn_in(meeting_map(nowhere))
    assert drawn["cards"]["circles"][0]["rows"][0]["count"]["share"] is None
    assert all(town["share"][0] is None and town["shown"][0] == "" for town in drawn["towns"])
    assert not [n for n in key_numbers(nowhere, "zh") if home.circle.zh in n.label and n.form.endswith("%")]
    towns = named_layers(nowhere, "zh").get("towns")
    assert towns is None or towns[f"{home.circle.id}_share"].isna().all()


def test_a_plan_that_counts_nobody_has_no_share_of_nought(toy_run: qh.Results) -> None:
    plan = replace(toy_run.proposals[0].plan, demand_total=0, covered=0, covered_before=0)
    nobody = replace(toy_run.proposals[0], plan=plan)
    assert plan.count == Count(0, 0) and plan.card().big == "—"
    assert "0.0%" not in plan_sentence(nobody, "zh")
