"""Valhalla as a peer: an optional package of node, its tiles built on the spot, asked on foot by length.

It is a process of its own, so its seconds are those that it tells of itself. Its answers stay there as the text that
Valhalla makes of them; they are read for the comparison alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray
from pyproj import Transformer

from benchmarks.lands import Land, land_size
from benchmarks.measure import NotInstalled
from benchmarks.places import osm_file
from quarterhour.network.network import Network

Array = NDArray[Any]
PACKAGE = "@valhallajs/valhallajs"
VERSION = "3.6.1"
SERVER = Path(__file__).with_name("valhalla.mjs")
ON_FOOT = {"costing": "pedestrian", "costing_options": {"pedestrian": {"shortest": True}}}
ALGORITHM = "timedistancematrix"
"""Of the two that Valhalla has for matrices the quicker one here: five times as quick as ``costmatrix``."""
LIMITS = {"max_matrix_location_pairs": 10**7, "max_locations": 10**4}
"""Places of a request. The distance stays as it is (200 km): what Valhalla clears for each search grows with it."""


def installed(cache: Path, *, fetch: bool) -> Path:
    """The folder that the package lies in; ``fetch``: npm may install it there, once."""
    folder = cache.resolve() / "valhalla"
    if shutil.which("node") is None:
        raise NotInstalled("node is not here, which Valhalla's package needs")
    if (folder / "node_modules" / PACKAGE / "package.json").is_file():
        return folder
    if not fetch:
        raise NotInstalled("Valhalla is not here: `make bench` installs it")
    if shutil.which("npm") is None:
        raise NotInstalled("npm is not here, which installs Valhalla's package")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    done = _run([*command, f"{PACKAGE}@{VERSION}"])
    if done.returncode:
        raise NotInstalled(f"{PACKAGE} {VERSION} does not install: {npm_reason(done.stderr)}")
    return folder


def npm_reason(told: str) -> str:
    """The code of npm's error, else its first line."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    codes = [line.split()[-1] for line in lines if line.startswith(("npm error code", "npm ERR! code"))]
    return (codes or lines or ["npm does not say why"])[0]


def tiles(land: Land, package: Path) -> Path:
    """The configuration of a land's tiles; they are built anew when its roads or the package change."""
    folder = package / land.name
    folder.mkdir(exist_ok=True)
    source = osm_file(land.name) or written(land.walking, folder / f"{land.name}.osm.pbf")
    key = hashlib.sha256(source.read_bytes() + repr((VERSION, LIMITS, ALGORITHM)).encode()).hexdigest()
    config, kept = folder / "config.json", folder / "key.txt"
    if kept.is_file() and kept.read_text(encoding="utf-8") == key:
        return config
    shutil.rmtree(folder / "tiles", ignore_errors=True)
    command = ["node", str(package / "node_modules" / PACKAGE / "bin" / "valhalla-cli.js")]
    told = _run([*command, "build_config", "--mjolnir-tile-dir", str(folder / "tiles")])
    if told.returncode:
        raise NotInstalled(f"Valhalla makes no configuration: {told.stderr.strip()[-200:]}")
    config.write_text(json.dumps(configured(json.loads(told.stdout))), encoding="utf-8")
    told = _run([*command, "build_tiles", "-c", str(config), str(source)], where=folder)
    if told.returncode:
        raise NotInstalled(f"Valhalla builds no tiles: {told.stderr.strip()[-200:]}")
    kept.write_text(key, encoding="utf-8")
    return config


def configured(given: dict[str, Any]) -> dict[str, Any]:
    """Valhalla's own configuration: room for large matrices, the quicker of two, and standard output left to us."""
    made = json.loads(json.dumps(given))
    made["service_limits"]["pedestrian"].update(LIMITS)
    made["thor"]["source_to_target_algorithm"] = ALGORITHM
    made["mjolnir"].pop("tile_extract", None)
    for part in made.values():
        if isinstance(part, dict) and "logging" in part:
            part["logging"] = {"type": "std_err"}
    return dict(made)


