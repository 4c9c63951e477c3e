"""What can be tried in the room: of each question the times that a count of other choices of sites needs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.base.arrays import AnyArray
from quarterhour.base.cells import texts
from quarterhour.base.centiseconds import centiseconds
from quarterhour.network.network import Mode
from quarterhour.siting.candidates.generate import candidates_from_communities
from quarterhour.standards.circle import CircleCheck
from quarterhour.study.circles import circle_sites
from quarterhour.study.closing import closes
from quarterhour.study.file.circles import CircleFile
from quarterhour.study.file.siting import SitingFile
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import Proposal, Results, Traveller, WhatIf
from quarterhour.study.session import Run
from quarterhour.study.siting.sites import counted_people
from quarterhour.study.study import study_circle, study_mode, study_question
from quarterhour.travel.times import TravelTimes

LONGEST_MINUTES = 30
SHORTER_MINUTES = (25, 20)
MOST_PAIRS, PAIRS_A_COMMUNITY = 400_000, 40
"""So many pairs of a question at most, or so many a community where that is more: a page of some megabytes."""
_SAMPLE = 100
_LEAST_MINUTES = 5
_TURNOUTS = tuple(range(11))
_PACES = tuple(range(60, 150, 10))


@dataclass(frozen=True)
class Tab:
    """A question of the page: a circle, a siting question, or one of each that ask the same; as positions."""

    circle: int | None
    plan: int | None


def tabs(
    circles: Sequence[CircleFile],
    questions: Sequence[SitingFile],
    apart: Callable[[int, int], bool] | None = None,
) -> list[Tab]:
    """Circles and siting questions as they belong together, each in one tab, circles first.

    A siting question belongs to the first circle of its kind, mode and people that has none yet, unless the two count
    ``apart`` (said of their positions).
    """
    of_circle: dict[int, int] = {}
    for at, asked in enumerate(questions):
        alike = (i for i, c in enumerate(circles) if i not in of_circle and _same_question(c, asked))
        fits = (i for i in alike if apart is None or not apart(i, at))
        of_circle.update(dict.fromkeys(itertools.islice(fits, 1), at))
    alone = [at for at in range(len(questions)) if at not in of_circle.values()]
    return [*(Tab(i, of_circle.get(i)) for i in range(len(circles))), *(Tab(None, at) for at in alone)]


def _same_question(circle: CircleFile, asked: SitingFile) -> bool:
    return asked.kind in circle.kinds and asked.mode == circle.mode and dict(asked.people) == {circle.people: 1}


def what_ifs(run: Run, results: Results) -> tuple[WhatIf, ...]:
    """What can be tried of each question that the results answer; of one whose count is not as plain, why not."""
    file, checked, proposed = run.study.file, len(results.checks), len(results.proposals)

    def apart(circle: int, question: int) -> bool:
        return not closes(run.study, results.proposals[question], results.checks[circle])

    found = tabs(file.circles if checked else (), file.siting if proposed else (), apart)
    return tuple(_what_if(run, results, tab) for tab in found)


def _what_if(run: Run, results: Results, tab: Tab) -> WhatIf:
    proposal = None if tab.plan is None else results.proposals[tab.plan]
    if tab.circle is not None:
        return _of_circle(run, results.inputs, results.checks[tab.circle], proposal)
    assert proposal is not None
    return _of_question(run, results.inputs, proposal)


# --- what is asked --------------------------------------------------------------------------------


def _of_circle(run: Run, tables: Inputs, check: CircleCheck, proposal: Proposal | None) -> WhatIf:
    circle = check.circle
    file = next(c for c in run.study.file.circles if c.id == circle.id)
    asked = None if proposal is None else study_question(run.study, proposal.id)
    made = WhatIf(
        circle=circle.id,
        question="" if proposal is None else proposal.id,
        zh=circle.zh,
        en=circle.en,
        unit=circle.people,
        people=tables.communities[circle.people].astype("int64"),
        minutes=circle.minutes,
        heading=circle.heading,
        sites=_sites(tables, circle_sites(tables, circle), proposal, asked),
        left_out="every_kind" if circle.need == "all" and len(circle.kinds) > 1 else "",
        notes=_notes(asked),
    )
    modes = [study_mode(run.study, name, file.id) for name in dict.fromkeys([file.mode, *file.compare_modes])]
    return _timed(run, tables, made, [(mode, study_circle(file, mode).turnout_minutes) for mode in modes])


def _of_question(run: Run, tables: Inputs, proposal: Proposal) -> WhatIf:
    file = study_question(run.study, proposal.id)
    made = WhatIf(
        circle="",
        question=file.id,
        zh=file.zh,
        en=file.en,
        unit=what_is_counted(file),
        people=counted_people(file, tables.communities),
        minutes=file.minutes,
        heading=file.heading,
        sites=_sites(tables, proposal.sites[proposal.sites["state"] == "existing"], proposal, file),
        left_out=not_plain(file),
        notes=_notes(file),
    )
    return _timed(run, tables, made, [(study_mode(run.study, file.mode, file.id), file.turnout_minutes)])


def what_is_counted(file: SitingFile) -> str:
    """The column of people that a question counts; ``weighted`` where they are several, or one is weighed."""
    (column, weight), *more = file.people.items()
    return column if weight == 1 and not more else "weighted"


def _notes(file: SitingFile | None) -> tuple[str, ...]:
    return ("capacity",) if file is not None and file.capacity is not None else ()


def not_plain(file: SitingFile) -> str:
    """Why somebody within the standard of an open site is not simply covered; "" where they are."""
    asked = {
        "classes": bool(file.classes),
        "steps": any(standard.steps for standard in file.standards),
        "backup": file.backup is not None,
        "tier": bool(file.tier),
    }
    return next((why for why, said in asked.items() if said), "")


# --- the sites ------------------------------------------------------------------------------------


def _sites(
    tables: Inputs, existing: gpd.GeoDataFrame, proposal: Proposal | None, file: SitingFile | None
) -> gpd.GeoDataFrame:
    """The existing sites, then those that a siting question offers, or else every community."""
    if proposal is None:
        offered = candidates_from_communities(tables.communities).assign(state="candidate")
    else:
        offered = proposal.sites[proposal.sites["state"] != "existing"]
    offered = offered[~offered.index.isin(existing.index)] if proposal is not None else _renamed(offered, existing)
    columns = ["state", "name", "town", "county", "quality", "geometry"]
    both = pd.concat([existing.assign(state="existing")[columns], offered[columns]])
    sites = gpd.GeoDataFrame(both, geometry="geometry", crs=tables.communities.crs)
    of_communities = file is None or file.candidates == "communities"
    return _planned(sites.assign(community=_communities(sites, tables, of_communities=of_communities)), proposal, file)


def _renamed(offered: gpd.GeoDataFrame, existing: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return offered.rename(index=lambda i: f"new-{i}" if i in existing.index else i)


def _communities(sites: gpd.GeoDataFrame, tables: Inputs, *, of_communities: bool) -> AnyArray:
    """The community that each candidate is, -1 where it is none."""
    at = np.full(len(sites), -1, dtype=np.int64)
    if of_communities:
        new = np.flatnonzero(sites["state"].isin(("candidate", "required")))
        named = sites.index[new].astype(str)
        known = tables.communities.index.astype(str)
        plain = known.get_indexer(named)
        at[new] = np.where(plain >= 0, plain, known.get_indexer(named.str.removeprefix("new-")))
    return at


def _planned(sites: gpd.GeoDataFrame, proposal: Proposal | None, file: SitingFile | None) -> gpd.GeoDataFrame:
    """The sites with what a plan says of them: order, year, cost, how often they stay chosen."""
    blank = pd.Series(pd.NA, index=sites.index)
    sites = sites.assign(order=0, year=0, cost_yuan=blank.astype("Int64"), sure=blank.astype("Float64"))
    if proposal is None:
        return sites
    for order, site in enumerate(proposal.plan.chosen, 1):
        if site in sites.index:
            sites.loc[site, ["order", "year"]] = order, proposal.years.get(site, 0)
    if file is not None and file.money_counts:
        sites["cost_yuan"] = proposal.problem.sites["cost_yuan"].reindex(sites.index).astype("Int64")
        sites.loc[sites["state"] == "existing", "cost_yuan"] = pd.NA
    robust = proposal.prospects.robust
    if robust is not None:
        sites["sure"] = robust.sites["share"].reindex(sites.index).astype("Float64")
    return sites


# --- the times ------------------------------------------------------------------------------------


def _timed(run: Run, tables: Inputs, asked: WhatIf, modes: Sequence[tuple[Mode, float]]) -> WhatIf:
    """The question with the times of everyone who may go, as far and to as many candidates as a page can carry."""
    if asked.left_out:
        return asked
    run.say("study.step_what_if", name=asked.name(run.lang))
    with run.timed("what_if"):
        most = max(MOST_PAIRS, PAIRS_A_COMMUNITY * len(tables.communities))
        far, share = _extent(run, tables, asked, [mode for mode, _ in modes], most)
        sites = _thinned(asked, share)
        travellers = tuple(_traveller(run, tables, asked, sites, mode, turnout, far) for mode, turnout in modes)
    return replace(asked, sites=sites, travellers=travellers, left_off=len(asked.sites) - len(sites))


def _extent(run: Run, tables: Inputs, asked: WhatIf, modes: Sequence[Mode], most: int) -> tuple[float, float]:
    """How far to search, in minutes, and what share of the candidates to keep, so that the pairs are not too many.

    The pairs are estimated from some of the candidates.
    """
    candidates = asked.sites.index[asked.sites["state"] != "existing"]
    some = asked.sites.loc[candidates[:: max(1, len(candidates) // _SAMPLE)]]
    longest = max(float(LONGEST_MINUTES), asked.minutes)
    times = [_times(run, tables, asked, some, mode, longest) for mode in modes]
    each = len(candidates) / max(1, len(some))
    for far in (longest, *(m for m in SHORTER_MINUTES if asked.minutes < m < longest), asked.minutes):
        pairs = each * sum(int((t.cs <= centiseconds(far)).sum()) for t in times)
        if pairs <= most:
            return far, 1.0
    return far, most / pairs


def _thinned(asked: WhatIf, share: float) -> gpd.GeoDataFrame:
    """The existing sites, those of the plan, and in each town such a share of the others: where most people live."""
    sites = asked.sites
    if share >= 1:
        return sites
    fixed = (sites["state"].ne("candidate") | sites["order"].gt(0)).to_numpy(dtype=bool)
    at = sites["community"].to_numpy(dtype=np.int64)
    people = np.where(at >= 0, asked.people.to_numpy()[at], 0)
    table = pd.DataFrame({"town": texts(sites["town"]), "people": people}, index=sites.index)[~fixed]
    ranked = table.sort_values("people", ascending=False, kind="stable").groupby("town", sort=False)
    rank = ranked.cumcount().reindex(table.index)
    wanted = (table.groupby("town")["town"].transform("size") * share).map(math.ceil)
    return sites[fixed | sites.index.isin(table.index[rank < wanted])]


def _times(run: Run, tables: Inputs, asked: WhatIf, sites: gpd.GeoDataFrame, mode: Mode, minutes: float) -> TravelTimes:
    net = run.network(tables.roads, mode)
    return run.travel_times(net, tables.communities, sites, minutes=minutes, heading=asked.heading, progress=run.share)


def _traveller(
    run: Run, tables: Inputs, asked: WhatIf, sites: gpd.GeoDataFrame, mode: Mode, turnout: float, far: float
) -> Traveller:
    times = _times(run, tables, asked, sites, mode, far)
    standards = _asked_for(asked.minutes, range(_LEAST_MINUTES, math.floor(far) + 1))
    turnouts = _asked_for(turnout, _TURNOUTS if turnout or asked.heading == "to_community" else ())
    paces = (100,) if times.fixed_time else _PACES
    step = _common_step(standards, turnouts, paces, most_cs=centiseconds(far))
    return Traveller(mode.id, mode.zh, mode.en, times, turnout, standards, turnouts, paces, step)


def _asked_for(own: float, others: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted({float(own), *map(float, others)}))


def _common_step(standards: Sequence[float], turnouts: Sequence[float], paces: Sequence[int], *, most_cs: int) -> int:
    """The greatest step that every limit of these which is searched is so many whole ones of."""
    limits = {limit_cs(*asked) for asked in itertools.product(standards, turnouts, paces)}
    return math.gcd(*(limit for limit in limits if 0 < limit <= most_cs)) or 1


def limit_cs(minutes: float, turnout_minutes: float, pace: int) -> int:
    """The longest trip at the mode's own pace, turnout apart, that is within a standard at ``pace`` percent of it."""
    return (centiseconds(minutes) - centiseconds(turnout_minutes)) * pace // 100
