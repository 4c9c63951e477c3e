"""The ground reached, as a picture; never the judge.

Roads are cut exactly where the minutes end. The ground is what lies within ``radius_m`` of a reached road: the
distance to it on a raster, a filled contour round it, so holes stay holes and no hull claims the hill between two
valleys. Where a site lies off its road the straight way between is ground as well, so that a picture holds its site.
One raster serves all cutoffs of a site: the roads of a larger cutoff are added to those of the smaller and
distances only fall, so a larger picture contains a smaller one.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.base.arguments import takes
from quarterhour.base.arrays import AnyArray, StopFlag
from quarterhour.base.cells import as_figure
from quarterhour.base.centiseconds import CENTISECONDS_PER_MINUTE, centiseconds
from quarterhour.base.errors import DataError
from quarterhour.base.jit import COMPILED
from quarterhour.base.parallel import Progress, in_blocks
from quarterhour.base.planar import flat_shapes
from quarterhour.network.network import Network
from quarterhour.network.search_graph import UNREACHED, search_graph
from quarterhour.network.snap import snap_places
from quarterhour.travel.access_legs import Entries, entries_of, road_times
from quarterhour.travel.dijkstra import cutoff_table
from quarterhour.travel.ground.contour import ground_below
from quarterhour.travel.ground.reached import burn, new_parts
from quarterhour.travel.search_arrays import search_arrays
from quarterhour.travel.times import LONGEST_CS, Heading, check_heading, check_unique

Ground: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries | shapely.Geometry
MOST_CELLS = 60_000_000
"""Some 700 MB while a picture is drawn."""
CELL_OF_RADIUS = 0.4
"""Fine enough for 1.5 % of the area on a lattice of streets, where the contour fills the corners; half is not."""
BLOCK = 64
"""Sites searched at once."""


@takes(network=Network, sites=gpd.GeoDataFrame)
def isochrones(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    minutes: Sequence[float] = (5, 10, 15, 30),
    heading: Heading,
    turnout_minutes: float = 0.0,
    radius_m: float = 50.0,
    cell_m: float | None = None,
    land: Ground | None = None,
    water: Ground | None = None,
    union: bool = False,
    bands: bool = False,
    limit_m: float = 1000.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame:
    """The ground within so many minutes of each site, to be drawn on a map; coverage is never read from it.

    Parameters
    ----------
    network : roads of the mode that travels.
    sites : places in the CRS of the network.
    minutes : the cutoffs, each inclusive; turnout and the gap between site and road count.
    heading : ``to_site`` people go there, ``to_community`` the carer comes.
    turnout_minutes : added to every trip.
    radius_m : ground as far as this from a reached road is drawn; stated in the result.
    cell_m : side of the raster, at most half of ``radius_m``; 0.4 of it where it is not said.
    land, water : layers with a CRS, or shapes in the CRS of the network; ground is kept on land and off the water.
    union : one picture of all sites together, ``site`` "".
    bands : rings between one cutoff and the next instead of whole pictures; together they are the largest.
    limit_m : a site farther off every road reaches nothing.
    threads : blocks of sites side by side; the answer is the same.
    progress : called with the share done.

    Returns
    -------
    A row a site and cutoff, sites in their order, cutoffs rising: ``site``, ``from_minutes`` (0, or where the band
    begins), ``minutes``, ``radius_m``, ``geometry`` (MultiPolygon with its holes, empty where nothing is reached). A
    larger cutoff contains each smaller one; bands meet and do not overlap.

    Raises
    ------
    DataError : a value that cannot be meant, ids twice, a layer without CRS, more cells than memory should hold.

    Source: area within 1.5 % of buffering each reached piece of road and uniting (``tests/travel/test_isochrone.py``).

    Examples
    --------
    >>> import quarterhour as qh
    >>> from quarterhour.testing import town
    >>> drawn = town("A--1--B")
    >>> ground = qh.isochrones(drawn.network("walk"), drawn.places("1"), minutes=[2, 4], heading="to_site")
    >>> ground[["site", "minutes"]].values.tolist(), ground.area.round(-3).tolist()
    ([['1', 2.0], ['1', 4.0]], [32000.0, 56000.0])
    """
    cell_m = CELL_OF_RADIUS * radius_m if cell_m is None else cell_m
    cutoffs = _checked(minutes, heading, turnout_minutes, radius_m, cell_m, sites.index)
    leaving = heading == "to_community"
    snapped = snap_places(network, sites, limit_m=limit_m)
    entries = entries_of(network, snapped, leaves=leaving, turnout=centiseconds(turnout_minutes))
    groups = [np.arange(len(sites))] if union and len(sites) else [np.array([i]) for i in range(len(sites))]
    names = [""] if union else list(sites.index)
    clip = _Clip(_areas(land, network, "land"), _areas(water, network, "water"))
    across = snapped[["place_x", "place_y", "x", "y"]].to_numpy(dtype=float)
    draw = _Drawing(network, entries, across, leaving, [centiseconds(c) for c in cutoffs], radius_m, cell_m)

    def work(span: slice, stop: StopFlag) -> list[shapely.Geometry]:
        drawn, time = list[shapely.Geometry](), draw.times()
        for reached in _reached(network, entries, groups[span], heading, draw.cuts[-1], stop):
            pictures = [clip(shape) for shape in draw(time, *reached)]
            drawn += _rings(pictures) if bands else pictures
        return drawn

    shapes = [s for _, drawn in in_blocks(work, len(groups), threads=threads, progress=progress) for s in drawn]
    begins = [0.0, *cutoffs[:-1]] if bands else [0.0] * len(cutoffs)
    made = {
        "site": np.repeat(np.array(names[: len(groups)], dtype=object), len(cutoffs)),
        "from_minutes": np.tile(begins, len(groups)),
        "minutes": np.tile(cutoffs, len(groups)),
        "radius_m": np.full(len(shapes), float(radius_m)),
    }
    return gpd.GeoDataFrame(made, geometry=gpd.GeoSeries(shapes, crs=network.crs), crs=network.crs)


def _rings(pictures: list[shapely.Geometry]) -> list[shapely.Geometry]:
    """Each picture without the one before."""
    return [pictures[0], *(_polygons(shapely.difference(b, a)) for a, b in pairwise(pictures))]


def _checked(
    minutes: Sequence[float], heading: str, turnout: float, radius_m: float, cell_m: float, ids: pd.Index
) -> list[float]:
    listed = [*minutes] if isinstance(minutes, Iterable) else [minutes]
    cutoffs = [as_figure(m) for m in listed]
    good = len(cutoffs) > 0 and all(0 < m * CENTISECONDS_PER_MINUTE < LONGEST_CS for m in cutoffs)
    if not (good and 0 <= as_figure(turnout) * CENTISECONDS_PER_MINUTE < LONGEST_CS):
        raise DataError("isochrone.bad_minutes", minutes=", ".join(map(repr, [*listed, turnout])))
    check_heading(heading)
    if not 0 < 2 * cell_m <= radius_m < math.inf:
        raise DataError("isochrone.bad_cell", cell_m=cell_m, radius_m=radius_m)
    check_unique(ids)
    return sorted(set(cutoffs))


def _reached(
    network: Network, entries: Entries, groups: list[AnyArray], heading: Heading, cut: int, stop: StopFlag
) -> Iterator[tuple[AnyArray, AnyArray, AnyArray]]:
    """For each group of sites: its sites, the states of the searched graph that it reaches, their centiseconds."""
    arcs = search_graph(network).arcs(heading)
    for first in range(0, len(groups), BLOCK):
        block = groups[first : first + BLOCK]
        start, entered, ahead = entries.rows(np.concatenate(block))
        sources = start[np.cumsum([0, *map(len, block)])], entered, ahead
        asked = search_arrays((arcs.indptr, arcs.head, arcs.cs), sources, stop=stop)
        start, states, cs = cutoff_table(asked, cut=cut)
        for g, a, b in zip(block, start[:-1], start[1:], strict=True):
            if stop[0]:
                return
            yield g, states[a:b], cs[a:b]


class _Drawing:
    """Pictures of one network: what is the same for every site. Threads may draw side by side, each with its times."""

    def __init__(
        self,
        network: Network,
        entries: Entries,
        across: AnyArray,
        leaving: bool,
        cuts: list[int],
        radius_m: float,
        cell_m: float,
    ) -> None:
        self.entries, self.across, self.cuts, self.radius_m, self.cell_m = entries, across, cuts, radius_m, cell_m
        self.lines = network.coords, network.coord_start, network.line_m
        self.network, self.leaving = network, leaving
        # from tail to head and from head to tail as the search runs: outward from the site
        self.ways = (network.forward_cs, network.backward_cs)[:: 1 if leaving else -1]
        self.room = _Room(MOST_CELLS)

    def times(self) -> AnyArray:
        """Centiseconds to each state, to be used for one picture after the other."""
        return np.full(self.entries.states, UNREACHED, np.int32)

    def __call__(self, time: AnyArray, sites: AnyArray, states: AnyArray, cs: AnyArray) -> list[shapely.Geometry]:
        """A MultiPolygon a cutoff, rising. ``time``: of ``times``."""
        time[states] = cs
        begun = road_times(self.network, self.entries, sites, time, leaving=self.leaving)
        entries = self.entries
        mine = sites[entries.road[sites] >= 0]
        own = entries.road[mine].astype(np.int64), entries.share[mine], entries.extra[mine]
        gaps = self.across[mine], entries.turnout
        cuts = np.array(self.cuts, np.int64)
        parts, ends, boxes = new_parts(self.ways, self.lines, begun, own, gaps, cuts)
        time[states] = UNREACHED
        if not len(parts):
            return [shapely.MultiPolygon() for _ in self.cuts]
        return self._on_a_raster(parts, ends, boxes) if COMPILED else list(self._united(parts, ends))

    def _on_a_raster(self, parts: AnyArray, ends: AnyArray, boxes: AnyArray) -> list[shapely.Geometry]:
        field, drawn = _Field(boxes, self.radius_m, self.cell_m), list[shapely.Geometry]()
        with self.room.taken(field.cells):
            field.begin()
            for step, (first, last) in enumerate(pairwise(ends)):
                field.add(parts[first:last])
                drawn.append(field.ground(step) if last else shapely.MultiPolygon())
        return drawn

    def _united(self, parts: AnyArray, ends: AnyArray) -> Iterator[shapely.Geometry]:
        """The same ground where nothing is compiled, exact and slower: a buffer round each part, all united."""
        shape = shapely.MultiPolygon()
        for first, last in pairwise(ends):
            lines = shapely.linestrings(parts[first:last].reshape(-1, 2, 2))
            shape = _polygons(shapely.union_all([shape, *shapely.buffer(lines, self.radius_m)]))
            yield shape


class _Room:
    """Cells of all rasters held at once, however many threads draw: no more than ``most``."""

    def __init__(self, most: int) -> None:
        self.left, self.changed = most, threading.Condition()

    @contextmanager
    def taken(self, cells: int) -> Iterator[None]:
        """So many cells, as soon as they are free."""
        with self.changed:
            self.changed.wait_for(lambda: self.left >= cells)
            self.left -= cells
        try:
            yield
        finally:
            with self.changed:
                self.left += cells
                self.changed.notify_all()


class _Field:
    """Squared metres from each node of a raster to the nearest part of a road so far, no farther than matters.

    Nodes stand at whole multiples of ``cell_m``, so that pictures drawn apart fit together. ``boxes``: of the parts
    reached by each cutoff, low x, low y, high x, high y.
    """

    def __init__(self, boxes: AnyArray, radius_m: float, cell_m: float) -> None:
        self.radius_m, self.cell_m = radius_m, cell_m
        # One node beyond the radius is all that a contour asks for.
        self.reach_m = radius_m + cell_m
        self.low = np.floor((boxes[:, :2] - self.reach_m) / cell_m).astype(np.int64) - 1
        self.high = np.ceil((boxes[:, 2:] + self.reach_m) / cell_m).astype(np.int64) + 2
        self.shape = self.high[-1] - self.low[-1]
        self.cells = math.prod(map(int, self.shape))
        if self.cells > MOST_CELLS:
            raise DataError("isochrone.too_large", cells=self.cells, most=MOST_CELLS, cell_m=cell_m)
        self.squared = np.empty((0, 0), np.float32)

    def begin(self) -> None:
        """Nothing is reached yet."""
        self.squared = np.full(self.shape[::-1], self.reach_m**2, np.float32)

    def add(self, parts: AnyArray) -> None:
        """These parts are reached too."""
        i0, j0 = self.low[-1]
        burn(parts, self.squared, i0, j0, self.cell_m, self.reach_m)

    def ground(self, step: int) -> shapely.Geometry:
        """What lies within the radius now; no farther than the box of this cutoff."""
        low, high = self.low[step] - self.low[-1], self.high[step] - self.low[-1]
        return ground_below(
            self.squared,
            self.radius_m,
            origin=(int(self.low[-1][0]), int(self.low[-1][1])),
            cell=self.cell_m,
            box=(int(low[0]), int(high[0]), int(low[1]), int(high[1])),
        )


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    """A valid MultiPolygon: lines and points that an overlay leaves behind are no ground."""
    parts = shapely.get_parts(shapely.get_parts(shape if shape.is_valid else shapely.make_valid(shape)))
    return shapely.multipolygons(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def _areas(ground: Ground | None, network: Network, layer: str) -> AnyArray | None:
    """The polygons of a layer in the CRS of the network."""
    if ground is None:
        return None
    if isinstance(ground, shapely.Geometry):
        shapes = np.array([ground], dtype=object)
    elif ground.crs is None:
        raise DataError("isochrone.no_crs", layer=layer)
    else:
        shapes = flat_shapes(ground.geometry).to_crs(network.crs).to_numpy()
    parts = shapely.get_parts(shapely.make_valid(shapely.get_parts(shapes[~shapely.is_missing(shapes)])))
    areas: AnyArray = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return areas


class _Clip:
    """Ground is kept on the land and off the water, where these are given."""

    def __init__(self, land: AnyArray | None, water: AnyArray | None) -> None:
        self.land = None if land is None else shapely.STRtree(land)
        self.water = None if water is None else shapely.STRtree(water)

    def __call__(self, shape: shapely.Geometry) -> shapely.Geometry:
        if self.land is not None:
            shape = _polygons(shapely.intersection(shape, _near(self.land, shape)))
        if self.water is not None:
            shape = _polygons(shapely.difference(shape, _near(self.water, shape)))
        return shape


def _near(tree: shapely.STRtree, shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.union_all(tree.geometries[np.sort(tree.query(shape, predicate="intersects"))])
