"""Make the embedded Weihai study from its facts, the same bytes every time.

    python scripts/make_weihai.py [--facts DIR] [--out data/raw/weihai]

The facts (codes, names, some points, a coastline, census totals) are copied to ``OUT/facts``, so the
script runs from the repository alone. What is not a fact is drawn from seeded random numbers and
says so in every row: ``quality`` and ``source``. data/raw/weihai/README.md has the list.
"""

from __future__ import annotations

import argparse
import heapq
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "data" / "raw" / "weihai"
FACTS = (
    "towns.csv", "estimated_points.csv", "villages.csv", "population.csv", "control_totals.csv", "land.geojson",
    "CREDITS.md",
)  # fmt: skip
METRES, LONLAT = "EPSG:32651", "EPSG:4326"
SEED = 371000
COUNTIES = {"371002": "环翠区", "371003": "文登区", "371082": "荣成市", "371083": "乳山市"}
# Census of 2020. 文登 and 乳山 are differences of the totals in facts/population.csv.
PEOPLE_2020 = {"371002": 1164730, "371003": 563529, "371082": 714211, "371083": 464078}
OLDER_2020 = 793416
HARDSHIP = 9600  # made up: 1.2 % of the older people
IN_INSTITUTIONS = 2400  # made up: a quarter of them live in institutions (集中供养), the others at home (分散供养)
GROUPS = ("hardship", "hardship_home", "hardship_institution")
# What is made comes to these published totals: facts/control_totals.csv says where each was read.
BEDS = 28_429
DEATHS = 23_500
# People of five-year ages (thousands), made up inside the published bands: 0-14, 15-59, 60-64, 65 and over.
AGES_2020 = (105, 130, 108.5, 95, 120, 140, 215, 190, 180, 235, 290, 305, 233.6, 225, 145, 85, 60, 45)
AGES_2010 = (105, 95, 114, 127, 187, 181, 176, 235, 293, 311, 242, 239, 165, 110, 100, 70, 40, 26)
BANDS_2020 = (343_483, 1_769_649, 233_569, 559_847)
BANDS_2010 = (282_721, 2_023_642, 160_008, 338_400)  # 60+ of 2010: 17.77 %, from the rise of 9.53 points to 27.30 %
MORTALITY_RISE = 0.1  # Gompertz: death rates rise by this a year of age
WITH_A_CEMETERY_IN_EVERY_TOWN = "371003"
# 开发区办事处 has no place in the civil-affairs list and no point; 天福街道 is the town of Wendeng's centre.
UNIT_WITHOUT_TOWN, ITS_TOWN = "371003400", "371003002"
CELL_RADIUS = 10_300.0
NBS = "国家统计局2023年统计用区划代码"
MADE = "示例数据（程序生成）"
URBAN_REACH, URBAN_APART, VILLAGE_OFF = 190.0, 230.0, 400.0  # metres; urban communities about their town's point
URBAN_SPACING, RURAL_SPACING = 165.0, 95.0
URBAN_COUNT, RURAL_COUNT, FAR_APART = 6, 5, 830.0
# Tuned until Huancui came near its drive network of 2023 (4,277 junctions, 10,159 arcs; the README has the rest).
WANTED, SKIPPED = [0.45, 0.50, 0.05], 0.03  # shares of junctions that may have 3, 4, 5 roads; neighbours not joined
SPUR_CHANCE = [0.72, 0.14]  # of a dead end at a junction of 2, of 3 roads
BENDS_KEPT = 0.4
ONE_WAY_CHANCE, TRAP_CHANCE = 0.9, 0.11
LONGEST_WAY_BACK_M = 1500.0


def rng_of(*what: int) -> np.random.Generator:
    """Random numbers that depend on nothing but the seed and what they are for."""
    return np.random.default_rng([SEED, *what])


def to_metres(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Points in metres, one row each."""
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=LONLAT).to_crs(METRES)
    return np.c_[points.x, points.y]


def to_lonlat(xy: np.ndarray) -> np.ndarray:
    """Degrees with five decimals (about a metre)."""
    points = gpd.GeoSeries(gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=METRES).to_crs(LONLAT)
    return np.round(np.c_[points.x, points.y], 5)


def shared_out(total: int, weights: np.ndarray) -> np.ndarray:
    """Whole numbers in proportion to the weights that add up to the total (largest remainder, first wins ties)."""
    exact = total * weights / weights.sum()
    whole = np.floor(exact).astype(np.int64)
    order = np.lexsort((np.arange(len(exact)), -(exact - whole)))
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def thinned(points: np.ndarray, *, apart: float) -> np.ndarray:
    """Positions of points, earlier first, such that no two are nearer than ``apart``."""
    near = cKDTree(points).query_ball_point(points, apart)
    keep = np.ones(len(points), bool)
    for i, close in enumerate(near):
        keep[i] = not any(keep[j] for j in close if j < i)
    return np.flatnonzero(keep)


def scattered(shape: shapely.Geometry, count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform points inside a shape, about ``count`` of them."""
    low_x, low_y, high_x, high_y = shape.bounds
    tries = int(count * (high_x - low_x) * (high_y - low_y) / shape.area) + 50
    xy = np.c_[rng.uniform(low_x, high_x, tries), rng.uniform(low_y, high_y, tries)]
    shapely.prepare(shape)
    return xy[shapely.contains_xy(shape, xy)]


# --- towns and counties ---------------------------------------------------------------------


def read_towns(facts: Path) -> pd.DataFrame:
    """The 72 towns by civil-affairs code, each with a point."""
    towns = pd.read_csv(facts / "towns.csv", dtype=str).dropna(subset=["mca_code"])
    better = pd.read_csv(facts / "estimated_points.csv", dtype=str).set_index("mca_code")
    own = pd.DataFrame({
        "id": towns["mca_code"], "name": towns["mca_name"], "county": towns["district"],
        "class": np.where(towns["mca_name"].str.endswith("街道"), "sub_district", "town"),
        "mca_code": towns["mca_code"], "nbs_code": towns["nbs_code"], "nbs_name": towns["nbs_name"],
        "lon": towns["lon_wgs84"].astype(float), "lat": towns["lat_wgs84"].astype(float), "radius_m": 0,
        "quality": "fact", "source": "GeoNames (CC BY 4.0)",
    }).set_index("id")  # fmt: skip
    own.loc[better.index, ["lon", "lat"]] = better[["lon_wgs84", "lat_wgs84"]].astype(float).to_numpy()
    own.loc[better.index, "radius_m"] = better["radius_m"].astype(int)
    placed = better["source"].replace({"placed by hand": "手工估点 placed by hand"})
    own.loc[better.index, "quality"] = better["quality"]
    own.loc[better.index, "source"] = placed
    own["source"] = "代码与名称：NBS 2023、民政区划名单 2026；点位：" + own["source"]
    return own.sort_index()


def town_cells(towns: pd.DataFrame, land: shapely.Geometry) -> list[shapely.Geometry]:
    """Voronoi cells on land, cut where they would run far into the neighbouring city."""
    points = shapely.points(to_metres(towns["lon"].to_numpy(), towns["lat"].to_numpy()))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=land.envelope))
    tree = shapely.STRtree(cells)
    inside = [cells[tree.query(p, predicate="within")[0]] for p in points]
    cut = [c.intersection(land).intersection(p.buffer(CELL_RADIUS)) for c, p in zip(inside, points, strict=True)]
    return [main_parts(c, p) for c, p in zip(cut, points, strict=True)]


