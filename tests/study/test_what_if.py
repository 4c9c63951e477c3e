"""What a study hands to the page to be tried: which questions, how far, how many candidates, and why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import quarterhour as qh
from quarterhour.maps.what_if import what_if_columns
from quarterhour.study import what_if as room
from quarterhour.study.results import WhatIf
from quarterhour.study.what_if import Tab, limit_cs, tabs


def run_with(study: Path, **changed: str) -> qh.Results:
    file = study / "study.toml"
    text = file.read_text(encoding="utf-8")
    for old, new in changed.items():
        text = text.replace(old.replace("__", " = "), new)
    file.write_text(text, encoding="utf-8")
    return qh.run_study(qh.read_study(study))


def tried(results: qh.Results, name: str) -> WhatIf:
    return next(one for one in results.what_if if name in (one.circle, one.question))


def test_a_siting_question_stands_with_the_circle_that_asks_the_same(toy_run: qh.Results) -> None:
    file = toy_run.study.file
    assert tabs(file.circles, file.siting) == [Tab(0, 0), Tab(1, None)]
    other = file.siting[0].model_copy(update={"mode": "car"})
    assert tabs(file.circles, (other,)) == [Tab(0, None), Tab(1, None), Tab(None, 0)]
    assert tabs(file.circles, (file.siting[0],) * 2) == [Tab(0, 0), Tab(1, None), Tab(None, 1)]


def test_every_limit_on_offer_is_so_many_whole_steps(toy_run: qh.Results) -> None:
    for one in toy_run.what_if:
        for who in one.travellers:
            far = round(who.times.cutoff_minutes * 6000)
            limits = [limit_cs(m, t, p) for m in who.standards for t in who.turnouts for p in who.paces]
            assert {limit % who.step_cs for limit in limits if 0 <= limit <= far} == {0}
            assert who.step_cs == 600 and one.minutes in who.standards and who.turnout_minutes in who.turnouts


def test_a_study_may_leave_it_out(toy_study: Path) -> None:
    results = run_with(toy_study, **{"[outputs]": "[outputs]\nwhat_if = false"})
    assert results.what_if == () and what_if_columns(results, "zh") is None


@pytest.mark.parametrize(("said", "why"), [
    ("new_sites = 1\nbackup = 50", "互为备份"), ("new_sites = 1\nsteps = [[10, 100], [15, 60]]", "分档"),
])  # fmt: skip
def test_a_question_that_is_not_counted_plainly_says_why(toy_study: Path, said: str, why: str) -> None:
    results = run_with(toy_study, new_sites__1=said, **{'kind = "day_care"': 'kind = "care_institution"'})
    one = tried(results, "centres")
    assert one.circle == "" and one.travellers == ()
    made: Any = what_if_columns(results, "zh")
    assert why in made["questions"][-1]["notes"][0]


def test_a_circle_that_asks_for_each_of_several_kinds_says_so(toy_study: Path) -> None:
    results = run_with(toy_study, **{'kinds = ["day_care"]': 'kinds = ["day_care", "care_base"]\nneed = "all"'})
    assert tried(results, "home-care-circle").left_out == "every_kind"


def test_a_ferry_leaves_no_pace_to_ask_for(toy_study: Path) -> None:
    own = '[modes.slow]\ntravels = "vehicle"\nspeed_kmh = 15\nsource = "t"\nturn_seconds = { left = 5 }\n'
    with (toy_study / "study.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + own)
    results = run_with(toy_study, **{'mode = "ebike"': 'mode = "slow"'})
    assert tried(results, "care-circle").travellers[0].paces == (100,)


def test_too_many_pairs_are_searched_less_far_then_to_fewer_candidates(
    toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within 25 minutes each of two walkers reaches the three homes on the road from themselves alone: 6 pairs."""
    monkeypatch.setattr(room, "PAIRS_A_COMMUNITY", 0)
    for most, far, sites in ((100, 30, "deimw"), (6, 25, "deimw"), (1, 15, "dew")):
        monkeypatch.setattr(room, "MOST_PAIRS", most)
        results = qh.run_study(qh.read_study(toy_study))
        one = tried(results, "home-care-circle")
        assert ("".join(one.sites.index), one.travellers[0].times.cutoff_minutes) == (sites, far), most
        assert one.left_off == 5 - len(sites)
    made: Any = what_if_columns(results, "zh")
    assert "备选点共 4 处，页面只载入 2 处" in made["questions"][0]["notes"][-1]
