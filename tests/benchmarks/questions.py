"""What is asked: each question with its peers, the networks it is asked on, and the bar for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from benchmarks import children, peers, valhalla_differences, valhalla_rows
from benchmarks.lands import CUT_CS, MINUTES, Land, land_size
from benchmarks.measure import Duel, Figure
from benchmarks.places import PLACES
from quarterhour.network.network import Network
from quarterhour.network.snap import snap_places
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.isochrone import isochrones
from quarterhour.travel.nearest_kernels import nearest_to_targets
from quarterhour.travel.search_arrays import search_arrays

Array = NDArray[Any]
CITIES = ("coquimbo", "heidelberg", "wuhan")
PLACES_SNAPPED = 10_000
RADIUS_M = 50.0
AREA_ERROR = 0.015


@dataclass(frozen=True)
class Question:
    """``ask`` makes ready and returns what to measure. ``bars``: by network; None where none was set."""

    name: str
    peer: str
    ask: Callable[[Land], Duel | Figure]
    bars: Mapping[str, float | None] = field(default_factory=dict)


# --- the nearest site of every junction, and which it is


def _nearest(land: Land, heading: str) -> Callable[[], tuple[Array, Array]]:
    arcs = land.network.arcs(heading)
    search = search_arrays((arcs.indptr, arcs.head, arcs.cs), _entering(land.sites))
    return lambda: nearest_to_targets(search, cut=CUT_CS)


def _nearest_duel(land: Land, peer: str, *, owner: bool) -> Duel:
    # pandana's junctions look for their site; all others search from the sites
    heading = "to_site" if peer == "pandana" else "to_community"
    plain, sites = land.plain(heading), land.sites
    if peer == "pandana":
        asked = peers.pandana_nearest(land.plain("to_community"), sites, CUT_CS, owner=owner)
    else:
        asked = getattr(peers, f"{peer}_nearest")(plain, sites, CUT_CS, owner=owner)
    differ = partial(differ_nearest, plain, sites, owner=owner)
    return Duel(_nearest(land, heading), asked, differ, {**land.told, "sites": len(sites)}, _rounds(land, peer))


def _nearest_rooted(land: Land, peer: str) -> Duel:
    plain, sites = land.plain("to_community"), land.sites
    asked = getattr(peers, f"{peer}_nearest")(plain, sites)
    differ = partial(differ_nearest, plain, sites, owner=False)
    return Duel(_nearest(land, "to_community"), asked, differ, {**land.told, "sites": len(sites)})


def differ_nearest(plain: peers.Plain, sites: Array, ours: Any, theirs: Any, *, owner: bool) -> str:
    """How the answers differ: the times must be equal, each owner must be one that gives that time."""
    time, mine = ours
    time = np.where(time <= CUT_CS, time, -1).astype(np.int64)
    answers = [("ours", np.where(mine >= 0, sites[mine], -1))]
    if isinstance(theirs, pd.DataFrame):
        found = peers.times_of(theirs[1].to_numpy(), plain.count, CUT_CS)
        if owner:
            answers.append(("theirs", theirs["poi1"].fillna(-1).to_numpy().astype(np.int64)))
            answers[-1] = ("theirs", np.where(answers[-1][1] >= 0, sites[answers[-1][1]], -1))
    else:
        times, owners = theirs if isinstance(theirs, tuple) else (theirs, None)
        found = peers.times_of(times, plain.count, CUT_CS)
        if owner:
            answers.append(("theirs", peers.owners_of(owners, plain.count)))
    if not np.array_equal(time, found):
        return f"{int((time != found).sum())} of {plain.count} times"
    wrong = {who: _wrong_owners(plain, sites, time, owner_of) for who, owner_of in answers}
    return ", ".join(f"{n} owners of {who}" for who, n in wrong.items() if n)


def _wrong_owners(plain: peers.Plain, sites: Array, time: Array, owner: Array) -> int:
    """Junctions whose owner is neither their own site nor that of a junction that a quickest way comes from."""
    right = time < 0
    right[sites] |= (owner[sites] == sites) & (time[sites] == 0)
    tail, head = plain.tail, plain.head
    tight = (time[tail] >= 0) & (time[tail] + plain.cs == time[head]) & (owner[tail] == owner[head])
    right[head[tight]] = True
    return int((~right).sum())


# --- every junction within the cutoff of some sources


def _table(land: Land, sources: Array) -> Callable[[], list[sparse.csr_array]]:
    """Sparse arrays of some hundred sources each, as ``travel_times`` goes through them."""
    arcs, count = land.network.arcs("to_community"), len(land.network.x)

    def ask() -> list[sparse.csr_array]:
        made = []
        for block in peers.in_blocks(sources):
            search = search_arrays((arcs.indptr, arcs.head, arcs.cs), _entering(block))
            start, ids, cs = cutoff_table(search, cut=CUT_CS)
            made.append(sparse.csr_array((cs, ids, start.astype(np.int32)), shape=(len(block), count)))
        return made

    return ask


def _entering(junctions: Array) -> tuple[Array, Array, Array]:
    """Sources that stand on junctions."""
    return np.arange(len(junctions) + 1), junctions.astype(np.uint32), np.zeros(len(junctions), np.int32)


TABLES = {
    "scipy": (peers.scipy_table, 3000),
    "scipy-csr": (peers.scipy_csr, 500),
    "scipy-rows": (peers.scipy_rows, 500),
    "networkx": (peers.networkx_table, 500),
    "pandana": (peers.pandana_table, 500),
}
"""How each is asked, and from how many junctions: a planner has thousands; some have no time or room for as many."""


def _table_duel(land: Land, peer: str) -> Duel:
    way, count = TABLES[peer]
    plain, sources = land.plain("to_community"), land.junctions(count if land_size(land.name) else 64, seed=2)
    ours = _table(land, sources)
    told = {
        **land.told,
        "sources": len(sources),
        "reached": sum(t.nnz for t in ours()),
        "unit": "a reached junction: ms / reached",
    }
    asked = way(plain, sources, CUT_CS)
    return Duel(ours, asked, partial(differ_table, sources), told, _rounds(land, peer))


def differ_table(sources: Array, ours: list[sparse.csr_array], theirs: Any) -> str:
    """How the tables differ: the same pairs with the same centiseconds, in any order."""
    return differ_pairs(*(peers.as_table(answer, sources, CUT_CS) for answer in (ours, theirs)))


def differ_pairs(ours: peers.Table, theirs: peers.Table) -> str:
    """The same for rows that are told by how many are in each."""
    mine, other = _packed(*ours), _packed(*theirs)
    if len(mine) != len(other):
        return f"{len(mine)} pairs and {len(other)}"
    return f"{n} pairs" if (n := int((mine != other).sum())) else ""


def _packed(count: Array, ids: Array, cs: Array) -> Array:
    """Pairs as sorted whole numbers: row, target, centiseconds."""
    row = np.repeat(np.arange(len(count)), count)
    whole = (row * (1 << 22) + ids) * (1 << 17) + np.rint(cs).astype(np.int64)
    whole.sort()
    return whole


def _rounds(land: Land, peer: str) -> int:
    """What needs seconds gets fewer rounds."""
    size = len(land.network.x)
    return 3 if size > 1e6 or (size > 50_000 and peer in ("networkx", "pandana")) else 5


# --- pictures


def _picture_duel(land: Land) -> Duel:
    """Private roads and gates as open as any: the peer's search knows nothing of trips that may only end there."""
    closed, gated = np.zeros_like(land.network.ends_only), np.full_like(land.network.gate, -1)
    network, plain = replace(land.network, ends_only=closed, gate=gated, kept={}), land.plain("to_community")
    inside = np.flatnonzero(network.mutual == 0)
    middle = np.random.default_rng(5).choice(inside, 3 if len(network.x) > 50_000 else 10, replace=False)
    points = gpd.points_from_xy(network.x[middle], network.y[middle])
    sites = gpd.GeoDataFrame(geometry=points, crs=network.crs, index=[f"s{i}" for i in range(len(middle))])
    parts = [peers.reached_parts(network, plain, int(j), CUT_CS) for j in middle]
    truth = peers.buffer_and_union(parts, RADIUS_M, quad_segs=32)
    told = {**land.told, "sites": len(middle), "roads": [len(p) for p in parts], "radius_m": RADIUS_M}

    def ours() -> list[Any]:
        made = isochrones(network, sites, minutes=[MINUTES], heading="to_community", radius_m=RADIUS_M)
        return list(made.geometry)

    def differ(a: list[Any], b: list[Any]) -> str:
        told["area_error"], told["peer_area_error"] = (round(area_error(shapes, truth), 5) for shapes in (a, b))
        return "" if told["area_error"] <= AREA_ERROR else f"area error {told['area_error']:.2%}"

    return Duel(ours, partial(peers.buffer_and_union, parts, RADIUS_M, quad_segs=4), differ, told, rounds=3)