def main_parts(cell: shapely.Geometry, point: shapely.Geometry) -> shapely.Geometry:
    """The part of a cell that holds its point, and islands of at least 0.3 km2."""
    parts = shapely.get_parts(shapely.set_precision(cell, 1.0))
    kept = [p for p in parts if p.geom_type == "Polygon" and (p.area > 3e5 or p.distance(point) < 1)]
    return shapely.multipolygons(kept) if len(kept) > 1 else kept[0]


# --- communities ----------------------------------------------------------------------------


def read_communities(facts: Path, towns: pd.DataFrame) -> pd.DataFrame:
    """The 2,768 villages and residents' committees with their civil-affairs town."""
    rows = pd.read_csv(facts / "villages.csv", dtype=str)
    town_of = pd.Series(towns.index, index=towns["nbs_code"]).to_dict() | {UNIT_WITHOUT_TOWN: ITS_TOWN}
    rows["town"] = rows["town_code"].map(town_of)
    rows["county"] = rows["town"].map(towns["county"])
    rows["nbs_town_code"] = rows["town_code"]
    rows["unit"] = rows["county_code"]  # the statistical office counts three zones apart that are no counties
    rows["class"] = np.where(rows["name"].str.contains("居|社区"), "urban", "rural")
    return rows.sort_values("code", ignore_index=True)


def placed(rows: pd.DataFrame, towns: pd.DataFrame, cells: list[shapely.Geometry]) -> np.ndarray:
    """A point for each community in its town's cell: the urban ones close about the town's point, villages wide."""
    xy = np.zeros((len(rows), 2))
    centres = to_metres(towns["lon"].to_numpy(), towns["lat"].to_numpy())
    urban = rows["class"].eq("urban")
    for town, cell, centre in zip(towns.index, cells, centres, strict=True):
        seat, wide = (np.flatnonzero(rows["town"].eq(town) & these) for these in (urban, ~urban))
        xy[seat] = seat_points(cell, centre, count=len(seat), rng=rng_of(31, int(town)))
        xy[wide] = town_points(cell, centre, xy[seat], count=len(wide), rng=rng_of(1, int(town)))
    return np.round(xy)


