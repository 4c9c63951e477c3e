"""What holds in every town, asked of thousands of drawn towns: each town and fact is one trial."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

import quarterhour as qh
from faults import drawn_towns as drawn
from faults.drawn_towns import FAR, HOMES, SITES, Towns
from faults.tally import Tally
from quarterhour.base.areal import whole_numbers
from quarterhour.base.arrays import BoolArray, IntArray
from quarterhour.network.from_edges import network_from_edges
from quarterhour.network.modes import as_mode
from quarterhour.network.snap import at_junctions
from quarterhour.services.beds import cheapest_conversion
from quarterhour.services.equity import measure_equity
from quarterhour.services.floating_catchments import assign_within, catchment_access
from quarterhour.standards.circle import Circle, CircleCheck, check_circle
from quarterhour.travel.accessibility import nearest_by_kind, nearest_sites, people_within, sums_by_kind
from quarterhour.travel.matrix import travel_times
from quarterhour.travel.paths import shortest_paths
from quarterhour.travel.times import Heading

COUNT, SEEDS = 800, range(5)
MINUTES, FARTHER = 0.06, 0.2
HEADINGS: tuple[Heading, ...] = ("to_site", "to_community")
OTHER: dict[Heading, Heading] = {"to_site": "to_community", "to_community": "to_site"}


def tell(tally: Tally, kind: str, held: BoolArray | Iterable[bool], seed: int) -> None:
    """One trial a town."""
    for town, fine in enumerate(np.asarray(list(held), bool).tolist()):
        tally.count(kind, lost="" if fine else f"town {town} of seed {seed}")


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", SEEDS)
def test_times_hang_on_the_roads_alone(seed: int, heading: Heading, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 1])
    towns = drawn.drawn_towns(COUNT, rng)
    same = {"minutes": MINUTES, "heading": heading}
    asked = drawn.asked(towns, **same)
    assert 0.2 < (asked == FAR).mean() < 0.8  # the cutoff has a say
    for _ in range(2):
        tell(tally, "rows permuted", drawn.alike(asked, drawn.asked(drawn.permuted(towns, rng), **same)), seed)
        which = rng.random(len(towns.tail)) < 0.5
        tell(
            tally, "roads drawn from head to tail",
            drawn.alike(asked, drawn.asked(drawn.drawn_backwards(towns, which), **same)), seed,
        )  # fmt: skip
        tell(tally, "a road cut in two", drawn.alike(asked, drawn.asked(drawn.cut(towns, rng), **same)), seed)
        tell(tally, "a road closed", drawn.no_shorter(drawn.asked(drawn.closed(towns, rng), **same), asked), seed)
    turned = drawn.asked(drawn.turned(towns), minutes=MINUTES, heading=OTHER[heading])
    tell(tally, "ways and heading turned", drawn.alike(asked, turned), seed)
    tell(tally, "one-way roads opened", drawn.no_shorter(asked, drawn.asked(drawn.opened(towns), **same)), seed)
    for times in (2, 3, 7):
        slow = drawn.asked(drawn.slower(towns, times), minutes=MINUTES * times, heading=heading)
        tell(tally, "all times scaled", drawn.alike(np.where(asked == FAR, FAR, asked * times), slow), seed)
    farther = drawn.asked(towns, minutes=FARTHER, heading=heading)
    within = np.where(farther <= MINUTES * 6000, farther, FAR)
    tell(tally, "searched farther", drawn.alike(asked, within), seed)
    later = drawn.asked(towns, minutes=MINUTES + 0.5, heading=heading, turnout=0.5)
    tell(tally, "turnout added", drawn.alike(np.where(asked == FAR, FAR, asked + 3000), later), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_way_is_longer_than_over_a_third_place(seed: int, tally: Tally) -> None:
    towns = drawn.drawn_towns(COUNT, np.random.default_rng([seed, 2]))
    net = towns.network()
    far = np.int64(10**9)

    def square(ones: pd.DataFrame, each: int) -> IntArray:
        """Centiseconds from homes to homes, or to sites."""
        times = travel_times(net, towns.homes, ones, minutes=FARTHER * 4, heading="to_site")
        home = np.repeat(np.arange(len(towns.homes)), np.diff(times.indptr))
        found = np.full((len(towns.homes), each), far)
        found[home, times.site_index % each] = times.cs
        return found.reshape(COUNT, HOMES, each)

    there, across = square(towns.sites, SITES), square(towns.homes, HOMES)
    over = (across[:, :, :, None] + there[:, None]).min(axis=2)
    tell(tally, "triangles of ways", (there <= over).all(axis=(1, 2)), seed)
    tell(tally, "nobody is away from home", (np.einsum("tii->ti", across) == 0).all(axis=1), seed)
    both = drawn.opened(towns)
    alike = [drawn.asked(_even(both), minutes=MINUTES, heading=h) for h in HEADINGS]
    tell(tally, "even roads, either heading", drawn.alike(*alike), seed)


def _even(towns: Towns) -> Towns:
    """The same time both ways."""
    return Towns(towns.count, towns.tail, towns.head, towns.along, towns.along, towns.xy, towns.homes, towns.sites)


@pytest.mark.parametrize("seed", SEEDS)
def test_lengths_at_a_speed_are_longer_lengths_at_a_higher_speed(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 3])
    towns = drawn.drawn_towns(COUNT, rng)
    metres = rng.integers(1, 900, len(towns.tail))
    stand = [pd.Series(towns.tail[p["road"]].astype(str), index=p.index) for p in (towns.homes, towns.sites)]
    tables = []
    for times in (1, 2, 3, 10):
        mode = as_mode("vehicle", {"travels": "vehicle", "speed_kmh": 29 * times})
        edges = pd.DataFrame(
            {"u": towns.tail, "v": towns.head, "length_m": metres * times, "road_class": "residential",
             "oneway": np.where(towns.along == 0, -1, np.where(towns.against == 0, 1, 0))}
        )  # fmt: skip
        net = network_from_edges(edges.iloc[rng.permutation(len(edges))], mode=mode)
        homes, sites = (at_junctions(net, one) for one in stand)
        tables.append(
            drawn.table_of(travel_times(net, homes, sites, minutes=MINUTES * 4, heading="to_site"), towns.count)
        )
    for other in tables[1:]:
        tell(tally, "lengths and speeds scaled", drawn.alike(tables[0], other), seed)


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("seed", SEEDS)
def test_sums_and_the_nearest_are_those_of_the_table(seed: int, heading: Heading, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 4])
    towns = drawn.drawn_towns(COUNT, rng)
    net, homes, sites = towns.network(), towns.homes, towns.sites
    times = drawn.searched(towns, minutes=MINUTES, heading=heading)
    asked = drawn.table_of(times, COUNT)
    mixed = [p.iloc[rng.permutation(len(p))] for p in (homes, sites)]
    same = {"minutes": MINUTES, "heading": heading}
    kinds = pd.Series(np.array(["a", "b"])[rng.integers(0, 2, len(sites))], index=sites.index)
    kinds.iloc[:2] = ["a", "b"]
    first = _first(asked)
    tell(tally, "the nearest, the first by id", _by_town(times.nearest()["site"], first), seed)
    ranked = nearest_sites(net, *mixed, k=SITES, **same).sort_index()
    tell(tally, "the nearest of several", _by_town(ranked[1, "site"], first), seed)
    cs = np.sort(np.where(asked == FAR, 10**9, asked), axis=2)
    told = np.column_stack([ranked[k, "minutes"].to_numpy() for k in range(1, SITES + 1)])
    told = np.where(np.isnan(told), 10**9, np.rint(np.nan_to_num(told) * 6000)).astype(np.int64)
    tell(tally, "the nearest in order", drawn.alike(cs, told.reshape(cs.shape)), seed)
    by_kind = nearest_by_kind(net, *mixed, kinds=kinds, **same).sort_index()
    for kind in ("a", "b"):
        mine = np.where((kinds == kind).to_numpy().reshape(COUNT, 1, SITES), asked, FAR)
        tell(tally, "the nearest of a kind", _by_town(by_kind[kind, "site"], _first(mine)), seed)
    people = pd.Series(rng.integers(0, 900, len(homes)), index=homes.index)
    served = people_within(net, *mixed, people=people, **same)[people.name or "people", MINUTES].sort_index()
    counted = ((asked != FAR) * people.to_numpy().reshape(COUNT, HOMES, 1)).sum(axis=1)
    tell(tally, "people within, by site", (served.to_numpy().reshape(COUNT, SITES) == counted).all(axis=1), seed)
    beds = pd.Series(rng.integers(0, 90, len(sites)), index=sites.index, name="beds")
    held = sums_by_kind(net, *mixed, kinds=kinds, capacity=beds, **same).sort_index()
    total = ((asked != FAR) * beds.to_numpy().reshape(COUNT, 1, SITES)).sum(axis=2)
    found = held["a", "beds"].to_numpy() + held["b", "beds"].to_numpy()
    tell(tally, "capacity within, by community", (found.reshape(COUNT, HOMES) == total).all(axis=1), seed)
    pairs = times.pairs()[["community", "site"]]
    ways = shortest_paths(net, *mixed, pairs, **same)
    town = pairs["community"].to_numpy() // HOMES
    wrong = np.bincount(town, weights=(ways.cs != times.cs) | ~ways.found, minlength=COUNT)
    tell(tally, "the way takes as long as the table says", wrong == 0, seed)


def _first(asked: IntArray) -> IntArray:
    """The nearest site of each home, the first of several; FAR where there is none."""
    cs = np.where(asked == FAR, 10**9, asked)
    own = cs.argmin(axis=2) + np.arange(len(asked))[:, None] * SITES
    return np.where(cs.min(axis=2) == 10**9, FAR, own)


def _by_town(found: pd.Series, wanted: IntArray) -> BoolArray:
    given = pd.to_numeric(found).fillna(FAR).to_numpy().astype(np.int64).reshape(wanted.shape)
    return np.asarray((given == wanted).all(axis=1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_site_more_and_what_others_have(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 5])
    towns = drawn.drawn_towns(COUNT, rng)
    asked = drawn.asked(towns, minutes=MINUTES)
    fewer = Towns(
        towns.count, towns.tail, towns.head, towns.along, towns.against, towns.xy, towns.homes,
        towns.sites[towns.sites.index % SITES < SITES - 1],
    )  # fmt: skip
    before = drawn.asked(fewer, minutes=MINUTES)
    tell(tally, "a site more changes no other time", drawn.alike(asked[:, :, :-1], before[:, :, :-1]), seed)
    nearest = [np.where(t == FAR, 10**9, t).min(axis=2, keepdims=True) for t in (before, asked)]
    tell(tally, "a site more, nobody farther", drawn.no_shorter(*nearest), seed)


def circle_check(towns: Towns, communities: pd.DataFrame, kinds: pd.Series, *, minutes: float) -> CircleCheck:
    """A circle of one kind over all towns."""
    circle = Circle(
        "c", "圈", "circle", kinds=("k",), mode="vehicle", minutes=minutes, heading="to_site", people="older"
    )
    return check_circle(circle, drawn.searched(towns, minutes=FARTHER), communities, kinds=kinds)


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_agree_to_the_person(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 6])
    towns = drawn.drawn_towns(COUNT, rng)
    town = towns.homes.index.to_numpy() // HOMES
    people = rng.integers(0, 2_000, len(town)) * (rng.random(len(town)) < 0.9)
    names = [f"t{t:04d}" for t in town]
    communities = pd.DataFrame(
        {"older": people, "town": names, "county": [f"c{t // 9:03d}" for t in town], "quality": "fact"},
        index=towns.homes.index,
    )
    kinds = pd.Series("k", index=towns.sites.index)
    mixed = communities.iloc[rng.permutation(len(communities))]
    near, far = (circle_check(towns, mixed, kinds, minutes=m) for m in (MINUTES, FARTHER))
    met = near.communities["met"].reindex(communities.index).to_numpy(dtype=bool)
    shares = near.shares.set_index(["level", "area"])
    inside = np.bincount(town, weights=people * met, minlength=COUNT).astype(np.int64)
    whole = np.bincount(town, weights=people, minlength=COUNT).astype(np.int64)
    rows = shares.loc["town"].sort_index()
    tell(tally, "people of a town", rows["people"].to_numpy() == whole, seed)
    tell(tally, "people of a town inside", rows["people_met"].to_numpy() == inside, seed)
    share = np.divide(inside, whole, out=np.full(COUNT, np.nan), where=whole > 0)
    tell(tally, "share of a town", np.isclose(rows["share_people"], share, rtol=1e-12, equal_nan=True), seed)
    known = sum(rows[f"people_{q}"] for q in ("fact", "unstated", "estimated", "synthetic"))
    tell(tally, "people of a town by quality", known.to_numpy() == whole, seed)
    later = far.shares.set_index(["level", "area"]).loc["town"].sort_index()
    tell(tally, "a longer standard, nobody outside", later["people_met"].to_numpy() >= inside, seed)
    counties = shares.loc["county"].sort_index()
    of = np.arange(COUNT) // 9
    for column in ("people", "people_met", "communities", "communities_met"):
        summed = np.bincount(of, weights=rows[column].to_numpy()).astype(np.int64)
        tell(tally, "towns come to their county", counties[column].to_numpy() == summed, seed)
        city = int(shares.loc[("city", "city"), column])
        tell(tally, "counties come to the city", [int(counties[column].sum()) == city], seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_shared_out_is_what_there_was(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 7])
    count = 400
    towns = drawn.drawn_towns(count, rng)
    times = drawn.searched(towns, minutes=MINUTES)
    asked = drawn.table_of(times, count)
    people = pd.Series(rng.integers(1, 90, len(towns.homes)), index=towns.homes.index)
    beds = pd.Series(rng.integers(0, 90, len(towns.sites)), index=towns.sites.index)
    mixed = drawn.searched(drawn.permuted(towns, rng), minutes=MINUTES)
    reached = (asked != FAR).any(axis=1)
    there = (beds.to_numpy().reshape(count, SITES) * reached).sum(axis=1)
    for method in ("2sfca", "e2sfca", "3sfca", "dai", "normal"):
        made = catchment_access(times, people=people, capacity=beds, minutes=MINUTES, method=method)
        given = (made["access"] * people).to_numpy().reshape(count, HOMES).sum(axis=1)
        close = given <= there + 1e-9 if method in ("3sfca", "dai") else np.isclose(given, there, rtol=1e-9)
        tell(tally, f"{method}: beds shared out", close, seed)
        again = catchment_access(mixed, people=people, capacity=beds, minutes=MINUTES, method=method)
        apart = (again["access"].reindex(made.index) != made["access"]).to_numpy().reshape(count, HOMES)
        tell(tally, f"{method}: rows permuted, the same bits", ~apart.any(axis=1), seed)
        one, other = (
            measure_equity(table["access"], people=people.sample(frac=1, random_state=seed), areas=people // 9)
            for table in (made, again)
        )
        tell(tally, "equity: rows permuted, the same bits", [one.gini == other.gini, one.theil == other.theil], seed)
    held = assign_within(times, people=people, capacity=beds, minutes=MINUTES)
    again = assign_within(mixed, people=people, capacity=beds, minutes=MINUTES)
    served = held.communities["served"].to_numpy().reshape(count, HOMES)
    used = held.sites["used"].to_numpy().reshape(count, SITES)
    tell(tally, "who is served has a bed", served.sum(axis=1) == used.sum(axis=1), seed)
    tell(tally, "no more than there are", (used <= beds.to_numpy().reshape(count, SITES)).all(axis=1), seed)
    same = again.communities["served"].reindex(people.index).to_numpy().reshape(count, HOMES)
    tell(tally, "served: rows permuted", (same == served).all(axis=1), seed)
    more = assign_within(times, people=people, capacity=beds + 5, minutes=MINUTES).communities["served"]
    tell(tally, "more beds serve no fewer", more.to_numpy().reshape(count, HOMES).sum(1) >= served.sum(1), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_beds_and_remainders(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 8])
    for trial in range(160):
        beds = rng.integers(0, 12, 5)
        homes = pd.DataFrame(
            {"beds": beds, "nursing_beds": (beds * rng.random(5)).astype(int), "bed_yuan": rng.integers(1, 4, 5),
             "fixed_yuan": rng.integers(0, 4, 5)}, index=[f"h{i}" for i in range(1, 6)],
        )  # fmt: skip
        low, high = sorted(rng.random(2).round(2))
        first, more = (cheapest_conversion(homes, share=s) for s in (low, high))
        other = cheapest_conversion(homes.iloc[rng.permutation(5)], share=high)
        same = other.rows.reindex(homes.index).equals(more.rows)
        tell(tally, "beds: rows permuted", [same], trial)
        tell(tally, "beds: a higher share costs no less", [(more.cost_yuan or 0) >= (first.cost_yuan or 0)], trial)
        after = int((homes["nursing_beds"] + more.rows["convert"]).sum())
        tell(tally, "beds: as many as are asked for", [after + more.short >= more.needed], trial)
        parts = rng.random(9) * 50
        total = int(np.floor(parts.sum() + 0.5))
        parts *= total / parts.sum()
        whole = whole_numbers(parts, total)
        tell(tally, "parts come to their whole", [int(whole.sum()) == total, (abs(whole - parts) < 1).all()], trial)


COMMUNITIES, PLACES, QUESTIONS = 9, 7, 45


def _question(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """Minutes between a few communities and sites, many alike, and how many people live where."""
    minutes = rng.integers(1, 30, (COMMUNITIES, PLACES)).astype(float)
    minutes[rng.random(minutes.shape) < 0.2] = np.nan
    rows, columns = [f"c{i}" for i in range(1, COMMUNITIES + 1)], [f"s{i}" for i in range(6, PLACES + 6)]
    people = pd.Series(rng.integers(0, 5, COMMUNITIES) * 10, index=rows)
    return pd.DataFrame(minutes, index=rows, columns=columns), people


def _most(table: pd.DataFrame, people: pd.Series, *, within: float, new_sites: int) -> int:
    """The most people that so many sites can cover, by every choice of them."""
    near = table.le(within).to_numpy()
    choices = itertools.combinations(range(near.shape[1]), min(new_sites, near.shape[1]))
    return max(int(people[near[:, list(some)].any(axis=1)].sum()) for some in choices)


def _plan(table: pd.DataFrame, people: pd.Series, **how: object) -> qh.siting.SitingPlan:
    plan = qh.solve_siting(qh.siting_from_matrix(table, people, **how))
    assert plan.status in ("optimal", "infeasible")
    return plan


@pytest.mark.parametrize("seed", SEEDS)
def test_siting_changes_one_way_only(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng([seed, 9])
    for trial in range(QUESTIONS):
        table, people = _question(rng)
        count = int(rng.integers(1, 4))
        how = {"within": float(rng.integers(5, 20)), "new_sites": count}
        plan = _plan(table, people, **how)
        mixed = table.iloc[rng.permutation(COMMUNITIES), rng.permutation(PLACES)]
        other = _plan(mixed, people.iloc[rng.permutation(COMMUNITIES)], **how)
        tell(tally, "cover: the best of every choice", [plan.value == _most(table, people, **how)], trial)
        every = [_most(table.drop(index=c), people.drop(index=c), **how) for c in table.index]
        tell(tally, "cover: any community less, no more", [m <= plan.value for m in every], trial)
        one_less = [_most(table.drop(columns=s), people, **how) for s in table.columns]
        tell(tally, "cover: any candidate less, none better", [m <= plan.value for m in one_less], trial)
        tell(tally, "cover: rows permuted, the same value", [plan.value == other.value], trial)
        fewer = _plan(table.iloc[:, :-1], people, **how)
        tell(tally, "cover: a candidate more, none worse", [fewer.value <= plan.value], trial)
        more = _plan(table, people, **{**how, "new_sites": count + 1})
        tell(tally, "cover: a site more, none worse", [more.value >= plan.value], trial)
        some = _plan(table.iloc[1:], people.iloc[1:], **how)
        least = plan.value - people.iloc[0]
        tell(tally, "cover: a community less", [least <= some.value <= plan.value], trial)
        wide = _plan(table, people, **{**how, "within": how["within"] + 3})
        tell(tally, "cover: a longer standard, none worse", [wide.value >= plan.value], trial)


@pytest.mark.parametrize("objective", ["min-time", "min-worst", "min-sites"])
def test_other_goals_change_one_way_only(objective: str, tally: Tally) -> None:
    rng = np.random.default_rng([1, 10])
    for trial in range(QUESTIONS):
        table, people = _question(rng)
        table = table.fillna(40.0)
        how = {"objective": objective, "within": 40.0}
        if objective != "min-sites":
            how["new_sites"] = int(rng.integers(1, 4))
        plan = _plan(table, people, **how)
        mixed = table.iloc[rng.permutation(COMMUNITIES), rng.permutation(PLACES)]
        other = _plan(mixed, people, **how)
        tell(tally, f"{objective}: rows permuted", [plan.value == other.value], trial)
        fewer = _plan(table.iloc[:, :-1], people, **how)
        tell(tally, f"{objective}: a candidate more, none worse", [fewer.value >= plan.value], trial)
        some = _plan(table.iloc[1:], people.iloc[1:], **how)
        tell(tally, f"{objective}: a community less, none worse", [some.value <= plan.value], trial)
