"""A made land of roads, as large as one wants: towns, lanes, through roads, rivers with few bridges, lakes.

Squares are parted in four until each holds about one junction, so streets lie close in towns and far apart between
them. Sides of squares are roads, those of large squares the through roads. Junctions are moved off their corners,
streets are struck out, and where only two are left the road runs on with a bend. Of junctions in Huancui's car
network (4,277 junctions, 10,159 arcs) 15, 2, 53, 30 and 1 % join 1, 2, 3, 4 and 5 roads; here 17, 0, 57, 26 and 0.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from quarterhour.network.build import network_from_arrays
from quarterhour.network.modes import as_mode
from quarterhour.network.network import Network

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CLASSES = ("residential", "unclassified", "secondary", "primary", "trunk")
KMH = np.array([27.0, 48.0, 58.0, 78.0, 105.0])
MODE = as_mode("made", {"travels": "vehicle", "speed_kmh": 40, "gap_kmh": 3.6})
CRS = "EPSG:32651"
ORIGIN = np.array([400_000.0, 4_150_000.0])

UNIT_M = 12.5
"""Corners stand on whole multiples; the smallest square is 50 m wide, the largest 1,600."""
LARGEST, SMALLEST = 128, 4
KM2_A_JUNCTION = 0.018
"""60 x 60 km hold 200,000 junctions; within 15 minutes lie some 12,000."""
BRIDGE_M = 2500.0


@dataclass(frozen=True, eq=False)
class MadeRoads:
    """Junctions (metres), roads from ``tail`` to ``head``, their lines; ``oneway`` roads run along alone."""

    xy: Floats
    tail: Ints
    head: Ints
    length_m: Floats
    kmh: Floats
    class_code: Ints
    oneway: NDArray[np.bool_]
    coords: Floats
    coord_start: Ints

    @property
    def forward_cs(self) -> Ints:
        """Whole centiseconds along each road, at least one."""
        return np.maximum(np.rint(self.length_m * 360.0 / self.kmh), 1).astype(np.int64)


def made_network(junctions: int = 200_000, *, seed: int = 1) -> Network:
    """The roads of a made land as a network for cars."""
    roads = made_roads(junctions, seed=seed)
    forward = roads.forward_cs
    return network_from_arrays(
        roads.tail,
        roads.head,
        forward_cs=forward,
        backward_cs=np.where(roads.oneway, 0, forward),
        mode=MODE,
        xy=roads.xy,
        crs=CRS,
        length_m=roads.length_m,
        lines=(roads.coords, roads.coord_start),
        road_class=np.array(CLASSES, dtype=object)[roads.class_code],
        junction_ids=pd.Index(np.arange(len(roads.xy)).astype(str)),
    )


def first_town() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """A small town as tables: roads, 40 villages, 3 clinics."""
    roads, rng = made_roads(1500), np.random.default_rng(1)
    lines = shapely.linestrings(roads.coords, indices=np.repeat(np.arange(len(roads.tail)), np.diff(roads.coord_start)))
    classes = np.array(CLASSES, dtype=object)[roads.class_code]
    spots = gpd.points_from_xy(*roads.xy[rng.choice(len(roads.xy), 43, replace=False)].T, crs=CRS)
    places = gpd.GeoDataFrame(geometry=spots, index=[f"p{i}" for i in range(43)])
    table = {"highway": classes, "oneway": roads.oneway.astype(int), "u": roads.tail, "v": roads.head}
    return gpd.GeoDataFrame(table, geometry=lines, crs=CRS), places.iloc[:40], places.iloc[40:]


def made_roads(junctions: int = 200_000, *, seed: int = 1) -> MadeRoads:
    """About so many junctions and 1.46 times as many roads, all joined; the same seed gives the same roads."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(junctions * KM2_A_JUNCTION) * 1000 / (LARGEST * UNIT_M))) * LARGEST
    corners, ends, size = _squares(_density(junctions, side, rng), side, rng)
    step = corners[ends[:, 1]] - corners[ends[:, 0]]
    line = np.where(step[:, 0] == 0, corners[ends[:, 0], 0], corners[ends[:, 0], 1])
    code = _classes(line, np.abs(step).sum(axis=1))
    shift = rng.uniform(-0.24, 0.24, corners.shape) * size[:, None]
    xy = (corners + shift) * UNIT_M
    kept = rng.random(len(ends)) < np.array([0.655, 0.74, 0.93, 0.97, 0.98])[code]
    kept &= _spared_by_rivers(xy, ends, side * UNIT_M, rng) & _on_land(xy, ends, side * UNIT_M, rng)
    return _joined(xy, ends[kept], code[kept], line[kept], rng)


