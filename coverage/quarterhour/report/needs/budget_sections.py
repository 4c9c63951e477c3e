"""What each budget buys as a table of the workbook and the page, and as a chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from quarterhour.base.labels import figure, gap_percent, goal_label
from quarterhour.report.line_chart import Line, line_chart
from quarterhour.report.section import Section, Told, joined_section, say_of
from quarterhour.study.results import Proposal, Results

OF_BUDGETS = "@budgets"
"""Behind the id of a question, for its chart of budgets."""
_say = partial(say_of, "budget_sections")
_COLOUR, _BOUND = "#1d4fa3", "#8a94a3"
_TEN_THOUSAND = 10_000


def budget_sections(results: Results, lang: str) -> Iterator[Section]:
    """Value, bound and what is spent for each budget, where a question asks for it."""
    told = [_budgets(p, lang) for p in results.proposals]
    yield from joined_section("budgets", told, before=[_say("line", lang)], page_rows=80)


def budget_lines(results: Results, lang: str) -> list[str]:
    """The same in sentences."""
    told = (_budgets(p, lang) for p in results.proposals)
    return [line for part in told if part is not None for line in part[1]]


def budget_charts(results: Results, lang: str) -> Mapping[str, tuple[str, str]]:
    """By question, with ``OF_BUDGETS`` behind it, heading and chart of its budgets, where it has some."""
    drawn = {p.id + OF_BUDGETS: (_say("chart", lang, name=p.name(lang)), _chart(p, lang)) for p in results.proposals}
    return {question: told for question, told in drawn.items() if told[1]}


def _budgets(p: Proposal, lang: str) -> Told | None:
    found = p.prospects.budgets
    if found is None:
        return None
    table = {
        "name": p.name(lang), "budget_yuan": found["yuan"], "goal": _goal(p, lang), "budget_value": found["value"],
        "bound": found["bound"], "gap": found["gap"], "paid_yuan": found["spent_yuan"], "new_sites": found["sites"],
        "budget_status": [_say(f"{status}_cell", lang) for status in found["status"]],
    }  # fmt: skip
    return table, [*_lines(p, found, lang)]


def _lines(p: Proposal, found: pd.DataFrame, lang: str) -> Iterator[str]:
    known = found[found["value"].notna()]
    if len(known):
        least, most = known.iloc[0], known.iloc[-1]
        yield _say(
            "ends", lang, name=p.name(lang), goal=_goal(p, lang), proven=_surely(known, lang),
            least_yuan=int(least["yuan"]), at_least=_said(p, least["value"]), least_spent=int(least["spent_yuan"]),
            most_yuan=int(most["yuan"]), at_most=_said(p, most["value"]), most_spent=int(most["spent_yuan"]),
        )  # fmt: skip
        enough = known[known["value"].eq(most["bound"])]
        if len(enough) > 1:
            yield _say("enough", lang, name=p.name(lang), yuan=int(enough["yuan"].iloc[0]))
    never = found[found["status"].eq("infeasible")]
    if len(never):
        yield _say("infeasible", lang, name=p.name(lang), yuan=int(never["yuan"].iloc[-1]))
    lost = int(found["status"].eq("no_plan").sum())
    if lost:
        yield _say("none_found", lang, name=p.name(lang), count=lost)


def _surely(known: pd.DataFrame, lang: str) -> str:
    """Whether every budget is proven, or how far it may be from the best."""
    if known["status"].eq("optimal").all():
        return _say("all_proven", lang)
    if known["gap"].isna().any():
        return _say("not_within", lang)
    return _say("all_within", lang, gap=gap_percent(float(known["gap"].max())))


def _goal(p: Proposal, lang: str) -> str:
    goal = p.problem.goals[0]
    return goal_label(goal.objective, goal.people or p.unit, lang, placed=p.plan.placed)


def _said(p: Proposal, value: object) -> str:
    return figure(value, {"equity": "share", "gini": "coefficient"}.get(p.problem.objective, ""))


def _chart(p: Proposal, lang: str) -> str:
    """The best of each budget, and beside it the bound where that is another."""
    found = p.prospects.budgets
    known = None if found is None else found[found["value"].notna()]
    if known is None or known.empty:
        return ""
    lines = [Line(_say("best_of_budget", lang), _points(known, "value"), _COLOUR, dots=True)]
    if known["status"].ne("optimal").any():
        lines.append(Line(_say("bound", lang), _points(known, "bound"), _BOUND))
    label = _say("x_label", lang, goal=_goal(p, lang))
    return line_chart(lines, title=_say("chart", lang, name=p.name(lang)), x_label=label, lang=lang)


def _points(known: pd.DataFrame, column: str) -> tuple[tuple[float, float], ...]:
    across = known["yuan"].astype(float) / _TEN_THOUSAND
    return tuple(zip(across, known[column].astype(float), strict=True))
