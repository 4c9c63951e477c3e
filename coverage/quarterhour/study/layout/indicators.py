"""The indicators of a layout plan: today, in the near term, at the horizon; binding or expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.standards.circle import CITY
from quarterhour.standards.targets import Target
from quarterhour.study.closing import closes
from quarterhour.study.layout.facilities import BUILD, CLOSE
from quarterhour.study.layout.groups import Groups
from quarterhour.study.results import Proposal, Results
from quarterhour.study.study import study_rules

COLUMNS = ("key", "what", "of", "zh", "en", "unit", "base", "near", "far", "binding", "source",
           "document")  # fmt: skip


def plan_indicators(results: Results, facilities: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """A row an indicator: first what the plan comes to, then what the rules ask for.

    ``what``: ``circle`` (share inside ``of``), ``kind`` (how many of ``of``), ``nursing`` (share of beds) or ``rule``.
    ``base``, ``near``, ``far``: the value on the date of reference, when what is built by the near term stands, when
    the plan is built; of a rule the thresholds in force at the end of those years. Missing where no result or rule has
    it. ``source``: the clause; ``document``: what it stands in. ``binding``: as the rule says; an indicator without a
    rule is expected.
    """
    rows = [*_circles(results), *_kinds(facilities, groups), *_nursing(facilities), *_rules(results, groups)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(key: str, what: str, of: str, unit: str, values: Sequence[float], **said: Any) -> dict[str, Any]:
    base, near, far = values
    plain = {"zh": "", "en": "", "binding": False, "source": "", "document": ""}
    return {"key": key, "what": what, "of": of, "unit": unit, "base": base, "near": near, "far": far, **plain, **said}


def _circles(results: Results) -> Iterator[dict[str, Any]]:
    for check in results.checks:
        base = np.nan if check.count.share is None else check.count.share
        closing = next((p for p in results.proposals if closes(results.study, p, check)), None)
        near, far = (np.nan, np.nan) if closing is None else _after(results, closing)
        circle = check.circle
        yield _row(f"circle-{circle.id}", "circle", circle.id, "share", (base, near, far), zh=circle.zh, en=circle.en,
                   source=circle.clause or circle.source, document=circle.source)  # fmt: skip


def _after(results: Results, p: Proposal) -> tuple[float, float]:
    """The share covered by what stands in the near term, and by the whole plan; missing where no year is known."""
    total, last = p.plan.demand_total, results.study.file.plan.near
    far = p.plan.count.share
    if far is None or not len(p.plan.chosen):
        return np.nan, np.nan
    phasing, first = p.prospects.phasing, p.prospects.first_year
    if phasing is None:
        return np.nan, far
    steps = phasing.steps
    if first + len(steps) - 2 <= last:
        return far, far
    done = last - first + 1
    known = phasing.goal.objective == "max-cover" and 0 <= done < len(steps)
    return (float(steps["value"].iloc[done]) / total if known else np.nan), far


def _kinds(facilities: pd.DataFrame, groups: Groups) -> Iterator[dict[str, Any]]:
    """How many of each kind: today, with what is dated to the near term, when all is built."""
    for kind in groups.order():
        mine = facilities[facilities["kind"].eq(kind)]
        if len(mine):
            new, gone = mine["treatment"].eq(BUILD), mine["treatment"].eq(CLOSE)
            soon = mine["period"].eq("near")
            undated = bool((new | gone).any() and mine.loc[new | gone, "year"].isna().any())
            near = np.nan if undated else int((~new).sum() + (new & soon).sum() - (gone & soon).sum())
            yield _row(f"kind-{kind}", "kind", kind, "facilities", (int((~new).sum()), near, int((~gone).sum())))


def _nursing(facilities: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The share of nursing beds; a conversion has no year, so that the near term is known only without any."""
    homes = facilities[facilities["beds_now"].gt(0) & facilities["nursing_now"].notna()]
    if len(homes):
        base = float(homes["nursing_now"].sum() / homes["beds_now"].sum())
        then = homes[homes["beds"] > 0]
        far = float(then["nursing_beds"].sum() / then["beds"].sum()) if len(then) else np.nan
        changed = then[then["nursing_beds"].ne(then["nursing_now"])]
        dated = changed["period"].eq("near").all()
        yield _row("nursing-share", "nursing", "", "share", (base, far if dated else np.nan, far))


def _rules(results: Results, groups: Groups) -> Iterator[dict[str, Any]]:
    """City-wide promises about the plan's kinds: what they came to, and the thresholds in force later."""
    card, asked = results.scorecard, results.study.file.plan
    scored = {} if card is None else dict(_city_values(card.rows))
    near, far = (_in_force(results, date(min(year, 9999), 12, 31)) for year in (asked.near, asked.horizon))
    now = _in_force(results, results.study.file.study.reference_date)
    for key in dict.fromkeys([*now, *near, *far]):
        target = now.get(key) or near.get(key) or far[key]
        if _about(target, groups):
            yield _row(f"rule-{target.id}", "rule", target.id, target.unit,
                       (scored.get(target.id, np.nan), *(_threshold(found.get(key)) for found in (near, far))),
                       zh=target.zh, en=target.en, binding=target.binding, source=target.clause or target.source,
                       document=target.source)  # fmt: skip


def _city_values(rows: pd.DataFrame) -> Iterator[tuple[str, float]]:
    city = rows[rows["level"].eq(CITY)]
    yield from zip(city["target"].astype(str), pd.to_numeric(city["value"], errors="coerce"), strict=True)


def _in_force(results: Results, day: date) -> dict[str, Target]:
    found = (target for rules in study_rules(results.study) for target in rules.on(day).targets)
    return {target.id: target for target in found if target.level == CITY}


def _threshold(target: Target | None) -> float:
    value = None if target is None else target.threshold
    return np.nan if value is None else float(value)


def _about(target: Target, groups: Groups) -> bool:
    known = set(groups.order())
    named = {part for kind in target.kinds for part in kind.split("|")}
    return bool(known & named) or target.measure == "circle_share"
