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

from benchmarks.lands import CUT_CS, Land
from benchmarks.measure import Figure
from quarterhour.nearest import nearest_source
from quarterhour.prepared import load_network

IMPORT_S, FIRST_USE_S, LATER_USE_S, LOAD_S = 0.2, 15.0, 3.0, 5.0
"""The bars; a prepared network of 2 million junctions must be there within "seconds"."""

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


def load_prepared(land: Land) -> Figure:
    """A network saved before, mapped into memory and ready to be searched."""
    built, sites = land.network, land.sites.astype(np.uint32)

    def nearest(network: object) -> list[np.ndarray]:
        arcs = network.arcs()  # type: ignore[attr-defined]
        owned = sites, np.zeros(len(sites), np.int32), np.arange(len(sites), dtype=np.int32)
        return list(nearest_source((arcs.indptr, arcs.head, arcs.cs), owned, cut=CUT_CS))

    seconds = []
    for _ in range(3):
        begin = time.process_time()
        loaded = load_network(land.folder)
        seconds.append(time.process_time() - begin)
    same = all(np.array_equal(a, b) for a, b in zip(nearest(built), nearest(loaded), strict=True))
    return Figure(median(seconds), LOAD_S, "s", "" if same else "other times than before", land.told)


def _run(code: str, **more: str) -> tuple[str, float]:
    """What a fresh interpreter prints, and its processor seconds from start to end."""
    here = Path(__file__).resolve()
    paths = [str(here.parents[1]), str(here.parents[2] / "coverage")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout.strip(), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
