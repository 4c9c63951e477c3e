"""The ways behind a circle's minutes: to the nearest facility, and to the proposed site that would close a gap."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd

from quarterhour.network.network import Network
from quarterhour.standards.circle import CircleCheck
from quarterhour.standards.rules import Circle
from quarterhour.study.circles import circle_sites
from quarterhour.study.closing import closes
from quarterhour.study.inputs import Inputs
from quarterhour.study.results import CircleRoutes, Proposal, Results
from quarterhour.study.scorecards import SEARCHED_BEYOND
from quarterhour.study.session import Run
from quarterhour.study.study import study_mode
from quarterhour.travel.accessibility import HOWEVER_FAR, nearest_by_kind
from quarterhour.travel.paths import shortest_paths


def with_routes(run: Run, results: Results) -> Results:
    """The results with the routes of each circle, and with all pairs where the study asks for ``od``."""
    asked = "od" in run.study.file.outputs.extra
    found = [_circle_routes(run, results, check) for check in results.checks]
    pairs = [_od(run, results.inputs, check.circle) for check in results.checks if asked]
    return replace(results, routes=tuple(found), od=pd.concat(pairs, ignore_index=True) if pairs else None)


def _circle_routes(run: Run, results: Results, check: CircleCheck) -> CircleRoutes:
    circle, tables = check.circle, results.inputs
    net = _network(run, tables, circle)
    nearest = check.communities.reindex(tables.communities.index)
    pairs = pd.DataFrame({"community": nearest.index, "site": nearest["nearest"].to_numpy(dtype=object)})
    with run.timed(f"routes {circle.id}"):
        paths = shortest_paths(
            net, tables.communities, circle_sites(tables, circle), pairs,
            minutes=nearest["minutes"].to_numpy(dtype=float), heading=circle.heading,
            turnout_minutes=circle.turnout_minutes,
            limit_m=run.study.file.study.snap_limit_m, threads=run.threads,
        )  # fmt: skip
        joined = [p for p in results.proposals if p.plan.chosen and closes(run.study, p, check)]
        left = tables.communities.loc[nearest.index[~nearest["met"].astype(bool)]]
        closing = {p.id: _closing(run, net, circle, left, p) for p in joined}
    return CircleRoutes(circle.id, paths, closing)


def _network(run: Run, tables: Inputs, circle: Circle) -> Network:
    return run.network(tables.roads, study_mode(run.study, circle.mode, circle.id))


def _closing(run: Run, net: Network, circle: Circle, communities: gpd.GeoDataFrame, proposal: Proposal) -> pd.DataFrame:
    """The nearest of the proposed sites for each community outside the circle, however far."""
    new = proposal.new_sites
    if not new or communities.empty:
        return pd.DataFrame({"site": pd.Series(dtype=object), "minutes": pd.Series(dtype=float)})
    sites = gpd.GeoDataFrame(geometry=proposal.sites.loc[new].geometry)
    found = nearest_by_kind(
        net, communities, sites, kinds=pd.Series("", index=sites.index), minutes=HOWEVER_FAR, heading=circle.heading,
        turnout_minutes=circle.turnout_minutes, limit_m=run.study.file.study.snap_limit_m, threads=run.threads,
    )  # fmt: skip
    return pd.DataFrame({column: found["", column] for column in ("site", "minutes")})


def _od(run: Run, tables: Inputs, circle: Circle) -> pd.DataFrame:
    """Every pair of a community and a facility of the circle within twice its standard."""
    sites = circle_sites(tables, circle)
    with run.timed(f"od {circle.id}"):
        times = run.travel_times(
            _network(run, tables, circle), tables.communities, sites, minutes=circle.minutes * SEARCHED_BEYOND,
            heading=circle.heading, turnout_minutes=circle.turnout_minutes,
        )  # fmt: skip
    pairs = times.pairs()
    pairs.insert(0, "circle", circle.id)
    pairs.insert(3, "kind", sites["kind"].reindex(pairs["site"]).to_numpy())
    return pairs
