"""Routes on the page: the way of each community to its nearest facility, as a forest of lines.

Ways to one facility share the roads next to it. Seen from the facility they are sorted, so that each begins with most
of what the one before it begins with; only what is its own is kept. Corners are left out where that moves a line by no
more than ``TOLERANCE_M``, never one where ways part, and points are rounded to 1e-5 degrees (about a metre).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base import i18n
from quarterhour.base.arrays import AnyArray, BoolArray, IntArray, ragged
from quarterhour.base.escape import escape_html
from quarterhour.maps.columns import DEGREE_DECIMALS, in_degrees, place_names, tenths
from quarterhour.maps.varints import packed_columns

if TYPE_CHECKING:
    from quarterhour.standards.circle import CircleCheck
    from quarterhour.study.results import CircleRoutes, Proposal, Results
    from quarterhour.travel.paths import Paths

TOLERANCE_M = 5.0
DEGREE_M = 111_320.0
"""Metres of a degree of latitude; one of longitude is shorter, and so is what is left out along it."""


def route_columns(results: Results, lang: str) -> dict[str, Any] | None:
    """The routes of each circle, and the words that they are told in; None where a run found no routes.

    ``circles``, in the order of the checks: ``packed``, by route the community (steps), how many points it shares with
    the one before, how many are its own, whole metres, and the steps of these points east and north. ``over``: of
    communities outside (steps) the tenths of minutes past the standard. ``closing``: by question, of communities
    outside (steps) the nearest proposed site (position in ``sites``), tenths of minutes, and those past the standard;
    none where a facility is as near already. What is past the standard is rounded up.
    """
    if not results.routes:
        return None
    known = {one.circle: one for one in results.routes}
    words = {name: escape_html(i18n.label("routes", name, lang)) for name in i18n.names_on("routes")}
    return {"words": words, "circles": [_circle(known[c.circle.id], c, results, lang) for c in results.checks]}


def _circle(routes: CircleRoutes, check: CircleCheck, results: Results, lang: str) -> dict[str, Any]:
    standard, by_id = check.circle.minutes, {p.id: p for p in results.proposals}
    ids = results.inputs.communities.index
    left = check.communities.reindex(ids)
    late = np.flatnonzero(left["minutes"].to_numpy(dtype=float) > standard)
    over = tenths(left["minutes"].to_numpy(dtype=float)[late] - standard, up=True)
    closing = [(by_id[q], _nearer(table, left["minutes"])) for q, table in routes.closing.items() if q in by_id]
    return {
        "packed": packed_routes(routes.paths),
        "over": packed_columns(np.diff(late, prepend=0), over),
        "closing": [_closing(table, p, standard, ids, lang) for p, table in closing],
    }


def _nearer(table: pd.DataFrame, now: pd.Series) -> pd.DataFrame:
    """Where the proposed site is nearer than what stands today, or nothing does."""
    known = table.dropna(subset="minutes")
    return known[~(known["minutes"] >= now.reindex(known.index))]


def _closing(table: pd.DataFrame, proposal: Proposal, standard: float, ids: pd.Index, lang: str) -> dict[str, Any]:
    code, sites = pd.factorize(table["site"])
    minutes = table["minutes"].to_numpy(dtype=float)
    past = np.maximum(minutes - standard, 0.0)
    told = np.where(past > 0, tenths(minutes, up=True), tenths(minutes))
    return {
        "name": escape_html(proposal.name(lang)),
        "sites": place_names(sites, proposal.sites),
        "packed": packed_columns(np.diff(ids.get_indexer(table.index), prepend=0), code, told, tenths(past, up=True)),
    }


def packed_routes(paths: Paths) -> str:
    """The lines of paths, and their metres, as text of a page."""
    going = np.flatnonzero([line is not None for line in paths.lines])
    lines = _from_the_site(paths, going)
    if not len(lines):
        return packed_columns(*[np.empty(0, np.int64)] * 6)
    xy, count = _whole_degrees(gpd.GeoSeries(lines, crs=paths.crs))
    forest = _forest(xy, count)
    kept = _thinned(xy, forest)
    metres = np.rint(np.nan_to_num(paths.metres[going[forest.order]])).astype(np.int64)
    steps = _steps(kept)
    return packed_columns(
        np.diff(going[forest.order], prepend=0), kept.shared, kept.own, metres, steps[:, 0], steps[:, 1]
    )  # fmt: skip


def _from_the_site(paths: Paths, going: AnyArray) -> AnyArray:
    lines = paths.lines[going]
    return lines if paths.heading == "to_community" else shapely.reverse(lines)


def _whole_degrees(lines: gpd.GeoSeries) -> tuple[IntArray, IntArray]:
    """Points of lines as whole 1e-5 degrees, none twice in a row, and how many each line has."""
    degrees = in_degrees(gpd.GeoDataFrame(geometry=lines), "routes").to_numpy()
    xy, line = shapely.get_coordinates(degrees, return_index=True)
    whole = np.round(xy * 10**DEGREE_DECIMALS).astype(np.int64)
    new = np.r_[True, (line[1:] != line[:-1]) | (whole[1:] != whole[:-1]).any(axis=1)]
    return whole[new], np.bincount(line[new], minlength=len(degrees))


@dataclass(frozen=True, eq=False)
class _Forest:
    """Lines in order (``order``: which stands where), and how many points each shares with the one before.

    ``begin``, ``end``: of a line's points. ``parting``: the point (of the line that owns it) from which each line goes
    its own way, -1: from none.
    """

    order: IntArray
    begin: IntArray
    end: IntArray
    shared: IntArray
    parting: IntArray


def _forest(xy: IntArray, count: IntArray) -> _Forest:
    spot = np.unique(xy, axis=0, return_inverse=True)[1].ravel()
    begin = np.cumsum(count) - count
    name = spot.astype(">u4")
    keys = [name[a : a + n].tobytes() for a, n in zip(begin.tolist(), count.tolist(), strict=True)]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    begin, end = begin[order], (begin + count)[order]
    shared, parting = np.zeros(len(order), np.int64), np.full(len(order), -1)
    owner = np.zeros(int(count.max()), np.int64)  # by depth: the point that the line before has there, or owes another
    for i, (a, b) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        if i:
            shared[i] = _alike(spot[begin[i - 1] : end[i - 1]], spot[a:b])
        k = int(shared[i])
        parting[i] = owner[k - 1] if k else -1
        owner[k : b - a] = np.arange(a + k, b)
    return _Forest(order, begin, end, shared, parting)


def _alike(one: AnyArray, other: AnyArray) -> int:
    """How many points two lines begin with that are the same."""
    size = min(len(one), len(other))
    apart = np.flatnonzero(one[:size] != other[:size])
    return int(apart[0]) if len(apart) else size


@dataclass(frozen=True, eq=False)
class _Kept:
    """What is left of lines: ``shared`` points with the one before, ``own`` of each, and these themselves."""

    shared: IntArray
    own: IntArray
    xy: IntArray


def _thinned(xy: IntArray, forest: _Forest) -> _Kept:
    """Lines without the corners that do not matter; where lines part there is a point."""
    stays = np.zeros(len(xy), bool)
    stays[forest.parting[forest.parting >= 0]] = True
    drawn = forest.begin + np.maximum(forest.shared - 1, 0)  # a line's own part begins where it leaves the one before
    line, point = ragged(drawn, forest.end - drawn)
    kept = _corners(xy, line, point, stays)
    own = kept & ~((point == drawn[line]) & (forest.shared[line] > 0))
    number = np.bincount(line[own], minlength=len(forest.order))
    upto = np.zeros(len(xy), np.int64)
    upto[point[own]] = np.arange(int(own.sum())) + 1 - (np.cumsum(number) - number)[line[own]]
    shared = np.zeros(len(forest.order), np.int64)
    of = np.zeros(len(xy), np.int64)
    of[point[own]] = line[own]
    for i, at in enumerate(forest.parting.tolist()):
        if at >= 0:
            shared[i] = shared[of[at]] + upto[at]
    return _Kept(shared, number, xy[point[own]])


def _corners(xy: IntArray, line: AnyArray, point: AnyArray, stays: BoolArray) -> BoolArray:
    """Which points of lines are kept: ends, those that must stay, and what simplifying between these leaves."""
    first = np.r_[True, line[1:] != line[:-1]]
    last = np.r_[first[1:], True]
    kept = first | last | stays[point]
    piece = np.cumsum(kept) - 1  # a piece runs from one kept point to the next, that one included
    joint = kept & ~first
    at = np.r_[np.arange(len(point)), np.flatnonzero(joint)]
    of = np.r_[piece, piece[joint] - 1]
    order = np.lexsort((at, of))
    at, of = at[order], of[order]
    whole = np.bincount(of)[of] > 2
    at, of = at[whole], of[whole]
    if len(at):
        numbered = np.column_stack([xy[point[at]], at]).astype(float)
        pieces = shapely.linestrings(numbered, indices=np.unique(of, return_inverse=True)[1])
        thin = shapely.simplify(pieces, TOLERANCE_M / DEGREE_M * 10**DEGREE_DECIMALS)
        kept[shapely.get_coordinates(thin, include_z=True)[:, 2].astype(np.int64)] = True
    return np.asarray(kept, bool)


def _steps(kept: _Kept) -> IntArray:
    """From each point to the next; the first own one of a line from the last that it shares, else from where the line
    before it that shares nothing began."""
    last = np.cumsum(kept.own)
    begin = last - kept.own
    before = np.empty_like(kept.xy)
    before[1:] = kept.xy[:-1]
    path = np.zeros(int((kept.shared + kept.own).max()), np.int64)  # by depth: the point that stands there now
    origin = np.zeros(2, np.int64)
    for a, b, k in zip(begin.tolist(), last.tolist(), kept.shared.tolist(), strict=True):
        if a < b:
            before[a] = kept.xy[path[k - 1]] if k else origin
            path[k : k + b - a] = np.arange(a, b)
            origin = origin if k else kept.xy[a]
    return np.asarray(kept.xy - before)
