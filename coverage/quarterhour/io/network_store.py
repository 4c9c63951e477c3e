"""A network saved beside the study and opened again in seconds: arrays on the disk, mapped into memory."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from geopandas.array import GeometryDtype
from pyproj import CRS

from quarterhour import __version__
from quarterhour.base.arrays import AnyArray
from quarterhour.base.errors import DataError, MissingError, WriteError
from quarterhour.base.foreign import foreign
from quarterhour.base.jit import COMPILED
from quarterhour.base.machine.scratch import scratch_folder
from quarterhour.io.files.checks import sha256
from quarterhour.io.files.write import atomic, told
from quarterhour.network.network import Arcs, Mode, Network, Turns
from quarterhour.network.search_graph import SearchGraph, search_graph
from quarterhour.network.segment_grid import Grid, grid_of

FORMAT = 6
"""Raised whenever the arrays come to mean something else; what an older program saved is made anew."""
LABEL = "network.json"
HEADINGS = ("to_community", "to_site")
_TEXTS = ("road_ids", "junction_ids")
_NAMES = ("road_class",)
_GRID = ("start", "held", "low")
_GRAPH = tuple(f.name for f in dataclasses.fields(SearchGraph) if f.name not in ("plain", "kept"))
_CHUNK = 50_000


def network_key(mode: Mode, *, files: Sequence[str | Path] = (), settings: Mapping[str, object] | None = None) -> str:
    """What a prepared network depends on, as one SHA-256: the mode, the bytes of the files, the settings.

    ``settings``: whatever else has a say (CRS, names of columns, ``table_key`` of a table), as JSON can hold it. The
    program counts as it stands.
    """
    told = {
        "format": FORMAT,
        "version": __version__,
        "program": program_sum(),
        "mode": _mode_record(mode),
        "files": [sha256(f) for f in files],
        "settings": dict(settings or {}),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def table_key(table: pd.DataFrame) -> str:
    """A table's every value as one SHA-256, the shapes of a GeoDataFrame and its CRS included."""
    digest = hashlib.sha256()
    for name, column in {"": table.index.to_series(), **{str(c): table[c] for c in table}}.items():
        digest.update(f"{name}\0{column.dtype}\0".encode())
        if isinstance(column.dtype, GeometryDtype):
            digest.update(str(column.crs).encode())
            for first in range(0, len(column), _CHUNK):
                digest.update(b"".join(w or b"\0" for w in column.iloc[first : first + _CHUNK].to_wkb()))
        else:
            plain = column.map(repr) if column.dtype == object else column  # lists among the texts
            digest.update(pd.util.hash_pandas_object(plain, index=False).to_numpy().data)
    return digest.hexdigest()


@functools.cache
def program_sum() -> str:
    """The package's own files as one SHA-256: between two releases too, another program gives other bytes."""
    return sum_of_program(Path(__file__).parents[1])


