"""Contraction hierarchies: the same pairs as the search, from a network prepared once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

from quarterhour.base.errors import CutoffError, DataError
from quarterhour.network.roads import as_roads
from quarterhour.travel.ch import choose_method
from quarterhour.travel.ch.buckets import fill_buckets, table_by_buckets
from quarterhour.travel.ch.build import Hierarchy, build_hierarchy, kept_hierarchy, read_hierarchy, write_hierarchy
from quarterhour.travel.dijkstra import cutoff_table
from repeatable import examples

Csr = tuple[np.ndarray, np.ndarray, np.ndarray]


def arcs_of(n: int, arcs: list[tuple[int, int, int]]) -> Csr:
    u, v, w = np.array(arcs, np.int64).reshape(-1, 3).T
    order = np.argsort(u, kind="stable")
    indptr = np.r_[0, np.cumsum(np.bincount(u, minlength=n))].astype(np.uint32)
    return indptr, v[order].astype(np.uint32), w[order].astype(np.int32)


def backward(arcs: Csr) -> Csr:
    indptr, head, cs = arcs
    tail = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr.astype(np.int64)))
    return arcs_of(len(indptr) - 1, list(zip(head.tolist(), tail.tolist(), cs.tolist(), strict=True)))


def sources_of(entries: list[list[tuple[int, int]]]) -> Csr:
    ptr = np.r_[0, np.cumsum([len(e) for e in entries])].astype(np.int64)
    flat = np.array([e for each in entries for e in each], np.int64).reshape(-1, 2)
    return ptr, flat[:, 0].astype(np.uint32), flat[:, 1].astype(np.int32)


def targets_of(n: int, entries: list[list[tuple[int, int]]]) -> Csr:
    ptr, node, cs = sources_of(entries)
    order = np.argsort(node, kind="stable")
    who = np.repeat(np.arange(len(entries)), np.diff(ptr))[order]
    start = np.r_[0, np.cumsum(np.bincount(node, minlength=n))].astype(np.int64)
    return start, who.astype(np.int32), cs[order]


def no_legs(count: int) -> Csr:
    return np.zeros(count + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)


def full(found: Csr, targets: int) -> np.ndarray:
    """The table with -1 where a target is too far; no pair may come twice."""
    ptr, ids, cs = found
    table = np.full((len(ptr) - 1, targets), -1, np.int64)
    rows = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    assert len(set(zip(rows.tolist(), ids.tolist(), strict=True))) == len(ids)
    table[rows, ids] = cs
    return table


def every(hierarchy: Hierarchy, cut: int) -> np.ndarray:
    n = len(hierarchy.place)
    places = [[(i, 0)] for i in range(n)]
    found = table_by_buckets(
        hierarchy, sources_of(places), targets=targets_of(n, places), target_count=n, cut=cut
    )  # fmt: skip
    return full(found, n)


def exact(n: int, arcs: list[tuple[int, int, int]], cut: int) -> np.ndarray:
    least: dict[tuple[int, int], int] = {}
    for u, v, w in arcs:
        least[u, v] = min(w, least.get((u, v), w))
    u, v = np.array([*least]).reshape(-1, 2).T
    # scipy drops zeros: a thousandth stands for each, and no path has a thousand arcs
    weights = np.array([w or 1e-6 for w in least.values()], float)
    times = dijkstra(coo_array((weights, (u, v)), shape=(n, n)).tocsr())
    whole = np.where(np.isfinite(times), np.floor(times + 1e-3), cut + 1.0)
    return np.where(whole <= cut, whole, -1).astype(np.int64)


CENTISECONDS = st.integers(0, 9) | st.integers(1, 300) | st.sampled_from([0, 10**5, 2**28])


@examples(200)
@given(st.data())
def test_times_equal_scipy_on_random_multigraphs_both_headings(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 14))
    node = st.integers(0, n - 1)
    arcs = data.draw(st.lists(st.tuples(node, node, CENTISECONDS), max_size=60))
    cut = data.draw(st.sampled_from([0, 7, 400, 10**6, 2**30 - 1]))
    hierarchy = build_hierarchy(*arcs_of(n, arcs))
    wanted = exact(n, arcs, cut)
    assert (every(hierarchy, cut) == wanted).all()
    assert (every(hierarchy.turned(), cut) == wanted.T).all()


@examples(100)
@given(st.data())
def test_places_with_several_entries_and_direct_legs_equal_the_search(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 10))
    node = st.integers(0, n - 1)
    arcs = arcs_of(n, data.draw(st.lists(st.tuples(node, node, st.integers(1, 99)), max_size=40)))
    place = st.lists(st.tuples(node, st.integers(0, 120) | st.just(2**31 - 1)), max_size=3)
    sources = data.draw(st.lists(place, min_size=1, max_size=5))
    targets = data.draw(st.lists(place, min_size=1, max_size=5))
    leg = st.lists(st.tuples(st.integers(0, len(targets) - 1), st.integers(0, 200)), max_size=3)
    direct = sources_of([data.draw(leg) for _ in sources])
    direct = (direct[0], direct[1].astype(np.int32), direct[2])
    cut = data.draw(st.integers(0, 300))
    given: dict[str, Any] = {"targets": targets_of(n, targets), "direct": direct, "target_count": len(targets)}
    wanted = cutoff_table(arcs, sources_of(sources), **given, cut=cut)
    found = table_by_buckets(build_hierarchy(*arcs), sources_of(sources), **given, cut=cut)
    assert (full(found, len(targets)) == full(wanted, len(targets))).all()


def test_a_street_by_hand() -> None:
    # 0 -3-> 1 -4-> 2 <-5-> 3; 4 is an island; 1 has a loop and 0-1 a slower lane beside it
    arcs = arcs_of(5, [(0, 1, 3), (0, 1, 9), (1, 2, 4), (2, 3, 5), (3, 2, 5), (1, 1, 2)])
    hierarchy = build_hierarchy(*arcs)
    assert every(hierarchy, 12).tolist() == [
        [0, 3, 7, 12, -1],
        [-1, 0, 4, 9, -1],
        [-1, -1, 0, 5, -1],
        [-1, -1, 5, 0, -1],
        [-1, -1, -1, -1, 0],
    ]
    assert every(hierarchy, 11)[0].tolist() == [0, 3, 7, -1, -1]
    assert repr(hierarchy).startswith("<Hierarchy: 5 junctions, ")


def test_crowded_junctions_stay_exact() -> None:
    # 700 neighbours at one square, each also linked to the next; and 60 junctions all linked to each other
    star = [(0, i, i) for i in range(1, 701)] + [(i, 0, 1000 - i) for i in range(1, 701)]
    ring = [(i, i + 1, 1) for i in range(1, 700)]
    r = np.random.default_rng(1)
    clique = [(u, v, int(r.integers(1, 99))) for u in range(701, 761) for v in range(701, 761)]
    arcs = star + ring + clique
    assert (every(build_hierarchy(*arcs_of(761, arcs)), 900) == exact(761, arcs, 900)).all()


def test_a_network_without_roads_or_junctions_is_no_trouble() -> None:
    assert every(build_hierarchy(*arcs_of(3, [])), 5).tolist() == np.where(np.eye(3), 0, -1).tolist()
    nothing = build_hierarchy(*arcs_of(0, []))
    found = table_by_buckets(nothing, sources_of([[]]), targets=targets_of(0, []), target_count=0, cut=5)
    assert [a.tolist() for a in found] == [[0, 0], [], []]


# --- a made town: streets between random points, some one-way, arterials; no street is missing that a whole needs


def made_network(junctions: int, *, seed: int = 1) -> tuple[np.ndarray, Csr]:
    r = np.random.default_rng(seed)
    xy = r.random((junctions, 2)) * np.sqrt(junctions) * 130
    xy = xy[np.lexsort((xy[:, 0], xy[:, 1] // 900))]
    corners = Delaunay(xy).simplices
    pairs = np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    metres = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((metres, pairs.T), shape=(junctions, junctions)).tocsr()).tocoo()
    short = pairs[(metres < 160) & (r.random(len(metres)) < 0.45)]
    u, v = np.unique(np.vstack([short, np.column_stack([tree.row, tree.col])]), axis=0).T
    metres = np.hypot(*(xy[u] - xy[v]).T)
    major = (np.abs(xy[u] % 4000 - 2000) > 1850).any(axis=1)
    cs = np.maximum(1, np.rint(metres / np.where(major, 22, 8) * 100)).astype(np.int64)
    both = r.random(len(u)) > 0.1
    rows = np.r_[np.c_[u, v, cs], np.c_[v, u, cs][both]]
    return xy, arcs_of(junctions, rows.tolist())


def mid_road(arcs: Csr, count: int, *, seed: int, leaves: bool) -> list[list[tuple[int, int]]]:
    """Places part of the way along arcs, as entries."""
    r = np.random.default_rng(seed)
    indptr, head, cs = arcs
    tail = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr.astype(np.int64)))
    at = r.integers(0, len(head), count)
    past = np.rint(r.random(count) * cs[at]).astype(int)
    ends = zip(tail[at].tolist(), head[at].tolist(), past.tolist(), (cs[at] - past).tolist(), strict=True)
    return [[(h, rest)] if leaves else [(t, done), (h, rest)] for t, h, done, rest in ends]


@pytest.fixture(scope="module")
def town() -> tuple[Csr, Hierarchy]:
    arcs = made_network(6000)[1]
    return arcs, build_hierarchy(*arcs)


def test_a_town_equals_the_search_both_headings(town: tuple[Csr, Hierarchy]) -> None:
    arcs, hierarchy = town
    n = len(arcs[0]) - 1
    sources = sources_of(mid_road(arcs, 200, seed=2, leaves=True))
    targets = targets_of(n, mid_road(arcs, 300, seed=3, leaves=False))
    for way, climbing in ((arcs, hierarchy), (backward(arcs), hierarchy.turned())):
        for cut in (6_000, 90_000):
            wanted = cutoff_table(way, sources, targets=targets, direct=no_legs(200), target_count=300, cut=cut)
            found = table_by_buckets(climbing, sources, targets=targets, target_count=300, cut=cut)
            assert len(wanted[1]) > 150
            assert (full(found, 300) == full(wanted, 300)).all()


def test_the_same_arcs_give_the_same_bytes_and_nobody_may_write_them(town: tuple[Csr, Hierarchy]) -> None:
    arcs, hierarchy = town
    again = build_hierarchy(*arcs)
    for name in ("place", "up_start", "up", "down_start", "down"):
        mine = getattr(hierarchy, name)
        assert mine.tobytes() == getattr(again, name).tobytes()
        with pytest.raises(ValueError, match="read-only"):
            mine[0] = 0


def test_arcs_only_climb_to_more_important_junctions(town: tuple[Csr, Hierarchy]) -> None:
    hierarchy = town[1]
    assert sorted(hierarchy.place) == list(range(len(hierarchy.place)))
    for start, arcs in ((hierarchy.up_start, hierarchy.up), (hierarchy.down_start, hierarchy.down)):
        assert (arcs[:, 0] < np.repeat(np.arange(len(start) - 1), np.diff(start.astype(np.int64)))).all()


def test_buckets_filled_once_serve_every_block_and_shorter_cutoffs_and_threads(town: tuple[Csr, Hierarchy]) -> None:
    arcs, hierarchy = town
    n = len(arcs[0]) - 1
    targets = targets_of(n, mid_road(arcs, 300, seed=3, leaves=False))
    buckets = fill_buckets(hierarchy, targets, target_count=300, cut=90_000)
    blocks = [sources_of(mid_road(arcs, 50, seed=s, leaves=True)) for s in range(6)]
    found: dict[int, Csr] = {}

    def work(i: int) -> None:
        found[i] = table_by_buckets(hierarchy, blocks[i], targets=buckets, target_count=300, cut=20_000)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, block in enumerate(blocks):
        wanted = cutoff_table(arcs, block, targets=targets, direct=no_legs(50), target_count=300, cut=20_000)
        assert (full(found[i], 300) == full(wanted, 300)).all()
    with pytest.raises(CutoffError, match="90000 centiseconds; 90001"):
        table_by_buckets(hierarchy, blocks[0], targets=buckets, target_count=300, cut=90_001)


# --- kept beside the study


def test_a_kept_hierarchy_is_the_same_and_is_not_built_again(town: tuple[Csr, Hierarchy], tmp_path: Path) -> None:
    arcs, hierarchy = town
    done: list[float] = []
    first = kept_hierarchy(*arcs, folder=tmp_path / "kept", progress=done.append)
    assert done == sorted(done) and done[-1] == 1
    done.clear()
    second = kept_hierarchy(*arcs, folder=tmp_path / "kept", progress=done.append)
    assert not done
    for kept in (first, second):
        assert kept.shortcuts == hierarchy.shortcuts
        assert (kept.up == hierarchy.up).all() and (kept.place == hierarchy.place).all()
    sources = sources_of(mid_road(arcs, 20, seed=2, leaves=True))
    targets = targets_of(6000, mid_road(arcs, 30, seed=3, leaves=False))
    tables = [table_by_buckets(h, sources, targets=targets, target_count=30, cut=9000) for h in (hierarchy, second)]
    assert (full(tables[0], 30) == full(tables[1], 30)).all()
    slower = (arcs[0], arcs[1], arcs[2] + 1)
    kept_hierarchy(*slower, folder=tmp_path / "kept", progress=done.append)
    assert done, "other times are another network"
    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize("harm", ["gone", "cut", "mixed"])
def test_half_a_hierarchy_is_never_used(harm: str, tmp_path: Path) -> None:
    arcs = arcs_of(3, [(0, 1, 5), (1, 2, 7)])
    kept_hierarchy(*arcs, folder=tmp_path)
    folder = next(tmp_path.iterdir())
    file = folder / "up_start.npy"
    if harm == "gone":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-4])
    else:
        np.save(file, np.zeros(9, np.uint32))
    with pytest.raises(DataError, match="not whole"):
        read_hierarchy(folder)
    assert every(kept_hierarchy(*arcs, folder=tmp_path), 20)[0].tolist() == [0, 5, 12]
    assert every(read_hierarchy(folder), 20)[0].tolist() == [0, 5, 12]
    assert [f.name for f in tmp_path.iterdir()] == [folder.name]


def test_a_network_without_roads_can_be_kept(tmp_path: Path) -> None:
    write_hierarchy(build_hierarchy(*arcs_of(2, [])), tmp_path / "none")
    assert every(read_hierarchy(tmp_path / "none"), 5).tolist() == [[0, -1], [-1, 0]]


@pytest.mark.parametrize(
    ("arcs", "words"),
    [
        (([0, 1], [7], [5]), "none of the 1 junctions.*: 0"),
        (([0, 1], [0], [-5]), "negative time: 0"),
        (([0, 2], [0], [5]), "do not fit together"),
        (([0, 1], [0], [5, 6]), "do not fit together"),
        (([0, 2, 1], [0], [5]), "do not fit together"),
        (([], [], []), "do not fit together"),
    ],
)
def test_arrays_that_make_no_network_are_refused(arcs: tuple[list[int], ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        build_hierarchy(*(np.array(a, np.int64) for a in arcs))


# --- which method


def test_one_search_needs_no_hierarchy_and_many_scenarios_do() -> None:
    once = choose_method(junctions=200_000, sources=300, targets=3000)
    assert (once.method, "So: search." in once.reason, "逐次搜索" in once.told("zh")) == ("search", True, True)
    often = choose_method(junctions=200_000, sources=3000, targets=3000, scenarios=50)
    assert often.method == "hierarchy" and "层次" in often.told("zh")
    assert choose_method(junctions=200_000, sources=300, targets=3000, ready=True).method == "hierarchy"
    assert choose_method(junctions=4000, sources=3000, targets=4000, scenarios=1, reached=50).method == "search"
    assert choose_method(junctions=0, sources=0, targets=0).method == "search"


def test_without_numba_one_searches_and_the_answers_stay_the_same() -> None:
    code = """