def area_error(shapes: list[Any], truth: list[Any]) -> float:
    """The worst share of the true ground that is claimed wrongly or missed."""
    wrong = shapely.area(shapely.symmetric_difference(np.array(shapes), np.array(truth)))
    return float((wrong / shapely.area(truth)).max())


# --- places on roads


def _snap_duel(land: Land, *, plain: bool) -> Duel:
    network = _everywhere(land.network) if plain else land.network
    rng = np.random.default_rng(6)
    at = rng.integers(0, len(network.x), PLACES_SNAPPED)
    xy = np.column_stack([network.x, network.y])[at] + rng.normal(0, 120, (PLACES_SNAPPED, 2))
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=network.crs)
    rules = {"smallest_component": 1} if plain else {}
    told = {**land.told, "places": PLACES_SNAPPED, "segments": len(network.coords) - len(network.tail)}
    differ = partial(differ_snap, network, xy) if plain else differ_snap_loosely
    return Duel(
        partial(snap_places, network, places, limit_m=1e9, **rules), peers.strtree_snap(network, *xy.T), differ, told
    )


def _everywhere(network: Network) -> Network:
    """The same roads, and one may stop on each of them: shapely knows no motorways and tunnels."""
    return replace(network, no_stopping=np.zeros(len(network.tail), bool), kept={})


