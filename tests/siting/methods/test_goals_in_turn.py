"""Every goal and rule, alone and together, against every choice tried by hand on small towns."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.siting.methods.general.goal_search import GoalSearch
from quarterhour.siting.methods.general.model import Model
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.proof.recount import verify_plan
from quarterhour.siting.question.bounds import counting_bound
from quarterhour.siting.question.build import as_problem
from quarterhour.siting.question.evaluate import Choice, Measure, in_plan_units
from quarterhour.siting.question.feasible import QuestionRules
from quarterhour.siting.question.from_matrix import siting_from_matrix
from quarterhour.siting.question.problem import OBJECTIVES, Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing
from quarterhour.siting.question.search import SearchBudget, SearchResult
from quarterhour.siting.solve import solve_siting
from quarterhour.travel.times import times_from_matrix
from repeatable import examples

MINUTE = st.sampled_from([0.0, 1.0, 4.0, 7.0, 10.0, 15.0, 15.5, 25.0, math.nan])
STATE = st.sampled_from(["candidate"] * 6 + ["existing", "required", "upgradeable"])


def _index(letter, count):
    return pd.Index([f"{letter}{k}" for k in range(count)], dtype="str")


@st.composite
def questions(draw, capacity=False):
    """A question as keyword arguments, and its matrix of minutes."""
    most = (4, 4) if capacity else (7, 6)
    sites, communities = draw(st.integers(1, most[0])), draw(st.integers(1, most[1]))
    split = capacity and draw(st.booleans())
    minutes = np.array([[draw(MINUTE) for _ in range(sites)] for _ in range(communities)])
    whole = st.integers(0, 3 if split else 9)
    demand = pd.DataFrame(
        {c: [draw(whole) for _ in range(communities)] for c in ("older", "hardship")}, _index("c", communities)
    )
    table = pd.DataFrame(
        {
            "state": [draw(STATE) for _ in range(sites)],
            "town": [f"T{draw(st.integers(0, 2))}" for _ in range(sites)],
            "county": [f"K{draw(st.integers(0, 1))}" for _ in range(sites)],
            "name": "",
            "quality": "fact",
            "tiers": [draw(st.sampled_from(["", "low", "low high"])) for _ in range(sites)],
            "cost_yuan": [draw(st.integers(0, 5)) for _ in range(sites)],
            "running_yuan": [draw(st.integers(0, 3)) for _ in range(sites)],
            "capacity": [draw(st.sampled_from([None, 1, 3, 6, 9])) for _ in range(sites)],
            "x": [float(draw(st.integers(0, 6))) for _ in range(sites)],
            "y": 0.0,
        },
        _index("s", sites),
    )
    asked = {"demand": demand, "sites": table, "people": draw(st.sampled_from(["older", {"older": 1, "hardship": 2}]))}
    if split:
        asked["people"] = "older"
    columns = [""] if split else ["", "", "hardship"]
    goal = st.builds(Goal, st.sampled_from(OBJECTIVES), st.sampled_from(columns), st.sampled_from(["town", "county"]))
    asked["objective"] = draw(st.lists(goal, min_size=1, max_size=3, unique=True))
    asked["new_sites"] = draw(st.integers(0, 5))
    asked["quotas"] = _quotas(draw, table)
    if draw(st.booleans()):
        asked["budget"] = Budget(draw(st.one_of(st.none(), st.integers(0, 14))), draw(st.integers(0, 2)))
    if draw(st.booleans()):
        asked["spacing"] = Spacing(draw(st.sampled_from([1.0, 2.0])), existing=draw(st.booleans()))
    if sites > 1 and draw(st.booleans()):
        asked["conflicts"] = [draw(st.permutations(list(table.index)))[: draw(st.integers(2, 3))]]
    backup = draw(st.sampled_from([None, None, 0, 50])) if not capacity else None
    tier = draw(st.sampled_from(["", "", *{t for said in table["tiers"] for t in said.split()}]))
    everyone, least = draw(st.sampled_from([None, None, True, False])), draw(st.sampled_from([0, 0, 0, 4]))
    asked["coverage"] = Coverage(backup, tier, everyone, least)
    asked["areas"] = pd.DataFrame(
        {"town": [f"T{draw(st.integers(0, 1))}" for _ in range(communities)], "county": "K0"}, demand.index
    )
    steps = ((4.0, 100), (10.0, 60), (15.0, 25)) if draw(st.booleans()) else ()
    asked["minutes"] = Standard(15.0, steps)
    if draw(st.booleans()):
        asked["minutes"] = {"urban": Standard(15.0, steps), "rural": Standard(7.0)}
        asked["classes"] = pd.Series([draw(st.sampled_from(["urban", "rural"])) for _ in demand.index], demand.index)
    if capacity:
        load = None if split else demand["older"].clip(upper=4)
        asked["capacity"] = Capacity("beds", load, split)
    return asked, minutes


def _quotas(draw, table):
    tiers = ["", "", *{t for said in table["tiers"] for t in said.split()}]
    quotas = []
    for level, areas in (("town", ("T0", "T1")), ("county", ("K0", "K1")), ("state", ("upgradeable",))):
        if draw(st.integers(0, 2)) == 0:
            low = draw(st.integers(0, 1))
            high = draw(st.one_of(st.none(), st.integers(low, low + 2)))
            quotas.append(Quota(level, areas, low, high, draw(st.sampled_from(tiers))))
    return quotas


def ask(asked, minutes):
    times = times_from_matrix(minutes, communities=asked["demand"].index, sites=asked["sites"].index, cutoff=20)
    return as_problem("small", times=times, **asked)


# --- the second opinion: every choice, by names and fractions -----------------------------------


class ByHand:
    """A question in dictionaries, so that nothing is shared with the rooms that it judges."""

    def __init__(self, asked, minutes):
        self.asked = asked
        sites, demand = asked["sites"], asked["demand"]
        self.site = sites.to_dict("index")
        self.cover = asked["coverage"]
        weights = asked["people"] if isinstance(asked["people"], dict) else {asked["people"]: 1}
        self.people = {
            "": {c: sum(int(demand.at[c, k]) * w for k, w in weights.items()) for c in demand.index},
            "hardship": {c: int(demand.at[c, "hardship"]) for c in demand.index},
        }
        self.goals = asked["objective"]
        self.minutes = {}
        self.standard = {}
        for i, c in enumerate(demand.index):
            standard = asked["minutes"] if "classes" not in asked else asked["minutes"][asked["classes"][c]]
            self.standard[c] = standard
            for j, s in enumerate(sites.index):
                counts = not self.cover.tier or self.cover.tier in self.site[s]["tiers"].split()
                if minutes[i, j] <= standard.minutes and counts:
                    self.minutes[c, s] = Fraction(minutes[i, j])
        every = set(self.site)
        self.reachable = {c for c in demand.index if self.share(c, every)}

    def percent(self, c, s):
        steps = self.standard[c].steps or ((self.standard[c].minutes, 100),)
        return next(p for m, p in steps if self.minutes[c, s] <= m)

    def share(self, c, opened):
        near = sorted((self.percent(c, s) for s in opened if (c, s) in self.minutes), reverse=True)
        if self.cover.backup is None:
            return Fraction(near[0] if near else 0, 100)
        one = Fraction((near[0] if near else 0) * self.cover.backup, 10_000)
        return max(one, Fraction(near[1] if len(near) > 1 else 0, 100))

    def choices(self):
        """Open sites, and who is served where: ``{(community, site): people}``, None without a capacity."""
        standing = {s for s, r in self.site.items() if r["state"] == "existing"}
        must = {s for s, r in self.site.items() if r["state"] == "required"}
        free = sorted(set(self.site) - standing - must)
        for n in range(len(free) + 1):
            for some in itertools.combinations(free, n):
                built = must | set(some)
                if self.rules(standing, built):
                    for served in self.servings(standing | built):
                        if self.covers(standing | built, served):
                            yield built, standing | built, served

    def rules(self, standing, built):
        asked, opened = self.asked, standing | built
        if len(built) > asked["new_sites"]:
            return False
        budget = asked.get("budget", Budget())
        if budget.yuan is not None and self.cost(built) > budget.yuan:
            return False
        for group in asked.get("conflicts", []):
            if len(opened & set(group)) > 1:
                return False
        spacing = asked.get("spacing")
        for a, b in itertools.combinations(sorted(opened), 2):
            new = [self.site[s]["state"] in ("required", "candidate") for s in (a, b)]
            counts = any(new) if spacing and spacing.existing else all(new)
            if spacing and counts and abs(self.site[a]["x"] - self.site[b]["x"]) < spacing.metres:
                return False
        return all(self.quota(q, opened) for q in asked["quotas"])

    def quota(self, q, opened):
        for area in q.areas:
            here = {
                s for s, r in self.site.items() if r[q.level] == area and (not q.tier or q.tier in r["tiers"].split())
            }
            n = len(here & opened)
            if n < min(q.minimum, len(here)) or (q.maximum is not None and n > q.maximum):
                return False
        return True

    def cost(self, built):
        years = self.asked.get("budget", Budget()).years
        return sum(self.site[s]["cost_yuan"] + years * self.site[s]["running_yuan"] for s in built)

    def takes_part(self):
        used = {"", *(g.people for g in self.goals)}
        return [c for c in sorted(self.reachable) if any(self.people[k][c] for k in used)]

    def servings(self, opened):
        capacity = self.asked.get("capacity")
        if capacity is None:
            yield None
            return
        ways = []
        for c in self.takes_part():
            near = [s for s in sorted(opened) if (c, s) in self.minutes]
            n = self.people[""][c]
            if capacity.split:
                parts = itertools.product(range(n + 1), repeat=len(near))
                ways.append([{(c, s): k for s, k in zip(near, p, strict=True) if k} for p in parts if sum(p) <= n])
            else:
                ways.append([{}, *({(c, s): n} for s in near)])
        for picked in itertools.product(*ways):
            served = {k: v for way in picked for k, v in way.items()}
            if self.fits(served, capacity):
                yield served

    def fits(self, served, capacity):
        for s, r in self.site.items():
            load = sum(n if capacity.split else int(capacity.load[c]) for (c, t), n in served.items() if t == s)
            if r["capacity"] is not None and not pd.isna(r["capacity"]) and load > r["capacity"]:
                return False
        return True

    def everyone(self):
        if self.cover.everyone is not None:
            return self.cover.everyone
        return self.goals[0].objective not in ("max-cover", "equity", "gini") and not self.cover.at_least

    def covers(self, opened, served):
        if sum(self.points(c, opened, served, "") for c in self.reachable) < self.cover.at_least:
            return False
        return not self.everyone() or all(self.met(c, opened, served) for c in self.takes_part())

    def met(self, c, opened, served):
        if served is None:
            return self.share(c, opened) > 0
        got = [n for (d, _), n in served.items() if d == c]
        return bool(got) and sum(got) == self.people[""][c]

    def points(self, c, opened, served, column):
        if served is None:
            return self.people[column][c] * self.share(c, opened)
        return sum(n * Fraction(self.percent(c, s), 100) for c, s, n in self.legs(served, column, c))

    def legs(self, served, column, only):
        split = self.asked["capacity"].split
        return [(c, s, n if split else self.people[column][c]) for (c, s), n in served.items() if c == only]

    def trips(self, opened, served, column):
        trips = []
        for c in sorted(self.reachable):
            limit = Fraction(self.standard[c].minutes)
            if served is None:
                near = [self.minutes[c, s] for s in opened if (c, s) in self.minutes]
                trips.append((self.people[column][c], min([limit, *near])))
            else:
                legs = self.legs(served, column, c)
                trips += [(n, self.minutes[c, s]) for c, s, n in legs]
                trips.append((self.people[column][c] - sum(n for _, _, n in legs), limit))
        return trips

    def value(self, goal, built, opened, served):
        """Larger is better."""
        if goal.objective == "max-cover":
            return sum(self.points(c, opened, served, goal.people) for c in self.reachable)
        if goal.objective == "min-sites":
            return -len(built)
        if goal.objective == "min-cost":
            return -self.cost(built)
        if goal.objective == "equity":
            return min((share for share, _ in self.shares(goal, opened, served)), default=Fraction(1))
        if goal.objective == "gini":
            return -self.unlikeness(self.shares(goal, opened, served))
        trips = self.trips(opened, served, goal.people)
        if goal.objective == "min-time":
            return -sum(n * m for n, m in trips)
        return -max((m for n, m in trips if n), default=0)

    def unlikeness(self, shares):
        """Half of what two people differ by in the mean, over the mean; a millionth is not told apart."""
        total = sum(n for _, n in shares)
        mean = sum(share * n for share, n in shares)
        if not mean:
            return Fraction(1 if shares else 0)
        apart = sum(abs(a - b) * n * m for a, n in shares for b, m in shares) / 2
        return Fraction(math.ceil(apart / (total * mean) * 1_000_000), 1_000_000)

    def shares(self, goal, opened, served):
        shares = []
        areas = self.asked["areas"][goal.level]
        for area in set(areas):
            here = [c for c in sorted(self.reachable) if areas[c] == area]
            total = sum(self.people[goal.people][c] for c in here)
            if total:
                covered = sum(self.points(c, opened, served, goal.people) for c in here)
                shares.append((covered / Fraction(total), total))
        return shares

    def best(self):
        """The best values of the chain; None where no choice keeps the rules."""
        values = [tuple(self.value(g, *choice) for g in self.goals) for choice in self.choices()]
        return max(values, default=None)


def _agrees(asked, minutes):
    problem = ask(asked, minutes)
    plan = solve_siting(problem)
    verify_plan(problem, plan)
    best = ByHand(asked, minutes).best()
    if best is None:
        assert (plan.status, plan.chosen) == ("infeasible", ())
        assert plan.reasons
    else:
        assert plan.status == "optimal"
        assert [v.value for v in plan.levels] == [float(abs(b)) for b in best]
    verify_record(json.loads(json.dumps(plan_record(plan, problem))))


@examples(25, 600)
@given(questions())
def test_no_choice_is_better_by_any_goal_under_any_rules(drawn):
    _agrees(*drawn)


@examples(15, 400)
@given(questions(capacity=True))
def test_no_choice_is_better_where_sites_have_a_capacity(drawn):
    _agrees(*drawn)


@pytest.mark.slow
@examples(2000, 2000)
@given(st.one_of(questions(), questions(capacity=True)))
def test_no_choice_is_better_two_thousand_times(drawn):
    _agrees(*drawn)


@pytest.mark.parametrize("sites", [6, 12])
@pytest.mark.parametrize("objective", ["max-cover", "min-time", "min-cost"])
def test_what_tolerances_leave_open_is_closed(objective, sites):
    rng = np.random.default_rng(sites)
    minutes = pd.DataFrame(rng.integers(1, 40, (20, sites)))
    problem = siting_from_matrix(
        minutes, rng.integers(1, 900, 20), within=20, objective=objective, new_sites=min(4, sites - 2),
        coverage=Coverage(at_least=3000), sites=pd.DataFrame({"cost_yuan": rng.integers(1, 99, sites)}),
    )  # fmt: skip
    best, rules, goal = solve_siting(problem), QuestionRules(Measure(problem)), problem.goals[0]
    told = []
    search = GoalSearch(Model(rules), goal, rules, budget=SearchBudget(incumbent=told.append))
    some = next(
        c for few in itertools.combinations(range(sites), min(4, sites - 2))
        if rules.hold(c := Choice(np.isin(np.arange(sites), few)))
    )  # fmt: skip
    answer = search.finish(
        SearchResult(some, rules.measure.value(some, goal), counting_bound(rules.measure, goal), "nobody")
    )
    assert answer.bound == rules.measure.value(answer.choice, goal)
    assert in_plan_units(goal, answer.bound) == best.value and best.status == "optimal"


def test_few_sites_are_proven_whatever_the_numbers():
    rng = np.random.default_rng(45)
    minutes, people = rng.integers(0, 30, (8, 6)), rng.integers(1, 3 * 10**9, 8)
    asked = {"within": 15, "objective": "max-cover", "new_sites": 3, "coverage": Coverage(backup=2)}
    plan = solve_siting(siting_from_matrix(minutes, people, **asked))
    assert plan.status == "optimal" and plan.stopped == ""