def sum_of_program(home: Path) -> str:
    """The same of a package in any folder. Ends of lines as git writes them on Windows make no other program: workers
    of two systems must know each other.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in home.rglob("*") if p.suffix == ".py" or p.parent == home / "data"):
        if path.is_file():
            digest.update(path.relative_to(home).as_posix().encode() + b"\0")
            digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def save_network(network: Network, folder: str | Path, *, key: str = "") -> None:
    """The network as .npy files in a folder of its own, whole or not at all.

    An earlier network in the folder is replaced, and no other file that lies there is touched. Its searches are
    prepared as well, so the next start pays nothing. WriteError when the folder holds files and no network, or cannot
    be written.
    """
    target = Path(folder)
    taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if taken and not (target / LABEL).is_file():
        raise WriteError("network_store.not_ours", folder=str(target))
    with atomic(target) if not taken else _beside(target) as growing:
        growing.mkdir(exist_ok=True)
        arrays = _arrays(network)
        for name, array in arrays.items():
            _write(growing / f"{name}.npy", array)
        label = _label(network, arrays, key)
        label["sum"] = _label_sum(label)
        text = json.dumps(label, ensure_ascii=False, indent=1, sort_keys=True)
        (growing / LABEL).write_text(text + "\n", encoding="utf-8")


def load_network(folder: str | Path, *, key: str | None = None) -> Network:
    """A network that ``save_network`` wrote; its arrays stay on the disk until they are touched.

    ``key``: what ``network_key`` gives today. DataError when the folder was made from other inputs, by another
    version, or is broken; MissingError when it is not there. Then build the network anew.
    """
    home = Path(folder)
    label = _read_label(home, key)
    arrays = {name: _mapped(home, name, *wanted) for name, wanted in label["arrays"].items()}
    with foreign(home, key="network_store.broken", folder=str(home)):
        return _network(label, arrays)


def _mode_record(mode: Mode) -> dict[str, Any]:
    values = {f.name: getattr(mode, f.name) for f in dataclasses.fields(mode)}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _mode(record: Mapping[str, Any]) -> Mode:
    return Mode(**{name: _frozen(value) for name, value in record.items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({k: _frozen(v) for k, v in value.items()})
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


def _arrays(network: Network) -> dict[str, AnyArray]:
    """All that is as large as the network, by the name of its file."""
    arrays = {
        f.name: getattr(network, f.name)
        for f in dataclasses.fields(network)
        if isinstance(getattr(network, f.name), np.ndarray) and f.name not in _NAMES
    }
    arrays["mutual"] = network.mutual
    graph = search_graph(network)
    for heading in HEADINGS:
        arcs = graph.arcs(heading)
        arrays |= {f"{heading}.{part}": getattr(arcs, part) for part in ("indptr", "head", "cs")}
    if not graph.plain:
        arrays |= {f"graph.{name}": getattr(graph, name) for name in _GRAPH}
    if COMPILED and np.isfinite(network.x).all():  # else no place is looked for by it
        grid = grid_of(network)
        arrays |= {f"grid.{name}": getattr(grid, name) for name in _GRID}
    if network.turns is not None:
        arrays |= {"turns.start": network.turns.start, "turns.arc": network.turns.arc}
    for name in _TEXTS:
        arrays |= _ids_to_arrays(name, getattr(network, name))
    for name in _NAMES:
        arrays[f"{name}.code"] = pd.factorize(getattr(network, name), sort=True)[0].astype(np.int32)
    return arrays


def _ids_to_arrays(name: str, ids: pd.Index | None) -> dict[str, AnyArray]:
    import pyarrow as pa

    if ids is None:
        return {}
    if pd.api.types.is_integer_dtype(ids.dtype):
        return {f"{name}.whole": ids.to_numpy()}
    plain = isinstance(ids.dtype, pd.StringDtype) and not ids.hasnans
    made = pa.array(ids.array if plain else [str(i) for i in ids], type=pa.large_string())
    if isinstance(made, pa.ChunkedArray):
        made = made.combine_chunks()
    _, ends, text = made.buffers()
    first = made.offset
    data = np.frombuffer(text, np.uint8) if text is not None else np.empty(0, np.uint8)
    end = np.frombuffer(ends, np.int64)[first : first + len(ids) + 1]
    return {f"{name}.end": end - end[0], f"{name}.text": data[end[0] : end[-1]]}


def _ids(name: str, kind: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> pd.Index | None:
    import pyarrow as pa

    if not kind:
        return None
    if f"{name}.whole" in arrays:
        whole: pd.Index = pd.Index(arrays[f"{name}.whole"], name=kind["name"])
        return whole
    ends, text = arrays[f"{name}.end"], arrays[f"{name}.text"]
    if ends[0] != 0 or ends[-1] > len(text) or (np.diff(ends) < 0).any():
        raise ValueError(name)
    read = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(text))
    texts: pd.Index = pd.Index(read.to_pandas(), dtype=kind["dtype"], name=kind["name"])
    return texts


def _label(network: Network, arrays: Mapping[str, AnyArray], key: str) -> dict[str, Any]:
    ids = {name: getattr(network, name) for name in _TEXTS}
    return {
        "format": FORMAT,
        "key": key,
        "crs": network.crs.to_wkt(),
        "mode": _mode_record(network.mode),
        "ids": {n: {} if i is None else {"dtype": str(i.dtype), "name": i.name} for n, i in ids.items()},
        "grid": [grid_of(network).cell, *grid_of(network).shape] if "grid.start" in arrays else None,
        "lost_turns": None if network.turns is None else [network.turns.elsewhere, network.turns.unmet],
        "names": {n: pd.factorize(getattr(network, n), sort=True)[1].tolist() for n in _NAMES},
        "arrays": {name: [str(a.dtype), list(a.shape), _sum(a)] for name, a in arrays.items()},
    }


def _write(path: Path, array: AnyArray) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder for a network that is to replace the one in ``target``: file by file, the label last.

    Between two moves the old label stands over arrays of both: their sums differ from it, and it is built anew.
    """
    earlier = _own_files(target)
    with told(target), scratch_folder(target.parent, target.name) as growing:
        yield growing
        made = {path.name for path in growing.iterdir()}
        for name in [*sorted(made - {LABEL}), LABEL]:
            _replace(growing / name, target / name)
    for name in sorted(earlier - made):
        with contextlib.suppress(OSError):  # held: no label names it any more, so it is of no network
            (target / name).unlink(missing_ok=True)


def _own_files(home: Path) -> set[str]:
    """The files that an earlier network in a folder is made of, by its label; none where the label is not whole."""
    try:
        label = _read_label(home, None)
    except DataError:
        return set()
    return {f"{name}.npy" for name in label["arrays"] if Path(name).name == name}


