"""What is counted in the browser is what the engine counts, for any sites, standard, turnout, pace and walker."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest

import quarterhour as qh
from chromium import chromium
from quarterhour.maps.what_if import what_if_columns
from quarterhour.standards.circle import by_level
from quarterhour.standards.rules import Circle
from quarterhour.standards.sensitivity import coverage_range
from quarterhour.study.results import Traveller, WhatIf
from quarterhour.study.what_if import limit_cs

SCRIPTS = resources.files("quarterhour") / "data" / "map"
ENGINE = "".join((SCRIPTS / name).read_text("utf-8") for name in ("columns.js", "what_if.js"))
COUNT = """async ({packed, choices}) => {
  const question = await quarterhourWhatIf.opened(packed), found = [];
  for (const choice of choices) {
    await quarterhourWhatIf.travel(question, choice.traveller);
    const counted = quarterhourWhatIf.count(question, choice);
    const {before, after, missed, near} = counted;
    found.push({before, after, missed, covered: [...near.after].map((n) => +(n > 0)).join("")});
  }
  return found;
}"""
"""People, and who is covered, as one digit a community."""
LOOK = """async ({packed, choice}) => {
  const question = await quarterhourWhatIf.opened(packed);
  await quarterhourWhatIf.travel(question, choice.traveller);
  const counted = quarterhourWhatIf.count(question, choice), near = quarterhourWhatIf.nearest(question, choice);
  const gain = quarterhourWhatIf.gains(question, choice, counted);
  const best = quarterhourWhatIf.nextBest(question, choice, gain);
  const minutes = [...near.minutes].map((m) => (Number.isNaN(m) ? null : m));
  return {before: counted.before, after: counted.after, gain: [...gain], best, site: [...near.site], minutes};
}"""


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    """An empty page with the counting script in it, cut off from any network."""
    with chromium() as browser:
        blank = browser.new_context(offline=True).new_page()
        blank.set_default_timeout(0)
        blank.add_script_tag(content=ENGINE + "\nwindow.quarterhourWhatIf = quarterhourWhatIf;")
        yield blank


def packed(results: qh.Results, lang: str = "zh") -> list[dict[str, Any]]:
    made = what_if_columns(results, lang)
    assert made is not None
    return list(made["questions"])


def choice(one: WhatIf, t: int = 0, **asked: Any) -> dict[str, Any]:
    who = one.travellers[t]
    plain = {"standard": one.minutes, "turnout": who.turnout_minutes, "pace": 100, "open": [], "closed": []}
    return {"traveller": t, **plain, **asked}


def drawn(one: WhatIf, draw: np.random.Generator) -> dict[str, Any]:
    """A choice that the page could come to."""
    t = int(draw.integers(len(one.travellers)))
    who, existing = one.travellers[t], int(one.sites["state"].eq("existing").sum())
    new = draw.permutation(np.arange(existing, len(one.sites)))[: int(draw.integers(0, 40))]
    gone = draw.permutation(existing)[: int(draw.integers(0, 6))]
    while True:
        asked = {
            "standard": float(draw.choice(who.standards)),
            "turnout": float(draw.choice(who.turnouts)),
            "pace": int(draw.choice(who.paces)),
        }
        if limit_cs(asked["standard"], asked["turnout"], asked["pace"]) <= round(who.times.cutoff_minutes * 6000):
            return choice(one, t, **asked, open=sorted(map(int, new)), closed=sorted(map(int, gone)))


def by_the_engine(one: WhatIf, asked: dict[str, Any]) -> pd.Series:
    """Whether each community is covered, as a circle at a range of paces has it, the range being one pace."""
    who: Traveller = one.travellers[asked["traveller"]]
    existing = set(range(int(one.sites["state"].eq("existing").sum()))) - set(asked["closed"])
    sites = one.sites.index[sorted(existing | set(asked["open"]))]
    circle = Circle(
        id="tried", zh="", en="", kinds=("tried",), mode=who.mode, minutes=asked["standard"], heading=one.heading,
        people="counted", turnout_minutes=asked["turnout"],
    )  # fmt: skip
    pace = asked["pace"] / 100
    found = coverage_range(
        circle, who.times.only(sites), pd.DataFrame({"counted": one.people}), kinds=pd.Series("tried", index=sites),
        speed=(pace, pace), turnout_minutes=(asked["turnout"],) * 2,
    )  # fmt: skip
    return found.communities["covered"].eq("always")


def count(tab: Any, carried: dict[str, Any], *asked: dict[str, Any]) -> list[dict[str, Any]]:
    return list(tab.evaluate(COUNT, {"packed": carried, "choices": list(asked)}))


def test_two_hundred_choices_come_to_what_the_engine_counts(weihai_run: qh.Results, tab: Any) -> None:
    draw = np.random.default_rng(14)
    for one, carried in zip(weihai_run.what_if, packed(weihai_run), strict=True):
        asked = [drawn(one, draw) for _ in range(200 // len(weihai_run.what_if) + 1)]
        for what, counted in zip(asked, count(tab, carried, *asked), strict=True):
            covered = by_the_engine(one, what)
            assert counted["covered"] == "".join(map(str, covered.astype(int))), what
            assert counted["after"] == int(one.people[covered].sum())
            assert counted["missed"] == int(one.people[~covered].sum())


def test_nothing_ticked_is_what_the_circles_came_to_for_every_walker(weihai_run: qh.Results, tab: Any) -> None:
    checks = {(c.circle.id, c.mode_id): c for c in (*weihai_run.checks, *weihai_run.compare)}
    seen = 0
    for one, carried in zip(weihai_run.what_if, packed(weihai_run), strict=True):
        for t, who in enumerate(one.travellers if one.circle else ()):
            [found] = count(tab, carried, choice(one, t))
            city = by_level(checks[one.circle, who.mode].shares, "city").iloc[0]
            assert (found["before"], found["after"]) == (city["people_met"], city["people_met"])
            assert found["missed"] == city["people"] - city["people_met"]
            seen += 1
    assert seen == len(checks)


def test_a_plan_ticked_is_what_the_plan_says(weihai_run: qh.Results, tab: Any) -> None:
    plans = {p.id: p for p in weihai_run.proposals if p.problem.capacity is None}
    for one, carried in zip(weihai_run.what_if, packed(weihai_run), strict=True):
        if one.question not in plans:
            continue
        plan = plans[one.question].plan
        open_sites = [int(k) for k in one.sites.index.get_indexer(plan.chosen)]
        assert min(open_sites) >= 0
        [found] = count(tab, carried, choice(one, open=open_sites))
        assert (found["before"], found["after"]) == (plan.covered_before, plan.covered)


def look(tab: Any, carried: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    return dict(tab.evaluate(LOOK, {"packed": carried, "choice": asked}))


def test_a_gain_is_the_difference_of_two_counts(weihai_run: qh.Results, tab: Any) -> None:
    draw = np.random.default_rng(3)
    for one, carried in zip(weihai_run.what_if, packed(weihai_run), strict=True):
        asked = drawn(one, draw)
        seen = look(tab, carried, asked)
        shut, new = asked["closed"], asked["open"]
        existing = int(one.sites["state"].eq("existing").sum())
        tried = [*draw.integers(len(one.sites), size=12).tolist(), *shut[:2], *new[:2]]
        for site in map(int, tried):
            other = {
                "open": sorted(set(new) ^ ({site} if site >= existing else set())),
                "closed": sorted(set(shut) ^ ({site} if site < existing else set())),
            }
            [after] = count(tab, carried, {**asked, **other})
            assert seen["gain"][site] == abs(after["after"] - seen["after"])
        adds = [g if s >= existing and s not in new else 0 for s, g in enumerate(seen["gain"])]
        assert seen["best"] == (adds.index(max(adds)) if max(adds) else -1)


# --- a street worked by hand ------------------------------------------------------------------------
#
#   w 100 (4) --- 900 m --- d (day care) --- 900 m --- m 50 (0) --- 1800 m --- e 30 (2)     i 7 (1), far off every road
#   b (care base) stands at w; a walker needs 15 minutes for 900 m, so a centre at m serves m alone (and d's w).


def test_the_toy_street_as_worked_by_hand(toy_run: qh.Results, tab: Any) -> None:
    home, care = toy_run.what_if
    assert (home.circle, home.question) == ("home-care-circle", "centres")
    assert list(home.sites.index) == ["d", "e", "i", "m", "w"]
    assert list(home.sites["community"]) == [-1, 0, 1, 2, 3]
    assert [w.mode for w in home.travellers] == ["walk", "walk-frail"]
    asked = [
        choice(home),
        choice(home, open=[1]),
        choice(home, open=[1], closed=[0]),
        choice(home, closed=[0]),
        choice(home, standard=14.0),
        choice(home, standard=30.0, pace=90, closed=[0], open=[3]),
        choice(home, standard=30.0, pace=100, closed=[0], open=[3]),
        choice(home, t=1),
        choice(home, standard=19.0, pace=80),  # 900 m at eight tenths of the pace take 18.75 minutes
        choice(home, standard=18.0, pace=80),
    ]
    met = [(found["before"], found["after"]) for found in count(tab, packed(toy_run)[0], *asked)]
    assert met == [
        (150, 150),
        (150, 180),
        (150, 30),
        (150, 0),
        (0, 0),
        (150, 50),
        (150, 180),
        (0, 0),
        (150, 150),
        (0, 0),
    ]
    [found] = count(tab, packed(toy_run)[1], choice(care, turnout=7.8, open=[1]))
    assert (found["before"], found["after"]) == (4, 6)


def test_of_sites_that_add_as_many_the_first_is_next(toy_run: qh.Results, tab: Any) -> None:
    home = toy_run.what_if[0]
    seen = look(tab, packed(toy_run)[0], choice(home))
    assert seen["gain"] == [150, 30, 0, 0, 0]  # who has no road reaches not even a site at home
    assert (seen["best"], seen["site"]) == (1, [-1, -1, 0, 0])
    assert seen["minutes"] == [None, None, 15, 15]