import sys
sys.modules["numba"] = None
import numpy as np
from quarterhour.travel.ch.build import build_hierarchy
from quarterhour.travel.ch import choose_method
from quarterhour.travel.ch.buckets import table_by_buckets
chosen = choose_method(junctions=200_000, sources=3000, targets=3000, scenarios=50)
hierarchy = build_hierarchy(np.array([0, 1, 2, 3]), np.array([1, 2, 0]), np.array([5, 7, 9]))
each, who, none = np.arange(4), np.arange(3), np.zeros(3, int)
found = table_by_buckets(hierarchy, (each, who, none), targets=(each, who, none), target_count=3, cut=12)
print(chosen.method, "numba" in chosen.reason, sorted(found[2].tolist()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "search True [0, 0, 0, 5, 7, 9, 12]", done.stderr


# --- a real place, and the bar


def test_liechtenstein_equals_scipy_from_hundreds_of_junctions_both_headings(shared_data: Path) -> None:
    from quarterhour.io import osm
    from quarterhour.network import build
    from quarterhour.network.modes import read_modes

    raw = osm.read_osm_roads(shared_data / "osm" / "liechtenstein.osm.pbf", crs="EPSG:32632")
    roads, _ = as_roads(raw, crs="EPSG:32632")
    built = build.build_network(roads, read_modes()["car"])
    arcs = built.arcs("to_community")
    hierarchy = build_hierarchy(arcs.indptr, arcs.head, arcs.cs)
    n, cut = len(built.x), 60_000
    for climbing, heading in ((hierarchy, "to_community"), (hierarchy.turned(), "to_site")):
        there = built.arcs(heading)
        tail = np.repeat(np.arange(n), np.diff(there.indptr.astype(np.int64)))
        graph = coo_array((there.cs.astype(float), (tail, there.head)), shape=(n, n))
        least = np.lexsort((graph.data, graph.col, graph.row))
        once = np.r_[True, (np.diff(graph.row[least]) != 0) | (np.diff(graph.col[least]) != 0)]
        kept = least[once]
        simple = coo_array((graph.data[kept], (graph.row[kept], graph.col[kept])), shape=(n, n)).tocsr()
        some = np.arange(0, n, 13)
        wanted = dijkstra(simple, indices=some, limit=cut)
        places = targets_of(n, [[(i, 0)] for i in range(n)])
        sources = sources_of([[(int(i), 0)] for i in some])
        found = full(table_by_buckets(climbing, sources, targets=places, target_count=n, cut=cut), n)
        assert (found == np.where(np.isfinite(wanted), wanted, -1)).all()


@pytest.mark.slow
def test_at_200_000_junctions_buckets_are_ten_times_faster_than_the_search() -> None:
    arcs = made_network(200_000)[1]
    n = len(arcs[0]) - 1
    began = time.process_time()
    hierarchy = build_hierarchy(*arcs)
    built = time.process_time() - began
    sources = sources_of(mid_road(arcs, 3000, seed=2, leaves=True))
    targets = targets_of(n, mid_road(arcs, 3000, seed=3, leaves=False))
    spent: dict[str, float] = {}
    for _ in range(3):
        began = time.process_time()
        wanted = cutoff_table(arcs, sources, targets=targets, direct=no_legs(3000), target_count=3000, cut=90_000)
        half = time.process_time()
        found = table_by_buckets(hierarchy, sources, targets=targets, target_count=3000, cut=90_000)
        now = {"search": half - began, "buckets": time.process_time() - half}
        spent = {k: min(v, spent.get(k, v)) for k, v in now.items()}
    assert (full(found, 3000) == full(wanted, 3000)).all()
    assert spent["search"] > 10 * spent["buckets"], (spent, built)
