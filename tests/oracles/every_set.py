"""Every set of sites of a small question with the best that it comes to, in plain Python: a third opinion.

Written from what the rules say, without a look at how they are kept. Unlike ``every_choice`` it knows the farthest
that anybody may have and the least load, and tells of every set what it comes to, so that lists of near-best plans,
ties and reserves can be held against it. Whole communities: every way to go is tried; shared out: persons are matched
with places.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

import quarterhour as qh
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota

FREE_GOALS = ("max-cover", "min-time", "min-worst", "min-sites", "min-cost", "equity", "gini")
SHARED_CHAINS = (["max-cover"], ["max-cover", "min-time"], ["min-sites", "max-cover"], ["min-time"], ["min-cost"])
_NOWHERE = -1


def draw(seed, *, kind=None):
    """A small question as keyword arguments; ``kind``: free, whole or shared."""
    rng = np.random.default_rng(seed)
    some = lambda share: rng.random() < share  # noqa: E731 - draws from this rng
    kind = kind or str(rng.choice(["free", "whole", "shared"]))
    m = int(rng.integers(1, {"free": 9, "whole": 6, "shared": 6}[kind]))
    n = int(rng.integers(1, {"free": 11, "whole": 7, "shared": 7}[kind]))
    minutes = rng.choice([0, 2.5, 4, 7, 10, 10.0001, 15, 15.0001, 22, 30, np.nan], (n, m))
    if n > 2 and some(0.3):
        minutes[1], minutes[-1] = minutes[0], minutes[0]
    if m > 2 and some(0.3):
        minutes[:, 1] = minutes[:, 0]
    top = int(rng.choice([1, 4, 9] if kind == "shared" else [1, 4, 9, 10**6]))
    people = {"old": rng.integers(0, top + 1, n), "poor": rng.integers(0, top // 2 + 1, n)}
    homes, places = [f"c{k}" for k in range(n)], [f"s{k}" for k in range(m)]
    state = rng.choice(["candidate"] * 7 + ["existing", "required", "upgradeable"], m)
    total = int(people["old"].sum())
    capacity = [None if some(0.15) else int(rng.integers(0, 2 + 2 * max(1, total) // max(1, m - 1))) for _ in range(m)]
    sites = pd.DataFrame({
        "state": state, "town": rng.choice(["T0", "T1", "T2"], m), "county": rng.choice(["K0", "K1"], m),
        "cost_yuan": rng.integers(0, int(rng.choice([2, 6, 10**7])), m),
        "running_yuan": rng.integers(0, 4, m), "capacity": pd.array(capacity, dtype="Int64"),
    }, places)  # fmt: skip
    if some(0.35):
        sites["least_load"] = pd.array([int(x) for x in rng.integers(0, 1 + max(2, total) // 2, m)], dtype="Int64")
    asked = {
        "minutes": pd.DataFrame(minutes, homes, places), "demand": pd.DataFrame(people, homes), "sites": sites,
        "people": "old", "within": Standard(15.0, ((4.0, 100), (10.0, 60), (15.0, 30)) if some(0.2) else ()),
        "new_sites": int(rng.choice([0, 1, 2, 3, m])),
        "areas": pd.DataFrame({"town": rng.choice(["T0", "T1", "T2"], n), "county": "K0"}, homes),
    }  # fmt: skip
    names = [*rng.permutation(FREE_GOALS)[: int(rng.choice([1, 1, 2, 3]))]]
    if kind == "shared":
        names = SHARED_CHAINS[int(rng.integers(len(SHARED_CHAINS)))]
    column = lambda: "poor" if kind != "shared" and some(0.15) else ""  # noqa: E731
    asked["objective"] = [Goal(str(g), column()) for g in names]
    everyone = [None, False, False, True][int(rng.integers(4))]
    least = int(rng.integers(0, total + 1)) if some(0.15) and not (kind == "shared" and "min-time" in names) else 0
    free = kind == "free"
    asked["coverage"] = Coverage(
        backup=int(rng.choice([0, 40])) if free and some(0.15) else None, everyone=everyone, at_least=least,
        farthest=float(rng.choice([4, 10, 15, 15.0001, 22, 30, 100])) if free and some(0.4) else None,
    )  # fmt: skip
    asked["quotas"] = _quotas(rng) if some(0.35) else []
    if some(0.2):
        asked["budget"] = Budget(int(rng.integers(0, sites["cost_yuan"].sum() + 3)), int(rng.integers(0, 3)))
    if some(0.2) and m > 2:
        asked["conflicts"] = [sorted(rng.permutation(places)[:2].tolist())]
    if not free:
        load = rng.integers(0, 9, n) * (people["old"] > 0)
        own = kind == "whole" and some(0.4)
        asked["capacity"] = Capacity("beds", pd.Series(load, homes) if own else None, kind == "shared")
    return asked


def _quotas(rng):
    made = []
    for level, areas in (("town", ["T0", "T1", "T2"]), ("county", ["K0", "K1"])):
        if rng.random() < 0.7:
            low = int(rng.integers(0, 3))
            high = None if rng.random() < 0.5 else low + int(rng.integers(0, 3))
            made.append(
                Quota(level, tuple(sorted(rng.permutation(areas)[: int(rng.integers(1, 3))].tolist())), low, high)
            )
    return made


def ask(asked, **changed):
    """The question."""
    given = {**asked, **changed}
    minutes, demand = given.pop("minutes"), given.pop("demand")
    return qh.siting_from_matrix(minutes, demand, searched=200, **given)


def shuffled(asked, seed):
    """The same question, rows and sites in another order."""
    rng = np.random.default_rng(seed)
    rows, places = rng.permutation(len(asked["demand"])), rng.permutation(len(asked["sites"]))
    other = {**asked, "minutes": asked["minutes"].iloc[rows, places], "sites": asked["sites"].iloc[places]}
    for table in ("demand", "areas"):
        other[table] = asked[table].iloc[rows]
    capacity = asked.get("capacity")
    if capacity is not None and capacity.load is not None:
        other["capacity"] = Capacity("beds", capacity.load.iloc[rows], capacity.split)
    return other


class EverySet:
    """By set of new sites (ids) the best values that it comes to, goal by goal; sets that break a rule are not there.

    Values as they are counted: ten thousandths of people, people x centiseconds, centiseconds, shares, millionths.
    """

    def __init__(self, asked):
        self.asked, sites = asked, asked["sites"]
        self.ids, self.n = list(sites.index), len(asked["demand"])
        self.goals, self.coverage = asked["objective"], asked["coverage"]
        self.state = sites["state"].tolist()
        minutes = asked["minutes"].to_numpy()
        self.cs = [[None if math.isnan(t) else round(t * 6000) for t in row] for row in minutes]
        self.limit = round(asked["within"].minutes * 6000)
        self.near = [[t is not None and t <= self.limit for t in row] for row in self.cs]
        self.people = {"": asked["demand"]["old"].tolist(), "poor": asked["demand"]["poor"].tolist()}
        enough = 2 if self.coverage.backup == 0 else 1
        self.reach = [sum(row) >= enough for row in self.near]
        columns = {"", *(g.people for g in self.goals)}
        self.counts = [any(self.people[c][i] > 0 for c in columns) for i in range(self.n)]
        of_coverage = self.goals[0].objective in ("max-cover", "equity", "gini")
        said = self.coverage.everyone
        self.everyone = said if said is not None else not of_coverage and not self.coverage.at_least
        self.capacity = asked.get("capacity")
        self.room = [10**9 if pd.isna(c) else int(c) for c in sites["capacity"]]
        asks = sites["least_load"] if "least_load" in sites else [0] * len(sites)
        self.least = [0 if s == "existing" else int(x) for s, x in zip(self.state, asks, strict=True)]
        own = None if self.capacity is None else self.capacity.load
        self.load = self.people[""] if own is None else own.tolist()
        budget = asked.get("budget", Budget())
        self.cost = [int(a + budget.years * b) for a, b in zip(sites["cost_yuan"], sites["running_yuan"], strict=True)]
        self.values = {}
        for opened in self._lawful():
            best = self._best(opened)
            if best is not None:
                built = frozenset(self.ids[s] for s in opened if self.state[s] != "existing")
                self.values[built] = best

    # --- sets of sites ------------------------------------------------------------------------------

    def _lawful(self):
        fixed = [s for s, state in enumerate(self.state) if state in ("existing", "required")]
        free = [s for s in range(len(self.ids)) if s not in fixed]
        for count in range(len(free) + 1):
            for some in itertools.combinations(free, count):
                opened = sorted([*fixed, *some])
                if self.keeps(opened):
                    yield opened

    def keeps(self, opened):
        """Whether a set keeps the rules on sites."""
        asked, built = self.asked, [s for s in opened if self.state[s] != "existing"]
        if asked["new_sites"] is not None and len(built) > asked["new_sites"]:
            return False
        yuan = asked.get("budget", Budget()).yuan
        if yuan is not None and sum(self.cost[s] for s in built) > yuan:
            return False
        names = {self.ids[s] for s in opened}
        if any(len(names & {*group}) > 1 for group in asked.get("conflicts", [])):
            return False
        for quota in asked["quotas"]:
            column = asked["sites"][quota.level].tolist()
            for area in quota.areas:
                inside = [s for s in range(len(self.ids)) if column[s] == area]
                count = len({*inside} & {*opened})
                if count < min(quota.minimum, len(inside)) or (quota.maximum is not None and count > quota.maximum):
                    return False
        return self._near_enough(opened)

    def _near_enough(self, opened):
        if self.coverage.farthest is None:
            return True
        farthest = round(self.coverage.farthest * 6000)
        for i in range(self.n):
            near = {s for s, t in enumerate(self.cs[i]) if t is not None and t <= farthest}
            if self.counts[i] and near and not near & {*opened}:
                return False
        return True

    # --- what a set comes to ------------------------------------------------------------------------

    def _best(self, opened):
        if self.capacity is None:
            return self._nearest(opened)
        return self._shared(opened) if self.capacity.split else self._whole(opened)

    def percent(self, i, s):
        """What share of the people of a community counts at a site within the standard."""
        ladder = self.asked["within"].steps or ((self.asked["within"].minutes, 100),)
        return next(p for minutes, p in ladder if self.cs[i][s] <= round(minutes * 6000))

    def nearest(self, opened, i):
        """The nearest open site within the standard, the first of several; None without one."""
        return min(((self.cs[i][s], s) for s in opened if self.near[i][s]), default=(None, None))[1]

    def share(self, opened, i):
        """How well a community is covered, in ten thousandths."""
        ranked = sorted((self.percent(i, s) for s in opened if self.near[i][s]), reverse=True)
        first, second = (*ranked, 0, 0)[:2]
        if self.coverage.backup is None:
            return 100 * first
        return max(self.coverage.backup * first, 100 * second)

    def _nearest(self, opened):
        shares, went = ([f(opened, i) for i in range(self.n)] for f in (self.share, self.nearest))
        for s in opened:
            if sum(n for n, w in zip(self.people[""], went, strict=True) if w == s) < self.least[s]:
                return None
        legs = [self.limit if w is None else self.cs[i][w] for i, w in enumerate(went)]
        return self._worth(opened, shares, legs)

    def _worth(self, opened, shares, legs):
        """The values where these hold what is asked of coverage, else None."""
        if self.everyone and any(r and c and not s for r, c, s in zip(self.reach, self.counts, shares, strict=True)):
            return None
        if sum(n * s for n, s in zip(self.people[""], shares, strict=True)) < 10_000 * self.coverage.at_least:
            return None
        return [self._value(goal, opened, shares, legs) for goal in self.goals]

    def _value(self, goal, opened, shares, legs):
        people = self.people[goal.people]
        built = [s for s in opened if self.state[s] != "existing"]
        if goal.objective == "min-sites":
            return len(built)
        if goal.objective == "min-cost":
            return sum(self.cost[s] for s in built)
        if goal.objective == "max-cover":
            return sum(n * s for n, s in zip(people, shares, strict=True))
        if goal.objective == "min-time":
            return sum(n * t for n, t, r in zip(people, legs, self.reach, strict=True) if r)
        if goal.objective == "min-worst":
            return max((t for n, t, r in zip(people, legs, self.reach, strict=True) if r and n > 0), default=0)
        areas = {}
        for i, town in enumerate(self.asked["areas"]["town"]):
            if self.reach[i] and people[i]:
                total, covered = areas.get(town, (0, 0))
                areas[town] = total + people[i], covered + people[i] * shares[i]
        if goal.objective == "equity":
            return min((Fraction(c, 10_000 * n) for n, c in areas.values()), default=Fraction(1))
        return _gini([(n, Fraction(c, n)) for n, c in areas.values()])

    def rank(self, values):
        """Less is better."""
        return [-v if g.most else v for g, v in zip(self.goals, values, strict=True)]

    def _whole(self, opened):
        """Every way to go, each community to one open site within its room, or nowhere."""
        ways = [[_NOWHERE, *(s for s in opened if self.near[i][s] and self.counts[i])] for i in range(self.n)]
        best = None
        for went in itertools.product(*ways):
            used = dict.fromkeys(opened, 0)
            for i, s in enumerate(went):
                if s != _NOWHERE:
                    used[s] += self.load[i]
            if any(not self.least[s] <= used[s] <= self.room[s] for s in opened):
                continue
            shares = [0 if s == _NOWHERE else 100 * self.percent(i, s) for i, s in enumerate(went)]
            legs = [self.limit if s == _NOWHERE else self.cs[i][s] for i, s in enumerate(went)]
            values = self._worth(opened, shares, legs)
            if values is not None and (best is None or self.rank(values) < self.rank(best)):
                best = values
        return best

    def _shared(self, opened):
        """Persons matched with places: what must be filled first, then whoever must have one, then the goals."""
        persons = [i for i in range(self.n) for _ in range(self.people[""][i]) if self.reach[i]]
        places = [(s, k < self.least[s]) for s in opened for k in range(max(min(self.room[s], len(persons)), 0))]
        if any(self.least[s] > min(self.room[s], len(persons)) for s in opened):
            return None
        order = [g.objective for g in self.goals if g.objective in ("max-cover", "min-time")]
        if self.everyone or self.coverage.at_least:
            order.insert(0, "persons")
        many = len(persons) + 1
        weigh = {"persons": 1, "max-cover": 10_000, "min-time": self.limit}
        scale, factor = 1, {}
        for name in reversed(order):
            factor[name], scale = scale, scale * many * (weigh[name] + 1)
        must, away = scale, {}
        for i in {*persons}:
            away[i] = factor.get("min-time", 0) * self.limit
        cost = np.full((len(persons), len(places) + len(persons)), 2**60, dtype=object)
        for r, i in enumerate(persons):
            cost[r, len(places) :] = away[i]
            for c, (s, first) in enumerate(places):
                if self.near[i][s]:
                    cost[r, c] = (
                        factor.get("min-time", 0) * self.cs[i][s]
                        - factor.get("persons", 0)
                        - factor.get("max-cover", 0) * 100 * self.percent(i, s)
                        - must * first
                    )
        if not len(persons):
            went = []
        else:
            assert must * many < 2**53
            rows, columns = linear_sum_assignment(cost.astype(float))
            went = [(persons[r], places[c][0]) for r, c in zip(rows, columns, strict=True) if c < len(places)]
        return self._worth_shared(opened, persons, went)

    def _worth_shared(self, opened, persons, went):
        used = {s: sum(t == s for _, t in went) for s in opened}
        if any(used[s] < self.least[s] for s in opened):
            return None
        if self.everyone and len(went) < len(persons):
            return None
        points = sum(100 * self.percent(i, s) for i, s in went)
        if points < 10_000 * self.coverage.at_least:
            return None
        time = sum(self.cs[i][s] for i, s in went) + self.limit * (len(persons) - len(went))
        built = [s for s in opened if self.state[s] != "existing"]
        known = {"max-cover": points, "min-time": time, "min-sites": len(built),
                 "min-cost": sum(self.cost[s] for s in built)}  # fmt: skip
        return [known[g.objective] for g in self.goals]

    # --- what is asked of them ------------------------------------------------------------------------

    def best(self):
        """The best values of all sets; None where none keeps the rules."""
        return min(self.values.values(), key=self.rank, default=None)

    def differing(self, known, least):
        """Values of the sets that leave out so many of each known one, the best first."""
        must = {i for i, s in zip(self.ids, self.state, strict=True) if s == "required"}
        left = [v for built, v in self.values.items() if all(len(k - must - built) >= least for k in known)]
        return sorted(left, key=self.rank)


def _gini(areas):
    total, covered = sum(n for n, _ in areas), sum(n * s for n, s in areas)
    if not covered:
        return 1_000_000 if areas else 0
    apart = sum(n * m * abs(a - b) for (n, a), (m, b) in itertools.combinations(areas, 2))
    return math.ceil(1_000_000 * apart / (total * covered))