def _density(junctions: int, side: int, rng: np.random.Generator) -> Floats:
    """Junctions per square unit on a raster of the largest squares; towns by Zipf's law."""
    count = max(2, junctions // 2700)
    people = np.arange(1, count + 1) ** -0.85
    held = 0.59 * junctions * people / people.sum()
    cells = side // LARGEST
    width = np.sqrt(held / (2 * np.pi * 260.0)) * 1000 / UNIT_M
    at = rng.uniform(0.03, 0.97, (count, 2)) * side
    middle = (np.arange(4 * cells) + 0.5) * LARGEST / 4
    density = np.full((4 * cells, 4 * cells), 0.28 * junctions / side**2)
    for (x, y), w, n in zip(at, width, held, strict=True):
        i, j = (slice(*np.searchsorted(middle, (c - 4 * w, c + 4 * w))) for c in (x, y))
        fall = [np.exp(-(((middle[s] - c) / w) ** 2) / 2) for s, c in ((i, x), (j, y))]
        density[i, j] += n / (2 * np.pi * w * w) * np.outer(*fall)
    return density


def _squares(density: Floats, side: int, rng: np.random.Generator) -> tuple[Ints, Ints, Floats]:
    """Corners (whole units), the sides between neighbouring corners, and the smallest square at each corner."""
    size = LARGEST
    low = np.stack(np.meshgrid(*[np.arange(0, side, size)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    leaves = []
    while True:
        i, j = ((low + size // 2) * len(density) // side).T
        part = (density[i, j] * size * size > rng.uniform(0.5, 2.5, len(low))) & (size > SMALLEST)
        leaves.append((low[~part], size))
        if not part.any():
            break
        size //= 2
        low = (low[part][:, None] + np.array([[0, 0], [0, size], [size, 0], [size, size]])).reshape(-1, 2)
    stride, sides, sizes = side + 1, [], []
    for low, size in leaves:
        a, step = low[:, 0] * stride + low[:, 1], np.array([size * stride, size])
        for begin, way in ((0, 0), (0, 1), (step[0], 1), (step[1], 0)):
            sides.append(np.column_stack([a + begin, a + begin + step[way]]))
            sizes.append(np.full(len(low), size))
    sides.append(_diagonals(low, size, stride, rng))
    sizes.append(np.full(len(sides[-1]), size))
    ends, key = _cut_at_corners(np.unique(np.concatenate(sides), axis=0))
    smallest = np.full(len(key), float(LARGEST))
    for end in np.searchsorted(key, np.concatenate(sides)).T:
        np.minimum.at(smallest, end, np.concatenate(sizes).astype(float))
    return np.column_stack([key // stride, key % stride]), np.searchsorted(key, ends), smallest


def _diagonals(low: Ints, size: int, stride: int, rng: np.random.Generator) -> Ints:
    """A street across some of the smallest squares."""
    a = low[rng.random(len(low)) < 0.02] @ np.array([stride, 1])
    return np.column_stack([a, a + size * stride + size])


def _cut_at_corners(sides: Ints) -> tuple[Ints, Ints]:
    """Sides halved as long as a corner stands in their middle; and the corners."""
    key = np.unique(sides)
    done = []
    while len(sides):
        middle = sides.sum(axis=1) // 2
        # the middle of a side is a whole corner as long as squares are an even number of units wide
        at = np.minimum(np.searchsorted(key, middle), len(key) - 1)
        cut = key[at] == middle
        done.append(sides[~cut])
        (a, b), half = sides[cut].T, middle[cut]
        sides = np.concatenate([np.column_stack([a, half]), np.column_stack([half, b])])
    return np.unique(np.concatenate(done), axis=0), key


def _classes(line: Ints, length: Ints) -> Ints:
    """By the row or column of the land on which a road lies, and by how far apart junctions are."""
    code = np.where(length * UNIT_M >= 200, 1, 0)
    for step, higher in ((2, 2), (8, 3), (32, 4)):
        code[line % (step * LARGEST) == 0] = higher
    return code


def _spared_by_rivers(xy: Floats, ends: Ints, side_m: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """False where a road would cross a river beside its bridges, one every 2.5 km."""
    kept = np.ones(len(ends), bool)
    for k in range(max(2, round(2 * side_m / 60e3))):
        across, along = (0, 1) if k % 2 else (1, 0)
        middle, wave, length = rng.uniform(0.1, 0.9) * side_m, rng.uniform(2000, 6000), rng.uniform(20e3, 50e3)
        off = xy[:, across] - middle - wave * np.sin(2 * np.pi * xy[:, along] / length + rng.uniform(0, 6.28))
        over = np.flatnonzero((off[ends[:, 0]] < 0) != (off[ends[:, 1]] < 0))
        bridge = np.unique((xy[ends[over, 0], along] / BRIDGE_M).astype(np.int64), return_index=True)[1]
        kept[np.delete(over, bridge)] = False
    return kept


def _on_land(xy: Floats, ends: Ints, side_m: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """False for roads that end in a lake."""
    wet = np.zeros(len(xy), bool)
    for _ in range(round(8 * (side_m / 60e3) ** 2)):
        (x, y), radius = rng.uniform(0, side_m, 2), rng.uniform(1500, 5500)
        wet |= (xy[:, 0] - x) ** 2 + 2.5 * (xy[:, 1] - y) ** 2 < radius**2
    return ~wet[ends].any(axis=1)


def _joined(xy: Floats, ends: Ints, code: Ints, line: Ints, rng: np.random.Generator) -> MadeRoads:
    """The largest connected part, with roads that run on where only two meet, and bends in their lines."""
    inside = _largest_part(ends, len(xy))
    ends, code, line = ends[inside], code[inside], line[inside]
    road, halves = _chains(ends, len(xy))
    begin = np.r_[0, np.flatnonzero(np.diff(road)) + 1, len(road)]
    coords, start = _bent(xy, ends, halves, begin, rng)
    tail, head = _tails(ends)[halves[begin[:-1]]], _tails(ends)[halves[begin[1:] - 1] ^ 1]
    first = halves[begin[:-1]] >> 1
    used, both = np.unique(np.concatenate([tail, head]), return_inverse=True)
    tail, head = both[: len(tail)], both[len(tail) :]
    # streets of one line run one way alone, those of the next the other: there is a way back round the block
    degree = np.bincount(np.concatenate([tail, head]))
    oneway = (code[first] <= 1) & (rng.random(len(first)) < 0.22) & (np.minimum(degree[tail], degree[head]) > 1)
    turned = oneway & ((line[first] // SMALLEST) % 2 == 1)
    coords = _turned(coords, start, turned)
    tail, head = np.where(turned, head, tail), np.where(turned, tail, head)
    step = np.r_[np.hypot(*np.diff(coords, axis=0).T), 0.0]
    step[start[1:] - 1] = 0.0
    kmh = KMH[code[first]] * rng.uniform(0.85, 1.15, len(first))
    length = np.add.reduceat(step, start[:-1])
    return MadeRoads(xy[used] + ORIGIN, tail, head, length, kmh, code[first], oneway, coords + ORIGIN, start)


def _largest_part(ends: Ints, count: int) -> NDArray[np.bool_]:
    """Which roads belong to the largest connected part."""
    joined = sparse.coo_array((np.ones(len(ends), np.int8), tuple(ends.T)), shape=(count, count))
    part = csgraph.connected_components(joined, directed=False)[1][ends[:, 0]]
    found: NDArray[np.bool_] = part == np.bincount(part).argmax()
    return found


def _tails(ends: Ints) -> Ints:
    """Where each half of a side begins: half 2i runs along side i, half 2i + 1 against it."""
    return ends.ravel()


def _chains(ends: Ints, count: int) -> tuple[Ints, Ints]:
    """The roads between junctions of any degree but two: the road of each half, and the halves in their order."""
    tail = _tails(ends)
    half = np.arange(len(tail))
    degree = np.bincount(tail, minlength=count)
    pair = np.zeros(count, np.int64)
    np.add.at(pair, tail, half)
    goes_on = degree[tail[half ^ 1]] == 2
    onward = np.where(goes_on, pair[tail[half ^ 1]] - (half ^ 1), half)
    left = goes_on.astype(np.int64)
    while True:
        further = onward[onward]
        if (further == onward).all() or left.max() > len(half):
            break
        left, onward = left + left[onward], further
    begins = half[degree[tail] != 2]
    last = onward[begins]
    wanted = np.zeros(len(half), bool)
    wanted[last[begins <= last ^ 1]] = True
    mine = half[wanted[onward] & (degree[tail[onward ^ 1]] != 2)]
    order = np.lexsort((-left[mine], onward[mine]))
    return onward[mine][order], mine[order]


def _bent(xy: Floats, ends: Ints, halves: Ints, begin: Ints, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Lines of the roads: each side with one to three vertices of a bow, then the last junction."""
    tail, head = xy[_tails(ends)[halves]], xy[_tails(ends)[halves ^ 1]]
    parts = rng.integers(2, 5, len(halves))
    closes = np.zeros(len(halves), np.int64)
    closes[begin[1:] - 1] = 1
    held = parts + closes
    side = np.repeat(np.arange(len(halves)), held)
    first = np.r_[0, np.cumsum(held)]
    share = (np.arange(first[-1]) - first[side]) / parts[side]
    along = head - tail
    bow = np.column_stack([-along[:, 1], along[:, 0]]) * rng.uniform(-0.12, 0.12, (len(halves), 1))
    coords = tail[side] + along[side] * share[:, None] + bow[side] * np.sin(np.pi * share)[:, None]
    coords[share == 1] = head[closes == 1]
    return coords, first[begin]


def _turned(coords: Floats, start: Ints, turned: NDArray[Any]) -> Floats:
    """The vertices of some lines in the other order."""
    road = np.repeat(np.arange(len(start) - 1), np.diff(start))
    at = np.arange(len(coords))
    return coords[np.where(turned[road], start[road] + start[road + 1] - 1 - at, at)]
