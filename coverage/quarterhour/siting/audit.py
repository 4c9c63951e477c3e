"""What a plan's record asks to be believed, and the question solved again to see whether it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterhour.base import i18n
from quarterhour.base.errors import DataError, PlanError, first_ids
from quarterhour.base.findings import UNSTATED
from quarterhour.base.labels import goal_label, unit_label, unstated_said
from quarterhour.siting.explanation.causes import causes
from quarterhour.siting.explanation.conflicts import clash
from quarterhour.siting.explanation.headline import status_sentence
from quarterhour.siting.explanation.needs import needs
from quarterhour.siting.outlook.change import compare_plans
from quarterhour.siting.outlook.change_sentences import detail_lines, gain_lines, site_lines
from quarterhour.siting.proof.behind_record import recounts_steps
from quarterhour.siting.proof.counted_choice import recounts_value
from quarterhour.siting.proof.evidence import check_evidence
from quarterhour.siting.proof.money_record import verify_money
from quarterhour.siting.proof.packed_question import FORMAT
from quarterhour.siting.proof.plan_record import read_record, verify_record
from quarterhour.siting.question.bounds import counting_bound, is_better
from quarterhour.siting.question.evaluate import Measure, in_plan_units
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.plan import Reason, SitingPlan
from quarterhour.siting.question.problem import Goal, SitingProblem
from quarterhour.siting.question.quotas import area_rules
from quarterhour.siting.question.sites import money_counts
from quarterhour.siting.solve import solve_or_stop


def record_lines(name: str, record: Mapping[str, Any], lang: str, *, prove: float = 0) -> Iterator[str]:
    """A record recounted from itself alone, then what it asks to be believed, or what solving again shows.

    ``prove``: seconds for solving again; 0: not at all. PlanError: the first thing that does not hold.
    """
    count = verify_record(record)
    problem, plan = read_record(record)
    yield i18n.say(
        "proof.record_holds", lang, plan=name, sites=count.new_sites, covered=f"{count.covered:,}",
        total=f"{count.demand_total:,}", unit=unit_label(plan.unit, lang),
        status=status_sentence(plan, lang), proved_by=plan.proved_by,
    )  # fmt: skip
    rests = record["rests_on"]
    if rests["fact"] < sum(rests.values()):
        said = unstated_said(rests.get(UNSTATED, 0), lang)
        yield i18n.say("proof.record_rests_on", lang, **{**rests, UNSTATED: said})
    yield from _money_line(name, record, problem, lang)
    shown = check_evidence(problem, plan)
    yield from _evidence_lines(problem, plan, shown, lang)
    unseen = on_its_word(problem, plan, shown)
    if prove:
        for reason in prove_again(problem, plan, seconds=prove):
            yield i18n.say("proof.record_again", lang, what=reason.sentence(lang))
    what = [*(unseen[-1:] if prove else unseen), *behind_on_its_word(problem, record)]
    yield i18n.say(
        "proof.record_word", lang, what=i18n.say("explanation.between", lang).join(w.sentence(lang) for w in what)
    )
    if len(unseen) > 1 and not prove:
        yield i18n.say("proof.record_prove", lang)


def change_lines(
    records: Sequence[tuple[str, Mapping[str, Any]]], earlier: Sequence[tuple[str, Mapping[str, Any]]], lang: str
) -> Iterator[str]:
    """Who gains and who loses by the plans of one file against those of another, question by question.

    Questions go together by id; where each file holds one plan, these two. DataError where there are none in common;
    PlanError: the first thing in the other file that does not hold.
    """
    known = dict(earlier)
    if len(records) == len(earlier) == 1:
        known = {records[0][0]: earlier[0][1]}
    both = [(name, record, known[name]) for name, record in records if name in known]
    if not both:
        old, new = (first_ids((name for name, _ in some), lang=lang) for some in (earlier, records))
        raise DataError("change.no_such_question", old=old, new=new)
    for name, record, before in both:
        verify_record(before)
        yield i18n.say("change.head", lang, question=name)
        try:
            change = compare_plans(read_record(before), read_record(record))
        except DataError as why:
            yield why.sentence(lang)
            continue
        for lines in (gain_lines, site_lines, detail_lines):
            yield from lines(change, lang)


def _evidence_lines(problem: SitingProblem, plan: SitingPlan, shown: Sequence[bool], lang: str) -> Iterator[str]:
    """The bounds that the record shows by prices, and why it does not show the others."""
    for goal, level, proven in zip(problem.goals, plan.levels, shown, strict=False):
        if proven:
            named = {"goal": _goal(plan, goal)[lang], "bound": _figure(level.bound)}
            yield i18n.say("proof.record_evidence", lang, **named)
    for goal, said in zip(problem.goals, plan.evidence, strict=False):
        if isinstance(said, Reason):
            yield i18n.say("proof.record_no_evidence", lang, goal=_goal(plan, goal)[lang], why=said.sentence(lang))


def _money_line(name: str, record: Mapping[str, Any], problem: SitingProblem, lang: str) -> Iterator[str]:
    """The money counted again, where some site has a year."""
    known = {str(site): int(yuan) for site, yuan in problem.sites["cost_yuan"].items()}
    money = verify_money(record, cost_yuan=known if money_counts(problem.goals, problem.budget) else None)
    if money is None or not money.sites:
        return
    key = "proof.money_holds_capped" if money.capped else "proof.money_holds"
    unknown = i18n.say("proof.money_unknown", lang)
    yuan = unknown if money.capital_yuan is None else f"{money.capital_yuan:,}"
    yield i18n.say(key, lang, plan=name, first=money.first_year, last=money.last_year, sites=money.sites, yuan=yuan)


def on_its_word(problem: SitingProblem, plan: SitingPlan, shown: Sequence[bool] | None = None) -> list[Reason]:
    """What ``verify_plan`` cannot count again from a plan and its question, as sentences.

    That no plan is better, where neither counting nor the plan's evidence tells it; that none exists, where no cause
    of it can be named; by whom it was proven, from which seed and with which versions. ``shown``: what
    ``check_evidence`` gave, where it is at hand.
    """
    found, measure = [], Measure(problem)
    shown = check_evidence(problem, plan) if shown is None else shown
    if plan.status == "infeasible":
        rules = QuestionRules(measure)
        again = causes(problem, measure) or needs(rules) or clash(problem, area_rules(problem), rules)
        found += [] if again else [Reason("proof.word_infeasible", {})]
        found += [] if again == plan.reasons else [Reason("proof.word_reasons", {})]
    if plan.status in ("bounded", "no_plan"):
        found.append(Reason("proof.word_stopped", {}))
    for goal, level, proven in zip(problem.goals, plan.levels, shown, strict=False):
        if not proven and is_better(goal, in_plan_units(goal, counting_bound(measure, goal)), level.bound):
            found.append(Reason("proof.word_bound", {"goal": _goal(plan, goal), "bound": _figure(level.bound)}))
    if plan.placed_before is not None and problem.capacity is not None and not problem.capacity.split:
        found.append(Reason("proof.word_today", {}))
    return [*found, Reason("proof.word_search", {})]


def behind_on_its_word(problem: SitingProblem, record: Mapping[str, Any]) -> list[Reason]:
    """What ``verify_record`` cannot count again beside the plan: the inputs, and some of what stands behind it."""
    keys = ["word_inputs", "word_left_out"]
    keys += ["word_frontier"] if "frontier" in record else []
    keys += ["word_budgets"] if "budgets" in record else []
    keys += ["word_budget_values"] if "budgets" in record and not recounts_value(problem) else []
    keys += ["word_relocations"] if "relocations" in record else []
    keys += ["word_moved_values"] if "relocations" in record and not recounts_value(problem) else []
    if "phases" in record:
        keys += ["word_phases"] if recounts_steps(problem) else ["word_phases", "word_steps"]
    keys += ["word_reserves"] if "reserves" in record else []
    keys += ["word_money"] if "money" in record else []
    keys += ["word_quality"] if "quality" in record else []
    keys += ["word_format"] if record["question"]["format"] != FORMAT else []
    return [Reason(f"proof.{key}", {}) for key in keys]


ON_ITS_WORD: dict[str, tuple[str, ...]] = {
    "word_search": ("problem_id", "proved_by", "goals.proved_by", "goals.nodes", "seed", "versions"),
    "word_inputs": ("question.travel",),
    "word_left_out": ("frontier", "budgets", "relocations", "phases", "reserves", "money", "quality", "evidence"),
    "word_stopped": ("stopped",),
    "word_bound": ("bound", "gap", "status", "goals.bound", "goals.gap"),
    "word_infeasible": ("status",),
    "word_reasons": ("reasons",),
    "word_today": ("placed_before",),
    "word_frontier": ("frontier.bound", "frontier.gap"),
    "word_budgets": ("budgets.bound", "budgets.gap", "budgets.status"),
    "word_relocations": (
        "relocations.may_close", "relocations.yuan", "relocations.rows.openings", "relocations.rows.bound",
        "relocations.rows.gap", "relocations.rows.status",
    ),
    "word_moved_values": ("relocations.rows.value",),
    "word_budget_values": ("budgets.value",),
    "word_phases": (
        "phases.first_year", "phases.steps.best", "phases.steps.bound", "phases.steps.loss",
        "phases.steps.loss_at_most", "phases.steps.proved_by",
    ),
    "word_steps": ("phases.steps.value",),
    "word_reserves": ("reserves",),
    "word_money": ("money.sites", "money.years", "money.caps"),
    "word_quality": ("quality.table", "quality.rows", "quality.fact", "quality.unstated", "quality.estimated",
                     "quality.synthetic", "quality.synthetic_share"),
}  # fmt: skip
"""By the sentence with which ``verify`` names it, what of a record somebody may change who makes its seal anew."""


def prove_again(problem: SitingProblem, plan: SitingPlan, *, seconds: float) -> list[Reason]:
    """The question solved again, and what of the plan's proof holds: goal by goal, as sentences.

    What is not proven within ``seconds`` says so. A goal after one that came to another value is not compared.

    Raises
    ------
    PlanError : a plan was found that the record excludes: one that is better than its bound, or any, where it says
        that there is none.
    """
    again = solve_or_stop(problem, seconds=seconds)
    if again.levels and plan.status == "infeasible":
        raise PlanError("proof.plan_exists", sites=first_ids(again.chosen) or "-")
    if again.status == "infeasible" and plan.levels:
        raise PlanError("proof.recount_differs", what="status", said=plan.status, counted=again.status)
    if plan.levels and again.levels:
        return [*_compared(problem, plan, again, seconds)]
    key = "again_infeasible" if again.status == "infeasible" else "again_found" if again.levels else "again_open"
    return [Reason(f"proof.{key}", {"seconds": _figure(seconds)})]


def _compared(problem: SitingProblem, plan: SitingPlan, again: SitingPlan, seconds: float) -> Iterator[Reason]:
    same = True
    for goal, said, found in zip(problem.goals, plan.levels, again.levels, strict=True):
        named = {"goal": _goal(plan, goal), "bound": _figure(said.bound), "seconds": _figure(seconds)}
        if same and is_better(goal, found.value, said.bound):
            raise PlanError("proof.beaten", **named, value=_figure(found.value), sites=first_ids(again.chosen))
        if same and is_better(goal, found.value, said.value):
            yield Reason("proof.again_better", {**named, "value": _figure(found.value)})
        wider = is_better(goal, found.bound, said.bound)
        yield Reason(f"proof.again_{'apart' if not same else 'wider' if wider else 'proven'}", named)
        same = same and found.value == said.value


def _goal(plan: SitingPlan, goal: Goal) -> dict[str, str]:
    unit = goal.people or plan.unit
    return {lang: goal_label(goal.objective, unit, lang, placed=plan.placed) for lang in i18n.LANGUAGES}


def _figure(value: float) -> str:
    return f"{value:,.15g}"
