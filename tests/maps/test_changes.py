"""Who gains and who loses, on the page: a short table in the question's tab, names escaped."""

from __future__ import annotations

from typing import Any

import pandas as pd

import quarterhour as qh
from maps.toy import asked_of, drawn_in, meeting, opened
from quarterhour.maps import draw as maps
from quarterhour.siting.outlook.change import PlanChange

HOSTILE = ("<img src=x onerror='window.broken=1'>", "${window.broken=1}", "</script><script>window.broken=1</script>")


def change(*, within: float = 10, **asked: Any) -> PlanChange:
    """One site stands; a second takes 30 people over and reaches 20 anew, 7 stay out."""
    minutes = [[4, 30], [9, 5], [30, 7], [40, 40]]
    sites = pd.DataFrame({"name": HOSTILE[:2]}, index=["a", "b"])
    people = pd.DataFrame({"older": [50, 30, 20, 7]}, index=["v", "w", "x", "y"])
    table = pd.DataFrame(minutes, people.index, sites.index)
    problem = qh.siting_from_matrix(table, people, within=within, new_sites=1, existing=["a"], sites=sites, **asked)
    return qh.compare_plans((problem, None), (problem, ["a", "b"]), names=pd.Series({"y": HOSTILE[2], "w": "西村"}))


def drawn(**asked: Any) -> dict[str, Any]:
    given = meeting()
    given["asked"] = [asked_of(given, changes=(("today", change(**asked)),))]
    page: dict[str, Any] = drawn_in(maps.draw_map(**given))["questions"][0]["changes"][0]
    return page


def test_a_question_tells_who_gains_who_loses_and_who_goes_where() -> None:
    made = drawn()
    assert made["head"] == "变化：建成后与现状相比"
    assert made["counts"] == [
        ["新增覆盖", "20 人"], ["不再覆盖", "0 人"], ["改去别处", "30 人"], ["仍去原处", "50 人"],
        ["前后都没有", "7 人"], ["路近了", "30 人，平均 4.0 分钟"],
    ]  # fmt: skip
    assert [row[2] for row in made["moves"]] == ["30 人", "20 人"]
    assert made["worst"][0][1:] == ["时限内没有设施", "时限内没有设施"]
    assert made["worst"][1:3] == [["x", "时限内没有设施", "7.0 分钟"], ["西村", "9.0 分钟", "5.0 分钟"]]


def test_a_question_that_nobody_compared_has_no_such_table() -> None:
    assert drawn_in(maps.draw_map(**meeting()))["questions"][0]["changes"] == []


def test_names_in_it_are_escaped_and_read_as_written(browser: Any, tmp_path: Any) -> None:
    said = str(drawn())
    assert not any(name in said for name in HOSTILE)
    given = meeting()
    given["asked"] = [asked_of(given, changes=(("today", change()), ("earlier", change())))]
    tab, trouble = opened(browser, maps.draw_map(**given), tmp_path)
    tab.click("summary:has-text('与现状相比')")
    panel = tab.inner_text(".qh-panel")
    for text in (f"{HOSTILE[0]} → {HOSTILE[1]}", HOSTILE[2], "改去别处", "时限内没有设施", "与上次方案相比"):
        assert text in panel
    assert tab.evaluate("window.broken === undefined")
    assert trouble == []