def differ_snap(network: Network, xy: Array, ours: pd.DataFrame, theirs: tuple[Array, Array, Array]) -> str:
    """The same gaps; the same road and share of it, unless another road is as near."""
    road, share, gap = theirs
    off = np.abs(ours["gap_m"].to_numpy() - gap) > 1e-6
    lines = peers.road_lines(network)
    mine = ours["road"].to_numpy()
    points = shapely.points(xy)
    tied = (mine != road) & (np.abs(shapely.distance(lines[mine], points) - gap) < 2e-6)
    # a place as near to two spots of a winding road has two right shares: the spot itself must be as near
    there = shapely.line_interpolate_point(lines[mine], ours["share"].to_numpy(), normalized=True)
    near = np.abs(shapely.distance(there, points) - gap) < 1e-5
    apart = (np.abs(ours["share"].to_numpy() - share) > 1e-6) & ~tied & ~near
    wrong = {"gaps": off, "roads": (mine != road) & ~tied, "shares": apart | ~near}
    return ", ".join(f"{int(w.sum())} {what}" for what, w in wrong.items() if w.any())


def differ_snap_loosely(ours: pd.DataFrame, theirs: tuple[Array, Array, Array]) -> str:
    """With islands and tunnels passed over no gap is smaller than the plain one, and most are the same."""
    more = ours["gap_m"].to_numpy() - theirs[2]
    if (more < -1e-6).any():
        return f"{int((more < -1e-6).sum())} gaps smaller than the least"
    changed = (more > 1e-6) & (ours["doubt"] != "passed_over").to_numpy()
    return f"{int(changed.sum())} gaps larger without a reason" if changed.any() else ""


# --- all of them


def _on(lands: tuple[str, ...], bar: float | None = None) -> dict[str, float | None]:
    return dict.fromkeys(lands, bar)


QUESTIONS = (
    Question("nearest-owner", "scipy", partial(_nearest_duel, peer="scipy", owner=True),
             {"200k": 3.0, "2m": 2.0, **_on(PLACES)}),
    Question("nearest-owner", "pandana", partial(_nearest_duel, peer="pandana", owner=True),
             {"200k": 100.0, **_on(CITIES)}),
    Question("nearest-owner", "networkx", partial(_nearest_duel, peer="networkx", owner=True),
             {"200k": 80.0, **_on(CITIES)}),
    Question("nearest", "scipy", partial(_nearest_duel, peer="scipy", owner=False), _on(("200k", "2m"))),
    Question("nearest", "networkx", partial(_nearest_duel, peer="networkx", owner=False), _on(("200k",))),
    *[Question("nearest", peer, partial(_nearest_rooted, peer=peer), _on(("200k", *CITIES)))
      for peer in ("igraph", "networkit", "rustworkx")],
    Question("table", "scipy", partial(_table_duel, peer="scipy"), {"200k": 5.0, "2m": 20.0, **_on(PLACES)}),
    Question("table", "scipy-csr", partial(_table_duel, peer="scipy-csr"), _on(("200k",))),
    Question("table", "scipy-rows", partial(_table_duel, peer="scipy-rows"), _on(("200k",))),
    Question("table", "pandana", partial(_table_duel, peer="pandana"), {"200k": 20.0, **_on(CITIES)}),
    Question("table", "networkx", partial(_table_duel, peer="networkx"), {"200k": 40.0, "2m": 40.0, **_on(CITIES)}),
    Question("matrix-on-foot", "valhalla", valhalla_rows.matrix_duel, _on(("heidelberg", "coquimbo", "200k"), 20.0)),
    Question("nearest-on-foot", "valhalla", valhalla_rows.nearest_duel, _on(("heidelberg", "coquimbo", "200k"))),
    Question("lengths-on-foot", "valhalla", valhalla_differences.differences_figure,
             _on(("heidelberg", "liechtenstein"), 1.0)),
    Question("picture", "buffer-and-union", _picture_duel, {"200k": None, **_on(CITIES, 50.0)}),
    Question("snap", "strtree", partial(_snap_duel, plain=True), {"200k": 8.0, "liechtenstein": 8.0, **_on(CITIES)}),
    Question("snap-rules", "strtree", partial(_snap_duel, plain=False), _on(("200k", "liechtenstein"))),
    Question("import", "limit", children.import_seconds, {"": 1.0}),
    Question("first-use", "limit", partial(children.first_use, cold=True), {"": 1.0}),
    Question("later-use", "limit", partial(children.first_use, cold=False), {"": 1.0}),
    Question("memory", "limit", children.table_memory, {"200k": 1.0}),
    Question("load", "limit", children.load_prepared, {"200k": 1.0, "2m": 1.0}),
)  # fmt: skip
