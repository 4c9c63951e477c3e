"""What only a process of its own can tell: how long it takes to open the door, and how much memory a table takes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import quarterhour
from benchmarks.lands import CUT_CS, Land
from benchmarks.measure import Figure, Skipped
from quarterhour.io.network_store import load_network
from quarterhour.travel.nearest_kernels import nearest_to_targets
from quarterhour.travel.search_arrays import search_arrays

IMPORT_S, FIRST_USE_S, LATER_USE_S, LOAD_S = 0.2, 15.0, 3.0, 5.0
"""The bars; a prepared network of 2 million junctions must be there within "seconds"."""
CAP_MB = 200.0
"""What the caller of a large table allows it; the whole table takes about twice as much."""

_IMPORT = "import time; t = time.process_time(); import quarterhour; print(time.process_time() - t)"
_FIRST_USE = """
from benchmarks.synthetic import first_town
import quarterhour as qh
roads, villages, clinics = first_town()
network = qh.build_network(qh.as_roads(roads, crs=roads.crs)[0], qh.read_modes()["car"])
times = qh.travel_times(network, villages, clinics, minutes=15, heading="to_site")
pictures = qh.isochrones(network, clinics, minutes=[5, 15], heading="to_site")
print(times.nearest()["minutes"].notna().sum(), (pictures.area > 0).sum())
"""


_TABLE = """
import sys, numpy as np, pandas as pd, quarterhour as qh
from quarterhour.io.network_store import load_network
from quarterhour.travel.matrix import travel_time_blocks
folder, cap = sys.argv[1], float(sys.argv[2])
network = load_network(folder)
rng, ids = np.random.default_rng(7), network.junction_ids
homes, bases = (
    qh.at_junctions(network, pd.Series(ids[rng.choice(len(ids), min(n, len(ids) // 2), replace=False)]))
    for n in (100_000, 3000)
)
ask = {"minutes": 15, "heading": "to_site"}
# compiles, and has every page of the network touched, before memory is looked at
for array in (network.x, network.tail, network.arcs("to_site").cs, network.arcs("to_site").head):
    array.sum()
for block in travel_time_blocks(network, homes, bases.iloc[:9], memory_mb=cap, **ask):
    pass
def memory(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1000
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
before, pairs, total, blocks = memory("VmRSS"), 0, 0, 0
for block in travel_time_blocks(network, homes, bases, memory_mb=cap, **ask):
    pairs, total, blocks = pairs + len(block.cs), total + int(block.cs.sum(dtype=np.int64)), blocks + 1
taken = memory("VmHWM") - before
whole = qh.travel_times(network, homes, bases, **ask)
same = (pairs, total) == (len(whole.cs), int(whole.cs.sum(dtype=np.int64)))
print(taken, memory("VmHWM") - before, len(homes), len(bases), pairs, blocks, same)
"""


def import_seconds(land: Land) -> Figure:
    """``import quarterhour`` in a fresh interpreter, the median of seven."""
    _ = land
    seconds = [float(_run(_IMPORT)[0]) for _ in range(7)]
    return Figure(median(seconds), IMPORT_S, "s")


def first_use(land: Land, *, cold: bool) -> Figure:
    """A whole process that opens a town, asks for times and draws pictures; ``cold``: nothing compiled yet."""
    _ = land
    with tempfile.TemporaryDirectory() as folder:
        more = {"NUMBA_CACHE_DIR": folder}
        told, first = _run(_FIRST_USE, **more)
        later = first if cold else median(_run(_FIRST_USE, **more)[1] for _ in range(3))
    wrong = "" if told == "40 6" else f"{told} instead of 40 communities with a clinic and 6 pictures"
    return Figure(later, FIRST_USE_S if cold else LATER_USE_S, "s", wrong)


def table_memory(land: Land) -> Figure:
    """Megabytes that 3,000 sites x 100,000 communities take at most, block by block, beside network and places."""
    if not Path("/proc/self/clear_refs").exists():
        raise Skipped("this system does not tell the peak of a process anew")
    land.saved()
    told, _ = _run(_TABLE, str(land.folder), str(CAP_MB))
    taken, whole, homes, bases, pairs, blocks, same = told.split()
    figures = {"communities": int(homes), "sites": int(bases), "pairs": int(pairs), "blocks": int(blocks)}
    wrong = "" if same == "True" else "other pairs than the whole table"
    return Figure(float(taken), CAP_MB, "MB", wrong, {**land.told, **figures, "whole_table_mb": round(float(whole))})


def load_prepared(land: Land) -> Figure:
    """A network saved before, mapped into memory and ready to be searched."""
    built, sites = land.saved(), land.sites.astype(np.uint32)

    def nearest(network: object) -> list[np.ndarray]:
        arcs = network.arcs()  # type: ignore[attr-defined]
        entering = np.arange(len(sites) + 1), sites, np.zeros(len(sites), np.int32)
        search = search_arrays((arcs.indptr, arcs.head, arcs.cs), entering)
        return list(nearest_to_targets(search, cut=CUT_CS))

    seconds = []
    for _ in range(3):
        begin = time.process_time()
        loaded = load_network(land.folder)
        seconds.append(time.process_time() - begin)
    same = all(np.array_equal(a, b) for a, b in zip(nearest(built), nearest(loaded), strict=True))
    return Figure(median(seconds), LOAD_S, "s", "" if same else "other times than before", land.told)


def _run(code: str, *arguments: str, **more: str) -> tuple[str, float]:
    """What a fresh interpreter prints, and its processor seconds from start to end."""
    paths = [str(Path(of).resolve().parents[1]) for of in (__file__, quarterhour.__file__)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout.strip(), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