def seat_points(cell: shapely.Geometry, centre: np.ndarray, *, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` points of a cell for urban communities: densest at the centre, a block or two apart."""
    if count == 0:
        return np.empty((0, 2))
    pool = scattered(cell.buffer(-200.0), 400 * count + 2000, rng)
    away = np.hypot(*(pool - centre).T)
    pool = pool[np.argsort(away / (URBAN_REACH * np.sqrt(count)) - rng.gumbel(size=len(pool)), kind="stable")]
    return pool[widely(pool, count, apart=URBAN_APART)]


def town_points(
    cell: shapely.Geometry, centre: np.ndarray, taken: np.ndarray, *, count: int, rng: np.random.Generator
) -> np.ndarray:
    """``count`` points of a cell for villages, somewhat denser near the centre, off the points that are taken."""
    if count == 0:
        return np.empty((0, 2))
    pool = scattered(cell.buffer(-200.0), 80 * count + 400, rng)
    if len(taken):
        pool = pool[cKDTree(taken).query(pool)[0] > VILLAGE_OFF]
    away = np.hypot(*(pool - centre).T)
    pool = pool[np.argsort(away / 7000.0 - rng.gumbel(size=len(pool)), kind="stable")]
    return pool[widely(pool, count, apart=0.8 * float(np.sqrt(cell.area / (count + len(taken)))))]


def widely(pool: np.ndarray, count: int, *, apart: float) -> np.ndarray:
    """Positions of the first ``count`` points of a pool that keep their distance, which shrinks until enough do."""
    while True:
        chosen = thinned(pool, apart=apart)
        if len(chosen) >= count:
            return chosen[:count]
        apart *= 0.85


def with_people(rows: pd.DataFrame) -> pd.DataFrame:
    """Older people by county in proportion to its population; special-hardship people are made up."""
    rng = rng_of(2)
    weight = np.where(rows["class"].eq("urban"), 3.0, 1.0) * rng.lognormal(0, 0.5, len(rows))
    by_county = shared_out(OLDER_2020, np.array(list(PEOPLE_2020.values()), float))
    rows["older"] = 0
    for county, total in zip(PEOPLE_2020, by_county, strict=True):
        mine = rows["county"].eq(county)
        rows.loc[mine, "older"] = shared_out(int(total), weight[mine])
    need = rows["older"] * np.where(rows["class"].eq("urban"), 0.25, 1.0) * rng.lognormal(0, 0.6, len(rows))
    rows["hardship"] = shared_out(HARDSHIP, need.to_numpy())
    away = rng_of(32).multivariate_hypergeometric(rows["hardship"].to_numpy(), IN_INSTITUTIONS, method="marginals")
    rows["hardship_home"], rows["hardship_institution"] = rows["hardship"] - away, away
    return rows


def with_sources(rows: pd.DataFrame) -> pd.DataFrame:
    """What each row rests on, the seven communities without a town told apart."""
    told = f"{NBS}：代码与名称；位置为镇街内估点；老年人口按区市人口比例分摊；特困人员及其供养方式为示例数"
    lost = f"{told}；所属开发区办事处不在民政区划名单内，暂归天福街道"
    rows["quality"], rows["older_quality"] = "estimated", "estimated"
    rows[[f"{group}_quality" for group in GROUPS]] = "synthetic"
    rows["source"] = np.where(rows["nbs_town_code"].eq(UNIT_WITHOUT_TOWN), lost, told)
    return rows


# --- water ----------------------------------------------------------------------------------


def reservoirs(cells: list[shapely.Geometry], communities: np.ndarray) -> gpd.GeoDataFrame:
    """Made-up reservoirs where no community is near."""
    rng = rng_of(3)
    whole = shapely.union_all(cells).buffer(-1200.0)
    pool = scattered(whole, 6000, rng)
    gap = cKDTree(communities).query(pool)[0]
    pool, gap = pool[np.argsort(-gap, kind="stable")], np.sort(gap)[::-1]
    chosen = thinned(pool[gap > 750], apart=9000.0)[:22]
    size = np.minimum(gap[chosen] - 350.0, 900.0)
    shapes = [blob(pool[c], r, rng) for c, r in zip(chosen, size, strict=True)]
    names = [f"{i}号水库（示例）" for i in range(1, len(shapes) + 1)]
    ids = [f"W{i:02d}" for i in range(1, len(shapes) + 1)]
    rows = {"id": ids, "name": names, "quality": "synthetic", "source": MADE}
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=METRES)


def blob(centre: np.ndarray, radius: float, rng: np.random.Generator) -> shapely.Geometry:
    """A rounded outline within the radius."""
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    phase = rng.uniform(0, 2 * np.pi, 2)
    reach = radius * (0.7 + 0.17 * np.sin(2 * turn + phase[0]) + 0.1 * np.sin(3 * turn + phase[1]))
    return shapely.polygons(np.round(centre + np.c_[reach * np.cos(turn), reach * np.sin(turn)]))


# --- roads ----------------------------------------------------------------------------------


@dataclass
class Streets:
    """Junctions and the roads between them while they are made."""

    xy: np.ndarray
    u: np.ndarray
    v: np.ndarray
    bend: list[list[int]]  # junctions of the raw graph that became bends, from u to v


def street_points(rows: pd.DataFrame, xy: np.ndarray, cells: list[shapely.Geometry], towns: pd.DataFrame) -> np.ndarray:
    """Junctions: a jittered grid around every community, and a thin scatter between them."""
    inner = shapely.union_all(cells).buffer(-60.0)
    near = np.vstack([grids(rows, xy, town) for town in towns.index])
    near = near[thinned(near, apart=55.0)]
    rng = rng_of(5)
    far = scattered(inner, 60_000, rng)
    far = far[cKDTree(near).query(far)[0] > 260]
    far = far[thinned(far, apart=FAR_APART)]
    points = np.round(np.vstack([near, far]))
    shapely.prepare(inner)
    return points[shapely.contains_xy(inner, points)]


def grids(rows: pd.DataFrame, xy: np.ndarray, town: str) -> np.ndarray:
    """Junctions around the communities of a town, on one turned grid each for its urban and rural ones."""
    rng = rng_of(4, int(town))
    angle = rng.uniform(0, np.pi / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = []
    for kind, step, count in (("urban", URBAN_SPACING, URBAN_COUNT), ("rural", RURAL_SPACING, RURAL_COUNT)):
        mine = xy[(rows["town"].eq(town) & rows["class"].eq(kind)).to_numpy()]
        cells = np.unique(np.vstack([nearest_cells(p @ turn, step, count) for p in mine] or [np.empty((0, 2))]), axis=0)
        found.append((cells + rng.uniform(-0.16, 0.16, cells.shape)) * step @ turn.T)
    return np.vstack(found)


def nearest_cells(point: np.ndarray, step: float, count: int) -> np.ndarray:
    """The ``count`` grid crossings nearest a point."""
    at = point / step
    side = np.arange(-5, 6)
    around = np.round(at) + np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    return around[np.argsort(np.hypot(*(around - at).T), kind="stable")[:count]]


def gabriel(xy: np.ndarray, *, ground: shapely.Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours with nobody between them, joined over dry ground only."""
    tri = Delaunay(xy).simplices
    pairs = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [2, 0]]]), axis=1), axis=0)
    middle, half = (xy[pairs[:, 0]] + xy[pairs[:, 1]]) / 2, np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) / 2
    free = cKDTree(xy).query(middle)[0] >= half - 1e-6
    pairs = pairs[free & (half < 3000)]
    shapely.prepare(ground)
    dry = shapely.contains_properly(ground, shapely.linestrings(xy[pairs]))
    pairs = pairs[dry]
    return pairs[:, 0], pairs[:, 1]


def streets(xy: np.ndarray, *, ground: shapely.Geometry) -> Streets:
    """A tree that joins all, then the shortest neighbours up to a wanted number of roads at each junction."""
    rng = rng_of(6)
    u, v = gabriel(xy, ground=ground)
    length = np.hypot(*(xy[u] - xy[v]).T)
    tree = minimum_spanning_tree(csr_array((length, (u, v)), shape=(len(xy), len(xy)))).tocoo()
    in_tree = np.isin(u * len(xy) + v, tree.row.astype(np.int64) * len(xy) + tree.col)
    wanted = rng.choice([3, 4, 5], len(xy), p=WANTED)
    degree = np.bincount(np.r_[u[in_tree], v[in_tree]], minlength=len(xy))
    kept = in_tree.copy()
    skipped = rng.random(len(u)) < SKIPPED
    for e in np.argsort(length * rng.uniform(0.7, 1.3, len(u)), kind="stable").tolist():
        a, b = u[e], v[e]
        if not kept[e] and not skipped[e] and degree[a] < wanted[a] and degree[b] < wanted[b]:
            kept[e] = True
            degree[a] += 1
            degree[b] += 1
    return Streets(xy, u[kept], v[kept], [[] for _ in range(int(kept.sum()))])


def with_spurs(net: Streets, *, ground: shapely.Geometry) -> Streets:
    """Dead ends: short roads into the widest gap at junctions of two or three roads."""
    rng = rng_of(7)
    degree = np.bincount(np.r_[net.u, net.v], minlength=len(net.xy))
    chance = np.select([degree == 2, degree == 3], SPUR_CHANCE, 0.0)
    at = np.flatnonzero(rng.random(len(net.xy)) < chance)
    ends = np.round(
        np.array([spur_end(net, j, neighbours, rng) for j, neighbours in zip(at, around(net, at), strict=True)])
    )
    reach = cKDTree(net.xy).query(ends)[0]
    good = (reach > 25) & shapely.contains_properly(ground, shapely.linestrings(np.stack([net.xy[at], ends], 1)))
    at, ends = at[good], ends[good]
    new = np.arange(len(ends)) + len(net.xy)
    bend = net.bend + [[] for _ in at]
    return Streets(np.vstack([net.xy, ends]), np.r_[net.u, at], np.r_[net.v, new], bend)


def around(net: Streets, at: np.ndarray) -> list[list[int]]:
    """The neighbours of some junctions."""
    found: list[list[int]] = [[] for _ in range(len(net.xy))]
    for a, b in zip(net.u.tolist(), net.v.tolist(), strict=True):
        found[a].append(b)
        found[b].append(a)
    return [found[j] for j in at.tolist()]


def spur_end(net: Streets, j: int, neighbours: list[int], rng: np.random.Generator) -> np.ndarray:
    """Where a dead end from a junction stops."""
    away = net.xy[neighbours] - net.xy[j]
    angles = np.sort(np.arctan2(away[:, 1], away[:, 0]))
    gaps = np.diff(np.r_[angles, angles[0] + 2 * np.pi])
    widest = int(np.argmax(gaps))
    angle = angles[widest] + gaps[widest] * rng.uniform(0.4, 0.6)
    reach = min(np.hypot(*away.T).min() * 0.45, 180.0) * rng.uniform(0.8, 1.2)
    return net.xy[j] + reach * np.array([np.cos(angle), np.sin(angle)])


def without_bends(net: Streets) -> Streets:
    """Junctions of two roads become bends of one road, but for a few."""
    rng = rng_of(8)
    n = len(net.xy)
    degree = np.bincount(np.r_[net.u, net.v], minlength=n)
    through = (degree == 2) & (rng.random(n) > BENDS_KEPT)
    roads: dict[int, tuple[int, int, list[int]]] = dict(
        enumerate(zip(net.u.tolist(), net.v.tolist(), net.bend, strict=True))
    )
    at: list[set[int]] = [set() for _ in range(n)]
    for e, (a, b, _) in roads.items():
        at[a].add(e)
        at[b].add(e)
    taken = {(min(a, b), max(a, b)) for a, b, _ in roads.values()}
    for j in np.flatnonzero(through).tolist():
        first, second = sorted(at[j])
        a, left = far_end(roads[first], j)
        b, right = far_end(roads[second], j)
        if a == b or (min(a, b), max(a, b)) in taken:
            continue
        taken.add((min(a, b), max(a, b)))
        roads[first] = (a, b, left[::-1] + [j] + right)
        del roads[second]
        at[b].discard(second)
        at[b].add(first)
        at[j] = set()
    return renumbered(net.xy, list(roads.values()))


def far_end(road: tuple[int, int, list[int]], j: int) -> tuple[int, list[int]]:
    """The other end of a road and its bends in order from ``j``."""
    a, b, bend = road
    return (b, bend) if a == j else (a, bend[::-1])


def renumbered(xy: np.ndarray, roads: list[tuple[int, int, list[int]]]) -> Streets:
    """Only junctions that still have roads; bends keep pointing into the raw points behind them."""
    u, v = np.array([r[0] for r in roads]), np.array([r[1] for r in roads])
    used = np.unique(np.r_[u, v])
    bends = np.unique(np.array([j for r in roads for j in r[2]], dtype=int))
    order = np.r_[used, bends]
    new = np.full(len(xy), -1)
    new[order] = np.arange(len(order))
    return Streets(xy[order], new[u], new[v], [new[r[2]].tolist() if r[2] else [] for r in roads])


def lines_of(net: Streets) -> np.ndarray:
    """The road lines."""
    paths = [net.xy[[a, *bend, b]] for a, b, bend in zip(net.u.tolist(), net.v.tolist(), net.bend, strict=True)]
    return np.array([shapely.linestrings(p) for p in paths])


def classes_of(
    net: Streets, length: np.ndarray, *, towns: np.ndarray, seats: np.ndarray, villages: np.ndarray
) -> np.ndarray:
    """Road classes from the ways people take: seats by trunk, towns by primary and secondary, villages by tertiary."""
    n = int(max(net.u.max(), net.v.max())) + 1
    road_of = {(a, b): e for e, (a, b) in enumerate(zip(net.u.tolist(), net.v.tolist(), strict=True))}
    middle = np.array([p.interpolate(0.5, normalized=True).coords[0] for p in lines_of(net)])
    settled = cKDTree(villages).query(middle)[0] < 330
    rank = np.where(settled, 0, 1)
    weight = length.copy()
    own = np.flatnonzero(main_junctions(net, n))
    own_tree = cKDTree(net.xy[own])
    town_at, seat_at, village_at = (own[own_tree.query(p)[1]] for p in (towns, seats, villages))
    for pairs, level in (
        (neighbours_of(seats, seat_at), 5),
        (town_pairs(towns, town_at, seats), 4),
        (neighbours_of(towns, town_at), 3),
    ):
        used = ways(net, weight, n, pairs, road_of)
        rank[used] = np.maximum(rank[used], level)
        weight[used] *= 0.6
    pairs = list(zip(village_at.tolist(), town_at[cKDTree(towns).query(villages)[1]].tolist(), strict=True))
    used, times = np.unique(ways(net, weight, n, pairs, road_of), return_counts=True)
    used = used[times >= 3]
    rank[used] = np.maximum(rank[used], 2)
    return np.array(["residential", "unclassified", "tertiary", "secondary", "primary", "trunk"])[rank]


def main_junctions(net: Streets, n: int) -> np.ndarray:
    """Which junctions are in the largest component."""
    label = connected_components(csr_array((np.ones(len(net.u)), (net.u, net.v)), shape=(n, n)), directed=False)[1]
    return label == np.bincount(label).argmax()


def neighbours_of(points: np.ndarray, at: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of neighbouring places (Delaunay without its long rim)."""
    tri = Delaunay(points).simplices
    pairs = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [2, 0]]]), axis=1), axis=0)
    gap = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    near = pairs[gap < 2.0 * np.median(gap)]
    return [(int(at[a]), int(at[b])) for a, b in near]


def town_pairs(towns: np.ndarray, at: np.ndarray, seats: np.ndarray) -> list[tuple[int, int]]:
    """Every town with its nearest seat."""
    seat_at = at[cKDTree(towns).query(seats)[1]]
    return [(int(a), int(seat_at[s])) for a, s in zip(at, cKDTree(seats).query(towns)[1], strict=True)]


def ways(
    net: Streets, weight: np.ndarray, n: int, pairs: list[tuple[int, int]], road_of: dict[tuple[int, int], int]
) -> np.ndarray:
    """The roads of the shortest ways between pairs, each as often as it is used."""
    graph = csr_array((weight, (net.u, net.v)), shape=(n, n))
    goals = sorted({b for _, b in pairs})
    before = dijkstra(graph, directed=False, indices=goals, return_predecessors=True)[1]
    row = {g: i for i, g in enumerate(goals)}
    used: list[int] = []
    for a, b in pairs:
        came = before[row[b]]
        while a != b and came[a] >= 0:
            used.append(road_of.get((a, int(came[a])), road_of.get((int(came[a]), a), -1)))
            a = int(came[a])
    return np.array(used, dtype=int)


def one_ways(net: Streets, *, urban: np.ndarray) -> np.ndarray:
    """One-way streets of the towns' cores, each with a way back round the block, as traffic police lay them out.

    A street that had none stays open both ways; so every trip there has a like trip back. A few dead
    ends are one-way traps, as real extracts have them.
    """
    rng = rng_of(9)
    degree = np.bincount(np.r_[net.u, net.v])
    leaf = (degree[net.u] == 1) | (degree[net.v] == 1)
    metres = np.hypot(*(net.xy[net.u] - net.xy[net.v]).T)
    out: list[dict[int, float]] = [{} for _ in degree]
    for a, b, m in zip(net.u.tolist(), net.v.tolist(), metres.tolist(), strict=True):
        out[a][b] = out[b][a] = m
    chance = np.where(urban[net.u] & urban[net.v], ONE_WAY_CHANCE, 0.01)
    way = np.where((rng.random(len(net.u)) < chance) & ~leaf, rng.choice([1, -1], len(net.u)), 0)
    for road in rng.permutation(np.flatnonzero(way)).tolist():
        a, b = int(net.u[road]), int(net.v[road])
        start, end = (b, a) if way[road] > 0 else (a, b)
        closed = out[start].pop(end, None)
        if closed is None or not leads_to(out, start, end, most=LONGEST_WAY_BACK_M):
            way[road] = 0
            if closed is not None:
                out[start][end] = closed
    trap = np.flatnonzero(leaf & urban[net.u])
    way[trap] = np.where(rng.random(len(trap)) < TRAP_CHANCE, rng.choice([1, -1], len(trap)), 0)
    return way.astype(np.int8)


def leads_to(out: list[dict[int, float]], start: int, end: int, *, most: float) -> bool:
    """Whether a way of at most so many metres leads from one junction to another."""
    known, queue = {start: 0.0}, [(0.0, start)]
    while queue:
        far, here = heapq.heappop(queue)
        if here == end:
            return True
        if far > known[here]:
            continue
        for there, metres in out[here].items():
            total = far + metres
            if total <= most and total < known.get(there, np.inf):
                known[there] = total
                heapq.heappush(queue, (total, there))
    return False


def cut_off(net: Streets, villages: np.ndarray) -> Streets:
    """A few villages whose roads do not join the rest, as real extracts have them."""
    apart = np.zeros(len(net.xy), bool)
    for p in villages:
        apart |= np.hypot(*(net.xy - p).T) < 420
    keep = apart[net.u] == apart[net.v]
    roads = [(int(a), int(b), bend) for a, b, bend, k in zip(net.u, net.v, net.bend, keep, strict=True) if k]
    return renumbered(net.xy, roads)


def make_roads(
    rows: pd.DataFrame, xy: np.ndarray, towns: pd.DataFrame, cells: list[shapely.Geometry], water: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """The whole made-up road network."""
    ground = (
        shapely.union_all(cells).buffer(-20.0).difference(shapely.union_all(water.geometry.to_numpy()).buffer(30.0))
    )
    points = street_points(rows, xy, cells, towns)
    shapely.prepare(ground)
    points = points[shapely.contains_xy(ground, points)]
    net = without_bends(with_spurs(streets(points, ground=ground), ground=ground))
    lonely = np.flatnonzero(rows["class"].eq("rural") & rows["county"].ne("371002"))[::331]
    net = cut_off(net, xy[lonely])
    lines = lines_of(net)
    length = shapely.length(lines)
    at = to_metres(towns["lon"].to_numpy(), towns["lat"].to_numpy())
    seats = at[[towns.index.get_loc(t) for t in ("371002001", "371003001", "371082007", "371083001")]]
    road_class = classes_of(net, length, towns=at, seats=seats, villages=xy)
    huancui = rows["county"].eq("371002").to_numpy()[cKDTree(xy).query(net.xy)[1]]
    core = huancui | (cKDTree(seats).query(net.xy)[0] < 3500)
    way = one_ways(net, urban=core)
    frame = gpd.GeoDataFrame({
        "id": [f"R{i:05d}" for i in range(1, len(lines) + 1)], "road_class": road_class, "oneway": way,
        "from_node": net.u.astype(np.int32), "to_node": net.v.astype(np.int32),
        "quality": "synthetic", "source": MADE,
    }, geometry=lines, crs=METRES)  # fmt: skip
    return frame


# --- facilities -----------------------------------------------------------------------------


def make_facilities(rows: pd.DataFrame, towns: pd.DataFrame, spots: pd.DataFrame) -> pd.DataFrame:
    """Demonstration facilities: every name ends with （示例）."""
    rng = rng_of(10)
    short = rows["name"].str.replace(r"(村民委员会|居民委员会|村委会|居委会|社区)$", "", regex=True)
    rows = rows.assign(short=short)
    urban, rural = rows[rows["class"].eq("urban")], rows[rows["class"].eq("rural")]
    parts = [
        at_communities(picked(urban, 0.62, rng), "day_care", "日间照料中心", rng),
        at_communities(picked(rural, 900 / len(rural), rng), "happiness_home", "幸福院", rng),
        at_communities(picked(rows, 130 / len(rows), rng), "care_base", "照料护理基地", rng),
        in_towns(rows, towns, picked_towns(towns, 48, rng), "elderly_centre", "区域养老中心", rng),
        in_towns(rows, towns, picked_towns(towns, 70, rng), "child_protection_station", "未成年人保护工作站", rng),
        in_towns(rows, towns, list(towns.index), "social_work_station", "社工站", rng),
        in_counties(rows, ["371002", "371003", "371082"], 1, "care_institution", "失能半失能照护机构", rng),
        at_communities(homes_of(rows, rng), "home", "养老院", rng),
        in_counties(rows, list(COUNTIES), 1, "child_protection_centre", "未成年人救助保护中心", rng),
        in_counties(rows, list(COUNTIES), 13, "social_work_agency", "社会工作服务机构", rng),
    ]
    every = pd.concat([*parts, cemeteries(rows, towns, spots, rng)], ignore_index=True)
    every = with_level(with_free_graves(with_staff(with_beds(every, rng))))
    number = every.groupby("kind").cumcount() + 1
    every.insert(0, "id", every["kind"].str.replace("_", "-") + number.map("-{:04d}".format))
    lonlat = to_lonlat(every[["x", "y"]].to_numpy())
    every["lon"], every["lat"] = lonlat[:, 0], lonlat[:, 1]
    return every.assign(quality="synthetic", source=MADE)[FACILITY_COLUMNS]


FACILITY_COLUMNS = [
    "id", "name", "kind", "facility_level", "town", "county", "community", "lon", "lat", "beds", "nursing_beds",
    "area_m2", "bed_yuan", "staff", "free_graves", "quality", "source",
]  # fmt: skip


def picked(rows: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """A share of the rows, in their order."""
    chosen = np.sort(rng.choice(len(rows), round(share * len(rows)), replace=False))
    return rows.iloc[chosen]


def picked_towns(towns: pd.DataFrame, count: int, rng: np.random.Generator) -> list[str]:
    """Some towns, in the order of their codes."""
    return sorted(rng.choice(towns.index.to_numpy(), count, replace=False).tolist())


def homes_of(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Communities with a home: one or two in most towns."""
    return rows.iloc[np.sort(rng.choice(len(rows), 96, replace=False, p=rows["older"] / rows["older"].sum()))]


def at_communities(rows: pd.DataFrame, kind: str, label: str, rng: np.random.Generator) -> pd.DataFrame:
    """One facility beside each of these communities, 30 to 180 m off its point."""
    turn, off = rng.uniform(0, 2 * np.pi, len(rows)), rng.uniform(30, 180, len(rows))
    x, y = rows["x"] + off * np.cos(turn), rows["y"] + off * np.sin(turn)
    names = rows["short"] + label + "（示例）"
    whose = rows["code"] if kind in OF_A_COMMUNITY else None
    where = {"town": rows["town"], "county": rows["county"], "community": whose}
    return pd.DataFrame({"name": names, "kind": kind, **where, "x": x, "y": y})


def in_towns(
    rows: pd.DataFrame, towns: pd.DataFrame, codes: Iterable[str], kind: str, label: str, rng: np.random.Generator
) -> pd.DataFrame:
    """One facility in each of these towns, at the community nearest the town's point."""
    centres = pd.DataFrame(to_metres(towns["lon"].to_numpy(), towns["lat"].to_numpy()), towns.index, ["x", "y"])
    chosen = []
    for code in codes:
        mine = rows[rows["town"].eq(code)]
        chosen.append(np.hypot(mine["x"] - centres.x[code], mine["y"] - centres.y[code]).idxmin())
    some = rows.loc[chosen]
    return at_communities(some.assign(short=some["town"].map(towns["name"])), kind, label, rng)


def in_counties(
    rows: pd.DataFrame, codes: Iterable[str], count: int, kind: str, label: str, rng: np.random.Generator
) -> pd.DataFrame:
    """``count`` facilities in each of these counties."""
    chosen = [
        i for c in codes for i in np.sort(rng.choice(rows.index[rows["county"].eq(c)], count, replace=False)).tolist()
    ]
    some = rows.loc[chosen]
    nth = some.groupby("county").cumcount() + 1
    number = nth.map("第{}".format) if count > 1 else ""
    return at_communities(some.assign(short=some["county"].map(COUNTIES) + number), kind, label, rng)


def with_beds(every: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Beds and nursing beds of the homes, centres and institutions, which together have ``BEDS``; none elsewhere."""
    low = every["kind"].map({"home": 82, "elderly_centre": 60, "care_institution": 200})
    wanted = low * rng.uniform(1, 4, len(every))
    beds = pd.Series(index=every.index, dtype="float64")
    beds[wanted.notna()] = shared_out(BEDS, wanted.dropna().to_numpy())
    every["beds"] = beds.astype("Int64")
    share = np.where(every["kind"].eq("care_institution"), 0.85, rng.uniform(0.35, 0.75, len(every)))
    every["nursing_beds"] = (beds * share).round().astype("Int64")
    return every


OF_A_COMMUNITY = ("day_care", "happiness_home")
LEVELS = {
    "day_care": "community", "happiness_home": "community", "elderly_centre": "town", "care_institution": "county",
    "child_protection_station": "town", "child_protection_centre": "county", "social_work_station": "town",
    "town_cemetery": "town", "county_cemetery": "county", "city_cemetery": "city",
}  # fmt: skip


def with_level(every: pd.DataFrame) -> pd.DataFrame:
    """Whose a facility is: city, county, town or community by its kind; empty where the kind does not say."""
    every["facility_level"] = every["kind"].map(LEVELS)
    return every


def with_staff(every: pd.DataFrame) -> pd.DataFrame:
    """Built area and yuan to turn a bed into a nursing bed, where there are beds; carers of the care bases."""
    rng = rng_of(21)
    beds = every["beds"].astype("float64")
    every["area_m2"] = (beds * rng.uniform(27, 42, len(every))).round().astype("Int64")
    yuan = (rng.uniform(8_000, 20_000, len(every)) / 500).round() * 500
    every["bed_yuan"] = pd.Series(yuan, index=every.index).where(beds.notna()).astype("Int64")
    carers = pd.Series(rng.integers(3, 9, len(every)), index=every.index)
    every["staff"] = carers.where(every["kind"].eq("care_base")).astype("Int64")
    return every


def with_free_graves(every: pd.DataFrame) -> pd.DataFrame:
    """Graves that town cemeteries have left, in tens; made up."""
    left = pd.Series(rng_of(25).integers(100, 400, len(every)) * 10, index=every.index)
    every["free_graves"] = left.where(every["kind"].eq("town_cemetery")).astype("Int64")
    return every


def cemeteries(rows: pd.DataFrame, towns: pd.DataFrame, spots: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Cemeteries at junctions that keep the distances: the towns with the fewest such, and every town of a county."""
    spots = spots[spots["lawful"]]
    number = spots.groupby("town").size().reindex(towns.index, fill_value=0)
    have = {*number.sort_values(kind="stable").index[:40]}
    have |= {*towns.index[towns["county"].eq(WITH_A_CEMETERY_IN_EVERY_TOWN)]}
    parts = [cemetery_in(rows, spots, towns, t, rng) for t in sorted(have)]
    some = pd.DataFrame(parts, columns=["name", "kind", "town", "county", "x", "y"])
    more = [big_cemetery(spots, c, rng) for c in ("city", "371002", "371003", "371082")]
    return pd.concat([pd.DataFrame(more, columns=some.columns), some], ignore_index=True)


def spots_of(
    rows: pd.DataFrame,
    towns: pd.DataFrame,
    cells: list[shapely.Geometry],
    water: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Junctions at least 300 m from every community, with their town and whether they keep all the distances."""
    xy = np.unique(shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), 0)), axis=0)
    gap = cKDTree(rows[["x", "y"]].to_numpy()).query(xy)[0]
    points = shapely.points(xy)
    cell = shapely.STRtree(cells).query_nearest(points, all_matches=False)[1]
    trunk = roads.geometry[roads["road_class"].eq("trunk")].to_numpy()
    lawful = (far_from(points, water.geometry.to_numpy()) > 2050) & (far_from(points, trunk) > 550) & (gap > 550)
    town = towns.index.to_numpy()[cell]
    spots = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "town": town, "county": towns["county"].to_numpy()[cell]})
    return spots.assign(lawful=lawful)[gap > 300].reset_index(drop=True)


def far_from(points: np.ndarray, things: np.ndarray) -> np.ndarray:
    """Metres from each point to the nearest thing."""
    found: np.ndarray = shapely.STRtree(things).query_nearest(points, return_distance=True, all_matches=False)[1]
    return found


def make_candidates(spots: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """Made-up parcels of 18 to 51 mu for cemeteries: up to six a town, four of them lawful, the rest as they come."""
    shuffled = spots.iloc[rng_of(11).permutation(len(spots))]
    good = shuffled[shuffled["lawful"]].groupby("town").head(4)
    rest = shuffled.drop(good.index).groupby("town").head(2)
    some = pd.concat([good, rest]).sort_values(["town", "x", "y"], ignore_index=True)
    number = (some.groupby("town").cumcount() + 1).astype(str)
    some["name"] = some["town"].map(towns["name"]) + number + "号备选地块（示例）"
    some["id"] = [f"P{i:03d}" for i in range(1, len(some) + 1)]
    lonlat = to_lonlat(some[["x", "y"]].to_numpy())
    some["area_m2"] = (
        (rng_of(26).uniform(18, 51, len(some)) / 0.5).round() * 0.5 * 10_000 / 15
    )  # half a mu by half a mu
    some["area_m2"] = some["area_m2"].round().astype(int)
    some = some.assign(lon=lonlat[:, 0], lat=lonlat[:, 1], quality="synthetic", source=MADE)
    return some[["id", "name", "town", "county", "lon", "lat", "area_m2", "quality", "source"]]


def cemetery_in(
    rows: pd.DataFrame, spots: pd.DataFrame, towns: pd.DataFrame, town: str, rng: np.random.Generator
) -> list[object]:
    """A town's cemetery: at a lawful junction, else at its outermost community."""
    mine = spots[spots["town"].eq(town)]
    if mine.empty:
        centre = to_metres(towns.loc[[town], "lon"].to_numpy(), towns.loc[[town], "lat"].to_numpy())[0]
        there = rows[rows["town"].eq(town)]
        spot = there.loc[np.hypot(there["x"] - centre[0], there["y"] - centre[1]).idxmax()]
    else:
        spot = mine.iloc[int(rng.integers(len(mine)))]
    return [
        f"{towns.loc[town, 'name']}公益性公墓（示例）",
        "town_cemetery",
        town,
        towns.loc[town, "county"],
        spot["x"],
        spot["y"],
    ]


def big_cemetery(spots: pd.DataFrame, area: str, rng: np.random.Generator) -> list[object]:
    """The city's or a county's cemetery."""
    mine = spots[spots["county"].eq("371002" if area == "city" else area)]
    spot = mine.iloc[int(rng.integers(len(mine)))]
    kind = "city_cemetery" if area == "city" else "county_cemetery"
    name = "威海市" if area == "city" else COUNTIES[area]
    return [f"{name}节地生态公益性公墓（示例）", kind, spot["town"], spot["county"], spot["x"], spot["y"]]


# --- figures --------------------------------------------------------------------------------


def make_figures() -> pd.DataFrame:
    """Facts with their date, and demonstration figures so that every kind of target has something to count."""
    census = "第七次全国人口普查（2020-11-01），二手来源，见 facts/population.csv"
    facts = [("city", "city", "population", 2906548), ("city", "city", "older", OLDER_2020)]
    facts += [(c, "county", "population", n) for c, n in PEOPLE_2020.items()]
    derived = {"371003", "371083"}
    rows = [(a, lv, i, v, "estimated" if a in derived else "fact", census) for a, lv, i, v in facts]
    demo = {
        "burials": 22800, "eco_burials": 14136, "cremations": DEATHS, "hardship_people": HARDSHIP,
        "hardship_home": HARDSHIP - IN_INSTITUTIONS, "hardship_institution": IN_INSTITUTIONS,
        "hardship_disabled_willing": 1450, "hardship_disabled_in_institutions": 1410, "child_directors": 2768,
        "social_workers": 3650, "new_volunteers": 87000, "volunteer_organisations": 126,
    }  # fmt: skip
    published = "2023年统计公报，二手来源，见 facts/control_totals.csv"
    rows += [("city", "city", "deaths", DEATHS, "fact", published)]
    rows += [("city", "city", k, v, "synthetic", "示例数（示例）made up for demonstration") for k, v in demo.items()]
    return pd.DataFrame(rows, columns=["area", "level", "indicator", "value", "quality", "source"])


def make_deaths(rows: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """Deaths a year (the city's of 2023, by older people) and village graves that are to move (made up), by town."""
    older = rows.groupby("town")["older"].sum().reindex(towns.index)
    villages = rows[rows["class"].eq("rural")].groupby("town").size().reindex(towns.index, fill_value=0)
    deaths, backlog = shared_out(DEATHS, older.to_numpy(float)), shared_out(96_000, villages.to_numpy(float))
    frame = {"town": towns.index, "name": towns["name"].array, "deaths": deaths, "backlog": backlog}
    told = "死亡人数：2023年全市数（二手来源，见 facts/control_totals.csv）按老年人口分摊；待迁村墓：示例数（示例）"
    return pd.DataFrame({**frame, "quality": "synthetic", "source": told})


# --- ground: schematic layers and rasters for the overlay ------------------------------------


def protected(cells: list[shapely.Geometry], communities: np.ndarray) -> gpd.GeoDataFrame:
    """Made-up parks and reserves, away from communities."""
    rng = rng_of(22)
    pool = scattered(shapely.union_all(cells).buffer(-1500.0), 4000, rng)
    gap = cKDTree(communities).query(pool)[0]
    chosen = thinned(pool[gap > 600], apart=22_000.0)[:8]
    shapes = [blob(pool[gap > 600][c], 800.0, rng) for c in chosen]
    names = [f"{i}号自然保护地（示例）" for i in range(1, len(shapes) + 1)]
    rows = {
        "id": [f"N{i:02d}" for i in range(1, len(shapes) + 1)],
        "name": names,
        "quality": "synthetic",
        "source": MADE,
    }
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=METRES)


def railways(towns: pd.DataFrame) -> gpd.GeoDataFrame:
    """Two made-up lines from seat to seat."""
    xy = dict(zip(towns.index, to_metres(towns["lon"].to_numpy(), towns["lat"].to_numpy()), strict=True))
    lines = [("371002001", "371003001", "371083001"), ("371003001", "371082001")]
    known = [[xy[t] for t in line if t in xy] for line in lines]
    shapes = [shapely.linestrings(np.round(np.array(line) + 700.0)) for line in known]
    rows = {
        "id": ["R01", "R02"],
        "name": ["1号铁路（示例）", "2号铁路（示例）"],
        "quality": "synthetic",
        "source": MADE,
    }
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=METRES)


RASTER_M = 500
ARABLE, FOREST, BUILT, WET, OTHER = 1, 2, 3, 4, 5


def rasters(cells: list[shapely.Geometry], communities: np.ndarray, water: gpd.GeoDataFrame) -> tuple[np.ndarray, ...]:
    """Made-up heights (metres) and land cover on a grid of 500 m, and the grid's corner: schematic, no survey."""
    low_x, low_y, high_x, high_y = np.array(shapely.union_all(cells).bounds) // RASTER_M * RASTER_M
    shape = int((high_y - low_y) / RASTER_M) + 2, int((high_x - low_x) / RASTER_M) + 2
    row, column = np.indices(shape)
    top = low_y + shape[0] * RASTER_M
    x, y = low_x + (column + 0.5) * RASTER_M, top - (row + 0.5) * RASTER_M
    wild = gaussian_filter(rng_of(23).normal(size=shape), 7)
    gap = cKDTree(communities).query(np.c_[x.ravel(), y.ravel()])[0].reshape(shape)
    hills = np.clip(wild / np.abs(wild).max(), 0, 1) * 620 * np.clip((gap - 300) / 1500, 0, 1)
    height = np.round(12 + hills).astype(np.int16)
    green = gaussian_filter(rng_of(24).normal(size=shape), 4)
    cover = np.where(height > 110, FOREST, np.where(green > 0.02, ARABLE, OTHER))
    cover = np.where(gap < 350, BUILT, cover)
    wet = shapely.contains_xy(shapely.union_all(water.geometry.to_numpy()), x, y)
    return height, np.where(wet, WET, cover).astype(np.uint8), np.array([low_x, top])


def write_raster(values: np.ndarray, corner: np.ndarray, path: Path) -> None:
    """A GeoTIFF, stored as it is, so that every library writes the same bytes."""
    import rasterio
    from affine import Affine

    where = {"crs": METRES, "transform": Affine(RASTER_M, 0, corner[0], 0, -RASTER_M, corner[1])}
    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **shape, **where) as grid:
        grid.write(values, 1)


# --- ages -----------------------------------------------------------------------------------


def age_names() -> list[str]:
    """0-4 to 85 and over."""
    return [*(f"{a}-{a + 4}" for a in range(0, 85, 5)), "85+"]


def banded(weights: tuple[float, ...], bands: tuple[int, ...]) -> np.ndarray:
    """Whole people by age that come to each band."""
    parts = np.split(np.array(weights), [3, 12, 13])
    return np.concatenate([shared_out(total, part) for total, part in zip(bands, parts, strict=True)])


def make_ages(rows: pd.DataFrame) -> pd.DataFrame:
    """Ages by county at both censuses: made up, but for the sums of the city's bands and, in 2020, the older people.

    Counties differ from each other in 2010 by a random factor of each age, so that their cohorts change unlike.
    """
    older = rows.groupby("county")["older"].sum().reindex(list(COUNTIES)).to_numpy()
    people = np.array(list(PEOPLE_2020.values()))
    now = banded(AGES_2020, BANDS_2020)
    young, old = crossed(people - older, now[:12]), crossed(older, now[12:])
    before = banded(AGES_2010, BANDS_2010)
    weights = np.hstack([young, old]) * rng_of(83).normal(1, 0.03, (len(COUNTIES), len(now)))
    then = np.column_stack([shared_out(int(n), weights[:, at]) for at, n in enumerate(before)])
    said = "示例数：年龄结构为程序生成，仅各大年龄段合计与普查一致（2010、2020年，二手来源）"
    tables = [
        pd.DataFrame(
            {"county": code, "name": COUNTIES[code], "year": year, "age": age_names(), "people": counted[at],
             "quality": "synthetic", "source": said}
        )
        for year, counted in ((2010, then), (2020, np.hstack([young, old])))
        for at, code in enumerate(COUNTIES)
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def crossed(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Whole people by row and column that come to both; the last row takes what is left."""
    left, made = columns.copy(), []
    for total in rows[:-1]:
        made.append(shared_out(int(total), left.astype(float)))
        left = left - made[-1]
    return np.array([*made, left])


def make_life_table() -> pd.DataFrame:
    """Death rates by age on a Gompertz curve that gives the published deaths of a year: made up but for that sum."""
    middle = np.array([*range(2, 85, 5), 90]) + 0.5
    curve = np.exp(MORTALITY_RISE * middle)
    rates = curve * (DEATHS / (curve * banded(AGES_2020, BANDS_2020)).sum())
    said = "示例数：按Gompertz曲线推定，使2020年人口的年死亡数等于公布数"
    return pd.DataFrame({"age": age_names(), "death_rate": rates.round(7), "quality": "synthetic", "source": said})


# --- writing --------------------------------------------------------------------------------


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8 with a mark, so that Excel shows the Chinese."""
    path.write_bytes(frame.to_csv(index=False, lineterminator="\n").encode("utf-8-sig"))


def write_geojson(frame: gpd.GeoDataFrame, path: Path) -> None:
    """One feature a line, five decimals."""
    lonlat = frame.to_crs(LONLAT)
    shapes = [round_shape(s) for s in lonlat.geometry]
    props = frame.drop(columns="geometry").to_dict("records")
    lines = [
        json.dumps({"type": "Feature", "properties": p, "geometry": s}, ensure_ascii=False, separators=(",", ":"))
        for p, s in zip(props, shapes, strict=True)
    ]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    path.write_bytes(text.encode("utf-8"))


def round_shape(shape: shapely.Geometry) -> dict[str, object]:
    """A GeoJSON geometry with five decimals."""
    found: dict[str, object] = json.loads(shapely.to_geojson(shapely.transform(shape, lambda c: np.round(c, 5))))
    return found


def copy_facts(facts: Path, out: Path) -> None:
    """The facts beside what was made from them."""
    out.mkdir(parents=True, exist_ok=True)
    for name in FACTS:
        if (facts / name).is_file() and facts.resolve() != out.resolve():
            (out / name).write_bytes((facts / name).read_bytes())


def make(facts: Path, out: Path) -> None:
    """Everything, into ``out``."""
    copy_facts(facts, out / "facts")
    land = shapely.union_all(gpd.read_file(facts / "land.geojson").to_crs(METRES).geometry.to_numpy())
    towns = read_towns(facts)
    cells = town_cells(towns, land)
    rows = with_sources(with_people(read_communities(facts, towns)))
    xy = placed(rows, towns, cells)
    water = reservoirs(cells, xy)
    roads = make_roads(rows, xy, towns, cells, water)
    lonlat = to_lonlat(xy)
    rows["lon"], rows["lat"] = lonlat[:, 0], lonlat[:, 1]
    write_areas(towns, cells, out)
    columns = ["code", "name", "town", "county", "unit", "nbs_town_code", "lon", "lat", "class", "older", "hardship"]
    columns += ["hardship_home", "hardship_institution", "quality", "older_quality"]
    write_csv(rows[[*columns, *(f"{group}_quality" for group in GROUPS), "source"]], out / "communities.csv")
    write_geojson(water, out / "water.geojson")
    roads.to_parquet(out / "roads.parquet", compression="zstd", index=False)
    rows = rows.assign(x=xy[:, 0], y=xy[:, 1])
    spots = spots_of(rows, towns, cells, water, roads)
    write_csv(make_facilities(rows, towns, spots), out / "facilities.csv")
    write_csv(make_candidates(spots, towns), out / "candidates.csv")
    write_csv(make_figures(), out / "figures.csv")
    write_csv(make_deaths(rows, towns), out / "deaths.csv")
    write_csv(make_ages(rows), out / "ages.csv")
    write_csv(make_life_table(), out / "life.csv")
    write_geojson(protected(cells, xy), out / "protected.geojson")
    write_geojson(railways(towns), out / "railways.geojson")
    height, cover, corner = rasters(cells, xy, water)
    write_raster(height, corner, out / "height.tif")
    write_raster(cover, corner, out / "cover.tif")


def write_areas(towns: pd.DataFrame, cells: list[shapely.Geometry], out: Path) -> None:
    """Towns and counties, as tables and as outlines marked schematic."""
    write_csv(towns.reset_index(), out / "towns.csv")
    drawn = towns.reset_index().rename(columns={"quality": "point_quality", "source": "point_source"})
    drawn = drawn.assign(area="schematic", quality="estimated", source="示意范围：镇街点的泰森多边形，非法定界线")
    drawn = drawn.drop(columns=["radius_m"])
    write_geojson(gpd.GeoDataFrame(drawn, geometry=cells, crs=METRES), out / "towns.geojson")
    county = pd.DataFrame(
        {"id": list(COUNTIES), "name": list(COUNTIES.values()), "people_2020": list(PEOPLE_2020.values())}
    )
    of = towns["county"].to_numpy()
    shapes = [shapely.union_all([c for c, k in zip(cells, of, strict=True) if k == i]) for i in county["id"]]
    derived = county["id"].isin(["371003", "371083"])
    told = "第七次全国人口普查，二手来源，见 facts/population.csv"
    table = county.assign(quality=np.where(derived, "estimated", "fact"), source=told)
    write_csv(table, out / "counties.csv")
    drawn = county.assign(area="schematic", quality="estimated", source="示意范围：镇街示意范围之并，非法定界线")
    write_geojson(gpd.GeoDataFrame(drawn, geometry=shapes, crs=METRES), out / "counties.geojson")


def main() -> None:
    """Read the options and make the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, default=OUT / "facts", help="folder of the facts")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write")
    given = parser.parse_args()
    make(given.facts, given.out)


if __name__ == "__main__":
    main()
