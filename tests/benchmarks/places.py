"""Networks of real places for tests and measurements; ``Skipped`` says why one is not here."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd

from benchmarks.measure import Skipped
from quarterhour.io.osm.roads import read_osm_roads
from quarterhour.network.build import build_network
from quarterhour.network.modes import read_modes
from quarterhour.network.network import Network
from quarterhour.network.roads import as_roads

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
CACHE = ROOT / "data" / "processed" / "bench" / "cache"
COQUIMBO = "aequilibrae==1.7.2"
"""A package that carries the roads of Coquimbo and La Serena, Chile (OpenStreetMap, ODbL)."""
COQUIMBO_SHA256 = "43de7e2ac90e87eb8d9ea8149e16f48c0c4e5bdf3ac8946a8f116f3bc51dc2a2"
PLACES = ("coquimbo", "heidelberg", "liechtenstein", "wuhan")


def real_network(place: str, *, mode: str = "car", fetch: bool = False) -> Network:
    """The network of a place for a mode. ``fetch``: Coquimbo may be downloaded, once."""
    return build_network(real_roads(place, fetch=fetch), read_modes()[mode])


def real_roads(place: str, *, fetch: bool = False) -> gpd.GeoDataFrame:
    """The roads of a place in the canonical form. ``fetch``: Coquimbo may be downloaded, once."""
    if place == "coquimbo":
        raw, crs = coquimbo_links(fetch=fetch), "EPSG:32719"
    elif place == "wuhan":
        raw, crs = gpd.read_parquet(_there("roads", "wuhan_8989_simplified.parquet")), "EPSG:32650"
    else:
        raw, crs = read_osm_roads(osm_file(place), crs="EPSG:32632")[0], "EPSG:32632"
    return as_roads(raw, crs=crs)[0]


def osm_file(place: str) -> Path | None:
    """The OSM extract of a place; None for one whose roads come from elsewhere."""
    return _there("osm", f"{place}.osm.pbf") if place in ("heidelberg", "liechtenstein") else None


def coquimbo_links(*, fetch: bool = False) -> gpd.GeoDataFrame:
    """The 19,846 links of Coquimbo between its 15,591 nodes, without the centroid connectors."""
    links = gpd.read_file(_coquimbo(fetch), layer="links")
    links = links[links["link_type"] != "centroid_connector"]
    columns = {"link_type": "highway", "direction": "oneway", "a_node": "u", "b_node": "v"}
    return links.rename(columns=columns)[[*columns.values(), "geometry"]]


def coquimbo_zones(*, fetch: bool = False) -> gpd.GeoDataFrame:
    """133 zones with their ``population``, some 451,900 people in all."""
    return gpd.read_file(_coquimbo(fetch), layer="zones")[["zone_id", "population", "geometry"]]


def _there(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.is_file():
        raise Skipped(f"../shared/data/{'/'.join(parts)} is absent")
    return path


def _coquimbo(fetch: bool) -> Path:
    """The database of Coquimbo; out of the package's wheel, which is asked for once and never installed."""
    there = CACHE / "coquimbo" / "project_database.sqlite"
    if there.is_file():
        return there
    if not fetch:
        raise Skipped("Coquimbo is not here: `make bench` fetches it")
    with zipfile.ZipFile(_wheel()) as wheel:
        packed = wheel.read("aequilibrae/reference_files/coquimbo.zip")
    if hashlib.sha256(packed).hexdigest() != COQUIMBO_SHA256:
        raise Skipped(f"{COQUIMBO} holds another Coquimbo than the one measured before")
    (CACHE / "coquimbo.zip").write_bytes(packed)
    with zipfile.ZipFile(CACHE / "coquimbo.zip") as box:
        box.extract(there.name, there.parent)
    return there


def _wheel() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(CACHE), COQUIMBO], capture_output=True, text=True, check=False)
    found = sorted(CACHE.glob("aequilibrae-*.whl"))
    if done.returncode or not found:
        raise Skipped(f"{COQUIMBO} cannot be downloaded: {done.stderr.strip().splitlines()[-1:]}")
    return found[0]