def _replace(growing: Path, target: Path) -> None:
    try:
        os.replace(growing, target)  # noqa: PTH105 - the one call that every system makes in one step
    except OSError as why:
        raise WriteError("network_store.held", folder=str(target.parent), detail=str(why)) from why


def _read_label(home: Path, key: str | None) -> dict[str, Any]:
    if not (home / LABEL).is_file():
        raise MissingError("network_store.not_there", folder=str(home))
    with foreign(home / LABEL, key="network_store.broken", folder=str(home), detail=LABEL):
        label: dict[str, Any] = json.loads((home / LABEL).read_text(encoding="utf-8"))
        stands = (label["format"], label["key"])
        whole = label.pop("sum") == _label_sum(label)
    if stands[0] != FORMAT or (key is not None and stands[1] != key):
        raise DataError("network_store.other_inputs", folder=str(home))
    if not whole:
        raise DataError("network_store.broken", folder=str(home), detail=LABEL)
    return label


def _label_sum(label: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(label, sort_keys=True).encode()).hexdigest()


def _sum(array: AnyArray) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _mapped(home: Path, name: str, dtype: str, shape: list[int], told: int) -> AnyArray:
    """An array on the disk; writing to it, which nobody should, would not reach the file."""
    with foreign(home / f"{name}.npy", key="network_store.broken", folder=str(home), detail=f"{name}.npy"):
        # "c" and not "r": the kernels are compiled for arrays that can be written to
        empty = 0 in shape
        found = np.load(home / f"{name}.npy", mmap_mode=None if empty else "c", allow_pickle=False)
    if str(found.dtype) != dtype or list(found.shape) != shape or _sum(found) != told:
        raise DataError("network_store.broken", folder=str(home), detail=f"{name}.npy")
    return np.asarray(found)


def _network(label: Mapping[str, Any], arrays: dict[str, AnyArray]) -> Network:
    searched = {h: Arcs(*(arrays[f"{h}.{part}"] for part in ("indptr", "head", "cs"))) for h in HEADINGS}
    kept: dict[str, Any] = {"mutual": arrays["mutual"]}
    if "graph.states" in arrays:
        parts = {name: arrays[f"graph.{name}"] for name in _GRAPH}
        kept["graph"] = SearchGraph(**parts, plain=False, kept=dict(searched))
    else:
        kept |= searched
    if label["grid"] is not None:
        cell, columns, rows = label["grid"]
        start, held, low = (arrays[f"grid.{name}"] for name in _GRID)
        kept["grid"] = Grid(start, held, low, float(cell), (int(columns), int(rows)))
    values: dict[str, Any] = {f.name: arrays[f.name] for f in dataclasses.fields(Network) if f.name in arrays}
    for name in _NAMES:
        values[name] = np.array(label["names"][name], dtype=object)[arrays[f"{name}.code"]]
    for name in _TEXTS:
        values[name] = _ids(name, label["ids"][name], arrays)
    if label["lost_turns"] is not None:
        values["turns"] = Turns(arrays["turns.start"], arrays["turns.arc"], *map(tuple, label["lost_turns"]))
    network = Network(**values, mode=_mode(label["mode"]), crs=CRS.from_wkt(label["crs"]), kept=kept)
    _check(network)
    return network


def _check(network: Network) -> None:
    """What the kernels rely on: a position out of range would read foreign memory."""
    junctions, roads, vertices = len(network.x), len(network.tail), len(network.coords)
    _within(junctions, network.tail, network.head, network.gate + 1)
    _rising(network.coord_start, vertices, roads)
    if network.turns is not None:
        _within(2 * roads, network.turns.arc)
        _rising(network.turns.start, len(network.turns.arc), len(network.turns.start) - 1)
    if "grid" in network.kept:
        grid: Grid = network.kept["grid"]
        _within(vertices - 1, grid.held)
        _rising(grid.start, len(grid.held), grid.shape[0] * grid.shape[1])
        if not (grid.cell > 0 and len(grid.low) == 2):
            raise ValueError("grid")
    graph = search_graph(network)
    links = len(graph.begin)
    _within(links, graph.arc, graph.split_arc, graph.exit_arc, graph.follows)
    _within(junctions, graph.begin)
    _within(graph.count, graph.split_state, graph.exit_state, graph.passing)
    _rising(graph.states, graph.count, junctions)
    for heading in HEADINGS:
        arcs = graph.arcs(heading)
        _within(graph.count, arcs.head)
        _rising(arcs.indptr, len(arcs.head), graph.count)


def _within(count: int, *positions: AnyArray) -> None:
    if any(len(p) and (int(p.min()) < 0 or int(p.max()) >= count) for p in positions):
        raise ValueError("positions")


def _rising(start: AnyArray, total: int, count: int) -> None:
    if len(start) != count + 1 or start[0] != 0 or start[-1] != total or (start[1:] < start[:-1]).any():
        raise ValueError("starts")
