"""A plan's first sentence says what its own goals came to, and by which goal it may fall short."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import quarterhour as qh
from quarterhour.siting.explanation.headline import headline, status_sentence
from quarterhour.siting.question.plan import SitingPlan


def ask(*goals: str) -> SitingPlan:
    """Three villages and the one site that reaches all of them, at 9, 3 and 8 minutes."""
    problem = qh.siting_from_matrix(
        [[4, 20, 9], [12, 9, 3], [30, 7, 8]], [5, 6, 7], within=10, objective=goals, new_sites=1,
        areas=pd.DataFrame({"town": ["a", "b", "b"]}), sites=pd.DataFrame({"cost_yuan": [1000, 2000, 123_456]}),
    )  # fmt: skip
    return qh.solve_siting(problem)


@pytest.mark.parametrize(
    ("goal", "en", "zh"),
    [
        ("max-cover", "100.0%; proven best.", "100.0%；已证明为最优。"),
        ("min-sites", "with 1 new site coverage", "新建 1 个站点"),
        ("min-time", "119.00 minutes in all (people x minutes)", "合计 119.00 人·分钟"),
        ("min-worst", "the farthest at 9.00 minutes", "最远者 9.00 分钟"),
        ("min-cost", "123,456 yuan", "费用 123,456 元"),
        ("equity", "100.0% of the worst area covered", "最差地区覆盖 100.0%"),
        ("gini", "Gini coefficient of the areas' shares 0;", "基尼系数 0；"),
    ],
)
def test_each_goal_says_its_value(goal: str, en: str, zh: str) -> None:
    plan = ask(goal)
    assert en in headline(plan, "en") and zh in headline(plan, "zh")


def test_a_chain_says_which_goal_may_fall_short() -> None:
    plan = ask("max-cover", "min-time")
    first, second = plan.levels
    open_end = replace(plan, status="bounded", gap=0.59, levels=(first, replace(second, gap=0.59)))
    said = status_sentence(open_end, "en")
    assert "'most people covered' proven best" in said
    assert "'fewest minutes in all (people x minutes)' at most 59.00% from the best possible" in said
    assert status_sentence(plan, "en") == "proven best"
    assert "{" not in status_sentence(open_end, "zh") and "59.00%" in status_sentence(open_end, "zh")