def written(network: Network, file: Path) -> Path:
    """A network as an OSM extract, each road a residential street: for a walker as long, and open both ways."""
    if file.is_file():
        file.unlink()
    to_degrees = Transformer.from_crs(network.crs, 4326, always_xy=True)
    number, place = vertices(network)
    places = np.column_stack(to_degrees.transform(*place.T))
    writer = osmium.SimpleWriter(str(file))
    for i, (lon, lat) in enumerate(places.tolist(), 1):
        writer.add_node(osmium.osm.mutable.Node(id=i, location=(lon, lat), version=1))
    tags = {"highway": "residential"}
    for road, nodes in enumerate(np.split(number + 1, network.coord_start[1:-1]), 1):
        writer.add_way(osmium.osm.mutable.Way(id=road, nodes=nodes.tolist(), tags=tags, version=1))
    writer.close()
    return file


def vertices(network: Network) -> tuple[Array, Array]:
    """The node of each vertex of the roads, and where the nodes lie: junctions first, then what is between them."""
    start, end = network.coord_start[:-1], network.coord_start[1:] - 1
    number = np.full(len(network.coords), -1)
    number[start], number[end] = network.tail, network.head
    between = np.flatnonzero(number < 0)
    number[between] = len(network.x) + np.arange(len(between))
    junctions = np.column_stack([network.x, network.y])
    return number, np.concatenate([junctions, network.coords[between]])


@dataclass(eq=False)
class Valhalla:
    """A running Valhalla on one land. It ends with this process, or when it is let go."""

    process: subprocess.Popen[str]
    folder: Path
    log: Any

    @classmethod
    def on(cls, land: Land) -> Valhalla:
        """The one of a land, started once."""
        found: Valhalla = land.once("valhalla", lambda: cls._started(land))
        return found

    @classmethod
    def _started(cls, land: Land) -> Valhalla:
        package = installed(land.cache, fetch=land.fetch)
        config = tiles(land, package)
        log = (config.parent / "log.txt").open("w", encoding="utf-8")
        command = ["node", str(SERVER), str(package.resolve()), str(config)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8"
        )
        return cls(process, config.parent, log)

    def cpu_s(self) -> float:
        """Processor seconds that it has taken so far."""
        return float(self._told({})["cpu_s"])

    def work(self, what: str, requests: Sequence[dict[str, Any]]) -> None:
        """Have requests answered, and the answers thrown away; one that fails is an error."""
        told = self._told({"do": what, "with": requests})
        if told["failed"]:
            raise RuntimeError(f"Valhalla's {what}: {told['failed']}")

    def answers(self, what: str, requests: Sequence[dict[str, Any]]) -> list[Any]:
        """Answers to requests, None for one that fails."""
        file = self.folder / f"answers-{os.getpid()}.json"
        self._told({"do": what, "with": requests, "save": str(file.resolve())})
        found: list[Any] = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
        return found

    def _told(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise NotInstalled(f"Valhalla does not start or has stopped: {_last_line(self.folder / 'log.txt')}")
        told: dict[str, Any] = json.loads(line)
        return told


def _last_line(file: Path) -> str:
    told = file.read_text(encoding="utf-8").strip().splitlines()
    return next((line for line in told if "Error" in line), (told or ["no word"])[-1])


def spots(network: Network, junctions: Array) -> list[dict[str, float]]:
    """Junctions as Valhalla wants places."""
    to_degrees = Transformer.from_crs(network.crs, 4326, always_xy=True)
    found = to_degrees.transform(network.x[junctions], network.y[junctions])
    return [{"lon": lon, "lat": lat} for lon, lat in zip(*(np.round(d, 7).tolist() for d in found), strict=True)]


def matrix_request(sources: list[dict[str, float]], targets: list[dict[str, float]]) -> dict[str, Any]:
    """All sources to all targets on foot, by length, in Valhalla's short form."""
    return {"sources": sources, "targets": targets, **ON_FOOT, "verbose": False}


def metres(answer: Any) -> Array:
    """Metres of a matrix in the short form, by source and target; not a number where there is no way."""
    rows = answer["sources_to_targets"]["distances"]
    return np.array([[np.nan if d is None else d for d in row] for row in rows], float) * 1000


def metres_of(answers: Iterable[Any]) -> Array:
    """Metres of matrices of one pair each."""
    return np.array([np.nan if a is None else metres(a)[0, 0] for a in answers])


def is_made(land: Land) -> bool:
    """Whether a land has no OSM file of its own and is asked by one written from its network."""
    return land_size(land.name) is not None or osm_file(land.name) is None


def _run(command: list[str], where: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
