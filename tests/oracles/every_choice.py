"""A second opinion on plans: every set of sites weighed by arrays of whole numbers, and an integer program of its own.

Written from what the questions say they mean, without a look at how they are answered: up to 12 sites all sets of them
are tried at once; where people are shared out among sites that fill up, and where sites are many, scipy's integer
programming answers instead, from a model that is built here.
"""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

import quarterhour as qh
from quarterhour.siting.proof.plan_record import plan_record, verify_record
from quarterhour.siting.question.problem import Coverage, Goal, Standard
from quarterhour.siting.question.rules import Budget, Capacity, Quota, Spacing

GOALS = ["max-cover", "min-sites", "min-time", "min-worst", "min-cost", "equity", "gini"]
RULES = [
    "plain", "existing", "required", "upgradeable", "quotas", "nested", "maximum", "tier quotas", "tier", "budget",
    "running", "split", "whole", "conflicts", "spacing", "backup", "steps", "standards", "at least", "everyone",
    "weights", "column",
]  # fmt: skip
UNIT = {"max-cover": 10_000, "min-time": 6000, "min-worst": 6000, "gini": 1_000_000}
FAR = 10**9


# --- questions ------------------------------------------------------------------------------------


def make(seed, goals, rules, *, sites=None, communities=None):
    """A question as plain keyword arguments; few sites on a coarse grid, or more of them on a plane."""
    rng = np.random.default_rng(seed)
    pick = lambda *those: those[int(rng.integers(len(those)))]  # noqa: E731 - draws from this rng
    split, whole = "split" in rules, "whole" in rules and "split" not in rules
    m = sites or int(rng.integers(1, 6 if whole else 8 if split else 10))
    n = communities or int(rng.integers(1, 6 if whole else 8 if split else 12))
    minutes = rng.choice([0, 1, 4, 7, 10, 10.0001, 15, 15.0001, 20, np.nan], (n, m))
    if sites is not None:
        a, b = rng.random((n, 2)) * 30, rng.random((m, 2)) * 30
        minutes = np.round(np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1)), 2)
    top = pick(2, 5, 9, 100)
    people = {"old": rng.integers(0, top + 1, n), "poor": rng.integers(0, top // 2 + 1, n)}
    demand = pd.DataFrame(people, pd.Index([f"c{k}" for k in range(n)], dtype="str"))
    state = np.full(m, "candidate", dtype=object)
    for name in ("existing", "required", "upgradeable"):
        if name in rules:
            state[rng.random(m) < 0.25] = name
    town = np.array([f"T{k}" for k in rng.integers(0, 3, m)], dtype=object)
    county = ["K0" if (t == "T0" if "nested" in rules else rng.integers(2)) else "K1" for t in town]
    tiers = rng.choice(["", "low", "low high", "high"], m) if {"tier", "tier quotas"} & set(rules) else [""] * m
    room = [None if rng.random() < 0.2 else int(x) for x in rng.integers(0, 2 + 2 * top * n // m, m)]
    table = pd.DataFrame(
        {
            "state": state, "town": town, "county": county, "name": "", "quality": "fact", "tiers": tiers,
            "cost_yuan": rng.integers(0, pick(3, 8, 1000), m), "running_yuan": rng.integers(0, pick(2, 50), m),
            "capacity": pd.array(room, dtype="Int64"),
            "x": rng.integers(0, 8, m) * 1.0, "y": rng.integers(0, 3, m) * 1.0,
        },
        pd.Index([f"s{k}" for k in range(m)], dtype="str"),
    )  # fmt: skip
    asked = {"minutes": minutes, "demand": demand, "sites": table, "people": "old"}
    if "weights" in rules:
        asked["people"] = pick({"old": 1, "poor": 2}, {"poor": 1}, "poor")
    column = lambda: pick("", "poor") if "column" in rules and not split else ""  # noqa: E731
    chain = [Goal(g, column(), pick("town", "county") if g in ("equity", "gini") else "town") for g in goals]
    asked["objective"] = chain
    free = chain[0].objective in ("min-sites", "min-cost") and rng.random() < 0.6
    asked["new_sites"] = None if free else int(rng.integers(0, m + 2 if sites is None else m // 3))
    asked["quotas"] = _quotas(rng, rules, tiers)
    if {"budget", "running"} & set(rules):
        years = int(rng.integers(1, 4)) if "running" in rules else 0
        every = int((table["cost_yuan"] + years * table["running_yuan"]).sum())
        asked["budget"] = Budget(int(rng.integers(0, every + 1)), years)
    if "conflicts" in rules and m > 1:
        asked["conflicts"] = [rng.permutation(table.index)[: pick(2, 3)].tolist() for _ in range(pick(1, 2))]
    if "spacing" in rules:
        asked["spacing"] = Spacing(pick(1.0, 1.5, 2.0, 2.5), existing=pick(True, False))
    asked["coverage"] = Coverage(
        pick(0, 30, 50, 99) if "backup" in rules and not (split or whole) else None,
        pick("", *sorted({t for said in tiers for t in said.split()})) if "tier" in rules else "",
        pick(None, True, False) if "everyone" in rules else None,
        int(rng.integers(0, int(demand["old"].sum()) + 1)) if "at least" in rules else 0,
    )
    areas = {"town": rng.choice(["T0", "T1", "T2", ""], n), "county": rng.choice(["K0", "K1"], n)}
    asked["areas"] = pd.DataFrame(areas, demand.index)
    asked["areas"].iloc[0, 0] = "T0"
    steps = ((4.0, 100), (10.0, 60), (15.0, 25)) if "steps" in rules else ()
    asked["within"] = Standard(15.0, steps)
    if "standards" in rules:
        asked["within"] = {"urban": Standard(15.0, steps), "rural": Standard(7.0)}
        asked["classes"] = pd.Series(rng.choice(["urban", "rural"], n), demand.index)
    if split or whole:
        asked["capacity"] = Capacity("beds", _load(rng, asked) if whole and pick(True, False) else None, split)
    return asked


def _quotas(rng, rules, tiers):
    if not {"quotas", "nested", "maximum", "tier quotas"} & set(rules):
        return []
    quotas, known = [], ["", *sorted({t for said in tiers for t in said.split()})]
    for level, names in (("town", ["T0", "T1", "T2", "T9"]), ("county", ["K0", "K1"])):
        some = rng.permutation(names)[: int(rng.integers(1, len(names) + 1))].tolist()
        low = int(rng.integers(0, 3))
        high = low + int(rng.integers(0, 3)) if "maximum" in rules else None
        quotas.append(Quota(level, tuple(some), low, high, known[int(rng.integers(len(known)))]))
    return quotas


def _load(rng, asked):
    counted = Facts(asked).people[""]
    return pd.Series(np.where(counted > 0, counted // 2 + rng.integers(0, 2, len(counted)), 0), asked["demand"].index)


def ask(asked, **changed):
    given_ = {**asked, **changed}
    minutes, demand, sites = (given_.pop(k) for k in ("minutes", "demand", "sites"))
    return qh.siting_from_matrix(pd.DataFrame(minutes, demand.index, sites.index), demand, sites=sites, **given_)


# --- what a question says, in arrays ----------------------------------------------------------------


class Facts:
    """A question as arrays of whole numbers; times in centiseconds, shares in ten thousandths of a person."""

    def __init__(self, asked):
        sites, demand = asked["sites"], asked["demand"]
        self.asked, self.n, self.m = asked, len(demand), len(sites)
        weights = asked["people"] if isinstance(asked["people"], dict) else {asked["people"]: 1}
        self.people = {"": sum(demand[k].to_numpy() * w for k, w in weights.items()), "poor": demand["poor"].to_numpy()}
        self.goals, self.coverage = asked["objective"], asked.get("coverage", Coverage())
        self.standing, self.required = (sites["state"].eq(s).to_numpy() for s in ("existing", "required"))
        self.tiers = [said.split() for said in sites["tiers"]]
        self.limit, self.cs, self.percent = self._times()
        self.near = self.cs < FAR
        self.reach = self.near.sum(axis=1) >= (2 if self.coverage.backup == 0 else 1)
        columns = {"", *(g.people for g in self.goals)}
        self.part = self.reach & np.any([self.people[c] > 0 for c in columns], axis=0)
        first_least = self.goals[0].objective not in ("max-cover", "equity", "gini")
        said = self.coverage.everyone
        self.everyone = said if said is not None else first_least and not self.coverage.at_least
        self.budget = asked.get("budget", Budget())
        whole = sites["cost_yuan"].to_numpy() + self.budget.years * sites["running_yuan"].to_numpy()
        self.yuan = np.where(self.standing, 0, whole)
        self.capacity = asked.get("capacity")
        if self.capacity is not None:
            self.load = self.people[""] if self.capacity.load is None else self.capacity.load.to_numpy()
            self.room = sites["capacity"].fillna(FAR).to_numpy(dtype=np.int64)
        self.apart, self.quotas = self._apart(), self._quotas()

    def _times(self):
        limit, cs, percent = np.zeros(self.n, int), np.full((self.n, self.m), FAR), np.zeros((self.n, self.m), int)
        for i, j in itertools.product(range(self.n), range(self.m)):
            within = self.asked["within"]
            standard = within[self.asked["classes"].iloc[i]] if isinstance(within, dict) else within
            limit[i] = round(standard.minutes * 6000)
            leg = self.asked["minutes"][i, j]
            wrong_tier = self.coverage.tier and self.coverage.tier not in self.tiers[j]
            if wrong_tier or math.isnan(leg) or round(leg * 6000) > limit[i]:
                continue
            cs[i, j] = round(leg * 6000)
            steps = standard.steps or ((standard.minutes, 100),)
            percent[i, j] = next(p for step, p in steps if cs[i, j] <= round(step * 6000))
        return limit, cs, percent

    def _apart(self):
        """Pairs of which at most one may be open."""
        sites, spacing = self.asked["sites"], self.asked.get("spacing")
        pairs = {p for g in self.asked.get("conflicts", ()) for p in itertools.combinations(sorted(g), 2)}
        for a, b in itertools.combinations(sorted(sites.index), 2) if spacing else ():
            one, other = sites.loc[a], sites.loc[b]
            new = [s["state"] in ("candidate", "required") for s in (one, other)]
            close = math.hypot(one["x"] - other["x"], one["y"] - other["y"]) < spacing.metres
            if close and (any(new) if spacing.existing else all(new)):
                pairs.add((a, b))
        return sites.index.get_indexer(pd.Index(np.array(sorted(pairs)).ravel())).reshape(-1, 2)

    def _quotas(self):
        """Which sites count, how many at least, how many at most."""
        rows = []
        for quota in self.asked.get("quotas", ()):
            counts = np.array([not quota.tier or quota.tier in t for t in self.tiers])
            for area in quota.areas:
                inside = counts & self.asked["sites"][quota.level].eq(area).to_numpy()
                rows.append(
                    (inside, min(quota.minimum, inside.sum()), self.m if quota.maximum is None else quota.maximum)
                )
        return rows

    def areas(self, goal):
        """The rows of each area that could be covered, and their people."""
        names = self.asked["areas"][goal.level].to_numpy()
        rows = [np.flatnonzero((names == a) & self.reach) for a in sorted(set(names) - {""})]
        return [(r, int(self.people[goal.people][r].sum())) for r in rows if self.people[goal.people][r].sum()]


# --- every set of sites ---------------------------------------------------------------------------


def choices(f):
    """Every set of open sites that keeps the rules on sites alone."""
    free = np.flatnonzero(~(f.standing | f.required))
    opened = np.tile(f.standing | f.required, (1 << len(free), 1))
    for bit, site in enumerate(free):
        opened[:, site] = np.arange(1 << len(free)) >> bit & 1
    built = opened & ~f.standing
    ok = np.ones(len(opened), dtype=bool)
    if f.asked["new_sites"] is not None:
        ok &= built.sum(axis=1) <= f.asked["new_sites"]
    if f.budget.yuan is not None:
        ok &= built @ f.yuan <= f.budget.yuan
    for a, b in f.apart:
        ok &= ~(opened[:, a] & opened[:, b])
    for inside, low, high in f.quotas:
        ok &= ((opened & inside).sum(axis=1) >= low) & ((opened & inside).sum(axis=1) <= high)
    return opened[ok]


def best_by_trying(f):
    """The best of the chain, larger always better; None where nothing keeps the rules."""
    return best_sets(f, *weighed(f))[1]


def weighed(f):
    """Every set of sites, how well each community is covered by it, and how far it has."""
    opened = choices(f)
    ranked = np.sort(f.percent[None] * opened[:, None, :], axis=2)
    first, second = ranked[:, :, -1], ranked[:, :, -2] if f.m > 1 else 0 * ranked[:, :, -1]
    alone = f.coverage.backup
    share = 100 * first if alone is None else np.maximum(alone * first, 100 * second)
    legs = np.where(opened[:, None, :], f.cs[None], FAR).min(axis=2, initial=FAR)
    return opened, share, np.minimum(legs, f.limit)


def best_by_assigning(f):
    """The same where each community goes whole to one site with room, or nowhere: every way to go."""
    rows = np.flatnonzero(f.part)
    ways = [[-1, *np.flatnonzero(f.near[i])] for i in rows]
    every = np.array(list(itertools.product(*ways)), dtype=int).reshape(math.prod(map(len, ways)), len(rows))
    goes = np.full((len(every), f.n), -1)
    goes[:, rows] = every
    here = goes[:, :, None] == np.arange(f.m)
    fits = ((here * f.load[None, :, None]).sum(axis=1) <= f.room).all(axis=1)
    goes, here = goes[fits], here[fits]
    opened = choices(f)
    way, chosen = np.nonzero(~(here.any(axis=1)[:, None, :] & ~opened[None]).any(axis=2))
    share = np.where(here, 100 * f.percent[None], 0).sum(axis=2)[way]
    legs = np.where(goes < 0, f.limit, np.where(here, f.cs[None], 0).sum(axis=2))[way]
    return best_sets(f, opened[chosen], share, legs)[1]


def best_sets(f, opened, share, legs):
    """Of some sets of sites those that are best by the whole chain, and their worth by each goal; None without any."""
    ok = (share * f.people[""]).sum(axis=1) >= 10_000 * f.coverage.at_least
    if f.everyone:
        ok &= (share[:, f.part] > 0).all(axis=1)
    opened, share, legs, best = opened[ok], share[ok], legs[ok], []
    for goal in f.goals:
        if not len(opened):
            return opened, None
        worth = _worth(f, goal, opened & ~f.standing, share * f.people[goal.people], legs)
        best.append(max(worth))
        opened, share, legs = (a[worth == best[-1]] for a in (opened, share, legs))
    return opened, best


def _worth(f, goal, built, points, legs):
    people = f.people[goal.people]
    if goal.objective == "min-sites":
        return -built.sum(axis=1)
    if goal.objective == "min-cost":
        return -(built @ f.yuan)
    if goal.objective == "max-cover":
        return points.sum(axis=1)
    if goal.objective == "min-time":
        return -(legs * people * f.reach).sum(axis=1)
    if goal.objective == "min-worst":
        return -np.where(f.reach & (people > 0), legs, 0).max(axis=1)
    if goal.objective == "gini":
        return -_millionths(f.areas(goal), points)
    shares = [[Fraction(int(p), 10_000 * n) for p in points[:, rows].sum(axis=1)] for rows, n in f.areas(goal)]
    return np.array([min(row) for row in zip(*shares, strict=True)] or [Fraction(1)] * len(built), dtype=object)


def _millionths(areas, points):
    """Gini by its definition: the differences of every two areas, over the people and what is covered of them."""
    if not areas:
        return np.zeros(len(points), dtype=np.int64)
    had = np.array([points[:, rows].sum(axis=1) for rows, _ in areas])
    pairs = itertools.combinations(zip(had, (n for _, n in areas), strict=True), 2)
    apart = sum((abs(m * a - n * b) for (a, n), (b, m) in pairs), start=np.zeros(len(points), dtype=np.int64))
    over = sum(n for _, n in areas) * had.sum(axis=0)
    return np.where(over > 0, -(-1_000_000 * apart // np.maximum(over, 1)), 1_000_000)


# --- an integer program of its own ----------------------------------------------------------------


class UndecidedError(Exception):
    """Scipy's program runs on and on, as a rule where areas whose people are shared out may be nearly alike."""


class Program:
    """A whole question for scipy: goal after goal, each kept by a row."""

    def __init__(self, f):
        self.f, self.most, self.whole, self.rows, self.x, self.w = f, [], [], [], {}, {}
        self.y = [self._column(1) for _ in range(f.m)]
        for s in np.flatnonzero(f.standing | f.required):
            self._row({self.y[s]: 1}, 1, 1)
        self.new = {self.y[s]: 1 for s in np.flatnonzero(~f.standing)}
        self.money = {self.y[s]: int(f.yuan[s]) for s in range(f.m)}
        for terms, most in ((self.new, f.asked["new_sites"]), (self.money, f.budget.yuan)):
            if most is not None:
                self._row(terms, -np.inf, most)
        for a, b in f.apart:
            self._row({self.y[a]: 1, self.y[b]: 1}, 0, 1)
        for inside, low, high in f.quotas:
            self._row({self.y[s]: 1 for s in np.flatnonzero(inside)}, low, high)
        self._go()
        if f.capacity is None:
            self._cover()
        self._row(self.points(""), 10_000 * f.coverage.at_least, np.inf)

    def _column(self, most, *, whole=True):
        self.most.append(most)
        self.whole.append(whole)
        return len(self.most) - 1

    def _row(self, terms, low, high):
        self.rows.append((dict(terms), low, high))

    def _go(self):
        """x: how many of a community go to a site; 0 or 1 where it goes whole."""
        f, split = self.f, self.f.capacity is not None and self.f.capacity.split
        for i in np.flatnonzero(f.part):
            whole = int(f.people[""][i]) if split else 1
            mine = {(i, s): self._column(whole) for s in np.flatnonzero(f.near[i])}
            self.x |= mine
            for (_, s), v in mine.items():
                self._row({v: 1, self.y[s]: -whole}, -np.inf, 0)
            must = f.everyone and f.capacity is not None
            self._row(dict.fromkeys(mine.values(), 1), whole if must else 0, whole)
        for s in range(f.m) if f.capacity is not None else ():
            used = {v: 1 if split else int(f.load[i]) for (i, t), v in self.x.items() if t == s}
            self._row(used, 0, int(f.room[s]))

    def _cover(self):
        """w: which way of being covered counts, by one site or by two, at least so near."""
        f, alone = self.f, self.f.coverage.backup
        for i in np.flatnonzero(f.part):
            mine = []
            for level in np.unique(f.percent[i][f.near[i]]).tolist():
                at = np.flatnonzero(f.near[i] & (f.percent[i] >= level))
                for sites, counts in ((1, 100 if alone is None else alone), (2, 0 if alone is None else 100)):
                    if counts and len(at) >= sites:
                        mine.append(self._column(1))
                        self.w[i, mine[-1]] = level * counts
                        self._row({mine[-1]: sites, **{self.y[s]: -1 for s in at}}, -np.inf, 0)
            self._row(dict.fromkeys(mine, 1), int(f.everyone), 1)
            if any(g.objective == "gini" for g in f.goals):
                self._cover_surely(i, mine)

    def _cover_surely(self, i, mine):
        """No way that counts less than one that is open."""
        f, alone = self.f, self.f.coverage.backup
        for s, t in itertools.combinations_with_replacement(np.flatnonzero(f.near[i]), 2):
            least, most = sorted((f.percent[i, s], f.percent[i, t]))
            one, two = 100 * most if alone is None else alone * most, 0 if alone is None or s == t else 100 * least
            better = {v: 1 for v in mine if self.w[i, v] >= max(one, two)}
            if max(one, two):
                self._row({**better, **{self.y[s]: -1, self.y[t]: -1}}, -1 if s != t else 0, np.inf)

    def points(self, column, rows=None):
        """Ten thousandths of people covered, of all rows or some."""
        f, people = self.f, self.f.people[column]
        if f.capacity is None:
            found = {(i, v): worth * people[i] for (i, v), worth in self.w.items()}
        else:
            found = {(i, v): 100 * f.percent[i, s] * self._each(people, i) for (i, s), v in self.x.items()}
        return {v: int(n) for (i, v), n in found.items() if rows is None or i in rows}

    def _each(self, people, i):
        return 1 if self.f.capacity is not None and self.f.capacity.split else people[i]

    def least(self, terms):
        """The least sum; None where no choice keeps the rows."""
        cost = np.bincount(list(terms), list(terms.values()), len(self.most)) if terms else np.zeros(len(self.most))
        entries = [(r, v, w) for r, (row, _, _) in enumerate(self.rows) for v, w in row.items()]
        r, v, w = np.array(entries, dtype=float).reshape(-1, 3).T
        matrix = sp.csr_array((w, (r.astype(int), v.astype(int))), shape=(len(self.rows), len(self.most)))
        low, high = (np.array([row[k] for row in self.rows], dtype=float) for k in (1, 2))
        found = milp(
            cost, integrality=np.array(self.whole, dtype=int), bounds=Bounds(0, np.array(self.most, dtype=float)),
            constraints=LinearConstraint(matrix, low, high), options={"mip_rel_gap": 0.0, "time_limit": 5},
        )  # fmt: skip
        if found.status == 1:
            raise UndecidedError
        assert found.status in (0, 2), found.message
        return None if found.status == 2 else round(found.fun)

    def best(self):
        """As ``best_by_trying``."""
        values = []
        for goal in self.f.goals:
            values.append(self._of(goal))
            if values[-1] is None:
                return None
        return values

    def _of(self, goal):
        f, people = self.f, self.f.people[goal.people]
        if goal.objective == "equity":
            return self._last(self._shares(goal), lambda share: self._share_rows(goal, share))
        if goal.objective == "gini":
            worst = self._last(range(1_000_000, -1, -1), self._alike(goal))
            return None if worst is None else -worst
        if goal.objective == "min-worst":
            rows = [i for i in np.flatnonzero(f.reach) if people[i] > 0]
            times = sorted({0, *f.limit[rows].tolist(), *f.cs[rows][f.near[rows]].tolist()}, reverse=True)
            worst = self._last(times, lambda cs: self._time_rows(rows, cs))
            return None if worst is None else -worst
        saved = {v: int(f.cs[i, s] - f.limit[i]) * self._each(people, i) for (i, s), v in self.x.items()}
        covered = {v: -n for v, n in self.points(goal.people).items()}
        terms = {"min-sites": self.new, "min-cost": self.money, "max-cover": covered, "min-time": saved}[goal.objective]
        least = self.least(terms)
        if least is None:
            return None
        self._row(terms, -np.inf, least)
        return -least - (int((f.limit * people * f.reach).sum()) if goal.objective == "min-time" else 0)

    def _last(self, steps, rows):
        """The last of the steps whose rows can be kept; they are kept then. None where not even the first can."""
        kept = list(self.rows)

        def holds(step):
            self.rows = [*kept, *rows(step)]
            return self.least({}) is not None

        if not holds(steps[0]):
            return None
        low, high = 0, len(steps) - 1
        while low < high:
            half = (low + high + 1) // 2
            low, high = (half, high) if holds(steps[half]) else (low, half - 1)
        self.rows = [*kept, *rows(steps[low])]
        return steps[low]

    def _time_rows(self, rows, cs):
        """Who has a longer standard goes to somewhere near enough, all of it; nobody goes farther."""
        f = self.f
        split = f.capacity is not None and f.capacity.split
        for i in rows:
            near = {v: 1 for (j, s), v in self.x.items() if j == i and f.cs[i, s] <= cs}
            far = {v: 1 for (j, s), v in self.x.items() if j == i and f.cs[i, s] > cs}
            yield far, 0, 0
            if f.limit[i] > cs:
                yield near, int(f.people[""][i]) if split else 1, np.inf

    def _alike(self, goal):
        """A column every two areas for their difference; then a row for each bound on the coefficient."""
        areas = [(self.points(goal.people, set(rows.tolist())), n) for rows, n in self.f.areas(goal)]
        unit = math.gcd(0, *(w for had, _ in areas for w in had.values()))
        apart = []
        for (a, n), (b, m) in itertools.combinations(areas, 2):
            terms = {v: m * w // unit for v, w in a.items()} | {v: -n * w // unit for v, w in b.items()}
            apart.append(self._column(sum(abs(w) * self.most[v] for v, w in terms.items()), whole=False))
            for sign in (1, -1):
                self._row({apart[-1]: 1, **{v: sign * w for v, w in terms.items()}}, 0, np.inf)
        every = sum(n for _, n in areas)
        over = {v: every * w // unit for had, _ in areas for v, w in had.items()}

        def rows(millionths):
            if over and millionths < 1_000_000:
                yield {v: w // every for v, w in over.items()}, 1, np.inf
                yield {**dict.fromkeys(apart, 1_000_000), **{v: -millionths * w for v, w in over.items()}}, -np.inf, 0
            elif areas and millionths < 1_000_000:
                yield {}, 1, np.inf

        return rows

    def _shares(self, goal):
        totals = {total for _, total in self.f.areas(goal)}
        return sorted({Fraction(k, 100 * t) for t in totals for k in range(100 * t + 1)} or {Fraction(1)})

    def _share_rows(self, goal, share):
        for rows, total in self.f.areas(goal):
            yield self.points(goal.people, set(rows.tolist())), math.ceil(share * total * 10_000), np.inf


# --- they agree -----------------------------------------------------------------------------------


def best(asked):
    f = Facts(asked)
    if f.capacity is None and f.m <= 12:
        return best_by_trying(f)
    return best_by_assigning(f) if f.m <= 6 and not f.capacity.split else Program(f).best()


def agrees(asked):
    problem = ask(asked)
    plan = qh.solve_siting(problem)
    qh.verify_plan(problem, plan)
    verify_record(json.loads(json.dumps(plan_record(plan, problem))))
    try:
        known = best(asked)
    except UndecidedError:
        return
    if known is None:
        assert (plan.status, plan.chosen) == ("infeasible", ())
        assert plan.reasons
        return
    said = [float(Fraction(abs(v)) / UNIT.get(g.objective, 1)) for v, g in zip(known, asked["objective"], strict=True)]
    assert not plan.reasons
    assert [level.value for level in plan.levels] == said
    assert [level.bound for level in plan.levels] == said
